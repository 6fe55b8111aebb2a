//! Readings for tests, written as one letter a mark: `e`mpty, `m`arginal, `f`illed, `u`nreadable.

use crate::read::{FieldReading, Mark, MarkState, Pose, PositionReading, ReadKind, Reading};
use crate::sheet::{EngineId, Sha256, SheetId};

pub(super) fn mark(letter: char) -> Mark {
    let (fill, state) = match letter {
        'e' => (30, MarkState::Empty),
        'm' => (350, MarkState::Marginal),
        'f' => (800, MarkState::Filled),
        'u' => (0, MarkState::Unreadable),
        other => panic!("no mark is written {other:?}"),
    };
    Mark { fill, firmness: fill, stroke: fill, contrast: fill, first: state, second: state, state }
}

fn position(label: &str, options: &str, several: bool, marks: &str) -> PositionReading {
    PositionReading {
        label: label.parse().unwrap(),
        options: options.to_owned(),
        several,
        marks: marks.chars().map(mark).collect(),
    }
}

/// A field whose columns share an alphabet.
pub(super) fn field(name: &str, kind: ReadKind, options: &str, columns: &[&str]) -> FieldReading {
    let positions = columns
        .iter()
        .enumerate()
        .map(|(i, marks)| position(&(i + 1).to_string(), options, false, marks))
        .collect();
    FieldReading { name: name.parse().unwrap(), kind, positions }
}

/// Items as (number, options, marks).
pub(super) fn items(items: &[(&str, &str, &str)], several: bool) -> FieldReading {
    let positions =
        items.iter().map(|(label, options, marks)| position(label, options, several, marks)).collect();
    FieldReading { name: "items".parse().unwrap(), kind: ReadKind::Items, positions }
}

pub(super) fn sheet(name: &str) -> SheetId {
    SheetId { image: Sha256::of(name.as_bytes()), page: 1 }
}

pub(super) fn reading(fields: Vec<FieldReading>) -> Reading {
    Reading {
        sheet: sheet("a"),
        engine: EngineId("engine".into()),
        layout: "theory-100".parse().unwrap(),
        layout_hash: Sha256::of(b"layout"),
        pose: Pose {
            orientation: serde_json::from_str("\"0\"").unwrap(),
            rotation_centidegrees: 0,
            residual_um: 40,
            fiducials_lost: 0,
        },
        marginal: 200,
        definite: 500,
        faint: 100,
        fields,
    }
}

/// The marks of a column of digits in which `digits` are filled.
pub(super) fn digits(digits: &str) -> String {
    ('0'..='9').map(|d| if digits.contains(d) { 'f' } else { 'e' }).collect()
}

/// A card with a ticket number of 4 digits, form A/B, both flags and three items.
pub(crate) fn card(name: &str, ticket: &str, form: &str, flags: &str, answers: [&str; 3]) -> Reading {
    let columns: Vec<String> = ticket.chars().map(|c| digits(&c.to_string())).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let flag = |i: usize| flags.get(i..=i).unwrap_or("e").to_owned();
    let labels = ["1", "2", "3"];
    let runs: Vec<_> = labels.iter().zip(answers).map(|(label, marks)| (*label, "ABCD", marks)).collect();
    let mut reading = reading(vec![
        field("ticket", ReadKind::Identity, "0123456789", &columns),
        field("form", ReadKind::Identity, "AB", &[form]),
        field("absent", ReadKind::Flag, "1", &[&flag(0)]),
        field("violation", ReadKind::Flag, "1", &[&flag(1)]),
        items(&runs, false),
    ]);
    reading.sheet = sheet(name);
    reading
}
