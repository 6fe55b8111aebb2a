//! From a registered page to a reading: every target measured, every mark decided.

use super::measure::{Ink, Place};
use super::{FieldReading, Mark, MarkState, Pose, PositionReading, ReadKind, Reading};
use crate::geometry::Ratio;
use crate::layout::{BlankColumns, Choice, Field, FieldKind, Layout, PrintInk, Target, TargetShape};
use crate::register::Registration;
use crate::sheet::EngineId;
use crate::source::Page;
use std::collections::BTreeMap;

/// How many neighbours on either side lend a target their paper, along its row or column. Two span
/// 12 to 30 mm: a shadow changes less over that than a scribble changes one ring.
const NEIGHBOURS: usize = 2;

/// The rank, as a share, at which the targets of one letter are taken to be empty.
///
/// Of the four or five options at most one is marked on nearly every item, and of ten digits one; only
/// where one letter is marked on two thirds of all items does its own rank say too much, and then
/// the other letters' print bounds it.
const EMPTY_RANK: f64 = 0.3;

/// How much more ink one letter may have than the middle of all letters: W against I in dark print.
const LETTER_FACTOR: f64 = 2.0;
const LETTER_EXTRA: f64 = 0.02;

/// The most ink, as a share of the sensing area, that a target's own print can have. Pale print is
/// at most a fifth as dark as black and covers a third; dark circles with a letter reach 0.32 in
/// bilevel scans.
const MOST_PALE: f64 = 0.12;
const MOST_DARK: f64 = 0.40;

/// Measures every target of `layout` on the registered `page`.
///
/// A mark's fill ratio is the mean darkness of its sensing area, from the local paper (0) to the ink
/// of the fiducials (1), with the target's own print taken away. Paper is seen just outside the
/// outline and lent by the neighbours, so that a scribble around a target can't make it look empty.
/// The print's ink is learnt from the sheet itself: of all targets with the same letter in a field most
/// are empty.
///
/// # Example
///
/// ```
/// use duka::{layout, read, register, sheet::EngineId, source};
/// let card = layout::shipped("theory-100")?;
/// let bytes = std::fs::read("samples/scans/room-101-01.png")?;
/// let page = source::decode(&bytes).next().unwrap().1?;
/// let registration = register::register(&page, &card).unwrap();
/// let reading = read::read(&page, &registration, &card, &EngineId("doc".into()));
/// assert_eq!(reading.fields.iter().find(|f| f.name.as_str() == "items").unwrap().positions.len(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read(page: &Page, registration: &Registration, layout: &Layout, engine: &EngineId) -> Reading {
    let raw: Vec<Vec<Vec<Option<Ink>>>> =
        layout.fields.iter().map(|field| measure_field(page, registration, field)).collect();
    let printed = Printed::learn(layout, &raw);
    let thresholds = (layout.thresholds.marginal.per_mille(), layout.thresholds.definite.per_mille());
    let mut fields: Vec<FieldReading> = Vec::with_capacity(layout.fields.len());
    for (field, inks) in layout.fields.iter().zip(&raw) {
        let positions = field.positions.iter().zip(inks).map(|(position, inks)| PositionReading {
            label: position.label.clone(),
            options: position.targets.iter().map(|t| t.value.as_str()).collect(),
            several: position.choice == Choice::Multiple,
            marks: position
                .targets
                .iter()
                .zip(inks)
                .map(|(target, ink)| decide(*ink, printed.of(field, target), thresholds))
                .collect(),
        });
        // All runs of items are one field to the reader of a reading.
        match fields.iter_mut().find(|f| f.name == field.name) {
            Some(run) => run.positions.extend(positions),
            None => fields.push(FieldReading {
                name: field.name.clone(),
                kind: kind_of(field.kind),
                positions: positions.collect(),
            }),
        }
    }
    Reading {
        sheet: page.sheet,
        engine: engine.clone(),
        layout: layout.name.clone(),
        layout_hash: layout.hash,
        pose: Pose {
            orientation: registration.orientation,
            rotation_centidegrees: (registration.rotation_deg * 100.0).round() as i32,
            residual_um: (registration.residual.0 * 1000.0).round() as u32,
        },
        marginal: thresholds.0,
        definite: thresholds.1,
        fields,
    }
}

fn kind_of(kind: FieldKind) -> ReadKind {
    match kind {
        FieldKind::Identity(BlankColumns::None) => ReadKind::Identity,
        FieldKind::Identity(BlankColumns::Trailing) => ReadKind::IdentityTrailing,
        FieldKind::Identity(BlankColumns::Any) => ReadKind::IdentityAny,
        FieldKind::Flag => ReadKind::Flag,
        FieldKind::Items => ReadKind::Items,
    }
}

/// The ink in every target of a field, by position; `None` where it can't be measured.
fn measure_field(page: &Page, registration: &Registration, field: &Field) -> Vec<Vec<Option<Ink>>> {
    let oval = field.shape == TargetShape::Oval;
    field
        .positions
        .iter()
        .map(|position| {
            let places: Vec<Place> =
                position.targets.iter().map(|t| Place::of(&t.rect, oval, &registration.mapping)).collect();
            let papers: Vec<Option<u8>> = places.iter().map(|p| p.paper(page)).collect();
            places
                .iter()
                .enumerate()
                .map(|(i, place)| {
                    let paper = lent(&papers, i, registration.paper)?;
                    place.ink(page, paper, local_ink(registration, paper))
                })
                .collect()
        })
        .collect()
}

/// The paper of target `i`: its own ring's, or the middle of its neighbours' if that is brighter. A
/// position of one or two targets looks at the page's usual paper too.
fn lent(papers: &[Option<u8>], i: usize, usual: u8) -> Option<u8> {
    let own = papers[i]?;
    let near = &papers[i.saturating_sub(NEIGHBOURS)..(i + NEIGHBOURS + 1).min(papers.len())];
    let mut levels: Vec<u8> = near.iter().flatten().copied().collect();
    if levels.len() < 3 {
        levels.push(usual);
    }
    levels.sort_unstable();
    Some(own.max(levels[(levels.len() - 1) / 2]))
}

/// The print's level under the light that falls on `paper`: a shadow darkens both alike.
fn local_ink(registration: &Registration, paper: u8) -> u8 {
    let (ink, usual) = (u32::from(registration.ink), u32::from(registration.paper).max(1));
    u8::try_from(ink * u32::from(paper) / usual).unwrap_or(u8::MAX).min(paper)
}

/// Targets that are printed alike: the same letter in the same outline, sides in hundredths of a
/// millimetre.
type Print = (TargetKind, String);
type TargetKind = (u8, i64, i64);

/// How much ink the print of each letter has.
struct Printed {
    letters: BTreeMap<Print, f64>,
    usual: f64,
}

impl Printed {
    fn learn(layout: &Layout, raw: &[Vec<Vec<Option<Ink>>>]) -> Self {
        let most = match layout.print_ink {
            PrintInk::Pale => MOST_PALE,
            PrintInk::Dark => MOST_DARK,
        };
        let mut seen: BTreeMap<Print, Vec<f64>> = BTreeMap::new();
        for (field, positions) in layout.fields.iter().zip(raw) {
            for (position, inks) in field.positions.iter().zip(positions) {
                for (target, ink) in position.targets.iter().zip(inks) {
                    if let Some(ink) = ink {
                        seen.entry(Self::print(field, target)).or_default().push(ink.fill);
                    }
                }
            }
        }
        let mut letters: BTreeMap<Print, f64> = BTreeMap::new();
        for (letter, mut fills) in seen {
            // Too few to tell print from marks.
            if fills.len() >= 4 {
                fills.sort_by(f64::total_cmp);
                letters.insert(letter, fills[(fills.len() as f64 * EMPTY_RANK) as usize].min(most));
            }
        }
        let mut all: Vec<f64> = letters.values().copied().collect();
        all.sort_by(f64::total_cmp);
        let usual = all.get(all.len() / 2).copied().unwrap_or(0.0);
        for ink in letters.values_mut() {
            *ink = ink.min(LETTER_FACTOR * usual + LETTER_EXTRA);
        }
        Self { letters, usual }
    }

    fn of(&self, field: &Field, target: &Target) -> f64 {
        self.letters.get(&Self::print(field, target)).copied().unwrap_or(self.usual)
    }

    fn print(field: &Field, target: &Target) -> Print {
        let hundredths = |mm: f64| (mm * 100.0).round() as i64;
        let (w, h) = (hundredths(target.rect.width.0), hundredths(target.rect.height.0));
        ((field.shape as u8, w, h), target.value.clone())
    }
}

/// What a measured target is: its print taken away, then held against the thresholds.
fn decide(ink: Option<Ink>, printed: f64, (marginal, definite): (u16, u16)) -> Mark {
    let Some(ink) = ink else {
        return Mark { fill: 0, cover: 0, state: MarkState::Unreadable };
    };
    // Print under a mark is covered by it: what is left is a share of what was not print.
    let fill = Ratio::clamped((ink.fill - printed) / (1.0 - printed)).per_mille();
    let state = if fill >= definite {
        MarkState::Filled
    } else if fill >= marginal {
        MarkState::Marginal
    } else {
        MarkState::Empty
    };
    Mark { fill, cover: Ratio::clamped(ink.cover).per_mille(), state }
}
