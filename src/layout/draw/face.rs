//! What a card says about its candidate.

use super::DrawError;
use super::card::{solid, text};
use super::facts::PrintPlace;
use super::frames::{candidate_values, cells};
use super::ink::{Line, Part, Piece, Shape};
use super::typeface::{Colour, PT_PER_MM, TextStyle, Typeface};
use crate::geometry::{Mm, Point, Rect};
use crate::layout::{BlankColumns, FieldKind, Layout, Target};
use crate::sheet::{FieldName, TicketNumber};

/// The marks that stand in for a candidate's pencil: nearly black, so that print never passes for a doubtful mark.
const PREFILLED: Colour = Colour(25, 25, 25);

/// Smallest letters of a value on one line, in points: a longer one goes on two.
const ONE_LINE: f64 = 7.5;

/// Letters of a value on two lines, in points: two lines of 8 mm cells hold no more.
const TWO_LINES: f64 = 7.5;

/// Smallest letters at all, in points: an invigilator compares them with an identity card at arm's length.
const LEAST: f64 = 5.5;

/// What a card says about its candidate; all of it may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardFace {
    /// Name (姓名).
    pub name: Option<String>,
    /// Ticket number (准考证号).
    pub ticket: Option<TicketNumber>,
    /// Occupation and level (职业（工种）).
    pub occupation: Option<String>,
    /// Room (考场).
    pub room: Option<String>,
    /// Seat (座位号).
    pub seat: Option<String>,
    /// Whether the ticket number's targets are filled too.
    pub prefill: Prefill,
}

/// Whether the ticket number's targets are filled when the card is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefill {
    /// The candidate fills them.
    #[default]
    Empty,
    /// They are printed as dark bars.
    Ticket,
}

/// A character of a card's face that the shipped font lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Which face, from 1.
    pub card: usize,
    /// What it stands in: `name`, `occupation`, `room` or `seat`.
    pub what: &'static str,
    /// The character.
    pub character: char,
}

/// Every character of `faces` that would be printed as 〓, in their order.
#[must_use]
pub fn lacking(faces: &[CardFace]) -> Vec<Lacking> {
    let typeface = Typeface::shipped();
    let mut out = Vec::new();
    for (index, face) in faces.iter().enumerate() {
        let texts = [
            ("name", &face.name),
            ("occupation", &face.occupation),
            ("room", &face.room),
            ("seat", &face.seat),
        ];
        for (what, text) in texts {
            let missing = typeface.missing(text.as_deref().unwrap_or_default());
            out.extend(missing.into_iter().map(|character| Lacking { card: index + 1, what, character }));
        }
    }
    out
}

/// The pieces that `face` adds to a blank card; `card` is its number for messages.
pub(super) fn pieces(
    layout: &Layout,
    face: &CardFace,
    card: usize,
    typeface: &Typeface,
) -> Result<Vec<Piece>, DrawError> {
    let mut out = Vec::new();
    if let Some(rect) = layout.print.as_ref().and_then(|p| p.candidate) {
        let values = [(&face.name, 13.0), (&face.occupation, 10.0), (&face.room, 12.0), (&face.seat, 12.0)];
        for (place, (value, size)) in candidate_values(rect).into_iter().zip(values) {
            if let Some(value) = value {
                out.extend(value_pieces(place, value, size, typeface));
            }
        }
    }
    if let Some(ticket) = &face.ticket {
        out.extend(ticket_pieces(layout, ticket, face.prefill, card)?);
    }
    Ok(out)
}

/// A value in its cell: on one line if it stays legible, else on two.
fn value_pieces(place: Rect<Mm>, value: &str, size: f64, typeface: &Typeface) -> Vec<Piece> {
    let part = Part::Print(PrintPlace::only("candidate"));
    let width = place.width.0 - 2.0;
    let style = TextStyle::new(size).centred().middle();
    let piece = |at: Point<Mm>, text: String, style: TextStyle, least: f64| {
        let line = Line { at, text, style, within: Some((width, least)) };
        Piece { part, colour: style.colour, shape: Shape::Text(line) }
    };
    if typeface.width_mm(value, ONE_LINE) <= width {
        return vec![piece(place.centre, value.to_owned(), style, ONE_LINE)];
    }
    let small = style.size(TWO_LINES);
    let lines = typeface.wrap(value, TWO_LINES, width);
    let first = lines.first().cloned().unwrap_or_default();
    let rest = lines.get(1..).unwrap_or_default().concat();
    let lead = 0.6 * TWO_LINES / PT_PER_MM;
    vec![
        piece(place.centre.shifted(0.0, -lead), first, small, TWO_LINES),
        piece(place.centre.shifted(0.0, lead), rest, small, LEAST),
    ]
}

fn ticket_pieces(
    layout: &Layout,
    ticket: &TicketNumber,
    prefill: Prefill,
    card: usize,
) -> Result<Vec<Piece>, DrawError> {
    let Some((index, field)) =
        layout.fields.iter().enumerate().find(|(_, f)| f.name.as_str() == FieldName::TICKET)
    else {
        let layout = layout.name.to_string();
        return match prefill {
            Prefill::Empty => Ok(Vec::new()),
            Prefill::Ticket => Err(DrawError::NoTicket { card, layout }),
        };
    };
    let unfit = || DrawError::Ticket {
        card,
        ticket: ticket.clone(),
        columns: field.positions.len(),
        layout: layout.name.to_string(),
    };
    let digits: Vec<String> = ticket.as_str().chars().map(String::from).collect();
    let short_is_fine = field.kind != FieldKind::Identity(BlankColumns::None);
    if digits.len() > field.positions.len() || (digits.len() < field.positions.len() && !short_is_fine) {
        return Err(unfit());
    }
    let targets: Option<Vec<&Target>> = digits
        .iter()
        .zip(&field.positions)
        .map(|(digit, position)| position.targets.iter().find(|t| t.value == *digit))
        .collect();
    let targets = targets.ok_or_else(unfit)?;
    let part = Part::Field(index);
    let mut out = Vec::new();
    if layout.print.is_some() {
        let style = TextStyle::new(13.0).centred().middle();
        let written = cells(field).into_iter().zip(&digits);
        out.extend(written.map(|(cell, digit)| text(part, cell.centre, digit.as_str(), style)));
    }
    if prefill == Prefill::Ticket {
        out.extend(targets.iter().map(|t| solid(Part::Target, PREFILLED, t.rect)));
    }
    Ok(out)
}
