//! `[public]`, `[[province.column]]` and `[retention]`.

use super::section::{At, Log, Section};
use crate::exam::{
    ExamFault, IdentifyBy, ListColumn, ListRule, PUBLICATION_HEADING, ProvinceColumn, ProvinceField,
    ProvinceValue, PublicRules,
};
use ::toml::de::DeValue;
use std::collections::{BTreeMap, HashMap};

/// The words for [`ListColumn`], for messages.
const COLUMNS: &str = "\"occupation\", \"level\", \"theory\", \"practical\", \"review\", \"result\"";

/// The words for [`ProvinceField`], for messages.
const FIELDS: &str = "\"ticket\", \"name\", \"sex\", \"id_number\", \"education\", \"occupation\", \"level\", \"attempt\", \"room\", \"seat\", \"theory\", \"practical\", \"review\", \"result\", \"passed\", \"remark\", \"batch\", \"centre\", \"institute\", \"date\", \"publication\"";

/// What the file says of results outside the house.
pub(super) fn public(top: &mut Section<'_, '_>, log: &mut Log) -> PublicRules {
    let mut rules = PublicRules::default();
    if let Some(mut section) = top.table("public", log) {
        let words = [("passed", ListRule::Passed), ("all", ListRule::All)];
        if let Some(list) = section.choice("list", &words, "\"passed\", \"all\"", log) {
            rules.list = list;
        }
        let words = [("id_number", IdentifyBy::IdNumber), ("ticket", IdentifyBy::Ticket)];
        if let Some(identify) = section.choice("identify", &words, "\"id_number\", \"ticket\"", log) {
            rules.identify = identify;
        }
        if let Some(columns) = columns(&mut section, log) {
            rules.columns = columns;
        }
        if let Some(n) = number(&mut section, "lookup_digits", (4, 18), "between 4 and 18", log) {
            rules.lookup_digits = u8::try_from(n).unwrap_or(rules.lookup_digits);
        }
        let range = "between 100000 and 10000000";
        if let Some(n) = number(&mut section, "lookup_iterations", (100_000, 10_000_000), range, log) {
            rules.lookup_iterations = n;
        }
        section.close(log);
    }
    if let Some(mut section) = top.table("province", log) {
        let before = log.found.len();
        rules.province = province(&mut section, log);
        if rules.province.is_empty() && log.found.len() == before {
            let nothing =
                if section.table.contains_key("column") { ExamFault::Empty } else { ExamFault::Missing };
            section.wrong(log, section.line, "column", nothing);
        }
        section.close(log);
    }
    if let Some(mut section) = top.table("retention", log) {
        let mut years = |key, kept: &mut u16| {
            if let Some(n) = number(&mut section, key, (1, 100), "between 1 and 100", log) {
                *kept = u16::try_from(n).unwrap_or(*kept);
            }
        };
        years("electronic_years", &mut rules.electronic_years);
        years("paper_years", &mut rules.paper_years);
        section.close(log);
    }
    rules
}

fn columns(section: &mut Section<'_, '_>, log: &mut Log) -> Option<Vec<ListColumn>> {
    let value = section.get("columns")?;
    let mut out: Vec<ListColumn> = Vec::new();
    let mut seen = HashMap::new();
    for item in section.array("columns", value, log)? {
        let Some(At { line, value: word }) = section.text_of("columns", item, log) else { continue };
        let Some((_, column)) = ListColumn::WORDS.iter().find(|(w, _)| *w == word) else {
            section.wrong(log, line, "columns", ExamFault::Choice { word, choices: COLUMNS });
            continue;
        };
        if let Some(first_line) = seen.insert(word.clone(), line) {
            section.wrong(log, line, "columns", ExamFault::Twice { value: word, first_line });
            continue;
        }
        out.push(*column);
    }
    Some(out)
}

fn number(
    section: &mut Section<'_, '_>,
    key: &'static str,
    (least, most): (u32, u32),
    range: &'static str,
    log: &mut Log,
) -> Option<u32> {
    let value = section.get(key)?;
    let line = log.line(value.span().start);
    let DeValue::Integer(number) = value.get_ref() else {
        section.wrong(log, line, key, ExamFault::Type { expected: "a whole number" });
        return None;
    };
    let read = number.as_str().parse().ok().filter(|n| (least..=most).contains(n) && number.radix() == 10);
    if read.is_none() {
        section.wrong(log, line, key, ExamFault::Range { value: number.to_string(), range });
    }
    read
}

fn province(section: &mut Section<'_, '_>, log: &mut Log) -> Vec<ProvinceColumn> {
    let mut seen = HashMap::new();
    let mut out: Vec<ProvinceColumn> = Vec::new();
    for mut column in section.tables("column", log) {
        let heading = column.text("heading", log);
        let text = match column.get("text") {
            Some(value) => column.text_of("text", value, log).map(|t| t.value),
            None => None,
        };
        let words: Vec<(&str, ProvinceField)> = ProvinceField::WORDS.to_vec();
        let field = column.choice("value", &words, FIELDS, log);
        let has = |key: &str| column.table.contains_key(key);
        match (has("text"), has("value")) {
            (false, false) => column.wrong(log, column.line, "value", ExamFault::Missing),
            (true, true) => {
                let problem = ExamFault::Type { expected: "left out where there is a value" };
                column.wrong(log, column.line, "text", problem);
            }
            _ => {}
        }
        let codes = codes(&mut column, log);
        column.close(log);
        let Some(heading) = heading else { continue };
        if let Some(first_line) = seen.insert(heading.value.clone(), heading.line) {
            let problem = ExamFault::Twice { value: heading.value, first_line };
            section.wrong(log, heading.line, "column", problem);
            continue;
        }
        let value = match (text, field) {
            (Some(text), _) => ProvinceValue::Text(text),
            (None, Some(field)) => ProvinceValue::Field(field),
            (None, None) => continue,
        };
        out.push(ProvinceColumn { heading: heading.value, value, codes });
    }
    // Without such a column the export gets one more, and no two have one heading.
    if !out.iter().any(ProvinceColumn::says_publication)
        && let Some(&line) = seen.get(PUBLICATION_HEADING)
    {
        let heading = PUBLICATION_HEADING;
        section.wrong(log, line, "column", ExamFault::PublicationHeading { heading });
    }
    out
}

fn codes(column: &mut Section<'_, '_>, log: &mut Log) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let Some(table) = column.table("codes", log) else { return out };
    if table.table.is_empty() {
        column.wrong(log, table.line, "codes", ExamFault::Empty);
    }
    for (key, value) in table.table {
        if let Some(text) = table.text_of(key.get_ref(), value, log) {
            out.insert(key.get_ref().to_string(), text.value);
        }
    }
    out
}
