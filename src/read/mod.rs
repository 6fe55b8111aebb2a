//! Measuring marks.

mod measure;
mod reading;
mod sense;

pub use reading::{FieldReading, Mark, MarkState, Pose, PositionReading, ReadKind, Reading, SetAside};
pub use sense::read;
