//! What is the same for every kind of case: who may decide it, and how it is signed.

use super::{Session, SessionError};
use crate::identity::{Identity, Person, Purpose};
use crate::store::{Case, CaseFile, Decided, Signed};

impl Session {
    /// Whether the person may decide cases of this exam.
    fn may_decide(&self, person: &Person, what: &'static str) -> Result<(), SessionError> {
        let manifest = self.manifest.as_ref().ok_or(SessionError::NoManifest)?;
        let refused = |source| SessionError::Custody { path: None, source };
        manifest.reviewer(person, what).map_err(refused)
    }

    /// What two people of the exam signed alike.
    pub(super) fn decided<'c, T: CaseFile>(&self, case: &'c Case<T>) -> Option<Decided<'c, T::Outcome>> {
        case.decided(|person| self.may_decide(person, T::KIND.name).is_ok())
    }

    /// A person's signature under an outcome of a case that is not decided yet. Who leaves `why` empty takes over what was
    /// signed for the same outcome before.
    pub(super) fn signed<T: CaseFile>(
        &self,
        case: &Case<T>,
        identity: &Identity,
        outcome: T::Outcome,
        why: &str,
    ) -> Result<Signed<T::Outcome>, SessionError> {
        let (what, number) = (T::KIND.name, case.number);
        if self.decided(case).is_some() {
            return Err(SessionError::CaseClosed { what, case: number });
        }
        let person = identity.person();
        self.may_decide(person, what)?;
        for (earlier, _) in &case.signatures {
            let same_key = earlier.person.is_same(person);
            if (same_key || earlier.person.name() == person.name()) && earlier.outcome == outcome {
                let name = person.name().to_owned();
                return Err(SessionError::SamePerson { what, case: number, name, same_key });
            }
        }
        let last = case.signatures.iter().rev().find(|(s, _)| s.outcome == outcome);
        let why = match (why.trim(), last) {
            ("", Some((earlier, _))) => earlier.why.clone(),
            ("", None) => return Err(SessionError::NoReason),
            (why, _) => why.to_owned(),
        };
        let at = self.now();
        let bytes = Signed::bytes(&T::KIND, (number, &case.hash), &outcome, &why, &at);
        Ok(Signed {
            case: number,
            case_hash: case.hash,
            outcome,
            why,
            at,
            person: person.clone(),
            signature: identity.sign(Purpose::Case, &bytes),
        })
    }
}
