//! No message about a key holds a word of the key, whatever is wrong with it.

use super::*;
use proptest::prelude::*;

/// Options that no message of the program has any reason to contain, not even one of them: so that
/// a single leaked answer shows. The rest of the key's text carries the marker.
const LETTERS: [char; 4] = ['Q', 'X', 'Z', 'J'];
const MARKER: &str = "xyzzy";

/// A key with random answers, in the letters above, with markers in every free text.
fn any_key() -> impl Strategy<Value = String> {
    (prop::collection::vec(0usize..4, 8), prop::collection::vec(1usize..15, 4)).prop_map(|(singles, sets)| {
        let single: String = singles.iter().map(|&i| LETTERS[i]).collect();
        let sets: Vec<_> = sets
            .iter()
            .map(|set| (0..4).filter(|i| set >> i & 1 == 1).map(|i| LETTERS[i]).collect::<String>())
            .map(|set| format!("\"{set}\""))
            .collect();
        format!(
            "# {MARKER}\npaper = \"{MARKER}\"\nform = \"{MARKER}\"\nrevision = 1\ntotal = 12\n\n\
             [[section]]\nkind = \"single\"\nfrom = 1\nto = 8\npoints = 1\noptions = \"QXZJ\"\n\
             answers = \"\"\"\n{single}\n\"\"\"\n\n\
             [[section]]\nkind = \"multiple\"\nfrom = 9\nto = 12\npoints = 1\noptions = \"QXZJ\"\n\
             answers = [{}]\n\n[[item]]\nitem = 3\naccept = [\"Q\", \"X\"]\n",
            sets.join(", ")
        )
    })
}

/// A slip of the pen.
#[derive(Debug, Clone)]
enum Slip {
    Delete { at: usize, count: usize },
    Insert { at: usize, text: &'static str },
    Double { at: usize, count: usize },
    Cut { at: usize },
    Swap { one: usize, other: usize },
}

fn any_slip() -> impl Strategy<Value = Slip> {
    let texts = [
        "\"",
        "\"\"\"",
        "[",
        "]",
        "=",
        "\n",
        "Q",
        "XX",
        "xyzzy",
        "0",
        "-",
        ".5",
        ",",
        "[[item]]\n",
        "\\u0051",
    ];
    let at = 0usize..600;
    prop_oneof![
        (at.clone(), 1usize..30).prop_map(|(at, count)| Slip::Delete { at, count }),
        (at.clone(), prop::sample::select(texts.to_vec())).prop_map(|(at, text)| Slip::Insert { at, text }),
        (at.clone(), 1usize..40).prop_map(|(at, count)| Slip::Double { at, count }),
        at.clone().prop_map(|at| Slip::Cut { at }),
        (0usize..30, 0usize..30).prop_map(|(one, other)| Slip::Swap { one, other }),
    ]
}

fn slipped(text: &str, slip: &Slip) -> String {
    let at = |n: usize| n % (text.len() + 1);
    match *slip {
        Slip::Delete { at: a, count } => {
            let a = at(a);
            format!("{}{}", &text[..a], &text[(a + count).min(text.len())..])
        }
        Slip::Insert { at: a, text: new } => format!("{}{new}{}", &text[..at(a)], &text[at(a)..]),
        Slip::Double { at: a, count } => {
            let (a, end) = (at(a), (at(a) + count).min(text.len()));
            format!("{}{}{}", &text[..end], &text[a..end], &text[end..])
        }
        Slip::Cut { at: a } => text[..at(a)].to_owned(),
        Slip::Swap { one, other } => {
            let mut lines: Vec<_> = text.lines().collect();
            let count = lines.len().max(1);
            if !lines.is_empty() {
                lines.swap(one % count, other % count);
            }
            lines.join("\n")
        }
    }
}

/// What a person or a log may see of an error.
fn shown(error: &KeyError) -> String {
    format!("{error} {error:?} {error:#?} {:?}", error.hint())
}

fn tells(shown: &str) -> bool {
    shown.contains(LETTERS) || shown.contains(MARKER)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_error_about_a_key_tells_its_text(text in any_key(), slips in prop::collection::vec(any_slip(), 1..4)) {
        AnswerKey::parse(&text, "key.toml").unwrap();
        let wrong = slips.iter().fold(text, |text, slip| slipped(&text, slip));
        // A slip in a comment or a name may leave a good key.
        if let Err(error) = AnswerKey::parse(&wrong, "key.toml") {
            prop_assert!(!tells(&shown(&error)), "{}", shown(&error));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_error_about_a_sealed_key_tells_its_text(text in any_key(), at in 0usize..40_000, bit in 0u8..8) {
        let exam = custody_tests::exam_of(3, 2, MARKER, 12);
        let text = text.replacen(&format!("form = \"{MARKER}\""), "form = \"A\"", 1);
        let sealed = exam.seal(&text).unwrap();
        let mut damaged = sealed.text().as_bytes().to_vec();
        let at = at % damaged.len();
        damaged[at] ^= 1 << bit;
        let stranger = custody_tests::exam(3, 2);
        let errors = [
            SealedKey::open(&damaged).unwrap_err(),
            SealedKey::open(text.as_bytes()).unwrap_err(),
            sealed.belongs(&stranger.manifest).unwrap_err(),
            sealed.parts_of(0, &stranger.custodians[0]).map(drop).unwrap_err(),
            stranger.seal(custody_tests::KEY).unwrap().belongs(&exam.manifest).unwrap_err(),
            exam.seal(&format!("{text}\n[[item]]\nitem = 4\naccept = [\"QZ\"]")).unwrap_err(),
        ];
        for error in errors {
            let shown = format!("{error} {error:?} {:?}", error.hint());
            prop_assert!(!shown.contains(LETTERS), "{shown}");
            prop_assert!(!format!("{error}").contains("accept"), "{shown}");
        }
    }
}
