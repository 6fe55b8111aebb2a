//! Laying a page onto the blank form by what both show.
//!
//! Corners (Harris and Stephens 1988, doi:10.5244/C.2.23) of both pictures are described by comparing pairs of places around
//! them (BRIEF, Calonder et al. 2010, doi:10.1007/978-3-642-15561-1_56), turned by the direction of the brighter side as ORB
//! does (Rublee et al. 2011, doi:10.1109/ICCV.2011.6126544), at several sizes of the page. Pairs that agree on one mapping are
//! found by random samples of four (RANSAC, Fischler and Bolles 1981, doi:10.1145/358669.358692) drawn from a fixed seed.

use crate::geometry::{Homography, Mm, Point, Px};
use crate::layout::{Layout, Raster};
use crate::source::Page;

/// Longest side of the pictures that corners are looked for in, in pixels: on 700, letters 2 mm high are five pixels.
const LONG: f64 = 700.0;

/// Sizes of the page against the form that are tried: photographs leave ground around the sheet.
const SIZES: [f64; 4] = [1.0, 1.3, 1.7, 2.2];

/// The most corners of one picture.
const MOST_CORNERS: usize = 700;

/// Half the side of what is compared around a corner, in pixels.
const HALF: i32 = 12;

/// Comparisons in a description.
const BITS: usize = 256;

/// The most comparisons in which a pair may differ, and how much nearer the best must be than the second best.
const MOST_DIFFERENT: u32 = 68;
const NEARER: f64 = 0.88;

/// Samples of four pairs. With a quarter of the pairs true, 1 200 samples miss with a chance of 1 %.
const SAMPLES: usize = 3_000;

/// How far a pair may lie from the mapping to agree, in pixels of the reduced page.
const AGREE: f64 = 4.0;

/// The fewest pairs that must agree.
const FEWEST: usize = 14;

/// Ways of laying the form onto the page: the one that most pairs agree on, or none.
pub(super) fn ways(page: &Page, layout: &Layout, form: &Raster) -> Vec<Homography> {
    let own = Small::of(form.levels(), form.width(), form.height(), LONG);
    let described = own.described();
    let mut best: Option<(usize, Homography)> = None;
    for size in SIZES {
        let small = Small::of(&page.pixels, page.width, page.height, LONG * size);
        let pairs = matched(&described, &small.described());
        let printed = |p: (f64, f64)| {
            Point::<Mm>::at(
                (p.0 + 0.5) / own.width as f64 * layout.page.width_mm,
                (p.1 + 0.5) / own.height as f64 * layout.page.height_mm,
            )
        };
        let seen =
            |p: (f64, f64)| Point::<Px>::at((p.0 + 0.5) * small.scale - 0.5, (p.1 + 0.5) * small.scale - 0.5);
        let pairs: Vec<_> = pairs.into_iter().map(|(a, b)| (printed(a), seen(b))).collect();
        if let Some((count, way)) = agreed(&pairs, AGREE * small.scale)
            && best.as_ref().is_none_or(|(most, _)| count > *most)
        {
            best = Some((count, way));
        }
    }
    best.into_iter().map(|(_, way)| way).collect()
}

/// A reduced picture.
struct Small {
    width: usize,
    height: usize,
    /// Full pixels a pixel.
    scale: f64,
    levels: Vec<f32>,
}

/// A corner and its description.
struct Corner {
    at: (f64, f64),
    bits: [u64; BITS / 64],
}

impl Small {
    fn of(levels: &[u8], width: usize, height: usize, long: f64) -> Self {
        let scale = (width.max(height) as f64 / long).max(0.5);
        let (w, h) = ((width as f64 / scale) as usize, (height as f64 / scale) as usize);
        let span = |i: usize, limit: usize| {
            let from = ((i as f64 * scale) as usize).min(limit - 1);
            (from, (((i + 1) as f64 * scale) as usize).clamp(from + 1, limit))
        };
        let mut out = Vec::with_capacity(w * h);
        for y in 0..h {
            let (top, bottom) = span(y, height);
            for x in 0..w {
                let (left, right) = span(x, width);
                let mut sum = 0u32;
                for row in top..bottom {
                    sum += levels[row * width + left..row * width + right]
                        .iter()
                        .map(|&v| u32::from(v))
                        .sum::<u32>();
                }
                out.push(sum as f32 / ((bottom - top) * (right - left)) as f32);
            }
        }
        Self { width: w, height: h, scale, levels: smooth(&out, w, h) }
    }

    fn at(&self, x: i32, y: i32) -> f32 {
        let x = x.clamp(0, self.width as i32 - 1) as usize;
        let y = y.clamp(0, self.height as i32 - 1) as usize;
        self.levels[y * self.width + x]
    }

    /// The strongest corners, with their descriptions.
    fn described(&self) -> Vec<Corner> {
        let mut corners = self.corners();
        corners.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.1.cmp(&b.1)).then(a.0.cmp(&b.0)));
        corners.truncate(MOST_CORNERS);
        let pattern = pattern();
        corners.into_iter().map(|(x, y, _)| self.describe(x, y, &pattern)).collect()
    }

    /// Places where the picture changes in both directions, the strongest within three pixels.
    fn corners(&self) -> Vec<(i32, i32, f32)> {
        let (w, h) = (self.width as i32, self.height as i32);
        let mut strength = vec![0f32; self.width * self.height];
        for y in HALF..h - HALF {
            for x in HALF..w - HALF {
                let (mut xx, mut xy, mut yy) = (0f32, 0f32, 0f32);
                for j in -2..=2 {
                    for i in -2..=2 {
                        let gx = self.at(x + i + 1, y + j) - self.at(x + i - 1, y + j);
                        let gy = self.at(x + i, y + j + 1) - self.at(x + i, y + j - 1);
                        xx += gx * gx;
                        xy += gx * gy;
                        yy += gy * gy;
                    }
                }
                let trace = xx + yy;
                strength[(y * w + x) as usize] = xx * yy - xy * xy - 0.05 * trace * trace;
            }
        }
        let mut out = Vec::new();
        for y in HALF..h - HALF {
            for x in HALF..w - HALF {
                let own = strength[(y * w + x) as usize];
                let strongest = own > 1e5
                    && (-3..=3).all(|j: i32| {
                        (-3..=3)
                            .all(|i: i32| (i, j) == (0, 0) || strength[((y + j) * w + x + i) as usize] < own)
                    });
                if strongest {
                    out.push((x, y, own));
                }
            }
        }
        out
    }

    fn describe(&self, x: i32, y: i32, pattern: &[[f64; 4]]) -> Corner {
        // Where the bright side lies.
        let (mut mx, mut my) = (0f64, 0f64);
        for j in -HALF..=HALF {
            for i in -HALF..=HALF {
                if i * i + j * j <= HALF * HALF {
                    let v = f64::from(self.at(x + i, y + j));
                    mx += v * f64::from(i);
                    my += v * f64::from(j);
                }
            }
        }
        let length = (mx * mx + my * my).sqrt().max(1e-9);
        let (cos, sin) = (mx / length, my / length);
        let mut bits = [0u64; BITS / 64];
        let look = |px: f64, py: f64| {
            self.at(x + (cos * px - sin * py).round() as i32, y + (sin * px + cos * py).round() as i32)
        };
        for (i, [ax, ay, bx, by]) in pattern.iter().enumerate() {
            if look(*ax, *ay) < look(*bx, *by) {
                bits[i / 64] |= 1 << (i % 64);
            }
        }
        Corner { at: (f64::from(x), f64::from(y)), bits }
    }
}

/// The picture blurred by 1-2-1 twice, so that single pixels don't decide comparisons.
fn smooth(levels: &[f32], w: usize, h: usize) -> Vec<f32> {
    let mut current = levels.to_vec();
    for _ in 0..2 {
        let rows = current.clone();
        for y in 0..h {
            for x in 0..w {
                let at = |x: usize| rows[y * w + x];
                current[y * w + x] = (at(x.saturating_sub(1)) + 2.0 * at(x) + at((x + 1).min(w - 1))) / 4.0;
            }
        }
        let columns = current.clone();
        for y in 0..h {
            for x in 0..w {
                let at = |y: usize| columns[y * w + x];
                current[y * w + x] = (at(y.saturating_sub(1)) + 2.0 * at(y) + at((y + 1).min(h - 1))) / 4.0;
            }
        }
    }
    current
}

/// Numbers in 0..1 that are the same on every machine (xorshift64*, Vigna 2016, doi:10.1145/2845077).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.next() * count as f64) as usize).min(count - 1)
    }
}

/// Pairs of places that are compared, in pixels from the corner: near the middle more often than at the edge.
fn pattern() -> Vec<[f64; 4]> {
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    let mut place = || {
        let middle = (draw.next() + draw.next() + draw.next()) / 1.5 - 1.0;
        middle * f64::from(HALF - 2) * 0.9
    };
    (0..BITS).map(|_| [place(), place(), place(), place()]).collect()
}

/// Corners that describe each other best.
fn matched(form: &[Corner], page: &[Corner]) -> Vec<((f64, f64), (f64, f64))> {
    let differ =
        |a: &Corner, b: &Corner| a.bits.iter().zip(&b.bits).map(|(x, y)| (x ^ y).count_ones()).sum::<u32>();
    let mut out = Vec::new();
    for a in form {
        let (mut first, mut second, mut best) = (u32::MAX, u32::MAX, None);
        for b in page {
            let d = differ(a, b);
            if d < first {
                (second, first, best) = (first, d, Some(b));
            } else if d < second {
                second = d;
            }
        }
        if let Some(b) = best
            && first <= MOST_DIFFERENT
            && f64::from(first) <= NEARER * f64::from(second)
        {
            out.push((a.at, b.at));
        }
    }
    out
}

/// The mapping that most pairs agree on, and how many do.
fn agreed(pairs: &[(Point<Mm>, Point<Px>)], reach: f64) -> Option<(usize, Homography)> {
    if pairs.len() < FEWEST {
        return None;
    }
    let agree = |way: &Homography| -> Vec<(Point<Mm>, Point<Px>)> {
        pairs.iter().filter(|(p, q)| way.apply(*p).distance(*q).0 <= reach).copied().collect()
    };
    let mut draw = Draw(0xD1B5_4A32_D192_ED03);
    let mut best: Vec<(Point<Mm>, Point<Px>)> = Vec::new();
    for _ in 0..SAMPLES {
        let sample: Vec<_> = (0..4).map(|_| pairs[draw.below(pairs.len())]).collect();
        let Some(way) = Homography::fit(&sample) else { continue };
        let inside = agree(&way);
        if inside.len() > best.len() {
            best = inside;
        }
    }
    for _ in 0..3 {
        let way = Homography::fit(&best)?;
        best = agree(&way);
    }
    let way = Homography::fit(&best)?;
    (best.len() >= FEWEST).then_some((best.len(), way))
}
