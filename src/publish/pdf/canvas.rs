//! Lines, texts and the draft's mark on one page, in millimetres from its top left corner.

use super::table::Fit;
use crate::layout::draw::{Colour, Level, PT_PER_MM, TextStyle, Typeface};
use krilla::geom::{PathBuilder, Size, Transform};
use krilla::image::{BitsPerComponent, CustomImage, Image, ImageColorspace};
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;

/// What a draft says of itself.
pub(super) const RED: Colour = Colour(192, 0, 0);

/// Labels beside values.
pub(super) const GRAY: Colour = Colour(96, 96, 96);

/// The mark behind a draft's text: pale enough that 9-point text on it stays readable on a worn laser
/// printer, dark enough that a photocopy keeps it.
const PALE: Colour = Colour(249, 227, 227);

/// Height of the mark's characters in millimetres: two of them take half of an A4 page's diagonal.
const MARK: f64 = 95.0;

/// A picture of gray levels, row by row; its size in pixels.
#[derive(Hash, Clone)]
struct Levels {
    levels: Vec<u8>,
    size: (u32, u32),
}

impl CustomImage for Levels {
    fn color_channel(&self) -> &[u8] {
        &self.levels
    }

    fn alpha_channel(&self) -> Option<&[u8]> {
        None
    }

    fn bits_per_component(&self) -> BitsPerComponent {
        BitsPerComponent::Eight
    }

    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn icc_profile(&self) -> Option<&[u8]> {
        None
    }

    fn color_space(&self) -> ImageColorspace {
        ImageColorspace::Luma
    }
}

/// A page that is being drawn.
pub(super) struct Canvas<'p, 's> {
    surface: &'p mut Surface<'s>,
    typeface: &'p Typeface,
}

impl<'p, 's> Canvas<'p, 's> {
    pub fn new(surface: &'p mut Surface<'s>, typeface: &'p Typeface) -> Self {
        Self { surface, typeface }
    }

    /// What it is set in.
    pub fn typeface(&self) -> &Typeface {
        self.typeface
    }

    /// One line of text; gives back its length.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: &TextStyle) -> f64 {
        self.typeface.draw(self.surface, x, y, text, style)
    }

    /// One line of text, made smaller to fit `width`.
    pub fn within(&mut self, x: f64, y: f64, width: f64, text: &str, style: &TextStyle, least: f64) {
        self.typeface.draw_within(self.surface, (x, y), width, text, style, least);
    }

    /// Fitted lines whose middle is at `y`; their size is their own.
    pub fn fit(&mut self, x: f64, y: f64, fit: &Fit, style: &TextStyle) {
        let style = TextStyle { level: Level::Middle, ..style.size(fit.size) };
        let mut line_y = y - (fit.height() - fit.leading()) / 2.0;
        for line in &fit.lines {
            self.text(x, line_y, line, &style);
            line_y += fit.leading();
        }
    }

    /// A black rule `thick` millimetres thick.
    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, thick: f64) {
        let mut path = PathBuilder::new();
        path.move_to(pt(x1), pt(y1));
        path.line_to(pt(x2), pt(y2));
        let Some(path) = path.finish() else { return };
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke {
            paint: Colour::BLACK.paint(),
            width: pt(thick),
            ..Stroke::default()
        }));
        self.surface.draw_path(&path);
        self.surface.set_stroke(None);
    }

    /// Rectangles (left, top, width, height) of one colour, filled as one shape.
    pub fn bars(&mut self, colour: Colour, rectangles: impl Iterator<Item = (f64, f64, f64, f64)>) {
        let mut path = PathBuilder::new();
        for (x, y, width, height) in rectangles {
            path.move_to(pt(x), pt(y));
            path.line_to(pt(x + width), pt(y));
            path.line_to(pt(x + width), pt(y + height));
            path.line_to(pt(x), pt(y + height));
            path.close();
        }
        let Some(path) = path.finish() else { return };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill { paint: colour.paint(), ..Fill::default() }));
        self.surface.draw_path(&path);
        self.surface.set_fill(None);
    }

    /// The modules of a code, row by row, `width` a row, each `module` millimetres: a picture of one level a module. Outlines take
    /// ten times the bytes, which count where every page of thousands has a code.
    pub fn modules(&mut self, left: f64, top: f64, module: f64, width: usize, dark: &[bool]) {
        let levels = dark.iter().map(|dark| if *dark { 0 } else { 255 }).collect();
        let rows = dark.len() / width.max(1);
        let side = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let picture = Levels { levels, size: (side(width), side(rows)) };
        let (wide, high) = (module * width as f64, module * rows as f64);
        let (Ok(image), Some(size)) = (Image::from_custom(picture, false), Size::from_wh(pt(wide), pt(high)))
        else {
            return;
        };
        self.surface.push_transform(&Transform::from_translate(pt(left), pt(top)));
        self.surface.draw_image(image, size);
        self.surface.pop();
    }

    /// The frame of a rectangle.
    pub fn frame(&mut self, x: f64, y: f64, width: f64, height: f64, thick: f64) {
        let (right, bottom) = (x + width, y + height);
        for (x1, y1, x2, y2) in
            [(x, y, right, y), (x, bottom, right, bottom), (x, y, x, bottom), (right, y, right, bottom)]
        {
            self.line(x1, y1, x2, y2, thick);
        }
    }

    /// A PNG picture as large as fits the place and not larger than `most` millimetres a pixel, from its upper left
    /// corner; gives back its width and height. A picture that can't be decoded leaves its place empty.
    pub fn picture(&mut self, x: f64, y: f64, width: f64, height: f64, most: f64, png: &[u8]) -> (f64, f64) {
        let Ok(image) = Image::from_png(png.to_vec().into(), true) else { return (0.0, 0.0) };
        let (columns, rows) = image.size();
        let scale = (width / f64::from(columns)).min(height / f64::from(rows)).min(most);
        let (wide, high) = (f64::from(columns) * scale, f64::from(rows) * scale);
        let Some(size) = Size::from_wh(pt(wide), pt(high)) else { return (0.0, 0.0) };
        self.surface.push_transform(&Transform::from_translate(pt(x), pt(y)));
        self.surface.draw_image(image, size);
        self.surface.pop();
        (wide, high)
    }

    /// A large pale word from the lower left to the upper right. Drawn first, it lies behind the text.
    pub fn watermark(&mut self, word: &str, width: f64, height: f64) {
        let diagonal = width.hypot(height);
        let (sin, cos) = (height / diagonal, width / diagonal);
        // y points down, so this turns counter-clockwise about the middle of the page.
        let turn = Transform::from_row(
            ratio(cos),
            ratio(-sin),
            ratio(sin),
            ratio(cos),
            pt(width / 2.0),
            pt(height / 2.0),
        );
        self.surface.push_transform(&turn);
        let style = TextStyle::new(MARK * PT_PER_MM).centred().middle().colour(PALE);
        self.text(0.0, 0.0, word, &style);
        self.surface.pop();
    }
}

#[allow(clippy::cast_possible_truncation)] // a page's 842 points to within 1/8000
fn pt(mm: f64) -> f32 {
    (mm * PT_PER_MM) as f32
}

#[allow(clippy::cast_possible_truncation)] // within -1..=1
fn ratio(value: f64) -> f32 {
    value as f32
}
