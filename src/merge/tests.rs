use super::*;
use crate::exam::{
    Attempt, Exam, GradeRule, Level, MultipleRule, Occupation, Paper, RoomRecord, Roster, Rules, Ruling,
    Rulings, ViolationRule,
};
use crate::grade::Score;
use crate::practical::{PracticalOutcome, PracticalScore};
use crate::sheet::{Sha256, SheetId};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ticket(text: &str) -> TicketNumber {
    text.parse().unwrap()
}

fn room(text: &str) -> RoomId {
    text.parse().unwrap()
}

/// Points of a text: `59.99`.
fn points(text: &str) -> Points {
    text.parse().unwrap()
}

fn candidate(number: &str, name: &str, level: Level) -> Candidate {
    Candidate {
        ticket: ticket(number),
        name: name.into(),
        sex: "男".into(),
        id_number: String::new(),
        education: String::new(),
        occupation: "电工".into(),
        level,
        attempt: Attempt::First,
        room: room("01"),
        seat: 1,
        form: None,
        remark: String::new(),
    }
}

/// An exam of one paper, with everything that makes results; changed by each test.
struct Scene {
    exam: Exam,
    roster: Roster,
    rooms: Vec<RoomRecord>,
    theory: BTreeMap<TicketNumber, TheoryResult>,
    ungraded: BTreeMap<TicketNumber, CardUse>,
    practical: Vec<PracticalScore>,
    review: BTreeMap<TicketNumber, PartResult>,
    rulings: Rulings,
    open: u32,
}

impl Scene {
    fn new() -> Self {
        let levels = [Level::Five, Level::Four, Level::Three, Level::Two, Level::One];
        let grade = |name: &str, least| GradeRule { name: name.into(), least: Points::whole(least) };
        let paper = Paper {
            title: "电工".into(),
            layout: "theory-100".parse().unwrap(),
            forms: vec!["A".parse().unwrap()],
            key_revision: 1,
            hand: Vec::new(),
        };
        let occupation = |name: &str, level| Occupation {
            name: name.into(),
            level,
            paper: "p".parse().unwrap(),
            practical: None,
            review: None,
        };
        let record = RoomRecord {
            room: room("01"),
            present: BTreeSet::new(),
            absent: BTreeSet::new(),
            violations: BTreeMap::new(),
            report: crate::exam::RoomReport::default(),
        };
        Self {
            exam: Exam {
                batch: "2026年第3批".into(),
                centre: String::new(),
                institute: String::new(),
                date: String::new(),
                papers: [("p".parse().unwrap(), paper)].into(),
                assessments: BTreeMap::new(),
                occupations: levels
                    .into_iter()
                    .flat_map(|l| [occupation("电工", l), occupation("焊工", l)])
                    .collect(),
                rooms: vec![room("01")],
                rules: Rules {
                    pass_line: Points::whole(60),
                    grades: vec![grade("优秀", 95), grade("良好", 80), grade("合格", 60)],
                    fail_grade: "不合格".into(),
                    multiple: MultipleRule::Wrong,
                    violation: ViolationRule::SubjectVoid,
                    rounding: None,
                    levels: Vec::new(),
                },
                signatories: crate::exam::Signatories::default(),
                certificates: None,
                public: crate::exam::PublicRules::default(),
            },
            roster: Roster::default(),
            rooms: vec![record],
            theory: BTreeMap::new(),
            ungraded: BTreeMap::new(),
            practical: Vec::new(),
            review: BTreeMap::new(),
            rulings: Rulings::default(),
            open: 0,
        }
    }

    /// Enters a candidate: theory points, `缺考` or nothing; practical points, `缺考`, `无效` or nothing.
    fn enter(&mut self, candidate: Candidate, theory: &str, practical: &str) {
        let number = candidate.ticket.clone();
        self.roster.candidates.insert(number.clone(), candidate);
        match theory {
            "缺考" => drop(self.rooms[0].absent.insert(number.clone())),
            text => {
                self.rooms[0].present.insert(number.clone());
                if !text.is_empty() {
                    self.theory.insert(number.clone(), scored(points(text)));
                }
            }
        }
        let outcome = match practical {
            "" => return,
            "缺考" => PracticalOutcome::Absent,
            "无效" => PracticalOutcome::Void,
            text => PracticalOutcome::Scored(points(text)),
        };
        self.practical.push(PracticalScore { ticket: number, outcome });
    }

    fn try_merge(&self) -> Result<Results, MergeError> {
        merge(MergeInput {
            exam: &self.exam,
            roster: &self.roster,
            rooms: &self.rooms,
            theory: &self.theory,
            ungraded: &self.ungraded,
            practical: &self.practical,
            review: &self.review,
            rulings: &self.rulings,
            vetoed: &BTreeMap::new(),
            held: &BTreeMap::new(),
            open_exceptions: self.open,
        })
    }

    fn merge(&self) -> Results {
        self.try_merge().unwrap()
    }
}

fn scored(points: Points) -> TheoryResult {
    let right = u16::from(points > Points::ZERO);
    TheoryResult {
        score: Score {
            paper: "p".parse().unwrap(),
            form: "A".parse().unwrap(),
            key_revision: 1,
            points,
            out_of: Points::whole(100),
            right,
            wrong: 0,
            blank: 100 - right,
            exact: None,
            partial: 0,
            voided: 0,
            hand: BTreeMap::new(),
        },
        sheet: SheetId { image: Sha256::of(b""), page: 1 },
    }
}

/// Verdict, grade and remarks of one candidate of 四级 with these parts.
fn outcome(theory: &str, practical: &str) -> (Verdict, String, String) {
    let mut scene = Scene::new();
    scene.enter(candidate("140510001001", "张甲", Level::Four), theory, practical);
    let line = scene.merge().transcripts.at(0);
    (line.verdict, line.grade, line.remarks.join("；"))
}

#[test]
fn each_part_passes_by_itself() {
    use Verdict::{Failed, Passed, Pending};
    for (theory, practical, verdict, grade, remarks) in [
        // The score report's own example rows.
        ("82.0", "76.5", Passed, "合格", ""),
        ("缺考", "71.0", Failed, "不合格", "理论缺考"),
        // Never a sum or a mean; never rounded first.
        ("55", "70", Failed, "不合格", ""),
        ("100", "59.99", Failed, "不合格", ""),
        ("59.99", "100", Failed, "不合格", ""),
        ("59.9", "60", Failed, "不合格", ""),
        ("60.00", "60.00", Passed, "合格", ""),
        // Grades by the weakest part.
        ("80", "80", Passed, "良好", ""),
        ("79.99", "100", Passed, "合格", ""),
        ("95", "95", Passed, "优秀", ""),
        ("94.99", "100", Passed, "良好", ""),
        ("100", "100", Passed, "优秀", ""),
        // States are not scores.
        ("0", "0", Failed, "不合格", ""),
        ("82", "缺考", Failed, "不合格", "实操缺考"),
        ("缺考", "缺考", Failed, "不合格", "理论缺考；实操缺考"),
        ("82", "无效", Failed, "不合格", "实操成绩无效"),
        // Nothing is decided about what is not known.
        ("82", "", Pending, "", ""),
        ("", "82", Pending, "", ""),
        ("30", "", Pending, "", ""),
        ("缺考", "", Pending, "", "理论缺考"),
    ] {
        let expected = (verdict, grade.to_owned(), remarks.to_owned());
        assert_eq!(outcome(theory, practical), expected, "{theory} / {practical}");
    }
}

#[test]
fn the_upper_levels_need_a_review() {
    for (level, review, verdict, remarks) in [
        (Level::Three, None, Verdict::Passed, ""),
        (Level::Two, None, Verdict::Pending, ""),
        (Level::One, None, Verdict::Pending, ""),
        (Level::Two, Some(PartResult::Scored(points("60"))), Verdict::Passed, ""),
        (Level::One, Some(PartResult::Scored(points("59.99"))), Verdict::Failed, ""),
        (Level::One, Some(PartResult::Absent), Verdict::Failed, "综合评审缺考"),
        (Level::Two, Some(PartResult::Void), Verdict::Failed, "综合评审成绩无效"),
    ] {
        let mut scene = Scene::new();
        scene.enter(candidate("1001", "甲", level), "90", "90");
        scene.review.extend(review.map(|r| (ticket("1001"), r)));
        let line = scene.merge().transcripts.at(0);
        assert_eq!((line.verdict, line.remarks.join("；").as_str()), (verdict, remarks), "{level:?}");
        assert_eq!(line.review.is_some(), level >= Level::Two);
    }
}

#[test]
fn a_violation_voids_what_the_record_or_the_rule_says() {
    let void = (PartResult::Void, PartResult::Void);
    let half = (PartResult::Void, PartResult::Scored(points("90")));
    for (words, rule, parts, remarks) in [
        ("夹带资料", ViolationRule::SubjectVoid, half, "违纪，理论成绩无效"),
        ("夹带资料", ViolationRule::AllVoid, void, "违纪，全部科目成绩无效"),
        ("替考，全部科目成绩无效", ViolationRule::SubjectVoid, void, "违纪，全部科目成绩无效"),
        ("抄袭，该科目成绩无效", ViolationRule::AllVoid, half, "违纪，理论成绩无效"),
    ] {
        let mut scene = Scene::new();
        scene.enter(candidate("1001", "甲", Level::Five), "90", "90");
        scene.exam.rules.violation = rule;
        scene.rooms[0].violations.insert(ticket("1001"), words.into());
        let line = scene.merge().transcripts.at(0);
        assert_eq!((line.theory, line.practical), parts, "{words}");
        assert_eq!((line.verdict, line.grade.as_str()), (Verdict::Failed, "不合格"));
        assert_eq!(line.remarks, [remarks]);
    }
    // Everything void needs no scores to be known.
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "甲", Level::One), "", "");
    scene.rooms[0].violations.insert(ticket("1001"), "全部科目成绩无效".into());
    assert_eq!(scene.merge().transcripts.at(0).verdict, Verdict::Failed);
}

#[test]
fn a_sheet_of_an_absent_candidate_is_a_contradiction_only_if_answered() {
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "甲", Level::Five), "缺考", "70");
    for (ungraded, graded, theory, surplus) in [
        (None, None, PartResult::Absent, 0),
        (Some(CardUse::Blank), None, PartResult::Absent, 0),
        (None, Some("0"), PartResult::Absent, 0),
        (Some(CardUse::Answered), None, PartResult::Pending, 1),
        (None, Some("70"), PartResult::Pending, 1),
    ] {
        scene.ungraded = ungraded.map(|card| (ticket("1001"), card)).into_iter().collect();
        scene.theory = graded.map(|text| (ticket("1001"), scored(points(text)))).into_iter().collect();
        let results = scene.merge();
        assert_eq!(results.transcripts.at(0).theory, theory);
        assert_eq!(results.rooms[0].surplus.len(), surplus);
        assert_eq!(results.is_draft(), surplus > 0);
    }
}

#[test]
fn rooms_balance_as_sets() {
    let mut scene = Scene::new();
    scene.exam.rooms.push(room("02"));
    for n in ["1001", "1002", "1003"] {
        scene.enter(candidate(n, "甲", Level::Five), "70", "70");
    }
    let mut other = candidate("2001", "乙", Level::Five);
    other.room = room("02");
    scene.roster.candidates.insert(other.ticket.clone(), other);

    // 1003's sheet carries the number of 2001: the counts agree, the sets don't.
    let sheet = scene.theory.remove(&ticket("1003")).unwrap();
    scene.theory.insert(ticket("2001"), sheet);
    scene.ungraded.insert(ticket("1002"), CardUse::Answered);
    let rooms = scene.merge().rooms;
    assert_eq!((rooms[0].expected, rooms[0].present, rooms[0].absent, rooms[0].read), (3, 3, 0, 2));
    assert_eq!(rooms[0].missing, [ticket("1003")].into());
    assert!(rooms[0].surplus.is_empty() && rooms[0].strangers.is_empty() && !rooms[0].holds());
    assert!(!rooms[1].recorded);
    assert_eq!((rooms[1].expected, rooms[1].read), (1, 1));
    assert_eq!(
        (rooms[1].unrecorded.clone(), rooms[1].surplus.clone()),
        ([ticket("2001")].into(), [ticket("2001")].into())
    );

    // 2001 sat in room 01: a stranger there, unrecorded at home, and graded all the same.
    scene.rooms[0].present.insert(ticket("2001"));
    let results = scene.merge();
    assert_eq!(results.rooms[0].strangers, [ticket("2001")].into());
    assert_eq!(results.transcripts.at(3).theory, PartResult::Scored(points("70")));

    // A room that the exam does not list is balanced too.
    scene.roster.candidates.get_mut(&ticket("2001")).unwrap().room = room("99");
    let names: Vec<_> = scene.merge().rooms.iter().map(|r| r.room.to_string()).collect();
    assert_eq!(names, ["01", "02", "99"]);
}

#[test]
fn a_room_in_which_nobody_was_to_sit_needs_no_record() {
    let mut scene = Scene::new();
    scene.exam.rooms.push(room("02"));
    scene.enter(candidate("1001", "甲", Level::Five), "70", "70");
    let results = scene.merge();
    assert!(!results.rooms[1].recorded && results.rooms[1].holds() && !results.is_draft());
    // Whoever is said to have been there has to be explained.
    let mut record = scene.rooms[0].clone();
    (record.room, record.present) = (room("02"), [ticket("1001")].into());
    scene.rooms.push(record);
    assert!(!scene.merge().rooms[1].holds());
}

#[test]
fn a_whole_exam_that_balances_is_no_draft() {
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "甲", Level::Five), "70", "70");
    scene.enter(candidate("1002", "乙", Level::Five), "缺考", "缺考");
    assert!(!scene.merge().is_draft());
    scene.open = 1;
    assert!(scene.merge().is_draft());
}

#[test]
fn the_order_is_occupation_level_and_ticket_as_text() {
    let mut scene = Scene::new();
    for (number, occupation, level) in [
        ("1001", "焊工", Level::Five),
        ("999901", "电工", Level::Four),
        ("20001", "电工", Level::Four),
        ("3001", "电工", Level::One),
        ("4001", "电工", Level::Five),
    ] {
        let mut entry = candidate(number, "甲", level);
        entry.occupation = occupation.into();
        scene.enter(entry, "70", "");
    }
    scene
        .practical
        .push(PracticalScore { ticket: ticket("20001"), outcome: PracticalOutcome::Scored(points("90")) });
    let results = scene.merge();
    let order: Vec<_> = results.transcripts.iter().map(|t| t.candidate.ticket.to_string()).collect();
    // 焊 (U+710A) stands before 电 (U+7535).
    assert_eq!(order, ["1001", "4001", "20001", "999901", "3001"]);
    let groups = results.groups();
    let four = &groups[2];
    assert_eq!((four.occupation.as_str(), four.level), ("电工", Level::Four));
    assert_eq!((four.entered, four.present, four.passed, four.failed, four.pending), (2, 2, 1, 0, 1));
    assert_eq!(groups.len(), 4);
}

#[test]
fn the_pass_rate_is_of_those_who_took_part() {
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "甲", Level::Five), "70", "70");
    scene.enter(candidate("1002", "乙", Level::Five), "70", "50");
    scene.enter(candidate("1003", "丙", Level::Five), "缺考", "70");
    scene.enter(candidate("1004", "丁", Level::Five), "缺考", "缺考");
    let groups = scene.merge().groups();
    assert_eq!((groups[0].entered, groups[0].present, groups[0].passed, groups[0].failed), (4, 3, 1, 3));
    assert_eq!(groups[0].pass_rate_permille(), Some(333));
    let two_of_three = GroupTotals { passed: 2, ..groups[0].clone() };
    assert_eq!(two_of_three.pass_rate_permille(), Some(667));
    let nobody = GroupTotals { present: 0, passed: 0, ..groups[0].clone() };
    assert_eq!(nobody.pass_rate_permille(), None);
}

#[test]
fn contradictions_are_refused() {
    let refused = |change: fn(&mut Scene)| {
        let mut scene = Scene::new();
        scene.enter(candidate("1001", "甲", Level::Five), "70", "70");
        scene.enter(candidate("1002", "乙", Level::Five), "70", "70");
        change(&mut scene);
        scene.try_merge().unwrap_err()
    };
    let one = || vec![ticket("1001")];
    assert_eq!(
        refused(|s| {
            for number in ["9002", "9001", "9002"] {
                s.practical.push(PracticalScore { ticket: ticket(number), outcome: PracticalOutcome::Void });
            }
        }),
        MergeError::Unknown { part: Part::Practical, tickets: vec![ticket("9001"), ticket("9002")] }
    );
    assert_eq!(
        refused(|s| {
            s.theory.insert(ticket("9001"), scored(points("1")));
        }),
        MergeError::Unknown { part: Part::Theory, tickets: vec![ticket("9001")] }
    );
    assert_eq!(
        refused(|s| {
            s.review.insert(ticket("9001"), PartResult::Void);
        }),
        MergeError::Unknown { part: Part::Review, tickets: vec![ticket("9001")] }
    );
    assert_eq!(
        refused(|s| s.practical.push(s.practical[0].clone())),
        MergeError::Twice { part: Part::Practical, tickets: one() }
    );
    assert_eq!(
        refused(|s| s.practical[0].outcome = PracticalOutcome::Scored(points("100.01"))),
        MergeError::Range { part: Part::Practical, ticket: ticket("1001"), points: points("100.01") }
    );
    assert_eq!(
        refused(|s| {
            s.review.insert(ticket("1001"), PartResult::Scored(points("-1")));
        }),
        MergeError::Range { part: Part::Review, ticket: ticket("1001"), points: points("-1") }
    );
    assert_eq!(
        refused(|s| s.theory.get_mut(&ticket("1001")).unwrap().score.out_of = points("60")),
        MergeError::OutOf { ticket: ticket("1001"), paper: "p".parse().unwrap(), out_of: points("60") }
    );
    assert_eq!(
        refused(|s| s.theory.get_mut(&ticket("1001")).unwrap().score.paper = "q".parse().unwrap()),
        MergeError::OtherPaper {
            ticket: ticket("1001"),
            found: "q".parse().unwrap(),
            expected: "p".parse().unwrap()
        }
    );
    assert_eq!(
        refused(|s| s.theory.get_mut(&ticket("1001")).unwrap().score.key_revision = 0),
        MergeError::EarlierRevision { paper: "p".parse().unwrap(), expected: 1, tickets: one() }
    );
    assert_eq!(
        refused(|s| s.roster.candidates.get_mut(&ticket("1001")).unwrap().occupation = "厨师".into()),
        MergeError::NoOccupation { tickets: one() }
    );
    assert_eq!(refused(|s| s.rooms.push(s.rooms[0].clone())), MergeError::RoomTwice { room: room("01") });
    assert_eq!(
        refused(|s| {
            s.rooms[0].absent.insert(ticket("1001"));
        }),
        MergeError::PresentAndAbsent { room: room("01"), tickets: one() }
    );
    assert_eq!(
        refused(|s| s.exam.rules.grades.truncate(2)),
        MergeError::NoGrade { ticket: ticket("1001"), least: points("70") }
    );
}

#[test]
fn a_long_list_of_numbers_is_cut_in_the_message() {
    let tickets = (1000..1012).map(|n| ticket(&n.to_string())).collect();
    let error = MergeError::Unknown { part: Part::Practical, tickets };
    assert_eq!(
        error.to_string(),
        "practical (实操) scores of ticket numbers that are not on the roster: 1000, 1001, 1002, 1003, 1004, \
         1005, 1006, 1007, 1008, 1009 and 2 more"
    );
    assert_eq!(
        error.hint(),
        Some("correct the numbers in the score table, or import the missing roster rows")
    );
}

/// A part as a number of hundredths, or a state.
/// Theory, practical, verdict, grade, remarks and conflicts of a candidate under these rulings.
fn ruled(theory: &str, practical: &str, rulings: &[Ruling]) -> (Transcript, String) {
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "张甲", Level::Four), theory, practical);
    if theory.is_empty() {
        scene.rooms[0].present.clear();
    }
    scene.rulings.0.insert(ticket("1001"), rulings.to_vec());
    let line = scene.merge().transcripts.at(0);
    let kinds: Vec<_> =
        line.conflicts.iter().map(|c| format!("{} {}", c.part.name(), c.kind.word())).collect();
    (line, kinds.join("；"))
}

fn void(part: Part) -> Ruling {
    Ruling::Void { part, reason: "雷同".into() }
}

fn absent(part: Part) -> Ruling {
    Ruling::Absent { part, reason: String::new() }
}

fn minus(part: Part, off: &str) -> Ruling {
    Ruling::Deduction { part, points: points(off), reason: "迟到".into() }
}

fn carried(part: Part, score: &str) -> Ruling {
    let score = (!score.is_empty()).then(|| points(score));
    Ruling::CarriedOver { part, score, source: "2026年第1批".into() }
}

fn retake(part: Part) -> Ruling {
    Ruling::Retake { part, reason: String::new() }
}

#[test]
fn each_ruling_does_what_it_says() {
    use Part::{Practical, Theory};
    use Verdict::{Failed, Passed, Pending};
    let all_void = || Ruling::AllVoid { reason: "替考".into() };
    for (theory, practical, rulings, verdict, grade, remarks, conflicts) in [
        // Absent.
        ("", "70", vec![absent(Theory)], Failed, "不合格", "理论缺考", ""),
        ("82", "", vec![absent(Practical)], Failed, "不合格", "实操缺考", ""),
        ("82", "70", vec![absent(Theory)], Pending, "", "理论缺考", "理论 absent-but-sat"),
        ("82", "70", vec![absent(Practical)], Pending, "", "实操缺考", "实操 absent-but-sat"),
        // Void.
        ("82", "70", vec![void(Theory)], Failed, "不合格", "雷同，理论成绩无效", ""),
        ("82", "70", vec![void(Practical)], Failed, "不合格", "雷同，实操成绩无效", ""),
        ("82", "70", vec![all_void()], Failed, "不合格", "替考，全部科目成绩无效", ""),
        ("", "", vec![all_void()], Failed, "不合格", "替考，全部科目成绩无效", ""),
        (
            "82",
            "70",
            vec![all_void(), carried(Theory, "")],
            Pending,
            "",
            "替考，全部科目成绩无效",
            "理论 carried-but-void",
        ),
        // Deductions come before the pass line.
        ("70", "70", vec![minus(Theory, "10")], Passed, "合格", "理论扣 10 分：迟到", ""),
        ("70", "70", vec![minus(Theory, "10.01")], Failed, "不合格", "理论扣 10.01 分：迟到", ""),
        ("85", "90", vec![minus(Practical, "10.5")], Passed, "合格", "实操扣 10.5 分：迟到", ""),
        ("5", "70", vec![minus(Theory, "10")], Failed, "不合格", "理论扣 10 分：迟到", ""),
        (
            "缺考",
            "70",
            vec![minus(Theory, "10")],
            Pending,
            "",
            "理论扣 10 分：迟到",
            "理论 nothing-to-deduct",
        ),
        // Carried over.
        ("", "70", vec![carried(Theory, "82")], Passed, "合格", "理论成绩保留（2026年第1批）", ""),
        ("", "85", vec![carried(Theory, "82")], Passed, "良好", "理论成绩保留（2026年第1批）", ""),
        ("", "99", vec![carried(Theory, "")], Passed, "合格", "理论成绩保留（2026年第1批）", ""),
        ("", "59.99", vec![carried(Theory, "82")], Failed, "不合格", "理论成绩保留（2026年第1批）", ""),
        ("缺考", "70", vec![carried(Theory, "82")], Passed, "合格", "理论成绩保留（2026年第1批）", ""),
        (
            "82",
            "70",
            vec![carried(Theory, "82")],
            Pending,
            "",
            "理论成绩保留（2026年第1批）",
            "理论 carried-but-sat",
        ),
        (
            "82",
            "70",
            vec![carried(Practical, "")],
            Pending,
            "",
            "实操成绩保留（2026年第1批）",
            "实操 carried-but-sat",
        ),
        ("82", "缺考", vec![carried(Practical, "")], Passed, "合格", "实操成绩保留（2026年第1批）", ""),
        (
            "82",
            "",
            vec![carried(Practical, "59.99")],
            Pending,
            "",
            "实操成绩保留（2026年第1批）",
            "实操 carried-below-line",
        ),
        // Retakes.
        (
            "",
            "70",
            vec![carried(Theory, ""), retake(Practical)],
            Passed,
            "合格",
            "理论成绩保留（2026年第1批）；补考实操",
            "",
        ),
        ("", "70", vec![retake(Practical)], Pending, "", "补考实操", "理论 not-carried"),
        ("82", "70", vec![retake(Practical)], Pending, "", "补考实操", "理论 not-carried"),
        (
            "",
            "缺考",
            vec![carried(Theory, ""), retake(Practical)],
            Failed,
            "不合格",
            "理论成绩保留（2026年第1批）；实操缺考；补考实操",
            "",
        ),
    ] {
        let (line, found) = ruled(theory, practical, &rulings);
        let got = (line.verdict, line.grade.as_str(), line.remarks.join("；"), found);
        assert_eq!(
            got,
            (verdict, grade, remarks.to_owned(), conflicts.to_owned()),
            "{theory} {practical} {rulings:?}"
        );
    }
    let (line, _) = ruled("5", "70", &[minus(Theory, "10")]);
    assert_eq!(line.theory, PartResult::Scored(Points::ZERO), "never below 0");
}

#[test]
fn whoever_does_not_sit_theory_is_not_expected_in_the_room() {
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "张甲", Level::Four), "", "70");
    scene.rooms[0].present.clear();
    assert!(!scene.merge().rooms[0].holds());
    scene.rulings.0.insert(ticket("1001"), vec![carried(Part::Theory, "")]);
    let room = &scene.merge().rooms[0];
    assert!(room.holds() && room.expected == 0);
    assert!(!scene.merge().is_draft());
    scene.rooms[0].present.insert(ticket("1001"));
    let results = scene.merge();
    assert!(!results.rooms[0].holds(), "somebody says they were there");
    assert_eq!(results.transcripts.at(0).conflicts[0].kind, ConflictKind::CarriedButSat);
}

#[test]
fn a_level_has_its_own_parts_lines_rounding_and_total() {
    use crate::exam::LevelRules;
    use crate::sheet::{Rounding, RoundingRule};
    let mut scene = Scene::new();
    scene.enter(candidate("1001", "张甲", Level::Three), "60.26", "69.99");
    scene.enter(candidate("1002", "李乙", Level::Three), "60.26", "70");
    scene.enter(candidate("1003", "王丙", Level::Two), "", "80");
    scene.rooms[0].present.remove(&ticket("1003"));
    let grades = scene.exam.rules.grades.clone();
    let rules = |level, lines: &[(Part, i64)], total: &[(Part, u8)]| LevelRules {
        level,
        pass_lines: lines.iter().map(|(part, line)| (*part, Points::whole(*line))).collect(),
        grades: grades.clone(),
        rounding: Some(Rounding { rule: RoundingRule::HalfUp, step: Points::from_hundredths(50) }),
        total: total.iter().copied().collect(),
    };
    let shares = [(Part::Theory, 40), (Part::Practical, 60)];
    scene.exam.rules.levels = vec![
        rules(Level::Three, &[(Part::Theory, 60), (Part::Practical, 70)], &shares),
        rules(Level::Two, &[(Part::Practical, 60)], &[]),
    ];
    let lines: Vec<Transcript> = scene.merge().transcripts.iter().collect();
    let [failed, passed, alone] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(failed.practical, PartResult::Scored(points("69.99")), "70.00 and failed would be a lie");
    assert_eq!(failed.theory, PartResult::Scored(points("60.5")));
    // 0.4 × 60.26 + 0.6 × 70 = 66.104.
    assert_eq!((passed.verdict, passed.total), (Verdict::Passed, Some(points("66.0"))));
    assert_eq!(passed.remarks, ["总成绩 66.0"]);
    assert_eq!((alone.theory, alone.verdict, alone.review), (PartResult::NotExamined, Verdict::Passed, None));
    // A score of a part that the level does not have is not passed over.
    scene.theory.insert(ticket("1003"), scored(points("90")));
    let line = scene.merge().transcripts.at(2);
    assert_eq!((line.verdict, line.conflicts[0].kind), (Verdict::Pending, ConflictKind::NotExamined));
}

fn any_part() -> impl Strategy<Value = PartResult> {
    prop_oneof![
        6 => (0i64..=10_000).prop_map(|h| PartResult::Scored(Points::from_hundredths(h))),
        3 => (5_990i64..=6_010).prop_map(|h| PartResult::Scored(Points::from_hundredths(h))),
        1 => Just(PartResult::Absent),
        1 => Just(PartResult::Void),
        1 => Just(PartResult::Pending),
    ]
}

proptest! {
    #[test]
    fn the_verdict_is_that_of_the_plain_rule(
        theory in any_part(), practical in any_part(), review in any_part(), level in 0usize..5,
    ) {
        let level = [Level::Five, Level::Four, Level::Three, Level::Two, Level::One][level];
        let text = |part: PartResult| match part {
            PartResult::Scored(points) => points.to_string(),
            PartResult::Absent => "缺考".into(),
            PartResult::Void => "无效".into(),
            PartResult::Pending | PartResult::Carried(_) | PartResult::NotExamined => String::new(),
        };
        let mut scene = Scene::new();
        let entry = candidate("1001", "甲", level);
        if theory == PartResult::Void {
            scene.enter(entry, "99", &text(practical));
            scene.rooms[0].violations.insert(ticket("1001"), "夹带".into());
        } else {
            scene.enter(entry, &text(theory), &text(practical));
        }
        scene.review.insert(ticket("1001"), review);
        let results = scene.merge();
        let line = results.transcripts.at(0);

        let mut parts = vec![theory, practical];
        if level >= Level::Two {
            parts.push(review);
        }
        prop_assert_eq!((line.theory, line.practical), (theory, practical));
        let hundredths: Option<Vec<i64>> =
            parts.iter().map(|p| if let PartResult::Scored(n) = p { Some(n.hundredths()) } else { None }).collect();
        let (verdict, grade) = match hundredths {
            _ if parts.contains(&PartResult::Pending) => (Verdict::Pending, ""),
            Some(all) if all.iter().all(|&h| h >= 9_500) => (Verdict::Passed, "优秀"),
            Some(all) if all.iter().all(|&h| h >= 8_000) => (Verdict::Passed, "良好"),
            Some(all) if all.iter().all(|&h| h >= 6_000) => (Verdict::Passed, "合格"),
            _ => (Verdict::Failed, "不合格"),
        };
        prop_assert_eq!((line.verdict, line.grade.as_str()), (verdict, grade));
    }

    #[test]
    fn a_room_holds_exactly_when_its_sets_agree(places in prop::collection::vec((0u8..3, any::<bool>()), 1..8)) {
        let mut scene = Scene::new();
        for (i, &(place, card)) in places.iter().enumerate() {
            let number = ticket(&format!("{}", 1000 + i));
            scene.enter(candidate(number.as_str(), "甲", Level::Five), "缺考", "70");
            scene.rooms[0].absent.remove(&number);
            match place {
                0 => drop(scene.rooms[0].present.insert(number.clone())),
                1 => drop(scene.rooms[0].absent.insert(number.clone())),
                _ => {}
            }
            if card {
                scene.ungraded.insert(number, CardUse::Answered);
            }
        }
        let room = &scene.merge().rooms[0];
        let agree = places.iter().all(|&(place, card)| matches!((place, card), (0, true) | (1, false)));
        prop_assert_eq!(room.holds(), agree);
        let strays = room.missing.len() + room.surplus.len();
        let expected = places.iter().filter(|&&(place, card)| (place == 0) != card).count();
        prop_assert_eq!(strays, expected);
    }
}
