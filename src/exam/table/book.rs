//! Tables in workbooks.

use super::old_book;
use super::{Cell, MAX_CELLS, MAX_COLUMNS, Row, Table, TableError, WorkbookFault};
use calamine::{Data, DataRef, ExcelDateTime, Reader, Xls, Xlsx};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The most that the parts of a workbook may unpack to, in bytes. A roster of 200 000 rows unpacks to
/// about 150 MB.
const MAX_UNPACKED: u64 = 512 << 20;

pub(super) fn xlsx(name: &str, bytes: &[u8]) -> Result<Vec<Table>, TableError> {
    if unpacked_size(bytes) > MAX_UNPACKED {
        return Err(TableError::TooLarge { file: name.to_owned() });
    }
    guarded(name, || {
        let damaged = |e: calamine::XlsxError| match e {
            calamine::XlsxError::Password => TableError::Locked { file: name.to_owned() },
            e => TableError::Damaged { file: name.to_owned(), fault: Box::new(e).into() },
        };
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
        let mut total = 0;
        let mut tables = Vec::new();
        for (sheet, hidden) in worksheets(book.sheets_metadata()) {
            let mut grid = Grid::default();
            let mut cells = book.worksheet_cells_reader(&sheet).map_err(damaged)?;
            while let Some(cell) = cells.next_cell().map_err(damaged)? {
                let (row, column) = cell.get_position();
                total += 1;
                if total > MAX_CELLS {
                    return Err(TableError::TooLarge { file: name.to_owned() });
                }
                grid.put(row, column, value_ref(cell.get_value()));
            }
            tables.push(grid.table(name, sheet, hidden));
        }
        Ok(tables)
    })
}

pub(super) fn xls(name: &str, bytes: &[u8]) -> Result<Vec<Table>, TableError> {
    // An xlsx locked by a password is wrapped in the old format.
    let wrapped: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(wrapped.len()).any(|w| w == wrapped) {
        return Err(TableError::Locked { file: name.to_owned() });
    }
    if !old_book::fits(bytes) {
        return Err(TableError::Damaged { file: name.to_owned(), fault: WorkbookFault::Structure });
    }
    guarded(name, || {
        let damaged = |e: calamine::XlsError| match e {
            calamine::XlsError::Password => TableError::Locked { file: name.to_owned() },
            e => TableError::Damaged { file: name.to_owned(), fault: Box::new(e).into() },
        };
        let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(damaged)?;
        let mut tables = Vec::new();
        for (sheet, hidden) in worksheets(book.sheets_metadata()) {
            let range = book.worksheet_range(&sheet).map_err(damaged)?;
            let (top, left) = range.start().unwrap_or_default();
            let mut grid = Grid::default();
            for (row, column, value) in range.used_cells() {
                let row = u32::try_from(row).unwrap_or(u32::MAX).saturating_add(top);
                let column = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(left);
                grid.put(row, column, self::value(value));
            }
            tables.push(grid.table(name, sheet, hidden));
        }
        Ok(tables)
    })
}

/// Runs a reader of workbooks. On files damaged with skill these panic in places; that is a damaged file
/// and not the end of the program.
fn guarded(
    name: &str,
    read: impl FnOnce() -> Result<Vec<Table>, TableError>,
) -> Result<Vec<Table>, TableError> {
    let damaged = || TableError::Damaged { file: name.to_owned(), fault: WorkbookFault::Structure };
    let tables = catch_unwind(AssertUnwindSafe(read)).map_err(|_| damaged())??;
    // Every workbook has a sheet; without one its list of sheets is lost.
    if tables.is_empty() { Err(damaged()) } else { Ok(tables) }
}

/// The names of the sheets with cells, each with whether it is hidden.
fn worksheets(sheets: &[calamine::Sheet]) -> Vec<(String, bool)> {
    let tables = sheets.iter().filter(|s| s.typ == calamine::SheetType::WorkSheet);
    tables.map(|s| (s.name.clone(), s.visible != calamine::SheetVisible::Visible)).collect()
}

/// Cells by their places while they come in.
#[derive(Default)]
struct Grid {
    rows: BTreeMap<u32, Vec<Cell>>,
}

impl Grid {
    fn put(&mut self, row: u32, column: u32, cell: Cell) {
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if cell.is_empty() || column >= MAX_COLUMNS {
            return;
        }
        let cells = self.rows.entry(row).or_default();
        if cells.len() <= column {
            cells.resize(column + 1, Cell::Empty);
        }
        cells[column] = cell;
    }

    fn table(self, file: &str, sheet: String, hidden: bool) -> Table {
        let rows = self.rows.into_iter().map(|(row, cells)| Row { number: row.saturating_add(1), cells });
        Table { file: file.to_owned(), sheet: Some(sheet), hidden, rows: rows.collect() }
    }
}

fn value(data: &Data) -> Cell {
    match data {
        Data::Empty => Cell::Empty,
        Data::Int(n) => Cell::Number(*n as f64),
        Data::Float(n) => Cell::Number(*n),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Cell::text_of(text),
        Data::Bool(value) => truth(*value),
        Data::DateTime(date) => day(date),
        Data::Error(error) => Cell::Fault(error.to_string()),
    }
}

fn value_ref(data: &DataRef<'_>) -> Cell {
    match data {
        DataRef::SharedString(text) => Cell::text_of(text),
        DataRef::Empty => Cell::Empty,
        DataRef::Int(n) => Cell::Number(*n as f64),
        DataRef::Float(n) => Cell::Number(*n),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::text_of(text)
        }
        DataRef::Bool(value) => truth(*value),
        DataRef::DateTime(date) => day(date),
        DataRef::Error(error) => Cell::Fault(error.to_string()),
    }
}

fn truth(value: bool) -> Cell {
    Cell::Text(if value { "TRUE" } else { "FALSE" }.into())
}

fn day(date: &ExcelDateTime) -> Cell {
    if date.is_datetime() {
        let (year, month, day, ..) = date.to_ymd_hms_milli();
        Cell::Text(format!("{year:04}-{month:02}-{day:02}"))
    } else {
        Cell::Number(date.as_f64())
    }
}

/// The sum of the sizes that the zip's central directory states, in bytes.
fn unpacked_size(bytes: &[u8]) -> u64 {
    // Offset of the unpacked size in an entry of the central directory, and its length.
    let size = |entry: &[u8]| Some(u32::from_le_bytes(entry.get(24..28)?.try_into().ok()?));
    let starts = bytes.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at);
    starts.filter_map(|at| size(&bytes[at..])).map(u64::from).sum()
}
