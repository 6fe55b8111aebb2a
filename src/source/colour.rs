//! JPEG through one channel of its colour.

use super::{Plane, jpeg, plane};
use crate::sheet::{Channel, DecodeFault};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A JPEG file read through `channel`.
///
/// The colour is decoded whole before the channel is taken from it: three times the page's pixels stand in
/// memory for a moment.
///
/// # Errors
///
/// As [`jpeg::decode`].
pub(super) fn jpeg(bytes: &[u8], channel: Channel) -> Result<Plane, DecodeFault> {
    // The luma road decides what is a whole and sound file and knows the file's facts.
    let luma = jpeg::decode(bytes)?;
    if channel == Channel::Luma {
        return Ok(luma);
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(65_535)
        .set_max_height(65_535)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| fault(&e))?;
    if matches!(decoder.input_colorspace(), Some(ColorSpace::Luma)) {
        return Ok(luma);
    }
    let Plane { width, height, dpi, depth, mut pixels } = luma;
    let samples = decoder.decode().map_err(|e| fault(&e))?;
    if samples.len() != 3 * pixels.len() {
        return Err(DecodeFault::Damaged);
    }
    for (level, p) in pixels.iter_mut().zip(samples.chunks_exact(3)) {
        *level = plane::of_colour(channel, p[0], p[1], p[2]);
    }
    Ok(Plane { width, height, pixels, dpi, depth })
}

fn fault(error: &DecodeErrors) -> DecodeFault {
    match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => DecodeFault::Truncated,
        DecodeErrors::Unsupported(_) => DecodeFault::Unsupported,
        DecodeErrors::LargeDimensions(_) => DecodeFault::TooLarge,
        _ => DecodeFault::Damaged,
    }
}

/// Width, height and components of a JPEG, as its frame header says; for checks before it is decoded.
pub(super) fn size(bytes: &[u8]) -> Option<(usize, usize, u8)> {
    let mut at = 2;
    loop {
        // Any number of fill bytes stand before a marker.
        let marker = loop {
            match (bytes.get(at)?, bytes.get(at + 1)?) {
                (0xff, 0xff) => at += 1,
                (0xff, &marker) => break marker,
                _ => return None,
            }
        };
        at += 2;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue;
        }
        let word = |at: usize| Some(usize::from(*bytes.get(at)?) << 8 | usize::from(*bytes.get(at + 1)?));
        match marker {
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => return Some((word(at + 5)?, word(at + 3)?, *bytes.get(at + 7)?)),
            0xd9 | 0xda => return None,
            _ => {}
        }
        at += word(at)?.max(2);
    }
}

/// `bytes` with a mark that its three components are red, green and blue and not luma and differences.
pub(super) fn marked_rgb(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    out.extend_from_slice(&[0xff, 0xd8, 0xff, 0xee, 0, 14]);
    // Version 100, no flags, transform 0.
    out.extend_from_slice(b"Adobe\0\x64\0\0\0\0\0");
    out.extend_from_slice(bytes.get(2..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;

    fn encoded(levels: &[u8], w: u32, h: u32, kind: image::ExtendedColorType) -> Vec<u8> {
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, 95).encode(levels, w, h, kind).unwrap();
        out
    }

    #[test]
    fn red_vanishes_through_red_and_gray_stays() {
        let red: Vec<u8> = [240, 20, 30].repeat(32 * 16);
        let file = encoded(&red, 32, 16, image::ExtendedColorType::Rgb8);
        assert_eq!(size(&file), Some((32, 16, 3)));
        let read = |channel| jpeg(&file, channel).unwrap().pixels[100];
        assert!(read(Channel::Red) > 235, "{}", read(Channel::Red));
        assert!(read(Channel::Green) < 26 && read(Channel::Blue) < 36);
        assert!(read(Channel::Luma).abs_diff(plane::luma(240, 20, 30)) < 4);
        let gray = encoded(&[77; 32 * 16], 32, 16, image::ExtendedColorType::L8);
        assert_eq!(jpeg(&gray, Channel::Red), jpeg(&gray, Channel::Luma));
    }

    #[test]
    fn a_size_is_found_or_not_said() {
        assert_eq!(size(b"\xff\xd8"), None);
        assert_eq!(size(b"\xff\xd8\xff\xe0\0\x02\xff\xff\xc0\0\x0b\x08\0\x03\0\x05\x01"), Some((5, 3, 1)));
        assert_eq!(size(b"\xff\xd8\xff\xe0\xff\xff"), None);
    }
}
