//! What a session promises, from scans to published results.

use crate::common::{CANDIDATES, Desk, Filled, card, practical_csv, rows_of, scan, ticket, workbook};
use duka::key::{CustodyError, KeyError};
use duka::session::{Session, SessionError};
use duka::sheet::Sha256;
use duka::store::{Counts, Store, StoreError};
use std::collections::BTreeMap;

/// Everybody's card with these many right items.
fn everybody(right: u16) -> Vec<Filled> {
    (1..=CANDIDATES).map(|n| card(n, right)).collect()
}

fn kinds(session: &Session) -> BTreeMap<String, usize> {
    // Asked of everything as well, and compared; there is a view to compare with.
    let head = session.verify().unwrap();
    let store = Store::open(&session.folder().join("duka.db")).unwrap();
    assert_eq!(store.derived_state().unwrap().expect("a view is kept").entry, head.sequence);
    let open = session.status().unwrap().open;
    assert_eq!(store.derived_open().unwrap(), open);
    open
}

#[test]
fn scanning_the_same_folder_again_adds_nothing_and_loses_nothing() {
    let desk = Desk::with(&everybody(70), &[]);
    desk.write("scans/notes.jpg", b"not a picture");
    let mut session = desk.open();
    let first = scan(&mut session, &desk.path("scans")).summary;
    assert_eq!((first.files, first.pages, first.read, first.set_aside, first.known), (7, 7, 0, 1, 6));
    let (export, head) = (session.canonical_export().unwrap(), session.verify().unwrap());
    let second = scan(&mut session, &desk.path("scans")).summary;
    assert_eq!((second.pages, second.read, second.set_aside, second.known), (7, 0, 0, 7));
    assert_eq!(session.canonical_export().unwrap(), export);
    assert_eq!(session.verify().unwrap(), head, "not even the journal grows");
    assert_eq!(session.status().unwrap().counts, Counts { fed: 7, read: 6, set_aside: 1 });
}

#[test]
fn the_record_does_not_depend_on_the_number_of_threads() {
    let cards = everybody(70);
    let export = |threads: usize| {
        let desk = Desk::new();
        for (n, card) in (1..).zip(&cards) {
            desk.write(&format!("scans/{n}.jpg"), card.scan());
        }
        desk.write("scans/broken.jpg", &cards[0].scan()[..5000]);
        let mut session = desk.open();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| scan(&mut session, &desk.path("scans")));
        assert_eq!(session.status().unwrap().counts, Counts { fed: 7, read: 6, set_aside: 1 });
        session.canonical_export().unwrap()
    };
    let one = export(1);
    assert_eq!(one.lines().count(), 8, "a heading and seven pages");
    assert_eq!(one, export(2));
}

#[test]
fn a_copy_under_another_name_is_one_sheet_with_two_names() {
    let desk = Desk::with(&[card(1, 70)], &[]);
    let bytes = desk.read("scans/01.jpg");
    desk.write("scans/copy of 01.jpg", &bytes);
    let mut session = desk.open();
    let summary = scan(&mut session, &desk.path("scans")).summary;
    assert_eq!((summary.pages, summary.read, summary.known), (2, 0, 2));
    assert_eq!(session.status().unwrap().counts, Counts { fed: 1, read: 1, set_aside: 0 });
    assert!(!kinds(&session).contains_key("ticket-duplicate"));
    let store = Store::open(&desk.path("duka.db")).unwrap();
    assert_eq!(store.paths(&Sha256::of(&bytes)).unwrap(), ["scans/01.jpg", "scans/copy of 01.jpg"]);
}

#[test]
fn a_truncated_file_is_set_aside_and_the_others_are_read() {
    let desk = Desk::new();
    for n in [1, 2] {
        desk.write(&format!("scans/{n}.jpg"), card(n, 70).scan());
    }
    let whole = card(3, 70).scan();
    desk.write("scans/0-cut.jpg", &whole[..whole.len() / 3]);
    let mut session = desk.open();
    session.import_roster(&[desk.path("roster.xlsx")]).unwrap();
    let done = scan(&mut session, &desk.path("scans"));
    let s = &done.summary;
    assert_eq!((s.pages, s.read, s.set_aside), (3, 2, 1));
    assert_eq!(s.pages, s.read + s.set_aside + s.known);
    assert_eq!(s.causes, BTreeMap::from([("not-decoded", 1)]));
    assert_eq!(kinds(&session), BTreeMap::from([("not-decoded".to_owned(), 1)]));
    let open = session.open_exceptions().unwrap();
    assert_eq!(open[0].source, "scans/0-cut.jpg");
}

#[test]
fn a_view_that_is_not_what_the_record_comes_to_is_found_and_made_anew() {
    let desk = Desk::with(&everybody(70), &[]);
    desk.write("scans/0-cut.jpg", b"\xff\xd8\xff nothing");
    let mut session = desk.open();
    scan(&mut session, &desk.path("scans"));
    let before = kinds(&session);
    let db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    assert_eq!(db.execute("DELETE FROM derived_open", []).unwrap(), 1);
    let found = session.verify().unwrap_err();
    assert!(matches!(found, SessionError::ViewBroken), "{found}");
    assert_eq!(kinds(&session), before);
    for change in ["UPDATE derived_rooms SET balance = '{'", "UPDATE derived_sheets SET facts = '{'"] {
        assert!(db.execute(change, []).unwrap() > 0);
        assert_eq!(kinds(&session), before, "{change}");
    }
}

#[test]
fn a_page_set_aside_is_read_once_its_layout_is_there() {
    let desk = Desk::new();
    let wrong = crate::common::EXAM.replace("theory-100", "card-16k");
    desk.write("exam.toml", wrong);
    desk.write("scans/1.jpg", card(1, 70).scan());
    let mut session = desk.open();
    let first = scan(&mut session, &desk.path("scans")).summary;
    assert_eq!((first.read, first.set_aside), (0, 1));
    desk.write("exam.toml", crate::common::EXAM);
    let mut session = desk.open();
    let second = scan(&mut session, &desk.path("scans")).summary;
    assert_eq!((second.read, second.set_aside, second.known), (1, 0, 0));
    assert_eq!(session.status().unwrap().counts, Counts { fed: 1, read: 1, set_aside: 0 });
}

/// The exported list with decisions by file and kind, in GBK as Excel saves it on a Chinese Windows.
fn decided(desk: &Desk, session: &Session, decisions: &[(&str, &str, &str)]) -> std::path::PathBuf {
    let exported = session.export_exceptions(&desk.path("review")).unwrap();
    let mut rows = rows_of(&std::fs::read(exported.list).unwrap());
    let at = |name: &str| rows[0].iter().position(|h| h == name).unwrap();
    let (kind, source, holder) = (at("kind"), at("source"), at("ticket"));
    let (decision, reviewer, reason) = (at("decision"), at("reviewer"), at("reason"));
    for row in rows.iter_mut().skip(1) {
        let found = decisions.iter().find(|(wanted, of, _)| {
            row[kind] == *wanted && (row[source] == *of || row[holder].trim_start_matches('\'') == *of)
        });
        if let Some((_, _, text)) = found {
            (*text).clone_into(&mut row[decision]);
            "王复核".clone_into(&mut row[reviewer]);
            "按卡面姓名核对".clone_into(&mut row[reason]);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        writer.write_record(row).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    let (bytes, _, lossy) = encoding_rs::GBK.encode(&text);
    assert!(!lossy);
    desk.write("decided.csv", bytes)
}

#[test]
fn what_is_held_is_settled_by_decisions_and_by_nothing_else() {
    let cards = [
        card(1, 70),
        Filled { ticket: "149999990002".into(), ..card(2, 70) },
        card(3, 70),
        Filled { ticket: ticket(3).to_string(), ..card(4, 60) },
        Filled { form: "A".into(), ..card(6, 70) },
    ];
    let desk = Desk::with(&cards, &[]);
    let mut session = desk.open();
    let want = [("ticket-unknown", 1), ("ticket-duplicate", 2), ("sheet-missing", 3), ("form-mismatch", 1)];
    assert_eq!(kinds(&session), BTreeMap::from(want.map(|(kind, count)| (kind.to_owned(), count))));
    let refused = session.freeze().unwrap_err();
    assert!(matches!(refused, SessionError::NotReady { exceptions: 7, rooms: 0 }), "{refused}");

    let (two, four, five) = (ticket(2).to_string(), ticket(4).to_string(), ticket(5).to_string());
    let list = decided(
        &desk,
        &session,
        &[
            ("ticket-unknown", "scans/02.jpg", &two),
            ("ticket-duplicate", "scans/04.jpg", &format!("={four}")),
            ("sheet-missing", &five, "accept"),
            ("form-mismatch", "scans/05.jpg", "=B"),
        ],
    );
    let done = session.resolve(&list, None).unwrap();
    assert_eq!((done.decisions, done.open), (4, 0));
    // The list may come in twice.
    assert_eq!(session.resolve(&list, None).unwrap().decisions, 0);

    session.freeze().unwrap();
    let graded = desk.grade(&mut session).unwrap();
    let sheets: Vec<_> = graded.papers.iter().map(|p| (p.form.to_string(), p.sheets)).collect();
    assert_eq!(sheets, [("A".into(), 4), ("B".into(), 1)]);
    // Number 5 was present and has no sheet: the room does not balance, and the papers are drafts.
    let (paths, results) = desk.publish(&mut session, None).unwrap();
    assert!(results.is_draft());
    assert_eq!(paths.len(), 6);
    let rows = workbook(&desk.read("out/成绩单.xlsx"));
    assert!(rows.iter().flatten().any(|cell| cell.contains("草稿")), "{rows:?}");
}

#[test]
fn a_decision_that_does_not_fit_takes_none_of_the_list() {
    let cards =
        [Filled { ticket: "149999990002".into(), ..card(2, 70) }, Filled { form: "A".into(), ..card(6, 70) }];
    let desk = Desk::with(&cards, &[1, 3, 4, 5]);
    let mut session = desk.open();
    let before = session.verify().unwrap();
    let list = decided(
        &desk,
        &session,
        &[("ticket-unknown", "scans/01.jpg", "=26141040"), ("form-mismatch", "scans/02.jpg", "=B")],
    );
    let refused = session.resolve(&list, None).unwrap_err();
    assert!(matches!(refused, SessionError::Decision { .. }), "{refused}");
    assert!(refused.to_string().contains("decided.csv, row "), "{refused}");
    assert_eq!(session.verify().unwrap(), before);
}

#[test]
fn a_room_without_a_record_refuses_the_freeze() {
    let desk = Desk::new();
    for n in 1..=CANDIDATES {
        desk.write(&format!("scans/{n}.jpg"), card(n, 70).scan());
    }
    let mut session = desk.open();
    assert!(matches!(session.freeze().unwrap_err(), SessionError::NoRoster));
    session.import_roster(&[desk.path("roster.xlsx")]).unwrap();
    scan(&mut session, &desk.path("scans"));
    let only = &crate::common::room_records(&[])[..1];
    let path = desk.write("rooms.csv", duka::exam::rooms::to_csv(only, &crate::common::roster()));
    session.import_rooms(&[path]).unwrap();
    let refused = session.freeze().unwrap_err();
    assert!(matches!(refused, SessionError::NotReady { exceptions: 0, rooms: 1 }), "{refused}");
    assert!(session.merge().unwrap().is_draft());
}

#[test]
fn a_frozen_record_is_graded_the_same_each_time_and_takes_nothing_in() {
    let desk = Desk::with(&everybody(70), &[]);
    let mut session = desk.open();
    assert!(matches!(desk.grade(&mut session).unwrap_err(), SessionError::NotFrozen));
    let freeze = session.freeze().unwrap();

    let graded = desk.grade(&mut session).unwrap();
    assert_eq!(graded.freeze, freeze.hash);
    let (export, head) = (session.canonical_export().unwrap(), session.verify().unwrap());
    assert_eq!(desk.grade(&mut session).unwrap(), graded);
    assert_eq!(session.canonical_export().unwrap(), export);
    // The request and the opening, and no second grading.
    assert_eq!(session.verify().unwrap().sequence, head.sequence + 2);

    let frozen = |result: Result<(), SessionError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, SessionError::Store(StoreError::Frozen)), "{error}");
        assert!(error.hint().is_some());
    };
    desk.write("scans/late.jpg", card(1, 90).scan());
    frozen(session.scan(&[desk.path("scans")], &mut |_| {}).map(drop));
    frozen(session.import_roster(&[desk.path("roster.xlsx")]).map(drop));
    frozen(desk.import_rooms(&mut session, &[1]));
    frozen(session.freeze().map(drop));
    let list = format!(
        "id,sheet,ticket,field,item,decision,reviewer,reason\nE0001,{}:1,,items,3,=B,王,\n",
        Sha256::of(&desk.read("scans/01.jpg"))
    );
    let list = desk.write("late.csv", list);
    frozen(session.resolve(&list, None).map(drop));
    // Practical scores come when they come.
    desk.import_practical(&mut session, &[(1, "70")]);
    assert_eq!(session.canonical_export().unwrap(), export);

    // Another key under the same revision is no correction.
    let other = crate::common::key_text("electrician-4", "A", 1).replacen("AAAA", "BBBB", 1);
    desk.seal("electrician-4-A.sealed", &other);
    let refused = desk.grade(&mut session).unwrap_err();
    assert!(matches!(refused, SessionError::SameRevision { revision: 1, .. }), "{refused}");
    assert_eq!(session.canonical_export().unwrap(), export);
    drop(session);

    let changed = crate::common::EXAM.replace("2026-11-21", "2026-11-22");
    desk.write("exam.toml", changed);
    let refused = Session::open(&desk.folder(), crate::common::clock).err().unwrap();
    assert!(matches!(refused, SessionError::ChangedAfterFreeze { .. }), "{refused}");
    desk.write("exam.toml", crate::common::EXAM);
    desk.open();
    let layout = String::from_utf8(duka::layout::shipped_text("theory-100").unwrap().into()).unwrap();
    desk.write("layouts/theory-100.toml", format!("{layout}\n# another text\n"));
    let refused = Session::open(&desk.folder(), crate::common::clock).err().unwrap();
    assert!(matches!(refused, SessionError::ChangedAfterFreeze { .. }), "{refused}");
}

#[test]
fn a_key_that_can_not_be_opened_or_does_not_fit_grades_nothing() {
    let desk = Desk::with(&everybody(70), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    let head = session.verify().unwrap();
    let file = "keys/electrician-4-B.sealed";
    let good = desk.read(file);
    let mut refuse = |what: &str| {
        let error = desk.request(&mut session).unwrap_err();
        assert!(error.hint().is_some(), "{what}: {error}");
        assert!(!error.to_string().contains("AAAA"), "{what}: {error}");
        assert_eq!(session.verify().unwrap(), head, "{what}");
        error
    };
    // Form B's key is damaged, is no key, is of the old kind, is not there, is of another revision.
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    desk.write(file, &damaged);
    let error = refuse("damaged");
    assert!(
        matches!(&error, SessionError::Custody { path: Some(p), .. } if *p == desk.path(file)),
        "{error}"
    );
    desk.write(file, crate::common::key_text("electrician-4", "B", 1));
    assert!(matches!(refuse("not sealed"), SessionError::Custody { .. }));
    desk.write(file, "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n");
    let error = refuse("old");
    assert!(matches!(error, SessionError::Custody { source: CustodyError::OldSeal, .. }), "{error}");
    std::fs::remove_file(desk.path(file)).unwrap();
    for revision in [0, 2] {
        if revision > 0 {
            desk.seal("electrician-4-B.sealed", &crate::common::key_text("electrician-4", "B", revision));
        }
        let error = refuse("missing");
        let said = error.to_string();
        assert!(matches!(error, SessionError::NoKey { revision: 1, .. }), "{said}");
        assert!(said.contains("electrician-4, form B, revision 1"), "{said}");
    }
    // A key with other options than the card's: opened, and nothing is graded.
    let odd = crate::common::key_text("electrician-4", "B", 1).replacen(
        "kind = \"single\"\n",
        "kind = \"single\"\noptions = \"ABCDE\"\n",
        1,
    );
    desk.seal("electrician-4-B.sealed", &odd);
    let error = desk.grade(&mut session).unwrap_err();
    let wrong = |e: &SessionError| {
        matches!(e, SessionError::Custody { source: CustodyError::Key(KeyError::Options { .. }), .. })
    };
    assert!(wrong(&error), "{error}");
    assert_eq!(session.status().unwrap().graded, 0);

    desk.write(file, good);
    assert_eq!(desk.grade(&mut session).unwrap().papers.len(), 2);
}

#[test]
fn a_practical_score_of_a_stranger_is_refused_with_its_row() {
    let desk = Desk::with(&[], &[1, 2, 3, 4, 5, 6]);
    let mut session = desk.open();
    let good = String::from_utf8(practical_csv(&[(1, "70"), (2, "71")])).unwrap();
    let path = desk.write("practical.csv", good.replace(ticket(2).as_str(), "261410409999"));
    let error = session.import_practical(&[path]).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, SessionError::Practical(_)), "{said}");
    assert!(
        said.contains("practical.csv") && said.contains("row 3") && said.contains("261410409999"),
        "{said}"
    );
    assert!(error.hint().unwrap().contains("nothing was imported"));
    assert_eq!(session.status().unwrap().practical, 0);
}

#[test]
fn each_part_must_reach_the_pass_line_and_absence_is_no_score() {
    let cards = [
        card(1, 55),
        // 0.9 + 59 items: 59.9 points.
        card(2, 60),
        card(3, 80),
        card(5, 100),
        // 60.9 - 0.9: exactly 60.
        Filled { wrong: vec![1], ..card(6, 61) },
    ];
    let desk = Desk::with(&cards, &[4]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    // Without practical scores nothing is final.
    assert!(session.merge().unwrap().is_draft());
    desk.import_practical(
        &mut session,
        &[(1, "70"), (2, "80"), (3, "76.5"), (4, "71"), (5, "95"), (6, "60")],
    );
    let (_, results) = desk.publish(&mut session, None).unwrap();
    assert!(!results.is_draft());

    let rows = workbook(&desk.read("out/成绩单.xlsx"));
    assert!(!rows.iter().flatten().any(|cell| cell.contains("草稿")));
    let heading = rows.iter().find(|r| r.iter().any(|c| c == "准考证号")).unwrap();
    let column = |name: &str| heading.iter().position(|h| h == name).unwrap();
    let (theory, practical, verdict) = (column("理论成绩"), column("实操成绩"), column("评定结果"));
    let line = |n: u16| {
        let row = rows.iter().find(|r| r.contains(&ticket(n).to_string())).unwrap();
        [row[theory].as_str(), row[practical].as_str(), row[verdict].as_str()].map(str::to_owned)
    };
    assert_eq!(line(1), ["54.9", "70", "不合格"]);
    assert_eq!(line(2), ["59.9", "80", "不合格"]);
    assert_eq!(line(3), ["79.9", "76.5", "合格"]);
    assert_eq!(line(4), ["缺考", "71", "不合格"]);
    assert_eq!(line(5), ["100", "95", "优秀"]);
    assert_eq!(line(6), ["60", "60", "合格"]);
    let passed = workbook(&desk.read("out/合格名册.xlsx"));
    let on = |n: u16| passed.iter().flatten().any(|c| *c == ticket(n).to_string());
    assert_eq!([1, 2, 3, 4, 5, 6].map(on), [false, false, true, false, true, true]);
}

#[test]
fn verify_finds_a_row_that_was_edited() {
    let desk = Desk::with(&everybody(70), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    session.verify().unwrap();
    drop(session);
    let edit = |table: &str, column: &str, from: &str, to: &str| {
        let db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
        let trigger = format!("{table}_fixed");
        let sql: String = db
            .query_row("SELECT sql FROM sqlite_master WHERE name = ?1", [&trigger], |row| row.get(0))
            .unwrap();
        let change = format!(
            "UPDATE {table} SET {column} = replace({column}, ?1, ?2) WHERE seq = (SELECT MIN(seq) FROM {table})"
        );
        assert!(db.execute(&change, [from, to]).is_err(), "the trigger refuses");
        db.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        let text = |db: &rusqlite::Connection| -> String {
            let sql = format!("SELECT {column} FROM {table} ORDER BY seq LIMIT 1");
            db.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let before = text(&db);
        db.execute(&change, [from, to]).unwrap();
        assert_ne!(text(&db), before, "{table} was not edited");
        db.execute_batch(&sql).unwrap();
        before
    };
    let restore = |table: &str, column: &str, text: &str| {
        let db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
        let trigger = format!("{table}_fixed");
        let sql: String = db
            .query_row("SELECT sql FROM sqlite_master WHERE name = ?1", [&trigger], |row| row.get(0))
            .unwrap();
        db.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        let change = format!("UPDATE {table} SET {column} = ?1 WHERE seq = (SELECT MIN(seq) FROM {table})");
        db.execute(&change, [text]).unwrap();
        db.execute_batch(&sql).unwrap();
    };
    for (table, column, from, to) in [
        ("readings", "reading", "theory-100", "theory-101"),
        ("scores", "score", "1", "2"),
        ("imports", "source", "exam", "other"),
        ("file_paths", "path", "01", "02"),
    ] {
        let before = edit(table, column, from, to);
        let found = desk.open().verify().unwrap_err();
        assert!(matches!(found, SessionError::Store(StoreError::RowsBroken { .. })), "{table}: {found}");
        assert!(found.hint().unwrap().contains("by other means"));
        restore(table, column, &before);
        desk.open().verify().unwrap();
    }
    let before = edit("journal", "at", "2026", "2025");
    let found = desk.open().verify().unwrap_err();
    assert!(matches!(found, SessionError::Store(StoreError::JournalBroken { sequence: 1 })), "{found}");
    restore("journal", "at", &before);
    desk.open().verify().unwrap();
}

#[test]
fn a_publication_has_a_number_and_a_correction_names_the_one_before_it() {
    let desk = Desk::with(&everybody(70), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let out = desk.path("out");
    let (_, results) = desk.publish(&mut session, None).unwrap();
    assert!(results.is_draft() && session.publications().unwrap().is_empty(), "a draft has no number");
    let scores = |third| -> Vec<(u16, &str)> {
        (1..=CANDIDATES).map(|n| (n, if n == 3 { third } else { "80" })).collect()
    };
    desk.import_practical(&mut session, &scores("59.9"));
    desk.publish(&mut session, None).unwrap();
    let first = desk.read("out/第1号/成绩单.pdf");
    let text = workbook(&desk.read("out/成绩单.xlsx")).concat().join("|");
    assert!(text.contains("发布号：第 1 号"), "{text}");
    // Printed again, it is the same number and the same bytes.
    desk.publish(&mut session, None).unwrap();
    assert_eq!((session.publications().unwrap().len(), desk.read("out/成绩单.pdf")), (1, first.clone()));

    desk.import_practical(&mut session, &scores("60"));
    let error = session.publish(&out).unwrap_err();
    assert!(matches!(error, SessionError::Published { number: 1, changed: 1 }), "{error}");
    assert!(error.hint().unwrap().contains("--correct"));
    assert!(matches!(session.publish_correction(&out, " "), Err(SessionError::NoReason)));
    desk.publish(&mut session, Some("第 3 号工位合分有误")).unwrap();
    let text = workbook(&desk.read("out/成绩单.xlsx")).concat().join("|");
    for part in [
        "发布号：第 2 号（更正第 1 号）",
        "变动 1 人。更正原因：第 3 号工位合分有误",
        &format!("准考证号 {}：实操成绩 59.9 → 60.0，评定结果 不合格 → 合格", ticket(3)),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(desk.read("out/第1号/成绩单.pdf"), first, "the old one stays readable");
    assert!(String::from_utf8(desk.read("out/第1号/已更正.txt")).unwrap().contains("第 2 号更正"));
    let all = session.publications().unwrap();
    assert_eq!((all.len(), all[1].corrects), (2, Some(1)));
    desk.publish(&mut session, None).unwrap();
    assert_eq!(session.publications().unwrap().len(), 2);
    session.verify().unwrap();
    let archive = desk.folder().canonicalize().unwrap().with_file_name("archive");
    session.archive(&archive, &mut |_, _| {}).unwrap();
    assert_eq!(std::fs::read(archive.join("papers/第1号/成绩单.pdf")).unwrap(), first);
    let seen = duka::session::verify(
        &desk.folder(),
        crate::common::clock,
        &duka::session::VerifyOptions::default(),
        &mut |_, _| {},
    )
    .unwrap();
    assert!(seen.holds() && seen.papers == Some(7), "{:?}", seen.findings);
}
