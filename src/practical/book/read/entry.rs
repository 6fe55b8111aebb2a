//! What one assessor entered about one candidate in one module, wherever the cells are.

use super::super::{BookFault, MINUTES, column};
use super::{Facts, Log};
use crate::exam::{Cell, Column, Module, Roster, Row, Table, heading_key, same_name};
use crate::practical::{RowStatus, ScoreRow};
use crate::sheet::{Points, TicketNumber};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

const EMPTY: Cell = Cell::Empty;

/// A cell, where it is, and what it is for.
pub(super) struct Spot<'t> {
    pub(super) cell: &'t Cell,
    /// `D7`.
    pub(super) place: String,
    heading: Cow<'t, str>,
    sheet: Option<&'t str>,
}

impl<'t> Spot<'t> {
    /// The cell of a row in the column `at` from 0.
    pub(super) fn new(table: &'t Table, row: &'t Row, at: usize, heading: impl Into<Cow<'t, str>>) -> Self {
        Self {
            cell: row.cells.get(at).unwrap_or(&EMPTY),
            place: format!("{}{}", Column::letter(at), row.number),
            heading: heading.into(),
            sheet: table.sheet.as_deref(),
        }
    }

    pub(super) fn note(&self, log: &mut Log<'_>, fault: BookFault) {
        log.note(self.sheet, Some((self.place.clone(), &self.heading)), fault);
    }

    /// The row of maxima must be the scheme's: an old template is found by it.
    pub(super) fn must_be(&self, expected: Points, log: &mut Log<'_>) {
        if points(self.cell) != Ok(expected) {
            let found = self.cell.text().unwrap_or_default();
            self.note(log, BookFault::OtherMaximum { found, expected });
        }
    }
}

/// The cells of one candidate in one module.
pub(super) struct Entries<'t> {
    /// As the module's items.
    pub(super) items: Vec<Spot<'t>>,
    pub(super) sum: Option<Spot<'t>>,
    pub(super) overtime: Option<Spot<'t>>,
    pub(super) veto: Option<Spot<'t>>,
    pub(super) status: Spot<'t>,
}

impl Entries<'_> {
    fn scored(&self) -> impl Iterator<Item = &Spot<'_>> {
        self.items.iter().chain(&self.overtime).chain(&self.veto)
    }

    /// Whether nothing is entered. The sum is not entered: the workbook makes it.
    pub(super) fn is_blank(&self) -> bool {
        self.status.cell.is_empty() && self.scored().all(|spot| spot.cell.is_empty())
    }

    /// Whether no number is among them, whatever words are.
    pub(super) fn are_words(&self) -> bool {
        self.scored().chain([&self.status]).all(|spot| !matches!(spot.cell, Cell::Number(_)))
    }

    /// What is entered; `None` if some of it can't be used.
    pub(super) fn read(&self, module: &Module, log: &mut Log<'_>) -> Option<ScoreRow> {
        let before = log.found.len();
        let status = status(self.status.cell).map_err(|fault| self.status.note(log, fault)).ok();
        let overtime = optional(self.overtime.as_ref(), log, minutes);
        let veto = optional(self.veto.as_ref(), log, |cell| veto(cell, module).map(Some));
        let mut items = BTreeMap::new();
        match status {
            Some(status) if status != RowStatus::Scored => {
                if self.scored().any(|spot| !spot.cell.is_empty()) {
                    self.status.note(log, BookFault::ScoredAndNot { status: status.word() });
                }
            }
            _ => items = self.points(module, log),
        }
        if log.found.len() > before {
            return None;
        }
        Some(ScoreRow { status: status?, items, overtime, veto })
    }

    fn points(&self, module: &Module, log: &mut Log<'_>) -> BTreeMap<String, Points> {
        let mut items = BTreeMap::new();
        for (item, spot) in module.items.iter().zip(&self.items) {
            match points(spot.cell) {
                Err(fault) => spot.note(log, fault),
                Ok(found) if !(Points::ZERO..=item.points).contains(&found) => {
                    spot.note(log, BookFault::Range { found, most: item.points });
                }
                Ok(found) => {
                    items.insert(item.name.clone(), found);
                }
            }
        }
        let sum: Points = items.values().copied().sum();
        if let Some(stated) = &self.sum
            && items.len() == module.items.len()
            && !stated.cell.is_empty()
            && points(stated.cell) != Ok(sum)
        {
            let said = stated.cell.text().unwrap_or_else(|fault| fault.to_string());
            stated.note(log, BookFault::Sum { stated: said, sum });
        }
        items
    }
}

/// What is in a cell that may be empty or not be there: then, or when it can't be used, what stands for nothing.
fn optional<T: Default>(
    spot: Option<&Spot<'_>>,
    log: &mut Log<'_>,
    read: impl Fn(&Cell) -> Result<T, BookFault>,
) -> T {
    let Some(spot) = spot.filter(|spot| !spot.cell.is_empty()) else { return T::default() };
    read(spot.cell).unwrap_or_else(|fault| {
        spot.note(log, fault);
        T::default()
    })
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
    let text = cell.text()?;
    text.parse().ok().filter(|n| *n <= MINUTES).ok_or(BookFault::Minutes(text))
}

fn veto(cell: &Cell, module: &Module) -> Result<String, BookFault> {
    let found = cell.text()?;
    let own = module.vetoes.iter().find(|veto| heading_key(veto) == heading_key(&found));
    let known = || module.vetoes.join(", ");
    own.cloned().ok_or_else(|| BookFault::Veto { found, known: known() })
}

/// Whose the entries are: the candidate with this ticket number, if the name, occupation and level are the roster's too.
///
/// `seen` is where each number was before; `place` names this one.
pub(super) fn candidate(
    (ticket, name): (&Spot<'_>, &Spot<'_>),
    (facts, roster): (&Facts<'_>, &Roster),
    (seen, place): (&mut HashMap<TicketNumber, String>, String),
    log: &mut Log<'_>,
) -> Option<TicketNumber> {
    let mut note = |fault| ticket.note(log, fault);
    let digits = ticket.cell.digits().map_err(|fault| note(fault.into())).ok()?;
    let number: TicketNumber = digits.parse().map_err(|fault| note(BookFault::Ticket(fault))).ok()?;
    if let Some(first) = seen.get(&number).cloned() {
        note(BookFault::Twice { ticket: number, first });
        return None;
    }
    seen.insert(number.clone(), place);
    let Some(candidate) = roster.candidates.get(&number) else {
        note(BookFault::Unknown { ticket: number });
        return None;
    };
    if candidate.occupation != facts.occupation || candidate.level != facts.level {
        let (occupation, level) = (candidate.occupation.clone(), candidate.level);
        note(BookFault::OtherGroup { occupation, level });
    }
    match name.cell.text() {
        Ok(found) if same_name(&found, &candidate.name) => {}
        Ok(found) => name.note(log, BookFault::Name { roster: candidate.name.clone(), found }),
        Err(fault) => name.note(log, fault.into()),
    }
    Some(number)
}

/// Whether a row is the template's own line for signatures.
pub(super) fn is_signature(row: &Row) -> bool {
    let first = row.cells.iter().find(|cell| !cell.is_empty());
    matches!(first, Some(Cell::Text(text)) if heading_key(text).starts_with(column::SIGNED))
}
