//! Score sheets that can't be used.

use crate::exam::{AssessedPart, CellFault, Level, TableError, listing};
use crate::sheet::{IdError, Points, TicketNumber};
use std::fmt;

/// Score sheets that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// A file that is no workbook.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Cells that can't be used: all of them; the message lists the first 20.
    #[error("{}", listing(.0))]
    Cells(Vec<BookProblem>),
}

impl BookError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        let Self::Cells(problems) = self else {
            return "have the assessor fill in the workbook that `duka practical template` wrote, and save it as .xlsx";
        };
        match problems.first().map(|p| &p.problem) {
            Some(
                BookFault::NoCover
                | BookFault::NoLabel { .. }
                | BookFault::OtherBatch { .. }
                | BookFault::NoScheme { .. }
                | BookFault::OtherPart { .. }
                | BookFault::NotOfScheme { .. }
                | BookFault::NoSheet { .. }
                | BookFault::StrangeSheet
                | BookFault::NoHeadings
                | BookFault::NoColumn { .. }
                | BookFault::StrangeColumn { .. }
                | BookFault::TwiceColumn { .. }
                | BookFault::ExtraColumn { .. }
                | BookFault::NoLineHeadings
                | BookFault::NoLine { .. }
                | BookFault::StrangeLine { .. }
                | BookFault::TwiceLine { .. }
                | BookFault::OtherSheets { .. }
                | BookFault::OtherMaximum { .. },
            ) => {
                "write the score sheets anew with `duka practical template` and have the scores entered there; nothing was imported"
            }
            Some(BookFault::NoAssessor) => {
                "write the assessor's name beside 考评员 on the sheet 说明 and import it again; nothing was imported"
            }
            Some(BookFault::TwiceAssessor { .. }) => {
                "leave out one of the two files, or correct the assessor's name in it; nothing was imported"
            }
            Some(BookFault::NoRows) => {
                "check that this is the workbook that was filled in; nothing was imported"
            }
            _ => {
                "have the assessor who signed the sheet correct these cells, and import it again; nothing was imported"
            }
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookProblem {
    /// The file's name.
    pub file: String,
    /// The worksheet's name; none where it concerns the file.
    pub sheet: Option<String>,
    /// The cell (`D7`) and its column's heading, where one is to blame.
    pub cell: Option<(String, String)>,
    /// What is wrong.
    pub problem: BookFault,
}

impl fmt::Display for BookProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(sheet) = &self.sheet {
            write!(f, "sheet {sheet}")?;
            if let Some((cell, heading)) = &self.cell {
                write!(f, ", cell {cell}")?;
                if !heading.is_empty() {
                    write!(f, " ({heading})")?;
                }
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.problem)
    }
}

/// What can be wrong with a score sheet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BookFault {
    /// No sheet 说明.
    #[error("has no sheet 说明 that says what the score sheets are for")]
    NoCover,
    /// The cover does not say something.
    #[error("does not say {label}")]
    NoLabel {
        /// What: 批次, 考评方案, …
        label: &'static str,
    },
    /// Scores of another batch.
    #[error("is of the batch {found:?}, this exam is {expected:?}")]
    OtherBatch {
        /// What the file says.
        found: String,
        /// What the exam says.
        expected: String,
    },
    /// No such scheme.
    #[error("exam.toml has no scheme of assessment {found:?}")]
    NoScheme {
        /// What the file says.
        found: String,
    },
    /// A scheme of the other part.
    #[error("is for the part {found}, which `duka {} import` takes in", .found.word())]
    OtherPart {
        /// The scheme's part.
        found: AssessedPart,
    },
    /// An occupation and level that is scored otherwise.
    #[error("exam.toml does not have {occupation} {level} scored by the scheme {scheme}")]
    NotOfScheme {
        /// The file's scheme.
        scheme: String,
        /// The file's occupation.
        occupation: String,
        /// The file's level.
        level: String,
    },
    /// Nobody's name beside 考评员.
    #[error("does not say who the assessor (考评员) is")]
    NoAssessor,
    /// A module without a sheet.
    #[error("the sheet of the module {module} is missing")]
    NoSheet {
        /// Which module.
        module: String,
    },
    /// A sheet that is no module's.
    #[error("is no module of the scheme")]
    StrangeSheet,
    /// No heading row.
    #[error("has no row with the headings 准考证号 and 姓名")]
    NoHeadings,
    /// A column that is missing.
    #[error("the column {column} is missing")]
    NoColumn {
        /// Its heading.
        column: String,
    },
    /// A column that is no item's.
    #[error("{column:?} is no item of the module")]
    StrangeColumn {
        /// Its heading.
        column: String,
    },
    /// Two columns with one heading.
    #[error("there is another column {column} in {first}")]
    TwiceColumn {
        /// The heading.
        column: String,
        /// The first one's letter.
        first: String,
    },
    /// A column that a candidate's sheet does not have.
    #[error("{column:?} is no column of a candidate's score sheet")]
    ExtraColumn {
        /// Its heading.
        column: String,
    },
    /// A candidate's sheet without a heading row.
    #[error("has no row with the headings 模块, 评分项, 满分 and 得分")]
    NoLineHeadings,
    /// A line of a candidate's sheet that is missing.
    #[error("the line {line} of the module {module} is missing")]
    NoLine {
        /// Which module.
        module: String,
        /// What it is for.
        line: String,
    },
    /// A line of a candidate's sheet that is none of the scheme's.
    #[error("the scheme has no line {line:?} in a module {module:?}")]
    StrangeLine {
        /// What the line says under 模块.
        module: String,
        /// What it says under 评分项.
        line: String,
    },
    /// A line of a candidate's sheet that is there already.
    #[error("the line {line} of the module {module} is there already, in row {first}")]
    TwiceLine {
        /// Which module.
        module: String,
        /// What it is for.
        line: String,
        /// Where it was first.
        first: u32,
    },
    /// Neither a sheet a module nor a sheet a candidate.
    #[error("{found:?} is neither 每模块一张 nor 每名考生一张")]
    OtherSheets {
        /// What the cover says.
        found: String,
    },
    /// Another maximum than the scheme's.
    #[error("says that the item has {found} points, exam.toml has {expected}")]
    OtherMaximum {
        /// What the file says.
        found: String,
        /// What the scheme says.
        expected: Points,
    },
    /// The cell itself.
    #[error(transparent)]
    Cell(#[from] CellFault),
    /// Not a ticket number.
    #[error(transparent)]
    Ticket(IdError),
    /// Something is entered in a row without a ticket number.
    #[error("something is entered in this row, but it has no ticket number (准考证号)")]
    NoTicket,
    /// Nobody on the roster has the number.
    #[error("the ticket number {ticket} is not on the roster")]
    Unknown {
        /// The number.
        ticket: TicketNumber,
    },
    /// The candidate is in the sheet already.
    #[error("the ticket number {ticket} is there already, in cell {first}")]
    Twice {
        /// The number.
        ticket: TicketNumber,
        /// Where it was first.
        first: String,
    },
    /// Another name than the roster's.
    #[error("the roster has {roster} under this ticket number, not {found}")]
    Name {
        /// What the roster says.
        roster: String,
        /// What the cell says.
        found: String,
    },
    /// A candidate of another occupation or level than the workbook's.
    #[error("the roster has this candidate in {occupation} {level}, which these score sheets are not for")]
    OtherGroup {
        /// The roster's occupation.
        occupation: String,
        /// The roster's level.
        level: Level,
    },
    /// An item without points in a row that has others.
    #[error(
        "has no points; a candidate who did nothing has 0, one who was absent has 缺考 in the column 状态"
    )]
    NoPoints,
    /// Not points.
    #[error("{0:?} is no number of points with at most two decimals")]
    NotPoints(String),
    /// Points beyond what the item has.
    #[error("{found} is not between 0 and the item's {most} points")]
    Range {
        /// What the cell says.
        found: Points,
        /// The most there are.
        most: Points,
    },
    /// A sum that is not the items'.
    #[error("says {stated}, but the items make {sum}")]
    Sum {
        /// What the cell says.
        stated: String,
        /// What the items make.
        sum: Points,
    },
    /// Not minutes.
    #[error("{0:?} is no whole number of minutes between 0 and 600")]
    Minutes(String),
    /// Not a veto of the module.
    #[error("{found:?} is none of the module's vetoes (否定项): {known}")]
    Veto {
        /// What the cell says.
        found: String,
        /// The vetoes there are.
        known: String,
    },
    /// Not a status.
    #[error("{0:?} is no status: write 正常, 缺考 or 无效, or leave it empty for 正常")]
    Status(String),
    /// Points of someone who was absent or whose score is void.
    #[error("says {status}, but the row has points, overtime or a veto")]
    ScoredAndNot {
        /// 缺考 or 无效.
        status: &'static str,
    },
    /// Nothing is entered at all.
    #[error("nothing is entered in any of its sheets")]
    NoRows,
    /// An assessor's second row about the same candidate.
    #[error("{assessor} has scored {ticket} in this module already, in {first}")]
    TwiceAssessor {
        /// Who.
        assessor: String,
        /// Whom.
        ticket: TicketNumber,
        /// Where it was first.
        first: String,
    },
    /// More assessors than a module can have.
    #[error("{ticket} would have more than 15 assessors in this module")]
    TooMany {
        /// Whom they score.
        ticket: TicketNumber,
    },
}
