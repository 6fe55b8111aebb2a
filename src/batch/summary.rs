//! What a run says and what it comes to.

use crate::sheet::Sha256;
use crate::store::{HealthEvent, PageRecord};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Files done.
    pub files: usize,
    /// Files in all.
    pub of: usize,
    /// Pages read so far.
    pub read: usize,
    /// Pages set aside so far.
    pub set_aside: usize,
    /// Pages so far that were in the record already.
    pub known: usize,
    /// Pages read so far of which something waits for a person, whatever roster and rooms say.
    pub held: usize,
}

/// What a run says while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum Told<'e> {
    /// How far it is.
    Progress(Progress),
    /// The scanner has a trouble. Told once when it begins and once when it is past its limit; pages that
    /// were read in an earlier run are judged again, so that a run that goes on tells the same.
    Health(&'e HealthEvent),
    /// Something about a file that a person should hear.
    Notice(&'e Notice),
}

/// Something about a file that a person should hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Other bytes came in under this name before: both stand in the record.
    Changed(Changed),
    /// It can't be read from the disk.
    Unread(PathBuf, Unread),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(changed) => changed.fmt(f),
            Self::Unread(path, why) => write!(f, "{} was not read: {why}", path.display()),
        }
    }
}

/// A name under which other bytes came in before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The name in the record.
    pub path: String,
    /// The file that came in under it last.
    pub before: Sha256,
    /// The file that it is now.
    pub now: Sha256,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, before, now) = (&self.path, self.before.short(), self.now.short());
        write!(f, "{path} is another file than before ({now}, was {before}): both stand in the record")
    }
}

/// Why a file was not read from the disk: nothing of it is in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Unread {
    /// The system refuses it.
    System(std::io::ErrorKind),
    /// It is a folder, a pipe, a socket or a device.
    NotAFile,
    /// It changed each time while it was read.
    Changing,
    /// It is larger than [`MOST_BYTES`](super::MOST_BYTES).
    TooLarge,
}

impl Unread {
    /// The word for it, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::System(std::io::ErrorKind::NotFound) => "gone",
            Self::System(std::io::ErrorKind::PermissionDenied) => "not-permitted",
            Self::System(_) => "unreadable",
            Self::NotAFile => "not-a-file",
            Self::Changing => "changing",
            Self::TooLarge => "too-large",
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(std::io::ErrorKind::NotFound) => {
                f.write_str("it is gone, or a link to what is not there")
            }
            Self::System(kind) => kind.fmt(f),
            Self::NotAFile => f.write_str("it is no plain file"),
            Self::Changing => f.write_str("it is still being written; scan again when it is whole"),
            Self::TooLarge => write!(f, "it is larger than {} GiB", super::MOST_BYTES >> 30),
        }
    }
}

/// What a run came to. `pages` = `read` + `set_aside` + `known`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Files that were fed.
    pub files: usize,
    /// Pages in them.
    pub pages: usize,
    /// Pages read anew.
    pub read: usize,
    /// Pages set aside anew.
    pub set_aside: usize,
    /// Pages that were in the record already.
    pub known: usize,
    /// Pages read anew of which something waits for a person, whatever roster and rooms say.
    pub held: usize,
    /// Pages set aside anew, by the word for their cause.
    pub causes: BTreeMap<&'static str, usize>,
    /// Files that could not be read from the disk at all, and why. They are not in the record, because
    /// nothing of them was seen.
    pub unreadable: Vec<(PathBuf, Unread)>,
    /// Names under which other bytes came in before.
    pub changed: Vec<Changed>,
    /// Files that end too early and were left for later, because they may still be written.
    pub deferred: Vec<PathBuf>,
    /// Troubles of the scanner, in the order in which they were told.
    pub health: Vec<HealthEvent>,
    /// Whether the run was asked to stop before its end. What it had in hand is in the record.
    pub stopped: bool,
}

impl Summary {
    /// Counts a page that was looked at; `known` if the same came of it before.
    pub(super) fn count(&mut self, page: &PageRecord, known: bool, held: bool) {
        self.pages += 1;
        match page {
            _ if known => self.known += 1,
            PageRecord::Read { .. } => {
                self.read += 1;
                self.held += usize::from(held);
            }
            PageRecord::SetAside(aside) => {
                self.set_aside += 1;
                *self.causes.entry(aside.exception.cause.kind()).or_default() += 1;
            }
        }
    }

    /// Counts pages that were not looked at again.
    pub(super) fn count_known(&mut self, pages: u32) {
        self.pages += pages as usize;
        self.known += pages as usize;
    }

    /// Adds what a later run over other files came to.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.pages += other.pages;
        self.read += other.read;
        self.set_aside += other.set_aside;
        self.known += other.known;
        self.held += other.held;
        for (cause, count) in other.causes {
            *self.causes.entry(cause).or_default() += count;
        }
        self.unreadable.extend(other.unreadable);
        self.changed.extend(other.changed);
        self.deferred.extend(other.deferred);
        self.health.extend(other.health);
        self.stopped |= other.stopped;
    }
}
