//! What holds for every scheme, whatever the key.

use super::regrade::{KeyChange, PassChange, RegradeError, Sheet, key_changes, regrade};
use super::*;
use crate::sheet::{Response, ResponseState, Rounding, RoundingRule, TicketNumber};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const LETTERS: [char; 5] = ['A', 'B', 'C', 'D', 'E'];

/// A section as its text is made of.
#[derive(Debug, Clone)]
struct Made {
    kind: &'static str,
    credit: &'static str,
    each: Option<&'static str>,
    penalty: Option<&'static str>,
    weight: &'static str,
    floor: Option<&'static str>,
    item_floor: Option<&'static str>,
    /// Accepted sets of each item as bits, at least one.
    accepted: Vec<Vec<u8>>,
    void: Vec<Option<&'static str>>,
}

fn any_section() -> impl Strategy<Value = Made> {
    let amounts = prop::option::of(prop::sample::select(vec!["1/3", "0.25", "1", "2/7", "3"]));
    let floors = prop::option::of(prop::sample::select(vec!["0", "-1", "-1/2", "none"]));
    let weights = prop::sample::select(vec!["1", "1.5", "2/3", "0.25"]);
    let kinds = prop::sample::select(vec!["single", "multiple", "true-false"]);
    let credits = prop::sample::select(vec!["all", "partial", "each", "right-minus-wrong"]);
    let items = prop::collection::vec((prop::collection::vec(1u8..32, 1..3), 0u8..8), 1..5);
    (kinds, credits, amounts, weights, floors.clone(), floors, items).prop_map(
        |(kind, credit, penalty, weight, floor, item_floor, items)| {
            let multiple = kind == "multiple";
            let minus = multiple && credit == "right-minus-wrong";
            let penalty = penalty.filter(|_| !minus);
            let loses = minus || penalty.is_some();
            let (sets, voids): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            let one = |sets: &Vec<u8>| {
                let options = if kind == "true-false" { 2 } else { 5 };
                let mut out: Vec<u8> =
                    sets.iter().map(|set| if multiple { *set } else { 1 << (set % options) }).collect();
                out.sort_unstable();
                out.dedup();
                out
            };
            let void = voids.iter().enumerate().map(|(i, v)| match v {
                0 => Some("points-for-all"),
                // Not the first: something is left.
                1 if i > 0 => Some("left-out"),
                _ => None,
            });
            Made {
                kind,
                credit: if credit == "each" { "partial" } else { credit },
                each: (multiple && credit == "each").then_some("0.5"),
                penalty,
                weight,
                floor: floor.filter(|_| loses),
                item_floor: item_floor.filter(|_| loses),
                accepted: sets.iter().map(one).collect(),
                void: void.collect(),
            }
        },
    )
}

fn letters(set: u8) -> String {
    (0..5).filter(|i| set >> i & 1 == 1).map(|i| LETTERS[i]).collect()
}

/// A key of these sections; items are worth 3 each before their weight.
fn key_of(sections: &[Made], revision: u16) -> AnswerKey {
    let mut text = String::new();
    let mut overrides = String::new();
    let (mut next, mut total) = (1, Fraction::ZERO);
    for made in sections {
        let last = next + made.accepted.len() - 1;
        writeln!(text, "[[section]]\nkind = \"{}\"\nfrom = {next}\nto = {last}\npoints = 3", made.kind)
            .unwrap();
        writeln!(text, "weight = \"{}\"", made.weight).unwrap();
        if made.kind == "multiple" {
            writeln!(text, "credit = \"{}\"", made.credit).unwrap();
        }
        if made.kind != "true-false" {
            writeln!(text, "options = \"ABCDE\"").unwrap();
        }
        for (name, value) in [
            ("each", made.each),
            ("penalty", made.penalty),
            ("floor", made.floor),
            ("item_floor", made.item_floor),
        ] {
            if let Some(value) = value {
                writeln!(text, "{name} = \"{value}\"").unwrap();
            }
        }
        let answers: Vec<_> = made.accepted.iter().map(|sets| format!("\"{}\"", letters(sets[0]))).collect();
        writeln!(text, "answers = [{}]", answers.join(", ")).unwrap();
        for ((sets, void), number) in made.accepted.iter().zip(&made.void).zip(next..) {
            let accept: Vec<_> = sets.iter().map(|set| format!("\"{}\"", letters(*set))).collect();
            write!(overrides, "[[item]]\nitem = {number}\naccept = [{}]\n", accept.join(", ")).unwrap();
            if let Some(void) = void {
                writeln!(overrides, "void = \"{void}\"").unwrap();
            }
            let worth = Fraction::new(3, 1).unwrap().checked_mul(made.weight.parse().unwrap()).unwrap();
            total = total.checked_add(worth).unwrap();
        }
        next = last + 1;
    }
    // Fill up to whole points with an item for all.
    let whole = Fraction::new(total.numerator() / total.denominator() + 1, 1).unwrap();
    let rest =
        Fraction::new(whole.numerator() * total.denominator() - total.numerator(), total.denominator());
    let text = format!(
        "paper = \"p\"\nform = \"A\"\nrevision = {revision}\ntotal = {whole}\n{text}\n\
         [[section]]\nkind = \"single\"\nfrom = {next}\nto = {next}\npoints = 1\nweight = \"{}\"\nanswers = \"A\"\n{overrides}",
        rest.unwrap()
    );
    AnswerKey::parse(&text, "key.toml").unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A sheet: a set of options for each item, as bits; where one is allowed, several are a double mark.
fn sheet_of(sections: &[Made], marks: &[u8]) -> Responses {
    let mut items = BTreeMap::new();
    let mut marks = marks.iter().copied();
    let mut number = 1;
    for made in sections {
        for _ in &made.accepted {
            let set = marks.next().unwrap_or(0) & if made.kind == "true-false" { 3 } else { 31 };
            let response = match (set.count_ones(), made.kind) {
                (0, _) => Response::blank(),
                (2.., "single" | "true-false") => {
                    Response { value: letters(set), state: ResponseState::Multiple }
                }
                _ => Response::resolved(letters(set)),
            };
            items.insert(number, response);
            number += 1;
        }
    }
    items.insert(number, Response::resolved("B"));
    Responses { items, ..Responses::default() }
}

fn any_paper() -> impl Strategy<Value = (Vec<Made>, Vec<u8>)> {
    (prop::collection::vec(any_section(), 1..4), prop::collection::vec(0u8..32, 16))
}

const DOWN: Option<Rounding> = Some(Rounding { rule: RoundingRule::Down, step: Points::from_hundredths(1) });

fn exact(score: &Score) -> Fraction {
    score.exact.unwrap_or_else(|| score.points.into())
}

fn amount(text: Option<&str>) -> Option<Fraction> {
    text.filter(|text| *text != "none").map(|text| text.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_score_is_between_the_floor_and_the_total((sections, marks) in any_paper()) {
        let key = key_of(&sections, 1);
        let sheet = sheet_of(&sections, &marks);
        let grader = Grader::new(&key, DOWN);
        let score = grader.grade(&sheet, &HandMarks::new()).unwrap();
        prop_assert!(Points::ZERO <= score.points && score.points <= key.total());
        let items = sheet.items.len();
        let counted = [score.right, score.partial, score.wrong, score.blank, score.voided];
        prop_assert_eq!(counted.iter().map(|&n| usize::from(n)).sum::<usize>(), items);
        prop_assert_eq!(score.answered(), sheet.items.values().any(|r| !r.value.is_empty()));

        // The same sum by another way: fractions, item by item and section by section.
        let found = grader.items(&sheet).unwrap();
        let (mut sum, mut next) = (Fraction::ZERO, 1u16);
        for made in &sections {
            let last = next + u16::try_from(made.accepted.len()).unwrap();
            let points: Vec<_> = (next..last).map(|n| found[&n].points).collect();
            let all = points.iter().fold(Fraction::ZERO, |sum, p| sum.checked_add(*p).unwrap());
            let floor = if made.floor.is_some() { amount(made.floor) } else { Some(Fraction::ZERO) };
            let section = floor.map_or(all, |floor| all.max(floor));
            let full = Fraction::new(3 * points.len() as i128, 1).unwrap();
            let full = full.checked_mul(made.weight.parse().unwrap()).unwrap();
            prop_assert!(section <= full, "{:?} of {:?}", section, full);
            sum = sum.checked_add(section).unwrap();
            next = last;
        }
        prop_assert_eq!(exact(&score), sum.max(Fraction::ZERO));
        let by_rule = DOWN.unwrap().apply(sum.max(Fraction::ZERO));
        prop_assert_eq!(Some(score.points), by_rule);
    }

    #[test]
    fn right_options_never_lower_and_wrong_ones_never_raise(
        (sections, marks) in any_paper(), at in 0usize..16, option in 0u8..5,
    ) {
        let key = key_of(&sections, 1);
        let grader = Grader::new(&key, DOWN);
        let all: Vec<(&Made, &Vec<u8>)> =
            sections.iter().flat_map(|made| made.accepted.iter().map(move |sets| (made, sets))).collect();
        // The first option from `option` on, of the first item from `at` on, that can be marked in addition.
        let free = (0..all.len())
            .map(|step| (at + step) % all.len())
            .filter(|&at| all[at].0.kind == "multiple")
            .find_map(|at| {
                let bits = (0..5).map(|step| 1u8 << ((option + step) % 5));
                bits.into_iter().find(|bit| marks[at] & bit == 0).map(|bit| (at, bit))
            });
        let Some((at, bit)) = free else { return Ok(()) };
        let (made, sets) = all[at];
        let mut more = marks.clone();
        more[at] |= bit;
        let points = |marks: &[u8]| exact(&grader.grade(&sheet_of(&sections, marks), &HandMarks::new()).unwrap());
        let (before, after) = (points(&marks), points(&more));
        if sets.iter().all(|set| set & bit != 0) && (marks[at] != 0 || made.credit != "all") {
            prop_assert!(after >= before, "{before} to {after} for a right option");
        }
        if sets.iter().all(|set| set & bit == 0) {
            prop_assert!(after <= before, "{before} to {after} for a wrong option");
        }
    }

    /// An item answered rightly instead of otherwise never lowers the score, whatever its kind.
    #[test]
    fn a_corrected_response_never_costs_points((sections, marks) in any_paper(), at in 0usize..16) {
        let key = key_of(&sections, 1);
        let grader = Grader::new(&key, DOWN);
        let all: Vec<&Vec<u8>> = sections.iter().flat_map(|made| &made.accepted).collect();
        let at = at % all.len();
        let mut better = marks.clone();
        better[at] = all[at][0];
        let points = |marks: &[u8]| exact(&grader.grade(&sheet_of(&sections, marks), &HandMarks::new()).unwrap());
        prop_assert!(points(&better) >= points(&marks));
    }

    #[test]
    fn grading_again_gives_what_the_new_key_alone_gives(
        (sections, marks) in any_paper(), at in 0usize..16, void in 0usize..3, more in 1u8..32,
    ) {
        let old = key_of(&sections, 1);
        let mut corrected = sections.clone();
        let mut place = at % corrected.iter().map(|made| made.accepted.len()).sum::<usize>();
        for made in &mut corrected {
            if place < made.accepted.len() {
                match void {
                    0 => made.void[place] = Some("points-for-all"),
                    1 if place > 0 => made.void[place] = Some("left-out"),
                    _ => {
                        let set = if made.kind == "multiple" { more } else { 1 << (more % 2) };
                        if !made.accepted[place].contains(&set) {
                            made.accepted[place].push(set);
                        }
                    }
                }
                break;
            }
            place -= made.accepted.len();
        }
        let new = key_of(&corrected, 2);
        let sheet = sheet_of(&sections, &marks);
        let ticket: TicketNumber = "140510001001".parse().unwrap();
        let hand = HandMarks::new();
        let recorded = Grader::new(&old, DOWN).grade(&sheet, &hand).unwrap();
        let one = Sheet { ticket: &ticket, responses: &sheet, hand: &hand, recorded: Some(&recorded) };
        let line = Points::whole(3);
        let passes = |_: &TicketNumber, score: &Score| score.points >= line;
        let found = regrade(&old, &new, DOWN, [one], passes).unwrap();
        let fresh = Grader::new(&new, DOWN).grade(&sheet, &hand).unwrap();
        prop_assert_eq!(found.scores.as_slice(), std::slice::from_ref(&fresh));
        prop_assert!(found.not_reproduced.is_empty());
        let changed = exact(&recorded) != exact(&fresh);
        prop_assert_eq!(found.changed.len(), usize::from(changed));
        for change in &found.changed {
            prop_assert_eq!((&change.before, &change.after), (&recorded, &fresh));
            // Whoever has other points has an item that says why.
            prop_assert!(!change.items.is_empty());
            for item in &change.items {
                prop_assert!(item.before != item.after && !item.why.is_empty(), "{item:?}");
            }
            let gained = recorded.points < line && fresh.points >= line;
            let lost = recorded.points >= line && fresh.points < line;
            prop_assert_eq!(change.pass == PassChange::Gained, gained);
            prop_assert_eq!(change.pass == PassChange::Lost, lost);
        }
    }
}

fn single(revision: u16, extra: &str) -> AnswerKey {
    let text = format!(
        "paper=\"p\"\nform=\"A\"\nrevision={revision}\ntotal=4\n[[section]]\nkind=\"single\"\nfrom=1\nto=4\npoints=1\nanswers=\"ABCD\"\n{extra}"
    );
    AnswerKey::parse(&text, "key.toml").unwrap()
}

fn four(values: [&str; 4]) -> Responses {
    let items = (1..).zip(values).map(|(n, v)| (n, Response::resolved(v)));
    Responses { items: items.collect(), ..Responses::default() }
}

#[test]
fn a_correction_is_listed_with_whom_it_moves_and_why() {
    use KeyChange::{AcceptsMore, LeftOut, Rescaled};
    let old = single(1, "");
    let new = single(2, "[[item]]\nitem=2\naccept=[\"B\",\"C\"]\n[[item]]\nitem=4\nvoid=\"left-out\"\n");
    let key = key_changes(&old, &new).unwrap();
    assert_eq!(
        key,
        [
            (1, vec![Rescaled]),
            (2, vec![AcceptsMore, Rescaled]),
            (3, vec![Rescaled]),
            (4, vec![LeftOut, Rescaled])
        ]
    );
    let people: Vec<(TicketNumber, Responses)> =
        [four(["A", "C", "D", "D"]), four(["A", "B", "C", "D"]), four(["B", "A", "D", "D"])]
            .into_iter()
            .zip(1001..)
            .map(|(responses, n)| (n.to_string().parse().unwrap(), responses))
            .collect();
    let hand = HandMarks::new();
    let other = Grader::new(&old, None).grade(&people[2].1, &hand).unwrap();
    let sheets = people.iter().map(|(ticket, responses)| Sheet {
        ticket,
        responses,
        hand: &hand,
        // The second one's record is another's score.
        recorded: (ticket.as_str() == "1002").then_some(&other),
    });
    let found = regrade(&old, &new, DOWN, sheets, |_, score| score.points >= Points::whole(1)).unwrap();
    assert_eq!(found.not_reproduced, [people[1].0.clone()]);
    let changed: Vec<_> = found
        .changed
        .iter()
        .map(|c| (c.ticket.as_str(), c.before.points.to_string(), exact(&c.after).to_string(), c.pass))
        .collect();
    assert_eq!(
        changed,
        [
            ("1001", "2.0".into(), "8/3".into(), PassChange::StillPasses),
            ("1003", "1.0".into(), "0.0".into(), PassChange::Lost),
        ]
    );
    let items: Vec<_> =
        found.changed[0].items.iter().map(|i| (i.item, i.before.to_string(), i.after.to_string())).collect();
    assert_eq!(
        items,
        [(1, "1.0".into(), "4/3".into()), (2, "0.0".into(), "4/3".into()), (4, "1.0".into(), "0.0".into())]
    );
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let old = single(2, "");
    assert!(matches!(key_changes(&old, &single(2, "")), Err(RegradeError::NotACorrection { .. })));
    assert!(matches!(key_changes(&old, &single(1, "")), Err(RegradeError::NotACorrection { .. })));
    assert_eq!(key_changes(&old, &single(3, "")), Ok(Vec::new()));
    let longer = "paper=\"p\"\nform=\"A\"\nrevision=3\ntotal=5\n[[section]]\nkind=\"single\"\nfrom=1\nto=5\npoints=1\nanswers=\"ABCDA\"\n";
    let longer = AnswerKey::parse(longer, "key.toml").unwrap();
    assert_eq!(key_changes(&old, &longer), Err(RegradeError::OtherItems));
}

#[test]
fn marks_given_by_hand_are_the_keys_sections() {
    let text = "paper=\"p\"\nform=\"A\"\nrevision=1\ntotal=11\n[[section]]\nkind=\"single\"\nfrom=1\nto=1\npoints=1\nanswers=\"A\"\n\
                [[section]]\nkind=\"hand\"\nname=\"论述题\"\npoints=10\n";
    let key = AnswerKey::parse(text, "key.toml").unwrap();
    let grader = Grader::new(&key, None);
    let sheet = Responses { items: BTreeMap::from([(1, Response::resolved("A"))]), ..Responses::default() };
    let marks =
        |name: &str, points: &str| HandMarks::from([(name.parse().unwrap(), points.parse().unwrap())]);
    let section = || "论述题".parse().unwrap();
    let score = grader.grade(&sheet, &marks("论述题", "7.25")).unwrap();
    assert_eq!((score.points.to_string(), score.hand), ("8.25".into(), marks("论述题", "7.25")));
    assert_eq!(grader.grade(&sheet, &HandMarks::new()), Err(GradeError::HandMissing { section: section() }));
    let range = Err(GradeError::HandRange { section: section(), most: Points::whole(10) });
    assert_eq!(grader.grade(&sheet, &marks("论述题", "10.01")), range);
    assert_eq!(grader.grade(&sheet, &marks("论述题", "-0.01")), range);
    let mut other = marks("论述题", "1");
    other.extend(marks("作文", "1"));
    let unknown = GradeError::HandUnknown { section: "作文".parse().unwrap() };
    assert_eq!(grader.grade(&sheet, &other), Err(unknown));
}
