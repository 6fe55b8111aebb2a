//! A small picture of the page, and the dark things in it.

use crate::geometry::{Point, Px};
use crate::source::Page;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// Coarse pixels a millimetre that the reduction aims at.
///
/// The thinnest locating print that is read is 1.6 mm: five pixels. At 2 the ends of a timing mark
/// blur into its neighbours; above 5 the search costs as much as decoding.
const COARSE_SCALE: f64 = 3.0;

/// Side of the squares whose brightest part is taken for paper, in coarse pixels: about 5 mm, the
/// size of a corner square. Smaller ones can lie wholly in ink; larger ones miss shadows.
const TILE: usize = 16;

/// Least difference of paper and ink, in gray levels, for anything to count as ink.
///
/// Noise of a bad scanner (σ 12) reduced over 2 × 2 pixels stays below half of this.
pub(super) const LEAST_CONTRAST: u8 = 30;

/// How far from paper to the darkest print something must be to count as ink, as a share.
///
/// Gray fiducials that a bilevel scan dithers come out at 0.4 to 0.7; below 0.3 pale red target print
/// (0.2) and shadows begin to count.
const INK_DEPTH: f64 = 0.36;

/// How broad the frame along the picture's edges is that is looked at first, as a share of the picture's longer side: 32 mm of A4. The fiducials of
/// a card lie within 15 mm of its edges, a sheet that leans by 3° or lies 10 mm off the corner keeps them in it. A share, so that
/// cards of all sizes look at the same frame.
const FRAME_SHARE: f64 = 32.0 / 297.0;

/// One in how many rows of the reduced picture is looked at within that frame, to know the paper there.
const SPARSE: usize = 4;

/// The reduced page.
pub(super) struct Coarse {
    /// Full pixels a coarse pixel.
    pub(super) factor: usize,
    width: usize,
    height: usize,
    levels: Vec<u8>,
    /// Paper level of each tile, `tiles_across` a row.
    paper: Vec<u8>,
    tiles_across: usize,
    /// Columns and rows along each edge in which dark things are looked for; `None` for everywhere.
    frame: Option<usize>,
    /// The darkest print of the page.
    pub(super) ink: u8,
    /// The dark things, once they were asked for.
    blobs: OnceCell<Vec<Blob>>,
}

/// The reduced pictures of a page, each made once however many layouts the page is tried as.
pub(super) struct Views<'p> {
    /// The page.
    pub(super) page: &'p Page,
    made: RefCell<Vec<Rc<Coarse>>>,
}

impl<'p> Views<'p> {
    pub(super) fn of(page: &'p Page) -> Self {
        Self { page, made: RefCell::default() }
    }

    /// The page reduced so that a sheet with sides of `sides_mm` that fills the picture has about [`COARSE_SCALE`].
    pub(super) fn whole(&self, sides_mm: (f64, f64)) -> Rc<Coarse> {
        self.made(sides_mm, None)
    }

    /// As [`Views::whole`], but dark things are looked for along the picture's edges alone.
    pub(super) fn along_edges(&self, sides_mm: (f64, f64)) -> Rc<Coarse> {
        self.made(sides_mm, Some(FRAME_SHARE))
    }

    fn made(&self, sides_mm: (f64, f64), frame: Option<f64>) -> Rc<Coarse> {
        let (factor, frame) = shape(self.page, super::expected_scale(self.page, sides_mm), frame);
        let mut made = self.made.borrow_mut();
        if let Some(coarse) = made.iter().find(|c| (c.factor, c.frame) == (factor, frame)) {
            return coarse.clone();
        }
        let coarse = Rc::new(Coarse::made(self.page, factor, frame));
        made.push(coarse.clone());
        coarse
    }
}

/// Full pixels a coarse one, and the frame's breadth in coarse pixels.
///
/// No frame on a picture so small that it would meet itself, or so large that its reduction is not cut into frames.
fn shape(page: &Page, scale: f64, frame: Option<f64>) -> (usize, Option<usize>) {
    let factor = ((scale / COARSE_SCALE).round() as usize).max(1);
    let (width, height) = (page.width / factor, page.height / factor);
    let broad = frame.map(|share| (share * width.max(height) as f64) as usize);
    (factor, broad.filter(|&broad| factor <= MOST_FACTOR && 2 * broad < width.min(height)))
}

/// A dark connected thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blob {
    /// Centre of mass, in full pixels.
    pub(super) centre: Point<Px>,
    /// Bounding box width, in full pixels.
    pub(super) width: f64,
    /// Bounding box height, in full pixels.
    pub(super) height: f64,
    /// Area, in full pixels.
    pub(super) area: f64,
}

impl Coarse {
    /// As [`Views::whole`].
    #[cfg(test)]
    pub(super) fn of(page: &Page, sides_mm: (f64, f64)) -> Self {
        Self::at_scale(page, super::expected_scale(page, sides_mm))
    }

    /// The page reduced so that a sheet with `scale` full pixels a millimetre has about [`COARSE_SCALE`].
    pub(super) fn at_scale(page: &Page, scale: f64) -> Self {
        let (factor, frame) = shape(page, scale, None);
        Self::made(page, factor, frame)
    }

    fn made(page: &Page, factor: usize, frame: Option<usize>) -> Self {
        let (width, height) = (page.width / factor, page.height / factor);
        let levels = reduce(page, factor, width, height, frame);
        let tiles_across = width.div_ceil(TILE);
        let (tiles, all) = binned(&levels, width, height, tiles_across, frame.is_some());
        let (paper, ink) = (paper(&tiles, tiles_across), darkest(&all));
        let blobs = OnceCell::new();
        Self { factor, width, height, levels, paper, tiles_across, frame, ink, blobs }
    }

    /// Whether dark things were looked for everywhere.
    pub(super) fn is_whole(&self) -> bool {
        self.frame.is_none()
    }

    /// What the paper looks like: the middle of the paper levels of those tiles that lie on the sheet.
    ///
    /// `on_sheet` says of a place in full pixels whether it does; where no tile does, the brightest tenth says.
    pub(super) fn usual_paper(&self, on_sheet: &dyn Fn(Point<Px>) -> bool) -> u8 {
        let middle = |tile: usize| {
            let (x, y) = (tile % self.tiles_across, tile / self.tiles_across);
            self.full(
                ((x * TILE + TILE / 2) as f64).min(self.width as f64),
                ((y * TILE + TILE / 2) as f64).min(self.height as f64),
            )
        };
        let mut inside: Vec<u8> = (0..self.paper.len())
            .filter(|&tile| on_sheet(middle(tile)))
            .map(|tile| self.paper[tile])
            .collect();
        inside.sort_unstable();
        inside.get(inside.len() / 2).copied().unwrap_or_else(|| self.brightest())
    }

    /// The paper level that a tenth of the tiles reach: paper, even where most of the picture is ground.
    pub(super) fn brightest(&self) -> u8 {
        let mut sorted = self.paper.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(255)
    }

    /// The level below which one in two hundred pixels of the sheet lies: print and marks, not the ground beside it.
    pub(super) fn darkest_on(&self, on_sheet: &dyn Fn(Point<Px>) -> bool) -> u8 {
        let mut bins = [0u32; 256];
        let mut count = 0i64;
        for y in (0..self.height).step_by(2) {
            for x in (0..self.width).step_by(2) {
                if on_sheet(self.full(x as f64, y as f64)) {
                    bins[usize::from(self.levels[y * self.width + x])] += 1;
                    count += 1;
                }
            }
        }
        let mut left = count / 200;
        for (level, &n) in (0u8..=255).zip(&bins) {
            left -= i64::from(n);
            if left < 0 {
                return level;
            }
        }
        self.ink
    }

    /// Columns and rows of the reduced page.
    pub(super) fn sides(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The reduced page, row by row.
    pub(super) fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// A place of the reduced page in full pixels: the middle of its block.
    pub(super) fn full(&self, x: f64, y: f64) -> Point<Px> {
        let f = self.factor as f64;
        let full = |coarse: f64| coarse * f + (f - 1.0) / 2.0;
        Point::at(full(x), full(y))
    }

    /// The dark connected things, in the order of their first pixel.
    ///
    /// Run-length labelling with union-find (Rosenfeld and Pfaltz 1966, doi:10.1145/321356.321357),
    /// eight neighbours.
    pub(super) fn blobs(&self) -> &[Blob] {
        self.blobs.get_or_init(|| self.dark_things())
    }

    fn dark_things(&self) -> Vec<Blob> {
        let thresholds: Vec<u8> = (0..self.paper.len()).map(|tile| self.threshold(tile)).collect();
        let mut runs: Vec<Run> = Vec::new();
        let mut parents: Vec<u32> = Vec::new();
        let (mut above, mut row_start) = (0..0, 0);
        for y in 0..self.height {
            let first_tile = (y / TILE) * self.tiles_across;
            let row = &self.levels[y * self.width..(y + 1) * self.width];
            for (from, to) in spans(self.frame, y, self.width, self.height) {
                let mut x = from;
                while x < to {
                    let limit = thresholds[first_tile + x / TILE];
                    let end = ((x / TILE + 1) * TILE).min(to);
                    // Most tiles have no ink in this row: their darkest pixel, found many at a time, says so.
                    let bright = |tile: &[u8; TILE]| {
                        tile.iter().fold(u8::MAX, |least, &level| if level < least { level } else { least })
                            >= limit
                    };
                    if end - x == TILE && row[x..].first_chunk().is_some_and(bright) {
                        x = end;
                        continue;
                    }
                    while x < end {
                        if row[x] < limit {
                            match runs.last_mut() {
                                Some(run) if run.y == y && run.to == x => run.to = x + 1,
                                _ => {
                                    let label = parents.len() as u32;
                                    parents.push(label);
                                    runs.push(Run { y, from: x, to: x + 1, label });
                                }
                            }
                        }
                        x += 1;
                    }
                }
            }
            let row_end = runs.len();
            let mut candidate = above.start;
            for current in row_start..row_end {
                while candidate < above.end && runs[candidate].to < runs[current].from {
                    candidate += 1;
                }
                let mut other = candidate;
                while other < above.end && runs[other].from <= runs[current].to {
                    join(&mut parents, runs[other].label, runs[current].label);
                    other += 1;
                }
            }
            above = row_start..row_end;
            row_start = row_end;
        }
        self.gather(&runs, &mut parents)
    }

    fn threshold(&self, tile: usize) -> u8 {
        let paper = self.paper[tile];
        if paper.saturating_sub(self.ink) < LEAST_CONTRAST {
            return 0;
        }
        paper - (f64::from(paper - self.ink) * INK_DEPTH) as u8
    }

    fn gather(&self, runs: &[Run], parents: &mut [u32]) -> Vec<Blob> {
        let mut place = vec![usize::MAX; parents.len()];
        let mut sums: Vec<Sums> = Vec::new();
        for run in runs {
            let root = find(parents, run.label) as usize;
            if place[root] == usize::MAX {
                place[root] = sums.len();
                sums.push(Sums::default());
            }
            sums[place[root]].add(run);
        }
        let f = self.factor as f64;
        sums.iter()
            .map(|s| Blob {
                centre: self.full(s.x as f64 / s.area as f64, s.y as f64 / s.area as f64),
                width: (s.right - s.left) as f64 * f,
                height: (s.bottom - s.top) as f64 * f,
                area: s.area as f64 * f * f,
            })
            .collect()
    }
}

/// Dark pixels `from..to` of row `y`.
struct Run {
    y: usize,
    from: usize,
    to: usize,
    label: u32,
}

#[derive(Default)]
struct Sums {
    area: u64,
    x: u64,
    y: u64,
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Sums {
    fn add(&mut self, run: &Run) {
        let n = (run.to - run.from) as u64;
        if self.area == 0 {
            (self.left, self.right, self.top) = (run.from, run.to, run.y);
        }
        self.left = self.left.min(run.from);
        self.right = self.right.max(run.to);
        self.bottom = run.y + 1;
        self.area += n;
        self.x += n * (run.from + run.to - 1) as u64 / 2;
        self.y += n * run.y as u64;
    }
}

fn find(parents: &mut [u32], label: u32) -> u32 {
    let mut root = label;
    while parents[root as usize] != root {
        let grandparent = parents[parents[root as usize] as usize];
        parents[root as usize] = grandparent;
        root = grandparent;
    }
    root
}

fn join(parents: &mut [u32], a: u32, b: u32) {
    let (a, b) = (find(parents, a), find(parents, b));
    if a != b {
        let (older, younger) = (a.min(b), a.max(b));
        parents[younger as usize] = older;
    }
}

/// The parts of row `y` that are looked at: all of it, or what lies within `frame` of an edge.
fn spans(
    frame: Option<usize>,
    y: usize,
    width: usize,
    height: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let inner = frame.filter(|&broad| y >= broad && y + broad < height);
    let (first, second) = match inner {
        Some(broad) => ((0, broad), Some((width - broad, width))),
        None => ((0, width), None),
    };
    std::iter::once(first).chain(second)
}

/// The largest factor that is known to the compiler.
const MOST_FACTOR: usize = 8;

/// Mean of each `factor × factor` block; with a `frame` those within it are white, but for one row in [`SPARSE`].
fn reduce(page: &Page, factor: usize, width: usize, height: usize, frame: Option<usize>) -> Vec<u8> {
    match factor {
        1 => page.pixels.clone(),
        2 => means::<2>(page, width, height, frame),
        3 => means::<3>(page, width, height, frame),
        4 => means::<4>(page, width, height, frame),
        5 => means::<5>(page, width, height, frame),
        6 => means::<6>(page, width, height, frame),
        7 => means::<7>(page, width, height, frame),
        8 => means::<8>(page, width, height, frame),
        _ => means_of_many(page, factor, width, height),
    }
}

/// Mean of each `N × N` block, for `N` up to [`MOST_FACTOR`]; in wider registers where the processor has them.
fn means<const N: usize>(page: &Page, width: usize, height: usize, frame: Option<usize>) -> Vec<u8> {
    let mut out = vec![255; width * height];
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = fearless_simd::Level::new().as_avx2() {
        fearless_simd::Simd::vectorize(avx2, || means_into::<N>(page, width, height, frame, &mut out));
        return out;
    }
    means_into::<N>(page, width, height, frame, &mut out);
    out
}

/// [`means`] into `out`: the rows are added up first, which is work for the processor's wide registers.
// In the function that has the wide registers.
#[allow(clippy::inline_always)]
#[inline(always)]
fn means_into<const N: usize>(
    page: &Page,
    width: usize,
    height: usize,
    frame: Option<usize>,
    out: &mut [u8],
) {
    let mut buffer = vec![0u16; width * N];
    let mut means = vec![0u8; width * N];
    for (y, levels) in out.chunks_exact_mut(width.max(1)).enumerate().take(height) {
        let own = frame.filter(|_| !y.is_multiple_of(SPARSE));
        for (from, to) in spans(own, y, width, height) {
            let row = |inner: usize| &page.row(y * N + inner)[from * N..to * N];
            let sums = &mut buffer[..(to - from) * N];
            for (sum, &level) in sums.iter_mut().zip(row(0)) {
                *sum = u16::from(level);
            }
            for inner in 1..N {
                for (sum, &level) in sums.iter_mut().zip(row(inner)) {
                    // At most 64 × 255, here and below. A check for overflow would keep the loop out of the wide registers.
                    *sum = sum.wrapping_add(u16::from(level));
                }
            }
            let total = |block: &[u16]| block.iter().fold(0u16, |sum, &v| sum.wrapping_add(v));
            if N <= BESIDE {
                // The mean from every column on, and then every Nth of them: that costs less than to take blocks apart.
                let means = &mut means[..sums.len()];
                for (mean, block) in means.iter_mut().zip(sums.windows(N)) {
                    *mean = (total(block) / (N * N) as u16) as u8;
                }
                for (level, means) in levels[from..to].iter_mut().zip(means.as_chunks::<N>().0) {
                    *level = means[0];
                }
            } else {
                for (level, block) in levels[from..to].iter_mut().zip(sums.as_chunks::<N>().0) {
                    *level = (total(block) / (N * N) as u16) as u8;
                }
            }
        }
    }
}

/// The largest factor with which a mean is taken from every column on.
const BESIDE: usize = 4;

fn means_of_many(page: &Page, factor: usize, width: usize, height: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width * height);
    let mut sums = vec![0u32; width];
    let area = (factor * factor) as u32;
    for y in 0..height {
        sums.fill(0);
        for inner in 0..factor {
            let row = &page.row(y * factor + inner)[..width * factor];
            for (sum, block) in sums.iter_mut().zip(row.chunks_exact(factor)) {
                *sum += block.iter().map(|&v| u32::from(v)).sum::<u32>();
            }
        }
        out.extend(sums.iter().map(|&s| (s / area) as u8));
    }
    out
}

/// Bins of a tile's levels, four levels each: fine enough for a threshold halfway to ink.
type Bins = [u16; 64];

/// The level in the middle of a bin.
fn level_of(bin: usize) -> u8 {
    (bin * 4 + 2) as u8
}

/// Levels of all tiles, and of the page: of one pixel in four.
fn binned(levels: &[u8], width: usize, height: usize, across: usize, sparse: bool) -> (Vec<Bins>, [u32; 64]) {
    let mut tiles: Vec<Bins> = vec![[0; 64]; across * height.div_ceil(TILE)];
    // Every other pixel of every other row, by turns the even and the odd ones; or of fewer rows every pixel.
    let (rows, columns) = if sparse { (SPARSE, 1) } else { (2, 2) };
    for (y, row) in levels.chunks_exact(width.max(1)).enumerate().step_by(rows) {
        let odd = y / 2 % columns;
        for (tile, part) in tiles[y / TILE * across..].iter_mut().zip(row.chunks(TILE)) {
            for &level in part[odd.min(part.len())..].iter().step_by(columns) {
                // A tile has 64 of them.
                let bin = &mut tile[usize::from(level >> 2)];
                *bin = bin.wrapping_add(1);
            }
        }
    }
    let mut page = [0u32; 64];
    for tile in &tiles {
        for (sum, &count) in page.iter_mut().zip(tile) {
            *sum = sum.wrapping_add(u32::from(count));
        }
    }
    (tiles, page)
}

/// The level that a tenth of each tile's pixels reach, then the brightest of each tile's
/// neighbourhood: paper even where a tile lies wholly in a corner square.
fn paper(tiles: &[Bins], across: usize) -> Vec<u8> {
    let tenth = |bins: &Bins| {
        let mut left = i64::from(bins.iter().map(|&n| u32::from(n)).sum::<u32>() / 10);
        for (bin, &count) in bins.iter().enumerate().rev() {
            left -= i64::from(count);
            if left < 0 {
                return level_of(bin);
            }
        }
        0
    };
    let own: Vec<u8> = tiles.iter().map(tenth).collect();
    let down = own.len() / across.max(1);
    let mut out = own.clone();
    for (index, level) in out.iter_mut().enumerate() {
        let (tx, ty) = (index % across, index / across);
        for ny in ty.saturating_sub(1)..=(ty + 1).min(down - 1) {
            for nx in tx.saturating_sub(1)..=(tx + 1).min(across - 1) {
                *level = (*level).max(own[ny * across + nx]);
            }
        }
    }
    out
}

/// The level below which one pixel in a thousand lies: print, not specks.
fn darkest(bins: &[u32; 64]) -> u8 {
    let mut left = i64::from(bins.iter().sum::<u32>() / 1000);
    for (bin, &count) in bins.iter().enumerate() {
        left -= i64::from(count);
        if left < 0 {
            return level_of(bin);
        }
    }
    255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{Sha256, SheetId};

    fn page(width: usize, height: usize, dark: &dyn Fn(usize, usize) -> bool) -> Page {
        let pixels = (0..width * height).map(|i| if dark(i % width, i / width) { 20 } else { 240 }).collect();
        let sheet = SheetId { image: Sha256::of(b"test"), page: 1 };
        Page::from_levels(sheet, width, height, pixels).unwrap()
    }

    #[test]
    fn things_that_touch_are_one_and_things_apart_are_two() {
        // A ring, a solid square inside it, and a diagonal pair of squares.
        let dark = |x: usize, y: usize| {
            let ring = (50..150).contains(&x)
                && (50..150).contains(&y)
                && !((60..140).contains(&x) && (60..140).contains(&y));
            let core = (90..110).contains(&x) && (90..110).contains(&y);
            let a = (200..220).contains(&x) && (200..220).contains(&y);
            let b = (220..240).contains(&x) && (220..240).contains(&y);
            ring || core || a || b
        };
        let coarse = Coarse::of(&page(600, 800, &dark), (200.0, 266.7));
        let blobs = coarse.blobs();
        assert_eq!(blobs.len(), 3);
        let core = blobs.iter().find(|b| b.area < 500.0).unwrap();
        assert!(core.centre.distance(Point::at(99.5, 99.5)).0 < 0.1);
        let pair = blobs.iter().find(|b| b.centre.x.0 > 200.0).unwrap();
        assert!((pair.width, pair.height, pair.area) == (40.0, 40.0, 800.0));
    }

    #[test]
    fn a_reduced_picture_has_the_mean_of_every_block() {
        let pixels = (0..331 * 270u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let sheet = SheetId { image: Sha256::of(b"test"), page: 1 };
        let page = Page::from_levels(sheet, 331, 270, pixels).unwrap();
        for factor in 2..=MOST_FACTOR {
            let (width, height) = (page.width / factor, page.height / factor);
            let straight = means_of_many(&page, factor, width, height);
            assert_eq!(reduce(&page, factor, width, height, None), straight);
            let framed = reduce(&page, factor, width, height, Some(5));
            for (i, (level, straight)) in framed.iter().zip(&straight).enumerate() {
                let (x, y) = (i % width, i / width);
                let seen = y % SPARSE == 0 || x.min(y) < 5 || x + 5 >= width || y + 5 >= height;
                assert_eq!(*level, if seen { *straight } else { 255 }, "{x}, {y} at {factor}");
            }
        }
    }

    #[test]
    fn a_gradient_is_not_ink() {
        let width = 600;
        let pixels = (0..width * 800).map(|i| 110 + (i % width / 5) as u8).collect();
        let sheet = SheetId { image: Sha256::of(b"test"), page: 1 };
        let page = Page::from_levels(sheet, width, 800, pixels).unwrap();
        assert!(Coarse::of(&page, (200.0, 266.7)).blobs().is_empty());
    }
}
