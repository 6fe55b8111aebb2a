//! Fields of a layout file, from their pitches to their targets.

use super::{
    Placed, Problems, RawBlank, RawChoice, RawDirection, RawFlag, RawIdentity, RawItems, RawLayout, RawShape,
    RawTarget,
};
use crate::geometry::{Point, Rect};
use crate::layout::{BlankColumns, Choice, Field, FieldKind, Position, Problem, Target, TargetShape};
use crate::sheet::{FieldName, ItemLabel};

/// The target that a field uses: its own, else the file's; otherwise a problem is noted.
fn target_of(
    own: Option<RawTarget>,
    raw: &RawLayout,
    line: usize,
    place: &str,
    problems: &mut Problems<'_>,
) -> Option<RawTarget> {
    let Some(target) = own.or(raw.target) else {
        let message = "neither the field nor the file says `target = { width, height }`";
        problems.at(line, place, Problem::Syntax(message.into()));
        return None;
    };
    for (key, value) in [("target.width", target.width), ("target.height", target.height)] {
        problems.range(line, place, key, value, 1.0, 30.0, "between 1 and 30 mm");
    }
    Some(target)
}

fn shape_of(target: RawTarget) -> TargetShape {
    match target.shape {
        RawShape::Box => TargetShape::Box,
        RawShape::Bracket => TargetShape::Bracket,
        RawShape::Oval => TargetShape::Oval,
    }
}

/// Different digits or capital letters, at least `least` of them; otherwise a problem is noted.
fn letters(
    line: usize,
    place: &str,
    key: &'static str,
    text: &str,
    least: usize,
    problems: &mut Problems<'_>,
) {
    let mut seen = [false; 128];
    let fine = text.bytes().all(|b| {
        (b.is_ascii_digit() || b.is_ascii_uppercase())
            && !std::mem::replace(&mut seen[usize::from(b & 127)], true)
    });
    if !fine || text.len() < least {
        problems.at(line, place, Problem::Letters { key, letters: text.to_owned(), least });
    }
}

/// Every field of the file: identity fields, flags, then runs of items.
pub(super) fn fields(raw: &RawLayout, problems: &mut Problems<'_>) -> Vec<Placed<Field>> {
    let identities = raw.identity.iter().filter_map(|f| {
        let line = problems.line(f.span().start);
        let value = identity(f.get_ref(), raw, line, problems)?;
        Some(Placed { line, value })
    });
    let mut out: Vec<_> = identities.collect();
    out.extend(raw.flag.iter().filter_map(|f| {
        let line = problems.line(f.span().start);
        let value = flag(f.get_ref(), raw, line, problems)?;
        Some(Placed { line, value })
    }));
    out.extend(raw.items.iter().filter_map(|f| {
        let line = problems.line(f.span().start);
        let value = items(f.get_ref(), raw, line, problems)?;
        Some(Placed { line, value })
    }));
    out
}

fn field_name(name: &str, line: usize, place: &str, problems: &mut Problems<'_>) -> Option<FieldName> {
    let parsed = name.parse().ok().filter(|_| name != FieldName::ITEMS);
    if parsed.is_none() {
        problems.at(line, place, Problem::Name { name: name.to_owned() });
    }
    parsed
}

#[allow(clippy::expect_used)]
fn label(number: impl std::fmt::Display) -> ItemLabel {
    number.to_string().parse().expect("a number is a label")
}

fn identity(f: &RawIdentity, raw: &RawLayout, line: usize, problems: &mut Problems<'_>) -> Option<Field> {
    let place = format!("identity {}", f.name);
    let name = field_name(&f.name, line, &place, problems)?;
    let target = target_of(f.target, raw, line, &place, problems)?;
    problems.coordinate(line, &place, "x", f.x);
    problems.coordinate(line, &place, "y", f.y);
    let alphabets = match (f.columns, &f.alphabet, &f.alphabets) {
        (Some(columns), Some(alphabet), None) => vec![alphabet.clone(); usize::from(columns)],
        (None, None, Some(alphabets)) => alphabets.clone(),
        _ => {
            let message = "say either `columns` and `alphabet`, or `alphabets` with one a column";
            problems.at(line, place, Problem::Syntax(message.into()));
            return None;
        }
    };
    #[allow(clippy::cast_precision_loss)]
    problems.range(line, &place, "columns", alphabets.len() as f64, 1.0, 40.0, "between 1 and 40");
    // An alphabet that all columns share is told once.
    for (i, alphabet) in alphabets.iter().enumerate() {
        if !alphabets[..i].contains(alphabet) {
            letters(line, &place, "alphabet", alphabet, 2, problems);
        }
    }
    if alphabets.len() > 1 {
        problems.length(line, &place, "column_pitch", f.column_pitch);
    }
    problems.length(line, &place, "value_pitch", f.value_pitch);
    let positions = (0u32..).zip(&alphabets).map(|(column, alphabet)| Position {
        label: label(column + 1),
        choice: Choice::Single,
        targets: (0u32..)
            .zip(alphabet.chars())
            .map(|(row, letter)| {
                let along = f.column_pitch * f64::from(column);
                let values = f.value_pitch * f64::from(row);
                let centre = match f.direction {
                    RawDirection::Down => Point::at(f.x + along, f.y + values),
                    RawDirection::Right => Point::at(f.x + values, f.y + along),
                };
                Target { value: letter.to_string(), rect: Rect::around(centre, target.width, target.height) }
            })
            .collect(),
    });
    let blank = match f.blank_columns {
        RawBlank::None => BlankColumns::None,
        RawBlank::Trailing => BlankColumns::Trailing,
        RawBlank::Any => BlankColumns::Any,
    };
    Some(Field {
        name,
        label: f.label.clone(),
        kind: FieldKind::Identity(blank),
        shape: shape_of(target),
        positions: positions.collect(),
    })
}

fn flag(f: &RawFlag, raw: &RawLayout, line: usize, problems: &mut Problems<'_>) -> Option<Field> {
    let place = format!("flag {}", f.name);
    let name = field_name(&f.name, line, &place, problems)?;
    let target = target_of(f.target, raw, line, &place, problems)?;
    problems.coordinate(line, &place, "x", f.x);
    problems.coordinate(line, &place, "y", f.y);
    let rect = Rect::around(Point::at(f.x, f.y), target.width, target.height);
    Some(Field {
        name,
        label: f.label.clone(),
        kind: FieldKind::Flag,
        shape: shape_of(target),
        positions: vec![Position {
            label: label(1),
            choice: Choice::Single,
            targets: vec![Target { value: "1".into(), rect }],
        }],
    })
}

fn items(f: &RawItems, raw: &RawLayout, line: usize, problems: &mut Problems<'_>) -> Option<Field> {
    let place = format!("items {}-{}", f.from, f.to);
    let target = target_of(f.target, raw, line, &place, problems)?;
    problems.coordinate(line, &place, "x", f.x);
    problems.coordinate(line, &place, "y", f.y);
    letters(line, &place, "options", &f.options, 2, problems);
    problems.length(line, &place, "option_pitch", f.option_pitch);
    problems.range(line, &place, "from", f64::from(f.from), 1.0, 999.0, "between 1 and 999");
    problems.range(line, &place, "to", f64::from(f.to), f64::from(f.from), 999.0, "between `from` and 999");
    problems.range(line, &place, "rows_per_block", f64::from(f.rows_per_block), 1.0, 999.0, "at least 1");
    let per_band = f.blocks_per_band.unwrap_or(u16::MAX);
    problems.range(line, &place, "blocks_per_band", f64::from(per_band), 1.0, 65_535.0, "at least 1");
    if f.to < f.from || f.to > 999 || f.rows_per_block == 0 || per_band == 0 {
        return None;
    }
    if f.to > f.from {
        problems.length(line, &place, "item_pitch", f.item_pitch);
    }
    let choice = match f.choice {
        RawChoice::Single => Choice::Single,
        RawChoice::Multiple => Choice::Multiple,
    };
    let positions = (f.from..=f.to).map(|number| {
        let index = number - f.from;
        let (block, row) = (index / f.rows_per_block, f64::from(index % f.rows_per_block));
        let (band, place) = (f64::from(block / per_band), f64::from(block % per_band));
        let targets = (0u32..).zip(f.options.chars()).map(|(option, letter)| {
            let option = f64::from(option) * f.option_pitch;
            let item = row * f.item_pitch;
            let (dx, dy) = match f.direction {
                RawDirection::Down => (option, item),
                RawDirection::Right => (item, option),
            };
            let centre = Point::at(f.x + place * f.block_pitch + dx, f.y + band * f.band_pitch + dy);
            Target { value: letter.to_string(), rect: Rect::around(centre, target.width, target.height) }
        });
        Position { label: label(number), choice, targets: targets.collect() }
    });
    Some(Field {
        name: FieldName::ITEMS.parse().ok()?,
        label: f.label.clone(),
        kind: FieldKind::Items,
        shape: shape_of(target),
        positions: positions.collect(),
    })
}
