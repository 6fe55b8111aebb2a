//! Where the pictures are that were read: the names of files in the record, the session's copies, and whether
//! they are still what was read.

use super::{Session, SessionError};
use crate::batch::{Keeper, hash_of};
use crate::sheet::Sha256;
use std::path::{Path, PathBuf};

/// The folder of the session's copies.
const COPIES: [&str; 2] = ["scans", "originals"];

/// Endings of the session's copies.
const ENDINGS: [&str; 5] = ["jpg", "png", "tif", "pdf", "bin"];

/// Begins a name in the record that is no plain text; `%` and two hexadecimal digits stand for a byte.
const RAW: &str = "raw:";

/// Which files the session keeps copies of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Originals {
    /// Those that lie outside of its folder: what lies in it moves, and is saved, with it.
    #[default]
    CopyOutside,
    /// All.
    Copy,
    /// None: whoever owns the files must keep them.
    Refer,
}

/// A file whose picture is not where the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its hash.
    pub image: Sha256,
    /// Where it was.
    pub path: String,
    /// What is wrong.
    pub why: LostWhy,
}

/// What is wrong with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostWhy {
    /// There is no such file.
    Gone,
    /// The file there has other bytes.
    Differs,
    /// The system refuses it.
    Unreadable(std::io::ErrorKind),
}

impl LostWhy {
    /// The word for it, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Differs => "differs",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// What a look at the pictures came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OriginalsChecked {
    /// Files in the record.
    pub files: usize,
    /// Of how many the session keeps a copy.
    pub copies: usize,
    /// Files whose picture is nowhere where it should be.
    pub lost: Vec<Lost>,
    /// Copies that no record names: a run was killed between the copy and the record.
    pub strays: Vec<PathBuf>,
}

/// How thoroughly pictures are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Whether a file of the right length is there.
    There,
    /// Whether its bytes are those that were read.
    Bytes,
}

impl Session {
    /// The folder of the session's own copies.
    pub(super) fn copies(&self) -> PathBuf {
        self.folder.join(COPIES[0]).join(COPIES[1])
    }

    /// Where a file's bytes may be found: the session's copy first, then the names it came in under. Each with
    /// what it is called.
    pub(super) fn places(&self, image: &Sha256) -> Result<Vec<(String, PathBuf)>, SessionError> {
        let paths = self.store.paths(image)?;
        let first = paths.first().cloned().unwrap_or_default();
        let copy = self.store.original(image)?.map(|name| (first, self.copies().join(name)));
        let named = paths.into_iter().map(|path| {
            let place = self.folder.join(path_of(&path));
            (path, place)
        });
        // A session that was restored from an archive has every picture as a copy, named in the record or not.
        let archived = ENDINGS.iter().map(|ending| {
            let name = format!("{image}.{ending}");
            (name.clone(), self.copies().join(name))
        });
        Ok(copy.into_iter().chain(named).chain(archived.filter(|(_, place)| place.is_file())).collect())
    }

    /// Looks whether every picture in the record is still where it should be.
    ///
    /// # Errors
    ///
    /// A failure of the record, or of the folder of copies.
    pub fn check_originals(&self, depth: Depth) -> Result<OriginalsChecked, SessionError> {
        let mut checked = OriginalsChecked::default();
        let mut named = std::collections::BTreeSet::new();
        let mut images = std::collections::BTreeSet::new();
        for (image, length) in self.store.files()? {
            checked.files += 1;
            images.insert(image);
            let kept = self.store.original(&image)?;
            checked.copies += usize::from(kept.is_some());
            named.extend(kept.clone());
            let mut lost = None;
            // A copy must be whole itself; of a file that is only referred to, one name that holds is enough.
            let places = self.places(&image)?;
            for (path, place) in places.into_iter().take(if kept.is_some() { 1 } else { usize::MAX }) {
                match state_of(&place, &image, length, depth) {
                    None => {
                        lost = None;
                        break;
                    }
                    Some(why) => lost = lost.or(Some(Lost { image, path, why })),
                }
            }
            checked.lost.extend(lost);
        }
        let folder = self.copies();
        if folder.is_dir() {
            let listing =
                std::fs::read_dir(&folder).map_err(|e| SessionError::file("look at", &folder, e))?;
            for entry in listing {
                let name = entry.map_err(|e| SessionError::file("look at", &folder, e))?.file_name();
                let known = |name: &str| {
                    let image = name.split('.').next().and_then(|stem| stem.parse::<Sha256>().ok());
                    named.contains(name) || image.is_some_and(|image| images.contains(&image))
                };
                if !name.to_str().is_some_and(known) {
                    checked.strays.push(folder.join(name));
                }
            }
            checked.strays.sort();
        }
        Ok(checked)
    }
}

/// What is wrong with the file at `place`, if anything is.
fn state_of(place: &Path, image: &Sha256, length: u64, depth: Depth) -> Option<LostWhy> {
    let facts = match std::fs::metadata(place) {
        Ok(facts) => facts,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Some(LostWhy::Gone),
        Err(e) => return Some(LostWhy::Unreadable(e.kind())),
    };
    if !facts.is_file() || facts.len() != length {
        return Some(LostWhy::Differs);
    }
    match depth {
        Depth::There => None,
        Depth::Bytes => match hash_of(place) {
            Ok(found) if found == *image => None,
            Ok(_) => Some(LostWhy::Differs),
            Err(e) => Some(LostWhy::Unreadable(e.kind())),
        },
    }
}

/// Whether a copy of the file at `path` is to be kept by a session in `root` (a canonical path).
pub(super) fn is_kept(originals: Originals, root: &Path, path: &Path) -> bool {
    match originals {
        Originals::Copy => true,
        Originals::Refer => false,
        Originals::CopyOutside => !path.canonicalize().is_ok_and(|whole| whole.starts_with(root)),
    }
}

/// How the copies in `root` are called from outside of a session: the folder of them.
pub(super) fn keeper(folder: &Path) -> Result<Keeper, SessionError> {
    Keeper::open(folder).map_err(|e| SessionError::file("prepare", folder, e))
}

/// How a file is called in the record: relative to the session's folder where it lies in it, so that the
/// folder can be moved. A name that is no text is written with its bytes.
pub(super) fn recorded_name(root: &Path, path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    written(whole.strip_prefix(root).unwrap_or(&whole))
}

/// A path as text that [`path_of`] reads back: itself, or its bytes where it is no text.
fn written(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.starts_with(RAW) => text.to_owned(),
        _ => escaped(path),
    }
}

fn escaped(name: &Path) -> String {
    let mut out = RAW.to_owned();
    for byte in name.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_graphic() && *byte != b'%' {
            out.push(char::from(*byte));
        } else {
            use std::fmt::Write as _;
            // Writing to a string can't fail.
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

/// The path that a name in the record stands for.
pub(super) fn path_of(name: &str) -> PathBuf {
    let Some(raw) = name.strip_prefix(RAW) else { return PathBuf::from(name) };
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(escaped) = hex.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(escaped);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    from_bytes(bytes)
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_in_the_folder_are_relative_and_text_stays_text() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::write(root.join("考场 1%.jpg"), b"x").unwrap();
        assert_eq!(recorded_name(&root, &root.join("考场 1%.jpg")), "考场 1%.jpg");
        assert_eq!(recorded_name(&root, Path::new("/no/such/file.jpg")), "/no/such/file.jpg");
        assert_eq!(recorded_name(&root, Path::new("raw:x")), "raw:raw:x");
        assert_eq!(recorded_name(&root, &root.join("..").join(root.file_name().unwrap()).join(".")), "");
        assert_eq!(path_of("raw:raw:x"), Path::new("raw:x"));
        assert_eq!(path_of("a%20b"), Path::new("a%20b"));
    }

    #[cfg(unix)]
    proptest! {
        #[test]
        fn every_name_comes_back(
            start in proptest::sample::select(&["", "raw:", "%"][..]),
            bytes in proptest::collection::vec(1u8..=255, 1..40),
        ) {
            let path = from_bytes([start.as_bytes(), &bytes].concat());
            // Two names for one file are no harm; one name for two files would be. Compared byte for byte: paths
            // that differ in a last `/` alone are equal to each other.
            prop_assert_eq!(path_of(&written(&path)).into_os_string(), path.into_os_string());
        }
    }
}
