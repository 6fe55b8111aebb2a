//! Files of every format, damaged: each page of them is a page or a fault, in bounded memory.
//!
//! `DUKA_MUTATIONS=1000000 cargo test --release --test mutations` tries as many as that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::must_use_candidate)]
// A few bytes are written here and there.
#![allow(clippy::format_collect, clippy::format_push_string, clippy::missing_panics_doc)]
// The makers of files have more to them than is used here.
#![allow(dead_code)]

#[path = "formats/code.rs"]
mod code;
#[path = "formats/pdf.rs"]
mod pdf;
#[path = "formats/picture.rs"]
mod picture;
#[path = "formats/tiff.rs"]
mod tiff;

use code::{Rows, group3, group4, jpeg, zlib};
use duka::source::{MOST_PIXELS, decode};
use picture::{HEIGHT, WIDTH, bilevel, gray, packed, rgb};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tiff::{FORMS, Form, Page, packers};

/// How many damaged files are tried, unless the environment says otherwise.
const FILES: usize = 10_000;

/// The most memory that the whole test may take, in megabytes: the largest plane that is allowed, once over for the samples it is made
/// of, and the test itself.
const MOST_MEGABYTES: u64 = 2 * (MOST_PIXELS >> 20) + 160;

fn png(color: png::ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder =
        png::Encoder::new(&mut out, u32::try_from(WIDTH).unwrap(), u32::try_from(HEIGHT).unwrap());
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    out
}

/// Whole files of every format and by every road, with names.
fn whole() -> Vec<(&'static str, Vec<u8>)> {
    let mut out = vec![
        ("png gray", png(png::ColorType::Grayscale, png::BitDepth::Eight, &gray())),
        ("png colour", png(png::ColorType::Rgb, png::BitDepth::Eight, &rgb())),
        ("png bits", png(png::ColorType::Grayscale, png::BitDepth::One, &packed(&bilevel(), WIDTH, 1))),
        ("jpeg gray", jpeg(&gray(), WIDTH, HEIGHT, 1)),
        ("jpeg colour", jpeg(&rgb(), WIDTH, HEIGHT, 3)),
    ];
    let little = Form { little: true, big: false };
    for (form, name) in FORMS.into_iter().zip(["tiff II", "tiff MM", "tiff II big", "tiff MM big"]) {
        for (number, pack) in packers() {
            let page = Page::new(&[8], number, 1).strips(&gray(), WIDTH, 64, &pack);
            out.push((name, form.file(&[page.clone(), page])));
        }
    }
    let bits = |bytes: Vec<u8>, number: u16| {
        let page = Page::new(&[1], number, 0).strips(&bytes, bytes.len(), 1, &|b: &[u8]| b.to_vec());
        little.file(&[page.short(278, u16::try_from(HEIGHT).unwrap())])
    };
    out.push(("tiff group 4", bits(group4(&bilevel(), WIDTH), 4)));
    out.push(("tiff group 3", bits(group3(&bilevel(), WIDTH, Rows::Lines), 3)));
    let device = "/ColorSpace/DeviceGray/BitsPerComponent 8";
    out.push(("pdf flate", pdf::of_image(&format!("{device}/Filter/FlateDecode"), &zlib(&gray()))));
    out.push((
        "pdf jpeg",
        pdf::of_image(&format!("{device}/Filter/DCTDecode"), &jpeg(&gray(), WIDTH, HEIGHT, 1)),
    ));
    let fax = format!(
        "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {WIDTH}/Rows {HEIGHT}>>"
    );
    out.push(("pdf fax", pdf::of_image(&fax, &group4(&bilevel(), WIDTH))));
    out
}

/// The file with one to four things done to it.
fn damaged(file: &[u8], other: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        if out.is_empty() {
            break;
        }
        // Most that matters stands at the beginning or at the end.
        let at = match rng.random_range(0..4) {
            0 => rng.random_range(0..out.len().min(200)),
            1 => out.len() - 1 - rng.random_range(0..out.len().min(400)),
            _ => rng.random_range(0..out.len()),
        };
        match rng.random_range(0..7) {
            0 => out[at] ^= 1 << rng.random_range(0..8),
            1 => out[at] = rng.random(),
            2 => out.truncate(at),
            3 => {
                let end = (at + rng.random_range(1..300)).min(out.len());
                out.drain(at..end);
            }
            4 => {
                // Huge or impossible numbers, in either byte order.
                let number =
                    [[0xff; 4], [0, 0, 0x9c, 0x40], [0x40, 0x9c, 0, 0], [0; 4], [0x7f, 0xff, 0xff, 0xff]];
                let number = number[rng.random_range(0..5)];
                let end = (at + 4).min(out.len());
                out[at..end].copy_from_slice(&number[..end - at]);
            }
            5 => {
                let from = rng.random_range(0..other.len());
                let until = (from + rng.random_range(1..2_000)).min(other.len());
                out.splice(at..at, other[from..until].iter().copied());
            }
            _ => {
                let until = (at + rng.random_range(1..64)).min(out.len());
                let copy = out[at..until].to_vec();
                out.splice(at..at, copy);
            }
        }
    }
    out
}

/// The most memory this process has had, in megabytes, where the system tells.
fn peak() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}

#[test]
fn whatever_is_done_to_a_file_comes_to_pages_or_faults() {
    let count = std::env::var("DUKA_MUTATIONS").ok().map_or(FILES, |n| n.parse().unwrap());
    let files = whole();
    for (name, file) in &files {
        assert!(decode(file).all(|(_, page)| page.is_ok()), "{name} is not whole");
    }
    let mut rng = ChaCha8Rng::seed_from_u64(2026);
    let (mut pages, mut faults) = (0, 0);
    let mut slowest = (0, "");
    for n in 0..count {
        let (name, file) = &files[n % files.len()];
        let other = &files[rng.random_range(0..files.len())].1;
        let bytes = damaged(file, other, &mut rng);
        let start = std::time::Instant::now();
        let mut given = 0;
        for (_, page) in decode(&bytes) {
            given += 1;
            assert!(given <= 100_000, "{name} {n}: no end of pages");
            match page {
                Ok(page) => {
                    pages += 1;
                    assert_eq!(page.pixels.len(), page.width * page.height, "{name} {n}");
                    assert!(page.pixels.len() as u64 <= MOST_PIXELS, "{name} {n}");
                }
                Err(_) => faults += 1,
            }
        }
        assert!(given > 0, "{name} {n}: neither a page nor a fault");
        let took = start.elapsed().as_millis();
        if took > slowest.0 {
            slowest = (took, name);
        }
    }
    println!(
        "{count} files: {pages} pages, {faults} faults; slowest {} ms ({}); peak {:?} MB",
        slowest.0,
        slowest.1,
        peak()
    );
    assert!(faults > count / 4, "{faults} faults: what is damaged passes");
    if let Some(peak) = peak() {
        assert!(peak < MOST_MEGABYTES, "{peak} MB");
    }
}
