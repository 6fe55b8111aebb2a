//! Totals of an occupation at a level, for the papers' headings.

use super::{PartResult, Results, Transcript, Verdict};
use crate::exam::Level;

/// The totals of one occupation at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTotals {
    /// 职业(工种).
    pub occupation: String,
    /// 等级.
    pub level: Level,
    /// On the roster (应考).
    pub entered: u32,
    /// Took part in at least one part, whatever came of it (实考).
    pub present: u32,
    /// Passed (合格).
    pub passed: u32,
    /// Did not pass, the absent among them (不合格).
    pub failed: u32,
    /// Not known yet.
    pub pending: u32,
}

impl GroupTotals {
    /// Pass rate (合格率) in tenths of a percent of those who took part, 0..=1000, half rounded up;
    /// `None` if nobody did.
    #[must_use]
    pub fn pass_rate_permille(&self) -> Option<u32> {
        let (passed, present) = (u64::from(self.passed), u64::from(self.present));
        let rounded = (passed * 2000 + present).checked_div(2 * present)?;
        u32::try_from(rounded).ok()
    }

    fn count(&mut self, transcript: &Transcript) {
        let parts = [Some(transcript.theory), Some(transcript.practical), transcript.review];
        // Who passed a part earlier and misses the other one was not there.
        let took_part = |p: &PartResult| matches!(p, PartResult::Scored(_) | PartResult::Void);
        self.entered += 1;
        self.present += u32::from(parts.iter().flatten().any(took_part));
        match transcript.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Pending => self.pending += 1,
        }
    }
}

impl Results {
    /// The totals of every occupation and level, in the order of the transcripts.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupTotals> {
        let mut groups: Vec<GroupTotals> = Vec::new();
        for transcript in &self.transcripts {
            let (occupation, level) = (&transcript.candidate.occupation, transcript.candidate.level);
            let place = groups.iter().position(|g| g.occupation == *occupation && g.level == level);
            let place = place.unwrap_or_else(|| {
                groups.push(GroupTotals {
                    occupation: occupation.clone(),
                    level,
                    entered: 0,
                    present: 0,
                    passed: 0,
                    failed: 0,
                    pending: 0,
                });
                groups.len() - 1
            });
            groups[place].count(&transcript);
        }
        groups
    }
}
