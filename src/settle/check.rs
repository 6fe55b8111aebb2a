//! Whether a decision fits what it is about, asked before it is stored.

use super::decide::Overlay;
use super::evidence::{Seen, SeenField};
use crate::exam::Roster;
use crate::read::{ReadKind, Reading, SetAside};
use crate::sheet::{Decision, FieldName, ItemLabel, Place, Resolution, SheetId, TicketNumber};

/// Why a decision can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// It is about another sheet, or about a candidate.
    #[error("the decision is not about sheet {sheet}")]
    OtherPlace {
        /// The sheet it was compared with.
        sheet: SheetId,
    },
    /// The sheet has no such field.
    #[error("sheet {sheet} has no field {field}")]
    NoField {
        /// Which sheet.
        sheet: SheetId,
        /// What was asked for.
        field: FieldName,
    },
    /// The field has no such item or column.
    #[error("field {field} of sheet {sheet} has no place {item}")]
    NoItem {
        /// Which sheet.
        sheet: SheetId,
        /// Which field.
        field: FieldName,
        /// What was asked for.
        item: ItemLabel,
    },
    /// The run of items was named without a number.
    #[error("a decision about the items of sheet {sheet} names no item")]
    ItemMissing {
        /// Which sheet.
        sheet: SheetId,
    },
    /// A value, or blank, for a whole sheet.
    #[error("sheet {sheet} as a whole can't be {decision}")]
    NotForSheet {
        /// Which sheet.
        sheet: SheetId,
        /// What was decided.
        decision: Decision,
    },
    /// Void for a field or an item.
    #[error("field {field} of sheet {sheet} can't be void")]
    NotForField {
        /// Which sheet.
        sheet: SheetId,
        /// Which field.
        field: FieldName,
    },
    /// A value with a letter that is no option there, or is there twice.
    #[error("{field} {item} of sheet {sheet} can't be {value:?}: its options are {options}")]
    NotAnOption {
        /// Which sheet.
        sheet: SheetId,
        /// Which field.
        field: FieldName,
        /// Which item or column.
        item: ItemLabel,
        /// What was decided.
        value: String,
        /// What it may be made of, each at most once.
        options: Box<str>,
    },
    /// A text that the field's columns can't carry.
    #[error("{field} of sheet {sheet} can't be {value:?}: it has {columns} columns of {alphabet}")]
    DoesNotFit {
        /// Which sheet.
        sheet: SheetId,
        /// Which field.
        field: FieldName,
        /// What was decided.
        value: String,
        /// How many columns the field has.
        columns: usize,
        /// The alphabet of its first column.
        alphabet: String,
    },
    /// Accept where a mark is in doubt.
    #[error("{field} of sheet {sheet} can't be accepted as it is: it is in doubt")]
    InDoubt {
        /// Which sheet.
        sheet: SheetId,
        /// Which field.
        field: FieldName,
    },
    /// Anything but void for a page that was set aside.
    #[error("page {sheet} was set aside: it can't be {decision}")]
    NotForSetAside {
        /// Which page.
        sheet: SheetId,
        /// What was decided.
        decision: Decision,
    },
    /// Anything but accept for a candidate.
    #[error("candidate {ticket} can't be {decision}")]
    NotForCandidate {
        /// Who.
        ticket: TicketNumber,
        /// What was decided.
        decision: Decision,
    },
    /// Nobody on the roster has this number.
    #[error("ticket number (准考证号) {ticket} is not on the roster")]
    NoCandidate {
        /// Who.
        ticket: TicketNumber,
    },
}

impl ResolveError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OtherPlace { .. } => "take the sheet's id from the exceptions list",
            Self::NoField { .. } | Self::NoItem { .. } => "take field and item from the exceptions list",
            Self::ItemMissing { .. } => "name the item's number beside the field `items`",
            Self::NotForSheet { .. } => "say `void` or `accept`, or name the field that the value is for",
            Self::NotForField { .. } => "say a value or `blank`; `void` is for the whole sheet",
            Self::NotAnOption { .. } => "give the letters that are marked, each once, or `blank`",
            Self::DoesNotFit { .. } => "give one letter or digit for each column that is marked, or `blank`",
            Self::InDoubt { .. } => "look at the card and say what is marked, or `blank`",
            Self::NotForSetAside { .. } => "scan the sheet again, then void this page",
            Self::NotForCandidate { .. } => "say `accept` if the sheet is known to be missing",
            Self::NoCandidate { .. } => "correct the number, or import the roster that has it",
        }
    }
}

/// A decision that fits, as what it changes; fields and positions by their index in the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Void,
    AcceptSheet,
    AcceptField {
        field: usize,
    },
    /// An item as it was read; `columns` of them if it is a number.
    AcceptItem {
        field: usize,
        position: usize,
        columns: usize,
    },
    /// A numeric item: one entry a column from `position` on, empty for a blank one.
    Number {
        field: usize,
        position: usize,
        columns: Vec<String>,
    },
    Position {
        field: usize,
        position: usize,
        letters: String,
    },
    /// One entry a column, empty for a blank one.
    Whole {
        field: usize,
        columns: Vec<String>,
    },
}

/// What `resolution` changes; `earlier` is the sheet under the decisions before it.
pub(super) fn change(
    resolution: &Resolution,
    reading: &Reading,
    earlier: &Overlay,
) -> Result<Change, ResolveError> {
    let sheet = reading.sheet;
    let decision = &resolution.decision;
    let (name, item) = match &resolution.place {
        Place::Sheet { sheet: s } if *s == sheet => {
            return match decision {
                Decision::Void => Ok(Change::Void),
                Decision::Accept => Ok(Change::AcceptSheet),
                _ => Err(ResolveError::NotForSheet { sheet, decision: decision.clone() }),
            };
        }
        Place::Field { sheet: s, field, item } if *s == sheet => (field, item.as_ref()),
        _ => return Err(ResolveError::OtherPlace { sheet }),
    };
    let no_field = || ResolveError::NoField { sheet, field: name.clone() };
    let field = reading.fields.iter().position(|f| f.name == *name).ok_or_else(no_field)?;
    let seen = &earlier.fields[field];
    if *decision == Decision::Void {
        return Err(ResolveError::NotForField { sheet, field: name.clone() });
    }
    // A flag has one place: naming it or leaving it out is the same.
    let position = match item {
        Some(label) => {
            let no_item = || ResolveError::NoItem { sheet, field: name.clone(), item: label.clone() };
            Some(seen.positions.iter().position(|p| p.label == *label).ok_or_else(no_item)?)
        }
        None if seen.kind == ReadKind::Items => return Err(ResolveError::ItemMissing { sheet }),
        None if seen.kind == ReadKind::Flag && !seen.positions.is_empty() => Some(0),
        None => None,
    };
    // How many columns an item has: those beside each other with one label.
    let columns = position.map_or(0, |first| {
        let places = seen.positions.get(first..).unwrap_or_default();
        let label = places.first().map(|p| &p.label);
        places.iter().take_while(|p| seen.kind == ReadKind::Items && Some(&p.label) == label).count().max(1)
    });
    let in_doubt = || ResolveError::InDoubt { sheet, field: name.clone() };
    match (decision, position) {
        (Decision::Accept, Some(position)) if seen.kind == ReadKind::Items => {
            for read in &reading.fields[field].positions[position..position + columns] {
                let evidence = super::evidence::Seen::of(read);
                if evidence.unreadable || !evidence.doubtful.is_empty() {
                    return Err(in_doubt());
                }
            }
            Ok(Change::AcceptItem { field, position, columns })
        }
        (Decision::Accept, _) => {
            if seen.waits() {
                return Err(in_doubt());
            }
            Ok(Change::AcceptField { field })
        }
        (Decision::Blank, Some(position)) if columns > 1 => {
            Ok(Change::Number { field, position, columns: vec![String::new(); columns] })
        }
        (Decision::Value(value), Some(position)) if columns > 1 => {
            let places = &seen.positions[position..position + columns];
            let columns = number(places, value).ok_or_else(|| ResolveError::DoesNotFit {
                sheet,
                field: name.clone(),
                value: value.clone(),
                columns,
                alphabet: places.first().map_or(String::new(), |p| p.options.clone()),
            })?;
            Ok(Change::Number { field, position, columns })
        }
        (Decision::Blank, Some(position)) => Ok(Change::Position { field, position, letters: String::new() }),
        (Decision::Blank, None) => {
            Ok(Change::Whole { field, columns: vec![String::new(); seen.positions.len()] })
        }
        (Decision::Value(value), Some(position)) => {
            let place = &seen.positions[position];
            let once = value.chars().enumerate().all(|(i, c)| value.chars().take(i).all(|d| d != c));
            // Two marks in a column are no value, they are what a person has to settle.
            let count = if seen.kind == ReadKind::Items { usize::MAX } else { 1 };
            let fits = once
                && (1..=count).contains(&value.chars().count())
                && value.chars().all(|c| place.options.contains(c));
            if fits {
                Ok(Change::Position { field, position, letters: value.clone() })
            } else {
                Err(ResolveError::NotAnOption {
                    sheet,
                    field: name.clone(),
                    item: place.label.clone(),
                    value: value.clone(),
                    options: place.options.as_str().into(),
                })
            }
        }
        (Decision::Value(value), None) => {
            let columns = spread(seen, value).ok_or_else(|| ResolveError::DoesNotFit {
                sheet,
                field: name.clone(),
                value: value.clone(),
                columns: seen.positions.len(),
                alphabet: seen.positions.first().map_or(String::new(), |p| p.options.clone()),
            })?;
            Ok(Change::Whole { field, columns })
        }
        (Decision::Void, _) => Err(ResolveError::NotForField { sheet, field: name.clone() }),
    }
}

/// A numeric item's value over its columns: a letter a column from the first, `_` for a blank one, `[05]` for several marks;
/// columns after the last letter are blank. `None` if it doesn't fit or says nothing.
fn number(columns: &[Seen], text: &str) -> Option<Vec<String>> {
    let mut out = Vec::with_capacity(columns.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let options = &columns.get(out.len())?.options;
        let marked: String = match letter {
            '_' => String::new(),
            '[' => letters.by_ref().take_while(|&c| c != ']').collect(),
            other => other.to_string(),
        };
        let once = marked.chars().enumerate().all(|(i, c)| !marked.chars().take(i).any(|d| d == c));
        if !once || !marked.chars().all(|c| options.contains(c)) {
            return None;
        }
        out.push(marked);
    }
    let any = out.iter().any(|c| !c.is_empty());
    out.resize(columns.len(), String::new());
    any.then_some(out)
}

impl SeenField {
    /// Whether something in the field itself waits for a person.
    fn waits(&self) -> bool {
        let mut open = Vec::new();
        self.conclude(&mut crate::sheet::Responses::default(), &mut open);
        !open.is_empty()
    }
}

/// The text over the field's columns: from the first, or, where leading columns may be blank, from the
/// first at which it fits. `None` if it doesn't fit.
fn spread(field: &SeenField, text: &str) -> Option<Vec<String>> {
    let letters: Vec<char> = text.chars().collect();
    let columns = &field.positions;
    let room = columns.len().checked_sub(letters.len())?;
    let last_start = match field.kind {
        ReadKind::Identity if room > 0 => return None,
        ReadKind::IdentityAny => room,
        _ => 0,
    };
    let spaces = field.kind == ReadKind::IdentityAny;
    let fits = |start: usize| {
        letters.iter().zip(&columns[start..]).all(|(&c, p)| (c == ' ' && spaces) || p.options.contains(c))
    };
    let start = (0..=last_start).find(|&s| fits(s))?;
    let mut out = vec![String::new(); columns.len()];
    for (column, letter) in out[start..].iter_mut().zip(&letters) {
        if *letter != ' ' {
            column.push(*letter);
        }
    }
    Some(out)
}

/// Whether `resolution` fits the sheet as it stands after the `earlier` decisions.
///
/// A decision that passes is applied by [`settle`](super::settle()) in the same way; one that does not would
/// be passed over there, so ask before storing it.
///
/// # Errors
///
/// [`ResolveError`] saying what does not fit: the place, the letters, or an `accept` where a mark is in doubt.
pub fn check(resolution: &Resolution, reading: &Reading, earlier: &[Resolution]) -> Result<(), ResolveError> {
    change(resolution, reading, &Overlay::with(reading, earlier)).map(drop)
}

/// Whether `resolution` fits a page that was set aside: it can only be voided.
///
/// # Errors
///
/// [`ResolveError::OtherPlace`] or [`ResolveError::NotForSetAside`].
pub fn check_set_aside(resolution: &Resolution, page: &SetAside) -> Result<(), ResolveError> {
    let sheet = page.sheet;
    match (&resolution.place, &resolution.decision) {
        (Place::Sheet { sheet: s }, Decision::Void) if *s == sheet => Ok(()),
        (Place::Sheet { sheet: s } | Place::Field { sheet: s, .. }, decision) if *s == sheet => {
            Err(ResolveError::NotForSetAside { sheet, decision: decision.clone() })
        }
        _ => Err(ResolveError::OtherPlace { sheet }),
    }
}

/// Whether `decision` about a candidate fits: someone on the roster, whose missing sheet is accepted.
///
/// # Errors
///
/// [`ResolveError::NoCandidate`] or [`ResolveError::NotForCandidate`].
pub fn check_candidate(
    ticket: &TicketNumber,
    decision: &Decision,
    roster: &Roster,
) -> Result<(), ResolveError> {
    if !roster.candidates.contains_key(ticket) {
        return Err(ResolveError::NoCandidate { ticket: ticket.clone() });
    }
    if *decision == Decision::Accept {
        return Ok(());
    }
    Err(ResolveError::NotForCandidate { ticket: ticket.clone(), decision: decision.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{card, field, reading, sheet};
    use super::*;
    use crate::exam::{MultipleRule, Rules, ViolationRule};
    use crate::settle::{Settled, settle};
    use crate::sheet::{Points, Response, ResponseState};

    fn rules(multiple: MultipleRule) -> Rules {
        Rules {
            pass_line: Points::whole(60),
            grades: Vec::new(),
            fail_grade: "不合格".into(),
            multiple,
            violation: ViolationRule::SubjectVoid,
            rounding: None,
            levels: Vec::new(),
        }
    }

    fn at(field: &str, item: Option<&str>, decision: &str) -> Resolution {
        let place = Place::Field {
            sheet: sheet("a"),
            field: field.parse().unwrap(),
            item: item.map(|i| i.parse().unwrap()),
        };
        Resolution {
            place,
            decision: decision.parse().unwrap(),
            reviewer: "李".into(),
            reason: String::new(),
        }
    }

    fn whole(decision: &str) -> Resolution {
        Resolution { place: Place::Sheet { sheet: sheet("a") }, ..at("items", None, decision) }
    }

    fn settled(reading: &Reading, resolutions: &[Resolution]) -> Settled {
        settle(reading, resolutions, &rules(MultipleRule::Hold))
    }

    fn doubtful() -> Reading {
        card("a", "1405", "fe", "ee", ["emee", "fefe", "eefe"])
    }

    #[test]
    fn a_value_replaces_the_evidence_and_a_later_one_replaces_it() {
        let card = doubtful();
        let first = at("items", Some("1"), "b");
        let then = at("items", Some("1"), "blank");
        assert_eq!(settled(&card, &[]).responses.items[&1].state, ResponseState::Marginal);
        let once = settled(&card, std::slice::from_ref(&first));
        assert_eq!(once.responses.items[&1], Response::resolved("B"));
        assert_eq!(once.open.len(), 1, "the double mark of item 2 still waits");
        let twice = settled(&card, &[first, then]);
        assert_eq!(twice.responses.items[&1], Response::blank());
    }

    #[test]
    fn a_double_mark_waits_only_where_the_exam_says_so_and_can_be_accepted() {
        let card = card("a", "1405", "fe", "ee", ["efee", "fefe", "eefe"]);
        let held = settled(&card, &[]);
        assert_eq!(held.open.len(), 1);
        assert_eq!(held.open[0].cause, Cause::Multiple { value: "AC".into() });
        assert_eq!(settle(&card, &[], &rules(MultipleRule::Wrong)).open, []);
        let double = Response { value: "AC".into(), state: ResponseState::Multiple };
        for word in ["accept", "=AC", "=CA"] {
            let done = settled(&card, &[at("items", Some("2"), word)]);
            assert_eq!(done.open, [], "{word}");
            assert_eq!(done.responses.items[&2], double, "{word}");
        }
        // Accepting goes back to what was read.
        let back = settled(&card, &[at("items", Some("2"), "=D"), at("items", Some("2"), "accept")]);
        assert_eq!(back.responses.items[&2], double);
    }

    use crate::sheet::Cause;

    #[test]
    fn a_numeric_item_is_decided_as_a_whole() {
        use crate::settle::fixture::items;
        let sheet = |first: &str| {
            let run = [("1", "AB", "fe"), ("5", "0123", first), ("5", "0123", "eefe")];
            let mut reading = reading(vec![items(&run, false)]);
            reading.sheet = super::super::fixture::sheet("a");
            reading
        };
        let held = sheet("emee");
        let decided =
            |word: &str| settled(&held, &[at("items", Some("5"), word)]).responses.items[&5].clone();
        assert_eq!(decided("accept").state, ResponseState::Marginal, "a doubtful mark is not accepted");
        assert_eq!(decided("=12"), Response::resolved("12"));
        assert_eq!(decided("=3"), Response::resolved("3_"));
        assert_eq!(decided("=_3"), Response::resolved("_3"));
        assert_eq!(decided("blank"), Response::blank());
        let both = Response { value: "[02]1".into(), state: ResponseState::Multiple };
        assert_eq!(decided("=[02]1"), both);
        for wrong in ["=123", "=4", "=_", "=[00]1", "=A"] {
            let error = check(&at("items", Some("5"), wrong), &held, &[]).unwrap_err();
            assert!(matches!(error, ResolveError::DoesNotFit { columns: 2, .. }), "{wrong}: {error:?}");
        }
        let double = sheet("feef");
        let open = settled(&double, &[]).open;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].cause, Cause::Multiple { value: "[03]2".into() });
        assert_eq!(open[0].item.as_ref().unwrap().as_str(), "5");
        let accepted = settled(&double, &[at("items", Some("5"), "accept")]);
        assert_eq!(accepted.open, []);
        assert_eq!(accepted.responses.items[&5].state, ResponseState::Multiple);
        assert_eq!(accepted.responses.items[&1], Response::resolved("A"));
    }

    #[test]
    fn accept_never_settles_a_doubtful_mark() {
        let card = doubtful();
        let accept = at("items", Some("1"), "accept");
        assert!(matches!(check(&accept, &card, &[]), Err(ResolveError::InDoubt { .. })));
        // Even if it were stored, it changes nothing.
        assert_eq!(settled(&card, &[accept]).responses.items[&1].state, ResponseState::Marginal);
        let mut faint = doubtful();
        faint.fields[0].positions[1].marks[4].state = crate::read::MarkState::Marginal;
        let accept = at("ticket", None, "accept");
        assert!(matches!(check(&accept, &faint, &[]), Err(ResolveError::InDoubt { .. })));
        let first = at("ticket", Some("2"), "=4");
        assert_eq!(check(&accept, &faint, std::slice::from_ref(&first)), Ok(()));
        let done = settled(&faint, &[first, accept]);
        assert_eq!(done.responses.field("ticket"), Some(&Response::resolved("1405")));
        assert!(done.accepted_fields.iter().any(|f| f.as_str() == "ticket"));
    }

    #[test]
    fn a_column_corrects_its_field_and_a_whole_value_supersedes_columns() {
        let mut card = doubtful();
        for mark in &mut card.fields[0].positions[2].marks {
            mark.state = crate::read::MarkState::Empty;
        }
        let before = settled(&card, &[]);
        assert_eq!(before.responses.field("ticket").unwrap().value, "14_5");
        let column = at("ticket", Some("3"), "=7");
        let after = settled(&card, std::slice::from_ref(&column));
        assert_eq!(after.responses.field("ticket"), Some(&Response::resolved("1475")));
        let after = settled(&card, &[column, at("ticket", None, "=1406")]);
        assert_eq!(after.responses.field("ticket"), Some(&Response::resolved("1406")));
        assert!(after.open.iter().all(|e| e.field.as_ref().unwrap().as_str() == "items"));
        let blank = settled(&card, &[at("ticket", None, "blank")]);
        assert_eq!(blank.responses.field("ticket"), Some(&Response::blank()));
    }

    #[test]
    fn a_column_that_a_person_calls_blank_is_still_missing() {
        let done = settled(&doubtful(), &[at("ticket", Some("3"), "blank")]);
        assert_eq!(done.responses.field("ticket").unwrap().value, "14_5");
        assert!(done.open.iter().any(|e| e.cause == Cause::BlankColumns { columns: vec![3] }));
    }

    #[test]
    fn void_closes_everything_and_accept_takes_it_back() {
        let card = doubtful();
        let gone = settled(&card, &[whole("void")]);
        assert!(gone.voided && gone.open.is_empty() && !gone.accepted);
        let back = settled(&card, &[whole("void"), whole("accept")]);
        assert!(!back.voided && back.accepted && back.open.len() == 2);
    }

    #[test]
    fn flags_take_one_and_blank() {
        let card = card("a", "1405", "fe", "me", ["efee", "eeee", "eefe"]);
        for (word, want) in [("=1", Response::resolved("1")), ("blank", Response::blank())] {
            for item in [None, Some("1")] {
                let done = settled(&card, &[at("absent", item, word)]);
                assert_eq!(done.responses.field("absent"), Some(&want));
                assert_eq!(done.open, []);
            }
        }
    }

    #[test]
    fn the_form_that_counts_is_said_for_the_whole_field_only() {
        let card = doubtful();
        assert_eq!(settled(&card, &[at("form", None, "=B")]).form, "B".parse().ok());
        assert_eq!(settled(&card, &[at("form", Some("1"), "=B")]).form, None);
        let accepted = settled(&card, &[at("form", None, "=B"), at("form", None, "accept")]);
        assert_eq!(accepted.form, None);
        assert!(accepted.accepted_fields.iter().any(|f| f.as_str() == "form"));
        let again = settled(&card, &[at("form", None, "accept"), at("form", None, "=A")]);
        assert!(again.form.is_some() && again.accepted_fields.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let card = doubtful();
        let refused = |r: &Resolution| check(r, &card, &[]).expect_err(&r.decision.to_string());
        for (resolution, want) in [
            (at("subject", None, "=1"), "NoField"),
            (at("items", Some("4"), "=A"), "NoItem"),
            (at("items", None, "=A"), "ItemMissing"),
            (at("items", Some("1"), "=E"), "NotAnOption"),
            (at("items", Some("1"), "=AA"), "NotAnOption"),
            (at("items", Some("1"), "void"), "NotForField"),
            (at("ticket", Some("1"), "=12"), "NotAnOption"),
            (at("ticket", None, "=140"), "DoesNotFit"),
            (at("ticket", None, "=14051"), "DoesNotFit"),
            (at("ticket", None, "=140A"), "DoesNotFit"),
            (at("absent", None, "=2"), "NotAnOption"),
            (whole("=A"), "NotForSheet"),
            (whole("blank"), "NotForSheet"),
            (Resolution { place: Place::Sheet { sheet: sheet("b") }, ..whole("void") }, "OtherPlace"),
        ] {
            let error = refused(&resolution);
            assert!(format!("{error:?}").starts_with(want), "{error:?}");
            assert!(!error.hint().is_empty());
            assert_eq!(settled(&card, &[resolution]), settled(&card, &[]), "{error}");
        }
    }

    #[test]
    fn short_and_right_hand_texts_fit_where_the_layout_lets_them() {
        let of = |kind| {
            let mut r = reading(vec![field("name", kind, "0123", &["eeee", "eeee", "eeee"])]);
            r.sheet = sheet("a");
            r
        };
        let value = |kind, text: &str| {
            let reading = of(kind);
            let resolution = at("name", None, text);
            check(&resolution, &reading, &[])?;
            Ok::<_, ResolveError>(settled(&reading, &[resolution]).responses.field("name").cloned().unwrap())
        };
        assert_eq!(value(ReadKind::IdentityTrailing, "=12").unwrap(), Response::resolved("12"));
        assert_eq!(value(ReadKind::IdentityAny, "=1 2").unwrap(), Response::resolved("1 2"));
        assert_eq!(value(ReadKind::IdentityAny, "=12").unwrap(), Response::resolved("12"));
        assert!(value(ReadKind::IdentityTrailing, "=1 2").is_err());
        assert!(value(ReadKind::Identity, "=12").is_err());
    }

    #[test]
    fn a_page_set_aside_can_only_be_voided_and_a_candidate_only_accepted() {
        let page = SetAside {
            sheet: sheet("a"),
            engine: crate::sheet::EngineId("e".into()),
            exception: crate::sheet::Exception::of_sheet(Cause::LayoutCodeUnreadable),
        };
        assert_eq!(check_set_aside(&whole("void"), &page), Ok(()));
        assert!(matches!(check_set_aside(&whole("accept"), &page), Err(ResolveError::NotForSetAside { .. })));
        let ticket: TicketNumber = "1405".parse().unwrap();
        assert!(matches!(
            check_candidate(&ticket, &Decision::Accept, &Roster::default()),
            Err(ResolveError::NoCandidate { .. })
        ));
    }
}
