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
        report: RoomReport::default(),
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
        (
            format!("01,{first},,迟到,"),
            "row 3, column D (状态): \"迟到\" is none of 到考, 缺考, 违纪, 作废卡",
        ),
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
        let found = problems(&format!("{head}\n{counts}\n{absentee}\n"), 40);
        assert_eq!(found.last(), Some(&format!("row 2, {expected}")));
        // Where the row contradicts itself too, that is told first.
        let own = found.iter().filter(|text| text.contains("column B (应到): room 01: 应到 is")).count();
        assert!(found.len() == 1 || (own > 0 && found[0].contains(" make ")), "{found:?}");
    }
    let sum = problems(&format!("{head}\n01,30,28,1,0,,\n{absentee}\n"), 40);
    assert_eq!(sum[0], "row 2, column B (应到): room 01: 应到 is 30, but 实到 28 and 缺考 1 make 29");
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

/// Headings of a room form with everything, and a room's row in which some cells are replaced, by column from 0.
const FORM: &str = "考场,应到,实到,缺考,违纪,起始号,终止号,试卷发放,试卷回收,答题卡发放,答题卡回收,备用卡,作废卡,监考员,备注,\
                    准考证号,卡号,状态";

fn form(changes: &[(usize, &str)]) -> String {
    let first = ticket(1).to_string();
    let last = ticket(30).to_string();
    let mut cells: Vec<&str> = vec![
        "01",
        "30",
        "29",
        "1",
        "0",
        &first,
        &last,
        "30",
        "30",
        "32",
        "32",
        "1",
        "1",
        "赵一、钱二",
        "断电十分钟",
        "",
        "",
        "",
    ];
    for (column, text) in changes {
        cells[*column] = text;
    }
    cells.join(",")
}

fn with_form(room: &str, card: &str) -> String {
    let (absent, card) = (format!("01{}{},,缺考", ",".repeat(15), ticket(4)), card.to_owned());
    format!("{FORM}\n{room}\n{absent}\n{card}\n")
}

fn card_row(ticket: &str, serial: &str, reason: &str) -> String {
    format!("01{}{reason},{ticket},{serial},作废卡", ",".repeat(14))
}

#[test]
fn a_room_form_says_everything_and_comes_back() {
    let voided = card_row(ticket(7).as_str(), "000123", "污损");
    let records = import(&with_form(&form(&[]), &voided), 40).unwrap();
    let report = &records[0].report;
    assert_eq!((report.first.clone(), report.last.clone()), (Some(ticket(1)), Some(ticket(30))));
    assert_eq!(report.cards, HandedOut { out: Some(32), back: Some(32) });
    assert_eq!(report.papers, HandedOut { out: Some(30), back: Some(30) });
    assert_eq!((report.spare, report.remark.as_str()), (Some(1), "断电十分钟"));
    assert_eq!(report.invigilators, ["赵一", "钱二"]);
    let card = VoidedCard { ticket: Some(ticket(7)), serial: "000123".into(), reason: "污损".into() };
    assert_eq!(report.voided, [card].into());
    assert!(records[0].present.contains(&ticket(7)), "the candidate was there all the same");
    let again = RoomRecord::import("k.csv", &to_csv(&records, &roster(40)), &exam(), &roster(40)).unwrap();
    assert_eq!(again, records);
    let book = to_xlsx(&records, &roster(40)).unwrap();
    assert_eq!(RoomRecord::import("k.xlsx", &book, &exam(), &roster(40)).unwrap(), records);
}

#[test]
fn a_room_form_that_contradicts_itself_is_refused_with_the_numbers() {
    let voided = card_row(ticket(7).as_str(), "000123", "污损");
    let (two, five) = (ticket(2).to_string(), ticket(5).to_string());
    for (changes, expected) in [
        (
            vec![(5, two.as_str())],
            format!("column F (起始号): room 01: 起始号 is {two}, but on the roster it is {}", ticket(1)),
        ),
        (
            vec![(6, five.as_str())],
            format!("column G (终止号): room 01: 终止号 is {five}, but on the roster it is {}", ticket(30)),
        ),
        (vec![(5, "第一号")], "column F (起始号): a ticket number (准考证号) has 4 to 32 digits".to_owned()),
        (vec![(8, "29")], "column I (试卷回收): room 01: 30 试卷 were handed out, but 29 came back".to_owned()),
        (vec![(10, "31")], "column K (答题卡回收): room 01: 32 答题卡 were handed out, but 31 came back".to_owned()),
        (
            vec![(9, "29"), (10, "29")],
            "column K (答题卡回收): room 01: 29 答题卡 came back, fewer than 29 present and 1 voided cards make"
                .to_owned(),
        ),
        (
            vec![(7, "28"), (8, "28")],
            "column I (试卷回收): room 01: 28 试卷 came back, fewer than 29 present and 0 voided cards make"
                .to_owned(),
        ),
        (vec![(11, "0")], "column L (备用卡): room 01: 备用卡 is 0, but 1 cards were voided".to_owned()),
        (vec![(12, "2")], "column M (作废卡): room 01: 作废卡 is 2, but 1 are listed".to_owned()),
        (vec![(11, "一张")], "column L (备用卡): \"一张\" is not a number of people".to_owned()),
        (vec![(9, "-1")], "column J (答题卡发放): \"-1\" is not a number of people".to_owned()),
        (vec![(12, "1.5")], "column M (作废卡): \"1.5\" is not a number of people".to_owned()),
        (vec![(4, "1")], "column E (违纪): room 01: 违纪 is 1, but 0 are listed".to_owned()),
    ] {
        let found = problems(&with_form(&form(&changes), &voided), 40);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("row 2, {expected}")), "{found:?} is not {expected}");
    }
}

#[test]
fn a_voided_card_must_be_somebodys_in_the_room() {
    let nobody = "140510009999";
    for (card, expected) in [
        (card_row("", "", "污损"), "row 4, column P (准考证号): names neither a ticket number nor a card's number for the voided card".to_owned()),
        (card_row(nobody, "", ""), format!("row 4, column P (准考证号): the ticket number {nobody} is not on the roster")),
        (
            card_row(ticket(31).as_str(), "", ""),
            format!("row 4, column P (准考证号): the roster has {} in room 02, not in room 01", ticket(31)),
        ),
        (
            card_row(ticket(4).as_str(), "", ""),
            format!("row 2, column R (状态): {} is recorded absent, but a card of theirs was voided", ticket(4)),
        ),
        (
            format!("{}\n{}", card_row("", "77", ""), card_row("", "77", "污损")),
            "row 5, column P (准考证号): this voided card is there already, in k.csv: row 4".to_owned(),
        ),
    ] {
        let count = if card.contains('\n') { "2" } else { "1" };
        let found = problems(&with_form(&form(&[(11, "2"), (12, count)]), &card), 40);
        let found: Vec<_> = found.into_iter().filter(|text| !text.contains("作废卡 is")).collect();
        assert_eq!(found, [expected]);
    }
}

#[test]
fn a_record_told_in_words_is_checked_as_a_table_is() {
    let said = || RoomSaid { room: "1".into(), ..RoomSaid::default() };
    let record = |said: RoomSaid| RoomRecord::said(said, &exam(), &roster(40), &[ticket(9)].into());
    let good = record(RoomSaid {
        absent: [ticket(4)].into(),
        violations: [(ticket(5), "夹带".to_owned())].into(),
        ..said()
    })
    .unwrap();
    assert_eq!((good.room.as_str(), good.present.len(), good.absent.len()), ("01", 28, 1));
    assert!(!good.present.contains(&ticket(9)), "whoever is not to sit theory is present only if named");
    let faults = |said: RoomSaid| -> Vec<String> {
        record(said).unwrap_err().iter().map(ToString::to_string).collect()
    };
    let report = |report: RoomReport| RoomSaid { report, ..said() };
    for (said, expected) in [
        (RoomSaid { room: "77".into(), ..said() }, "\"77\" is not a room of this exam; there are 01, 02, 03"),
        (
            RoomSaid { absent: [ticket(31)].into(), ..said() },
            "the roster has 140510000031 in room 02, not in room 01",
        ),
        (
            RoomSaid { absent: ["7777".parse().unwrap()].into(), ..said() },
            "the ticket number 7777 is not on the roster",
        ),
        (
            RoomSaid {
                absent: [ticket(5)].into(),
                violations: [(ticket(5), "夹带".to_owned())].into(),
                ..said()
            },
            "140510000005 is named both absent (缺考) and in violation (违纪)",
        ),
        (
            report(RoomReport {
                papers: HandedOut { out: Some(30), back: Some(3) },
                ..RoomReport::default()
            }),
            "room 01: 30 试卷 were handed out, but 3 came back",
        ),
    ] {
        let found = faults(said);
        assert_eq!(found[0], expected, "{found:?}");
    }
}

#[test]
fn what_changed_in_a_record_is_told() {
    let voided = card_row(ticket(7).as_str(), "", "污损");
    let before = import(&with_form(&form(&[]), &voided), 40).unwrap().remove(0);
    let mut after = before.clone();
    after.present.remove(&ticket(8));
    after.absent.insert(ticket(8));
    after.report.spare = None;
    assert_eq!(
        after.changes_from(&before),
        [format!("room 01: {} 到考 → 缺考", ticket(8)), "room 01: 备用卡 1 → —".to_owned()]
    );
    assert!(before.changes_from(&before).is_empty());
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
                report: RoomReport::default(),
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
