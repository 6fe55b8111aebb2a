//! The transform of [`super::idct`], eight columns at a time.
//!
//! Every x86-64 processor has these instructions.

// Instructions and constants by their names, as a formula has them.
#![allow(clippy::wildcard_imports)]

use super::idct::cosines::*;
use super::idct::{Block, CONST_BITS, PASS_BITS, Steps};
use safe_arch::*;

/// The levels of a block, row by row, and whether all coefficients are within the bounds. With `CORNER` nothing but the 4 × 4 lowest coefficients is looked at.
#[inline(always)]
pub(super) fn levels<const CORNER: bool>(block: &Block, steps: &Steps) -> ([[u8; 8]; 8], bool) {
    const BETWEEN: i32 = CONST_BITS - PASS_BITS;
    const LAST: i32 = CONST_BITS + PASS_BITS + 3;
    let zero = zeroed_m128i();
    let mut beyond = zero;
    let mut row = |y: usize| {
        let (steps_taken, step) = (m128i::from(block[y]), m128i::from(steps.each[y]));
        let (most, range) = (m128i::from(steps.most[y]), m128i::from(steps.range[y]));
        // From -most..=most to 0..=range; the rest, without sign, is larger.
        let excess = sub_saturating_u16_m128i(add_i16_m128i(steps_taken, most), range);
        beyond = bitor_m128i(beyond, excess);
        mul_i16_keep_low_m128i(steps_taken, step)
    };
    let columns = if CORNER {
        let v = [row(0), row(1), row(2), row(3), zero, zero, zero, zero];
        let low = wide_pass::<true, true, BETWEEN>(v).0;
        // Four columns of eight rows, turned.
        let pack = |a: usize| pack_i32_to_i16_m128i(low[a], low[a + 4]);
        let [r04, r15, r26, r37] = [pack(0), pack(1), pack(2), pack(3)];
        let (a0, a1) = (unpack_low_i16_m128i(r04, r15), unpack_high_i16_m128i(r04, r15));
        let (b0, b1) = (unpack_low_i16_m128i(r26, r37), unpack_high_i16_m128i(r26, r37));
        let (c01, c23) = (unpack_low_i32_m128i(a0, b0), unpack_high_i32_m128i(a0, b0));
        let (d01, d23) = (unpack_low_i32_m128i(a1, b1), unpack_high_i32_m128i(a1, b1));
        [
            unpack_low_i64_m128i(c01, d01),
            unpack_high_i64_m128i(c01, d01),
            unpack_low_i64_m128i(c23, d23),
            unpack_high_i64_m128i(c23, d23),
            zero,
            zero,
            zero,
            zero,
        ]
    } else {
        turned(pass::<false, BETWEEN>(std::array::from_fn(row)))
    };
    let within = move_mask_i8_m128i(cmp_eq_mask_i8_m128i(beyond, zero)) == 0xffff;
    (bytes(pass::<CORNER, LAST>(columns)), within)
}

/// `a[i] * first + b[i] * second` of the lower and the upper four pairs.
#[inline(always)]
fn sums<const HALF: bool>(pairs: (m128i, m128i), first: i16, second: i16) -> (m128i, m128i) {
    let factors = set_splat_i32_m128i(i32::from(second) << 16 | i32::from(first) & 0xffff);
    let low = mul_i16_horizontal_add_m128i(pairs.0, factors);
    (low, if HALF { low } else { mul_i16_horizontal_add_m128i(pairs.1, factors) })
}

#[inline(always)]
fn paired(a: m128i, b: m128i) -> (m128i, m128i) {
    (unpack_low_i16_m128i(a, b), unpack_high_i16_m128i(a, b))
}

#[inline(always)]
fn plus(a: (m128i, m128i), b: (m128i, m128i)) -> (m128i, m128i) {
    (add_i32_m128i(a.0, b.0), add_i32_m128i(a.1, b.1))
}

#[inline(always)]
fn minus(a: (m128i, m128i), b: (m128i, m128i)) -> (m128i, m128i) {
    (sub_i32_m128i(a.0, b.0), sub_i32_m128i(a.1, b.1))
}

/// One pass, in 32 bits: the lower and the upper four lanes of each output.
#[inline(always)]
fn wide_pass<const CORNER: bool, const HALF: bool, const SHIFT: i32>(
    v: [m128i; 8],
) -> ([m128i; 8], [m128i; 8]) {
    let zero = zeroed_m128i();
    // Even part.
    let p26 = paired(v[2], v[6]);
    let tmp3 = sums::<HALF>(p26, F_0_541 + F_0_765, F_0_541);
    let tmp2 = sums::<HALF>(p26, F_0_541, F_0_541 - F_1_847);
    let scaled = |v: m128i| {
        let (low, high) = paired(zero, v);
        (shr_imm_i32_m128i::<{ 16 - CONST_BITS }>(low), shr_imm_i32_m128i::<{ 16 - CONST_BITS }>(high))
    };
    let half = set_splat_i32_m128i(1 << (SHIFT - 1));
    let (tmp0, tmp1) = if CORNER {
        let only = plus(scaled(v[0]), (half, half));
        (only, only)
    } else {
        (
            plus(scaled(add_i16_m128i(v[0], v[4])), (half, half)),
            plus(scaled(sub_i16_m128i(v[0], v[4])), (half, half)),
        )
    };
    let even = [plus(tmp0, tmp3), plus(tmp1, tmp2), minus(tmp1, tmp2), minus(tmp0, tmp3)];
    // Odd part.
    let (s3, s4) = if CORNER { (v[3], v[1]) } else { (add_i16_m128i(v[7], v[3]), add_i16_m128i(v[5], v[1])) };
    let p34 = paired(s3, s4);
    let z3 = sums::<HALF>(p34, F_1_175 - F_1_961, F_1_175);
    let z4 = sums::<HALF>(p34, F_1_175, F_1_175 - F_0_390);
    let (p71, p53) = (paired(v[7], v[1]), paired(v[5], v[3]));
    let odd = [
        plus(sums::<HALF>(p71, -F_0_899, F_1_501 - F_0_899), z4),
        plus(sums::<HALF>(p53, -F_2_562, F_3_072 - F_2_562), z3),
        plus(sums::<HALF>(p53, F_2_053 - F_2_562, -F_2_562), z4),
        plus(sums::<HALF>(p71, F_0_298 - F_0_899, -F_0_899), z3),
    ];
    let (mut low, mut high) = ([zero; 8], [zero; 8]);
    for i in 0..4 {
        let (sum, difference) = (plus(even[i], odd[i]), minus(even[i], odd[i]));
        (low[i], high[i]) = (shr_imm_i32_m128i::<SHIFT>(sum.0), shr_imm_i32_m128i::<SHIFT>(sum.1));
        (low[7 - i], high[7 - i]) =
            (shr_imm_i32_m128i::<SHIFT>(difference.0), shr_imm_i32_m128i::<SHIFT>(difference.1));
    }
    (low, high)
}

#[inline(always)]
fn pass<const CORNER: bool, const SHIFT: i32>(v: [m128i; 8]) -> [m128i; 8] {
    let (low, high) = wide_pass::<CORNER, false, SHIFT>(v);
    std::array::from_fn(|i| pack_i32_to_i16_m128i(low[i], high[i]))
}

/// Rows as columns.
#[inline(always)]
fn turned(v: [m128i; 8]) -> [m128i; 8] {
    let (a0, a1) = paired(v[0], v[1]);
    let (b0, b1) = paired(v[2], v[3]);
    let (c0, c1) = paired(v[4], v[5]);
    let (d0, d1) = paired(v[6], v[7]);
    let four = |a, b| (unpack_low_i32_m128i(a, b), unpack_high_i32_m128i(a, b));
    let ((e01, e23), (e45, e67)) = (four(a0, b0), four(a1, b1));
    let ((f01, f23), (f45, f67)) = (four(c0, d0), four(c1, d1));
    [
        unpack_low_i64_m128i(e01, f01),
        unpack_high_i64_m128i(e01, f01),
        unpack_low_i64_m128i(e23, f23),
        unpack_high_i64_m128i(e23, f23),
        unpack_low_i64_m128i(e45, f45),
        unpack_high_i64_m128i(e45, f45),
        unpack_low_i64_m128i(e67, f67),
        unpack_high_i64_m128i(e67, f67),
    ]
}

/// Columns of values about 0 as rows of levels about 128.
#[inline(always)]
fn bytes(v: [m128i; 8]) -> [[u8; 8]; 8] {
    let middle = set_splat_i8_m128i(-128);
    // Saturating to -128..=127, then 128 more: the top bit the other way.
    let pack = |i: usize| bitxor_m128i(pack_i16_to_i8_m128i(v[i], v[i + 4]), middle);
    let [p0, p1, p2, p3] = [pack(0), pack(1), pack(2), pack(3)];
    let (a, b) = (unpack_low_i8_m128i(p0, p1), unpack_high_i8_m128i(p0, p1));
    let (c, d) = (unpack_low_i8_m128i(p2, p3), unpack_high_i8_m128i(p2, p3));
    let (e0, e1) = (unpack_low_i16_m128i(a, c), unpack_high_i16_m128i(a, c));
    let (f0, f1) = (unpack_low_i16_m128i(b, d), unpack_high_i16_m128i(b, d));
    let rows = [
        unpack_low_i32_m128i(e0, f0),
        unpack_high_i32_m128i(e0, f0),
        unpack_low_i32_m128i(e1, f1),
        unpack_high_i32_m128i(e1, f1),
    ];
    std::array::from_fn(|y| {
        let pair: [u64; 2] = rows[y / 2].into();
        pair[y % 2].to_le_bytes()
    })
}
