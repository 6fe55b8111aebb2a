//! Results are computed twice, by two roads that share no code. Made-up exams near every limit: both must come to the same.

use crate::common::{CANDIDATES, Desk, card, id_number, ticket};
use duka::exam::{
    Attempt, Candidate, Exam, GradeRule, Level, LevelRules, Occupation, Part, RoomRecord, Roster, Rules,
    Ruling, Rulings, ViolationRule,
};
use duka::grade::Score;
use duka::merge::{MergeInput, PartResult, TheoryResult, Transcript, Verdict, merge};
use duka::practical::{PracticalOutcome, PracticalScore};
use duka::session::SessionError;
use duka::sheet::{Form, Points, Rounding, RoundingRule, Sha256, SheetId, TicketNumber};
use duka::store::{
    Extent, FilePart, FileRecord, Grading, PageRecord, Portion, SecondResult, SheetScore, Source, Store,
};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

const AT: &str = "2026-11-21T12:00:00+08:00";

/// Points at and beside every limit that rules have.
const POINTS: [i64; 14] = [0, 1, 5499, 5500, 5999, 6000, 6001, 7050, 7999, 8000, 9499, 9500, 9999, 10_000];

const WORDS: [&str; 4] = ["携带手机", "抄袭，该科目成绩无效", "替考，全部科目成绩无效", ""];

/// An exam with everything that makes results.
struct World {
    exam: Exam,
    roster: Roster,
    rooms: Vec<RoomRecord>,
    practical: Vec<PracticalScore>,
    scores: BTreeMap<TicketNumber, Score>,
    rulings: Rulings,
}

fn points(rng: &mut ChaCha8Rng) -> Points {
    Points::from_hundredths(*POINTS.choose(rng).unwrap())
}

fn number(n: usize) -> TicketNumber {
    format!("2614{n:05}").parse().unwrap()
}

/// Any rules for a level: some parts, lines near those of the exam, rounding by any rule, a total or none.
fn level_rules(level: Level, rng: &mut ChaCha8Rng) -> LevelRules {
    let mut parts: Vec<Part> = Part::ALL.into_iter().filter(|_| rng.random_range(0..4) > 0).collect();
    if parts.is_empty() {
        parts.push(Part::Practical);
    }
    let pass_lines: BTreeMap<Part, Points> = parts
        .iter()
        .map(|part| (*part, Points::from_hundredths(*[6000, 5500, 7050, 6001].choose(rng).unwrap())))
        .collect();
    let least = *pass_lines.values().min().unwrap();
    let rounding = rng.random::<bool>().then(|| Rounding {
        rule: RoundingRule::WORDS.choose(rng).unwrap().1,
        step: Points::from_hundredths(*[1, 5, 10, 30, 50, 100, 700].choose(rng).unwrap()),
    });
    let total = match &parts[..] {
        [one] if rng.random() => BTreeMap::from([(*one, 100)]),
        [one, other] if rng.random() => BTreeMap::from([(*one, 37), (*other, 63)]),
        [one, .., last] if rng.random() => BTreeMap::from([(*one, 40), (*last, 60)]),
        _ => BTreeMap::new(),
    };
    let grades = vec![
        GradeRule { name: "优秀".into(), least: Points::whole(95) },
        GradeRule { name: "合格".into(), least },
    ];
    LevelRules { level, pass_lines, grades, rounding, total }
}

/// Any rulings, also those that no table would be let in with.
fn any_rulings(rng: &mut ChaCha8Rng) -> Vec<Ruling> {
    let mut out: Vec<Ruling> = Vec::new();
    while rng.random_range(0..3) > 0 && out.len() < 4 {
        let part = *Part::ALL.choose(rng).unwrap();
        let reason = "雷同".to_owned();
        out.push(match rng.random_range(0..10) {
            0 => Ruling::Absent { part, reason },
            1 => Ruling::Void { part, reason },
            2 if rng.random() => Ruling::AllVoid { reason },
            3..5 => Ruling::Deduction {
                part,
                points: Points::from_hundredths(*[1, 100, 1000, 9999].choose(rng).unwrap()),
                reason,
            },
            5..8 => Ruling::CarriedOver {
                part,
                score: rng.random::<bool>().then(|| points(rng)),
                source: "2026年第1批".into(),
            },
            _ => Ruling::Retake { part, reason },
        });
    }
    out.sort();
    out
}

#[allow(clippy::too_many_lines)] // everything that makes results, once
fn world(seed: u64) -> World {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rng = &mut rng;
    let mut exam = Exam::parse(crate::common::EXAM, "exam.toml").unwrap();
    let levels = [Level::Five, Level::Four, Level::Three, Level::Two, Level::One];
    let paper = exam.occupations[0].paper.clone();
    exam.occupations = levels
        .iter()
        .map(|&level| Occupation {
            name: "电工".into(),
            level,
            paper: paper.clone(),
            practical: None,
            review: None,
        })
        .collect();
    let pass_line = Points::from_hundredths(*[6000, 5500, 7050].choose(rng).unwrap());
    let grade = |name: &str, least| GradeRule { name: name.into(), least };
    exam.rules = Rules {
        pass_line,
        grades: vec![
            grade("优秀", Points::whole(95)),
            grade("良好", Points::whole(80)),
            grade("合格", pass_line),
        ],
        violation: if rng.random() { ViolationRule::SubjectVoid } else { ViolationRule::AllVoid },
        ..exam.rules
    };
    for level in levels {
        if rng.random() {
            exam.rules.levels.push(level_rules(level, rng));
        }
    }
    let mut rulings = Rulings::default();
    let (mut candidates, mut practical, mut scores) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    let mut rooms: Vec<RoomRecord> = ["101", "102", "103"]
        .map(|room| RoomRecord {
            room: room.parse().unwrap(),
            present: BTreeSet::new(),
            absent: BTreeSet::new(),
            violations: BTreeMap::new(),
            report: duka::exam::RoomReport::default(),
        })
        .to_vec();
    for n in 0..60 {
        let ticket = number(n);
        let own = rng.random_range(0..rooms.len());
        candidates.insert(
            ticket.clone(),
            Candidate {
                ticket: ticket.clone(),
                name: "张甲".into(),
                sex: "男".into(),
                id_number: id_number(1, true),
                education: String::new(),
                occupation: "电工".into(),
                level: *levels.choose(rng).unwrap(),
                attempt: Attempt::First,
                room: rooms[own].room.clone(),
                seat: 1,
                form: None,
                remark: String::new(),
            },
        );
        let ruled = if rng.random_range(0..3) == 0 { any_rulings(rng) } else { Vec::new() };
        if !ruled.is_empty() {
            rulings.0.insert(ticket.clone(), ruled);
        }
        // Some sit in another room than their own, some are absent, some broke the rules, of some nothing is known.
        let fate = rng.random_range(0..10);
        if (1..3).contains(&fate) {
            rooms[own].absent.insert(ticket.clone());
        } else if fate > 2 {
            rooms[own].present.insert(ticket.clone());
        }
        if fate == 2 {
            let other = (own + 1) % rooms.len();
            rooms[other].present.insert(ticket.clone());
        }
        for _ in 0..2 {
            if rng.random_range(0..8) == 0 {
                let place = rng.random_range(0..rooms.len());
                rooms[place].violations.insert(ticket.clone(), (*WORDS.choose(rng).unwrap()).to_owned());
            }
        }
        match rng.random_range(0..10) {
            0 => {}
            1 => practical.push(PracticalScore { ticket: ticket.clone(), outcome: PracticalOutcome::Absent }),
            2 => practical.push(PracticalScore { ticket: ticket.clone(), outcome: PracticalOutcome::Void }),
            _ => {
                let outcome = PracticalOutcome::Scored(points(rng));
                practical.push(PracticalScore { ticket: ticket.clone(), outcome });
            }
        }
        if rng.random_range(0..6) > 0 {
            let blank = rng.random_range(0..8) == 0;
            scores.insert(
                ticket,
                Score {
                    paper: paper.clone(),
                    form: ["A", "B"].choose(rng).unwrap().parse().unwrap(),
                    key_revision: 1,
                    points: points(rng),
                    out_of: Points::whole(100),
                    exact: None,
                    right: if blank { 0 } else { rng.random_range(0..2) },
                    partial: 0,
                    wrong: u16::from(!blank),
                    blank: 5,
                    voided: 0,
                    hand: BTreeMap::new(),
                },
            );
        }
    }
    World { exam, roster: Roster { candidates }, rooms, practical, scores, rulings }
}

fn sheet(ticket: &TicketNumber) -> SheetId {
    SheetId { image: Sha256::of(ticket.as_str().as_bytes()), page: 1 }
}

/// The world as a record, with earlier gradings and imports that are no longer in force.
fn recorded(world: &World, folder: &std::path::Path) -> Store {
    let mut store = Store::create(&folder.join("duka.db")).unwrap();
    let source = |file: &str| Source { file: file.into(), sha256: Sha256::of(file.as_bytes()) };
    let earlier = Exam { batch: "earlier".into(), ..world.exam.clone() };
    store.import_exam(&earlier, &source("exam"), AT).unwrap();
    store.import_exam(&world.exam, &source("exam"), AT).unwrap();
    store.import_roster(&Roster::default(), &source("none"), AT).unwrap();
    store.import_roster(&world.roster, &source("roster"), AT).unwrap();
    for room in &world.rooms {
        let everybody = RoomRecord { absent: room.present.clone(), present: BTreeSet::new(), ..room.clone() };
        store.import_room(&everybody, &source("earlier room"), AT).unwrap();
        store.import_room(room, &source("room"), AT).unwrap();
    }
    store.import_practical(&[], &source("none"), AT).unwrap();
    store.import_practical(&world.practical, &source("practical"), AT).unwrap();
    store.import_rulings(&Rulings::default(), &source("none"), AT).unwrap();
    store.import_rulings(&world.rulings, &source("rulings"), AT).unwrap();
    let part = |ticket: &TicketNumber| {
        let reading = serde_json::from_value(serde_json::json!({
            "sheet": sheet(ticket), "engine": "engine", "layout": "theory-100", "layout_hash": Sha256::of(b"layout"),
            "pose": { "orientation": "0", "rotation_centidegrees": 0, "residual_um": 0 },
            "faint": 200, "marginal": 200, "definite": 500, "fields": [],
        }))
        .unwrap();
        let path = format!("{ticket}.jpg");
        FilePart {
            file: FileRecord { path, image: sheet(ticket).image, bytes: 1, pages: 1 },
            engine: duka::sheet::EngineId("engine".into()),
            extent: Extent::Whole,
            pages: vec![PageRecord::Read { reading, ticket: None }],
            original: None,
        }
    };
    let files = world.scores.keys().map(part).collect();
    store.record_portion(&Portion { files, ..Portion::default() }, AT).unwrap();
    let freeze = store.freeze(AT).unwrap().hash;
    for form in ["A", "B"] {
        let form: Form = form.parse().unwrap();
        let of_form = |change: i64| -> Vec<SheetScore> {
            let own = world.scores.iter().filter(|(_, score)| score.form == form);
            own.map(|(ticket, score)| {
                let mut score = score.clone();
                if change > 0 {
                    score.points = Points::from_hundredths((score.points.hundredths() + change) % 10_001);
                }
                SheetScore { ticket: ticket.clone(), sheet: sheet(ticket), score }
            })
            .collect()
        };
        let paper = world.exam.occupations[0].paper.clone();
        let key_file = Sha256::of(b"sealed");
        let grading = Grading { freeze, paper, form: form.clone(), key_revision: 1, key_file };
        store.record_grading(&grading, &of_form(1234), AT).unwrap();
        store.record_grading(&grading, &of_form(0), AT).unwrap();
    }
    store
}

fn first(world: &World) -> Vec<Transcript> {
    let theory = world
        .scores
        .iter()
        .map(|(ticket, score)| (ticket.clone(), TheoryResult { score: score.clone(), sheet: sheet(ticket) }))
        .collect();
    merge(MergeInput {
        exam: &world.exam,
        roster: &world.roster,
        rooms: &world.rooms,
        theory: &theory,
        ungraded: &BTreeMap::new(),
        practical: &world.practical,
        review: &BTreeMap::new(),
        rulings: &world.rulings,
        vetoed: &BTreeMap::new(),
        held: &BTreeMap::new(),
        open_exceptions: 0,
    })
    .unwrap()
    .transcripts
    .iter()
    .collect()
}

#[test]
fn both_roads_come_to_the_same_near_every_limit() {
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        let world = world(seed);
        let folder = tempfile::tempdir().unwrap();
        let second = recorded(&world, folder.path()).second_road().unwrap();
        let by_ticket: BTreeMap<&str, &SecondResult> =
            second.iter().map(|r| (r.ticket.as_str(), r)).collect();
        let first = first(&world);
        assert_eq!(first.len(), second.len());
        for transcript in &first {
            let other = by_ticket[transcript.candidate.ticket.as_str()];
            let said = format!("seed {seed}: {transcript:?} and {other:?}");
            let review = transcript.review.zip(other.review.as_ref());
            assert_eq!(other.review.is_some(), transcript.review.is_some(), "{said}");
            let both = [
                Some((transcript.theory, &other.theory)),
                Some((transcript.practical, &other.practical)),
                review,
            ];
            for (result, part) in both.into_iter().flatten() {
                let (state, points) = match result {
                    PartResult::Scored(points) => ("scored", Some(points.hundredths())),
                    PartResult::Absent => ("absent", None),
                    PartResult::Void => ("void", None),
                    PartResult::Pending => ("pending", None),
                    PartResult::Carried(score) => ("carried", score.map(Points::hundredths)),
                    PartResult::NotExamined => ("not-examined", None),
                };
                assert_eq!((part.state.as_str(), part.hundredths), (state, points), "{said}");
            }
            let verdict = match transcript.verdict {
                Verdict::Passed => "passed",
                Verdict::Failed => "failed",
                Verdict::Pending => "pending",
            };
            assert_eq!((other.verdict.as_str(), &other.grade), (verdict, &transcript.grade), "{said}");
            assert_eq!(other.total, transcript.total.map(Points::hundredths), "{said}");
            seen.insert((verdict, other.theory.state.clone(), other.practical.state.clone()));
            plain_rule(&world, transcript, &said);
        }
    }
    assert!(seen.len() >= 25, "too little was made up: {seen:?}");
}

/// What no rule may do: pass a part below its line, an absence, a void or what is not known; raise a score by a deduction.
fn plain_rule(world: &World, transcript: &Transcript, said: &str) {
    let ticket = &transcript.candidate.ticket;
    let rules = world.exam.rules.at(transcript.candidate.level);
    let rulings = world.rulings.of(ticket);
    let of = |part: Part| match part {
        Part::Theory => Some(transcript.theory),
        Part::Practical => Some(transcript.practical),
        Part::Review => transcript.review,
    };
    let passes = |(part, line): (&Part, &Points)| match of(*part) {
        Some(PartResult::Scored(points)) => points >= *line,
        Some(PartResult::Carried(score)) => {
            let ruled = |r: &Ruling| matches!(r, Ruling::CarriedOver { part: p, .. } if p == part);
            rulings.iter().any(ruled) && score.is_none_or(|score| score >= *line)
        }
        _ => false,
    };
    let all = rules.pass_lines.iter().all(passes);
    let pending = Part::ALL.into_iter().any(|part| of(part) == Some(PartResult::Pending));
    let verdict = if pending {
        Verdict::Pending
    } else if all {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    assert_eq!(transcript.verdict, verdict, "{said}");
    assert!(transcript.conflicts.is_empty() || pending, "{said}");
    let everything_void = rulings.iter().any(|r| matches!(r, Ruling::AllVoid { .. }));
    assert!(!(everything_void && verdict == Verdict::Passed), "{said}");
    // Unless it is printed rounded, a score is at most what was graded less what is deducted.
    let graded = world.scores.get(ticket).map(|score| score.points);
    if let (PartResult::Scored(points), Some(graded), None) = (transcript.theory, graded, rules.rounding) {
        let off: i64 = rulings
            .iter()
            .map(|r| match r {
                Ruling::Deduction { part: Part::Theory, points, .. } => points.hundredths(),
                _ => 0,
            })
            .sum();
        assert_eq!(points.hundredths(), (graded.hundredths() - off).max(0), "{said}");
    }
}

#[test]
fn a_difference_stops_the_publication_and_names_the_candidate() {
    let cards: Vec<_> = (1..CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = Desk::with(&cards, &[CANDIDATES]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "80")).collect();
    desk.import_practical(&mut session, &practical);
    desk.publish(&mut session, None).unwrap();
    // What is kept beside the record can be told that the absent candidate's card has answers, and nobody listens.
    let db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    let told = "UPDATE derived_candidates SET answered = 1 WHERE ticket = ?1";
    assert_eq!(db.execute(told, [ticket(CANDIDATES).as_str()]).unwrap(), 1);
    let (_, results) = session.publish(&desk.path("out")).unwrap();
    let last = results.transcripts.iter().find(|t| t.candidate.ticket == ticket(CANDIDATES)).unwrap();
    assert_eq!(last.theory, PartResult::Absent);
    std::fs::remove_dir_all(desk.path("out")).unwrap();
    let entries = session.journal().unwrap().len();
    // One of the roads is told another word for whoever failed: only the absent candidate did.
    db.execute_batch("DROP TRIGGER imports_fixed").unwrap();
    let told = "UPDATE imports SET value = replace(value, '不合格', '未通过') WHERE kind = 'exam'";
    assert_eq!(db.execute(told, []).unwrap(), 1);
    let error = session.publish(&desk.path("out")).unwrap_err();
    let SessionError::RoadsDiffer { differences } = &error else { panic!("{error}") };
    assert_eq!(differences.len(), 1);
    assert!(error.to_string().contains(ticket(CANDIDATES).as_str()) && error.hint().is_some(), "{error}");
    assert!(!desk.path("out").exists(), "nothing was written");
    assert_eq!(session.journal().unwrap().len(), entries);
}
