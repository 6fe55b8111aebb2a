//! The figures of groups of candidates, computed in whole hundredths of a point.

use crate::exam::{Exam, Level, Part};
use crate::merge::{PartResult, Results, Transcript};
use crate::publish::tally::Tally;
use crate::sheet::{Points, RoomId};
use std::collections::BTreeMap;

/// Below so many scores neither figures nor a distribution are given: they would tell what single candidates have.
pub(in crate::publish) const FEW: usize = 5;

/// Width of a column of the distribution, in points.
pub(in crate::publish) const BIN: i64 = 5;

/// How many columns cover 0 to 100 points; full marks stand in the last.
pub(in crate::publish) const BINS: usize = 20;

/// A group of candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::publish) struct Group {
    /// 职业 and 等级, or the room.
    pub names: Vec<String>,
    /// How many entered, sat, passed.
    pub tally: Tally,
    /// How many have each grade (评定), in the order of [`Statistics::grades`].
    pub grades: Vec<u32>,
    /// 理论成绩, 实操成绩 and, where the level has it, 综合评审.
    pub parts: Vec<PartFigures>,
}

/// The scores of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::publish) struct PartFigures {
    /// 理论成绩, …
    pub name: &'static str,
    /// How many have a score.
    pub scored: usize,
    /// `None` for fewer than [`FEW`] scores.
    pub figures: Option<Figures>,
}

/// Figures of at least [`FEW`] scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::publish) struct Figures {
    /// Mean, rounded half up to a hundredth.
    pub mean: Points,
    /// Standard deviation of all of them (divided by their number), rounded to a hundredth.
    pub deviation: Points,
    /// Lowest.
    pub least: Points,
    /// The smallest score that a quarter does not exceed (nearest rank).
    pub lower: Points,
    /// The middle score, or the mean of the two in the middle, rounded half up to a hundredth.
    pub median: Points,
    /// The smallest score that three quarters do not exceed (nearest rank).
    pub upper: Points,
    /// Highest.
    pub most: Points,
    /// The pass line of this part.
    pub line: Points,
    /// How many reach it.
    pub reached: usize,
    /// How many lie in each column of [`BIN`] points: 0 to below 5, …, 95 to 100.
    pub bins: [usize; BINS],
}

impl Figures {
    /// The figures of these scores; `None` for fewer than [`FEW`].
    pub fn of(mut scores: Vec<Points>, pass_line: Points) -> Option<Self> {
        if scores.len() < FEW {
            return None;
        }
        scores.sort_unstable();
        let n = i128::try_from(scores.len()).ok()?;
        let hundredths = || scores.iter().map(|s| i128::from(s.hundredths()));
        let (sum, squares) = (hundredths().sum::<i128>(), hundredths().map(|h| h * h).sum::<i128>());
        let points = |h: i128| i64::try_from(h).ok().map(Points::from_hundredths);
        // n²·variance is a whole number; the root is taken of four times as much, to round to the nearest.
        let spread = (n * squares - sum * sum).max(0);
        let twice_root = i128::try_from((4 * spread.unsigned_abs()).isqrt()).ok()?;
        let rank = |quarters: usize| scores[(scores.len() * quarters).div_ceil(4) - 1];
        let middle = scores.len() / 2;
        let median = if scores.len() % 2 == 1 {
            scores[middle]
        } else {
            let both = scores[middle - 1].hundredths() + scores[middle].hundredths();
            Points::from_hundredths((both + 1).div_euclid(2))
        };
        let mut bins = [0; BINS];
        for score in &scores {
            let bin = usize::try_from(score.hundredths().max(0) / (BIN * 100)).unwrap_or(0);
            bins[bin.min(BINS - 1)] += 1;
        }
        Some(Self {
            mean: points((2 * sum + n).div_euclid(2 * n))?,
            deviation: points((twice_root + n).div_euclid(2 * n))?,
            least: scores[0],
            lower: rank(1),
            median,
            upper: rank(3),
            most: scores[scores.len() - 1],
            line: pass_line,
            reached: scores.iter().filter(|s| **s >= pass_line).count(),
            bins,
        })
    }
}

/// Everything that the page and the workbook say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::publish) struct Statistics {
    /// Every occupation and level, in the order of the results.
    pub occupations: Vec<Group>,
    /// Every room somebody was to sit in: the exam's order, then by name.
    pub rooms: Vec<Group>,
    /// Everybody.
    pub all: Group,
    /// Names of the grades: those of the exam's rules, then those that levels have of their own; the one for who failed is the last.
    pub grades: Vec<String>,
}

impl Statistics {
    /// The statistics of these results.
    pub fn of(exam: &Exam, results: &Results) -> Self {
        let transcripts: Vec<Transcript> = results.transcripts.iter().collect();
        let mut occupations: BTreeMap<(&str, Level), Vec<&Transcript>> = BTreeMap::new();
        let mut order = Vec::new();
        let mut rooms: BTreeMap<(usize, &RoomId), Vec<&Transcript>> = BTreeMap::new();
        for transcript in &transcripts {
            let candidate = &transcript.candidate;
            let key = (candidate.occupation.as_str(), candidate.level);
            let group = occupations.entry(key).or_default();
            if group.is_empty() {
                order.push(key);
            }
            group.push(transcript);
            let place = exam.rooms.iter().position(|r| *r == candidate.room).unwrap_or(usize::MAX);
            rooms.entry((place, &candidate.room)).or_default().push(transcript);
        }
        let levels = order.iter().map(|(_, level)| exam.rules.at(*level).into_owned().grades);
        let mut grades: Vec<String> = Vec::new();
        for grade in exam.rules.grades.iter().cloned().chain(levels.flatten()) {
            if !grades.contains(&grade.name) {
                grades.push(grade.name);
            }
        }
        grades.push(exam.rules.fail_grade.clone());
        let group = |names, level, of: &[&Transcript]| group(exam, &grades, names, level, of);
        let everybody: Vec<&Transcript> = transcripts.iter().collect();
        Self {
            occupations: order
                .iter()
                .filter_map(|key| {
                    let names = vec![key.0.to_owned(), key.1.word().to_owned()];
                    occupations.get(key).map(|of| group(names, Some(key.1), of))
                })
                .collect(),
            rooms: rooms.iter().map(|((_, room), of)| group(vec![room.to_string()], None, of)).collect(),
            all: group(vec!["合计".to_owned()], None, &everybody),
            grades,
        }
    }
}

/// The figures of candidates of one level, by its own pass lines; of several levels, by the exam's.
fn group(
    exam: &Exam,
    grades: &[String],
    names: Vec<String>,
    level: Option<Level>,
    of: &[&Transcript],
) -> Group {
    let own = level.map(|level| exam.rules.at(level).into_owned().pass_lines).unwrap_or_default();
    let part = |name, part, result: fn(&Transcript) -> Option<PartResult>| {
        let line = own.get(&part).copied().unwrap_or(exam.rules.pass_line);
        let scores: Vec<Points> = of
            .iter()
            .filter_map(|t| match result(t) {
                Some(PartResult::Scored(points)) => Some(points),
                _ => None,
            })
            .collect();
        let scored = scores.len();
        PartFigures { name, scored, figures: Figures::of(scores, line) }
    };
    let mut parts = vec![
        part("理论成绩", Part::Theory, |t| Some(t.theory)),
        part("实操成绩", Part::Practical, |t| Some(t.practical)),
    ];
    if of.iter().any(|t| t.review.is_some()) {
        parts.push(part("综合评审", Part::Review, |t| t.review));
    }
    let with = |grade: &String| of.iter().filter(|t| t.grade == *grade).count();
    Group {
        names,
        tally: Tally::of(of.iter().copied()),
        grades: grades.iter().map(|g| u32::try_from(with(g)).unwrap_or(u32::MAX)).collect(),
        parts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::sample;
    use proptest::prelude::*;

    fn points(all: &[i64]) -> Vec<Points> {
        all.iter().map(|h| Points::from_hundredths(*h)).collect()
    }

    #[test]
    fn figures_are_what_a_person_reckons() {
        let line = Points::whole(60);
        let found = Figures::of(points(&[6000, 5999, 10_000, 0, 7050, 8000]), line).unwrap();
        // Mean 6174.83…, standard deviation 3080.02 hundredths.
        assert_eq!(found.mean.hundredths(), 6175);
        assert_eq!(found.deviation.hundredths(), 3080);
        assert_eq!((found.least, found.most), (Points::ZERO, Points::whole(100)));
        assert_eq!(found.lower.hundredths(), 5999);
        assert_eq!(found.median.hundredths(), 6525);
        assert_eq!(found.upper.hundredths(), 8000);
        assert_eq!(found.reached, 4, "59.99 does not reach 60");
        let filled: Vec<usize> = (0..BINS).filter(|b| found.bins[*b] > 0).collect();
        assert_eq!(filled, [0, 11, 12, 14, 16, 19]);
        assert_eq!(Figures::of(points(&[6000; 4]), line), None, "four scores tell what each of them is");
    }

    #[test]
    fn groups_have_everybody_once() {
        let results = sample::results(70, 12);
        let found = Statistics::of(&sample::exam(), &results);
        assert_eq!(found.all.tally.entered, 82);
        for groups in [&found.occupations, &found.rooms] {
            assert_eq!(groups.iter().map(|g| g.tally.entered).sum::<u32>(), 82);
            assert_eq!(groups.iter().map(|g| g.tally.passed).sum::<u32>(), found.all.tally.passed);
        }
        assert_eq!(found.occupations[0].names, ["电工", "四级"]);
        assert_eq!(found.occupations.iter().map(|g| g.parts.len()).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(found.rooms[0].names, ["01"]);
        let grades: u32 = found.all.grades.iter().sum();
        assert_eq!(grades, 82);
        for part in found.occupations.iter().flat_map(|g| &g.parts) {
            let figures = part.figures.as_ref().unwrap();
            assert_eq!(figures.bins.iter().sum::<usize>(), part.scored);
        }
    }

    proptest! {
        #[test]
        fn figures_agree_with_floating_point(all in proptest::collection::vec(0i64..=10_000, 5..200)) {
            let found = Figures::of(points(&all), Points::whole(60)).unwrap();
            let n = all.len() as f64;
            let mean = all.iter().sum::<i64>() as f64 / n;
            let deviation = (all.iter().map(|h| (*h as f64 - mean).powi(2)).sum::<f64>() / n).sqrt();
            prop_assert!((found.mean.hundredths() as f64 - mean).abs() <= 0.5 + 1e-6);
            prop_assert!((found.deviation.hundredths() as f64 - deviation).abs() <= 1.0 + 1e-6);
            prop_assert!(found.least <= found.lower && found.lower <= found.median);
            prop_assert!(found.median <= found.upper && found.upper <= found.most);
            let below = |line: Points| all.iter().filter(|h| **h <= line.hundredths()).count();
            prop_assert!(4 * below(found.lower) >= all.len() && 4 * below(found.upper) >= 3 * all.len());
            prop_assert_eq!(found.bins.iter().sum::<usize>(), all.len());
        }
    }
}
