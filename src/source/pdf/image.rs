//! One picture of a PDF: from its stream to a plane.

use super::filter::{self, Filter};
use super::rows::Rows;
use super::space::{self, Space};
use super::{Refusal, jbig2, jpeg2000};
use crate::sheet::{Channel, DecodeFault};
use crate::source::colour;
use crate::source::fax::Fax;
use crate::source::plane::{Colour, Opacity, Order, Plane, Samples, area, of_colour, over_white};
use hayro::hayro_syntax::object::{Dict, Object, Stream};
use hayro_ccitt::EncodingMode;

/// Room for compressed data beside the rows they stand for, before the last filter.
const MOST_BESIDE: usize = 1 << 20;

/// A picture's stream and what its page says of it.
#[derive(Clone)]
pub(super) struct Image<'a> {
    pub(super) stream: Stream<'a>,
    /// `None` where nothing is said: stencils, and JPEG 2000 that says it itself.
    pub(super) space: Option<Space>,
    /// The colour that a stencil is painted in; `None` if that is no plain colour.
    pub(super) fill: Option<[u8; 3]>,
}

/// The facts of a picture's dictionary.
struct Facts {
    width: usize,
    height: usize,
    pixels: usize,
    /// Bits a sample.
    bits: u8,
    stencil: bool,
    decode: Vec<f64>,
}

impl Facts {
    fn of(dict: &Dict<'_>) -> Result<Self, DecodeFault> {
        let number = |long, short| match filter::either(dict, long, short) {
            Some(Object::Number(n)) => Some(n.as_i64()),
            _ => None,
        };
        let side =
            |long, short| number(long, short).and_then(|n| u64::try_from(n).ok()).ok_or(DecodeFault::Damaged);
        let (width, height) = (side("Width", "W")?, side("Height", "H")?);
        let pixels = area(width, height)?;
        let stencil = matches!(filter::either(dict, "ImageMask", "IM"), Some(Object::Boolean(true)));
        let bits = number("BitsPerComponent", "BPC");
        let bits = match (stencil, bits) {
            (true, _) => 1,
            (false, Some(bits @ (1 | 2 | 4 | 8 | 16))) => u8::try_from(bits).unwrap_or(8),
            // Filters that give pictures know it themselves.
            (false, None) => 8,
            _ => return Err(DecodeFault::Damaged),
        };
        let (Ok(width), Ok(height)) = (usize::try_from(width), usize::try_from(height)) else {
            return Err(DecodeFault::TooLarge);
        };
        let decode = space::numbers(filter::either(dict, "Decode", "D"));
        Ok(Self { width, height, pixels, bits, stencil, decode })
    }
}

impl Image<'_> {
    fn dict(&self) -> &Dict<'_> {
        self.stream.dict()
    }

    /// Whether the picture is a stencil: it paints where its samples say and leaves the rest.
    pub(super) fn is_stencil(&self) -> bool {
        matches!(filter::either(self.dict(), "ImageMask", "IM"), Some(Object::Boolean(true)))
    }

    /// Whether something says where the picture is clear.
    pub(super) fn has_mask(&self) -> bool {
        self.dict().contains_key("SMask") || self.dict().contains_key("Mask")
    }

    /// Width and height as the dictionary says.
    pub(super) fn size(&self) -> Result<(usize, usize), DecodeFault> {
        Facts::of(self.dict()).map(|facts| (facts.width, facts.height))
    }

    /// The picture over white paper.
    pub(super) fn plane(&self, channel: Channel) -> Result<Plane, Refusal> {
        let facts = Facts::of(self.dict())?;
        let colour = if facts.stencil {
            let [r, g, b] = self.fill.ok_or(Refusal::Drawing)?;
            let ink = of_colour(channel, r, g, b);
            let painted = u32::from(facts.decode == [1.0, 0.0]);
            Some(Colour::table(|sample| if sample == painted { ink } else { 255 }))
        } else {
            // A mask of its own, by a stencil or by colours.
            if self.dict().contains_key("Mask") || filter::whole(self.dict(), "SMaskInData").unwrap_or(0) != 0
            {
                return Err(Refusal::Drawing);
            }
            match &self.space {
                Some(space) => {
                    Some(space.colour(facts.bits, &facts.decode, channel).ok_or(Refusal::Drawing)?)
                }
                None => None,
            }
        };
        let mut plane = self.coded(&facts, colour, channel)?;
        if let Some(mask) = self.dict().get::<Stream<'_>>("SMask") {
            Self::lay_over_white(&mut plane, mask)?;
        }
        Ok(plane)
    }

    /// Lays the picture over white paper by the opacity in `mask`.
    fn lay_over_white(plane: &mut Plane, mask: Stream<'_>) -> Result<(), Refusal> {
        if mask.dict().contains_key("Matte") || mask.dict().contains_key("SMask") {
            return Err(Refusal::Drawing);
        }
        let mask = Image { stream: mask, space: Some(Space::Gray), fill: None };
        let mask = mask.plane(Channel::Luma)?;
        if (mask.width, mask.height) != (plane.width, plane.height) {
            return Err(Refusal::Drawing);
        }
        plane
            .pixels
            .iter_mut()
            .zip(&mask.pixels)
            .for_each(|(level, &alpha)| *level = over_white(*level, alpha));
        plane.depth = crate::source::Depth::Gray;
        Ok(())
    }

    /// That the picture's data are whole and sound, whatever its colours mean: for pictures that somebody else
    /// draws, who would fill what is missing with white.
    pub(super) fn sound(&self) -> Result<(), Refusal> {
        let facts = Facts::of(self.dict())?;
        let count = match &self.space {
            _ if facts.stencil => 1,
            Some(space) => space.samples().ok_or(Refusal::Drawing)?,
            None => 0,
        };
        let colour = match count {
            0 => None,
            3 => Some(Colour::Rgb),
            4 => Some(Colour::Cmyk),
            _ => Some(Colour::gray(facts.bits, false)),
        };
        match self.with_count(&facts, colour, count, Channel::Luma) {
            Err(Refusal::Drawing) if self.is_inks() => self.whole_jpeg(),
            result => result.map(drop),
        }
    }

    /// Whether the last filter is JPEG, and of four inks.
    fn is_inks(&self) -> bool {
        filter::filters(self.dict())
            .is_ok_and(|f| f.last().is_some_and(|(filter, _)| *filter == Filter::Jpeg))
    }

    fn whole_jpeg(&self) -> Result<(), Refusal> {
        let filters = filter::filters(self.dict())?;
        let (data, _) = filter::up_to_last(&self.stream, &filters, 4 << 20)?;
        colour::jpeg(&data, Channel::Luma).map(drop).map_err(Refusal::Fault)
    }

    fn coded(&self, facts: &Facts, colour: Option<Colour>, channel: Channel) -> Result<Plane, Refusal> {
        let count = colour.as_ref().map_or(0, Colour::samples);
        self.with_count(facts, colour, count, channel)
    }

    fn with_count(
        &self,
        facts: &Facts,
        colour: Option<Colour>,
        count: usize,
        channel: Channel,
    ) -> Result<Plane, Refusal> {
        let filters = filter::filters(self.dict())?;
        let bits = match filters.last() {
            Some((Filter::Fax | Filter::Jbig2, _)) => 1,
            Some((Filter::Jpeg | Filter::Jpeg2000, _)) => 8,
            _ => facts.bits,
        };
        let colour_or_fault = || colour.clone().ok_or(Refusal::Fault(DecodeFault::Damaged));
        let samples = Samples {
            bits,
            count,
            colour: colour.clone().unwrap_or(Colour::Rgb),
            opacity: Opacity::None,
            order: Order::Big,
            channel,
        };
        let row = samples.row_bytes(facts.width).ok_or(DecodeFault::TooLarge)?;
        let unpacked = row.checked_mul(facts.height).ok_or(DecodeFault::TooLarge)?;
        // A picture that says nothing of its space may take as much as four samples a pixel.
        let unpacked = if colour.is_none() { facts.pixels * 4 } else { unpacked };
        let (data, last) = filter::up_to_last(&self.stream, &filters, 2 * unpacked + MOST_BESIDE)?;
        let mut plane = Plane {
            width: facts.width,
            height: facts.height,
            pixels: Vec::new(),
            dpi: None,
            depth: samples.depth(),
        };
        match last {
            Some((Filter::Fax, parameters)) => {
                if !matches!(colour_or_fault()?, Colour::Table(_)) {
                    return Err(Refusal::Fault(DecodeFault::Damaged));
                }
                fax(&data, parameters, &samples, facts, &mut plane)?;
            }
            Some((Filter::Jbig2, parameters)) => {
                let Colour::Table(levels) = colour_or_fault()? else {
                    return Err(Refusal::Fault(DecodeFault::Damaged));
                };
                let globals = match parameters.get::<Stream<'_>>("JBIG2Globals") {
                    Some(globals) => Some(filter::bytes(&globals, jbig2::MOST_GLOBALS)?),
                    None if parameters.contains_key("JBIG2Globals") => {
                        return Err(Refusal::Fault(DecodeFault::Damaged));
                    }
                    None => None,
                };
                plane.pixels = jbig2::decode(
                    &data,
                    globals.as_deref(),
                    (facts.width, facts.height),
                    (levels[0], levels[1]),
                )?;
            }
            Some((Filter::Jpeg, parameters)) => {
                let read = jpeg(&data, parameters, &colour_or_fault()?, channel)?;
                plane = Plane { dpi: None, ..read };
            }
            Some((Filter::Jpeg2000, _)) => plane = jpeg2000::decode(&data, colour, channel)?,
            Some((Filter::Hex, _)) => Self::rows(&samples, &filter::hex(&data)?, None, &mut plane)?,
            Some((Filter::Ascii85, _)) => Self::rows(&samples, &filter::ascii85(&data)?, None, &mut plane)?,
            other => Self::rows(&samples, &data, other, &mut plane)?,
        }
        Ok(plane)
    }

    /// Rows of packed samples.
    fn rows(
        samples: &Samples,
        data: &[u8],
        last: Option<&(Filter, Dict<'_>)>,
        plane: &mut Plane,
    ) -> Result<(), Refusal> {
        if samples.count == 0 {
            return Err(Refusal::Fault(DecodeFault::Damaged));
        }
        let row_bytes = samples.row_bytes(plane.width).ok_or(DecodeFault::TooLarge)?;
        let mut rows = Rows::new(data, last, row_bytes)?;
        plane.pixels = vec![0; plane.width * plane.height];
        let mut out = plane.pixels.chunks_exact_mut(plane.width);
        let height = plane.height;
        rows.each(height, |row| {
            if let Some(out) = out.next() {
                samples.levels(row, out);
            }
        })?;
        Ok(())
    }
}

fn fax(
    data: &[u8],
    parameters: &Dict<'_>,
    samples: &Samples,
    facts: &Facts,
    plane: &mut Plane,
) -> Result<(), DecodeFault> {
    let number = |key| filter::whole(parameters, key);
    let flag = |key| parameters.get::<bool>(key);
    let columns = number("Columns").unwrap_or(1728);
    if usize::try_from(columns) != Ok(facts.width) {
        return Err(DecodeFault::Unsupported);
    }
    let fax = Fax {
        mode: match number("K").unwrap_or(0) {
            i64::MIN..0 => EncodingMode::Group4,
            0 => EncodingMode::Group3_1D,
            _ => EncodingMode::Group3_2D,
        },
        byte_aligned: flag("EncodedByteAlign").unwrap_or(false),
        end_of_block: flag("EndOfBlock").unwrap_or(true),
    };
    let Colour::Table(levels) = &samples.colour else { return Err(DecodeFault::Damaged) };
    // White is a sample of 1 unless black is.
    let white = usize::from(!flag("BlackIs1").unwrap_or(false));
    let (paper, ink) = (levels[white], levels[1 - white]);
    plane.pixels = vec![paper; facts.pixels];
    // Colours other than black and white are put in behind.
    let plain = ink == 255 - paper;
    fax.decode(data, facts.width, if plain { paper } else { 255 }, &mut plane.pixels)?;
    if !plain {
        plane.pixels.iter_mut().for_each(|level| *level = if *level == 255 { paper } else { ink });
    }
    Ok(())
}

fn jpeg(data: &[u8], parameters: &Dict<'_>, colour: &Colour, channel: Channel) -> Result<Plane, Refusal> {
    let (width, height, parts) = colour::size(data).ok_or(DecodeFault::Damaged)?;
    area(width as u64, height as u64)?;
    match (colour, parts) {
        (Colour::Table(levels), 1) => {
            let mut plane = colour::jpeg(data, Channel::Luma)?;
            let gray = Colour::gray(8, false);
            if *colour != gray {
                plane.pixels.iter_mut().for_each(|level| *level = levels[usize::from(*level)]);
            }
            Ok(plane)
        }
        (Colour::Rgb, 3) => {
            let plain = filter::whole(parameters, "ColorTransform") == Some(0);
            let marked;
            let data = if plain && !has_adobe(data) {
                marked = colour::marked_rgb(data);
                &marked
            } else {
                data
            };
            Ok(colour::jpeg(data, channel)?)
        }
        // Inks, or a space that doesn't fit.
        _ => Err(Refusal::Drawing),
    }
}

/// Whether a JPEG says itself what its components are.
fn has_adobe(data: &[u8]) -> bool {
    let head = &data[..data.len().min(4096)];
    memchr::memmem::find(head, b"Adobe\0").is_some()
}
