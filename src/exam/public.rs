//! What `exam.toml` says of results outside the house: the public list, the look-up page, the provincial export, retention.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is shown and handed on. All of it has a default, so that an exam that says nothing of it has the same text as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicRules {
    /// Who stands in the public list (公示名单).
    pub list: ListRule,
    /// By which number a line is told from another.
    pub identify: IdentifyBy,
    /// Columns beside name and number, in order.
    pub columns: Vec<ListColumn>,
    /// How many of the last characters of the identity number (证件号码) the look-up page asks for, 4..=18.
    pub lookup_digits: u8,
    /// Iterations of the look-up page's slow function, 100 000..=10 000 000.
    pub lookup_iterations: u32,
    /// Columns of the export for the provincial system, in order; empty if there is none.
    pub province: Vec<ProvinceColumn>,
    /// Whole years that electronic records are kept, 1..=100.
    pub electronic_years: u16,
    /// Whole years that papers are kept, 1..=100.
    pub paper_years: u16,
}

impl Default for PublicRules {
    fn default() -> Self {
        Self {
            list: ListRule::Passed,
            identify: IdentifyBy::IdNumber,
            columns: vec![ListColumn::Occupation, ListColumn::Level, ListColumn::Result],
            // Eight of them hide the day of birth, the serial number and some of the month and check digit; see docs/public.md.
            lookup_digits: 8,
            // What OWASP's password storage cheat sheet names for PBKDF2-HMAC-SHA256 (2023).
            lookup_iterations: 600_000,
            province: Vec::new(),
            // The least that the regulations ask for.
            electronic_years: 5,
            paper_years: 3,
        }
    }
}

impl PublicRules {
    /// Whether the exam says nothing of its own.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Who stands in the public list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListRule {
    /// Those who passed (合格).
    Passed,
    /// Everybody on the roster.
    All,
}

/// The number in a public list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentifyBy {
    /// 证件号码, masked.
    IdNumber,
    /// 准考证号, masked.
    Ticket,
}

/// A column of the public list that is not masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListColumn {
    /// 职业.
    Occupation,
    /// 等级.
    Level,
    /// 理论成绩.
    Theory,
    /// 实操成绩.
    Practical,
    /// 综合评审.
    Review,
    /// 评定结果.
    Result,
}

impl ListColumn {
    /// The words of `exam.toml`.
    pub const WORDS: [(&str, Self); 6] = [
        ("occupation", Self::Occupation),
        ("level", Self::Level),
        ("theory", Self::Theory),
        ("practical", Self::Practical),
        ("review", Self::Review),
        ("result", Self::Result),
    ];
}

/// A column of the export for the provincial system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvinceColumn {
    /// Its heading, as that system wants it.
    pub heading: String,
    /// What stands in it.
    pub value: ProvinceValue,
    /// What is written for each value: `{ "四级" = "4" }`. Empty: the value itself; else a value without a code is refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, String>,
}

/// Heading of the last column that an export gets where no other says the publication's number.
pub const PUBLICATION_HEADING: &str = "发布号";

impl ProvinceColumn {
    /// Whether it says the publication's number as it is, and no code for it.
    #[must_use]
    pub fn says_publication(&self) -> bool {
        self.value == ProvinceValue::Field(ProvinceField::Publication) && self.codes.is_empty()
    }
}

/// What stands in a column of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProvinceValue {
    /// The same text in every row.
    Text(String),
    /// A field of the candidate or of the exam.
    Field(ProvinceField),
}

/// A field of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProvinceField {
    /// 准考证号.
    Ticket,
    /// 姓名.
    Name,
    /// 性别: 男, 女, as the roster has it.
    Sex,
    /// 证件号码.
    IdNumber,
    /// 文化程度.
    Education,
    /// 职业.
    Occupation,
    /// 等级: 五级 to 一级.
    Level,
    /// 新考, 补考.
    Attempt,
    /// 考场.
    Room,
    /// 座位.
    Seat,
    /// 理论成绩: points, 缺考 or 成绩无效.
    Theory,
    /// 实操成绩.
    Practical,
    /// 综合评审; empty where the level has none.
    Review,
    /// 评定结果: 优秀, 良好, 合格, 不合格.
    Result,
    /// 是否合格: 是, 否.
    Passed,
    /// 备注 of the 成绩单.
    Remark,
    /// 批次.
    Batch,
    /// 鉴定中心.
    Centre,
    /// 鉴定所.
    Institute,
    /// 鉴定日期.
    Date,
    /// 发布号.
    Publication,
}

impl ProvinceField {
    /// The words of `exam.toml`.
    pub const WORDS: [(&str, Self); 21] = [
        ("ticket", Self::Ticket),
        ("name", Self::Name),
        ("sex", Self::Sex),
        ("id_number", Self::IdNumber),
        ("education", Self::Education),
        ("occupation", Self::Occupation),
        ("level", Self::Level),
        ("attempt", Self::Attempt),
        ("room", Self::Room),
        ("seat", Self::Seat),
        ("theory", Self::Theory),
        ("practical", Self::Practical),
        ("review", Self::Review),
        ("result", Self::Result),
        ("passed", Self::Passed),
        ("remark", Self::Remark),
        ("batch", Self::Batch),
        ("centre", Self::Centre),
        ("institute", Self::Institute),
        ("date", Self::Date),
        ("publication", Self::Publication),
    ];
}
