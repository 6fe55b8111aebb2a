//! How a scan is shown: turned upright by quarter turns, scaled, cut to a part. Never straightened: the lean
//! and every flaw of the scan stay, and what is drawn over it goes by the same way.

// Pixels of one picture: clamped before each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use super::canvas::{At, Canvas};
use crate::geometry::{Orientation, Point, Px};
use crate::source::Page;

/// How far ink is drawn from white: what is drawn over the scan stands out from it.
const SCAN_SHARE: f64 = 0.72;

/// From picture to canvas.
pub(super) struct View<'p> {
    page: &'p Page,
    turn: Orientation,
    /// Canvas pixels a picture pixel.
    pub(super) scale: f64,
    /// The canvas's corner in the turned picture, in canvas pixels.
    pub(super) corner: At,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'p> View<'p> {
    /// The whole picture.
    pub(super) fn whole(page: &'p Page, turn: Orientation, scale: f64) -> Self {
        let sides = (page.width as f64 * scale, page.height as f64 * scale);
        let (width, height) = match turn {
            Orientation::Upright | Orientation::UpsideDown => sides,
            Orientation::Turned90 | Orientation::Turned270 => (sides.1, sides.0),
        };
        let whole = |side: f64| side.round().max(1.0) as usize;
        Self { page, turn, scale, corner: (0.0, 0.0), width: whole(width), height: whole(height) }
    }

    /// The part of the picture around `points`.
    pub(super) fn part(page: &'p Page, turn: Orientation, scale: f64, points: &[Point<Px>]) -> Self {
        let mut view = Self::whole(page, turn, scale);
        let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        for p in points {
            let (x, y) = view.place(*p);
            (low, high) = ((low.0.min(x), low.1.min(y)), (high.0.max(x), high.1.max(y)));
        }
        let cut = |low: f64, high: f64, side: usize| {
            let from = low.clamp(0.0, side as f64 - 1.0).floor();
            (from, (high.clamp(from + 1.0, side as f64) - from).ceil() as usize)
        };
        let (x, width) = cut(low.0, high.0, view.width);
        let (y, height) = cut(low.1, high.1, view.height);
        view.corner = (x, y);
        (view.width, view.height) = (width, height);
        view
    }

    /// Where a place of the picture lies on the canvas.
    pub(super) fn place(&self, p: Point<Px>) -> At {
        // The turned picture's own coordinates; a pixel's centre is a half in from its corner.
        let (w, h) = (self.page.width as f64, self.page.height as f64);
        let (x, y) = (p.x.0 + 0.5, p.y.0 + 0.5);
        let (u, v) = match self.turn {
            Orientation::Upright => (x, y),
            Orientation::Turned90 => (y, w - x),
            Orientation::UpsideDown => (w - x, h - y),
            Orientation::Turned270 => (h - y, x),
        };
        (u * self.scale - self.corner.0, v * self.scale - self.corner.1)
    }

    /// Draws the scan, paler than it is, into the upper part of the canvas.
    pub(super) fn lay(&self, canvas: &mut Canvas) {
        let (w, h) = (self.page.width as f64, self.page.height as f64);
        let (across, down) = (self.page.width - 1, self.page.height - 1);
        // Where the picture is reduced, four places of each pixel are looked at.
        let taps: &[f64] = if self.scale < 0.9 { &[0.25, 0.75] } else { &[0.5] };
        for py in 0..self.height.min(canvas.height) {
            for px in 0..self.width.min(canvas.width) {
                let mut sum = 0.0;
                for dy in taps {
                    for dx in taps {
                        let u = (px as f64 + dx + self.corner.0) / self.scale;
                        let v = (py as f64 + dy + self.corner.1) / self.scale;
                        let (x, y) = match self.turn {
                            Orientation::Upright => (u, v),
                            Orientation::Turned90 => (w - v, u),
                            Orientation::UpsideDown => (w - u, h - v),
                            Orientation::Turned270 => (v, h - u),
                        };
                        sum += self.level((x - 0.5).max(0.0), (y - 0.5).max(0.0), across, down);
                    }
                }
                let level = sum / (taps.len() * taps.len()) as f64;
                canvas.gray(px, py, (255.0 - (255.0 - level) * SCAN_SHARE).round() as u8);
            }
        }
    }

    /// The level between pixels.
    fn level(&self, x: f64, y: f64, across: usize, down: usize) -> f64 {
        let (x0, y0) = ((x as usize).min(across), (y as usize).min(down));
        let (x1, y1) = ((x0 + 1).min(across), (y0 + 1).min(down));
        let (fx, fy) = ((x - x0 as f64).min(1.0), (y - y0 as f64).min(1.0));
        let at = |x: usize, y: usize| f64::from(self.page.pixels[y * self.page.width + x]);
        let top = at(x0, y0) + fx * (at(x1, y0) - at(x0, y0));
        let bottom = at(x0, y1) + fx * (at(x1, y1) - at(x0, y1));
        top + fy * (bottom - top)
    }
}
