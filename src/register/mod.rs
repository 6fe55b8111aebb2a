//! Finding the sheet in the picture.
//!
//! The page is never warped. A reduced picture gives the dark connected things; two of them are laid
//! on two fiducials until the rest of the layout's fiducials fall into place; the fiducials' edges
//! are then measured at full resolution and a mapping from sheet millimetres to image pixels is
//! fitted. Before anything is read the mapping is proved by print that was not used in the fit.

// Gray levels, pixels and counts: small and in range by the clamps and checks beside each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod coarse;
mod edges;
mod find;
mod form;
mod lattice;
mod marker;
mod nominal;
mod outline;
mod photo;
mod proof;
mod refine;
mod sight;
mod which;

pub use proof::{CodeRead, Proof};
pub use which::{register_as, which_layout};

use crate::geometry::{Grid, Homography, Knot, Mapping, Mm, Orientation, Point, Px, Rect};
use crate::layout::{Fiducial, Frame, Layout, PageSize};
use crate::sheet::RegistrationFault;
use crate::source::{Depth, Page};
use coarse::{Blob, Coarse, Views};
use find::{Match, Search};
use proof::Follow;

/// The largest root mean square distance of the fiducials from their fitted places, in millimetres, where nothing else proves
/// the fit.
///
/// Measured on simulated pages at 150 dpi bilevel: below 0.12. At 0.6 a target's sensing area (its
/// middle three quarters) begins to leave the target on one side; a larger limit would let a false
/// fit through, a limit below 0.25 refuses creased sheets that read well.
const MOST_RESIDUAL: Mm = Mm(0.5);

/// The same where the printed targets can be seen and prove the bent mapping: a curled sheet, or one whose feed changed its
/// speed. A row that slipped through the feeder (5 mm) leaves 1.1 on our cards; a sheet bowed by 2 mm has 0.8.
const MOST_BENT: Mm = Mm(1.0);

/// The largest root mean square distance, in millimetres, of printed targets that were not used in the fit from where the bent
/// mapping puts them. Flat scans have 0.1, badly curled ones 0.25; beyond 0.4 every tenth sensing area (the middle three
/// quarters of a target 1.8 mm high) leaves its target.
const MOST_PROOF: Mm = Mm(0.4);

/// The farthest that print may lie from where the fiducials alone put it, in distances between neighbouring targets. A sheet bowed by
/// 2 mm has 0.3; at half, a target's neighbour is as near as the target, and rows could be taken for each other.
const MOST_BENT_PITCHES: f64 = 0.4;

/// Up to here the sheet is flat: [`Proof::residual`] in millimetres and [`Proof::bent`] in distances between targets. Office scans at 200 dpi
/// have 0.10 and 0.05; below, every bilevel page would be looked at twice, above, rows of a bowed sheet lie half a
/// millimetre off.
const FLAT_PROOF: f64 = 0.16;
const FLAT_PITCHES: f64 = 0.12;

/// One in how many of the looked-at targets may lie outside of the picture. Of a sheet that was fed whole none does; a torn one, or one that
/// lies under another, has lost whole rows.
const CUT_SHARE: usize = 50;

/// How far from its fitted place a fiducial is no longer bent paper but something else: millimetres, and how many times farther
/// than the middle one.
const STRAY_MM: f64 = 1.0;
const STRAY_FACTOR: f64 = 4.0;

/// The share of fiducials that may be missing or damaged.
///
/// One of four corners, two of eight marks; a timing track must be whole, because a missing mark
/// there means that rows may be missing.
const LOSS_SHARE: usize = 4;

/// The share of looked-at outlines that must be seen for the printed targets to be a witness.
///
/// Pale print is seen at 0.95 and more of its places in a gray scan, and at 0.2 to 0.3 in a bilevel one
/// that has lost it: those are the edges of marks.
const VISIBLE_SHARE: f64 = 0.6;

/// The share of looked-at outlines up to which a gray scan has lost the print altogether: noise and the edges of marks.
const VANISHED_SHARE: f64 = 0.25;

/// The share of seen outlines that must lie at their places.
///
/// On the real scans and on simulated gray pages at least 0.9 do; on another form's page chance
/// puts (0.7 / 1.5)² × π / 4 ≈ 0.17 of them there.
const AGREE_SHARE: f64 = 0.7;

/// From which root mean square distance of the fiducials on a bow is looked for, in millimetres: flat sheets have 0.1.
const BOWED_MM: f64 = 0.2;

/// The fewest fiducials that show a bow, and how much of it, as a share of what it is in the middle, must be left when a
/// projective mapping has taken its part. Four corners show nothing.
const BOW_FIDUCIALS: usize = 6;
const BOW_SHOWS: f64 = 0.15;

/// Which share of the fiducials' distance may be left when a bow is the reason for it. Measured: 0.1 to 0.3; a fiducial that is
/// covered in part leaves 0.7 and more.
const BOW_EXPLAINS: f64 = 0.5;

/// Between crossings of the grid that a bow is written down by, in millimetres: between two of them a bow of 2 mm differs by 0.02.
const BOW_STEP_MM: f64 = 20.0;

/// The most by which the scale changes over a scanned page, as a factor: feeders stretch by a twentieth at worst, and a fit that
/// needs more has taken other things for fiducials.
const FLAT: f64 = 1.2;

/// The share of a timing track's marks that may be damaged where the printed targets prove that no row is missing: five
/// marks under a dog-ear or a pen stroke. Without targets to prove it none may.
const TRACK_LOSS: usize = 8;

/// Where the sheet lies in the picture, and how well that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Sheet millimetres to image pixels.
    pub mapping: Mapping,
    /// Which way up the sheet lies.
    pub orientation: Orientation,
    /// Further lean, degrees clockwise.
    pub rotation_deg: f64,
    /// Root mean square distance of print from its predicted place: of the printed targets where
    /// they can be seen (they are not used in the fit), else of the fiducials.
    pub residual: Mm,
    /// Level of the print's ink.
    pub ink: u8,
    /// Level of the paper, as it usually is on this page.
    pub paper: u8,
    /// For each fiducial of the layout where it was measured; `None` if it is missing or damaged.
    pub fiducials: Vec<Option<Point<Px>>>,
    /// What the printed targets say.
    pub proof: Proof,
    /// What the printed layout code says.
    pub code: CodeRead,
}

/// Pixels a millimetre if the page fills the picture, whichever way it lies.
fn expected_scale(page: &Page, (width, height): (f64, f64)) -> f64 {
    let (long, short) = (page.width.max(page.height) as f64, page.width.min(page.height) as f64);
    f64::midpoint(long / width.max(height), short / width.min(height))
}

/// Where `layout`'s sheet lies on `page`.
///
/// A scanned sheet nearly fills its picture and hardly leans; only if none is found so, the page is looked at as a
/// photograph: the sheet on a darker ground, at any scale, seen from aside.
///
/// # Errors
///
/// The reason why the sheet is not found, or why the fit is not believed.
///
/// # Example
///
/// ```
/// use duka::{layout, register, source};
/// let card = layout::shipped("theory-100")?;
/// let bytes = std::fs::read("samples/scans/room-101-01.png")?;
/// let page = source::decode(&bytes).next().unwrap().1?;
/// let registration = register::register(&page, &card).unwrap();
/// assert!(registration.residual.0 < 0.3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn register(page: &Page, layout: &Layout) -> Result<Registration, RegistrationFault> {
    let views = Views::of(page);
    at_edges(&views, layout, Order::ProofFirst).map_or_else(|| everywhere(&views, layout), Ok)
}

/// Which comes first once a sheet is laid on its fiducials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The proof by printed targets; the code is read where they put it.
    ProofFirst,
    /// The printed code, and no proof if it is another layout's: cards of one size share their fiducials, and a proof that
    /// fails costs as much as reading the page.
    CodeFirst,
}

/// The sheet as it is found by the edges of the picture alone: the fiducials of a card lie along its edges, and so they do
/// in the picture.
fn at_edges(views: &Views<'_>, layout: &Layout, order: Order) -> Option<Registration> {
    if layout.frame != Frame::Fiducials {
        return None;
    }
    let edges = views.along_edges((layout.page.width_mm, layout.page.height_mm));
    if edges.is_whole() { None } else { scanned(views.page, layout, &edges, order).ok() }
}

/// The sheet as it is found by all of the picture, where its edges were not enough.
fn everywhere(views: &Views<'_>, layout: &Layout) -> Result<Registration, RegistrationFault> {
    let page = views.page;
    let coarse = views.whole((layout.page.width_mm, layout.page.height_mm));
    if coarse.brightest().saturating_sub(coarse.ink) < coarse::LEAST_CONTRAST {
        return Err(RegistrationFault::BlankPage);
    }
    if layout.frame != Frame::Fiducials {
        return nominal::register(page, layout, &coarse);
    }
    let first = match scanned(page, layout, &coarse, Order::ProofFirst) {
        Ok(registration) => return Ok(registration),
        Err(fault) => fault,
    };
    photo::register(page, layout, &coarse).ok_or(first)
}

/// The sheet as a scanner shows it.
fn scanned(
    page: &Page,
    layout: &Layout,
    coarse: &Coarse,
    order: Order,
) -> Result<Registration, RegistrationFault> {
    let sides = (layout.page.width_mm, layout.page.height_mm);
    let blobs = coarse.blobs();
    let expected = layout.fiducials.len();
    let least = if coarse.is_whole() { expected - expected / LOSS_SHARE } else { expected };
    let Search { best, rival } = find::search(layout, blobs, expected_scale(page, sides), least);
    let best = best.ok_or(missing(0, expected))?;
    if best.count < least {
        return Err(missing(best.count, expected));
    }
    if rival.is_some_and(|r| r.rivals(&best)) {
        return Err(RegistrationFault::Ambiguous);
    }
    conclude(page, layout, coarse, blobs, &best, FLAT, order)
}

/// From fiducials found to a registration that is proved.
///
/// `most_change` is the most by which the scale may change over the page.
fn conclude(
    page: &Page,
    layout: &Layout,
    coarse: &Coarse,
    blobs: &[Blob],
    found: &Match,
    most_change: f64,
    order: Order,
) -> Result<Registration, RegistrationFault> {
    let expected = layout.fiducials.len();
    let least = expected - expected / LOSS_SHARE;
    let (mut pairs, ink) = measured(page, layout, blobs, found);
    if pairs.len() < least.max(3) {
        return Err(missing(pairs.len(), expected));
    }
    let (homography, rms) = fit(&mut pairs, least, expected)?;
    if !plausible(&homography, layout, most_change) {
        return Err(RegistrationFault::Ambiguous);
    }
    let lost = check_tracks(page, layout, blobs, &homography, &pairs)?;
    let mapping =
        follow_bow(layout.page, &pairs, rms).unwrap_or_else(|| follow_track(layout, homography, &pairs));
    let sheet = layout.page.rect();
    let on_sheet =
        |p: Point<Px>| homography.unapply(p).is_some_and(|p| sheet.contains(&Rect::around(p, 0.0, 0.0)));
    let paper = coarse.usual_paper(&on_sheet);

    if order == Order::CodeFirst
        && let Some(own) = &layout.code
        && let CodeRead::Number(other) = proof::read_code(page, own, &mapping, ink, paper)
        && other != own.number
    {
        return Err(RegistrationFault::Unproved { agree: 0, checked: 0 });
    }
    let mut look = Look::at(page, layout, &mapping, sight::SOME, Follow::LOOSELY)?;
    if look.is_witness() && !look.is_close() {
        look = Look::at(page, layout, &mapping, sight::MANY, Follow::CLOSELY)?;
    }
    let witnessed = look.is_witness();
    let Look { mapping: bent, proof, whole } = look;
    // What is seen where the print has vanished is the edges of marks: nothing is bent to them.
    let mapping = if witnessed { bent } else { mapping };
    let code = layout
        .code
        .as_ref()
        .map_or(CodeRead::NotPrinted, |code| proof::read_code(page, code, &mapping, ink, paper));
    if witnessed {
        if f64::from(proof.agree) < AGREE_SHARE * f64::from(proof.seen) {
            return Err(RegistrationFault::Unproved { agree: proof.agree, checked: proof.seen });
        }
        if proof.residual.0 > MOST_PROOF.0 {
            return Err(residual(proof.residual, MOST_PROOF));
        }
        if !proof.smooth || !whole || proof.bent > MOST_BENT_PITCHES {
            return Err(RegistrationFault::Torn);
        }
        if edges::is_moved(page, layout, &mapping) {
            return Err(RegistrationFault::OtherEdition);
        }
    } else if page.depth == Depth::Gray && f64::from(proof.seen) > VANISHED_SHARE * f64::from(proof.checked) {
        // Gray scans lose pale print everywhere or nowhere: here it is seen, but not where it should be.
        return Err(RegistrationFault::Unproved { agree: proof.agree, checked: proof.checked });
    } else if rms.0 > MOST_RESIDUAL.0 {
        return Err(residual(rms, MOST_RESIDUAL));
    } else if lost > 0 || pairs.len() < 6 && !matches!(code, CodeRead::Number(_)) {
        // Print that has vanished proves nothing; then the fiducials must be more than the fit needs,
        // or the code must read; and a track must be whole.
        return Err(RegistrationFault::Unproved { agree: proof.agree, checked: proof.checked });
    }
    let (orientation, rotation_deg) = homography.attitude(layout.middle());
    let mut fiducials = vec![None; expected];
    for pair in &pairs {
        fiducials[pair.index] = Some(pair.seen);
    }
    let residual = if witnessed { proof.residual } else { rms };
    Ok(Registration { mapping, orientation, rotation_deg, residual, ink, paper, fiducials, proof, code })
}

/// What the printed targets say about the mapping that the fiducials give.
struct Look {
    /// The mapping bent to them.
    mapping: Mapping,
    proof: Proof,
    /// Whether every part of the sheet shows its targets.
    whole: bool,
}

impl Look {
    /// Looks at about `count` targets and bends the mapping to them.
    fn at(
        page: &Page,
        layout: &Layout,
        mapping: &Mapping,
        count: usize,
        follow: Follow,
    ) -> Result<Self, RegistrationFault> {
        let sightings = sight::outlines(page, layout, mapping, count);
        let outside = sightings.iter().filter(|s| s.outside).count();
        if outside * CUT_SHARE > sightings.len() {
            return Err(RegistrationFault::CutOff {
                outside: u16::try_from(outside).unwrap_or(u16::MAX),
                checked: u16::try_from(sightings.len()).unwrap_or(u16::MAX),
            });
        }
        let (bent, proof) =
            proof::bend(mapping.clone(), layout.page, &sightings, follow, proof::Agree::Printed);
        let whole = proof::is_whole(mapping, &bent, &sightings, follow);
        Ok(Self { mapping: bent, proof, whole })
    }

    /// Whether the printed targets are seen well enough to say where the sheet lies.
    fn is_witness(&self) -> bool {
        f64::from(self.proof.seen) >= VISIBLE_SHARE * f64::from(self.proof.checked)
    }

    /// Whether a closer look would find nothing more: the sheet is flat and shows its targets everywhere.
    fn is_close(&self) -> bool {
        self.whole
            && self.proof.smooth
            && self.proof.residual.0 <= FLAT_PROOF
            && self.proof.bent <= FLAT_PITCHES
    }
}

fn missing(found: usize, expected: usize) -> RegistrationFault {
    RegistrationFault::FiducialsMissing {
        found: u16::try_from(found).unwrap_or(u16::MAX),
        expected: u16::try_from(expected).unwrap_or(u16::MAX),
    }
}

/// A fiducial and where it was measured.
#[derive(Debug, Clone, Copy)]
struct Pair {
    index: usize,
    printed: Point<Mm>,
    seen: Point<Px>,
}

/// The fiducials whose edges could be measured, and the middle level of their ink.
fn measured(page: &Page, layout: &Layout, blobs: &[Blob], found: &Match) -> (Vec<Pair>, u8) {
    let mut pairs = Vec::with_capacity(layout.fiducials.len());
    let mut inks = Vec::with_capacity(layout.fiducials.len());
    for (index, fiducial) in layout.fiducials.iter().enumerate() {
        let Some(blob) = found.found[index] else { continue };
        let predicted = found.rough.apply(fiducial.mass_centre());
        let seen = blobs[blob].centre;
        let offset = (seen.x.0 - predicted.x.0, seen.y.0 - predicted.y.0);
        if let Some(measured) = refine::measure(page, fiducial, &found.rough, offset) {
            pairs.push(Pair { index, printed: fiducial.rect.centre, seen: measured.centre });
            inks.push(measured.ink);
        }
    }
    inks.sort_unstable();
    let ink = inks.get(inks.len() / 2).copied().unwrap_or(0);
    (pairs, ink)
}

/// The mapping through the pairs, and their root mean square distance from it; pairs that lie far from where all others put
/// them are dropped, down to `least`.
///
/// Three pairs give an affine mapping, which is what a flatbed or a feeder makes of a sheet; more
/// give a projective one.
fn fit(pairs: &mut Vec<Pair>, least: usize, expected: usize) -> Result<(Homography, Mm), RegistrationFault> {
    loop {
        let points: Vec<_> = pairs.iter().map(|p| (p.printed, p.seen)).collect();
        let homography = if points.len() >= 4 { Homography::fit(&points) } else { None };
        let Some(homography) = homography.or_else(|| Homography::fit_affine(&points)) else {
            // All that was measured lies on one line.
            return Err(missing(points.len(), expected));
        };
        let off: Vec<f64> = pairs
            .iter()
            .map(|p| homography.apply(p.printed).distance(p.seen).0 / homography.scale(p.printed))
            .collect();
        let rms = Mm((off.iter().map(|d| d * d).sum::<f64>() / off.len() as f64).sqrt());
        let mut sorted = off.clone();
        sorted.sort_by(f64::total_cmp);
        let stray = STRAY_MM.max(STRAY_FACTOR * sorted[sorted.len() / 2]);
        let worst = off.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, d)| (i, *d));
        match worst {
            Some((worst, off)) if off > stray && pairs.len() > least.max(5) => {
                pairs.remove(worst);
            }
            _ if rms.0 <= MOST_BENT.0 => return Ok((homography, rms)),
            _ => return Err(residual(rms, MOST_BENT)),
        }
    }
}

fn residual(rms: Mm, limit: Mm) -> RegistrationFault {
    RegistrationFault::Residual {
        micrometres: (rms.0 * 1000.0) as u32,
        limit: (limit.0 * 1000.0).round() as u32,
    }
}

/// Whether the mapping is one that a scanner or a camera makes: not mirrored, and its scale does not change over the page by
/// more than a factor of `most_change`.
fn plausible(homography: &Homography, layout: &Layout, most_change: f64) -> bool {
    let (w, h) = (layout.page.width_mm, layout.page.height_mm);
    let corners = [(0.0, 0.0), (w, 0.0), (0.0, h), (w, h)];
    let scales = corners.map(|c| homography.scale(Point::from(c)));
    let (least, most) = scales.iter().fold((f64::MAX, 0.0f64), |(a, b), &s| (a.min(s), b.max(s)));
    homography.is_front(layout.middle()) && most <= most_change * least
}

/// How many timing marks could not be measured; an error if they are more than damage explains, or another mark lies in
/// the track.
///
/// A mark that a leaning sheet pushes over the picture's edge is not missing from the sheet; it is not
/// counted. The marks beside a damaged one must be there: a row that is not printed shifts what follows.
fn check_tracks(
    page: &Page,
    layout: &Layout,
    blobs: &[Blob],
    homography: &Homography,
    pairs: &[Pair],
) -> Result<usize, RegistrationFault> {
    let mut lost = 0;
    let tracks = layout.fiducials.iter().filter_map(|f| f.track.map(|t| t.track)).max();
    for track in tracks.map_or(0..0, |last| 0..last + 1) {
        let marks: Vec<(usize, &Fiducial)> = layout
            .fiducials
            .iter()
            .enumerate()
            .filter(|(_, f)| f.track.is_some_and(|t| t.track == track))
            .collect();
        let (Some((_, first)), Some((_, second)), Some((_, last))) =
            (marks.first(), marks.get(1), marks.last())
        else {
            continue;
        };
        let pitch = second.rect.centre.y.0 - first.rect.centre.y.0;
        let missing = marks.iter().filter(|(index, fiducial)| {
            pairs.iter().all(|p| p.index != *index) && shown(page, homography, fiducial)
        });
        let missing = missing.count();
        let (x, top, bottom) =
            (first.rect.centre.x.0, first.rect.centre.y.0 - 1.5 * pitch, last.rect.centre.y.0 + 1.5 * pitch);
        let surplus = blobs.iter().filter(|blob| {
            // Something of a mark's size, in line with the track, up to a pitch beyond its ends, where
            // the layout has no mark.
            let Some(p) = homography.unapply(blob.centre) else { return false };
            let printed = first.rect.width.0 * first.rect.height.0 * homography.scale(p).powi(2);
            (p.x.0 - x).abs() < 0.4 * first.rect.width.0
                && (top..bottom).contains(&p.y.0)
                && (0.4..2.0).contains(&(blob.area / printed))
                && marks.iter().all(|(_, m)| (m.rect.centre.y.0 - p.y.0).abs() > 0.3 * pitch)
        });
        let surplus = surplus.count();
        lost += missing;
        if missing > marks.len() / TRACK_LOSS || surplus > 0 {
            return Err(RegistrationFault::TrackCount {
                found: u16::try_from(marks.len() - missing + surplus).unwrap_or(u16::MAX),
                expected: u16::try_from(marks.len()).unwrap_or(u16::MAX),
            });
        }
    }
    Ok(lost)
}

/// Whether the whole fiducial, with half a millimetre around it, lies in the picture.
fn shown(page: &Page, homography: &Homography, fiducial: &Fiducial) -> bool {
    let around = fiducial.rect.grown(0.5);
    [
        (around.left(), around.top()),
        (around.right(), around.bottom()),
        (around.left(), around.bottom()),
        (around.right(), around.top()),
    ]
    .into_iter()
    .all(|corner| {
        let p = homography.apply(Point::from(corner));
        p.x.0 >= 0.0 && p.y.0 >= 0.0 && p.x.0 <= (page.width - 1) as f64 && p.y.0 <= (page.height - 1) as f64
    })
}

/// The projective mapping of a sheet that lies bowed, with the bow on top: sideways the more the nearer to the middle of its height,
/// lengthwise the more the nearer to the middle of its width, both as a parabola. `None` where the fiducials lie no worse without, or can't say.
///
/// Printed targets are looked for half a row around; fiducials are looked for farther, and there are some in the middle of a side.
fn follow_bow(page: PageSize, pairs: &[Pair], rms: Mm) -> Option<Mapping> {
    if rms.0 <= BOWED_MM || pairs.len() < BOW_FIDUCIALS {
        return None;
    }
    let bow = |p: Point<Mm>, (sideways, lengthwise): (f64, f64)| {
        let (x, y) = (2.0 * p.x.0 / page.width_mm - 1.0, 2.0 * p.y.0 / page.height_mm - 1.0);
        p.shifted(sideways * (1.0 - y * y), lengthwise * (1.0 - x * x))
    };
    let fitted = |by: (f64, f64)| {
        let points: Vec<_> = pairs.iter().map(|p| (bow(p.printed, by), p.seen)).collect();
        let homography = Homography::fit(&points)?;
        let off: Option<Vec<[f64; 2]>> = points
            .iter()
            .map(|&(p, seen)| homography.unapply(seen).map(|q| [q.x.0 - p.x.0, q.y.0 - p.y.0]))
            .collect();
        Some((homography, off?.concat()))
    };
    // How the misfit changes with each of the two; it is linear in both to a thousandth.
    let (_, flat) = fitted((0.0, 0.0))?;
    let change =
        |by| fitted(by).map(|(_, off)| off.iter().zip(&flat).map(|(a, b)| a - b).collect::<Vec<f64>>());
    let (a, b) = (change((1.0, 0.0))?, change((0.0, 1.0))?);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (aa, bb, ab) = (dot(&a, &a), dot(&b, &b), dot(&a, &b));
    let (fa, fb) = (dot(&a, &flat), dot(&b, &flat));
    let least = BOW_SHOWS * BOW_SHOWS * pairs.len() as f64;
    let by = match (aa >= least, bb >= least) {
        (true, true) if aa * bb - ab * ab > 0.1 * aa * bb => {
            let det = aa * bb - ab * ab;
            ((ab * fb - bb * fa) / det, (ab * fa - aa * fb) / det)
        }
        (true, _) => (-fa / aa, 0.0),
        (_, true) => (0.0, -fb / bb),
        _ => return None,
    };
    let (homography, off) = fitted(by)?;
    let left = (dot(&off, &off) / pairs.len() as f64).sqrt();
    if left > BOW_EXPLAINS * rms.0 {
        return None;
    }
    let crossings = |side: f64| (side / BOW_STEP_MM).ceil() as usize + 1;
    let (across, down) = (crossings(page.width_mm), crossings(page.height_mm));
    let shifts = (0..across * down)
        .map(|i| Point::at((i % across) as f64 * BOW_STEP_MM, (i / across) as f64 * BOW_STEP_MM))
        .map(|p| (homography.apply(p), homography.apply(bow(p, by))))
        .map(|(from, to)| (to.x.0 - from.x.0, to.y.0 - from.y.0))
        .collect();
    let grid = Grid { origin: Point::at(0.0, 0.0), step: (BOW_STEP_MM, BOW_STEP_MM), across, shifts };
    Some(Mapping::projective(homography).bent(grid))
}

/// Lets the mapping follow a timing track: what the projective fit misses at each mark, smoothed over
/// three neighbours so that one ragged mark does not move a row.
fn follow_track(layout: &Layout, homography: Homography, pairs: &[Pair]) -> Mapping {
    let marks: Vec<&Pair> = pairs.iter().filter(|p| layout.fiducials[p.index].track.is_some()).collect();
    if marks.len() < 4 {
        return Mapping::projective(homography);
    }
    let missed: Vec<(f64, f64)> = marks
        .iter()
        .map(|p| {
            let predicted = homography.apply(p.printed);
            (p.seen.x.0 - predicted.x.0, p.seen.y.0 - predicted.y.0)
        })
        .collect();
    let knots = marks.iter().enumerate().map(|(i, p)| {
        let near = &missed[i.saturating_sub(1)..(i + 2).min(missed.len())];
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| near.iter().map(f).sum::<f64>() / near.len() as f64;
        Knot { y: p.printed.y, dx: Px(mean(&|m| m.0)), dy: Px(mean(&|m| m.1)) }
    });
    Mapping::corrected(homography, knots.collect())
}
