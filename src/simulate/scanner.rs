//! What a scanner makes of a card.

use super::SimulateError;
use super::print::{DOTS, Print};
use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use rand::{Rng, RngExt};
use std::io::Cursor;

/// File format of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Gray JPEG of this quality, 1..=100.
    Jpeg(u8),
    /// Gray PNG.
    Png,
    /// Black and white PNG, threshold at this level.
    BilevelPng(u8),
    /// Black and white TIFF, fax group 4, threshold at this level.
    Group4(u8),
}

impl Format {
    /// The file's ending.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jpeg(_) => "jpg",
            Self::Png | Self::BilevelPng(_) => "png",
            Self::Group4(_) => "tif",
        }
    }
}

/// How a card is scanned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scanner {
    /// Dots an inch of the picture.
    pub dpi: f64,
    /// Lean, degrees clockwise.
    pub lean_deg: f64,
    /// Fed in upside down.
    pub upside_down: bool,
    /// Shift of the sheet on the glass, millimetres.
    pub shift_mm: (f64, f64),
    /// Stretch along the feed, as a factor.
    pub stretch: f64,
    /// Level of paper, 0..=255.
    pub paper: u8,
    /// Level of the blackest print.
    pub black: u8,
    /// Paper's change of level from left to right and from top to bottom.
    pub gradient: (f64, f64),
    /// Standard deviation of the noise, in levels.
    pub noise: f64,
    /// Radius of the blur, in millimetres: the side of the square that one pixel sees.
    pub blur_mm: f64,
    /// A dark vertical line of dirt on the glass: its place in millimetres, and how much darker.
    pub streak: Option<(f64, u8)>,
    /// The file that is written.
    pub format: Format,
}

impl Scanner {
    /// A clean 200-dpi scan.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            dpi: 200.0,
            lean_deg: 0.0,
            upside_down: false,
            shift_mm: (0.0, 0.0),
            stretch: 1.0,
            paper: 245,
            black: 25,
            gradient: (0.0, 0.0),
            noise: 0.0,
            blur_mm: 0.13,
            streak: None,
            format: Format::Png,
        }
    }

    /// A scan as an office makes them: lean within ±3°, some noise and shade, JPEG of quality 70 and up,
    /// sometimes upside down.
    pub fn office(rng: &mut impl Rng) -> Self {
        Self {
            dpi: [150.0, 200.0, 200.0, 300.0][rng.random_range(0..4)],
            lean_deg: rng.random_range(-3.0..3.0),
            upside_down: rng.random_bool(0.1),
            shift_mm: (rng.random_range(-3.0..3.0), rng.random_range(-3.0..3.0)),
            stretch: rng.random_range(0.99..1.01),
            paper: rng.random_range(222..=250),
            black: rng.random_range(15..=55),
            gradient: (rng.random_range(-14.0..14.0), rng.random_range(-14.0..14.0)),
            noise: rng.random_range(0.0..7.0),
            blur_mm: rng.random_range(0.12..0.22),
            streak: None,
            format: match rng.random_range(0..10) {
                0 => Format::Png,
                1 => Format::BilevelPng(rng.random_range(140..170)),
                2 => Format::Group4(rng.random_range(140..170)),
                _ => Format::Jpeg(rng.random_range(70..=92)),
            },
        }
    }

    /// The picture of `print` as a file's bytes.
    ///
    /// # Errors
    ///
    /// [`SimulateError::Encode`] if the picture can't be written in the chosen format.
    pub fn scan(&self, print: &Print, rng: &mut impl Rng) -> Result<Vec<u8>, SimulateError> {
        let (width, height, levels) = self.expose(print, rng);
        encode(self.format, self.dpi, width, height, &levels)
    }

    /// Gray levels of the picture, row by row, with its width and height.
    fn expose(&self, print: &Print, rng: &mut impl Rng) -> (usize, usize, Vec<u8>) {
        let scale = self.dpi / 25.4;
        let (page_w, page_h) = (print.width as f64 / DOTS, print.height as f64 / DOTS);
        let (width, height) = ((page_w * scale).round() as usize, (page_h * scale).round() as usize);
        let angle = self.lean_deg.to_radians() + if self.upside_down { std::f64::consts::PI } else { 0.0 };
        let (sin, cos) = angle.sin_cos();
        // Picture millimetres, from its middle, back to dots of the print.
        let (mx, my) = (page_w / 2.0, page_h / 2.0);
        let to_dots = |x: f64, y: f64| {
            let (dx, dy) = (x - mx - self.shift_mm.0, y - my - self.shift_mm.1);
            let (u, v) = (cos * dx + sin * dy, (cos * dy - sin * dx) / self.stretch);
            ((u + mx) * DOTS - 0.5, (v + my) * DOTS - 0.5)
        };
        // Each pixel sees a square of `blur_mm`, looked at in nine places.
        let reach = self.blur_mm / 3.0;
        let mut taps = [(0, 0); 9];
        for (i, tap) in taps.iter_mut().enumerate() {
            let (a, b) = ((i % 3) as f64 - 1.0, (i / 3) as f64 - 1.0);
            let (u, v) = ((cos * a + sin * b) * reach, (cos * b - sin * a) / self.stretch * reach);
            *tap = (fixed(u * DOTS), fixed(v * DOTS));
        }
        let glass = Glass::of(print, taps);
        let (paper, black) = (f64::from(self.paper), f64::from(self.black));
        // What a pixel sees of the paper's light, by the sum of its nine places; and what is the same in a whole column.
        let shares: Vec<f64> = (0..=PAPER).map(|sum| f64::from(sum) / f64::from(PAPER)).collect();
        let columns: Vec<(f64, f64)> = (0..width)
            .map(|px| {
                let x = (px as f64 + 0.5) / scale;
                let dirt = self.streak.filter(|(place, _)| (x - place).abs() < 0.25);
                ((x / page_w - 0.5) * self.gradient.0, dirt.map_or(0.0, |(_, darker)| f64::from(darker)))
            })
            .collect();
        let mut noise = Noise::new(rng.random());
        let mut levels = Vec::with_capacity(width * height);
        for py in 0..height {
            let y = (py as f64 + 0.5) / scale;
            // The way back is affine: along a row it goes on in equal steps.
            let (start, end) = (to_dots(0.5 / scale, y), to_dots((width as f64 + 0.5) / scale, y));
            let step = (fixed((end.0 - start.0) / width as f64), fixed((end.1 - start.1) / width as f64));
            // Half a dot on, so that cutting off the fraction rounds.
            let (mut u, mut v) = (fixed(start.0 + 0.5), fixed(start.1 + 0.5));
            let across = (y / page_h - 0.5) * self.gradient.1;
            levels.extend(columns.iter().map(|(along, dirt)| {
                let reflected = shares[glass.sum(u, v) as usize];
                (u, v) = (u + step.0, v + step.1);
                let mut level = black + (paper + (along + across) - black) * reflected - dirt;
                if self.noise > 0.0 {
                    level += self.noise * noise.next();
                }
                // Rounds, and stops at 0 and 255.
                (level + 0.5) as u8
            }));
        }
        (width, height, levels)
    }
}

/// Bits of the fraction of a place among the dots: over a row of 10 000 pixels the steps add up to less than
/// a hundredth of a dot.
const FRACTION: u32 = 24;

/// A place or step in dots as a whole number of 2⁻²⁴ dots.
fn fixed(dots: f64) -> i64 {
    (dots * f64::from(1u32 << FRACTION)) as i64
}

/// What the nine places of a pixel make on bare paper.
const PAPER: u32 = 9 * 255;

/// A print on the glass, and the nine places around a pixel's middle that it is looked at in.
struct Glass<'p> {
    print: &'p Print,
    bare: Bare,
    taps: [(i64, i64); 9],
    /// Where the middle may lie so that all nine places are on the print: from 0 and 0 on, by so much less than its size.
    inner: (i64, i64, u64, u64),
}

impl<'p> Glass<'p> {
    fn of(print: &'p Print, taps: [(i64, i64); 9]) -> Self {
        let reach =
            |way: fn(&(i64, i64)) -> i64| taps.iter().map(way).map(i64::abs).max().unwrap_or_default();
        let (right, down) = (reach(|tap| tap.0), reach(|tap| tap.1));
        let room = |size: usize, reach: i64| {
            let size = i64::try_from(size).unwrap_or_default() << FRACTION;
            u64::try_from(size - 2 * reach).unwrap_or_default()
        };
        let inner = (right, down, room(print.width, right), room(print.height, down));
        Self { print, bare: Bare::of(print), taps, inner }
    }

    /// The levels of the nine places around a middle, together; paper beyond the print's edges.
    #[inline]
    fn sum(&self, u: i64, v: i64) -> u32 {
        if self.bare.at(u, v) {
            return PAPER;
        }
        let (right, down, across, height) = self.inner;
        let print = self.print;
        // A place before the first is a great number here.
        if u.wrapping_sub(right) as u64 >= across || v.wrapping_sub(down) as u64 >= height {
            return self.taps.iter().map(|(du, dv)| u32::from(dot(print, u + du, v + dv))).sum();
        }
        let at = |(du, dv): &(i64, i64)| {
            let (x, y) = (u.wrapping_add(*du) >> FRACTION, v.wrapping_add(*dv) >> FRACTION);
            let index = (y as usize).wrapping_mul(print.width).wrapping_add(x as usize);
            u32::from(print.levels.get(index).copied().unwrap_or(u8::MAX))
        };
        self.taps.iter().map(at).fold(0, u32::wrapping_add)
    }
}

/// The print's level at a dot; paper beyond its edges.
fn dot(print: &Print, u: i64, v: i64) -> u8 {
    let place = |fixed: i64| usize::try_from(fixed >> FRACTION).unwrap_or(usize::MAX);
    let (x, y) = (place(u), place(v));
    if x < print.width && y < print.height { print.levels[y * print.width + x] } else { 255 }
}

/// Where a print is bare paper: nine tenths of a card, which need not be looked at dot by dot.
struct Bare {
    across: usize,
    down: usize,
    tiles: Vec<bool>,
}

impl Bare {
    /// Side of a tile in dots (2³): larger than any blur, small enough to fit between rows of print.
    const TILE: usize = 8;

    fn of(print: &Print) -> Self {
        let (across, down) = (print.width.div_ceil(Self::TILE), print.height.div_ceil(Self::TILE));
        let mut inked = vec![false; across * down];
        for (y, row) in print.levels.chunks_exact(print.width).enumerate() {
            let tiles = &mut inked[y / Self::TILE * across..][..across];
            for (tile, dots) in tiles.iter_mut().zip(row.chunks(Self::TILE)) {
                *tile |= dots.iter().any(|&level| level != 255);
            }
        }
        // A tile is bare if nothing around it is inked either: blur reaches a dot beyond it.
        let tiles = (0..inked.len())
            .map(|index| {
                let (tx, ty) = (index % across, index / across);
                let mut rows = ty.saturating_sub(1)..(ty + 2).min(down);
                rows.all(|y| {
                    let (from, to) = (tx.saturating_sub(1), (tx + 2).min(across));
                    inked[y * across..][from..to].iter().all(|&ink| !ink)
                })
            })
            .collect();
        Self { across, down, tiles }
    }

    /// Whether everything within a tile's side of a dot is bare paper; what lies off the print is not said
    /// to be.
    #[inline]
    fn at(&self, u: i64, v: i64) -> bool {
        let tile = |fixed: i64| usize::try_from(fixed >> (FRACTION + 3)).unwrap_or(usize::MAX);
        let (tx, ty) = (tile(u), tile(v));
        tx < self.across && ty < self.down && self.tiles[ty * self.across + tx]
    }
}

/// Noise of standard deviation 1: the sum of four uniform numbers, close enough to a bell to ±3.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    #[inline]
    fn next(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let sum: u64 = (0..4).map(|i| z >> (16 * i) & 0xffff).sum();
        // Four uniform numbers have a variance of 4/12.
        (sum as f64 / 65_536.0 - 2.0) * 3.0f64.sqrt()
    }
}

/// A picture as a file.
pub(super) fn encode(
    format: Format,
    dpi: f64,
    width: usize,
    height: usize,
    levels: &[u8],
) -> Result<Vec<u8>, SimulateError> {
    let (w, h) = (width as u32, height as u32);
    match format {
        Format::Jpeg(quality) => {
            let mut out = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut out, quality);
            encoder.set_pixel_density(PixelDensity::dpi(dpi as u16));
            encoder
                .encode(levels, w, h, image::ExtendedColorType::L8)
                .map_err(|_| SimulateError::Encode { format: "JPEG" })?;
            Ok(out)
        }
        Format::Png => png_of(dpi, w, h, png::BitDepth::Eight, levels),
        Format::BilevelPng(threshold) => {
            png_of(dpi, w, h, png::BitDepth::One, &packed(width, levels, threshold))
        }
        Format::Group4(threshold) => group4(dpi, width, height, levels, threshold),
    }
}

/// One bit a pixel, 1 for white, rows filled up to whole bytes.
fn packed(width: usize, levels: &[u8], threshold: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(levels.len() / 8 + levels.len() / width);
    for row in levels.chunks_exact(width) {
        for eight in row.chunks(8) {
            let byte =
                eight.iter().enumerate().fold(0u8, |b, (i, &v)| b | u8::from(v >= threshold) << (7 - i));
            out.push(byte);
        }
    }
    out
}

fn png_of(dpi: f64, w: u32, h: u32, depth: png::BitDepth, data: &[u8]) -> Result<Vec<u8>, SimulateError> {
    let failed = |_| SimulateError::Encode { format: "PNG" };
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, w, h);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Fast);
    // Noise is not packed better by trying every filter on every row.
    encoder.set_filter(png::Filter::Up);
    let metre = (dpi / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: metre, yppu: metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// A TIFF file of one fax-coded strip.
fn group4(
    dpi: f64,
    width: usize,
    height: usize,
    levels: &[u8],
    threshold: u8,
) -> Result<Vec<u8>, SimulateError> {
    use tiff::encoder::{Rational, TiffEncoder};
    use tiff::tags::Tag;
    let failed = || SimulateError::Encode { format: "TIFF" };
    let mut coder = fax::encoder::Encoder::new(fax::VecWriter::new());
    let columns = u32::try_from(width).map_err(|_| failed())?;
    for row in levels.chunks_exact(width) {
        let colours = row.iter().map(|&v| if v < threshold { fax::Color::Black } else { fax::Color::White });
        coder.encode_line(colours, columns).map_err(|_| failed())?;
    }
    let strip = coder.finish().map_err(|_| failed())?.finish();
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out).map_err(|_| failed())?;
    let mut directory = encoder.image_directory().map_err(|_| failed())?;
    let write = |directory: &mut tiff::encoder::DirectoryEncoder<'_, _, _>| -> tiff::TiffResult<()> {
        let offset = directory.write_data(strip.as_slice())?;
        let rows = height as u32;
        directory.write_tag(Tag::ImageWidth, columns)?;
        directory.write_tag(Tag::ImageLength, rows)?;
        directory.write_tag(Tag::BitsPerSample, 1u16)?;
        directory.write_tag(Tag::Compression, 4u16)?;
        directory.write_tag(Tag::PhotometricInterpretation, 0u16)?;
        directory.write_tag(Tag::StripOffsets, offset as u32)?;
        directory.write_tag(Tag::SamplesPerPixel, 1u16)?;
        directory.write_tag(Tag::RowsPerStrip, rows)?;
        directory.write_tag(Tag::StripByteCounts, strip.len() as u32)?;
        directory.write_tag(Tag::XResolution, Rational { n: dpi as u32, d: 1 })?;
        directory.write_tag(Tag::YResolution, Rational { n: dpi as u32, d: 1 })?;
        directory.write_tag(Tag::ResolutionUnit, 2u16)?;
        Ok(())
    };
    write(&mut directory).map_err(|_| failed())?;
    directory.finish().map_err(|_| failed())?;
    Ok(out.into_inner())
}
