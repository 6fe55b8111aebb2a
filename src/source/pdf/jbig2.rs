//! JBIG2 as it stands in PDF.

use super::Refusal;
use crate::sheet::DecodeFault;
use crate::source::plane::area;
use hayro_jbig2::{DecodeSettings, Decoder, Globals, Page};

/// Symbols that pages share: a book's letters come to some hundred kilobytes.
pub(super) const MOST_GLOBALS: usize = 16 << 20;

/// Pixels of all regions together, as a multiple of the page's: text laid over halftone over the background is
/// three, with a refinement each six. Without a limit a few bytes ask for a region of four thousand million.
const MOST_LAYERS: u64 = 8;

/// Small pages may have their text in regions of a fixed size.
const LEAST_LAYERS: u64 = 1 << 22;

/// The levels of a JBIG2 page of the given size; `levels` are those of black and of white.
pub(super) fn decode(
    data: &[u8],
    globals: Option<&[u8]>,
    (width, height): (usize, usize),
    levels: (u8, u8),
) -> Result<Vec<u8>, Refusal> {
    let pixels = area(width as u64, height as u64)?;
    regions(data, pixels as u64)?;
    // Where the data do not keep to the standard, something may be missing.
    let settings = DecodeSettings { strict: true };
    let damaged = |_| Refusal::Fault(DecodeFault::Damaged);
    let globals = globals.map(|g| Globals::new(g, &settings)).transpose().map_err(damaged)?;
    let page = Page::new_embedded(data, globals.as_ref(), &settings).map_err(damaged)?;
    if (page.width() as usize, page.height() as usize) != (width, height) {
        return Err(Refusal::Fault(DecodeFault::Damaged));
    }
    let mut out =
        Levels { black: levels.0, white: levels.1, pixels: Vec::with_capacity(pixels), most: pixels };
    page.decode(&mut out).map_err(damaged)?;
    if out.pixels.len() == pixels { Ok(out.pixels) } else { Err(Refusal::Fault(DecodeFault::Damaged)) }
}

struct Levels {
    black: u8,
    white: u8,
    pixels: Vec<u8>,
    most: usize,
}

impl Levels {
    fn push(&mut self, black: bool, count: usize) {
        let length = (self.pixels.len() + count).min(self.most);
        self.pixels.resize(length, if black { self.black } else { self.white });
    }
}

impl Decoder for Levels {
    fn push_pixel(&mut self, black: bool) {
        self.push(black, 1);
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        self.push(black, chunk_count as usize * 8);
    }

    fn next_line(&mut self) {}
}

/// Reads the heads of the segments (T.88, 7.2) and refuses regions that are larger than any page needs.
fn regions(data: &[u8], page: u64) -> Result<(), DecodeFault> {
    let most = page.saturating_mul(MOST_LAYERS).max(LEAST_LAYERS);
    let mut sum = 0u64;
    let mut rest = data;
    let mut take = |count: usize| -> Option<&[u8]> {
        let (taken, left) = rest.split_at_checked(count)?;
        rest = left;
        Some(taken)
    };
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, &b| sum << 8 | u64::from(b));
    loop {
        let Some(head) = take(6) else { return Ok(()) };
        let (segment, flags) = (number(&head[..4]), head[4]);
        let referred = usize::from(head[5] >> 5);
        let referred = if referred == 7 {
            let more = take(3).ok_or(DecodeFault::Truncated)?;
            let count = (number(&head[5..6]) & 0x1f) << 24 | number(more);
            let count = usize::try_from(count).map_err(|_| DecodeFault::Damaged)?;
            take((count + 1).div_ceil(8)).ok_or(DecodeFault::Truncated)?;
            count
        } else {
            referred
        };
        let size = match segment {
            0..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        };
        let page_size = if flags & 0x40 == 0 { 1 } else { 4 };
        let skipped = referred.checked_mul(size).and_then(|n| n.checked_add(page_size));
        skipped.and_then(&mut take).ok_or(DecodeFault::Truncated)?;
        let length = number(take(4).ok_or(DecodeFault::Truncated)?);
        if length == 0xffff_ffff {
            // Only found by decoding; no PDF writer of ours leaves it open.
            return Err(DecodeFault::Unsupported);
        }
        let length = usize::try_from(length).map_err(|_| DecodeFault::Truncated)?;
        let body = take(length).ok_or(DecodeFault::Truncated)?;
        let kind = flags & 0x3f;
        if matches!(kind, 4 | 6 | 7 | 20 | 22 | 23 | 36 | 38 | 39 | 40 | 42 | 43) {
            let (width, height) = (body.get(..4), body.get(4..8));
            let (Some(width), Some(height)) = (width, height) else { return Err(DecodeFault::Truncated) };
            sum = sum.saturating_add(number(width).saturating_mul(number(height)));
        } else if kind == 48 {
            let (width, height) = (body.get(..4), body.get(4..8));
            let (Some(width), Some(height)) = (width, height) else { return Err(DecodeFault::Truncated) };
            // A height that is not known yet is checked when it is.
            let height = if number(height) == 0xffff_ffff { 1 } else { number(height) };
            sum = sum.saturating_add(number(width).saturating_mul(height));
        }
        if sum > most {
            return Err(DecodeFault::TooLarge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_larger_than_the_page_is_refused_before_it_is_decoded() {
        let page = |width: u32, height: u32| {
            let mut out = vec![0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19];
            out.extend(width.to_be_bytes());
            out.extend(height.to_be_bytes());
            out.extend([0; 11]);
            out
        };
        let region = |width: u32, height: u32| {
            let mut out = vec![0, 0, 0, 1, 38, 0, 1, 0, 0, 0, 18];
            out.extend(width.to_be_bytes());
            out.extend(height.to_be_bytes());
            out.extend([0; 10]);
            out
        };
        let file = |w, h| [page(3000, 3000), region(w, h)].concat();
        assert_eq!(regions(&file(3000, 3000), 9_000_000), Ok(()));
        assert_eq!(regions(&file(65_535, 65_535), 9_000_000), Err(DecodeFault::TooLarge));
        assert_eq!(regions(&page(65_535, 65_535), 9_000_000), Err(DecodeFault::TooLarge));
        let whole = file(3000, 3000);
        for end in 31..whole.len() {
            let read = decode(&whole[..end], None, (3000, 3000), (0, 255));
            assert!(read.is_err(), "{end}");
        }
    }
}
