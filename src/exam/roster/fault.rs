//! What can be wrong with a roster.

use crate::exam::identity::IdNumberFault;
use crate::exam::table::{CellFault, RowPlace, RowProblem, TableError, listing};
use crate::exam::{Level, LevelError};
use crate::sheet::{IdError, RoomId, TicketNumber};

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
                CellFault::LOST_DIGITS_HINT
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
