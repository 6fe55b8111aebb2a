//! How often the reader is silently wrong, and how often it leaves a careful mark to a person: measured on
//! simulated sheets, with bounds.
//!
//! Each sheet depends on the campaign's seed and its own number and on nothing else. It is drawn, damaged, written as a
//! real file, and goes the whole public road: decoded, registered, read, made responses. The results are counted in the
//! sheets' order, so that the outcome is the same whatever the number of threads.

// Shares and counts of sheets: small and in range.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod bounds;
mod report;
mod sheet;

pub use bounds::{held_interval, most_likely_errors};
pub use report::{Line, OfficeReport, Report, WrongResponse};
pub use sheet::{CampaignSheet, Outcome, Seen};

use crate::layout::draw::CardFace;
use crate::layout::{Layout, LayoutError, shipped};
use crate::simulate::{Damage, Print, SimulateError};
use rayon::prelude::*;
use report::Tally;

/// Layouts that duka prints.
pub const PRINTED_LAYOUTS: [&str; 4] = ["theory-100", "theory-200", "theory-multi", "card-16k"];

/// Sheets that are in work before their results are counted: enough to keep many threads busy, few enough to stop
/// soon after the last one that is wanted.
const ROUND: u64 = 48;

/// Sheets at most for each that would do if all were read: a campaign of damages that leave nothing to measure ends.
const MOST_SHEETS: u64 = 20;

/// What is to be measured.
#[derive(Debug)]
pub struct Campaign {
    layouts: Vec<(Layout, Print)>,
    damages: Vec<Damage>,
    seed: u64,
}

/// What can go wrong before anything is measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// A layout is unknown or faulty.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A card can't be drawn or a picture not be written.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// No layout, or no damage, was named.
    #[error("a campaign needs a layout and a damage")]
    Nothing,
}

impl CampaignError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Layout(_) => "see `duka layout list`, or check the file with `duka layout check FILE`",
            Self::Simulate(_) => "name layouts that duka prints",
            Self::Nothing => "leave --layout and --damage away to take all of them",
        }
    }
}

impl Campaign {
    /// A campaign over `layouts` (shipped names or files) and `damages`, with everything drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`CampaignError`].
    pub fn new(layouts: &[String], damages: &[Damage], seed: u64) -> Result<Self, CampaignError> {
        if layouts.is_empty() || damages.is_empty() {
            return Err(CampaignError::Nothing);
        }
        let layouts = layouts
            .par_iter()
            .map(|name| {
                let layout = shipped(name)?;
                let blank = Print::of(&layout, &CardFace::default())?;
                Ok((layout, blank))
            })
            .collect::<Result<_, CampaignError>>()?;
        Ok(Self { layouts, damages: damages.to_vec(), seed })
    }

    /// Simulates and reads sheets until `marks` marks (one a target of a sheet that was read) are measured.
    /// `progress` is told now and then how many are.
    ///
    /// # Errors
    ///
    /// [`CampaignError::Simulate`].
    pub fn run(&self, marks: u64, mut progress: impl FnMut(u64)) -> Result<Report, CampaignError> {
        let targets = self.layouts.iter().map(|(layout, _)| layout.targets().count() as u64);
        let fewest = targets.min().unwrap_or(1).max(1);
        let most = (marks / fewest + self.damages.len() as u64 + 1).saturating_mul(MOST_SHEETS);
        let mut tally = Tally::default();
        let mut next = 0;
        while tally.marks() < marks && next < most {
            let round: Vec<Result<Outcome, CampaignError>> =
                (next..(next + ROUND).min(most)).into_par_iter().map(|index| self.outcome(index)).collect();
            for outcome in round {
                if tally.marks() >= marks {
                    break;
                }
                tally.add(&outcome?);
            }
            next += ROUND;
            progress(tally.marks().min(marks));
        }
        Ok(tally.report(self.seed))
    }
}
