use super::*;
use crate::exam::{Assessment, Exam, MeanRule};
use crate::sheet::Points;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// An exam with one scheme: 接线 60 % of 100 points, 排故 40 % of 30.
fn exam(rounding: &str, more: &str) -> Exam {
    let text = format!(
        r#"
        batch = "b"
        centre = "c"
        institute = "i"
        date = "2026-11-21"
        rooms = ["01"]
        [[paper]]
        id = "p"
        title = "t"
        layout = "theory-100"
        [[assessment]]
        id = "e4"
        part = "practical"
        rounding = {rounding}
        {more}
        [[assessment.modules]]
        name = "接线"
        weight = 60
        items = [{{ name = "安装", points = 60 }}, {{ name = "安全", points = 40 }}]
        vetoes = ["带电作业", "短路"]
        overtime = {{ per_minute = 1.5, most = 10 }}
        [[assessment.modules]]
        name = "排故"
        weight = 40
        full = 30
        items = [{{ name = "排除", points = 30 }}]
        [[occupation]]
        name = "电工"
        level = "四级"
        paper = "p"
        practical = "e4"
        "#
    );
    Exam::parse(&text, "exam.toml").unwrap()
}

fn plain() -> Exam {
    exam("{ rule = \"half-up\", step = 1 }", "assessors = 3\nspread = 15")
}

fn row(items: &[(&str, &str)]) -> ScoreRow {
    ScoreRow {
        status: RowStatus::Scored,
        items: items.iter().map(|(item, points)| ((*item).to_owned(), points.parse().unwrap())).collect(),
        overtime: 0,
        veto: None,
    }
}

fn wired(fit: &str, safe: &str) -> ScoreRow {
    row(&[("安装", fit), ("安全", safe)])
}

fn found(points: &str) -> ScoreRow {
    row(&[("排除", points)])
}

/// Assessors 赵, 钱, 孙, … with these rows.
fn rows(rows: Vec<ScoreRow>) -> BTreeMap<String, ScoreRow> {
    let names = ["赵", "钱", "孙", "李", "周", "吴", "郑"];
    names.map(str::to_owned).into_iter().zip(rows).collect()
}

fn marks(wiring: Vec<ScoreRow>, faults: Vec<ScoreRow>) -> Marks {
    let modules = [("接线", wiring), ("排故", faults)];
    let modules = modules.into_iter().filter(|(_, r)| !r.is_empty());
    Marks {
        scheme: "e4".parse().unwrap(),
        modules: modules.map(|(name, r)| (name.to_owned(), rows(r))).collect(),
    }
}

fn scheme(exam: &Exam) -> &Assessment {
    exam.assessments.values().next().unwrap()
}

fn outcome(exam: &Exam, marks: &Marks) -> Assessed {
    assess(marks, scheme(exam), &exam.rules, false)
}

#[allow(clippy::unnecessary_wraps, reason = "compared with an outcome that may be none")]
fn scored(text: &str) -> Option<PracticalOutcome> {
    Some(PracticalOutcome::Scored(text.parse().unwrap()))
}

#[test]
fn worked_by_hand() {
    let exam = plain();
    // 接线: 60, 65, 70 → 65; 排故: 20, 21, 22 → 21. 0.6 × 65 + 40 × 21 / 30 = 39 + 28 = 67.
    let three = marks(
        vec![wired("40", "20"), wired("40", "25"), wired("45", "25")],
        vec![found("20"), found("21"), found("22")],
    );
    let done = outcome(&exam, &three);
    assert_eq!((done.outcome, done.held.len()), (scored("67"), 0));
    assert_eq!(done.exact.unwrap().to_string(), "67.0");
    // Means that are no decimals: 接线 61 → 36.6; 排故 52.5 / 3 = 17.5 → 40 × 17.5 / 30 = 70 / 3.
    let thirds = marks(
        vec![wired("41", "20"), wired("41", "20"), wired("41", "20")],
        vec![found("17.5"), found("17.5"), found("17.5")],
    );
    let done = outcome(&exam, &thirds);
    assert_eq!(done.exact.unwrap().to_string(), "899/15", "36.6 + 70/3 = 59.93…");
    assert_eq!(done.outcome, scored("59.93"), "half-up to 1 would carry it over the pass line");
}

#[test]
fn overtime_is_taken_off_each_assessor_and_not_below_zero() {
    let exam = plain();
    let late = |minutes: u16, fit: &str| ScoreRow { overtime: minutes, ..wired(fit, "0") };
    // 3 min: 4.5; 20 min: at most 10; 4 points: nothing is left.
    let done = outcome(
        &exam,
        &marks(
            vec![late(3, "14.5"), late(20, "18"), late(20, "4")],
            vec![found("30"), found("30"), found("30")],
        ),
    );
    let mut scores: Vec<Points> = done.modules[0].scores.iter().map(|s| s.score).collect();
    scores.sort_unstable();
    assert_eq!(scores, [0, 8, 10].map(Points::whole));
    assert_eq!(done.exact.unwrap().to_string(), "43.6", "0.6 × 6 + 40");
}

#[test]
fn a_trimmed_mean_drops_one_highest_and_one_lowest() {
    let exam = exam("{ rule = \"down\" }", "assessors = 5\nmean = \"trimmed\"");
    assert_eq!(scheme(&exam).mean, MeanRule::Trimmed);
    let all = |points: [&str; 5]| points.iter().map(|p| wired(p, "0")).collect::<Vec<_>>();
    let full = || vec![found("30"); 5];
    // 10, 20, 30, 40, 60 → 30; two equal lowest: one stays.
    assert_eq!(outcome(&exam, &marks(all(["60", "10", "30", "20", "40"]), full())).outcome, scored("58"));
    assert_eq!(outcome(&exam, &marks(all(["10", "10", "10", "20", "60"]), full())).outcome, scored("48"));
    // (10 + 10 + 20) / 3 = 40 / 3 → 8 + 40.
}

#[test]
fn every_doubt_holds_and_says_why() {
    let exam = plain();
    let ok = || vec![found("21"); 3];
    let good = || vec![wired("40", "20"); 3];
    let veto = |row: ScoreRow| ScoreRow { veto: Some("短路".into()), ..row };
    let absent = || ScoreRow { status: RowStatus::Absent, items: BTreeMap::new(), overtime: 0, veto: None };
    for (marks, expected, released) in [
        (marks(vec![wired("40", "20"); 2], ok()), "接线：考评员 2 人，不足 3 人", scored("64")),
        (marks(vec![wired("40", "20"); 4], ok()), "接线：考评员 4 人，须为单数", scored("64")),
        (
            marks(vec![wired("40", "20"), wired("48", "20"), wired("56", "20")], ok()),
            "接线：考评员评分 60.0 至 76.0，分差 16.0，超过 15.0",
            scored("69"),
        ),
        (
            marks(vec![veto(wired("40", "20")), wired("40", "20"), wired("40", "20")], ok()),
            "接线：3 名考评员中 1 名记否定项",
            scored("64"),
        ),
        (marks(good(), vec![]), "排故：无评分", None),
        (
            marks(vec![absent(), wired("40", "20"), wired("40", "20")], ok()),
            "接线：考评员所记状态不一致",
            None,
        ),
        (marks(vec![row(&[("安装", "40")]); 3], ok()), "接线：评分与现行考评方案不符", None),
        (marks(vec![wired("61", "20"); 3], ok()), "接线：评分与现行考评方案不符", None),
    ] {
        let done = outcome(&exam, &marks);
        assert_eq!(done.outcome, None, "{expected}");
        assert_eq!(done.held[0].to_string(), expected);
        assert_eq!(assess(&marks, scheme(&exam), &exam.rules, true).outcome, released, "{expected}");
        assert_eq!(done.held.iter().all(Held::can_be_released), released.is_some());
    }
    // At the limit is not beyond it.
    let wide = marks(vec![wired("40", "20"), wired("45", "20"), wired("55", "20")], ok());
    assert!(outcome(&exam, &wide).held.is_empty());
}

#[test]
fn absence_and_void_are_states() {
    let exam = plain();
    let of = |status| ScoreRow { status, items: BTreeMap::new(), overtime: 0, veto: None };
    let away = marks(vec![of(RowStatus::Absent); 3], vec![]);
    assert_eq!(outcome(&exam, &away).outcome, Some(PracticalOutcome::Absent));
    let void = marks(vec![of(RowStatus::Void); 3], vec![of(RowStatus::Absent); 3]);
    assert_eq!(outcome(&exam, &void).outcome, Some(PracticalOutcome::Void));
    let half = marks(vec![wired("60", "40"); 3], vec![of(RowStatus::Absent); 3]);
    assert_eq!(outcome(&exam, &half).outcome, Some(PracticalOutcome::Absent), "not what one module makes");
}

#[test]
fn a_veto_keeps_the_score_and_is_told() {
    let exam = plain();
    let veto = ScoreRow { veto: Some("短路".into()), ..wired("60", "40") };
    let done = outcome(&exam, &marks(vec![veto; 3], vec![found("30"); 3]));
    assert_eq!(done.outcome, scored("100"));
    assert_eq!(done.veto_remark("实操").as_deref(), Some("实操否定项：短路"));
}

#[test]
fn a_difference_list_names_every_place() {
    let one = marks(vec![wired("40", "20"); 3], vec![]);
    let mut two = one.clone();
    two.modules
        .get_mut("接线")
        .unwrap()
        .get_mut("钱")
        .unwrap()
        .items
        .insert("安装".into(), "41".parse().unwrap());
    two.modules.insert("排故".into(), rows(vec![found("3")]));
    let said: Vec<String> = one
        .changes(&two)
        .iter()
        .map(|c| format!("{} {} {} {}>{}", c.module, c.assessor, c.item, c.old, c.new))
        .collect();
    assert_eq!(said, ["排故 赵 排除 >3.0", "排故 赵 状态 >正常", "接线 钱 安装 40.0>41.0"]);
    assert!(one.changes(&one).is_empty());
}

proptest! {
    #[test]
    fn a_total_is_within_100_and_no_limit_is_crossed_by_rounding(
        points in proptest::collection::vec((0i64..=6000, 0i64..=4000, 0i64..=3000), 3),
        rule in 0usize..4, step in proptest::sample::select(vec!["0.01", "0.1", "0.5", "1", "7"]),
    ) {
        let word = ["half-up", "half-even", "down", "up"][rule];
        let exam = exam(&format!("{{ rule = {word:?}, step = {step} }}"), "assessors = 3");
        let row = |a: i64, b: i64| ScoreRow {
            items: [("安装", a), ("安全", b)].map(|(n, p)| (n.to_owned(), Points::from_hundredths(p))).into(),
            ..wired("0", "0")
        };
        let wiring = points.iter().map(|&(a, b, _)| row(a, b)).collect();
        let faults = points.iter().map(|&(.., c)| ScoreRow {
            items: [("排除".to_owned(), Points::from_hundredths(c))].into(), ..found("0")
        }).collect();
        let done = outcome(&exam, &marks(wiring, faults));
        let Some(PracticalOutcome::Scored(total)) = done.outcome else { panic!("{done:?}") };
        prop_assert!((Points::ZERO..=Points::whole(100)).contains(&total));
        let exact = done.exact.unwrap();
        for limit in [60, 80, 95].map(Points::whole) {
            prop_assert_eq!(total >= limit, exact >= limit.into());
        }
    }
}
