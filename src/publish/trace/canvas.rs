//! A coloured picture to draw on: filled shapes with soft edges, lines, text.

// Pixels of one picture: checked or clamped before each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::layout::draw::Typeface;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};

/// A colour of the screen: red, green, blue.
pub(super) type Rgb = [u8; 3];

/// A place on the canvas, in pixels from its upper left corner.
pub(super) type At = (f64, f64);

/// Stands for characters that the font lacks.
const LACKING: char = '〓';

/// Straight pieces that a curve of a letter becomes: at 30 pixels a letter, none is longer than two.
const PIECES: u8 = 6;

/// The longest side of a shape that is drawn, in pixels; larger ones are slips of the caller's.
const MOST_SIDE: f64 = 20_000.0;

/// The picture.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pixels: Vec<u8>,
    font: Option<FontRef<'static>>,
}

impl Canvas {
    /// A white picture.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let font = FontRef::new(Typeface::font_file()).ok();
        Self { width, height, pixels: vec![255; width * height * 3], font }
    }

    /// Sets a pixel to a gray level.
    pub(super) fn gray(&mut self, x: usize, y: usize, level: u8) {
        let at = (y * self.width + x) * 3;
        self.pixels[at..at + 3].fill(level);
    }

    /// Fills what the closed loops enclose. A loop that runs the other way round cuts a hole.
    pub(super) fn fill(&mut self, loops: &[Vec<At>], colour: Rgb, opacity: f64) {
        let points = || loops.iter().flatten();
        let (left, right) = points().fold((f64::MAX, f64::MIN), |(a, b), p| (a.min(p.0), b.max(p.0)));
        let (top, bottom) = points().fold((f64::MAX, f64::MIN), |(a, b), p| (a.min(p.1), b.max(p.1)));
        let outside = left >= self.width as f64 || top >= self.height as f64 || right <= 0.0 || bottom <= 0.0;
        if left > right || outside || right - left > MOST_SIDE || bottom - top > MOST_SIDE {
            return;
        }
        let (x0, y0) = (left.floor(), top.floor());
        let mut cover = Cover::new((right - x0).ceil() as usize + 2, (bottom - y0).ceil() as usize + 1);
        for points in loops {
            for (i, &p) in points.iter().enumerate() {
                let q = points[(i + 1) % points.len()];
                cover.edge((p.0 - x0, p.1 - y0), (q.0 - x0, q.1 - y0));
            }
        }
        let mut sum = 0.0;
        for (i, part) in cover.parts.iter().enumerate() {
            sum += part;
            let (x, y) = (x0 + (i % cover.width) as f64, y0 + (i / cover.width) as f64);
            let alpha = sum.abs().min(1.0) * opacity;
            if alpha < 0.004 || x < 0.0 || y < 0.0 || x >= self.width as f64 || y >= self.height as f64 {
                continue;
            }
            let at = (y as usize * self.width + x as usize) * 3;
            for (pixel, ink) in self.pixels[at..at + 3].iter_mut().zip(colour) {
                let mixed = f64::from(*pixel) * (1.0 - alpha) + f64::from(ink) * alpha;
                *pixel = mixed.round() as u8;
            }
        }
    }

    /// A line.
    pub(super) fn line(&mut self, from: At, to: At, breadth: f64, colour: Rgb) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        if length <= 0.0 {
            return;
        }
        let (nx, ny) = (-dy / length * breadth / 2.0, dx / length * breadth / 2.0);
        let corners = vec![
            (from.0 + nx, from.1 + ny),
            (to.0 + nx, to.1 + ny),
            (to.0 - nx, to.1 - ny),
            (from.0 - nx, from.1 - ny),
        ];
        self.fill(&[corners], colour, 1.0);
    }

    /// The outline of a convex four-cornered shape; the line lies half inside and half outside.
    pub(super) fn frame(&mut self, corners: [At; 4], breadth: f64, colour: Rgb) {
        for i in 0..4 {
            let (p, q) = (corners[i], corners[(i + 1) % 4]);
            // A little longer, so that the corners are whole.
            let (dx, dy) = (q.0 - p.0, q.1 - p.1);
            let length = (dx * dx + dy * dy).sqrt().max(1e-9);
            let (ex, ey) = (dx / length * breadth / 2.0, dy / length * breadth / 2.0);
            self.line((p.0 - ex, p.1 - ey), (q.0 + ex, q.1 + ey), breadth, colour);
        }
    }

    /// A filled upright rectangle.
    pub(super) fn block(&mut self, (left, top): At, (right, bottom): At, colour: Rgb, opacity: f64) {
        self.fill(&[vec![(left, top), (right, top), (right, bottom), (left, bottom)]], colour, opacity);
    }

    /// How long `text` is at `size` pixels.
    pub(super) fn width_of(&self, text: &str, size: f64) -> f64 {
        let Some(font) = &self.font else { return 0.0 };
        let metrics = font.glyph_metrics(Size::new(size as f32), LocationRef::default());
        text.chars().map(|c| f64::from(metrics.advance_width(glyph(font, c)).unwrap_or(0.0))).sum()
    }

    /// Writes `text` from `at` (its left end, standing on y) at `size` pixels, `bold` pixels heavier than the
    /// font has it; gives its length.
    pub(super) fn text(&mut self, at: At, text: &str, size: f64, bold: f64, colour: Rgb) -> f64 {
        let Some(font) = self.font.clone() else { return 0.0 };
        let metrics = font.glyph_metrics(Size::new(size as f32), LocationRef::default());
        let outlines = font.outline_glyphs();
        let mut x = at.0;
        for c in text.chars() {
            let id = glyph(&font, c);
            let mut pen = Pen { at: (x, at.1), loops: Vec::new() };
            if let Some(outline) = outlines.get(id) {
                let settings = DrawSettings::unhinted(Size::new(size as f32), LocationRef::default());
                // A glyph of the shipped font that can't be drawn leaves a gap.
                let _ = outline.draw(settings, &mut pen);
            }
            pen.loops.retain(|points| points.len() > 2);
            self.fill(&pen.loops, colour, 1.0);
            if bold > 0.0 {
                let moved: Vec<Vec<At>> = pen
                    .loops
                    .iter()
                    .map(|points| points.iter().map(|p| (p.0 + bold, p.1)).collect())
                    .collect();
                self.fill(&moved, colour, 1.0);
            }
            x += f64::from(metrics.advance_width(id).unwrap_or(0.0));
        }
        x - at.0
    }

    /// The picture as a PNG file.
    pub(super) fn png(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let sides = u32::try_from(self.width).ok().zip(u32::try_from(self.height).ok());
        if let Some((width, height)) = sides {
            let mut encoder = png::Encoder::new(&mut out, width, height);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            encoder.set_compression(png::Compression::Fast);
            // Writing to memory can't fail; sides and pixels agree by construction.
            if let Ok(mut writer) = encoder.write_header() {
                let _ = writer.write_image_data(&self.pixels);
            }
        }
        out
    }

    #[cfg(test)]
    pub(super) fn at(&self, x: usize, y: usize) -> Rgb {
        let at = (y * self.width + x) * 3;
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]
    }
}

fn glyph(font: &FontRef<'_>, c: char) -> skrifa::GlyphId {
    let charmap = font.charmap();
    charmap.map(c).or_else(|| charmap.map(LACKING)).unwrap_or_default()
}

/// How much of each pixel a shape covers, as the change from the pixel to its left: exact areas under its
/// edges, added up along rows (Levien's font-rs).
struct Cover {
    width: usize,
    parts: Vec<f64>,
}

impl Cover {
    fn new(width: usize, height: usize) -> Self {
        Self { width, parts: vec![0.0; width * height + 1] }
    }

    fn edge(&mut self, p: At, q: At) {
        if (p.1 - q.1).abs() < f64::EPSILON {
            return;
        }
        let (way, top, bottom) = if p.1 < q.1 { (1.0, p, q) } else { (-1.0, q, p) };
        let slope = (bottom.0 - top.0) / (bottom.1 - top.1);
        let mut x = top.0;
        for row in top.1 as usize..bottom.1.ceil() as usize {
            let high = (row as f64).max(top.1);
            let dy = (row as f64 + 1.0).min(bottom.1) - high;
            let next = x + slope * dy;
            self.span(row * self.width, way * dy, x.min(next).max(0.0), x.max(next).max(0.0));
            x = next;
        }
    }

    /// An edge within one row of pixels, from `left` to `right`, as high as `d`.
    fn span(&mut self, line: usize, d: f64, left: f64, right: f64) {
        let (first, end) = (left.floor(), right.ceil());
        let (i, n) = (first as usize, (end - first) as usize);
        let Some(parts) = self.parts.get_mut(line + i..line + i + n.max(1) + 1) else { return };
        if n <= 1 {
            let middle = f64::midpoint(left, right) - first;
            parts[0] += d * (1.0 - middle);
            parts[1] += d * middle;
            return;
        }
        let s = 1.0 / (right - left);
        let start = 1.0 - (left - first);
        let before = 0.5 * s * start * start;
        let tail = right - end + 1.0;
        let after = 0.5 * s * tail * tail;
        parts[0] += d * before;
        if n == 2 {
            parts[1] += d * (1.0 - before - after);
        } else {
            let second = s * (1.5 - (left - first));
            parts[1] += d * (second - before);
            for part in &mut parts[2..n - 1] {
                *part += d * s;
            }
            let last = second + (n - 3) as f64 * s;
            parts[n - 1] += d * (1.0 - last - after);
        }
        parts[n] += d * after;
    }
}

/// Collects a letter's outline as closed loops of straight pieces.
struct Pen {
    at: At,
    loops: Vec<Vec<At>>,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> At {
        (self.at.0 + f64::from(x), self.at.1 - f64::from(y))
    }

    fn last(&self) -> At {
        self.loops.last().and_then(|points| points.last()).copied().unwrap_or(self.at)
    }

    fn add(&mut self, p: At) {
        if let Some(points) = self.loops.last_mut() {
            points.push(p);
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let p = self.place(x, y);
        self.loops.push(vec![p]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let p = self.place(x, y);
        self.add(p);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (a, b, c) = (self.last(), self.place(cx, cy), self.place(x, y));
        for i in 1..=PIECES {
            let t = f64::from(i) / f64::from(PIECES);
            let mix = |a: f64, b: f64, c: f64| (1.0 - t).powi(2) * a + 2.0 * t * (1.0 - t) * b + t * t * c;
            self.add((mix(a.0, b.0, c.0), mix(a.1, b.1, c.1)));
        }
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (a, b, c, d) = (self.last(), self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y));
        for i in 1..=PIECES {
            let t = f64::from(i) / f64::from(PIECES);
            let u = 1.0 - t;
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            self.add((mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1)));
        }
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_covers_its_pixels_and_halves_of_those_at_its_edge() {
        let mut canvas = Canvas::new(10, 10);
        canvas.block((2.0, 2.0), (5.5, 4.0), [0, 0, 0], 1.0);
        assert_eq!(canvas.at(2, 2), [0; 3]);
        assert_eq!(canvas.at(4, 3), [0; 3]);
        assert!(canvas.at(5, 3)[0].abs_diff(128) <= 1);
        assert_eq!(canvas.at(6, 3), [255; 3]);
        assert_eq!(canvas.at(1, 2), [255; 3]);
        assert_eq!(canvas.at(2, 4), [255; 3]);
    }

    #[test]
    fn what_lies_partly_outside_is_cut_off() {
        let mut canvas = Canvas::new(6, 6);
        canvas.block((-3.0, -2.0), (2.0, 20.0), [9, 9, 9], 1.0);
        assert_eq!(canvas.at(0, 0), [9; 3]);
        assert_eq!(canvas.at(1, 5), [9; 3]);
        assert_eq!(canvas.at(2, 5), [255; 3]);
        canvas.block((100.0, 100.0), (103.0, 104.0), [0; 3], 1.0);
    }

    #[test]
    fn a_slanted_edge_covers_by_area() {
        let mut canvas = Canvas::new(8, 8);
        canvas.fill(&[vec![(0.0, 0.0), (8.0, 8.0), (0.0, 8.0)]], [0; 3], 1.0);
        for i in 0..8 {
            assert!(canvas.at(i, i)[0].abs_diff(128) <= 1, "{i}");
        }
        assert_eq!(canvas.at(2, 5), [0; 3]);
        assert_eq!(canvas.at(5, 2), [255; 3]);
    }

    #[test]
    fn text_has_ink_and_the_length_it_says() {
        let mut canvas = Canvas::new(120, 40);
        let length = canvas.text((5.0, 30.0), "A准", 30.0, 0.0, [0; 3]);
        assert!((length - canvas.width_of("A准", 30.0)).abs() < 1e-6 && (45.0..60.0).contains(&length));
        let dark = |from: usize, to: usize| {
            (0..40)
                .flat_map(|y| (from..to).map(move |x| (x, y)))
                .filter(|&(x, y)| canvas.at(x, y)[0] < 100)
                .count()
        };
        assert!(dark(5, 24) > 40 && dark(24, 55) > 100);
        assert_eq!(dark(60, 120), 0);
    }
}
