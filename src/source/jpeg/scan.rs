//! One scan of a baseline file, proved from its first bit to its last.

use super::DecodeFault;
#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::bits::{Bits, Stretches};
use super::header::{Component, Frame, Header, ScanHeader, ZIGZAG};
use super::huffman::{AcTable, DcTable, Kind, Pair};
use super::idct::{Block, Steps, flat, levels};
use std::ops::Range;

/// How far a block's mean, in eighths of a level, may be from middle gray, apart from half a step of rounding.
///
/// Black is at -1024 and white at 1016. The rest is mozjpeg's overshoot: 31 levels, 248. With less, its files
/// would be refused; with more, a shift of all that follows a damaged bit would go unnoticed oftener.
const FARTHEST_MEAN: i32 = 1024 + 248;

/// The same for blocks of one level, which don't overshoot; the rest is two levels for inexact encoders.
const FARTHEST_FLAT: i32 = 1024 + 16;

/// Blocks that are decoded before they are transformed: 2 KB, a small part of the nearest cache.
pub(super) const BATCH: usize = 64;

/// One scan's work: where it stands in the file, and what it needs beside.
pub(super) struct Scan<'h> {
    parts: Vec<Part<'h>>,
    /// Units across and down the picture.
    columns: usize,
    rows: usize,
    restart: usize,
}

/// A component's place in the scan, with all that decoding its blocks takes.
struct Part<'h> {
    luma: bool,
    /// Blocks in each unit.
    across: usize,
    down: usize,
    dc: &'h DcTable,
    ac: &'h AcTable,
    steps: Steps,
    /// Place in the block of each coefficient in the order of the file. All indices past the last lead to the mean's
    /// place, which is written when the others are done.
    order: [u8; 256],
    /// The largest mean of a block, and of a flat one, in steps.
    most: i32,
    most_flat: i32,
    step: i32,
    /// The mean of the block before, in steps.
    mean: i32,
}

/// The levels of one row of units.
pub(super) struct Strip {
    /// Row by row, eight levels together.
    eights: Vec<[u8; 8]>,
    /// Eights in a row.
    stride: usize,
    /// Levels and rows of the picture that are still to come.
    width: usize,
    left: usize,
}

/// Blocks of which the transform is still to come.
///
/// Their coefficients are written one at a time and read eight at a time: a processor can't do the second right after
/// the first without waiting for the cache.
struct Batch {
    blocks: [Block; BATCH],
    /// Each block's place in the strip.
    places: [usize; BATCH],
    filled: usize,
    /// Which blocks are flat, have the 4 × 4 lowest coefficients alone, and have others, and how many. Apart, because
    /// whichever comes next can't be foretold, and foretelling it wrongly costs as much as half a transform.
    kinds: [[u8; BATCH]; 3],
    counts: [usize; 3],
}

/// What shows only in the sum.
#[derive(Default)]
struct Tally {
    /// Whether a coefficient was beyond the bounds.
    beyond: bool,
    /// Flat blocks beyond black and white, and all blocks.
    blown: usize,
    blocks: usize,
}

impl<'h> Scan<'h> {
    /// A scan over the components that `scan` names.
    pub(super) fn new(header: &'h Header, frame: &Frame, scan: &ScanHeader) -> Result<Self, DecodeFault> {
        let mut parts = scan
            .parts
            .iter()
            .map(|&(index, dc, ac)| Part::new(header, frame.components[index], index == 0, dc, ac))
            .collect::<Result<Vec<_>, _>>()?;
        let most = |size: fn(&Component) -> usize| frame.components.iter().map(size).max().unwrap_or(1);
        let (across, down) = (most(|c| c.across), most(|c| c.down));
        let (columns, rows) = if let [only] = &mut parts[..] {
            // Alone, a component is in units of one block, and not padded to whole units.
            let blocks = |size: usize, own: usize, most: usize| (size * own).div_ceil(most).div_ceil(8);
            let (columns, rows) =
                (blocks(frame.width, only.across, across), blocks(frame.height, only.down, down));
            (only.across, only.down) = (1, 1);
            (columns, rows)
        } else {
            (frame.width.div_ceil(8 * across), frame.height.div_ceil(8 * down))
        };
        Ok(Self { parts, columns, rows, restart: header.restart })
    }

    /// Decodes the scan, and appends its luma to `out` if it has it.
    pub(super) fn decode(
        &mut self,
        frame: &Frame,
        stretches: &Stretches,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeFault> {
        let units = self.columns * self.rows;
        let interval = if self.restart == 0 { units } else { self.restart };
        match stretches.count().cmp(&units.div_ceil(interval)) {
            std::cmp::Ordering::Less => return Err(DecodeFault::Truncated),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => return Err(DecodeFault::Damaged),
        }
        let luma = self.parts.iter().find(|p| p.luma);
        let mut strip = luma.map(|p| Strip::new(p.across * self.columns, p.down, frame));
        let mut tally = Tally::default();
        let mut unit = 0;
        for mut bits in stretches.iter() {
            for part in &mut self.parts {
                part.mean = 0;
            }
            let end = units.min(unit + interval);
            while unit < end {
                let column = unit % self.columns;
                let stop = self.columns.min(column + end - unit);
                run(&mut self.parts, &mut bits, column..stop, &mut strip, &mut tally)?;
                // Here and not at every block: what is read past the end is zeros, and as good as any other damage.
                if bits.overrun() {
                    return Err(DecodeFault::Truncated);
                }
                if stop == self.columns
                    && let Some(strip) = &mut strip
                {
                    strip.flush(out);
                }
                unit += stop - column;
            }
            bits.finish()?;
        }
        tally.judge()
    }
}

/// Decodes one stretch of units within a row.
fn run(
    parts: &mut [Part],
    place: &mut Bits,
    columns: Range<usize>,
    strip: &mut Option<Strip>,
    tally: &mut Tally,
) -> Result<(), DecodeFault> {
    let mut batch = Batch {
        blocks: [[[0; 8]; 8]; BATCH],
        places: [0; BATCH],
        filled: 0,
        kinds: [[0; BATCH]; 3],
        counts: [0; 3],
    };
    // A copy of its own stays in registers.
    let mut own = place.clone();
    let bits = &mut own;
    if let ([Part { across: 1, down: 1, .. }], Some(strip)) = (&mut *parts, &mut *strip) {
        let part = &mut parts[0];
        for column in columns {
            part.draw(bits, &mut batch, strip, column, tally)?;
        }
        part.transform(&mut batch, strip, tally);
        *place = own;
        return Ok(());
    }
    for column in columns {
        for part in &mut *parts {
            let (across, down) = (part.across, part.down);
            match strip {
                Some(strip) if part.luma => {
                    for y in 0..down {
                        let row = y * 8 * strip.stride + column * across;
                        for x in 0..across {
                            part.draw(bits, &mut batch, strip, row + x, tally)?;
                        }
                    }
                }
                _ => {
                    for _ in 0..across * down {
                        part.pass_over(bits)?;
                    }
                }
            }
        }
    }
    if let (Some(part), Some(strip)) = (parts.iter().find(|p| p.luma), strip) {
        part.transform(&mut batch, strip, tally);
    }
    *place = own;
    Ok(())
}

impl<'h> Part<'h> {
    fn new(
        header: &'h Header,
        component: Component,
        luma: bool,
        dc: usize,
        ac: usize,
    ) -> Result<Self, DecodeFault> {
        let steps = header.steps[component.steps & 3].as_ref().ok_or(DecodeFault::Damaged)?;
        let step = i32::from(steps[0]);
        Ok(Self {
            luma,
            across: component.across,
            down: component.down,
            dc: header.dc[dc & 3].as_deref().ok_or(DecodeFault::Damaged)?,
            ac: header.ac[ac & 3].as_deref().ok_or(DecodeFault::Damaged)?,
            steps: Steps::new(steps),
            order: std::array::from_fn(|k| if k < 64 { ZIGZAG[k] } else { 0 }),
            step,
            most: (FARTHEST_MEAN + step / 2) / step,
            most_flat: (FARTHEST_FLAT + step / 2) / step,
            mean: 0,
        })
    }

    /// Reads the difference of the block's mean to the one before.
    #[inline(always)]
    fn next_mean(&mut self, bits: &mut Bits) -> Result<(), DecodeFault> {
        bits.refill();
        let (length, difference) = self.dc.look_up(bits.window()).ok_or(DecodeFault::Damaged)?;
        bits.skip(length);
        // Both are far below 2^31.
        self.mean = self.mean.wrapping_add(difference);
        let within = self.mean.unsigned_abs() <= self.most.unsigned_abs();
        if within { Ok(()) } else { Err(DecodeFault::Damaged) }
    }

    /// Reads the other coefficients: `found` gets each one's index in the order of the file, and its value.
    ///
    /// Tells whether that went well. If not, there is a fault or the block's end falls between two coefficients that
    /// were looked up together, and what was found and read must be forgotten.
    #[inline(always)]
    fn others(&self, bits: &mut Bits, mut found: impl FnMut(usize, i16)) -> bool {
        // A mean takes 27 bits at most and a look-up 26: one can be done before the next refill, and two after each.
        let mut k = 0_usize;
        let mut next = |bits: &mut Bits| {
            let pair = self.ac.look_up(bits.window());
            bits.skip(pair.length());
            let (first, second) = (pair.first(), pair.second());
            found(k.wrapping_add(first.0), first.1);
            found(k.wrapping_add(second.0), second.1);
            k = k.wrapping_add(pair.total());
            k
        };
        let end = loop {
            let end = next(bits);
            if end >= 63 {
                break end;
            }
            bits.refill();
            let end = next(bits);
            if end >= 63 {
                break end;
            }
        };
        end == 63 || (Pair::END..Pair::END + 63).contains(&end)
    }

    /// What [`Part::others`] does, one code at a time. Gives where the block ends, and the bits of all places.
    #[cold]
    #[inline(never)]
    fn slowly<'d>(&self, mut bits: Bits<'d>, block: &mut Block) -> Result<(Bits<'d>, u8), DecodeFault> {
        *block = [[0; 8]; 8];
        let mut places = 0_u8;
        let mut k = 0_usize;
        while k < 63 {
            bits.refill();
            let coded = self.ac.search(bits.window()).ok_or(DecodeFault::Damaged)?;
            bits.skip(coded.length);
            if coded.kind == Kind::End {
                return Ok((bits, places));
            }
            k += coded.advance;
            self.store(block, &mut places, k, coded.value as i16);
        }
        if k == 63 { Ok((bits, places)) } else { Err(DecodeFault::Damaged) }
    }

    #[inline(always)]
    fn store(&self, block: &mut Block, places: &mut u8, k: usize, value: i16) {
        let place = self.order[k & 255];
        *places |= place;
        block.as_flattened_mut()[usize::from(place & 63)] = value;
    }

    /// Decodes a block of the strip.
    #[inline(always)]
    fn draw(
        &mut self,
        bits: &mut Bits,
        batch: &mut Batch,
        strip: &mut Strip,
        place: usize,
        tally: &mut Tally,
    ) -> Result<(), DecodeFault> {
        self.next_mean(bits)?;
        let before = bits.clone();
        let at = batch.filled & (BATCH - 1);
        let block = &mut batch.blocks[at];
        let mut places = 0_u8;
        if !self.others(bits, |k, value| self.store(block, &mut places, k, value)) {
            (*bits, places) = self.slowly(before, block)?;
        }
        block[0][0] = self.mean as i16;
        batch.places[at] = place;
        // Rows and columns from the fourth on have this bit in their place.
        let kind = usize::from(places != 0) + usize::from(places & 0b10_0100 != 0);
        batch.kinds[kind][batch.counts[kind] & (BATCH - 1)] = at as u8;
        batch.counts[kind] = batch.counts[kind].wrapping_add(1);
        batch.filled = at + 1;
        if batch.filled == BATCH {
            self.transform(batch, strip, tally);
        }
        Ok(())
    }

    /// Puts the batch's levels into the strip, and zeros into the batch.
    fn transform(&self, batch: &mut Batch, strip: &mut Strip, tally: &mut Tally) {
        let Batch { blocks, places, kinds, counts, .. } = batch;
        for at in kinds[0].iter().take(counts[0]).map(|&i| usize::from(i) & (BATCH - 1)) {
            let mean = i32::from(blocks[at][0][0]);
            let blown = mean.unsigned_abs() > self.most_flat.unsigned_abs();
            tally.blown = tally.blown.wrapping_add(usize::from(blown));
            strip.put(places[at], [[flat(mean.wrapping_mul(self.step)); 8]; 8]);
            blocks[at][0][0] = 0;
        }
        tally.beyond |= !self.transform_others(batch, strip);
        batch.counts = [0; 3];
        tally.blocks = tally.blocks.wrapping_add(batch.filled);
        batch.filled = 0;
    }

    /// [`Part::transform`] of the blocks that are not flat. Tells whether all coefficients were within the bounds.
    #[inline(always)]
    fn transform_others(&self, batch: &mut Batch, strip: &mut Strip) -> bool {
        let Batch { blocks, places, kinds: [_, corners, others], counts, .. } = batch;
        let (corners, others) = (&corners[..counts[1].min(BATCH)], &others[..counts[2].min(BATCH)]);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = fearless_simd::Level::new().as_avx2() {
            return avx2::corners(avx2, blocks, corners, places, &self.steps, strip)
                & avx2::others(avx2, blocks, others, places, &self.steps, strip);
        }
        let mut all_within = true;
        for at in corners.iter().map(|&i| usize::from(i) & (BATCH - 1)) {
            let (rows, within) = levels::<true>(&blocks[at], &self.steps);
            all_within &= within;
            strip.put(places[at], rows);
            blocks[at] = [[0; 8]; 8];
        }
        for at in others.iter().map(|&i| usize::from(i) & (BATCH - 1)) {
            let (rows, within) = levels::<false>(&blocks[at], &self.steps);
            all_within &= within;
            strip.put(places[at], rows);
            blocks[at] = [[0; 8]; 8];
        }
        all_within
    }

    /// Goes past a block whose levels are not wanted; all its codes must be good ones all the same.
    #[inline(always)]
    fn pass_over(&mut self, bits: &mut Bits) -> Result<(), DecodeFault> {
        self.next_mean(bits)?;
        let before = bits.clone();
        if !self.others(bits, |_, _| ()) {
            *bits = self.slowly(before, &mut [[0; 8]; 8])?.0;
        }
        Ok(())
    }
}

impl Strip {
    fn new(stride: usize, down: usize, frame: &Frame) -> Self {
        Self { eights: vec![[0; 8]; stride * down * 8], stride, width: frame.width, left: frame.height }
    }

    /// Puts a block's rows at its place.
    #[inline(always)]
    pub(super) fn put(&mut self, place: usize, rows: [[u8; 8]; 8]) {
        let mut at = place;
        for row in rows {
            if let Some(eight) = self.eights.get_mut(at) {
                *eight = row;
            }
            at = at.wrapping_add(self.stride);
        }
    }

    /// Appends the rows that belong to the picture.
    fn flush(&mut self, out: &mut Vec<u8>) {
        for row in self.eights.chunks_exact(self.stride).take(self.left) {
            out.extend_from_slice(row.as_flattened().get(..self.width).unwrap_or_default());
        }
        self.left = self.left.saturating_sub(self.eights.len() / self.stride);
    }
}

impl Tally {
    fn judge(&self) -> Result<(), DecodeFault> {
        // One flat block beyond white can be an encoder's whim; one in 64 is a shift.
        let shifted = self.blown > 16 + self.blocks / 64;
        if self.beyond || shifted { Err(DecodeFault::Damaged) } else { Ok(()) }
    }
}
