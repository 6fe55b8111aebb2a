//! The transform of [`super::idct`], for registers of any number of blocks: one with SSE2, two with AVX2.
//!
//! The steps are written once. Every instruction keeps to its half of a wide register, so that both blocks of a pair go the way of one.

/// Makes the transform of the instructions that are in scope by their plain names, for functions with these attributes.
///
/// No closure is handed to a function of the standard library, which has no wide registers of its own.
macro_rules! transform {
    ($(#[$attribute:meta])*) => {
        /// The levels of the blocks in each half of a register, rows in pairs, from their coefficients row by row. With `CORNER`
        /// nothing but the 4 × 4 lowest coefficients is looked at.
        $(#[$attribute])*
        fn transformed<const CORNER: bool>(v: [Register; 8]) -> [Register; 4] {
            const BETWEEN: i32 = CONST_BITS - PASS_BITS;
            const LAST: i32 = CONST_BITS + PASS_BITS + 3;
            let columns = if CORNER {
                let zero = zeroed();
                let low = wide_pass::<true, true, BETWEEN>(v).0;
                // Four columns of eight rows, turned.
                let pack = |a: usize| pack_i32_to_i16(low[a], low[a + 4]);
                let [r04, r15, r26, r37] = [pack(0), pack(1), pack(2), pack(3)];
                let (a0, a1) = (unpack_low_i16(r04, r15), unpack_high_i16(r04, r15));
                let (b0, b1) = (unpack_low_i16(r26, r37), unpack_high_i16(r26, r37));
                let (c01, c23) = (unpack_low_i32(a0, b0), unpack_high_i32(a0, b0));
                let (d01, d23) = (unpack_low_i32(a1, b1), unpack_high_i32(a1, b1));
                [
                    unpack_low_i64(c01, d01),
                    unpack_high_i64(c01, d01),
                    unpack_low_i64(c23, d23),
                    unpack_high_i64(c23, d23),
                    zero,
                    zero,
                    zero,
                    zero,
                ]
            } else {
                turned(pass::<false, BETWEEN>(v))
            };
            bytes(pass::<CORNER, LAST>(columns))
        }

        /// `a[i] * first + b[i] * second` of the lower and the upper four pairs.
        $(#[$attribute])*
        fn sums<const HALF: bool>(pairs: (Register, Register), first: i16, second: i16) -> (Register, Register) {
            let factors = set_splat_i32(i32::from(second) << 16 | i32::from(first) & 0xffff);
            let low = mul_add_i16(pairs.0, factors);
            (low, if HALF { low } else { mul_add_i16(pairs.1, factors) })
        }

        $(#[$attribute])*
        fn paired(a: Register, b: Register) -> (Register, Register) {
            (unpack_low_i16(a, b), unpack_high_i16(a, b))
        }

        $(#[$attribute])*
        fn plus(a: (Register, Register), b: (Register, Register)) -> (Register, Register) {
            (add_i32(a.0, b.0), add_i32(a.1, b.1))
        }

        $(#[$attribute])*
        fn minus(a: (Register, Register), b: (Register, Register)) -> (Register, Register) {
            (sub_i32(a.0, b.0), sub_i32(a.1, b.1))
        }

        /// One pass, in 32 bits: the lower and the upper four lanes of each output.
        $(#[$attribute])*
        fn wide_pass<const CORNER: bool, const HALF: bool, const SHIFT: i32>(
            v: [Register; 8],
        ) -> ([Register; 8], [Register; 8]) {
            let zero = zeroed();
            // Even part.
            let p26 = paired(v[2], v[6]);
            let tmp3 = sums::<HALF>(p26, F_0_541 + F_0_765, F_0_541);
            let tmp2 = sums::<HALF>(p26, F_0_541, F_0_541 - F_1_847);
            let scaled = |v: Register| {
                let (low, high) = paired(zero, v);
                (shr_i32::<{ 16 - CONST_BITS }>(low), shr_i32::<{ 16 - CONST_BITS }>(high))
            };
            let half = set_splat_i32(1 << (SHIFT - 1));
            let (tmp0, tmp1) = if CORNER {
                let only = plus(scaled(v[0]), (half, half));
                (only, only)
            } else {
                (
                    plus(scaled(add_i16(v[0], v[4])), (half, half)),
                    plus(scaled(sub_i16(v[0], v[4])), (half, half)),
                )
            };
            let even = [plus(tmp0, tmp3), plus(tmp1, tmp2), minus(tmp1, tmp2), minus(tmp0, tmp3)];
            // Odd part.
            let (s3, s4) = if CORNER { (v[3], v[1]) } else { (add_i16(v[7], v[3]), add_i16(v[5], v[1])) };
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
                (low[i], high[i]) = (shr_i32::<SHIFT>(sum.0), shr_i32::<SHIFT>(sum.1));
                (low[7 - i], high[7 - i]) =
                    (shr_i32::<SHIFT>(difference.0), shr_i32::<SHIFT>(difference.1));
            }
            (low, high)
        }

        $(#[$attribute])*
        fn pass<const CORNER: bool, const SHIFT: i32>(v: [Register; 8]) -> [Register; 8] {
            let (low, high) = wide_pass::<CORNER, false, SHIFT>(v);
            let mut out = [zeroed(); 8];
            for (out, (low, high)) in out.iter_mut().zip(low.iter().zip(&high)) {
                *out = pack_i32_to_i16(*low, *high);
            }
            out
        }

        /// Rows as columns.
        $(#[$attribute])*
        fn turned(v: [Register; 8]) -> [Register; 8] {
            let (a0, a1) = paired(v[0], v[1]);
            let (b0, b1) = paired(v[2], v[3]);
            let (c0, c1) = paired(v[4], v[5]);
            let (d0, d1) = paired(v[6], v[7]);
            let four = |a, b| (unpack_low_i32(a, b), unpack_high_i32(a, b));
            let ((e01, e23), (e45, e67)) = (four(a0, b0), four(a1, b1));
            let ((f01, f23), (f45, f67)) = (four(c0, d0), four(c1, d1));
            [
                unpack_low_i64(e01, f01),
                unpack_high_i64(e01, f01),
                unpack_low_i64(e23, f23),
                unpack_high_i64(e23, f23),
                unpack_low_i64(e45, f45),
                unpack_high_i64(e45, f45),
                unpack_low_i64(e67, f67),
                unpack_high_i64(e67, f67),
            ]
        }

        /// Columns of values about 0 as rows of levels about 128, two in a register.
        $(#[$attribute])*
        fn bytes(v: [Register; 8]) -> [Register; 4] {
            let middle = set_splat_i8(-128);
            // Saturating to -128..=127, then 128 more: the top bit the other way.
            let pack = |i: usize| bitxor(pack_i16_to_i8(v[i], v[i + 4]), middle);
            let [p0, p1, p2, p3] = [pack(0), pack(1), pack(2), pack(3)];
            let (a, b) = (unpack_low_i8(p0, p1), unpack_high_i8(p0, p1));
            let (c, d) = (unpack_low_i8(p2, p3), unpack_high_i8(p2, p3));
            let (e0, e1) = (unpack_low_i16(a, c), unpack_high_i16(a, c));
            let (f0, f1) = (unpack_low_i16(b, d), unpack_high_i16(b, d));
            [
                unpack_low_i32(e0, f0),
                unpack_high_i32(e0, f0),
                unpack_low_i32(e1, f1),
                unpack_high_i32(e1, f1),
            ]
        }
    };
}

pub(super) use transform;
