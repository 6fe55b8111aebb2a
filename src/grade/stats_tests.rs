use super::stats::{ItemStatistics, Suspicion, statistics};
use super::world::{World, sheet};
use super::*;
use crate::sheet::{Response, ResponseState};

fn responses(values: &str) -> Responses {
    let item = |(n, c): (u16, char)| {
        let response = match c {
            '-' => Response::blank(),
            '*' => Response { value: "AB".into(), state: ResponseState::Multiple },
            _ => Response::resolved(c),
        };
        (n, response)
    };
    Responses { items: (1..).zip(values.chars()).map(item).collect(), ..Responses::default() }
}

fn of(key: &str, sheets: &[&str]) -> ItemStatistics {
    let key = AnswerKey::parse(key, "key.toml").unwrap();
    let sheets: Vec<_> = sheets.iter().map(|values| responses(values)).collect();
    let sheets: Vec<_> = sheets.iter().collect();
    statistics(&Grader::new(&key, None), &sheets).unwrap()
}

const FOUR: &str = "paper=\"p\"\nform=\"A\"\nrevision=1\ntotal=4\n[[section]]\nkind=\"single\"\nfrom=1\nto=4\npoints=1\nanswers=\"AAAA\"\n";

fn near(found: Option<f64>, expected: f64) {
    assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} is not {expected}");
}

/// Worked by hand: sums 4, 3, 2, 1, 0.
const LADDER: [&str; 5] = ["AAAA", "AAAB", "AABB", "ABBB", "BBBB"];

#[test]
fn a_ladder_gives_the_numbers_of_the_book() {
    let found = of(FOUR, &LADDER);
    let p: Vec<_> = found.items.iter().map(|item| item.p).collect();
    assert_eq!(p, [0.8, 0.6, 0.4, 0.2]);
    assert!((found.mean - 2.0).abs() < 1e-12 && (found.deviation - 2.0f64.sqrt()).abs() < 1e-12);
    // Σpq = .16 + .24 + .24 + .16 = .8; 4/3 (1 - .8/2) = .8.
    near(found.kr20, 0.8);
    near(found.alpha, 0.8);
    near(found.standard_error(), 2.0f64.sqrt() * 0.2f64.sqrt());
    // Item 1 with the rest 3 2 1 0 0: covariance .8·(6/4) - ... = (1·(3+2+1+0))/5 - .8·1.2 = .24; var .16 and 1.36.
    near(found.items[0].point_biserial, 0.24 / (0.16f64 * 1.36).sqrt());
    // 27 % of five is one.
    let groups = found.groups.unwrap();
    assert_eq!((groups.low, groups.high), (1, 1));
    near(found.items[0].discrimination, 1.0);
    assert!(found.items[0].suspicions.is_empty());
    // The other three items: sums 3 2 1 0 0, Σpq .64; 3/2 (1 - .64/1.36).
    near(found.items[0].alpha_without, 1.5 * (1.0 - 0.64 / 1.36));
    let a = &found.items[0].options[0];
    assert!(
        a.letter == 'A'
            && a.right
            && (a.all - 0.8).abs() < 1e-12
            && (a.high - 1.0).abs() < 1e-12
            && a.low.abs() < 1e-12
    );
}

#[test]
fn the_order_of_sheets_changes_nothing() {
    let mut turned = LADDER;
    turned.reverse();
    let (one, other) = (of(FOUR, &LADDER), of(FOUR, &turned));
    assert_eq!(one.alpha, other.alpha);
    for (a, b) in one.items.iter().zip(&other.items) {
        assert_eq!((a.p, a.point_biserial, a.discrimination), (b.p, b.point_biserial, b.discrimination));
    }
}

#[test]
fn what_looks_wrong_is_named_with_its_reason() {
    // Item 4 is wrong in the key: the best mark C, the worst A.
    let found = of(FOUR, &["AAAC", "AAAC", "AAAC", "AABB", "ABBB", "BBBA", "BBBA"]);
    let item = &found.items[3];
    assert!(item.suspicions.contains(&Suspicion::Negative));
    assert!(item.suspicions.contains(&Suspicion::Distractor('C')));
    assert_eq!(found.suspicious().map(|item| item.number).collect::<Vec<_>>(), [4]);
    let nobody = of(FOUR, &["AAAB", "AABB", "ABBB", "BBBB"]);
    assert!(nobody.items[3].suspicions.contains(&Suspicion::NobodyRight));
    assert!(nobody.items[3].point_biserial.is_none());
}

#[test]
fn blanks_double_marks_and_void_items_are_counted_apart() {
    let text = format!("{FOUR}[[item]]\nitem=4\nvoid=\"left-out\"\n");
    let found = of(&text, &["AA-A", "A*BB", "BB--", "AAAA"]);
    let counts: Vec<_> = found.items.iter().map(|i| (i.right, i.blank, i.multiple, i.void)).collect();
    assert_eq!(counts, [(3, 0, 0, false), (2, 0, 1, false), (1, 2, 0, false), (0, 1, 0, true)]);
    assert!(found.items[3].point_biserial.is_none() && found.items[3].suspicions.is_empty());
    // Three items carry four points.
    assert!((found.out_of - 4.0).abs() < 1e-12 && (found.sums[3] - 4.0).abs() < 1e-12);
}

#[test]
fn too_little_to_say_is_nothing_and_not_a_number() {
    let same = of(FOUR, &["AAAA", "AAAA"]);
    assert!(same.alpha.is_none() && same.kr20.is_none() && same.groups.is_none());
    assert!(same.items.iter().all(|i| i.point_biserial.is_none() && i.suspicions.is_empty()));
    let none = of(FOUR, &[]);
    assert_eq!((none.sheets, none.mean, none.deviation), (0, 0.0, 0.0));
    assert!(none.items.iter().all(|i| i.p == 0.0 && i.suspicions.is_empty()));
}

#[test]
fn a_penalty_and_parts_go_into_the_points() {
    let text = "paper=\"p\"\nform=\"A\"\nrevision=1\ntotal=4\n[[section]]\nkind=\"multiple\"\nfrom=1\nto=2\npoints=2\n\
                credit=\"partial\"\nanswers=[\"AB\", \"CD\"]\n";
    let key = AnswerKey::parse(text, "key.toml").unwrap();
    let sheet = |values: [&str; 2]| Responses {
        items: (1..).zip(values).map(|(n, v)| (n, Response::resolved(v))).collect(),
        ..Responses::default()
    };
    let sheets = [sheet(["AB", "CD"]), sheet(["A", "CD"]), sheet(["A", "D"]), sheet(["C", "A"])];
    let sheets: Vec<_> = sheets.iter().collect();
    let found = statistics(&Grader::new(&key, None), &sheets).unwrap();
    let item = &found.items[0];
    assert_eq!((item.right, item.partial), (1, 2));
    assert!((item.p - 0.25).abs() < 1e-12 && (item.mean_share - 0.5).abs() < 1e-12);
    assert_eq!(found.sums, [0.0, 2.0, 3.0, 4.0]);
}

/// With many candidates of a known model the statistics come out as the model has them.
#[test]
fn a_made_up_session_looks_like_what_it_was_made_of() {
    let mut world = World::new(80, 11);
    let key = world.key();
    let sheets: Vec<_> = world.candidates(1500).iter().map(|marks| sheet(marks)).collect();
    let sheets: Vec<_> = sheets.iter().collect();
    let found = statistics(&Grader::new(&key, None), &sheets).unwrap();
    let alpha = found.alpha.unwrap();
    assert!((0.88..0.97).contains(&alpha), "{alpha}");
    near(found.kr20, alpha);
    let positive = found.items.iter().filter(|i| i.point_biserial.is_some_and(|r| r > 0.05)).count();
    assert!(positive >= 76, "{positive}");
    for item in &found.items {
        let all: f64 = item.options.iter().map(|option| option.all).sum();
        assert!((all - 1.0).abs() < 1e-9);
        assert_eq!(item.options.iter().filter(|o| o.right).count(), 1);
    }
}
