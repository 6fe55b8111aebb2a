//! A stream's filters: unpacked strictly and within bounds.

use crate::sheet::DecodeFault;
use crate::source::unpack::{LzwKind, RunsEnd, Unpack};
use hayro::hayro_syntax::object::{Array, Dict, Number, Object, Stream};
use std::borrow::Cow;

/// Filters of one stream; two are common, a third is seen.
const MOST_FILTERS: usize = 6;

/// One filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Hex,
    Ascii85,
    Lzw,
    Flate,
    Runs,
    Fax,
    Jbig2,
    Jpeg,
    Jpeg2000,
}

impl Filter {
    fn of(name: &[u8]) -> Result<Self, DecodeFault> {
        Ok(match name {
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"LZWDecode" | b"LZW" => Self::Lzw,
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"RunLengthDecode" | b"RL" => Self::Runs,
            b"CCITTFaxDecode" | b"CCF" => Self::Fax,
            b"JBIG2Decode" => Self::Jbig2,
            b"DCTDecode" | b"DCT" => Self::Jpeg,
            b"JPXDecode" => Self::Jpeg2000,
            _ => return Err(DecodeFault::Unsupported),
        })
    }

    /// Whether it gives a picture and not bytes.
    pub(super) fn is_picture(self) -> bool {
        matches!(self, Self::Fax | Self::Jbig2 | Self::Jpeg | Self::Jpeg2000)
    }
}

/// The value under either of two keys: streams within a page's content use short ones.
#[allow(private_bounds)]
pub(super) fn either<'a>(dict: &Dict<'a>, long: &str, short: &str) -> Option<Object<'a>> {
    dict.get::<Object<'a>>(long).or_else(|| dict.get::<Object<'a>>(short))
}

/// A whole number of a dictionary.
pub(super) fn whole(dict: &Dict<'_>, key: &str) -> Option<i64> {
    dict.get::<Number>(key).map(|n| n.as_i64())
}

/// The filters of a stream with their parameters, in the order in which they are undone.
pub(super) fn filters<'a>(dict: &Dict<'a>) -> Result<Vec<(Filter, Dict<'a>)>, DecodeFault> {
    let parameters = either(dict, "DecodeParms", "DP");
    let filter = match either(dict, "Filter", "F") {
        None | Some(Object::Null(_)) => return Ok(Vec::new()),
        Some(filter) => filter,
    };
    match filter {
        Object::Name(name) => {
            let parameters = match parameters {
                Some(Object::Dict(dict)) => dict,
                Some(Object::Array(array)) => {
                    array.iter::<Object<'_>>().next().and_then(Object::into_dict).unwrap_or_default()
                }
                _ => Dict::empty(),
            };
            Ok(vec![(Filter::of(&name)?, parameters)])
        }
        Object::Array(names) => {
            let mut given: Vec<Dict<'a>> = match parameters {
                Some(Object::Array(array)) => parameter_list(&array),
                Some(Object::Dict(dict)) => vec![dict],
                _ => Vec::new(),
            };
            let names: Vec<Object<'_>> = names.iter::<Object<'_>>().take(MOST_FILTERS + 1).collect();
            if names.len() > MOST_FILTERS {
                return Err(DecodeFault::Unsupported);
            }
            given.resize(names.len(), Dict::empty());
            let named = names.into_iter().map(|n| match n {
                Object::Name(name) => Filter::of(&name),
                _ => Err(DecodeFault::Damaged),
            });
            named.zip(given).map(|(filter, dict)| Ok((filter?, dict))).collect()
        }
        // A file elsewhere.
        _ => Err(DecodeFault::Unsupported),
    }
}

fn parameter_list<'a>(array: &Array<'a>) -> Vec<Dict<'a>> {
    let dicts = array.iter::<Object<'a>>().take(MOST_FILTERS);
    dicts.map(|object| object.into_dict().unwrap_or_default()).collect()
}

/// The bytes of a stream that is no picture, at most `most`.
pub(super) fn bytes(stream: &Stream<'_>, most: usize) -> Result<Vec<u8>, DecodeFault> {
    let filters = filters(stream.dict())?;
    if filters.iter().any(|(filter, _)| filter.is_picture()) {
        return Err(DecodeFault::Damaged);
    }
    let (data, last) = up_to_last(stream, &filters, most)?;
    match last {
        None if data.len() > most => Err(DecodeFault::TooLarge),
        None => Ok(data.into_owned()),
        Some((filter, parameters)) => undone(*filter, parameters, &data, most),
    }
}

/// What is left when all filters but the last are undone, and that one.
type Undone<'a, 'f> = (Cow<'a, [u8]>, Option<&'f (Filter, Dict<'a>)>);

/// The bytes before the last filter, at most `most` after each, and that filter.
pub(super) fn up_to_last<'a, 'f>(
    stream: &Stream<'a>,
    filters: &'f [(Filter, Dict<'a>)],
    most: usize,
) -> Result<Undone<'a, 'f>, DecodeFault> {
    let mut data = stream.raw_data();
    let Some((last, before)) = filters.split_last() else { return Ok((data, None)) };
    for (filter, parameters) in before {
        data = Cow::Owned(undone(*filter, parameters, &data, most)?);
    }
    Ok((data, Some(last)))
}

/// Undoes one filter that gives bytes.
fn undone(filter: Filter, parameters: &Dict<'_>, data: &[u8], most: usize) -> Result<Vec<u8>, DecodeFault> {
    match filter {
        Filter::Hex => hex(data),
        Filter::Ascii85 => ascii85(data),
        _ => {
            // Rows of differences belong to pictures and are undone there.
            if whole(parameters, "Predictor").unwrap_or(1) > 1 {
                return Err(DecodeFault::Unsupported);
            }
            unpack(filter, parameters, data)?.all(most)
        }
    }
}

/// The unpacker of a filter that can be undone a row at a time.
pub(super) fn unpack<'d>(
    filter: Filter,
    parameters: &Dict<'_>,
    data: &'d [u8],
) -> Result<Unpack<'d>, DecodeFault> {
    Ok(match filter {
        Filter::Flate => Unpack::inflate(data),
        Filter::Lzw if whole(parameters, "EarlyChange") == Some(0) => Unpack::lzw(data, LzwKind::Late),
        Filter::Lzw => Unpack::lzw(data, LzwKind::Early),
        Filter::Runs => Unpack::runs(data, RunsEnd::End),
        _ => return Err(DecodeFault::Unsupported),
    })
}

/// Pairs of hexadecimal digits up to `>`.
pub(super) fn hex(data: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let mut out = Vec::with_capacity(data.len() / 2);
    let mut half = None;
    for &byte in data {
        if byte == b'>' {
            out.extend(half);
            return Ok(out);
        }
        if byte.is_ascii_whitespace() || byte == 0 {
            continue;
        }
        let digit =
            char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(DecodeFault::Damaged)?;
        half = match half {
            None => Some(digit << 4),
            Some(high) => {
                out.push(high | digit);
                None
            }
        };
    }
    Err(DecodeFault::Truncated)
}

/// Groups of five digits to the base 85 up to `~`.
pub(super) fn ascii85(data: &[u8]) -> Result<Vec<u8>, DecodeFault> {
    let mut out = Vec::with_capacity(data.len() / 5 * 4);
    let mut group = [0u8; 5];
    let mut length = 0;
    for &byte in data {
        match byte {
            b'~' => {
                if length == 1 {
                    return Err(DecodeFault::Damaged);
                }
                if length > 1 {
                    group[length..].fill(84);
                    out.extend_from_slice(&base85(group)?[..length - 1]);
                }
                return Ok(out);
            }
            b'z' if length == 0 => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group[length] = byte - b'!';
                length += 1;
                if length == 5 {
                    out.extend_from_slice(&base85(group)?);
                    length = 0;
                }
            }
            _ if byte.is_ascii_whitespace() || byte == 0 => {}
            _ => return Err(DecodeFault::Damaged),
        }
    }
    Err(DecodeFault::Truncated)
}

fn base85(digits: [u8; 5]) -> Result<[u8; 4], DecodeFault> {
    let sum = digits.iter().fold(0u64, |sum, &d| sum * 85 + u64::from(d));
    u32::try_from(sum).map(u32::to_be_bytes).map_err(|_| DecodeFault::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_codes_are_undone_and_need_their_end() {
        assert_eq!(hex(b"4a 4B\n5>rest").unwrap(), b"JKP");
        assert_eq!(hex(b"4a4b"), Err(DecodeFault::Truncated));
        assert_eq!(hex(b"4x>"), Err(DecodeFault::Damaged));
        assert_eq!(ascii85(b"9jqo^BlbD-Ble~>").unwrap(), b"Man is dis");
        assert_eq!(ascii85(b"z!!~>").unwrap(), [0, 0, 0, 0, 0]);
        assert_eq!(ascii85(b"9jqo^"), Err(DecodeFault::Truncated));
        assert_eq!(ascii85(b"uuuuu~>"), Err(DecodeFault::Damaged));
        assert_eq!(ascii85(b"!~>"), Err(DecodeFault::Damaged));
    }
}
