//! The TOML form of a key.
//!
//! The parser's own messages quote the file, so they go no further than this module: what leaves it is
//! a place and a [`KeyFault`]. Strings of the file are borrowed, not copied, while it is read.

use super::{AnswerKey, Item, KeyBinding, KeyError, KeyFault, KeyProblem, ScoringRule, Section};
use crate::sheet::Points;
use std::borrow::Cow;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::{Zeroize, Zeroizing};

/// Greatest number an item may have. Papers of the field have 200 items at most; far above 1000 a
/// slip in `to` would make a key of nothing but missing answers.
const LAST_ITEM: u16 = 1000;

/// Longest text of a key, in bytes. A key of 200 items has 2 KB and one of 1000 items with several
/// accepted answers each has 30 KB; anything of this size is another file.
pub(super) const LONGEST: usize = 1 << 20;

const POINTS: &str = "a number above 0 with at most two decimals";
const LETTER_OPTIONS: &str = "at least two different capital letters or digits";
const NUMBER: &str = "an item number from 1 to 1000";

impl AnswerKey {
    /// The key that `text` says, checked; `path` is for messages only.
    ///
    /// Checked are: every name and type, answers among the section's options and in their order, as
    /// many answers as items, no item twice or missing, points above zero, and that all points make
    /// `total` (100 unless the text says otherwise). The caller keeps `text` in memory that is wiped.
    /// Text that is not TOML at all leaves an unwiped copy in the parser.
    ///
    /// # Errors
    ///
    /// [`KeyError::Wrong`] with every problem found, each with line, column and item;
    /// [`KeyError::TooLarge`] above 1 MiB. None of them holds a word of the text.
    pub fn parse(text: &str, path: &str) -> Result<Self, KeyError> {
        if text.len() > LONGEST {
            return Err(KeyError::TooLarge { what: "key", bytes: text.len(), limit: LONGEST });
        }
        let mut reader = Reader { text, problems: Vec::new() };
        let key = match DeTable::parse(text) {
            Ok(mut table) => {
                let key = reader.key(table.get_ref());
                table.get_mut().iter_mut().for_each(|(_, value)| wipe(value.get_mut()));
                key
            }
            Err(error) => {
                reader.note(error.span().map_or(0, |s| s.start), None, KeyFault::Syntax);
                None
            }
        };
        let mut problems = reader.problems;
        match key {
            Some(key) if problems.is_empty() => Ok(key),
            _ => {
                problems.sort_by_key(|p| (p.line, p.column, p.item));
                Err(KeyError::Wrong { path: path.to_owned(), problems })
            }
        }
    }
}

/// Wipes the strings that the parser had to copy because they have escapes.
fn wipe(value: &mut DeValue<'_>) {
    match value {
        DeValue::String(Cow::Owned(text)) => text.zeroize(),
        DeValue::Array(values) => values.iter_mut().for_each(|v| wipe(v.get_mut())),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, v)| wipe(v.get_mut())),
        _ => {}
    }
}

/// A section while it is being read. Answers that were wrong are 0.
struct Draft {
    section: Section,
    from: u16,
    to: u16,
    points: Points,
    answers: Zeroizing<Vec<u64>>,
}

/// What an `[[item]]` says.
struct Override {
    at: usize,
    accepted: Option<Zeroizing<Vec<u64>>>,
    points: Option<Points>,
}

/// Reads values and collects problems with their places.
struct Reader<'t> {
    text: &'t str,
    problems: Vec<KeyProblem>,
}

impl Reader<'_> {
    /// Line and column, from 1, of a byte of the text.
    fn place(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = 1 + before.bytes().filter(|&b| b == b'\n').count();
        let column = 1 + before.chars().rev().take_while(|&c| c != '\n').count();
        (line, column)
    }

    fn note(&mut self, byte: usize, item: Option<u16>, fault: KeyFault) {
        let (line, column) = self.place(byte);
        self.problems.push(KeyProblem { line, column, item, fault });
    }

    /// Notes every name of the table that is not known.
    fn known(&mut self, table: &DeTable<'_>, names: &[&str], known: &'static str) {
        for name in table.keys().filter(|name| !names.contains(&name.get_ref().as_ref())) {
            self.note(name.span().start, None, KeyFault::Unknown { known });
        }
    }

    /// The value of a name that must be there; `at` is the table's place.
    fn required<'v, 'i>(
        &mut self,
        table: &'v DeTable<'i>,
        at: usize,
        name: &'static str,
    ) -> Option<&'v Spanned<DeValue<'i>>> {
        let value = table.get(name);
        if value.is_none() {
            self.note(at, None, KeyFault::Missing { name });
        }
        value
    }

    /// What `read` makes of the value; a problem if that is nothing.
    fn value<'v, 'i, T>(
        &mut self,
        value: &'v Spanned<DeValue<'i>>,
        name: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&'v DeValue<'i>) -> Option<T>,
    ) -> Option<T> {
        let found = read(value.get_ref());
        if found.is_none() {
            self.note(value.span().start, None, KeyFault::Value { name, wanted });
        }
        found
    }

    /// [`Self::required`] and [`Self::value`] in one.
    fn must<'v, 'i, T>(
        &mut self,
        (table, at): (&'v DeTable<'i>, usize),
        name: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&'v DeValue<'i>) -> Option<T>,
    ) -> Option<T> {
        let value = self.required(table, at, name)?;
        self.value(value, name, wanted, read)
    }

    /// The tables of `[[name]]`, each with its place.
    fn tables<'v, 'i>(
        &mut self,
        table: &'v DeTable<'i>,
        name: &'static str,
    ) -> Vec<(&'v DeTable<'i>, usize)> {
        let Some(value) = table.get(name) else { return Vec::new() };
        let wanted = "tables, each headed by the name in double brackets";
        let read = |value: &'v DeValue<'i>| {
            value.as_array()?.iter().map(|v| Some((v.get_ref().as_table()?, v.span().start))).collect()
        };
        self.value(value, name, wanted, read).unwrap_or_default()
    }

    fn key(&mut self, table: &DeTable<'_>) -> Option<AnswerKey> {
        self.known(
            table,
            &["paper", "form", "revision", "total", "section", "item"],
            "paper, form, revision, total, [[section]] and [[item]]",
        );
        let name = "1 to 64 characters, none of them a slash or a control character";
        let paper = self.must((table, 0), "paper", name, |v| v.as_str()?.parse().ok());
        let form = self.must((table, 0), "form", name, |v| v.as_str()?.parse().ok());
        let revision = self.must((table, 0), "revision", "a whole number from 1 to 65535", |v| whole(v));
        let total = match table.get("total") {
            Some(value) => self.value(value, "total", POINTS, points),
            None => Some(Points::whole(100)),
        };

        let sections = self.tables(table, "section");
        if sections.is_empty() {
            self.note(0, None, KeyFault::NoSection);
        }
        let mut drafts = Vec::new();
        let mut numbered: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
        for &place in &sections {
            if let Some(draft) = self.section(place) {
                self.number(&mut numbered, &draft, drafts.len(), place.1);
                drafts.push(draft);
            }
        }
        // A section that can't be read leaves holes that are none.
        if drafts.len() < sections.len() {
            return None;
        }
        self.gaps(&numbered);
        let overrides = self.overrides(table, &drafts, &numbered);
        if !self.problems.is_empty() {
            return None;
        }

        let items = items(&drafts, &numbered, overrides);
        let (total, found): (Points, Points) = (total?, items.iter().map(|item| item.points).sum());
        if found != total {
            let fault = KeyFault::Total {
                found_hundredths: found.hundredths(),
                expected_hundredths: total.hundredths(),
            };
            self.note(table.get("total").map_or(0, |v| v.span().start), None, fault);
            return None;
        }
        Some(AnswerKey {
            binding: KeyBinding { paper: paper?, form: form?, revision: revision? },
            total,
            sections: drafts.into_iter().map(|draft| draft.section).collect(),
            items,
        })
    }

    fn section(&mut self, place: (&DeTable<'_>, usize)) -> Option<Draft> {
        let (table, at) = place;
        self.known(
            table,
            &["kind", "from", "to", "points", "options", "answers"],
            "kind, from, to, points, options and answers",
        );
        let rule = self.must(place, "kind", "\"single\", \"multiple\", \"true-false\" or \"numeric\"", |v| {
            Some(match v.as_str()? {
                "single" => ScoringRule::Single,
                "multiple" => ScoringRule::Multiple,
                "true-false" => ScoringRule::TrueFalse,
                "numeric" => ScoringRule::Numeric,
                _ => return None,
            })
        });
        let from = self.must(place, "from", NUMBER, item_number);
        let to = self.must(place, "to", NUMBER, item_number);
        let points = self.must(place, "points", POINTS, points);
        let options = match (table.get("options"), rule) {
            (Some(value), Some(ScoringRule::TrueFalse)) => {
                self.value(value, "options", "two different capital letters or digits", |v| {
                    options(v).filter(|o| o.len() == 2)
                })
            }
            (Some(value), _) => self.value(value, "options", LETTER_OPTIONS, options),
            (None, Some(ScoringRule::TrueFalse)) => Some("AB".to_owned()),
            (None, Some(ScoringRule::Numeric)) => Some("0123456789".to_owned()),
            (None, _) => Some("ABCD".to_owned()),
        };
        let answers = self.required(table, at, "answers");
        let (rule, from, to, options) = (rule?, from?, to?, options?);
        if to < from {
            self.note(at, None, KeyFault::Backwards);
            return None;
        }
        let section = Section { rule, options };
        let answers = self.answers(answers?, &section, from, usize::from(to - from) + 1)?;
        Some(Draft { section, from, to, points: points?, answers })
    }

    /// The section's answers, as many as it has items.
    fn answers(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        section: &Section,
        from: u16,
        expected: usize,
    ) -> Option<Zeroizing<Vec<u64>>> {
        let at = value.span().start;
        // Borrowed slices with their places; never more than the file has bytes.
        let texts: Vec<(usize, &str)> = match (value.get_ref(), section.rule) {
            (DeValue::String(letters), ScoringRule::Single | ScoringRule::TrueFalse) => {
                letters.split_inclusive(|_| true).filter(|l| !l.trim().is_empty()).map(|l| (at, l)).collect()
            }
            (other, _) => {
                let wanted = match section.rule {
                    ScoringRule::Multiple | ScoringRule::Numeric => "a list of strings",
                    ScoringRule::Single | ScoringRule::TrueFalse => "a string or a list of strings",
                };
                self.value(value, "answers", wanted, |_| strings(other))?
            }
        };
        if texts.len() != expected {
            self.note(at, None, KeyFault::Count { found: texts.len(), expected });
        }
        let mut masks = Zeroizing::new(Vec::with_capacity(texts.len()));
        for (&(at, text), number) in texts.iter().zip(from..) {
            masks.push(self.answer(at, number, section, text));
        }
        (texts.len() == expected).then_some(masks)
    }

    /// The answer as a set of options; 0 if it is wrong, which is noted.
    fn answer(&mut self, at: usize, number: u16, section: &Section, text: &str) -> u64 {
        match answer(section, text) {
            Ok(mask) => mask,
            Err(fault) => {
                self.note(at, Some(number), fault);
                0
            }
        }
    }

    /// Enters the section's items; each must be new.
    fn number(
        &mut self,
        numbered: &mut BTreeMap<u16, (usize, usize)>,
        draft: &Draft,
        section: usize,
        at: usize,
    ) {
        for number in draft.from..=draft.to {
            if let Some(&(_, first)) = numbered.get(&number) {
                let first_line = self.place(first).0;
                self.note(at, Some(number), KeyFault::ItemTwice { first_line });
            } else {
                numbered.insert(number, (section, at));
            }
        }
    }

    fn gaps(&mut self, numbered: &BTreeMap<u16, (usize, usize)>) {
        let pairs: Vec<_> = numbered.iter().zip(numbered.iter().skip(1)).collect();
        for ((&before, _), (&after, &(_, at))) in pairs {
            if after - before > 1 {
                self.note(at, None, KeyFault::Gap { from: before + 1, to: after - 1 });
            }
        }
    }

    fn overrides(
        &mut self,
        table: &DeTable<'_>,
        drafts: &[Draft],
        numbered: &BTreeMap<u16, (usize, usize)>,
    ) -> BTreeMap<u16, Override> {
        let mut out: BTreeMap<u16, Override> = BTreeMap::new();
        for place in self.tables(table, "item") {
            let (table, at) = place;
            self.known(table, &["item", "accept", "points"], "item, accept and points");
            let Some(number) = self.must(place, "item", NUMBER, item_number) else { continue };
            let points = table.get("points").and_then(|v| self.value(v, "points", POINTS, points));
            let Some(draft) = numbered.get(&number).and_then(|&(section, _)| drafts.get(section)) else {
                self.note(at, Some(number), KeyFault::ItemUnknown);
                continue;
            };
            let accepted = table.get("accept").map(|v| self.accepted(v, number, &draft.section));
            if accepted.is_none() && table.get("points").is_none() {
                self.note(at, Some(number), KeyFault::ItemIdle);
            }
            if let Some(first) = out.get(&number) {
                let first_line = self.place(first.at).0;
                self.note(at, Some(number), KeyFault::ItemTwice { first_line });
            } else {
                out.insert(number, Override { at, accepted, points });
            }
        }
        out
    }

    fn accepted(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        number: u16,
        section: &Section,
    ) -> Zeroizing<Vec<u64>> {
        let wanted = "a list of strings, at least one";
        let texts = self
            .value(value, "accept", wanted, |v| strings(v).filter(|texts| !texts.is_empty()))
            .unwrap_or_default();
        let mut masks = Zeroizing::new(Vec::with_capacity(texts.len()));
        for (at, text) in texts {
            let mask = self.answer(at, number, section, text);
            if mask != 0 && masks.contains(&mask) {
                self.note(at, Some(number), KeyFault::AcceptTwice);
            }
            masks.push(mask);
        }
        masks
    }
}

/// All items in order, those with an `[[item]]` as it says.
fn items(
    drafts: &[Draft],
    numbered: &BTreeMap<u16, (usize, usize)>,
    mut overrides: BTreeMap<u16, Override>,
) -> Vec<Item> {
    numbered
        .iter()
        .filter_map(|(&number, &(section, _))| {
            let draft = drafts.get(section)?;
            let own = overrides.remove(&number);
            let (accepted, points) = own.map_or((None, None), |o| (o.accepted, o.points));
            let usual = || Some(Zeroizing::new(vec![*draft.answers.get(usize::from(number - draft.from))?]));
            Some(Item {
                number,
                section,
                points: points.unwrap_or(draft.points),
                accepted: accepted.or_else(usual)?,
            })
        })
        .collect()
}

/// The answer as a set of the section's options, or a number's letters.
fn answer(section: &Section, text: &str) -> Result<u64, KeyFault> {
    if text.is_empty() {
        return Err(KeyFault::Empty);
    }
    if section.rule == ScoringRule::Numeric {
        if text.chars().count() > super::LONGEST_NUMBER {
            return Err(KeyFault::LongNumber);
        }
        return super::number_code(&section.options, text.chars()).ok_or(KeyFault::NotAnOption);
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
        if count > 1 && section.rule.marks() == super::Marks::One {
            return Err(KeyFault::Several);
        }
    }
    Ok(mask)
}

/// A list of strings, each with its place.
fn strings<'v>(value: &'v DeValue<'_>) -> Option<Vec<(usize, &'v str)>> {
    value.as_array()?.iter().map(|v| Some((v.span().start, v.get_ref().as_str()?))).collect()
}

/// A whole number from 1.
fn whole(value: &DeValue<'_>) -> Option<u16> {
    let number = value.as_integer()?;
    u16::from_str_radix(number.as_str(), number.radix()).ok().filter(|&n| n > 0)
}

fn item_number(value: &DeValue<'_>) -> Option<u16> {
    whole(value).filter(|&n| n <= LAST_ITEM)
}

/// Points above zero, from a number or a string, exactly as written.
fn points(value: &DeValue<'_>) -> Option<Points> {
    let text = match value {
        DeValue::String(text) => text.as_ref(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return None,
    };
    text.parse().ok().filter(|&points| points > Points::ZERO)
}

/// At least two different capitals or digits: at most 36, so that a set of them fits 64 bits.
fn options(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str()?;
    let good = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let different = text.bytes().enumerate().all(|(i, b)| !text.as_bytes()[..i].contains(&b));
    (text.len() >= 2 && good && different).then(|| text.to_owned())
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
