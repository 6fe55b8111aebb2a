//! Item statistics (试题分析) as a page to read and a workbook to reckon with; pairs that are too much alike (雷同), too.
//!
//! The pages stand alone: no script, no font, no picture from elsewhere. They tell which options are right: whoever
//! writes them lets nobody but the owner read them.

mod alike;
mod book;
mod html;
pub(super) use html::text as html_text;
mod page;
mod plot;
#[cfg(test)]
mod tests;

use super::{Document, PublishError};
use crate::grade::copying::Alike;
use crate::grade::stats::{ItemStatistic, ItemStatistics, Suspicion};
use crate::sheet::{Form, PaperId, RoomId, TicketNumber};

/// Whose statistics they are.
#[derive(Debug, Clone, Copy)]
pub struct ItemReport<'r> {
    /// Batch (批次), as printed.
    pub batch: &'r str,
    /// The paper's title.
    pub title: &'r str,
    /// The paper's id.
    pub paper: &'r PaperId,
    /// The form (试卷类型).
    pub form: &'r Form,
    /// The key's revision.
    pub key_revision: u16,
}

/// A sheet's owner, as the list of pairs names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// The ticket number (准考证号).
    pub ticket: TicketNumber,
    /// The room (考场).
    pub room: RoomId,
    /// The seat (座位).
    pub seat: u16,
}

/// The statistics as a page and as a workbook.
///
/// # Errors
///
/// [`PublishError::Xlsx`] if the workbook can't be written.
pub fn item_report(
    report: &ItemReport<'_>,
    statistics: &ItemStatistics,
) -> Result<Vec<Document>, PublishError> {
    let name = format!("试题分析-{}-{}", report.paper, report.form);
    Ok(vec![
        Document { file_name: format!("{name}.html"), bytes: page::page(report, statistics).into_bytes() },
        Document { file_name: format!("{name}.xlsx"), bytes: book::workbook(report, statistics)? },
    ])
}

/// The pairs as a page and as a workbook; `seated` says whose the sheets are, in their order.
///
/// # Errors
///
/// [`PublishError::Xlsx`] if the workbook can't be written.
pub fn alike_report(
    report: &ItemReport<'_>,
    alike: &Alike,
    seated: &[Seated],
) -> Result<Vec<Document>, PublishError> {
    let name = format!("雷同提示-{}-{}", report.paper, report.form);
    Ok(vec![
        Document {
            file_name: format!("{name}.html"),
            bytes: alike::page(report, alike, seated).into_bytes(),
        },
        Document { file_name: format!("{name}.xlsx"), bytes: alike::workbook(report, alike, seated)? },
    ])
}

/// What stands at the head of everything here.
const SECRET: &str = "本文件透露标准答案，按答案同等保密，只供命题与质量分析人员使用。";

/// The suspicion in words.
fn words(suspicion: Suspicion) -> String {
    match suspicion {
        Suspicion::Negative => "区分度为负：总分低者反而答对得多".to_owned(),
        Suspicion::Distractor(letter) => format!("高分组选 {letter} 者多于选正确答案者"),
        Suspicion::NobodyRight => "无人答对".to_owned(),
    }
}

fn kind(item: &ItemStatistic) -> &'static str {
    use crate::grade::stats::ScoringRule;
    match item.rule {
        ScoringRule::Single => "单选",
        ScoringRule::Multiple => "多选",
        ScoringRule::TrueFalse => "判断",
        ScoringRule::Numeric => "填数",
    }
}

fn right_options(item: &ItemStatistic) -> String {
    item.options.iter().filter(|option| option.right).map(|option| option.letter).collect()
}

/// Definitions below the tables: name and what it is.
const DEFINITIONS: [(&str, &str); 8] = [
    ("难度 p", "答对人数的比例（Lord & Novick 1968）"),
    ("得分率", "平均得分与该题分值之比；有部分给分或倒扣时与 p 不同"),
    ("区分度 r", "校正的题总相关（点二列相关）：该题得分与其余各题得分之和的相关系数（Henrysson 1963）"),
    ("D", "高分组与低分组答对比例之差；高、低分组各占 27%（Kelley 1939），与界限同分者全部计入"),
    ("KR-20", "按对错计的内部一致性系数（Kuder & Richardson 1937，公式 20）"),
    ("α", "按得分计的内部一致性系数（Cronbach 1951）；“删后 α”为去掉该题后其余各题的 α"),
    ("标准误", "测量标准误：标准差 × √(1 − α)，以分计"),
    ("未计入", "作废的题与人工阅卷的部分不计入以上各项；各题得分为未经下限处理的得分"),
];
