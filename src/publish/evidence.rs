//! Pictures of places on a sheet, for a person to look at.

use crate::geometry::{Mapping, Mm, Point, Rect};
use crate::layout::Layout;
use crate::sheet::{FieldName, ItemLabel};
use crate::source::Page;

/// Pixels a millimetre of a crop: a 4 mm target is 36 pixels wide, legible on any screen.
const CROP_SCALE: f64 = 9.0;

/// The longest side of a whole page's picture, in pixels.
const PAGE_SIDE: usize = 1200;

/// What is shown around the targets of a place, in millimetres: their number to the left, and the
/// neighbours half.
const BESIDE: f64 = 9.0;
const AROUND: f64 = 2.5;

/// The part of the sheet that shows a field, or one item or column of it.
///
/// The ticket number and the sheet as a whole are shown with the upper third of the card, where the
/// name is written; `None` if the layout has no such place.
#[must_use]
pub fn place_of(layout: &Layout, field: Option<&FieldName>, item: Option<&ItemLabel>) -> Option<Rect<Mm>> {
    let head = Rect::between(0.0, 0.0, layout.page.width_mm, layout.page.height_mm * 0.36);
    let Some(name) = field else { return Some(head) };
    if name.as_str() == FieldName::TICKET {
        return Some(head);
    }
    place_around(layout, name, item)
}

/// The part of the sheet around a field's targets, or those of one item or column of it; `None` if the layout
/// has no such place.
#[must_use]
pub fn place_around(layout: &Layout, field: &FieldName, item: Option<&ItemLabel>) -> Option<Rect<Mm>> {
    let targets = layout
        .targets()
        .filter(|(f, position, _)| f.name == *field && item.is_none_or(|label| position.label == *label));
    let bounds = targets.map(|(_, _, t)| t.rect).reduce(|a, b| {
        Rect::between(
            a.left().min(b.left()),
            a.top().min(b.top()),
            a.right().max(b.right()),
            a.bottom().max(b.bottom()),
        )
    })?;
    Some(Rect::between(
        bounds.left() - BESIDE,
        bounds.top() - AROUND,
        bounds.right() + AROUND,
        bounds.bottom() + AROUND,
    ))
}

/// The part `place` of a registered sheet, upright, as a gray PNG; paper where the picture ends.
#[must_use]
pub fn crop(page: &Page, mapping: &Mapping, place: &Rect<Mm>) -> Vec<u8> {
    let (width, height) = (pixels(place.width.0), pixels(place.height.0));
    let mut levels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = ((x as f64 + 0.5) / CROP_SCALE, (y as f64 + 0.5) / CROP_SCALE);
            let p = mapping.apply(Point::at(place.left() + dx, place.top() + dy));
            levels.push(between(page, p.x.0, p.y.0));
        }
    }
    png_of(width, height, &levels)
}

/// The whole page as it was scanned, reduced to be looked at, as a gray PNG.
#[must_use]
pub fn whole(page: &Page) -> Vec<u8> {
    let factor = page.width.max(page.height).div_ceil(PAGE_SIDE).max(1);
    let (width, height) = (page.width / factor, page.height / factor);
    let mut levels = Vec::with_capacity(width * height);
    let area = factor * factor;
    for y in 0..height {
        for x in 0..width {
            let block = (0..area).map(|i| {
                usize::from(page.pixels[(y * factor + i / factor) * page.width + x * factor + i % factor])
            });
            levels.push(u8::try_from(block.sum::<usize>() / area).unwrap_or(u8::MAX));
        }
    }
    png_of(width, height, &levels)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a card's millimetres
fn pixels(mm: f64) -> usize {
    (mm * CROP_SCALE).round().max(1.0) as usize
}

/// The level between pixels; white beyond the picture.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked to be inside
fn between(page: &Page, x: f64, y: f64) -> u8 {
    let inside = x >= 0.0 && y >= 0.0 && x < (page.width - 1) as f64 && y < (page.height - 1) as f64;
    if !inside {
        return u8::MAX;
    }
    let (x0, y0) = (x as usize, y as usize);
    let (fx, fy) = (x - x0 as f64, y - y0 as f64);
    let at = |dx: usize, dy: usize| f64::from(page.pixels[(y0 + dy) * page.width + x0 + dx]);
    let top = at(0, 0) + fx * (at(1, 0) - at(0, 0));
    let bottom = at(0, 1) + fx * (at(1, 1) - at(0, 1));
    (top + fy * (bottom - top)).round() as u8
}

/// A gray PNG file.
fn png_of(width: usize, height: usize, levels: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    if let Some((width, height)) = sides {
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        // Writing to memory can't fail; the sides and the number of levels agree by construction.
        if let Ok(mut writer) = encoder.write_header() {
            let _ = writer.write_image_data(levels);
        }
    }
    out
}
