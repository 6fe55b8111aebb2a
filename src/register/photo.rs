//! A sheet in a photograph: on a darker ground, at any scale, seen from aside.

use super::coarse::{Blob, Coarse};
use super::find::{self, Match};
use super::{LOSS_SHARE, Order, Registration, conclude, outline};
use crate::geometry::{Homography, Point, Px};
use crate::layout::{Fiducial, Layout};
use crate::source::Page;

/// The most by which the scale changes over a photographed page, as a factor: an A4 sheet at arm's length, tilted by 30°,
/// changes by 1.6; beyond 2.5 the far targets are a third of the near ones.
const TILTED: f64 = 2.5;

/// How far from where the sheet's corners put it a fiducial is looked for, in millimetres: a curled sheet's outline misses by
/// this much. Half the distance of two fiducials is the bound.
const FIRST_REACH_MM: f64 = 6.0;

/// The same once the fiducials found so far say where the others are.
const NEXT_REACH_MM: f64 = 2.5;

/// How a dark thing's sides and area may differ from the fiducial as the mapping shows it, as factors.
const SIDE_RANGE: (f64, f64) = (0.55, 1.7);
const AREA_RANGE: (f64, f64) = (0.5, 1.7);

/// The registration of a photographed sheet; `None` if no way of laying it is proved, or two are.
pub(super) fn register(page: &Page, layout: &Layout, coarse: &Coarse) -> Option<Registration> {
    if layout.fiducials.len() < 4 {
        return None;
    }
    let mut proved = Proved::default();
    if let Some(corners) = outline::sheet(coarse) {
        let scale = scale_of(&corners, layout);
        let own = (scale < 0.7 * super::expected_scale(page, (layout.page.width_mm, layout.page.height_mm)))
            .then(|| Coarse::at_scale(page, scale));
        let coarse = own.as_ref().unwrap_or(coarse);
        proved.try_all(page, layout, coarse, coarse.blobs(), turns(layout, &corners));
    }
    if proved.0.is_empty() {
        let expected = super::expected_scale(page, (layout.page.width_mm, layout.page.height_mm));
        let blobs = coarse.blobs();
        proved.try_all(page, layout, coarse, blobs, find::pillars(layout, blobs, expected));
    }
    proved.only()
}

/// Registrations that are proved, one for each way up.
#[derive(Default)]
struct Proved(Vec<Registration>);

impl Proved {
    fn try_all(
        &mut self,
        page: &Page,
        layout: &Layout,
        coarse: &Coarse,
        blobs: &[Blob],
        ways: Vec<Homography>,
    ) {
        for way in ways {
            let Some(found) = laid(layout, blobs, way) else { continue };
            if self.0.iter().any(|known| known.orientation == found.orientation) {
                continue;
            }
            self.0.extend(conclude(page, layout, coarse, blobs, &found, TILTED, Order::ProofFirst));
        }
    }

    /// The one that is proved, unless several are.
    fn only(mut self) -> Option<Registration> {
        if self.0.len() == 1 { self.0.pop() } else { None }
    }
}

/// Pixels a millimetre of a sheet with these corners.
fn scale_of(corners: &[Point<Px>; 4], layout: &Layout) -> f64 {
    let round: f64 = (0..4).map(|i| corners[i].distance(corners[(i + 1) % 4]).0).sum();
    round / (2.0 * (layout.page.width_mm + layout.page.height_mm))
}

/// The four ways of laying the page onto its corners.
pub(super) fn turns(layout: &Layout, corners: &[Point<Px>; 4]) -> Vec<Homography> {
    let (w, h) = (layout.page.width_mm, layout.page.height_mm);
    let page = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].map(Point::from);
    (0..4)
        .filter_map(|turn| {
            let pairs: Vec<_> = (0..4).map(|i| (page[i], corners[(i + turn) % 4])).collect();
            Homography::fit(&pairs)
        })
        .collect()
}

/// The fiducials near where `homography` puts them, looked for again from those that were found; `None` if too few are.
fn laid(layout: &Layout, blobs: &[Blob], homography: Homography) -> Option<Match> {
    let least = layout.fiducials.len() - layout.fiducials.len() / LOSS_SHARE;
    let mut rough = homography;
    let mut found = Vec::new();
    for reach in [FIRST_REACH_MM, NEXT_REACH_MM, NEXT_REACH_MM] {
        found = layout.fiducials.iter().map(|f| nearest(blobs, f, &rough, reach)).collect();
        let pairs: Vec<_> = layout
            .fiducials
            .iter()
            .zip(&found)
            .filter_map(|(f, b)| b.map(|b: usize| (f.mass_centre(), blobs[b].centre)))
            .collect();
        if pairs.len() < least.max(3) {
            return None;
        }
        rough = if pairs.len() >= 4 { Homography::fit(&pairs) } else { Homography::fit_affine(&pairs) }?;
    }
    Some(Match::laid(rough, found, layout.middle()))
}

/// The dark thing that looks like the fiducial and lies nearest to its place.
fn nearest(blobs: &[Blob], fiducial: &Fiducial, rough: &Homography, reach: f64) -> Option<usize> {
    let centre = fiducial.mass_centre();
    let place = rough.apply(centre);
    let [[a, b], [c, d]] = rough.jacobian(centre);
    let magnified = (a * d - b * c).abs();
    let reach = reach * magnified.sqrt();
    let (w, h) = (fiducial.rect.width.0, fiducial.rect.height.0);
    let (wide, high) = (a.abs() * w + b.abs() * h, c.abs() * w + d.abs() * h);
    let area = find::printed_area(fiducial) * magnified;
    let inside = |value: f64, expected: f64, range: (f64, f64)| {
        (range.0 * expected..=range.1 * expected).contains(&value)
    };
    (0..blobs.len())
        .filter(|&i| {
            let blob = &blobs[i];
            blob.centre.distance(place).0 <= reach
                && inside(blob.width, wide, SIDE_RANGE)
                && inside(blob.height, high, SIDE_RANGE)
                && inside(blob.area, area, AREA_RANGE)
        })
        .min_by(|&x, &y| blobs[x].centre.distance(place).0.total_cmp(&blobs[y].centre.distance(place).0))
}
