//! What a measured target is: empty, marginal or filled.

use super::measure::Ink;
use super::{Mark, MarkState};
use crate::geometry::Ratio;
use crate::layout::{Layout, PrintInk};

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

/// The fewest filled marks that say how firm the sheet's usual mark is.
const FEWEST: usize = 5;

/// A target with its own print taken away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    fill: f64,
    firmness: f64,
}

impl Measured {
    /// What `ink` has beyond the target's own print, which covers a share `printed` of it.
    ///
    /// Print under a mark is covered by it: what is left is a share of what was not print.
    pub(super) fn beyond(ink: Ink, printed: f64) -> Self {
        Self { fill: ((ink.fill - printed) / (1.0 - printed)).clamp(0.0, 1.0), firmness: ink.firmness }
    }
}

/// What marks are held against on one sheet.
pub(super) struct Scale {
    marginal: f64,
    definite: f64,
    /// How firm the sheet's usual mark is; `None` where too few marks say, or where dark print shines
    /// through every mark and hides how hard the pencil was pressed.
    usual: Option<f64>,
}

impl Scale {
    /// The scale of a sheet, from all its targets.
    pub(super) fn of<'m>(layout: &Layout, targets: impl Iterator<Item = &'m Measured>) -> Self {
        let (marginal, definite) = (layout.thresholds.marginal.get(), layout.thresholds.definite.get());
        let mut firm: Vec<f64> = targets.filter(|m| m.fill >= definite).map(|m| m.firmness).collect();
        firm.sort_by(f64::total_cmp);
        let known = layout.print_ink == PrintInk::Pale && firm.len() >= FEWEST;
        Self { marginal, definite, usual: known.then(|| firm[firm.len() / 2]) }
    }

    /// What a target is; unreadable if it could not be measured.
    ///
    /// Filled is what covers enough of the sensing area and is about as firm as the sheet's other marks,
    /// or covers a little less and is just as firm. What is much lighter than the sheet's other marks is
    /// held however much it covers: an eraser leaves such a thing.
    pub(super) fn decide(&self, measured: Option<Measured>) -> Mark {
        let Some(Measured { fill, firmness }) = measured else {
            return Mark { fill: 0, firmness: 0, state: MarkState::Unreadable };
        };
        let as_firm_as = |share: f64| self.usual.is_none_or(|usual| firmness >= share * usual);
        let small = self.usual.is_some() && as_firm_as(SAME_PENCIL_SHARE);
        let state = if fill >= self.definite && as_firm_as(FIRM_SHARE)
            || fill >= SMALL_SHARE * self.definite && small
        {
            MarkState::Filled
        } else if fill >= self.marginal {
            MarkState::Marginal
        } else {
            MarkState::Empty
        };
        Mark { fill: Ratio::clamped(fill).per_mille(), firmness: Ratio::clamped(firmness).per_mille(), state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::shipped;

    fn states(sheet: &[(f64, f64)]) -> Vec<MarkState> {
        let layout = shipped("theory-100").unwrap();
        let measured: Vec<Measured> =
            sheet.iter().map(|&(fill, firmness)| Measured { fill, firmness }).collect();
        let scale = Scale::of(&layout, measured.iter());
        measured.into_iter().map(|m| scale.decide(Some(m)).state).collect()
    }

    #[test]
    fn an_erased_mark_among_firm_ones_is_held_however_much_it_covers() {
        use MarkState::{Empty, Filled, Marginal};
        let mut sheet = vec![(0.6, 0.7); 6];
        sheet.extend([(0.24, 0.26), (0.17, 0.68), (0.17, 0.3), (0.08, 0.7)]);
        assert_eq!(states(&sheet)[5..], [Filled, Marginal, Filled, Marginal, Empty]);
    }

    #[test]
    fn a_sheet_marked_lightly_throughout_is_read_and_few_marks_say_nothing_of_others() {
        use MarkState::{Filled, Marginal};
        assert_eq!(states(&[(0.25, 0.3); 8]), [Filled; 8]);
        assert_eq!(states(&[(0.6, 0.9), (0.24, 0.26), (0.17, 0.9)]), [Filled, Filled, Marginal]);
    }

    #[test]
    fn marks_on_dark_print_are_held_against_the_thresholds_alone() {
        let layout = shipped("openmcr-75").unwrap();
        let all = [Measured { fill: 0.6, firmness: 0.9 }; 8];
        let scale = Scale::of(&layout, all.iter());
        let light = scale.decide(Some(Measured { fill: 0.24, firmness: 0.2 }));
        assert_eq!(light.state, MarkState::Filled);
        assert_eq!(scale.decide(None).state, MarkState::Unreadable);
    }
}
