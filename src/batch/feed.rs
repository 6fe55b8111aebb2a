//! A file is taken from the disk: checked, brought into the program's own hands, and hashed.
//!
//! What is hashed is what is read: the bytes are held in memory or, for a large file, in a file of the
//! program's own, so that nobody can change them between the two.

use super::keep::PIECE;
use super::{MOST_BYTES, Unread};
use crate::sheet::{Channel, Sha256};
use crate::source::{self, Pages};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Files up to this length are held in memory: colour A4 at 300 dpi as plain TIFF has 26 MB. Several are in
/// flight at once; larger ones go through a file of the program's own.
const IN_MEMORY: u64 = 32 << 20;

/// Bytes by which a format is known: PDFs may have something in front of their header.
const BEGINNING: usize = 1024;

/// How often a file that changes while it is read is tried, and how long to wait in between: a scanner's
/// last write is over in that time, a file that is still being written is not.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// A file's bytes, out of everybody else's reach.
#[derive(Debug)]
pub(super) enum Bytes {
    /// In memory.
    Held(Vec<u8>),
    /// In a file that is removed when it is no longer needed.
    Spooled(tempfile::NamedTempFile),
}

/// A file that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) image: Sha256,
    pub(super) length: u64,
    pub(super) bytes: Bytes,
}

impl Bytes {
    /// The pages of the file; only those that are asked for are decoded.
    pub(super) fn pages(&self, channel: Channel) -> io::Result<Pages<'_>> {
        let options = source::Options { channel };
        match self {
            Self::Held(bytes) => Ok(source::decode_with(bytes, &options)),
            Self::Spooled(file) => source::open(file.path(), &options),
        }
    }
}

impl Bytes {
    /// The first bytes, by which a format is known.
    pub(super) fn beginning(&self) -> Vec<u8> {
        match self {
            Self::Held(bytes) => bytes.iter().take(BEGINNING).copied().collect(),
            Self::Spooled(file) => {
                let mut bytes = vec![0; BEGINNING];
                // What can't be read is of no known format.
                let n = read_at(file.as_file(), &mut bytes, 0).unwrap_or(0);
                bytes.truncate(n);
                bytes
            }
        }
    }

    /// Writes all bytes to `out`.
    pub(super) fn write_to(&self, out: &mut File) -> io::Result<()> {
        match self {
            Self::Held(bytes) => out.write_all(bytes),
            Self::Spooled(file) => {
                // By place and not by seeking: a worker reads the same file.
                let mut piece = vec![0; PIECE];
                let mut at = 0;
                loop {
                    let n = read_at(file.as_file(), &mut piece, at)?;
                    if n == 0 {
                        return Ok(());
                    }
                    out.write_all(&piece[..n])?;
                    at += n as u64;
                }
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, piece, at)
}

#[cfg(windows)]
fn read_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, piece, at)
}

/// How the names of spooled files begin.
const SPOOLED: &str = ".duka-spool-";

/// Removes what a killed run left in `spool`.
///
/// # Errors
///
/// What the system says.
pub fn sweep(spool: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(spool)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(SPOOLED) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Takes the file at `path`; a large one by way of a file of our own in `spool`.
pub(super) fn take(path: &Path, spool: &Path) -> Result<Taken, Unread> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        if let Some(taken) = attempt_at(path, spool)? {
            return Ok(taken);
        }
    }
    Err(Unread::Changing)
}

/// One attempt; `None` if the file changed meanwhile.
fn attempt_at(path: &Path, spool: &Path) -> Result<Option<Taken>, Unread> {
    let refused = |e: io::Error| Unread::System(e.kind());
    // Asked before the file is opened: opening a pipe or a device can have effects.
    if !std::fs::metadata(path).map_err(refused)?.is_file() {
        return Err(Unread::NotAFile);
    }
    let mut file = open(path).map_err(refused)?;
    let before = state_of(&file)?;
    if before.length > MOST_BYTES {
        return Err(Unread::TooLarge);
    }
    let (image, length, bytes) = if before.length <= IN_MEMORY {
        let mut bytes = Vec::with_capacity(usize::try_from(before.length).unwrap_or(0) + 1);
        (&mut file).take(IN_MEMORY + 1).read_to_end(&mut bytes).map_err(refused)?;
        (Sha256::of(&bytes), bytes.len() as u64, Bytes::Held(bytes))
    } else {
        spooled(&mut file, spool).map_err(refused)?
    };
    let same = length == before.length && state_of(&file)? == before;
    Ok(same.then_some(Taken { image, length, bytes }))
}

fn spooled(file: &mut File, spool: &Path) -> io::Result<(Sha256, u64, Bytes)> {
    let mut own = tempfile::Builder::new().prefix(SPOOLED).tempfile_in(spool)?;
    // A file that grows without end is cut off, and found to have changed.
    let mut copying = Copying { from: file.take(MOST_BYTES + 1), to: own.as_file_mut() };
    let (image, length) = Sha256::of_reader(&mut copying)?;
    Ok((image, length, Bytes::Spooled(own)))
}

/// Gives what `from` gives and writes it to `to`.
struct Copying<R, W> {
    from: R,
    to: W,
}

impl<R: io::Read, W: io::Write> io::Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buffer)?;
        self.to.write_all(&buffer[..n])?;
        Ok(n)
    }
}

/// Opens without waiting: where a pipe has taken the file's place since it was looked at, waiting for its
/// other end would take forever.
fn open(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(path)
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
}

fn state_of(file: &File) -> Result<State, Unread> {
    let facts = file.metadata().map_err(|e| Unread::System(e.kind()))?;
    if !facts.is_file() {
        return Err(Unread::NotAFile);
    }
    Ok(State { length: facts.len(), modified: facts.modified().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_with_its_hash_however_large_it_is() {
        let dir = tempfile::tempdir().unwrap();
        for length in [0, 5, IN_MEMORY + 3] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let path = dir.path().join("file");
            std::fs::write(&path, &bytes).unwrap();
            let taken = take(&path, dir.path()).unwrap();
            assert_eq!((taken.image, taken.length), (Sha256::of(&bytes), length));
            let mut copy = tempfile::NamedTempFile::new().unwrap();
            taken.bytes.write_to(copy.as_file_mut()).unwrap();
            assert_eq!(std::fs::read(copy.path()).unwrap(), bytes);
            assert_eq!(taken.bytes.pages(Channel::Luma).unwrap().hash(), taken.image);
            assert_eq!(taken.bytes.beginning(), bytes[..bytes.len().min(BEGINNING)]);
            assert_eq!(matches!(taken.bytes, Bytes::Spooled(_)), length > IN_MEMORY);
            drop(taken);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the spool is gone");
        }
    }

    #[test]
    fn what_is_no_file_is_told_and_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            take(&dir.path().join("no"), dir.path()).unwrap_err(),
            Unread::System(io::ErrorKind::NotFound)
        );
        assert_eq!(take(dir.path(), dir.path()).unwrap_err(), Unread::NotAFile);
        #[cfg(unix)]
        {
            let socket = dir.path().join("socket.jpg");
            let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            assert_eq!(take(&socket, dir.path()).unwrap_err(), Unread::NotAFile);
            assert_eq!(take(Path::new("/dev/zero"), dir.path()).unwrap_err(), Unread::NotAFile);
        }
    }

    #[test]
    fn what_a_killed_run_spooled_is_swept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".duka-spool-Ab1", "duka.db", "a.jpg"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        sweep(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_grows_all_the_time_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("growing");
        // Long enough that the writer gets its turn while it is read.
        std::fs::write(&path, vec![1; 30 << 20]).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    file.write_all(b"more").unwrap();
                    std::thread::yield_now();
                }
            });
            std::thread::sleep(Duration::from_millis(20));
            let outcome = take(&path, dir.path());
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            outcome
        });
        assert!(matches!(outcome, Err(Unread::Changing)));
    }
}
