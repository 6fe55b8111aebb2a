//! Huffman codes, looked up together with the value that follows them.

use super::DecodeFault;

/// Bits that are looked up at once.
///
/// With 9 the usual codes with their values don't fit and the slower road is taken; with 12 two tables fill
/// half of a 32 KB cache.
const LOOKAHEAD: u32 = 10;

/// What a table's symbols stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Differences of the blocks' means.
    Dc,
    /// Runs of zeros and the coefficient behind them.
    Ac,
}

/// One code with its value, as one number.
///
/// From the low end: 8 bits length of code and value together, 8 bits how far the coefficient's index goes on,
/// 16 bits the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Coded(u32);

impl Coded {
    /// Not in the quick table.
    const LONG: Self = Self(0);

    /// How far an end of block goes on: past every index that a run could lead to (63 + 16).
    pub(super) const END: usize = 128;

    /// How far goes on what can't be: past the last index, but not as far as an end of block.
    const IMPOSSIBLE: u32 = 64;

    fn new(length: u32, advance: u32, value: i32) -> Self {
        // The value's low half as it is, sign and all.
        Self((value << 16).cast_unsigned() | advance << 8 | length)
    }

    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & 0xff
    }

    #[inline(always)]
    pub(super) fn advance(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }

    #[inline(always)]
    pub(super) fn value(self) -> i32 {
        self.0.cast_signed() >> 16
    }

    pub(super) fn possible(self) -> bool {
        self.advance() != Self::IMPOSSIBLE as usize
    }
}

/// One Huffman table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    quick: [Coded; 1 << LOOKAHEAD],
    class: Class,
    /// For every length of code, the first 16 bits that are past its codes.
    past: [u32; 17],
    /// For every length, what to add to a code for the place of its symbol.
    place: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    /// The table of which `counts[n]` codes have `n + 1` bits, with the codes' symbols in order.
    pub(super) fn new(class: Class, counts: &[u8; 16], listed: &[u8]) -> Result<Self, DecodeFault> {
        let mut symbols = [0; 256];
        symbols.get_mut(..listed.len()).ok_or(DecodeFault::Damaged)?.copy_from_slice(listed);
        let (mut past, mut place) = ([0; 17], [0; 17]);
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, &count) in (1_u32..).zip(counts) {
            let at = length as usize;
            place[at] = index.cast_signed() - code.cast_signed();
            code += u32::from(count);
            index += u32::from(count);
            // No code is all ones.
            if code >= 1 << length {
                return Err(DecodeFault::Damaged);
            }
            past[at] = code << (16 - length);
            code <<= 1;
        }
        if index as usize != listed.len() {
            return Err(DecodeFault::Damaged);
        }
        let mut table = Self { quick: [Coded::LONG; 1 << LOOKAHEAD], class, past, place, symbols };
        for bits in 0..1_u32 << LOOKAHEAD {
            let coded = table.search(u64::from(bits) << (64 - LOOKAHEAD));
            if coded.possible() && coded.length() <= LOOKAHEAD {
                table.quick[bits as usize] = coded;
            }
        }
        Ok(table)
    }

    /// The code, with its value, at the top of `window`.
    ///
    /// What is in no table, or stands for nothing in a baseline file, comes back as impossible.
    #[inline(always)]
    pub(super) fn look_up(&self, window: u64) -> Coded {
        let coded = self.quick[(window >> (64 - LOOKAHEAD)) as usize];
        if coded == Coded::LONG { self.search(window) } else { coded }
    }

    #[inline(never)]
    fn search(&self, window: u64) -> Coded {
        let first = (window >> 48) as u32;
        let Some(length) = (1..=16).find(|&n| first < self.past[n]) else {
            return Coded::new(0, Coded::IMPOSSIBLE, 0);
        };
        let place = (first >> (16 - length)).cast_signed() + self.place[length];
        let symbol = self.symbols[usize::try_from(place).unwrap_or(0) & 255];
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let length = length as u32;
        let largest = if self.class == Class::Dc { 11 } else { 10 };
        match (self.class, run, size) {
            (Class::Dc, 0, 0) => Coded::new(length, 1, 0),
            (Class::Ac, 0, 0) => Coded::new(length, Coded::END as u32, 0),
            (Class::Ac, 15, 0) => Coded::new(length, 16, 0),
            (Class::Dc, 1.., _) | (Class::Ac, _, 0) => Coded::new(0, Coded::IMPOSSIBLE, 0),
            _ if size > largest => Coded::new(0, Coded::IMPOSSIBLE, 0),
            _ => {
                // Values of a size count up from the lowest negative one; the top bit tells the sign.
                let bits = ((window << length) >> (64 - size)) as i32;
                let value = if bits >> (size - 1) == 0 { bits - (1 << size) + 1 } else { bits };
                Coded::new(length + size, run + 1, value)
            }
        }
    }
}
