use super::*;
use crate::exam::testing::{candidate, exam, roster, workbook};

const HEAD: &str = "准考证号,姓名,题型,得分";

/// The exam of the other tests, with sections marked by hand.
fn with(sections: &[(&str, &str)]) -> Exam {
    let mut exam = exam();
    let paper = exam.papers.get_mut(&"electrician-4".parse().unwrap()).unwrap();
    paper.hand = sections
        .iter()
        .map(|(name, points)| HandSection { name: name.parse().unwrap(), points: points.parse().unwrap() })
        .collect();
    exam
}

fn two() -> Exam {
    with(&[("简答题", "20"), ("论述题", "10.5")])
}

fn load(text: &str, exam: &Exam) -> Result<BTreeMap<TicketNumber, HandMarks>, HandError> {
    import("m.csv", text.as_bytes(), exam, &roster(5))
}

fn line(n: u16, section: &str, mark: &str) -> String {
    format!("{},{},{section},{mark}", candidate(n).ticket, candidate(n).name)
}

fn marks(pairs: &[(&str, &str)]) -> HandMarks {
    pairs.iter().map(|(name, points)| (name.parse().unwrap(), points.parse().unwrap())).collect()
}

#[test]
fn a_candidate_has_a_row_for_each_section() {
    let text =
        [HEAD, &line(1, "简答题", "17.5"), &line(2, "论述题", "0"), &line(1, "论 述 题", "10.50")].join("\n");
    let found = load(&text, &two()).unwrap();
    assert_eq!(found[&candidate(1).ticket], marks(&[("简答题", "17.5"), ("论述题", "10.5")]));
    assert_eq!(found[&candidate(2).ticket], marks(&[("论述题", "0")]));
    assert_eq!(found.len(), 2);
}

#[test]
fn one_section_need_not_be_named() {
    let exam = with(&[("简答题", "20")]);
    let (c, d) = (candidate(1), candidate(2));
    let text =
        format!("考号,考生姓名,主观题得分\n{},{},20\n{},{},3.25\n", c.ticket, c.name, d.ticket, d.name);
    let found = load(&text, &exam).unwrap();
    assert_eq!(found[&d.ticket], marks(&[("简答题", "3.25")]));
}

#[test]
fn a_workbook_is_read_like_text() {
    let rows = [
        vec!["准考证号".into(), "姓名".into(), "题型".into(), "得分".into()],
        vec![candidate(3).ticket.to_string(), candidate(3).name, "简答题".into(), "12.5".into()],
    ];
    let bytes = workbook(|sheet| {
        for (row, cells) in (0..).zip(&rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    });
    let found = import("m.xlsx", &bytes, &two(), &roster(5)).unwrap();
    assert_eq!(found[&candidate(3).ticket], marks(&[("简答题", "12.5")]));
}

#[test]
fn every_wrong_row_is_named_and_nothing_is_taken_in() {
    let range = |found: &str, section: &str, most: &str| {
        format!(
            "column D (得分): {found:?} is not a number between 0 and {most} with at most two decimals, which {section} can give"
        )
    };
    for (row, expected) in [
        (line(1, "简答题", "20.01"), range("20.01", "简答题", "20.0")),
        (line(1, "论述题", "11"), range("11", "论述题", "10.5")),
        (line(1, "简答题", "-1"), range("-1", "简答题", "20.0")),
        (line(1, "简答题", "3.125"), range("3.125", "简答题", "20.0")),
        (line(1, "简答题", "十"), range("十", "简答题", "20.0")),
        (line(1, "简答题", ""), "column D (得分): has no marks; write 0 for a section that was left blank".into()),
        (line(1, "", "5"), "column C (题型): does not say which section; the paper has 简答题, 论述题".into()),
        (
            line(1, "作文", "5"),
            "column C (题型): \"作文\" is not a section of the paper electrician-4 that is marked by hand; it has 简答题, 论述题"
                .into(),
        ),
        (
            line(1, "简答题", "5").replace(&candidate(1).name, "王五"),
            format!("column B (姓名): the roster has {} under this ticket number, not 王五", candidate(1).name),
        ),
        (
            line(1, "简答题", "5").replace(candidate(1).ticket.as_str(), "140510009999"),
            "column A (准考证号): the ticket number 140510009999 is not on the roster".into(),
        ),
    ] {
        let text = format!("{HEAD}\n{}\n{row}\n", line(2, "简答题", "1"));
        let error = load(&text, &two()).unwrap_err().to_string();
        assert_eq!(error, format!("m.csv: row 3, {expected}"), "{row}");
    }
}

#[test]
fn the_same_section_twice_is_refused_with_both_places() {
    let text = format!("{HEAD}\n{}\n{}\n", line(1, "简答题", "5"), line(1, "简答题", "5"));
    let error = load(&text, &two()).unwrap_err().to_string();
    assert!(error.contains("row 3") && error.contains("row 2") && error.contains("简答题"), "{error}");
}

#[test]
fn a_paper_without_such_sections_has_no_marks() {
    let text = format!("{HEAD}\n{}\n", line(1, "简答题", "5"));
    let error = load(&text, &exam()).unwrap_err().to_string();
    assert!(error.ends_with("the candidate's paper has no section that is marked by hand"), "{error}");
    assert!(matches!(load(HEAD, &two()), Err(HandError::NoMarks { .. })));
    assert!(matches!(load("准考证号,姓名\n", &two()), Err(HandError::Table(_))));
}
