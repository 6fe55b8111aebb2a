//! The one picture that every format has to give back.

/// Odd on purpose: rows end within bytes, tiles and blocks go over the edges.
pub const WIDTH: usize = 333;
pub const HEIGHT: usize = 257;

/// A gray ramp with rings and a bar: levels of all kinds, edges in all directions.
pub fn gray() -> Vec<u8> {
    let level = |x: usize, y: usize| {
        let (dx, dy) = (x.abs_diff(160), y.abs_diff(120));
        let ring = (dx * dx + dy * dy) / 97 % 5 == 0;
        match (ring, x % 61 < 7) {
            (true, _) => 12,
            (_, true) => 230,
            _ => u8::try_from((x * 3 + y * 5) % 256).unwrap(),
        }
    };
    (0..WIDTH * HEIGHT).map(|i| level(i % WIDTH, i / WIDTH)).collect()
}

/// Black and white of the same.
pub fn bilevel() -> Vec<u8> {
    gray().iter().map(|&l| if l < 100 { 0 } else { 255 }).collect()
}

/// Red, green, blue: three different planes.
pub fn rgb() -> Vec<u8> {
    let g = gray();
    (0..g.len()).flat_map(|i| [g[i], 255 - g[i], g[(i * 7) % g.len()]]).collect()
}

/// What `rgb` is in gray: BT.601.
pub fn luma(rgb: &[u8]) -> Vec<u8> {
    let of = |p: &[u8]| {
        let sum = 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]);
        u8::try_from(sum.round() as i64).unwrap()
    };
    rgb.chunks_exact(3).map(of).collect()
}

/// One channel of interleaved samples.
pub fn every(samples: &[u8], count: usize, which: usize) -> Vec<u8> {
    samples.iter().skip(which).step_by(count).copied().collect()
}

/// Packs samples of `bits` bits into rows of whole bytes; each is the upper bits of a level.
pub fn packed(levels: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for row in levels.chunks(width) {
        let mut bytes = vec![0u8; (width * bits).div_ceil(8)];
        for (x, &level) in row.iter().enumerate() {
            bytes[x * bits / 8] |= (level >> (8 - bits)) << (8 - bits - x * bits % 8);
        }
        out.extend(bytes);
    }
    out
}

/// What is left of the levels when they are kept in `bits` bits.
pub fn reduced(levels: &[u8], bits: usize) -> Vec<u8> {
    let most = (1u32 << bits) - 1;
    levels.iter().map(|&l| u8::try_from(u32::from(l >> (8 - bits)) * 255 / most).unwrap()).collect()
}

/// The largest difference of two planes.
pub fn apart(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}
