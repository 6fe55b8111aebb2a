//! Why the record can't be read or written.

use crate::sheet::{Sha256, SheetId, TicketNumber};
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// Why the record can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no store {path}")]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// A new store would overwrite a file.
    #[error("{path} is there already")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a duka store")]
    NotAStore {
        /// Which file.
        path: PathBuf,
    },
    /// A newer program wrote the file.
    #[error("{path} has version {found}, this program knows versions up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest one that is known.
        known: u32,
    },
    /// Another program is writing and did not finish in time.
    #[error("{path} is locked by another program")]
    Locked {
        /// Which file.
        path: PathBuf,
    },
    /// There is no space left; nothing of the last change was kept.
    #[error("the disk that holds {path} is full")]
    DiskFull {
        /// Which file.
        path: PathBuf,
    },
    /// The file or its folder can't be written or opened.
    #[error("{path} can't be opened or written")]
    NotWritable {
        /// Which file.
        path: PathBuf,
    },
    /// The file's structure is broken, or a row is not what was written.
    #[error("{path} is damaged ({place})")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where: a table, or `file` for SQLite's own structure.
        place: &'static str,
    },
    /// The disk failed while reading or writing.
    #[error("the disk failed while {path} was used")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The system refused something other than SQLite's own work.
    #[error("can't create {path}")]
    Create {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Marks that have a newer version than the one that was decided about.
    #[error("the assessors' marks of {ticket} were changed meanwhile")]
    MarksChanged {
        /// Whose.
        ticket: TicketNumber,
    },
    /// The record is frozen.
    #[error("the record is frozen: readings, resolutions, exam, roster, rooms and layouts stay as they are")]
    Frozen,
    /// The record is not frozen yet.
    #[error("the record is not frozen")]
    NotFrozen,
    /// Something was made for another freeze.
    #[error("the grading is for freeze {}, the record's is {}", .given.short(), .found.short())]
    OtherFreeze {
        /// The hash that was given.
        given: Sha256,
        /// The record's.
        found: Sha256,
    },
    /// The session is bound to another exam.
    #[error("the session is bound to exam {}, the manifest is of exam {}", .bound.short(), .given.short())]
    OtherManifest {
        /// The exam of the manifest that was given.
        given: Sha256,
        /// The session's exam.
        bound: Sha256,
    },
    /// A request that this session did not make.
    #[error("grading request {} was not made by this session", .request.short())]
    UnknownRequest {
        /// Its id.
        request: Sha256,
    },
    /// A request whose keys were opened already.
    #[error("the keys of grading request {} were opened already: a release serves once", .request.short())]
    RequestUsed {
        /// Its id.
        request: Sha256,
    },
    /// The record is not what was frozen.
    #[error("the record hashes to {}, but was frozen as {}", .found.short(), .frozen.short())]
    FreezeBroken {
        /// What was frozen.
        frozen: Sha256,
        /// What the record hashes to now.
        found: Sha256,
    },
    /// A page that isn't of the file it was given with.
    #[error("page {sheet} is not a page of file {}", .image.short())]
    OtherFile {
        /// The page.
        sheet: SheetId,
        /// The file.
        image: Sha256,
    },
    /// A file without a result for each of its pages.
    #[error("file {} has {pages} pages, results were given for {given}", .image.short())]
    Incomplete {
        /// The file.
        image: Sha256,
        /// Its pages.
        pages: u32,
        /// How many of them are in the store.
        given: u32,
    },
    /// A decision about a page that never came in, or a score of one that was never read.
    #[error("page {sheet} is not in the store, or was not read")]
    UnknownSheet {
        /// The page.
        sheet: SheetId,
    },
    /// Two scores of one candidate or one sheet, or a score of another paper, form or key revision.
    #[error("the score of sheet {sheet} does not belong to its grading")]
    OtherGrading {
        /// The page.
        sheet: SheetId,
    },
    /// The journal is not what was written.
    #[error("the journal does not hold together at entry {sequence}")]
    JournalBroken {
        /// The first entry that is wrong, from 1.
        sequence: u64,
    },
    /// Rows are not those that the journal entry was written over.
    #[error("the rows of journal entry {sequence} are not those that were written")]
    RowsBroken {
        /// Which entry.
        sequence: u64,
    },
    /// A signature under a head that the journal doesn't have.
    #[error("the journal has no entry {sequence} with the hash that was signed")]
    OtherHead {
        /// The head's number.
        sequence: u64,
    },
    /// A signature that does not hold.
    #[error(transparent)]
    Signature(crate::identity::IdentityError),
    /// No such case, or another one.
    #[error("there is no {what} {case} as it was signed")]
    NoCase {
        /// What kind of case.
        what: &'static str,
        /// Its number.
        case: u64,
    },
    /// A file that came in after the freeze and had come in before it.
    #[error("the file with the hash {image} is in the record already")]
    KnownFile {
        /// Its hash.
        image: Sha256,
    },
    /// A publication with another number than the next one: somebody else published meanwhile.
    #[error("publication {given} would not be the next one, which is {next}")]
    PublicationNumber {
        /// Its number.
        given: u64,
        /// The next one.
        next: u64,
    },
    /// A certificate's number that was issued before.
    #[error("the certificate number {number} was issued before, to {holder}")]
    CertificateTaken {
        /// The number.
        number: String,
        /// Whose it is or was.
        holder: String,
    },
    /// A number that can't be withdrawn.
    #[error("publication number {number} is not in force")]
    NotInForce {
        /// Which.
        number: u64,
    },
    /// A value can't be written as JSON.
    #[error("a {what} can't be written as text")]
    Encode {
        /// What kind of value.
        what: &'static str,
        /// What the writer says.
        source: serde_json::Error,
    },
    /// SQLite refused for another reason.
    #[error("the store {path} failed")]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "name the session's folder, or make one with `duka new`",
            Self::Exists { .. } => "choose another folder; a record is never overwritten",
            Self::NotAStore { .. } => "name a duka.db that `duka new` made; an empty file may be deleted",
            Self::Newer { .. } => "use the version of duka that wrote it, or a newer one",
            Self::Locked { .. } => "wait until the other command has finished, then run this again",
            Self::DiskFull { .. } => "free some space, then run this again; it goes on where it stopped",
            Self::NotWritable { .. } => "check who may write the file and its folder",
            Self::Damaged { .. } | Self::FreezeBroken { .. } => {
                "keep the file as it is, and go on with a copy or from the last backup"
            }
            Self::Disk { .. } => {
                "see that the disk is not full, check it and its cable, and copy the folder elsewhere"
            }
            Self::Create { .. } => "check that the folder exists and who may write it",
            Self::Frozen => {
                "only practical scores (实操成绩) still come in; a card that turned up late is a case for two people: \
                 `duka late FILE --reason TEXT`"
            }
            Self::MarksChanged { .. } => "look at them with `duka practical show`, then decide",
            Self::NotFrozen => "run `duka freeze` first",
            Self::OtherFreeze { .. } | Self::UnknownRequest { .. } | Self::RequestUsed { .. } => {
                "make a new request with `duka grade --request` and send it to the custodians"
            }
            Self::OtherManifest { .. } => {
                "an exam is its manifest, not its name: make another session for another exam"
            }
            Self::OtherFile { .. } | Self::Incomplete { .. } => "read the file again as a whole",
            Self::UnknownSheet { .. } | Self::OtherGrading { .. } => "take the sheet from this record",
            Self::JournalBroken { .. } | Self::RowsBroken { .. } => {
                "someone changed the file by other means: keep it as it is, and compare it with a backup"
            }
            Self::OtherHead { .. } => {
                "sign the head of this record anew; if the slip was printed from it, the journal was cut or rewritten: run \
                 `duka verify --head SLIP`"
            }
            Self::PublicationNumber { .. } => {
                "look at what was published meanwhile (`duka journal`), then publish again"
            }
            Self::CertificateTaken { .. } => "no number is issued twice: propose again (`duka publish`)",
            Self::NotInForce { .. } => "`duka publications` lists all numbers with their state",
            Self::KnownFile { .. } => {
                "it needs no case: `duka show` shows it, `duka recheck` looks at it again"
            }
            Self::Signature(_) => "sign again, with the key of the person who is named",
            Self::NoCase { what: "destruction", .. } => "`duka retention` shows them",
            Self::NoCase { .. } => "`duka recheck cases` and `duka late cases` show them",
            Self::Encode { .. } | Self::Sqlite { .. } => "run `duka verify`, and keep the message",
        }
    }

    /// The error of a store at `path` for what SQLite says.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let Some(code) = source.sqlite_error_code() else {
            return match source {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => Self::Damaged { path, place: "a row" },
                source => Self::Sqlite { path, source },
            };
        };
        match code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                Self::Locked { path }
            }
            ErrorCode::NotADatabase => Self::NotAStore { path },
            ErrorCode::DatabaseCorrupt => Self::Damaged { path, place: "file" },
            ErrorCode::DiskFull => Self::DiskFull { path },
            ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                Self::NotWritable { path }
            }
            ErrorCode::SystemIoFailure => Self::Disk { path, source },
            // The trigger's own words: the rule holds even where the code forgot to ask.
            ErrorCode::ConstraintViolation if source.to_string().contains("duka: frozen") => Self::Frozen,
            _ => Self::Sqlite { path, source },
        }
    }
}
