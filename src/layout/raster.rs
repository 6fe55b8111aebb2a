//! A small gray picture that is part of a layout: a marker, or the blank form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Transformations};
use std::io::Cursor;

/// The longest side of a raster in pixels: a blank form 1 000 pixels high shows its letters; more only makes the
/// layout file heavy.
pub const MOST_SIDE: usize = 1_200;

/// A gray picture, row by row, one byte a pixel; 0 is black.
///
/// In a layout file it stands as the base64 text of a PNG, so that the file's hash covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    levels: Vec<u8>,
}

/// What is wrong with a raster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RasterError {
    /// Not base64.
    #[error("the picture is not base64 text")]
    NotBase64,
    /// Not a PNG that can be decoded.
    #[error("the picture is not a gray 8-bit PNG")]
    NotPng,
    /// A side of zero or beyond [`MOST_SIDE`], or levels that don't fill it.
    #[error("the picture's sides must be 1 to {MOST_SIDE} pixels")]
    Size,
}

impl Raster {
    /// The picture of `levels`.
    ///
    /// # Errors
    ///
    /// [`RasterError::Size`].
    pub fn new(width: usize, height: usize, levels: Vec<u8>) -> Result<Self, RasterError> {
        let fits = (1..=MOST_SIDE).contains(&width)
            && (1..=MOST_SIDE).contains(&height)
            && levels.len() == width * height;
        if fits { Ok(Self { width, height, levels }) } else { Err(RasterError::Size) }
    }

    /// The picture that a layout file's text says.
    ///
    /// # Errors
    ///
    /// See [`RasterError`].
    pub fn from_text(text: &str) -> Result<Self, RasterError> {
        let packed: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed).map_err(|_| RasterError::NotBase64)?;
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(Transformations::IDENTITY);
        let mut reader = decoder.read_info().map_err(|_| RasterError::NotPng)?;
        let info = reader.info();
        if info.color_type != ColorType::Grayscale || info.bit_depth != BitDepth::Eight {
            return Err(RasterError::NotPng);
        }
        let (width, height) = (info.width as usize, info.height as usize);
        if width > MOST_SIDE || height > MOST_SIDE {
            return Err(RasterError::Size);
        }
        let mut levels = vec![0; width * height];
        reader.next_frame(&mut levels).map_err(|_| RasterError::NotPng)?;
        Self::new(width, height, levels)
    }

    /// The text for a layout file, in lines of 100 letters.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        // Writing to memory can't fail, and the sides fit: an empty text would be refused when read.
        let sides = (u32::try_from(self.width), u32::try_from(self.height));
        if let (Ok(width), Ok(height)) = sides {
            let mut encoder = png::Encoder::new(&mut bytes, width, height);
            encoder.set_color(ColorType::Grayscale);
            encoder.set_depth(BitDepth::Eight);
            encoder.set_compression(png::Compression::High);
            let _ = encoder.write_header().and_then(|mut w| w.write_image_data(&self.levels));
        }
        let text = STANDARD.encode(bytes);
        let mut out = String::with_capacity(text.len() + text.len() / 100 + 1);
        for (i, letter) in text.chars().enumerate() {
            if i > 0 && i % 100 == 0 {
                out.push('\n');
            }
            out.push(letter);
        }
        out
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Levels row by row, 0 is black.
    #[must_use]
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raster_comes_back_from_its_text() {
        let levels: Vec<u8> = (0..=250u8).cycle().step_by(7).take(40 * 30).collect();
        let raster = Raster::new(40, 30, levels).unwrap();
        assert_eq!(Raster::from_text(&raster.to_text()), Ok(raster));
    }

    #[test]
    fn what_is_not_a_picture_is_told() {
        assert_eq!(Raster::from_text("§"), Err(RasterError::NotBase64));
        assert_eq!(Raster::from_text("aGVsbG8="), Err(RasterError::NotPng));
        assert_eq!(Raster::new(0, 3, Vec::new()), Err(RasterError::Size));
        assert_eq!(Raster::new(2, 2, vec![0; 3]), Err(RasterError::Size));
    }
}
