//! The append-only record of one exam session, in one SQLite file.
//!
//! Nothing in it is ever changed or removed: triggers refuse it, and what looks like a change (a second
//! reading of a page, another decision, a new roster) is a new row that stands beside the old one. Every
//! change writes an entry of the [journal](JournalEntry) in the same transaction. Entries are chained by
//! hashes, and each covers the rows written with it, so that [`Store::verify_journal`] and
//! [`Store::verify_rows`] find what was altered by other means. A chain can be cut at its end without a
//! trace in the file; that is what a [`JournalHead`] written down elsewhere is for.
//!
//! The store reads no clock: times come from the caller and stand in the journal only, so that
//! [`Store::canonical_export`] is the same for the same sheets on any machine.
//!
//! It can hold scores and never a key: no type of it names one. But responses and totals together could
//! rebuild a key: once sheets are graded, the file is as secret as the key.

mod assessed;
mod audit;
mod cases;
mod custody;
mod derived;
mod destruction;
mod error;
mod export;
mod files;
mod freeze;
mod grading;
mod heads;
mod health;
mod imports;
mod journal;
mod late;
mod proposals;
mod publications;
mod rechecks;
mod record;
mod roster;
mod schema;
mod stacks;
mod second;
mod span;

pub use assessed::{MarksRecord, Release};
pub use audit::{Audit, RecordFault, SchemaState};
pub use cases::{Case, CaseFile, CaseKind, Decided, Signed};
pub use custody::{ManifestRecord, Opening, RequestRecord, UsedRelease};
pub use derived::{Derived, DerivedSheet, DerivedState, Touched};
pub use destruction::{Destruction, DestructionCase, DestructionOutcome, DestructionSignature, Kept};
pub use error::StoreError;
pub use files::{Extent, FilePart, FileRecord, FileState, Portion, Unfinished};
pub use freeze::Freeze;
pub use grading::{Grading, SheetScore};
pub use heads::HeadSignature;
pub use health::{HealthEvent, PagePlace, Placed, Severity, Streak, Tone, Trouble, Vitals};
pub use imports::{ImportKind, ImportRecord, Imported, LayoutRecord, Source};
pub use journal::{JournalEntry, JournalHead};
pub use late::{LateCase, LateCounted, LateDecision, LateOutcome, LateSheet, LateSignature};
pub use proposals::{
    KeyInForce, Proposal, ProposalCase, ProposalOutcome, ProposalSignature, ProposedIssue, ProposedWithdrawal,
};
pub use publications::{Certificate, Publication, PublishedLine, Registered, Withdrawal};
pub use rechecks::{
    Difference, ItemChange, ItemValue, Recheck, RecheckCase, RecheckOutcome, RecheckSignature, Reread,
    RereadOutcome,
};
pub use record::{Counts, PageRecord, Recorded};
pub use second::{SecondPart, SecondResult};
pub use span::TicketSpan;
pub use stacks::Along;

use record::values;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for another program's transaction. A batch of a hundred sheets takes about 10 ms; less
/// than a second would give up while a slow disk syncs, much more would look like a hang.
const BUSY: Duration = Duration::from_secs(5);

/// How the name of a store begins that is not yet whole.
const UNFINISHED: &str = ".duka-record-";

/// Prepared statements that are kept; there are about forty different ones.
const STATEMENTS: usize = 64;

/// The record of one exam session.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Who works with it now; stands in every entry of the journal.
    who: String,
}

/// What goes wrong inside a transaction, before the store's path is put to it.
#[derive(Debug)]
enum Fault {
    Sqlite(rusqlite::Error),
    /// A row of this table is not what was written.
    Row(&'static str),
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Sqlite(error) => StoreError::sqlite(path, error),
            Self::Row(place) => StoreError::Damaged { path: path.to_owned(), place },
            Self::Store(error) => error,
        }
    }
}

/// What a transaction comes to: its result, and what the journal says about it; `None` if nothing changed.
type Change<T> = (T, Option<serde_json::Value>);

impl Store {
    /// A new, empty store at `path`, readable by its owner alone. It is made beside `path` and gets its name when it is whole: whatever
    /// stops the program, what has the name is a store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there is a file already, [`StoreError::Create`] if it can't be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::Exists { path: path.to_owned() },
            _ => StoreError::Create { path: path.to_owned(), source },
        };
        if path.exists() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let new = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(failed)?;
        Self::fill(new.path()).map_err(|error| StoreError::sqlite(path, error))?;
        new.persist_noclobber(path).map_err(|e| failed(e.error))?;
        // Its name is to outlive a power cut as its content does.
        #[cfg(unix)]
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Self::open(path)
    }

    fn fill(path: &Path) -> rusqlite::Result<()> {
        let mut connection = connect(path)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        schema::migrate(&tx)?;
        tx.commit()?;
        connection.close().map_err(|(_, error)| error)
    }

    /// Removes what a program that was killed while it made a store left in `folder`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn sweep(folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The store at `path`, brought to the present version if an older program wrote it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::NotAStore`], [`StoreError::Newer`], [`StoreError::Locked`],
    /// [`StoreError::NotWritable`] or [`StoreError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let fault = |error| StoreError::sqlite(path, error);
        let mut connection = connect(path).map_err(fault)?;
        let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(fault)?;
        if id != schema::APPLICATION_ID {
            return Err(StoreError::NotAStore { path: path.to_owned() });
        }
        let (found, known) = (schema::version(&connection).map_err(fault)?, schema::newest());
        if found > known {
            return Err(StoreError::Newer { path: path.to_owned(), found, known });
        }
        prepare(&connection).map_err(fault)?;
        if found < known {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
            schema::migrate(&tx).and_then(|()| tx.commit()).map_err(fault)?;
        }
        Ok(Self { connection, path: path.to_owned(), who: String::new() })
    }

    /// Where the store is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says who works with the store from now on: the name stands in every entry of the journal.
    pub fn set_who(&mut self, who: &str) {
        who.clone_into(&mut self.who);
    }

    /// Looks at every page and reference of the file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if SQLite finds its structure broken or a row refers to nothing.
    pub fn check_integrity(&self) -> Result<(), StoreError> {
        self.read(|tx| {
            let verdict: String = tx.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if verdict != "ok" {
                return Err(Fault::Row("file"));
            }
            let mut loose = tx.prepare("PRAGMA foreign_key_check")?;
            if loose.exists([])? { Err(Fault::Row("references")) } else { Ok(()) }
        })
    }

    /// Writes the record as it is now into a file of its own, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there is a file already, or a failure of one of the two.
    pub fn snapshot(&self, path: &Path) -> Result<(), StoreError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // SQLite writes into an empty file that is there, and leaves its mode.
        options.open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::Exists { path: path.to_owned() },
            _ => StoreError::Create { path: path.to_owned(), source },
        })?;
        let name = path.to_string_lossy();
        let done = self.connection.execute("VACUUM INTO ?1", [name.as_ref()]);
        done.map(drop).map_err(|error| StoreError::sqlite(path, error))
    }

    /// Runs `work` over one unchanging state of the file.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, StoreError> {
        let tx = self.connection.unchecked_transaction().map_err(Fault::from);
        tx.and_then(|tx| work(&tx)).map_err(|fault| fault.at(&self.path))
    }

    /// Runs `work` with the number of the journal entry its rows belong to, and writes that entry with it:
    /// both or neither.
    fn write<T>(
        &mut self,
        kind: &str,
        at: &str,
        work: impl FnOnce(&Transaction<'_>, i64) -> Result<Change<T>, Fault>,
    ) -> Result<T, StoreError> {
        self.write_signed(kind, at, "", work)
    }

    /// As [`Store::write`], for an act that the key with the fingerprint `signer` signed.
    fn write_signed<T>(
        &mut self,
        kind: &str,
        at: &str,
        signer: &str,
        work: impl FnOnce(&Transaction<'_>, i64) -> Result<Change<T>, Fault>,
    ) -> Result<T, StoreError> {
        let Self { connection, path, who } = self;
        let run = || -> Result<T, Fault> {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let entry = journal::next(&tx)?;
            let (value, detail) = work(&tx, entry)?;
            if let Some(detail) = detail {
                let act = journal::Act { kind, at, who: who.as_str(), signer };
                journal::append(&tx, entry, &act, &detail)?;
                tx.commit()?;
            }
            Ok(value)
        };
        run().map_err(|fault| fault.at(path))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise some statements are compiled anew for every value that is bound, which takes longer than running them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Settings of a connection, set once the file is known to be ours.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // On a file system without shared memory SQLite stays with its rollback journal, which is as safe.
    let _mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without this, INSERT OR REPLACE would remove rows past the triggers.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|source| StoreError::Encode { what, source }.into())
}

fn decode<T: serde::de::DeserializeOwned>(table: &'static str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Row(table))
}

/// A column that holds a name, a number or a hash as text.
fn parse<T: std::str::FromStr>(table: &'static str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::Row(table))
}

/// The parts one behind the other, each with its length before it, so that no two lists look the same.
fn framed<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        frame(&mut out, part);
    }
    out
}

fn frame(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests;
