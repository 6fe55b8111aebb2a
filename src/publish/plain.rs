//! Papers without places for signatures and seals.

use super::cells::Column;
use super::paper::{Closing, Fact, Paper, Rows, Section, Standing};
use super::{Document, PublishError, pdf, xlsx};
use crate::exam::Exam;

/// A worksheet, or a run of pages, of such a paper.
pub(super) struct PlainSection<'a> {
    /// Short name: the worksheet's tab.
    pub tab: String,
    /// Lines of the heading block: label, value, share of the line's width in hundredths.
    pub facts: Vec<Vec<(&'static str, String, u8)>>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, in order.
    pub rows: Rows<'a>,
    /// What stands in place of rows if there are none.
    pub nothing: &'static str,
}

/// `NAME.xlsx` and `NAME.pdf`, titled `title`.
pub(super) fn documents(
    name: &str,
    title: &str,
    exam: &Exam,
    sections: Vec<PlainSection<'_>>,
) -> Result<Vec<Document>, PublishError> {
    let facts = |line: Vec<(&'static str, String, u8)>| {
        line.into_iter().map(|(label, value, share)| Fact { label, value, share }).collect()
    };
    let sections = sections.into_iter().map(|section| Section {
        tab: section.tab,
        title: title.to_owned(),
        facts: section.facts.into_iter().map(facts).collect(),
        columns: section.columns,
        rows: section.rows,
        nothing: section.nothing,
        closing: Closing::Bare,
    });
    let paper = Paper {
        title: format!("{} {title}", exam.batch),
        institute: exam.institute.clone(),
        centre: exam.centre.clone(),
        signatures: Vec::new(),
        standing: Standing::Final,
        sections: sections.collect(),
        sealing: None,
    };
    Ok(vec![
        Document { file_name: format!("{name}.xlsx"), bytes: xlsx::workbook(&paper)? },
        Document { file_name: format!("{name}.pdf"), bytes: pdf::document(&paper, &mut &[][..])? },
    ])
}
