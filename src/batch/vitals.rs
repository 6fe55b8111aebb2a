//! What one page shows of the scanner that made it: measured here, judged in `health`.

// Levels, pixels and micrometres: small and clamped before each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

use super::streaks::{Outline, streaks};
use crate::layout::{Fiducial, FiducialShape, Layout};
use crate::register::Registration;
use crate::sheet::EngineId;
use crate::source::Page;
use crate::store::{Placed, Vitals};

/// Length of a card's longer side in millimetres, where the sheet was not found: A4. With 16K (260) the
/// scale is a seventh too small, which a streak's neighbours don't mind.
const LONG_SIDE_MM: f64 = 297.0;

/// The part of the page over which the scale is measured: at less than a half, the error of one
/// fiducial's centre (0.05 mm) would be a thousandth.
const SCALE_SHARE: f64 = 0.8;

/// How far outside a fiducial its paper is looked at, in millimetres. Print keeps a millimetre away.
const PAPER_MM: f64 = 0.7;

/// Places in a row and a column of a fiducial, and on each side around it.
const GRID: usize = 5;

/// What `page` shows; with the registration and layout where its sheet was found.
#[must_use]
pub fn vitals(page: &Page, placed: Option<(&Registration, &Layout)>, engine: &EngineId) -> Vitals {
    let outline = match placed {
        Some((registration, layout)) => outline_of(registration, layout),
        None => picture(page),
    };
    let (across, along) = placed.map_or((outline.scale, outline.scale), |(r, l)| scales(r, l));
    let per_metre = |scale: f64| (scale * 1000.0).round().clamp(0.0, 1e9) as u32;
    Vitals {
        sheet: page.sheet,
        engine: engine.clone(),
        width_px: page.width as u32,
        across_px_per_m: per_metre(across),
        placed: placed.map(|(registration, layout)| Placed {
            layout: layout.name.clone(),
            along_px_per_m: per_metre(along),
            paper: registration.paper,
            ink: registration.ink,
            residual_um: (registration.residual.0 * 1000.0).round() as u32,
            fiducials: layout.fiducials.len() as u16,
            missing: missing(page, registration, layout),
            contrast: contrast(page, registration, layout),
        }),
        streaks: streaks(page, &outline),
    }
}

/// Pixels a millimetre across and along the feed, which runs down the picture, whichever way the sheet
/// lies: a length on the sheet seen by its share in each direction.
fn scales(registration: &Registration, layout: &Layout) -> (f64, f64) {
    let (w, h) = (layout.page.width_mm * SCALE_SHARE, layout.page.height_mm * SCALE_SHARE);
    let middle = layout.middle();
    let at = |dx: f64, dy: f64| registration.mapping.apply(middle.shifted(dx / 2.0, dy / 2.0));
    let (left, right, top, bottom) = (at(-w, 0.0), at(w, 0.0), at(0.0, -h), at(0.0, h));
    let norm = |a: f64, b: f64| (a * a + b * b).sqrt();
    (
        norm((right.x.0 - left.x.0) / w, (bottom.x.0 - top.x.0) / h),
        norm((right.y.0 - left.y.0) / w, (bottom.y.0 - top.y.0) / h),
    )
}

/// The sheet's outline in the picture.
fn outline_of(registration: &Registration, layout: &Layout) -> Outline {
    let (w, h) = (layout.page.width_mm / 2.0, layout.page.height_mm / 2.0);
    let mut corners = [(-w, -h), (w, -h), (w, h), (-w, h)].map(|(dx, dy)| {
        let p = registration.mapping.apply(layout.middle().shifted(dx, dy));
        (p.x.0, p.y.0)
    });
    // Two upper and two lower corners, each from left to right; a scanner's lean is a few degrees.
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    let [a, b, c, d] = corners;
    let (tl, tr) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let (bl, br) = if c.0 <= d.0 { (c, d) } else { (d, c) };
    let line = |(u0, v0): (f64, f64), (u1, v1): (f64, f64)| {
        let slope = if (u1 - u0).abs() < 1.0 { 0.0 } else { (v1 - v0) / (u1 - u0) };
        (v0 - slope * u0, slope)
    };
    let turned = |(x, y): (f64, f64)| (y, x);
    let (across, along) = scales(registration, layout);
    Outline {
        scale: f64::midpoint(across, along),
        top: line(tl, tr),
        bottom: line(bl, br),
        left: line(turned(tl), turned(bl)),
        right: line(turned(tr), turned(br)),
        found: true,
        paper: registration.paper,
        ink: registration.ink,
    }
}

/// The picture as if the sheet filled it, with the usual and the darkest level of some rows.
fn picture(page: &Page) -> Outline {
    let mut counts = [0usize; 256];
    for i in 0..32 {
        for &level in page.row((2 * i + 1) * page.height / 64).iter().step_by(3) {
            counts[usize::from(level)] += 1;
        }
    }
    let total: usize = counts.iter().sum();
    let rank = |share: f64| {
        let mut left = (total as f64 * share) as usize;
        for (level, &count) in (0u8..=255).zip(&counts) {
            if count > left {
                return level;
            }
            left -= count;
        }
        255
    };
    // Seven tenths of a filled card are bare paper, a fiftieth is black.
    let (paper, ink) = (rank(0.6), rank(0.01));
    let (width, height) = ((page.width - 1) as f64, (page.height - 1) as f64);
    Outline {
        scale: width.max(height) / LONG_SIDE_MM,
        top: (0.0, 0.0),
        bottom: (height, 0.0),
        left: (0.0, 0.0),
        right: (width, 0.0),
        found: false,
        paper,
        ink: ink.min(paper),
    }
}

/// Fiducials that lie whole in the picture and were not found.
fn missing(page: &Page, registration: &Registration, layout: &Layout) -> u16 {
    let inside = |fiducial: &Fiducial| {
        let around = fiducial.rect.grown(PAPER_MM);
        let (w, h) = (around.width.0 / 2.0, around.height.0 / 2.0);
        [(-w, -h), (w, -h), (w, h), (-w, h)]
            .into_iter()
            .all(|(dx, dy)| level(page, registration, fiducial, dx, dy).is_some())
    };
    let lost = layout.fiducials.iter().zip(&registration.fiducials);
    lost.filter(|(fiducial, found)| found.is_none() && inside(fiducial)).count() as u16
}

/// The level at a place beside a fiducial's middle; `None` beyond the picture.
fn level(page: &Page, registration: &Registration, fiducial: &Fiducial, dx: f64, dy: f64) -> Option<u8> {
    let p = registration.mapping.apply(fiducial.rect.centre.shifted(dx, dy));
    let (x, y) = (p.x.0.round(), p.y.0.round());
    let inside = x >= 0.0 && y >= 0.0 && x < page.width as f64 && y < page.height as f64;
    inside.then(|| page.pixels[y as usize * page.width + x as usize])
}

/// Paper less ink at the weakest quarter of the fiducials that were found.
fn contrast(page: &Page, registration: &Registration, layout: &Layout) -> Option<u8> {
    let mut found: Vec<u8> = layout
        .fiducials
        .iter()
        .zip(&registration.fiducials)
        .filter(|(fiducial, seen)| seen.is_some() && fiducial.shape != FiducialShape::Marker)
        .filter_map(|(fiducial, _)| contrast_of(page, registration, fiducial))
        .collect();
    found.sort_unstable();
    found.get(found.len() / 4).copied()
}

fn contrast_of(page: &Page, registration: &Registration, fiducial: &Fiducial) -> Option<u8> {
    let (w, h) = (fiducial.rect.width.0 / 2.0, fiducial.rect.height.0 / 2.0);
    let share = |i: usize| (2 * i + 1) as f64 / GRID as f64 - 1.0;
    let mut ink = Vec::with_capacity(GRID * GRID);
    let mut paper = Vec::with_capacity(4 * GRID);
    for i in 0..GRID {
        for j in 0..GRID {
            ink.extend(level(page, registration, fiducial, share(i) * w, share(j) * h));
        }
        for side in [-1.0, 1.0] {
            paper.extend(level(page, registration, fiducial, share(i) * w, side * (h + PAPER_MM)));
            paper.extend(level(page, registration, fiducial, side * (w + PAPER_MM), share(i) * h));
        }
    }
    ink.sort_unstable();
    paper.sort_unstable();
    // A ring and an L are ink over more than a quarter of their box; half of what is around is paper.
    let (ink, paper) = (ink.get(ink.len() / 4)?, paper.get(paper.len() / 2)?);
    Some(paper.saturating_sub(*ink))
}
