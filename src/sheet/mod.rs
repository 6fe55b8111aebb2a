//! The words everyone shares: numbers, points, responses, exceptions and resolutions.

mod channel;
mod exception;
mod ids;
mod points;
mod resolution;
mod response;

pub use channel::Channel;
pub use exception::{Cause, DecodeFault, Exception, RegistrationFault};
pub use ids::{
    EngineId, FieldName, Form, IdError, ItemLabel, LayoutName, PaperId, RoomId, Sha256, SheetId, TicketNumber,
};
pub use points::{Points, PointsError};
pub use resolution::{Decision, DecisionError, Place, Resolution};
pub use response::{Response, ResponseState, Responses};
