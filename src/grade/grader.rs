//! Scoring: whole numbers from the marks to the sum.

use super::{GradeError, Score};
use crate::key::{AnswerKey, Credit, KeyItem, Void};
use crate::sheet::{FieldName, Fraction, HandMarks, Points, Response, ResponseState, Responses, Rounding};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What came of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemOutcome {
    /// An accepted answer: all of the item's points.
    Right,
    /// A part of an accepted answer that earns something.
    Partial,
    /// Another answer, or more marks than are allowed.
    Wrong,
    /// No mark.
    Blank,
    /// A mark at an item that is void.
    Voided,
}

/// What came of one item, and what it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemResult {
    /// What came of it.
    pub outcome: ItemOutcome,
    /// What it adds to its section, voided items of that having been left out; below zero for a penalty.
    pub points: Fraction,
}

/// What is marked at an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marked {
    /// Nothing.
    Blank,
    /// More than is allowed.
    Multiple,
    /// A set of options, or a number's code.
    Set(u64),
}

/// An item's amounts in parts of its section.
#[derive(Default, Clone, Copy)]
struct Amounts {
    worth: i128,
    penalty: i128,
    each: Option<i128>,
    floor: Option<i128>,
}

impl zeroize::Zeroize for Amounts {
    fn zeroize(&mut self) {
        self.worth.zeroize();
        self.penalty.zeroize();
        self.each.zeroize();
        self.floor.zeroize();
    }
}

/// An open key made ready for many sheets. What it keeps of the key is wiped when it is dropped.
pub struct Grader<'k> {
    key: &'k AnswerKey,
    rounding: Option<Rounding>,
    /// By item, in the key's order.
    amounts: Zeroizing<Vec<Amounts>>,
    hundredth: i128,
}

impl<'k> Grader<'k> {
    /// Makes the key ready. `rounding` is what the exam's rules name; without one nothing is rounded, and a sum that is
    /// not whole hundredths is refused.
    #[must_use]
    pub fn new(key: &'k AnswerKey, rounding: Option<Rounding>) -> Self {
        let scale = key.scale();
        let amounts = key.items().map(|item| {
            let step = scale.sections.get(item.section()).map_or(1, |section| *section.step);
            // The scale was made so that each of these is a whole number of steps.
            let parts = |amount: Fraction| amount.in_parts(step).unwrap_or_default();
            let each = match item.credit() {
                Credit::Partial { each } => each.and_then(|each| each.checked_mul(item.weight())),
                Credit::All | Credit::RightMinusWrong => None,
            };
            Amounts {
                worth: parts(item.points()),
                penalty: parts(item.penalty()),
                each: each.map(parts),
                floor: item.item_floor().map(parts),
            }
        });
        // Reserved at once: a list that grows leaves copies behind.
        let mut list = Zeroizing::new(Vec::with_capacity(key.numbers().count()));
        list.extend(amounts);
        Self { key, rounding, amounts: list, hundredth: scale.unit / 100 }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &'k AnswerKey {
        self.key
    }

    /// The score of a sheet whose sections marked by hand have these marks.
    ///
    /// # Errors
    ///
    /// [`GradeError::Form`] if the sheet is another form's; [`GradeError::Missing`] and [`GradeError::Extra`] if sheet
    /// and key don't have the same items; [`GradeError::Held`] if an item still waits for a person;
    /// [`GradeError::Option`] if an item has an option the key doesn't know; [`GradeError::HandMissing`],
    /// [`GradeError::HandUnknown`] and [`GradeError::HandRange`] if the marks given by hand are not the key's
    /// sections'; [`GradeError::Inexact`] if the sum is not whole hundredths and no rounding is named.
    pub fn grade(&self, responses: &Responses, hand: &HandMarks) -> Result<Score, GradeError> {
        let binding = self.key.binding();
        let mut score = Score {
            paper: binding.paper.clone(),
            form: binding.form.clone(),
            key_revision: binding.revision,
            points: Points::ZERO,
            out_of: self.key.total(),
            exact: None,
            right: 0,
            partial: 0,
            wrong: 0,
            blank: 0,
            voided: 0,
            hand: HandMarks::new(),
        };
        let mut sums = vec![0i128; self.key.section_count()];
        self.each_item(responses, |item, _, outcome, parts| {
            *match outcome {
                ItemOutcome::Right => &mut score.right,
                ItemOutcome::Partial => &mut score.partial,
                ItemOutcome::Wrong => &mut score.wrong,
                ItemOutcome::Blank => &mut score.blank,
                ItemOutcome::Voided => &mut score.voided,
            } += 1;
            if let Some(sum) = sums.get_mut(item.section()) {
                *sum += parts;
            }
        })?;
        let scale = self.key.scale();
        let sections = scale.sections.iter().zip(sums).map(|(section, sum)| {
            let sum = sum * *section.factor;
            section.floor.map_or(sum, |floor| sum.max(floor))
        });
        let units = sections.sum::<i128>() + self.by_hand(hand)?;
        // Penalties of a section without a floor may eat up the others, but nobody owes points.
        let units = units.max(0);
        score.points = if units % self.hundredth == 0 {
            self.round(Fraction::from(points_of(units / self.hundredth)?), &mut score.exact)?
        } else {
            let exact = Fraction::new(units, scale.unit).ok_or(GradeError::Inexact)?;
            self.round(exact, &mut score.exact)?
        };
        score.hand.clone_from(hand);
        Ok(score)
    }

    /// What came of every item, by number.
    ///
    /// Beside the responses this says what the key accepts: it is as secret as the key.
    ///
    /// # Errors
    ///
    /// As [`Self::grade`] has for items.
    pub fn items(&self, responses: &Responses) -> Result<BTreeMap<u16, ItemResult>, GradeError> {
        let mut out = BTreeMap::new();
        let scale = self.key.scale();
        self.each_item(responses, |item, _, outcome, parts| {
            let factor = scale.sections.get(item.section()).map_or(0, |section| *section.factor);
            let points = Fraction::new(parts * factor, scale.unit).unwrap_or(Fraction::ZERO);
            out.insert(item.number(), ItemResult { outcome, points });
        })?;
        Ok(out)
    }

    /// Gives every item of the sheet with its mark, outcome and parts of the section, in order.
    pub(super) fn each_item(
        &self,
        responses: &Responses,
        mut see: impl FnMut(&KeyItem<'_>, Marked, ItemOutcome, i128),
    ) -> Result<(), GradeError> {
        if let Some(form) = responses.field(FieldName::FORM).and_then(Response::known)
            && form != self.key.binding().form.as_str()
        {
            return Err(GradeError::Form { key: self.key.binding().form.clone() });
        }
        let mut given = responses.items.iter();
        for (item, amounts) in self.key.items().zip(self.amounts.iter()) {
            let response = match given.next() {
                Some((&number, response)) if number == item.number() => response,
                Some((&number, _)) if number < item.number() => {
                    return Err(GradeError::Extra { item: number });
                }
                _ => return Err(GradeError::Missing { item: item.number() }),
            };
            let marked = marked(&item, response)?;
            let (outcome, parts) = scored(&item, amounts, marked);
            see(&item, marked, outcome, parts);
        }
        match given.next() {
            Some((&item, _)) => Err(GradeError::Extra { item }),
            None => Ok(()),
        }
    }

    /// What was marked by hand, in units of the key.
    fn by_hand(&self, hand: &HandMarks) -> Result<i128, GradeError> {
        let mut sum = 0;
        for (section, &unit) in self.key.hand_sections().zip(&self.key.scale().hand) {
            let section = section.clone();
            let Some(&points) = hand.get(&section.name) else {
                return Err(GradeError::HandMissing { section: section.name });
            };
            if points < Points::ZERO || points > section.points {
                return Err(GradeError::HandRange { section: section.name, most: section.points });
            }
            sum += i128::from(points.hundredths()) * unit;
        }
        match hand.keys().find(|name| self.key.hand_sections().all(|section| section.name != **name)) {
            Some(section) => Err(GradeError::HandUnknown { section: section.clone() }),
            None => Ok(sum),
        }
    }

    /// The points that the rule makes of the sum; the sum itself is kept beside them if that is another number.
    fn round(&self, exact: Fraction, kept: &mut Option<Fraction>) -> Result<Points, GradeError> {
        let points = match self.rounding {
            None => exact.whole_hundredths(),
            Some(rounding) => rounding.apply(exact).map(|points| points.min(self.key.total())),
        };
        let points = points.ok_or(GradeError::Inexact)?;
        *kept = (exact != points.into()).then_some(exact);
        Ok(points)
    }
}

fn points_of(hundredths: i128) -> Result<Points, GradeError> {
    i64::try_from(hundredths).map(Points::from_hundredths).map_err(|_| GradeError::Inexact)
}

fn marked(item: &KeyItem<'_>, response: &Response) -> Result<Marked, GradeError> {
    Ok(match response.state {
        ResponseState::Marginal | ResponseState::Unreadable => {
            return Err(GradeError::Held { item: item.number() });
        }
        ResponseState::Multiple => Marked::Multiple,
        ResponseState::Blank => Marked::Blank,
        ResponseState::Resolved if response.value.is_empty() => Marked::Blank,
        ResponseState::Resolved => {
            Marked::Set(item.coded(&response.value).ok_or(GradeError::Option { item: item.number() })?)
        }
    })
}

/// What the mark earns, in parts of the section.
fn scored(item: &KeyItem<'_>, amounts: &Amounts, marked: Marked) -> (ItemOutcome, i128) {
    if let Some(void) = item.void() {
        let parts = match void {
            Void::ForAll => amounts.worth,
            Void::LeftOut => 0,
        };
        let outcome = if marked == Marked::Blank { ItemOutcome::Blank } else { ItemOutcome::Voided };
        return (outcome, parts);
    }
    let (outcome, parts) = match marked {
        Marked::Blank => return (ItemOutcome::Blank, 0),
        Marked::Multiple => (ItemOutcome::Wrong, -amounts.penalty),
        Marked::Set(set) if item.accepted().contains(&set) => (ItemOutcome::Right, amounts.worth),
        Marked::Set(set) => match item.credit() {
            Credit::All => (ItemOutcome::Wrong, -amounts.penalty),
            Credit::Partial { .. } => {
                let parts = item.accepted().iter().filter(|&&right| set & !right == 0);
                let earned = parts.map(|right| {
                    let marks = i128::from(set.count_ones());
                    amounts
                        .each
                        .map_or_else(|| amounts.worth / i128::from(right.count_ones()) * marks, |e| e * marks)
                });
                match earned.max() {
                    Some(earned) => (ItemOutcome::Partial, earned),
                    None => (ItemOutcome::Wrong, -amounts.penalty),
                }
            }
            Credit::RightMinusWrong => {
                let earned = item.accepted().iter().map(|right| {
                    let more =
                        i128::from((set & right).count_ones()) - i128::from((set & !right).count_ones());
                    amounts.worth / i128::from(right.count_ones()) * more
                });
                let earned = earned.max().unwrap_or(0);
                (if earned > 0 { ItemOutcome::Partial } else { ItemOutcome::Wrong }, earned)
            }
        },
    };
    (outcome, amounts.floor.map_or(parts, |floor| parts.max(floor)))
}
