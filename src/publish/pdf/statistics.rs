//! 成绩统计 as pages: tables, and distributions drawn as vectors.

use super::super::error::PublishError;
use super::super::statistics::figures::{BIN, BINS, Figures, Group, Statistics};
use super::super::statistics::{NOTES, PART_HEADINGS, TITLE};
use super::canvas::{self, Canvas};
use super::table::{self, BODY};
use super::{BOTTOM, FACT_SIZE, HAIR, LEAST_SIZE, RULE, SIDE, TITLE_SIZE, TOP, UPRIGHT, settings};
use crate::exam::Exam;
use crate::layout::draw::{Colour, TextStyle, Typeface};
use krilla::Document;
use krilla::metadata::Metadata;

/// Columns that reach the pass line and those that don't: told apart in a gray photocopy too.
const REACHED: Colour = Colour(31, 95, 168);
const BELOW: Colour = Colour(176, 190, 206);

/// Heights in millimetres.
const HEAD_ROW: f64 = 8.0;
const ROW: f64 = 6.6;
const HEADING: f64 = 12.0;
const PLOTS: f64 = 58.0;
const NOTE: f64 = 5.0;

/// A table's headings and the widths of its columns, in shares of the page's width.
struct Table {
    headings: Vec<String>,
    shares: Vec<f64>,
}

/// What stands on a page, from the top down.
enum Block {
    Heading(&'static str),
    Head(usize),
    Row(usize, Vec<String>),
    /// Up to three distributions side by side, each with its title.
    Plots(Vec<(String, Figures)>),
    Note(String),
}

impl Block {
    fn height(&self) -> f64 {
        match self {
            Self::Heading(_) => HEADING,
            Self::Head(_) => HEAD_ROW,
            Self::Row(..) => ROW,
            Self::Plots(_) => PLOTS,
            Self::Note(_) => NOTE,
        }
    }
}

/// The document's bytes; `facts` stand below the title of the first page.
///
/// # Errors
///
/// [`PublishError::MissingGlyph`] or [`PublishError::Pdf`].
pub(in super::super) fn statistics(
    exam: &Exam,
    facts: &[String],
    found: &Statistics,
    draft: bool,
) -> Result<Vec<u8>, PublishError> {
    let typeface = Typeface::shipped();
    let (tables, blocks) = blocks(found, &typeface)?;
    let facts: Vec<String> =
        facts.iter().map(|fact| table::checked(&typeface, fact, "批次", TITLE)).collect::<Result<_, _>>()?;
    let first = TOP + 14.0 + 6.0 * facts.len() as f64;
    let pages = paged(blocks, first);
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {TITLE}", exam.batch))
            .authors(vec![exam.centre.clone()])
            .language("zh-CN".to_owned()),
    );
    let count = pages.len();
    for (number, blocks) in (1..).zip(&pages) {
        let mut page = document.start_page_with(settings(UPRIGHT));
        let mut surface = page.surface();
        let mut canvas = Canvas::new(&mut surface, &typeface);
        if draft {
            canvas.watermark("草稿", UPRIGHT.width, UPRIGHT.height);
        }
        let mut y = TOP;
        if number == 1 {
            let style = TextStyle::new(TITLE_SIZE).centred().middle().bold();
            canvas.text(UPRIGHT.width / 2.0, y + 6.0, TITLE, &style);
            y += 14.0;
            for fact in &facts {
                let style = TextStyle::new(FACT_SIZE).middle();
                canvas.within(SIDE, y + 2.0, UPRIGHT.inside(), fact, &style, LEAST_SIZE);
                y += 6.0;
            }
        }
        for block in blocks {
            draw(&mut canvas, &tables, block, y);
            y += block.height();
        }
        let style = TextStyle::new(BODY).centred().middle();
        let footer = format!("第 {number} 页　共 {count} 页");
        canvas.text(UPRIGHT.width / 2.0, UPRIGHT.height - BOTTOM / 2.0, &footer, &style);
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|source| PublishError::Pdf { paper: TITLE.to_owned(), source })
}

/// Which blocks stand on which page. A heading goes with what follows it, and a table that runs over has its headings again.
fn paged(blocks: Vec<Block>, first: f64) -> Vec<Vec<Block>> {
    let end = UPRIGHT.height - BOTTOM;
    let mut pages: Vec<Vec<Block>> = Vec::new();
    let (mut page, mut y) = (Vec::new(), first);
    let mut blocks = blocks.into_iter().peekable();
    while let Some(block) = blocks.next() {
        let with = match (&block, blocks.peek()) {
            (Block::Heading(_), Some(Block::Head(_))) => HEAD_ROW + 2.0 * ROW,
            (Block::Heading(_), Some(next)) => next.height(),
            (Block::Head(_), _) => ROW,
            _ => 0.0,
        };
        if y + block.height() + with > end && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            y = TOP;
            if let Block::Row(table, _) = &block {
                y += HEAD_ROW;
                page.push(Block::Head(*table));
            }
        }
        y += block.height();
        page.push(block);
    }
    pages.push(page);
    pages
}

fn blocks(found: &Statistics, typeface: &Typeface) -> Result<(Vec<Table>, Vec<Block>), PublishError> {
    let words = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let counts = ["报考", "实考", "缺考", "合格人数", "合格率"];
    let mut rates = words(&["职业（工种）", "等级"]);
    rates.extend(words(&counts));
    let mut rate_shares = vec![3.2, 1.4, 1.2, 1.2, 1.2, 1.5, 1.5];
    for grade in &found.grades {
        rates.push(table::checked(typeface, grade, "评定结果", TITLE)?);
        rate_shares.push(1.2);
    }
    let parts = words(&PART_HEADINGS);
    let mut rooms = words(&["考场"]);
    rooms.extend(words(&counts));
    rooms.extend(words(&["理论平均分", "实操平均分"]));
    let tables = vec![
        Table { headings: rates, shares: rate_shares },
        Table { headings: parts, shares: vec![2.6, 1.1, 1.5, 1.4, 1.4, 1.1, 1.1, 1.1, 1.4, 1.1, 1.4, 1.1] },
        Table { headings: rooms, shares: vec![1.6, 1.0, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5] },
    ];
    let named = |group: &Group| -> Result<Vec<String>, PublishError> {
        group.names.iter().map(|name| table::checked(typeface, name, "职业", TITLE)).collect()
    };
    let mut out = vec![Block::Heading("一、各职业（工种）各等级合格情况"), Block::Head(0)];
    for group in &found.occupations {
        let mut row = named(group)?;
        row.extend(counted(group));
        row.extend(group.grades.iter().map(ToString::to_string));
        out.push(Block::Row(0, row));
    }
    let mut row = vec!["合计".to_owned(), String::new()];
    row.extend(counted(&found.all));
    row.extend(found.all.grades.iter().map(ToString::to_string));
    out.push(Block::Row(0, row));
    out.extend([Block::Heading("二、各科成绩"), Block::Head(1)]);
    for group in &found.occupations {
        for part in &group.parts {
            let mut row = named(group)?;
            row.extend([part.name.to_owned(), part.scored.to_string()]);
            match &part.figures {
                Some(f) => {
                    row.push(f.reached.to_string());
                    let all = [f.mean, f.deviation, f.least, f.lower, f.median, f.upper, f.most];
                    row.extend(all.map(|p| p.to_string()));
                }
                None => row.extend((0..8).map(|_| "—".to_owned())),
            }
            out.push(Block::Row(1, row));
        }
    }
    let mut heading = Some(Block::Heading("三、分数分布（每柱 5 分，柱上为人数）"));
    for group in &found.occupations {
        let name = named(group)?.concat();
        let plots: Vec<(String, Figures)> = group
            .parts
            .iter()
            .filter_map(|part| {
                let figures = part.figures.clone()?;
                Some((format!("{name}　{}（{} 人）", part.name, part.scored), figures))
            })
            .collect();
        if !plots.is_empty() {
            out.extend(heading.take());
            out.push(Block::Plots(plots));
        }
    }
    let last = if heading.is_some() { "三、各考场" } else { "四、各考场" };
    out.extend([Block::Heading(last), Block::Head(2)]);
    for group in &found.rooms {
        let mut row = named(group)?;
        row.extend(counted(group));
        let mean = |at: usize| {
            let figures = group.parts.get(at).and_then(|part| part.figures.as_ref());
            figures.map_or_else(|| "—".to_owned(), |f| f.mean.to_string())
        };
        row.extend([mean(0), mean(1)]);
        out.push(Block::Row(2, row));
    }
    out.push(Block::Heading("说明"));
    for note in NOTES {
        let lines = typeface.wrap(note, BODY, UPRIGHT.inside());
        out.extend(lines.into_iter().map(Block::Note));
    }
    Ok((tables, out))
}

fn counted(group: &Group) -> Vec<String> {
    let tally = group.tally;
    let mut out: Vec<String> =
        [tally.entered, tally.sat, tally.absent, tally.passed].iter().map(ToString::to_string).collect();
    out.push(tally.pass_rate());
    out
}

fn draw(canvas: &mut Canvas<'_, '_>, tables: &[Table], block: &Block, y: f64) {
    let inside = UPRIGHT.inside();
    match block {
        Block::Heading(text) => {
            canvas.text(SIDE, y + 8.5, text, &TextStyle::new(FACT_SIZE + 1.0).bold());
        }
        Block::Head(at) => {
            canvas.line(SIDE, y, SIDE + inside, y, RULE);
            cells(canvas, &tables[*at], &tables[*at].headings, (y, HEAD_ROW), true);
        }
        Block::Row(at, row) => cells(canvas, &tables[*at], row, (y, ROW), false),
        Block::Plots(plots) => {
            let width = inside / plots.len().max(2) as f64;
            for (at, (title, figures)) in plots.iter().enumerate() {
                plot(canvas, SIDE + width * at as f64, y, width - 5.0, title, figures);
            }
        }
        Block::Note(line) => {
            canvas.text(SIDE, y + 3.0, line, &TextStyle::new(BODY).colour(canvas::GRAY));
        }
    }
}

fn cells(canvas: &mut Canvas<'_, '_>, table: &Table, texts: &[String], (y, height): (f64, f64), bold: bool) {
    let style = TextStyle::new(BODY).centred().middle();
    let style = if bold { style.bold() } else { style };
    let all: f64 = table.shares.iter().sum();
    let mut x = SIDE;
    canvas.line(x, y, x, y + height, RULE);
    for (at, share) in table.shares.iter().enumerate() {
        let width = UPRIGHT.inside() * share / all;
        let text = texts.get(at).map_or("", String::as_str);
        canvas.within(x + width / 2.0, y + height / 2.0, width - 1.4, text, &style, LEAST_SIZE - 1.5);
        x += width;
        let rule = if at + 1 == table.shares.len() { RULE } else { HAIR };
        canvas.line(x, y, x, y + height, rule);
    }
    canvas.line(SIDE, y + height, x, y + height, HAIR);
}

/// A distribution: a column for every five points, its count above it, and the pass line.
fn plot(canvas: &mut Canvas<'_, '_>, left: f64, top: f64, width: f64, title: &str, figures: &Figures) {
    let style = TextStyle::new(BODY).centred().middle().bold();
    canvas.within(left + width / 2.0, top + 3.0, width, title, &style, LEAST_SIZE);
    let (base, tall) = (top + PLOTS - 10.0, PLOTS - 24.0);
    let most = figures.bins.iter().copied().max().unwrap_or(1).max(1) as f64;
    let step = width / BINS as f64;
    let line = figures.line;
    let column = |bin: usize| {
        let high = tall * figures.bins[bin] as f64 / most;
        (left + step * bin as f64 + step * 0.08, base - high, step * 0.84, high)
    };
    // A column counts as reaching the line only if all of it does.
    let reaches = |bin: usize| i64::try_from(bin).is_ok_and(|bin| bin * BIN * 100 >= line.hundredths());
    for (colour, wanted) in [(BELOW, false), (REACHED, true)] {
        let bins = (0..BINS).filter(|bin| figures.bins[*bin] > 0 && reaches(*bin) == wanted);
        canvas.bars(colour, bins.map(column));
    }
    let small = TextStyle::new(LEAST_SIZE).centred();
    for bin in (0..BINS).filter(|bin| figures.bins[*bin] > 0) {
        let (x, y, wide, _) = column(bin);
        let count = figures.bins[bin].to_string();
        canvas.within(x + wide / 2.0, y - 0.8, step, &count, &small, LEAST_SIZE - 2.0);
    }
    canvas.line(left, base, left + width, base, HAIR * 1.5);
    for tick in 0..=10 {
        let x = left + width * f64::from(tick) / 10.0;
        canvas.line(x, base, x, base + 1.0, HAIR);
        canvas.text(x, base + 3.6, &(tick * 10).to_string(), &small);
    }
    let x = left + width * line.to_f64() / 100.0;
    let label = format!("合格线 {line}");
    canvas.bars(canvas::RED, std::iter::once((x - 0.12, top + 8.6, 0.24, base - top - 8.6)));
    canvas.text(x, top + 8.0, &label, &small.colour(canvas::RED));
    let facts = format!("平均 {}　中位 {}　标准差 {}", figures.mean, figures.median, figures.deviation);
    canvas.within(left + width / 2.0, base + 7.6, width, &facts, &TextStyle::new(8.0).centred(), LEAST_SIZE);
}
