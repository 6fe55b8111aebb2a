//! The exam: its papers, rules, roster and rooms.
//!
//! [`Exam::parse`] reads `exam.toml`; [`Roster::import`] and [`RoomRecord::import`] read the tables that
//! institutes send (xlsx, xls, csv) by way of [`Table`], and refuse them with every wrong row named.

mod assessment;
mod certificates;
mod error;
mod headings;
mod identity;
mod level;
mod lookup;
mod part;
mod public;
pub mod rooms;
mod roster;
mod rules;
pub mod rulings;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod toml;
mod words;
mod write;

pub use assessment::{AssessedItem, AssessedPart, Assessment, MeanRule, Module, Overtime};
pub use certificates::{CertificateScheme, LONGEST_SERIAL, NumberPart};
pub use error::{ExamError, ExamFault, ExamProblem};
pub use headings::{Heading, Need};
pub use identity::{Document, IdNumberFault, Sex};
pub use level::LevelError;
pub use part::Part;
pub use public::{
    IdentifyBy, ListColumn, ListRule, PUBLICATION_HEADING, ProvinceColumn, ProvinceField, ProvinceValue,
    PublicRules,
};
pub use rooms::{HandedOut, RoomError, RoomFault, RoomReport, RoomSaid, VoidedCard};
pub use roster::{RosterClash, RosterError, RosterFault};
pub use rules::LevelRules;
pub use rulings::{Ruling, RulingFault, Rulings, RulingsError};
pub use table::{
    Cell, CellFault, Column, Columns, Record, Row, RowPlace, RowProblem, Table, TableError, WorkbookFault,
};
pub use toml::example_toml;
pub use write::WriteError;

pub(crate) use headings::known;
pub(crate) use table::{listing, select};
pub(crate) use words::{key as heading_key, person, same_name};
pub(crate) use write::{Grid, Kind};

use crate::sheet::{
    AssessmentId, Form, HandSection, LayoutName, PaperId, Points, RoomId, Rounding, TicketNumber,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One exam session (批次): what `exam.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exam {
    /// Batch (批次), as printed: `2026年第3批`.
    pub batch: String,
    /// Centre (鉴定中心).
    pub centre: String,
    /// Assessment institute (鉴定所).
    pub institute: String,
    /// Date of the examination, as printed: `2026-11-21`.
    pub date: String,
    /// Theory papers by id.
    pub papers: BTreeMap<PaperId, Paper>,
    /// Schemes of assessment (考评方案) by id: how assessors score a practical part or 综合评审.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub assessments: BTreeMap<AssessmentId, Assessment>,
    /// Occupations and levels that are examined.
    pub occupations: Vec<Occupation>,
    /// Rooms, in order.
    pub rooms: Vec<RoomId>,
    /// Pass line and grades.
    pub rules: Rules,
    /// Who signs the papers; empty where the exam does not say.
    #[serde(default)]
    pub signatories: Signatories,
    /// How certificates (证书) are numbered; without it their columns stay blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<CertificateScheme>,
    /// What is shown to the public and handed on.
    #[serde(default, skip_serializing_if = "PublicRules::is_default")]
    pub public: PublicRules,
}

/// The people whose names stand under the papers; an empty name leaves a line to write on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signatories {
    /// 制表人: who made the paper.
    pub tabulator: String,
    /// 审核人: who checked it.
    pub reviewer: String,
    /// 考评组长: head of the assessors.
    pub lead_assessor: String,
    /// 考评员: assessors, in order.
    pub assessors: Vec<String>,
    /// 督导员: the supervisor sent to the exam.
    pub supervisor: String,
}

/// An occupation at a level, and its theory paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupation {
    /// Occupation (职业/工种): `电工`.
    pub name: String,
    /// Level (等级).
    pub level: Level,
    /// Its theory paper.
    pub paper: PaperId,
    /// The scheme by which assessors score its practical part; without one its totals are imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practical: Option<AssessmentId>,
    /// As `practical`, for 综合评审.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<AssessmentId>,
}

/// Level of skill (等级), 五级 to 一级.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// 五级/初级工.
    #[serde(rename = "五级")]
    Five,
    /// 四级/中级工.
    #[serde(rename = "四级")]
    Four,
    /// 三级/高级工.
    #[serde(rename = "三级")]
    Three,
    /// 二级/技师.
    #[serde(rename = "二级")]
    Two,
    /// 一级/高级技师.
    #[serde(rename = "一级")]
    One,
}

/// A theory paper: which card, which forms, which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Its title.
    pub title: String,
    /// The card it is answered on.
    pub layout: LayoutName,
    /// Its forms, at least one; a paper without forms has `A` alone.
    pub forms: Vec<Form>,
    /// The key's revision, from 1.
    pub key_revision: u16,
    /// Its sections that people mark (人工阅卷), as its keys name them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hand: Vec<HandSection>,
}

/// How a result comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Least points of each part, out of 100 (合格线).
    pub pass_line: Points,
    /// Grades (评定) of those who pass, best first; the last one's limits are the pass line.
    pub grades: Vec<GradeRule>,
    /// The grade of those who don't pass.
    pub fail_grade: String,
    /// What becomes of two marks on a single-choice item.
    pub multiple: MultipleRule,
    /// Deduction for a violation without further ruling.
    pub violation: ViolationRule,
    /// How a theory score that is not a multiple of its step becomes one. Without it nothing is rounded, and a
    /// score that is not whole hundredths is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// Levels with rules of their own, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelRules>,
}

/// A grade and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GradeRule {
    /// Its name: 优秀.
    pub name: String,
    /// Least points of every part.
    pub least: Points,
}

/// What becomes of several firm marks where one is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MultipleRule {
    /// A person looks first.
    Hold,
    /// It is a wrong response.
    Wrong,
}

/// What a violation (违纪) does to the theory score where the room record does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationRule {
    /// 该科目成绩无效: the theory part is void.
    SubjectVoid,
    /// 全部科目成绩无效: everything is void.
    AllVoid,
}

/// Everyone who is entered, by ticket number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roster {
    /// Candidates by ticket number.
    pub candidates: BTreeMap<TicketNumber, Candidate>,
}

/// A row of the roster (鉴定名册).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// 准考证号.
    pub ticket: TicketNumber,
    /// 姓名.
    pub name: String,
    /// 性别.
    pub sex: String,
    /// 证件号码, checked if it is an 18-digit identity number.
    pub id_number: String,
    /// 文化程度; may be empty.
    pub education: String,
    /// 职业(工种).
    pub occupation: String,
    /// 等级.
    pub level: Level,
    /// 新考/补考.
    pub attempt: Attempt,
    /// 考场.
    pub room: RoomId,
    /// 座位.
    pub seat: u16,
    /// 试卷类型, where the roster fixes it.
    pub form: Option<Form>,
    /// 备注.
    pub remark: String,
}

/// First sitting or a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attempt {
    /// 新考.
    #[serde(rename = "新考")]
    First,
    /// 补考.
    #[serde(rename = "补考")]
    Repeat,
}

/// What an invigilator recorded about a room (考场情况记录).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// Which room.
    pub room: RoomId,
    /// Who sat the paper.
    pub present: BTreeSet<TicketNumber>,
    /// Who did not (缺考).
    pub absent: BTreeSet<TicketNumber>,
    /// Who broke the rules (违纪), with the words of the record.
    pub violations: BTreeMap<TicketNumber, String>,
    /// What it counts and remarks beyond that.
    #[serde(default, skip_serializing_if = "RoomReport::is_empty")]
    pub report: RoomReport,
}
