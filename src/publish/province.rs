//! The export for the provincial system, by the exam's column map; and the same results for programs.
//!
//! A cell of the csv that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line's end) has an
//! apostrophe before it. The workbook needs none: its cells are text.

use super::cells::part_words;
use super::{Document, PublishError};
use crate::exam::{
    Candidate, Exam, PUBLICATION_HEADING, ProvinceColumn, ProvinceField, ProvinceValue, Roster,
};
use crate::merge::{PartResult, Results, Transcript, Verdict};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// UTF-8 with a byte order mark, lines ended by CR LF.
    Csv,
    /// One worksheet; every cell is text.
    Xlsx,
    /// One object, with all fields whatever the map says.
    Json,
}

/// The export's bytes as `file_name`, with publication number `publication`. The same results give the same bytes.
///
/// # Errors
///
/// [`PublishError::NoCandidates`]; [`PublishError::NoColumns`] if the exam has no column map and the format needs one;
/// [`PublishError::NoCode`] naming every value for which the map has no code.
pub fn province_export(
    exam: &Exam,
    results: &Results,
    publication: u64,
    format: ExportFormat,
    file_name: &str,
) -> Result<Document, PublishError> {
    if results.transcripts.is_empty() {
        return Err(PublishError::NoCandidates);
    }
    let bytes = if format == ExportFormat::Json {
        let mut text = serde_json::to_string_pretty(&object(exam, results, publication)).unwrap_or_default();
        text.push('\n');
        text.into_bytes()
    } else {
        let rows = rows(exam, results, publication)?;
        match format {
            ExportFormat::Csv => csv(&rows),
            _ => workbook(&rows, publication)
                .map_err(|source| PublishError::Xlsx { paper: file_name.to_owned(), source })?,
        }
    };
    Ok(Document { file_name: file_name.to_owned(), bytes })
}

/// Headings, then a row for each candidate.
fn rows(exam: &Exam, results: &Results, publication: u64) -> Result<Vec<Vec<String>>, PublishError> {
    let mut columns = exam.public.province.clone();
    if columns.is_empty() {
        return Err(PublishError::NoColumns);
    }
    if !columns.iter().any(ProvinceColumn::says_publication) {
        // No export goes without it.
        let value = ProvinceValue::Field(ProvinceField::Publication);
        let heading = PUBLICATION_HEADING.to_owned();
        columns.push(ProvinceColumn { heading, value, codes: BTreeMap::new() });
    }
    let mut missing = Vec::new();
    let mut out = vec![columns.iter().map(|c| c.heading.clone()).collect::<Vec<_>>()];
    for transcript in &results.transcripts {
        let mut row = Vec::with_capacity(columns.len());
        for column in &columns {
            match cell(exam, column, &transcript, publication) {
                Ok(text) => row.push(text),
                Err(value) => missing.push(format!("{} {value:?}", column.heading)),
            }
        }
        out.push(row);
    }
    if missing.is_empty() {
        return Ok(out);
    }
    missing.sort();
    missing.dedup();
    Err(PublishError::NoCode { values: missing })
}

/// The cell, or the value for which there is no code.
fn cell(
    exam: &Exam,
    column: &ProvinceColumn,
    transcript: &Transcript,
    publication: u64,
) -> Result<String, String> {
    let value = match &column.value {
        ProvinceValue::Text(text) => text.clone(),
        ProvinceValue::Field(field) => said(exam, *field, transcript, publication),
    };
    if column.codes.is_empty() {
        return Ok(value);
    }
    column.codes.get(&value).cloned().ok_or(value)
}

fn said(exam: &Exam, field: ProvinceField, transcript: &Transcript, publication: u64) -> String {
    use ProvinceField as F;
    match field {
        F::Theory => part_words(transcript.theory),
        F::Practical => part_words(transcript.practical),
        F::Review => transcript.review.map(part_words).unwrap_or_default(),
        F::Result => transcript.grade.clone(),
        F::Passed => if transcript.verdict == Verdict::Passed { "是" } else { "否" }.to_owned(),
        F::Remark => transcript.remarks.join("；"),
        F::Publication => publication.to_string(),
        field => listed(exam, field, &transcript.candidate),
    }
}

/// What exam and roster have in a field; nothing in one of the results.
fn listed(exam: &Exam, field: ProvinceField, candidate: &Candidate) -> String {
    use ProvinceField as F;
    match field {
        F::Ticket => candidate.ticket.to_string(),
        F::Name => candidate.name.clone(),
        F::Sex => candidate.sex.clone(),
        F::IdNumber => candidate.id_number.clone(),
        F::Education => candidate.education.clone(),
        F::Occupation => candidate.occupation.clone(),
        F::Level => candidate.level.word().to_owned(),
        F::Attempt => candidate.attempt.word().to_owned(),
        F::Room => candidate.room.to_string(),
        F::Seat => candidate.seat.to_string(),
        F::Batch => exam.batch.clone(),
        F::Centre => exam.centre.clone(),
        F::Institute => exam.institute.clone(),
        F::Date => exam.date.clone(),
        F::Theory | F::Practical | F::Review | F::Result | F::Passed | F::Remark | F::Publication => {
            String::new()
        }
    }
}

/// Every value of a roster, and every grade, for which the column map has no code, by heading and value: with any of them an export
/// would be refused when the map can't be changed any more. What scores and remarks will say is not known before.
#[must_use]
pub fn uncoded(exam: &Exam, roster: &Roster) -> Vec<String> {
    use ProvinceField as F;
    let mut missing = BTreeSet::new();
    for column in exam.public.province.iter().filter(|column| !column.codes.is_empty()) {
        let mut need = |value: &str| {
            if !column.codes.contains_key(value) {
                missing.insert(format!("{} {value:?}", column.heading));
            }
        };
        let field = match &column.value {
            ProvinceValue::Text(text) => {
                need(text);
                continue;
            }
            ProvinceValue::Field(field) => *field,
        };
        for candidate in roster.candidates.values() {
            match field {
                F::Passed => ["是", "否"].into_iter().for_each(&mut need),
                F::Result => {
                    exam.rules.at(candidate.level).grades.iter().for_each(|grade| need(&grade.name));
                    need(&exam.rules.fail_grade);
                }
                F::Theory | F::Practical | F::Review | F::Remark | F::Publication => {}
                field => need(&listed(exam, field, candidate)),
            }
        }
    }
    missing.into_iter().collect()
}

fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = String::from("\u{feff}");
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
            let cell = if formula { format!("'{cell}") } else { cell.clone() };
            if cell.contains([',', '"', '\n', '\r']) {
                out.push('"');
                out.push_str(&cell.replace('"', "\"\""));
                out.push('"');
            } else {
                out.push_str(&cell);
            }
        }
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn workbook(rows: &[Vec<String>], publication: u64) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let date = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let title = format!("第 {publication} 号");
    book.set_properties(&DocProperties::new().set_title(&title).set_creation_datetime(&date));
    let heading = Format::new().set_bold().set_num_format_index(49);
    // 49 is @: text, so that digits keep their zeros.
    let text = Format::new().set_num_format_index(49);
    let sheet = book.add_worksheet();
    sheet.set_name(&title)?;
    for (row, cells) in (0u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(cells) {
            let format = if row == 0 { &heading } else { &text };
            sheet.write_string_with_format(row, column, cell, format)?;
        }
    }
    for column in (0u16..).take(rows.first().map_or(0, Vec::len)) {
        let longest = rows.iter().filter_map(|r| r.get(usize::from(column)));
        let longest = longest.map(|c| c.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<u16>()).max();
        sheet.set_column_width(column, f64::from(longest.unwrap_or(8).clamp(6, 40)) + 2.0)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

/// Everything, for programs: points as text with their decimals, so that nothing is rounded on the way.
fn object(exam: &Exam, results: &Results, publication: u64) -> Value {
    let part = |part: PartResult| match part {
        PartResult::Scored(points) => json!({ "state": "scored", "points": points.to_string() }),
        PartResult::Absent => json!({ "state": "absent" }),
        PartResult::Void => json!({ "state": "void" }),
        PartResult::Pending => json!({ "state": "pending" }),
        PartResult::Carried(points) => {
            json!({ "state": "carried", "points": points.map(|points| points.to_string()) })
        }
        PartResult::NotExamined => json!({ "state": "not-examined" }),
    };
    let candidates: Vec<Value> = results
        .transcripts
        .iter()
        .map(|t| {
            let c = &t.candidate;
            json!({
                "ticket": c.ticket, "name": c.name, "sex": c.sex, "id_number": c.id_number, "education": c.education,
                "occupation": c.occupation, "level": c.level.word(), "attempt": c.attempt.word(), "room": c.room,
                "seat": c.seat, "theory": part(t.theory), "practical": part(t.practical), "review": t.review.map(part),
                "passed": t.verdict == Verdict::Passed, "result": t.grade, "remarks": t.remarks,
            })
        })
        .collect();
    json!({
        "duka": "results", "version": 1, "publication": publication, "batch": exam.batch, "centre": exam.centre,
        "institute": exam.institute, "date": exam.date, "candidates": candidates,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::sample;

    fn exam(map: &str) -> Exam {
        let text = format!("{}{map}", crate::exam::example_toml());
        Exam { public: Exam::parse(&text, "exam.toml").unwrap().public, ..sample::exam() }
    }

    const MAP: &str = "\n[[province.column]]\nheading=\"准考证\"\nvalue=\"ticket\"\n[[province.column]]\nheading=\"姓名\"\nvalue=\"name\"\n\
        [[province.column]]\nheading=\"等级\"\nvalue=\"level\"\ncodes={\"四级\"=\"04\",\"二级\"=\"02\"}\n\
        [[province.column]]\nheading=\"机构\"\ntext=\"001405\"\n[[province.column]]\nheading=\"发布号\"\nvalue=\"publication\"\n";

    fn made(map: &str, results: &Results, format: ExportFormat) -> Result<Vec<u8>, PublishError> {
        province_export(&exam(map), results, 7, format, "out").map(|d| d.bytes)
    }

    #[test]
    fn the_map_makes_the_columns_and_zeros_stay() {
        use calamine::Reader as _;
        let mut results = sample::results(2, 1);
        sample::alter(&mut results, |all| all[0].candidate.name = "=1+1,\"x\"".into());
        let text = String::from_utf8(made(MAP, &results, ExportFormat::Csv).unwrap()).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "\u{feff}准考证,姓名,等级,机构,发布号");
        assert_eq!(lines[1], "140510001001,\"'=1+1,\"\"x\"\"\",04,001405,7");
        assert!(lines[3].ends_with(",02,001405,7"), "{}", lines[3]);
        let book = made(MAP, &results, ExportFormat::Xlsx).unwrap();
        let mut book = calamine::Xlsx::new(std::io::Cursor::new(book)).unwrap();
        let range = book.worksheet_range("第 7 号").unwrap();
        assert_eq!(range.get_value((1, 3)), Some(&calamine::Data::String("001405".into())));
        assert_eq!(range.get_value((1, 1)), Some(&calamine::Data::String("=1+1,\"x\"".into())));
    }

    #[test]
    fn what_has_no_code_is_named_once() {
        let map = MAP.replace(",\"二级\"=\"02\"", "");
        let error = made(&map, &sample::results(2, 3), ExportFormat::Csv).unwrap_err();
        let PublishError::NoCode { values } = &error else { panic!("{error}") };
        assert_eq!(values, &["等级 \"二级\""]);
        assert!(matches!(made("", &sample::results(2, 0), ExportFormat::Csv), Err(PublishError::NoColumns)));
    }

    #[test]
    fn the_number_stands_in_every_export_even_where_a_column_has_codes_for_it() {
        let results = sample::results(2, 0);
        let map = "\n[[province.column]]\nheading=\"期\"\nvalue=\"publication\"\ncodes={\"7\"=\"七\"}\n";
        let text = String::from_utf8(made(map, &results, ExportFormat::Csv).unwrap()).unwrap();
        assert_eq!(text, "\u{feff}期,发布号\r\n七,7\r\n七,7\r\n");
    }

    #[test]
    fn old_and_new_identity_numbers_stay_text() {
        use calamine::Reader as _;
        let mut results = sample::results(2, 0);
        let numbers = ["140502900101001", "140502199001010019"];
        sample::alter(&mut results, |all| {
            for (transcript, number) in all.iter_mut().zip(numbers) {
                transcript.candidate.id_number = number.into();
            }
        });
        let map = "\n[[province.column]]\nheading=\"证件\"\nvalue=\"id_number\"\n";
        let book = made(map, &results, ExportFormat::Xlsx).unwrap();
        let mut book = calamine::Xlsx::new(std::io::Cursor::new(book)).unwrap();
        let range = book.worksheet_range("第 7 号").unwrap();
        let text = String::from_utf8(made(map, &results, ExportFormat::Csv).unwrap()).unwrap();
        for (row, number) in (1..).zip(numbers) {
            assert_eq!(range.get_value((row, 0)), Some(&calamine::Data::String(number.into())));
            assert!(text.contains(&format!("\r\n{number},7\r\n")), "{text}");
        }
    }

    #[test]
    fn what_will_have_no_code_is_known_before() {
        let candidates = sample::results(2, 1);
        let candidates = candidates.transcripts.iter().map(|t| t.candidate);
        let roster = Roster { candidates: candidates.map(|c| (c.ticket.clone(), c)).collect() };
        assert_eq!(uncoded(&exam(MAP), &roster), [""; 0]);
        let fewer = MAP.replace(",\"二级\"=\"02\"", "");
        assert_eq!(uncoded(&exam(&fewer), &roster), ["等级 \"二级\""]);
        let results = "\n[[province.column]]\nheading=\"评定\"\nvalue=\"result\"\ncodes={\"合格\"=\"1\"}\n\
            [[province.column]]\nheading=\"过\"\nvalue=\"passed\"\ncodes={\"是\"=\"1\"}\n\
            [[province.column]]\nheading=\"分\"\nvalue=\"theory\"\ncodes={\"缺考\"=\"-1\"}\n";
        assert_eq!(uncoded(&exam(results), &roster), ["评定 \"不合格\"", "过 \"否\""]);
    }

    #[test]
    fn programs_get_every_field_and_the_publication() {
        let bytes = made("", &sample::results(3, 1), ExportFormat::Json).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["publication"], 7);
        assert_eq!(value["candidates"].as_array().unwrap().len(), 4);
        assert_eq!(value["candidates"][2]["theory"]["state"], "absent");
        assert_eq!(value["candidates"][3]["review"]["points"], "81.5");
    }

    #[test]
    fn wrong_maps_are_refused_with_the_fields_there_are() {
        let wrong = |map: &str| {
            let text = format!("{}\n[[province.column]]\n{map}\n", crate::exam::example_toml());
            Exam::parse(&text, "exam.toml").unwrap_err().to_string()
        };
        let error = wrong("heading=\"x\"\nvalue=\"tikcet\"");
        assert!(
            error.contains("tikcet") && error.contains("\"id_number\"") && error.contains("value"),
            "{error}"
        );
        assert!(wrong("value=\"ticket\"").contains("heading: is missing"));
        assert!(wrong("heading=\"x\"").contains("value: is missing"));
        assert!(wrong("heading=\"x\"\nvalue=\"name\"\ntext=\"y\"").contains("text"));
        assert!(
            wrong("heading=\"x\"\nvalue=\"name\"\n[[province.column]]\nheading=\"x\"\nvalue=\"sex\"")
                .contains("twice")
        );
    }

    #[test]
    fn every_field_of_the_map_is_written() {
        let t = sample::technician(2);
        for (word, field) in ProvinceField::WORDS {
            let said = said(&sample::exam(), field, &t, 7);
            let may_be_empty = ["remark"].contains(&word);
            assert!(may_be_empty || !said.is_empty(), "{word}");
        }
    }
}
