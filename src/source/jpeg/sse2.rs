//! The transform of [`super::idct`], eight columns at a time.
//!
//! Every x86-64 processor has these instructions.

// Instructions and constants by their names, as a formula has them.
#![allow(clippy::wildcard_imports)]

use super::idct::cosines::*;
use super::idct::{Block, CONST_BITS, PASS_BITS, Steps};
use super::lanes::transform;
use safe_arch::{
    add_i16_m128i as add_i16, add_i32_m128i as add_i32, bitor_m128i, bitxor_m128i as bitxor,
    cmp_eq_mask_i8_m128i, m128i as Register, move_mask_i8_m128i, mul_i16_horizontal_add_m128i as mul_add_i16,
    mul_i16_keep_low_m128i, pack_i16_to_i8_m128i as pack_i16_to_i8, pack_i32_to_i16_m128i as pack_i32_to_i16,
    set_splat_i8_m128i as set_splat_i8, set_splat_i32_m128i as set_splat_i32, shr_imm_i32_m128i as shr_i32,
    sub_i16_m128i as sub_i16, sub_i32_m128i as sub_i32, sub_saturating_u16_m128i,
    unpack_high_i8_m128i as unpack_high_i8, unpack_high_i16_m128i as unpack_high_i16,
    unpack_high_i32_m128i as unpack_high_i32, unpack_high_i64_m128i as unpack_high_i64,
    unpack_low_i8_m128i as unpack_low_i8, unpack_low_i16_m128i as unpack_low_i16,
    unpack_low_i32_m128i as unpack_low_i32, unpack_low_i64_m128i as unpack_low_i64, zeroed_m128i as zeroed,
};

/// The levels of a block, row by row, and whether all coefficients are within the bounds. With `CORNER` nothing but the 4 × 4 lowest coefficients is looked at.
#[inline(always)]
pub(super) fn levels<const CORNER: bool>(block: &Block, steps: &Steps) -> ([[u8; 8]; 8], bool) {
    let mut beyond = zeroed();
    let mut v = [zeroed(); 8];
    for (y, v) in v.iter_mut().enumerate().take(if CORNER { 4 } else { 8 }) {
        let (steps_taken, step) = (Register::from(block[y]), Register::from(steps.each[y]));
        let (most, range) = (Register::from(steps.most[y]), Register::from(steps.range[y]));
        // From -most..=most to 0..=range; the rest, without sign, is larger.
        let excess = sub_saturating_u16_m128i(add_i16(steps_taken, most), range);
        beyond = bitor_m128i(beyond, excess);
        *v = mul_i16_keep_low_m128i(steps_taken, step);
    }
    let within = move_mask_i8_m128i(cmp_eq_mask_i8_m128i(beyond, zeroed())) == 0xffff;
    let pairs = transformed::<CORNER>(v);
    let rows = std::array::from_fn(|y| {
        let pair: [u64; 2] = pairs[y / 2].into();
        pair[y % 2].to_le_bytes()
    });
    (rows, within)
}

transform!(#[inline(always)]);
