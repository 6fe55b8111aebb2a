//! A made-up exam of twelve whose cards are scanned once, and copied for every test that publishes it by other settings.

use super::folder::Folder;
use super::people::{PASSPHRASE, People};
use super::{Desk, Filled, clock, id_number, scan};
use assert_cmd::Command;
use duka::exam::{Attempt, Candidate, Level, RoomRecord, RoomReport, Roster, rooms};
use duka::key::{KeyPurpose, SealedKey};
use duka::practical::{self, PracticalOutcome, PracticalScore};
use duka::session::{Ask, Published, Session, SessionError};
use duka::sheet::TicketNumber;
use hayro::hayro_interpret::font::GlyphRun;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, interpret_page,
};
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::Dict;
use hayro::kurbo::{Affine, BezPath, Rect};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Who sits it: name, right answers of 100 (none: no card), practical score.
pub const PEOPLE: [(&str, Option<u16>, &str); 12] = [
    // Three of whom a public list shows the same but for one place of their numbers.
    ("张三丰", Some(82), "76.5"),
    ("张小丰", Some(70), "80"),
    ("张大丰", Some(55), "90"),
    ("欧阳丽娟", Some(96), "95.5"),
    // 59.9 in theory.
    ("阿依古丽·买买提", Some(60), "60"),
    ("李四", Some(61), "60"),
    // 59.9 in practice.
    ("王芳", Some(75), "59.9"),
    ("赵一鸣", Some(88), "81.25"),
    ("孙二", None, "缺考"),
    ("周丁山", Some(66), "70"),
    ("吴丙南", Some(100), "100"),
    ("郑乙", Some(50), "缺考"),
];

/// Those who pass both parts, from 1.
pub const PASSED: [u16; 7] = [1, 2, 4, 6, 8, 10, 11];

/// A ticket number with a zero in front.
pub fn ticket(n: u16) -> TicketNumber {
    format!("06141040{n:04}").parse().unwrap()
}

/// Theory points in hundredths: one an item, but 0.9 for the first and 1.1 for the last.
pub fn theory(n: u16) -> Option<i64> {
    let right = PEOPLE[usize::from(n - 1)].1?;
    Some(if right == 100 { 10_000 } else { i64::from(right) * 100 - 10 })
}

/// Right identity numbers that agree in their first six and last four characters; in the day of birth no two have one last digit.
fn alike() -> Vec<String> {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let number = |(month, day): (u32, u32)| {
        let digits = format!("9900001988{month:02}{day:02}017");
        let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
        format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
    };
    let days = (1..=12).flat_map(|month| (1..=28).map(move |day| (month, day)));
    let all: Vec<String> = days.map(number).collect();
    let mut out: Vec<String> = Vec::new();
    for number in &all {
        // One place, the day's last digit, tells any two apart.
        let other = |one: &String| one[14..] == number[14..] && one[13..14] != number[13..14];
        if out.iter().all(other) {
            out.push(number.clone());
        }
    }
    out
}

/// What candidate `n` has of an identity number.
pub fn number(n: u16) -> String {
    match n {
        1..=3 => alike()[usize::from(n - 1)].clone(),
        7 => "E12345678".into(),
        n => id_number(n % 9 + 1, n % 2 == 1),
    }
}

/// Candidates 1 to 7 sit in room 01, the others in 02; seats run against the ticket numbers.
pub fn roster() -> Roster {
    let candidate = |n: u16| Candidate {
        ticket: ticket(n),
        name: PEOPLE[usize::from(n - 1)].0.into(),
        sex: if n % 2 == 1 || n == 2 { "男" } else { "女" }.into(),
        id_number: number(n),
        // What a spreadsheet would reckon with.
        education: ["=1+1", "+861", "-1", "@SUM(1)", "大专"][usize::from(n - 1).min(4)].into(),
        occupation: "电工".into(),
        level: Level::Four,
        attempt: if n == 2 { Attempt::Repeat } else { Attempt::First },
        room: if n <= 7 { "01" } else { "02" }.parse().unwrap(),
        seat: if n <= 7 { 8 - n } else { 13 - n },
        form: Some("A".parse().unwrap()),
        remark: String::new(),
    };
    Roster { candidates: (1..=12).map(candidate).map(|c| (c.ticket.clone(), c)).collect() }
}

fn exam() -> String {
    super::EXAM.replace("[\"101\", \"102\"]", "[\"01\", \"02\"]")
}

/// A folder's files, and who works with it.
struct Scanned {
    files: Vec<(PathBuf, Vec<u8>)>,
    people: People,
}

/// The exam scanned and with its rooms' records, not frozen.
fn scanned() -> &'static Scanned {
    static MADE: OnceLock<Scanned> = OnceLock::new();
    MADE.get_or_init(|| {
        let cards = (1..=12).filter_map(|n| {
            let right = PEOPLE[usize::from(n - 1)].1?;
            Some(Filled { ticket: ticket(n).to_string(), form: "A".into(), right, wrong: Vec::new() })
        });
        taken_in(&roster(), &cards.collect::<Vec<_>>())
    })
}

/// Whoever of the roster has no card here was absent.
fn taken_in(roster: &Roster, cards: &[Filled]) -> Scanned {
    let desk = Desk::new();
    desk.write("exam.toml", exam());
    desk.write("roster.xlsx", roster.to_xlsx().unwrap());
    let mut session = desk.open();
    session.bind_manifest(&desk.path("exam.manifest")).unwrap();
    session.import_roster(&[desk.path("roster.xlsx")]).unwrap();
    for (n, card) in (1..).zip(cards) {
        desk.write(&format!("scans/{n:02}.jpg"), card.scan());
    }
    if !cards.is_empty() {
        scan(&mut session, &desk.path("scans"));
    }
    let there = |t: &TicketNumber| cards.iter().any(|card| card.ticket == t.as_str());
    let rooms: BTreeSet<_> = roster.candidates.values().map(|c| c.room.clone()).collect();
    let records: Vec<RoomRecord> = rooms
        .into_iter()
        .map(|room| {
            let seated = roster.room(&room).map(|c| c.ticket.clone());
            let (present, absent) = seated.partition(there);
            let report = RoomReport::default();
            RoomRecord { room, present, absent, violations: BTreeMap::new(), report }
        })
        .collect();
    let path = desk.write("rooms.csv", rooms::to_csv(&records, roster));
    session.import_rooms(&[path]).unwrap();
    drop(session);
    let folder = desk.folder();
    let read =
        |path: PathBuf| (path.strip_prefix(&folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
    let files = super::batch::files_in(&folder).into_iter().map(read).collect();
    Scanned { files, people: desk.people }
}

/// A session's folder.
pub struct Office {
    folder: Folder,
    people: Held,
    /// Its candidates.
    pub roster: Roster,
}

/// Whose people work in an office: everybody's, or its own.
enum Held {
    Shared(&'static Scanned),
    Own(Box<Scanned>),
}

/// What came of a run of the program.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// A refusal in two parts, each with these words.
    pub fn refuses(&self, what: &str, hint: &str) {
        let Self { code, out, err } = self;
        assert_eq!(*code, 2, "{out}{err}");
        let (error, rest) = err.split_once("hint: ").unwrap_or((err, ""));
        assert!(error.starts_with("error: ") && error.contains(what), "{what}: {err}");
        assert!(rest.contains(hint), "{hint}: {err}");
    }
}

impl std::ops::Deref for Office {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Office {
    /// The exam with these settings behind its own, scanned and not frozen.
    pub fn open(settings: &str) -> Self {
        Self::of(Held::Shared(scanned()), roster(), settings)
    }

    /// An exam of others, all of whom stayed away.
    pub fn of_absent(roster: Roster, settings: &str) -> Self {
        let held = Held::Own(Box::new(taken_in(&roster, &[])));
        Self::of(held, roster, settings)
    }

    fn of(people: Held, roster: Roster, settings: &str) -> Self {
        let office = Self { folder: Folder::new(), people, roster };
        for (name, bytes) in &office.scanned().files {
            let path = office.path(&name.display().to_string());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        office.write("exam.toml", format!("{}{settings}", exam()));
        office
    }

    /// Frozen and graded, with everybody's practical score.
    pub fn graded(settings: &str) -> Self {
        let office = Self::open(settings);
        let mut session = office.session();
        session.freeze().unwrap();
        let ask = Ask { purpose: KeyPurpose::Grading, ..Ask::default() };
        let request = session.request(&ask, &office.people().supervisor).unwrap();
        let sealed = SealedKey::open(&office.read("keys/electrician-4-A.sealed")).unwrap();
        let releases = office.people().release(&request, &[sealed], &[0, 2]);
        let write = |(at, release): (usize, &duka::key::Release)| {
            office.write(&format!("release-{at}"), release.text())
        };
        let paths: Vec<PathBuf> = releases.iter().enumerate().map(write).collect();
        session.grade(&paths, &[]).unwrap();
        drop(session);
        office.practical(&[]);
        office
    }

    /// Everybody's practical score, but others for those who are named.
    pub fn practical(&self, others: &[(u16, &str)]) {
        let scores = (1u16..).zip(self.roster.candidates.keys()).map(|(n, ticket)| {
            let other = others.iter().find(|(other, _)| *other == n).map(|(_, points)| *points);
            let outcome = match other.unwrap_or_else(|| PEOPLE[usize::from(n - 1)].2) {
                "缺考" => PracticalOutcome::Absent,
                points => PracticalOutcome::Scored(points.parse().unwrap()),
            };
            PracticalScore { ticket: ticket.clone(), outcome }
        });
        let csv = practical::to_csv(&scores.collect::<Vec<_>>(), &self.roster);
        let path = self.write("practical.csv", csv);
        self.session().import_practical(&[path]).unwrap();
    }

    /// Graded and published.
    pub fn published(settings: &str) -> Self {
        let office = Self::graded(settings);
        office.publish(None);
        office
    }

    /// Proposed, checked, approved, issued.
    pub fn publish(&self, correction: Option<&str>) {
        self.publish_by(clock, correction).unwrap();
    }

    /// As [`Office::publish`], by another clock.
    pub fn publish_by(&self, clock: fn() -> String, correction: Option<&str>) -> Result<u64, SessionError> {
        let (mut session, out) = (self.session_at(clock), self.path("out"));
        let first = session.publish_step(&out, correction)?;
        assert!(matches!(first.step, Published::Proposed { .. }), "{:?}", first.step);
        self.issue(&mut session)
    }

    /// A withdrawal, by both.
    pub fn withdraw(&self, number: u64, reason: &str) {
        let mut session = self.session();
        session.propose_withdrawal(number, reason).unwrap();
        self.issue(&mut session).unwrap();
    }

    fn issue(&self, session: &mut Session) -> Result<u64, SessionError> {
        session.check_proposal(&self.people().reviewer, "")?;
        session.approve_proposal(&self.people().supervisor, "")?;
        match session.issue(&self.path("out"))?.step {
            Published::Issued(number) | Published::Withdrawn(number) => Ok(number),
            other => panic!("{other:?}"),
        }
    }

    fn scanned(&self) -> &Scanned {
        match &self.people {
            Held::Shared(scanned) => scanned,
            Held::Own(scanned) => scanned,
        }
    }

    pub fn people(&self) -> &People {
        &self.scanned().people
    }

    pub fn session(&self) -> Session {
        self.session_at(clock)
    }

    pub fn session_at(&self, clock: fn() -> String) -> Session {
        Session::open(&self.folder(), clock).unwrap()
    }

    /// `duka VERB` in this folder. What begins with `@/` is in it.
    pub fn duka(&self, verb: &str) -> Said {
        let mut command = Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(self.folder());
        for word in verb.split(' ') {
            match word.strip_prefix("@/") {
                Some(name) => command.arg(self.path(name)),
                None => command.arg(word),
            };
        }
        if verb.contains("--identity") {
            command.args(["--passphrase-fd", "0"]).write_stdin(format!("{PASSPHRASE}\n"));
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// As [`Office::duka`]; it must succeed. Gives what it said.
    pub fn does(&self, verb: &str) -> String {
        let said = self.duka(verb);
        assert_eq!(said.code, 0, "{verb}: {}{}", said.out, said.err);
        said.out
    }
}

/// Worksheets of a workbook: name and rows, as text.
pub fn sheets(bytes: &[u8]) -> Vec<(String, Vec<Vec<String>>)> {
    use calamine::Reader as _;
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let rows = |range: &calamine::Range<calamine::Data>| {
        range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    };
    book.worksheets().iter().map(|(name, range)| (name.clone(), rows(range))).collect()
}

/// Everything in a workbook's file, unpacked.
pub fn unpacked(bytes: &[u8]) -> String {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut out = String::new();
    for at in 0..archive.len() {
        let mut part = Vec::new();
        archive.by_index(at).unwrap().read_to_end(&mut part).unwrap();
        out.push_str(&String::from_utf8_lossy(&part));
    }
    out
}

/// Takes down the characters that a page prints.
struct Characters(String);

impl<'a> Device<'a> for Characters {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {
        use hayro::hayro_interpret::hayro_cmap::BfString;
        for glyph in run.glyphs() {
            match glyph.as_unicode().expect("every glyph of ours says its character") {
                BfString::Char(c) => self.0.push(c),
                BfString::String(text) => self.0.push_str(&text),
            }
        }
    }
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
    fn begin_marked_content(&mut self, _: &[u8], _: Option<&Dict<'_>>) {}
}

/// What each page of a PDF file prints, character by character in the order of drawing.
pub fn printed(path: &Path) -> Vec<String> {
    let pdf = Pdf::new(std::fs::read(path).unwrap()).unwrap();
    let cache = InterpreterCache::new();
    let page = |page| {
        let mut characters = Characters(String::new());
        let page: &hayro::hayro_syntax::page::Page<'_> = page;
        let (width, height) = page.render_dimensions();
        let area = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, area, &cache, page.xref(), settings);
        interpret_page(page, &mut context, &mut characters);
        characters.0
    };
    pdf.pages().iter().map(page).collect()
}
