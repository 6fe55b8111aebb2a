//! A thousand made-up cards whose truth is known, and a hundred filled by careless hands.

// Helpers of tests may fail as tests do.

use duka::layout::{self, Layout};
use duka::read::{self, MarkState, ReadKind, Reading};
use duka::register::register_as;
use duka::settle;
use duka::sheet::{Cause, EngineId};
use duka::simulate::{Answers, Care, Format, Person, Print, Sample, Scanner, sample};
use duka::source::decode;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const LAYOUTS: [&str; 4] = ["theory-100", "theory-200", "theory-multi", "card-16k"];

/// One made-up card of a fixed seed, as an office scans it.
fn card(layout: &Layout, blank: &Print, care: Care, seed: u64) -> (Scanner, Sample) {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let ticket: String = (0..12).map(|_| char::from(b'0' + rng.random_range(0..10u8))).collect();
    let person = Person {
        ticket: Some(ticket.parse().unwrap()),
        form: Some(if rng.random_bool(0.5) { "A" } else { "B" }.parse().unwrap()),
        flags: vec![],
    };
    let answers = Answers::random(layout, &person, 0.03, &mut rng);
    let scanner = Scanner::office(&mut rng);
    let card = sample(layout, blank, &answers, care, &scanner, &mut rng).unwrap();
    (scanner, card)
}

fn reading(layout: &Layout, bytes: &[u8]) -> Result<Reading, Cause> {
    let page = decode(bytes).next().unwrap().1.unwrap();
    let registration = register_as(&page, layout)?;
    Ok(read::read(&page, &registration, layout, &EngineId("test".into())))
}

/// What became of the responses of one card or of many.
#[derive(Default)]
struct Tally {
    sheets: usize,
    responses: usize,
    held: Vec<String>,
    wrong: Vec<String>,
    set_aside: Vec<String>,
    sheets_held: usize,
}

impl Tally {
    fn join(mut self, mut other: Self) -> Self {
        self.sheets += other.sheets;
        self.responses += other.responses;
        self.sheets_held += other.sheets_held;
        self.held.append(&mut other.held);
        self.wrong.append(&mut other.wrong);
        self.set_aside.append(&mut other.set_aside);
        self
    }
}

/// The marks at `place` (an item's number or a field's name) on which the readers don't agree.
fn doubted(reading: &Reading, place: &str) -> String {
    let positions = reading.fields.iter().flat_map(|f| f.positions.iter().map(move |p| (f, p)));
    positions
        .filter(
            |(f, p)| {
                if f.kind == ReadKind::Items { p.label.as_str() == place } else { f.name.as_str() == place }
            },
        )
        .flat_map(|(_, p)| p.options.chars().zip(&p.marks).map(move |(option, mark)| (p, option, mark)))
        .filter(|(_, _, mark)| mark.first != mark.second || mark.state == MarkState::Marginal)
        .fold(String::new(), |mut all, (p, option, mark)| {
            let _ = write!(all, " {} {option} {mark:?}", p.label);
            all
        })
}

fn careful(layout: &Layout, blank: &Print, seed: u64) -> Tally {
    let (scanner, card) = card(layout, blank, Care::Careful, seed);
    let mut tally = Tally { sheets: 1, ..Tally::default() };
    let who = format!("{} seed {seed} ({} dpi {:?})", layout.name, scanner.dpi, scanner.format);
    let reading = match reading(layout, &card.bytes) {
        Ok(reading) => reading,
        Err(cause) => {
            tally.set_aside.push(format!("{who}: {cause} ({scanner:?})"));
            tally.sheets_held = 1;
            return tally;
        }
    };
    let responses = settle::responses(&reading).0;
    let items = responses.items.iter().map(|(item, r)| (item.to_string(), r, card.truth.items[item].clone()));
    let fields = responses.fields.iter().map(|(field, r)| {
        // A field whose columns are all blank is blank.
        let truth = card.truth.fields[field.as_str()].trim_end_matches('_').to_owned();
        (field.to_string(), r, truth)
    });
    for (place, response, truth) in items.chain(fields) {
        tally.responses += 1;
        let line = || {
            format!(
                "{who} {place}: {truth:?} read as {:?} ({}){}",
                response.value,
                response.state.word(),
                doubted(&reading, &place)
            )
        };
        if response.state.is_held() {
            tally.held.push(line());
        } else if response.value != truth {
            tally.wrong.push(line());
        }
    }
    tally.sheets_held = usize::from(!tally.held.is_empty());
    tally
}

/// Nothing that we stand behind is wrong, and almost nothing is left to a person.
#[test]
fn careful_cards_are_read_right() {
    let mut all = Tally::default();
    for name in LAYOUTS {
        let layout = layout::shipped(name).unwrap();
        let blank = Print::of(&layout, &layout::draw::CardFace::default()).unwrap();
        let one = (0..250)
            .into_par_iter()
            .map(|seed| careful(&layout, &blank, seed))
            .reduce(Tally::default, Tally::join);
        println!(
            "{name:<13} {} cards, {} responses: {} wrong, {} held on {} cards, {} cards set aside",
            one.sheets,
            one.responses,
            one.wrong.len(),
            one.held.len(),
            one.sheets_held,
            one.set_aside.len()
        );
        all = all.join(one);
    }
    for line in all.set_aside.iter().chain(&all.held).chain(&all.wrong) {
        println!("{line}");
    }
    assert_eq!(all.sheets, 1000);
    assert!(all.wrong.is_empty(), "{:#?}", all.wrong);
    assert!(all.held.len() as f64 <= 0.0005 * all.responses as f64, "{:#?}", all.held);
    assert!(all.sheets_held <= 30, "{} cards held", all.sheets_held);
}

/// What a drawn thing may be read as, by itself.
///
/// The rule: no stroke ever becomes another option, and nothing that was drawn passes silently.
///
/// | drawn | may be read as |
/// |---|---|
/// | full, bar | filled; held |
/// | faint, half, slash, tick, cross | filled; held |
/// | dot, ring | held: too little to be an answer, too much to be nothing |
/// | erased | empty; held |
/// | badly erased | empty; held |
///
/// One loss is the scan's and not the reader's: a black and white scan drops what is paler than its threshold.
/// There a faint stroke may come out as nothing at all; what it leaves of a stroke is held.
fn allowed(stroke: &str, state: MarkState, bilevel: bool) -> bool {
    match (stroke, state) {
        ("faint", MarkState::Empty) => bilevel,
        (_, MarkState::Marginal | MarkState::Unreadable)
        | ("full" | "bar" | "half" | "slash" | "tick" | "cross" | "faint", MarkState::Filled)
        | ("erased" | "badly-erased", MarkState::Empty) => true,
        _ => false,
    }
}

#[derive(Default)]
struct Strokes {
    sheets: usize,
    refused: usize,
    outcomes: BTreeMap<(&'static str, MarkState), usize>,
    /// What the two readers said.
    words: BTreeMap<(&'static str, MarkState, MarkState), usize>,
    wrong: Vec<String>,
}

impl Strokes {
    fn join(mut self, mut other: Self) -> Self {
        self.sheets += other.sheets;
        self.refused += other.refused;
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (words, count) in other.words {
            *self.words.entry(words).or_default() += count;
        }
        self.wrong.append(&mut other.wrong);
        self
    }
}

fn careless(layout: &Layout, blank: &Print, seed: u64) -> Strokes {
    let (scanner, card) = card(layout, blank, Care::Careless(0.3), seed);
    let mut out = Strokes { sheets: 1, ..Strokes::default() };
    let Ok(reading) = reading(layout, &card.bytes) else {
        out.refused = 1;
        return out;
    };
    let bilevel = matches!(scanner.format, Format::BilevelPng(_) | Format::Group4(_));
    for field in &reading.fields {
        for (column, position) in field.positions.iter().enumerate() {
            let place = format!("{} {}", field.name, position.label);
            let wanted = match position.label.as_str().parse() {
                Ok(item) if field.kind == ReadKind::Items => card.truth.items[&item].clone(),
                _ => card.truth.fields[field.name.as_str()].chars().nth(column).unwrap().to_string(),
            };
            let drawn = card.truth.careless.get(&place).map_or(&[][..], Vec::as_slice);
            for (option, mark) in position.options.chars().zip(&position.marks) {
                let stroke = drawn.iter().find(|d| d.option.starts_with(option)).map(|d| d.stroke);
                let stroke = stroke.unwrap_or(if wanted.contains(option) { "full" } else { "nothing" });
                *out.outcomes.entry((stroke, mark.state)).or_default() += 1;
                *out.words.entry((stroke, mark.first, mark.second)).or_default() += 1;
                let fine = match stroke {
                    "nothing" => mark.state != MarkState::Filled,
                    _ => allowed(stroke, mark.state, bilevel),
                };
                if !fine {
                    out.wrong.push(format!(
                        "{} seed {seed} {place} {option}: {stroke} read as {mark:?} ({scanner:?})",
                        layout.name
                    ));
                }
            }
        }
    }
    out
}

/// Whatever hands do instead of filling is read as what it is or left to a person.
#[test]
fn careless_marks_are_never_silently_another_answer() {
    let mut all = Strokes::default();
    for name in LAYOUTS {
        let layout = layout::shipped(name).unwrap();
        let blank = Print::of(&layout, &layout::draw::CardFace::default()).unwrap();
        let one = (0..25)
            .into_par_iter()
            .map(|seed| careless(&layout, &blank, seed))
            .reduce(Strokes::default, Strokes::join);
        all = all.join(one);
    }
    println!("{} cards, {} refused", all.sheets, all.refused);
    for ((stroke, first, second), count) in &all.words {
        println!("{stroke:<13} first {first:?}, second {second:?}: {count}");
    }
    for ((stroke, state), count) in &all.outcomes {
        println!("{stroke:<13} {state:?}: {count}");
    }
    assert_eq!(all.sheets, 100);
    assert!(all.refused <= 3, "{} cards refused", all.refused);
    assert!(all.outcomes.values().sum::<usize>() > 50_000);
    assert!(all.wrong.is_empty(), "{} {:#?}", all.wrong.len(), &all.wrong[..all.wrong.len().min(40)]);
}
