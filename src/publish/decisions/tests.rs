use super::super::{EXCEPTION_COLUMNS, ExceptionRow, exceptions_csv};
use super::*;
use crate::sheet::{Cause, DecisionError, Exception, Sha256};
use proptest::prelude::*;

fn sheet() -> SheetId {
    SheetId { image: Sha256::of(b"a"), page: 2 }
}

fn exported() -> Vec<ExceptionRow> {
    let row = |id: &str, exception, sheet| ExceptionRow {
        id: id.into(),
        exception,
        source: "a.tif".into(),
        page: Some(2),
        sheet,
        ticket: "140510001001".into(),
        name: "张甲".into(),
        room: "01".into(),
        seat: Some(7),
        read: String::new(),
        crop: String::new(),
    };
    let ticket: TicketNumber = "140510001001".parse().unwrap();
    vec![
        row(
            "1",
            Exception::of_item(Cause::Unreadable, "items".parse().unwrap(), "20".parse().unwrap()),
            Some(sheet()),
        ),
        row("2", Exception::of_sheet(Cause::LayoutCodeUnreadable), Some(sheet())),
        row("3", Exception::of_sheet(Cause::SheetMissing { ticket, room: "01".parse().unwrap() }), None),
        row("4", Exception::of_field(Cause::Unreadable, "absent".parse().unwrap()), Some(sheet())),
    ]
}

/// The exported list with these last three cells in its rows.
fn filled(cells: &[[&str; 3]]) -> String {
    let text = String::from_utf8(exceptions_csv(&exported())).unwrap();
    let mut lines = text.lines();
    let mut out = format!("{}\n", lines.next().unwrap());
    for (line, cells) in lines.zip(cells.iter().chain(std::iter::repeat(&["", "", ""]))) {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(cells).unwrap();
        let cells = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        out.push_str(line.strip_suffix(",,,").unwrap());
        out.push(',');
        out.push_str(&cells);
    }
    out
}

fn problems(text: &str) -> Vec<RowProblem> {
    match parse_decisions("list.csv", text.as_bytes(), None) {
        Err(DecisionsError::Rows { problems, .. }) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_untouched_list_decides_nothing() {
    assert_eq!(parse_decisions("list.csv", &exceptions_csv(&exported()), None), Ok(vec![]));
}

#[test]
fn decisions_come_back_with_their_places() {
    let text = filled(&[
        ["=B", "王复核", "擦除不净"],
        ["void", "王复核", ""],
        ["accept", "王复核", "监考证明"],
        ["", "", ""],
    ]);
    let rows = parse_decisions("list.csv", text.as_bytes(), None).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[0],
        DecisionRow {
            row: 2,
            id: "1".into(),
            place: Place::Field {
                sheet: sheet(),
                field: "items".parse().unwrap(),
                item: Some("20".parse().unwrap())
            },
            decision: Decision::Value("B".into()),
            reviewer: "王复核".into(),
            reason: "擦除不净".into(),
        }
    );
    assert_eq!(rows[1].place, Place::Sheet { sheet: sheet() });
    assert_eq!(rows[2].place, Place::Candidate { ticket: "140510001001".parse().unwrap() });
    assert_eq!(rows[2].clone().into_resolution().decision, Decision::Accept);
}

#[test]
fn a_value_may_be_written_in_each_of_the_usual_ways() {
    for text in ["B", "b", "=B", "'=B", "'B", "=\"B\"", " B "] {
        let rows = parse_decisions("list.csv", filled(&[[text, "王", ""]]).as_bytes(), None).unwrap();
        assert_eq!(rows[0].decision, Decision::Value("B".into()), "{text:?}");
    }
}

#[test]
fn the_encodings_of_spreadsheets_are_read() {
    let text = filled(&[["B", "王复核", "涂改"]]);
    let bare = text.strip_prefix('\u{feff}').unwrap();
    let want = parse_decisions("list.csv", text.as_bytes(), None).unwrap();
    assert_eq!(want[0].reviewer, "王复核");
    assert_eq!(parse_decisions("list.csv", bare.as_bytes(), None).unwrap(), want);
    let (gbk, _, lossy) = encoding_rs::GBK.encode(bare);
    assert!(!lossy && std::str::from_utf8(&gbk).is_err());
    assert_eq!(parse_decisions("list.csv", &gbk, None).unwrap(), want);
    let utf16: Vec<u8> = text.replace(',', "\t").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse_decisions("list.txt", &utf16, None).unwrap(), want);
    assert_eq!(parse_decisions("list.csv", bare.replace(',', ";").as_bytes(), None).unwrap(), want);
}

#[test]
fn every_wrong_row_is_named_with_its_column() {
    let text =
        filled(&[["maybe?", "王", ""], ["void", "", ""], ["1.40511E+11", "王", ""], ["#NAME?", "王", ""]]);
    let found: Vec<_> = problems(&text).into_iter().map(|p| (p.row, p.column, p.problem)).collect();
    assert_eq!(
        found,
        [
            (2, DecisionColumn::Decision, DecisionProblem::Decision(DecisionError("maybe?".into()))),
            (3, DecisionColumn::Reviewer, DecisionProblem::NoReviewer),
            (4, DecisionColumn::Decision, DecisionProblem::Rounded("1.40511E+11".into())),
            (5, DecisionColumn::Decision, DecisionProblem::Formula("#NAME?".into())),
        ]
    );
    let error = parse_decisions("list.csv", text.as_bytes(), None).unwrap_err();
    assert!(error.to_string().contains("list.csv: row 3, column reviewer: "), "{error}");
    assert!(!error.hint().is_empty());
}

#[test]
fn a_default_reviewer_stands_in_for_an_empty_one_only() {
    let text = filled(&[["B", "", ""], ["void", "王", ""]]);
    let rows = parse_decisions("list.csv", text.as_bytes(), Some("李")).unwrap();
    assert_eq!((rows[0].reviewer.as_str(), rows[1].reviewer.as_str()), ("李", "王"));
    assert!(parse_decisions("list.csv", text.as_bytes(), Some(" ")).is_err());
}

#[test]
fn a_ticket_that_was_rounded_names_no_candidate() {
    let text =
        filled(&[["", "", ""], ["", "", ""], ["accept", "王", ""]]).replace("'140510001001", "1.40511E+11");
    assert_eq!(
        problems(&text)[0],
        RowProblem {
            row: 4,
            column: DecisionColumn::Ticket,
            problem: DecisionProblem::Rounded("1.40511E+11".into())
        }
    );
}

#[test]
fn one_exception_is_decided_once() {
    let text = filled(&[["B", "王", ""]]);
    let again = text.lines().nth(1).unwrap().to_owned();
    assert_eq!(
        problems(&format!("{text}{again}\n"))[0].problem,
        DecisionProblem::Twice { row: 2, id: "1".into() }
    );
}

#[test]
fn a_place_must_be_whole() {
    let heading = EXCEPTION_COLUMNS.join(",");
    let hash = sheet();
    for (cells, column) in [
        (",,,,,,,,,,,,,,B,王,", DecisionColumn::Id),
        ("1,,,,,,,,,,,,,,B,王,", DecisionColumn::Sheet),
        ("1,,,,abc:1,,,,,,,,,,B,王,", DecisionColumn::Sheet),
        ("1,,,,,12,,,,,,,,,B,王,", DecisionColumn::Ticket),
        (&format!("1,,,,{hash},,,,,,20,,,,B,王,"), DecisionColumn::Field),
        (&format!("1,,,,{hash},,,,,a/b,20,,,,B,王,"), DecisionColumn::Field),
    ] {
        assert_eq!(problems(&format!("{heading}\n{cells}\n"))[0].column, column, "{cells}");
    }
}

#[test]
fn what_is_no_list_is_refused() {
    let name = || "x".to_owned();
    assert_eq!(
        parse_decisions("x", b"PK\x03\x04\x00\x00\xff\xfe", None),
        Err(DecisionsError::NotText { name: name() })
    );
    assert_eq!(parse_decisions("x", b"\xff\xff\xff", None), Err(DecisionsError::NotText { name: name() }));
    let Err(DecisionsError::Columns { missing, .. }) =
        parse_decisions("x", b"id,decision\n1,B\n", Some("王"))
    else {
        panic!("accepted")
    };
    assert_eq!(
        missing,
        [DecisionColumn::Sheet, DecisionColumn::Ticket, DecisionColumn::Field, DecisionColumn::Item]
    );
    assert!(matches!(parse_decisions("x", b"", None), Err(DecisionsError::Columns { .. })));
}

proptest! {
    #[test]
    fn no_bytes_upset_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), cells in "[ -~]{0,60}") {
        let _ = parse_decisions("x", &bytes, None);
        let text = format!("{}\n{cells}", EXCEPTION_COLUMNS.join(","));
        if let Ok(rows) = parse_decisions("x", text.as_bytes(), None) {
            prop_assert!(rows.iter().all(|r| !r.reviewer.is_empty() && !r.id.is_empty()));
        }
    }

    #[test]
    fn a_decision_survives_the_road(
        value in "[A-Z0-9]{1,11}", reviewer in "[王李a-z]{1,6}", reason in "[^\\p{C}\\s'][^\\p{C}\\s]{0,10}"
    ) {
        let decision: Decision = value.parse().unwrap();
        let text = filled(&[[&decision.to_string(), &reviewer, &reason]]);
        let rows = parse_decisions("x", text.as_bytes(), None).unwrap();
        prop_assert_eq!(&rows[0].decision, &decision);
        prop_assert_eq!(&rows[0].reviewer, &reviewer);
        prop_assert_eq!(&rows[0].reason, &reason);
    }
}
