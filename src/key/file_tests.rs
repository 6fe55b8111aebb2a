use super::*;
use std::fmt::Write as _;

const GOOD: &str = r#"paper = "cook-5"
form = "B"
revision = 4
total = 7.5

[[section]]
kind = "multiple"
from = 4
to = 5
points = "1.25"
options = "ABCDE"
answers = ["AE", "BCD"]

[[section]]
kind = "single"
from = 1
to = 3
points = 1
answers = "AB C"

[[item]]
item = 2
accept = ["B", "D"]
points = 3
"#;

/// Line and column, item and fault of everything that is wrong with the text.
fn faults(text: &str) -> Vec<(usize, usize, Option<u16>, KeyFault)> {
    match AnswerKey::parse(text, "key.toml").unwrap_err() {
        KeyError::Wrong { path, problems } => {
            assert_eq!(path, "key.toml");
            problems.into_iter().map(|p| (p.line, p.column, p.item, p.fault)).collect()
        }
        other => panic!("{other}"),
    }
}

/// The faults after one change of the good key.
fn after(from: &str, to: &str) -> Vec<(usize, usize, Option<u16>, KeyFault)> {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    faults(&GOOD.replace(from, to))
}

fn one(found: &[(usize, usize, Option<u16>, KeyFault)], line: usize, item: Option<u16>, fault: KeyFault) {
    let found: Vec<_> = found.iter().map(|f| (f.0, f.2, f.3)).collect();
    assert_eq!(found, [(line, item, fault)]);
}

#[test]
fn a_good_key_is_what_it_says() {
    let key = AnswerKey::parse(GOOD, "key.toml").unwrap();
    assert_eq!(key.binding().to_string(), "paper cook-5, form B, revision 4");
    assert_eq!(key.total().hundredths(), 750);
    let items: Vec<_> = key.items().map(|i| (i.number(), i.points().to_string())).collect();
    let points = ["1.0", "3.0", "1.0", "1.25", "1.25"];
    assert_eq!(items, (1..).zip(points.map(String::from)).collect::<Vec<_>>());
    let accepts = |n: u16, marked: &str| key.items().find(|i| i.number() == n).unwrap().accepts(marked);
    assert_eq!(accepts(1, "A"), Some(true));
    assert_eq!(accepts(1, "B"), Some(false));
    assert_eq!(accepts(1, "E"), None);
    assert_eq!((accepts(2, "B"), accepts(2, "D"), accepts(2, "BD")), (Some(true), Some(true), Some(false)));
    assert_eq!(accepts(3, "C"), Some(true));
    assert_eq!((accepts(4, "AE"), accepts(4, "EA"), accepts(4, "A")), (Some(true), Some(true), Some(false)));
    assert_eq!(accepts(5, "BCD"), Some(true));
}

#[test]
fn the_example_is_a_key_whatever_its_paper_is_called() {
    for name in ["electrician-4", "电工四级", "quote\"d", "it's"] {
        let text = super::super::example_toml(&name.parse().unwrap(), &"A".parse().unwrap(), 9);
        let key = AnswerKey::parse(&text, "key.toml").unwrap();
        assert_eq!((key.binding().paper.as_str(), key.binding().revision), (name, 9));
        assert_eq!((key.numbers().count(), key.total()), (100, Points::whole(100)));
    }
}

#[test]
fn every_answer_is_an_option_in_order() {
    one(&after("\"AB C\"", "\"ABE\""), 19, Some(3), KeyFault::NotAnOption);
    one(&after("\"AB C\"", "\"aBC\""), 19, Some(1), KeyFault::NotAnOption);
    one(&after("\"AB C\"", "[\"A\", \"BC\", \"C\"]"), 19, Some(2), KeyFault::Several);
    one(&after("\"AE\"", "\"EA\""), 12, Some(4), KeyFault::Order);
    one(&after("\"AE\"", "\"AAE\""), 12, Some(4), KeyFault::Order);
    one(&after("\"AE\"", "\"\""), 12, Some(4), KeyFault::Empty);
    one(&after("\"AE\"", "\"A E\""), 12, Some(4), KeyFault::NotAnOption);
    one(&after("[\"B\", \"D\"]", "[\"B\", \"B\"]"), 23, Some(2), KeyFault::AcceptTwice);
    one(&after("[\"B\", \"D\"]", "[\"BD\"]"), 23, Some(2), KeyFault::Several);
    // The second of two faults in a list is where it stands.
    assert_eq!(after("\"BCD\"", "\"BXD\""), [(12, 18, Some(5), KeyFault::NotAnOption)]);
}

#[test]
fn answers_are_as_many_as_items() {
    one(&after("\"AB C\"", "\"AB\""), 19, None, KeyFault::Count { found: 2, expected: 3 });
    one(&after("to = 5", "to = 6"), 12, None, KeyFault::Count { found: 2, expected: 3 });
    let wanted = KeyFault::Value { name: "answers", wanted: "a list of strings" };
    one(&after("[\"AE\", \"BCD\"]", "\"AB\""), 12, None, wanted);
}

#[test]
fn items_are_numbered_once_and_without_gaps() {
    let found = after("from = 1\nto = 3", "from = 2\nto = 4");
    one(&found, 14, Some(4), KeyFault::ItemTwice { first_line: 6 });
    one(&after("from = 4\nto = 5", "from = 7\nto = 8"), 6, None, KeyFault::Gap { from: 4, to: 6 });
    one(&after("from = 1\nto = 3", "from = 3\nto = 1"), 14, None, KeyFault::Backwards);
    one(&after("item = 2", "item = 9"), 21, Some(9), KeyFault::ItemUnknown);
    let twice = format!("{GOOD}[[item]]\nitem = 2\npoints = 3\n");
    one(&faults(&twice), 25, Some(2), KeyFault::ItemTwice { first_line: 21 });
    one(&after("accept = [\"B\", \"D\"]\npoints = 3\n", ""), 21, Some(2), KeyFault::ItemIdle);
}

#[test]
fn points_are_above_zero_exact_and_make_the_total() {
    let wanted = KeyFault::Value { name: "points", wanted: POINTS };
    for points in ["0", "-1", "0.333", "1e0", "\"one\"", "true", "nan", "0x10"] {
        one(&after("points = 1\n", &format!("points = {points}\n")), 18, None, wanted);
    }
    let total = |found: &str, expected: &str| KeyFault::Total {
        found: found.parse().unwrap(),
        expected: expected.parse().unwrap(),
    };
    one(&after("total = 7.5", "total = 7.51"), 4, None, total("7.5", "7.51"));
    one(&after("total = 7.5\n", ""), 1, None, total("7.5", "100"));
    one(&after("points = 3", "points = 2.99"), 4, None, total("7.49", "7.5"));
    one(&after("points = 3", "points = 3\nweight = \"1/3\""), 4, None, total("5.5", "7.5"));
}

#[test]
fn names_and_types_are_checked() {
    let known =
        "kind, from, to, points, options, answers, weight, credit, each, penalty, item_floor and floor";
    assert_eq!(
        after("options = \"ABCDE\"", "optoins = \"ABCDE\"")[0],
        (11, 1, None, KeyFault::Unknown { known })
    );
    one(&after("revision = 4\n", ""), 1, None, KeyFault::Missing { name: "revision" });
    one(&after("to = 3\n", ""), 14, None, KeyFault::Missing { name: "to" });
    let revision = KeyFault::Value { name: "revision", wanted: "a whole number from 1 to 65535" };
    for value in ["0", "70000", "-1", "\"4\"", "4.0"] {
        one(&after("revision = 4", &format!("revision = {value}")), 3, None, revision);
    }
    one(&after("to = 3", "to = 1001"), 17, None, KeyFault::Value { name: "to", wanted: NUMBER });
    let options = KeyFault::Value { name: "options", wanted: LETTER_OPTIONS };
    for value in ["A", "AA", "ab", "A B", "甲乙"] {
        one(&after("\"ABCDE\"", &format!("\"{value}\"")), 11, None, options);
    }
    let kind = KeyFault::Value { name: "kind", wanted: KINDS };
    one(&after("\"multiple\"", "\"several\""), 7, None, kind);
    let two = KeyFault::Value { name: "options", wanted: "two different capital letters or digits" };
    one(&after("\"multiple\"", "\"true-false\"")[..1], 11, None, two);
    assert!(faults("").contains(&(1, 1, None, KeyFault::NoSection)));
}

#[test]
fn what_is_not_toml_is_placed_and_not_quoted() {
    one(&after("\"AB C\"", "\"AB C"), 19, None, KeyFault::Syntax);
    one(&after("form = \"B\"", "form = \"B\"\nform = \"C\""), 3, None, KeyFault::Syntax);
    let long = "#".repeat(LONGEST + 1);
    assert!(matches!(AnswerKey::parse(&long, "k"), Err(KeyError::TooLarge { .. })));
}

#[test]
fn a_message_names_file_line_column_and_item() {
    let error = AnswerKey::parse(&GOOD.replace("\"BCD\"", "\"DCB\""), "key.toml").unwrap_err();
    assert_eq!(
        error.to_string(),
        "key.toml:12:18: item 5: the answer's options must be in the section's order, each once"
    );
    assert_eq!(error.hint(), Some("the issuer corrects the key at the places named and seals it again"));
}

/// The faults with these lines in the section of several marks, or in the other one.
fn with(lines: &str, single: bool) -> Vec<(usize, Option<u16>, KeyFault)> {
    let at = if single { "points = 1\n" } else { "points = \"1.25\"\n" };
    after(at, &format!("{at}{lines}\n")).into_iter().map(|f| (f.0, f.2, f.3)).collect()
}

#[test]
fn a_scheme_fits_its_section() {
    for good in [
        "credit = \"all\"",
        "credit = \"partial\"",
        "credit = \"partial\"\neach = 0.25\npenalty = \"1/7\"\nfloor = \"none\"",
        "credit = \"right-minus-wrong\"\nitem_floor = -1\nfloor = \"-5/2\"",
        "penalty = 1\nitem_floor = 0",
    ] {
        let text = GOOD.replace("points = \"1.25\"\n", &format!("points = \"1.25\"\n{good}\n"));
        assert!(AnswerKey::parse(&text, "k").is_ok(), "{good}");
    }
    let only = |name, only| KeyFault::OnlyFor { name, only };
    let losing = "sections with a penalty or with credit \"right-minus-wrong\"";
    for (lines, single, line, item, fault) in [
        ("credit = \"partial\"", true, 19, None, only("credit", "sections of kind \"multiple\"")),
        ("each = 0.5", false, 11, None, only("each", "sections with credit \"partial\"")),
        (
            "credit = \"right-minus-wrong\"\npenalty = 1",
            false,
            12,
            None,
            only("penalty", "sections whose credit is not \"right-minus-wrong\""),
        ),
        ("floor = 0", true, 19, None, only("floor", losing)),
        ("item_floor = 0", false, 11, None, only("item_floor", losing)),
        // Two of three at 0.7 are more than 1.25.
        ("credit = \"partial\"\neach = 0.7", false, 6, Some(5), KeyFault::Each),
        ("credit = \"some\"", false, 11, None, KeyFault::Value { name: "credit", wanted: scheme::CREDIT }),
        ("penalty = -1", false, 11, None, KeyFault::Value { name: "penalty", wanted: WEIGHT }),
        ("weight = 0", false, 11, None, KeyFault::Value { name: "weight", wanted: WEIGHT }),
        ("penalty = 1\nfloor = 1", false, 12, None, KeyFault::Value { name: "floor", wanted: scheme::FLOOR }),
    ] {
        assert_eq!(with(lines, single), [(line, item, fault)], "{lines}");
    }
}

#[test]
fn void_items_leave_something_to_score() {
    let void = |text: &str| after("points = 3\n", &format!("points = 3\nvoid = \"{text}\"\n"));
    assert_eq!(void("gone")[0].3, KeyFault::Value { name: "void", wanted: VOID });
    let good = GOOD.replace("points = 3\n", "points = 3\nvoid = \"left-out\"\n");
    assert_eq!(AnswerKey::parse(&good, "k").unwrap().total().to_string(), "7.5");
    let all =
        format!("{GOOD}[[item]]\nitem = 4\nvoid = \"left-out\"\n[[item]]\nitem = 5\nvoid = \"left-out\"\n");
    one(&faults(&all), 6, None, KeyFault::NothingLeft);
}

#[test]
fn a_section_marked_by_hand_has_a_name_of_its_own() {
    let hand = "[[section]]\nkind = \"hand\"\nname = \"简答题\"\npoints = 20\nweight = 0.25\n";
    let text = GOOD.replace("total = 7.5", "total = 12.5");
    let key = AnswerKey::parse(&format!("{text}{hand}"), "k").unwrap();
    let sections: Vec<_> = key.hand_sections().map(|s| (s.name.as_str(), s.points)).collect();
    assert_eq!(sections, [("简答题", Points::whole(20))]);
    one(&faults(&format!("{text}{hand}{hand}")), 30, None, KeyFault::HandTwice);
    let known = "kind, name, points and weight";
    let wrong = format!("{text}{hand}from = 1\n");
    one(&faults(&wrong), 30, None, KeyFault::Unknown { known });
    let none = "paper = \"p\"\nform = \"A\"\nrevision = 1\ntotal = 5\n";
    one(&faults(&format!("{none}{hand}")), 1, None, KeyFault::NoSection);
}

#[test]
fn amounts_without_a_common_part_of_a_point_are_refused() {
    let primes = [101, 103, 107, 109, 113, 127];
    let mut text = GOOD.to_owned();
    for (n, prime) in (6..).zip(primes) {
        let _ = write!(
            text,
            "[[section]]\nkind=\"single\"\nfrom={n}\nto={n}\npoints=1\npenalty=\"1/{prime}\"\nanswers=\"A\"\n"
        );
    }
    one(&faults(&text.replace("total = 7.5", "total = 13.5")), 4, None, KeyFault::TooFine);
}
