//! Results as files: values in, bytes out.
//!
//! [`papers`] makes the three papers of an exam, each as a workbook and as a document to print: the score
//! report (成绩单), the register of all candidates (鉴定名册) and the register of those who passed (合格名册).
//! Every occupation and level has a section of its own: a worksheet, or pages that begin afresh. The same
//! input gives the same bytes. While [`Results::is_draft`] holds, every page and sheet says 草稿 and the last
//! one says why.
//!
//! [`exceptions_csv`] lists what waits for a person, and [`parse_decisions`] reads what the person wrote
//! into that list. [`item_report`] and [`alike_report`] show what the items measured, and which sheets are
//! too much alike. [`trace`] draws what was seen on a sheet's scan.

mod cells;
mod decisions;
mod error;
mod evidence;
mod exceptions;
mod items;
mod lookup;
mod masked;
mod openings;
mod paper;
mod pdf;
mod plain;
mod province;
mod roomcheck;
mod slip;
mod slips;
mod statistics;
mod tally;
mod trace;
mod xlsx;

pub use decisions::{
    DecisionColumn, DecisionProblem, DecisionRow, DecisionsError, RowProblem, parse_decisions,
};
pub use error::PublishError;
pub use evidence::{crop, place_around, place_of, whole};
pub use exceptions::{EXCEPTION_COLUMNS, ExceptionRow, exceptions_csv};
pub use items::{ItemReport, Seated, alike_report, item_report};
pub use lookup::{LookupOf, lookup_page};
pub use masked::{Mask, masked_name, public_list, public_masks};
pub use province::{ExportFormat, province_export};
pub use roomcheck::room_check;
pub use slip::{HeadSlip, RecheckItem, RecheckSlip, SlipSigner, head_slip, recheck_slip};
pub use slips::result_slips;
pub use statistics::statistics;
pub use trace::{Traced, trace, trace_place, trace_unread};

use crate::exam::Exam;
use crate::merge::Results;
use paper::{Paper, PaperKind};

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name without a folder: `成绩单.xlsx`.
    pub file_name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Something that a paper names beside its lines: 成绩复核 1 号, 考场 01.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// What it concerns, in a few words.
    pub matter: String,
    /// What there is to say.
    pub statement: String,
}

/// Which edition of the papers it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edition {
    /// 发布号 as printed: `第 2 号（更正第 1 号）`; empty for papers without a number.
    pub number: String,
    /// What was decided or corrected after the record was frozen.
    pub matters: Vec<Matter>,
}

/// 成绩单, 鉴定名册 and 合格名册, each as xlsx and then as pdf, in this order.
///
/// The edition's number stands in every heading. Its matters are what was decided or corrected after the record was frozen; the 成绩单 lists them in a section of their own,
/// behind the lines and before a draft's reasons.
///
/// Places for signatures and seals are left blank: a person signs by hand. The columns 评定成绩, 证书编号 and
/// 发证日期 of the 合格名册 are left blank for the centre to fill.
///
/// # Errors
///
/// [`PublishError`] if there is no candidate, or if something can't be printed: a character that the
/// font lacks, or a text that fits on no page.
pub fn papers(exam: &Exam, results: &Results, edition: &Edition) -> Result<Vec<Document>, PublishError> {
    if results.transcripts.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let mut documents = Vec::new();
    for kind in PaperKind::ALL {
        let paper = Paper::of(kind, exam, results, edition);
        let name = kind.name();
        documents.push(Document { file_name: format!("{name}.xlsx"), bytes: xlsx::workbook(&paper)? });
        documents.push(Document { file_name: format!("{name}.pdf"), bytes: pdf::document(&paper)? });
    }
    Ok(documents)
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
