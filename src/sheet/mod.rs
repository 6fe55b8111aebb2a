//! The words everyone shares: numbers, points, responses, exceptions and resolutions.

mod channel;
mod exception;
mod fraction;
mod hand;
mod ids;
mod points;
mod resolution;
mod response;
mod rounding;

pub use channel::Channel;
pub use exception::{Cause, DecodeFault, Exception, RegistrationFault};
pub use fraction::{Fraction, FractionError};
pub use hand::{HandMarks, HandSection};
pub use ids::{
    AssessmentId, EngineId, FieldName, Form, IdError, ItemLabel, LayoutName, PaperId, RoomId, SectionName,
    Sha256, SheetId, TicketNumber,
};
pub use points::{Points, PointsError};
pub use resolution::{Decision, DecisionError, Place, Resolution};
pub use response::{Response, ResponseState, Responses};
pub use rounding::{Rounding, RoundingRule};

pub(crate) use fraction::gcd;
