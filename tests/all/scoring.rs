//! Marks by hand, rounding and item statistics in a session, from the tables to the files.

use crate::common::{CANDIDATES, Desk, EXAM, card, key_text, roster, scan, ticket, workbook};
use duka::grade::regrade::{KeyChange, PassChange};
use duka::key::{KeyPurpose, Request};
use duka::merge::{PartResult, Verdict};
use duka::session::{Ask, Compare, ItemsAsked, Session, SessionError};
use duka::store::{Imported, StoreError};
use std::path::PathBuf;

/// A key of 80 points on the card and 20 by hand; item 100 is left out, so that points are ninety-nineths.
fn key(form: &str, most: u16) -> String {
    format!(
        "paper = \"electrician-4\"\nform = {form:?}\nrevision = 1\ntotal = {}\n\
         [[section]]\nkind = \"single\"\nfrom = 1\nto = 80\npoints = 0.8\nanswers = \"{}\"\n\
         [[section]]\nkind = \"true-false\"\nfrom = 81\nto = 100\npoints = 0.8\nanswers = \"{}\"\n\
         [[section]]\nkind = \"hand\"\nname = \"简答题\"\npoints = {most}\n\
         [[item]]\nitem = 100\nvoid = \"left-out\"\n",
        80 + most,
        "A".repeat(80),
        "A".repeat(20)
    )
}

fn exam(rounding: &str) -> String {
    EXAM.replace("key_revision = 1\n", "key_revision = 1\nhand = [{ name = \"简答题\", points = 20 }]\n")
        + &format!("\n[rules]\n{rounding}\n")
}

/// Everybody's card with 83 right, the exam with a section marked by hand.
fn desk(rounding: &str, most: u16) -> (Desk, Session) {
    let desk = Desk::new();
    desk.write("exam.toml", exam(rounding));
    for form in ["A", "B"] {
        desk.seal(&format!("electrician-4-{form}.sealed"), &key(form, most));
    }
    let mut session = desk.open();
    session.bind_manifest(&desk.path("exam.manifest")).unwrap();
    session.import_roster(&[desk.path("roster.xlsx")]).unwrap();
    for n in 1..=CANDIDATES {
        desk.write(&format!("scans/{n:02}.jpg"), card(n, 83).scan());
    }
    scan(&mut session, &desk.path("scans"));
    desk.import_rooms(&mut session, &[]).unwrap();
    (desk, session)
}

fn marks(desk: &Desk, name: &str, people: impl IntoIterator<Item = (u16, &'static str)>) -> PathBuf {
    let roster = roster();
    let rows = people.into_iter().map(|(n, points)| {
        let candidate = &roster.candidates[&ticket(n)];
        format!("{},{},{points}\n", candidate.ticket, candidate.name)
    });
    desk.write(name, format!("准考证号,姓名,得分\n{}", rows.collect::<String>()))
}

const DOWN: &str = "rounding = { rule = \"down\" }";

#[test]
fn marks_by_hand_and_what_the_card_gives_make_the_score() {
    let (desk, mut session) = desk(DOWN, 20);
    let first = marks(&desk, "marks.csv", (1..=5).map(|n| (n, "12.25")));
    assert_eq!(session.import_hand(std::slice::from_ref(&first)).unwrap().rows, 5);
    assert_eq!(session.import_hand(&[first]).unwrap().imported, Imported::Known);
    // A later file adds to what is there and replaces what it names.
    let second = marks(&desk, "more.csv", [(6, "0"), (1, "20")]);
    let done = session.import_hand(std::slice::from_ref(&second)).unwrap();
    assert_eq!((done.rows, done.imported), (2, Imported::New));
    let twice = session.import_hand(&[second.clone(), second.clone()]).unwrap_err();
    assert!(matches!(&twice, SessionError::MarksTwice { .. }), "{twice}");
    session.freeze().unwrap();
    let late = session.import_hand(&[second]).unwrap_err();
    assert!(matches!(late, SessionError::Store(StoreError::Frozen)), "{late}");

    desk.grade(&mut session).unwrap();
    desk.import_practical(&mut session, &(1..=CANDIDATES).map(|n| (n, "70")).collect::<Vec<_>>());
    let results = session.merge().unwrap();
    // 80 single-choice items of 0.8, and 3 of 19 true/false items that make 16: 64 + 48/19.
    let points: Vec<_> = results
        .transcripts
        .iter()
        .map(|t| match &t.theory {
            PartResult::Scored(points) => (t.candidate.ticket.clone(), points.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = ["86.52", "78.77", "78.77", "78.77", "78.77", "66.52"];
    assert_eq!(points, (1..).zip(expected).map(|(n, p)| (ticket(n), p.to_owned())).collect::<Vec<_>>());
    session.verify().unwrap();
}

#[test]
fn a_frozen_record_says_what_marks_it_was_frozen_with() {
    let hash = |points: &'static str| {
        let (desk, mut session) = desk(DOWN, 20);
        session.import_hand(&[marks(&desk, "m.csv", (1..=6).map(|n| (n, points)))]).unwrap();
        session.freeze().unwrap().hash
    };
    assert_ne!(hash("3"), hash("4"));
}

#[test]
fn a_grading_that_lacks_something_is_refused_and_leaves_nothing() {
    let refused = |rounding: &str, most: u16, people: u16| {
        let (desk, mut session) = desk(rounding, most);
        session.import_hand(&[marks(&desk, "m.csv", (1..=people).map(|n| (n, "3")))]).unwrap();
        session.freeze().unwrap();
        let error = desk.grade(&mut session).unwrap_err();
        assert_eq!(session.status().unwrap().graded, 0);
        assert!(error.hint().is_some(), "{error}");
        error
    };
    match refused(DOWN, 20, 4) {
        SessionError::NoMarks { tickets } => assert_eq!(tickets, [5, 6].map(|n| ticket(n).to_string())),
        other => panic!("{other}"),
    }
    let other = refused(DOWN, 25, 6);
    assert!(matches!(other, SessionError::OtherHandSections { .. }), "{other}");
    let inexact = refused("pass_line = 60", 20, 6);
    assert!(
        inexact.to_string().contains("not whole hundredths") && inexact.hint().unwrap().contains("rounding"),
        "{inexact}"
    );
}

#[test]
fn items_are_told_and_nothing_of_it_is_recorded() {
    let desk = Desk::with(&(1..=CANDIDATES).map(|n| card(n, 60 + 5 * n)).collect::<Vec<_>>(), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    let request = desk.request_for(&mut session, KeyPurpose::Statistics).unwrap();
    let alone = desk.releases(&request, &[1]);
    let asked = ItemsAsked { compare: Some(Compare::Rooms), alpha: 0.01 };
    let refused = session.items(&alone, &[], asked).unwrap_err();
    assert!(matches!(&refused, SessionError::Custody { .. }), "{refused}");
    let releases = desk.releases(&request, &[0, 1]);
    for wrong in [session.grade(&releases, &[]).err(), session.check_scores(&releases, &[]).err()] {
        let wrong = wrong.unwrap();
        assert!(matches!(wrong, SessionError::OtherPurpose { .. }) && wrong.hint().is_some(), "{wrong}");
    }
    let before = session.canonical_export().unwrap();
    let found = session.items(&releases, &[], asked).unwrap();
    let told: Vec<_> = found.iter().map(|of| (of.form.as_str(), of.sheets, of.alike)).collect();
    // Too few sheets to compare: said so by nothing, and no list.
    assert_eq!(told, [("A", 5, None), ("B", 1, None)]);
    assert_eq!(found[0].documents.len(), 2);
    let page = String::from_utf8(found[0].documents[0].bytes.clone()).unwrap();
    assert!(page.contains("答卷 5 份"));
    let rows = workbook(&found[0].documents[1].bytes);
    // Items 66 to 85 are right for some only: item 71 for candidates 3, 4 and 5.
    let item = rows.iter().find(|row| row[0] == "71").unwrap();
    assert_eq!((item[2].as_str(), item[4].as_str(), item[6].as_str()), ("A", "3", "0.6"));
    session.verify().unwrap();
    assert_eq!(session.canonical_export().unwrap(), before);
    let again = session.items(&releases, &[], asked).unwrap_err();
    assert!(matches!(again, SessionError::Store(StoreError::RequestUsed { .. })), "{again}");
    // With the grading, under one opening: the same files.
    let request = desk.request(&mut session).unwrap();
    let (graded, beside) = session.grade_with_items(&desk.releases(&request, &[0, 2]), &[], asked).unwrap();
    assert_eq!(graded.papers.len(), 2);
    assert_eq!(beside.unwrap(), found);
    assert_eq!(session.status().unwrap().graded, usize::from(CANDIDATES));
    assert!(std::fs::read_dir(desk.path("out")).unwrap().next().is_none());
}

/// Form A's key with item 80 void, as its second revision.
fn corrected(desk: &Desk) {
    let text = key_text("electrician-4", "A", 2) + "[[item]]\nitem = 80\nvoid = \"points-for-all\"\n";
    desk.seal("electrician-4-A-r2.sealed", &text);
}

fn ask(desk: &Desk, session: &mut Session) -> Result<Request, SessionError> {
    session.request(&Ask { purpose: KeyPurpose::Correction, ..Ask::default() }, &desk.people.supervisor)
}

#[test]
fn a_corrected_key_changes_the_scores_and_says_whose_and_why() {
    // The first candidate is short of the pass line by a tenth; the fifth has item 80 right.
    let rights = [60, 70, 70, 70, 90, 70];
    let cards: Vec<_> = (1..=CANDIDATES).zip(rights).map(|(n, right)| card(n, right)).collect();
    let desk = Desk::with(&cards, &[]);
    let mut session = desk.open();
    desk.import_practical(&mut session, &(1..=CANDIDATES).map(|n| (n, "70")).collect::<Vec<_>>());
    session.freeze().unwrap();
    corrected(&desk);
    let early = ask(&desk, &mut session).unwrap_err();
    assert!(matches!(early, SessionError::NotGraded { .. }), "{early}");
    desk.grade(&mut session).unwrap();
    let first: Vec<_> = session.journal().unwrap().into_iter().filter(|e| e.kind == "grade").collect();

    let request = ask(&desk, &mut session).unwrap();
    let asked: Vec<_> = request.keys().iter().map(|k| (k.form.to_string(), k.revision)).collect();
    assert_eq!(asked, [("A".to_owned(), 1), ("A".to_owned(), 2), ("B".to_owned(), 1)]);
    let done = session.regrade(&desk.releases(&request, &[0, 1]), &[]).unwrap();
    assert_eq!(done.papers.len(), 2);
    let (a, b) = (&done.papers[0], &done.papers[1]);
    assert_eq!((a.from, a.to, a.reason.as_str(), a.sheets), (Some(1), 2, "第3题更正", 5));
    assert_eq!((b.from, b.to, b.changed.len()), (None, 1, 0));
    assert_eq!(a.key, [(80, vec![KeyChange::VoidForAll])]);
    assert!(a.not_reproduced.is_empty());
    let told: Vec<_> = a
        .changed
        .iter()
        .map(|c| {
            let (before, after) = (c.score.before.points.to_string(), c.score.after.points.to_string());
            (c.score.ticket.clone(), before, after, c.score.pass, c.verdict)
        })
        .collect();
    let (passed, failed) = (Verdict::Passed, Verdict::Failed);
    let mut expected =
        vec![(ticket(1), "59.9".to_owned(), "60.9".to_owned(), PassChange::Gained, (failed, passed))];
    expected.extend((2..=4).map(|n| {
        (ticket(n), "69.9".to_owned(), "70.9".to_owned(), PassChange::StillPasses, (passed, passed))
    }));
    assert_eq!(told, expected);
    let items: Vec<_> = a.changed[0].score.items.iter().map(|i| (i.item, i.why.clone())).collect();
    assert_eq!(items, [(80, vec![KeyChange::VoidForAll])]);

    // The new scores count, the first gradings stay, and the keys give what is recorded.
    let theory = session.merge().unwrap().transcripts.at(0).theory;
    assert!(matches!(theory, PartResult::Scored(points) if points.to_string() == "60.9"), "{theory:?}");
    let entries = session.journal().unwrap();
    assert!(first.iter().all(|entry| entries.contains(entry)));
    assert_eq!(entries.iter().filter(|e| e.kind == "regrade").count(), 1);
    let request = desk.request_for(&mut session, KeyPurpose::Check).unwrap();
    let checked = session.check_scores(&desk.releases(&request, &[1, 2]), &[]).unwrap();
    let papers: Vec<_> = checked.papers.iter().map(|(_, form, r, n)| (form.as_str(), *r, *n)).collect();
    assert_eq!((papers, checked.differing), (vec![("A", 2, 5), ("B", 1, 1)], vec![]));
    // Nothing newer is there to correct with.
    let again = ask(&desk, &mut session).unwrap_err();
    assert!(matches!(again, SessionError::NoCorrection), "{again}");
    session.verify().unwrap();
}

#[test]
fn a_regrading_needs_a_correction_and_a_fresh_grading_comes_to_the_same() {
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 60 + 5 * n)).collect();
    let export = |corrected_before: bool| {
        let desk = Desk::with(&cards, &[]);
        if corrected_before {
            desk.write("exam.toml", EXAM.replace("key_revision = 1\n", "key_revision = 2\n"));
            for (form, void) in [("A", true), ("B", false)] {
                let mut text = key_text("electrician-4", form, 2);
                if void {
                    text += "[[item]]\nitem = 80\nvoid = \"points-for-all\"\n";
                }
                desk.seal(&format!("electrician-4-{form}-r2.sealed"), &text);
            }
        }
        let mut session = desk.open();
        session.freeze().unwrap();
        desk.grade(&mut session).unwrap();
        if !corrected_before {
            let request = desk.request(&mut session).unwrap();
            let error = session.regrade(&desk.releases(&request, &[0, 1]), &[]).unwrap_err();
            assert!(matches!(error, SessionError::OtherPurpose { .. }), "{error}");
            corrected(&desk);
            let request = ask(&desk, &mut session).unwrap();
            session.regrade(&desk.releases(&request, &[0, 1]), &[]).unwrap();
        }
        let points = |t: duka::merge::Transcript| (t.candidate.ticket, t.theory);
        session.merge().unwrap().transcripts.iter().map(points).collect::<Vec<_>>()
    };
    assert_eq!(export(false), export(true));
}

#[test]
fn a_score_edited_past_the_program_is_found_with_the_key() {
    let desk = Desk::with(&(1..=CANDIDATES).map(|n| card(n, 70)).collect::<Vec<_>>(), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let request = desk.request_for(&mut session, KeyPurpose::Check).unwrap();
    let releases = desk.releases(&request, &[0, 1]);
    drop(session);
    let db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    db.execute_batch("DROP TRIGGER scores_fixed").unwrap();
    let edited = db
        .execute(
            "UPDATE scores SET score = replace(score, '\"points\":\"69.9\"', '\"points\":\"89.9\"') WHERE ticket = ?1",
            [ticket(2).as_str()],
        )
        .unwrap();
    assert_eq!(edited, 1);
    drop(db);
    let found = desk.open().check_scores(&releases, &[]).unwrap();
    let told: Vec<_> = found
        .differing
        .iter()
        .map(|d| (d.ticket.clone(), d.recorded.map(|p| p.to_string()), d.given.map(|p| p.to_string())))
        .collect();
    assert_eq!(told, [(ticket(2), Some("89.9".to_owned()), Some("69.9".to_owned()))]);
}

#[test]
fn the_program_writes_what_only_its_owner_can_read() {
    let desk = Desk::with(&(1..=CANDIDATES).map(|n| card(n, 60 + 5 * n)).collect::<Vec<_>>(), &[]);
    desk.open().freeze().unwrap();
    // Each opening has a request and releases of its own.
    let run = |args: &[&str]| {
        let mut session = desk.open();
        let request = desk.request_for(&mut session, KeyPurpose::Statistics).unwrap();
        drop(session);
        let mut command = assert_cmd::Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(desk.folder()).args(args);
        for release in desk.releases(&request, &[1, 2]) {
            command.arg("--release").arg(release);
        }
        command.output().unwrap()
    };
    let out = run(&["items", "--alike", "neighbours"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.contains("electrician-4 form A") && text.contains("too few sheets"), "{text}");
    let files: Vec<PathBuf> =
        std::fs::read_dir(desk.path("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4);
    #[cfg(unix)]
    for file in &files {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let json: serde_json::Value = serde_json::from_slice(&run(&["items", "--json"]).stdout).unwrap();
    assert_eq!(json["papers"][0]["sheets"], 5);
    // Nobody has any of the last fifteen items right.
    assert_eq!(json["papers"][0]["suspicious"], 15);
    let refused = run(&["items", "--alike", "--alpha", "0.5"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("at most 0.05"));
}

#[cfg(unix)]
#[test]
fn the_program_regrades_and_checks_with_the_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::with(&(1..=CANDIDATES).map(|n| card(n, 70)).collect::<Vec<_>>(), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    drop(session);
    corrected(&desk);
    let duka = assert_cmd::cargo::cargo_bin("duka");
    let run = |args: &[&std::ffi::OsStr]| {
        let out = std::process::Command::new(&duka)
            .arg("--session")
            .arg(desk.folder())
            .args(args)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(out.stdout).unwrap();
        (out.status.code(), said, String::from_utf8(out.stderr).unwrap())
    };
    let with = |verb: &[&str], releases: &[PathBuf]| {
        let mut args: Vec<&std::ffi::OsStr> = verb.iter().map(std::ffi::OsStr::new).collect();
        for release in releases {
            args.extend(["--release".as_ref(), release.as_os_str()]);
        }
        run(&args)
    };

    let pass = desk.write("pass", crate::common::people::PASSPHRASE);
    let asked = std::process::Command::new("sh")
        .args(["-c", "exec 3< \"$0\"; exec \"$@\""])
        .arg(pass)
        .arg(&duka)
        .arg("--session")
        .arg(desk.folder())
        .args(["regrade", "--request"])
        .arg(desk.path("correction"))
        .args(["--sign", &desk.secret("supervisor", &desk.people.supervisor), "--passphrase-fd", "3"])
        .output()
        .unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let request = Request::open(&desk.read("correction")).unwrap();
    assert_eq!(request.keys().len(), 3);
    let releases = desk.releases(&request, &[0, 2]);

    let (code, said, wrong) = with(&["regrade"], &releases);
    assert_eq!(code, Some(0), "{wrong}");
    for part in ["revision 1 corrected by 2: 第3题更正", "item 80: void, points for all", "5 scores changed"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let list = desk.path("out/改分清单.csv");
    let rows = crate::common::rows_of(&std::fs::read(&list).unwrap());
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[1][..7], [ticket(1).as_str(), "electrician-4", "A", "1", "2", "69.9", "70.9"]);
    assert!(rows[1][9].starts_with("第3题更正") && rows[1][9].contains("item 80"), "{:?}", rows[1]);
    assert_eq!(list.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (code, _, wrong) = with(&["regrade"], &releases);
    assert_eq!(code, Some(2));
    assert!(wrong.contains("hint: "), "{wrong}");

    let mut session = desk.open();
    let request = desk.request_for(&mut session, KeyPurpose::Check).unwrap();
    drop(session);
    let releases = desk.releases(&request, &[1, 2]);
    let (code, said, wrong) = with(&["items"], &releases);
    assert!(
        code == Some(2) && wrong.contains("these releases are for making every score again"),
        "{said}{wrong}"
    );
    let (code, said, wrong) = with(&["verify", "--with-key"], &releases);
    assert_eq!(code, Some(0), "{said}{wrong}");
    assert!(said.contains("5 sheets graded again with key revision 2"), "{said}");
    let (code, _, wrong) = run(&["verify".as_ref(), "--with-key".as_ref()]);
    assert!(code == Some(2) && wrong.contains("--release"), "{wrong}");
}

#[test]
fn the_program_takes_marks_in_and_names_wrong_rows() {
    let (desk, _) = desk(DOWN, 20);
    let good = marks(&desk, "good.csv", [(1, "20"), (2, "0.5")]);
    let bad = marks(&desk, "bad.csv", [(3, "20.5"), (4, "十")]);
    let run = |file: &PathBuf| {
        let mut command = assert_cmd::Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(desk.folder()).args(["marks", "import"]).arg(file);
        command.output().unwrap()
    };
    let out = run(&good);
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("2 marks by hand"), "{out:?}");
    let out = run(&bad);
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(
        text.contains("row 2") && text.contains("row 3") && text.contains("between 0 and 20.0"),
        "{text}"
    );
}

/// The key of the other tests says what it did before.
#[test]
fn a_key_of_before_is_a_key_still() {
    let key = duka::AnswerKey::parse(&key_text("electrician-4", "A", 1), "key.toml").unwrap();
    assert_eq!((key.total().to_string(), key.hand_sections().count()), ("100.0".to_owned(), 0));
}
