//! What comes of one part of one candidate: evidence, rulings, and where they contradict each other.

use super::PartResult;
use crate::exam::{LevelRules, Part, Ruling};
use crate::sheet::Points;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known of a part without any ruling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Evidence {
    /// What it comes to by itself.
    pub(super) result: PartResult,
    /// Whether the candidate sat it: answers, a score, a record of having been there.
    pub(super) sat: Sat,
    /// Whether a violation (违纪) voids it.
    pub(super) violation: bool,
}

/// Whether there is a sign that a candidate sat a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sat {
    Yes,
    NoSign,
}

/// A ruling and the evidence that can't both be right. The part is pending until one of them is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Which part.
    pub part: Part,
    /// What is against what.
    pub kind: ConflictKind,
}

/// The kinds of [`Conflict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConflictKind {
    /// Ruled absent, but the part was sat.
    AbsentButSat,
    /// Carried over, but the part was sat, or ruled about as if it had been.
    CarriedButSat,
    /// Carried over, but everything is void.
    CarriedButVoid,
    /// Carried over with a score below the pass line.
    CarriedBelowLine,
    /// Another part is retaken, but this one is not carried over.
    NotCarried,
    /// A deduction from a part without a score.
    NothingToDeduct,
    /// The level does not have the part, but it was sat.
    NotExamined,
}

impl ConflictKind {
    /// The word used in files: `absent-but-sat`, …
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AbsentButSat => "absent-but-sat",
            Self::CarriedButSat => "carried-but-sat",
            Self::CarriedButVoid => "carried-but-void",
            Self::CarriedBelowLine => "carried-below-line",
            Self::NotCarried => "not-carried",
            Self::NothingToDeduct => "nothing-to-deduct",
            Self::NotExamined => "not-examined",
        }
    }

    /// As the papers' list of what is open (未结事项) says it.
    #[must_use]
    pub fn statement(self) -> &'static str {
        match self {
            Self::AbsentButSat => "认定缺考，但有到考记录、答题或成绩",
            Self::CarriedButSat => "成绩保留，但又有到考记录、答题、成绩或其他认定",
            Self::CarriedButVoid => "成绩保留，但全部科目成绩无效",
            Self::CarriedBelowLine => "保留的成绩低于合格线",
            Self::NotCarried => "只补考其他科目，本科目既无成绩保留又未补考",
            Self::NothingToDeduct => "认定扣分，但本科目无成绩可扣",
            Self::NotExamined => "该等级不考本科目，但有答题或成绩",
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part.name(), self.kind.statement())
    }
}

/// The rulings about one part.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is whether one kind of ruling is there
struct Ruled {
    all_void: bool,
    void: bool,
    absent: bool,
    deducted: Option<Points>,
    carried: bool,
    carried_score: Option<Points>,
    retaken: bool,
    others_retaken: bool,
}

impl Ruled {
    fn of(rulings: &[Ruling], part: Part) -> Self {
        let mut out = Self::default();
        for ruling in rulings {
            match ruling {
                Ruling::AllVoid { .. } => out.all_void = true,
                Ruling::Retake { part: p, .. } if *p != part => out.others_retaken = true,
                _ if ruling.part() != Some(part) => {}
                Ruling::Retake { .. } => out.retaken = true,
                Ruling::Void { .. } => out.void = true,
                Ruling::Absent { .. } => out.absent = true,
                Ruling::Deduction { points, .. } => {
                    out.deducted = Some(out.deducted.unwrap_or(Points::ZERO) + *points);
                }
                Ruling::CarriedOver { score, .. } => {
                    out.carried = true;
                    out.carried_score = out.carried_score.max(*score);
                }
            }
        }
        out
    }
}

/// What comes of an examined part, and what contradicts itself about it. `everything_void` is so by a violation.
pub(super) fn decide(
    part: Part,
    evidence: Evidence,
    rulings: &[Ruling],
    everything_void: bool,
    rules: &LevelRules,
) -> Result<PartResult, ConflictKind> {
    let ruled = Ruled::of(rulings, part);
    let Evidence { result, sat, violation } = evidence;
    let sat = sat == Sat::Yes;
    if ruled.all_void || everything_void {
        return if ruled.carried { Err(ConflictKind::CarriedButVoid) } else { Ok(PartResult::Void) };
    }
    if ruled.carried {
        let score = ruled.carried_score;
        let other = ruled.void || ruled.absent || ruled.deducted.is_some() || ruled.retaken || violation;
        if sat || other {
            return Err(ConflictKind::CarriedButSat);
        }
        let line = rules.pass_lines.get(&part).copied().unwrap_or(Points::ZERO);
        if score.is_some_and(|score| score < line) {
            return Err(ConflictKind::CarriedBelowLine);
        }
        return Ok(PartResult::Carried(score));
    }
    if ruled.others_retaken && !ruled.retaken {
        return Err(ConflictKind::NotCarried);
    }
    if ruled.void || violation {
        return Ok(PartResult::Void);
    }
    if ruled.absent {
        let contradicted = sat || ruled.deducted.is_some();
        return if contradicted { Err(ConflictKind::AbsentButSat) } else { Ok(PartResult::Absent) };
    }
    match (ruled.deducted, result) {
        (Some(off), PartResult::Scored(points)) => Ok(PartResult::Scored((points - off).max(Points::ZERO))),
        (Some(_), PartResult::Absent | PartResult::Void) => Err(ConflictKind::NothingToDeduct),
        (_, result) => Ok(result),
    }
}
