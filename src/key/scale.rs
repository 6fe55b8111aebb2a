//! One whole number for every score that a key can give: the parts of a point it counts in.
//!
//! Items of a section count in `1 / step` points, the whole key in `1 / unit`; both are exact, and a score is a
//! sum of whole numbers. Nothing is rounded here.

use super::{AnswerKey, Credit, Item, Section, Void};
use crate::sheet::{Fraction, HandSection, gcd};
use zeroize::Zeroizing;

/// Most parts of a point. The key of a real paper needs 100 to 10^6; from 10^12 on, the sum of 1000 items of 10 000
/// points, squared by a rescaling, would come near 2^127.
const FINEST: i128 = 1_000_000_000_000;

/// What a key counts in.
pub(crate) struct Scale {
    /// Parts of a point.
    pub(crate) unit: i128,
    /// By section of the card.
    pub(crate) sections: Vec<SectionScale>,
    /// By section that is marked by hand: units a hundredth of a point.
    pub(crate) hand: Vec<i128>,
}

/// What a section counts in.
pub(crate) struct SectionScale {
    /// Parts of a point that its items are whole numbers of. Wiped: it tells how many options are right.
    pub(crate) step: Zeroizing<i128>,
    /// Units of the key that one part of an item is worth, voided items having been left out.
    pub(crate) factor: Zeroizing<i128>,
    /// The least it gives, in units of the key.
    pub(crate) floor: Option<i128>,
}

/// Why there is no scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoScale {
    /// Too many parts of a point.
    TooFine,
    /// All items of this section are left out.
    NothingLeft(usize),
}

impl Scale {
    /// The scale of sections, their items, and the sections that are marked by hand with their weights.
    pub(super) fn of(
        sections: &[Section],
        items: &[Item],
        hand: &[(HandSection, Fraction)],
    ) -> Result<Self, NoScale> {
        let mut drafts = Vec::with_capacity(sections.len());
        let mut unit = 100;
        for (index, section) in sections.iter().enumerate() {
            let draft = of_section(section, items.iter().filter(|item| item.section == index))?
                .ok_or(NoScale::NothingLeft(index))?;
            let parts = draft.0.checked_mul(draft.1.denominator()).ok_or(NoScale::TooFine)?;
            unit = common(unit, parts)?;
            if let Some(floor) = section.floor {
                unit = common(unit, floor.denominator())?;
            }
            drafts.push(draft);
        }
        for (_, weight) in hand {
            unit = common(unit, 100 * weight.denominator())?;
        }
        let of_unit = |(section, (step, ratio)): (&Section, (i128, Fraction))| {
            // A part of an item is 1/step points, ratio times that with what is left out.
            let factor = (unit * ratio.numerator()) / (step * ratio.denominator());
            SectionScale {
                step: Zeroizing::new(step),
                factor: Zeroizing::new(factor),
                floor: section.floor.and_then(|floor| floor.in_parts(unit)),
            }
        };
        let hand = hand.iter().map(|(_, w)| unit * w.numerator() / (100 * w.denominator())).collect();
        Ok(Self { unit, sections: sections.iter().zip(drafts).map(of_unit).collect(), hand })
    }
}

/// The items' step, and how much more they are worth for what is left out; `None` if all are.
fn of_section<'i>(
    section: &Section,
    items: impl Iterator<Item = &'i Item>,
) -> Result<Option<(i128, Fraction)>, NoScale> {
    let mut step = 1;
    let (mut full, mut rest) = (Fraction::ZERO, Fraction::ZERO);
    let mut count_in = |amount: Fraction| common(step, amount.denominator()).map(|found| step = found);
    for item in items {
        full = full.checked_add(item.points).ok_or(NoScale::TooFine)?;
        if item.void != Some(Void::LeftOut) {
            rest = rest.checked_add(item.points).ok_or(NoScale::TooFine)?;
        }
        count_in(item.points)?;
        count_in(item.penalty)?;
        match section.credit {
            Credit::All => {}
            Credit::Partial { each: Some(each) } => {
                count_in(each.checked_mul(item.weight).ok_or(NoScale::TooFine)?)?;
            }
            Credit::Partial { each: None } | Credit::RightMinusWrong => {
                for set in item.accepted.iter() {
                    count_in(share(item.points, *set).ok_or(NoScale::TooFine)?)?;
                }
            }
        }
    }
    if let Some(floor) = section.item_floor {
        count_in(floor)?;
    }
    if rest == Fraction::ZERO {
        return Ok(None);
    }
    Ok(Some((step, full.checked_div(rest).ok_or(NoScale::TooFine)?)))
}

/// The points divided by the set's options.
fn share(points: Fraction, set: u64) -> Option<Fraction> {
    points.checked_div(Fraction::new(i128::from(set.count_ones()), 1)?)
}

/// Least common multiple, within the limit.
fn common(a: i128, b: i128) -> Result<i128, NoScale> {
    let multiple = (a / gcd(a, b).max(1)).checked_mul(b).ok_or(NoScale::TooFine)?;
    (1..=FINEST).contains(&multiple).then_some(multiple).ok_or(NoScale::TooFine)
}

impl AnswerKey {
    /// What it counts in.
    pub(crate) fn scale(&self) -> &Scale {
        &self.scale
    }
}
