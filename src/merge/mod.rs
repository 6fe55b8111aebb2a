//! Scores, practical scores, roster and rooms make transcripts.
//!
//! [`merge`] joins what is known of every candidate of the roster and decides who passed: every part
//! at or above its pass line, each by itself, compared in hundredths of a point. [`balance`] says
//! whether the rooms add up. What contradicts itself is refused ([`MergeError`]); what is not known
//! yet is [`PartResult::Pending`], and papers made of it are drafts.

mod error;
mod group;
mod join;
mod parts;
mod room;
#[cfg(test)]
mod tests;
mod transcripts;

pub use crate::exam::Part;
pub use error::MergeError;
pub use group::GroupTotals;
pub use join::{Attendance, MergeInput, TheoryResult, merge, transcripts};
pub use parts::{Conflict, ConflictKind};
pub use room::{CardUse, balance};
pub use transcripts::{TranscriptIter, Transcripts};

use crate::exam::Candidate;
use crate::sheet::{Points, RoomId, TicketNumber};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One candidate's line of the 成绩单.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Who.
    pub candidate: Candidate,
    /// 理论成绩.
    pub theory: PartResult,
    /// 实操成绩.
    pub practical: PartResult,
    /// 综合评审, where the level has it.
    pub review: Option<PartResult>,
    /// Whether the candidate passed.
    pub verdict: Verdict,
    /// 评定结果 as printed: 优秀, 良好, 合格, 不合格; empty while pending.
    pub grade: String,
    /// 总成绩, where the exam has one and every score is known; it decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Points>,
    /// 备注 as printed: 理论缺考, …
    pub remarks: Vec<String>,
    /// Rulings and evidence that contradict each other; the parts that they are about are pending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// What came of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartResult {
    /// Scored, out of 100.
    Scored(Points),
    /// 缺考.
    Absent,
    /// 成绩无效.
    Void,
    /// Not known: the sheet is missing or held, no score was sent, or a ruling contradicts it.
    Pending,
    /// 单科保留: passed in an earlier batch, with this score if it is known.
    Carried(Option<Points>),
    /// The level does not have the part.
    NotExamined,
}

/// Whether a candidate passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every part at or above the pass line.
    Passed,
    /// A part below it, absent or void.
    Failed,
    /// Something is not known yet.
    Pending,
}

/// Whether a room adds up, as sets of ticket numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBalance {
    /// Which room.
    pub room: RoomId,
    /// Whether the room record was imported.
    pub recorded: bool,
    /// On the roster.
    pub expected: u32,
    /// Recorded present.
    pub present: u32,
    /// Recorded absent.
    pub absent: u32,
    /// Sheets read for this room's candidates.
    pub read: u32,
    /// On the roster, but neither recorded present nor absent.
    pub unrecorded: BTreeSet<TicketNumber>,
    /// Recorded in the room, but not on its roster.
    pub strangers: BTreeSet<TicketNumber>,
    /// Present without a sheet.
    pub missing: BTreeSet<TicketNumber>,
    /// A sheet, but not present.
    pub surplus: BTreeSet<TicketNumber>,
}

impl RoomBalance {
    /// Whether the room balances. One in which nobody was to sit needs no record.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.recorded || self.expected == 0)
            && self.unrecorded.is_empty()
            && self.strangers.is_empty()
            && self.missing.is_empty()
            && self.surplus.is_empty()
    }
}

/// All transcripts and what stands in the way of publishing them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// In the order 职业, 等级, 准考证号.
    pub transcripts: Transcripts,
    /// Every room of the exam.
    pub rooms: Vec<RoomBalance>,
    /// How many exceptions are open.
    pub open_exceptions: u32,
    /// Whose part is held, with the reasons.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<TicketNumber, Vec<String>>,
}

impl Results {
    /// Whether papers made of this are drafts (草稿).
    #[must_use]
    pub fn is_draft(&self) -> bool {
        self.open_exceptions > 0
            || !self.rooms.iter().all(RoomBalance::holds)
            || self.transcripts.iter().any(|t| t.verdict == Verdict::Pending)
    }
}
