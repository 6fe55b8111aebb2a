//! PDF as scanners write it: the pictures of each page, put together; else the page as it is drawn.
//!
//! The parser gives objects; every stream is unpacked by our own decoders, which stop at their bounds and don't
//! fill what is missing.

mod assemble;
mod content;
mod filter;
mod image;
mod jbig2;
mod jpeg2000;
mod matrix;
mod render;
mod rows;
mod screen;
mod space;

use super::plane::Plane;
use super::store::Store;
use crate::sheet::{Channel, DecodeFault};
use hayro::hayro_syntax::object::{Array, Dict, Object, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{LoadPdfError, Pdf};

/// Bytes of a page's content. A scan has a hundred, its text layer some ten thousand.
const MOST_CONTENT: usize = 16 << 20;

/// The most pages of one file, as for TIFF.
const MOST_PAGES: usize = 100_000;

/// Why a page is not made of its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It can't be read.
    Fault(DecodeFault),
    /// Only a renderer can tell how it looks.
    Drawing,
}

impl From<DecodeFault> for Refusal {
    fn from(fault: DecodeFault) -> Self {
        Self::Fault(fault)
    }
}

/// A PDF file. The parser needs all of its bytes; pages are decoded when they are asked for.
pub(super) struct Document {
    pdf: Pdf,
    /// Pages that the file says it has and that could not be found.
    missing: bool,
}

impl Document {
    /// The pages of the file.
    pub(super) fn open(store: Store<'_>) -> Result<Self, DecodeFault> {
        screen::screen(store.whole().ok_or(DecodeFault::TooLarge)?)?;
        let bytes = match store {
            Store::Held(bytes) => bytes,
            Store::Lent(bytes) => bytes.to_vec(),
            Store::Disk(_) => return Err(DecodeFault::TooLarge),
        };
        let pdf = Pdf::new(bytes).map_err(|error| match error {
            LoadPdfError::Decryption(_) => DecodeFault::Encrypted,
            LoadPdfError::Invalid => DecodeFault::Damaged,
        })?;
        let found = pdf.pages().len();
        if found == 0 {
            return Err(DecodeFault::Damaged);
        }
        if found > MOST_PAGES {
            return Err(DecodeFault::TooLarge);
        }
        // The parser passes over pages that it can't find: what the file says of their number is the witness.
        let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
        let tree = root.and_then(|root| root.get::<Dict<'_>>("Pages"));
        let count = tree.and_then(|tree| filter::whole(&tree, "Count")).and_then(|n| usize::try_from(n).ok());
        let missing = count.is_some_and(|count| count > found);
        Ok(Self { pdf, missing })
    }

    /// Page `index` (from 0); `None` behind the last.
    pub(super) fn page(&mut self, index: u32, channel: Channel) -> Option<Result<Plane, DecodeFault>> {
        let index = usize::try_from(index).ok()?;
        let pages = self.pdf.pages();
        let Some(page) = pages.get(index) else {
            return (index == pages.len() && self.missing).then_some(Err(DecodeFault::Damaged));
        };
        Some(plane(page, channel))
    }
}

fn plane(page: &Page<'_>, channel: Channel) -> Result<Plane, DecodeFault> {
    let seen = content::of_page(page, channel).and_then(|content| {
        let drawn = if content.only_pictures && !content.pictures.is_empty() && !is_annotated(page) {
            assemble::assemble(page, &content, channel)
        } else {
            Err(Refusal::Drawing)
        };
        match drawn {
            Err(Refusal::Drawing) => render::render(page, &content, channel).map_err(Refusal::Fault),
            other => other,
        }
    });
    seen.map_err(|refusal| match refusal {
        Refusal::Fault(fault) => fault,
        Refusal::Drawing => DecodeFault::NotAScan,
    })
}

/// Whether notes, stamps or ink that a person put on the page may be seen.
fn is_annotated(page: &Page<'_>) -> bool {
    let Some(notes) = page.raw().get::<Array<'_>>("Annots") else { return false };
    notes.iter::<Dict<'_>>().any(|note| {
        let kind = note.get::<hayro::hayro_syntax::object::Name<'_>>("Subtype");
        !matches!(kind.as_deref(), Some(b"Link" | b"Popup")) && note.contains_key("AP")
    })
}

/// The page's content, its parts behind each other.
fn bytes_of_content(page: &Page<'_>) -> Result<Vec<u8>, DecodeFault> {
    let mut out = Vec::new();
    let mut add = |stream: &Stream<'_>| {
        let part = filter::bytes(stream, MOST_CONTENT - out.len())?;
        out.extend_from_slice(&part);
        out.push(b' ');
        if out.len() >= MOST_CONTENT { Err(DecodeFault::TooLarge) } else { Ok(()) }
    };
    match page.raw().get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => add(&stream)?,
        Some(Object::Array(parts)) => {
            for part in parts.raw_iter() {
                let part = match part {
                    hayro::hayro_syntax::object::MaybeRef::Ref(id) => {
                        page.xref().get::<Object<'_>>(id.into())
                    }
                    hayro::hayro_syntax::object::MaybeRef::NotRef(object) => Some(object),
                };
                // A part that is not there may have held a picture.
                let Some(Object::Stream(stream)) = part else { return Err(DecodeFault::Damaged) };
                add(&stream)?;
            }
        }
        None if page.raw().contains_key("Contents") => return Err(DecodeFault::Damaged),
        _ => {}
    }
    Ok(out)
}
