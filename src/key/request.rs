//! A grading request: what the grading machine tells the custodians before they release anything.

use super::{CustodyError, ExamManifest, KeyBinding, Moment, SealedKey};
use crate::identity::{Fingerprint, Identity, Person, Purpose, SealingKey, Signed};
use crate::sheet::{Form, PaperId, Sha256};
use age::secrecy::ExposeSecret as _;
use age::x25519;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// How the session stands when a grading is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFacts {
    /// Hash of the frozen record.
    pub freeze: Sha256,
    /// Entries of the journal.
    pub journal_entries: u64,
    /// Hash of its last entry.
    pub journal_head: Sha256,
    /// Candidates on the roster (应考).
    pub expected: u64,
    /// Candidates that the room records say were there (实考).
    pub present: u64,
    /// Sheets that were read and will be graded.
    pub read: u64,
    /// Pages that were set aside.
    pub set_aside: u64,
    /// What the keys are asked for; a request of an older program does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<KeyPurpose>,
}

/// What keys are opened for. A release serves the purpose of its request and no other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPurpose {
    /// To grade every sheet, with the revisions that were graded with last; before the first grading, with those that
    /// `exam.toml` names.
    #[default]
    Grading,
    /// To grade every sheet again with corrected revisions, beside those that they correct.
    Correction,
    /// To measure the items.
    Statistics,
    /// To make every score again and compare; nothing is recorded but the opening.
    Check,
}

impl KeyPurpose {
    /// In words, for those who decide about it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Grading => "grading (阅卷计分)",
            Self::Correction => "grading again with a corrected key (更正答案后重新计分)",
            Self::Statistics => "statistics of the items (试题分析); no score is made",
            Self::Check => "making every score again to compare (复核计分); no score is changed",
        }
    }
}

/// A key that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedKey {
    /// Its paper.
    pub paper: PaperId,
    /// Its form.
    pub form: Form,
    /// Its revision.
    pub revision: u16,
    /// Hash of the sealed key's file.
    pub file: Sha256,
    /// Sheets that will be graded with it.
    pub sheets: u64,
}

impl RequestedKey {
    /// Which key it is.
    #[must_use]
    pub fn binding(&self) -> KeyBinding {
        KeyBinding { paper: self.paper.clone(), form: self.form.clone(), revision: self.revision }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    exam: Sha256,
    at: Moment,
    facts: RequestFacts,
    keys: Vec<RequestedKey>,
    one_use: SealingKey,
    /// The exam manifest's file, so that a custodian needs nothing but the request and the sealed keys.
    manifest: String,
}

/// The secret side of a request: opens the releases that were made for it, once.
pub struct OneUseKey(x25519::Identity);

impl OneUseKey {
    fn public(&self) -> Result<SealingKey, CustodyError> {
        Ok(self.0.to_public().to_string().parse()?)
    }

    /// Its text, to be kept by the session's owner alone and removed when it is used.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let secret = self.0.to_string();
        let mut text = Zeroizing::new(String::with_capacity(secret.expose_secret().len() + 1));
        text.push_str(secret.expose_secret());
        text.push('\n');
        text
    }

    /// From its text.
    ///
    /// # Errors
    ///
    /// [`CustodyError::OneUse`].
    pub fn from_text(text: &str) -> Result<Self, CustodyError> {
        text.trim_end().parse().map(Self).map_err(|_| CustodyError::OneUse)
    }

    pub(super) fn identity(&self) -> &x25519::Identity {
        &self.0
    }
}

impl fmt::Debug for OneUseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneUseKey(..)")
    }
}

/// A grading request that a supervisor signed. A release is made for one request; a request is opened once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    signed: Signed<Body>,
    manifest: ExamManifest,
}

impl Request {
    /// A request for the keys of an exam, signed by one of its supervisors, and the one-use key that will open
    /// the releases. `keys` are the sealed keys with how many sheets each is for.
    ///
    /// # Errors
    ///
    /// [`CustodyError::WrongSigner`], what [`SealedKey::belongs`] refuses, or [`CustodyError::RequestForm`]
    /// if no key or one key twice is asked for.
    pub fn sign(
        manifest: &ExamManifest,
        facts: RequestFacts,
        keys: &[(&SealedKey, u64)],
        at: Moment,
        supervisor: &Identity,
    ) -> Result<(Self, OneUseKey), CustodyError> {
        manifest.supervisor(supervisor.person(), "grading request")?;
        for (key, _) in keys {
            key.belongs(manifest)?;
        }
        let asked = |(key, sheets): &(&SealedKey, u64)| {
            let KeyBinding { paper, form, revision } = key.binding();
            RequestedKey { paper, form, revision, file: key.file_hash(), sheets: *sheets }
        };
        let one_use = OneUseKey(x25519::Identity::generate());
        let mut keys: Vec<RequestedKey> = keys.iter().map(asked).collect();
        keys.sort_by_key(RequestedKey::binding);
        let body = Body {
            exam: manifest.exam(),
            at,
            facts,
            keys,
            one_use: one_use.public()?,
            manifest: manifest.text().to_owned(),
        };
        check_keys(&body.keys)?;
        let signed = Signed::sign(Purpose::Request, body, supervisor)?;
        Ok((Self { signed, manifest: manifest.clone() }, one_use))
    }

    /// The request in a file's bytes, with the exam manifest that came with it. That it is the right exam is
    /// proved by the sealed keys, which name it.
    ///
    /// # Errors
    ///
    /// [`CustodyError::Identity`] if it is none, was changed or its signature does not hold;
    /// [`CustodyError::OtherExam`], [`CustodyError::WrongSigner`] or [`CustodyError::RequestForm`].
    pub fn open(bytes: &[u8]) -> Result<Self, CustodyError> {
        let signed: Signed<Body> = Signed::open(Purpose::Request, bytes)?;
        let body = signed.body();
        let manifest = ExamManifest::open(body.manifest.as_bytes())?;
        if body.exam != manifest.exam() {
            let (found, expected) = (body.exam, manifest.exam());
            return Err(CustodyError::OtherExam { what: "grading request", found, expected });
        }
        manifest.supervisor(signed.by(), "grading request")?;
        check_keys(&body.keys)?;
        Ok(Self { signed, manifest })
    }

    /// Its id, which every release names.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        self.signed.id()
    }

    /// Short form of the id, to be compared by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.id())
    }

    /// The exam manifest that came with it.
    #[must_use]
    pub fn manifest(&self) -> &ExamManifest {
        &self.manifest
    }

    /// How the session stands.
    #[must_use]
    pub fn facts(&self) -> &RequestFacts {
        &self.signed.body().facts
    }

    /// The keys that are asked for, ascending by paper, form and revision.
    #[must_use]
    pub fn keys(&self) -> &[RequestedKey] {
        &self.signed.body().keys
    }

    /// When it was made, by the clock of the grading machine.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.signed.body().at
    }

    /// The supervisor who signed it.
    #[must_use]
    pub fn supervisor(&self) -> &Person {
        self.signed.by()
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        self.signed.text()
    }

    pub(super) fn one_use(&self) -> &SealingKey {
        &self.signed.body().one_use
    }

    /// Whether this is the secret side of its one-use key.
    pub(super) fn opens_with(&self, one_use: &OneUseKey) -> Result<(), CustodyError> {
        if one_use.public()? == *self.one_use() { Ok(()) } else { Err(CustodyError::OneUse) }
    }

    /// Whether the request asks for this very file.
    pub(super) fn asks_for(&self, key: &SealedKey) -> Result<(), CustodyError> {
        let binding = key.binding();
        let asked = |k: &RequestedKey| k.file == key.file_hash() && k.binding() == binding;
        if self.keys().iter().any(asked) {
            return Ok(());
        }
        let KeyBinding { paper, form, revision } = binding;
        Err(CustodyError::NotAsked { paper, form, revision })
    }
}

/// At least one key, in the order of their bindings, and for each paper and form at most two revisions: the second corrects
/// the first.
fn check_keys(keys: &[RequestedKey]) -> Result<(), CustodyError> {
    let ascending = keys.is_sorted_by(|a, b| a.binding() < b.binding());
    let of_one_form = |a: &RequestedKey, b: &RequestedKey| (&a.paper, &a.form) == (&b.paper, &b.form);
    let many = keys.chunk_by(of_one_form).any(|revisions| revisions.len() > 2);
    if keys.is_empty() || !ascending || many {
        return Err(CustodyError::RequestForm { part: "list of keys" });
    }
    Ok(())
}
