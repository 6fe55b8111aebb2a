//! Tables in text files.

use super::{Cell, MAX_CELLS, MAX_COLUMNS, Row, Table, TableError};
use encoding_rs::{Encoding, GB18030, UTF_8};
use std::borrow::Cow;

/// The row after the last: if it does not come back by itself, a quotation mark has swallowed it.
const SENTINEL: &str = "\u{1}end";

pub(super) fn table(name: &str, bytes: &[u8]) -> Result<Table, TableError> {
    let file = || name.to_owned();
    let text = decode(bytes).ok_or_else(|| TableError::NotATable { file: file() })?;
    if text.trim_start().starts_with('<') {
        return Err(TableError::Markup { file: file() });
    }
    if text.trim().is_empty() {
        return Err(TableError::Empty { file: file() });
    }
    // One kind of line end, so that lines can be counted. The sentinel makes an open quotation mark show.
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(SENTINEL);
    text.push('\n');

    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut rows = Vec::new();
    // Line breaks inside quotation marks so far: text lines that are not rows.
    let mut breaks = 0;
    let mut cells_seen = 0;
    let mut ended = false;
    let mut last = 0;
    // The text is UTF-8 and rows may have any length: reading from memory does not fail.
    while reader.read_record(&mut record).is_ok_and(|more| more) {
        if record.len() == 1 && record.get(0) == Some(SENTINEL) {
            ended = true;
            break;
        }
        breaks += record.iter().map(|field| field.matches('\n').count() as u64).sum::<u64>();
        // The reader now stands at the start of the line after the row.
        let row = reader.position().line().saturating_sub(1 + breaks);
        last = u32::try_from(row).unwrap_or(u32::MAX);
        cells_seen += record.len();
        if cells_seen > MAX_CELLS {
            return Err(TableError::TooLarge { file: file() });
        }
        let cells: Vec<_> = record.iter().take(MAX_COLUMNS).map(cell).collect();
        if !cells.iter().all(Cell::is_empty) {
            rows.push(Row { number: last, cells });
        }
    }
    if !ended {
        // Its row did not end, so it counts one less.
        return Err(TableError::OpenQuote { file: file(), row: last.saturating_add(1) });
    }
    Ok(Table { file: file(), sheet: None, hidden: false, rows })
}

/// The text behind a byte order mark, else strict UTF-8, else GB18030; none if it is binary.
fn decode(bytes: &[u8]) -> Option<String> {
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => {
            encoding.decode_without_bom_handling_and_without_replacement(&bytes[length..])?
        }
        None => [UTF_8, GB18030]
            .iter()
            .find_map(|e| e.decode_without_bom_handling_and_without_replacement(bytes))?,
    };
    let binary = text.chars().any(|c| c.is_control() && !matches!(c, '\t'..='\r' | '\u{1a}'));
    (!binary).then(|| Cow::into_owned(text))
}

/// The separator that occurs most within the first lines, outside quotation marks.
fn delimiter(text: &str) -> u8 {
    // Enough to get past title rows to the table itself.
    const LINES: usize = 40;
    let mut counts = [(b',', 0u32), (b'\t', 0), (b';', 0)];
    let mut quoted = false;
    let mut lines = 0;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' => {
                lines += 1;
                if lines == LINES {
                    break;
                }
            }
            _ if !quoted => {
                for (_, count) in counts.iter_mut().filter(|(d, _)| *d == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    // The first of equals: a comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

/// A field as a cell. Ways to keep a spreadsheet from taking a number for one are undone: `="0012"`, `'0012`.
pub(super) fn cell(field: &str) -> Cell {
    let field = field.trim();
    let formula = field.strip_prefix("=\"").and_then(|f| f.strip_suffix('"'));
    let apostrophe = field.strip_prefix('\'').filter(|f| f.starts_with(|c: char| c.is_ascii_digit()));
    Cell::text_of(formula.or(apostrophe).unwrap_or(field))
}
