//! Evidence that was not used in the fit: the layout code and the printed targets.

use super::refine::sample;
use crate::geometry::{Mapping, Mm, Point};
use crate::layout::{CODE_CELLS, Layout, LayoutCode, Target, TargetShape};
use crate::source::Page;

/// How many targets are looked at, spread over the whole card. Fewer than 30 leave a corner of a
/// large card unwatched; more than 100 cost as much as reading.
const LOOKED_AT: usize = 56;

/// How far a printed target is looked for, in millimetres: less than half the least distance of two
/// neighbours (4.4 mm), so that it is not taken for its neighbour.
const REACH_MM: f64 = 1.5;

/// The coarse and the fine step of that search, in millimetres: the outline is 0.2 mm wide and the
/// picture blurs it to 0.4.
const COARSE_STEP_MM: f64 = 0.3;
const FINE_STEP_MM: f64 = 0.1;

/// Fine steps around the predicted place that are looked at first: good fits are off by 0.2 mm.
const NEAR_STEPS: i32 = 3;

/// How much darker than what surrounds it an outline must be to count as seen, in gray levels. The
/// best of a hundred places in pure noise of σ 10 reaches 8.
const SEEN_LEVELS: f64 = 11.0;

/// How far a seen outline may lie from its place, in millimetres, to agree with the layout: a third
/// of the smallest target, so that a sensing area still lies inside its outline.
const AGREE_MM: f64 = 0.7;

/// What the printed targets say about a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Proof {
    /// Outlines that were looked for.
    pub checked: u16,
    /// Outlines that were seen.
    pub seen: u16,
    /// Outlines that were seen at their places.
    pub agree: u16,
    /// Root mean square distance of those from their places, in millimetres.
    pub residual: Mm,
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

/// Reads the layout code where the mapping puts it.
pub(super) fn read_code(page: &Page, code: &LayoutCode, mapping: &Mapping, ink: u8, paper: u8) -> CodeRead {
    let (dark, bright) = (f64::from(ink), f64::from(paper));
    let mut cells = [false; CODE_CELLS];
    for (index, cell) in cells.iter_mut().enumerate() {
        let rect = code.cell(index);
        let mut sum = 0.0;
        let mut count = 0.0;
        for i in 0..25 {
            // The middle three fifths of the cell.
            let share = |n: i32| (f64::from(n) - 2.0) * 0.15;
            let p = rect.centre.shifted(share(i % 5) * rect.width.0, share(i / 5) * rect.height.0);
            let Some(level) = sample(page, mapping.apply(p)) else {
                return CodeRead::Unreadable;
            };
            sum += level;
            count += 1.0;
        }
        let darkness = (bright - sum / count) / (bright - dark).max(1.0);
        // Between a third and two thirds a cell is neither printed nor paper.
        if (0.35..0.65).contains(&darkness) {
            return CodeRead::Unreadable;
        }
        *cell = darkness > 0.5;
    }
    LayoutCode::decode(cells).map_or(CodeRead::Unreadable, CodeRead::Number)
}

/// Looks for printed target outlines around their places.
pub(super) fn prove(page: &Page, layout: &Layout, mapping: &Mapping) -> Proof {
    let all: Vec<(TargetShape, &Target)> = layout.targets().map(|(f, _, t)| (f.shape, t)).collect();
    let step = (all.len() / LOOKED_AT).max(1);
    let mut proof = Proof::default();
    let mut squares = 0.0;
    // Not the middle of each stretch but a place that wanders: every column and row gets its turn.
    let chosen = all.chunks(step).enumerate().map(|(i, chunk)| chunk[i * 7 % chunk.len()]);
    for (shape, target) in chosen {
        proof.checked += 1;
        let Some((dx, dy, contrast)) = offset(page, shape, target, mapping) else { continue };
        if contrast < SEEN_LEVELS {
            continue;
        }
        proof.seen += 1;
        let square = dx * dx + dy * dy;
        if square <= AGREE_MM * AGREE_MM {
            proof.agree += 1;
            squares += square;
        }
    }
    proof.residual = Mm((squares / f64::from(proof.agree.max(1))).sqrt());
    proof
}

/// Points along a target's outline and, outwards of each, on the paper around it; millimetres from
/// its centre.
fn outline(shape: TargetShape, target: &Target) -> (Outline, Outline) {
    // Outside by three line widths; the nearest print is 0.8 mm away.
    const OUT: f64 = 0.45;
    let (hw, hh) = (target.rect.width.0 / 2.0, target.rect.height.0 / 2.0);
    let mut on = [(0.0, 0.0); OUTLINE];
    let mut off = on;
    for i in 0..OUTLINE {
        let turn = (i as f64 + 0.5) / OUTLINE as f64;
        (on[i], off[i]) = match shape {
            TargetShape::Oval => {
                let angle = turn * std::f64::consts::TAU;
                let (sin, cos) = (libm::sin(angle), libm::cos(angle));
                ((hw * cos, hh * sin), ((hw + OUT) * cos, (hh + OUT) * sin))
            }
            TargetShape::Box | TargetShape::Unknown => {
                let around = turn * 4.0;
                let (side, t) = (around as usize, 2.0 * around.fract() - 1.0);
                match side {
                    0 => ((t * hw, -hh), (t * hw, -hh - OUT)),
                    1 => ((hw, t * hh), (hw + OUT, t * hh)),
                    2 => ((-t * hw, hh), (-t * hw, hh + OUT)),
                    _ => ((-hw, -t * hh), (-hw - OUT, -t * hh)),
                }
            }
            TargetShape::Bracket => {
                // The two uprights, nine tenths of their height.
                let (sign, t) = if turn < 0.5 { (-1.0, turn * 4.0 - 1.0) } else { (1.0, turn * 4.0 - 3.0) };
                ((sign * hw, 0.9 * t * hh), (sign * (hw + OUT), 0.9 * t * hh))
            }
        };
    }
    (on, off)
}

/// Points of an outline: one every half millimetre of the largest target.
const OUTLINE: usize = 24;

/// Steps from a target's centre.
type Outline = [(f64, f64); OUTLINE];

/// Where the outline is most visible: millimetres from its place, and how much darker it is there
/// than the paper around it. `None` at the picture's edge.
fn offset(page: &Page, shape: TargetShape, target: &Target, mapping: &Mapping) -> Option<(f64, f64, f64)> {
    let (on, off) = outline(shape, target);
    let local = Local::at(mapping, target.rect.centre);
    if !local.inside(page, target.rect.width.0.max(target.rect.height.0) / 2.0 + REACH_MM + 0.5) {
        return None;
    }
    let on = on.map(|p| local.step(p));
    let off = off.map(|p| local.step(p));
    let contrast = |dx: f64, dy: f64| {
        let (u, v) = local.step((dx, dy));
        let (x, y) = (local.x + u + 0.5, local.y + v + 0.5);
        let mut difference = 0i32;
        for i in 0..OUTLINE {
            let at = |p: (f64, f64)| {
                let (px, py) = ((x + p.0) as usize, (y + p.1) as usize);
                i32::from(page.pixels[py * page.width + px])
            };
            difference += at(off[i]) - at(on[i]);
        }
        f64::from(difference) / OUTLINE as f64
    };
    let mut best = (0.0, 0.0, f64::MIN);
    let grid = |best: &mut (f64, f64, f64), cx: f64, cy: f64, step: f64, n: i32| {
        for j in -n..=n {
            for i in -n..=n {
                let (dx, dy) = (cx + f64::from(i) * step, cy + f64::from(j) * step);
                let c = contrast(dx, dy);
                if c > best.2 {
                    *best = (dx, dy, c);
                }
            }
        }
    };
    // Nearly always it lies where it should; only then is the whole reach not looked through.
    grid(&mut best, 0.0, 0.0, FINE_STEP_MM, NEAR_STEPS);
    let at_edge = |d: f64| d.abs() > (f64::from(NEAR_STEPS) - 0.5) * FINE_STEP_MM;
    if best.2 < 2.0 * SEEN_LEVELS || at_edge(best.0) || at_edge(best.1) {
        grid(&mut best, 0.0, 0.0, COARSE_STEP_MM, (REACH_MM / COARSE_STEP_MM) as i32);
        let (cx, cy, _) = best;
        grid(&mut best, cx, cy, FINE_STEP_MM, 2);
    }
    // Between the fine steps by the parabola through the best and its neighbours.
    let (bx, by, top) = best;
    let peak = |before: f64, after: f64| {
        let bend = before - 2.0 * top + after;
        if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) * FINE_STEP_MM } else { 0.0 }
    };
    let dx = bx + peak(contrast(bx - FINE_STEP_MM, by), contrast(bx + FINE_STEP_MM, by));
    let dy = by + peak(contrast(bx, by - FINE_STEP_MM), contrast(bx, by + FINE_STEP_MM));
    Some((dx, dy, top))
}

/// The mapping near one place, as a shift and two directions.
struct Local {
    x: f64,
    y: f64,
    jacobian: [[f64; 2]; 2],
}

impl Local {
    fn at(mapping: &Mapping, p: Point<Mm>) -> Self {
        let q = mapping.apply(p);
        Self { x: q.x.0, y: q.y.0, jacobian: mapping.homography().jacobian(p) }
    }

    /// Millimetres to pixels, as a step.
    fn step(&self, (dx, dy): (f64, f64)) -> (f64, f64) {
        let [[a, b], [c, d]] = self.jacobian;
        (a * dx + b * dy, c * dx + d * dy)
    }

    /// Whether everything within `reach` millimetres is in the picture.
    fn inside(&self, page: &Page, reach: f64) -> bool {
        let [[a, b], [c, d]] = self.jacobian;
        let (rx, ry) = ((a.abs() + b.abs()) * reach + 1.0, (c.abs() + d.abs()) * reach + 1.0);
        self.x - rx >= 0.0
            && self.y - ry >= 0.0
            && self.x + rx < page.width as f64 - 1.0
            && self.y + ry < page.height as f64 - 1.0
    }
}
