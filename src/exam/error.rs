//! What is wrong with an exam file, and where.

use super::LevelError;
use crate::sheet::{IdError, Points, PointsError};
use std::fmt;

/// An exam file that can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExamError {
    /// What the file says can't be an exam.
    #[error("{}", .problems.iter().map(|p| format!("{path}:{p}")).collect::<Vec<_>>().join("\n"))]
    Wrong {
        /// Which file.
        path: String,
        /// Everything that was found, in the file's order.
        problems: Vec<ExamProblem>,
    },
}

impl ExamError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        let Self::Wrong { problems, .. } = self;
        match problems.first().map(|p| &p.problem) {
            Some(ExamFault::Syntax(_)) => {
                "text stands in \"quotes\", lists in [brackets]; keys before the first [table] belong to the exam"
            }
            _ => {
                "correct the named lines of exam.toml; `duka new` writes a commented example to compare with"
            }
        }
    }
}

/// One problem of an exam file.
#[derive(Debug, Clone, PartialEq)]
pub struct ExamProblem {
    /// Line in the file, from 1; for a key that is missing, the line of its table.
    pub line: usize,
    /// The key it concerns: `batch`, `paper 2: layout`.
    pub field: String,
    /// What is wrong.
    pub problem: ExamFault,
}

impl fmt::Display for ExamProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.line, self.field, self.problem)
    }
}

/// What can be wrong with an exam file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExamFault {
    /// Not TOML; nothing else is checked then.
    #[error("{0}")]
    Syntax(String),
    /// A key that must be there is not.
    #[error("is missing")]
    Missing,
    /// A key that means nothing here.
    #[error("no such key here; there are {known}")]
    Unknown {
        /// The keys there are.
        known: String,
    },
    /// A value of another kind.
    #[error("must be {expected}")]
    Type {
        /// What it must be.
        expected: &'static str,
    },
    /// Text without a character.
    #[error("is empty")]
    Empty,
    /// Not a name.
    #[error(transparent)]
    Name(#[from] IdError),
    /// Not a level.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// Not points.
    #[error(transparent)]
    Points(#[from] PointsError),
    /// Outside its range.
    #[error("is {value}, it must be {range}")]
    Range {
        /// What the file says.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// Not one of the words that mean something.
    #[error("{word:?} is not one of {choices}")]
    Choice {
        /// What the file says.
        word: String,
        /// The words there are.
        choices: &'static str,
    },
    /// There already.
    #[error("{value} is there twice (first in line {first_line})")]
    Twice {
        /// What.
        value: String,
        /// Where it was first.
        first_line: usize,
    },
    /// An occupation's paper that is not there.
    #[error("no [[paper]] has the id {paper:?}; there are {known}")]
    NoSuchPaper {
        /// What the file says.
        paper: String,
        /// The papers there are.
        known: String,
    },
    /// A paper that nobody sits.
    #[error("no [[occupation]] has the paper {paper:?}")]
    Unused {
        /// Which.
        paper: String,
    },
    /// A rule for a part that the level does not have.
    #[error("is not among the parts of this level")]
    NotAPart,
    /// An occupation's scheme of assessment that is not there.
    #[error("no [[assessment]] has the id {scheme:?}; there are {known}")]
    NoSuchScheme {
        /// What the file says.
        scheme: String,
        /// The schemes there are.
        known: String,
    },
    /// A scheme that is for another part.
    #[error("the [[assessment]] {scheme:?} is for the part {part:?}")]
    OtherPart {
        /// Which scheme.
        scheme: String,
        /// The part it is for.
        part: &'static str,
    },
    /// A scheme that no occupation has.
    #[error("no [[occupation]] has the scheme {scheme:?}")]
    UnusedScheme {
        /// Which.
        scheme: String,
    },
    /// A scheme of a part that the level does not have.
    #[error("the rules give this level no {part}")]
    NoPart {
        /// 实操 or 综合评审.
        part: &'static str,
    },
    /// A sum that is not what it must be.
    #[error("{what} make {sum}, not {stated}")]
    NotTheSum {
        /// What was summed up.
        what: &'static str,
        /// What it makes.
        sum: Points,
        /// What it must make.
        stated: Points,
    },
    /// A module's name that can't be a worksheet's.
    #[error("{name:?} can't be a worksheet's name: at most 31 characters, none of []:*?/\\', and not 说明")]
    SheetName {
        /// The name.
        name: String,
    },
    /// An item's or veto's name that can't be a column's heading.
    #[error("{name:?} can't be the name of an item: at most 60 characters, and not another column's heading")]
    ItemName {
        /// The name.
        name: String,
    },
    /// Full points of modules that make fractions which are not held exactly.
    #[error(
        "the full points of the modules have no common multiple below 10000: choose rounder ones, such as 100, 50 or 40"
    )]
    NoCommonMultiple,
    /// A column of the export with the heading of the publication's number, but something else below it.
    #[error(
        "{heading:?} stands above the publication's number in every export: give this column value = \"publication\" without codes, or another heading"
    )]
    PublicationHeading {
        /// The heading.
        heading: &'static str,
    },
    /// A serial that its place does not hold.
    #[error("serial {serial} has more digits than its place in the number: the last is {last}")]
    SerialBeyond {
        /// The serial.
        serial: u32,
        /// The last that there is.
        last: u32,
    },
    /// Grades that don't go down.
    #[error("{least} is not below {above}: grades go from the best down")]
    GradeOrder {
        /// This grade's limit.
        least: Points,
        /// The limit of the grade before.
        above: Points,
    },
    /// The last grade isn't the one for passing.
    #[error("the last grade begins at {least}, but the pass line is {pass_line}: they must be the same")]
    LastGrade {
        /// The last grade's limit.
        least: Points,
        /// The pass line.
        pass_line: Points,
    },
}
