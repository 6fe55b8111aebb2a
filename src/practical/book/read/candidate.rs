//! A worksheet a candidate: a line an item, all modules below each other.

use super::super::{BookFault, column};
use super::entry::{Entries, Spot, candidate, is_signature};
use super::{BookRow, Facts, Log, ScoreBook};
use crate::exam::{Cell, Column, Heading, Module, Roster, Row, Table, heading_key, known};
use crate::sheet::TicketNumber;
use std::collections::HashMap;

/// A candidate's sheet.
pub(super) struct CandidateSheet<'a> {
    pub(super) table: &'a Table,
    pub(super) facts: &'a Facts<'a>,
    pub(super) roster: &'a Roster,
}

/// Columns of a candidate's sheet by what they are.
struct Places {
    module: usize,
    line: usize,
    full: usize,
    points: usize,
}

/// Lines by module and by what they are for, both as headings are compared.
type Lines<'a> = HashMap<(String, String), (&'a Row, Spot<'a>)>;

impl<'a> CandidateSheet<'a> {
    fn note(&self, log: &mut Log<'_>, fault: BookFault) {
        log.note(self.table.sheet.as_deref(), None, fault);
    }

    /// `seen` is where each candidate was in the sheets before.
    pub(super) fn read(
        &self,
        seen: &mut HashMap<TicketNumber, String>,
        book: &mut ScoreBook,
        log: &mut Log<'_>,
    ) {
        let has = |row: &Row, word: &str| {
            row.cells.iter().any(|cell| matches!(cell, Cell::Text(text) if heading_key(text) == word))
        };
        let heading =
            self.table.rows.iter().position(|row| has(row, column::ITEM) && has(row, column::POINTS));
        let Some((head, row, lines)) = heading.and_then(|at| {
            let (head, rest) = self.table.rows.split_at_checked(at)?;
            let (row, lines) = rest.split_first()?;
            Some((head, row, lines))
        }) else {
            self.note(log, BookFault::NoLineHeadings);
            return;
        };
        let before = log.found.len();
        let ticket = self.labelled(head, &known::TICKET, log);
        let name = self.labelled(head, &known::NAME, log);
        let whose = ticket.zip(name).and_then(|(ticket, name)| {
            let sheet = self.table.sheet.as_deref().unwrap_or_default();
            let seen = (seen, format!("{} of the sheet {sheet}", ticket.place));
            let whose = candidate((&ticket, &name), (self.facts, self.roster), seen, log);
            Some((whose?, ticket.place))
        });
        let Some(places) = self.places(row, log) else { return };
        let mut lines = self.lines(lines, &places, log);
        let mut rows = Vec::new();
        for module in &self.facts.scheme.modules {
            let Some(entries) = self.entries(module, &places, &mut lines, log) else { continue };
            if entries.is_blank() {
                book.blank += 1;
            } else {
                rows.extend(entries.read(module, log).map(|row| (module, row)));
            }
        }
        let Some((ticket, cell)) = whose.filter(|_| log.found.len() == before) else { return };
        book.rows.extend(rows.into_iter().map(|(module, row)| BookRow {
            module: module.name.clone(),
            ticket: ticket.clone(),
            sheet: self.table.sheet.clone().unwrap_or_default(),
            cell: cell.clone(),
            row,
        }));
    }

    /// The cell to the right of a label above the lines.
    fn labelled(&self, head: &'a [Row], label: &Heading, log: &mut Log<'_>) -> Option<Spot<'a>> {
        let found = head.iter().find_map(|row| {
            let is = |cell: &Cell| matches!(cell, Cell::Text(text) if label.is(text));
            Some((row, row.cells.iter().position(is)?))
        });
        let Some((row, at)) = found else {
            self.note(log, BookFault::NoLabel { label: label.name });
            return None;
        };
        Some(Spot::new(self.table, row, at + 1, label.name))
    }

    fn places(&self, row: &'a Row, log: &mut Log<'_>) -> Option<Places> {
        let before = log.found.len();
        let mut found: HashMap<String, usize> = HashMap::new();
        for (at, cell) in row.cells.iter().enumerate() {
            let Ok(text) = cell.text() else { continue };
            let known =
                [column::MODULE, column::ITEM, column::FULL, column::POINTS].contains(&&*heading_key(&text));
            let fault = if !known {
                BookFault::ExtraColumn { column: text.clone() }
            } else if let Some(first) = found.get(&heading_key(&text)) {
                BookFault::TwiceColumn { column: text.clone(), first: Column::letter(*first) }
            } else {
                found.insert(heading_key(&text), at);
                continue;
            };
            Spot::new(self.table, row, at, text).note(log, fault);
        }
        let mut need = |name: &str| {
            let at = found.get(name).copied();
            if at.is_none() {
                self.note(log, BookFault::NoColumn { column: name.to_owned() });
            }
            at
        };
        let (module, line) = (need(column::MODULE), need(column::ITEM));
        let (full, points) = (need(column::FULL), need(column::POINTS));
        if log.found.len() > before {
            return None;
        }
        Some(Places { module: module?, line: line?, full: full?, points: points? })
    }

    fn lines(&self, rows: &'a [Row], places: &Places, log: &mut Log<'_>) -> Lines<'a> {
        let mut out = Lines::new();
        for row in rows {
            let cell = |at: usize| row.cells.get(at).and_then(|cell| cell.text().ok()).unwrap_or_default();
            let (module, line) = (cell(places.module), cell(places.line));
            let spot = Spot::new(self.table, row, places.points, format!("{module} {line}"));
            let own = self.facts.scheme.modules.iter().find(|m| heading_key(&m.name) == heading_key(&module));
            let known =
                own.is_some_and(|own| allowed(own).any(|name| heading_key(name) == heading_key(&line)));
            if !known {
                let signature = own.is_none() && is_signature(row) && !matches!(spot.cell, Cell::Number(_));
                if !(signature || module.is_empty() && line.is_empty() && spot.cell.is_empty()) {
                    spot.note(log, BookFault::StrangeLine { module, line });
                }
                continue;
            }
            let key = (heading_key(&module), heading_key(&line));
            if let Some((first, _)) = out.get(&key) {
                spot.note(log, BookFault::TwiceLine { module, line, first: first.number });
                continue;
            }
            out.insert(key, (row, spot));
        }
        out
    }

    fn entries(
        &self,
        module: &'a Module,
        places: &Places,
        lines: &mut Lines<'a>,
        log: &mut Log<'_>,
    ) -> Option<Entries<'a>> {
        let mut take = |line: &str| lines.remove(&(heading_key(&module.name), heading_key(line)));
        let sum = take(column::SUM).map(|(_, spot)| spot);
        let mut need = |line: &str| {
            let found = take(line);
            if found.is_none() {
                let (module, line) = (module.name.clone(), line.to_owned());
                log.note(self.table.sheet.as_deref(), None, BookFault::NoLine { module, line });
            }
            found
        };
        let items: Vec<_> = module.items.iter().map(|item| need(&item.name)).collect();
        let overtime = module.overtime.is_some().then(|| need(column::OVERTIME));
        let veto = (!module.vetoes.is_empty()).then(|| need(column::VETO));
        let status = need(column::STATUS);
        let whole = items.iter().chain(&overtime).chain(&veto).all(Option::is_some);
        for (item, (row, _)) in module.items.iter().zip(items.iter().flatten()).filter(|_| whole) {
            Spot::new(self.table, row, places.full, item.name.as_str()).must_be(item.points, log);
        }
        let spot = |line: Option<(&'a Row, Spot<'a>)>| line.map(|(_, spot)| spot);
        let status = spot(status).filter(|_| whole)?;
        Some(Entries {
            items: items.into_iter().filter_map(spot).collect(),
            sum,
            overtime: overtime.and_then(spot),
            veto: veto.and_then(spot),
            status,
        })
    }
}

/// What the lines of a module are for.
fn allowed(module: &Module) -> impl Iterator<Item = &str> {
    let overtime = module.overtime.is_some().then_some(column::OVERTIME);
    let veto = (!module.vetoes.is_empty()).then_some(column::VETO);
    let own = module.items.iter().map(|item| item.name.as_str());
    own.chain([column::SUM, column::STATUS]).chain(overtime).chain(veto)
}
