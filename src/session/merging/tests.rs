use super::*;
use crate::exam::testing::EXAM;
use crate::exam::{Attempt, Part, RoomRecord, RoomReport, Roster, Ruling};
use crate::grade::Score;
use crate::merge::MergeError;
use crate::practical::{PracticalOutcome, PracticalScore};
use crate::settle::fixture::card;
use crate::sheet::{HandMarks, Sha256, SheetId};
use crate::store::{Extent, FilePart, FileRecord, Grading, PageRecord, Portion, Source};
use std::path::Path;

fn transcript() -> Transcript {
    let candidate = Candidate {
        ticket: "1405".parse().unwrap(),
        name: "张甲".into(),
        sex: "男".into(),
        id_number: "990000199003070013".into(),
        education: String::new(),
        occupation: "电工".into(),
        level: Level::Two,
        attempt: Attempt::First,
        room: "1".parse().unwrap(),
        seat: 1,
        form: None,
        remark: String::new(),
    };
    Transcript {
        candidate,
        theory: PartResult::Scored(Points::from_hundredths(5999)),
        practical: PartResult::Absent,
        review: Some(PartResult::Pending),
        verdict: Verdict::Pending,
        grade: String::new(),
        total: None,
        conflicts: Vec::new(),
        remarks: Vec::new(),
    }
}

fn differences(first: &[Transcript], second: &[SecondResult]) -> Vec<String> {
    let first = first.iter().cloned().collect();
    let mut comparing = Comparing::of(&first);
    for second in second {
        comparing.hold(second);
    }
    comparing.differences()
}

#[test]
fn every_difference_between_the_roads_is_told() {
    let one = transcript();
    let same = as_second(&one);
    assert_eq!(differences(std::slice::from_ref(&one), std::slice::from_ref(&same)), [""; 0]);
    let changes: [fn(&mut SecondResult); 9] = [
        |r| r.theory.hundredths = Some(6000),
        |r| r.theory = SecondPart { state: "absent".into(), hundredths: None },
        |r| r.practical.state = "void".into(),
        |r| r.review = None,
        |r| r.review = Some(SecondPart { state: "void".into(), hundredths: None }),
        |r| r.practical.hundredths = Some(6000),
        |r| r.total = Some(6000),
        |r| r.verdict = "passed".into(),
        |r| r.grade = "合格".into(),
    ];
    for change in changes {
        let mut other = same.clone();
        change(&mut other);
        let found = differences(std::slice::from_ref(&one), &[other]);
        assert!(found.len() == 1 && found[0].starts_with("1405: 理论 59.99, 实操 absent"), "{found:?}");
    }
    assert_eq!(differences(&[one], &[]).len(), 1, "somebody whom the other does not know");
    let stranger = SecondResult { ticket: "1406".into(), ..same };
    assert_eq!(differences(&[], &[stranger]).len(), 1);
}

const AT: &str = "2026-11-21T12:00:00+08:00";

/// Two whole batches and a part of one.
const CANDIDATES: u16 = 4_321;

fn numbered(n: u16) -> TicketNumber {
    format!("{n:04}").parse().unwrap()
}

fn entered(n: u16) -> Candidate {
    let (occupation, level) =
        if n.is_multiple_of(3) { ("焊工", Level::Five) } else { ("电工", Level::Four) };
    Candidate {
        ticket: numbered(n),
        occupation: occupation.into(),
        level,
        room: format!("0{}", 1 + n % 3).parse().unwrap(),
        seat: n / 3 + 1,
        ..transcript().candidate
    }
}

fn source() -> Source {
    Source { file: "test".into(), sha256: Sha256::of(b"test") }
}

/// Whose card came in.
fn has_card(n: u16) -> bool {
    n.is_multiple_of(40) || n > CANDIDATES - 3
}

/// A session in `folder` of which every batch has something of everything: cards that are graded and others, people who are absent
/// with and without answers, a violation, rulings, and practical scores.
fn session(folder: &Path) -> Session {
    Session::create(folder).unwrap();
    std::fs::write(folder.join("exam.toml"), EXAM).unwrap();
    let mut session = Session::open(folder, || AT.into()).unwrap();
    let store = &mut session.store;
    let candidates = (1..=CANDIDATES).map(entered).map(|c| (c.ticket.clone(), c)).collect();
    store.import_roster(&Roster { candidates }, &source(), AT).unwrap();
    for room in 0..3 {
        let of_room = |n: &u16| n % 3 == room;
        let present = |n: &u16| has_card(*n) && !n.is_multiple_of(200);
        let absent = |n: &u16| !present(n) && !n.is_multiple_of(777);
        let record = RoomRecord {
            room: format!("0{}", 1 + room).parse().unwrap(),
            present: (1..=CANDIDATES).filter(of_room).filter(present).map(numbered).collect(),
            absent: (1..=CANDIDATES).filter(of_room).filter(absent).map(numbered).collect(),
            violations: BTreeMap::from([(numbered(120 + room), "该科目成绩无效".into())]),
            report: RoomReport::default(),
        };
        store.import_room(&record, &source(), AT).unwrap();
    }
    let mut portion = Portion::default();
    for n in (1..=CANDIDATES).filter(|n| has_card(*n)) {
        let answers = if n.is_multiple_of(400) { ["eeee"; 3] } else { ["feee", "efee", "eefe"] };
        let reading = card(&n.to_string(), &format!("{n:04}"), "fe", "ee", answers);
        portion.files.push(FilePart {
            file: FileRecord {
                path: format!("scans/{n}.jpg"),
                image: reading.sheet.image,
                bytes: 1,
                pages: 1,
            },
            engine: reading.engine.clone(),
            extent: Extent::Whole,
            pages: vec![PageRecord::Read { ticket: Some(format!("{n:04}")), reading }],
            original: None,
        });
    }
    store.record_portion(&portion, AT).unwrap();
    let rulings = [
        (40, Ruling::Deduction { part: Part::Theory, points: Points::whole(30), reason: "迟到".into() }),
        (80, Ruling::Void { part: Part::Practical, reason: "替考".into() }),
        (81, Ruling::CarriedOver { part: Part::Theory, score: None, source: "第 1 号".into() }),
        (CANDIDATES, Ruling::CarriedOver { part: Part::Theory, score: None, source: "第 1 号".into() }),
    ];
    let rulings = Rulings(rulings.into_iter().map(|(n, ruling)| (numbered(n), vec![ruling])).collect());
    store.import_rulings(&rulings, &source(), AT).unwrap();
    let freeze = store.freeze(AT).unwrap().hash;
    for (paper, welder) in [("electrician-4", false), ("welder-5", true)] {
        let graded = |n: &u16| has_card(*n) && n.is_multiple_of(3) == welder && !n.is_multiple_of(200);
        let scores = (1..=CANDIDATES).filter(graded).map(|n| SheetScore {
            ticket: numbered(n),
            sheet: SheetId { image: Sha256::of(n.to_string().as_bytes()), page: 1 },
            score: Score {
                paper: paper.parse().unwrap(),
                form: "A".parse().unwrap(),
                key_revision: 1,
                points: Points::whole(i64::from(n % 101)),
                out_of: Points::whole(100),
                exact: None,
                right: 1,
                partial: 0,
                wrong: 2,
                blank: 0,
                voided: 0,
                hand: HandMarks::new(),
            },
        });
        let grading = Grading {
            freeze,
            paper: paper.parse().unwrap(),
            form: "A".parse().unwrap(),
            key_revision: 1,
            key_file: Sha256::of(b"sealed"),
        };
        store.record_grading(&grading, &scores.collect::<Vec<_>>(), AT).unwrap();
    }
    // In no order.
    let scored = |n: u16| PracticalScore {
        ticket: numbered(n),
        outcome: match n % 7 {
            0 => PracticalOutcome::Absent,
            1 => PracticalOutcome::Void,
            _ => PracticalOutcome::Scored(Points::whole(i64::from(n % 101))),
        },
    };
    let scores: Vec<_> = (1..=CANDIDATES).rev().filter(|n| n % 11 > 0).map(scored).collect();
    store.import_practical(&scores, &source(), AT).unwrap();
    session
}

#[test]
fn in_batches_everybody_comes_to_what_they_come_to_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let whole = session.merge_whole().unwrap();
    let batches = session.merge_in_batches().unwrap().expect("the view does");
    assert_eq!(batches.transcripts.len(), usize::from(CANDIDATES));
    assert_eq!(batches, whole);
    // All that it is to tell apart is there.
    let seen = |part: fn(&Transcript) -> bool| batches.transcripts.iter().filter(part).count();
    assert!(seen(|t| matches!(t.theory, PartResult::Scored(_))) > 50);
    assert!(seen(|t| t.theory == PartResult::Absent) > 4_000);
    assert!(seen(|t| t.theory == PartResult::Void) >= 1);
    assert!(
        seen(|t| matches!(t.theory, PartResult::Carried(_))) == 1 && seen(|t| !t.conflicts.is_empty()) >= 1
    );
    assert!(seen(|t| t.theory == PartResult::Pending && !t.candidate.ticket.as_str().ends_with("00")) > 0);
    assert!(batches.open_exceptions > 0 && batches.rooms.iter().any(|room| !room.holds()));
    for verdict in [Verdict::Passed, Verdict::Failed, Verdict::Pending] {
        assert!(batches.transcripts.iter().any(|t| t.verdict == verdict), "{verdict:?}");
    }
}

#[test]
fn what_contradicts_itself_is_told_of_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path());
    let strangers = [numbered(0), numbered(CANDIDATES + 1)];
    let mut scores = session.store.practical().unwrap();
    scores.extend(strangers.iter().map(|ticket| PracticalScore {
        ticket: ticket.clone(),
        outcome: PracticalOutcome::Scored(Points::whole(60)),
    }));
    session.store.import_practical(&scores, &source(), AT).unwrap();
    assert!(session.merge_in_batches().unwrap().is_none());
    let told = session.merge().unwrap_err();
    let SessionError::Merge(MergeError::Unknown { tickets, .. }) = told else { panic!("{told:?}") };
    assert_eq!(tickets, strangers);
}

#[test]
fn nobody_is_no_roster() {
    let folder = tempfile::tempdir().unwrap();
    Session::create(folder.path()).unwrap();
    std::fs::write(folder.path().join("exam.toml"), EXAM).unwrap();
    let session = Session::open(folder.path(), || AT.into()).unwrap();
    assert!(matches!(session.merge(), Err(SessionError::NoRoster)));
}

#[test]
fn a_view_changed_by_other_means_decides_nothing_that_leaves_the_house() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let results = session.merge().unwrap();
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(folder.path().join("duka.db")).unwrap();
        assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
    };
    for sql in [
        "UPDATE derived_candidates SET candidate = replace(candidate, '张甲', '李乙') WHERE ticket < '0100'",
        "UPDATE derived_candidates SET answered = NULL WHERE ticket = '0200'",
        "DELETE FROM derived_open",
        "UPDATE derived_rooms SET balance = 'null'",
        "DELETE FROM derived_candidates WHERE ticket > '4000'",
    ] {
        change(sql);
        assert_eq!(session.merge_anew().unwrap(), results, "{sql}");
    }
    change("UPDATE derived_candidates SET candidate = '{' WHERE ticket = '3000'");
    assert_eq!(session.merge().unwrap(), results, "what can't be read is asked of the record");
}

#[test]
fn facts_that_are_not_what_was_read_are_found_and_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let results = session.merge().unwrap();
    // Answers on cards of people who are recorded absent.
    let connection = rusqlite::Connection::open(folder.path().join("duka.db")).unwrap();
    let sql = "UPDATE derived_sheets SET facts = replace(facts, '\"answered\":3', '\"answered\":0')";
    connection.execute(sql, []).unwrap();
    assert_ne!(session.merge_anew().unwrap(), results);
    assert!(matches!(session.verify(), Err(SessionError::ViewBroken)));
    assert_eq!(session.merge_anew().unwrap(), results);
    session.verify().unwrap();
}
