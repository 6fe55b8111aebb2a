//! Reading and writing room records (考场情况记录).
//!
//! A file has one row a candidate (考场, 准考证号, 状态), or only those who were absent or broke the rules
//! and for each room a row with 应到, 实到 and 缺考. Both may stand in one table or in two sheets.

use super::headings::{Heading, Need, known};
use super::table::{CellFault, Record, RowPlace, RowProblem, Table, TableError, listing, select};
use super::words::{key, same_name};
use super::write::{Grid, Kind, WriteError};
use super::{Exam, RoomRecord, Roster};
use crate::sheet::{IdError, RoomId, TicketNumber};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Room records that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomError {
    /// The file is no table, or its headings are missing.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows that can't be used: all of them; the message lists the first 20.
    #[error("{}", listing(.0))]
    Rows(Vec<RowProblem<RoomFault>>),
    /// Headings without a row below.
    #[error("{file}: there are headings, but nothing below them")]
    NoRows {
        /// Which file.
        file: String,
    },
}

impl RoomError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Table(TableError::Missing { .. } | TableError::NoHeadings { .. }) => {
                "one row a candidate with 考场, 准考证号, 状态; or a row a room with 考场, 应到, 实到, 缺考, and the \
                 absent below with 准考证号 and 状态"
            }
            Self::Table(error) => error.hint(),
            Self::Rows(_) => {
                "compare these rows with the signed room record, correct them and import the file again"
            }
            Self::NoRows { .. } => "check that this is the file that was meant",
        }
    }
}

/// What can be wrong with a row of a room record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomFault {
    /// The cell itself.
    #[error(transparent)]
    Cell(#[from] CellFault),
    /// Not a ticket number.
    #[error(transparent)]
    Ticket(IdError),
    /// Not a room of the exam.
    #[error("{found:?} is not a room of this exam; there are {known}")]
    Room {
        /// What the cell says.
        found: String,
        /// The rooms there are.
        known: String,
    },
    /// Nobody on the roster has the number.
    #[error("the ticket number {ticket} is not on the roster")]
    Unknown {
        /// The number.
        ticket: TicketNumber,
    },
    /// The roster has the candidate in another room.
    #[error("the roster has {ticket} in room {roster}, not in room {found}")]
    OtherRoom {
        /// The number.
        ticket: TicketNumber,
        /// The room on the roster.
        roster: RoomId,
        /// The room in the record.
        found: RoomId,
    },
    /// The name is another one.
    #[error("the roster has {roster} under this ticket number, not {found}")]
    NameDiffers {
        /// The name on the roster.
        roster: String,
        /// The name in the record.
        found: String,
    },
    /// The candidate is there already.
    #[error("the ticket number {ticket} is there already, in {first}")]
    Twice {
        /// The number.
        ticket: TicketNumber,
        /// Where it was first.
        first: RowPlace,
    },
    /// Not a word for what happened.
    #[error("{0:?} is none of 到考, 缺考, 违纪")]
    Status(String),
    /// Not a number of people.
    #[error("{0:?} is not a number of people")]
    Count(String),
    /// The room has a row of counts already.
    #[error("room {room} has its counts already, in {first}")]
    CountsTwice {
        /// The room.
        room: RoomId,
        /// Where they were first.
        first: RowPlace,
    },
    /// 应到 is not the number of candidates on the roster.
    #[error("room {room}: 应到 is {found}, but the roster has {roster} candidates in this room")]
    Expected {
        /// The room.
        room: RoomId,
        /// What the cell says.
        found: u32,
        /// Candidates on the roster.
        roster: u32,
    },
    /// 缺考 is not the number of those listed.
    #[error("room {room}: 缺考 is {found}, but {listed} are listed as absent")]
    Absent {
        /// The room.
        room: RoomId,
        /// What the cell says.
        found: u32,
        /// How many are listed.
        listed: u32,
    },
    /// 实到 is not what is left.
    #[error("room {room}: 实到 is {found}, but {roster} on the roster without {absent} absent are {left}", left = .roster - .absent)]
    Present {
        /// The room.
        room: RoomId,
        /// What the cell says.
        found: u32,
        /// Candidates on the roster.
        roster: u32,
        /// How many are listed as absent, at most `roster`.
        absent: u32,
    },
    /// 违纪 is not the number of those listed.
    #[error("room {room}: 违纪 is {found}, but {listed} are listed")]
    Violations {
        /// The room.
        room: RoomId,
        /// What the cell says.
        found: u32,
        /// How many are listed.
        listed: u32,
    },
}

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

const STATUS: Heading =
    Heading::required("状态", &["到考情况", "考试状态", "到考状态", "出席情况", "出勤", "考试情况"]);
const EXPECTED: Heading = Heading::required("应到", &["应到人数", "应考", "应考人数", "应到数"]);
const PRESENT: Heading = Heading::required("实到", &["实到人数", "实考", "实考人数", "实到数"]);
const ABSENT: Heading = Heading::required("缺考", &["缺考人数", "缺考数"]);
const VIOLATIONS: Heading = Heading::required("违纪", &["违纪人数", "违纪数"]).with(Need::Optional);

/// Columns where each row is a candidate; there may be rows of counts between them.
const LIST: [Heading; 9] = [
    known::ROOM,
    known::TICKET,
    STATUS,
    known::NAME.with(Need::Optional),
    known::REMARK,
    EXPECTED.with(Need::Optional),
    PRESENT.with(Need::Optional),
    ABSENT.with(Need::Optional),
    VIOLATIONS,
];

/// Columns where each row is a room.
const COUNTS: [Heading; 5] = [known::ROOM, EXPECTED, PRESENT, ABSENT, VIOLATIONS];

/// A room's row of counts.
struct Counts<'t> {
    record: Record<'t>,
    expected: Option<u32>,
    present: Option<u32>,
    absent: Option<u32>,
    violations: Option<u32>,
}

struct Importer<'e, 't> {
    exam: &'e Exam,
    roster: &'e Roster,
    problems: Vec<RowProblem<RoomFault>>,
    seen: HashMap<TicketNumber, RowPlace>,
    rooms: BTreeMap<RoomId, RoomRecord>,
    counts: BTreeMap<RoomId, Counts<'t>>,
}

impl<'t> Importer<'_, 't> {
    fn note(&mut self, record: &Record<'_>, heading: &Heading, fault: impl Into<RoomFault>) {
        self.problems.push(record.problem(Some(heading), fault.into()));
    }

    fn row(&mut self, record: Record<'t>) {
        let counted = [EXPECTED, PRESENT, ABSENT].iter().any(|h| !record.cell(h).is_empty());
        if record.cell(&known::TICKET).is_empty() && counted {
            self.count_row(record);
        } else {
            self.person_row(&record);
        }
    }

    fn room(&mut self, record: &Record<'_>) -> Option<RoomId> {
        let found = record.text(&known::ROOM).map_err(|f| self.note(record, &known::ROOM, f)).ok()?;
        let room = self.exam.room(&found).cloned();
        if room.is_none() {
            let known = self.exam.rooms.iter().map(RoomId::as_str).collect::<Vec<_>>().join(", ");
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
    fn settle_counts(&mut self) {
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

impl RoomRecord {
    /// The records in the file `name` (which is only named in errors), in the exam's order of rooms.
    ///
    /// Who broke the rules (违纪) was present and is in both sets. In a room without a row of counts, a candidate
    /// who is not listed is neither present nor absent: the room will not balance. In a room with counts, everyone who is not
    /// listed as absent was present.
    ///
    /// # Errors
    ///
    /// [`RoomError`]; [`RoomError::Rows`] has every row that can't be used: a number that is not on the roster or in
    /// another room, a candidate twice, an empty or unknown status, counts that don't agree.
    pub fn import(name: &str, bytes: &[u8], exam: &Exam, roster: &Roster) -> Result<Vec<Self>, RoomError> {
        let tables = Table::read(name, bytes)?;
        let lists = select(name, &tables, &LIST);
        let counts = select(name, &tables, &COUNTS);
        let mut chosen = match (lists, counts) {
            (Ok(lists), Ok(counts)) => {
                let more =
                    counts.into_iter().filter(|(t, _)| !lists.iter().any(|(l, _)| std::ptr::eq(*l, *t)));
                let more: Vec<_> = more.collect();
                lists.into_iter().chain(more).collect()
            }
            (Ok(tables), Err(_)) => tables,
            // A list with a heading missing must not pass for a table of counts alone.
            (Err(error @ TableError::Missing { .. }), Ok(counts)) => {
                if counts.iter().any(|(table, _)| has_tickets(table)) || tables.iter().any(has_tickets) {
                    return Err(error.into());
                }
                counts
            }
            (Err(_), Ok(counts)) => counts,
            (Err(error), Err(_)) => return Err(error.into()),
        };
        // In the workbook's order, whichever kind of table it is.
        chosen.sort_by_key(|(table, _)| tables.iter().position(|t| std::ptr::eq(t, *table)));

        let mut importer = Importer {
            exam,
            roster,
            problems: Vec::new(),
            seen: HashMap::new(),
            rooms: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        let mut rows = 0;
        for (table, columns) in &chosen {
            for record in table.records(columns) {
                rows += 1;
                importer.row(record);
            }
        }
        if rows == 0 {
            return Err(RoomError::NoRows { file: name.to_owned() });
        }
        importer.settle_counts();
        let Importer { problems, mut rooms, .. } = importer;
        if problems.is_empty() {
            Ok(exam.rooms.iter().filter_map(|room| rooms.remove(room)).collect())
        } else {
            Err(RoomError::Rows(problems))
        }
    }
}

fn has_tickets(table: &Table) -> bool {
    table.columns(&[known::TICKET]).is_ok()
}

fn grid(records: &[RoomRecord], roster: &Roster) -> Grid {
    let mut rows = Vec::new();
    for record in records {
        for ticket in record.present.union(&record.absent) {
            let name = roster.candidates.get(ticket).map(|c| c.name.clone()).unwrap_or_default();
            let words = record.violations.get(ticket);
            let status = match words {
                Some(_) => "违纪",
                None if record.present.contains(ticket) => "到考",
                None => "缺考",
            };
            let words = words.cloned().unwrap_or_default();
            rows.push(vec![record.room.to_string(), ticket.to_string(), name, status.to_owned(), words]);
        }
    }
    Grid {
        sheet: "考场情况记录",
        columns: vec![
            (known::ROOM.name, Kind::Text, 8),
            (known::TICKET.name, Kind::Text, 18),
            (known::NAME.name, Kind::Text, 12),
            (STATUS.name, Kind::Text, 8),
            (known::REMARK.name, Kind::Text, 30),
        ],
        rows,
    }
}

/// The records as text with commas, one row a candidate, that [`RoomRecord::import`] reads; names are the
/// roster's.
#[must_use]
pub fn to_csv(records: &[RoomRecord], roster: &Roster) -> Vec<u8> {
    grid(records, roster).to_csv()
}

/// The records as a workbook, one row a candidate, that [`RoomRecord::import`] reads; names are the roster's.
///
/// # Errors
///
/// [`WriteError`] for a text of more than 32 767 characters.
pub fn to_xlsx(records: &[RoomRecord], roster: &Roster) -> Result<Vec<u8>, WriteError> {
    grid(records, roster).to_xlsx()
}
