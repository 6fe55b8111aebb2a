//! How much ink lies in a target, and how bright the paper around it is.

use crate::geometry::{Mapping, Mm, Rect};
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

/// How many of the ring's places may be dark without anything being there: specks.
const RING_SPECKS: usize = 2;

/// How much opposite places of the ring may differ in what they add up to, as a share of it, for the ring to be bare
/// paper under a lamp: whatever way light falls off across a ring, opposite places add up to the same. Noise of σ 15 on
/// white makes 0.1; pencil lines over the ring make 0.3 and more.
const EVEN: (u16, u16) = (1, 8);

/// How many of the sums from either end are left out of that: specks, and a thin line across.
const EVEN_TRIM: usize = 2;

/// Where a line around a target is looked for, in millimetres outside its outline: every 0.15, half the
/// breadth of a pencil's line, from the outline's own print to where other print may begin.
const RINGS_MM: [f64; 5] = [0.2, 0.35, 0.5, 0.65, 0.8];

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
    /// Mean darkness of the ink, weighted by itself, 0..=1: that of the stroke, whatever its area.
    pub(super) firmness: f64,
    /// Whether a line runs around the target.
    pub(super) ringed: bool,
}

/// What lies around a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Around {
    /// The level of paper.
    pub(super) paper: u8,
    /// The level of the darkest that is not a speck.
    pub(super) dark: u8,
    /// Whether it looks like bare paper, however the light falls.
    pub(super) even: bool,
}

/// The level below which a pixel counts as covered.
pub(super) fn covered_below(paper: u8, ink: u8) -> u8 {
    let depth = f64::from(paper.saturating_sub(ink).max(1));
    (f64::from(paper) - COVERED * depth).ceil() as u8
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

    /// What lies just outside the outline; `None` outside the picture.
    ///
    /// `last` is the ring of the target before, which mostly has the same sides.
    pub(super) fn around(&self, page: &Page, last: &mut Option<Ring>) -> Option<Around> {
        let sides = (self.half_width, self.half_height);
        let same = last.take().filter(|ring| ring.sides == sides);
        let ring = last.insert(same.unwrap_or_else(|| Ring::of(sides)));
        let (w, h) = (sides.0 + RING_MM, sides.1 + RING_MM);
        let corners = [(-w, -h), (w, -h), (-w, h), (w, h)].map(|(dx, dy)| {
            let (u, v) = self.step(dx, dy);
            (self.x + u, self.y + v)
        });
        page.bring_near(&corners);
        let mut levels = [0u8; RING_POINTS];
        for (level, &place) in levels.iter_mut().zip(&ring.places) {
            *level = self.at(page, place)?;
        }
        let half = RING_POINTS / 2;
        let mut sums: [u16; RING_POINTS / 2] =
            std::array::from_fn(|i| u16::from(levels[i]) + u16::from(levels[i + half]));
        sums.sort_unstable();
        let spread = sums[half - 1 - EVEN_TRIM] - sums[EVEN_TRIM];
        let even = spread * EVEN.1 <= sums[half / 2] * EVEN.0;
        levels.sort_unstable();
        Some(Around { paper: levels[RING_RANK], dark: levels[RING_SPECKS], even })
    }

    /// Whether a line runs around the target: dark on all four sides, and over a third of the way.
    ///
    /// Overflow from a neighbour darkens one side; a line through the target darkens two.
    pub(super) fn is_ringed(&self, page: &Page, paper: u8, ink: u8) -> bool {
        let limit = covered_below(paper, ink);
        let mut sides = [0usize; 4];
        for i in 0..RING_POINTS {
            let dark = |&mm: &f64| self.outside(page, i, mm).is_some_and(|level| level < limit);
            sides[self.side(i)] += usize::from(RINGS_MM.iter().any(dark));
        }
        sides.iter().all(|&dark| dark > 0) && sides.iter().sum::<usize>() * 3 >= RING_POINTS
    }

    /// Which side the ring's place `i` is on: top, right, bottom, left.
    fn side(&self, i: usize) -> usize {
        let (w, h) = (self.half_width + RING_MM, self.half_height + RING_MM);
        let t = 4.0 * (w + h) * (i as f64 + 0.5) / RING_POINTS as f64;
        [2.0 * w, 2.0 * (w + h), 2.0 * (2.0 * w + h)].iter().filter(|&&end| t >= end).count()
    }

    /// The level at place `i` of the rectangle that lies `mm` outside the outline.
    fn outside(&self, page: &Page, i: usize, mm: f64) -> Option<u8> {
        self.at(page, on_rectangle((self.half_width + mm, self.half_height + mm), i))
    }

    /// The level so many millimetres from the centre.
    fn at(&self, page: &Page, (dx, dy): (f64, f64)) -> Option<u8> {
        let (u, v) = self.step(dx, dy);
        pixel(page, self.x + u, self.y + v)
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
        let deepest = paper.min(ink);
        let (mut sum, mut squares, mut count) = (0u32, 0u64, 0u32);
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
            // A row of the area is a few hundred pixels: the sums of a row fit 32 bits. Checks would keep the loop out of the
            // wide registers.
            let darkness =
                row.iter().map(|&level| u32::from(paper.wrapping_sub(level.clamp(deepest, paper))));
            let (row_sum, row_squares) = darkness
                .fold((0u32, 0u32), |(s, q), d| (s.wrapping_add(d), q.wrapping_add(d.wrapping_mul(d))));
            sum += row_sum;
            squares += u64::from(row_squares);
        }
        (count > 0).then(|| Ink {
            fill: f64::from(sum) / (f64::from(count) * f64::from(depth)),
            firmness: squares as f64 / (f64::from(sum.max(1)) * f64::from(depth)),
            ringed: false,
        })
    }
}

/// The ring that is looked at around a target of these half sides, in millimetres from its centre.
pub(super) struct Ring {
    sides: (f64, f64),
    places: [(f64, f64); RING_POINTS],
}

impl Ring {
    fn of(sides: (f64, f64)) -> Self {
        let outer = (sides.0 + RING_MM, sides.1 + RING_MM);
        Self { sides, places: std::array::from_fn(|i| on_rectangle(outer, i)) }
    }
}

/// Place `i` of [`RING_POINTS`] on a rectangle of these half sides, from its upper left corner to the right.
fn on_rectangle((w, h): (f64, f64), i: usize) -> (f64, f64) {
    let t = 4.0 * (w + h) * (i as f64 + 0.5) / RING_POINTS as f64;
    if t < 2.0 * w {
        (t - w, -h)
    } else if t < 2.0 * (w + h) {
        (w, t - 2.0 * w - h)
    } else if t < 2.0 * (2.0 * w + h) {
        (3.0 * w + 2.0 * h - t, h)
    } else {
        (-w, 4.0 * w + 3.0 * h - t)
    }
}

/// The level of the nearest pixel; `None` outside the picture.
fn pixel(page: &Page, x: f64, y: f64) -> Option<u8> {
    // Half a pixel on, so that cutting off the fraction rounds.
    let (x, y) = (x + 0.5, y + 0.5);
    if x < 0.0 || y < 0.0 || x >= page.width as f64 {
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
    use crate::geometry::{Homography, Point};
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
        assert!((ink.fill - 0.5).abs() < 0.02 && (ink.firmness - 1.0).abs() < 1e-9, "{ink:?}");
        // Half as deep, measured against print twice as dark.
        let light = place.ink(&page, 240, 0).unwrap();
        assert!((light.fill - 0.5 * 200.0 / 240.0).abs() < 0.02);
        assert!((light.firmness - 200.0 / 240.0).abs() < 1e-9, "the stroke's own darkness: {light:?}");
    }

    #[test]
    fn paper_is_seen_beside_a_mark_that_overflows() {
        let rect = Rect::around(Point::at(20.0, 15.0), 4.0, 2.0);
        let (page, mapping) = page(&|x, y| (170..250).contains(&x) && (140..160).contains(&y));
        assert_eq!(Place::of(&rect, false, &mapping).around(&page, &mut None).map(|a| a.paper), Some(240));
    }

    #[test]
    fn outside_the_picture_nothing_is_measured() {
        let rect = Rect::around(Point::at(0.5, 15.0), 4.0, 2.0);
        let (page, mapping) = page(&|_, _| false);
        let place = Place::of(&rect, false, &mapping);
        assert_eq!((place.ink(&page, 240, 40), place.around(&page, &mut None)), (None, None));
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
