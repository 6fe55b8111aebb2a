//! Practical scores (实操成绩) and 综合评审: totals that an institute sends, or what assessors scored.
//!
//! [`import`] reads a table of totals. Where the exam names a scheme of assessment (考评方案), [`blank_book`] writes the score sheets
//! (评分表) that assessors fill in, [`read_book`] reads them back, [`together`] puts several assessors' side by side, and [`assess`] computes the
//! result of each candidate from the marks, or says why it is held.

mod assess;
mod book;
mod marks;
mod table;
#[cfg(test)]
mod assess_tests;
#[cfg(test)]
mod tests;

pub use assess::{Assessed, AssessorScore, Held, ModuleResult, assess};
pub use book::{
    BookAsk, BookError, BookFault, BookProblem, BookRow, ScoreBook, SheetPer, blank_book, filled_book,
    is_book, read_book, together,
};
pub use marks::{MarkChange, Marks, RowStatus, ScoreRow};
pub use table::{PracticalError, ScoreFault, import, import_part, to_csv, to_xlsx};

use crate::sheet::{Points, TicketNumber};
use serde::{Deserialize, Serialize};

/// A candidate's practical result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticalScore {
    /// Whose.
    pub ticket: TicketNumber,
    /// What came of it.
    pub outcome: PracticalOutcome,
}

/// What came of the practical test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PracticalOutcome {
    /// Scored, out of 100.
    Scored(Points),
    /// 缺考.
    Absent,
    /// 成绩无效.
    Void,
}

impl std::fmt::Display for PracticalOutcome {
    /// The points, 缺考 or 成绩无效.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scored(points) => points.fmt(f),
            Self::Absent => f.write_str("缺考"),
            Self::Void => f.write_str("成绩无效"),
        }
    }
}
