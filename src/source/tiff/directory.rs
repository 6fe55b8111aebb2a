//! TIFF directories: the chain of pages and the facts of each, in `TIFF` and `BigTIFF`, both byte orders.

use crate::sheet::DecodeFault;
use crate::source::plane::Order;
use crate::source::store::Store;

/// Entries of a directory. Scanners write 15 to 40; the format would allow 2^64 in a `BigTIFF`.
const MOST_ENTRIES: u64 = 4096;

/// Values of one entry: more strips than this no page has, and a palette of 16 bits has 196 608.
const MOST_VALUES: u64 = 1 << 22;

/// The tags that are read, by their numbers.
pub(super) mod tag {
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const HEIGHT: u16 = 257;
    pub(in super::super) const BITS: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const FILL_ORDER: u16 = 266;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const SAMPLES: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_COUNTS: u16 = 279;
    pub(in super::super) const X_RESOLUTION: u16 = 282;
    pub(in super::super) const PLANAR: u16 = 284;
    pub(in super::super) const GROUP3_OPTIONS: u16 = 292;
    pub(in super::super) const RESOLUTION_UNIT: u16 = 296;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const PALETTE: u16 = 320;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_HEIGHT: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_COUNTS: u16 = 325;
    pub(in super::super) const EXTRA_SAMPLES: u16 = 338;
    pub(in super::super) const SAMPLE_FORMAT: u16 = 339;
    pub(in super::super) const JPEG_TABLES: u16 = 347;
    pub(in super::super) const OLD_JPEG_OFFSET: u16 = 513;
    pub(in super::super) const OLD_JPEG_LENGTH: u16 = 514;
    pub(in super::super) const SUBSAMPLING: u16 = 530;
}

/// How numbers are written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) order: Order,
    /// Offsets and counts have 8 bytes.
    pub(super) big: bool,
}

impl Form {
    /// The form that the file's header says, and where its first directory is.
    pub(super) fn of(store: &mut Store<'_>) -> Result<(Self, u64), DecodeFault> {
        let head = store.at(0, 8)?;
        let order = if head.starts_with(b"II") { Order::Little } else { Order::Big };
        let form = Self { order, big: false };
        if form.number(&head[2..4]) == 42 {
            return Ok((form, form.number(&head[4..8])));
        }
        let head = store.at(0, 16)?;
        let form = Self { order, big: true };
        if form.number(&head[4..6]) != 8 {
            return Err(DecodeFault::Damaged);
        }
        Ok((form, form.number(&head[8..16])))
    }

    /// The number in up to 8 bytes.
    fn number(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        match self.order {
            Order::Big => bytes.iter().take(8).fold(0, add),
            Order::Little => bytes.iter().take(8).rev().fold(0, add),
        }
    }
}

/// One entry: its values, or where they are.
#[derive(Debug, Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u64,
    count: u64,
    /// The entry's last 4 or 8 bytes.
    bytes: [u8; 8],
}

/// The facts of one page.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    form: Form,
    entries: Vec<Entry>,
    /// Where the next directory is; 0 behind the last.
    pub(super) next: u64,
}

impl Directory {
    /// The directory at `offset`.
    pub(super) fn read(store: &mut Store<'_>, form: Form, offset: u64) -> Result<Self, DecodeFault> {
        let (head, entry, link) = if form.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = form.number(&store.at(offset, head)?);
        if count == 0 || count > MOST_ENTRIES {
            return Err(DecodeFault::Damaged);
        }
        let start = offset.checked_add(head).ok_or(DecodeFault::Truncated)?;
        let bytes = store.at(start, count * entry + link)?;
        let (table, link) = bytes.split_at(usize::try_from(count * entry).map_err(|_| DecodeFault::Damaged)?);
        let entries = table
            .chunks_exact(usize::try_from(entry).unwrap_or(20))
            .map(|e| {
                let (count, value) = e[4..].split_at(if form.big { 8 } else { 4 });
                let mut bytes = [0; 8];
                bytes[..value.len()].copy_from_slice(value);
                let tag = u16::try_from(form.number(&e[..2])).unwrap_or(0);
                Entry { tag, kind: form.number(&e[2..4]), count: form.number(count), bytes }
            })
            .collect();
        Ok(Self { form, entries, next: form.number(link) })
    }

    fn entry(&self, tag: u16) -> Option<Entry> {
        self.entries.iter().find(|e| e.tag == tag).copied()
    }

    /// Whether there is such an entry at all.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    /// The bytes of an entry's values, and how many each takes; nothing is read that can't be in the file.
    fn values(&self, store: &mut Store<'_>, entry: Entry) -> Result<(Vec<u8>, usize), DecodeFault> {
        let size: u64 = match entry.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => return Err(DecodeFault::Damaged),
        };
        if entry.count > MOST_VALUES {
            return Err(DecodeFault::TooLarge);
        }
        let length = entry.count * size;
        let inline = if self.form.big { 8 } else { 4 };
        let bytes = if length <= inline {
            entry.bytes[..usize::try_from(length).unwrap_or(0)].to_vec()
        } else {
            store.at(self.form.number(&entry.bytes[..usize::from(inline == 8) * 4 + 4]), length)?.into_owned()
        };
        Ok((bytes, usize::try_from(size).unwrap_or(8)))
    }

    /// The whole numbers of an entry; `None` if there is no such entry.
    pub(super) fn numbers(&self, store: &mut Store<'_>, tag: u16) -> Result<Option<Vec<u64>>, DecodeFault> {
        let Some(entry) = self.entry(tag) else { return Ok(None) };
        if !matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18) {
            return Err(DecodeFault::Damaged);
        }
        let (bytes, size) = self.values(store, entry)?;
        Ok(Some(bytes.chunks_exact(size).map(|b| self.form.number(b)).collect()))
    }

    /// The first number of an entry.
    pub(super) fn number(&self, store: &mut Store<'_>, tag: u16) -> Result<Option<u64>, DecodeFault> {
        Ok(self.numbers(store, tag)?.and_then(|numbers| numbers.first().copied()))
    }

    /// The bytes of an entry.
    pub(super) fn bytes(&self, store: &mut Store<'_>, tag: u16) -> Result<Option<Vec<u8>>, DecodeFault> {
        match self.entry(tag) {
            Some(entry) if matches!(entry.kind, 1 | 2 | 6 | 7) => {
                self.values(store, entry).map(|(bytes, _)| Some(bytes))
            }
            Some(_) => Err(DecodeFault::Damaged),
            None => Ok(None),
        }
    }

    /// Dots an inch, where the file says them plainly.
    pub(super) fn dpi(&self, store: &mut Store<'_>) -> Option<u16> {
        let unit = self.number(store, tag::RESOLUTION_UNIT).ok()?.unwrap_or(2);
        let entry = self.entry(tag::X_RESOLUTION)?;
        let (n, d) = match entry.kind {
            5 => {
                let (bytes, _) = self.values(store, entry).ok()?;
                (self.form.number(bytes.get(..4)?), self.form.number(bytes.get(4..8)?))
            }
            // Whole numbers where fractions belong are written by some.
            _ => (self.number(store, tag::X_RESOLUTION).ok()??, 1),
        };
        let (n, d) = match unit {
            2 => (n, d),
            // Dots a centimetre.
            3 => (n.checked_mul(254)?, d.checked_mul(100)?),
            _ => return None,
        };
        let rounded = (n.checked_mul(2)?.checked_add(d)?).checked_div(d.checked_mul(2)?)?;
        u16::try_from(rounded).ok().filter(|&dpi| dpi > 0)
    }
}
