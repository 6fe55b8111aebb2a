//! Why a paper is a draft, in words.

use super::Matter;
use crate::merge::{ConflictKind, Part, PartResult, Results, RoomBalance, Transcript, Verdict};
use crate::sheet::TicketNumber;
use std::collections::{BTreeMap, BTreeSet};

/// How many people one statement names. More would fill pages that nobody reads; fewer would hide who it is
/// in a room of the usual thirty, where more than a handful missing means that a whole pile is.
const NAMED: usize = 12;

/// How many held candidates are listed, each with the reasons. Thirty fill a page.
const HELD: usize = 30;

/// Every reason why papers made of `results` are drafts; none if they are not.
pub(super) fn openings(results: &Results) -> Vec<Matter> {
    let names: BTreeMap<&TicketNumber, &str> =
        results.transcripts.iter().map(|t| (&t.candidate.ticket, t.candidate.name.as_str())).collect();
    let mut openings = Vec::new();
    if results.open_exceptions > 0 {
        openings.push(Matter {
            matter: "异常".to_owned(),
            statement: format!("尚有 {} 件异常待人工处理。", results.open_exceptions),
        });
    }
    for room in results.rooms.iter().filter(|r| !r.holds()) {
        openings
            .push(Matter {
                matter: format!("考场 {}", room.room), statement: room_statement(room, &names)
            });
    }
    for (what, part) in PARTS {
        let waiting: Vec<_> = results
            .transcripts
            .iter()
            .filter(|t| part(t) == Some(PartResult::Pending))
            .map(|t| &t.candidate.ticket)
            .collect();
        if !waiting.is_empty() {
            openings.push(Matter {
                matter: format!("{what}未定"),
                statement: format!("{}。", people(&waiting, &names)),
            });
        }
    }
    let mut conflicts: BTreeMap<(Part, ConflictKind), Vec<&TicketNumber>> = BTreeMap::new();
    for transcript in &results.transcripts {
        for conflict in &transcript.conflicts {
            let place = (conflict.part, conflict.kind);
            conflicts.entry(place).or_default().push(&transcript.candidate.ticket);
        }
    }
    for ((part, kind), tickets) in conflicts {
        openings.push(Matter {
            matter: format!("{}情况矛盾", part.name()),
            statement: format!("{}：{}。", kind.statement(), people(&tickets, &names)),
        });
    }
    for (ticket, reasons) in results.held.iter().take(HELD) {
        openings.push(Matter {
            matter: "评分待裁定".to_owned(),
            statement: format!("{}：{}。", people(&[ticket], &names), reasons.join("；")),
        });
    }
    if results.held.len() > HELD {
        let statement = format!("另有 {} 人待裁定。", results.held.len() - HELD);
        openings.push(Matter { matter: "评分待裁定".to_owned(), statement });
    }
    let undecided: Vec<_> = results
        .transcripts
        .iter()
        .filter(|t| {
            t.verdict == Verdict::Pending && PARTS.iter().all(|(_, p)| p(t) != Some(PartResult::Pending))
        })
        .map(|t| &t.candidate.ticket)
        .collect();
    if !undecided.is_empty() {
        openings.push(Matter {
            matter: "评定结果未定".to_owned(),
            statement: format!("{}。", people(&undecided, &names)),
        });
    }
    openings
}

/// A part of the examination of one candidate, if it is examined.
type OfPart = fn(&Transcript) -> Option<PartResult>;

const PARTS: [(&str, OfPart); 3] =
    [("理论成绩", |t| Some(t.theory)), ("实操成绩", |t| Some(t.practical)), ("综合评审", |t| t.review)];

fn room_statement(room: &RoomBalance, names: &BTreeMap<&TicketNumber, &str>) -> String {
    let mut parts = Vec::new();
    if room.recorded {
        parts.push(format!(
            "名册 {} 人，到考 {} 人，缺考 {} 人，已读答题卡 {} 张",
            room.expected, room.present, room.absent, room.read
        ));
    } else {
        parts.push(format!("未导入考场情况记录（名册 {} 人，已读答题卡 {} 张）", room.expected, room.read));
    }
    // Without a record nobody is recorded: to list everyone would add nothing.
    let unrecorded = if room.recorded { Some(&room.unrecorded) } else { None };
    for (what, tickets) in [
        ("到考、缺考均未记录", unrecorded),
        ("有记录而不在本考场名册", Some(&room.strangers)),
        ("到考而无答题卡", Some(&room.missing)),
        ("未记录到考而有答题卡", Some(&room.surplus)),
    ] {
        if let Some(tickets) = tickets.filter(|t: &&BTreeSet<_>| !t.is_empty()) {
            let tickets: Vec<_> = tickets.iter().collect();
            parts.push(format!("{what} {}", people(&tickets, names)));
        }
    }
    format!("{}。", parts.join("；"))
}

/// `2 人：140510001001（张甲）、140510001002（李乙）`.
fn people(tickets: &[&TicketNumber], names: &BTreeMap<&TicketNumber, &str>) -> String {
    let listed: Vec<_> = tickets
        .iter()
        .take(NAMED)
        .map(|ticket| match names.get(ticket).copied().filter(|name| !name.is_empty()) {
            Some(name) => format!("{ticket}（{name}）"),
            None => ticket.to_string(),
        })
        .collect();
    let more = if tickets.len() > NAMED { " 等" } else { "" };
    format!("{} 人：{}{more}", tickets.len(), listed.join("、"))
}
