//! Small whole files of every format and by every road, from which the fuzz targets start.
//!
//! `DUKA_SEEDS=fuzz/corpus cargo test --release --test seeds` writes them, one folder a target.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::must_use_candidate)]
#![allow(clippy::format_collect, clippy::format_push_string, clippy::missing_panics_doc)]
// The makers of files have more to them than is used here.
#![allow(dead_code)]

#[path = "formats/code.rs"]
mod code;
#[path = "formats/pdf.rs"]
mod pdf;
#[path = "formats/tiff.rs"]
mod tiff;

/// A picture that is small on purpose: a fuzzer gets through a hundred small files in the time of a large one.
mod picture {
    /// Rows end within bytes, blocks go over the edges.
    pub const WIDTH: usize = 61;
    pub const HEIGHT: usize = 43;

    /// A ramp with bars: levels of all kinds, edges both ways.
    pub fn gray() -> Vec<u8> {
        let level = |x: usize, y: usize| match (x % 17 < 4, y % 13 < 3) {
            (true, _) => 15,
            (_, true) => 235,
            _ => (x * 4 + y * 3) as u8,
        };
        (0..WIDTH * HEIGHT).map(|i| level(i % WIDTH, i / WIDTH)).collect()
    }

    pub fn bilevel() -> Vec<u8> {
        gray().iter().map(|&l| if l < 100 { 0 } else { 255 }).collect()
    }

    pub fn rgb() -> Vec<u8> {
        let g = gray();
        (0..g.len()).flat_map(|i| [g[i], 255 - g[i], g[(i * 7) % g.len()]]).collect()
    }

    /// Samples of `bits` bits in rows of whole bytes.
    pub fn packed(levels: &[u8], bits: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for row in levels.chunks(WIDTH) {
            let mut bytes = vec![0u8; (WIDTH * bits).div_ceil(8)];
            for (x, &level) in row.iter().enumerate() {
                bytes[x * bits / 8] |= (level >> (8 - bits)) << (8 - bits - x * bits % 8);
            }
            out.extend(bytes);
        }
        out
    }
}

use code::{Rows, group3, group3_two, group4, jpeg, lzw, runs, zlib};
use picture::{HEIGHT, WIDTH, bilevel, gray, packed, rgb};
use std::path::Path;
use tiff::{FORMS, Form, Page, Values, differences, packers};

type Seeds = Vec<(String, Vec<u8>)>;

const LITTLE: Form = Form { little: true, big: false };

fn jpegs() -> Seeds {
    let mut out = vec![
        ("gray".into(), jpeg(&gray(), WIDTH, HEIGHT, 1)),
        ("colour".into(), jpeg(&rgb(), WIDTH, HEIGHT, 3)),
        ("flat".into(), jpeg(&[77; WIDTH * HEIGHT], WIDTH, HEIGHT, 1)),
    ];
    // An EXIF segment, a comment, and padding before the markers.
    let plain = jpeg(&gray(), WIDTH, HEIGHT, 1);
    let mut more = plain[..2].to_vec();
    more.extend(b"\xff\xe1\x00\x10Exif\0\0II*\0\x08\0\0\0\xff\xff\xfe\x00\x05abc");
    more.extend(&plain[2..]);
    out.push(("segments".into(), more));
    out
}

fn png(color: png::ColorType, depth: png::BitDepth, samples: &[u8], palette: Option<&[u8]>) -> Vec<u8> {
    let mut info = png::Info::with_size(WIDTH as u32, HEIGHT as u32);
    (info.color_type, info.bit_depth) = (color, depth);
    info.palette = palette.map(|p| p.to_vec().into());
    let mut out = Vec::new();
    let mut writer = png::Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    out
}

fn pngs() -> Seeds {
    use png::{BitDepth, ColorType};
    let mut out = Seeds::new();
    let depths = [(1, BitDepth::One), (2, BitDepth::Two), (4, BitDepth::Four), (8, BitDepth::Eight)];
    for (bits, depth) in depths {
        let samples = packed(&gray(), bits);
        out.push((format!("gray{bits}"), png(ColorType::Grayscale, depth, &samples, None)));
        let palette: Vec<u8> = (0..1usize << bits).flat_map(|i| [i as u8, 255 - i as u8, 9]).collect();
        out.push((format!("palette{bits}"), png(ColorType::Indexed, depth, &samples, Some(&palette))));
    }
    let wide: Vec<u8> = gray().iter().flat_map(|&l| [l, 200]).collect();
    out.push(("gray16".into(), png(ColorType::Grayscale, BitDepth::Sixteen, &wide, None)));
    out.push(("alpha".into(), png(ColorType::GrayscaleAlpha, BitDepth::Eight, &wide, None)));
    out.push(("rgb".into(), png(ColorType::Rgb, BitDepth::Eight, &rgb(), None)));
    let alpha: Vec<u8> = rgb().chunks(3).flat_map(|p| [p[0], p[1], p[2], p[0]]).collect();
    out.push(("rgba".into(), png(ColorType::Rgba, BitDepth::Eight, &alpha, None)));
    out
}

/// The one-piece fax codes and how they are named in TIFF (number, options) and PDF (K and more).
fn faxes() -> [(&'static str, Vec<u8>, u16, u32, &'static str); 5] {
    let bits = bilevel();
    [
        ("g4", group4(&bits, WIDTH), 4, 0, "/K -1"),
        ("g3", group3(&bits, WIDTH, Rows::Lines), 3, 0, "/K 0/EndOfLine true"),
        ("g3-filled", group3(&bits, WIDTH, Rows::Filled), 3, 4, "/K 0/EndOfLine true/EncodedByteAlign true"),
        ("g3-bytes", group3(&bits, WIDTH, Rows::Bytes), 2, 0, "/K 0/EncodedByteAlign true"),
        ("g3-two", group3_two(&bits, WIDTH), 3, 1, "/K 2/EndOfLine true"),
    ]
}

fn tiffs() -> Seeds {
    let mut out = Seeds::new();
    for (form, name) in FORMS.into_iter().zip(["ii", "mm", "ii-big", "mm-big"]) {
        let page = Page::new(&[8], 32_773, 1).strips(&gray(), WIDTH, 9, &|b| runs(b, false));
        out.push((format!("{name}-two"), form.file(&[page.clone(), page.short(296, 3)])));
    }
    let mut one = |name: String, page: Page| out.push((name, LITTLE.file(&[page])));
    for (number, pack) in packers() {
        one(format!("gray-{number}"), Page::new(&[8], number, 1).strips(&gray(), WIDTH, 20, &pack));
        one(format!("tiles-{number}"), Page::new(&[8], number, 0).tiles(&gray(), 1, 32, &pack));
        one(format!("rgb-{number}"), Page::new(&[8; 3], number, 2).strips(&rgb(), 3 * WIDTH, 30, &pack));
    }
    for bits in [1u16, 2, 4] {
        let row = (WIDTH * usize::from(bits)).div_ceil(8);
        let samples = packed(&gray(), usize::from(bits));
        one(
            format!("bits-{bits}"),
            Page::new(&[bits], 32_773, 1).strips(&samples, row, 15, &|b| runs(b, false)),
        );
    }
    let wide: Vec<u8> = gray().iter().flat_map(|&l| [1, l]).collect();
    one("wide".into(), Page::new(&[16], 8, 1).strips(&wide, 2 * WIDTH, 30, &zlib));
    let mut planes = Page::new(&[8; 3], 5, 2).short(284, 2);
    for i in 0..3 {
        let plane: Vec<u8> = rgb().iter().skip(i).step_by(3).copied().collect();
        planes = planes.strips(&plane, WIDTH, 30, &lzw);
    }
    one("planes".into(), planes);
    let four: Vec<u8> = rgb().chunks(3).flat_map(|p| [p[0], p[1], p[2], 99]).collect();
    one("alpha".into(), Page::new(&[8; 4], 8, 2).short(338, 1).strips(&four, 4 * WIDTH, 30, &zlib));
    one("inks".into(), Page::new(&[8; 4], 8, 5).strips(&four, 4 * WIDTH, 30, &zlib));
    let told = differences(&gray(), WIDTH, 1);
    one("differences".into(), Page::new(&[8], 5, 1).short(317, 2).strips(&told, WIDTH, 20, &lzw));
    let map: Vec<u16> = (0..768).map(|i| i * 85).collect();
    let palette = Page::new(&[8], 8, 3).with(320, Values::Short(map));
    one("palette".into(), palette.strips(&gray(), WIDTH, 30, &zlib));
    for (name, data, number, options, _) in faxes() {
        let page = Page::new(&[1], number, 0).with(292, Values::Long(vec![options]));
        let page = page.strips(&data, data.len(), 1, &<[u8]>::to_vec);
        one(name.into(), page.short(278, HEIGHT as u16));
    }
    let strip = |rows: &[u8]| jpeg(rows, WIDTH, rows.len() / WIDTH, 1);
    one("jpeg".into(), Page::new(&[8], 7, 1).strips(&gray(), WIDTH, 16, &strip));
    let shared: Vec<u8> = (0..WIDTH * HEIGHT).map(|i| (i % 251) as u8).collect();
    let shared = [shared.as_slice(), &shared[..shared.len() / 2 + 200]].concat();
    let page = Page::new(&[8; 3], 1, 6).with(530, Values::Short(vec![2, 2]));
    one("ycbcr".into(), page.strips(&shared, shared.len(), 1, &<[u8]>::to_vec).short(278, HEIGHT as u16));
    out
}

/// A page that is one picture.
fn pdf_of(dict: &str, data: &[u8]) -> pdf::Pdf {
    let mut file = pdf::Pdf::new();
    let image = file.image(dict, data);
    file.page(&[image], &format!("q {WIDTH} 0 0 {HEIGHT} 0 0 cm /I0 Do Q"), "");
    file
}

/// JBIG2 as PDF holds it: a page and one region of Group 4 codes.
fn jbig2() -> Vec<u8> {
    let sides = [(WIDTH as u32).to_be_bytes(), (HEIGHT as u32).to_be_bytes()].concat();
    let mut out = vec![0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19];
    out.extend(&sides);
    out.extend([0; 11]);
    let data = group4(&bilevel(), WIDTH);
    out.extend([0, 0, 0, 1, 38, 0, 1]);
    out.extend((18 + data.len() as u32).to_be_bytes());
    out.extend(&sides);
    out.extend([0; 9]);
    out.push(1);
    out.extend(data);
    out
}

fn pdfs() -> Seeds {
    let device = "/ColorSpace/DeviceGray/BitsPerComponent 8";
    let bits = "/ColorSpace/DeviceGray/BitsPerComponent 1";
    let hex: String = gray().iter().map(|b| format!("{b:02x}")).collect::<String>() + ">";
    let mut out = Seeds::new();
    let mut one = |name: &str, dict: &str, data: &[u8]| out.push((name.into(), pdf_of(dict, data).file()));
    one("flate", &format!("{device}/Filter/FlateDecode"), &zlib(&gray()));
    one("lzw", &format!("{device}/Filter/LZWDecode"), &lzw(&gray()));
    one("runs", &format!("{device}/Filter/RunLengthDecode"), &runs(&gray(), true));
    one("hex", &format!("{device}/Filter[/ASCIIHexDecode]"), hex.as_bytes());
    one("twice", &format!("{device}/Filter[/FlateDecode/FlateDecode]"), &zlib(&zlib(&gray())));
    one("dct", &format!("{device}/Filter/DCTDecode"), &jpeg(&gray(), WIDTH, HEIGHT, 1));
    one(
        "dct-rgb",
        "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
        &jpeg(&rgb(), WIDTH, HEIGHT, 3),
    );
    one("rgb", "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", &zlib(&rgb()));
    one("indexed", "/ColorSpace[/Indexed/DeviceRGB 1(abcdef)]/BitsPerComponent 1", &packed(&gray(), 1));
    one("jbig2", &format!("{bits}/Filter/JBIG2Decode"), &jbig2());
    let rows: Vec<u8> =
        gray().chunks(WIDTH).zip((0..5u8).cycle()).flat_map(|(row, f)| [&[f], row].concat()).collect();
    let told = format!("/DecodeParms<</Predictor 15/Columns {WIDTH}>>");
    one("predictor", &format!("{device}/Filter/FlateDecode{told}"), &zlib(&rows));
    for (name, data, _, _, told) in faxes() {
        let told = format!("/DecodeParms<<{told}/Columns {WIDTH}/Rows {HEIGHT}>>");
        one(name, &format!("{bits}/Filter/CCITTFaxDecode{told}"), &data);
    }
    let flate = format!("{device}/Filter/FlateDecode");
    let mut file = pdf_of(&flate, &zlib(&gray()));
    out.push(("compressed".into(), file.compressed()));
    let image = file.image(&flate, &zlib(&gray()));
    file.page(&[image], &format!("0 {WIDTH} -{HEIGHT} 0 {HEIGHT} 0 cm /I0 Do"), "/Rotate 90");
    out.push(("pages".into(), file.file()));
    file.trailer = "/Encrypt<</Filter/Standard/V 1/R 2/O(0)/U(0)/P -1>>/ID[(a)(a)]".into();
    out.push(("encrypted".into(), file.file()));
    // Two strips, a mask, a picture within the content, and what is drawn.
    let mut file = pdf::Pdf::new();
    let mask = file.image(&flate, &zlib(&gray()));
    let image = file.image(&format!("{device}/SMask {mask} 0 R/Filter/FlateDecode"), &zlib(&gray()));
    let half = HEIGHT / 2;
    file.page(
        &[image, image],
        &format!("q {WIDTH} 0 0 {half} 0 0 cm /I0 Do Q q {WIDTH} 0 0 {half} 0 {half} cm /I1 Do Q"),
        "/CropBox[1 2 50 40]",
    );
    out.push(("strips".into(), file.file()));
    let mut file = pdf::Pdf::new();
    file.page(
        &[],
        &format!("{WIDTH} 0 0 {HEIGHT} 0 0 cm BI /W 4 /H 2 /CS /G /BPC 8 /F /AHx ID 0011223344556677> EI"),
        "",
    );
    file.page(&[], "0.5 g 3 4 20 20 re f 1 0 0 RG 2 w 0 0 m 30 30 l S BT 3 Tr (x) Tj ET", "");
    out.push(("drawn".into(), file.file()));
    let mut file = pdf::Pdf::new();
    let ramp = include_bytes!("formats/ramp.jp2");
    let image = file.stream("/Subtype/Image/Width 240/Height 210/Filter/JPXDecode", ramp);
    file.page(&[image], &format!("{WIDTH} 0 0 {HEIGHT} 0 0 cm /I0 Do"), "");
    out.push(("jpx".into(), file.file()));
    out
}

/// A workbook of a few rows.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (y, row) in rows.iter().enumerate() {
        for (x, cell) in row.iter().enumerate() {
            sheet.write(y as u32, x as u16, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

fn tables() -> Seeds {
    let roster: [&[&str]; 3] = [
        &["准考证号", "姓名", "证件号码", "职业", "等级", "考场", "座位"],
        &["261410000001", "王小明", "110101199003070011", "电工", "四级", "101", "1"],
        &["261410000002", "李四", "", "焊工", "五级", "102", "2"],
    ];
    let scores: [&[&str]; 3] = [
        &["准考证号", "姓名", "实操成绩"],
        &["261410000001", "王小明", "85.5"],
        &["261410000002", "李四", "缺考"],
    ];
    let rooms: [&[&str]; 2] = [&["考场", "准考证号", "情况"], &["101", "261410000001", "到考"]];
    let text = |rows: &[&[&str]]| rows.iter().map(|row| row.join(",") + "\r\n").collect::<String>();
    let mut out = Seeds::new();
    for (name, rows) in [("roster", &roster[..]), ("scores", &scores), ("rooms", &rooms)] {
        out.push((format!("{name}.csv"), text(rows).into_bytes()));
        out.push((format!("{name}.gbk.csv"), encoding_rs::GB18030.encode(&text(rows)).0.into_owned()));
        out.push((format!("{name}.xlsx"), workbook(rows)));
    }
    out
}

/// The file of this project, by its path.
fn own(path: &str) -> (String, Vec<u8>) {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    (path.replace('/', "-"), bytes)
}

/// A form of the kind that `OMRChecker` reads, with what stands beside it, as the target takes them.
fn template() -> Vec<u8> {
    let template = r#"{"pageDimensions":[300,400],"bubbleDimensions":[25,25],"preProcessors":[{"name":"CropPage","options":{"morphKernel":[10,10]}}],
"customLabels":{"Roll":["r1..2"],"q9":["a","b"]},"fieldBlocks":{
"Roll":{"fieldType":"QTYPE_INT","origin":[20,20],"fieldLabels":["r1..2"],"labelsGap":30,"bubblesGap":28},
"Block":{"fieldType":"QTYPE_MCQ4","origin":[90,60],"fieldLabels":["q1..5"],"labelsGap":52,"bubblesGap":41},
"Own":{"bubbleValues":["A","B"],"direction":"vertical","origin":[250,60],"fieldLabels":["a","b"],"labelsGap":-30,"bubblesGap":40}}}"#;
    let config = r#"{"dimensions":{"processing_width":600},"threshold_params":{"MIN_JUMP":25}}"#;
    let evaluation = r#"{"source_type":"custom","options":{"questions_in_order":["q1..3"],"answers_in_order":["A",["B","C"],"AB"]},
"marking_schemes":{"DEFAULT":{"correct":"1","incorrect":"-1/3","unmarked":"0"}}}"#;
    [template, config, evaluation].join("\0").into_bytes()
}

fn decisions() -> Seeds {
    let hash = "0".repeat(64);
    let list = format!(
        "id,sheet,ticket,field,item,decision,reviewer,reason\n\
         17,{hash}:1,,items,20,=B,王复核,擦除不净\n18,{hash}:1,,items,21,,,\n19,{hash}:2,261410000001,ticket,,261410000002,\"李,四\",看不清\n"
    );
    vec![
        ("list.csv".into(), list.clone().into_bytes()),
        ("list.gbk.csv".into(), encoding_rs::GB18030.encode(&list).0.into_owned()),
        ("list.tab".into(), list.replace(',', "\t").into_bytes()),
    ]
}

fn all() -> Vec<(&'static str, Seeds)> {
    let layouts = ["card-16k", "openmcr-75", "theory-100", "theory-200", "theory-multi"];
    let key = duka::key::example_toml(&"electrician-4".parse().unwrap(), &"A".parse().unwrap(), 1);
    let key = key
        + "\n[[section]]\nkind = \"multiple\"\nfrom = 101\nto = 102\npoints = 0.5\nanswers = [\"AB\", \"ACD\"]\n";
    vec![
        ("jpeg", jpegs()),
        ("png", pngs()),
        ("tiff", tiffs()),
        ("pdf", pdfs()),
        ("layout", layouts.iter().map(|name| own(&format!("sheet-layouts/{name}.toml"))).collect()),
        ("template", vec![("form".into(), template())]),
        ("key", vec![("example.toml".into(), key.into_bytes())]),
        (
            "sealed",
            [
                "samples/keys/electrician-4-A-r1.sealed",
                "samples/exam.manifest",
                "samples/people/issuer.identity.pub",
            ]
            .into_iter()
            .chain([
                "tests/vectors/request",
                "tests/vectors/release-1",
                "tests/vectors/request.one-use",
                "tests/vectors/issuer.identity",
            ])
            .map(own)
            .collect(),
        ),
        ("exam", vec![own("samples/exam.toml"), ("example".into(), duka::exam::example_toml().into())]),
        ("table", tables()),
        ("decisions", decisions()),
    ]
}

#[test]
fn every_seed_is_whole() {
    let mut count = 0;
    for (target, seeds) in all() {
        for (name, file) in &seeds {
            let fault = match target {
                "jpeg" | "png" | "tiff" | "pdf" => duka::source::picture(file).err(),
                _ => None,
            };
            let wanted = (name == "encrypted").then_some(duka::sheet::DecodeFault::Encrypted);
            assert_eq!(fault, wanted, "{target}/{name}");
            if let Some(folder) = std::env::var_os("DUKA_SEEDS") {
                let folder = Path::new(&folder).join(target);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(name), file).unwrap();
            }
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}
