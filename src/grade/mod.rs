//! Responses and an open key make a score, statistics of the items, and a list of sheets that are too much alike.
//!
//! docs/scoring.md explains every scheme with an example that is a test. A [`Score`] holds no accepted answers. But the
//! responses of a session together with what each earned can rebuild the key: from the first score on, what is
//! stored is as secret as the key. [`items`](Grader::items), [`stats`], [`regrade`] and [`copying`] say more: what they
//! give is as secret as the key from the start.

pub mod copying;
mod error;
mod grader;
pub mod regrade;
pub mod stats;
#[cfg(test)]
mod doc_tests;
#[cfg(test)]
mod scheme_tests;
#[cfg(test)]
mod stats_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use error::GradeError;
pub use grader::{Grader, ItemOutcome, ItemResult};

use crate::key::AnswerKey;
use crate::sheet::{Form, Fraction, HandMarks, PaperId, Points, Responses};
use serde::{Deserialize, Serialize};

/// A graded theory paper. Holds no accepted answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Which paper.
    pub paper: PaperId,
    /// Which form.
    pub form: Form,
    /// Which revision of the key.
    pub key_revision: u16,
    /// The sum, rounded as the exam's rules say, 0 or more.
    pub points: Points,
    /// The most there was.
    pub out_of: Points,
    /// The sum itself, where rounding has changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<Fraction>,
    /// Items answered right.
    pub right: u16,
    /// Items answered in part, which earned something.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub partial: u16,
    /// Items answered wrong.
    pub wrong: u16,
    /// Items left blank.
    pub blank: u16,
    /// Void items with a mark.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub voided: u16,
    /// What people gave the sections that they mark.
    #[serde(default, skip_serializing_if = "HandMarks::is_empty")]
    pub hand: HandMarks,
}

impl Score {
    /// Whether there is a mark at any item.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.right > 0 || self.partial > 0 || self.wrong > 0 || self.voided > 0
    }
}

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// The score that the key gives the responses, exactly.
///
/// Single-choice and true/false items are right with an accepted option; multiple-choice items with exactly an
/// accepted set of options, or in part as their section says; numeric items with an accepted number, whatever columns
/// are left blank. Several marks where one is allowed are wrong. For keys with sections marked by hand, or whose points
/// have to be rounded, see [`Grader`].
///
/// # Errors
///
/// As [`Grader::grade`]. No error holds a response or an accepted answer.
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
    Grader::new(key, None).grade(responses, &HandMarks::new())
}
