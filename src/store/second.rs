//! Everybody's result by a second road, written in SQL over the record's rows.
//!
//! The papers are made from `merge`. This says the same without it: it reads the imports' texts and the scores in force with SQLite's own
//! functions, so that a fault in reading them back, in joining or in deciding shows as a difference. From the sheets on (which card
//! is whose and what is answered on it) both stand on the same record.

use super::{Store, StoreError};
use rusqlite::Row;

/// What the second road says of one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondResult {
    /// 准考证号.
    pub ticket: String,
    /// 理论成绩.
    pub theory: SecondPart,
    /// 实操成绩.
    pub practical: SecondPart,
    /// 综合评审, where the level has it.
    pub review: Option<SecondPart>,
    /// 总成绩 in hundredths of a point, where the exam has one and every score is known.
    pub total: Option<i64>,
    /// `passed`, `failed` or `pending`.
    pub verdict: String,
    /// 评定结果.
    pub grade: String,
}

/// What the second road says of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondPart {
    /// `scored`, `absent`, `void`, `pending`, `carried` or `not-examined`.
    pub state: String,
    /// In hundredths of a point, as printed: if it is scored, or carried over with a score that is known.
    pub hundredths: Option<i64>,
}

impl Store {
    /// Everybody's result by the second road, by ticket number. The view of the record
    /// ([`Store::derive`]) has to be up to date: whether an absent candidate's card has answers is asked of it.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn second_road(&self) -> Result<Vec<SecondResult>, StoreError> {
        let mut out = Vec::new();
        self.each_on_second_road(|result| out.push(result))?;
        Ok(out)
    }

    /// As [`Store::second_road`], one candidate after the other.
    ///
    /// # Errors
    ///
    /// As [`Store::second_road`].
    pub fn each_on_second_road(&self, mut look: impl FnMut(SecondResult)) -> Result<(), StoreError> {
        self.read(|tx| {
            // The tables of the steps are rolled back with the transaction.
            let text = sql();
            let (steps, question) = text.split_at(text.find(COMPARED).unwrap_or(0));
            tx.execute_batch(steps)?;
            let mut statement = tx.prepare(question)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                look(result(row)?);
            }
            Ok(())
        })
    }
}

/// Begins the last statement of the text, whose rows are the results.
const COMPARED: &str = "-- What is compared.";

/// The whole text: what assessors scored has a text of its own.
fn sql() -> String {
    include_str!("second.sql").replace("/* assessed.sql */", include_str!("assessed.sql"))
}

fn result(row: &Row<'_>) -> rusqlite::Result<SecondResult> {
    Ok(SecondResult {
        ticket: row.get(0)?,
        theory: SecondPart { state: row.get(1)?, hundredths: row.get(2)? },
        practical: SecondPart { state: row.get(3)?, hundredths: row.get(4)? },
        review: match row.get(5)? {
            Some(state) => Some(SecondPart { state, hundredths: row.get(6)? }),
            None => None,
        },
        verdict: row.get(7)?,
        grade: row.get(8)?,
        total: row.get(9)?,
    })
}
