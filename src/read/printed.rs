//! How much ink the targets' own print has, learnt from the sheet itself.

use super::measure::Ink;
use crate::layout::{Field, Layout, PrintInk, Target};
use std::collections::BTreeMap;

/// The rank, as a share, at which the targets of one letter are taken to be empty.
///
/// Of the four or five options at most one is marked on nearly every item, and of ten digits one; only
/// where one letter is marked on two thirds of all items does its own rank say too much, and then
/// the other letters' print bounds it.
const EMPTY_RANK: f64 = 0.3;

/// How much more ink one letter may have than the middle of all letters: W against I in dark print.
const LETTER_FACTOR: f64 = 2.0;
const LETTER_EXTRA: f64 = 0.02;

/// The most ink, as a share of the sensing area, that a target's own print can have. Pale print is
/// at most a fifth as dark as black and covers a third; dark circles with a letter reach 0.32 in
/// bilevel scans.
const MOST_PALE: f64 = 0.12;
const MOST_DARK: f64 = 0.40;

/// The fewest targets that tell print from marks.
const FEWEST: usize = 4;

/// The most ink that dark print may gain in one line of the scan, as a share of the sensing area.
///
/// A scanner's elements differ and its feed jerks, so that strokes come out bolder in single columns
/// and rows of the picture: by 0.03 to 0.05 of the area on real bilevel scans of dark circles, over
/// whole columns. Half of what makes a mark marginal, so that a line of faint marks is not taken for
/// bold print; at 0.03 every tenth empty target of such a column is held.
const MOST_BOLD: f64 = 0.05;

/// The fewest targets in a line that say how bold it is: less than a third of them may be marked.
const FEWEST_IN_LINE: usize = 5;

/// The ink of the print of every target, by field and position, as a share of its sensing area.
///
/// First each letter by itself: of all targets with the same letter and outline most are empty.
/// Then, for dark print, what each column and row of a field has beyond that.
pub(super) fn learn(layout: &Layout, raw: &[Vec<Vec<Option<Ink>>>]) -> Vec<Vec<Vec<f64>>> {
    let mut seen: BTreeMap<Print<'_>, Vec<f64>> = BTreeMap::new();
    for (field, positions) in layout.fields.iter().zip(raw) {
        for (position, inks) in field.positions.iter().zip(positions) {
            for (target, ink) in position.targets.iter().zip(inks) {
                if let Some(ink) = ink {
                    seen.entry(print(field, target)).or_default().push(ink.fill);
                }
            }
        }
    }
    let most = match layout.print_ink {
        PrintInk::Pale => MOST_PALE,
        PrintInk::Dark => MOST_DARK,
    };
    let mut letters: BTreeMap<Print<'_>, f64> = seen
        .into_iter()
        .filter(|(_, fills)| fills.len() >= FEWEST)
        .map(|(letter, fills)| (letter, empty_level(fills).min(most)))
        .collect();
    let mut all: Vec<f64> = letters.values().copied().collect();
    all.sort_by(f64::total_cmp);
    let usual = all.get(all.len() / 2).copied().unwrap_or(0.0);
    for ink in letters.values_mut() {
        *ink = ink.min(LETTER_FACTOR * usual + LETTER_EXTRA);
    }
    let of_letter =
        |field: &Field, target: &Target| letters.get(&print(field, target)).copied().unwrap_or(usual);
    let mut out: Vec<Vec<Vec<f64>>> = layout
        .fields
        .iter()
        .map(|field| {
            let letters = |target| of_letter(field, target);
            field.positions.iter().map(|p| p.targets.iter().map(letters).collect()).collect()
        })
        .collect();
    if layout.print_ink == PrintInk::Dark {
        for ((field, inks), printed) in layout.fields.iter().zip(raw).zip(&mut out) {
            embolden(field, inks, printed, &|target| hundredths(target.rect.centre.x.0));
            embolden(field, inks, printed, &|target| hundredths(target.rect.centre.y.0));
        }
    }
    out
}

/// Adds to `printed` what the empty targets of each line have beyond it.
fn embolden(
    field: &Field,
    inks: &[Vec<Option<Ink>>],
    printed: &mut [Vec<f64>],
    line: &dyn Fn(&Target) -> i64,
) {
    let mut beyond: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for ((position, inks), printed) in field.positions.iter().zip(inks).zip(printed.iter()) {
        for ((target, ink), print) in position.targets.iter().zip(inks).zip(printed) {
            if let Some(ink) = ink {
                beyond.entry(line(target)).or_default().push(ink.fill - print);
            }
        }
    }
    let bold: BTreeMap<i64, f64> = beyond
        .into_iter()
        .filter(|(_, fills)| fills.len() >= FEWEST_IN_LINE)
        .map(|(line, fills)| (line, empty_level(fills).clamp(0.0, MOST_BOLD)))
        .collect();
    for (position, printed) in field.positions.iter().zip(printed) {
        for (target, print) in position.targets.iter().zip(printed) {
            *print += bold.get(&line(target)).copied().unwrap_or(0.0);
        }
    }
}

/// What the empty ones of `fills` reach.
fn empty_level(mut fills: Vec<f64>) -> f64 {
    let rank = (fills.len() as f64 * EMPTY_RANK) as usize;
    *fills.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// Targets that are printed alike: the same outline, its sides in hundredths of a millimetre, around the
/// same letter.
type Print<'l> = ((u8, i64, i64), &'l str);

fn print<'l>(field: &Field, target: &'l Target) -> Print<'l> {
    let outline = (field.shape as u8, hundredths(target.rect.width.0), hundredths(target.rect.height.0));
    (outline, target.value.as_str())
}

fn hundredths(mm: f64) -> i64 {
    (mm * 100.0).round() as i64
}
