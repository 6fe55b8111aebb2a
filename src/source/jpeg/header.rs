//! The segments between the markers: sizes, tables and what they say about the picture.

use super::DecodeFault;
use super::huffman::{AcTable, DcTable};
use std::sync::Arc;

/// The codes of the markers that matter here.
pub(super) mod marker {
    pub(crate) const SOF0: u8 = 0xc0;
    pub(crate) const SOF1: u8 = 0xc1;
    pub(crate) const DHT: u8 = 0xc4;
    pub(crate) const JPG: u8 = 0xc8;
    pub(crate) const DAC: u8 = 0xcc;
    pub(crate) const RST0: u8 = 0xd0;
    pub(crate) const RST7: u8 = 0xd7;
    pub(crate) const SOI: u8 = 0xd8;
    pub(crate) const EOI: u8 = 0xd9;
    pub(crate) const SOS: u8 = 0xda;
    pub(crate) const DQT: u8 = 0xdb;
    pub(crate) const DNL: u8 = 0xdc;
    pub(crate) const DRI: u8 = 0xdd;
    pub(crate) const DHP: u8 = 0xde;
    pub(crate) const EXP: u8 = 0xdf;
    pub(crate) const APP0: u8 = 0xe0;
    pub(crate) const APP14: u8 = 0xee;
    pub(crate) const APP15: u8 = 0xef;
    pub(crate) const COM: u8 = 0xfe;
}

/// The index of each coefficient, in the order of the file, within a block's rows.
#[rustfmt::skip]
pub(super) const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// One colour channel, as the frame states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    pub id: u8,
    /// Blocks of it in a unit of the scan, across and down.
    pub across: usize,
    pub down: usize,
    /// Its quantisation table.
    pub steps: usize,
}

/// The frame header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// The marker that began it, which tells the process.
    pub process: u8,
    pub bits: u8,
    pub width: usize,
    pub height: usize,
    pub components: Vec<Component>,
}

/// The scan header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScanHeader {
    /// Index of the component in the frame, its DC and its AC table.
    pub parts: Vec<(usize, usize, usize)>,
    /// First and last coefficient.
    pub band: (usize, usize),
    /// Bits of precision: known before, and left out still.
    pub approximation: (u8, u8),
}

/// All that was stated so far.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub frame: Option<Frame>,
    /// Quantisation steps, in the order of the file.
    pub steps: [Option<[u16; 64]>; 4],
    pub dc: [Option<Arc<DcTable>>; 4],
    pub ac: [Option<Arc<AcTable>>; 4],
    /// Units between restart markers; 0 is none.
    pub restart: usize,
    jfif: bool,
    adobe: Option<u8>,
    /// Unit and density.
    pub density: Option<(u8, u16)>,
}

/// The marker at `at`, past fill bytes, and where what follows it begins.
pub(super) fn marker_at(bytes: &[u8], at: usize) -> Result<(u8, usize), DecodeFault> {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first() {
        None => return Err(DecodeFault::Truncated),
        Some(0xff) => {}
        Some(_) => return Err(DecodeFault::Damaged),
    }
    let fill = rest.iter().position(|&b| b != 0xff).ok_or(DecodeFault::Truncated)?;
    if rest[fill] == 0 { Err(DecodeFault::Damaged) } else { Ok((rest[fill], at + fill + 1)) }
}

/// The segment whose length stands at `at`, and where the next marker is.
pub(super) fn segment(bytes: &[u8], at: usize) -> Result<(&[u8], usize), DecodeFault> {
    let length = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or(DecodeFault::Truncated)?;
    let end = at + usize::from(u16::from_be_bytes(*length));
    if end < at + 2 {
        return Err(DecodeFault::Damaged);
    }
    Ok((bytes.get(at + 2..end).ok_or(DecodeFault::Truncated)?, end))
}

fn pair(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|&b| u16::from_be_bytes(b))
}

impl Header {
    /// Takes in a segment that is no scan header.
    pub(super) fn take(&mut self, code: u8, body: &[u8]) -> Result<(), DecodeFault> {
        match code {
            marker::DHT => self.huffman(body),
            marker::DQT => self.quantisation(body),
            marker::DRI => {
                let &[high, low] = body else { return Err(DecodeFault::Damaged) };
                self.restart = usize::from(u16::from_be_bytes([high, low]));
                Ok(())
            }
            marker::APP0 => {
                if let Some(rest) = body.strip_prefix(b"JFIF\0") {
                    self.jfif = true;
                    self.density = rest.get(2).copied().zip(rest.get(3..).and_then(pair));
                }
                Ok(())
            }
            marker::APP14 => {
                if body.starts_with(b"Adobe") {
                    self.adobe = body.get(11).copied();
                }
                Ok(())
            }
            marker::APP0..=marker::APP15 | marker::COM => Ok(()),
            // The number of rows behind the scan: no scanner's file; and what belongs to other processes.
            marker::DNL | marker::DAC | marker::DHP | marker::EXP | marker::JPG => {
                Err(DecodeFault::Unsupported)
            }
            marker::SOF0..=0xcf => self.frame_header(code, body),
            _ => Err(DecodeFault::Damaged),
        }
    }

    fn huffman(&mut self, mut body: &[u8]) -> Result<(), DecodeFault> {
        while let Some((&kind, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(DecodeFault::Damaged)?;
            let symbols: usize = counts.iter().map(|&n| usize::from(n)).sum();
            let listed = rest.get(..symbols).ok_or(DecodeFault::Damaged)?;
            let place = usize::from(kind & 15);
            match kind >> 4 {
                0 if place < 4 => self.dc[place] = Some(DcTable::known(counts, listed)?),
                1 if place < 4 => self.ac[place] = Some(AcTable::known(counts, listed)?),
                _ => return Err(DecodeFault::Damaged),
            }
            body = &rest[symbols..];
        }
        Ok(())
    }

    fn quantisation(&mut self, mut body: &[u8]) -> Result<(), DecodeFault> {
        while let Some((&kind, rest)) = body.split_first() {
            let size = match kind >> 4 {
                0 => 64,
                1 => 128,
                _ => return Err(DecodeFault::Damaged),
            };
            let listed = rest.get(..size).ok_or(DecodeFault::Damaged)?;
            let steps: [u16; 64] = std::array::from_fn(|k| match size {
                64 => u16::from(listed[k]),
                _ => u16::from_be_bytes([listed[2 * k], listed[2 * k + 1]]),
            });
            if steps.contains(&0) {
                return Err(DecodeFault::Damaged);
            }
            *self.steps.get_mut(usize::from(kind & 15)).ok_or(DecodeFault::Damaged)? = Some(steps);
            body = &rest[size..];
        }
        Ok(())
    }

    fn frame_header(&mut self, process: u8, body: &[u8]) -> Result<(), DecodeFault> {
        let Some((&[bits, h1, h2, w1, w2, count], listed)) = body.split_first_chunk() else {
            return Err(DecodeFault::Damaged);
        };
        if self.frame.is_some() || count == 0 || listed.len() != usize::from(count) * 3 {
            return Err(DecodeFault::Damaged);
        }
        let height = usize::from(u16::from_be_bytes([h1, h2]));
        let width = usize::from(u16::from_be_bytes([w1, w2]));
        if height == 0 {
            // The number of rows comes behind the scan.
            return Err(DecodeFault::Unsupported);
        }
        if width == 0 {
            return Err(DecodeFault::Damaged);
        }
        let mut components = Vec::with_capacity(usize::from(count));
        for part in listed.chunks_exact(3) {
            let (across, down) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            let known = components.iter().any(|c: &Component| c.id == part[0]);
            if known || !(1..=4).contains(&across) || !(1..=4).contains(&down) || part[2] > 3 {
                return Err(DecodeFault::Damaged);
            }
            components.push(Component { id: part[0], across, down, steps: usize::from(part[2]) });
        }
        self.frame = Some(Frame { process, bits, width, height, components });
        Ok(())
    }

    /// The scan that `body` heads.
    pub(super) fn scan(&self, body: &[u8]) -> Result<ScanHeader, DecodeFault> {
        let frame = self.frame.as_ref().ok_or(DecodeFault::Damaged)?;
        let (&count, rest) = body.split_first().ok_or(DecodeFault::Damaged)?;
        let Some((listed, &[first, last, approximation])) = rest.split_last_chunk::<3>() else {
            return Err(DecodeFault::Damaged);
        };
        if !(1..=4).contains(&count) || listed.len() != usize::from(count) * 2 {
            return Err(DecodeFault::Damaged);
        }
        let mut parts: Vec<(usize, usize, usize)> = Vec::with_capacity(usize::from(count));
        for part in listed.chunks_exact(2) {
            let index = frame.components.iter().position(|c| c.id == part[0]).ok_or(DecodeFault::Damaged)?;
            let (dc, ac) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            // In the frame's order, so each once.
            if parts.last().is_some_and(|&(before, ..)| before >= index) || dc > 3 || ac > 3 {
                return Err(DecodeFault::Damaged);
            }
            parts.push((index, dc, ac));
        }
        let band = (usize::from(first), usize::from(last));
        Ok(ScanHeader { parts, band, approximation: (approximation >> 4, approximation & 15) })
    }

    /// Whether the first component is the picture's luma, by libjpeg's rules.
    pub(super) fn luma_first(&self, frame: &Frame) -> bool {
        match frame.components.len() {
            1 => true,
            3 if self.jfif => true,
            3 => match self.adobe {
                Some(transform) => transform == 1,
                None => !frame.components.iter().map(|c| c.id).eq(*b"RGB"),
            },
            _ => false,
        }
    }
}
