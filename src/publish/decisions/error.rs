//! What is wrong with a list of decisions, and where.

use super::DecisionColumn;
use crate::sheet::{DecisionError, IdError};
use std::fmt;

/// A file of decisions that can't be used. Nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecisionsError {
    /// The bytes are no text.
    #[error("{name}: not a csv file in UTF-8, UTF-16 or GBK")]
    NotText {
        /// Which file.
        name: String,
    },
    /// The csv is broken.
    #[error("{name}: row {row}: the csv can't be taken apart")]
    Csv {
        /// Which file.
        name: String,
        /// The row, from 1.
        row: u64,
    },
    /// Columns that must be there are not.
    #[error("{name}: row 1: no column called {}", listed(.missing))]
    Columns {
        /// Which file.
        name: String,
        /// The missing columns.
        missing: Vec<DecisionColumn>,
    },
    /// Rows that can't be used; all of them, in order.
    #[error("{}", lines(.name, .problems))]
    Rows {
        /// Which file.
        name: String,
        /// What is wrong with which.
        problems: Vec<RowProblem>,
    },
}

fn listed(columns: &[DecisionColumn]) -> String {
    columns.iter().map(|c| c.heading()).collect::<Vec<_>>().join(", ")
}

fn lines(name: &str, problems: &[RowProblem]) -> String {
    problems.iter().map(|p| format!("{name}: {p}")).collect::<Vec<_>>().join("\n")
}

impl DecisionsError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotText { .. } => "save the list as csv (Excel: CSV UTF-8), not as a workbook",
            Self::Csv { .. } => "export the list again and fill its decision and reviewer columns only",
            Self::Columns { .. } => "keep the heading row of the exported list as it is",
            Self::Rows { problems, .. } => problems.first().map_or("", |p| p.problem.hint()),
        }
    }
}

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// The row as a spreadsheet counts it: the heading is row 1.
    pub row: u64,
    /// The column.
    pub column: DecisionColumn,
    /// What is wrong.
    pub problem: DecisionProblem,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}, column {}: {}", self.row, self.column, self.problem)
    }
}

/// What can be wrong with a decided row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecisionProblem {
    /// The decision can't be read.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// The spreadsheet took `=B` for a formula.
    #[error("the spreadsheet made {0} of the decision")]
    Formula(String),
    /// The spreadsheet rounded a long number.
    #[error("the spreadsheet made {0} of a long number")]
    Rounded(String),
    /// The exception's number is missing.
    #[error("the row has a decision but no id")]
    NoId,
    /// Nobody is named.
    #[error("the row has a decision but no reviewer")]
    NoReviewer,
    /// A sheet, ticket, field or item that is none.
    #[error(transparent)]
    Place(#[from] IdError),
    /// Neither a sheet nor a ticket.
    #[error("the row names neither a sheet nor a ticket number")]
    NoPlace,
    /// An item without its field.
    #[error("the row names an item but no field")]
    NoField,
    /// Another row decides the same exception.
    #[error("row {row} decides exception {id} already")]
    Twice {
        /// The earlier row.
        row: u64,
        /// The exception's number.
        id: String,
    },
}

impl DecisionProblem {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Decision(_) => "write void, accept, blank or the value, for instance B",
            Self::Formula(_) => "write the value without the = before it: B",
            Self::Rounded(_) => {
                "put an apostrophe before a long number ('140510001001), so that it stays text"
            }
            Self::NoReviewer => "fill the reviewer column, or name the reviewer on the command line",
            Self::NoId | Self::Place(_) | Self::NoPlace | Self::NoField => {
                "leave the columns before `decision` as they were exported"
            }
            Self::Twice { .. } => "keep one decision for each exception",
        }
    }
}
