//! The answer key: what is right, what it is worth, and who may see it when.
//!
//! An issuer signs what the exam is and who its custodians are ([`ExamManifest`]), writes a key as TOML
//! ([`example_toml`] shows the form), and [`seal`] checks it and seals it so that any k of the custodians
//! release it together. A grading machine asks with a [`Request`]; each custodian looks at it
//! ([`Proposal`]) and answers with a [`Release`]; enough of them make a [`Quorum`], which opens the key as an
//! [`AnswerKey`]. From the moment it is parsed, an answer lives only in memory that is wiped when it is
//! dropped. An `AnswerKey` can't be copied, serialised or printed; its errors name places, never text.
//!
//! What this does not hide: whoever is root on the machine that opens a key can read it; and once
//! sheets are graded, responses and totals together could rebuild it.

mod custody_error;
#[cfg(test)]
mod custody_tests;
mod error;
mod example;
mod file;
mod manifest;
mod release;
mod request;
mod rule;
mod scale;
mod sealed;
mod secret;
#[cfg(test)]
mod secrecy_tests;
mod text;

pub use custody_error::{CustodyError, ManifestFault};
pub use error::{BindingPart, KeyError, KeyFault, KeyProblem};
pub use example::example_toml;
pub use manifest::{ExamManifest, LEAST_THRESHOLD, MOST_CUSTODIANS, Manifest, ManifestPaper};
pub use release::{Proposal, Quorum, Release};
pub use request::{KeyPurpose, OneUseKey, Request, RequestFacts, RequestedKey};
pub use rule::{CardItem, Credit, Marks, ScoringRule, Void};
pub use sealed::{SealedFacts, SealedKey, Terms, seal};
pub use text::{Moment, MomentError};

use crate::sheet::{Form, Fraction, HandSection, PaperId, Points};
use rule::Section;
use scale::Scale;
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// An open answer key.
///
/// Its `Debug` shows paper, form and revision alone; there is no `Clone` and no `Serialize`. The
/// accepted answers are wiped from memory when it is dropped.
pub struct AnswerKey {
    binding: KeyBinding,
    total: Points,
    sections: Vec<Section>,
    /// Ascending by number, without gaps.
    items: Vec<Item>,
    /// Sections that people mark, each with the weight of a point of theirs.
    hand: Vec<(HandSection, Fraction)>,
    scale: Scale,
}

struct Item {
    number: u16,
    section: usize,
    /// With its weight, as the next.
    points: Fraction,
    penalty: Fraction,
    weight: Fraction,
    void: Option<Void>,
    /// Accepted sets of options, bit `i` is the section's option `i`; of a number its letters ([`number_code`]). Wiped on drop.
    accepted: Zeroizing<Vec<u64>>,
}

/// Which key it is: what a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyBinding {
    /// The paper.
    pub paper: PaperId,
    /// The form (试卷类型).
    pub form: Form,
    /// The revision, from 1.
    pub revision: u16,
}

impl fmt::Display for KeyBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paper {}, form {}, revision {}", self.paper, self.form, self.revision)
    }
}

impl AnswerKey {
    /// Which key it is.
    #[must_use]
    pub fn binding(&self) -> &KeyBinding {
        &self.binding
    }

    /// The most that it can give: all items and all sections that are marked by hand.
    #[must_use]
    pub fn total(&self) -> Points {
        self.total
    }

    /// Sections of the paper that people mark, in the key's order, and the most they may give.
    pub fn hand_sections(&self) -> impl Iterator<Item = &HandSection> {
        self.hand.iter().map(|(section, _)| section)
    }

    /// How many sections of the card it has.
    pub(crate) fn section_count(&self) -> usize {
        self.sections.len()
    }

    /// Numbers of its items, ascending, without gaps.
    pub fn numbers(&self) -> impl Iterator<Item = u16> {
        self.items.iter().map(|item| item.number)
    }

    /// Its items, ascending by number, for whoever grades.
    pub(crate) fn items(&self) -> impl Iterator<Item = KeyItem<'_>> {
        self.items.iter().map(|item| KeyItem { section: &self.sections[item.section], item })
    }

    /// Whether this is the key of that paper, form and revision.
    ///
    /// # Errors
    ///
    /// [`KeyError::OtherKey`] with the first part that differs.
    pub fn is_for(&self, expected: &KeyBinding) -> Result<(), KeyError> {
        let part = if self.binding.paper != expected.paper {
            BindingPart::Paper
        } else if self.binding.form != expected.form {
            BindingPart::Form
        } else if self.binding.revision != expected.revision {
            BindingPart::Revision
        } else {
            return Ok(());
        };
        Err(KeyError::OtherKey { part, expected: expected.clone() })
    }

    /// Whether this is the expected key and fits the card: exactly the same items, each with the same
    /// options (in any order) and the same number of marks. An item of several columns comes once a column; a numeric item
    /// of the key fits an item of one column too.
    ///
    /// A card with more items than its paper does not fit: a key for another card would pass unseen.
    ///
    /// # Errors
    ///
    /// [`KeyError::OtherKey`], [`KeyError::Items`], [`KeyError::Options`] or [`KeyError::Marks`], the
    /// first that applies, with the numbers of all items it applies to.
    pub fn matches(
        &self,
        expected: &KeyBinding,
        card: impl IntoIterator<Item = CardItem>,
    ) -> Result<(), KeyError> {
        self.is_for(expected)?;
        let mut only_card: BTreeMap<u16, CardItem> = BTreeMap::new();
        for item in card {
            if let Some(first) = only_card.get_mut(&item.number) {
                first.marks = Marks::Columns;
                let more: String = item.options.chars().filter(|&c| !first.options.contains(c)).collect();
                first.options.push_str(&more);
            } else {
                only_card.insert(item.number, item);
            }
        }
        let (mut only_key, mut options, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        for KeyItem { section, item } in self.items() {
            let Some(offered) = only_card.remove(&item.number) else {
                only_key.push(item.number);
                continue;
            };
            if sorted(&offered.options) != sorted(&section.options) {
                options.push(item.number);
            }
            let one_column = offered.marks == Marks::One && section.rule == ScoringRule::Numeric;
            if offered.marks != section.rule.marks() && !one_column {
                marks.push(item.number);
            }
        }
        if !only_key.is_empty() || !only_card.is_empty() {
            return Err(KeyError::Items { only_key, only_card: only_card.into_keys().collect() });
        }
        if !options.is_empty() {
            return Err(KeyError::Options { items: options });
        }
        if !marks.is_empty() {
            return Err(KeyError::Marks { items: marks });
        }
        Ok(())
    }
}

impl fmt::Debug for AnswerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerKey").field("binding", &self.binding).finish_non_exhaustive()
    }
}

/// The letters in ascending order.
fn sorted(options: &str) -> Vec<char> {
    let mut letters: Vec<char> = options.chars().collect();
    letters.sort_unstable();
    letters
}

/// An item of an open key. Lives no longer than the key and prints nothing.
pub(crate) struct KeyItem<'k> {
    section: &'k Section,
    item: &'k Item,
}

impl KeyItem<'_> {
    /// Its number.
    pub(crate) fn number(&self) -> u16 {
        self.item.number
    }

    /// What it is worth.
    pub(crate) fn points(&self) -> Fraction {
        self.item.points
    }

    /// What a wrong response takes away.
    pub(crate) fn penalty(&self) -> Fraction {
        self.item.penalty
    }

    /// What the section's amounts are multiplied with.
    pub(crate) fn weight(&self) -> Fraction {
        self.item.weight
    }

    /// Whether it should not have been asked, and what then.
    pub(crate) fn void(&self) -> Option<Void> {
        self.item.void
    }

    /// Its section's place in the key, from 0.
    pub(crate) fn section(&self) -> usize {
        self.item.section
    }

    /// What kind of answer it takes.
    pub(crate) fn rule(&self) -> ScoringRule {
        self.section.rule
    }

    /// What a set of options earns.
    pub(crate) fn credit(&self) -> Credit {
        self.section.credit
    }

    /// The least that it gives.
    pub(crate) fn item_floor(&self) -> Option<Fraction> {
        self.section.item_floor
    }

    /// The least that its section gives.
    pub(crate) fn floor(&self) -> Option<Fraction> {
        self.section.floor
    }

    /// Its options, in the key's order; bit `i` of a set is the option at `i`.
    pub(crate) fn options(&self) -> &str {
        &self.section.options
    }

    /// The accepted answers as [`Self::coded`] codes them.
    pub(crate) fn accepted(&self) -> &[u64] {
        &self.item.accepted
    }

    /// What is marked, as a set of options or a number's code; `None` if there is something that is not offered.
    pub(crate) fn coded(&self, marked: &str) -> Option<u64> {
        let options = &self.section.options;
        match self.section.rule {
            ScoringRule::Numeric => number_code(options, marked.chars().filter(|&c| c != '_')),
            _ => options_mask(options, marked),
        }
    }

    /// Whether the marked options are accepted, in whatever order; `None` if one of them is not offered.
    #[cfg(test)]
    pub(crate) fn accepts(&self, marked: &str) -> Option<bool> {
        Some(self.item.accepted.contains(&self.coded(marked)?))
    }
}

/// The set of options as bits; `None` if a letter is not one of the options, or is there twice.
fn options_mask(options: &str, letters: &str) -> Option<u64> {
    letters.chars().try_fold(0u64, |mask, letter| {
        let place = options.chars().position(|option| option == letter)?;
        let bit = 1u64.checked_shl(u32::try_from(place).ok()?)?;
        (mask & bit == 0).then_some(mask | bit)
    })
}

/// The most letters of a number: at most 36 options and nothing make 37 digits, 12 of which fit 64 bits.
const LONGEST_NUMBER: usize = 12;

/// A number's letters as one number, never 0 and different for different letters; `None` if one of them is not an option or
/// there are none or more than [`LONGEST_NUMBER`].
fn number_code(options: &str, letters: impl Iterator<Item = char>) -> Option<u64> {
    let (mut code, mut count) = (0u64, 0);
    for letter in letters {
        let place = options.chars().position(|option| option == letter)?;
        code = code.checked_mul(37)?.checked_add(u64::try_from(place).ok()? + 1)?;
        count += 1;
    }
    (1..=LONGEST_NUMBER).contains(&count).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AnswerKey {
        let text = example_toml(&"electrician-4".parse().unwrap(), &"A".parse().unwrap(), 2);
        AnswerKey::parse(&text, "key.toml").unwrap()
    }

    fn binding() -> KeyBinding {
        KeyBinding { paper: "electrician-4".parse().unwrap(), form: "A".parse().unwrap(), revision: 2 }
    }

    fn card() -> Vec<CardItem> {
        let item = |number, options: &str| CardItem { number, options: options.into(), marks: Marks::One };
        (1..=80).map(|n| item(n, "ABCD")).chain((81..=100).map(|n| item(n, "AB"))).collect()
    }

    #[test]
    fn debug_names_the_key_and_nothing_else() {
        assert_eq!(
            format!("{:?}", key()),
            "AnswerKey { binding: KeyBinding { paper: PaperId(\"electrician-4\"), form: Form(\"A\"), \
             revision: 2 }, .. }"
        );
    }

    #[test]
    fn a_key_knows_its_paper_form_and_revision() {
        for (expected, part) in [
            (KeyBinding { paper: "electrician-5".parse().unwrap(), ..binding() }, BindingPart::Paper),
            (KeyBinding { form: "B".parse().unwrap(), ..binding() }, BindingPart::Form),
            (KeyBinding { revision: 1, ..binding() }, BindingPart::Revision),
        ] {
            assert_eq!(
                key().matches(&expected, card()).unwrap_err(),
                KeyError::OtherKey { part, expected: expected.clone() }
            );
        }
        key().matches(&binding(), card()).unwrap();
    }

    #[test]
    fn a_key_fits_its_card_only() {
        let missing: Vec<_> =
            card().into_iter().filter(|i| ![3, 4, 9].contains(&i.number)).chain([extra(101)]).collect();
        let error = key().matches(&binding(), missing).unwrap_err();
        assert_eq!(error, KeyError::Items { only_key: vec![3, 4, 9], only_card: vec![101] });
        assert_eq!(
            error.to_string(),
            "key and card have different items: only in the key 3–4, 9: only on the card 101"
        );

        let mut other = card();
        other[0].options = "ABCDE".into();
        other[1].options = "DCBA".into();
        assert_eq!(key().matches(&binding(), other).unwrap_err(), KeyError::Options { items: vec![1] });

        let mut other = card();
        other[7].marks = Marks::Several;
        assert_eq!(key().matches(&binding(), other).unwrap_err(), KeyError::Marks { items: vec![8] });
    }

    #[test]
    fn a_number_is_its_letters_and_nothing_else() {
        let code = |letters: &str| number_code("0123456789", letters.chars());
        let all = ["0", "1", "9", "00", "01", "10", "11", "19", "999999999999", "000000000000"];
        let codes: std::collections::BTreeSet<_> = all.iter().map(|l| code(l).unwrap()).collect();
        assert_eq!(codes.len(), all.len());
        assert!(!codes.contains(&0));
        for none in ["", "_", "1A", "0000000000000"] {
            assert_eq!(code(none), None, "{none}");
        }
        let most: String = "Z".repeat(12);
        assert!(number_code("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", most.chars()).is_some());
    }

    #[test]
    fn a_numeric_item_of_a_key_fits_columns_of_digits() {
        let text = "paper=\"p\"\nform=\"A\"\nrevision=1\ntotal=1\n[[section]]\nkind=\"numeric\"\nfrom=1\nto=1\npoints=1\nanswers=[\"19\"]";
        let numeric = AnswerKey::parse(text, "k").unwrap();
        let single = AnswerKey::parse(
            &text.replace("\"numeric\"", "\"single\"\noptions=\"0123456789\"").replace("19", "1"),
            "k",
        )
        .unwrap();
        let column = || CardItem { number: 1, options: "0123456789".into(), marks: Marks::One };
        let binding = numeric.binding().clone();
        assert!(numeric.matches(&binding, [column(), column()]).is_ok());
        assert!(numeric.matches(&binding, [column()]).is_ok());
        assert!(single.matches(&binding, [column()]).is_ok());
        assert_eq!(single.matches(&binding, [column(), column()]), Err(KeyError::Marks { items: vec![1] }));
        let several = CardItem { marks: Marks::Several, ..column() };
        assert_eq!(numeric.matches(&binding, [several]), Err(KeyError::Marks { items: vec![1] }));
        // Two columns alike are no single mark.
        assert_eq!(single.items().next().unwrap().accepts("11"), None);
    }

    fn extra(number: u16) -> CardItem {
        CardItem { number, options: "AB".into(), marks: Marks::One }
    }
}
