//! What a hand does to a target.

use super::print::Print;
use crate::geometry::{Mm, Point, Rect};
use rand::{Rng, RngExt};

/// A pencil: how dark, how broad, how even.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pencil {
    /// Level of its full stroke, 0 black to 255 white: 2B pencil 40–110, light pencil 130–170.
    pub level: u8,
    /// Breadth of its stroke in millimetres.
    pub breadth: f64,
    /// How much the paper's grain lightens single dots, in levels.
    pub grain: u8,
}

/// What was drawn into a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stroke {
    /// Filled carefully, side to side.
    Full,
    /// A bar along the middle, three quarters of the width and half of the height.
    Bar,
    /// Filled with hardly any pressure.
    Faint,
    /// Half of the target.
    Half,
    /// One slanting line.
    Slash,
    /// A tick.
    Tick,
    /// Two crossing lines.
    Cross,
    /// A dot in the middle.
    Dot,
    /// A line around the target.
    Ring,
    /// Filled and erased; a shadow is left.
    Erased,
    /// Filled and erased badly.
    BadlyErased,
}

impl Stroke {
    /// Every kind, in the order above.
    pub const ALL: [Self; 11] = [
        Self::Full,
        Self::Bar,
        Self::Faint,
        Self::Half,
        Self::Slash,
        Self::Tick,
        Self::Cross,
        Self::Dot,
        Self::Ring,
        Self::Erased,
        Self::BadlyErased,
    ];

    /// The word used in `truth.json`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Bar => "bar",
            Self::Faint => "faint",
            Self::Half => "half",
            Self::Slash => "slash",
            Self::Tick => "tick",
            Self::Cross => "cross",
            Self::Dot => "dot",
            Self::Ring => "ring",
            Self::Erased => "erased",
            Self::BadlyErased => "badly-erased",
        }
    }
}

impl Pencil {
    /// A 2B pencil in some hand.
    pub fn careful(rng: &mut impl Rng) -> Self {
        Self {
            level: rng.random_range(35..=95),
            breadth: rng.random_range(0.5..0.9),
            grain: rng.random_range(10..=35),
        }
    }

    /// Draws `stroke` into the target `rect` on `print`.
    pub fn draw(&self, print: &mut Print, rect: &Rect<Mm>, stroke: Stroke, rng: &mut impl Rng) {
        let (w, h) = (rect.width.0, rect.height.0);
        // A hand is off by a few tenths of a millimetre.
        let (jx, jy) = (rng.random_range(-0.25..0.25), rng.random_range(-0.15..0.15));
        let c = rect.centre.shifted(jx, jy);
        match stroke {
            Stroke::Full => {
                let fill = rng.random_range(0.84..1.0);
                self.hatch(print, c, w * fill, h * fill, rng);
            }
            Stroke::Bar => self.hatch(print, c, w * 0.75, h * 0.5, rng),
            Stroke::Faint => {
                let light = Self { level: rng.random_range(165..=195), ..*self };
                light.hatch(print, c, w * 0.85, h * 0.85, rng);
            }
            Stroke::Half => self.hatch(print, c.shifted(-w / 4.0, 0.0), w / 2.0, h * 0.9, rng),
            Stroke::Slash => {
                self.line(print, c.shifted(-w * 0.35, h * 0.5), c.shifted(w * 0.35, -h * 0.5), 0.35, rng);
            }
            Stroke::Tick => {
                self.line(print, c.shifted(-w * 0.4, 0.0), c.shifted(-w * 0.1, h * 0.4), 0.35, rng);
                self.line(print, c.shifted(-w * 0.1, h * 0.4), c.shifted(w * 0.45, -h * 0.6), 0.35, rng);
            }
            Stroke::Cross => {
                self.line(print, c.shifted(-w * 0.4, -h * 0.45), c.shifted(w * 0.4, h * 0.45), 0.35, rng);
                self.line(print, c.shifted(-w * 0.4, h * 0.45), c.shifted(w * 0.4, -h * 0.45), 0.35, rng);
            }
            Stroke::Dot => self.line(print, c, c.shifted(0.1, 0.0), 0.7, rng),
            Stroke::Ring => {
                let at = |i: i32| {
                    let angle = f64::from(i) * std::f64::consts::TAU / 24.0;
                    c.shifted(w * 0.62 * angle.cos(), h * 0.75 * angle.sin())
                };
                for i in 0..24 {
                    self.line(print, at(i), at(i + 1), 0.35, rng);
                }
            }
            Stroke::Erased | Stroke::BadlyErased => {
                let keep = if stroke == Stroke::Erased {
                    rng.random_range(0.02..0.07)
                } else {
                    rng.random_range(0.15..0.35)
                };
                self.hatch(print, c, w * 0.9, h * 0.9, rng);
                print.lighten(c, w * 1.3, h * 1.4, keep);
            }
        }
    }

    /// Strokes to and fro over an area, close enough to leave little paper between.
    fn hatch(&self, print: &mut Print, c: Point<Mm>, w: f64, h: f64, rng: &mut impl Rng) {
        let breadth = self.breadth.min(h);
        let rows = ((h - breadth) / (breadth * 0.7)).ceil().max(0.0) as usize + 1;
        for row in 0..rows {
            let share = if rows == 1 { 0.5 } else { row as f64 / (rows - 1) as f64 };
            let y = (share - 0.5) * (h - breadth) + rng.random_range(-0.04..0.04);
            let end = ((w - breadth) / 2.0).max(0.0);
            let tilt = rng.random_range(-0.08..0.08);
            let a = c.shifted(-end + rng.random_range(-0.12..0.12), y - tilt);
            let b = c.shifted(end + rng.random_range(-0.12..0.12), y + tilt);
            self.line(print, a, b, breadth, rng);
        }
    }

    /// One stroke between two places, `breadth` millimetres wide.
    fn line(&self, print: &mut Print, a: Point<Mm>, b: Point<Mm>, breadth: f64, rng: &mut impl Rng) {
        let steps = (a.distance(b).0 / 0.06).ceil().max(1.0) as usize;
        let salt = rng.random::<u32>();
        let (level, grain) = (self.level, u32::from(self.grain));
        let touch = move |x: usize, y: usize| {
            // The paper's grain: the same dot of the same stroke is always as light.
            let mut n = (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ salt;
            n = (n ^ n >> 15).wrapping_mul(0x2c1b_3c6d);
            let lighter = (n >> 16) % (2 * grain + 1);
            level.saturating_add(u8::try_from(lighter).unwrap_or(u8::MAX))
        };
        for step in 0..=steps {
            let t = step as f64 / steps as f64;
            let p = a.shifted(t * (b.x.0 - a.x.0), t * (b.y.0 - a.y.0));
            print.touch(p, breadth / 2.0, touch);
        }
    }
}
