//! Thin lines along the feed on one page: dirt on the scanner's glass or on its white strip.
//!
//! Rows are sampled. In each, a pixel that is darker (or brighter) than both its neighbours a millimetre
//! away votes, if those show bare paper. What holds over all of the page, and in the bare margin at its
//! leading or trailing edge too, is a streak: a card's own lines end before its edge.

// Pixels and counts of a page: small, and clamped before each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

use crate::source::Page;
use crate::store::{Streak, Tone};

/// How far away a pixel's neighbours are, in millimetres. A streak as broad as this is not seen; more
/// neighbours of a wider step lie in print. Dust and dried glue leave 0.1 to 0.6 mm.
const BESIDE_MM: f64 = 1.1;

/// Rows looked at between the margins, in so many bands of equal height. A band of fewer rows than 12
/// would let a frame's line count as a whole band's by chance of noise; more rows cost time (64 rows of a
/// 200-dpi page take 0.05 ms).
const BANDS: usize = 4;
const BAND_ROWS: usize = 16;

/// The bare margin at the sheet's leading and trailing edges, in millimetres from the edge. Nearer than
/// 0.7 lies the edge's own shadow; print begins at 4 and later on every card we know.
const MARGIN_MM: (f64, f64) = (0.7, 3.2);

/// Distance of the margin's rows, in millimetres.
const MARGIN_STEP_MM: f64 = 0.4;

/// Distance from the sheet's sides within which nothing counts: there lies the shadow of its edge.
const SIDE_MM: f64 = 2.0;

/// How much darker or brighter than both neighbours a pixel must be, as a share of paper to ink, and at
/// least so many levels. At noise of σ 7 a twentieth of a clean page's pixels are; below 6 levels a third.
const DEPTH_SHARE: f64 = 0.05;
const LEAST_DEPTH: u8 = 9;

/// How much darker than the page's paper a neighbour may be and still be paper, as a share of paper to
/// ink. A shaded page has 0.1; pale print begins at 0.2.
const PAPER_SHARE: f64 = 0.16;

/// Which share of the rows in which a place can be judged must show the line: in thirds. A streak deep
/// enough to matter (25 levels) at σ 7 shows in 0.85 of them, noise alone in 0.06.
const SHOWN_THIRDS: u32 = 2;

/// Rows that a band or margin must offer to be a witness.
const LEAST_ROWS: u8 = 4;

/// Streaks that are kept of one page: more are not dirt but a striped page.
const MOST: usize = 8;

/// Where the sheet lies in the picture, as far as streaks need to know.
pub(super) struct Outline {
    /// Pixels a millimetre.
    pub(super) scale: f64,
    /// The sheet's upper edge in the picture: its y at x = 0 and its slope; the lower one likewise.
    pub(super) top: (f64, f64),
    /// The lower edge.
    pub(super) bottom: (f64, f64),
    /// The left edge: its x at y = 0 and its slope.
    pub(super) left: (f64, f64),
    /// The right edge.
    pub(super) right: (f64, f64),
    /// Whether these are the sheet's edges, and not only the picture's.
    pub(super) found: bool,
    /// Level of the paper.
    pub(super) paper: u8,
    /// Level of the ink.
    pub(super) ink: u8,
}

/// Votes of some rows, for every x of the picture.
struct Votes {
    usable: Vec<u8>,
    dark: Vec<u8>,
    bright: Vec<u8>,
}

impl Votes {
    fn new(width: usize) -> Self {
        Self { usable: vec![0; width], dark: vec![0; width], bright: vec![0; width] }
    }

    fn share_holds(&self, tone: Tone, x: usize) -> Option<bool> {
        let usable = self.usable[x];
        let votes = match tone {
            Tone::Dark => self.dark[x],
            Tone::Bright => self.bright[x],
        };
        (usable >= LEAST_ROWS).then(|| u32::from(votes) * 3 >= u32::from(usable) * SHOWN_THIRDS)
    }
}

/// What decides a vote.
#[derive(Clone, Copy)]
struct Rule {
    beside: usize,
    floor: u8,
    depth: u8,
}

impl Rule {
    /// Adds the votes of `row` between `from` and `to`.
    fn count(self, row: &[u8], (from, to): (usize, usize), votes: &mut Votes) {
        let from = from.max(self.beside);
        let to = to.min(row.len().saturating_sub(self.beside));
        if from >= to {
            return;
        }
        let middle = &row[from..to];
        let left = &row[from - self.beside..to - self.beside];
        let right = &row[from + self.beside..to + self.beside];
        let counters =
            votes.usable[from..to].iter_mut().zip(&mut votes.dark[from..to]).zip(&mut votes.bright[from..to]);
        for (((&m, &l), &r), ((usable, dark), bright)) in middle.iter().zip(left).zip(right).zip(counters) {
            let (low, high) = (l.min(r), l.max(r));
            let ok = u8::from(low >= self.floor);
            *usable = usable.saturating_add(ok);
            *dark = dark.saturating_add(ok & u8::from(low.saturating_sub(m) >= self.depth));
            *bright = bright.saturating_add(ok & u8::from(m.saturating_sub(high) >= self.depth));
        }
    }
}

/// The streaks of `page`, the deepest first.
pub(super) fn streaks(page: &Page, outline: &Outline) -> Vec<Streak> {
    let span = f64::from(outline.paper.saturating_sub(outline.ink));
    let rule = Rule {
        beside: ((BESIDE_MM * outline.scale).round() as usize).max(2),
        floor: (f64::from(outline.paper) - PAPER_SHARE * span).max(0.0) as u8,
        depth: ((DEPTH_SHARE * span) as u8).max(LEAST_DEPTH),
    };
    if page.width <= 4 * rule.beside || page.height < BANDS * BAND_ROWS {
        return Vec::new();
    }
    let votes = count(page, outline, rule);
    let mut out: Vec<(usize, Streak)> = Vec::new();
    for tone in [Tone::Dark, Tone::Bright] {
        let mut x = 0;
        while x < page.width {
            if !holds(&votes, tone, x) {
                x += 1;
                continue;
            }
            // A line is some pixels broad, with gaps where it is at the limit of being seen.
            let (first, mut last) = (x, x);
            while x < page.width && x - last <= rule.beside {
                if holds(&votes, tone, x) {
                    last = x;
                }
                x += 1;
            }
            let middle = usize::midpoint(first, last);
            let depth = (first..=last).map(|x| depth(page, rule, tone, x)).max().unwrap_or(0);
            out.push((middle, Streak { tone, at: 0, on_sheet: None, depth }));
        }
    }
    out.sort_by_key(|(x, streak)| (std::cmp::Reverse(streak.depth), *x));
    out.truncate(MOST);
    out.into_iter()
        .map(|(x, streak)| {
            let at = (x as f64 + 0.5) / page.width as f64;
            let y = page.height as f64 / 2.0;
            let off = x as f64 - (outline.left.0 + outline.left.1 * y);
            let on_sheet = outline.found.then(|| (off / outline.scale * 100.0).round() as i32);
            Streak { at: (at * 10_000.0) as u16, on_sheet, ..streak }
        })
        .collect()
}

/// Votes of the bands, of the leading and of the trailing margin, in this order.
fn count(page: &Page, outline: &Outline, rule: Rule) -> Vec<Votes> {
    let scale = outline.scale;
    let mut votes: Vec<Votes> = (0..BANDS + 2).map(|_| Votes::new(page.width)).collect();
    let within = |y: usize, low: f64, high: f64| {
        // Where the row is so far below the upper edge and above the lower one.
        let y = y as f64;
        let below = where_between((y - outline.top.0, -outline.top.1), low * scale, high * scale);
        let above = where_between((outline.bottom.0 - y, outline.bottom.1), low * scale, high * scale);
        let side = SIDE_MM * scale + rule.beside as f64;
        let left = (outline.left.0 + outline.left.1 * y).max(0.0) + side;
        let right = (outline.right.0 + outline.right.1 * y).min(page.width as f64) - side;
        (below, above, (left, right))
    };
    let last = (page.width - 1) as f64;
    let ends = |line: (f64, f64)| (line.0.min(line.0 + line.1 * last), line.0.max(line.0 + line.1 * last));
    let (top, bottom) = (ends(outline.top), ends(outline.bottom));
    // The middle, where rows lie wholly on the sheet.
    let (from, to) = (
        (top.1 + MARGIN_MM.1 * scale).max(0.0),
        (bottom.0 - MARGIN_MM.1 * scale).min((page.height - 1) as f64),
    );
    if from < to {
        let rows = BANDS * BAND_ROWS;
        for row in 0..rows {
            let y = (from + (to - from) * (row as f64 + 0.5) / rows as f64) as usize;
            let (_, _, sides) = within(y, 0.0, 0.0);
            rule.count(page.row(y), whole(sides), &mut votes[row / BAND_ROWS]);
        }
    }
    let step = (MARGIN_STEP_MM * scale).max(1.0);
    for (index, (nearest, farthest)) in [
        (BANDS, (top.0 + MARGIN_MM.0 * scale, top.1 + MARGIN_MM.1 * scale)),
        (BANDS + 1, (bottom.0 - MARGIN_MM.1 * scale, bottom.1 - MARGIN_MM.0 * scale)),
    ] {
        let mut y = nearest.max(0.0);
        while y <= farthest.min((page.height - 1) as f64) {
            let (below, above, sides) = within(y as usize, MARGIN_MM.0, MARGIN_MM.1);
            let edge = if index == BANDS { below } else { above };
            let span = (edge.0.max(sides.0), edge.1.min(sides.1));
            rule.count(page.row(y as usize), whole(span), &mut votes[index]);
            y += step;
        }
    }
    votes
}

/// Whole pixels of a stretch of a row; empty if it is none.
fn whole((from, to): (f64, f64)) -> (usize, usize) {
    (from.clamp(0.0, 1e9).ceil() as usize, to.clamp(0.0, 1e9) as usize)
}

/// Where `a + b x` lies between `low` and `high`.
fn where_between((a, b): (f64, f64), low: f64, high: f64) -> (f64, f64) {
    if b.abs() < 1e-9 {
        return if (low..=high).contains(&a) { (0.0, f64::INFINITY) } else { (0.0, 0.0) };
    }
    let (p, q) = ((low - a) / b, (high - a) / b);
    (p.min(q).max(0.0), p.max(q).max(0.0))
}

/// Whether a line of this tone runs at `x` through all that can be judged: every band but at most one,
/// and a margin.
fn holds(votes: &[Votes], tone: Tone, x: usize) -> bool {
    let mut bands = 0;
    for band in &votes[..BANDS] {
        match band.share_holds(tone, x) {
            Some(true) => bands += 1,
            Some(false) => return false,
            None => {}
        }
    }
    let margins = [votes[BANDS].share_holds(tone, x), votes[BANDS + 1].share_holds(tone, x)];
    bands + 1 >= BANDS && !margins.contains(&Some(false)) && margins.contains(&Some(true))
}

/// How deep the line at `x` is: the median over rows of what it lacks to its neighbours, in levels.
fn depth(page: &Page, rule: Rule, tone: Tone, x: usize) -> u8 {
    let rows = BANDS * BAND_ROWS;
    let mut found: Vec<u8> = (0..rows)
        .filter_map(|i| {
            let row = page.row((2 * i + 1) * page.height / (2 * rows));
            let (m, l, r) = (row[x], *row.get(x.checked_sub(rule.beside)?)?, *row.get(x + rule.beside)?);
            (l.min(r) >= rule.floor).then(|| match tone {
                Tone::Dark => l.min(r).saturating_sub(m),
                Tone::Bright => m.saturating_sub(l.max(r)),
            })
        })
        .collect();
    found.sort_unstable();
    found.get(found.len() / 2).copied().unwrap_or(0)
}
