//! A worksheet a module: a row a candidate.

use super::super::{BookFault, FULL, column};
use super::entry::{Entries, Spot, candidate, is_signature};
use super::{BookRow, Facts, Log, ScoreBook};
use crate::exam::{Cell, Column, Heading, Module, Roster, Row, Table, heading_key, known};
use crate::sheet::TicketNumber;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A module's sheet.
pub(super) struct ModuleSheet<'a> {
    pub(super) table: &'a Table,
    pub(super) module: &'a Module,
    pub(super) facts: &'a Facts<'a>,
    pub(super) roster: &'a Roster,
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
    status: usize,
}

impl<'a> ModuleSheet<'a> {
    fn spot(&self, row: &'a Row, at: usize, heading: &'a str) -> Spot<'a> {
        Spot::new(self.table, row, at, heading)
    }

    fn entries(&self, row: &'a Row, places: &Places) -> Entries<'a> {
        let items = self.module.items.iter().zip(&places.items);
        Entries {
            items: items.map(|(item, &at)| self.spot(row, at, &item.name)).collect(),
            sum: places.sum.map(|at| self.spot(row, at, column::SUM)),
            overtime: places.overtime.map(|at| self.spot(row, at, column::OVERTIME)),
            veto: places.veto.map(|at| self.spot(row, at, column::VETO)),
            status: self.spot(row, places.status, column::STATUS),
        }
    }

    pub(super) fn read(&self, book: &mut ScoreBook, log: &mut Log<'_>) {
        let heading = self.table.rows.iter().position(|row| {
            let has = |word: &Heading| {
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
            let ticket = self.spot(row, places.ticket, column::TICKET);
            let name = self.spot(row, places.name, column::NAME);
            let entries = self.entries(row, &places);
            let first = [&ticket, &name].map(|spot| spot.cell.text().unwrap_or_default());
            if first.iter().any(|text| text == FULL) {
                for (item, spot) in self.module.items.iter().zip(&entries.items) {
                    spot.must_be(item.points, log);
                }
                continue;
            }
            if ticket.cell.is_empty() {
                // A line for signatures below the table has a word in a column of items at most.
                let signature = is_signature(row) && first[1].is_empty() && entries.are_words();
                if !entries.is_blank() && !signature {
                    ticket.note(log, BookFault::NoTicket);
                }
                continue;
            }
            let before = log.found.len();
            let seen = (&mut seen, ticket.place.clone());
            let whose = candidate((&ticket, &name), (self.facts, self.roster), seen, log);
            if entries.is_blank() {
                book.blank += 1;
                continue;
            }
            let scored = entries.read(self.module, log);
            if let (Some(whose), Some(scored), true) = (whose, scored, log.found.len() == before) {
                book.rows.push(BookRow {
                    module: self.module.name.clone(),
                    ticket: whose,
                    sheet: self.table.sheet.clone().unwrap_or_default(),
                    cell: ticket.place,
                    row: scored,
                });
            }
        }
    }

    fn places(&self, row: &'a Row, log: &mut Log<'_>) -> Option<Places> {
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
                Spot::new(self.table, row, at, text).note(log, fault);
            } else if allowed.contains(&key) {
                found.insert(key, at);
            } else {
                self.spot(row, at, "").note(log, BookFault::StrangeColumn { column: text });
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
        let sum = found.get(column::SUM).copied();
        let items = items.into_iter().flatten().collect();
        Some(Places { ticket: ticket?, name: name?, items, sum, overtime, veto, status: status? })
    }
}
