//! Files on their way into the record: whole, or in portions of their pages.
//!
//! A file of many pages is recorded as its pages are read. What is in the record is always true: a page is
//! there with what came of it or it is not there, and a file whose reading stopped halfway is known to be
//! unfinished ([`Store::unfinished`]) until a reader has seen its last page.

use super::record::{PageRecord, Recorded, page, store_result};
use super::{Change, Fault, Store, StoreError, Vitals, decode, encode, freeze, parse, stacks};
use crate::read::SetAside;
use crate::sheet::{Cause, DecodeFault, EngineId, Sha256, SheetId};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A file that was fed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its path as it was given.
    pub path: String,
    /// Hash of its bytes.
    pub image: Sha256,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its pages, at least 1; a file that can't be opened counts as one page. Of no meaning while only a part
    /// of them was seen.
    pub pages: u32,
}

/// How much of a file is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Another name of a file that is in the record.
    Named,
    /// Some of its pages; more come later.
    Part,
    /// All of its pages, or the last of them.
    Whole,
}

/// A file, or what of it goes into one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The file.
    pub file: FileRecord,
    /// Which reader saw it.
    pub engine: EngineId,
    /// How much of it this is.
    pub extent: Extent,
    /// What came of the pages.
    pub pages: Vec<PageRecord>,
    /// The name of the session's own copy, if it keeps one. It must be safe on the disk by now.
    pub original: Option<String>,
}

/// What goes into one transaction: about a hundred pages keep the disk's part small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portion {
    /// Files and parts of files, in their order.
    pub files: Vec<FilePart>,
    /// What their pages show of the scanner.
    pub vitals: Vec<Vitals>,
    /// What the standing of their sheets depends on, as text of the caller's own; without it the reading is
    /// asked again when it is needed.
    pub facts: BTreeMap<SheetId, String>,
}

/// What is known of a file, for one reader and the layouts it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// How many pages it has; `None` while the reader has not seen its last one.
    pub pages: Option<u32>,
    /// Pages of which nothing new can come: read with one of the layouts, or not to be decoded.
    pub done: BTreeSet<u32>,
}

impl FileState {
    /// How many pages there are, if nothing new can come of any.
    #[must_use]
    pub fn finished(&self) -> Option<u32> {
        self.pages.filter(|pages| self.done.len() >= *pages as usize)
    }
}

/// A file of which only some pages are in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Hash of its bytes.
    pub image: Sha256,
    /// The first name it came in under.
    pub path: String,
    /// Pages that are in the record.
    pub pages: u32,
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
        self.record_files(&[(file.clone(), pages.to_vec())], at)
    }

    /// Adds files and what came of their pages, all of them or none.
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
        let files = batch.iter().map(|(file, pages)| FilePart {
            file: file.clone(),
            engine: pages.first().map_or_else(|| EngineId(String::new()), |page| page.engine().clone()),
            extent: if pages.is_empty() { Extent::Named } else { Extent::Whole },
            pages: pages.clone(),
            original: None,
        });
        self.record_portion(&Portion { files: files.collect(), ..Portion::default() }, at)
    }

    /// Adds a portion, all of it or nothing, with one journal entry; see [`Store::record_files`]. Of a page
    /// whose vitals were measured by the same reader before, nothing is added to them.
    ///
    /// # Errors
    ///
    /// As [`Store::record_files`]; [`StoreError::UnknownSheet`] for vitals of a page that is nowhere.
    pub fn record_portion(&mut self, portion: &Portion, at: &str) -> Result<Recorded, StoreError> {
        self.write("scan", at, |tx, entry| {
            freeze::refuse(tx)?;
            let (recorded, mut detail) = record(tx, entry, portion)?;
            let added = super::health::add_vitals(tx, entry, &portion.vitals)?;
            if added > 0 && detail.is_none() {
                detail = Some(json!({ "vitals": added }));
            }
            Ok((recorded, detail))
        })
    }

    /// How many pages the file with this hash has, if nothing new can come of reading it again with `engine`
    /// and `layouts` (their hashes): each page was read with one of them, or can't be decoded. `None` for a
    /// file that is new, that was not read to its end, or that has a page set aside which another layout may
    /// still explain.
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
        Ok(self.file_state(image, engine, layouts)?.and_then(|state| state.finished()))
    }

    /// What is known of the file with this hash; `None` if it is not in the record.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn file_state(
        &self,
        image: &Sha256,
        engine: &EngineId,
        layouts: &[Sha256],
    ) -> Result<Option<FileState>, StoreError> {
        self.read(|tx| {
            let image = image.to_string();
            let first: Option<u32> = tx
                .prepare_cached("SELECT pages FROM files WHERE image = ?1")?
                .query_row([&image], |row| row.get(0))
                .optional()?;
            let Some(first) = first else { return Ok(None) };
            let sealed: Option<u32> = tx
                .prepare_cached("SELECT pages FROM sealed WHERE image = ?1 AND engine = ?2")?
                .query_row((&image, &engine.0), |row| row.get(0))
                .optional()?;
            let begun = tx
                .prepare_cached("SELECT 1 FROM begun WHERE image = ?1 AND engine = ?2")?
                .exists((&image, &engine.0))?;
            let pages = if begun { sealed } else { sealed.or(Some(first)) };
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
                let gone = |fault| matches!(fault, DecodeFault::Changed | DecodeFault::Unreadable);
                if matches!(aside.exception.cause, Cause::NotDecoded { fault } if !gone(fault)) {
                    done.insert(aside.sheet.page);
                }
            }
            Ok(Some(FileState { pages, done }))
        })
    }

    /// Files of which some pages are in the record and the rest was never seen: a run over them was killed,
    /// and none has gone on since.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        self.read(|tx| {
            // A file that an earlier reader saw to its end is lost to nobody if a later one did not.
            let mut statement = tx.prepare_cached(
                "SELECT b.image, (SELECT path FROM file_paths p WHERE p.image = b.image ORDER BY seq LIMIT 1),
                        (SELECT COUNT(*) FROM pages p WHERE p.image = b.image)
                 FROM begun b JOIN files f ON f.image = b.image AND f.entry = b.entry
                 WHERE NOT EXISTS (SELECT 1 FROM sealed s WHERE s.image = b.image)
                 ORDER BY b.seq",
            )?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(Unfinished {
                    image: parse("begun", &row.get::<_, String>(0)?)?,
                    path: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    pages: row.get(2)?,
                });
            }
            Ok(out)
        })
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

    /// The files that came in under `path` at one time or another, in that order.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn images_at(&self, path: &str) -> Result<Vec<Sha256>, StoreError> {
        self.read(|tx| {
            let mut statement =
                tx.prepare_cached("SELECT image FROM file_paths WHERE path = ?1 ORDER BY seq")?;
            let mut rows = statement.query([path])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(parse(
                    "file_paths",
                    row.get_ref(0)?.as_str().map_err(|_| Fault::Row("file_paths"))?,
                )?);
            }
            Ok(out)
        })
    }

    /// The name of the session's own copy of a file, if it keeps one.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn original(&self, image: &Sha256) -> Result<Option<String>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached("SELECT name FROM originals WHERE image = ?1")?;
            Ok(statement.query_row([image.to_string()], |row| row.get(0)).optional()?)
        })
    }

    /// How many pages of a file have a reading, how many of these are `held` by their facts (as they were given
    /// with the reading), and how many were set aside.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn pages_by_fate(
        &self,
        image: &Sha256,
        held: impl Fn(&str) -> bool,
    ) -> Result<[usize; 3], StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM readings r WHERE r.image = p.image AND r.page = p.page), d.facts
                 FROM pages p LEFT JOIN derived_sheets d ON d.image = p.image AND d.page = p.page
                 WHERE p.image = ?1",
            )?;
            let mut rows = statement.query([image.to_string()])?;
            let mut out = [0; 3];
            while let Some(row) = rows.next()? {
                if row.get(0)? {
                    out[0] += 1;
                    out[1] += usize::from(held(&row.get::<_, Option<String>>(1)?.unwrap_or_default()));
                } else {
                    out[2] += 1;
                }
            }
            Ok(out)
        })
    }

    /// Every file with its length, in the order in which they came in.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn files(&self) -> Result<Vec<(Sha256, u64)>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached("SELECT image, bytes FROM files ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push((parse("files", &row.get::<_, String>(0)?)?, row.get::<_, i64>(1)?.unsigned_abs()));
            }
            Ok(out)
        })
    }
}

pub(super) fn record(tx: &Transaction<'_>, entry: i64, portion: &Portion) -> Result<Change<Recorded>, Fault> {
    let mut recorded = Recorded::default();
    let (mut new_files, mut new_paths, mut others) = (0u32, 0u32, 0u32);
    for part in &portion.files {
        let file = &part.file;
        let image = file.image.to_string();
        let known: Option<u32> = tx
            .prepare_cached("SELECT pages FROM files WHERE image = ?1")?
            .query_row([&image], |row| row.get(0))
            .optional()?;
        if known.is_none() {
            let given = u32::try_from(part.pages.len()).unwrap_or(u32::MAX);
            let pages = if part.extent == Extent::Part { given } else { file.pages };
            tx.prepare_cached("INSERT INTO files (image, bytes, pages, entry) VALUES (?1, ?2, ?3, ?4)")?
                .execute((&image, i64::try_from(file.bytes).unwrap_or(i64::MAX), pages.max(1), entry))?;
            new_files += 1;
        }
        let known_path = tx
            .prepare_cached("SELECT 1 FROM file_paths WHERE image = ?1 AND path = ?2")?
            .exists((&image, &file.path))?;
        if !known_path {
            tx.prepare_cached("INSERT INTO file_paths (image, path, entry) VALUES (?1, ?2, ?3)")?
                .execute((&image, &file.path, entry))?;
            stacks::put_place(tx, &file.path)?;
            new_paths += 1;
        }
        for result in &part.pages {
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
            let facts = portion.facts.get(&sheet).map(String::as_str);
            recorded.new_results += u32::from(store_result(tx, entry, &image, result, facts)?);
        }
        others += bounds(tx, entry, part, known)?;
        others += keep_original(tx, entry, part)?;
    }
    let changed = new_files + new_paths + recorded.new_pages + recorded.new_results + others > 0;
    let detail = json!({
        "files": new_files,
        "paths": new_paths,
        "pages": recorded.new_pages,
        "results": recorded.new_results,
    });
    Ok((recorded, changed.then_some(detail)))
}

/// Notes where a file begins or ends, if it does not come in one piece; how many rows that took. `known` is
/// what the record said of its pages before.
fn bounds(tx: &Transaction<'_>, entry: i64, part: &FilePart, known: Option<u32>) -> Result<u32, Fault> {
    let image = part.file.image.to_string();
    let noted = |table: &str| -> Result<bool, Fault> {
        let sql = format!("SELECT 1 FROM {table} WHERE image = ?1 AND engine = ?2");
        Ok(tx.prepare_cached(&sql)?.exists((&image, &part.engine.0))?)
    };
    match part.extent {
        Extent::Named => {
            let given = pages_of(tx, &image)?;
            if given == 0 {
                return Err(StoreError::Incomplete { image: part.file.image, pages: 1, given }.into());
            }
            Ok(0)
        }
        Extent::Part => {
            if noted("begun")? || noted("sealed")? {
                return Ok(0);
            }
            tx.prepare_cached("INSERT INTO begun (image, engine, entry) VALUES (?1, ?2, ?3)")?.execute((
                &image,
                &part.engine.0,
                entry,
            ))?;
            Ok(1)
        }
        Extent::Whole => {
            let (given, pages) = (pages_of(tx, &image)?, part.file.pages.max(1));
            if given < pages {
                let (image, pages) = (part.file.image, part.file.pages);
                return Err(StoreError::Incomplete { image, pages, given }.into());
            }
            let begun = tx.prepare_cached("SELECT 1 FROM begun WHERE image = ?1")?.exists([&image])?;
            let otherwise = known.is_some_and(|known| known != pages);
            if !(begun || otherwise) || noted("sealed")? {
                return Ok(0);
            }
            tx.prepare_cached("INSERT INTO sealed (image, engine, pages, entry) VALUES (?1, ?2, ?3, ?4)")?
                .execute((&image, &part.engine.0, pages, entry))?;
            Ok(1)
        }
    }
}

fn pages_of(tx: &Transaction<'_>, image: &str) -> Result<u32, Fault> {
    let mut statement = tx.prepare_cached("SELECT COUNT(*) FROM pages WHERE image = ?1")?;
    Ok(statement.query_row([image], |row| row.get(0))?)
}

fn keep_original(tx: &Transaction<'_>, entry: i64, part: &FilePart) -> Result<u32, Fault> {
    let Some(name) = &part.original else { return Ok(0) };
    let image = part.file.image.to_string();
    if tx.prepare_cached("SELECT 1 FROM originals WHERE image = ?1")?.exists([&image])? {
        return Ok(0);
    }
    tx.prepare_cached("INSERT INTO originals (image, name, entry) VALUES (?1, ?2, ?3)")?
        .execute((&image, name, entry))?;
    Ok(1)
}

/// Whether this came of the page before.
pub(super) fn is_stored(tx: &Transaction<'_>, result: &PageRecord) -> Result<bool, Fault> {
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
