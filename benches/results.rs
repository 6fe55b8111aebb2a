//! What results cost: a hundred thousand candidates in forty rooms, four occupations at three levels, merged, computed a
//! second time by the other road, and put on all papers (成绩单, 鉴定名册, 合格名册, as xlsx and pdf).
//!
//! `cargo bench --bench results`; `-- --candidates 20000` for another size. Each step is timed and its peak memory taken in a
//! process of its own, for a tenth of the candidates and for all; memory is flat if the second peak is little above the first. The
//! floor writes as many cells as the papers have as plain text with commas, packed twice with deflate as the papers are (a workbook and
//! a document), in the same run. Sheets are one reading under many numbers; scores, rooms and practical scores are put straight into
//! the record.

// The tests' people, of whom a bench needs a part.
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used)]
#[path = "../tests/common/people.rs"]
mod people;

use age::secrecy::SecretString;
use duka::batch::Reader;
use duka::exam::{Attempt, Candidate, Exam, Level, RoomRecord, RoomReport, Roster};
use duka::grade::Score;
use duka::identity::Identity;
use duka::layout::draw::CardFace;
use duka::layout::{Layout, shipped};
use duka::practical::{PracticalOutcome, PracticalScore};
use duka::publish::{Edition, papers};
use duka::read::{FieldReading, MarkState, Reading};
use duka::session::{Session, engine};
use duka::settle::SheetFacts;
use duka::sheet::{HandMarks, Points, Sha256, SheetId};
use duka::simulate::{Answers, Care, Format, Person, Print, Scanner, sample};
use duka::store::{Extent, FilePart, FileRecord, Grading, PageRecord, Portion, SheetScore, Source, Store};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use people::People;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const MANY: usize = 100_000;

/// The smaller session has this share of the candidates: a step that takes more than so many times as long is not linear.
const SHARE: usize = 10;

const ROOMS: usize = 40;
const OCCUPATIONS: [&str; 4] = ["电工", "焊工", "钳工", "中式烹调师"];
const LEVELS: [Level; 3] = [Level::Five, Level::Four, Level::Three];

/// Sheets in one transaction, as a scan writes them.
const PORTION: usize = 100;

/// With this argument the program takes one step and says what it took.
const CHILD: &str = "--step";

/// Columns of the three papers: 成绩单, 鉴定名册, 合格名册.
const COLUMNS: [usize; 3] = [9, 12, 12];

const AT: &str = "2026-11-21T12:00:00+08:00";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn clock() -> String {
    AT.into()
}

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

fn name(n: usize) -> String {
    let surname = ["张", "李", "王", "赵", "陈", "杨", "欧阳", "司马", "镕", "𠮷"][n % 10];
    let given = ["伟", "建国", "芳", "丽娟", "强", "晓明", "喆", "䶮", "㛃"][n / 10 % 9];
    format!("{surname}{given}")
}

/// Which of the twelve occupations with their level.
fn occupation(n: usize) -> (usize, usize) {
    (n % OCCUPATIONS.len(), n / OCCUPATIONS.len() % LEVELS.len())
}

/// One in fifty is absent.
fn absent(n: usize) -> bool {
    n % 50 == 7
}

/// One in five hundred broke the rules.
fn violation(n: usize) -> bool {
    n % 500 == 11
}

fn room(n: usize, candidates: usize) -> usize {
    n / candidates.div_ceil(ROOMS)
}

fn paper_of(n: usize) -> String {
    let (occupation, level) = occupation(n);
    format!("paper-{occupation}-{level}")
}

fn exam_text() -> Outcome<String> {
    let rooms: Vec<String> = (0..ROOMS).map(|room| format!("\"{room}\"")).collect();
    let mut text = format!(
        "batch = \"2026年第3批\"\ncentre = \"示例市职业技能鉴定指导中心\"\ninstitute = \"示例市第一职业技能鉴定所\"\n\
         date = \"2026-11-21\"\nrooms = [{}]\n",
        rooms.join(", ")
    );
    for n in 0..OCCUPATIONS.len() * LEVELS.len() {
        let (occupation, level) = occupation(n);
        let (paper, name, level) = (paper_of(n), OCCUPATIONS[occupation], LEVELS[level].word());
        write!(
            text,
            "[[paper]]\nid = \"{paper}\"\ntitle = \"{name}（{level}）理论知识试卷\"\nlayout = \"theory-100\"\nforms = [\"A\"]\n\
             key_revision = 1\n[[occupation]]\nname = \"{name}\"\nlevel = \"{level}\"\npaper = \"{paper}\"\n"
        )?;
    }
    Ok(text)
}

fn roster(candidates: usize) -> Outcome<Roster> {
    let mut all = BTreeMap::new();
    for n in 0..candidates {
        let (occupation, level) = occupation(n);
        let candidate = Candidate {
            ticket: ticket(n).parse()?,
            name: name(n),
            sex: if n % 3 == 0 { "女" } else { "男" }.into(),
            id_number: id_number(n),
            education: ["高中", "中专", "大专", "初中"][n % 4].into(),
            occupation: OCCUPATIONS[occupation].into(),
            level: LEVELS[level],
            attempt: if n % 9 == 0 { Attempt::Repeat } else { Attempt::First },
            room: room(n, candidates).to_string().parse()?,
            seat: u16::try_from(n % candidates.div_ceil(ROOMS) + 1)?,
            form: None,
            remark: if n % 97 == 0 { "身份证已换新".into() } else { String::new() },
        };
        all.insert(candidate.ticket.clone(), candidate);
    }
    Ok(Roster { candidates: all })
}

fn records(candidates: usize) -> Outcome<Vec<RoomRecord>> {
    let mut out = Vec::new();
    for own in 0..ROOMS {
        let (mut present, mut away, mut violations) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let size = candidates.div_ceil(ROOMS);
        for n in (own * size..(own + 1) * size).take_while(|n| *n < candidates) {
            if absent(n) { &mut away } else { &mut present }.insert(ticket(n).parse()?);
            if violation(n) && !absent(n) {
                violations.insert(ticket(n).parse()?, "携带手机，该科目成绩无效".to_owned());
            }
        }
        out.push(RoomRecord {
            room: own.to_string().parse()?,
            present,
            absent: away,
            violations,
            report: RoomReport::default(),
        });
    }
    Ok(out)
}

/// The reading as if its sheet had this number and this hash, and 违纪 filled where somebody broke the rules.
fn renumbered(reading: &Reading, n: usize) -> Reading {
    let mut reading = reading.clone();
    reading.sheet.image = image(n);
    let number = |field: &&mut FieldReading| field.name.as_str() == "ticket";
    if let Some(field) = reading.fields.iter_mut().find(number) {
        for (position, digit) in field.positions.iter_mut().zip(ticket(n).chars()) {
            let filled = position.marks.iter().position(|mark| mark.state == MarkState::Filled);
            let wanted = position.options.chars().position(|option| option == digit);
            if let (Some(filled), Some(wanted)) = (filled, wanted) {
                position.marks.swap(filled, wanted);
            }
        }
    }
    for field in reading.fields.iter_mut().filter(|f| violation(n) && f.name.as_str() == "violation") {
        for mark in field.positions.iter_mut().flat_map(|position| &mut position.marks) {
            mark.state = MarkState::Filled;
        }
    }
    reading
}

fn image(n: usize) -> Sha256 {
    Sha256::of(format!("sheet {n}").as_bytes())
}

/// One card, read.
fn one_reading(layout: &Layout) -> Outcome<Reading> {
    let blank = Print::of(layout, &CardFace::default())?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let person = Person { ticket: ticket(0).parse().ok(), form: "A".parse().ok(), flags: Vec::new() };
    let answers = Answers::random(layout, &person, 0.0, &mut rng);
    let scanner = Scanner { format: Format::Jpeg(75), ..Scanner::clean() };
    let bytes = sample(layout, &blank, &answers, Care::Careful, &scanner, &mut rng)?.bytes;
    let reader = Reader { layouts: vec![layout], engine: engine() };
    match reader.read_file(&bytes).pop() {
        Some((PageRecord::Read { reading, .. }, _)) => Ok(reading),
        _ => Err("the card was not read".into()),
    }
}

/// The two who sign a publication, and where their files are.
const SIGNING: [&str; 2] = ["reviewer.identity", "supervisor.identity"];

/// Binds the session to a manifest of made-up people; the two who sign are kept beside it.
fn bind(folder: &Path) -> Outcome<()> {
    let people = People::new();
    let manifest = folder.join("exam.manifest");
    std::fs::write(&manifest, people.manifest(folder).text())?;
    for (identity, name) in [&people.reviewer, &people.supervisor].into_iter().zip(SIGNING) {
        std::fs::write(folder.join(name), people::file_of(identity))?;
    }
    Session::open(folder, clock)?.bind_manifest(&manifest)?;
    Ok(())
}

fn signing(folder: &Path, name: &str) -> Outcome<Identity> {
    let secret = SecretString::from(people::PASSPHRASE.to_owned());
    Ok(Identity::from_file(&std::fs::read(folder.join(name))?, &secret)?)
}

/// A session that is frozen and graded and has its practical scores.
fn filled(folder: &Path, candidates: usize, reading: &Reading) -> Outcome<()> {
    Session::create(folder)?;
    let text = exam_text()?;
    std::fs::write(folder.join("exam.toml"), &text)?;
    bind(folder)?;
    let mut store = Store::open(&folder.join("duka.db"))?;
    let source = |name: &str| Source { file: name.into(), sha256: Sha256::of(name.as_bytes()) };
    store.import_exam(&Exam::parse(&text, "exam.toml")?, &source("exam.toml"), AT)?;
    store.import_roster(&roster(candidates)?, &source("roster.xlsx"), AT)?;
    for record in records(candidates)? {
        store.import_room(&record, &source("rooms.csv"), AT)?;
    }
    let cards: Vec<usize> = (0..candidates).filter(|n| !absent(*n)).collect();
    for part in cards.chunks(PORTION) {
        let mut portion = Portion::default();
        for &n in part {
            let reading = renumbered(reading, n);
            let facts = serde_json::to_string(&SheetFacts::of(&reading))?;
            portion.facts.insert(reading.sheet, SheetFacts::signed(&engine(), &facts));
            portion.files.push(FilePart {
                file: FileRecord { path: format!("scans/{n}.jpg"), image: image(n), bytes: 1, pages: 1 },
                engine: engine(),
                extent: Extent::Whole,
                pages: vec![PageRecord::Read { ticket: Some(ticket(n)), reading }],
                original: None,
            });
        }
        store.record_portion(&portion, "bench")?;
    }
    drop(store);
    let freeze = Session::open(folder, clock)?.freeze()?.hash;
    let mut store = Store::open(&folder.join("duka.db"))?;
    let points = |n: usize, least: usize, spread: usize| -> Outcome<Points> {
        Ok(Points::from_hundredths(i64::try_from(least + n * 137 % spread / 25 * 25)?))
    };
    for group in 0..OCCUPATIONS.len() * LEVELS.len() {
        let mut scores = Vec::new();
        for &n in cards.iter().filter(|n| occupation(**n) == occupation(group)) {
            let score = Score {
                paper: paper_of(n).parse()?,
                form: "A".parse()?,
                key_revision: 1,
                points: points(n, 4000, 6000)?,
                out_of: Points::whole(100),
                exact: None,
                right: 70,
                partial: 0,
                wrong: 30,
                blank: 0,
                voided: 0,
                hand: HandMarks::new(),
            };
            let sheet = SheetId { image: image(n), page: 1 };
            scores.push(SheetScore { ticket: ticket(n).parse()?, sheet, score });
        }
        let key_file = Sha256::of(b"sealed");
        let grading = Grading {
            freeze,
            paper: paper_of(group).parse()?,
            form: "A".parse()?,
            key_revision: 1,
            key_file,
        };
        store.record_grading(&grading, &scores, AT)?;
    }
    let mut practical = Vec::new();
    for n in 0..candidates {
        let outcome = match n % 50 {
            7 => PracticalOutcome::Absent,
            8 => PracticalOutcome::Void,
            _ => PracticalOutcome::Scored(points(n, 5000, 5000)?),
        };
        practical.push(PracticalScore { ticket: ticket(n).parse()?, outcome });
    }
    store.import_practical(&practical, &source("practical.xlsx"), AT)?;
    Ok(())
}

/// The steps, each in a process of its own: its name for the process and for the reader.
const STEPS: [(&str, &str); 9] = [
    ("floor", "floor: as many cells as text, deflated twice"),
    ("open", "opening the session, status"),
    ("merge", "merge"),
    ("second", "the second road"),
    ("papers", "all papers (from merged results)"),
    ("publish", "duka publish: proposed, all papers written"),
    ("check", "duka publish check: signed by one"),
    ("approve", "duka publish approve: every page signed"),
    ("issue", "duka publish issue: all papers with their codes"),
];

/// Takes one step and prints milliseconds, the peak in kilobytes and the bytes that it wrote.
fn step(which: &str, folder: &Path) -> Outcome<()> {
    let (milliseconds, bytes) = match which {
        "floor" => {
            let candidates = Store::open(&folder.join("duka.db"))?.roster()?.ok_or("no roster")?.candidates;
            timed(|| floor(&candidates))?
        }
        "open" => timed(|| {
            let session = Session::open(folder, clock)?;
            Ok(usize::try_from(black_box(session.status()?).counts.read)?)
        })?,
        "merge" => {
            let session = Session::open(folder, clock)?;
            timed(|| {
                let results = session.merge()?;
                if results.is_draft() {
                    Err("the results are a draft".into())
                } else {
                    Ok(results.transcripts.len())
                }
            })?
        }
        "second" => {
            let store = Store::open(&folder.join("duka.db"))?;
            timed(|| Ok(store.second_road()?.len()))?
        }
        "papers" => {
            let session = Session::open(folder, clock)?;
            let results = session.merge()?;
            let exam = Exam::parse(&exam_text()?, "exam.toml")?;
            timed(|| {
                let documents = papers(&exam, &results, &Edition::default())?;
                Ok(documents.iter().map(|d| d.bytes.len()).sum())
            })?
        }
        "publish" => {
            let mut session = Session::open(folder, clock)?;
            let out = folder.join("out");
            timed(|| {
                let (paths, _) = session.publish(&out)?;
                let sizes: Result<Vec<u64>, _> =
                    paths.iter().map(|path| std::fs::metadata(path).map(|m| m.len())).collect();
                Ok(usize::try_from(sizes?.iter().sum::<u64>())?)
            })?
        }
        "check" => timed(|| {
            let mut session = Session::open(folder, clock)?;
            session.check_proposal(&signing(folder, SIGNING[0])?, "")?;
            Ok(0)
        })?,
        "approve" => timed(|| {
            let mut session = Session::open(folder, clock)?;
            session.approve_proposal(&signing(folder, SIGNING[1])?, "")?;
            Ok(0)
        })?,
        "issue" => timed(|| {
            let files = Session::open(folder, clock)?.issue(&folder.join("out"))?.files;
            let sizes: Result<Vec<u64>, _> =
                files.iter().map(|path| std::fs::metadata(path).map(|m| m.len())).collect();
            Ok(usize::try_from(sizes?.iter().sum::<u64>())?)
        })?,
        other => return Err(format!("no such step: {other}").into()),
    };
    println!("{milliseconds} {} {bytes}", peak().unwrap_or_default());
    Ok(())
}

fn timed(work: impl FnOnce() -> Outcome<usize>) -> Outcome<(f64, usize)> {
    let start = Instant::now();
    let bytes = work()?;
    Ok((start.elapsed().as_secs_f64() * 1e3, bytes))
}

/// Every cell of the three papers as plain text, packed once for a workbook and once for a document; gives back the bytes.
fn floor(candidates: &BTreeMap<duka::sheet::TicketNumber, Candidate>) -> Outcome<usize> {
    let mut bytes = 0;
    for columns in COLUMNS {
        for _ in ["xlsx", "pdf"] {
            let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
            for (serial, candidate) in candidates.values().enumerate() {
                let cells =
                    [candidate.ticket.as_str(), &candidate.name, &candidate.sex, &candidate.id_number];
                write!(out, "{serial}")?;
                for cell in cells.iter().chain(std::iter::repeat_n(&"68.75", columns - 1 - cells.len())) {
                    write!(out, ",{cell}")?;
                }
                writeln!(out)?;
            }
            bytes += out.finish()?.len();
        }
    }
    Ok(bytes)
}

/// The most memory this process has had, in kilobytes, where the system tells.
fn peak() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Milliseconds, kilobytes and bytes of each step.
fn measured(folder: &Path) -> Outcome<Vec<[f64; 3]>> {
    let mut out = Vec::new();
    for (which, name) in STEPS {
        let mut child = Command::new(std::env::current_exe()?);
        let output = child.arg(CHILD).arg(which).arg(folder).stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let figures: Vec<f64> = text.split_whitespace().filter_map(|f| f.parse().ok()).collect();
        let [milliseconds, kilobytes, bytes] = figures[..] else {
            return Err(format!("{name}: {text}").into());
        };
        out.push([milliseconds, kilobytes, bytes]);
    }
    Ok(out)
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == CHILD) {
        let (which, folder) =
            (args.get(at + 1).ok_or("which step?")?, args.get(at + 2).ok_or("which folder?")?);
        return step(which, folder.as_ref());
    }
    let many = match args.iter().position(|arg| arg == "--candidates") {
        Some(at) => args.get(at + 1).ok_or("--candidates needs a number")?.parse()?,
        None => MANY,
    };
    let layout = shipped("theory-100")?;
    let reading = one_reading(&layout)?;
    let mut columns = Vec::new();
    // Kept on request, for a look at the papers and for profiling.
    let keep = args.iter().any(|arg| arg == "--keep");
    for candidates in [many / SHARE, many] {
        let mut folder = tempfile::tempdir()?;
        folder.disable_cleanup(keep);
        let start = Instant::now();
        filled(folder.path(), candidates, &reading)?;
        let bytes = std::fs::metadata(folder.path().join("duka.db"))?.len();
        println!(
            "a record of {candidates} candidates: {:.0} MB, written in {:.0} s{}",
            bytes as f64 / 1e6,
            start.elapsed().as_secs_f64(),
            if keep { format!(", kept in {}", folder.path().display()) } else { String::new() }
        );
        columns.push(measured(folder.path())?);
    }
    println!(
        "{:<48} {:>12} {:>12} {:>8} {:>9} {:>12} {:>12} {:>9} {:>8}",
        "",
        format!("{}, ms", many / SHARE),
        format!("{many}, ms"),
        "÷ floor",
        "growth",
        format!("{}, MB", many / SHARE),
        format!("{many}, MB"),
        "growth",
        "out MB"
    );
    let floor = columns[1][0][0];
    for (step, (_, name)) in STEPS.iter().enumerate() {
        let ([few, little, _], [milliseconds, kilobytes, bytes]) = (columns[0][step], columns[1][step]);
        println!(
            "{name:<48} {few:>12.0} {milliseconds:>12.0} {:>7.2}× {:>8.1}× {:>12.0} {:>12.0} {:>8.1}× {:>8.1}",
            milliseconds / floor,
            milliseconds / few,
            little / 1024.0,
            kilobytes / 1024.0,
            kilobytes / little,
            if bytes > 1e6 { bytes / 1e6 } else { 0.0 }
        );
    }
    Ok(())
}
