//! duka (读卡) reads the theory answer cards of a vocational skill examination, grades them against
//! sealed answer keys, joins the theory scores with the practical scores and issues the 成绩单.
//!
//! # The road of a sheet
//!
//! ```text
//!  file ─▶ Page ─▶ Registration ─▶ Reading ─▶ Responses ─▶ Score ─▶ Transcript ─▶ 成绩单 · 名册 · 合格名册
//!    source     register       read       settle      grade     merge       publish
//!                  ▲             ▲           ▲           ▲         ▲
//!                Layout        Layout   Resolutions  AnswerKey  Roster · Rooms · Practical scores
//! ```
//!
//! Each arrow is a public function over named values: [`source::decode`], [`register::register_as`],
//! [`read::read`], [`settle::responses`] and [`settle::settle`], [`grade::grade`], [`merge::merge`],
//! [`publish::papers`]. A [`read::Reading`] is evidence and is never edited: a person's decision is a
//! [`sheet::Resolution`], and the final response is computed from both. A doubtful mark is never
//! settled silently: it becomes a [`sheet::Exception`].
//!
//! # What always holds
//!
//! 1. Paper is in millimetres, images in pixels, ratios in 0..=1; each is a type.
//! 2. The same bytes give the same record, whatever the number of threads.
//! 3. Fed = read + set aside: every page is in the record as a reading or as an exception.
//! 4. One bad file never stops a batch, and nothing is overwritten.
//! 5. The core neither prints nor touches files; only `source`'s callers, `store`, `session` and the
//!    program do.
//! 6. An open answer key lives in memory for as long as the command that opened it, nowhere else.
//! 7. Points are whole hundredths, compared before any rounding.
//! 8. Absent, void and failed are states, not scores: 缺考 is not 0.

#![forbid(unsafe_code)]

pub mod geometry;
pub mod sheet;
pub mod identity;
pub mod exam;
pub mod layout;
pub mod key;
pub mod source;
pub mod interop;
pub mod register;
pub mod read;
pub mod settle;
pub mod grade;
pub mod practical;
pub mod hand;
pub mod merge;
pub mod publish;
pub mod store;
pub mod batch;
pub mod session;
pub mod simulate;
pub mod campaign;

/// The road of a sheet in one place; the rest is found under its module.
pub use crate::{
    exam::{Exam, Roster},
    grade::grade,
    key::{AnswerKey, SealedKey},
    layout::{Layout, shipped},
    merge::merge,
    publish::papers,
    read::{Reading, read},
    register::{Registration, register_as, which_layout},
    session::Session,
    settle::{against_roster, responses, settle},
    sheet::{Exception, Resolution, Response, Responses},
    source::{Page, decode},
};
