//! Small encoders.

use fax::maps::{EOL, black, white};
use fax::{BitWriter, Color, VecWriter};
use std::io::Write;

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn lzw(bytes: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(bytes).unwrap()
}

/// Runs of bytes; `end` writes PDF's end mark.
pub fn runs(bytes: &[u8], end: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let same = rest.iter().take(128).take_while(|&&b| b == first).count();
        if same > 1 {
            out.extend([u8::try_from(257 - same).unwrap(), first]);
            rest = &rest[same..];
        } else {
            let length = rest.len().min(128);
            let mut count = 1;
            while count < length && rest[count] != rest[count - 1] {
                count += 1;
            }
            out.push(u8::try_from(count - 1).unwrap());
            out.extend(&rest[..count]);
            rest = &rest[count..];
        }
    }
    out.extend(end.then_some(128));
    out
}

/// A JPEG of gray (1) or colour (3).
pub fn jpeg(samples: &[u8], width: usize, height: usize, channels: usize) -> Vec<u8> {
    let kind = if channels == 1 { image::ExtendedColorType::L8 } else { image::ExtendedColorType::Rgb8 };
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 95)
        .encode(samples, u32::try_from(width).unwrap(), u32::try_from(height).unwrap(), kind)
        .unwrap();
    out
}

fn colours(row: &[u8]) -> impl Iterator<Item = Color> + '_ {
    row.iter().map(|&l| if l == 0 { Color::Black } else { Color::White })
}

pub fn group4(levels: &[u8], width: usize) -> Vec<u8> {
    let mut encoder = fax::encoder::Encoder::new(VecWriter::new());
    for row in levels.chunks(width) {
        encoder.encode_line(colours(row), u32::try_from(width).unwrap()).unwrap();
    }
    encoder.finish().unwrap().finish()
}

/// How rows of Group 3 lie in the data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// An end-of-line code before each.
    Lines,
    /// The same, filled so that it ends with a byte.
    Filled,
    /// Each from a new byte, without codes.
    Bytes,
}

fn write_run(writer: &mut VecWriter, color: Color, mut length: usize) {
    let table = if color == Color::White { &white::ENTRIES } else { &black::ENTRIES };
    if length >= 64 {
        let (run, bits) = table[63 + length / 64];
        writer.write(bits).unwrap();
        length -= usize::from(run);
    }
    writer.write(table[length].1).unwrap();
}

fn write_row(writer: &mut VecWriter, row: &[u8]) {
    let mut color = Color::White;
    let mut rest = row;
    while !rest.is_empty() {
        let level = if color == Color::White { 255 } else { 0 };
        let run = rest.iter().take_while(|&&l| l == level).count();
        write_run(writer, color, run);
        rest = &rest[run..];
        color = !color;
    }
}

/// Group 3, one-dimensional. The writer pads single bits, so rows that must fill bytes are put together here.
pub fn group3(levels: &[u8], width: usize, rows: Rows) -> Vec<u8> {
    if rows == Rows::Lines {
        let mut writer = VecWriter::new();
        for row in levels.chunks(width) {
            writer.write(EOL).unwrap();
            write_row(&mut writer, row);
        }
        (0..6).for_each(|_| writer.write(EOL).unwrap());
        return writer.finish();
    }
    let mut out = Vec::new();
    for row in levels.chunks(width) {
        if rows == Rows::Filled {
            // 12 bits that end a byte: four zeros before them.
            out.extend([0x00, 0x01]);
        }
        let mut writer = VecWriter::new();
        write_row(&mut writer, row);
        out.extend(writer.finish());
    }
    out
}

/// Group 3, two-dimensional with K of 2: every other row is told by the one before, here by vertical mode 0 where the
/// rows are alike and horizontal mode elsewhere.
pub fn group3_two(levels: &[u8], width: usize) -> Vec<u8> {
    let mut writer = VecWriter::new();
    let bit = |writer: &mut VecWriter, data: u16, len: u8| writer.write(fax::Bits { data, len }).unwrap();
    let mut before: &[u8] = &[];
    for (y, row) in levels.chunks(width).enumerate() {
        writer.write(EOL).unwrap();
        if y % 2 == 0 {
            bit(&mut writer, 1, 1);
            write_row(&mut writer, row);
        } else {
            bit(&mut writer, 0, 1);
            write_like(&mut writer, row, before);
        }
        before = row;
    }
    for _ in 0..6 {
        writer.write(EOL).unwrap();
        bit(&mut writer, 1, 1);
    }
    writer.finish()
}

/// A row told by the one before.
fn write_like(writer: &mut VecWriter, row: &[u8], before: &[u8]) {
    let width = row.len();
    let (mut at, mut started, mut color) = (0, false, 255u8);
    while at < width {
        let change = |line: &[u8], from: usize, level: u8| {
            line[from..].iter().position(|&l| l != level).map_or(width, |n| from + n)
        };
        let a1 = change(row, at, color);
        // The first change on the line before, right of here, to the other colour.
        let first = if started { at + 1 } else { 0 };
        let b1 = (first..width)
            .find(|&x| before[x] != color && (if x == 0 { 255 } else { before[x - 1] }) == color)
            .unwrap_or(width);
        if a1 == b1 {
            writer.write(fax::Bits { data: 1, len: 1 }).unwrap();
            at = a1;
            color = 255 - color;
        } else {
            writer.write(fax::Bits { data: 1, len: 3 }).unwrap();
            let a2 = if a1 < width { change(row, a1, 255 - color) } else { width };
            let of = |level: u8| if level == 255 { Color::White } else { Color::Black };
            write_run(writer, of(color), a1 - at);
            write_run(writer, of(255 - color), a2 - a1);
            at = a2;
        }
        started = true;
    }
}
