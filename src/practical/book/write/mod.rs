//! Writing score sheets for assessors to fill in.

mod candidate;
mod entry;
mod module;

use super::{COVER, SheetPer, label};
use crate::exam::{Assessment, Candidate, Column, Exam, Level, Module, WriteError};
use crate::practical::ScoreRow;
use crate::sheet::{AssessmentId, RoomId, TicketNumber};
use candidate::CandidateSheet;
use module::ModuleSheet;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, ProtectionOptions, Workbook,
    Worksheet, XlsxError,
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
    /// What each worksheet is for.
    pub per: SheetPer,
}

impl BookAsk<'_> {
    /// What stands over every sheet.
    fn title(&self) -> String {
        let part = self.scheme.1.part.name();
        format!("{} {}（{}）{part}评分表", self.exam.batch, self.occupation, self.level)
    }

    /// The line for the assessor's signature.
    fn signature(&self) -> String {
        let who = if self.assessor.is_empty() { "　　　　　　" } else { self.assessor };
        format!("考评员：{who}　　签名：　　　　　　　　　　日期：　　　　年　　月　　日")
    }
}

/// What a module is worth: 满分, 权重, and what overtime costs.
fn worth(module: &Module) -> String {
    let mut facts = format!("满分 {} 分，权重 {}%", module.full, module.weight);
    if let Some(overtime) = module.overtime {
        // Writing to a string can't fail.
        let _ = write!(facts, "；超时每分钟扣 {} 分，最多扣 {} 分", overtime.per_minute, overtime.most);
    }
    facts
}

/// What is entered in a candidate's row of a module, if anything.
type Entered<'a> = dyn Fn(&str, &TicketNumber) -> Option<ScoreRow> + 'a;

/// Cells that an assessor writes in.
const INPUT: Color = Color::RGB(0x00FF_F9E5);
/// Headings.
const HEADING: Color = Color::RGB(0x00E7_EEF7);

/// Columns of the cover from 0: labels, values, and (hidden) the words of drop-downs.
const VALUES: u16 = 1;
const LISTS: u16 = 5;

/// A workbook for one assessor: a worksheet a module or a candidate, with the candidates filled in, drop-downs, and protected cells except
/// where to write. The same input gives the same bytes.
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
    match ask.per {
        SheetPer::Module => {
            for (module, list) in ask.scheme.1.modules.iter().zip(lists) {
                let sheet = ModuleSheet { ask, module, styles: &styles };
                sheet.write(book.add_worksheet(), list.as_deref(), entered)?;
            }
        }
        SheetPer::Candidate => {
            for candidate in ask.candidates {
                let sheet = CandidateSheet { ask, candidate, styles: &styles };
                sheet.write(book.add_worksheet(), &lists, entered)?;
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

struct Styles {
    title: Format,
    plain: Format,
    heading: Format,
    text: Format,
    line: Format,
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
            line: cell().set_text_wrap(),
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
        (label::SHEETS, ask.per.words()),
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
    let (sheets, left) = match ask.per {
        SheetPer::Module => ("每个模块一张工作表", "未由本人评分的考生整行留空"),
        SheetPer::Candidate => ("每名考生一张工作表，内有各模块", "未由本人评分的考生或模块全部留空"),
    };
    let mut notes = vec![
        "填写说明".to_owned(),
        "1. 在本页“考评员”一格填写本人姓名；一人一册，独立评分。".to_owned(),
        format!("2. {sheets}：{}。", sums.join("、")),
        "3. 只填写浅黄色单元格；每名考生的各评分项都要给分，没有得分的填 0。".to_owned(),
        format!("4. 缺考或成绩无效的，只在“状态”栏选择，不给分；{left}。"),
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
