//! Responses and an open key make a score.

use crate::sheet::{Form, PaperId, Points};
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
