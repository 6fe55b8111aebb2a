//! Whether the record is what was written.

use super::journal::{Row, TableRows, head, rows, rows_hash, tables_of};
use super::{Fault, JournalHead, Store, StoreError, freeze, schema};
use rusqlite::{Connection, Transaction};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Something in the record that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RecordFault {
    /// A number that no entry of the journal has.
    EntryMissing {
        /// Which.
        entry: u64,
    },
    /// An entry that stands where another one belongs.
    EntryMoved {
        /// Where it stood when it was written.
        entry: u64,
        /// Where it stands now.
        found_at: u64,
        /// What it says was done.
        kind: String,
    },
    /// An entry whose hash is not that of what it says and of the entry before it.
    EntryChanged {
        /// Which.
        entry: u64,
        /// What it says was done.
        kind: String,
        /// When, as it says.
        at: String,
    },
    /// Rows of an entry that are not those that were written with it.
    RowsChanged {
        /// Which entry.
        entry: u64,
        /// What it says was done.
        kind: String,
        /// The table; `None` for an entry of an older program, which names none.
        table: Option<String>,
        /// How many rows were written; `None` where the entry doesn't say.
        written: Option<u64>,
        /// How many there are.
        found: u64,
    },
    /// Rows that belong to no entry.
    RowsWithoutEntry {
        /// The table.
        table: String,
        /// How many.
        rows: u64,
    },
    /// A table, trigger or index that is not as this program makes it: without its triggers the file takes changes.
    Schema {
        /// Its name.
        name: String,
        /// What became of it.
        state: SchemaState,
    },
    /// SQLite finds the file's own structure broken, or a row refers to nothing.
    Structure,
    /// The record no longer hashes to what was frozen.
    Freeze {
        /// The beginning of the hash that was frozen.
        frozen: String,
        /// The beginning of the one found.
        found: String,
    },
}

/// What became of a part of the file's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaState {
    /// It is gone.
    Missing,
    /// It is another one by the same name.
    Changed,
    /// This program makes none by this name.
    Added,
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntryMissing { entry } => {
                write!(f, "journal entry {entry} is missing: it was removed")
            }
            Self::EntryMoved { entry, found_at, kind } => write!(
                f,
                "journal entry {entry} ({kind}) stands in the place of entry {found_at}: the journal was reordered"
            ),
            Self::EntryChanged { entry, kind, at } => write!(
                f,
                "journal entry {entry} ({kind}, {at}) is not what was written, or does not follow the entry before \
                 it: it was changed, or one before it was removed or put in"
            ),
            Self::RowsChanged { entry, kind, table, written, found } => {
                let table = table.as_deref().unwrap_or("its tables");
                match written {
                    Some(written) if written > found => write!(
                        f,
                        "journal entry {entry} ({kind}) wrote {written} rows to {table}, there are {found}: rows were removed"
                    ),
                    Some(written) if written < found => write!(
                        f,
                        "journal entry {entry} ({kind}) wrote {written} rows to {table}, there are {found}: rows were put in"
                    ),
                    Some(written) => write!(
                        f,
                        "of the {written} rows that journal entry {entry} ({kind}) wrote to {table}, at least one was \
                         changed by other means"
                    ),
                    None => write!(
                        f,
                        "the rows that journal entry {entry} ({kind}) wrote to {table} were changed, added to or removed"
                    ),
                }
            }
            Self::RowsWithoutEntry { table, rows } => write!(
                f,
                "{rows} rows of {table} belong to no journal entry: they were put in by other means, or their entry \
                 was removed"
            ),
            Self::Schema { name, state } => {
                let what = match state {
                    SchemaState::Missing => "is gone",
                    SchemaState::Changed => "is not the one that this program makes",
                    SchemaState::Added => "was added",
                };
                write!(f, "{name} {what} in the file's schema: someone opened the file with another program")
            }
            Self::Structure => {
                f.write_str("the file's structure is broken, or a row refers to one that is not there")
            }
            Self::Freeze { frozen, found } => {
                write!(f, "the record hashes to {found}…, but was frozen as {frozen}…")
            }
        }
    }
}

/// What a look at the whole record came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The end of the journal as it stands.
    pub head: JournalHead,
    /// Everything that is not what was written, in the journal's order.
    pub faults: Vec<RecordFault>,
    /// Entries that say an earlier time than the one before them: a clock was set back.
    pub clock_set_back: Vec<u64>,
}

impl Store {
    /// The end of the journal, after checking that its entries are numbered without gaps and that each
    /// covers the one before it. Whether entries are missing at the end can only be told by comparing the
    /// head with one that was written down elsewhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::JournalBroken`] with the first entry that is wrong.
    pub fn verify_journal(&self) -> Result<JournalHead, StoreError> {
        self.read(|tx| {
            let faults = chain(&rows(tx)?);
            let first = faults.iter().find_map(|fault| match fault {
                RecordFault::EntryMissing { entry }
                | RecordFault::EntryChanged { entry, .. }
                | RecordFault::EntryMoved { entry, .. } => Some(*entry),
                _ => None,
            });
            match first {
                Some(sequence) => Err(StoreError::JournalBroken { sequence }.into()),
                None => head(tx),
            }
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
            let mut faults = Vec::new();
            written(tx, &rows(tx)?, &mut faults)?;
            match faults.first() {
                Some(RecordFault::RowsChanged { entry, .. }) => {
                    Err(StoreError::RowsBroken { sequence: *entry }.into())
                }
                Some(_) => Err(StoreError::RowsBroken { sequence: 0 }.into()),
                None => Ok(()),
            }
        })
    }

    /// Looks at everything: SQLite's structure, the schema with its triggers, the journal's chain, the rows of
    /// every entry, and the freeze. Finds all that is wrong, not the first fault alone.
    ///
    /// # Errors
    ///
    /// A failure of the file itself.
    pub fn audit(&self) -> Result<Audit, StoreError> {
        let mut faults = Vec::new();
        match self.check_integrity() {
            Err(StoreError::Damaged { .. }) => faults.push(RecordFault::Structure),
            other => other?,
        }
        self.read(|tx| {
            faults.extend(schema_faults(tx)?);
            let entries = rows(tx)?;
            faults.extend(chain(&entries));
            written(tx, &entries, &mut faults)?;
            if let Some((frozen, found)) = freeze::broken(tx)? {
                faults.push(RecordFault::Freeze { frozen: frozen.short(), found: found.short() });
            }
            let clock_set_back = set_back(&entries);
            Ok(Audit { head: head(tx)?, faults, clock_set_back })
        })
    }
}

fn number(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or_default()
}

/// What is wrong with the chain. Each entry is held against the hash that the one before it carries, so that one
/// change is one fault.
fn chain(entries: &[Row]) -> Vec<RecordFault> {
    let mut faults = Vec::new();
    let mut before = JournalHead::empty().hash.to_string();
    let mut due = 1_i64;
    for row in entries {
        // A gap may be as wide as someone likes to make it.
        for entry in (due..row.seq).take(NAMED) {
            faults.push(RecordFault::EntryMissing { entry: number(entry) });
        }
        let follows_gap = row.seq != due;
        due = row.seq.saturating_add(1);
        if !follows_gap && row.hash_as(row.seq, &before).to_string() != row.hash {
            // A journal that is wrong throughout is not searched for each of its entries.
            let searched = if faults.len() < NAMED { entries } else { &[] };
            let own = searched.iter().find(|other| {
                other.seq != row.seq && other.hash_as(row.seq, &before).to_string() == other.hash
            });
            faults.push(match own {
                Some(own) => RecordFault::EntryMoved {
                    entry: number(row.seq),
                    found_at: number(own.seq),
                    kind: own.kind.clone(),
                },
                None => RecordFault::EntryChanged {
                    entry: number(row.seq),
                    kind: row.kind.clone(),
                    at: row.at.clone(),
                },
            });
            before = own.unwrap_or(row).hash.clone();
        } else {
            before.clone_from(&row.hash);
        }
    }
    faults
}

/// So many missing entries are named for one gap, and for so many wrong ones it is asked where they belong. More
/// would be a list that nobody reads, and minutes of hashing for a journal of ten thousand entries.
const NAMED: usize = 100;

/// Holds the rows of every entry against what it says of them.
fn written(tx: &Transaction<'_>, entries: &[Row], faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    for row in entries {
        let entry = number(row.seq);
        let changed = |table: Option<&str>, written, found| RecordFault::RowsChanged {
            entry,
            kind: row.kind.clone(),
            table: table.map(str::to_owned),
            written,
            found,
        };
        if row.form == 1 {
            if rows_hash(tx, row.seq)?.to_string() != row.rows {
                let found = tables_of(tx, row.seq)?.values().map(|rows| rows.count).sum();
                faults.push(changed(None, None, found));
            }
            continue;
        }
        let said: BTreeMap<String, TableRows> = serde_json::from_str(&row.rows).unwrap_or_default();
        let there = tables_of(tx, row.seq)?;
        for (table, rows) in &said {
            let found = there.get(table.as_str());
            if found != Some(rows) {
                faults.push(changed(Some(table), Some(rows.count), found.map_or(0, |found| found.count)));
            }
        }
        for (table, rows) in there {
            if !said.contains_key(table) {
                faults.push(changed(Some(table), Some(0), rows.count));
            }
        }
    }
    for table in schema::hashed_tables() {
        let stray = format!("SELECT COUNT(*) FROM {table} WHERE entry NOT IN (SELECT seq FROM journal)");
        let rows: i64 = tx.prepare(&stray)?.query_row([], |row| row.get(0))?;
        if rows > 0 {
            faults.push(RecordFault::RowsWithoutEntry { table: table.to_owned(), rows: number(rows) });
        }
    }
    Ok(())
}

/// Entries whose time is before that of the entry before them; times that can't be read are passed over.
fn set_back(entries: &[Row]) -> Vec<u64> {
    let mut latest: Option<jiff::Timestamp> = None;
    let mut out = Vec::new();
    for row in entries {
        let Ok(time) = row.at.parse::<jiff::Timestamp>() else { continue };
        if latest.is_some_and(|latest| time < latest) {
            out.push(number(row.seq));
        }
        latest = Some(time);
    }
    out
}

/// The schema's parts by name, with their text.
fn objects(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let sql = "SELECT type || ' ' || name, COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Holds the file's schema against that of a new file: a trigger that is gone lets changes in, one that was added
/// could make them.
fn schema_faults(tx: &Transaction<'_>) -> Result<Vec<RecordFault>, Fault> {
    let mut fresh = Connection::open_in_memory()?;
    let making = fresh.transaction()?;
    schema::migrate(&making)?;
    making.commit()?;
    let (wanted, found) = (objects(&fresh)?, objects(tx)?);
    let mut faults = Vec::new();
    for (name, sql) in &wanted {
        let state = match found.get(name) {
            None => SchemaState::Missing,
            Some(other) if other != sql => SchemaState::Changed,
            Some(_) => continue,
        };
        faults.push(RecordFault::Schema { name: name.clone(), state });
    }
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        faults.push(RecordFault::Schema { name: name.clone(), state: SchemaState::Added });
    }
    Ok(faults)
}
