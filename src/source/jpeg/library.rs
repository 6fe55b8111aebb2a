//! The rarer kinds of JPEG, through a library in its strict mode.

use super::{DecodeFault, area, dpi};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Puts the luma into `out`; gives its size and density.
///
/// Strict mode, because the default fills what is missing with gray.
pub(super) fn decode(bytes: &[u8], out: &mut Vec<u8>) -> Result<(usize, usize, Option<u16>), DecodeFault> {
    if !ends_whole(bytes) {
        return Err(DecodeFault::Truncated);
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(65_535)
        .set_max_height(65_535)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| fault(&e))?;
    let info = decoder.info().ok_or(DecodeFault::Damaged)?;
    let pixels = area(u64::from(info.width), u64::from(info.height))?;
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma | ColorSpace::YCbCr) => {
            out.clear();
            out.resize(pixels, 0);
            decoder.decode_into(out).map_err(|e| fault(&e))?;
        }
        // Four inks, or red, green and blue as they are: rare, and through colour.
        _ => *out = through_colour(bytes)?,
    }
    Ok((usize::from(info.width), usize::from(info.height), dpi(info.pixel_density, info.x_density)))
}

/// Whether the file has an end marker near its end; scanners pad files, so what follows it does not matter.
fn ends_whole(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(4096)..];
    tail.windows(2).any(|pair| pair == [0xff, 0xd9])
}

fn through_colour(bytes: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(65_535)
        .set_max_height(65_535)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(|e| fault(&e))?;
    super::super::gray_of(samples, 3)
}

fn fault(error: &DecodeErrors) -> DecodeFault {
    match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => DecodeFault::Truncated,
        DecodeErrors::Unsupported(_) => DecodeFault::Unsupported,
        DecodeErrors::LargeDimensions(_) => DecodeFault::TooLarge,
        _ => DecodeFault::Damaged,
    }
}
