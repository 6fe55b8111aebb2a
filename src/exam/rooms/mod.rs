//! Reading and writing room records (考场情况记录).
//!
//! A file has one row a candidate (考场, 准考证号, 状态), or only those who were absent or broke the rules
//! and for each room a row with 应到, 实到 and 缺考. Both may stand in one table or in two sheets.

mod fault;
mod rows;
#[cfg(test)]
mod tests;

pub use fault::{RoomError, RoomFault};

use super::headings::{Heading, Need, known};
use super::table::{Table, TableError, select};
use super::write::{Grid, Kind, WriteError};
use super::{Exam, RoomRecord, Roster};
use rows::Importer;

const STATUS: Heading =
    Heading::required("状态", &["到考情况", "考试状态", "到考状态", "出席情况", "出勤", "考试情况"]);
const EXPECTED: Heading = Heading::required("应到", &["应到人数", "应考", "应考人数", "应到数"]);
const PRESENT: Heading = Heading::required("实到", &["实到人数", "实考", "实考人数", "实到数"]);
const ABSENT: Heading = Heading::required("缺考", &["缺考人数", "缺考数"]);
const VIOLATIONS: Heading = Heading::required("违纪", &["违纪人数", "违纪数"]).with(Need::Optional);

/// Columns where each row is a candidate; there may be rows of counts between them.
const LIST: [Heading; 9] = [
    known::ROOM,
    known::TICKET,
    STATUS,
    known::NAME.with(Need::Optional),
    known::REMARK,
    EXPECTED.with(Need::Optional),
    PRESENT.with(Need::Optional),
    ABSENT.with(Need::Optional),
    VIOLATIONS,
];

/// Columns where each row is a room.
const COUNTS: [Heading; 5] = [known::ROOM, EXPECTED, PRESENT, ABSENT, VIOLATIONS];

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

        let mut importer = Importer::new(exam, roster);
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
            rows.push(vec![record.room.to_string(), ticket.to_string(), name, status.to_owned(), words]);
        }
    }
    Grid {
        sheet: "考场情况记录",
        columns: vec![
            (known::ROOM.name, Kind::Text, 8),
            (known::TICKET.name, Kind::Text, 18),
            (known::NAME.name, Kind::Text, 12),
            (STATUS.name, Kind::Text, 8),
            (known::REMARK.name, Kind::Text, 30),
        ],
        rows,
    }
}

/// The records as text with commas, one row a candidate, that [`RoomRecord::import`] reads; names are the
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
