//! Drawing the card as PDF.

mod typeface;

pub use typeface::{Anchor, Colour, Fitted, Level, PT_PER_MM, TextStyle, Typeface, Weight};

use super::Layout;
use serde::Deserialize;

/// What is printed besides fiducials and targets.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintFacts {
    /// The card's heading.
    pub title: String,
}

/// Characters of the card that the shipped font lacks.
#[must_use]
pub fn unprintable(_layout: &Layout, _facts: &PrintFacts) -> Vec<char> {
    Vec::new()
}
