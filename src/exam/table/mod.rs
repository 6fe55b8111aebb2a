//! Other people's tables: xlsx, xls and text, as rows of cells.

mod book;
mod columns;
mod error;
mod old_book;
mod problem;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use columns::select;
pub use columns::{Columns, Record};
pub use error::{TableError, WorkbookFault};
pub(crate) use problem::listing;
pub use problem::{Column, RowPlace, RowProblem};

use super::words::tidy;

/// The largest file that is read, in bytes. A roster of 50 000 rows has about 5 MB; beyond 64 MB a file
/// is something else, and a reader that takes it whole would need many times that in memory.
const MAX_BYTES: usize = 64 << 20;

/// The most cells of a file. A roster of 200 000 rows has 2.6 million; 8 million need about 400 MB.
const MAX_CELLS: usize = 8_000_000;

/// Columns that are looked at, from the left. No table in use has 100; a single cell far to the right
/// must not make every row thousands of cells wide.
const MAX_COLUMNS: usize = 256;

/// One sheet of a workbook, or a text file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The file's name, for messages.
    pub file: String,
    /// The sheet's name; none for text.
    pub sheet: Option<String>,
    /// Whether the workbook does not show the sheet.
    pub hidden: bool,
    /// Rows with at least one cell that is not empty, from the top.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number as a spreadsheet shows it, from 1. A quoted line break in a text file does not count.
    pub number: u32,
    /// Its cells from column A on, at most 256; cells missing at the end are empty.
    pub cells: Vec<Cell>,
}

/// What stands in a cell. A formula's cell has the value that was last computed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing, or spaces only.
    #[default]
    Empty,
    /// Text: spaces at the ends and invisible characters removed, full-width digits and letters as ASCII.
    Text(String),
    /// A number.
    Number(f64),
    /// An error value such as `#N/A`.
    Fault(String),
}

/// Why a cell can't be used, whatever it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellFault {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// An error value.
    #[error("shows the error {0}")]
    ErrorValue(String),
    /// A long number that a spreadsheet has rounded to 15 digits.
    #[error(
        "is stored as a number with more than 15 digits, and its last digits are lost: \
         the column must be text"
    )]
    LostDigits,
}

impl CellFault {
    /// What to do about [`CellFault::LostDigits`].
    pub const LOST_DIGITS_HINT: &'static str = "set the column's format to text and fill the numbers in again from \
        their source: the lost digits are not in the file any more";
}

/// The first whole number that a spreadsheet's number can't be trusted with: it keeps 15 digits.
const LOST_DIGITS: f64 = 1e15;

impl Cell {
    /// A cell of text, tidied.
    #[must_use]
    pub fn text_of(text: &str) -> Self {
        let text = tidy(text);
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// What it says, a number in as few digits as it has: `7`, `76.5`.
    ///
    /// # Errors
    ///
    /// Every [`CellFault`]; [`CellFault::LostDigits`] for a number of 16 digits or more.
    pub fn text(&self) -> Result<String, CellFault> {
        match self {
            Self::Empty => Err(CellFault::Empty),
            Self::Text(text) => Ok(text.clone()),
            Self::Fault(error) => Err(CellFault::ErrorValue(error.clone())),
            Self::Number(n) if !n.is_finite() => Err(CellFault::ErrorValue(n.to_string())),
            Self::Number(n) if n.abs() >= LOST_DIGITS => Err(CellFault::LostDigits),
            Self::Number(n) => Ok(n.to_string()),
        }
    }

    /// A long number that is compared as text: as [`Cell::text`], without spaces inside, and refusing
    /// what a spreadsheet makes of long numbers in a text file (`1.4051E+11`).
    ///
    /// # Errors
    ///
    /// As [`Cell::text`].
    pub fn digits(&self) -> Result<String, CellFault> {
        let text = self.text()?.replace(' ', "");
        let scientific = text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
            let number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let plus = exponent.strip_prefix('+');
            // `E1234567` and `12E4567` can be passports: a rounded number has a point or a plus sign.
            number(mantissa) && number(plus.unwrap_or(exponent)) && (plus.is_some() || mantissa.contains('.'))
        });
        if scientific { Err(CellFault::LostDigits) } else { Ok(text) }
    }
}

impl Table {
    /// Every sheet of the file `name` with at least one row, in the workbook's order; a text file is one
    /// sheet.
    ///
    /// What the file is, is decided by its content: xlsx, xls, or text separated by commas, tabs or
    /// semicolons in UTF-8, UTF-16 or GB18030 (which includes GBK).
    ///
    /// # Errors
    ///
    /// [`TableError`] if it is none of these, damaged, locked by a password, or too large.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Self>, TableError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(TableError::Empty { file: name.to_owned() });
        }
        if bytes.len() > MAX_BYTES {
            return Err(TableError::TooLarge { file: name.to_owned() });
        }
        let tables = if bytes.starts_with(b"PK\x03\x04") {
            book::xlsx(name, bytes)?
        } else if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
            book::xls(name, bytes)?
        } else {
            vec![text::table(name, bytes)?]
        };
        Ok(tables.into_iter().filter(|t| !t.rows.is_empty()).collect())
    }
}
