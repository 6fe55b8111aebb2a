//! Files that are their owner's alone.

use super::Failure;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// Writes a new secret file, readable by its owner only; an existing file is never overwritten.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|e| Failure::file("make", path, &e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| Failure::file("write", path, &e))
}
