//! Measuring marks.

// Gray levels, pixels and thousandths: small and in range by the checks beside each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

#[cfg(test)]
mod acts;
mod agree;
mod decide;
mod judge;
mod measure;
mod patch;
mod printed;
mod reading;
mod second;
mod sense;
mod streak;
mod strokes;
mod template;

pub use reading::{FieldReading, Mark, MarkState, Pose, PositionReading, ReadKind, Reading, SetAside};
pub use sense::{by_ink_alone, read};
