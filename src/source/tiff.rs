//! TIFF: many pages, fax-coded bilevel by its own fast road, the rest through the `tiff` crate.

use super::{Depth, Plane, area, gray_of, unpack_bits};
use crate::sheet::DecodeFault;
use hayro_ccitt::{DecodeSettings, DecoderContext, EncodingMode};
use std::io::Cursor;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffFormatError};

/// Fax compressions by their TIFF number.
const GROUP3: u16 = 3;
const GROUP4: u16 = 4;

/// The most pages that are read from one file: a chain of directories may be a loop.
const MOST_PAGES: u32 = 100_000;

/// The pages of a TIFF file, one after another.
pub(super) struct Directories<'b> {
    bytes: &'b [u8],
    decoder: Decoder<Cursor<&'b [u8]>>,
    /// Pages given so far; `None` when there are no more.
    given: Option<u32>,
}

impl<'b> Directories<'b> {
    /// The pages of the file `bytes`.
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, DecodeFault> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = 4 * usize::try_from(super::MOST_PIXELS).unwrap_or(usize::MAX);
        limits.intermediate_buffer_size = limits.decoding_buffer_size;
        let decoder = Decoder::new(Cursor::new(bytes)).map_err(|e| fault(&e))?.with_limits(limits);
        Ok(Self { bytes, decoder, given: Some(0) })
    }

    /// The next page; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Result<Plane, DecodeFault>> {
        let given = self.given?;
        if given > 0 {
            if !self.decoder.more_images() || given >= MOST_PAGES {
                self.given = None;
                return None;
            }
            if let Err(error) = self.decoder.next_image() {
                // The chain is broken: the rest can't be found.
                self.given = None;
                return Some(Err(fault(&error)));
            }
        }
        self.given = Some(given + 1);
        Some(self.page())
    }

    fn number(&mut self, tag: Tag) -> Result<Option<u64>, DecodeFault> {
        self.decoder.find_tag_unsigned::<u64>(tag).map_err(|e| fault(&e))
    }

    fn page(&mut self) -> Result<Plane, DecodeFault> {
        let (width, height) = self.decoder.dimensions().map_err(|e| fault(&e))?;
        let pixels = area(u64::from(width), u64::from(height))?;
        let dpi = self.dpi();
        let compression = self.number(Tag::Compression)?.unwrap_or(1);
        let bits = self.number(Tag::BitsPerSample).unwrap_or(None).unwrap_or(1);
        let strips = self.decoder.get_chunk_type() == ChunkType::Strip;
        let (width, height) = (width as usize, height as usize);
        if bits == 1 && strips && (compression == u64::from(GROUP3) || compression == u64::from(GROUP4)) {
            let pixels = self.fax(width, height, compression == u64::from(GROUP4))?;
            return Ok(Plane { width, height, pixels, dpi, depth: Depth::Bilevel });
        }
        let color = self.decoder.colortype().map_err(|e| fault(&e))?;
        let mut result = DecodingResult::U8(Vec::new());
        self.decoder.read_image_to_buffer(&mut result).map_err(|e| fault(&e))?;
        let samples = match result {
            DecodingResult::U8(samples) => samples,
            DecodingResult::U16(samples) => samples.iter().map(|&s| (s >> 8) as u8).collect(),
            _ => return Err(DecodeFault::Unsupported),
        };
        let (pixels_read, depth) = match color {
            ColorType::Gray(1) => {
                let zero_is_white =
                    self.number(Tag::PhotometricInterpretation)?.is_some_and(|photometric| photometric == 0);
                let mut out = Vec::with_capacity(pixels + 8);
                for row in samples.chunks_exact(width.div_ceil(8)).take(height) {
                    unpack_bits(row, width, if zero_is_white { 0 } else { 255 }, &mut out);
                }
                (out, Depth::Bilevel)
            }
            ColorType::Gray(8 | 16) => (gray_of(samples, 1)?, Depth::Gray),
            ColorType::GrayA(8 | 16) => (gray_of(samples, 2)?, Depth::Gray),
            ColorType::RGB(8 | 16) => (gray_of(samples, 3)?, Depth::Gray),
            ColorType::RGBA(8 | 16) => (gray_of(samples, 4)?, Depth::Gray),
            ColorType::YCbCr(8) => (samples.chunks_exact(3).map(|p| p[0]).collect(), Depth::Gray),
            _ => return Err(DecodeFault::Unsupported),
        };
        if pixels_read.len() != pixels {
            return Err(DecodeFault::Damaged);
        }
        Ok(Plane { width, height, pixels: pixels_read, dpi, depth })
    }

    /// Dots an inch, where the file says them plainly.
    fn dpi(&mut self) -> Option<u16> {
        let unit = self.number(Tag::ResolutionUnit).ok()?.unwrap_or(2);
        let value = self.decoder.find_tag(Tag::XResolution).ok()??;
        let (n, d) = match value {
            tiff::decoder::ifd::Value::Rational(n, d) if d > 0 => (u64::from(n), u64::from(d)),
            _ => return None,
        };
        let dpi = match unit {
            2 => n / d,
            3 => n * 254 / (d * 100),
            _ => return None,
        };
        u16::try_from(dpi).ok().filter(|&d| d > 0)
    }

    /// Fax-coded strips, strictly: a row that doesn't decode is an error and not white paper.
    fn fax(&mut self, width: usize, height: usize, group4: bool) -> Result<Vec<u8>, DecodeFault> {
        let per_strip = self.number(Tag::RowsPerStrip)?.unwrap_or(u64::MAX).min(height as u64);
        let per_strip = usize::try_from(per_strip).map_err(|_| DecodeFault::Damaged)?.max(1);
        let offsets = self.decoder.get_tag_u64_vec(Tag::StripOffsets).map_err(|e| fault(&e))?;
        let counts = self.decoder.get_tag_u64_vec(Tag::StripByteCounts).map_err(|e| fault(&e))?;
        // 0: white is 0, the fax's own sense; 1: inverted. Fill order 2 has each byte's bits reversed.
        let inverted = self.number(Tag::PhotometricInterpretation)?.unwrap_or(0) == 1;
        let reversed = self.number(Tag::FillOrder)?.unwrap_or(1) == 2;
        let options = if group4 { 0 } else { self.number(Tag::Unknown(292))?.unwrap_or(0) };
        if offsets.len() != height.div_ceil(per_strip) || counts.len() != offsets.len() {
            return Err(DecodeFault::Damaged);
        }
        let mut rows = Rows { width, ink: if inverted { 255 } else { 0 }, pixels: Vec::new() };
        rows.pixels.reserve(width * height);
        for (strip, (&offset, &count)) in offsets.iter().zip(&counts).enumerate() {
            let start = usize::try_from(offset).map_err(|_| DecodeFault::Truncated)?;
            let length = usize::try_from(count).map_err(|_| DecodeFault::Truncated)?;
            let data = self.bytes.get(start..).and_then(|rest| rest.get(..length));
            let data = data.ok_or(DecodeFault::Truncated)?;
            let turned: Vec<u8>;
            let data = if reversed {
                turned = data.iter().map(|b| b.reverse_bits()).collect();
                &turned
            } else {
                data
            };
            let wanted = per_strip.min(height - strip * per_strip);
            let before = rows.pixels.len();
            let settings = DecodeSettings {
                columns: u32::try_from(width).map_err(|_| DecodeFault::TooLarge)?,
                rows: u32::try_from(wanted).map_err(|_| DecodeFault::TooLarge)?,
                end_of_block: true,
                end_of_line: !group4,
                rows_are_byte_aligned: false,
                encoding: match (group4, options & 1) {
                    (true, _) => EncodingMode::Group4,
                    (false, 0) => EncodingMode::Group3_1D,
                    (false, _) => EncodingMode::Group3_2D,
                },
                strict: true,
            };
            hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings)).map_err(
                |e| match e {
                    hayro_ccitt::DecodeError::UnexpectedEof => DecodeFault::Truncated,
                    _ => DecodeFault::Damaged,
                },
            )?;
            if rows.pixels.len() - before != wanted * width {
                return Err(DecodeFault::Truncated);
            }
        }
        Ok(rows.pixels)
    }
}

/// Collects fax rows as gray levels.
struct Rows {
    width: usize,
    ink: u8,
    pixels: Vec<u8>,
}

impl hayro_ccitt::Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.pixels.len();
        self.pixels.resize(start + self.width, 255 - self.ink);
        let row = &mut self.pixels[start..];
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(row.len());
            let to = run.get(1).map_or(row.len(), |&end| (end as usize).min(row.len()));
            row[from..to.max(from)].fill(self.ink);
        }
    }
}

fn fault(error: &TiffError) -> DecodeFault {
    match error {
        TiffError::IoError(_) => DecodeFault::Truncated,
        TiffError::LimitsExceeded => DecodeFault::TooLarge,
        TiffError::UnsupportedError(_) => DecodeFault::Unsupported,
        TiffError::FormatError(TiffFormatError::TiffSignatureNotFound) => DecodeFault::NotAnImage,
        _ => DecodeFault::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use tiff::encoder::{Compression, TiffEncoder, colortype};

    const WIDTH: u32 = 333;
    const HEIGHT: u32 = 120;

    fn levels(seed: u32) -> Vec<u8> {
        (0..WIDTH * HEIGHT)
            .map(|i| ((i.wrapping_mul(2_654_435_761).wrapping_add(seed)) >> 24) as u8)
            .collect()
    }

    fn planes(bytes: &[u8]) -> Vec<Result<Plane, DecodeFault>> {
        let mut directories = match Directories::open(bytes) {
            Ok(d) => d,
            Err(e) => return vec![Err(e)],
        };
        std::iter::from_fn(|| directories.next()).collect()
    }

    #[test]
    fn gray_pages_come_in_order_whatever_their_compression() {
        for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Packbits] {
            let mut out = Cursor::new(Vec::new());
            let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
            for seed in [1, 2] {
                encoder.write_image::<colortype::Gray8>(WIDTH, HEIGHT, &levels(seed)).unwrap();
            }
            let pages = planes(out.get_ref());
            assert_eq!(pages.len(), 2);
            for (seed, page) in [1, 2].into_iter().zip(pages) {
                assert_eq!(page.unwrap().pixels, levels(seed));
            }
        }
    }

    /// A single-strip fax-coded TIFF, written by hand.
    fn group4(black: &dyn Fn(u32, u32) -> bool, photometric: u16) -> Vec<u8> {
        let mut fax = fax::encoder::Encoder::new(fax::VecWriter::new());
        for y in 0..HEIGHT {
            let row = (0..WIDTH).map(|x| if black(x, y) { fax::Color::Black } else { fax::Color::White });
            fax.encode_line(row, WIDTH).unwrap();
        }
        let data = fax.finish().unwrap().finish();
        let mut out = b"II*\0".to_vec();
        out.extend((8 + u32::try_from(data.len()).unwrap()).to_le_bytes());
        out.write_all(&data).unwrap();
        let entries: [(u16, u16, u32); 9] = [
            (256, 4, WIDTH),
            (257, 4, HEIGHT),
            (258, 3, 1),
            (259, 3, 4),
            (262, 3, u32::from(photometric)),
            (273, 4, 8),
            (277, 3, 1),
            (278, 4, HEIGHT),
            (279, 4, u32::try_from(data.len()).unwrap()),
        ];
        out.extend(9u16.to_le_bytes());
        for (tag, kind, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        out.extend(0u32.to_le_bytes());
        out
    }

    #[test]
    fn fax_pages_have_ink_where_it_was_whatever_their_photometric() {
        let disc = |x: u32, y: u32| (x.abs_diff(150)).pow(2) + (y.abs_diff(60)).pow(2) < 1600;
        for (photometric, ink) in [(0, 0), (1, 255)] {
            let pages = planes(&group4(&disc, photometric));
            assert_eq!(pages.len(), 1);
            let page = pages.into_iter().next().unwrap().unwrap();
            assert_eq!(page.depth, Depth::Bilevel);
            let at = |x: u32, y: u32| page.pixels[(y * WIDTH + x) as usize];
            assert_eq!((at(150, 60), at(5, 5), at(332, 119)), (ink, 255 - ink, 255 - ink));
        }
    }

    #[test]
    fn a_fax_page_cut_off_is_never_a_page() {
        let stripes = |x: u32, y: u32| (x + 3 * y) % 17 < 6;
        let whole = group4(&stripes, 0);
        assert!(planes(&whole)[0].is_ok());
        // Take data out of the middle of the strip: the directory's offset is moved with it.
        let mut cut = whole.clone();
        let strip_end = u32::from_le_bytes(cut[4..8].try_into().unwrap()) as usize;
        cut.drain(strip_end - 200..strip_end);
        let moved = u32::try_from(strip_end - 200).unwrap();
        cut[4..8].copy_from_slice(&moved.to_le_bytes());
        assert!(planes(&cut)[0].is_err());
        for end in (9..whole.len()).step_by(53) {
            assert!(planes(&whole[..end]).iter().all(Result::is_err), "cut at {end}");
        }
    }
}
