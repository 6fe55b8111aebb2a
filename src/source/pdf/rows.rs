//! Rows of samples out of byte-wise compression, with the differences that PDF calls predictors undone.

use super::filter::{self, Filter};
use crate::sheet::DecodeFault;
use crate::source::unpack::Unpack;
use hayro::hayro_syntax::object::Dict;

/// Bytes that are unpacked at a time: half of a usual second-level cache.
const BLOCK: usize = 1 << 17;

/// How rows differ from samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Predictor {
    None,
    /// TIFF's: samples of 8 or 16 bits differ from the one this many bytes before.
    Left {
        apart: usize,
        wide: bool,
    },
    /// PNG's: each row says how, and a pixel has this many bytes.
    Png {
        apart: usize,
    },
}

/// The rows of a picture.
pub(super) struct Rows<'d> {
    unpack: Unpack<'d>,
    predictor: Predictor,
    row_bytes: usize,
}

impl<'d> Rows<'d> {
    /// Rows of `row_bytes` bytes out of `data` under the filter.
    pub(super) fn new(
        data: &'d [u8],
        last: Option<&(Filter, Dict<'_>)>,
        row_bytes: usize,
    ) -> Result<Self, DecodeFault> {
        let Some((filter, parameters)) = last else {
            return Ok(Self { unpack: Unpack::Stored(data), predictor: Predictor::None, row_bytes });
        };
        let predictor = match filter {
            Filter::Flate | Filter::Lzw => Self::predictor(parameters, row_bytes)?,
            _ => Predictor::None,
        };
        Ok(Self { unpack: filter::unpack(*filter, parameters, data)?, predictor, row_bytes })
    }

    fn predictor(parameters: &Dict<'_>, row_bytes: usize) -> Result<Predictor, DecodeFault> {
        let kind = filter::whole(parameters, "Predictor").unwrap_or(1);
        if kind <= 1 {
            return Ok(Predictor::None);
        }
        let number = |key, default, most| {
            let n = filter::whole(parameters, key).unwrap_or(default);
            usize::try_from(n).ok().filter(|n| (1..=most).contains(n)).ok_or(DecodeFault::Damaged)
        };
        let (colours, bits) = (number("Colors", 1, 32)?, number("BitsPerComponent", 8, 16)?);
        let columns = number("Columns", 1, 1 << 20)?;
        // Rows of another length than the picture's would have to be cut anew; nobody writes them.
        if (columns * colours * bits).div_ceil(8) != row_bytes {
            return Err(DecodeFault::Unsupported);
        }
        match (kind, bits) {
            (2, 8) => Ok(Predictor::Left { apart: colours, wide: false }),
            (2, 16) => Ok(Predictor::Left { apart: 2 * colours, wide: true }),
            (10..=15, _) => Ok(Predictor::Png { apart: (colours * bits).div_ceil(8) }),
            _ => Err(DecodeFault::Unsupported),
        }
    }

    /// Shows `height` rows to `see`; fewer are an error.
    pub(super) fn each(&mut self, height: usize, mut see: impl FnMut(&[u8])) -> Result<(), DecodeFault> {
        let tag = usize::from(matches!(self.predictor, Predictor::Png { .. }));
        let stride = self.row_bytes + tag;
        let per_block = (BLOCK / stride).max(1);
        let mut block = vec![0; per_block.min(height) * stride];
        let mut before = vec![0; if tag == 1 { self.row_bytes } else { 0 }];
        let mut done = 0;
        while done < height {
            let now = per_block.min(height - done);
            self.unpack.fill(&mut block[..now * stride])?;
            for row in block[..now * stride].chunks_exact_mut(stride) {
                match self.predictor {
                    Predictor::None => {}
                    Predictor::Left { apart, wide } => add_left(row, apart, wide),
                    Predictor::Png { apart } => {
                        let (kind, row) = row.split_at_mut(1);
                        undo_png(kind[0], row, &before, apart)?;
                        before.copy_from_slice(row);
                    }
                }
                see(&row[tag..]);
            }
            done += now;
        }
        self.unpack.finish()
    }
}

fn add_left(row: &mut [u8], apart: usize, wide: bool) {
    if !wide {
        for i in apart..row.len() {
            row[i] = row[i].wrapping_add(row[i - apart]);
        }
        return;
    }
    for i in (apart..row.len().saturating_sub(1)).step_by(2) {
        let word = |at: usize| u16::from_be_bytes([row[at], row[at + 1]]);
        let sum = word(i).wrapping_add(word(i - apart)).to_be_bytes();
        row[i..i + 2].copy_from_slice(&sum);
    }
}

/// Undoes one of PNG's filters: <https://www.w3.org/TR/png/#9Filters>.
fn undo_png(kind: u8, row: &mut [u8], before: &[u8], apart: usize) -> Result<(), DecodeFault> {
    match kind {
        0 => {}
        1 => {
            for i in apart..row.len() {
                row[i] = row[i].wrapping_add(row[i - apart]);
            }
        }
        2 => row.iter_mut().zip(before).for_each(|(x, &b)| *x = x.wrapping_add(b)),
        3 => {
            for i in 0..row.len() {
                let left = if i < apart { 0 } else { row[i - apart] };
                let mean = u16::midpoint(u16::from(left), u16::from(before[i]));
                row[i] = row[i].wrapping_add(u8::try_from(mean).unwrap_or(0));
            }
        }
        4 => {
            for i in 0..row.len() {
                let (a, c) = if i < apart { (0, 0) } else { (row[i - apart], before[i - apart]) };
                row[i] = row[i].wrapping_add(paeth(a, before[i], c));
            }
        }
        _ => return Err(DecodeFault::Damaged),
    }
    Ok(())
}

/// The neighbour (left, above, above left) nearest to left + above − above left.
fn paeth(a: u8, b: u8, c: u8) -> u8 {
    let (wide_a, wide_b, wide_c) = (i16::from(a), i16::from(b), i16::from(c));
    let p = wide_a + wide_b - wide_c;
    let (pa, pb, pc) = ((p - wide_a).abs(), (p - wide_b).abs(), (p - wide_c).abs());
    if pa <= pb && pa <= pc {
        a
    } else if pb <= pc {
        b
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn png_filters_are_undone() {
        let before = [10, 20, 30, 40];
        let undone = |kind| {
            let mut row = [1, 2, 3, 4];
            undo_png(kind, &mut row, &before, 1).map(|()| row)
        };
        assert_eq!(undone(0), Ok([1, 2, 3, 4]));
        assert_eq!(undone(1), Ok([1, 3, 6, 10]));
        assert_eq!(undone(2), Ok([11, 22, 33, 44]));
        assert_eq!(undone(3), Ok([6, 15, 25, 36]));
        assert_eq!(undone(4), Ok([11, 22, 33, 44]));
        assert_eq!(undone(5), Err(DecodeFault::Damaged));
    }

    #[test]
    fn the_nearest_neighbour_wins() {
        assert_eq!((paeth(1, 2, 3), paeth(9, 2, 3), paeth(5, 5, 0), paeth(0, 0, 0)), (1, 9, 5, 0));
    }
}
