//! Why a scan can't go on.

use crate::store::StoreError;
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
                "give the folder that the scanner writes to; .jpg, .jpeg, .png, .tif and .tiff are read"
            }
            Self::Store(error) => error.hint(),
        }
    }
}
