//! Which part of a colour is read.

use serde::{Deserialize, Serialize};

/// The part of a colour scan that becomes the gray plane.
///
/// Print in a drop-out ink is white through the channel of its own colour: a card printed in red, read
/// through [`Channel::Red`], shows pencil and black print only. A gray scan is the same through all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// BT.601 luma, as JPEG's own.
    #[default]
    Luma,
    /// Red light: red print vanishes.
    Red,
    /// Green light: green print vanishes.
    Green,
    /// Blue light: blue print vanishes.
    Blue,
}

impl Channel {
    /// The word for it in layout files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Luma => "luma",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
        }
    }
}
