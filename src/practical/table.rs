//! Reading and writing tables of practical scores.

use super::{PracticalOutcome, PracticalScore};
use crate::exam::{
    AssessedPart, Cell, CellFault, Exam, Grid, Heading, Kind, Level, Need, Part, Record, Roster, RowPlace,
    RowProblem, Table, TableError, WriteError, known, listing, same_name, select,
};
use crate::sheet::{AssessmentId, IdError, Points, TicketNumber};
use std::collections::HashMap;

/// Practical scores that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PracticalError {
    /// The file is no table, or its headings are missing.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows that can't be used: all of them; the message lists the first 20.
    #[error("{}", listing(.0))]
    Rows(Vec<RowProblem<ScoreFault>>),
    /// Headings without a score below.
    #[error("{file}: there are headings, but no score below them")]
    NoScores {
        /// Which file.
        file: String,
    },
}

impl PracticalError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Table(error) => error.hint(),
            Self::Rows(_) => {
                "have the institute correct these rows and send the file again; nothing was imported"
            }
            Self::NoScores { .. } => "check that this is the file that was meant",
        }
    }
}

/// What can be wrong with a row of practical scores.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreFault {
    /// The cell itself.
    #[error(transparent)]
    Cell(#[from] CellFault),
    /// Not a ticket number.
    #[error(transparent)]
    Ticket(IdError),
    /// Nobody on the roster has the number.
    #[error("the ticket number {ticket} is not on the roster")]
    Unknown {
        /// The number.
        ticket: TicketNumber,
    },
    /// The candidate is there already.
    #[error("the ticket number {ticket} is there already, in {first}")]
    Twice {
        /// The number.
        ticket: TicketNumber,
        /// Where it was first.
        first: RowPlace,
    },
    /// The roster says something else about the candidate.
    #[error("the roster has {roster} under this ticket number, not {found}")]
    Differs {
        /// What the roster says.
        roster: String,
        /// What the cell says.
        found: String,
    },
    /// The identity number is not the roster's. The message does not say either.
    #[error("is not the number that the roster has under this ticket number")]
    IdNumber,
    /// A candidate whose part assessors score.
    #[error("exam.toml has this part scored by the scheme {scheme}: a total can't be taken in")]
    HasScheme {
        /// Which scheme.
        scheme: AssessmentId,
    },
    /// A candidate without 综合评审.
    #[error("the candidate is of {level}, which has no 综合评审")]
    NoReview {
        /// The candidate's level.
        level: Level,
    },
    /// No score: nothing, or only spaces.
    #[error("has no score; write 缺考 for someone who was absent")]
    NoScore,
    /// Not a score.
    #[error("{0:?} is not a score between 0 and 100 with at most two decimals, nor 缺考 or 成绩无效")]
    Score(String),
}

const SCORE: Heading = Heading::required(
    "实操成绩",
    &[
        "实操",
        "实操分数",
        "实际操作成绩",
        "操作技能成绩",
        "技能成绩",
        "操作成绩",
        "技能操作成绩",
        "实操得分",
        "操作技能考核成绩",
    ],
);

const REVIEW: Heading =
    Heading::required("综合评审成绩", &["综合评审", "评审成绩", "综合评审得分", "评审得分", "答辩成绩"]);

/// The heading of the part's scores.
fn score_of(part: AssessedPart) -> Heading {
    match part {
        AssessedPart::Practical => SCORE,
        AssessedPart::Review => REVIEW,
    }
}

fn headings(part: AssessedPart) -> [Heading; 6] {
    [
        known::TICKET,
        known::NAME,
        score_of(part),
        known::OCCUPATION.with(Need::Optional),
        known::LEVEL.with(Need::Optional),
        known::ID_NUMBER.with(Need::Optional),
    ]
}

/// The scores in the file `name` (which is only named in errors), in the file's order.
///
/// Needed are the columns 准考证号, 姓名 and 实操成绩: a number between 0 and 100 with at most two decimals, 缺考, or
/// 成绩无效. Where the columns 职业, 等级 or 证件号码 are there and filled, they must agree with the roster.
///
/// # Errors
///
/// [`PracticalError`]; [`PracticalError::Rows`] has every row that can't be used: a number that is not on the roster,
/// another name than the roster's, a candidate twice, no score or none that can be.
pub fn import(
    name: &str,
    bytes: &[u8],
    exam: &Exam,
    roster: &Roster,
) -> Result<Vec<PracticalScore>, PracticalError> {
    import_part(name, bytes, exam, roster, AssessedPart::Practical)
}

/// As [`import`], for the part that is named: 综合评审 has the column 综合评审成绩, and candidates of 二级 and 一级 alone.
///
/// # Errors
///
/// As [`import`].
pub fn import_part(
    name: &str,
    bytes: &[u8],
    exam: &Exam,
    roster: &Roster,
    part: AssessedPart,
) -> Result<Vec<PracticalScore>, PracticalError> {
    let tables = Table::read(name, bytes)?;
    let mut seen = HashMap::new();
    let mut problems = Vec::new();
    let mut scores = Vec::new();
    for (table, columns) in select(name, &tables, &headings(part))? {
        for record in table.records(&columns) {
            scores.extend(row(&record, (exam, roster, part), &mut seen, &mut problems));
        }
    }
    if !problems.is_empty() {
        return Err(PracticalError::Rows(problems));
    }
    if scores.is_empty() {
        return Err(PracticalError::NoScores { file: name.to_owned() });
    }
    Ok(scores)
}

fn row(
    record: &Record<'_>,
    (exam, roster, part): (&Exam, &Roster, AssessedPart),
    seen: &mut HashMap<TicketNumber, RowPlace>,
    problems: &mut Vec<RowProblem<ScoreFault>>,
) -> Option<PracticalScore> {
    let mut note = |heading: &Heading, fault| problems.push(record.problem(Some(heading), fault));
    let score = score_of(part);
    let outcome = outcome(record.cell(&score)).map_err(|fault| note(&score, fault)).ok();
    let digits =
        record.cell(&known::TICKET).digits().map_err(|fault| note(&known::TICKET, fault.into())).ok()?;
    let ticket: TicketNumber =
        digits.parse().map_err(|fault| note(&known::TICKET, ScoreFault::Ticket(fault))).ok()?;
    if let Some(first) = seen.get(&ticket).cloned() {
        note(&known::TICKET, ScoreFault::Twice { ticket, first });
        return None;
    }
    seen.insert(ticket.clone(), record.place());
    let Some(candidate) = roster.candidates.get(&ticket) else {
        note(&known::TICKET, ScoreFault::Unknown { ticket });
        return None;
    };
    if let Some((scheme, _)) = exam.scheme(part, &candidate.occupation, candidate.level) {
        note(&known::TICKET, ScoreFault::HasScheme { scheme: scheme.clone() });
    }
    if part == AssessedPart::Review && !exam.rules.at(candidate.level).has(Part::Review) {
        note(&known::TICKET, ScoreFault::NoReview { level: candidate.level });
    }
    match record.text(&known::NAME) {
        Err(fault) => note(&known::NAME, fault.into()),
        Ok(found) if !same_name(&found, &candidate.name) => {
            note(&known::NAME, ScoreFault::Differs { roster: candidate.name.clone(), found });
        }
        Ok(_) => {}
    }
    let mut agrees =
        |heading: &Heading, roster: &str, same: &dyn Fn(&str) -> bool| match record.optional(heading) {
            Err(fault) => note(heading, fault.into()),
            Ok(found) if !found.is_empty() && !same(&found) => {
                note(heading, ScoreFault::Differs { roster: roster.to_owned(), found });
            }
            Ok(_) => {}
        };
    agrees(&known::OCCUPATION, &candidate.occupation, &|found| {
        exam.occupation(found, candidate.level).is_some_and(|o| o.name == candidate.occupation)
    });
    agrees(&known::LEVEL, candidate.level.word(), &|found| found.parse::<Level>() == Ok(candidate.level));
    let id_cell = record.cell(&known::ID_NUMBER);
    match id_cell.digits() {
        Err(_) if id_cell.is_empty() => {}
        Err(fault) => note(&known::ID_NUMBER, fault.into()),
        Ok(found) if !found.eq_ignore_ascii_case(&candidate.id_number) => {
            note(&known::ID_NUMBER, ScoreFault::IdNumber);
        }
        Ok(_) => {}
    }
    Some(PracticalScore { ticket, outcome: outcome? })
}

fn outcome(cell: &Cell) -> Result<PracticalOutcome, ScoreFault> {
    if let Cell::Number(number) = cell {
        let points = Points::from_cell(*number).ok_or_else(|| ScoreFault::Score(number.to_string()))?;
        return scored(points, &number.to_string());
    }
    let text = cell.text().map_err(|fault| match fault {
        CellFault::Empty => ScoreFault::NoScore,
        fault => fault.into(),
    })?;
    match text.replace(' ', "").as_str() {
        "缺考" | "缺席" => Ok(PracticalOutcome::Absent),
        "成绩无效" | "无效" | "违纪" | "作弊" => Ok(PracticalOutcome::Void),
        _ => scored(text.parse().map_err(|_| ScoreFault::Score(text.clone()))?, &text),
    }
}

fn scored(points: Points, text: &str) -> Result<PracticalOutcome, ScoreFault> {
    if points < Points::ZERO || points > Points::whole(100) {
        return Err(ScoreFault::Score(text.to_owned()));
    }
    Ok(PracticalOutcome::Scored(points))
}

fn grid(scores: &[PracticalScore], roster: &Roster) -> Grid {
    let rows = scores.iter().map(|score| {
        let candidate = roster.candidates.get(&score.ticket);
        let text = |of: fn(&crate::exam::Candidate) -> String| candidate.map(of).unwrap_or_default();
        vec![
            score.ticket.to_string(),
            text(|c| c.name.clone()),
            text(|c| c.occupation.clone()),
            text(|c| c.level.to_string()),
            score.outcome.to_string(),
        ]
    });
    Grid {
        sheet: "实操成绩",
        columns: vec![
            (known::TICKET.name, Kind::Text, 18),
            (known::NAME.name, Kind::Text, 12),
            (known::OCCUPATION.name, Kind::Text, 14),
            (known::LEVEL.name, Kind::Text, 8),
            (SCORE.name, Kind::Number, 10),
        ],
        rows: rows.collect(),
    }
}

/// The scores as a workbook that [`import`] reads; names are the roster's, and the same scores give the same bytes.
///
/// # Errors
///
/// [`WriteError`] for a text of more than 32 767 characters.
pub fn to_xlsx(scores: &[PracticalScore], roster: &Roster) -> Result<Vec<u8>, WriteError> {
    grid(scores, roster).to_xlsx()
}

/// The scores as text with commas that [`import`] reads; names are the roster's.
#[must_use]
pub fn to_csv(scores: &[PracticalScore], roster: &Roster) -> Vec<u8> {
    grid(scores, roster).to_csv()
}
