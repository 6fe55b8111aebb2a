//! Which files are read.

use crate::cli::Failure;
use duka::source::Format;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The files that `paths` name, in their order: a file is itself, a folder is the images in it and in its
/// folders, sorted by path. Every one of them can be opened.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut empty = Vec::new();
    for path in paths {
        let found = fs::metadata(path).map_err(|e| Failure::file("read", path, &e))?;
        if found.is_dir() {
            let mut images = BTreeSet::new();
            collect(path, &mut Vec::new(), &mut images)?;
            if images.is_empty() {
                empty.push(path.display().to_string());
            }
            files.extend(images);
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() {
        let what = format!("there are no images in {}", empty.join(", "));
        let hint = "a folder is searched for files ending in .jpg, .jpeg, .png, .tif, .tiff and .pdf; name files with another ending themselves";
        return Err(Failure::new(what, Some(hint)));
    }
    for path in empty {
        eprintln!("note: there are no images in {path}");
    }
    for path in files.iter().filter(|p| p.is_file()) {
        File::open(path).map_err(|e| Failure::file("read", path, &e))?;
    }
    Ok(files)
}

/// Adds the images below `folder`. `above` are the folders that lead here: a link back to one of them is
/// not followed.
fn collect(folder: &Path, above: &mut Vec<PathBuf>, images: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    let refused = |error: &std::io::Error| Failure::file("read", folder, error);
    let real = folder.canonicalize().map_err(|e| refused(&e))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for entry in fs::read_dir(folder).map_err(|e| refused(&e))? {
        let entry = entry.map_err(|e| refused(&e))?;
        let path = entry.path();
        // Files that other systems leave beside pictures (`._a.jpg`) are no pictures.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, above, images)?;
        } else if is_image(&path) {
            images.insert(path);
        }
    }
    above.pop();
    Ok(())
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|e| Format::ENDINGS.contains(&e.as_str()))
}
