//! The list of exceptions as it comes back from a reviewer.

mod error;

pub use error::{DecisionProblem, DecisionsError, RowProblem};

use super::exceptions::unguarded;
use crate::sheet::{Decision, FieldName, IdError, ItemLabel, Place, Resolution, SheetId, TicketNumber};
use encoding_rs::{Encoding, GB18030};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// One decided row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// The row in the file as a spreadsheet counts it: the heading is row 1.
    pub row: u64,
    /// The exception's number.
    pub id: String,
    /// What the decision is about: the row's sheet, field and item, or its ticket where it names no sheet.
    pub place: Place,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub reviewer: String,
    /// Why; may be empty.
    pub reason: String,
}

impl DecisionRow {
    /// The record that a decision becomes.
    #[must_use]
    pub fn into_resolution(self) -> Resolution {
        Resolution {
            place: self.place,
            decision: self.decision,
            reviewer: self.reviewer,
            reason: self.reason,
        }
    }
}

/// A column that [`parse_decisions`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DecisionColumn {
    /// The exception's number.
    Id,
    /// `HASH:page`.
    Sheet,
    /// The ticket number.
    Ticket,
    /// The field.
    Field,
    /// The item.
    Item,
    /// The decision.
    Decision,
    /// Who decided.
    Reviewer,
    /// Why.
    Reason,
}

impl DecisionColumn {
    const ALL: [Self; 8] = [
        Self::Id,
        Self::Sheet,
        Self::Ticket,
        Self::Field,
        Self::Item,
        Self::Decision,
        Self::Reviewer,
        Self::Reason,
    ];

    /// Its heading in the file.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Sheet => "sheet",
            Self::Ticket => "ticket",
            Self::Field => "field",
            Self::Item => "item",
            Self::Decision => "decision",
            Self::Reviewer => "reviewer",
            Self::Reason => "reason",
        }
    }
}

impl fmt::Display for DecisionColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.heading())
    }
}

/// The decided rows of a list that [`exceptions_csv`] made, in the file's order. Rows whose decision is empty
/// are skipped.
///
/// `name` is what messages call the file. The text may be UTF-8 with or without a byte order mark, UTF-16
/// with one, or GBK; fields may be parted by commas, semicolons or tabs; columns may stand in any order, and others
/// beside them. `default_reviewer` stands for an empty reviewer.
///
/// # Example
///
/// ```
/// let hash = "0".repeat(64);
/// let list = format!(
///     "id,sheet,ticket,field,item,decision,reviewer,reason\n\
///      17,{hash}:1,,items,20,=B,王复核,擦除不净\n\
///      18,{hash}:1,,items,21,,,\n"
/// );
/// let rows = duka::publish::parse_decisions("exceptions.csv", list.as_bytes(), None)?;
/// assert_eq!((rows.len(), rows[0].id.as_str()), (1, "17"));
/// assert_eq!(rows[0].decision.to_string(), "=B");
/// # Ok::<(), duka::publish::DecisionsError>(())
/// ```
///
/// # Errors
///
/// [`DecisionsError`], with every row that can't be used: then no row of the file is.
///
/// [`exceptions_csv`]: super::exceptions_csv
pub fn parse_decisions(
    name: &str,
    bytes: &[u8],
    default_reviewer: Option<&str>,
) -> Result<Vec<DecisionRow>, DecisionsError> {
    let text = decoded(bytes).ok_or_else(|| DecisionsError::NotText { name: name.to_owned() })?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut records = (1u64..).zip(reader.records()).map(|(row, record)| match record {
        Ok(record) => Ok((row, record)),
        Err(_) => Err(DecisionsError::Csv { name: name.to_owned(), row }),
    });
    let (_, heading) = records.next().transpose()?.unwrap_or_default();
    let columns = Columns::find(&heading, default_reviewer.is_some())
        .map_err(|missing| DecisionsError::Columns { name: name.to_owned(), missing })?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::new();
    for record in records {
        let (row, record) = record?;
        let cells = Cells { columns: &columns, record: &record };
        match decided(row, &cells, default_reviewer) {
            Ok(None) => {}
            Ok(Some(decided)) => match seen.insert(decided.id.clone(), row) {
                Some(earlier) => problems.push(RowProblem {
                    row,
                    column: DecisionColumn::Id,
                    problem: DecisionProblem::Twice { row: earlier, id: decided.id },
                }),
                None => rows.push(decided),
            },
            Err((column, problem)) => problems.push(RowProblem { row, column, problem }),
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(DecisionsError::Rows { name: name.to_owned(), problems }) }
}

/// One row, `None` if nothing is decided, or the column that can't be used.
fn decided(
    row: u64,
    cells: &Cells<'_>,
    default_reviewer: Option<&str>,
) -> Result<Option<DecisionRow>, (DecisionColumn, DecisionProblem)> {
    use DecisionColumn as C;
    let text = cells.get(C::Decision);
    if text.is_empty() {
        return Ok(None);
    }
    let decision = decision(text).map_err(|problem| (C::Decision, problem))?;
    let id = cells.get(C::Id);
    if id.is_empty() {
        return Err((C::Id, DecisionProblem::NoId));
    }
    let reviewer = match cells.get(C::Reviewer) {
        "" => default_reviewer.map(str::trim).filter(|r| !r.is_empty()),
        named => Some(named),
    };
    let reviewer = reviewer.ok_or((C::Reviewer, DecisionProblem::NoReviewer))?;
    Ok(Some(DecisionRow {
        row,
        id: id.to_owned(),
        place: place(cells)?,
        decision,
        reviewer: reviewer.to_owned(),
        reason: cells.get(C::Reason).to_owned(),
    }))
}

fn decision(text: &str) -> Result<Decision, DecisionProblem> {
    // `="B"` is what a person writes who knows that = starts a formula.
    let text = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    if text.starts_with('#') || text.starts_with("Err:") {
        return Err(DecisionProblem::Formula(text.to_owned()));
    }
    if is_rounded(text) {
        return Err(DecisionProblem::Rounded(text.to_owned()));
    }
    Ok(text.parse()?)
}

/// Whether this is a long number as a spreadsheet shows it: `1.40511E+11`.
fn is_rounded(text: &str) -> bool {
    text.to_ascii_uppercase().split_once("E+").is_some_and(|(mantissa, exponent)| {
        let digits = |t: &str| t.bytes().any(|b| b.is_ascii_digit());
        mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && exponent.bytes().all(|b| b.is_ascii_digit())
            && digits(mantissa)
            && digits(exponent)
    })
}

fn place(cells: &Cells<'_>) -> Result<Place, (DecisionColumn, DecisionProblem)> {
    use DecisionColumn as C;
    let wrong = |column: DecisionColumn| move |e: IdError| (column, DecisionProblem::Place(e));
    let (sheet, field, item) = (cells.get(C::Sheet), cells.get(C::Field), cells.get(C::Item));
    if sheet.is_empty() {
        let ticket = cells.get(C::Ticket);
        if ticket.is_empty() {
            return Err((C::Sheet, DecisionProblem::NoPlace));
        }
        if is_rounded(ticket) {
            return Err((C::Ticket, DecisionProblem::Rounded(ticket.to_owned())));
        }
        let ticket: TicketNumber = ticket.parse().map_err(wrong(C::Ticket))?;
        return Ok(Place::Candidate { ticket });
    }
    let sheet: SheetId = sheet.parse().map_err(wrong(C::Sheet))?;
    if field.is_empty() {
        return if item.is_empty() {
            Ok(Place::Sheet { sheet })
        } else {
            Err((C::Field, DecisionProblem::NoField))
        };
    }
    let field: FieldName = field.parse().map_err(wrong(C::Field))?;
    let item: Option<ItemLabel> =
        if item.is_empty() { None } else { Some(item.parse().map_err(wrong(C::Item))?) };
    Ok(Place::Field { sheet, field, item })
}

/// Where each column stands.
struct Columns(BTreeMap<DecisionColumn, usize>);

impl Columns {
    /// The places of the columns, or those that are missing.
    fn find(heading: &csv::StringRecord, has_default_reviewer: bool) -> Result<Self, Vec<DecisionColumn>> {
        let mut places = BTreeMap::new();
        for column in DecisionColumn::ALL {
            let found =
                heading.iter().position(|h| unguarded(h.trim()).eq_ignore_ascii_case(column.heading()));
            if let Some(at) = found {
                places.insert(column, at);
            }
        }
        let optional = |c: DecisionColumn| {
            c == DecisionColumn::Reason || (c == DecisionColumn::Reviewer && has_default_reviewer)
        };
        let missing: Vec<_> =
            DecisionColumn::ALL.into_iter().filter(|c| !places.contains_key(c) && !optional(*c)).collect();
        if missing.is_empty() { Ok(Self(places)) } else { Err(missing) }
    }
}

struct Cells<'a> {
    columns: &'a Columns,
    record: &'a csv::StringRecord,
}

impl Cells<'_> {
    /// The cell without blanks around it and without the apostrophe before it; empty if it isn't there.
    fn get(&self, column: DecisionColumn) -> &str {
        let cell = self.columns.0.get(&column).and_then(|&at| self.record.get(at)).unwrap_or("");
        unguarded(cell.trim()).trim()
    }
}

/// The text: by its byte order mark, else UTF-8, else GBK (as GB18030, which holds it).
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..])
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        Some(Cow::Borrowed(text))
    } else {
        GB18030.decode_without_bom_handling_and_without_replacement(bytes)
    };
    // A workbook or a picture can happen to decode; no csv has a zero byte.
    text.filter(|t| !t.contains('\0'))
}

/// What parts the heading's columns: the most frequent of comma, semicolon and tab.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or("");
    let count = |d: u8| heading.bytes().filter(|&b| b == d).count();
    // The last of equals wins, so the comma stands last.
    [b'\t', b';', b','].into_iter().max_by_key(|&d| count(d)).unwrap_or(b',')
}

#[cfg(test)]
mod tests;
