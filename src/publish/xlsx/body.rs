//! The rows of a table, written into their worksheet as the file is packed.
//!
//! The library that makes the workbook keeps every cell until it is saved, some 3 kB a row, and a paper has a row a
//! candidate. So it makes everything but these rows: in their place stands one row, the pattern, with a blank cell in each of their
//! formats. Here the pattern gives way to the rows (Office Open XML, ECMA-376 part 1, §18.3.1.73 and §18.3.1.4), each made, written and
//! forgotten before the next one. Texts stand in their cells (`inlineStr`).

use super::super::cells::{Cell, Column};
use super::super::paper::{Row, Section};
use super::row_height;
use rust_xlsxwriter::XlsxError;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{Cursor, Error, Read as _, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// What the format allows: rows of a worksheet, characters of a cell.
const MOST_ROWS: usize = 1 << 20;
const LONGEST: usize = 32_767;

/// Places in the pattern.
pub(super) const LEFT: usize = 0;
pub(super) const MIDDLE: usize = 1;
pub(super) const TEXT: usize = 2;
pub(super) const TENTHS: usize = 3;
pub(super) const HUNDREDTHS: usize = 4;

/// Cells of the pattern.
pub(super) const STYLES: usize = 5;

/// A table whose rows a worksheet still lacks.
pub(super) struct Body<'a> {
    /// Its section.
    pub section: &'a Section<'a>,
    /// Widths of its columns in characters.
    pub widths: Vec<f64>,
    /// The pattern's row, from 0: that of the first row.
    pub first: u32,
    /// The worksheet's last row, from 1.
    pub last: u32,
}

/// The workbook with the rows of its tables: the worksheet of each, from the first on; none where it has no pattern.
pub(super) fn filled(book: Vec<u8>, bodies: &[Option<Body<'_>>]) -> Result<Vec<u8>, XlsxError> {
    let mut parts = ZipArchive::new(Cursor::new(book))?;
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    // No time of day, as the library does: the same paper gives the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o600);
    for index in 0..parts.len() {
        let mut part = parts.by_index(index)?;
        let name = part.name()?.into_owned();
        match body_of(&name, bodies) {
            None => out.raw_copy_file(part)?,
            Some(body) => {
                let mut frame = String::new();
                part.read_to_string(&mut frame)?;
                out.start_file(name, options)?;
                sheet(&frame, body, &mut out)?;
            }
        }
    }
    Ok(out.finish()?.into_inner())
}

/// What belongs into a part of the file.
fn body_of<'a, 'b>(name: &str, bodies: &'a [Option<Body<'b>>]) -> Option<&'a Body<'b>> {
    let number = name.strip_prefix("xl/worksheets/sheet")?.strip_suffix(".xml")?;
    bodies.get(number.parse::<usize>().ok()?.checked_sub(1)?)?.as_ref()
}

/// A worksheet with its rows in the place of the pattern.
fn sheet(frame: &str, body: &Body<'_>, out: &mut impl Write) -> Result<(), XlsxError> {
    let other = || Error::other("the worksheet has no place for its rows");
    let rows = &body.section.rows;
    if rows.len() + body.first as usize > MOST_ROWS {
        return Err(XlsxError::RowColumnLimitError);
    }
    let (head, rest) = frame.split_once(&format!("<row r=\"{}\"", body.first + 1)).ok_or_else(other)?;
    let (pattern, tail) = rest.split_once("</row>").ok_or_else(other)?;
    let styles = styles(pattern).ok_or_else(other)?;
    let names = names(body.widths.len());
    let (before, extent) = head.split_once("<dimension ref=\"").ok_or_else(other)?;
    let (_, after) = extent.split_once('"').ok_or_else(other)?;
    let last = names.last().map_or("A", String::as_str);
    write!(out, "{before}<dimension ref=\"A1:{last}{}\"{after}", body.last)?;
    let mut text = String::new();
    for (number, row) in (body.first + 1..).zip(rows.iter()) {
        text.clear();
        row_into(&mut text, number, &row, body, &names, &styles)?;
        out.write_all(text.as_bytes())?;
    }
    Ok(out.write_all(tail.as_bytes())?)
}

/// The numbers of the pattern's formats.
fn styles(pattern: &str) -> Option<[u32; STYLES]> {
    let cells = pattern.split("<c ").skip(1);
    let numbers = cells.map(|cell| cell.split_once("s=\"")?.1.split_once('"')?.0.parse().ok());
    numbers.collect::<Option<Vec<u32>>>()?.try_into().ok()
}

/// `A`, `B`, …: a paper has fewer columns than there are letters.
fn names(columns: usize) -> Vec<String> {
    ('A'..='Z').take(columns).map(String::from).collect()
}

fn row_into(
    out: &mut String,
    number: u32,
    row: &Row,
    body: &Body<'_>,
    names: &[String],
    styles: &[u32; STYLES],
) -> Result<(), XlsxError> {
    // Heights are whole pixels, of which an inch has 96 and a point 4/3.
    let height = (row_height(row, &body.widths) * 4.0 / 3.0).round() * 0.75;
    // Writing to a string can't fail.
    let _ =
        write!(out, "<row r=\"{number}\" spans=\"1:{}\" ht=\"{height}\" customHeight=\"1\">", names.len());
    for ((column, cell), name) in body.section.columns.iter().zip(&row.cells).zip(names) {
        let _ = write!(out, "<c r=\"{name}{number}\" s=\"{}\"", styles[style(*column, cell)]);
        let _ = match cell {
            Cell::Whole(n) => write!(out, "><v>{n}</v></c>"),
            Cell::Points(points) => write!(out, "><v>{}</v></c>", points.to_f64()),
            Cell::Text(text) if text.chars().count() > LONGEST => {
                return Err(XlsxError::MaxStringLengthExceeded);
            }
            Cell::Text(text) => {
                let space = if text.trim() == text { "" } else { " xml:space=\"preserve\"" };
                write!(out, " t=\"inlineStr\"><is><t{space}>{}</t></is></c>", escaped(text))
            }
            Cell::Empty => write!(out, "/>"),
        };
    }
    out.push_str("</row>");
    Ok(())
}

/// The place in the pattern of a cell's format.
fn style(column: Column, cell: &Cell) -> usize {
    match cell {
        Cell::Points(points) if points.hundredths() % 10 == 0 => TENTHS,
        Cell::Points(_) => HUNDREDTHS,
        Cell::Text(_) | Cell::Empty if column.is_left() => LEFT,
        Cell::Text(_) | Cell::Empty if column.is_digits_as_text() => TEXT,
        Cell::Whole(_) | Cell::Text(_) | Cell::Empty => MIDDLE,
    }
}

/// A text between tags. What XML can't have is written as `_xHHHH_` (ECMA-376 part 1, §22.9.2.19), and what looks like that is told
/// apart by its first character.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '&' | '<' | '>' | '_' | '\u{fffe}' | '\u{ffff}') && c >= ' ';
    if text.chars().all(plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '_' if is_escape(&text[at..]) => out.push_str("_x005F_"),
            '\t' | '\n' => out.push(c),
            _ if plain(c) || c == '_' => out.push(c),
            _ => {
                let _ = write!(out, "_x{:04X}_", u32::from(c));
            }
        }
    }
    out.into()
}

/// Whether the text begins as `_xHHHH_`.
fn is_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [b'_', b'x', digits @ .., ] if digits.len() > 4
        && digits[..4].iter().all(u8::is_ascii_hexdigit) && digits[4] == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_where_it_must_be() {
        for (text, written) in [
            ("张甲", "张甲"),
            ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
            ("两行\n一\t格", "两行\n一\t格"),
            ("\u{1}\r\u{ffff}", "_x0001__x000D__xFFFF_"),
            ("_x0041_ _x41_ __x00e9_", "_x005F_x0041_ _x41_ __x005F_x00e9_"),
            ("_x中文_", "_x中文_"),
        ] {
            assert_eq!(escaped(text), written);
        }
    }

    #[test]
    fn a_pattern_has_a_number_a_format() {
        let cells = |styles: &[u32]| -> String {
            styles.iter().map(|style| ["<c r=\"A6\" s=\"", &style.to_string(), "\"/>"].concat()).collect()
        };
        assert_eq!(styles(&cells(&[6, 4, 5, 10, 11])), Some([6, 4, 5, 10, 11]));
        assert_eq!(styles(&cells(&[6, 4, 5, 10])), None);
        assert_eq!(styles("<c r=\"A6\"/>"), None);
    }
}
