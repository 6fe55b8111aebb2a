//! A record of two hundred thousand sheets beside one of a hundred: what each single step takes.
//!
//! `cargo bench --bench store`; `-- --sheets 20000` for another size. Sheets are one reading under many numbers; everything around them
//! (roster, rooms, journal, facts) is as a scan leaves it.

use duka::batch::Reader;
use duka::layout::draw::CardFace;
use duka::layout::{Layout, shipped};
use duka::read::{FieldReading, MarkState, Reading};
use duka::session::{Session, engine};
use duka::settle::SheetFacts;
use duka::sheet::Sha256;
use duka::simulate::{Answers, Care, Format, Person, Print, Scanner, sample};
use duka::store::{Extent, FilePart, FileRecord, PageRecord, Portion, Store};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

const FEW: usize = 100;
const MANY: usize = 200_000;

/// Seats of a room.
const SEATS: usize = 30;

/// Sheets in one transaction, as a scan writes them.
const PORTION: usize = 100;

/// Rounds of each step; an odd number has a median that was measured.
const ROUNDS: usize = 7;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The number of candidate `n`.
fn ticket(n: usize) -> String {
    format!("261410{n:06}")
}

/// A right identity number of a region that does not exist (GB 11643).
fn id_number(n: usize) -> String {
    let digits = format!("{:06}19900307{:03}", 990_000 + n / 1000, n % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize =
        digits.bytes().zip(weights).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(b"10X98765432"[sum % 11]))
}

/// The reading as if its sheet had this number and this hash.
fn renumbered(reading: &Reading, image: Sha256, ticket: &str) -> Reading {
    let mut reading = reading.clone();
    reading.sheet.image = image;
    let number = |field: &&mut FieldReading| field.name.as_str() == "ticket";
    if let Some(field) = reading.fields.iter_mut().find(number) {
        for (position, digit) in field.positions.iter_mut().zip(ticket.chars()) {
            let filled = position.marks.iter().position(|mark| mark.state == MarkState::Filled);
            let wanted = position.options.chars().position(|option| option == digit);
            if let (Some(filled), Some(wanted)) = (filled, wanted) {
                position.marks.swap(filled, wanted);
            }
        }
    }
    reading
}

/// Cards to be scanned one by one.
fn card(layout: &Layout, blank: &Print, n: usize) -> Outcome<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    let person = Person { ticket: ticket(n).parse().ok(), form: "A".parse().ok(), flags: Vec::new() };
    let answers = Answers::random(layout, &person, 0.02, &mut rng);
    let scanner = Scanner { format: Format::Jpeg(75), ..Scanner::clean() };
    Ok(sample(layout, blank, &answers, Care::Careful, &scanner, &mut rng)?.bytes)
}

/// A session with `sheets` sheets in its record, and a roster with some more.
fn filled(folder: &Path, sheets: usize, reading: &Reading) -> Outcome<()> {
    Session::create(folder)?;
    let candidates = sheets + ROUNDS;
    let rooms: Vec<String> = (0..candidates.div_ceil(SEATS)).map(|room| format!("\"{room}\"")).collect();
    let exam = format!(
        "batch = \"B\"\ncentre = \"C\"\ninstitute = \"I\"\ndate = \"2026-11-21\"\nrooms = [{}]\n{}",
        rooms.join(", "),
        rest_of_exam()?
    );
    std::fs::write(folder.join("exam.toml"), exam)?;
    let mut roster = String::from("准考证号,姓名,证件号码,职业,等级,考场,座位号\n");
    for n in 0..candidates {
        let (ticket, document) = (ticket(n), id_number(n));
        writeln!(roster, "{ticket},考生,{document},电工,四级,{},{}", n / SEATS, n % SEATS + 1)?;
    }
    let list = folder.join("roster.csv");
    std::fs::write(&list, roster)?;
    Session::open(folder, clock)?.import_roster(&[list])?;
    let mut store = Store::open(&folder.join("duka.db"))?;
    for first in (0..sheets).step_by(PORTION) {
        let mut portion = Portion::default();
        for n in first..sheets.min(first + PORTION) {
            let image = Sha256::of(format!("sheet {n}").as_bytes());
            let reading = renumbered(reading, image, &ticket(n));
            let facts = serde_json::to_string(&SheetFacts::of(&reading))?;
            portion.facts.insert(reading.sheet, SheetFacts::signed(&engine(), &facts));
            portion.files.push(FilePart {
                file: FileRecord { path: format!("scans/{}/{n}.jpg", n / SEATS), image, bytes: 1, pages: 1 },
                engine: engine(),
                extent: Extent::Whole,
                pages: vec![PageRecord::Read { ticket: Some(ticket(n)), reading }],
                original: None,
            });
        }
        store.record_portion(&portion, "bench")?;
    }
    Ok(())
}

/// The example's papers, occupations and rules.
fn rest_of_exam() -> Outcome<&'static str> {
    let text = include_str!("../samples/exam.toml");
    let papers = text.find("[[paper]]").ok_or("no papers")?;
    Ok(&text[papers..])
}

fn clock() -> String {
    "2026-11-21T12:00:00+08:00".into()
}

/// Milliseconds that `work` takes, the median of the rounds.
fn median<T>(mut work: impl FnMut(usize) -> Outcome<T>) -> Outcome<f64> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let start = Instant::now();
        black_box(work(round)?);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[ROUNDS / 2])
}

const STEPS: [&str; 5] = [
    "opening the session",
    "scanning one more card",
    "status",
    "finding a ticket number",
    "finding and drawing that sheet",
];

/// Milliseconds of each step.
fn steps(folder: &Path, sheets: usize, layout: &Layout, blank: &Print) -> Outcome<[f64; STEPS.len()]> {
    let mut cards: Vec<PathBuf> = Vec::new();
    for round in 0..ROUNDS {
        let path = folder.join(format!("scans/new-{round}.jpg"));
        std::fs::write(&path, card(layout, blank, sheets + round)?)?;
        cards.push(path);
    }
    let opening = median(|_| Ok(Session::open(folder, clock)?))?;
    let mut session = Session::open(folder, clock)?;
    // The view is made when it is first asked for; from then on it is kept.
    session.status()?;
    let scanning = median(|round| {
        let scanned = session.scan(&cards[round..=round], &mut |_| {})?;
        if scanned.summary.read == 1 { Ok(()) } else { Err("the card was not read".into()) }
    })?;
    let status = median(|_| Ok(session.status()?))?;
    let store = Store::open(&folder.join("duka.db"))?;
    let finding = median(|round| {
        let found = store.sheets_of_ticket(&ticket(sheets / 2 + round))?;
        if found.len() == 1 { Ok(()) } else { Err(format!("{} sheets", found.len()).into()) }
    })?;
    let showing = median(|round| Ok(session.show(&ticket(sheets + round), None, None)?))?;
    Ok([opening, scanning, status, finding, showing])
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let many = match args.iter().position(|arg| arg == "--sheets") {
        Some(at) => args.get(at + 1).ok_or("--sheets needs a number")?.parse()?,
        None => MANY,
    };
    let layout = shipped("theory-100")?;
    let blank = Print::of(&layout, &CardFace::default())?;
    let reader = Reader { layouts: vec![&layout], engine: engine() };
    let Some((PageRecord::Read { reading, .. }, _)) = reader.read_file(&card(&layout, &blank, 0)?).pop()
    else {
        return Err("the card was not read".into());
    };
    let mut columns = Vec::new();
    for sheets in [FEW, many] {
        let folder = tempfile::tempdir()?;
        let start = Instant::now();
        filled(folder.path(), sheets, &reading)?;
        let bytes = std::fs::metadata(folder.path().join("duka.db"))?.len();
        println!(
            "a record of {sheets} sheets: {:.1} MB, written in {:.1} s",
            bytes as f64 / 1e6,
            start.elapsed().as_secs_f64()
        );
        columns.push(steps(folder.path(), sheets, &layout, &blank)?);
    }
    println!(
        "{:<32} {:>12} {:>12} {:>7}",
        "milliseconds",
        format!("{FEW} sheets"),
        format!("{many} sheets"),
        ""
    );
    for (step, name) in STEPS.iter().enumerate() {
        let [few, many] = [columns[0][step], columns[1][step]];
        println!("{name:<32} {few:>12.2} {many:>12.2} {:>6.2}×", many / few);
    }
    Ok(())
}
