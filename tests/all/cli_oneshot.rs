//! The verbs that need no session, run as a user or a program runs them.

use assert_cmd::cargo::cargo_bin_cmd;
use duka::identity::{self, Identity};
use duka::key::{AnswerKey, ExamManifest, SealedKey};
use duka::layout::{self, Layout};
use duka::sheet::Sha256;
use duka::simulate::{Answers, Care, Person, Print, Scanner, sample};
use duka::source;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// How a run ended, and what it said.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// Fails unless the run failed with an error and a hint that say these things, and wrote no result.
    fn refuses(&self, error: &str, hint: &str) {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{}", self.err);
        let (said, what_to_do) = self.err.split_once("\nhint: ").unwrap_or((&self.err, ""));
        assert!(said.starts_with("error: ") && said.contains(error), "{}", self.err);
        assert!(what_to_do.contains(hint), "{}", self.err);
    }
}

/// Runs the program in `folder`.
fn duka(folder: &Path, args: &[&str]) -> Run {
    let output = cargo_bin_cmd!("duka").current_dir(folder).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Files of a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A clean scan of a card of `layout`, with a few places answered as given.
fn scan(layout: &Layout, seed: u64, items: &[(u16, &str)], care: Care, upside_down: bool) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let person = Person {
        ticket: Some(format!("14051000{seed:04}").parse().unwrap()),
        form: Some("A".parse().unwrap()),
        flags: Vec::new(),
    };
    let mut answers = Answers::random(layout, &person, 0.0, &mut rng);
    answers.items.extend(items.iter().map(|(item, value)| (*item, (*value).to_owned())));
    let blank = Print::of(layout, &layout::draw::CardFace::default()).unwrap();
    let scanner = Scanner { upside_down, ..Scanner::clean() };
    sample(layout, &blank, &answers, care, &scanner, &mut rng).unwrap().bytes
}

/// The line that the contract asks for about a page that reads as `truth` says.
fn contract_line(source: &str, hash: &str, truth: &Value, line: &Value) -> String {
    let value_and_state = |value: &str| {
        let state = if value.is_empty() { "blank" } else { "resolved" };
        format!(r#"{{"value":"{value}","state":"{state}"}}"#)
    };
    let field = |name: &str| {
        let value = truth["fields"][name].as_str().unwrap().trim_end_matches('_');
        format!(r#""{name}":{}"#, value_and_state(value))
    };
    let fields = ["ticket", "form", "absent", "violation"].map(field).join(",");
    let mut items = String::new();
    for item in 1..=100 {
        let value = truth["items"][item.to_string()].as_str().unwrap();
        let comma = if item == 1 { "" } else { "," };
        write!(items, r#"{comma}"{item}":{}"#, value_and_state(value)).unwrap();
    }
    let engine = line["engine"].as_str().unwrap();
    let pose = &line["registration"];
    format!(
        concat!(
            r#"{{"source":"{}","page":1,"layout":"theory-100","image_sha256":"{}","engine":"{}","#,
            r#""registration":{{"orientation":{},"rotation_deg":{},"residual_mm":{}}},"#,
            r#""fields":{{{}}},"items":{{{}}},"exceptions":[]}}"#
        ),
        source, hash, engine, pose["orientation"], pose["rotation_deg"], pose["residual_mm"], fields, items
    )
}

#[test]
fn a_line_is_what_the_contract_says_letter_for_letter() {
    let dir = folder();
    let made = duka(dir.path(), &["simulate", "theory-100", "-n", "3", "cards", "--damage", "clean"]);
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    let truth: Value =
        serde_json::from_slice(&fs::read(dir.path().join("cards/truth.json")).unwrap()).unwrap();

    let run = duka(dir.path(), &["read", "cards", "--layout", "theory-100"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(run.out.lines().count(), 3);
    for (number, line) in (1..).zip(run.out.lines()) {
        let name = format!("000{number}.png");
        let hash = Sha256::of(&fs::read(dir.path().join("cards").join(&name)).unwrap()).to_string();
        let parsed: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line, contract_line(&format!("cards/{name}"), &hash, &truth[&name], &parsed));
        assert!(parsed["engine"].as_str().unwrap().starts_with("duka-"));
        assert_eq!(parsed["registration"]["orientation"], 0);
        assert!(parsed["registration"]["residual_mm"].as_f64().unwrap() < 0.2);
    }
    // The same as JSON for a program that asks for it.
    assert_eq!(duka(dir.path(), &["--json", "read", "cards", "--layout", "theory-100"]).out, run.out);
}

#[test]
fn the_result_has_the_order_of_the_arguments_whatever_the_threads() {
    let dir = folder();
    let made = ["simulate", "card-16k", "-n", "7", "cards", "--careless", "0.1", "--seed", "5"];
    assert_eq!(duka(dir.path(), &made).code, 0);
    for format in ["ndjson", "csv"] {
        let read = |threads| {
            duka(
                dir.path(),
                &["read", "cards", "--layout", "card-16k", "--format", format, "--threads", threads],
            )
        };
        let (one, two) = (read("1"), read("2"));
        assert!(!one.out.is_empty());
        assert_eq!((one.code, &one.out, &one.err), (two.code, &two.out, &two.err), "{format}");
    }
    let mut images = names(&dir.path().join("cards"));
    images.retain(|name| name != "truth.json");
    images.reverse();
    images.push(images[0].clone());
    let images: Vec<String> = images.into_iter().map(|name| format!("cards/{name}")).collect();
    let mut args = vec!["read"];
    args.extend(images.iter().map(String::as_str));
    let lines = duka(dir.path(), &args).lines();
    let sources: Vec<&str> = lines.iter().map(|l| l["source"].as_str().unwrap()).collect();
    assert_eq!(sources, images);
}

#[test]
fn every_page_of_a_tiff_is_read_and_a_white_one_says_why_not() {
    let dir = folder();
    let card = layout::shipped("theory-100").unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    let mut tiff = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    for (page, upside_down) in [(1, false), (2, false), (3, true), (4, false), (5, false), (6, false)] {
        let png = scan(&card, page, &[], Care::Careful, upside_down);
        let mut page_levels = source::decode(&png).next().unwrap().1.unwrap();
        if page == 2 {
            page_levels.pixels.fill(250);
        }
        let (width, height) =
            (u32::try_from(page_levels.width).unwrap(), u32::try_from(page_levels.height).unwrap());
        tiff.write_image::<tiff::encoder::colortype::Gray8>(width, height, &page_levels.pixels).unwrap();
    }
    fs::write(dir.path().join("stack.tif"), file.into_inner()).unwrap();

    let run = duka(dir.path(), &["read", "stack.tif", "--layout", "theory-100"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let lines = run.lines();
    assert_eq!(lines.len(), 6);
    for (number, line) in (1u64..).zip(&lines) {
        assert_eq!(line["page"], number);
        assert_eq!(line["image_sha256"], lines[0]["image_sha256"]);
        if number == 2 {
            assert_eq!(line["registration"], Value::Null);
            assert_eq!(line["fields"].as_object().unwrap().len(), 0);
            assert_eq!(line["items"].as_object().unwrap().len(), 0);
            assert_eq!(
                line["exceptions"].to_string(),
                r#"[{"detail":"the page is blank","field":null,"item":null,"kind":"not-registered"}]"#
            );
        } else {
            assert_eq!(line["registration"]["orientation"], if number == 3 { 180 } else { 0 });
            assert_eq!(line["fields"]["ticket"]["value"], format!("14051000{number:04}"));
        }
    }
}

#[test]
fn a_cut_image_does_not_stop_the_others() {
    let dir = folder();
    let made = ["simulate", "theory-100", "-n", "3", "cards", "--seed", "1"];
    assert_eq!(duka(dir.path(), &made).code, 0);
    let cut = dir.path().join("cards/0002.jpg");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).unwrap();

    let run = duka(dir.path(), &["read", "cards", "--layout", "theory-100"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let lines = run.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["layout"], "theory-100");
    assert_eq!(lines[1]["registration"], Value::Null);
    assert_eq!(
        lines[1]["exceptions"][0],
        serde_json::json!({"kind": "not-decoded", "field": null, "item": null,
            "detail": "the image is cut off before its end"})
    );
    for line in [&lines[0], &lines[2]] {
        assert_eq!(line["items"].as_object().unwrap().len(), 100);
    }

    let run = duka(dir.path(), &["read", "cards", "--layout", "theory-100", "--format", "csv"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (1, "note: cards/0002.jpg page 1: the image is cut off before its end\n")
    );
    let rows: Vec<Vec<&str>> = run.out.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows[0][..6], ["source", "page", "ticket", "form", "1", "2"]);
    assert!(rows.iter().all(|row| row.len() == 104));
    assert!(rows[2][2..].iter().all(|cell| *cell == "?"));
    for (row, line) in [(&rows[1], &lines[0]), (&rows[3], &lines[2])] {
        assert_eq!(row[2], line["fields"]["ticket"]["value"]);
        for item in 1..=100 {
            assert_eq!(row[3 + item], line["items"][item.to_string()]["value"], "{item}");
        }
    }
}

#[test]
fn two_marks_are_multiple_and_doubtful_ones_are_held_each_with_its_reason() {
    let dir = folder();
    let card = layout::shipped("theory-100").unwrap();
    let careful = scan(&card, 7, &[(19, "BD"), (20, "")], Care::Careful, false);
    fs::write(dir.path().join("careful.png"), careful).unwrap();
    let run = duka(dir.path(), &["read", "careful.png"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains(
        r#""19":{"value":"BD","state":"multiple"},"20":{"value":"","state":"blank"},"21":{"value""#
    ));

    fs::write(dir.path().join("careless.png"), scan(&card, 8, &[], Care::Careless(0.4), false)).unwrap();
    let run = duka(dir.path(), &["read", "careless.png", "--layout", "theory-100"]);
    assert_eq!(run.code, 1);
    let lines = run.lines();
    let items = lines[0]["items"].as_object().unwrap();
    let held: Vec<&str> =
        items.iter().filter(|(_, r)| r["state"] == "marginal").map(|(item, _)| item.as_str()).collect();
    assert!(held.len() > 3, "{}", run.out);
    let exceptions = lines[0]["exceptions"].as_array().unwrap();
    for item in &held {
        let reason =
            exceptions.iter().find(|e| e["field"] == "items" && e["item"] == *item).unwrap_or(&Value::Null);
        assert_eq!(reason["kind"], "marginal", "{item}");
        assert!(reason["detail"].as_str().unwrap().starts_with("in doubt: "), "{reason}");
    }
    let csv = duka(dir.path(), &["read", "careless.png", "--layout", "theory-100", "--format", "csv"]);
    let row: Vec<&str> = csv.out.lines().nth(1).unwrap().split(',').collect();
    for item in 1..=100usize {
        let doubtful = held.iter().any(|h| **h == item.to_string());
        assert_eq!(row[3 + item].ends_with('?'), doubtful, "{item}");
    }
}

#[test]
fn a_page_proves_which_of_several_layouts_it_has() {
    let dir = folder();
    let card = layout::shipped("theory-200").unwrap();
    fs::write(dir.path().join("a.png"), scan(&card, 3, &[], Care::Careful, false)).unwrap();
    for layouts in [&[][..], &["--layout", "theory-100", "--layout", "theory-200"]] {
        let mut args = vec!["read", "a.png"];
        args.extend(layouts);
        let run = duka(dir.path(), &args);
        assert_eq!(run.code, 0, "{}", run.out);
        let lines = run.lines();
        assert_eq!(lines[0]["layout"], "theory-200");
        assert_eq!(lines[0]["items"].as_object().unwrap().len(), 200);
    }
    let run = duka(dir.path(), &["read", "a.png", "--layout", "theory-100"]);
    assert_eq!((run.code, run.lines()[0]["registration"].clone()), (1, Value::Null));
    let both = ["read", "a.png", "--layout", "theory-100", "--layout", "theory-100"];
    duka(dir.path(), &both).refuses("two of the layouts are called theory-100", "once");
}

#[test]
fn a_layout_file_of_ones_own_is_named_by_its_path() {
    let dir = folder();
    let card = layout::shipped("theory-100").unwrap();
    fs::write(dir.path().join("a.png"), scan(&card, 4, &[], Care::Careful, false)).unwrap();
    fs::copy("sheet-layouts/theory-100.toml", dir.path().join("mine.toml")).unwrap();
    let shipped = duka(dir.path(), &["read", "a.png", "--layout", "theory-100"]);
    let mine = duka(dir.path(), &["read", "a.png", "--layout", "mine.toml"]);
    assert_eq!((mine.code, mine.out), (0, shipped.out));
}

#[test]
fn folders_are_searched_in_order_and_nothing_is_read_if_a_path_is_wrong() {
    let dir = folder();
    let path = dir.path();
    for below in ["scans/room-2", "scans/room-10/more", "empty"] {
        fs::create_dir_all(path.join(below)).unwrap();
    }
    for file in ["room-2/b.PNG", "room-2/a.tif", "room-10/more/c.jpeg", "z.jpg", "notes.txt", "._z.jpg"] {
        fs::write(path.join("scans").join(file), "not an image").unwrap();
    }
    let run = duka(path, &["read", "scans", "scans/notes.txt", "empty"]);
    assert_eq!((run.code, run.err.as_str()), (1, "note: there are no images in empty\n"));
    let lines = run.lines();
    let sources: Vec<&str> = lines.iter().map(|l| l["source"].as_str().unwrap()).collect();
    let expected = [
        "scans/room-10/more/c.jpeg",
        "scans/room-2/a.tif",
        "scans/room-2/b.PNG",
        "scans/z.jpg",
        "scans/notes.txt",
    ];
    assert_eq!(sources, expected);
    assert!(lines.iter().all(|l| l["exceptions"][0]["kind"] == "not-decoded" && l["layout"].is_null()));

    duka(path, &["read", "scans", "gone.png"]).refuses("can't read gone.png: ", "check the path");
    duka(path, &["read", "empty"]).refuses("there are no images in empty", ".tiff");
    duka(path, &["read", "scans", "--layout", "theory"])
        .refuses("no layout is called \"theory\"", "duka layout list");
    duka(path, &["--json", "read", "scans", "--format", "csv"]).refuses("contradict", "ndjson");
    assert_eq!(duka(path, &["read", "scans", "--threads", "0"]).code, 2);
}

#[test]
fn cells_are_what_the_contract_says_letter_for_letter() {
    let dir = folder();
    let run = duka(dir.path(), &["layout", "cells", "theory-100", "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let start = concat!(
        r#"{"layout":"theory-100","page":{"width_mm":210.0,"height_mm":297.0},"#,
        "\n",
        r#" "cells":[{"field":"ticket","item":"1","value":"0","x":122.35,"y":48.1,"w":4.2,"h":2.2},"#,
        "\n",
        r#"          {"field":"ticket","item":"1","value":"1","x":122.35,"y":52.2,"w":4.2,"h":2.2},"#,
        "\n",
    );
    assert!(run.out.starts_with(start), "{}", &run.out[..400]);
    assert!(run.out.ends_with("}]}\n"));
    let parsed = run.json();
    let cells = parsed["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 12 * 10 + 2 + 2 + 80 * 4 + 20 * 2);
    let absent: Vec<&Value> = cells.iter().filter(|c| c["field"] == "absent").collect();
    assert_eq!((absent.len(), &absent[0]["item"], &absent[0]["value"]), (1, &"1".into(), &"1".into()));

    let csv = duka(dir.path(), &["layout", "cells", "theory-100", "--format", "csv"]);
    let mut rows = csv.out.lines();
    assert_eq!(rows.next(), Some("field,item,value,x,y,w,h"));
    assert_eq!(rows.next(), Some("ticket,1,0,122.35,48.1,4.2,2.2"));
    assert_eq!(rows.count(), cells.len() - 1);
    duka(dir.path(), &["layout", "cells", "theory"]).refuses("no layout is called", "duka layout list");
}

#[test]
fn layouts_are_listed_and_checked_with_every_problem() {
    let dir = folder();
    let list = duka(dir.path(), &["layout", "list", "--json"]).json();
    let shipped: Vec<&str> =
        list["layouts"].as_array().unwrap().iter().map(|l| l["name"].as_str().unwrap()).collect();
    assert!(layout::shipped_names().eq(shipped));
    assert_eq!(list["layouts"][0]["items"], 100);
    let fields = serde_json::json!(["ticket", "form", "absent", "violation", "items"]);
    assert_eq!(list["layouts"][0]["fields"], fields);
    let text = duka(dir.path(), &["layout", "list"]).out;
    assert_eq!(text.lines().count(), 1 + layout::shipped_names().count());

    let good = fs::read_to_string("sheet-layouts/theory-100.toml").unwrap();
    fs::write(dir.path().join("good.toml"), &good).unwrap();
    fs::write(dir.path().join("bad.toml"), good.replace("x = 122.35", "x = 2122.35")).unwrap();
    let run = duka(dir.path(), &["layout", "check", "good.toml"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("good.toml: good: theory-100, 210 × 297 mm, 100 items, "), "{}", run.out);

    let run = duka(dir.path(), &["--json", "layout", "check", "bad.toml", "good.toml", "gone.toml"]);
    assert_eq!(run.code, 2);
    let checks = run.json();
    let problems = checks["files"][0]["problems"].as_array().unwrap();
    assert!(!problems.is_empty());
    for problem in problems {
        let text = |key: &str| problem[key].as_str().unwrap();
        let line = format!("bad.toml:{}: {}: {}", problem["line"], text("place"), text("problem"));
        assert!(run.err.contains(&line), "{}", run.err);
    }
    assert_eq!(checks["files"][1]["layout"], "theory-100");
    assert_eq!(checks["files"][1]["problems"], serde_json::json!([]));
    assert_eq!(checks["files"][2]["layout"], Value::Null);
    assert!(run.err.contains("gone.toml") && run.err.contains("\nhint: "), "{}", run.err);
}

/// An exam of two occupations with different cards, and a roster of four in two rooms.
fn exam(folder: &Path) {
    let exam = r#"
        batch = "2026年第3批"
        centre = "中心"
        institute = "鉴定所"
        date = "2026-11-21"
        rooms = ["02", "01"]
        paper = [
            { id = "electrician-4", title = "电工", layout = "theory-100" },
            { id = "welder-5", title = "焊工", layout = "theory-200" },
        ]
        occupation = [
            { name = "电工", level = "四级", paper = "electrician-4" },
            { name = "焊工", level = "五级", paper = "welder-5" },
        ]
    "#;
    fs::write(folder.join("exam.toml"), exam).unwrap();
    let roster = "准考证号,姓名,性别,证件号码,职业,等级,考场,座位\n\
        140510001001,张甲,男,P100001,电工,四级,01,1\n\
        140510001002,李乙,男,P100002,电工,四级,02,9\n\
        140510001003,王丙,男,P100003,电工,四级,02,2\n\
        140510001004,赵丁,男,P100004,焊工,五级,02,1\n";
    fs::write(folder.join("roster.csv"), roster).unwrap();
}

/// The ticket numbers that are filled in on the first card of a PDF file.
fn first_ticket(pdf: &Path) -> String {
    let card = layout::shipped("theory-100").unwrap();
    let print = Print::from_pdf(fs::read(pdf).unwrap()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let bytes = Scanner::clean().scan(&print, &mut rng).unwrap();
    let page = source::decode(&bytes).next().unwrap().1.unwrap();
    let registration = duka::register::register_as(&page, &card).unwrap();
    let engine = duka::sheet::EngineId("test".into());
    let reading = duka::read::read(&page, &registration, &card, &engine);
    duka::settle::responses(&reading).0.field("ticket").unwrap().value.clone()
}

#[test]
fn cards_are_printed_in_the_order_of_rooms_and_seats() {
    let dir = folder();
    let path = dir.path();
    exam(path);
    let run = duka(path, &["print", "theory-100", "-o", "blank.pdf"]);
    assert_eq!((run.code, run.out.as_str()), (0, "blank.pdf: 1 card, theory-100\n"));
    assert_eq!(first_ticket(&path.join("blank.pdf")), "");

    let all = ["print", "theory-100", "-o", "cards.pdf", "--roster", "roster.csv", "--prefill"];
    let run = duka(path, &all);
    assert_eq!((run.code, run.out.as_str()), (0, "cards.pdf: 3 cards, theory-100\n"));
    assert_eq!(run.err, "note: 1 candidate has the card theory-200, printed with `duka print theory-200`\n");
    // The exam names room 02 first; seat 1 there has another card.
    assert_eq!(first_ticket(&path.join("cards.pdf")), "140510001003");
    let pdf = hayro::hayro_syntax::Pdf::new(fs::read(path.join("cards.pdf")).unwrap()).unwrap();
    assert_eq!(pdf.pages().len(), 3);

    // A file that is there is replaced, as a whole.
    let mut room = all.to_vec();
    room.extend(["--room", "1", "--json"]);
    let run = duka(path, &room);
    assert_eq!(run.json()["pages"], 1);
    assert_eq!(run.json()["other_layouts"], serde_json::json!({}));
    assert_eq!(first_ticket(&path.join("cards.pdf")), "140510001001");
    assert_eq!(names(path), ["blank.pdf", "cards.pdf", "exam.toml", "roster.csv"]);

    let mut room = all.to_vec();
    room.extend(["--room", "7"]);
    duka(path, &room).refuses("the exam has no room \"7\"", "02, 01");
}

#[test]
fn a_print_that_fails_writes_nothing() {
    let dir = folder();
    let path = dir.path();
    let with_roster = ["print", "theory-100", "-o", "x.pdf", "--roster", "roster.csv"];
    duka(path, &with_roster).refuses("there is no exam file ./exam.toml", "--session");
    exam(path);
    duka(path, &["print", "theory-100", "-o", "none/x.pdf"]).refuses("no folder none", "make the folder");
    duka(path, &["print", "theory-100", "-o", "."]).refuses("not a file", "name a file");
    let other = ["print", "card-16k", "-o", "x.pdf", "--roster", "roster.csv"];
    duka(path, &other).refuses("no candidate has the card card-16k", "theory-100, theory-200");
    fs::write(path.join("roster.csv"), "准考证号,姓名\n1,张\n").unwrap();
    let run = duka(path, &with_roster);
    run.refuses("roster.csv", "");
    assert!(run.err.contains("\nhint: "), "{}", run.err);
    // Without a roster there is nobody to fill in.
    assert_eq!(duka(path, &["print", "theory-100", "-o", "x.pdf", "--prefill"]).code, 2);
    assert_eq!(names(path), ["exam.toml", "roster.csv"]);
}

const PASSPHRASE: &str = "a passphrase for tests";

/// Runs the program in `folder` with the passphrase on descriptor 0.
fn duka_as(folder: &Path, args: &[&str]) -> Run {
    let mut command = cargo_bin_cmd!("duka");
    command
        .current_dir(folder)
        .args(args)
        .args(["--passphrase-fd", "0"])
        .write_stdin(format!("{PASSPHRASE}\n"));
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

const EXAM: &str = "batch = \"2026年第3批\"\ncentre = \"示例中心\"\ninstitute = \"示例所\"\n\
                    date = \"2026-11-21\"\nrooms = [\"101\"]\n\
                    [[paper]]\nid = \"electrician-4\"\ntitle = \"电工\"\nlayout = \"theory-100\"\nforms = [\"A\", \"B\"]\n\
                    [[occupation]]\nname = \"电工\"\nlevel = \"四级\"\npaper = \"electrician-4\"\n";

/// Everybody's identity files and a signed manifest, all made by the program; made once, for it takes seconds.
fn office() -> &'static Path {
    static MADE: std::sync::OnceLock<TempDir> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let dir = folder();
        let path = dir.path();
        fs::write(path.join("exam.toml"), EXAM).unwrap();
        for name in ["issuer", "supervisor"] {
            assert_eq!(duka_as(path, &["identity", "new", "-o", &format!("{name}.id")]).code, 0);
        }
        for name in ["zhang", "li"] {
            assert_eq!(duka_as(path, &["key", "custodian", "new", "-o", &format!("{name}.id")]).code, 0);
        }
        let sign = [
            "manifest",
            "sign",
            "--issuer",
            "issuer.id",
            "--custodian",
            "zhang.id.pub",
            "--custodian",
            "li.id.pub",
        ];
        let more = ["--supervisor", "supervisor.id.pub", "-o", "exam.manifest"];
        let run = duka_as(path, &[&sign[..], &more].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        dir
    })
    .path()
}

/// A folder of its own with everything of the office.
fn at_the_office() -> TempDir {
    let dir = folder();
    for name in names(office()) {
        fs::copy(office().join(&name), dir.path().join(&name)).unwrap();
    }
    dir
}

fn identity(path: &Path) -> Identity {
    let passphrase = age::secrecy::SecretString::from(PASSPHRASE.to_owned());
    Identity::from_file(&fs::read(path).unwrap(), &passphrase).unwrap()
}

#[test]
fn people_are_made_a_key_is_sealed_and_inspected() {
    let dir = at_the_office();
    let path = dir.path();
    let zhang: identity::Person = fs::read_to_string(path.join("zhang.id.pub")).unwrap().parse().unwrap();
    assert_eq!((zhang.name(), zhang.sealing().is_some()), ("zhang", true));
    assert_eq!(*identity(&path.join("zhang.id")).person(), zhang);
    let run = duka(path, &["identity", "show", "zhang.id.pub"]);
    assert_eq!(run.out, format!("zhang: custodian (密钥保管人)\nfingerprint: {}\n", zhang.fingerprint()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(path.join("zhang.id")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(path.join("zhang.id")).unwrap();
    duka_as(path, &["key", "custodian", "new", "-o", "zhang.id"])
        .refuses("zhang.id is there already", "nothing was changed");
    assert_eq!(fs::read(path.join("zhang.id")).unwrap(), before);

    let example = duka(path, &["key", "example", "electrician-4", "B", "--revision", "2"]);
    assert!(AnswerKey::parse(&example.out, "key.toml").is_ok());
    fs::write(path.join("key.toml"), &example.out).unwrap();
    let mut seal = vec!["key", "seal", "key.toml", "--manifest", "exam.manifest", "--issuer", "issuer.id"];
    seal.extend(["--not-before", "2026-11-21T12:00:00+08:00", "-o", "B.sealed", "--json"]);
    duka_as(path, &seal).refuses("reason", "--reason");
    seal.extend(["--reason", "第17题两个答案均可"]);
    let run = duka_as(path, &seal);
    assert_eq!(run.code, 0, "{}", run.err);
    let sealed = SealedKey::open(&fs::read(path.join("B.sealed")).unwrap()).unwrap();
    let facts = run.json();
    assert_eq!(facts["fingerprint"], sealed.fingerprint().to_string());
    let said = &facts["sealed"];
    assert_eq!((&said["paper"], &said["form"]), (&"electrician-4".into(), &"B".into()));
    assert_eq!((&said["revision"], &said["threshold"]), (&2.into(), &2.into()));
    assert_eq!(said["not_before"], "2026-11-21T04:00:00Z");
    let manifest = ExamManifest::open(&fs::read(path.join("exam.manifest")).unwrap()).unwrap();
    sealed.belongs(&manifest).unwrap();
    duka_as(path, &seal).refuses("B.sealed is there already", "another file");

    let run = duka(path, &["key", "inspect", "B.sealed", "--manifest", "exam.manifest"]);
    assert_eq!(run.code, 0, "{}", run.err);
    for word in [
        "B.sealed: paper electrician-4, form B, revision 2",
        "corrected: 第17题两个答案均可",
        &format!("fingerprint: {}", sealed.fingerprint()),
        "released by any 2 of 2 custodians",
        &format!("zhang  ({})", zhang.fingerprint()),
        "it is of this exam",
    ] {
        assert!(run.out.contains(word), "no {word:?} in\n{}", run.out);
    }
    duka(path, &["key", "inspect", "key.toml"]).refuses("key.toml: not a sealed key", "right file");
}

#[test]
fn a_passphrase_is_never_an_argument_and_never_short() {
    let dir = folder();
    let path = dir.path();
    let new = ["identity", "new", "-o", "x.id"];
    let mut command = cargo_bin_cmd!("duka");
    command.current_dir(path).args(new).args(["--passphrase-fd", "0"]).write_stdin("short\n");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("fewer than 10") && !said.contains("short\n"),
        "{said}"
    );
    assert_eq!(names(path), [""; 0]);
    for verb in
        [&["identity", "new"][..], &["key", "seal"], &["key", "release"], &["grade"], &["manifest", "sign"]]
    {
        let help = duka(path, &[verb, &["--help"]].concat()).out;
        assert!(help.contains("--passphrase-fd <N>") && !help.contains("--passphrase "), "{help}");
    }
}

#[test]
fn what_a_refused_key_says_holds_no_answer_and_no_secret() {
    let dir = at_the_office();
    let path = dir.path();
    let key = duka(path, &["key", "example", "electrician-4", "A"]).out;
    let seal = |name: &str, issuer: &str| {
        let mut args = vec!["key", "seal", name, "--manifest", "exam.manifest", "--issuer", issuer];
        args.extend(["--not-before", "2026-11-21T12:00", "-o", "out.sealed"]);
        duka_as(path, &args)
    };
    // An impossible letter, text that is not TOML, text that is not UTF-8.
    let wrong = key.replace("BADCB CABDA", "BADCX CABDA");
    assert_ne!(wrong, key);
    let mut latin = wrong.clone().into_bytes();
    let end = latin.len() - 8;
    latin[end] = 0xff;
    let open = key.replace("\"\"\"\n\n", "\n\n");
    for (name, text) in [("wrong", wrong.into_bytes()), ("open", open.into_bytes()), ("latin", latin)] {
        let name = format!("{name}.toml");
        fs::write(path.join(&name), text).unwrap();
        let run = seal(&name, "issuer.id");
        run.refuses(&format!("{name}:"), "");
        for group in ["BADC", "CABD", "DCBAC", "BAD"] {
            assert!(!run.err.contains(group), "{name}: {}", run.err);
        }
    }
    fs::write(path.join("good.toml"), &key).unwrap();
    seal("good.toml", "supervisor.id").refuses("signed by supervisor, who is not the issuer", "");
    // A secret where a public line belongs.
    let sign =
        ["manifest", "sign", "--issuer", "issuer.id", "--custodian", "zhang.id", "--custodian", "li.id.pub"];
    let run = duka_as(path, &[&sign[..], &["--supervisor", "supervisor.id.pub", "-o", "m"]].concat());
    run.refuses("zhang.id: not a person's public line", ".pub");
    assert!(!run.err.contains("AGE"), "{}", run.err);
    let twice =
        ["manifest", "sign", "--issuer", "issuer.id", "--custodian", "li.id.pub", "--custodian", "li.id.pub"];
    let run = duka_as(path, &[&twice[..], &["--supervisor", "supervisor.id.pub", "-o", "m"]].concat());
    run.refuses("twice", "manifest sign");
    seal("gone.toml", "issuer.id").refuses("can't read gone.toml", "check the path");
    fs::write(path.join("other"), "x").unwrap();
    seal("good.toml", "other").refuses("other: not an identity file", "");
    assert!(!path.join("out.sealed").exists());
    let mut command = cargo_bin_cmd!("duka");
    let args = ["key", "seal", "good.toml", "--manifest", "exam.manifest", "--issuer", "issuer.id"];
    command.current_dir(path).args(args).args(["--not-before", "2026-11-21T12:00", "-o", "out.sealed"]);
    let output = command.args(["--passphrase-fd", "0"]).write_stdin("another passphrase").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("issuer.id: the passphrase does not open"), "{said}");
}

#[test]
fn made_up_cards_depend_on_their_arguments_alone() {
    let dir = folder();
    let path = dir.path();
    let make = |folder: &str, seed: &str| {
        let args = ["--json", "simulate", "theory-100", "-n", "3", folder, "--seed", seed];
        let run = duka(path, &args);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        run.json()
    };
    fs::create_dir(path.join("a")).unwrap();
    let report = make("a", "9");
    assert_eq!((&report["cards"], &report["truth"]), (&3.into(), &"a/truth.json".into()));
    make("b", "9");
    make("c", "10");
    let content = |folder: &str| -> Vec<(String, Vec<u8>)> {
        let folder = path.join(folder);
        names(&folder).into_iter().map(|n| (n.clone(), fs::read(folder.join(n)).unwrap())).collect()
    };
    assert!(content("a") == content("b"));
    assert!(content("a") != content("c"));

    let truth: Value = serde_json::from_slice(&fs::read(path.join("a/truth.json")).unwrap()).unwrap();
    let truth = truth.as_object().unwrap();
    assert_eq!(truth.len(), 3);
    for (name, card) in truth {
        assert!(path.join("a").join(name).is_file());
        let keys: Vec<&str> = card.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["careless", "fields", "items", "layout"]);
        let ticket = card["fields"]["ticket"].as_str().unwrap();
        assert!(ticket.len() == 12 && ticket.bytes().all(|b| b.is_ascii_digit()), "{ticket}");
        assert_eq!(card["careless"], serde_json::json!({}));
    }
    duka(path, &["simulate", "theory-100", "-n", "1", "a"]).refuses("a is not empty", "nothing was changed");
    duka(path, &["simulate", "theory", "-n", "1", "new"]).refuses("no layout", "layout list");
    assert_eq!(names(path), ["a", "b", "c"]);
    for wrong in [["-n", "0", "--careless", "0"], ["-n", "1", "--careless", "1.5"], ["-n", "1", "--dpi", "9"]]
    {
        let mut args = vec!["simulate", "theory-100", "new"];
        args.extend(wrong);
        assert_eq!(duka(path, &args).code, 2, "{wrong:?}");
    }
}
