//! Rows of candidates and of counts become room records.

use super::{ABSENT, EXPECTED, PRESENT, RoomFault, STATUS, VIOLATIONS};
use crate::exam::headings::{Heading, known};
use crate::exam::lookup::RoomFinder;
use crate::exam::table::{Record, RowPlace, RowProblem};
use crate::exam::words::{key, same_name};
use crate::exam::{Exam, RoomRecord, Roster};
use crate::sheet::{RoomId, TicketNumber};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What an invigilator saw of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Present,
    Absent,
    Violation,
}

impl Status {
    fn from_word(text: &str) -> Option<Self> {
        match key(text).to_lowercase().as_str() {
            "到考" | "出席" | "正常" | "实到" | "参加" | "到" | "到场" | "√" | "✓" | "✔" | "present" => {
                Some(Self::Present)
            }
            "缺考" | "缺席" | "缺" | "未到" | "absent" => Some(Self::Absent),
            "违纪" | "违规" | "作弊" | "违纪违规" | "violation" => Some(Self::Violation),
            _ => None,
        }
    }
}

/// A room's row of counts.
struct Counts<'t> {
    record: Record<'t>,
    expected: Option<u32>,
    present: Option<u32>,
    absent: Option<u32>,
    violations: Option<u32>,
}

pub(super) struct Importer<'e, 't> {
    exam: &'e Exam,
    finder: RoomFinder<'e>,
    roster: &'e Roster,
    pub(super) problems: Vec<RowProblem<RoomFault>>,
    seen: HashMap<TicketNumber, RowPlace>,
    pub(super) rooms: BTreeMap<RoomId, RoomRecord>,
    counts: BTreeMap<RoomId, Counts<'t>>,
}

impl<'e, 't> Importer<'e, 't> {
    pub(super) fn new(exam: &'e Exam, roster: &'e Roster) -> Self {
        Self {
            exam,
            finder: RoomFinder::new(exam),
            roster,
            problems: Vec::new(),
            seen: HashMap::new(),
            rooms: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn note(&mut self, record: &Record<'_>, heading: &Heading, fault: impl Into<RoomFault>) {
        self.problems.push(record.problem(Some(heading), fault.into()));
    }

    /// Takes in a row of a candidate or of counts, or notes why not.
    pub(super) fn row(&mut self, record: Record<'t>) {
        let counted = [EXPECTED, PRESENT, ABSENT].iter().any(|h| !record.cell(h).is_empty());
        if record.cell(&known::TICKET).is_empty() && counted {
            self.count_row(record);
        } else {
            self.person_row(&record);
        }
    }

    fn room(&mut self, record: &Record<'_>) -> Option<RoomId> {
        let found = record.text(&known::ROOM).map_err(|f| self.note(record, &known::ROOM, f)).ok()?;
        let room = self.finder.find(&found);
        if room.is_none() {
            let known = self.exam.rooms_known();
            self.note(record, &known::ROOM, RoomFault::Room { found, known });
        }
        room
    }

    fn person_row(&mut self, record: &Record<'_>) {
        let room = self.room(record);
        let ticket = self.ticket(record);
        let status = self.status(record);
        let words = record.optional(&known::REMARK);
        let words = words.map_err(|f| self.note(record, &known::REMARK, f)).unwrap_or_default();
        let Some(ticket) = ticket else { return };
        if let Some(first) = self.seen.get(&ticket).cloned() {
            self.note(record, &known::TICKET, RoomFault::Twice { ticket, first });
            return;
        }
        self.seen.insert(ticket.clone(), record.place());
        let Some(candidate) = self.roster.candidates.get(&ticket) else {
            self.note(record, &known::TICKET, RoomFault::Unknown { ticket });
            return;
        };
        let found = record.optional(&known::NAME);
        let found = found.map_err(|f| self.note(record, &known::NAME, f)).unwrap_or_default();
        if !found.is_empty() && !same_name(&found, &candidate.name) {
            let fault = RoomFault::NameDiffers { roster: candidate.name.clone(), found };
            self.note(record, &known::NAME, fault);
        }
        let (Some(room), Some(status)) = (room, status) else { return };
        if candidate.room != room {
            let fault = RoomFault::OtherRoom { ticket, roster: candidate.room.clone(), found: room };
            self.note(record, &known::ROOM, fault);
            return;
        }
        let entry = self.entry(room);
        match status {
            Status::Present => {
                entry.present.insert(ticket);
            }
            Status::Absent => {
                entry.absent.insert(ticket);
            }
            Status::Violation => {
                let words = if words.is_empty() { "违纪".to_owned() } else { words };
                entry.violations.insert(ticket.clone(), words);
                entry.present.insert(ticket);
            }
        }
    }

    fn entry(&mut self, room: RoomId) -> &mut RoomRecord {
        self.rooms.entry(room.clone()).or_insert_with(|| RoomRecord {
            room,
            present: BTreeSet::new(),
            absent: BTreeSet::new(),
            violations: BTreeMap::new(),
        })
    }

    fn ticket(&mut self, record: &Record<'_>) -> Option<TicketNumber> {
        let digits = record.cell(&known::TICKET).digits();
        let digits = digits.map_err(|fault| self.note(record, &known::TICKET, fault)).ok()?;
        digits.parse().map_err(|fault| self.note(record, &known::TICKET, RoomFault::Ticket(fault))).ok()
    }

    fn status(&mut self, record: &Record<'_>) -> Option<Status> {
        let text = record.text(&STATUS).map_err(|fault| self.note(record, &STATUS, fault)).ok()?;
        let status = Status::from_word(&text);
        if status.is_none() {
            self.note(record, &STATUS, RoomFault::Status(text));
        }
        status
    }

    fn count_row(&mut self, record: Record<'t>) {
        let room = self.room(&record);
        let counts = Counts {
            expected: self.count(&record, &EXPECTED),
            present: self.count(&record, &PRESENT),
            absent: self.count(&record, &ABSENT),
            violations: if record.cell(&VIOLATIONS).is_empty() {
                None
            } else {
                self.count(&record, &VIOLATIONS)
            },
            record,
        };
        let Some(room) = room else { return };
        if let Some(first) = self.counts.get(&room).map(|c| c.record.place()) {
            self.note(&record, &known::ROOM, RoomFault::CountsTwice { room, first });
            return;
        }
        self.counts.insert(room, counts);
    }

    fn count(&mut self, record: &Record<'_>, heading: &Heading) -> Option<u32> {
        let text = record.text(heading).map_err(|fault| self.note(record, heading, fault)).ok()?;
        let plain = key(&text);
        let count = plain.strip_suffix('人').unwrap_or(&plain).parse().ok();
        if count.is_none() {
            self.note(record, heading, RoomFault::Count(text));
        }
        count
    }

    /// Those who are not listed in a counted room were present, if the counts agree.
    pub(super) fn settle_counts(&mut self) {
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        for (room, counts) in std::mem::take(&mut self.counts) {
            let entry = self.entry(room.clone());
            let absent = entry.absent.clone();
            let listed = size(absent.len());
            let violations = size(entry.violations.len());
            let mut present: BTreeSet<_> = self.roster.room(&room).map(|c| c.ticket.clone()).collect();
            let roster = size(present.len());
            present.retain(|ticket| !absent.contains(ticket));
            let left = size(present.len());
            let record = counts.record;
            let differs = |count: Option<u32>, is: u32| count.filter(|found| *found != is);
            if let Some(found) = differs(counts.expected, roster) {
                self.note(&record, &EXPECTED, RoomFault::Expected { room: room.clone(), found, roster });
            }
            if let Some(found) = differs(counts.absent, listed) {
                self.note(&record, &ABSENT, RoomFault::Absent { room: room.clone(), found, listed });
            }
            if let Some(found) = differs(counts.present, left) {
                let fault = RoomFault::Present { room: room.clone(), found, roster, absent: roster - left };
                self.note(&record, &PRESENT, fault);
            }
            if let Some(found) = differs(counts.violations, violations) {
                let fault = RoomFault::Violations { room: room.clone(), found, listed: violations };
                self.note(&record, &VIOLATIONS, fault);
            }
            self.entry(room).present = present;
        }
    }
}
