//! TIFF: many pages, read one at a time from memory or from the disk.
//!
//! Directories and strips are read here and not by a library, since every compression that scanners write
//! has a faster decoder than a general reader's, and since the memory of a page must not depend on how it is cut
//! into strips.

mod chunks;
mod directory;

use super::plane::{Colour, Opacity, Plane, Samples, area};
use super::store::Store;
use crate::sheet::{Channel, DecodeFault};
use chunks::{Chunks, Coding};
use directory::{Directory, Form, tag};
use std::collections::HashSet;

/// The most pages that are read from one file. A feeder's batch has hundreds; each costs 16 bytes here.
const MOST_PAGES: u32 = 100_000;

/// The pages of a TIFF file.
pub(super) struct Directories<'b> {
    store: Store<'b>,
    form: Form,
    /// Where the directories are that were found so far.
    found: Vec<u64>,
    /// The same, to notice a chain that leads back.
    seen: HashSet<u64>,
    /// The next of the chain: a page, or why there is none.
    next: Option<Result<u64, DecodeFault>>,
}

impl<'b> Directories<'b> {
    /// The pages of the file.
    pub(super) fn open(mut store: Store<'b>) -> Result<Self, DecodeFault> {
        let (form, first) = Form::of(&mut store)?;
        // A file without any directory.
        let next = Some(if first == 0 { Err(DecodeFault::Damaged) } else { Ok(first) });
        Ok(Self { store, form, found: Vec::new(), seen: HashSet::new(), next })
    }

    /// Page `index` (from 0); `None` behind the last. A page that was given already is found at once.
    pub(super) fn page(&mut self, index: u32, channel: Channel) -> Option<Result<Plane, DecodeFault>> {
        let index = usize::try_from(index).ok()?;
        if let Err(fault) = self.store.unchanged() {
            self.next = None;
            return (index <= self.found.len()).then_some(Err(fault));
        }
        while self.found.len() <= index {
            let offset = match self.next.take()? {
                Ok(offset) => offset,
                // A chain that breaks costs a page, and what is behind it can't be found.
                Err(fault) => return (self.found.len() == index).then_some(Err(fault)),
            };
            match Directory::read(&mut self.store, self.form, offset) {
                Ok(directory) => {
                    self.seen.insert(offset);
                    self.found.push(offset);
                    self.next = self.after(&directory);
                    if self.found.len() == index + 1 {
                        return Some(self.plane(&directory, channel));
                    }
                }
                Err(fault) => return (self.found.len() == index).then_some(Err(fault)),
            }
        }
        let directory = Directory::read(&mut self.store, self.form, self.found[index]);
        Some(directory.and_then(|directory| self.plane(&directory, channel)))
    }

    /// What follows a directory.
    fn after(&self, directory: &Directory) -> Option<Result<u64, DecodeFault>> {
        if directory.next == 0 {
            return None;
        }
        if self.seen.contains(&directory.next) {
            return Some(Err(DecodeFault::Damaged));
        }
        if self.found.len() >= MOST_PAGES as usize {
            return Some(Err(DecodeFault::TooLarge));
        }
        Some(Ok(directory.next))
    }

    fn number(&mut self, directory: &Directory, tag: u16, default: u64) -> Result<u64, DecodeFault> {
        Ok(directory.number(&mut self.store, tag)?.unwrap_or(default))
    }

    fn plane(&mut self, directory: &Directory, channel: Channel) -> Result<Plane, DecodeFault> {
        let width = self.number(directory, tag::WIDTH, 0)?;
        let height = self.number(directory, tag::HEIGHT, 0)?;
        let pixels = area(width, height)?;
        let (width, height) = (usize::try_from(width), usize::try_from(height));
        let (Ok(width), Ok(height)) = (width, height) else { return Err(DecodeFault::TooLarge) };
        let coding = self.coding(directory)?;
        let samples = self.samples(directory, coding, channel)?;
        let mut plane = Plane {
            width,
            height,
            pixels: Vec::new(),
            dpi: directory.dpi(&mut self.store),
            depth: samples.depth(),
        };
        if coding == Coding::OldJpeg {
            self.old_jpeg(directory, &mut plane, channel)?;
            return Ok(plane);
        }
        let chunks = Chunks::of(&mut self.store, directory, &plane, samples, coding)?;
        plane.pixels = vec![0; pixels];
        chunks.decode(&mut self.store, &mut plane)?;
        Ok(plane)
    }

    fn coding(&mut self, directory: &Directory) -> Result<Coding, DecodeFault> {
        let options = self.number(directory, tag::GROUP3_OPTIONS, 0)?;
        Ok(match self.number(directory, tag::COMPRESSION, 1)? {
            1 => Coding::None,
            2 => Coding::Runs,
            3 if options & 2 != 0 => return Err(DecodeFault::Unsupported),
            3 => Coding::Group3 { two_dimensional: options & 1 != 0 },
            4 => Coding::Group4,
            5 => Coding::Lzw,
            6 => Coding::OldJpeg,
            7 => Coding::Jpeg,
            8 | 32_946 => Coding::Deflate,
            32_773 => Coding::PackBits,
            _ => return Err(DecodeFault::Unsupported),
        })
    }

    /// How the file's samples are packed and what they mean.
    fn samples(
        &mut self,
        directory: &Directory,
        coding: Coding,
        channel: Channel,
    ) -> Result<Samples, DecodeFault> {
        let store = &mut self.store;
        let list = directory.numbers(store, tag::BITS)?.unwrap_or_else(|| vec![1]);
        let bits = *list.first().ok_or(DecodeFault::Damaged)?;
        let alike = list.iter().all(|&b| b == bits);
        let formats = directory.numbers(store, tag::SAMPLE_FORMAT)?.unwrap_or_default();
        // 1: whole numbers; 4: not said.
        let whole = formats.iter().all(|&f| f == 1 || f == 4);
        let bits = u8::try_from(bits).ok().filter(|b| matches!(b, 1 | 2 | 4 | 8 | 16) && alike && whole);
        let bits = bits.ok_or(DecodeFault::Unsupported)?;
        let count = directory.number(store, tag::SAMPLES)?.unwrap_or(1);
        // Faxes have been written without saying that 0 is white.
        let photometric = match directory.number(store, tag::PHOTOMETRIC)? {
            Some(photometric) => photometric,
            None if coding.is_fax() => 0,
            None => return Err(DecodeFault::Damaged),
        };
        let colour = match photometric {
            0 | 1 => Colour::gray(bits, photometric == 0),
            2 => Colour::Rgb,
            3 if bits <= 8 => self.palette(directory, bits, channel)?,
            5 => Colour::Cmyk,
            6 if bits == 8 => Colour::YCbCr,
            _ => return Err(DecodeFault::Unsupported),
        };
        let extras = directory.numbers(&mut self.store, tag::EXTRA_SAMPLES)?.unwrap_or_default();
        let count =
            usize::try_from(count).ok().filter(|c| (1..=8).contains(c)).ok_or(DecodeFault::Unsupported)?;
        if count < colour.samples() {
            return Err(DecodeFault::Damaged);
        }
        let opacity = match extras.first() {
            Some(1) if count > colour.samples() => Opacity::Multiplied,
            Some(2) if count > colour.samples() => Opacity::Straight,
            _ => Opacity::None,
        };
        Ok(Samples { bits, count, colour, opacity, order: self.form.order, channel })
    }

    fn palette(&mut self, directory: &Directory, bits: u8, channel: Channel) -> Result<Colour, DecodeFault> {
        let values = directory.numbers(&mut self.store, tag::PALETTE)?.ok_or(DecodeFault::Damaged)?;
        let count = 1usize << bits;
        if values.len() < 3 * count {
            return Err(DecodeFault::Damaged);
        }
        // 16 bits each by the book; some write 8.
        let shift = if values.iter().any(|&v| v > 255) { 8 } else { 0 };
        let part = |at: usize| u8::try_from(values[at] >> shift).unwrap_or(255);
        Ok(Colour::table(|sample| {
            let at = (sample as usize).min(count - 1);
            super::plane::of_colour(channel, part(at), part(count + at), part(2 * count + at))
        }))
    }

    /// JPEG as it was put into TIFF before 1995, where the whole file is in one piece.
    fn old_jpeg(
        &mut self,
        directory: &Directory,
        plane: &mut Plane,
        channel: Channel,
    ) -> Result<(), DecodeFault> {
        let offset = self.number(directory, tag::OLD_JPEG_OFFSET, 0)?;
        let length = self.number(directory, tag::OLD_JPEG_LENGTH, 0)?;
        if offset == 0 || length == 0 {
            return Err(DecodeFault::Unsupported);
        }
        let bytes = self.store.at(offset, length)?;
        // Tables alone, with the picture's data in strips, are not put together.
        let size = super::colour::size(&bytes).ok_or(DecodeFault::Unsupported)?;
        if (size.0, size.1) != (plane.width, plane.height) {
            return Err(DecodeFault::Damaged);
        }
        let read = super::colour::jpeg(&bytes, channel)?;
        *plane = Plane { dpi: plane.dpi, ..read };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
