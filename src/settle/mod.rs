//! The only place where a decision meets evidence.
//!
//! [`responses`] makes responses of a [`Reading`](crate::read::Reading) alone. [`settle`] lays a person's
//! decisions over it: a decision replaces the evidence of one place, and the same rules make the response.
//! [`against_roster`] compares the settled sheets with the roster and the room records. None of them ever
//! settles a doubtful mark or assigns a sheet to a candidate by itself.
//!
//! # What a decision does
//!
//! | place | decision | effect |
//! |---|---|---|
//! | sheet | `void` | it does not count; nothing of it stays open |
//! | sheet | `accept` | takes back an earlier `void`; accepts that its layout is not the paper's |
//! | item | `=B`, `blank` | this was marked, nothing was; `=BD` on a single-choice item is an accepted double mark |
//! | item of several columns | `=16`, `=6_`, `=[05]1`, `blank` | a letter a column from the first, `_` for a blank one |
//! | item | `accept` | back to what was read, with a double mark accepted; refused while a mark is in doubt |
//! | column of an identity field | `=3`, `blank` | this was marked in that column, nothing was |
//! | identity field | `=140510001001`, `blank` | the whole field; for `form`: the form that counts, whatever the roster says |
//! | `ticket` | `accept` | of several sheets with this number, this one counts; the others must be voided or renumbered |
//! | `form` | `accept` | the roster's form counts |
//! | `absent`, `violation` | `=1`, `blank` | the flag is filled, is empty |
//! | `absent`, `violation` | `accept` | card and room record differ; the room record counts |
//! | `ticket` | `accept` | as well: of a number with a voided card (作废卡) this is the one that counts; a card among those of another room is this candidate's |
//! | candidate | `accept` | the missing sheet is known to be missing; the room still does not balance |
//!
//! Decisions are applied in their order. A later one about the same place supersedes an earlier one, and one
//! about a whole identity field supersedes those about its columns; one about a column corrects the field.

mod check;
mod decide;
mod evidence;
mod facts;
mod session;
mod stack;

pub use check::{ResolveError, check, check_candidate, check_set_aside};
pub use decide::{Settled, settle};
pub use evidence::responses;
pub use facts::SheetFacts;
pub use session::{
    AcceptedSheet, Around, FormSource, OpenException, SessionFindings, SettledSheet, Standing,
    against_roster, claimed,
};
pub use stack::{BESIDE, Stacks, gap, other_room, rooms_named};

#[cfg(test)]
pub(crate) mod fixture;
