//! Where a form's marker picture is seen, at any size.

use super::coarse::Coarse;
use super::outline;
use crate::geometry::{Homography, Mm, Point, Px};
use crate::layout::{FiducialShape, Layout, Raster};
use crate::source::Page;

/// Side of the reduced marker in pixels: the rings of a bull's eye are two pixels each. At 10 letters begin to look like it, at
/// 20 the search takes twice as long.
const SIDE: usize = 15;

/// The sizes that are tried, as shares of the size that the layout says for a page that fills the picture, and the step
/// between them. Printed pages are cropped and reduced before they are described.
const SIZES: (f64, f64) = (0.3, 1.35);
const SIZE_STEP: f64 = 1.13;

/// The least likeness (correlation) to the marker. A marker with its middle filled by a pen has 0.6, printed words stay
/// below 0.5.
const LEAST_LIKE: f64 = 0.5;

/// The most places that are combined, four by four.
const MOST_PLACES: usize = 14;

/// By how much the four markers may differ in size, as a factor: perspective.
const SIZE_RANGE: f64 = 1.7;

/// The most ways that are handed on.
const MOST_WAYS: usize = 6;

/// A place that looks like the marker.
#[derive(Debug, Clone, Copy)]
struct Place {
    centre: Point<Px>,
    /// Side in full pixels.
    size: f64,
    like: f64,
}

/// Ways of laying the page by four markers; those that look most like them first, each turned as the marker allows.
pub(super) fn ways(page: &Page, layout: &Layout, marker: &Raster, coarse: &Coarse) -> Vec<Homography> {
    let printed: Vec<_> = layout.fiducials.iter().filter(|f| f.shape == FiducialShape::Marker).collect();
    let Some(first) = printed.first().filter(|_| printed.len() == 4) else { return Vec::new() };
    let sheet_width = outline::sheet(coarse).map_or(page.width as f64, |c| {
        let sides = [0, 1, 2, 3].map(|i| c[i].distance(c[(i + 1) % 4]).0);
        f64::midpoint(sides[0], sides[2]).min(f64::midpoint(sides[1], sides[3]))
    });
    let usual = sheet_width.min(page.height as f64) * first.rect.width.0 / layout.page.width_mm;
    let places = places(page, marker, usual);
    let corners = clockwise(printed.iter().map(|f| f.rect.centre).collect());
    let mut quads: Vec<(f64, [Place; 4])> = Vec::new();
    let n = places.len();
    for a in 0..n {
        for b in a + 1..n {
            for c in b + 1..n {
                for d in c + 1..n {
                    let four = [places[a], places[b], places[c], places[d]];
                    if let Some(quad) = frame(four, page) {
                        quads.push((four.iter().map(|p| p.like).sum(), quad));
                    }
                }
            }
        }
    }
    quads.sort_by(|a, b| b.0.total_cmp(&a.0));
    quads.truncate(MOST_WAYS);
    quads
        .into_iter()
        .flat_map(|(_, quad)| {
            let corners = corners.clone();
            (0..4).filter_map(move |turn| {
                let pairs: Vec<_> = (0..4).map(|i| (corners[i], quad[(i + turn) % 4].centre)).collect();
                Homography::fit(&pairs)
            })
        })
        .collect()
}

/// In the order around their middle, clockwise from the upper left.
fn clockwise(mut points: Vec<Point<Mm>>) -> Vec<Point<Mm>> {
    let n = points.len() as f64;
    let (sx, sy) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x.0, y + p.y.0));
    let angle = |p: &Point<Mm>| libm::atan2(p.y.0 - sy / n, p.x.0 - sx / n);
    points.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
    points
}

/// Four places as a frame, clockwise from the upper left; `None` if they are not convex, too different in size or too near to
/// each other.
fn frame(four: [Place; 4], page: &Page) -> Option<[Place; 4]> {
    let (least, most) = four.iter().fold((f64::MAX, 0.0f64), |(a, b), p| (a.min(p.size), b.max(p.size)));
    if most > SIZE_RANGE * least {
        return None;
    }
    let (cx, cy) = (
        four.iter().map(|p| p.centre.x.0).sum::<f64>() / 4.0,
        four.iter().map(|p| p.centre.y.0).sum::<f64>() / 4.0,
    );
    let mut out = four;
    let angle = |p: &Place| libm::atan2(p.centre.y.0 - cy, p.centre.x.0 - cx);
    out.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
    let mut area = 0.0;
    for i in 0..4 {
        let (p, q, r) = (out[i].centre, out[(i + 1) % 4].centre, out[(i + 2) % 4].centre);
        let turn = (q.x.0 - p.x.0) * (r.y.0 - q.y.0) - (q.y.0 - p.y.0) * (r.x.0 - q.x.0);
        if turn <= 0.0 || p.distance(q).0 < 4.0 * most {
            return None;
        }
        area += p.x.0 * q.y.0 - q.x.0 * p.y.0;
    }
    // A page smaller than a twentieth of the picture can't be read.
    (area.abs() / 2.0 >= 0.05 * (page.width * page.height) as f64).then_some(out)
}

/// The places that look most like the marker, the likest first.
fn places(page: &Page, marker: &Raster, usual: f64) -> Vec<Place> {
    let small = reduced(marker);
    let templates = turned(&small);
    let mut found: Vec<Place> = Vec::new();
    let mut size = SIZES.0 * usual;
    while size <= SIZES.1 * usual {
        if size >= 8.0 {
            at_size(page, &templates, size, &mut found);
        }
        size *= SIZE_STEP;
    }
    found.sort_by(|a, b| b.like.total_cmp(&a.like));
    let mut out: Vec<Place> = Vec::new();
    for place in found {
        if out.iter().all(|p| p.centre.distance(place.centre).0 > 0.7 * p.size.max(place.size)) {
            out.push(place);
            if out.len() == MOST_PLACES {
                break;
            }
        }
    }
    out
}

/// A picture of [`SIDE`] × [`SIDE`], its mean taken away, its squares summing to 1.
type Template = Vec<f64>;

fn reduced(marker: &Raster) -> Template {
    let (w, h) = (marker.width(), marker.height());
    let mut out = Vec::with_capacity(SIDE * SIDE);
    for j in 0..SIDE {
        for i in 0..SIDE {
            let (x0, x1) = (i * w / SIDE, ((i + 1) * w / SIDE).max(i * w / SIDE + 1).min(w));
            let (y0, y1) = (j * h / SIDE, ((j + 1) * h / SIDE).max(j * h / SIDE + 1).min(h));
            let mut sum = 0.0;
            for y in y0..y1 {
                for x in x0..x1 {
                    sum += f64::from(marker.levels()[y * w + x]);
                }
            }
            out.push(sum / ((x1 - x0).max(1) * (y1 - y0).max(1)) as f64);
        }
    }
    normal(&mut out);
    out
}

fn normal(values: &mut [f64]) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    for v in values.iter_mut() {
        *v -= mean;
    }
    let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-9);
    for v in values.iter_mut() {
        *v /= norm;
    }
}

/// The marker in its quarter turns, once if they all look alike.
fn turned(template: &Template) -> Vec<Template> {
    let mut out = vec![template.clone()];
    for _ in 0..3 {
        let last = &out[out.len() - 1];
        let next = (0..SIDE * SIDE).map(|i| last[(SIDE - 1 - i % SIDE) * SIDE + i / SIDE]).collect();
        out.push(next);
    }
    let alike = |t: &Template| t.iter().zip(template).map(|(a, b)| a * b).sum::<f64>() > 0.85;
    if out.iter().all(alike) {
        out.truncate(1);
    }
    out
}

/// Adds the places where the marker is seen with a side of `size` full pixels.
fn at_size(page: &Page, templates: &[Template], size: f64, found: &mut Vec<Place>) {
    let scale = size / SIDE as f64;
    let (w, h) = ((page.width as f64 / scale) as usize, (page.height as f64 / scale) as usize);
    if w <= SIDE || h <= SIDE {
        return;
    }
    let small = shrunk(page, scale, w, h);
    let (sums, squares) = integrals(&small, w, h);
    let n = (SIDE * SIDE) as f64;
    let boxed = |t: &[f64], x: usize, y: usize| {
        t[(y + SIDE) * (w + 1) + x + SIDE] + t[y * (w + 1) + x]
            - t[y * (w + 1) + x + SIDE]
            - t[(y + SIDE) * (w + 1) + x]
    };
    let mut likes: Vec<(usize, usize, f64)> = Vec::new();
    for y in 0..h - SIDE {
        for x in 0..w - SIDE {
            let mean = boxed(&sums, x, y) / n;
            let power = boxed(&squares, x, y) - n * mean * mean;
            // White paper and gray ground have nothing to compare: σ of 12 levels.
            if power < n * 144.0 {
                continue;
            }
            let mut best = 0.0f64;
            for template in templates {
                let mut product = 0.0f32;
                for (row, part) in template.chunks_exact(SIDE).enumerate() {
                    let from = (y + row) * w + x;
                    let levels = &small[from..from + SIDE];
                    product += levels.iter().zip(part).map(|(&a, &b)| a * b as f32).sum::<f32>();
                }
                best = best.max(f64::from(product) / power.sqrt());
            }
            if best >= LEAST_LIKE {
                likes.push((x, y, best));
            }
        }
    }
    likes.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut kept: Vec<(usize, usize, f64)> = Vec::new();
    for like in likes {
        let apart = |k: &(usize, usize, f64)| k.0.abs_diff(like.0).max(k.1.abs_diff(like.1)) > SIDE / 2;
        if kept.iter().all(apart) {
            kept.push(like);
            if kept.len() == 3 * MOST_PLACES {
                break;
            }
        }
    }
    let half = SIDE as f64 / 2.0;
    found.extend(kept.into_iter().map(|(x, y, like)| Place {
        centre: Point::at((x as f64 + half) * scale - 0.5, (y as f64 + half) * scale - 0.5),
        size,
        like,
    }));
}

/// The page reduced by `scale` (or enlarged below 1) to `w × h`, by the mean of what each pixel covers.
fn shrunk(page: &Page, scale: f64, w: usize, h: usize) -> Vec<f32> {
    let spans = |count: usize, limit: usize| -> Vec<(usize, usize)> {
        (0..count)
            .map(|i| {
                let from = ((i as f64 * scale) as usize).min(limit - 1);
                (from, (((i + 1) as f64 * scale) as usize).clamp(from + 1, limit))
            })
            .collect()
    };
    let (columns, rows) = (spans(w, page.width), spans(h, page.height));
    let mut out = Vec::with_capacity(w * h);
    for &(top, bottom) in &rows {
        for &(left, right) in &columns {
            let mut sum = 0u32;
            for y in top..bottom {
                sum += page.row(y)[left..right].iter().map(|&v| u32::from(v)).sum::<u32>();
            }
            out.push(sum as f32 / ((bottom - top) * (right - left)) as f32);
        }
    }
    out
}

fn integrals(levels: &[f32], w: usize, h: usize) -> (Vec<f64>, Vec<f64>) {
    let mut sums = vec![0.0; (w + 1) * (h + 1)];
    let mut squares = sums.clone();
    for y in 0..h {
        let (mut sum, mut square) = (0.0, 0.0);
        for x in 0..w {
            let v = f64::from(levels[y * w + x]);
            sum += v;
            square += v * v;
            let at = (y + 1) * (w + 1) + x + 1;
            sums[at] = sums[at - w - 1] + sum;
            squares[at] = squares[at - w - 1] + square;
        }
    }
    (sums, squares)
}
