//! What is wrong with a key: never a word of the key itself.

use super::KeyBinding;
use crate::sheet::{Fraction, Points};
use std::fmt;

/// A key that can't be read or used.
///
/// Neither `Display` nor `Debug` of any variant holds text of the key: only places (line, column,
/// item), counts, and names that the program itself uses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a usable key.
    #[error("{}", listing(.path, .problems))]
    Wrong {
        /// Which file, as the caller names it.
        path: String,
        /// Everything that was found, in the file's order.
        problems: Vec<KeyProblem>,
    },
    /// More than can be a key.
    #[error("the {what} has {bytes} bytes, the most is {limit}")]
    TooLarge {
        /// What it should be.
        what: &'static str,
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The key opens, but is another one.
    #[error("the key has another {part} than {expected}")]
    OtherKey {
        /// The first of paper, form and revision that differs.
        part: BindingPart,
        /// What was asked for.
        expected: KeyBinding,
    },
    /// Items of the card that the key does not have, or the reverse.
    #[error("key and card have different items{}{}", spans(": only in the key", .only_key), spans(": only on the card", .only_card))]
    Items {
        /// Items of the key that the card does not have, ascending.
        only_key: Vec<u16>,
        /// Items of the card that the key does not have, ascending.
        only_card: Vec<u16>,
    },
    /// Items whose options on the card are not the key's.
    #[error("key and card offer different options{}", spans(" at items", .items))]
    Options {
        /// Which items, ascending.
        items: Vec<u16>,
    },
    /// Items that take one mark on the card and several in the key, or the reverse.
    #[error("key and card differ in how many marks are allowed{}", spans(" at items", .items))]
    Marks {
        /// Which items, ascending.
        items: Vec<u16>,
    },
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Wrong { .. } => "the issuer corrects the key at the places named and seals it again",
            Self::TooLarge { .. } => "check that this is the right file",
            Self::OtherKey { .. } => {
                "take the sealed key of the paper, form and revision that exam.toml names"
            }
            Self::Items { .. } | Self::Options { .. } | Self::Marks { .. } => {
                "let exam.toml name the layout the paper was set for, or ask the issuer for the right key"
            }
        })
    }
}

fn listing(path: &str, problems: &[KeyProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(|p| format!("{path}:{p}")).collect();
    lines.join("\n")
}

/// The words and `3, 7–9` for ascending numbers, nothing for none.
fn spans(words: &str, items: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for &item in items {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(item) => *last = item,
            _ => runs.push((item, item)),
        }
    }
    if runs.is_empty() {
        return String::new();
    }
    let runs: Vec<_> =
        runs.iter().map(|&(a, b)| if a == b { a.to_string() } else { format!("{a}–{b}") }).collect();
    format!("{words} {}", runs.join(", "))
}

/// Which part of a [`KeyBinding`] differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingPart {
    /// The paper.
    Paper,
    /// The form (试卷类型).
    Form,
    /// The revision.
    Revision,
}

impl fmt::Display for BindingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paper => "paper",
            Self::Form => "form",
            Self::Revision => "revision",
        })
    }
}

/// One problem of a key's text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProblem {
    /// Line in the file, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// The item it concerns, if one.
    pub item: Option<u16>,
    /// What is wrong.
    pub fault: KeyFault,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if let Some(item) = self.item {
            write!(f, "item {item}: ")?;
        }
        self.fault.fmt(f)
    }
}

/// What can be wrong with a key's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// Not TOML from here on.
    #[error("this is not TOML: a quote, bracket or `=` is missing or misplaced, or a name is there twice")]
    Syntax,
    /// A name that must be there is not.
    #[error("`{name}` is missing")]
    Missing {
        /// Which.
        name: &'static str,
    },
    /// A name that nothing is known by.
    #[error("this name is not known here; known are {known}")]
    Unknown {
        /// The names that are.
        known: &'static str,
    },
    /// A value of the wrong type or range.
    #[error("`{name}` must be {wanted}")]
    Value {
        /// Which.
        name: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// No section at all.
    #[error("the key has no [[section]]")]
    NoSection,
    /// A section that ends before it begins.
    #[error("`to` is less than `from`")]
    Backwards,
    /// More or fewer answers than items.
    #[error("the section has {found} answers for {expected} items")]
    Count {
        /// How many answers there are.
        found: usize,
        /// How many items there are.
        expected: usize,
    },
    /// An answer that is empty.
    #[error("the answer is empty")]
    Empty,
    /// An answer with something that is no option of the section.
    #[error("the answer has a character that is not one of the section's options")]
    NotAnOption,
    /// An answer with several options where one is allowed.
    #[error("the answer must be one option")]
    Several,
    /// A number that no item can carry.
    #[error("the number has more than 12 digits")]
    LongNumber,
    /// An answer whose options are repeated or not in the section's order.
    #[error("the answer's options must be in the section's order, each once")]
    Order,
    /// The same answer twice among the accepted ones.
    #[error("the same answer is accepted twice")]
    AcceptTwice,
    /// An item in two sections or in two `[[item]]` tables.
    #[error("the item is there twice (first in line {first_line})")]
    ItemTwice {
        /// Where it was first.
        first_line: usize,
    },
    /// A hole in the numbering.
    #[error("items {from} to {to} are in no section")]
    Gap {
        /// First missing item.
        from: u16,
        /// Last missing item.
        to: u16,
    },
    /// An `[[item]]` for an item that no section has.
    #[error("the item is in no section")]
    ItemUnknown,
    /// An `[[item]]` that changes nothing.
    #[error("the item changes none of `accept`, `points`, `weight` and `void`")]
    ItemIdle,
    /// A name that has no meaning in this section.
    #[error("`{name}` is only for {only}")]
    OnlyFor {
        /// Which.
        name: &'static str,
        /// What it is for.
        only: &'static str,
    },
    /// Parts of an answer that would earn more than all of it.
    #[error("with `each`, a part of the right options earns more than all of them")]
    Each,
    /// Two sections marked by hand with one name.
    #[error("another section that is marked by hand has this name")]
    HandTwice,
    /// A section without an item that counts.
    #[error("all items of the section are left out; give the points for all instead")]
    NothingLeft,
    /// Amounts that would have to be counted in too small parts of a point.
    #[error(
        "the points, weights and penalties have no common part of a point of at least a millionth of a millionth"
    )]
    TooFine,
    /// The points don't make the paper.
    #[error("all points together are {found}, not {expected}; write `total` if that is right")]
    Total {
        /// Sum of all items and sections.
        found: Fraction,
        /// What the paper must have.
        expected: Points,
    },
}
