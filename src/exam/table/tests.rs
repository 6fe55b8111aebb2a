use super::*;
use crate::exam::headings::{Heading, known};
use crate::exam::testing::{formula, workbook, xls};
use proptest::prelude::*;
use std::fmt::Write as _;

const WANTED: [Heading; 3] = [known::TICKET, known::NAME, known::REMARK];

fn csv(text: &str) -> Table {
    Table::read("a.csv", text.as_bytes()).unwrap().remove(0)
}

/// Row numbers and tickets of a table's entries.
fn entries(table: &Table) -> Vec<(u32, String)> {
    let columns = table.columns(&WANTED).unwrap();
    table.records(&columns).map(|r| (r.place().row, r.cell(&known::TICKET).digits().unwrap())).collect()
}

#[test]
fn utf8_with_and_without_a_mark_gbk_and_utf16_read_alike() {
    let text = "准考证号,姓名,备注\r\n140510001001,张甲,\r\n140510001002,李䶮,补\r\n";
    let (gbk, _, lost) = encoding_rs::GB18030.encode(text);
    assert!(!lost);
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let plain = csv(text);
    assert_eq!(plain.rows[2].cells[1], Cell::Text("李䶮".into()));
    for bytes in [format!("\u{feff}{text}").into_bytes(), gbk.into_owned(), utf16] {
        assert_eq!(Table::read("a.csv", &bytes).unwrap(), vec![plain.clone()]);
    }
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_shows_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = [
            "2026年第3批 名册",
            "",
            "准考证号,姓名,备注",
            "1001,甲,\"一\n二\n三\"",
            "",
            ",,",
            "1002,乙,",
            "合计,2,",
            "1003,\"丙\"\"丁\",",
        ];
        let table = csv(&text.join(end));
        assert_eq!(
            entries(&table),
            [(4, "1001".into()), (7, "1002".into()), (9, "1003".into())],
            "line end {end:?}"
        );
        assert_eq!(table.rows.last().unwrap().cells[1], Cell::Text("丙\"丁".into()));
    }
}

#[test]
fn tabs_and_semicolons_separate_too() {
    for separator in ["\t", ";", ","] {
        let text = "准考证号|姓名|备注\n1001|甲|\"一|二\"\n".replace('|', separator);
        assert_eq!(entries(&csv(&text)), [(2, "1001".into())], "{separator:?}");
    }
}

#[test]
fn tricks_that_keep_numbers_text_are_undone() {
    let table = csv("准考证号,姓名,备注\n=\"0012\",甲,\n'0013,乙,\n\t0014,丙,'引\n");
    assert_eq!(entries(&table), [(2, "0012".into()), (3, "0013".into()), (4, "0014".into())]);
    assert_eq!(table.rows[3].cells[2], Cell::Text("'引".into()));
}

#[test]
fn rows_that_are_not_the_tables_own_are_left_out() {
    let table = csv("\
        序号,准考证号,姓名,备注\n\
        1,1001,甲,\n\
        2,,,\n\
        序号,准考证号,姓名,备注\n\
        2,1002,乙,\n\
        合　计,,2 人,\n\
        制表人：张三,审核人：李四,日期 2026-11-21,\n");
    assert_eq!(entries(&table), [(2, "1001".into()), (5, "1002".into())]);
}

#[test]
fn numbers_of_a_workbook_become_text_and_long_ones_are_refused() {
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "某市 名册").unwrap();
        for (column, heading) in (0..).zip(["准考证号码", "考生 姓名", "备注"]) {
            sheet.write_string(2, column, heading).unwrap();
        }
        sheet.write_number(3, 0, 140_510_001_001.0).unwrap();
        sheet.write_number(4, 0, 640_502_190_001_010_016.0).unwrap();
        formula(sheet, 5, 0, "140510001002");
        sheet.write_number(6, 0, 76.5).unwrap();
        sheet.write_number(7, 0, 999_999_999_999_999.0).unwrap();
        sheet.write_number(8, 0, 1_000_000_000_000_000.0).unwrap();
        formula(sheet, 9, 0, "#N/A");
    });
    let tables = Table::read("a.xlsx", &bytes).unwrap();
    assert_eq!(tables[0].sheet.as_deref(), Some("名册"));
    let columns = tables[0].columns(&WANTED).unwrap();
    let found: Vec<_> =
        tables[0].records(&columns).map(|r| (r.place().row, r.cell(&known::TICKET).digits())).collect();
    assert_eq!(
        found,
        [
            (4, Ok("140510001001".into())),
            (5, Err(CellFault::LostDigits)),
            (6, Ok("140510001002".into())),
            (7, Ok("76.5".into())),
            (8, Ok("999999999999999".into())),
            (9, Err(CellFault::LostDigits)),
            (10, Err(CellFault::ErrorValue("#N/A".into()))),
        ]
    );
}

#[test]
fn an_old_workbook_reads_like_a_new_one() {
    let bytes =
        xls(&[&["某市 名册"], &["准考证号", "姓名"], &["#140510001001", "张甲"], &[], &["Ａ1002", "李乙"]]);
    let tables = Table::read("a.xls", &bytes).unwrap();
    assert_eq!(tables[0].sheet.as_deref(), Some("名册"));
    assert_eq!(entries(&tables[0]), [(3, "140510001001".into()), (5, "A1002".into())]);
}

#[test]
fn what_a_spreadsheet_makes_of_long_numbers_in_text_is_refused() {
    for text in ["1.4051E+11", "6.40502E+17", "6E+17", "1.4e11"] {
        assert_eq!(Cell::text_of(text).digits(), Err(CellFault::LostDigits), "{text}");
    }
    for text in ["E12345678", "12E4567", "G1", "1405 1000 1001"] {
        assert_eq!(Cell::text_of(text).digits(), Ok(text.replace(' ', "")), "{text}");
    }
}

#[test]
fn missing_headings_are_named_with_their_row() {
    let error = csv("名册\n准考证号,备注,性别\n1,2,3\n").columns(&[known::TICKET, known::NAME, known::ROOM]);
    assert!(matches!(error, Err(TableError::NoHeadings { .. })), "one heading can be chance");
    let error = csv("名册\n准考证号,姓名,性别\n1,2,3\n").columns(&[known::TICKET, known::NAME, known::ROOM]);
    assert_eq!(error.unwrap_err().to_string(), "a.csv: row 2: these are the headings, but 考场 is missing");
    let late = format!("{}准考证号,姓名\n1001,甲\n", "标题\n".repeat(20));
    assert!(matches!(csv(&late).columns(&WANTED), Err(TableError::NoHeadings { .. })));
    let just = format!("{}准考证号,姓名\n1001,甲\n", "标题\n".repeat(19));
    assert_eq!(entries(&csv(&just)), [(21, "1001".into())]);
}

#[test]
fn our_own_word_wins_and_two_of_a_kind_are_refused() {
    assert_eq!(entries(&csv("考号,准考证号,姓名\n7,1001,甲\n")), [(2, "1001".into())]);
    assert_eq!(entries(&csv("准考证号,考号,姓名\n1001,7,甲\n")), [(2, "1001".into())]);
    let error = csv("准考证号,姓名,准考证号\n").columns(&WANTED).unwrap_err();
    assert_eq!(error.to_string(), "a.csv: row 1: columns A and C both have the heading 准考证号");
}

#[test]
fn sheets_without_the_headings_are_left_out_unless_one_is_missing() {
    let file = |second: [&str; 2]| {
        let mut book = rust_xlsxwriter::Workbook::new();
        for (name, headings) in [("封面", ["说明", "某市"]), ("甲", ["准考证号", "姓名"]), ("乙", second)]
        {
            let sheet = book.add_worksheet();
            sheet.set_name(name).unwrap();
            for (column, heading) in (0..).zip(headings) {
                sheet.write_string(0, column, heading).unwrap();
                sheet.write_string(1, column, "1001").unwrap();
            }
        }
        Table::read("a.xlsx", &book.save_to_buffer().unwrap()).unwrap()
    };
    let names = |tables: &[Table]| {
        let chosen = select("a.xlsx", tables, &WANTED[..2])?;
        Ok::<_, TableError>(chosen.iter().filter_map(|(t, _)| t.sheet.clone()).collect::<Vec<_>>())
    };
    assert_eq!(names(&file(["准考证号", "姓名"])).unwrap(), ["甲", "乙"]);
    assert_eq!(names(&file(["民族", "代码"])).unwrap(), ["甲"]);
    let tables = file(["准考证号", "考场"]);
    let error = select("a.xlsx", &tables, &[known::TICKET, known::ROOM, known::SEAT]).unwrap_err();
    assert_eq!(error.to_string(), "a.xlsx: sheet 乙, row 1: these are the headings, but 座位 is missing");
}

#[test]
fn what_is_no_table_is_named() {
    let read = |bytes: &[u8]| Table::read("a", bytes).unwrap_err();
    assert!(matches!(read(b""), TableError::Empty { .. }));
    assert!(matches!(read(b" \r\n "), TableError::Empty { .. }));
    assert!(matches!(read(b"\xef\xbb\xbf"), TableError::Empty { .. }));
    assert!(matches!(read(b"<html><table>"), TableError::Markup { .. }));
    assert!(matches!(read(b"a\0b"), TableError::NotATable { .. }));
    assert!(matches!(read(b"\xff\xfe\x00"), TableError::NotATable { .. }));
    assert!(matches!(read(b"PK\x03\x04 and nothing"), TableError::Damaged { .. }));
    assert!(matches!(read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nor here"), TableError::Damaged { .. }));
    let mut locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    locked.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert!(matches!(read(&locked), TableError::Locked { .. }));
    assert!(matches!(read("准考证号\n甲,\"乙\n丙\n".as_bytes()), TableError::OpenQuote { row: 2, .. }));
    assert!(matches!(read("\"".as_bytes()), TableError::OpenQuote { row: 1, .. }));
    assert!(matches!(read(&vec![b'a'; MAX_BYTES + 1]), TableError::TooLarge { .. }));
}

#[test]
fn a_zip_that_unpacks_to_too_much_is_not_opened() {
    let mut bytes = b"PK\x03\x04".to_vec();
    let mut entry = b"PK\x01\x02".to_vec();
    entry.resize(24, 0);
    entry.extend(u32::MAX.to_le_bytes());
    bytes.extend(entry);
    assert!(matches!(Table::read("a.xlsx", &bytes), Err(TableError::TooLarge { .. })));
}

#[test]
fn an_old_workbook_with_a_cell_beyond_its_columns_is_damaged() {
    let mut row = [""; 300];
    row[299] = "#1";
    let error = Table::read("a.xls", &xls(&[&row])).unwrap_err();
    assert!(matches!(error, TableError::Damaged { fault: WorkbookFault::Structure, .. }));
}

#[test]
fn row_512_of_an_old_workbook_with_many_columns_is_read() {
    // Row 512, column 14 is written as the bytes of a record of sheet corners.
    let row = ["#140510001001"; 20];
    let head = ["准考证号", "姓名"];
    let rows: Vec<&[&str]> = std::iter::once(&head[..]).chain(std::iter::repeat_n(&row[..], 600)).collect();
    let tables = Table::read("a.xls", &xls(&rows)).unwrap();
    assert_eq!(tables[0].rows.len(), 601);
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Table::read("a", &bytes);
        for magic in [&b"PK\x03\x04"[..], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"] {
            let _ = Table::read("a", &[magic, &bytes].concat());
        }
    }

    #[test]
    fn any_text_is_answered(text in "[,;\t\"\r\n a准考证号姓名备注合计1-3]{0,200}") {
        let Ok(tables) = Table::read("a", text.as_bytes()) else { return Ok(()) };
        for table in tables {
            if let Ok(columns) = table.columns(&WANTED) {
                for record in table.records(&columns) {
                    let _ = record.text(&known::TICKET);
                }
            }
        }
    }

    #[test]
    fn a_damaged_workbook_is_answered(at in 0usize..4000, byte in any::<u8>(), cut in 0usize..4000) {
        let mut bytes = workbook(|sheet| {
            sheet.write_string(0, 0, "准考证号").unwrap();
            sheet.write_string(1, 0, "140510001001").unwrap();
        });
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = Table::read("a.xlsx", &bytes);
        bytes.truncate(cut);
        let _ = Table::read("a.xlsx", &bytes);
    }

    #[test]
    fn a_damaged_old_workbook_is_answered(at in 0usize..6000, bytes in proptest::collection::vec(any::<u8>(), 1..4)) {
        let mut file = xls(&[&["准考证号", "姓名"], &["#140510001001", "张甲"]]);
        let at = at % (file.len() - bytes.len());
        file[at..at + bytes.len()].copy_from_slice(&bytes);
        let _ = Table::read("a.xls", &file);
        file.truncate(at);
        let _ = Table::read("a.xls", &file);
    }

    #[test]
    fn quoted_text_comes_back(rows in proptest::collection::vec("[甲乙,;\"a1][甲乙,;\" a1\n]{0,6}[甲乙,;a1]", 1..20)) {
        let mut text = String::from("号,文\n");
        for (number, row) in rows.iter().enumerate() {
            writeln!(text, "{number},\"{}\"", row.replace('"', "\"\"")).unwrap();
        }
        let table = csv(&text);
        prop_assert_eq!(table.rows.len(), rows.len() + 1);
        for (number, (row, text)) in (2u32..).zip(table.rows[1..].iter().zip(&rows)) {
            prop_assert_eq!(row.number, number);
            prop_assert_eq!(&row.cells[1], &super::text::cell(text));
        }
    }
}
