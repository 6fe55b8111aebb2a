use super::*;
use crate::sheet::{FieldName, Response, ResponseState};
use proptest::prelude::*;

const KEY: &str = r#"
paper = "cook-5"
form = "A"
revision = 3
total = 10

[[section]]
kind = "single"
from = 1
to = 3
points = 0.5
answers = "ABC"

[[section]]
kind = "multiple"
from = 4
to = 6
points = 2
options = "ABCDE"
answers = ["AB", "ACE", "E"]

[[section]]
kind = "true-false"
from = 7
to = 8
points = 1.25
answers = ["A", "B"]

[[item]]
item = 2
accept = ["B", "D"]

[[item]]
item = 5
accept = ["ACE", "AC"]
"#;

fn key() -> AnswerKey {
    AnswerKey::parse(KEY, "key.toml").unwrap()
}

fn responses(values: [&str; 8]) -> Responses {
    let items = (1..).zip(values).map(|(n, value)| {
        let response = match value {
            "" => Response::blank(),
            "?" => Response { value: "A".into(), state: ResponseState::Marginal },
            "!" => Response { value: String::new(), state: ResponseState::Unreadable },
            _ if value.starts_with('*') => {
                Response { value: value[1..].into(), state: ResponseState::Multiple }
            }
            _ => Response::resolved(value),
        };
        (n, response)
    });
    Responses { items: items.collect(), ..Responses::default() }
}

#[test]
fn every_rule_at_its_edges() {
    for (values, points, right, wrong, blank) in [
        (["A", "B", "C", "AB", "ACE", "E", "A", "B"], 1000, 8, 0, 0),
        // Both accepted answers of an item, and a set in another order.
        (["A", "D", "C", "BA", "AC", "E", "A", "B"], 1000, 8, 0, 0),
        // Too few, too many, another; of several accepted sets not their union's part.
        (["B", "A", "D", "A", "A", "DE", "B", "A"], 0, 0, 8, 0),
        (["", "", "", "", "", "", "", ""], 0, 0, 0, 8),
        // Two marks where one is allowed, even if the right one is among them.
        (["*AB", "*BD", "C", "*AB", "ACE", "E", "*AB", "B"], 575, 4, 4, 0),
        (["AB", "BD", "C", "", "CEA", "E", "AB", ""], 450, 3, 3, 2),
    ] {
        let score = grade(&responses(values), &key()).unwrap();
        assert_eq!(
            (score.points.hundredths(), score.right, score.wrong, score.blank),
            (points, right, wrong, blank),
            "{values:?}"
        );
        assert_eq!((score.paper.as_str(), score.form.as_str(), score.key_revision), ("cook-5", "A", 3));
        assert_eq!(score.out_of, Points::whole(10));
    }
}

#[test]
fn a_held_response_is_refused() {
    for mark in ["?", "!"] {
        let sheet = responses(["A", "B", mark, "AB", "AC", "E", "A", "B"]);
        assert_eq!(grade(&sheet, &key()), Err(GradeError::Held { item: 3 }));
    }
}

#[test]
fn sheet_and_key_have_the_same_items_options_and_form() {
    let full = responses(["A", "B", "C", "AB", "AC", "E", "A", "B"]);
    let mut sheet = full.clone();
    sheet.items.remove(&5);
    assert_eq!(grade(&sheet, &key()), Err(GradeError::Missing { item: 5 }));

    let mut sheet = full.clone();
    sheet.items.insert(9, Response::blank());
    assert_eq!(grade(&sheet, &key()), Err(GradeError::Extra { item: 9 }));

    let sheet = responses(["A", "B", "C", "AB", "AC", "E", "C", "B"]);
    assert_eq!(grade(&sheet, &key()), Err(GradeError::Option { item: 7 }));

    let mut sheet = full.clone();
    let form: FieldName = FieldName::FORM.parse().unwrap();
    sheet.fields.insert(form.clone(), Response::resolved("B"));
    assert_eq!(grade(&sheet, &key()), Err(GradeError::Form { key: "A".parse().unwrap() }));
    sheet.fields.insert(form, Response::resolved("A"));
    assert!(grade(&sheet, &key()).is_ok());
}

#[test]
fn numbers_are_compared_without_their_blank_columns() {
    let text = r#"
paper = "cook-5"
form = "A"
revision = 3
total = 3
[[section]]
kind = "numeric"
from = 1
to = 3
points = 1
answers = ["6", "06", "19"]
[[item]]
item = 3
accept = ["19", "9"]
"#;
    let key = AnswerKey::parse(text, "key.toml").unwrap();
    for (values, right, wrong, blank) in [
        (["6", "06", "19"], 3, 0, 0),
        (["6_", "06", "9_"], 3, 0, 0),
        (["_6", "6_", "_9"], 2, 1, 0),
        (["06", "60", "91"], 0, 3, 0),
        (["66", "", "1_9"], 1, 1, 1),
        (["*[56]_", "0_", "1_"], 0, 3, 0),
    ] {
        let all = responses([values[0], values[1], values[2], "", "", "", "", ""]);
        let sheet = Responses { items: all.items.into_iter().take(3).collect(), ..all };
        let score = grade(&sheet, &key).unwrap();
        assert_eq!((score.right, score.wrong, score.blank), (right, wrong, blank), "{values:?}");
    }
}

/// The accepted answers of [`KEY`], once more and by hand.
const ACCEPTED: [&[&str]; 8] = [&["A"], &["B", "D"], &["C"], &["AB"], &["ACE", "AC"], &["E"], &["A"], &["B"]];
const POINTS: [i64; 8] = [50, 50, 50, 200, 200, 200, 125, 125];
const OFFERED: [&[&str]; 8] = [
    &["", "A", "B", "C", "D", "*AC"],
    &["", "A", "B", "C", "D", "*BD"],
    &["", "A", "B", "C", "D"],
    &["", "A", "AB", "ABC", "BE", "ABCDE"],
    &["", "A", "AC", "ACE", "CE", "ABCDE"],
    &["", "E", "D", "DE"],
    &["", "A", "B", "*AB"],
    &["", "A", "B"],
];

fn any_values() -> impl Strategy<Value = [&'static str; 8]> {
    prop::array::uniform8(0usize..60)
        .prop_map(|picks| std::array::from_fn(|i| OFFERED[i][picks[i] % OFFERED[i].len()]))
}

proptest! {
    #[test]
    fn the_sum_is_that_of_the_right_items(values in any_values()) {
        let score = grade(&responses(values), &key()).unwrap();
        let right = |i: &usize| ACCEPTED[*i].contains(&values[*i]);
        let expected: i64 = (0..8).filter(right).map(|i| POINTS[i]).sum();
        prop_assert_eq!(score.points.hundredths(), expected);
        prop_assert_eq!(usize::from(score.right), (0..8).filter(right).count());
        prop_assert_eq!(usize::from(score.blank), values.iter().filter(|v| v.is_empty()).count());
        prop_assert_eq!(score.right + score.wrong + score.blank, 8);
        prop_assert!(Points::ZERO <= score.points && score.points <= score.out_of);
    }

    #[test]
    fn a_corrected_item_never_costs_points(values in any_values(), item in 0usize..8) {
        let before = grade(&responses(values), &key()).unwrap();
        let mut corrected = values;
        corrected[item] = ACCEPTED[item][0];
        let after = grade(&responses(corrected), &key()).unwrap();
        let gain = if ACCEPTED[item].contains(&values[item]) { 0 } else { POINTS[item] };
        prop_assert_eq!((after.points - before.points).hundredths(), gain);
    }
}
