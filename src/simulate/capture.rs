//! How a sheet becomes a picture: the way the paper takes past the glass or lies before a camera, light, optics,
//! sensor, file.

use super::SimulateError;
use super::print::{DOTS, Print};
use super::scanner::{Format, encode};
use crate::geometry::Orientation;
use rand::{Rng, RngExt};

/// A hand-held camera above a sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// How far the sheet is tilted about its horizontal and its vertical middle line, degrees.
    pub tilt_deg: (f64, f64),
    /// Height of the picture in pixels; it is three quarters as wide.
    pub height: usize,
    /// Share of the picture that the sheet spans, 0..=1, in its longer direction.
    pub share: f64,
}

/// A dark or bright line along the feed: dirt on the glass, a weak sensor element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Streak {
    /// Where, millimetres from the picture's left edge.
    pub at_mm: f64,
    /// How broad, millimetres.
    pub breadth_mm: f64,
    /// What it does: −1 all black, 1 all white.
    pub strength: f64,
}

/// The edge of a shadow across the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shadow {
    /// Direction in which it gets darker, radians from the picture's x axis.
    pub angle: f64,
    /// Where its edge runs, as a share of half the picture's size from the middle, −1..=1.
    pub edge: f64,
    /// How soft the edge is, in the same measure.
    pub soft: f64,
    /// Share of the light that is left behind it.
    pub left: f64,
}

/// Everything between the sheet and the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// Dots an inch; of no meaning before a camera.
    pub dpi: f64,
    /// How the sheet is turned.
    pub turn: Orientation,
    /// Further lean, degrees clockwise.
    pub lean_deg: f64,
    /// Shift of the sheet on the glass, millimetres.
    pub shift_mm: (f64, f64),
    /// Stretch across and along the feed: damp paper, feed speed.
    pub stretch: (f64, f64),
    /// Feed that is fast and slow by turns: at most so many millimetres ahead, and over what length.
    pub feed: (f64, f64),
    /// How far the middle of the sheet is pushed aside against its ends, and its sides against its middle, millimetres.
    pub bow_mm: (f64, f64),
    /// A fold across the sheet: millimetres from its top. Paper stands up there: it looks shorter and dark on one side.
    pub fold_mm: Option<f64>,
    /// A camera in the place of a scanner.
    pub camera: Option<Camera>,
    /// What lies around the sheet: share of the light that it throws back, 0..=1.
    pub background: f64,
    /// Level of paper and of the blackest print.
    pub paper: f64,
    /// Level of the blackest print.
    pub black: f64,
    /// Change of light from the left to the right and from the top to the bottom, as shares of the whole.
    pub gradient: (f64, f64),
    /// Loss of light in the corners.
    pub vignette: f64,
    /// A shadow.
    pub shadow: Option<Shadow>,
    /// Streaks.
    pub streaks: Vec<Streak>,
    /// Interference with the screen that the card was printed with: levels, and cycles a pixel in x and y.
    pub moire: Option<(f64, f64, f64)>,
    /// Standard deviation of the noise in levels.
    pub noise: f64,
    /// Side of the square that one pixel sees, in millimetres; at least the pixel itself.
    pub blur_mm: f64,
    /// The file.
    pub format: Format,
}

impl Capture {
    /// A flatbed at 200 dpi, in order.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            dpi: 200.0,
            turn: Orientation::Upright,
            lean_deg: 0.0,
            shift_mm: (0.0, 0.0),
            stretch: (1.0, 1.0),
            feed: (0.0, 100.0),
            bow_mm: (0.0, 0.0),
            fold_mm: None,
            camera: None,
            background: 0.98,
            paper: 244.0,
            black: 22.0,
            gradient: (0.0, 0.0),
            vignette: 0.0,
            shadow: None,
            streaks: Vec::new(),
            moire: None,
            noise: 1.5,
            blur_mm: 0.13,
            format: Format::Png,
        }
    }

    /// The picture of `print` as a file's bytes.
    ///
    /// # Errors
    ///
    /// [`SimulateError::Encode`] if the picture can't be written in the chosen format.
    pub fn file(&self, print: &Print, rng: &mut impl Rng) -> Result<Vec<u8>, SimulateError> {
        let (width, height, levels) = self.levels(print, rng);
        encode(self.format, self.dpi, width, height, &levels)
    }

    /// Gray levels of the picture, row by row, with its width and height.
    pub fn levels(&self, print: &Print, rng: &mut impl Rng) -> (usize, usize, Vec<u8>) {
        let view = View::of(self, print);
        let bare = Bare::of(print);
        let columns = self.columns(&view);
        let mut noise = Noise::new(rng.random(), self.noise as f32);
        let tone: [f32; 256] =
            std::array::from_fn(|i| (self.black + (self.paper - self.black) * i as f64 / 255.0) as f32);
        let around = (self.background * 255.0) as u8;
        let reach = self.reach(&view);
        let moire: [f32; 256] = std::array::from_fn(|i| {
            let (levels, ..) = self.moire.unwrap_or_default();
            (levels * libm::sin(i as f64 * std::f64::consts::TAU / 256.0)) as f32
        });
        let cycle = |cycles: f64| (cycles * 4_294_967_296.0) as i64 as u32;
        let (kx, ky) = self.moire.map_or((0, 0), |(_, x, y)| (cycle(x), cycle(y)));
        // Nothing but light and noise falls on bare paper.
        let plain = self.moire.is_none() && columns.is_none();
        let (width, height) = (view.width, view.height);
        let across = width.div_ceil(CELL);
        let mut levels = vec![0u8; width * height];
        let mut upper = nodes(&view, self, across, 0);
        for (band, rows) in levels.chunks_mut(CELL * width).enumerate() {
            let lower = nodes(&view, self, across, (band + 1) * CELL);
            let white: Vec<bool> = (0..across)
                .map(|i| bare.between([&upper[i], &upper[i + 1], &lower[i], &lower[i + 1]], reach))
                .collect();
            for (dy, row) in rows.chunks_exact_mut(width).enumerate() {
                let t = dy as f64 / CELL as f64;
                let mut wave = ky.wrapping_mul((band * CELL + dy) as u32);
                let mut left = Node::between(&upper[0], &lower[0], t);
                for (cell, pixels) in row.chunks_mut(CELL).enumerate() {
                    let right = Node::between(&upper[cell + 1], &lower[cell + 1], t);
                    let (mut u, mut v) = (fixed(left.u + 0.5), fixed(left.v + 0.5));
                    let step = |a: f64, b: f64| fixed((b - a) / CELL as f64);
                    let (du, dv) = (step(left.u, right.u), step(left.v, right.v));
                    let (mut light, brighter) = (left.light, (right.light - left.light) / CELL as f32);
                    if white[cell] && plain {
                        for pixel in pixels {
                            *pixel = (tone[255] * light + noise.next() + 0.5) as u8;
                            light += brighter;
                        }
                        left = right;
                        continue;
                    }
                    for (dx, pixel) in pixels.iter_mut().enumerate() {
                        let reflected = if bare.at(u, v, reach) {
                            255
                        } else {
                            let sum = nine(print, u, v, reach, around);
                            ((sum * 2 + 9) / 18) as usize
                        };
                        (u, v) = (u + du, v + dv);
                        let mut level = tone[reflected] * light + noise.next();
                        if self.moire.is_some() {
                            level += moire[(wave >> 24) as usize];
                            wave = wave.wrapping_add(kx);
                        }
                        if let Some(columns) = &columns {
                            let (times, plus) = columns[cell * CELL + dx];
                            level = level * times + plus;
                        }
                        light += brighter;
                        // Rounds, and stops at 0 and 255.
                        *pixel = (level + 0.5) as u8;
                    }
                    left = right;
                }
            }
            upper = lower;
        }
        (width, height, levels)
    }

    /// What the streaks do to each column: a factor and a summand.
    fn columns(&self, view: &View) -> Option<Vec<(f32, f32)>> {
        if self.streaks.is_empty() {
            return None;
        }
        let mut out = vec![(1.0f32, 0.0f32); view.width + CELL];
        for (x, (times, plus)) in out.iter_mut().enumerate() {
            for streak in &self.streaks {
                let mm = x as f64 / view.scale;
                let off = (mm - streak.at_mm).abs() - streak.breadth_mm / 2.0;
                // Its edges are as soft as a pixel.
                let here = (0.5 - off * view.scale).clamp(0.0, 1.0) * streak.strength.abs();
                *times *= (1.0 - here) as f32;
                *plus = (f64::from(*plus) * (1.0 - here)
                    + if streak.strength > 0.0 { 255.0 * here } else { 0.0 }) as f32;
            }
        }
        Some(out)
    }

    /// How far from a pixel's middle the outer ones of the nine places lie that it sees, in dots.
    fn reach(&self, view: &View) -> i64 {
        fixed(self.blur_mm.max(0.9 / view.scale) / 3.0 * DOTS)
    }

    /// The light at a place of the picture, given as shares −1..=1 of its half width and height.
    fn light(&self, x: f64, y: f64) -> f64 {
        let mut light = 1.0 + self.gradient.0 * x / 2.0 + self.gradient.1 * y / 2.0;
        light *= 1.0 - self.vignette * (x * x + y * y) / 2.0;
        if let Some(shadow) = self.shadow {
            let along = x * libm::cos(shadow.angle) + y * libm::sin(shadow.angle) - shadow.edge;
            let t = (along / shadow.soft.max(0.01) + 0.5).clamp(0.0, 1.0);
            light *= 1.0 - (1.0 - shadow.left) * t * t * (3.0 - 2.0 * t);
        }
        light
    }
}

/// Side of the cells in pixels between whose corners the way back to the sheet is taken as straight: at 200 dpi
/// 2 mm, over which no bow of a sheet leaves its chord by a hundredth of a millimetre.
const CELL: usize = 16;

/// A corner of a cell: the dot of the print that is seen there, and the light.
#[derive(Debug, Clone, Copy)]
struct Node {
    u: f64,
    v: f64,
    light: f32,
}

impl Node {
    fn between(a: &Self, b: &Self, t: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * t;
        Self { u: mix(a.u, b.u), v: mix(a.v, b.v), light: a.light + (b.light - a.light) * t as f32 }
    }
}

fn nodes(view: &View, capture: &Capture, across: usize, y: usize) -> Vec<Node> {
    (0..=across)
        .map(|cell| {
            let (px, py) = ((cell * CELL) as f64, y as f64);
            let (x, y, fold) = view.back(px, py);
            let (sx, sy) = (2.0 * px / view.width as f64 - 1.0, 2.0 * py / view.height as f64 - 1.0);
            let light = capture.light(sx, sy) * (1.0 - fold);
            Node { u: x * DOTS - 0.5, v: y * DOTS - 0.5, light: light as f32 }
        })
        .collect()
}

/// The way back from a picture's pixels to the sheet's millimetres.
struct View {
    width: usize,
    height: usize,
    /// Pixels a millimetre, of the picture's own millimetres.
    scale: f64,
    page: (f64, f64),
    canvas: (f64, f64),
    turn: (f64, f64),
    shift: (f64, f64),
    stretch: (f64, f64),
    feed: (f64, f64),
    bow: (f64, f64),
    fold: Option<f64>,
    camera: Option<[f64; 9]>,
}

impl View {
    fn of(capture: &Capture, print: &Print) -> Self {
        let page = (print.width as f64 / DOTS, print.height as f64 / DOTS);
        let lying = matches!(capture.turn, Orientation::Turned90 | Orientation::Turned270);
        let canvas = if lying { (page.1, page.0) } else { page };
        let angle = (f64::from(capture.turn.degrees()) + capture.lean_deg).to_radians();
        let mut scale = capture.dpi / 25.4;
        let (mut width, mut height) =
            ((canvas.0 * scale).round() as usize, (canvas.1 * scale).round() as usize);
        let mut camera = None;
        if let Some(eye) = capture.camera {
            (width, height) = (eye.height * 3 / 4, eye.height);
            camera = perspective(eye, page, angle, (width, height));
            scale = eye.share * height as f64 / page.1;
        }
        Self {
            width,
            height,
            scale,
            page,
            canvas,
            turn: (libm::cos(angle), libm::sin(angle)),
            shift: capture.shift_mm,
            stretch: capture.stretch,
            feed: capture.feed,
            bow: capture.bow_mm,
            fold: capture.fold_mm,
            camera,
        }
    }

    /// Where on the sheet the pixel's upper left corner plus a half lies, and how dark a fold makes it.
    fn back(&self, px: f64, py: f64) -> (f64, f64, f64) {
        let (px, py) = (px + 0.5, py + 0.5);
        let (mut u, mut v) = if let Some(m) = self.camera {
            let w = m[6] * px + m[7] * py + m[8];
            ((m[0] * px + m[1] * py + m[2]) / w, (m[3] * px + m[4] * py + m[5]) / w)
        } else {
            let (x, y) = (px / self.scale, py / self.scale);
            let y = y + self.feed.0 * libm::sin(y / self.feed.1 * std::f64::consts::TAU);
            let dx = (x - self.canvas.0 / 2.0 - self.shift.0) / self.stretch.0;
            let dy = (y - self.canvas.1 / 2.0 - self.shift.1) / self.stretch.1;
            (self.turn.0 * dx + self.turn.1 * dy, self.turn.0 * dy - self.turn.1 * dx)
        };
        let (su, sv) = (2.0 * u / self.page.0, 2.0 * v / self.page.1);
        u += self.bow.0 * (1.0 - sv * sv);
        v += self.bow.1 * (1.0 - su * su);
        let mut dark = 0.0;
        if let Some(fold) = self.fold {
            let off = v + self.page.1 / 2.0 - fold;
            // Within a centimetre the paper climbs by a millimetre or two and hides 0.3 mm of itself.
            v += 0.15 * off.signum() * (1.0 - libm::exp(-off.abs() / 5.0));
            dark = if off > 0.0 { 0.16 * libm::exp(-off / 1.2) } else { 0.03 * libm::exp(off / 2.0) };
        }
        (u + self.page.0 / 2.0, v + self.page.1 / 2.0, dark)
    }
}

/// The mapping from pixels to the sheet's millimetres from its middle, as a camera sees it: the inverse of
/// K·[r₁ r₂ t], scaled and moved so that the sheet fits the picture.
fn perspective(
    eye: Camera,
    page: (f64, f64),
    roll: f64,
    (width, height): (usize, usize),
) -> Option<[f64; 9]> {
    let (a, b) = (eye.tilt_deg.0.to_radians(), eye.tilt_deg.1.to_radians());
    let (ca, sa, cb, sb) = (libm::cos(a), libm::sin(a), libm::cos(b), libm::sin(b));
    let (cr, sr) = (libm::cos(roll), libm::sin(roll));
    // Roll in the sheet's plane first, then the tilts about x and y; the eye is 1.25 page heights away, as an
    // arm holds a telephone.
    let (r1, r2) = ([cr, sr], [-sr, cr]);
    let tilted = |p: [f64; 2]| [cb * p[0] + sb * sa * p[1], ca * p[1], -sb * p[0] + cb * sa * p[1]];
    let (c1, c2) = (tilted(r1), tilted(r2));
    let away = 1.25 * page.1;
    let m = nalgebra::Matrix3::new(c1[0], c2[0], 0.0, c1[1], c2[1], 0.0, c1[2], c2[2], away);
    let corners = [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)].map(|(x, y)| {
        let q = m * nalgebra::Vector3::new(x * page.0, y * page.1, 1.0);
        (q.x / q.z, q.y / q.z)
    });
    let span = |f: &dyn Fn(&(f64, f64)) -> f64| {
        let values = corners.iter().map(f);
        values.fold((f64::MAX, f64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)))
    };
    let (x, y) = (span(&|c| c.0), span(&|c| c.1));
    let (w, h) = (width as f64, height as f64);
    let k = (eye.share * h / (y.1 - y.0)).min(eye.share * w / (x.1 - x.0));
    let (ox, oy) = (w / 2.0 - k * (x.0 + x.1) / 2.0, h / 2.0 - k * (y.0 + y.1) / 2.0);
    let fit = nalgebra::Matrix3::new(k, 0.0, ox, 0.0, k, oy, 0.0, 0.0, 1.0);
    let inverse = (fit * m).try_inverse()?;
    let at = |r: usize, c: usize| inverse[(r, c)];
    Some([at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)])
}

/// Bits of the fraction of a place among the dots.
const FRACTION: u32 = 20;

fn fixed(dots: f64) -> i64 {
    (dots * f64::from(1u32 << FRACTION)) as i64
}

/// The sum of the print's levels at nine places `reach` apart; what lies around the sheet beyond its edges.
fn nine(print: &Print, u: i64, v: i64, reach: i64, around: u8) -> u32 {
    // A place off the sheet to the left or above is the largest number there is.
    let place = |at: i64| usize::try_from(at >> FRACTION).unwrap_or(usize::MAX);
    let places = |at: i64| [at - reach, at, at + reach].map(place);
    let (xs, ys) = (places(u), places(v));
    ys.iter()
        .map(|&y| {
            let row = if y < print.height { &print.levels[y * print.width..][..print.width] } else { &[] };
            xs.iter().map(|&x| u32::from(row.get(x).copied().unwrap_or(around))).sum::<u32>()
        })
        .sum()
}

/// Where a print is bare paper: nine tenths of a card, which need not be looked at dot by dot.
struct Bare {
    across: usize,
    down: usize,
    tiles: Vec<bool>,
}

/// Side of a tile in dots: 2³.
const TILE: usize = 8;

impl Bare {
    fn of(print: &Print) -> Self {
        let (across, down) = (print.width.div_ceil(TILE), print.height.div_ceil(TILE));
        let mut inked = vec![false; across * down];
        for (y, row) in print.levels.chunks_exact(print.width).enumerate() {
            let tiles = &mut inked[y / TILE * across..][..across];
            for (tile, dots) in tiles.iter_mut().zip(row.chunks(TILE)) {
                let white = <[u8; TILE]>::try_from(dots)
                    .map_or_else(|_| dots.iter().all(|&v| v == 255), |d| u64::from_ne_bytes(d) == u64::MAX);
                *tile |= !white;
            }
        }
        let tiles = (0..inked.len())
            .map(|index| {
                let (tx, ty) = (index % across, index / across);
                let mut rows = ty.saturating_sub(1)..(ty + 2).min(down);
                rows.all(|y| {
                    let (from, to) = (tx.saturating_sub(1), (tx + 2).min(across));
                    inked[y * across..][from..to].iter().all(|&ink| !ink)
                })
            })
            .collect();
        Self { across, down, tiles }
    }

    /// Whether a cell between four corners shows bare paper only.
    fn between(&self, corners: [&Node; 4], reach: i64) -> bool {
        if reach > fixed(TILE as f64) {
            return false;
        }
        let span = |f: &dyn Fn(&Node) -> f64| {
            let values = corners.iter().map(|n| f(n));
            let (low, high) = values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
            // A dot more for rounding; what lies off the sheet comes out as a tile that is not there.
            ((low - 1.0) / TILE as f64, (high + 1.0) / TILE as f64)
        };
        let ((x0, x1), (y0, y1)) = (span(&|n| n.u), span(&|n| n.v));
        if x0 < 1.0 || y0 < 1.0 || x1 >= (self.across - 1) as f64 || y1 >= (self.down - 1) as f64 {
            return false;
        }
        (y0 as usize..=y1 as usize)
            .all(|y| self.tiles[y * self.across..][x0 as usize..=x1 as usize].iter().all(|&bare| bare))
    }

    /// Whether everything within `reach` of a dot is bare paper, as far as a tile's side says.
    fn at(&self, u: i64, v: i64, reach: i64) -> bool {
        if reach > fixed(TILE as f64) {
            return false;
        }
        let tile = |fixed: i64| usize::try_from(fixed >> (FRACTION + 3)).unwrap_or(usize::MAX);
        let (tx, ty) = (tile(u), tile(v));
        // The outermost tiles see what lies beyond the sheet.
        (1..self.across.saturating_sub(1)).contains(&tx)
            && (1..self.down.saturating_sub(1)).contains(&ty)
            && self.tiles[ty * self.across + tx]
    }
}

/// Noise of a given standard deviation: entries of a table of normal values, drawn at random.
struct Noise {
    state: u64,
    table: Vec<f32>,
}

impl Noise {
    fn new(seed: u64, sigma: f32) -> Self {
        let mut state = seed | 1;
        let mut uniform = || {
            // SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
        };
        // The sum of twelve uniform values less six is normal to ±3.
        let table =
            (0..4096).map(|_| sigma * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0) as f32).collect();
        Self { state: seed | 1, table }
    }

    fn next(&mut self) -> f32 {
        // Knuth's MMIX multiplier; the upper twelve bits are its best.
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.table[(self.state >> 52) as usize]
    }
}
