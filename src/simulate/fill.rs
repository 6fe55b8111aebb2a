//! A whole card filled by somebody, with what a fair person would write down for each response.

use super::act::{Act, Expect, Hand};
use super::graphite::Patch;
use super::print::Print;
use crate::geometry::{Mm, Point, Rect};
use crate::layout::{Choice, Field, FieldKind, Layout, Position};
use crate::sheet::FieldName;
use rand::{Rng, RngExt};
use serde::Serialize;

/// How somebody fills a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// Everything as the card asks for it: full, bars, some overflow, some changes of mind cleanly erased, some items
    /// left out. One card in seven with a pen.
    Careful,
    /// A third of the items in every other way that [`Act`] knows.
    Mixed,
    /// Everything with a light hand.
    Light,
    /// As [`Manner::Careful`], and a scribble across several blocks.
    Scribbled,
    /// Ticket number and form only.
    Empty,
    /// Every mark full, nothing else.
    Plain,
}

/// An act that is asked for at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The field's name.
    pub field: String,
    /// Item number, column number or `1`.
    pub item: String,
    /// The option that is meant.
    pub option: char,
    /// What is done.
    pub act: Act,
}

/// One response: an item or a whole field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The field's name.
    pub field: String,
    /// The item's number; none for a field that is not `items`.
    pub item: Option<u16>,
    /// The act that decides about it: of an identity field's columns the least careful one.
    pub act: Act,
    /// What may become of it.
    pub expect: Expect,
}

impl Deed {
    /// `items 17`, `ticket`.
    #[must_use]
    pub fn place(&self) -> String {
        self.item.map_or_else(|| self.field.clone(), |item| format!("{} {item}", self.field))
    }
}

/// A filled card.
#[derive(Debug, Clone)]
pub struct FilledCard {
    /// The card.
    pub print: Print,
    /// Every response of it, in the layout's order.
    pub deeds: Vec<Deed>,
}

/// `blank` filled in some `manner`, with `wishes` at single places.
pub fn fill(
    layout: &Layout,
    blank: &Print,
    manner: Manner,
    wishes: &[Wish],
    rng: &mut impl Rng,
) -> FilledCard {
    let mut print = blank.clone();
    let hand = Hand::some(rng);
    // A candidate who brings a pen uses it throughout.
    let usual = match rng.random_range(0..14) {
        0 if manner != Manner::Plain => Act::BlackPen,
        1 if manner != Manner::Plain => Act::BluePen,
        _ => Act::Full,
    };
    let scribble = (manner == Manner::Scribbled).then(|| scribble(layout, rng));
    let mut deeds = Vec::new();
    for field in &layout.fields {
        let mut columns = Vec::with_capacity(field.positions.len());
        for position in &field.positions {
            let wish =
                wishes.iter().find(|w| w.field == field.name.as_str() && w.item == position.label.as_str());
            let (act, wanted) = match wish {
                Some(wish) => (wish.act, option_index(position, wish.option)),
                None => (choose(manner, field, usual, rng), rng.random_range(0..position.targets.len())),
            };
            let place = Placed { field, position, act, wanted };
            let (act, expect) = place.draw(&hand, &mut print, wish.is_none(), rng);
            let hit = scribble.as_ref().is_some_and(|path| crosses(path, position));
            columns.push(match expect {
                Expect::Must(value) | Expect::MayHold(value) if hit => {
                    (Act::Scribbled, Expect::NeverOther(value))
                }
                expect => (act, expect),
            });
        }
        if field.kind == FieldKind::Items {
            for (position, (act, expect)) in field.positions.iter().zip(columns) {
                let item = position.label.as_str().parse().ok();
                deeds.push(Deed { field: field.name.to_string(), item, act, expect });
            }
        } else {
            let (act, expect) = whole(&columns);
            deeds.push(Deed { field: field.name.to_string(), item: None, act, expect });
        }
    }
    if let Some(path) = scribble {
        let rect = path.iter().fold(Rect::between(0.0, 0.0, 0.0, 0.0), |rect: Rect<Mm>, p| {
            if rect.width.0 == 0.0 {
                Rect::between(p.x.0 - 1.0, p.y.0 - 1.0, p.x.0 + 1.0, p.y.0 + 1.0)
            } else {
                Rect::between(
                    rect.left().min(p.x.0 - 1.0),
                    rect.top().min(p.y.0 - 1.0),
                    rect.right().max(p.x.0 + 1.0),
                    rect.bottom().max(p.y.0 + 1.0),
                )
            }
        });
        let mut patch = Patch::over(&print, &rect, rng);
        patch.stroke(&path, &hand.pencil().line(), rng);
        patch.lay(&mut print, 0.8);
    }
    FilledCard { print, deeds }
}

fn option_index(position: &Position, option: char) -> usize {
    position.targets.iter().position(|t| t.value.starts_with(option)).unwrap_or(0)
}

/// One place with what is to be done there.
struct Placed<'a> {
    field: &'a Field,
    position: &'a Position,
    act: Act,
    wanted: usize,
}

impl Placed<'_> {
    /// Draws it; `free` lets a position that allows several marks have some.
    fn draw(&self, hand: &Hand, print: &mut Print, free: bool, rng: &mut impl Rng) -> (Act, Expect) {
        let Self { field, position, mut act, wanted } = *self;
        let rects: Vec<Rect<Mm>> = position.targets.iter().map(|t| t.rect).collect();
        let options: String = position.targets.iter().map(|t| t.value.as_str()).collect();
        if rects.len() < 2 && (act.needs_other() || matches!(act, Act::Struck | Act::AllFilled)) {
            act = Act::Full;
        }
        let other = match wanted {
            0 => 1.min(rects.len() - 1),
            n if n + 1 == rects.len() || rng.random_bool(0.5) => n - 1,
            n => n + 1,
        };
        let several = position.choice == Choice::Multiple;
        hand.act(act, print, &rects, (wanted, other), rng);
        let letter = |i: usize| position.targets[i].value.as_str();
        let expect = act.expect(letter(wanted), letter(other), &options, several);
        // Where several marks are allowed careful candidates make one to four of them.
        if several && free && matches!(act, Act::Full | Act::Bar | Act::BlackPen | Act::BluePen) {
            let mut all = vec![wanted];
            for i in (0..rects.len()).filter(|&i| i != wanted) {
                if rng.random_bool(0.45) {
                    hand.act(act, print, &rects, (i, i), rng);
                    all.push(i);
                }
            }
            all.sort_unstable();
            return (act, Expect::Must(all.iter().map(|&i| letter(i)).collect()));
        }
        // A flag's target is filled or it is not: a mark beside it has no other option to be taken for.
        if field.kind == FieldKind::Flag && act == Act::Struck {
            return (act, Expect::MustHold);
        }
        (act, expect)
    }
}

/// What is done at a place of `field`.
fn choose(manner: Manner, field: &Field, usual: Act, rng: &mut impl Rng) -> Act {
    let careful = |rng: &mut _| if usual == Act::Full { careful(rng) } else { usual };
    match (&field.kind, manner) {
        (FieldKind::Flag, Manner::Mixed) if rng.random_bool(0.1) => Act::Full,
        (FieldKind::Flag, _) | (FieldKind::Items, Manner::Empty) => Act::Blank,
        (_, Manner::Plain) => Act::Full,
        (_, Manner::Light) => Act::Light,
        (FieldKind::Identity(_), Manner::Mixed) if rng.random_bool(0.04) => {
            [Act::Light, Act::Half, Act::Changed, Act::ChangedBadly, Act::Double, Act::AllFilled, Act::Slash]
                [rng.random_range(0..7)]
        }
        (FieldKind::Identity(_), _) => match careful(rng) {
            Act::Blank => Act::Full,
            act => act,
        },
        (FieldKind::Items, Manner::Mixed) if rng.random_bool(0.35) => {
            // All but the first, which is nothing, and the last, which is drawn across places.
            Act::ALL[rng.random_range(1..Act::ALL.len() - 1)]
        }
        (FieldKind::Items, _) => careful(rng),
    }
}

/// What a careful candidate with a pencil does, in shares as on cards that were looked at: two or three items of a
/// hundred left out, four changed.
fn careful(rng: &mut impl Rng) -> Act {
    match rng.random_range(0..100) {
        0..3 => Act::Blank,
        3..7 => Act::Changed,
        7..15 => Act::Overflow,
        15..33 => Act::Bar,
        _ => Act::Full,
    }
}

/// What becomes of a field whose columns are known.
fn whole(columns: &[(Act, Expect)]) -> (Act, Expect) {
    let rank = |expect: &Expect| match expect {
        Expect::Must(_) => 0,
        Expect::MayHold(_) => 1,
        Expect::NeverOther(_) => 2,
        Expect::MustHold => 3,
    };
    let mut value = String::new();
    for (_, expect) in columns {
        let letters = expect.value().unwrap_or_default();
        match letters.chars().count() {
            0 => value.push('_'),
            1 => value.push_str(letters),
            _ => value.extend(["[", letters, "]"]),
        }
    }
    if value.chars().all(|c| c == '_') {
        value.clear();
    }
    // A missing column is held, rightly.
    let gap = value.contains('_');
    let worst = columns.iter().max_by_key(|(act, expect)| (rank(expect), *act != Act::Full, *act));
    let (act, worst) = worst.map_or((Act::Blank, 0), |(act, expect)| (*act, rank(expect)));
    let expect = match worst {
        0 if !gap => Expect::Must(value),
        0 | 1 => Expect::MayHold(value),
        2 => Expect::NeverOther(value),
        _ => Expect::MustHold,
    };
    (act, expect)
}

/// A scribble to and fro, down through the items.
fn scribble(layout: &Layout, rng: &mut impl Rng) -> Vec<Point<Mm>> {
    let places: Vec<Point<Mm>> = layout
        .targets()
        .filter(|(field, _, _)| field.name.as_str() == FieldName::ITEMS)
        .map(|(_, _, target)| target.rect.centre)
        .collect();
    let Some(&start) = places.get(rng.random_range(0..places.len().max(1))) else { return Vec::new() };
    let (width, turns) = (rng.random_range(25.0..70.0), rng.random_range(4..9));
    let page = layout.page;
    (0..turns)
        .map(|i| {
            let side = if i % 2 == 0 { -0.5 } else { 0.5 };
            let x = start.x.0 + side * width + rng.random_range(-4.0..4.0);
            let y = start.y.0 + f64::from(i) * 3.5 + rng.random_range(-1.5..1.5);
            Point::at(x.clamp(24.0, page.width_mm - 24.0), y.clamp(24.0, page.height_mm - 24.0))
        })
        .collect()
}

/// Whether a path comes near any target of a position.
fn crosses(path: &[Point<Mm>], position: &Position) -> bool {
    path.windows(2).any(|pair| {
        let steps = (pair[0].distance(pair[1]).0 / 0.4).ceil();
        (0..=steps as usize).any(|step| {
            let t = step as f64 / steps.max(1.0);
            let (x, y) = (
                pair[0].x.0 + t * (pair[1].x.0 - pair[0].x.0),
                pair[0].y.0 + t * (pair[1].y.0 - pair[0].y.0),
            );
            // The line's bend and breadth, and what a reader looks at around a target.
            position.targets.iter().any(|target| {
                let near = target.rect.grown(2.0);
                (near.left()..near.right()).contains(&x) && (near.top()..near.bottom()).contains(&y)
            })
        })
    })
}
