//! Drawing the card as PDF.
//!
//! A card is first composed as a list of pieces, each with its place on paper, which the layout's checker
//! also sees; only then are the pieces painted. Nothing depends on the clock or on chance: the same layout and
//! faces give the same bytes.

mod card;
mod error;
mod face;
mod facts;
mod frames;
mod ink;
mod letters;
mod paint;
mod section;
mod typeface;

pub use error::DrawError;
pub use face::{CardFace, Lacking, Prefill, lacking};
pub use facts::{Instructions, Notice, PrintFacts, PrintFrame, PrintPlace};
pub use typeface::{Anchor, Colour, Fitted, Level, PT_PER_MM, TextStyle, Typeface, Weight};

pub(super) use card::pieces;
pub(super) use facts::RawPrint;
pub(super) use ink::{Part, Piece, Shape, gap};

use super::Layout;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};
use typeface::pt;

/// A PDF with one card a face, in the faces' order; an empty face is a blank card.
///
/// Everything is drawn as lines and letters, in the layout's millimetres. A layout without print facts is printed with
/// its fiducials, targets, numbers and labels alone. Characters that the font lacks are printed as 〓: ask
/// [`lacking`] first.
///
/// # Errors
///
/// [`DrawError::NoCards`] without faces, [`DrawError::Ticket`] or [`DrawError::NoTicket`] if a ticket number
/// can't be filled in, [`DrawError::Page`] for a page without size and [`DrawError::Pdf`] if the PDF can't be written.
///
/// # Example
///
/// ```
/// use duka::layout::{draw, shipped};
///
/// let layout = shipped("theory-100")?;
/// let face = draw::CardFace { name: Some("王堃".into()), ..draw::CardFace::default() };
/// let pdf = draw::cards_pdf(&layout, &[draw::CardFace::default(), face])?;
/// assert!(pdf.starts_with(b"%PDF"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cards_pdf(layout: &Layout, faces: &[CardFace]) -> Result<Vec<u8>, DrawError> {
    if faces.is_empty() {
        return Err(DrawError::NoCards);
    }
    let typeface = Typeface::shipped();
    let blank = pieces(layout, &typeface);
    let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let title = layout.print.as_ref().map_or_else(|| layout.name.to_string(), |p| p.title.clone());
    document.set_metadata(Metadata::new().title(title).language("zh-CN".into()));
    let (width, height) = (layout.page.width_mm, layout.page.height_mm);
    for (index, face) in faces.iter().enumerate() {
        let filled = face::pieces(layout, face, index + 1, &typeface)?;
        let settings =
            PageSettings::from_wh(pt(width), pt(height)).ok_or(DrawError::Page { width, height })?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        paint::paint(&mut surface, &typeface, &blank);
        paint::paint(&mut surface, &typeface, &filled);
        surface.finish();
        page.finish();
    }
    Ok(document.finish()?)
}

/// Characters of the card that the shipped font lacks, each once.
pub(super) fn unprintable(pieces: &[Piece], typeface: &Typeface) -> Vec<(Part, char)> {
    let mut out: Vec<(Part, char)> = Vec::new();
    for piece in pieces {
        let Shape::Text(line) = &piece.shape else { continue };
        for c in typeface.missing(&line.text) {
            if !out.iter().any(|(_, known)| *known == c) {
                out.push((piece.part, c));
            }
        }
    }
    out
}
