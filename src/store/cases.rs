//! Cases that two people decide: what they are about, and what was signed under them.

use super::{Fault, Store, StoreError, decode, encode};
use crate::identity::{IdentityError, Person, Purpose, Signature, framed};
use crate::sheet::Sha256;
use rusqlite::Transaction;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A kind of case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseKind {
    /// What a person calls it.
    pub name: &'static str,
    /// Begins what is signed, so that no signature serves under another kind of case.
    pub(super) tag: &'static str,
    pub(super) table: &'static str,
    /// The column of `table` with the case's own text; also the column of `signatures` with the case's number.
    pub(super) column: &'static str,
    pub(super) signatures: &'static str,
    /// The journal's word for a signature.
    pub(super) signed: &'static str,
}

/// What a case is about, as it was opened.
pub trait CaseFile: Serialize + DeserializeOwned {
    /// What can be decided.
    type Outcome: Serialize + DeserializeOwned + PartialEq + Clone;
    /// Which kind of case it is.
    const KIND: CaseKind;

    /// What the journal says of an outcome that was signed.
    fn told(outcome: &Self::Outcome) -> serde_json::Value {
        json!(outcome)
    }
}

/// One person's signature under an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<O> {
    /// Number of the case.
    pub case: u64,
    /// Hash of the case as it was opened.
    pub case_hash: Sha256,
    /// What was decided.
    pub outcome: O,
    /// Why.
    pub why: String,
    /// When, by the clock of the machine they signed on.
    pub at: String,
    /// Who.
    pub person: Person,
    /// Over all of the above but the person, whose key it is.
    pub signature: Signature,
}

impl<O: Serialize> Signed<O> {
    /// What is signed: the kind of case, number and hash of the case, outcome, why and time, each with its length before
    /// it.
    #[must_use]
    pub fn bytes(
        kind: &CaseKind,
        (case, case_hash): (u64, &Sha256),
        outcome: &O,
        why: &str,
        at: &str,
    ) -> Vec<u8> {
        let (case, hash) = (case.to_string(), case_hash.to_string());
        // A closed enum of text and numbers is always JSON.
        let outcome = serde_json::to_string(outcome).unwrap_or_default();
        framed([
            kind.tag.as_bytes(),
            case.as_bytes(),
            hash.as_bytes(),
            outcome.as_bytes(),
            why.as_bytes(),
            at.as_bytes(),
        ])
    }

    /// Whether the person's key made it, over what it says and under this kind of case.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Signature`].
    pub fn verify(&self, kind: &CaseKind) -> Result<(), IdentityError> {
        let bytes = Self::bytes(kind, (self.case, &self.case_hash), &self.outcome, &self.why, &self.at);
        self.person.verify(Purpose::Case, &bytes, &self.signature)
    }
}

/// A case with everything that was signed under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<T: CaseFile> {
    /// Its number, from 1 within its kind.
    pub number: u64,
    /// As it was opened.
    pub opened: T,
    /// Its hash: what signatures are over.
    pub hash: Sha256,
    /// The journal entry it was opened with.
    pub entry: u64,
    /// Signatures in their order, each with its journal entry.
    pub signatures: Vec<(Signed<T::Outcome>, u64)>,
}

impl<T: CaseFile> Case<T> {
    /// Whether a signature is of this case and holds.
    #[must_use]
    pub fn holds(&self, signature: &Signed<T::Outcome>) -> bool {
        signature.case == self.number
            && signature.case_hash == self.hash
            && signature.verify(&T::KIND).is_ok()
    }

    /// The first outcome that two people signed alike, with the journal entry of the second signature. Only
    /// signatures of those who `may` decide count.
    #[must_use]
    pub fn decided(&self, may: impl Fn(&Person) -> bool) -> Option<Decided<'_, T::Outcome>> {
        let counts = |s: &Signed<T::Outcome>| may(&s.person) && self.holds(s);
        for (at, (second, entry)) in self.signatures.iter().enumerate() {
            let earlier = self.signatures[..at].iter().map(|(first, _)| first);
            let alike = |first: &&Signed<T::Outcome>| {
                first.outcome == second.outcome
                    && !first.person.is_same(&second.person)
                    && first.person.name() != second.person.name()
                    && counts(first)
            };
            if counts(second)
                && let Some(first) = earlier.into_iter().find(alike)
            {
                return Some(Decided { first, second, entry: *entry });
            }
        }
        None
    }
}

/// What two people signed alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided<'c, O> {
    /// The signature that came first.
    pub first: &'c Signed<O>,
    /// The one that decided it.
    pub second: &'c Signed<O>,
    /// The journal entry of the second.
    pub entry: u64,
}

impl Store {
    pub(super) fn sign_case<T: CaseFile>(
        &mut self,
        signature: &Signed<T::Outcome>,
        at: &str,
    ) -> Result<(), StoreError> {
        let CaseKind { name, column, signatures, signed, .. } = T::KIND;
        signature.verify(&T::KIND).map_err(StoreError::Signature)?;
        let signer = signature.person.fingerprint().to_string();
        self.write_signed(signed, at, &signer, |tx, entry| {
            let case = cases::<T>(tx)?.into_iter().find(|case| case.number == signature.case);
            if case.is_none_or(|case| case.hash != signature.case_hash) {
                return Err(StoreError::NoCase { what: name, case: signature.case }.into());
            }
            let number = i64::try_from(signature.case).map_err(|_| Fault::Row(signatures))?;
            let sql = format!("INSERT INTO {signatures} ({column}, signature, entry) VALUES (?1, ?2, ?3)");
            tx.prepare_cached(&sql)?.execute((number, encode("signature", signature)?, entry))?;
            let detail = json!({
                "case": signature.case, "outcome": T::told(&signature.outcome), "why": signature.why,
                "name": signature.person.name(),
            });
            Ok(((), Some(detail)))
        })
    }
}

/// All cases of a kind in their order.
pub(super) fn cases<T: CaseFile>(tx: &Transaction<'_>) -> Result<Vec<Case<T>>, Fault> {
    let CaseKind { table, column, signatures, .. } = T::KIND;
    let mut statement =
        tx.prepare_cached(&format!("SELECT seq, {column}, entry FROM {table} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    let mut out: Vec<Case<T>> = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        out.push(Case {
            number: row.get::<_, i64>(0)?.unsigned_abs(),
            opened: decode(table, &text)?,
            hash: Sha256::of(text.as_bytes()),
            entry: row.get::<_, i64>(2)?.unsigned_abs(),
            signatures: Vec::new(),
        });
    }
    let mut statement =
        tx.prepare_cached(&format!("SELECT {column}, signature, entry FROM {signatures} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number = row.get::<_, i64>(0)?.unsigned_abs();
        let signature = decode(signatures, &row.get::<_, String>(1)?)?;
        let case = out.iter_mut().find(|case| case.number == number).ok_or(Fault::Row(table))?;
        case.signatures.push((signature, row.get::<_, i64>(2)?.unsigned_abs()));
    }
    Ok(out)
}
