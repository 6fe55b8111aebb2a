//! The road of a publication: proposed, checked by one person (复核), approved by a supervisor (批准), and only then issued.

use super::certificates::allot;
use super::results::{changes, line_of};
use super::{Session, SessionError};
use crate::identity::{Identity, Person, Purpose};
use crate::merge::{Results, Verdict};
use crate::publish::{self, Edition, Matter, PageFacts, PrintedCertificate, Stage};
use crate::sheet::Sha256;
use crate::store::{
    CaseFile as _, KeyInForce, Proposal, ProposalCase, ProposalOutcome, ProposalSignature, ProposedIssue,
    ProposedWithdrawal, Publication,
};
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the way of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalStep {
    /// Nobody has checked it.
    Check,
    /// No supervisor has approved it.
    Approval,
    /// It has both.
    NothingMore,
    /// It was checked; an approval is next.
    CheckedAlready,
}

/// Who checked and who approved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Approval {
    /// The check.
    pub checked: Option<ProposalSignature>,
    /// The approval.
    pub approved: Option<ProposalSignature>,
}

impl Approval {
    /// The next step, if there is one.
    #[must_use]
    pub fn missing(&self) -> Option<ProposalStep> {
        match (&self.checked, &self.approved) {
            (None, _) => Some(ProposalStep::Check),
            (Some(_), None) => Some(ProposalStep::Approval),
            (Some(_), Some(_)) => None,
        }
    }
}

/// What is on its way to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalStatus {
    /// The proposal.
    pub case: ProposalCase,
    /// Who signed it.
    pub approval: Approval,
}

/// What would be published now.
pub(super) enum Now {
    /// Nothing yet: the results are drafts.
    Draft(Edition),
    /// What was published last, once more.
    Same(Box<Publication>),
    /// Other results than the last number's, or the first ones.
    New {
        /// With everything it stands on.
        issue: Box<ProposedIssue>,
        /// As its papers say it, not signed.
        edition: Box<Edition>,
    },
}

impl Session {
    /// The proposal that is on its way, with who signed it; none if the last one was issued.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn proposal(&self) -> Result<Option<ProposalStatus>, SessionError> {
        let Some(case) = self.store.proposals()?.pop() else { return Ok(None) };
        let issued = self.store.publications()?.iter().any(|p| p.proposal == Some(case.number))
            || self.store.withdrawals()?.iter().any(|w| w.proposal == case.number);
        let approval = self.approval_of(&case);
        Ok((!issued).then_some(ProposalStatus { case, approval }))
    }

    /// The signatures that count: a check by a reviewer or supervisor of the manifest, and behind it the approval of a supervisor who is
    /// another person with another key.
    pub(super) fn approval_of(&self, case: &ProposalCase) -> Approval {
        let mut out = Approval::default();
        let Some(manifest) = &self.manifest else { return out };
        let what = Proposal::KIND.name;
        for (signature, _) in case.signatures.iter().filter(|(signature, _)| case.holds(signature)) {
            let person = &signature.person;
            match (&signature.outcome, &out.checked) {
                (ProposalOutcome::Checked, None) if manifest.reviewer(person, what).is_ok() => {
                    out.checked = Some(signature.clone());
                }
                (ProposalOutcome::Approved { .. }, Some(checked))
                    if out.approved.is_none()
                        && manifest.supervisor(person, what).is_ok()
                        && !is_one(&checked.person, person) =>
                {
                    out.approved = Some(signature.clone());
                }
                _ => {}
            }
        }
        out
    }

    /// Signs that the proposal on its way was looked through and found right (复核).
    ///
    /// # Errors
    ///
    /// [`SessionError::NoProposal`], [`SessionError::ProposalStep`] if it was checked before, [`SessionError::ProposalStale`] if what it
    /// stands on has changed, [`SessionError::NoManifest`], [`SessionError::Custody`] for who is neither reviewer nor supervisor in the
    /// exam's manifest, or a failure of the record.
    pub fn check_proposal(
        &mut self,
        identity: &Identity,
        note: &str,
    ) -> Result<ProposalStatus, SessionError> {
        let ProposalStatus { case, approval } = self.proposal()?.ok_or(SessionError::NoProposal)?;
        let missing = match approval.missing() {
            Some(ProposalStep::Check) => None,
            Some(_) => Some(ProposalStep::CheckedAlready),
            None => Some(ProposalStep::NothingMore),
        };
        if let Some(missing) = missing {
            return Err(SessionError::ProposalStep { case: case.number, missing });
        }
        let manifest = self.manifest.as_ref().ok_or(SessionError::NoManifest)?;
        manifest
            .reviewer(identity.person(), Proposal::KIND.name)
            .map_err(|source| SessionError::Custody { path: None, source })?;
        self.still_fits(&case)?;
        let note = if note.trim().is_empty() { "已复核，无误" } else { note.trim() };
        self.sign_proposal(&case, identity, ProposalOutcome::Checked, note)
    }

    /// Signs that the proposal on its way is to be issued (批准), and every page of its papers.
    ///
    /// # Errors
    ///
    /// As [`Session::check_proposal`]; [`SessionError::ProposalStep`] before it was checked, [`SessionError::Custody`] for who is no
    /// supervisor, [`SessionError::SamePerson`] for who checked it.
    pub fn approve_proposal(
        &mut self,
        identity: &Identity,
        note: &str,
    ) -> Result<ProposalStatus, SessionError> {
        let ProposalStatus { case, approval } = self.proposal()?.ok_or(SessionError::NoProposal)?;
        let step = |missing| SessionError::ProposalStep { case: case.number, missing };
        let checked = match (approval.checked, approval.approved) {
            (_, Some(_)) => return Err(step(ProposalStep::NothingMore)),
            (None, None) => return Err(step(ProposalStep::Check)),
            (Some(checked), None) => checked,
        };
        let what = Proposal::KIND.name;
        let person = identity.person();
        let manifest = self.manifest.as_ref().ok_or(SessionError::NoManifest)?;
        manifest.supervisor(person, what).map_err(|source| SessionError::Custody { path: None, source })?;
        if is_one(&checked.person, person) {
            let (name, same_key) = (person.name().to_owned(), checked.person.is_same(person));
            return Err(SessionError::SamePerson { what, case: case.number, name, same_key });
        }
        let seals = match self.still_fits(&case)? {
            Some((results, edition)) => publish::pages(&self.exam, &results, &edition, |page| {
                identity.sign(Purpose::Publication, &page.packed())
            })?,
            None => Vec::new(),
        };
        let note = if note.trim().is_empty() { "同意" } else { note.trim() };
        self.sign_proposal(&case, identity, ProposalOutcome::Approved { seals }, note)
    }

    fn sign_proposal(
        &mut self,
        case: &ProposalCase,
        identity: &Identity,
        outcome: ProposalOutcome,
        why: &str,
    ) -> Result<ProposalStatus, SessionError> {
        let at = self.now();
        let bytes = ProposalSignature::bytes(&Proposal::KIND, (case.number, &case.hash), &outcome, why, &at);
        let signature = ProposalSignature {
            case: case.number,
            case_hash: case.hash,
            outcome,
            why: why.to_owned(),
            at: at.clone(),
            person: identity.person().clone(),
            signature: identity.sign(Purpose::Case, &bytes),
        };
        self.store.sign_proposal(&signature, &at)?;
        self.proposal()?.ok_or(SessionError::NoProposal)
    }

    /// Refuses a proposal that no longer is what would be proposed now; gives what its papers are made of, if it has some.
    pub(super) fn still_fits(&self, case: &ProposalCase) -> Result<Option<(Results, Edition)>, SessionError> {
        let stale = |changed| SessionError::ProposalStale { case: case.number, changed };
        match &case.opened {
            Proposal::Withdraw(withdrawal) => {
                let now = self.withdrawal(withdrawal.number, &withdrawal.reason)?;
                let same = now.publication == withdrawal.publication && now.revoked == withdrawal.revoked;
                if same { Ok(None) } else { Err(stale(vec!["the publication's certificates".into()])) }
            }
            Proposal::Issue(proposed) => {
                let results = self.merge_twice()?;
                match self.now_of(&results, None, Some(proposed))? {
                    Now::Draft(_) => Err(stale(vec!["the results are no longer final".into()])),
                    Now::Same(last) => {
                        Err(stale(vec![format!("the results are those of number {} again", last.number)]))
                    }
                    Now::New { issue, edition } => {
                        let changed = differences(proposed, &issue);
                        if !changed.is_empty() {
                            return Err(stale(changed));
                        }
                        Ok(Some((results, *edition)))
                    }
                }
            }
        }
    }

    /// What would be published now. `correction` is why, if it corrects an earlier number; what is on its way lends its reason and its
    /// date of issue.
    pub(super) fn now_of(
        &self,
        results: &Results,
        correction: Option<&str>,
        earlier: Option<&ProposedIssue>,
    ) -> Result<Now, SessionError> {
        let matters = self.matters()?;
        if results.is_draft() {
            return Ok(Now::Draft(Edition { matters, ..Edition::default() }));
        }
        let all = self.store.publications()?;
        let withdrawn: BTreeSet<u64> = self.store.withdrawals()?.into_iter().map(|w| w.number).collect();
        let mut publication = Publication {
            number: all.last().map_or(1, |last| last.number + 1),
            corrects: all.last().map(|last| last.number),
            reason: String::new(),
            freeze: self.store.frozen()?.map(|freeze| freeze.hash),
            lines: results.transcripts.iter().map(|t| line_of(&t)).collect(),
            matters: matters.into_iter().map(|m| (m.matter, m.statement)).collect(),
            proposal: None,
            issued: String::new(),
            certificates: Vec::new(),
            revoked: Vec::new(),
        };
        let earlier = earlier.map(|e| &e.publication).filter(|e| e.number == publication.number);
        if let Some(last) = all.last() {
            let same = last.lines == publication.lines && last.matters == publication.matters;
            if same && !withdrawn.contains(&last.number) && self.prints_as_signed(last, results)? {
                return Ok(Now::Same(Box::new(last.clone())));
            }
            let reason = correction.map(str::trim).or(earlier.map(|e| e.reason.as_str()));
            let changed = || changes(last, &publication).len();
            let reason =
                reason.ok_or_else(|| SessionError::Published { number: last.number, changed: changed() })?;
            reason.clone_into(&mut publication.reason);
        }
        if let Some(scheme) = &self.exam.certificates {
            let fixed = scheme.issued.clone();
            let kept = earlier.map(|e| e.issued.clone()).filter(|date| !date.is_empty());
            let today = self.now().get(..10).unwrap_or_default().to_owned();
            publication.issued = fixed.or(kept).unwrap_or(today);
            let passed = results.transcripts.iter().filter(|t| t.verdict == Verdict::Passed);
            let passed: Vec<_> = passed.map(|t| (t.candidate.ticket, t.candidate.level)).collect();
            let passed = passed.iter().map(|(ticket, level)| (ticket, *level));
            let register = self.store.certificates()?;
            let (certificates, revoked) = allot(scheme, &publication.issued, &register, passed)?;
            (publication.certificates, publication.revoked) = (certificates, revoked);
        }
        let edition = self.edition_of(&publication, &all, Stage::Proposed)?;
        let pages = publish::pages(&self.exam, results, &edition, page_hash)?;
        let head = self.store.act_head()?;
        let issue = ProposedIssue {
            publication,
            keys: self.keys_in_force()?,
            head: (head.sequence, head.hash),
            pages,
        };
        Ok(Now::New { issue: Box::new(issue), edition: Box::new(edition) })
    }

    /// Whether the papers of a number would say of these results what was signed page by page: a line says nothing of remarks.
    pub(super) fn prints_as_signed(
        &self,
        publication: &Publication,
        results: &Results,
    ) -> Result<bool, SessionError> {
        let Some(number) = publication.proposal else { return Ok(true) };
        let case = self.store.proposals()?.into_iter().find(|case| case.number == number);
        let Some(Proposal::Issue(signed)) = case.map(|case| case.opened) else { return Ok(true) };
        let edition = self.edition_of(publication, &self.store.publications()?, Stage::Proposed)?;
        Ok(publish::pages(&self.exam, results, &edition, page_hash)? == signed.pages)
    }

    /// A publication as its papers say it.
    pub(super) fn edition_of(
        &self,
        publication: &Publication,
        all: &[Publication],
        stage: Stage,
    ) -> Result<Edition, SessionError> {
        let mut number = format!("第 {} 号", publication.number);
        let mut matters = Vec::new();
        let earlier = publication.corrects.and_then(|number| all.iter().find(|p| p.number == number));
        if let Some(earlier) = earlier {
            let changed = changes(earlier, publication);
            number = format!("{number}（更正第 {} 号）", earlier.number);
            matters.push(Matter {
                matter: format!("更正第 {} 号发布", earlier.number),
                statement: format!("变动 {} 人。更正原因：{}", changed.len(), publication.reason),
            });
            matters.extend(changed);
        }
        let revoked = publication.revoked.iter().map(|certificate| Matter {
            matter: "证书注销".to_owned(),
            statement: format!("证书编号 {certificate}：本人不再合格，证书注销"),
        });
        matters.extend(revoked);
        matters.extend(
            publication
                .matters
                .iter()
                .map(|(matter, statement)| Matter { matter: matter.clone(), statement: statement.clone() }),
        );
        let mut certificates = BTreeMap::new();
        for certificate in &publication.certificates {
            if let Ok(ticket) = certificate.ticket.parse() {
                let (number, issued) = (certificate.number.clone(), certificate.issued.clone());
                certificates.insert(ticket, PrintedCertificate { number, issued });
            }
        }
        let (exam, publication) = (self.exam_called()?, publication.number);
        Ok(Edition { number, matters, stage, exam, publication, certificates })
    }

    /// What a withdrawal of this number says.
    pub(super) fn withdrawal(&self, number: u64, reason: &str) -> Result<ProposedWithdrawal, SessionError> {
        let all = self.store.publications()?;
        let corrected = all.iter().find(|p| p.corrects == Some(number)).map(|p| p.number);
        let refused = SessionError::NotInForce { number, corrected };
        let withdrawn = self.store.withdrawals()?.iter().any(|w| w.number == number);
        let Some(publication) = all.iter().find(|p| p.number == number) else { return Err(refused) };
        if withdrawn || corrected.is_some() {
            return Err(refused);
        }
        let head = self.store.act_head()?;
        Ok(ProposedWithdrawal {
            number,
            reason: reason.trim().to_owned(),
            publication: hash_of(publication),
            revoked: publication.certificates.iter().map(|c| c.number.clone()).collect(),
            head: (head.sequence, head.hash),
        })
    }

    pub(super) fn keys_in_force(&self) -> Result<Vec<KeyInForce>, SessionError> {
        let mut keys: BTreeMap<(String, String), u16> = BTreeMap::new();
        for grading in self.store.gradings()? {
            let revision = keys.entry((grading.paper.to_string(), grading.form.to_string())).or_default();
            *revision = grading.key_revision.max(*revision);
        }
        Ok(keys.into_iter().map(|((paper, form), revision)| KeyInForce { paper, form, revision }).collect())
    }
}

/// Two signatures of one person: one key, or one name.
fn is_one(one: &Person, other: &Person) -> bool {
    one.is_same(other) || one.name() == other.name()
}

/// What is signed of a page, as a hash.
fn page_hash(page: &PageFacts) -> Sha256 {
    Sha256::of(&page.packed())
}

/// The hash of a publication as it is recorded.
pub(super) fn hash_of(publication: &Publication) -> Sha256 {
    // A struct of text and numbers is always JSON.
    Sha256::of(serde_json::to_string(publication).unwrap_or_default().as_bytes())
}

/// What of a proposal is no longer so.
pub(super) fn differences(proposed: &ProposedIssue, now: &ProposedIssue) -> Vec<String> {
    let mut out = Vec::new();
    let (before, after) = (&proposed.publication, &now.publication);
    if before.number != after.number || before.corrects != after.corrects {
        out.push(format!("the next number is {}, not {}", after.number, before.number));
    }
    if before.reason != after.reason {
        out.push("the reason".to_owned());
    }
    let lines = changes(before, after);
    out.extend(lines.into_iter().map(|change| format!("a result: {}", change.statement)));
    if out.is_empty() && before.lines != after.lines {
        out.push("who is listed".to_owned());
    }
    if before.freeze != after.freeze {
        out.push("the frozen record".to_owned());
    }
    for key in &now.keys {
        let same = |k: &&KeyInForce| k.paper == key.paper && k.form == key.form;
        let revision = proposed.keys.iter().find(same).map(|k| k.revision);
        if revision != Some(key.revision) {
            out.push(format!("the answer key {} {} is revision {} now", key.paper, key.form, key.revision));
        }
    }
    let sets: [BTreeSet<&(String, String)>; 2] = [before, after].map(|p| p.matters.iter().collect());
    let [old, new] = sets;
    let named: BTreeSet<&str> = old.symmetric_difference(&new).map(|(matter, _)| matter.as_str()).collect();
    out.extend(named.into_iter().map(str::to_owned));
    if before.certificates != after.certificates || before.revoked != after.revoked {
        out.push("the certificates' numbers".to_owned());
    }
    if out.is_empty() && proposed.pages != now.pages {
        out.push("the papers' pages (remarks, or another version of the program)".to_owned());
    }
    out
}
