//! Writing tables that the importers read back.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

/// A table that can't be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// As the workbook's writer says: text of more than 32 767 characters, or too many rows.
    #[error("can't write the workbook: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

impl WriteError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "shorten the longest remark, or write the table as .csv"
    }
}

/// How a column is written to a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As text, whatever it looks like.
    Text,
    /// As a number where it is one.
    Number,
}

/// A table to be written: a heading row and rows of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The sheet's name.
    pub(crate) sheet: &'static str,
    /// Heading and kind of each column, and its width in characters of a workbook.
    pub(crate) columns: Vec<(&'static str, Kind, u16)>,
    /// Rows, each with as many cells as there are columns.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Grid {
    /// The table as a workbook; the same table gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`WriteError::Xlsx`] for text or tables beyond what a sheet can hold.
    pub(crate) fn to_xlsx(&self) -> Result<Vec<u8>, WriteError> {
        let mut book = Workbook::new();
        // A date of its own would make every file different.
        let date = ExcelDateTime::from_ymd(2000, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&date));
        let bold = Format::new().set_bold();
        // "@" is the text format: what someone types there later stays text, too.
        let text = Format::new().set_num_format("@");
        let sheet = book.add_worksheet();
        sheet.set_name(self.sheet)?;
        for (column, (heading, kind, width)) in (0..).zip(&self.columns) {
            sheet.set_column_width(column, *width)?;
            if *kind == Kind::Text {
                sheet.set_column_format(column, &text)?;
            }
            sheet.write_string_with_format(0, column, *heading, &bold)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (row, cells) in (1..).zip(&self.rows) {
            for ((column, cell), (_, kind, _)) in (0..).zip(cells).zip(&self.columns) {
                match cell.parse::<f64>() {
                    Ok(number) if *kind == Kind::Number => sheet.write_number(row, column, number)?,
                    _ if cell.is_empty() => continue,
                    _ => sheet.write_string_with_format(row, column, cell, &text)?,
                };
            }
        }
        Ok(book.save_to_buffer()?)
    }

    /// The table as text with commas, in UTF-8 with a byte order mark (without it Excel takes it for GBK).
    pub(crate) fn to_csv(&self) -> Vec<u8> {
        let mut out = String::from("\u{feff}");
        let headings: Vec<_> = self.columns.iter().map(|(heading, ..)| *heading).collect();
        line(&mut out, headings.into_iter());
        for row in &self.rows {
            line(&mut out, row.iter().map(String::as_str));
        }
        out.into_bytes()
    }
}

fn line<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r', ';', '\t']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}
