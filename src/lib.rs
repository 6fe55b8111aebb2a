//! duka (读卡) reads the theory answer cards of a vocational skill examination.
#![forbid(unsafe_code)]
pub mod exam;
pub mod geometry;
pub mod grade;
pub mod layout;
pub mod merge;
pub mod practical;
pub mod publish;
pub mod read;
pub mod sheet;
