//! `duka demo`: the whole job on a made-up exam.

mod cards;
mod custody;
mod people;
mod reviewer;

use super::{Context, Ending, Failure, now, progress};
use cards::{Card, Mishap, RightAnswers};
use clap::Args;
use custody::People;
use duka::exam::{Candidate, Exam, RoomRecord, Roster, rooms};
use duka::layout::draw::cards_pdf;
use duka::layout::{Choice, FieldKind, Layout, shipped};
use duka::merge::{PartResult, Results};
use duka::practical::{self, PracticalOutcome, PracticalScore};
use duka::session::{Session, write_whole};
use duka::sheet::{Points, TicketNumber};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use zeroize::Zeroizing;

/// The demo's exam: two papers on two kinds of card, two rooms.
const EXAM: &str = include_str!("exam.toml");

/// Any number would do; the same one makes the same exam.
const SEED: u64 = 20_261_121;

/// Room for a key's text, in bytes: that of 200 items with letters has less than a thousand.
const KEY_TEXT: usize = 8192;

#[derive(Debug, Args)]
pub struct Demo {
    /// Folder to make everything in
    #[arg(value_name = "DIR", default_value = "duka-demo")]
    folder: PathBuf,
    /// How many candidates
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(4..=600), value_name = "N")]
    candidates: u16,
}

/// What the demo made up, and knows.
struct World {
    exam: Exam,
    layouts: Vec<Layout>,
    roster: Roster,
    mishaps: BTreeMap<TicketNumber, Mishap>,
    right: BTreeMap<(String, String), RightAnswers>,
}

pub fn run(args: &Demo, context: &Context) -> Result<Ending, Failure> {
    let started = Instant::now();
    let out = &context.output;
    let folder = &args.folder;
    vacant(folder)?;
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let world = make_up(usize::from(args.candidates), &mut rng)?;

    step(out, 1, "an exam session (批次), its roster (鉴定名册), its manifest and sealed answer keys");
    Session::create(folder)?;
    write_whole(&folder.join("exam.toml"), EXAM.as_bytes())?;
    write_whole(
        &folder.join("roster.xlsx"),
        &world.roster.to_xlsx().map_err(|e| Failure::new(&e, Some(e.hint())))?,
    )?;
    let people = People::make_up(folder)?;
    let manifest = people.seal(folder, &world)?;
    let mut session = Session::open_as(folder, now, &context.who)?;
    let exam = session.bind_manifest(&manifest)?.fingerprint();
    let roster = session.import_roster(&[folder.join("roster.xlsx")])?;
    out.line(format!(
        "   {} candidates in {} rooms; {} keys sealed for 3 custodians (密钥保管人), any 2 release them; exam {exam}",
        roster.rows,
        world.exam.rooms.len(),
        world.right.len()
    ));

    step(out, 2, "answer cards (答题卡) printed with names and ticket numbers");
    for layout in &world.layouts {
        let faces: Vec<_> = world.candidates_on(layout).map(cards::face).collect();
        let pdf = cards_pdf(layout, &faces).map_err(|e| Failure::new(&e, Some(e.hint())))?;
        let path = folder.join("cards").join(format!("{}.pdf", layout.name));
        make_folder(&folder.join("cards"))?;
        write_whole(&path, &pdf)?;
        out.line(format!("   {} cards: {}", faces.len(), path.display()));
    }

    step(out, 3, "cards filled by made-up candidates and scanned: skewed, noisy, some upside down");
    let made = scan_cards(folder, &world, context)?;
    out.line(format!("   {} scans in {}", made.len(), folder.join("scans").display()));

    step(out, 4, "scans read into the record (读卡)");
    let mut bar = progress::Bar::new("reading", out.shows_progress());
    let scanned = session.scan(&[folder.join("scans")], &mut |p| bar.at(p.files, p.of, ""))?;
    bar.end();
    let s = &scanned.summary;
    out.line(format!("   fed {} pages = {} read + {} set aside", s.pages, s.read, s.set_aside));

    step(out, 5, "room records (考场情况记录) and practical scores (实操成绩) taken in");
    let records = room_records(&world);
    write_whole(&folder.join("rooms.csv"), &rooms::to_csv(&records, &world.roster))?;
    session.import_rooms(&[folder.join("rooms.csv")])?;
    let scores = practical_scores(&world, &mut rng);
    let workbook =
        practical::to_xlsx(&scores, &world.roster).map_err(|e| Failure::new(&e, Some(e.hint())))?;
    write_whole(&folder.join("practical.xlsx"), &workbook)?;
    session.import_practical(&[folder.join("practical.xlsx")])?;
    out.line(format!("   {} rooms, {} practical scores", records.len(), scores.len()));

    step(out, 6, "what was held for a person, and decided by a made-up reviewer who looks at the card");
    let held = reviewer::decide(&mut session, folder, &world.roster, &made, out)?;

    step(out, 7, "record frozen, keys released by two custodians, opened in memory, sheets graded");
    let freeze = session.freeze()?;
    let graded = people.grade(&mut session, out)?;
    let sheets: usize = graded.papers.iter().map(|p| p.sheets).sum();
    out.line(format!(
        "   {sheets} sheets graded against {} keys; freeze {}",
        graded.papers.len(),
        freeze.hash.short()
    ));

    step(
        out,
        8,
        "an item turns out faulty: the key corrected by its issuer, released again, everybody graded again",
    );
    let (corrected, item) = people.correct(&mut session, &world, out)?;
    out.line(format!(
        "   {} form {} revision {}: item {item} void; {} of {} scores changed",
        corrected.paper,
        corrected.form,
        corrected.to,
        corrected.changed.len(),
        corrected.sheets
    ));

    step(out, 9, "a candidate asks for a re-check (成绩复核): the card read again, two people sign");
    if let Some(ticket) = just_failed(&world.exam, &session.merge()?) {
        let evidence = people.recheck(&mut session, &ticket)?;
        out.line(format!("   {ticket}: read again the same, unchanged; evidence in {}", evidence.display()));
    }

    step(out, 10, "results merged, proposed, checked, approved, published; the head signed");
    let (papers, results) = people.publish(&mut session, &folder.join("out"), out)?;
    let (slip, code) = people.sign_head(&mut session)?;
    out.line(format!("   head {code}"));
    out.line(format!("   signed by supervisor and custodian: {}", slip.display()));
    let head = session.verify()?;
    account(out, &results, &papers, folder);
    out.line(format!(
        "\nThe journal has {} entries; everything took {:.1} s.",
        head.sequence,
        started.elapsed().as_secs_f64()
    ));
    out.value(&serde_json::json!({
        "folder": folder, "candidates": world.roster.candidates.len(), "pages": s.pages, "read": s.read,
        "set_aside": s.set_aside, "held": held, "graded": sheets, "draft": results.is_draft(), "files": papers,
    }));
    Ok(if results.is_draft() { Ending::Exceptions } else { Ending::Clean })
}

/// Who asks for a re-check: whoever failed the theory by the least, or else passed it by the least.
fn just_failed(exam: &Exam, results: &Results) -> Option<TicketNumber> {
    let line = exam.rules.pass_line;
    let scored = results.transcripts.iter().filter_map(|t| match t.theory {
        PartResult::Scored(points) => Some((points, t.candidate.ticket)),
        _ => None,
    });
    let by_how_much = |(points, _): &(Points, TicketNumber)| {
        (*points >= line, (points.hundredths() - line.hundredths()).abs())
    };
    scored.min_by_key(by_how_much).map(|(_, ticket)| ticket)
}

/// Whether the demo may make everything in `folder`: it is not there yet, or empty.
fn vacant(folder: &Path) -> Result<(), Failure> {
    let hint = "nothing was changed; name another folder: `duka demo OTHER`";
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(Failure::new(format!("{} is not empty", folder.display()), Some(hint))),
            None => Ok(()),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Failure::new(format!("can't use {}: {e}", folder.display()), Some(hint))),
    }
}

fn step(out: &super::Output, number: u8, what: &str) {
    out.line(format!("{number}. {what}"));
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|e| Failure::file("make", path, &e))
}

impl World {
    fn candidates_on<'w>(&'w self, layout: &'w Layout) -> impl Iterator<Item = &'w Candidate> {
        self.roster.candidates.values().filter(|c| {
            let paper = self.exam.occupation(&c.occupation, c.level).map(|o| &o.paper);
            paper.and_then(|p| self.exam.papers.get(p)).is_some_and(|p| p.layout == layout.name)
        })
    }
}

fn make_up(candidates: usize, rng: &mut ChaCha8Rng) -> Result<World, Failure> {
    let exam = Exam::parse(EXAM, "exam.toml").map_err(|e| Failure::new(&e, Some(e.hint())))?;
    let roster = people::roster(candidates, &exam.rooms, rng).map_err(|e| Failure::new(e, None::<&str>))?;
    let mut layouts: Vec<Layout> = Vec::new();
    let mut right = BTreeMap::new();
    for (id, paper) in &exam.papers {
        let layout = shipped(paper.layout.as_str()).map_err(|e| Failure::new(&e, Some(e.hint())))?;
        for form in &paper.forms {
            right.insert((id.to_string(), form.to_string()), cards::right_answers(&layout, rng));
        }
        if layouts.iter().all(|l| l.name != layout.name) {
            layouts.push(layout);
        }
    }
    let mishaps = cards::mishaps(&roster);
    Ok(World { exam, layouts, roster, mishaps, right })
}

/// The answer key as its issuer writes it; lives in memory only. With a faulty item it is the second revision, which
/// gives everybody the item's points.
fn key_text(
    paper: &str,
    form: &str,
    layout: &Layout,
    right: &RightAnswers,
    faulty: Option<u16>,
) -> Zeroizing<String> {
    let revision = if faulty.is_some() { 2 } else { 1 };
    // A text that grows leaves pieces of itself behind.
    let mut text = Zeroizing::new(String::with_capacity(KEY_TEXT));
    // Writing to a string can't fail.
    let _ = write!(text, "paper = {paper:?}\nform = {form:?}\nrevision = {revision}\n");
    for run in layout.fields.iter().filter(|f| f.kind == FieldKind::Items) {
        let numbers: Vec<u16> = run.positions.iter().filter_map(|p| p.label.as_str().parse().ok()).collect();
        let (Some(from), Some(to), Some(first)) = (numbers.first(), numbers.last(), run.positions.first())
        else {
            continue;
        };
        let options: String = first.targets.iter().map(|t| t.value.as_str()).collect();
        let kind = match (first.choice, options.len()) {
            (Choice::Multiple, _) => "multiple",
            (_, 2) => "true-false",
            _ => "single",
        };
        let answers: Vec<&str> = numbers.iter().filter_map(|n| right.get(n)).map(String::as_str).collect();
        let answers =
            if kind == "multiple" { format!("{answers:?}") } else { format!("{:?}", answers.concat()) };
        let _ = write!(
            text,
            "\n[[section]]\nkind = {kind:?}\nfrom = {from}\nto = {to}\npoints = 1\noptions = {options:?}\nanswers = {answers}\n"
        );
    }
    if let Some(item) = faulty {
        let _ = write!(text, "\n[[item]]\nitem = {item}\nvoid = \"points-for-all\"\n");
    }
    text
}

/// Fills, scans and writes everybody's card.
fn scan_cards(folder: &Path, world: &World, context: &Context) -> Result<Vec<Card>, Failure> {
    let (done, of) = (AtomicUsize::new(0), world.roster.candidates.len());
    let bar = std::sync::Mutex::new(progress::Bar::new("scanning", context.output.shows_progress()));
    let tell = || {
        let n = done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok(mut bar) = bar.lock() {
            bar.at(n, of, "");
        }
    };
    let made =
        cards::make(&world.exam, &world.layouts, &world.roster, &world.mishaps, &world.right, SEED, &tell)
            .map_err(|e| Failure::new(e, None::<&str>))?;
    if let Ok(bar) = bar.into_inner() {
        bar.end();
    }
    for card in &made {
        let path = folder.join("scans").join(&card.file);
        std::fs::write(&path, &card.bytes).map_err(|e| Failure::file("write", &path, &e))?;
    }
    Ok(made)
}

fn room_records(world: &World) -> Vec<RoomRecord> {
    let away = |t: &TicketNumber| matches!(world.mishaps.get(t), Some(Mishap::Absent | Mishap::NoCard));
    let record = |room: &duka::sheet::RoomId| {
        let seated: Vec<&TicketNumber> = world.roster.room(room).map(|c| &c.ticket).collect();
        RoomRecord {
            room: room.clone(),
            present: seated.iter().filter(|t| !away(t)).map(|t| (*t).clone()).collect(),
            absent: seated.iter().filter(|t| away(t)).map(|t| (*t).clone()).collect(),
            violations: BTreeMap::new(),
            report: duka::exam::RoomReport::default(),
        }
    };
    world.exam.rooms.iter().map(record).filter(|r| !r.present.is_empty()).collect()
}

fn practical_scores(world: &World, rng: &mut ChaCha8Rng) -> Vec<PracticalScore> {
    let mut last = None;
    let mut out: Vec<PracticalScore> = Vec::new();
    for ticket in world.roster.candidates.keys() {
        // Half points, most of them between 55 and 98.
        let points = Points::from_hundredths(rng.random_range(104..=196) * 50);
        out.push(PracticalScore { ticket: ticket.clone(), outcome: PracticalOutcome::Scored(points) });
        last = Some(out.len() - 1);
    }
    if let Some(last) = last {
        out[last].outcome = PracticalOutcome::Absent;
    }
    out
}

fn account(out: &super::Output, results: &Results, papers: &[PathBuf], folder: &Path) {
    for group in results.groups() {
        out.line(format!(
            "   {} {}: entered {} (报考), present {} (实考), passed {} (合格)",
            group.occupation, group.level, group.entered, group.present, group.passed
        ));
    }
    let balanced = results.rooms.iter().filter(|r| r.holds()).count();
    out.line(format!("   {balanced} of {} rooms balance", results.rooms.len()));
    out.line("\nThe papers:");
    for path in papers {
        out.line(format!("   {}", path.display()));
    }
    let folder = folder.display();
    out.line("\nTo look further:");
    out.line(format!("   duka --session {folder} status"));
    out.line(format!("   duka --session {folder} verify"));
    out.line(format!(
        "   {folder}/custody/ has the grading request and the releases, {folder}/people/ everybody's keys"
    ));
    out.line(format!("   (passphrase: {})", custody::PASSPHRASE));
    out.line(format!("   {folder}/review/ has what was held, with pictures and the decisions"));
}
