//! What stands in the QR code of a printed page.
//!
//! A page's facts are lines of text ([`PageFacts::text`]): exam, publication number, paper, page n of m, heading block, and every row of
//! its table as it is printed. They are compressed (DEFLATE), signed, and written as decimal digits: `3852`, then 17 digits for
//! every 7 bytes of signature (64 bytes) and compressed text. Digits are what a hand scanner types right on any keyboard, and a QR code
//! packs them as densely as bytes.

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

/// How the digits begin: `DUKA` on a telephone's keys.
pub const SEAL_MARK: &str = "3852";

/// Bytes of an Ed25519 signature.
pub const SEAL_SIGNATURE: usize = 64;

/// First line of a page's text.
const FIRST: &str = "duka-page-1";

/// Bytes that are written as one group of digits, and how many digits a group of so many bytes has: the fewest that hold it. No two
/// are the same, so that the last group says how long it is.
const GROUP: usize = 7;
const DIGITS: [usize; GROUP + 1] = [0, 3, 5, 8, 10, 13, 15, 17];

/// Most bytes of a page's text. A page has a few thousand; what unpacks to more is not one of ours.
const LONGEST: usize = 1 << 16;

/// Characters of a cell that go into the code; of a longer text its beginning does.
const CELL: usize = 200;

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageFacts {
    /// What signatures call the exam: the batch, and the beginning of the exam's id.
    pub exam: String,
    /// The publication's number.
    pub publication: u64,
    /// 成绩单, 鉴定名册 or 合格名册.
    pub paper: String,
    /// Page n of m.
    pub page: (usize, usize),
    /// The heading block: `鉴定所：…`.
    pub facts: Vec<String>,
    /// The table's headings.
    pub columns: Vec<String>,
    /// Its rows, cell by cell, as they are printed.
    pub rows: Vec<Vec<String>>,
    /// The totals beneath the table; empty where there are none.
    pub totals: String,
}

/// Why a text is not the code of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It does not begin as one, or has something else than digits.
    #[error("this is not the code of a page: it has to be digits that begin with 3852")]
    NotACode,
    /// Its digits are of no bytes: one was misread, lost or added.
    #[error("the code is damaged: digits are wrong or missing")]
    Digits,
    /// What is in it is no page.
    #[error("the code is damaged: there is no page in it")]
    NoPage,
}

impl SealError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotACode => {
                "scan the square code at the top right of the page, with nothing before or after it"
            }
            Self::Digits | Self::NoPage => {
                "scan it again; if it stays so, the code is not the one that was printed"
            }
        }
    }
}

impl PageFacts {
    /// The page as lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let (page, of) = self.page;
        // Writing to a string can't fail.
        let _ = writeln!(
            out,
            "{FIRST}\n{}\n{}\n{}\n{page}/{of}",
            plain(&self.exam),
            self.publication,
            plain(&self.paper)
        );
        for line in [&self.facts, &self.columns].into_iter().chain(&self.rows) {
            let cells: Vec<String> = line.iter().map(|cell| plain(cell)).collect();
            let _ = writeln!(out, "{}", cells.join("\t"));
        }
        let _ = write!(out, "={}", plain(&self.totals));
        out
    }

    /// The page of such a text.
    ///
    /// # Errors
    ///
    /// [`SealError::NoPage`].
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut lines = text.split('\n');
        let mut next = || lines.next().ok_or(SealError::NoPage);
        if next()? != FIRST {
            return Err(SealError::NoPage);
        }
        let (exam, publication, paper, page) = (next()?, next()?, next()?, next()?);
        let (at, of) = page.split_once('/').ok_or(SealError::NoPage)?;
        let number = |text: &str| text.parse().map_err(|_| SealError::NoPage);
        let cells = |line: &str| -> Vec<String> { line.split('\t').map(str::to_owned).collect() };
        let (facts, columns) = (cells(next()?), cells(next()?));
        let mut rows: Vec<Vec<String>> = lines.map(cells).collect();
        let totals = rows.pop().and_then(|last| last.concat().strip_prefix('=').map(str::to_owned));
        let parsed = Self {
            exam: exam.to_owned(),
            publication: publication.parse().map_err(|_| SealError::NoPage)?,
            paper: paper.to_owned(),
            page: (number(at)?, number(of)?),
            facts,
            columns,
            rows,
            totals: totals.ok_or(SealError::NoPage)?,
        };
        // One text for one page.
        if parsed.text() == text { Ok(parsed) } else { Err(SealError::NoPage) }
    }

    /// The page as it is signed: its text, compressed.
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        // Writing to memory can't fail.
        let _ = encoder.write_all(self.text().as_bytes());
        encoder.finish().unwrap_or_default()
    }
}

/// The code of a page: a signature over what [`PageFacts::packed`] gives, and that.
#[must_use]
pub fn seal_code(signature: &[u8; SEAL_SIGNATURE], packed: &[u8]) -> String {
    let mut bytes = signature.to_vec();
    bytes.extend_from_slice(packed);
    let mut out = SEAL_MARK.to_owned();
    for group in bytes.chunks(GROUP) {
        let value = group.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let width = DIGITS[group.len()];
        let _ = write!(out, "{value:0width$}");
    }
    out
}

/// A code taken apart: its signature, what that is over, and the page. Whether somebody's key made the signature is asked elsewhere.
/// White space between the digits counts for nothing.
///
/// # Errors
///
/// [`SealError`].
pub fn open_seal(code: &str) -> Result<([u8; SEAL_SIGNATURE], Vec<u8>, PageFacts), SealError> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect();
    let body = digits.strip_prefix(SEAL_MARK).ok_or(SealError::NotACode)?;
    if !body.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SealError::NotACode);
    }
    let mut bytes = Vec::with_capacity(body.len() / 2);
    for group in body.as_bytes().chunks(DIGITS[GROUP]) {
        let length = DIGITS.iter().position(|d| *d == group.len()).ok_or(SealError::Digits)?;
        let value = group.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        // 17 digits are less than 2^57.
        if value >> (8 * length) != 0 {
            return Err(SealError::Digits);
        }
        bytes.extend_from_slice(&value.to_be_bytes()[8 - length..]);
    }
    let packed = bytes.split_off(SEAL_SIGNATURE.min(bytes.len()));
    let signature = bytes.try_into().map_err(|_| SealError::Digits)?;
    let mut text = String::new();
    let mut decoder = DeflateDecoder::new(packed.as_slice());
    let read = decoder.by_ref().take(LONGEST as u64).read_to_string(&mut text);
    if read.is_err() || decoder.total_in() != packed.len() as u64 || text.len() >= LONGEST {
        return Err(SealError::NoPage);
    }
    Ok((signature, packed, PageFacts::parse(&text)?))
}

/// How many digits the code of so many packed bytes has.
pub(super) fn code_length(packed: usize) -> usize {
    let bytes = SEAL_SIGNATURE + packed;
    SEAL_MARK.len() + bytes / GROUP * DIGITS[GROUP] + DIGITS[bytes % GROUP]
}

/// A text without what separates cells and lines, and not longer than a cell may be.
fn plain(text: &str) -> String {
    let mut out: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((end, _)) = out.char_indices().nth(CELL) {
        out.truncate(end);
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(rows: usize) -> PageFacts {
        let row = |n: usize| {
            ["序", "140510001001", "张甲", "82.0", "76.5", "合格", ""]
                .iter()
                .map(|cell| if *cell == "序" { n.to_string() } else { (*cell).to_owned() })
                .collect()
        };
        PageFacts {
            exam: "2026年第3批 1a2b3c4d".into(),
            publication: 2,
            paper: "成绩单".into(),
            page: (1, 3),
            facts: vec!["鉴定所：某所".into(), "批次：2026年第3批".into()],
            columns: ["序号", "准考证号", "姓名", "理论成绩", "实操成绩", "评定结果", "备注"]
                .map(str::to_owned)
                .into(),
            rows: (1..=rows).map(row).collect(),
            totals: "报考 30 人".into(),
        }
    }

    #[test]
    fn a_page_comes_back_from_its_digits() {
        for rows in [0, 1, 30] {
            let page = page(rows);
            let code = seal_code(&[7; SEAL_SIGNATURE], &page.packed());
            assert_eq!(code.len(), code_length(page.packed().len()));
            let (signature, packed, again) = open_seal(&format!(" {code}\r\n")).unwrap();
            assert_eq!((signature, packed, again), ([7; SEAL_SIGNATURE], page.packed(), page));
        }
    }

    #[test]
    fn what_separates_cells_is_no_part_of_one() {
        let mut page = page(1);
        page.rows[0][6] = format!("甲\t乙\n{}", "丙".repeat(300));
        let (.., again) = open_seal(&seal_code(&[0; SEAL_SIGNATURE], &page.packed())).unwrap();
        assert_eq!(again.rows[0][6], format!("甲 乙 {}…", "丙".repeat(CELL - 4)));
    }

    #[test]
    fn rubbish_is_named() {
        assert_eq!(open_seal(""), Err(SealError::NotACode));
        assert_eq!(open_seal("3852abc"), Err(SealError::NotACode));
        assert_eq!(open_seal("385299999999999999999"), Err(SealError::Digits));
        assert_eq!(open_seal(SEAL_MARK), Err(SealError::Digits));
        let code = seal_code(&[7; SEAL_SIGNATURE], b"no page at all");
        assert_eq!(open_seal(&code), Err(SealError::NoPage));
        // A text that goes on for ever is not unpacked.
        let mut bomb = DeflateEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![b'a'; 1 << 24]).unwrap();
        assert_eq!(
            open_seal(&seal_code(&[7; SEAL_SIGNATURE], &bomb.finish().unwrap())),
            Err(SealError::NoPage)
        );
    }

    proptest! {
        #[test]
        fn digits_are_of_one_list_of_bytes(bytes in proptest::collection::vec(any::<u8>(), 64..200)) {
            let (signature, packed) = bytes.split_at(SEAL_SIGNATURE);
            let code = seal_code(signature.try_into().unwrap(), packed);
            prop_assert_eq!(code.len(), code_length(packed.len()));
            prop_assert!(code.bytes().all(|b| b.is_ascii_digit()));
        }

        #[test]
        fn whatever_is_typed_nothing_breaks(text in ".{0,200}") {
            let _ = open_seal(&text);
            let _ = open_seal(&format!("{SEAL_MARK}{text}"));
        }
    }
}
