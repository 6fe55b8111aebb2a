//! A printed page held against the exam's manifest and the record.

use super::{Session, SessionError};
use crate::identity::{Person, Purpose, Signature};
use crate::key::ExamManifest;
use crate::publish::{PageFacts, open_seal};
use crate::sheet::Sha256;
use crate::store::Proposal;

/// What the code of a page comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPage {
    /// What was signed: to be compared with the paper, cell by cell.
    pub facts: PageFacts,
    /// The supervisor who signed it; `None` if none of the manifest's did: then nothing of it may be believed.
    pub signer: Option<Person>,
    /// Whether it is of the manifest's exam.
    pub is_exam: bool,
    /// SHA-256 of what was signed.
    pub hash: Sha256,
}

impl CheckedPage {
    /// Whether a supervisor of this exam signed the page.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.signer.is_some() && self.is_exam
    }
}

/// How a number stands in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberState {
    /// In force (有效).
    InForce,
    /// Corrected by this number (已更正).
    Corrected(u64),
    /// Withdrawn (已撤回), and why.
    Withdrawn(String),
    /// No such number was issued.
    Unknown,
}

/// Holds the code of a printed page against the supervisors of an exam's manifest.
///
/// # Errors
///
/// [`SessionError::Seal`] for a text that is no code of a page.
pub fn check_page(manifest: &ExamManifest, code: &str) -> Result<CheckedPage, SessionError> {
    let (signature, packed, facts) = open_seal(code)?;
    let signature = Signature::from_bytes(&signature);
    let body = manifest.body();
    let made = |person: &&Person| person.verify(Purpose::Publication, &packed, &signature).is_ok();
    let is_exam = facts.exam == format!("{} {}", body.batch, manifest.exam().short());
    let signer = body.supervisors.iter().find(made).cloned();
    Ok(CheckedPage { facts, signer, is_exam, hash: Sha256::of(&packed) })
}

impl Session {
    /// How a number stands.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn number_state(&self, number: u64) -> Result<NumberState, SessionError> {
        let all = self.store.publications()?;
        if all.iter().all(|p| p.number != number) {
            return Ok(NumberState::Unknown);
        }
        if let Some(withdrawal) = self.store.withdrawals()?.into_iter().find(|w| w.number == number) {
            return Ok(NumberState::Withdrawn(withdrawal.reason));
        }
        let by = all.iter().find(|p| p.corrects == Some(number)).map(|p| p.number);
        Ok(by.map_or(NumberState::InForce, NumberState::Corrected))
    }

    /// Whether the page is one that was issued under its number.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn is_issued(&self, page: &CheckedPage) -> Result<bool, SessionError> {
        let number = page.facts.publication;
        let case = self.store.publications()?.into_iter().find(|p| p.number == number);
        let Some(case) = case.and_then(|p| p.proposal) else { return Ok(false) };
        let cases = self.store.proposals()?;
        let issue = cases.iter().find(|c| c.number == case).map(|c| &c.opened);
        Ok(matches!(issue, Some(Proposal::Issue(issue)) if issue.pages.contains(&page.hash)))
    }
}
