//! Publishing: papers written, and what was signed issued.

use super::approval::{Now, differences, hash_of};
use super::{ProposalStatus, Session, SessionError, write_whole};
use crate::merge::Results;
use crate::publish::{self, Document, Edition, Stage};
use crate::sheet::Sha256;
use crate::store::{
    JournalEntry, Proposal, ProposalOutcome, ProposedIssue, Publication, Registered, Withdrawal,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The folder with the papers of a proposal, beside those in force.
const PROPOSED: &str = "待审";

/// The session's folder with the bytes of every paper that was issued, each under its hash.
pub(super) const KEPT: &str = "published";

/// Says in an earlier number's folder that it was corrected, or withdrawn.
const CORRECTED: &str = "已更正.txt";
const WITHDRAWN: &str = "已撤回.txt";

/// What `publish` came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// The results they show.
    pub results: Results,
    /// What they are.
    pub step: Published,
    /// An earlier proposal that somebody had signed and that no longer fits: its number, and what changed.
    pub outdated: Option<(u64, Vec<String>)>,
}

/// What papers that were written are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// 草稿: something is still open.
    Draft,
    /// 待审核: proposed under this number, and to be checked and approved.
    Proposed {
        /// The proposal.
        case: u64,
        /// The number it will have.
        number: u64,
    },
    /// Issued now, under this number.
    Issued(u64),
    /// Issued earlier, and written once more.
    Again(u64),
    /// Withdrawn now.
    Withdrawn(u64),
}

impl Session {
    /// Takes the next step of publishing, and writes papers (成绩单, 鉴定名册, 合格名册, each as xlsx and pdf) into `folder`; gives their
    /// paths and the results they show. While a room does not balance or an exception is open they are drafts (草稿). Else they are
    /// proposed (待审核, in a folder of their own) until they were checked ([`Session::check_proposal`]) and approved
    /// ([`Session::approve_proposal`]); then they are issued under their number. What has a number is never written over: it stands in
    /// a folder of its own beside the papers.
    ///
    /// # Errors
    ///
    /// As [`Session::merge`]; [`SessionError::RoadsDiffer`]; [`SessionError::Published`] if other results were published before:
    /// then it is a correction ([`Session::publish_correction`]); [`SessionError::Publish`]; [`SessionError::File`] if the folder can't
    /// be written.
    pub fn publish(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, Results), SessionError> {
        let written = self.publish_step(folder, None)?;
        Ok((written.files, written.results))
    }

    /// As [`Session::publish`], under a new number that corrects the one before it, and lists every line that changed.
    ///
    /// # Errors
    ///
    /// As [`Session::publish`]; [`SessionError::NoReason`].
    pub fn publish_correction(
        &mut self,
        folder: &Path,
        reason: &str,
    ) -> Result<(Vec<PathBuf>, Results), SessionError> {
        let written = self.publish_step(folder, Some(reason))?;
        Ok((written.files, written.results))
    }

    /// As [`Session::publish`], or with a reason as [`Session::publish_correction`]; says which step it was.
    ///
    /// # Errors
    ///
    /// As [`Session::publish_correction`].
    pub fn publish_step(&mut self, folder: &Path, correction: Option<&str>) -> Result<Written, SessionError> {
        if correction.is_some_and(|reason| reason.trim().is_empty()) {
            return Err(SessionError::NoReason);
        }
        let results = self.merge_twice()?;
        let open = self.proposal()?;
        let proposed = open.as_ref().and_then(|status| match &status.case.opened {
            Proposal::Issue(issue) => Some((status, issue.as_ref())),
            Proposal::Withdraw(_) => None,
        });
        match self.now_of(&results, correction, proposed.map(|(_, issue)| issue))? {
            Now::Draft(edition) => {
                let documents = publish::papers(&self.exam, &results, &edition)?;
                let (files, hashes) = write(folder, &documents)?;
                let detail = self.detail(true, &hashes)?;
                let at = self.now();
                self.store.note("publish", &detail, &at)?;
                Ok(Written { files, results, step: Published::Draft, outdated: None })
            }
            Now::Same(last) => {
                let documents = self.as_issued(&last, self.papers_of(&last, &results)?)?;
                let (files, hashes) = write(folder, &documents)?;
                write(&folder.join(folder_of(last.number)), &documents)?;
                let detail = self.detail(false, &hashes)?;
                let at = self.now();
                self.store.note("publish", &detail, &at)?;
                Ok(Written { files, results, step: Published::Again(last.number), outdated: None })
            }
            Now::New { issue, edition } => {
                let changed = proposed.map(|(status, earlier)| (status, differences(earlier, &issue)));
                let number = issue.publication.number;
                match changed {
                    Some((status, changed)) if changed.is_empty() => {
                        if status.approval.missing().is_none() {
                            return self.issue_now(folder, status, results, *edition);
                        }
                        let documents = publish::papers(&self.exam, &results, &edition)?;
                        let (files, _) = write(&folder.join(PROPOSED), &documents)?;
                        let step = Published::Proposed { case: status.case.number, number };
                        Ok(Written { files, results, step, outdated: None })
                    }
                    changed => {
                        let outdated = changed
                            .filter(|(status, _)| status.approval.checked.is_some())
                            .map(|(status, changed)| (status.case.number, changed));
                        self.propose_now(folder, *issue, &edition, results, outdated)
                    }
                }
            }
        }
    }

    fn propose_now(
        &mut self,
        folder: &Path,
        issue: ProposedIssue,
        edition: &Edition,
        results: Results,
        outdated: Option<(u64, Vec<String>)>,
    ) -> Result<Written, SessionError> {
        let number = issue.publication.number;
        let documents = publish::papers(&self.exam, &results, edition)?;
        let (files, hashes) = write(&folder.join(PROPOSED), &documents)?;
        let at = self.now();
        let case = self.store.propose(&Proposal::Issue(Box::new(issue)), &json!(hashes), &at)?;
        Ok(Written { files, results, step: Published::Proposed { case, number }, outdated })
    }

    /// Issues what was checked and approved, or carries out a withdrawal that was.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoProposal`], [`SessionError::ProposalStep`] before it was checked and approved,
    /// [`SessionError::ProposalStale`] if what it stands on has changed, and as [`Session::publish`].
    pub fn issue(&mut self, folder: &Path) -> Result<Written, SessionError> {
        let status = self.proposal()?.ok_or(SessionError::NoProposal)?;
        if let Some(missing) = status.approval.missing() {
            return Err(SessionError::ProposalStep { case: status.case.number, missing });
        }
        match (self.still_fits(&status.case)?, &status.case.opened) {
            (Some((results, edition)), Proposal::Issue(_)) => {
                self.issue_now(folder, &status, results, edition)
            }
            (None, Proposal::Issue(_)) => Err(SessionError::NoProposal),
            (_, Proposal::Withdraw(proposed)) => {
                let results = self.merge()?;
                let withdrawal = Withdrawal {
                    number: proposed.number,
                    reason: proposed.reason.clone(),
                    proposal: status.case.number,
                    revoked: proposed.revoked.clone(),
                };
                let at = self.now();
                self.store.record_withdrawal(&withdrawal, &at)?;
                let text = withdrawn_text(&withdrawal);
                let mut files = Vec::new();
                for place in [folder.to_owned(), folder.join(folder_of(withdrawal.number))] {
                    make(&place)?;
                    write_whole(&place.join(WITHDRAWN), text.as_bytes())?;
                    files.push(place.join(WITHDRAWN));
                }
                let step = Published::Withdrawn(withdrawal.number);
                Ok(Written { files, results, step, outdated: None })
            }
        }
    }

    fn issue_now(
        &mut self,
        folder: &Path,
        status: &ProposalStatus,
        results: Results,
        mut edition: Edition,
    ) -> Result<Written, SessionError> {
        let Proposal::Issue(issue) = &status.case.opened else { return Err(SessionError::NoProposal) };
        let publication = Publication { proposal: Some(status.case.number), ..issue.publication.clone() };
        edition.stage = Stage::Issued(seals(status.approval.approved.as_ref()));
        let mut documents = publish::papers(&self.exam, &results, &edition)?;
        documents.extend(self.verifier()?);
        // Everything is on the disk before the number is in the record.
        let kept = self.folder.join(KEPT);
        super::make_own(&kept)?;
        for document in &documents {
            write_whole(
                &kept.join(kept_name(&document.file_name, &Sha256::of(&document.bytes))),
                &document.bytes,
            )?;
        }
        let (files, hashes) = write(folder, &documents)?;
        write(&folder.join(folder_of(publication.number)), &documents)?;
        let detail = self.detail(false, &hashes)?;
        let at = self.now();
        self.store.record_publication(&publication, &detail, &at)?;
        if let Some(earlier) = publication.corrects {
            let earlier = folder.join(folder_of(earlier));
            make(&earlier)?;
            write_whole(&earlier.join(CORRECTED), corrected_text(&publication).as_bytes())?;
        }
        // What was proposed is issued, and what was withdrawn is no longer the last word.
        for document in &documents {
            remove(&folder.join(PROPOSED).join(&document.file_name))?;
        }
        remove(&folder.join(WITHDRAWN))?;
        let _ = std::fs::remove_dir(folder.join(PROPOSED));
        Ok(Written { files, results, step: Published::Issued(publication.number), outdated: None })
    }

    /// Proposes to withdraw a number that is in force (撤回); gives the proposal's number.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoReason`], [`SessionError::NotInForce`], or a failure of the record.
    pub fn propose_withdrawal(&mut self, number: u64, reason: &str) -> Result<u64, SessionError> {
        if reason.trim().is_empty() {
            return Err(SessionError::NoReason);
        }
        let withdrawal = self.withdrawal(number, reason)?;
        let at = self.now();
        Ok(self.store.propose(&Proposal::Withdraw(withdrawal), &json!({}), &at)?)
    }

    /// The papers as they were published last, made again with the results of now.
    pub(super) fn papers_now(&self) -> Result<Vec<Document>, SessionError> {
        let results = self.merge()?;
        match self.store.publications()?.last() {
            Some(last) if !results.is_draft() => self.papers_of(last, &results),
            _ => {
                let edition = Edition { matters: self.matters()?, ..Edition::default() };
                Ok(publish::papers(&self.exam, &results, &edition)?)
            }
        }
    }

    /// The papers of a number with these results, signed as they were.
    fn papers_of(&self, publication: &Publication, results: &Results) -> Result<Vec<Document>, SessionError> {
        let stage = match publication.proposal {
            None => Stage::Unsigned,
            Some(number) => {
                let case = self.store.proposals()?.into_iter().find(|case| case.number == number);
                let approved = case.and_then(|case| self.approval_of(&case).approved);
                Stage::Issued(seals(approved.as_ref()))
            }
        };
        let signed = stage != Stage::Unsigned;
        let edition = self.edition_of(publication, &self.store.publications()?, stage)?;
        let mut documents = publish::papers(&self.exam, results, &edition)?;
        if signed {
            documents.extend(self.verifier()?);
        }
        Ok(documents)
    }

    /// Papers of a number with the bytes that were issued, as far as they were kept: another version of the program may draw the
    /// same pages otherwise, and what was issued stays as it is.
    fn as_issued(
        &self,
        publication: &Publication,
        documents: Vec<Document>,
    ) -> Result<Vec<Document>, SessionError> {
        let mut journal = self.store.journal()?.into_iter();
        let issued = journal.rfind(|entry| number_of(entry) == Some(publication.number));
        let bytes = |name: &str| self.kept(name, &paper_hash(issued.as_ref()?, name)?);
        let issued = |made: Document| match bytes(&made.file_name) {
            Some(bytes) => Document { bytes, ..made },
            None => made,
        };
        Ok(documents.into_iter().map(issued).collect())
    }

    /// The bytes of a paper that was issued, if they were kept and are the same still.
    pub(super) fn kept(&self, name: &str, hash: &Sha256) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.folder.join(KEPT).join(kept_name(name, hash))).ok()?;
        (Sha256::of(&bytes) == *hash).then_some(bytes)
    }

    /// The page with which the codes of papers are checked.
    fn verifier(&self) -> Result<Option<Document>, SessionError> {
        let Some(manifest) = &self.manifest else { return Ok(None) };
        let people: Vec<_> = manifest
            .body()
            .supervisors
            .iter()
            .map(|p| (p.name().to_owned(), p.fingerprint().to_string(), *p.signing_key()))
            .collect();
        Ok(Some(publish::verifier_page(&self.exam_called()?, &people)))
    }

    /// What the journal says of papers.
    fn detail(
        &self,
        draft: bool,
        files: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Value, SessionError> {
        let cases = self.rechecks()?;
        let rechecks: Vec<_> =
            cases.iter().map(|s| json!({ "case": s.case.number, "state": s.state.word() })).collect();
        let late: Vec<_> = self
            .late_sheets()?
            .iter()
            .map(|s| json!({ "case": s.case.number, "state": s.state.word() }))
            .collect();
        let keys = self.keys_in_force()?;
        Ok(json!({ "draft": draft, "files": files, "rechecks": rechecks, "late": late, "keys": keys }))
    }

    /// Everything that was published, number by number.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn publications(&self) -> Result<Vec<Publication>, SessionError> {
        Ok(self.store.publications()?)
    }

    /// The register of certificates (证书登记), in the order of issue.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn certificates(&self) -> Result<Vec<Registered>, SessionError> {
        Ok(self.store.certificates()?)
    }

    /// Whether a publication is what was checked and approved; says what is wrong with it. One without a proposal was issued before
    /// there were proposals.
    pub(super) fn approval_fault(
        &self,
        publication: &Publication,
    ) -> Result<Option<&'static str>, SessionError> {
        let Some(number) = publication.proposal else { return Ok(None) };
        let cases = self.store.proposals()?;
        let Some(case) = cases.iter().find(|case| case.number == number) else {
            return Ok(Some("its proposal is not there"));
        };
        let Proposal::Issue(issue) = &case.opened else { return Ok(Some("its proposal is of a withdrawal")) };
        let approval = self.approval_of(case);
        let own = Publication { proposal: None, ..publication.clone() };
        let seals = seals(approval.approved.as_ref()).len();
        Ok(if hash_of(&own) != hash_of(&issue.publication) {
            Some("it is not what was proposed")
        } else if approval.missing().is_some() {
            Some("it was not checked and approved by two people of the manifest")
        } else if seals != issue.pages.len() {
            Some("its pages are not those that were signed")
        } else {
            None
        })
    }

    /// The text that stands in the folder of a number that is no longer in force: its file's name and what it says.
    pub(super) fn mark_of(&self, number: u64) -> Result<Option<(&'static str, String)>, SessionError> {
        if let Some(withdrawal) = self.store.withdrawals()?.iter().find(|w| w.number == number) {
            return Ok(Some((WITHDRAWN, withdrawn_text(withdrawal))));
        }
        let all = self.store.publications()?;
        let by = all.iter().find(|p| p.corrects == Some(number));
        Ok(by.map(|by| (CORRECTED, corrected_text(by))))
    }
}

/// The signatures under the pages.
fn seals(approved: Option<&crate::store::ProposalSignature>) -> Vec<[u8; 64]> {
    match approved.map(|signature| &signature.outcome) {
        Some(ProposalOutcome::Approved { seals }) => {
            seals.iter().map(crate::identity::Signature::to_bytes).collect()
        }
        _ => Vec::new(),
    }
}

fn corrected_text(by: &Publication) -> String {
    format!("本号已由第 {} 号更正。更正原因：{}\n", by.number, by.reason)
}

fn withdrawn_text(withdrawal: &Withdrawal) -> String {
    let revoked = match withdrawal.revoked.len() {
        0 => String::new(),
        n => format!("所发证书 {n} 份同时注销。\n"),
    };
    format!("第 {} 号发布已撤回，不再有效。撤回原因：{}\n{revoked}", withdrawal.number, withdrawal.reason)
}

/// The folder with the papers of one number.
pub(super) fn folder_of(number: u64) -> String {
    format!("第{number}号")
}

/// The number that an entry of the journal issued.
pub(super) fn number_of(entry: &JournalEntry) -> Option<u64> {
    entry.detail.get("number").filter(|_| entry.kind == "publish").and_then(Value::as_u64)
}

/// The hash of a paper in the journal's entry of its publication.
pub(super) fn paper_hash(entry: &JournalEntry, name: &str) -> Option<Sha256> {
    entry.detail.get("files")?.get(name)?.as_str()?.parse().ok()
}

/// The name under which a paper's bytes are kept.
pub(super) fn kept_name(file_name: &str, hash: &Sha256) -> String {
    let ending = Path::new(file_name).extension().and_then(|e| e.to_str()).unwrap_or("bin");
    format!("{hash}.{ending}")
}

fn make(folder: &Path) -> Result<(), SessionError> {
    std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))
}

fn remove(path: &Path) -> Result<(), SessionError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(SessionError::file("remove", path, e)),
        _ => Ok(()),
    }
}

/// Writes documents into a folder; gives their paths and hashes.
fn write(
    folder: &Path,
    documents: &[Document],
) -> Result<(Vec<PathBuf>, serde_json::Map<String, serde_json::Value>), SessionError> {
    make(folder)?;
    let mut paths = Vec::with_capacity(documents.len());
    let mut hashes = serde_json::Map::new();
    for document in documents {
        let path = folder.join(&document.file_name);
        write_whole(&path, &document.bytes)?;
        hashes.insert(document.file_name.clone(), json!(Sha256::of(&document.bytes).to_string()));
        paths.push(path);
    }
    Ok((paths, hashes))
}
