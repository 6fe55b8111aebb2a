//! PDF files written by hand.

use crate::picture::{HEIGHT, WIDTH};
use std::fmt::Write as _;

/// A file under construction: objects by their number, from 1.
#[derive(Default, Clone)]
pub struct Pdf {
    pub objects: Vec<Vec<u8>>,
    /// Behind `/Root` in the trailer.
    pub trailer: String,
    /// Pages that the tree says it has, if not those that are there.
    pub count: Option<usize>,
    pages: Vec<usize>,
}

/// Where a picture lies: `a b c d e f cm`.
pub const FULL: &str = "333 0 0 257 0 0";

impl Pdf {
    pub fn new() -> Self {
        // The catalogue and the tree of pages are filled in at the end.
        Self { objects: vec![Vec::new(), Vec::new()], ..Self::default() }
    }

    pub fn object(&mut self, bytes: impl Into<Vec<u8>>) -> usize {
        self.objects.push(bytes.into());
        self.objects.len()
    }

    pub fn stream(&mut self, dict: &str, data: &[u8]) -> usize {
        let mut bytes = format!("<<{dict}/Length {}>>\nstream\n", data.len()).into_bytes();
        bytes.extend(data);
        bytes.extend(b"\nendstream");
        self.object(bytes)
    }

    /// A picture of the usual size.
    pub fn image(&mut self, dict: &str, data: &[u8]) -> usize {
        self.stream(&format!("/Type/XObject/Subtype/Image/Width {WIDTH}/Height {HEIGHT}{dict}"), data)
    }

    /// A page with these images as /I0, /I1, …, of the picture's size in points.
    pub fn page(&mut self, images: &[usize], content: &str, more: &str) {
        let mut names = String::new();
        for (i, image) in images.iter().enumerate() {
            write!(names, "/I{i} {image} 0 R").unwrap();
        }
        let content = self.stream("", content.as_bytes());
        let page = self.object(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Resources<</XObject<<{names}>>>>/Contents {content} 0 R{more}>>"
        ));
        self.pages.push(page);
    }

    /// The objects with the tree of pages.
    fn whole(&self) -> Vec<Vec<u8>> {
        let mut objects = self.objects.clone();
        objects[0] = b"<</Type/Catalog/Pages 2 0 R>>".to_vec();
        let kids: String = self.pages.iter().map(|p| format!("{p} 0 R ")).collect();
        let count = self.count.unwrap_or(self.pages.len());
        objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count {count}>>").into_bytes();
        objects
    }

    /// The file with a table of references.
    pub fn file(&self) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut table = String::from("0000000000 65535 f \n");
        let objects = self.whole();
        for (i, object) in objects.iter().enumerate() {
            writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
            out.extend(format!("{} 0 obj\n", i + 1).bytes());
            out.extend(object);
            out.extend(b"\nendobj\n");
        }
        let (start, size) = (out.len(), objects.len() + 1);
        out.extend(
            format!(
                "xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R{}>>\nstartxref\n{start}\n%%EOF\n",
                self.trailer
            )
            .bytes(),
        );
        out
    }

    /// The file with its dictionaries in a compressed object stream and a compressed stream of references.
    pub fn compressed(&self) -> Vec<u8> {
        let objects = self.whole();
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let is_stream = |object: &[u8]| object.ends_with(b"endstream");
        let holder = objects.len() + 1;
        let (mut heads, mut bodies, mut inside) = (String::new(), Vec::new(), 0u16);
        let mut entries: Vec<[u8; 7]> = vec![[0; 7]];
        let entry = |kind: u8, place: usize, index: u16| {
            let (p, i) = (u32::try_from(place).unwrap().to_be_bytes(), index.to_be_bytes());
            [kind, p[0], p[1], p[2], p[3], i[0], i[1]]
        };
        for (i, object) in objects.iter().enumerate() {
            if is_stream(object) {
                entries.push(entry(1, out.len(), 0));
                out.extend(format!("{} 0 obj\n", i + 1).bytes());
                out.extend(object);
                out.extend(b"\nendobj\n");
            } else {
                entries.push(entry(2, holder, inside));
                write!(heads, "{} {} ", i + 1, bodies.len()).unwrap();
                bodies.extend(object);
                bodies.push(b' ');
                inside += 1;
            }
        }
        let data = crate::code::zlib(&[heads.as_bytes(), &bodies].concat());
        entries.push(entry(1, out.len(), 0));
        let dict =
            format!("/Type/ObjStm/N {inside}/First {}/Filter/FlateDecode/Length {}", heads.len(), data.len());
        out.extend(format!("{holder} 0 obj\n<<{dict}>>\nstream\n").bytes());
        out.extend(&data);
        out.extend(b"\nendstream\nendobj\n");
        let start = out.len();
        entries.push(entry(1, start, 0));
        let data = crate::code::zlib(&entries.concat());
        let dict = format!(
            "/Type/XRef/Size {}/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length {}",
            entries.len(),
            data.len()
        );
        out.extend(format!("{} 0 obj\n<<{dict}>>\nstream\n", holder + 1).bytes());
        out.extend(&data);
        out.extend(format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").bytes());
        out
    }
}

/// A file of one page that is one picture.
pub fn of_image(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let image = pdf.image(dict, data);
    pdf.page(&[image], &format!("q {FULL} cm /I0 Do Q"), "");
    pdf.file()
}
