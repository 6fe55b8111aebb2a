//! Closing the record under one hash.

use super::imports::each_in_force;
use super::{Fault, ImportKind, Store, StoreError, custody, framed, late, parse};
use crate::sheet::Sha256;
use rusqlite::{OptionalExtension, Transaction};
use serde_json::json;
use std::collections::BTreeMap;

/// Keeps a freeze's hash from being one of anything else.
const FREEZE: &[u8] = b"duka freeze 1";

/// As [`FREEZE`], of a record that is bound to a manifest.
const FREEZE_BOUND: &[u8] = b"duka freeze 2";

/// A freeze that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze {
    /// What the record hashed to.
    pub hash: Sha256,
    /// The journal entry it was written with.
    pub entry: u64,
}

/// Refuses a change of a frozen record. The triggers would do the same; this says it before any work.
pub(super) fn refuse(tx: &Transaction<'_>) -> Result<(), Fault> {
    if frozen(tx)?.is_some() { Err(StoreError::Frozen.into()) } else { Ok(()) }
}

pub(super) fn frozen(tx: &Transaction<'_>) -> Result<Option<Freeze>, Fault> {
    let row: Option<(String, i64)> = tx
        .prepare_cached("SELECT hash, entry FROM freezes ORDER BY seq LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(hash, entry)| Ok(Freeze { hash: parse("freezes", &hash)?, entry: entry.unsigned_abs() }))
        .transpose()
}

/// Texts of a table, grouped by what they are about; within a group in the order of recording, because
/// there the last one counts, and between groups in the groups' order, because there it does not matter.
fn grouped(tx: &Transaction<'_>, sql: &str) -> Result<Vec<String>, Fault> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        groups.entry(row.get(0)?).or_default().push(Sha256::of(text.as_bytes()).to_string());
    }
    Ok(groups.into_values().flatten().collect())
}

/// Whom or what a resolution is about, as text: the sheet or the candidate.
const ABOUT: &str = "SELECT COALESCE(json_extract(place, '$.sheet.sheet'),
                                     json_extract(place, '$.field.sheet'),
                                     json_extract(place, '$.candidate.ticket'), ''), resolution
                     FROM resolutions ORDER BY seq";

fn hash(tx: &Transaction<'_>) -> Result<Sha256, Fault> {
    let texts = |kind| -> Result<Vec<String>, Fault> {
        each_in_force(tx, kind, |text| Ok(Sha256::of(text.as_bytes()).to_string()))
    };
    // A fixed width for the page keeps text order and page order the same.
    let readings = format!(
        "SELECT image || printf(':%010d', page), reading FROM readings WHERE {} ORDER BY seq",
        late::NOT_LATE
    );
    let set_asides = "SELECT image || printf(':%010d', page), set_aside FROM set_asides ORDER BY seq";
    let mut sections: Vec<(&str, Vec<String>)> = vec![
        ("exam", texts(ImportKind::Exam)?),
        ("roster", texts(ImportKind::Roster)?),
        ("rooms", texts(ImportKind::Rooms)?),
        ("layouts", texts(ImportKind::Layout)?),
        ("readings", grouped(tx, &readings)?),
        ("set-asides", grouped(tx, set_asides)?),
        ("resolutions", grouped(tx, ABOUT)?),
    ];
    // A record without them hashes to what it did before they were known.
    let hand = texts(ImportKind::Hand)?;
    if !hand.is_empty() {
        sections.push(("hand", hand));
    }
    let mut bytes = match custody::manifest(tx)? {
        // A record that was frozen before there were manifests keeps its hash.
        None => framed([FREEZE]),
        Some(bound) => {
            framed([FREEZE_BOUND, bound.exam.as_bytes(), Sha256::of(bound.text.as_bytes()).as_bytes()])
        }
    };
    for (name, entries) in &sections {
        super::frame(&mut bytes, name.as_bytes());
        super::frame(&mut bytes, entries.len().to_string().as_bytes());
        for entry in entries {
            super::frame(&mut bytes, entry.as_bytes());
        }
    }
    Ok(Sha256::of(&bytes))
}

/// What was frozen and what the record hashes to now, where they differ.
pub(super) fn broken(tx: &Transaction<'_>) -> Result<Option<(Sha256, Sha256)>, Fault> {
    let Some(freeze) = frozen(tx)? else { return Ok(None) };
    let found = hash(tx)?;
    Ok((found != freeze.hash).then_some((freeze.hash, found)))
}

impl Store {
    /// The SHA-256 of manifest, readings, set-asides, resolutions, exam, roster, rooms, layouts and marks given by hand.
    ///
    /// Each section is named and counted and every part has its length before it. The order in which
    /// different sheets came in does not change it; the order of several readings of one page, or of several
    /// decisions about one sheet, does, because there the later one counts. The journal, file names and
    /// paths, practical scores, scores and what came in after the freeze as a case ([`LateSheet`](super::LateSheet)) are not in it.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn freeze_hash(&self) -> Result<Sha256, StoreError> {
        self.read(hash)
    }

    /// Closes the record: from now on readings, resolutions, exam, roster, rooms and layouts stay as they
    /// are. Whether exceptions are open is asked before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`] if it is closed already, or a failure of the file.
    pub fn freeze(&mut self, at: &str) -> Result<Freeze, StoreError> {
        self.write("freeze", at, |tx, entry| {
            refuse(tx)?;
            let hash = hash(tx)?;
            tx.execute("INSERT INTO freezes (hash, entry) VALUES (?1, ?2)", (hash.to_string(), entry))?;
            let detail = json!({ "hash": hash.to_string() });
            let entry = entry.unsigned_abs();
            Ok((Freeze { hash, entry }, Some(detail)))
        })
    }

    /// The freeze, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn frozen(&self) -> Result<Option<Freeze>, StoreError> {
        self.read(frozen)
    }

    /// The freeze, after checking that the record still hashes to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFrozen`] or [`StoreError::FreezeBroken`].
    pub fn verify_freeze(&self) -> Result<Freeze, StoreError> {
        self.read(|tx| {
            let freeze = frozen(tx)?.ok_or(StoreError::NotFrozen)?;
            let found = hash(tx)?;
            if found == freeze.hash {
                Ok(freeze)
            } else {
                Err(StoreError::FreezeBroken { frozen: freeze.hash, found }.into())
            }
        })
    }
}
