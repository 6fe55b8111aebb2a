use super::*;
use crate::exam::testing::{candidate, exam, roster, workbook};
use crate::sheet::Points;
use proptest::prelude::*;

const HEAD: &str = "准考证号,姓名,身份证号,工种,级别,实操成绩";

fn load(text: &str) -> Result<Vec<PracticalScore>, PracticalError> {
    import("s.csv", text.as_bytes(), &exam(), &roster(5))
}

/// A right row with some cells replaced, by column from 0.
fn line(n: u16, score: &str, changes: &[(usize, &str)]) -> String {
    let c = candidate(n);
    let mut cells =
        [c.ticket.as_str(), &c.name, &c.id_number, &c.occupation, c.level.word(), score].map(str::to_owned);
    for (column, text) in changes {
        cells[*column] = (*text).to_owned();
    }
    cells.join(",")
}

#[test]
fn numbers_absence_and_void_are_outcomes() {
    let scored = |hundredths| PracticalOutcome::Scored(Points::from_hundredths(hundredths));
    for (text, outcome) in [
        ("0", scored(0)),
        ("76.5", scored(7650)),
        ("７６.25", scored(7625)),
        ("100.00", scored(10_000)),
        ("缺 考", PracticalOutcome::Absent),
        ("成绩无效", PracticalOutcome::Void),
        ("无效", PracticalOutcome::Void),
        ("违纪", PracticalOutcome::Void),
    ] {
        let read = load(&format!("{HEAD}\n{}\n", line(1, text, &[]))).unwrap();
        assert_eq!(read, [PracticalScore { ticket: candidate(1).ticket, outcome }], "{text}");
    }
}

#[test]
fn each_defect_is_named_with_its_row_and_column() {
    let other = candidate(2).ticket;
    let id = candidate(2).id_number;
    let score = |text: &str| {
        format!(
            "column F (实操成绩): {text:?} is not a score between 0 and 100 with at most two decimals, nor 缺考 or 成绩无效"
        )
    };
    for (row, expected) in [
        (line(1, "100.01", &[]), score("100.01")),
        (line(1, "-1", &[]), score("-1")),
        (line(1, "80.125", &[]), score("80.125")),
        (line(1, "八十", &[]), score("八十")),
        (line(1, "NaN", &[]), score("NaN")),
        (line(1, "", &[]), "column F (实操成绩): has no score; write 缺考 for someone who was absent".into()),
        (
            line(1, "80", &[(0, "140510009999")]),
            "column A (准考证号): the ticket number 140510009999 is not on the roster".into(),
        ),
        (line(1, "80", &[(0, "")]), "column A (准考证号): is empty".into()),
        (
            line(1, "80", &[(0, other.as_str())]),
            format!("column A (准考证号): the ticket number {other} is there already, in s.csv: row 2"),
        ),
        (
            line(1, "80", &[(1, "王五")]),
            "column B (姓名): the roster has 李四 under this ticket number, not 王五".into(),
        ),
        (line(1, "80", &[(1, "")]), "column B (姓名): is empty".into()),
        (
            line(1, "80", &[(2, &id)]),
            "column C (身份证号): is not the number that the roster has under this ticket number".into(),
        ),
        (
            line(1, "80", &[(3, "焊工")]),
            "column D (工种): the roster has 电工 under this ticket number, not 焊工".into(),
        ),
        (
            line(1, "80", &[(4, "五级")]),
            "column E (级别): the roster has 四级 under this ticket number, not 五级".into(),
        ),
    ] {
        let error = load(&format!("{HEAD}\n{}\n{row}\n", line(2, "70", &[]))).unwrap_err();
        assert_eq!(error.to_string(), format!("s.csv: row 3, {expected}"));
    }
}

#[test]
fn all_rows_are_reported() {
    let rows = [line(1, "", &[]), line(2, "80", &[]), line(3, "x", &[(1, "王五")])].join("\n");
    match load(&format!("{HEAD}\n{rows}\n")) {
        Err(PracticalError::Rows(rows)) => {
            let rows: Vec<_> = rows.iter().map(|r| r.row).collect();
            assert_eq!(rows, [2, 4, 4]);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(load(&format!("{HEAD}\n")), Err(PracticalError::NoScores { .. })));
    let error = load("准考证号,姓名,理论成绩\n").unwrap_err();
    assert_eq!(error.to_string(), "s.csv: row 1: these are the headings, but 实操成绩 is missing");
}

#[test]
fn a_number_cell_with_binary_dust_is_a_score_and_one_with_three_decimals_is_not() {
    let file = |score: f64| {
        let bytes = workbook(|sheet| {
            for (column, heading) in (0..).zip(["准考证号", "姓名", "实操成绩"]) {
                sheet.write_string(0, column, heading).unwrap();
            }
            sheet.write_number(1, 0, 140_510_000_001.0).unwrap();
            sheet.write_string(1, 1, candidate(1).name).unwrap();
            sheet.write_number(1, 2, score).unwrap();
        });
        import("s.xlsx", &bytes, &exam(), &roster(5))
    };
    assert_eq!(file(76.1 + 0.2).unwrap()[0].outcome, PracticalOutcome::Scored(Points::from_hundredths(7630)));
    let error = file(76.505).unwrap_err().to_string();
    assert!(
        error.starts_with("s.xlsx: sheet 名册, row 2, column C (实操成绩): \"76.505\" is not a score"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_come_back(outcomes in proptest::collection::vec(0i64..=10_100, 1..40)) {
        let count = u16::try_from(outcomes.len()).unwrap();
        let roster = roster(count);
        let scores: Vec<_> = (1..=count).zip(outcomes).map(|(n, h)| PracticalScore {
            ticket: candidate(n).ticket,
            outcome: match h {
                10_001..=10_050 => PracticalOutcome::Absent,
                10_051.. => PracticalOutcome::Void,
                h => PracticalOutcome::Scored(Points::from_hundredths(h)),
            },
        }).collect();
        prop_assert_eq!(&import("s.csv", &to_csv(&scores, &roster), &exam(), &roster).unwrap(), &scores);
        let xlsx = to_xlsx(&scores, &roster).unwrap();
        prop_assert_eq!(&import("s.xlsx", &xlsx, &exam(), &roster).unwrap(), &scores);
    }

    #[test]
    fn any_rows_are_answered(cells in proptest::collection::vec("\\PC{0,12}", 6..40)) {
        let rows: Vec<_> = cells.chunks(6).map(|row| row.join(",")).collect();
        let _ = load(&format!("{HEAD}\n{}\n", rows.join("\n")));
    }
}
