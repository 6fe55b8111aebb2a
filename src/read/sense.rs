//! From a registered page to a reading: every target measured, every mark decided.

use super::decide::{Measured, Scale};
use super::measure::{Ink, Place};
use super::printed;
use super::{FieldReading, Pose, PositionReading, ReadKind, Reading};
use crate::layout::{BlankColumns, Choice, Field, FieldKind, Layout, TargetShape};
use crate::register::Registration;
use crate::sheet::EngineId;
use crate::source::Page;

/// How many neighbours on either side lend a target their paper, along its row or column. Two span
/// 12 to 30 mm: a shadow changes less over that than a scribble changes one ring.
const NEIGHBOURS: usize = 2;

/// Measures every target of `layout` on the registered `page`.
///
/// A mark's fill ratio is the mean darkness of its sensing area, from the local paper (0) to the ink
/// of the fiducials (1), with the target's own print taken away. Paper is seen just outside the
/// outline and lent by the neighbours, so that a scribble around a target can't make it look empty.
/// The print's ink is learnt from the sheet itself, because most targets are empty.
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
    let printed = printed::learn(layout, &raw);
    let measured: Vec<Vec<Vec<Option<Measured>>>> = raw
        .iter()
        .zip(&printed)
        .map(|(inks, prints)| {
            let position = |(inks, prints): (&Vec<Option<Ink>>, &Vec<f64>)| {
                inks.iter().zip(prints).map(|(ink, &print)| ink.map(|i| Measured::beyond(i, print))).collect()
            };
            inks.iter().zip(prints).map(position).collect()
        })
        .collect();
    let scale = Scale::of(layout, measured.iter().flatten());
    let mut fields: Vec<FieldReading> = Vec::with_capacity(layout.fields.len());
    for (field, measured) in layout.fields.iter().zip(&measured) {
        let positions = field.positions.iter().zip(measured).map(|(position, measured)| PositionReading {
            label: position.label.clone(),
            options: position.targets.iter().map(|t| t.value.as_str()).collect(),
            several: position.choice == Choice::Multiple,
            marks: scale.decide(measured, position.choice),
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
        marginal: layout.thresholds.marginal.per_mille(),
        faint: scale.faint_per_mille(),
        definite: layout.thresholds.definite.per_mille(),
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
