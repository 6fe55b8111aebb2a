//! The second reader of a sheet: every target as a small picture, its paper, its print and its strokes.
//!
//! It shares with the first reader where the targets lie and how dark black print is on this page, and nothing
//! else: paper is the brightest that a target's own picture shows and not a ring's level, print is
//! known cell by cell and not as an amount, and what counts is the form of the largest connected
//! piece and its contrast, not the ink's sum.

use super::patch::{Grid, cut};
use super::strokes::{self, Desk, Strokes};
use super::template::{Alike, Print, Template, learn, shifted};
use crate::geometry::{Mm, Point, Rect};
use crate::layout::{Layout, PrintInk, Target, TargetShape};
use crate::register::Registration;
use crate::source::{self as page, Page};
use std::collections::BTreeMap;

/// Which share of a target's cells may be brighter than what is taken for its paper.
///
/// A full mark that overflows by 0.3 mm covers 0.77 of a patch: at 0.15 the paper beside it is still
/// seen. The brightest cell alone would be noise.
const PAPER_RANK: (usize, usize) = (3, 20);

/// Side of the tiles of the sheet in which targets lend each other their paper, in millimetres: half a dozen
/// rows, more than one hand's scribble covers and less than a lamp's shade changes.
const TILE_MM: f64 = 30.0;

/// The rank, among a tile's targets from the darkest, of the one that says the tile's paper.
const TILE_RANK: (usize, usize) = (3, 4);

/// How bright a target's own paper must be, as a share of its tile's, to be believed without a look at its print.
/// Shaded columns have 0.8 of white; a target blackened all over has 0.7 (light pencil) and less.
const OWN_PAPER: (u16, u16) = (3, 4);

/// The same where there is print to be seen: what is a little darker than its tile's paper, and shows less than seven tenths
/// of the print, is no paper but a mark's edge. Shade leaves print as it is.
const OWN_PAPER_BARE: (u16, u16) = (9, 10);
const PRINT_WHOLE: i64 = 700;

/// How much of its print, in thousandths, makes a target's ground paper. Noise of σ 15 at 200 dpi moves it by
/// 60; a mark across half of a letter leaves 500.
pub(super) const PRINT_SEEN: i64 = 400;

/// How much of its print, in thousandths, a target under a full mark may still show: pale pen leaves 300 to 500, what an
/// eraser leaves lets 700 and more shine through.
const HIDDEN: i64 = 550;

/// The most that levels differ within a patch that nothing was scanned in, in gray levels: a
/// decoder's or an editor's even filling, with the ripple of a JPEG block. Paper or print differ by more.
const FLAT: u8 = 3;

/// Below this level a cell of a black and white page is black.
const BLACK: u8 = 64;

/// Where the paper around a black patch is looked at, in millimetres outside the outline, and in how many places a side:
/// beyond what a mark overflows, and a little into the gap before the next print.
const BESIDE_MM: f64 = 0.9;
const BESIDE_PLACES: usize = 8;

/// How near to the page's usual paper an even patch must be to be bare paper: 9 tenths; white that has run into
/// 255 all over is as bright as all paper of its page.
const BARE: (u16, u16) = (9, 10);

/// How dark, as a share of the page's usual paper, a ground without print is no paper: the scanner's bed, a
/// thumb. The darkest paper in a shadow's core has 0.5.
const DARK_GROUND: (u16, u16) = (9, 20);

/// How many times the level that all but a twentieth of the sheet's unmarked targets stay below a stroke must
/// reach, as a ratio, and the bounds of that in 255ths of the way from paper to print.
///
/// Below 0.10 are erasures and show-through, which the first reader watches; a floor above 0.35 would
/// hide light pencil (0.4) on a sheet whose print is dithered.
const FLOOR_FACTOR: (u16, u16) = (5, 4);
const LEAST_FLOOR: u16 = 26;
const MOST_FLOOR: u16 = 90;

/// What a target's ground is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Paper, as far as can be said.
    Paper,
    /// Nothing that could be paper: an even filling, darkness, a place outside of the sheet.
    NotPaper,
}

/// What the second reader sees in one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) strokes: Strokes,
    /// How much of the target's print is seen, in thousandths, where there is any to be seen.
    pub(super) print: Option<i64>,
    pub(super) ground: Ground,
}

/// What the second reader sees on one sheet.
pub(super) struct Sight {
    /// By field, position and target; `None` where a target does not lie in the picture.
    pub(super) looks: Vec<Vec<Vec<Option<Look>>>>,
    /// Darkness that a stroke reaches, in 255ths.
    pub(super) floor: u8,
    /// Whether the page has gray levels or black and white only.
    pub(super) depth: page::Depth,
}

/// A target's patch on its way.
struct Patch {
    /// Where its cells begin.
    start: usize,
    /// Which kind of print it has.
    letter: usize,
    paper: u8,
    tile: (i32, i32),
    ground: Ground,
    /// Whether nothing at all is seen in it.
    flat: bool,
    /// Whether it is black all over with white around it: a mark that overflows, in black and white.
    alone: bool,
}

/// A kind of print: one letter in one outline.
struct Letter<'l> {
    print: Print<'l>,
    grid: Grid,
    oval: bool,
    inside: Vec<bool>,
}

/// What the second reader sees in every target of `layout`.
pub(super) fn see(page: &Page, registration: &Registration, layout: &Layout) -> Sight {
    let (letters, kinds) = letters(layout);
    let mut cells: Vec<u8> = Vec::new();
    let mut patches: Vec<Option<Patch>> = Vec::with_capacity(kinds.len());
    for ((_, _, target), &letter) in layout.targets().zip(&kinds) {
        let start = cells.len();
        let grid = letters[letter].grid;
        let whole = cut(page, &registration.mapping, &target.rect, grid, &mut cells);
        patches.push(whole.then(|| {
            let flat = is_flat(&cells[start..]);
            let paper = brightest(&cells[start..]);
            let black = page.depth == page::Depth::Bilevel && paper < BLACK;
            Patch {
                start,
                letter,
                paper,
                tile: tile(target),
                ground: Ground::Paper,
                flat,
                alone: black && stands_alone(page, registration, &target.rect),
            }
        }));
    }
    let tiles = tile_papers(&patches);
    let depth = Depth::of(registration);
    let mut doubted: Vec<(usize, bool, Vec<u8>)> = Vec::new();
    for (index, patch) in patches.iter_mut().enumerate() {
        let Some(patch) = patch else { continue };
        let levels = &mut cells[patch.start..][..letters[patch.letter].grid.cells()];
        let usual = u16::from(registration.paper);
        if patch.flat && !patch.alone && u16::from(patch.paper) * BARE.1 < usual * BARE.0 {
            patch.ground = Ground::NotPaper;
        }
        let lent = u16::from(tiles[&patch.tile]);
        let below = |share: (u16, u16)| u16::from(patch.paper) * share.1 < lent * share.0;
        if below(OWN_PAPER_BARE) {
            doubted.push((index, below(OWN_PAPER), levels.to_vec()));
        }
        depth.darken(levels, patch.paper);
    }
    let mut templates = learnt(&letters, &patches, &cells);
    if layout.print_ink == PrintInk::Dark {
        // Dark print a cell off would look like strokes: every target is laid on its print, which is then
        // learnt anew and comes out sharper.
        let mut scratch = Vec::new();
        for patch in patches.iter().flatten() {
            let grid = letters[patch.letter].grid;
            let darkness = &mut cells[patch.start..][..grid.cells()];
            let offset = templates[patch.letter].offset(darkness, grid);
            if offset != (0, 0) {
                shifted(darkness, offset, grid, &mut scratch);
            }
        }
        templates = learnt(&letters, &patches, &cells);
    }
    for (index, dark, levels) in doubted {
        let Some(patch) = &mut patches[index] else { continue };
        let darkness = &mut cells[patch.start..][..levels.len()];
        let seen = templates[patch.letter].seen(darkness);
        let covered = patch.alone || seen.map_or(dark, |seen| seen < PRINT_WHOLE);
        if covered {
            // Covered all over, or no paper at all: held against the tile's paper it is dark all over.
            darkness.copy_from_slice(&levels);
            depth.darken(darkness, tiles[&patch.tile]);
        }
    }
    let peak = |patch: &Patch| {
        let letter = &letters[patch.letter];
        strokes::peak(&cells[patch.start..][..letter.grid.cells()], &templates[patch.letter])
    };
    let peaks: Vec<Option<u8>> = patches.iter().map(|patch| patch.as_ref().map(peak)).collect();
    let floor = floor(layout, &peaks);
    let below: Vec<Vec<u8>> = templates.iter().map(|template| template.below(u16::from(floor))).collect();
    let mut desk = Desk::default();
    let mut next = patches.iter().zip(&peaks);
    let mut look = || {
        let (patch, &peak) = next.next()?;
        let (patch, peak) = (patch.as_ref()?, peak?);
        let (letter, template) = (&letters[patch.letter], &templates[patch.letter]);
        let darkness = &cells[patch.start..][..letter.grid.cells()];
        let mut print = template.seen(darkness);
        let hidden = print.is_some_and(|seen| seen < HIDDEN);
        if print.is_some_and(|seen| seen < PRINT_SEEN) {
            print = template.seen_near(darkness, letter.grid);
        }
        let dark = !patch.alone
            && u16::from(patch.paper) * DARK_GROUND.1 < u16::from(registration.paper) * DARK_GROUND.0;
        let ground =
            if dark && print.is_none_or(|seen| seen < PRINT_SEEN) { Ground::NotPaper } else { patch.ground };
        let printed = (template, below[patch.letter].as_slice());
        let mut strokes =
            strokes::look(darkness, printed, &letter.inside, letter.grid, (floor, peak), &mut desk);
        strokes.gone = hidden;
        Some(Look { strokes, print, ground })
    };
    let looks = layout
        .fields
        .iter()
        .map(|field| field.positions.iter().map(|p| p.targets.iter().map(|_| look()).collect()).collect())
        .collect();
    Sight { looks, floor, depth: page.depth }
}

/// The kinds of print of a layout, and which of them every target has.
fn letters(layout: &Layout) -> (Vec<Letter<'_>>, Vec<usize>) {
    let mut letters = Vec::new();
    let mut known: BTreeMap<Print<'_>, usize> = BTreeMap::new();
    let mut kinds = Vec::new();
    for field in &layout.fields {
        for target in field.positions.iter().flat_map(|p| &p.targets) {
            let print = Print::of(field, target);
            kinds.push(*known.entry(print).or_insert_with(|| {
                let grid = Grid::of(&target.rect, layout.print_ink);
                let oval = field.shape == TargetShape::Oval;
                letters.push(Letter { print, grid, oval, inside: grid.interior(oval) });
                letters.len() - 1
            }));
        }
    }
    (letters, kinds)
}

fn learnt(letters: &[Letter<'_>], patches: &[Option<Patch>], cells: &[u8]) -> Vec<Template> {
    let mut alike: Vec<Alike<'_, '_>> = letters
        .iter()
        .map(|l| Alike { print: l.print, grid: l.grid, oval: l.oval, darkness: Vec::new() })
        .collect();
    let paper = || patches.iter().flatten().filter(|p| p.ground == Ground::Paper);
    // Where the file ends early or the sheet was wiped there is no print to learn. Where most are so, print was
    // lost in the scan, and the others are the marked ones.
    let mut flat = vec![(0usize, 0usize); letters.len()];
    for patch in paper() {
        flat[patch.letter].0 += usize::from(patch.flat);
        flat[patch.letter].1 += 1;
    }
    for patch in paper() {
        let (flats, all) = flat[patch.letter];
        if !patch.flat || 2 * flats >= all {
            alike[patch.letter].darkness.push(&cells[patch.start..][..letters[patch.letter].grid.cells()]);
        }
    }
    learn(&alike)
}

/// Whether there is white around what is black: half of the places [`BESIDE_MM`] outside the outline. Beside the straight edge of
/// a dark ground there is a third.
fn stands_alone(page: &Page, registration: &Registration, rect: &Rect<Mm>) -> bool {
    let around = rect.grown(BESIDE_MM);
    let (mut white, mut all) = (0, 0);
    for i in 0..BESIDE_PLACES {
        let t = (i as f64 + 0.5) / BESIDE_PLACES as f64;
        let (x, y) = (around.left() + t * around.width.0, around.top() + t * around.height.0);
        for (x, y) in [(x, around.top()), (x, around.bottom()), (around.left(), y), (around.right(), y)] {
            let at = registration.mapping.apply(Point::at(x, y));
            let inside = at.x.0 >= 0.0 && at.y.0 >= 0.0 && at.x.0 < page.width as f64;
            let level =
                inside.then(|| page.pixels.get(at.y.0 as usize * page.width + at.x.0 as usize)).flatten();
            white += usize::from(level.is_some_and(|&level| level > BLACK));
            all += 1;
        }
    }
    white * 2 >= all
}

/// The level that all but the brightest share of the cells stay below.
fn brightest(levels: &[u8]) -> u8 {
    let mut counts = [0u16; 256];
    for &level in levels {
        counts[usize::from(level)] += 1;
    }
    let mut left = levels.len() * PAPER_RANK.0 / PAPER_RANK.1;
    for (level, &count) in counts.iter().enumerate().rev() {
        if usize::from(count) > left {
            return level as u8;
        }
        left -= usize::from(count);
    }
    0
}

fn is_flat(levels: &[u8]) -> bool {
    let (least, most) = levels.iter().fold((u8::MAX, 0), |(a, b), &v| (a.min(v), b.max(v)));
    most.saturating_sub(least) <= FLAT
}

fn tile(target: &Target) -> (i32, i32) {
    let index = |mm: f64| (mm / TILE_MM).floor() as i32;
    (index(target.rect.centre.x.0), index(target.rect.centre.y.0))
}

/// The paper of every tile that has targets.
fn tile_papers(patches: &[Option<Patch>]) -> BTreeMap<(i32, i32), u8> {
    let mut papers: BTreeMap<(i32, i32), Vec<u8>> = BTreeMap::new();
    for patch in patches.iter().flatten() {
        papers.entry(patch.tile).or_default().push(patch.paper);
    }
    let middle = |mut levels: Vec<u8>| {
        let rank = (levels.len() - 1) * TILE_RANK.0 / TILE_RANK.1;
        *levels.select_nth_unstable(rank).1
    };
    papers.into_iter().map(|(tile, levels)| (tile, middle(levels))).collect()
}

/// How deep black print is on this page, under any light.
struct Depth {
    ink: u32,
    paper: u32,
}

impl Depth {
    fn of(registration: &Registration) -> Self {
        Self { ink: u32::from(registration.ink), paper: u32::from(registration.paper).max(1) }
    }

    /// Makes of `levels` their darkness, 0..=255 from `paper` to print.
    fn darken(&self, levels: &mut [u8], paper: u8) {
        let paper = u32::from(paper);
        let depth = (paper * self.paper.saturating_sub(self.ink) / self.paper).max(1);
        let scale = (255 << 16) / depth;
        for level in levels {
            *level = ((paper.saturating_sub(u32::from(*level)) * scale) >> 16).min(255) as u8;
        }
    }
}

/// What strokes must reach on this sheet: a little more than its unmarked targets do. The darkest target of each
/// position is left out, because it may be marked.
fn floor(layout: &Layout, all: &[Option<u8>]) -> u8 {
    let mut next = all.iter();
    let mut peaks: Vec<u8> = Vec::with_capacity(all.len());
    for position in layout.fields.iter().flat_map(|f| &f.positions) {
        let start = peaks.len();
        peaks.extend(next.by_ref().take(position.targets.len()).flatten());
        if let Some(most) = (start..peaks.len()).max_by_key(|&i| peaks[i]) {
            peaks.swap_remove(most);
        }
    }
    let level = if peaks.is_empty() {
        0
    } else {
        let rank = (peaks.len() - 1) * 19 / 20;
        u16::from(*peaks.select_nth_unstable(rank).1)
    };
    (level * FLOOR_FACTOR.0 / FLOOR_FACTOR.1).clamp(LEAST_FLOOR, MOST_FLOOR) as u8
}
