//! JPEG: the luma channel alone, strictly.

use super::{Depth, Plane, area};
use crate::sheet::DecodeFault;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The luma of a JPEG file.
///
/// Luma alone is decoded: the colour channels and their upsampling would cost a third more and the
/// reader has no use for them. Strict mode, because the default fills what is missing with gray. Data
/// taken out of the middle of a scan can still go unnoticed here: what follows is then flat or shifted,
/// and the fiducials below it are not found.
pub(super) fn decode(bytes: &[u8]) -> Result<Plane, DecodeFault> {
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
    let dpi = dpi(info.pixel_density, info.x_density);
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let pixels = match decoder.input_colorspace() {
        Some(ColorSpace::Luma | ColorSpace::YCbCr) => {
            let mut out = vec![0; pixels];
            decoder.decode_into(&mut out).map_err(|e| fault(&e))?;
            out
        }
        // Four inks, or red, green and blue as they are: rare, and through colour.
        _ => through_colour(bytes)?,
    };
    Ok(Plane { width, height, pixels, dpi, depth: Depth::Gray })
}

/// Whether the file has an end marker after its start of scan; scanners pad files, so what follows
/// it does not matter.
fn ends_whole(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(4096)..];
    tail.windows(2).any(|pair| pair == [0xff, 0xd9])
}

fn through_colour(bytes: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(|e| fault(&e))?;
    super::gray_of(samples, 3)
}

fn dpi(unit: u8, density: u16) -> Option<u16> {
    match unit {
        1 => Some(density),
        2 => u16::try_from(u32::from(density) * 254 / 100).ok(),
        _ => None,
    }
    .filter(|&d| d > 0)
}

fn fault(error: &DecodeErrors) -> DecodeFault {
    match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => DecodeFault::Truncated,
        DecodeErrors::Unsupported(_) => DecodeFault::Unsupported,
        DecodeErrors::LargeDimensions(_) => DecodeFault::TooLarge,
        _ => DecodeFault::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;

    fn picture() -> (u32, u32, Vec<u8>) {
        let (w, h) = (320, 240);
        let levels = (0..w * h).map(|i| u8::try_from(((i % w) * 255 / w) ^ (i / w)).unwrap_or(9)).collect();
        (w, h, levels)
    }

    fn encoded() -> Vec<u8> {
        let (w, h, levels) = picture();
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, 90)
            .encode(&levels, w, h, image::ExtendedColorType::L8)
            .unwrap();
        out
    }

    #[test]
    fn a_whole_file_decodes() {
        let plane = decode(&encoded()).unwrap();
        assert_eq!((plane.width, plane.height, plane.pixels.len()), (320, 240, 320 * 240));
    }

    #[test]
    fn a_file_cut_off_anywhere_is_never_a_page() {
        let whole = encoded();
        for end in (3..whole.len() - 2).step_by(97) {
            assert!(decode(&whole[..end]).is_err(), "cut at {end} of {}", whole.len());
        }
    }
}
