//! A page that was not read: the scan, the reason, and the dark things on it.

// Pixels of a reduced page: small.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use super::canvas::Canvas;
use super::legend::note;
use super::view::View;
use super::{MISSING, Rgb};
use crate::geometry::{Orientation, Point};
use crate::source::Page;

/// The longer side of the picture, in pixels.
const LONG_SIDE: f64 = 2000.0;

/// Pixels of the page's longer side once it is reduced to look for dark things: 3 a millimetre of A4. With
/// half of that, bold digits close up to solid squares.
const REDUCED: usize = 900;

/// Sides of a dark thing that may be a fiducial, as shares of the longer side: 1.4 to 12 mm of A4, the longer
/// side 2.2 at least. Print of 8 points is 2 mm high.
const SIDES: (f64, f64) = (0.0047, 0.04);
const LONGER: f64 = 0.0074;

/// The share of its box that a solid thing fills; an L fills 0.75, a letter 0.6 and less.
const SOLID: f64 = 0.7;

/// Dark things that are drawn at most.
const MOST: usize = 200;

const SEEN: Rgb = [0, 125, 90];

/// The scan as it came, with `reason` below it and the compact dark things that a fiducial could be framed, as
/// a PNG file.
#[must_use]
pub fn trace_unread(name: &str, page: &Page, reason: &str) -> Vec<u8> {
    let long = page.width.max(page.height) as f64;
    let view = View::whole(page, Orientation::Upright, LONG_SIDE / long);
    let found = dark_things(page);
    let lines = [
        format!("not read (未读): {reason}"),
        name.to_owned(),
        format!("{} dark things of a fiducial's size are framed (可能的定位点)", found.len()),
    ];
    let strip = note(&lines, view.width);
    let mut canvas = Canvas::new(view.width, view.height + strip.height());
    view.lay(&mut canvas);
    for (left, top, right, bottom) in found {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
            .map(|(x, y)| view.place(Point::at(x - 0.5, y - 0.5)));
        canvas.frame(corners, 3.0, SEEN);
    }
    let edge = [(4.0, 4.0), (view.width as f64 - 4.0, 4.0)];
    let low = view.height as f64 - 4.0;
    canvas.frame([edge[0], edge[1], (edge[1].0, low), (4.0, low)], 8.0, MISSING);
    strip.draw(&mut canvas, view.height);
    canvas.png()
}

/// Boxes (left, top, right, bottom in the picture's pixels) of compact dark things, from the top.
fn dark_things(page: &Page) -> Vec<(f64, f64, f64, f64)> {
    let factor = page.width.max(page.height).div_ceil(REDUCED).max(1);
    let (width, height) = (page.width / factor, page.height / factor);
    let mut levels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let rows = (0..factor).flat_map(|dy| &page.row(y * factor + dy)[x * factor..(x + 1) * factor]);
            let sum: u32 = rows.map(|&level| u32::from(level)).sum();
            levels.push((sum / (factor * factor) as u32) as u8);
        }
    }
    let mut sorted = levels.clone();
    sorted.sort_unstable();
    let (Some(&ink), Some(&paper)) = (sorted.first(), sorted.get(sorted.len() * 6 / 10)) else {
        return Vec::new();
    };
    let limit = ink.midpoint(paper);
    let long = width.max(height) as f64;
    let fits = |side: usize| (side as f64) >= SIDES.0 * long && (side as f64) <= SIDES.1 * long;
    let mut open: Vec<bool> = levels.iter().map(|&level| level < limit).collect();
    let mut out = Vec::new();
    for start in 0..open.len() {
        if !open[start] {
            continue;
        }
        open[start] = false;
        let mut stack = vec![start];
        let (mut x0, mut x1, mut y0, mut y1, mut area) = (width, 0, height, 0, 0usize);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % width, at / width);
            (x0, x1, y0, y1) = (x0.min(x), x1.max(x), y0.min(y), y1.max(y));
            area += 1;
            let near = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then_some(at + 1),
                (y > 0).then(|| at - width),
                (y + 1 < height).then_some(at + width),
            ];
            for next in near.into_iter().flatten() {
                if std::mem::take(&mut open[next]) {
                    stack.push(next);
                }
            }
        }
        let (w, h) = (x1 + 1 - x0, y1 + 1 - y0);
        let large = w.max(h) as f64 >= LONGER * long;
        if large && fits(w) && fits(h) && area as f64 >= SOLID * (w * h) as f64 && out.len() < MOST {
            let full = |v: usize| (v * factor) as f64;
            out.push((full(x0), full(y0), full(x1 + 1), full(y1 + 1)));
        }
    }
    out
}
