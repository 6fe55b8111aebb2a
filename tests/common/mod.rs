//! A small exam for tests: six candidates in two rooms, one layout, forms A and B.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A test file uses a part of this; an error of its own is looked at once.
#![allow(dead_code, clippy::result_large_err)]

pub mod batch;
pub mod folder;
pub mod office;
pub mod people;

use duka::exam::{Attempt, Candidate, Level, RoomRecord, Roster, rooms};
use duka::key::{ExamManifest, KeyPurpose, Request, SealedKey};
use duka::layout::draw::CardFace;
use duka::layout::{FieldKind, Layout, shipped};
use duka::practical::{self, PracticalOutcome, PracticalScore};
use duka::session::{Ask, Graded, Scanned, Session, SessionError};
use duka::sheet::TicketNumber;
use duka::simulate::{Answers, Care, Format, Print, Scanner, sample};
use folder::Folder;
use people::People;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub const EXAM: &str = r#"batch = "2026年第3批"
centre = "示例市职业技能鉴定指导中心"
institute = "示例市第一职业技能鉴定所"
date = "2026-11-21"
rooms = ["101", "102"]

[[paper]]
id = "electrician-4"
title = "电工（四级）理论知识试卷"
layout = "theory-100"
forms = ["A", "B"]
key_revision = 1

[[occupation]]
name = "电工"
level = "四级"
paper = "electrician-4"
"#;

pub const CANDIDATES: u16 = 6;

pub fn clock() -> String {
    "2026-11-21T12:00:00+08:00".into()
}

pub fn ticket(n: u16) -> TicketNumber {
    format!("26141040{n:04}").parse().unwrap()
}

/// A right identity number of a region that does not exist.
pub fn id_number(serial: u16, male: bool) -> String {
    let digits = format!("9900001990030{serial}{:03}", 2 * serial + u16::from(male));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// Candidates 1 to 3 sit in room 101, the others in 102; number 6 has form B.
pub fn roster() -> Roster {
    let candidate = |n: u16| Candidate {
        ticket: ticket(n),
        name: ["张甲", "李乙", "王丙", "赵丁", "周戊", "吴己"][usize::from(n - 1)].into(),
        sex: if n % 2 == 1 { "男" } else { "女" }.into(),
        id_number: id_number(n, n % 2 == 1),
        education: "大专".into(),
        occupation: "电工".into(),
        level: Level::Four,
        attempt: Attempt::First,
        room: if n <= 3 { "101" } else { "102" }.parse().unwrap(),
        seat: 1 + (n - 1) % 3,
        form: Some(form(n).parse().unwrap()),
        remark: String::new(),
    };
    Roster { candidates: (1..=CANDIDATES).map(candidate).map(|c| (c.ticket.clone(), c)).collect() }
}

pub fn form(n: u16) -> &'static str {
    if n == 6 { "B" } else { "A" }
}

/// What is on a card.
#[derive(Debug, Clone)]
pub struct Filled {
    pub ticket: String,
    pub form: String,
    /// So many items from the first are right, all others wrong.
    pub right: u16,
    /// Items that are wrong all the same.
    pub wrong: Vec<u16>,
}

/// Candidate `n`'s card, as it should be.
pub fn card(n: u16, right: u16) -> Filled {
    Filled { ticket: ticket(n).to_string(), form: form(n).into(), right, wrong: Vec::new() }
}

fn layout_and_print() -> &'static (Layout, Print) {
    static MADE: OnceLock<(Layout, Print)> = OnceLock::new();
    MADE.get_or_init(|| {
        let layout = shipped("theory-100").unwrap();
        let print = Print::of(&layout, &CardFace::default()).unwrap();
        (layout, print)
    })
}

impl Filled {
    /// The card as a JPEG of 150 dpi. Right is A everywhere.
    pub fn scan(&self) -> Vec<u8> {
        let (layout, print) = layout_and_print();
        let mut answers = Answers {
            items: BTreeMap::new(),
            fields: BTreeMap::from([
                ("ticket".to_owned(), self.ticket.clone()),
                ("form".to_owned(), self.form.clone()),
            ]),
            drawn: Vec::new(),
        };
        for field in layout.fields.iter().filter(|f| f.kind == FieldKind::Items) {
            for position in &field.positions {
                let item: u16 = position.label.as_str().parse().unwrap();
                let right = item <= self.right && !self.wrong.contains(&item);
                answers.items.insert(item, if right { "A" } else { "B" }.to_owned());
            }
        }
        let scanner = Scanner { dpi: 150.0, format: Format::Jpeg(90), ..Scanner::clean() };
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        sample(layout, print, &answers, Care::Careful, &scanner, &mut rng).unwrap().bytes
    }
}

/// The plain key: A everywhere, one point each, but 0.9 for item 1 and 1.1 for item 100.
pub fn key_text(paper: &str, form: &str, revision: u16) -> String {
    format!(
        "paper = {paper:?}\nform = {form:?}\nrevision = {revision}\n\
         [[section]]\nkind = \"single\"\nfrom = 1\nto = 80\npoints = 1\nanswers = \"{}\"\n\
         [[section]]\nkind = \"true-false\"\nfrom = 81\nto = 100\npoints = 1\nanswers = \"{}\"\n\
         [[item]]\nitem = 1\npoints = 0.9\n[[item]]\nitem = 100\npoints = 1.1\n",
        "A".repeat(80),
        "A".repeat(20)
    )
}

/// A session's folder with everything an exam brings along, but no scan yet.
pub struct Desk {
    folder: Folder,
    pub people: People,
    pub manifest: ExamManifest,
}

impl std::ops::Deref for Desk {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Desk {
    pub fn new() -> Self {
        Self::of(People::new())
    }

    /// An exam of these people.
    pub fn of(people: People) -> Self {
        let desk = Self::holding(people, EXAM);
        for form in ["A", "B"] {
            desk.seal(&format!("electrician-4-{form}.sealed"), &key_text("electrician-4", form, 1));
        }
        desk.write("roster.xlsx", roster().to_xlsx().unwrap());
        desk
    }

    /// These people's session of another exam: its exam.toml and its manifest, and nothing else yet.
    pub fn holding(people: People, exam: &str) -> Self {
        let folder = Folder::new();
        Session::create(&folder.folder()).unwrap();
        folder.write("exam.toml", exam);
        let manifest = people.manifest(&folder.folder());
        let desk = Self { folder, people, manifest };
        desk.write("exam.manifest", desk.manifest.text());
        desk
    }

    /// With roster, scans and room records; `absent` have no card, the others' cards are given.
    pub fn with(cards: &[Filled], absent: &[u16]) -> Self {
        Self::new().filled(cards, absent)
    }

    /// As [`Desk::with`], for a desk that is there.
    pub fn filled(self, cards: &[Filled], absent: &[u16]) -> Self {
        let desk = self;
        let mut session = desk.open();
        session.bind_manifest(&desk.path("exam.manifest")).unwrap();
        session.import_roster(&[desk.path("roster.xlsx")]).unwrap();
        for (n, card) in (1..).zip(cards) {
            desk.write(&format!("scans/{n:02}.jpg"), card.scan());
        }
        if !cards.is_empty() {
            scan(&mut session, &desk.path("scans"));
        }
        desk.import_rooms(&mut session, absent).unwrap();
        desk
    }

    /// The same exam of the same people once more, with other cards.
    pub fn anew(self, cards: &[Filled]) -> Self {
        Self::of(self.people).filled(cards, &[])
    }

    pub fn open(&self) -> Session {
        Session::open(&self.folder(), clock).unwrap()
    }

    pub fn seal(&self, name: &str, text: &str) -> SealedKey {
        let sealed = self.people.seal(text, &self.manifest);
        self.write(&format!("keys/{name}"), sealed.text());
        sealed
    }

    /// The sealed keys in `keys/`, by file name.
    pub fn sealed(&self) -> Vec<SealedKey> {
        let mut names: Vec<PathBuf> =
            std::fs::read_dir(self.path("keys")).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        names.iter().map(|name| SealedKey::open(&std::fs::read(name).unwrap()).unwrap()).collect()
    }

    /// Both rooms' records: everyone but `absent` was present.
    pub fn import_rooms(&self, session: &mut Session, absent: &[u16]) -> Result<(), SessionError> {
        let path = self.write("rooms.csv", rooms::to_csv(&room_records(absent), &roster()));
        session.import_rooms(&[path]).map(drop)
    }

    pub fn import_practical(&self, session: &mut Session, scores: &[(u16, &str)]) {
        let path = self.write("practical.csv", practical_csv(scores));
        session.import_practical(&[path]).unwrap();
    }

    /// A request of the supervisor for the keys in `keys/`.
    pub fn request(&self, session: &mut Session) -> Result<Request, SessionError> {
        self.request_for(session, KeyPurpose::Grading)
    }

    /// As [`Desk::request`], for another purpose.
    pub fn request_for(&self, session: &mut Session, purpose: KeyPurpose) -> Result<Request, SessionError> {
        session.request(&Ask { purpose, ..Ask::default() }, &self.people.supervisor)
    }

    /// The files of these custodians' releases (places from 0) for a request.
    pub fn releases(&self, request: &Request, who: &[usize]) -> Vec<PathBuf> {
        let asked = |k: &SealedKey| request.keys().iter().any(|asked| asked.file == k.file_hash());
        let sealed: Vec<SealedKey> = self.sealed().into_iter().filter(asked).collect();
        let releases = self.people.release(request, &sealed, who);
        let write = |(place, release): (&usize, &duka::key::Release)| {
            self.write(&format!("release-{place}"), release.text())
        };
        who.iter().zip(&releases).map(write).collect()
    }

    /// The whole road of a publication: proposed, checked by the reviewer, approved by the supervisor, issued. Drafts, and what was issued
    /// before, are written at once.
    pub fn publish(
        &self,
        session: &mut Session,
        correction: Option<&str>,
    ) -> Result<(Vec<PathBuf>, duka::merge::Results), SessionError> {
        let out = self.path("out");
        let first = session.publish_step(&out, correction)?;
        let done = match first.step {
            duka::session::Published::Proposed { .. } => {
                session.check_proposal(&self.people.reviewer, "")?;
                session.approve_proposal(&self.people.supervisor, "")?;
                session.issue(&out)?
            }
            _ => first,
        };
        Ok((done.files, done.results))
    }

    /// Request, two releases, grading.
    pub fn grade(&self, session: &mut Session) -> Result<Graded, SessionError> {
        let request = self.request(session)?;
        session.grade(&self.releases(&request, &[0, 2]), &[])
    }
}

pub fn scan(session: &mut Session, path: &Path) -> Scanned {
    session.scan(&[path.to_owned()], &mut |_| {}).unwrap()
}

pub fn room_records(absent: &[u16]) -> Vec<RoomRecord> {
    let roster = roster();
    let away = |t: &&TicketNumber| absent.iter().any(|n| ticket(*n) == **t);
    let record = |room: &str| {
        let room = room.parse().unwrap();
        let seated: Vec<TicketNumber> = roster.room(&room).map(|c| c.ticket.clone()).collect();
        RoomRecord {
            present: seated.iter().filter(|t| !away(t)).cloned().collect(),
            absent: seated.iter().filter(away).cloned().collect(),
            violations: BTreeMap::new(),
            report: duka::exam::RoomReport::default(),
            room,
        }
    };
    ["101", "102"].map(record).to_vec()
}

pub fn practical_csv(scores: &[(u16, &str)]) -> Vec<u8> {
    let scores: Vec<PracticalScore> = scores
        .iter()
        .map(|(n, points)| PracticalScore {
            ticket: ticket(*n),
            outcome: PracticalOutcome::Scored(points.parse().unwrap()),
        })
        .collect();
    practical::to_csv(&scores, &roster())
}

/// Does `sql` to the record as someone with the file in hand could: guards are taken off and put back.
pub fn tamper(desk: &Desk, sql: &str) {
    tamper_with(&desk.path("duka.db"), sql);
}

/// As [`tamper`], to the record at `path`.
pub fn tamper_with(path: &Path, sql: &str) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    let mut guards = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let guards: Vec<(String, String)> = guards
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let before = db.total_changes();
    db.execute_batch(sql).unwrap();
    assert!(db.total_changes() > before, "{sql} must change something");
    for (_, sql) in &guards {
        db.execute_batch(sql).unwrap();
    }
}

/// The rows of a csv that duka wrote.
pub fn rows_of(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(bytes).unwrap().trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The rows of every worksheet of a workbook, as text.
pub fn workbook(bytes: &[u8]) -> Vec<Vec<String>> {
    use calamine::Reader as _;
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let sheets = book.worksheets();
    sheets
        .iter()
        .flat_map(|(_, range)| {
            range.rows().map(|r| r.iter().map(ToString::to_string).collect()).collect::<Vec<_>>()
        })
        .collect()
}
