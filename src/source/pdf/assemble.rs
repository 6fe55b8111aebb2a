//! The pictures of a page, each turned as it is shown and put into its place.

use super::Refusal;
use super::content::{Content, Picture, What};
use super::matrix::{Box2, Matrix};
use crate::sheet::{Channel, DecodeFault};
use crate::source::Depth;
use crate::source::plane::{Plane, area};
use hayro::hayro_syntax::page::{Page, Rotation};

/// How far a single picture may lie askew and still be taken as it is stored, as a sine: 10°. Registration finds the
/// sheet in it; further, the page is drawn.
const MOST_SKEW: f64 = 0.18;

/// The same where pictures are put together: a pixel over a page of 1 000.
const MOST_SKEW_TOGETHER: f64 = 1e-3;

/// How much the scales of pictures that are put together may differ: half a pixel in 200.
const SAME_SCALE: f64 = 2.5e-3;

/// How much of a picture may be cut off at a side and still count as rounding, in points of 1/72 inch.
const CUT: f64 = 1.0;

/// The way a picture's rows run on the shown page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Rows run down the page.
    pub(super) lying: bool,
    /// The first column is at the right.
    pub(super) from_right: bool,
    /// The first row is at the bottom.
    pub(super) from_below: bool,
}

/// A picture on the shown page: y runs down.
struct Placed {
    turn: Turn,
    /// What it covers, in points.
    bounds: Box2,
    /// What can be seen of it.
    seen: Box2,
    /// Points a pixel, across and down the shown page.
    scale: (f64, f64),
    skew: f64,
    /// Pixels across and down the shown page.
    size: (usize, usize),
}

/// From the page's own coordinates to the shown page, and the box that is shown.
pub(super) fn shown(page: &Page<'_>) -> Option<(Matrix, Box2)> {
    let crop = page.intersected_crop_box();
    let (x0, y0, x1, y1) = (crop.x0, crop.y0, crop.x1, crop.y1);
    let matrix = Matrix(match page.rotation() {
        Rotation::None => [1.0, 0.0, 0.0, -1.0, -x0, y1],
        Rotation::Horizontal => [0.0, 1.0, 1.0, 0.0, -y0, -x0],
        Rotation::Flipped => [-1.0, 0.0, 0.0, 1.0, x1, -y0],
        Rotation::FlippedHorizontal => [0.0, -1.0, -1.0, 0.0, y1, x1],
    });
    let bounds = Box2::around(&[matrix.point(x0, y0), matrix.point(x1, y1)]);
    bounds.is_sound().then_some((matrix, bounds))
}

/// The page that its pictures make up.
pub(super) fn assemble(page: &Page<'_>, content: &Content<'_>, channel: Channel) -> Result<Plane, Refusal> {
    let (to_shown, page_box) = shown(page).ok_or(DecodeFault::Damaged)?;
    let mut placed = Vec::new();
    for picture in &content.pictures {
        let place = place(picture, to_shown, page_box)?;
        // What lies off the page isn't seen.
        if place.seen.is_sound() {
            placed.push((picture, place));
        }
    }
    match placed.as_slice() {
        [] => Err(Refusal::Drawing),
        [(picture, place)] => single(picture, place, channel),
        several => together(several, channel),
    }
}

fn place(picture: &Picture<'_>, to_shown: Matrix, page_box: Box2) -> Result<Placed, Refusal> {
    let (width, height) = match &picture.what {
        What::Object(image) => image.size()?,
        What::Inline(plane) => (plane.width, plane.height),
    };
    let matrix = picture.matrix.then(to_shown);
    // The first row of a picture is at the top of the unit square.
    let origin = matrix.point(0.0, 1.0);
    let across = matrix.point(1.0, 1.0);
    let down = matrix.point(0.0, 0.0);
    let (across, down) = ((across.0 - origin.0, across.1 - origin.1), (down.0 - origin.0, down.1 - origin.1));
    let corners = [origin, matrix.point(1.0, 1.0), matrix.point(0.0, 0.0), matrix.point(1.0, 0.0)];
    let bounds = Box2::around(&corners);
    if !bounds.is_sound() {
        return Err(Refusal::Drawing);
    }
    let lying = across.1.abs() > across.0.abs();
    let (row, column) = (across.0.hypot(across.1), down.0.hypot(down.1));
    let (turn, scale, size) = if lying {
        let turn = Turn { lying, from_right: across.1 < 0.0, from_below: down.0 < 0.0 };
        (turn, (column / height as f64, row / width as f64), (height, width))
    } else {
        let turn = Turn { lying, from_right: across.0 < 0.0, from_below: down.1 < 0.0 };
        (turn, (row / width as f64, column / height as f64), (width, height))
    };
    // Sines of the angles between the picture's sides and the page's.
    let skew = if lying {
        (across.0 / row).abs().max((down.1 / column).abs())
    } else {
        (across.1 / row).abs().max((down.0 / column).abs())
    };
    let visible = match picture.clip {
        Some(clip) => {
            let clip =
                Box2::around(&[to_shown.point(clip.left, clip.low), to_shown.point(clip.right, clip.high)]);
            page_box.common(clip)
        }
        None => page_box,
    };
    Ok(Placed { turn, bounds, seen: bounds.common(visible), scale, skew, size })
}

/// The picture's samples, turned as it is shown.
fn turned(picture: &Picture<'_>, turn: Turn, channel: Channel) -> Result<Plane, Refusal> {
    let plane = match &picture.what {
        What::Object(image) => image.plane(channel)?,
        What::Inline(plane) => (**plane).clone(),
    };
    Ok(turn.of(plane))
}

/// Dots an inch.
fn dpi(scale: (f64, f64)) -> Option<u16> {
    let dpi = (72.0 / scale.0).round();
    // Between 1 and 65 535.
    (1.0..=65_535.0).contains(&dpi).then_some(dpi as u16)
}

fn single(picture: &Picture<'_>, place: &Placed, channel: Channel) -> Result<Plane, Refusal> {
    if place.skew > MOST_SKEW {
        return Err(Refusal::Drawing);
    }
    let (b, s) = (place.bounds, place.seen);
    let cut = [s.left - b.left, b.right - s.right, s.low - b.low, b.high - s.high];
    // Of a picture that lies askew corners stick out.
    let corners = CUT + place.skew * b.width().max(b.height());
    let whole = cut.iter().all(|&c| c <= corners);
    if !whole && place.skew > MOST_SKEW_TOGETHER {
        return Err(Refusal::Drawing);
    }
    let mut plane = turned(picture, place.turn, channel)?;
    let dpi = dpi(place.scale);
    if !whole {
        // Whole pixels that are seen; a JPEG's own size may be another than its dictionary's.
        let (sx, sy) = (b.width() / plane.width as f64, b.height() / plane.height as f64);
        let (left, right) = (pixel(s.left - b.left, sx), pixel(s.right - b.left, sx).min(plane.width));
        let (top, bottom) = (pixel(s.low - b.low, sy), pixel(s.high - b.low, sy).min(plane.height));
        if left >= right || top >= bottom {
            return Err(Refusal::Drawing);
        }
        let rows = plane.pixels.chunks_exact(plane.width).take(bottom).skip(top);
        let pixels = rows.flat_map(|row| &row[left..right]).copied().collect();
        plane = Plane { width: right - left, height: bottom - top, pixels, dpi, depth: plane.depth };
    }
    Ok(Plane { dpi, ..plane })
}

/// The pixel at a distance; both are small enough to be whole numbers.
fn pixel(distance: f64, scale: f64) -> usize {
    (distance / scale).round().max(0.0) as usize
}

/// Pictures of one scale beside each other on white paper; a later one covers an earlier one.
fn together(placed: &[(&Picture<'_>, Placed)], channel: Channel) -> Result<Plane, Refusal> {
    let scale = placed[0].1.scale;
    let alike = |a: f64, b: f64| (a - b).abs() <= SAME_SCALE * b;
    for (picture, place) in placed {
        let whole = place.seen.width() >= place.bounds.width() - CUT
            && place.seen.height() >= place.bounds.height() - CUT;
        let same = alike(place.scale.0, scale.0) && alike(place.scale.1, scale.1);
        let stencil = matches!(&picture.what, What::Object(image) if image.is_stencil() || image.has_mask());
        if place.skew > MOST_SKEW_TOGETHER || !whole || !same || stencil {
            return Err(Refusal::Drawing);
        }
    }
    let corners: Vec<(f64, f64)> = placed
        .iter()
        .flat_map(|(_, p)| [(p.bounds.left, p.bounds.low), (p.bounds.right, p.bounds.high)])
        .collect();
    let bounds = Box2::around(&corners);
    let spots: Vec<(usize, usize)> = placed
        .iter()
        .map(|(_, p)| {
            (pixel(p.bounds.left - bounds.left, scale.0), pixel(p.bounds.low - bounds.low, scale.1))
        })
        .collect();
    let ends = spots.iter().zip(placed).map(|(&(x, y), (_, p))| (x + p.size.0, y + p.size.1));
    let (width, height) = ends.fold((0, 0), |(w, h), (x, y)| (w.max(x), h.max(y)));
    let mut out = Plane {
        width,
        height,
        pixels: vec![255; area(width as u64, height as u64)?],
        dpi: dpi(scale),
        depth: Depth::Bilevel,
    };
    for (&(x, y), (picture, place)) in spots.iter().zip(placed) {
        let part = turned(picture, place.turn, channel)?;
        if (part.width, part.height) != place.size {
            return Err(Refusal::Fault(DecodeFault::Damaged));
        }
        if part.depth == Depth::Gray {
            out.depth = Depth::Gray;
        }
        let rows = out.pixels[y * width..].chunks_exact_mut(width);
        for (to, from) in rows.zip(part.pixels.chunks_exact(part.width)) {
            to[x..x + part.width].copy_from_slice(from);
        }
    }
    Ok(out)
}

impl Turn {
    /// The plane as it is shown.
    pub(super) fn of(self, mut plane: Plane) -> Plane {
        if self.from_below {
            let (width, height) = (plane.width, plane.height);
            for y in 0..height / 2 {
                let (upper, lower) = plane.pixels.split_at_mut((height - 1 - y) * width);
                upper[y * width..(y + 1) * width].swap_with_slice(&mut lower[..width]);
            }
        }
        if self.from_right {
            plane.pixels.chunks_exact_mut(plane.width).for_each(<[u8]>::reverse);
        }
        if self.lying { transposed(&plane) } else { plane }
    }
}

/// Rows become columns, in squares that fit the first-level cache.
fn transposed(plane: &Plane) -> Plane {
    const SQUARE: usize = 64;
    let (width, height) = (plane.height, plane.width);
    let mut pixels = vec![0; plane.pixels.len()];
    for top in (0..height).step_by(SQUARE) {
        for left in (0..width).step_by(SQUARE) {
            for y in top..height.min(top + SQUARE) {
                for x in left..width.min(left + SQUARE) {
                    pixels[y * width + x] = plane.pixels[x * height + y];
                }
            }
        }
    }
    Plane { width, height, pixels, dpi: plane.dpi, depth: plane.depth }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width: usize, pixels: &[u8]) -> Plane {
        let height = pixels.len() / width;
        Plane { width, height, pixels: pixels.to_vec(), dpi: None, depth: Depth::Gray }
    }

    #[test]
    fn pictures_are_turned_as_they_are_shown() {
        let turn = |lying, from_right, from_below| {
            let out = Turn { lying, from_right, from_below }.of(plane(3, &[1, 2, 3, 4, 5, 6]));
            (out.width, out.pixels)
        };
        assert_eq!(turn(false, false, false), (3, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(turn(false, true, false), (3, vec![3, 2, 1, 6, 5, 4]));
        assert_eq!(turn(false, false, true), (3, vec![4, 5, 6, 1, 2, 3]));
        assert_eq!(turn(true, false, false), (2, vec![1, 4, 2, 5, 3, 6]));
        // A quarter turn clockwise: rows run down, the first at the right.
        assert_eq!(turn(true, false, true), (2, vec![4, 1, 5, 2, 6, 3]));
        let large = plane(130, &(0..130 * 70u32).map(|i| (i % 251) as u8).collect::<Vec<_>>());
        assert_eq!(transposed(&transposed(&large)), large);
    }
}
