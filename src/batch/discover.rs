//! Which files a scan takes in.

use super::{BatchError, Unread};
use crate::source::Format;
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// Folders within the given ones that can't be looked into, and why.
    pub unreadable: Vec<(PathBuf, Unread)>,
}

/// The files that `paths` name: each file itself, and of each folder (and the folders in it) the image
/// files in order of their names. A file named twice is there once.
///
/// Only files that are images by their ending are taken from folders; what begins with `.` or `~` is a program's
/// temporary file and is passed over, and links to folders are not followed, since they may lead back.
/// A file that is named itself is always taken.
///
/// # Errors
///
/// [`BatchError::Path`] for a path that can't be looked at, [`BatchError::Empty`] if there is nothing
/// to read.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, BatchError> {
    let found = find(paths, None)?;
    if found.files.is_empty() {
        return Err(BatchError::Empty { paths: paths.to_vec() });
    }
    Ok(found.files)
}

/// As [`discover`], but nothing found is no error, folders that can't be looked into are told, and the folder
/// `except` is passed over.
///
/// # Errors
///
/// [`BatchError::Path`] for a given path that can't be looked at.
pub fn find(paths: &[PathBuf], except: Option<&Path>) -> Result<Found, BatchError> {
    let mut found = Found::default();
    for path in paths {
        let failed = |source| BatchError::Path { path: path.clone(), source };
        if std::fs::metadata(path).map_err(failed)?.is_dir() {
            // The folder itself must be there; within it, what can't be read is told.
            std::fs::read_dir(path).map_err(failed)?;
            walk(path, except, &mut found);
        } else {
            found.files.push(path.clone());
        }
    }
    if paths.len() > 1 {
        let mut seen = std::collections::HashSet::new();
        found.files.retain(|path| seen.insert(path.clone()));
    }
    Ok(found)
}

/// Adds the images of a folder and those in it.
fn walk(folder: &Path, except: Option<&Path>, found: &mut Found) {
    if except.is_some_and(|except| except.file_name() == folder.file_name() && same(except, folder)) {
        return;
    }
    let mut entries = match std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => {
            found.unreadable.push((folder.to_owned(), Unread::System(error.kind())));
            return;
        }
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A file whose kind can't be told is told when it is read.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, except, found);
        } else if is_image(&path) {
            found.files.push(path);
        }
    }
}

fn is_image(path: &Path) -> bool {
    let temporary = path
        .file_name()
        .is_none_or(|name| matches!(name.as_encoded_bytes().first(), None | Some(b'.' | b'~')));
    !temporary
        && path.extension().is_some_and(|e| Format::ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

fn same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, files: &[PathBuf]) -> Vec<String> {
        files.iter().map(|p| p.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_folder_gives_its_images_in_order_and_a_named_file_is_always_taken() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("b")).unwrap();
        for name in ["c.JPG", "a.png", "notes.txt", "b/x.tif", ".a.jpg", "~a.jpg", "d.jpg.part", "._c.JPG"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        let found = discover(&[root.to_owned(), root.join("notes.txt"), root.join("a.png")]).unwrap();
        assert_eq!(names(root, &found), ["a.png", "b/x.tif", "c.JPG", "notes.txt"]);
        let hidden = discover(&[root.join(".a.jpg")]).unwrap();
        assert_eq!(names(root, &hidden), [".a.jpg"]);
    }

    #[test]
    fn nothing_to_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(discover(&[folder.path().to_owned()]), Err(BatchError::Empty { .. })));
        assert!(matches!(discover(&[folder.path().join("no")]), Err(BatchError::Path { .. })));
    }

    #[test]
    fn the_copies_of_the_session_are_no_scans() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("originals")).unwrap();
        std::fs::create_dir_all(root.join("in/originals")).unwrap();
        for name in ["originals/a.jpg", "in/originals/b.jpg"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        let found = find(&[root.to_owned()], Some(&root.join("originals"))).unwrap();
        assert_eq!(names(root, &found.files), ["in/originals/b.jpg"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle_end() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("a")).unwrap();
        std::os::unix::fs::symlink(root, root.join("a/back")).unwrap();
        std::os::unix::fs::symlink("self.jpg", root.join("self.jpg")).unwrap();
        std::fs::write(root.join("a/x.jpg"), b"x").unwrap();
        let found = find(&[root.to_owned()], None).unwrap();
        assert_eq!(
            names(root, &found.files),
            ["a/x.jpg", "self.jpg"],
            "the link to itself is told when read"
        );
    }
}
