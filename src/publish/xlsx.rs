//! A paper as a workbook.

mod body;

use super::cells::Column;
use super::error::PublishError;
use super::paper::{Closing, Paper, Row, SEAL_DATE, SEALS, Section, Signature};
use body::{Body, STYLES};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};
use std::collections::BTreeSet;

/// Paper size A4 in the file format's numbering.
const A4: u8 = 9;

/// Columns together that go on an upright A4 page, in characters of the body print. 98 fit at full size, and
/// 111 (a score report with 综合评审) at 88 %, where 10.5 points become 9.2; wider tables would be too small to
/// read and lie down.
const UPRIGHT_CHARS: f64 = 111.0;

/// Heights in points: 20 is the 7 mm row of the printed paper; a seal is 42 mm across and takes the
/// rows about it.
const TITLE_HEIGHT: f64 = 30.0;
const ROW_HEIGHT: f64 = 20.0;
const LINE_HEIGHT: f64 = 14.5;
const SIGNATURE_HEIGHT: f64 = 28.0;
const SEAL_HEIGHT: f64 = 66.0;

/// The workbook's bytes. The same paper gives the same bytes: the document's date is fixed.
pub(super) fn workbook(paper: &Paper<'_>) -> Result<Vec<u8>, PublishError> {
    build(paper).map_err(|source| PublishError::Xlsx { paper: paper.title.clone(), source })
}

fn build(paper: &Paper<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let properties = DocProperties::new()
        .set_title(&paper.title)
        .set_author(&paper.centre)
        .set_company(&paper.institute)
        .set_status(paper.standing.notice().map_or("", |(word, _)| word))
        // Not the time of writing, which would make every file another one.
        .set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?);
    workbook.set_properties(&properties);
    let formats = Formats::new();
    let mut taken = BTreeSet::new();
    let mut bodies = Vec::with_capacity(paper.sections.len());
    for section in &paper.sections {
        let sheet = workbook.add_worksheet();
        sheet.set_name(free_name(&section.tab, &mut taken))?;
        bodies.push(Writer { paper, section, formats: &formats, sheet, row: 0 }.write()?);
    }
    body::filled(workbook.save_to_buffer()?, &bodies)
}

/// A worksheet's name: at most 31 units of UTF-16, without the characters that spreadsheets refuse,
/// and none that is taken (they don't tell capitals apart).
fn free_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    const MOST: usize = 31;
    let shortened = |text: &str, most: usize| {
        let mut units = 0;
        text.chars()
            .take_while(|c| {
                units += c.len_utf16();
                units <= most
            })
            .collect::<String>()
    };
    let allowed: String = wanted
        .chars()
        .map(|c| {
            if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') || c.is_control() {
                '_'
            } else {
                c
            }
        })
        .collect();
    let base = if allowed.trim().is_empty() { "名单".to_owned() } else { allowed };
    let mut name = shortened(&base, MOST);
    let mut number = 2u32;
    while name.eq_ignore_ascii_case("history") || !taken.insert(name.to_lowercase()) {
        let suffix = format!(" ({number})");
        name = shortened(&base, MOST - suffix.len()) + &suffix;
        number += 1;
    }
    name
}

struct Formats {
    draft: Format,
    title: Format,
    fact: Format,
    heading: Format,
    middle: Format,
    left: Format,
    text: Format,
    tenths: Format,
    hundredths: Format,
    totals: Format,
    signature: Format,
    seal: Format,
    date: Format,
}

impl Formats {
    /// Those of a table's cells, in the order of the pattern.
    fn pattern(&self) -> [&Format; STYLES] {
        let mut out = [&self.left; STYLES];
        out[body::MIDDLE] = &self.middle;
        out[body::TEXT] = &self.text;
        out[body::TENTHS] = &self.tenths;
        out[body::HUNDREDTHS] = &self.hundredths;
        out
    }

    fn new() -> Self {
        let plain =
            || Format::new().set_font_name("宋体").set_font_size(10.5).set_align(FormatAlign::VerticalCenter);
        let boxed = || plain().set_border(FormatBorder::Thin);
        let middle = || boxed().set_align(FormatAlign::Center);
        Self {
            draft: plain()
                .set_bold()
                .set_font_size(14.0)
                .set_font_color(Color::Red)
                .set_align(FormatAlign::Center),
            title: Format::new()
                .set_font_name("黑体")
                .set_font_size(18.0)
                .set_align(FormatAlign::VerticalCenter)
                .set_align(FormatAlign::Center),
            fact: plain().set_shrink(),
            heading: middle().set_bold().set_text_wrap().set_background_color(Color::RGB(0x00F2_F2F2)),
            middle: middle().set_text_wrap(),
            left: boxed().set_align(FormatAlign::Left).set_text_wrap(),
            // 49 and 2 are @ and 0.00 among the formats that every spreadsheet has.
            text: middle().set_num_format_index(49),
            tenths: middle().set_num_format("0.0"),
            hundredths: middle().set_num_format_index(2),
            totals: boxed().set_align(FormatAlign::Left).set_indent(1),
            signature: plain().set_align(FormatAlign::Bottom).set_shrink(),
            seal: plain().set_align(FormatAlign::Bottom).set_shrink(),
            date: plain(),
        }
    }
}

/// One worksheet, written from the top down.
struct Writer<'a, 's> {
    paper: &'a Paper<'a>,
    section: &'a Section<'a>,
    formats: &'s Formats,
    sheet: &'s mut Worksheet,
    row: u32,
}

impl<'a> Writer<'a, '_> {
    /// Everything but the rows of the table, for which there is a place.
    fn write(mut self) -> Result<Option<Body<'a>>, XlsxError> {
        let widths = widths(self.section);
        for (column, width) in (0u16..).zip(&widths) {
            self.sheet.set_column_width(column, *width)?;
        }
        self.page(&widths);
        self.head(&widths)?;
        let heading_row = self.row - 1;
        self.sheet.set_repeat_rows(0, heading_row)?;
        self.sheet.set_freeze_panes(self.row, 0)?;
        let first = self.row;
        self.table()?;
        for (column, kind) in (0u16..).zip(&self.section.columns) {
            if kind.is_digits_as_text() && self.row > first {
                self.sheet.ignore_error_range(
                    first,
                    column,
                    self.row - 1,
                    column,
                    IgnoreError::NumberStoredAsText,
                )?;
            }
        }
        if let Closing::Signed { totals } = &self.section.closing {
            self.closing(totals, &widths)?;
        }
        let section = self.section;
        Ok((!section.rows.is_empty()).then_some(Body { section, widths, first, last: self.row }))
    }

    /// Paper, margins, header and footer.
    fn page(&mut self, widths: &[f64]) {
        self.sheet.set_paper_size(A4);
        if widths.iter().sum::<f64>() > UPRIGHT_CHARS {
            self.sheet.set_landscape();
        }
        // Width on one page, as many pages as it takes. Margins in inches: 15 mm, and 18 for the lines
        // above and below.
        self.sheet.set_print_fit_to_pages(1, 0);
        self.sheet.set_print_center_horizontally(true);
        self.sheet.set_margins(0.59, 0.59, 0.71, 0.71, 0.35, 0.35);
        if let Some((word, _)) = self.paper.standing.notice() {
            self.sheet.set_header(format!("&C&14&KFF0000{word}"));
        }
        self.sheet.set_footer("&C第 &P 页　共 &N 页");
    }

    /// Title, heading block and the columns' headings: the rows that every printed page repeats.
    fn head(&mut self, widths: &[f64]) -> Result<(), XlsxError> {
        if let Some((_, notice)) = self.paper.standing.notice() {
            self.across(notice, &self.formats.draft, ROW_HEIGHT)?;
        }
        self.across(&self.section.title, &self.formats.title, TITLE_HEIGHT)?;
        for line in &self.section.facts {
            let shares: Vec<f64> = line.iter().map(|f| f64::from(f.share)).collect();
            let texts: Vec<_> = line.iter().map(|f| format!("{}：{}", f.label, f.value)).collect();
            self.spread(&texts, &shares, widths, &self.formats.fact, ROW_HEIGHT)?;
        }
        for (column, kind) in (0u16..).zip(&self.section.columns) {
            self.sheet.write_string_with_format(self.row, column, kind.heading(), &self.formats.heading)?;
        }
        self.next(ROW_HEIGHT + 4.0)
    }

    /// The pattern in the place of the rows.
    fn table(&mut self) -> Result<(), XlsxError> {
        if self.section.rows.is_empty() {
            return self.across(self.section.nothing, &self.formats.middle, ROW_HEIGHT);
        }
        for (column, format) in (0u16..).zip(self.formats.pattern()) {
            self.sheet.write_blank(self.row, column, format)?;
        }
        let count = u32::try_from(self.section.rows.len()).map_err(|_| XlsxError::RowColumnLimitError)?;
        self.row = self.row.checked_add(count).ok_or(XlsxError::RowColumnLimitError)?;
        Ok(())
    }

    /// Totals, places for signatures and seals.
    fn closing(&mut self, totals: &str, widths: &[f64]) -> Result<(), XlsxError> {
        self.across(totals, &self.formats.totals, ROW_HEIGHT + 4.0)?;
        for line in &self.paper.signatures {
            let texts: Vec<_> = line.iter().map(signature).collect();
            let shares: Vec<f64> = line.iter().map(|s| f64::from(s.share)).collect();
            self.spread(&texts, &shares, widths, &self.formats.signature, SIGNATURE_HEIGHT)?;
        }
        let seals = [
            format!("{}　{}", self.paper.institute, SEALS[0]),
            format!("{}　{}", self.paper.centre, SEALS[1]),
        ];
        self.spread(&seals, &[1.0, 1.0], widths, &self.formats.seal, SEAL_HEIGHT)?;
        self.spread(
            &[SEAL_DATE, SEAL_DATE].map(str::to_owned),
            &[1.0, 1.0],
            widths,
            &self.formats.date,
            ROW_HEIGHT,
        )
    }

    /// One text over all columns.
    fn across(&mut self, text: &str, format: &Format, height: f64) -> Result<(), XlsxError> {
        let last = last_column(self.section);
        self.sheet.merge_range(self.row, 0, self.row, last, text, format)?;
        self.next(height)
    }

    /// Several texts side by side, each over as many columns as come nearest to its share.
    fn spread(
        &mut self,
        texts: &[String],
        shares: &[f64],
        widths: &[f64],
        format: &Format,
        height: f64,
    ) -> Result<(), XlsxError> {
        for (text, (first, last)) in texts.iter().zip(spans(shares, widths)) {
            if first == last {
                self.sheet.write_string_with_format(self.row, first, text, format)?;
            } else {
                self.sheet.merge_range(self.row, first, self.row, last, text, format)?;
            }
        }
        self.next(height)
    }

    fn next(&mut self, height: f64) -> Result<(), XlsxError> {
        self.sheet.set_row_height(self.row, height)?;
        self.row += 1;
        Ok(())
    }
}

/// `制表人：张甲__________`, as many as there are names.
fn signature(signature: &Signature) -> String {
    if signature.names.is_empty() {
        return String::new();
    }
    let lines: Vec<_> = signature.names.iter().map(|name| format!("{name}__________")).collect();
    format!("{}：{}", signature.who, lines.join("　"))
}

fn last_column(section: &Section<'_>) -> u16 {
    u16::try_from(section.columns.len().saturating_sub(1)).unwrap_or(u16::MAX)
}

/// First and last column of each share of the sheet's width; each has at least one column as long as
/// there are any left.
fn spans(shares: &[f64], widths: &[f64]) -> Vec<(u16, u16)> {
    let (all, total): (f64, f64) = (shares.iter().sum(), widths.iter().sum());
    let mut spans = Vec::new();
    let (mut column, mut reached, mut goal) = (0usize, 0.0, 0.0);
    for (i, share) in shares.iter().enumerate() {
        let (first, after) = (column, shares.len() - i - 1);
        goal += share / all * total;
        while column < widths.len() {
            let is_last = i + 1 == shares.len();
            let nearer = (reached + widths[column] - goal).abs() < (goal - reached).abs();
            let spare = widths.len() - column > after;
            if !(is_last || column == first || (nearer && spare)) {
                break;
            }
            reached += widths[column];
            column += 1;
        }
        if column > first {
            let narrow = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            spans.push((narrow(first), narrow(column - 1)));
        }
    }
    spans
}

/// Width of a text in characters: Chinese ones count twice.
fn chars(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum()
}

/// Width of each column in characters: its longest text, within limits.
fn widths(section: &Section<'_>) -> Vec<f64> {
    let width = |(column, longest): (&Column, f64)| {
        // 1.9 mm a character of the body print.
        let (least, most) = column.limits_mm();
        let digits = if column.is_digits_as_text() { longest + 2.0 } else { 0.0 };
        (longest + 2.0).min(most / 1.9).max(least / 1.9).max(digits)
    };
    section.columns.iter().zip(section.longest(chars)).map(width).collect()
}

/// Height of a row whose longest text may run over several lines.
fn row_height(row: &Row, widths: &[f64]) -> f64 {
    let lines = row
        .cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| (chars(&cell.shown()) / (width - 1.0).max(1.0)).ceil())
        .fold(1.0, f64::max);
    // 409 points is the most that the format allows.
    (ROW_HEIGHT + (lines - 1.0) * LINE_HEIGHT).min(409.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_worksheets_are_legal_and_free() {
        let mut taken = BTreeSet::new();
        let mut name = |wanted: &str| free_name(wanted, &mut taken);
        assert_eq!(name("电工四级"), "电工四级");
        assert_eq!(name("电工四级"), "电工四级 (2)");
        assert_eq!(name("a/b:[c]*?\\'"), "a_b__c_____");
        assert_eq!(name(""), "名单");
        assert_eq!(name("History"), "History (2)");
        let long = "职".repeat(40);
        assert_eq!(name(&long).chars().count(), 31);
        assert_eq!(name(&long), format!("{} (2)", "职".repeat(27)));
        assert_eq!(name(&"𠮷".repeat(40)).chars().count(), 15);
    }

    #[test]
    fn spans_cover_every_column_once() {
        let widths = [5.0, 14.0, 10.0, 5.0, 20.0, 9.0, 9.0, 9.0, 20.0];
        for shares in [&[1.0, 1.0, 1.0][..], &[3.0, 1.0], &[0.66, 0.34], &[1.0]] {
            let spans = spans(shares, &widths);
            assert_eq!(spans.len(), shares.len());
            assert_eq!((spans[0].0, spans[spans.len() - 1].1), (0, 8));
            assert!(spans.windows(2).all(|w| w[0].1 + 1 == w[1].0), "{spans:?}");
        }
        assert_eq!(spans(&[1.0, 1.0, 1.0], &[5.0, 100.0, 100.0]), [(0, 0), (1, 1), (2, 2)]);
    }
}
