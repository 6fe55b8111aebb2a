//! The journal against whoever has the file in hand; heads on paper; re-checks by two people.

use crate::common::{CANDIDATES, Desk, Filled, card, clock, tamper, ticket};
use assert_cmd::Command;
use duka::identity::{Identity, Person, Strength};
use duka::session::{
    HeadCode, RecheckState, Session, SessionError, Slip, Verdict, Verified, VerifyOptions, sign_slip,
    slips_of, verify,
};
use duka::sheet::Sha256;
use duka::store::{ItemValue, JournalHead, RereadOutcome, StoreError};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use rusqlite::Connection;
use serde_json::Value;
use std::path::Path;

fn everybody() -> Vec<Filled> {
    (1..=CANDIDATES).map(|n| card(n, 70)).collect()
}

/// A session that was graded and published by 王操作.
fn published() -> Desk {
    let desk = Desk::with(&everybody(), &[]);
    let mut session = work(&desk);
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "80")).collect();
    desk.import_practical(&mut session, &practical);
    let (_, results) = desk.publish(&mut session, None).unwrap();
    assert!(!results.is_draft());
    desk
}

fn work(desk: &Desk) -> Session {
    Session::open_as(&desk.folder(), clock, "王操作").unwrap()
}

fn look(desk: &Desk, slips: &[Slip], signers: &[Person]) -> Verified {
    let options = VerifyOptions { slips, signers, reread: false };
    verify(&desk.folder(), clock, &options, &mut |_, _| {}).unwrap()
}

fn messages(seen: &Verified) -> Vec<String> {
    seen.findings.iter().map(ToString::to_string).collect()
}

/// What `verify` says of the session; something must be wrong, and one message must have all of `words`.
fn found(desk: &Desk, slips: &[Slip], signers: &[Person], words: &[&str]) {
    let said = messages(&look(desk, slips, signers));
    assert!(said.iter().any(|m| words.iter().all(|w| m.contains(w))), "no {words:?} in {said:#?}");
}

/// Tables whose rows name a journal entry.
fn tables_of(db: &Connection) -> Vec<String> {
    let sql = "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c
               WHERE m.type = 'table' AND c.name = 'entry'";
    let mut tables = db.prepare(sql).unwrap();
    tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Takes everything written after entry `last` out of the record, without a trace.
fn cut(desk: &Desk, last: u64) {
    let tables = tables_of(&Connection::open(desk.path("duka.db")).unwrap());
    let deletes: Vec<String> =
        tables.iter().map(|table| format!("DELETE FROM {table} WHERE entry > {last};")).collect();
    let sql = format!("DELETE FROM journal WHERE seq > {last}; {}", deletes.join(" "));
    tamper(desk, &sql);
}

fn entry_of(desk: &Desk, kind: &str) -> u64 {
    let journal = desk.open().journal().unwrap();
    journal.iter().rev().find(|e| e.kind == kind).unwrap().sequence
}

fn code_of(desk: &Desk, entry: Option<u64>) -> Vec<Slip> {
    let code = desk.open().head(entry).unwrap().code;
    slips_of(code.to_string().as_bytes()).unwrap()
}

#[test]
fn every_act_is_an_entry_with_who_when_and_what() {
    let desk = published();
    let journal = work(&desk).journal().unwrap();
    for kind in ["import", "scan", "freeze", "grade", "publish"] {
        assert!(journal.iter().any(|e| e.kind == kind), "{kind}");
    }
    // The scans came in before anybody gave a name; from the freeze on everything is by 王操作.
    let freeze = entry_of(&desk, "freeze");
    for entry in &journal {
        assert_eq!(entry.at, clock());
        assert_eq!(entry.who, if entry.sequence >= freeze { "王操作" } else { "" }, "{}", entry.sequence);
        assert!(entry.detail.is_object());
    }
    let seen = look(&desk, &[], &[]);
    assert!(seen.holds(), "{:?}", messages(&seen));
    assert_eq!((seen.scores, seen.papers, seen.proved_to), (6, Some(7), None));
}

#[test]
fn an_entry_that_was_edited_is_found() {
    for sql in [
        "UPDATE journal SET detail = replace(detail, 'roster', 'rooms') WHERE seq = 4",
        "UPDATE journal SET at = '2026-11-20T12:00:00+08:00' WHERE seq = 4",
        "UPDATE journal SET kind = 'note' WHERE seq = 4",
        "UPDATE journal SET who = '李四' WHERE seq = 4",
        "UPDATE journal SET signer = 'abcd' WHERE seq = 4",
        "UPDATE journal SET form = 1 WHERE seq = 4",
        "UPDATE journal SET rows = '{}' WHERE seq = 4",
        "UPDATE journal SET hash = (SELECT hash FROM journal WHERE seq = 1) WHERE seq = 4",
    ] {
        let desk = Desk::with(&[card(1, 70)], &[2, 3, 4, 5, 6]);
        tamper(&desk, sql);
        found(&desk, &[], &[], &["journal entry 4", "was changed"]);
    }
}

#[test]
fn an_entry_that_was_dropped_is_found_though_the_others_move_up() {
    let desk = published();
    let grade = entry_of(&desk, "grade");
    tamper(&desk, &format!("DELETE FROM journal WHERE seq = {grade}"));
    found(&desk, &[], &[], &[&format!("journal entry {grade} is missing")]);
    found(&desk, &[], &[], &["rows of scores belong to no journal entry"]);

    let desk = published();
    let drop_it = format!(
        "DELETE FROM scores WHERE entry = {grade}; DELETE FROM gradings WHERE entry = {grade};
         DELETE FROM journal WHERE seq = {grade};
         UPDATE journal SET seq = seq - 1 WHERE seq > {grade};
         UPDATE imports SET entry = entry - 1 WHERE entry > {grade};"
    );
    tamper(&desk, &drop_it);
    found(&desk, &[], &[], &[&format!("journal entry {grade}"), "one before it was removed"]);
}

#[test]
fn entries_in_another_order_are_found() {
    let desk = published();
    let swap = "UPDATE journal SET seq = -1 WHERE seq = 2; UPDATE journal SET seq = 2 WHERE seq = 3;
                UPDATE journal SET seq = 3 WHERE seq = -1;
                UPDATE imports SET entry = 5 - entry WHERE entry IN (2, 3);";
    tamper(&desk, swap);
    found(&desk, &[], &[], &["journal entry 2", "stands in the place of entry 3", "reordered"]);
}

#[test]
fn an_end_that_was_cut_off_is_found_by_a_slip_alone() {
    let desk = published();
    let slip = code_of(&desk, None);
    let last = desk.open().head(None).unwrap().head.sequence;
    let seen = look(&desk, &slip, &[]);
    assert!(seen.holds());
    assert_eq!(seen.proved_to, Some(last));
    let freeze = entry_of(&desk, "freeze");
    cut(&desk, freeze);
    let seen = look(&desk, &[], &[]);
    assert!(seen.holds() && seen.proved_to.is_none(), "nothing in the file tells: {:?}", messages(&seen));
    let words = format!("the journal ends at entry {freeze}: its end was cut off");
    found(&desk, &slip, &[], &[&format!("entry {last}"), &words]);
}

#[test]
fn an_end_that_was_cut_off_and_written_anew_is_found_by_a_slip() {
    let desk = published();
    let (slip, freeze) = (code_of(&desk, None), entry_of(&desk, "freeze"));
    let early = code_of(&desk, Some(freeze));
    cut(&desk, freeze);
    // The same acts once more, with other practical scores: a journal that holds together, as long as before.
    let mut session = work(&desk);
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "95")).collect();
    desk.import_practical(&mut session, &practical);
    desk.publish(&mut session, None).unwrap();
    drop(session);
    assert!(look(&desk, &[], &[]).holds());
    let both: Vec<Slip> = early.iter().chain(&slip).cloned().collect();
    let last = slip[0].code.sequence();
    found(
        &desk,
        &both,
        &[],
        &[
            &format!("journal entry {last} is not the one on the slip"),
            &format!("after entry {freeze} and up to {last}"),
        ],
    );
    assert_eq!(
        look(&desk, &both, &[]).proved_to,
        Some(freeze),
        "what the earlier slip proves is still proved"
    );
}

#[test]
fn a_whole_record_made_anew_and_signed_with_another_key_is_found() {
    let supervisor = Identity::generate("李督导").unwrap();
    let known = [supervisor.person().clone()];
    let desk = published();
    let mut session = work(&desk);
    let signed = session.sign_head(&supervisor, "supervisor").unwrap();
    assert_eq!((signed.entry.kind.as_str(), signed.signatures.len()), ("publish", 1));
    let text = session.head_slip(None).unwrap().text;
    drop(session);
    let slips = slips_of(text.as_bytes()).unwrap();
    let seen = look(&desk, &slips, &known);
    assert!(seen.holds() && seen.signatures[0].vouched, "{:?}", messages(&seen));

    // The same exam, the same cards but one, the same acts and names; the forger has a key of their own.
    let mut cards = everybody();
    cards[0].right = 100;
    let desk = desk.anew(&cards);
    let mut session = work(&desk);
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "80")).collect();
    desk.import_practical(&mut session, &practical);
    desk.publish(&mut session, None).unwrap();
    session.sign_head(&Identity::generate("李督导").unwrap(), "supervisor").unwrap();
    let forged = slips_of(session.head_slip(None).unwrap().text.as_bytes()).unwrap();
    drop(session);
    let seen = look(&desk, &forged, &[]);
    assert!(seen.holds() && !seen.signatures[0].vouched, "by itself it is as good as the other");
    found(&desk, &[], &known, &["李督导", "by a key that was not given"]);
    found(&desk, &forged, &known, &["on the slip", "李督导", "none of the keys"]);
    found(&desk, &slips, &[], &["is not the one on the slip"]);
}

#[test]
fn a_score_that_was_edited_by_hand_is_found() {
    let desk = published();
    let grade = entry_of(&desk, "grade");
    tamper(
        &desk,
        &format!(
            "UPDATE scores SET score = replace(score, '\"points\":', '\"points\":1') WHERE seq = (SELECT MIN(seq) FROM scores WHERE entry = {grade})"
        ),
    );
    found(&desk, &[], &[], &[&format!("journal entry {grade} (grade)"), "scores", "changed by other means"]);
    // The message says where, and not what.
    assert!(messages(&look(&desk, &[], &[])).iter().all(|m| !m.contains("\"points\"")));
}

#[test]
fn a_row_put_in_or_taken_out_by_hand_is_found_in_every_table() {
    let desk = published();
    let identity = &desk.people.supervisor;
    let mut session = work(&desk);
    session.sign_head(identity, "supervisor").unwrap();
    session.recheck(&ticket(1), "第 3 题").unwrap();
    session.sign_recheck(1, identity, &Verdict::Unchanged, "看过").unwrap();
    drop(session);
    assert!(look(&desk, &[], &[]).holds());
    let whole = desk.read("duka.db");
    let tried: Vec<String> = {
        let db = Connection::open(desk.path("duka.db")).unwrap();
        let rows = |table: &String| -> i64 {
            db.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        tables_of(&db).into_iter().filter(|table| table != "derived_state" && rows(table) > 0).collect()
    };
    for table in &tried {
        tamper(&desk, &format!("DELETE FROM {table} WHERE seq = (SELECT MAX(seq) FROM {table})"));
        found(&desk, &[], &[], &[&format!("to {table}"), "rows were removed"]);
        restore(&desk, &whole);
    }
    for needed in [
        "readings",
        "scores",
        "gradings",
        "freezes",
        "imports",
        "head_signatures",
        "rechecks",
        "recheck_signatures",
    ] {
        assert!(tried.iter().any(|t| t == needed), "{needed} was not tried");
    }
    let copy = "INSERT INTO scores (grading, ticket, image, page, score, entry) SELECT grading, '26141040' || '9999', image, 9, score, entry FROM scores LIMIT 1";
    tamper(&desk, copy);
    found(&desk, &[], &[], &["to scores", "rows were put in"]);
    restore(&desk, &whole);
    tamper(&desk, "INSERT INTO resolutions (place, resolution, entry) SELECT '{}', '{}', 999");
    found(&desk, &[], &[], &["resolutions belong to no journal entry"]);
}

/// Puts a copy of the record back.
fn restore(desk: &Desk, bytes: &[u8]) {
    for beside in ["duka.db-wal", "duka.db-shm"] {
        let _ = std::fs::remove_file(desk.path(beside));
    }
    desk.write("duka.db", bytes);
    assert!(look(desk, &[], &[]).holds());
}

#[test]
fn guards_that_were_taken_off_or_added_are_found() {
    let desk = published();
    let db = Connection::open(desk.path("duka.db")).unwrap();
    db.execute_batch("DROP TRIGGER scores_fixed").unwrap();
    found(&desk, &[], &[], &["trigger scores_fixed", "is gone"]);
    db.execute_batch("CREATE TRIGGER scores_fixed BEFORE UPDATE ON scores BEGIN SELECT 1; END").unwrap();
    found(&desk, &[], &[], &["trigger scores_fixed", "not the one"]);
    db.execute_batch("CREATE TRIGGER help AFTER INSERT ON files BEGIN SELECT 1; END").unwrap();
    found(&desk, &[], &[], &["trigger help", "was added"]);
}

#[test]
fn a_changed_exam_and_a_paper_of_another_record_are_told() {
    let desk = published();
    desk.write("exam.toml", crate::common::EXAM.replace("示例市第一", "示例市第二"));
    found(&desk, &[], &[], &["exam.toml is not what is in force"]);
    let entries = look(&desk, &[], &[]).head;
    desk.write("exam.toml", crate::common::EXAM);
    assert_eq!(look(&desk, &[], &[]).head, entries, "looking wrote nothing");
    assert!(look(&desk, &[], &[]).holds());
}

#[test]
fn heads_are_signed_by_several_people_here_and_elsewhere() {
    let (supervisor, custodian) =
        (Identity::generate("李督导").unwrap(), Identity::custodian("张保管").unwrap());
    let desk = published();
    let mut session = work(&desk);
    session.sign_head(&supervisor, "supervisor").unwrap();
    // The same person once more adds nothing.
    let entries = session.journal().unwrap().len();
    session.sign_head(&supervisor, "supervisor").unwrap();
    assert_eq!(session.journal().unwrap().len(), entries);
    let slip = slips_of(session.head_slip(None).unwrap().text.as_bytes()).unwrap().remove(0);
    let elsewhere = sign_slip(&slip, &custodian, "custodian", "2026-11-21T13:00:00+08:00").unwrap();
    session.add_head_signature(&elsewhere).unwrap();
    let head = session.head(None).unwrap();
    assert_eq!(head.entry.kind, "publish", "both are under the act, not under each other");
    let names: Vec<_> = head.signatures.iter().map(|s| s.person.name().to_owned()).collect();
    assert_eq!(names, ["李督导", "张保管"]);
    let signed = session.journal().unwrap().pop().unwrap();
    assert_eq!(signed.kind, "head-sign");
    assert_eq!(signed.signer, custodian.person().fingerprint().to_string());

    let mut forged = elsewhere.clone();
    forged.person = supervisor.person().clone();
    let error = session.add_head_signature(&forged).unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::Signature(_))), "{error}");
    let other = Slip {
        head: Some((
            slip.head.as_ref().unwrap().0.clone(),
            JournalHead { sequence: 2, hash: Sha256::of(b"other") },
        )),
        ..slip.clone()
    };
    let other = sign_slip(&other, &custodian, "custodian", "now").unwrap();
    let error = session.add_head_signature(&other).unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::OtherHead { sequence: 2 })), "{error}");
    let bare = Slip { head: None, ..slip };
    assert!(matches!(sign_slip(&bare, &custodian, "custodian", "now"), Err(SessionError::BareCode)));
    assert!(matches!(session.sign_head(&supervisor, "two words"), Err(SessionError::Role { .. })));
}

/// A page of a PDF as gray levels at 150 dpi; a picture of it goes to the folder that `DUKA_LOOK` names.
fn page_of(pdf: &[u8], number: usize, name: &str) -> (usize, usize, Vec<u8>) {
    let pdf = Pdf::new(pdf.to_vec()).unwrap();
    let page = &pdf.pages()[number];
    let scale = 150.0 / 72.0;
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
    if let Some(folder) = std::env::var_os("DUKA_LOOK") {
        let rgb: Vec<u8> = pixmap.data().iter().flat_map(|p| [p.r, p.g, p.b]).collect();
        let file = std::fs::File::create(Path::new(&folder).join(format!("{name}.png"))).unwrap();
        let mut encoder = png::Encoder::new(file, u32::from(pixmap.width()), u32::from(pixmap.height()));
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
    }
    (width, height, pixmap.data().iter().map(|p| p.g).collect())
}

#[test]
fn a_slip_carries_its_code_and_its_qr_code_carries_everything() {
    let desk = published();
    let mut session = work(&desk);
    for (name, role) in
        [("李督导", "supervisor"), ("张保管", "custodian"), ("陈保管", "custodian"), ("刘保管", "custodian")]
    {
        let identity = if role == "custodian" {
            Identity::custodian(name).unwrap()
        } else {
            Identity::generate(name).unwrap()
        };
        session.sign_head(&identity, role).unwrap();
    }
    let printed = session.head_slip(None).unwrap();
    assert_eq!(printed.pdf, session.head_slip(None).unwrap().pdf, "the same head gives the same bytes");
    let from_file = slips_of(&printed.pdf).unwrap();
    assert_eq!(from_file[0].code, printed.head.code);
    let (width, height, levels) = page_of(&printed.pdf, 0, "head-slip");
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| levels[y * width + x]);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1);
    let (_, text) = grids[0].decode().unwrap();
    assert_eq!(text, printed.text);
    let slip = slips_of(text.as_bytes()).unwrap().remove(0);
    assert_eq!((slip.code, slip.signatures.len()), (printed.head.code, 4));
    drop(session);
    assert!(look(&desk, &[slip], &[]).holds());
    assert_eq!(slips_of(b"%PDF-1.7 something else"), Err(duka::session::SlipError::Nothing));
}

#[test]
fn acts_wait_for_a_supervisor_and_a_custodian_to_sign() {
    let desk = published();
    let mut session = work(&desk);
    let waiting = |session: &Session| -> Vec<String> {
        let acts = session.acts_to_sign().unwrap();
        assert_eq!(session.status().unwrap().to_sign, acts);
        acts.into_iter().map(|(kind, _)| kind).collect()
    };
    let all = ["freeze", "open", "grade", "grade", "publish"];
    assert_eq!(waiting(&session), all);
    session.sign_head(&desk.people.supervisor, "supervisor").unwrap();
    assert_eq!(waiting(&session), all, "one of them is not enough");
    session.sign_head(&desk.people.reviewer, "custodian").unwrap();
    session.sign_head(&Identity::generate("张保管").unwrap(), "custodian").unwrap();
    assert_eq!(waiting(&session), all, "a word and a name make no custodian");
    session.sign_head(&desk.people.custodians[1], "custodian").unwrap();
    assert_eq!(waiting(&session), [""; 0]);
    desk.grade(&mut session).unwrap();
    assert_eq!(waiting(&session), ["open"], "what was done since");
}

#[test]
fn pictures_read_again_are_what_the_record_says() {
    let desk = published();
    let options = VerifyOptions { reread: true, ..VerifyOptions::default() };
    let again = || verify(&desk.folder(), clock, &options, &mut |_, _| {}).unwrap();
    let all = again().reread.unwrap();
    assert_eq!((all.pages, all.equal), (6, 6));
    std::fs::write(desk.path("scans/01.jpg"), card(1, 3).scan()).unwrap();
    let all = again().reread.unwrap();
    assert_eq!((all.pages, all.without_picture.len()), (5, 1), "another picture is not read in its place");
    // A reading changed together with everything that covers it can't be made here; changed alone, both are found.
    tamper(
        &desk,
        "UPDATE readings SET reading = replace(reading, '\"faint\":', '\"faint\":1') WHERE seq = 2",
    );
    let said = messages(&again());
    assert!(said.iter().any(|m| m.contains("to readings")), "{said:?}");
    assert!(said.iter().any(|m| m.contains("is read otherwise than it is recorded")), "{said:?}");
}

#[test]
fn a_recheck_is_decided_by_two_people_alone() {
    let desk = Desk::with(&everybody(), &[]);
    let (one, two) = (&desk.people.reviewer, &desk.people.supervisor);
    let mut session = work(&desk);
    assert!(matches!(session.recheck(&ticket(1), "x"), Err(SessionError::NotFrozen)));
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    assert!(matches!(session.recheck(&ticket(1), " "), Err(SessionError::NoReason)));
    assert!(matches!(session.recheck(&"9999".parse().unwrap(), "x"), Err(SessionError::NoCard { .. })));
    let opened = session.recheck(&ticket(1), "考生称总分偏低").unwrap();
    assert_eq!((opened.number, &opened.reread), (1, &RereadOutcome::Equal));
    assert!(matches!(session.recheck(&ticket(1), "again"), Err(SessionError::CaseOpen { case: 1, .. })));
    assert!(matches!(session.sign_recheck(1, one, &Verdict::Unchanged, ""), Err(SessionError::NoReason)));

    let signed = session.sign_recheck(1, one, &Verdict::Unchanged, "逐题核对无误").unwrap();
    assert_eq!(signed.state, RecheckState::SignedByOne);
    let error = session.sign_recheck(1, one, &Verdict::Unchanged, "").unwrap_err();
    assert!(error.to_string().contains("it takes two people"), "{error}");
    // A name with another key is nobody of this exam.
    for name in [one.person().name(), "陈复核"] {
        let stranger = Identity::generate(name).unwrap();
        let error = session.sign_recheck(1, &stranger, &Verdict::Unchanged, "").unwrap_err();
        assert!(error.to_string().contains("not a reviewer or supervisor"), "{error}");
    }
    // Two that disagree decide nothing.
    let changed = Verdict::Changed(vec![(1, ItemValue::Value("B".into()))]);
    let status = session.sign_recheck(1, two, &changed, "第 1 题为 B").unwrap();
    assert_eq!(status.state, RecheckState::SignedByOne);
    let status = session.sign_recheck(1, two, &Verdict::Unchanged, "").unwrap();
    assert_eq!((status.state, status.case.signatures.len()), (RecheckState::Unchanged, 3));
    assert!(matches!(
        session.sign_recheck(1, one, &changed, "x"),
        Err(SessionError::CaseClosed { case: 1, .. })
    ));
    drop(session);
    let known = [one.person().clone(), two.person().clone()];
    for signers in [&known[..], &[]] {
        let seen = look(&desk, &[], signers);
        assert!(seen.holds() && seen.signatures.iter().all(|s| s.vouched), "{:?}", messages(&seen));
    }
    found(&desk, &[], &known[..1], &[two.person().name(), "re-check 1", "was not given"]);
}

fn points(session: &Session, n: u16) -> String {
    let results = session.merge().unwrap();
    let transcript = results.transcripts.iter().find(|t| t.candidate.ticket == ticket(n)).unwrap();
    format!("{:?}", transcript.theory)
}

#[test]
fn a_changed_response_waits_for_the_next_grading() {
    let desk = Desk::with(&everybody(), &[]);
    let (one, two) = (&desk.people.reviewer, &desk.people.supervisor);
    let mut session = work(&desk);
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let before = points(&session, 2);
    session.recheck(&ticket(2), "第 71 题").unwrap();
    for (wrong, word) in [
        (vec![], "no item is named"),
        (vec![(71, ItemValue::Value("B".into()))], "item 71 is what it was"),
        (vec![(71, ItemValue::Value("Z".into()))], "its options are"),
        (vec![(999, ItemValue::Blank)], "no place 999"),
    ] {
        let error = session.sign_recheck(1, one, &Verdict::Changed(wrong), "x").unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    let verdict =
        |order: [u16; 2]| Verdict::Changed(order.map(|i| (i, ItemValue::Value("A".into()))).to_vec());
    session.sign_recheck(1, one, &verdict([71, 72]), "擦痕误读为涂点").unwrap();
    let status = session.sign_recheck(1, two, &verdict([72, 71]), "第 71、72 题橡皮痕迹").unwrap();
    assert_eq!(status.state, RecheckState::AwaitingRegrade);
    assert_eq!(points(&session, 2), before, "nothing counts before the key is opened again");
    let slip = session.recheck_slip(1).unwrap();
    for page in 0..3 {
        let (_, _, levels) = page_of(&slip, page, &format!("recheck-{}", page + 1));
        assert!(levels.iter().filter(|&&l| l < 128).count() > 5000, "page {page} is empty");
    }
    let graded = desk.grade(&mut session).unwrap();
    assert!(graded.papers.iter().any(|p| p.sheets > 0));
    assert_ne!(points(&session, 2), before);
    assert_eq!(session.rechecks().unwrap()[0].state, RecheckState::Regraded);
    // Once more changes nothing.
    let gradings =
        |session: &Session| session.journal().unwrap().iter().filter(|entry| entry.kind == "grade").count();
    let before = gradings(&session);
    desk.grade(&mut session).unwrap();
    assert_eq!(gradings(&session), before);
    drop(session);
    let seen = look(&desk, &[], &[]);
    assert!(seen.holds(), "{:?}", messages(&seen));
}

#[test]
fn a_record_that_is_not_its_picture_cant_be_called_unchanged() {
    let desk = Desk::with(&everybody(), &[]);
    let one = &desk.people.reviewer;
    work(&desk).freeze().unwrap();
    // Somebody made the record say that item 1 was left blank.
    let db = Connection::open(desk.path("duka.db")).unwrap();
    let text: String =
        db.query_row("SELECT reading FROM readings WHERE seq = 1", [], |row| row.get(0)).unwrap();
    drop(db);
    let mut reading: Value = serde_json::from_str(&text).unwrap();
    let items = reading["fields"].as_array_mut().unwrap().iter_mut().find(|f| f["name"] == "items").unwrap();
    for mark in items["positions"][0]["marks"].as_array_mut().unwrap() {
        for state in 4..7 {
            mark[state] = "e".into();
        }
    }
    tamper(&desk, &format!("UPDATE readings SET reading = '{reading}' WHERE seq = 1"));
    let whose = reading_ticket(&desk);
    let mut session = work(&desk);
    let opened = session.recheck(&whose, "第 1 题").unwrap();
    let RereadOutcome::Differs(places) = opened.reread else { panic!("{:?}", opened.reread) };
    assert_eq!((places.len(), places[0].place.as_str()), (1, "items 1"));
    assert_eq!((places[0].recorded.as_str(), places[0].found.as_str()), ("–", "A"));
    let error = session.sign_recheck(1, one, &Verdict::Unchanged, "x").unwrap_err();
    assert!(
        error.to_string().contains("can't end unchanged") && error.to_string().contains("items 1"),
        "{error}"
    );

    let gone = ticket(if whose == ticket(3) { 4 } else { 3 });
    for n in 1..=CANDIDATES {
        std::fs::remove_file(desk.path(&format!("scans/{n:02}.jpg"))).unwrap();
    }
    assert!(matches!(session.recheck(&gone, "x"), Err(SessionError::PictureGone { .. })));
    for n in 1..=CANDIDATES {
        desk.write(&format!("scans/{n:02}.jpg"), b"another picture");
    }
    assert!(matches!(session.recheck(&gone, "x"), Err(SessionError::PictureChanged { .. })));
}

/// Whose the first reading of the record is.
fn reading_ticket(desk: &Desk) -> duka::sheet::TicketNumber {
    let db = Connection::open(desk.path("duka.db")).unwrap();
    let text: String =
        db.query_row("SELECT ticket_read FROM readings WHERE seq = 1", [], |row| row.get(0)).unwrap();
    text.parse().unwrap()
}

#[test]
fn a_list_opens_all_of_its_cases_or_none() {
    let desk = Desk::with(&everybody(), &[]);
    let mut session = work(&desk);
    session.freeze().unwrap();
    let list = |rows: &str| desk.write("list.csv", format!("准考证号,理由\n{rows}"));
    let bad = list(&format!("{},漏判\n{},错判\n", ticket(1), "261410409999"));
    let error = session.recheck_list(&bad, None).unwrap_err();
    assert!(error.to_string().contains("row 3") && error.to_string().contains("261410409999"), "{error}");
    let twice = list(&format!("{0},漏判\n{0},错判\n", ticket(1)));
    assert!(session.recheck_list(&twice, None).unwrap_err().to_string().contains("is there twice"));
    assert!(session.rechecks().unwrap().is_empty());
    let good = list(&format!("{},漏判\n{},\n", ticket(1), ticket(2)));
    assert!(session.recheck_list(&good, None).is_err(), "a row without a reason");
    let opened = session.recheck_list(&good, Some("集中复核")).unwrap();
    assert_eq!(opened.iter().map(|o| o.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(session.rechecks().unwrap()[1].case.opened.reason, "集中复核");
}

fn duka(desk: &Desk) -> Command {
    let mut command = Command::cargo_bin("duka").unwrap();
    command.arg("--session").arg(desk.folder()).args(["--by", "赵操作"]);
    command
}

#[test]
fn verify_on_the_command_line() {
    let desk = published();
    let done = duka(&desk).arg("verify").assert().code(0);
    let said = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(said.contains("completeness is unproved"), "{said}");
    let code: HeadCode = desk.open().head(None).unwrap().code;
    let json = |args: &[&str], exit: i32| -> Value {
        let done = duka(&desk).arg("--json").arg("verify").args(args).assert().code(exit);
        serde_json::from_slice(&done.get_output().stdout).unwrap()
    };
    assert_eq!(json(&[], 0)["completeness"], "unproved");
    let proved = json(&["--head", &code.to_string()], 0);
    assert_eq!(proved["completeness"]["proved_to"], code.sequence());
    let slip = desk.path("out/slip.pdf");
    duka(&desk).args(["head", "print", "-o"]).arg(&slip).assert().code(0);
    for file in [slip.clone(), slip.with_extension("txt")] {
        let proved = json(&["--reread", "--head", file.to_str().unwrap()], 0);
        assert_eq!(proved["completeness"]["proved_to"], code.sequence());
        assert_eq!(proved["reread"]["equal"], 6);
    }
    let typed = code.to_string().replacen(['7', '8'], "9", 1);
    if typed != code.to_string() {
        let done = duka(&desk).args(["verify", "--head", &typed]).assert().code(2);
        assert!(String::from_utf8_lossy(&done.get_output().stderr).contains("typing error"));
    }
    tamper(&desk, "UPDATE scores SET ticket = 'X123' WHERE seq = 1");
    let wrong = json(&[], 2);
    assert_eq!(wrong["holds"], false);
    assert_eq!(wrong["findings"][0]["finding"]["what"], "rows-changed");
    assert_eq!(wrong["findings"][0]["finding"]["table"], "scores");
}

#[cfg(unix)]
#[test]
fn a_recheck_on_the_command_line() {
    let desk = published();
    let person = |name: &str, identity: &Identity| {
        let file = identity.to_file(&format!("{name} passphrase").into(), Strength::MadeUp).unwrap();
        desk.write(&format!("{name}.txt"), format!("{}\n", identity.person()));
        desk.write(&format!("{name}.id"), file)
    };
    let one = person("chen", &desk.people.reviewer);
    let two = person("liu", &desk.people.supervisor);
    let stranger = person("wu", &Identity::generate("吴某").unwrap());
    let first = ticket(1);
    duka(&desk).args(["recheck", first.as_str(), "--reason", "漏判"]).assert().code(1);
    let sign = |file: &Path, passphrase: &str, args: &[&str]| {
        let pass = desk.write("pass", passphrase);
        let mut words: Vec<String> =
            ["--session", desk.folder().to_str().unwrap()].iter().map(|w| (*w).to_owned()).collect();
        words.extend(args.iter().map(|w| (*w).to_owned()));
        words.extend(["--passphrase-fd", "3", "--identity", file.to_str().unwrap()].map(str::to_owned));
        let binary = assert_cmd::cargo::cargo_bin("duka");
        Command::new("sh")
            .arg("-c")
            .arg("exec 3< \"$0\"; exec \"$@\"")
            .arg(pass)
            .arg(binary)
            .args(words)
            .assert()
    };
    sign(&one, "wrong", &["recheck", "sign", "1", "--outcome", "unchanged", "--why", "核对"]).code(2);
    sign(&one, "chen passphrase", &["recheck", "sign", "1", "--outcome", "unchanged", "--why", "核对"])
        .code(1);
    sign(&one, "chen passphrase", &["recheck", "sign", "1", "--outcome", "unchanged"]).code(2);
    let refused =
        sign(&stranger, "wu passphrase", &["recheck", "sign", "1", "--outcome", "unchanged"]).code(2);
    assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("not a reviewer or supervisor"));
    sign(&two, "liu passphrase\n", &["recheck", "sign", "1", "--outcome", "unchanged"]).code(0);
    sign(&two, "liu passphrase", &["head", "sign", "--role", "supervisor"]).code(0);
    duka(&desk).args(["recheck", "slip", "1"]).assert().code(0);
    assert!(desk.read("out/recheck-1.pdf").starts_with(b"%PDF"));
    let done = duka(&desk).args(["--json", "recheck", "cases"]).assert().code(0);
    let cases: Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(cases[0]["state"], "unchanged");
    let known = |name: &str| desk.path(&format!("{name}.txt")).to_str().unwrap().to_owned();
    duka(&desk).args(["verify", "--signer", &known("chen"), "--signer", &known("liu")]).assert().code(0);
    duka(&desk).args(["verify", "--signer", &known("chen")]).assert().code(2);
    let done = duka(&desk).arg("journal").assert().code(0);
    let said = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(said.contains("recheck-open") && said.contains("赵操作") && said.contains("head-sign"), "{said}");
}
