//! Pages and what came of them; decisions.

use super::{Fault, Store, StoreError, decode, encode, freeze, parse};
use crate::read::{Reading, SetAside};
use crate::sheet::{Cause, EngineId, Place, Resolution, Sha256, SheetId};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::json;
use std::collections::BTreeSet;

/// A file that was fed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its path as it was given.
    pub path: String,
    /// Hash of its bytes.
    pub image: Sha256,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its pages, at least 1; a file that can't be opened counts as one page.
    pub pages: u32,
}

/// What came of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageRecord {
    /// It was read.
    Read {
        /// What was seen.
        reading: Reading,
        /// The ticket number's value as the marks alone give it, for looking sheets up.
        ticket: Option<String>,
    },
    /// It was not.
    SetAside(SetAside),
}

impl PageRecord {
    /// Which page.
    #[must_use]
    pub fn sheet(&self) -> SheetId {
        match self {
            Self::Read { reading, .. } => reading.sheet,
            Self::SetAside(page) => page.sheet,
        }
    }
}

/// What recording came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Pages that were not in the store.
    pub new_pages: u32,
    /// Pages that were.
    pub known_pages: u32,
    /// Readings and set-asides that were added, also of known pages.
    pub new_results: u32,
}

/// How many pages came in and what became of them; `fed` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Pages that entered.
    pub fed: u64,
    /// Pages with a reading.
    pub read: u64,
    /// Pages without a reading, set aside with a reason.
    pub set_aside: u64,
}

impl Store {
    /// Adds a file and what came of its pages, in one transaction; see [`Store::record_files`].
    ///
    /// # Errors
    ///
    /// As [`Store::record_files`].
    pub fn record_file(
        &mut self,
        file: &FileRecord,
        pages: &[PageRecord],
        at: &str,
    ) -> Result<Recorded, StoreError> {
        self.write("scan", at, |tx, entry| record(tx, entry, [(file, pages)]))
    }

    /// Adds files and what came of their pages, all of them or none. About a hundred sheets a call keep the
    /// disk's part small.
    ///
    /// What is known already (the same page, engine and layout) is not stored again; another engine's or
    /// layout's reading of a known page is stored beside the first.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherFile`] or [`StoreError::Incomplete`] if pages and file don't belong together,
    /// [`StoreError::Frozen`] after a freeze, or a failure of the file.
    pub fn record_files(
        &mut self,
        batch: &[(FileRecord, Vec<PageRecord>)],
        at: &str,
    ) -> Result<Recorded, StoreError> {
        let files = batch.iter().map(|(file, pages)| (file, pages.as_slice()));
        self.write("scan", at, |tx, entry| record(tx, entry, files))
    }

    /// How many pages the file with this hash has, if nothing new can come of reading it again with `engine`
    /// and `layouts` (their hashes): each page was read with one of them, or can't be decoded. `None` for a
    /// file that is new, or that has a page set aside which another layout may still explain.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn pages_done(
        &self,
        image: &Sha256,
        engine: &EngineId,
        layouts: &[Sha256],
    ) -> Result<Option<u32>, StoreError> {
        self.read(|tx| {
            let image = image.to_string();
            let pages: Option<u32> = tx
                .prepare_cached("SELECT pages FROM files WHERE image = ?1")?
                .query_row([&image], |row| row.get(0))
                .optional()?;
            let Some(pages) = pages else { return Ok(None) };
            let mut done = BTreeSet::new();
            let mut statement =
                tx.prepare_cached("SELECT page, layout_hash FROM readings WHERE image = ?1 AND engine = ?2")?;
            let mut rows = statement.query((&image, &engine.0))?;
            while let Some(row) = rows.next()? {
                if layouts.contains(&parse("readings", &row.get::<_, String>(1)?)?) {
                    done.insert(row.get::<_, u32>(0)?);
                }
            }
            let mut statement =
                tx.prepare_cached("SELECT set_aside FROM set_asides WHERE image = ?1 AND engine = ?2")?;
            let mut rows = statement.query((&image, &engine.0))?;
            while let Some(row) = rows.next()? {
                let aside: SetAside = decode("set_asides", &row.get::<_, String>(0)?)?;
                if matches!(aside.exception.cause, Cause::NotDecoded { .. }) {
                    done.insert(aside.sheet.page);
                }
            }
            Ok((done.len() >= pages as usize).then_some(pages))
        })
    }

    /// Whether this came of the page before: the same reading's engine and layout, or the same reason.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn has_result(&self, result: &PageRecord) -> Result<bool, StoreError> {
        self.read(|tx| is_stored(tx, result))
    }

    /// The paths under which a file came in, in that order; more than one if it was fed again.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn paths(&self, image: &Sha256) -> Result<Vec<String>, StoreError> {
        self.read(|tx| {
            let mut statement =
                tx.prepare_cached("SELECT path FROM file_paths WHERE image = ?1 ORDER BY seq")?;
            let paths = statement.query_map([image.to_string()], |row| row.get(0))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }

    /// The reading of every page that has one, by sheet. Where several stand beside each other, the one
    /// that was recorded last.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn readings(&self) -> Result<Vec<Reading>, StoreError> {
        self.read(|tx| {
            values(
                tx,
                "readings",
                "SELECT reading FROM readings r WHERE seq =
                     (SELECT MAX(seq) FROM readings s WHERE s.image = r.image AND s.page = r.page)
                 ORDER BY image, page",
            )
        })
    }

    /// All readings of one page, the one in force last; empty if it has none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn readings_of(&self, sheet: &SheetId) -> Result<Vec<Reading>, StoreError> {
        self.read(|tx| {
            let mut statement = tx
                .prepare_cached("SELECT reading FROM readings WHERE image = ?1 AND page = ?2 ORDER BY seq")?;
            let mut rows = statement.query((sheet.image.to_string(), sheet.page))?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(decode("readings", row.get_ref(0)?.as_str().map_err(|_| Fault::Row("readings"))?)?);
            }
            Ok(out)
        })
    }

    /// The pages without a reading, by sheet, each with the last reason.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn set_asides(&self) -> Result<Vec<SetAside>, StoreError> {
        self.read(|tx| {
            values(
                tx,
                "set_asides",
                "SELECT set_aside FROM set_asides a
                 WHERE seq = (SELECT MAX(seq) FROM set_asides s WHERE s.image = a.image AND s.page = a.page)
                   AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.image = a.image AND r.page = a.page)
                 ORDER BY image, page",
            )
        })
    }

    /// How many pages came in and what became of them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if a page has neither a reading nor a reason.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|tx| {
            let count = |sql: &str| -> Result<u64, Fault> {
                let n: i64 = tx.query_row(sql, [], |row| row.get(0))?;
                Ok(n.unsigned_abs())
            };
            let counts = Counts {
                fed: count("SELECT COUNT(*) FROM pages")?,
                read: count("SELECT COUNT(*) FROM (SELECT DISTINCT image, page FROM readings)")?,
                set_aside: count(
                    "SELECT COUNT(*) FROM (SELECT image, page FROM set_asides
                                           EXCEPT SELECT image, page FROM readings)",
                )?,
            };
            if counts.fed == counts.read + counts.set_aside { Ok(counts) } else { Err(Fault::Row("pages")) }
        })
    }

    /// Adds decisions, all of them or none, behind those that are there.
    ///
    /// Whether a decision fits its sheet is asked before (`settle::check`); here a sheet must only exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownSheet`], [`StoreError::Frozen`], or a failure of the file.
    pub fn resolve(&mut self, resolutions: &[Resolution], at: &str) -> Result<(), StoreError> {
        self.write("resolve", at, |tx, entry| {
            freeze::refuse(tx)?;
            let mut insert =
                tx.prepare_cached("INSERT INTO resolutions (place, resolution, entry) VALUES (?1, ?2, ?3)")?;
            for resolution in resolutions {
                if let Place::Sheet { sheet } | Place::Field { sheet, .. } = &resolution.place
                    && page(tx, sheet)?.is_none()
                {
                    return Err(StoreError::UnknownSheet { sheet: *sheet }.into());
                }
                let place = encode("place", &resolution.place)?;
                insert.execute((place, encode("resolution", resolution)?, entry))?;
            }
            let detail = json!({ "resolutions": resolutions.len() });
            Ok(((), (!resolutions.is_empty()).then_some(detail)))
        })
    }

    /// All decisions in the order in which they were made.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn resolutions(&self) -> Result<Vec<Resolution>, StoreError> {
        self.read(|tx| values(tx, "resolutions", "SELECT resolution FROM resolutions ORDER BY seq"))
    }
}

/// The values in the only column of `sql`.
pub(super) fn values<T: serde::de::DeserializeOwned>(
    tx: &Transaction<'_>,
    table: &'static str,
    sql: &str,
) -> Result<Vec<T>, Fault> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(decode(table, row.get_ref(0)?.as_str().map_err(|_| Fault::Row(table))?)?);
    }
    Ok(out)
}

/// The row of a page, if it is in the store.
pub(super) fn page(tx: &Transaction<'_>, sheet: &SheetId) -> Result<Option<i64>, Fault> {
    let mut statement = tx.prepare_cached("SELECT seq FROM pages WHERE image = ?1 AND page = ?2")?;
    Ok(statement.query_row((sheet.image.to_string(), sheet.page), |row| row.get(0)).optional()?)
}

pub(super) fn record<'a>(
    tx: &Transaction<'_>,
    entry: i64,
    files: impl IntoIterator<Item = (&'a FileRecord, &'a [PageRecord])>,
) -> Result<super::Change<Recorded>, Fault> {
    freeze::refuse(tx)?;
    let mut recorded = Recorded::default();
    let (mut new_files, mut new_paths) = (0u32, 0u32);
    for (file, pages) in files {
        let image = file.image.to_string();
        let bytes = i64::try_from(file.bytes).unwrap_or(i64::MAX);
        if !tx.prepare_cached("SELECT 1 FROM files WHERE image = ?1")?.exists([&image])? {
            tx.prepare_cached("INSERT INTO files (image, bytes, pages, entry) VALUES (?1, ?2, ?3, ?4)")?
                .execute((&image, bytes, file.pages.max(1), entry))?;
            new_files += 1;
        }
        let known_path = tx
            .prepare_cached("SELECT 1 FROM file_paths WHERE image = ?1 AND path = ?2")?
            .exists((&image, &file.path))?;
        if !known_path {
            tx.prepare_cached("INSERT INTO file_paths (image, path, entry) VALUES (?1, ?2, ?3)")?
                .execute((&image, &file.path, entry))?;
            new_paths += 1;
        }
        for result in pages {
            let sheet = result.sheet();
            if sheet.image != file.image {
                return Err(StoreError::OtherFile { sheet, image: file.image }.into());
            }
            if page(tx, &sheet)?.is_some() {
                recorded.known_pages += 1;
            } else {
                tx.prepare_cached("INSERT INTO pages (image, page, entry) VALUES (?1, ?2, ?3)")?
                    .execute((&image, sheet.page, entry))?;
                recorded.new_pages += 1;
            }
            recorded.new_results += u32::from(store_result(tx, entry, &image, result)?);
        }
        let given: u32 = tx
            .prepare_cached("SELECT COUNT(*) FROM pages WHERE image = ?1")?
            .query_row([&image], |row| row.get(0))?;
        if given < file.pages.max(1) {
            return Err(StoreError::Incomplete { image: file.image, pages: file.pages, given }.into());
        }
    }
    let changed = new_files + new_paths + recorded.new_pages + recorded.new_results > 0;
    let detail = json!({
        "files": new_files,
        "paths": new_paths,
        "pages": recorded.new_pages,
        "results": recorded.new_results,
    });
    Ok((recorded, changed.then_some(detail)))
}

/// Whether this came of the page before.
fn is_stored(tx: &Transaction<'_>, result: &PageRecord) -> Result<bool, Fault> {
    let SheetId { image, page } = result.sheet();
    let image = image.to_string();
    Ok(match result {
        PageRecord::Read { reading, .. } => tx
            .prepare_cached(
                "SELECT 1 FROM readings WHERE image = ?1 AND page = ?2 AND engine = ?3 AND layout_hash = ?4",
            )?
            .exists((image, page, &reading.engine.0, reading.layout_hash.to_string()))?,
        PageRecord::SetAside(aside) => tx
            .prepare_cached(
                "SELECT 1 FROM set_asides WHERE image = ?1 AND page = ?2 AND engine = ?3 AND set_aside = ?4",
            )?
            .exists((image, page, &aside.engine.0, encode("page set aside", aside)?))?,
    })
}

/// Adds what came of a page; `false` if it is there already.
fn store_result(tx: &Transaction<'_>, entry: i64, image: &str, result: &PageRecord) -> Result<bool, Fault> {
    if is_stored(tx, result)? {
        return Ok(false);
    }
    match result {
        PageRecord::Read { reading, ticket } => {
            tx.prepare_cached(
                "INSERT INTO readings (image, page, engine, layout, layout_hash, ticket_read, reading, entry)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                image,
                reading.sheet.page,
                &reading.engine.0,
                reading.layout.as_str(),
                reading.layout_hash.to_string(),
                ticket,
                encode("reading", reading)?,
                entry,
            ))?;
        }
        PageRecord::SetAside(aside) => {
            tx.prepare_cached(
                "INSERT INTO set_asides (image, page, engine, set_aside, entry) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                image,
                aside.sheet.page,
                &aside.engine.0,
                encode("page set aside", aside)?,
                entry,
            ))?;
        }
    }
    Ok(true)
}
