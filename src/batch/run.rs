//! A run over files: who does what, and in which order.

use super::collect::Collector;
use super::keep::Keeper;
use super::line::{Arrival, CopyJob, Fed, FileJob, Line};
use super::{BatchError, Changed, OnTrouble, Progress, Reader, Summary, Told, feed};
use crate::exam::Rules;
use crate::sheet::Sha256;
use crate::store::{FileRecord, Store};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Threads that bring copies to the disk. They wait for it most of the time, and file systems bring several
/// files to the disk in one go; with one, a disk that takes 10 ms would hold back two workers.
const COPIERS: usize = 4;

/// How a run goes about its files.
pub struct Run<'r> {
    /// How a page is read.
    pub reader: &'r Reader<'r>,
    /// How a path is called in the record.
    pub name: &'r (dyn Fn(&Path) -> String + Sync),
    /// The present time, for the journal.
    pub at: &'r (dyn Fn() -> String + Sync),
    /// What to do when the scanner is past a limit.
    pub on_trouble: OnTrouble,
    /// The exam's rules, if there are any: they decide which pages count as held.
    pub rules: Option<&'r Rules>,
    /// Where copies are kept, and of which files.
    #[allow(clippy::type_complexity)] // used here alone
    pub keeper: Option<(&'r Keeper, &'r (dyn Fn(&Path) -> bool + Sync))>,
    /// A folder for what is too large for memory.
    pub spool: &'r Path,
    /// Set by somebody else to make the run stop soon, with everything in hand recorded.
    pub stop: &'r AtomicBool,
    /// Whether files that end too early are left for later instead of set aside.
    pub defer: bool,
}

/// Reads `files` into `store` as [`scan_watched`] does, without saying more than how far it is; stops when
/// the scanner's trouble is past its limit.
///
/// # Errors
///
/// As [`scan_watched`].
pub fn scan(
    store: &mut Store,
    files: &[PathBuf],
    reader: &Reader<'_>,
    name: &(dyn Fn(&Path) -> String + Sync),
    at: &(dyn Fn() -> String + Sync),
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, BatchError> {
    scan_watched(store, files, reader, name, at, OnTrouble::Stop, &mut |told| {
        if let Told::Progress(p) = told {
            progress(p);
        }
    })
}

/// Reads `files` into `store`; `name` says how a path is called in the record. No copies are kept; see
/// [`Run::scan`].
///
/// # Errors
///
/// As [`Run::scan`].
pub fn scan_watched(
    store: &mut Store,
    files: &[PathBuf],
    reader: &Reader<'_>,
    name: &(dyn Fn(&Path) -> String + Sync),
    at: &(dyn Fn() -> String + Sync),
    on_trouble: OnTrouble,
    told: &mut dyn FnMut(Told<'_>),
) -> Result<Summary, BatchError> {
    let spool = std::env::temp_dir();
    let stop = AtomicBool::new(false);
    let (rules, keeper, defer) = (None, None, false);
    Run { reader, name, at, on_trouble, rules, keeper, spool: &spool, stop: &stop, defer }
        .scan(store, files, told)
}

impl Run<'_> {
    /// Reads `files` into `store`, with as many workers as the current pool has threads.
    ///
    /// The record does not depend on the number of threads. Files that were read with the same reader and
    /// layouts already are not read again; their names are added. A page that was set aside is tried again,
    /// since the layout that explains it may have come since then. What is told of the scanner depends on the
    /// files and their order alone: what earlier runs measured is judged again with it.
    ///
    /// Nobody else may be adding pages to the store meanwhile.
    ///
    /// # Errors
    ///
    /// [`BatchError::Store`] if the record can't be written, [`BatchError::Copy`] if a copy can't be made,
    /// [`BatchError::Unwell`] if the scanner's trouble is past its limit: then everything up to the page that
    /// showed it is in the record, and nothing after it. After any error everything that was told as recorded
    /// is, and the next run goes on from there. A file that can't be read or decoded is no error: see
    /// [`Summary`].
    pub fn scan(
        &self,
        store: &mut Store,
        files: &[PathBuf],
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Summary, BatchError> {
        let lookup = Store::open(store.path())?;
        let line = Line::new(self.reader, self.stop, self.defer);
        let feeder = Feeder {
            run: self,
            layouts: self.reader.layouts.iter().map(|layout| layout.hash).collect(),
            lookup,
            seen: HashSet::new(),
            copied: HashSet::new(),
        };
        std::thread::scope(|scope| {
            // However the collector ends, the others must leave.
            let _leave = Leave(&line);
            let feeding = scope.spawn(|| feeder.feed(files, &line));
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|| line.work());
            }
            if let Some((keeper, _)) = self.keeper {
                for _ in 0..COPIERS {
                    scope.spawn(|| line.copy(keeper));
                }
            }
            let mut collector = Collector::new(self, store, &line, files.len(), told);
            let outcome = collector.run();
            line.halt();
            match feeding.join() {
                Ok(fed) => fed.and(outcome),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// Makes everybody leave the line when it goes out of scope.
struct Leave<'a, 'l>(&'a Line<'l>);

impl Drop for Leave<'_, '_> {
    fn drop(&mut self) {
        self.0.halt();
    }
}

/// Says that no more files come when it goes out of scope.
struct FedAll<'a, 'l>(&'a Line<'l>);

impl Drop for FedAll<'_, '_> {
    fn drop(&mut self) {
        self.0.fed_all();
    }
}

/// Takes files from the disk and says what is to be done about them.
struct Feeder<'a, 'r> {
    run: &'a Run<'r>,
    layouts: Vec<Sha256>,
    /// The record as it was when the run began; what comes in meanwhile is in `seen`.
    lookup: Store,
    seen: HashSet<Sha256>,
    copied: HashSet<Sha256>,
}

impl Feeder<'_, '_> {
    fn feed(mut self, files: &[PathBuf], line: &Line<'_>) -> Result<(), BatchError> {
        // However this ends, the collector must not wait for more.
        let _end = FedAll(line);
        for (number, path) in files.iter().enumerate() {
            if !line.room() {
                break;
            }
            let (arrival, job, copy) = self.take(path)?;
            line.feed(number, arrival, job, copy);
        }
        Ok(())
    }

    fn take(&mut self, path: &Path) -> Result<(Arrival, Option<FileJob>, Option<CopyJob>), BatchError> {
        let taken = match feed::take(path, self.run.spool) {
            Ok(taken) => taken,
            Err(why) => {
                let arrival = Arrival { fed: Fed::Unread(path.to_owned(), why), changed: None, copy: None };
                return Ok((arrival, None, None));
            }
        };
        let feed::Taken { image, length, bytes } = taken;
        let record = FileRecord { path: (self.run.name)(path), image, bytes: length, pages: 0 };
        let before = self.lookup.images_at(&record.path)?;
        let changed = match before.last() {
            Some(last) if !before.contains(&image) => {
                Some(Changed { path: record.path.clone(), before: *last, now: image })
            }
            _ => None,
        };
        let bytes = Arc::new(bytes);
        let copy = self.copy(path, &record, &bytes)?;
        let name = copy.as_ref().map(|copy| copy.name.clone());
        let arrival = |fed| Arrival { fed, changed, copy: name };
        if !self.seen.insert(image) {
            return Ok((arrival(Fed::Twin(record, path.to_owned())), None, copy));
        }
        let state = self.lookup.file_state(&image, &self.run.reader.engine, &self.layouts)?;
        if let Some(pages) = state.as_ref().and_then(crate::store::FileState::finished) {
            return Ok((arrival(Fed::Known(record, pages)), None, copy));
        }
        let done = state.map_or_else(BTreeSet::new, |state| state.done);
        let job = FileJob { bytes, length, done };
        Ok((arrival(Fed::New(record, path.to_owned())), Some(job), copy))
    }

    /// The copy that is to be made of a file, unless it is there.
    fn copy(
        &mut self,
        path: &Path,
        record: &FileRecord,
        bytes: &Arc<feed::Bytes>,
    ) -> Result<Option<CopyJob>, BatchError> {
        let wanted = self.run.keeper.is_some_and(|(_, wanted)| wanted(path));
        if !wanted || self.lookup.original(&record.image)?.is_some() || !self.copied.insert(record.image) {
            return Ok(None);
        }
        let name = Keeper::name(&record.image, &bytes.beginning());
        Ok(Some(CopyJob { name, record: record.clone(), bytes: Arc::clone(bytes) }))
    }
}
