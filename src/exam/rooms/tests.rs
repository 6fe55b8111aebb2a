use super::*;
use crate::exam::testing::{candidate, exam, roster};
use crate::sheet::{RoomId, TicketNumber};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn ticket(n: u16) -> TicketNumber {
    candidate(n).ticket
}

fn import(text: &str, people: u16) -> Result<Vec<RoomRecord>, RoomError> {
    RoomRecord::import("k.csv", text.as_bytes(), &exam(), &roster(people))
}

/// The problems of a table, without the file's name.
fn problems(text: &str, people: u16) -> Vec<String> {
    match import(text, people) {
        Err(RoomError::Rows(rows)) => {
            rows.iter().map(|r| r.to_string().strip_prefix("k.csv: ").unwrap().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

const HEAD: &str = "考场,准考证号,姓名,状态,情况";

#[test]
fn a_list_says_who_was_there() {
    let text = format!(
        "{HEAD}\n01,{},,√,\n1,{},{},缺考,病\n01,{},,违纪,使用手机\n02,{},,到考,\n",
        ticket(1),
        ticket(2),
        candidate(2).name,
        ticket(3),
        ticket(31),
    );
    let record = |room: &str, present: &[u16], absent: &[u16], violations: &[(u16, &str)]| RoomRecord {
        room: room.parse().unwrap(),
        present: present.iter().map(|n| ticket(*n)).collect(),
        absent: absent.iter().map(|n| ticket(*n)).collect(),
        violations: violations.iter().map(|(n, words)| (ticket(*n), (*words).to_owned())).collect(),
    };
    assert_eq!(
        import(&text, 40).unwrap(),
        [record("01", &[1, 3], &[2], &[(3, "使用手机")]), record("02", &[31], &[], &[])]
    );
}

#[test]
fn counts_and_those_who_were_not_there_make_a_record() {
    let text = format!(
        "考场,应到,实到,缺考,违纪,准考证号,状态,备注\n\
         01,30,28,2,1,,,\n01,,,,,{},缺考,\n01,,,,,{},缺考,\n01,,,,,{},作弊,\n02,10,10,0,0,,,\n合计,40,38,2,1,,,\n",
        ticket(4),
        ticket(7),
        ticket(9),
    );
    let records = import(&text, 40).unwrap();
    assert_eq!(records.len(), 2);
    let absent: BTreeSet<_> = [ticket(4), ticket(7)].into();
    let everyone: BTreeSet<_> = (1..=30).map(ticket).collect();
    assert_eq!(records[0].absent, absent);
    assert_eq!(records[0].present, &everyone - &absent);
    assert_eq!(records[0].violations, BTreeMap::from([(ticket(9), "违纪".to_owned())]));
    assert_eq!(records[1].present, (31..=40).map(ticket).collect());
}

#[test]
fn counts_and_list_may_be_two_sheets() {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in [
        ("情况汇总", vec![vec!["考场", "应到人数", "实到人数", "缺考人数"], vec!["01", "5", "4", "1"]]),
        ("缺考名单", vec![vec!["考场号", "准考证号", "状态"], vec!["01", "140510000002", "缺考"]]),
    ] {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    let records = RoomRecord::import("k.xlsx", &bytes, &exam(), &roster(5)).unwrap();
    assert_eq!((records[0].present.len(), records[0].absent.len()), (4, 1));
}

#[test]
fn each_defect_is_named_with_its_row_and_column() {
    let first = ticket(1);
    for (row, expected) in [
        (format!("01,{first},,,"), "row 3, column D (状态): is empty"),
        (format!("01,{first},,迟到,"), "row 3, column D (状态): \"迟到\" is none of 到考, 缺考, 违纪"),
        (
            format!("09,{first},,到考,"),
            "row 3, column A (考场): \"09\" is not a room of this exam; there are 01, 02, 03",
        ),
        (
            format!("02,{first},,到考,"),
            "row 3, column A (考场): the roster has 140510000001 in room 01, not in room 02",
        ),
        (
            format!("01,{first},王五,到考,"),
            "row 3, column C (姓名): the roster has 李四 under this ticket number, not 王五",
        ),
        (
            "01,140510009999,,到考,".into(),
            "row 3, column B (准考证号): the ticket number 140510009999 is not on the roster",
        ),
        (
            format!("01,{},,缺考,", ticket(2)),
            "row 3, column B (准考证号): the ticket number 140510000002 is there already, in k.csv: row 2",
        ),
        ("01,,张三,到考,".into(), "row 3, column B (准考证号): is empty"),
    ] {
        let text = format!("{HEAD}\n01,{},,到考,\n{row}\n", ticket(2));
        assert_eq!(problems(&text, 40), [expected]);
    }
}

#[test]
fn counts_that_disagree_are_refused_with_the_numbers() {
    let head = "考场,应到,实到,缺考,违纪,准考证号,状态";
    let absentee = format!("01,,,,,{},缺考", ticket(4));
    for (counts, expected) in [
        (
            "01,31,29,1,0,,",
            "column B (应到): room 01: 应到 is 31, but the roster has 30 candidates in this room",
        ),
        (
            "01,30,28,1,0,,",
            "column C (实到): room 01: 实到 is 28, but 30 on the roster without 1 absent are 29",
        ),
        ("01,30,29,2,0,,", "column D (缺考): room 01: 缺考 is 2, but 1 are listed as absent"),
        ("01,30,29,1,2,,", "column E (违纪): room 01: 违纪 is 2, but 0 are listed"),
        ("01,30,29,一,0,,", "column D (缺考): \"一\" is not a number of people"),
        ("01,30,29,,0,,", "column D (缺考): is empty"),
    ] {
        assert_eq!(problems(&format!("{head}\n{counts}\n{absentee}\n"), 40), [format!("row 2, {expected}")]);
    }
    let twice = format!("{head}\n01,30,29,1,0,,\n01,30,29,1,0,,\n{absentee}\n");
    assert_eq!(
        problems(&twice, 40),
        ["row 3, column A (考场): room 01 has its counts already, in k.csv: row 2"]
    );
}

#[test]
fn a_list_without_its_status_is_not_taken_for_counts() {
    let error = import("考场,准考证号,应到,实到,缺考\n01,140510000001,30,30,0\n", 30).unwrap_err();
    assert_eq!(error.to_string(), "k.csv: row 1: these are the headings, but 状态 is missing");
    assert!(error.hint().contains("应到"));
    let error = import("考场,备注\n01,\n", 30).unwrap_err();
    assert!(matches!(error, RoomError::Table(TableError::NoHeadings { .. })));
    assert!(matches!(import(&format!("{HEAD}\n"), 3), Err(RoomError::NoRows { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_back(people in proptest::collection::vec(0u8..5, 1..70), words in "[一-龥,\"]{1,8}") {
        let count = u16::try_from(people.len()).unwrap();
        let roster = roster(count);
        let mut records = BTreeMap::<RoomId, RoomRecord>::new();
        for (n, status) in (1..=count).zip(people) {
            let room = candidate(n).room;
            let record = records.entry(room.clone()).or_insert_with(|| RoomRecord {
                room, present: BTreeSet::new(), absent: BTreeSet::new(), violations: BTreeMap::new(),
            });
            match status {
                0 => { record.absent.insert(ticket(n)); }
                1 => { record.present.insert(ticket(n)); record.violations.insert(ticket(n), words.clone()); }
                _ => { record.present.insert(ticket(n)); }
            }
        }
        let records: Vec<_> = records.into_values().collect();
        let csv = to_csv(&records, &roster);
        prop_assert_eq!(&RoomRecord::import("k.csv", &csv, &exam(), &roster).unwrap(), &records);
        let xlsx = to_xlsx(&records, &roster).unwrap();
        prop_assert_eq!(&RoomRecord::import("k.xlsx", &xlsx, &exam(), &roster).unwrap(), &records);
    }

    #[test]
    fn any_rows_are_answered(cells in proptest::collection::vec("(01|02|缺考|到考|14051000000[1-9]|[0-9]{1,3}|\\PC{0,3})", 7..70)) {
        let rows: Vec<_> = cells.chunks(7).map(|row| row.join(",")).collect();
        let _ = import(&format!("考场,应到,实到,缺考,违纪,准考证号,状态\n{}\n", rows.join("\n")), 9);
    }
}
