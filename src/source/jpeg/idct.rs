//! From coefficients to levels: the exact integer transform of libjpeg (`jidctint`, "islow"), after C. Loeffler,
//! A. Ligtenberg and G. Moschytz, Practical fast 1-D DCT algorithms with 11 multiplications, ICASSP 1989,
//! doi:10.1109/ICASSP.1989.266596.
//!
//! All of it is arithmetic on integers that is the same on every machine, and the levels are those of
//! libjpeg-turbo to the last bit. On x86-64 the same steps are taken eight at a time with SSE2, which every such
//! machine has.

use super::header::ZIGZAG;

/// One block's coefficients, in steps, row by row.
pub(super) type Block = [[i16; 8]; 8];

/// How far a coefficient may be from 0 once it is dequantised.
///
/// Samples of 8 bits have coefficients up to 1024, half a step more when rounded; a step that rounds to
/// anything but 0 is at most 2048. Encoders that let white overshoot to avoid ringing (mozjpeg: 31 levels of
/// 128) reach 1272. Twice 1024 is never met in a picture.
const FARTHEST: u16 = 2048;

/// The quantisation steps of a component, row by row, with what follows from them.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    pub each: Block,
    /// The largest coefficients in steps, and twice them.
    pub most: Block,
    pub range: Block,
}

impl Steps {
    /// The steps given in the order of the file.
    pub(super) fn new(listed: &[u16; 64]) -> Self {
        let (mut steps, mut most, mut range) = ([[0; 8]; 8], [[0; 8]; 8], [[0; 8]; 8]);
        for (&place, &step) in ZIGZAG.iter().zip(listed) {
            // The mean has bounds of its own, and is within them when it comes here.
            let largest = if place == 0 { 16_383 } else { FARTHEST / step.max(1) };
            let (y, x) = (usize::from(place >> 3), usize::from(place & 7));
            // With steps past 2048 nothing but 0 is within the bounds.
            steps[y][x] = step.min(FARTHEST + 1).cast_signed();
            most[y][x] = largest.cast_signed();
            range[y][x] = (2 * largest).cast_signed();
        }
        Self { each: steps, most, range }
    }
}

/// Bits behind the point in the constants, and those that are kept between the two passes.
pub(super) const CONST_BITS: i32 = 13;
pub(super) const PASS_BITS: i32 = 2;

/// Cosines and their sums, in 1/8192, by their names in the paper's flow graph.
pub(super) mod cosines {
    pub(crate) const F_0_298: i16 = 2446;
    pub(crate) const F_0_390: i16 = 3196;
    pub(crate) const F_0_541: i16 = 4433;
    pub(crate) const F_0_765: i16 = 6270;
    pub(crate) const F_0_899: i16 = 7373;
    pub(crate) const F_1_175: i16 = 9633;
    pub(crate) const F_1_501: i16 = 12_299;
    pub(crate) const F_1_847: i16 = 15_137;
    pub(crate) const F_1_961: i16 = 16_069;
    pub(crate) const F_2_053: i16 = 16_819;
    pub(crate) const F_2_562: i16 = 20_995;
    pub(crate) const F_3_072: i16 = 25_172;
}

/// The level of a block that has its mean alone.
#[inline(always)]
pub(super) fn flat(mean: i32) -> u8 {
    (mean.wrapping_add(4) >> 3).wrapping_add(128).clamp(0, 255) as u8
}

#[cfg(target_arch = "x86_64")]
pub(super) use super::sse2::levels;

#[cfg(not(target_arch = "x86_64"))]
pub(super) use portable::levels;

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) mod portable {
    #![allow(clippy::wildcard_imports)]
    use super::cosines::*;
    use super::{Block, CONST_BITS, PASS_BITS, Steps};

    /// The levels of a block, row by row, and whether all coefficients are within the bounds.
    ///
    /// Sums of coefficients wrap and what is kept between the passes saturates, as in the SIMD code of
    /// libjpeg-turbo: no picture's coefficients come near.
    pub(crate) fn levels<const CORNER: bool>(block: &Block, steps: &Steps) -> ([[u8; 8]; 8], bool) {
        let within = (0..8).all(|y| (0..8).all(|x| block[y][x].abs() <= steps.most[y][x]));
        let mut between = [[0_i16; 8]; 8];
        for x in 0..8 {
            let column: [i16; 8] = std::array::from_fn(|y| block[y][x].wrapping_mul(steps.each[y][x]));
            let out = one_dimension(column, CONST_BITS - PASS_BITS);
            for (y, value) in out.into_iter().enumerate() {
                between[y][x] = value;
            }
        }
        let rows = between.map(|row| {
            one_dimension(row, CONST_BITS + PASS_BITS + 3)
                .map(|v| u8::try_from(i32::from(v).clamp(-128, 127) + 128).unwrap_or(0))
        });
        (rows, within)
    }

    fn one_dimension(v: [i16; 8], shift: i32) -> [i16; 8] {
        let times = |a: i16, b: i16| i32::from(a) * i32::from(b);
        // Even part.
        let tmp3 = times(v[2], F_0_541 + F_0_765).wrapping_add(times(v[6], F_0_541));
        let tmp2 = times(v[2], F_0_541).wrapping_add(times(v[6], F_0_541 - F_1_847));
        let tmp0 = i32::from(v[0].wrapping_add(v[4])) << CONST_BITS;
        let tmp1 = i32::from(v[0].wrapping_sub(v[4])) << CONST_BITS;
        let even = [
            tmp0.wrapping_add(tmp3),
            tmp1.wrapping_add(tmp2),
            tmp1.wrapping_sub(tmp2),
            tmp0.wrapping_sub(tmp3),
        ];
        // Odd part.
        let (s3, s4) = (v[7].wrapping_add(v[3]), v[5].wrapping_add(v[1]));
        let z3 = times(s3, F_1_175 - F_1_961).wrapping_add(times(s4, F_1_175));
        let z4 = times(s3, F_1_175).wrapping_add(times(s4, F_1_175 - F_0_390));
        let odd = [
            times(v[7], -F_0_899).wrapping_add(times(v[1], F_1_501 - F_0_899)).wrapping_add(z4),
            times(v[5], -F_2_562).wrapping_add(times(v[3], F_3_072 - F_2_562)).wrapping_add(z3),
            times(v[5], F_2_053 - F_2_562).wrapping_add(times(v[3], -F_2_562)).wrapping_add(z4),
            times(v[7], F_0_298 - F_0_899).wrapping_add(times(v[1], -F_0_899)).wrapping_add(z3),
        ];
        let half = 1 << (shift - 1);
        let scaled = |v: i32| {
            let v = v.wrapping_add(half) >> shift;
            i16::try_from(v.clamp(i32::from(i16::MIN), i32::from(i16::MAX))).unwrap_or(0)
        };
        std::array::from_fn(|i| {
            if i < 4 {
                scaled(even[i].wrapping_add(odd[i]))
            } else {
                scaled(even[7 - i].wrapping_sub(odd[7 - i]))
            }
        })
    }
}
