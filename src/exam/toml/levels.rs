//! Rules that one level has for itself: `[[rules.level]]`.

use super::section::{At, Log, Section};
use super::{grades_above, level, rounding};
use crate::exam::rules::usual_parts;
use crate::exam::{ExamFault, GradeRule, LevelRules, Part, Rules};
use crate::sheet::Points;
use ::toml::de::DeValue;
use std::collections::{BTreeMap, HashMap};

const PARTS: &str = "\"theory\", \"practical\", \"review\"";

/// The tables `[[rules.level]]`, each level once.
pub(super) fn levels(rules: &Rules, section: &mut Section<'_, '_>, log: &mut Log) -> Vec<LevelRules> {
    let mut seen = HashMap::new();
    let mut out = Vec::new();
    for mut table in section.tables("level", log) {
        let line = table.line;
        let level = level(&mut table, log);
        let parts = parts(&mut table, log);
        let parts = parts.or_else(|| level.map(|level| usual_parts(level).collect())).unwrap_or_default();
        let pass_lines = pass_lines(&mut table, &parts, rules.pass_line, log);
        let lowest = pass_lines.values().min().copied().unwrap_or(rules.pass_line);
        let grades = if table.table.contains_key("grades") {
            super::grades(&mut table, &rules.fail_grade, lowest, log)
        } else {
            level_grades(rules, lowest)
        };
        let rounding = table.table("rounding", log).and_then(|table| rounding(table, log));
        let total = total(&mut table, &parts, log);
        table.close(log);
        let Some(level) = level else { continue };
        if let Some(first_line) = seen.insert(level, line) {
            section.wrong(log, line, "level", ExamFault::Twice { value: level.to_string(), first_line });
            continue;
        }
        out.push(LevelRules { level, pass_lines, grades, rounding, total });
    }
    out
}

/// The grades of every level, but the last one begins at this level's lowest pass line.
fn level_grades(rules: &Rules, lowest: Points) -> Vec<GradeRule> {
    match rules.grades.split_last() {
        Some((last, above)) => {
            let above = above.iter().filter(|grade| grade.least > lowest).cloned();
            above.chain([GradeRule { least: lowest, ..last.clone() }]).collect()
        }
        None => grades_above(lowest),
    }
}

fn parts(table: &mut Section<'_, '_>, log: &mut Log) -> Option<Vec<Part>> {
    let value = table.get("parts")?;
    let items = table.array("parts", value, log)?;
    let mut seen = HashMap::new();
    let mut out = Vec::new();
    for item in items {
        let Some(At { line, value: word }) = table.text_of("parts", item, log) else { continue };
        let Some(part) = Part::ALL.into_iter().find(|part| part.word() == word) else {
            table.wrong(log, line, "parts", ExamFault::Choice { word, choices: PARTS });
            continue;
        };
        match seen.insert(part, line) {
            Some(first_line) => {
                table.wrong(log, line, "parts", ExamFault::Twice { value: word, first_line });
            }
            None => out.push(part),
        }
    }
    if items.is_empty() {
        table.wrong(log, log.line(value.span().start), "parts", ExamFault::Empty);
    }
    Some(out)
}

/// One line for every part, or a table with a line for each that differs.
fn pass_lines(
    table: &mut Section<'_, '_>,
    parts: &[Part],
    usual: Points,
    log: &mut Log,
) -> BTreeMap<Part, Points> {
    let mut out: BTreeMap<Part, Points> = parts.iter().map(|part| (*part, usual)).collect();
    let Some(value) = table.get("pass_line") else { return out };
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        if let Some(line) = table.points("pass_line", value, log) {
            for least in out.values_mut() {
                *least = line.value;
            }
        }
        return out;
    }
    let Some(mut own) = table.table("pass_line", log) else { return out };
    for part in Part::ALL {
        let Some(value) = own.get(part.word()) else { continue };
        let Some(line) = own.points(part.word(), value, log) else { continue };
        match out.get_mut(&part) {
            Some(least) => *least = line.value,
            None => own.wrong(log, line.line, part.word(), ExamFault::NotAPart),
        }
    }
    own.close(log);
    out
}

/// Shares in whole percent that make 100.
fn total(table: &mut Section<'_, '_>, parts: &[Part], log: &mut Log) -> BTreeMap<Part, u8> {
    let mut out = BTreeMap::new();
    let Some(mut shares) = table.table("total", log) else { return out };
    let mut sum = 0_u32;
    let mut read = true;
    for part in Part::ALL {
        let Some(value) = shares.get(part.word()) else { continue };
        let line = log.line(value.span().start);
        let DeValue::Integer(number) = value.get_ref() else {
            shares.wrong(log, line, part.word(), ExamFault::Type { expected: "a whole number of percent" });
            read = false;
            continue;
        };
        let share = number.as_str().parse().ok().filter(|n| (1..=100).contains(n) && number.radix() == 10);
        let Some(share) = share else {
            let problem = ExamFault::Range { value: number.to_string(), range: "between 1 and 100 percent" };
            shares.wrong(log, line, part.word(), problem);
            read = false;
            continue;
        };
        if !parts.contains(&part) {
            shares.wrong(log, line, part.word(), ExamFault::NotAPart);
        }
        sum += u32::from(share);
        out.insert(part, share);
    }
    if read && sum != 100 {
        let problem =
            ExamFault::Range { value: format!("{sum} percent in all"), range: "100 percent in all" };
        table.wrong(log, shares.line, "total", problem);
    }
    shares.close(log);
    out
}
