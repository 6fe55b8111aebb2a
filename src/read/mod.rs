//! Measuring marks.

// Gray levels, pixels and thousandths: small and in range by the checks beside each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod measure;
mod printed;
mod reading;
mod sense;

pub use reading::{FieldReading, Mark, MarkState, Pose, PositionReading, ReadKind, Reading, SetAside};
pub use sense::read;
