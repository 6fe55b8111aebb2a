//! What was answered, as far as it is known.

use super::{FieldName, ItemLabel};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How sure a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseState {
    /// We stand behind the value.
    Resolved,
    /// We stand behind that nothing was marked.
    Blank,
    /// We stand behind that more was marked than is allowed; the value lists it.
    Multiple,
    /// A person must look: at least one mark is neither filled nor empty.
    Marginal,
    /// A person must look: the place could not be measured.
    Unreadable,
}

impl ResponseState {
    /// Whether a person must look before the response is used.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Marginal | Self::Unreadable)
    }

    /// The word used in files: `resolved`, `blank`, …
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Blank => "blank",
            Self::Multiple => "multiple",
            Self::Marginal => "marginal",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A value and how sure it is.
///
/// In the value of an identity field or of an item with several columns a blank column is `_` and a column with several marks is `[05]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Response {
    /// The marked options in printed order; empty when nothing is marked.
    pub value: String,
    /// How sure that is.
    pub state: ResponseState,
}

impl Response {
    /// A value that we stand behind.
    #[must_use]
    pub fn resolved(value: impl Into<String>) -> Self {
        Self { value: value.into(), state: ResponseState::Resolved }
    }

    /// Nothing marked, for certain.
    #[must_use]
    pub fn blank() -> Self {
        Self { value: String::new(), state: ResponseState::Blank }
    }

    /// The value if we stand behind one.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        (self.state == ResponseState::Resolved).then_some(self.value.as_str())
    }
}

/// All responses of one sheet: identity fields and flags by name, items by number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Responses {
    /// Identity fields and flags. A flag that is filled is a resolved `1`.
    pub fields: BTreeMap<FieldName, Response>,
    /// Items by number.
    pub items: BTreeMap<u16, Response>,
}

impl Responses {
    /// The response of the field called `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Response> {
        self.fields.iter().find(|(n, _)| n.as_str() == name).map(|(_, r)| r)
    }

    /// The response at a field and, within `items`, an item's number.
    pub fn at_mut(&mut self, field: &FieldName, item: Option<&ItemLabel>) -> Option<&mut Response> {
        if field.as_str() == FieldName::ITEMS {
            self.items.get_mut(&item?.as_str().parse().ok()?)
        } else {
            self.fields.get_mut(field)
        }
    }
}
