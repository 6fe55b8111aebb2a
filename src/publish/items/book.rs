//! The workbook of the item statistics: figures as numbers, with as many digits as they have.

use super::{DEFINITIONS, ItemReport, SECRET, kind, right_options, words};
use crate::grade::stats::{ItemStatistic, ItemStatistics};
use crate::publish::PublishError;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

/// Formats that both workbooks use.
pub(super) struct Formats {
    pub(super) title: Format,
    pub(super) secret: Format,
    pub(super) heading: Format,
    pub(super) text: Format,
    pub(super) number: Format,
    pub(super) percent: Format,
    pub(super) whole: Format,
    pub(super) small: Format,
}

impl Formats {
    pub(super) fn new() -> Self {
        let plain =
            || Format::new().set_font_name("宋体").set_font_size(10.5).set_align(FormatAlign::VerticalCenter);
        let boxed = || plain().set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x00D8_DEE6));
        Self {
            title: plain().set_bold().set_font_name("黑体").set_font_size(14),
            secret: plain().set_font_color(Color::RGB(0x00B3_261E)),
            heading: boxed()
                .set_bold()
                .set_background_color(Color::RGB(0x00EA_F2FB))
                .set_align(FormatAlign::Center)
                .set_text_wrap(),
            text: boxed().set_text_wrap(),
            number: boxed().set_num_format("0.00"),
            percent: boxed().set_num_format("0.0%"),
            whole: boxed(),
            small: boxed().set_num_format("0.0E+00"),
        }
    }
}

/// A workbook without a time of its own, so that the same figures give the same bytes.
pub(super) fn book(title: &str) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let date = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&date));
    Ok(book)
}

/// Title, facts and warning in the first three rows.
pub(super) fn head(
    sheet: &mut Worksheet,
    formats: &Formats,
    kind: &str,
    report: &ItemReport<'_>,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, 0, format!("{kind}：{}", report.title), &formats.title)?;
    let facts = format!(
        "{}　试卷 {}　试卷类型 {}　标准答案第 {} 版",
        report.batch, report.paper, report.form, report.key_revision
    );
    sheet.write_string(1, 0, facts)?;
    sheet.write_string_with_format(2, 0, SECRET, &formats.secret)?;
    Ok(())
}

/// Headings with their widths in characters.
pub(super) fn headings(
    sheet: &mut Worksheet,
    row: u32,
    columns: &[(&str, f64)],
    formats: &Formats,
) -> Result<(), XlsxError> {
    for ((name, width), column) in columns.iter().zip(0..) {
        sheet.set_column_width(column, *width)?;
        sheet.write_string_with_format(row, column, *name, &formats.heading)?;
    }
    Ok(())
}

pub(super) fn workbook(
    report: &ItemReport<'_>,
    statistics: &ItemStatistics,
) -> Result<Vec<u8>, PublishError> {
    build(report, statistics).map_err(|source| PublishError::Xlsx { paper: report.title.to_owned(), source })
}

fn build(report: &ItemReport<'_>, statistics: &ItemStatistics) -> Result<Vec<u8>, XlsxError> {
    let mut book = book(&format!("试题分析 {}", report.title))?;
    let formats = Formats::new();
    items(book.add_worksheet(), report, statistics, &formats)?;
    options(book.add_worksheet(), statistics, &formats)?;
    whole(book.add_worksheet(), report, statistics, &formats)?;
    book.save_to_buffer()
}

/// First row of a table below [`head`], from 0.
pub(super) const TABLE: u32 = 4;

fn items(
    sheet: &mut Worksheet,
    report: &ItemReport<'_>,
    statistics: &ItemStatistics,
    formats: &Formats,
) -> Result<(), XlsxError> {
    sheet.set_name("各题")?;
    head(sheet, formats, "试题分析", report)?;
    let columns = [
        ("题号", 6.0),
        ("题型", 6.0),
        ("答案", 8.0),
        ("分值", 7.0),
        ("答对", 7.0),
        ("部分对", 7.0),
        ("难度 p", 8.0),
        ("得分率", 8.0),
        ("区分度 r", 9.0),
        ("D", 7.0),
        ("删后 α", 8.0),
        ("空白率", 8.0),
        ("多填率", 8.0),
        ("可疑之处", 44.0),
    ];
    headings(sheet, TABLE, &columns, formats)?;
    sheet.set_freeze_panes(TABLE + 1, 1)?;
    let sheets = statistics.sheets as f64;
    for (row, item) in (TABLE + 1..).zip(&statistics.items) {
        let share = |count: usize| (sheets > 0.0).then(|| count as f64 / sheets);
        sheet.write_number_with_format(row, 0, f64::from(item.number), &formats.whole)?;
        sheet.write_string_with_format(row, 1, kind(item), &formats.text)?;
        let right = if item.void { "作废".to_owned() } else { right_options(item) };
        sheet.write_string_with_format(row, 2, right, &formats.text)?;
        let figures = [
            (Some(item.worth), &formats.number),
            (Some(item.right as f64), &formats.whole),
            (Some(item.partial as f64), &formats.whole),
            (Some(item.p), &formats.number),
            (Some(item.mean_share), &formats.number),
            (item.point_biserial, &formats.number),
            (item.discrimination, &formats.number),
            (item.alpha_without, &formats.number),
        ];
        for ((value, format), column) in figures.into_iter().zip(3..) {
            write(sheet, row, column, value.filter(|_| !item.void), format)?;
        }
        write(sheet, row, 11, share(item.blank), &formats.percent)?;
        write(sheet, row, 12, share(item.multiple), &formats.percent)?;
        let reasons: Vec<_> = item.suspicions.iter().map(|&s| words(s)).collect();
        sheet.write_string_with_format(row, 13, reasons.join("；"), &formats.text)?;
    }
    sheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(TABLE, TABLE)?;
    Ok(())
}

/// A number, or an empty cell where there is none.
pub(super) fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: Option<f64>,
    format: &Format,
) -> Result<(), XlsxError> {
    match value.filter(|value| value.is_finite()) {
        Some(value) => sheet.write_number_with_format(row, column, value, format)?,
        None => sheet.write_blank(row, column, format)?,
    };
    Ok(())
}

fn options(sheet: &mut Worksheet, statistics: &ItemStatistics, formats: &Formats) -> Result<(), XlsxError> {
    sheet.set_name("各选项")?;
    let columns = [
        ("题号", 6.0),
        ("选项", 6.0),
        ("正确", 6.0),
        ("全体", 9.0),
        ("高分组", 9.0),
        ("低分组", 9.0),
        ("高−低", 9.0),
    ];
    headings(sheet, 0, &columns, formats)?;
    sheet.set_freeze_panes(1, 0)?;
    let all = statistics.items.iter().flat_map(|item| item.options.iter().map(move |option| (item, option)));
    let groups = statistics.groups.is_some();
    for (row, (item, option)) in (1..).zip(all) {
        let of = |item: &ItemStatistic| f64::from(item.number);
        sheet.write_number_with_format(row, 0, of(item), &formats.whole)?;
        sheet.write_string_with_format(row, 1, option.letter.to_string(), &formats.text)?;
        sheet.write_string_with_format(row, 2, if option.right { "✓" } else { "" }, &formats.text)?;
        write(sheet, row, 3, Some(option.all), &formats.percent)?;
        for (column, value) in [(4, option.high), (5, option.low), (6, option.high - option.low)] {
            write(sheet, row, column, groups.then_some(value), &formats.percent)?;
        }
    }
    sheet.set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

fn whole(
    sheet: &mut Worksheet,
    report: &ItemReport<'_>,
    statistics: &ItemStatistics,
    formats: &Formats,
) -> Result<(), XlsxError> {
    sheet.set_name("全卷")?;
    sheet.set_column_width(0, 16)?;
    sheet.set_column_width(1, 90)?;
    head(sheet, formats, "试题分析", report)?;
    let groups = statistics.groups;
    let figures = [
        ("答卷份数", Some(statistics.sheets as f64)),
        ("满分", Some(statistics.out_of)),
        ("平均分", Some(statistics.mean)),
        ("标准差", Some(statistics.deviation)),
        ("最低分", statistics.sums.first().copied()),
        ("最高分", statistics.sums.last().copied()),
        ("KR-20", statistics.kr20),
        ("α", statistics.alpha),
        ("标准误", statistics.standard_error()),
        ("高分组份数", groups.map(|g| g.high as f64)),
        ("高分组下限", groups.map(|g| g.high_limit)),
        ("低分组份数", groups.map(|g| g.low as f64)),
        ("低分组上限", groups.map(|g| g.low_limit)),
    ];
    let left = formats.number.clone().set_align(FormatAlign::Left).set_num_format("0.##");
    let mut row = TABLE;
    for (name, value) in figures {
        sheet.write_string_with_format(row, 0, name, &formats.heading)?;
        write(sheet, row, 1, value, &left)?;
        row += 1;
    }
    row += 1;
    for (name, meaning) in DEFINITIONS {
        sheet.write_string_with_format(row, 0, name, &formats.heading)?;
        sheet.write_string_with_format(row, 1, meaning, &formats.text)?;
        row += 1;
    }
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    Ok(())
}
