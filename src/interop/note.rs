//! What an import changed or left out.

use crate::key::KeyError;
use crate::sheet::Points;
use std::fmt;

/// Something of a form that is not carried over as it stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// A key that nothing is known of.
    UnknownKey {
        /// Which file.
        path: &'static str,
        /// Where.
        place: String,
    },
    /// A setting that tunes another program's own way of reading.
    Setting {
        /// Which file.
        path: &'static str,
        /// Where.
        place: String,
    },
    /// A filter of the picture.
    Filter {
        /// Its name.
        name: String,
    },
    /// An earlier step that finds the page, of which the last decides.
    Passed {
        /// Its name.
        name: String,
    },
    /// The order of columns.
    OutputColumns {
        /// How many there are.
        count: usize,
    },
    /// A word for blank responses.
    EmptyValue {
        /// Where.
        place: String,
        /// The word.
        value: String,
    },
    /// A block with a field type and values of its own, which the field type outweighs.
    ValuesIgnored {
        /// Where.
        place: String,
    },
    /// Values that are told as other letters.
    Letters {
        /// The block.
        place: String,
        /// Each value and its letter.
        letters: Vec<(String, char)>,
    },
    /// A label that became a field of another name.
    Renamed {
        /// The label.
        label: String,
        /// The field.
        field: String,
    },
    /// A label with a single bubble, which became a flag.
    Flag {
        /// The field.
        field: String,
        /// The bubble's value.
        value: String,
    },
    /// Items that take several marks because an answer has several.
    Several {
        /// Which.
        items: Vec<u16>,
    },
    /// Answers for a label that is no item.
    NotAnItem {
        /// The label.
        label: String,
    },
    /// What a wrong or missing response costs or earns.
    Penalty {
        /// The marking scheme.
        scheme: String,
        /// `incorrect` or `unmarked`.
        what: &'static str,
        /// As it is written.
        score: String,
    },
    /// A score that is not whole hundredths.
    Rounded {
        /// The marking scheme.
        scheme: String,
        /// As it is written.
        score: String,
        /// What the key says.
        points: Points,
    },
    /// Answers of one item that earn differently.
    Weights {
        /// The item.
        item: u16,
    },
    /// What the key is called.
    KeyNames {
        /// The paper.
        paper: String,
    },
    /// No key is written.
    NoKey {
        /// Why.
        obstacle: KeyObstacle,
    },
}

/// Why answers do not become a key.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum KeyObstacle {
    /// The csv of answers is not there.
    NoCsv {
        /// Its path within the folder.
        path: String,
    },
    /// The csv of answers can't be read.
    BadCsv {
        /// Its path within the folder.
        path: String,
        /// The line, from 1; 0 for the whole file.
        line: u64,
    },
    /// Answers come from something else than the file or a csv.
    Source,
    /// Other numbers of questions and answers.
    Count {
        /// Questions.
        questions: usize,
        /// Answers.
        answers: usize,
    },
    /// Items without an answer.
    Unanswered {
        /// Which.
        items: Vec<u16>,
    },
    /// An answer that is not made of the item's values.
    Answer {
        /// The item.
        item: u16,
    },
    /// An item with two answers.
    Twice {
        /// The item.
        item: u16,
    },
    /// A right response that earns nothing.
    Worthless {
        /// The marking scheme.
        scheme: String,
    },
    /// The key's own checker refuses it.
    Refused(Box<KeyError>),
}

fn numbers(items: &[u16]) -> String {
    let shown: Vec<_> = items.iter().take(12).map(u16::to_string).collect();
    let more = if items.len() > 12 { format!(" and {} more", items.len() - 12) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { path, place } => write!(f, "{path}: {place} is not known and is left out"),
            Self::Setting { path, place } => {
                write!(f, "{path}: {place} tunes another way of reading and is not needed")
            }
            Self::Filter { name } => {
                write!(
                    f,
                    "template.json: {name} is not needed: marks are measured against the paper around them"
                )
            }
            Self::Passed { name } => {
                write!(f, "template.json: {name} is passed over: a later step says where the page is")
            }
            Self::OutputColumns { count } => write!(
                f,
                "template.json: the order of {count} outputColumns is left out: fields come first, then items by number"
            ),
            Self::EmptyValue { place, value } => {
                write!(f, "template.json: {place} = {value:?} is left out: a blank response is empty text")
            }
            Self::ValuesIgnored { place } => {
                write!(
                    f,
                    "template.json: {place} has a fieldType, so its bubbleValues and direction do not count"
                )
            }
            Self::Letters { place, letters } => {
                let pairs: Vec<_> =
                    letters.iter().map(|(value, letter)| format!("{value:?} as {letter}")).collect();
                write!(f, "template.json: {place}: values are told as one letter each: {}", pairs.join(", "))
            }
            Self::Renamed { label, field } => write!(f, "the label {label:?} becomes the field `{field}`"),
            Self::Flag { field, value } => {
                write!(f, "`{field}` has a single bubble and becomes a flag: `1` stands for {value:?}")
            }
            Self::Several { items } => {
                write!(f, "items that take several marks, as their answers have: {}", numbers(items))
            }
            Self::NotAnItem { label } => {
                write!(f, "evaluation.json: {label:?} is no item of the form; its answer is left out")
            }
            Self::Penalty { scheme, what, score } => write!(
                f,
                "evaluation.json: {scheme}: {what} = {score} is left out: a key gives points for right responses only"
            ),
            Self::Rounded { scheme, score, points } => {
                write!(
                    f,
                    "evaluation.json: {scheme}: correct = {score} is not whole hundredths; the key says {points}"
                )
            }
            Self::Weights { item } => write!(
                f,
                "evaluation.json: the answers of item {item} earn differently; the key accepts those that earn most"
            ),
            Self::KeyNames { paper } => {
                write!(f, "the key is for paper {paper:?}, form \"A\", revision 1: change them to the exam's")
            }
            Self::NoKey { obstacle } => write!(f, "no key is written: {obstacle}"),
        }
    }
}

impl fmt::Display for KeyObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCsv { path } => write!(f, "{path} is not there"),
            Self::BadCsv { path, line: 0 } => write!(f, "{path} is not a csv of questions and answers"),
            Self::BadCsv { path, line } => {
                write!(f, "{path}:{line}: not a question and its answer")
            }
            Self::Source => write!(f, "source_type is neither \"custom\" nor \"csv\""),
            Self::Count { questions, answers } => write!(f, "{questions} questions have {answers} answers"),
            Self::Unanswered { items } => write!(f, "there is no answer for items {}", numbers(items)),
            Self::Answer { item } => write!(f, "the answer of item {item} is not made of its values"),
            Self::Twice { item } => write!(f, "item {item} is answered twice"),
            Self::Worthless { scheme } => write!(f, "{scheme}: a right response earns nothing"),
            Self::Refused(error) => write!(f, "{error}"),
        }
    }
}
