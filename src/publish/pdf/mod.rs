//! A paper as pages to print.

mod canvas;
mod seal;
mod slip;
mod slips;
mod statistics;
mod table;

use super::error::PublishError;
use super::paper::{Closing, Paper, SEAL_DATE, SEALS, Section};
use super::seal::{PageFacts, SEAL_SIGNATURE};
use crate::layout::draw::{PT_PER_MM, TextStyle, Typeface};
pub(super) use slip::{head_slip, recheck_slip};
pub(super) use slips::slips;
pub(super) use statistics::statistics;

use canvas::Canvas;
use krilla::Document;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use rayon::prelude::*;
use std::ops::Range;
use table::{BODY, Fit, Laid, PAD, ROW};

/// Margins of the page in millimetres. Sides: office printers leave 5, a binder's holes take 12. Below the
/// lower one stands the page number.
const SIDE: f64 = 15.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 17.0;

/// Heights in millimetres of the title, of a line of the heading block and of the columns' headings.
const TITLE: f64 = 12.0;
const FACT: f64 = 6.0;
const HEADING: f64 = 8.0;

/// Heights in millimetres of a line of signatures and of the place for seals: a seal is 42 mm across and is set
/// over the name and the date.
const SIGNATURE: f64 = 10.5;
const SEAL: f64 = 38.0;

/// Sizes of print in points: title (小二), heading block (五号).
const TITLE_SIZE: f64 = 18.0;
const FACT_SIZE: f64 = 10.5;

/// The least size of print in points.
const LEAST_SIZE: f64 = 6.0;

/// Thickness of rules in millimetres: within the table, and around it and under the page's signatures.
const HAIR: f64 = 0.12;
const RULE: f64 = 0.25;

/// The page, upright or lying.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Format {
    width: f64,
    height: f64,
}

const UPRIGHT: Format = Format { width: 210.0, height: 297.0 };
const LYING: Format = Format { width: 297.0, height: 210.0 };

impl Format {
    /// Width of the table.
    fn inside(self) -> f64 {
        self.width - 2.0 * SIDE
    }
}

/// Pages that are made side by side before they are drawn one behind the other.
const AT_ONCE: usize = 64;

/// A section with everything in its place.
struct Set<'a> {
    section: &'a Section<'a>,
    title: Fit,
    facts: Vec<Vec<Fit>>,
    /// Where the table's heading begins, from the top of the page.
    table_top: f64,
    widths: Vec<f64>,
    /// The most that a row takes in millimetres.
    highest: f64,
    totals: Option<Fit>,
    pages: Vec<Range<usize>>,
}

impl Set<'_> {
    /// Some of the rows as they are drawn, one after the other.
    fn rows<'t>(
        &'t self,
        typeface: &'t Typeface,
        rows: Range<usize>,
    ) -> impl Iterator<Item = Result<Laid, PublishError>> + 't {
        let columns = &self.section.columns;
        let rows = self.section.rows.range(rows);
        rows.map(move |row| table::laid(typeface, columns, &row, &self.widths, self.highest))
    }
}

/// A paper with everything in its place, and how many pages it has.
struct Layout<'a> {
    typeface: Typeface,
    format: Format,
    sets: Vec<Set<'a>>,
    count: usize,
}

impl Layout<'_> {
    /// Every page: its section, its rows, and whether it is the section's last.
    fn pages(&self) -> impl Iterator<Item = (&Set<'_>, &Range<usize>, bool)> {
        self.sets.iter().flat_map(|set| {
            let last = set.pages.len() - 1;
            set.pages.iter().enumerate().map(move |(i, rows)| (set, rows, i == last))
        })
    }
}

/// The document's bytes. The same paper gives the same bytes. Signatures of its pages are taken from the front of `signatures`, unless
/// there are none at all.
///
/// # Errors
///
/// [`PublishError::MissingGlyph`] if a character can't be printed, [`PublishError::TooLong`] if a text fits on no
/// page.
pub(super) fn document(
    paper: &Paper<'_>,
    signatures: &mut &[[u8; SEAL_SIGNATURE]],
) -> Result<Vec<u8>, PublishError> {
    let layout = layout(paper)?;
    let Layout { typeface, format, count, .. } = &layout;
    let (format, count) = (*format, *count);
    let signed = if signatures.is_empty() { 0 } else { count };
    if signatures.len() < signed {
        return Err(PublishError::OtherPages { paper: paper.title.clone() });
    }
    let (own, rest) = signatures.split_at(signed);
    *signatures = rest;

    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(paper.title.clone())
            .authors(vec![paper.centre.clone()])
            .language("zh-CN".to_owned()),
    );
    let pages: Vec<_> = layout.pages().collect();
    for (part, pages) in pages.chunks(AT_ONCE).enumerate() {
        let first = part * AT_ONCE + 1;
        let made = |(i, (set, rows, _)): (usize, &(&Set<'_>, &Range<usize>, bool))| {
            let number = first + i;
            let code = own.get(number - 1).map(|signature| {
                let facts = seal::facts(paper, set.section, rows, (number, count));
                seal::Code::of(&facts, signature, &paper.title)
            });
            let rows: Vec<Laid> = set.rows(typeface, (*rows).clone()).collect::<Result<_, _>>()?;
            Ok((rows, code.transpose()?))
        };
        let made: Vec<_> = pages.par_iter().enumerate().map(made).collect::<Result<_, PublishError>>()?;
        for (i, ((set, _, is_last), (rows, code))) in pages.iter().zip(&made).enumerate() {
            let mut page = document.start_page_with(settings(format));
            let mut surface = page.surface();
            let mut canvas = Canvas::new(&mut surface, typeface);
            if let Some((word, notice)) = paper.standing.notice() {
                canvas.watermark(word, format.width, format.height);
                let style = TextStyle::new(10.0).centred().middle().colour(canvas::RED);
                canvas.text(format.width / 2.0, TOP - 5.0, notice, &style);
            }
            let style = TextStyle::new(BODY).centred().middle();
            let footer = format!("第 {} 页　共 {count} 页", first + i);
            canvas.text(format.width / 2.0, format.height - BOTTOM / 2.0, &footer, &style);
            page_of(&mut canvas, paper, set, rows, *is_last, format);
            if paper.sealing.is_some() {
                seal::place(&mut canvas, code.as_ref(), format);
            }
            surface.finish();
            page.finish();
        }
    }
    document.finish().map_err(|source| PublishError::Pdf { paper: paper.title.clone(), source })
}

/// What `of` makes of what stands on each page.
///
/// # Errors
///
/// As [`document`].
pub(super) fn page_facts<T: Send>(
    paper: &Paper<'_>,
    of: impl Fn(&PageFacts) -> T + Sync,
) -> Result<Vec<T>, PublishError> {
    let layout = layout(paper)?;
    let pages: Vec<_> = layout.pages().collect();
    let one = |(i, (set, rows, _)): (usize, &(&Set<'_>, &Range<usize>, bool))| {
        of(&seal::facts(paper, set.section, rows, (i + 1, layout.count)))
    };
    Ok(pages.par_iter().enumerate().map(one).collect())
}

fn layout<'a>(paper: &'a Paper<'a>) -> Result<Layout<'a>, PublishError> {
    let typeface = Typeface::shipped();
    let naturals: Vec<Vec<f64>> =
        paper.sections.par_iter().map(|section| table::naturals(&typeface, section)).collect();
    let fits_upright = paper
        .sections
        .iter()
        .zip(&naturals)
        .filter(|(s, _)| matches!(s.closing, Closing::Signed { .. }))
        .all(|(s, naturals)| table::comfortable_width(&s.columns, naturals) <= UPRIGHT.inside());
    let format = if fits_upright { UPRIGHT } else { LYING };
    table::checked(&typeface, &paper.institute, "鉴定所", &paper.title)?;
    table::checked(&typeface, &paper.centre, "鉴定中心", &paper.title)?;
    for signature in paper.signatures.iter().flatten() {
        for name in &signature.names {
            table::checked(&typeface, name, signature.who, &paper.title)?;
        }
    }
    let sets: Vec<Set<'_>> = paper
        .sections
        .par_iter()
        .zip(&naturals)
        .map(|(section, naturals)| set(paper, section, &typeface, format, naturals))
        .collect::<Result<_, _>>()?;
    let count = sets.iter().map(|s| s.pages.len()).sum();
    Ok(Layout { typeface, format, sets, count })
}

#[allow(clippy::cast_possible_truncation)] // 842 points
#[allow(clippy::expect_used)] // A4 is a page
fn settings(format: Format) -> PageSettings {
    PageSettings::from_wh((format.width * PT_PER_MM) as f32, (format.height * PT_PER_MM) as f32)
        .expect("both sides are longer than nothing")
}

fn set<'a>(
    paper: &Paper<'_>,
    section: &'a Section<'a>,
    typeface: &Typeface,
    format: Format,
    naturals: &[f64],
) -> Result<Set<'a>, PublishError> {
    let inside = format.inside();
    let whose = format!("{} {}", paper.title, section.tab);
    let head = heading_width(paper, format);
    let title = table::fit(typeface, &section.title, head, TITLE_SIZE, table_share());
    let mut facts = Vec::new();
    for line in &section.facts {
        let mut fits = Vec::new();
        for fact in line {
            let text =
                table::checked(typeface, &format!("{}：{}", fact.label, fact.value), fact.label, &whose)?;
            let width = head * f64::from(fact.share) / 100.0 - 3.0;
            fits.push(table::fit(typeface, &text, width, FACT_SIZE, table_share()));
        }
        facts.push(fits);
    }
    let facts_height: f64 = facts.iter().map(|line| line_height(line)).sum();
    let mut table_top = TOP + TITLE + facts_height + 1.5;
    if paper.sealing.is_some() {
        table_top = table_top.max(seal::BOTTOM + 1.0);
    }
    let totals = match &section.closing {
        Closing::Signed { totals } => {
            Some(table::fit(typeface, totals, inside - 4.0 * PAD, BODY, table_share()))
        }
        Closing::Bare => None,
    };
    let closing = totals.as_ref().map_or(0.0, |t| closing_height(paper, t));
    let body = format.height - BOTTOM - table_top - HEADING;
    let widths = table::widths(&section.columns, naturals, inside);
    let mut set =
        Set { section, title, facts, table_top, widths, highest: body - closing, totals, pages: Vec::new() };
    let heights: Vec<f64> = if section.rows.is_empty() {
        vec![ROW]
    } else {
        let rows = set.rows(typeface, 0..section.rows.len());
        rows.map(|row| Ok(row?.height)).collect::<Result<_, PublishError>>()?
    };
    set.pages = table::pages(&heights, body, closing);
    if paper.sealing.is_some() {
        set.pages = seal::pages_that_fit(paper, section, set.pages)?;
    }
    Ok(set)
}

/// Width of title and heading block: the code stands beside them.
fn heading_width(paper: &Paper<'_>, format: Format) -> f64 {
    format.inside() - if paper.sealing.is_some() { seal::WIDTH } else { 0.0 }
}

/// Headings and totals shrink only a little before they run over a second line.
fn table_share() -> super::cells::Share {
    super::cells::Share::Loose
}

fn line_height(line: &[Fit]) -> f64 {
    line.iter().map(|f| f.height() + 1.4).fold(FACT, f64::max)
}

fn totals_height(totals: &Fit) -> f64 {
    (totals.height() + 3.0).max(ROW + 1.0)
}

fn closing_height(paper: &Paper<'_>, totals: &Fit) -> f64 {
    totals_height(totals) + paper.signatures.len() as f64 * SIGNATURE + SEAL
}

/// Everything on one page but its number.
fn page_of(
    canvas: &mut Canvas<'_, '_>,
    paper: &Paper<'_>,
    set: &Set<'_>,
    rows: &[Laid],
    is_last: bool,
    format: Format,
) {
    let (left, right) = (SIDE, format.width - SIDE);
    let head = heading_width(paper, format);
    canvas.fit(
        // In the middle of the page where there is room for it.
        (format.width / 2.0).min(left + head - set.title.width(canvas.typeface()) / 2.0),
        TOP + TITLE / 2.0,
        &set.title,
        &TextStyle::new(TITLE_SIZE).centred().bold(),
    );
    let mut y = TOP + TITLE;
    for (line, fits) in set.section.facts.iter().zip(&set.facts) {
        let height = line_height(fits);
        let mut x = left;
        for (fact, fit) in line.iter().zip(fits) {
            canvas.fit(x, y + height / 2.0, fit, &TextStyle::new(FACT_SIZE));
            x += head * f64::from(fact.share) / 100.0;
        }
        y += height;
    }
    let bottom = grid(canvas, set, rows, format);
    if is_last && let Some(totals) = &set.totals {
        let height = totals_height(totals);
        canvas.fit(left + 2.0 * PAD, bottom + height / 2.0, totals, &TextStyle::new(BODY));
        let end = bottom + height;
        canvas.line(left, bottom, left, end, RULE);
        canvas.line(right, bottom, right, end, RULE);
        canvas.line(left, end, right, end, RULE);
        signatures(canvas, paper, end, format);
    }
}

/// The table with its headings; gives back where it ends.
fn grid(canvas: &mut Canvas<'_, '_>, set: &Set<'_>, rows: &[Laid], format: Format) -> f64 {
    let (left, right, top) = (SIDE, format.width - SIDE, set.table_top);
    let edges: Vec<f64> = std::iter::once(left)
        .chain(set.widths.iter().scan(left, |x, w| {
            *x += w;
            Some(*x)
        }))
        .collect();
    for (column, (x, width)) in set.section.columns.iter().zip(edges.iter().zip(&set.widths)) {
        let style = TextStyle::new(BODY).centred().middle().bold();
        canvas.within(
            x + width / 2.0,
            top + HEADING / 2.0,
            width - 1.0,
            column.heading(),
            &style,
            LEAST_SIZE,
        );
    }
    let mut y = top + HEADING;
    canvas.line(left, y, right, y, HAIR);
    if set.section.rows.is_empty() {
        let style = TextStyle::new(BODY).centred().middle();
        canvas.text(format.width / 2.0, y + ROW / 2.0, set.section.nothing, &style);
        canvas.line(left, y + ROW, right, y + ROW, RULE);
        for x in &edges[1..edges.len() - 1] {
            canvas.line(*x, top, *x, y, HAIR);
        }
        y += ROW;
    } else {
        for row in rows {
            let cells = set.section.columns.iter().zip(&row.fits).zip(edges.iter().zip(&set.widths));
            for ((column, fit), (x, width)) in cells {
                let (x, style) = if column.is_left() {
                    (x + PAD, TextStyle::new(BODY))
                } else {
                    (x + width / 2.0, TextStyle::new(BODY).centred())
                };
                canvas.fit(x, y + row.height / 2.0, fit, &style);
            }
            y += row.height;
            canvas.line(left, y, right, y, HAIR);
        }
        for x in &edges[1..edges.len() - 1] {
            canvas.line(*x, top, *x, y, HAIR);
        }
        canvas.line(left, y, right, y, RULE);
    }
    canvas.line(left, top, right, top, RULE);
    canvas.line(left, top, left, y, RULE);
    canvas.line(right, top, right, y, RULE);
    y
}

/// Places for signatures and seals beneath `top`.
fn signatures(canvas: &mut Canvas<'_, '_>, paper: &Paper<'_>, top: f64, format: Format) {
    let style = TextStyle::new(FACT_SIZE);
    let mut base = top + SIGNATURE - 2.0;
    for line in &paper.signatures {
        let shares: f64 = line.iter().map(|s| f64::from(s.share)).sum();
        let mut x = SIDE;
        for (i, signature) in line.iter().enumerate().filter(|(_, s)| !s.names.is_empty()) {
            let width = format.inside() * f64::from(signature.share) / shares;
            let label = canvas.text(x, base, &format!("{}：", signature.who), &style);
            // The last rule ends where the table does.
            let after = if i + 1 < line.len() { 4.0 } else { 0.0 };
            let each = (width - label - after) / signature.names.len() as f64;
            for (n, name) in signature.names.iter().enumerate() {
                let start = x + label + each * n as f64;
                let gap = if n + 1 < signature.names.len() { 3.0 } else { 0.0 };
                // A name takes half of its line at most: the signature stands behind it.
                let name = table::printable(name);
                canvas.within(start, base, (each - gap) / 2.0, &name, &style, LEAST_SIZE);
                canvas.line(start, base + 1.0, start + each - gap, base + 1.0, HAIR);
            }
            x += width;
        }
        base += SIGNATURE;
    }
    let half = format.inside() / 2.0;
    let top = base - SIGNATURE + 10.0;
    for (i, (seal, name)) in SEALS.iter().zip([&paper.institute, &paper.centre]).enumerate() {
        let x = SIDE + half * i as f64;
        canvas.text(x, top, seal, &style);
        let name = table::printable(name);
        canvas.within(x, top + 7.0, half - 6.0, &name, &style, LEAST_SIZE);
        canvas.text(x, top + 24.0, SEAL_DATE, &style);
    }
}
