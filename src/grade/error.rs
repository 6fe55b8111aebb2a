//! Why a sheet can't be graded.

use crate::sheet::{Form, Points, SectionName};

/// A sheet that can't be graded with this key. Holds no response and no accepted answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GradeError {
    /// The sheet says another form than the key's.
    #[error("the sheet is not of form {key}, which the key is for")]
    Form {
        /// The key's form.
        key: Form,
    },
    /// An item that still waits for a person.
    #[error("item {item} waits for a person")]
    Held {
        /// Which.
        item: u16,
    },
    /// An item of the key that the sheet does not have.
    #[error("item {item} of the key is not on the sheet")]
    Missing {
        /// Which.
        item: u16,
    },
    /// An item of the sheet that the key does not have.
    #[error("item {item} of the sheet is not in the key")]
    Extra {
        /// Which.
        item: u16,
    },
    /// A response with an option that the key's section does not have.
    #[error("item {item} is answered with an option that the key does not know")]
    Option {
        /// Which.
        item: u16,
    },
    /// A section marked by hand without marks for this candidate.
    #[error("there are no marks for the section {section}, which is marked by hand")]
    HandMissing {
        /// Which.
        section: SectionName,
    },
    /// Marks for a section that the key does not have.
    #[error("there are marks for the section {section}, which the key does not have")]
    HandUnknown {
        /// Which.
        section: SectionName,
    },
    /// Marks below zero or above the section's most.
    #[error("the marks for the section {section} are not between 0 and {most}")]
    HandRange {
        /// Which.
        section: SectionName,
        /// The most that it can give.
        most: Points,
    },
    /// A sum that is not whole hundredths of a point, and no rule to round it by.
    #[error("the points are not whole hundredths, and the exam names no rule to round them by")]
    Inexact,
}

impl GradeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Form { .. } => {
                "grade the sheet with the key of its form; settle the form first if it is doubtful"
            }
            Self::Held { .. } => "settle the open exceptions of the sheet, then grade again",
            Self::Missing { .. } | Self::Extra { .. } | Self::Option { .. } => {
                "use the key that belongs to the sheet's layout"
            }
            Self::HandMissing { .. } => "import the marks of everybody whose card was read; 0 is a mark, too",
            Self::HandUnknown { .. } | Self::HandRange { .. } => {
                "let exam.toml and the key name the same sections with the same most points"
            }
            Self::Inexact => {
                "name a rule in exam.toml: `rounding = { rule = \"down\", step = 0.01 }` under [rules]"
            }
        })
    }
}
