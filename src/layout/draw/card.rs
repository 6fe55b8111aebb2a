//! What a blank card is printed with, derived from the layout.

use super::frames;
use super::ink::{Line, Part, Piece, Shape};
use super::section::sections;
use super::typeface::{Colour, PT_PER_MM, TextStyle, Typeface};
use crate::geometry::{Mm, Point, Rect};
use crate::layout::{Fiducial, FiducialShape, Field, FieldKind, Layout, Position, PrintInk, TargetShape};

/// Print that scanners can drop: pale red, luma 197 of 255.
///
/// Above luma 205 candidates in poor light don't see the letters; below 190 a bilevel scan at the usual
/// threshold keeps the outlines and they count as ink.
pub(super) const PALE: Colour = Colour(240, 180, 175);

/// Frames and headings: a red of luma 103 that stays visible in a gray scan.
pub(super) const FRAME: Colour = Colour(192, 66, 56);

/// Ground under headings, luma 242: below 230 it is grain in a bilevel scan.
pub(super) const TINT: Colour = Colour(252, 238, 235);

/// Thin lines between blocks, between the frames and the targets in weight.
pub(super) const HAIR: Colour = Colour(233, 160, 152);

/// Stroke of a target's outline in millimetres: thinner breaks up in offset print, thicker adds ink to an
/// empty target.
pub(super) const TARGET_PEN: f64 = 0.18;

/// Stroke of frames in millimetres.
pub(super) const FRAME_PEN: f64 = 0.25;

/// Stroke of thin lines in millimetres.
pub(super) const HAIR_PEN: f64 = 0.12;

/// Highest letter inside a target in millimetres: a pencil bar must cover it.
const LETTER: f64 = 1.55;

/// Height of capitals as a share of the size, in this font.
const CAPITAL: f64 = 0.733;

/// White between an item's number and its first target, in millimetres.
pub(super) const NUMBER_GAP: f64 = 1.6;

/// Size of item numbers in points.
pub(super) const NUMBER_SIZE: f64 = 7.5;

/// Size of the labels of flags and forms in points.
const LABEL_SIZE: f64 = 9.0;

/// Every piece of a card without a candidate, fiducials first.
pub(in crate::layout) fn pieces(layout: &Layout, typeface: &Typeface) -> Vec<Piece> {
    let mut out: Vec<_> = layout.fiducials.iter().map(fiducial).collect();
    if let Some(code) = layout.code {
        let black = code.cells().into_iter().enumerate().filter(|(_, black)| *black);
        out.extend(black.map(|(cell, _)| solid(Part::Code, Colour::BLACK, code.cell(cell))));
    }
    let grouped = sections(layout, typeface);
    if let Some(facts) = &layout.print {
        out.extend(frames::of_print(facts, layout));
        for section in &grouped {
            out.extend(frames::of_section(section, &grouped, facts));
        }
    }
    for (index, field) in layout.fields.iter().enumerate() {
        let part = Part::Field(index);
        match field.kind {
            FieldKind::Items => out.extend(field.positions.iter().filter_map(|p| number(part, p))),
            FieldKind::Identity(_) if layout.print.is_none() => out.extend(label_above(part, field)),
            FieldKind::Identity(_) if field.positions.len() > 1 && runs_down(field) => {
                out.extend(frames::of_columns(part, field));
            }
            FieldKind::Identity(_) | FieldKind::Flag => out.extend(label_beside(part, field)),
        }
        for position in &field.positions {
            for target in &position.targets {
                // A flag's value stands for itself; its label is beside it.
                let letter = if field.kind == FieldKind::Flag { "" } else { &target.value };
                out.extend(target_print(Part::Target, field.shape, layout.print_ink, &target.rect, letter));
            }
        }
    }
    out
}

pub(super) fn solid(part: Part, colour: Colour, rect: Rect<Mm>) -> Piece {
    Piece { part, colour, shape: Shape::Solid(rect) }
}

pub(super) fn text(part: Part, at: Point<Mm>, text: impl Into<String>, style: TextStyle) -> Piece {
    let line = Line { at, text: text.into(), style, within: None };
    Piece { part, colour: style.colour, shape: Shape::Text(line) }
}

pub(super) fn stroke(part: Part, colour: Colour, points: Vec<Point<Mm>>, pen: f64) -> Piece {
    Piece { part, colour, shape: Shape::Strokes(points, pen) }
}

pub(super) fn outline(part: Part, colour: Colour, rect: Rect<Mm>, pen: f64) -> Piece {
    Piece { part, colour, shape: Shape::Outline(rect, pen) }
}

fn fiducial(fiducial: &Fiducial) -> Piece {
    let r = fiducial.rect;
    let piece = |shape: Shape| Piece { part: Part::Fiducial, colour: Colour::BLACK, shape };
    let elbow = match fiducial.shape {
        FiducialShape::LMark(elbow) => elbow,
        FiducialShape::Rectangle => return piece(Shape::Solid(r)),
        FiducialShape::Disc => return piece(Shape::Disc(r)),
        FiducialShape::Ring(hole) => {
            return piece(Shape::Oval(r, (1.0 - hole) / 2.0 * r.width.0.min(r.height.0)));
        }
        // A marker of somebody else's form: its place is kept, its picture is theirs to print.
        FiducialShape::Marker => return piece(Shape::Reserved(r)),
    };
    // Round the square, with a step inwards where the open quarter is.
    let (qx, qy) = elbow.open_quarter();
    let (w, h) = (r.width.0 / 2.0 * qx, r.height.0 / 2.0 * qy);
    let steps = [(-w, -h), (w, -h), (w, 0.0), (0.0, 0.0), (0.0, h), (-w, h)];
    let points = steps.iter().map(|&(dx, dy)| r.centre.shifted(dx, dy)).collect();
    piece(Shape::Polygon(points))
}

/// The outline and letter of a target.
pub(super) fn target_print(
    part: Part,
    shape: TargetShape,
    ink: PrintInk,
    rect: &Rect<Mm>,
    letter: &str,
) -> Vec<Piece> {
    let colour = match ink {
        PrintInk::Pale => PALE,
        PrintInk::Dark => Colour::BLACK,
    };
    let half = TARGET_PEN / 2.0;
    let mut out = match shape {
        TargetShape::Unknown => Vec::new(),
        TargetShape::Box => vec![outline(part, colour, *rect, TARGET_PEN)],
        TargetShape::Oval => vec![Piece { part, colour, shape: Shape::Oval(*rect, TARGET_PEN) }],
        TargetShape::Bracket => [-1.0, 1.0]
            .into_iter()
            .map(|side| {
                // The bracket's arms reach a fifth of the width inwards, as in the printed sign.
                let x = rect.centre.x.0 + side * (rect.width.0 / 2.0 - half);
                let arm = x - side * rect.width.0 * 0.2;
                let (top, bottom) = (rect.top() + half, rect.bottom() - half);
                let points = [(arm, top), (x, top), (x, bottom), (arm, bottom)];
                stroke(part, colour, points.map(|(x, y)| Point::at(x, y)).to_vec(), TARGET_PEN)
            })
            .collect(),
    };
    if !letter.is_empty() {
        let high = LETTER.min(0.72 * rect.height.0);
        let style = TextStyle::new(high / CAPITAL * PT_PER_MM).centred().middle().colour(colour);
        out.push(text(part, rect.centre, letter, style));
    }
    out
}

/// Whether a field's values run down (its columns side by side).
fn runs_down(field: &Field) -> bool {
    field.positions.first().is_some_and(|p| !across(p))
}

/// Whether a position's targets lie side by side.
fn across(position: &Position) -> bool {
    let at = |i: usize| position.targets.get(i).map(|t| t.rect.centre);
    match (at(0), at(1)) {
        (Some(a), Some(b)) => (b.x.0 - a.x.0).abs() > (b.y.0 - a.y.0).abs(),
        _ => true,
    }
}

fn number(part: Part, position: &Position) -> Option<Piece> {
    let first = position.targets.first()?.rect;
    let style = TextStyle::new(NUMBER_SIZE).middle();
    Some(if across(position) {
        let at = Point::at(first.left() - NUMBER_GAP, first.centre.y.0);
        text(part, at, position.label.as_str(), style.right())
    } else {
        let at = Point::at(first.centre.x.0, first.top() - 2.2);
        text(part, at, position.label.as_str(), style.centred())
    })
}

fn label_beside(part: Part, field: &Field) -> Option<Piece> {
    let first = field.positions.first()?.targets.first()?.rect;
    let at = Point::at(first.left() - 2.2, first.centre.y.0);
    let style = TextStyle::new(LABEL_SIZE).right().middle();
    (!field.label.is_empty()).then(|| text(part, at, field.label.as_str(), style))
}

fn label_above(part: Part, field: &Field) -> Option<Piece> {
    let first = field.positions.first()?.targets.first()?.rect;
    let at = Point::at(first.left(), first.top() - 1.5);
    (!field.label.is_empty()).then(|| text(part, at, field.label.as_str(), TextStyle::new(7.0)))
}
