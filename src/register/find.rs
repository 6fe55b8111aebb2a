//! Which dark things are the layout's fiducials.

use super::coarse::Blob;
use crate::geometry::{Homography, Mm, Orientation, Point, Px};
use crate::layout::{Fiducial, FiducialShape, Layout};

/// How the picture's scale may differ from what page and picture sizes suggest, as a factor.
///
/// A card may lie on a larger glass (16K on A4: 0.88, 32K on A4: 0.64) or be cut close (1.1). At half
/// the scale letters begin to look like fiducials.
const SCALE_RANGE: (f64, f64) = (0.6, 1.2);

/// The most that a sheet may lean from a quarter turn, in degrees. Feeders lean by 5 at worst; beyond
/// 15 a bounding box says too little about a shape.
const MOST_LEAN: f64 = 15.0;

/// Its tangent, with a little to spare: a quick look before the angle itself.
const MOST_LEAN_TAN: f64 = 0.27;

/// How far from its predicted place a fiducial may be found: millimetres, and a share of the distance
/// to the nearer anchor (stretch of damp paper 2 %, perspective of a warped feed).
const SEARCH_MM: f64 = 1.5;
const SEARCH_SHARE: f64 = 0.02;

/// How the sides of a fiducial's bounding box and its area may differ from the layout, as factors.
/// Bilevel thresholds move edges by 0.2 mm: a tenth of a thin timing mark on both sides.
const SIDE_RANGE: (f64, f64) = (0.62, 1.5);
const AREA_RANGE: (f64, f64) = (0.55, 1.5);

/// The most pairs of dark things that are tried for one pair of fiducials.
const MOST_TRIES: usize = 60_000;

/// The most pairs of fiducials that anchor a search.
const MOST_ANCHORS: usize = 8;

/// A way of laying the sheet into the picture.
#[derive(Debug, Clone)]
pub(super) struct Match {
    /// Two fiducials fix it.
    pub(super) rough: Homography,
    /// Which quarter turn.
    pub(super) orientation: Orientation,
    /// For each fiducial of the layout, the dark thing at its place.
    pub(super) found: Vec<Option<usize>>,
    /// How many were found.
    pub(super) count: usize,
    /// Mean squared distance of those from their predicted places, in square millimetres.
    spread: f64,
}

impl Match {
    /// A way that is already laid out, fiducial by fiducial.
    pub(super) fn laid(rough: Homography, found: Vec<Option<usize>>, middle: Point<Mm>) -> Self {
        let count = found.iter().flatten().count();
        Self { rough, orientation: rough.attitude(middle).0, found, count, spread: 0.0 }
    }

    /// Whether this way explains the page about as well as `best` does.
    ///
    /// Chance finds things somewhere within the search's reach, millimetres from their places; the true
    /// way finds them within a fraction of one.
    pub(super) fn rivals(&self, best: &Self) -> bool {
        self.count >= best.count && self.spread <= 4.0 * best.spread + 0.5
    }

    fn better_than(&self, other: &Self) -> bool {
        (self.count, -self.spread) > (other.count, -other.spread)
    }
}

/// The best way of laying the sheet, and the best one that lies a different way up.
pub(super) struct Search {
    pub(super) best: Option<Match>,
    pub(super) rival: Option<Match>,
}

/// Lays the layout's fiducials over the dark things, pair by pair.
///
/// Ways that find fewer than `least` fiducials are kept only while there is nothing better.
pub(super) fn search(layout: &Layout, blobs: &[Blob], expected_scale: f64, least: usize) -> Search {
    let mut candidates: Vec<Vec<usize>> = Vec::with_capacity(layout.fiducials.len());
    for (i, f) in layout.fiducials.iter().enumerate() {
        let alike = |&j: &usize| {
            let (g, size) = (&layout.fiducials[j], (f.rect.width, f.rect.height));
            g.shape == f.shape && (g.rect.width, g.rect.height) == size
        };
        candidates.push(match (0..i).find(alike) {
            Some(j) => candidates[j].clone(),
            None => (0..blobs.len()).filter(|&b| could_be(&blobs[b], f, expected_scale)).collect(),
        });
    }
    let mut out = Search { best: None, rival: None };
    for (i, j) in anchors(layout, &candidates) {
        let mut tries = 0;
        let pair = Anchors::of(layout, i, j, expected_scale);
        for &p in &candidates[i] {
            for &q in &candidates[j] {
                if !pair.could_be(&blobs[p], &blobs[q]) {
                    continue;
                }
                let Some((rough, orientation, lean, scale)) =
                    lay(layout, blobs, (i, p), (j, q), expected_scale)
                else {
                    continue;
                };
                tries += 1;
                if tries > MOST_TRIES {
                    break;
                }
                let turned = matches!(orientation, Orientation::Turned90 | Orientation::Turned270);
                let fits =
                    |b: usize, f: usize| matches_shape(&blobs[b], &layout.fiducials[f], scale, turned, lean);
                if !fits(p, i) || !fits(q, j) {
                    continue;
                }
                // A way worse than the best so far, or than is any use, need not be laid out in full.
                let worth = out.best.as_ref().map_or(0, |b| b.count.min(least));
                if let Some(found) = assign(layout, blobs, &candidates, &rough, (i, j), scale, worth, &fits) {
                    out.offer(rough, orientation, scale, found);
                }
            }
        }
        if out.best.as_ref().is_some_and(|b| b.count == layout.fiducials.len()) {
            break;
        }
    }
    out
}

impl Search {
    fn offer(
        &mut self,
        rough: Homography,
        orientation: Orientation,
        scale: f64,
        found: Vec<Option<(usize, f64)>>,
    ) {
        let count = found.iter().flatten().count();
        let squares: f64 = found.iter().flatten().map(|(_, d)| (d / scale) * (d / scale)).sum();
        let offered = Match {
            rough,
            orientation,
            found: found.into_iter().map(|f| f.map(|(blob, _)| blob)).collect(),
            count,
            spread: squares / count.max(1) as f64,
        };
        match &self.best {
            Some(best) if best.orientation == offered.orientation => {
                if offered.better_than(best) {
                    self.best = Some(offered);
                }
            }
            Some(best) => {
                if offered.better_than(best) {
                    self.rival = self.best.replace(offered);
                } else if self.rival.as_ref().is_none_or(|r| offered.better_than(r)) {
                    self.rival = Some(offered);
                }
            }
            None => self.best = Some(offered),
        }
    }
}

/// Whether a dark thing could be the fiducial at any scale that the search allows.
fn could_be(blob: &Blob, fiducial: &Fiducial, expected_scale: f64) -> bool {
    let (w, h) = (fiducial.rect.width.0, fiducial.rect.height.0);
    let (long, short) = (blob.width.max(blob.height), blob.width.min(blob.height));
    let least = SCALE_RANGE.0 * SIDE_RANGE.0 * expected_scale;
    let most = SCALE_RANGE.1 * SIDE_RANGE.1 * expected_scale;
    let solid = blob.area / (blob.width * blob.height);
    let least_solid = match fiducial.shape {
        FiducialShape::Rectangle | FiducialShape::Disc | FiducialShape::Marker => 0.5,
        FiducialShape::LMark(_) => 0.4,
        FiducialShape::Ring(hole) => 0.5 * (1.0 - hole * hole),
    };
    // A leaning bar's bounding box grows across by its length times the lean's sine.
    let across = w.min(h) + w.max(h) * 0.26;
    solid >= least_solid
        && (least * w.max(h)..=most * w.max(h)).contains(&long)
        && (least * w.min(h)..=most * across).contains(&short)
}

/// Pairs of fiducials to start from: far apart, with few dark things to try.
fn anchors(layout: &Layout, candidates: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let centre = |i: usize| layout.fiducials[i].mass_centre();
    let n = layout.fiducials.len();
    let mut pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (0..i).map(move |j| (j, i))).collect();
    let longest = pairs.iter().map(|&(i, j)| centre(i).distance(centre(j)).0).fold(0.0, f64::max);
    pairs.retain(|&(i, j)| {
        centre(i).distance(centre(j)).0 >= 0.5 * longest
            && !candidates[i].is_empty()
            && !candidates[j].is_empty()
    });
    pairs.sort_by(|&(a, b), &(c, d)| {
        let tries = |i: usize, j: usize| candidates[i].len() * candidates[j].len();
        let length = |i: usize, j: usize| centre(i).distance(centre(j)).0;
        tries(a, b).cmp(&tries(c, d)).then(length(c, d).total_cmp(&length(a, b))).then((a, b).cmp(&(c, d)))
    });
    pairs.truncate(MOST_ANCHORS);
    pairs
}

/// Two fiducials to start from, with what rules most pairs of dark things out at once.
struct Anchors {
    /// From the first to the second, in millimetres.
    step: (f64, f64),
    /// Its square.
    square: f64,
    /// Bounds of the squared scale.
    scales: (f64, f64),
    /// Printed areas in square millimetres.
    areas: (f64, f64),
}

impl Anchors {
    fn of(layout: &Layout, i: usize, j: usize, expected_scale: f64) -> Self {
        let (a, b) = (layout.fiducials[i].mass_centre(), layout.fiducials[j].mass_centre());
        let step = (b.x.0 - a.x.0, b.y.0 - a.y.0);
        let bound = |factor: f64| (factor * expected_scale) * (factor * expected_scale);
        Self {
            step,
            square: step.0 * step.0 + step.1 * step.1,
            scales: (bound(SCALE_RANGE.0), bound(SCALE_RANGE.1)),
            areas: (printed_area(&layout.fiducials[i]), printed_area(&layout.fiducials[j])),
        }
    }

    /// Whether the scale that the two things' distance says is one that their areas and the search allow,
    /// and whether they lean little enough.
    fn could_be(&self, p: &Blob, q: &Blob) -> bool {
        let (dx, dy) = (q.centre.x.0 - p.centre.x.0, q.centre.y.0 - p.centre.y.0);
        let scale = (dx * dx + dy * dy) / self.square;
        let fits = |area: f64, printed: f64| {
            let relative = area / (printed * scale);
            (AREA_RANGE.0..=AREA_RANGE.1).contains(&relative)
        };
        if !(self.scales.0..=self.scales.1).contains(&scale)
            || !fits(p.area, self.areas.0)
            || !fits(q.area, self.areas.1)
        {
            return false;
        }
        // Along and across the printed step: their ratio is the tangent of the angle from a quarter turn.
        let along = (dx * self.step.0 + dy * self.step.1).abs();
        let across = (dy * self.step.0 - dx * self.step.1).abs();
        along.min(across) <= MOST_LEAN_TAN * along.max(across)
    }
}

/// A fiducial's ink in square millimetres.
pub(super) fn printed_area(fiducial: &Fiducial) -> f64 {
    let share = match fiducial.shape {
        FiducialShape::Rectangle | FiducialShape::Marker => 1.0,
        FiducialShape::LMark(_) => 0.75,
        FiducialShape::Disc => std::f64::consts::FRAC_PI_4,
        FiducialShape::Ring(hole) => std::f64::consts::FRAC_PI_4 * (1.0 - hole * hole),
    };
    fiducial.rect.width.0 * fiducial.rect.height.0 * share
}

/// The similarity that takes two fiducials to two dark things, unless scale or lean rule it out.
fn lay(
    layout: &Layout,
    blobs: &[Blob],
    (i, p): (usize, usize),
    (j, q): (usize, usize),
    expected_scale: f64,
) -> Option<(Homography, Orientation, f64, f64)> {
    if p == q {
        return None;
    }
    let (a, b) = (layout.fiducials[i].mass_centre(), layout.fiducials[j].mass_centre());
    let (pa, pb) = (blobs[p].centre, blobs[q].centre);
    let scale = pa.distance(pb).0 / a.distance(b).0;
    let relative = scale / expected_scale;
    if !(SCALE_RANGE.0..=SCALE_RANGE.1).contains(&relative) {
        return None;
    }
    let rough = Homography::similarity((a, pa), (b, pb))?;
    let (orientation, lean) = rough.attitude(a);
    (lean.abs() <= MOST_LEAN).then_some((rough, orientation, lean, scale))
}

/// Whether a dark thing has the fiducial's size at this scale and lean.
fn matches_shape(blob: &Blob, fiducial: &Fiducial, scale: f64, turned: bool, lean: f64) -> bool {
    let (mut w, mut h) = (fiducial.rect.width.0 * scale, fiducial.rect.height.0 * scale);
    let area = printed_area(fiducial) * scale * scale;
    if turned {
        std::mem::swap(&mut w, &mut h);
    }
    let (sin, cos) = {
        let angle = lean.abs().to_radians();
        (libm::sin(angle), libm::cos(angle))
    };
    let (wide, high) = (w * cos + h * sin, h * cos + w * sin);
    let inside = |value: f64, expected: f64, range: (f64, f64)| {
        (range.0 * expected..=range.1 * expected).contains(&value)
    };
    inside(blob.width, wide, SIDE_RANGE)
        && inside(blob.height, high, SIDE_RANGE)
        && inside(blob.area, area, AREA_RANGE)
}

/// For each fiducial the nearest dark thing of its shape at its place, with its distance in pixels;
/// `None` as soon as fewer than `worth` can be found.
#[allow(clippy::too_many_arguments)] // one call; a struct of them would only be named after it
fn assign(
    layout: &Layout,
    blobs: &[Blob],
    candidates: &[Vec<usize>],
    rough: &Homography,
    (i, j): (usize, usize),
    scale: f64,
    worth: usize,
    fits: &dyn Fn(usize, usize) -> bool,
) -> Option<Vec<Option<(usize, f64)>>> {
    let (a, b) = (layout.fiducials[i].mass_centre(), layout.fiducials[j].mass_centre());
    let mut out = Vec::with_capacity(layout.fiducials.len());
    let mut missing = 0;
    for (f, fiducial) in layout.fiducials.iter().enumerate() {
        let c = fiducial.mass_centre();
        let away = c.distance(a).0.min(c.distance(b).0);
        let reach = (SEARCH_MM + SEARCH_SHARE * away) * scale;
        let place: Point<Px> = rough.apply(c);
        let beside = |centre: Point<Px>| {
            (centre.x.0 - place.x.0).abs() <= reach && (centre.y.0 - place.y.0).abs() <= reach
        };
        let near = candidates[f]
            .iter()
            .filter(|&&blob| beside(blobs[blob].centre))
            .map(|&blob| (blob, blobs[blob].centre.distance(place).0))
            .filter(|&(blob, distance)| distance <= reach && fits(blob, f))
            .min_by(|x, y| x.1.total_cmp(&y.1));
        missing += usize::from(near.is_none());
        if missing + worth > layout.fiducials.len() {
            return None;
        }
        out.push(near);
    }
    Some(out)
}

/// How a dark thing's sides may differ from a fiducial's at any scale and tilt: the share of its bounding box that is
/// dark, and how much longer than wide it may look beyond what is printed.
const PILLAR_ASPECT: f64 = 1.9;

/// The scales of a photographed sheet without a visible ground, as shares of what page and picture sizes suggest. Below, filled
/// targets look like corner squares.
const PILLAR_SCALE: (f64, f64) = (0.55, 1.2);

/// By how much the four outermost fiducials may differ in scale, as a factor of their areas: 2.5 in length.
const PILLAR_AREAS: f64 = 6.0;

/// The most dark things that are tried for one of the four outermost fiducials.
const MOST_PILLARS: usize = 40;

/// How much farther apart or nearer two fiducials may lie than their sizes say, as a factor: a tilt of 30° shortens by 1.15, a
/// side of a small thing is known to a fifth.
const PILLAR_SPAN: f64 = 1.4;

/// The most quadruples that are laid out: a page of something else has no more than a few hundred, and a page that has
/// more says nothing.
const MOST_QUADS: usize = 2_000;

/// The most ways that are handed on.
const MOST_WAYS: usize = 12;

/// Ways of laying the sheet by its four outermost fiducials alone, whatever the perspective; those that put the most other
/// fiducials onto dark things of their size first.
pub(super) fn pillars(layout: &Layout, blobs: &[Blob], expected_scale: f64) -> Vec<Homography> {
    let Some(corners) = outermost(layout) else { return Vec::new() };
    let candidates = corners.map(|f| standing(&layout.fiducials[f], blobs, expected_scale));
    let mut ways: Vec<(usize, f64, Homography)> = Vec::new();
    let printed = corners.map(|f| layout.fiducials[f].mass_centre());
    let areas = corners.map(|f| printed_area(&layout.fiducials[f]));
    let mut tries = 0;
    'all: for &a in &candidates[0] {
        for &b in &candidates[1] {
            if a == b || !spans(blobs, (a, areas[0]), (b, areas[1]), printed[0].distance(printed[1]).0) {
                continue;
            }
            for &c in &candidates[2] {
                if c == a
                    || c == b
                    || !spans(blobs, (b, areas[1]), (c, areas[2]), printed[1].distance(printed[2]).0)
                    || !turns_right(blobs, a, b, c)
                {
                    continue;
                }
                for &d in &candidates[3] {
                    let distinct = d != a && d != b && d != c;
                    let convex = turns_right(blobs, b, c, d)
                        && turns_right(blobs, c, d, a)
                        && turns_right(blobs, d, a, b);
                    if !distinct
                        || !convex
                        || !spans(blobs, (a, areas[0]), (d, areas[3]), printed[0].distance(printed[3]).0)
                        || !spans(blobs, (c, areas[2]), (d, areas[3]), printed[2].distance(printed[3]).0)
                    {
                        continue;
                    }
                    tries += 1;
                    if tries > MOST_QUADS {
                        break 'all;
                    }
                    let places = [a, b, c, d].map(|i| blobs[i].centre);
                    let pairs: Vec<_> = printed.into_iter().zip(places).collect();
                    let Some(way) = Homography::fit(&pairs) else { continue };
                    if let Some((count, spread)) = explained(layout, blobs, &way) {
                        ways.push((count, spread, way));
                    }
                }
            }
        }
    }
    ways.sort_by(|x, y| y.0.cmp(&x.0).then(x.1.total_cmp(&y.1)));
    ways.truncate(MOST_WAYS);
    ways.into_iter().map(|(_, _, way)| way).collect()
}

/// The four fiducials with the largest area between them, clockwise.
fn outermost(layout: &Layout) -> Option<[usize; 4]> {
    let at = |i: usize| layout.fiducials[i].mass_centre();
    let extreme = |f: &dyn Fn(Point<Mm>) -> f64| {
        (0..layout.fiducials.len()).max_by(|&i, &j| f(at(i)).total_cmp(&f(at(j))))
    };
    let corners = [
        extreme(&|p| -p.x.0 - p.y.0)?,
        extreme(&|p| p.x.0 - p.y.0)?,
        extreme(&|p| p.x.0 + p.y.0)?,
        extreme(&|p| p.y.0 - p.x.0)?,
    ];
    let distinct = (0..4).all(|i| (0..i).all(|j| corners[i] != corners[j]));
    distinct.then_some(corners)
}

/// The dark things that could be the fiducial at some scale and tilt; of many, the most solid.
fn standing(fiducial: &Fiducial, blobs: &[Blob], expected_scale: f64) -> Vec<usize> {
    let (w, h) = (fiducial.rect.width.0, fiducial.rect.height.0);
    let printed = w.max(h) / w.min(h);
    let area = printed_area(fiducial) * expected_scale * expected_scale;
    let solid = |b: &Blob| b.area / (b.width * b.height);
    let expected = printed_area(fiducial) / (w * h);
    let mut out: Vec<usize> = (0..blobs.len())
        .filter(|&i| {
            let b = &blobs[i];
            let aspect = b.width.max(b.height) / b.width.min(b.height);
            aspect <= printed * PILLAR_ASPECT
                && solid(b) >= 0.62 * expected
                && (PILLAR_SCALE.0.powi(2)..=PILLAR_SCALE.1.powi(2)).contains(&(b.area / area))
        })
        .collect();
    out.sort_by(|&i, &j| solid(&blobs[j]).total_cmp(&solid(&blobs[i])).then(i.cmp(&j)));
    out.truncate(MOST_PILLARS);
    out
}

/// Whether two dark things lie as far apart as their sizes say that two fiducials `distance` millimetres apart do.
fn spans(blobs: &[Blob], (a, area_a): (usize, f64), (b, area_b): (usize, f64), distance: f64) -> bool {
    let scales = (blobs[a].area / area_a * (blobs[b].area / area_b)).sqrt().sqrt();
    let seen = blobs[a].centre.distance(blobs[b].centre).0 / distance;
    let ratio = blobs[a].area / area_a / (blobs[b].area / area_b);
    (1.0 / PILLAR_AREAS..=PILLAR_AREAS).contains(&ratio)
        && (1.0 / PILLAR_SPAN..=PILLAR_SPAN).contains(&(seen / scales))
}

/// Whether the way from `a` over `b` to `c` turns clockwise in the picture.
fn turns_right(blobs: &[Blob], a: usize, b: usize, c: usize) -> bool {
    let (p, q, r) = (blobs[a].centre, blobs[b].centre, blobs[c].centre);
    (q.x.0 - p.x.0) * (r.y.0 - q.y.0) - (q.y.0 - p.y.0) * (r.x.0 - q.x.0) > 0.0
}

/// How many fiducials have a dark thing of their size at their place, and its mean distance in millimetres; `None` if a quarter
/// of them have not.
fn explained(layout: &Layout, blobs: &[Blob], way: &Homography) -> Option<(usize, f64)> {
    let n = layout.fiducials.len();
    let (mut count, mut sum) = (0, 0.0);
    for (i, fiducial) in layout.fiducials.iter().enumerate() {
        let centre = fiducial.mass_centre();
        let (place, scale) = (way.apply(centre), way.scale(centre));
        let area = printed_area(fiducial) * scale * scale;
        let near = blobs
            .iter()
            .filter(|b| (AREA_RANGE.0..=AREA_RANGE.1).contains(&(b.area / area)))
            .map(|b| b.centre.distance(place).0 / scale)
            .fold(f64::MAX, f64::min);
        if near <= SEARCH_MM {
            count += 1;
            sum += near;
        } else if i + 1 - count > n / 4 {
            return None;
        }
    }
    Some((count, sum / count.max(1) as f64))
}
