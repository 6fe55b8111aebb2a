//! The TOML form of an exam.
//!
//! The file is walked by hand and not by derive, so that every problem is found in one run.

mod assessment;
mod certificates;
mod levels;
mod public;
mod section;
#[cfg(test)]
mod tests;

use super::{
    AssessedPart, Assessment, Exam, ExamError, ExamFault, GradeRule, Level, MultipleRule, Occupation, Paper,
    Part, Rules, Signatories, ViolationRule,
};
use crate::sheet::{
    AssessmentId, Form, HandSection, PaperId, Points, RoomId, Rounding, RoundingRule, SectionName,
};
use ::toml::de::{DeTable, DeValue};
use section::{At, Log, Section};
use std::collections::{BTreeMap, HashMap};

/// A commented exam file that [`Exam::parse`] accepts: the start of every new session.
#[must_use]
pub fn example_toml() -> &'static str {
    include_str!("../example.toml")
}

impl Exam {
    /// The exam described by `text`; `path` is only named in errors.
    ///
    /// # Errors
    ///
    /// [`ExamError::Wrong`] with every problem and its line. A file that is not TOML is checked no further.
    ///
    /// # Example
    ///
    /// ```
    /// use duka::exam::{Exam, example_toml};
    /// let exam = Exam::parse(example_toml(), "exam.toml")?;
    /// assert_eq!(exam.rules.pass_line.to_string(), "60.0");
    /// # Ok::<(), duka::exam::ExamError>(())
    /// ```
    pub fn parse(text: &str, path: &str) -> Result<Self, ExamError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut log = Log::of(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let line = log.line(error.span().map_or(0, |s| s.start));
            log.note(line, "TOML", ExamFault::Syntax(error.message().replace('\n', ", ")));
        }
        let exam = if errors.is_empty() { exam(root.get_ref(), &mut log) } else { None };
        log.found.sort_by_key(|p| p.line);
        match exam {
            Some(exam) if log.found.is_empty() => Ok(exam),
            _ => Err(ExamError::Wrong { path: path.to_owned(), problems: log.found }),
        }
    }
}

fn exam(root: &DeTable<'_>, log: &mut Log) -> Option<Exam> {
    let mut top = Section::new(String::new(), 1, root);
    let batch = top.text("batch", log);
    let centre = top.text("centre", log);
    let institute = top.text("institute", log);
    let date = date(&mut top, log);
    let rooms = top.required("rooms", log).and_then(|v| top.names::<RoomId>("rooms", v, log));
    let papers = papers(&mut top, log);
    let assessments = assessment::assessments(&mut top, log);
    let rules = top.table("rules", log);
    let rules = rules_of(rules, log);
    let occupations = occupations(&mut top, &papers, &assessments, &rules, log);
    let signatories = top.table("signatories", log).map(|s| signatories(s, log)).unwrap_or_default();
    let certificates = top.table("certificates", log).and_then(|s| certificates::certificates(s, log));
    let public = public::public(&mut top, log);
    top.close(log);
    Some(Exam {
        batch: batch?.value,
        centre: centre?.value,
        institute: institute?.value,
        date: date?,
        papers: papers.into_iter().map(|(id, at)| (id, at.value)).collect(),
        assessments: assessments.into_iter().map(|(id, at)| (id, at.value)).collect(),
        occupations,
        rooms: rooms?,
        rules,
        signatories,
        certificates,
        public,
    })
}

/// The date as printed: text, or a TOML date.
fn date(top: &mut Section<'_, '_>, log: &mut Log) -> Option<String> {
    let value = top.required("date", log)?;
    if let DeValue::Datetime(date) = value.get_ref() {
        return Some(date.to_string());
    }
    let text = top.text_of("date", value, log)?;
    top.full("date", text, log).map(|t| t.value)
}

fn papers(top: &mut Section<'_, '_>, log: &mut Log) -> BTreeMap<PaperId, At<Paper>> {
    let mut papers = BTreeMap::<PaperId, At<Paper>>::new();
    let sections = top.tables("paper", log);
    if sections.is_empty() {
        top.wrong(log, 1, "paper", ExamFault::Missing);
    }
    for mut section in sections {
        let id = section.name::<PaperId>("id", log);
        let title = section.text("title", log);
        let layout = section.name("layout", log);
        let forms = match section.get("forms") {
            Some(value) => section.names::<Form>("forms", value, log),
            None => "A".parse().ok().map(|form| vec![form]),
        };
        let key_revision = revision(&mut section, log);
        let hand = hand(&mut section, log);
        let line = section.line;
        section.close(log);
        let Some(At { line: id_line, value: id }) = id else { continue };
        if let Some(first) = papers.get(&id) {
            let problem = ExamFault::Twice { value: id.to_string(), first_line: first.line };
            log.note(id_line, "paper: id", problem);
            continue;
        }
        // A paper with a problem of its own still counts as being there.
        let paper = Paper {
            title: title.map(|t| t.value).unwrap_or_default(),
            layout: match layout.map(|l| l.value).or_else(|| "-".parse().ok()) {
                Some(layout) => layout,
                None => continue,
            },
            forms: forms.unwrap_or_default(),
            key_revision: key_revision.unwrap_or(1),
            hand,
        };
        papers.insert(id, At { line, value: paper });
    }
    papers
}

/// Sections that people mark, each with a name of its own.
fn hand(paper: &mut Section<'_, '_>, log: &mut Log) -> Vec<HandSection> {
    let mut seen = HashMap::new();
    let mut out = Vec::new();
    for mut section in paper.tables("hand", log) {
        let name = section.name::<SectionName>("name", log);
        let points = section.required("points", log).and_then(|v| section.points("points", v, log));
        section.close(log);
        let (Some(name), Some(points)) = (name, points) else { continue };
        if let Some(first_line) = seen.insert(name.value.clone(), name.line) {
            let problem = ExamFault::Twice { value: name.value.to_string(), first_line };
            paper.wrong(log, name.line, "hand", problem);
            continue;
        }
        out.push(HandSection { name: name.value, points: points.value });
    }
    out
}

fn revision(section: &mut Section<'_, '_>, log: &mut Log) -> Option<u16> {
    let Some(value) = section.get("key_revision") else { return Some(1) };
    let line = log.line(value.span().start);
    let DeValue::Integer(number) = value.get_ref() else {
        section.wrong(log, line, "key_revision", ExamFault::Type { expected: "a whole number" });
        return None;
    };
    let revision = number.as_str().parse().ok().filter(|n| (1..=999).contains(n) && number.radix() == 10);
    if revision.is_none() {
        let problem = ExamFault::Range { value: number.to_string(), range: "between 1 and 999" };
        section.wrong(log, line, "key_revision", problem);
    }
    revision
}

fn occupations(
    top: &mut Section<'_, '_>,
    papers: &BTreeMap<PaperId, At<Paper>>,
    schemes: &BTreeMap<AssessmentId, At<Assessment>>,
    rules: &Rules,
    log: &mut Log,
) -> Vec<Occupation> {
    let mut seen = HashMap::new();
    let mut out = Vec::<Occupation>::new();
    let mut used = Vec::new();
    let mut assessed = Vec::new();
    let sections = top.tables("occupation", log);
    if sections.is_empty() {
        top.wrong(log, 1, "occupation", ExamFault::Missing);
    }
    for mut section in sections {
        let name = section.text("name", log);
        let level = level(&mut section, log);
        let paper = section.name::<PaperId>("paper", log);
        if let Some(At { line, value: id }) = &paper {
            used.push(id.clone());
            if !papers.contains_key(id) {
                let known: Vec<_> = papers.keys().map(PaperId::as_str).collect();
                let problem = ExamFault::NoSuchPaper { paper: id.to_string(), known: known.join(", ") };
                section.wrong(log, *line, "paper", problem);
            }
        }
        let line = section.line;
        let practical = assessment::named(&mut section, AssessedPart::Practical, schemes, log);
        let review = assessment::named(&mut section, AssessedPart::Review, schemes, log);
        assessed.extend(practical.iter().chain(&review).cloned());
        for (key, scheme, part) in
            [("practical", &practical, Part::Practical), ("review", &review, Part::Review)]
        {
            if scheme.is_some() && level.is_some_and(|level| !rules.at(level).has(part)) {
                section.wrong(log, line, key, ExamFault::NoPart { part: part.name() });
            }
        }
        section.close(log);
        let (Some(name), Some(level), Some(paper)) = (name, level, paper) else { continue };
        let name = crate::exam::words::tidy(&name.value);
        if let Some(first_line) = seen.insert((crate::exam::words::key(&name), level), line) {
            let problem = ExamFault::Twice { value: format!("{name} {level}"), first_line };
            log.note(line, "occupation", problem);
            continue;
        }
        out.push(Occupation { name, level, paper: paper.value, practical, review });
    }
    for (id, paper) in papers {
        if !used.contains(id) {
            log.note(paper.line, "paper", ExamFault::Unused { paper: id.to_string() });
        }
    }
    assessment::used(schemes, &assessed, log);
    out
}

fn level(section: &mut Section<'_, '_>, log: &mut Log) -> Option<Level> {
    let value = section.required("level", log)?;
    let line = log.line(value.span().start);
    let word = match value.get_ref() {
        DeValue::Integer(n) => n.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => {
            section.wrong(log, line, "level", ExamFault::Type { expected: "text such as \"四级\"" });
            return None;
        }
    };
    match word.parse() {
        Ok(level) => Some(level),
        Err(error) => {
            section.wrong(log, line, "level", ExamFault::Level(error));
            None
        }
    }
}

/// The pass line that most provinces have, in points out of 100.
const PASS_LINE: Points = Points::whole(60);

/// The grades above the pass line where the file has none: name and least points of every part.
const GRADES: [(&str, Points); 2] = [("优秀", Points::whole(95)), ("良好", Points::whole(80))];

fn rules_of(section: Option<Section<'_, '_>>, log: &mut Log) -> Rules {
    let mut rules = Rules {
        pass_line: PASS_LINE,
        grades: Vec::new(),
        fail_grade: "不合格".into(),
        multiple: MultipleRule::Hold,
        violation: ViolationRule::SubjectVoid,
        rounding: None,
        levels: Vec::new(),
    };
    let mut given = false;
    if let Some(mut section) = section {
        if let Some(points) = section.get("pass_line").and_then(|v| section.points("pass_line", v, log)) {
            rules.pass_line = points.value;
        }
        let words = [("hold", MultipleRule::Hold), ("wrong", MultipleRule::Wrong)];
        if let Some(rule) = section.choice("multiple", &words, "\"hold\", \"wrong\"", log) {
            rules.multiple = rule;
        }
        let words = [("subject-void", ViolationRule::SubjectVoid), ("all-void", ViolationRule::AllVoid)];
        if let Some(rule) = section.choice("violation", &words, "\"subject-void\", \"all-void\"", log) {
            rules.violation = rule;
        }
        if let Some(table) = section.table("rounding", log) {
            rules.rounding = rounding(table, log);
        }
        if let Some(value) = section.get("fail_grade") {
            let text = section.text_of("fail_grade", value, log);
            if let Some(text) = text.and_then(|t| section.full("fail_grade", t, log)) {
                rules.fail_grade = text.value;
            }
        }
        given = section.table.contains_key("grades");
        rules.grades = grades(&mut section, &rules.fail_grade, rules.pass_line, log);
        if !given {
            rules.grades = grades_above(rules.pass_line);
        }
        rules.levels = levels::levels(&rules, &mut section, log);
        section.close(log);
    }
    if !given {
        rules.grades = grades_above(rules.pass_line);
    }
    rules
}

/// The usual grades with the last one at the pass line.
fn grades_above(pass_line: Points) -> Vec<GradeRule> {
    let above = GRADES.iter().filter(|(_, least)| *least > pass_line);
    let above = above.map(|&(name, least)| GradeRule { name: name.into(), least });
    above.chain([GradeRule { name: "合格".into(), least: pass_line }]).collect()
}

/// A rule and the step it rounds to, a hundredth of a point unless the table says otherwise.
fn rounding(mut table: Section<'_, '_>, log: &mut Log) -> Option<Rounding> {
    let known = "\"half-up\", \"half-even\", \"down\", \"up\"";
    table.required("rule", log);
    let rule = table.choice("rule", &RoundingRule::WORDS, known, log);
    let step = match table.get("step") {
        Some(value) => table.points("step", value, log).map(|step| step.value),
        None => Some(Points::from_hundredths(1)),
    };
    table.close(log);
    Some(Rounding { rule: rule?, step: step? })
}

fn grades(
    section: &mut Section<'_, '_>,
    fail_grade: &str,
    pass_line: Points,
    log: &mut Log,
) -> Vec<GradeRule> {
    let mut seen = HashMap::from([(fail_grade.to_owned(), section.line)]);
    let mut out = Vec::<GradeRule>::new();
    let mut last_line = section.line;
    let grades = section.tables("grades", log);
    if grades.is_empty() && section.table.contains_key("grades") {
        section.wrong(log, section.line, "grades", ExamFault::Empty);
    }
    for mut grade in grades {
        let name = grade.text("name", log);
        let least = grade.required("least", log).and_then(|v| grade.points("least", v, log));
        grade.close(log);
        let (Some(name), Some(least)) = (name, least) else { continue };
        if let Some(first_line) = seen.insert(name.value.clone(), name.line) {
            section.wrong(
                log,
                name.line,
                "grades",
                ExamFault::Twice { value: name.value.clone(), first_line },
            );
        }
        if let Some(above) = out.last().map(|g| g.least).filter(|above| least.value >= *above) {
            section.wrong(log, least.line, "grades", ExamFault::GradeOrder { least: least.value, above });
        }
        last_line = least.line;
        out.push(GradeRule { name: name.value, least: least.value });
    }
    if let Some(last) = out.last().filter(|last| last.least != pass_line) {
        let problem = ExamFault::LastGrade { least: last.least, pass_line };
        section.wrong(log, last_line, "grades", problem);
    }
    out
}

fn signatories(mut section: Section<'_, '_>, log: &mut Log) -> Signatories {
    let mut assessors = Vec::new();
    if let Some(value) = section.get("assessors") {
        for item in section.array("assessors", value, log).unwrap_or_default() {
            let text = section.text_of("assessors", item, log);
            assessors.extend(text.and_then(|t| section.full("assessors", t, log)).map(|t| t.value));
        }
    }
    let signatories = Signatories {
        tabulator: section.optional("tabulator", log),
        reviewer: section.optional("reviewer", log),
        lead_assessor: section.optional("lead_assessor", log),
        assessors,
        supervisor: section.optional("supervisor", log),
    };
    section.close(log);
    signatories
}
