//! What was published, number by number.

use super::{Store, StoreError, encode};
use crate::sheet::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Results as they were issued under one number. Nothing of it is changed afterwards: a correction is another number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Its number, from 1.
    pub number: u64,
    /// The number that it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<u64>,
    /// Why it corrects it; empty for the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The freeze that it stands on.
    pub freeze: Option<Sha256>,
    /// Everybody's result, by ticket number.
    pub lines: Vec<PublishedLine>,
    /// What was decided or corrected after the freeze, as its papers list it: heading and statement.
    pub matters: Vec<(String, String)>,
}

/// A candidate's result as its papers say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedLine {
    /// 准考证号.
    pub ticket: String,
    /// 理论成绩, 实操成绩 and, at 二级 and 一级, 综合评审.
    pub parts: Vec<String>,
    /// 评定结果.
    pub grade: String,
}

impl Store {
    /// Adds a publication; `files` are its papers with their hashes, and `detail` what else the journal says of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::PublicationNumber`] if the number is not the next one, or a failure of the file.
    pub fn record_publication(
        &mut self,
        publication: &Publication,
        detail: &serde_json::Value,
        at: &str,
    ) -> Result<(), StoreError> {
        self.write("publish", at, |tx, entry| {
            let last: i64 =
                tx.query_row("SELECT COALESCE(MAX(number), 0) FROM publications", [], |row| row.get(0))?;
            let next = last.unsigned_abs() + 1;
            if publication.number != next {
                return Err(StoreError::PublicationNumber { given: publication.number, next }.into());
            }
            let text = encode("publication", publication)?;
            tx.prepare_cached("INSERT INTO publications (number, publication, entry) VALUES (?1, ?2, ?3)")?
                .execute((last + 1, &text, entry))?;
            let mut detail = detail.clone();
            detail["number"] = json!(publication.number);
            detail["corrects"] = json!(publication.corrects);
            detail["reason"] = json!(publication.reason);
            Ok(((), Some(detail)))
        })
    }

    /// All publications in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn publications(&self) -> Result<Vec<Publication>, StoreError> {
        self.read(|tx| {
            super::values(tx, "publications", "SELECT publication FROM publications ORDER BY number")
        })
    }
}
