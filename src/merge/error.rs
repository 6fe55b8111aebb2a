//! What can't be merged.

use crate::exam::Part;
use crate::sheet::{PaperId, Points, RoomId, TicketNumber};

/// Input that contradicts itself: nothing is merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// Scores of people who are not on the roster.
    #[error("{part} scores of ticket numbers that are not on the roster: {}", list(.tickets))]
    Unknown {
        /// Which part.
        part: Part,
        /// Whose, ascending.
        tickets: Vec<TicketNumber>,
    },
    /// Several scores of one person in one part.
    #[error("more than one {part} score each of: {}", list(.tickets))]
    Twice {
        /// Which part.
        part: Part,
        /// Whose, ascending.
        tickets: Vec<TicketNumber>,
    },
    /// A score below 0 or above 100.
    #[error("the {part} score of {ticket} is {points}, it must be between 0 and 100")]
    Range {
        /// Which part.
        part: Part,
        /// Whose.
        ticket: TicketNumber,
        /// What was given.
        points: Points,
    },
    /// A theory paper that is not out of 100.
    #[error("the theory paper {paper} of {ticket} is out of {out_of}, it must be out of 100")]
    OutOf {
        /// Whose.
        ticket: TicketNumber,
        /// Which paper.
        paper: PaperId,
        /// What its key's items make.
        out_of: Points,
    },
    /// Candidates whose occupation and level the exam does not have.
    #[error("the exam does not have the occupation and level of: {}", list(.tickets))]
    NoOccupation {
        /// Whose, ascending.
        tickets: Vec<TicketNumber>,
    },
    /// A score of another paper than the candidate's.
    #[error("{ticket} was graded with paper {found}, the roster's occupation and level have {expected}")]
    OtherPaper {
        /// Whose.
        ticket: TicketNumber,
        /// The score's.
        found: PaperId,
        /// The exam's.
        expected: PaperId,
    },
    /// Scores made with an earlier revision of the key than the exam names.
    #[error("paper {paper} was graded with an earlier key revision than {expected}: {}", list(.tickets))]
    EarlierRevision {
        /// Which paper.
        paper: PaperId,
        /// The exam's revision.
        expected: u16,
        /// Whose scores, ascending.
        tickets: Vec<TicketNumber>,
    },
    /// Several records of one room.
    #[error("room {room} has more than one room record (考场情况记录)")]
    RoomTwice {
        /// Which.
        room: RoomId,
    },
    /// People recorded both present and absent in one room.
    #[error("the record of room {room} has these both present and absent: {}", list(.tickets))]
    PresentAndAbsent {
        /// Which room.
        room: RoomId,
        /// Who, ascending.
        tickets: Vec<TicketNumber>,
    },
    /// A candidate passes, but the exam has no grade for it.
    #[error(
        "the exam's rules have no grade (评定) for {ticket}, who passes with {least} in the weakest part"
    )]
    NoGrade {
        /// Who.
        ticket: TicketNumber,
        /// The least points of a part.
        least: Points,
    },
}

impl MergeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unknown { .. } => {
                "correct the numbers in the score table, or import the missing roster rows"
            }
            Self::Twice { .. } => "leave one score for each candidate in the table and import it again",
            Self::Range { .. } => "correct the score in the table and import it again",
            Self::OutOf { .. } => "let the issuer set the key's points so that the paper makes 100",
            Self::NoOccupation { .. } => "add the occupation and level to exam.toml, or correct the roster",
            Self::OtherPaper { .. } => "settle which paper the candidate sat, then grade again",
            Self::EarlierRevision { .. } => "grade the whole session with the revision that exam.toml names",
            Self::RoomTwice { .. } => "keep one record of the room and import it again",
            Self::PresentAndAbsent { .. } => "correct the room record and import it again",
            Self::NoGrade { .. } => "let the last of exam.toml's grades begin at the pass line",
        })
    }
}

/// The numbers, at most ten of them.
fn list(tickets: &[TicketNumber]) -> String {
    // A wrong column makes every row unknown; ten numbers show the pattern and fit a terminal.
    const SHOWN: usize = 10;
    let shown: Vec<_> = tickets.iter().take(SHOWN).map(TicketNumber::as_str).collect();
    let more = tickets.len().saturating_sub(SHOWN);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", shown.join(", "))
}
