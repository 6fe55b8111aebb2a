//! Strips and tiles of a TIFF page: read, unpacked and put into their places.

use super::directory::{Directory, tag};
use crate::sheet::{Channel, DecodeFault};
use crate::source::colour;
use crate::source::fax::Fax;
use crate::source::plane::{Colour, Opacity, Order, Plane, Samples};
use crate::source::store::Store;
use crate::source::unpack::{LzwKind, RunsEnd, Unpack};
use hayro_ccitt::EncodingMode;
use std::borrow::Cow;

/// Bytes of rows that are unpacked at a time: half of a usual second-level cache.
const BLOCK: usize = 1 << 17;

/// How much larger than its rows a strip's compressed data may be. Two bits of a fax row can take 12 bits of code,
/// random bytes in JPEG and LZW a third more than themselves; what is behind is not looked at.
const MOST_GROWTH: u64 = 8;

/// The same for small strips, which carry tables of their own.
const LEAST_ROOM: u64 = 1 << 16;

/// How a page's samples are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    None,
    /// Fax runs without line ends, each row from a new byte.
    Runs,
    Group3 {
        two_dimensional: bool,
    },
    Group4,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
    OldJpeg,
}

impl Coding {
    pub(super) fn is_fax(self) -> bool {
        matches!(self, Self::Runs | Self::Group3 { .. } | Self::Group4)
    }
}

/// The strips or tiles of a page.
#[allow(clippy::struct_excessive_bools)] // each is a tag of its own
pub(super) struct Chunks {
    samples: Samples,
    coding: Coding,
    /// Each byte's bits are in reverse.
    reversed: bool,
    /// Samples are differences to the one before.
    differences: bool,
    /// One plane a sample in the place of pixels side by side.
    planar: bool,
    /// Columns and rows of a chunk; of strips the page's width.
    size: (usize, usize),
    /// Chunks from left to right.
    across: usize,
    /// Strips end with the page, tiles go over its edge.
    tiled: bool,
    /// Samples that share one colour, across and down, where luma and differences are not alike.
    shared: (usize, usize),
    /// Where each chunk's bytes are, and how many.
    places: Vec<(u64, u64)>,
    tables: Option<Vec<u8>>,
}

/// Where a chunk lies on the page.
#[derive(Debug, Clone, Copy)]
struct Place {
    left: usize,
    top: usize,
    /// Columns and rows of it that are on the page.
    width: usize,
    height: usize,
}

impl Chunks {
    /// The chunks that the directory says; as many as the page needs, or it is damaged.
    pub(super) fn of(
        store: &mut Store<'_>,
        directory: &Directory,
        plane: &Plane,
        samples: Samples,
        coding: Coding,
    ) -> Result<Self, DecodeFault> {
        let tiled = directory.has(tag::TILE_WIDTH) || directory.has(tag::TILE_OFFSETS);
        let size = if tiled {
            let across = directory.number(store, tag::TILE_WIDTH)?.unwrap_or(0);
            let down = directory.number(store, tag::TILE_HEIGHT)?.unwrap_or(0);
            // A tile may be larger than the page, but not than the largest page.
            super::area(across, down)?;
            (across, down)
        } else {
            let rows = directory.number(store, tag::ROWS_PER_STRIP)?.unwrap_or(u64::MAX);
            // 0 stands for all rows with some writers.
            let rows = if rows == 0 { u64::MAX } else { rows };
            (plane.width as u64, rows.min(plane.height as u64))
        };
        let (Ok(across), Ok(down)) = (usize::try_from(size.0), usize::try_from(size.1)) else {
            return Err(DecodeFault::TooLarge);
        };
        let differences = match directory.number(store, tag::PREDICTOR)?.unwrap_or(1) {
            1 => false,
            2 if matches!(coding, Coding::Lzw | Coding::Deflate) => true,
            // It only means something with these two.
            _ if !matches!(coding, Coding::Lzw | Coding::Deflate) => false,
            _ => return Err(DecodeFault::Unsupported),
        };
        if differences && samples.bits < 8 {
            return Err(DecodeFault::Unsupported);
        }
        let planar = samples.count > 1 && directory.number(store, tag::PLANAR)?.unwrap_or(1) == 2;
        let shared = match (&samples.colour, coding, directory.numbers(store, tag::SUBSAMPLING)?) {
            (Colour::YCbCr, Coding::Jpeg, _) => (1, 1),
            // By the book two each way where nothing is said.
            (Colour::YCbCr, _, None) => (2, 2),
            (Colour::YCbCr, _, Some(list)) => match list[..] {
                [a @ (1 | 2 | 4), d @ (1 | 2 | 4)] => (usize::from(a as u8), usize::from(d as u8)),
                _ => return Err(DecodeFault::Unsupported),
            },
            _ => (1, 1),
        };
        let simple = samples.bits == 1 && samples.count == 1 && matches!(samples.colour, Colour::Table(_));
        if coding.is_fax() && !simple || coding == Coding::Jpeg && samples.bits != 8 {
            return Err(DecodeFault::Unsupported);
        }
        let per_row = plane.width.div_ceil(across);
        let needed = per_row * plane.height.div_ceil(down) * if planar { samples.count } else { 1 };
        let chunks = Self {
            coding,
            reversed: directory.number(store, tag::FILL_ORDER)?.unwrap_or(1) == 2,
            differences,
            planar,
            size: (across, down),
            across: per_row,
            tiled,
            shared,
            places: Vec::new(),
            tables: directory.bytes(store, tag::JPEG_TABLES)?.filter(|_| coding == Coding::Jpeg),
            samples,
        };
        let places = chunks.places(store, directory, plane, needed)?;
        Ok(Self { places, ..chunks })
    }

    fn places(
        &self,
        store: &mut Store<'_>,
        directory: &Directory,
        plane: &Plane,
        needed: usize,
    ) -> Result<Vec<(u64, u64)>, DecodeFault> {
        // Some write tiles under the strips' tags.
        let (offsets, counts) = if directory.has(tag::TILE_OFFSETS) {
            (tag::TILE_OFFSETS, tag::TILE_COUNTS)
        } else {
            (tag::STRIP_OFFSETS, tag::STRIP_COUNTS)
        };
        let offsets = directory.numbers(store, offsets)?.ok_or(DecodeFault::Damaged)?;
        let counts = match directory.numbers(store, counts)? {
            Some(counts) if counts.iter().any(|&c| c > 0) => counts,
            // One strip without a length is as long as its rows, or goes to the end of the file.
            _ if needed == 1 && offsets.len() == 1 => {
                let rest = store.length().saturating_sub(offsets[0]);
                let rows = self.samples.row_bytes(plane.width).and_then(|b| b.checked_mul(plane.height));
                let rows = rows.ok_or(DecodeFault::TooLarge)? as u64;
                vec![if self.coding == Coding::None { rows } else { rest.min(Self::most_bytes(rows)) }]
            }
            _ => return Err(DecodeFault::Damaged),
        };
        if offsets.len() < needed || counts.len() < needed {
            return Err(DecodeFault::Damaged);
        }
        Ok(offsets.into_iter().zip(counts).take(needed).collect())
    }

    /// The most bytes that are read for a chunk whose rows take `rows` bytes.
    fn most_bytes(rows: u64) -> u64 {
        rows.saturating_mul(MOST_GROWTH).saturating_add(LEAST_ROOM)
    }

    /// Decodes every chunk into the plane.
    pub(super) fn decode(&self, store: &mut Store<'_>, plane: &mut Plane) -> Result<(), DecodeFault> {
        let mut scratch = Scratch::default();
        let a_plane = self.across * plane.height.div_ceil(self.size.1);
        for index in 0..a_plane {
            let (column, row) = (index % self.across, index / self.across);
            let (left, top) = (column * self.size.0, row * self.size.1);
            let place = Place {
                left,
                top,
                width: self.size.0.min(plane.width - left),
                height: self.size.1.min(plane.height - top),
            };
            match (self.planar, self.coding) {
                (true, _) => self.planes(store, plane, place, (index, a_plane), &mut scratch)?,
                (false, Coding::Jpeg) => self.jpeg(store, plane, place, index)?,
                (false, coding) if coding.is_fax() => self.fax(store, plane, place, index)?,
                (false, _) if self.shared != (1, 1) => self.shared_colour(store, plane, place, index)?,
                _ => self.pixels(store, plane, place, index, &mut scratch)?,
            }
        }
        Ok(())
    }

    /// A chunk's bytes, with their bits in order; `rows` is what its rows take unpacked.
    fn bytes<'s>(
        &self,
        store: &'s mut Store<'_>,
        index: usize,
        rows: usize,
    ) -> Result<Cow<'s, [u8]>, DecodeFault> {
        let (offset, count) = self.places[index];
        if offset.checked_add(count).is_none_or(|end| end > store.length()) {
            return Err(DecodeFault::Truncated);
        }
        let bytes = store.at(offset, count.min(Self::most_bytes(rows as u64)))?;
        if self.reversed && self.coding != Coding::Jpeg {
            return Ok(Cow::Owned(bytes.iter().map(|b| b.reverse_bits()).collect()));
        }
        Ok(bytes)
    }

    /// Columns of a chunk's rows as they are stored: a tile's go over the page's edge.
    fn stored_width(&self, place: Place) -> usize {
        if self.tiled { self.size.0 } else { place.width }
    }

    /// Pixels with their samples side by side.
    fn pixels(
        &self,
        store: &mut Store<'_>,
        plane: &mut Plane,
        place: Place,
        index: usize,
        scratch: &mut Scratch,
    ) -> Result<(), DecodeFault> {
        let row_bytes = self.samples.row_bytes(self.stored_width(place)).ok_or(DecodeFault::TooLarge)?;
        let rows = row_bytes.checked_mul(place.height).ok_or(DecodeFault::TooLarge)?;
        let width = plane.width;
        let mut out = plane.pixels[place.top * width..].chunks_exact_mut(width);
        let per_block = (BLOCK / row_bytes).max(1);
        if self.coding == Coding::None {
            let (offset, count) = self.places[index];
            if (count as usize) < rows {
                return Err(DecodeFault::Truncated);
            }
            let mut done = 0;
            while done < place.height {
                let now = per_block.min(place.height - done);
                let start = offset.checked_add((done * row_bytes) as u64).ok_or(DecodeFault::Truncated)?;
                let bytes = store.at(start, (now * row_bytes) as u64)?;
                for row in bytes.chunks_exact(row_bytes) {
                    let turned: Vec<u8>;
                    let row = if self.reversed {
                        turned = row.iter().map(|b| b.reverse_bits()).collect();
                        &turned
                    } else {
                        row
                    };
                    let Some(out) = out.next() else { return Err(DecodeFault::Damaged) };
                    self.samples.levels(row, &mut out[place.left..place.left + place.width]);
                }
                done += now;
            }
            return Ok(());
        }
        let bytes = self.bytes(store, index, rows)?;
        let mut unpack = self.unpack(&bytes)?;
        scratch.block.resize(per_block.min(place.height) * row_bytes, 0);
        let mut done = 0;
        while done < place.height {
            let now = per_block.min(place.height - done);
            let block = &mut scratch.block[..now * row_bytes];
            unpack.fill(block)?;
            for row in block.chunks_exact_mut(row_bytes) {
                if self.differences {
                    add_up(row, &self.samples, self.samples.count);
                }
                let Some(out) = out.next() else { return Err(DecodeFault::Damaged) };
                self.samples.levels(row, &mut out[place.left..place.left + place.width]);
            }
            done += now;
        }
        unpack.finish()
    }

    fn unpack<'d>(&self, bytes: &'d [u8]) -> Result<Unpack<'d>, DecodeFault> {
        Ok(match self.coding {
            Coding::None => Unpack::Stored(bytes),
            Coding::Lzw => {
                // A first code of 256 with its lower bits first begins so, and no other does.
                let old = matches!(bytes, [0, second, ..] if second & 1 == 1);
                Unpack::lzw(bytes, if old { LzwKind::Old } else { LzwKind::Early })
            }
            Coding::Deflate => Unpack::inflate(bytes),
            Coding::PackBits => Unpack::runs(bytes, RunsEnd::Nothing),
            _ => return Err(DecodeFault::Unsupported),
        })
    }

    /// One plane a sample: those that are needed are brought together row by row.
    fn planes(
        &self,
        store: &mut Store<'_>,
        plane: &mut Plane,
        place: Place,
        (index, a_plane): (usize, usize),
        scratch: &mut Scratch,
    ) -> Result<(), DecodeFault> {
        if self.coding.is_fax()
            || self.coding == Coding::Jpeg
            || self.samples.bits < 8
            || self.shared != (1, 1)
        {
            return Err(DecodeFault::Unsupported);
        }
        let needed = self.samples.colour.samples() + usize::from(self.samples.opacity != Opacity::None);
        let step = usize::from(self.samples.bits / 8);
        let row_bytes = self.stored_width(place) * step;
        let rows = row_bytes.checked_mul(place.height).ok_or(DecodeFault::TooLarge)?;
        // All planes are unpacked in step, so that no more than a row of each is there.
        let mut data = Vec::with_capacity(needed);
        for sample in 0..needed {
            data.push(self.bytes(store, sample * a_plane + index, rows)?.into_owned());
        }
        let mut planes = data.iter().map(|d| self.unpack(d)).collect::<Result<Vec<_>, _>>()?;
        let upper = usize::from(step == 2 && self.samples.order == Order::Little);
        let together = Samples { bits: 8, count: needed, ..self.samples.clone() };
        let mut row = vec![0; row_bytes];
        scratch.block.clear();
        scratch.block.resize(place.width * needed, 0);
        let width = plane.width;
        for out in plane.pixels[place.top * width..].chunks_exact_mut(width).take(place.height) {
            for (sample, unpack) in planes.iter_mut().enumerate() {
                unpack.fill(&mut row)?;
                if self.differences {
                    add_up(&mut row, &self.samples, 1);
                }
                let pixels = scratch.block.chunks_exact_mut(needed);
                pixels.zip(row.chunks_exact(step)).for_each(|(pixel, s)| pixel[sample] = s[upper]);
            }
            together.levels(&scratch.block, &mut out[place.left..place.left + place.width]);
        }
        planes.iter_mut().try_for_each(Unpack::finish)
    }

    /// Luma and differences in blocks: each has its lumas row by row and then the two differences.
    fn shared_colour(
        &self,
        store: &mut Store<'_>,
        plane: &mut Plane,
        place: Place,
        index: usize,
    ) -> Result<(), DecodeFault> {
        if self.samples.channel != Channel::Luma || self.samples.count != 3 || self.differences {
            return Err(DecodeFault::Unsupported);
        }
        let (across, down) = self.shared;
        let blocks = self.stored_width(place).div_ceil(across);
        let unit = across * down + 2;
        let total = place.height.div_ceil(down).checked_mul(blocks * unit).ok_or(DecodeFault::TooLarge)?;
        let bytes = self.bytes(store, index, total)?;
        let mut unpack = self.unpack(&bytes)?;
        let mut line = vec![0; blocks * unit];
        for y in (0..place.height).step_by(down) {
            unpack.fill(&mut line)?;
            for (column, block) in line.chunks_exact(unit).enumerate() {
                for (i, &level) in block[..across * down].iter().enumerate() {
                    let (x, y) = (column * across + i % across, y + i / across);
                    if x < place.width && y < place.height {
                        plane.pixels[(place.top + y) * plane.width + place.left + x] = level;
                    }
                }
            }
        }
        unpack.finish()
    }

    fn fax(
        &self,
        store: &mut Store<'_>,
        plane: &mut Plane,
        place: Place,
        index: usize,
    ) -> Result<(), DecodeFault> {
        let stored = self.stored_width(place);
        let bytes = self.bytes(store, index, stored.div_ceil(8) * place.height)?;
        let fax = Fax {
            mode: match self.coding {
                Coding::Group4 => EncodingMode::Group4,
                Coding::Group3 { two_dimensional: true } => EncodingMode::Group3_2D,
                _ => EncodingMode::Group3_1D,
            },
            byte_aligned: self.coding == Coding::Runs,
            end_of_block: self.coding != Coding::Runs,
        };
        let paper = if self.samples.colour == Colour::gray(1, true) { 255 } else { 0 };
        let width = plane.width;
        if stored == width {
            let out = &mut plane.pixels[place.top * width..][..place.height * width];
            return fax.decode(&bytes, width, paper, out);
        }
        let mut tile = vec![0; stored * place.height];
        fax.decode(&bytes, stored, paper, &mut tile)?;
        copy(&tile, stored, plane, place);
        Ok(())
    }

    /// A chunk that is a JPEG without its tables, or with them.
    fn jpeg(
        &self,
        store: &mut Store<'_>,
        plane: &mut Plane,
        place: Place,
        index: usize,
    ) -> Result<(), DecodeFault> {
        let stored = self.stored_width(place);
        let raw = stored.checked_mul(self.size.1 * self.samples.count).ok_or(DecodeFault::TooLarge)?;
        let bytes = self.bytes(store, index, raw)?;
        let mut file = match &self.tables {
            Some(tables) => joined(tables, &bytes).ok_or(DecodeFault::Damaged)?,
            None => bytes.into_owned(),
        };
        let (width, height, parts) = colour::size(&file).ok_or(DecodeFault::Damaged)?;
        // Rows behind the page's end may be there: the last strip's padding, up to a block of 8 or 16.
        let most = self.size.1.next_multiple_of(16);
        if width != stored || height < place.height || height > most {
            return Err(DecodeFault::Damaged);
        }
        if usize::from(parts) != self.samples.count {
            return Err(DecodeFault::Damaged);
        }
        if self.samples.colour == Colour::Rgb {
            file = colour::marked_rgb(&file);
        }
        let read = colour::jpeg(&file, self.samples.channel)?;
        if read.width != width || read.height != height {
            return Err(DecodeFault::Damaged);
        }
        let white = self.samples.colour == Colour::gray(8, true);
        if (width, place.height) == (plane.width, plane.height) && !white {
            plane.pixels = read.pixels;
            plane.pixels.truncate(plane.width * plane.height);
            return Ok(());
        }
        copy(&read.pixels, width, plane, place);
        if white {
            let width = plane.width;
            let rows = plane.pixels[place.top * width..].chunks_exact_mut(width).take(place.height);
            for row in rows {
                row[place.left..place.left + place.width].iter_mut().for_each(|l| *l = 255 - *l);
            }
        }
        Ok(())
    }
}

/// Buffers that the chunks of a page share.
#[derive(Default)]
struct Scratch {
    block: Vec<u8>,
}

/// Rows of a chunk to their place.
fn copy(from: &[u8], stride: usize, plane: &mut Plane, place: Place) {
    let width = plane.width;
    let out = plane.pixels[place.top * width..].chunks_exact_mut(width).take(place.height);
    for (out, row) in out.zip(from.chunks_exact(stride)) {
        out[place.left..place.left + place.width].copy_from_slice(&row[..place.width]);
    }
}

/// Tables and data of a JPEG as one file: the end of the first and the beginning of the second are left out.
fn joined(tables: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
    let rest = data.strip_prefix(&[0xff, 0xd8])?;
    tables.starts_with(&[0xff, 0xd8]).then(|| [tables, rest].concat())
}

/// Turns differences into samples; `apart` samples lie between a sample and the one it differs from.
fn add_up(row: &mut [u8], samples: &Samples, apart: usize) {
    if samples.bits == 8 {
        for i in apart..row.len() {
            row[i] = row[i].wrapping_add(row[i - apart]);
        }
        return;
    }
    let word = |bytes: [u8; 2]| match samples.order {
        Order::Big => u16::from_be_bytes(bytes),
        Order::Little => u16::from_le_bytes(bytes),
    };
    for i in (2 * apart..row.len().saturating_sub(1)).step_by(2) {
        let before = i - 2 * apart;
        let sum = word([row[i], row[i + 1]]).wrapping_add(word([row[before], row[before + 1]]));
        let bytes = match samples.order {
            Order::Big => sum.to_be_bytes(),
            Order::Little => sum.to_le_bytes(),
        };
        row[i..i + 2].copy_from_slice(&bytes);
    }
}
