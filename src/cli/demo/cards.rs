//! Made-up cards: who marks what, what goes wrong, and the scans of it.

use super::people::GROUPS;
use duka::exam::{Candidate, Exam, Roster};
use duka::layout::draw::{CardFace, Prefill};
use duka::layout::{Choice, FieldKind, Layout};
use duka::sheet::{FieldName, TicketNumber};
use duka::simulate::{Answers, Care, Drawn, Format, Person, Print, Scanner, SimulateError, Stroke, sample};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Right answers of a paper's form: item → options.
pub type RightAnswers = BTreeMap<u16, String>;

/// What went wrong with a card on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// Two firm marks on one item.
    DoubleMark,
    /// A mark made with hardly any pressure.
    FaintMark,
    /// The last digit of the ticket number is another candidate's.
    WrongTicket,
    /// One digit of the ticket number is left blank.
    BlankDigit,
    /// The candidate was absent; the invigilator filled 缺考 and the card was scanned with the others.
    Absent,
    /// The candidate was absent, and there is no card.
    NoCard,
    /// The other form is filled in.
    WrongForm,
}

/// A scanned card.
pub struct Card {
    /// Whose.
    pub ticket: TicketNumber,
    /// The file's name.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What was really meant on each item.
    pub items: BTreeMap<u16, String>,
}

/// Which candidate has which mishap, by place in the roster.
pub fn mishaps(roster: &Roster) -> BTreeMap<TicketNumber, Mishap> {
    let each = roster.candidates.len() / 2;
    // Places in the roster's order; in a small exam the later ones fall away.
    let places = [
        (1, Mishap::DoubleMark),
        (each + 1, Mishap::FaintMark),
        (each.saturating_sub(1), Mishap::NoCard),
        (4, Mishap::WrongTicket),
        (each + 4, Mishap::BlankDigit),
        (each + 7, Mishap::Absent),
        (9, Mishap::WrongForm),
    ];
    let tickets: Vec<&TicketNumber> = roster.candidates.keys().collect();
    let mut out = BTreeMap::new();
    for (place, mishap) in places {
        // Each in its own half.
        let half = match mishap {
            Mishap::FaintMark | Mishap::BlankDigit | Mishap::Absent => each..tickets.len(),
            _ => 0..each,
        };
        if half.contains(&place) && !out.contains_key(tickets[place]) {
            out.insert(tickets[place].clone(), mishap);
        }
    }
    out
}

/// The face of a candidate's card.
pub fn face(candidate: &Candidate) -> CardFace {
    CardFace {
        name: Some(candidate.name.clone()),
        ticket: Some(candidate.ticket.clone()),
        occupation: Some(format!("{}（{}）", candidate.occupation, candidate.level)),
        room: Some(candidate.room.to_string()),
        seat: Some(candidate.seat.to_string()),
        prefill: Prefill::Empty,
    }
}

/// Right answers of a layout's items, made up.
pub fn right_answers(layout: &Layout, rng: &mut impl Rng) -> RightAnswers {
    let mut out = BTreeMap::new();
    for field in layout.fields.iter().filter(|f| f.kind == FieldKind::Items) {
        for position in &field.positions {
            let Ok(item) = position.label.as_str().parse() else { continue };
            let options: Vec<&str> = position.targets.iter().map(|t| t.value.as_str()).collect();
            let value = if position.choice == Choice::Multiple {
                let start = rng.random_range(0..options.len() - 1);
                options[start..start + 2].concat()
            } else {
                options[rng.random_range(0..options.len())].to_owned()
            };
            out.insert(item, value);
        }
    }
    out
}

/// Everybody's card, filled and scanned, in the order of rooms and seats.
pub fn make(
    exam: &Exam,
    layouts: &[Layout],
    roster: &Roster,
    mishaps: &BTreeMap<TicketNumber, Mishap>,
    right: &BTreeMap<(String, String), RightAnswers>,
    seed: u64,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Card>, SimulateError> {
    let mut candidates: Vec<&Candidate> = roster.candidates.values().collect();
    candidates.sort_by(|a, b| (&a.room, a.seat).cmp(&(&b.room, b.seat)));
    candidates.retain(|c| mishaps.get(&c.ticket) != Some(&Mishap::NoCard));
    candidates
        .into_par_iter()
        .enumerate()
        .filter_map(|(index, candidate)| {
            let occupation = exam.occupation(&candidate.occupation, candidate.level)?;
            let paper = exam.papers.get(&occupation.paper)?;
            let layout = layouts.iter().find(|l| l.name == paper.layout)?;
            let form = candidate.form.as_ref().or(paper.forms.first())?;
            let answers = right.get(&(occupation.paper.to_string(), form.to_string()))?;
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (index as u64 + 1) << 20);
            let mishap = mishaps.get(&candidate.ticket).copied();
            let card = one(candidate, layout, form.as_str(), answers, mishap, &mut rng);
            done();
            Some(card)
        })
        .collect()
}

fn one(
    candidate: &Candidate,
    layout: &Layout,
    form: &str,
    right: &RightAnswers,
    mishap: Option<Mishap>,
    rng: &mut ChaCha8Rng,
) -> Result<Card, SimulateError> {
    let print = Print::of(layout, &face(candidate))?;
    let absent = mishap == Some(Mishap::Absent);
    let person = Person {
        ticket: Some(candidate.ticket.clone()),
        form: form.parse().ok(),
        flags: if absent { vec![FieldName::ABSENT.into()] } else { Vec::new() },
    };
    let mut answers = Answers::random(layout, &person, 0.0, rng);
    let skill: f64 = rng.random_range(0.5..0.99);
    for (item, value) in &mut answers.items {
        let Some(answer) = right.get(item) else { continue };
        if absent || rng.random_bool(0.01) {
            value.clear();
        } else if rng.random_bool(skill) {
            value.clone_from(answer);
        }
    }
    let items = spoil(&mut answers, candidate, mishap);
    let mut scanner = Scanner::office(rng);
    if scanner.format == Format::Png {
        // Gray PNG files are ten times as large as the others.
        scanner.format = Format::Jpeg(85);
    }
    let made = sample(layout, &print, &answers, Care::Careful, &scanner, rng)?;
    let file = format!("room-{}-{:02}.{}", candidate.room, candidate.seat, scanner.format.ending());
    Ok(Card { ticket: candidate.ticket.clone(), file, bytes: made.bytes, items })
}

/// Puts the mishap on the card; gives what was meant on each item.
fn spoil(answers: &mut Answers, candidate: &Candidate, mishap: Option<Mishap>) -> BTreeMap<u16, String> {
    let mut meant = answers.items.clone();
    match mishap {
        Some(Mishap::DoubleMark) => {
            answers.items.insert(17, "AC".into());
            meant.insert(17, "AC".into());
        }
        Some(Mishap::FaintMark) => {
            answers.items.insert(23, "B".into());
            meant.insert(23, "B".into());
            answers.drawn.push(Drawn {
                field: FieldName::ITEMS.into(),
                item: "23".into(),
                option: "B".into(),
                stroke: Stroke::Faint,
            });
        }
        Some(Mishap::WrongTicket) => {
            // The neighbour's number.
            let digits = candidate.ticket.as_str();
            let (head, last) = digits.split_at(digits.len() - 1);
            let other = last.parse::<u8>().map_or(0, |d| (d + 1) % 10);
            answers.fields.insert(FieldName::TICKET.into(), format!("{head}{other}"));
        }
        Some(Mishap::BlankDigit) => {
            let mut digits: Vec<char> = candidate.ticket.as_str().chars().collect();
            digits[6] = '_';
            answers.fields.insert(FieldName::TICKET.into(), digits.into_iter().collect());
        }
        Some(Mishap::WrongForm) if GROUPS[0].forms.len() > 1 => {
            let other = if candidate.form.as_ref().is_some_and(|f| f.as_str() == "A") { "B" } else { "A" };
            answers.fields.insert(FieldName::FORM.into(), other.into());
        }
        _ => {}
    }
    meant
}
