//! A worksheet a module: a row a candidate.

use super::super::{FULL, column};
use super::entry::{Entry, overtime_rule, points_rule, status_rule, veto_rule};
use super::{BookAsk, Entered, Styles, protect, worth};
use crate::exam::Module;
use rust_xlsxwriter::{Worksheet, XlsxError};

/// Rows from 0: title, facts, headings, maxima, then candidates.
const HEADINGS: u32 = 3;
const MAXIMA: u32 = 4;
const FIRST: u32 = 5;

/// Height of the heading row in points: three lines of an item's name.
const HEADING_HEIGHT: f64 = 48.0;

/// The first item's column.
const ITEMS: u16 = 3;

/// A module's sheet while it is written.
pub(super) struct ModuleSheet<'a> {
    pub(super) ask: &'a BookAsk<'a>,
    pub(super) module: &'a Module,
    pub(super) styles: &'a Styles,
}

/// Columns from 0.
struct Places {
    sum: u16,
    overtime: Option<u16>,
    veto: Option<u16>,
    status: u16,
}

impl ModuleSheet<'_> {
    fn places(&self) -> Places {
        let sum = ITEMS + u16::try_from(self.module.items.len()).unwrap_or(u16::MAX - ITEMS - 3);
        let mut next = sum + 1;
        let mut place = |there: bool| {
            let at = there.then_some(next);
            next += u16::from(there);
            at
        };
        let overtime = place(self.module.overtime.is_some());
        let veto = place(!self.module.vetoes.is_empty());
        Places { sum, overtime, veto, status: next }
    }

    /// `vetoes` is where the words of their drop-down stand.
    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        vetoes: Option<&str>,
        entered: &Entered<'_>,
    ) -> Result<(), XlsxError> {
        let Self { ask, module, styles } = self;
        let places = self.places();
        sheet.set_name(&module.name)?;
        let title = format!("{}　{}", ask.title(), module.name);
        sheet.write_string_with_format(0, 0, &title, &styles.title)?;
        let mut facts = worth(module);
        if let Some(room) = ask.room {
            facts.push_str("；考场 ");
            facts.push_str(room.as_str());
        }
        sheet.write_string_with_format(1, 0, facts, &styles.plain)?;
        self.headings(sheet, &places)?;
        let count = u32::try_from(ask.candidates.len()).unwrap_or(u32::MAX);
        for (row, (serial, candidate)) in (FIRST..).zip((1u32..).zip(ask.candidates)) {
            sheet.write_number_with_format(row, 0, serial, &styles.locked)?;
            sheet.write_string_with_format(row, 1, candidate.ticket.as_str(), &styles.text)?;
            sheet.write_string_with_format(row, 2, &candidate.name, &styles.text)?;
            let entered = entered(&module.name, &candidate.ticket);
            let mut entry = Entry { sheet, styles, row: entered.as_ref() };
            for (at, item) in (ITEMS..).zip(&module.items) {
                entry.item((row, at), item)?;
            }
            entry.sum((row, places.sum), ((row, ITEMS), (row, places.sum - 1)))?;
            if let Some(at) = places.overtime {
                entry.overtime((row, at))?;
            }
            if let Some(at) = places.veto {
                entry.veto((row, at))?;
            }
            entry.status((row, places.status))?;
        }
        if count > 0 {
            self.validate(sheet, &places, (FIRST, FIRST + count - 1), vetoes)?;
        }
        sheet.write_string_with_format(FIRST + count + 1, 0, ask.signature(), &styles.plain)?;
        sheet.set_freeze_panes(FIRST, ITEMS)?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, MAXIMA)?;
        sheet.set_footer("&L&A&C第 &P 页 共 &N 页");
        sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
        protect(sheet);
        Ok(())
    }

    fn headings(&self, sheet: &mut Worksheet, places: &Places) -> Result<(), XlsxError> {
        let styles = self.styles;
        sheet.set_row_height(HEADINGS, HEADING_HEIGHT)?;
        let mut head = |at: u16, text: &str, full: &str, width: u16| -> Result<(), XlsxError> {
            sheet.set_column_width(at, width)?;
            sheet.write_string_with_format(HEADINGS, at, text, &styles.heading)?;
            match full.parse::<f64>() {
                Ok(full) => sheet.write_number_with_format(MAXIMA, at, full, &styles.heading)?,
                Err(_) => sheet.write_string_with_format(MAXIMA, at, full, &styles.heading)?,
            };
            Ok(())
        };
        head(0, column::SERIAL, "", 6)?;
        head(1, column::TICKET, FULL, 24)?;
        head(2, column::NAME, "", 14)?;
        for (at, item) in (ITEMS..).zip(&self.module.items) {
            head(at, &item.name, &item.points.to_string(), 11)?;
        }
        head(places.sum, column::SUM, &self.module.full.to_string(), 9)?;
        if let Some(at) = places.overtime {
            head(at, column::OVERTIME, "", 9)?;
        }
        if let Some(at) = places.veto {
            head(at, column::VETO, "", 24)?;
        }
        head(places.status, column::STATUS, "", 9)
    }

    fn validate(
        &self,
        sheet: &mut Worksheet,
        places: &Places,
        (first, last): (u32, u32),
        vetoes: Option<&str>,
    ) -> Result<(), XlsxError> {
        for (at, item) in (ITEMS..).zip(&self.module.items) {
            sheet.add_data_validation(first, at, last, at, &points_rule(item)?)?;
        }
        if let Some(at) = places.overtime {
            sheet.add_data_validation(first, at, last, at, &overtime_rule()?)?;
        }
        if let (Some(at), Some(list)) = (places.veto, vetoes) {
            sheet.add_data_validation(first, at, last, at, &veto_rule(list)?)?;
        }
        sheet.add_data_validation(first, places.status, last, places.status, &status_rule()?)?;
        Ok(())
    }
}
