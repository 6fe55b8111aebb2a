//! Pictures of what was seen, one a page.

use crate::cli::Failure;
use crate::cli::files::{Existing, Readers, write_whole};
use duka::layout::Layout;
use duka::publish::{self, Traced};
use duka::read::Reading;
use duka::register::Registration;
use duka::settle;
use duka::sheet::Cause;
use duka::source::Page;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where pictures go, and what each file's are called.
pub struct Tracer {
    folder: PathBuf,
    stems: BTreeMap<PathBuf, String>,
}

impl Tracer {
    /// Pictures into `folder`, which is made if it is not there. Files of the same name from different folders
    /// get pictures of different names.
    pub fn new(folder: &Path, files: &[PathBuf]) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|e| {
            let hint = match e.kind() {
                std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
                    "a file stands there: name another folder for --trace"
                }
                _ => "name a folder for --trace where you may write",
            };
            Failure::new(format!("can't make the folder {}: {e}", folder.display()), Some(hint))
        })?;
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut stems = BTreeMap::new();
        for file in files {
            if stems.contains_key(file) {
                continue;
            }
            let stem = file.file_stem().map_or_else(|| "page".into(), |s| s.to_string_lossy().into_owned());
            let mut name = stem.clone();
            for number in 2u32.. {
                // Some file systems don't tell A from a.
                if taken.insert(name.to_lowercase()) {
                    break;
                }
                name = format!("{stem}~{number}");
            }
            stems.insert(file.clone(), name);
        }
        Ok(Self { folder: folder.to_owned(), stems })
    }

    /// Writes the picture of a page that was read.
    pub fn read(
        &self,
        file: &Path,
        page: &Page,
        registration: &Registration,
        layout: &Layout,
        reading: &Reading,
    ) -> Result<(), Failure> {
        let (responses, held) = settle::responses(reading);
        let name = title(file, page);
        let png = publish::trace(&Traced {
            name: &name,
            page,
            registration,
            layout,
            reading,
            responses: &responses,
            held: &held,
        });
        self.write(file, page, &png)
    }

    /// Writes the picture of a page that was not read.
    pub fn unread(&self, file: &Path, page: &Page, cause: &Cause) -> Result<(), Failure> {
        let png = publish::trace_unread(&title(file, page), page, &cause.to_string());
        self.write(file, page, &png)
    }

    fn write(&self, file: &Path, page: &Page, png: &[u8]) -> Result<(), Failure> {
        let stem = self.stems.get(file).map_or("page", String::as_str);
        let number = page.sheet.page;
        let name = if number > 1 { format!("{stem}.p{number}.png") } else { format!("{stem}.png") };
        write_whole(&self.folder.join(name), png, Existing::Replace, Readers::Usual)
    }
}

/// What a page is called on its picture.
fn title(file: &Path, page: &Page) -> String {
    let name = file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    format!("{name} page {}", page.sheet.page)
}
