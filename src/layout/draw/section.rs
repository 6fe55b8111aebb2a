//! Runs of items as they stand under one heading.

use super::card::{NUMBER_GAP, NUMBER_SIZE};
use super::typeface::Typeface;
use crate::geometry::{Mm, Rect};
use crate::layout::{FieldKind, Layout};

/// A labelled run of items and the unlabelled runs after it.
pub(super) struct Section {
    /// Index of the labelled run.
    pub(super) field: usize,
    /// Its label; empty if the first run of the card has none.
    pub(super) heading: String,
    /// Items with their numbers, all together.
    pub(super) rect: Rect<Mm>,
    /// The items in groups of one pitch.
    pub(super) blocks: Vec<Block>,
}

/// Items that follow each other at one pitch.
pub(super) struct Block {
    /// The items with their numbers.
    pub(super) rect: Rect<Mm>,
    /// Left edge of their targets, without the numbers.
    pub(super) targets_left: f64,
}

/// An item's place on paper.
#[derive(Clone, Copy)]
struct Item {
    rect: Rect<Mm>,
    targets_left: f64,
}

/// The card's sections in its order.
pub(super) fn sections(layout: &Layout, typeface: &Typeface) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    for (index, field) in layout.fields.iter().enumerate() {
        if field.kind != FieldKind::Items {
            continue;
        }
        let items: Vec<Item> = field
            .positions
            .iter()
            .filter_map(|position| {
                let number = typeface.width_mm(position.label.as_str(), NUMBER_SIZE) + NUMBER_GAP;
                let all = position.targets.iter().map(|t| t.rect).reduce(|a, b| union(&a, &b))?;
                let rect = Rect::between(all.left() - number, all.top(), all.right(), all.bottom());
                Some(Item { rect, targets_left: all.left() })
            })
            .collect();
        let Some(rect) = items.iter().map(|i| i.rect).reduce(|a, b| union(&a, &b)) else { continue };
        match out.last_mut() {
            Some(last) if field.label.is_empty() => {
                last.rect = union(&last.rect, &rect);
                last.blocks.extend(blocks(&items));
            }
            _ => {
                let blocks = blocks(&items);
                out.push(Section { field: index, heading: field.label.clone(), rect, blocks });
            }
        }
    }
    out
}

/// Items that follow each other at one pitch, together.
fn blocks(items: &[Item]) -> Vec<Block> {
    // Hundredths of a millimetre: pitches are written to that, and binary fractions differ by less.
    let same = |a: f64, b: f64| (a - b).abs() < 0.01;
    let mut out: Vec<Block> = Vec::new();
    let mut step: Option<(f64, f64)> = None;
    let mut before: Option<Item> = None;
    for &item in items {
        // By the lower right corner: numbers of one and two digits make left edges differ.
        let moved =
            before.map(|b| (item.rect.right() - b.rect.right(), item.rect.bottom() - b.rect.bottom()));
        let goes_on = match (moved, step) {
            (Some((x, y)), Some((sx, sy))) => same(x, sx) && same(y, sy),
            (Some((x, y)), None) => same(x, 0.0) || same(y, 0.0),
            (None, _) => false,
        };
        if let Some(block) = out.last_mut().filter(|_| goes_on) {
            block.rect = union(&block.rect, &item.rect);
            block.targets_left = block.targets_left.min(item.targets_left);
            step = step.or(moved);
        } else {
            out.push(Block { rect: item.rect, targets_left: item.targets_left });
            step = None;
        }
        before = Some(item);
    }
    out
}

pub(super) fn union(a: &Rect<Mm>, b: &Rect<Mm>) -> Rect<Mm> {
    Rect::between(
        a.left().min(b.left()),
        a.top().min(b.top()),
        a.right().max(b.right()),
        a.bottom().max(b.bottom()),
    )
}
