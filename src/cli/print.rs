//! `duka print`: cards as PDF.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure, layout};
use duka::exam::{Candidate, Exam, Roster};
use duka::layout::Layout;
use duka::layout::draw::{CardFace, Prefill, cards_pdf, lacking};
use duka::sheet::{LayoutName, RoomId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Print answer cards (答题卡) as PDF: a blank one, or one for every candidate of a roster
///
/// With a roster every card carries its candidate's name, ticket number, occupation, room and seat, in the order
/// of rooms and seats. Only candidates whose paper uses this layout get a card; how many others there are is
/// said. A file that is there already is replaced.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  duka print theory-100 -o blank.pdf
  duka print theory-100 --session 2026-3 --roster -o cards.pdf
  duka print theory-100 --roster roster.xlsx --session 2026-3 --prefill -o cards.pdf

Print at 100 % (no scaling to fit) on paper of the layout's size.")]
pub struct Args {
    /// The card's layout (版式): a shipped name or a .toml file
    layout: String,
    /// The PDF file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// One card a candidate: of the session's roster (鉴定名册), or of FILE (xlsx, xls or csv) with the
    /// session's exam.toml; may be repeated
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = OWN)]
    roster: Vec<PathBuf>,
    /// Only the cards of this room (考场); may be repeated
    #[arg(long, value_name = "ROOM", requires = "roster")]
    room: Vec<String>,
    /// Also fill in each candidate's ticket number (准考证号)
    #[arg(long, requires = "roster")]
    prefill: bool,
}

/// Stands for the session's own roster.
const OWN: &str = ".";

#[derive(Serialize)]
struct Report {
    file: String,
    layout: LayoutName,
    pages: usize,
    /// Candidates of these rooms whose paper has another card, by that card's layout.
    other_layouts: BTreeMap<LayoutName, usize>,
    /// Characters that the font lacks.
    lacking: Vec<LackingCharacter>,
}

#[derive(Serialize)]
struct LackingCharacter {
    page: usize,
    what: &'static str,
    character: char,
}

/// Writes the PDF.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    let card = layout::named(&args.layout)?;
    let mut other_layouts = BTreeMap::new();
    let faces = if args.roster.is_empty() {
        vec![CardFace::default()]
    } else {
        let exam = exam(&context.session)?;
        let own = args.roster.iter().any(|path| path == Path::new(OWN));
        let roster = if own { context.open()?.roster()? } else { roster(&args.roster, &exam)? };
        let rooms = rooms(&args.room, &exam)?;
        let prefill = if args.prefill { Prefill::Ticket } else { Prefill::Empty };
        let seated = seated(&roster, &exam, &rooms);
        faces(&seated, &exam, &card, prefill, &mut other_layouts)?
    };
    let pdf = cards_pdf(&card, &faces).map_err(|e| Failure::new(&e, Some(e.hint())))?;
    write_whole(&args.output, &pdf, Existing::Replace, Readers::Usual)?;

    let file = args.output.display().to_string();
    let pages = faces.len();
    let cards = if pages == 1 { "1 card".to_owned() } else { format!("{pages} cards") };
    context.output.line(format!("{file}: {cards}, {}", card.name));
    for (layout, count) in &other_layouts {
        let who = if *count == 1 { "1 candidate has".to_owned() } else { format!("{count} candidates have") };
        eprintln!("note: {who} the card {layout}, printed with `duka print {layout}`");
    }
    let lacking = lacking(&faces).into_iter().map(|l| LackingCharacter {
        page: l.card,
        what: l.what,
        character: l.character,
    });
    let lacking: Vec<_> = lacking.collect();
    for LackingCharacter { page, what, character } in &lacking {
        eprintln!("warning: page {page}: the font has no {character} ({what}), it is printed as 〓");
    }
    context.output.value(&Report { file, layout: card.name, pages, other_layouts, lacking });
    Ok(Ending::Clean)
}

/// The exam of the session's folder.
fn exam(session: &Path) -> Result<Exam, Failure> {
    let path = session.join("exam.toml");
    let text = fs::read_to_string(&path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            let what = format!("there is no exam file {}, which says what the roster means", path.display());
            let hint = "name the exam's folder with --session DIR, or make one with `duka new DIR`";
            Failure::new(what, Some(hint))
        } else {
            Failure::file("read", &path, &error)
        }
    })?;
    Exam::parse(&text, &path.display().to_string()).map_err(|e| Failure::new(&e, Some(e.hint())))
}

/// The roster in `paths`.
fn roster(paths: &[PathBuf], exam: &Exam) -> Result<Roster, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let bytes = fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
        files.push((path.display().to_string(), bytes));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    Roster::import_files(&files, exam).map_err(|e| Failure::new(&e, Some(e.hint())))
}

/// The rooms that are asked for, or all of the exam.
fn rooms(asked: &[String], exam: &Exam) -> Result<Vec<RoomId>, Failure> {
    if asked.is_empty() {
        return Ok(exam.rooms.clone());
    }
    let known: Vec<&str> = exam.rooms.iter().map(RoomId::as_str).collect();
    let room = |text: &String| {
        exam.room(text).cloned().ok_or_else(|| {
            let hint = format!("the rooms of exam.toml are {}", known.join(", "));
            Failure::new(format!("the exam has no room {text:?}"), Some(hint))
        })
    };
    let asked: Vec<RoomId> = asked.iter().map(room).collect::<Result<_, _>>()?;
    // In the exam's order, each once.
    Ok(exam.rooms.iter().filter(|r| asked.contains(r)).cloned().collect())
}

/// The candidates of `rooms`, by room and seat.
fn seated<'r>(roster: &'r Roster, exam: &Exam, rooms: &[RoomId]) -> Vec<&'r Candidate> {
    let place = |room: &RoomId| exam.rooms.iter().position(|r| r == room);
    let here = roster.candidates.values().filter(|c| rooms.contains(&c.room));
    let mut seated: Vec<&Candidate> = here.collect();
    seated.sort_by_key(|c| (place(&c.room), c.seat, &c.ticket));
    seated
}

/// A face for each of the candidates whose paper has this card; the others are counted.
fn faces(
    candidates: &[&Candidate],
    exam: &Exam,
    card: &Layout,
    prefill: Prefill,
    others: &mut BTreeMap<LayoutName, usize>,
) -> Result<Vec<CardFace>, Failure> {
    let mut faces = Vec::new();
    for candidate in candidates {
        let occupation = exam.occupation(&candidate.occupation, candidate.level);
        let layout = occupation.and_then(|o| exam.papers.get(&o.paper)).map(|p| &p.layout);
        if let Some(other) = layout.filter(|name| **name != card.name) {
            *others.entry(other.clone()).or_default() += 1;
            continue;
        }
        faces.push(CardFace {
            name: Some(candidate.name.clone()),
            ticket: Some(candidate.ticket.clone()),
            occupation: Some(format!("{} {}", candidate.occupation, candidate.level)),
            room: Some(candidate.room.to_string()),
            seat: Some(candidate.seat.to_string()),
            prefill,
        });
    }
    if !faces.is_empty() {
        return Ok(faces);
    }
    if others.is_empty() {
        return Err(Failure::new(
            "no candidate of the roster sits in these rooms",
            Some("check --room, and that this is the roster that was meant"),
        ));
    }
    let names: Vec<&str> = others.keys().map(LayoutName::as_str).collect();
    let what = format!("no candidate has the card {}", card.name);
    Err(Failure::new(what, Some(format!("the papers of these candidates use {}", names.join(", ")))))
}
