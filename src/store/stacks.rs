//! The order in which sheets lay in the stacks that they were scanned from.
//!
//! A stack is a folder of the files that came in, in the order of their names, each with its pages. Numbers in names are compared as
//! numbers: `Scan 9` lies before `Scan 10`. A file lies where it came
//! in first; a path under which several files came in at one time or another says nothing.

use super::derived::Derived;
use super::{Fault, Store, StoreError, parse};
use crate::sheet::{Sha256, SheetId};
use rusqlite::{OptionalExtension, Transaction};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A question about files at the places where they lie, and how it ends.
macro_rules! lying {
    ($question:literal, $end:literal) => {
        concat!(
            $question,
            " f.seq = (SELECT MIN(seq) FROM file_paths g WHERE g.image = f.image)
              AND (SELECT COUNT(*) FROM file_paths h WHERE h.path = f.path) = 1 ",
            $end
        )
    };
}

const ALL: &str = lying!(
    "SELECT f.path, f.image, p.page FROM file_paths f JOIN pages p ON p.image = f.image WHERE",
    "ORDER BY p.page"
);
const OWN: &str = lying!("SELECT f.path FROM file_paths f WHERE f.image = ?1 AND", "");
const NEXT: &str = lying!(
    "SELECT f.image FROM derived_places d JOIN file_paths f ON f.path = d.path
     WHERE d.folder = ?1 AND (d.place, d.path) > (?2, ?3)
       AND EXISTS (SELECT 1 FROM pages p WHERE p.image = f.image) AND",
    "ORDER BY d.place, d.path LIMIT 1"
);
const LAST: &str = lying!(
    "SELECT f.image FROM derived_places d JOIN file_paths f ON f.path = d.path
     WHERE d.folder = ?1 AND (d.place, d.path) < (?2, ?3)
       AND EXISTS (SELECT 1 FROM pages p WHERE p.image = f.image) AND",
    "ORDER BY d.place DESC, d.path DESC LIMIT 1"
);

/// Which way along a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Along {
    /// Towards its end.
    Behind,
    /// Towards its beginning.
    Before,
}

impl Along {
    /// The other way.
    #[must_use]
    pub fn back(self) -> Self {
        match self {
            Self::Behind => Self::Before,
            Self::Before => Self::Behind,
        }
    }
}

/// The folder that a path lies in, with its slash; empty without one.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// Where a file stands among those of its folder: its name with the length of each number before its digits, so that texts
/// compare as the numbers do.
fn place_of(path: &str) -> String {
    let mut out = String::new();
    let mut rest = &path[folder_of(path).len()..];
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        out.push_str(&rest[..text]);
        rest = &rest[text..];
        let number = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest[..number].trim_start_matches('0');
        if number > 0 {
            // A name has at most a few hundred characters; writing to a String can't fail.
            let _ = write!(out, "{:03}", digits.len().min(999));
            out.push_str(digits);
        }
        rest = &rest[number..];
    }
    out
}

/// Keeps where a path stands.
pub(super) fn put_place(tx: &Transaction<'_>, path: &str) -> Result<(), Fault> {
    tx.prepare_cached("INSERT OR IGNORE INTO derived_places (path, folder, place) VALUES (?1, ?2, ?3)")?
        .execute((path, folder_of(path), place_of(path)))?;
    Ok(())
}

impl Store {
    /// Every stack, its sheets in order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn stacks(&self) -> Result<Vec<Vec<SheetId>>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(ALL)?;
            let mut rows = statement.query([])?;
            let mut files: BTreeMap<(String, String, String), Vec<SheetId>> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let path: String = row.get(0)?;
                let image = parse("file_paths", &row.get::<_, String>(1)?)?;
                let sheet = SheetId { image, page: row.get(2)? };
                files.entry((folder_of(&path).to_owned(), place_of(&path), path)).or_default().push(sheet);
            }
            let mut stacks: BTreeMap<String, Vec<SheetId>> = BTreeMap::new();
            for ((folder, ..), sheets) in files {
                stacks.entry(folder).or_default().extend(sheets);
            }
            Ok(stacks.into_values().collect())
        })
    }

    /// Every path under which each file came in.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn all_paths(&self) -> Result<BTreeMap<Sha256, Vec<String>>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached("SELECT image, path FROM file_paths ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut out: BTreeMap<Sha256, Vec<String>> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let image = parse("file_paths", &row.get::<_, String>(0)?)?;
                out.entry(image).or_default().push(row.get(1)?);
            }
            Ok(out)
        })
    }
}

impl Derived<'_> {
    /// The sheet that lies directly beside one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn next(&self, sheet: &SheetId, along: Along) -> Result<Option<SheetId>, StoreError> {
        self.run(|tx| step(tx, sheet, along))
    }

    /// Keeps where every path stands.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn place_files(&self) -> Result<(), StoreError> {
        self.run(|tx| {
            let mut statement = tx.prepare_cached("SELECT DISTINCT path FROM file_paths")?;
            let paths: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            paths.iter().try_for_each(|path| put_place(tx, path))
        })
    }

    /// Every path under which a file came in.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn paths(&self, image: &Sha256) -> Result<Vec<String>, StoreError> {
        self.run(|tx| {
            let mut statement =
                tx.prepare_cached("SELECT path FROM file_paths WHERE image = ?1 ORDER BY seq")?;
            let paths = statement.query_map([image.to_string()], |row| row.get(0))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }
}

/// The sheet that lies directly beside one.
fn step(tx: &Transaction<'_>, sheet: &SheetId, along: Along) -> Result<Option<SheetId>, Fault> {
    let image = sheet.image.to_string();
    let own = tx.prepare_cached(OWN)?.query_row([&image], |row| row.get(0));
    let Some(path): Option<String> = own.optional()? else { return Ok(None) };
    let (of_file, of_folder, first) = match along {
        Along::Behind => (
            "SELECT MIN(page) FROM pages WHERE image = ?1 AND page > ?2",
            NEXT,
            "SELECT MIN(page) FROM pages WHERE image = ?1",
        ),
        Along::Before => (
            "SELECT MAX(page) FROM pages WHERE image = ?1 AND page < ?2",
            LAST,
            "SELECT MAX(page) FROM pages WHERE image = ?1",
        ),
    };
    let within: Option<u32> =
        tx.prepare_cached(of_file)?.query_row((&image, sheet.page), |row| row.get(0))?;
    if let Some(page) = within {
        return Ok(Some(SheetId { image: sheet.image, page }));
    }
    let next: Option<String> = tx
        .prepare_cached(of_folder)?
        .query_row((folder_of(&path), place_of(&path), &path), |row| row.get(0))
        .optional()?;
    let Some(next) = next else { return Ok(None) };
    let page: u32 = tx.prepare_cached(first)?.query_row([&next], |row| row.get(0))?;
    Ok(Some(SheetId { image: parse("file_paths", &next)?, page }))
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn numbers_in_names_are_numbers() {
        let sorted = [
            "a/Scan (1).jpg",
            "a/Scan (2).jpg",
            "a/Scan (10).jpg",
            "a/Scan (0099).jpg",
            "a/Scan (100).jpg",
            "a/Scan (100)_2.jpg",
            "a/Scan (100)_10.jpg",
            "a/Scan.jpg",
            "a/卡9.png",
            "a/卡12345678901234567890123.png",
        ];
        let places: Vec<String> = sorted.iter().map(|path| place_of(path)).collect();
        assert!(places.is_sorted() && places.windows(2).all(|pair| pair[0] != pair[1]), "{places:?}");
        // The same number written otherwise is at the same place; the whole name decides.
        assert_eq!(place_of("1/007.tif"), place_of("2/7.tif"));
        assert_eq!(place_of("1/000"), place_of("0"));
    }
}
