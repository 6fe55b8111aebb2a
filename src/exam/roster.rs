//! Reading and writing the roster (鉴定名册).

use super::headings::{Heading, Need, known};
use super::identity::{Document, IdNumberFault, Sex};
use super::table::{CellFault, Record, RowPlace, RowProblem, Table, TableError, listing, select};
use super::words::{key, odd_character, person};
use super::write::{Grid, Kind, WriteError};
use super::{Attempt, Candidate, Exam, Level, LevelError, Occupation, Roster};
use crate::sheet::{Form, IdError, RoomId, TicketNumber};
use jiff::civil::Date;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A roster that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// A file is no table, or its headings are missing.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows that can't be used: all of them; the message lists the first 20.
    #[error("{}", listing(.0))]
    Rows(Vec<RowProblem<RosterFault>>),
    /// Headings without a candidate below.
    #[error("{file}: there are headings, but no candidate below them")]
    NoCandidates {
        /// Which file.
        file: String,
    },
    /// Two rosters that contradict each other.
    #[error("{}", listing(.0))]
    Clashes(Vec<RosterClash>),
}

impl RosterError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Table(error) => error.hint(),
            Self::Rows(rows)
                if rows.iter().any(|r| r.problem == RosterFault::Cell(CellFault::LostDigits)) =>
            {
                "set the column's format to text, then fill the numbers in again from their source: the lost \
                 digits are not in the file any more"
            }
            Self::Rows(_) => "correct these rows in the file and import it again; nothing was imported",
            Self::NoCandidates { .. } => "check that this is the file that was meant",
            Self::Clashes(_) => "ask the institute which of the two is right; nothing was imported",
        }
    }
}

/// What can be wrong with a row of the roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterFault {
    /// The cell itself.
    #[error(transparent)]
    Cell(#[from] CellFault),
    /// Not a ticket number.
    #[error(transparent)]
    Ticket(IdError),
    /// The ticket number is another row's.
    #[error("the ticket number {ticket} is there already, in {first}")]
    TicketTwice {
        /// The number.
        ticket: TicketNumber,
        /// Where it was first.
        first: RowPlace,
    },
    /// Not a person's name.
    #[error("the name has the character {character:?} (U+{:04X})", u32::from(*.character))]
    Name {
        /// The first character that doesn't belong.
        character: char,
    },
    /// A name longer than any.
    #[error("the name has more than 50 characters")]
    LongName,
    /// Not an identity number.
    #[error("the number {0}")]
    IdNumber(#[from] IdNumberFault),
    /// One person entered twice for one occupation and level.
    #[error("the same number is entered for {occupation} {level} already, in {first}")]
    PersonTwice {
        /// The occupation.
        occupation: String,
        /// The level.
        level: Level,
        /// Where it was first.
        first: RowPlace,
    },
    /// Neither 男 nor 女.
    #[error("{0:?} is neither 男 nor 女")]
    Sex(String),
    /// The sex is not the one that the identity number says.
    #[error("says {found}, but the identity number says {expected}")]
    SexDiffers {
        /// What the cell says.
        found: &'static str,
        /// What the number says.
        expected: &'static str,
    },
    /// The sex is not there, and the paper's number does not say it.
    #[error("性别 is missing, and only an 18-digit identity number says it")]
    SexUnknown,
    /// Not a level.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// Not an occupation of the exam.
    #[error("{found:?} is not an occupation of this exam; there are {known}")]
    Occupation {
        /// What the cell says.
        found: String,
        /// The occupations there are.
        known: String,
    },
    /// The occupation is not examined at this level.
    #[error("{occupation} is not examined at the level {level} in this exam")]
    OccupationLevel {
        /// The occupation.
        occupation: String,
        /// The level.
        level: Level,
    },
    /// Neither 新考 nor 补考.
    #[error("{0:?} is neither 新考 nor 补考")]
    Attempt(String),
    /// Not a room of the exam.
    #[error("{found:?} is not a room of this exam; there are {known}")]
    Room {
        /// What the cell says.
        found: String,
        /// The rooms there are.
        known: String,
    },
    /// Not a seat number.
    #[error("{0:?} is not a seat number between 1 and 999")]
    Seat(String),
    /// The seat is another candidate's.
    #[error("seat {seat} of room {room} is taken already, in {first}")]
    SeatTwice {
        /// The room.
        room: RoomId,
        /// The seat.
        seat: u16,
        /// Who has it.
        first: RowPlace,
    },
    /// Not a form of the candidate's paper.
    #[error("{found:?} is not a form of this paper; there are {known}")]
    Form {
        /// What the cell says.
        found: String,
        /// The forms there are.
        known: String,
    },
}

/// Two rosters that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterClash {
    /// One ticket number, two different entries.
    #[error("ticket number {ticket}: the entry is not the one that was imported before")]
    Ticket {
        /// The number.
        ticket: TicketNumber,
    },
    /// One person with two ticket numbers for one occupation and level.
    #[error(
        "ticket number {ticket}: the same person is entered with {other} for the same occupation and level"
    )]
    Person {
        /// The new number.
        ticket: TicketNumber,
        /// The number that was imported before.
        other: TicketNumber,
    },
    /// One seat for two.
    #[error("ticket number {ticket}: seat {seat} of room {room} is that of {other}")]
    Seat {
        /// The new number.
        ticket: TicketNumber,
        /// The number that was imported before.
        other: TicketNumber,
        /// The room.
        room: RoomId,
        /// The seat.
        seat: u16,
    },
}

impl Exam {
    /// The room that `text` names: exactly, or as a spreadsheet writes it (`1` for `01`, `第01考场`), if
    /// that is one room only.
    #[must_use]
    pub fn room(&self, text: &str) -> Option<&RoomId> {
        let text = super::words::tidy(text);
        if let Some(room) = self.rooms.iter().find(|r| r.as_str() == text) {
            return Some(room);
        }
        let wanted = room_key(&text);
        let mut rooms = self.rooms.iter().filter(|r| room_key(r.as_str()) == wanted);
        rooms.next().filter(|_| rooms.next().is_none())
    }

    /// The occupation called `name` at `level`, if it is examined.
    #[must_use]
    pub fn occupation(&self, name: &str, level: Level) -> Option<&Occupation> {
        let name = key(name);
        self.occupations.iter().find(|o| o.level == level && key(&o.name) == name)
    }

    fn rooms_known(&self) -> String {
        self.rooms.iter().map(RoomId::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The day of the exam, where the date begins with one.
    fn day(&self) -> Option<Date> {
        self.date.get(..10)?.parse().ok()
    }
}

/// A room's name without what is written around it: `第01考场`, `01` and `1` are `1`.
fn room_key(text: &str) -> String {
    let text = key(text);
    let text = text.strip_prefix('第').unwrap_or(&text);
    let text = ["考场", "考室", "室", "号"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let short = text.trim_start_matches('0');
    if digits && !short.is_empty() { short.to_owned() } else { text.to_owned() }
}

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

/// Reads rows and keeps what was seen in earlier ones.
struct Importer<'e> {
    exam: &'e Exam,
    born_by: Option<Date>,
    problems: Vec<RowProblem<RosterFault>>,
    tickets: HashMap<TicketNumber, (usize, RowPlace)>,
    persons: HashMap<(String, String, Level), RowPlace>,
    seats: HashMap<(RoomId, u16), RowPlace>,
    roster: Roster,
}

impl Importer<'_> {
    fn note(&mut self, record: &Record<'_>, heading: &Heading, fault: impl Into<RosterFault>) {
        self.problems.push(record.problem(Some(heading), fault.into()));
    }

    fn text(&mut self, record: &Record<'_>, heading: &Heading) -> Option<String> {
        record.text(heading).map_err(|fault| self.note(record, heading, fault)).ok()
    }

    fn optional(&mut self, record: &Record<'_>, heading: &Heading) -> String {
        record.optional(heading).map_err(|fault| self.note(record, heading, fault)).unwrap_or_default()
    }

    fn row(&mut self, file: usize, record: &Record<'_>) {
        let ticket = self.ticket(record);
        let name = self.name(record);
        let document = self.document(record);
        let sex = self.sex(record, document.as_ref());
        let occupation = self.occupation(record);
        let attempt = self.attempt(record);
        let room = self.room(record);
        let seat = self.seat(record);
        let form = occupation.as_ref().map(|o| self.form(record, o));
        let education = self.optional(record, &known::EDUCATION);
        let remark = self.optional(record, &known::REMARK);
        let candidate = || {
            let occupation = occupation.as_ref()?;
            Some(Candidate {
                ticket: ticket.clone()?,
                name: name?,
                sex: sex?.word().to_owned(),
                id_number: document.as_ref()?.number().to_owned(),
                education,
                occupation: occupation.name.clone(),
                level: occupation.level,
                attempt: attempt?,
                room: room.clone()?,
                seat: seat?,
                form: form?,
                remark,
            })
        };
        let candidate = candidate();
        if let (Some(candidate), Some(ticket)) = (&candidate, &ticket) {
            let elsewhere = self.tickets.get(ticket).is_some_and(|(first, _)| *first != file);
            if elsewhere && self.roster.candidates.get(ticket) == Some(candidate) {
                // The same entry in a second file.
                return;
            }
        }
        self.unique(file, record, ticket, document.zip(occupation), room.zip(seat));
        if let Some(candidate) = candidate {
            self.roster.candidates.entry(candidate.ticket.clone()).or_insert(candidate);
        }
    }

    /// Notes what an earlier row has already.
    fn unique(
        &mut self,
        file: usize,
        record: &Record<'_>,
        ticket: Option<TicketNumber>,
        person: Option<(Document, Occupation)>,
        place: Option<(RoomId, u16)>,
    ) {
        if let Some(ticket) = ticket {
            match self.tickets.entry(ticket) {
                Entry::Vacant(free) => {
                    free.insert((file, record.place()));
                }
                Entry::Occupied(taken) => {
                    let fault = RosterFault::TicketTwice {
                        ticket: taken.key().clone(),
                        first: taken.get().1.clone(),
                    };
                    self.problems.push(record.problem(Some(&known::TICKET), fault));
                }
            }
        }
        if let Some((document, Occupation { name: occupation, level, .. })) = person {
            let first = self.persons.get(&(document.number().to_owned(), occupation.clone(), level)).cloned();
            match first {
                Some(first) => {
                    let fault = RosterFault::PersonTwice { occupation, level, first };
                    self.note(record, &known::ID_NUMBER, fault);
                }
                None => {
                    self.persons.insert((document.number().to_owned(), occupation, level), record.place());
                }
            }
        }
        if let Some((room, seat)) = place {
            match self.seats.entry((room, seat)) {
                Entry::Vacant(free) => {
                    free.insert(record.place());
                }
                Entry::Occupied(taken) => {
                    let (room, seat) = taken.key().clone();
                    let fault = RosterFault::SeatTwice { room, seat, first: taken.get().clone() };
                    self.problems.push(record.problem(Some(&known::SEAT), fault));
                }
            }
        }
    }

    fn ticket(&mut self, record: &Record<'_>) -> Option<TicketNumber> {
        let heading = &known::TICKET;
        let digits = record.cell(heading).digits().map_err(|fault| self.note(record, heading, fault)).ok()?;
        digits.parse().map_err(|fault| self.note(record, heading, RosterFault::Ticket(fault))).ok()
    }

    fn name(&mut self, record: &Record<'_>) -> Option<String> {
        // The longest names in use, of minorities with their fathers' names, have about 30 characters.
        const LONGEST: usize = 50;
        let name = person(&self.text(record, &known::NAME)?);
        if let Some(character) = odd_character(&name) {
            self.note(record, &known::NAME, RosterFault::Name { character });
            return None;
        }
        if name.chars().count() > LONGEST {
            self.note(record, &known::NAME, RosterFault::LongName);
            return None;
        }
        Some(name)
    }

    fn document(&mut self, record: &Record<'_>) -> Option<Document> {
        let heading = &known::ID_NUMBER;
        let digits = record.cell(heading).digits().map_err(|fault| self.note(record, heading, fault)).ok()?;
        Document::check(&digits, self.born_by).map_err(|fault| self.note(record, heading, fault)).ok()
    }

    /// The sex that the row and the identity number agree on. Without a good number nothing is known.
    fn sex(&mut self, record: &Record<'_>, document: Option<&Document>) -> Option<Sex> {
        let text = self.optional(record, &known::SEX);
        let known = if text.is_empty() { None } else { Sex::from_word(&text) };
        if !text.is_empty() && known.is_none() {
            self.note(record, &known::SEX, RosterFault::Sex(text));
            return None;
        }
        match (known, document?.sex()) {
            (Some(found), Some(expected)) if found != expected => {
                let fault = RosterFault::SexDiffers { found: found.word(), expected: expected.word() };
                self.note(record, &known::SEX, fault);
                None
            }
            (Some(sex), _) | (None, Some(sex)) => Some(sex),
            (None, None) => {
                self.note(record, &known::SEX, RosterFault::SexUnknown);
                None
            }
        }
    }

    fn occupation(&mut self, record: &Record<'_>) -> Option<Occupation> {
        let only = if let [only] = self.exam.occupations.as_slice() { Some(only) } else { None };
        let cell = |heading: &Heading| record.cell(heading).is_empty();
        let name = match only {
            Some(only) if cell(&known::OCCUPATION) => Some(only.name.clone()),
            _ => self.text(record, &known::OCCUPATION),
        };
        let level = match only {
            Some(only) if cell(&known::LEVEL) => Some(only.level),
            _ => self.text(record, &known::LEVEL).and_then(|text| {
                text.parse::<Level>().map_err(|fault| self.note(record, &known::LEVEL, fault)).ok()
            }),
        };
        let name = name?;
        if !self.exam.occupations.iter().any(|o| key(&o.name) == key(&name)) {
            let mut known: Vec<_> = self.exam.occupations.iter().map(|o| o.name.as_str()).collect();
            known.dedup();
            let fault = RosterFault::Occupation { found: name, known: known.join(", ") };
            self.note(record, &known::OCCUPATION, fault);
            return None;
        }
        let level = level?;
        let occupation = self.exam.occupation(&name, level).cloned();
        if occupation.is_none() {
            self.note(record, &known::LEVEL, RosterFault::OccupationLevel { occupation: name, level });
        }
        occupation
    }

    fn attempt(&mut self, record: &Record<'_>) -> Option<Attempt> {
        let text = self.optional(record, &known::ATTEMPT);
        if text.is_empty() {
            return Some(Attempt::First);
        }
        let attempt = Attempt::from_word(&text);
        if attempt.is_none() {
            self.note(record, &known::ATTEMPT, RosterFault::Attempt(text));
        }
        attempt
    }

    fn room(&mut self, record: &Record<'_>) -> Option<RoomId> {
        let found = self.text(record, &known::ROOM)?;
        let room = self.exam.room(&found).cloned();
        if room.is_none() {
            let fault = RosterFault::Room { found, known: self.exam.rooms_known() };
            self.note(record, &known::ROOM, fault);
        }
        room
    }

    fn seat(&mut self, record: &Record<'_>) -> Option<u16> {
        let text = self.text(record, &known::SEAT)?;
        let plain = key(&text);
        let plain = plain.strip_suffix('号').or_else(|| plain.strip_suffix('座')).unwrap_or(&plain);
        let digits = plain.len() <= 4 && plain.bytes().all(|b| b.is_ascii_digit());
        let seat = plain.parse().ok().filter(|seat| digits && (1..=999).contains(seat));
        if seat.is_none() {
            self.note(record, &known::SEAT, RosterFault::Seat(text));
        }
        seat
    }

    /// The form, if the roster fixes one. A form that is wrong is noted and counts as none.
    fn form(&mut self, record: &Record<'_>, occupation: &Occupation) -> Option<Form> {
        let found = self.optional(record, &known::FORM);
        if found.is_empty() {
            return None;
        }
        let forms = self.exam.papers.get(&occupation.paper).map_or(&[][..], |p| p.forms.as_slice());
        let plain = key(&found);
        let plain = plain.strip_suffix('卷').unwrap_or(&plain);
        let form = forms.iter().find(|f| f.as_str() == found || f.as_str() == plain);
        let form = form.or_else(|| forms.iter().find(|f| f.as_str().eq_ignore_ascii_case(plain))).cloned();
        if form.is_none() {
            let known = forms.iter().map(Form::as_str).collect::<Vec<_>>().join(", ");
            self.note(record, &known::FORM, RosterFault::Form { found, known });
        }
        form
    }
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
        let mut importer = Importer {
            exam,
            born_by: exam.day(),
            problems: Vec::new(),
            tickets: HashMap::new(),
            persons: HashMap::new(),
            seats: HashMap::new(),
            roster: Self::default(),
        };
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
