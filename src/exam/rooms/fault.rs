//! What can be wrong with a room record.

use crate::exam::table::{CellFault, RowPlace, RowProblem, TableError, listing};
use crate::sheet::{IdError, RoomId, TicketNumber};

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
    #[error("{0:?} is none of 到考, 缺考, 违纪, 作废卡")]
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
    /// 应到, 实到 and 缺考 contradict each other.
    #[error("room {room}: 应到 is {expected}, but 实到 {present} and 缺考 {absent} make {}", present + absent)]
    Sum {
        /// The room.
        room: RoomId,
        /// 应到.
        expected: u32,
        /// 实到.
        present: u32,
        /// 缺考.
        absent: u32,
    },
    /// 起始号 or 终止号 is not the roster's.
    #[error("room {room}: {what} is {found}, but on the roster it is {roster}")]
    End {
        /// The room.
        room: RoomId,
        /// 起始号 or 终止号.
        what: &'static str,
        /// What the record says.
        found: TicketNumber,
        /// The roster's.
        roster: TicketNumber,
    },
    /// Not everything that was handed out came back.
    #[error("room {room}: {out} {what} were handed out, but {back} came back")]
    NotReturned {
        /// The room.
        room: RoomId,
        /// 试卷 or 答题卡.
        what: &'static str,
        /// Handed out.
        out: u32,
        /// Came back.
        back: u32,
    },
    /// Fewer came back than people sat and cards were voided.
    #[error(
        "room {room}: {back} {what} came back, fewer than {present} present and {voided} voided cards make"
    )]
    TooFew {
        /// The room.
        room: RoomId,
        /// 试卷 or 答题卡.
        what: &'static str,
        /// Came back.
        back: u32,
        /// Recorded present.
        present: u32,
        /// Voided cards that must be among them.
        voided: u32,
    },
    /// Fewer spare cards than voided ones.
    #[error("room {room}: 备用卡 is {spare}, but {voided} cards were voided")]
    Spare {
        /// The room.
        room: RoomId,
        /// Spare cards used.
        spare: u32,
        /// Voided cards listed.
        voided: u32,
    },
    /// 作废卡 is not the number of those listed.
    #[error("room {room}: 作废卡 is {found}, but {listed} are listed")]
    Voided {
        /// The room.
        room: RoomId,
        /// What the cell says.
        found: u32,
        /// How many are listed.
        listed: u32,
    },
    /// A voided card of nobody.
    #[error("names neither a ticket number nor a card's number for the voided card")]
    VoidedNameless,
    /// The same voided card again.
    #[error("this voided card is there already, in {first}")]
    VoidedTwice {
        /// Where it was first.
        first: RowPlace,
    },
    /// A voided card of an absent candidate.
    #[error("{ticket} is recorded absent, but a card of theirs was voided")]
    VoidedAbsent {
        /// The number.
        ticket: TicketNumber,
    },
    /// Both absent and in violation.
    #[error("{ticket} is named both absent (缺考) and in violation (违纪)")]
    AbsentViolation {
        /// The number.
        ticket: TicketNumber,
    },
}
