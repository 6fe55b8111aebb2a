//! Cards that turn up after the freeze.

use crate::common::{CANDIDATES, Desk, Filled, card, clock, rows_of, tamper, ticket, workbook};
use assert_cmd::Command;
use duka::identity::{Identity, Strength};
use duka::merge::PartResult;
use duka::session::{
    LateCounts, LateState, LateStatus, LateVerdict, Session, SessionError, VerifyOptions, verify,
};
use duka::sheet::Decision;
use duka::store::{Counts, StoreError};
use rusqlite::Connection;
use std::path::PathBuf;

/// Everybody is present and number 6 has no card; that is accepted and the record frozen.
fn without_six() -> (Desk, Session) {
    let cards: Vec<Filled> = (1..CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = Desk::with(&cards, &[]);
    let mut session = desk.open();
    let list = session.export_exceptions(&desk.path("review")).unwrap().list;
    let mut rows = rows_of(&std::fs::read(list).unwrap());
    let at = |name: &str, rows: &[Vec<String>]| rows[0].iter().position(|h| h == name).unwrap();
    assert_eq!((rows.len(), rows[1][at("kind", &rows)].as_str()), (2, "sheet-missing"));
    for (name, text) in [("decision", "accept"), ("reviewer", "王复核"), ("reason", "考场查无此卡")]
    {
        let at = at(name, &rows);
        text.clone_into(&mut rows[1][at]);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        writer.write_record(row).unwrap();
    }
    let decided = desk.write("decided.csv", writer.into_inner().unwrap());
    session.resolve(&decided, None).unwrap();
    session.freeze().unwrap();
    (desk, session)
}

fn found(desk: &Desk, card: &Filled) -> PathBuf {
    desk.write("found.jpg", card.scan())
}

fn counts() -> LateVerdict {
    LateVerdict::Counted { decisions: Vec::new(), instead: false }
}

/// Both people of the exam sign.
fn both(desk: &Desk, session: &mut Session, case: u64, verdict: &LateVerdict) -> LateStatus {
    session.sign_late(case, &desk.people.reviewer, verdict, "卡面姓名与准考证号核对无误").unwrap();
    session.sign_late(case, &desk.people.supervisor, verdict, "").unwrap()
}

fn points(session: &Session, n: u16) -> Option<String> {
    let results = session.merge().unwrap();
    let transcript = results.transcripts.iter().find(|t| t.candidate.ticket == ticket(n)).unwrap();
    match transcript.theory {
        PartResult::Scored(points) => Some(points.to_string()),
        _ => None,
    }
}

fn holds(desk: &Desk) {
    let options = VerifyOptions { reread: true, ..VerifyOptions::default() };
    let seen = verify(&desk.folder(), clock, &options, &mut |_, _| {}).unwrap();
    assert!(seen.holds(), "{:?}", seen.findings);
}

#[test]
fn a_card_that_turned_up_counts_once_two_people_say_so() {
    let (desk, mut session) = without_six();
    let frozen = session.status().unwrap().frozen;
    desk.grade(&mut session).unwrap();
    assert_eq!(points(&session, 6), None);
    let file = found(&desk, &card(6, 65));
    let error = session.scan(std::slice::from_ref(&file), &mut |_| {}).unwrap_err();
    assert!(error.hint().unwrap().contains("duka late"), "{error}");
    assert!(matches!(session.late(&file, " "), Err(SessionError::NoReason)));
    let opened = session.late(&file, "夹在试卷袋封底").unwrap();
    assert_eq!(
        (opened.state, opened.open.as_slice(), opened.ticket),
        (LateState::Open, &[][..], Some(ticket(6)))
    );
    let again = session.late(&file, "x").unwrap_err();
    assert!(matches!(again, SessionError::Store(StoreError::KnownFile { .. })), "{again}");
    // The file itself may go: the session has a copy.
    std::fs::remove_file(&file).unwrap();
    holds(&desk);

    let (one, two) = (&desk.people.reviewer, &desk.people.supervisor);
    assert!(matches!(session.sign_late(1, one, &counts(), ""), Err(SessionError::NoReason)));
    let missing = session.sign_late(2, one, &counts(), "x").unwrap_err();
    assert!(missing.to_string().contains("no late sheet 2"), "{missing}");
    let signed = session.sign_late(1, one, &counts(), "考场记录与卡面一致").unwrap();
    assert_eq!((signed.state, signed.ticket), (LateState::SignedByOne, Some(ticket(6))));
    let error = session.sign_late(1, one, &counts(), "").unwrap_err();
    assert!(error.to_string().contains("has signed late sheet 1 already"), "{error}");
    let stranger = Identity::generate("吴某").unwrap();
    let error = session.sign_late(1, &stranger, &counts(), "").unwrap_err();
    assert!(error.to_string().contains("not a reviewer or supervisor"), "{error}");
    // Two that disagree decide nothing, and nothing counts until then.
    session.sign_late(1, two, &LateVerdict::Refused, "来源不明").unwrap();
    desk.grade(&mut session).unwrap();
    assert_eq!(points(&session, 6), None);
    let decided = session.sign_late(1, two, &counts(), "").unwrap();
    assert_eq!(decided.state, LateState::AwaitingGrading);
    assert!(matches!(session.sign_late(1, one, &counts(), "x"), Err(SessionError::CaseClosed { .. })));
    assert_eq!(points(&session, 6), None, "the key is not open");
    let status = session.status().unwrap();
    assert_eq!(status.counts, Counts { fed: 5, read: 5, set_aside: 0 }, "late cards are counted apart");
    assert_eq!(status.late, LateCounts { counted: 1, ..LateCounts::default() });
    assert_eq!((status.open_count(), status.frozen), (0, frozen));
    holds(&desk);

    desk.grade(&mut session).unwrap();
    assert_eq!(session.late_sheets().unwrap()[0].state, LateState::Graded);
    assert_eq!(points(&session, 6).as_deref(), Some("64.9"));
    assert_eq!(points(&session, 1).as_deref(), Some("69.9"), "others keep theirs");
    // From here on it is a sheet as any other.
    let recheck = session.recheck(&ticket(6), "考生申请").unwrap();
    assert!(recheck.reread.agrees());
    assert!(!session.show("found.jpg", None, None).unwrap().png.is_empty());
    session.verify().unwrap();
    drop(session);
    holds(&desk);
    let mut session = desk.open();
    assert_eq!(session.status().unwrap().frozen, frozen);
    let error = session.late(&found(&desk, &card(6, 64)), "又一张").map(|status| status.open.len());
    assert_eq!(error.unwrap(), 2, "a second one and the first stand in each other's way");
}

#[test]
fn before_the_freeze_and_what_is_no_card() {
    let desk = Desk::with(&[], &[]);
    let mut session = desk.open();
    let file = found(&desk, &card(6, 65));
    assert!(matches!(session.late(&file, "x"), Err(SessionError::NotFrozen)));
    drop(session);
    let (desk, mut session) = without_six();
    for (bytes, words) in [
        (b"no picture".to_vec(), "no card that can be read"),
        (Vec::new(), "no card that can be read"),
        (desk.read("scans/01.jpg")[..4000].to_vec(), "no card that can be read"),
    ] {
        let error = session.late(&desk.write("x.jpg", bytes), "x").unwrap_err();
        assert!(error.to_string().contains(words) && error.hint().is_some(), "{error}");
    }
    let gone = session.late(&desk.path("nowhere.jpg"), "x").unwrap_err();
    assert!(matches!(gone, SessionError::File { .. }), "{gone}");
    let known = session.late(&desk.path("scans/01.jpg"), "x").unwrap_err();
    assert!(matches!(known, SessionError::Store(StoreError::KnownFile { .. })), "{known}");
    assert!(session.late_sheets().unwrap().is_empty());
    holds(&desk);
}

#[test]
fn a_card_takes_anothers_place_only_when_it_is_told_to() {
    let (desk, mut session) = without_six();
    desk.grade(&mut session).unwrap();
    let opened = session.late(&found(&desk, &card(2, 90)), "换卡后的正式答题卡").unwrap();
    let kinds: Vec<_> = opened.open.iter().map(|e| e.cause.kind()).collect();
    assert!(kinds.contains(&"ticket-duplicate"), "{kinds:?}");
    let error = session.sign_late(1, &desk.people.reviewer, &counts(), "x").unwrap_err();
    assert!(matches!(error, SessionError::LateOpen { twice: true, .. }), "{error}");
    assert!(error.hint().unwrap().contains("--instead"));
    let instead = LateVerdict::Counted { decisions: Vec::new(), instead: true };
    let status = both(&desk, &mut session, 1, &instead);
    assert_eq!((status.state, status.ticket), (LateState::AwaitingGrading, Some(ticket(2))));
    holds(&desk);
    assert_eq!(points(&session, 2).as_deref(), Some("69.9"), "the score in force is of the first card");
    desk.grade(&mut session).unwrap();
    assert_eq!(points(&session, 2).as_deref(), Some("89.9"));
    assert_eq!(session.status().unwrap().open_count(), 0);
    holds(&desk);
    // Whoever has no card has none whose place could be taken.
    let file = desk.write("found-6.jpg", card(6, 50).scan());
    let case = session.late(&file, "x").unwrap().case.number;
    let error = session.sign_late(case, &desk.people.reviewer, &instead, "x").unwrap_err();
    assert!(matches!(error, SessionError::LateAlone { .. }), "{error}");
}

#[test]
fn a_refused_card_counts_for_nobody() {
    let (desk, mut session) = without_six();
    session.late(&found(&desk, &card(6, 100)), "来路不明").unwrap();
    assert_eq!(both(&desk, &mut session, 1, &LateVerdict::Refused).state, LateState::Refused);
    desk.grade(&mut session).unwrap();
    assert_eq!(points(&session, 6), None);
    let status = session.status().unwrap();
    assert_eq!(status.late, LateCounts { refused: 1, ..LateCounts::default() });
    holds(&desk);
}

#[test]
fn what_is_in_doubt_on_it_is_part_of_what_is_signed() {
    let (desk, mut session) = without_six();
    let foreign = Filled { ticket: "261410409999".into(), form: "A".into(), ..card(6, 65) };
    let opened = session.late(&found(&desk, &foreign), "监考员处").unwrap();
    assert_eq!(opened.ticket, None);
    assert_eq!(opened.open[0].cause.kind(), "ticket-unknown");
    let error = session.sign_late(1, &desk.people.reviewer, &counts(), "x").unwrap_err();
    assert!(matches!(error, SessionError::LateOpen { twice: false, .. }), "{error}");
    let said = |field: &str, item: Option<&str>, value: &str| {
        (Some(field.parse().unwrap()), item.map(|i| i.parse().unwrap()), value.parse::<Decision>().unwrap())
    };
    let verdict = |decisions| LateVerdict::Counted { decisions, instead: false };
    for (field, item, value) in
        [("ticket", None, "=12"), ("items", Some("1"), "=Z"), ("nothing", None, "accept")]
    {
        let wrong = verdict(vec![said(field, item, value)]);
        let error = session.sign_late(1, &desk.people.reviewer, &wrong, "x").unwrap_err();
        assert!(matches!(error, SessionError::CaseItem { .. }), "{error}");
    }
    // The number alone leaves the form, which is not the roster's.
    let number = said("ticket", None, ticket(6).as_str());
    let error = session.sign_late(1, &desk.people.reviewer, &verdict(vec![number.clone()]), "x").unwrap_err();
    assert!(error.to_string().contains("form"), "{error}");
    let all = verdict(vec![number.clone(), said("form", None, "=B"), said("items", Some("1"), "blank")]);
    session.sign_late(1, &desk.people.reviewer, &all, "卡面姓名为吴己").unwrap();
    let turned = verdict(vec![said("items", Some("1"), "blank"), said("form", None, "=B"), number]);
    let status = session.sign_late(1, &desk.people.supervisor, &turned, "").unwrap();
    assert_eq!((status.state, status.ticket), (LateState::AwaitingGrading, Some(ticket(6))));
    desk.grade(&mut session).unwrap();
    assert_eq!(points(&session, 6).as_deref(), Some("64.0"), "item 1 has 0.9 points");
    assert_eq!(session.status().unwrap().open_count(), 0);
    holds(&desk);
}

#[test]
fn a_publication_names_late_cards() {
    let (desk, mut session) = without_six();
    session.late(&found(&desk, &card(6, 65)), "夹在试卷袋封底").unwrap();
    both(&desk, &mut session, 1, &counts());
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "80")).collect();
    desk.import_practical(&mut session, &practical);
    let (files, results) = desk.publish(&mut session, None).unwrap();
    assert!(!results.is_draft());
    let report = files.iter().find(|f| f.extension().is_some_and(|e| e == "xlsx")).unwrap();
    let text = workbook(&std::fs::read(report).unwrap()).concat().join("|");
    assert!(text.contains("夹在试卷袋封底") && text.contains(ticket(6).as_str()), "{text}");
    let entry = session.journal().unwrap().into_iter().rfind(|e| e.kind == "publish").unwrap();
    assert!(entry.detail.to_string().contains("counted-graded"), "{:?}", entry.detail);
    holds(&desk);
}

#[test]
fn the_way_in_for_late_cards_is_no_way_around_the_freeze() {
    let (desk, mut session) = without_six();
    session.late(&found(&desk, &card(6, 65)), "x").unwrap();
    drop(session);
    let db = Connection::open(desk.path("duka.db")).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    let another =
        "SELECT image, page, 'other', layout, layout_hash, ticket_read, reading, entry FROM readings";
    let columns = "readings (image, page, engine, layout, layout_hash, ticket_read, reading, entry)";
    for sql in [
        // A second reading of a card of the record, and one in the late card's entry.
        format!("INSERT INTO {columns} {another} WHERE seq = 1"),
        format!(
            "INSERT INTO {columns} SELECT image, page, 'other', layout, layout_hash, ticket_read, reading,
                 (SELECT entry FROM late_sheets) FROM readings WHERE seq = 1"
        ),
        "INSERT INTO pages (image, page, entry) SELECT image, 2, entry FROM late_sheets".to_owned(),
        "INSERT INTO resolutions (place, resolution, entry) SELECT '{}', '{}', entry FROM late_sheets"
            .to_owned(),
        "INSERT INTO set_asides (image, page, engine, set_aside, entry)
             SELECT image, page, 'e', '{}', entry FROM late_sheets"
            .to_owned(),
        "UPDATE late_sheets SET late = '{}'".to_owned(),
        "DELETE FROM late_sheets".to_owned(),
    ] {
        let error = db.execute_batch(&sql).unwrap_err().to_string();
        assert!(error.contains("duka: frozen") || error.contains("duka: append only"), "{sql}: {error}");
    }
    drop(db);
    holds(&desk);
    // With the guards off: a card of the record called late is no longer under the freeze's hash.
    tamper(
        &desk,
        "INSERT INTO late_sheets (image, page, late, entry)
             SELECT r.image, r.page, l.late, r.entry FROM readings r, late_sheets l WHERE r.seq = 1",
    );
    let seen = verify(&desk.folder(), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    let said: Vec<String> = seen.findings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|m| m.contains("late_sheets")), "{said:?}");
    assert!(said.iter().any(|m| m.contains("but was frozen as")), "{said:?}");
}

#[test]
fn a_signature_serves_under_its_own_case_alone() {
    let (desk, mut session) = without_six();
    desk.grade(&mut session).unwrap();
    session.late(&found(&desk, &card(6, 65)), "x").unwrap();
    session.late(&desk.write("second.jpg", card(6, 64).scan()), "y").unwrap();
    session.sign_late(1, &desk.people.reviewer, &LateVerdict::Refused, "x").unwrap();
    session.sign_late(1, &desk.people.supervisor, &LateVerdict::Refused, "x").unwrap();
    assert_eq!(session.late_sheets().unwrap()[0].state, LateState::Refused);
    drop(session);
    tamper(
        &desk,
        "UPDATE late_signatures SET late = 2, signature = replace(signature, '\"case\":1', '\"case\":2')",
    );
    let session = desk.open();
    let states: Vec<LateState> = session.late_sheets().unwrap().iter().map(|s| s.state).collect();
    assert_eq!(states, [LateState::Open, LateState::SignedByOne], "forged signatures decide nothing");
    drop(session);
    let seen = verify(&desk.folder(), clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap();
    let said: Vec<String> = seen.findings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|m| m.contains("under late sheet 2 does not hold")), "{said:?}");
}

#[cfg(unix)]
#[test]
fn on_the_command_line() {
    let (desk, mut session) = without_six();
    desk.grade(&mut session).unwrap();
    drop(session);
    let file = found(&desk, &card(6, 65));
    let duka = || {
        let mut command = Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(desk.folder());
        command
    };
    let text =
        |done: &assert_cmd::assert::Assert| String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    duka().arg("late").arg(&file).assert().code(2);
    let done = duka().arg("late").arg(&file).args(["--reason", "夹在试卷袋封底"]).assert().code(1);
    assert!(text(&done).contains("late sheet 1 of 261410400006: open"), "{}", text(&done));
    assert!(text(&duka().arg("status").assert().code(1)).contains("late sheets: 1"));
    let sign = |name: &str, identity: &Identity, args: &[&str]| {
        let secret = identity.to_file(&"only for tests".into(), Strength::MadeUp).unwrap();
        let (secret, pass) = (desk.write(name, secret), desk.write("pass", "only for tests"));
        let mut words = vec!["--session".to_owned(), desk.folder().display().to_string()];
        words.extend(["--json", "late", "sign", "1"].map(str::to_owned));
        words.extend(args.iter().map(|w| (*w).to_owned()));
        words.extend(["--passphrase-fd", "3", "--identity"].map(str::to_owned));
        words.push(secret.display().to_string());
        let binary = assert_cmd::cargo::cargo_bin("duka");
        Command::new("sh")
            .args(["-c", "exec 3< \"$0\"; exec \"$@\""])
            .arg(pass)
            .arg(binary)
            .args(words)
            .assert()
    };
    let (one, two) = (&desk.people.reviewer, &desk.people.supervisor);
    sign("sun", one, &["--outcome", "refused", "--instead", "--why", "x"]).code(2);
    sign("sun", one, &["--outcome", "counts", "--at", "items:1", "--why", "x"]).code(2);
    sign("sun", one, &["--outcome", "counts", "--at", "items:1=C", "--why", "第 1 题"]).code(1);
    let done = sign("zhao", two, &["--outcome", "counts", "--at", "items:1=C"]).code(1);
    let value: serde_json::Value = serde_json::from_str(&text(&done)).unwrap();
    assert_eq!(value["state"], "counted-awaiting-grading");
    assert_eq!(value["signatures"].as_array().unwrap().len(), 2);
    desk.grade(&mut desk.open()).unwrap();
    assert!(text(&duka().args(["late", "cases"]).assert().code(0)).contains("counted-graded"));
    duka().arg("status").assert().code(0);
    let journal = text(&duka().arg("journal").assert().code(0));
    assert!(journal.contains("late-open") && journal.contains("late-sign"), "{journal}");
}
