//! Merging: everybody's result, by two roads, and what is listed beside it.

use super::{LateState, LateStatus, RecheckStatus, Session, SessionError};
use crate::merge::{MergeInput, PartResult, Results, TheoryResult, Transcript, Verdict, merge};
use crate::publish::Matter;
use crate::sheet::{PaperId, Points, TicketNumber};
use crate::store::{Publication, PublishedLine, SecondPart, SecondResult, StoreError};
use serde_json::Value;
use std::collections::BTreeMap;

impl Session {
    /// Everybody's transcript, and what does not balance.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], scores that contradict roster or exam, or a failure of the record.
    pub fn merge(&self) -> Result<Results, SessionError> {
        // What decides which card counts is half of what there is to hold, and is let go before people are joined.
        let (roster, rooms, rulings, mut ungraded, open) = {
            let standings = self.standings_short()?;
            let (cards, open) = (standings.cards(), standings.findings.open.len());
            (standings.roster, standings.rooms, standings.rulings, cards, open)
        };
        if roster.candidates.is_empty() && self.store.roster()?.is_none() {
            return Err(SessionError::NoRoster);
        }
        let theory: BTreeMap<TicketNumber, TheoryResult> = self
            .store
            .scores()?
            .into_iter()
            .map(|s| (s.ticket, TheoryResult { score: s.score, sheet: s.sheet }))
            .collect();
        ungraded.retain(|ticket, _| !theory.contains_key(ticket));
        let assessed = self.part_results(&roster)?;
        Ok(merge(MergeInput {
            exam: &self.exam,
            roster: &roster,
            rooms: &rooms,
            theory: &theory,
            ungraded: &ungraded,
            practical: &assessed.practical,
            review: &assessed.review,
            rulings: &rulings,
            vetoed: &assessed.vetoed,
            held: &assessed.held,
            open_exceptions: u32::try_from(open).unwrap_or(u32::MAX),
        })?)
    }

    /// Refuses results that the second road ([`Store::second_road`](crate::store::Store::second_road)) does not come to as well.
    pub(super) fn twice(&self, results: &Results) -> Result<(), SessionError> {
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
        out.extend(self.decisions_of_assessors()?);
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
}

/// A transcript as its papers say it.
pub(super) fn line_of(transcript: &Transcript) -> PublishedLine {
    let said = |part: PartResult| match part {
        PartResult::Scored(points) => points.to_string(),
        PartResult::Absent => "缺考".to_owned(),
        PartResult::Void => "成绩无效".to_owned(),
        PartResult::Pending => "未定".to_owned(),
        PartResult::Carried(Some(points)) => format!("{points}（保留）"),
        PartResult::Carried(None) => "合格（保留）".to_owned(),
        PartResult::NotExamined => "—".to_owned(),
    };
    let parts = [Some(transcript.theory), Some(transcript.practical), transcript.review];
    PublishedLine {
        ticket: transcript.candidate.ticket.to_string(),
        parts: parts.into_iter().flatten().map(said).collect(),
        grade: transcript.grade.clone(),
    }
}

/// Every line that a later publication says otherwise, with what both say.
pub(super) fn changes(earlier: &Publication, later: &Publication) -> Vec<Matter> {
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
            Some(hundredths) if part.state == "scored" => Points::from_hundredths(hundredths).to_string(),
            Some(hundredths) => format!("{} {}", part.state, Points::from_hundredths(hundredths)),
            None => part.state.clone(),
        };
        let review =
            result.review.as_ref().map_or_else(String::new, |review| format!(", 综合评审 {}", part(review)));
        let total = result
            .total
            .map_or_else(String::new, |total| format!(", 总成绩 {}", Points::from_hundredths(total)));
        format!(
            "理论 {}, 实操 {}{review}{total}, {} {}",
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
            PartResult::Carried(score) => ("carried", score),
            PartResult::NotExamined => ("not-examined", None),
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
        review: transcript.review.map(part),
        total: transcript.total.map(Points::hundredths),
        verdict: verdict.to_owned(),
        grade: transcript.grade.clone(),
    }
}

#[cfg(test)]
mod tests;
