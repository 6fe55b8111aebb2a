//! How much ink lies in a target, and how bright the paper around it is.

use crate::geometry::{Mapping, Mm, Point, Rect};
use crate::source::Page;

/// The share of a target's width and height that is measured.
///
/// The outline itself (0.2 mm) and a registration error of 0.3 mm must stay outside; at 0.9 the outline
/// of a 2.2 mm target reaches in, below 0.6 half of a careless bar is missed.
const SENSING_SHARE: f64 = 0.74;

/// How far outside the outline the paper is looked at, in millimetres: halfway to the nearest print,
/// which the layouts keep 0.8 mm away.
const RING_MM: f64 = 0.55;

/// Places on that ring.
const RING_POINTS: usize = 32;

/// Which share of the ring's places may be darker than what is taken for paper. Half would fail where
/// a mark overflows on two sides; the brightest would be noise.
const RING_RANK: usize = RING_POINTS * 3 / 5;

/// Darkness, as a share of the way from paper to ink, above which a pixel counts as covered. A light
/// pencil reaches 0.35; printed letters in pale red 0.2.
const COVERED: f64 = 0.28;

/// A target's place in the picture: where its centre lies and how millimetres become pixels there.
pub(super) struct Place {
    x: f64,
    y: f64,
    jacobian: [[f64; 2]; 2],
    half_width: f64,
    half_height: f64,
    oval: bool,
}

/// What lies in a sensing area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    /// Mean darkness, 0..=1 from paper to print.
    pub(super) fill: f64,
    /// Share of the area that is clearly darker than paper, 0..=1.
    pub(super) cover: f64,
}

impl Place {
    /// The place of the target `rect`; `oval` targets are measured without their corners.
    pub(super) fn of(rect: &Rect<Mm>, oval: bool, mapping: &Mapping) -> Self {
        let at = mapping.apply(rect.centre);
        Self {
            x: at.x.0,
            y: at.y.0,
            jacobian: mapping.homography().jacobian(rect.centre),
            half_width: rect.width.0 / 2.0,
            half_height: rect.height.0 / 2.0,
            oval,
        }
    }

    fn step(&self, dx: f64, dy: f64) -> (f64, f64) {
        let [[a, b], [c, d]] = self.jacobian;
        (a * dx + b * dy, c * dx + d * dy)
    }

    /// The paper's level just outside the outline; `None` outside the picture.
    pub(super) fn paper(&self, page: &Page) -> Option<u8> {
        let mut levels = [0u8; RING_POINTS];
        let (w, h) = (self.half_width + RING_MM, self.half_height + RING_MM);
        let around = 2.0 * (w + h);
        for (i, level) in levels.iter_mut().enumerate() {
            let mut t = around * (i as f64 + 0.5) / RING_POINTS as f64 * 2.0;
            let (dx, dy) = if t < 2.0 * w {
                (t - w, -h)
            } else if t < 2.0 * (w + h) {
                t -= 2.0 * w;
                (w, t - h)
            } else if t < 2.0 * (2.0 * w + h) {
                t -= 2.0 * (w + h);
                (w - t, h)
            } else {
                t -= 2.0 * (2.0 * w + h);
                (-w, h - t)
            };
            let (u, v) = self.step(dx, dy);
            *level = pixel(page, Point::at(self.x + u, self.y + v))?;
        }
        levels.sort_unstable();
        Some(levels[RING_RANK])
    }

    /// The ink in the sensing area, measured from `paper` (nothing) to `ink` (all).
    ///
    /// Every pixel whose centre lies in the area counts once. Returns `None` if a part of the area lies
    /// outside the picture.
    pub(super) fn ink(&self, page: &Page, paper: u8, ink: u8) -> Option<Ink> {
        let [[a, b], [c, d]] = self.jacobian;
        let det = a * d - b * c;
        // Pixels to shares of the half sides: the area is |s| <= 1, |t| <= 1.
        let (hw, hh) = (self.half_width * SENSING_SHARE, self.half_height * SENSING_SHARE);
        let (sx, sy) = (d / (det * hw), -b / (det * hw));
        let (tx, ty) = (-c / (det * hh), a / (det * hh));
        let reach_x = a.abs() * hw + b.abs() * hh;
        let reach_y = c.abs() * hw + d.abs() * hh;
        let (left, right) = ((self.x - reach_x).ceil(), (self.x + reach_x).floor());
        let (top, bottom) = ((self.y - reach_y).ceil(), (self.y + reach_y).floor());
        let inside = left >= 0.0
            && top >= 0.0
            && right <= (page.width - 1) as f64
            && bottom <= (page.height - 1) as f64;
        if !inside || right < left || bottom < top {
            return None;
        }
        let depth = u32::from(paper.saturating_sub(ink)).max(1);
        let limit = (f64::from(paper) - COVERED * f64::from(depth)).ceil() as u8;
        let deepest = paper.min(ink);
        let (mut sum, mut covered, mut count) = (0u32, 0u32, 0u32);
        for py in top as usize..=bottom as usize {
            let dy = py as f64 - self.y;
            // Where the row enters and leaves the area.
            let across = if self.oval {
                oval_span((sx, sy * dy), (tx, ty * dy))
            } else {
                box_span((sx, sy * dy), (tx, ty * dy))
            };
            let Some((from, to)) = across else { continue };
            let (from, to) = ((self.x + from).ceil().max(left), (self.x + to).floor().min(right));
            if to < from {
                continue;
            }
            let row = &page.row(py)[from as usize..=to as usize];
            count += row.len() as u32;
            sum += row.iter().map(|&level| u32::from(paper - level.clamp(deepest, paper))).sum::<u32>();
            covered += row.iter().map(|&level| u32::from(level < limit)).sum::<u32>();
        }
        (count > 0).then(|| Ink {
            fill: f64::from(sum) / (f64::from(count) * f64::from(depth)),
            cover: f64::from(covered) / f64::from(count),
        })
    }
}

/// The level of the nearest pixel; `None` outside the picture.
fn pixel(page: &Page, p: Point<crate::geometry::Px>) -> Option<u8> {
    let (x, y) = ((p.x.0 + 0.5).floor(), (p.y.0 + 0.5).floor());
    if x < 0.0 || y < 0.0 || x >= page.width as f64 || y >= page.height as f64 {
        return None;
    }
    page.pixels.get(y as usize * page.width + x as usize).copied()
}

/// Where |s₁x + s₀| ≤ 1 and |t₁x + t₀| ≤ 1.
fn box_span(s: (f64, f64), t: (f64, f64)) -> Option<(f64, f64)> {
    let (mut from, mut to) = (f64::MIN, f64::MAX);
    for (slope, start) in [s, t] {
        if slope == 0.0 {
            if start.abs() > 1.0 {
                return None;
            }
            continue;
        }
        let (a, b) = ((-1.0 - start) / slope, (1.0 - start) / slope);
        from = from.max(a.min(b));
        to = to.min(a.max(b));
    }
    (from <= to).then_some((from, to))
}

/// Where (s₁x + s₀)² + (t₁x + t₀)² ≤ 1.
fn oval_span(s: (f64, f64), t: (f64, f64)) -> Option<(f64, f64)> {
    let a = s.0 * s.0 + t.0 * t.0;
    let half_b = s.0 * s.1 + t.0 * t.1;
    let c = s.1 * s.1 + t.1 * t.1 - 1.0;
    let inner = half_b * half_b - a * c;
    if inner < 0.0 {
        return None;
    }
    let root = inner.sqrt();
    Some(((-half_b - root) / a, (-half_b + root) / a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Homography;
    use crate::sheet::{Sha256, SheetId};

    fn page(dark: &dyn Fn(usize, usize) -> bool) -> (Page, Mapping) {
        let (w, h) = (400, 300);
        let pixels = (0..w * h).map(|i| if dark(i % w, i / w) { 40 } else { 240 }).collect();
        let sheet = SheetId { image: Sha256::of(b"t"), page: 1 };
        let page = Page::from_levels(sheet, w, h, pixels).unwrap();
        let tens = Homography::similarity(
            (Point::at(0.0, 0.0), Point::at(0.0, 0.0)),
            (Point::at(10.0, 0.0), Point::at(100.0, 0.0)),
        );
        (page, Mapping::projective(tens.unwrap()))
    }

    #[test]
    fn fill_is_the_share_of_the_area_that_is_dark() {
        // Ten pixels a millimetre; a target of 4 × 2 mm around (200, 150), its left half dark.
        let rect = Rect::around(Point::at(20.0, 15.0), 4.0, 2.0);
        let (page, mapping) = page(&|x, _| x < 200);
        let place = Place::of(&rect, false, &mapping);
        let ink = place.ink(&page, 240, 40).unwrap();
        assert!((ink.fill - 0.5).abs() < 0.02 && (ink.cover - 0.5).abs() < 0.02, "{ink:?}");
        // Half as deep, measured against print twice as dark.
        assert!((place.ink(&page, 240, 0).unwrap().fill - 0.5 * 200.0 / 240.0).abs() < 0.02);
    }

    #[test]
    fn paper_is_seen_beside_a_mark_that_overflows() {
        let rect = Rect::around(Point::at(20.0, 15.0), 4.0, 2.0);
        let (page, mapping) = page(&|x, y| (170..250).contains(&x) && (140..160).contains(&y));
        assert_eq!(Place::of(&rect, false, &mapping).paper(&page), Some(240));
    }

    #[test]
    fn outside_the_picture_nothing_is_measured() {
        let rect = Rect::around(Point::at(0.5, 15.0), 4.0, 2.0);
        let (page, mapping) = page(&|_, _| false);
        let place = Place::of(&rect, false, &mapping);
        assert_eq!((place.ink(&page, 240, 40), place.paper(&page)), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn a_span_is_where_the_area_is(s1 in -2.0f64..2.0, s0 in -2.0f64..2.0, t1 in -2.0f64..2.0, t0 in -2.0f64..2.0, x in -3.0f64..3.0) {
            let (s, t) = (s1 * x + s0, t1 * x + t0);
            let near = |value: f64| (value - 1.0).abs() < 1e-9;
            let inside = |span: Option<(f64, f64)>| span.is_some_and(|(from, to)| (from..=to).contains(&x));
            if !near(s.abs()) && !near(t.abs()) {
                proptest::prop_assert_eq!(inside(box_span((s1, s0), (t1, t0))), s.abs() < 1.0 && t.abs() < 1.0);
            }
            if !near(s * s + t * t) {
                proptest::prop_assert_eq!(inside(oval_span((s1, s0), (t1, t0))), s * s + t * t < 1.0);
            }
        }
    }
}
