//! What a made-up candidate marks.

use super::Stroke;
use crate::layout::{Choice, FieldKind, Layout};
use crate::sheet::{FieldName, Form, TicketNumber};
use rand::{Rng, RngExt};
use std::collections::BTreeMap;

/// Who fills a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The ticket number to fill in; `None` leaves it blank.
    pub ticket: Option<TicketNumber>,
    /// The form to fill in.
    pub form: Option<Form>,
    /// Flags that the invigilator fills, by field name.
    pub flags: Vec<String>,
}

/// A mark that is drawn in a way of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The field's name.
    pub field: String,
    /// Column number, item number or `1`.
    pub item: String,
    /// The option.
    pub option: String,
    /// How.
    pub stroke: Stroke,
}

/// What is to be marked: field and place → options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// Options of each item; an empty string leaves it blank.
    pub items: BTreeMap<u16, String>,
    /// One option a column of each identity field and flag; `_` leaves a column blank.
    pub fields: BTreeMap<String, String>,
    /// Marks drawn in a way of their own: of what is marked, or beside it.
    pub drawn: Vec<Drawn>,
}

impl Answers {
    /// Random answers on `layout` by `person`: `blank` is the share of items left blank, 0..=1.
    ///
    /// Identity fields that are neither the ticket number nor the form are filled at random.
    pub fn random(layout: &Layout, person: &Person, blank: f64, rng: &mut impl Rng) -> Self {
        let mut out = Self::default();
        for field in &layout.fields {
            match field.kind {
                FieldKind::Items => {
                    for position in &field.positions {
                        let Ok(item) = position.label.as_str().parse::<u16>() else { continue };
                        let options: Vec<&str> = position.targets.iter().map(|t| t.value.as_str()).collect();
                        let value = if rng.random_bool(blank) {
                            String::new()
                        } else if position.choice == Choice::Multiple {
                            let some: String =
                                options.iter().filter(|_| rng.random_bool(0.5)).copied().collect();
                            if some.is_empty() { options[0].to_owned() } else { some }
                        } else {
                            options[rng.random_range(0..options.len())].to_owned()
                        };
                        out.items.insert(item, value);
                    }
                }
                FieldKind::Flag => {
                    let set = person.flags.iter().any(|f| f == field.name.as_str());
                    out.fields.insert(field.name.to_string(), if set { "1" } else { "_" }.to_owned());
                }
                FieldKind::Identity(_) => {
                    let columns = field.positions.len();
                    let given = match field.name.as_str() {
                        FieldName::TICKET => person.ticket.as_ref().map(ToString::to_string),
                        FieldName::FORM => person.form.as_ref().map(ToString::to_string),
                        _ => Some(
                            field
                                .positions
                                .iter()
                                .map(|p| p.targets[rng.random_range(0..p.targets.len())].value.clone())
                                .collect(),
                        ),
                    };
                    let text = given.unwrap_or_default();
                    out.fields.insert(field.name.to_string(), format!("{text:_<columns$}"));
                }
            }
        }
        out
    }
}
