//! How a result comes about at one level.

use super::{Exam, GradeRule, Level, Part, Rules, Ruling};
use crate::sheet::{Points, Rounding, RoundingRule};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What `exam.toml` says of one level where it differs from the others (`[[rules.level]]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRules {
    /// Which level.
    pub level: Level,
    /// The parts that are examined, at least one, each with the least points out of 100 that pass it (合格线).
    pub pass_lines: BTreeMap<Part, Points>,
    /// Grades (评定) of those who pass, best first; the last one begins at the lowest of the pass lines or below it.
    pub grades: Vec<GradeRule>,
    /// How scores are printed, *after* they were compared with the pass line and the grades; `None` prints them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// Shares of the weighted total (总成绩) in percent, together 100; empty where the exam has no total. It is shown and
    /// never decides anything.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub total: BTreeMap<Part, u8>,
}

impl LevelRules {
    /// Whether the part is examined.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.pass_lines.contains_key(&part)
    }

    /// A score of `part` as it is printed. Rounding never carries a score over the pass line, up or down, nor above 100: then
    /// it is printed as it is.
    #[must_use]
    pub fn shown(&self, part: Part, points: Points) -> Points {
        let Some(line) = self.pass_lines.get(&part) else { return points };
        let rounded = self.rounding.and_then(|rounding| rounding.apply(points.into()));
        match rounded.map(|rounded| rounded.min(Points::whole(100))) {
            Some(rounded) if (rounded >= *line) == (points >= *line) => rounded,
            _ => points,
        }
    }

    /// The weighted total of the scores, rounded by the level's rule, half up to a hundredth without one; `None` without a
    /// total, or while a score that goes into it is not known.
    #[must_use]
    pub fn total_of(&self, scores: &BTreeMap<Part, Points>) -> Option<Points> {
        if self.total.is_empty() {
            return None;
        }
        let mut sum = 0_i128;
        for (part, percent) in &self.total {
            sum += i128::from(scores.get(part)?.hundredths()) * i128::from(*percent);
        }
        // Percent of hundredths of a point.
        let exact = crate::sheet::Fraction::new(sum, 100 * 100)?;
        let hundredth = Rounding { rule: RoundingRule::HalfUp, step: Points::from_hundredths(1) };
        self.rounding.unwrap_or(hundredth).apply(exact).map(|total| total.min(Points::whole(100)))
    }
}

impl Rules {
    /// The rules of a level: its own, or those of every level, which examine 理论 and 实操, and 综合评审 too at 二级 and 一级.
    #[must_use]
    pub fn at(&self, level: Level) -> Cow<'_, LevelRules> {
        if let Some(own) = self.levels.iter().find(|own| own.level == level) {
            return Cow::Borrowed(own);
        }
        Cow::Owned(LevelRules {
            level,
            pass_lines: usual_parts(level).map(|part| (part, self.pass_line)).collect(),
            grades: self.grades.clone(),
            rounding: None,
            total: BTreeMap::new(),
        })
    }
}

/// The parts of a level about which the exam says nothing else.
pub(super) fn usual_parts(level: Level) -> impl Iterator<Item = Part> {
    let reviewed = matches!(level, Level::Two | Level::One);
    Part::ALL.into_iter().filter(move |part| *part != Part::Review || reviewed)
}

impl Exam {
    /// Whether a candidate of a level is to sit a part: the level has it, the candidate has no carried-over pass (单科保留) in it,
    /// and does not retake (补考) other parts alone.
    #[must_use]
    pub fn sits(&self, level: Level, rulings: &[Ruling], part: Part) -> bool {
        let carried = |r: &Ruling| matches!(r, Ruling::CarriedOver { part: p, .. } if *p == part);
        let mut retaken = rulings.iter().filter_map(|r| match r {
            Ruling::Retake { part, .. } => Some(*part),
            _ => None,
        });
        let retakes = rulings.iter().any(|r| matches!(r, Ruling::Retake { .. }));
        self.rules.at(level).has(part)
            && !rulings.iter().any(carried)
            && (!retakes || retaken.any(|retaken| retaken == part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exam::testing::exam;
    use proptest::prelude::*;

    fn rules(rounding: Option<Rounding>, total: &[(Part, u8)]) -> LevelRules {
        LevelRules {
            rounding,
            total: total.iter().copied().collect(),
            ..exam().rules.at(Level::Four).into_owned()
        }
    }

    #[test]
    fn a_level_without_rules_of_its_own_has_the_usual_ones() {
        let rules = exam().rules;
        assert!(!rules.at(Level::Four).has(Part::Review));
        assert!(rules.at(Level::Two).has(Part::Review) && rules.at(Level::One).has(Part::Theory));
        assert_eq!(rules.at(Level::Five).pass_lines[&Part::Practical], Points::whole(60));
    }

    #[test]
    fn a_total_is_exact_before_it_is_rounded() {
        let rules = rules(None, &[(Part::Theory, 40), (Part::Practical, 60)]);
        let scores = |theory, practical| {
            BTreeMap::from([
                (Part::Theory, Points::from_hundredths(theory)),
                (Part::Practical, Points::from_hundredths(practical)),
            ])
        };
        // 0.4 × 70.01 + 0.6 × 60.02 = 64.016.
        assert_eq!(rules.total_of(&scores(7001, 6002)), Some(Points::from_hundredths(6402)));
        assert_eq!(rules.total_of(&BTreeMap::from([(Part::Theory, Points::whole(70))])), None);
    }

    proptest! {
        #[test]
        fn printing_never_carries_a_score_over_the_line(
            points in 0i64..=10_000, line in 1i64..=10_000, step in 1i64..1000, rule in 0usize..4,
        ) {
            let rounding =
                Rounding { rule: RoundingRule::WORDS[rule].1, step: Points::from_hundredths(step) };
            let mut rules = rules(Some(rounding), &[]);
            let (points, line) = (Points::from_hundredths(points), Points::from_hundredths(line));
            rules.pass_lines.insert(Part::Theory, line);
            let shown = rules.shown(Part::Theory, points);
            prop_assert_eq!(shown >= line, points >= line);
            prop_assert!((Points::ZERO..=Points::whole(100)).contains(&shown));
        }
    }
}
