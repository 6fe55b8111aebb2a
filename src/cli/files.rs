//! Files that verbs write: whole or not at all; and small ones that they read.

use super::Failure;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced, in one step.
    Replace,
    /// It stays, and the verb fails.
    Keep,
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the system's settings let.
    Usual,
    /// Its owner alone.
    Owner,
}

/// Writes `bytes` to `path` by way of a file beside it, so that nobody ever sees half of them.
pub fn write_whole(path: &Path, bytes: &[u8], existing: Existing, readers: Readers) -> Result<(), Failure> {
    let refused = |error: &io::Error| Failure::file("write", path, error);
    // A link's file is replaced, not the link.
    let target = match existing {
        Existing::Replace => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        Existing::Keep => path.to_owned(),
    };
    match (existing, target.symlink_metadata()) {
        (Existing::Keep, Ok(_)) => {
            let hint = "nothing was changed; name another file, or move the old one away first";
            return Err(Failure::new(format!("{} is there already", path.display()), Some(hint)));
        }
        (Existing::Replace, Ok(found)) if !found.is_file() => {
            let what = format!("can't write {}: it is not a file", path.display());
            return Err(Failure::new(what, Some("name a file to write to")));
        }
        _ => {}
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let what = format!("can't write {}: there is no folder {}", path.display(), folder.display());
        return Err(Failure::new(what, Some("make the folder first, or check the path")));
    }
    let mut file = beside(folder, readers).map_err(|e| refused(&e))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|e| refused(&e))?;
    let kept = match existing {
        Existing::Replace => file.persist(&target),
        Existing::Keep => file.persist_noclobber(&target),
    };
    kept.map(drop).map_err(|e| refused(&e.error))
}

/// A new file in `folder`, gone when it is dropped; only its owner may read it unless asked otherwise.
#[cfg_attr(not(unix), allow(unused_variables))]
fn beside(folder: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".duka-");
    #[cfg(unix)]
    if readers == Readers::Usual {
        use std::os::unix::fs::PermissionsExt;
        // The process's umask takes away what it always does.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Longest file that is read as a key, manifest, request or release, in bytes: they have some 100 KB at most. More than
/// this is somebody's scan.
const LONGEST: u64 = 16 << 20;

/// A small file's bytes. The buffer is reserved at once, so that what the caller wipes is the only copy.
pub fn read_small(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |error: &io::Error| Failure::file("read", path, error);
    let file = File::open(path).map_err(|e| refused(&e))?;
    let length = file.metadata().map_err(|e| refused(&e))?.len();
    if length > LONGEST {
        let what = format!("{} has {length} bytes, too many for such a file", path.display());
        return Err(Failure::new(what, Some("check that this is the right file")));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(LONGEST).read_to_end(&mut bytes).map_err(|e| refused(&e))?;
    Ok(std::mem::take(&mut *bytes))
}
