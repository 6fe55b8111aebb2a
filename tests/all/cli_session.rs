//! The session's verbs: bad inputs end with a clear word and change nothing; `--json` is JSON.

use crate::common::{CANDIDATES, Desk, Filled, card, ticket};
use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn duka() -> Command {
    Command::cargo_bin("duka").unwrap()
}

/// Everything in the record: each table but the view, which follows from the others and may be kept at any time, and everything else
/// that the file has.
fn record(db: &Path) -> rusqlite::Result<Vec<u8>> {
    let db = rusqlite::Connection::open_with_flags(db, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name";
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'derived_%' ORDER BY name";
    let rows_of = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = db.prepare(sql)?;
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            (0..columns).map(|c| Ok(format!("{:?}", row.get::<_, rusqlite::types::Value>(c)?))).collect()
        };
        let rows: Vec<Vec<String>> = statement.query_map([], row)?.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().map(|row| row.join("\u{1f}")).collect())
    };
    let mut out = rows_of(schema)?;
    out.extend(rows_of("SELECT * FROM pragma_user_version")?);
    let tables: Vec<String> =
        db.prepare(tables)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        out.push(table.clone());
        out.extend(rows_of(&format!("SELECT * FROM {table}"))?);
    }
    Ok(out.join("\n").into_bytes())
}

/// Every file below `folder` with its bytes, but for what SQLite keeps beside a store while it is open; of a store what it
/// records.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            out.extend(snapshot(&path));
            // An empty folder that appears is something half-written, too.
            out.insert(path, Vec::new());
        } else if name != "duka.db-wal" && name != "duka.db-shm" {
            let recorded = if name == "duka.db" { record(&path).ok() } else { None };
            let bytes = recorded.unwrap_or_else(|| std::fs::read(&path).unwrap());
            out.insert(path, bytes);
        }
    }
    out
}

/// Runs a verb that must fail with all of `words` in its message, a hint, and no trace in the folder.
fn refuse(desk: &Desk, args: &[&str], words: &[&str]) -> String {
    let before = snapshot(&desk.folder());
    let done = duka()
        .arg("--session")
        .arg(desk.folder())
        .args(args)
        .write_stdin(crate::common::people::PASSPHRASE)
        .assert()
        .code(2);
    let output = done.get_output();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(said.starts_with("error: "), "{said}");
    let hint = said.lines().last().unwrap();
    assert!(hint.starts_with("hint: ") && hint.len() > 12, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    let after = snapshot(&desk.folder());
    let (names, were): (Vec<_>, Vec<_>) = (after.keys().collect(), before.keys().collect());
    assert_eq!(names, were, "{said}");
    assert!(after == before, "a file has changed: {said}");
    said
}

fn everybody() -> Vec<Filled> {
    (1..=CANDIDATES).map(|n| card(n, 70)).collect()
}

#[test]
fn a_missing_or_broken_exam() {
    let desk = Desk::new();
    desk.write("exam.toml", crate::common::EXAM.replace("level = \"四级\"", "level = \"九级\""));
    refuse(&desk, &["status"], &["exam.toml:16: ", "level", "九级"]);
    desk.write("exam.toml", crate::common::EXAM.replace("rooms = [", "rooms = "));
    refuse(&desk, &["status"], &["exam.toml:5: "]);
    desk.write("exam.toml", crate::common::EXAM.replace("date = ", "day = "));
    refuse(&desk, &["status"], &["exam.toml:4: ", "day"]);
    desk.write("exam.toml", [0xff, 0xfe, b'x']);
    refuse(&desk, &["status"], &["exam.toml", "UTF-8"]);
    desk.write("exam.toml", crate::common::EXAM.replace("theory-100", "theory-999"));
    refuse(&desk, &["status"], &["theory-999", "layouts", "duka layout list"]);
    std::fs::remove_file(desk.path("exam.toml")).unwrap();
    for verb in ["status", "exceptions", "freeze", "merge", "publish", "verify"] {
        refuse(&desk, &[verb], &["not the folder of an exam session", "exam.toml", "duka new"]);
    }
    assert!(!desk.path("duka.db").exists());
}

#[test]
fn a_broken_layout_of_the_sessions_own() {
    let desk = Desk::new();
    let shipped = duka::layout::shipped_text("theory-100").unwrap();
    let broken = shipped.replacen("pitch", "ptich", 1);
    assert_ne!(broken, shipped);
    desk.write("layouts/theory-100.toml", &broken);
    let at = 1 + broken.lines().position(|l| l.contains("ptich")).unwrap();
    refuse(&desk, &["status"], &[&format!("layouts/theory-100.toml:{at}"), "ptich"]);
    assert!(!desk.path("duka.db").exists());
}

#[test]
fn a_roster_with_a_wrong_check_digit_names_sheet_row_and_column() {
    let desk = Desk::new();
    duka().arg("--session").arg(desk.folder()).arg("status").assert().code(0);
    let mut roster = crate::common::roster();
    let third = roster.candidates.get_mut(&ticket(3)).unwrap();
    let right = third.id_number.clone();
    let last = if right.ends_with('1') { '2' } else { '1' };
    third.id_number = format!("{}{last}", &right[..17]);
    let wrong = third.id_number.clone();
    desk.write("wrong.xlsx", roster.to_xlsx().unwrap());
    let path = desk.path("wrong.xlsx").display().to_string();
    let said =
        refuse(&desk, &["roster", "import", &path], &["sheet 鉴定名册", "row 4", "column", "证件号码"]);
    assert!(!said.contains(&wrong), "the number itself is private: {said}");
    desk.write("empty.csv", "");
    let path = desk.path("empty.csv").display().to_string();
    refuse(&desk, &["roster", "import", &path], &["empty.csv"]);
    let path = desk.path("none.xlsx").display().to_string();
    refuse(&desk, &["roster", "import", &path], &["none.xlsx", "check the path"]);
}

#[test]
fn keys_that_do_not_open_and_folders_that_do_not_take_papers() {
    let desk = Desk::with(&everybody(), &[]);
    desk.open().freeze().unwrap();
    let supervisor = desk.secret("supervisor", &desk.people.supervisor);
    let request = desk.path("request").display().to_string();
    let ask = ["grade", "--request", &request, "--sign", &supervisor, "--passphrase-fd", "0"];
    let good = desk.read("keys/electrician-4-B.sealed");
    desk.write("keys/electrician-4-B.sealed", crate::common::key_text("electrician-4", "B", 1));
    let said = refuse(&desk, &ask, &["keys/electrician-4-B.sealed", "not a sealed key", "right file"]);
    assert!(!said.contains("AAAA"));
    desk.write("keys/electrician-4-B.sealed", "-----BEGIN AGE ENCRYPTED FILE-----\n");
    refuse(&desk, &ask, &["keys/electrician-4-B.sealed", "old kind", "one custodian", "duka key seal"]);
    desk.write("keys/electrician-4-B.sealed", good);
    let stranger = duka::identity::Identity::generate("外人").unwrap();
    let path = desk.secret("stranger", &stranger);
    let asked = ["grade", "--request", &request, "--sign", &path, "--passphrase-fd", "0"];
    refuse(&desk, &asked, &["signed by 外人", "not a supervisor"]);
    let roster = desk.path("roster.xlsx").display().to_string();
    let asked = ["grade", "--request", &request, "--sign", &roster, "--passphrase-fd", "0"];
    refuse(&desk, &asked, &["roster.xlsx", "not an identity file"]);
    refuse(&desk, &["grade", "--release", "no-such.release"], &["no-such.release"]);
    refuse(&desk, &["grade", "--release", &roster], &["roster.xlsx", "not a key release"]);

    let file = desk.write("paper", "a file where the folder should be");
    let file = file.display().to_string();
    refuse(&desk, &["publish", "-o", &file], &[&file, "folder"]);
    let below = format!("{file}/deeper");
    refuse(&desk, &["publish", "-o", &below], &[&below, "folder"]);
    refuse(&desk, &["exceptions", "--export", &file], &["paper", "folder"]);
}

#[test]
fn scans_scores_and_decisions_that_are_not_there_or_do_not_fit() {
    let desk = Desk::with(&[Filled { form: "B".into(), ..card(1, 70) }], &[2, 3, 4, 5, 6]);
    std::fs::create_dir(desk.path("empty")).unwrap();
    let empty = desk.path("empty").display().to_string();
    refuse(&desk, &["scan", &empty], &["no image file", "empty", ".tif"]);
    refuse(&desk, &["scan", "no-such-folder"], &["no-such-folder"]);
    let scores = crate::common::practical_csv(&[(1, "70"), (2, "71")]);
    let scores = String::from_utf8(scores).unwrap().replace(ticket(2).as_str(), "261410409999");
    let path = desk.write("practical.csv", scores).display().to_string();
    refuse(&desk, &["practical", "import", &path], &["practical.csv", "row 3", "准考证号", "261410409999"]);
    let path =
        desk.write("scores.csv", "准考证号,姓名,实操成绩\n261410400001,张甲,170\n").display().to_string();
    refuse(&desk, &["practical", "import", &path], &["scores.csv", "row 2", "实操成绩", "170"]);
    let path = desk.write("rooms-2.csv", "考场,准考证号,状态\n101,261410400001,睡觉\n").display().to_string();
    refuse(&desk, &["room", "import", &path], &["rooms-2.csv", "row 2", "状态", "睡觉"]);
    refuse(&desk, &["freeze"], &["1 exceptions are open", "duka exceptions"]);
    let supervisor = desk.secret("supervisor", &desk.people.supervisor);
    let request = desk.path("request").display().to_string();
    let ask = ["grade", "--request", &request, "--sign", &supervisor, "--passphrase-fd", "0"];
    refuse(&desk, &ask, &["not frozen", "duka freeze"]);

    let sheet = duka::sheet::Sha256::of(&desk.read("scans/01.jpg"));
    let heading = "id,sheet,ticket,field,item,decision,reviewer,reason";
    for (row, words) in [
        (format!("E1,{sheet}:1,,form,,=X,王,"), &["decided.csv, row 2", "form", "X"][..]),
        (format!("E1,{sheet}:1,,form,,=A,,"), &["decided.csv", "row 2", "reviewer"]),
        (format!("E1,{sheet}:2,,form,,=A,王,"), &["decided.csv, row 2", "not in this session"]),
        (format!("E1,{sheet}:1,,items,101,=A,王,"), &["decided.csv, row 2", "101"]),
        ("E1,,261410409999,,,accept,王,".to_owned(), &["decided.csv, row 2", "261410409999"]),
    ] {
        let path = desk.write("decided.csv", format!("{heading}\n{row}\n")).display().to_string();
        refuse(&desk, &["resolve", &path], words);
    }
    let path = desk.write("decided.csv", "id,sheet\n1,2\n").display().to_string();
    refuse(&desk, &["resolve", &path], &["decided.csv", "decision"]);
}

#[test]
fn folders_that_are_in_use_are_left_alone() {
    let desk = Desk::new();
    let folder = desk.folder().display().to_string();
    refuse(&desk, &["demo", &folder], &[&folder, "not empty"]);
    refuse(&desk, &["new", &folder], &["exam.toml", "there already"]);
    let file = desk.path("exam.toml").display().to_string();
    refuse(&desk, &["demo", &file], &[&file]);
    refuse(&desk, &["new", &file], &[&file]);
}

#[test]
fn a_store_that_another_program_holds() {
    let desk = Desk::with(&[card(1, 70)], &[]);
    desk.write("scans/2.jpg", card(2, 70).scan());
    let mut db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    let held = db.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).unwrap();
    let scans = desk.path("scans").display().to_string();
    refuse(&desk, &["scan", &scans], &["duka.db", "locked by another program", "wait"]);
    // Looking goes on meanwhile.
    duka().arg("--session").arg(desk.folder()).arg("status").assert().code(1);
    drop(held);
    duka().arg("--session").arg(desk.folder()).args(["scan", &scans]).assert().code(1);
    assert_eq!(desk.open().status().unwrap().counts.fed, 2);
}

#[test]
fn a_store_that_is_none_or_is_cut_off() {
    let desk = Desk::with(&[card(1, 70)], &[]);
    // Nobody has it open: all of it is in one file.
    assert!(!desk.path("duka.db-wal").exists());
    let whole = desk.read("duka.db");
    let verbs: [&[&str]; 3] = [&["status"], &["verify"], &["exceptions"]];
    for verb in verbs {
        desk.write(
            "duka.db",
            "not a store at all, but long enough to be looked at as if it were one\n".repeat(99),
        );
        refuse(&desk, verb, &["duka.db", "not a duka store"]);
        desk.write("duka.db", "");
        refuse(&desk, verb, &["duka.db", "not a duka store", "empty file"]);
        desk.write("duka.db", &whole[..whole.len() / 3]);
        refuse(&desk, verb, &["duka.db", "damaged", "backup"]);
    }
    std::fs::remove_file(desk.path("duka.db")).unwrap();
    let other = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(other);
    refuse(&desk, &["status"], &["duka.db", "not a duka store"]);
    desk.write("duka.db", whole);
    duka().arg("--session").arg(desk.folder()).arg("verify").assert().code(0);
}

/// Runs a verb with `--json` and gives what it says.
fn json(folder: &Path, code: i32, args: &[&str]) -> Value {
    let mut run = duka();
    run.arg("--session").arg(folder).arg("--json").args(args).write_stdin(crate::common::people::PASSPHRASE);
    let done = run.assert().code(code);
    serde_json::from_slice(&done.get_output().stdout).unwrap()
}

#[test]
fn every_verb_of_a_session_says_json() {
    let desk = Desk::new();
    let folder = desk.folder();
    let path = |name: &str| desk.path(name).display().to_string();
    let fresh = path("fresh");
    assert_eq!(json(&folder, 0, &["new", &fresh])["exam"], format!("{fresh}/exam.toml"));

    let bound = json(&folder, 0, &["manifest", "bind", &path("exam.manifest")]);
    assert_eq!(bound["exam"], desk.manifest.exam().to_string());
    let shown = json(&folder, 0, &["manifest", "show", &path("exam.manifest")]);
    assert_eq!(shown, bound);
    let imported = json(&folder, 0, &["roster", "import", &path("roster.xlsx")]);
    assert_eq!((&imported["rows"], &imported["changed"]), (&Value::from(6), &Value::from(true)));
    let imported = json(&folder, 0, &["roster", "import", &path("roster.xlsx")]);
    assert_eq!(imported["changed"], false);
    for n in 1..=CANDIDATES {
        let filled = if n == 6 { Filled { form: "A".into(), ..card(6, 70) } } else { card(n, 70) };
        desk.write(&format!("scans/{n}.jpg"), filled.scan());
    }
    let scanned = json(&folder, 1, &["scan", &path("scans"), "--threads", "2"]);
    assert_eq!((&scanned["pages"], &scanned["read"]), (&Value::from(6), &Value::from(6)));
    assert_eq!(scanned["open_exceptions"], 1);
    desk.write(
        "rooms.csv",
        duka::exam::rooms::to_csv(&crate::common::room_records(&[]), &crate::common::roster()),
    );
    assert_eq!(json(&folder, 0, &["room", "import", &path("rooms.csv")])["rows"], 2);
    let scores =
        crate::common::practical_csv(&[(1, "70"), (2, "50"), (3, "60"), (4, "90"), (5, "80"), (6, "75")]);
    desk.write("practical.csv", scores);
    assert_eq!(json(&folder, 0, &["practical", "import", &path("practical.csv")])["rows"], 6);

    let status = json(&folder, 1, &["status"]);
    assert_eq!(status["pages"], serde_json::json!({ "fed": 6, "read": 6, "set_aside": 0 }));
    assert_eq!(status["open_exceptions"], serde_json::json!({ "form-mismatch": 1 }));
    assert_eq!(status["rooms"][1]["balances"], true);
    let open = json(&folder, 1, &["exceptions"]);
    assert_eq!((&open[0]["kind"], &open[0]["source"]), (&"form-mismatch".into(), &"scans/6.jpg".into()));
    let exported = json(&folder, 1, &["exceptions", "--export", &path("review")]);
    assert_eq!((&exported["exceptions"], &exported["crops"]), (&Value::from(1), &Value::from(1)));
    let list = String::from_utf8(desk.read("review/exceptions.csv")).unwrap();
    desk.write("decided.csv", list.replacen(",,,\r\n", ",=B,,\r\n", 1));
    let resolved = json(&folder, 0, &["resolve", &path("decided.csv"), "--reviewer", "王复核"]);
    assert_eq!((&resolved["decisions"], &resolved["open_exceptions"]), (&Value::from(1), &Value::from(0)));

    assert_eq!(json(&folder, 1, &["merge"])["draft"], true);
    let frozen = json(&folder, 0, &["freeze"]);
    let supervisor = desk.secret("supervisor", &desk.people.supervisor);
    let request = path("request");
    let ask = ["grade", "--request", &request, "--sign", &supervisor, "--passphrase-fd", "0"];
    let asked = json(&folder, 0, &ask);
    assert_eq!((&asked["facts"]["expected"], &asked["facts"]["read"]), (&Value::from(6), &Value::from(6)));
    assert_eq!(asked["facts"]["freeze"], frozen["frozen"]);
    for n in [0, 2] {
        let identity = desk.secret("custodian", &desk.people.custodians[n]);
        let output = path(&format!("release-{n}"));
        let (a, b) = (path("keys/electrician-4-A.sealed"), path("keys/electrician-4-B.sealed"));
        let mut release = vec!["key", "release", &request, "--key", &a, "--key", &b, "--identity", &identity];
        release.extend(["-o", &output, "--yes", "--passphrase-fd", "0"]);
        let released = json(&folder, 0, &release);
        assert_eq!(released["request"], asked["request"]);
    }
    let graded =
        json(&folder, 0, &["grade", "--release", &path("release-0"), "--release", &path("release-2")]);
    assert_eq!(graded["freeze"], frozen["frozen"]);
    assert_eq!(graded["papers"][0]["sheets"], 5);
    let merged = json(&folder, 0, &["merge"]);
    assert_eq!((&merged["draft"], merged["transcripts"].as_array().unwrap().len()), (&false.into(), 6));
    let published = json(&folder, 0, &["publish"]);
    assert_eq!(published["files"].as_array().unwrap().len(), 6);
    for file in published["files"].as_array().unwrap() {
        assert!(Path::new(file.as_str().unwrap()).is_file());
    }
    let verified = json(&folder, 0, &["verify"]);
    assert!(verified["entries"].as_u64().unwrap() >= 10 && verified["head"].as_str().unwrap().len() == 64);
    assert_eq!(json(&folder, 0, &["status"])["graded"], 6);
    let demo = json(&folder, 0, &["demo", &path("demo"), "--candidates", "4"]);
    assert_eq!((&demo["draft"], &demo["candidates"]), (&false.into(), &4.into()));
}
