//! Signatures under heads of the journal.

use super::{Fault, JournalHead, Store, StoreError, decode, encode, journal};
use crate::identity::{IdentityError, Person, Purpose, Signature, framed};
use crate::sheet::Sha256;
use rusqlite::{OptionalExtension as _, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The kind of the entries that hold a signature under a head: no acts of their own.
pub(super) const HEAD_SIGN: &str = "head-sign";

/// One person's signature under a head of the journal: "up to here I have seen it".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadSignature {
    /// Which exam session, by name.
    pub exam: String,
    /// Number of the head's entry.
    pub sequence: u64,
    /// The head's hash.
    pub hash: Sha256,
    /// As what they sign: `supervisor`, `custodian`, …
    pub role: String,
    /// When, by the clock of the machine they signed on.
    pub at: String,
    /// Who.
    pub person: Person,
    /// Over all of the above but the person, whose key it is.
    pub signature: Signature,
}

impl HeadSignature {
    /// What is signed: exam, number, hash, role and time, each with its length before it.
    #[must_use]
    pub fn bytes(exam: &str, head: &JournalHead, role: &str, at: &str) -> Vec<u8> {
        let (sequence, hash) = (head.sequence.to_string(), head.hash.to_string());
        framed([exam.as_bytes(), sequence.as_bytes(), hash.as_bytes(), role.as_bytes(), at.as_bytes()])
    }

    /// The head that it is under.
    #[must_use]
    pub fn head(&self) -> JournalHead {
        JournalHead { sequence: self.sequence, hash: self.hash }
    }

    /// Whether the person's key made it over what it says.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Signature`].
    pub fn verify(&self) -> Result<(), IdentityError> {
        let bytes = Self::bytes(&self.exam, &self.head(), &self.role, &self.at);
        self.person.verify(Purpose::JournalHead, &bytes, &self.signature)
    }
}

/// The entry `sequence` as a head, if the journal has it.
fn head_at(tx: &Transaction<'_>, sequence: u64) -> Result<Option<JournalHead>, Fault> {
    let Ok(seq) = i64::try_from(sequence) else { return Ok(None) };
    let hash: Option<String> = tx
        .prepare_cached("SELECT hash FROM journal WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    hash.map(|hash| Ok(JournalHead { sequence, hash: super::parse("journal", &hash)? })).transpose()
}

impl Store {
    /// The entries of these kinds in their order, each with its number.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn acts(&self, kinds: &[&str]) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached("SELECT kind, seq FROM journal ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let kind: String = row.get(0)?;
                if kinds.contains(&kind.as_str()) {
                    out.push((kind, row.get::<_, i64>(1)?.unsigned_abs()));
                }
            }
            Ok(out)
        })
    }

    /// The last entry that is an act and no signature: what several people sign, one after the other.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn act_head(&self) -> Result<JournalHead, StoreError> {
        self.read(|tx| {
            let all = journal::rows(tx)?;
            let Some(last) = all.iter().rev().find(|row| row.kind != HEAD_SIGN) else {
                return Ok(JournalHead::empty());
            };
            let sequence = u64::try_from(last.seq).map_err(|_| Fault::Row("journal"))?;
            Ok(JournalHead { sequence, hash: super::parse("journal", &last.hash)? })
        })
    }

    /// The entry of this number as a head; `None` if the journal has none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn head_at(&self, sequence: u64) -> Result<Option<JournalHead>, StoreError> {
        self.read(|tx| head_at(tx, sequence))
    }

    /// Adds a signature under a head; the next head covers it. The same signature once more adds nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherHead`] if the journal has no such head, [`StoreError::Signature`] if the signature does
    /// not hold, or a failure of the file.
    pub fn sign_head(&mut self, signature: &HeadSignature, at: &str) -> Result<(), StoreError> {
        signature.verify().map_err(StoreError::Signature)?;
        let signer = signature.person.fingerprint().to_string();
        self.write_signed(HEAD_SIGN, at, &signer, |tx, entry| {
            let head = signature.head();
            if head_at(tx, head.sequence)? != Some(head) {
                return Err(StoreError::OtherHead { sequence: head.sequence }.into());
            }
            let twice = |other: &HeadSignature| {
                other.head() == head
                    && other.person.is_same(&signature.person)
                    && other.role == signature.role
            };
            if signatures(tx)?.iter().any(twice) {
                return Ok(((), None));
            }
            let number = i64::try_from(head.sequence).map_err(|_| Fault::Row("head_signatures"))?;
            tx.prepare_cached("INSERT INTO head_signatures (head, signature, entry) VALUES (?1, ?2, ?3)")?
                .execute((number, encode("signature", signature)?, entry))?;
            let detail = json!({
                "head": head.sequence, "hash": head.hash.to_string(), "role": signature.role,
                "name": signature.person.name(),
            });
            Ok(((), Some(detail)))
        })
    }

    /// All signatures under heads, in their order. Whether they hold is asked of each ([`HeadSignature::verify`]).
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn head_signatures(&self) -> Result<Vec<HeadSignature>, StoreError> {
        self.read(signatures)
    }
}

fn signatures(tx: &Transaction<'_>) -> Result<Vec<HeadSignature>, Fault> {
    let mut statement = tx.prepare_cached("SELECT signature FROM head_signatures ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(decode("head_signatures", &row.get::<_, String>(0)?)?);
    }
    Ok(out)
}
