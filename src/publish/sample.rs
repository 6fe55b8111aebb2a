//! Made-up results for this module's tests.

use crate::exam::{
    Attempt, Candidate, Exam, GradeRule, Level, MultipleRule, Occupation, Rules, Signatories, ViolationRule,
};
use crate::merge::{PartResult, Results, RoomBalance, Transcript, Verdict};
use crate::sheet::Points;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn exam() -> Exam {
    let occupation = |name: &str, level| Occupation {
        name: name.into(),
        level,
        paper: "p".parse().unwrap(),
        practical: None,
        review: None,
    };
    Exam {
        batch: "2026年第3批".into(),
        centre: "晋城市职业技能鉴定指导中心".into(),
        institute: "晋城市第一职业技能鉴定所".into(),
        date: "2026-11-21".into(),
        papers: BTreeMap::new(),
        assessments: BTreeMap::new(),
        occupations: vec![occupation("电工", Level::Four), occupation("焊工", Level::Two)],
        rooms: vec!["01".parse().unwrap()],
        rules: Rules {
            pass_line: Points::whole(60),
            grades: vec![GradeRule { name: "合格".into(), least: Points::whole(60) }],
            fail_grade: "不合格".into(),
            multiple: MultipleRule::Hold,
            violation: ViolationRule::SubjectVoid,
            rounding: None,
            levels: Vec::new(),
        },
        signatories: Signatories::default(),
        certificates: None,
        public: crate::exam::PublicRules::default(),
    }
}

/// Candidate `n` of 电工四级: every seventh is absent from theory, every tenth is void, others have
/// scores of which some have hundredths.
pub(super) fn transcript(n: u32) -> Transcript {
    let theory = match n {
        n if n % 7 == 3 => PartResult::Absent,
        n if n % 10 == 9 => PartResult::Void,
        n => PartResult::Scored(Points::from_hundredths(5550 + i64::from(n * 137 % 4400) / 25 * 25)),
    };
    let practical = PartResult::Scored(Points::from_hundredths(5800 + i64::from(n * 211 % 4100) / 10 * 10));
    let passed =
        [theory, practical].iter().all(|p| matches!(p, PartResult::Scored(s) if *s >= Points::whole(60)));
    let surname = ["张", "李", "王", "赵", "陈", "杨", "欧阳", "司马"][n as usize % 8];
    let given = ["伟", "建国", "芳", "丽娟", "强", "晓明"][n as usize % 6];
    Transcript {
        candidate: Candidate {
            ticket: format!("140510{:06}", 1000 + n).parse().unwrap(),
            name: format!("{surname}{given}"),
            sex: if n.is_multiple_of(3) { "女" } else { "男" }.into(),
            id_number: format!(
                "1405021990{:02}{:02}{:03}{}",
                n % 12 + 1,
                n % 28 + 1,
                n,
                if n.is_multiple_of(11) { "X".into() } else { (n % 10).to_string() }
            ),
            education: ["高中", "中专", "大专", "初中"][n as usize % 4].into(),
            occupation: "电工".into(),
            level: Level::Four,
            attempt: if n.is_multiple_of(5) { Attempt::Repeat } else { Attempt::First },
            room: format!("{:02}", n / 30 + 1).parse().unwrap(),
            seat: u16::try_from(n % 30 + 1).unwrap(),
            form: None,
            remark: String::new(),
        },
        theory,
        practical,
        review: None,
        verdict: if passed { Verdict::Passed } else { Verdict::Failed },
        grade: if passed { "合格" } else { "不合格" }.into(),
        total: None,
        conflicts: Vec::new(),
        remarks: match theory {
            PartResult::Absent => vec!["理论缺考".into()],
            PartResult::Void => vec!["理论成绩无效".into()],
            _ => vec![],
        },
    }
}

/// Candidate `n` of 焊工二级, with 综合评审.
pub(super) fn technician(n: u32) -> Transcript {
    let mut transcript = transcript(n);
    transcript.candidate.occupation = "焊工".into();
    transcript.candidate.level = Level::Two;
    transcript.candidate.ticket = format!("140510{:06}", 90_000 + n).parse().unwrap();
    transcript.review = Some(PartResult::Scored(Points::from_hundredths(8150)));
    transcript
}

/// A room that balances.
pub(super) fn room(name: &str) -> RoomBalance {
    RoomBalance {
        room: name.parse().unwrap(),
        recorded: true,
        expected: 30,
        present: 28,
        absent: 2,
        read: 28,
        unrecorded: BTreeSet::new(),
        strangers: BTreeSet::new(),
        missing: BTreeSet::new(),
        surplus: BTreeSet::new(),
    }
}

/// `electricians` of 电工四级 and `technicians` of 焊工二级, everything settled.
pub(super) fn results(electricians: u32, technicians: u32) -> Results {
    Results {
        transcripts: (1..=electricians).map(transcript).chain((1..=technicians).map(technician)).collect(),
        rooms: vec![room("01")],
        open_exceptions: 0,
        held: BTreeMap::new(),
    }
}

/// The same with everything that makes a draft: a room that doesn't balance, one without a record, exceptions, and
/// a candidate whose practical score is not known.
pub(super) fn draft(electricians: u32) -> Results {
    let mut results = results(electricians, 0);
    let ticket = |n: u32| transcript(n).candidate.ticket;
    let unbalanced = RoomBalance {
        read: 26,
        missing: BTreeSet::from([ticket(1), ticket(2)]),
        surplus: BTreeSet::from([ticket(3)]),
        ..room("02")
    };
    results.rooms.extend([unbalanced, RoomBalance { recorded: false, ..room("03") }]);
    results.open_exceptions = 5;
    alter(&mut results, |all| {
        all[0].practical = PartResult::Pending;
        all[0].verdict = Verdict::Pending;
        all[0].grade = String::new();
    });
    results
}

/// Makes other transcripts of those that there are.
pub(super) fn alter(results: &mut Results, change: impl FnOnce(&mut Vec<Transcript>)) {
    let mut all = results.transcripts.iter().collect();
    change(&mut all);
    results.transcripts = all.into_iter().collect();
}
