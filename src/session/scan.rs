//! Scans come in.

use super::{Session, SessionError, engine};
use crate::batch::{self, OnTrouble, Progress, Reader, Summary, Told};
use std::path::{Path, PathBuf};

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The run in numbers.
    pub summary: Summary,
    /// How many exceptions are open now, over the whole session.
    pub open: usize,
}

impl Session {
    /// Reads the image files that `paths` name (files and folders) into the record, as
    /// [`Session::scan_watched`] with [`OnTrouble::Stop`].
    ///
    /// # Errors
    ///
    /// As [`Session::scan_watched`].
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

    /// Reads the image files that `paths` name (files and folders) into the record; says how far it is and
    /// how the scanner is.
    ///
    /// Reading the same files again adds nothing and loses nothing.
    ///
    /// # Errors
    ///
    /// Nothing to read, a frozen record, a scanner in trouble past its limit (unless the run goes on all the
    /// same; what came in until then is in the record), or a failure of the record. A file that can't be
    /// decoded or a page that isn't a card is no error but an exception in the record.
    pub fn scan_watched(
        &mut self,
        paths: &[PathBuf],
        on_trouble: OnTrouble,
        told: &mut dyn FnMut(Told<'_>),
    ) -> Result<Scanned, SessionError> {
        self.refuse_frozen()?;
        let files = batch::discover(paths)?;
        let root = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let name = move |path: &Path| recorded_name(&root, path);
        let clock = self.clock;
        let reader = Reader { layouts: self.layouts.iter().collect(), engine: engine() };
        let summary = batch::scan_watched(&mut self.store, &files, &reader, &name, &clock, on_trouble, told)?;
        let open = self.standings()?.findings.open.len();
        Ok(Scanned { summary, open })
    }
}

/// How a file is called in the record: relative to the session's folder where it lies in it, so that the
/// folder can be moved.
fn recorded_name(root: &Path, path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.strip_prefix(root).unwrap_or(&whole).display().to_string()
}
