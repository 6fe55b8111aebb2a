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
mod register;
mod roomcheck;
mod seal;
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
pub use province::{ExportFormat, province_export, uncoded};
pub use register::destruction_register;
pub use roomcheck::room_check;
pub use seal::{PageFacts, SEAL_MARK, SEAL_SIGNATURE, SealError, open_seal, seal_code};
pub use slip::{HeadSlip, RecheckItem, RecheckSlip, SlipSigner, head_slip, recheck_slip};
pub use slips::result_slips;
pub use statistics::statistics;
pub use trace::{Traced, trace, trace_place, trace_unread};

use crate::exam::Exam;
use crate::merge::Results;
use crate::sheet::TicketNumber;
use paper::{Paper, PaperKind};
use std::collections::BTreeMap;

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
    /// How far it is on its way to being issued.
    pub stage: Stage,
    /// What signatures call the exam, and the number alone: both stand in the code of every page.
    pub exam: String,
    /// The publication's number.
    pub publication: u64,
    /// The certificates of those who passed.
    pub certificates: BTreeMap<TicketNumber, PrintedCertificate>,
}

/// How far an edition is on its way to being issued.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    /// A draft, or papers of an exam that nobody signs: pages have no code and no place for one.
    #[default]
    Unsigned,
    /// 待审核: nobody, or not everybody, has signed yet. Every page says so, and has an empty place for its code.
    Proposed,
    /// Signed: every page has its code. The signatures are in the order of [`pages`].
    Issued(Vec<[u8; SEAL_SIGNATURE]>),
}

/// A certificate as the 合格名册 prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedCertificate {
    /// 证书编号.
    pub number: String,
    /// 发证日期.
    pub issued: String,
}

/// 成绩单, 鉴定名册 and 合格名册, each as xlsx and then as pdf, in this order.
///
/// The edition's number stands in every heading. Its matters are what was decided or corrected after the record was frozen; the 成绩单 lists them in a section of their own,
/// behind the lines and before a draft's reasons.
///
/// Places for signatures and seals are left blank: a person signs by hand. The columns 评定成绩, 证书编号 and
/// 发证日期 of the 合格名册 say what the edition's certificates say, and are left blank for the centre to fill where there are none.
/// Every printed page of a signed edition has a QR code with its facts and a signature ([`seal_code`]).
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
    let mut signatures: &[[u8; SEAL_SIGNATURE]] = match &edition.stage {
        Stage::Issued(signatures) => signatures,
        Stage::Unsigned | Stage::Proposed => &[],
    };
    for kind in PaperKind::ALL {
        let paper = Paper::of(kind, exam, results, edition);
        let name = kind.name();
        let (book, document) =
            rayon::join(|| xlsx::workbook(&paper), || pdf::document(&paper, &mut signatures));
        documents.push(Document { file_name: format!("{name}.xlsx"), bytes: book? });
        documents.push(Document { file_name: format!("{name}.pdf"), bytes: document? });
    }
    Ok(documents)
}

/// What `of` makes of every page of the printed papers, paper by paper: it is given what stands on the page, as its code says it. Whether
/// a page says that it is proposed changes nothing of it.
///
/// # Errors
///
/// As [`papers`].
pub fn pages<T: Send>(
    exam: &Exam,
    results: &Results,
    edition: &Edition,
    of: impl Fn(&PageFacts) -> T + Sync,
) -> Result<Vec<T>, PublishError> {
    if results.transcripts.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let mut out = Vec::new();
    for kind in PaperKind::ALL {
        out.extend(pdf::page_facts(&Paper::of(kind, exam, results, edition), &of)?);
    }
    Ok(out)
}

/// Bytes as a page's script reads them: two lower-case digits each.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The page with which the codes of papers are checked: one file that works without a network, for people of whom each is a name, a
/// fingerprint and an Ed25519 key.
#[must_use]
pub fn verifier_page(exam: &str, people: &[(String, String, [u8; 32])]) -> Document {
    let people: Vec<_> = people
        .iter()
        .map(|(name, print, key)| serde_json::json!({ "name": name, "fingerprint": print, "key": hex(key) }))
        .collect();
    // Within a script `</` would end it.
    let facts = serde_json::json!({ "exam": exam, "people": people }).to_string().replace('<', "\\u003c");
    let page = include_str!("verifier.html").replace("/*FACTS*/null", &facts);
    Document { file_name: "verify.html".to_owned(), bytes: page.into_bytes() }
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
