//! One gray plane, and how samples of every kind become it.

use super::Depth;
use crate::sheet::{Channel, DecodeFault};

/// A picture as a decoder gives it, before it is somebody's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
    pub(super) dpi: Option<u16>,
    pub(super) depth: Depth,
}

/// The most pixels a side: A0 at 1200 dpi has 56 000. Buffers of a few rows follow from it; with a side as long as
/// the whole area a row of colour alone would take a gigabyte.
const MOST_SIDE: u64 = 100_000;

/// The number of pixels, if the page isn't larger than [`super::MOST_PIXELS`] or absurdly long.
pub(super) fn area(width: u64, height: u64) -> Result<usize, DecodeFault> {
    if width.max(height) > MOST_SIDE {
        return Err(DecodeFault::TooLarge);
    }
    let pixels =
        width.checked_mul(height).filter(|&n| n <= super::MOST_PIXELS).ok_or(DecodeFault::TooLarge)?;
    if pixels == 0 {
        return Err(DecodeFault::Damaged);
    }
    usize::try_from(pixels).map_err(|_| DecodeFault::TooLarge)
}

/// The gray level of a colour: BT.601, as JPEG's own luma, rounded.
pub(super) fn luma(r: u8, g: u8, b: u8) -> u8 {
    // 0.299, 0.587, 0.114 in 1/65536; the sum is exactly 65536.
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 32_768;
    u8::try_from(sum >> 16).unwrap_or(u8::MAX)
}

/// What is read of a colour.
pub(super) fn of_colour(channel: Channel, r: u8, g: u8, b: u8) -> u8 {
    match channel {
        Channel::Luma => luma(r, g, b),
        Channel::Red => r,
        Channel::Green => g,
        Channel::Blue => b,
    }
}

/// A level laid over white paper with the given opacity.
pub(super) fn over_white(level: u8, alpha: u8) -> u8 {
    let (level, alpha) = (u32::from(level), u32::from(alpha));
    u8::try_from((level * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

/// Four inks without a profile: each takes its share of the light.
fn of_inks(channel: Channel, c: u8, m: u8, y: u8, k: u8) -> u8 {
    let light = |ink: u8| {
        let left = u32::from(255 - ink) * u32::from(255 - k);
        u8::try_from((left + 127) / 255).unwrap_or(u8::MAX)
    };
    of_colour(channel, light(c), light(m), light(y))
}

/// JFIF's luma and colour differences as a colour.
fn of_differences(channel: Channel, y: u8, cb: u8, cr: u8) -> u8 {
    let (level, blue, red) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let clamp = |v: i32| u8::try_from(((v + 32_768) >> 16).clamp(0, 255)).unwrap_or(u8::MAX);
    match channel {
        Channel::Luma => y,
        // 1.402, 0.344136, 0.714136, 1.772 in 1/65536.
        Channel::Red => clamp(level + 91_881 * red),
        Channel::Green => clamp(level - 22_554 * blue - 46_802 * red),
        Channel::Blue => clamp(level + 116_130 * blue),
    }
}

/// Gray levels of interleaved samples: 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha.
pub(super) fn gray_of(samples: Vec<u8>, channels: usize) -> Result<Vec<u8>, DecodeFault> {
    Ok(match channels {
        1 => samples,
        2 => samples.chunks_exact(2).map(|p| over_white(p[0], p[1])).collect(),
        3 => samples.chunks_exact(3).map(|p| luma(p[0], p[1], p[2])).collect(),
        4 => samples.chunks_exact(4).map(|p| over_white(luma(p[0], p[1], p[2]), p[3])).collect(),
        _ => return Err(DecodeFault::Unsupported),
    })
}

/// What the first samples of a pixel are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Colour {
    /// One sample; its level is looked up (of 16-bit samples by their upper byte).
    Table(Box<[u8; 256]>),
    /// Red, green, blue.
    Rgb,
    /// Cyan, magenta, yellow, black.
    Cmyk,
    /// Luma and colour differences, 8 bits each.
    YCbCr,
}

impl Colour {
    /// Gray levels with `bits` a sample, from black up or from white down.
    pub(super) fn gray(bits: u8, zero_is_white: bool) -> Self {
        // 16-bit samples are looked up by their upper byte.
        let most = (1u32 << bits.min(8)) - 1;
        Self::table(|sample| {
            let level = u8::try_from((sample.min(most) * 255 + most / 2) / most).unwrap_or(u8::MAX);
            if zero_is_white { 255 - level } else { level }
        })
    }

    /// Levels by a rule.
    pub(super) fn table(level: impl Fn(u32) -> u8) -> Self {
        let mut table = Box::new([0; 256]);
        for (sample, entry) in (0..).zip(table.iter_mut()) {
            *entry = level(sample);
        }
        Self::Table(table)
    }

    /// How many samples it has.
    pub(super) fn samples(&self) -> usize {
        match self {
            Self::Table(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// What a sample behind the colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opacity {
    /// Nothing.
    None,
    /// How much of the colour is there.
    Straight,
    /// The same, and the colour is multiplied by it already.
    Multiplied,
}

/// Which byte of a 16-bit sample is the upper one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The first: PNG, PDF, big-endian TIFF.
    Big,
    /// The second.
    Little,
}

/// How rows of packed samples become rows of levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Samples {
    /// Bits a sample: 1, 2, 4, 8 or 16.
    pub(super) bits: u8,
    /// Samples a pixel, with those that are passed over.
    pub(super) count: usize,
    pub(super) colour: Colour,
    /// What the first sample behind the colour is.
    pub(super) opacity: Opacity,
    pub(super) order: Order,
    pub(super) channel: Channel,
}

impl Samples {
    /// One sample a pixel.
    #[cfg(test)]
    pub(super) fn single(bits: u8, colour: Colour) -> Self {
        Self { bits, count: 1, colour, opacity: Opacity::None, order: Order::Big, channel: Channel::Luma }
    }

    /// Bytes of a row of `width` pixels.
    pub(super) fn row_bytes(&self, width: usize) -> Option<usize> {
        Some(width.checked_mul(self.count)?.checked_mul(usize::from(self.bits))?.div_ceil(8))
    }

    /// Whether there are two levels only, black and white.
    pub(super) fn depth(&self) -> Depth {
        match &self.colour {
            Colour::Table(levels) if self.bits == 1 && self.count == 1 => {
                let pair = [levels[0], levels[1]];
                if pair.iter().all(|&l| l == 0 || l == 255) { Depth::Bilevel } else { Depth::Gray }
            }
            _ => Depth::Gray,
        }
    }

    /// The levels of a row that begins at `row`, one for each place of `out`.
    ///
    /// A row that is too short leaves the rest of `out` as it is: callers check the length before.
    pub(super) fn levels(&self, row: &[u8], out: &mut [u8]) {
        match (&self.colour, self.count, self.bits) {
            (Colour::Table(levels), 1, 1) => unpack_bits(row, levels[0], levels[1], out),
            (Colour::Table(levels), 1, 8) => {
                if (0..).zip(levels.iter()).all(|(i, &l)| i == u32::from(l)) {
                    let length = out.len().min(row.len());
                    out[..length].copy_from_slice(&row[..length]);
                } else {
                    out.iter_mut().zip(row).for_each(|(o, &s)| *o = levels[usize::from(s)]);
                }
            }
            (Colour::Rgb, 3, 8) if self.channel == Channel::Luma => {
                out.iter_mut().zip(row.chunks_exact(3)).for_each(|(o, p)| *o = luma(p[0], p[1], p[2]));
            }
            (_, _, 8) => self.by_bytes(row, 1, 0, out),
            (_, _, 16) => self.by_bytes(row, 2, usize::from(self.order == Order::Little), out),
            _ => self.by_bits(row, out),
        }
    }

    /// Samples of whole bytes: each `step` bytes, of which the one at `upper` counts.
    fn by_bytes(&self, row: &[u8], step: usize, upper: usize, out: &mut [u8]) {
        for (level, pixel) in out.iter_mut().zip(row.chunks_exact(step * self.count)) {
            *level = self.level(|sample| pixel[sample * step + upper]);
        }
    }

    /// Samples of 1, 2 or 4 bits, several in a byte.
    fn by_bits(&self, row: &[u8], out: &mut [u8]) {
        let bits = usize::from(self.bits);
        // Samples that are no indices are spread to the whole range.
        let most = (1u32 << self.bits) - 1;
        let spread = |sample: u8| u8::try_from(u32::from(sample) * 255 / most).unwrap_or(u8::MAX);
        for (x, level) in out.iter_mut().enumerate() {
            let sample = |i: usize| {
                let at = (x * self.count + i) * bits;
                let byte = row.get(at / 8).copied().unwrap_or(0);
                byte >> (8 - bits - at % 8) & ((1 << bits) - 1)
            };
            *level = match self.colour {
                Colour::Table(_) if self.opacity == Opacity::None => self.level(sample),
                Colour::Table(ref levels) => {
                    let gray = levels[usize::from(sample(0))];
                    self.laid(gray, spread(sample(1)))
                }
                _ => self.level(|i| spread(sample(i))),
            };
        }
    }

    /// The level of one pixel, whose samples are given by their number.
    fn level(&self, sample: impl Fn(usize) -> u8) -> u8 {
        let level = match &self.colour {
            Colour::Table(levels) => levels[usize::from(sample(0))],
            Colour::Rgb => of_colour(self.channel, sample(0), sample(1), sample(2)),
            Colour::Cmyk => of_inks(self.channel, sample(0), sample(1), sample(2), sample(3)),
            Colour::YCbCr => of_differences(self.channel, sample(0), sample(1), sample(2)),
        };
        match self.opacity {
            Opacity::None => level,
            _ => self.laid(level, sample(self.colour.samples())),
        }
    }

    fn laid(&self, level: u8, alpha: u8) -> u8 {
        match self.opacity {
            Opacity::None => level,
            Opacity::Straight => over_white(level, alpha),
            Opacity::Multiplied => level.saturating_add(255 - alpha),
        }
    }
}

/// For every byte, eight bytes: 255 where its bit is set, most significant first.
const SPREAD: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte][bit] = if byte >> (7 - bit) & 1 == 1 { 255 } else { 0 };
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// One level a bit, most significant first.
pub(super) fn unpack_bits(packed: &[u8], zero: u8, one: u8, out: &mut [u8]) {
    let (base, change) = (u64::from_ne_bytes([zero; 8]), u64::from_ne_bytes([zero ^ one; 8]));
    let eight = |byte: u8| ((u64::from_ne_bytes(SPREAD[usize::from(byte)]) & change) ^ base).to_ne_bytes();
    let (whole, rest) = out.as_chunks_mut::<8>();
    for (levels, &byte) in whole.iter_mut().zip(packed) {
        *levels = eight(byte);
    }
    if let Some(&byte) = packed.get(whole.len()) {
        let last = eight(byte);
        let length = rest.len();
        rest.copy_from_slice(&last[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_of_gray_is_itself_and_red_is_darker_than_green() {
        for level in 0..=255 {
            assert_eq!(luma(level, level, level), level);
            assert_eq!(of_differences(Channel::Green, level, 128, 128), level);
        }
        assert_eq!((luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)), (76, 150, 29));
    }

    #[test]
    fn red_print_is_white_through_red() {
        let rgb = |channel| Samples { count: 3, channel, ..Samples::single(8, Colour::Rgb) };
        let read = |channel| {
            let mut out = [9; 2];
            rgb(channel).levels(&[250, 30, 40, 20, 20, 20], &mut out);
            out
        };
        assert_eq!(read(Channel::Red), [250, 20]);
        assert_eq!(read(Channel::Green), [30, 20]);
        assert_eq!(read(Channel::Blue), [40, 20]);
        assert_eq!(read(Channel::Luma), [luma(250, 30, 40), 20]);
        // JFIF's red.
        assert_eq!(of_differences(Channel::Red, 76, 85, 255), 254);
        assert_eq!(of_differences(Channel::Blue, 76, 85, 255), 0);
    }

    #[test]
    fn bits_unpack_from_the_left_and_padding_is_dropped() {
        let mut out = [7; 3];
        unpack_bits(&[0b1010_0000], 0, 255, &mut out);
        assert_eq!(out, [255, 0, 255]);
        let mut out = [7; 11];
        unpack_bits(&[0b1010_0000, 0b0100_0000], 255, 0, &mut out);
        assert_eq!(out, [0, 255, 0, 255, 255, 255, 255, 255, 255, 0, 255]);
    }

    #[test]
    fn samples_of_every_width_are_gray() {
        let read = |bits, row: &[u8], width| {
            let mut out = vec![1; width];
            Samples::single(bits, Colour::gray(bits, false)).levels(row, &mut out);
            out
        };
        assert_eq!(read(1, &[0b0110_0000], 3), [0, 255, 255]);
        assert_eq!(read(2, &[0b0001_1011], 4), [0, 85, 170, 255]);
        assert_eq!(read(4, &[0x0f, 0x80], 3), [0, 255, 136]);
        assert_eq!(read(8, &[3, 200], 2), [3, 200]);
        assert_eq!(read(16, &[3, 9, 200, 9], 2), [3, 200]);
    }

    #[test]
    fn what_is_clear_is_paper() {
        let gray =
            Samples { count: 2, opacity: Opacity::Straight, ..Samples::single(8, Colour::gray(8, false)) };
        let mut out = [1; 3];
        gray.levels(&[0, 0, 0, 255, 100, 51], &mut out);
        assert_eq!(out, [255, 0, 224]);
        let done = Samples { opacity: Opacity::Multiplied, ..gray };
        done.levels(&[0, 0, 0, 255, 20, 51], &mut out);
        assert_eq!(out, [255, 0, 224]);
    }
}
