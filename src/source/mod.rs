//! Image files become pages: one gray plane each, whatever the format.
//!
//! [`decode`] looks at the bytes, not at the file's name, and gives every page of the file or the
//! reason why it can't. Nothing is guessed: a file that ends early is an error, never a page with
//! white rows, which would read as blank responses.

mod jpeg;
mod png;
mod tiff;

use crate::sheet::{DecodeFault, Sha256, SheetId};

/// The most pixels that a page may have.
///
/// An A3 sheet at 600 dpi has 70 million; a page of this size takes 120 MB as gray levels. Without a
/// limit a few hundred bytes of PNG could ask for gigabytes.
pub const MOST_PIXELS: u64 = 120_000_000;

/// The least width and height of a page, in pixels: 32K cards at 75 dpi have 270.
pub const LEAST_SIDE: u32 = 200;

/// One page as gray levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Which page of which file.
    pub sheet: SheetId,
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` levels, row by row, 0 black to 255 white.
    pub pixels: Vec<u8>,
    /// Dots an inch, where the file says (files lie: nothing depends on it).
    pub dpi: Option<u16>,
    /// Whether the file held black and white only.
    pub depth: Depth,
}

/// How many levels the file held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Black and white only.
    Bilevel,
    /// Gray levels or colour.
    Gray,
}

impl Page {
    /// A page of given levels, for tests and for pictures that come from elsewhere than a file.
    ///
    /// Returns `None` unless there are `width * height` levels.
    #[must_use]
    pub fn from_levels(sheet: SheetId, width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        let fits = width.checked_mul(height) == Some(pixels.len()) && !pixels.is_empty();
        fits.then_some(Self { sheet, width, height, pixels, dpi: None, depth: Depth::Gray })
    }

    /// The levels of row `y`.
    #[must_use]
    pub fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }
}

/// A picture as a decoder gives it, before it is somebody's page.
struct Plane {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    dpi: Option<u16>,
    depth: Depth,
}

/// The formats that are read, told by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// TIFF, little- or big-endian.
    Tiff,
}

impl Format {
    /// The format of a file that begins with `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            _ => None,
        }
    }
}

/// The pages of one file, each decoded when it is asked for.
///
/// Yields at least one page or fault; a file that can't be opened at all yields one fault.
pub struct Pages<'b> {
    hash: Sha256,
    next: u32,
    state: State<'b>,
}

enum State<'b> {
    Single(Format, &'b [u8]),
    Many(Box<tiff::Directories<'b>>),
    Failed(DecodeFault),
    Done,
}

/// The pages of the image file `bytes`.
///
/// # Example
///
/// ```
/// let bytes = std::fs::read("samples/scans/room-101-01.png")?;
/// let page = duka::source::decode(&bytes).next().unwrap().1?;
/// assert!(page.width > 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn decode(bytes: &[u8]) -> Pages<'_> {
    let state = if bytes.is_empty() {
        State::Failed(DecodeFault::Empty)
    } else {
        match Format::of(bytes) {
            None => State::Failed(DecodeFault::NotAnImage),
            Some(Format::Tiff) => match tiff::Directories::open(bytes) {
                Ok(directories) => State::Many(Box::new(directories)),
                Err(fault) => State::Failed(fault),
            },
            Some(format) => State::Single(format, bytes),
        }
    };
    Pages { hash: Sha256::of(bytes), next: 1, state }
}

/// The first picture of the image file `bytes`, however small: a marker or a blank form rather than a page.
///
/// # Errors
///
/// As the pages of [`decode`], but no picture is too small.
pub fn picture(bytes: &[u8]) -> Result<Page, DecodeFault> {
    let pages = decode(bytes);
    let sheet = SheetId { image: pages.hash, page: 1 };
    let plane = match pages.state {
        State::Failed(fault) => Err(fault),
        State::Done => Err(DecodeFault::Empty),
        State::Single(Format::Jpeg, bytes) => jpeg::decode(bytes),
        State::Single(_, bytes) => png::decode(bytes),
        State::Many(mut directories) => directories.next().unwrap_or(Err(DecodeFault::Damaged)),
    };
    let Plane { width, height, pixels, dpi, depth } = plane?;
    Ok(Page { sheet, width, height, pixels, dpi, depth })
}

impl Pages<'_> {
    /// Hash of the file's bytes.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        self.hash
    }
}

impl Iterator for Pages<'_> {
    type Item = (SheetId, Result<Page, DecodeFault>);

    fn next(&mut self) -> Option<Self::Item> {
        let plane = match std::mem::replace(&mut self.state, State::Done) {
            State::Done => return None,
            State::Failed(fault) => Err(fault),
            State::Single(Format::Jpeg, bytes) => jpeg::decode(bytes),
            State::Single(_, bytes) => png::decode(bytes),
            State::Many(mut directories) => {
                let plane = directories.next()?;
                self.state = State::Many(directories);
                plane
            }
        };
        let sheet = SheetId { image: self.hash, page: self.next };
        self.next += 1;
        let page = plane.and_then(|p| {
            let narrow = p.width.min(p.height) < LEAST_SIDE as usize;
            if narrow {
                return Err(DecodeFault::Unsupported);
            }
            let Plane { width, height, pixels, dpi, depth } = p;
            Ok(Page { sheet, width, height, pixels, dpi, depth })
        });
        Some((sheet, page))
    }
}

/// The number of pixels, if the page isn't larger than [`MOST_PIXELS`].
fn area(width: u64, height: u64) -> Result<usize, DecodeFault> {
    let pixels = width.checked_mul(height).filter(|&n| n <= MOST_PIXELS).ok_or(DecodeFault::TooLarge)?;
    if pixels == 0 {
        return Err(DecodeFault::Damaged);
    }
    usize::try_from(pixels).map_err(|_| DecodeFault::TooLarge)
}

/// The gray level of a colour: BT.601, as JPEG's own luma, rounded.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    // 0.299, 0.587, 0.114 in 1/65536; the sum is exactly 65536.
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 32_768;
    u8::try_from(sum >> 16).unwrap_or(u8::MAX)
}

/// A level laid over white paper with the given opacity.
fn over_white(level: u8, alpha: u8) -> u8 {
    let (level, alpha) = (u32::from(level), u32::from(alpha));
    u8::try_from((level * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

/// Gray levels of interleaved samples: 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha.
fn gray_of(samples: Vec<u8>, channels: usize) -> Result<Vec<u8>, DecodeFault> {
    Ok(match channels {
        1 => samples,
        2 => samples.chunks_exact(2).map(|p| over_white(p[0], p[1])).collect(),
        3 => samples.chunks_exact(3).map(|p| luma(p[0], p[1], p[2])).collect(),
        4 => samples.chunks_exact(4).map(|p| over_white(luma(p[0], p[1], p[2]), p[3])).collect(),
        _ => return Err(DecodeFault::Unsupported),
    })
}

/// Appends one byte a bit, most significant first: a 1 becomes `one`, a 0 becomes `255 - one`.
fn unpack_bits(packed: &[u8], width: usize, one: u8, out: &mut Vec<u8>) {
    let start = out.len();
    out.reserve(packed.len() * 8);
    for &byte in packed {
        for bit in (0..8).rev() {
            out.push(if byte >> bit & 1 == 1 { one } else { 255 - one });
        }
    }
    out.truncate(start + width);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_of_gray_is_itself_and_red_is_darker_than_green() {
        for level in 0..=255 {
            assert_eq!(luma(level, level, level), level);
        }
        assert_eq!((luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)), (76, 150, 29));
    }

    #[test]
    fn files_that_are_no_images_say_so() {
        let fault = |bytes: &[u8]| decode(bytes).next().map(|(_, page)| page.err());
        assert_eq!(fault(b""), Some(Some(DecodeFault::Empty)));
        assert_eq!(fault(b"hello, world"), Some(Some(DecodeFault::NotAnImage)));
        assert_eq!(fault(b"\xff\xd8\xff"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(fault(b"\x89PNG\r\n\x1a\n"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(fault(b"II*\0"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(decode(b"").count(), 1);
    }

    #[test]
    fn bits_unpack_from_the_left_and_padding_is_dropped() {
        let mut out = Vec::new();
        unpack_bits(&[0b1010_0000], 3, 255, &mut out);
        assert_eq!(out, [255, 0, 255]);
        unpack_bits(&[0b1010_0000], 3, 0, &mut out);
        assert_eq!(out, [255, 0, 255, 0, 255, 0]);
    }
}
