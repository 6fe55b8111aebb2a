//! `[certificates]`: how certificates are numbered.

use super::section::{Log, Section};
use crate::exam::certificates::{CertificateScheme, LONGEST_SERIAL, NumberPart};
use crate::exam::{ExamFault, Level};
use ::toml::de::{DeTable, DeValue};
use std::collections::BTreeMap;

/// The 16 digits of a 职业资格证书: year, province, city, kind of body, institute, level, serial.
const OLD_16: &str = "{yy}{province}{city}{kind}{institute}{level}{serial:5}";

/// The 22 characters of a 职业技能等级证书: kind of body (Y, S), its code, province, site, year, level, serial.
const NEW_22: &str = "{kind}{institute}{province}{site}{yy}{level}{serial:6}";

/// The fields that are the same in every number, each with its length in the 16 digits and in the 22 characters; 0 where it has none.
const FIELDS: [(&str, usize, usize); 5] =
    [("province", 2, 2), ("city", 2, 0), ("kind", 1, 1), ("institute", 3, 4), ("site", 0, 6)];

const PARTS: &str = "\"old-16\", \"new-22\", or made of {yy} or {yyyy}, {level}, {province}, {city}, {kind}, {institute}, {site}, letters and digits, and one \
                     {serial:N} with N from 1 to 9";

const ISSUED: &str = "a date such as \"2026-12-15\"";

pub(super) fn certificates(mut section: Section<'_, '_>, log: &mut Log) -> Option<CertificateScheme> {
    let scheme = section.text("scheme", log);
    let given: BTreeMap<&str, _> = FIELDS
        .iter()
        .filter_map(|(name, ..)| {
            let value = section.get(name)?;
            let text = section.text_of(name, value, log)?;
            Some((*name, section.full(name, text, log)?))
        })
        .collect();
    let first = first(&mut section, log);
    let issued = issued(&mut section, log);
    let mut parts = None;
    if let Some(scheme) = scheme {
        let (pattern, known) = match scheme.value.as_str() {
            "old-16" => (OLD_16, Some(1)),
            "new-22" => (NEW_22, Some(2)),
            own => (own, None),
        };
        for (name, old, new) in FIELDS {
            let text = given.get(name);
            let length = match known {
                Some(1) => Some(old),
                Some(_) => Some(new),
                None => None,
            };
            let used = pattern.contains(&format!("{{{name}}}"));
            match text {
                None if used => section.wrong(log, scheme.line, name, ExamFault::Missing),
                Some(text) if !used => {
                    let fields = FIELDS.iter().map(|(name, ..)| *name);
                    let fields = fields.filter(|name| pattern.contains(&format!("{{{name}}}")));
                    let known = match fields.collect::<Vec<_>>().as_slice() {
                        [] => "none of a body in this scheme".to_owned(),
                        fields => format!("the fields of the scheme: {}", fields.join(", ")),
                    };
                    section.wrong(log, text.line, name, ExamFault::Unknown { known });
                }
                Some(text) => {
                    let letter = known == Some(2) && name == "kind";
                    let right = text.value.bytes().all(|b| match (known, letter) {
                        (Some(_), true) => b.is_ascii_uppercase(),
                        (Some(_), false) => b.is_ascii_digit(),
                        (None, _) => b.is_ascii_alphanumeric(),
                    });
                    if !right || length.is_some_and(|length| length != text.value.len()) {
                        let range = match (known, length) {
                            (Some(2), Some(1)) => "one capital letter (Y 用人单位, S 社会培训评价组织)",
                            (_, Some(1)) => "one digit",
                            (_, Some(2)) => "two digits",
                            (_, Some(3)) => "three digits",
                            (_, Some(4)) => "four digits (0000 for a body of the province)",
                            (_, Some(_)) => "six digits",
                            (_, None) => "letters and digits",
                        };
                        let value = text.value.clone();
                        section.wrong(log, text.line, name, ExamFault::Range { value, range });
                    }
                }
                None => {}
            }
        }
        let fixed = |name: &str| given.get(name).map(|text| text.value.clone());
        parts = parts_of(pattern, &fixed);
        if parts.is_none() {
            let value = format!("{:?}", scheme.value);
            let range = PARTS;
            section.wrong(log, scheme.line, "scheme", ExamFault::Range { value, range });
        }
    }
    let first_line = section.table.get("first").map_or(section.line, |value| log.line(value.span().start));
    section.close(log);
    let scheme = CertificateScheme { parts: parts?, first, issued };
    let last = scheme.last();
    if let Some(&serial) = scheme.first.values().find(|first| **first > last) {
        log.note(first_line, "certificates: first", ExamFault::SerialBeyond { serial, last });
    }
    Some(scheme)
}

/// The parts of a pattern; `None` if it has none that is known, or not one serial. A field that is not given is left out.
fn parts_of(pattern: &str, fixed: &dyn Fn(&str) -> Option<String>) -> Option<Vec<NumberPart>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let Some(inside) = rest.strip_prefix('{') else {
            let end = rest.find('{').unwrap_or(rest.len());
            let text = &rest[..end];
            if !text.chars().all(|c| c.is_alphanumeric() || "-/()（）第号".contains(c)) {
                return None;
            }
            parts.push(NumberPart::Text(text.to_owned()));
            rest = &rest[end..];
            continue;
        };
        let (name, after) = inside.split_once('}')?;
        parts.push(match name {
            "yy" => NumberPart::Year(2),
            "yyyy" => NumberPart::Year(4),
            "level" => NumberPart::Level,
            _ if FIELDS.iter().any(|(field, ..)| *field == name) => {
                NumberPart::Text(fixed(name).unwrap_or_default())
            }
            _ => {
                let width: u8 = name.strip_prefix("serial:")?.parse().ok()?;
                NumberPart::Serial(Some(width).filter(|w| (1..=LONGEST_SERIAL).contains(w))?)
            }
        });
        rest = after;
    }
    let serials = parts.iter().filter(|part| matches!(part, NumberPart::Serial(_))).count();
    (serials == 1).then_some(parts)
}

/// One first serial for every level, or one for each that is named.
fn first(section: &mut Section<'_, '_>, log: &mut Log) -> BTreeMap<Level, u32> {
    let Some(value) = section.get("first") else { return BTreeMap::new() };
    let line = log.line(value.span().start);
    if let DeValue::Table(table) = value.get_ref() {
        let table: &DeTable<'_> = table;
        let mut inner = Section::new("certificates: first: ".to_owned(), line, table);
        let mut out = BTreeMap::new();
        for level in Level::ALL {
            if let Some(value) = inner.get(level.word())
                && let Some(serial) = serial(&inner, level.word(), value, log)
            {
                out.insert(level, serial);
            }
        }
        inner.close(log);
        return out;
    }
    let serial = serial(section, "first", value, log);
    serial.map(|serial| Level::ALL.into_iter().map(|level| (level, serial)).collect()).unwrap_or_default()
}

fn serial(
    section: &Section<'_, '_>,
    key: &str,
    value: &::toml::Spanned<DeValue<'_>>,
    log: &mut Log,
) -> Option<u32> {
    let line = log.line(value.span().start);
    let DeValue::Integer(number) = value.get_ref() else {
        section.wrong(log, line, key, ExamFault::Type { expected: "a whole number" });
        return None;
    };
    let found = number.as_str().replace('_', "").parse().ok().filter(|n| *n >= 1 && number.radix() == 10);
    if found.is_none() {
        let range = "a serial from 1 on";
        section.wrong(log, line, key, ExamFault::Range { value: number.as_str().to_owned(), range });
    }
    found
}

fn issued(section: &mut Section<'_, '_>, log: &mut Log) -> Option<String> {
    let value = section.get("issued")?;
    let line = log.line(value.span().start);
    let text = match value.get_ref() {
        DeValue::Datetime(date) => date.to_string(),
        _ => section.text_of("issued", value, log)?.value,
    };
    if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        return Some(text);
    }
    section.wrong(log, line, "issued", ExamFault::Range { value: text, range: ISSUED });
    None
}
