//! What a room record says beyond who was there: papers, cards, people, remarks.

use super::fault::RoomFault;
use super::{CARDS_BACK, FIRST, LAST, PAPERS_BACK, SPARE, STATUS};
use crate::exam::headings::Heading;
use crate::exam::{RoomRecord, Roster};
use crate::sheet::TicketNumber;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the record of a room counts and remarks; everything may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomReport {
    /// 起始号: the lowest ticket number of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<TicketNumber>,
    /// 终止号: the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<TicketNumber>,
    /// 试卷, handed out and returned.
    #[serde(skip_serializing_if = "HandedOut::is_empty")]
    pub papers: HandedOut,
    /// 答题卡, handed out and returned; spare and voided cards among them.
    #[serde(skip_serializing_if = "HandedOut::is_empty")]
    pub cards: HandedOut,
    /// 备用卡: spare cards that were used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spare: Option<u32>,
    /// 作废卡: cards that do not count, each as it was written down.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub voided: BTreeSet<VoidedCard>,
    /// 监考员, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invigilators: Vec<String>,
    /// 备注.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

/// How many were handed out and how many came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HandedOut {
    /// 发放.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<u32>,
    /// 回收.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<u32>,
}

impl HandedOut {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A card that does not count, named by what could be written down of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VoidedCard {
    /// The ticket number that was on it; `None` for a card that had none yet.
    pub ticket: Option<TicketNumber>,
    /// The number printed on the card; empty if it has none or it was not written down.
    pub serial: String,
    /// Why it was voided: `污损`, `填错准考证号`.
    pub reason: String,
}

impl RoomReport {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The voided cards with a ticket number.
    pub fn voided_of<'a>(&'a self, ticket: &'a TicketNumber) -> impl Iterator<Item = &'a VoidedCard> {
        self.voided.iter().filter(move |card| card.ticket.as_ref() == Some(ticket))
    }
}

impl RoomRecord {
    /// What in the record contradicts itself or the roster, with the column that says it.
    pub(super) fn contradictions(&self, roster: &Roster) -> Vec<(Heading, RoomFault)> {
        let room = || self.room.clone();
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let report = &self.report;
        let (present, voided) = (size(self.present.len()), size(report.voided.len()));
        let mut out = Vec::new();
        let ends = [
            (FIRST, &report.first, roster.room(&self.room).map(|c| &c.ticket).min()),
            (LAST, &report.last, roster.room(&self.room).map(|c| &c.ticket).max()),
        ];
        for (heading, said, is) in ends {
            if let (Some(found), Some(is)) = (said, is)
                && found != is
            {
                let (found, roster) = (found.clone(), is.clone());
                out.push((heading, RoomFault::End { room: room(), what: heading.name, found, roster }));
            }
        }
        for (heading, what, HandedOut { out: handed, back }) in
            [(PAPERS_BACK, "试卷", report.papers), (CARDS_BACK, "答题卡", report.cards)]
        {
            if let (Some(handed), Some(back)) = (handed, back)
                && handed != back
            {
                out.push((heading, RoomFault::NotReturned { room: room(), what, out: handed, back }));
            }
            let least = if what == "答题卡" { present + voided } else { present };
            if let Some(back) = back.filter(|back| *back < least) {
                let voided = least - present;
                out.push((heading, RoomFault::TooFew { room: room(), what, back, present, voided }));
            }
        }
        // A card is voided because its candidate got another one.
        if let Some(spare) = report.spare.filter(|spare| *spare < voided) {
            out.push((SPARE, RoomFault::Spare { room: room(), spare, voided }));
        }
        for card in &report.voided {
            if let Some(ticket) = card.ticket.as_ref().filter(|ticket| self.absent.contains(*ticket)) {
                out.push((STATUS, RoomFault::VoidedAbsent { ticket: ticket.clone() }));
            }
        }
        out
    }

    /// What is different from an earlier record of the room, a line each, in words.
    #[must_use]
    pub fn changes_from(&self, earlier: &Self) -> Vec<String> {
        let room = &self.room;
        let mut out = Vec::new();
        let state = |record: &Self, ticket: &TicketNumber| {
            let presence = match (record.present.contains(ticket), record.absent.contains(ticket)) {
                (true, _) => "到考",
                (false, true) => "缺考",
                (false, false) => "未记录",
            };
            match record.violations.get(ticket) {
                Some(words) => format!("{presence}，违纪：{words}"),
                None => presence.to_owned(),
            }
        };
        let sets = [&self.present, &self.absent, &earlier.present, &earlier.absent];
        let mut tickets: BTreeSet<&TicketNumber> = sets.into_iter().flatten().collect();
        tickets.extend(self.violations.keys().chain(earlier.violations.keys()));
        for ticket in tickets {
            let (before, after) = (state(earlier, ticket), state(self, ticket));
            if before != after {
                out.push(format!("room {room}: {ticket} {before} → {after}"));
            }
        }
        let (before, after) = (lines(&earlier.report), lines(&self.report));
        for ((what, before), (_, after)) in before.into_iter().zip(after) {
            if before != after {
                let shown = |text: String| if text.is_empty() { "—".to_owned() } else { text };
                out.push(format!("room {room}: {what} {} → {}", shown(before), shown(after)));
            }
        }
        out
    }
}

/// Every field of a report, as words.
fn lines(report: &RoomReport) -> [(&'static str, String); 10] {
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let ticket = |t: &Option<TicketNumber>| t.as_ref().map(ToString::to_string).unwrap_or_default();
    let voided: Vec<String> = report.voided.iter().map(ToString::to_string).collect();
    [
        ("起始号", ticket(&report.first)),
        ("终止号", ticket(&report.last)),
        ("试卷发放", number(report.papers.out)),
        ("试卷回收", number(report.papers.back)),
        ("答题卡发放", number(report.cards.out)),
        ("答题卡回收", number(report.cards.back)),
        ("备用卡", number(report.spare)),
        ("作废卡", voided.join("、")),
        ("监考员", report.invigilators.join("、")),
        ("备注", report.remark.clone()),
    ]
}

impl std::fmt::Display for VoidedCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ticket = self.ticket.as_ref().map_or("无准考证号", TicketNumber::as_str);
        f.write_str(ticket)?;
        if !self.serial.is_empty() {
            write!(f, "（卡号 {}）", self.serial)?;
        }
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason)?;
        }
        Ok(())
    }
}
