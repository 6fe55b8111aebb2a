//! What was imported: exam, roster, room records, practical scores, layouts.

use super::{Fault, Store, StoreError, decode, encode, freeze, parse};
use crate::exam::{Exam, RoomRecord, Roster, Rulings};
use crate::practical::PracticalScore;
use crate::sheet::{HandMarks, LayoutName, Sha256, TicketNumber};
use rusqlite::{OptionalExtension, Transaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Where an imported value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's name, as it was given.
    pub file: String,
    /// Hash of its bytes.
    pub sha256: Sha256,
}

/// What kind of value an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImportKind {
    /// The exam.
    Exam,
    /// The roster.
    Roster,
    /// A room's record.
    Rooms,
    /// Practical scores.
    Practical,
    /// A layout.
    Layout,
    /// Marks given by hand.
    Hand,
    /// Rulings about candidates.
    Rulings,
}

impl ImportKind {
    /// The word used in the store: `exam`, `roster`, `rooms`, `practical`, `layout`, `hand`, `rulings`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exam => "exam",
            Self::Roster => "roster",
            Self::Rooms => "rooms",
            Self::Practical => "practical",
            Self::Layout => "layout",
            Self::Hand => "hand",
            Self::Rulings => "rulings",
        }
    }

    fn of_word(word: &str) -> Result<Self, Fault> {
        let all =
            [Self::Exam, Self::Roster, Self::Rooms, Self::Practical, Self::Layout, Self::Hand, Self::Rulings];
        all.into_iter().find(|kind| kind.word() == word).ok_or(Fault::Row("imports"))
    }
}

/// Whether an import changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It is in force now.
    New,
    /// The same value from the same file was in force already.
    Known,
}

/// One import, as the list of imports shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// What kind of value.
    pub kind: ImportKind,
    /// Which room or layout (its hash); empty for the others.
    pub name: String,
    /// Where it came from.
    pub source: Source,
    /// The journal entry it was written with.
    pub entry: u64,
}

/// A layout as its file's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutRecord {
    /// Its name.
    pub name: LayoutName,
    /// The file's text; its bytes make the layout's hash.
    pub text: String,
}

impl LayoutRecord {
    /// The layout's hash, as readings carry it.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        Sha256::of(self.text.as_bytes())
    }
}

impl Store {
    /// Puts the exam in force.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`] or a failure of the file.
    pub fn import_exam(&mut self, exam: &Exam, source: &Source, at: &str) -> Result<Imported, StoreError> {
        self.import(ImportKind::Exam, "", exam, source, at)
    }

    /// Puts the roster in force, in the place of any earlier one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`] or a failure of the file.
    pub fn import_roster(
        &mut self,
        roster: &Roster,
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.import(ImportKind::Roster, "", roster, source, at)
    }

    /// Puts a room's record in force, in the place of any earlier one of that room.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`] or a failure of the file.
    pub fn import_room(
        &mut self,
        record: &RoomRecord,
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.import(ImportKind::Rooms, record.room.as_str(), record, source, at)
    }

    /// Puts practical scores in force, in the place of all earlier ones. A freeze does not refuse them.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn import_practical(
        &mut self,
        scores: &[PracticalScore],
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.import(ImportKind::Practical, "", &scores, source, at)
    }

    /// Puts rulings about candidates in force, in the place of all earlier ones. A freeze does not refuse them: what is decided
    /// after the exam is decided then.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn import_rulings(
        &mut self,
        rulings: &Rulings,
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.import(ImportKind::Rulings, "", rulings, source, at)
    }

    /// Puts marks given by hand in force, in the place of all earlier ones. They are part of what is frozen.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`] or a failure of the file.
    pub fn import_hand(
        &mut self,
        marks: &BTreeMap<TicketNumber, HandMarks>,
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.import(ImportKind::Hand, "", marks, source, at)
    }

    /// Adds a layout beside those that are there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Frozen`] or a failure of the file.
    pub fn import_layout(
        &mut self,
        layout: &LayoutRecord,
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.import(ImportKind::Layout, &layout.hash().to_string(), layout, source, at)
    }

    fn import<T: Serialize>(
        &mut self,
        kind: ImportKind,
        name: &str,
        value: &T,
        source: &Source,
        at: &str,
    ) -> Result<Imported, StoreError> {
        self.write("import", at, |tx, entry| {
            if !matches!(kind, ImportKind::Practical | ImportKind::Rulings) {
                freeze::refuse(tx)?;
            }
            let text = encode(kind.word(), value)?;
            let hash = source.sha256.to_string();
            let last: Option<(String, String, String)> = tx
                .prepare_cached(
                    "SELECT value, source, source_sha256 FROM imports
                     WHERE kind = ?1 AND name = ?2 ORDER BY seq DESC LIMIT 1",
                )?
                .query_row((kind.word(), name), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            if last.is_some_and(|(v, file, h)| v == text && file == source.file && h == hash) {
                return Ok((Imported::Known, None));
            }
            let digest = Sha256::of(text.as_bytes()).to_string();
            tx.prepare_cached(
                "INSERT INTO imports (kind, name, value, source, source_sha256, entry)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((kind.word(), name, text, &source.file, hash, entry))?;
            let detail =
                json!({ "kind": kind.word(), "name": name, "file": source.file, "value_sha256": digest });
            Ok((Imported::New, Some(detail)))
        })
    }

    /// The exam in force; `None` before the first import.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn exam(&self) -> Result<Option<Exam>, StoreError> {
        self.single(ImportKind::Exam)
    }

    /// The roster in force; `None` before the first import.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn roster(&self) -> Result<Option<Roster>, StoreError> {
        self.single(ImportKind::Roster)
    }

    /// The room records in force, by room.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn rooms(&self) -> Result<Vec<RoomRecord>, StoreError> {
        self.named(ImportKind::Rooms)
    }

    /// The practical scores in force; empty before the first import.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if they can't be read.
    pub fn practical(&self) -> Result<Vec<PracticalScore>, StoreError> {
        Ok(self.single(ImportKind::Practical)?.unwrap_or_default())
    }

    /// The rulings about candidates in force; empty before the first import.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if they can't be read.
    pub fn rulings(&self) -> Result<Rulings, StoreError> {
        Ok(self.single(ImportKind::Rulings)?.unwrap_or_default())
    }

    /// The marks given by hand that are in force; empty before the first import.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if they can't be read.
    pub fn hand(&self) -> Result<BTreeMap<TicketNumber, HandMarks>, StoreError> {
        Ok(self.single(ImportKind::Hand)?.unwrap_or_default())
    }

    /// How many practical scores are in force, without reading them all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if they are no list.
    pub fn practical_count(&self) -> Result<usize, StoreError> {
        self.read(|tx| {
            let count: Option<u32> = tx
                .prepare_cached(
                    "SELECT json_array_length(value) FROM imports WHERE kind = 'practical' ORDER BY seq DESC LIMIT 1",
                )?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok(count.unwrap_or(0) as usize)
        })
    }

    /// All layouts, by hash.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn layouts(&self) -> Result<Vec<LayoutRecord>, StoreError> {
        self.named(ImportKind::Layout)
    }

    /// All imports in their order, also those that are no longer in force.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn imports(&self) -> Result<Vec<ImportRecord>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT kind, name, source, source_sha256, entry FROM imports ORDER BY seq",
            )?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let kind: String = row.get(0)?;
                let entry: i64 = row.get(4)?;
                let sha256: String = row.get(3)?;
                let source = Source { file: row.get(2)?, sha256: parse("imports", &sha256)? };
                out.push(ImportRecord {
                    kind: ImportKind::of_word(&kind)?,
                    name: row.get(1)?,
                    source,
                    entry: entry.unsigned_abs(),
                });
            }
            Ok(out)
        })
    }

    fn single<T: DeserializeOwned>(&self, kind: ImportKind) -> Result<Option<T>, StoreError> {
        self.read(|tx| Ok(in_force(tx, kind)?.pop()))
    }

    fn named<T: DeserializeOwned>(&self, kind: ImportKind) -> Result<Vec<T>, StoreError> {
        self.read(|tx| in_force(tx, kind))
    }
}

/// The values in force of one kind, by name.
pub(super) fn in_force<T: DeserializeOwned>(tx: &Transaction<'_>, kind: ImportKind) -> Result<Vec<T>, Fault> {
    each_in_force(tx, kind, |text| decode("imports", text))
}

/// What `look` makes of the texts in force of one kind, by name.
pub(super) fn each_in_force<T>(
    tx: &Transaction<'_>,
    kind: ImportKind,
    mut look: impl FnMut(&str) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT value FROM imports i WHERE kind = ?1 AND seq =
             (SELECT MAX(seq) FROM imports j WHERE j.kind = i.kind AND j.name = i.name)
         ORDER BY name",
    )?;
    let mut rows = statement.query([kind.word()])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        // The text as SQLite has it: a copy of a large roster's is tens of megabytes.
        let text = row.get_ref(0)?.as_str().map_err(|_| Fault::Row("imports"))?;
        out.push(look(text)?);
    }
    Ok(out)
}
