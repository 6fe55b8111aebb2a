//! How a section's table lies on its pages: widths, lines of text, heights, page breaks.

use super::super::cells::{Column, Share};
use super::super::error::PublishError;
use super::super::paper::{Row, Section};
use crate::layout::draw::{PT_PER_MM, Typeface};
use std::ops::Range;

/// Sizes of print in points. 9 (小五) is what tables of official papers use; below 6 print can't be read.
pub(super) const BODY: f64 = 9.0;
const SMALL: f64 = 8.0;
const LEAST: f64 = 6.0;

/// Least height of a row in millimetres.
pub(super) const ROW: f64 = 7.0;

/// White in millimetres between a cell's text and its rules, at the sides.
pub(super) const PAD: f64 = 1.3;

/// Distance of lines within a cell, as a share of the size. Below 1.15 Chinese lines touch.
const LEADING: f64 = 1.25;

/// Rows that a page with signatures has at least, if the section has more than one page: signatures must not
/// stand on a page by themselves.
const WITH_SIGNATURES: usize = 3;

/// A text as it stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    /// One line or more.
    pub lines: Vec<String>,
    /// Size in points.
    pub size: f64,
}

impl Fit {
    /// Distance of its lines in millimetres.
    pub fn leading(&self) -> f64 {
        self.size * LEADING / PT_PER_MM
    }

    /// Width of its longest line in millimetres.
    pub fn width(&self, typeface: &Typeface) -> f64 {
        self.lines.iter().map(|line| typeface.width_mm(line, self.size)).fold(0.0, f64::max)
    }

    /// Height of its lines in millimetres.
    pub fn height(&self) -> f64 {
        self.lines.len() as f64 * self.leading()
    }
}

/// A row as it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Laid {
    /// One a column.
    pub fits: Vec<Fit>,
    /// Millimetres.
    pub height: f64,
}

/// A text as it can be printed: tabs and line breaks, which have no picture, become spaces.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() && c != '\u{3000}' { ' ' } else { c }).collect()
}

/// The text as it is, if the font has all of it.
///
/// # Errors
///
/// [`PublishError::MissingGlyph`] with the first character that it lacks.
pub(super) fn checked(
    typeface: &Typeface,
    text: &str,
    place: &str,
    whose: &str,
) -> Result<String, PublishError> {
    let text = printable(text);
    match typeface.missing(&text).first() {
        None => Ok(text),
        Some(&character) => {
            Err(PublishError::MissingGlyph { character, place: place.to_owned(), whose: whose.to_owned() })
        }
    }
}

/// The text in one line of `width` millimetres, a little smaller if it must be, else in several.
pub(super) fn fit(typeface: &Typeface, text: &str, width: f64, size: f64, column: Share) -> Fit {
    let long = typeface.width_mm(text, size);
    if long <= width {
        return Fit { lines: vec![text.to_owned()], size };
    }
    // A number or a name is better a little small than broken in two; running text is not.
    let least = match column {
        Share::Tight => LEAST + 1.0,
        Share::Loose => SMALL,
    };
    let smaller = size * width / long;
    if smaller >= least {
        return Fit { lines: vec![text.to_owned()], size: smaller };
    }
    wrapped(typeface, text, width, least)
}

fn wrapped(typeface: &Typeface, text: &str, width: f64, size: f64) -> Fit {
    Fit { lines: typeface.wrap(text, size, width), size }
}

/// How wide each column is in millimetres if its longest text stands in one line, within its limits.
pub(super) fn naturals(typeface: &Typeface, section: &Section<'_>) -> Vec<f64> {
    let longest = section.longest(|text| typeface.width_mm(text, BODY));
    let within = |(longest, column): (f64, &Column)| {
        let (least, most) = column.limits_mm();
        // A hair more than the text, so that rounding does not make it smaller.
        (longest + 2.0 * PAD + 0.2).clamp(least, most)
    };
    longest.into_iter().zip(&section.columns).map(within).collect()
}

/// What a table takes in millimetres when its loose columns are comfortable, not wide.
pub(super) fn comfortable_width(columns: &[Column], naturals: &[f64]) -> f64 {
    columns
        .iter()
        .zip(naturals)
        .map(|(column, &natural)| {
            let (least, most) = column.limits_mm();
            match column.share() {
                Share::Tight => natural,
                Share::Loose => natural.min(f64::midpoint(least, most)),
            }
        })
        .sum()
}

/// Widths of the columns in millimetres; together `available`.
pub(super) fn widths(columns: &[Column], naturals: &[f64], available: f64) -> Vec<f64> {
    let mut widths = naturals.to_vec();
    let mut surplus = available - widths.iter().sum::<f64>();
    if surplus < 0.0 {
        // Loose columns give way first, each down to its least.
        let gives = |i: usize, width: f64| match columns[i].share() {
            Share::Loose => width - columns[i].limits_mm().0,
            Share::Tight => 0.0,
        };
        let all: f64 = widths.iter().enumerate().map(|(i, &w)| gives(i, w)).sum();
        if all > 0.0 {
            let part = (-surplus / all).min(1.0);
            for (i, width) in widths.iter_mut().enumerate() {
                *width -= gives(i, *width) * part;
            }
            surplus = available - widths.iter().sum::<f64>();
        }
    }
    if surplus < 0.0 {
        let shrink = available / widths.iter().sum::<f64>();
        for width in &mut widths {
            *width *= shrink;
        }
    } else {
        // What is left over goes to all, and three times as much to the loose ones.
        let weight = |column: Column| match column.share() {
            Share::Loose => 3.0,
            Share::Tight => 1.0,
        };
        let all: f64 = columns.iter().zip(&widths).map(|(&c, w)| weight(c) * w).sum();
        for (width, &column) in widths.iter_mut().zip(columns) {
            *width += surplus * weight(column) * *width / all;
        }
    }
    widths
}

/// A row with its texts fitted, no higher than `most` millimetres.
///
/// # Errors
///
/// [`PublishError::MissingGlyph`], or [`PublishError::TooLong`] if even the smallest print is higher.
pub(super) fn laid(
    typeface: &Typeface,
    columns: &[Column],
    row: &Row,
    widths: &[f64],
    most: f64,
) -> Result<Laid, PublishError> {
    let mut fits = Vec::with_capacity(widths.len());
    for ((cell, &column), &width) in row.cells.iter().zip(columns).zip(widths) {
        let text = checked(typeface, &cell.shown(), column.heading(), &row.whose)?;
        let inside = width - 2.0 * PAD;
        let mut cell = fit(typeface, &text, inside, BODY, column.share());
        if cell.height() + 2.0 > most {
            cell = wrapped(typeface, &text, inside, LEAST);
        }
        if cell.height() + 2.0 > most {
            return Err(PublishError::TooLong {
                place: column.heading().to_owned(),
                whose: row.whose.clone(),
                length: text.chars().count(),
            });
        }
        fits.push(cell);
    }
    let height = fits.iter().map(|f| f.height() + 2.0).fold(ROW, f64::max);
    Ok(Laid { fits, height })
}

/// Which rows stand on which page, given the height of a page's table and of what closes the section. The
/// closing stands whole on the last page, beneath some rows. No row may be higher than a page less
/// the closing.
pub(super) fn pages(heights: &[f64], page: f64, closing: f64) -> Vec<Range<usize>> {
    // Sums of millimetres are off by far less than this.
    let slack = 1e-6;
    let mut pages = Vec::new();
    let (mut start, mut used) = (0, 0.0);
    for (i, height) in heights.iter().enumerate() {
        if used + height > page + slack && i > start {
            pages.push(start..i);
            (start, used) = (i, 0.0);
        }
        used += height;
    }
    if used + closing > page + slack && heights.len() > start + 1 {
        // The closing needs a page of its own; the rows that go with it are taken below.
        pages.push(start..heights.len() - 1);
        start = heights.len() - 1;
    }
    if let Some(before) = pages.last_mut() {
        let mut used: f64 = heights[start..].iter().sum();
        while heights.len() - start < WITH_SIGNATURES
            && before.len() > 1
            && used + heights[before.end - 1] + closing <= page + slack
        {
            before.end -= 1;
            start = before.end;
            used += heights[start];
        }
    }
    pages.push(start..heights.len());
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signatures_take_rows_with_them() {
        let ends =
            |heights: &[f64]| -> Vec<usize> { pages(heights, 140.0, 70.0).iter().map(|p| p.end).collect() };
        let rows = |n: usize| ends(&vec![7.0; n]);
        assert_eq!(rows(0), [0]);
        assert_eq!(rows(10), [10]);
        assert_eq!(rows(11), [8, 11]);
        assert_eq!(rows(20), [17, 20]);
        assert_eq!(rows(21), [18, 21]);
        assert_eq!(rows(45), [20, 40, 45]);
        assert_eq!(ends(&[60.0, 60.0, 60.0]), [2, 3]);
    }

    proptest! {
        #[test]
        fn no_page_is_too_full_and_no_row_is_lost(
            heights in proptest::collection::vec(7.0f64..70.0, 0..80), closing in 0.0f64..70.0
        ) {
            let pages = pages(&heights, 140.0, closing);
            prop_assert_eq!(pages.first().map(|p| p.start), Some(0));
            prop_assert_eq!(pages.last().map(|p| p.end), Some(heights.len()));
            prop_assert!(pages.windows(2).all(|w| w[0].end == w[1].start));
            for (i, page) in pages.iter().enumerate() {
                let is_last = i + 1 == pages.len();
                let used: f64 = heights[page.clone()].iter().sum();
                let closed = used + if is_last { closing } else { 0.0 };
                prop_assert!(closed <= 140.0 + 1e-3);
                prop_assert!(!page.is_empty() || heights.is_empty());
            }
        }
    }
}
