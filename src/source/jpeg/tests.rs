//! Against a library, against damage, and the two transforms against each other.

use super::idct::{Block, Steps, portable};
use super::*;
use crate::sheet::DecodeFault;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Rgb, RgbImage};
use proptest::prelude::*;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A picture with flat parts, edges and noise.
fn levels(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let level = |i: u32| {
        let (x, y) = (i % width, i / width);
        let noise = (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 27) as u8;
        let paper = if (x / 40 + y / 24) % 3 == 0 { 60 } else { 225 };
        if x > width / 2 { paper + noise / 2 } else { paper }
    };
    (0..width * height).map(level).collect()
}

fn gray(width: u32, height: u32, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality)
        .encode(&levels(width, height, 7), width, height, ExtendedColorType::L8)
        .unwrap();
    out
}

fn colour(width: u32, height: u32, quality: u8) -> Vec<u8> {
    let planes = [1, 2, 3].map(|seed| levels(width, height, seed * 9973));
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let at = (y * width + x) as usize;
        Rgb([planes[0][at], planes[1][at] / 2 + 40, planes[2][at]])
    });
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(&picture).unwrap();
    out
}

/// The luma by the library that decodes what is rare.
fn by_library(bytes: &[u8]) -> Vec<u8> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode().unwrap()
}

/// The levels of a block and of its opposite, by the transform that takes two where the processor has it.
fn two_at_a_time(block: &Block, steps: &Steps, corner: bool) -> ([[[u8; 8]; 8]; 2], bool) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = fearless_simd::Level::new().as_avx2() {
        return avx2::pair(avx2, block, &opposite(block), steps, corner);
    }
    let _ = corner;
    one_at_a_time(block, steps)
}

fn one_at_a_time(block: &Block, steps: &Steps) -> ([[[u8; 8]; 8]; 2], bool) {
    let (first, second) =
        (portable::levels::<false>(block, steps), portable::levels::<false>(&opposite(block), steps));
    ([first.0, second.0], first.1 && second.1)
}

fn opposite(block: &Block) -> Block {
    block.map(|row| row.map(i16::wrapping_neg))
}

#[test]
fn every_quality_and_size_is_as_a_library_has_it() {
    for (width, height) in [(320, 240), (1, 1), (8, 8), (9, 17), (67, 3), (201, 130)] {
        for quality in [20, 50, 75, 90, 100] {
            for bytes in [gray(width, height, quality), colour(width, height, quality)] {
                let own = decode(&bytes).unwrap();
                assert_eq!((own.width, own.height), (width as usize, height as usize));
                let other = by_library(&bytes);
                assert_eq!(own.pixels.len(), other.len());
                let apart = own.pixels.iter().zip(&other).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                // The library's transform rounds otherwise.
                assert!(apart <= 2, "{width} × {height} at {quality}: {apart} levels");
            }
        }
    }
}

#[test]
fn a_buffer_is_used_again() {
    let (first, second) = (gray(320, 240, 75), gray(64, 40, 75));
    let mut out = Vec::new();
    assert_eq!(decode_into(&first, &mut out).map(|(w, h, _)| (w, h)), Ok((320, 240)));
    let room = out.capacity();
    assert_eq!(decode_into(&second, &mut out).map(|(w, h, _)| (w, h)), Ok((64, 40)));
    assert_eq!((out.len(), out.capacity()), (64 * 40, room));
}

#[test]
fn a_file_cut_off_anywhere_is_never_a_page() {
    for whole in [gray(320, 240, 90), colour(160, 120, 75)] {
        assert!(decode(&whole).is_ok());
        for end in 0..whole.len() - 1 {
            assert!(decode(&whole[..end]).is_err(), "cut at {end} of {}", whole.len());
            // The same, closed as if it were whole.
            let mut closed = whole[..end].to_vec();
            closed.extend([0xff, 0xd9]);
            assert!(decode(&closed).is_err() || end >= whole.len() - 3, "closed at {end} of {}", whole.len());
        }
    }
}

/// Where the entropy-coded data begin.
fn data(bytes: &[u8]) -> usize {
    let sos = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    sos + 2 + usize::from(u16::from_be_bytes([bytes[sos + 2], bytes[sos + 3]]))
}

#[test]
fn bytes_taken_out_of_the_middle_are_missed() {
    let whole = gray(320, 240, 75);
    let start = data(&whole);
    let (mut tried, mut unnoticed, mut by_a_library) = (0, 0, 0);
    for at in (start..whole.len() - 300).step_by(13) {
        for length in [1, 2, 5, 40, 250] {
            let cut: Vec<u8> = whole[..at].iter().chain(&whole[at + length..]).copied().collect();
            tried += 1;
            unnoticed += usize::from(decode(&cut).is_ok());
            by_a_library += usize::from(library::decode(&cut, &mut Vec::new()).is_ok());
        }
    }
    println!(
        "of {tried} files with a gap {unnoticed} pass, and {by_a_library} with a library in its strict mode"
    );
    // What passes has as many blocks as it should: the codes fell into step again after a few wrong ones, by chance as many as
    // were lost. All that comes later is in its place.
    assert!(tried > 700 && unnoticed * 16 < tried, "{unnoticed} of {tried}");
    assert!(unnoticed * 5 < by_a_library, "{unnoticed} of {by_a_library}");
}

#[test]
fn restart_markers_out_of_order_and_leftovers_are_damage() {
    let whole = gray(64, 64, 75);
    let end = whole.len() - 2;
    let mut restarted = whole[..end].to_vec();
    restarted.extend([0xff, 0xd0, 0xff, 0xd9]);
    assert_eq!(decode(&restarted).err(), Some(DecodeFault::Damaged), "a restart that was not announced");
    let mut longer = whole[..end].to_vec();
    longer.extend([0x12, 0x34, 0xff, 0xd9]);
    assert_eq!(decode(&longer).err(), Some(DecodeFault::Damaged), "two bytes too many");
    let mut padded = whole.clone();
    padded.extend([0; 512]);
    assert!(decode(&padded).is_ok(), "what follows the end does not matter");
}

#[test]
fn a_huge_page_is_refused_before_it_is_allocated() {
    let mut small = gray(64, 64, 75);
    let sof = small.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    small[sof + 5..sof + 9].copy_from_slice(&[0x9c, 0x40, 0x9c, 0x40]);
    assert_eq!(decode(&small).err(), Some(DecodeFault::TooLarge));
}

proptest! {
    #[test]
    fn both_transforms_give_the_same_levels(
        coefficients in proptest::collection::vec((0usize..64, -1100i16..1100), 0..64),
        steps in proptest::collection::vec(1u16..120, 64),
        mean in -1000i16..1000,
    ) {
        let listed: [u16; 64] = steps.try_into().unwrap();
        let table = Steps::new(&listed);
        let mut block: Block = [[0; 8]; 8];
        for (place, value) in coefficients {
            block[place / 8][place % 8] = value / table.each[place / 8][place % 8].max(1);
        }
        block[0][0] = mean / table.each[0][0].max(1);
        prop_assert_eq!(idct::levels::<false>(&block, &table), portable::levels::<false>(&block, &table));
        prop_assert_eq!(two_at_a_time(&block, &table, false), one_at_a_time(&block, &table));
        for row in &mut block[4..] { *row = [0; 8]; }
        for row in &mut block { row[4..].fill(0); }
        prop_assert_eq!(idct::levels::<true>(&block, &table), portable::levels::<true>(&block, &table));
        prop_assert_eq!(two_at_a_time(&block, &table, true), one_at_a_time(&block, &table));
    }

    #[test]
    fn damage_anywhere_never_panics(
        changes in proptest::collection::vec((0usize..6_000, any::<u8>()), 1..8),
        in_colour in any::<bool>(),
    ) {
        let mut bytes = if in_colour { colour(90, 70, 75) } else { gray(90, 70, 75) };
        let length = bytes.len();
        for (at, value) in changes {
            bytes[at % length] = value;
        }
        let mut out = Vec::new();
        if let Ok((width, height, _)) = decode_into(&bytes, &mut out) {
            prop_assert_eq!(out.len(), width * height);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&[&[0xff, 0xd8, 0xff][..], &bytes].concat());
    }
}
