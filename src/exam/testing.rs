//! An exam, people and tables for tests.

use super::{Attempt, Candidate, Exam, Level, Roster};
use proptest::prelude::*;
use rust_xlsxwriter::{Formula, Workbook, Worksheet};

/// Two occupations, rooms 01 to 03.
pub(crate) const EXAM: &str = r#"
batch = "2026年第3批"
centre = "中心"
institute = "鉴定所"
date = "2026-11-21"
rooms = ["01", "02", "03"]
[[paper]]
id = "electrician-4"
title = "电工"
layout = "theory-100"
forms = ["A", "B"]
[[paper]]
id = "welder-5"
title = "焊工"
layout = "theory-200"
[[occupation]]
name = "电工"
level = "四级"
paper = "electrician-4"
[[occupation]]
name = "焊工"
level = "五级"
paper = "welder-5"
"#;

/// The exam of [`EXAM`].
pub(crate) fn exam() -> Exam {
    Exam::parse(EXAM, "exam.toml").unwrap()
}

/// A right identity number of a man or a woman born in 1990, different for every serial number.
pub(crate) fn id_number(serial: u32, male: bool) -> String {
    let day = 1 + serial % 28;
    let region = 640_000 + serial / 28 / 499 % 900;
    let order = serial / 28 % 499 * 2 + u32::from(male);
    let digits = format!("{region}199003{day:02}{order:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][(sum % 11) as usize])
}

/// Candidate number `n` from 1, 30 in a room.
pub(crate) fn candidate(n: u16) -> Candidate {
    Candidate {
        ticket: format!("14051000{n:04}").parse().unwrap(),
        name: ["张三", "李四", "阿依努尔·买买提", "欧阳修远"][usize::from(n % 4)].into(),
        sex: if n % 2 == 1 { "男" } else { "女" }.into(),
        id_number: id_number(u32::from(n), n % 2 == 1),
        education: "大专".into(),
        occupation: "电工".into(),
        level: Level::Four,
        attempt: if n.is_multiple_of(5) { Attempt::Repeat } else { Attempt::First },
        room: format!("{:02}", 1 + (n - 1) / 30).parse().unwrap(),
        seat: 1 + (n - 1) % 30,
        form: Some(if n.is_multiple_of(2) { "B" } else { "A" }.parse().unwrap()),
        remark: String::new(),
    }
}

/// The first `n` candidates.
pub(crate) fn roster(n: u16) -> Roster {
    Roster { candidates: (1..=n).map(candidate).map(|c| (c.ticket.clone(), c)).collect() }
}

/// Text of a remark that survives tidying.
fn remark() -> impl Strategy<Value = String> {
    "([一-龥,;\"a-z0-9][一-龥,;\" a-z0-9]{0,8}[一-龥,;a-z0-9])?"
}

/// Any roster that fits [`exam`].
pub(crate) fn any_roster() -> impl Strategy<Value = Roster> {
    let names = "[一-龥]{2,4}|[一-龥]{2,5}·[一-龥]{2,5}|[A-Z][a-z]{1,6} [A-Z][a-z]{1,6}";
    let row = (names, any::<bool>(), remark(), any::<bool>(), 0u8..3, "(初中|大专|本科)?");
    proptest::collection::vec(row, 1..40).prop_map(|rows| {
        let people = (1u16..).zip(rows).map(|(n, (name, male, remark, electrician, form, education))| {
            let forms = [None, Some("A"), Some("B")];
            let form = if electrician { forms[usize::from(form)] } else { None };
            let base = candidate(n);
            Candidate {
                name,
                sex: if male { "男" } else { "女" }.into(),
                id_number: id_number(u32::from(n), male),
                education,
                occupation: if electrician { "电工" } else { "焊工" }.into(),
                level: if electrician { Level::Four } else { Level::Five },
                form: form.map(|f| f.parse().unwrap()),
                remark,
                ..base
            }
        });
        Roster { candidates: people.map(|c| (c.ticket.clone(), c)).collect() }
    })
}

/// A workbook with one sheet `名册` that `fill` writes.
pub(crate) fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("名册").unwrap();
    fill(sheet);
    book.save_to_buffer().unwrap()
}

/// A cell with a formula whose last result was `result`.
pub(crate) fn formula(sheet: &mut Worksheet, row: u32, column: u16, result: &str) {
    sheet.write_formula(row, column, Formula::new("A1").set_result(result)).unwrap();
}

/// An old workbook (xls) with one sheet `名册`: text cells, or numbers where the text is one after `#`.
pub(crate) fn xls(rows: &[&[&str]]) -> Vec<u8> {
    let record = |kind: u16, data: &[u8]| {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    };
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    // BOF: version BIFF8, kind of part, builds and history.
    let bof = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut sheet = bof(0x10);
    for (row, cells) in (0u16..).zip(rows) {
        for (column, cell) in (0u16..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
            let place = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
            if let Some(number) = cell.strip_prefix('#') {
                let number: f64 = number.parse().unwrap();
                sheet.extend(record(0x0203, &[place, number.to_le_bytes().to_vec()].concat()));
            } else {
                let length = u16::try_from(cell.encode_utf16().count()).unwrap().to_le_bytes();
                sheet.extend(record(0x0204, &[place, length.to_vec(), vec![1], wide(cell)].concat()));
            }
        }
    }
    sheet.extend(record(0x000a, &[]));
    let globals = |at: u32| {
        let bound = [&at.to_le_bytes()[..], &[0, 0, 2, 1], &wide("名册")].concat();
        [bof(5), record(0x0042, &[0xb0, 4]), record(0x0085, &bound), record(0x000a, &[])].concat()
    };
    let at = u32::try_from(globals(0).len()).unwrap();
    let mut stream = [globals(at), sheet].concat();
    // Streams below 4096 bytes are stored in another way.
    stream.resize(stream.len().max(4096).next_multiple_of(512), 0);
    let sectors = u32::try_from(stream.len() / 512).unwrap();

    // Compound file: header, then the sectors FAT, directory, stream.
    let mut file = vec![0; 512];
    let put = |file: &mut Vec<u8>, at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(&mut file, 0, &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    put(&mut file, 24, &[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    // The FAT comes first: 128 sectors to a sector, and it and the directory are sectors, too.
    let fats = (sectors + 2).div_ceil(127);
    put(&mut file, 44, &fats.to_le_bytes());
    put(&mut file, 48, &fats.to_le_bytes()); // first directory sector
    put(&mut file, 56, &4096u32.to_le_bytes());
    put(&mut file, 60, &0xffff_fffe_u32.to_le_bytes()); // no small streams
    put(&mut file, 68, &0xffff_fffe_u32.to_le_bytes()); // no further FAT list
    file[76..512].fill(0xff);
    for part in 0..fats {
        put(&mut file, 76 + 4 * part as usize, &part.to_le_bytes());
    }
    let mut fat = vec![0xffff_fffd; fats as usize];
    fat.push(0xffff_fffe);
    fat.extend((1..=sectors).map(|s| if s == sectors { 0xffff_fffe } else { fats + s + 1 }));
    fat.resize(128 * fats as usize, 0xffff_ffff_u32);
    file.extend(fat.iter().flat_map(|entry| entry.to_le_bytes()));
    for (name, kind, first, size) in
        [("Root Entry", 5, 0xffff_fffe, 0), ("Workbook", 2, fats + 1, u32::try_from(stream.len()).unwrap())]
    {
        let mut entry = vec![0; 128];
        let name = wide(&format!("{name}\0"));
        put(&mut entry, 0, &name);
        put(&mut entry, 64, &u16::try_from(name.len()).unwrap().to_le_bytes());
        put(&mut entry, 66, &[kind, 1]);
        entry[68..80].fill(0xff);
        put(&mut entry, 116, &u32::to_le_bytes(first));
        put(&mut entry, 120, &u32::to_le_bytes(size));
        file.extend(entry);
    }
    file.extend(vec![0; 256]);
    file.extend(stream);
    file
}
