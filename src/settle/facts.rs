//! What the standing of a sheet depends on, without its marks.

use super::decide::{Settled, settle_by};
use crate::exam::{MultipleRule, Rules};
use crate::read::Reading;
use crate::sheet::{EngineId, Exception, FieldName, LayoutName, Response, Responses, SheetId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What of a sheet's reading decides how it stands against roster and rooms, as long as nobody has decided
/// anything about it: a few hundred bytes in place of all its marks. It follows from the reading alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetFacts {
    /// Which page.
    pub sheet: SheetId,
    /// Which layout it was read with.
    pub layout: LayoutName,
    /// The responses of identity fields and flags.
    fields: BTreeMap<FieldName, Response>,
    /// Items that are not blank.
    answered: u16,
    /// What needs a person, in the layout's order; with those that do only where the exam holds double marks.
    open: Vec<(Exception, When)>,
}

/// When an exception is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum When {
    #[serde(rename = "a")]
    Always,
    /// Where the exam holds double marks of single-choice items.
    #[serde(rename = "d")]
    DoublesHeld,
}

impl SheetFacts {
    /// The facts of a reading.
    #[must_use]
    pub fn of(reading: &Reading) -> Self {
        let held = settle_by(reading, &[], MultipleRule::Hold);
        let wrong: BTreeSet<Exception> =
            settle_by(reading, &[], MultipleRule::Wrong).open.into_iter().collect();
        let open = held.open.into_iter().map(|exception| {
            let when = if wrong.contains(&exception) { When::Always } else { When::DoublesHeld };
            (exception, when)
        });
        Self {
            sheet: reading.sheet,
            layout: reading.layout.clone(),
            fields: held.responses.fields,
            answered: held.answered,
            open: open.collect(),
        }
    }

    /// The text of facts with the program that made them before it: another one may see others.
    #[must_use]
    pub fn signed(by: &EngineId, text: &str) -> String {
        format!("{}\n{text}", by.0)
    }

    /// The facts in a signed text, if the program `by` made them.
    #[must_use]
    pub fn of_signed(by: &EngineId, text: &str) -> Option<Self> {
        let facts = text.strip_prefix(by.0.as_str())?.strip_prefix('\n')?;
        serde_json::from_str(facts).ok()
    }

    /// Whether something waits for a person, whatever roster and rooms say; without rules, whatever those say
    /// too.
    #[must_use]
    pub fn is_held(&self, rules: Option<&Rules>) -> bool {
        self.open.iter().any(|(_, when)| match rules {
            Some(rules) => when.applies(rules),
            None => *when == When::Always,
        })
    }

    /// What the sheet comes to without any decision, but for the responses to its items.
    #[must_use]
    pub fn settled(&self, rules: &Rules) -> Settled {
        let open = self.open.iter().filter(|(_, when)| when.applies(rules));
        Settled {
            responses: Responses { fields: self.fields.clone(), items: BTreeMap::new() },
            answered: self.answered,
            open: open.map(|(exception, _)| exception.clone()).collect(),
            voided: false,
            accepted: false,
            accepted_fields: BTreeSet::new(),
            form: None,
        }
    }
}

impl When {
    fn applies(self, rules: &Rules) -> bool {
        self == Self::Always || rules.multiple == MultipleRule::Hold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::fixture::{field, items, reading};
    use crate::settle::{responses, settle};
    use crate::sheet::Points;

    fn rules(multiple: MultipleRule) -> Rules {
        Rules {
            pass_line: Points::whole(60),
            grades: Vec::new(),
            fail_grade: "不合格".into(),
            multiple,
            violation: crate::exam::ViolationRule::SubjectVoid,
            rounding: None,
            levels: Vec::new(),
        }
    }

    #[test]
    fn facts_say_what_the_whole_reading_says() {
        let sheets = [
            reading(vec![items(
                &[("1", "ABCD", "feee"), ("2", "ABCD", "eeee"), ("3", "ABCD", "effe")],
                false,
            )]),
            reading(vec![
                field("ticket", crate::read::ReadKind::Identity, "01", &["fe", "ee"]),
                items(&[("1", "ABCD", "feem"), ("2", "ABCD", "ffff")], false),
                field("absent", crate::read::ReadKind::Flag, "1", &["m"]),
            ]),
        ];
        for reading in sheets {
            let facts = SheetFacts::of(&reading);
            let text = serde_json::to_string(&facts).unwrap();
            let facts_again: SheetFacts = serde_json::from_str(&text).unwrap();
            assert_eq!(facts, facts_again);
            for multiple in [MultipleRule::Hold, MultipleRule::Wrong] {
                let rules = rules(multiple);
                let whole = settle(&reading, &[], &rules);
                let short = facts.settled(&rules);
                assert_eq!(short.open, whole.open);
                assert_eq!(short.responses.fields, whole.responses.fields);
                assert_eq!(short.answered, whole.answered);
                assert_eq!(facts.is_held(Some(&rules)), !whole.open.is_empty());
            }
            assert_eq!(facts.is_held(None), !responses(&reading).1.is_empty());
        }
    }
}
