//! The record as text that is the same everywhere.

use super::{Fault, Store, StoreError, encode, grading};
use rusqlite::Transaction;

/// First line of the export.
const HEADER: &str = "{\"duka\":\"canonical export\",\"version\":1}\n";

impl Store {
    /// Readings, pages set aside and scores in force as lines of JSON, sorted by sheet.
    ///
    /// Ratios and angles are whole numbers; times, paths and the order of recording are not in it. The same
    /// sheets, read by the same engine with the same layouts, give the same bytes on any machine with any
    /// number of threads.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if something can't be read.
    pub fn canonical_export(&self) -> Result<String, StoreError> {
        self.read(|tx| {
            let mut out = HEADER.to_owned();
            lines(
                tx,
                &mut out,
                "reading",
                "SELECT reading FROM readings ORDER BY image, page, engine, layout_hash",
            )?;
            lines(
                tx,
                &mut out,
                "set_aside",
                "SELECT set_aside FROM set_asides ORDER BY image, page, engine, set_aside",
            )?;
            for score in grading::in_force(tx)? {
                line(&mut out, "score", &encode("score", &score)?);
            }
            Ok(out)
        })
    }
}

fn lines(tx: &Transaction<'_>, out: &mut String, kind: &'static str, sql: &str) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str().map_err(|_| Fault::Row(kind))?;
        line(out, kind, text);
    }
    Ok(())
}

fn line(out: &mut String, kind: &str, json: &str) {
    for part in ["{\"", kind, "\":", json, "}\n"] {
        out.push_str(part);
    }
}
