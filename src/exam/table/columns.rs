//! Finding a table's headings, and its rows below them.

use super::{Cell, CellFault, Column, Row, RowPlace, RowProblem, Table, TableError};
use crate::exam::headings::{Heading, Need, known};
use crate::exam::words::key;

/// Rows in which the headings are looked for. Title, institute, date and batch take up to ten.
const HEADING_ROWS: usize = 20;

/// Required headings from which a row is taken for a heading row that misses some: one can be chance.
const LIKELY: usize = 2;

/// Words that begin a row below the table (or between its parts) that is not one of its own.
const NOT_ROWS: [&str; 15] = [
    "合计",
    "总计",
    "小计",
    "共计",
    "制表",
    "审核",
    "填表",
    "经办",
    "负责人",
    "考评",
    "督导",
    "监考",
    "注",
    "说明",
    "备注",
];

/// Where a table has which column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The heading row, as an index into the table's rows.
    row: usize,
    /// Heading, column, and the words of the file.
    found: Vec<(Heading, usize, String)>,
}

/// What a table's first rows say.
enum Search {
    Found(Columns),
    /// A heading row without some headings.
    Partly {
        row: u32,
        missing: Vec<&'static str>,
        hits: usize,
        ticket: bool,
    },
    Nothing,
}

impl Columns {
    /// Whether the table has the column.
    #[must_use]
    pub fn has(&self, heading: &Heading) -> bool {
        self.index(heading).is_some()
    }

    fn index(&self, heading: &Heading) -> Option<usize> {
        self.found.iter().find(|(h, ..)| h.name == heading.name).map(|(_, column, _)| *column)
    }
}

impl Table {
    fn place(&self, row: u32) -> RowPlace {
        RowPlace { file: self.file.clone(), sheet: self.sheet.clone(), row }
    }

    fn search(&self, headings: &[Heading]) -> Result<Search, TableError> {
        let mut best = Search::Nothing;
        for (index, row) in self.rows.iter().enumerate() {
            if index >= HEADING_ROWS {
                break;
            }
            let found = self.headings_of(row, headings)?;
            let has = |h: &Heading| found.iter().any(|(f, ..)| f.name == h.name);
            let required = headings.iter().filter(|h| h.need == Need::Required);
            let missing: Vec<_> = required.clone().filter(|h| !has(h)).map(|h| h.name).collect();
            let hits = required.count() - missing.len();
            if missing.is_empty() {
                return Ok(Search::Found(Columns { row: index, found }));
            }
            let most = if let Search::Partly { hits, .. } = best { hits } else { LIKELY - 1 };
            if hits > most {
                best = Search::Partly { row: row.number, missing, hits, ticket: has(&known::TICKET) };
            }
        }
        Ok(best)
    }

    /// The headings of a row; two columns with one heading are an error only in a row that has them all.
    fn headings_of(
        &self,
        row: &Row,
        headings: &[Heading],
    ) -> Result<Vec<(Heading, usize, String)>, TableError> {
        let mut found = Vec::<(Heading, usize, String)>::new();
        let mut twice = None;
        for (column, cell) in row.cells.iter().enumerate() {
            let Cell::Text(text) = cell else { continue };
            let Some(heading) = headings.iter().find(|h| h.is(text)) else { continue };
            let Some(first) = found.iter_mut().find(|(h, ..)| h.name == heading.name) else {
                found.push((*heading, column, text.clone()));
                continue;
            };
            // Beside 准考证号, 考号 is something else. Two columns with words of one rank can't be told apart.
            match (heading.is_exactly(&first.2), heading.is_exactly(text)) {
                (true, false) => {}
                (false, true) => *first = (*heading, column, text.clone()),
                _ => twice = twice.or(Some((heading.name, first.1, column))),
            }
        }
        let complete = headings
            .iter()
            .filter(|h| h.need == Need::Required)
            .all(|h| found.iter().any(|(f, ..)| f.name == h.name));
        match twice {
            Some((heading, first, second)) if complete => Err(TableError::Twice {
                place: self.place(row.number),
                heading,
                letters: (Column::letter(first), Column::letter(second)),
            }),
            _ => Ok(found),
        }
    }

    /// Where the table has its columns: the first row within the first 20 that has every required heading.
    ///
    /// # Errors
    ///
    /// [`TableError::Missing`] if a row has some of the required headings, [`TableError::NoHeadings`] if none
    /// has, [`TableError::Twice`] if two columns have one heading.
    pub fn columns(&self, headings: &[Heading]) -> Result<Columns, TableError> {
        match self.search(headings)? {
            Search::Found(columns) => Ok(columns),
            Search::Partly { row, missing, .. } => {
                Err(TableError::Missing { place: self.place(row), missing })
            }
            Search::Nothing => Err(no_headings(&self.file, headings)),
        }
    }

    /// The rows below the headings, without empty rows, totals (合计), signature lines and repeated headings.
    pub fn records<'t>(&'t self, columns: &'t Columns) -> impl Iterator<Item = Record<'t>> {
        let rows = self.rows.iter().skip(columns.row + 1);
        rows.map(move |row| Record { table: self, row, columns }).filter(Record::is_entry)
    }
}

fn no_headings(file: &str, headings: &[Heading]) -> TableError {
    let wanted = headings.iter().filter(|h| h.need == Need::Required).map(|h| h.name);
    TableError::NoHeadings { file: file.to_owned(), wanted: wanted.collect() }
}

/// The sheets of a file that have the headings, at least one.
///
/// A sheet without them is left out (a cover, a list of codes), unless it has a column of ticket numbers
/// and another of the required ones: then it is a table with a heading missing.
///
/// # Errors
///
/// As [`Table::columns`], and [`TableError::Hidden`].
pub(crate) fn select<'t>(
    file: &str,
    tables: &'t [Table],
    headings: &[Heading],
) -> Result<Vec<(&'t Table, Columns)>, TableError> {
    let mut out = Vec::new();
    let mut nearest: Option<(usize, TableError)> = None;
    for table in tables {
        match table.search(headings)? {
            // Neither taken in unseen nor left out unsaid.
            Search::Found(_) if table.hidden => {
                let sheet = table.sheet.clone().unwrap_or_default();
                return Err(TableError::Hidden { file: file.to_owned(), sheet });
            }
            Search::Found(columns) => out.push((table, columns)),
            Search::Partly { row, missing, hits, ticket } => {
                let error = TableError::Missing { place: table.place(row), missing };
                if ticket {
                    return Err(error);
                }
                if nearest.as_ref().is_none_or(|(most, _)| hits > *most) {
                    nearest = Some((hits, error));
                }
            }
            Search::Nothing => {}
        }
    }
    if out.is_empty() {
        return Err(nearest.map_or_else(|| no_headings(file, headings), |(_, error)| error));
    }
    Ok(out)
}

/// A row below the headings.
#[derive(Debug, Clone, Copy)]
pub struct Record<'t> {
    table: &'t Table,
    row: &'t Row,
    columns: &'t Columns,
}

impl Record<'_> {
    /// The cell under a heading; empty if the table has no such column.
    #[must_use]
    pub fn cell(&self, heading: &Heading) -> &Cell {
        self.columns.index(heading).and_then(|i| self.row.cells.get(i)).unwrap_or(&Cell::Empty)
    }

    /// What the cell under a heading says.
    ///
    /// # Errors
    ///
    /// As [`Cell::text`].
    pub fn text(&self, heading: &Heading) -> Result<String, CellFault> {
        self.cell(heading).text()
    }

    /// What the cell under a heading says, empty text if nothing.
    ///
    /// # Errors
    ///
    /// As [`Cell::text`], but never [`CellFault::Empty`].
    pub fn optional(&self, heading: &Heading) -> Result<String, CellFault> {
        let cell = self.cell(heading);
        if cell.is_empty() { Ok(String::new()) } else { cell.text() }
    }

    /// Where the row is.
    #[must_use]
    pub fn place(&self) -> RowPlace {
        self.table.place(self.row.number)
    }

    /// A problem of the row, and of a column if one is to blame.
    #[must_use]
    pub fn problem<P>(&self, heading: Option<&Heading>, problem: P) -> RowProblem<P> {
        let column = heading.and_then(|heading| {
            let found = self.columns.found.iter().find(|(h, ..)| h.name == heading.name);
            found.map(|(_, index, text)| Column { letter: Column::letter(*index), heading: text.clone() })
        });
        let RowPlace { file, sheet, row } = self.place();
        RowProblem { file, sheet, row, column, problem }
    }

    /// Whether the row is one of the table's own.
    fn is_entry(&self) -> bool {
        let mut known = self.columns.found.iter().filter_map(|(h, column, _)| {
            let cell = self.row.cells.get(*column)?;
            (!cell.is_empty()).then_some((h, cell))
        });
        let mut headings = 0;
        let mut cells = 0;
        for (heading, cell) in &mut known {
            cells += 1;
            headings += usize::from(matches!(cell, Cell::Text(text) if heading.is(text)));
        }
        if cells == 0 || headings >= LIKELY {
            return false;
        }
        !self.is_footer()
    }

    /// Whether the row begins with a word of a total or a signature and has no number of a candidate.
    fn is_footer(&self) -> bool {
        let first = self.row.cells.iter().find(|c| !c.is_empty());
        let Some(Cell::Text(first)) = first else { return false };
        let first = key(first);
        let ticket = self.cell(&known::TICKET).text().unwrap_or_default();
        let numbered = ticket.bytes().any(|b| b.is_ascii_digit())
            && ticket.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
        NOT_ROWS.iter().any(|word| first.starts_with(word)) && !numbered
    }
}
