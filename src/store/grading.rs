//! Scores, each under the grading that made it.

use super::{Fault, Store, StoreError, TicketSpan, decode, encode, freeze, parse, record};
use crate::grade::Score;
use crate::sheet::{Form, PaperId, Sha256, SheetId, TicketNumber};
use rusqlite::{Rows, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One run of grading: all sheets of one paper and form under one key. The key itself is never here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grading {
    /// The freeze that it was made for.
    pub freeze: Sha256,
    /// Which paper.
    pub paper: PaperId,
    /// Which form.
    pub form: Form,
    /// Which revision of the key, from 1.
    pub key_revision: u16,
    /// Hash of the sealed key file's bytes.
    pub key_file: Sha256,
}

/// A candidate's score and the sheet it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetScore {
    /// Whose.
    pub ticket: TicketNumber,
    /// From which page.
    pub sheet: SheetId,
    /// The score.
    pub score: Score,
}

impl Store {
    /// Adds a grading and its scores, all of them or none, beside earlier ones.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFrozen`] or [`StoreError::OtherFreeze`], [`StoreError::UnknownSheet`] for a page
    /// without a reading, [`StoreError::OtherGrading`] if a score is of another paper, form or revision or
    /// a candidate or sheet is there twice, or a failure of the file.
    pub fn record_grading(
        &mut self,
        grading: &Grading,
        scores: &[SheetScore],
        at: &str,
    ) -> Result<(), StoreError> {
        self.write("grade", at, |tx, entry| {
            let found = freeze::frozen(tx)?.ok_or(StoreError::NotFrozen)?.hash;
            if found != grading.freeze {
                return Err(StoreError::OtherFreeze { given: grading.freeze, found }.into());
            }
            belong(grading, scores)?;
            tx.prepare_cached(
                "INSERT INTO gradings (freeze, paper, form, key_revision, key_file, entry)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                grading.freeze.to_string(),
                grading.paper.as_str(),
                grading.form.as_str(),
                grading.key_revision,
                grading.key_file.to_string(),
                entry,
            ))?;
            let id = tx.last_insert_rowid();
            for score in scores {
                insert(tx, entry, id, score)?;
            }
            let detail = json!({
                "freeze": grading.freeze.to_string(),
                "paper": grading.paper.as_str(),
                "form": grading.form.as_str(),
                "key_revision": grading.key_revision,
                "key_file": grading.key_file.to_string(),
                "scores": scores.len(),
            });
            Ok(((), Some(detail)))
        })
    }

    /// All gradings in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn gradings(&self) -> Result<Vec<Grading>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT freeze, paper, form, key_revision, key_file FROM gradings ORDER BY seq",
            )?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let text = |column: usize| row.get::<_, String>(column);
                out.push(Grading {
                    freeze: parse("gradings", &text(0)?)?,
                    paper: parse("gradings", &text(1)?)?,
                    form: parse("gradings", &text(2)?)?,
                    key_revision: row.get(3)?,
                    key_file: parse("gradings", &text(4)?)?,
                });
            }
            Ok(out)
        })
    }

    /// The scores in force, by sheet: for each paper and form those of the grading with the highest key
    /// revision, and among these of the last one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn scores(&self) -> Result<Vec<SheetScore>, StoreError> {
        self.read(in_force)
    }

    /// As [`Store::scores`], of the candidates in a span.
    ///
    /// # Errors
    ///
    /// As [`Store::scores`].
    pub fn scores_within(&self, span: &TicketSpan) -> Result<Vec<SheetScore>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(&format!(
                "SELECT score FROM scores WHERE grading IN {GRADINGS_IN_FORCE} AND ticket > ?1 AND ticket <= ?2
                 ORDER BY image, page, ticket"
            ))?;
            listed(&mut statement.query(span.bounds())?)
        })
    }

    /// How many scores are in force, without reading them.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn score_count(&self) -> Result<usize, StoreError> {
        self.read(|tx| {
            let sql = format!("SELECT COUNT(*) FROM scores WHERE grading IN {GRADINGS_IN_FORCE}");
            let count: u32 = tx.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
            Ok(count as usize)
        })
    }
}

/// For each paper and form the grading with the highest key revision, and among these the last one.
const GRADINGS_IN_FORCE: &str =
    "(SELECT (SELECT h.seq FROM gradings h WHERE h.paper = g.paper AND h.form = g.form
                      ORDER BY h.key_revision DESC, h.seq DESC LIMIT 1)
              FROM gradings g GROUP BY g.paper, g.form)";

/// Whether the scores are of this grading, each candidate and each sheet once.
fn belong(grading: &Grading, scores: &[SheetScore]) -> Result<(), StoreError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut sheets = std::collections::BTreeSet::new();
    for SheetScore { ticket, sheet, score } in scores {
        let fits = score.paper == grading.paper
            && score.form == grading.form
            && score.key_revision == grading.key_revision;
        if !fits || !seen.insert(ticket) || !sheets.insert(sheet) {
            return Err(StoreError::OtherGrading { sheet: *sheet });
        }
    }
    Ok(())
}

fn insert(tx: &Transaction<'_>, entry: i64, grading: i64, score: &SheetScore) -> Result<(), Fault> {
    let sheet = score.sheet;
    let image = sheet.image.to_string();
    let read = record::page(tx, &sheet)?.is_some()
        && tx
            .prepare_cached("SELECT 1 FROM readings WHERE image = ?1 AND page = ?2")?
            .exists((&image, sheet.page))?;
    if !read {
        return Err(StoreError::UnknownSheet { sheet }.into());
    }
    tx.prepare_cached(
        "INSERT INTO scores (grading, ticket, image, page, score, entry) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((grading, score.ticket.as_str(), image, sheet.page, encode("score", score)?, entry))?;
    Ok(())
}

pub(super) fn in_force(tx: &Transaction<'_>) -> Result<Vec<SheetScore>, Fault> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT score FROM scores WHERE grading IN {GRADINGS_IN_FORCE} ORDER BY image, page, ticket"
    ))?;
    listed(&mut statement.query([])?)
}

fn listed(rows: &mut Rows<'_>) -> Result<Vec<SheetScore>, Fault> {
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(decode("scores", row.get_ref(0)?.as_str().map_err(|_| Fault::Row("scores"))?)?);
    }
    Ok(out)
}
