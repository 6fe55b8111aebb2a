//! Marks make responses, by rules that know no decision and no roster.

use crate::read::{FieldReading, MarkState, PositionReading, ReadKind, Reading};
use crate::sheet::{Cause, Exception, FieldName, ItemLabel, Response, ResponseState, Responses};
use std::collections::BTreeMap;

/// What is known of one position: as it was read, or as a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) label: ItemLabel,
    /// Options in printed order.
    pub(super) options: String,
    pub(super) several: bool,
    /// Options that are filled, in printed order.
    pub(super) filled: String,
    /// Options that are filled or in doubt, in printed order.
    pub(super) shown: String,
    /// Options in doubt, with their fill in thousandths.
    pub(super) doubtful: Vec<(char, u16)>,
    pub(super) unreadable: bool,
    /// Whether a person stands behind it.
    pub(super) decided: bool,
}

impl Seen {
    pub(super) fn of(position: &PositionReading) -> Self {
        let mut seen = Self {
            label: position.label.clone(),
            options: position.options.clone(),
            several: position.several,
            filled: String::new(),
            shown: String::new(),
            doubtful: Vec::new(),
            // A position whose marks and options don't pair up was not measured.
            unreadable: position.marks.len() != position.options.chars().count(),
            decided: false,
        };
        for (option, mark) in position.options.chars().zip(&position.marks) {
            match mark.state {
                MarkState::Empty => {}
                MarkState::Filled => {
                    seen.filled.push(option);
                    seen.shown.push(option);
                }
                MarkState::Marginal => {
                    seen.doubtful.push((option, mark.fill));
                    seen.shown.push(option);
                }
                MarkState::Unreadable => seen.unreadable = true,
            }
        }
        seen
    }

    /// Puts a person's word in the place of the evidence; `letters` are among the options.
    pub(super) fn decide(&mut self, letters: &str) {
        self.filled = self.options.chars().filter(|c| letters.contains(*c)).collect();
        self.shown.clone_from(&self.filled);
        self.doubtful.clear();
        self.unreadable = false;
        self.decided = true;
    }

    fn marks_in_doubt(&self) -> Cause {
        Cause::Marginal { marks: self.doubtful.iter().map(|(c, fill)| (c.to_string(), *fill)).collect() }
    }

    /// What holds this position, if anything does.
    fn doubt(&self) -> Option<Cause> {
        if self.unreadable {
            Some(Cause::Unreadable)
        } else if self.doubtful.is_empty() {
            None
        } else {
            Some(self.marks_in_doubt())
        }
    }

    /// How the column is written in its field's value.
    fn column(&self) -> String {
        match self.shown.chars().count() {
            0 => "_".to_owned(),
            1 => self.shown.clone(),
            _ => format!("[{}]", self.shown),
        }
    }
}

/// One field with what is known of its positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenField {
    pub(super) name: FieldName,
    pub(super) kind: ReadKind,
    pub(super) positions: Vec<Seen>,
}

impl SeenField {
    pub(super) fn of(field: &FieldReading) -> Self {
        Self {
            name: field.name.clone(),
            kind: field.kind,
            positions: field.positions.iter().map(Seen::of).collect(),
        }
    }

    /// Adds the field's responses, and what a person must look at.
    pub(super) fn conclude(&self, responses: &mut Responses, open: &mut Vec<Exception>) {
        if self.kind == ReadKind::Items {
            self.conclude_items(&mut responses.items, open);
            return;
        }
        let response = if self.kind == ReadKind::Flag { self.flag(open) } else { self.identity(open) };
        responses.fields.insert(self.name.clone(), response);
    }

    /// The items by their columns: one column, or several beside each other with one label.
    pub(super) fn items(&self) -> impl Iterator<Item = &[Seen]> {
        self.positions.chunk_by(|a, b| a.label == b.label)
    }

    fn conclude_items(&self, items: &mut BTreeMap<u16, Response>, open: &mut Vec<Exception>) {
        for columns in self.items() {
            let Some(seen) = columns.first() else { continue };
            let at = |cause| Exception::of_item(cause, self.name.clone(), seen.label.clone());
            let Ok(number) = seen.label.as_str().parse() else {
                // No layout has such an item; a record that does can't be graded silently.
                open.push(at(Cause::Unreadable));
                continue;
            };
            open.extend(item_doubt(columns).map(at));
            let response = if columns.len() == 1 { item(seen) } else { number_of(columns) };
            items.insert(number, response);
        }
    }

    fn flag(&self, open: &mut Vec<Exception>) -> Response {
        let Some(seen) = self.positions.first() else { return Response::blank() };
        open.extend(seen.doubt().map(|cause| Exception::of_field(cause, self.name.clone())));
        if seen.unreadable {
            Response { value: String::new(), state: ResponseState::Unreadable }
        } else if !seen.doubtful.is_empty() {
            Response { value: "1".to_owned(), state: ResponseState::Marginal }
        } else if seen.filled.is_empty() {
            Response::blank()
        } else {
            Response::resolved("1")
        }
    }

    fn identity(&self, open: &mut Vec<Exception>) -> Response {
        let columns = &self.positions;
        for seen in columns {
            let doubt = seen.doubt();
            open.extend(doubt.map(|c| Exception::of_item(c, self.name.clone(), seen.label.clone())));
        }
        let unreadable = columns.iter().any(|c| c.unreadable);
        let doubtful = columns.iter().any(|c| !c.doubtful.is_empty());
        let marked = |c: &Seen| !c.shown.is_empty() || c.unreadable;
        let (Some(first), Some(last)) = (columns.iter().position(marked), columns.iter().rposition(marked))
        else {
            return Response::blank();
        };
        let mut value = String::new();
        let mut missing = Vec::new();
        for (i, column) in columns.iter().enumerate() {
            let outside = match self.kind {
                ReadKind::IdentityTrailing => i > last,
                ReadKind::IdentityAny => i < first || i > last,
                _ => false,
            };
            if outside {
                continue;
            }
            if marked(column) {
                value.push_str(&column.column());
            } else if self.kind == ReadKind::IdentityAny {
                value.push(' ');
            } else {
                value.push('_');
                missing.push(u16::try_from(i + 1).unwrap_or(u16::MAX));
            }
        }
        let several = columns.iter().any(|c| c.filled.chars().count() > 1);
        if several {
            let cause = Cause::Multiple { value: value.clone() };
            open.push(Exception::of_field(cause, self.name.clone()));
        }
        let state = if unreadable {
            ResponseState::Unreadable
        } else if doubtful {
            ResponseState::Marginal
        } else if several {
            ResponseState::Multiple
        } else if missing.is_empty() {
            ResponseState::Resolved
        } else {
            ResponseState::Marginal
        };
        if !missing.is_empty() {
            let cause = Cause::BlankColumns { columns: missing };
            open.push(Exception::of_field(cause, self.name.clone()));
        }
        Response { value, state }
    }
}

/// What holds an item, if anything does: of all its columns together.
fn item_doubt(columns: &[Seen]) -> Option<Cause> {
    if columns.iter().any(|c| c.unreadable) {
        return Some(Cause::Unreadable);
    }
    let marks: Vec<_> = columns
        .iter()
        .flat_map(|c| c.doubtful.iter().map(|(letter, fill)| (letter.to_string(), *fill)))
        .collect();
    (!marks.is_empty()).then_some(Cause::Marginal { marks })
}

/// The columns of a numeric item as its value: a character a column, `_` for a blank one, `[05]` for several marks.
pub(super) fn number_value(columns: &[Seen]) -> String {
    columns.iter().map(Seen::column).collect()
}

fn number_of(columns: &[Seen]) -> Response {
    let blank = columns.iter().all(|c| c.shown.is_empty());
    let value = if blank { String::new() } else { number_value(columns) };
    let state = if columns.iter().any(|c| c.unreadable) {
        ResponseState::Unreadable
    } else if columns.iter().any(|c| !c.doubtful.is_empty()) {
        ResponseState::Marginal
    } else if blank {
        ResponseState::Blank
    } else if columns.iter().any(|c| c.filled.chars().count() > 1) {
        ResponseState::Multiple
    } else {
        ResponseState::Resolved
    };
    Response { value, state }
}

fn item(seen: &Seen) -> Response {
    let state = if seen.unreadable {
        ResponseState::Unreadable
    } else if !seen.doubtful.is_empty() {
        ResponseState::Marginal
    } else {
        match seen.filled.chars().count() {
            0 => ResponseState::Blank,
            1 => ResponseState::Resolved,
            _ if seen.several => ResponseState::Resolved,
            _ => ResponseState::Multiple,
        }
    };
    Response { value: seen.shown.clone(), state }
}

/// The responses that the marks alone give, and one exception for each place where a person must look, in
/// the layout's order.
///
/// An item is `resolved` if exactly one option is filled (or, where several are allowed, at least one) and
/// none is in doubt. Any marginal mark makes the item `marginal`, and its value lists what is filled or in
/// doubt. A double mark on a single-choice item is `multiple` and is no exception by itself: what becomes of
/// it is the exam's rule ([`settle`](super::settle)).
///
/// An item of several columns (a number) has one character a column, `_` for a blank one and `[05]` for several marks, and is
/// `resolved` as long as no column has several marks or one in doubt: `6_` is what was marked. Without any mark it is blank.
///
/// An identity field has one character a column; `_` for a blank column and `[05]` for several marks. Blank
/// columns that the layout allows are left out at the ends and are a space inside. It is `resolved` only if
/// every other column has exactly one filled mark. Marginal and unreadable columns are exceptions of their
/// column; several marks and missing columns are exceptions of the field. A field without any mark is
/// `blank`. An unreadable position outweighs everything, a marginal one everything else.
///
/// A flag is a resolved `1` if it is filled; an exception about it is one of the whole field.
///
/// # Example
///
/// ```
/// # let sheet = format!("{}:1", duka::sheet::Sha256::of(b"a scan"));
/// # let layout_hash = duka::sheet::Sha256::of(b"a layout");
/// let reading: duka::read::Reading = serde_json::from_value(serde_json::json!({
///     "sheet": sheet, "engine": "engine", "layout": "theory-100", "layout_hash": layout_hash,
///     "pose": { "orientation": "0", "rotation_centidegrees": 0, "residual_um": 40 },
///     "faint": 200, "marginal": 200, "definite": 500,
///     "fields": [{ "name": "items", "kind": "items", "positions": [
///         { "label": "17", "options": "ABCD", "several": false,
///           "marks": [[12, 0, "e"], [20, 10, "e"], [810, 900, "f"], [9, 0, "e"]] },
///         { "label": "18", "options": "ABCD", "several": false,
///           "marks": [[340, 300, "m"], [20, 10, "e"], [15, 0, "e"], [9, 0, "e"]] },
///     ] }],
/// }))?;
/// let (responses, exceptions) = duka::settle::responses(&reading);
/// assert_eq!(responses.items[&17].known(), Some("C"));
/// assert_eq!(responses.items[&18].known(), None);
/// assert_eq!(exceptions[0].to_string(), "items 18: in doubt: A (34.0 %)");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn responses(reading: &Reading) -> (Responses, Vec<Exception>) {
    let mut responses = Responses::default();
    let mut open = Vec::new();
    for field in &reading.fields {
        SeenField::of(field).conclude(&mut responses, &mut open);
    }
    (responses, open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::fixture::{field, items, mark, reading};
    use proptest::prelude::*;

    fn one_item(marks: &str, several: bool) -> (Response, Vec<Exception>) {
        let reading = reading(vec![items(&[("7", "ABCD", marks)], several)]);
        let (responses, open) = responses(&reading);
        (responses.items[&7].clone(), open)
    }

    fn causes(open: &[Exception]) -> Vec<String> {
        open.iter()
            .map(|e| {
                let item = e.item.as_ref().map_or(String::new(), |i| format!("/{i}"));
                format!("{}{item} {}", e.field.as_ref().unwrap(), e.cause.kind())
            })
            .collect()
    }

    #[test]
    fn single_choice_items_follow_the_table() {
        use ResponseState::{Blank, Marginal, Multiple, Resolved, Unreadable};
        for (marks, value, state, exception) in [
            ("eeee", "", Blank, None),
            ("efee", "B", Resolved, None),
            ("fefe", "AC", Multiple, None),
            ("ffff", "ABCD", Multiple, None),
            ("emee", "B", Marginal, Some("items/7 marginal")),
            ("emme", "BC", Marginal, Some("items/7 marginal")),
            ("feme", "AC", Marginal, Some("items/7 marginal")),
            ("ffem", "ABD", Marginal, Some("items/7 marginal")),
            ("eeeu", "", Unreadable, Some("items/7 unreadable")),
            ("fmeu", "AB", Unreadable, Some("items/7 unreadable")),
        ] {
            let (response, open) = one_item(marks, false);
            assert_eq!((response.value.as_str(), response.state), (value, state), "{marks}");
            assert_eq!(
                causes(&open),
                exception.map(str::to_owned).into_iter().collect::<Vec<_>>(),
                "{marks}"
            );
        }
    }

    #[test]
    fn multiple_choice_items_follow_the_table() {
        use ResponseState::{Blank, Marginal, Resolved, Unreadable};
        for (marks, value, state) in [
            ("eeee", "", Blank),
            ("efee", "B", Resolved),
            ("efef", "BD", Resolved),
            ("ffff", "ABCD", Resolved),
            ("feem", "AD", Marginal),
            ("fueu", "A", Unreadable),
        ] {
            let (response, _) = one_item(marks, true);
            assert_eq!((response.value.as_str(), response.state), (value, state), "{marks}");
        }
    }

    #[test]
    fn numeric_items_follow_the_table() {
        use ResponseState::{Blank, Marginal, Multiple, Resolved, Unreadable};
        for (columns, value, state, exception) in [
            (["efee", "eefe"], "12", Resolved, None),
            (["eeee", "eeee"], "", Blank, None),
            (["eefe", "eeee"], "2_", Resolved, None),
            (["eeee", "feee"], "_0", Resolved, None),
            (["feef", "eefe"], "[03]2", Multiple, None),
            (["feef", "eeee"], "[03]_", Multiple, None),
            (["emee", "eefe"], "12", Marginal, Some("items/7 marginal")),
            (["emee", "meee"], "10", Marginal, Some("items/7 marginal")),
            (["feef", "emee"], "[03]1", Marginal, Some("items/7 marginal")),
            (["emee", "eeeu"], "1_", Unreadable, Some("items/7 unreadable")),
            (["eeee", "eeeu"], "", Unreadable, Some("items/7 unreadable")),
        ] {
            let run = [("6", "0123", "feee"), ("7", "0123", columns[0]), ("7", "0123", columns[1])];
            let (responses, open) = responses(&reading(vec![items(&run, false)]));
            let response = &responses.items[&7];
            assert_eq!((response.value.as_str(), response.state), (value, state), "{columns:?}");
            assert_eq!(responses.items[&6], Response::resolved("0"));
            let expected: Vec<String> = exception.map(str::to_owned).into_iter().collect();
            assert_eq!(causes(&open), expected, "{columns:?}");
        }
    }

    #[test]
    fn a_doubtful_item_says_which_options_and_how_full() {
        let (_, open) = one_item("feme", false);
        let fill = mark('m').fill;
        assert_eq!(open[0].cause, Cause::Marginal { marks: vec![("C".into(), fill)] });
    }

    #[test]
    fn a_position_without_its_marks_is_unreadable() {
        let (response, open) = one_item("efe", false);
        assert_eq!(response.state, ResponseState::Unreadable);
        assert_eq!(causes(&open), ["items/7 unreadable"]);
    }

    fn identity(kind: ReadKind, columns: &[&str]) -> (Response, Vec<String>) {
        // Alphabet 0123: each column's word says which of them are filled.
        let reading = reading(vec![field("ticket", kind, "0123", columns)]);
        let (responses, open) = responses(&reading);
        (responses.field("ticket").unwrap().clone(), causes(&open))
    }

    #[test]
    fn identity_fields_follow_the_table() {
        // Kind, columns, value, state, exceptions.
        type Row<'a> = (ReadKind, &'a [&'a str], &'a str, ResponseState, &'a [&'a str]);
        use ReadKind::{Identity, IdentityAny, IdentityTrailing};
        use ResponseState::{Blank, Marginal, Multiple, Resolved, Unreadable};
        let (one, two, none) = ("efee", "eefe", "eeee");
        let (both, dim, dims, off) = ("feef", "emee", "mefe", "eeeu");
        let table: &[Row<'_>] = &[
            (Identity, &[one, two, one], "121", Resolved, &[]),
            (Identity, &[none, none, none], "", Blank, &[]),
            (IdentityTrailing, &[none, none], "", Blank, &[]),
            (IdentityAny, &[none, none], "", Blank, &[]),
            (Identity, &[one, none, two], "1_2", Marginal, &["ticket blank-columns"]),
            (Identity, &[one, two, none], "12_", Marginal, &["ticket blank-columns"]),
            (Identity, &[none, two, one], "_21", Marginal, &["ticket blank-columns"]),
            (Identity, &[one, both, two], "1[03]2", Multiple, &["ticket multiple"]),
            (Identity, &[one, both, none], "1[03]_", Multiple, &["ticket multiple", "ticket blank-columns"]),
            (Identity, &[one, dim, two], "112", Marginal, &["ticket/2 marginal"]),
            (Identity, &[one, dims, two], "1[02]2", Marginal, &["ticket/2 marginal"]),
            (Identity, &[both, dim, two], "[03]12", Marginal, &["ticket/2 marginal", "ticket multiple"]),
            (Identity, &[dim, off, two], "1_2", Unreadable, &["ticket/1 marginal", "ticket/2 unreadable"]),
            (Identity, &[off, off], "__", Unreadable, &["ticket/1 unreadable", "ticket/2 unreadable"]),
            (IdentityTrailing, &[one, two, none], "12", Resolved, &[]),
            (IdentityTrailing, &[one, none, none], "1", Resolved, &[]),
            (IdentityTrailing, &[one, none, two], "1_2", Marginal, &["ticket blank-columns"]),
            (IdentityTrailing, &[none, two, none], "_2", Marginal, &["ticket blank-columns"]),
            (IdentityTrailing, &[one, dim, none], "11", Marginal, &["ticket/2 marginal"]),
            (IdentityAny, &[none, one, none, two, none], "1 2", Resolved, &[]),
            (IdentityAny, &[none, none, two], "2", Resolved, &[]),
            (IdentityAny, &[none, both, none], "[03]", Multiple, &["ticket multiple"]),
        ];
        for (kind, columns, value, state, open) in table {
            let (response, causes) = identity(*kind, columns);
            let got = (response.value.as_str(), response.state, causes);
            let want = (*value, *state, open.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            assert_eq!(got, want, "{kind:?} {columns:?}");
        }
    }

    #[test]
    fn flags_follow_the_table() {
        for (marks, want, open) in [
            ("e", Response::blank(), 0),
            ("f", Response::resolved("1"), 0),
            ("m", Response { value: "1".into(), state: ResponseState::Marginal }, 1),
            ("u", Response { value: String::new(), state: ResponseState::Unreadable }, 1),
        ] {
            let reading = reading(vec![field("absent", ReadKind::Flag, "1", &[marks])]);
            let (responses, exceptions) = responses(&reading);
            assert_eq!(responses.field("absent"), Some(&want), "{marks}");
            assert_eq!(exceptions.len(), open, "{marks}");
            assert!(exceptions.iter().all(|e| e.item.is_none()));
        }
    }

    fn marks(options: usize) -> impl Strategy<Value = String> {
        let one = prop_oneof![6 => Just('e'), 3 => Just('f'), 1 => Just('m'), 1 => Just('u')];
        proptest::collection::vec(one, options).prop_map(|v| v.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_resolved_value_never_comes_from_a_doubtful_mark(
            item in marks(4),
            several in any::<bool>(),
            columns in proptest::collection::vec(marks(4), 1..6),
            kind in prop_oneof![
                Just(ReadKind::Identity), Just(ReadKind::IdentityTrailing), Just(ReadKind::IdentityAny)
            ],
        ) {
            let words: Vec<&str> = columns.iter().map(String::as_str).collect();
            let reading = reading(vec![
                field("ticket", kind, "0123", &words),
                items(&[("1", "ABCD", item.as_str())], several),
            ]);
            let (responses, open) = responses(&reading);
            let doubt = |s: &str| s.contains(['m', 'u']);
            let at = |name: &str| open.iter().any(|e| e.field.as_ref().is_some_and(|f| f.as_str() == name));

            let response = &responses.items[&1];
            prop_assert_eq!(response.state.is_held(), doubt(&item));
            prop_assert_eq!(at("items"), doubt(&item));
            if response.state == ResponseState::Resolved {
                let filled: String =
                    "ABCD".chars().zip(item.chars()).filter(|(_, m)| *m == 'f').map(|(c, _)| c).collect();
                prop_assert_eq!(&response.value, &filled);
            }

            let ticket = responses.field("ticket").unwrap();
            let any_doubt = columns.iter().any(|c| doubt(c));
            if any_doubt {
                prop_assert!(ticket.state.is_held());
            }
            if matches!(ticket.state, ResponseState::Resolved | ResponseState::Blank) {
                prop_assert!(!any_doubt && !at("ticket"));
                prop_assert!(!ticket.value.contains(['_', '[', ']']));
                prop_assert_eq!(ticket.value.trim(), ticket.value.as_str());
            } else {
                prop_assert!(at("ticket"), "a field that is not resolved waits for a person");
            }
        }
    }
}
