//! The sheet's own outline against a darker ground.

use super::coarse::Coarse;
use crate::geometry::{Point, Px};

/// How far bright areas are joined over dark lines, in coarse pixels: a printed frame of 0.7 mm is two of them, and
/// must not cut the sheet in two. At 4 the ground between two sheets would be bridged.
const BRIDGE: usize = 2;

/// The least share of the picture that is taken for a sheet. A sheet on a smaller share has targets of a few
/// pixels.
const LEAST_SHARE: f64 = 0.08;

/// How much brighter than its ground a sheet must be, in gray levels.
const LEAST_STEP: f64 = 35.0;

/// How far from a side's line the outline may run and still belong to it, in coarse pixels: a curled edge bows by 2 mm.
const BOW: f64 = 5.0;

/// The share of each side that must be seen as a line. A dog-ear or a thumb hides less than a third.
const SEEN_SHARE: f64 = 0.55;

/// How near to the picture's edge a corner or side counts as cut off, in coarse pixels.
const AT_EDGE: f64 = 3.0;

/// The most points of the hull that are tried as corners.
const HULL: usize = 36;

/// Four corners of the sheet in full pixels, clockwise in the picture from the one nearest to its upper left; `None` if
/// the picture shows no ground around the sheet or the outline has not four straight sides.
pub(super) fn sheet(coarse: &Coarse) -> Option<[Point<Px>; 4]> {
    let (width, height) = coarse.sides();
    let threshold = split(coarse.levels())?;
    let bright = widened(coarse.levels(), width, height, threshold);
    let edge = boundary(&bright, width, height)?;
    let hull = thinned(&convex(&edge));
    let corners = largest_quadrilateral(&hull)?;
    let share = area(&corners) / (width * height) as f64;
    if share < LEAST_SHARE {
        return None;
    }
    let mut lines = Vec::with_capacity(4);
    for i in 0..4 {
        lines.push(side(corners[i], corners[(i + 1) % 4], &edge)?);
    }
    let mut out = [Point::at(0.0, 0.0); 4];
    for (i, corner) in out.iter_mut().enumerate() {
        let (x, y) = lines[(i + 3) % 4].meet(&lines[i])?;
        let inside =
            x >= AT_EDGE && y >= AT_EDGE && x <= width as f64 - AT_EDGE && y <= height as f64 - AT_EDGE;
        if !inside {
            return None;
        }
        *corner = coarse.full(x, y);
    }
    Some(out)
}

/// The level between ground and sheet that separates the two best (Otsu 1979, doi:10.1109/TSMC.1979.4310076); `None`
/// where they don't differ.
fn split(levels: &[u8]) -> Option<u8> {
    let mut bins = [0u32; 256];
    for &v in levels {
        bins[usize::from(v)] += 1;
    }
    let total = levels.len() as f64;
    let sum: f64 = bins.iter().enumerate().map(|(v, &n)| v as f64 * f64::from(n)).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let mut best = (0.0, 0u8, 0.0);
    for (v, &n) in bins.iter().enumerate().take(255) {
        below += f64::from(n);
        sum_below += v as f64 * f64::from(n);
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let step = (sum - sum_below) / above - sum_below / below;
        let between = below * above * step * step;
        if between > best.0 {
            best = (between, v as u8, step);
        }
    }
    (best.2 >= LEAST_STEP).then_some(best.1)
}

/// Where anything within [`BRIDGE`] is brighter than `threshold`.
fn widened(levels: &[u8], width: usize, height: usize, threshold: u8) -> Vec<bool> {
    let mut rows = vec![false; width * height];
    for y in 0..height {
        let mut last = None;
        for x in 0..width + BRIDGE {
            if x < width && levels[y * width + x] > threshold {
                last = Some(x);
            }
            // Everything from BRIDGE before a bright pixel to BRIDGE after it.
            if let Some(last) = last
                && x >= BRIDGE
                && x <= last + 2 * BRIDGE
            {
                rows[y * width + x - BRIDGE] = true;
            }
        }
    }
    let mut out = vec![false; width * height];
    for x in 0..width {
        let mut last = None;
        for y in 0..height + BRIDGE {
            if y < height && rows[y * width + x] {
                last = Some(y);
            }
            if let Some(last) = last
                && y >= BRIDGE
                && y <= last + 2 * BRIDGE
            {
                out[(y - BRIDGE) * width + x] = true;
            }
        }
    }
    out
}

/// The outer points of the largest bright thing, moved back by [`BRIDGE`], in coarse pixels.
fn boundary(bright: &[bool], width: usize, height: usize) -> Option<Vec<(f64, f64)>> {
    let mut seen = vec![false; bright.len()];
    let mut best: Vec<(usize, usize, usize)> = Vec::new();
    let mut best_area = 0usize;
    let mut stack = Vec::new();
    for start in 0..bright.len() {
        if seen[start] || !bright[start] {
            continue;
        }
        // By runs of a row: a sheet has a few thousand of them.
        let mut runs = Vec::new();
        let mut size = 0;
        stack.push(start);
        while let Some(at) = stack.pop() {
            if seen[at] {
                continue;
            }
            let (x, y) = (at % width, at / width);
            let row = y * width;
            let mut from = x;
            while from > 0 && bright[row + from - 1] && !seen[row + from - 1] {
                from -= 1;
            }
            let mut to = x;
            while to + 1 < width && bright[row + to + 1] && !seen[row + to + 1] {
                to += 1;
            }
            seen[row + from..=row + to].fill(true);
            runs.push((y, from, to));
            size += to + 1 - from;
            for next in [y.checked_sub(1), (y + 1 < height).then_some(y + 1)].into_iter().flatten() {
                let mut inside = false;
                for i in next * width + from..=next * width + to {
                    let open = bright[i] && !seen[i];
                    if open && !inside {
                        stack.push(i);
                    }
                    inside = open;
                }
            }
        }
        if size > best_area {
            best_area = size;
            best = runs;
        }
    }
    let mut rows: Vec<Option<(usize, usize)>> = vec![None; height];
    let mut columns: Vec<Option<(usize, usize)>> = vec![None; width];
    let widen = |slot: &mut Option<(usize, usize)>, from: usize, to: usize| {
        *slot = Some(slot.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
    };
    for (y, from, to) in best {
        widen(&mut rows[y], from, to);
        for column in &mut columns[from..=to] {
            widen(column, y, y);
        }
    }
    let mut out = Vec::with_capacity(2 * (width + height));
    let back = BRIDGE as f64;
    for (y, row) in rows.iter().enumerate() {
        if let Some((from, to)) = *row {
            out.push((from as f64 - 0.5 + back, y as f64));
            out.push((to as f64 + 0.5 - back, y as f64));
        }
    }
    for (x, column) in columns.iter().enumerate() {
        if let Some((from, to)) = *column {
            out.push((x as f64, from as f64 - 0.5 + back));
            out.push((x as f64, to as f64 + 0.5 - back));
        }
    }
    (out.len() >= 100).then_some(out)
}

type Spot = (f64, f64);

fn cross(o: Spot, a: Spot, b: Spot) -> f64 {
    (a.0 - o.0) * (b.1 - o.1) - (a.1 - o.1) * (b.0 - o.0)
}

/// The convex hull, clockwise in the picture (Andrew's monotone chain).
fn convex(points: &[Spot]) -> Vec<Spot> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = |points: &mut dyn Iterator<Item = Spot>| {
        let mut out: Vec<Spot> = Vec::new();
        for p in points {
            while out.len() >= 2 && cross(out[out.len() - 2], out[out.len() - 1], p) <= 0.0 {
                out.pop();
            }
            out.push(p);
        }
        out.pop();
        out
    };
    let mut hull = half(&mut sorted.iter().copied());
    hull.extend(half(&mut sorted.iter().rev().copied()));
    hull
}

/// At most [`HULL`] points of the hull: those whose loss would cost the most area.
fn thinned(hull: &[Spot]) -> Vec<Spot> {
    let mut out = hull.to_vec();
    while out.len() > HULL {
        let n = out.len();
        let cost = |i: usize| cross(out[(i + n - 1) % n], out[i], out[(i + 1) % n]).abs();
        let Some(least) = (0..n).min_by(|&a, &b| cost(a).total_cmp(&cost(b))) else { break };
        out.remove(least);
    }
    out
}

fn area(quad: &[Spot; 4]) -> f64 {
    0.5 * (cross(quad[0], quad[1], quad[2]) + cross(quad[0], quad[2], quad[3])).abs()
}

/// Four points of the hull with the largest area between them, from the one nearest to the upper left.
fn largest_quadrilateral(hull: &[Spot]) -> Option<[Spot; 4]> {
    let n = hull.len();
    let mut best: Option<(f64, [Spot; 4])> = None;
    for a in 0..n {
        for c in a + 2..n {
            // For each diagonal the farthest point on either side.
            let far = |range: &mut dyn Iterator<Item = usize>| {
                range.max_by(|&p, &q| {
                    let d = |i: usize| cross(hull[a], hull[c], hull[i]).abs();
                    d(p).total_cmp(&d(q))
                })
            };
            let (Some(b), Some(d)) = (far(&mut (a + 1..c)), far(&mut (c + 1..n).chain(0..a))) else {
                continue;
            };
            let quad = [hull[a], hull[b], hull[c], hull[d]];
            let size = area(&quad);
            if best.as_ref().is_none_or(|(most, _)| size > *most) {
                best = Some((size, quad));
            }
        }
    }
    let (_, mut quad) = best?;
    let first = (0..4).min_by(|&i, &j| (quad[i].0 + quad[i].1).total_cmp(&(quad[j].0 + quad[j].1)))?;
    quad.rotate_left(first);
    Some(quad)
}

/// A straight line through a point along a unit step.
struct Line {
    at: Spot,
    along: Spot,
}

impl Line {
    fn off(&self, p: Spot) -> f64 {
        (p.0 - self.at.0) * self.along.1 - (p.1 - self.at.1) * self.along.0
    }

    fn meet(&self, other: &Self) -> Option<Spot> {
        let det = self.along.0 * other.along.1 - self.along.1 * other.along.0;
        if det.abs() < 0.2 {
            return None;
        }
        let (dx, dy) = (other.at.0 - self.at.0, other.at.1 - self.at.1);
        let t = (dx * other.along.1 - dy * other.along.0) / det;
        Some((self.at.0 + t * self.along.0, self.at.1 + t * self.along.1))
    }

    /// The line with the least squared distances, by the points' principal direction.
    fn through(points: &[Spot]) -> Option<Self> {
        if points.len() < 10 {
            return None;
        }
        let n = points.len() as f64;
        let (sx, sy) = points.iter().fold((0.0, 0.0), |(a, b), p| (a + p.0, b + p.1));
        let at = (sx / n, sy / n);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for p in points {
            let (x, y) = (p.0 - at.0, p.1 - at.1);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        let angle = 0.5 * libm::atan2(2.0 * xy, xx - yy);
        Some(Self { at, along: (libm::cos(angle), libm::sin(angle)) })
    }
}

/// The line of the side from `a` to `b`, if enough of the outline runs along it.
fn side(a: Spot, b: Spot, edge: &[Spot]) -> Option<Line> {
    let length = (b.0 - a.0).hypot(b.1 - a.1);
    if length < 20.0 {
        return None;
    }
    let along = ((b.0 - a.0) / length, (b.1 - a.1) / length);
    let mut line = Line { at: a, along };
    let mut near: Vec<Spot> = Vec::new();
    for reach in [BOW, BOW, 0.5 * BOW] {
        near = edge
            .iter()
            .copied()
            .filter(|&p| {
                let t = ((p.0 - a.0) * along.0 + (p.1 - a.1) * along.1) / length;
                (0.04..0.96).contains(&t) && line.off(p).abs() <= reach
            })
            .collect();
        line = Line::through(&near)?;
    }
    // How much of the side has outline near it, in steps of a hundredth.
    let mut seen = [false; 100];
    for p in &near {
        let t = ((p.0 - a.0) * along.0 + (p.1 - a.1) * along.1) / length;
        seen[((t * 100.0) as usize).min(99)] = true;
    }
    let share = seen.iter().filter(|&&s| s).count() as f64 / 100.0;
    (share >= SEEN_SHARE).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{Sha256, SheetId};
    use crate::source::Page;

    /// A bright quadrilateral on a dark ground, with a black frame inside it.
    fn picture(corners: [(f64, f64); 4], ground: u8) -> Page {
        let (width, height) = (900, 1200);
        let inside = |x: f64, y: f64, grow: f64| {
            (0..4).all(|i| {
                let (a, b) = (corners[i], corners[(i + 1) % 4]);
                let length = (b.0 - a.0).hypot(b.1 - a.1);
                cross(a, b, (x, y)) / length >= grow
            })
        };
        let pixels = (0..width * height)
            .map(|i| {
                let (x, y) = ((i % width) as f64, (i / width) as f64);
                let framed = inside(x, y, 40.0) && !inside(x, y, 43.0);
                if !inside(x, y, 0.0) {
                    ground
                } else if framed {
                    40
                } else {
                    225
                }
            })
            .collect();
        Page::from_levels(SheetId { image: Sha256::of(b"outline"), page: 1 }, width, height, pixels).unwrap()
    }

    #[test]
    fn the_outline_of_a_leaning_sheet_is_found_to_a_pixel() {
        let corners = [(150.0, 130.0), (720.0, 190.0), (760.0, 1080.0), (90.0, 1010.0)];
        for ground in [10, 120] {
            let coarse = Coarse::of(&picture(corners, ground), (210.0, 297.0));
            let found = sheet(&coarse).unwrap();
            for (found, (x, y)) in found.iter().zip(corners) {
                let off = found.distance(Point::at(x, y)).0;
                assert!(off < 2.0, "{found:?} for {x} {y}");
            }
        }
    }

    #[test]
    fn a_sheet_that_fills_the_picture_or_is_cut_has_no_outline() {
        let whole = [(-10.0, -10.0), (910.0, -10.0), (910.0, 1210.0), (-10.0, 1210.0)];
        assert!(sheet(&Coarse::of(&picture(whole, 20), (210.0, 297.0))).is_none());
        let cut = [(150.0, 130.0), (950.0, 190.0), (960.0, 1080.0), (90.0, 1010.0)];
        assert!(sheet(&Coarse::of(&picture(cut, 20), (210.0, 297.0))).is_none());
    }
}
