//! The order in which sheets lay in the stacks that they were scanned from.
//!
//! A stack is a folder of the files that came in, in the order of their names, each with its pages. A file lies where it came
//! in first; a path under which several files came in at one time or another says nothing.

use super::derived::Derived;
use super::{Fault, Store, StoreError, parse};
use crate::sheet::{Sha256, SheetId};
use rusqlite::{OptionalExtension, Transaction};
use std::collections::BTreeMap;

/// Files at the places where they lie, in their order.
const LYING: &str = "f.seq = (SELECT MIN(seq) FROM file_paths g WHERE g.image = f.image)
     AND (SELECT COUNT(*) FROM file_paths h WHERE h.path = f.path) = 1";

/// Which way along a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// Towards its end.
    Behind,
    /// Towards its beginning.
    Before,
}

/// The folder that a path lies in, with its slash; empty without one.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

impl Store {
    /// Every stack, its sheets in order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn stacks(&self) -> Result<Vec<Vec<SheetId>>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(&format!(
                "SELECT f.path, f.image, p.page FROM file_paths f JOIN pages p ON p.image = f.image
                 WHERE {LYING} ORDER BY f.path, p.page"
            ))?;
            let mut rows = statement.query([])?;
            let mut stacks: BTreeMap<String, Vec<SheetId>> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let path: String = row.get(0)?;
                let image = parse("file_paths", &row.get::<_, String>(1)?)?;
                let sheet = SheetId { image, page: row.get(2)? };
                stacks.entry(folder_of(&path).to_owned()).or_default().push(sheet);
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
    /// The sheets that lie beside one, from the nearest on, at most `most`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn beside(&self, sheet: &SheetId, along: Along, most: usize) -> Result<Vec<SheetId>, StoreError> {
        self.run(|tx| {
            let mut out = Vec::new();
            let mut at = *sheet;
            while out.len() < most {
                let Some(next) = step(tx, &at, along)? else { break };
                out.push(next);
                at = next;
            }
            Ok(out)
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
    let own = format!("SELECT f.path FROM file_paths f WHERE f.image = ?1 AND {LYING}");
    let image = sheet.image.to_string();
    let path: Option<String> = tx.prepare_cached(&own)?.query_row([&image], |row| row.get(0)).optional()?;
    let Some(path) = path else { return Ok(None) };
    let (of_file, of_folder) = match along {
        Along::Behind => (
            "SELECT MIN(page) FROM pages WHERE image = ?1 AND page > ?2",
            format!(
                "SELECT f.image FROM file_paths f
                 WHERE f.path > ?1 AND substr(f.path, 1, length(?2)) = ?2
                   AND instr(substr(f.path, length(?2) + 1), '/') = 0 AND {LYING}
                   AND EXISTS (SELECT 1 FROM pages p WHERE p.image = f.image)
                   AND f.path < ?3
                 ORDER BY f.path LIMIT 1"
            ),
        ),
        Along::Before => (
            "SELECT MAX(page) FROM pages WHERE image = ?1 AND page < ?2",
            format!(
                "SELECT f.image FROM file_paths f
                 WHERE f.path < ?1 AND substr(f.path, 1, length(?2)) = ?2
                   AND instr(substr(f.path, length(?2) + 1), '/') = 0 AND {LYING}
                   AND EXISTS (SELECT 1 FROM pages p WHERE p.image = f.image)
                   AND f.path >= ?3
                 ORDER BY f.path DESC LIMIT 1"
            ),
        ),
    };
    let within: Option<u32> =
        tx.prepare_cached(of_file)?.query_row((&image, sheet.page), |row| row.get(0))?;
    if let Some(page) = within {
        return Ok(Some(SheetId { image: sheet.image, page }));
    }
    let folder = folder_of(&path);
    let end = match along {
        // `0` is the character behind the slash: no path of the folder comes behind it.
        Along::Behind if !folder.is_empty() => format!("{}0", folder.trim_end_matches('/')),
        Along::Behind => char::MAX.to_string(),
        Along::Before => folder.to_owned(),
    };
    let next: Option<String> =
        tx.prepare_cached(&of_folder)?.query_row((&path, folder, end), |row| row.get(0)).optional()?;
    let Some(next) = next else { return Ok(None) };
    let page = match along {
        Along::Behind => "SELECT MIN(page) FROM pages WHERE image = ?1",
        Along::Before => "SELECT MAX(page) FROM pages WHERE image = ?1",
    };
    let page: u32 = tx.prepare_cached(page)?.query_row([&next], |row| row.get(0))?;
    Ok(Some(SheetId { image: parse("file_paths", &next)?, page }))
}
