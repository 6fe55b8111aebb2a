//! Pages that are more than pictures beside each other, drawn by a renderer.
//!
//! The renderer is lenient: it fills what is missing and passes over what it doesn't know. So everything that the
//! page can reach is looked at before, by our own decoders, and what can't be drawn faithfully is refused.

use super::assemble::shown;
use super::content::{Content, What};
use super::filter;
use super::image::Image;
use super::space::Space;
use super::{MOST_CONTENT, Refusal};
use crate::sheet::{Channel, DecodeFault};
use crate::source::Depth;
use crate::source::plane::{Plane, area, of_colour};
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::object::{Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Dots an inch of pages without pictures, and the least of those with some: what forms are read best at.
const LEAST_DPI: f64 = 200.0;

/// The most: finer pictures are made smaller. A mark of 1 mm has 24 dots then.
const MOST_DPI: f64 = 600.0;

/// Pixels of a drawn page, at 4 bytes each and as much again while it is drawn: A3 at 300 dpi has 17 million.
const MOST_DRAWN: u64 = 40_000_000;

/// Objects that a page may reach. A form by a word processor has some hundred.
const MOST_OBJECTS: usize = 20_000;

/// Bytes of all streams that are no pictures (fonts, forms, profiles).
const MOST_BYTES: usize = 128 << 20;

/// The page as it is drawn.
pub(super) fn render(page: &Page<'_>, content: &Content<'_>, channel: Channel) -> Result<Plane, DecodeFault> {
    let (_, bounds) = shown(page).ok_or(DecodeFault::Damaged)?;
    Reached::default().page(page)?;
    let dpi = content.pictures.iter().filter_map(density).fold(LEAST_DPI, f64::max).min(MOST_DPI);
    let scale = dpi / 72.0;
    let (width, height) = ((bounds.width() * scale).floor(), (bounds.height() * scale).floor());
    if width.max(height) > f64::from(u16::MAX) || width * height > MOST_DRAWN as f64 {
        return Err(DecodeFault::TooLarge);
    }
    // Both are below 65 536.
    area(width as u64, height as u64)?;
    let (trouble, fonts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (seen, missing, unread) = (Arc::clone(&trouble), Arc::clone(&fonts), Arc::clone(&fonts));
    let settings = InterpreterSettings {
        font_resolver: Arc::new(move |_| {
            missing.store(true, Ordering::Relaxed);
            None
        }),
        warning_sink: Arc::new(move |warning| match warning {
            InterpreterWarning::UnsupportedFont => unread.store(true, Ordering::Relaxed),
            _ => seen.store(true, Ordering::Relaxed),
        }),
        ..InterpreterSettings::default()
    };
    let shape = PixmapSettings { x_scale: scale as f32, y_scale: scale as f32, bg_color: WHITE };
    let drawing = RenderSettings { hinting: false, ..RenderSettings::default() };
    let pixmap = hayro::render(page, &RenderCache::new(), &settings, &drawing, &shape);
    // Invisible text may be in any font.
    if trouble.load(Ordering::Relaxed) || content.text && fonts.load(Ordering::Relaxed) {
        return Err(DecodeFault::NotAScan);
    }
    let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
    // Opaque on white, so nothing to divide by.
    let pixels: Vec<u8> = pixmap.data().iter().map(|p| of_colour(channel, p.r, p.g, p.b)).collect();
    if area(width as u64, height as u64)? != pixels.len() {
        return Err(DecodeFault::Damaged);
    }
    Ok(Plane { width, height, pixels, dpi: Some(dpi.round() as u16), depth: Depth::Gray })
}

/// Dots an inch of a picture where it lies.
fn density(picture: &super::content::Picture<'_>) -> Option<f64> {
    let (width, height) = match &picture.what {
        What::Object(image) => image.size().ok()?,
        What::Inline(plane) => (plane.width, plane.height),
    };
    let [a, b, c, d, ..] = picture.matrix.0;
    let dpi = |pixels: usize, points: f64| (points > 0.0).then(|| pixels as f64 * 72.0 / points);
    let finest = dpi(width, a.hypot(b))?.max(dpi(height, c.hypot(d))?);
    finest.is_finite().then_some(finest)
}

/// What a page can reach, looked at once each.
#[derive(Default)]
struct Reached {
    seen: HashSet<ObjectIdentifier>,
    objects: usize,
    bytes: usize,
}

impl Reached {
    fn page(mut self, page: &Page<'_>) -> Result<(), DecodeFault> {
        let r = page.resources();
        let named = &r.color_spaces;
        // Their content was read already.
        let parts = [&r.ext_g_states, &r.fonts, &r.color_spaces, &r.x_objects, &r.patterns, &r.shadings];
        let mut waiting: Vec<Object<'_>> = parts.iter().map(|&dict| Object::Dict(dict.clone())).collect();
        waiting.extend(page.raw().get::<Object<'_>>("Annots"));
        while let Some(object) = waiting.pop() {
            self.objects += 1;
            if self.objects > MOST_OBJECTS {
                return Err(DecodeFault::NotAScan);
            }
            let dict = match &object {
                Object::Stream(stream) => {
                    self.stream(stream, named)?;
                    stream.dict().clone()
                }
                Object::Dict(dict) => dict.clone(),
                Object::Array(array) => {
                    for part in array.raw_iter() {
                        waiting.extend(self.next(page, part));
                    }
                    continue;
                }
                _ => continue,
            };
            refuse(&dict)?;
            for (key, value) in dict.entries() {
                // Ways back to the page and to others.
                if !matches!(
                    key.as_ref(),
                    b"Parent" | b"P" | b"Dest" | b"A" | b"AA" | b"StructParent" | b"Popup"
                ) {
                    waiting.extend(self.next(page, value));
                }
            }
        }
        Ok(())
    }

    /// An object that wasn't looked at yet and may hold others.
    fn next<'a>(&mut self, page: &Page<'a>, object: MaybeRef<Object<'a>>) -> Option<Object<'a>> {
        let object = match object {
            MaybeRef::Ref(id) => {
                let id: ObjectIdentifier = id.into();
                self.seen.insert(id).then(|| page.xref().get::<Object<'a>>(id)).flatten()?
            }
            MaybeRef::NotRef(object) => object,
        };
        matches!(object, Object::Stream(_) | Object::Dict(_) | Object::Array(_)).then_some(object)
    }

    fn stream(&mut self, stream: &Stream<'_>, named: &Dict<'_>) -> Result<(), DecodeFault> {
        let dict = stream.dict();
        if dict.get::<Name<'_>>("Subtype").as_deref() == Some(b"Image") {
            let space = dict.get::<Object<'_>>("ColorSpace").map(|s| Space::of(&s, named));
            let image = Image { stream: stream.clone(), space, fill: Some([0; 3]) };
            return image.sound().map_err(|refusal| match refusal {
                Refusal::Fault(fault) => fault,
                Refusal::Drawing => DecodeFault::NotAScan,
            });
        }
        let is_jbig2 = dict.contains_key("JBIG2Globals");
        let most = if is_jbig2 { super::jbig2::MOST_GLOBALS } else { 2 * MOST_CONTENT };
        self.bytes += filter::bytes(stream, most)?.len();
        if self.bytes > MOST_BYTES { Err(DecodeFault::TooLarge) } else { Ok(()) }
    }
}

/// Refuses what takes a renderer long or far: patterns of tiles, and glyphs that are drawings.
fn refuse(dict: &Dict<'_>) -> Result<(), DecodeFault> {
    let tiles = filter::whole(dict, "PatternType") == Some(1);
    let drawn = dict.get::<Name<'_>>("Subtype").as_deref() == Some(b"Type3");
    if tiles || drawn { Err(DecodeFault::NotAScan) } else { Ok(()) }
}
