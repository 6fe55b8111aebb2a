//! What a measured target is by the first reader: empty, marginal or filled.

use super::MarkState;
use super::measure::Ink;
use crate::geometry::Ratio;
use crate::layout::{Choice, Layout, PrintInk};
use crate::source::Depth;

/// How firm a mark must be, as a share of the sheet's usual mark, to count by its area alone.
///
/// One hand's careful marks differ by a factor of 0.65 at most; what an eraser leaves of one has 0.15
/// to 0.4. Below 0.4 bad erasures pass as marks, above 0.6 a hurried light one is held.
const FIRM_SHARE: f64 = 0.5;

/// How firm a small mark must be, as a share of the sheet's usual mark, to be taken for a mark of the same
/// pencil, and the least fill ratio of such a mark as a share of the threshold for filled ones.
///
/// A bar of 3 × 1 mm, as cards ask for it, fills 0.75 of the threshold and more in a bilevel scan that
/// thins it; a dot of 0.7 mm fills 0.35.
const SAME_PENCIL_SHARE: f64 = 0.75;
const SMALL_SHARE: f64 = 0.65;

/// How far above the sheet's empty targets a thing must be to stand out, as a factor, and the least fill
/// ratio that is ever held.
///
/// On gray pages of σ 7 all but a hundredth of the empty targets stay below 0.018 and the highest of
/// 100 000 reached 0.024; a dot of 0.7 mm fills 0.05. A bilevel scan that has lost most of the pencil leaves 0.018 and more of a mark, and
/// nothing of an empty target; below 0.012 single specks of dust would be held.
const STANDS_OUT: f64 = 2.0;
const LEAST_FAINT_BILEVEL: f64 = 0.014;
const LEAST_FAINT_GRAY: f64 = 0.022;

/// The most that stands for empty where print is pale, whatever the sheet's own targets say: on a sheet full
/// of erasures they say too much. No empty target of the simulated office scans reached 0.025, the smallest
/// dots and slashes begin at 0.033. On a noisy page (σ 15) it may be more: so many times what nine in ten empty targets stay
/// below, which a sheet's erasures don't reach.
const MOST_FAINT_PALE: (f64, f64) = (0.03, 0.035);
const STANDS_OUT_OF_NOISE: f64 = 3.0;

/// Show-through and what an eraser leaves all over a sheet is a pale film: of no more than this firmness, which the
/// faintest pencil has (0.18), and a fill ratio below this, which the faintest mark exceeds (0.09).
const FILM_FIRMNESS: f64 = 0.175;
const MOST_FILM: f64 = 0.08;

/// How far above the tenth of the sheet's unmarked targets that have most such a film may be, as a factor. A film
/// on less than a tenth of them is not all over the sheet.
const FILM: f64 = 1.5;

/// On dark print, how far above the unmarked targets a thing beside a mark must be to be in doubt, as a factor, and the
/// most of the mark's own ink it may have else. In circles of ten pixels the print's ink differs by 0.12 from target to target.
const STANDS_OUT_DARK: f64 = 1.5;
const LEAST_SHARE_DARK: f64 = 0.25;

/// The fewest filled marks that say how firm the sheet's usual mark is.
const FEWEST: usize = 5;

/// A target with its own print taken away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    fill: f64,
    firmness: f64,
    ringed: bool,
}

impl Measured {
    /// What `ink` has beyond the target's own print, which covers a share `printed` of it.
    ///
    /// Print under a mark is covered by it: what is left is a share of what was not print.
    pub(super) fn beyond(ink: Ink, printed: f64) -> Self {
        let fill = ((ink.fill - printed) / (1.0 - printed)).clamp(0.0, 1.0);
        Self { fill, firmness: ink.firmness, ringed: ink.ringed }
    }
}

/// What the first reader says of one target; shares in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct First {
    pub(super) fill: u16,
    pub(super) firmness: u16,
    pub(super) state: MarkState,
}

/// What marks are held against on one sheet.
pub(super) struct Scale {
    faint: f64,
    /// What a pale film reaches on this sheet.
    film: f64,
    /// What print that is dark reaches on this sheet beyond what is usual.
    bold: f64,
    marginal: f64,
    definite: f64,
    /// How firm the sheet's usual mark is; `None` where too few marks say, or where dark print shines
    /// through every mark and hides how hard the pencil was pressed.
    usual: Option<f64>,
}

impl Scale {
    /// The scale of a sheet, from all its targets by position.
    pub(super) fn of<'m>(
        layout: &Layout,
        depth: Depth,
        positions: impl Iterator<Item = &'m Vec<Option<Measured>>> + Clone,
    ) -> Self {
        let (marginal, definite) = (layout.thresholds.marginal.get(), layout.thresholds.definite.get());
        let all = positions.clone().flatten().flatten();
        let mut firm: Vec<f64> = all.filter(|m| m.fill >= definite).map(|m| m.firmness).collect();
        firm.sort_by(f64::total_cmp);
        let known = layout.print_ink == PrintInk::Pale && firm.len() >= FEWEST;
        let usual = known.then(|| firm[firm.len() / 2]);
        let empty = unmarked(positions);
        let noise = ranked(&empty, 0.9).unwrap_or(0.0);
        let most = match layout.print_ink {
            PrintInk::Pale => {
                marginal.min((STANDS_OUT_OF_NOISE * noise).clamp(MOST_FAINT_PALE.0, MOST_FAINT_PALE.1))
            }
            PrintInk::Dark => marginal,
        };
        let least = match depth {
            Depth::Gray => LEAST_FAINT_GRAY,
            Depth::Bilevel => LEAST_FAINT_BILEVEL,
        };
        let faint = (STANDS_OUT * ranked(&empty, 0.99).unwrap_or(most)).clamp(least.min(most), most);
        let pale = layout.print_ink == PrintInk::Pale && depth == Depth::Gray;
        let film = if pale { FILM * noise } else { 0.0 };
        let bold = match layout.print_ink {
            PrintInk::Pale => 0.0,
            PrintInk::Dark => STANDS_OUT_DARK * ranked(&empty, 0.99).unwrap_or(0.0),
        };
        Self { faint, film: film.min(MOST_FILM), bold, marginal, definite, usual }
    }

    /// Fill ratio in thousandths from which a place without a filled mark is in doubt.
    pub(super) fn faint_per_mille(&self) -> u16 {
        Ratio::clamped(self.faint).per_mille()
    }

    /// What the targets of one position are; unreadable where they could not be measured.
    ///
    /// Filled is what covers enough of the sensing area and is about as firm as the sheet's other marks,
    /// or covers a little less and is just as firm. What is much lighter than the sheet's other marks is
    /// held however much it covers: an eraser leaves such a thing. Beside a filled mark, what an eraser
    /// or a finger leaves is passed over up to the layout's threshold; where nothing is filled, or several
    /// marks are allowed, whatever stands out from the sheet's empty targets is held, because it may be
    /// all that a scanner has left of a mark. A line around a target is always held.
    pub(super) fn decide(&self, position: &[Option<Measured>], choice: Choice) -> Vec<First> {
        let marks = position.iter().flatten().filter(|m| self.is_filled(m)).map(|m| m.fill);
        let largest = marks.reduce(f64::max).filter(|_| choice == Choice::Single);
        let doubtful = match largest {
            Some(mark) => self.marginal.max(self.bold.min(LEAST_SHARE_DARK * mark)),
            None => self.faint,
        };
        let mark = |measured: &Option<Measured>| {
            let Some(m) = measured else {
                return First { fill: 0, firmness: 0, state: MarkState::Unreadable };
            };
            let film = m.fill < self.film && m.firmness < FILM_FIRMNESS;
            let state = if self.is_filled(m) {
                MarkState::Filled
            } else if m.fill >= doubtful && !film || m.ringed {
                MarkState::Marginal
            } else {
                MarkState::Empty
            };
            let (fill, firmness) = (Ratio::clamped(m.fill), Ratio::clamped(m.firmness));
            First { fill: fill.per_mille(), firmness: firmness.per_mille(), state }
        };
        position.iter().map(mark).collect()
    }

    fn is_filled(&self, m: &Measured) -> bool {
        let as_firm_as = |share: f64| self.usual.is_none_or(|usual| m.firmness >= share * usual);
        let same_pencil = self.usual.is_some() && as_firm_as(SAME_PENCIL_SHARE);
        m.fill >= self.definite && as_firm_as(FIRM_SHARE)
            || m.fill >= SMALL_SHARE * self.definite && same_pencil
    }
}

/// The fill ratios of the sheet's unmarked targets, in order: all but the one with the most in each position.
fn unmarked<'m>(positions: impl Iterator<Item = &'m Vec<Option<Measured>>>) -> Vec<f64> {
    let mut empty: Vec<f64> = Vec::new();
    for position in positions {
        let start = empty.len();
        empty.extend(position.iter().flatten().map(|m| m.fill));
        if let Some(most) = (start..empty.len()).max_by(|&a, &b| empty[a].total_cmp(&empty[b])) {
            empty.swap_remove(most);
        }
    }
    empty.sort_unstable_by(f64::total_cmp);
    empty
}

/// The value at a rank, as a share from the least.
fn ranked(sorted: &[f64], rank: f64) -> Option<f64> {
    sorted.get((sorted.len().saturating_sub(1) as f64 * rank) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::shipped;

    /// The states of the last targets of a sheet with six firm items, one position of four each.
    fn states(last: &[(f64, f64)], choice: Choice) -> Vec<MarkState> {
        let layout = shipped("theory-100").unwrap();
        let some = |&(fill, firmness): &(f64, f64)| Some(Measured { fill, firmness, ringed: false });
        let firm = [(0.6, 0.7), (0.01, 0.1), (0.012, 0.1), (0.0, 0.0)];
        let mut sheet: Vec<Vec<Option<Measured>>> = vec![firm.iter().map(some).collect(); 60];
        sheet.push(last.iter().map(some).collect());
        let scale = Scale::of(&layout, Depth::Gray, sheet.iter());
        scale.decide(&sheet[60], choice).iter().map(|m| m.state).collect()
    }

    use Choice::{Multiple, Single};
    use MarkState::{Empty, Filled, Marginal};

    #[test]
    fn an_erased_mark_among_firm_ones_is_held_however_much_it_covers() {
        assert_eq!(states(&[(0.24, 0.26), (0.0, 0.0)], Single), [Marginal, Empty]);
        assert_eq!(states(&[(0.17, 0.68), (0.0, 0.0)], Single), [Filled, Empty]);
        assert_eq!(states(&[(0.17, 0.3), (0.0, 0.0)], Single), [Marginal, Empty]);
    }

    #[test]
    fn a_trace_is_held_where_nothing_is_filled_and_passed_over_beside_a_firm_mark() {
        assert_eq!(states(&[(0.06, 0.5), (0.01, 0.1)], Single), [Marginal, Empty]);
        assert_eq!(states(&[(0.06, 0.5), (0.6, 0.7)], Single), [Empty, Filled]);
        assert_eq!(states(&[(0.11, 0.5), (0.6, 0.7)], Single), [Marginal, Filled]);
        assert_eq!(states(&[(0.06, 0.5), (0.6, 0.7)], Multiple), [Marginal, Filled]);
        assert_eq!(states(&[(0.02, 0.1), (0.01, 0.1)], Single), [Empty, Empty]);
    }

    #[test]
    fn a_sheet_marked_lightly_throughout_is_read() {
        let layout = shipped("theory-100").unwrap();
        let light = Measured { fill: 0.25, firmness: 0.3, ringed: false };
        let sheet = vec![vec![Some(light), Some(Measured { fill: 0.0, firmness: 0.0, ringed: false })]; 20];
        let scale = Scale::of(&layout, Depth::Gray, sheet.iter());
        assert_eq!(scale.decide(&sheet[0], Single)[0].state, Filled);
    }

    #[test]
    fn marks_on_dark_print_are_held_against_the_thresholds_alone() {
        let layout = shipped("openmcr-75").unwrap();
        let all = vec![vec![Some(Measured { fill: 0.6, firmness: 0.9, ringed: false }); 2]; 8];
        let scale = Scale::of(&layout, Depth::Gray, all.iter());
        let marks =
            scale.decide(&[Some(Measured { fill: 0.24, firmness: 0.2, ringed: false }), None], Single);
        assert_eq!([marks[0].state, marks[1].state], [Filled, MarkState::Unreadable]);
    }
}
