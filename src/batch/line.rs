//! The line of work between the disk and the record: bounded on every side, and in order at its end.
//!
//! One thread feeds files, workers turn them into pages and pages into what comes of them, copiers bring the
//! session's own copies to the disk, and the caller collects everything in the order of files and pages. A
//! worker that has taken a file goes through its pages one after another and gives decoded pages to idle
//! workers; so a file of five thousand pages keeps all workers busy and is never held as a whole.
//!
//! Nobody who is needed for the next page ever waits for a place: the first file in the line is always in a
//! worker's hands, and a worker that waits for room reads other workers' pages meanwhile.

use super::feed::Bytes;
use super::keep::Keeper;
use super::{Changed, Others, Outcome, Reader, Unread};
use crate::sheet::{Channel, DecodeFault, SheetId};
use crate::source::Page;
use crate::store::FileRecord;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Files that are fed ahead of the first that is not collected. Fewer leave workers idle while a portion is
/// written (100 ms on a slow disk, in which two workers read 40 pages); each costs little but its bytes.
const WINDOW: usize = 128;

/// Bytes of files in flight from which nothing more is fed; one file may go beyond it.
const BYTES: u64 = 32 << 20;

/// Outcomes of one file that wait for collection before its worker pauses; and of all files before workers
/// turn to no file but the first. An outcome takes about 30 KB.
const AHEAD: usize = 64;
const AHEAD_IN_ALL: usize = 256;

/// How a file ended.
#[derive(Debug)]
pub(super) enum End {
    /// It has so many pages.
    Whole(u32),
    /// The run was asked to stop before its end, after so many pages.
    Stopped(u32),
    /// It ends too early, and is left for later.
    TooEarly,
    /// It could not be read.
    Failed(Unread),
}

impl End {
    /// The last page that is on its way.
    fn last(&self) -> u32 {
        match self {
            Self::Whole(page) | Self::Stopped(page) => *page,
            Self::TooEarly | Self::Failed(_) => 0,
        }
    }
}

/// What a file is found to be when it is fed.
#[derive(Debug)]
pub(super) enum Fed {
    /// It can't be read.
    Unread(PathBuf, Unread),
    /// Nothing new can come of it; it has so many pages.
    Known(FileRecord, u32),
    /// A file of the same bytes stands before it in this run.
    Twin(FileRecord, PathBuf),
    /// It is to be read.
    New(FileRecord, PathBuf),
}

/// A file with what else was found.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) fed: Fed,
    pub(super) changed: Option<Changed>,
    /// The name of its copy, which is being made.
    pub(super) copy: Option<String>,
}

/// What the collector gets next.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // one at a time
pub(super) enum Step {
    File(usize, Arrival),
    Page(Box<Outcome>),
    End(End),
    Done,
}

#[derive(Debug)]
struct Lane {
    arrival: Option<Arrival>,
    outcomes: BTreeMap<u32, Outcome>,
    next: u32,
    end: Option<End>,
}

/// A file for a worker.
pub(super) struct FileJob {
    pub(super) bytes: Arc<Bytes>,
    pub(super) length: u64,
    /// Pages of which nothing new can come.
    pub(super) done: BTreeSet<u32>,
}

/// A file for a copier.
pub(super) struct CopyJob {
    pub(super) name: String,
    pub(super) record: FileRecord,
    pub(super) bytes: Arc<Bytes>,
}

struct PageJob {
    file: usize,
    sheet: SheetId,
    page: Result<Page, DecodeFault>,
    others: Others,
}

#[derive(Default)]
struct State {
    lanes: BTreeMap<usize, Lane>,
    files: VecDeque<(usize, FileJob)>,
    pages: VecDeque<PageJob>,
    copies: VecDeque<(usize, CopyJob)>,
    copied: BTreeMap<usize, io::Result<()>>,
    /// The first file that is not collected.
    head: usize,
    /// Outcomes that wait for collection.
    waiting: usize,
    bytes: u64,
    /// Workers with a file in hand, and workers without work.
    drivers: usize,
    idle: usize,
    fed_all: bool,
    halt: bool,
}

/// The line; see the module.
pub(super) struct Line<'l> {
    reader: &'l Reader<'l>,
    stop: &'l AtomicBool,
    /// Whether files that end too early are left for later.
    defer: bool,
    state: Mutex<State>,
    changed: Condvar,
}

impl<'l> Line<'l> {
    pub(super) fn new(reader: &'l Reader<'l>, stop: &'l AtomicBool, defer: bool) -> Self {
        Self { reader, stop, defer, state: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A worker's panic is caught before it holds the lock; what is inside stays consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Makes everybody leave.
    pub(super) fn halt(&self) {
        self.lock().halt = true;
        self.changed.notify_all();
    }

    /// Waits until another file may be fed; `false` if none should be.
    pub(super) fn room(&self) -> bool {
        let mut state = self.lock();
        while !state.halt && (state.lanes.len() >= WINDOW || state.bytes >= BYTES) {
            state = self.wait(state);
        }
        !state.halt && !self.stopped()
    }

    /// Feeds file number `file`, with what is to be done about it.
    pub(super) fn feed(&self, file: usize, arrival: Arrival, job: Option<FileJob>, copy: Option<CopyJob>) {
        let mut state = self.lock();
        let end = match &arrival.fed {
            Fed::New(..) => None,
            _ => Some(End::Whole(0)),
        };
        let lane = Lane { arrival: Some(arrival), outcomes: BTreeMap::new(), next: 1, end };
        state.lanes.insert(file, lane);
        if let Some(job) = job {
            state.bytes += job.length;
            state.files.push_back((file, job));
        }
        state.copies.extend(copy.map(|copy| (file, copy)));
        self.changed.notify_all();
    }

    /// Says that no more files come.
    pub(super) fn fed_all(&self) {
        self.lock().fed_all = true;
        self.changed.notify_all();
    }

    /// What comes next, in the order of files and pages.
    pub(super) fn next(&self) -> Step {
        let mut state = self.lock();
        loop {
            let head = state.head;
            if let Some(lane) = state.lanes.get_mut(&head) {
                if let Some(arrival) = lane.arrival.take() {
                    return Step::File(head, arrival);
                }
                if let Some(outcome) = lane.outcomes.remove(&lane.next) {
                    lane.next += 1;
                    state.waiting -= 1;
                    self.changed.notify_all();
                    return Step::Page(Box::new(outcome));
                }
                if let Some(end) = lane.end.take_if(|end| end.last() < lane.next) {
                    state.lanes.remove(&head);
                    state.head += 1;
                    self.changed.notify_all();
                    return Step::End(end);
                }
            } else if state.fed_all {
                return Step::Done;
            }
            state = self.wait(state);
        }
    }

    /// Waits until the copy of file number `file` is made.
    pub(super) fn copied(&self, file: usize) -> io::Result<()> {
        let mut state = self.lock();
        loop {
            if let Some(outcome) = state.copied.remove(&file) {
                return outcome;
            }
            state = self.wait(state);
        }
    }

    /// A copier's work: until nothing more comes.
    pub(super) fn copy(&self, keeper: &Keeper) {
        loop {
            let (file, job) = {
                let mut state = self.lock();
                loop {
                    if let Some(job) = state.copies.pop_front() {
                        break job;
                    }
                    if state.halt || state.fed_all {
                        return;
                    }
                    state = self.wait(state);
                }
            };
            let outcome = keeper.keep(&job.name, &job.record.image, &job.bytes, job.record.bytes);
            drop(job);
            self.lock().copied.insert(file, outcome);
            self.changed.notify_all();
        }
    }

    /// A worker's work: until nothing more comes.
    pub(super) fn work(&self) {
        let mut state = self.lock();
        loop {
            if state.halt {
                return;
            }
            if let Some(job) = state.pages.pop_front() {
                drop(state);
                self.page(job);
                state = self.lock();
                continue;
            }
            let head = state.head;
            let may = |file: usize| file == head || state.waiting < AHEAD_IN_ALL;
            if state.files.front().is_some_and(|(file, _)| may(*file)) {
                if let Some((file, job)) = state.files.pop_front() {
                    state.drivers += 1;
                    drop(state);
                    let end = self.drive(file, &job);
                    state = self.lock();
                    state.drivers -= 1;
                    state.bytes -= job.length;
                    if let Some(lane) = state.lanes.get_mut(&file) {
                        lane.end = Some(end);
                    }
                    self.changed.notify_all();
                }
                continue;
            }
            if state.fed_all && state.files.is_empty() && state.drivers == 0 {
                return;
            }
            state.idle += 1;
            state = self.wait(state);
            state.idle -= 1;
        }
    }

    /// Goes through the pages of a file.
    fn drive(&self, file: usize, job: &FileJob) -> End {
        if self.defer && ends_too_early(&job.bytes) {
            return End::TooEarly;
        }
        let mut pages = match job.bytes.pages(self.reader.channel()) {
            Ok(pages) => pages,
            Err(error) => return End::Failed(Unread::System(error.kind())),
        };
        let mut last = 0;
        loop {
            let mut passed = 0;
            while job.done.contains(&(last + 1)) {
                last += 1;
                passed += 1;
                if !self.make_room(file) {
                    return End::Stopped(last - 1);
                }
                self.put(file, last, Outcome::Known(SheetId { image: pages.hash(), page: last }));
            }
            if self.stopped() {
                return End::Stopped(last);
            }
            let Some((sheet, page)) = pages.nth(passed) else { return End::Whole(last) };
            match page {
                // The file is our own: this is the disk's failure and says nothing about the page.
                Err(DecodeFault::Unreadable | DecodeFault::Changed) => {
                    return End::Failed(Unread::System(io::ErrorKind::Other));
                }
                page if self.make_room(file) => {
                    let others = self.reader.others(&mut pages, sheet);
                    self.hand_on(PageJob { file, sheet, page, others });
                }
                _ => return End::Stopped(last),
            }
            last = sheet.page;
        }
    }

    /// Waits while too much of a file is ahead, and reads other workers' pages meanwhile. `false` if everybody
    /// should leave.
    fn make_room(&self, file: usize) -> bool {
        let mut state = self.lock();
        loop {
            if state.halt {
                return false;
            }
            let ahead = state.lanes.get(&file).map_or(0, |lane| lane.outcomes.len());
            if ahead < AHEAD {
                return true;
            }
            if let Some(other) = state.pages.pop_front() {
                drop(state);
                self.page(other);
                state = self.lock();
            } else {
                state.idle += 1;
                state = self.wait(state);
                state.idle -= 1;
            }
        }
    }

    /// Has a page read, by an idle worker or here.
    fn hand_on(&self, job: PageJob) {
        let mut state = self.lock();
        if state.pages.len() < state.idle {
            state.pages.push_back(job);
            self.changed.notify_all();
        } else {
            drop(state);
            self.page(job);
        }
    }

    fn page(&self, job: PageJob) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.reader.page(job.sheet, job.page, job.others)));
        let refused = || Err(DecodeFault::Unsupported);
        let outcome = outcome.unwrap_or_else(|_| self.reader.page(job.sheet, refused(), Others::new()));
        self.put(job.file, job.sheet.page, outcome);
    }

    fn put(&self, file: usize, page: u32, outcome: Outcome) {
        let mut state = self.lock();
        if let Some(lane) = state.lanes.get_mut(&file) {
            lane.outcomes.insert(page, outcome);
            state.waiting += 1;
        }
        self.changed.notify_all();
    }
}

/// Whether a page of the file is cut off, so that its rest may still be on its way.
fn ends_too_early(bytes: &Bytes) -> bool {
    let cut = |page| matches!(page, Err(DecodeFault::Truncated | DecodeFault::Empty));
    bytes.pages(Channel::Luma).is_ok_and(|mut pages| pages.any(|(_, page)| cut(page)))
}
