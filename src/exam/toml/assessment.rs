//! `[[assessment]]`: schemes of assessment.

use super::section::{At, Log, Section};
use crate::exam::{AssessedItem, AssessedPart, Assessment, ExamFault, MeanRule, Module, Overtime};
use crate::sheet::{AssessmentId, Points, Rounding, RoundingRule, gcd};
use ::toml::Spanned;
use ::toml::de::DeValue;
use std::collections::{BTreeMap, HashMap};

/// What all weights make: 100 %.
const WHOLE: Points = Points::whole(100);

/// The greatest common multiple that modules' full points may have, in hundredths. With 15 assessors and weights in hundredths of a
/// percent every total is then a fraction that both roads hold exactly.
const COMMON: i128 = 1_000_000;

/// The longest name of a module: a worksheet's has 31 characters at most.
const MODULE: usize = 31;

/// The longest name of an item or a veto: beyond it no column shows it.
const NAME: usize = 60;

/// The sheet of a workbook that says what it is for.
const COVER: &str = "说明";

/// Column headings that are not an item's.
const COLUMNS: [&str; 8] = ["序号", "准考证号", "姓名", "合计", "超时分钟", "否定项", "状态", "备注"];

/// Where a total is not whole hundredths and the scheme does not say otherwise.
const ROUNDING: Rounding = Rounding { rule: RoundingRule::Down, step: Points::from_hundredths(1) };

/// Every scheme of the file by id, with its line.
pub(super) fn assessments(
    top: &mut Section<'_, '_>,
    log: &mut Log,
) -> BTreeMap<AssessmentId, At<Assessment>> {
    let mut out = BTreeMap::<AssessmentId, At<Assessment>>::new();
    for mut section in top.tables("assessment", log) {
        let id = section.name::<AssessmentId>("id", log);
        section.required("part", log);
        let words = AssessedPart::ALL.map(|part| (part.word(), part));
        let part = section.choice("part", &words, "\"practical\", \"review\"", log);
        let words = [("mean", MeanRule::Mean), ("trimmed", MeanRule::Trimmed)];
        let mean = section.choice("mean", &words, "\"mean\", \"trimmed\"", log);
        let mean = if section.table.contains_key("mean") { mean } else { Some(MeanRule::Mean) };
        let assessors = assessors(&mut section, mean, log);
        let spread = section.get("spread").and_then(|v| section.points("spread", v, log)).map(|at| at.value);
        let rounding = match section.table("rounding", log) {
            Some(table) => super::rounding(table, log),
            None => Some(ROUNDING),
        };
        let modules = modules(&mut section, log);
        let line = section.line;
        section.close(log);
        let Some(At { line: id_line, value: id }) = id else { continue };
        if let Some(first) = out.get(&id) {
            let problem = ExamFault::Twice { value: id.to_string(), first_line: first.line };
            log.note(id_line, "assessment: id", problem);
            continue;
        }
        // A scheme with a problem of its own still counts as being there.
        let value = Assessment {
            part: part.unwrap_or(AssessedPart::Practical),
            assessors: assessors.unwrap_or(1),
            mean: mean.unwrap_or(MeanRule::Mean),
            spread,
            rounding: rounding.unwrap_or(ROUNDING),
            modules,
        };
        out.insert(id, At { line, value });
    }
    out
}

/// Notes every scheme that no occupation has.
pub(super) fn used(schemes: &BTreeMap<AssessmentId, At<Assessment>>, used: &[AssessmentId], log: &mut Log) {
    for (id, scheme) in schemes.iter().filter(|(id, _)| !used.contains(id)) {
        log.note(scheme.line, "assessment", ExamFault::UnusedScheme { scheme: id.to_string() });
    }
}

/// The scheme that an occupation names for a part, which must be there and be for that part.
pub(super) fn named(
    occupation: &mut Section<'_, '_>,
    part: AssessedPart,
    schemes: &BTreeMap<AssessmentId, At<Assessment>>,
    log: &mut Log,
) -> Option<AssessmentId> {
    let key = part.word();
    occupation.get(key)?;
    let At { line, value: id } = occupation.name::<AssessmentId>(key, log)?;
    match schemes.get(&id) {
        None => {
            let known: Vec<_> = schemes.keys().map(AssessmentId::as_str).collect();
            let problem = ExamFault::NoSuchScheme { scheme: id.to_string(), known: known.join(", ") };
            occupation.wrong(log, line, key, problem);
        }
        Some(scheme) if scheme.value.part != part => {
            let problem = ExamFault::OtherPart { scheme: id.to_string(), part: scheme.value.part.word() };
            occupation.wrong(log, line, key, problem);
        }
        Some(_) => {}
    }
    Some(id)
}

fn assessors(section: &mut Section<'_, '_>, mean: Option<MeanRule>, log: &mut Log) -> Option<u8> {
    let value = section.required("assessors", log)?;
    let line = log.line(value.span().start);
    let DeValue::Integer(number) = value.get_ref() else {
        section.wrong(log, line, "assessors", ExamFault::Type { expected: "a whole number" });
        return None;
    };
    let (least, range) = match mean {
        Some(MeanRule::Trimmed) => (5, "an odd number from 5 to 15: a trimmed mean leaves two of them out"),
        _ => (1, "an odd number from 1 to 15"),
    };
    let all = least..=Assessment::MOST_ASSESSORS;
    let found: Option<u8> = number.as_str().parse().ok().filter(|n| all.contains(n) && n % 2 == 1);
    if found.is_none() || number.radix() != 10 {
        section.wrong(log, line, "assessors", ExamFault::Range { value: number.to_string(), range });
    }
    found
}

fn modules(scheme: &mut Section<'_, '_>, log: &mut Log) -> Vec<Module> {
    let mut out: Vec<Module> = Vec::new();
    let mut seen = HashMap::new();
    let sections = scheme.tables("modules", log);
    if sections.is_empty() {
        scheme.wrong(log, scheme.line, "modules", ExamFault::Missing);
        return out;
    }
    let count = sections.len();
    let mut sound = true;
    for mut section in sections {
        let before = log.found.len();
        let name = section.text("name", log);
        let weight = section.required("weight", log).and_then(|v| section.points("weight", v, log));
        let items = items(&mut section, log);
        let sum: Points = items.iter().map(|item| item.points).sum();
        let full = section.get("full").and_then(|v| section.points("full", v, log));
        let vetoes = vetoes(&mut section, log);
        let overtime = section.table("overtime", log).and_then(|table| overtime(table, log));
        if let Some(At { line, value }) = full.as_ref().filter(|full| full.value != sum && !items.is_empty())
        {
            section.wrong(
                log,
                *line,
                "full",
                ExamFault::NotTheSum { what: "the items", sum, stated: *value },
            );
        } else if sum > WHOLE {
            let problem =
                ExamFault::Range { value: sum.to_string(), range: "at most 100 for all items together" };
            section.wrong(log, section.line, "items", problem);
        }
        if let Some(At { line, value }) = &name {
            let odd = value.chars().any(|c| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\''));
            if odd || value.chars().count() > MODULE || crate::exam::words::key(value) == COVER {
                section.wrong(log, *line, "name", ExamFault::SheetName { name: value.clone() });
            }
            if let Some(first_line) = seen.insert(crate::exam::words::key(value).to_lowercase(), *line) {
                section.wrong(log, *line, "name", ExamFault::Twice { value: value.clone(), first_line });
            }
        }
        section.close(log);
        sound &= log.found.len() == before;
        if let (Some(name), Some(weight)) = (name, weight) {
            let name = crate::exam::words::tidy(&name.value);
            out.push(Module { name, weight: weight.value, full: sum, items, vetoes, overtime });
        }
    }
    let weights: Points = out.iter().map(|module| module.weight).sum();
    if out.len() == count && weights != WHOLE {
        let problem = ExamFault::NotTheSum { what: "the weights", sum: weights, stated: WHOLE };
        scheme.wrong(log, scheme.line, "modules", problem);
    }
    if sound && common_multiple(&out).is_none() {
        let problem = ExamFault::NoCommonMultiple;
        scheme.wrong(log, scheme.line, "modules", problem);
    }
    out
}

/// The least common multiple of the modules' full points in hundredths; `None` if it is too great.
fn common_multiple(modules: &[Module]) -> Option<i128> {
    modules.iter().try_fold(1i128, |common, module| {
        let full = i128::from(module.full.hundredths());
        let next = common / gcd(common, full).max(1) * full;
        (next <= COMMON).then_some(next)
    })
}

fn items(module: &mut Section<'_, '_>, log: &mut Log) -> Vec<AssessedItem> {
    let mut seen = HashMap::new();
    let mut out = Vec::new();
    let sections = module.tables("items", log);
    if sections.is_empty() {
        module.wrong(log, module.line, "items", ExamFault::Missing);
    }
    for mut section in sections {
        let name = section.text("name", log);
        let points = section.required("points", log).and_then(|v| section.points("points", v, log));
        section.close(log);
        let (Some(name), Some(points)) = (name, points) else { continue };
        let value = crate::exam::words::tidy(&name.value);
        let key = crate::exam::words::key(&value);
        if value.chars().count() > NAME || COLUMNS.contains(&key.as_str()) {
            module.wrong(log, name.line, "items", ExamFault::ItemName { name: value });
            continue;
        }
        if let Some(first_line) = seen.insert(key, name.line) {
            module.wrong(log, name.line, "items", ExamFault::Twice { value, first_line });
            continue;
        }
        out.push(AssessedItem { name: value, points: points.value });
    }
    out
}

fn vetoes(module: &mut Section<'_, '_>, log: &mut Log) -> Vec<String> {
    let Some(value): Option<&Spanned<DeValue<'_>>> = module.get("vetoes") else { return Vec::new() };
    let mut seen = HashMap::new();
    let mut out = Vec::new();
    for item in module.array("vetoes", value, log).unwrap_or_default() {
        let Some(text) = module.text_of("vetoes", item, log) else { continue };
        let Some(At { line, value }) = module.full("vetoes", text, log) else { continue };
        let value = crate::exam::words::tidy(&value);
        if value.chars().count() > NAME {
            module.wrong(log, line, "vetoes", ExamFault::ItemName { name: value });
        } else if let Some(first_line) = seen.insert(crate::exam::words::key(&value), line) {
            module.wrong(log, line, "vetoes", ExamFault::Twice { value, first_line });
        } else {
            out.push(value);
        }
    }
    out
}

fn overtime(mut table: Section<'_, '_>, log: &mut Log) -> Option<Overtime> {
    let per_minute = table.required("per_minute", log).and_then(|v| table.points("per_minute", v, log));
    let most = table.required("most", log).and_then(|v| table.points("most", v, log));
    table.close(log);
    Some(Overtime { per_minute: per_minute?.value, most: most?.value })
}
