//! What can be wrong with rulings.

use crate::exam::Part;
use crate::exam::table::{CellFault, RowPlace, RowProblem, TableError, listing};
use crate::sheet::{IdError, Points, TicketNumber};

/// Rulings that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulingsError {
    /// The file is no table, or its headings are missing.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows that can't be used: all of them; the message lists the first 20.
    #[error("{}", listing(.0))]
    Rows(Vec<RowProblem<RulingFault>>),
    /// Headings without a row below.
    #[error("{file}: there are headings, but no ruling below them")]
    NoRows {
        /// Which file.
        file: String,
    },
}

impl RulingsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Table(TableError::Missing { .. } | TableError::NoHeadings { .. }) => {
                "one row a ruling with 准考证号, 姓名, 特殊情况, and where it needs them 科目, 分值, 依据, 备注"
            }
            Self::Table(error) => error.hint(),
            Self::Rows(_) => {
                "compare these rows with the decisions they are taken from and import the file again; nothing was taken in"
            }
            Self::NoRows { .. } => {
                "check that this is the file that was meant; to take a ruling back, write 正常 for the candidate"
            }
        }
    }
}

/// What can be wrong with a row of rulings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulingFault {
    /// The cell itself.
    #[error(transparent)]
    Cell(#[from] CellFault),
    /// Not a ticket number.
    #[error(transparent)]
    Ticket(IdError),
    /// Nobody on the roster has the number.
    #[error("the ticket number {ticket} is not on the roster")]
    Unknown {
        /// The number.
        ticket: TicketNumber,
    },
    /// The name is another one.
    #[error("the roster has {roster} under this ticket number, not {found}")]
    NameDiffers {
        /// The name on the roster.
        roster: String,
        /// The name in the table.
        found: String,
    },
    /// Not a word for a ruling.
    #[error("{0:?} is none of 正常, 缺考, 成绩无效, 全部科目成绩无效, 扣分, 成绩保留, 补考")]
    Word(String),
    /// Which part is not said.
    #[error("does not say which part; write 理论, 实操 or 综合评审")]
    NoPart,
    /// Not a part.
    #[error("{0:?} is none of 理论, 实操, 综合评审")]
    Part(String),
    /// The row says two parts.
    #[error("says {column}, but the ruling is about {word}")]
    PartDiffers {
        /// What the column 科目 says.
        column: Part,
        /// What the ruling's own words say.
        word: Part,
    },
    /// A part beside a ruling that has none.
    #[error("says {0}, but this ruling is not about one part")]
    PartNotWanted(Part),
    /// The candidate's level does not have the part.
    #[error("the candidate's level does not have {0}")]
    NotExamined(Part),
    /// A deduction without its points.
    #[error("does not say how many points are deducted")]
    NoPoints,
    /// Not points.
    #[error("{0:?} is not a number {1} with at most two decimals")]
    Points(String, &'static str),
    /// Points beside a ruling that has none.
    #[error("has {0:?}, but only 扣分 and 成绩保留 have points")]
    PointsNotWanted(String),
    /// A carried-over score that does not pass.
    #[error("a score of {score} is below the pass line of {line}: it can't be carried over as a pass")]
    BelowLine {
        /// The score.
        score: Points,
        /// The part's pass line.
        line: Points,
    },
    /// A carried-over pass without its source.
    #[error("does not say where the pass is written: a batch, a publication number or a document")]
    NoSource,
    /// A source beside a ruling that has none.
    #[error("has {0:?}, but only 成绩保留 has a source")]
    SourceNotWanted(String),
    /// No reason where there must be one.
    #[error("has no reason; a deduction and a void result need one")]
    NoReason,
    /// The same ruling again.
    #[error("{ticket} has this ruling already, in {first}")]
    Twice {
        /// Whose.
        ticket: TicketNumber,
        /// Where it was first.
        first: RowPlace,
    },
    /// Rulings that can't stand together.
    #[error("contradicts {other} of {ticket}, in {first}")]
    Contradicts {
        /// Whose.
        ticket: TicketNumber,
        /// The other ruling.
        other: String,
        /// Where it is.
        first: RowPlace,
    },
}
