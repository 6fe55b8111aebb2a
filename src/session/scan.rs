//! Scans come in.

use super::lock::ScanLock;
use super::originals::{Originals, is_kept, keeper, recorded_name};
use super::{Session, SessionError, engine};
use crate::batch::{self, Found, OnTrouble, Progress, Reader, Run, Summary, Told};
use crate::settle::SheetFacts;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The run in numbers.
    pub summary: Summary,
    /// How many exceptions are open now, over the whole session.
    pub open: usize,
    /// The same by the word for their cause.
    pub open_by_kind: BTreeMap<String, usize>,
}

/// How a scan goes about its files.
#[derive(Debug, Clone, Copy)]
pub struct ScanOptions<'s> {
    /// What to do when the scanner is past a limit.
    pub on_trouble: OnTrouble,
    /// Which files the session keeps copies of.
    pub originals: Originals,
    /// Set by somebody else to make the scan stop soon, with everything in hand recorded.
    pub stop: &'s AtomicBool,
}

impl Session {
    /// Reads the image files that `paths` name (files and folders) into the record, as
    /// [`Session::scan_watched`] with [`OnTrouble::Stop`].
    ///
    /// # Errors
    ///
    /// As [`Session::scan_with`].
    pub fn scan(
        &mut self,
        paths: &[PathBuf],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Scanned, SessionError> {
        self.scan_watched(paths, OnTrouble::Stop, &mut |told| {
            if let Told::Progress(p) = told {
                progress(p);
            }
        })
    }

    /// As [`Session::scan_with`], with copies of what lies outside of the session's folder.
    ///
    /// # Errors
    ///
    /// As [`Session::scan_with`].
    pub fn scan_watched(
        &mut self,
        paths: &[PathBuf],
        on_trouble: OnTrouble,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Scanned, SessionError> {
        let stop = AtomicBool::new(false);
        let options = ScanOptions { on_trouble, originals: Originals::default(), stop: &stop };
        self.scan_with(paths, &options, told)
    }

    /// Reads the image files that `paths` name (files and folders) into the record; says how far it is and
    /// how the scanner is.
    ///
    /// Reading the same files again adds nothing and loses nothing, and a scan that was killed goes on where
    /// it was.
    ///
    /// # Errors
    ///
    /// Nothing to read, a frozen record, another scan of this session ([`SessionError::Scanning`]), a scanner
    /// in trouble past its limit (unless the run goes on all the same; what came in until then is in the
    /// record), a copy that can't be made, or a failure of the record. A file that can't be decoded or a page
    /// that isn't a card is no error but an exception in the record.
    pub fn scan_with(
        &mut self,
        paths: &[PathBuf],
        options: &ScanOptions<'_>,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Scanned, SessionError> {
        self.refuse_frozen()?;
        let Found { files, unreadable } = batch::find(paths, Some(&self.copies()))?;
        if files.is_empty() && unreadable.is_empty() {
            return Err(batch::BatchError::Empty { paths: paths.to_vec() }.into());
        }
        let _lock = ScanLock::take(&self.folder, &self.now())?;
        batch::sweep(&self.folder).map_err(|e| SessionError::file("look at", &self.folder, e))?;
        let mut summary = self.read_files(&files, options, false, told)?;
        // Folders that can't be looked into count as what was named and not read, like files.
        summary.files += unreadable.len();
        summary.unreadable.splice(0..0, unreadable);
        let open_by_kind = self.open_kinds()?;
        Ok(Scanned { summary, open: open_by_kind.values().sum(), open_by_kind })
    }

    /// How a file is called in the record.
    pub(super) fn recorded(&self, path: &Path) -> String {
        let root = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        recorded_name(&root, path)
    }

    /// Whether a sheet with these facts has something to look at; unknown facts have.
    pub(super) fn is_held(&self, facts: &str) -> bool {
        SheetFacts::of_signed(&engine(), facts).is_none_or(|facts| facts.is_held(Some(&self.exam.rules)))
    }

    /// Reads `files` into the record; the lock is held by the caller.
    pub(super) fn read_files(
        &mut self,
        files: &[PathBuf],
        options: &ScanOptions<'_>,
        defer: bool,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Summary, SessionError> {
        let root = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let name = |path: &Path| recorded_name(&root, path);
        let wanted = |path: &Path| is_kept(options.originals, &root, path);
        let keeper = match options.originals {
            Originals::Refer => None,
            // Without a file that needs one, no folder is made.
            _ if !files.iter().any(|file| wanted(file)) => None,
            _ => Some(keeper(&self.copies())?),
        };
        let clock = self.clock;
        let reader = Reader { layouts: self.layouts.iter().collect(), engine: engine() };
        let run = Run {
            reader: &reader,
            name: &name,
            at: &clock,
            on_trouble: options.on_trouble,
            rules: Some(&self.exam.rules),
            keeper: keeper.as_ref().map(|keeper| (keeper, &wanted as _)),
            spool: &self.folder,
            stop: options.stop,
            defer,
        };
        Ok(run.scan(&mut self.store, files, told)?)
    }
}
