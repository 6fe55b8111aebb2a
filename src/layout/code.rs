//! The printed layout code: a strip of cells that says which card this is.

use crate::geometry::{Mm, Point, Rect};

/// Cells of the strip: a black start cell, ten bits of the code, five check bits.
pub const CODE_CELLS: usize = 16;

/// The highest code that ten bits can say.
const HIGHEST: u16 = 1023;

/// Where the strip is printed and what it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayoutCode {
    /// The layout's number, 0..=1023.
    pub number: u16,
    /// The first cell; the others follow to the right.
    pub first: Rect<Mm>,
    /// From one cell's centre to the next, in millimetres.
    pub pitch: Mm,
}

impl LayoutCode {
    /// The outline of cell `index` (0..[`CODE_CELLS`]).
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // 0..16
    pub fn cell(&self, index: usize) -> Rect<Mm> {
        let c = self.first.centre;
        let centre = Point::at(c.x.0 + self.pitch.0 * index as f64, c.y.0);
        Rect { centre, ..self.first }
    }

    /// Which cells are black, from the left.
    #[must_use]
    pub fn cells(&self) -> [bool; CODE_CELLS] {
        Self::encode(self.number)
    }

    /// Which cells are black for `number`.
    #[must_use]
    pub fn encode(number: u16) -> [bool; CODE_CELLS] {
        let number = number & HIGHEST;
        let word = (1 << 15) | (number << 5) | u16::from(check_bits(number));
        std::array::from_fn(|i| word >> (CODE_CELLS - 1 - i) & 1 == 1)
    }

    /// The number that the cells say; `None` if the start cell or the check bits are wrong.
    #[must_use]
    pub fn decode(cells: [bool; CODE_CELLS]) -> Option<u16> {
        let word = cells.iter().fold(0u16, |w, &black| w << 1 | u16::from(black));
        let number = word >> 5 & HIGHEST;
        (Self::encode(number) == cells).then_some(number)
    }
}

/// The remainder of the ten bits by x⁵ + x⁴ + x² + 1, inverted.
///
/// With this polynomial any two codes of ten data bits differ in at least four cells, counting the
/// check bits, so up to three misread cells are always noticed (shown by a test); inverted, so that
/// an empty strip is never a code.
fn check_bits(number: u16) -> u8 {
    let mut rest = u32::from(number) << 5;
    for bit in (5..15).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= 0b11_0101 << (bit - 5);
        }
    }
    (rest & 0b1_1111) as u8 ^ 0b1_1111
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_codes_differ_in_at_least_four_cells() {
        let all: Vec<_> = (0..=HIGHEST).map(LayoutCode::encode).collect();
        let mut least = CODE_CELLS;
        for (i, a) in all.iter().enumerate() {
            assert_eq!(LayoutCode::decode(*a), u16::try_from(i).ok());
            for b in &all[..i] {
                least = least.min(a.iter().zip(b).filter(|(x, y)| x != y).count());
            }
        }
        assert_eq!(least, 4);
    }

    #[test]
    fn an_empty_or_black_strip_is_no_code() {
        assert_eq!(LayoutCode::decode([false; CODE_CELLS]), None);
        assert_eq!(LayoutCode::decode([true; CODE_CELLS]), None);
    }
}
