//! Every format a scanner writes, and every variant of it, gives back the same picture.
//!
//! Files are made here from one known picture, without the decoders' own encoders where that can be. Lossless
//! variants are compared pixel by pixel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Samples and sizes: small and in range.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::must_use_candidate)]
// A few bytes are written here and there.
#![allow(clippy::format_collect, clippy::format_push_string, clippy::missing_panics_doc)]

#[path = "formats/code.rs"]
mod code;
#[path = "formats/pdf.rs"]
mod pdf;
#[path = "formats/pdf_pages.rs"]
mod pdf_pages;
#[path = "formats/picture.rs"]
mod picture;
#[path = "formats/tiff.rs"]
mod tiff;
#[path = "formats/tiff_pages.rs"]
mod tiff_pages;

use code::jpeg;
use duka::sheet::{Channel, DecodeFault};
use duka::source::{Depth, Options, Page, decode, decode_with};
use picture::{HEIGHT, WIDTH, apart, bilevel, every, gray, luma, packed, reduced, rgb};

/// The only page of a file.
pub fn only(file: &[u8]) -> Page {
    let mut pages: Vec<_> = decode(file).collect();
    assert_eq!(pages.len(), 1);
    pages.remove(0).1.unwrap()
}

/// The only page of a file through a channel.
pub fn through(file: &[u8], channel: Channel) -> Vec<u8> {
    decode_with(file, &Options { channel }).next().unwrap().1.unwrap().pixels
}

/// Why the first page of a file is none.
pub fn fault(file: &[u8]) -> DecodeFault {
    decode(file).next().unwrap().1.unwrap_err()
}

/// That a colour file gives its luma, and each channel as it is.
pub fn assert_colour(file: &[u8], rgb: &[u8], name: &str) {
    assert!(apart(&only(file).pixels, &luma(rgb)) <= 1, "{name}");
    for (i, channel) in [Channel::Red, Channel::Green, Channel::Blue].into_iter().enumerate() {
        assert!(through(file, channel) == every(rgb, 3, i), "{name} {channel:?}");
    }
}

/// A PNG of these packed samples.
fn png(
    color: png::ColorType,
    depth: png::BitDepth,
    samples: &[u8],
    shape: &dyn Fn(&mut png::Info<'_>),
) -> Vec<u8> {
    let mut info = png::Info::with_size(u32::try_from(WIDTH).unwrap(), u32::try_from(HEIGHT).unwrap());
    info.color_type = color;
    info.bit_depth = depth;
    shape(&mut info);
    let mut out = Vec::new();
    let mut writer = png::Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn png_of_every_depth() {
    use png::{BitDepth, ColorType};
    let plain = |_: &mut png::Info<'_>| {};
    for (bits, depth) in [(1, BitDepth::One), (2, BitDepth::Two), (4, BitDepth::Four), (8, BitDepth::Eight)] {
        let page = only(&png(ColorType::Grayscale, depth, &packed(&gray(), WIDTH, bits), &plain));
        assert_eq!((page.width, page.height), (WIDTH, HEIGHT));
        assert!(page.pixels == reduced(&gray(), bits), "{bits} bits");
        assert_eq!(page.depth, if bits == 1 { Depth::Bilevel } else { Depth::Gray });
        // A palette that turns black and white around.
        let most = (1u32 << bits) - 1;
        let palette: Vec<u8> =
            (0..=most).flat_map(|i| [u8::try_from(255 - i * 255 / most).unwrap(); 3]).collect();
        let page = only(&png(ColorType::Indexed, depth, &packed(&gray(), WIDTH, bits), &|info| {
            info.palette = Some(palette.clone().into());
        }));
        let turned: Vec<u8> = reduced(&gray(), bits).iter().map(|l| 255 - l).collect();
        assert!(page.pixels == turned, "palette of {bits} bits");
        assert_eq!(page.depth, if bits == 1 { Depth::Bilevel } else { Depth::Gray });
    }
    let wide: Vec<u8> = gray().iter().flat_map(|&l| [l, 200]).collect();
    assert!(only(&png(ColorType::Grayscale, BitDepth::Sixteen, &wide, &plain)).pixels == gray());
    assert_colour(&png(ColorType::Rgb, BitDepth::Eight, &rgb(), &plain), &rgb(), "rgb");
    let wide: Vec<u8> = rgb().iter().flat_map(|&l| [l, 9]).collect();
    assert_colour(&png(ColorType::Rgb, BitDepth::Sixteen, &wide, &plain), &rgb(), "rgb of 16 bits");
    let alpha: Vec<u8> = rgb().chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    assert_colour(&png(ColorType::Rgba, BitDepth::Eight, &alpha, &plain), &rgb(), "rgba");
    let clear: Vec<u8> = gray().iter().flat_map(|&l| [l, 0]).collect();
    let page = only(&png(ColorType::GrayscaleAlpha, BitDepth::Eight, &clear, &plain));
    assert!(page.pixels.iter().all(|&l| l == 255));
}

#[test]
fn png_says_its_resolution() {
    let file = png(png::ColorType::Grayscale, png::BitDepth::Eight, &gray(), &|info| {
        info.pixel_dims = Some(png::PixelDimensions { xppu: 11_811, yppu: 11_811, unit: png::Unit::Meter });
    });
    assert_eq!(only(&file).dpi, Some(300));
}

/// Adam7 rows of one-byte pixels, for a writer that doesn't interlace.
fn interlaced(levels: &[u8]) -> Vec<u8> {
    let passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let mut rows = Vec::new();
    for (left, top, across, down) in passes {
        for y in (top..HEIGHT).step_by(down) {
            rows.push(0);
            rows.extend((left..WIDTH).step_by(across).map(|x| levels[y * WIDTH + x]));
        }
    }
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_be_bytes()
    };
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = Vec::new();
    head.extend(u32::try_from(WIDTH).unwrap().to_be_bytes());
    head.extend(u32::try_from(HEIGHT).unwrap().to_be_bytes());
    head.extend([8, 0, 0, 0, 1]);
    for (kind, data) in [(b"IHDR", head), (b"IDAT", code::zlib(&rows)), (b"IEND", Vec::new())] {
        out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let chunk = [kind.as_slice(), &data].concat();
        out.extend(&chunk);
        out.extend(crc(&chunk));
    }
    out
}

#[test]
fn png_interlaced() {
    assert!(only(&interlaced(&gray())).pixels == gray());
}

#[test]
fn jpeg_of_gray_and_colour() {
    let page = only(&jpeg(&gray(), WIDTH, HEIGHT, 1));
    assert_eq!((page.width, page.height), (WIDTH, HEIGHT));
    // Rings of hard edges at quality 95.
    assert!(apart(&page.pixels, &gray()) <= 24, "{}", apart(&page.pixels, &gray()));
    let smooth: Vec<u8> = (0..WIDTH * HEIGHT)
        .flat_map(|i| [i % WIDTH / 2, i / WIDTH / 2, 90].map(|v| u8::try_from(v).unwrap()))
        .collect();
    let file = jpeg(&smooth, WIDTH, HEIGHT, 3);
    assert!(apart(&only(&file).pixels, &luma(&smooth)) <= 4);
    for (i, channel) in [Channel::Red, Channel::Green, Channel::Blue].into_iter().enumerate() {
        assert!(apart(&through(&file, channel), &every(&smooth, 3, i)) <= 12, "{channel:?}");
    }
}

#[test]
fn small_pictures_and_strange_files_are_told() {
    let small = jpeg(&vec![9; 100 * 300], 100, 300, 1);
    assert_eq!(fault(&small), DecodeFault::TooSmall);
    assert_eq!(fault(b"GIF89a and so on"), DecodeFault::NotAnImage);
    assert!(bilevel().contains(&0) && bilevel().contains(&255));
}
