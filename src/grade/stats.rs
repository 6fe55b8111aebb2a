//! Item statistics: which items measured, and which look wrong.
//!
//! | statistic | definition |
//! |---|---|
//! | p-value | proportion of sheets that answer right; with partial credit also the mean share of the item's points (Lord & Novick 1968, ch. 15) |
//! | corrected point-biserial | correlation of the item's points with the sum of the other items (Henrysson 1963, doi:10.1007/BF02289618); for items that are right or wrong this is the point-biserial |
//! | high and low group | 27 % at either end (Kelley 1939, doi:10.1037/h0057123); candidates with the limit's points are all in, so that the order of sheets does not matter |
//! | D | p-value in the high group less that in the low group |
//! | KR-20 | Kuder & Richardson 1937 (doi:10.1007/BF02288391, their formula 20), of right and not right |
//! | α | Cronbach 1951 (doi:10.1007/BF02310555), of the items' points; equal to KR-20 where all items are worth the same, right or wrong |
//! | standard error | standard deviation × √(1 − α) |
//!
//! Void items and sections marked by hand are left out of everything. An item's points are those before floors. All of
//! it tells which options are right: it is as secret as the key, and nothing here can be printed with `Debug`.

use super::grader::Marked;
use super::{GradeError, Grader, ItemOutcome};
use crate::key::Marks;
pub use crate::key::ScoringRule;
use crate::sheet::Responses;
use rayon::prelude::*;

/// Share of the sheets in the high and in the low group (Kelley 1939: the share at which the difference of two
/// groups' means is surest in a normal distribution; 25 % and 33 % lose little).
const GROUP: f64 = 0.27;

/// Sheets that are summed up together. The sums are added in the sheets' order, so that they don't depend on the number
/// of threads; any number will do.
const CHUNK: usize = 1024;

/// What the items of one key measured.
pub struct ItemStatistics {
    /// How many sheets.
    pub sheets: usize,
    /// Each item, ascending.
    pub items: Vec<ItemStatistic>,
    /// Sheets by the sum of their items' points: the sums in ascending order.
    pub sums: Vec<f64>,
    /// The most that the items can give.
    pub out_of: f64,
    /// Mean of the sums.
    pub mean: f64,
    /// Standard deviation of the sums, of the sheets as a whole (divided by their number).
    pub deviation: f64,
    /// Cronbach's α; nothing if all sums are alike or there are fewer than two items.
    pub alpha: Option<f64>,
    /// KR-20; nothing if all counts of right items are alike or there are fewer than two items.
    pub kr20: Option<f64>,
    /// The low and the high group; nothing if their limits are the same.
    pub groups: Option<Groups>,
}

/// The candidates at either end.
#[derive(Clone, Copy)]
pub struct Groups {
    /// Sheets in the low group.
    pub low: usize,
    /// Most points in the low group.
    pub low_limit: f64,
    /// Sheets in the high group.
    pub high: usize,
    /// Least points in the high group.
    pub high_limit: f64,
}

/// One item.
pub struct ItemStatistic {
    /// Its number.
    pub number: u16,
    /// What kind of answer it takes.
    pub rule: ScoringRule,
    /// Whether it is void; nothing but the counts is given then.
    pub void: bool,
    /// What it is worth.
    pub worth: f64,
    /// Sheets that answer right.
    pub right: usize,
    /// Sheets that answer in part.
    pub partial: usize,
    /// Sheets without a mark.
    pub blank: usize,
    /// Sheets with more marks than are allowed.
    pub multiple: usize,
    /// p-value: proportion right, 0..=1.
    pub p: f64,
    /// Mean share of the item's points, the same as `p` where there is neither partial credit nor penalty.
    pub mean_share: f64,
    /// Corrected point-biserial, -1..=1; nothing if everybody has the same points for it, or for all the others.
    pub point_biserial: Option<f64>,
    /// D: p-value of the high group less that of the low one.
    pub discrimination: Option<f64>,
    /// α of the other items.
    pub alpha_without: Option<f64>,
    /// Its options in the key's order; none for a number.
    pub options: Vec<OptionStatistic>,
    /// What makes it look wrong.
    pub suspicions: Vec<Suspicion>,
}

/// One option of an item: the proportion of sheets that mark it.
pub struct OptionStatistic {
    /// Its letter.
    pub letter: char,
    /// Whether it is, or is part of, an accepted answer.
    pub right: bool,
    /// Of all sheets, 0..=1.
    pub all: f64,
    /// Of the high group, 0..=1; 0 without groups.
    pub high: f64,
    /// Of the low group, 0..=1; 0 without groups.
    pub low: f64,
}

/// What makes an item look wrong: a reason to look at it, not a verdict.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// The corrected point-biserial is below zero: the worse do better.
    Negative,
    /// This option, which is not accepted, is marked by more of the high group than the right one is.
    Distractor(char),
    /// Nobody answers right.
    NobodyRight,
}

/// Sums over some sheets.
struct Sums {
    items: Vec<ItemSums>,
    sum: f64,
    squares: f64,
    right: f64,
    right_squares: f64,
}

#[derive(Clone, Default)]
struct ItemSums {
    right: usize,
    partial: usize,
    blank: usize,
    multiple: usize,
    high_right: usize,
    low_right: usize,
    points: f64,
    squares: f64,
    with_sum: f64,
    /// By option: all, high, low.
    options: Vec<[usize; 3]>,
}

/// What is known of an item before the sheets are looked at.
struct Known {
    number: u16,
    rule: ScoringRule,
    void: bool,
    worth: f64,
    letters: Vec<char>,
    /// Options of any accepted answer.
    right: u64,
}

/// Statistics of the items of the key over these sheets.
///
/// # Errors
///
/// As [`Grader::items`], for the first sheet that can't be graded.
pub fn statistics(grader: &Grader<'_>, sheets: &[&Responses]) -> Result<ItemStatistics, GradeError> {
    let known = known(grader);
    // In units of the key, so that equal sums are equal.
    let sums: Result<Vec<i128>, GradeError> = sheets.par_iter().map(|sheet| sum_of(grader, sheet)).collect();
    let sums = sums?;
    let mut sorted = sums.clone();
    sorted.par_sort_unstable();
    let limits = limits(&sorted);
    let unit = grader.key().scale().unit as f64;
    let chunks: Result<Vec<Sums>, GradeError> = sheets
        .par_chunks(CHUNK)
        .zip(sums.par_chunks(CHUNK))
        .map(|(sheets, sums)| chunk(grader, &known, sheets, sums, limits))
        .collect();
    let mut all = Sums::new(&known);
    for chunk in chunks? {
        all.add(&chunk);
    }
    let groups = limits.map(|(low, high)| Groups {
        low: sorted.partition_point(|&sum| sum <= low),
        low_limit: low as f64 / unit,
        high: sorted.len() - sorted.partition_point(|&sum| sum < high),
        high_limit: high as f64 / unit,
    });
    Ok(all.finish(&known, groups, sorted.iter().map(|&sum| sum as f64 / unit).collect()))
}

fn known(grader: &Grader<'_>) -> Vec<Known> {
    let items = grader.key().items().map(|item| {
        let numeric = item.rule() == ScoringRule::Numeric;
        let section = grader.key().scale().sections.get(item.section());
        let rescaled = section.map_or(0, |s| *s.step * *s.factor) as f64 / grader.key().scale().unit as f64;
        Known {
            number: item.number(),
            rule: item.rule(),
            void: item.void().is_some(),
            worth: item.points().to_f64() * rescaled,
            letters: if numeric { Vec::new() } else { item.options().chars().collect() },
            right: if numeric { 0 } else { item.accepted().iter().fold(0, |all, set| all | set) },
        }
    });
    items.collect()
}

/// The sum of a sheet's items that are not void, in units of the key.
fn sum_of(grader: &Grader<'_>, sheet: &Responses) -> Result<i128, GradeError> {
    let mut sum = 0;
    let scale = grader.key().scale();
    grader.each_item(sheet, |item, _, _, parts| {
        if item.void().is_none() {
            sum += parts * scale.sections.get(item.section()).map_or(0, |section| *section.factor);
        }
    })?;
    Ok(sum)
}

/// The most of the low and the least of the high group; nothing if they are the same.
fn limits(sorted: &[i128]) -> Option<(i128, i128)> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a share of a count
    let count = ((sorted.len() as f64 * GROUP).round() as usize).max(1);
    let low = *sorted.get(count - 1)?;
    let high = *sorted.get(sorted.len() - count)?;
    (low < high).then_some((low, high))
}

fn chunk(
    grader: &Grader<'_>,
    known: &[Known],
    sheets: &[&Responses],
    sums: &[i128],
    limits: Option<(i128, i128)>,
) -> Result<Sums, GradeError> {
    let mut out = Sums::new(known);
    let scale = grader.key().scale();
    let unit = scale.unit as f64;
    let factors: Vec<f64> = scale.sections.iter().map(|section| *section.factor as f64 / unit).collect();
    for (sheet, &sum) in sheets.iter().zip(sums) {
        let high = limits.is_some_and(|(_, high)| sum >= high);
        let low = limits.is_some_and(|(low, _)| sum <= low);
        let sum = sum as f64 / unit;
        let mut right = 0.0;
        let mut items = out.items.iter_mut().zip(known);
        grader.each_item(sheet, |item, marked, outcome, parts| {
            let Some((sums, known)) = items.next() else { return };
            sums.count(known, marked, outcome, high, low);
            if known.void {
                return;
            }
            let points = parts as f64 * factors.get(item.section()).copied().unwrap_or_default();
            sums.points += points;
            sums.squares += points * points;
            sums.with_sum += points * sum;
            right += f64::from(u8::from(outcome == ItemOutcome::Right));
        })?;
        out.sum += sum;
        out.squares += sum * sum;
        out.right += right;
        out.right_squares += right * right;
    }
    Ok(out)
}

impl ItemSums {
    fn count(&mut self, known: &Known, marked: Marked, outcome: ItemOutcome, high: bool, low: bool) {
        match outcome {
            ItemOutcome::Right => {
                self.right += 1;
                self.high_right += usize::from(high);
                self.low_right += usize::from(low);
            }
            ItemOutcome::Partial => self.partial += 1,
            ItemOutcome::Wrong | ItemOutcome::Blank | ItemOutcome::Voided => {}
        }
        match marked {
            Marked::Blank => self.blank += 1,
            Marked::Multiple => self.multiple += 1,
            Marked::Set(_) if known.rule == ScoringRule::Numeric => {}
            Marked::Set(mut set) => {
                while set != 0 {
                    if let Some(counts) = self.options.get_mut(set.trailing_zeros() as usize) {
                        counts[0] += 1;
                        counts[1] += usize::from(high);
                        counts[2] += usize::from(low);
                    }
                    set &= set - 1;
                }
            }
        }
    }
}

impl Sums {
    fn new(known: &[Known]) -> Self {
        let item =
            |known: &Known| ItemSums { options: vec![[0; 3]; known.letters.len()], ..ItemSums::default() };
        Self {
            items: known.iter().map(item).collect(),
            sum: 0.0,
            squares: 0.0,
            right: 0.0,
            right_squares: 0.0,
        }
    }

    fn add(&mut self, other: &Self) {
        for (a, b) in self.items.iter_mut().zip(&other.items) {
            a.right += b.right;
            a.partial += b.partial;
            a.blank += b.blank;
            a.multiple += b.multiple;
            a.high_right += b.high_right;
            a.low_right += b.low_right;
            a.points += b.points;
            a.squares += b.squares;
            a.with_sum += b.with_sum;
            for (a, b) in a.options.iter_mut().flatten().zip(b.options.iter().flatten()) {
                *a += b;
            }
        }
        self.sum += other.sum;
        self.squares += other.squares;
        self.right += other.right;
        self.right_squares += other.right_squares;
    }

    fn finish(&self, known: &[Known], groups: Option<Groups>, sums: Vec<f64>) -> ItemStatistics {
        let n = (sums.len() as f64).max(1.0);
        let mean = self.sum / n;
        let variance = variance(n, self.sum, self.squares);
        let scored: Vec<_> = known.iter().zip(&self.items).filter(|(known, _)| !known.void).collect();
        let count = scored.len();
        let of_items: f64 = scored.iter().map(|(_, s)| s_variance(n, s)).sum();
        let of_right: f64 = scored.iter().map(|(_, s)| share(s.right, n) * (1.0 - share(s.right, n))).sum();
        let out_of = scored.iter().map(|(known, _)| known.worth).sum();
        let all = Whole { n, some: !sums.is_empty(), mean, variance, of_items, count, groups };
        let items = known.iter().zip(&self.items).map(|(known, sums)| all.item(known, sums)).collect();
        ItemStatistics {
            sheets: sums.len(),
            items,
            out_of,
            mean: if sums.is_empty() { 0.0 } else { mean },
            deviation: variance.sqrt(),
            alpha: reliability(count, of_items, variance),
            kr20: reliability(count, of_right, self::variance(n, self.right, self.right_squares)),
            groups,
            sums,
        }
    }
}

/// What is known of the whole once all sheets are summed up.
struct Whole {
    /// Sheets, but 1 if there are none.
    n: f64,
    /// Whether there are any.
    some: bool,
    mean: f64,
    variance: f64,
    of_items: f64,
    count: usize,
    groups: Option<Groups>,
}

impl Whole {
    fn item(&self, known: &Known, sums: &ItemSums) -> ItemStatistic {
        let own = s_variance(self.n, sums);
        let with_all = sums.with_sum / self.n - sums.points / self.n * self.mean;
        let rest = (self.variance - 2.0 * with_all + own).max(0.0);
        let (high, low) = self.groups.map_or((0, 0), |g| (g.high, g.low));
        let options: Vec<OptionStatistic> = known
            .letters
            .iter()
            .zip(&sums.options)
            .enumerate()
            .map(|(place, (&letter, counts))| OptionStatistic {
                letter,
                right: known.right >> place & 1 == 1,
                all: share(counts[0], self.n),
                high: share(counts[1], high as f64),
                low: share(counts[2], low as f64),
            })
            .collect();
        let counted = !known.void;
        let point_biserial = (counted && own > FLAT && rest > FLAT)
            .then(|| ((with_all - own) / (own * rest).sqrt()).clamp(-1.0, 1.0));
        let mut suspicions = Vec::new();
        if counted {
            if point_biserial.is_some_and(|r| r < 0.0) {
                suspicions.push(Suspicion::Negative);
            }
            let right_high = share(sums.high_right, high as f64);
            suspicions.extend(self.distractor(known, &options, right_high));
            if sums.right == 0 && self.some {
                suspicions.push(Suspicion::NobodyRight);
            }
        }
        ItemStatistic {
            number: known.number,
            rule: known.rule,
            void: known.void,
            worth: known.worth,
            right: sums.right,
            partial: sums.partial,
            blank: sums.blank,
            multiple: sums.multiple,
            p: share(sums.right, self.n),
            mean_share: if known.worth > 0.0 { sums.points / self.n / known.worth } else { 0.0 },
            point_biserial,
            discrimination: self
                .groups
                .filter(|_| counted)
                .map(|_| share(sums.high_right, high as f64) - share(sums.low_right, low as f64)),
            alpha_without: counted
                .then(|| reliability(self.count.saturating_sub(1), self.of_items - own, rest))
                .flatten(),
            options,
            suspicions,
        }
    }

    /// The option that is not accepted and that most of the high group mark, if more do than mark what is right:
    /// the right answer, or in an item of several marks the right option that fewest mark.
    fn distractor(&self, known: &Known, options: &[OptionStatistic], right_high: f64) -> Option<Suspicion> {
        self.groups?;
        let least_right = match known.rule.marks() {
            Marks::Several => options.iter().filter(|o| o.right).map(|o| o.high).reduce(f64::min)?,
            Marks::One | Marks::Columns => right_high,
        };
        let wrong = options.iter().filter(|o| !o.right && o.high > least_right);
        wrong.max_by(|a, b| a.high.total_cmp(&b.high)).map(|o| Suspicion::Distractor(o.letter))
    }
}

/// A variance below this is that of equal values: hundredths of points squared are 10^-4, sums of rounding errors 10^-10.
const FLAT: f64 = 1e-9;

fn share(count: usize, of: f64) -> f64 {
    if of > 0.0 { count as f64 / of } else { 0.0 }
}

fn variance(n: f64, sum: f64, squares: f64) -> f64 {
    (squares / n - (sum / n) * (sum / n)).max(0.0)
}

fn s_variance(n: f64, sums: &ItemSums) -> f64 {
    variance(n, sums.points, sums.squares)
}

/// k / (k - 1) × (1 - Σ variances of the items / variance of the sums).
fn reliability(items: usize, of_items: f64, of_sums: f64) -> Option<f64> {
    let k = items as f64;
    (items > 1 && of_sums > FLAT).then(|| k / (k - 1.0) * (1.0 - of_items / of_sums))
}

impl ItemStatistics {
    /// Standard error of measurement, in points.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.alpha.map(|alpha| self.deviation * (1.0 - alpha).max(0.0).sqrt())
    }

    /// Items that look wrong.
    pub fn suspicious(&self) -> impl Iterator<Item = &ItemStatistic> {
        self.items.iter().filter(|item| !item.suspicions.is_empty())
    }
}
