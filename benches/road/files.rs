//! Filled cards in every format that a scanner writes.

use crate::run::Outcome;
use duka::decode;
use duka::layout::Layout;
use duka::simulate::{Answers, Care, Format, Person, Print, Scanner, sample};
use fax::{Color, VecWriter};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What the files are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    JpegGray,
    JpegColour,
    PngGray,
    PngBits,
    Group4,
    PdfJpeg,
    PdfGroup4,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::JpegGray,
        Self::JpegColour,
        Self::PngGray,
        Self::PngBits,
        Self::Group4,
        Self::PdfJpeg,
        Self::PdfGroup4,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::JpegGray => "JPEG gray",
            Self::JpegColour => "JPEG colour",
            Self::PngGray => "PNG gray",
            Self::PngBits => "PNG 1 bit",
            Self::Group4 => "TIFF G4",
            Self::PdfJpeg => "PDF JPEG",
            Self::PdfGroup4 => "PDF G4",
        }
    }

    /// What the simulated scanner writes, from which the file is made.
    fn scanned(self) -> Format {
        match self {
            Self::JpegGray | Self::PdfJpeg => Format::Jpeg(75),
            Self::JpegColour | Self::PngGray => Format::Png,
            Self::PngBits => Format::BilevelPng(150),
            Self::Group4 | Self::PdfGroup4 => Format::Group4(150),
        }
    }
}

/// One file, and the JPEG that is in it.
pub struct Scan {
    pub file: Vec<u8>,
    pub jpeg: Option<Vec<u8>>,
}

/// Cards as an office scans them, of one resolution and one format.
pub fn scans(layout: &Layout, blank: &Print, dpi: f64, kind: Kind, pages: u64) -> Outcome<Vec<Scan>> {
    let made: Result<Vec<_>, _> = (0..pages)
        .into_par_iter()
        .map(|seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let person = Person {
                ticket: format!("1405100{seed:05}").parse().ok(),
                form: "A".parse().ok(),
                flags: Vec::new(),
            };
            let answers = Answers::random(layout, &person, 0.02, &mut rng);
            let scanner = Scanner { dpi, format: kind.scanned(), ..Scanner::office(&mut rng) };
            sample(layout, blank, &answers, Care::Careful, &scanner, &mut rng).map(|s| s.bytes)
        })
        .collect();
    made?.into_iter().map(|bytes| scan(kind, bytes)).collect()
}

fn scan(kind: Kind, bytes: Vec<u8>) -> Outcome<Scan> {
    Ok(match kind {
        Kind::JpegGray => Scan { jpeg: Some(bytes.clone()), file: bytes },
        Kind::PngGray | Kind::PngBits | Kind::Group4 => Scan { file: bytes, jpeg: None },
        Kind::JpegColour => {
            let (width, height, levels) = levels(&bytes)?;
            let file = coloured(&levels, width, height)?;
            Scan { jpeg: Some(file.clone()), file }
        }
        Kind::PdfJpeg => {
            let (width, height, _) = levels(&bytes)?;
            let mut file = Vec::new();
            let mut pdf = Pdf::new(&mut file)?;
            pdf.page(width, height, "/BitsPerComponent 8/Filter/DCTDecode", &bytes)?;
            pdf.end()?;
            Scan { file, jpeg: Some(bytes) }
        }
        Kind::PdfGroup4 => {
            let (width, height, levels) = levels(&bytes)?;
            let mut file = Vec::new();
            let mut pdf = Pdf::new(&mut file)?;
            pdf.fax(width, height, &group4(&levels, width)?)?;
            pdf.end()?;
            Scan { file, jpeg: None }
        }
    })
}

/// Width, height and levels of the first page.
pub fn levels(bytes: &[u8]) -> Outcome<(usize, usize, Vec<u8>)> {
    let page = decode(bytes).next().ok_or("no page")?.1.map_err(|fault| format!("{fault:?}"))?;
    Ok((page.width, page.height, page.pixels))
}

/// A colour JPEG, every sample in full: warm paper, and noise that differs from channel to channel.
fn coloured(levels: &[u8], width: usize, height: usize) -> Outcome<Vec<u8>> {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i32::try_from(state >> 30).unwrap_or_default() - 1
    };
    let mut rgb = Vec::with_capacity(3 * levels.len());
    for &level in levels {
        for shade in [100, 98, 93] {
            let value = i32::from(level) * shade / 100 + noise();
            rgb.push(u8::try_from(value.clamp(0, 255))?);
        }
    }
    let mut out = Vec::new();
    let (width, height) = (u32::try_from(width)?, u32::try_from(height)?);
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 75).encode(
        &rgb,
        width,
        height,
        image::ExtendedColorType::Rgb8,
    )?;
    Ok(out)
}

/// Fax group 4 of a black-and-white page.
pub fn group4(levels: &[u8], width: usize) -> Outcome<Vec<u8>> {
    let mut encoder = fax::encoder::Encoder::new(VecWriter::new());
    for row in levels.chunks(width) {
        let bits = row.iter().map(|&level| if level < 128 { Color::Black } else { Color::White });
        encoder.encode_line(bits, u32::try_from(width)?)?;
    }
    Ok(encoder.finish()?.finish())
}

/// A PDF that is written page by page.
pub struct Pdf<W> {
    out: W,
    /// Bytes written, and where each object begins. 1 is the catalogue and 2 the tree of pages, written last.
    at: usize,
    places: Vec<usize>,
    pages: Vec<usize>,
}

impl<W: Write> Pdf<W> {
    pub fn new(out: W) -> io::Result<Self> {
        let mut pdf = Self { out, at: 0, places: vec![0; 2], pages: Vec::new() };
        pdf.put(b"%PDF-1.7\n")?;
        Ok(pdf)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len();
        self.out.write_all(bytes)
    }

    fn object(&mut self, parts: &[&[u8]]) -> io::Result<usize> {
        self.places.push(self.at);
        let number = self.places.len();
        self.numbered(number, parts)?;
        Ok(number)
    }

    fn numbered(&mut self, number: usize, parts: &[&[u8]]) -> io::Result<()> {
        self.places[number - 1] = self.at;
        self.put(format!("{number} 0 obj\n").as_bytes())?;
        for part in parts {
            self.put(part)?;
        }
        self.put(b"\nendobj\n")
    }

    /// A page that is one gray picture.
    pub fn page(&mut self, width: usize, height: usize, dict: &str, data: &[u8]) -> io::Result<()> {
        let head = format!(
            "<</Subtype/Image/ColorSpace/DeviceGray/Width {width}/Height {height}{dict}/Length {}>>\nstream\n",
            data.len()
        );
        let image = self.object(&[head.as_bytes(), data, b"\nendstream"])?;
        let draw = "595 0 0 842 0 0 cm /I Do";
        let head = format!("<</Length {}>>\nstream\n{draw}\nendstream", draw.len());
        let content = self.object(&[head.as_bytes()])?;
        let page = format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R/Resources<</XObject<</I {image} 0 R>>>>>>"
        );
        let page = self.object(&[page.as_bytes()])?;
        self.pages.push(page);
        Ok(())
    }

    /// A page that is one fax.
    pub fn fax(&mut self, width: usize, height: usize, data: &[u8]) -> io::Result<()> {
        let dict = format!(
            "/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {width}/Rows {height}>>"
        );
        self.page(width, height, &dict, data)
    }

    pub fn end(mut self) -> io::Result<()> {
        let mut kids = String::new();
        for page in &self.pages {
            let _ = write!(kids, "{page} 0 R ");
        }
        self.numbered(1, &[b"<</Type/Catalog/Pages 2 0 R>>"])?;
        let tree = format!("<</Type/Pages/Kids[{kids}]/Count {}>>", self.pages.len());
        self.numbered(2, &[tree.as_bytes()])?;
        let (start, size) = (self.at, self.places.len() + 1);
        let mut table = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for place in &self.places {
            let _ = writeln!(table, "{place:010} 00000 n ");
        }
        let _ = write!(table, "trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
        self.put(table.as_bytes())?;
        self.out.flush()
    }
}
