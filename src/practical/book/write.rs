//! Writing score sheets for assessors to fill in.

use super::{COVER, FULL, MINUTES, column, label};
use crate::exam::{Assessment, Candidate, Column, Exam, Level, Module, WriteError};
use crate::practical::{RowStatus, ScoreRow};
use crate::sheet::{AssessmentId, RoomId, TicketNumber};
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationRule, DocProperties, ExcelDateTime, Format, FormatAlign,
    FormatBorder, Formula, ProtectionOptions, Workbook, Worksheet, XlsxError,
};
use std::fmt::Write as _;

/// What score sheets are asked for.
#[derive(Debug, Clone, Copy)]
pub struct BookAsk<'a> {
    /// The exam.
    pub exam: &'a Exam,
    /// The scheme and its id.
    pub scheme: (&'a AssessmentId, &'a Assessment),
    /// The occupation, as the roster writes it.
    pub occupation: &'a str,
    /// The level.
    pub level: Level,
    /// The room, if the candidates are of one.
    pub room: Option<&'a RoomId>,
    /// The assessor; empty if the name is still to be written.
    pub assessor: &'a str,
    /// Whom to score, in order.
    pub candidates: &'a [&'a Candidate],
}

/// What is entered in a candidate's row of a module, if anything.
type Entered<'a> = dyn Fn(&str, &TicketNumber) -> Option<ScoreRow> + 'a;

/// Cells that an assessor writes in.
const INPUT: Color = Color::RGB(0x00FF_F9E5);
/// Headings.
const HEADING: Color = Color::RGB(0x00E7_EEF7);

/// Rows of a module's sheet from 0: title, facts, headings, maxima, then candidates.
const HEADINGS: u32 = 3;
const MAXIMA: u32 = 4;
const FIRST: u32 = 5;

/// Columns of the cover from 0: labels, values, and (hidden) the words of drop-downs.
const VALUES: u16 = 1;
const LISTS: u16 = 5;

/// Height of the heading row in points: three lines of an item's name.
const HEADING_HEIGHT: f64 = 48.0;

/// A workbook for one assessor: a worksheet a module with the candidates filled in, drop-downs, and protected cells except where to
/// write. The same input gives the same bytes.
///
/// # Errors
///
/// [`WriteError`] for text or a table beyond what a worksheet holds.
pub fn blank_book(ask: &BookAsk<'_>) -> Result<Vec<u8>, WriteError> {
    filled_book(ask, &|_, _| None)
}

/// As [`blank_book`], with what `entered` gives for a module and a candidate already written in.
///
/// # Errors
///
/// As [`blank_book`].
pub fn filled_book(ask: &BookAsk<'_>, entered: &Entered<'_>) -> Result<Vec<u8>, WriteError> {
    let mut book = Workbook::new();
    // A date of its own would make every file different.
    let date = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&date));
    let styles = Styles::new();
    let lists = cover(book.add_worksheet(), ask, &styles)?;
    for (module, list) in ask.scheme.1.modules.iter().zip(lists) {
        Sheet { ask, module, styles: &styles }.write(book.add_worksheet(), list, entered)?;
    }
    Ok(book.save_to_buffer()?)
}

struct Styles {
    title: Format,
    plain: Format,
    heading: Format,
    text: Format,
    locked: Format,
    input: Format,
    words: Format,
}

impl Styles {
    fn new() -> Self {
        let base = || Format::new().set_font_name("宋体").set_font_size(11);
        let cell = || base().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        let middle = || cell().set_align(FormatAlign::Center);
        Self {
            title: base().set_font_size(14).set_bold(),
            plain: base(),
            heading: middle().set_bold().set_text_wrap().set_background_color(HEADING),
            text: cell().set_num_format("@"),
            locked: middle(),
            input: middle().set_unlocked().set_background_color(INPUT),
            words: middle().set_unlocked().set_background_color(INPUT).set_num_format("@").set_text_wrap(),
        }
    }
}

fn protect(sheet: &mut Worksheet) {
    sheet.protect_with_options(&ProtectionOptions {
        format_columns: true,
        format_rows: true,
        ..ProtectionOptions::default()
    });
}

/// Writes the cover; gives where the vetoes of each module are listed, if it has any.
fn cover(
    sheet: &mut Worksheet,
    ask: &BookAsk<'_>,
    styles: &Styles,
) -> Result<Vec<Option<String>>, XlsxError> {
    let (id, scheme) = ask.scheme;
    sheet.set_name(COVER)?;
    sheet.set_column_width(0, 14)?.set_column_width(VALUES, 44)?;
    sheet.write_string_with_format(0, 0, format!("{}评分表", scheme.part.name()), &styles.title)?;
    let room = ask.room.map(ToString::to_string).unwrap_or_default();
    let facts = [
        (label::BATCH, ask.exam.batch.as_str()),
        (label::DATE, &ask.exam.date),
        (label::PART, scheme.part.name()),
        (label::OCCUPATION, ask.occupation),
        (label::LEVEL, ask.level.word()),
        (label::ROOM, &room),
        (label::SCHEME, id.as_str()),
    ];
    let mut row = 2;
    for (label, value) in facts {
        sheet.write_string_with_format(row, 0, label, &styles.heading)?;
        sheet.write_string_with_format(row, VALUES, value, &styles.text)?;
        row += 1;
    }
    sheet.write_string_with_format(row, 0, label::ASSESSOR, &styles.heading)?;
    sheet.write_string_with_format(row, VALUES, ask.assessor, &styles.words)?;
    row += 2;
    let sums: Vec<String> =
        scheme.modules.iter().map(|m| format!("{}（{} 分，{}%）", m.name, m.full, m.weight)).collect();
    let mut notes = vec![
        "填写说明".to_owned(),
        "1. 在本页“考评员”一格填写本人姓名；一人一册，独立评分。".to_owned(),
        format!("2. 每个模块一张工作表：{}。", sums.join("、")),
        "3. 只填写浅黄色单元格；每名考生的各评分项都要给分，没有得分的填 0。".to_owned(),
        "4. 缺考或成绩无效的，只在“状态”栏选择，不给分；未由本人评分的考生整行留空。".to_owned(),
    ];
    if scheme.modules.iter().any(|m| m.overtime.is_some()) {
        notes.push("5. 超时不足一分钟的按一分钟填写，扣分由系统计算，不要自行扣除。".to_owned());
    }
    notes.push("填写完毕后保存为 xlsx 文件，打印签名，电子文件交鉴定所。".to_owned());
    for note in notes {
        sheet.write_string_with_format(row, 0, note, &styles.plain)?;
        row += 1;
    }
    let mut lists = Vec::new();
    let mut at = 0;
    for module in &scheme.modules {
        let first = at + 1;
        for veto in &module.vetoes {
            sheet.write_string(at, LISTS, veto)?;
            at += 1;
        }
        let letter = Column::letter(usize::from(LISTS));
        lists.push((at >= first).then(|| format!("={COVER}!${letter}${first}:${letter}${at}")));
    }
    sheet.set_column_hidden(LISTS)?;
    sheet.set_paper_size(9).set_print_fit_to_pages(1, 0);
    protect(sheet);
    Ok(lists)
}

/// A module's sheet while it is written.
struct Sheet<'a> {
    ask: &'a BookAsk<'a>,
    module: &'a Module,
    styles: &'a Styles,
}

/// Columns from 0.
struct Places {
    sum: u16,
    overtime: Option<u16>,
    veto: Option<u16>,
    status: u16,
}

/// The first item's column.
const ITEMS: u16 = 3;

impl Sheet<'_> {
    fn places(&self) -> Places {
        let sum = ITEMS + u16::try_from(self.module.items.len()).unwrap_or(u16::MAX - ITEMS - 3);
        let mut next = sum + 1;
        let mut place = |there: bool| {
            let at = there.then_some(next);
            next += u16::from(there);
            at
        };
        let overtime = place(self.module.overtime.is_some());
        let veto = place(!self.module.vetoes.is_empty());
        Places { sum, overtime, veto, status: next }
    }

    fn write(
        &self,
        sheet: &mut Worksheet,
        vetoes: Option<String>,
        entered: &Entered<'_>,
    ) -> Result<(), XlsxError> {
        let Self { ask, module, styles } = self;
        let places = self.places();
        sheet.set_name(&module.name)?;
        let title = format!(
            "{} {}（{}）{}评分表　{}",
            ask.exam.batch,
            ask.occupation,
            ask.level,
            ask.scheme.1.part.name(),
            module.name
        );
        sheet.write_string_with_format(0, 0, &title, &styles.title)?;
        let mut facts = format!("满分 {} 分，权重 {}%", module.full, module.weight);
        if let Some(overtime) = module.overtime {
            // Writing to a string can't fail.
            let _ = write!(facts, "；超时每分钟扣 {} 分，最多扣 {} 分", overtime.per_minute, overtime.most);
        }
        if let Some(room) = ask.room {
            facts.push_str("；考场 ");
            facts.push_str(room.as_str());
        }
        sheet.write_string_with_format(1, 0, facts, &styles.plain)?;
        self.headings(sheet, &places)?;
        let count = u32::try_from(ask.candidates.len()).unwrap_or(u32::MAX);
        for (row, (serial, candidate)) in (FIRST..).zip((1u32..).zip(ask.candidates)) {
            sheet.write_number_with_format(row, 0, serial, &styles.locked)?;
            sheet.write_string_with_format(row, 1, candidate.ticket.as_str(), &styles.text)?;
            sheet.write_string_with_format(row, 2, &candidate.name, &styles.text)?;
            self.row(sheet, row, &places, entered(&module.name, &candidate.ticket).as_ref())?;
        }
        if count > 0 {
            self.validate(sheet, &places, (FIRST, FIRST + count - 1), vetoes)?;
        }
        let signed = FIRST + count + 1;
        let line = format!(
            "考评员：{}　　签名：　　　　　　　　　　日期：　　　　年　　月　　日",
            if ask.assessor.is_empty() { "　　　　　　" } else { ask.assessor }
        );
        sheet.write_string_with_format(signed, 0, line, &styles.plain)?;
        sheet.set_freeze_panes(FIRST, ITEMS)?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, MAXIMA)?;
        sheet.set_footer("&L&A&C第 &P 页 共 &N 页");
        sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
        protect(sheet);
        Ok(())
    }

    fn headings(&self, sheet: &mut Worksheet, places: &Places) -> Result<(), XlsxError> {
        let styles = self.styles;
        sheet.set_row_height(HEADINGS, HEADING_HEIGHT)?;
        let mut head = |at: u16, text: &str, full: &str, width: u16| -> Result<(), XlsxError> {
            sheet.set_column_width(at, width)?;
            sheet.write_string_with_format(HEADINGS, at, text, &styles.heading)?;
            match full.parse::<f64>() {
                Ok(full) => sheet.write_number_with_format(MAXIMA, at, full, &styles.heading)?,
                Err(_) => sheet.write_string_with_format(MAXIMA, at, full, &styles.heading)?,
            };
            Ok(())
        };
        head(0, column::SERIAL, "", 6)?;
        head(1, column::TICKET, FULL, 24)?;
        head(2, column::NAME, "", 14)?;
        for (at, item) in (ITEMS..).zip(&self.module.items) {
            head(at, &item.name, &item.points.to_string(), 11)?;
        }
        head(places.sum, column::SUM, &self.module.full.to_string(), 9)?;
        if let Some(at) = places.overtime {
            head(at, column::OVERTIME, "", 9)?;
        }
        if let Some(at) = places.veto {
            head(at, column::VETO, "", 24)?;
        }
        head(places.status, column::STATUS, "", 9)
    }

    fn row(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        places: &Places,
        entered: Option<&ScoreRow>,
    ) -> Result<(), XlsxError> {
        let (input, words) = (&self.styles.input, &self.styles.words);
        let scored = entered.filter(|entered| entered.status == RowStatus::Scored);
        for (at, item) in (ITEMS..).zip(&self.module.items) {
            match scored.and_then(|entered| entered.items.get(&item.name)) {
                Some(points) => sheet.write_number_with_format(row, at, points.to_f64(), input)?,
                None => sheet.write_blank(row, at, input)?,
            };
        }
        let letter = |at: u16| Column::letter(usize::from(at));
        let range = format!("{}{}:{}{}", letter(ITEMS), row + 1, letter(places.sum - 1), row + 1);
        let sum = scored.map(|entered| entered.items.values().copied().sum::<crate::sheet::Points>());
        // An empty result would be written as 0; a space is read back as nothing.
        let shown = sum.map_or_else(|| " ".to_owned(), |sum| sum.to_f64().to_string());
        let formula = Formula::new(format!("=IF(COUNT({range})=0,\"\",SUM({range}))")).set_result(shown);
        sheet.write_formula_with_format(row, places.sum, formula, &self.styles.locked)?;
        if let Some(at) = places.overtime {
            match entered.map(|entered| entered.overtime).filter(|minutes| *minutes > 0) {
                Some(minutes) => sheet.write_number_with_format(row, at, minutes, input)?,
                None => sheet.write_blank(row, at, input)?,
            };
        }
        if let Some(at) = places.veto {
            match entered.and_then(|entered| entered.veto.as_ref()) {
                Some(veto) => sheet.write_string_with_format(row, at, veto, words)?,
                None => sheet.write_blank(row, at, words)?,
            };
        }
        match entered.map(|entered| entered.status).filter(|status| *status != RowStatus::Scored) {
            Some(status) => sheet.write_string_with_format(row, places.status, status.word(), words)?,
            None => sheet.write_blank(row, places.status, words)?,
        };
        Ok(())
    }

    fn validate(
        &self,
        sheet: &mut Worksheet,
        places: &Places,
        (first, last): (u32, u32),
        vetoes: Option<String>,
    ) -> Result<(), XlsxError> {
        for (at, item) in (ITEMS..).zip(&self.module.items) {
            let rule = DataValidationRule::Between(0.0, item.points.to_f64());
            let validation = DataValidation::new()
                .allow_decimal_number(rule)
                .set_error_title("分数超出范围")?
                .set_error_message(format!("请填写 0 至 {} 之间的分数。", item.points))?;
            sheet.add_data_validation(first, at, last, at, &validation)?;
        }
        if let Some(at) = places.overtime {
            let validation = DataValidation::new()
                .allow_whole_number(DataValidationRule::Between(0, i32::from(MINUTES)))
                .set_error_title("超时分钟")?
                .set_error_message(format!("请填写 0 至 {MINUTES} 之间的整数分钟。"))?;
            sheet.add_data_validation(first, at, last, at, &validation)?;
        }
        if let (Some(at), Some(list)) = (places.veto, vetoes) {
            let validation = DataValidation::new()
                .allow_list_formula(Formula::new(list))
                .set_error_title("否定项")?
                .set_error_message("请从下拉列表中选择。")?;
            sheet.add_data_validation(first, at, last, at, &validation)?;
        }
        let words = RowStatus::ALL.map(RowStatus::word);
        let validation = DataValidation::new()
            .allow_list_strings(&words)?
            .set_error_title("状态")?
            .set_error_message("请从下拉列表中选择正常、缺考或无效。")?;
        sheet.add_data_validation(first, places.status, last, places.status, &validation)?;
        Ok(())
    }
}
