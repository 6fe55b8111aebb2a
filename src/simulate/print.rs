//! A printed card as gray levels.

use super::SimulateError;
use crate::geometry::{Mm, Point};
use crate::layout::Layout;
use crate::layout::draw::{CardFace, cards_pdf};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};

/// Dots a millimetre of a print before it is scanned: 300 dpi.
pub(super) const DOTS: f64 = 300.0 / 25.4;

/// A card on paper: gray levels at 300 dpi, 0 black to 255 white.
#[derive(Debug, Clone)]
pub struct Print {
    /// Pixels a row.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// Levels, row by row.
    pub(super) levels: Vec<u8>,
}

impl Print {
    /// `layout`'s card with `face`, as a printer lays it on paper.
    ///
    /// # Errors
    ///
    /// [`SimulateError::Draw`] if it can't be drawn, [`SimulateError::Raster`] if the PDF can't be shown.
    pub fn of(layout: &Layout, face: &CardFace) -> Result<Self, SimulateError> {
        let bytes = cards_pdf(layout, std::slice::from_ref(face))?;
        Self::from_pdf(bytes)
    }

    /// The first page of a PDF file.
    ///
    /// # Errors
    ///
    /// [`SimulateError::Raster`] if the file is no PDF or has no page.
    pub fn from_pdf(bytes: Vec<u8>) -> Result<Self, SimulateError> {
        let pdf = Pdf::new(bytes).map_err(|_| SimulateError::Raster)?;
        let page = pdf.pages().first().ok_or(SimulateError::Raster)?;
        // PDF lengths are points of 1/72 inch.
        let scale = 300.0 / 72.0;
        let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
        let render = RenderSettings { hinting: false, ..RenderSettings::default() };
        let pixmap =
            hayro::render(page, &RenderCache::new(), &InterpreterSettings::default(), &render, &settings);
        let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
        let levels = pixmap
            .data()
            .iter()
            .map(|p| {
                // The eye's weights, in thousandths; opaque on white, so nothing to divide by.
                let sum = 299 * u32::from(p.r) + 587 * u32::from(p.g) + 114 * u32::from(p.b);
                u8::try_from((sum + 500) / 1000).unwrap_or(u8::MAX)
            })
            .collect();
        Ok(Self { width, height, levels })
    }

    /// Where a place on the card lies among the dots.
    pub(super) fn dot(p: Point<Mm>) -> (f64, f64) {
        (p.x.0 * DOTS - 0.5, p.y.0 * DOTS - 0.5)
    }

    /// Lays ink of `level` on a disc of `radius` millimetres around `p`; darker ink stays.
    pub(super) fn touch(&mut self, p: Point<Mm>, radius: f64, level: impl Fn(usize, usize) -> u8) {
        let (cx, cy) = Self::dot(p);
        let r = radius * DOTS;
        let (left, right) = ((cx - r).ceil().max(0.0), (cx + r).floor().min(self.width as f64 - 1.0));
        let (top, bottom) = ((cy - r).ceil().max(0.0), (cy + r).floor().min(self.height as f64 - 1.0));
        if right < left || bottom < top {
            return;
        }
        for y in top as usize..=bottom as usize {
            for x in left as usize..=right as usize {
                let (dx, dy) = (x as f64 - cx, y as f64 - cy);
                if dx * dx + dy * dy <= r * r {
                    let dot = &mut self.levels[y * self.width + x];
                    *dot = (*dot).min(level(x, y));
                }
            }
        }
    }

    /// Brings every dot in a rectangle towards paper: what an eraser or white-out does. `keep` is the
    /// share of the ink that stays, 0..=1.
    pub(super) fn lighten(&mut self, centre: Point<Mm>, width: f64, height: f64, keep: f64) {
        let (cx, cy) = Self::dot(centre);
        let (hw, hh) = (width * DOTS / 2.0, height * DOTS / 2.0);
        let right = (cx + hw).clamp(0.0, self.width as f64 - 1.0) as usize;
        let bottom = (cy + hh).clamp(0.0, self.height as f64 - 1.0) as usize;
        for y in (cy - hh).max(0.0) as usize..=bottom {
            for x in (cx - hw).max(0.0) as usize..=right {
                let dot = &mut self.levels[y * self.width + x];
                *dot = (255.0 - (255.0 - f64::from(*dot)) * keep).round() as u8;
            }
        }
    }
}
