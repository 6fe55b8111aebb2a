//! Targets of a form whose print is not known: learnt from the page, block by block.
//!
//! The targets of one block are printed alike and most of them are empty. Where the layout puts them roughly right, the
//! middle value of their pictures is the empty target; the middle of its ink tells how far the block as a whole is off, and
//! each target is then looked for by its likeness to it.

use super::sight::{Local, Sighting};
use crate::geometry::{Mapping, Point};
use crate::layout::{Field, Layout, Position};
use crate::source::Page;

/// The targets that are learnt from together. With fewer than 15 marks show through the middle value, over more than 40 the
/// pitch of a page seen from aside drifts by half a target.
const BLOCK: usize = 20;

/// The fewest targets of a block that must be seen for themselves: of a flag or a form letter, a mark may hide the half.
const FEW: usize = 6;

/// Half the side of the picture of a target that is learnt, in distances to its neighbours.
const HALF: f64 = 0.8;

/// Places along the side of such a picture.
const SIDE: usize = 33;

/// Rounds of looking for the middle of a target's ink: each is half as far off as the last.
const ROUNDS: usize = 10;

/// How far a single target may lie from where its block is, in distances to its neighbour, and the step of the search.
const LOOSE: f64 = 0.16;
const LOOSE_STEPS: i32 = 2;

/// How alike a target and the empty one must be for its place to be taken from that (correlation). Targets of a sharp picture
/// have 0.8, other print 0.3; below, the middle of its ink says where it is.
const ALIKE: f64 = 0.5;

/// How much darker than its surroundings a learnt target's ink must be, in gray levels.
const LEAST_INK: f64 = 6.0;

/// How far the middle of a target's ink may lie from where its block is, in distances to its neighbour.
const OFF_MIDDLE: f64 = 0.2;

/// The part of the way to its neighbour that a target's print fills at the most, and where the gutter begins.
const INNER: f64 = 0.3;
const GUTTER: f64 = 0.42;

/// What a look is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Where the targets are.
    InPlace,
    /// And whether they might as well be one further along.
    Displaced,
}

/// What was seen of the targets.
pub(super) struct Seen {
    pub(super) sightings: Vec<Sighting>,
    /// How many targets were seen in place.
    pub(super) in_place: usize,
    /// How alike the targets are to the empty ones of their blocks, summed up.
    pub(super) alike: f64,
    /// The same with all blocks one target further, in the direction where it is largest.
    pub(super) displaced: f64,
    /// The least share of a block's targets that was seen.
    pub(super) least_block: f64,
}

/// Looks for every target of `layout` around where `mapping` puts it.
///
/// Whether the page is as like itself one target further along is only asked of the last look: it costs four times as much.
pub(super) fn look(page: &Page, layout: &Layout, mapping: &Mapping, ask: Ask) -> Seen {
    let mut out = Seen { sightings: Vec::new(), in_place: 0, alike: 0.0, displaced: 0.0, least_block: 1.0 };
    let mut displaced = [0.0; 4];
    for field in &layout.fields {
        for positions in blocks(field) {
            let Some(block) = Block::of(page, mapping, positions) else {
                out.sightings.extend(unseen(positions));
                if positions.iter().map(|p| p.targets.len()).sum::<usize>() >= FEW {
                    out.least_block = 0.0;
                }
                continue;
            };
            if block.targets.len() < FEW {
                // Too few to be learnt: a label beside a flag would pull it away.
                out.sightings.extend(unseen(positions));
                continue;
            }
            let before = out.in_place;
            for target in &block.targets {
                let (like, off) = target.likest(page, &block, (0.0, 0.0));
                out.alike += like;
                let seen = if like >= ALIKE { Some(off) } else { target.ink(page, &block) };
                out.in_place += usize::from(seen.is_some());
                out.sightings.push(Sighting {
                    at: target.at,
                    pitch: block.pitch(),
                    off: seen,
                    shown: true,
                    stuck: false,
                    outside: false,
                });
            }
            let share = (out.in_place - before) as f64 / block.targets.len().max(1) as f64;
            out.least_block = out.least_block.min(share);
            if ask == Ask::InPlace {
                continue;
            }
            let (px, py) = block.pitches;
            for (i, (dx, dy)) in [(px, 0.0), (-px, 0.0), (0.0, py), (0.0, -py)].into_iter().enumerate() {
                displaced[i] += block.targets.iter().map(|t| t.likest(page, &block, (dx, dy)).0).sum::<f64>();
            }
        }
    }
    out.displaced = displaced.into_iter().fold(0.0, f64::max);
    out
}

fn unseen(positions: &[Position]) -> impl Iterator<Item = Sighting> + '_ {
    positions.iter().flat_map(|p| &p.targets).map(|t| Sighting {
        at: t.rect.centre,
        pitch: 1.0,
        off: None,
        shown: false,
        stuck: false,
        outside: false,
    })
}

/// A field's positions in runs of about [`BLOCK`] targets that lie on one lattice.
fn blocks(field: &Field) -> Vec<&[Position]> {
    let mut out = Vec::new();
    let mut start = 0;
    for end in 1..=field.positions.len() {
        let run = &field.positions[start..end];
        let full = run.iter().map(|p| p.targets.len()).sum::<usize>() >= BLOCK;
        // A run ends where the next position lies farther off than the positions of the run from each other.
        let gap = field.positions.get(end).is_some_and(|next| {
            let at = |p: &Position| p.targets.first().map(|t| t.rect.centre);
            let step = |a: &Position, b: &Position| at(a).zip(at(b)).map_or(0.0, |(a, b)| a.distance(b).0);
            let size = run[0].targets.first().map_or(0.0, |t| t.rect.width.0.max(t.rect.height.0));
            let usual = if run.len() > 1 { step(&run[0], &run[1]) } else { 4.0 * size };
            step(&run[run.len() - 1], next) > 1.3 * usual
        });
        if full || gap || end == field.positions.len() {
            out.push(run);
            start = end;
        }
    }
    out
}

/// A target of a block in the picture.
struct Spot {
    at: Point<crate::geometry::Mm>,
    local: Local,
}

struct Block {
    targets: Vec<Spot>,
    /// Distance to the neighbours along x and y, in millimetres.
    pitches: (f64, f64),
    /// How far off the block is as a whole, in millimetres.
    off: (f64, f64),
    /// The empty target's darkness around its middle, row by row over `±0.5` pitches; its mean taken away.
    empty: Vec<f64>,
    /// Its sum of squares.
    power: f64,
}

/// Places along the side of the empty target that single targets are held against: `±0.5` pitches.
const CORE: usize = 21;

impl Block {
    fn pitch(&self) -> f64 {
        self.pitches.0.min(self.pitches.1)
    }

    fn of(page: &Page, mapping: &Mapping, positions: &[Position]) -> Option<Self> {
        let targets: Vec<Spot> = positions
            .iter()
            .flat_map(|p| &p.targets)
            .map(|t| Spot { at: t.rect.centre, local: Local::at(mapping, t.rect.centre) })
            .collect();
        let pitches = pitches(positions)?;
        // A block that the picture cuts can't be seen whole.
        if !targets.iter().all(|t| t.local.inside(page, 0.6 * pitches.0.min(pitches.1))) {
            return None;
        }
        let pictures: Vec<Vec<f64>> =
            targets.iter().map(|t| t.picture(page, pitches, (0.0, 0.0), HALF, SIDE)).collect();
        let mut middle = vec![0.0; SIDE * SIDE];
        let mut values = Vec::with_capacity(pictures.len());
        for (i, m) in middle.iter_mut().enumerate() {
            values.clear();
            values.extend(pictures.iter().map(|p| p[i]));
            values.sort_by(f64::total_cmp);
            *m = values[values.len() / 2];
        }
        // Where every target has another letter and no outline is left, no letter is the middle one.
        let mean: Vec<f64> = (0..SIDE * SIDE)
            .map(|i| pictures.iter().map(|p| p[i]).sum::<f64>() / pictures.len().max(1) as f64)
            .collect();
        let (ox, oy) = centre_of_ink(&middle).or_else(|| centre_of_ink(&mean))?;
        let off = (ox * pitches.0, oy * pitches.1);
        // Learnt again where the targets are.
        let cores: Vec<Vec<f64>> = targets.iter().map(|t| t.picture(page, pitches, off, 0.5, CORE)).collect();
        let mut empty = vec![0.0; CORE * CORE];
        for (i, e) in empty.iter_mut().enumerate() {
            values.clear();
            values.extend(cores.iter().map(|p| p[i]));
            values.sort_by(f64::total_cmp);
            *e = values[values.len() / 2];
        }
        let power = centred(&mut empty);
        Some(Self { targets, pitches, off, empty, power })
    }
}

/// Distances between neighbours along x and along y, in millimetres; a block of one line has twice its targets' size across.
fn pitches(positions: &[Position]) -> Option<(f64, f64)> {
    let rects: Vec<_> = positions.iter().flat_map(|p| &p.targets).map(|t| t.rect).collect();
    let first = rects.first()?;
    let least = |f: &dyn Fn(usize) -> f64, size: f64| {
        let mut values: Vec<f64> = (0..rects.len()).map(f).collect();
        values.sort_by(f64::total_cmp);
        let steps = values.windows(2).map(|w| w[1] - w[0]).filter(|&d| d > 0.5 * size);
        steps.fold(2.0 * size, f64::min)
    };
    let x = least(&|i| rects[i].centre.x.0, first.width.0);
    let y = least(&|i| rects[i].centre.y.0, first.height.0);
    (x > 0.0 && y > 0.0).then_some((x, y))
}

/// Takes the mean away; what comes back is the mean square.
fn centred(values: &mut [f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    for v in values.iter_mut() {
        *v -= mean;
    }
    values.iter().map(|v| v * v).sum::<f64>() / n
}

/// Where the middle of the ink nearest to the picture's middle lies, in pitches; `None` where there is no ink.
fn centre_of_ink(picture: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = picture.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ground = sorted[sorted.len() / 4];
    if sorted[sorted.len() * 19 / 20] - ground < LEAST_INK {
        return None;
    }
    let step = 2.0 * HALF / (SIDE - 1) as f64;
    let (mut cx, mut cy) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let (mut sum, mut sx, mut sy) = (0.0, 0.0, 0.0);
        for (i, &v) in picture.iter().enumerate() {
            let (x, y) = ((i % SIDE) as f64 * step - HALF, (i / SIDE) as f64 * step - HALF);
            let (dx, dy) = (x - cx, y - cy);
            if dx.abs() <= 0.5 && dy.abs() <= 0.5 {
                let ink = (v - ground).max(0.0);
                sum += ink;
                sx += ink * dx;
                sy += ink * dy;
            }
        }
        if sum <= 0.0 {
            return None;
        }
        cx = (cx + sx / sum).clamp(-0.5, 0.5);
        cy = (cy + sy / sum).clamp(-0.5, 0.5);
    }
    (cx.abs() < 0.45 && cy.abs() < 0.45).then_some((cx, cy))
}

impl Spot {
    /// The darkness around the target, `off` millimetres from its place: `side × side` places over `±half` pitches.
    fn picture(&self, page: &Page, pitches: (f64, f64), off: (f64, f64), half: f64, side: usize) -> Vec<f64> {
        let step = 2.0 * half / (side - 1) as f64;
        let place = |i: usize, j: usize| {
            let dx = off.0 + (i as f64 * step - half) * pitches.0;
            let dy = off.1 + (j as f64 * step - half) * pitches.1;
            let (u, v) = self.local.step((dx, dy));
            (self.local.x + u, self.local.y + v)
        };
        // Places are a parallelogram: with its corners, all of it is in the page, and nothing need be looked after.
        let end = side - 1;
        let (most_x, most_y) = (page.width as f64 - 1.0, page.height as f64 - 1.0);
        let inside = [(0, 0), (end, 0), (0, end), (end, end)].into_iter().all(|(i, j)| {
            let (x, y) = place(i, j);
            x >= 0.0 && y >= 0.0 && x < most_x && y < most_y
        });
        let mut out = Vec::with_capacity(side * side);
        for j in 0..side {
            if inside {
                out.extend((0..side).map(|i| 255.0 - level_inside(page, place(i, j))));
            } else {
                out.extend((0..side).map(|i| 255.0 - level(page, place(i, j))));
            }
        }
        out
    }

    /// How alike the likest place is to the block's empty target, and how far from the target's place it lies, in
    /// millimetres; looked for around where the block is and `shift` further.
    fn likest(&self, page: &Page, block: &Block, shift: (f64, f64)) -> (f64, (f64, f64)) {
        let mut best = (0.0, block.off);
        let step = LOOSE / f64::from(LOOSE_STEPS);
        for j in -LOOSE_STEPS..=LOOSE_STEPS {
            for i in -LOOSE_STEPS..=LOOSE_STEPS {
                let (dx, dy) = (f64::from(i) * step * block.pitches.0, f64::from(j) * step * block.pitches.1);
                let off = (block.off.0 + shift.0 + dx, block.off.1 + shift.1 + dy);
                let like = self.likeness(page, block, off);
                if like > best.0 {
                    best = (like, off);
                }
            }
        }
        best
    }

    /// How far from its place the middle of the target's ink lies, in millimetres, whatever the ink: a letter by itself, a
    /// mark. `None` where there is none, or it reaches into the gutter around the target.
    fn ink(&self, page: &Page, block: &Block) -> Option<(f64, f64)> {
        let core = self.picture(page, block.pitches, block.off, 0.5, CORE);
        let mut sorted = core.clone();
        sorted.sort_by(f64::total_cmp);
        let ground = sorted[sorted.len() / 4];
        let step = 1.0 / (CORE - 1) as f64;
        let (mut sum, mut sx, mut sy) = (0.0, 0.0, 0.0);
        let (mut inner, mut gutter) = ((0.0, 0.0), (0.0, 0.0));
        for (i, &v) in core.iter().enumerate() {
            let (x, y) = ((i % CORE) as f64 * step - 0.5, (i / CORE) as f64 * step - 0.5);
            let from_middle = x.abs().max(y.abs());
            if from_middle <= INNER {
                inner = (inner.0 + v, inner.1 + 1.0);
            } else if from_middle >= GUTTER {
                gutter = (gutter.0 + v, gutter.1 + 1.0);
            }
            let ink = (v - ground).max(0.0);
            sum += ink;
            sx += ink * x;
            sy += ink * y;
        }
        if sum <= 0.0 || inner.0 / inner.1 - gutter.0 / gutter.1 < LEAST_INK {
            return None;
        }
        let (x, y) = (sx / sum, sy / sum);
        (x.hypot(y) <= OFF_MIDDLE)
            .then_some((block.off.0 + x * block.pitches.0, block.off.1 + y * block.pitches.1))
    }

    fn likeness(&self, page: &Page, block: &Block, off: (f64, f64)) -> f64 {
        let mut core = self.picture(page, block.pitches, off, 0.5, CORE);
        let power = centred(&mut core);
        if power < LEAST_INK || block.power < LEAST_INK {
            return 0.0;
        }
        let n = core.len() as f64;
        let product: f64 = core.iter().zip(&block.empty).map(|(a, b)| a * b).sum::<f64>() / n;
        product / (power * block.power).sqrt()
    }
}

/// The same as [`level`] of a place that has a pixel to the right of it and one beneath.
fn level_inside(page: &Page, (x, y): (f64, f64)) -> f64 {
    let (x0, y0) = (x as usize, y as usize);
    let (fx, fy) = (x - x0 as f64, y - y0 as f64);
    let start = y0 * page.width + x0;
    let across = |start: usize| {
        let [left, right] = [page.pixels[start], page.pixels[start + 1]].map(f64::from);
        left + fx * (right - left)
    };
    let (top, bottom) = (across(start), across(start + page.width));
    top + fy * (bottom - top)
}

/// The level between pixels; outside the picture its edge's.
fn level(page: &Page, (x, y): (f64, f64)) -> f64 {
    let x = x.clamp(0.0, (page.width - 1) as f64);
    let y = y.clamp(0.0, (page.height - 1) as f64);
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(page.width - 1), (y0 + 1).min(page.height - 1));
    let (fx, fy) = (x - x0 as f64, y - y0 as f64);
    let at = |x: usize, y: usize| f64::from(page.pixels[y * page.width + x]);
    let top = at(x0, y0) + fx * (at(x1, y0) - at(x0, y0));
    let bottom = at(x0, y1) + fx * (at(x1, y1) - at(x0, y1));
    top + fy * (bottom - top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{Sha256, SheetId};
    use crate::source::Depth;

    #[test]
    fn a_place_inside_has_the_same_level_looked_after_or_not() {
        let (width, height) = (7, 5);
        let page = Page {
            sheet: SheetId { image: Sha256::of(b""), page: 1 },
            width,
            height,
            pixels: (0..width * height).map(|i| (i * 83 % 251) as u8).collect(),
            dpi: None,
            depth: Depth::Gray,
        };
        for i in 0..600 {
            for j in 0..400 {
                let place = (f64::from(i) / 100.0, f64::from(j) / 100.0);
                assert_eq!(level(&page, place).to_bits(), level_inside(&page, place).to_bits(), "{place:?}");
            }
        }
        assert_eq!(level(&page, (-3.0, 9.0)).to_bits(), f64::from(page.pixels[4 * width]).to_bits());
    }
}
