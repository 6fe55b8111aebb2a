//! Sheets that are too much alike (雷同): a list of pairs to look into, never a verdict.
//!
//! The index is the generalized binomial test (GBT) of van der Linden & Sotaridona 2006
//! (doi:10.3102/10769986031003283): the number of items that two sheets answer alike, beside its distribution for two
//! candidates who work independently, which is the sum of independent chances of a match, one an item. What a
//! candidate of some ability marks, their test takes from a fitted response model; here it is estimated without one, by
//! kernel smoothing over the ranks of the candidates (Ramsay 1991, doi:10.1007/BF02294494, with the bandwidth he
//! proposes, 1.1 N^-1/5). Smoothing flattens the curves towards both ends: two very good candidates would seem too much
//! alike. So the chances of right answers are then shifted, by one and the same amount on the logit scale for all items, until
//! their sum is the count of right items that the candidate has. Items that are void or that either sheet leaves blank or marks more than once count as
//! different.
//!
//! Many pairs are compared, and one of many is alike by chance. A pair is listed when it still stands out after Holm's
//! correction for all pairs compared (1979): if everybody works independently, and the model holds, the chance that
//! *any* pair is listed wrongly is at most `alpha`. Candidates who were taught the same mistakes, or who learned the same
//! bank of items, are alike without having copied; the number can't tell who copied from whom, nor how. Seats, papers and
//! people decide.

use super::grader::Marked;
use super::{GradeError, Grader, ItemOutcome};
use crate::sheet::Responses;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Fewest sheets that what candidates mark is estimated from: below, a pair's own two sheets make a good part of
/// what is taken for usual, and no pair stands out.
pub const FEWEST_SHEETS: usize = 50;

/// Ramsay's bandwidth for N = 1, in standard deviations of a normal ability.
const BANDWIDTH: f64 = 1.1;

/// Weight of one candidate who marks every option alike, added to what candidates of a rank mark. Without it an
/// option that nobody marked would have no chance, and two sheets that share it would be proof.
const PRIOR: f64 = 1.0;

/// Which pairs are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pairs {
    /// All pairs within each of these groups of sheets, such as a room; sheets by their place in the list.
    Within(Vec<Vec<usize>>),
    /// These pairs, such as neighbours.
    These(Vec<(usize, usize)>),
}

/// Pairs that are too much alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// Sheets that the usual marks were estimated from.
    pub sheets: usize,
    /// Pairs that were compared.
    pub pairs: u64,
    /// Greatest chance that any pair is listed wrongly, if all work independently.
    pub alpha: f64,
    /// The listed pairs, the most alike first.
    pub found: Vec<AlikePair>,
}

impl Alike {
    /// What a single pair's p-value must be below for the first one to be listed: `alpha` / pairs.
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.alpha / (self.pairs.max(1) as f64)
    }
}

/// One pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlikePair {
    /// One sheet, by its place in the list.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// Items that both answer alike.
    pub same: usize,
    /// How many of these are wrong.
    pub same_wrong: usize,
    /// How many items would be alike on average, if they work independently.
    pub expected: f64,
    /// Chance of as many or more, if they work independently.
    pub p: f64,
    /// The same after Holm's correction: at most `alpha`.
    pub adjusted: f64,
}

/// Why sheets can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyingError {
    /// Too few sheets to say what is usual.
    #[error("{found} sheets of one form are too few to tell what is usual; {FEWEST_SHEETS} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// A level that is no chance, or too great for a list of this kind.
    #[error("the chance of a wrong listing must be above 0 and at most 0.05")]
    Alpha,
    /// A place that no sheet has.
    #[error("there is no sheet number {place} of {sheets}")]
    NoSheet {
        /// The place, from 0.
        place: usize,
        /// How many there are.
        sheets: usize,
    },
    /// A sheet that can't be graded.
    #[error(transparent)]
    Sheet(#[from] GradeError),
}

impl CopyingError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::TooFew { .. } => Some("leave the comparison out for so small a group"),
            Self::Alpha => Some("0.01 is usual"),
            Self::NoSheet { .. } => None,
            Self::Sheet(error) => error.hint(),
        }
    }
}

/// The sheets as small numbers: 0 is a blank, or more marks than are allowed; others are what was marked.
struct Marks {
    items: usize,
    /// Sheet by sheet.
    codes: Vec<u16>,
    /// How many right items each sheet has.
    scores: Vec<usize>,
    /// By item, whether each code that occurs is right; the first is that of 0.
    right: Vec<Vec<bool>>,
}

/// What candidates of each count of right items mark.
struct Usual {
    /// The counts that occur, ascending.
    scores: Vec<usize>,
    /// By count and item the chances of the codes, the first being that of 0.
    chances: Vec<Vec<Vec<f64>>>,
}

/// The pairs that are too much alike, with a chance of at most `alpha` (0.01 is usual) that any is listed wrongly.
///
/// # Errors
///
/// [`CopyingError`].
pub fn alike(
    grader: &Grader<'_>,
    sheets: &[&Responses],
    pairs: &Pairs,
    alpha: f64,
) -> Result<Alike, CopyingError> {
    if !(alpha > 0.0 && alpha <= 0.05) {
        return Err(CopyingError::Alpha);
    }
    if sheets.len() < FEWEST_SHEETS {
        return Err(CopyingError::TooFew { found: sheets.len() });
    }
    let (compared, mut found) = tested(grader, sheets, pairs, alpha)?;
    found.sort_by(|a, b| a.p.total_cmp(&b.p).then((a.first, a.second).cmp(&(b.first, b.second))));
    let mut least = 0.0f64;
    for (rank, pair) in found.iter_mut().enumerate() {
        least = least.max((pair.p * (compared - rank as u64) as f64).min(1.0));
        pair.adjusted = least;
    }
    found.retain(|pair| pair.adjusted <= alpha);
    Ok(Alike { sheets: sheets.len(), pairs: compared, alpha, found })
}

/// How many pairs were compared, and those with a chance of at most `level`, each by itself.
pub(super) fn tested(
    grader: &Grader<'_>,
    sheets: &[&Responses],
    pairs: &Pairs,
    level: f64,
) -> Result<(u64, Vec<AlikePair>), CopyingError> {
    let marks = Marks::of(grader, sheets)?;
    let places = match pairs {
        Pairs::Within(groups) => groups.iter().flatten().copied().max(),
        Pairs::These(pairs) => pairs.iter().map(|&(a, b)| a.max(b)).max(),
    };
    if let Some(place) = places.filter(|&place| place >= sheets.len()) {
        return Err(CopyingError::NoSheet { place, sheets: sheets.len() });
    }
    let usual = Usual::of(&marks);
    let least = usual.least_alike(level);
    let look = |a: usize, b: usize| marks.pair(&usual, &least, a, b);
    Ok(match pairs {
        Pairs::These(pairs) => {
            let found = pairs.par_iter().filter_map(|&(a, b)| look(a, b)).collect();
            (pairs.len() as u64, found)
        }
        Pairs::Within(groups) => {
            let compared = groups.iter().map(|g| (g.len() * g.len().saturating_sub(1) / 2) as u64).sum();
            let group = |group: &Vec<usize>| {
                let others = |(i, &a): (usize, &usize)| {
                    group.iter().skip(i + 1).filter_map(move |&b| look(a, b)).collect::<Vec<_>>()
                };
                group.iter().enumerate().flat_map(others).collect::<Vec<_>>()
            };
            (compared, groups.par_iter().flat_map_iter(group).collect())
        }
    })
}

impl Marks {
    fn of(grader: &Grader<'_>, sheets: &[&Responses]) -> Result<Self, GradeError> {
        let items = grader.key().items().filter(|item| item.void().is_none()).count();
        let mut known: Vec<BTreeMap<u64, u16>> = vec![BTreeMap::new(); items];
        let mut right = vec![vec![false]; items];
        let mut codes = Vec::with_capacity(items * sheets.len());
        let mut scores = Vec::with_capacity(sheets.len());
        for sheet in sheets {
            let (mut place, mut score) = (0, 0);
            grader.each_item(sheet, |item, marked, outcome, _| {
                if item.void().is_some() {
                    return;
                }
                let code = match (marked, known.get_mut(place), right.get_mut(place)) {
                    (Marked::Set(set), Some(known), Some(right)) => {
                        // Beyond 65 535 different answers to an item further ones count as blank.
                        let next = u16::try_from(right.len()).unwrap_or(0);
                        *known.entry(set).or_insert_with(|| {
                            right.push(outcome == ItemOutcome::Right);
                            next
                        })
                    }
                    _ => 0,
                };
                place += 1;
                codes.push(code);
                score += usize::from(outcome == ItemOutcome::Right);
            })?;
            scores.push(score);
        }
        Ok(Self { items, codes, scores, right })
    }

    fn sheet(&self, place: usize) -> &[u16] {
        self.codes.get(place * self.items..(place + 1) * self.items).unwrap_or_default()
    }

    fn pair(&self, usual: &Usual, least: &[Vec<usize>], a: usize, b: usize) -> Option<AlikePair> {
        let pairs = || self.sheet(a).iter().zip(self.sheet(b));
        let same = pairs().map(|(x, y)| u32::from(x == y && *x != 0)).sum::<u32>() as usize;
        let (s, t) = (usual.place(*self.scores.get(a)?)?, usual.place(*self.scores.get(b)?)?);
        if a == b || same < *least.get(s.max(t))?.get(s.min(t))? {
            return None;
        }
        let is_right = |((x, y), right): &((&u16, &u16), &Vec<bool>)| {
            x == y && right.get(usize::from(**x)).copied().unwrap_or(false)
        };
        let same_right = pairs().zip(&self.right).filter(is_right).count();
        let chances = usual.matches(s, t);
        Some(AlikePair {
            first: a,
            second: b,
            same,
            same_wrong: same - same_right,
            expected: chances.iter().sum(),
            p: tails(&chances).get(same).copied().unwrap_or(0.0),
            adjusted: 1.0,
        })
    }
}

impl Usual {
    fn of(marks: &Marks) -> Self {
        // Sheets by their count of right items, and what those mark.
        let mut counts: BTreeMap<usize, (usize, Vec<Vec<u32>>)> = BTreeMap::new();
        for (sheet, &score) in marks.scores.iter().enumerate() {
            let empty = || (0, marks.right.iter().map(|codes| vec![0; codes.len()]).collect());
            let (sheets, items) = counts.entry(score).or_insert_with(empty);
            *sheets += 1;
            for (item, &code) in items.iter_mut().zip(marks.sheet(sheet)) {
                if let Some(count) = item.get_mut(usize::from(code)) {
                    *count += 1;
                }
            }
        }
        let n = marks.scores.len() as f64;
        let mut below = 0.0;
        let abilities: Vec<f64> = counts
            .values()
            .map(|(sheets, _)| {
                let middle = (below + *sheets as f64 / 2.0) / n;
                below += *sheets as f64;
                normal_quantile(middle)
            })
            .collect();
        let width = BANDWIDTH * n.powf(-0.2);
        let scores: Vec<usize> = counts.keys().copied().collect();
        let chances = abilities
            .par_iter()
            .zip(&scores)
            .map(|(ability, &score)| {
                let mut sums: Vec<Vec<f64>> =
                    marks.right.iter().map(|codes| vec![0.0; codes.len()]).collect();
                let mut total = 0.0;
                for ((sheets, items), other) in counts.values().zip(&abilities) {
                    let weight = (-0.5 * ((other - ability) / width).powi(2)).exp();
                    total += weight * *sheets as f64;
                    for (sum, &count) in sums.iter_mut().flatten().zip(items.iter().flatten()) {
                        *sum += weight * f64::from(count);
                    }
                }
                for item in &mut sums {
                    let kinds = item.len() as f64;
                    for chance in item {
                        *chance = (*chance + PRIOR / kinds) / (total + PRIOR);
                    }
                }
                level(&mut sums, &marks.right, score);
                sums
            })
            .collect();
        Self { scores, chances }
    }

    fn place(&self, score: usize) -> Option<usize> {
        self.scores.binary_search(&score).ok()
    }

    /// The chance, item by item, that a candidate of each of the counts mark alike.
    fn matches(&self, s: usize, t: usize) -> Vec<f64> {
        let (Some(one), Some(other)) = (self.chances.get(s), self.chances.get(t)) else { return Vec::new() };
        let item = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).skip(1).map(|(x, y)| x * y).sum();
        one.iter().zip(other).map(item).collect()
    }

    /// By the greater and the lesser place of two counts: the fewest items alike that have a chance of at most `level`.
    fn least_alike(&self, level: f64) -> Vec<Vec<usize>> {
        let row = |s: usize| {
            let least = |t: usize| {
                let tails = tails(&self.matches(s, t));
                tails.partition_point(|&p| p > level)
            };
            (0..=s).map(least).collect()
        };
        (0..self.scores.len()).into_par_iter().map(row).collect()
    }
}

/// Shifts the chances of right codes by the same amount on the logit scale in every item, so that they sum up to `score`
/// (half an item from the ends at most: nothing is certain); the other codes of an item keep their proportions.
fn level(chances: &mut [Vec<f64>], right: &[Vec<bool>], score: usize) {
    /// Farthest shift, and how often the interval is halved: to 10^-9 of a logit.
    const FARTHEST: f64 = 20.0;
    const HALVINGS: usize = 36;
    let chance = |(chances, right): (&Vec<f64>, &Vec<bool>)| {
        let sum: f64 = chances.iter().zip(right).filter(|(_, right)| **right).map(|(chance, _)| chance).sum();
        sum.clamp(1e-9, 1.0 - 1e-9)
    };
    let before: Vec<f64> = chances.iter().zip(right).map(chance).collect();
    let shifted = |chance: f64, by: f64| 1.0 / (1.0 + (1.0 - chance) / chance * (-by).exp());
    let items = before.len() as f64;
    let wanted = (score as f64).min(items - 0.5).max(0.5);
    let (mut low, mut high) = (-FARTHEST, FARTHEST);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let sum: f64 = before.iter().map(|&chance| shifted(chance, middle)).sum();
        if sum < wanted { low = middle } else { high = middle }
    }
    for ((chances, right), before) in chances.iter_mut().zip(right).zip(before) {
        let after = shifted(before, low);
        for (chance, &right) in chances.iter_mut().zip(right) {
            *chance *= if right { after / before } else { (1.0 - after) / (1.0 - before) };
        }
    }
}

/// The chance of `m` or more matches, by `m` from 0: the tail of a sum of independent chances.
fn tails(chances: &[f64]) -> Vec<f64> {
    let mut exactly = vec![0.0; chances.len() + 1];
    exactly[0] = 1.0;
    for (done, &chance) in chances.iter().enumerate() {
        for m in (0..=done).rev() {
            exactly[m + 1] += exactly[m] * chance;
            exactly[m] *= 1.0 - chance;
        }
    }
    let mut sum = 0.0;
    for chance in exactly.iter_mut().rev() {
        sum += *chance;
        *chance = sum;
    }
    exactly
}

/// The standard normal deviate below which a share of `p` lies, to 1.15e-9 of it (P. J. Acklam's rational
/// approximation, 2003).
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const LOW: f64 = 0.024_25;
    let at = |x: f64, coefficients: &[f64]| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        at(q, &C) / at(q, &D)
    };
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    if p < LOW {
        tail(p)
    } else if p > 1.0 - LOW {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        q * at(q * q, &A) / at(q * q, &B)
    }
}

#[cfg(test)]
#[path = "copying_tests.rs"]
mod tests;
