//! The tests that need no process of their own, in one program: linking is what their building costs, and two of
//! them run at a time. `cargo test --release --test all journal::` runs one file's.
//!
//! Beside it stand those that look at their whole process's memory (`mutations`, `secrecy`), the long campaign of
//! kills (`kill`), and those that make files of every format (`formats`, `seeds`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::result_large_err)]
// Files are made here bit by bit, from numbers that are known to fit.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

#[path = "../common/mod.rs"]
mod common;

mod approval;
mod archive;
mod assessing;
mod broken;
mod bulk;
mod campaign;
mod cards;
mod cli_oneshot;
mod cli_session;
mod custody;
mod defects;
mod demo;
mod exam;
mod health;
mod import_omrchecker;
mod journal;
mod late;
mod layering;
mod layouts;
mod merging;
mod public;
mod real_sheets;
mod registration;
mod rooms;
mod scoring;
mod session;
mod simulated;
mod trace;
mod vectors;
