//! The destruction register (销毁登记): what of a batch is to be destroyed, each a case that two people sign.
//!
//! Nothing is deleted by it. The register says what two people decided; whoever destroys does so by its words.

use super::cases::{Case, CaseFile, CaseKind, Signed, cases};
use super::{Store, StoreError, encode};
use crate::sheet::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// Electronic records: session, archive, pictures.
    Electronic,
    /// Papers: answer cards, printed lists, forms.
    Paper,
}

/// A destruction as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destruction {
    /// What kind of record.
    pub what: Kept,
    /// Which, and where they lie: `答题卡 12 箱，档案室 3 架`.
    pub description: String,
    /// How: `粉碎`, `覆写三遍`.
    pub how: String,
    /// Why.
    pub reason: String,
    /// The last day that they have to be kept: `2031-11-21`.
    pub keep_until: String,
    /// Why before that day; empty if it is over. Who signs the case signs this too.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub early: String,
    /// Code of the batch's last archive, if there is one.
    pub archive: Option<Sha256>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DestructionOutcome {
    /// It is destroyed.
    Destroy,
    /// It is kept.
    Keep,
}

impl CaseFile for Destruction {
    type Outcome = DestructionOutcome;
    const KIND: CaseKind = CaseKind {
        name: "destruction",
        tag: "destruction",
        table: "destructions",
        column: "destruction",
        signatures: "destruction_signatures",
        signed: "destruction-sign",
    };
}

/// A destruction with everything that was signed under it.
pub type DestructionCase = Case<Destruction>;

/// One person's signature about a destruction.
pub type DestructionSignature = Signed<DestructionOutcome>;

impl Store {
    /// Opens a case about a destruction; gives its number.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn open_destruction(&mut self, destruction: &Destruction, at: &str) -> Result<u64, StoreError> {
        self.write("destruction-open", at, |tx, entry| {
            let text = encode("destruction", destruction)?;
            tx.prepare_cached("INSERT INTO destructions (destruction, entry) VALUES (?1, ?2)")?
                .execute((&text, entry))?;
            let number = tx.last_insert_rowid().unsigned_abs();
            let detail = json!({
                "case": number, "what": destruction.what, "keep_until": destruction.keep_until,
                "early": destruction.early, "reason": destruction.reason,
                "case_sha256": Sha256::of(text.as_bytes()).to_string(),
            });
            Ok((number, Some(detail)))
        })
    }

    /// Adds a signature about a destruction.
    ///
    /// # Errors
    ///
    /// As [`Store::sign_recheck`].
    pub fn sign_destruction(&mut self, signature: &DestructionSignature, at: &str) -> Result<(), StoreError> {
        self.sign_case::<Destruction>(signature, at)
    }

    /// All destructions in the order in which they were asked for.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn destructions(&self) -> Result<Vec<DestructionCase>, StoreError> {
        self.read(cases::<Destruction>)
    }
}
