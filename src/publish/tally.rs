//! How many entered, sat, stayed away and passed.

use crate::exam::Attempt;
use crate::merge::{PartResult, Transcript, Verdict};
use std::borrow::Borrow;

/// Counts over the candidates of one section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// 报考: on the roster.
    pub entered: u32,
    /// 新考.
    pub first: u32,
    /// 补考.
    pub repeat: u32,
    /// 实考: took at least one part.
    pub sat: u32,
    /// 缺考: absent from every part.
    pub absent: u32,
    /// Absent from a part, but not from all: counted in `sat` or `unknown`.
    pub partly_absent: u32,
    /// Neither is known yet.
    pub unknown: u32,
    /// 合格.
    pub passed: u32,
}

impl Tally {
    /// Counts `transcripts`; entered = sat + absent + unknown.
    pub fn of<T: Borrow<Transcript>>(transcripts: impl IntoIterator<Item = T>) -> Self {
        let mut tally = Self::default();
        for transcript in transcripts {
            let transcript = transcript.borrow();
            tally.entered += 1;
            match transcript.candidate.attempt {
                Attempt::First => tally.first += 1,
                Attempt::Repeat => tally.repeat += 1,
            }
            let parts = [Some(transcript.theory), Some(transcript.practical), transcript.review];
            // Whoever passed a part earlier, or does not have it, could not miss it.
            let due = |p: &PartResult| !matches!(p, PartResult::Carried(_) | PartResult::NotExamined);
            let parts = parts.into_iter().flatten().filter(due);
            if parts.clone().next().is_none() {
                tally.sat += 1;
            } else if parts.clone().all(|p| p == PartResult::Absent) {
                tally.absent += 1;
            } else {
                tally.partly_absent += u32::from(parts.clone().any(|p| p == PartResult::Absent));
                let sat = parts.clone().any(|p| matches!(p, PartResult::Scored(_) | PartResult::Void));
                *(if sat { &mut tally.sat } else { &mut tally.unknown }) += 1;
            }
            tally.passed += u32::from(transcript.verdict == Verdict::Passed);
        }
        tally
    }

    /// 合格率: passed out of those who sat, `85.7%`; `—` if nobody sat. Rounded to a tenth, but never to
    /// 100 or 0 when that is not exactly so.
    pub fn pass_rate(self) -> String {
        let (passed, sat) = (u64::from(self.passed), u64::from(self.sat));
        if sat == 0 {
            return "—".to_owned();
        }
        let rounded = (2000 * passed + sat) / (2 * sat);
        let permille = if passed == 0 || passed >= sat { rounded } else { rounded.clamp(1, 999) };
        format!("{}.{}%", permille / 10, permille % 10)
    }

    /// The counts that every paper ends with.
    pub fn sentence(self) -> String {
        let Self { entered, sat, absent, passed, .. } = self;
        let partly = match self.partly_absent {
            0 => String::new(),
            n => format!("（另有单科缺考 {n} 人）"),
        };
        let unknown =
            if self.unknown > 0 { format!("　未定 {} 人", self.unknown) } else { String::new() };
        format!(
            "报考 {entered} 人　实考 {sat} 人　缺考 {absent} 人{partly}{unknown}　合格 {passed} 人　合格率 {}（按实考人数）",
            self.pass_rate()
        )
    }

    /// [`Self::sentence`] with the first sittings and repeats.
    pub fn register_sentence(self) -> String {
        self.sentence().replacen(
            " 人　",
            &format!(" 人（新考 {} 人，补考 {} 人）　", self.first, self.repeat),
            1,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_whole_only_when_it_is_exact() {
        let rate = |passed, sat| Tally { sat, passed, ..Tally::default() }.pass_rate();
        assert_eq!(rate(6, 7), "85.7%");
        assert_eq!(rate(1, 3), "33.3%");
        assert_eq!(rate(2, 3), "66.7%");
        assert_eq!(rate(40, 40), "100.0%");
        assert_eq!(rate(9999, 10000), "99.9%");
        assert_eq!(rate(1, 10000), "0.1%");
        assert_eq!(rate(0, 10), "0.0%");
        assert_eq!(rate(0, 0), "—");
    }

    #[test]
    fn who_stayed_away_from_everything_is_absent_and_from_a_part_is_not() {
        use PartResult::{Absent, Pending, Void};
        let with = |theory, practical| {
            let mut transcript = super::super::sample::transcript(1);
            (transcript.theory, transcript.practical) = (theory, practical);
            transcript.verdict = Verdict::Failed;
            transcript
        };
        let scored = PartResult::Scored(crate::sheet::Points::whole(70));
        let all = [
            with(scored, scored),
            with(Absent, scored),
            with(Void, Absent),
            with(Absent, Absent),
            with(Pending, Absent),
            with(Pending, Pending),
        ];
        let tally = Tally::of(&all);
        assert_eq!((tally.entered, tally.sat, tally.absent, tally.unknown), (6, 3, 1, 2));
        assert_eq!(tally.partly_absent, 3);
        assert_eq!(
            tally.sentence(),
            "报考 6 人　实考 3 人　缺考 1 人（另有单科缺考 3 人）　未定 2 人　合格 0 人　合格率 0.0%（按实考人数）"
        );
    }

    #[test]
    fn the_register_names_repeats_once() {
        let tally = Tally { entered: 3, first: 2, repeat: 1, sat: 3, passed: 2, ..Tally::default() };
        assert_eq!(
            tally.register_sentence(),
            "报考 3 人（新考 2 人，补考 1 人）　实考 3 人　缺考 0 人　合格 2 人　合格率 66.7%（按实考人数）"
        );
    }
}
