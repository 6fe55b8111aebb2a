//! A run that can't go on, in two parts: what happened, what to do.

use std::fmt::Display;
use std::path::Path;

/// Why a verb failed.
#[derive(Debug)]
pub struct Failure {
    what: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure with what happened and, if there is something to be done, what.
    pub fn new(what: impl Display, hint: Option<impl Display>) -> Self {
        Self { what: what.to_string(), hint: hint.map(|h| h.to_string()) }
    }

    /// A file or folder that the system refuses.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => Some("check the path"),
            std::io::ErrorKind::PermissionDenied => {
                Some("check who may read and write there, or choose another folder")
            }
            std::io::ErrorKind::IsADirectory => Some("name a file, not a folder"),
            std::io::ErrorKind::StorageFull => Some("make room on the disk and run the command again"),
            _ => None,
        };
        Self::new(format!("can't {doing} {}: {error}", path.display()), hint)
    }

    /// Says it on the error stream.
    pub fn tell(&self) {
        eprintln!("error: {}", self.what);
        if let Some(hint) = &self.hint {
            eprintln!("hint: {hint}");
        }
    }
}

impl From<duka::session::SessionError> for Failure {
    fn from(error: duka::session::SessionError) -> Self {
        let hint = error.hint();
        Self::new(error, hint)
    }
}
