//! The TOML form of a key.
//!
//! The parser's own messages quote the file, so they go no further than this module: what leaves it is
//! a place and a [`KeyFault`]. Strings of the file are borrowed, not copied, while it is read.

mod scheme;
mod values;

use super::rule::Section;
use super::scale::{NoScale, Scale};
use super::{AnswerKey, Item, KeyBinding, KeyError, KeyFault, KeyProblem, ScoringRule, Void};
use crate::sheet::{Fraction, HandSection, Points};
use std::borrow::Cow;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use values::{answer, item_number, options, points, positive, strings, void, whole};
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
const WEIGHT: &str = "a number above 0 with at most two decimals, or a fraction such as \"1/3\"";
const KINDS: &str = "\"single\", \"multiple\", \"true-false\", \"numeric\" or \"hand\"";
const VOID: &str = "\"points-for-all\" or \"left-out\"";
const NAME: &str = "1 to 64 characters, none of them a slash or a control character";

impl AnswerKey {
    /// The key that `text` says, checked; `path` is for messages only.
    ///
    /// Checked are: every name and type, answers among the section's options and in their order, as
    /// many answers as items, no item twice or missing, points above zero, that the scheme fits the section,
    /// and that all points make `total` (100 unless the text says otherwise). The caller keeps `text` in memory that is wiped.
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
    at: usize,
    from: u16,
    to: u16,
    points: Fraction,
    answers: Zeroizing<Vec<u64>>,
}

/// What an `[[item]]` says.
struct Override {
    at: usize,
    accepted: Option<Zeroizing<Vec<u64>>>,
    points: Option<Fraction>,
    weight: Option<Fraction>,
    void: Option<Void>,
}

/// Sections that people mark, each with the weight of a point of theirs.
type Hand = Vec<(HandSection, Fraction)>;

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
        let paper = self.must((table, 0), "paper", NAME, |v| v.as_str()?.parse().ok());
        let form = self.must((table, 0), "form", NAME, |v| v.as_str()?.parse().ok());
        let revision = self.must((table, 0), "revision", "a whole number from 1 to 65535", |v| whole(v));
        let total = match table.get("total") {
            Some(value) => self.value(value, "total", POINTS, points),
            None => Some(Points::whole(100)),
        };

        let (drafts, hand, numbered) = self.sections(table)?;
        self.gaps(&numbered);
        let overrides = self.overrides(table, &drafts, &numbered);
        if !self.problems.is_empty() {
            return None;
        }

        let (total, total_at) = (total?, table.get("total").map_or(0, |v| v.span().start));
        let Some(items) = items(&drafts, &numbered, overrides) else {
            self.note(total_at, None, KeyFault::TooFine);
            return None;
        };
        self.parts_below_whole(&drafts, &items);
        self.makes_total(&items, &hand, total, total_at);
        let (places, sections): (Vec<usize>, Vec<Section>) =
            drafts.into_iter().map(|draft| (draft.at, draft.section)).unzip();
        let scale = match Scale::of(&sections, &items, &hand) {
            Ok(scale) => scale,
            Err(NoScale::TooFine) => {
                self.note(total_at, None, KeyFault::TooFine);
                return None;
            }
            Err(NoScale::NothingLeft(section)) => {
                self.note(places.get(section).copied().unwrap_or(0), None, KeyFault::NothingLeft);
                return None;
            }
        };
        let binding = KeyBinding { paper: paper?, form: form?, revision: revision? };
        Some(AnswerKey { binding, total, sections, items, hand, scale })
    }

    /// The sections of the card, those that are marked by hand, and each item's section and place; nothing if one can't
    /// be read, for it would leave holes that are none.
    #[allow(clippy::type_complexity)]
    fn sections(&mut self, table: &DeTable<'_>) -> Option<(Vec<Draft>, Hand, BTreeMap<u16, (usize, usize)>)> {
        let (mut drafts, mut hand) = (Vec::new(), Hand::new());
        let mut numbered: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
        let mut whole = true;
        for place in self.tables(table, "section") {
            if place.0.get("kind").and_then(|v| v.get_ref().as_str()) == Some("hand") {
                match self.hand_section(place) {
                    Some((section, _)) if hand.iter().any(|(other, _)| other.name == section.name) => {
                        self.note(place.1, None, KeyFault::HandTwice);
                    }
                    Some(found) => hand.push(found),
                    None => whole = false,
                }
            } else if let Some(draft) = self.section(place) {
                self.number(&mut numbered, &draft, drafts.len(), place.1);
                drafts.push(draft);
            } else {
                whole = false;
            }
        }
        if drafts.is_empty() && whole {
            self.note(0, None, KeyFault::NoSection);
        }
        whole.then_some((drafts, hand, numbered))
    }

    /// All options of a set but one, each at the section's own worth, earn no more than the whole set.
    fn parts_below_whole(&mut self, drafts: &[Draft], items: &[Item]) {
        for item in items {
            let Some(draft) = drafts.get(item.section) else { continue };
            let super::Credit::Partial { each: Some(each) } = draft.section.credit else { continue };
            let most = item.accepted.iter().map(|set| set.count_ones()).max().unwrap_or(1).saturating_sub(1);
            let parts = Fraction::new(i128::from(most), 1)
                .and_then(|most| each.checked_mul(item.weight)?.checked_mul(most));
            if parts.is_none_or(|parts| parts > item.points) {
                self.note(draft.at, Some(item.number), KeyFault::Each);
            }
        }
    }

    /// All points make the total.
    fn makes_total(&mut self, items: &[Item], hand: &Hand, total: Points, at: usize) {
        let by_hand =
            hand.iter().map(|(section, weight)| Fraction::from(section.points).checked_mul(*weight));
        let mut all = items.iter().map(|item| Some(item.points)).chain(by_hand);
        let found = all.try_fold(Fraction::ZERO, |sum, next| sum.checked_add(next?));
        match found {
            None => self.note(at, None, KeyFault::TooFine),
            Some(found) if found != total.into() => {
                self.note(at, None, KeyFault::Total { found, expected: total });
            }
            Some(_) => {}
        }
    }

    fn section(&mut self, place: (&DeTable<'_>, usize)) -> Option<Draft> {
        let (table, at) = place;
        self.known(
            table,
            &[
                "kind",
                "from",
                "to",
                "points",
                "options",
                "answers",
                "weight",
                "credit",
                "each",
                "penalty",
                "item_floor",
                "floor",
            ],
            "kind, from, to, points, options, answers, weight, credit, each, penalty, item_floor and floor",
        );
        let rule = self.must(place, "kind", KINDS, |v| {
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
        let scheme = self.scheme(table, rule);
        if to < from {
            self.note(at, None, KeyFault::Backwards);
            return None;
        }
        let scheme = scheme?;
        let section = Section {
            rule,
            options,
            credit: scheme.credit,
            penalty: scheme.penalty,
            weight: scheme.weight,
            item_floor: scheme.item_floor,
            floor: scheme.floor,
        };
        let answers = self.answers(answers?, &section, from, usize::from(to - from) + 1)?;
        Some(Draft { section, at, from, to, points: points?.into(), answers })
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
            self.known(
                table,
                &["item", "accept", "points", "weight", "void"],
                "item, accept, points, weight and void",
            );
            let Some(number) = self.must(place, "item", NUMBER, item_number) else { continue };
            let points = table.get("points").and_then(|v| self.value(v, "points", POINTS, points));
            let weight = table.get("weight").and_then(|v| self.value(v, "weight", WEIGHT, positive));
            let void = table.get("void").and_then(|v| self.value(v, "void", VOID, void));
            let Some(draft) = numbered.get(&number).and_then(|&(section, _)| drafts.get(section)) else {
                self.note(at, Some(number), KeyFault::ItemUnknown);
                continue;
            };
            let accepted = table.get("accept").map(|v| self.accepted(v, number, &draft.section));
            if !["accept", "points", "weight", "void"].iter().any(|name| table.contains_key(*name)) {
                self.note(at, Some(number), KeyFault::ItemIdle);
            }
            if let Some(first) = out.get(&number) {
                let first_line = self.place(first.at).0;
                self.note(at, Some(number), KeyFault::ItemTwice { first_line });
            } else {
                let points = points.map(Fraction::from);
                out.insert(number, Override { at, accepted, points, weight, void });
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

/// All items in order, those with an `[[item]]` as it says; nothing if an amount is beyond what a fraction holds.
fn items(
    drafts: &[Draft],
    numbered: &BTreeMap<u16, (usize, usize)>,
    mut overrides: BTreeMap<u16, Override>,
) -> Option<Vec<Item>> {
    let mut out = Vec::with_capacity(numbered.len());
    for (&number, &(section, _)) in numbered {
        let draft = drafts.get(section)?;
        let own = overrides.remove(&number);
        let (accepted, points, weight, void) =
            own.map_or((None, None, None, None), |o| (o.accepted, o.points, o.weight, o.void));
        let usual = || Some(Zeroizing::new(vec![*draft.answers.get(usize::from(number - draft.from))?]));
        let weight = weight.unwrap_or(draft.section.weight);
        out.push(Item {
            number,
            section,
            points: points.unwrap_or(draft.points).checked_mul(weight)?,
            penalty: draft.section.penalty.checked_mul(weight)?,
            weight,
            void,
            accepted: accepted.or_else(usual)?,
        });
    }
    Some(out)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
