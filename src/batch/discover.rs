//! Which files a scan takes in.

use super::BatchError;
use crate::source::Format;
use std::path::{Path, PathBuf};

/// The files that `paths` name: each file itself, and of each folder (and the folders in it) the image
/// files in order of their names. A file named twice is there once.
///
/// # Errors
///
/// [`BatchError::Path`] for a path that can't be looked at, [`BatchError::Empty`] if there is nothing
/// to read.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, BatchError> {
    let mut out = Vec::new();
    for path in paths {
        let facts =
            std::fs::metadata(path).map_err(|source| BatchError::Path { path: path.clone(), source })?;
        if facts.is_dir() {
            walk(path, &mut out)?;
        } else {
            out.push(path.clone());
        }
    }
    let mut seen = std::collections::HashSet::new();
    out.retain(|path| seen.insert(path.clone()));
    if out.is_empty() {
        return Err(BatchError::Empty { paths: paths.to_vec() });
    }
    Ok(out)
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), BatchError> {
    let failed = |source| BatchError::Path { path: folder.to_owned(), source };
    let mut entries =
        std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links to folders are not followed: they may lead back.
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&path, out)?;
        } else if path
            .extension()
            .is_some_and(|e| Format::ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)))
        {
            out.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_images_in_order_and_a_named_file_is_always_taken() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("b")).unwrap();
        for name in ["c.JPG", "a.png", "notes.txt", "b/x.tif"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        let found = discover(&[root.to_owned(), root.join("notes.txt"), root.join("a.png")]).unwrap();
        let names: Vec<_> = found.iter().map(|p| p.strip_prefix(root).unwrap().to_owned()).collect();
        assert_eq!(names, ["a.png", "b/x.tif", "c.JPG", "notes.txt"].map(PathBuf::from));
    }

    #[test]
    fn nothing_to_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(discover(&[folder.path().to_owned()]), Err(BatchError::Empty { .. })));
        assert!(matches!(discover(&[folder.path().join("no")]), Err(BatchError::Path { .. })));
    }
}
