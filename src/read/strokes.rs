//! The second reader: what strokes there are in a target, whatever their ink adds up to.

use super::patch::{Grid, MARGIN, SIDE};
use super::template::{Rows, Template, rows_of, some_darker};
use std::ops::Range;

/// The rank, counted from the darkest free cell, that says how dark a target's strokes are. The first two may be
/// noise or a speck of dust; a dot of 0.7 mm has five cells.
const PEAK_RANK: usize = 3;

/// Darkness, as a share of the strokes' own, from which a cell belongs to a stroke: half, where a blurred edge
/// lies at the edge's true place.
const EDGE: (u16, u16) = (1, 2);

/// The same as a share of the sheet's floor: pale strokes would otherwise gather the noise around them.
const EDGE_OF_FLOOR: (u16, u16) = (3, 4);

/// The rank, from the palest, of the cells that say whether paper still shows between the lines of dark print: a letter leaves
/// half of its circle white.
const GAP_RANK: (usize, usize) = (1, 6);

/// What the strokes in one target look like. Shares are in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Strokes {
    /// Darkness of the third darkest cell that is free of print, in 255ths.
    pub(super) peak: u8,
    /// How much of the target the largest connected piece covers.
    pub(super) cover: u16,
    /// How much of the target strokes cover that are two cells broad, where cells are fine; else `cover`.
    pub(super) core: u16,
    /// How dark that piece is on average, from paper to print.
    pub(super) contrast: u16,
    /// How much of the target's width and height the piece spans.
    pub(super) span: (u16, u16),
    /// Whether the piece goes on to the margin's far side, on the left, right, top and bottom.
    pub(super) beyond: [bool; 4],
    /// Where the piece's middle lies, from -1000 (left, top) to 1000.
    pub(super) middle: (i16, i16),
    /// On how many of its four sides the margin has strokes.
    pub(super) sides: u8,
    /// Darkness of the target's palest parts and of all of it in the mean, print and all, in 255ths, where cells are fine.
    pub(super) covered: (u8, u8),
    /// Whether less than half of the target's dark print is still seen.
    pub(super) gone: bool,
}

impl Strokes {
    /// Whether the piece comes in at one side and leaves by the opposite one.
    pub(super) fn goes_through(&self) -> bool {
        let [left, right, top, bottom] = self.beyond;
        left && right || top && bottom
    }

    /// Cover times contrast: what there is, in thousandths.
    pub(super) fn weight(&self) -> u32 {
        u32::from(self.cover) * u32::from(self.contrast) / 1000
    }
}

/// Work space for [`look`], so that a sheet's targets share one.
#[derive(Default)]
pub(super) struct Desk {
    inked: Vec<bool>,
    broad: Vec<bool>,
}

/// The darkness of the third darkest free cell of a target, in 255ths beyond its print.
pub(super) fn peak(darkness: &[u8], template: &Template) -> u8 {
    let mut top = [0u8; PEAK_RANK];
    for (&d, &most) in darkness.iter().zip(&template.most_inside) {
        if d <= most.saturating_add(top[0] / 3) {
            continue;
        }
        let beyond = Template::beyond(most, d);
        if beyond > top[0] {
            top[0] = beyond;
            top.sort_unstable();
        }
    }
    top[0]
}

/// The strokes in a target, of which the [`peak`] is known; nothing where that doesn't reach `floor`. `below` is
/// [`Template::below`] that floor.
///
/// A cell is inked where it is at least half as dark as the target's own strokes, beyond what print may make
/// of it. Cells of dark print can't say; a stroke is followed through them where they are dark.
pub(super) fn look(
    darkness: &[u8],
    (template, below): (&Template, &[u8]),
    inside: &[bool],
    grid: Grid,
    (floor, peak): (u8, u8),
    desk: &mut Desk,
) -> Strokes {
    let mut out = Strokes { peak, ..Strokes::default() };
    let least = u16::from(floor) * EDGE_OF_FLOOR.0 / EDGE_OF_FLOOR.1;
    let limit = if peak < floor { u16::from(floor) } else { (u16::from(peak) * EDGE.0 / EDGE.1).max(least) };
    if peak < floor && !grid.is_fine() {
        // An empty target: nothing is asked but what lies around it.
        if some_darker(darkness, below) {
            out.sides = sides(|cell| darkness[cell] > below[cell], grid);
        }
        return out;
    }
    desk.inked.clear();
    desk.inked.extend(darkness.iter().zip(&template.most).zip(&template.free).map(|((&d, &most), &free)| {
        if free { Template::reaches(most, d, limit) } else { u16::from(d) >= limit }
    }));
    let (across, down) = (grid.across(), grid.down());
    let core = grid.is_fine().then(|| broad(&desk.inked, &template.free, inside, across, &mut desk.broad));
    out.sides = sides(|cell| desk.inked[cell] && template.free[cell], grid);
    if grid.is_fine() {
        out.covered = covered(darkness, inside);
    }
    let share = |cells: usize| (cells * 1000 / template.free_inside.max(1)).min(1000) as u16;
    if peak < floor || template.free_inside == 0 {
        return out;
    }
    // The largest piece, by the cells in the target that can say.
    let mut rest = rows_of(across, desk.inked.iter().copied());
    let counted = &template.counted_rows;
    let (mut most, mut largest) = (0, [0; SIDE]);
    for (y, own) in counted.iter().enumerate().take(down) {
        while rest[y] & own != 0 {
            let first = rest[y] & own;
            let piece = piece_at(&mut rest, (y, first & first.wrapping_neg()), down);
            let count =
                piece.iter().zip(counted).map(|(piece, counted)| (piece & counted).count_ones()).sum();
            if count > most {
                (most, largest) = (count, piece);
            }
        }
    }
    describe(&mut out, most as usize, &largest, darkness, template, grid);
    out.core = core.map_or(out.cover, share);
    out
}

/// How many free cells in the target lie in a square of four that are inked and of which print has one at most;
/// `broad` is work space.
///
/// Dark print comes out bolder by a part of a cell here and there, all along a letter; a pencil's line is two such
/// cells broad.
fn broad(inked: &[bool], free: &[bool], inside: &[bool], across: usize, broad: &mut Vec<bool>) -> usize {
    broad.clear();
    broad.resize(inked.len(), false);
    for cell in 0..inked.len().saturating_sub(across + 1) {
        let square = [cell, cell + 1, cell + across, cell + across + 1];
        let whole = square.iter().all(|&c| inked[c]) && (cell + 1) % across != 0;
        if whole && square.iter().filter(|&&c| free[c]).count() >= 3 {
            for cell in square {
                broad[cell] = true;
            }
        }
    }
    broad
        .iter()
        .zip(free.iter().zip(inside))
        .filter(|(broad, (free, inside))| **broad && **free && **inside)
        .count()
}

/// Takes the piece that a cell belongs to out of `rest`; cells that touch, at a corner too, are of one.
///
/// Whole rows grow at a time, downwards and upwards by turns, until nothing more comes: a stroke takes two or three turns.
fn piece_at(rest: &mut Rows, (row, cell): (usize, u32), down: usize) -> Rows {
    let mut piece = [0u32; SIDE];
    piece[row] = cell;
    let mut grown = true;
    while grown {
        grown = false;
        let mut grow = |y: usize, beside: u32| {
            let mut own = piece[y] | wider(beside) & rest[y];
            // Along the row as far as it goes.
            loop {
                let more = wider(own) & rest[y];
                if more == own {
                    break;
                }
                own = more;
            }
            grown |= own != piece[y];
            piece[y] = own;
            own
        };
        (0..down).fold(0, |above, y| grow(y, above));
        (0..down).rev().fold(0, |below, y| grow(y, below));
    }
    for (rest, piece) in rest.iter_mut().zip(&piece) {
        *rest &= !piece;
    }
    piece
}

/// The cells and those beside them.
fn wider(cells: u32) -> u32 {
    cells | cells << 1 | cells >> 1
}

/// Fills in what the `piece`, `count` cells of which are in the target and can say, looks like.
fn describe(out: &mut Strokes, count: usize, piece: &Rows, darkness: &[u8], template: &Template, grid: Grid) {
    let (across, down) = (grid.across(), grid.down());
    let (mut left, mut right, mut top, mut bottom) = (across, 0, down, 0);
    let (mut sum, mut sum_x, mut sum_y) = (0usize, 0usize, 0usize);
    for (y, piece) in piece.iter().enumerate().take(down) {
        let free = piece & template.free_rows[y];
        out.beyond[0] |= free & 1 != 0;
        out.beyond[1] |= free >> (across - 1) & 1 != 0;
        out.beyond[2] |= free != 0 && y == 0;
        out.beyond[3] |= free != 0 && y + 1 == down;
        let mut cells = piece & template.counted_rows[y];
        if cells == 0 {
            continue;
        }
        left = left.min(cells.trailing_zeros() as usize);
        right = right.max(31 - cells.leading_zeros() as usize);
        (top, bottom) = (top.min(y), y);
        sum_y += (2 * y + 1) * cells.count_ones() as usize;
        let row = &darkness[y * across..];
        while cells != 0 {
            let x = cells.trailing_zeros() as usize;
            sum += usize::from(row[x]);
            sum_x += 2 * x + 1;
            cells &= cells - 1;
        }
    }
    if count == 0 {
        return;
    }
    let share = |part: usize, whole: usize| (part * 1000 / whole.max(1)).min(1000) as u16;
    out.cover = share(count, template.free_inside);
    out.contrast = share(sum, count * 255);
    let (nx, ny) = grid.inside;
    out.span = (share(right + 1 - left, nx), share(bottom + 1 - top, ny));
    let place = |sum: usize, n: usize| {
        let middle = (sum * 1000 / count) as i64 - 1000 * (n + 2 * MARGIN) as i64;
        (middle / n as i64).clamp(-1000, 1000) as i16
    };
    out.middle = (place(sum_x, nx), place(sum_y, ny));
}

/// Darkness of the palest parts of a target, and its mean.
fn covered(darkness: &[u8], inside: &[bool]) -> (u8, u8) {
    let mut cells: Vec<u8> =
        darkness.iter().zip(inside).filter(|(_, inside)| **inside).map(|(&d, _)| d).collect();
    if cells.is_empty() {
        return (0, 0);
    }
    let mean = cells.iter().map(|&d| u32::from(d)).sum::<u32>() / cells.len() as u32;
    let rank = (cells.len() - 1) * GAP_RANK.0 / GAP_RANK.1;
    (*cells.select_nth_unstable(rank).1, mean as u8)
}

/// On how many sides of the margin two cells or more are inked.
fn sides(inked: impl Fn(usize) -> bool, grid: Grid) -> u8 {
    let (across, down) = (grid.across(), grid.down());
    let two = |xs: Range<usize>, ys: Range<usize>| {
        let mut count = 0;
        for y in ys {
            for x in xs.clone() {
                count += usize::from(inked(y * across + x));
            }
            if count >= 2 {
                return 1;
            }
        }
        0
    };
    let (wide, high) = (MARGIN..across - MARGIN, MARGIN..down - MARGIN);
    two(0..MARGIN, high.clone())
        + two(across - MARGIN..across, high)
        + two(wide.clone(), 0..MARGIN)
        + two(wide, down - MARGIN..down)
}
