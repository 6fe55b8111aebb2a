//! The transform of [`super::idct`], two blocks at a time, where the processor has AVX2.

// Instructions and constants by their names, as a formula has them.
#![allow(clippy::wildcard_imports)]

use super::idct::cosines::*;
use super::idct::{Block, CONST_BITS, PASS_BITS, Steps};
use super::lanes::transform;
use super::scan::{BATCH, Strip};
use safe_arch::m128i;
use std::arch::x86_64::{
    __m256i as Register, _mm256_add_epi16 as add_i16, _mm256_add_epi32 as add_i32,
    _mm256_broadcastsi128_si256, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_madd_epi16 as mul_add_i16, _mm256_mullo_epi16, _mm256_or_si256,
    _mm256_packs_epi16 as pack_i16_to_i8, _mm256_packs_epi32 as pack_i32_to_i16, _mm256_set_m128i,
    _mm256_set1_epi8 as set_splat_i8, _mm256_set1_epi32 as set_splat_i32, _mm256_setzero_si256 as zeroed,
    _mm256_srai_epi32 as shr_i32, _mm256_sub_epi16 as sub_i16, _mm256_sub_epi32 as sub_i32,
    _mm256_subs_epu16, _mm256_testz_si256, _mm256_unpackhi_epi8 as unpack_high_i8,
    _mm256_unpackhi_epi16 as unpack_high_i16, _mm256_unpackhi_epi32 as unpack_high_i32,
    _mm256_unpackhi_epi64 as unpack_high_i64, _mm256_unpacklo_epi8 as unpack_low_i8,
    _mm256_unpacklo_epi16 as unpack_low_i16, _mm256_unpacklo_epi32 as unpack_low_i32,
    _mm256_unpacklo_epi64 as unpack_low_i64, _mm256_xor_si256 as bitxor,
};

fearless_simd::kernel!(
    /// Puts the levels of the `chosen` blocks, of which nothing but the 4 × 4 lowest coefficients is looked at, in their places, and
    /// zeros into the blocks. Tells whether all coefficients were within the bounds.
    pub(super) fn corners(
        avx2: Avx2,
        blocks: &mut [Block; BATCH],
        chosen: &[u8],
        places: &[usize; BATCH],
        steps: &Steps,
        strip: &mut Strip,
    ) -> bool {
        put_all::<true>(blocks, chosen, places, steps, strip)
    }
);

fearless_simd::kernel!(
    /// [`corners`], of all coefficients.
    pub(super) fn others(
        avx2: Avx2,
        blocks: &mut [Block; BATCH],
        chosen: &[u8],
        places: &[usize; BATCH],
        steps: &Steps,
        strip: &mut Strip,
    ) -> bool {
        put_all::<false>(blocks, chosen, places, steps, strip)
    }
);

#[target_feature(enable = "avx2")]
#[inline]
fn put_all<const CORNER: bool>(
    blocks: &mut [Block; BATCH],
    chosen: &[u8],
    places: &[usize; BATCH],
    steps: &Steps,
    strip: &mut Strip,
) -> bool {
    let mut beyond = zeroed();
    for pair in chosen.chunks(2) {
        // One that is left over is its own pair.
        let at = [pair[0], pair[pair.len() - 1]].map(|i| usize::from(i) & (BATCH - 1));
        let [first, second] = levels::<CORNER>([&blocks[at[0]], &blocks[at[1]]], steps, &mut beyond);
        strip.put(places[at[0]], first);
        strip.put(places[at[1]], second);
        blocks[at[0]] = [[0; 8]; 8];
        blocks[at[1]] = [[0; 8]; 8];
    }
    _mm256_testz_si256(beyond, beyond) == 1
}

/// The levels of two blocks, row by row; `beyond` is no longer 0 once a coefficient is not within the bounds.
#[target_feature(enable = "avx2")]
#[inline]
fn levels<const CORNER: bool>(pair: [&Block; 2], steps: &Steps, beyond: &mut Register) -> [[[u8; 8]; 8]; 2] {
    let mut v = [zeroed(); 8];
    for (y, v) in v.iter_mut().enumerate().take(if CORNER { 4 } else { 8 }) {
        let taken = _mm256_set_m128i(m128i::from(pair[1][y]).0, m128i::from(pair[0][y]).0);
        let (step, most) = (both(&steps.each[y]), both(&steps.most[y]));
        // From -most..=most to 0..=range; the rest, without sign, is larger.
        let excess = _mm256_subs_epu16(add_i16(taken, most), both(&steps.range[y]));
        *beyond = _mm256_or_si256(*beyond, excess);
        *v = _mm256_mullo_epi16(taken, step);
    }
    let mut out = [[[0; 8]; 8]; 2];
    for (y, rows) in transformed::<CORNER>(v).iter().enumerate() {
        let halves = [_mm256_castsi256_si128(*rows), _mm256_extracti128_si256::<1>(*rows)];
        for (out, half) in out.iter_mut().zip(halves) {
            let [upper, lower]: [u64; 2] = m128i(half).into();
            (out[2 * y], out[2 * y + 1]) = (upper.to_le_bytes(), lower.to_le_bytes());
        }
    }
    out
}

#[cfg(test)]
fearless_simd::kernel!(
    /// The levels of two blocks, of their lowest coefficients alone and of all, and whether they are within the bounds.
    pub(super) fn pair(
        avx2: Avx2,
        first: &Block,
        second: &Block,
        steps: &Steps,
        corner: bool,
    ) -> ([[[u8; 8]; 8]; 2], bool) {
        let mut beyond = zeroed();
        let rows = if corner {
            levels::<true>([first, second], steps, &mut beyond)
        } else {
            levels::<false>([first, second], steps, &mut beyond)
        };
        (rows, _mm256_testz_si256(beyond, beyond) == 1)
    }
);

/// The same in both halves.
#[target_feature(enable = "avx2")]
#[inline]
fn both(row: &[i16; 8]) -> Register {
    _mm256_broadcastsi128_si256(m128i::from(*row).0)
}

transform!(#[target_feature(enable = "avx2")] #[inline]);
