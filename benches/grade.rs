//! What grading costs: 100 000 sheets of 200 items, their statistics, and the search for sheets that are too much alike.
//!
//! Every figure is the median of rounds in one run. The floor touches the same bytes: it walks every response of every
//! sheet and adds up what is in it. A ratio to it says what scoring costs beyond looking. The sheets are 10 000
//! different ones, taken ten times over, so that they fit in memory and not in a cache. `cargo bench --bench grade`.

use duka::grade::copying::{Pairs, alike};
use duka::grade::stats::statistics;
use duka::grade::{Grader, Score};
use duka::key::AnswerKey;
use duka::sheet::{HandMarks, Response, Responses, Rounding, RoundingRule};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

const ITEMS: u16 = 200;
const SHEETS: usize = 10_000;
const TIMES: usize = 10;
/// An odd number of rounds has a median that was measured.
const ROUNDS: usize = 5;
/// Candidates in a room.
const ROOM: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let sheets: Vec<Responses> = (0..SHEETS).map(|_| sheet(&mut rng)).collect();
    let all: Vec<&Responses> = std::iter::repeat_n(&sheets, TIMES).flatten().collect();
    let rooms =
        Pairs::Within((0..all.len()).collect::<Vec<_>>().chunks(ROOM).map(<[usize]>::to_vec).collect());
    println!("{} sheets of {ITEMS} items, seconds (median of {ROUNDS} rounds)", all.len());
    println!("{:<44} {:>8} {:>8}", "", "seconds", "ratio");
    let floor = median(|| all.iter().map(|sheet| bytes_of(sheet)).sum::<usize>());
    tell("floor: every response looked at, 1 thread", floor, floor);
    let floor_all = median(|| all.par_iter().map(|sheet| bytes_of(sheet)).sum::<usize>());
    tell("floor, all threads", floor_all, floor_all);
    let down = Some(Rounding { rule: RoundingRule::Down, step: "0.01".parse()? });
    for (name, text) in [("all or nothing", key(false)?), ("partial, penalties, left out", key(true)?)] {
        let key = AnswerKey::parse(&text, "key.toml")?;
        let grader = Grader::new(&key, down);
        let hand = HandMarks::new();
        let grade = |sheet: &&Responses| grader.grade(sheet, &hand);
        println!("{name}");
        let one = median(|| {
            all.iter().filter_map(|sheet| grade(sheet).ok()).map(|score| points(&score)).sum::<i64>()
        });
        tell("  grading, 1 thread", one, floor);
        let many = median(|| {
            all.par_iter().filter_map(|sheet| grade(sheet).ok()).map(|score| points(&score)).sum::<i64>()
        });
        tell("  grading, all threads", many, floor_all);
        let refused = all.iter().filter(|sheet| grade(sheet).is_err()).count();
        if refused > 0 {
            return Err(format!("{refused} sheets were not graded").into());
        }
        let items = median(|| statistics(&grader, &all).map(|s| s.items.len()).unwrap_or_default());
        tell("  item statistics, all threads", items, floor_all);
    }
    let text = key(false)?;
    let key = AnswerKey::parse(&text, "key.toml")?;
    let grader = Grader::new(&key, None);
    let pairs = alike(&grader, &all, &rooms, 0.01)?.pairs;
    let seconds =
        median(|| alike(&grader, &all, &rooms, 0.01).map(|found| found.found.len()).unwrap_or_default());
    tell(&format!("{pairs} pairs in rooms of {ROOM}"), seconds, floor_all);
    Ok(())
}

fn points(score: &Score) -> i64 {
    score.points.hundredths()
}

fn bytes_of(sheet: &Responses) -> usize {
    sheet.items.values().map(|response| response.value.len() + usize::from(response.state.is_held())).sum()
}

fn tell(name: &str, seconds: f64, floor: f64) {
    println!("{name:<44} {seconds:>8.3} {:>7.1}×", seconds / floor);
}

fn median<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

/// 120 single-choice items, 40 of several marks, 40 true/false.
fn key(schemes: bool) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("paper = \"p\"\nform = \"A\"\nrevision = 1\ntotal = 100\n");
    let mut section = |kind: &str, from: u16, to: u16, more: &str, answers: String| {
        write!(
            text,
            "[[section]]\nkind = \"{kind}\"\nfrom = {from}\nto = {to}\npoints = 0.5\n{}{answers}\n",
            if schemes { more } else { "" }
        )
    };
    section("single", 1, 120, "penalty = \"1/6\"\n", format!("answers = \"{}\"", "ABCD".repeat(30)))?;
    let sets = ["\"AB\"", "\"ACD\"", "\"D\"", "\"BCD\""].join(", ");
    section(
        "multiple",
        121,
        160,
        "credit = \"partial\"\n",
        format!("answers = [{}]", [sets.as_str(); 10].join(", ")),
    )?;
    section(
        "true-false",
        161,
        200,
        "penalty = 0.5\nfloor = -5\n",
        format!("answers = \"{}\"", "AB".repeat(20)),
    )?;
    if schemes {
        text.push_str(
            "[[item]]\nitem = 7\nvoid = \"left-out\"\n[[item]]\nitem = 9\naccept = [\"A\", \"C\"]\n",
        );
    }
    Ok(text)
}

fn sheet(rng: &mut ChaCha8Rng) -> Responses {
    let skill = rng.random_range(0.3..0.95);
    let items = (1..=ITEMS).map(|item| {
        let right = match item {
            1..=120 => ["A", "B", "C", "D"][usize::from(item - 1) % 4],
            121..=160 => ["AB", "ACD", "D", "BCD"][usize::from(item - 121) % 4],
            _ => ["A", "B"][usize::from(item - 161) % 2],
        };
        let response = if rng.random_range(0.0..1.0) < 0.02 {
            Response::blank()
        } else if rng.random_range(0.0..1.0) < skill {
            Response::resolved(right)
        } else if item > 160 {
            Response::resolved(if right == "A" { "B" } else { "A" })
        } else {
            Response::resolved(["A", "B", "C", "D"][rng.random_range(0..4)])
        };
        (item, response)
    });
    Responses { items: items.collect(), ..Responses::default() }
}
