//! Rosters, room records and practical scores come in.

use super::{Session, SessionError};
use crate::exam::{AssessedPart, Part, RoomRecord, RoomSaid, Roster, Rulings};
use crate::hand;
use crate::sheet::{RoomId, Sha256};
use crate::store::{Imported, Source};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// Rows that are in force now: candidates, rooms or scores.
    pub rows: usize,
    /// Whether anything changed.
    pub imported: Imported,
    /// What is different from the version before, a line each; empty for the first one and where differences are not told.
    pub changes: Vec<String>,
}

impl Session {
    /// Takes in the roster (鉴定名册); several files make one roster. It takes the place of an earlier one.
    ///
    /// # Errors
    ///
    /// Every wrong row of every file, or a failure of the record.
    pub fn import_roster(&mut self, files: &[PathBuf]) -> Result<ImportedFile, SessionError> {
        self.refuse_frozen()?;
        let read = read_all(files)?;
        let named: Vec<(&str, &[u8])> = read.iter().map(|f| (f.name.as_str(), f.bytes.as_slice())).collect();
        let roster = Roster::import_files(&named, &self.exam)?;
        let at = self.now();
        let imported = self.store.import_roster(&roster, &source_of(&read), &at)?;
        Ok(ImportedFile { rows: roster.candidates.len(), imported, changes: Vec::new() })
    }

    /// Takes in room records (考场情况记录). A room that was recorded before is replaced, and what is different is told.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::RoomTwice`], every wrong row, or a failure of the record.
    pub fn import_rooms(&mut self, files: &[PathBuf]) -> Result<ImportedFile, SessionError> {
        self.refuse_frozen()?;
        let roster = self.roster()?;
        let mut records: Vec<(RoomRecord, Source)> = Vec::new();
        let mut rooms: BTreeSet<RoomId> = BTreeSet::new();
        let excused = self.store.rulings()?.excused(&self.exam, &roster, Part::Theory);
        for file in read_all(files)? {
            let found = RoomRecord::import_without(&file.name, &file.bytes, &self.exam, &roster, &excused)?;
            for record in found {
                if !rooms.insert(record.room.clone()) {
                    return Err(SessionError::RoomTwice { room: record.room });
                }
                records.push((record, source_of(std::slice::from_ref(&file))));
            }
        }
        self.take_rooms(&records)
    }

    /// Takes in the record of one room as it is told, without a file. Whoever is not named was present.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::RoomSaid`] with everything that is wrong with it, or a failure of the record.
    pub fn record_room(&mut self, said: RoomSaid) -> Result<ImportedFile, SessionError> {
        self.refuse_frozen()?;
        let roster = self.roster()?;
        let excused = self.store.rulings()?.excused(&self.exam, &roster, Part::Theory);
        let record = RoomRecord::said(said, &self.exam, &roster, &excused)
            .map_err(|faults| SessionError::RoomSaid { faults })?;
        let text = crate::exam::rooms::to_csv(std::slice::from_ref(&record), &roster);
        let source = Source { file: format!("room record {}", record.room), sha256: Sha256::of(&text) };
        self.take_rooms(&[(record, source)])
    }

    fn take_rooms(&mut self, records: &[(RoomRecord, Source)]) -> Result<ImportedFile, SessionError> {
        let earlier = self.store.rooms()?;
        let at = self.now();
        let mut done = ImportedFile { rows: records.len(), imported: Imported::Known, changes: Vec::new() };
        for (record, source) in records {
            if self.store.import_room(record, source, &at)? == Imported::New {
                done.imported = Imported::New;
                let before = earlier.iter().find(|r| r.room == record.room);
                done.changes.extend(before.into_iter().flat_map(|before| record.changes_from(before)));
            }
        }
        Ok(done)
    }

    /// The room records in force, by room.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn room_records(&self) -> Result<Vec<RoomRecord>, SessionError> {
        Ok(self.store.rooms()?)
    }

    /// Takes in rulings about candidates (特殊情况); several files make one table. It takes the place of the one before, and what
    /// is different is told. A freeze does not refuse it.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], every wrong row of every file, or a failure of the record.
    pub fn import_rulings(&mut self, files: &[PathBuf]) -> Result<ImportedFile, SessionError> {
        let roster = self.roster()?;
        let read = read_all(files)?;
        let named: Vec<(&str, &[u8])> = read.iter().map(|f| (f.name.as_str(), f.bytes.as_slice())).collect();
        let rulings = Rulings::import_files(&named, &self.exam, &roster)?;
        let earlier = self.store.rulings()?;
        let at = self.now();
        let imported = self.store.import_rulings(&rulings, &source_of(&read), &at)?;
        let rows = rulings.0.values().map(Vec::len).sum();
        Ok(ImportedFile { rows, imported, changes: rulings.changes_from(&earlier) })
    }

    /// The rulings about candidates in force.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn rulings(&self) -> Result<Rulings, SessionError> {
        Ok(self.store.rulings()?)
    }

    /// Takes in practical scores (实操成绩), as totals or as assessors' score sheets. Candidates that these files don't name keep the score they
    /// had. [`Session::take_scores`] says more.
    ///
    /// # Errors
    ///
    /// As [`Session::take_scores`].
    pub fn import_practical(&mut self, files: &[PathBuf]) -> Result<ImportedFile, SessionError> {
        let taken = self.take_scores(AssessedPart::Practical, files, false)?;
        Ok(ImportedFile { rows: taken.candidates, imported: taken.imported, changes: Vec::new() })
    }

    /// Takes in marks given by hand (人工阅卷). Sections of candidates that these files don't name keep the marks they had.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], every wrong row, a candidate's section in more than one of the files, or a failure of
    /// the record, such as that it is frozen.
    pub fn import_hand(&mut self, files: &[PathBuf]) -> Result<ImportedFile, SessionError> {
        self.refuse_frozen()?;
        let roster = self.roster()?;
        let read = read_all(files)?;
        let mut marks = self.store.hand()?;
        let mut new = BTreeSet::new();
        for file in &read {
            for (ticket, sections) in hand::import(&file.name, &file.bytes, &self.exam, &roster)? {
                for (section, points) in sections {
                    if !new.insert((ticket.clone(), section.clone())) {
                        return Err(SessionError::MarksTwice { ticket, section });
                    }
                    marks.entry(ticket.clone()).or_default().insert(section, points);
                }
            }
        }
        let at = self.now();
        let imported = self.store.import_hand(&marks, &source_of(&read), &at)?;
        Ok(ImportedFile { rows: new.len(), imported, changes: Vec::new() })
    }
}

/// A file's name as it was given, and its bytes.
pub(super) struct ReadFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn read_all(files: &[PathBuf]) -> Result<Vec<ReadFile>, SessionError> {
    files.iter().map(|path| read_one(path)).collect()
}

pub(super) fn read_one(path: &Path) -> Result<ReadFile, SessionError> {
    let bytes = std::fs::read(path).map_err(|e| SessionError::file("read", path, e))?;
    Ok(ReadFile { name: path.display().to_string(), bytes })
}

/// Where a value made of these files comes from: their names, and the hash of their hashes if several.
pub(super) fn source_of(files: &[ReadFile]) -> Source {
    let names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
    let sha256 = if let [one] = files {
        Sha256::of(&one.bytes)
    } else {
        let hashes: String = files.iter().map(|f| Sha256::of(&f.bytes).to_string()).collect();
        Sha256::of(hashes.as_bytes())
    };
    Source { file: names.join(", "), sha256 }
}
