//! Rows of candidates and of counts become room records.

use super::report::{HandedOut, RoomReport, VoidedCard};
use super::said::stranger;
use super::{
    ABSENT, CARDS_BACK, CARDS_OUT, EXPECTED, FIRST, INVIGILATORS, LAST, PAPERS_BACK, PAPERS_OUT, PRESENT,
    RoomFault, SERIAL, SPARE, STATUS, VIOLATIONS, VOIDED,
};
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
    /// Not of a candidate but of a card of theirs.
    VoidedCard,
}

impl Status {
    fn from_word(text: &str) -> Option<Self> {
        match key(text).to_lowercase().as_str() {
            "到考" | "出席" | "正常" | "实到" | "参加" | "到" | "到场" | "√" | "✓" | "✔" | "present" => {
                Some(Self::Present)
            }
            "缺考" | "缺席" | "缺" | "未到" | "absent" => Some(Self::Absent),
            "违纪" | "违规" | "作弊" | "违纪违规" | "violation" => Some(Self::Violation),
            "作废卡" | "作废" | "废卡" | "卡作废" | "void-card" => Some(Self::VoidedCard),
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
    voided: Option<u32>,
    report: RoomReport,
}

pub(super) struct Importer<'e, 't> {
    exam: &'e Exam,
    finder: RoomFinder<'e>,
    roster: &'e Roster,
    excused: &'e BTreeSet<TicketNumber>,
    pub(super) problems: Vec<RowProblem<RoomFault>>,
    seen: HashMap<TicketNumber, RowPlace>,
    pub(super) rooms: BTreeMap<RoomId, RoomRecord>,
    counts: BTreeMap<RoomId, Counts<'t>>,
    /// Where each voided card, and of each room something, was first.
    voided: BTreeMap<(RoomId, Option<TicketNumber>, String), RowPlace>,
    first: BTreeMap<RoomId, Record<'t>>,
}

impl<'e, 't> Importer<'e, 't> {
    pub(super) fn new(exam: &'e Exam, roster: &'e Roster, excused: &'e BTreeSet<TicketNumber>) -> Self {
        Self {
            exam,
            finder: RoomFinder::new(exam),
            roster,
            excused,
            problems: Vec::new(),
            seen: HashMap::new(),
            rooms: BTreeMap::new(),
            counts: BTreeMap::new(),
            voided: BTreeMap::new(),
            first: BTreeMap::new(),
        }
    }

    fn note(&mut self, record: &Record<'_>, heading: &Heading, fault: impl Into<RoomFault>) {
        self.problems.push(record.problem(Some(heading), fault.into()));
    }

    /// Takes in a row of a candidate or of counts, or notes why not.
    pub(super) fn row(&mut self, record: Record<'t>) {
        let counted = [EXPECTED, PRESENT, ABSENT].iter().any(|h| !record.cell(h).is_empty());
        let status = record.text(&STATUS).ok().and_then(|text| Status::from_word(&text));
        if status == Some(Status::VoidedCard) {
            self.voided_row(&record);
        } else if record.cell(&known::TICKET).is_empty() && counted {
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
            // A row of its own, see `voided_row`.
            Status::VoidedCard => {}
        }
    }

    /// Takes in a row about a card that does not count.
    fn voided_row(&mut self, record: &Record<'t>) {
        let room = self.room(record);
        let cell = record.cell(&known::TICKET);
        let ticket = if cell.is_empty() { None } else { Some(self.ticket(record)) };
        let serial = record.cell(&SERIAL);
        let serial = if serial.is_empty() { Ok(String::new()) } else { serial.digits() };
        let serial = serial.map_err(|f| self.note(record, &SERIAL, f)).unwrap_or_default();
        let reason = record.optional(&known::REMARK);
        let reason = reason.map_err(|f| self.note(record, &known::REMARK, f)).unwrap_or_default();
        let (Some(room), ticket) = (room, ticket) else { return };
        let ticket = match ticket {
            // Told already.
            Some(None) => return,
            Some(Some(ticket)) => {
                if let Some(fault) = stranger(&ticket, &room, self.roster) {
                    self.note(record, &known::TICKET, fault);
                    return;
                }
                Some(ticket)
            }
            None if serial.is_empty() => {
                self.note(record, &known::TICKET, RoomFault::VoidedNameless);
                return;
            }
            None => None,
        };
        let place = (room.clone(), ticket.clone(), serial.clone());
        if let Some(first) = self.voided.get(&place).cloned() {
            self.note(record, &known::TICKET, RoomFault::VoidedTwice { first });
            return;
        }
        self.voided.insert(place, record.place());
        self.first.entry(room.clone()).or_insert(*record);
        self.entry(room).report.voided.insert(VoidedCard { ticket, serial, reason });
    }

    fn entry(&mut self, room: RoomId) -> &mut RoomRecord {
        self.rooms.entry(room.clone()).or_insert_with(|| RoomRecord {
            room,
            present: BTreeSet::new(),
            absent: BTreeSet::new(),
            violations: BTreeMap::new(),
            report: RoomReport::default(),
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

    /// A count that may be missing.
    fn optional_count(&mut self, record: &Record<'_>, heading: &Heading) -> Option<u32> {
        if record.cell(heading).is_empty() { None } else { self.count(record, heading) }
    }

    /// A text that may be missing.
    fn optional(&mut self, record: &Record<'_>, heading: &Heading) -> String {
        record.optional(heading).map_err(|f| self.note(record, heading, f)).unwrap_or_default()
    }

    fn end(&mut self, record: &Record<'_>, heading: &Heading) -> Option<TicketNumber> {
        let cell = record.cell(heading);
        if cell.is_empty() {
            return None;
        }
        let digits = cell.digits().map_err(|f| self.note(record, heading, f)).ok()?;
        digits.parse().map_err(|f| self.note(record, heading, RoomFault::Ticket(f))).ok()
    }

    fn report(&mut self, record: &Record<'_>) -> RoomReport {
        let people = self.optional(record, &INVIGILATORS);
        let people = people.split(['、', ',', '，', ';', '；', '/', ' ']).map(str::trim);
        RoomReport {
            first: self.end(record, &FIRST),
            last: self.end(record, &LAST),
            papers: HandedOut {
                out: self.optional_count(record, &PAPERS_OUT),
                back: self.optional_count(record, &PAPERS_BACK),
            },
            cards: HandedOut {
                out: self.optional_count(record, &CARDS_OUT),
                back: self.optional_count(record, &CARDS_BACK),
            },
            spare: self.optional_count(record, &SPARE),
            voided: BTreeSet::new(),
            invigilators: people.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            remark: self.optional(record, &known::REMARK),
        }
    }

    fn count_row(&mut self, record: Record<'t>) {
        let room = self.room(&record);
        let counts = Counts {
            expected: self.count(&record, &EXPECTED),
            present: self.count(&record, &PRESENT),
            absent: self.count(&record, &ABSENT),
            violations: self.optional_count(&record, &VIOLATIONS),
            voided: self.optional_count(&record, &VOIDED),
            report: self.report(&record),
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
            let voided = size(entry.report.voided.len());
            let listed_too: BTreeSet<_> = entry.present.union(&absent).cloned().collect();
            let away = |t: &TicketNumber| self.excused.contains(t) && !listed_too.contains(t);
            let mut present: BTreeSet<_> =
                self.roster.room(&room).map(|c| c.ticket.clone()).filter(|t| !away(t)).collect();
            let roster = size(present.len());
            present.retain(|ticket| !absent.contains(ticket));
            let left = size(present.len());
            let record = counts.record;
            let differs = |count: Option<u32>, is: u32| count.filter(|found| *found != is);
            if let (Some(expected), Some(present), Some(absent)) =
                (counts.expected, counts.present, counts.absent)
                && u64::from(expected) != u64::from(present) + u64::from(absent)
            {
                let fault = RoomFault::Sum { room: room.clone(), expected, present, absent };
                self.note(&record, &EXPECTED, fault);
            }
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
            if let Some(found) = differs(counts.voided, voided) {
                let fault = RoomFault::Voided { room: room.clone(), found, listed: voided };
                self.note(&record, &VOIDED, fault);
            }
            self.first.insert(room.clone(), record);
            let entry = self.entry(room);
            entry.present = present;
            entry.report = RoomReport { voided: std::mem::take(&mut entry.report.voided), ..counts.report };
        }
    }

    /// Notes what in the records contradicts itself, where the room's counts stand or its first voided card.
    pub(super) fn settle_reports(&mut self) {
        if !self.problems.is_empty() {
            return;
        }
        let rooms: Vec<RoomId> = self.rooms.keys().cloned().collect();
        for room in rooms {
            let (Some(record), Some(entry)) = (self.first.get(&room).copied(), self.rooms.get(&room)) else {
                continue;
            };
            for (heading, fault) in entry.contradictions(self.roster) {
                self.note(&record, &heading, fault);
            }
        }
    }
}
