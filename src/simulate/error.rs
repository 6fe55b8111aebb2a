//! What can go wrong when a card is made up.

use crate::layout::draw::DrawError;

/// A card that can't be made up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The card can't be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The drawn card can't be turned into pixels.
    #[error("the card's PDF can't be rasterised")]
    Raster,
    /// The picture can't be encoded.
    #[error("the picture can't be encoded as {format}")]
    Encode {
        /// Which format.
        format: &'static str,
    },
    /// The layout has no target for what should be marked.
    #[error("the layout {layout} has no target for {field} {item} {value}")]
    NoTarget {
        /// Which layout.
        layout: String,
        /// Which field.
        field: String,
        /// Which column or item.
        item: String,
        /// Which option.
        value: String,
    },
}
