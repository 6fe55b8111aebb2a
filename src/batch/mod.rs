//! The parallel road from files to stored readings.
//!
//! Files are taken in portions: the files of a portion are read and decoded by all workers at once, what
//! came of them is written in one transaction, in the order of the files, and only then the next portion
//! is taken. Memory is bounded by the portion, a killed run loses at most one portion's work and no
//! page, and a run over files that are recorded already adds nothing.

mod discover;
mod error;

pub use discover::discover;
pub use error::BatchError;

use crate::layout::Layout;
use crate::read;
use crate::register;
use crate::sheet::{Cause, DecodeFault, EngineId, Exception, Sha256, SheetId};
use crate::source;
use crate::store::{FileRecord, PageRecord, Store};
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
    /// What comes of every page of the image file `bytes`, in order.
    #[must_use]
    pub fn read_file(&self, bytes: &[u8]) -> Vec<PageRecord> {
        source::decode(bytes).map(|(sheet, page)| self.read_page(sheet, page)).collect()
    }

    fn read_page(&self, sheet: SheetId, page: Result<source::Page, DecodeFault>) -> PageRecord {
        let outcome = page.map_err(|fault| Cause::NotDecoded { fault }).and_then(|page| {
            let (index, registration) = register::which_layout(&page, &self.layouts)?;
            Ok(read::read(&page, &registration, self.layouts[index], &self.engine))
        });
        match outcome {
            Ok(reading) => PageRecord::Read { ticket: ticket_of(&reading), reading },
            Err(cause) => PageRecord::SetAside(read::SetAside {
                sheet,
                engine: self.engine.clone(),
                exception: Exception::of_sheet(cause),
            }),
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

/// Reads `files` into `store`; `name` says how a path is called in the record.
///
/// The record does not depend on the number of threads. Files that were read with the same reader and
/// layouts already are not read again; their names are added. A page that was set aside is tried again,
/// since the layout that explains it may have come since then.
///
/// # Errors
///
/// [`BatchError::Store`] if the record can't be written. A file that can't be read or decoded is no
/// error: see [`Summary`].
pub fn scan(
    store: &mut Store,
    files: &[PathBuf],
    reader: &Reader<'_>,
    name: &(dyn Fn(&Path) -> String + Sync),
    at: &dyn Fn() -> String,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, BatchError> {
    let mut summary = Summary { files: files.len(), ..Summary::default() };
    let layouts: Vec<Sha256> = reader.layouts.iter().map(|layout| layout.hash).collect();
    for (index, portion) in files.chunks(PORTION).enumerate() {
        let fed: Vec<Result<Fed, (PathBuf, std::io::ErrorKind)>> =
            portion.par_iter().map(|path| feed(path, name)).collect();
        let mut jobs = Vec::with_capacity(fed.len());
        // Pages of the files that are not read again.
        let mut done: BTreeMap<Sha256, u32> = BTreeMap::new();
        let mut seen: BTreeSet<Sha256> = BTreeSet::new();
        for file in fed {
            match file {
                Ok(file) => {
                    let image = file.record.image;
                    let twice = !seen.insert(image);
                    let pages = store.pages_done(&image, &reader.engine, &layouts)?;
                    done.extend(pages.map(|pages| (image, pages)));
                    jobs.push((file, twice || pages.is_some()));
                }
                Err(unreadable) => summary.unreadable.push(unreadable),
            }
        }
        let results: Vec<(FileRecord, Vec<PageRecord>)> = jobs
            .into_par_iter()
            .map(|(file, known)| {
                let Fed { mut record, bytes } = file;
                let pages = if known { Vec::new() } else { reader.read_file(&bytes) };
                record.pages = u32::try_from(pages.len()).unwrap_or(u32::MAX);
                (record, pages)
            })
            .collect();
        for (file, pages) in results.iter().filter(|(_, pages)| !pages.is_empty()) {
            done.insert(file.image, file.pages);
            for page in pages {
                summary.count(page, store.has_result(page)?);
            }
        }
        for (file, _) in results.iter().filter(|(_, pages)| pages.is_empty()) {
            let pages = done.get(&file.image).copied().unwrap_or(1) as usize;
            summary.pages += pages;
            summary.known += pages;
        }
        store.record_files(&results, &at())?;
        progress(Progress {
            files: (index * PORTION + portion.len()).min(files.len()),
            of: files.len(),
            read: summary.read,
            set_aside: summary.set_aside,
        });
    }
    Ok(summary)
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
