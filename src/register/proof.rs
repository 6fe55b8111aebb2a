//! The mapping bent to where print is seen, and proved by print that was not used in the fit.

use super::refine::sample;
use super::sight::{Local, Sighting, middle};
use crate::geometry::{Grid, Mapping, Mm, Point};
use crate::layout::{CODE_CELLS, LayoutCode, PageSize};
use crate::source::Page;
use std::collections::BTreeMap;

/// How closely the mapping follows what is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follow {
    /// How far a sighting speaks for its surroundings, in millimetres (σ of a Gaussian weight).
    pub(super) near: f64,
    /// Millimetres between the crossings of the grid that the mapping is bent by.
    pub(super) grid: f64,
    /// The most by which the mapping may be bent between two crossings, in millimetres.
    pub(super) most: f64,
    /// The height of the bands across the whole sheet that must be witnessed, in millimetres.
    pub(super) band: f64,
}

impl Follow {
    /// With a hundred sightings, some 25 mm apart on an A4 card. With a σ of 10 single ones would shake the grid, with 40 it
    /// would not follow a fold.
    pub(super) const LOOSELY: Self = Self { near: 18.0, grid: 20.0, most: 20.0 * MOST_SLOPE, band: 20.0 };

    /// With four times as many, half as far apart: a feeder whose speed swings within 90 mm, a bow of 2 mm. In bands below 10 mm,
    /// two rows, chance decides.
    pub(super) const CLOSELY: Self = Self { near: 9.0, grid: 10.0, most: 10.0 * MOST_SLOPE, band: 12.0 };

    /// Where positions were set by eye, from a lattice whose every target is looked at.
    pub(super) fn nominally(near: f64) -> Self {
        Self { near, most: Self::LOOSELY.most.max(AGREE_PITCHES * near), ..Self::LOOSELY }
    }
}

/// How much the mapping that the fiducials give counts against sightings, in sightings: where none is near, nothing is bent.
const STAY: f64 = 0.5;

/// How far from its surroundings a sighting may lie to bend the mapping, in millimetres: farther off it is a mark's edge.
const OUTLIER_MM: f64 = 0.6;

/// How far a seen target may lie from its place, in millimetres and as a share of the distance to its neighbour, to agree with the
/// layout. A third of the smallest target, so that a sensing area still lies inside its outline.
const AGREE_MM: f64 = 0.7;
const AGREE_PITCHES: f64 = 0.2;
const NOMINAL_PITCHES: f64 = 0.25;

/// The most by which the mapping may be bent, in millimetres a millimetre: a local stretch of a
/// twelfth. Paper swells by a fiftieth and a feeder's speed changes by a twentieth; where a sheet was torn, slipped or overlapped,
/// rows are missing and what remains fits only with a jump.
const MOST_SLOPE: f64 = 0.085;

/// What printed targets that were not used in the fit say about a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Proof {
    /// Targets that were looked for.
    pub checked: u16,
    /// Targets that were seen.
    pub seen: u16,
    /// Targets that were seen at their places.
    pub agree: u16,
    /// Root mean square distance of the seen from their places, in millimetres.
    pub residual: Mm,
    /// The same in distances between neighbouring targets.
    pub pitches: f64,
    /// The farthest that print lies from where the fiducials alone put it, in distances between neighbouring targets.
    pub bent: f64,
    /// Whether the print moves smoothly from place to place, as bent paper does.
    pub smooth: bool,
}

/// How near to its place a target must be seen to agree with the layout.
#[derive(Debug, Clone, Copy)]
pub(super) enum Agree {
    /// [`AGREE_MM`] or [`AGREE_PITCHES`], whichever is nearer: print whose millimetres are known.
    Printed,
    /// [`NOMINAL_PITCHES`]: positions were set by eye, on another picture.
    Nominal,
}

impl Agree {
    fn of(self, pitch: f64) -> f64 {
        match self {
            Self::Printed => AGREE_MM.min(AGREE_PITCHES * pitch),
            Self::Nominal => NOMINAL_PITCHES * pitch,
        }
    }
}

/// Every other sighting bends the mapping, the others prove the bent one.
pub(super) fn bend(
    mapping: Mapping,
    page: PageSize,
    sightings: &[Sighting],
    follow: Follow,
    agree: Agree,
) -> (Mapping, Proof) {
    let places: Vec<Place> = sightings.iter().step_by(2).filter(|s| !s.stuck).filter_map(Place::of).collect();
    let field = Field::through(places, follow.near);
    let mut proof = Proof::default();
    let (mut squares, mut pitches) = (0.0, 0.0);
    for sighting in sightings.iter().skip(1).step_by(2).filter(|s| s.shown) {
        proof.checked += 1;
        let Some((dx, dy)) = sighting.off else { continue };
        proof.seen += 1;
        if sighting.stuck {
            continue;
        }
        let (bx, by) = field.at(sighting.at);
        let square = (dx - bx) * (dx - bx) + (dy - by) * (dy - by);
        let reach = agree.of(sighting.pitch);
        if square <= reach * reach {
            proof.agree += 1;
            squares += square;
            pitches += square / (sighting.pitch * sighting.pitch);
        }
    }
    proof.bent = sightings
        .iter()
        .filter(|s| s.shown)
        .map(|s| {
            let (x, y) = field.at(s.at);
            x.hypot(y) / s.pitch
        })
        .fold(0.0, f64::max);
    let count = f64::from(proof.agree.max(1));
    proof.residual = Mm((squares / count).sqrt());
    proof.pitches = (pitches / count).sqrt();
    let grid = field.grid(page, follow.grid);
    proof.smooth = field.is_smooth(&grid, follow.most);
    (grid.bent(mapping), proof)
}

/// Sides of the parts of the sheet that must each be witnessed, in millimetres: a third of an A4 sheet across, a sixth of
/// it down. In smaller parts chance decides, in larger ones the end of another sheet hides.
const PART_MM: (f64, f64) = (70.0, 48.0);

/// What stands for a part's column where a band across the whole sheet is meant: another sheet's edge runs across all of it.
const BAND: i32 = -1;

/// The fewest targets that say something about a part, and the share of them that must be seen in place. Scribbles and folds take
/// a half, another sheet or missing rows take all.
const PART_FEWEST: usize = 5;
const PART_SHARE: f64 = 0.35;

/// Whether no part of the sheet shows something else: where there are targets, some of them are seen in their places.
pub(super) fn is_whole(mapping: &Mapping, bent: &Mapping, sightings: &[Sighting], follow: Follow) -> bool {
    let mut parts: BTreeMap<(i32, i32), (usize, usize)> = BTreeMap::new();
    for sighting in sightings.iter().filter(|s| s.shown) {
        let agrees = sighting.off.is_some_and(|(dx, dy)| {
            let (u, v) = Local::at(mapping, sighting.at).step((dx, dy));
            let from = mapping.apply(sighting.at).shifted(u, v);
            let scale = mapping.homography().scale(sighting.at).max(1e-9);
            from.distance(bent.apply(sighting.at)).0 / scale <= Agree::Printed.of(sighting.pitch)
        });
        let (x, y) = (sighting.at.x.0, sighting.at.y.0);
        let part = ((x / PART_MM.0) as i32, (y / PART_MM.1) as i32);
        let band = (BAND, (y / follow.band) as i32);
        for key in [part, band] {
            let (all, seen) = parts.entry(key).or_default();
            *all += 1;
            *seen += usize::from(agrees);
        }
    }
    parts.values().all(|&(all, seen)| all < PART_FEWEST || seen as f64 >= PART_SHARE * all as f64)
}

/// Where a sighting lies and how far off.
#[derive(Clone, Copy)]
struct Place {
    at: Point<Mm>,
    /// How far from its surroundings it may lie, in millimetres.
    loose: f64,
    off: (f64, f64),
}

impl Place {
    fn of(sighting: &Sighting) -> Option<Self> {
        sighting.off.map(|off| {
            let loose = OUTLIER_MM.max(AGREE_PITCHES * sighting.pitch);
            Self { at: sighting.at, loose, off }
        })
    }
}

/// How far print lies from its place, anywhere on the sheet: the sightings' weighted mean.
pub(super) struct Field {
    places: Vec<Place>,
    near: f64,
    weights: [f64; WEIGHTS],
}

/// Steps of a sighting's weight, up to four σ; beyond, it is below 1/3 000.
const WEIGHTS: usize = 1024;

/// Steps a square σ.
const STEPS: f64 = WEIGHTS as f64 / 16.0;

impl Field {
    /// The field of the sightings that agree with those around them.
    fn through(places: Vec<Place>, near: f64) -> Self {
        let weights = std::array::from_fn(|i| libm::exp(-0.5 * (i as f64 + 0.5) / STEPS));
        let all = Self { places, near, weights };
        let off = |p: &Place, other: (f64, f64)| (p.off.0 - other.0).hypot(p.off.1 - other.1);
        let kept = all
            .places
            .iter()
            .filter(|p| off(p, middle(all.places.iter().map(|q| (q.at, q.off)), p.at)) <= p.loose)
            .copied()
            .collect();
        Self { places: kept, near, weights }
    }

    /// Millimetres from where the mapping puts a place to where print is seen.
    pub(super) fn at(&self, at: Point<Mm>) -> (f64, f64) {
        let (sum, x, y) = self.sums(at);
        (x / (STAY + sum), y / (STAY + sum))
    }

    /// The same by what is seen alone; `None` where too little is.
    fn seen_at(&self, at: Point<Mm>) -> Option<(f64, f64)> {
        let (sum, x, y) = self.sums(at);
        (sum >= STAY).then(|| (x / sum, y / sum))
    }

    /// The weights of the sightings around a place, and their weighted sums.
    fn sums(&self, at: Point<Mm>) -> (f64, f64, f64) {
        let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
        let scale = STEPS / (self.near * self.near);
        for p in &self.places {
            let (dx, dy) = (p.at.x.0 - at.x.0, p.at.y.0 - at.y.0);
            if let Some(&weight) = self.weights.get(((dx * dx + dy * dy) * scale) as usize) {
                sum += weight;
                x += weight * p.off.0;
                y += weight * p.off.1;
            }
        }
        (sum, x, y)
    }

    /// Whether print moves by no more than `most` millimetres from one crossing of a grid to the next.
    ///
    /// Only where print is seen at both: beyond its ends the mapping goes back to where the fiducials alone put it, and paper has no part in that.
    fn is_smooth(&self, grid: &Crossings, most: f64) -> bool {
        let seen: Vec<Option<(f64, f64)>> = grid.places.iter().map(|&(at, _)| self.seen_at(at)).collect();
        let near = |i: usize, j: usize| match (seen[i], seen.get(j)) {
            (Some(a), Some(Some(b))) => (a.0 - b.0).hypot(a.1 - b.1) <= most,
            _ => true,
        };
        (0..seen.len()).all(|i| ((i + 1) % grid.across == 0 || near(i, i + 1)) && near(i, i + grid.across))
    }

    /// The field at the crossings of a grid over the page, `step` millimetres apart.
    fn grid(&self, page: PageSize, step: f64) -> Crossings {
        let crossings = |side: f64| (side / step).ceil() as usize + 1;
        let (across, down) = (crossings(page.width_mm), crossings(page.height_mm));
        let places = (0..across * down)
            .map(|i| Point::at((i % across) as f64 * step, (i / across) as f64 * step))
            .map(|at| (at, self.at(at)))
            .collect();
        Crossings { across, step, places }
    }
}

/// Places of the sheet and how far print lies from them, in millimetres, row by row.
struct Crossings {
    across: usize,
    /// Millimetres between neighbours.
    step: f64,
    places: Vec<(Point<Mm>, (f64, f64))>,
}

impl Crossings {
    /// The mapping with these shifts on top.
    fn bent(&self, mapping: Mapping) -> Mapping {
        let shifts = self.places.iter().map(|&(at, off)| Local::at(&mapping, at).step(off)).collect();
        mapping.bent(Grid {
            origin: Point::at(0.0, 0.0),
            step: (self.step, self.step),
            across: self.across,
            shifts,
        })
    }
}

/// What the printed layout code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRead {
    /// The layout has none.
    NotPrinted,
    /// A number.
    Number(u16),
    /// Cells in doubt, or check bits that don't fit.
    Unreadable,
}

/// How far above and below a cell of the layout code its paper is looked at, in millimetres: the layouts leave 1.5 mm of
/// white around the code.
const BESIDE_CODE_MM: f64 = 0.8;

/// Reads the layout code where the mapping puts it; each cell against the paper beside it, because half of a code may lie in
/// a shadow.
pub(super) fn read_code(page: &Page, code: &LayoutCode, mapping: &Mapping, ink: u8, paper: u8) -> CodeRead {
    let mut cells = [false; CODE_CELLS];
    for (index, cell) in cells.iter_mut().enumerate() {
        let rect = code.cell(index);
        let at = |dx: f64, dy: f64| sample(page, mapping.apply(rect.centre.shifted(dx, dy)));
        let mut sum = 0.0;
        let mut count = 0.0;
        for i in 0..25 {
            // The middle three fifths of the cell.
            let share = |n: i32| (f64::from(n) - 2.0) * 0.15;
            let Some(level) = at(share(i % 5) * rect.width.0, share(i / 5) * rect.height.0) else {
                return CodeRead::Unreadable;
            };
            sum += level;
            count += 1.0;
        }
        let beside = rect.height.0 / 2.0 + BESIDE_CODE_MM;
        let around = [-0.3, 0.0, 0.3].iter().flat_map(|&x| {
            let dx = x * rect.width.0;
            [at(dx, -beside), at(dx, beside)]
        });
        let bright = around.flatten().fold(0.0, f64::max);
        // A shadow darkens print as it darkens paper.
        let dark = f64::from(ink) * bright / f64::from(paper).max(1.0);
        let darkness = (bright - sum / count) / (bright - dark).max(1.0);
        // Between a third and two thirds a cell is neither printed nor paper.
        if (0.35..0.65).contains(&darkness) {
            return CodeRead::Unreadable;
        }
        *cell = darkness > 0.5;
    }
    LayoutCode::decode(cells).map_or(CodeRead::Unreadable, CodeRead::Number)
}
