//! PNG: every depth and colour type to one gray plane, row by row.

use super::plane::{Colour, Opacity, Order, Samples};
use super::{Depth, Plane, area};
use crate::sheet::{Channel, DecodeFault};
use png::{BitDepth, ColorType, DecodingError, Info, Limits, Transformations, Unit};
use std::io::{Cursor, ErrorKind};

/// What is kept beside the pixels may have this many bytes (profiles, texts); the pixels have their own limit.
const MOST_BESIDE: usize = 16 << 20;

/// The gray levels of a PNG file; what is transparent is paper.
///
/// # Errors
///
/// Animated files are refused ([`DecodeFault::Unsupported`]): they have more pictures than the first.
pub(super) fn decode(bytes: &[u8], channel: Channel) -> Result<Plane, DecodeFault> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MOST_BESIDE });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.ignore_checksums(false);
    // Rows come as they are packed: 1-bit rows are an eighth of what the decoder would make of them.
    decoder.set_transformations(Transformations::IDENTITY);
    let header = decoder.read_header_info().map_err(|e| fault(&e))?;
    let pixels = area(u64::from(header.width), u64::from(header.height))?;
    let mut reader = decoder.read_info().map_err(|e| fault(&e))?;
    let info = reader.info();
    if info.animation_control.is_some() {
        return Err(DecodeFault::Unsupported);
    }
    let samples = samples(info, channel)?;
    let key = colour_key(info);
    let (width, height, interlaced) = (info.width as usize, info.height as usize, info.interlaced);
    let dpi = info.pixel_dims.filter(|d| d.unit == Unit::Meter).and_then(|d| {
        // Dots a metre to dots an inch, rounded.
        u16::try_from((u64::from(d.xppu) * 254 + 5_000) / 10_000).ok().filter(|&d| d > 0)
    });
    let mut plane = Plane { width, height, pixels: vec![0; pixels], dpi, depth: depth(info, &samples) };
    let mut next = |out: &mut [u8]| {
        let row = reader.next_interlaced_row().map_err(|e| fault(&e))?.ok_or(DecodeFault::Truncated)?;
        if samples.row_bytes(out.len()).is_none_or(|bytes| row.data().len() < bytes) {
            return Err(DecodeFault::Damaged);
        }
        samples.levels(row.data(), out);
        if let Some(key) = &key {
            out.iter_mut().zip(row.data().chunks_exact(key.len())).for_each(|(level, pixel)| {
                if pixel == key {
                    *level = 255;
                }
            });
        }
        Ok(())
    };
    if interlaced {
        interlace(&mut plane, next)?;
    } else {
        plane.pixels.chunks_exact_mut(width).try_for_each(&mut next)?;
    }
    // The end chunk too: a file cut off behind its last row is not a whole file.
    reader.finish().map_err(|e| fault(&e))?;
    Ok(plane)
}

/// Puts the rows of Adam7's seven passes into their places.
fn interlace(
    plane: &mut Plane,
    mut next: impl FnMut(&mut [u8]) -> Result<(), DecodeFault>,
) -> Result<(), DecodeFault> {
    // First column and row of each pass, and the steps between.
    const PASSES: [(usize, usize, usize, usize); 7] =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let mut row = vec![0; plane.width];
    for (left, top, across, down) in PASSES {
        let count = plane.width.saturating_sub(left).div_ceil(across);
        if count == 0 {
            continue;
        }
        for y in (top..plane.height).step_by(down) {
            next(&mut row[..count])?;
            let places = plane.pixels[y * plane.width..][..plane.width].iter_mut();
            places.skip(left).step_by(across).zip(&row).for_each(|(place, &level)| *place = level);
        }
    }
    Ok(())
}

/// How the file's rows are packed.
fn samples(info: &Info<'_>, channel: Channel) -> Result<Samples, DecodeFault> {
    let bits = info.bit_depth as u8;
    let (colour, opacity) = match info.color_type {
        ColorType::Grayscale => {
            let mut colour = Colour::gray(bits, false);
            // A gray that counts as clear. Of 16 bits both bytes must agree: see `colour_key`.
            if let (Colour::Table(levels), Some(key), true) = (&mut colour, &info.trns, bits <= 8)
                && let Some(&gray) = key.first()
            {
                levels[usize::from(gray)] = 255;
            }
            (colour, Opacity::None)
        }
        ColorType::GrayscaleAlpha => (Colour::gray(bits, false), Opacity::Straight),
        ColorType::Rgb => (Colour::Rgb, Opacity::None),
        ColorType::Rgba => (Colour::Rgb, Opacity::Straight),
        ColorType::Indexed => {
            let palette = info.palette.as_deref().ok_or(DecodeFault::Damaged)?;
            let clear = info.trns.as_deref().unwrap_or_default();
            let colour = Colour::table(|index| {
                let at = index as usize;
                // An index behind the palette's end is damage, but one that no reader refuses: black.
                let Some(&[r, g, b]) = palette.as_chunks::<3>().0.get(at) else { return 0 };
                let level = super::plane::of_colour(channel, r, g, b);
                super::plane::over_white(level, clear.get(at).copied().unwrap_or(255))
            });
            (colour, Opacity::None)
        }
    };
    let count = info.color_type.samples();
    Ok(Samples { bits, count, colour, opacity, order: Order::Big, channel })
}

/// The bytes of the one colour that counts as clear, where it is not looked up.
fn colour_key(info: &Info<'_>) -> Option<Vec<u8>> {
    let key = info.trns.as_deref()?;
    match (info.color_type, info.bit_depth) {
        (ColorType::Rgb, BitDepth::Eight) => key.get(..3).map(<[u8]>::to_vec),
        (ColorType::Rgb, BitDepth::Sixteen) => key.get(..6).map(<[u8]>::to_vec),
        (ColorType::Grayscale, BitDepth::Sixteen) => key.get(..2).map(<[u8]>::to_vec),
        _ => None,
    }
}

/// Black and white only, however it is written.
fn depth(info: &Info<'_>, samples: &Samples) -> Depth {
    match (&samples.colour, info.palette.as_deref()) {
        // Two entries of an 8-bit palette are two levels as well.
        (Colour::Table(levels), Some(palette)) if info.color_type == ColorType::Indexed => {
            let used = &levels[..(palette.len() / 3).clamp(1, 256)];
            let two = used.len() == 2 && used.iter().all(|&l| l == 0 || l == 255);
            if two { Depth::Bilevel } else { Depth::Gray }
        }
        _ => samples.depth(),
    }
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

    fn read(bytes: &[u8]) -> Result<Plane, DecodeFault> {
        decode(bytes, Channel::Luma)
    }

    #[test]
    fn each_kind_becomes_gray() {
        let gray = read(&encoded(ColorType::Grayscale, BitDepth::Eight, 2, 1, &[7, 200])).unwrap();
        assert_eq!(gray.pixels, [7, 200]);
        let wide = [7, 99, 200, 1];
        let deep = read(&encoded(ColorType::Grayscale, BitDepth::Sixteen, 2, 1, &wide)).unwrap();
        assert_eq!(deep.pixels, [7, 200]);
        let red = encoded(ColorType::Rgb, BitDepth::Eight, 1, 1, &[255, 0, 0]);
        assert_eq!(read(&red).unwrap().pixels, [76]);
        assert_eq!(decode(&red, Channel::Red).unwrap().pixels, [255]);
        let clear = read(&encoded(ColorType::Rgba, BitDepth::Eight, 1, 1, &[0, 0, 0, 0])).unwrap();
        assert_eq!(clear.pixels, [255]);
        let bits = encoded(ColorType::Grayscale, BitDepth::One, 10, 2, &[0xa0, 0x40, 0, 0x80]);
        let bits = read(&bits).unwrap();
        assert_eq!(bits.depth, Depth::Bilevel);
        assert_eq!(bits.pixels[..10], [255, 0, 255, 0, 0, 0, 0, 0, 0, 255]);
        assert_eq!(bits.pixels[10..], [0, 0, 0, 0, 0, 0, 0, 0, 255, 0]);
    }

    #[test]
    fn a_palette_is_looked_up_and_its_clear_entries_are_paper() {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 5, 1);
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Two);
        encoder.set_palette(vec![255, 0, 0, 10, 10, 10, 0, 0, 0]);
        encoder.set_trns(vec![255, 255, 0]);
        let mut writer = encoder.write_header().unwrap();
        // Indices 0 1 2 3 0; there is no entry 3.
        writer.write_image_data(&[0b0001_1011, 0]).unwrap();
        writer.finish().unwrap();
        assert_eq!(decode(&out, Channel::Luma).unwrap().pixels, [76, 10, 255, 0, 76]);
        assert_eq!(decode(&out, Channel::Red).unwrap().pixels, [255, 10, 255, 0, 255]);
    }

    #[test]
    fn a_clear_colour_is_paper() {
        let keyed = |color, key: &[u8], data: &[u8]| {
            let mut out = Vec::new();
            let mut encoder = png::Encoder::new(&mut out, 2, 1);
            encoder.set_color(color);
            encoder.set_trns(key.to_vec());
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(data).unwrap();
            writer.finish().unwrap();
            read(&out).unwrap().pixels
        };
        assert_eq!(keyed(ColorType::Grayscale, &[0, 9], &[9, 8]), [255, 8]);
        assert_eq!(keyed(ColorType::Rgb, &[0, 9, 0, 9, 0, 9], &[9, 9, 9, 8, 8, 8]), [255, 8]);
    }

    #[test]
    fn a_file_cut_off_anywhere_is_never_a_page() {
        let noise: Vec<u8> = (0..400u32 * 300).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let whole = encoded(ColorType::Grayscale, BitDepth::Eight, 400, 300, &noise);
        assert!(read(&whole).is_ok());
        for end in (8..whole.len() - 1).step_by(991) {
            assert!(read(&whole[..end]).is_err(), "cut at {end}");
        }
        assert!(read(&whole[..whole.len() - 4]).is_err(), "the end chunk is cut");
    }

    #[test]
    fn a_huge_page_is_refused_before_it_is_allocated() {
        let mut small = encoded(ColorType::Grayscale, BitDepth::Eight, 2, 1, &[7, 200]);
        // Width and height stand at bytes 16..24 of the header, whose checksum then is wrong: the
        // limit must not depend on it, so it is put right.
        small[16..24].copy_from_slice(&[0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40]);
        let crc = crc32(&small[12..29]);
        small[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(read(&small).err(), Some(DecodeFault::TooLarge));
    }

    #[test]
    fn animated_files_are_refused() {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 1, 1);
        encoder.set_animated(2, 0).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[7]).unwrap();
        writer.write_image_data(&[8]).unwrap();
        writer.finish().unwrap();
        assert_eq!(read(&out).err(), Some(DecodeFault::Unsupported));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &b| {
            (0..8).fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
        })
    }
}
