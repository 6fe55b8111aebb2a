//! Colour spaces, as far as scanners use them.

use super::filter;
use crate::sheet::Channel;
use crate::source::plane::{Colour, of_colour};
use hayro::hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use std::rc::Rc;

/// Spaces within spaces: a palette of a profile of a gray is two.
const MOST_DEPTH: u8 = 4;

/// What a picture's samples mean. Profiles are not applied: every reader of ours measures paper and ink on the page
/// itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Space {
    Gray,
    Rgb,
    Cmyk,
    /// Colours of a table, three bytes each.
    Indexed(Rc<[[u8; 3]]>),
    /// Something else, with this many samples a pixel where they could be counted.
    Other(Option<usize>),
}

impl Space {
    /// The space that an image or an operator names. `named` are the page's own.
    pub(super) fn of(object: &Object<'_>, named: &Dict<'_>) -> Self {
        Self::within(object, named, 0)
    }

    fn within(object: &Object<'_>, named: &Dict<'_>, depth: u8) -> Self {
        if depth > MOST_DEPTH {
            return Self::Other(None);
        }
        match object {
            Object::Name(name) => Self::by_name(name, named, depth),
            Object::Array(array) => Self::by_array(array, named, depth),
            _ => Self::Other(None),
        }
    }

    fn by_name(name: &Name<'_>, named: &Dict<'_>, depth: u8) -> Self {
        match name.as_ref() {
            b"DeviceGray" | b"G" | b"CalGray" => Self::Gray,
            b"DeviceRGB" | b"RGB" | b"CalRGB" => Self::Rgb,
            b"DeviceCMYK" | b"CMYK" => Self::Cmyk,
            other => match named.get::<Object<'_>>(other) {
                Some(object) => Self::within(&object, named, depth + 1),
                None => Self::Other(None),
            },
        }
    }

    fn by_array(array: &Array<'_>, named: &Dict<'_>, depth: u8) -> Self {
        let parts: Vec<Object<'_>> = array.iter::<Object<'_>>().take(4).collect();
        let Some(Object::Name(kind)) = parts.first() else { return Self::Other(None) };
        match (kind.as_ref(), parts.get(1)) {
            (b"ICCBased", Some(Object::Stream(profile))) => match filter::whole(profile.dict(), "N") {
                Some(1) => Self::Gray,
                Some(3) => Self::Rgb,
                Some(4) => Self::Cmyk,
                _ => Self::Other(None),
            },
            (b"Indexed" | b"I", Some(base)) => {
                let table = || {
                    let base = Self::within(base, named, depth + 1);
                    let most = match parts.get(2)? {
                        Object::Number(n) => usize::try_from(n.as_i64()).ok().filter(|&m| m < 256)?,
                        _ => return None,
                    };
                    indexed(&base, most, parts.get(3)?)
                };
                table().map_or(Self::Other(Some(1)), Self::Indexed)
            }
            (b"Separation", _) => Self::Other(Some(1)),
            (b"Lab", _) => Self::Other(Some(3)),
            (b"DeviceN", Some(Object::Array(names))) => {
                Self::Other(Some(names.iter::<Object<'_>>().take(33).count()).filter(|&n| n <= 32))
            }
            (_, None | Some(Object::Dict(_))) => Self::by_name(kind, named, depth),
            _ => Self::Other(None),
        }
    }

    /// Samples a pixel.
    pub(super) fn samples(&self) -> Option<usize> {
        match self {
            Self::Gray | Self::Indexed(_) => Some(1),
            Self::Rgb => Some(3),
            Self::Cmyk => Some(4),
            Self::Other(count) => *count,
        }
    }

    /// How samples of `bits` bits become levels; `None` if only a renderer can tell.
    pub(super) fn colour(&self, bits: u8, decode: &[f64], channel: Channel) -> Option<Colour> {
        let most = f64::from((1u32 << bits.min(8)) - 1);
        match self {
            Self::Gray => {
                let (low, high) = match *decode {
                    [] => (0.0, 1.0),
                    [low, high] => (low, high),
                    _ => return None,
                };
                Some(Colour::table(|sample| {
                    let share = f64::from(sample).min(most) / most;
                    let level = (low + share * (high - low)).clamp(0.0, 1.0) * 255.0;
                    // A level between 0 and 255.
                    level.round() as u8
                }))
            }
            Self::Indexed(table) => {
                if !decode.is_empty() && decode != [0.0, most] {
                    return None;
                }
                // What lies behind the table is its last colour.
                let last = table.len().checked_sub(1)?;
                Some(Colour::table(|sample| {
                    let [r, g, b] = table[(sample as usize).min(last)];
                    of_colour(channel, r, g, b)
                }))
            }
            Self::Rgb | Self::Cmyk => {
                let usual = decode.chunks(2).all(|pair| pair == [0.0, 1.0]);
                let colour = if *self == Self::Rgb { Colour::Rgb } else { Colour::Cmyk };
                usual.then_some(colour)
            }
            Self::Other(_) => None,
        }
    }

    /// The colour that operands of a colour operator name.
    pub(super) fn ink(&self, operands: &[f64]) -> Option<[u8; 3]> {
        let byte = |v: f64| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
        match (self, operands) {
            (Self::Gray, &[g]) => Some([byte(g); 3]),
            (Self::Rgb, &[r, g, b]) => Some([byte(r), byte(g), byte(b)]),
            (Self::Cmyk, &[c, m, y, k]) => Some([c, m, y].map(|ink| byte((1.0 - ink) * (1.0 - k)))),
            (Self::Indexed(table), &[i]) => table.get(i.clamp(0.0, 255.0) as usize).copied(),
            _ => None,
        }
    }
}

/// The colours of a palette.
fn indexed(base: &Space, most: usize, lookup: &Object<'_>) -> Option<Rc<[[u8; 3]]>> {
    let count = base.samples()?;
    let bytes = match lookup {
        Object::String(string) => string.as_bytes().to_vec(),
        Object::Stream(stream) => table_bytes(stream)?,
        _ => return None,
    };
    let colours: Vec<[u8; 3]> = bytes
        .chunks_exact(count)
        .take(most + 1)
        .map(|entry| {
            let parts: Vec<f64> = entry.iter().map(|&b| f64::from(b) / 255.0).collect();
            base.ink(&parts)
        })
        .collect::<Option<_>>()?;
    (colours.len() == most + 1).then(|| colours.into())
}

/// 256 colours of 4 bytes, and the line end that some writers leave behind them.
fn table_bytes(stream: &Stream<'_>) -> Option<Vec<u8>> {
    filter::bytes(stream, 4 * 256 + 64).ok()
}

/// The numbers of an array.
pub(super) fn numbers(object: Option<Object<'_>>) -> Vec<f64> {
    match object {
        Some(Object::Array(array)) => array.iter::<Number>().take(64).map(|n| n.as_f64()).collect(),
        _ => Vec::new(),
    }
}
