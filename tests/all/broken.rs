//! Files that people hand in broken: each is refused with a message that names the file and the place, or taken as it was plainly
//! meant, and nothing in the record changes. All of them are made here from good ones, by one change each.

use crate::common::{CANDIDATES, Desk, practical_csv, room_records, roster, ticket};
use duka::exam::rooms;
use duka::practical;
use duka::sheet::Sha256;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, Write as _};
use std::time::{Duration, Instant};

/// Which import a file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Of {
    Roster,
    Rooms,
    Practical,
    Decisions,
}
use Of::{Decisions, Practical, Rooms, Roster};

/// A broken file: what is wrong with it, its bytes, and what the message must say beside the file's name.
struct Case {
    name: String,
    of: Of,
    bytes: Vec<u8>,
    says: Vec<String>,
}

fn good(of: Of) -> Vec<u8> {
    match of {
        Roster => roster().to_csv(),
        Rooms => rooms::to_csv(&room_records(&[2]), &roster()),
        Practical => practical_csv(&(1..=CANDIDATES).map(|n| (n, "76.5")).collect::<Vec<_>>()),
        Decisions => format!(
            "id,sheet,ticket,field,item,decision,reviewer,reason\nE0001,,{},,,accept,王复核,查无此卡\n",
            ticket(1)
        )
        .into_bytes(),
    }
}

fn good_book(of: Of) -> Vec<u8> {
    match of {
        Rooms => rooms::to_xlsx(&room_records(&[2]), &roster()).unwrap(),
        Practical => {
            let scores: Vec<_> = (1..=CANDIDATES)
                .map(|n| practical::PracticalScore {
                    ticket: ticket(n),
                    outcome: practical::PracticalOutcome::Scored("76.5".parse().unwrap()),
                })
                .collect();
            practical::to_xlsx(&scores, &roster()).unwrap()
        }
        _ => roster().to_xlsx().unwrap(),
    }
}

/// The parts of a workbook.
fn parts(book: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    (0..archive.len())
        .map(|n| {
            let mut file = archive.by_index(n).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn book(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The workbook with one part changed; nothing takes a part out.
fn operated(of: Of, part: &str, change: impl Fn(String) -> Option<String>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut done = false;
    for (name, bytes) in parts(&good_book(of)) {
        if name == part {
            done = true;
            if let Some(text) = change(String::from_utf8(bytes).unwrap()) {
                out.push((name, text.into_bytes()));
            }
        } else {
            out.push((name, bytes));
        }
    }
    assert!(done, "no part {part}");
    book(&out)
}

/// Row `row` of the text, from 1, with the change; each must change something.
fn row_changed(of: Of, row: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = String::from_utf8(good(of)).unwrap();
    let lines: Vec<String> = text
        .lines()
        .zip(1..)
        .map(|(line, n)| if n == row { change(line) } else { line.to_owned() })
        .collect();
    let out = lines.join("\n") + "\n";
    assert_ne!(out.lines().collect::<Vec<_>>(), text.lines().collect::<Vec<_>>());
    out.into_bytes()
}

/// Its name, the import, the row, what stands there, what is put there, what the message says.
type CellCase = (&'static str, Of, usize, &'static str, &'static str, &'static [&'static str]);

/// The rows' cells.
const CELLS: &[CellCase] = &[
    ("a number that a spreadsheet rounded", Roster, 3, "261410400002", "2.6141E+11", &["row 3", "准考证号"]),
    ("a number with a letter O", Roster, 3, "261410400002", "26141O40000２!", &["row 3", "准考证号"]),
    ("a number twice", Roster, 3, "261410400002", "261410400001", &["row 3", "there already", "row 2"]),
    ("no number", Roster, 3, "261410400002", "", &["row 3", "准考证号", "is empty"]),
    ("an error value as a name", Roster, 4, "王丙", "", &["row 4", "姓名"]),
    ("a name with a question mark", Roster, 4, "王丙", "王?", &["row 4", "姓名"]),
    ("a name of symbols", Roster, 4, "王丙", "□□", &["row 4", "姓名"]),
    ("another occupation", Roster, 5, "电工", "焊工", &["row 5", "职业", "焊工"]),
    ("another level", Roster, 5, "四级", "三级", &["row 5", "三级"]),
    ("no level", Roster, 5, "四级", "六级", &["row 5", "等级"]),
    ("an error value for a room", Roster, 6, "102", "#N/A", &["row 6", "考场"]),
    ("a room that is none", Roster, 6, "102", "999", &["row 6", "考场", "999"]),
    ("nobody's number", Rooms, 2, "261410400001", "261410499999", &["row 2", "261410499999"]),
    ("a rounded number", Rooms, 2, "261410400001", "2.6141E+11", &["row 2", "准考证号"]),
    ("another's name", Rooms, 2, "张甲", "李丙", &["row 2", "姓名", "张甲"]),
    ("a number twice", Rooms, 3, "261410400002", "261410400001", &["row 3", "there already"]),
    ("another room", Rooms, 2, "101", "102", &["row 2", "考场"]),
    ("a room that is none", Rooms, 2, "101", "A999", &["row 2", "考场", "A999"]),
    ("an unknown status", Rooms, 2, "到考", "也许", &["row 2", "状态", "也许"]),
    ("no status", Rooms, 2, "到考", "", &["row 2", "状态"]),
    ("an error value as status", Rooms, 2, "到考", "#REF!", &["row 2", "状态"]),
    ("more than there is", Practical, 2, "76.5", "176.5", &["row 2", "实操成绩", "176.5"]),
    ("below nothing", Practical, 2, "76.5", "-1", &["row 2", "实操成绩"]),
    ("three decimals", Practical, 2, "76.5", "76.555", &["row 2", "实操成绩"]),
    ("a word", Practical, 2, "76.5", "合格", &["row 2", "实操成绩", "合格"]),
    ("no score", Practical, 2, "76.5", "", &["row 2", "实操成绩", "缺考"]),
    ("an error value", Practical, 2, "76.5", "#DIV/0!", &["row 2", "实操成绩"]),
    ("a date", Practical, 2, "76.5", "2026-07-06", &["row 2", "实操成绩"]),
    ("infinity", Practical, 2, "76.5", "inf", &["row 2", "实操成绩"]),
    ("not a number", Practical, 2, "76.5", "NaN", &["row 2", "实操成绩"]),
    ("nobody's number", Practical, 2, "261410400001", "261410499999", &["row 2", "261410499999"]),
    ("a rounded number", Practical, 2, "261410400001", "2.6141E+11", &["row 2", "准考证号"]),
    ("a number twice", Practical, 3, "261410400002", "261410400001", &["row 3", "there already"]),
    ("another's name", Practical, 2, "张甲", "李丙", &["row 2", "姓名"]),
    ("a decision that is none", Decisions, 2, "accept", "maybe", &["row 2"]),
    ("nobody decided", Decisions, 2, "王复核", "", &["row 2", "reviewer"]),
    ("no exception's number", Decisions, 2, "E0001", "", &["row 2", "id"]),
    ("a rounded number", Decisions, 2, "261410400001", "2.6141E+11", &["row 2"]),
    ("no place", Decisions, 2, "261410400001", "", &["row 2"]),
];

/// Headings: (import, what stands there, what is put there, what the message says).
const HEADINGS: &[(&str, Of, &str, &str, &[&str])] = &[
    ("a heading is missing", Roster, "姓名", "称呼", &["row 1", "姓名"]),
    ("no heading at all", Roster, "准考证号", "x", &["准考证号"]),
    ("a heading twice", Roster, "备注", "姓名", &["row 1", "姓名", "both"]),
    ("a heading is missing", Rooms, "状态", "x", &["状态"]),
    ("a heading is missing", Practical, "实操成绩", "x", &["实操成绩"]),
    ("a heading in the place of another", Practical, "姓名", "实操成绩", &["row 1", "姓名"]),
    ("a column is missing", Decisions, "decision", "x", &["row 1", "decision"]),
    ("two columns are missing", Decisions, "reviewer,reason", "x,y", &["row 1", "reviewer"]),
];

fn cases() -> Vec<Case> {
    let mut out = Vec::new();
    let mut case = |name: &str, of: Of, bytes: Vec<u8>, says: &[&str]| {
        let says = says.iter().map(|s| (*s).to_owned()).collect();
        out.push(Case { name: format!("{of:?}: {name}"), of, bytes, says });
    };
    for (name, of, row, from, to, says) in CELLS {
        case(name, *of, row_changed(*of, *row, |line| line.replacen(from, to, 1)), says);
    }
    for (name, of, from, to, says) in HEADINGS {
        case(name, *of, row_changed(*of, 1, |line| line.replacen(from, to, 1)), says);
    }
    for of in [Roster, Rooms, Practical] {
        let tag = format!("{of:?}");
        let tagged = |bytes: &[u8]| [bytes, tag.as_bytes()].concat();
        case("a pdf", of, tagged(b"%PDF-1.7\n\x00\x01\x02\xff"), &["neither a workbook"]);
        case("a web page", of, tagged(b"<!DOCTYPE html><html><table><tr><td>"), &["web page"]);
        case("white space", of, " ".repeat(3 + tag.len()).into_bytes(), &["empty"]);
        case("bytes of nothing", of, tagged(&[0; 64]), &["neither a workbook"]);
        let mut utf16 = vec![0xff, 0xfe];
        utf16.extend(tag.encode_utf16().flat_map(u16::to_le_bytes));
        case("UTF-16 without a table", of, utf16, &["no row within the first 20"]);
        let mut open = good(of);
        open.extend(format!("\"{tag},").bytes());
        case("a quotation mark is never closed", of, open, &["quotation mark", "row"]);
        let head = String::from_utf8(good(of)).unwrap().lines().next().unwrap().to_owned();
        case("headings alone", of, head.into_bytes(), &["there are headings"]);
        let whole = good_book(of);
        for (name, keep) in [("cut to a tenth", 10), ("cut in the middle", 2)] {
            case(name, of, whole[..whole.len() / keep].to_vec(), &["damaged"]);
        }
        let mut end = whole.clone();
        end.truncate(whole.len() - 30);
        case("cut at the end", of, end, &["damaged"]);
        for part in ["xl/workbook.xml", SHEET, "xl/_rels/workbook.xml.rels"] {
            case(&format!("without {part}"), of, operated(of, part, |_| None), &["damaged"]);
        }
        let cut =
            |text: String| Some(text.chars().take(text.chars().count() / 2).collect::<String>() + "<<&");
        case("a sheet of bad XML", of, operated(of, SHEET, cut), &["damaged"]);
        case("a workbook of bad XML", of, operated(of, "xl/workbook.xml", cut), &["damaged"]);
        let hidden = |text: String| Some(text.replacen("<sheet name", "<sheet state=\"hidden\" name", 1));
        case("a hidden sheet", of, operated(of, "xl/workbook.xml", hidden), &["hidden", "sheet "]);
        let shared = |text: String| {
            let at = text.find("t=\"s\"><v>")? + "t=\"s\"><v>".len();
            let end = at + text[at..].find('<')?;
            Some(format!("{}987654{}", &text[..at], &text[end..]))
        };
        case("a shared string that is not there", of, operated(of, SHEET, shared), &["damaged"]);
        // Locked by a password: wrapped in the old format.
        let mut locked = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
        locked.extend([0; 504]);
        locked.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
        case("locked by a password", of, tagged(&locked), &["password"]);
        let mut old = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
        old.extend([0xff; 2000]);
        case("an old workbook of nothing", of, tagged(&old), &["damaged"]);
    }
    out
}

fn take(desk: &Desk, of: Of, name: &str, bytes: &[u8]) -> Result<(), duka::session::SessionError> {
    let file = desk.write(name, bytes);
    let mut session = desk.open();
    match of {
        Roster => session.import_roster(&[file]).map(drop),
        Rooms => session.import_rooms(&[file]).map(drop),
        Practical => session.import_practical(&[file]).map(drop),
        Decisions => session.resolve(&file, None).map(drop),
    }
}

#[test]
fn each_is_refused_by_its_place_and_nothing_changes() {
    let desk = Desk::with(&[], &[2]);
    let cases = cases();
    assert!(cases.len() >= 100, "{}", cases.len());
    let different: BTreeSet<Sha256> = cases.iter().map(|case| Sha256::of(&case.bytes)).collect();
    assert_eq!(different.len(), cases.len(), "two are the same");
    let before = (desk.open().canonical_export().unwrap(), desk.open().journal().unwrap());
    let mut wrong = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let name = format!("broken-{n:03}.dat");
        let start = Instant::now();
        match take(&desk, case.of, &name, &case.bytes) {
            Ok(()) => wrong.push(format!("{}: was taken", case.name)),
            Err(error) => {
                let said = error.to_string();
                let lacking: Vec<_> = case.says.iter().filter(|word| !said.contains(word.as_str())).collect();
                if !said.contains(&name) || !lacking.is_empty() || error.hint().is_none() {
                    wrong.push(format!("{}: without {lacking:?}: {said}", case.name));
                }
            }
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{} took too long", case.name);
        let after = (desk.open().canonical_export().unwrap(), desk.open().journal().unwrap());
        assert!(before == after, "{} changed the record", case.name);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_mutated_workbook_stops_the_program() {
    let exam = duka::exam::Exam::parse(crate::common::EXAM, "exam.toml").unwrap();
    let roster = roster();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut refused = 0;
    for of in [Roster, Rooms, Practical] {
        let unpacked = parts(&good_book(of));
        for round in 0..2000 {
            // In every other round a part is changed and packed again, so that the change gets past the checksums.
            let mut parts = unpacked.clone();
            let mut bytes = if round % 2 == 0 { book(&unpacked) } else { Vec::new() };
            let target = if round % 2 == 0 {
                &mut bytes
            } else {
                let part = rng.random_range(0..parts.len());
                &mut parts[part].1
            };
            for _ in 0..rng.random_range(1..8) {
                let at = rng.random_range(0..target.len());
                target[at] = rng.random();
            }
            let bytes = if round % 2 == 0 { bytes } else { book(&parts) };
            let start = Instant::now();
            let outcome = match of {
                Rooms => duka::exam::RoomRecord::import("x", &bytes, &exam, &roster).is_err(),
                Practical => practical::import("x", &bytes, &exam, &roster).is_err(),
                _ => duka::exam::Roster::import("x", &bytes, &exam).is_err(),
            };
            refused += usize::from(outcome);
            assert!(start.elapsed() < Duration::from_secs(5), "{of:?}, round {round}");
        }
    }
    assert!(refused > 1000, "{refused}");
}
