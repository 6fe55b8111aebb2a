//! Sections of a theory paper that people mark (人工阅卷).

use super::{Points, SectionName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A section that people mark, and the most that they may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandSection {
    /// Its name, as on the paper: `简答题`.
    pub name: SectionName,
    /// The most points, above zero.
    pub points: Points,
}

/// What people gave one candidate, by section.
pub type HandMarks = BTreeMap<SectionName, Points>;
