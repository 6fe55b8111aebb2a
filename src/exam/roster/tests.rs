use super::*;
use crate::exam::testing::{any_roster, candidate, exam, id_number, roster, workbook};
use crate::exam::{Attempt, Level};
use proptest::prelude::*;
use std::fmt::Write as _;

const HEAD: &str =
    "准考证号,姓名,性别,证件号码,文化程度,职业（工种）,鉴定等级,考试类型,考场号,座位号,卷型,备注";

fn import(text: &str) -> Result<Roster, RosterError> {
    Roster::import("r.csv", text.as_bytes(), &exam())
}

/// A right row with some cells replaced, by column from 0.
fn line(n: u16, changes: &[(usize, &str)]) -> String {
    let c = candidate(n);
    let seat = c.seat.to_string();
    let mut cells = [
        c.ticket.as_str(),
        &c.name,
        &c.sex,
        &c.id_number,
        &c.education,
        &c.occupation,
        "中级工",
        c.attempt.word(),
        c.room.as_str(),
        &seat,
        "A",
        "",
    ]
    .map(str::to_owned);
    for (column, text) in changes {
        cells[*column] = (*text).to_owned();
    }
    cells.join(",")
}

/// The problems of a table with these rows, without the file's name.
fn problems(rows: &[String]) -> Vec<String> {
    match import(&format!("{HEAD}\n{}\n", rows.join("\n"))) {
        Err(RosterError::Rows(rows)) => {
            rows.iter().map(|r| r.to_string().strip_prefix("r.csv: ").unwrap().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_defect_is_named_with_its_row_and_column() {
    let wrong_check = {
        let id = id_number(1, true);
        let last = if id.ends_with('1') { '2' } else { '1' };
        format!("{}{last}", &id[..17])
    };
    let woman = id_number(9, false);
    for (column, text, expected) in [
        (0, "", "column A (准考证号): is empty"),
        (
            0,
            "12 3",
            "column A (准考证号): a ticket number (准考证号) has 4 to 32 digits or capital letters, this is \"123\"",
        ),
        (
            0,
            "1.4051E+11",
            "column A (准考证号): is stored as a number with more than 15 digits, and its last digits are lost: the column must be text",
        ),
        (1, "", "column B (姓名): is empty"),
        (1, "张?", "column B (姓名): the name has the character '?' (U+003F)"),
        (2, "男女", "column C (性别): \"男女\" is neither 男 nor 女"),
        (
            3,
            "110105491231002",
            "column D (证件号码): the number is an old number of 15 digits; enter the 18 digits of the present identity card",
        ),
        (3, &woman, "column C (性别): says 男, but the identity number says 女"),
        (
            5,
            "钳工",
            "column F (职业（工种）): \"钳工\" is not an occupation of this exam; there are 焊工, 电工",
        ),
        (6, "六级", "column G (鉴定等级): \"六级\" is no level (等级): write 五级, 四级, 三级, 二级 or 一级"),
        (6, "三级", "column G (鉴定等级): 电工 is not examined at the level 三级 in this exam"),
        (7, "缓考", "column H (考试类型): \"缓考\" is neither 新考 nor 补考"),
        (8, "09", "column I (考场号): \"09\" is not a room of this exam; there are 01, 02, 03"),
        (9, "0", "column J (座位号): \"0\" is not a seat number between 1 and 999"),
        (9, "1000", "column J (座位号): \"1000\" is not a seat number between 1 and 999"),
        (9, "+5", "column J (座位号): \"+5\" is not a seat number between 1 and 999"),
        (10, "C", "column K (卷型): \"C\" is not a form of this paper; there are A, B"),
    ] {
        let found = problems(&[line(2, &[]), line(1, &[(column, text)])]);
        assert_eq!(found, [format!("row 3, {expected}")], "{text}");
    }
    let found = problems(&[line(1, &[(3, &wrong_check)])]);
    assert!(found[0].starts_with("row 2, column D (证件号码): the number ends in "), "{found:?}");
    assert!(!found[0].contains(&wrong_check), "the message must not carry the number");
    let found = problems(&[line(1, &[(2, ""), (3, "E12345678")])]);
    assert_eq!(
        found,
        ["row 2, column C (性别): 性别 is missing, and only an 18-digit identity number says it"]
    );
}

#[test]
fn what_is_there_twice_names_both_rows() {
    let other = |n: u16| candidate(n).id_number;
    let ticket = candidate(1).ticket.to_string();
    assert_eq!(
        problems(&[line(1, &[]), line(3, &[(0, &ticket)])]),
        [format!("row 3, column A (准考证号): the ticket number {ticket} is there already, in r.csv: row 2")]
    );
    assert_eq!(
        problems(&[line(1, &[]), line(3, &[(3, &other(1))])]),
        ["row 3, column D (证件号码): the same number is entered for 电工 四级 already, in r.csv: row 2"]
    );
    assert_eq!(
        problems(&[line(1, &[]), line(3, &[(9, "1")])]),
        ["row 3, column J (座位号): seat 1 of room 01 is taken already, in r.csv: row 2"]
    );
    // The same person may sit for another occupation.
    let rows = [line(1, &[]), line(3, &[(3, &other(1)), (5, "焊工"), (6, "初级")])];
    assert_eq!(import(&format!("{HEAD}\n{}\n", rows.join("\n"))).unwrap().candidates.len(), 2);
    // A row that is wrong elsewhere still takes its seat and number.
    assert_eq!(problems(&[line(1, &[(1, "")]), line(3, &[(0, &ticket), (9, "1")])]).len(), 3);
}

#[test]
fn a_row_is_read_as_it_is_meant() {
    let row = line(
        2,
        &[
            (0, "１４０５ 1000 0002"),
            (1, "张　三"),
            (2, ""),
            (6, "四级（中级工）"),
            (7, ""),
            (8, "1"),
            (10, "b卷"),
        ],
    );
    let read = import(&format!("名册\n\n{HEAD}\n{row}\n")).unwrap();
    let expected = Candidate {
        name: "张三".into(),
        attempt: Attempt::First,
        form: Some("B".parse().unwrap()),
        ..candidate(2)
    };
    assert_eq!(read.candidates.into_values().collect::<Vec<_>>(), [expected]);
    let passport = line(1, &[(2, "女"), (3, "e12345678"), (10, "")]);
    let read = import(&format!("{HEAD}\n{passport}\n")).unwrap().candidates.into_values().next().unwrap();
    assert_eq!((read.id_number.as_str(), read.sex.as_str(), read.form), ("E12345678", "女", None));
}

#[test]
fn a_single_occupation_need_not_be_repeated() {
    let mut exam = exam();
    let text = format!("准考证号,姓名,身份证,考场,座号\n140510001001,张三,{},1,7\n", id_number(1, true));
    let error = Roster::import("r.csv", text.as_bytes(), &exam).unwrap_err();
    assert_eq!(error.to_string(), "r.csv: row 1: these are the headings, but 职业, 等级 are missing");
    exam.occupations.truncate(1);
    let read =
        Roster::import("r.csv", text.as_bytes(), &exam).unwrap().candidates.into_values().next().unwrap();
    assert_eq!((read.occupation.as_str(), read.level, read.seat), ("电工", Level::Four, 7));
}

#[test]
fn long_numbers_stored_as_numbers_are_refused_with_sheet_row_and_column() {
    let bytes = workbook(|sheet| {
        for (column, heading) in (0..).zip(HEAD.split(',')) {
            sheet.write_string(1, column, heading).unwrap();
        }
        for (column, cell) in (0..).zip(line(1, &[]).split(',')) {
            sheet.write_string(2, column, cell).unwrap();
        }
        sheet.write_number(2, 3, 640_502_190_001_010_016.0).unwrap();
    });
    let error = Roster::import("r.xlsx", &bytes, &exam()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "r.xlsx: sheet 名册, row 3, column D (证件号码): is stored as a number with more than 15 digits, \
         and its last digits are lost: the column must be text"
    );
    assert!(error.hint().contains("text"));
}

#[test]
fn all_rows_are_reported_and_twenty_are_shown() {
    let rows: Vec<_> = (1..=30).map(|n| line(n, &[(1, "")])).collect();
    let error = import(&format!("{HEAD}\n{}\n", rows.join("\n"))).unwrap_err();
    let text = error.to_string();
    assert_eq!(text.lines().count(), 21);
    assert!(text.ends_with("and 10 more"));
    assert!(matches!(error, RosterError::Rows(rows) if rows.len() == 30));
}

#[test]
fn headings_alone_are_no_roster() {
    assert!(matches!(import(&format!("{HEAD}\n合计,0\n")), Err(RosterError::NoCandidates { .. })));
}

#[test]
fn files_may_repeat_an_entry_but_not_contradict_it() {
    let file = |rows: &[String]| format!("{HEAD}\n{}\n", rows.join("\n"));
    let (first, second) = (file(&[line(1, &[]), line(2, &[])]), file(&[line(2, &[]), line(3, &[])]));
    let both = |second: &str| {
        Roster::import_files(&[("a.csv", first.as_bytes()), ("b.csv", second.as_bytes())], &exam())
    };
    assert_eq!(both(&second).unwrap().candidates.len(), 3);
    let error = both(&file(&[line(2, &[(11, "改")])])).unwrap_err().to_string();
    let ticket = candidate(2).ticket;
    assert!(
        error.starts_with(&format!(
            "b.csv: row 2, column A (准考证号): the ticket number {ticket} is there already, in a.csv: row 3"
        )),
        "{error}"
    );
}

#[test]
fn a_roster_is_extended_or_left_alone() {
    let mut here = roster(3);
    assert_eq!(here.extend(roster(5)).unwrap(), 2);
    assert_eq!(here, roster(5));
    let changed = |n: u16, change: fn(&mut Candidate)| {
        let mut c = candidate(n);
        change(&mut c);
        Roster { candidates: [(c.ticket.clone(), c)].into() }
    };
    for (other, expected) in [
        (changed(2, |c| c.name = "别人".into()), "the entry is not the one that was imported before"),
        (
            changed(7, |c| c.id_number = candidate(1).id_number),
            "the same person is entered with 140510000001",
        ),
        (changed(7, |c| c.seat = 1), "seat 1 of room 01 is that of 140510000001"),
    ] {
        let error = here.extend(other).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(here, roster(5));
    }
}

#[test]
fn the_same_roster_gives_the_same_bytes_at_any_time() {
    let first = roster(3).to_xlsx().unwrap();
    // The clock of a zip and of a workbook has whole seconds, a zip's even ones.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(roster(3).to_xlsx().unwrap(), first);
}

#[test]
fn fifty_thousand_rows_are_read_in_linear_time() {
    let mut exam = exam();
    exam.rooms = (1..=1700).map(|n| format!("{n:04}").parse().unwrap()).collect();
    let text = |rows: u32| {
        let mut text = format!("{HEAD}\n");
        for n in 0..rows {
            let sex = if n % 2 == 1 { "男" } else { "女" };
            let id = id_number(n, n % 2 == 1);
            let (room, seat) = (n / 30 + 1, n % 30 + 1);
            writeln!(text, "1405{n:08},张三,{sex},{id},,电工,四级,,{room},{seat},,").unwrap();
        }
        text
    };
    let time = |rows: u32| {
        let text = text(rows);
        let start = std::time::Instant::now();
        let roster = Roster::import("r.csv", text.as_bytes(), &exam).unwrap();
        assert_eq!(roster.candidates.len(), rows as usize);
        start.elapsed()
    };
    let small = time(5_000).min(time(5_000));
    let large = time(50_000);
    // Ten times the rows; quadratic time would take a hundred times as long.
    assert!(large < small * 50, "{small:?} for 5000 rows, {large:?} for 50000");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_roster_comes_back_from_csv_gbk_and_xlsx(roster in any_roster()) {
        let exam = exam();
        let csv = roster.to_csv();
        prop_assert_eq!(&Roster::import("r.csv", &csv, &exam).unwrap(), &roster);
        let text = std::str::from_utf8(&csv).unwrap().trim_start_matches('\u{feff}');
        let (gbk, ..) = encoding_rs::GB18030.encode(text);
        prop_assert_eq!(&Roster::import("r.csv", &gbk, &exam).unwrap(), &roster);
        let xlsx = roster.to_xlsx().unwrap();
        prop_assert_eq!(&Roster::import("r.xlsx", &xlsx, &exam).unwrap(), &roster);
    }

    #[test]
    fn any_rows_are_answered(cells in proptest::collection::vec("[\\PC]{0,12}", 12..60)) {
        let rows: Vec<_> = cells.chunks(12).map(|row| row.join(",")).collect();
        let _ = import(&format!("{HEAD}\n{}\n", rows.join("\n")));
    }
}
