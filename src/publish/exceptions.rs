//! The list of exceptions that goes to a reviewer.

use crate::sheet::{Exception, SheetId};
use std::borrow::Cow;

/// The list's columns, in order. The last three are empty, for the reviewer.
pub const EXCEPTION_COLUMNS: [&str; 17] = [
    "id", "kind", "source", "page", "sheet", "ticket", "name", "room", "seat", "field", "item", "read",
    "detail", "crop", "decision", "reviewer", "reason",
];

/// One open exception with what helps a person to decide it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Its number in the record; comes back with the decision.
    pub id: String,
    /// What happened, and in which field and item.
    pub exception: Exception,
    /// The file that the page came from; empty where there is none.
    pub source: String,
    /// The page within it, from 1.
    pub page: Option<u32>,
    /// The sheet; `None` where a candidate has none.
    pub sheet: Option<SheetId>,
    /// The ticket number as far as it was read; empty if it was not.
    pub ticket: String,
    /// The name on the roster; empty if unknown.
    pub name: String,
    /// The room; empty if unknown.
    pub room: String,
    /// The seat.
    pub seat: Option<u16>,
    /// What was read at that place.
    pub read: String,
    /// Where the pictures of the place lie, beside the list, and of the same place on other sheets that are to be compared,
    /// separated by `; `; empty where there are none.
    pub crop: String,
}

/// The list as csv: UTF-8 with a byte order mark (Excel needs it), one row an exception, in the given order.
///
/// A cell that a spreadsheet would take for a formula, or for a number or date that it would rewrite
/// (`140510001001` becomes `1.40511E+11`), starts with an apostrophe. [`parse_decisions`] takes it off again.
///
/// [`parse_decisions`]: super::parse_decisions
#[must_use]
pub fn exceptions_csv(rows: &[ExceptionRow]) -> Vec<u8> {
    let mut text = String::from('\u{feff}');
    write_row(&mut text, EXCEPTION_COLUMNS.map(Cow::Borrowed));
    for row in rows {
        let number = |n: Option<u32>| n.map_or(Cow::Borrowed(""), |n| Cow::Owned(n.to_string()));
        let Exception { cause, field, item } = &row.exception;
        let cells: [Cow<str>; EXCEPTION_COLUMNS.len()] = [
            Cow::Borrowed(&row.id),
            Cow::Borrowed(cause.kind()),
            Cow::Borrowed(&row.source),
            number(row.page),
            row.sheet.map_or(Cow::Borrowed(""), |s| Cow::Owned(s.to_string())),
            Cow::Borrowed(&row.ticket),
            Cow::Borrowed(&row.name),
            Cow::Borrowed(&row.room),
            number(row.seat.map(u32::from)),
            field.as_ref().map_or(Cow::Borrowed(""), |f| Cow::Borrowed(f.as_str())),
            item.as_ref().map_or(Cow::Borrowed(""), |i| Cow::Borrowed(i.as_str())),
            Cow::Borrowed(&row.read),
            Cow::Owned(cause.to_string()),
            Cow::Borrowed(&row.crop),
            Cow::Borrowed(""),
            Cow::Borrowed(""),
            Cow::Borrowed(""),
        ];
        write_row(&mut text, cells);
    }
    text.into_bytes()
}

fn write_row<'a>(text: &mut String, cells: impl IntoIterator<Item = Cow<'a, str>>) {
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        let cell = guarded(&cell);
        if cell.contains([',', '"', '\n', '\r', ';', '\t']) || cell.starts_with(' ') || cell.ends_with(' ') {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
}

/// The longest run of digits that a spreadsheet shows and saves as it stands; 12 become 1.40511E+11.
const SAFE_DIGITS: usize = 11;

/// The cell with an apostrophe before it if a spreadsheet would change or execute it, or if it starts
/// with one already.
fn guarded(cell: &str) -> Cow<'_, str> {
    let executes = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']);
    if executes || is_rewritten(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// Whether a spreadsheet takes the cell for a number or a date and shows it in another way.
fn is_rewritten(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let only = |also: &[u8]| cell.bytes().all(|b| b.is_ascii_digit() || also.contains(&b));
    if digits == 0 {
        return false;
    }
    if only(b"") {
        return digits > SAFE_DIGITS || (digits > 1 && cell.starts_with('0'));
    }
    // 1-2 and 3/4 become dates, 1E5 a number, 1.50 loses its zero.
    only(b"-/.:Ee+ ,%")
}

/// The cell without the apostrophe that [`exceptions_csv`], or a person, put before it.
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{Cause, FieldName, Sha256};
    use proptest::prelude::*;

    fn row(name: &str, ticket: &str) -> ExceptionRow {
        ExceptionRow {
            id: "17".into(),
            exception: Exception::of_item(
                Cause::Marginal { marks: vec![("B".into(), 312)] },
                FieldName::ITEMS.parse().unwrap(),
                "20".parse().unwrap(),
            ),
            source: "scans/room-01.tif".into(),
            page: Some(3),
            sheet: Some(SheetId { image: Sha256::of(b"a"), page: 3 }),
            ticket: ticket.into(),
            name: name.into(),
            room: "01".into(),
            seat: Some(7),
            read: "A".into(),
            crop: "crops/17.png".into(),
        }
    }

    fn read_back(bytes: &[u8]) -> Vec<Vec<String>> {
        let text = std::str::from_utf8(bytes).unwrap().strip_prefix('\u{feff}').unwrap();
        csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes())
            .records()
            .map(|r| r.unwrap().iter().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn a_row_has_its_seventeen_cells() {
        let rows = read_back(&exceptions_csv(&[row("张甲", "140510001001")]));
        assert_eq!(rows[0], EXCEPTION_COLUMNS);
        let sheet = format!("{}:3", Sha256::of(b"a"));
        let want = [
            "17",
            "marginal",
            "scans/room-01.tif",
            "3",
            &sheet,
            "'140510001001",
            "张甲",
            "'01",
            "7",
            "items",
            "20",
            "A",
            "in doubt: B (31.2 %)",
            "crops/17.png",
            "",
            "",
            "",
        ];
        assert_eq!(rows[1], want);
    }

    #[test]
    fn what_a_spreadsheet_would_change_is_guarded() {
        for cell in [
            "=1+1",
            "+86",
            "-3",
            "@SUM(A1)",
            "\tx",
            "'x",
            "140510001001",
            "03",
            "1-2",
            "3/4",
            "1E5",
            "＝1",
            "1.50",
        ] {
            assert!(guarded(cell).starts_with('\''), "{cell:?}");
            assert_eq!(unguarded(&guarded(cell)), cell);
        }
        for cell in ["", "B", "7", "0", "17", "张甲", "a-1", "scan 1", "14051000_001"] {
            assert_eq!(guarded(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_none_executes(name in "\\PC{0,12}|[=+@\t\r\n'\",;-]{0,4}[a-z0-9 ]{0,4}") {
            let rows = read_back(&exceptions_csv(&[row(&name, &name), row("乙", "1")]));
            prop_assert_eq!(rows.len(), 3);
            for cell in [&rows[1][5], &rows[1][6]] {
                prop_assert_eq!(unguarded(cell), &name);
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            }
        }
    }
}
