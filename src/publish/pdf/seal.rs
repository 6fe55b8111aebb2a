//! The code of a page: its place, and how much a page may hold.

use super::super::error::PublishError;
use super::super::paper::{Closing, Paper, Section};
use super::super::seal::{PageFacts, SEAL_SIGNATURE, code_length, seal_code};
use super::canvas::{Canvas, GRAY};
use super::slip::modules;
use super::{Format, HAIR, SIDE};
use crate::layout::draw::TextStyle;
use std::ops::Range;

/// Side of the place in millimetres, without the white around it, and where it begins: a code of 109 modules has 0.35 mm each. Below
/// 0.33 mm scanners and telephones begin to fail on an office printer's paper. Printers leave 5 mm of the page's edge.
const SIDE_MM: f64 = 38.0;
const TOP: f64 = 6.5;

/// What a table may not reach into, from the top of the page: the code and four modules of white.
pub(super) const BOTTOM: f64 = TOP + SIDE_MM + 1.4;

/// What the code takes of the heading's width. The margin is part of the white around it.
pub(super) const WIDTH: f64 = SIDE_MM + 3.0;

/// Modules of the largest code that has a place (version 23), and the digits that it holds at the least correction (L).
const MODULES: usize = 109;
const DIGITS: usize = 2620;

/// Digits left free for the number of pages, which is not known before there are pages.
const SPARE: usize = 36;

/// The largest module in millimetres: a code of few rows need not fill the place.
const LARGEST: f64 = 0.5;

/// Rows of dark modules.
pub(super) struct Code {
    width: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The code of a page with its signature.
    ///
    /// # Errors
    ///
    /// [`PublishError::TooLong`].
    pub fn of(
        facts: &PageFacts,
        signature: &[u8; SEAL_SIGNATURE],
        whose: &str,
    ) -> Result<Self, PublishError> {
        let code = seal_code(signature, &facts.packed());
        let (width, dark) = modules(&code, whose, MODULES)?;
        Ok(Self { width, dark })
    }
}

/// What a page says.
pub(super) fn facts(
    paper: &Paper<'_>,
    section: &Section<'_>,
    rows: &Range<usize>,
    page: (usize, usize),
) -> PageFacts {
    let (exam, publication, name) = match &paper.sealing {
        Some(sealing) => (sealing.exam.clone(), sealing.publication, sealing.paper),
        None => (String::new(), 0, ""),
    };
    let is_last = rows.end >= section.rows.len();
    PageFacts {
        exam,
        publication,
        paper: name.to_owned(),
        page,
        facts: std::iter::once(section.title.clone())
            .chain(section.facts.iter().flatten().map(|fact| format!("{}：{}", fact.label, fact.value)))
            .collect(),
        columns: section.columns.iter().map(|column| column.heading().to_owned()).collect(),
        rows: section
            .rows
            .range(rows.clone())
            .map(|row| row.cells.iter().map(|cell| cell.shown().into_owned()).collect())
            .collect(),
        totals: match &section.closing {
            Closing::Signed { totals } if is_last => totals.clone(),
            Closing::Signed { .. } | Closing::Bare => String::new(),
        },
    }
}

/// The pages, cut where the rows of one are more than its code holds.
///
/// # Errors
///
/// [`PublishError::TooLong`] if a row alone is.
pub(super) fn pages_that_fit(
    paper: &Paper<'_>,
    section: &Section<'_>,
    pages: Vec<Range<usize>>,
) -> Result<Vec<Range<usize>>, PublishError> {
    let fits = |rows: &Range<usize>| {
        let packed = facts(paper, section, rows, (9_999, 9_999)).packed();
        code_length(packed.len()) + SPARE <= DIGITS
    };
    let mut out = Vec::with_capacity(pages.len());
    for mut page in pages {
        while !fits(&page) {
            let mut first = page.start..page.end;
            // Half the rows surely are few enough on any page but one of very long remarks.
            while !fits(&first) && first.len() > 1 {
                first.end -= 1 + first.len() / 16;
            }
            if !fits(&first) {
                let row = section.rows.range(first).next();
                return Err(PublishError::TooLong {
                    place: "QR".to_owned(),
                    length: row
                        .iter()
                        .flat_map(|row| &row.cells)
                        .map(|cell| cell.shown().chars().count())
                        .sum(),
                    whose: row.map(|row| row.whose).unwrap_or_default(),
                });
            }
            page.start = first.end;
            out.push(first);
        }
        out.push(page);
    }
    Ok(out)
}

/// The code at its place, or the empty place.
pub(super) fn place(canvas: &mut Canvas<'_, '_>, code: Option<&Code>, format: Format) {
    let right = format.width - SIDE;
    let note = TextStyle::new(6.5).right().colour(GRAY);
    if let Some(Code { width, dark }) = code {
        let module = (SIDE_MM / *width as f64).min(LARGEST);
        canvas.modules(right - module * *width as f64, TOP, module, *width, dark);
        canvas.text(right, format.height - 6.0, "右上角为本页签名码，可用 verify.html 核验", &note);
    } else {
        canvas.frame(right - SIDE_MM, TOP, SIDE_MM, SIDE_MM, HAIR);
        let style = TextStyle::new(9.0).centred().middle().colour(GRAY);
        let (x, y) = (right - SIDE_MM / 2.0, TOP + SIDE_MM / 2.0);
        canvas.text(x, y, "签署发布后印本页签名码", &style);
    }
}
