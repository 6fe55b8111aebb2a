//! Entropy-coded data as bits.

use super::DecodeFault;
use super::header::{marker, marker_at};

/// Zero bytes behind the data, so that the last real bits are read as fast as the first.
const SLACK: usize = 8;

/// The entropy-coded data of one scan, between its restart markers.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    bytes: Vec<u8>,
    /// Where each stretch ends, with its slack.
    ends: Vec<usize>,
}

impl Stretches {
    /// Copies the entropy-coded bytes that begin at `at`, without the zero that is stuffed behind every 0xff,
    /// up to the first marker that is no restart. Gives the place of that marker.
    ///
    /// Restart markers must count from 0 to 7 and again. The copy costs about 1 % of decoding; looking for 0xff at
    /// every refill of the bits would cost more.
    pub(super) fn take(&mut self, input: &[u8], mut at: usize) -> Result<usize, DecodeFault> {
        self.ends.clear();
        // No stretch is longer than what it is copied from.
        let rest = input.get(at..).ok_or(DecodeFault::Truncated)?;
        let room = rest.len() + SLACK;
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        let mut filled = 0;
        loop {
            let plain = copy_plain(input.get(at..).unwrap_or_default(), &mut self.bytes[filled..]);
            at += plain;
            filled += plain;
            match input.get(at + 1) {
                None => return Err(DecodeFault::Truncated),
                Some(0) => {
                    self.bytes[filled] = 0xff;
                    filled += 1;
                    at += 2;
                }
                Some(_) => {
                    let (code, behind) = marker_at(input, at)?;
                    // Each marker leaves slack in the copy, which is longer than the marker was.
                    if self.bytes.len() < filled + SLACK + (input.len() - at) {
                        self.bytes.resize(filled + SLACK + (input.len() - at), 0);
                    }
                    self.bytes[filled..filled + SLACK].fill(0);
                    filled += SLACK;
                    self.ends.push(filled);
                    if !(marker::RST0..=marker::RST7).contains(&code) {
                        return Ok(at);
                    }
                    if usize::from(code - marker::RST0) != (self.ends.len() - 1) % 8 {
                        return Err(DecodeFault::Damaged);
                    }
                    at = behind;
                }
            }
        }
    }

    /// How many there are: one more than restart markers.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Each stretch's bits.
    pub(super) fn iter(&self) -> impl Iterator<Item = Bits<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| Bits::new(self.bytes.get(start..end).unwrap_or_default()))
    }
}

/// Copies up to the first 0xff; how many bytes that were.
fn copy_plain(from: &[u8], to: &mut [u8]) -> usize {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let mut copied = 0;
    for (from, to) in from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0) {
        let word = u64::from_le_bytes(*from);
        *to = *from;
        // The top bit of each byte that is 0xff.
        let found = (word & LOW).wrapping_add(!LOW >> 7) & word & !LOW;
        if found != 0 {
            return copied + (found.trailing_zeros() / 8) as usize;
        }
        copied += 8;
    }
    for (from, to) in from.iter().zip(to).skip(copied) {
        if *from == 0xff {
            break;
        }
        *to = *from;
        copied += 1;
    }
    copied
}

/// A place in unstuffed data, most significant bit first.
#[derive(Debug, Clone)]
pub(super) struct Bits<'d> {
    data: &'d [u8],
    /// The byte that is loaded next.
    next: usize,
    /// The next bits, from the top.
    window: u64,
    /// How many of them count.
    held: u32,
}

impl<'d> Bits<'d> {
    /// The bits of unstuffed data with [`SLACK`] behind them.
    fn new(data: &'d [u8]) -> Self {
        Self { data, next: 0, window: 0, held: 0 }
    }

    /// Fills the window: at least 56 bits can be read after it.
    ///
    /// Past the end the bits are zero; [`Bits::overrun`] tells.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let word = match self.data.get(self.next..).and_then(<[u8]>::first_chunk) {
            Some(&bytes) => u64::from_be_bytes(bytes),
            None => 0,
        };
        // Whole bytes are counted; the bits of a further part of a byte may be in the window already, and
        // are put there again with the same value.
        self.window |= word.wrapping_shr(self.held);
        self.next = self.next.wrapping_add((self.held ^ 63) as usize >> 3);
        self.held |= 0x38;
    }

    /// The window: the next bits from the top.
    #[inline(always)]
    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// Goes on by `count` bits, of those that are held.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.window = self.window.wrapping_shl(count);
        self.held = self.held.wrapping_sub(count);
    }

    fn used(&self) -> usize {
        (self.next * 8).saturating_sub(self.held as usize)
    }

    fn length(&self) -> usize {
        self.data.len().saturating_sub(SLACK) * 8
    }

    /// Whether more bits were read than there are.
    pub(super) fn overrun(&self) -> bool {
        self.used() > self.length()
    }

    /// Proves that the data end here: less than a byte is left over, and all its bits are alike.
    ///
    /// The standard pads with ones; encoders that pad with zeros exist.
    pub(super) fn finish(&self) -> Result<(), DecodeFault> {
        let (used, length) = (self.used(), self.length());
        if used > length {
            return Err(DecodeFault::Truncated);
        }
        let left = length - used;
        if left > 7 {
            return Err(DecodeFault::Damaged);
        }
        let last = self.data.get(length / 8 - usize::from(length > 0)).copied().unwrap_or(0);
        let padding = last & ((1 << left) - 1);
        if padding == 0 || padding == (1 << left) - 1 { Ok(()) } else { Err(DecodeFault::Damaged) }
    }
}
