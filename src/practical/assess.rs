//! From assessors' marks to the result of a part.

use super::{Marks, PracticalOutcome, RowStatus, ScoreRow};
use crate::exam::{Assessment, MeanRule, Module, Rules};
use crate::sheet::{Fraction, Points, RoundingRule};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Why a candidate's part is held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Held {
    /// Nobody scored the module.
    NotScored {
        /// Which module.
        module: String,
    },
    /// The marks are not of the scheme as the exam has it now: modules, items or points differ.
    OtherScheme {
        /// Which module.
        module: String,
    },
    /// Assessors don't agree whether the candidate was there, or whether it counts.
    StatusDiffers {
        /// Which module.
        module: String,
    },
    /// Fewer assessors than the scheme asks for.
    TooFew {
        /// Which module.
        module: String,
        /// How many there are.
        found: usize,
        /// How many there must be.
        least: u8,
    },
    /// An even number of assessors.
    Even {
        /// Which module.
        module: String,
        /// How many there are.
        found: usize,
    },
    /// Assessors lie too far apart.
    Spread {
        /// Which module.
        module: String,
        /// The lowest.
        low: Points,
        /// The highest.
        high: Points,
        /// How far they may lie apart.
        limit: Points,
    },
    /// A veto that some assessors name and others don't.
    VetoDiffers {
        /// Which module.
        module: String,
        /// How many name one.
        named: usize,
        /// How many scored the candidate.
        of: usize,
    },
}

impl Held {
    /// Whether the head assessor's decision (考评组长裁定) releases it. What is not known, or contradicts itself, is settled by
    /// corrected score sheets alone.
    #[must_use]
    pub fn can_be_released(&self) -> bool {
        matches!(
            self,
            Self::TooFew { .. } | Self::Even { .. } | Self::Spread { .. } | Self::VetoDiffers { .. }
        )
    }
}

impl fmt::Display for Held {
    /// As papers and lists say it, in Chinese.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotScored { module } => write!(f, "{module}：无评分"),
            Self::OtherScheme { module } => write!(f, "{module}：评分与现行考评方案不符"),
            Self::StatusDiffers { module } => write!(f, "{module}：考评员所记状态不一致"),
            Self::TooFew { module, found, least } => {
                write!(f, "{module}：考评员 {found} 人，不足 {least} 人")
            }
            Self::Even { module, found } => write!(f, "{module}：考评员 {found} 人，须为单数"),
            Self::Spread { module, low, high, limit } => {
                write!(f, "{module}：考评员评分 {low} 至 {high}，分差 {}，超过 {limit}", *high - *low)
            }
            Self::VetoDiffers { module, named, of } => {
                write!(f, "{module}：{of} 名考评员中 {named} 名记否定项")
            }
        }
    }
}

/// One assessor's score of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessorScore {
    /// Who.
    pub assessor: String,
    /// What the items make.
    pub items: Points,
    /// What overtime takes off, at most what the items make.
    pub deduction: Points,
    /// What remains.
    pub score: Points,
}

/// What came of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleResult {
    /// Its name.
    pub module: String,
    /// Every assessor's score, by name; of those who wrote 正常.
    pub scores: Vec<AssessorScore>,
    /// Their mean, in points of the module; `None` if nobody scored it.
    pub mean: Option<Fraction>,
}

/// What came of a part that assessors score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    /// The outcome; `None` while it is held.
    pub outcome: Option<PracticalOutcome>,
    /// The total out of 100 before rounding, where every module was scored; also while it is held.
    pub exact: Option<Fraction>,
    /// Vetoes (否定项), each with its module: with one the part is never passed.
    pub vetoes: BTreeSet<(String, String)>,
    /// Why it is held; also what a decision released.
    pub held: Vec<Held>,
    /// Module by module, in the scheme's order.
    pub modules: Vec<ModuleResult>,
}

impl Assessed {
    /// The remark of the papers (备注), if there is one: `实操否定项：带电作业`.
    #[must_use]
    pub fn veto_remark(&self, part: &str) -> Option<String> {
        let words: BTreeSet<&str> = self.vetoes.iter().map(|(_, veto)| veto.as_str()).collect();
        let words: Vec<&str> = words.into_iter().collect();
        (!words.is_empty()).then(|| format!("{part}否定项：{}", words.join("、")))
    }
}

/// What assessors' marks come to under a scheme. `released` says that the head assessor decided that these marks count although
/// something held them.
///
/// Each assessor's score of a module is what its items make, less overtime, not below 0. A module's score is their mean, or the
/// trimmed mean; the total is the sum of weight × mean / full points, an exact fraction, and is rounded at the end by the scheme's rule.
/// Rounding carries nobody over a limit of the exam's rules, up or down: where it would, the total is cut off after two decimals instead.
#[must_use]
pub fn assess(marks: &Marks, scheme: &Assessment, rules: &Rules, released: bool) -> Assessed {
    let none = BTreeMap::new();
    let mut held = Vec::new();
    let mut vetoes = BTreeSet::new();
    let mut modules = Vec::new();
    let mut seen = BTreeSet::new();
    let unknown = marks.modules.keys().filter(|name| scheme.module(name).is_none());
    held.extend(unknown.map(|module| Held::OtherScheme { module: module.clone() }));
    let mut exact = Some(Fraction::ZERO);
    for module in &scheme.modules {
        let rows = marks.modules.get(&module.name).unwrap_or(&none);
        let name = || module.name.clone();
        if !rows.values().all(|row| fits(row, module)) {
            held.push(Held::OtherScheme { module: name() });
        }
        let statuses: BTreeSet<RowStatus> = rows.values().map(|row| row.status).collect();
        if statuses.len() > 1 {
            held.push(Held::StatusDiffers { module: name() });
        }
        let scored: Vec<(&String, &ScoreRow)> =
            rows.iter().filter(|(_, row)| row.status == RowStatus::Scored).collect();
        if statuses.is_empty() {
            held.push(Held::NotScored { module: name() });
        }
        let scores: Vec<AssessorScore> = scored.iter().map(|(who, row)| score(who, row, module)).collect();
        if !scores.is_empty() {
            doubts(module, scheme, &scores, &mut held);
            let named: Vec<_> = scored.iter().filter_map(|(_, row)| row.veto.clone()).collect();
            if !named.is_empty() && named.len() < scored.len() {
                held.push(Held::VetoDiffers { module: name(), named: named.len(), of: scored.len() });
            }
            vetoes.extend(named.into_iter().map(|veto| (name(), veto)));
        }
        let mean = mean(&scores, scheme.mean);
        exact = exact.and_then(|sum| sum.checked_add(share(mean?, module)?));
        modules.push(ModuleResult { module: name(), scores, mean });
        seen.extend(statuses);
    }
    let contradicts = held.iter().any(|h| matches!(h, Held::OtherScheme { .. } | Held::StatusDiffers { .. }));
    let stopped = held.iter().any(|h| !(released && h.can_be_released()));
    let outcome = if contradicts {
        None
    } else if seen.contains(&RowStatus::Void) {
        Some(PracticalOutcome::Void)
    } else if seen.contains(&RowStatus::Absent) {
        Some(PracticalOutcome::Absent)
    } else if stopped {
        None
    } else {
        exact.and_then(|exact| rounded(exact, scheme, rules)).map(PracticalOutcome::Scored)
    };
    if outcome.is_some() && !matches!(outcome, Some(PracticalOutcome::Scored(_))) {
        // Nothing is held of a part that is absent or void, and no score is shown.
        held.clear();
    }
    Assessed { outcome, exact, vetoes, held, modules }
}

/// Whether a row has the module's items and no others, each within its range.
fn fits(row: &ScoreRow, module: &Module) -> bool {
    if row.status != RowStatus::Scored {
        return row.items.is_empty();
    }
    row.items.len() == module.items.len()
        && module.items.iter().all(|item| {
            row.items.get(&item.name).is_some_and(|points| (Points::ZERO..=item.points).contains(points))
        })
}

fn score(assessor: &str, row: &ScoreRow, module: &Module) -> AssessorScore {
    let items: Points = row.items.values().copied().sum();
    let deduction = module.overtime.map_or(Points::ZERO, |overtime| {
        let all = overtime.per_minute.hundredths().saturating_mul(i64::from(row.overtime));
        Points::from_hundredths(all.min(overtime.most.hundredths()))
    });
    let deduction = deduction.min(items);
    AssessorScore { assessor: assessor.to_owned(), items, deduction, score: items - deduction }
}

/// What the head assessor has to look at.
fn doubts(module: &Module, scheme: &Assessment, scores: &[AssessorScore], held: &mut Vec<Held>) {
    let name = || module.name.clone();
    if scores.len() < usize::from(scheme.assessors) {
        held.push(Held::TooFew { module: name(), found: scores.len(), least: scheme.assessors });
    } else if scores.len().is_multiple_of(2) {
        held.push(Held::Even { module: name(), found: scores.len() });
    }
    let all = || scores.iter().map(|s| s.score);
    if let (Some(low), Some(high), Some(limit)) = (all().min(), all().max(), scheme.spread)
        && high - low > limit
    {
        held.push(Held::Spread { module: name(), low, high, limit });
    }
}

fn mean(scores: &[AssessorScore], rule: MeanRule) -> Option<Fraction> {
    let mut points: Vec<Points> = scores.iter().map(|s| s.score).collect();
    points.sort_unstable();
    let kept = match rule {
        MeanRule::Trimmed if points.len() >= 3 => points.get(1..points.len() - 1)?,
        _ => &points[..],
    };
    let sum: Points = kept.iter().copied().sum();
    Fraction::new(i128::from(sum.hundredths()), i128::try_from(kept.len()).ok()?.checked_mul(100)?)
}

/// What a module adds to the total: its weight's share of 100 points.
fn share(mean: Fraction, module: &Module) -> Option<Fraction> {
    mean.checked_div(module.full.into())?.checked_mul(module.weight.into())
}

fn rounded(exact: Fraction, scheme: &Assessment, rules: &Rules) -> Option<Points> {
    let points = scheme.rounding.apply(exact)?.min(Points::whole(100));
    let below =
        crate::sheet::Rounding { rule: RoundingRule::Down, step: Points::from_hundredths(1) }.apply(exact)?;
    // Those of all levels: one too many cuts where rounding would have done no harm.
    let of_levels = rules.levels.iter();
    let limits =
        of_levels.flat_map(|l| l.grades.iter().map(|g| g.least).chain(l.pass_lines.values().copied()));
    let limits = limits.chain(rules.grades.iter().map(|grade| grade.least)).chain([rules.pass_line]);
    let carried = limits.into_iter().any(|limit| (points >= limit) != (exact >= limit.into()));
    Some(if carried { below } else { points })
}
