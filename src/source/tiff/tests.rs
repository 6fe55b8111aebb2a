use super::*;
use crate::source::Depth;
use std::io::{Cursor, Write};
use tiff::encoder::{Compression, TiffEncoder, colortype};

const WIDTH: u32 = 333;
const HEIGHT: u32 = 120;

fn levels(seed: u32) -> Vec<u8> {
    (0..WIDTH * HEIGHT).map(|i| ((i.wrapping_mul(2_654_435_761).wrapping_add(seed)) >> 24) as u8).collect()
}

fn planes(bytes: &[u8]) -> Vec<Result<Plane, DecodeFault>> {
    let mut directories = match Directories::open(Store::Lent(bytes)) {
        Ok(d) => d,
        Err(e) => return vec![Err(e)],
    };
    (0..).map_while(|index| directories.page(index, Channel::Luma)).collect()
}

#[test]
fn gray_pages_come_in_order_whatever_their_compression() {
    for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Packbits] {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
        for seed in [1, 2] {
            encoder.write_image::<colortype::Gray8>(WIDTH, HEIGHT, &levels(seed)).unwrap();
        }
        let pages = planes(out.get_ref());
        assert_eq!(pages.len(), 2);
        for (seed, page) in [1, 2].into_iter().zip(pages) {
            assert_eq!(page.unwrap().pixels, levels(seed));
        }
    }
}

/// A single-strip fax-coded TIFF, written by hand.
fn group4(black: &dyn Fn(u32, u32) -> bool, photometric: u16) -> Vec<u8> {
    let mut fax = fax::encoder::Encoder::new(fax::VecWriter::new());
    for y in 0..HEIGHT {
        let row = (0..WIDTH).map(|x| if black(x, y) { fax::Color::Black } else { fax::Color::White });
        fax.encode_line(row, WIDTH).unwrap();
    }
    let data = fax.finish().unwrap().finish();
    let mut out = b"II*\0".to_vec();
    out.extend((8 + u32::try_from(data.len()).unwrap()).to_le_bytes());
    out.write_all(&data).unwrap();
    let entries: [(u16, u16, u32); 9] = [
        (256, 4, WIDTH),
        (257, 4, HEIGHT),
        (258, 3, 1),
        (259, 3, 4),
        (262, 3, u32::from(photometric)),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, HEIGHT),
        (279, 4, u32::try_from(data.len()).unwrap()),
    ];
    out.extend(9u16.to_le_bytes());
    for (tag, kind, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(0u32.to_le_bytes());
    out
}

#[test]
fn fax_pages_have_ink_where_it_was_whatever_their_photometric() {
    let disc = |x: u32, y: u32| (x.abs_diff(150)).pow(2) + (y.abs_diff(60)).pow(2) < 1600;
    for (photometric, ink) in [(0, 0), (1, 255)] {
        let pages = planes(&group4(&disc, photometric));
        assert_eq!(pages.len(), 1);
        let page = pages.into_iter().next().unwrap().unwrap();
        assert_eq!(page.depth, Depth::Bilevel);
        let at = |x: u32, y: u32| page.pixels[(y * WIDTH + x) as usize];
        assert_eq!((at(150, 60), at(5, 5), at(332, 119)), (ink, 255 - ink, 255 - ink));
    }
}

#[test]
fn a_fax_page_cut_off_is_never_a_page() {
    let stripes = |x: u32, y: u32| (x + 3 * y) % 17 < 6;
    let whole = group4(&stripes, 0);
    assert!(planes(&whole)[0].is_ok());
    // Take data out of the middle of the strip: the directory's offset is moved with it.
    let mut cut = whole.clone();
    let strip_end = u32::from_le_bytes(cut[4..8].try_into().unwrap()) as usize;
    cut.drain(strip_end - 200..strip_end);
    let moved = u32::try_from(strip_end - 200).unwrap();
    cut[4..8].copy_from_slice(&moved.to_le_bytes());
    assert!(planes(&cut)[0].is_err());
    for end in (9..whole.len()).step_by(53) {
        assert!(planes(&whole[..end]).iter().all(Result::is_err), "cut at {end}");
    }
}
