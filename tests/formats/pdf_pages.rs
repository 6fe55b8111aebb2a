//! PDF as scanners write it, and as they should not.

use crate::code::{self, Rows, jpeg, zlib};
use crate::pdf::{FULL, Pdf, of_image};
use crate::picture::{HEIGHT, WIDTH, apart, bilevel, gray, luma, packed, reduced, rgb};
use crate::tiff::differences;
use crate::{assert_colour, fault, only};
use duka::sheet::DecodeFault;
use duka::source::{Depth, decode};

const GRAY: &str = "/ColorSpace/DeviceGray/BitsPerComponent 8";
const BITS: &str = "/ColorSpace/DeviceGray/BitsPerComponent 1";

#[test]
fn gray_under_every_filter() {
    let pixels = gray();
    let hex: String = pixels.iter().map(|b| format!("{b:02x}")).collect::<String>() + ">";
    let late = weezl::encode::Encoder::new(weezl::BitOrder::Msb, 8).encode(&pixels).unwrap();
    let files = [
        ("none", of_image(GRAY, &pixels)),
        ("Flate", of_image(&format!("{GRAY}/Filter/FlateDecode"), &zlib(&pixels))),
        ("LZW", of_image(&format!("{GRAY}/Filter/LZWDecode"), &code::lzw(&pixels))),
        ("LZW, late", of_image(&format!("{GRAY}/Filter/LZWDecode/DecodeParms<</EarlyChange 0>>"), &late)),
        ("runs", of_image(&format!("{GRAY}/Filter/RunLengthDecode"), &code::runs(&pixels, true))),
        ("hex", of_image(&format!("{GRAY}/Filter/ASCIIHexDecode"), hex.as_bytes())),
        ("85", of_image(&format!("{GRAY}/Filter[/ASCII85Decode/FlateDecode]"), &ascii85(&zlib(&pixels)))),
        ("twice", of_image(&format!("{GRAY}/Filter[/FlateDecode/FlateDecode]"), &zlib(&zlib(&pixels)))),
    ];
    for (name, file) in files {
        let page = only(&file);
        assert_eq!(
            (page.width, page.height, page.depth, page.dpi),
            (WIDTH, HEIGHT, Depth::Gray, Some(72)),
            "{name}"
        );
        assert!(page.pixels == pixels, "{name}");
        let short = file.len() / 3;
        assert!(decode(&file[..short]).all(|(_, page)| page.is_err()), "{name} cut");
    }
}

/// Groups of five digits; the picture's data are a multiple of four or end with fewer.
fn ascii85(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for group in bytes.chunks(4) {
        let mut word = [0; 4];
        word[..group.len()].copy_from_slice(group);
        let mut value = u32::from_be_bytes(word);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = b'!' + (value % 85) as u8;
            value /= 85;
        }
        out.extend(&digits[..=group.len()]);
    }
    out.extend(b"~>");
    out
}

/// Rows with PNG's filters 0 to 4 in turn.
fn png_rows(samples: &[u8], row_bytes: usize, apart: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before = vec![0u8; row_bytes];
    for (y, row) in samples.chunks(row_bytes).enumerate() {
        let kind = y % 5;
        out.push(kind as u8);
        for i in 0..row_bytes {
            let left = if i < apart { 0 } else { row[i - apart] };
            let corner = if i < apart { 0 } else { before[i - apart] };
            let guess = match kind {
                0 => 0,
                1 => left,
                2 => before[i],
                3 => u16::midpoint(u16::from(left), u16::from(before[i])) as u8,
                _ => {
                    let (a, b, c) = (i32::from(left), i32::from(before[i]), i32::from(corner));
                    let p = a + b - c;
                    let nearest =
                        [(a, 0), (b, 1), (c, 2)].into_iter().min_by_key(|&(v, n)| ((p - v).abs(), n));
                    nearest.unwrap().0 as u8
                }
            };
            out.push(row[i].wrapping_sub(guess));
        }
        before.copy_from_slice(row);
    }
    out
}

#[test]
fn predictors_are_undone() {
    let filter = |predictor: u8, colours: usize, bits: usize| {
        format!(
            "/Filter/FlateDecode/DecodeParms<</Predictor {predictor}/Colors {colours}/BitsPerComponent {bits}/Columns {WIDTH}>>"
        )
    };
    for predictor in 10..=15 {
        let data = zlib(&png_rows(&gray(), WIDTH, 1));
        assert!(only(&of_image(&format!("{GRAY}{}", filter(predictor, 1, 8)), &data)).pixels == gray());
        let data = zlib(&png_rows(&rgb(), 3 * WIDTH, 3));
        let dict = format!("/ColorSpace/DeviceRGB/BitsPerComponent 8{}", filter(predictor, 3, 8));
        assert_colour(&of_image(&dict, &data), &rgb(), "png predictor");
    }
    let bits = packed(&gray(), WIDTH, 1);
    let data = zlib(&png_rows(&bits, WIDTH.div_ceil(8), 1));
    assert!(only(&of_image(&format!("{BITS}{}", filter(15, 1, 1)), &data)).pixels == reduced(&gray(), 1));
    let data = zlib(&differences(&gray(), WIDTH, 1));
    assert!(only(&of_image(&format!("{GRAY}{}", filter(2, 1, 8)), &data)).pixels == gray());
}

#[test]
fn every_depth_and_colour_space() {
    for bits in [1usize, 2, 4, 8] {
        let data = zlib(&packed(&gray(), WIDTH, bits));
        let dict = format!("/ColorSpace/DeviceGray/BitsPerComponent {bits}/Filter/FlateDecode");
        let page = only(&of_image(&dict, &data));
        assert!(page.pixels == reduced(&gray(), bits), "{bits}");
        assert_eq!(page.depth, if bits == 1 { Depth::Bilevel } else { Depth::Gray });
        let turned: Vec<u8> = reduced(&gray(), bits).iter().map(|l| 255 - l).collect();
        assert!(only(&of_image(&format!("{dict}/Decode[1 0]"), &data)).pixels == turned);
    }
    let wide: Vec<u8> = gray().iter().flat_map(|&l| [l, l]).collect();
    assert!(only(&of_image("/ColorSpace/DeviceGray/BitsPerComponent 16", &wide)).pixels == gray());
    let flat = zlib(&rgb());
    for space in ["/DeviceRGB", "[/CalRGB<</WhitePoint[1 1 1]>>]"] {
        let file = of_image(&format!("/ColorSpace{space}/BitsPerComponent 8/Filter/FlateDecode"), &flat);
        assert_colour(&file, &rgb(), space);
    }
    let mut pdf = Pdf::new();
    let profile = pdf.stream("/N 3", b"not looked at");
    let image = pdf
        .image(&format!("/ColorSpace[/ICCBased {profile} 0 R]/BitsPerComponent 8/Filter/FlateDecode"), &flat);
    pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
    assert_colour(&pdf.file(), &rgb(), "profile");
    // A palette in a stream: red rises, green falls.
    let mut pdf = Pdf::new();
    let table: Vec<u8> = (0..=255u8).flat_map(|i| [i, 255 - i, 0]).collect();
    let table = pdf.stream("/Filter/FlateDecode", &zlib(&table));
    let image =
        pdf.image(&format!("/ColorSpace[/Indexed/DeviceRGB 255 {table} 0 R]/BitsPerComponent 8"), &gray());
    pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
    let colours: Vec<u8> = gray().iter().flat_map(|&l| [l, 255 - l, 0]).collect();
    assert_colour(&pdf.file(), &colours, "palette");
    // A palette of two in a string.
    let dict = "/ColorSpace[/Indexed/DeviceGray 1<ff00>]/BitsPerComponent 1";
    let turned: Vec<u8> = reduced(&gray(), 1).iter().map(|l| 255 - l).collect();
    let page = only(&of_image(dict, &packed(&gray(), WIDTH, 1)));
    assert!(page.pixels == turned && page.depth == Depth::Bilevel);
}

#[test]
fn faxes_of_every_kind() {
    let levels = bilevel();
    let turned: Vec<u8> = levels.iter().map(|l| 255 - l).collect();
    let kinds = [
        ("/K -1", code::group4(&levels, WIDTH)),
        ("/K 0", code::group3(&levels, WIDTH, Rows::Lines)),
        ("/K 0/EndOfLine true", code::group3(&levels, WIDTH, Rows::Lines)),
        ("/K 0/EncodedByteAlign true/EndOfBlock false", code::group3(&levels, WIDTH, Rows::Bytes)),
        ("/K 4", code::group3_two(&levels, WIDTH)),
    ];
    for (kind, data) in kinds {
        let dict = |more: &str, decode: &str| {
            format!(
                "{BITS}{decode}/Filter/CCITTFaxDecode/DecodeParms<<{kind}/Columns {WIDTH}/Rows {HEIGHT}{more}>>"
            )
        };
        let page = only(&of_image(&dict("", ""), &data));
        assert!(page.pixels == levels && page.depth == Depth::Bilevel, "{kind}");
        assert!(only(&of_image(&dict("/BlackIs1 true", ""), &data)).pixels == turned, "{kind} black is 1");
        assert!(only(&of_image(&dict("", "/Decode[1 0]"), &data)).pixels == turned, "{kind} turned");
        assert!(only(&of_image(&dict("/BlackIs1 true", "/Decode[1 0]"), &data)).pixels == levels);
        let mask = |decode| {
            let dict = dict("", "").replace(BITS, &format!("/ImageMask true{decode}"));
            only(&of_image(&dict, &data))
        };
        // Samples of 0 paint in the colour that is set, which is black; the fax's black is 0.
        assert!(mask("").pixels == levels, "{kind} stencil");
        assert!(mask("/Decode[1 0]").pixels == turned, "{kind} turned stencil");
        let cut = of_image(&dict("", ""), &data[..data.len() * 2 / 3]);
        assert!(decode(&cut).next().unwrap().1.is_err(), "{kind} cut");
    }
}

#[test]
fn jpeg_alone_and_behind_another_filter() {
    let data = jpeg(&gray(), WIDTH, HEIGHT, 1);
    let read = only(&data).pixels;
    assert!(only(&of_image(&format!("{GRAY}/Filter/DCTDecode"), &data)).pixels == read);
    let chained = of_image(&format!("{GRAY}/Filter[/FlateDecode/DCTDecode]"), &zlib(&data));
    assert!(only(&chained).pixels == read);
    let turned: Vec<u8> = read.iter().map(|l| 255 - l).collect();
    assert!(only(&of_image(&format!("{GRAY}/Decode[1 0]/Filter/DCTDecode"), &data)).pixels == turned);
    let data = jpeg(&rgb(), WIDTH, HEIGHT, 3);
    let file = of_image("/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", &data);
    assert!(only(&file).pixels == only(&data).pixels);
    let cut = of_image(&format!("{GRAY}/Filter/DCTDecode"), &data[..data.len() / 2]);
    assert!(decode(&cut).next().unwrap().1.is_err());
}

/// JBIG2 as PDF holds it: a page and one region of Group 4 codes.
fn jbig2(levels: &[u8]) -> Vec<u8> {
    let (width, height) =
        (u32::try_from(WIDTH).unwrap().to_be_bytes(), u32::try_from(HEIGHT).unwrap().to_be_bytes());
    let mut out = vec![0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19];
    out.extend([width, height].concat());
    out.extend([0; 11]);
    let data = code::group4(levels, WIDTH);
    out.extend([0, 0, 0, 1, 38, 0, 1]);
    out.extend(u32::try_from(18 + data.len()).unwrap().to_be_bytes());
    out.extend([width, height].concat());
    out.extend([0; 9]);
    // Group 4 in the place of arithmetic codes.
    out.push(1);
    out.extend(data);
    out
}

#[test]
fn jbig2_and_jpeg_2000() {
    let data = jbig2(&bilevel());
    let file = of_image(&format!("{BITS}/Filter/JBIG2Decode"), &data);
    assert!(only(&file).pixels == bilevel());
    for end in [20, 40, 80, data.len() - 100] {
        let cut = of_image(&format!("{BITS}/Filter/JBIG2Decode"), &data[..end]);
        assert!(decode(&cut).next().unwrap().1.is_err(), "cut at {end}");
    }
    // 240 × 210 pixels in steps, lossless.
    let data = include_bytes!("ramp.jp2");
    let levels: Vec<u8> =
        (0..240 * 210usize).map(|i| ((i % 240 / 8 * 11 + i / 240 / 16 * 13) % 256) as u8).collect();
    let mut pdf = Pdf::new();
    let image = pdf.stream("/Subtype/Image/Width 240/Height 210/Filter/JPXDecode", data);
    pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
    assert!(only(&pdf.file()).pixels == levels);
    for end in [100, data.len() / 2, data.len() - 40] {
        let mut pdf = Pdf::new();
        let image = pdf.stream("/Subtype/Image/Width 240/Height 210/Filter/JPXDecode", &data[..end]);
        pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
        assert!(decode(&pdf.file()).next().unwrap().1.is_err(), "cut at {end}");
    }
}

/// The picture turned by quarters clockwise.
fn turned(levels: &[u8], quarters: usize) -> (usize, Vec<u8>) {
    let (mut width, mut out) = (WIDTH, levels.to_vec());
    for _ in 0..quarters {
        let height = out.len() / width;
        out = (0..out.len()).map(|i| out[(height - 1 - i % height) * width + i / height]).collect();
        width = height;
    }
    (width, out)
}

#[test]
fn pages_are_turned_as_they_are_shown() {
    let file = |content: &str, more: &str| {
        let mut pdf = Pdf::new();
        let image = pdf.image(&format!("{GRAY}/Filter/FlateDecode"), &zlib(&gray()));
        pdf.page(&[image], content, more);
        only(&pdf.file())
    };
    for quarters in 0..4 {
        let page = file(&format!("{FULL} cm /I0 Do"), &format!("/Rotate {}", 90 * quarters));
        assert!((page.width, page.pixels) == turned(&gray(), quarters), "{quarters}");
    }
    // By the matrix: upside down in the file, and turned a quarter and back by the page.
    let page = file("333 0 0 -257 0 257 cm /I0 Do", "");
    let upside: Vec<u8> = gray().chunks(WIDTH).rev().flatten().copied().collect();
    assert!(page.pixels == upside);
    let page = file("-333 0 0 -257 333 257 cm /I0 Do", "/Rotate 180");
    assert!(page.pixels == gray());
    let page = file("0 333 -257 0 257 0 cm /I0 Do", "/MediaBox[0 0 257 333]/Rotate 90");
    assert!((page.width, page.pixels) == (WIDTH, gray()));
    // A little askew: as it is stored.
    let page = file("332 6 -5 256 2 1 cm /I0 Do", "");
    assert!(page.pixels == gray());
    // Two matrices, of which the first is the outer; 150 dpi.
    let page = file("q .48 0 0 .48 0 0 cm q 333 0 0 257 0 0 cm /I0 Do Q Q", "/MediaBox[0 0 159.84 123.36]");
    assert_eq!((page.width, page.dpi), (WIDTH, Some(150)));
}

#[test]
fn pictures_are_put_together() {
    let mut pdf = Pdf::new();
    let (mut images, mut content) = (Vec::new(), String::new());
    for (i, rows) in gray().chunks(WIDTH * 16).enumerate() {
        let height = rows.len() / WIDTH;
        let dict = format!("/Subtype/Image/Width {WIDTH}/Height {height}{GRAY}/Filter/FlateDecode");
        images.push(pdf.stream(&dict, &zlib(rows)));
        let low = HEIGHT - 16 * i - height;
        content += &format!("q {WIDTH} 0 0 {height} 0 {low} cm /I{i} Do Q\n");
    }
    pdf.page(&images, &content, "");
    let page = only(&pdf.file());
    assert_eq!((page.width, page.height, page.dpi), (WIDTH, HEIGHT, Some(72)));
    assert!(page.pixels == gray());
    // The same with the page turned.
    pdf.page(&images, &content, "/Rotate 270");
    let pages: Vec<_> = decode(&pdf.file()).map(|(_, page)| page.unwrap()).collect();
    assert!((pages[1].width, pages[1].pixels.clone()) == turned(&gray(), 3));
    // A strip that is named and not there is a page that is lost.
    let mut lost = pdf.clone();
    lost.page(&images[1..], &content, "");
    assert_eq!(decode(&lost.file()).nth(2).unwrap().1, Err(DecodeFault::Damaged));
}

#[test]
fn what_is_seen_beside_the_picture_decides_the_road() {
    let file = |content: &str, more: &str| {
        let mut pdf = Pdf::new();
        let image = pdf.image(&format!("{GRAY}/Filter/FlateDecode"), &zlib(&gray()));
        pdf.page(&[image], content, more);
        pdf.file()
    };
    let picture = format!("q {FULL} cm /I0 Do Q");
    // Text that can't be seen, paper under the picture, and a cut along the page's edge change nothing.
    let text = "BT 3 Tr /F1 9 Tf 10 10 Td (ocr) Tj ET";
    assert!(only(&file(&format!("{picture} {text}"), "")).pixels == gray());
    assert!(only(&file(&format!("1 g 0 0 333 257 re f {picture}"), "")).pixels == gray());
    assert!(only(&file(&format!("0 0 333 257 re W n {picture}"), "")).pixels == gray());
    // A part cut off is not read.
    let page = only(&file(&picture, "/CropBox[0 20 333 257]"));
    assert_eq!((page.width, page.height), (WIDTH, HEIGHT - 20));
    assert!(page.pixels == gray()[..WIDTH * (HEIGHT - 20)]);
    let page = only(&file(&format!("40 0 293 257 re W n {picture}"), ""));
    assert_eq!((page.width, page.pixels[0]), (WIDTH - 40, gray()[40]));
    // A mark that was drawn over the picture is there.
    let page = only(&file(&format!("{picture} 0 g 100 100 60 40 re f"), ""));
    let at = |x: usize, y: usize| page.pixels[y * page.height / HEIGHT * page.width + x * page.width / WIDTH];
    assert_eq!((at(130, HEIGHT - 120), page.dpi), (0, Some(200)));
    // Text in a font that the file doesn't hold can't be drawn.
    assert_eq!(fault(&file(&format!("{picture} BT /F1 9 Tf (seen) Tj ET"), "")), DecodeFault::NotAScan);
    // Half clear.
    let page =
        file(&format!("/G gs {picture}"), "/Resources<</XObject<</I0 3 0 R>>/ExtGState<</G<</ca .5>>>>>>");
    let light = only(&page);
    assert!(light.pixels.iter().all(|&l| l > 120), "laid over white by half");
}

#[test]
fn a_picture_with_an_opacity_lies_on_white() {
    let mut pdf = Pdf::new();
    let mask = pdf.image(&format!("{GRAY}/Filter/FlateDecode"), &zlib(&vec![0; WIDTH * HEIGHT]));
    let image = pdf.image(&format!("{GRAY}/SMask {mask} 0 R"), &gray());
    pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
    assert!(only(&pdf.file()).pixels.iter().all(|&l| l == 255));
}

#[test]
fn a_picture_within_the_content() {
    let mut pdf = Pdf::new();
    let hex: String = gray().iter().map(|b| format!("{b:02x}")).collect();
    let content = format!("{FULL} cm BI /W {WIDTH} /H {HEIGHT} /CS /G /BPC 8 /F /AHx ID {hex}> EI");
    pdf.page(&[], &content, "");
    assert!(only(&pdf.file()).pixels == gray());
}

#[test]
fn files_are_read_however_their_objects_are_written() {
    let mut pdf = Pdf::new();
    let image = pdf.image(&format!("{GRAY}/Filter/FlateDecode"), &zlib(&gray()));
    pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
    let whole = pdf.file();
    assert!(only(&pdf.compressed()).pixels == gray());
    let mut ahead = b"scanner says hello\n".to_vec();
    ahead.extend(&whole);
    assert!(only(&ahead).pixels == gray(), "something in front of the header");
    let text = String::from_utf8_lossy(&whole).into_owned();
    let start = text.rfind("startxref\n").unwrap();
    let tail = whole.len() - (text.len() - start);
    let mut broken = whole[..tail].to_vec();
    broken.extend(b"startxref\n7\n%%EOF\n");
    assert!(only(&broken).pixels == gray(), "the table of references is not found");
    // An update that replaces the picture.
    let mut updated = whole.clone();
    let at = updated.len();
    let turned: Vec<u8> = gray().iter().map(|l| 255 - l).collect();
    let mut object = format!(
        "{image} 0 obj\n<</Subtype/Image/Width {WIDTH}/Height {HEIGHT}{GRAY}/Length {}>>\nstream\n",
        turned.len()
    )
    .into_bytes();
    object.extend(&turned);
    object.extend(b"\nendstream\nendobj\n");
    updated.extend(&object);
    let table = updated.len();
    let before = text[start..].split_whitespace().nth(1).unwrap().to_owned();
    updated.extend(format!("xref\n{image} 1\n{at:010} 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev {before}>>\nstartxref\n{table}\n%%EOF\n").bytes());
    assert!(only(&updated).pixels == turned, "the newest revision counts");
    // No end: cut off, however much of it is there.
    for end in (0..whole.len() - 6).step_by(1 + whole.len() / 61) {
        assert!(decode(&whole[..end]).all(|(_, page)| page.is_err()), "cut at {end}");
    }
    let mut locked = pdf.clone();
    locked.trailer = "/Encrypt<</Filter/Standard/V 1/R 2/O(0)/U(0)/P -1>>/ID[(a)(a)]".into();
    assert_eq!(fault(&locked.file()), DecodeFault::Encrypted);
    let mut lost = pdf.clone();
    lost.count = Some(2);
    let pages: Vec<_> = decode(&lost.file()).map(|(_, page)| page.err()).collect();
    assert_eq!(pages, [None, Some(DecodeFault::Damaged)], "a page that the file says it has");
}

#[test]
fn what_would_take_too_much_is_refused_before_it_does() {
    let size = |more: &str, data: &[u8]| {
        let mut pdf = Pdf::new();
        let image = pdf.stream(&format!("/Subtype/Image{more}"), data);
        pdf.page(&[image], &format!("{FULL} cm /I0 Do"), "");
        fault(&pdf.file())
    };
    let bomb = zlib(&vec![0; 300 << 20]);
    let huge = "/Width 40000/Height 40000/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode";
    assert_eq!(size(huge, &bomb), DecodeFault::TooLarge);
    let small = format!("/Width 300/Height 300{GRAY}/Filter/FlateDecode");
    assert_eq!(size(&small, &bomb), DecodeFault::Damaged);
    let twice = format!("/Width 300/Height 300{GRAY}/Filter[/FlateDecode/FlateDecode]");
    assert_eq!(size(&twice, &zlib(&bomb)), DecodeFault::TooLarge);
    let hidden = format!("/Width 300/Height 300{GRAY}/Filter[/FlateDecode/DCTDecode]");
    assert_eq!(size(&hidden, &bomb), DecodeFault::TooLarge);
    // A page's content.
    let mut pdf = Pdf::new();
    let image = pdf.image(GRAY, &gray());
    pdf.page(&[image], "", "");
    let content = pdf.stream("/Filter/FlateDecode", &bomb);
    pdf.page(&[image], "", &format!("/Contents {content} 0 R"));
    let file = pdf.file();
    assert_eq!(decode(&file).nth(1).unwrap().1, Err(DecodeFault::TooLarge));
    // Half a picture is none.
    let half = format!("{GRAY}/Filter/FlateDecode");
    assert_eq!(fault(&of_image(&half, &zlib(&gray()[..WIDTH * 100]))), DecodeFault::Truncated);
    assert_eq!(fault(&of_image(GRAY, &gray()[..WIDTH * 100])), DecodeFault::Truncated);
}

#[test]
fn a_drawn_card_is_drawn() {
    let layout = duka::layout::shipped("theory-100").unwrap();
    let face = duka::layout::draw::CardFace::default();
    let bytes = duka::layout::draw::cards_pdf(&layout, &[face]).unwrap();
    let page = only(&bytes);
    assert_eq!(page.dpi, Some(200));
    assert!(
        page.width.abs_diff(1654) <= 1 && page.height.abs_diff(2339) <= 1,
        "{} {}",
        page.width,
        page.height
    );
    let registered = duka::register::register_as(&page, &layout).unwrap();
    assert!(registered.residual.0 < 0.1);
    assert!(apart(&page.pixels, &luma(&page.pixels.iter().flat_map(|&l| [l; 3]).collect::<Vec<_>>())) == 0);
}
