//! Responses and an open key make a score.
//!
//! A [`Score`] holds no accepted answers. But the responses of a session together with what each
//! earned can rebuild the key: from the first score on, what is stored is as secret as the key.

mod error;
#[cfg(test)]
mod tests;

pub use error::GradeError;

use crate::key::AnswerKey;
use crate::sheet::{FieldName, Form, PaperId, Points, ResponseState, Responses};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A graded theory paper. Holds no accepted answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Which paper.
    pub paper: PaperId,
    /// Which form.
    pub form: Form,
    /// Which revision of the key.
    pub key_revision: u16,
    /// The sum.
    pub points: Points,
    /// The most there was.
    pub out_of: Points,
    /// Items answered right.
    pub right: u16,
    /// Items answered wrong.
    pub wrong: u16,
    /// Items left blank.
    pub blank: u16,
}

/// What came of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemOutcome {
    /// An accepted answer: all of the item's points.
    Right,
    /// Another answer, or more marks than are allowed: no points.
    Wrong,
    /// No mark: no points.
    Blank,
}

/// The score that the key gives the responses, in whole hundredths of a point.
///
/// Single-choice and true/false items are right with an accepted option; multiple-choice items with
/// exactly an accepted set of options; numeric items with an accepted number, whatever columns are left blank. Several marks
/// where one is allowed are wrong.
///
/// # Errors
///
/// As [`outcomes`]. No error holds a response or an accepted answer.
///
/// # Example
///
/// ```
/// use duka::{grade::grade, key::{AnswerKey, example_toml}, sheet::{Response, Responses}};
/// let text = example_toml(&"electrician-4".parse()?, &"A".parse()?, 1);
/// let key = AnswerKey::parse(&text, "key.toml")?;
/// let items = key.numbers().map(|n| (n, if n == 17 { Response::resolved("C") } else { Response::blank() }));
/// let score = grade(&Responses { items: items.collect(), ..Responses::default() }, &key)?;
/// assert_eq!((score.points.to_string().as_str(), score.right, score.blank), ("1.0", 1, 99));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn grade(responses: &Responses, key: &AnswerKey) -> Result<Score, GradeError> {
    let outcomes = outcomes(responses, key)?;
    let mut score = Score {
        paper: key.binding().paper.clone(),
        form: key.binding().form.clone(),
        key_revision: key.binding().revision,
        points: Points::ZERO,
        out_of: key.total(),
        right: 0,
        wrong: 0,
        blank: 0,
    };
    for (item, outcome) in key.items().zip(outcomes.values()) {
        match outcome {
            ItemOutcome::Right => {
                score.right += 1;
                score.points += item.points();
            }
            ItemOutcome::Wrong => score.wrong += 1,
            ItemOutcome::Blank => score.blank += 1,
        }
    }
    Ok(score)
}

/// What came of every item, by number; for item statistics.
///
/// Beside the responses this says what the key accepts: it is as secret as the key.
///
/// # Errors
///
/// [`GradeError::Form`] if the sheet is another form's; [`GradeError::Missing`] and
/// [`GradeError::Extra`] if sheet and key don't have the same items; [`GradeError::Held`] if an item
/// still waits for a person; [`GradeError::Option`] if an item has an option the key doesn't know.
pub fn outcomes(responses: &Responses, key: &AnswerKey) -> Result<BTreeMap<u16, ItemOutcome>, GradeError> {
    if let Some(form) = responses.field(FieldName::FORM).and_then(|r| r.known())
        && form != key.binding().form.as_str()
    {
        return Err(GradeError::Form { key: key.binding().form.clone() });
    }
    let mut out = BTreeMap::new();
    for item in key.items() {
        let number = item.number();
        let response = responses.items.get(&number).ok_or(GradeError::Missing { item: number })?;
        let outcome = match response.state {
            ResponseState::Marginal | ResponseState::Unreadable => {
                return Err(GradeError::Held { item: number });
            }
            ResponseState::Multiple => ItemOutcome::Wrong,
            ResponseState::Blank => ItemOutcome::Blank,
            ResponseState::Resolved if response.value.is_empty() => ItemOutcome::Blank,
            ResponseState::Resolved => match item.accepts(&response.value) {
                Some(true) => ItemOutcome::Right,
                Some(false) => ItemOutcome::Wrong,
                None => return Err(GradeError::Option { item: number }),
            },
        };
        out.insert(number, outcome);
    }
    match responses.items.keys().find(|number| !out.contains_key(number)) {
        Some(&item) => Err(GradeError::Extra { item }),
        None => Ok(out),
    }
}
