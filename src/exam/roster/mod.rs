//! Reading and writing the roster (鉴定名册).

mod fault;
mod rows;
#[cfg(test)]
mod tests;

pub use fault::{RosterClash, RosterError, RosterFault};

use super::headings::{Heading, Need, known};
use super::table::{Table, select};
use super::write::{Grid, Kind, WriteError};
use super::{Candidate, Exam, Roster};
use crate::sheet::RoomId;
use rows::Importer;
use std::collections::HashMap;

/// What a row must have at the least.
fn headings(exam: &Exam) -> [Heading; 12] {
    // With a single occupation the roster need not repeat it.
    let need = if exam.occupations.len() == 1 { Need::Optional } else { Need::Required };
    [
        known::TICKET,
        known::NAME,
        known::SEX,
        known::ID_NUMBER,
        known::EDUCATION,
        known::OCCUPATION.with(need),
        known::LEVEL.with(need),
        known::ATTEMPT,
        known::ROOM,
        known::SEAT,
        known::FORM,
        known::REMARK,
    ]
}

impl Roster {
    /// The roster in the file `name` (which is only named in errors).
    ///
    /// Needed are the columns 准考证号, 姓名, 证件号码, 考场, 座位 and, unless the exam has a single occupation,
    /// 职业 and 等级; 性别, 文化程度, 新考/补考, 试卷类型 and 备注 are used where they are.
    ///
    /// # Errors
    ///
    /// [`RosterError`]; [`RosterError::Rows`] has every row that can't be used, and nothing is imported then.
    ///
    /// # Example
    ///
    /// ```
    /// use duka::exam::{Exam, Roster, example_toml};
    /// let exam = Exam::parse(example_toml(), "exam.toml")?;
    /// let table = "准考证号,姓名,身份证号,考场,座位\n140510001001,张甲,640502190001010016,01,1\n";
    /// let roster = Roster::import("roster.csv", table.as_bytes(), &exam)?;
    /// assert_eq!(roster.candidates.values().next().map(|c| c.sex.as_str()), Some("男"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(name: &str, bytes: &[u8], exam: &Exam) -> Result<Self, RosterError> {
        Self::import_files(&[(name, bytes)], exam)
    }

    /// The roster that is spread over several files, each given by its name and its bytes.
    ///
    /// A candidate may be in several files if the entries are the same.
    ///
    /// # Errors
    ///
    /// As [`Roster::import`], with the rows of all files.
    pub fn import_files(files: &[(&str, &[u8])], exam: &Exam) -> Result<Self, RosterError> {
        let mut importer = Importer::new(exam);
        for (index, (name, bytes)) in files.iter().enumerate() {
            let tables = Table::read(name, bytes)?;
            let mut rows = 0;
            for (table, columns) in select(name, &tables, &headings(exam))? {
                for record in table.records(&columns) {
                    rows += 1;
                    importer.row(index, &record);
                }
            }
            if rows == 0 {
                return Err(RosterError::NoCandidates { file: (*name).to_owned() });
            }
        }
        if importer.problems.is_empty() {
            Ok(importer.roster)
        } else {
            Err(RosterError::Rows(importer.problems))
        }
    }

    /// Adds the candidates of `other` and says how many were new; the same entry may be in both.
    ///
    /// # Errors
    ///
    /// [`RosterError::Clashes`] if an entry, a person or a seat contradicts what is here; nothing is added then.
    pub fn extend(&mut self, other: Self) -> Result<usize, RosterError> {
        let person = |c: &Candidate| (c.id_number.clone(), c.occupation.clone(), c.level);
        let seat = |c: &Candidate| (c.room.clone(), c.seat);
        let here = || self.candidates.values();
        let persons: HashMap<_, _> = here().map(|c| (person(c), c.ticket.clone())).collect();
        let seats: HashMap<_, _> = here().map(|c| (seat(c), c.ticket.clone())).collect();
        let mut clashes = Vec::new();
        for (ticket, candidate) in &other.candidates {
            match self.candidates.get(ticket) {
                Some(known) if known == candidate => continue,
                Some(_) => {
                    clashes.push(RosterClash::Ticket { ticket: ticket.clone() });
                    continue;
                }
                None => {}
            }
            if let Some(other) = persons.get(&person(candidate)) {
                clashes.push(RosterClash::Person { ticket: ticket.clone(), other: other.clone() });
            }
            if let Some(other) = seats.get(&seat(candidate)) {
                let (room, seat) = seat(candidate);
                clashes.push(RosterClash::Seat { ticket: ticket.clone(), other: other.clone(), room, seat });
            }
        }
        if !clashes.is_empty() {
            return Err(RosterError::Clashes(clashes));
        }
        let before = self.candidates.len();
        self.candidates.extend(other.candidates);
        Ok(self.candidates.len() - before)
    }

    /// The candidates of a room, by ticket number.
    pub fn room(&self, room: &RoomId) -> impl Iterator<Item = &Candidate> {
        self.candidates.values().filter(move |c| c.room == *room)
    }

    fn grid(&self) -> Grid {
        let rows = (1..).zip(self.candidates.values()).map(|(number, c): (u32, _)| {
            vec![
                number.to_string(),
                c.ticket.to_string(),
                c.name.clone(),
                c.sex.clone(),
                c.id_number.clone(),
                c.education.clone(),
                c.occupation.clone(),
                c.level.to_string(),
                c.attempt.to_string(),
                c.room.to_string(),
                c.seat.to_string(),
                c.form.as_ref().map(ToString::to_string).unwrap_or_default(),
                c.remark.clone(),
            ]
        });
        Grid {
            sheet: "鉴定名册",
            columns: vec![
                ("序号", Kind::Number, 6),
                (known::TICKET.name, Kind::Text, 18),
                (known::NAME.name, Kind::Text, 12),
                (known::SEX.name, Kind::Text, 6),
                (known::ID_NUMBER.name, Kind::Text, 22),
                (known::EDUCATION.name, Kind::Text, 10),
                (known::OCCUPATION.name, Kind::Text, 14),
                (known::LEVEL.name, Kind::Text, 8),
                (known::ATTEMPT.name, Kind::Text, 10),
                (known::ROOM.name, Kind::Text, 8),
                (known::SEAT.name, Kind::Number, 6),
                (known::FORM.name, Kind::Text, 10),
                (known::REMARK.name, Kind::Text, 20),
            ],
            rows: rows.collect(),
        }
    }

    /// The roster as a workbook that [`Roster::import`] reads; the same roster gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`WriteError`] for a text of more than 32 767 characters.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, WriteError> {
        self.grid().to_xlsx()
    }

    /// The roster as text with commas (UTF-8 with a byte order mark) that [`Roster::import`] reads.
    #[must_use]
    pub fn to_csv(&self) -> Vec<u8> {
        self.grid().to_csv()
    }
}
