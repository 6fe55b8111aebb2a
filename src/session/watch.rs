//! Files are read as the scanner finishes them.
//!
//! The folder is looked at again and again rather than asked to report: network shares report nothing or too
//! much, and a look at ten thousand names costs a few milliseconds. A file is read once its length and its
//! time have stood still for a while and all of its pages can be decoded; whatever its name was before that,
//! or however slowly it came over the wire.

use super::lock::ScanLock;
use super::scan::ScanOptions;
use super::{Scanned, Session, SessionError};
use crate::batch::{self, BatchError, Found, Summary, Told};
use crate::sheet::{RoomId, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

/// How a folder is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long a file's length and time must stand still before it is read. A scanner writes a page in one
    /// go; programs that write in pieces pause for a second at most.
    pub settle: Duration,
    /// How long a file that ends too early may stand still before it is set aside: its writer is gone then.
    pub patience: Duration,
    /// How often the folder is looked at.
    pub look: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(2),
            patience: Duration::from_mins(2),
            look: Duration::from_millis(500),
        }
    }
}

/// How a room stands while its folder is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomProgress {
    /// The room.
    pub room: RoomId,
    /// Cards it should have: recorded present, or on the roster where no room record says.
    pub expected: usize,
    /// Pages read from its folder.
    pub read: usize,
    /// Of these, pages with something to look at.
    pub held: usize,
    /// Pages of its folder that were set aside.
    pub set_aside: usize,
}

/// What a watch says.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'s> {
    /// As a scan.
    Told(Told<'s>),
    /// Rooms that stand otherwise than before, and how many files are still being written.
    Rooms(&'s [RoomProgress], usize),
    /// A folder is not there just now; said once.
    Away(&'s Path),
    /// It is there again.
    Back(&'s Path),
}

/// What a file was like when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    changed: (u64, i64, i64),
}

impl State {
    fn of(path: &Path) -> Option<Self> {
        let facts = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt as _;
            (facts.ino(), facts.ctime(), facts.ctime_nsec())
        };
        Some(Self {
            length: facts.len(),
            modified: facts.modified().ok(),
            #[cfg(unix)]
            changed,
        })
    }
}

/// A file that is watched.
#[derive(Debug)]
struct Watched {
    state: Option<State>,
    since: Instant,
    /// The state in which it was read, or found to end too early.
    #[allow(clippy::option_option)] // whether it was, and what was seen of it then
    read: Option<Option<State>>,
    #[allow(clippy::option_option)]
    early: Option<Option<State>>,
}

/// The files of a watch, in the order of the folders.
#[derive(Debug, Default)]
struct Watch {
    files: BTreeMap<PathBuf, Watched>,
    waiting: usize,
}

impl Watch {
    /// Takes note of what is there; gives the files that are to be read now: settled ones, and behind them
    /// those whose writer is gone.
    fn look(&mut self, found: &[PathBuf], now: Instant, pace: &Pace) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (mut settled, mut given_up) = (Vec::new(), Vec::new());
        self.waiting = 0;
        for path in found {
            let state = State::of(path);
            let file = self.files.entry(path.clone()).or_insert(Watched {
                state,
                since: now,
                read: None,
                early: None,
            });
            if file.state != state {
                file.state = state;
                file.since = now;
            }
            if file.read == Some(state) {
                continue;
            }
            let still = now.duration_since(file.since);
            if file.early == Some(state) {
                if still >= pace.patience {
                    file.read = Some(state);
                    given_up.push(path.clone());
                } else {
                    self.waiting += 1;
                }
            } else if still >= pace.settle {
                file.read = Some(state);
                settled.push(path.clone());
            } else {
                self.waiting += 1;
            }
        }
        let there: BTreeSet<&PathBuf> = found.iter().collect();
        self.files.retain(|path, _| there.contains(path));
        (settled, given_up)
    }

    /// Takes note of files that end too early.
    fn early(&mut self, paths: &[PathBuf]) {
        for path in paths {
            if let Some(file) = self.files.get_mut(path) {
                file.early = file.read.take();
                self.waiting += 1;
            }
        }
    }

    /// Files that were not read yet.
    fn unread(&self) -> Vec<PathBuf> {
        self.files.iter().filter(|(_, file)| file.read.is_none()).map(|(path, _)| path.clone()).collect()
    }
}

impl Session {
    /// Reads what the folders `paths` have, and then whatever comes into them, until `options.stop` is set.
    ///
    /// A file that is still being written is left alone; one that ends too early is left until it changes, or
    /// set aside when nobody has written to it for `pace.patience`. What was not read at the end is in the
    /// summary (`deferred`). A folder that goes away is waited for.
    ///
    /// # Errors
    ///
    /// As [`Session::scan_with`], but an empty folder is none.
    pub fn watch(
        &mut self,
        paths: &[PathBuf],
        options: &ScanOptions<'_>,
        pace: &Pace,
        seen: &mut dyn FnMut(Seen<'_>),
    ) -> Result<Scanned, SessionError> {
        self.refuse_frozen()?;
        batch::find(paths, Some(&self.copies()))?;
        let _lock = ScanLock::take(&self.folder, &self.now())?;
        batch::sweep(&self.folder).map_err(|e| SessionError::file("look at", &self.folder, e))?;
        let mut summary = Summary::default();
        let mut watch = Watch::default();
        let mut away: BTreeSet<PathBuf> = BTreeSet::new();
        let mut rooms = Rooms::of(self)?;
        while !options.stop.load(Ordering::Relaxed) {
            let found = self.found(paths, &mut away, seen);
            let (settled, given_up) = watch.look(&found, Instant::now(), pace);
            for (files, defer) in [(settled, true), (given_up, false)] {
                if files.is_empty() {
                    continue;
                }
                let mut told = |told: Told<'_>| seen(Seen::Told(told));
                let mut done = self.read_files(&files, options, defer, &mut told)?;
                watch.early(&std::mem::take(&mut done.deferred));
                summary.add(done);
                rooms.count(self, &files)?;
            }
            if rooms.changed(watch.waiting) {
                seen(Seen::Rooms(&rooms.lines(), watch.waiting));
            }
            let next = Instant::now() + pace.look;
            while Instant::now() < next && !options.stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        summary.deferred = watch.unread();
        // To be stopped is how a watch ends.
        summary.stopped = false;
        let open_by_kind = self.open_kinds()?;
        Ok(Scanned { summary, open: open_by_kind.values().sum(), open_by_kind })
    }

    /// The files that are there; folders that have gone or come back are said once.
    fn found(
        &self,
        paths: &[PathBuf],
        away: &mut BTreeSet<PathBuf>,
        seen: &mut dyn FnMut(Seen<'_>),
    ) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for path in paths {
            match batch::find(std::slice::from_ref(path), Some(&self.copies())) {
                Ok(Found { files: more, .. }) => {
                    if away.remove(path) {
                        seen(Seen::Back(path));
                    }
                    files.extend(more);
                }
                Err(BatchError::Path { .. }) if away.insert(path.clone()) => seen(Seen::Away(path)),
                Err(_) => {}
            }
        }
        files
    }
}

/// The rooms whose folders are watched.
struct Rooms {
    expected: BTreeMap<RoomId, usize>,
    /// By room, the files of its folder.
    files: BTreeMap<RoomId, BTreeMap<Sha256, [usize; 3]>>,
    told: Option<(Vec<RoomProgress>, usize)>,
}

impl Rooms {
    fn of(session: &Session) -> Result<Self, SessionError> {
        let roster = session.store.roster()?.unwrap_or_default();
        let mut expected: BTreeMap<RoomId, usize> =
            session.exam.rooms.iter().map(|room| (room.clone(), 0)).collect();
        for candidate in roster.candidates.values() {
            *expected.entry(candidate.room.clone()).or_default() += 1;
        }
        for record in session.store.rooms()? {
            expected.insert(record.room.clone(), record.present.len());
        }
        Ok(Self { expected, files: BTreeMap::new(), told: None })
    }

    /// Counts files that were read, by the room that one of their folders is named for.
    fn count(&mut self, session: &Session, files: &[PathBuf]) -> Result<(), SessionError> {
        for path in files {
            let folders = path.ancestors().skip(1).filter_map(Path::file_name);
            let room = folders
                .filter_map(|name| name.to_str()?.parse::<RoomId>().ok())
                .find(|room| self.expected.contains_key(room));
            let Some(room) = room else { continue };
            let name = session.recorded(path);
            let Some(image) = session.store.images_at(&name)?.pop() else { continue };
            let [read, held, aside] = session.store.pages_by_fate(&image, |facts| session.is_held(facts))?;
            self.files.entry(room).or_default().insert(image, [read, held, aside]);
        }
        Ok(())
    }

    fn lines(&self) -> Vec<RoomProgress> {
        let line = |(room, files): (&RoomId, &BTreeMap<Sha256, [usize; 3]>)| {
            let sum = |which: usize| files.values().map(|counts| counts[which]).sum();
            RoomProgress {
                room: room.clone(),
                expected: self.expected.get(room).copied().unwrap_or(0),
                read: sum(0),
                held: sum(1),
                set_aside: sum(2),
            }
        };
        self.files.iter().map(line).collect()
    }

    /// Whether something is otherwise than when this was asked last.
    fn changed(&mut self, waiting: usize) -> bool {
        let now = Some((self.lines(), waiting));
        let changed = self.told != now && !(self.told.is_none() && self.files.is_empty());
        self.told = now;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        settle: Duration::from_secs(2),
        patience: Duration::from_mins(1),
        look: Duration::from_millis(1),
    };

    #[test]
    fn a_file_is_read_once_it_stands_still_and_again_when_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        std::fs::write(&path, b"begin").unwrap();
        let files = [path.clone()];
        let mut watch = Watch::default();
        let start = Instant::now();
        let at = |watch: &mut Watch, seconds: u64| {
            watch.look(&files, start + Duration::from_secs(seconds), &PACE).0.len()
        };
        assert_eq!(at(&mut watch, 0), 0);
        std::fs::write(&path, b"begin and more").unwrap();
        assert_eq!(at(&mut watch, 2), 0, "it has grown");
        assert_eq!(watch.waiting, 1);
        assert_eq!(at(&mut watch, 3), 0);
        assert_eq!(at(&mut watch, 4), 1);
        assert_eq!((at(&mut watch, 9), watch.waiting), (0, 0), "it was read");
        std::fs::write(&path, b"scanned over it").unwrap();
        assert_eq!((at(&mut watch, 10), watch.waiting), (0, 1));
        assert_eq!(at(&mut watch, 12), 1);
    }

    #[test]
    fn a_file_that_ends_too_early_waits_and_is_given_up_in_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        std::fs::write(&path, b"half").unwrap();
        let files = [path.clone()];
        let mut watch = Watch::default();
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        watch.look(&files, at(0), &PACE);
        assert_eq!(watch.look(&files, at(2), &PACE).0, files);
        watch.early(&files);
        assert_eq!(watch.unread(), files);
        assert_eq!(watch.look(&files, at(30), &PACE), (vec![], vec![]));
        assert_eq!(watch.waiting, 1);
        std::fs::write(&path, b"half and the rest").unwrap();
        watch.look(&files, at(31), &PACE);
        assert_eq!(watch.look(&files, at(33), &PACE).0, files, "it has changed: it is tried again");
        watch.early(&files);
        let (settled, given_up) = watch.look(&files, at(91), &PACE);
        assert_eq!((settled.len(), given_up), (0, vec![path]));
        std::fs::remove_file(&files[0]).unwrap();
        watch.look(&[], at(92), &PACE);
        assert!(watch.files.is_empty());
    }
}
