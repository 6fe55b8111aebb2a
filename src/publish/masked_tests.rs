use super::*;
use crate::publish::sample;
use proptest::prelude::*;

#[test]
fn names_show_the_least() {
    for (name, mask) in [
        ("张三", "张*"),
        ("张三丰", "张*丰"),
        ("欧阳丽娟", "欧**娟"),
        ("张", "*"),
        ("", ""),
        ("阿依古丽·买买提", "阿***·**提"),
        ("阿·提", "阿·*"),
        ("John Smith", "J*** ****h"),
        ("O'Neil", "O'***l"),
        ("𠮷田", "𠮷*"),
        ("葛\u{e0100}城明", "葛\u{e0100}*明"),
        ("葛城\u{e0100}", "葛*"),
        ("·", "·"),
    ] {
        assert_eq!(masked_name(name), mask, "{name}");
    }
}

#[test]
fn numbers_of_every_length_hide_something() {
    let plain = |number: &str| masked_number(number, &BTreeSet::new());
    assert_eq!(plain("640502190001010016"), "640502********0016");
    assert_eq!(plain("E12345678"), "E1*****78");
    assert_eq!(plain("12"), "*2");
    assert_eq!(plain("1"), "*");
    assert_eq!(plain(""), "");
    assert_eq!(plain("140510001001"), "14********01");
}

#[test]
fn those_who_look_alike_show_the_fewest_places_from_the_right() {
    let of = |numbers: &[&str]| -> Vec<String> {
        let people: Vec<(&str, &str)> = numbers.iter().map(|n| ("张三", *n)).collect();
        masks(&people).unwrap().into_iter().map(|m| m.number).collect()
    };
    // The day's last digit alone tells them apart.
    assert_eq!(
        of(&["640502190001010016", "640502190001020016"]),
        ["640502*******10016", "640502*******20016"]
    );
    // The same day: the month's last digit.
    assert_eq!(
        of(&["640502190001010016", "640502190002010016"]),
        ["640502*****1**0016", "640502*****2**0016"]
    );
    // No single place tells three apart; two do.
    assert_eq!(
        of(&["640502190001010016", "640502190001020016", "640502190002020016"]),
        ["640502*****1*10016", "640502*****1*20016", "640502*****2*20016"]
    );
    // The same person twice is one person.
    assert_eq!(of(&["640502190001010016", "640502190001010016"]), ["640502********0016"; 2]);
}

#[test]
fn those_who_cannot_be_told_apart_are_named_and_nothing_is_made() {
    let people = [("张三", "1234"), ("张四", "5674"), ("李五", "9999")];
    let Err(PublishError::MasksAlike { whose }) = masks(&people) else { panic!() };
    assert_eq!(whose, ["张三", "张四"]);
    let mut results = sample::results(2, 0);
    sample::alter(&mut results, |all| {
        for (t, number) in all.iter_mut().zip(["1234", "5674"]) {
            t.candidate.name = "张三".into();
            t.candidate.id_number = number.into();
        }
    });
    let error = public_list(&sample::exam(), &results, 1).unwrap_err();
    assert!(error.to_string().contains("张三"), "{error}");
}

/// Places of `mask` that don't show the character of `text`.
fn hidden_places(text: &str, mask: &str) -> BTreeSet<usize> {
    let (text, mask): (Vec<char>, Vec<char>) = (text.chars().collect(), mask.chars().collect());
    assert_eq!(text.len(), mask.len());
    (0..text.len()).filter(|i| text[*i] != mask[*i]).collect()
}

proptest! {
    #[test]
    fn masks_are_unique_and_hide(
        people in prop::collection::vec(("[张李王][一二三]{1,2}", "64050219[01]{2}0[12]0[12]001[67]"), 1..40)
    ) {
        let people: Vec<(&str, &str)> = people.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        if let Ok(found) = masks(&people) {
            prop_assert_eq!(found.len(), people.len());
            for (i, a) in people.iter().enumerate() {
                prop_assert!(hidden_places(a.1, &found[i].number).len() >= LEAST_HIDDEN);
                for (j, b) in people.iter().enumerate() {
                    prop_assert_eq!(found[i] == found[j], a == b);
                }
            }
        }
    }

    #[test]
    fn two_lists_together_show_no_more_than_one(passed in prop::collection::vec(any::<bool>(), 30), n in 2u32..30) {
        use calamine::Reader as _;
        let mut results = sample::results(n, 0);
        // Many look alike.
        sample::alter(&mut results, |all| for (t, passed) in all.iter_mut().zip(&passed) {
            t.candidate.name = "张三".into();
            let birth = t.candidate.ticket.as_str().bytes().last().unwrap_or(b'0') - b'0';
            t.candidate.id_number = format!("640502190001{:02}0016", birth + 10);
            t.verdict = if *passed { Verdict::Passed } else { Verdict::Failed };
        });
        let shown = |list, results: &Results| -> BTreeSet<String> {
            let mut exam = sample::exam();
            exam.public.list = list;
            let book = public_list(&exam, results, 1).unwrap().remove(0);
            let mut book = calamine::Xlsx::new(std::io::Cursor::new(book.bytes)).unwrap();
            let rows = book.worksheet_range_at(0).unwrap().unwrap();
            let cells = rows.rows().map(|row| row.get(2).map(ToString::to_string).unwrap_or_default());
            cells.filter(|cell| cell.starts_with("640502")).collect()
        };
        let all = shown(ListRule::All, &results);
        let some = shown(ListRule::Passed, &results);
        // Whoever stands in both has one mask: a mask of the shorter list is one of the longer.
        prop_assert!(some.is_subset(&all), "{:?} {:?}", some, all);
        // So it stays if results are corrected.
        sample::alter(&mut results, |all| for t in all {
            t.verdict = Verdict::Passed;
        });
        prop_assert_eq!(shown(ListRule::Passed, &results), all);
    }
}

/// `LOOK=folder cargo test masked` writes the papers, to be looked at.
#[test]
fn look_at() {
    let Some(folder) = std::env::var_os("LOOK") else { return };
    let mut results = sample::results(70, 3);
    sample::alter(&mut results, |all| all[0].candidate.name = "阿依古丽·买买提".into());
    for document in public_list(&sample::exam(), &results, 2).unwrap() {
        std::fs::write(std::path::Path::new(&folder).join(document.file_name), document.bytes).unwrap();
    }
}
