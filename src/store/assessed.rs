//! What assessors wrote, version by version, and what the head assessor decided.

use super::{Fault, Imported, Source, Store, StoreError, TicketSpan, decode, encode, parse};
use crate::exam::AssessedPart;
use crate::practical::{MarkChange, Marks, PracticalScore};
use crate::sheet::TicketNumber;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::json;
use std::collections::BTreeMap;

/// A candidate's marks as the record has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarksRecord {
    /// The version's number in the record; a decision names it.
    pub version: u64,
    /// What assessors wrote.
    pub marks: Marks,
    /// The files that the version came from.
    pub source: String,
    /// The decision about this version, if there is one.
    pub released: Option<Release>,
}

/// The head assessor's decision (考评组长裁定) that marks count although something held them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Who decided.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The journal entry it was written with.
    pub entry: u64,
}

/// How many changes a journal entry lists. Every version stays in the record: what is beyond can be found there.
const LISTED: usize = 500;

impl Store {
    /// Adds new versions of candidates' marks, all in one entry; marks that are the same as before are left out. `changes` is
    /// what they changed, for the journal. A freeze does not refuse them.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn import_marks(
        &mut self,
        part: AssessedPart,
        marks: &BTreeMap<TicketNumber, Marks>,
        changes: &[(TicketNumber, MarkChange)],
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.write("import", at, |tx, entry| {
            let mut new = 0u32;
            for (ticket, marks) in marks {
                let text = encode("marks", marks)?;
                let last: Option<String> = tx
                    .prepare_cached(
                        "SELECT marks FROM assessed WHERE part = ?1 AND ticket = ?2 ORDER BY seq DESC LIMIT 1",
                    )?
                    .query_row((part.word(), ticket.as_str()), |row| row.get(0))
                    .optional()?;
                if last.as_ref() == Some(&text) {
                    continue;
                }
                tx.prepare_cached(
                    "INSERT INTO assessed (part, ticket, marks, source, source_sha256, entry)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((part.word(), ticket.as_str(), text, &source.file, source.sha256.to_string(), entry))?;
                new += 1;
            }
            if new == 0 {
                return Ok((Imported::Known, None));
            }
            let listed: Vec<_> = changes
                .iter()
                .take(LISTED)
                .map(|(ticket, change)| json!({ "ticket": ticket, "change": change }))
                .collect();
            let detail = json!({
                "kind": "marks", "part": part.word(), "file": source.file, "candidates": new,
                "changes": changes.len(), "changed": listed,
            });
            Ok((Imported::New, Some(detail)))
        })
    }

    /// The marks in force of everyone who was scored in a part.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if some can't be read.
    pub fn marks(&self, part: AssessedPart) -> Result<BTreeMap<TicketNumber, MarksRecord>, StoreError> {
        self.marks_within(part, &TicketSpan::default())
    }

    /// As [`Store::marks`], of the candidates in a span.
    ///
    /// # Errors
    ///
    /// As [`Store::marks`].
    pub fn marks_within(
        &self,
        part: AssessedPart,
        span: &TicketSpan,
    ) -> Result<BTreeMap<TicketNumber, MarksRecord>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(&format!(
                "{IN_FORCE} AND a.ticket > ?2 AND a.ticket <= ?3 ORDER BY a.ticket"
            ))?;
            let (after, upto) = span.bounds();
            let mut rows = statement.query((part.word(), after, upto))?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                out.insert(parse("assessed", &row.get::<_, String>(5)?)?, record(row)?);
            }
            Ok(out)
        })
    }

    /// The marks in force of one candidate.
    ///
    /// # Errors
    ///
    /// As [`Store::marks`].
    pub fn marks_of(
        &self,
        part: AssessedPart,
        ticket: &TicketNumber,
    ) -> Result<Option<MarksRecord>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(&format!("{IN_FORCE} AND a.ticket = ?2"))?;
            let mut rows = statement.query((part.word(), ticket.as_str()))?;
            rows.next()?.map(record).transpose()
        })
    }

    /// How many candidates have marks in a part, without reading them.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn marks_count(&self, part: AssessedPart) -> Result<usize, StoreError> {
        self.read(|tx| {
            let sql = "SELECT COUNT(DISTINCT ticket) FROM assessed WHERE part = ?1";
            let count: u32 = tx.prepare_cached(sql)?.query_row([part.word()], |row| row.get(0))?;
            Ok(count as usize)
        })
    }

    /// Records the head assessor's decision that this version of a candidate's marks counts. A later version is not covered by it.
    ///
    /// # Errors
    ///
    /// [`StoreError::MarksChanged`] if it is not the version in force any more, or a failure of the file.
    pub fn release_marks(
        &mut self,
        part: AssessedPart,
        ticket: &TicketNumber,
        version: u64,
        (reason, held): (&str, &[String]),
        at: &str,
    ) -> Result<(), StoreError> {
        let by = self.who.clone();
        self.write("practical-decide", at, |tx, entry| {
            let last = newest(tx, part, ticket)?;
            if last != i64::try_from(version).ok() {
                return Err(StoreError::MarksChanged { ticket: ticket.clone() }.into());
            }
            let text = encode("decision", &json!({ "by": by, "reason": reason, "held": held }))?;
            tx.prepare_cached("INSERT INTO released (assessed, decision, entry) VALUES (?1, ?2, ?3)")?
                .execute((last, text, entry))?;
            let detail = json!({
                "part": part.word(), "ticket": ticket, "version": version, "reason": reason, "held": held,
            });
            Ok(((), Some(detail)))
        })
    }

    /// Puts the totals of 综合评审 in force, in the place of all earlier ones. A freeze does not refuse them.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn import_review(
        &mut self,
        totals: &[PracticalScore],
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.write("import", at, |tx, entry| {
            let text = encode("review", &totals)?;
            let last: Option<String> = tx
                .prepare_cached("SELECT totals FROM review_totals ORDER BY seq DESC LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            if last.as_ref() == Some(&text) {
                return Ok((Imported::Known, None));
            }
            tx.prepare_cached(
                "INSERT INTO review_totals (totals, source, source_sha256, entry) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((text, &source.file, source.sha256.to_string(), entry))?;
            let detail = json!({ "kind": "review", "file": source.file, "candidates": totals.len() });
            Ok((Imported::New, Some(detail)))
        })
    }

    /// The totals of 综合评审 in force; empty before the first import.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if they can't be read.
    pub fn review(&self) -> Result<Vec<PracticalScore>, StoreError> {
        self.read(|tx| {
            let text: Option<String> = tx
                .prepare_cached("SELECT totals FROM review_totals ORDER BY seq DESC LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            text.map_or(Ok(Vec::new()), |text| decode("review_totals", &text))
        })
    }
}

/// Marks in force with the last decision about them.
const IN_FORCE: &str = "SELECT a.seq, a.marks, a.source, r.decision, r.entry, a.ticket
    FROM assessed a LEFT JOIN released r
         ON r.seq = (SELECT MAX(seq) FROM released WHERE assessed = a.seq)
    WHERE a.part = ?1
      AND a.seq = (SELECT MAX(seq) FROM assessed b WHERE b.part = a.part AND b.ticket = a.ticket)";

fn record(row: &Row<'_>) -> Result<MarksRecord, Fault> {
    let version: i64 = row.get(0)?;
    let decision: Option<String> = row.get(3)?;
    let entry: Option<i64> = row.get(4)?;
    let released = match (decision, entry) {
        (Some(text), Some(entry)) => {
            let value: serde_json::Value = decode("released", &text)?;
            let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            Some(Release {
                by: text("by").to_owned(),
                reason: text("reason").to_owned(),
                entry: entry.unsigned_abs(),
            })
        }
        _ => None,
    };
    let marks: String = row.get(1)?;
    Ok(MarksRecord {
        version: version.unsigned_abs(),
        marks: decode("assessed", &marks)?,
        source: row.get(2)?,
        released,
    })
}

fn newest(tx: &Transaction<'_>, part: AssessedPart, ticket: &TicketNumber) -> Result<Option<i64>, Fault> {
    let sql = "SELECT MAX(seq) FROM assessed WHERE part = ?1 AND ticket = ?2";
    Ok(tx.prepare_cached(sql)?.query_row((part.word(), ticket.as_str()), |row| row.get(0))?)
}
