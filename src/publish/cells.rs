//! Columns of the papers and what stands in them.

use super::PrintedCertificate;
use crate::exam::Level;
use crate::merge::{PartResult, Transcript, Verdict};
use crate::sheet::{Points, TicketNumber};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A column of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Serial,
    Ticket,
    Name,
    Sex,
    IdNumber,
    Education,
    Occupation,
    Level,
    Attempt,
    Room,
    Seat,
    Theory,
    Practical,
    Review,
    Result,
    AwardedMark,
    Certificate,
    Issued,
    Remark,
    Matter,
    Statement,
    Signed,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A whole number.
    Whole(u32),
    /// A score.
    Points(Points),
    /// Text, also where it looks like a number.
    Text(String),
    /// Nothing: to be filled by hand, or unknown to the roster.
    Empty,
}

impl Cell {
    /// The text, or nothing if it is empty.
    fn text_or_empty(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }

    /// What a reader sees.
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Whole(n) => n.to_string().into(),
            Self::Points(points) => points.to_string().into(),
            Self::Text(text) => text.into(),
            Self::Empty => "".into(),
        }
    }
}

/// Whether a text may run over several lines and how its column takes part in sharing out the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// As wide as its longest text.
    Tight,
    /// Takes what is left over, and gives way first.
    Loose,
}

impl Column {
    /// The heading as printed.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Serial => "序号",
            Self::Ticket => "准考证号",
            Self::Name => "姓名",
            Self::Sex => "性别",
            Self::IdNumber => "证件号码",
            Self::Education => "文化程度",
            Self::Occupation => "职业",
            Self::Level => "等级",
            Self::Attempt => "新考/补考",
            Self::Room => "考场",
            Self::Seat => "座位",
            Self::Theory => "理论成绩",
            Self::Practical => "实操成绩",
            Self::Review => "综合评审",
            Self::Result => "评定结果",
            Self::AwardedMark => "评定成绩",
            Self::Certificate => "证书编号",
            Self::Issued => "发证日期",
            Self::Remark => "备注",
            Self::Matter => "事项",
            Self::Statement => "说明",
            Self::Signed => "签名",
        }
    }

    /// Least and most width in millimetres. Below the least a column can't be written into by hand or its
    /// heading shrinks; beyond the most a single long text would push the others off the page, and wraps
    /// instead.
    pub fn limits_mm(self) -> (f64, f64) {
        match self {
            Self::Serial | Self::Sex => (9.0, 14.0),
            Self::Ticket => (24.0, 48.0),
            Self::Name => (17.0, 30.0),
            Self::IdNumber => (33.0, 42.0),
            Self::Education | Self::Level => (14.0, 26.0),
            Self::Occupation => (18.0, 40.0),
            Self::Attempt => (15.0, 18.0),
            Self::Room => (11.0, 24.0),
            Self::Seat => (10.0, 14.0),
            Self::Theory | Self::Practical | Self::Review | Self::Result | Self::AwardedMark => (15.0, 20.0),
            // 22 characters by hand or by stamp.
            Self::Certificate => (38.0, 50.0),
            Self::Issued => (20.0, 26.0),
            Self::Remark => (16.0, 46.0),
            Self::Matter => (26.0, 40.0),
            Self::Statement => (60.0, 150.0),
            Self::Signed => (32.0, 50.0),
        }
    }

    /// How it takes part in sharing out the width.
    pub fn share(self) -> Share {
        match self {
            Self::Name
            | Self::Occupation
            | Self::Remark
            | Self::Certificate
            | Self::Statement
            | Self::Signed => Share::Loose,
            _ => Share::Tight,
        }
    }

    /// Whether texts begin at the left edge; the others stand in the middle.
    pub fn is_left(self) -> bool {
        matches!(self, Self::Remark | Self::Statement)
    }

    /// Whether a spreadsheet must be told that these digits are text.
    pub fn is_digits_as_text(self) -> bool {
        matches!(self, Self::Ticket | Self::IdNumber | Self::Certificate | Self::Room)
    }

    /// What `transcript` has in this column; `serial` is its number in the section, from 1.
    pub fn cell(self, serial: u32, transcript: &Transcript) -> Cell {
        let candidate = &transcript.candidate;
        match self {
            Self::Serial => Cell::Whole(serial),
            Self::Ticket => Cell::Text(candidate.ticket.to_string()),
            Self::Name => Cell::text_or_empty(&candidate.name),
            Self::Sex => Cell::text_or_empty(&candidate.sex),
            Self::IdNumber => Cell::text_or_empty(&candidate.id_number),
            Self::Education => Cell::text_or_empty(&candidate.education),
            Self::Occupation => Cell::text_or_empty(&candidate.occupation),
            Self::Level => Cell::Text(candidate.level.word().to_owned()),
            Self::Attempt => Cell::Text(candidate.attempt.word().to_owned()),
            Self::Room => Cell::Text(candidate.room.to_string()),
            Self::Seat => Cell::Whole(u32::from(candidate.seat)),
            Self::Theory => part_cell(transcript.theory),
            Self::Practical => part_cell(transcript.practical),
            Self::Review => transcript.review.map_or(Cell::Empty, part_cell),
            Self::Result if transcript.verdict == Verdict::Pending => Cell::Text("待定".to_owned()),
            Self::Result => Cell::text_or_empty(&transcript.grade),
            Self::Remark => Cell::text_or_empty(&transcript.remarks.join("；")),
            Self::AwardedMark
            | Self::Certificate
            | Self::Issued
            | Self::Matter
            | Self::Statement
            | Self::Signed => Cell::Empty,
        }
    }

    /// What the register has in this column: 备注 is the roster's.
    pub fn register_cell(self, serial: u32, transcript: &Transcript) -> Cell {
        match self {
            Self::Remark => Cell::text_or_empty(&transcript.candidate.remark),
            _ => self.cell(serial, transcript),
        }
    }
}

impl Column {
    /// What the register of those who passed has in this column: 评定成绩, 证书编号 and 发证日期 where there is a certificate.
    pub fn passed_cell(
        self,
        serial: u32,
        transcript: &Transcript,
        certificates: &BTreeMap<TicketNumber, PrintedCertificate>,
    ) -> Cell {
        let Some(certificate) = certificates.get(&transcript.candidate.ticket) else {
            return self.cell(serial, transcript);
        };
        match self {
            Self::AwardedMark => Cell::text_or_empty(&transcript.grade),
            Self::Certificate => Cell::Text(certificate.number.clone()),
            Self::Issued => Cell::Text(certificate.issued.clone()),
            _ => self.cell(serial, transcript),
        }
    }
}

fn part_cell(part: PartResult) -> Cell {
    match part {
        PartResult::Scored(points) => Cell::Points(points),
        PartResult::Absent => Cell::Text("缺考".to_owned()),
        PartResult::Void => Cell::Text("成绩无效".to_owned()),
        PartResult::Pending => Cell::Text("待定".to_owned()),
        PartResult::Carried(Some(points)) => Cell::Text(format!("{points}（保留）")),
        PartResult::Carried(None) => Cell::Text("合格（保留）".to_owned()),
        PartResult::NotExamined => Cell::Text("—".to_owned()),
    }
}

/// A part's outcome in words.
pub(super) fn part_words(part: PartResult) -> String {
    part_cell(part).shown().into_owned()
}

/// 五级/初级工, …: as it stands in a heading.
pub(super) fn level_title(level: Level) -> &'static str {
    match level {
        Level::Five => "五级/初级工",
        Level::Four => "四级/中级工",
        Level::Three => "三级/高级工",
        Level::Two => "二级/技师",
        Level::One => "一级/高级技师",
    }
}
