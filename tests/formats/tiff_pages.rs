//! TIFF in all its variants.

use crate::code::{self, Rows, jpeg};
use crate::picture::{HEIGHT, WIDTH, apart, bilevel, gray, luma, packed, reduced, rgb};
use crate::tiff::{COMPRESSION, FORMS, Form, PHOTOMETRIC, Page, Values, differences, packers};
use crate::{assert_colour, fault, only};
use duka::sheet::DecodeFault;
use duka::source::{Depth, Options, decode, open};

const LITTLE: Form = Form { little: true, big: false };

fn file(page: Page) -> Vec<u8> {
    LITTLE.file(&[page])
}

#[test]
fn gray_in_every_form_and_compression() {
    for form in FORMS {
        for (number, pack) in packers() {
            let page = Page::new(&[8], number, 1).strips(&gray(), WIDTH, 16, &pack);
            let read = only(&form.file(&[page]));
            assert_eq!((read.width, read.height, read.depth), (WIDTH, HEIGHT, Depth::Gray));
            assert!(read.pixels == gray(), "{form:?} {number}");
        }
    }
}

#[test]
fn gray_of_every_depth_and_sense() {
    for (number, pack) in packers() {
        for bits in [1u16, 2, 4, 8] {
            let wide = usize::from(bits);
            let samples = packed(&gray(), WIDTH, wide);
            let page = |photometric| {
                Page::new(&[bits], number, photometric).strips(
                    &samples,
                    (WIDTH * wide).div_ceil(8),
                    40,
                    &pack,
                )
            };
            let read = only(&file(page(1)));
            assert!(read.pixels == reduced(&gray(), wide), "{number} {bits}");
            assert_eq!(read.depth, if bits == 1 { Depth::Bilevel } else { Depth::Gray });
            let turned: Vec<u8> = reduced(&gray(), wide).iter().map(|l| 255 - l).collect();
            assert!(only(&file(page(0))).pixels == turned, "{number} {bits} white is zero");
        }
        for form in FORMS {
            let wide: Vec<u8> =
                gray().iter().flat_map(|&l| if form.little { [3, l] } else { [l, 3] }).collect();
            let page = Page::new(&[16], number, 1).strips(&wide, 2 * WIDTH, 100, &pack);
            assert!(only(&form.file(&[page])).pixels == gray(), "{form:?} {number} 16");
        }
    }
}

#[test]
fn colour_side_by_side_in_planes_and_with_more_samples() {
    for (number, pack) in packers() {
        let page = Page::new(&[8; 3], number, 2).strips(&rgb(), 3 * WIDTH, 30, &pack);
        assert_colour(&file(page), &rgb(), "side by side");
        let mut planes = Page::new(&[8; 3], number, 2).short(284, 2);
        for i in 0..3 {
            planes = planes.strips(&crate::every(&rgb(), 3, i), WIDTH, 30, &pack);
        }
        assert_colour(&file(planes), &rgb(), "in planes");
        // A fourth sample of which nothing is said is not the page's.
        let four: Vec<u8> = rgb().chunks(3).flat_map(|p| [p[0], p[1], p[2], 0]).collect();
        let page = Page::new(&[8; 4], number, 2).short(338, 0).strips(&four, 4 * WIDTH, 30, &pack);
        assert_colour(&file(page), &rgb(), "four samples");
    }
}

#[test]
fn what_is_clear_is_paper() {
    let pack = |bytes: &[u8]| bytes.to_vec();
    let straight: Vec<u8> = gray().iter().flat_map(|&l| [l, 0]).collect();
    let page = Page::new(&[8; 2], 1, 1).short(338, 2).strips(&straight, 2 * WIDTH, 50, &pack);
    assert!(only(&file(page)).pixels.iter().all(|&l| l == 255));
    // Half there, and multiplied by it already: half of the level and half of white.
    let half: Vec<u8> = gray().iter().flat_map(|&l| [l / 2, 128]).collect();
    let page = Page::new(&[8; 2], 1, 1).short(338, 1).strips(&half, 2 * WIDTH, 50, &pack);
    let wanted: Vec<u8> = gray().iter().map(|&l| l / 2 + 127).collect();
    assert!(only(&file(page)).pixels == wanted);
}

#[test]
fn samples_told_by_differences() {
    for (number, pack) in [(5, code::lzw as fn(&[u8]) -> Vec<u8>), (8, code::zlib)] {
        let data = differences(&gray(), WIDTH, 1);
        let page = Page::new(&[8], number, 1).short(317, 2).strips(&data, WIDTH, 33, &pack);
        assert!(only(&file(page)).pixels == gray());
        let data = differences(&rgb(), 3 * WIDTH, 3);
        let page = Page::new(&[8; 3], number, 2).short(317, 2).strips(&data, 3 * WIDTH, 33, &pack);
        assert_colour(&file(page), &rgb(), "differences");
        let page = Page::new(&[8], number, 1).short(317, 3).strips(&gray(), WIDTH, 33, &pack);
        assert_eq!(fault(&file(page)), DecodeFault::Unsupported);
    }
}

#[test]
fn a_palette_is_looked_up() {
    let map = |part: fn(usize) -> u16| (0..256).map(part).collect::<Vec<u16>>();
    let map = [map(|i| (i * 257) as u16), map(|i| ((255 - i) * 257) as u16), map(|_| 0)].concat();
    let page =
        Page::new(&[8], 1, 3).with(320, Values::Short(map)).strips(&gray(), WIDTH, 50, &<[u8]>::to_vec);
    let colours: Vec<u8> = gray().iter().flat_map(|&l| [l, 255 - l, 0]).collect();
    assert_colour(&file(page), &colours, "palette");
}

#[test]
fn tiles_of_every_compression() {
    for (number, pack) in packers() {
        let page = Page::new(&[8], number, 1).tiles(&gray(), 1, 64, &pack);
        assert!(only(&file(page)).pixels == gray(), "{number}");
        let page = Page::new(&[8; 3], number, 2).tiles(&rgb(), 3, 128, &pack);
        assert_colour(&file(page), &rgb(), "tiles");
    }
}

#[test]
fn faxes_of_every_kind() {
    let levels = bilevel();
    let stride = WIDTH;
    let strips = |compression, pack: &dyn Fn(&[u8]) -> Vec<u8>| {
        Page::new(&[1], compression, 0).strips(&levels, stride, 50, pack)
    };
    let group4 = |rows: &[u8]| code::group4(rows, WIDTH);
    let kinds: [(&str, Page); 6] = [
        ("group 4", strips(4, &group4)),
        ("group 3", strips(3, &|rows| code::group3(rows, WIDTH, Rows::Lines))),
        (
            "group 3, filled",
            strips(3, &|rows| code::group3(rows, WIDTH, Rows::Filled)).with(292, Values::Long(vec![4])),
        ),
        (
            "group 3, two-dimensional",
            strips(3, &|rows| code::group3_two(rows, WIDTH)).with(292, Values::Long(vec![1])),
        ),
        ("runs", strips(2, &|rows| code::group3(rows, WIDTH, Rows::Bytes))),
        ("group 4, one strip", Page::new(&[1], 4, 0).strips(&levels, stride, HEIGHT, &group4)),
    ];
    for (name, page) in kinds {
        for form in FORMS {
            let read = only(&form.file(std::slice::from_ref(&page)));
            assert!(read.pixels == levels, "{name} {form:?}");
            assert_eq!(read.depth, Depth::Bilevel, "{name}");
        }
        let turned: Vec<u8> = levels.iter().map(|l| 255 - l).collect();
        assert!(only(&file(page.clone().short(PHOTOMETRIC, 1))).pixels == turned, "{name} black is zero");
        let mut mirrored = page.clone().short(266, 2);
        mirrored.chunks.iter_mut().flatten().for_each(|b| *b = b.reverse_bits());
        assert!(only(&file(mirrored)).pixels == levels, "{name} with its bits in reverse");
        // Rows that are missing are an error in every kind.
        let mut cut = page.clone();
        let chunk = cut.chunks.last_mut().unwrap();
        chunk.truncate(chunk.len() / 2);
        assert!(decode(&file(cut)).next().unwrap().1.is_err(), "{name} cut");
    }
}

#[test]
fn jpeg_in_strips_and_tiles_with_and_without_shared_tables() {
    let strip = |rows: &[u8]| jpeg(rows, WIDTH, rows.len() / WIDTH, 1);
    let whole = Page::new(&[8], 7, 1).strips(&gray(), WIDTH, HEIGHT, &strip);
    let read = only(&file(whole));
    assert!(apart(&read.pixels, &gray()) <= 24);
    let parts = Page::new(&[8], 7, 1).strips(&gray(), WIDTH, 64, &strip);
    assert!(apart(&only(&file(parts.clone())).pixels, &gray()) <= 24);
    // The same with the tables taken out of every strip.
    let split = |file: &[u8]| {
        let mut tables = vec![0xff, 0xd8];
        let mut rest = vec![0xff, 0xd8];
        let mut at = 2;
        loop {
            let length = usize::from(file[at + 2]) << 8 | usize::from(file[at + 3]);
            let segment = &file[at..at + 2 + length];
            match file[at + 1] {
                0xdb | 0xc4 => tables.extend(segment),
                0xda => {
                    rest.extend(&file[at..]);
                    tables.extend([0xff, 0xd9]);
                    return (tables, rest);
                }
                _ => rest.extend(segment),
            }
            at += 2 + length;
        }
    };
    let mut shared = parts.with(347, Values::Bytes(split(&strip(&gray())).0));
    shared.chunks.iter_mut().for_each(|chunk| *chunk = split(chunk).1);
    assert!(apart(&only(&file(shared)).pixels, &gray()) <= 24);
    let tiles = Page::new(&[8], 7, 1).tiles(&gray(), 1, 64, &|tile| jpeg(tile, 64, 64, 1));
    assert!(apart(&only(&file(tiles)).pixels, &gray()) <= 24);

    let smooth: Vec<u8> = (0..WIDTH * HEIGHT)
        .flat_map(|i| [i % WIDTH / 2, 128, i / WIDTH / 2].map(|v| u8::try_from(v).unwrap()))
        .collect();
    let colour = |rows: &[u8]| jpeg(rows, WIDTH, rows.len() / WIDTH / 3, 3);
    let page = Page::new(&[8; 3], 7, 6).strips(&smooth, 3 * WIDTH, 80, &colour);
    assert!(apart(&only(&file(page)).pixels, &luma(&smooth)) <= 5);
    // Old style: the whole file in one piece behind a tag of its own.
    let data = colour(&smooth);
    let old = Page::new(&[8; 3], 6, 6).with(513, Values::Long(vec![0])).with(514, Values::Long(vec![0]));
    assert_eq!(fault(&file(old.clone())), DecodeFault::Unsupported);
    let mut page = old.with(514, Values::Long(vec![u32::try_from(data.len()).unwrap()]));
    page.chunks.push(data);
    // The first chunk stands right behind the header.
    let page = page.with(513, Values::Long(vec![8]));
    assert!(apart(&only(&file(page)).pixels, &luma(&smooth)) <= 5);
}

#[test]
fn luma_and_differences_that_share_pixels() {
    // Two by two lumas, then the differences, unpacked.
    let mut data = Vec::new();
    let levels = gray();
    let at = |x: usize, y: usize| if x < WIDTH && y < HEIGHT { levels[y * WIDTH + x] } else { 0 };
    for y in (0..HEIGHT).step_by(2) {
        for x in (0..WIDTH).step_by(2) {
            data.extend([at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1), 128, 128]);
        }
    }
    let line = WIDTH.div_ceil(2) * 6;
    let page = Page::new(&[8; 3], 5, 6).strips(&data, line, HEIGHT.div_ceil(2), &code::lzw);
    let page = page.with(278, Values::Long(vec![u32::try_from(HEIGHT).unwrap()]));
    assert!(only(&file(page.clone())).pixels == levels);
    assert!(only(&file(page.with(530, Values::Short(vec![2, 2])))).pixels == levels);
}

#[test]
fn strips_in_any_order_and_facts_that_are_missing_or_odd() {
    let pack = |bytes: &[u8]| bytes.to_vec();
    let page = Page::new(&[8], 1, 1).strips(&gray(), WIDTH, 16, &pack);
    let mut backwards = page.clone();
    backwards.backwards = true;
    assert!(only(&file(backwards)).pixels == gray());
    let whole = Page::new(&[8], 1, 1).strips(&gray(), WIDTH, HEIGHT, &pack);
    for rows in [0, u32::MAX, 1000] {
        let page = whole.clone().with(278, Values::Long(vec![rows]));
        assert!(only(&file(page)).pixels == gray(), "{rows} rows a strip");
    }
    let mut none = whole.clone();
    none.entries.retain(|(tag, _)| *tag != 278);
    assert!(only(&file(none)).pixels == gray(), "rows a strip are not said");
    let uncounted = whole.clone().with(279, Values::Long(vec![0]));
    assert!(only(&file(uncounted)).pixels == gray(), "bytes a strip are not said");
    let turned = whole.clone().short(274, 6);
    assert!(only(&file(turned)).pixels == gray(), "the orientation tag is a hint only");
    for (unit, n, d, dpi) in [
        (2, 300, 1, Some(300)),
        (2, 299_999, 1000, Some(300)),
        (3, 118, 1, Some(300)),
        (3, 11_811, 100, Some(300)),
        (1, 300, 1, None),
        (2, 0, 1, None),
        (2, 300, 0, None),
        (2, 0, 0, None),
        (2, u32::MAX, 1, None),
        (9, 300, 1, None),
    ] {
        let page = whole.clone().short(296, unit).with(282, Values::Rational(n, d));
        assert_eq!(only(&file(page)).dpi, dpi, "{unit} {n}/{d}");
    }
    assert_eq!(only(&file(whole.clone().with(282, Values::Rational(200, 1)))).dpi, Some(200));
    assert_eq!(only(&file(whole)).dpi, None);
}

#[test]
fn what_is_not_read_is_refused_and_what_is_too_large_before_it_is_allocated() {
    let pack = |bytes: &[u8]| bytes.to_vec();
    let whole = || Page::new(&[8], 1, 1).strips(&gray(), WIDTH, HEIGHT, &pack);
    assert_eq!(fault(&file(whole().short(COMPRESSION, 34_712))), DecodeFault::Unsupported);
    assert_eq!(fault(&file(whole().short(PHOTOMETRIC, 8))), DecodeFault::Unsupported);
    assert_eq!(fault(&file(whole().short(339, 3))), DecodeFault::Unsupported);
    assert_eq!(fault(&file(whole().short(258, 32))), DecodeFault::Unsupported);
    let huge = whole().with(256, Values::Long(vec![40_000])).with(257, Values::Long(vec![40_000]));
    assert_eq!(fault(&file(huge)), DecodeFault::TooLarge);
    let long = whole().with(257, Values::Long(vec![300_000]));
    assert_eq!(fault(&file(long)), DecodeFault::TooLarge);
    let empty = whole().with(256, Values::Long(vec![0]));
    assert_eq!(fault(&file(empty)), DecodeFault::Damaged);
    let beyond = whole().with(273, Values::Long(vec![u32::MAX - 3]));
    assert_eq!(fault(&file(beyond)), DecodeFault::Truncated);
    let few = whole().with(278, Values::Long(vec![1]));
    assert_eq!(fault(&file(few)), DecodeFault::Damaged);
}

#[test]
fn a_cut_file_is_never_a_page() {
    for (number, pack) in packers() {
        let page = Page::new(&[8], number, 1).strips(&gray(), WIDTH, 64, &pack);
        let whole = file(page);
        for end in (0..whole.len()).step_by(1 + whole.len() / 97) {
            assert!(decode(&whole[..end]).all(|(_, page)| page.is_err()), "{number} cut at {end}");
        }
    }
}

#[test]
fn many_pages_come_in_order_and_a_chain_that_leads_back_ends() {
    let page = |seed: u8| {
        let levels: Vec<u8> = gray().iter().map(|l| l.wrapping_add(seed)).collect();
        Page::new(&[8], 5, 1).strips(&levels, WIDTH, HEIGHT, &code::lzw)
    };
    for form in FORMS {
        let pages: Vec<_> = decode(&form.file(&[page(0), page(1), page(2)])).collect();
        assert_eq!(pages.len(), 3);
        for (seed, (sheet, read)) in (0u8..).zip(pages) {
            assert_eq!(sheet.page, u32::from(seed) + 1);
            assert!(read.unwrap().pixels[5] == gray()[5].wrapping_add(seed));
        }
    }
    let mut looped = LITTLE.file(&[page(0), page(1)]);
    // The last link leads to the first directory.
    let first = u32::from_le_bytes(looped[4..8].try_into().unwrap());
    let end = looped.len();
    looped[end - 4..].copy_from_slice(&first.to_le_bytes());
    let pages: Vec<_> = decode(&looped).map(|(_, page)| page.err()).collect();
    assert_eq!(pages, [None, None, Some(DecodeFault::Damaged)]);
    let mut broken = LITTLE.file(&[page(0), page(1)]);
    broken[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    let pages: Vec<_> = decode(&broken).map(|(_, page)| page.err()).collect();
    assert_eq!(pages, [None, None, Some(DecodeFault::Truncated)]);
}

#[test]
fn a_long_file_is_read_from_the_disk_and_any_page_again() {
    let pack = |bytes: &[u8]| bytes.to_vec();
    let page = |seed: u8| {
        let levels: Vec<u8> = gray().iter().map(|l| l.wrapping_add(seed)).collect();
        Page::new(&[8], 1, 1).strips(&levels, WIDTH, HEIGHT, &pack)
    };
    // 17 MB: more than is held.
    let pages: Vec<Page> = (0..200).map(page).collect();
    let bytes = LITTLE.file(&pages);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.tif");
    std::fs::write(&path, &bytes).unwrap();
    let mut from_disk = open(&path, &Options::default()).unwrap();
    assert_eq!(from_disk.hash(), decode(&bytes).hash());
    for (held, read) in decode(&bytes).zip(from_disk.by_ref()) {
        assert!(held == read);
    }
    assert!(from_disk.next().is_none());
    let again = from_disk.page(77, duka::sheet::Channel::Red).unwrap();
    assert_eq!(again.pixels[9], gray()[9].wrapping_add(76));
    let mut skipped = open(&path, &Options::default()).unwrap();
    assert_eq!(skipped.nth(150).unwrap().0.page, 151);
    // Somebody writes to the file meanwhile.
    let mut changed = open(&path, &Options::default()).unwrap();
    assert!(changed.next().unwrap().1.is_ok());
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(changed.next().unwrap().1, Err(DecodeFault::Changed));
    assert!(changed.next().is_none());
}
