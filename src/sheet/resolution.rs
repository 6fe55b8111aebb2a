//! What a person decided.

use super::{FieldName, ItemLabel, SheetId, TicketNumber};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A whole sheet.
    Sheet {
        /// Which.
        sheet: SheetId,
    },
    /// A field of a sheet, or an item within it.
    Field {
        /// Which sheet.
        sheet: SheetId,
        /// Which field.
        field: FieldName,
        /// Which item; `None` for an identity field or a flag as a whole.
        item: Option<ItemLabel>,
    },
    /// A candidate (a missing sheet has no sheet to speak of).
    Candidate {
        /// Who.
        ticket: TicketNumber,
    },
}

/// What was decided.
///
/// Written in a csv as `void`, `accept`, `blank`, or `=VALUE` (the `=` may be left out where the
/// value is none of the three words).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The sheet does not count: a rescan, a spoilt card, not a card at all.
    Void,
    /// It stays as it was read.
    Accept,
    /// Nothing is marked there.
    Blank,
    /// This is marked there.
    Value(String),
}

/// What is wrong with a decision's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a decision is `void`, `accept`, `blank` or a value of at most 64 letters and digits, this is {0:?}")]
pub struct DecisionError(pub String);

impl FromStr for Decision {
    type Err = DecisionError;
    fn from_str(text: &str) -> Result<Self, DecisionError> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "void" => return Ok(Self::Void),
            "accept" => return Ok(Self::Accept),
            "blank" => return Ok(Self::Blank),
            _ => {}
        }
        let value = text.strip_prefix('=').unwrap_or(text).trim().to_ascii_uppercase();
        // A number's blank columns are `_`, its columns with several marks `[05]`.
        let fits = (1..=64).contains(&value.len())
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'[' | b']'));
        if fits { Ok(Self::Value(value)) } else { Err(DecisionError(text.to_owned())) }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Accept => f.write_str("accept"),
            Self::Blank => f.write_str("blank"),
            Self::Value(value) => write!(f, "={value}"),
        }
    }
}

/// A decision, who made it and why. Never edited: a later one about the same place supersedes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resolution {
    /// What it is about.
    pub place: Place,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub reviewer: String,
    /// Why, in the reviewer's words; may be empty.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_survives_its_text() {
        for (text, decision) in [
            ("void", Decision::Void),
            ("Accept", Decision::Accept),
            ("blank", Decision::Blank),
            ("b", Decision::Value("B".into())),
            ("=[05]_", Decision::Value("[05]_".into())),
            ("=140510001001", Decision::Value("140510001001".into())),
        ] {
            let parsed: Decision = text.parse().unwrap();
            assert_eq!(parsed, decision);
            assert_eq!(parsed.to_string().parse::<Decision>().unwrap(), decision);
        }
        for wrong in ["", "=", "a,b", "答", &"A".repeat(65)] {
            assert!(wrong.parse::<Decision>().is_err(), "{wrong:?}");
        }
    }
}
