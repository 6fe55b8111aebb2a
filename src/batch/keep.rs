//! The session's own copies of the files that were read, each under its hash.
//!
//! A copy is written under a temporary name that no image has, brought to the disk, and only then given its
//! name; the folder is brought to the disk before any record names the copy. Whatever stops the program, a copy
//! with its name is whole, and a record that names a copy has it.

use super::feed::Bytes;
use crate::sheet::Sha256;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Ending of a copy that is not yet whole.
const UNFINISHED: &str = "tmp";

/// The folder of copies.
#[derive(Debug)]
pub struct Keeper {
    folder: PathBuf,
}

impl Keeper {
    /// The copies in `folder`, which is made if it is not there. Unfinished copies of a run that was killed
    /// are removed: nothing names them.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(folder: &Path) -> io::Result<Self> {
        if !folder.is_dir() {
            std::fs::create_dir_all(folder)?;
            for part in folder.ancestors().skip(1).take(2) {
                sync_folder(part)?;
            }
        }
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == UNFINISHED) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where the copies are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the copy of the file with this hash that begins with `bytes`.
    #[must_use]
    pub fn name(image: &Sha256, bytes: &[u8]) -> String {
        use crate::source::Format;
        let ending = match Format::of(bytes) {
            Some(Format::Jpeg) => "jpg",
            Some(Format::Png) => "png",
            Some(Format::Tiff) => "tif",
            Some(Format::Pdf) => "pdf",
            None => "bin",
        };
        format!("{image}.{ending}")
    }

    /// Makes the copy `name` of `bytes`, safe on the disk but for its entry in the folder
    /// ([`Keeper::settle`]). A copy that is there and whole stays.
    ///
    /// # Errors
    ///
    /// What the system says: above all a full disk. Nothing named is left behind then.
    pub(super) fn keep(&self, name: &str, image: &Sha256, bytes: &Bytes, length: u64) -> io::Result<()> {
        let path = self.folder.join(name);
        if is_whole(&path, image, length) {
            return Ok(());
        }
        let temporary = self.temporary(image);
        let written = create(&temporary).and_then(|mut file| {
            bytes.write_to(&mut file)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)
        });
        written.inspect_err(|_| {
            // What can't be removed now is removed by the next run.
            let _ = std::fs::remove_file(&temporary);
        })
    }

    /// Makes the copy `name` of `bytes`, safe on the disk with its entry in the folder: a record may name it.
    ///
    /// # Errors
    ///
    /// As [`Keeper::settle`].
    pub fn keep_now(&self, name: &str, image: &Sha256, bytes: Vec<u8>) -> io::Result<()> {
        let length = bytes.len() as u64;
        self.keep(name, image, &Bytes::Held(bytes), length)?;
        self.settle()
    }

    /// Where the copy of the file with this hash is written before it is whole.
    fn temporary(&self, image: &Sha256) -> PathBuf {
        self.folder.join(format!(".{image}.{UNFINISHED}"))
    }

    /// Brings the folder's entries to the disk: from now on a record may name the copies.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn settle(&self) -> io::Result<()> {
        sync_folder(&self.folder)
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Cards bear names: as the record itself, copies are their owner's alone.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn is_whole(path: &Path, image: &Sha256, length: u64) -> bool {
    let there = std::fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() == length);
    there && hash_of(path).is_ok_and(|found| found == *image)
}

/// The hash of a file's bytes, read a piece at a time.
///
/// # Errors
///
/// What the system says.
pub fn hash_of(path: &Path) -> io::Result<Sha256> {
    Ok(Sha256::of_reader(&mut File::open(path)?)?.0)
}

/// Bytes of a piece: reading in smaller ones costs calls, larger ones fall out of the cache.
pub(super) const PIECE: usize = 256 * 1024;

/// Brings a folder's entries to the disk, where the system has a way to.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        // Some network file systems know no such call for folders; there the server decides.
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        outcome => outcome,
    }
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper() -> (tempfile::TempDir, Keeper) {
        let dir = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(&dir.path().join("scans/originals")).unwrap();
        (dir, keeper)
    }

    fn names(keeper: &Keeper) -> Vec<String> {
        let entries = std::fs::read_dir(keeper.folder()).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_copy_has_the_bytes_and_its_hash_as_name() {
        let (_dir, keeper) = keeper();
        let bytes = b"\xff\xd8\xff a picture";
        let image = Sha256::of(bytes);
        let name = Keeper::name(&image, bytes);
        assert_eq!(name, format!("{image}.jpg"));
        for _ in 0..2 {
            keeper.keep(&name, &image, &Bytes::Held(bytes.to_vec()), bytes.len() as u64).unwrap();
            keeper.settle().unwrap();
        }
        assert_eq!(names(&keeper), std::slice::from_ref(&name));
        assert_eq!(hash_of(&keeper.folder().join(name)).unwrap(), image);
    }

    #[test]
    fn a_copy_that_is_not_what_it_says_is_made_again() {
        let (_dir, keeper) = keeper();
        let image = Sha256::of(b"bytes");
        std::fs::write(keeper.folder().join("copy.bin"), b"BYTES").unwrap();
        keeper.keep("copy.bin", &image, &Bytes::Held(b"bytes".to_vec()), 5).unwrap();
        assert_eq!(std::fs::read(keeper.folder().join("copy.bin")).unwrap(), b"bytes");
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_nothing_else() {
        let (dir, keeper) = keeper();
        std::fs::write(keeper.folder().join(".abc.tmp"), b"half").unwrap();
        std::fs::write(keeper.folder().join("abc.jpg"), b"whole").unwrap();
        let again = Keeper::open(&dir.path().join("scans/originals")).unwrap();
        assert_eq!(names(&again), ["abc.jpg"]);
    }
}
