//! The parallel road from files to stored readings.
//!
//! Files are taken in portions: the files of a portion are read and decoded by all workers at once, what
//! came of them is written in one transaction, in the order of the files, and only then the next portion
//! is taken. Memory is bounded by the portion, a killed run loses at most one portion's work and no
//! page, and a run over files that are recorded already adds nothing.
//!
//! Every page is also asked what it shows of the scanner ([`vitals`]), and a [`Monitor`] follows these figures
//! in the order of the files: a dirty glass or a slipping roller is told while it can still be helped, and
//! past a limit the run stops.

mod discover;
mod error;
mod health;
mod streaks;
mod vitals;

pub use discover::discover;
pub use error::BatchError;
pub use health::Monitor;
pub use vitals::vitals;

use crate::layout::Layout;
use crate::read;
use crate::register;
use crate::sheet::{Cause, DecodeFault, EngineId, Exception, Sha256, SheetId};
use crate::source;
use crate::store::{FileRecord, HealthEvent, PageRecord, Store, Vitals};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Files of a portion. A transaction costs about 10 ms of waiting for the disk: at 32 pages that is a
/// tenth of reading them; at 500 a crash would lose seconds of work and memory would grow.
const PORTION: usize = 32;

/// The largest file that is read. A colour A3 page at 600 dpi as plain TIFF has 210 MB.
pub const MOST_BYTES: u64 = 1 << 30;

/// What a run tells while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files done.
    pub files: usize,
    /// Files in all.
    pub of: usize,
    /// Pages read so far.
    pub read: usize,
    /// Pages set aside so far.
    pub set_aside: usize,
}

/// What a run says while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum Told<'e> {
    /// How far it is.
    Progress(Progress),
    /// The scanner has a trouble. Told once when it begins and once when it is past its limit; pages that
    /// were read in an earlier run are judged again, so that a run that goes on tells the same.
    Health(&'e HealthEvent),
}

/// What to do when the scanner has a trouble that is past its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTrouble {
    /// Stop at the first new page that shows it.
    #[default]
    Stop,
    /// Tell it and go on.
    GoOn,
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
    /// Pages set aside anew, by the word for their cause.
    pub causes: BTreeMap<&'static str, usize>,
    /// Files that could not be read from the disk at all, and what the system says. They are not in the
    /// record, because nothing of them was seen.
    pub unreadable: Vec<(PathBuf, std::io::ErrorKind)>,
    /// Troubles of the scanner, in the order in which they were told.
    pub health: Vec<HealthEvent>,
}

impl Summary {
    /// Counts a page that was looked at; `known` if the same came of it before.
    fn count(&mut self, page: &PageRecord, known: bool) {
        self.pages += 1;
        match page {
            _ if known => self.known += 1,
            PageRecord::Read { .. } => self.read += 1,
            PageRecord::SetAside(aside) => {
                self.set_aside += 1;
                *self.causes.entry(aside.exception.cause.kind()).or_default() += 1;
            }
        }
    }
}

/// A file on its way.
struct Fed {
    record: FileRecord,
    bytes: Vec<u8>,
}

/// How one page is read: the layouts that it may have, and the reader's name.
pub struct Reader<'l> {
    /// The exam's layouts.
    pub layouts: Vec<&'l Layout>,
    /// Which reader.
    pub engine: EngineId,
}

impl Reader<'_> {
    /// What comes of every page of the image file `bytes`, in order, and what it shows of the scanner if it
    /// could be decoded.
    #[must_use]
    pub fn read_file(&self, bytes: &[u8]) -> Vec<(PageRecord, Option<Vitals>)> {
        source::decode(bytes).map(|(sheet, page)| self.read_page(sheet, page)).collect()
    }

    fn read_page(
        &self,
        sheet: SheetId,
        page: Result<source::Page, DecodeFault>,
    ) -> (PageRecord, Option<Vitals>) {
        let aside = |cause| {
            let exception = Exception::of_sheet(cause);
            PageRecord::SetAside(read::SetAside { sheet, engine: self.engine.clone(), exception })
        };
        let page = match page {
            Ok(page) => page,
            Err(fault) => return (aside(Cause::NotDecoded { fault }), None),
        };
        match register::which_layout(&page, &self.layouts) {
            Ok((index, registration)) => {
                let layout = self.layouts[index];
                let reading = read::read(&page, &registration, layout, &self.engine);
                let vitals = vitals(&page, Some((&registration, layout)), &self.engine);
                (PageRecord::Read { ticket: ticket_of(&reading), reading }, Some(vitals))
            }
            Err(cause) => (aside(cause), Some(vitals(&page, None, &self.engine))),
        }
    }
}

/// The ticket number as the marks alone give it, if they do.
fn ticket_of(reading: &read::Reading) -> Option<String> {
    let ticket = reading.fields.iter().find(|f| f.name.as_str() == crate::sheet::FieldName::TICKET)?;
    ticket
        .positions
        .iter()
        .map(|position| {
            let mut filled = position
                .options
                .chars()
                .zip(&position.marks)
                .filter(|(_, mark)| mark.state != read::MarkState::Empty);
            match (filled.next(), filled.next()) {
                (Some((digit, mark)), None) if mark.state == read::MarkState::Filled => Some(digit),
                _ => None,
            }
        })
        .collect()
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
    at: &dyn Fn() -> String,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, BatchError> {
    scan_watched(store, files, reader, name, at, OnTrouble::Stop, &mut |told| {
        if let Told::Progress(p) = told {
            progress(p);
        }
    })
}

/// Reads `files` into `store`; `name` says how a path is called in the record.
///
/// The record does not depend on the number of threads. Files that were read with the same reader and
/// layouts already are not read again; their names are added. A page that was set aside is tried again,
/// since the layout that explains it may have come since then. What is told of the scanner depends on the
/// files and their order alone: what earlier runs measured is judged again with it.
///
/// # Errors
///
/// [`BatchError::Store`] if the record can't be written, [`BatchError::Unwell`] if the scanner's trouble is
/// past its limit: then everything up to the file that showed it is in the record, and nothing after it.
/// A file that can't be read or decoded is no error: see [`Summary`].
pub fn scan_watched(
    store: &mut Store,
    files: &[PathBuf],
    reader: &Reader<'_>,
    name: &(dyn Fn(&Path) -> String + Sync),
    at: &dyn Fn() -> String,
    on_trouble: OnTrouble,
    told: &mut dyn FnMut(Told<'_>),
) -> Result<Summary, BatchError> {
    let mut summary = Summary { files: files.len(), ..Summary::default() };
    let layouts: Vec<Sha256> = reader.layouts.iter().map(|layout| layout.hash).collect();
    let mut monitor = Monitor::default();
    for (index, portion) in files.chunks(PORTION).enumerate() {
        let mut read = read_portion(store, portion, reader, &layouts, name)?;
        let events_before = summary.health.len();
        let stopped = judge(store, &mut read, reader, &mut monitor, on_trouble, &mut summary.health)?;
        for file in &read {
            match file {
                Taken::Unreadable(path, kind) => summary.unreadable.push((path.clone(), *kind)),
                Taken::Known { pages, .. } => {
                    summary.pages += *pages as usize;
                    summary.known += *pages as usize;
                }
                Taken::Read { pages, .. } => {
                    for (page, _) in pages {
                        summary.count(page, store.has_result(page)?);
                    }
                }
            }
        }
        let done = (index * PORTION + read.len()).min(files.len());
        let mut vitals = Vec::new();
        let mut records = Vec::with_capacity(read.len());
        for file in read {
            match file {
                Taken::Unreadable(..) => {}
                Taken::Known { record, .. } => records.push((record, Vec::new())),
                Taken::Read { record, pages } => {
                    let (pages, measured): (Vec<_>, Vec<_>) = pages.into_iter().unzip();
                    vitals.extend(measured.into_iter().flatten());
                    records.push((record, pages));
                }
            }
        }
        store.record_scan(&records, &vitals, &at())?;
        store.record_health(&summary.health[events_before..], &at())?;
        summary.health[events_before..].iter().for_each(|event| told(Told::Health(event)));
        told(Told::Progress(Progress {
            files: done,
            of: files.len(),
            read: summary.read,
            set_aside: summary.set_aside,
        }));
        if let Some(event) = stopped {
            summary.files = done;
            return Err(BatchError::Unwell { event: Box::new(event), summary: Box::new(summary) });
        }
    }
    Ok(summary)
}

/// A file of a portion.
enum Taken {
    /// The system does not give it.
    Unreadable(PathBuf, std::io::ErrorKind),
    /// It was read before, or a file of the same bytes stands before it.
    Known { record: FileRecord, pages: u32 },
    /// It was read now.
    Read { record: FileRecord, pages: Vec<(PageRecord, Option<Vitals>)> },
}

/// Reads the files of a portion with all workers; in the files' order.
fn read_portion(
    store: &Store,
    portion: &[PathBuf],
    reader: &Reader<'_>,
    layouts: &[Sha256],
    name: &(dyn Fn(&Path) -> String + Sync),
) -> Result<Vec<Taken>, BatchError> {
    let fed: Vec<Result<Fed, (PathBuf, std::io::ErrorKind)>> =
        portion.par_iter().map(|path| feed(path, name)).collect();
    // Pages of the files that are not read again.
    let mut done: BTreeMap<Sha256, u32> = BTreeMap::new();
    let mut seen: BTreeSet<Sha256> = BTreeSet::new();
    let mut jobs = Vec::with_capacity(fed.len());
    for file in fed {
        let known = match &file {
            Ok(file) => {
                let image = file.record.image;
                let twice = !seen.insert(image);
                let pages = store.pages_done(&image, &reader.engine, layouts)?;
                done.extend(pages.map(|pages| (image, pages)));
                twice || pages.is_some()
            }
            Err(_) => true,
        };
        jobs.push((file, known));
    }
    let mut taken: Vec<Taken> = jobs
        .into_par_iter()
        .map(|(file, known)| match file {
            Err((path, kind)) => Taken::Unreadable(path, kind),
            Ok(Fed { mut record, bytes }) => {
                let pages = if known { Vec::new() } else { reader.read_file(&bytes) };
                record.pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
                if known { Taken::Known { record, pages: 0 } } else { Taken::Read { record, pages } }
            }
        })
        .collect();
    for file in &taken {
        if let Taken::Read { record, .. } = file {
            done.insert(record.image, record.pages);
        }
    }
    for file in &mut taken {
        if let Taken::Known { record, pages } = file {
            *pages = done.get(&record.image).copied().unwrap_or(1);
        }
    }
    Ok(taken)
}

/// Shows the pages to the monitor in their order and adds what it tells; files behind the one at which the
/// run must stop are dropped.
fn judge(
    store: &Store,
    files: &mut Vec<Taken>,
    reader: &Reader<'_>,
    monitor: &mut Monitor,
    on_trouble: OnTrouble,
    events: &mut Vec<HealthEvent>,
) -> Result<Option<HealthEvent>, BatchError> {
    let mut measured: BTreeMap<Sha256, Vec<Vitals>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        let mut stop = None;
        match file {
            Taken::Unreadable(..) => {}
            Taken::Known { record, .. } => {
                // The same bytes may stand in this portion, not yet in the record.
                let pages = match measured.get(&record.image) {
                    Some(pages) => pages.clone(),
                    None => store.vitals_of(&record.image, &reader.engine)?,
                };
                for page in &pages {
                    events.extend(monitor.page(&record.path, page));
                }
            }
            Taken::Read { record, pages } => {
                for (_, page) in pages {
                    let Some(page) = page else { continue };
                    events.extend(monitor.page(&record.path, page));
                    if on_trouble == OnTrouble::Stop && stop.is_none() {
                        stop = monitor.past_limit(&record.path, page);
                    }
                    measured.entry(record.image).or_default().push(page.clone());
                }
            }
        }
        if stop.is_some() {
            files.truncate(index + 1);
            return Ok(stop);
        }
    }
    Ok(None)
}

fn feed(path: &Path, name: &(dyn Fn(&Path) -> String + Sync)) -> Result<Fed, (PathBuf, std::io::ErrorKind)> {
    let failed = |error: std::io::Error| (path.to_owned(), error.kind());
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MOST_BYTES {
        return Err((path.to_owned(), std::io::ErrorKind::FileTooLarge));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let record =
        FileRecord { path: name(path), image: Sha256::of(&bytes), bytes: bytes.len() as u64, pages: 0 };
    Ok(Fed { record, bytes })
}
