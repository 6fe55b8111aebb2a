//! Rulings about candidates (特殊情况): absent, void, deduction, carried-over pass, retake.
//!
//! A table has one row a ruling: 准考证号, 姓名, 特殊情况, and as far as the ruling needs them 科目, 分值, 依据 and 备注. It takes
//! the place of the table before it; a row 正常 says that nothing is special about a candidate any more.

mod fault;
mod rows;
#[cfg(test)]
mod tests;

pub use fault::{RulingFault, RulingsError};

use super::headings::{Heading, Need, known};
use super::table::{Table, select};
use super::write::{Grid, Kind, WriteError};
use super::{Exam, Part, Roster};
use crate::sheet::{Points, TicketNumber};
use rows::Importer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something about one candidate that the scores alone don't say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// 缺考 in one part.
    Absent {
        /// Which.
        part: Part,
        /// Why, if it was said; may be empty.
        reason: String,
    },
    /// 该科目成绩无效.
    Void {
        /// Which part.
        part: Part,
        /// What for: `雷同`, `替考`.
        reason: String,
    },
    /// 全部科目成绩无效.
    AllVoid {
        /// What for.
        reason: String,
    },
    /// 扣分: taken from the score before it is compared with the pass line, never below 0.
    Deduction {
        /// From which part.
        part: Part,
        /// How much, above 0 and at most 100.
        points: Points,
        /// What for.
        reason: String,
    },
    /// 单科保留: the part was passed in an earlier batch and counts as passed.
    CarriedOver {
        /// Which part.
        part: Part,
        /// The score it was passed with, at or above the pass line; `None` if it is not known.
        score: Option<Points>,
        /// Where that is written: a batch, a publication number, a document.
        source: String,
    },
    /// 补考 of one part: parts that are neither retaken nor carried over are not known.
    Retake {
        /// Which part.
        part: Part,
        /// A remark; may be empty.
        reason: String,
    },
}

impl Ruling {
    /// The part that it is about; `None` for all of them.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        match self {
            Self::AllVoid { .. } => None,
            Self::Absent { part, .. }
            | Self::Void { part, .. }
            | Self::Deduction { part, .. }
            | Self::CarriedOver { part, .. }
            | Self::Retake { part, .. } => Some(*part),
        }
    }

    /// The word of the column 特殊情况.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "缺考",
            Self::Void { .. } => "成绩无效",
            Self::AllVoid { .. } => "全部科目成绩无效",
            Self::Deduction { .. } => "扣分",
            Self::CarriedOver { .. } => "成绩保留",
            Self::Retake { .. } => "补考",
        }
    }

    /// The remark (备注) that the 成绩单 has: `理论缺考`, `雷同，理论成绩无效`, `理论扣 10 分：迟到`, `理论成绩保留（2026年第1批）`, `补考实操`.
    #[must_use]
    pub fn remark(&self) -> String {
        let after = |reason: &str, what: String| {
            if reason.is_empty() { what } else { format!("{reason}，{what}") }
        };
        match self {
            Self::Absent { part, .. } => format!("{}缺考", part.name()),
            Self::Void { part, reason } => after(reason, format!("{}成绩无效", part.name())),
            Self::AllVoid { reason } => after(reason, "全部科目成绩无效".to_owned()),
            Self::Deduction { part, points, reason } => {
                let points = points.to_string();
                let points = points.strip_suffix(".0").unwrap_or(&points);
                format!("{}扣 {points} 分：{reason}", part.name())
            }
            Self::CarriedOver { part, source, .. } => format!("{}成绩保留（{source}）", part.name()),
            Self::Retake { part, .. } => format!("补考{}", part.name()),
        }
    }

    /// Why the two can't stand together about one candidate; `true` if they can't.
    fn contradicts(&self, other: &Self) -> bool {
        let all_void = |r: &Self| matches!(r, Self::AllVoid { .. });
        let retake = |r: &Self| matches!(r, Self::Retake { .. });
        if all_void(self) || all_void(other) {
            let beside = if all_void(self) { other } else { self };
            return !matches!(beside, Self::Retake { .. } | Self::Absent { .. });
        }
        if self.part() != other.part() {
            return false;
        }
        // What is retaken can be missed, void or reduced as anything that is sat; it can't have been passed already.
        match (retake(self), retake(other)) {
            (true, false) => matches!(other, Self::CarriedOver { .. }),
            (false, true) => matches!(self, Self::CarriedOver { .. }),
            _ => true,
        }
    }
}

/// All rulings by candidate, each candidate's in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rulings(pub BTreeMap<TicketNumber, Vec<Ruling>>);

impl Rulings {
    /// The rulings about a candidate; none for almost everybody.
    #[must_use]
    pub fn of(&self, ticket: &TicketNumber) -> &[Ruling] {
        self.0.get(ticket).map_or(&[], Vec::as_slice)
    }

    /// Everybody on the roster who is not to sit a part: no card and no score of theirs is expected.
    #[must_use]
    pub fn excused(&self, exam: &Exam, roster: &Roster, part: Part) -> BTreeSet<TicketNumber> {
        let excused = roster.candidates.values().filter(|c| !exam.sits(c.level, self.of(&c.ticket), part));
        excused.map(|c| c.ticket.clone()).collect()
    }

    /// The rulings in the file `name` (which is only named in errors).
    ///
    /// # Errors
    ///
    /// [`RulingsError`]; [`RulingsError::Rows`] has every row that can't be used: a number that is not on the roster, another
    /// name than the roster's, an unknown word, a part that is missing or that the level does not have, points, a source or a
    /// reason that is missing, and rulings about one candidate that contradict each other.
    pub fn import(name: &str, bytes: &[u8], exam: &Exam, roster: &Roster) -> Result<Self, RulingsError> {
        Self::import_files(&[(name, bytes)], exam, roster)
    }

    /// As [`Rulings::import`], of several files that make one table together.
    ///
    /// # Errors
    ///
    /// As [`Rulings::import`].
    pub fn import_files(files: &[(&str, &[u8])], exam: &Exam, roster: &Roster) -> Result<Self, RulingsError> {
        let mut importer = Importer::new(exam, roster);
        for (name, bytes) in files {
            let tables = Table::read(name, bytes)?;
            let mut rows = 0;
            for (table, columns) in select(name, &tables, &HEADINGS)? {
                for record in table.records(&columns) {
                    rows += 1;
                    importer.row(&record);
                }
            }
            if rows == 0 {
                return Err(RulingsError::NoRows { file: (*name).to_owned() });
            }
        }
        importer.finish()
    }

    /// What is different from `earlier`, a line each, in words.
    #[must_use]
    pub fn changes_from(&self, earlier: &Self) -> Vec<String> {
        let tickets: BTreeSet<&TicketNumber> = self.0.keys().chain(earlier.0.keys()).collect();
        let mut out = Vec::new();
        for ticket in tickets {
            let (before, after) = (earlier.of(ticket), self.of(ticket));
            let gone = before.iter().filter(|r| !after.contains(r)).map(|r| ("no more", r));
            let new = after.iter().filter(|r| !before.contains(r)).map(|r| ("now", r));
            out.extend(gone.chain(new).map(|(what, r)| format!("{ticket}: {what} {}", r.remark())));
        }
        out
    }
}

const RULING: Heading = Heading::required(
    "特殊情况",
    &["类别", "情况类别", "处理", "处理决定", "处理结果", "认定", "特殊情况类别", "考生状态"],
);
const PART: Heading = Heading::required("科目", &["考试科目", "鉴定科目", "处理科目"]).with(Need::Optional);
const POINTS: Heading =
    Heading::required("分值", &["扣分", "扣分值", "保留成绩", "成绩", "分数", "原成绩"]).with(Need::Optional);
const SOURCE: Heading =
    Heading::required("依据", &["来源", "保留依据", "文号", "原批次", "依据文件"]).with(Need::Optional);
const REASON: Heading =
    Heading::required("备注", &["说明", "原因", "事由", "理由", "备注说明"]).with(Need::Optional);

const HEADINGS: [Heading; 7] = [known::TICKET, known::NAME, RULING, PART, POINTS, SOURCE, REASON];

fn grid(rulings: &Rulings, roster: &Roster) -> Grid {
    let mut rows = Vec::new();
    for (ticket, own) in &rulings.0 {
        let name = roster.candidates.get(ticket).map(|c| c.name.clone()).unwrap_or_default();
        for ruling in own {
            let (points, source, reason) = match ruling {
                Ruling::Deduction { points, reason, .. } => (Some(*points), "", reason.as_str()),
                Ruling::CarriedOver { score, source, .. } => (*score, source.as_str(), ""),
                Ruling::Absent { reason, .. }
                | Ruling::Void { reason, .. }
                | Ruling::AllVoid { reason }
                | Ruling::Retake { reason, .. } => (None, "", reason.as_str()),
            };
            rows.push(vec![
                ticket.to_string(),
                name.clone(),
                ruling.word().to_owned(),
                ruling.part().map(Part::name).unwrap_or_default().to_owned(),
                points.map(|p| p.to_string()).unwrap_or_default(),
                source.to_owned(),
                reason.to_owned(),
            ]);
        }
    }
    Grid {
        sheet: "特殊情况",
        columns: vec![
            (known::TICKET.name, Kind::Text, 18),
            (known::NAME.name, Kind::Text, 12),
            (RULING.name, Kind::Text, 18),
            (PART.name, Kind::Text, 10),
            (POINTS.name, Kind::Number, 8),
            (SOURCE.name, Kind::Text, 24),
            (REASON.name, Kind::Text, 30),
        ],
        rows,
    }
}

/// The rulings as text with commas that [`Rulings::import`] reads; names are the roster's.
#[must_use]
pub fn to_csv(rulings: &Rulings, roster: &Roster) -> Vec<u8> {
    grid(rulings, roster).to_csv()
}

/// The rulings as a workbook that [`Rulings::import`] reads; names are the roster's.
///
/// # Errors
///
/// [`WriteError`] for a text of more than 32 767 characters.
pub fn to_xlsx(rulings: &Rulings, roster: &Roster) -> Result<Vec<u8>, WriteError> {
    grid(rulings, roster).to_xlsx()
}
