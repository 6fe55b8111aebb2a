//! A whole made-up sheet: printed, filled, scanned.

use super::{Answers, Pencil, Print, Scanner, SimulateError, Stroke};
use crate::layout::{FieldKind, Layout};
use rand::{Rng, RngExt};
use serde::Serialize;
use std::collections::BTreeMap;

/// How carefully a candidate marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Care {
    /// Every mark is full or a firm bar.
    Careful,
    /// The given share of marks (0..=1) is anything a hand does instead, and the same share of
    /// targets beside a mark has been erased.
    Careless(f64),
}

/// What was really done to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TruthMark {
    /// The option.
    pub option: String,
    /// How it was drawn: `full`, `bar`, `faint`, …
    pub stroke: &'static str,
}

/// What is really on a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The layout's name.
    pub layout: String,
    /// Identity fields and flags: one character a column, `_` for blank.
    pub fields: BTreeMap<String, String>,
    /// What was meant on each item.
    pub items: BTreeMap<u16, String>,
    /// Everything drawn that is not a careful mark, by `field item`.
    pub careless: BTreeMap<String, Vec<TruthMark>>,
}

/// A scanned sheet with its truth.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// What is really on it.
    pub truth: Truth,
}

/// `blank` filled with `answers` and scanned.
///
/// # Errors
///
/// [`SimulateError::NoTarget`] if `answers` marks an option that the layout does not have, and what
/// [`Scanner::scan`] says.
pub fn sample(
    layout: &Layout,
    blank: &Print,
    answers: &Answers,
    care: Care,
    scanner: &Scanner,
    rng: &mut impl Rng,
) -> Result<Sample, SimulateError> {
    let mut print = blank.clone();
    let pencil = Pencil::careful(rng);
    let mut careless: BTreeMap<String, Vec<TruthMark>> = BTreeMap::new();
    for field in &layout.fields {
        let columns: Option<Vec<char>> = answers.fields.get(field.name.as_str()).map(|v| v.chars().collect());
        for (column, position) in field.positions.iter().enumerate() {
            let wanted: String = if field.kind == FieldKind::Items {
                let item = position.label.as_str().parse().unwrap_or(0);
                answers.items.get(&item).cloned().unwrap_or_default()
            } else {
                let letter = columns.as_ref().and_then(|c| c.get(column)).copied();
                letter.filter(|&c| c != '_').map(String::from).unwrap_or_default()
            };
            let own = |option: &str| {
                answers.drawn.iter().find(|d| {
                    d.field == field.name.as_str() && d.item == position.label.as_str() && d.option == option
                })
            };
            for target in position.targets.iter().filter(|t| !wanted.contains(&t.value)) {
                if let Some(drawn) = own(&target.value) {
                    let place = format!("{} {}", field.name, position.label);
                    let mark = TruthMark { option: drawn.option.clone(), stroke: drawn.stroke.word() };
                    careless.entry(place).or_default().push(mark);
                    pencil.draw(&mut print, &target.rect, drawn.stroke, rng);
                }
            }
            for letter in wanted.chars() {
                let target =
                    position.targets.iter().find(|t| t.value.starts_with(letter)).ok_or_else(|| {
                        SimulateError::NoTarget {
                            layout: layout.name.to_string(),
                            field: field.name.to_string(),
                            item: position.label.to_string(),
                            value: letter.to_string(),
                        }
                    })?;
                let stroke = own(&target.value).map_or_else(|| choose(care, rng), |d| d.stroke);
                if !matches!(stroke, Stroke::Full | Stroke::Bar) {
                    let place = format!("{} {}", field.name, position.label);
                    let mark = TruthMark { option: letter.to_string(), stroke: stroke.word() };
                    careless.entry(place).or_default().push(mark);
                }
                pencil.draw(&mut print, &target.rect, stroke, rng);
            }
            if let Care::Careless(share) = care
                && !wanted.is_empty()
                && rng.random_bool(share)
                && let Some(other) = position.targets.iter().find(|t| !wanted.contains(&t.value))
            {
                let stroke = if rng.random_bool(0.5) { Stroke::Erased } else { Stroke::BadlyErased };
                let place = format!("{} {}", field.name, position.label);
                let mark = TruthMark { option: other.value.clone(), stroke: stroke.word() };
                careless.entry(place).or_default().push(mark);
                pencil.draw(&mut print, &other.rect, stroke, rng);
            }
        }
    }
    let bytes = scanner.scan(&print, rng)?;
    let truth = Truth {
        layout: layout.name.to_string(),
        fields: answers.fields.clone(),
        items: answers.items.clone(),
        careless,
    };
    Ok(Sample { bytes, truth })
}

fn choose(care: Care, rng: &mut impl Rng) -> Stroke {
    match care {
        Care::Careless(share) if rng.random_bool(share) => {
            // Erasures are drawn beside a mark, not instead of one.
            Stroke::ALL[rng.random_range(2..9)]
        }
        _ => {
            if rng.random_bool(0.25) {
                Stroke::Bar
            } else {
                Stroke::Full
            }
        }
    }
}
