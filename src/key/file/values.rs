//! Single values of a key's text.

use crate::key::rule::Section;
use crate::key::{KeyFault, LONGEST_NUMBER, Marks, ScoringRule, Void, number_code};
use crate::sheet::{Fraction, Points};
use toml::de::DeValue;

/// The answer as a set of the section's options, or a number's letters.
pub(super) fn answer(section: &Section, text: &str) -> Result<u64, KeyFault> {
    if text.is_empty() {
        return Err(KeyFault::Empty);
    }
    if section.rule == ScoringRule::Numeric {
        if text.chars().count() > LONGEST_NUMBER {
            return Err(KeyFault::LongNumber);
        }
        return number_code(&section.options, text.chars()).ok_or(KeyFault::NotAnOption);
    }
    let mut mask = 0u64;
    let mut count = 0u16;
    for letter in text.chars() {
        let place = section.options.chars().position(|option| option == letter);
        let bit = place.map(|p| 1u64 << p).ok_or(KeyFault::NotAnOption)?;
        if bit <= mask {
            return Err(KeyFault::Order);
        }
        mask |= bit;
        count += 1;
        if count > 1 && section.rule.marks() == Marks::One {
            return Err(KeyFault::Several);
        }
    }
    Ok(mask)
}

/// A list of strings, each with its place.
pub(super) fn strings<'v>(value: &'v DeValue<'_>) -> Option<Vec<(usize, &'v str)>> {
    value.as_array()?.iter().map(|v| Some((v.span().start, v.get_ref().as_str()?))).collect()
}

/// A whole number from 1.
pub(super) fn whole(value: &DeValue<'_>) -> Option<u16> {
    let number = value.as_integer()?;
    u16::from_str_radix(number.as_str(), number.radix()).ok().filter(|&n| n > 0)
}

pub(super) fn item_number(value: &DeValue<'_>) -> Option<u16> {
    whole(value).filter(|&n| n <= super::LAST_ITEM)
}

/// Points above zero, from a number or a string, exactly as written.
pub(super) fn points(value: &DeValue<'_>) -> Option<Points> {
    let text = match value {
        DeValue::String(text) => text.as_ref(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return None,
    };
    text.parse().ok().filter(|&points| points > Points::ZERO)
}

/// At least two different capitals or digits: at most 36, so that a set of them fits 64 bits.
pub(super) fn options(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str()?;
    let good = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let different = text.bytes().enumerate().all(|(i, b)| !text.as_bytes()[..i].contains(&b));
    (text.len() >= 2 && good && different).then(|| text.to_owned())
}

/// Points or a fraction of them, exactly as written: `0.5`, `"1/3"`.
fn amount(value: &DeValue<'_>) -> Option<Fraction> {
    match value {
        DeValue::String(text) => text.parse().ok(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

/// An amount above zero.
pub(super) fn positive(value: &DeValue<'_>) -> Option<Fraction> {
    amount(value).filter(|&amount| amount > Fraction::ZERO)
}

/// A floor: zero or an amount below, or none at all.
pub(super) struct Floor(pub(super) Option<Fraction>);

/// A floor.
pub(super) fn floor(value: &DeValue<'_>) -> Option<Floor> {
    if value.as_str() == Some("none") {
        return Some(Floor(None));
    }
    amount(value).filter(|&amount| amount <= Fraction::ZERO).map(|amount| Floor(Some(amount)))
}

/// What becomes of an item that should not have been asked.
pub(super) fn void(value: &DeValue<'_>) -> Option<Void> {
    match value.as_str()? {
        "points-for-all" => Some(Void::ForAll),
        "left-out" => Some(Void::LeftOut),
        _ => None,
    }
}
