//! Where blocks of targets end: print that goes on beyond the layout's last row is another edition of the form.
//!
//! A form whose block is printed one row lower shows a target at almost every place of the layout, and every answer belongs to
//! the item before. What gives it away is the line of targets that follows where the layout has none.

use super::sight::{Outlines, cap_of, contrast_at, is_marked};
use crate::geometry::{Mapping, Mm, Point};
use crate::layout::{Field, Layout, Position, Target, TargetShape};
use crate::source::Page;

/// How many targets of a line are looked at, spread over it. With fewer than 4 the letters of a heading may look like outlines, more
/// than 8 tell nothing new.
const LINE_FEWEST: usize = 4;
const LINE_MOST: usize = 8;

/// How visible an outline beyond the end must be, as a share of the block's own middle one. Item numbers beside a block, which are
/// dark and two digits broad, reach 0.3; targets of another edition are printed as all others are.
const AS_VISIBLE: f64 = 0.6;

/// How dark the block's own middle outline must be to say what one looks like, as a share of the most that a point counts. Six points of
/// noise of σ 10 differ by 4 gray levels in the mean (0.12 of pale print); in black and white one point of six is 0.17.
const LEAST_SEEN: f64 = 0.19;

/// The fewest targets at a block's ends, without a mark, that say so.
const KNOWN_FEWEST: usize = 4;

/// The share of a line's places beyond the end that must show an outline to be a line of targets, alone and where the line at the
/// opposite end shows none.
const GOES_ON: f64 = 0.75;
const MOVED_ON: f64 = 0.5;

/// The share up to which a line at a block's end shows no targets.
const GONE: f64 = 0.25;

/// How far two steps of a block may differ, in millimetres: lengths in layout files have two decimals.
const SAME_STEP_MM: f64 = 0.2;

/// Whether a block's targets go on beyond its end, or all lie a line further on.
pub(super) fn go_on(page: &Page, layout: &Layout, mapping: &Mapping) -> bool {
    let mut look = Looker { page, layout, mapping, cap: cap_of(layout), outlines: Outlines::default() };
    layout.fields.iter().filter(|f| f.shape != TargetShape::Unknown).any(|field| {
        let blocks = blocks(field);
        let mut short: [Vec<Seen>; 4] = Default::default();
        let alone = blocks.iter().any(|block| {
            let seen = look.block(field, block);
            let inside: Vec<f64> = seen.iter().flat_map(|s| &s.inside).copied().flatten().collect();
            let known = usual(inside, LEAST_SEEN * f64::from(look.cap));
            let Some(known) = known else { return false };
            for (sum, own) in short.iter_mut().zip(&seen) {
                if own.outside.len() < LINE_FEWEST {
                    sum.push(own.relative(known));
                }
            }
            (0..4).any(|end| {
                let long = seen[end].outside.len() >= LINE_FEWEST;
                long && seen[end].relative(known).goes_on(&seen[end ^ 1].relative(known))
            })
        });
        // Lines of two or three say something together only.
        let together: Vec<Seen> = short.iter().map(|lines| Seen::together(lines)).collect();
        alone || (0..4).any(|end| together[end].goes_on(&together[end ^ 1]))
    })
}

/// Parts of a field whose positions follow each other at one step.
fn blocks(field: &Field) -> Vec<&[Position]> {
    let mut out = Vec::new();
    let mut rest = field.positions.as_slice();
    while let [first, ..] = rest {
        let step = |i: usize| Some(between(rest.get(i)?.targets.first()?, rest.get(i + 1)?.targets.first()?));
        let one = step(0);
        let alike = |i: usize| {
            let same_step = step(i - 1)
                .zip(one)
                .is_some_and(|(a, b)| (a.0 - b.0).abs() <= SAME_STEP_MM && (a.1 - b.1).abs() <= SAME_STEP_MM);
            same_step && rest[i].targets.len() == first.targets.len()
        };
        let length = (1..rest.len()).find(|&i| !alike(i)).unwrap_or(rest.len());
        let (block, others) = rest.split_at(length);
        out.push(block);
        rest = others;
    }
    out
}

/// From one target to another, in millimetres.
fn between(a: &Target, b: &Target) -> (f64, f64) {
    (b.rect.centre.x.0 - a.rect.centre.x.0, b.rect.centre.y.0 - a.rect.centre.y.0)
}

/// The middle of what is seen, if it is at least `least`.
fn usual(mut contrasts: Vec<f64>, least: f64) -> Option<f64> {
    contrasts.sort_by(f64::total_cmp);
    let middle = contrasts.get(contrasts.len() / 2).copied();
    middle.filter(|&c| contrasts.len() >= KNOWN_FEWEST && c >= least)
}

/// How visible outlines are along one end of a block and in the line that would follow; `None` under a mark.
#[derive(Debug, Clone, Default)]
struct Seen {
    inside: Vec<Option<f64>>,
    outside: Vec<f64>,
}

impl Seen {
    /// The same as shares of the block's usual outline.
    fn relative(&self, known: f64) -> Self {
        Self {
            inside: self.inside.iter().map(|c| c.map(|c| c / known)).collect(),
            outside: self.outside.iter().map(|c| c / known).collect(),
        }
    }

    fn together(lines: &[Self]) -> Self {
        Self {
            inside: lines.iter().flat_map(|l| l.inside.clone()).collect(),
            outside: lines.iter().flat_map(|l| l.outside.clone()).collect(),
        }
    }

    /// Whether the targets go on beyond this end; `opposite` is the block's other end. Both relative.
    fn goes_on(&self, opposite: &Self) -> bool {
        if self.outside.len() < LINE_FEWEST {
            return false;
        }
        let share = |seen: usize, all: usize| seen as f64 / all.max(1) as f64;
        let beyond = share(self.outside.iter().filter(|c| **c >= AS_VISIBLE).count(), self.outside.len());
        let bare: Vec<f64> = opposite.inside.iter().copied().flatten().collect();
        let left = share(bare.iter().filter(|c| **c >= AS_VISIBLE).count(), bare.len());
        let moved = bare.len() >= LINE_FEWEST && left <= GONE;
        beyond >= GOES_ON || moved && beyond >= MOVED_ON
    }
}

struct Looker<'p> {
    page: &'p Page,
    layout: &'p Layout,
    mapping: &'p Mapping,
    cap: i32,
    outlines: Outlines,
}

impl Looker<'_> {
    /// What is seen at the four ends of a block: before its first and behind its last position, before the first and behind the
    /// last target of each.
    fn block(&mut self, field: &Field, block: &[Position]) -> [Seen; 4] {
        let mut out: [Seen; 4] = Default::default();
        let (Some(first), Some(last)) = (block.first(), block.last()) else { return out };
        if let [one, two, ..] = block
            && let (Some(a), Some(b)) = (one.targets.first(), two.targets.first())
        {
            let step = between(a, b);
            out[0] = self.end(field, first.targets.iter(), (-step.0, -step.1));
            out[1] = self.end(field, last.targets.iter(), step);
        }
        if let [one, two, ..] = first.targets.as_slice() {
            let step = between(one, two);
            out[2] = self.end(field, block.iter().filter_map(|p| p.targets.first()), (-step.0, -step.1));
            out[3] = self.end(field, block.iter().filter_map(|p| p.targets.last()), step);
        }
        out
    }

    fn end<'t>(&mut self, field: &Field, line: impl Iterator<Item = &'t Target>, step: (f64, f64)) -> Seen {
        let line: Vec<&Target> = line.collect();
        let apart = line.len().div_ceil(LINE_MOST).max(1);
        let mut seen = Seen::default();
        for target in line.into_iter().step_by(apart) {
            let outline = self.outlines.of(field.shape, target);
            let here = contrast_at(self.page, &outline, target.rect.centre, self.mapping, self.cap);
            let Some(here) = here else { continue };
            let marked = is_marked(self.page, target, self.mapping, (0.0, 0.0), here);
            seen.inside.push((!marked).then_some(here));
            let beyond = target.rect.centre.shifted(step.0, step.1);
            if self.is_free(beyond, step.0.hypot(step.1)) {
                seen.outside.extend(contrast_at(self.page, &outline, beyond, self.mapping, self.cap));
            }
        }
        seen
    }

    /// Whether the layout has neither a target nor a fiducial at a place, `step` millimetres beyond a block's end.
    fn is_free(&self, place: Point<Mm>, step: f64) -> bool {
        let target = self.layout.targets().any(|(_, _, t)| t.rect.centre.distance(place).0 < 0.7 * step);
        let fiducial = self.layout.fiducials.iter().any(|f| {
            let (w, h) = (f.rect.width.0 / 2.0 + step / 2.0, f.rect.height.0 / 2.0 + step / 2.0);
            let c = f.rect.centre;
            (c.x.0 - place.x.0).abs() < w && (c.y.0 - place.y.0).abs() < h
        });
        !target && !fiducial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::shipped;

    #[test]
    fn a_run_of_items_falls_into_its_blocks() {
        let layout = shipped("openmcr-75").unwrap();
        let items = layout.field("items").unwrap();
        assert_eq!(blocks(items).iter().map(|b| b.len()).collect::<Vec<_>>(), [15; 5]);
        let ticket = shipped("theory-100").unwrap();
        assert_eq!(blocks(ticket.field("ticket").unwrap()).len(), 1);
    }

    #[test]
    fn a_line_beyond_the_end_or_a_line_further_on_is_another_edition() {
        let seen = |inside: [f64; 6], outside: [f64; 6]| Seen {
            inside: inside.map(Some).to_vec(),
            outside: outside.to_vec(),
        };
        let usual = seen([1.0; 6], [0.1, 0.3, 0.2, 0.4, 0.7, 0.0]);
        assert!(!usual.goes_on(&usual));
        assert!(seen([1.0; 6], [0.9, 1.0, 0.8, 0.2, 1.1, 1.0]).goes_on(&usual));
        let gone = seen([0.1, 0.0, 0.8, 0.2, 0.1, 0.1], [0.0; 6]);
        assert!(seen([1.0; 6], [0.9, 1.0, 0.8, 0.2, 0.1, 0.3]).goes_on(&gone));
        assert!(!seen([1.0; 6], [0.9, 1.0, 0.2, 0.2, 0.1, 0.3]).goes_on(&gone));
        assert!(!seen([1.0; 6], [0.9, 1.0, 0.8, 0.2, 0.1, 0.3]).goes_on(&usual));
    }
}
