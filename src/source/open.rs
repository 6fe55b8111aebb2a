//! Files on the disk.

use super::store::{Disk, Store};
use super::{Format, Options, Pages, State};
use crate::sheet::{DecodeFault, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// TIFF files up to this many bytes are held in memory: at 8 MB a page of 300 dpi is one read and not
/// hundreds of small ones. More, and a run of several workers holds more than it needs.
const MOST_TIFF_HELD: u64 = 8 << 20;

/// The largest file that is held in memory: JPEG, PNG and PDF, of which all bytes must be there at once. 5 000
/// pages of gray JPEG at 200 dpi come to about 1.5 GB in one PDF; twice this limit no longer fits a desk machine.
const MOST_HELD: u64 = 1 << 30;

/// The pages of the image file at `path`.
///
/// The hash is made first, and no page is decoded before it is asked for. A TIFF of more than a few megabytes
/// stays on the disk and is read page by page, so that its number of pages costs no memory; the other formats
/// are held in memory whole, up to a gigabyte.
///
/// # Errors
///
/// That of the system, if the file can't be opened or read. What is wrong with its content is told in place
/// of its first page.
///
/// # Example
///
/// ```
/// use duka::source::{self, Options};
/// let mut pages = source::open("samples/scans/room-101-01.png".as_ref(), &Options::default())?;
/// let (sheet, page) = pages.next().unwrap();
/// assert_eq!(sheet.image, pages.hash());
/// assert!(page?.width > 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open(path: &Path, options: &Options) -> io::Result<Pages<'static>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = Vec::new();
    (&mut file).take(Format::HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let tiff = Format::of(&head) == Some(Format::Tiff);
    let pages = |hash, length, state| Pages { hash, length, next: 1, options: *options, state };
    if length <= if tiff { MOST_TIFF_HELD } else { MOST_HELD } {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        // A file that still grows is read as far as it was when it was opened.
        file.take(length).read_to_end(&mut bytes)?;
        let hash = Sha256::of(&bytes);
        return Ok(pages(hash, bytes.len() as u64, State::Closed(Store::Held(bytes))));
    }
    let disk = Disk::new(file.try_clone()?)?;
    let (hash, read) = Sha256::of_reader(&mut file)?;
    let store = Store::Disk(disk);
    let state = if read != store.length() || store.unchanged().is_err() {
        State::Failed(DecodeFault::Changed)
    } else if tiff {
        State::Closed(store)
    } else {
        State::Failed(DecodeFault::TooLarge)
    };
    Ok(pages(hash, read, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_bytes_give_the_same_pages() {
        let path = Path::new("samples/scans/room-101-01.png");
        let bytes = std::fs::read(path).unwrap();
        let opened: Vec<_> = open(path, &Options::default()).unwrap().collect();
        assert_eq!(opened, super::super::decode(&bytes).collect::<Vec<_>>());
        assert!(open(Path::new("samples"), &Options::default()).is_err());
        assert!(open(Path::new("no/such/file"), &Options::default()).is_err());
    }

    #[test]
    fn a_file_that_can_not_be_held_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.pdf");
        let mut file = File::create(&path).unwrap();
        io::Write::write_all(&mut file, b"%PDF-1.4\n").unwrap();
        // A hole in the file: no disk is filled.
        file.set_len(MOST_HELD + 1).unwrap();
        let mut pages = open(&path, &Options::default()).unwrap();
        assert_eq!(pages.length(), MOST_HELD + 1);
        assert_eq!(pages.next().unwrap().1, Err(DecodeFault::TooLarge));
        assert!(pages.next().is_none());
    }
}
