//! What assessors (考评员) wrote about one candidate.

use crate::sheet::{AssessmentId, Points};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that assessors wrote about one candidate under one scheme: by module, then by assessor.
///
/// It is kept as it was written, items by name, and every result is computed from it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The scheme of assessment.
    pub scheme: AssessmentId,
    /// By module and by assessor's name. A module that nobody wrote about is not there.
    pub modules: BTreeMap<String, BTreeMap<String, ScoreRow>>,
}

/// What one assessor wrote about one candidate in one module: a row of a score sheet (评分表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// 状态.
    pub status: RowStatus,
    /// Points by item; empty unless the status is [`RowStatus::Scored`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<String, Points>,
    /// Minutes of overtime (超时) that were begun.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overtime: u16,
    /// What fails the part whatever is scored (否定项).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub veto: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(minutes: &u16) -> bool {
    *minutes == 0
}

/// 状态 of a candidate in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowStatus {
    /// 正常: scored.
    Scored,
    /// 缺考.
    Absent,
    /// 成绩无效.
    Void,
}

impl RowStatus {
    /// The word in a score sheet: 正常, 缺考, 无效.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Scored => "正常",
            Self::Absent => "缺考",
            Self::Void => "无效",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Scored, Self::Absent, Self::Void];
}

/// One place at which two versions of a candidate's marks differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkChange {
    /// The module.
    pub module: String,
    /// Who wrote it.
    pub assessor: String,
    /// The item; 状态, 超时分钟 and 否定项 for what is none.
    pub item: String,
    /// What stood there; empty for nothing.
    pub old: String,
    /// What stands there now; empty for nothing.
    pub new: String,
}

impl ScoreRow {
    /// Every cell that says something, by its column's heading.
    fn cells(&self) -> BTreeMap<&str, String> {
        let mut out: BTreeMap<&str, String> =
            self.items.iter().map(|(item, points)| (item.as_str(), points.to_string())).collect();
        out.insert("状态", self.status.word().to_owned());
        if self.overtime > 0 {
            out.insert("超时分钟", self.overtime.to_string());
        }
        if let Some(veto) = &self.veto {
            out.insert("否定项", veto.clone());
        }
        out
    }
}

impl Marks {
    /// Nothing yet, under a scheme.
    #[must_use]
    pub fn none(scheme: AssessmentId) -> Self {
        Self { scheme, modules: BTreeMap::new() }
    }

    /// Where `later` differs from this, by module, assessor and item.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<MarkChange> {
        let flat = |marks: &Self| -> BTreeMap<(String, String, String), String> {
            let mut out = BTreeMap::new();
            for (module, rows) in &marks.modules {
                for (assessor, row) in rows {
                    for (item, text) in row.cells() {
                        out.insert((module.clone(), assessor.clone(), item.to_owned()), text);
                    }
                }
            }
            out
        };
        let (old, new) = (flat(self), flat(later));
        let mut places: Vec<_> = old.keys().chain(new.keys()).collect();
        places.sort();
        places.dedup();
        let said = |cells: &BTreeMap<_, String>, place| cells.get(place).cloned().unwrap_or_default();
        places
            .into_iter()
            .map(|place| (place, said(&old, place), said(&new, place)))
            .filter(|(_, old, new)| old != new)
            .map(|((module, assessor, item), old, new)| MarkChange {
                module: module.clone(),
                assessor: assessor.clone(),
                item: item.clone(),
                old,
                new,
            })
            .collect()
    }
}
