//! The end of the line: outcomes in their order become transactions.

use super::line::{Arrival, End, Fed, Line, Step};
use super::{
    BatchError, Changed, Looked, Monitor, Notice, OnTrouble, Outcome, Progress, Run, Summary, Told, Unread,
};
use crate::settle::SheetFacts;
use crate::sheet::Sha256;
use crate::store::{Extent, FilePart, FileRecord, HealthEvent, PageRecord, Portion, Store, Vitals};
use std::collections::HashMap;
use std::path::PathBuf;

/// Pages (and names of known files) of a transaction. One costs about 10 ms of waiting for the disk: at a
/// hundred pages a fortieth of reading them. A killed run reads so many again at most; with more, memory and
/// that loss grow for nothing.
const PORTION: usize = 100;

/// Collects what comes of files, writes it, and says how far it is.
pub(super) struct Collector<'c, 'r, 'l> {
    run: &'c Run<'r>,
    store: &'c mut Store,
    line: &'c Line<'l>,
    told: &'c mut dyn FnMut(Told<'_>),
    monitor: Monitor,
    summary: Summary,
    of: usize,
    /// What is not written yet: how much of it there is, copies it waits for, and where its troubles begin.
    portion: Portion,
    weight: usize,
    copies: Vec<(usize, PathBuf)>,
    events: usize,
    /// Pages of the files that were read in this run.
    pages: HashMap<Sha256, u32>,
}

/// A file that is being collected.
struct Current {
    part: FilePart,
    path: PathBuf,
    /// What earlier runs measured on its pages; asked when the first of them comes by.
    measured: Option<HashMap<u32, Vitals>>,
}

impl<'c, 'r, 'l> Collector<'c, 'r, 'l> {
    pub(super) fn new(
        run: &'c Run<'r>,
        store: &'c mut Store,
        line: &'c Line<'l>,
        of: usize,
        told: &'c mut dyn FnMut(Told<'_>),
    ) -> Self {
        Self {
            run,
            store,
            line,
            told,
            monitor: Monitor::default(),
            summary: Summary::default(),
            of,
            portion: Portion::default(),
            weight: 0,
            copies: Vec::new(),
            events: 0,
            pages: HashMap::new(),
        }
    }

    /// Collects everything.
    pub(super) fn run(&mut self) -> Result<Summary, BatchError> {
        let mut current: Option<Current> = None;
        loop {
            match self.line.next() {
                Step::File(number, arrival) => {
                    self.summary.files += 1;
                    current = self.arrival(number, arrival)?;
                }
                Step::Page(outcome) => {
                    let Some(file) = &mut current else { continue };
                    match *outcome {
                        Outcome::Known(sheet) => {
                            self.summary.count_known(1);
                            if file.measured.is_none() {
                                let known = self.store.vitals_of(&sheet.image, &self.run.reader.engine)?;
                                file.measured = Some(known.into_iter().map(|v| (v.sheet.page, v)).collect());
                            }
                            let measured = file.measured.as_mut().and_then(|m| m.remove(&sheet.page));
                            self.judge(&file.part.file.path, measured.into_iter());
                        }
                        Outcome::Looked(looked) => {
                            if let Some(event) = self.looked(file, looked)? {
                                return Err(self.unwell(current, event));
                            }
                        }
                    }
                    if self.weight >= PORTION {
                        self.part(file);
                        self.write()?;
                    }
                    self.say();
                }
                Step::End(end) => {
                    if let Some(file) = current.take() {
                        self.end(file, end);
                    }
                    if self.weight >= PORTION {
                        self.write()?;
                    }
                    self.say();
                }
                Step::Done => {
                    self.write()?;
                    self.summary.stopped |= self.summary.files < self.of;
                    return Ok(std::mem::take(&mut self.summary));
                }
            }
        }
    }

    /// Takes note of a file; gives it back if pages of it follow.
    fn arrival(&mut self, number: usize, arrival: Arrival) -> Result<Option<Current>, BatchError> {
        let Arrival { fed, changed, copy } = arrival;
        if let Some(changed) = changed {
            self.changed(changed);
        }
        let engine = self.run.reader.engine.clone();
        let part = |file: FileRecord, extent| {
            let original = copy.clone();
            FilePart { file, engine: engine.clone(), extent, pages: Vec::new(), original }
        };
        let (record, pages) = match fed {
            Fed::Unread(path, why) => {
                self.unread(path, why);
                return Ok(None);
            }
            Fed::New(record, path) => {
                let part = part(record, Extent::Whole);
                if copy.is_some() {
                    self.copies.push((number, path.clone()));
                }
                return Ok(Some(Current { part, path, measured: None }));
            }
            Fed::Known(record, pages) => (record, pages),
            Fed::Twin(record, path) => {
                let state = self.store.file_state(&record.image, &engine, &[])?;
                let before = self.pages.get(&record.image).copied().or(state.and_then(|s| s.pages));
                let Some(pages) = before else {
                    // As the first of the two.
                    self.summary.deferred.push(path);
                    return Ok(None);
                };
                (record, pages)
            }
        };
        if copy.is_some() {
            self.copies.push((number, PathBuf::from(&record.path)));
        }
        self.summary.count_known(pages);
        // Its first appearance may stand in this portion and not yet in the record.
        let mut vitals = self.store.vitals_of(&record.image, &engine)?;
        vitals.extend(self.portion.vitals.iter().filter(|v| v.sheet.image == record.image).cloned());
        self.judge(&record.path, vitals.into_iter());
        self.portion.files.push(part(record, Extent::Named));
        self.weight += 1;
        Ok(None)
    }

    /// Takes a page into the portion; gives the trouble at which the run must stop.
    fn looked(&mut self, file: &mut Current, looked: Looked) -> Result<Option<HealthEvent>, BatchError> {
        let Looked { record, vitals, facts } = looked;
        let known = self.store.has_result(&record)?;
        let held = facts.as_ref().is_some_and(|facts| facts.is_held(self.run.rules));
        self.summary.count(&record, known, held);
        let mut stop = None;
        if let Some(vitals) = vitals {
            let path = &file.part.file.path;
            self.summary.health.extend(self.monitor.page(path, &vitals));
            if self.run.on_trouble == OnTrouble::Stop {
                stop = self.monitor.past_limit(path, &vitals);
            }
            self.portion.vitals.push(vitals);
        }
        if let Some(text) = facts.and_then(|facts| serde_json::to_string(&facts).ok()) {
            let text = SheetFacts::signed(&self.run.reader.engine, &text);
            self.portion.facts.insert(record.sheet(), text);
        }
        file.part.pages.push(record);
        self.weight += 1;
        Ok(stop)
    }

    fn judge(&mut self, path: &str, pages: impl Iterator<Item = Vitals>) {
        for page in pages {
            self.summary.health.extend(self.monitor.page(path, &page));
        }
    }

    /// Puts the pages so far of a file that goes on into the portion.
    fn part(&mut self, file: &mut Current) {
        if file.part.pages.is_empty() {
            return;
        }
        let pages: Vec<PageRecord> = std::mem::take(&mut file.part.pages);
        self.portion.files.push(FilePart { extent: Extent::Part, pages, ..file.part.clone() });
    }

    /// Puts the rest of a file into the portion.
    #[allow(clippy::needless_pass_by_value)] // the end of a file is given once
    fn end(&mut self, mut file: Current, end: End) {
        match end {
            End::Whole(pages) => {
                file.part.file.pages = pages;
                self.pages.insert(file.part.file.image, pages);
                self.weight += usize::from(file.part.pages.is_empty());
                self.portion.files.push(file.part);
            }
            End::Stopped(pages) => {
                self.part(&mut file);
                self.summary.files -= usize::from(pages == 0);
                self.summary.stopped = true;
            }
            End::TooEarly => self.summary.deferred.push(file.path),
            End::Failed(why) => {
                self.part(&mut file);
                self.unread(file.path, why);
            }
        }
    }

    /// Writes what was collected, if anything was.
    fn write(&mut self) -> Result<(), BatchError> {
        if let Some((keeper, _)) = self.run.keeper {
            let some = !self.copies.is_empty();
            for (number, path) in self.copies.drain(..) {
                self.line.copied(number).map_err(|source| BatchError::Copy { path, source })?;
            }
            if some {
                let folder = keeper.folder().to_owned();
                keeper.settle().map_err(|source| BatchError::Copy { path: folder, source })?;
            }
        }
        let portion = std::mem::take(&mut self.portion);
        self.weight = 0;
        if !portion.files.is_empty() {
            self.store.record_portion(&portion, &(self.run.at)())?;
        }
        let new = &self.summary.health[self.events..];
        self.store.record_health(new, &(self.run.at)())?;
        for event in new {
            (self.told)(Told::Health(event));
        }
        self.events = self.summary.health.len();
        Ok(())
    }

    /// Writes everything up to the page that showed the trouble, and makes the error of it.
    fn unwell(&mut self, current: Option<Current>, event: HealthEvent) -> BatchError {
        if let Some(mut file) = current {
            // Most files end here; of the others the next run finds the rest.
            match self.line.next() {
                Step::End(end) => self.end(file, end),
                _ => self.part(&mut file),
            }
        }
        if let Err(error) = self.write() {
            return error;
        }
        self.say();
        let (event, summary) = (Box::new(event), Box::new(std::mem::take(&mut self.summary)));
        BatchError::Unwell { event, summary }
    }

    fn changed(&mut self, changed: Changed) {
        (self.told)(Told::Notice(&Notice::Changed(changed.clone())));
        self.summary.changed.push(changed);
    }

    fn unread(&mut self, path: PathBuf, why: Unread) {
        (self.told)(Told::Notice(&Notice::Unread(path.clone(), why)));
        self.summary.unreadable.push((path, why));
    }

    fn say(&mut self) {
        let s = &self.summary;
        let (read, set_aside, known, held) = (s.read, s.set_aside, s.known, s.held);
        let progress = Progress { files: s.files, of: self.of, read, set_aside, known, held };
        (self.told)(Told::Progress(progress));
    }
}
