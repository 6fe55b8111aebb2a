//! The public list (公示名单): names and numbers masked, no two people alike.
//!
//! Masks are made for everybody of the batch at once, whoever the list shows. So they are different within every list, and a
//! person has the same mask in all of them: two lists together show no character that one of them does not.

use super::cells::{Cell, Column};
use super::paper::Row;
use super::plain::{PlainSection, documents};
use super::{Document, PublishError};
use crate::exam::{Exam, IdentifyBy, Level, ListColumn, ListRule};
use crate::merge::{Results, Transcript, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// How many further characters of a number are shown at most where two people look alike.
const MOST_SHOWN: usize = 4;

/// How many characters of a number stay hidden, whatever happens. Of an 18-digit identity number: the year of birth.
const LEAST_HIDDEN: usize = 4;

/// A person as a public list shows them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mask {
    /// `张*`, `欧**丽`.
    pub name: String,
    /// `640502********0016`.
    pub number: String,
}

/// The mask of a name (姓名): of two characters the first is shown, of three and more the first and the last, of one none.
/// Spaces, dots (·), hyphens and apostrophes are shown and don't count; a character's variation selector stays with it.
///
/// ```
/// use duka::publish::masked_name;
/// assert_eq!(masked_name("张三"), "张*");
/// assert_eq!(masked_name("欧阳丽娟"), "欧**娟");
/// assert_eq!(masked_name("阿依古丽·买买提"), "阿***·**提");
/// ```
#[must_use]
pub fn masked_name(name: &str) -> String {
    let name = name.trim();
    let mut letters: Vec<String> = Vec::new();
    for c in name.chars() {
        match letters.last_mut() {
            Some(last) if joins(c) => last.push(c),
            _ => letters.push(c.to_string()),
        }
    }
    let counted: Vec<usize> = (0..letters.len()).filter(|i| !separates(&letters[*i])).collect();
    let shown: &[usize] = match counted.as_slice() {
        [] | [_] => &[],
        [first, _] => &[*first],
        [first, .., last] => &[*first, *last],
    };
    let mask = |(i, letter): (usize, &String)| {
        if separates(letter) || shown.contains(&i) { letter.clone() } else { "*".to_owned() }
    };
    letters.iter().enumerate().map(mask).collect()
}

fn separates(letter: &str) -> bool {
    let dots = ['·', '•', '‧', '・', '．', '.', ' ', '\u{3000}', '-', '\'', '’'];
    letter.chars().next().is_some_and(|c| dots.contains(&c))
}

/// Combining marks and variation selectors.
fn joins(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{200d}')
}

/// Which places of a number of `length` characters are hidden: all but the first 6 and last 4 of 15 and more, all but the first
/// and last 2 of 8 to 14, all but the last of 2 to 7, all of one.
fn hidden(length: usize) -> std::ops::Range<usize> {
    match length {
        15.. => 6..length - 4,
        8..=14 => 2..length - 2,
        2..=7 => 0..length - 1,
        _ => 0..length,
    }
}

/// The number with its hidden places as stars, but for those that are `shown`.
fn masked_number(number: &str, shown: &BTreeSet<usize>) -> String {
    let letters: Vec<char> = number.chars().collect();
    let hidden = hidden(letters.len());
    let star = |(i, c): (usize, &char)| if hidden.contains(&i) && !shown.contains(&i) { '*' } else { *c };
    letters.iter().enumerate().map(star).collect()
}

/// The masks of these people, in their order; equal people have one mask.
///
/// Where two people's masks are alike, as few further places of the number as tell all of them apart are shown, the same places
/// for all of them: of the hidden ones first one alone, from the right to the left, then two, and so on to four; at least four stay
/// hidden.
///
/// # Errors
///
/// [`PublishError::MasksAlike`] naming those whom that does not tell apart.
pub(super) fn masks(people: &[(&str, &str)]) -> Result<Vec<Mask>, PublishError> {
    let mut alike: BTreeMap<Mask, BTreeSet<(&str, &str)>> = BTreeMap::new();
    let plain = BTreeSet::new();
    let base = |(name, number): (&str, &str)| Mask {
        name: masked_name(name),
        number: masked_number(number.trim(), &plain),
    };
    for person in people {
        alike.entry(base(*person)).or_default().insert(*person);
    }
    let mut found: BTreeMap<(&str, &str), Mask> = BTreeMap::new();
    let mut failed = Vec::new();
    for (mask, group) in &alike {
        let numbers: Vec<&str> = group.iter().map(|(_, number)| number.trim()).collect();
        let Some(shown) = telling(&numbers) else {
            failed.extend(group.iter().map(|(name, _)| (*name).to_owned()));
            continue;
        };
        for person in group {
            let number = masked_number(person.1.trim(), &shown);
            found.insert(*person, Mask { name: mask.name.clone(), number });
        }
    }
    if !failed.is_empty() {
        return Err(PublishError::MasksAlike { whose: failed });
    }
    Ok(people.iter().filter_map(|person| found.get(person).cloned()).collect())
}

/// The fewest hidden places that tell all these numbers, which are equally long, apart; `None` if there are none.
fn telling(numbers: &[&str]) -> Option<BTreeSet<usize>> {
    if numbers.len() < 2 {
        return Some(BTreeSet::new());
    }
    let letters: Vec<Vec<char>> = numbers.iter().map(|n| n.chars().collect()).collect();
    let places: Vec<usize> = hidden(letters[0].len()).rev().collect();
    let most = places.len().saturating_sub(LEAST_HIDDEN).min(MOST_SHOWN);
    (1..=most)
        .find_map(|count| {
            choices(&places, count).into_iter().find(|chosen| {
                let seen: BTreeSet<Vec<char>> =
                    letters.iter().map(|l| chosen.iter().map(|i| l[*i]).collect()).collect();
                seen.len() == letters.len()
            })
        })
        .map(|chosen| chosen.into_iter().collect())
}

/// All choices of `count` of these, those that come first first.
fn choices(of: &[usize], count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut out = Vec::new();
    for (i, first) in of.iter().enumerate() {
        for rest in choices(&of[i + 1..], count - 1) {
            out.push(std::iter::once(*first).chain(rest).collect());
        }
    }
    out
}

/// Everybody's mask, in the order of the transcripts: what a record keeps of a list, to hold a later one against it.
///
/// # Errors
///
/// [`PublishError::MasksAlike`] naming those whose masks can't be told apart.
pub fn public_masks(exam: &Exam, results: &Results) -> Result<Vec<Mask>, PublishError> {
    masks_of(exam, &results.transcripts.iter().collect::<Vec<_>>())
}

fn masks_of(exam: &Exam, transcripts: &[Transcript]) -> Result<Vec<Mask>, PublishError> {
    let people: Vec<(&str, &str)> = transcripts.iter().map(|t| person(exam, t)).collect();
    masks(&people)
}

fn person<'a>(exam: &Exam, transcript: &'a Transcript) -> (&'a str, &'a str) {
    let candidate = &transcript.candidate;
    match exam.public.identify {
        IdentifyBy::IdNumber => (&candidate.name, &candidate.id_number),
        IdentifyBy::Ticket => (&candidate.name, candidate.ticket.as_str()),
    }
}

/// 公示名单 as xlsx and pdf, a section for each occupation and level, `publication` in its heading.
///
/// Lines stand in the order of their masks, which says nothing of seat or ticket number.
///
/// # Errors
///
/// [`PublishError::NoCandidates`]; [`PublishError::MasksAlike`] naming those whose masks can't be told apart; or what can't be printed.
pub fn public_list(exam: &Exam, results: &Results, publication: u64) -> Result<Vec<Document>, PublishError> {
    if results.transcripts.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let transcripts: Vec<Transcript> = results.transcripts.iter().collect();
    let masks = masks_of(exam, &transcripts)?;
    let mut groups: BTreeMap<(&str, Level), Vec<(&Mask, &Transcript)>> = BTreeMap::new();
    for (mask, transcript) in masks.iter().zip(&transcripts) {
        let candidate = &transcript.candidate;
        let group = groups.entry((&candidate.occupation, candidate.level)).or_default();
        if exam.public.list == ListRule::All || transcript.verdict == Verdict::Passed {
            group.push((mask, transcript));
        }
    }
    let number = match exam.public.identify {
        IdentifyBy::IdNumber => Column::IdNumber,
        IdentifyBy::Ticket => Column::Ticket,
    };
    let sections = groups.into_iter().map(|((occupation, level), mut lines)| {
        lines.sort_by_key(|(mask, _)| *mask);
        let reviewed = lines.iter().any(|(_, t)| t.review.is_some());
        let chosen = exam.public.columns.iter().filter(|c| **c != ListColumn::Review || reviewed);
        let columns: Vec<Column> =
            [Column::Serial, Column::Name, number].into_iter().chain(chosen.copied().map(column)).collect();
        let row = |(serial, (mask, transcript)): (u32, &(&Mask, &Transcript))| Row {
            whose: format!("{} {}", transcript.candidate.ticket, transcript.candidate.name),
            cells: columns
                .iter()
                .map(|column| match column {
                    Column::Name => Cell::Text(mask.name.clone()),
                    Column::IdNumber | Column::Ticket => Cell::Text(mask.number.clone()),
                    column => column.cell(serial, transcript),
                })
                .collect(),
        };
        let count = lines.len();
        PlainSection {
            tab: format!("{occupation}{}", level.word()),
            facts: vec![
                vec![("鉴定所", exam.institute.clone(), 66), ("批次", exam.batch.clone(), 34)],
                vec![
                    ("职业（工种）", occupation.to_owned(), 40),
                    ("等级", level.word().to_owned(), 26),
                    ("鉴定日期", exam.date.clone(), 34),
                ],
                vec![
                    ("发布号", format!("第 {publication} 号"), 40),
                    (list_words(exam.public.list), format!("{count} 人"), 60),
                ],
            ],
            rows: (1u32..).zip(&lines).map(row).collect::<Vec<_>>().into(),
            columns,
            nothing: "本组无合格人员",
        }
    });
    documents("公示名单", "职业技能鉴定结果公示名单", exam, sections.collect())
}

fn list_words(list: ListRule) -> &'static str {
    match list {
        ListRule::Passed => "合格人员",
        ListRule::All => "全部人员",
    }
}

fn column(column: ListColumn) -> Column {
    match column {
        ListColumn::Occupation => Column::Occupation,
        ListColumn::Level => Column::Level,
        ListColumn::Theory => Column::Theory,
        ListColumn::Practical => Column::Practical,
        ListColumn::Review => Column::Review,
        ListColumn::Result => Column::Result,
    }
}

#[cfg(test)]
#[path = "masked_tests.rs"]
mod tests;
