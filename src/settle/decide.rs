//! Decisions laid over evidence.

use super::check::{Change, change};
use super::evidence::{Seen, SeenField, number_value};
use crate::exam::{MultipleRule, Rules};
use crate::read::{ReadKind, Reading};
use crate::sheet::{Cause, Exception, FieldName, Form, Resolution, ResponseState, Responses};
use std::collections::BTreeSet;

/// What a sheet comes to when its evidence and all decisions about it are taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The responses; those with an open exception are not to be graded.
    pub responses: Responses,
    /// How many items are not blank.
    pub answered: u16,
    /// What still needs a person, in the layout's order; empty for a voided sheet.
    pub open: Vec<Exception>,
    /// Whether a person said that the sheet does not count.
    pub voided: bool,
    /// Whether a person accepted the sheet as a whole.
    pub accepted: bool,
    /// Fields that a person accepted as they are.
    pub accepted_fields: BTreeSet<FieldName>,
    /// The form that a person said counts, whatever the roster says.
    pub form: Option<Form>,
}

/// A sheet's evidence with the decisions applied so far.
#[derive(Debug)]
pub(super) struct Overlay {
    pub(super) fields: Vec<SeenField>,
    voided: bool,
    accepted: bool,
    accepted_fields: BTreeSet<FieldName>,
    form: Option<Form>,
}

impl Overlay {
    pub(super) fn of(reading: &Reading) -> Self {
        Self {
            fields: reading.fields.iter().map(SeenField::of).collect(),
            voided: false,
            accepted: false,
            accepted_fields: BTreeSet::new(),
            form: None,
        }
    }

    /// The evidence with those of the decisions that are about this sheet and fit it, in their order.
    pub(super) fn with(reading: &Reading, resolutions: &[Resolution]) -> Self {
        let mut overlay = Self::of(reading);
        for resolution in resolutions {
            // A decision made over another layout's reading of the page may not fit this one; then it
            // changes nothing, and what it was about stays open.
            if let Ok(change) = change(resolution, reading, &overlay) {
                overlay.apply(change, reading);
            }
        }
        overlay
    }

    fn apply(&mut self, change: Change, reading: &Reading) {
        match change {
            Change::Void => {
                self.voided = true;
                self.accepted = false;
            }
            Change::AcceptSheet => {
                self.voided = false;
                self.accepted = true;
            }
            Change::AcceptField { field } => {
                let name = self.fields[field].name.clone();
                if name.as_str() == FieldName::FORM {
                    self.form = None;
                }
                self.accepted_fields.insert(name);
            }
            Change::AcceptItem { field, position, columns } => {
                let places = position..position + columns;
                let evidence = &reading.fields[field].positions[places.clone()];
                for (seen, read) in self.fields[field].positions[places].iter_mut().zip(evidence) {
                    *seen = super::evidence::Seen::of(read);
                    seen.decided = true;
                }
            }
            Change::Number { field, position, columns } => {
                let places = self.fields[field].positions[position..].iter_mut();
                for (seen, letters) in places.zip(&columns) {
                    seen.decide(letters);
                }
            }
            Change::Position { field, position, letters } => {
                let changed = &mut self.fields[field];
                changed.positions[position].decide(&letters);
                if changed.kind != ReadKind::Items {
                    // An acceptance was of what the field said before.
                    self.accepted_fields.remove(&changed.name);
                    if changed.name.as_str() == FieldName::FORM {
                        self.form = None;
                    }
                }
            }
            Change::Whole { field, columns } => {
                let changed = &mut self.fields[field];
                for (seen, letters) in changed.positions.iter_mut().zip(&columns) {
                    seen.decide(letters);
                }
                self.accepted_fields.remove(&changed.name);
                if changed.name.as_str() == FieldName::FORM {
                    self.form = columns.concat().parse().ok();
                }
            }
        }
    }
}

/// What the sheet comes to under the decisions about it, which are applied in their order; decisions about
/// other sheets and those that don't fit this reading ([`check`](super::check())) change nothing.
///
/// Beyond the exceptions of [`responses`](super::responses), a double mark on a single-choice item is open
/// where the exam's rule is to hold it and nobody has decided about it.
#[must_use]
pub fn settle(reading: &Reading, resolutions: &[Resolution], rules: &Rules) -> Settled {
    settle_by(reading, resolutions, rules.multiple)
}

/// As [`settle`], under the only rule that matters here.
pub(super) fn settle_by(reading: &Reading, resolutions: &[Resolution], multiple: MultipleRule) -> Settled {
    let overlay = Overlay::with(reading, resolutions);
    let mut responses = Responses::default();
    let mut open = Vec::new();
    for field in &overlay.fields {
        field.conclude(&mut responses, &mut open);
        if field.kind == ReadKind::Items && multiple == MultipleRule::Hold {
            open.extend(field.items().filter_map(|columns| {
                let seen = columns.first()?;
                let settled = |s: &Seen| !s.several && !s.decided && !s.unreadable && s.doubtful.is_empty();
                let double =
                    columns.iter().all(settled) && columns.iter().any(|s| s.filled.chars().count() > 1);
                let value = if columns.len() == 1 { seen.filled.clone() } else { number_value(columns) };
                let cause = Cause::Multiple { value };
                double.then(|| Exception::of_item(cause, field.name.clone(), seen.label.clone()))
            }));
        }
    }
    if overlay.voided {
        open.clear();
    }
    let answered = responses.items.values().filter(|r| r.state != ResponseState::Blank).count();
    Settled {
        responses,
        answered: u16::try_from(answered).unwrap_or(u16::MAX),
        open,
        voided: overlay.voided,
        accepted: overlay.accepted,
        accepted_fields: overlay.accepted_fields,
        form: overlay.form,
    }
}
