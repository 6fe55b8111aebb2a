//! Dirt on a scanner's glass draws a line down the picture, a weak element of its sensor a bright one: found, and
//! taken out before anything is measured.

use crate::source::{Depth, Page, copy_of};
use std::borrow::Cow;
use std::ops::Range;

/// Stretches of the picture's height that are looked at, one in each 64th of it.
const STRETCHES: usize = 64;

/// Rows that are added up in a stretch; they span a millimetre of an A4 page. Eight halve the noise and a half, and join what
/// a threshold has made a dashed line.
const ROWS: usize = 8;
const STRETCH_SHARE: usize = 288;

/// Where in its 64th a stretch lies, as a share of 256: steps by the golden ratio fall in step with no pitch of printed
/// rows, which would make a streak of a column of brackets.
const GOLDEN: usize = 158;

/// How much darker than both its sides a column is in a streak, in gray levels, and how much brighter in a bright one: noise
/// of σ 6 leaves 2 of eight rows' mean. What is paler is no ink for either reader.
const DARKER: i16 = 4;
const BRIGHTER: i16 = 2;

/// The share of the stretches in which a column must differ to be a streak from the first row to the last, wherever it is hidden.
const SHARE: (usize, usize) = (17, 20);

/// How many stretches in which the column is no streak weigh as much as one in which it is: marks and print hide a streak in up to a
/// tenth of them. A column of printed brackets has two in three.
const MISSED: i32 = 5;

/// The least weight of a streak: sixteen stretches, a quarter of the picture's height, without a gap. What a hand or a
/// press draws so long and exactly along the feed is a ruler's line and no mark; shorter ones are held.
const LEAST_DARK: i32 = 16;

/// The same of a bright streak, which is hardly brighter than paper: most of the picture's height.
const LEAST_BRIGHT: i32 = 28;

/// The widest streak, as a share of the picture's width: 0.9 mm of an A4 page. What is wider hides a fifth of a
/// target; nothing is put in its place, and the marks under it are held.
const WIDEST: usize = 230;

/// The least that a streak lets through, in 256ths, for what lies behind it to be worked out: below a third noise is
/// made three times what it was, and the sides say more.
const SEEN_THROUGH: u32 = 85;

/// The darkest ground, in gray levels, that is paper: there the streak's own darkness is measured.
const PAPER: i16 = 100;

/// A streak: the clean columns on its left and right, the rows that it runs through, and what it lets through in each
/// column between, in 256ths; none where that can't be said.
struct Streak {
    columns: (usize, usize),
    rows: Range<usize>,
    through: Option<Vec<u32>>,
}

/// The page without streaks. Almost every page is its own.
///
/// Dirt takes away a share of the light: behind it is what is seen there over what it lets through, marks and print and all. A
/// dense or a bright streak, and any in black and white, is filled from its two sides.
pub(super) fn without_streaks(page: &Page) -> Cow<'_, Page> {
    let streaks = find(page);
    if streaks.is_empty() {
        return Cow::Borrowed(page);
    }
    let mut clean = copy_of(page);
    for streak in &streaks {
        let (from, to) = streak.columns;
        let steps = to - from;
        for y in streak.rows.clone() {
            let row = &mut clean.pixels[y * page.width..][..page.width];
            let (left, right) = (usize::from(row[from]), usize::from(row[to]));
            let between = &mut row[from + 1..to];
            if let Some(through) = &streak.through {
                for (level, &through) in between.iter_mut().zip(through) {
                    *level = (u32::from(*level) * 256 / through).min(255) as u8;
                }
            } else {
                for (i, level) in between.iter_mut().enumerate() {
                    *level = ((left * (steps - i - 1) + right * (i + 1)) / steps) as u8;
                }
            }
        }
    }
    Cow::Owned(clean)
}

/// What the stretches of a page add up to, column by column.
struct Sums {
    width: usize,
    /// Rows in each sum.
    rows: i16,
    /// Where each stretch begins, and how many rows it spans.
    starts: [usize; STRETCHES],
    tall: usize,
    levels: Vec<i16>,
}

impl Sums {
    fn of(page: &Page) -> Option<Self> {
        let cell = page.height / STRETCHES;
        let tall = (page.height / STRETCH_SHARE).max(1);
        let (rows, step) = (tall.min(ROWS), (tall / ROWS).max(1));
        if cell < 2 * tall {
            return None;
        }
        let width = page.width;
        let mut out = Self {
            width,
            rows: rows as i16,
            starts: [0; STRETCHES],
            tall,
            levels: vec![0; STRETCHES * width],
        };
        for (i, (sums, start)) in out.levels.chunks_exact_mut(width).zip(&mut out.starts).enumerate() {
            *start = i * cell + (cell - tall) * (i * GOLDEN % 256) / 256;
            for r in 0..rows {
                for (sum, &level) in sums.iter_mut().zip(page.row(*start + r * step)) {
                    // Eight rows of 255 at the most.
                    *sum = sum.wrapping_add(i16::from(level));
                }
            }
        }
        Some(out)
    }

    fn of_stretch(&self, i: usize) -> &[i16] {
        &self.levels[i * self.width..][..self.width]
    }

    /// Adds 1 to every column of `dark` and of `bright` that stretch `i` shows to be darker or brighter than its sides: on each the
    /// cleaner of two places, because there may be another streak in one of them.
    fn count(
        &self,
        i: usize,
        (reach, near): (usize, usize),
        (darker, brighter): (i16, i16),
        dark: &mut [u16],
        bright: &mut [u16],
    ) {
        let row = self.of_stretch(i);
        let n = self.width - 2 * reach;
        let (left, right) = (&row[..n], &row[2 * reach..][..n]);
        let (near_left, near_right) = (&row[reach - near..][..n], &row[reach + near..][..n]);
        let middle = &row[reach..][..n];
        let (dark, bright) = (&mut dark[reach..][..n], &mut bright[reach..][..n]);
        for x in 0..n {
            // Sums of 2040 at the most: no difference leaves 16 bits.
            let (l, nl, r, nr, m) = (left[x], near_left[x], right[x], near_right[x], middle[x]);
            let below = l.max(nl).min(r.max(nr)).wrapping_sub(m);
            let above = m.wrapping_sub(l.min(nl).max(r.min(nr)));
            dark[x] = dark[x].wrapping_add(u16::from(below > darker));
            bright[x] = bright[x].wrapping_add(u16::from(above > brighter));
        }
    }

    /// The rows from one stretch to another, both whole, and half of the way to the next ones: to the picture's edge where
    /// there is none.
    fn rows(&self, stretches: &Range<usize>, height: usize) -> Range<usize> {
        let end = |i: usize| self.starts[i] + self.tall;
        let from = match stretches.start {
            0 => 0,
            i => usize::midpoint(end(i - 1), self.starts[i]),
        };
        let to = match stretches.end {
            STRETCHES => height,
            i => usize::midpoint(end(i - 1), self.starts[i]),
        };
        from..to
    }
}

/// Which way a streak differs from its sides.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Dark,
    Bright,
}

/// All streaks.
fn find(page: &Page) -> Vec<Streak> {
    let widest = (page.width / WIDEST).max(2);
    // A column's sides are what is cleaner of two places: there may be another streak in one of them.
    let (reach, near) = (widest + 1, widest / 2 + 2);
    if page.width <= 4 * reach {
        return Vec::new();
    }
    let Some(sums) = Sums::of(page) else { return Vec::new() };
    let (darker, brighter) = (DARKER * sums.rows, BRIGHTER * sums.rows);
    let (mut dark, mut bright) = (vec![0u16; page.width], vec![0u16; page.width]);
    for i in 0..STRETCHES {
        sums.count(i, (reach, near), (darker, brighter), &mut dark, &mut bright);
    }
    let mut out = Vec::new();
    for (kind, least) in [(Kind::Dark, LEAST_DARK), (Kind::Bright, LEAST_BRIGHT)] {
        if kind == Kind::Bright && page.depth == Depth::Bilevel {
            continue;
        }
        let hit = |x: usize, i: usize| {
            let row = sums.of_stretch(i);
            let (l, m, r) = (row[x - reach], row[x], row[x + reach]);
            let (nl, nr) = (row[x - near], row[x + near]);
            match kind {
                Kind::Dark => l.max(nl).min(r.max(nr)) - m > darker,
                Kind::Bright => m - l.min(nl).max(r.min(nr)) > brighter,
            }
        };
        let run = |x: usize| {
            let count = if kind == Kind::Dark { dark[x] } else { bright[x] };
            if usize::from(count) * SHARE.1 >= STRETCHES * SHARE.0 {
                Some(0..STRETCHES)
            } else if i32::from(count) < least {
                None
            } else {
                heaviest(|i| hit(x, i), least)
            }
        };
        let mut x = reach;
        while x < page.width - reach {
            let Some(mut stretches) = run(x) else {
                x += 1;
                continue;
            };
            let from = x;
            while x < page.width - reach
                && let Some(more) = run(x)
            {
                stretches = stretches.start.min(more.start)..stretches.end.max(more.end);
                x += 1;
            }
            // Of something broader than `reach` only the middle differs from both its sides.
            let (left, right) = (from.saturating_sub(2 + reach), (x + 1 + reach).min(page.width - 1));
            let broad = [from.saturating_sub(3), (x + 2).min(page.width - 1)].iter().any(|&beside| {
                let dark = |i: usize| {
                    let row = sums.of_stretch(i);
                    match kind {
                        Kind::Dark => row[left].min(row[right]) - row[beside] > 2 * darker,
                        Kind::Bright => row[beside] - row[left].max(row[right]) > 2 * brighter,
                    }
                };
                stretches.clone().filter(|&i| dark(i)).count() * 2 >= stretches.len()
            });
            if x - from <= widest && !broad {
                // One column more on either side: the streak's soft edge.
                let columns = (from.saturating_sub(2), (x + 1).min(page.width - 1));
                let through = (kind == Kind::Dark && page.depth == Depth::Gray)
                    .then(|| through(&sums, columns, &stretches))
                    .flatten();
                out.push(Streak { columns, rows: sums.rows(&stretches, page.height), through });
            }
        }
    }
    out
}

/// The run of stretches that weighs most, each hit one and each missed one [`MISSED`] the other way; `None` below
/// `least`.
fn heaviest(hit: impl Fn(usize) -> bool, least: i32) -> Option<Range<usize>> {
    let (mut best, mut run) = (0, 0..0);
    let (mut weight, mut start) = (0, 0);
    for i in 0..STRETCHES {
        if weight <= 0 {
            (weight, start) = (0, i);
        }
        weight += if hit(i) { 1 } else { -MISSED };
        if weight > best {
            (best, run) = (weight, start..i + 1);
        }
    }
    (best >= least).then_some(run)
}

/// What a streak lets through in each of its columns, in 256ths: the middle, over the stretches where it crosses paper, of what is
/// seen over what its sides show.
fn through(sums: &Sums, (from, to): (usize, usize), stretches: &Range<usize>) -> Option<Vec<u32>> {
    let steps = to - from;
    (from + 1..to)
        .map(|x| {
            let shares = stretches.clone().filter_map(|i| {
                let row = sums.of_stretch(i);
                let (left, right) = (i32::from(row[from]), i32::from(row[to]));
                let part = (x - from) as i32;
                let ground = (left * (steps as i32 - part) + right * part) / steps as i32;
                let paper = left.min(right) >= i32::from(PAPER * sums.rows);
                paper.then(|| (i32::from(row[x]) * 256 / ground) as u32)
            });
            let mut shares: Vec<u32> = shares.collect();
            if shares.is_empty() {
                return None;
            }
            let middle = shares.len() / 2;
            let share = (*shares.select_nth_unstable(middle).1).min(256);
            (share >= SEEN_THROUGH).then_some(share)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{Sha256, SheetId};

    fn page(dark: &dyn Fn(usize, usize) -> Option<u8>) -> Page {
        let (w, h) = (1654, 1200);
        let pixels = (0..w * h).map(|i| dark(i % w, i / w).unwrap_or(240)).collect();
        Page::from_levels(SheetId { image: Sha256::of(b"t"), page: 1 }, w, h, pixels).unwrap()
    }

    #[test]
    fn a_streak_down_the_whole_page_goes_and_a_mark_beside_it_stays() {
        let page = page(&|x, y| match (x, y) {
            (500..=502, _) => Some(90),
            (490..=520, 600..=620) => Some(60),
            _ => None,
        });
        let clean = without_streaks(&page);
        let off_mark = |i: &usize| !((490..=520).contains(&(i % 1654)) && (600..=620).contains(&(i / 1654)));
        assert!((0..clean.pixels.len()).filter(off_mark).all(|i| clean.pixels[i] >= 225));
        let row = &clean.row(610)[490..520];
        assert!(row[..10].iter().chain(&row[13..]).all(|&level| level == 60));
    }

    #[test]
    fn what_lies_behind_thin_dirt_is_worked_out() {
        // Dirt that takes a quarter of the light, softer at its edges, over paper, pale print and a mark.
        let light = |x: usize| match x {
            500 | 503 => 0.9,
            501 | 502 => 0.75,
            _ => 1.0,
        };
        let sheet = |x: usize, y: usize| match y % 40 {
            0..10 if (498..512).contains(&x) => 60.0,
            12..20 if (501..=501).contains(&x) => 185.0,
            _ => 240.0,
        };
        let seen = page(&|x, y| Some((sheet(x, y) * light(x)) as u8));
        let clean = without_streaks(&seen);
        for y in 0..1200 {
            for x in 480..530 {
                let off = (f64::from(clean.row(y)[x]) - sheet(x, y)).abs();
                assert!(off <= 4.0, "off by {off} at {x}, {y}");
            }
        }
    }

    #[test]
    fn a_streak_that_begins_on_the_page_goes_from_there_on() {
        let page = page(&|x, y| ((500..=502).contains(&x) && y >= 700).then_some(180));
        let clean = without_streaks(&page);
        assert!(clean.pixels.iter().enumerate().all(|(i, &level)| level >= 235 || i / 1654 < 720));
    }

    #[test]
    fn a_dashed_streak_of_a_black_and_white_page_goes() {
        let mut page = page(&|x, y| Some(if x == 500 && y * 7919 % 5 < 3 { 0 } else { 255 }));
        page.depth = Depth::Bilevel;
        assert!(without_streaks(&page).pixels.iter().all(|&level| level == 255));
    }

    #[test]
    fn a_bright_streak_through_marks_is_closed() {
        let page = page(&|x, y| match x {
            500..=502 => Some(if y % 40 < 12 { 180 } else { 248 }),
            480..=520 if y % 40 < 12 => Some(60),
            _ => None,
        });
        let clean = without_streaks(&page);
        assert!(clean.row(5)[480..=520].iter().all(|&level| level == 60));
    }

    #[test]
    fn a_short_line_a_leaning_one_a_broad_one_and_brackets_stay() {
        let short = page(&|x, y| ((500..=502).contains(&x) && y < 250).then_some(90));
        let leans = page(&|x, y| ((500..=502).contains(&(x - (x / 9).min(y / 60)))).then_some(90));
        let broad = page(&|x, _| (500..=514).contains(&x).then_some(90));
        let brackets = page(&|x, y| ((500..=501).contains(&x) && y % 18 < 9).then_some(190));
        for page in [short, leans, broad, brackets] {
            assert!(matches!(without_streaks(&page), Cow::Borrowed(_)));
        }
    }
}
