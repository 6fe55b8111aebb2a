//! Why a card can't be printed.

use crate::sheet::TicketNumber;
use krilla::error::KrillaError;

/// A card that can't be printed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawError {
    /// Nobody to print for.
    #[error("there is no card to print")]
    NoCards,
    /// A ticket number that the layout's columns can't say.
    #[error("card {card}: ticket number {ticket} does not fit the {columns} columns of {layout}")]
    Ticket {
        /// Which face, from 1.
        card: usize,
        /// Its ticket number.
        ticket: TicketNumber,
        /// How many columns there are.
        columns: usize,
        /// The layout's name.
        layout: String,
    },
    /// A ticket number is to be filled in, but the layout has no place for it.
    #[error("card {card}: {layout} has no field for the ticket number")]
    NoTicket {
        /// Which face, from 1.
        card: usize,
        /// The layout's name.
        layout: String,
    },
    /// A page without size.
    #[error("a page of {width} × {height} mm can't be printed")]
    Page {
        /// Millimetres.
        width: f64,
        /// Millimetres.
        height: f64,
    },
    /// The PDF could not be written.
    #[error("the PDF could not be written: {0}")]
    Pdf(#[from] KrillaError),
}

impl DrawError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoCards => "give at least one face; an empty one prints a blank card",
            Self::Ticket { .. } => {
                "use a layout with as many ticket columns as the roster's numbers have digits"
            }
            Self::NoTicket { .. } => {
                "print without filling in ticket numbers, or use a layout with a field `ticket`"
            }
            Self::Page { .. } => "say the page's width and height in millimetres in the layout file",
            Self::Pdf(_) => "print fewer cards at a time; if one card alone fails, report its layout",
        }
    }
}
