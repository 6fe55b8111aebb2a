//! Forms that are known in pixels only: tied to the picture by a marker, an outline, the picture's edge or the blank form.
//!
//! Such a frame says roughly where the targets are. They are then learnt from the page and must be seen, nearly all of
//! them, in the lattice that the layout says; a page turned, another form or another edition shows something else there.

use super::coarse::Coarse;
use super::proof::{self, CodeRead, Proof};
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
const CLEARLY: f64 = 1.25;

/// The residual, in distances between neighbouring targets, beyond which nothing is read: a measuring box that is off by
/// a fifth of the pitch has lost a quarter of its target.
const MOST_PITCHES: f64 = 0.15;

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
    tried.sort_by(|a, b| b.seen.total_cmp(&a.seen));
    let rival = tried
        .iter()
        .skip(1)
        .find(|t| !t.same_as(&tried[0], layout))
        .map_or(0.0, |t| if t.proved() { f64::MAX } else { t.seen });
    let Some(best) = tried.into_iter().next() else {
        return Err(super::missing(0, layout.fiducials.len().max(4)));
    };
    if !best.proved() {
        return Err(RegistrationFault::Unproved { agree: best.proof.agree, checked: best.proof.checked });
    }
    if best.seen < CLEARLY * rival {
        return Err(RegistrationFault::Ambiguous);
    }
    Ok(best.registration(page, layout, coarse))
}

/// The picture's own corners.
fn edge(page: &Page) -> [Point<Px>; 4] {
    let (w, h) = (page.width as f64 - 1.0, page.height as f64 - 1.0);
    [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].map(Point::from)
}

/// A way of laying the form, and what it shows.
struct Tried {
    way: Homography,
    mapping: Mapping,
    proof: Proof,
    /// Share of all targets that are seen.
    seen: f64,
    /// How alike the page is with all blocks one target further, as a share of how alike it is in place.
    displaced: f64,
    /// The least share of a block's targets that is seen.
    least_block: f64,
}

impl Tried {
    fn of(page: &Page, layout: &Layout, way: Homography) -> Self {
        let mapping = Mapping::projective(way);
        let look = lattice::look(page, layout, &mapping);
        let all = look.sightings.len().max(1) as f64;
        let mut pitches: Vec<f64> = look.sightings.iter().filter(|s| s.shown).map(|s| s.pitch).collect();
        pitches.sort_by(f64::total_cmp);
        let pitch = pitches.get(pitches.len() / 2).copied().unwrap_or(1.0);
        let (mapping, proof) =
            proof::bend(mapping, layout.page, &look.sightings, NEAR_PITCHES * pitch, proof::Agree::Nominal);
        if look.in_place as f64 > 0.4 * all { eprintln!("DBG {:?} {:.2} block {:.2} displaced {:.3} proof {proof:?}", way.attitude(layout.middle()), look.in_place as f64 / all, look.least_block, look.displaced / look.alike.max(1e-9)); }
        Self {
            way,
            mapping,
            proof,
            seen: look.in_place as f64 / all,
            displaced: look.displaced / look.alike.max(1e-9),
            least_block: look.least_block,
        }
    }

    /// Whether the lattice is seen, in place, whole and smooth.
    fn proved(&self) -> bool {
        let proof = &self.proof;
        self.seen >= SEEN_SHARE
            && self.least_block >= BLOCK_SHARE
            && self.displaced <= DISPLACED_SHARE
            && f64::from(proof.agree) >= AGREE_SHARE * f64::from(proof.seen)
            && proof.pitches <= MOST_PITCHES
            && proof.smooth
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
