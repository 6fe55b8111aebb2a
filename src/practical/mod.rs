//! Practical scores (实操成绩).

mod table;
#[cfg(test)]
mod tests;

pub use table::{PracticalError, ScoreFault, import, to_csv, to_xlsx};

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
