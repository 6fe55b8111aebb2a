//! Where exactly a fiducial lies: its edges, at full resolution.

use crate::geometry::{Homography, Mm, Point, Px};
use crate::layout::{Fiducial, FiducialShape};
use crate::source::Page;

/// Profiles across each edge. A pen stroke over a third of an edge leaves the median on the edge.
const PROFILES: usize = 11;

/// How far on either side of an edge it is looked for: a share of the fiducial's smaller side, and no
/// more than this many millimetres. The rough place is good to a coarse pixel (0.4 mm).
const REACH_SHARE: f64 = 0.45;
const REACH_MM: f64 = 1.2;

/// How much narrower or wider than printed a fiducial may be, in millimetres for both edges together.
/// A bilevel threshold moves each edge by up to 0.2 mm, faint print by a little more.
const SIDE_SLACK_MM: f64 = 0.7;

/// A fiducial's place, measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Its centre in the picture.
    pub(super) centre: Point<Px>,
    /// The level of its ink.
    pub(super) ink: u8,
}

/// The four sides of a fiducial in its own frame.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

/// Measures `fiducial` near where `rough` (already corrected to pass through its blob) puts it.
///
/// Each side is crossed by [`PROFILES`] profiles; on each the edge is where the level passes halfway
/// between the paper outside and the ink inside, to a fraction of a pixel. A side is the median of
/// its profiles, the centre lies halfway between opposite sides. Returns `None` where a side can't
/// be seen or the sides are not as far apart as printed.
pub(super) fn measure(
    page: &Page,
    fiducial: &Fiducial,
    rough: &Homography,
    offset: (f64, f64),
) -> Option<Measured> {
    let centre = fiducial.rect.centre;
    let (hw, hh) = (fiducial.rect.width.0 / 2.0, fiducial.rect.height.0 / 2.0);
    let outside = REACH_MM * rough.scale(centre);
    let view = View { page, rough, centre, offset, outside };
    let reach = (REACH_SHARE * 2.0 * hw.min(hh)).min(REACH_MM);
    let left = view.edge(fiducial, Side::Left, hw, hh, reach)?;
    let right = view.edge(fiducial, Side::Right, hw, hh, reach)?;
    let top = view.edge(fiducial, Side::Top, hw, hh, reach)?;
    let bottom = view.edge(fiducial, Side::Bottom, hw, hh, reach)?;
    let (wide, high) = (right.at - left.at, bottom.at - top.at);
    if (wide - 2.0 * hw).abs() > SIDE_SLACK_MM || (high - 2.0 * hh).abs() > SIDE_SLACK_MM {
        return None;
    }
    let (dx, dy) = (f64::midpoint(left.at, right.at), f64::midpoint(top.at, bottom.at));
    let mut inks = [left.ink, right.ink, top.ink, bottom.ink];
    inks.sort_by(f64::total_cmp);
    Some(Measured { centre: view.pixel(dx, dy), ink: f64::midpoint(inks[1], inks[2]) as u8 })
}

/// An edge: how far from the fiducial's middle, in millimetres, and the ink's level behind it.
struct Edge {
    at: f64,
    ink: f64,
}

struct View<'p> {
    page: &'p Page,
    rough: &'p Homography,
    centre: Point<Mm>,
    offset: (f64, f64),
    /// How far beyond the picture's edge a profile may go, in pixels.
    outside: f64,
}

impl View<'_> {
    /// Millimetres from the fiducial's middle to a place in the picture.
    fn pixel(&self, dx: f64, dy: f64) -> Point<Px> {
        self.rough.apply(self.centre.shifted(dx, dy)).shifted(self.offset.0, self.offset.1)
    }

    /// The level at a place; beyond the picture's edge, within the reach of a profile, the edge's own.
    fn level(&self, p: Point<Px>) -> Option<f64> {
        let (right, bottom) = (self.page.width as f64 - 1.001, self.page.height as f64 - 1.001);
        let inside = Point::at(p.x.0.clamp(0.0, right), p.y.0.clamp(0.0, bottom));
        if p != inside && p.distance(inside).0 > self.outside { None } else { sample(self.page, inside) }
    }

    fn edge(&self, fiducial: &Fiducial, side: Side, hw: f64, hh: f64, reach: f64) -> Option<Edge> {
        // (half length along the side, distance of the side from the middle, sign outwards)
        let (along, across, out) = match side {
            Side::Left => (hh, hw, -1.0),
            Side::Right => (hh, hw, 1.0),
            Side::Top => (hw, hh, -1.0),
            Side::Bottom => (hw, hh, 1.0),
        };
        let (from, to) = span(fiducial.shape, side);
        let step = 1.0 / (2.0 * self.rough.scale(self.centre));
        let steps = (2.0 * reach / step).ceil() as usize;
        let mut places: Vec<(f64, f64)> = Vec::with_capacity(PROFILES);
        let mut levels = Vec::with_capacity(steps + 1);
        for profile in 0..PROFILES {
            let share = from + (to - from) * (profile as f64 + 0.5) / PROFILES as f64;
            let t = (2.0 * share - 1.0) * along;
            levels.clear();
            let end = |d: f64| match side {
                Side::Left | Side::Right => self.pixel(out * d, t),
                Side::Top | Side::Bottom => self.pixel(t, out * d),
            };
            // Over two millimetres no perspective bends a line.
            let (first, last) = (end(across - reach), end(across + reach));
            for s in 0..=steps {
                let share = s as f64 / steps as f64;
                let (dx, dy) = (last.x.0 - first.x.0, last.y.0 - first.y.0);
                match self.level(first.shifted(dx * share, dy * share)) {
                    Some(level) => levels.push(level),
                    None => break,
                }
            }
            if levels.len() > steps
                && let Some((place, ink)) = crossing(&levels)
            {
                let d = across - reach + 2.0 * reach * place / steps as f64;
                places.push((out * d, ink));
            }
        }
        // Half of the profiles must show an edge: a torn or overwritten side is no side.
        if places.len() * 2 < PROFILES {
            return None;
        }
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = places.len() / 2;
        let at = if places.len() % 2 == 1 {
            places[middle].0
        } else {
            f64::midpoint(places[middle - 1].0, places[middle].0)
        };
        let mut inks: Vec<f64> = places.iter().map(|p| p.1).collect();
        inks.sort_by(f64::total_cmp);
        Some(Edge { at, ink: inks[inks.len() / 2] })
    }
}

/// Which part of a side is printed solid, as shares of its length from the left or the top.
fn span(shape: FiducialShape, side: Side) -> (f64, f64) {
    const MARGIN: f64 = 0.12;
    let whole = (MARGIN, 1.0 - MARGIN);
    let FiducialShape::LMark(elbow) = shape else {
        return whole;
    };
    let (x, y) = elbow.open_quarter();
    let first = (0.5 * MARGIN, 0.5 - 0.5 * MARGIN);
    let second = (0.5 + 0.5 * MARGIN, 1.0 - 0.5 * MARGIN);
    let half = |open: f64| if open > 0.0 { first } else { second };
    match side {
        Side::Left if x < 0.0 => half(y),
        Side::Right if x > 0.0 => half(y),
        Side::Top if y < 0.0 => half(x),
        Side::Bottom if y > 0.0 => half(x),
        _ => whole,
    }
}

/// Where a profile from ink to paper passes halfway, as a fractional index, and the ink's level.
fn crossing(levels: &[f64]) -> Option<(f64, f64)> {
    let third = levels.len() / 3;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let (ink, paper) = (mean(&levels[..third]), mean(&levels[levels.len() - third..]));
    if paper - ink < f64::from(super::coarse::LEAST_CONTRAST) {
        return None;
    }
    // The sum of what is darker than paper, as a width of solid ink: uses every sample, so a ragged
    // bilevel edge, a blurred one and dithered ink come out alike.
    let solid: f64 = levels.iter().map(|&v| ((paper - v) / (paper - ink)).max(0.0)).sum();
    let place = solid - 0.5;
    (place >= 1.0 && place <= levels.len() as f64 - 2.0).then_some((place, ink))
}

/// The level between pixels, by its four neighbours; `None` outside the picture.
pub(super) fn sample(page: &Page, p: Point<Px>) -> Option<f64> {
    let (x, y) = (p.x.0, p.y.0);
    if !(x >= 0.0 && y >= 0.0) {
        return None;
    }
    let (x0, y0) = (x as usize, y as usize);
    if x0 + 1 >= page.width || y0 + 1 >= page.height {
        return None;
    }
    let (fx, fy) = (x - x0 as f64, y - y0 as f64);
    let at = |dx: usize, dy: usize| f64::from(page.pixels[(y0 + dy) * page.width + x0 + dx]);
    let top = at(0, 0) + fx * (at(1, 0) - at(0, 0));
    let bottom = at(0, 1) + fx * (at(1, 1) - at(0, 1));
    Some(top + fy * (bottom - top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crossing_of_a_blurred_edge_is_its_middle() {
        let sharp = [20.0, 20.0, 20.0, 20.0, 240.0, 240.0, 240.0, 240.0, 240.0];
        let (place, ink) = crossing(&sharp).unwrap();
        assert!((place - 3.5).abs() < 1e-9 && (ink - 20.0).abs() < 1e-9);
        let blurred = [20.0, 20.0, 20.0, 75.0, 185.0, 240.0, 240.0, 240.0, 240.0];
        assert!((crossing(&blurred).unwrap().0 - 3.5).abs() < 1e-9);
        assert!(crossing(&[200.0; 9]).is_none());
    }
}
