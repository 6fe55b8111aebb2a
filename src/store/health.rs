//! How the scanner is: what was measured on each page, and the troubles that were told.

use super::{Fault, Store, StoreError, decode, encode, freeze, record, values};
use crate::sheet::{EngineId, LayoutName, SheetId};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;

/// What a page shows of the scanner that made it, in whole numbers. It depends on the page alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// Which page.
    pub sheet: SheetId,
    /// Which reader measured it.
    pub engine: EngineId,
    /// Width of the picture in pixels.
    pub width_px: u32,
    /// Pixels a metre across the feed; where the sheet was not found, as if it filled the picture.
    pub across_px_per_m: u32,
    /// What is known once the sheet is found.
    pub placed: Option<Placed>,
    /// Thin lines along the whole feed, the deepest first.
    pub streaks: Vec<Streak>,
}

/// What a page shows of its scanner once the sheet is found on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The sheet's layout: figures of different prints aren't compared.
    pub layout: LayoutName,
    /// Pixels a metre along the feed.
    pub along_px_per_m: u32,
    /// Level of the paper, 0..=255.
    pub paper: u8,
    /// Level of the fiducials' ink, 0..=255.
    pub ink: u8,
    /// Residual of the registration in thousandths of a millimetre.
    pub residual_um: u32,
    /// Fiducials that the layout has.
    pub fiducials: u16,
    /// How many of them lie in the picture and were not found.
    pub missing: u16,
    /// Difference of paper and ink, in levels, at the weakest quarter of those that were found; `None` if
    /// the layout has no fiducials of its own.
    pub contrast: Option<u8>,
}

/// A thin line along the whole feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streak {
    /// Darker or brighter than what lies beside it.
    pub tone: Tone,
    /// Its place in the picture, in ten-thousandths of the width from the left.
    pub at: u16,
    /// Its place on the sheet halfway along the feed, across the picture, in hundredths of a millimetre
    /// from the sheet's left edge in the picture; `None` where the sheet was not found.
    pub on_sheet: Option<i32>,
    /// How much darker or brighter, in levels.
    pub depth: u8,
}

/// Which way a streak differs from the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Darker.
    Dark,
    /// Brighter.
    Bright,
}

/// What is wrong with a scanner, with the figures that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Trouble {
    /// A line at one place of the picture on page after page.
    Streak {
        /// Dark or bright.
        tone: Tone,
        /// Tenths of a millimetre from the picture's left edge.
        at: u32,
        /// Pages that show it.
        pages: u32,
    },
    /// The scale along the feed drifts against the scale across.
    Stretch {
        /// By how much, in millionths.
        ppm: i32,
    },
    /// Paper becomes darker.
    Paper {
        /// Level at the start of the run.
        from: u8,
        /// Level now.
        to: u8,
    },
    /// Print becomes paler.
    Ink {
        /// Level at the start of the run.
        from: u8,
        /// Level now.
        to: u8,
    },
    /// The fiducials stand out less.
    FaintFiducials {
        /// Their contrast at the start of the run, in levels.
        from: u8,
        /// Their contrast now.
        to: u8,
    },
    /// Fiducials are not found.
    MissingFiducials {
        /// Pages that lack one,
        pages: u32,
        /// of so many.
        of: u32,
    },
    /// Print lies farther from where it should.
    Residual {
        /// Thousandths of a millimetre at the start of the run.
        from_um: u32,
        /// Now.
        to_um: u32,
    },
}

impl Trouble {
    /// The word for it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Streak { .. } => "streak",
            Self::Stretch { .. } => "stretch",
            Self::Paper { .. } => "paper",
            Self::Ink { .. } => "ink",
            Self::FaintFiducials { .. } => "faint-fiducials",
            Self::MissingFiducials { .. } => "missing-fiducials",
            Self::Residual { .. } => "residual",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Streak { tone: Tone::Dark, .. } => {
                "clean the scanner's glass and white strip at this place"
            }
            Self::Streak { tone: Tone::Bright, .. } => {
                "clean the scanner's white strip and let it calibrate itself again"
            }
            Self::Stretch { .. } => "clean the feeder's rollers and check that sheets don't slip",
            Self::Paper { .. } => "check that the scanner's lid is shut, its lamp and its brightness setting",
            Self::Ink { .. } => "check the scanner's brightness setting and the printing of these cards",
            Self::FaintFiducials { .. } => {
                "clean the glass, and check the brightness setting and the cards' print"
            }
            Self::MissingFiducials { .. } => {
                "check the scanner's page size and paper guides, and that the cards' corners are whole"
            }
            Self::Residual { .. } => "check that sheets lie flat and that the rollers draw them straight",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mm = |um: u32| f64::from(um) / 1000.0;
        match *self {
            Self::Streak { tone, at, pages } => {
                let tone = if tone == Tone::Dark { "dark" } else { "bright" };
                write!(
                    f,
                    "a {tone} line along the feed, {:.0} mm from the picture's left edge, on {pages} pages",
                    f64::from(at) / 10.0
                )
            }
            Self::Stretch { ppm } => write!(
                f,
                "sheets come out {} along the feed than at the start, by {:.1} %",
                if ppm > 0 { "longer" } else { "shorter" },
                f64::from(ppm.abs()) / 10_000.0
            ),
            Self::Paper { from, to } => write!(f, "paper has become darker, from level {from} to {to}"),
            Self::Ink { from, to } => write!(f, "print has become paler, from level {from} to {to}"),
            Self::FaintFiducials { from, to } => {
                write!(f, "the fiducials have become faint, from a contrast of {from} levels to {to}")
            }
            Self::MissingFiducials { pages, of } => {
                write!(f, "fiducials are missing on {pages} of the last {of} pages")
            }
            Self::Residual { from_um, to_um } => write!(
                f,
                "print lies farther from its place, {:.2} mm instead of {:.2} mm",
                mm(to_um),
                mm(from_um)
            ),
        }
    }
}

/// How far a trouble has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It is told.
    Warning,
    /// The run stops, unless it was asked to go on.
    Limit,
}

/// A page by its file's name in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagePlace {
    /// The file.
    pub file: String,
    /// The page.
    pub sheet: SheetId,
}

impl fmt::Display for PagePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.sheet.page > 1 { write!(f, " page {}", self.sheet.page) } else { Ok(()) }
    }
}

/// A trouble that was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// What.
    pub trouble: Trouble,
    /// How far it has gone.
    pub severity: Severity,
    /// The first page that shows it.
    pub since: PagePlace,
    /// The page at which it was told.
    pub at: PagePlace,
}

impl fmt::Display for HealthEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "since {}: {}", self.since, self.trouble)
    }
}

/// Adds what pages show of the scanner; how many were new.
pub(super) fn add_vitals(tx: &Transaction<'_>, entry: i64, vitals: &[Vitals]) -> Result<u32, Fault> {
    let mut added = 0;
    for page in vitals {
        let image = page.sheet.image.to_string();
        let known = tx
            .prepare_cached("SELECT 1 FROM vitals WHERE image = ?1 AND page = ?2 AND engine = ?3")?
            .exists((&image, page.sheet.page, &page.engine.0))?;
        if known {
            continue;
        }
        if record::page(tx, &page.sheet)?.is_none() {
            return Err(StoreError::UnknownSheet { sheet: page.sheet }.into());
        }
        tx.prepare_cached(
            "INSERT INTO vitals (image, page, engine, vitals, entry) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((image, page.sheet.page, &page.engine.0, encode("page's vitals", page)?, entry))?;
        added += 1;
    }
    Ok(added)
}

impl Store {
    /// Adds files, what came of their pages and what those show of the scanner, all of them or none; see
    /// [`Store::record_portion`].
    ///
    /// # Errors
    ///
    /// As [`Store::record_portion`].
    pub fn record_scan(
        &mut self,
        files: &[super::FilePart],
        vitals: &[Vitals],
        at: &str,
    ) -> Result<super::Recorded, StoreError> {
        let portion = super::Portion { files: files.to_vec(), vitals: vitals.to_vec(), ..Default::default() };
        self.record_portion(&portion, at)
    }

    /// Adds troubles that were told, in their order; those that are there already are passed over. Each
    /// has a journal entry `health`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`], or a failure of the file.
    pub fn record_health(&mut self, events: &[HealthEvent], at: &str) -> Result<(), StoreError> {
        for event in events {
            self.write("health", at, |tx, entry| {
                freeze::refuse(tx)?;
                let text = encode("health event", event)?;
                let known = tx.prepare_cached("SELECT 1 FROM health WHERE event = ?1")?.exists([&text])?;
                if known {
                    return Ok(((), None));
                }
                tx.prepare_cached("INSERT INTO health (event, entry) VALUES (?1, ?2)")?
                    .execute((&text, entry))?;
                let detail = json!({
                    "kind": event.trouble.kind(), "severity": event.severity,
                    "since": event.since.file, "at": event.at.file,
                });
                Ok(((), Some(detail)))
            })?;
        }
        Ok(())
    }

    /// What the pages of one file show of the scanner as `engine` measured them, in the pages' order; empty
    /// if it did not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn vitals_of(
        &self,
        image: &crate::sheet::Sha256,
        engine: &EngineId,
    ) -> Result<Vec<Vitals>, StoreError> {
        self.read(|tx| {
            let mut statement = tx
                .prepare_cached("SELECT vitals FROM vitals WHERE image = ?1 AND engine = ?2 ORDER BY page")?;
            let mut rows = statement.query((image.to_string(), &engine.0))?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(decode("vitals", &row.get::<_, String>(0)?)?);
            }
            Ok(out)
        })
    }

    /// What every page shows of the scanner, by sheet and reader.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn vitals(&self) -> Result<Vec<Vitals>, StoreError> {
        self.read(|tx| values(tx, "vitals", "SELECT vitals FROM vitals ORDER BY image, page, engine"))
    }

    /// The troubles that were told, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn health_events(&self) -> Result<Vec<HealthEvent>, StoreError> {
        self.read(|tx| values(tx, "health", "SELECT event FROM health ORDER BY seq"))
    }
}
