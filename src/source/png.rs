//! PNG: every depth and colour type to one gray plane.

use super::{Depth, Plane, area, gray_of, unpack_bits};
use crate::sheet::DecodeFault;
use png::{BitDepth, ColorType, DecodingError, Limits, Transformations, Unit};
use std::io::{Cursor, ErrorKind};

/// The gray levels of a PNG file; what is transparent is paper.
pub(super) fn decode(bytes: &[u8]) -> Result<Plane, DecodeFault> {
    let mut decoder = png::Decoder::new_with_limits(
        Cursor::new(bytes),
        // For what is kept beside the pixels (profiles, texts); the pixels have their own limit.
        Limits { bytes: 64 << 20 },
    );
    decoder.set_ignore_text_chunk(true);
    decoder.ignore_checksums(false);
    let header = decoder.read_header_info().map_err(|e| fault(&e))?;
    area(u64::from(header.width), u64::from(header.height))?;
    let bilevel = header.bit_depth == BitDepth::One && header.color_type == ColorType::Grayscale;
    decoder.set_transformations(if bilevel {
        Transformations::IDENTITY
    } else {
        Transformations::normalize_to_color8()
    });
    let mut reader = decoder.read_info().map_err(|e| fault(&e))?;
    let size = reader.output_buffer_size().ok_or(DecodeFault::TooLarge)?;
    let mut samples = vec![0; size];
    let frame = reader.next_frame(&mut samples).map_err(|e| fault(&e))?;
    // The end chunk too: a file cut off behind its last row is not a whole file.
    reader.finish().map_err(|e| fault(&e))?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let dpi = reader.info().pixel_dims.filter(|d| d.unit == Unit::Meter).and_then(|d| {
        // Dots a metre to dots an inch, rounded.
        u16::try_from((u64::from(d.xppu) * 254 + 5_000) / 10_000).ok()
    });
    if bilevel {
        let mut pixels = Vec::with_capacity(width * height + 8);
        for row in samples.chunks_exact(frame.line_size).take(height) {
            unpack_bits(row, width, 255, &mut pixels);
        }
        return Ok(Plane { width, height, pixels, dpi, depth: Depth::Bilevel });
    }
    let channels = frame.color_type.samples();
    samples.truncate(width * height * channels);
    let pixels = gray_of(samples, channels)?;
    if pixels.len() != width * height {
        return Err(DecodeFault::Damaged);
    }
    Ok(Plane { width, height, pixels, dpi, depth: Depth::Gray })
}

fn fault(error: &DecodingError) -> DecodeFault {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => DecodeFault::Truncated,
        DecodingError::LimitsExceeded => DecodeFault::TooLarge,
        _ => DecodeFault::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(color: ColorType, depth: BitDepth, width: u32, height: u32, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(color);
        encoder.set_depth(depth);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn each_kind_becomes_gray() {
        let gray = decode(&encoded(ColorType::Grayscale, BitDepth::Eight, 2, 1, &[7, 200])).unwrap();
        assert_eq!(gray.pixels, [7, 200]);
        let wide = [7, 99, 200, 1];
        let deep = decode(&encoded(ColorType::Grayscale, BitDepth::Sixteen, 2, 1, &wide)).unwrap();
        assert_eq!(deep.pixels, [7, 200]);
        let red = decode(&encoded(ColorType::Rgb, BitDepth::Eight, 1, 1, &[255, 0, 0])).unwrap();
        assert_eq!(red.pixels, [76]);
        let clear = decode(&encoded(ColorType::Rgba, BitDepth::Eight, 1, 1, &[0, 0, 0, 0])).unwrap();
        assert_eq!(clear.pixels, [255]);
        let bits = encoded(ColorType::Grayscale, BitDepth::One, 10, 2, &[0xa0, 0x40, 0, 0x80]);
        let bits = decode(&bits).unwrap();
        assert_eq!(bits.depth, Depth::Bilevel);
        assert_eq!(bits.pixels[..10], [255, 0, 255, 0, 0, 0, 0, 0, 0, 255]);
        assert_eq!(bits.pixels[10..], [0, 0, 0, 0, 0, 0, 0, 0, 255, 0]);
    }

    #[test]
    fn a_file_cut_off_anywhere_is_never_a_page() {
        let noise: Vec<u8> = (0..400u32 * 300).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let whole = encoded(ColorType::Grayscale, BitDepth::Eight, 400, 300, &noise);
        assert!(decode(&whole).is_ok());
        for end in (8..whole.len() - 1).step_by(991) {
            assert!(decode(&whole[..end]).is_err(), "cut at {end}");
        }
        assert!(decode(&whole[..whole.len() - 4]).is_err(), "the end chunk is cut");
    }

    #[test]
    fn a_huge_page_is_refused_before_it_is_allocated() {
        let mut small = encoded(ColorType::Grayscale, BitDepth::Eight, 2, 1, &[7, 200]);
        // Width and height stand at bytes 16..24 of the header, whose checksum then is wrong: the
        // limit must not depend on it, so it is put right.
        small[16..24].copy_from_slice(&[0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40]);
        let crc = crc32(&small[12..29]);
        small[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(decode(&small).err(), Some(DecodeFault::TooLarge));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &b| {
            (0..8).fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
        })
    }
}
