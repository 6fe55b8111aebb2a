//! The look-up page (成绩查询): a page and data files that need no server, and that hold nobody's name, number or result in
//! readable form.
//!
//! Each record is sealed under a key that a slow function makes of ticket number and the last characters of the identity number
//! ([`seal`]). Records are as long as each other, and what they are filed under comes from the same function, so that whoever
//! knows one of the two numbers alone learns neither the result nor whether there is such a candidate.

mod seal;

use super::cells::part_words;
use super::{Document, PublishError};
use crate::exam::Exam;
use crate::merge::{Results, Transcript};
use crate::sheet::Sha256;
use seal::Seal;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The page; the words between `{{` and `}}` are filled in.
const PAGE: &str = include_str!("page.html");

/// Records of one data file, about: 64 of half a kilobyte are read in no time on a telephone.
const SHARD: usize = 64;

/// Records' length is a multiple of this many bytes, at least twice it.
const STEP: usize = 128;

/// Least number of characters of an identity number that can be asked for.
const LEAST_DIGITS: usize = 4;

/// What the page is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupOf<'a> {
    /// 发布号 whose results are shown.
    pub publication: u64,
    /// The freeze that it stands on: nobody knows it before, so that nothing can be computed ahead.
    pub freeze: Option<&'a Sha256>,
}

/// One candidate's record before it is sealed.
struct Plain {
    secret: String,
    text: Vec<u8>,
}

/// `index.html` and `data/….js`. The same results give the same bytes.
///
/// `progress` is told after each candidate how many of all are done: each takes as long as a guess does, by the exam's
/// `lookup_iterations`. It may be called from several threads.
///
/// # Errors
///
/// [`PublishError::NoCandidates`]; [`PublishError::ShortIdNumber`] naming everybody whose identity number is too short to be asked for.
pub fn lookup_page(
    exam: &Exam,
    results: &Results,
    of: &LookupOf<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Document>, PublishError> {
    use rayon::prelude::*;
    if results.transcripts.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let mut plain = Vec::with_capacity(results.transcripts.len());
    let mut short = Vec::new();
    for transcript in &results.transcripts {
        match secret(&transcript, exam.public.lookup_digits) {
            Some(secret) => plain.push(Plain { secret, text: record(&transcript) }),
            None => short.push(format!("{} {}", transcript.candidate.ticket, transcript.candidate.name)),
        }
    }
    if !short.is_empty() {
        return Err(PublishError::ShortIdNumber { whose: short });
    }
    let longest = plain.iter().map(|p| p.text.len()).max().unwrap_or(0);
    let length = longest.next_multiple_of(STEP).max(2 * STEP);
    for p in &mut plain {
        // JSON may end in spaces.
        p.text.resize(length, b' ');
    }
    let seal = Seal::new(exam, of);
    let (done, all) = (std::sync::atomic::AtomicUsize::new(0), plain.len());
    let sealed: BTreeMap<String, String> = plain
        .par_iter()
        .map(|p| {
            let record = seal.seal(&p.secret, &p.text);
            progress(1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed), all);
            record
        })
        .collect();
    if sealed.len() != all {
        return Err(PublishError::SameSecret);
    }
    let digits = prefix_digits(all);
    let mut documents =
        vec![Document { file_name: "index.html".into(), bytes: page(exam, of, &seal, digits).into_bytes() }];
    for prefix in prefixes(digits) {
        let mut text = format!("duka(\"{prefix}\",{{");
        for (i, (index, record)) in sealed.iter().filter(|(index, _)| index.starts_with(&prefix)).enumerate()
        {
            let comma = if i == 0 { "" } else { "," };
            // Writing to a String can't fail.
            let _ = write!(text, "{comma}\n\"{index}\":\"{record}\"");
        }
        text.push_str("\n});\n");
        documents.push(Document { file_name: format!("data/r{prefix}.js"), bytes: text.into_bytes() });
    }
    Ok(documents)
}

/// How many hexadecimal digits of its index name a record's file: 0, 1 or 2.
fn prefix_digits(records: usize) -> usize {
    [SHARD, SHARD * 16].iter().filter(|most| records > **most).count()
}

fn prefixes(digits: usize) -> Vec<String> {
    match digits {
        0 => vec![String::new()],
        1 => (0..16).map(|n| format!("{n:x}")).collect(),
        _ => (0..256).map(|n| format!("{n:02x}")).collect(),
    }
}

/// What the slow function is given: ticket number and the last characters of the identity number. `None` if that is too short.
fn secret(transcript: &Transcript, digits: u8) -> Option<String> {
    let ticket = plain_characters(transcript.candidate.ticket.as_str());
    let number = plain_characters(&transcript.candidate.id_number);
    let last = &number[number.len().saturating_sub(usize::from(digits))..];
    (last.len() >= LEAST_DIGITS).then(|| format!("{ticket}\n{last}"))
}

/// Letters and digits alone, capital, of half width: as the page makes of what is typed.
fn plain_characters(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        })
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// What the candidate sees.
fn record(transcript: &Transcript) -> Vec<u8> {
    let candidate = &transcript.candidate;
    let mut lines = vec![
        ("准考证号", candidate.ticket.to_string()),
        ("姓名", candidate.name.clone()),
        ("职业（工种）", candidate.occupation.clone()),
        ("等级", candidate.level.word().to_owned()),
        ("理论成绩", part_words(transcript.theory)),
        ("实操成绩", part_words(transcript.practical)),
    ];
    lines.extend(transcript.review.map(|review| ("综合评审", part_words(review))));
    lines.push(("评定结果", transcript.grade.clone()));
    if !transcript.remarks.is_empty() {
        lines.push(("备注", transcript.remarks.join("；")));
    }
    json!(lines).to_string().into_bytes()
}

fn page(exam: &Exam, of: &LookupOf<'_>, seal: &Seal, digits: usize) -> String {
    let text = super::items::html_text;
    let mut out = PAGE.to_owned();
    for (word, value) in [
        ("{{batch}}", text(&exam.batch)),
        ("{{institute}}", text(&exam.institute)),
        ("{{centre}}", text(&exam.centre)),
        ("{{date}}", text(&exam.date)),
        ("{{publication}}", of.publication.to_string()),
        ("{{asked}}", exam.public.lookup_digits.to_string()),
        ("{{iterations}}", seal.iterations().to_string()),
        ("{{salt}}", seal.salt()),
        ("{{prefix}}", digits.to_string()),
    ] {
        out = out.replace(word, &value);
    }
    out
}

#[cfg(test)]
mod tests;
