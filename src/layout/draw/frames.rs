//! Frames, headings and lines of text around the fields.

use super::card::{FRAME, FRAME_PEN, HAIR, HAIR_PEN, TINT, outline, solid, stroke, target_print, text};
use super::facts::{Instructions, PrintFacts, PrintFrame, PrintPlace};
use super::ink::{Line, Part, Piece, Shape};
use super::section::Section;
use super::typeface::{Colour, TextStyle};
use crate::geometry::{Mm, Point, Rect};
use crate::layout::{Field, Layout, PrintInk, TargetShape};

/// Height of the strip with a frame's heading, in millimetres.
const STRIP: f64 = 5.6;

/// White between a frame and the items in it, in millimetres.
const PAD: f64 = 2.2;

/// White above and below the columns of an identity field, in millimetres.
const COLUMN_PAD: f64 = 1.6;

/// Height of the cells that a candidate writes into, in millimetres.
const CELL: f64 = 7.0;

/// White between the frames of two sections side by side, in millimetres.
const BESIDE: f64 = 2.4;

/// Where the printed name strip, the barcode hint and other secondary text stay behind the rest.
const GRAY: Colour = Colour(130, 130, 130);

/// How much of the box of the candidate's facts each label and value takes, from the left.
const LABEL_SHARES: [f64; 4] = [0.15, 0.35, 0.2, 0.3];

/// A frame with a tinted strip for the heading along its top.
fn headed(part: Part, rect: Rect<Mm>, strip: f64) -> Vec<Piece> {
    let (l, t, r) = (rect.left(), rect.top(), rect.right());
    vec![
        solid(part, TINT, Rect::between(l, t, r, t + strip)),
        stroke(part, FRAME, vec![Point::at(l, t + strip), Point::at(r, t + strip)], HAIR_PEN),
        outline(part, FRAME, rect, FRAME_PEN),
    ]
}

/// The frame and heading of a section: as wide as the card unless another section stands beside it.
pub(super) fn of_section(section: &Section, all: &[Section], facts: &PrintFacts) -> Vec<Piece> {
    if section.heading.is_empty() {
        return Vec::new();
    }
    let part = Part::Field(section.field);
    let own = &section.rect;
    let beside =
        all.iter().filter(|s| s.rect.top() < own.bottom() && own.top() < s.rect.bottom()).map(|s| &s.rect);
    let (mut left, mut right) = (facts.left, facts.right);
    for other in beside {
        if other.right() < own.left() {
            left = left.max(f64::midpoint(other.right(), own.left()) + BESIDE / 2.0);
        } else if own.right() < other.left() {
            right = right.min(f64::midpoint(own.right(), other.left()) - BESIDE / 2.0);
        }
    }
    let rect = Rect::between(left, own.top() - PAD - STRIP, right, own.bottom() + PAD);
    let mut out = between_blocks(section, all, rect);
    out.extend(headed(part, rect, STRIP));
    let style = TextStyle::new(9.5).bold().middle();
    let at = Point::at(left + 2.0, rect.top() + STRIP / 2.0);
    let within = Some((rect.width.0 - 4.0, 6.0));
    let line = Line { at, text: section.heading.clone(), style, within };
    out.push(Piece { part, colour: style.colour, shape: Shape::Text(line) });
    out
}

/// Hair lines between a section's blocks, from edge to edge of its frame.
fn between_blocks(section: &Section, all: &[Section], frame: Rect<Mm>) -> Vec<Piece> {
    let part = Part::Field(section.field);
    let line = |a: (f64, f64), b: (f64, f64)| {
        stroke(part, HAIR, vec![Point::at(a.0, a.1), Point::at(b.0, b.1)], HAIR_PEN)
    };
    // Sections of narrow and wide blocks at one pitch get their lines below each other.
    let before = all.iter().flat_map(half_gaps).reduce(f64::min);
    let (top, bottom) = (frame.top() + STRIP, frame.bottom());
    let mut out = Vec::new();
    if let Some(before) = before {
        let mut lefts: Vec<f64> = section.blocks.iter().map(|b| b.targets_left).collect();
        lefts.sort_by(f64::total_cmp);
        lefts.dedup();
        out.extend(lefts.iter().skip(1).map(|left| line((left - before, top), (left - before, bottom))));
    }
    let bands = gaps(section.blocks.iter().map(|b| (b.rect.top(), b.rect.bottom())));
    let (left, right) = (frame.left(), frame.right());
    out.extend(
        bands.iter().map(|(end, start)| f64::midpoint(*end, *start)).map(|y| line((left, y), (right, y))),
    );
    out
}

/// From the middles between columns of blocks to the targets on their right.
fn half_gaps(section: &Section) -> Vec<f64> {
    let columns = gaps(section.blocks.iter().map(|b| (b.rect.left(), b.rect.right())));
    let first_targets = |start: f64| {
        let right_of = section.blocks.iter().map(|b| b.targets_left).filter(|&left| left > start);
        right_of.fold(f64::INFINITY, f64::min)
    };
    columns.iter().map(|&(end, start)| first_targets(start) - f64::midpoint(end, start)).collect()
}

/// The gaps between spans, as their ends.
fn gaps(spans: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut spans: Vec<_> = spans.collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out = Vec::new();
    let mut end = f64::INFINITY;
    for (from, to) in spans {
        if from > end {
            out.push((end, from));
        }
        end = if end.is_infinite() { to } else { end.max(to) };
    }
    out
}

/// The cells above the columns of an identity field, one a column, from the left.
pub(super) fn cells(field: &Field) -> Vec<Rect<Mm>> {
    let firsts: Vec<_> = field.positions.iter().filter_map(|p| p.targets.first()).map(|t| t.rect).collect();
    let [first, second, ..] = firsts.as_slice() else { return Vec::new() };
    let half = (second.centre.x.0 - first.centre.x.0).abs() / 2.0;
    let bottom = first.top() - COLUMN_PAD;
    let cell = |r: &Rect<Mm>| Rect::between(r.centre.x.0 - half, bottom - CELL, r.centre.x.0 + half, bottom);
    firsts.iter().map(cell).collect()
}

/// Heading, cells to write into and frame of a field whose columns stand side by side.
pub(super) fn of_columns(part: Part, field: &Field) -> Vec<Piece> {
    let cells = cells(field);
    let (Some(first), Some(last)) = (cells.first(), cells.last()) else { return Vec::new() };
    let targets = field.positions.iter().flat_map(|p| &p.targets);
    let bottom = targets.fold(first.bottom(), |b, t| b.max(t.rect.bottom())) + COLUMN_PAD;
    let (left, right, top) = (first.left(), last.right(), first.top());
    // The frame runs outside the cells: inside, it would come too near to the targets.
    let rect = Rect::between(left - FRAME_PEN, top - STRIP, right + FRAME_PEN, bottom);
    let mut out = headed(part, rect, STRIP);
    let line = |a: (f64, f64), b: (f64, f64)| {
        stroke(part, FRAME, vec![Point::at(a.0, a.1), Point::at(b.0, b.1)], HAIR_PEN)
    };
    out.push(line((left, first.bottom()), (right, first.bottom())));
    let inner = cells.iter().skip(1).map(|c| line((c.left(), top), (c.left(), c.bottom())));
    out.extend(inner);
    let at = Point::at(rect.centre.x.0, top - STRIP / 2.0);
    let style = TextStyle::new(10.0).bold().centred().middle();
    out.push(text(part, at, spaced(&field.label), style));
    out
}

/// A short heading with room between its characters.
fn spaced(label: &str) -> String {
    let characters: Vec<String> = label.chars().map(String::from).collect();
    characters.join(" ")
}

/// Everything the `[print]` table says.
pub(super) fn of_print(facts: &PrintFacts, layout: &Layout) -> Vec<Piece> {
    let middle = f64::midpoint(facts.left, facts.right);
    let mut out = Vec::new();
    let title = TextStyle::new(facts.title_size).bold().centred().middle();
    let place = Part::Print(PrintPlace::only("title"));
    out.push(text(place, Point::at(middle, facts.title_y), facts.title.as_str(), title));
    if let Some(y) = facts.strip_y {
        let strip = format!("{} · r{}", layout.name, layout.revision);
        let style = TextStyle::new(6.5).centred().middle().colour(GRAY);
        out.push(text(Part::Print(PrintPlace::only("strip_y")), Point::at(middle, y), strip, style));
    }
    let boxes = [
        ("candidate", facts.candidate),
        ("barcode", facts.barcode),
        ("examples", facts.examples),
        ("instructions", facts.instructions.as_ref().map(|i| i.rect)),
    ];
    out.extend(boxes.into_iter().filter_map(|(key, rect)| {
        let part = Part::Print(PrintPlace::only(key));
        Some(Piece { part, colour: Colour::BLACK, shape: Shape::Reserved(rect?) })
    }));
    if let Some(rect) = facts.candidate {
        out.extend(candidate(rect));
    }
    if let Some(rect) = facts.barcode {
        out.extend(barcode(rect));
    }
    if let Some(rect) = facts.examples {
        out.extend(examples(rect, layout));
    }
    if let Some(instructions) = &facts.instructions {
        out.extend(of_instructions(instructions));
    }
    for (i, frame) in facts.frames.iter().enumerate() {
        out.extend(of_frame(Part::Print(PrintPlace { key: "frame", number: i + 1 }), frame));
    }
    for (i, notice) in facts.notices.iter().enumerate() {
        let part = Part::Print(PrintPlace { key: "notice", number: i + 1 });
        let mut style = TextStyle::new(notice.size).centred().middle();
        if notice.bold {
            style = style.bold();
        }
        out.push(text(part, Point::at(middle, notice.y), notice.text.as_str(), style));
    }
    out
}

/// The places of name, occupation, room and seat, in that order.
pub(super) fn candidate_values(rect: Rect<Mm>) -> [Rect<Mm>; 4] {
    let edges = edges(rect);
    let (top, middle, bottom) = (rect.top(), rect.centre.y.0, rect.bottom());
    [
        Rect::between(edges[1], top, edges[2], middle),
        Rect::between(edges[3], top, edges[4], middle),
        Rect::between(edges[1], middle, edges[2], bottom),
        Rect::between(edges[3], middle, edges[4], bottom),
    ]
}

fn edges(rect: Rect<Mm>) -> [f64; 5] {
    let mut x = rect.left();
    let mut out = [x; 5];
    for (edge, share) in out[1..].iter_mut().zip(LABEL_SHARES) {
        x += share * rect.width.0;
        *edge = x;
    }
    out
}

fn candidate(rect: Rect<Mm>) -> Vec<Piece> {
    let part = Part::Print(PrintPlace::only("candidate"));
    let edges = edges(rect);
    let (top, bottom, middle) = (rect.top(), rect.bottom(), rect.centre.y.0);
    let line = |a: (f64, f64), b: (f64, f64)| {
        stroke(part, FRAME, vec![Point::at(a.0, a.1), Point::at(b.0, b.1)], HAIR_PEN)
    };
    let mut out = vec![
        solid(part, TINT, Rect::between(edges[0], top, edges[1], bottom)),
        solid(part, TINT, Rect::between(edges[2], top, edges[3], bottom)),
        line((edges[0], middle), (edges[4], middle)),
    ];
    out.extend(edges[1..4].iter().map(|&x| line((x, top), (x, bottom))));
    out.push(outline(part, FRAME, rect, FRAME_PEN));
    let labels =
        [(0, top, "姓　　名"), (2, top, "职业（工种）"), (0, middle, "考　　场"), (2, middle, "座 位 号")];
    for (column, top, label) in labels {
        let wide = edges[column + 1] - edges[column];
        let at = Point::at(edges[column] + wide / 2.0, top + rect.height.0 / 4.0);
        let style = TextStyle::new(9.0).centred().middle();
        let shape = Shape::Text(Line { at, text: label.into(), style, within: Some((wide - 1.6, 5.0)) });
        out.push(Piece { part, colour: style.colour, shape });
    }
    out
}

fn barcode(rect: Rect<Mm>) -> Vec<Piece> {
    let part = Part::Print(PrintPlace::only("barcode"));
    let style = TextStyle::new(11.0).centred().middle().colour(Colour(185, 185, 185));
    vec![outline(part, FRAME, rect, FRAME_PEN), text(part, rect.centre, "贴 条 形 码 区", style)]
}

fn of_frame(part: Part, frame: &PrintFrame) -> Vec<Piece> {
    let rect = frame.rect;
    if frame.title.is_empty() {
        return vec![outline(part, FRAME, rect, FRAME_PEN)];
    }
    let mut y = rect.top() + STRIP / 2.0;
    let strip = STRIP + 3.4 * (frame.title.len() as f64 - 1.0);
    let mut out = headed(part, rect, strip);
    for line in &frame.title {
        let style = TextStyle::new(8.0).centred().middle();
        let within = Some((rect.width.0 - 1.6, 5.0));
        let line = Line { at: Point::at(rect.centre.x.0, y), text: line.clone(), style, within };
        out.push(Piece { part, colour: style.colour, shape: Shape::Text(line) });
        y += 3.4;
    }
    out
}

fn of_instructions(instructions: &Instructions) -> Vec<Piece> {
    let part = Part::Print(PrintPlace::only("instructions"));
    let rect = instructions.rect;
    let side = rect.left() + 6.4;
    let mut out = vec![
        solid(part, TINT, Rect::between(rect.left(), rect.top(), side, rect.bottom())),
        stroke(part, FRAME, vec![Point::at(side, rect.top()), Point::at(side, rect.bottom())], HAIR_PEN),
        outline(part, FRAME, rect, FRAME_PEN),
    ];
    let down = |y: f64, pitch: f64, i: usize, n: usize| y + pitch * (i as f64 - (n as f64 - 1.0) / 2.0);
    let heading = "注意事项";
    let pitch = (rect.height.0 / 4.0 - 0.4).min(4.4);
    for (i, c) in heading.chars().enumerate() {
        let at = Point::at(rect.left() + 3.2, down(rect.centre.y.0, pitch, i, 4));
        out.push(text(part, at, c, TextStyle::new((pitch * 2.5).min(9.5)).bold().centred().middle()));
    }
    let n = instructions.lines.len();
    let pitch = ((rect.height.0 - 1.6) / n.max(1) as f64).min(4.8);
    for (i, line) in instructions.lines.iter().enumerate() {
        let at = Point::at(side + 2.2, down(rect.centre.y.0, pitch, i, n));
        let style = TextStyle::new((pitch * 2.15).min(9.0)).middle();
        let within = Some((rect.right() - side - 4.0, 5.0));
        let shape = Shape::Text(Line { at, text: line.clone(), style, within });
        out.push(Piece { part, colour: style.colour, shape });
    }
    out
}

/// A right mark above five wrong ones.
fn examples(rect: Rect<Mm>, layout: &Layout) -> Vec<Piece> {
    let part = Part::Print(PrintPlace::EXAMPLES);
    let mut out = vec![outline(part, FRAME, rect, FRAME_PEN)];
    let style = TextStyle::new(9.0).middle();
    let target = |x: f64, y: f64| Rect::around(Point::at(x, y), 4.2, 2.2);
    let shape = layout.fields.first().map_or(TargetShape::Bracket, |f| f.shape);
    // The rows lie about the middle, at most 8 mm apart.
    let half = (rect.height.0 * 0.22).min(4.0);
    let (right_y, wrong_y) = (rect.centre.y.0 - half, rect.centre.y.0 + half);
    let first = rect.left() + 22.0;
    out.push(text(part, Point::at(rect.left() + 3.0, right_y), "正确填涂", style));
    out.push(solid(Part::Example, Colour::BLACK, target(first, right_y)));
    out.push(text(part, Point::at(rect.left() + 3.0, wrong_y), "错误填涂", style));
    for i in 0..5u32 {
        let t = target(first + 6.4 * f64::from(i), wrong_y);
        out.extend(target_print(Part::Example, shape, PrintInk::Pale, &t, ""));
        out.push(wrong_mark(i, &t));
    }
    out
}

/// The wrong marks that candidates make most often: tick, cross, line, dot, ring.
fn wrong_mark(which: u32, target: &Rect<Mm>) -> Piece {
    let c = target.centre;
    let colour = Colour::BLACK;
    let strokes = |steps: &[(f64, f64)], pen: f64| {
        let points = steps.iter().map(|&(dx, dy)| c.shifted(dx, dy)).collect();
        stroke(Part::Example, colour, points, pen)
    };
    let piece = |shape: Shape| Piece { part: Part::Example, colour, shape };
    match which {
        0 => strokes(&[(-1.1, 0.0), (-0.4, 0.8), (1.2, -0.8)], 0.3),
        1 => strokes(&[(-0.9, -0.8), (0.9, 0.8), (0.0, 0.0), (0.9, -0.8), (-0.9, 0.8)], 0.3),
        2 => strokes(&[(-1.4, 0.0), (1.4, 0.0)], 0.3),
        3 => piece(Shape::Disc(Rect::around(c, 0.9, 0.9))),
        _ => piece(Shape::Oval(Rect::around(c, 3.0, 1.7), 0.25)),
    }
}
