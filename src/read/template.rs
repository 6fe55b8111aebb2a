//! How a target looks with nothing in it, cell by cell, learnt from the sheet's own targets.

use super::patch::{Grid, SIDE};
use crate::layout::{Field, Target};

/// The rank, as a share from the palest, at which a cell of the targets with one letter shows print alone.
///
/// With four options a quarter of a letter's targets are marked, with two about half; at 0.3 a letter may be
/// marked on two thirds of its items. Nearer to 0 the noise of the palest is learnt instead of the print.
const PALE_RANK: f64 = 0.3;

/// The rank, from the palest, of the target that is taken to be unmarked: where several marks are allowed, nine in ten
/// of a letter's targets may be marked. Paler than that are those that were painted over.
const UNMARKED_RANK: f64 = 0.08;

/// The fewest targets that tell print from marks.
const FEWEST: usize = 4;

/// The most targets of one letter that are looked at. Twenty put the rank's own noise at a quarter of one
/// cell's; more cost as much as the measuring itself.
const LOOKED_AT: usize = 24;

/// How much more ink a letter may have, over its whole target, than the middle of all letters of that outline,
/// as a factor and in 255ths of the way from paper to print. W has 1.5 times as much as I; a letter that
/// is marked on nearly every item of a sheet has 3 times as much and more.
const INK_FACTOR: f64 = 1.8;
const INK_EXTRA: f64 = 14.0;

/// The rank, from the palest, that says how dark print makes a cell on targets that lie a little off, and what is
/// added to it in 255ths. Targets that are plainly marked are left out.
const BOLD_RANK: f64 = 0.85;
const BOLD_EXTRA: u8 = 40;

/// How much more ink than the palest a target may hold, over its whole patch in 255ths, and a quarter of the palest's, to say how bold
/// the print may be. A full mark adds 60 and more; below 8 bold print itself would be left out.
const MARK_INK: u32 = 16;

/// Darkness, in 255ths, from which a cell is the print's own: what a pencil adds there can't be told from
/// print that came out bolder.
const PRINT: u8 = 150;

/// The least spread of a print's darkness (its sum of squares around its mean, in 255ths, over all cells) with
/// which it can be told from paper: a tenth of what a pale bracket and letter have in a gray scan.
const LEAST_SPREAD: i64 = 12_000;

/// Where a target's print is looked for, in cells; in place first.
const OFFSETS: [(i32, i32); 9] =
    [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)];

/// Cells of a patch, a bit each: in every row the lowest is the leftmost.
pub(super) type Rows = [u32; SIDE];

/// The cells that are `set`, of which there are so many in a row.
pub(super) fn rows_of(across: usize, set: impl Iterator<Item = bool>) -> Rows {
    let mut rows = [0; SIDE];
    let (mut x, mut y) = (0, 0);
    for set in set {
        rows[y & (SIDE - 1)] |= u32::from(set) << x;
        x += 1;
        if x == across {
            (x, y) = (0, y + 1);
        }
    }
    rows
}

/// How a target looks with nothing in it.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// The darkest that print may make a cell, wherever it lies within a cell's breadth; 0..=255 from paper to
    /// the blackest print.
    pub(super) most: Vec<u8>,
    /// The same in the free cells of the target, and 255, which nothing is darker than, in all others.
    pub(super) most_inside: Vec<u8>,
    /// Cells in which a mark can be told from print.
    pub(super) free: Vec<bool>,
    /// The same by rows, a bit a cell, and those of them that lie in the target.
    pub(super) free_rows: Rows,
    pub(super) counted_rows: Rows,
    /// How many of those lie in the target.
    pub(super) free_inside: usize,
    /// The print's deviations from its own mean, and the sum of their squares; `None` where there is too
    /// little print to be seen.
    deviations: Option<(Vec<i16>, i64)>,
}

/// Targets that are printed alike: outline (its sides in hundredths of a millimetre) and letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Print<'l> {
    outline: (u8, i64, i64),
    letter: &'l str,
}

impl<'l> Print<'l> {
    pub(super) fn of(field: &Field, target: &'l Target) -> Self {
        let hundredths = |mm: f64| (mm * 100.0).round() as i64;
        let (w, h) = (target.rect.width.0, target.rect.height.0);
        Self { outline: (field.shape as u8, hundredths(w), hundredths(h)), letter: target.value.as_str() }
    }
}

/// A letter's targets: the darkness of their cells.
pub(super) struct Alike<'l, 'd> {
    pub(super) print: Print<'l>,
    pub(super) grid: Grid,
    pub(super) oval: bool,
    pub(super) darkness: Vec<&'d [u8]>,
}

/// What the targets of every letter look like when empty, in the order of `letters`.
///
/// A letter whose targets are too few, or so dark that most of them must be marked, is taken to look like the
/// other letters of its outline do: the middle one of them in each cell.
pub(super) fn learn(letters: &[Alike<'_, '_>]) -> Vec<Template> {
    let enough = |letter: &&Alike<'_, '_>| letter.darkness.len() >= FEWEST;
    let of_each = |look: &dyn Fn(&Alike<'_, '_>) -> Vec<u8>| -> Vec<Option<Vec<u8>>> {
        letters.iter().map(|l| Some(l).filter(enough).map(look)).collect()
    };
    let prints = of_each(&|l| ranked(&mostly_unmarked(&l.darkness), PALE_RANK));
    let bolds = of_each(&|l| ranked(&unmarked(&l.darkness, PALE_RANK), BOLD_RANK));
    let mean = |print: &[u8]| print.iter().map(|&d| f64::from(d)).sum::<f64>() / print.len().max(1) as f64;
    letters
        .iter()
        .enumerate()
        .map(|(index, letter)| {
            let peers = || {
                let same =
                    |(i, l): &(usize, &Alike<'_, '_>)| *i != index && l.print.outline == letter.print.outline;
                letters.iter().enumerate().filter(same).filter_map(|(i, _)| prints[i].as_deref())
            };
            let own = prints[index].as_deref().filter(|print| {
                let mut inks: Vec<f64> = peers().chain([*print]).map(mean).collect();
                inks.sort_by(f64::total_cmp);
                mean(print) <= INK_FACTOR * inks[(inks.len() - 1) / 2] + INK_EXTRA
            });
            let (inside, across) = (letter.grid.interior(letter.oval), letter.grid.across());
            if let (Some(own), Some(bold)) = (own, bolds[index].as_deref()) {
                let near = spread(own, letter.grid);
                let most =
                    near.iter().zip(bold).map(|(&near, bold)| near.min(bold.saturating_add(BOLD_EXTRA)));
                return Template::of(own, most.collect(), &inside, across);
            }
            let peers: Vec<&[u8]> = peers().collect();
            if peers.is_empty() {
                let blank = vec![0; letter.grid.cells()];
                return Template::of(&blank, blank.clone(), &inside, across);
            }
            // Any of the other letters may be what this one is like.
            Template::of(&ranked(&peers, 0.5), spread(&ranked(&peers, 0.9), letter.grid), &inside, across)
        })
        .collect()
}

/// All of the pictures; without those that are plainly marked where they are so many that [`PALE_RANK`] is one of them.
fn mostly_unmarked<'d>(all: &[&'d [u8]]) -> Vec<&'d [u8]> {
    let few = unmarked(all, UNMARKED_RANK);
    if few.len() as f64 > PALE_RANK * all.len() as f64 { all.to_vec() } else { few }
}

/// Those of the pictures that hold little more ink than the one at `rank` from the palest does: no mark, or hardly one.
fn unmarked<'d>(all: &[&'d [u8]], rank: f64) -> Vec<&'d [u8]> {
    // A thousand cells of 255 at the most, here and below: checks for overflow would keep the loops out of the wide registers.
    let ink = |picture: &[u8]| picture.iter().fold(0u32, |sum, &d| sum.wrapping_add(u32::from(d)));
    let inks: Vec<u32> = all.iter().map(|p| ink(p)).collect();
    let place = ((inks.len() as f64 * rank).ceil() as usize).min(inks.len() - 1);
    let pale = *inks.clone().select_nth_unstable(place).1;
    let most = pale + pale / 4 + MARK_INK * all[0].len() as u32;
    all.iter().copied().zip(&inks).filter(|(_, ink)| **ink <= most).map(|(picture, _)| picture).collect()
}

/// The cells' darkness at `rank` among so many pictures of the same grid.
fn ranked(all: &[&[u8]], rank: f64) -> Vec<u8> {
    let step = all.len().div_ceil(LOOKED_AT).max(1);
    let some: Vec<&[u8]> = all.iter().copied().step_by(step).collect();
    let place = ((some.len() as f64 * rank) as usize).min(some.len() - 1);
    let mut rows: Vec<Vec<u8>> = some.into_iter().map(<[u8]>::to_vec).collect();
    sort_columns(&mut rows);
    rows.swap_remove(place)
}

/// Sorts each column of `rows`, the least value into the first row.
///
/// Merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M): which rows are compared does not depend on what they
/// hold, so that all columns are sorted together, many at a time.
fn sort_columns(rows: &mut [Vec<u8>]) {
    let n = rows.len();
    let mut p = n.next_power_of_two() / 2;
    while p > 0 {
        let (mut q, mut r, mut d) = (n.next_power_of_two() / 2, 0, p);
        loop {
            for i in (0..n.saturating_sub(d)).filter(|i| i & p == r) {
                let (upper, lower) = rows.split_at_mut(i + d);
                for (a, b) in upper[i].iter_mut().zip(&mut lower[0]) {
                    (*a, *b) = ((*a).min(*b), (*a).max(*b));
                }
            }
            if q == p {
                break;
            }
            (d, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
}

impl Template {
    fn of(print: &[u8], most: Vec<u8>, inside: &[bool], across: usize) -> Self {
        let free: Vec<bool> = most.iter().map(|&d| d < PRINT).collect();
        let free_inside = free.iter().zip(inside).filter(|(free, inside)| **free && **inside).count();
        let total: i64 = print.iter().map(|&d| i64::from(d)).sum();
        let mean = total / print.len().max(1) as i64;
        let deviations: Vec<i16> = print.iter().map(|&d| (i64::from(d) - mean) as i16).collect();
        let squares: i64 = deviations.iter().map(|&d| i64::from(d) * i64::from(d)).sum();
        let deviations = (squares >= LEAST_SPREAD).then_some((deviations, squares));
        let most_inside = most
            .iter()
            .zip(free.iter().zip(inside))
            .map(|(&most, (&free, &inside))| if free && inside { most } else { u8::MAX })
            .collect();
        let free_rows = rows_of(across, free.iter().copied());
        let counted_rows = rows_of(across, free.iter().zip(inside).map(|(&free, &inside)| free && inside));
        Self { most, most_inside, free, free_rows, counted_rows, free_inside, deviations }
    }

    /// How much of what is not print is covered in a cell of so much darkness, in 255ths.
    pub(super) fn beyond(most: u8, darkness: u8) -> u8 {
        let (most, darkness) = (u32::from(most), u32::from(darkness));
        (darkness.saturating_sub(most) * 255 / (255 - most).max(1)).min(255) as u8
    }

    /// Whether [`Template::beyond`] reaches `limit`, without dividing.
    pub(super) fn reaches(most: u8, darkness: u8, limit: u16) -> bool {
        let (most, darkness) = (u32::from(most), u32::from(darkness));
        darkness.saturating_sub(most) * 255 >= u32::from(limit) * (255 - most).max(1)
    }

    /// In each cell the darkest that does not reach `limit`, which is above 0 and at most 255; 255 in cells that can't say.
    pub(super) fn below(&self, limit: u16) -> Vec<u8> {
        let below = |(&most, &free): (&u8, &bool)| {
            let more = (u32::from(limit) * u32::from(255 - most)).div_ceil(255).saturating_sub(1);
            if free { most.saturating_add(more.min(255) as u8) } else { u8::MAX }
        };
        self.most.iter().zip(&self.free).map(below).collect()
    }

    /// The cells by which `darkness` lies off the print, to the right and down, at most one either way.
    pub(super) fn offset(&self, darkness: &[u8], grid: Grid) -> (i32, i32) {
        let Some((deviations, _)) = &self.deviations else { return (0, 0) };
        let (across, down) = (grid.across(), grid.down());
        let mut best = (i64::MIN, (0, 0));
        for (dx, dy) in OFFSETS {
            let mut sum = 0i64;
            for y in 1..down - 1 {
                let from = (y as i32 + dy) as usize * across + (1 + dx) as usize;
                let print = &deviations[y * across + 1..][..across - 2];
                let row = &darkness[from..][..across - 2];
                let row_sum: i32 = print.iter().zip(row).map(|(&t, &d)| i32::from(t) * i32::from(d)).sum();
                sum += i64::from(row_sum);
            }
            if sum > best.0 {
                best = (sum, (dx, dy));
            }
        }
        best.1
    }

    /// How much of the print is seen in a target, in thousandths: 1000 is as on the sheet's other targets, 0 is
    /// nothing of it. `None` where there is too little print to be seen.
    ///
    /// It is the slope of the target's darkness over the print's, by least squares; an even shade has no part
    /// in it.
    pub(super) fn seen(&self, darkness: &[u8]) -> Option<i64> {
        let (deviations, squares) = self.deviations.as_ref()?;
        let products =
            deviations.iter().zip(darkness).map(|(&t, &d)| i32::from(t).wrapping_mul(i32::from(d)));
        // A thousand cells of 255² at the most.
        let product = products.fold(0i32, i32::wrapping_add);
        Some(i64::from(product) * 1000 / squares)
    }

    /// As [`Template::seen`], wherever the print lies within a cell's side of its place: on a bowed sheet it is off by
    /// a third of a millimetre.
    pub(super) fn seen_near(&self, darkness: &[u8], grid: Grid) -> Option<i64> {
        let seen = self.seen(darkness)?;
        let (deviations, _) = self.deviations.as_ref()?;
        let (across, down) = (grid.across(), grid.down());
        let best = OFFSETS.iter().map(|&(dx, dy)| {
            let mut sums = Slope::default();
            for y in 1..down - 1 {
                let from = (y as i32 + dy) as usize * across + (1 + dx) as usize;
                sums.add(&deviations[y * across + 1..][..across - 2], &darkness[from..][..across - 2]);
            }
            sums.per_mille()
        });
        Some(best.fold(seen, i64::max))
    }
}

/// Whether some cell is darker than its limit: many at a time, because in most pictures none is.
pub(super) fn some_darker(darkness: &[u8], limits: &[u8]) -> bool {
    let excess = |(&d, &limit): (&u8, &u8)| d.saturating_sub(limit);
    darkness.iter().zip(limits).map(excess).fold(0, |any, excess| any | excess) > 0
}

/// The sums of a least-squares line: how much of a print is in a picture.
#[derive(Default)]
struct Slope {
    count: i64,
    print: i64,
    squares: i64,
    dark: i64,
    product: i64,
}

impl Slope {
    fn add(&mut self, print: &[i16], dark: &[u8]) {
        self.count += print.len() as i64;
        // A row of cells: far within 32 bits.
        let mut sums = [0i32; 4];
        for (&t, &d) in print.iter().zip(dark) {
            let (t, d) = (i32::from(t), i32::from(d));
            let terms = [t, t.wrapping_mul(t), d, t.wrapping_mul(d)];
            sums = std::array::from_fn(|i| sums[i].wrapping_add(terms[i]));
        }
        self.print += i64::from(sums[0]);
        self.squares += i64::from(sums[1]);
        self.dark += i64::from(sums[2]);
        self.product += i64::from(sums[3]);
    }

    fn per_mille(&self) -> i64 {
        let product = self.product * self.count - self.print * self.dark;
        let squares = self.squares * self.count - self.print * self.print;
        product * 1000 / squares.max(1)
    }
}

/// Moves a picture by so many cells; what comes in at an edge repeats it.
pub(super) fn shifted(darkness: &mut [u8], (dx, dy): (i32, i32), grid: Grid, scratch: &mut Vec<u8>) {
    let (across, down) = (grid.across() as i32, grid.down() as i32);
    scratch.clear();
    scratch.extend_from_slice(darkness);
    for y in 0..down {
        for x in 0..across {
            let (from_x, from_y) = ((x + dx).clamp(0, across - 1), (y + dy).clamp(0, down - 1));
            darkness[(y * across + x) as usize] = scratch[(from_y * across + from_x) as usize];
        }
    }
}

/// Each cell as dark as the darkest of itself and the eight around it.
fn spread(print: &[u8], grid: Grid) -> Vec<u8> {
    let (across, down) = (grid.across(), grid.down());
    let mut rows = print.to_vec();
    for y in 0..down {
        let row = &print[y * across..][..across];
        for x in 0..across {
            let near = &row[x.saturating_sub(1)..(x + 2).min(across)];
            rows[y * across + x] = near.iter().copied().max().unwrap_or(0);
        }
    }
    let mut out = rows.clone();
    for y in 0..down {
        for x in 0..across {
            let near = (y.saturating_sub(1)..(y + 2).min(down)).map(|y| rows[y * across + x]);
            out[y * across + x] = near.max().unwrap_or(0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::patch::MARGIN;
    use super::*;

    #[test]
    fn columns_are_sorted_whatever_their_length() {
        for n in 1..=33usize {
            let mut rows: Vec<Vec<u8>> =
                (0..n).map(|i| (0..40usize).map(|x| (i * 37 + x * 101 + i * x) as u8).collect()).collect();
            let sorted = |x: usize, rows: &[Vec<u8>]| rows.iter().map(|r| r[x]).collect::<Vec<_>>();
            let mut expected: Vec<Vec<u8>> = (0..40).map(|x| sorted(x, &rows)).collect();
            for column in &mut expected {
                column.sort_unstable();
            }
            sort_columns(&mut rows);
            assert_eq!((0..40).map(|x| sorted(x, &rows)).collect::<Vec<_>>(), expected, "{n}");
        }
    }

    use crate::geometry::{Point, Rect};
    use crate::layout::PrintInk;

    fn grid() -> Grid {
        Grid::of(&Rect::around(Point::at(0.0, 0.0), 4.0, 2.0), PrintInk::Pale)
    }

    /// A picture of darkness `level` in the columns `from..to` of the inside.
    fn picture(grid: Grid, level: u8, from: usize, to: usize) -> Vec<u8> {
        let inside = |i: usize| (from + MARGIN..to + MARGIN).contains(&(i % grid.across()));
        (0..grid.cells()).map(|i| if inside(i) { level } else { 0 }).collect()
    }

    fn print(letter: &str) -> Print<'_> {
        Print { outline: (0, 400, 200), letter }
    }

    fn alike<'l, 'd>(letter: &'l str, darkness: Vec<&'d [u8]>) -> Alike<'l, 'd> {
        Alike { print: print(letter), grid: grid(), oval: false, darkness }
    }

    #[test]
    fn print_is_what_most_targets_share() {
        let (empty, marked) = (picture(grid(), 40, 7, 9), picture(grid(), 200, 0, 16));
        let mut all: Vec<&[u8]> = vec![&empty; 10];
        all.extend(vec![marked.as_slice(); 6]);
        let learnt = learn(&[alike("A", all)]);
        assert_eq!(learnt[0].seen(&empty), Some(1000));
        assert_eq!(learnt[0].seen(&picture(grid(), 0, 0, 0)), Some(0));
    }

    #[test]
    fn a_letter_that_is_marked_everywhere_is_taken_for_its_peers() {
        let (empty, marked) = (picture(grid(), 40, 7, 9), picture(grid(), 200, 0, 16));
        let letters =
            [alike("A", vec![&marked; 20]), alike("B", vec![&empty; 20]), alike("C", vec![&empty; 20])];
        let learnt = learn(&letters);
        assert_eq!(learnt[0].seen(&empty), Some(1000));
        assert_eq!(learnt[0].most, learnt[1].most);
    }

    #[test]
    fn what_reaches_a_limit_is_darker_than_what_is_below_it() {
        let print: Vec<u8> = (0..PRINT).chain([PRINT, 255]).collect();
        let template = Template::of(&print, print.clone(), &vec![true; print.len()], 19);
        for limit in [1, 26, 90, 255] {
            let below = template.below(limit);
            for (cell, &most) in print.iter().enumerate() {
                for d in 0..=255u8 {
                    let reaches = template.free[cell] && Template::reaches(most, d, limit);
                    assert_eq!(d > below[cell], reaches, "{d} over {most} to {limit}");
                }
            }
        }
    }

    #[test]
    fn cells_of_dark_print_are_not_free() {
        let dark = picture(grid(), 180, 7, 9);
        let learnt = learn(&[alike("A", vec![&dark; 5])]);
        // On targets that all lie alike only the print itself is not.
        assert_eq!(learnt[0].free_inside, 8 * (16 - 2));
    }
}
