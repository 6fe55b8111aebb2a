//! Rows of a roster become candidates.

use super::RosterFault;
use crate::exam::headings::{Heading, known};
use crate::exam::identity::{Document, Sex};
use crate::exam::lookup::RoomFinder;
use crate::exam::table::{Record, RowPlace, RowProblem};
use crate::exam::words::{key, odd_character, person};
use crate::exam::{Attempt, Candidate, Exam, Level, Occupation, Roster};
use crate::sheet::{Form, RoomId, TicketNumber};
use jiff::civil::Date;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// Reads rows and keeps what was seen in earlier ones.
pub(super) struct Importer<'e> {
    exam: &'e Exam,
    rooms: RoomFinder<'e>,
    born_by: Option<Date>,
    pub(super) problems: Vec<RowProblem<RosterFault>>,
    tickets: HashMap<TicketNumber, (usize, RowPlace)>,
    persons: HashMap<(String, String, Level), RowPlace>,
    seats: HashMap<(RoomId, u16), RowPlace>,
    pub(super) roster: Roster,
}

impl<'e> Importer<'e> {
    pub(super) fn new(exam: &'e Exam) -> Self {
        Self {
            exam,
            rooms: RoomFinder::new(exam),
            born_by: exam.day(),
            problems: Vec::new(),
            tickets: HashMap::new(),
            persons: HashMap::new(),
            seats: HashMap::new(),
            roster: Roster::default(),
        }
    }

    fn note(&mut self, record: &Record<'_>, heading: &Heading, fault: impl Into<RosterFault>) {
        self.problems.push(record.problem(Some(heading), fault.into()));
    }

    fn text(&mut self, record: &Record<'_>, heading: &Heading) -> Option<String> {
        record.text(heading).map_err(|fault| self.note(record, heading, fault)).ok()
    }

    fn optional(&mut self, record: &Record<'_>, heading: &Heading) -> String {
        record.optional(heading).map_err(|fault| self.note(record, heading, fault)).unwrap_or_default()
    }

    /// Takes in a row of the file with the number `file`, or notes why not.
    pub(super) fn row(&mut self, file: usize, record: &Record<'_>) {
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
            let known: BTreeSet<_> = self.exam.occupations.iter().map(|o| o.name.as_str()).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let fault = RosterFault::Occupation { found: name, known };
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
        let room = self.rooms.find(&found);
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
