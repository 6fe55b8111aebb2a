//! Room records, rulings and what the stacks say, from the files to the papers.

use crate::common::{CANDIDATES, Desk, Filled, card, scan, ticket, workbook};
use duka::exam::{RoomReport, RoomSaid, VoidedCard};
use duka::merge::{ConflictKind, Verdict};
use duka::session::{Session, SessionError};
use std::fmt::Write as _;

/// The kinds of what is open, with the candidate's place in the roster as far as it is known.
fn open(session: &Session) -> Vec<String> {
    let kind = |open: duka::session::Open| {
        let n = (1..=CANDIDATES).find(|n| open.exception.ticket == Some(ticket(*n)));
        let n = n.map_or_else(String::new, |n| format!(" {n}"));
        format!("{}{n}", open.exception.exception.cause.kind())
    };
    let found = session.open_exceptions().unwrap();
    // The view is kept sheet by sheet; it must say the same as everything asked anew.
    let mut whole: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for open in &found {
        *whole.entry(open.exception.exception.cause.kind().to_owned()).or_default() += 1;
    }
    assert_eq!(session.status().unwrap().open, whole);
    found.into_iter().map(kind).collect()
}

/// A session with a roster, cards in this order in one folder, and everybody recorded present but `absent`.
fn stacked(cards: &[Filled], absent: &[u16]) -> (Desk, Session) {
    let desk = Desk::with(cards, absent);
    let session = desk.open();
    (desk, session)
}

fn rulings(desk: &Desk, session: &mut Session, rows: &[(u16, &str)]) -> Result<Vec<String>, SessionError> {
    let mut text = "准考证号,姓名,特殊情况,科目,分值,依据,备注\n".to_owned();
    let roster = session.roster().unwrap();
    for (n, rest) in rows {
        writeln!(text, "{},{},{rest}", ticket(*n), roster.candidates[&ticket(*n)].name).unwrap();
    }
    let path = desk.write("rulings.csv", text);
    session.import_rulings(&[path]).map(|done| done.changes)
}

#[test]
fn a_seat_that_the_stack_skips_is_told_with_both_neighbours_pictures() {
    let cards: Vec<_> = [1, 3, 4, 5, 6].map(|n| card(n, 70)).to_vec();
    let (desk, mut session) = stacked(&cards, &[]);
    assert_eq!(open(&session), ["stack-gap 2"]);
    let exported = session.export_exceptions(&desk.path("review")).unwrap();
    assert_eq!((exported.exceptions, exported.crops), (1, 2));
    let list = String::from_utf8(desk.read("review/exceptions.csv")).unwrap();
    assert!(list.contains("crops/E0001.png; crops/E0001-2.png"), "{list}");
    // Its card turns up in another folder.
    std::fs::create_dir_all(desk.path("more")).unwrap();
    desk.write("more/x.jpg", card(2, 70).scan());
    scan(&mut session, &desk.path("more"));
    assert_eq!(open(&session), [""; 0]);
}

#[test]
fn files_lie_in_the_order_of_their_numbers_whatever_their_digits() {
    let (desk, mut session) = stacked(&[], &[]);
    for (file, n) in (9..).zip([1, 3, 4, 5, 6]) {
        desk.write(&format!("scans/Scan {file}.jpg"), card(n, 70).scan());
    }
    scan(&mut session, &desk.path("scans"));
    assert_eq!(open(&session), ["stack-gap 2"]);
    session.verify().unwrap();
}

#[test]
fn a_page_that_comes_to_lie_in_the_gap_is_looked_at_first() {
    let cards: Vec<_> = [1, 3, 4, 5, 6].map(|n| card(n, 70)).to_vec();
    let (desk, mut session) = stacked(&cards, &[]);
    assert_eq!(open(&session), ["stack-gap 2"]);
    // 01.jpg and 02.jpg are the neighbours; this lies between them and is nobody's.
    desk.write("scans/01b.jpg", Filled { ticket: "999999999999".into(), ..card(2, 70) }.scan());
    scan(&mut session, &desk.path("scans"));
    assert_eq!(open(&session), ["sheet-missing 2", "ticket-unknown"]);
}

#[test]
fn a_card_in_the_folder_of_another_room_is_held() {
    let (desk, mut session) = stacked(&[], &[]);
    for (folder, numbers) in [("101", [1, 2, 6]), ("102", [4, 5, 3])] {
        std::fs::create_dir_all(desk.path("scans").join(folder)).unwrap();
        for n in numbers {
            desk.write(&format!("scans/{folder}/{n}.jpg"), card(n, 70).scan());
        }
    }
    scan(&mut session, &desk.path("scans"));
    let mut found = open(&session);
    found.sort();
    assert_eq!(found, ["other-room 3", "other-room 6"]);
    assert!(session.freeze().is_err(), "nothing is closed over an open exception");
}

#[test]
fn a_voided_card_is_held_and_a_record_by_command_is_checked() {
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let (_desk, mut session) = stacked(&cards, &[]);
    let said = |report: RoomReport| RoomSaid { room: "101".into(), report, ..RoomSaid::default() };
    let voided = VoidedCard { ticket: Some(ticket(2)), serial: String::new(), reason: "污损".into() };
    let report = RoomReport { spare: Some(1), voided: [voided.clone()].into(), ..RoomReport::default() };
    let entries = session.journal().unwrap().len();
    let error = session.record_room(said(RoomReport { spare: Some(0), ..report.clone() })).unwrap_err();
    assert_eq!(error.to_string(), "room 101: 备用卡 is 0, but 1 cards were voided");
    assert!(error.hint().is_some());
    assert_eq!(session.journal().unwrap().len(), entries, "nothing was taken in");
    let done = session.record_room(said(report)).unwrap();
    assert_eq!(done.changes, ["room 101: 备用卡 — → 1".to_owned(), format!("room 101: 作废卡 — → {voided}")]);
    assert_eq!(open(&session), ["voided-card 2"]);
}

#[test]
fn rulings_reach_the_score_report_and_a_new_version_says_what_is_different() {
    // Number 2 has passed theory before and retakes practical; number 4 has no card and is ruled absent.
    let cards: Vec<_> = [1, 3, 5, 6].map(|n| card(n, 70)).to_vec();
    let (desk, mut session) = stacked(&cards, &[2, 4]);
    let first = [
        (1, "扣分,理论,10.5,,迟到"),
        (2, "成绩保留,理论,82.5,2026年第1批,"),
        (2, "补考,实操,,,"),
        (3, "成绩无效,理论,,,雷同"),
        (4, "缺考,理论,,,"),
        (5, "全部科目成绩无效,,,,替考"),
    ];
    assert_eq!(rulings(&desk, &mut session, &first).unwrap().len(), 6);
    assert_eq!(open(&session), [""; 0]);
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "80")).collect();
    desk.import_practical(&mut session, &practical);
    let (paths, results) = session.publish(&desk.path("out")).unwrap();
    assert!(!results.is_draft());
    let report =
        paths.iter().find(|p| p.file_name().unwrap().to_str().unwrap().contains("成绩单.xlsx")).unwrap();
    let rows = workbook(&std::fs::read(report).unwrap());
    let row = |n: u16| {
        let row = rows.iter().find(|row| row.contains(&ticket(n).to_string())).unwrap();
        row.iter().filter(|cell| !cell.is_empty()).skip(5).cloned().collect::<Vec<_>>().join(" ")
    };
    let graded = |n: u16| results.transcripts.iter().find(|t| t.candidate.ticket == ticket(n)).unwrap();
    assert_eq!(row(1), "59.4 80 不合格 理论扣 10.5 分：迟到");
    assert_eq!(row(2), "82.5（保留） 80 良好 理论成绩保留（2026年第1批）；补考实操");
    assert_eq!(row(3), "成绩无效 80 不合格 雷同，理论成绩无效");
    assert_eq!(row(4), "缺考 80 不合格 理论缺考");
    assert_eq!(row(5), "成绩无效 成绩无效 不合格 替考，全部科目成绩无效");
    assert_eq!(graded(6).verdict, Verdict::Passed);
    // After the freeze a ruling can still be corrected; the two sides that then differ hold the candidate.
    let told = rulings(&desk, &mut session, &[(1, "正常,,,,"), (6, "成绩保留,理论,,第 3 号,")]).unwrap();
    assert!(told.contains(&format!("{}: no more 理论扣 10.5 分：迟到", ticket(1))), "{told:?}");
    assert!(told.contains(&format!("{}: now 理论成绩保留（第 3 号）", ticket(6))), "{told:?}");
    let results = session.merge().unwrap();
    assert!(results.is_draft());
    let held = results.transcripts.iter().find(|t| t.candidate.ticket == ticket(6)).unwrap();
    assert_eq!((held.verdict, held.conflicts[0].kind), (Verdict::Pending, ConflictKind::CarriedButSat));
    let (paths, _) = session.publish(&desk.path("draft")).unwrap();
    let draft = workbook(&std::fs::read(&paths[0]).unwrap()).concat().concat();
    assert!(draft.contains("成绩保留，但又有到考记录、答题、成绩或其他认定：1 人"), "it is in 未结事项");
}

#[test]
fn a_wrong_table_of_rulings_leaves_the_record_as_it_was() {
    let (desk, mut session) = stacked(&[], &[]);
    rulings(&desk, &mut session, &[(1, "缺考,理论,,,")]).unwrap();
    let (before, entries) = (session.rulings().unwrap(), session.journal().unwrap().len());
    for bad in ["请假,理论,,,", "扣分,理论,,,迟到", "成绩保留,理论,50,第1批,", "缺考,,,,", ",,,,"]
    {
        let error = rulings(&desk, &mut session, &[(2, "缺考,理论,,,"), (3, bad)]).unwrap_err();
        assert!(error.to_string().contains("rulings.csv: row 3, column "), "{error}");
        assert!(error.hint().is_some());
    }
    assert_eq!((session.rulings().unwrap(), session.journal().unwrap().len()), (before, entries));
}

#[test]
fn a_card_of_somebody_who_passed_theory_before_is_held() {
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let (desk, mut session) = stacked(&cards, &[]);
    rulings(&desk, &mut session, &[(2, "成绩保留,理论,,2026年第1批,")]).unwrap();
    assert_eq!(open(&session), ["not-sitting 2"]);
    assert!(session.freeze().is_err());
}
