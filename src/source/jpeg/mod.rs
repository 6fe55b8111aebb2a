//! JPEG: the luma channel alone, strictly.
//!
//! What scanners write, baseline files with Huffman codes, is decoded here, for two reasons. A library gives a picture of a file that has
//! lost bytes in the middle: what follows is flat or shifted, and flat paper reads as blank responses. Here a scan is proved from its first bit to
//! its last: every code is in its table, every block is there, restart markers count on, what is left at the end is padding, and no
//! level is far beyond black or white. And luma alone is decoded, to the last bit as libjpeg-turbo does, in three quarters of its time.
//! Progressive, arithmetic, four-ink and red-green-blue files go to a library in its strict mode.

// Entropy-coded bits and levels: in range by the masks and shifts beside each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
// The hot loops: without these the window of bits goes through memory, which costs a quarter more.
#![allow(clippy::inline_always)]

mod bits;
mod header;
mod huffman;
mod idct;
mod library;
mod scan;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod sse2;

use super::{Depth, Plane, area};
use crate::sheet::DecodeFault;
use bits::Stretches;
use header::{Frame, Header, marker, marker_at, segment};
use scan::Scan;

/// The luma of a JPEG file.
///
/// # Errors
///
/// [`DecodeFault::Truncated`] if data are missing, [`DecodeFault::Damaged`] if they contradict themselves, [`DecodeFault::TooLarge`] and
/// [`DecodeFault::Unsupported`] as for every format.
pub(super) fn decode(bytes: &[u8]) -> Result<Plane, DecodeFault> {
    let mut pixels = super::spare::take();
    let (width, height, dpi) = decode_into(bytes, &mut pixels)?;
    Ok(Plane { width, height, pixels, dpi, depth: Depth::Gray })
}

/// [`decode`] into a buffer that may have been used before; its size and density.
pub(super) fn decode_into(
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<(usize, usize, Option<u16>), DecodeFault> {
    out.clear();
    let mut header = Header::default();
    let mut stretches = Stretches::default();
    // Which components have had their scan.
    let mut done: Vec<bool> = Vec::new();
    let (first, mut at) = marker_at(bytes, 0)?;
    if first != marker::SOI {
        return Err(DecodeFault::Damaged);
    }
    loop {
        let (code, behind) = marker_at(bytes, at)?;
        if code == marker::EOI {
            break;
        }
        let (body, next) = segment(bytes, behind)?;
        at = next;
        if code != marker::SOS {
            header.take(code, body)?;
            continue;
        }
        let scan = header.scan(body)?;
        let frame = header.frame.as_ref().ok_or(DecodeFault::Damaged)?;
        if done.is_empty() {
            let pixels = area(frame.width as u64, frame.height as u64)?;
            if !ours(&header, frame) {
                return library::decode(bytes, out);
            }
            done = vec![false; frame.components.len()];
            out.reserve_exact(pixels);
        }
        for &(index, ..) in &scan.parts {
            if std::mem::replace(&mut done[index], true) {
                return Err(DecodeFault::Damaged);
            }
        }
        if scan.band != (0, 63) || scan.approximation != (0, 0) {
            return Err(DecodeFault::Damaged);
        }
        at = stretches.take(bytes, at)?;
        Scan::new(&header, frame, &scan)?.decode(frame, &stretches, out)?;
    }
    let frame = header.frame.as_ref().ok_or(DecodeFault::Truncated)?;
    if done.is_empty() || done.contains(&false) {
        return Err(DecodeFault::Truncated);
    }
    if out.len() != frame.width * frame.height {
        return Err(DecodeFault::Damaged);
    }
    Ok((frame.width, frame.height, header.density.and_then(|(unit, density)| dpi(unit, density))))
}

/// Whether the file is of the kind that is decoded here: sequential, Huffman-coded, 8 bits, luma at full resolution.
fn ours(header: &Header, frame: &Frame) -> bool {
    let full = frame
        .components
        .iter()
        .all(|c| c.across <= frame.components[0].across && c.down <= frame.components[0].down);
    matches!(frame.process, marker::SOF0 | marker::SOF1)
        && frame.bits == 8
        && full
        && header.luma_first(frame)
}

fn dpi(unit: u8, density: u16) -> Option<u16> {
    match unit {
        1 => Some(density),
        2 => u16::try_from(u32::from(density) * 254 / 100).ok(),
        _ => None,
    }
    .filter(|&d| d > 0)
}
