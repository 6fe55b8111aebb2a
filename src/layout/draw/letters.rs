//! What the shipped font has for each character.

use super::typeface::SHIPPED;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use std::sync::OnceLock;

/// Stands for characters that the font lacks, as printers do with a type turned upside down.
const LACKING: char = '〓';

/// Characters that are looked up together, when one of them is first asked for: papers ask for the same few thousand again and again.
const BLOCK: usize = 64;

static BLOCKS: [OnceLock<Box<[Letter]>>; 0x11_0000 / BLOCK] = [const { OnceLock::new() }; 0x11_0000 / BLOCK];

/// A character as the font has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    /// Its glyph; that of 〓 where the font lacks it.
    pub(super) glyph: GlyphId,
    /// The glyph's advance as a share of the size.
    pub(super) advance: f64,
    /// Whether the font lacks it.
    pub(super) is_lacking: bool,
}

impl Letter {
    pub(super) fn of(c: char) -> Self {
        let at = u32::from(c) as usize;
        BLOCKS[at / BLOCK].get_or_init(|| looked_up(at / BLOCK))[at % BLOCK]
    }
}

#[allow(clippy::expect_used)] // the bytes are compiled in, and a test opens them
fn looked_up(block: usize) -> Box<[Letter]> {
    let face = FontRef::new(SHIPPED).expect("the shipped font can be read");
    let (size, location) = (Size::unscaled(), LocationRef::default());
    let (charmap, metrics) = (face.charmap(), face.glyph_metrics(size, location));
    let em = f64::from(face.metrics(size, location).units_per_em);
    let letter = |at: usize| {
        let own = u32::try_from(at).ok().and_then(|at| charmap.map(at));
        let glyph = own.or_else(|| charmap.map(LACKING)).unwrap_or_default();
        let advance = f64::from(metrics.advance_width(glyph).unwrap_or(0.0)) / em;
        Letter { glyph, advance, is_lacking: own.is_none() }
    };
    (block * BLOCK..(block + 1) * BLOCK).map(letter).collect()
}
