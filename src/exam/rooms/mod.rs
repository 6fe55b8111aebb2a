//! Reading and writing room records (考场情况记录).
//!
//! A file has one row a candidate (考场, 准考证号, 状态), or only those who were absent or broke the rules
//! and for each room a row with 应到, 实到 and 缺考. Both may stand in one table or in two sheets. A room's row may also have
//! 起始号, 终止号, what was handed out and returned, 备用卡, 作废卡, 监考员 and 备注; a voided card is a row of its own with the
//! status 作废卡 and its 准考证号 or 卡号.

mod fault;
mod report;
mod rows;
mod said;
#[cfg(test)]
mod tests;

pub use fault::{RoomError, RoomFault};
pub use report::{HandedOut, RoomReport, VoidedCard};
pub use said::RoomSaid;

use super::headings::{Heading, Need, known};
use super::table::{Table, TableError, select};
use super::write::{Grid, Kind, WriteError};
use super::{Exam, RoomRecord, Roster};
use crate::sheet::TicketNumber;
use rows::Importer;
use std::collections::BTreeSet;

const STATUS: Heading =
    Heading::required("状态", &["到考情况", "考试状态", "到考状态", "出席情况", "出勤", "考试情况"]);
const EXPECTED: Heading = Heading::required("应到", &["应到人数", "应考", "应考人数", "应到数"]);
const PRESENT: Heading = Heading::required("实到", &["实到人数", "实考", "实考人数", "实到数"]);
const ABSENT: Heading = Heading::required("缺考", &["缺考人数", "缺考数"]);
const VIOLATIONS: Heading = Heading::required("违纪", &["违纪人数", "违纪数"]).with(Need::Optional);

const FIRST: Heading =
    Heading::required("起始号", &["起始准考证号", "起号", "起始考号"]).with(Need::Optional);
const LAST: Heading = Heading::required("终止号", &["终止准考证号", "止号", "终止考号"]).with(Need::Optional);
const PAPERS_OUT: Heading =
    Heading::required("试卷发放", &["发放试卷", "试卷发放数", "发出试卷", "试卷领取数"]).with(Need::Optional);
const PAPERS_BACK: Heading =
    Heading::required("试卷回收", &["回收试卷", "试卷回收数", "收回试卷"]).with(Need::Optional);
const CARDS_OUT: Heading =
    Heading::required("答题卡发放", &["发放答题卡", "答题卡发放数", "发出答题卡", "答题卡领取数"])
        .with(Need::Optional);
const CARDS_BACK: Heading =
    Heading::required("答题卡回收", &["回收答题卡", "答题卡回收数", "收回答题卡"]).with(Need::Optional);
const SPARE: Heading =
    Heading::required("备用卡", &["启用备用卡", "备用卡使用", "备用卡使用数", "备用答题卡"])
        .with(Need::Optional);
const VOIDED: Heading = Heading::required("作废卡", &["作废卡数", "作废答题卡", "废卡"]).with(Need::Optional);
const INVIGILATORS: Heading =
    Heading::required("监考员", &["监考", "监考人员", "监考老师", "监考教师"]).with(Need::Optional);
const SERIAL: Heading =
    Heading::required("卡号", &["答题卡号", "条码号", "卡片编号", "答题卡编号"]).with(Need::Optional);

/// Columns where each row is a candidate; there may be rows of counts between them.
const LIST: [Heading; 19] = [
    known::ROOM,
    known::TICKET,
    STATUS,
    known::NAME.with(Need::Optional),
    known::REMARK,
    EXPECTED.with(Need::Optional),
    PRESENT.with(Need::Optional),
    ABSENT.with(Need::Optional),
    VIOLATIONS,
    FIRST,
    LAST,
    PAPERS_OUT,
    PAPERS_BACK,
    CARDS_OUT,
    CARDS_BACK,
    SPARE,
    VOIDED,
    INVIGILATORS,
    SERIAL,
];

/// Columns where each row is a room.
const COUNTS: [Heading; 15] = [
    known::ROOM,
    EXPECTED,
    PRESENT,
    ABSENT,
    VIOLATIONS,
    FIRST,
    LAST,
    PAPERS_OUT,
    PAPERS_BACK,
    CARDS_OUT,
    CARDS_BACK,
    SPARE,
    VOIDED,
    INVIGILATORS,
    known::REMARK,
];

impl RoomRecord {
    /// The records in the file `name` (which is only named in errors), in the exam's order of rooms.
    ///
    /// Who broke the rules (违纪) was present and is in both sets. In a room without a row of counts, a candidate
    /// who is not listed is neither present nor absent: the room will not balance. In a room with counts, everyone who is not
    /// listed as absent was present.
    ///
    /// # Errors
    ///
    /// [`RoomError`]; [`RoomError::Rows`] has every row that can't be used: a number that is not on the roster or in
    /// another room, a candidate twice, an empty or unknown status, counts that don't agree.
    pub fn import(name: &str, bytes: &[u8], exam: &Exam, roster: &Roster) -> Result<Vec<Self>, RoomError> {
        Self::import_without(name, bytes, exam, roster, &BTreeSet::new())
    }

    /// As [`RoomRecord::import`], where `excused` are not to sit theory: in a room with counts they are among those of 应到
    /// only if they are listed.
    ///
    /// # Errors
    ///
    /// As [`RoomRecord::import`].
    pub fn import_without(
        name: &str,
        bytes: &[u8],
        exam: &Exam,
        roster: &Roster,
        excused: &BTreeSet<TicketNumber>,
    ) -> Result<Vec<Self>, RoomError> {
        let tables = Table::read(name, bytes)?;
        let lists = select(name, &tables, &LIST);
        let counts = select(name, &tables, &COUNTS);
        let mut chosen = match (lists, counts) {
            (Ok(lists), Ok(counts)) => {
                let new = |table| !lists.iter().any(|(listed, _)| std::ptr::eq(*listed, table));
                let more: Vec<_> = counts.into_iter().filter(|(table, _)| new(*table)).collect();
                lists.into_iter().chain(more).collect()
            }
            (Ok(lists), Err(TableError::NoHeadings { .. } | TableError::Missing { .. })) => lists,
            // A list with a heading missing must not pass for a table of counts.
            (Err(TableError::NoHeadings { .. }), Ok(counts)) => counts,
            (Err(TableError::Missing { .. }), Ok(counts)) if !tables.iter().any(has_tickets) => counts,
            (Err(error), _) | (_, Err(error)) => return Err(error.into()),
        };
        // In the workbook's order, whichever kind of table it is.
        chosen.sort_by_key(|(table, _)| tables.iter().position(|t| std::ptr::eq(t, *table)));

        let mut importer = Importer::new(exam, roster, excused);
        let mut rows = 0;
        for (table, columns) in &chosen {
            for record in table.records(columns) {
                rows += 1;
                importer.row(record);
            }
        }
        if rows == 0 {
            return Err(RoomError::NoRows { file: name.to_owned() });
        }
        importer.settle_counts();
        importer.settle_reports();
        let Importer { problems, mut rooms, .. } = importer;
        if problems.is_empty() {
            Ok(exam.rooms.iter().filter_map(|room| rooms.remove(room)).collect())
        } else {
            Err(RoomError::Rows(problems))
        }
    }
}

fn has_tickets(table: &Table) -> bool {
    table.columns(&[known::TICKET]).is_ok()
}

/// The status of a row about a voided card.
const VOID_CARD: &str = "作废卡";

/// Columns behind the candidate's: of a voided card, then of a room.
const BEHIND: [(Heading, Kind); 12] = [
    (SERIAL, Kind::Text),
    (EXPECTED, Kind::Number),
    (PRESENT, Kind::Number),
    (ABSENT, Kind::Number),
    (FIRST, Kind::Text),
    (LAST, Kind::Text),
    (PAPERS_OUT, Kind::Number),
    (PAPERS_BACK, Kind::Number),
    (CARDS_OUT, Kind::Number),
    (CARDS_BACK, Kind::Number),
    (SPARE, Kind::Number),
    (INVIGILATORS, Kind::Text),
];

/// A row's first cells, the others empty.
fn row(record: &RoomRecord, cells: &[&str; 4]) -> Vec<String> {
    let mut out = vec![record.room.to_string()];
    out.extend(cells.iter().map(|&cell| cell.to_owned()));
    out.resize(5 + BEHIND.len(), String::new());
    out
}

fn grid(records: &[RoomRecord], roster: &Roster) -> Grid {
    let mut rows = Vec::new();
    for record in records {
        for ticket in record.present.union(&record.absent) {
            let name = roster.candidates.get(ticket).map(|c| c.name.clone()).unwrap_or_default();
            let words = record.violations.get(ticket);
            let status = match words {
                Some(_) => "违纪",
                None if record.present.contains(ticket) => "到考",
                None => "缺考",
            };
            let words = words.cloned().unwrap_or_default();
            rows.push(row(record, &[ticket.as_str(), &name, status, &words]));
        }
        let report = &record.report;
        for card in &report.voided {
            let ticket = card.ticket.as_ref().map(ToString::to_string).unwrap_or_default();
            let mut cells = row(record, &[&ticket, "", VOID_CARD, &card.reason]);
            cells[5].clone_from(&card.serial);
            rows.push(cells);
        }
        if !report.is_empty() {
            let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
            let ticket = |t: &Option<TicketNumber>| t.as_ref().map(ToString::to_string).unwrap_or_default();
            let sizes =
                [record.present.union(&record.absent).count(), record.present.len(), record.absent.len()];
            let mut cells = row(record, &["", "", "", &report.remark]);
            let counts = [
                sizes[0].to_string(),
                sizes[1].to_string(),
                sizes[2].to_string(),
                ticket(&report.first),
                ticket(&report.last),
                number(report.papers.out),
                number(report.papers.back),
                number(report.cards.out),
                number(report.cards.back),
                number(report.spare),
                report.invigilators.join("、"),
            ];
            cells[6..].clone_from_slice(&counts);
            rows.push(cells);
        }
    }
    Grid {
        sheet: "考场情况记录",
        columns: [
            (known::ROOM.name, Kind::Text, 8),
            (known::TICKET.name, Kind::Text, 18),
            (known::NAME.name, Kind::Text, 12),
            (STATUS.name, Kind::Text, 8),
            (known::REMARK.name, Kind::Text, 30),
        ]
        .into_iter()
        .chain(BEHIND.iter().map(|(heading, kind)| (heading.name, *kind, 12)))
        .collect(),
        rows,
    }
}

/// The records as text with commas, one row a candidate, a voided card and (where it is more than a list) a room, that [`RoomRecord::import`] reads; names are the
/// roster's.
#[must_use]
pub fn to_csv(records: &[RoomRecord], roster: &Roster) -> Vec<u8> {
    grid(records, roster).to_csv()
}

/// The records as a workbook, one row a candidate, that [`RoomRecord::import`] reads; names are the roster's.
///
/// # Errors
///
/// [`WriteError`] for a text of more than 32 767 characters.
pub fn to_xlsx(records: &[RoomRecord], roster: &Roster) -> Result<Vec<u8>, WriteError> {
    grid(records, roster).to_xlsx()
}
