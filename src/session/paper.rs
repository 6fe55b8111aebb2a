//! A printed page held against the exam's manifest and the record, and a paper's file against what was issued.

use super::publishing::{KEPT, folder_of, number_of};
use super::{Session, SessionError};
use crate::identity::{Person, Purpose, Signature};
use crate::key::ExamManifest;
use crate::publish::{PageFacts, open_seal};
use crate::sheet::Sha256;
use crate::store::{JournalEntry, Proposal};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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

    /// Which paper of which number a file is, byte for byte; `None` if no such file was issued.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn issued_file(&self, bytes: &[u8]) -> Result<Option<(String, u64)>, SessionError> {
        let hash = Sha256::of(bytes);
        let of = |(number, files): (u64, Files)| {
            let found = files.into_iter().find(|(_, hashes)| hashes.contains(&hash));
            found.map(|(name, _)| (name, number))
        };
        Ok(self.issued_files()?.into_iter().rev().find_map(of))
    }

    /// Files of papers in the session's folder that are not what was written, relative to it: those that were kept and those of a
    /// number; and apart from them those in `out/` itself, where a publication that was cut short leaves some that no entry names.
    pub(super) fn changed_papers(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>), SessionError> {
        let mut places: BTreeMap<PathBuf, BTreeSet<Sha256>> = BTreeMap::new();
        let out = Path::new("out");
        for (number, files) in self.issued_files()? {
            let files = files.into_iter();
            places.extend(files.map(|(name, hashes)| (out.join(folder_of(number)).join(name), hashes)));
        }
        for (name, hash) in self.store.journal()?.iter().flat_map(written) {
            places.entry(out.join(name)).or_default().insert(hash);
        }
        let kept = std::fs::read_dir(self.folder.join(KEPT));
        for file in kept.into_iter().flatten().filter_map(Result::ok) {
            let name = PathBuf::from(file.file_name());
            let hash = name.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            places.insert(Path::new(KEPT).join(&name), hash.into_iter().collect());
        }
        let changed = |(place, hashes): &(PathBuf, BTreeSet<Sha256>)| {
            std::fs::read(self.folder.join(place)).is_ok_and(|bytes| !hashes.contains(&Sha256::of(&bytes)))
        };
        let changed = places.into_iter().filter(changed).map(|(place, _)| place);
        Ok(changed.partition(|place| place.parent() != Some(out)))
    }

    /// Every file of every number. Another version of the program may have written a number again: then it has several.
    fn issued_files(&self) -> Result<BTreeMap<u64, Files>, SessionError> {
        let mut out: BTreeMap<u64, Files> = BTreeMap::new();
        let mut number = None;
        for entry in self.store.journal()?.iter().filter(|entry| entry.kind == "publish") {
            number = number_of(entry).or(number);
            let Some(number) = number else { continue };
            if entry.detail.get("draft").and_then(Value::as_bool) == Some(true) {
                continue;
            }
            for (name, hash) in written(entry) {
                out.entry(number).or_default().entry(name).or_default().insert(hash);
            }
        }
        Ok(out)
    }
}

/// Files by name, with the hashes that they may have.
type Files = BTreeMap<String, BTreeSet<Sha256>>;

/// Every file that an entry says was published: its name and its hash.
fn written(entry: &JournalEntry) -> impl Iterator<Item = (String, Sha256)> {
    let files = entry.detail.get("files").filter(|_| entry.kind == "publish").and_then(Value::as_object);
    files.into_iter().flatten().filter_map(|(name, hash)| Some((name.clone(), hash.as_str()?.parse().ok()?)))
}
