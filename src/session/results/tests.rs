use super::*;
use crate::exam::{Attempt, Candidate, Level};

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
