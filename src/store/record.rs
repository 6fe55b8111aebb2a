//! Pages and what came of them; decisions.

use super::files::is_stored;
use super::{Fault, Store, StoreError, decode, derived, encode, freeze, parse};
use crate::read::{Reading, SetAside};
use crate::sheet::{EngineId, Place, Resolution, SheetId};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::json;

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

    /// Which reader.
    #[must_use]
    pub fn engine(&self) -> &EngineId {
        match self {
            Self::Read { reading, .. } => &reading.engine,
            Self::SetAside(page) => &page.engine,
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
    /// Whether this came of the page before: the same reading's engine and layout, or the same reason.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn has_result(&self, result: &PageRecord) -> Result<bool, StoreError> {
        self.read(|tx| is_stored(tx, result))
    }

    /// The reading of every page that has one, by sheet. Where several stand beside each other, the one
    /// that was recorded last.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn readings(&self) -> Result<Vec<Reading>, StoreError> {
        self.map_readings(Some)
    }

    /// As [`Store::readings`], one after the other: what `look` makes of each, without holding all of them at a time.
    ///
    /// # Errors
    ///
    /// As [`Store::readings`].
    pub fn map_readings<T>(&self, look: impl FnMut(Reading) -> Option<T>) -> Result<Vec<T>, StoreError> {
        self.map_facts(|_, _| None, look)
    }

    /// As [`Store::map_readings`], but from the kept facts of a page where `known` can do with them; only the other pages'
    /// readings are looked at, which is most of the work in a large session.
    ///
    /// # Errors
    ///
    /// As [`Store::readings`].
    pub fn map_facts<T>(
        &self,
        known: impl Fn(&SheetId, &str) -> Option<T>,
        mut look: impl FnMut(Reading) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(FACTS)?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let sheet =
                    SheetId { image: parse("readings", &row.get::<_, String>(0)?)?, page: row.get(1)? };
                // Facts that can't be read are as good as none.
                let facts = row.get_ref(2)?.as_str().ok();
                if let Some(value) = facts.and_then(|facts| known(&sheet, facts)) {
                    out.push(value);
                } else {
                    let text = row.get_ref(3)?.as_str().map_err(|_| Fault::Row("readings"))?;
                    out.extend(look(decode("readings", text)?));
                }
            }
            Ok(out)
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

    /// How many pages came in before the freeze and what became of them; late sheets are not among them.
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
            let late = count("SELECT COUNT(*) FROM late_sheets")?;
            let read = count("SELECT COUNT(*) FROM (SELECT DISTINCT image, page FROM readings)")?;
            let counts = Counts {
                fed: count("SELECT COUNT(*) FROM pages")?.saturating_sub(late),
                read: read.saturating_sub(late),
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
        self.read(all_resolutions)
    }
}

/// Every decision, in the order in which they were taken.
pub(super) fn all_resolutions(tx: &Transaction<'_>) -> Result<Vec<Resolution>, Fault> {
    values(tx, "resolutions", "SELECT resolution FROM resolutions ORDER BY seq")
}

/// The reading in force of every page, by sheet, with its kept facts. A column that is not asked for is not read from the disk.
const FACTS: &str = "SELECT r.image, r.page, d.facts, r.reading FROM readings r
     LEFT JOIN derived_sheets d ON d.image = r.image AND d.page = r.page
     WHERE r.seq = (SELECT MAX(seq) FROM readings s WHERE s.image = r.image AND s.page = r.page)
     ORDER BY r.image, r.page";

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

/// Adds what came of a page; `false` if it is there already. `facts` are what follows from a reading.
pub(super) fn store_result(
    tx: &Transaction<'_>,
    entry: i64,
    image: &str,
    result: &PageRecord,
    facts: Option<&str>,
) -> Result<bool, Fault> {
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
            derived::put_facts(tx, image, reading.sheet.page, facts)?;
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
