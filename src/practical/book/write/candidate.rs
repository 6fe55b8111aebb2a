//! A worksheet a candidate: a line an item, all modules below each other.

use super::super::{column, label};
use super::entry::{Entry, Place, overtime_rule, points_rule, status_rule, veto_rule};
use super::{BookAsk, Entered, Styles, protect, worth};
use crate::exam::{Candidate, Module};
use rust_xlsxwriter::{Worksheet, XlsxError};

/// Rows from 0: title, whose, where, what the modules are worth, headings, then lines.
const WHOSE: u32 = 1;
const WHERE: u32 = 2;
const WORTH: u32 = 3;

/// Columns from 0.
const MODULE: u16 = 0;
const ITEM: u16 = 1;
const FULL: u16 = 2;
const POINTS: u16 = 3;

/// Width of the items' names in characters, of which a Chinese one is two.
const ITEM_WIDTH: f64 = 34.0;

/// Height of a line in points, to be written in by hand too, and of each further line of a name.
const HEIGHT: f64 = 20.0;
const FURTHER: f64 = 14.5;

/// A worksheet's name has so many characters at most.
const NAME: usize = 31;

/// A candidate's sheet while it is written.
pub(super) struct CandidateSheet<'a> {
    pub(super) ask: &'a BookAsk<'a>,
    pub(super) candidate: &'a Candidate,
    pub(super) styles: &'a Styles,
}

impl CandidateSheet<'_> {
    /// `vetoes` is where the words of each module's drop-down stand.
    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        vetoes: &[Option<String>],
        entered: &Entered<'_>,
    ) -> Result<(), XlsxError> {
        let Self { ask, candidate, styles } = self;
        let ticket = candidate.ticket.as_str();
        // What is cut off in front is what all numbers of an exam have alike.
        sheet.set_name(ticket.get(ticket.len().saturating_sub(NAME)..).unwrap_or(ticket))?;
        for (at, width) in [(MODULE, 20.0), (ITEM, ITEM_WIDTH), (FULL, 12.0), (POINTS, 22.0)] {
            sheet.set_column_width(at, width)?;
        }
        sheet.write_string_with_format(0, 0, ask.title(), &styles.title)?;
        let facts = [
            (WHOSE, MODULE, column::TICKET, ticket),
            (WHOSE, FULL, column::NAME, &candidate.name),
            (WHERE, MODULE, label::ROOM, candidate.room.as_str()),
            (WHERE, FULL, label::DATE, &ask.exam.date),
        ];
        for (row, at, label, value) in facts {
            sheet.write_string_with_format(row, at, label, &styles.heading)?;
            sheet.write_string_with_format(row, at + 1, value, &styles.text)?;
        }
        let mut row = WORTH;
        for module in &ask.scheme.1.modules {
            let line = format!("{}：{}", module.name, worth(module));
            sheet.write_string_with_format(row, 0, line, &styles.plain)?;
            row += 1;
        }
        let heads = [column::MODULE, column::ITEM, column::FULL, column::POINTS];
        for (at, head) in (MODULE..).zip(heads) {
            sheet.write_string_with_format(row, at, head, &styles.heading)?;
        }
        let first = row + 1;
        row = first;
        for (module, vetoes) in ask.scheme.1.modules.iter().zip(vetoes) {
            row = self.module(sheet, module, row, vetoes.as_deref(), entered)?;
        }
        sheet.write_string_with_format(row + 1, 0, ask.signature(), &styles.plain)?;
        sheet.set_freeze_panes(first, 0)?;
        sheet.set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, first - 1)?;
        sheet.set_footer("&L&A&C第 &P 页 共 &N 页");
        sheet.set_margins(0.5, 0.5, 0.5, 0.6, 0.3, 0.3);
        protect(sheet);
        Ok(())
    }

    /// The lines of a module from `row` on; gives the row below them.
    fn module(
        &self,
        sheet: &mut Worksheet,
        module: &Module,
        mut row: u32,
        vetoes: Option<&str>,
        entered: &Entered<'_>,
    ) -> Result<u32, XlsxError> {
        let styles = self.styles;
        let entered = entered(&module.name, &self.candidate.ticket);
        let first = row;
        let mut line = |sheet: &mut Worksheet, name: &str, full: Option<f64>| -> Result<Place, XlsxError> {
            // Every line says its module: two modules may have items of one name.
            sheet.write_string_with_format(row, MODULE, &module.name, &styles.text)?;
            sheet.write_string_with_format(row, ITEM, name, &styles.line)?;
            let width: f64 = name.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum();
            let further = (width / (ITEM_WIDTH - 2.0)).ceil().max(1.0) - 1.0;
            sheet.set_row_height(row, HEIGHT + further * FURTHER)?;
            match full {
                Some(full) => sheet.write_number_with_format(row, FULL, full, &styles.locked)?,
                None => sheet.write_blank(row, FULL, &styles.locked)?,
            };
            row += 1;
            Ok((row - 1, POINTS))
        };
        let row_of = entered.as_ref();
        for item in &module.items {
            let place = line(sheet, &item.name, Some(item.points.to_f64()))?;
            Entry { sheet, styles, row: row_of }.item(place, item)?;
            sheet.add_data_validation(place.0, POINTS, place.0, POINTS, &points_rule(item)?)?;
        }
        let place = line(sheet, column::SUM, Some(module.full.to_f64()))?;
        Entry { sheet, styles, row: row_of }.sum(place, ((first, POINTS), (place.0 - 1, POINTS)))?;
        if module.overtime.is_some() {
            let place = line(sheet, column::OVERTIME, None)?;
            Entry { sheet, styles, row: row_of }.overtime(place)?;
            sheet.add_data_validation(place.0, POINTS, place.0, POINTS, &overtime_rule()?)?;
        }
        if let Some(list) = vetoes {
            let place = line(sheet, column::VETO, None)?;
            Entry { sheet, styles, row: row_of }.veto(place)?;
            sheet.add_data_validation(place.0, POINTS, place.0, POINTS, &veto_rule(list)?)?;
        }
        let place = line(sheet, column::STATUS, None)?;
        Entry { sheet, styles, row: row_of }.status(place)?;
        sheet.add_data_validation(place.0, POINTS, place.0, POINTS, &status_rule()?)?;
        Ok(row)
    }
}
