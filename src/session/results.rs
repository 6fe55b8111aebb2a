//! What is listed beside results, and results as publications keep them.

use super::{LateState, LateStatus, RecheckStatus, Session, SessionError};
use crate::merge::{PartResult, Transcript};
use crate::publish::Matter;
use crate::sheet::PaperId;
use crate::store::{Publication, PublishedLine};
use serde_json::Value;
use std::collections::BTreeMap;

impl Session {
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
