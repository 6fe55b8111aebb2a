//! Scans in bulk: cards at 100 dpi in black and white, singly and as files of many pages.
#![allow(dead_code, reason = "not every test needs everything")]

use super::Desk;
use duka::layout::draw::CardFace;
use duka::layout::shipped;
use duka::simulate::{Answers, Care, Format, Person, Print, Scanner, sample};
use duka::source::decode;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Cards that differ, as PNG files.
pub fn cards(count: u64) -> Vec<Vec<u8>> {
    let layout = shipped("theory-100").unwrap();
    let print = Print::of(&layout, &CardFace::default()).unwrap();
    let scanner = Scanner { dpi: 100.0, format: Format::BilevelPng(150), ..Scanner::clean() };
    let card = |n: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(n);
        let ticket = format!("261410{n:06}").parse().ok();
        let person = Person { ticket, form: "A".parse().ok(), flags: Vec::new() };
        let answers = Answers::random(&layout, &person, 0.02, &mut rng);
        sample(&layout, &print, &answers, Care::Careful, &scanner, &mut rng).unwrap().bytes
    };
    (0..count).into_par_iter().map(card).collect()
}

/// The given pictures, over and over, as the pages of one plain black-and-white TIFF file.
pub fn tiff(pictures: &[Vec<u8>], pages: usize) -> Vec<u8> {
    let strips: Vec<(u32, u32, Vec<u8>)> = pictures
        .iter()
        .map(|picture| {
            let page = decode(picture).next().unwrap().1.unwrap();
            let mut strip = Vec::new();
            for y in 0..page.height {
                strip.extend(page.row(y).chunks(8).map(|bits| {
                    bits.iter()
                        .enumerate()
                        .fold(0u8, |byte, (i, level)| byte | u8::from(*level > 127) << (7 - i))
                }));
            }
            (u32::try_from(page.width).unwrap(), u32::try_from(page.height).unwrap(), strip)
        })
        .collect();
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for (width, height, strip) in strips.iter().cycle().take(pages) {
        let at = |out: &Vec<u8>| u32::try_from(out.len()).unwrap();
        let data = at(&out);
        out.extend(strip);
        out.resize(out.len().next_multiple_of(2), 0);
        let directory = at(&out);
        out[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let length = u32::try_from(strip.len()).unwrap();
        // Width, height, bits, compression none, black is zero, offset, samples, rows a strip, length.
        let entries: [(u16, u32); 9] = [
            (256, *width),
            (257, *height),
            (258, 1),
            (259, 1),
            (262, 1),
            (273, data),
            (277, 1),
            (278, *height),
            (279, length),
        ];
        out.extend(9u16.to_le_bytes());
        for (tag, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(4u16.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        link = out.len();
        out.extend(0u32.to_le_bytes());
    }
    out
}

/// `duka VERB` on the desk's session.
pub fn duka(desk: &Desk, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duka"));
    command.arg("--session").arg(desk.folder()).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Every file under `folder`.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files_in(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}
