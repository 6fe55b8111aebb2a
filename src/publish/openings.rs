//! Why a paper is a draft, in words.

use super::Matter;
use crate::exam::Candidate;
use crate::merge::{ConflictKind, Part, PartResult, Results, RoomBalance, Transcript, Verdict};
use crate::sheet::TicketNumber;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many people one statement names. More would fill pages that nobody reads; fewer would hide who it is
/// in a room of the usual thirty, where more than a handful missing means that a whole pile is.
const NAMED: usize = 12;

/// How many held candidates are listed, each with the reasons. Thirty fill a page.
const HELD: usize = 30;

/// Every reason why papers made of `results` are drafts; none if they are not.
pub(super) fn openings(results: &Results) -> Vec<Matter> {
    let mut pending: [People; PARTS.len()] = Default::default();
    let mut conflicts: BTreeMap<(Part, ConflictKind), People> = BTreeMap::new();
    let mut undecided = People::default();
    let named = named_elsewhere(results);
    let mut names: BTreeMap<TicketNumber, String> = BTreeMap::new();
    for transcript in &results.transcripts {
        let Candidate { ticket, name, .. } = &transcript.candidate;
        let waits = PARTS.map(|(_, part)| part(&transcript) == Some(PartResult::Pending));
        for (people, _) in pending.iter_mut().zip(waits).filter(|(_, waits)| *waits) {
            people.add(ticket, Some(name));
        }
        for conflict in &transcript.conflicts {
            conflicts.entry((conflict.part, conflict.kind)).or_default().add(ticket, Some(name));
        }
        if transcript.verdict == Verdict::Pending && !waits.contains(&true) {
            undecided.add(ticket, Some(name));
        }
        if named.contains(ticket) {
            names.insert(ticket.clone(), name.clone());
        }
    }
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
    for ((what, _), people) in PARTS.iter().zip(&pending).filter(|(_, people)| people.count > 0) {
        openings.push(Matter { matter: format!("{what}未定"), statement: format!("{people}。") });
    }
    for ((part, kind), people) in conflicts {
        openings.push(Matter {
            matter: format!("{}情况矛盾", part.name()),
            statement: format!("{}：{people}。", kind.statement()),
        });
    }
    for (ticket, reasons) in results.held.iter().take(HELD) {
        openings.push(Matter {
            matter: "评分待裁定".to_owned(),
            statement: format!("{}：{}。", People::of([ticket], &names), reasons.join("；")),
        });
    }
    if results.held.len() > HELD {
        let statement = format!("另有 {} 人待裁定。", results.held.len() - HELD);
        openings.push(Matter { matter: "评分待裁定".to_owned(), statement });
    }
    if undecided.count > 0 {
        openings
            .push(Matter { matter: "评定结果未定".to_owned(), statement: format!("{undecided}。") });
    }
    openings
}

/// Those whom statements about rooms and held scores name.
fn named_elsewhere(results: &Results) -> BTreeSet<&TicketNumber> {
    let rooms = results.rooms.iter().filter(|room| !room.holds());
    let of_rooms = rooms
        .flat_map(|room| [&room.unrecorded, &room.strangers, &room.missing, &room.surplus])
        .flat_map(|tickets| tickets.iter().take(NAMED));
    of_rooms.chain(results.held.keys().take(HELD)).collect()
}

/// A part of the examination of one candidate, if it is examined.
type OfPart = fn(&Transcript) -> Option<PartResult>;

const PARTS: [(&str, OfPart); 3] =
    [("理论成绩", |t| Some(t.theory)), ("实操成绩", |t| Some(t.practical)), ("综合评审", |t| t.review)];

fn room_statement(room: &RoomBalance, names: &BTreeMap<TicketNumber, String>) -> String {
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
            parts.push(format!("{what} {}", People::of(tickets, names)));
        }
    }
    format!("{}。", parts.join("；"))
}

/// People of whom a statement names the first: `2 人：140510001001（张甲）、140510001002（李乙）`.
#[derive(Default)]
struct People {
    count: usize,
    named: Vec<String>,
}

impl People {
    fn of<'t>(
        tickets: impl IntoIterator<Item = &'t TicketNumber>,
        names: &BTreeMap<TicketNumber, String>,
    ) -> Self {
        let mut out = Self::default();
        for ticket in tickets {
            out.add(ticket, names.get(ticket));
        }
        out
    }

    fn add(&mut self, ticket: &TicketNumber, name: Option<&String>) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(match name.filter(|name| !name.is_empty()) {
                Some(name) => format!("{ticket}（{name}）"),
                None => ticket.to_string(),
            });
        }
    }
}

impl fmt::Display for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.count > NAMED { " 等" } else { "" };
        write!(f, "{} 人：{}{more}", self.count, self.named.join("、"))
    }
}
