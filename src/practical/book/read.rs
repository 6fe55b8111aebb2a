//! Reading score sheets that assessors filled in.

use super::{BookError, BookFault, BookProblem, COVER, FULL, MINUTES, column, label};
use crate::exam::{
    AssessedPart, Assessment, Cell, CellFault, Column, Exam, Level, Module, Roster, Row, Table, heading_key,
    known, person, same_name,
};
use crate::practical::{Marks, RowStatus, ScoreRow};
use crate::sheet::{AssessmentId, Points, TicketNumber};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What one assessor's workbook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreBook {
    /// The file's name.
    pub file: String,
    /// The scheme that it is filled in by.
    pub scheme: AssessmentId,
    /// The assessor's name, without spaces that only stretch it.
    pub assessor: String,
    /// Rows in which something is entered, by module as in the scheme and then from the top.
    pub rows: Vec<BookRow>,
    /// How many rows nothing is entered in.
    pub blank: usize,
}

/// A row in which something is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookRow {
    /// The module.
    pub module: String,
    /// Whose.
    pub ticket: TicketNumber,
    /// The cell with the ticket number.
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
/// A row in which nothing is entered is left out and counted. In any other row every item has points, or the status says 缺考 or 无效
/// and nothing else is entered.
///
/// # Errors
///
/// [`BookError::Cells`] with everything that is wrong: a cover of another batch, part or scheme, without an assessor; sheets or columns
/// that are missing or strange; other maxima than the scheme's; cells that are no points, out of range or empty; a sum that is not
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
    let sheet_of = |table: &Table| heading_key(table.sheet.as_deref().unwrap_or_default());
    for table in tables.iter().filter(|table| !is_cover(table)) {
        if facts.scheme.modules.iter().all(|module| heading_key(&module.name) != sheet_of(table)) {
            log.note(table.sheet.as_deref(), None, BookFault::StrangeSheet);
        }
    }
    for module in &facts.scheme.modules {
        match tables.iter().find(|table| !is_cover(table) && sheet_of(table) == heading_key(&module.name)) {
            Some(table) => Sheet { table, module, facts: &facts, roster }.read(&mut book, &mut log),
            None => log.note(None, None, BookFault::NoSheet { module: module.name.clone() }),
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
        Some(Self { id, scheme, occupation: own.name.clone(), level: own.level, assessor })
    }
}

/// A module's sheet.
struct Sheet<'a> {
    table: &'a Table,
    module: &'a Module,
    facts: &'a Facts<'a>,
    roster: &'a Roster,
}

/// Columns of a module's sheet by what they are.
struct Places {
    ticket: usize,
    name: usize,
    /// As the module's items.
    items: Vec<usize>,
    sum: Option<usize>,
    overtime: Option<usize>,
    veto: Option<usize>,
    status: Option<usize>,
    /// Every column that something can be entered in.
    entries: Vec<usize>,
}

impl Sheet<'_> {
    fn note(&self, log: &mut Log<'_>, row: &Row, at: usize, heading: &str, problem: BookFault) {
        let cell = format!("{}{}", Column::letter(at), row.number);
        log.note(self.table.sheet.as_deref(), Some((cell, heading)), problem);
    }

    fn read(&self, book: &mut ScoreBook, log: &mut Log<'_>) {
        let heading = self.table.rows.iter().position(|row| {
            let has = |word: &crate::exam::Heading| {
                row.cells.iter().any(|cell| matches!(cell, Cell::Text(text) if word.is(text)))
            };
            has(&known::TICKET) && has(&known::NAME)
        });
        let Some(heading) = heading else {
            log.note(self.table.sheet.as_deref(), None, BookFault::NoHeadings);
            return;
        };
        let Some(places) = self.table.rows.get(heading).and_then(|row| self.places(row, log)) else { return };
        let mut seen: HashMap<TicketNumber, String> = HashMap::new();
        for row in self.table.rows.iter().skip(heading + 1) {
            let cell = |at: usize| row.cells.get(at).unwrap_or(&Cell::Empty);
            let first = [places.ticket, places.name].map(|at| cell(at).text().unwrap_or_default());
            if first.iter().any(|text| text == FULL) {
                self.maxima(row, &places, log);
                continue;
            }
            let entered = places.entries.iter().any(|&at| !cell(at).is_empty());
            if cell(places.ticket).is_empty() {
                // A line for signatures below the table has a word in a column of items at most.
                let words_only = places.entries.iter().all(|&at| !matches!(cell(at), Cell::Number(_)));
                if entered && !(words_only && first[1].is_empty() && Self::is_line(row)) {
                    self.note(log, row, places.ticket, column::TICKET, BookFault::NoTicket);
                }
                continue;
            }
            let before = log.found.len();
            let ticket = self.candidate(row, &places, &mut seen, log);
            if !entered {
                book.blank += 1;
                continue;
            }
            let scored = self.row(row, &places, log);
            if let (Some(ticket), Some(scored), true) = (ticket, scored, log.found.len() == before) {
                let cell = format!("{}{}", Column::letter(places.ticket), row.number);
                book.rows.push(BookRow { module: self.module.name.clone(), ticket, cell, row: scored });
            }
        }
    }

    /// Whether a row is the template's own line for signatures.
    fn is_line(row: &Row) -> bool {
        let first = row.cells.iter().find(|cell| !cell.is_empty());
        matches!(first, Some(Cell::Text(text)) if heading_key(text).starts_with("考评员"))
    }

    fn places(&self, row: &Row, log: &mut Log<'_>) -> Option<Places> {
        let before = log.found.len();
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let module = self.module;
        let mut allowed: BTreeSet<String> =
            [column::SERIAL, column::TICKET, column::NAME, column::SUM, column::STATUS]
                .map(str::to_owned)
                .into();
        if module.overtime.is_some() {
            allowed.insert(column::OVERTIME.to_owned());
        }
        if !module.vetoes.is_empty() {
            allowed.insert(column::VETO.to_owned());
        }
        allowed.extend(module.items.iter().map(|item| heading_key(&item.name)));
        for (at, cell) in row.cells.iter().enumerate() {
            let Ok(text) = cell.text() else { continue };
            let key = if known::TICKET.is(&text) { column::TICKET.to_owned() } else { heading_key(&text) };
            if let Some(first) = found.get(&key) {
                let fault = BookFault::TwiceColumn { column: text.clone(), first: Column::letter(*first) };
                self.note(log, row, at, &text, fault);
            } else if allowed.contains(&key) {
                found.insert(key, at);
            } else {
                self.note(log, row, at, "", BookFault::StrangeColumn { column: text });
            }
        }
        let mut need = |name: &str| {
            let at = found.get(&heading_key(name)).copied();
            if at.is_none() {
                let fault = BookFault::NoColumn { column: name.to_owned() };
                log.note(self.table.sheet.as_deref(), None, fault);
            }
            at
        };
        let (ticket, name) = (need(column::TICKET), need(column::NAME));
        let items: Vec<Option<usize>> = module.items.iter().map(|item| need(&item.name)).collect();
        let status = need(column::STATUS);
        let overtime = if module.overtime.is_some() { need(column::OVERTIME) } else { None };
        let veto = if module.vetoes.is_empty() { None } else { need(column::VETO) };
        if log.found.len() > before {
            return None;
        }
        let items: Vec<usize> = items.into_iter().flatten().collect();
        let entries = items.iter().copied().chain([overtime, veto, status].into_iter().flatten()).collect();
        let sum = found.get(column::SUM).copied();
        Some(Places { ticket: ticket?, name: name?, items, sum, overtime, veto, status, entries })
    }

    /// The row of maxima must be the scheme's: an old template is found by it.
    fn maxima(&self, row: &Row, places: &Places, log: &mut Log<'_>) {
        for (item, &at) in self.module.items.iter().zip(&places.items) {
            let cell = row.cells.get(at).unwrap_or(&Cell::Empty);
            let said = points(cell);
            if said != Ok(item.points) {
                let found = cell.text().unwrap_or_default();
                let fault = BookFault::OtherMaximum { found, expected: item.points };
                self.note(log, row, at, &item.name, fault);
            }
        }
    }

    fn candidate(
        &self,
        row: &Row,
        places: &Places,
        seen: &mut HashMap<TicketNumber, String>,
        log: &mut Log<'_>,
    ) -> Option<TicketNumber> {
        let cell = |at: usize| row.cells.get(at).unwrap_or(&Cell::Empty);
        let at = places.ticket;
        let mut note = |fault| self.note(log, row, at, column::TICKET, fault);
        let digits = cell(at).digits().map_err(|fault| note(fault.into())).ok()?;
        let ticket: TicketNumber = digits.parse().map_err(|fault| note(BookFault::Ticket(fault))).ok()?;
        if let Some(first) = seen.get(&ticket).cloned() {
            note(BookFault::Twice { ticket, first });
            return None;
        }
        seen.insert(ticket.clone(), format!("{}{}", Column::letter(at), row.number));
        let Some(candidate) = self.roster.candidates.get(&ticket) else {
            note(BookFault::Unknown { ticket });
            return None;
        };
        if candidate.occupation != self.facts.occupation || candidate.level != self.facts.level {
            let (occupation, level) = (candidate.occupation.clone(), candidate.level);
            note(BookFault::OtherGroup { occupation, level });
        }
        match cell(places.name).text() {
            Ok(found) if same_name(&found, &candidate.name) => {}
            Ok(found) => {
                let fault = BookFault::Name { roster: candidate.name.clone(), found };
                self.note(log, row, places.name, column::NAME, fault);
            }
            Err(fault) => self.note(log, row, places.name, column::NAME, fault.into()),
        }
        Some(ticket)
    }

    /// What is entered in a row; `None` if some of it can't be used.
    fn row(&self, row: &Row, places: &Places, log: &mut Log<'_>) -> Option<ScoreRow> {
        let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).unwrap_or(&Cell::Empty);
        let before = log.found.len();
        let mut note = |at: Option<usize>, heading: &str, fault| {
            self.note(log, row, at.unwrap_or(places.ticket), heading, fault);
        };
        let status =
            status(cell(places.status)).map_err(|fault| note(places.status, column::STATUS, fault)).ok();
        let minutes = minutes(cell(places.overtime));
        let overtime = minutes.map_err(|fault| note(places.overtime, column::OVERTIME, fault)).ok();
        let veto = self.veto(cell(places.veto)).map_err(|fault| note(places.veto, column::VETO, fault)).ok();
        let mut items = BTreeMap::new();
        if status.is_some_and(|status| status != RowStatus::Scored) {
            let others = places.entries.iter().filter(|&&at| Some(at) != places.status);
            if let (Some(status), true) = (status, others.into_iter().any(|&at| !cell(Some(at)).is_empty())) {
                note(places.status, column::STATUS, BookFault::ScoredAndNot { status: status.word() });
            }
        } else {
            for (item, &at) in self.module.items.iter().zip(&places.items) {
                match points(cell(Some(at))) {
                    Err(fault) => note(Some(at), &item.name, fault),
                    Ok(found) if !(Points::ZERO..=item.points).contains(&found) => {
                        note(Some(at), &item.name, BookFault::Range { found, most: item.points });
                    }
                    Ok(found) => {
                        items.insert(item.name.clone(), found);
                    }
                }
            }
            let sum: Points = items.values().copied().sum();
            let stated = cell(places.sum);
            if items.len() == self.module.items.len() && !stated.is_empty() && points(stated) != Ok(sum) {
                let stated = stated.text().unwrap_or_else(|fault| fault.to_string());
                note(places.sum, column::SUM, BookFault::Sum { stated, sum });
            }
        }
        if log.found.len() > before {
            return None;
        }
        Some(ScoreRow { status: status?, items, overtime: overtime?, veto: veto? })
    }

    fn veto(&self, cell: &Cell) -> Result<Option<String>, BookFault> {
        if cell.is_empty() {
            return Ok(None);
        }
        let found = cell.text()?;
        let own = self.module.vetoes.iter().find(|veto| heading_key(veto) == heading_key(&found));
        let known = || self.module.vetoes.join(", ");
        own.cloned().map(Some).ok_or_else(|| BookFault::Veto { found, known: known() })
    }
}

fn points(cell: &Cell) -> Result<Points, BookFault> {
    match cell {
        Cell::Empty => Err(BookFault::NoPoints),
        Cell::Number(number) => {
            Points::from_cell(*number).ok_or_else(|| BookFault::NotPoints(number.to_string()))
        }
        cell => {
            let text = cell.text()?;
            text.parse().map_err(|_| BookFault::NotPoints(text))
        }
    }
}

fn status(cell: &Cell) -> Result<RowStatus, BookFault> {
    if cell.is_empty() {
        return Ok(RowStatus::Scored);
    }
    let text = cell.text()?;
    match text.replace(' ', "").as_str() {
        "正常" => Ok(RowStatus::Scored),
        "缺考" | "缺席" => Ok(RowStatus::Absent),
        "无效" | "成绩无效" => Ok(RowStatus::Void),
        _ => Err(BookFault::Status(text)),
    }
}

fn minutes(cell: &Cell) -> Result<u16, BookFault> {
    if cell.is_empty() {
        return Ok(0);
    }
    let text = cell.text()?;
    text.parse().ok().filter(|n| *n <= MINUTES).ok_or(BookFault::Minutes(text))
}

/// What several workbooks say together, by candidate: every assessor's rows beside the others'.
///
/// # Errors
///
/// [`BookError::Cells`] if one assessor has two rows about one candidate in one module, whatever they say, or if a module
/// would have more than 15 assessors.
pub fn together(books: &[ScoreBook]) -> Result<BTreeMap<TicketNumber, Marks>, BookError> {
    let mut out: BTreeMap<TicketNumber, Marks> = BTreeMap::new();
    let mut first: HashMap<(&str, &str, &TicketNumber), (&str, &str)> = HashMap::new();
    let mut problems = Vec::new();
    for book in books {
        for BookRow { module, ticket, cell, row } in &book.rows {
            let mut note = |problem| {
                problems.push(BookProblem {
                    file: book.file.clone(),
                    sheet: Some(module.clone()),
                    cell: Some((cell.clone(), column::TICKET.to_owned())),
                    problem,
                });
            };
            if let Some((file, cell)) = first.get(&(module.as_str(), book.assessor.as_str(), ticket)) {
                note(BookFault::TwiceAssessor {
                    assessor: book.assessor.clone(),
                    ticket: ticket.clone(),
                    first: format!("{file}, cell {cell}"),
                });
                continue;
            }
            first.insert((module, &book.assessor, ticket), (&book.file, cell));
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
