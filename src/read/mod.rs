//! Measuring marks.

mod reading;

pub use reading::{FieldReading, Mark, MarkState, Pose, PositionReading, ReadKind, Reading, SetAside};
