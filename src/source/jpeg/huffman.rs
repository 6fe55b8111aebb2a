//! Huffman codes, looked up together with the values that follow them.

use super::DecodeFault;
use std::sync::{Arc, Mutex};

/// Bits of a mean's code and value that are looked up at once. The longest usual code has 9.
const DC_LOOKAHEAD: u32 = 9;

/// Bits of coefficients that are looked up at once.
///
/// With fewer, two coefficients seldom fit and long ones take the slower road; with 12 one table fills a cache
/// of 32 KB.
const AC_LOOKAHEAD: u32 = 11;

/// Bits of a code that are looked up at once where its value doesn't fit.
const SHORT: u32 = 9;

/// The largest size of a value, in bits, for samples of 8 bits: of a mean's difference, of another coefficient.
const DC_LARGEST: u32 = 11;
const AC_LARGEST: u32 = 10;

/// A code that is followed by a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Coded {
    /// Bits of code and value together.
    pub length: u32,
    pub value: i32,
    /// How far the coefficient's index goes on.
    pub advance: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// A coefficient, or a run of zeros.
    #[default]
    Coefficient,
    /// No more coefficients in this block.
    End,
}

/// The codes alone.
#[derive(Debug, Clone)]
struct Codes {
    /// Length and symbol of the short codes; length 0 is none.
    short: [(u8, u8); 1 << SHORT],
    /// For every length of code, the first 16 bits that are past its codes.
    past: [u32; 17],
    /// For every length, what to add to a code for the place of its symbol.
    place: [i32; 17],
    symbols: [u8; 256],
}

impl Codes {
    /// The table of which `counts[n]` codes have `n + 1` bits, with the codes' symbols in order.
    fn new(counts: &[u8; 16], listed: &[u8]) -> Result<Self, DecodeFault> {
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
        let mut codes = Self { short: [(0, 0); 1 << SHORT], past, place, symbols };
        for bits in 0..1 << SHORT {
            if let Some((length, symbol)) = codes.search(bits << (64 - SHORT))
                && length <= SHORT
            {
                codes.short[bits as usize] = (length as u8, symbol);
            }
        }
        Ok(codes)
    }

    /// Length and symbol of the code at the top of `window`.
    #[inline(always)]
    fn symbol(&self, window: u64) -> Option<(u32, u8)> {
        match self.short[(window >> (64 - SHORT)) as usize] {
            (0, _) => self.search(window),
            (length, symbol) => Some((u32::from(length), symbol)),
        }
    }

    #[inline(never)]
    fn search(&self, window: u64) -> Option<(u32, u8)> {
        let first = (window >> 48) as u32;
        let length = (1..=16).find(|&n| first < self.past[n])?;
        let place = (first >> (16 - length)).cast_signed() + self.place[length];
        Some((length as u32, self.symbols[usize::try_from(place).ok()? & 255]))
    }
}

/// How many tables of a kind are remembered: a scanner writes one or two, and always the same.
const REMEMBERED: usize = 8;

/// Tables that were made before, with what they were made from; the latest last.
struct Known<T>(Mutex<Vec<(Vec<u8>, Arc<T>)>>);

impl<T> Known<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The table of these codes: making one costs as much as decoding a twentieth of a page.
    fn get(
        &self,
        counts: &[u8; 16],
        listed: &[u8],
        make: impl Fn(&[u8; 16], &[u8]) -> Result<T, DecodeFault>,
    ) -> Result<Arc<T>, DecodeFault> {
        let from = [&counts[..], listed].concat();
        // Whoever panicked while it was held left it whole.
        let held = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = held().iter().find(|(codes, _)| *codes == from).map(|(_, table)| Arc::clone(table));
        if let Some(known) = known {
            return Ok(known);
        }
        let made = Arc::new(make(counts, listed)?);
        let mut known = held();
        if known.len() >= REMEMBERED {
            known.remove(0);
        }
        known.push((from, Arc::clone(&made)));
        Ok(made)
    }
}

static DC_TABLES: Known<DcTable> = Known::new();
static AC_TABLES: Known<AcTable> = Known::new();

/// The value of `size` bits that begins `length` bits into `window`.
fn value(window: u64, length: u32, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    // Values of a size count up from the lowest negative one; the top bit tells the sign.
    let bits = ((window << length) >> (64 - size)) as i32;
    if bits >> (size - 1) == 0 { bits - (1 << size) + 1 } else { bits }
}

/// A table for the differences of the blocks' means.
#[derive(Debug, Clone)]
pub(super) struct DcTable {
    codes: Codes,
    /// Length in the low 8 bits, value above; 0 is not here.
    quick: [i32; 1 << DC_LOOKAHEAD],
}

impl DcTable {
    /// As [`DcTable::new`], made once for all files that have it.
    pub(super) fn known(counts: &[u8; 16], listed: &[u8]) -> Result<Arc<Self>, DecodeFault> {
        DC_TABLES.get(counts, listed, Self::new)
    }

    fn new(counts: &[u8; 16], listed: &[u8]) -> Result<Self, DecodeFault> {
        let mut table = Self { codes: Codes::new(counts, listed)?, quick: [0; 1 << DC_LOOKAHEAD] };
        for bits in 0..1 << DC_LOOKAHEAD {
            if let Some((length, value)) = table.search(bits << (64 - DC_LOOKAHEAD))
                && length <= DC_LOOKAHEAD
            {
                table.quick[bits as usize] = value << 8 | length.cast_signed();
            }
        }
        Ok(table)
    }

    /// Length of the code with its value, and the value, at the top of `window`.
    #[inline(always)]
    pub(super) fn look_up(&self, window: u64) -> Option<(u32, i32)> {
        let quick = self.quick[(window >> (64 - DC_LOOKAHEAD)) as usize];
        if quick == 0 { self.search(window) } else { Some(((quick & 0xff).cast_unsigned(), quick >> 8)) }
    }

    #[inline(never)]
    fn search(&self, window: u64) -> Option<(u32, i32)> {
        let (length, symbol) = self.codes.symbol(window)?;
        let size = u32::from(symbol);
        (size <= DC_LARGEST).then(|| (length + size, value(window, length, size)))
    }
}

/// One or two coefficients, with the end of the block behind them if it follows.
///
/// From the low end, 8 bits each: length of all the codes with their values; how far the coefficient's index goes
/// on to the first, to the second, and in all. Then the two values, 16 bits each. A single coefficient is there
/// twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair(u64);

impl Pair {
    /// Not in the table.
    const LONG: Self = Self(0);

    /// How far an end of block goes on; past every index that runs could lead to.
    pub(super) const END: usize = 128;

    /// Where nothing is stored: past the last index.
    const NOWHERE: usize = 64;

    fn new(length: u32, first: (usize, i32), second: (usize, i32), total: usize) -> Self {
        let half = |value: i32| u64::from((value & 0xffff).cast_unsigned());
        Self(
            half(second.1) << 48
                | half(first.1) << 32
                | (total as u64) << 24
                | (second.0 as u64) << 16
                | (first.0 as u64) << 8
                | u64::from(length),
        )
    }

    fn single(coded: Option<Coded>) -> Self {
        match coded {
            None => Self::new(0, (Self::NOWHERE, 0), (Self::NOWHERE, 0), Self::NOWHERE),
            Some(Coded { length, kind: Kind::End, .. }) => {
                Self::new(length, (Self::NOWHERE, 0), (Self::NOWHERE, 0), Self::END)
            }
            Some(Coded { length, value, advance, .. }) => {
                Self::new(length, (advance, value), (advance, value), advance)
            }
        }
    }

    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        (self.0 & 0xff) as u32
    }

    /// How far to the first coefficient, and its value.
    #[inline(always)]
    pub(super) fn first(self) -> (usize, i16) {
        ((self.0 >> 8 & 0xff) as usize, (self.0 >> 32) as i16)
    }

    /// How far to the second coefficient, and its value.
    #[inline(always)]
    pub(super) fn second(self) -> (usize, i16) {
        ((self.0 >> 16 & 0xff) as usize, (self.0 >> 48) as i16)
    }

    /// How far in all.
    #[inline(always)]
    pub(super) fn total(self) -> usize {
        (self.0 >> 24 & 0xff) as usize
    }
}

/// A table for the coefficients behind the mean.
#[derive(Debug, Clone)]
pub(super) struct AcTable {
    codes: Codes,
    pairs: [Pair; 1 << AC_LOOKAHEAD],
}

impl AcTable {
    /// As [`AcTable::new`], made once for all files that have it.
    pub(super) fn known(counts: &[u8; 16], listed: &[u8]) -> Result<Arc<Self>, DecodeFault> {
        AC_TABLES.get(counts, listed, Self::new)
    }

    fn new(counts: &[u8; 16], listed: &[u8]) -> Result<Self, DecodeFault> {
        const SIZE: usize = 1 << AC_LOOKAHEAD;
        let mut table = Self { codes: Codes::new(counts, listed)?, pairs: [Pair::LONG; SIZE] };
        let mut single = vec![None; SIZE];
        for (bits, single) in single.iter_mut().enumerate() {
            *single = table.search((bits as u64) << (64 - AC_LOOKAHEAD)).filter(|c| c.length <= AC_LOOKAHEAD);
        }
        // What comes `length` bits behind the start of `bits`, if all of it is there.
        let behind = |bits: usize, length: u32| {
            single[bits << length & (SIZE - 1)].filter(|c: &Coded| length + c.length <= AC_LOOKAHEAD)
        };
        for (bits, pair) in table.pairs.iter_mut().enumerate() {
            let Some(one) = single[bits] else { continue };
            *pair = Pair::single(Some(one));
            if one.kind == Kind::End {
                continue;
            }
            let (mut length, first) = (one.length, (one.advance, one.value));
            let mut second = first;
            if let Some(two) = behind(bits, length).filter(|c| c.kind == Kind::Coefficient) {
                second = (one.advance + two.advance, two.value);
                length += two.length;
            }
            let mut total = second.0;
            if let Some(end) = behind(bits, length).filter(|c| c.kind == Kind::End) {
                total += Pair::END;
                length += end.length;
            }
            *pair = Pair::new(length, first, second, total);
        }
        Ok(table)
    }

    /// What stands at the top of `window`: one or two coefficients.
    ///
    /// The second may belong to the next block, if the first was the last of this one; the caller must look. A code
    /// that is none goes on past the last index, but not as far as [`Pair::END`].
    #[inline(always)]
    pub(super) fn look_up(&self, window: u64) -> Pair {
        let pair = self.pairs[(window >> (64 - AC_LOOKAHEAD)) as usize];
        if pair == Pair::LONG { self.long(window) } else { pair }
    }

    #[inline(never)]
    fn long(&self, window: u64) -> Pair {
        Pair::single(self.search(window))
    }

    /// The one code at the top of `window`.
    pub(super) fn search(&self, window: u64) -> Option<Coded> {
        let (length, symbol) = self.codes.symbol(window)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (0, 0) => Some(Coded { length, kind: Kind::End, ..Coded::default() }),
            (15, 0) => Some(Coded { length, advance: 16, ..Coded::default() }),
            (_, 1..=AC_LARGEST) => Some(Coded {
                length: length + size,
                value: value(window, length, size),
                advance: run + 1,
                kind: Kind::Coefficient,
            }),
            _ => None,
        }
    }
}
