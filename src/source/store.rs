//! Where a file's bytes are: in memory or on the disk.

use crate::sheet::DecodeFault;
use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::SystemTime;

/// The bytes of one file.
pub(super) enum Store<'b> {
    /// In the caller's memory.
    Lent(&'b [u8]),
    /// In ours.
    Held(Vec<u8>),
    /// On the disk; only what is asked for is read.
    Disk(Disk),
}

/// An open file, and what it was like when its hash was made.
pub(super) struct Disk {
    file: File,
    length: u64,
    modified: Option<SystemTime>,
}

impl Disk {
    /// The file as it is now.
    pub(super) fn new(file: File) -> std::io::Result<Self> {
        let facts = file.metadata()?;
        Ok(Self { length: facts.len(), modified: facts.modified().ok(), file })
    }

    /// Whether the file is still the one that was hashed, as far as the system tells.
    fn unchanged(&self) -> bool {
        let same =
            |facts: std::fs::Metadata| facts.len() == self.length && facts.modified().ok() == self.modified;
        self.file.metadata().is_ok_and(same)
    }
}

impl Store<'_> {
    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Lent(bytes) => bytes.len() as u64,
            Self::Held(bytes) => bytes.len() as u64,
            Self::Disk(disk) => disk.length,
        }
    }

    /// The `length` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::Truncated`] if the file ends before; nothing is set aside for them then.
    pub(super) fn at(&mut self, offset: u64, length: u64) -> Result<Cow<'_, [u8]>, DecodeFault> {
        let end = offset.checked_add(length).filter(|&end| end <= self.length());
        let end = end.ok_or(DecodeFault::Truncated)?;
        let range = || Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?);
        match self {
            Self::Lent(bytes) => range().and_then(|r| bytes.get(r)).map(Cow::Borrowed),
            Self::Held(bytes) => range().and_then(|r| bytes.get(r)).map(Cow::Borrowed),
            Self::Disk(disk) => {
                let mut out = vec![0; usize::try_from(length).map_err(|_| DecodeFault::TooLarge)?];
                let read =
                    disk.file.seek(SeekFrom::Start(offset)).and_then(|_| disk.file.read_exact(&mut out));
                // A file that has become shorter has changed.
                read.map_err(|e| match e.kind() {
                    std::io::ErrorKind::UnexpectedEof => DecodeFault::Changed,
                    _ => DecodeFault::Unreadable,
                })?;
                return Ok(Cow::Owned(out));
            }
        }
        .ok_or(DecodeFault::Truncated)
    }

    /// That a file on the disk is still the one that was hashed.
    ///
    /// # Errors
    ///
    /// [`DecodeFault::Changed`].
    pub(super) fn unchanged(&self) -> Result<(), DecodeFault> {
        match self {
            Self::Disk(disk) if !disk.unchanged() => Err(DecodeFault::Changed),
            _ => Ok(()),
        }
    }

    /// All bytes of a file that is in memory.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        match self {
            Self::Lent(bytes) => Some(bytes),
            Self::Held(bytes) => Some(bytes),
            Self::Disk(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn bytes_come_from_memory_and_from_the_disk_alike() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let disk = Store::Disk(Disk::new(file.try_clone().unwrap()).unwrap());
        for mut store in [Store::Lent(b"0123456789"), Store::Held(b"0123456789".to_vec()), disk] {
            assert_eq!(store.length(), 10);
            assert_eq!(&*store.at(3, 4).unwrap(), b"3456");
            assert_eq!(&*store.at(10, 0).unwrap(), b"");
            assert_eq!(store.at(8, 3), Err(DecodeFault::Truncated));
            assert_eq!(store.at(u64::MAX, 2), Err(DecodeFault::Truncated));
            assert_eq!(store.unchanged(), Ok(()));
        }
    }

    #[test]
    fn a_file_that_grows_or_shrinks_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut store = Store::Disk(Disk::new(file.try_clone().unwrap()).unwrap());
        file.set_len(5).unwrap();
        assert_eq!(store.unchanged(), Err(DecodeFault::Changed));
        assert_eq!(store.at(3, 4), Err(DecodeFault::Changed));
    }
}
