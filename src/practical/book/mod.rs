//! Score sheets (评分表): one workbook an assessor, a worksheet a module with a row a candidate, or a worksheet a candidate with a line an
//! item.

mod fault;
mod read;
mod write;

pub use fault::{BookError, BookFault, BookProblem};
pub use read::{BookRow, ScoreBook, is_book, read_book, together};
pub use write::{BookAsk, blank_book, filled_book};

/// The sheet that says what the workbook is for, and who fills it in.
const COVER: &str = "说明";

/// Labels of the cover's first column; what they name stands in the second.
mod label {
    pub const BATCH: &str = "批次";
    pub const SCHEME: &str = "考评方案";
    pub const PART: &str = "科目";
    pub const OCCUPATION: &str = "职业";
    pub const LEVEL: &str = "等级";
    pub const ROOM: &str = "考场";
    pub const DATE: &str = "鉴定日期";
    pub const SHEETS: &str = "工作表";
    pub const ASSESSOR: &str = "考评员";
}

/// What each worksheet of a workbook of score sheets is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SheetPer {
    /// A module, with a row a candidate.
    #[default]
    Module,
    /// A candidate, with a line an item of every module: to be printed and signed for each.
    Candidate,
}

impl SheetPer {
    /// What the cover says: 每模块一张, 每名考生一张.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Module => "每模块一张",
            Self::Candidate => "每名考生一张",
        }
    }
}

/// Column headings beside a module's items. In a candidate's sheet 合计, 超时分钟, 否定项 and 状态 are lines instead.
mod column {
    pub const MODULE: &str = "模块";
    pub const ITEM: &str = "评分项";
    pub const FULL: &str = super::FULL;
    pub const POINTS: &str = "得分";
    pub const SERIAL: &str = "序号";
    pub const TICKET: &str = "准考证号";
    pub const NAME: &str = "姓名";
    pub const SUM: &str = "合计";
    pub const OVERTIME: &str = "超时分钟";
    pub const VETO: &str = "否定项";
    pub const STATUS: &str = "状态";
    /// Begins the line for signatures.
    pub const SIGNED: &str = super::label::ASSESSOR;
}

/// Begins the row with every item's most points.
const FULL: &str = "满分";

/// The most minutes of overtime that a row may have: ten hours.
const MINUTES: u16 = 600;
