//! What a card says about its candidate.

use super::DrawError;
use super::card::{solid, text};
use super::facts::PrintPlace;
use super::frames::{candidate_values, cells};
use super::ink::{Line, Part, Piece, Shape};
use super::typeface::{Colour, TextStyle, Typeface};
use crate::layout::{BlankColumns, FieldKind, Layout, Target};
use crate::sheet::{FieldName, TicketNumber};

/// The marks that stand in for a candidate's pencil: nearly black, so that print never passes for a doubtful mark.
const PREFILLED: Colour = Colour(25, 25, 25);

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
pub(super) fn pieces(layout: &Layout, face: &CardFace, card: usize) -> Result<Vec<Piece>, DrawError> {
    let mut out = Vec::new();
    if let Some(rect) = layout.print.as_ref().and_then(|p| p.candidate) {
        let part = Part::Print(PrintPlace::only("candidate"));
        let values = [&face.name, &face.occupation, &face.room, &face.seat];
        for (place, (value, size)) in
            candidate_values(rect).into_iter().zip(values.into_iter().zip([13.0, 9.5, 11.0, 11.0]))
        {
            let Some(value) = value else { continue };
            let style = TextStyle::new(size).centred().middle();
            let within = Some((place.width.0 - 2.0, 5.0));
            let line = Line { at: place.centre, text: value.clone(), style, within };
            out.push(Piece { part, colour: style.colour, shape: Shape::Text(line) });
        }
    }
    if let Some(ticket) = &face.ticket {
        out.extend(ticket_pieces(layout, ticket, face.prefill, card)?);
    }
    Ok(out)
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
