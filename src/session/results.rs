//! Merging and publishing.

use super::{LateState, LateStatus, RecheckStatus, Session, SessionError, write_whole};
use crate::merge::{MergeInput, PartResult, Results, TheoryResult, Transcript, Verdict, merge};
use crate::publish::{self, Document, Edition, Matter};
use crate::sheet::{PaperId, Points, TicketNumber};
use crate::store::{Publication, PublishedLine, SecondPart, SecondResult, StoreError};
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
        if self.open_in_view()?.is_none() {
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

    /// The papers as they were published last, made again: under its number if the results are still the same.
    pub(super) fn papers_now(&self) -> Result<Vec<Document>, SessionError> {
        let results = self.merge()?;
        let edition = if self.store.publications()?.is_empty() {
            Edition { number: String::new(), matters: self.matters()? }
        } else {
            self.edition(&results, Some(""))?.0
        };
        Ok(publish::papers(&self.exam, &results, &edition)?)
    }

    /// Which edition papers of these results are, and the publication that has to be recorded for it: none for a draft, or for what
    /// was published already.
    fn edition(
        &self,
        results: &Results,
        correction: Option<&str>,
    ) -> Result<(Edition, Option<Publication>), SessionError> {
        let matters = self.matters()?;
        if results.is_draft() {
            return Ok((Edition { number: String::new(), matters }, None));
        }
        let told = matters.iter().map(|m| (m.matter.clone(), m.statement.clone())).collect();
        let mut publication = Publication {
            number: 1,
            corrects: None,
            reason: String::new(),
            freeze: self.store.frozen()?.map(|freeze| freeze.hash),
            lines: results.transcripts.iter().map(line_of).collect(),
            matters: told,
        };
        let all = self.store.publications()?;
        let mut new = true;
        if let Some(last) = all.last() {
            let same = last.lines == publication.lines && last.matters == publication.matters;
            if same {
                publication = last.clone();
                new = false;
            } else {
                let reason = correction.map(str::trim).ok_or_else(|| SessionError::Published {
                    number: last.number,
                    changed: changes(last, &publication).len(),
                })?;
                publication.number = last.number + 1;
                publication.corrects = Some(last.number);
                reason.clone_into(&mut publication.reason);
            }
        }
        let mut number = format!("第 {} 号", publication.number);
        let mut listed = Vec::new();
        if let Some(earlier) = publication.corrects.and_then(|n| all.iter().find(|p| p.number == n)) {
            let changed = changes(earlier, &publication);
            number = format!("{number}（更正第 {} 号）", earlier.number);
            listed.push(Matter {
                matter: format!("更正第 {} 号发布", earlier.number),
                statement: format!("变动 {} 人。更正原因：{}", changed.len(), publication.reason),
            });
            listed.extend(changed);
        }
        listed.extend(matters);
        Ok((Edition { number, matters: listed }, new.then_some(publication)))
    }

    /// Writes the papers (成绩单, 鉴定名册, 合格名册) into `folder`, each as xlsx and pdf; gives their paths
    /// and the results they show. While a room does not balance or an exception is open they are drafts (草稿); else they have a
    /// number, and what has that number is never written over: it stands in a folder of its own beside the papers.
    ///
    /// # Errors
    ///
    /// As [`Session::merge`]; [`SessionError::RoadsDiffer`]; [`SessionError::Published`] if other results were published before:
    /// then it is a correction ([`Session::publish_correction`]); [`SessionError::Publish`]; [`SessionError::File`] if the folder can't
    /// be written.
    pub fn publish(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, Results), SessionError> {
        self.publish_as(folder, None)
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
        if reason.trim().is_empty() {
            return Err(SessionError::NoReason);
        }
        self.publish_as(folder, Some(reason))
    }

    fn publish_as(
        &mut self,
        folder: &Path,
        correction: Option<&str>,
    ) -> Result<(Vec<PathBuf>, Results), SessionError> {
        let results = self.merge()?;
        self.twice(&results)?;
        let (edition, publication) = self.edition(&results, correction)?;
        // All papers are made before the first is written.
        let documents = publish::papers(&self.exam, &results, &edition)?;
        let made = |folder: &Path| {
            std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))
        };
        made(folder)?;
        let mut paths = Vec::with_capacity(documents.len());
        let mut hashes = serde_json::Map::new();
        for document in &documents {
            let path = folder.join(&document.file_name);
            write_whole(&path, &document.bytes)?;
            let hash = crate::sheet::Sha256::of(&document.bytes).to_string();
            hashes.insert(document.file_name.clone(), json!(hash));
            paths.push(path);
        }
        if let Some(publication) = &publication {
            let own = folder.join(folder_of(publication.number));
            made(&own)?;
            for document in &documents {
                write_whole(&own.join(&document.file_name), &document.bytes)?;
            }
            if let Some(earlier) = publication.corrects {
                let earlier = folder.join(folder_of(earlier));
                made(&earlier)?;
                let text =
                    format!("本号已由第 {} 号更正。更正原因：{}\n", publication.number, publication.reason);
                write_whole(&earlier.join(CORRECTED), text.as_bytes())?;
            }
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
        match &publication {
            Some(publication) => self.store.record_publication(publication, &detail, &at)?,
            None => {
                self.store.note("publish", &detail, &at)?;
            }
        }
        Ok((paths, results))
    }

    /// Everything that was published, number by number.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn publications(&self) -> Result<Vec<Publication>, SessionError> {
        Ok(self.store.publications()?)
    }
}

/// The folder with the papers of one number.
pub(super) fn folder_of(number: u64) -> String {
    format!("第{number}号")
}

/// Says in an earlier number's folder that it was corrected.
const CORRECTED: &str = "已更正.txt";

/// A transcript as its papers say it.
pub(super) fn line_of(transcript: &Transcript) -> PublishedLine {
    let said = |part: PartResult| match part {
        PartResult::Scored(points) => points.to_string(),
        PartResult::Absent => "缺考".to_owned(),
        PartResult::Void => "成绩无效".to_owned(),
        PartResult::Pending => "未定".to_owned(),
    };
    let parts = [Some(transcript.theory), Some(transcript.practical), transcript.review];
    PublishedLine {
        ticket: transcript.candidate.ticket.to_string(),
        parts: parts.into_iter().flatten().map(said).collect(),
        grade: transcript.grade.clone(),
    }
}

/// Every line that a later publication says otherwise, with what both say.
fn changes(earlier: &Publication, later: &Publication) -> Vec<Matter> {
    let before: BTreeMap<&str, &PublishedLine> =
        earlier.lines.iter().map(|line| (line.ticket.as_str(), line)).collect();
    let names = ["理论成绩", "实操成绩", "综合评审"];
    let changed = |line: &PublishedLine| {
        let old = before.get(line.ticket.as_str())?;
        let parts = names.iter().zip(old.parts.iter().zip(&line.parts)).filter(|(_, (a, b))| a != b);
        let mut said: Vec<String> = parts.map(|(name, (a, b))| format!("{name} {a} → {b}")).collect();
        if old.grade != line.grade {
            said.push(format!("评定结果 {} → {}", old.grade, line.grade));
        }
        (!said.is_empty()).then(|| Matter {
            matter: "成绩变动".to_owned(),
            statement: format!("准考证号 {}：{}", line.ticket, said.join("，")),
        })
    };
    later.lines.iter().filter_map(changed).collect()
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
