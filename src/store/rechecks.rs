//! Re-checks (成绩复核): cases about one candidate's sheet, and what two people decided.

use super::cases::{Case, CaseFile, CaseKind, Signed, cases};
use super::{Store, StoreError, encode};
use crate::sheet::{Decision, EngineId, ItemLabel, Sha256, SheetId, TicketNumber};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A case as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// Whose.
    pub ticket: TicketNumber,
    /// The sheet that counts for them.
    pub sheet: SheetId,
    /// Why it was asked for, in the words of whoever asked.
    pub reason: String,
    /// The engine of the reading in the record.
    pub recorded_by: EngineId,
    /// Hash of that reading as it is recorded.
    pub recorded: Sha256,
    /// What reading the stored picture again came to.
    pub reread: Reread,
}

/// What reading a stored picture again came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reread {
    /// The engine that read it again.
    pub engine: EngineId,
    /// What came of it.
    pub outcome: RereadOutcome,
}

/// How a second reading stands to the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RereadOutcome {
    /// The same engine measured the same, to the last digit.
    Equal,
    /// Another engine read it; every mark and response is the same.
    SameResponses,
    /// It was read otherwise: each place with what the record has and what was read now.
    Differs(Vec<Difference>),
}

/// A place that was read otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Field and item: `items 17`, `ticket`; `sheet` for what concerns the whole.
    pub place: String,
    /// What the record has.
    pub recorded: String,
    /// What was read now.
    pub found: String,
}

impl RereadOutcome {
    /// Whether what counts was read as it is recorded.
    #[must_use]
    pub fn agrees(&self) -> bool {
        !matches!(self, Self::Differs(_))
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecheckOutcome {
    /// Every response stays as it is.
    Unchanged,
    /// These items were marked otherwise than the record says.
    Changed(Vec<ItemChange>),
}

/// An item and what is marked there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ItemChange {
    /// Which item.
    pub item: u16,
    /// What it was until then, as it counted: empty for blank.
    pub from: String,
    /// What is marked there: a value, or nothing.
    pub to: ItemValue,
}

/// What is marked at an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemValue {
    /// Nothing.
    Blank,
    /// These options.
    Value(String),
}

impl ItemValue {
    /// The same as a decision.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self {
            Self::Blank => Decision::Blank,
            Self::Value(value) => Decision::Value(value.clone()),
        }
    }
}

impl ItemChange {
    /// The item's label.
    #[must_use]
    pub fn label(&self) -> Option<ItemLabel> {
        self.item.to_string().parse().ok()
    }
}

impl CaseFile for Recheck {
    type Outcome = RecheckOutcome;
    const KIND: CaseKind = CaseKind {
        name: "re-check",
        tag: "recheck",
        table: "rechecks",
        column: "recheck",
        signatures: "recheck_signatures",
        signed: "recheck-sign",
    };
}

/// A re-check with everything that was signed under it.
pub type RecheckCase = Case<Recheck>;

/// One person's signature under the outcome of a re-check.
pub type RecheckSignature = Signed<RecheckOutcome>;

impl Store {
    /// Opens a case; gives its number.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownSheet`] if the sheet is not in the record, or a failure of the file.
    pub fn open_recheck(&mut self, recheck: &Recheck, at: &str) -> Result<u64, StoreError> {
        self.write("recheck-open", at, |tx, entry| {
            let sheet = recheck.sheet;
            if super::record::page(tx, &sheet)?.is_none() {
                return Err(StoreError::UnknownSheet { sheet }.into());
            }
            let text = encode("re-check", recheck)?;
            tx.prepare_cached(
                "INSERT INTO rechecks (ticket, image, page, recheck, entry) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                recheck.ticket.as_str(),
                sheet.image.to_string(),
                sheet.page,
                &text,
                entry,
            ))?;
            let number = tx.last_insert_rowid().unsigned_abs();
            let detail = json!({
                "case": number, "ticket": recheck.ticket.as_str(), "sheet": sheet.to_string(),
                "reason": recheck.reason, "agrees": recheck.reread.outcome.agrees(),
                "case_sha256": Sha256::of(text.as_bytes()).to_string(),
            });
            Ok((number, Some(detail)))
        })
    }

    /// Adds a signature under a re-check; see [`Store::sign_late`] for the other kind of case.
    ///
    /// # Errors
    ///
    /// [`StoreError::Signature`] if it does not hold, [`StoreError::NoCase`] if there is no such case, or a failure
    /// of the file. Whether it may be signed so is asked before.
    pub fn sign_recheck(&mut self, signature: &RecheckSignature, at: &str) -> Result<(), StoreError> {
        self.sign_case::<Recheck>(signature, at)
    }

    /// All cases in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn rechecks(&self) -> Result<Vec<RecheckCase>, StoreError> {
        self.read(cases::<Recheck>)
    }

    /// Whether a score of this candidate was recorded after journal entry `entry`.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn scored_since(&self, ticket: &TicketNumber, entry: u64) -> Result<bool, StoreError> {
        self.read(|tx| {
            let entry = i64::try_from(entry).unwrap_or(i64::MAX);
            Ok(tx
                .prepare_cached("SELECT 1 FROM scores WHERE ticket = ?1 AND entry > ?2")?
                .exists((ticket.as_str(), entry))?)
        })
    }
}
