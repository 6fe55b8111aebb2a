//! Merging and publishing.

use super::{LateState, LateStatus, RecheckStatus, Session, SessionError, write_whole};
use crate::merge::{MergeInput, PartResult, Results, TheoryResult, Transcript, Verdict, merge};
use crate::publish::{self, Document, Matter};
use crate::sheet::{PaperId, Points, TicketNumber};
use crate::store::{SecondPart, SecondResult, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Session {
    /// Everybody's transcript, and what does not balance.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], scores that contradict roster or exam, or a failure of the record.
    pub fn merge(&self) -> Result<Results, SessionError> {
        let roster = self.roster()?;
        let standings = self.standings()?;
        let theory: BTreeMap<TicketNumber, TheoryResult> = self
            .store
            .scores()?
            .into_iter()
            .map(|s| (s.ticket, TheoryResult { score: s.score, sheet: s.sheet }))
            .collect();
        let mut ungraded = standings.cards();
        ungraded.retain(|ticket, _| !theory.contains_key(ticket));
        Ok(merge(MergeInput {
            exam: &self.exam,
            roster: &roster,
            rooms: &standings.rooms,
            theory: &theory,
            ungraded: &ungraded,
            practical: &self.store.practical()?,
            review: &BTreeMap::new(),
            open_exceptions: u32::try_from(standings.findings.open.len()).unwrap_or(u32::MAX),
        })?)
    }

    /// Refuses results that the second road ([`Store::second_road`](crate::store::Store::second_road)) does not come to as well.
    fn twice(&self, results: &Results) -> Result<(), SessionError> {
        // The second road asks the view for answers on absent candidates' cards.
        if self.view()?.is_none() {
            return Err(StoreError::Locked { path: self.store.path().to_owned() }.into());
        }
        let second = self.store.second_road()?;
        let found = differences(&results.transcripts, &second);
        if found.is_empty() { Ok(()) } else { Err(SessionError::RoadsDiffer { differences: found }) }
    }

    /// What was decided or corrected after the freeze, or is still to be decided: corrected keys, late cards, re-checks. Every
    /// publication lists it.
    pub(super) fn matters(&self) -> Result<Vec<Matter>, SessionError> {
        let mut out = Vec::new();
        for entry in self.store.journal()?.into_iter().filter(|entry| entry.kind == "regrade") {
            let corrected = entry.detail.get("corrected").and_then(Value::as_array);
            for key in corrected.into_iter().flatten() {
                let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
                let number = |name: &str| key.get(name).and_then(Value::as_u64).unwrap_or_default();
                let title =
                    text("paper").parse().ok().and_then(|paper: PaperId| self.exam.papers.get(&paper));
                let title = title.map_or_else(|| text("paper"), |paper| paper.title.as_str());
                out.push(Matter {
                    matter: "更正标准答案".into(),
                    statement: format!(
                        "{title} {} 卷：第 {} 版更正为第 {} 版，成绩有变动者 {} 人。更正原因：{}",
                        text("form"),
                        number("from"),
                        number("to"),
                        number("changed"),
                        text("reason")
                    ),
                });
            }
        }
        for LateStatus { case, state, ticket, .. } in self.late_sheets()? {
            let whose =
                ticket.map_or_else(|| "准考证号待定".to_owned(), |ticket| format!("准考证号 {ticket}"));
            let decided = match state {
                LateState::Open | LateState::SignedByOne => "尚待两人裁定，未计入",
                LateState::Refused => "经两人签署，不予计入",
                LateState::AwaitingGrading => "经两人签署计入，待计分",
                LateState::Graded => "经两人签署计入，已计分",
            };
            out.push(Matter {
                matter: format!("迟到答题卡 {} 号", case.number),
                statement: format!("{whose}：{decided}。缘由：{}", case.opened.reason),
            });
        }
        for RecheckStatus { case, state } in self.rechecks()? {
            out.push(Matter {
                matter: format!("成绩复核 {} 号", case.number),
                statement: format!(
                    "准考证号 {}：{}。复核理由：{}",
                    case.opened.ticket,
                    state.title(),
                    case.opened.reason
                ),
            });
        }
        Ok(out)
    }

    /// The papers as they would be published now.
    pub(super) fn papers_now(&self) -> Result<Vec<Document>, SessionError> {
        Ok(publish::papers(&self.exam, &self.merge()?, &self.matters()?)?)
    }

    /// Writes the papers (成绩单, 鉴定名册, 合格名册) into `folder`, each as xlsx and pdf; gives their paths
    /// and the results they show. While a room does not balance or an exception is open they are drafts (草稿).
    ///
    /// # Errors
    ///
    /// As [`Session::merge`]; [`SessionError::RoadsDiffer`]; [`SessionError::Publish`]; [`SessionError::File`] if the folder can't be written.
    pub fn publish(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, Results), SessionError> {
        let results = self.merge()?;
        self.twice(&results)?;
        // All papers are made before the first is written.
        let documents = publish::papers(&self.exam, &results, &self.matters()?)?;
        std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))?;
        let mut paths = Vec::with_capacity(documents.len());
        let mut hashes = serde_json::Map::new();
        for document in documents {
            let path = folder.join(&document.file_name);
            write_whole(&path, &document.bytes)?;
            let hash = crate::sheet::Sha256::of(&document.bytes).to_string();
            hashes.insert(document.file_name.clone(), json!(hash));
            paths.push(path);
        }
        let cases = self.rechecks()?;
        let rechecks: Vec<_> =
            cases.iter().map(|s| json!({ "case": s.case.number, "state": s.state.word() })).collect();
        let late: Vec<_> = self
            .late_sheets()?
            .iter()
            .map(|s| json!({ "case": s.case.number, "state": s.state.word() }))
            .collect();
        let mut keys: BTreeMap<(String, String), u16> = BTreeMap::new();
        for grading in self.store.gradings()? {
            let revision = keys.entry((grading.paper.to_string(), grading.form.to_string())).or_default();
            *revision = grading.key_revision.max(*revision);
        }
        let keys: Vec<_> = keys
            .into_iter()
            .map(|((paper, form), revision)| json!({ "paper": paper, "form": form, "revision": revision }))
            .collect();
        let detail = json!({
            "draft": results.is_draft(), "files": hashes, "rechecks": rechecks, "late": late, "keys": keys,
        });
        let at = self.now();
        self.store.note("publish", &detail, &at)?;
        Ok((paths, results))
    }
}

/// Where two roads to the results differ: whose, and what each of them says.
fn differences(first: &[Transcript], second: &[SecondResult]) -> Vec<String> {
    let mut others: BTreeMap<&str, &SecondResult> = second.iter().map(|r| (r.ticket.as_str(), r)).collect();
    let mut out = Vec::new();
    let said = |result: &SecondResult| {
        let part = |part: &SecondPart| match part.hundredths {
            Some(hundredths) => Points::from_hundredths(hundredths).to_string(),
            None => part.state.clone(),
        };
        let review = result.review.as_ref().map_or_else(String::new, |review| format!(", 综合评审 {review}"));
        format!(
            "理论 {}, 实操 {}{review}, {} {}",
            part(&result.theory),
            part(&result.practical),
            result.verdict,
            result.grade
        )
    };
    for transcript in first {
        let ticket = &transcript.candidate.ticket;
        let mine = as_second(transcript);
        match others.remove(ticket.as_str()) {
            Some(other) if *other == mine => {}
            Some(other) => out.push(format!("{ticket}: {} and {}", said(&mine), said(other))),
            None => out.push(format!("{ticket}: {} and nothing", said(&mine))),
        }
    }
    out.extend(others.values().map(|other| format!("{}: nothing and {}", other.ticket, said(other))));
    out
}

/// A transcript as the second road would say it.
fn as_second(transcript: &Transcript) -> SecondResult {
    let part = |result: PartResult| {
        let (state, points) = match result {
            PartResult::Scored(points) => ("scored", Some(points)),
            PartResult::Absent => ("absent", None),
            PartResult::Void => ("void", None),
            PartResult::Pending => ("pending", None),
        };
        SecondPart { state: state.to_owned(), hundredths: points.map(Points::hundredths) }
    };
    let verdict = match transcript.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Pending => "pending",
    };
    SecondResult {
        ticket: transcript.candidate.ticket.to_string(),
        theory: part(transcript.theory),
        practical: part(transcript.practical),
        review: transcript.review.map(|review| part(review).state),
        verdict: verdict.to_owned(),
        grade: transcript.grade.clone(),
    }
}

#[cfg(test)]
mod tests;
