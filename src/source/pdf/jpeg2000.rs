//! JPEG 2000 as it stands in PDF.

use super::Refusal;
use crate::sheet::{Channel, DecodeFault};
use crate::source::Depth;
use crate::source::plane::{Colour, Opacity, Order, Plane, Samples, area};
use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};

/// Samples of all channels. Each takes 4 bytes while it is decoded, and the transform as much again: A4 in colour at
/// 300 dpi has 26 million. With the limit of the other formats one page would take three gigabytes.
const MOST_SAMPLES: usize = 60_000_000;

/// Tiles of one picture. Scanners write one; each costs tables of its own.
const MOST_TILES: u64 = 65_535;

/// Bytes behind the end mark: boxes and padding.
const TAIL: usize = 64;

/// The plane of a JPEG 2000 file or codestream. `colour` is what the PDF says of its samples, if it does.
pub(super) fn decode(data: &[u8], colour: Option<Colour>, channel: Channel) -> Result<Plane, Refusal> {
    tiles(data)?;
    // Without its end a codestream still gives a picture, only worse and worse.
    if memchr::memmem::rfind(&data[data.len().saturating_sub(TAIL)..], b"\xff\xd9").is_none() {
        return Err(Refusal::Fault(DecodeFault::Truncated));
    }
    let settings = DecodeSettings { resolve_palette_indices: true, strict: true, target_resolution: None };
    let damaged = |_| Refusal::Fault(DecodeFault::Damaged);
    let image = Image::new(data, &settings).map_err(damaged)?;
    let pixels = area(u64::from(image.width()), u64::from(image.height()))?;
    let channels = usize::from(image.color_space().num_channels());
    let count = channels + usize::from(image.has_alpha());
    if pixels.saturating_mul(count) > MOST_SAMPLES {
        return Err(Refusal::Fault(DecodeFault::TooLarge));
    }
    let own = match (image.color_space(), channels) {
        (ColorSpace::CMYK | ColorSpace::Unknown { .. }, _) => return Err(Refusal::Drawing),
        (_, 1) => Colour::gray(8, false),
        (_, 3) => Colour::Rgb,
        _ => return Err(Refusal::Drawing),
    };
    let colour = colour.unwrap_or_else(|| own.clone());
    // A palette of the PDF's would have to be applied to samples before they are spread to 8 bits.
    if colour.samples() != own.samples() || matches!(colour, Colour::Table(_)) && colour != own {
        return Err(Refusal::Drawing);
    }
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    if decoded.components().len() != count {
        return Err(Refusal::Fault(DecodeFault::Damaged));
    }
    let bytes = decoded.data_u8();
    let opacity = if image.has_alpha() { Opacity::Straight } else { Opacity::None };
    let samples = Samples { bits: 8, count, colour, opacity, order: Order::Big, channel };
    if bytes.len() != pixels * count {
        return Err(Refusal::Fault(DecodeFault::Damaged));
    }
    let mut out = vec![0; pixels];
    samples.levels(&bytes, &mut out);
    Ok(Plane { width, height, pixels: out, dpi: None, depth: Depth::Gray })
}

/// Refuses more tiles than a page has (T.800, A.5.1), before anything is set aside for them.
fn tiles(data: &[u8]) -> Result<(), DecodeFault> {
    let start = memchr::memmem::find(data, b"\xff\x4f\xff\x51").ok_or(DecodeFault::Damaged)?;
    // Behind two marks, a length and the capabilities.
    let size = data.get(start + 8..start + 40).ok_or(DecodeFault::Truncated)?;
    let field = |i: usize| size[4 * i..4 * i + 4].iter().fold(0u64, |sum, &b| sum << 8 | u64::from(b));
    let (width, height) = (field(0).checked_sub(field(2)), field(1).checked_sub(field(3)));
    let (Some(width), Some(height)) = (width, height) else { return Err(DecodeFault::Damaged) };
    area(width, height)?;
    let count = |side: u64, tile: u64, from: u64| (side.saturating_sub(from)).div_ceil(tile.max(1));
    let across = count(field(0), field(4), field(6));
    let down = count(field(1), field(5), field(7));
    if across.saturating_mul(down) > MOST_TILES { Err(DecodeFault::TooLarge) } else { Ok(()) }
}
