//! How pencils, pens, erasers and white-out change paper.
//!
//! A pencil leaves graphite on the fibres that stand up highest: pressed lightly it touches only those, and the
//! stroke is grainy; pressed firmly it fills the valleys too. Strokes add up where they cross, and no pencil gets
//! darker than its own graphite. A pen's ink soaks in evenly. An eraser takes most of the graphite away and
//! smears a little of the rest.

use super::print::{DOTS, Print};
use crate::geometry::{Mm, Point, Rect};
use rand::{Rng, RngExt};
use std::sync::OnceLock;

/// What is held in the hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tool {
    /// Breadth of its line in millimetres: pencils 0.4 (sharp) to 0.9 (blunt), pens 0.5.
    pub(super) breadth: f64,
    /// How hard it is pressed, 0..=1: 0.9 is a firm hand, below 0.4 only the tops of the fibres are touched.
    pub(super) pressure: f64,
    /// Share of the light that its closed line takes away: 2B 0.7 to 0.88, HB 0.6, blue ink 0.6, black ink 0.93.
    pub(super) darkest: f64,
    /// How much the paper's grain shows, 0..=1: pencils 0.8, pens next to nothing.
    pub(super) grain: f64,
}

impl Tool {
    /// A soft pencil, well sharpened or blunt, in a firm hand.
    pub(super) fn pencil(rng: &mut impl Rng) -> Self {
        Self {
            breadth: rng.random_range(0.5..0.85),
            pressure: rng.random_range(0.78..1.0),
            darkest: rng.random_range(0.68..0.87),
            grain: rng.random_range(0.55..0.8),
        }
    }

    /// The same pencil with a light hand: the line is thin, grainy and pale, but there.
    pub(super) fn light(self, rng: &mut impl Rng) -> Self {
        Self {
            breadth: self.breadth.min(0.6),
            pressure: rng.random_range(0.42..0.52),
            darkest: rng.random_range(0.42..0.55),
            grain: 0.62,
        }
    }

    /// The same pencil hardly touching the paper.
    pub(super) fn faint(self, rng: &mut impl Rng) -> Self {
        Self {
            pressure: rng.random_range(0.34..0.42),
            darkest: rng.random_range(0.28..0.4),
            ..self.light(rng)
        }
    }

    /// A line drawn with the point of the same pencil.
    pub(super) fn line(self) -> Self {
        Self { breadth: 0.42, ..self }
    }

    /// A black gel pen.
    pub(super) fn black_pen() -> Self {
        Self { breadth: 0.5, pressure: 1.0, darkest: 0.93, grain: 0.08 }
    }

    /// A blue ballpoint: the eye's weights make its ink a middle gray.
    pub(super) fn blue_pen() -> Self {
        Self { breadth: 0.45, pressure: 0.9, darkest: 0.66, grain: 0.25 }
    }
}

/// Side of the repeating piece of paper grain in dots: a power of two, 22 mm, more than any one mark.
const GRAIN_SIDE: usize = 256;

/// The paper's surface: heights 0 (valley) to 1 (top), at 300 dots an inch.
///
/// Fibres of copy paper are 20 to 40 µm thick and felt together into lumps of a third of a millimetre: patches of two
/// dots and, fainter, of four.
pub(super) fn grain() -> &'static [f32] {
    static MADE: OnceLock<Vec<f32>> = OnceLock::new();
    MADE.get_or_init(|| {
        let white = |x: usize, y: usize| {
            let (x, y) = ((x % GRAIN_SIDE) as u32, (y % GRAIN_SIDE) as u32);
            let mut n = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ 0x27d4_eb2f;
            n = (n ^ n >> 15).wrapping_mul(0x2c1b_3c6d);
            n = (n ^ n >> 12).wrapping_mul(0x297a_2d39);
            ((n ^ n >> 15) >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let mut out = Vec::with_capacity(GRAIN_SIDE * GRAIN_SIDE);
        for y in 0..GRAIN_SIDE {
            for x in 0..GRAIN_SIDE {
                let sum = |side: usize| {
                    let places = (0..side * side).map(|i| white(x + i % side, y + i / side));
                    // The mean of n white values has a standard deviation √n smaller.
                    places.sum::<f32>() / side as f32
                };
                out.push((0.5 + 0.7 * (0.85 * sum(2) + 0.5 * sum(4))).clamp(0.0, 1.0));
            }
        }
        out
    })
}

/// Height of the paper at a dot; `shift` makes every sheet its own.
fn height(x: usize, y: usize, shift: usize) -> f32 {
    let (x, y) = ((x + shift % GRAIN_SIDE) % GRAIN_SIDE, (y + shift / GRAIN_SIDE) % GRAIN_SIDE);
    grain()[y * GRAIN_SIDE + x]
}

/// A piece of a sheet that is being drawn on: how much graphite or ink lies on each dot.
pub(super) struct Patch {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    laid: Vec<f32>,
    pass: Vec<f32>,
    shift: usize,
}

impl Patch {
    /// The piece of `print` that `rect` covers.
    pub(super) fn over(print: &Print, rect: &Rect<Mm>, rng: &mut impl Rng) -> Self {
        let dot = |mm: f64, most: usize| ((mm * DOTS).max(0.0) as usize).min(most);
        let (left, top) = (dot(rect.left(), print.width), dot(rect.top(), print.height));
        let (right, bottom) = (dot(rect.right(), print.width), dot(rect.bottom(), print.height));
        let (width, height) = (right - left, bottom - top);
        let (laid, pass) = (vec![0.0; width * height], vec![0.0; width * height]);
        Self { left, top, width, height, laid, pass, shift: rng.random_range(0..GRAIN_SIDE * GRAIN_SIDE) }
    }

    /// Columns and rows that a disc of `r` dots around both places covers.
    fn span(&self, a: (f64, f64), b: (f64, f64), r: f64) -> (usize, usize, usize, usize) {
        let cut = |v: f64, from: usize, n: usize| (v - from as f64).clamp(0.0, n as f64) as usize;
        (
            cut(a.0.min(b.0) - r, self.left, self.width),
            cut(a.0.max(b.0) + r + 1.0, self.left, self.width),
            cut(a.1.min(b.1) - r, self.top, self.height),
            cut(a.1.max(b.1) + r + 1.0, self.top, self.height),
        )
    }

    /// One movement of the hand through `points`. Where it crosses itself nothing is added; where it crosses an
    /// earlier one, it is.
    pub(super) fn stroke(&mut self, points: &[Point<Mm>], tool: &Tool, rng: &mut impl Rng) {
        let dots: Vec<(f64, f64)> = points.iter().map(|&p| Print::dot(p)).collect();
        let r = tool.breadth / 2.0 * DOTS;
        // The hand presses harder and lighter along the way.
        let (mut pressure, soft) = (tool.pressure * rng.random_range(0.93..1.03), (0.35 * r) as f32);
        let mut all = (usize::MAX, 0, usize::MAX, 0);
        for pair in dots.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let next = (tool.pressure * rng.random_range(0.9..1.05)).min(1.0);
            let (x0, x1, y0, y1) = self.span(a, b, r);
            all = (all.0.min(x0), all.1.max(x1), all.2.min(y0), all.3.max(y1));
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let square = (dx * dx + dy * dy).max(1e-9);
            for y in y0..y1 {
                for x in x0..x1 {
                    let (u, v) = ((self.left + x) as f64 - a.0, (self.top + y) as f64 - a.1);
                    let t = ((u * dx + v * dy) / square).clamp(0.0, 1.0);
                    let (eu, ev) = (u - t * dx, v - t * dy);
                    let away = eu * eu + ev * ev;
                    if away > r * r {
                        continue;
                    }
                    let profile = ((r - away.sqrt()) as f32 / soft).min(1.0);
                    let q = (pressure + t * (next - pressure)) as f32 * profile;
                    let dot = &mut self.pass[y * self.width + x];
                    *dot = dot.max(q);
                }
            }
            pressure = next;
        }
        let grain = tool.grain as f32;
        for y in all.2..all.3.max(all.2) {
            for x in all.0..all.1.max(all.0) {
                let at = y * self.width + x;
                let q = std::mem::take(&mut self.pass[at]);
                if q > 0.0 {
                    let deep = 1.0 - height(self.left + x, self.top + y, self.shift);
                    // Valleys deeper than the pressure reaches stay bare.
                    self.laid[at] += 0.9 * ((q - 0.75 * grain * deep) / 0.45).clamp(0.0, 1.0);
                }
            }
        }
    }

    /// A line from `a` to `b` by a hand that is not a ruler.
    pub(super) fn line(&mut self, a: Point<Mm>, b: Point<Mm>, tool: &Tool, rng: &mut impl Rng) {
        let (dx, dy) = (b.x.0 - a.x.0, b.y.0 - a.y.0);
        let bend = rng.random_range(-0.04..0.04);
        let middle = a.shifted(dx / 2.0 - dy * bend, dy / 2.0 + dx * bend);
        self.stroke(&[a, middle, b], tool, rng);
    }

    /// Strokes to and fro that fill an area `w` × `h` millimetres around `c`, drawn at a slant of `angle` (radians
    /// from the horizontal).
    pub(super) fn hatch(
        &mut self,
        c: Point<Mm>,
        (w, h): (f64, f64),
        angle: f64,
        tool: &Tool,
        rng: &mut impl Rng,
    ) {
        let breadth = tool.breadth.min(h).min(w);
        let tool = &Tool { breadth, ..*tool };
        let (sin, cos) = (libm::sin(angle), libm::cos(angle));
        // The tool's middle stays half its breadth inside.
        let (hw, hh) = ((w - breadth) / 2.0, (h - breadth) / 2.0);
        // The outermost lines keep a part of their length: nobody draws dots in the corners.
        let (flat, steep) = (hw * sin.abs(), hh * cos.abs());
        let reach = flat + steep - 0.8 * flat.min(steep);
        let rows = (2.0 * reach / (breadth * rng.random_range(0.5..0.66))).ceil().max(1.0) as usize;
        let mut to = true;
        for row in 0..=rows {
            let s = (row as f64 / rows as f64 - 0.5) * 2.0 * reach + rng.random_range(-0.03..0.03);
            let s = s.clamp(-reach, reach);
            // Where the line at distance `s` from the middle enters and leaves the area.
            let ((ox, oy), (ux, uy)) = ((-sin * s, cos * s), (cos, sin));
            let (mut from, mut until) = (-20.0f64, 20.0f64);
            for (o, u, half) in [(ox, ux, hw), (oy, uy, hh)] {
                if u.abs() > 1e-6 {
                    // A line along the rim is inside.
                    let half = half + 0.06;
                    let (p, q) = ((-half - o) / u, (half - o) / u);
                    (from, until) = (from.max(p.min(q)), until.min(p.max(q)));
                }
            }
            if until < from {
                continue;
            }
            let (from, until) = (from + rng.random_range(-0.1..0.1), until + rng.random_range(-0.1..0.1));
            let (p, q) =
                (c.shifted(ox + ux * from, oy + uy * from), c.shifted(ox + ux * until, oy + uy * until));
            if to {
                self.line(p, q, tool, rng);
            } else {
                self.line(q, p, tool, rng);
            }
            to = !to;
        }
    }

    /// Rubs the area `w` × `h` around `c`: about `keep` (0..=1) of the graphite stays, of which there is more than its
    /// darkness shows, more in the valleys and
    /// where the eraser skipped, and a breath of it is smeared about.
    pub(super) fn erase(&mut self, c: Point<Mm>, (w, h): (f64, f64), keep: f64, rng: &mut impl Rng) {
        let (cx, cy) = Print::dot(c);
        let (hw, hh) = (w * DOTS / 2.0, h * DOTS / 2.0);
        let (x0, x1, y0, y1) = self.span((cx - hw, cy - hh), (cx + hw, cy + hh), 0.0);
        let (pitch, phase) = (rng.random_range(0.06..0.12), rng.random_range(0.0..6.0));
        let slant = rng.random_range(-0.5..0.5);
        let smear = (keep * rng.random_range(0.1..0.25)) as f32;
        for y in y0..y1 {
            for x in x0..x1 {
                let at = y * self.width + x;
                let (u, v) = ((self.left + x) as f64 - cx, (self.top + y) as f64 - cy);
                let streak = 1.0 + 0.5 * libm::sin((v + slant * u) * pitch * 5.0 + phase);
                let deep = 1.0 - height(self.left + x, self.top + y, self.shift);
                // The rubbed place fades towards its ends.
                let edge = (1.0 - (u / hw).abs()).min(1.0 - (v / hh).abs()).clamp(0.0, 0.2) as f32 * 5.0;
                let kept = (keep * streak) as f32 * (0.6 + 0.8 * deep);
                self.laid[at] = self.laid[at] * (1.0 - edge + edge * kept.min(1.0)) + smear * edge * deep;
            }
        }
    }

    /// A film of graphite that a hand has dragged across: `amount` of it, on the tops of the fibres.
    pub(super) fn smudge(&mut self, a: Point<Mm>, b: Point<Mm>, breadth: f64, amount: f64) {
        let (a, b) = (Print::dot(a), Print::dot(b));
        let r = breadth / 2.0 * DOTS;
        let (x0, x1, y0, y1) = self.span(a, b, r);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let square = (dx * dx + dy * dy).max(1e-9);
        for y in y0..y1 {
            for x in x0..x1 {
                let (u, v) = ((self.left + x) as f64 - a.0, (self.top + y) as f64 - a.1);
                let t = ((u * dx + v * dy) / square).clamp(0.0, 1.0);
                let away = ((u - t * dx).powi(2) + (v - t * dy).powi(2)) / (r * r);
                if away < 1.0 {
                    let top = height(self.left + x, self.top + y, self.shift);
                    self.laid[y * self.width + x] += (amount * (1.0 - away) * (1.0 - t)) as f32 * top * 2.0;
                }
            }
        }
    }

    /// Puts what was laid on the sheet: print stays beneath it.
    pub(super) fn lay(self, print: &mut Print, darkest: f64) {
        static TAKEN: OnceLock<[f32; 512]> = OnceLock::new();
        // Light that a layer lets through falls off exponentially with its thickness; the factor makes one firm
        // pass cover four fifths and two 96 in a hundred. By 128ths of a pass.
        let taken =
            TAKEN.get_or_init(|| std::array::from_fn(|i| 1.0 - libm::expf(-1.8 * (i as f32 + 0.5) / 128.0)));
        for y in 0..self.height {
            let row = &mut print.levels[(self.top + y) * print.width + self.left..][..self.width];
            for (dot, &laid) in row.iter_mut().zip(&self.laid[y * self.width..]) {
                if laid > 0.004 {
                    let taken = darkest as f32 * taken[((laid * 128.0) as usize).min(taken.len() - 1)];
                    *dot = (f32::from(*dot) * (1.0 - taken) + 0.5) as u8;
                }
            }
        }
    }
}

/// White-out painted over an area `w` × `h` millimetres around `c`: nothing shows through, its rim throws a thin
/// shadow.
pub(super) fn white_out(print: &mut Print, c: Point<Mm>, (w, h): (f64, f64), rng: &mut impl Rng) {
    let (cx, cy) = Print::dot(c);
    let (hw, hh) = (w * DOTS / 2.0, h * DOTS / 2.0);
    let waves: [f64; 3] = std::array::from_fn(|_| rng.random_range(0.0..6.3));
    let y1 = ((cy + hh * 1.3).max(0.0) as usize).min(print.height);
    let x1 = ((cx + hw * 1.3).max(0.0) as usize).min(print.width);
    for y in (cy - hh * 1.3).max(0.0) as usize..y1 {
        for x in (cx - hw * 1.3).max(0.0) as usize..x1 {
            let (u, v) = ((x as f64 - cx) / hw, (y as f64 - cy) / hh);
            // A brush leaves a rounded box with a wavy rim.
            let far = libm::pow(u.abs().powi(4) + v.abs().powi(4), 0.25);
            let turn = libm::atan2(v, u);
            let wave = (1..4).zip(waves).map(|(n, phase)| libm::sin(f64::from(n) * 2.0 * turn + phase));
            let rim = 1.0 + 0.05 * wave.sum::<f64>();
            let dot = &mut print.levels[y * print.width + x];
            if far < rim {
                *dot = 255;
            } else if far < rim + 0.06 && v > 0.0 {
                *dot = (*dot).min(226);
            }
        }
    }
}
