//! The journal: what was done, when, chained by hashes.

use super::{Fault, Store, StoreError, framed, parse, schema};
use crate::sheet::Sha256;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Transaction};

/// Keeps a hash of the journal from being one of anything else.
const ENTRY: &[u8] = b"duka journal entry 1";

/// As [`ENTRY`], for the rows of one entry.
const ROWS: &[u8] = b"duka journal rows 1";

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number, from 1 without gaps.
    pub sequence: u64,
    /// What was done: `scan`, `resolve`, `import`, `freeze`, `grade`, or a [`note`](Store::note)'s word.
    pub kind: String,
    /// When, as the caller wrote it.
    pub at: String,
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
    fn empty() -> Self {
        Self { sequence: 0, hash: Sha256::of(ENTRY) }
    }
}

struct Row {
    seq: i64,
    kind: String,
    at: String,
    detail: String,
    rows: String,
    hash: String,
}

impl Row {
    /// What the entry's hash must be after `before`.
    fn hash_after(&self, before: &Sha256) -> Sha256 {
        let before = before.to_string();
        let seq = self.seq.to_string();
        let parts = [
            ENTRY,
            before.as_bytes(),
            seq.as_bytes(),
            self.kind.as_bytes(),
            self.at.as_bytes(),
            self.detail.as_bytes(),
            self.rows.as_bytes(),
        ];
        Sha256::of(&framed(parts))
    }

    fn sequence(&self) -> Result<u64, Fault> {
        u64::try_from(self.seq).map_err(|_| Fault::Row("journal"))
    }
}

fn rows(tx: &Transaction<'_>) -> Result<Vec<Row>, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT seq, kind, at, detail, rows, hash FROM journal ORDER BY seq")?;
    let rows = statement.query_map([], |row| {
        Ok(Row {
            seq: row.get(0)?,
            kind: row.get(1)?,
            at: row.get(2)?,
            detail: row.get(3)?,
            rows: row.get(4)?,
            hash: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn head(tx: &Transaction<'_>) -> Result<JournalHead, Fault> {
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

/// Writes entry `seq`, whose rows are in place.
pub(super) fn append(
    tx: &Transaction<'_>,
    seq: i64,
    kind: &str,
    at: &str,
    detail: &serde_json::Value,
) -> Result<(), Fault> {
    let before = head(tx)?;
    let mut row = Row {
        seq,
        kind: kind.to_owned(),
        at: at.to_owned(),
        detail: detail.to_string(),
        rows: rows_hash(tx, seq)?.to_string(),
        hash: String::new(),
    };
    row.hash = row.hash_after(&before.hash).to_string();
    tx.prepare_cached(
        "INSERT INTO journal (seq, kind, at, detail, rows, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((row.seq, row.kind, row.at, row.detail, row.rows, row.hash))?;
    Ok(())
}

/// The hash of everything that was written with entry `seq`.
fn rows_hash(tx: &Transaction<'_>, seq: i64) -> Result<Sha256, Fault> {
    let mut bytes = framed([ROWS]);
    for table in schema::hashed_tables() {
        let mut statement =
            tx.prepare_cached(&format!("SELECT * FROM {table} WHERE entry = ?1 ORDER BY seq"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([seq])?;
        while let Some(row) = rows.next()? {
            super::frame(&mut bytes, table.as_bytes());
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => super::frame(&mut bytes, b"null"),
                    ValueRef::Integer(number) => super::frame(&mut bytes, &number.to_be_bytes()),
                    ValueRef::Text(text) | ValueRef::Blob(text) => super::frame(&mut bytes, text),
                    // No column of ours is one.
                    ValueRef::Real(_) => return Err(Fault::Row(table)),
                }
            }
        }
    }
    Ok(Sha256::of(&bytes))
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

    /// The end of the journal, after checking that its entries are numbered without gaps and that each
    /// covers the one before it. Whether entries are missing at the end can only be told by comparing the
    /// head with one that was written down elsewhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::JournalBroken`] with the first entry that is wrong.
    pub fn verify_journal(&self) -> Result<JournalHead, StoreError> {
        self.read(|tx| {
            let mut head = JournalHead::empty();
            for row in rows(tx)? {
                let sequence = head.sequence + 1;
                let expected = row.hash_after(&head.hash);
                if row.seq.unsigned_abs() != sequence || row.hash != expected.to_string() {
                    return Err(StoreError::JournalBroken { sequence }.into());
                }
                head = JournalHead { sequence, hash: expected };
            }
            Ok(head)
        })
    }

    /// Checks that the rows of every journal entry are those that were written with it. Says nothing about
    /// the journal itself ([`Store::verify_journal`]).
    ///
    /// # Errors
    ///
    /// [`StoreError::RowsBroken`] with the first entry whose rows were changed, added or removed; entry 0
    /// stands for rows without an entry.
    pub fn verify_rows(&self) -> Result<(), StoreError> {
        self.read(|tx| {
            for row in rows(tx)? {
                if rows_hash(tx, row.seq)?.to_string() != row.rows {
                    return Err(StoreError::RowsBroken { sequence: row.sequence()? }.into());
                }
            }
            for table in schema::hashed_tables() {
                let stray =
                    format!("SELECT 1 FROM {table} WHERE entry NOT IN (SELECT seq FROM journal) LIMIT 1");
                if tx.prepare(&stray)?.exists([])? {
                    return Err(StoreError::RowsBroken { sequence: 0 }.into());
                }
            }
            Ok(())
        })
    }
}
