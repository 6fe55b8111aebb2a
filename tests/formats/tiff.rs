//! TIFF files written by hand, in every way the format allows.

use crate::code;
use crate::picture::{HEIGHT, WIDTH};

/// Values of an entry.
#[derive(Clone)]
pub enum Values {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Rational(u32, u32),
    Bytes(Vec<u8>),
}

/// One page: its entries (offsets and counts are added) and its strips or tiles.
#[derive(Clone)]
pub struct Page {
    pub entries: Vec<(u16, Values)>,
    pub chunks: Vec<Vec<u8>>,
    pub tiled: bool,
    /// Chunks are written from the last to the first.
    pub backwards: bool,
}

/// Tags by name.
pub const COMPRESSION: u16 = 259;
pub const PHOTOMETRIC: u16 = 262;

impl Page {
    /// A page of the picture's size with these facts.
    pub fn new(bits: &[u16], compression: u16, photometric: u16) -> Self {
        let entries = vec![
            (256, Values::Long(vec![u32::try_from(WIDTH).unwrap()])),
            (257, Values::Long(vec![u32::try_from(HEIGHT).unwrap()])),
            (258, Values::Short(bits.to_vec())),
            (COMPRESSION, Values::Short(vec![compression])),
            (PHOTOMETRIC, Values::Short(vec![photometric])),
            (277, Values::Short(vec![u16::try_from(bits.len()).unwrap()])),
        ];
        Self { entries, chunks: Vec::new(), tiled: false, backwards: false }
    }

    pub fn with(mut self, tag: u16, values: Values) -> Self {
        self.entries.retain(|(t, _)| *t != tag);
        self.entries.push((tag, values));
        self
    }

    pub fn short(self, tag: u16, value: u16) -> Self {
        self.with(tag, Values::Short(vec![value]))
    }

    /// Strips of `rows` rows of `row_bytes` bytes each, packed by `pack`.
    pub fn strips(
        mut self,
        samples: &[u8],
        row_bytes: usize,
        rows: usize,
        pack: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Self {
        self.chunks.extend(samples.chunks(row_bytes * rows).map(pack));
        self.with(278, Values::Long(vec![u32::try_from(rows).unwrap()]))
    }

    /// Tiles of `side` pixels, `pixel` bytes each.
    pub fn tiles(
        mut self,
        samples: &[u8],
        pixel: usize,
        side: usize,
        pack: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> Self {
        self.tiled = true;
        for top in (0..HEIGHT).step_by(side) {
            for left in (0..WIDTH).step_by(side) {
                let mut tile = vec![77; side * side * pixel];
                for y in 0..side.min(HEIGHT - top) {
                    let across = side.min(WIDTH - left) * pixel;
                    let from = ((top + y) * WIDTH + left) * pixel;
                    tile[y * side * pixel..][..across].copy_from_slice(&samples[from..from + across]);
                }
                self.chunks.push(pack(&tile));
            }
        }
        let side = u16::try_from(side).unwrap();
        self.short(322, side).short(323, side)
    }
}

/// Byte order and size of offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub little: bool,
    pub big: bool,
}

pub const FORMS: [Form; 4] = [
    Form { little: true, big: false },
    Form { little: false, big: false },
    Form { little: true, big: true },
    Form { little: false, big: true },
];

impl Form {
    fn put(self, out: &mut Vec<u8>, value: u64, size: usize) {
        let bytes = value.to_be_bytes();
        let mut bytes = bytes[8 - size..].to_vec();
        if self.little {
            bytes.reverse();
        }
        out.extend(bytes);
    }

    fn offset(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// The file of these pages.
    pub fn file(self, pages: &[Page]) -> Vec<u8> {
        let mut out = if self.little { b"II".to_vec() } else { b"MM".to_vec() };
        if self.big {
            self.put(&mut out, 43, 2);
            self.put(&mut out, 8, 2);
            self.put(&mut out, 0, 2);
        } else {
            self.put(&mut out, 42, 2);
        }
        let mut link = out.len();
        self.put(&mut out, 0, self.offset());
        for page in pages {
            let here = self.page(&mut out, page, link);
            link = here;
        }
        out
    }

    /// Writes a page, points `link` to it and gives the place of its own link.
    fn page(self, out: &mut Vec<u8>, page: &Page, link: usize) -> usize {
        let mut places = vec![(0, 0); page.chunks.len()];
        let mut order: Vec<usize> = (0..page.chunks.len()).collect();
        if page.backwards {
            order.reverse();
        }
        for i in order {
            places[i] = (u32::try_from(out.len()).unwrap(), u32::try_from(page.chunks[i].len()).unwrap());
            out.extend(&page.chunks[i]);
        }
        let (offsets, counts) = if page.tiled { (324, 325) } else { (273, 279) };
        let mut entries = page.entries.clone();
        if !entries.iter().any(|(tag, _)| *tag == offsets) {
            entries.push((offsets, Values::Long(places.iter().map(|p| p.0).collect())));
        }
        if !entries.iter().any(|(tag, _)| *tag == counts) {
            entries.push((counts, Values::Long(places.iter().map(|p| p.1).collect())));
        }
        entries.sort_by_key(|(tag, _)| *tag);
        // Values that don't fit into their entry come before the directory.
        let mut written = Vec::new();
        for (tag, values) in &entries {
            let mut bytes = Vec::new();
            let (kind, count) = match values {
                Values::Short(v) => {
                    for &n in v {
                        self.put(&mut bytes, u64::from(n), 2);
                    }
                    (3, v.len())
                }
                Values::Long(v) => {
                    for &n in v {
                        self.put(&mut bytes, u64::from(n), 4);
                    }
                    (4, v.len())
                }
                Values::Rational(n, d) => {
                    self.put(&mut bytes, u64::from(*n), 4);
                    self.put(&mut bytes, u64::from(*d), 4);
                    (5, 1)
                }
                Values::Bytes(v) => {
                    bytes.extend(v);
                    (7, v.len())
                }
            };
            if bytes.len() > self.offset() {
                let place = out.len() as u64;
                out.extend(&bytes);
                bytes.clear();
                self.put(&mut bytes, place, self.offset());
            }
            bytes.resize(self.offset(), 0);
            written.push((*tag, kind, count, bytes));
        }
        let start = out.len() as u64;
        let mut address = Vec::new();
        self.put(&mut address, start, self.offset());
        out[link..link + self.offset()].copy_from_slice(&address);
        self.put(out, written.len() as u64, if self.big { 8 } else { 2 });
        for (tag, kind, count, bytes) in written {
            self.put(out, u64::from(tag), 2);
            self.put(out, kind, 2);
            self.put(out, count as u64, self.offset());
            out.extend(bytes);
        }
        let link = out.len();
        self.put(out, 0, self.offset());
        link
    }
}

/// Differences to the sample `apart` before, row by row, as LZW and Deflate are often given them.
pub fn differences(samples: &[u8], row_bytes: usize, apart: usize) -> Vec<u8> {
    let mut out = samples.to_vec();
    for (row, from) in out.chunks_mut(row_bytes).zip(samples.chunks(row_bytes)) {
        for i in apart..row_bytes {
            row[i] = from[i].wrapping_sub(from[i - apart]);
        }
    }
    out
}

/// Packs bytes.
pub type Packer = fn(&[u8]) -> Vec<u8>;

/// The packers of byte-wise compression by their TIFF number.
pub fn packers() -> Vec<(u16, Packer)> {
    vec![
        (1, <[u8]>::to_vec),
        (5, code::lzw),
        (8, code::zlib),
        (32_946, code::zlib),
        (32_773, |bytes| code::runs(bytes, false)),
    ]
}
