//! Dirt on a scanner's glass draws a line down the whole picture: found, and taken out before anything is measured.

use crate::source::Page;
use std::borrow::Cow;

/// Rows that are looked at, spread over the picture. A hundred tell four fifths from a half.
const ROWS: usize = 128;

/// The share of those rows in which a column must be darker than both its sides.
///
/// Dirt draws its line from the first row to the last. What a hand or a press draws ends at the sheet's margins at
/// the latest, and on a sheet that leans it leaves the column after a few millimetres; marks and print
/// hide a streak in up to a tenth of its rows.
const SHARE: (usize, usize) = (17, 20);

/// How much darker, in gray levels. What is paler than that is no ink for either reader.
const DARKER: u8 = 8;

/// The widest streak, as a share of the picture's width: 0.9 mm of an A4 page. What is wider hides a fifth of a
/// target; nothing is put in its place, and the marks under it are held.
const WIDEST: usize = 230;

/// The page without streaks: each is filled from its two sides. Almost every page is its own.
pub(super) fn without_streaks(page: &Page) -> Cow<'_, Page> {
    let streaks = find(page);
    if streaks.is_empty() {
        return Cow::Borrowed(page);
    }
    let mut clean = page.clone();
    for row in clean.pixels.chunks_exact_mut(page.width) {
        for &(from, to) in &streaks {
            let (left, right) = (usize::from(row[from]), usize::from(row[to]));
            let steps = to - from;
            for (i, level) in row[from + 1..to].iter_mut().enumerate() {
                *level = ((left * (steps - i - 1) + right * (i + 1)) / steps) as u8;
            }
        }
    }
    Cow::Owned(clean)
}

/// The clean columns on the left and right of every streak.
fn find(page: &Page) -> Vec<(usize, usize)> {
    let widest = (page.width / WIDEST).max(2);
    let reach = widest + 1;
    if page.width <= 4 * reach {
        return Vec::new();
    }
    let step = (page.height / ROWS).max(1);
    let mut darker = vec![0u16; page.width];
    let mut looked = 0;
    for y in (step / 2..page.height).step_by(step) {
        let row = page.row(y);
        looked += 1;
        let (left, middle, right) = (row, &row[reach..], &row[2 * reach..]);
        for (((l, m), r), count) in left.iter().zip(middle).zip(right).zip(&mut darker[reach..]) {
            *count += u16::from((*l).min(*r).saturating_sub(*m) > DARKER);
        }
    }
    let dirty = |x: usize| usize::from(darker[x]) * SHARE.1 >= looked * SHARE.0;
    let mut out = Vec::new();
    let mut x = reach;
    while x < page.width - reach {
        if !dirty(x) {
            x += 1;
            continue;
        }
        let from = x;
        while x < page.width - reach && dirty(x) {
            x += 1;
        }
        // Of something broader than `reach` only the middle is darker than both its sides.
        let broad = [from.saturating_sub(3), (x + 2).min(page.width - 1)].iter().any(|&beside| {
            let (left, right) = (from.saturating_sub(2 + reach), (x + 1 + reach).min(page.width - 1));
            let dark = |row: &[u8]| row[left].min(row[right]).saturating_sub(row[beside]) > DARKER;
            let rows = (step / 2..page.height).step_by(step);
            rows.filter(|&y| dark(page.row(y))).count() * 2 >= looked
        });
        if x - from <= widest && !broad {
            // One column more on either side: the streak's soft edge.
            out.push((from.saturating_sub(2), (x + 1).min(page.width - 1)));
        }
    }
    out
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
        assert!(clean.pixels.iter().all(|&level| level >= 225 || level == 60));
        assert_eq!(clean.row(610)[495..515], [60; 20]);
    }

    #[test]
    fn a_line_that_ends_or_leans_or_is_broad_stays() {
        let ends = page(&|x, y| ((500..=502).contains(&x) && y < 900).then_some(90));
        let leans = page(&|x, y| ((500..=502).contains(&(x - (x / 9).min(y / 60)))).then_some(90));
        let broad = page(&|x, _| (500..=514).contains(&x).then_some(90));
        for page in [ends, leans, broad] {
            assert!(matches!(without_streaks(&page), Cow::Borrowed(_)));
        }
    }
}
