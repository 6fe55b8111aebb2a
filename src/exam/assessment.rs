//! Schemes of assessment (考评方案): how several assessors' scores make the result of a part.

use super::{Exam, Level, Occupation};
use crate::sheet::{AssessmentId, Points, Rounding};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The part of the examination that assessors score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssessedPart {
    /// 实操.
    Practical,
    /// 综合评审, for 二级 and 一级.
    Review,
}

impl AssessedPart {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Practical, Self::Review];

    /// The word for it in files and in the record: `practical`, `review`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Practical => "practical",
            Self::Review => "review",
        }
    }

    /// Its Chinese name: 实操, 综合评审.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Practical => "实操",
            Self::Review => "综合评审",
        }
    }
}

impl fmt::Display for AssessedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.word(), self.name())
    }
}

/// How assessors' scores of one module become one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeanRule {
    /// The mean of all.
    Mean,
    /// One highest and one lowest are left out first, where at least three are there.
    Trimmed,
}

/// A scheme of assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Which part it is for.
    pub part: AssessedPart,
    /// The least number of assessors for each module of each candidate; odd, 1 to 15. A trimmed mean takes at least 5.
    pub assessors: u8,
    /// How their scores become one.
    pub mean: MeanRule,
    /// How far the highest and the lowest assessor of a module may lie apart, in points of that module. Beyond it the
    /// candidate is held. `None`: any distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Points>,
    /// How the total, out of 100, becomes a multiple of a step.
    pub rounding: Rounding,
    /// Its modules (模块), in order; their weights make 100.
    pub modules: Vec<Module>,
}

/// A module (模块) of a scheme: a sheet of an assessor's workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its name, which is its worksheet's too.
    pub name: String,
    /// Its share of the total, in percent.
    pub weight: Points,
    /// The most points: what its items make together.
    pub full: Points,
    /// What is scored (评分项), in order.
    pub items: Vec<AssessedItem>,
    /// What fails the part whatever is scored (否定项).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetoes: Vec<String>,
    /// What overtime (超时) costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtime: Option<Overtime>,
}

/// Something that is scored (评分项).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssessedItem {
    /// Its name, which is its column's heading too.
    pub name: String,
    /// The most points.
    pub points: Points,
}

/// What overtime (超时) costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overtime {
    /// Points for each minute that was begun.
    pub per_minute: Points,
    /// The most points that it costs.
    pub most: Points,
}

impl Assessment {
    /// The most assessors that one module of one candidate has. Every number up to it divides 360 360, which keeps the fractions exact.
    pub const MOST_ASSESSORS: u8 = 15;

    /// The module of this name.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }
}

impl Occupation {
    /// The scheme of a part, if it has one.
    #[must_use]
    pub fn scheme(&self, part: AssessedPart) -> Option<&AssessmentId> {
        match part {
            AssessedPart::Practical => self.practical.as_ref(),
            AssessedPart::Review => self.review.as_ref(),
        }
    }
}

impl Exam {
    /// The scheme by which a part of an occupation (as the roster writes it) and level is scored, with its id; `None` where totals are
    /// imported.
    #[must_use]
    pub fn scheme(
        &self,
        part: AssessedPart,
        occupation: &str,
        level: Level,
    ) -> Option<(&AssessmentId, &Assessment)> {
        let own = self.occupations.iter().find(|o| o.name == occupation && o.level == level)?;
        self.assessments.get_key_value(own.scheme(part)?)
    }
}
