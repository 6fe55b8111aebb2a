//! Forms that are known in pixels only: tied to the picture by a marker, an outline, the picture's edge or the blank form.
//!
//! Such a frame says roughly where the targets are. They are then learnt from the page and must be seen, nearly all of
//! them, in the lattice that the layout says; a page turned, another form or another edition shows something else there.

use super::coarse::Coarse;
use super::lattice::Ask;
use super::proof::Follow;
use super::proof::{self, CodeRead, Proof};
use super::sight::{Local, Sighting};
use super::{Registration, form, lattice, marker, outline, photo};
use crate::geometry::{Homography, Mapping, Mm, Point, Px, Rect};
use crate::layout::{Frame, Layout};
use crate::sheet::RegistrationFault;
use crate::source::Page;

/// The share of the targets that must be seen where the layout has them, of all and of each block. True pages show 0.9 and more
/// even where outlines have faded, another form less than 0.6.
const SEEN_SHARE: f64 = 0.8;
const BLOCK_SHARE: f64 = 0.5;

/// The share of the seen that must agree with their surroundings to a quarter of the distance to their neighbours.
const AGREE_SHARE: f64 = 0.85;

/// How alike the page may be with every block one target further, as a share: a lattice's outer line is one in forty on the largest
/// forms.
const DISPLACED_SHARE: f64 = 0.99;

/// How many more targets the true way of laying the form must show than any other way, as a factor.
const CLEARLY: f64 = 1.2;

/// The residual, in distances between neighbouring targets, beyond which nothing is read: a measuring box that is off by
/// a fifth of the pitch has lost a quarter of its target.
const MOST_PITCHES: f64 = 0.15;

/// The share of targets below which a way is not looked at again: true ones show a half at the first look, however they curl.
const HOPELESS: f64 = 0.3;

/// Where the true way shows so many of its targets, another way of laying a small form may show all but one line of them: a
/// tenth.
const NEARLY_ALL: f64 = 0.95;
const LOST_LINE: f64 = 0.1;

/// Or, where the other way shows as many dark things, how much more alike they must be, as a factor.
const MORE_ALIKE: f64 = 1.3;

/// How far, in distances between targets, the middle target may lie from where the frame puts it. Forms set by eye are off by a
/// quarter; a way that is off by half has slid onto its neighbours.
const MOST_MOVED: f64 = 0.36;

/// The fewest seen targets that lay a frame anew, and how far one may lie from where the others put it, in distances between
/// targets: farther off it is a neighbour.
const LEAST_SEEN: usize = 8;
const STRAY_PITCHES: f64 = 0.35;

/// How far a sighting speaks for its surroundings, in distances between targets.
const NEAR_PITCHES: f64 = 3.0;

/// Where `layout` lies on `page`.
pub(super) fn register(
    page: &Page,
    layout: &Layout,
    coarse: &Coarse,
) -> Result<Registration, RegistrationFault> {
    let ways = match &layout.frame {
        Frame::Fiducials => Vec::new(),
        Frame::Marker(picture) => marker::ways(page, layout, picture, coarse),
        Frame::Outline => {
            let corners = outline::sheet(coarse).unwrap_or_else(|| edge(page));
            photo::turns(layout, &corners)
        }
        Frame::Picture => photo::turns(layout, &edge(page)),
        Frame::Form(picture) => form::ways(page, layout, picture),
    };
    let mut tried: Vec<Tried> = ways.into_iter().map(|way| Tried::of(page, layout, way)).collect();
    // A way that must slide by half a target to fit has fitted something else.
    if tried.iter().any(|t| t.moved <= MOST_MOVED) {
        tried.retain(|t| t.moved <= MOST_MOVED);
    }
    tried.sort_by(|a, b| b.score.total_cmp(&a.score));
    let rival = tried.iter().skip(1).find(|t| !t.same_as(&tried[0], layout) && !tried[0].clearly_better(t));
    let ambiguous = rival.is_some();
    let Some(best) = tried.into_iter().next() else {
        return Err(super::missing(0, layout.fiducials.len().max(4)));
    };
    if !best.proved() {
        return Err(RegistrationFault::Unproved { agree: best.proof.agree, checked: best.proof.checked });
    }
    if ambiguous {
        return Err(RegistrationFault::Ambiguous);
    }
    Ok(best.registration(page, layout, coarse))
}

/// The picture's own corners.
fn edge(page: &Page) -> [Point<Px>; 4] {
    let (w, h) = (page.width as f64 - 1.0, page.height as f64 - 1.0);
    [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].map(Point::from)
}

/// The frame's mapping laid anew through every other target that was seen; `None` if they don't determine it.
///
/// A frame is a hand's breadth wider than what lies in it: a corner off by a pixel or a page set by eye moves far rows by
/// half their pitch.
fn nearer(frame: &Homography, sightings: &[Sighting]) -> Option<Homography> {
    let seen = |s: &Sighting| {
        let (dx, dy) = s.off?;
        Some((s.at, frame.apply(s.at.shifted(dx, dy)), s.pitch))
    };
    let all: Vec<_> = sightings.iter().step_by(2).filter_map(seen).collect();
    if all.len() < LEAST_SEEN {
        return None;
    }
    let mut kept: Vec<(Point<Mm>, Point<Px>)> = all.iter().map(|&(at, to, _)| (at, to)).collect();
    for _ in 0..3 {
        let way = Homography::fit(&kept)?;
        kept = all
            .iter()
            .filter(|(at, to, pitch)| {
                way.apply(*at).distance(*to).0 <= STRAY_PITCHES * pitch * way.scale(*at)
            })
            .map(|&(at, to, _)| (at, to))
            .collect();
        if kept.len() < LEAST_SEEN {
            return None;
        }
    }
    Homography::fit(&kept)
}

/// How far the middle target was moved from where the frame put it, in distances between targets.
fn moved(frame: &Homography, way: &Homography, sightings: &[Sighting]) -> f64 {
    let mut moves: Vec<f64> = sightings
        .iter()
        .filter(|s| s.shown)
        .map(|s| frame.apply(s.at).distance(way.apply(s.at)).0 / (way.scale(s.at) * s.pitch))
        .collect();
    moves.sort_by(f64::total_cmp);
    moves.get(moves.len() / 2).copied().unwrap_or(0.0)
}

/// The middle distance between neighbouring targets, in millimetres.
fn usual_pitch(sightings: &[Sighting]) -> f64 {
    let mut pitches: Vec<f64> = sightings.iter().filter(|s| s.shown).map(|s| s.pitch).collect();
    pitches.sort_by(f64::total_cmp);
    pitches.get(pitches.len() / 2).copied().unwrap_or(1.0)
}

/// A way of laying the form, and what it shows.
struct Tried {
    way: Homography,
    mapping: Mapping,
    proof: Proof,
    /// Share of all targets that are seen.
    seen: f64,
    /// How alike the targets are to each other, in the mean.
    alike: f64,
    /// The mean of both.
    score: f64,
    /// How far the targets led away from where the frame put them, in distances between targets.
    moved: f64,
    /// How alike the page is with all blocks one target further, as a share of how alike it is in place.
    displaced: f64,
    /// The least share of a block's targets that is seen.
    least_block: f64,
}

impl Tried {
    fn of(page: &Page, layout: &Layout, frame: Homography) -> Self {
        let first = lattice::look(page, layout, &Mapping::projective(frame), Ask::InPlace);
        if (first.in_place as f64) < HOPELESS * first.sightings.len() as f64 {
            let seen = first.in_place as f64 / first.sightings.len().max(1) as f64;
            let proof = Proof {
                checked: first.sightings.len() as u16,
                agree: first.in_place as u16,
                ..Proof::default()
            };
            return Self {
                way: frame,
                mapping: Mapping::projective(frame),
                proof,
                seen,
                alike: 0.0,
                score: seen / 2.0,
                moved: 0.0,
                displaced: 1.0,
                least_block: 0.0,
            };
        }
        let way = nearer(&frame, &first.sightings).unwrap_or(frame);
        let mapping = Mapping::projective(way);
        let second = lattice::look(page, layout, &mapping, Ask::InPlace);
        let bend = |sightings: &[Sighting]| {
            let near = NEAR_PITCHES * usual_pitch(sightings);
            proof::bend(
                mapping.clone(),
                layout.page,
                sightings,
                Follow::nominally(near),
                proof::Agree::Nominal,
            )
        };
        // Once more where the bent mapping puts them: over a curled block targets drift by half their pitch.
        let bent = bend(&second.sightings).0;
        let mut look = lattice::look(page, layout, &bent, Ask::Displaced);
        for sighting in &mut look.sightings {
            sighting.off = sighting.off.and_then(|(dx, dy)| {
                let (from, to) = (mapping.apply(sighting.at), bent.apply(sighting.at));
                let (u, v) = Local::at(&mapping, sighting.at).back((to.x.0 - from.x.0, to.y.0 - from.y.0))?;
                Some((dx + u, dy + v))
            });
        }
        let all = look.sightings.len().max(1) as f64;
        let (mapping, proof) = bend(&look.sightings);
        let seen = look.in_place as f64 / all;
        Self {
            way,
            mapping,
            proof,
            seen,
            alike: look.alike / all,
            score: f64::midpoint(seen, look.alike / all),
            moved: moved(&frame, &way, &look.sightings),
            displaced: look.displaced / look.alike.max(1e-9),
            least_block: look.least_block,
        }
    }

    /// Whether the lattice is seen, in place, whole and smooth.
    fn proved(&self) -> bool {
        let proof = &self.proof;
        self.seen >= SEEN_SHARE
            && self.moved <= MOST_MOVED
            && self.least_block >= BLOCK_SHARE
            && self.displaced <= DISPLACED_SHARE
            && f64::from(proof.agree) >= AGREE_SHARE * f64::from(proof.seen)
            && proof.pitches <= MOST_PITCHES
            && proof.smooth
    }

    /// Whether nobody would take the other way: it shows far less, or this one shows nearly everything and the other has lost a
    /// line of targets.
    fn clearly_better(&self, other: &Self) -> bool {
        let lost = self.seen - other.seen >= LOST_LINE && self.score - other.score >= LOST_LINE;
        let alike = self.alike >= MORE_ALIKE * other.alike;
        self.score >= CLEARLY * other.score || self.seen >= NEARLY_ALL && (lost || alike)
    }

    /// Whether both lay the page's middle and its upper side alike.
    fn same_as(&self, other: &Self, layout: &Layout) -> bool {
        let (a, b) = (self.way.attitude(layout.middle()).0, other.way.attitude(layout.middle()).0);
        a == b
    }

    fn registration(self, page: &Page, layout: &Layout, coarse: &Coarse) -> Registration {
        let (orientation, rotation_deg) = self.way.attitude(layout.middle());
        let sheet = layout.page.rect();
        let on_sheet =
            |p: Point<Px>| self.way.unapply(p).is_some_and(|p| sheet.contains(&Rect::around(p, 0.0, 0.0)));
        let seen = |p: Point<Mm>| {
            let p = self.mapping.apply(p);
            (0.0..page.width as f64).contains(&p.x.0) && (0.0..page.height as f64).contains(&p.y.0)
        };
        let fiducials = layout.fiducials.iter().map(|f| {
            let centre = f.rect.centre;
            seen(centre).then(|| self.mapping.apply(centre))
        });
        Registration {
            orientation,
            rotation_deg,
            residual: self.proof.residual,
            ink: coarse.darkest_on(&on_sheet),
            paper: coarse.usual_paper(&on_sheet),
            fiducials: fiducials.collect(),
            proof: self.proof,
            code: CodeRead::NotPrinted,
            mapping: self.mapping,
        }
    }
}
