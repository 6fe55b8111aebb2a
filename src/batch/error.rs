//! Why a scan can't go on.

use super::Summary;
use crate::store::{HealthEvent, StoreError, Tone, Trouble};
use std::path::PathBuf;

/// A scan that can't go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// A path that can't be looked at.
    #[error("can't look at {}: {source}", .path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No image file anywhere.
    #[error("no image file in {}", listing(.paths))]
    Empty {
        /// Where it was looked.
        paths: Vec<PathBuf>,
    },
    /// The scanner has a trouble that is past its limit; the record has every page up to the one that showed
    /// it.
    #[error("stopped at {}: {}, since {}", .event.at, .event.trouble, .event.since)]
    Unwell {
        /// The trouble.
        event: Box<HealthEvent>,
        /// What came in until then.
        summary: Box<Summary>,
    },
    /// A copy of a file can't be made.
    #[error("can't keep a copy of {}: {source}", .path.display())]
    Copy {
        /// Of which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The record can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn listing(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
    names.join(", ")
}

impl BatchError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Path { .. } => "check the path and who may read it",
            Self::Empty { .. } => {
                "give the folder that the scanner writes to; .jpg, .jpeg, .png, .tif, .tiff and .pdf are read"
            }
            Self::Unwell { event, .. } => match event.trouble {
                Trouble::Streak { tone: Tone::Dark, .. } => {
                    "clean the scanner's glass and white strip at this place, scan the sheets since then again, and go \
                     on with --keep-going; everything up to here is recorded"
                }
                Trouble::Streak { tone: Tone::Bright, .. } => {
                    "clean the scanner's white strip, let it calibrate itself, scan the sheets since then again, and \
                     go on with --keep-going; everything up to here is recorded"
                }
                Trouble::Stretch { .. } | Trouble::Residual { .. } => {
                    "clean the feeder's rollers and check that sheets are drawn straight and lie flat, then go on \
                     with --keep-going; everything up to here is recorded"
                }
                Trouble::MissingFiducials { .. } => {
                    "check the scanner's page size and paper guides and the cards' corners, then go on with \
                     --keep-going; everything up to here is recorded"
                }
                _ => {
                    "check the scanner's glass, lamp and brightness setting, then go on with --keep-going; everything \
                     up to here is recorded"
                }
            },
            Self::Copy { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "free some space, then run this again; it goes on where it stopped"
            }
            Self::Copy { .. } => {
                "check the session's scans/originals folder, or use --no-copy; run this again and it goes on where it \
                 stopped"
            }
            Self::Store(error) => error.hint(),
        }
    }
}
