//! Reading score sheets that assessors filled in.

mod candidate;
mod entry;
mod module;

use super::{BookError, BookFault, BookProblem, COVER, SheetPer, column, label};
use crate::exam::{
    AssessedPart, Assessment, Cell, CellFault, Exam, Level, Roster, Row, Table, heading_key, person,
};
use crate::practical::{Marks, ScoreRow};
use crate::sheet::{AssessmentId, TicketNumber};
use candidate::CandidateSheet;
use module::ModuleSheet;
use std::collections::{BTreeMap, HashMap};

/// What one assessor's workbook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreBook {
    /// The file's name.
    pub file: String,
    /// The scheme that it is filled in by.
    pub scheme: AssessmentId,
    /// The assessor's name, without spaces that only stretch it.
    pub assessor: String,
    /// What is entered: by module as in the scheme and then from the top; of a sheet a candidate, by sheet and then by module.
    pub rows: Vec<BookRow>,
    /// How many candidates of how many modules nothing is entered for.
    pub blank: usize,
}

/// What is entered about a candidate in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookRow {
    /// The module.
    pub module: String,
    /// Whose.
    pub ticket: TicketNumber,
    /// The worksheet.
    pub sheet: String,
    /// Its cell with the ticket number.
    pub cell: String,
    /// What is entered.
    pub row: ScoreRow,
}

/// Whether a file's tables are score sheets, and not a table of totals: it has a sheet 说明 that names a 考评方案.
#[must_use]
pub fn is_book(tables: &[Table]) -> bool {
    tables.iter().any(|table| is_cover(table) && cover_row(table, label::SCHEME).is_some())
}

fn is_cover(table: &Table) -> bool {
    table.sheet.as_deref() == Some(COVER)
}

fn cover_row<'t>(cover: &'t Table, label: &str) -> Option<&'t Row> {
    cover
        .rows
        .iter()
        .find(|row| matches!(row.cells.first(), Some(Cell::Text(text)) if heading_key(text) == label))
}

/// What the workbook `name` says; `tables` are its sheets.
///
/// The cover says whether each sheet is a module's or a candidate's. A candidate for whom nothing is entered in a module is left out there
/// and counted. Otherwise every item has points, or the status says 缺考 or 无效 and nothing else is entered.
///
/// # Errors
///
/// [`BookError::Cells`] with everything that is wrong: a cover of another batch, part or scheme, without an assessor; sheets, columns
/// or lines that are missing or strange; other maxima than the scheme's; cells that are no points, out of range or empty; a sum that is not
/// the items'; candidates who are unknown, doubled, or of another name, occupation or level.
pub fn read_book(
    name: &str,
    tables: &[Table],
    exam: &Exam,
    roster: &Roster,
    part: AssessedPart,
) -> Result<ScoreBook, BookError> {
    let mut log = Log { file: name, found: Vec::new() };
    let Some(cover) = tables.iter().find(|table| is_cover(table)) else {
        log.note(None, None, BookFault::NoCover);
        return Err(BookError::Cells(log.found));
    };
    let Some(facts) = Facts::of(cover, exam, part, &mut log) else {
        return Err(BookError::Cells(log.found));
    };
    let mut book = ScoreBook {
        file: name.to_owned(),
        scheme: facts.id.clone(),
        assessor: facts.assessor.clone(),
        rows: Vec::new(),
        blank: 0,
    };
    match facts.per {
        SheetPer::Module => facts.modules(tables, roster, &mut book, &mut log),
        SheetPer::Candidate => {
            let mut seen = HashMap::new();
            for table in tables.iter().filter(|table| !is_cover(table)) {
                CandidateSheet { table, facts: &facts, roster }.read(&mut seen, &mut book, &mut log);
            }
        }
    }
    if log.found.is_empty() && book.rows.is_empty() {
        log.note(None, None, BookFault::NoRows);
    }
    if log.found.is_empty() { Ok(book) } else { Err(BookError::Cells(log.found)) }
}

/// Collects problems of one file.
struct Log<'f> {
    file: &'f str,
    found: Vec<BookProblem>,
}

impl Log<'_> {
    fn note(&mut self, sheet: Option<&str>, cell: Option<(String, &str)>, problem: BookFault) {
        self.found.push(BookProblem {
            file: self.file.to_owned(),
            sheet: sheet.map(str::to_owned),
            cell: cell.map(|(cell, heading)| (cell, heading.to_owned())),
            problem,
        });
    }
}

/// What the cover says, found to be of this exam.
struct Facts<'e> {
    id: &'e AssessmentId,
    scheme: &'e Assessment,
    occupation: String,
    level: Level,
    assessor: String,
    per: SheetPer,
}

impl<'e> Facts<'e> {
    fn of(cover: &Table, exam: &'e Exam, part: AssessedPart, log: &mut Log<'_>) -> Option<Self> {
        let value = |label: &'static str, log: &mut Log<'_>| {
            let row = cover_row(cover, label);
            let place = row.map(|row| (format!("B{}", row.number), label));
            let cell = row.and_then(|row| row.cells.get(1)).unwrap_or(&Cell::Empty);
            match cell.text() {
                Ok(text) => Some((text, place)),
                Err(CellFault::Empty) if label == label::ASSESSOR => {
                    log.note(Some(COVER), place, BookFault::NoAssessor);
                    None
                }
                Err(CellFault::Empty) => {
                    log.note(Some(COVER), place, BookFault::NoLabel { label });
                    None
                }
                Err(fault) => {
                    log.note(Some(COVER), place, fault.into());
                    None
                }
            }
        };
        let batch = value(label::BATCH, log);
        let scheme = value(label::SCHEME, log);
        let occupation = value(label::OCCUPATION, log);
        let level = value(label::LEVEL, log);
        let assessor = value(label::ASSESSOR, log);
        if let Some((found, place)) = batch
            && heading_key(&found) != heading_key(&exam.batch)
        {
            log.note(Some(COVER), place, BookFault::OtherBatch { found, expected: exam.batch.clone() });
        }
        let (found, place) = scheme?;
        let own = found.parse().ok().and_then(|id: AssessmentId| exam.assessments.get_key_value(&id));
        let Some((id, scheme)) = own else {
            log.note(Some(COVER), place, BookFault::NoScheme { found });
            return None;
        };
        if scheme.part != part {
            log.note(Some(COVER), place, BookFault::OtherPart { found: scheme.part });
            return None;
        }
        let ((occupation, place), (level, _)) = (occupation?, level?);
        let own = level.parse().ok().and_then(|level: Level| exam.occupation(&occupation, level));
        let Some(own) = own.filter(|own| own.scheme(part) == Some(id)) else {
            let fault = BookFault::NotOfScheme { scheme: id.to_string(), occupation, level };
            log.note(Some(COVER), place, fault);
            return None;
        };
        let assessor = person(&assessor?.0);
        let per = per(cover, log)?;
        Some(Self { id, scheme, occupation: own.name.clone(), level: own.level, assessor, per })
    }

    /// Reads the sheet of each module.
    fn modules(&self, tables: &[Table], roster: &Roster, book: &mut ScoreBook, log: &mut Log<'_>) {
        let sheet_of = |table: &Table| heading_key(table.sheet.as_deref().unwrap_or_default());
        let own = |table: &&Table| !is_cover(table);
        for table in tables.iter().filter(own) {
            if self.scheme.modules.iter().all(|module| heading_key(&module.name) != sheet_of(table)) {
                log.note(table.sheet.as_deref(), None, BookFault::StrangeSheet);
            }
        }
        for module in &self.scheme.modules {
            match tables.iter().filter(own).find(|table| sheet_of(table) == heading_key(&module.name)) {
                Some(table) => ModuleSheet { table, module, facts: self, roster }.read(book, log),
                None => log.note(None, None, BookFault::NoSheet { module: module.name.clone() }),
            }
        }
    }
}

/// What the cover says that each sheet is for. One that does not say it has a sheet a module.
fn per(cover: &Table, log: &mut Log<'_>) -> Option<SheetPer> {
    let Some(row) = cover_row(cover, label::SHEETS) else { return Some(SheetPer::Module) };
    let fault = match row.cells.get(1).unwrap_or(&Cell::Empty).text() {
        Ok(found) => {
            let is = |per: &SheetPer| heading_key(per.words()) == heading_key(&found);
            let known = [SheetPer::Module, SheetPer::Candidate].into_iter().find(is);
            if known.is_some() {
                return known;
            }
            BookFault::OtherSheets { found }
        }
        Err(fault) => fault.into(),
    };
    log.note(Some(COVER), Some((format!("B{}", row.number), label::SHEETS)), fault);
    None
}

/// What several workbooks say together, by candidate: every assessor's rows beside the others'.
///
/// # Errors
///
/// [`BookError::Cells`] if one assessor has two rows about one candidate in one module, whatever they say, or if a module
/// would have more than 15 assessors.
pub fn together(books: &[ScoreBook]) -> Result<BTreeMap<TicketNumber, Marks>, BookError> {
    let mut out: BTreeMap<TicketNumber, Marks> = BTreeMap::new();
    let mut first: HashMap<(&str, &str, &TicketNumber), (&ScoreBook, &BookRow)> = HashMap::new();
    let mut problems = Vec::new();
    for book in books {
        for own in &book.rows {
            let BookRow { module, ticket, sheet, cell, row } = own;
            let mut note = |problem| {
                problems.push(BookProblem {
                    file: book.file.clone(),
                    sheet: Some(sheet.clone()),
                    cell: Some((cell.clone(), column::TICKET.to_owned())),
                    problem,
                });
            };
            if let Some((before, at)) = first.get(&(module.as_str(), book.assessor.as_str(), ticket)) {
                note(BookFault::TwiceAssessor {
                    assessor: book.assessor.clone(),
                    ticket: ticket.clone(),
                    first: format!("{}, sheet {}, cell {}", before.file, at.sheet, at.cell),
                });
                continue;
            }
            first.insert((module, &book.assessor, ticket), (book, own));
            let marks = out.entry(ticket.clone()).or_insert_with(|| Marks::none(book.scheme.clone()));
            let rows = marks.modules.entry(module.clone()).or_default();
            rows.insert(book.assessor.clone(), row.clone());
            if rows.len() == usize::from(Assessment::MOST_ASSESSORS) + 1 {
                note(BookFault::TooMany { ticket: ticket.clone() });
            }
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(BookError::Cells(problems)) }
}
