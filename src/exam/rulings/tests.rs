use super::*;
use crate::exam::testing::{candidate, exam, roster, workbook};
use proptest::prelude::*;

const HEAD: &str = "准考证号,姓名,特殊情况,科目,分值,依据,备注";

fn load(rows: &str) -> Result<Rulings, RulingsError> {
    Rulings::import("r.csv", format!("{HEAD}\n{rows}\n").as_bytes(), &exam(), &roster(8))
}

/// A row about candidate `n` (四级): what follows 准考证号 and 姓名.
fn row(n: u16, rest: &str) -> String {
    format!("{},{},{rest}", candidate(n).ticket, candidate(n).name)
}

fn points(text: &str) -> Points {
    text.parse().unwrap()
}

#[test]
fn every_ruling_is_understood_in_the_words_of_the_field() {
    use Part::{Practical, Theory};
    let reason = String::new;
    for (rest, ruling, remark) in [
        ("缺考,理论,,,", Ruling::Absent { part: Theory, reason: reason() }, "理论缺考"),
        ("实操缺考,,,,", Ruling::Absent { part: Practical, reason: reason() }, "实操缺考"),
        (
            "成绩无效,理论知识,,,雷同",
            Ruling::Void { part: Theory, reason: "雷同".into() },
            "雷同，理论成绩无效",
        ),
        (
            "该科目成绩无效,操作技能,,,替考",
            Ruling::Void { part: Practical, reason: "替考".into() },
            "替考，实操成绩无效",
        ),
        ("全部科目成绩无效,,,,替考", Ruling::AllVoid { reason: "替考".into() }, "替考，全部科目成绩无效"),
        ("全部无效,全部,,,替考", Ruling::AllVoid { reason: "替考".into() }, "替考，全部科目成绩无效"),
        (
            "扣分,理论,10,,迟到",
            Ruling::Deduction { part: Theory, points: points("10"), reason: "迟到".into() },
            "理论扣 10 分：迟到",
        ),
        (
            "扣分,实操,-2.5分,,安全",
            Ruling::Deduction { part: Practical, points: points("2.5"), reason: "安全".into() },
            "实操扣 2.5 分：安全",
        ),
        (
            "理论成绩保留,,82.5,2026年第1批,",
            Ruling::CarriedOver {
                part: Theory, score: Some(points("82.5")), source: "2026年第1批".into()
            },
            "理论成绩保留（2026年第1批）",
        ),
        (
            "单科保留,实操,,第 12 号,",
            Ruling::CarriedOver { part: Practical, score: None, source: "第 12 号".into() },
            "实操成绩保留（第 12 号）",
        ),
        ("补考实操,,,,", Ruling::Retake { part: Practical, reason: reason() }, "补考实操"),
    ] {
        let read = load(&row(1, rest)).unwrap_or_else(|e| panic!("{rest}: {e}"));
        assert_eq!(read.of(&candidate(1).ticket), [ruling], "{rest}");
        assert_eq!(read.of(&candidate(1).ticket)[0].remark(), remark);
    }
    assert_eq!(load(&row(1, "正常,,,,")).unwrap(), Rulings::default());
}

#[test]
#[allow(clippy::too_many_lines)] // a table of every defect
fn each_defect_is_named_with_its_row_and_column() {
    let column = |letter: &str, heading: &str, what: &str| format!("column {letter} ({heading}): {what}");
    let first = row(2, "缺考,理论,,,");
    for (bad, expected) in [
        (
            format!("9999,张三,{}", "缺考,理论,,,"),
            column("A", "准考证号", "the ticket number 9999 is not on the roster"),
        ),
        (format!(",{},缺考,理论,,,", candidate(1).name), column("A", "准考证号", "is empty")),
        (
            format!("1.4051E+11,{},缺考,理论,,,", candidate(1).name),
            column(
                "A",
                "准考证号",
                "is stored as a number with more than 15 digits, and its last digits are lost: the column must be text",
            ),
        ),
        (
            format!("{},王五,缺考,理论,,,", candidate(1).ticket),
            column(
                "B",
                "姓名",
                &format!("the roster has {} under this ticket number, not 王五", candidate(1).name),
            ),
        ),
        (format!("{},,缺考,理论,,,", candidate(1).ticket), column("B", "姓名", "is empty")),
        (row(1, ",理论,,,"), column("C", "特殊情况", "is empty")),
        (
            row(1, "请假,理论,,,"),
            column(
                "C",
                "特殊情况",
                "\"请假\" is none of 正常, 缺考, 成绩无效, 全部科目成绩无效, 扣分, 成绩保留, 补考",
            ),
        ),
        (row(1, "缺考,,,,"), column("D", "科目", "does not say which part; write 理论, 实操 or 综合评审")),
        (row(1, "缺考,全部,,,"), column("D", "科目", "\"全部\" is none of 理论, 实操, 综合评审")),
        (row(1, "缺考,体育,,,"), column("D", "科目", "\"体育\" is none of 理论, 实操, 综合评审")),
        (
            row(1, "理论缺考,实操,,,"),
            column("D", "科目", "says practical (实操), but the ruling is about theory (理论)"),
        ),
        (
            row(1, "全部科目成绩无效,理论,,,替考"),
            column("D", "科目", "says theory (理论), but this ruling is not about one part"),
        ),
        (
            row(1, "正常,理论,,,"),
            column("D", "科目", "says theory (理论), but this ruling is not about one part"),
        ),
        (
            row(1, "缺考,综合评审,,,"),
            column("D", "科目", "the candidate's level does not have review (综合评审)"),
        ),
        (row(1, "扣分,理论,,,迟到"), column("E", "分值", "does not say how many points are deducted")),
        (
            row(1, "扣分,理论,0,,迟到"),
            column("E", "分值", "\"0\" is not a number above 0 and at most 100 with at most two decimals"),
        ),
        (
            row(1, "扣分,理论,100.5,,迟到"),
            column(
                "E",
                "分值",
                "\"100.5\" is not a number above 0 and at most 100 with at most two decimals",
            ),
        ),
        (
            row(1, "扣分,理论,十,,迟到"),
            column("E", "分值", "\"十\" is not a number above 0 and at most 100 with at most two decimals"),
        ),
        (
            row(1, "扣分,理论,1.005,,迟到"),
            column(
                "E",
                "分值",
                "\"1.005\" is not a number above 0 and at most 100 with at most two decimals",
            ),
        ),
        (
            row(1, "成绩保留,理论,101,第1批,"),
            column("E", "分值", "\"101\" is not a number between 0 and 100 with at most two decimals"),
        ),
        (
            row(1, "成绩保留,理论,59.99,第1批,"),
            column(
                "E",
                "分值",
                "a score of 59.99 is below the pass line of 60.0: it can't be carried over as a pass",
            ),
        ),
        (row(1, "缺考,理论,10,,"), column("E", "分值", "has \"10\", but only 扣分 and 成绩保留 have points")),
        (
            row(1, "成绩保留,理论,80,,"),
            column(
                "F",
                "依据",
                "does not say where the pass is written: a batch, a publication number or a document",
            ),
        ),
        (row(1, "缺考,理论,,第1批,"), column("F", "依据", "has \"第1批\", but only 成绩保留 has a source")),
        (
            row(1, "扣分,理论,10,,"),
            column("G", "备注", "has no reason; a deduction and a void result need one"),
        ),
        (
            row(1, "成绩无效,理论,,,"),
            column("G", "备注", "has no reason; a deduction and a void result need one"),
        ),
        (
            row(1, "全部科目成绩无效,,,,"),
            column("G", "备注", "has no reason; a deduction and a void result need one"),
        ),
        (row(1, "缺考,#REF!,,,"), column("D", "科目", "\"#REF!\" is none of 理论, 实操, 综合评审")),
        (
            row(2, "缺考,理论,,,"),
            column(
                "C",
                "特殊情况",
                &format!("{} has this ruling already, in r.csv: row 2", candidate(2).ticket),
            ),
        ),
        (
            row(2, "正常,,,,"),
            column(
                "C",
                "特殊情况",
                &format!("contradicts 理论缺考 of {}, in r.csv: row 2", candidate(2).ticket),
            ),
        ),
        (
            row(2, "成绩保留,理论,80,第1批,"),
            column(
                "C",
                "特殊情况",
                &format!("contradicts 理论缺考 of {}, in r.csv: row 2", candidate(2).ticket),
            ),
        ),
        (
            row(2, "成绩无效,理论,,,雷同"),
            column(
                "C",
                "特殊情况",
                &format!("contradicts 理论缺考 of {}, in r.csv: row 2", candidate(2).ticket),
            ),
        ),
        (
            row(2, "扣分,理论,5,,迟到"),
            column(
                "C",
                "特殊情况",
                &format!("contradicts 理论缺考 of {}, in r.csv: row 2", candidate(2).ticket),
            ),
        ),
    ] {
        let error = load(&format!("{first}\n{bad}")).unwrap_err();
        assert_eq!(error.to_string(), format!("r.csv: row 3, {expected}"), "{bad}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn rulings_that_can_not_both_be_right_are_refused() {
    let both = |one: &str, other: &str| load(&format!("{}\n{}", row(1, one), row(1, other)));
    for (one, other) in [
        ("成绩保留,理论,,第1批,", "补考,理论,,,"),
        ("成绩保留,理论,,第1批,", "扣分,理论,5,,迟到"),
        ("成绩保留,理论,,第1批,", "全部科目成绩无效,,,,替考"),
        ("成绩无效,实操,,,替考", "全部科目成绩无效,,,,替考"),
        ("成绩无效,理论,,,雷同", "扣分,理论,5,,迟到"),
    ] {
        for error in [both(one, other).unwrap_err(), both(other, one).unwrap_err()] {
            assert!(error.to_string().contains("contradicts"), "{one} and {other}: {error}");
        }
    }
    for (one, other) in [
        ("成绩保留,理论,,第1批,", "补考,实操,,,"),
        ("补考,实操,,,", "缺考,实操,,,"),
        ("缺考,理论,,,", "扣分,实操,5,,安全"),
        ("缺考,理论,,,", "全部科目成绩无效,,,,替考"),
    ] {
        assert_eq!(both(one, other).unwrap(), both(other, one).unwrap(), "the order of rows says nothing");
        assert_eq!(both(one, other).unwrap().of(&candidate(1).ticket).len(), 2);
    }
}

#[test]
fn a_file_without_headings_or_rows_is_refused() {
    let import = |text: &str| Rulings::import("r.csv", text.as_bytes(), &exam(), &roster(8)).unwrap_err();
    let error = import("准考证号,姓名,备注\n1,张三,缺考\n");
    assert!(error.to_string().contains("特殊情况"), "{error}");
    assert!(matches!(import(HEAD), RulingsError::NoRows { .. }));
    assert!(matches!(import(""), RulingsError::Table(_)));
    let lost = workbook(|sheet| {
        for (column, heading) in (0..).zip(["准考证号", "姓名", "特殊情况", "科目"]) {
            sheet.write_string(0, column, heading).unwrap();
        }
        sheet.write_number(1, 0, 1.405_100_000_012_345e17).unwrap();
        sheet.write_string(1, 1, candidate(1).name).unwrap();
        sheet.write_string(1, 2, "缺考").unwrap();
        sheet.write_string(1, 3, "理论").unwrap();
    });
    let error = Rulings::import("r.xlsx", &lost, &exam(), &roster(8)).unwrap_err().to_string();
    assert!(
        error.starts_with("r.xlsx: sheet 名册, row 2, column A (准考证号): is stored as a number"),
        "{error}"
    );
}

#[test]
fn what_is_different_from_the_version_before_is_told() {
    let before = load(&[row(1, "缺考,理论,,,"), row(2, "补考,实操,,,")].join("\n")).unwrap();
    let after = load(&[row(1, "成绩无效,理论,,,雷同"), row(2, "补考,实操,,,")].join("\n")).unwrap();
    let ticket = candidate(1).ticket;
    let told = [format!("{ticket}: no more 理论缺考"), format!("{ticket}: now 雷同，理论成绩无效")];
    assert_eq!(after.changes_from(&before), told);
    assert!(after.changes_from(&after).is_empty());
}

fn any_ruling() -> impl Strategy<Value = Ruling> {
    let part = prop_oneof![Just(Part::Theory), Just(Part::Practical)];
    let text = "[一-龥]{1,6}";
    (0u8..6, part, text, 1i64..=10_000, any::<bool>()).prop_map(|(kind, part, reason, points, known)| {
        let score = Points::from_hundredths(points.max(6000));
        match kind {
            0 => Ruling::Absent { part, reason },
            1 => Ruling::Void { part, reason },
            2 => Ruling::AllVoid { reason },
            3 => Ruling::Deduction { part, points: Points::from_hundredths(points), reason },
            4 => Ruling::CarriedOver { part, score: known.then_some(score), source: reason },
            _ => Ruling::Retake { part, reason },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rulings_come_back(rulings in proptest::collection::vec(any_ruling(), 1..8)) {
        let of = (1u16..).zip(rulings).map(|(n, r)| (candidate(n).ticket, vec![r])).collect();
        let (rulings, roster) = (Rulings(of), roster(8));
        let csv = to_csv(&rulings, &roster);
        prop_assert_eq!(&Rulings::import("r.csv", &csv, &exam(), &roster).unwrap(), &rulings);
        let xlsx = to_xlsx(&rulings, &roster).unwrap();
        prop_assert_eq!(&Rulings::import("r.xlsx", &xlsx, &exam(), &roster).unwrap(), &rulings);
    }

    #[test]
    fn any_rows_are_answered(cells in proptest::collection::vec("\\PC{0,12}", 7..42)) {
        let rows: Vec<_> = cells.chunks(7).map(|row| row.join(",")).collect();
        let _ = load(&rows.join("\n"));
    }
}
