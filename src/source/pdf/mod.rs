//! PDF.
use super::Plane;
use super::store::Store;
use crate::sheet::{Channel, DecodeFault};
pub(super) struct Document;
impl Document {
    pub(super) fn open(_: Store<'_>) -> Result<Self, DecodeFault> {
        Err(DecodeFault::Truncated)
    }
    pub(super) fn page(&mut self, _: u32, _: Channel) -> Option<Result<Plane, DecodeFault>> {
        None
    }
}
