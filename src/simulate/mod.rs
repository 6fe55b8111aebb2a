//! Filled and defaced cards with known truth.
//!
//! A card is printed to PDF, the PDF is rasterised, a pencil is drawn over it stroke by stroke, and a
//! scanner makes a picture of the result: resampled, turned, blurred, shaded, noisy, perhaps bilevel,
//! and encoded in a real file format. Nothing here knows how the reader measures.

// Gray levels and dots of a made-up page: small and clamped before each cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod act;
mod answers;
mod capture;
mod damage;
mod error;
mod fill;
mod graphite;
mod paper;
mod pencil;
mod print;
mod scanner;
mod sheet;

pub use act::{Act, Expect, Hand, Verdict};
pub use answers::{Answers, Drawn, Person};
pub use capture::{Camera, Capture, Shadow, Streak};
pub use damage::{Damage, Damaged, SheetFate};
pub use error::SimulateError;
pub use fill::{Deed, FilledCard, Manner, Wish, fill};
pub use pencil::{Pencil, Stroke};
pub use print::Print;
pub use scanner::{Format, Scanner};
pub use sheet::{Care, Sample, Truth, TruthMark, sample};
