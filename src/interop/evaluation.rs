//! `evaluation.json` and its csv: answers as a key.

use super::json::{At, Json};
use super::template::{Column, Form, item_of, labels_of};
use super::{Files, ImportError, KeyObstacle, Note, optional};
use crate::sheet::{LayoutName, Points};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use zeroize::Zeroizing;

const EVALUATION: &str = "evaluation.json";

/// What is accepted for every item of a form, and what it is worth.
pub(super) struct Answers {
    items: BTreeMap<u16, Answer>,
}

struct Answer {
    kind: Kind,
    /// The item's letters, in printed order.
    options: String,
    accepted: Vec<Zeroizing<String>>,
    points: Points,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Single,
    Multiple,
    Numeric,
}

/// An answer as the file has it, with the score that it earns if it says one.
pub(super) type Said = (Zeroizing<String>, Option<Score>);

/// A score as written, and in hundredths of a point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Score {
    text: String,
    hundredths: i64,
    exact: bool,
}

impl Answers {
    /// Items of which an answer has several marks.
    pub(super) fn several(&self) -> BTreeSet<u16> {
        self.items.iter().filter(|(_, a)| a.kind == Kind::Multiple).map(|(&n, _)| n).collect()
    }

    /// The key's text for a paper called `name`; `None` only if there is nothing to say.
    pub(super) fn to_toml(&self, name: &LayoutName, form: &Form) -> Option<Zeroizing<String>> {
        let total: Points = self.items.values().map(|a| a.points).sum();
        // Everything is written to one text that never grows: what grows leaves copies behind.
        let room = 200
            + self.items.values().map(|a| 120 + 20 * a.accepted.len()).sum::<usize>()
            + 80 * form.fields.len();
        let mut out = Zeroizing::new(String::with_capacity(room));
        let paper = toml::Value::from(name.as_str());
        writeln!(out, "# An answer key (标准答案). Seal it at once and keep no copy in the clear.").ok()?;
        write!(out, "paper = {paper}\nform = \"A\"\nrevision = 1\ntotal = {total}\n").ok()?;
        let items: Vec<(&u16, &Answer)> = self.items.iter().collect();
        let alike = |(m, a): &(&u16, &Answer), (n, b): &(&u16, &Answer)| {
            **m + 1 == **n && (a.kind, &a.options, a.points) == (b.kind, &b.options, b.points)
        };
        for section in items.chunk_by(alike) {
            let ((from, first), (to, _)) = (section.first()?, section.last()?);
            let kind = match first.kind {
                Kind::Single => "single",
                Kind::Multiple => "multiple",
                Kind::Numeric => "numeric",
            };
            write!(out, "\n[[section]]\nkind = \"{kind}\"\nfrom = {from}\nto = {to}\n").ok()?;
            write!(out, "points = {}\noptions = \"{}\"\nanswers = [", first.points, first.options).ok()?;
            for (i, (_, answer)) in section.iter().enumerate() {
                let comma = if i > 0 { ", " } else { "" };
                write!(out, "{comma}\"{}\"", answer.accepted.first()?.as_str()).ok()?;
            }
            out.push_str("]\n");
        }
        for (number, answer) in items.iter().filter(|(_, a)| a.accepted.len() > 1) {
            write!(out, "\n[[item]]\nitem = {number}\naccept = [").ok()?;
            for (i, accepted) in answer.accepted.iter().enumerate() {
                write!(out, "{}\"{}\"", if i > 0 { ", " } else { "" }, accepted.as_str()).ok()?;
            }
            out.push_str("]\n");
        }
        Some(out)
    }
}

/// The answers for the form's items; `None` with a note where they can't become a key.
pub(super) fn read(
    file: &At<'_>,
    form: &Form,
    files: &Files<'_>,
    notes: &mut Vec<Note>,
) -> Result<Option<Answers>, ImportError> {
    let unknown = file.others(&["source_type", "options", "marking_schemes"])?;
    notes.extend(unknown.into_iter().map(|place| Note::UnknownKey { path: EVALUATION, place }));
    let schemes = Schemes::read(file, form, notes)?;
    let said = match said(file, files, notes)? {
        Ok(said) => said,
        Err(obstacle) => {
            notes.push(Note::NoKey { obstacle });
            return Ok(None);
        }
    };
    Ok(match answers(said, form, &schemes, notes) {
        Ok(answers) => Some(answers),
        Err(obstacle) => {
            notes.push(Note::NoKey { obstacle });
            None
        }
    })
}

pub(super) type SaidOrNot = Result<Vec<(String, Vec<Said>)>, KeyObstacle>;

/// Questions with their answers.
fn said(file: &At<'_>, files: &Files<'_>, notes: &mut Vec<Note>) -> Result<SaidOrNot, ImportError> {
    let source = file.must("source_type")?;
    let options = file.must("options")?;
    let known = ["questions_in_order", "answers_in_order", "answer_key_csv_path"];
    let settings = options.others(&known)?;
    notes.extend(settings.into_iter().map(|place| Note::Setting { path: EVALUATION, place }));
    match source.text("\"custom\" or \"csv\"")? {
        "custom" => {
            let questions = labels_of(&options.must("questions_in_order")?)?;
            let list = options.must("answers_in_order")?.list("a list of answers")?;
            if questions.len() != list.len() {
                return Ok(Err(KeyObstacle::Count { questions: questions.len(), answers: list.len() }));
            }
            let answers: Vec<Vec<Said>> = list.iter().map(answer).collect::<Result<_, _>>()?;
            Ok(Ok(questions.into_iter().zip(answers).collect()))
        }
        "csv" => {
            let path = options.must("answer_key_csv_path")?;
            let path = path.text("a path within the folder")?;
            Ok(match optional(files, path)? {
                Some(bytes) => rows(path, &Zeroizing::new(bytes)),
                None => Err(KeyObstacle::NoCsv { path: path.to_owned() }),
            })
        }
        _ => Ok(Err(KeyObstacle::Source)),
    }
}

/// The rows of a csv of answers: `q1,A`, `q2,"A,B"`, `q3,"['A', 'AB']"`.
pub(super) fn rows(path: &str, bytes: &[u8]) -> SaidOrNot {
    let wrong = |line| KeyObstacle::BadCsv { path: path.to_owned(), line };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut out = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| wrong(e.position().map_or(0, csv::Position::line)))?;
        let line = row.position().map_or(0, csv::Position::line);
        let (Some(question), Some(text), None) =
            (row.get(0), row.get(1), row.get(2).filter(|c| !c.is_empty()))
        else {
            return Err(wrong(line));
        };
        let said = if text.starts_with('[') {
            // Written as in Python; a value never has a quote.
            let text = Zeroizing::new(text.replace('\'', "\""));
            let json: Json = serde_json::from_str(&text).map_err(|_| wrong(line))?;
            answer(&At::root(EVALUATION, &json)).map_err(|_| wrong(line))?
        } else {
            text.split(',').map(|part| (Zeroizing::new(part.trim().to_owned()), None)).collect()
        };
        out.push((question.to_owned(), said));
    }
    if out.is_empty() { Err(wrong(0)) } else { Ok(out) }
}

/// `"A"`, `["A", "B"]` or `[["A", 1], ["AB", 2]]`.
fn answer(value: &At<'_>) -> Result<Vec<Said>, ImportError> {
    let wanted = "an answer: \"A\", [\"A\", \"B\"] or [[\"A\", 1], [\"AB\", 2]]";
    if let Json::Text(_) | Json::Number(_) = value.json {
        return Ok(vec![(Zeroizing::new(value.word(wanted)?), None)]);
    }
    let one = |entry: &At<'_>| -> Result<Said, ImportError> {
        let Json::List(_) = entry.json else { return Ok((Zeroizing::new(entry.word(wanted)?), None)) };
        match entry.list(wanted)?.as_slice() {
            [text, weight] => Ok((Zeroizing::new(text.word(wanted)?), Some(score(weight)?))),
            _ => Err(entry.wrong(wanted)),
        }
    };
    let list = value.list(wanted)?;
    if list.is_empty() { Err(value.wrong(wanted)) } else { list.iter().map(one).collect() }
}

/// A score: a number, or a number or fraction as text.
fn score(value: &At<'_>) -> Result<Score, ImportError> {
    let wanted = "a score such as 1, \"0.5\" or \"1/3\", between -1000 and 1000";
    let text = value.word(wanted)?;
    let (above, below) = text.split_once('/').unwrap_or((&text, "1"));
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|n| n.abs() <= 1e6);
    let scaled = number(above).zip(number(below)).map(|(a, b)| 100.0 * a / b);
    let scaled = scaled.filter(|s| s.abs() <= 100_000.0).ok_or_else(|| value.wrong(wanted))?;
    let nearest = scaled.round();
    #[allow(clippy::cast_possible_truncation)] // at most 100 000
    Ok(Score { text, hundredths: nearest as i64, exact: (scaled - nearest).abs() < 1e-6 })
}

/// What a right response earns, by item.
struct Schemes {
    usual: (String, Score),
    items: BTreeMap<u16, (String, Score)>,
}

impl Schemes {
    fn read(file: &At<'_>, form: &Form, notes: &mut Vec<Note>) -> Result<Self, ImportError> {
        let mut usual = None;
        let mut items = BTreeMap::new();
        let on_card = form.items();
        for (name, scheme) in file.must("marking_schemes")?.entries()? {
            let default = name == "DEFAULT";
            let marking = if default { scheme.clone() } else { scheme.must("marking")? };
            if !default {
                let others = scheme.others(&["questions", "marking"])?;
                notes.extend(others.into_iter().map(|place| Note::UnknownKey { path: EVALUATION, place }));
            }
            let others = marking.others(&["correct", "incorrect", "unmarked"])?;
            notes.extend(others.into_iter().map(|place| Note::UnknownKey { path: EVALUATION, place }));
            for what in ["incorrect", "unmarked"] {
                let Some(value) = marking.get(what)? else { continue };
                let score = score(&value)?;
                if score.hundredths != 0 || !score.exact {
                    notes.push(Note::Penalty { scheme: name.to_owned(), what, score: score.text });
                }
            }
            let correct = score(&marking.must("correct")?)?;
            if !correct.exact {
                let points = Points::from_hundredths(correct.hundredths);
                notes.push(Note::Rounded { scheme: name.to_owned(), score: correct.text.clone(), points });
            }
            if default {
                usual = Some((name.to_owned(), correct));
                continue;
            }
            let questions = scheme.must("questions")?;
            for label in match questions.json {
                Json::Text(_) => {
                    let list = Json::List(vec![questions.json.clone()]);
                    labels_of(&At { json: &list, ..questions })?
                }
                _ => labels_of(&questions)?,
            } {
                match item_of(&label).filter(|n| on_card.contains_key(n)) {
                    Some(number) => {
                        items.insert(number, (name.to_owned(), correct.clone()));
                    }
                    None => notes.push(Note::NotAnItem { label }),
                }
            }
        }
        let Some(usual) = usual else {
            file.must("marking_schemes")?.must("DEFAULT")?;
            return Err(file.wrong("complete"));
        };
        Ok(Self { usual, items })
    }

    fn of(&self, item: u16) -> &(String, Score) {
        self.items.get(&item).unwrap_or(&self.usual)
    }
}

fn answers(
    said: Vec<(String, Vec<Said>)>,
    form: &Form,
    schemes: &Schemes,
    notes: &mut Vec<Note>,
) -> Result<Answers, KeyObstacle> {
    let on_card = form.items();
    let mut items = BTreeMap::new();
    for (label, said) in said {
        let found = item_of(&label).and_then(|n| Some((n, on_card.get(&n)?)));
        let Some((number, columns)) = found else {
            notes.push(Note::NotAnItem { label });
            continue;
        };
        let (scheme, usual) = schemes.of(number);
        let worth = |said: &Said| said.1.as_ref().unwrap_or(usual).hundredths;
        let best = said.iter().map(worth).max().unwrap_or_default();
        if said.iter().any(|s| worth(s) != best) {
            notes.push(Note::Weights { item: number });
        }
        let mut accepted: Vec<Zeroizing<String>> = Vec::new();
        for text in said.iter().filter(|s| worth(s) == best) {
            let letters = letters(columns, &text.0).ok_or(KeyObstacle::Answer { item: number })?;
            if !accepted.contains(&letters) {
                accepted.push(letters);
            }
        }
        if best <= 0 {
            return Err(KeyObstacle::Worthless { scheme: scheme.clone() });
        }
        let several = accepted.iter().any(|a| a.chars().count() > 1);
        let kind = match (columns.len(), several) {
            (1, false) => Kind::Single,
            (1, true) => Kind::Multiple,
            _ => Kind::Numeric,
        };
        let mut options = String::new();
        for (_, letter) in columns.iter().flat_map(|c| &c.values) {
            if !options.contains(*letter) {
                options.push(*letter);
            }
        }
        let answer = Answer { kind, options, accepted, points: Points::from_hundredths(best) };
        if items.insert(number, answer).is_some() {
            return Err(KeyObstacle::Twice { item: number });
        }
    }
    let missing: Vec<u16> = on_card.keys().copied().filter(|n| !items.contains_key(n)).collect();
    if missing.is_empty() { Ok(Answers { items }) } else { Err(KeyObstacle::Unanswered { items: missing }) }
}

/// An answer in the letters of the layout, each item's in printed order; `None` if it is not made of the item's values.
fn letters(columns: &[&Column], text: &str) -> Option<Zeroizing<String>> {
    let text = text.trim();
    let letter = |values: &[(String, char)], word: &str| {
        let same = |(value, _): &&(String, char)| value == word;
        let alike = |(value, _): &&(String, char)| value.eq_ignore_ascii_case(word);
        values.iter().find(same).or_else(|| values.iter().find(alike)).map(|(_, letter)| *letter)
    };
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    if let [column] = columns {
        if let Some(letter) = letter(&column.values, text) {
            out.push(letter);
            return Some(out);
        }
        let marked: Vec<char> = text
            .chars()
            .map(|c| letter(&column.values, c.encode_utf8(&mut [0; 4])))
            .collect::<Option<_>>()?;
        let printed = column.values.iter().map(|(_, letter)| *letter).filter(|l| marked.contains(l));
        out.extend(printed);
        // The same value twice is a slip.
        return (out.chars().count() == marked.len() && !marked.is_empty()).then_some(out);
    }
    for c in text.chars() {
        let found = columns.iter().find_map(|column| letter(&column.values, c.encode_utf8(&mut [0; 4])));
        out.push(found?);
    }
    (!out.is_empty() && out.chars().count() <= columns.len()).then_some(out)
}
