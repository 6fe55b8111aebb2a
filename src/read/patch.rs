//! Small pictures of the targets, all with the same cells whatever the resolution.

use crate::geometry::{Mapping, Mm, Rect};
use crate::layout::PrintInk;
use crate::source::Page;

/// Cells on each side of a target that show what lies around it.
///
/// Two are 0.55 mm on our cards: the layouts keep other print 0.8 mm away. With one, a stroke that ends on the
/// outline looks like one that goes on; three would show the neighbour's outline.
pub(super) const MARGIN: usize = 2;

/// Cells along a target whose sides are equal.
///
/// On our cards (4.2 × 2.2 mm) a cell is 0.28 mm wide, the breadth of a thin pencil line: wider cells thin such
/// a line out, narrower ones have too few pixels at 150 dpi to average the noise away.
const CELLS_A_SIDE: f64 = 11.0;

/// The same where print is dark: cells must fit between a letter's lines and its circle. 0.2 mm in a circle of
/// 3.1 mm.
const CELLS_IN_DARK_PRINT: f64 = 16.0;

/// The share of a target's width and height that strokes are looked for in where print is dark: its outline,
/// 0.3 to 0.4 mm broad, comes out broader or narrower by one cell all along it.
const SHARE_IN_DARK_PRINT: f64 = 0.8;

/// The fewest and the most cells along one side.
const FEWEST: f64 = 5.0;
const MOST: f64 = 28.0;

/// The most places along a cell's side that are looked at. At 600 dpi a cell has 6.5 pixels a side: 16 places in
/// it average the noise by 4, and all 42 would cost as much as decoding.
const MOST_PLACES: usize = 4;

/// How a target is cut into cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Cells across and down inside the target.
    pub(super) inside: (usize, usize),
    /// The share of the target's width and height that strokes are looked for in.
    share: f64,
}

impl Grid {
    /// The grid of a target as large as `rect`, printed like this.
    pub(super) fn of(rect: &Rect<Mm>, ink: PrintInk) -> Self {
        let (w, h) = (rect.width.0, rect.height.0);
        let (cells, share) = match ink {
            PrintInk::Pale => (CELLS_A_SIDE, 1.0),
            PrintInk::Dark => (CELLS_IN_DARK_PRINT, SHARE_IN_DARK_PRINT),
        };
        let cell = (w * h).sqrt() / cells;
        let count = |side: f64| (side / cell).round().clamp(FEWEST, MOST) as usize;
        Self { inside: (count(w), count(h)), share }
    }

    /// Cells across, with both margins.
    pub(super) fn across(self) -> usize {
        self.inside.0 + 2 * MARGIN
    }

    /// Cells down, with both margins.
    pub(super) fn down(self) -> usize {
        self.inside.1 + 2 * MARGIN
    }

    /// Whether the cells are half as broad as a pencil's line, because dark print lies between them.
    pub(super) fn is_fine(self) -> bool {
        self.share < 1.0
    }

    /// All cells.
    pub(super) fn cells(self) -> usize {
        self.across() * self.down()
    }

    /// Which cells lie inside the target; `oval` targets are without their corners.
    pub(super) fn interior(self, oval: bool) -> Vec<bool> {
        let (nx, ny) = (self.inside.0 as f64, self.inside.1 as f64);
        let (across, down) = (self.across(), self.down());
        let mut out = Vec::with_capacity(self.cells());
        for y in 0..down {
            for x in 0..across {
                let u = (x as f64 + 0.5 - MARGIN as f64) * 2.0 / nx - 1.0;
                let v = (y as f64 + 0.5 - MARGIN as f64) * 2.0 / ny - 1.0;
                let (u, v) = (u / self.share, v / self.share);
                out.push(if oval { u * u + v * v <= 1.0 } else { u.abs() < 1.0 && v.abs() < 1.0 });
            }
        }
        out
    }
}

/// Appends the mean levels of the cells of the target `rect`, row by row, to `out`.
///
/// Returns whether the whole patch lies in the picture; if not, `out` is as it was.
pub(super) fn cut(page: &Page, mapping: &Mapping, rect: &Rect<Mm>, grid: Grid, out: &mut Vec<u8>) -> bool {
    let centre = mapping.apply(rect.centre);
    let [[a, b], [c, d]] = mapping.homography().jacobian(rect.centre);
    let (cell_w, cell_h) = (rect.width.0 / grid.inside.0 as f64, rect.height.0 / grid.inside.1 as f64);
    // One cell to the right and one cell down, in pixels.
    let (right, down) = ((a * cell_w, c * cell_w), (b * cell_h, d * cell_h));
    let (across, rows) = (grid.across() as f64, grid.down() as f64);
    let corner = (
        centre.x.0 - f64::midpoint(right.0 * across, down.0 * rows),
        centre.y.0 - f64::midpoint(right.1 * across, down.1 * rows),
    );
    let corners = [(0.0, 0.0), (across, 0.0), (0.0, rows), (across, rows)]
        .map(|(i, j)| (corner.0 + right.0 * i + down.0 * j, corner.1 + right.1 * i + down.1 * j));
    let inside = corners
        .iter()
        .all(|&(x, y)| x >= 0.0 && y >= 0.0 && x <= (page.width - 1) as f64 && y <= (page.height - 1) as f64);
    if !inside {
        return false;
    }
    page.bring_near(&corners);
    let width = f64::max(right.0.abs() + right.1.abs(), down.0.abs() + down.1.abs());
    let way = Way { page, grid, corner, right, down };
    match width.round().clamp(0.0, MOST_PLACES as f64) as usize {
        0 | 1 => way.between_pixels(out),
        2 => way.means::<2>(out),
        3 => way.means::<3>(out),
        _ => way.means::<MOST_PLACES>(out),
    }
    true
}

/// The most cells along a side, with both margins.
pub(super) const SIDE: usize = MOST as usize + 2 * MARGIN;

/// How many places from `y` on, each `step` further, lie in the same row of pixels; at least one.
fn places_in_row(y: i64, step: i64) -> usize {
    let within = y & ((1 << FRACTION) - 1);
    let more = match step {
        0 => return usize::MAX,
        1.. => ((1 << FRACTION) - 1 - within) / step,
        _ => within / -step,
    };
    more as usize + 1
}

/// Bits of a pixel's fraction: over a patch of 24 cells the steps add up to less than a hundredth of a pixel.
const FRACTION: u32 = 16;

fn fixed(pixels: f64) -> i64 {
    (pixels * f64::from(1u32 << FRACTION)) as i64
}

/// The way over a patch that lies in the picture: its corner and its cells' sides, in pixels.
struct Way<'p> {
    page: &'p Page,
    grid: Grid,
    corner: (f64, f64),
    right: (f64, f64),
    down: (f64, f64),
}

impl Way<'_> {
    /// Each cell the mean of `N × N` nearest pixels.
    fn means<const N: usize>(&self, out: &mut Vec<u8>) {
        let n = N as f64;
        let (ax, ay) = (self.right.0 / n, self.right.1 / n);
        let (bx, by) = (self.down.0 / n, self.down.1 / n);
        let step = (fixed(ax), fixed(ay));
        let mut sums = [0u16; SIDE];
        let sums = &mut sums[..self.grid.across()];
        let mut line = [0u8; SIDE * MOST_PLACES];
        let line = &mut line[..self.grid.across() * N];
        for row in 0..self.grid.down() {
            sums.fill(0);
            for sub in 0..N {
                let along = (row * N + sub) as f64 + 0.5;
                // Half a pixel on, so that cutting off the fraction rounds.
                let x = fixed(self.corner.0 + bx * along + ax / 2.0 + 0.5);
                let y = fixed(self.corner.1 + by * along + ay / 2.0 + 0.5);
                self.gather((x, y), step, line);
                for (sum, places) in sums.iter_mut().zip(line.chunks_exact(N)) {
                    for &level in places {
                        // 16 × 255 at the most. A check for overflow would keep the loop out of the wide registers.
                        *sum = sum.wrapping_add(u16::from(level));
                    }
                }
            }
            out.extend(sums.iter().map(|&sum| (sum / (N * N) as u16) as u8));
        }
    }

    /// The levels at `(x, y)` and every `step` after it, in pixels' fractions: row of pixels by row of pixels, of which a line that
    /// hardly leans meets few.
    fn gather(&self, (mut x, mut y): (i64, i64), step: (i64, i64), line: &mut [u8]) {
        let mut rest = line;
        while !rest.is_empty() {
            let left = rest.len();
            let in_row = places_in_row(y, step.1).min(left);
            let row = usize::try_from(y >> FRACTION).unwrap_or(usize::MAX).saturating_mul(self.page.width);
            let pixels = self.page.pixels.get(row..).unwrap_or_default();
            let (here, after) = rest.split_at_mut(in_row);
            for level in here {
                *level = pixels.get((x >> FRACTION) as usize).copied().unwrap_or(0);
                x = x.wrapping_add(step.0);
            }
            y += step.1 * in_row as i64;
            rest = after;
        }
    }

    /// Each cell the level at its middle, interpolated: for cells no larger than a pixel.
    fn between_pixels(&self, out: &mut Vec<u8>) {
        let page = self.page;
        for row in 0..self.grid.down() {
            for column in 0..self.grid.across() {
                let (i, j) = (column as f64 + 0.5, row as f64 + 0.5);
                let x = self.corner.0 + self.right.0 * i + self.down.0 * j;
                let y = self.corner.1 + self.right.1 * i + self.down.1 * j;
                let (px, py) = (x as usize, y as usize);
                let (fx, fy) = (x - px as f64, y - py as f64);
                let at = |x: usize, y: usize| {
                    f64::from(page.pixels[y.min(page.height - 1) * page.width + x.min(page.width - 1)])
                };
                let upper = at(px, py) * (1.0 - fx) + at(px + 1, py) * fx;
                let lower = at(px, py + 1) * (1.0 - fx) + at(px + 1, py + 1) * fx;
                out.push((upper * (1.0 - fy) + lower * fy) as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Homography, Point};
    use crate::sheet::{Sha256, SheetId};

    /// A target of 4 × 2 mm around (20, 15) on a page of so many pixels a millimetre, its left half dark.
    fn patch(scale: f64) -> (Grid, Vec<u8>) {
        let (w, h) = ((40.0 * scale) as usize, (30.0 * scale) as usize);
        let dark = |x: usize, y: usize| {
            let (x, y) = ((x as f64 + 0.5) / scale, (y as f64 + 0.5) / scale);
            (18.0..20.0).contains(&x) && (14.0..16.0).contains(&y)
        };
        let pixels = (0..w * h).map(|i| if dark(i % w, i / w) { 40 } else { 240 }).collect();
        let page = Page::from_levels(SheetId { image: Sha256::of(b"t"), page: 1 }, w, h, pixels).unwrap();
        let mapping = Mapping::projective(
            Homography::similarity(
                (Point::at(0.0, 0.0), Point::at(-0.5, -0.5)),
                (Point::at(10.0, 0.0), Point::at(10.0 * scale - 0.5, -0.5)),
            )
            .unwrap(),
        );
        let rect = Rect::around(Point::at(20.0, 15.0), 4.0, 2.0);
        let grid = Grid::of(&rect, PrintInk::Pale);
        let mut cells = Vec::new();
        assert!(cut(&page, &mapping, &rect, grid, &mut cells));
        (grid, cells)
    }

    #[test]
    fn a_patch_shows_the_same_at_every_resolution() {
        for scale in [2.5, 3.0, 5.9, 7.874, 11.8, 23.6] {
            let (grid, cells) = patch(scale);
            assert_eq!(cells.len(), grid.cells());
            assert_eq!(grid.inside, (16, 8));
            let at = |x: usize, y: usize| cells[(y + MARGIN) * grid.across() + x + MARGIN];
            assert!(at(2, 4) < 60 && at(6, 4) < 60, "left half at {scale}");
            assert!(at(9, 4) > 220 && at(14, 4) > 220, "right half at {scale}");
            assert!(cells[0] > 220, "margin at {scale}");
        }
    }

    #[test]
    fn a_patch_that_leaves_the_picture_is_none() {
        let sheet = SheetId { image: Sha256::of(b"t"), page: 1 };
        let page = Page::from_levels(sheet, 300, 300, vec![255; 90_000]).unwrap();
        let mapping = Mapping::projective(
            Homography::similarity(
                (Point::at(0.0, 0.0), Point::at(0.0, 0.0)),
                (Point::at(1.0, 0.0), Point::at(10.0, 0.0)),
            )
            .unwrap(),
        );
        let rect = Rect::around(Point::at(2.2, 15.0), 4.0, 2.0);
        let mut cells = vec![7];
        assert!(!cut(&page, &mapping, &rect, Grid::of(&rect, PrintInk::Pale), &mut cells));
        assert_eq!(cells, [7]);
    }
}
