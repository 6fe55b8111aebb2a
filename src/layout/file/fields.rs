//! Fields of a layout file, from their pitches to their targets.

use super::raw::{
    RawBlank, RawChoice, RawDirection, RawFlag, RawIdentity, RawItems, RawLayout, RawNumber, RawPart,
    RawShape, RawTarget,
};
use super::{Placed, Problems};
use crate::geometry::{Point, Rect};
use crate::layout::{
    BlankColumns, Choice, Field, FieldKind, Measure, Position, Problem, Target, TargetShape,
};
use crate::sheet::{FieldName, ItemLabel};
use toml::Spanned;

/// The most columns of a numeric item: a key keeps an answer as one number of 64 bits, which holds 12 letters or digits.
const MOST_DIGITS: f64 = 12.0;

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
        problems.size(line, place, key, value, (1.0, 30.0, "between 1 and 30 mm"));
    }
    Some(target)
}

fn shape_of(target: RawTarget) -> TargetShape {
    match target.shape {
        RawShape::Box => TargetShape::Box,
        RawShape::Bracket => TargetShape::Bracket,
        RawShape::Oval => TargetShape::Oval,
        RawShape::Unknown => TargetShape::Unknown,
    }
}

/// Different digits or capital letters, at least two of them (one on a page known in pixels, where other people's forms
/// have targets of their own); otherwise a problem is noted.
fn letters(line: usize, place: &str, key: &'static str, text: &str, problems: &mut Problems<'_>) {
    let least = match problems.measure {
        Measure::Printed => 2,
        Measure::Nominal => 1,
    };
    let mut seen = [false; 128];
    let fine = text.bytes().all(|b| {
        (b.is_ascii_digit() || b.is_ascii_uppercase())
            && !std::mem::replace(&mut seen[usize::from(b & 127)], true)
    });
    if !fine || text.len() < least {
        problems.at(line, place, Problem::Letters { key, letters: text.to_owned(), least });
    }
}

/// Every field of the file: identity fields, flags, runs of items, then numeric items.
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
    out.extend(raw.number.iter().filter_map(|f| {
        let line = problems.line(f.span().start);
        let value = number(f.get_ref(), raw, line, problems)?;
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

/// Columns of targets as a table says them.
#[derive(Clone, Copy)]
#[allow(clippy::struct_field_names)] // `columns` is the file's key
pub(super) struct Columns<'r> {
    pub(super) x: Option<f64>,
    pub(super) y: Option<f64>,
    pub(super) columns: Option<u16>,
    pub(super) alphabet: Option<&'r str>,
    pub(super) alphabets: Option<&'r [String]>,
    pub(super) column_pitch: Option<f64>,
    pub(super) value_pitch: Option<f64>,
    pub(super) column_at: Option<&'r [f64]>,
    pub(super) value_at: Option<&'r [f64]>,
    pub(super) direction: RawDirection,
    pub(super) target: Option<RawTarget>,
}

/// The coordinates along one axis of a grid.
struct Axis<'r> {
    /// Key and value of the first coordinate.
    first: (&'static str, Option<f64>),
    /// Key and value of the pitch.
    pitch: (&'static str, Option<f64>),
    /// Key and value of the list that stands in for both.
    at: (&'static str, Option<&'r [f64]>),
}

impl Axis<'_> {
    /// `count` coordinates; otherwise a problem is noted.
    fn places(
        &self,
        count: usize,
        line: usize,
        place: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<f64>> {
        match (self.first.1, self.at.1) {
            (Some(first), None) => {
                problems.coordinate(line, place, self.first.0, first);
                let pitch = self.pitch.1.unwrap_or_default();
                if count > 1 {
                    problems.length(line, place, self.pitch.0, pitch);
                }
                Some((0u32..).take(count).map(|i| first + pitch * f64::from(i)).collect())
            }
            (None, Some(at)) if self.pitch.1.is_none() && at.len() == count => {
                for &value in at {
                    problems.coordinate(line, place, self.at.0, value);
                }
                Some(at.to_vec())
            }
            (None, Some(at)) if self.pitch.1.is_none() => {
                let message = format!("`{}` has {} coordinates for {count}", self.at.0, at.len());
                problems.at(line, place, Problem::Syntax(message));
                None
            }
            _ => {
                let (first, pitch, at) = (self.first.0, self.pitch.0, self.at.0);
                let message = format!("say either `{first}` and `{pitch}`, or `{at}` with every coordinate");
                problems.at(line, place, Problem::Syntax(message));
                None
            }
        }
    }
}

impl Columns<'_> {
    /// One alphabet a column; otherwise a problem is noted.
    fn alphabets(&self, line: usize, place: &str, problems: &mut Problems<'_>) -> Option<Vec<String>> {
        let alphabets = match (self.columns, self.alphabet, self.alphabets) {
            (Some(columns), Some(alphabet), None) => vec![alphabet.to_owned(); usize::from(columns)],
            (None, None, Some(alphabets)) => alphabets.to_vec(),
            _ => {
                let message = "say either `columns` and `alphabet`, or `alphabets` with one a column";
                problems.at(line, place, Problem::Syntax(message.into()));
                return None;
            }
        };
        problems.range(line, place, "columns", alphabets.len() as f64, 1.0, 40.0, "between 1 and 40");
        // An alphabet that all columns share is told once.
        for (i, alphabet) in alphabets.iter().enumerate() {
            if !alphabets[..i].contains(alphabet) {
                letters(line, place, "alphabet", alphabet, problems);
            }
        }
        Some(alphabets)
    }

    /// The columns' targets, in order, and their shape.
    fn targets(
        &self,
        raw: &RawLayout,
        line: usize,
        place: &str,
        problems: &mut Problems<'_>,
    ) -> Option<(TargetShape, Vec<Vec<Target>>)> {
        let target = target_of(self.target, raw, line, place, problems)?;
        let alphabets = self.alphabets(line, place, problems)?;
        let (x, y) = (("x", self.x), ("y", self.y));
        let (across, along) = match self.direction {
            RawDirection::Down => (x, y),
            RawDirection::Right => (y, x),
        };
        let columns = Axis {
            first: across,
            pitch: ("column_pitch", self.column_pitch),
            at: ("column_at", self.column_at),
        };
        let values =
            Axis { first: along, pitch: ("value_pitch", self.value_pitch), at: ("value_at", self.value_at) };
        let longest = alphabets.iter().map(|a| a.chars().count()).max().unwrap_or_default();
        let columns = columns.places(alphabets.len(), line, place, problems)?;
        let values = values.places(longest, line, place, problems)?;
        let out = columns.iter().zip(&alphabets).map(|(&column, alphabet)| {
            let letters = values.iter().zip(alphabet.chars());
            let target = |(&value, letter): (&f64, char)| {
                let centre = match self.direction {
                    RawDirection::Down => Point::at(column, value),
                    RawDirection::Right => Point::at(value, column),
                };
                Target { value: letter.to_string(), rect: Rect::around(centre, target.width, target.height) }
            };
            letters.map(target).collect()
        });
        Some((shape_of(target), out.collect()))
    }
}

/// The columns of a table and of its parts, in order; all have one shape.
fn joined(
    first: Columns<'_>,
    parts: &[Spanned<RawPart>],
    raw: &RawLayout,
    (line, place): (usize, &str),
    problems: &mut Problems<'_>,
) -> Option<(TargetShape, Vec<Vec<Target>>)> {
    let (shape, mut columns) = first.targets(raw, line, place, problems)?;
    for part in parts {
        let line = problems.line(part.span().start);
        let (own, more) = part.get_ref().columns().targets(raw, line, place, problems)?;
        if own != shape {
            let message = "the parts of one field have targets of one shape";
            problems.at(line, place, Problem::Syntax(message.into()));
        }
        columns.extend(more);
    }
    Some((shape, columns))
}

fn identity(f: &RawIdentity, raw: &RawLayout, line: usize, problems: &mut Problems<'_>) -> Option<Field> {
    let place = format!("identity {}", f.name);
    let name = field_name(&f.name, line, &place, problems)?;
    let (shape, columns) = joined(f.columns(), &f.part, raw, (line, &place), problems)?;
    let blank = match f.blank_columns {
        RawBlank::None => BlankColumns::None,
        RawBlank::Trailing => BlankColumns::Trailing,
        RawBlank::Any => BlankColumns::Any,
    };
    let position =
        |(column, targets): (u32, _)| Position { label: label(column), choice: Choice::Single, targets };
    Some(Field {
        name,
        label: f.label.clone(),
        kind: FieldKind::Identity(blank),
        shape,
        positions: (1..).zip(columns).map(position).collect(),
    })
}

/// An item that is answered by one mark in each of several columns.
fn number(f: &RawNumber, raw: &RawLayout, line: usize, problems: &mut Problems<'_>) -> Option<Field> {
    let place = format!("number {}", f.item);
    problems.range(line, &place, "item", f64::from(f.item), 1.0, 999.0, "between 1 and 999");
    let (shape, columns) = joined(f.columns(), &f.part, raw, (line, &place), problems)?;
    problems.range(line, &place, "columns", columns.len() as f64, 1.0, MOST_DIGITS, "between 1 and 12");
    let position = |targets| Position { label: label(f.item), choice: Choice::Single, targets };
    Some(Field {
        name: FieldName::ITEMS.parse().ok()?,
        label: f.label.clone(),
        kind: FieldKind::Items,
        shape,
        positions: columns.into_iter().map(position).collect(),
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

/// The numbers of a run's items; otherwise a problem is noted.
fn numbers(f: &RawItems, line: usize, problems: &mut Problems<'_>) -> Option<Vec<u16>> {
    let place = place_of(f);
    let numbers: Vec<u16> = match (f.from, f.to, &f.numbers) {
        (Some(from), Some(to), None) => {
            problems.range(line, &place, "from", f64::from(from), 1.0, 999.0, "between 1 and 999");
            let wanted = "between `from` and 999";
            problems.range(line, &place, "to", f64::from(to), f64::from(from), 999.0, wanted);
            (from..=to.min(999)).collect()
        }
        (None, None, Some(numbers)) => {
            for (i, &n) in numbers.iter().enumerate() {
                problems.range(line, &place, "numbers", f64::from(n), 1.0, 999.0, "between 1 and 999");
                if numbers[..i].contains(&n) {
                    problems.at(line, &place, Problem::ItemTwice { item: n, first_line: line });
                    return None;
                }
            }
            numbers.clone()
        }
        _ => {
            let message = "say either `from` and `to`, or `numbers` with every item";
            problems.at(line, &place, Problem::Syntax(message.into()));
            return None;
        }
    };
    if numbers.is_empty() && f.numbers.is_some() {
        problems.at(line, &place, Problem::Syntax("`numbers` has no item".into()));
    }
    (!numbers.is_empty()).then_some(numbers)
}

fn place_of(f: &RawItems) -> String {
    match (f.from, f.to, f.numbers.as_deref()) {
        (Some(from), Some(to), _) => format!("items {from}-{to}"),
        (_, _, Some([first, .., last])) => format!("items {first}-{last}"),
        (_, _, Some([only])) => format!("items {only}"),
        _ => "items".to_owned(),
    }
}

/// Where a run's items begin: across the columns of blocks and down each; otherwise a problem is noted.
fn item_places(
    f: &RawItems,
    count: usize,
    line: usize,
    problems: &mut Problems<'_>,
) -> Option<Vec<(f64, f64)>> {
    let place = place_of(f);
    // Options go right and items down, or the other way round.
    let (first, first_option) = match f.direction {
        RawDirection::Down => (("y", f.y), ("x", f.x)),
        RawDirection::Right => (("x", f.x), ("y", f.y)),
    };
    let option = if f.option_at.is_some() { 0.0 } else { first_option.1? };
    let beside = |along: f64| match f.direction {
        RawDirection::Down => (option, along),
        RawDirection::Right => (along, option),
    };
    let blocks = f.rows_per_block.is_some() || f.block_pitch.is_some() || f.blocks_per_band.is_some();
    if f.item_at.is_some() || !blocks {
        if blocks || f.band_pitch.is_some() {
            let message = "a run with `item_at` has no blocks";
            problems.at(line, &place, Problem::Syntax(message.into()));
            return None;
        }
        let axis = Axis { first, pitch: ("item_pitch", f.item_pitch), at: ("item_at", f.item_at.as_deref()) };
        return Some(axis.places(count, line, &place, problems)?.into_iter().map(beside).collect());
    }
    let (rows, per_band) = (f.rows_per_block.unwrap_or(u16::MAX), f.blocks_per_band.unwrap_or(u16::MAX));
    problems.range(line, &place, "rows_per_block", f64::from(rows), 1.0, 65_535.0, "at least 1");
    problems.range(line, &place, "blocks_per_band", f64::from(per_band), 1.0, 65_535.0, "at least 1");
    if rows == 0 || per_band == 0 {
        return None;
    }
    if f.option_at.is_some() {
        let message = "a run in blocks has its options at a pitch";
        problems.at(line, &place, Problem::Syntax(message.into()));
        return None;
    }
    let Some(first) = first.1 else {
        problems.at(line, &place, Problem::Syntax("say `x` and `y` of the first option".into()));
        return None;
    };
    problems.coordinate(line, &place, "item", first);
    let (pitch, block_pitch, band_pitch) = (
        f.item_pitch.unwrap_or_default(),
        f.block_pitch.unwrap_or_default(),
        f.band_pitch.unwrap_or_default(),
    );
    if count > 1 {
        problems.length(line, &place, "item_pitch", pitch);
    }
    let (x, y) = beside(first);
    let places = (0u16..).take(count).map(|index| {
        let (block, row) = (index / rows, f64::from(index % rows));
        let (band, column) = (f64::from(block / per_band), f64::from(block % per_band));
        let (dx, dy) = match f.direction {
            RawDirection::Down => (0.0, row * pitch),
            RawDirection::Right => (row * pitch, 0.0),
        };
        (x + column * block_pitch + dx, y + band * band_pitch + dy)
    });
    Some(places.collect())
}

fn items(f: &RawItems, raw: &RawLayout, line: usize, problems: &mut Problems<'_>) -> Option<Field> {
    let place = place_of(f);
    let target = target_of(f.target, raw, line, &place, problems)?;
    letters(line, &place, "options", &f.options, problems);
    let numbers = numbers(f, line, problems)?;
    let first = match f.direction {
        RawDirection::Down => ("x", f.x),
        RawDirection::Right => ("y", f.y),
    };
    let axis =
        Axis { first, pitch: ("option_pitch", f.option_pitch), at: ("option_at", f.option_at.as_deref()) };
    let options = axis.places(f.options.chars().count(), line, &place, problems)?;
    // From an item's place to its options; where they are listed, the place is not across from them.
    let pitch = f.option_pitch.unwrap_or_default();
    let offsets: Vec<f64> = match f.option_at {
        Some(_) => options,
        None => (0u32..).take(options.len()).map(|i| f64::from(i) * pitch).collect(),
    };
    let places = item_places(f, numbers.len(), line, problems)?;
    let choice = match f.choice {
        RawChoice::Single => Choice::Single,
        RawChoice::Multiple => Choice::Multiple,
    };
    let positions = numbers.into_iter().zip(places).map(|(number, (x, y))| {
        let targets = offsets.iter().zip(f.options.chars()).map(|(&option, letter)| {
            let centre = match f.direction {
                RawDirection::Down => Point::at(x + option, y),
                RawDirection::Right => Point::at(x, y + option),
            };
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
