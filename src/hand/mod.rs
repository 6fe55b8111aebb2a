//! Tables of what people gave sections of a theory paper that they mark (人工阅卷).

#[cfg(test)]
mod tests;

use crate::exam::{
    Cell, CellFault, Exam, Heading, Need, Record, Roster, RowPlace, RowProblem, Table, TableError, known,
    listing, same_name, select,
};
use crate::sheet::{HandMarks, HandSection, IdError, PaperId, Points, SectionName, TicketNumber};
use std::collections::{BTreeMap, HashMap};

/// Marks by hand that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandError {
    /// The file is no table, or its headings are missing.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows that can't be used: all of them; the message lists the first 20.
    #[error("{}", listing(.0))]
    Rows(Vec<RowProblem<MarkFault>>),
    /// Headings without a mark below.
    #[error("{file}: there are headings, but no marks below them")]
    NoMarks {
        /// Which file.
        file: String,
    },
}

impl HandError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Table(error) => error.hint(),
            Self::Rows(_) => "have these rows corrected and send the file again; nothing was imported",
            Self::NoMarks { .. } => "check that this is the file that was meant",
        }
    }
}

/// What can be wrong with a row of marks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkFault {
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
    /// The roster has another name.
    #[error("the roster has {roster} under this ticket number, not {found}")]
    Differs {
        /// What the roster says.
        roster: String,
        /// What the cell says.
        found: String,
    },
    /// The section of this candidate is there already.
    #[error("{ticket} has marks for {section} already, in {first}")]
    Twice {
        /// Whose.
        ticket: TicketNumber,
        /// Which section.
        section: SectionName,
        /// Where it was first.
        first: RowPlace,
    },
    /// The candidate's paper has nothing that people mark.
    #[error("the candidate's paper has no section that is marked by hand")]
    NoSection,
    /// Which of several sections is not said.
    #[error("does not say which section; the paper has {known}")]
    WhichSection {
        /// The paper's sections.
        known: String,
    },
    /// Not a section of the paper.
    #[error("{found:?} is not a section of the paper {paper} that is marked by hand; it has {known}")]
    OtherSection {
        /// What the cell says.
        found: String,
        /// The candidate's paper.
        paper: PaperId,
        /// Its sections.
        known: String,
    },
    /// No marks: nothing, or only spaces.
    #[error("has no marks; write 0 for a section that was left blank")]
    NoMark,
    /// Not marks that the section can have.
    #[error(
        "{found:?} is not a number between 0 and {most} with at most two decimals, which {section} can give"
    )]
    Mark {
        /// What the cell says.
        found: String,
        /// The section.
        section: SectionName,
        /// The most that it can give.
        most: Points,
    },
}

const MARK: Heading = Heading::required(
    "得分",
    &["分数", "成绩", "主观题得分", "主观题成绩", "人工阅卷得分", "人工评分", "阅卷得分", "评分"],
);
const SECTION: Heading =
    Heading::required("题型", &["大题", "题目", "部分", "题号", "试题"]).with(Need::Optional);

const HEADINGS: [Heading; 4] = [known::TICKET, known::NAME, MARK, SECTION];

/// The marks in the file `name` (which is only named in errors), by candidate and section.
///
/// Needed are the columns 准考证号, 姓名 and 得分: a number between 0 and the most of the section that `exam.toml` says, with at
/// most two decimals. Where the candidate's paper has several sections, the column 题型 names one; a candidate has a row for
/// each.
///
/// # Errors
///
/// [`HandError`]; [`HandError::Rows`] has every row that can't be used: a number that is not on the roster, another name
/// than the roster's, a section that the paper does not have or that is there twice, no marks or none that can be.
pub fn import(
    name: &str,
    bytes: &[u8],
    exam: &Exam,
    roster: &Roster,
) -> Result<BTreeMap<TicketNumber, HandMarks>, HandError> {
    let tables = Table::read(name, bytes)?;
    let mut rows = Rows { exam, roster, seen: HashMap::new(), problems: Vec::new(), marks: BTreeMap::new() };
    for (table, columns) in select(name, &tables, &HEADINGS)? {
        for record in table.records(&columns) {
            rows.row(&record);
        }
    }
    if !rows.problems.is_empty() {
        return Err(HandError::Rows(rows.problems));
    }
    if rows.marks.is_empty() {
        return Err(HandError::NoMarks { file: name.to_owned() });
    }
    Ok(rows.marks)
}

struct Rows<'e> {
    exam: &'e Exam,
    roster: &'e Roster,
    seen: HashMap<(TicketNumber, SectionName), RowPlace>,
    problems: Vec<RowProblem<MarkFault>>,
    marks: BTreeMap<TicketNumber, HandMarks>,
}

impl Rows<'_> {
    fn row(&mut self, record: &Record<'_>) {
        let mut note = |heading: &Heading, fault| self.problems.push(record.problem(Some(heading), fault));
        let ticket = match record.cell(&known::TICKET).digits() {
            Err(fault) => return note(&known::TICKET, fault.into()),
            Ok(digits) => match digits.parse::<TicketNumber>() {
                Err(fault) => return note(&known::TICKET, MarkFault::Ticket(fault)),
                Ok(ticket) => ticket,
            },
        };
        let Some(candidate) = self.roster.candidates.get(&ticket) else {
            return note(&known::TICKET, MarkFault::Unknown { ticket });
        };
        match record.text(&known::NAME) {
            Err(fault) => note(&known::NAME, fault.into()),
            Ok(found) if !same_name(&found, &candidate.name) => {
                note(&known::NAME, MarkFault::Differs { roster: candidate.name.clone(), found });
            }
            Ok(_) => {}
        }
        let paper = self.exam.occupation(&candidate.occupation, candidate.level).map(|o| &o.paper);
        let Some((paper, sections)) = paper
            .and_then(|id| Some((id, &self.exam.papers.get(id)?.hand)))
            .filter(|(_, sections)| !sections.is_empty())
        else {
            return note(&known::TICKET, MarkFault::NoSection);
        };
        let section = match record
            .optional(&SECTION)
            .map_err(MarkFault::from)
            .and_then(|found| which(&found, paper, sections))
        {
            Ok(section) => section,
            Err(fault) => return note(&SECTION, fault),
        };
        let points = match marks(record.cell(&MARK), section) {
            Ok(points) => points,
            Err(fault) => return note(&MARK, fault),
        };
        let place = (ticket.clone(), section.name.clone());
        if let Some(first) = self.seen.get(&place).cloned() {
            return note(&SECTION, MarkFault::Twice { ticket, section: place.1, first });
        }
        self.seen.insert(place, record.place());
        self.marks.entry(ticket).or_default().insert(section.name.clone(), points);
    }
}

/// The section that the cell names; the only one if it names none.
fn which<'s>(
    found: &str,
    paper: &PaperId,
    sections: &'s [HandSection],
) -> Result<&'s HandSection, MarkFault> {
    let known = || sections.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
    match (found, sections) {
        ("", [only]) => Ok(only),
        ("", _) => Err(MarkFault::WhichSection { known: known() }),
        _ => sections.iter().find(|s| same_name(s.name.as_str(), found)).ok_or_else(|| {
            MarkFault::OtherSection { found: found.to_owned(), paper: paper.clone(), known: known() }
        }),
    }
}

fn marks(cell: &Cell, section: &HandSection) -> Result<Points, MarkFault> {
    let (points, found) = if let Cell::Number(number) = cell {
        (Points::from_cell(*number), number.to_string())
    } else {
        let text = cell.text().map_err(|fault| match fault {
            CellFault::Empty => MarkFault::NoMark,
            fault => fault.into(),
        })?;
        (text.parse().ok(), text)
    };
    points.filter(|points| (Points::ZERO..=section.points).contains(points)).ok_or_else(|| MarkFault::Mark {
        found,
        section: section.name.clone(),
        most: section.points,
    })
}
