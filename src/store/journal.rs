//! The journal: who did what, and when, chained by hashes.

use super::{Fault, Store, StoreError, framed, parse, schema};
use crate::sheet::Sha256;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Keeps a hash of the journal from being one of anything else. The second form names who did it and hashes
/// the rows of each table apart; entries of the first form stay as they were written.
const ENTRY: &[u8] = b"duka journal entry 1";
const ENTRY_2: &[u8] = b"duka journal entry 2";

/// As [`ENTRY`], for the rows of one entry, and for those of one table.
const ROWS: &[u8] = b"duka journal rows 1";
const ROWS_2: &[u8] = b"duka journal rows 2";

/// The form of the entries that this program writes.
const FORM: i64 = 2;

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number, from 1 without gaps.
    pub sequence: u64,
    /// What was done: `scan`, `health`, `import`, `resolve`, `freeze`, `grade`, `head-sign`, `recheck-open`,
    /// `recheck-sign`, or a [`note`](Store::note)'s word.
    pub kind: String,
    /// When, as the caller wrote it: local time with its offset from UTC.
    pub at: String,
    /// The name of whoever did it, as they gave it; empty in a record of an older program.
    pub who: String,
    /// The fingerprint of the key that signed it; empty where none did.
    pub signer: String,
    /// What else is known of it.
    pub detail: serde_json::Value,
    /// Covers the hash before it, this entry, and the rows written with it.
    pub hash: Sha256,
}

/// The end of the journal: who writes it down can later tell that nothing was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalHead {
    /// Number of the last entry; 0 for an empty journal.
    pub sequence: u64,
    /// Its hash; for an empty journal a fixed one.
    pub hash: Sha256,
}

impl JournalHead {
    pub(super) fn empty() -> Self {
        Self { sequence: 0, hash: Sha256::of(ENTRY) }
    }
}

/// The rows that one entry wrote to one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableRows {
    pub count: u64,
    pub sha256: Sha256,
}

/// An entry as it stands in the file.
pub(super) struct Row {
    pub seq: i64,
    pub kind: String,
    pub at: String,
    pub detail: String,
    pub rows: String,
    pub hash: String,
    pub who: String,
    pub signer: String,
    pub form: i64,
}

impl Row {
    /// What the entry's hash must be as entry `seq` after `before`.
    pub fn hash_as(&self, seq: i64, before: &str) -> Sha256 {
        let seq = seq.to_string();
        let (seq, before) = (seq.as_bytes(), before.as_bytes());
        let (kind, at) = (self.kind.as_bytes(), self.at.as_bytes());
        let (detail, rows) = (self.detail.as_bytes(), self.rows.as_bytes());
        let (who, signer) = (self.who.as_bytes(), self.signer.as_bytes());
        if self.form == 1 && who.is_empty() && signer.is_empty() {
            Sha256::of(&framed([ENTRY, before, seq, kind, at, detail, rows]))
        } else {
            // What the file says of its form is hashed too: no other number gives the same.
            let form = self.form.to_string();
            Sha256::of(&framed([ENTRY_2, form.as_bytes(), before, seq, kind, at, who, signer, detail, rows]))
        }
    }

    fn sequence(&self) -> Result<u64, Fault> {
        u64::try_from(self.seq).map_err(|_| Fault::Row("journal"))
    }
}

pub(super) fn rows(tx: &Transaction<'_>) -> Result<Vec<Row>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT seq, kind, at, detail, rows, hash, who, signer, form FROM journal ORDER BY seq",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Row {
            seq: row.get(0)?,
            kind: row.get(1)?,
            at: row.get(2)?,
            detail: row.get(3)?,
            rows: row.get(4)?,
            hash: row.get(5)?,
            who: row.get(6)?,
            signer: row.get(7)?,
            form: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn head(tx: &Transaction<'_>) -> Result<JournalHead, Fault> {
    let last: Option<(i64, String)> = tx
        .prepare_cached("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, hash)) = last else { return Ok(JournalHead::empty()) };
    let sequence = u64::try_from(seq).map_err(|_| Fault::Row("journal"))?;
    Ok(JournalHead { sequence, hash: parse("journal", &hash)? })
}

/// The number of the entry to be written.
pub(super) fn next(tx: &Transaction<'_>) -> Result<i64, Fault> {
    i64::try_from(head(tx)?.sequence + 1).map_err(|_| Fault::Row("journal"))
}

/// What an entry says beside its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act<'a> {
    pub kind: &'a str,
    pub at: &'a str,
    pub who: &'a str,
    pub signer: &'a str,
}

/// Writes entry `seq`, whose rows are in place.
pub(super) fn append(
    tx: &Transaction<'_>,
    seq: i64,
    act: &Act<'_>,
    detail: &serde_json::Value,
) -> Result<(), Fault> {
    let before = head(tx)?;
    let mut row = Row {
        seq,
        kind: act.kind.to_owned(),
        at: act.at.to_owned(),
        detail: detail.to_string(),
        rows: super::encode("row count", &tables_of(tx, seq)?)?,
        hash: String::new(),
        who: act.who.to_owned(),
        signer: act.signer.to_owned(),
        form: FORM,
    };
    row.hash = row.hash_as(seq, &before.hash.to_string()).to_string();
    tx.prepare_cached(
        "INSERT INTO journal (seq, kind, at, detail, rows, hash, who, signer, form)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute((row.seq, row.kind, row.at, row.detail, row.rows, row.hash, row.who, row.signer, row.form))?;
    Ok(())
}

/// Puts the rows that entry `seq` wrote to `table` behind `bytes`, each begun by `before`; says how many.
fn frame_rows(
    tx: &Transaction<'_>,
    seq: i64,
    table: &'static str,
    bytes: &mut Vec<u8>,
) -> Result<u64, Fault> {
    let mut statement = tx.prepare_cached(&format!("SELECT * FROM {table} WHERE entry = ?1 ORDER BY seq"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([seq])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        super::frame(bytes, table.as_bytes());
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => super::frame(bytes, b"null"),
                ValueRef::Integer(number) => super::frame(bytes, &number.to_be_bytes()),
                ValueRef::Text(text) | ValueRef::Blob(text) => super::frame(bytes, text),
                // No column of ours is one.
                ValueRef::Real(_) => return Err(Fault::Row(table)),
            }
        }
    }
    Ok(count)
}

/// The hash of everything that was written with entry `seq`, of the first form.
pub(super) fn rows_hash(tx: &Transaction<'_>, seq: i64) -> Result<Sha256, Fault> {
    let mut bytes = framed([ROWS]);
    for table in schema::hashed_tables() {
        frame_rows(tx, seq, table, &mut bytes)?;
    }
    Ok(Sha256::of(&bytes))
}

/// What was written with entry `seq`, table by table; tables without a row are not named.
pub(super) fn tables_of(tx: &Transaction<'_>, seq: i64) -> Result<BTreeMap<&'static str, TableRows>, Fault> {
    let mut out = BTreeMap::new();
    for table in schema::hashed_tables() {
        let mut bytes = framed([ROWS_2, table.as_bytes()]);
        let count = frame_rows(tx, seq, table, &mut bytes)?;
        if count > 0 {
            out.insert(table, TableRows { count, sha256: Sha256::of(&bytes) });
        }
    }
    Ok(out)
}

impl Store {
    /// Writes an entry about something that changes no other row: a key opened, a list published.
    ///
    /// `at` is the time as text; the store reads no clock.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`], [`StoreError::DiskFull`] or another failure of the file.
    pub fn note(
        &mut self,
        kind: &str,
        detail: &serde_json::Value,
        at: &str,
    ) -> Result<JournalHead, StoreError> {
        self.write(kind, at, |_, _| Ok(((), Some(detail.clone()))))?;
        self.journal_head()
    }

    /// All entries in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read; they are not checked against each other
    /// ([`Store::verify_journal`]).
    pub fn journal(&self) -> Result<Vec<JournalEntry>, StoreError> {
        self.read(|tx| {
            let entry = |row: Row| {
                Ok(JournalEntry {
                    sequence: row.sequence()?,
                    detail: super::decode("journal", &row.detail)?,
                    hash: parse("journal", &row.hash)?,
                    kind: row.kind,
                    at: row.at,
                    who: row.who,
                    signer: row.signer,
                })
            };
            rows(tx)?.into_iter().map(entry).collect()
        })
    }

    /// The end of the journal.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn journal_head(&self) -> Result<JournalHead, StoreError> {
        self.read(head)
    }
}
