//! A look at an old workbook (xls) before its reader sets memory aside by what the file states.
//!
//! The reader makes a table of every cell between a sheet's corners. A damaged file of 5 KB can state
//! corners that need 200 GB, and running out of memory ends the program. What is not understood here is
//! left for the reader to refuse.
//!
//! Layout of the file: \[MS-CFB\]; of the stream in it: \[MS-XLS\].

/// The most cells between a sheet's corners: 65 536 rows of 256 columns, which is all the format has.
const MOST_CELLS: u64 = 1 << 24;

/// Columns of a sheet in this format.
const COLUMNS: u16 = 256;

/// Bytes of a directory entry.
const ENTRY: usize = 128;

/// Bytes of a sector within the stream of small streams.
const SMALL_SECTOR: usize = 64;

/// Whether no sheet of the workbook states more than the format has.
pub(super) fn fits(bytes: &[u8]) -> bool {
    let Some(stream) = workbook_stream(bytes) else { return true };
    let sheets = Records { stream: &stream, at: 0 }.filter(|r| r.kind == kind::SHEET);
    let starts: Vec<_> = sheets.filter_map(|r| u32_at(r.data, 0)).collect();
    starts.iter().all(|start| {
        let at = usize::try_from(*start).unwrap_or(usize::MAX);
        sheet(&stream, at).all(|record| record.fits())
    })
}

/// The records of a sheet, charts within it included, up to its end.
fn sheet(stream: &[u8], at: usize) -> impl Iterator<Item = Record<'_>> {
    let mut open = 0_usize;
    Records { stream, at }.take_while(move |record| {
        match record.kind {
            kind::BEGIN => open += 1,
            kind::EOF => open = open.saturating_sub(1),
            _ => {}
        }
        record.kind != kind::EOF || open > 0
    })
}

/// Numbers of records.
mod kind {
    pub(super) const BEGIN: u16 = 0x0809;
    pub(super) const EOF: u16 = 0x000a;
    pub(super) const SHEET: u16 = 0x0085;
    pub(super) const DIMENSIONS: u16 = 0x0200;
    pub(super) const SEVERAL_NUMBERS: u16 = 0x00bd;
    /// Formula, number, label, formatted label, truth or error, compact number, shared label.
    pub(super) const CELLS: [u16; 7] = [0x0006, 0x0203, 0x0204, 0x00d6, 0x0205, 0x027e, 0x00fd];
}

struct Record<'s> {
    kind: u16,
    data: &'s [u8],
}

impl Record<'_> {
    fn fits(&self) -> bool {
        let column = |at: usize| u16_at(self.data, at).is_none_or(|column| column < COLUMNS);
        if self.kind == kind::DIMENSIONS {
            return self.area() <= MOST_CELLS;
        }
        if self.kind == kind::SEVERAL_NUMBERS {
            return column(2) && column(self.data.len().saturating_sub(2));
        }
        !kind::CELLS.contains(&self.kind) || column(2)
    }

    /// Cells between the stated corners, as the reader counts them.
    fn area(&self) -> u64 {
        let d = self.data;
        let (rows, columns) = if d.len() == 10 {
            ((u16_at(d, 0).map(u32::from), u16_at(d, 2).map(u32::from)), (u16_at(d, 4), u16_at(d, 6)))
        } else {
            ((u32_at(d, 0), u32_at(d, 4)), (u16_at(d, 8), u16_at(d, 10)))
        };
        let ((Some(top), Some(bottom)), (Some(left), Some(right))) = (rows, columns) else { return 0 };
        let left = if left >= COLUMNS || right < left { 0 } else { left };
        u64::from(bottom.saturating_sub(top)) * u64::from(right - left)
    }
}

/// The records of a stream from a place on.
struct Records<'s> {
    stream: &'s [u8],
    at: usize,
}

impl<'s> Iterator for Records<'s> {
    type Item = Record<'s>;

    fn next(&mut self) -> Option<Record<'s>> {
        let rest = self.stream.get(self.at..)?;
        let (kind, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let data = rest.get(4..4 + length)?;
        self.at += 4 + length;
        Some(Record { kind, data })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn index(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect()
}

/// Sectors one after another, as an allocation table chains them; ends where the chain leaves the table.
fn chain(source: &[u8], size: usize, header: usize, table: &[u32], start: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sector = start;
    // A chain longer than its table turns in a circle.
    for _ in 0..table.len() {
        let at = sector.saturating_mul(size).saturating_add(header);
        let Some(next) = table.get(sector) else { break };
        let Some(bytes) = source.get(at..at.saturating_add(size)) else { break };
        out.extend_from_slice(bytes);
        sector = usize::try_from(*next).unwrap_or(usize::MAX);
    }
    out
}

/// The stream that holds the workbook; none if the file is not built as it should be.
fn workbook_stream(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = match u16_at(bytes, 30)? {
        9 => 512,
        12 => 4096,
        _ => return None,
    };
    let sector = |number: usize| {
        let at = number.checked_add(1)?.checked_mul(size)?;
        bytes.get(at..at.checked_add(size)?)
    };
    // Where the allocation table lies: 109 sectors are named in the header, more in a chain of their own.
    let mut parts = words(bytes.get(76..512)?);
    let mut more = index(bytes, 68)?;
    for _ in 0..bytes.len() / size {
        let Some(list) = sector(more) else { break };
        let mut list = words(list);
        more = usize::try_from(list.pop()?).ok()?;
        parts.extend(list);
    }
    let parts = parts.into_iter().filter_map(|p| sector(usize::try_from(p).ok()?));
    let table: Vec<_> = parts.flat_map(words).collect();
    let read = |start| chain(bytes, size, size, &table, start);

    let directory = read(index(bytes, 48)?);
    let named = |wanted: &str| {
        let wanted: Vec<_> = wanted.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        directory.chunks_exact(ENTRY).find(move |entry| entry.starts_with(&wanted))
    };
    let entry = named("Workbook").or_else(|| named("Book"))?;
    let (start, length) = (index(entry, 116)?, index(entry, 120)?);
    let mut stream = if length < index(bytes, 56)? {
        let small = read(index(named("Root Entry")?, 116)?);
        chain(&small, SMALL_SECTOR, 0, &words(&read(index(bytes, 60)?)), start)
    } else {
        read(start)
    };
    stream.truncate(length);
    Some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exam::testing::xls;
    use proptest::prelude::*;

    fn record(kind: u16, data: &[u8]) -> Record<'_> {
        Record { kind, data }
    }

    #[test]
    fn the_stream_of_a_workbook_is_found() {
        let stream = workbook_stream(&xls(&[&["准考证号"], &["#7"]])).unwrap();
        let kinds: Vec<_> = Records { stream: &stream, at: 0 }.map(|r| r.kind).take(7).collect();
        assert_eq!(kinds, [0x0809, 0x0042, 0x0085, 0x000a, 0x0809, 0x0204, 0x0203]);
        assert!(fits(&xls(&[&["准考证号"], &["#7"]])));
    }

    #[test]
    fn a_cell_beyond_the_last_column_does_not_fit() {
        let mut row = [""; 257];
        row[255] = "#1";
        assert!(fits(&xls(&[&row])));
        row[256] = "#1";
        assert!(!fits(&xls(&[&row])));
        assert!(record(0x00bd, &[0, 0, 250, 0, 1, 2, 3, 4, 5, 6, 255, 0]).fits());
        assert!(!record(0x00bd, &[0, 0, 250, 0, 1, 2, 3, 4, 5, 6, 0, 1]).fits());
    }

    #[test]
    fn corners_beyond_the_format_do_not_fit() {
        let corners = |bottom: u32, right: u16| {
            [&[0; 4][..], &bottom.to_le_bytes(), &[0, 0], &right.to_le_bytes(), &[0, 0]].concat()
        };
        assert!(record(0x0200, &corners(65_536, 256)).fits());
        assert!(!record(0x0200, &corners(65_537, 256)).fits());
        assert!(!record(0x0200, &corners(65_536, 0xffff)).fits());
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(at in 0usize..6000, bytes in proptest::collection::vec(any::<u8>(), 1..8)) {
            let mut file = xls(&[&["准考证号", "姓名"], &["#1", "张甲"]]);
            let at = at % (file.len() - bytes.len());
            file[at..at + bytes.len()].copy_from_slice(&bytes);
            let _ = fits(&file);
            let _ = fits(&bytes);
        }
    }
}
