//! Scanner files become pages: one gray plane each, whatever the format.
//!
//! [`open`] takes a file, [`decode`] bytes; both look at the content and not at the file's name, and give
//! every page or the reason why they can't. Nothing is guessed: a file that ends early is an error, never a
//! page with white rows, which would read as blank responses.
//!
//! Pages are decoded one by one as they are asked for, so that memory does not grow with their number. A
//! decoder that panics makes its page an exception ([`DecodeFault::Damaged`]) and doesn't stop the run.
//! `docs/formats.md` says what is read by which road, and the limits.

// Levels, sizes and bits: in range by the masks, clamps and checks beside each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod colour;
mod fax;
mod jpeg;
mod open;
mod pdf;
mod plane;
mod png;
mod spare;
mod store;
mod tiff;
mod unpack;

pub use crate::sheet::Channel;
pub use open::open;
pub(crate) use spare::copy_of;
pub use spare::give_back;

use crate::sheet::{DecodeFault, Sha256, SheetId};
use plane::{Plane, area, gray_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use store::Store;

/// The most pixels that a page may have.
///
/// An A3 sheet at 600 dpi has 70 million; a page of this size takes 120 MB as gray levels. Without a
/// limit a few hundred bytes of PNG could ask for gigabytes.
pub const MOST_PIXELS: u64 = 120_000_000;

/// The least width and height of a page, in pixels: 32K cards at 75 dpi have 270.
pub const LEAST_SIDE: u32 = 200;

/// Bytes that come near the processor together; where they are more, some are asked for twice.
const CACHE_LINE: usize = 64;

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

    /// Has the pixels between the corners of an area, in pixels across and down, brought near the processor, all rows at once.
    ///
    /// A page is larger than the near caches. Without this whoever looks at a small area waits for each of its rows, one after the
    /// other; nothing else is changed by it.
    pub(crate) fn bring_near(&self, corners: &[(f64, f64); 4]) {
        let within = |least: f64, most: f64, side: usize| {
            let last = side.saturating_sub(1);
            ((least.max(0.0) as usize).min(last), (most.max(0.0) as usize).min(last))
        };
        let (mut from, mut to) = (corners[0], corners[0]);
        for &(x, y) in corners {
            (from.0, from.1) = (from.0.min(x), from.1.min(y));
            (to.0, to.1) = (to.0.max(x), to.1.max(y));
        }
        let (left, right) = within(from.0, to.0, self.width);
        let (top, bottom) = within(from.1, to.1, self.height);
        let mut seen = 0u8;
        for row in self.pixels.chunks_exact(self.width.max(1)).take(bottom + 1).skip(top) {
            for level in row.get(left..=right).unwrap_or_default().iter().step_by(CACHE_LINE) {
                seen |= level;
            }
            seen |= row.get(right).copied().unwrap_or(0);
        }
        std::hint::black_box(seen);
    }

    fn of(plane: Plane, sheet: SheetId) -> Self {
        let Plane { width, height, pixels, dpi, depth } = plane;
        Self { sheet, width, height, pixels, dpi, depth }
    }
}

/// The formats that are read, told by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// TIFF or `BigTIFF`, little- or big-endian.
    Tiff,
    /// PDF.
    Pdf,
}

impl Format {
    /// Endings of the files that are looked for in folders, in lower case.
    pub const ENDINGS: [&'static str; 6] = ["jpg", "jpeg", "png", "tif", "tiff", "pdf"];

    /// Bytes at a file's beginning that tell its format: PDFs may have something in front of their header.
    const HEAD: usize = 1024;

    /// The format of a file that begins with `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            _ => {
                let head = &bytes[..bytes.len().min(Self::HEAD)];
                memchr::memmem::find(head, b"%PDF-").map(|_| Self::Pdf)
            }
        }
    }
}

/// How files are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What is read of a colour scan.
    pub channel: Channel,
}

/// The pages of one file, each decoded when it is asked for.
///
/// Yields at least one page or fault; a file that can't be opened at all yields one fault.
pub struct Pages<'b> {
    hash: Sha256,
    length: u64,
    next: u32,
    options: Options,
    state: State<'b>,
}

enum State<'b> {
    /// Not looked into yet.
    Closed(Store<'b>),
    /// A file of one picture.
    Single(Format, Store<'b>),
    Tiff(Box<tiff::Directories<'b>>),
    Pdf(Box<pdf::Document>),
    Failed(DecodeFault),
}

/// The pages of the image file `bytes`, as luma.
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
    decode_with(bytes, &Options::default())
}

/// The pages of the image file `bytes`.
#[must_use]
pub fn decode_with<'b>(bytes: &'b [u8], options: &Options) -> Pages<'b> {
    let state = State::Closed(Store::Lent(bytes));
    Pages { hash: Sha256::of(bytes), length: bytes.len() as u64, next: 1, options: *options, state }
}

/// The first picture of the image file `bytes`, however small: a marker or a blank form rather than a page.
///
/// # Errors
///
/// As the pages of [`decode`], but no picture is too small.
pub fn picture(bytes: &[u8]) -> Result<Page, DecodeFault> {
    let mut pages = decode(bytes);
    let sheet = SheetId { image: pages.hash, page: 1 };
    let plane = pages.plane(1, Channel::Luma).unwrap_or(Err(DecodeFault::Empty))?;
    Ok(Page::of(plane, sheet))
}

impl Pages<'_> {
    /// Hash of the file's bytes; known before any page is decoded.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        self.hash
    }

    /// How many bytes the file has.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Page `number` (from 1) through `channel`; of pages that were given already, at no more than the cost of
    /// decoding it.
    ///
    /// For a page whose layout, once known, asks for another channel than the one it was told by.
    ///
    /// # Errors
    ///
    /// As the page itself, and [`DecodeFault::Damaged`] if the file has no such page.
    pub fn page(&mut self, number: u32, channel: Channel) -> Result<Page, DecodeFault> {
        let sheet = SheetId { image: self.hash, page: number };
        let plane = self.plane(number, channel).unwrap_or(Err(DecodeFault::Damaged));
        page(sheet, plane)
    }

    /// The plane of page `number`; `None` behind the last.
    fn plane(&mut self, number: u32, channel: Channel) -> Option<Result<Plane, DecodeFault>> {
        // What stands in foreign code may panic on data that nobody has tried. A page is worth less than the
        // batch; the state that is left behind is only ever asked for the page after this one.
        catch_unwind(AssertUnwindSafe(|| self.unguarded(number, channel)))
            .unwrap_or(Some(Err(DecodeFault::Damaged)))
    }

    fn unguarded(&mut self, number: u32, channel: Channel) -> Option<Result<Plane, DecodeFault>> {
        let index = number.checked_sub(1)?;
        if let State::Closed(_) = self.state {
            // A parser that panics leaves a file that failed.
            let closed = std::mem::replace(&mut self.state, State::Failed(DecodeFault::Damaged));
            if let State::Closed(store) = closed {
                self.state = opened(store).unwrap_or_else(State::Failed);
            }
        }
        match &mut self.state {
            State::Closed(_) => None,
            State::Failed(fault) => (index == 0).then_some(Err(*fault)),
            State::Single(format, store) => (index == 0).then(|| {
                let bytes = store.whole().ok_or(DecodeFault::Unreadable)?;
                match format {
                    Format::Png => png::decode(bytes, channel),
                    _ => colour::jpeg(bytes, channel),
                }
            }),
            State::Tiff(directories) => directories.page(index, channel),
            State::Pdf(document) => document.page(index, channel),
        }
    }
}

/// What the store's bytes are.
fn opened(mut store: Store<'_>) -> Result<State<'_>, DecodeFault> {
    if store.length() == 0 {
        return Err(DecodeFault::Empty);
    }
    let head = store.length().min(Format::HEAD as u64);
    let format = Format::of(&store.at(0, head)?).ok_or(DecodeFault::NotAnImage)?;
    Ok(match format {
        Format::Tiff => State::Tiff(Box::new(tiff::Directories::open(store)?)),
        Format::Pdf => State::Pdf(Box::new(pdf::Document::open(store)?)),
        Format::Jpeg | Format::Png => State::Single(format, store),
    })
}

/// The plane as a page, if it is large enough for one.
fn page(sheet: SheetId, plane: Result<Plane, DecodeFault>) -> Result<Page, DecodeFault> {
    let plane = plane?;
    if plane.width.min(plane.height) < LEAST_SIDE as usize {
        return Err(DecodeFault::TooSmall);
    }
    Ok(Page::of(plane, sheet))
}

impl Iterator for Pages<'_> {
    type Item = (SheetId, Result<Page, DecodeFault>);

    fn next(&mut self) -> Option<Self::Item> {
        let plane = self.plane(self.next, self.options.channel)?;
        let sheet = SheetId { image: self.hash, page: self.next };
        self.next = self.next.checked_add(1)?;
        Some((sheet, page(sheet, plane)))
    }

    /// Pages that are passed over are not decoded.
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.next = self.next.checked_add(u32::try_from(n).ok()?)?;
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_images_say_so() {
        let fault = |bytes: &[u8]| decode(bytes).next().map(|(_, page)| page.err());
        assert_eq!(fault(b""), Some(Some(DecodeFault::Empty)));
        assert_eq!(fault(b"hello, world"), Some(Some(DecodeFault::NotAnImage)));
        assert_eq!(fault(b"\xff\xd8\xff"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(fault(b"\x89PNG\r\n\x1a\n"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(fault(b"II*\0"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(fault(b"%PDF-1.4\n"), Some(Some(DecodeFault::Truncated)));
        assert_eq!(decode(b"").count(), 1);
        assert_eq!(decode(b"%PDF-1.4\n").count(), 1);
    }

    #[test]
    fn a_page_is_given_again_through_another_channel() {
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, 200, 200);
        encoder.set_color(::png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[200, 10, 20].repeat(200 * 200)).unwrap();
        writer.finish().unwrap();
        let mut pages = decode_with(&file, &Options { channel: Channel::Green });
        assert_eq!(pages.next().unwrap().1.unwrap().pixels[7], 10);
        assert_eq!(pages.page(1, Channel::Red).unwrap().pixels[7], 200);
        assert!(pages.next().is_none());
        assert!(pages.page(2, Channel::Red).is_err() && pages.page(0, Channel::Red).is_err());
    }
}
