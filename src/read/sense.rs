//! From a registered page to a reading: every target measured, every mark decided.

use super::agree::{doubt_seconds, together};
use super::decide::{First, Measured, Scale};
use super::judge::Bench;
use super::measure::{Around, Ink, Place, covered_below};
use super::second::{self, Look};
use super::streak::without_streaks;
use super::strokes::Strokes;
use super::{FieldReading, Mark, Pose, PositionReading, ReadKind, Reading, printed};
use crate::layout::{BlankColumns, Choice, Field, FieldKind, Layout, Position, TargetShape};
use crate::register::Registration;
use crate::sheet::EngineId;
use crate::source::{Depth, Page, give_back};
use std::borrow::Cow;

/// How many neighbours on either side lend a target their paper, along its row or column. Two span
/// 12 to 30 mm: a shadow changes less over that than a scribble changes one ring.
const NEIGHBOURS: usize = 2;

/// Measures every target of `layout` on the registered `page`.
///
/// Two readers look at every target, and only what both say is stood behind. To the first a mark is ink: the
/// mean darkness of its sensing area, from the local paper (0) to the ink of the fiducials (1), with the
/// target's own print taken away. Paper is seen just outside the outline and lent by the neighbours, so
/// that a scribble around a target can't make it look empty. To the second a mark is a stroke: one
/// connected piece, large and dark enough, that is not the print, not a line on its way through and not
/// a neighbour's overflow; and an empty target is one where print or paper is really seen. How the
/// print looks is learnt from the sheet itself, because most targets are empty.
///
/// Lines that dirt on the scanner's glass has drawn down the whole picture are taken out first.
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
    let clean = without_streaks(page);
    let page = &*clean;
    let (scale, firsts) = first(page, registration, layout);
    let sight = second::see(page, registration, layout);
    let bench = Bench::of(&sight, layout);
    let judged = layout.fields.iter().zip(&firsts).zip(&sight.looks).map(|((field, firsts), looks)| {
        let position = |((position, firsts), looks): ((&Position, &Vec<First>), &Vec<Option<Look>>)| {
            let seconds = bench.judge(looks, position.choice);
            let mut marks: Vec<Mark> = firsts
                .iter()
                .zip(looks.iter().zip(seconds))
                .map(|(first, (look, second))| {
                    let strokes = look.map_or(Strokes::default(), |l| l.strokes);
                    Mark {
                        fill: first.fill,
                        firmness: first.firmness,
                        stroke: strokes.cover,
                        contrast: strokes.contrast,
                        first: first.state,
                        second,
                        state: together(first.state, second),
                    }
                })
                .collect();
            if page.depth == Depth::Bilevel && position.choice == Choice::Single {
                doubt_seconds(&mut marks);
            }
            marks
        };
        field.positions.iter().zip(firsts).zip(looks).map(position).collect()
    });
    let reading = written(page, registration, layout, engine, &scale, judged.collect());
    if let Cow::Owned(copy) = clean {
        give_back(copy);
    }
    reading
}

/// What the first reader alone makes of a page: the reading that [`read`] would give if nothing had to agree.
///
/// For measuring what the second reader costs and what it finds; nothing that counts is read in this way.
/// Every mark's `stroke` and `contrast` are 0, and `second` repeats `first`.
#[must_use]
pub fn by_ink_alone(page: &Page, registration: &Registration, layout: &Layout, engine: &EngineId) -> Reading {
    let page = &*without_streaks(page);
    let (scale, firsts) = first(page, registration, layout);
    let alone = |first: First| Mark {
        fill: first.fill,
        firmness: first.firmness,
        stroke: 0,
        contrast: 0,
        first: first.state,
        second: first.state,
        state: first.state,
    };
    let marks = firsts.into_iter().map(|positions| {
        positions.into_iter().map(|firsts| firsts.into_iter().map(alone).collect()).collect()
    });
    written(page, registration, layout, engine, &scale, marks.collect())
}

/// What the first reader says, by field, position and target.
fn first(page: &Page, registration: &Registration, layout: &Layout) -> (Scale, Vec<Vec<Vec<First>>>) {
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
    let scale = Scale::of(layout, page.depth, measured.iter().flatten());
    let decide = |(field, measured): (&Field, &Vec<Vec<Option<Measured>>>)| {
        field.positions.iter().zip(measured).map(|(p, m)| scale.decide(m, p.choice)).collect()
    };
    let firsts = layout.fields.iter().zip(&measured).map(decide).collect();
    (scale, firsts)
}

/// A reading of `marks`, which stand by field, position and target.
fn written(
    page: &Page,
    registration: &Registration,
    layout: &Layout,
    engine: &EngineId,
    scale: &Scale,
    marks: Vec<Vec<Vec<Mark>>>,
) -> Reading {
    let mut fields: Vec<FieldReading> = Vec::with_capacity(layout.fields.len());
    for (field, marks) in layout.fields.iter().zip(marks) {
        let positions = field.positions.iter().zip(marks).map(|(position, marks)| PositionReading {
            label: position.label.clone(),
            options: position.targets.iter().map(|t| t.value.as_str()).collect(),
            several: position.choice == Choice::Multiple,
            marks,
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
            fiducials_lost: registration.fiducials.iter().filter(|f| f.is_none()).count() as u16,
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

/// How near the ring of the same target in the position before or after must come to a target's own ring, as a share of
/// it, to say that shade lies there: a shadow's edge along the positions. One mark's overflow or one scribble differs by more.
const SHADED_ALIKE: (u16, u16) = (17, 16);

/// The darkest shade that is believed, as a share of what the neighbours along the position lend. A shadow's core has half of the light.
const DEEPEST_SHADE: (u16, u16) = (2, 5);

/// How far apart targets may lie, in millimetres, to be neighbours.
const NEAR_MM: f64 = 15.0;

/// The ink in every target of a field, by position; `None` where it can't be measured.
fn measure_field(page: &Page, registration: &Registration, field: &Field) -> Vec<Vec<Option<Ink>>> {
    let oval = field.shape == TargetShape::Oval;
    let places: Vec<Vec<Place>> = field
        .positions
        .iter()
        .map(|p| p.targets.iter().map(|t| Place::of(&t.rect, oval, &registration.mapping)).collect())
        .collect();
    let mut ring = None;
    let mut around: Vec<Vec<Option<Around>>> = Vec::with_capacity(places.len());
    places
        .iter()
        .enumerate()
        .map(|(p, own)| {
            // No farther ahead than the position beside: what was just looked at is near the processor when its ink is measured.
            while let Some(next) = places.get(around.len()).filter(|_| around.len() <= p + 1) {
                around.push(next.iter().map(|place| place.around(page, &mut ring)).collect());
            }
            let measure = |(i, place): (usize, &Place)| {
                let own = around[p][i]?;
                let paper = lent(field, &around, (p, i), registration.paper)?;
                let print = local_ink(registration, paper);
                let ink = place.ink(page, paper, print)?;
                // A line around the target crosses the ring; few rings are crossed by anything. Around a mere measuring
                // box the form may have its own outline.
                let crossed = field.shape != TargetShape::Unknown && own.dark < covered_below(paper, print);
                Some(Ink { ringed: crossed && place.is_ringed(page, paper, print), ..ink })
            };
            own.iter().enumerate().map(measure).collect()
        })
        .collect()
}

/// The paper of target `i` of position `p`: its own ring's, or the middle of its neighbours' along the position if that is
/// brighter. A position of one or two targets looks at the page's usual paper too.
///
/// Where its own ring looks like bare paper and so does, as dark as it is, that of the same target in the position beside,
/// a shadow's edge runs between it and those neighbours: they have nothing to lend.
fn lent(field: &Field, around: &[Vec<Option<Around>>], (p, i): (usize, usize), usual: u8) -> Option<u8> {
    let own = around[p][i]?;
    let near = &around[p][i.saturating_sub(NEIGHBOURS)..(i + NEIGHBOURS + 1).min(around[p].len())];
    let mut levels: [u8; 2 * NEIGHBOURS + 2] = [0; 2 * NEIGHBOURS + 2];
    let mut count = 0;
    for around in near.iter().flatten() {
        levels[count] = around.paper;
        count += 1;
    }
    if count < 3 {
        levels[count] = usual;
        count += 1;
    }
    levels[..count].sort_unstable();
    let lent = levels[(count - 1) / 2];
    if lent <= own.paper {
        return Some(own.paper);
    }
    let (own_paper, deepest) = (u16::from(own.paper), u16::from(lent) * DEEPEST_SHADE.0);
    let shaded = own.even
        && own_paper * DEEPEST_SHADE.1 >= deepest
        && [p.checked_sub(1), Some(p + 1)].into_iter().flatten().any(|beside| {
            let (Some(there), Some(Some(ring))) =
                (field.positions.get(beside), around.get(beside).and_then(|a| a.get(i)))
            else {
                return false;
            };
            let near = |t: &crate::layout::Target| {
                t.rect.centre.distance(field.positions[p].targets[i].rect.centre).0 <= NEAR_MM
            };
            ring.even
                && there.targets.get(i).is_some_and(near)
                && u16::from(ring.paper) * SHADED_ALIKE.1 <= own_paper * SHADED_ALIKE.0
        });
    Some(if shaded { own.paper } else { lent })
}

/// The print's level under the light that falls on `paper`: a shadow darkens both alike.
fn local_ink(registration: &Registration, paper: u8) -> u8 {
    let (ink, usual) = (u32::from(registration.ink), u32::from(registration.paper).max(1));
    u8::try_from(ink * u32::from(paper) / usual).unwrap_or(u8::MAX).min(paper)
}
