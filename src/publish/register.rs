//! 销毁登记表: what was destroyed or kept, and who signed it.

use super::cells::Column;
use super::paper::matter_rows;
use super::plain::{PlainSection, documents};
use super::{Document, Matter, PublishError};
use crate::exam::Exam;

/// 销毁登记表 as xlsx and pdf, a row for each case.
///
/// # Errors
///
/// What can't be printed.
pub fn destruction_register(exam: &Exam, cases: Vec<Matter>) -> Result<Vec<Document>, PublishError> {
    let section = PlainSection {
        tab: "销毁登记".to_owned(),
        facts: vec![
            vec![("鉴定中心", exam.centre.clone(), 100)],
            vec![("批次", exam.batch.clone(), 50), ("鉴定日期", exam.date.clone(), 50)],
            vec![
                ("销毁人", "＿＿＿＿＿＿＿＿".into(), 34),
                ("监销人", "＿＿＿＿＿＿＿＿".into(), 33),
                ("销毁日期", "＿＿＿＿＿＿".into(), 33),
            ],
        ],
        columns: vec![Column::Serial, Column::Matter, Column::Statement],
        rows: matter_rows(cases),
        nothing: "无",
    };
    documents("销毁登记表", "档案销毁登记表", exam, vec![section])
}
