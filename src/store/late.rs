//! Sheets that turned up after the freeze: each is a case of its own, and counts once two people say so.
//!
//! Such a sheet's file, page and reading stand in the record as any other's, written with the case's own journal entry. That entry
//! is how the freeze knows them: they are not in its hash, and nothing else gets past it.

use super::cases::{Case, CaseFile, CaseKind, Signed, cases};
use super::{Fault, FilePart, Portion, Store, StoreError, encode, files, freeze, parse};
use crate::sheet::{Decision, EngineId, Place, Resolution, Sha256, SheetId, TicketNumber};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// A sheet as it came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSheet {
    /// Which page.
    pub sheet: SheetId,
    /// Its file, as the record calls it.
    pub file: String,
    /// Where it was found and why it was not fed in before.
    pub reason: String,
    /// Who read it.
    pub engine: EngineId,
    /// Hash of the reading as it is recorded.
    pub reading: Sha256,
}

/// What was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LateOutcome {
    /// It does not count.
    Refused,
    /// It counts.
    Counted(LateCounted),
}

/// A late sheet that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateCounted {
    /// For whom.
    pub ticket: TicketNumber,
    /// What is decided about doubtful places on it; and that another sheet of this candidate is void, if it takes its place.
    pub decisions: Vec<LateDecision>,
}

/// A decision that is part of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateDecision {
    /// About what.
    pub place: Place,
    /// What.
    pub decision: Decision,
}

impl LateDecision {
    /// The same as a decision of `reviewer`.
    #[must_use]
    pub fn resolution(&self, reviewer: &str, reason: &str) -> Resolution {
        Resolution {
            place: self.place.clone(),
            decision: self.decision.clone(),
            reviewer: reviewer.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

impl CaseFile for LateSheet {
    type Outcome = LateOutcome;
    const KIND: CaseKind = CaseKind {
        name: "late sheet",
        tag: "late-sheet",
        table: "late_sheets",
        column: "late",
        signatures: "late_signatures",
        signed: "late-sign",
    };
}

/// A late sheet with everything that was signed about it.
pub type LateCase = Case<LateSheet>;

/// One person's signature about a late sheet.
pub type LateSignature = Signed<LateOutcome>;

/// Leaves the readings of late sheets out of a query over `readings`.
pub(super) const NOT_LATE: &str = "NOT EXISTS (SELECT 1 FROM late_sheets l
     WHERE l.image = readings.image AND l.page = readings.page AND l.entry = readings.entry)";

impl Store {
    /// Takes in a sheet that turned up after the freeze: its file, page and reading, and the case about it; gives the case's
    /// number. `part` has this one page.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFrozen`], [`StoreError::KnownFile`] if the file is in the record already, or a failure of the file.
    pub fn open_late(
        &mut self,
        late: &LateSheet,
        part: FilePart,
        facts: Option<String>,
        at: &str,
    ) -> Result<u64, StoreError> {
        self.write("late-open", at, |tx, entry| {
            freeze::frozen(tx)?.ok_or(StoreError::NotFrozen)?;
            let sheet = late.sheet;
            let image = sheet.image.to_string();
            if tx.prepare_cached("SELECT 1 FROM files WHERE image = ?1")?.exists([&image])? {
                return Err(StoreError::KnownFile { image: sheet.image }.into());
            }
            let text = encode("late sheet", late)?;
            // First: the rows below may pass the freeze because of it.
            tx.prepare_cached("INSERT INTO late_sheets (image, page, late, entry) VALUES (?1, ?2, ?3, ?4)")?
                .execute((&image, sheet.page, &text, entry))?;
            let number = tx.last_insert_rowid().unsigned_abs();
            let portion = Portion {
                files: vec![part],
                facts: facts.map(|facts| (sheet, facts)).into_iter().collect(),
                ..Portion::default()
            };
            files::record(tx, entry, &portion)?;
            let detail = json!({
                "case": number, "sheet": sheet.to_string(), "file": late.file, "reason": late.reason,
                "case_sha256": Sha256::of(text.as_bytes()).to_string(),
            });
            Ok((number, Some(detail)))
        })
    }

    /// Adds a signature about a late sheet.
    ///
    /// # Errors
    ///
    /// As [`Store::sign_recheck`].
    pub fn sign_late(&mut self, signature: &LateSignature, at: &str) -> Result<(), StoreError> {
        self.sign_case::<LateSheet>(signature, at)
    }

    /// All late sheets in the order in which they came in.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn late_sheets(&self) -> Result<Vec<LateCase>, StoreError> {
        self.read(cases::<LateSheet>)
    }
}

/// Late sheets about which something was signed behind journal entry `entry`.
pub(super) fn signed_since(tx: &Transaction<'_>, entry: i64) -> Result<BTreeSet<SheetId>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT s.image, s.page FROM late_signatures g JOIN late_sheets s ON s.seq = g.late WHERE g.entry > ?1",
    )?;
    let mut rows = statement.query([entry])?;
    let mut out = BTreeSet::new();
    while let Some(row) = rows.next()? {
        out.insert(SheetId { image: parse("late_sheets", &row.get::<_, String>(0)?)?, page: row.get(1)? });
    }
    Ok(out)
}
