//! The statistics as a workbook: figures as numbers, to reckon on with.

use super::figures::{BIN, BINS, Group, Statistics};
use super::{NOTES, PART_HEADINGS, rate};
use crate::sheet::Points;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

/// What stands in a cell.
enum Value {
    Text(String),
    Count(f64),
    Points(Points),
    Rate(f64),
    Nothing,
}

struct Formats {
    title: Format,
    heading: Format,
    text: Format,
    count: Format,
    points: Format,
    rate: Format,
}

impl Formats {
    fn new() -> Self {
        let plain =
            || Format::new().set_font_name("宋体").set_font_size(10.5).set_align(FormatAlign::VerticalCenter);
        let boxed = || plain().set_border(FormatBorder::Thin).set_align(FormatAlign::Center);
        Self {
            title: plain().set_bold().set_font_name("黑体").set_font_size(14),
            heading: boxed().set_bold().set_text_wrap(),
            // 49 and 2 are @ and 0.00 among the formats that every spreadsheet has.
            text: boxed().set_num_format_index(49),
            count: boxed(),
            points: boxed().set_num_format_index(2),
            rate: boxed().set_num_format("0.0%"),
        }
    }
}

pub(super) fn workbook(title: &str, facts: &[String], found: &Statistics) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // Not the time of writing, which would make every file another one.
    let date = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&date));
    let formats = Formats::new();
    let counts = ["报考", "实考", "缺考", "合格人数", "合格率"].map(str::to_owned);

    let mut headings = vec!["职业（工种）".to_owned(), "等级".to_owned()];
    headings.extend(counts.iter().cloned());
    headings.extend(found.grades.iter().map(|g| format!("评定：{g}")));
    let mut rows: Vec<Vec<Value>> = found.occupations.iter().map(|g| counted(g, true)).collect();
    let mut all = counted(&found.all, true);
    all.insert(1, Value::Nothing);
    rows.push(all);
    let sheet = book.add_worksheet().set_name("合格率")?;
    let end = table(sheet, title, facts, &headings, &rows, &formats)?;
    for (row, note) in (end + 1..).zip(NOTES) {
        sheet.write_string(row, 0, note)?;
    }

    let headings = PART_HEADINGS.map(str::to_owned);
    let rows: Vec<Vec<Value>> = found.occupations.iter().flat_map(parts).collect();
    table(book.add_worksheet().set_name("各科成绩")?, title, facts, &headings, &rows, &formats)?;

    let mut headings = vec!["考场".to_owned()];
    headings.extend(counts);
    let rows: Vec<Vec<Value>> = found.rooms.iter().map(|g| counted(g, false)).collect();
    table(book.add_worksheet().set_name("各考场")?, title, facts, &headings, &rows, &formats)?;

    let mut headings = ["职业（工种）", "等级", "科目"].map(str::to_owned).to_vec();
    headings.extend((0i64..).take(BINS).map(|bin| {
        let (from, to) = (bin * BIN, (bin + 1) * BIN);
        // Full marks stand in the last.
        let end = if to == 100 { "]" } else { ")" };
        format!("[{from},{to}{end}")
    }));
    let rows: Vec<Vec<Value>> = found.occupations.iter().flat_map(distribution).collect();
    table(book.add_worksheet().set_name("分数分布")?, title, facts, &headings, &rows, &formats)?;
    book.save_to_buffer()
}

fn names(group: &Group) -> Vec<Value> {
    group.names.iter().map(|name| Value::Text(name.clone())).collect()
}

fn counted(group: &Group, with_grades: bool) -> Vec<Value> {
    let tally = group.tally;
    let mut row = names(group);
    row.extend([tally.entered, tally.sat, tally.absent, tally.passed].map(|n| Value::Count(f64::from(n))));
    row.push(rate(tally).map_or(Value::Nothing, Value::Rate));
    if with_grades {
        row.extend(group.grades.iter().map(|n| Value::Count(f64::from(*n))));
    }
    row
}

fn parts(group: &Group) -> Vec<Vec<Value>> {
    let row = |part: &super::figures::PartFigures| {
        let mut row = names(group);
        row.push(Value::Text(part.name.to_owned()));
        row.push(Value::Count(part.scored as f64));
        match &part.figures {
            Some(f) => {
                row.push(Value::Count(f.reached as f64));
                row.extend(
                    [f.mean, f.deviation, f.least, f.lower, f.median, f.upper, f.most].map(Value::Points),
                );
            }
            None => row.extend((0..8).map(|_| Value::Nothing)),
        }
        row
    };
    group.parts.iter().map(row).collect()
}

fn distribution(group: &Group) -> Vec<Vec<Value>> {
    let row = |part: &super::figures::PartFigures| {
        let mut row = names(group);
        row.push(Value::Text(part.name.to_owned()));
        match &part.figures {
            Some(f) => row.extend(f.bins.iter().map(|n| Value::Count(*n as f64))),
            None => row.extend((0..BINS).map(|_| Value::Nothing)),
        }
        row
    };
    group.parts.iter().map(row).collect()
}

/// Title, facts, headings and rows; gives back the row behind them.
fn table(
    sheet: &mut Worksheet,
    title: &str,
    facts: &[String],
    headings: &[String],
    rows: &[Vec<Value>],
    formats: &Formats,
) -> Result<u32, XlsxError> {
    sheet.write_string_with_format(0, 0, title, &formats.title)?;
    let mut row = 1;
    for fact in facts {
        sheet.write_string(row, 0, fact)?;
        row += 1;
    }
    for (column, heading) in (0u16..).zip(headings) {
        let wide = |text: &str| text.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>();
        let longest = rows.iter().filter_map(|r| match r.get(usize::from(column)) {
            Some(Value::Text(text)) => Some(wide(text)),
            _ => None,
        });
        sheet.set_column_width(column, longest.fold(wide(heading), f64::max).clamp(7.0, 40.0) + 2.0)?;
        sheet.write_string_with_format(row, column, heading, &formats.heading)?;
    }
    sheet.set_freeze_panes(row + 1, 0)?.set_repeat_rows(0, row)?;
    for cells in rows {
        row += 1;
        for (column, cell) in (0u16..).zip(cells) {
            match cell {
                Value::Text(text) => sheet.write_string_with_format(row, column, text, &formats.text)?,
                Value::Count(n) => sheet.write_number_with_format(row, column, *n, &formats.count)?,
                Value::Points(p) => {
                    sheet.write_number_with_format(row, column, p.to_f64(), &formats.points)?
                }
                Value::Rate(r) => sheet.write_number_with_format(row, column, *r, &formats.rate)?,
                Value::Nothing => sheet.write_blank(row, column, &formats.text)?,
            };
        }
    }
    sheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_footer("&C第 &P 页　共 &N 页");
    Ok(row + 1)
}
