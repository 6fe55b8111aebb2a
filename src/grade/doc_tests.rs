//! The examples of docs/scoring.md: every key is read, and every row of its table graded.

use super::*;
use crate::sheet::{Response, ResponseState, Rounding, RoundingRule};

const PAGE: &str = include_str!("../../docs/scoring.md");

/// A key's text and the table below it, headings first.
struct Example {
    key: String,
    table: Vec<Vec<String>>,
}

fn examples() -> Vec<Example> {
    let mut out: Vec<Example> = Vec::new();
    let mut in_key = false;
    for line in PAGE.lines() {
        match line {
            "```toml" => {
                in_key = true;
                out.push(Example { key: String::new(), table: Vec::new() });
            }
            "```" => in_key = false,
            _ => {
                let Some(last) = out.last_mut() else { continue };
                if in_key {
                    last.key.push_str(line);
                    last.key.push('\n');
                } else if let Some(row) = line.strip_prefix('|').and_then(|l| l.strip_suffix('|'))
                    && !row.starts_with("---")
                {
                    last.table.push(row.split('|').map(|cell| cell.trim().to_owned()).collect());
                }
            }
        }
    }
    out
}

fn response(key: &AnswerKey, item: u16, cell: &str) -> Response {
    let one = key.items().find(|i| i.number() == item).unwrap().rule().marks() == crate::key::Marks::One;
    match cell {
        "—" => Response::blank(),
        _ if one && cell.len() > 1 => Response { value: cell.into(), state: ResponseState::Multiple },
        _ => Response::resolved(cell),
    }
}

#[test]
fn every_example_of_the_page_is_what_the_program_gives() {
    let examples = examples();
    assert!(examples.len() >= 13, "{}", examples.len());
    for Example { key: text, table } in examples {
        let key = AnswerKey::parse(&text, "scoring.md").unwrap_or_else(|e| panic!("{e}\n{text}"));
        let (headings, rows) = table.split_first().unwrap_or_else(|| panic!("no table:\n{text}"));
        assert!(rows.len() >= 3, "{text}");
        for row in rows {
            let (mut responses, mut hand) = (Responses::default(), HandMarks::new());
            let mut exact = None;
            let mut rounded = Vec::new();
            for (heading, cell) in headings.iter().zip(row) {
                if let Ok(item) = heading.parse::<u16>() {
                    responses.items.insert(item, response(&key, item, cell));
                } else if heading == "points" {
                    exact = Some(cell.parse::<Fraction>().unwrap());
                } else if let Some((rule, step)) = heading.split_once(' ') {
                    let rule = RoundingRule::WORDS.iter().find(|(word, _)| *word == rule).unwrap().1;
                    let rounding = Rounding { rule, step: step.parse().unwrap() };
                    rounded.push((rounding, cell.parse::<Points>().unwrap()));
                } else {
                    hand.insert(heading.parse().unwrap(), cell.parse().unwrap());
                }
            }
            let exact = exact.unwrap();
            // In steps too small to change anything that has a name of its own.
            let score = Grader::new(&key, None).grade(&responses, &hand);
            match exact.whole_hundredths() {
                Some(points) => {
                    let score = score.unwrap();
                    assert_eq!((score.points, score.exact), (points, None), "{text}{row:?}");
                }
                None => assert_eq!(score, Err(GradeError::Inexact), "{text}{row:?}"),
            }
            let down = Rounding { rule: RoundingRule::Down, step: Points::from_hundredths(1) };
            let score = Grader::new(&key, Some(down)).grade(&responses, &hand).unwrap();
            assert_eq!(score.exact.unwrap_or_else(|| score.points.into()), exact, "{text}{row:?}");
            for (rounding, points) in rounded {
                let score = Grader::new(&key, Some(rounding)).grade(&responses, &hand).unwrap();
                assert_eq!(score.points, points, "{rounding} {text}{row:?}");
            }
        }
    }
}
