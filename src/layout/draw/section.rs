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
    /// Items with their numbers, those that stand at one pitch.
    pub(super) blocks: Vec<Rect<Mm>>,
}

/// The card's sections in its order.
pub(super) fn sections(layout: &Layout, typeface: &Typeface) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    for (index, field) in layout.fields.iter().enumerate() {
        if field.kind != FieldKind::Items {
            continue;
        }
        let items: Vec<Rect<Mm>> = field
            .positions
            .iter()
            .filter_map(|position| {
                let number = typeface.width_mm(position.label.as_str(), NUMBER_SIZE) + NUMBER_GAP;
                let all = position.targets.iter().map(|t| t.rect).reduce(|a, b| union(&a, &b))?;
                Some(Rect::between(all.left() - number, all.top(), all.right(), all.bottom()))
            })
            .collect();
        let Some(rect) = items.iter().copied().reduce(|a, b| union(&a, &b)) else { continue };
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
fn blocks(items: &[Rect<Mm>]) -> Vec<Rect<Mm>> {
    let mut out = Vec::new();
    let mut step: Option<(f64, f64)> = None;
    let mut block: Option<Rect<Mm>> = None;
    for (i, item) in items.iter().enumerate() {
        // Right edges: numbers of one and two digits make left edges differ.
        let moved = i
            .checked_sub(1)
            .and_then(|i| items.get(i))
            .map(|before| (item.right() - before.right(), item.bottom() - before.bottom()));
        let goes_on = match (moved, step) {
            (Some((x, y)), Some((sx, sy))) => (x - sx).abs() < 0.01 && (y - sy).abs() < 0.01,
            (Some((x, y)), None) => x.abs() < 0.01 || y.abs() < 0.01,
            (None, _) => false,
        };
        if goes_on {
            step = step.or(moved);
            block = block.map(|b| union(&b, item));
        } else {
            out.extend(block.replace(*item));
            step = None;
        }
    }
    out.extend(block);
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
