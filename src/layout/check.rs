//! Whether the layout's geometry can be printed and read.

use super::file::{Placed, Problems, line_of};
use super::{
    Fiducial, FiducialShape, Field, FieldKind, Frame, FrameFault, Layout, LayoutCode, Measure,
    OrientationProof, Problem, draw,
};
use crate::geometry::{Mm, Rect};
use std::collections::HashMap;

/// How far a turned fiducial may lie from another and still pass for it, in millimetres.
///
/// A registration tolerates about 3 mm of misprint and stretch before it has matched anything; two
/// arrangements that differ by less can't be told apart by it.
const SAME_PLACE: f64 = 3.0;

/// How much the sides of two fiducials may differ and still pass for the same shape.
const SAME_SIDE: f64 = 0.25;

/// White around a fiducial in millimetres: with less, a page scanned 1 mm askew joins it to its neighbour.
const AROUND_FIDUCIAL: f64 = 3.0;

/// White around the layout code in millimetres: less than the gap between two cells passes for a cell.
const AROUND_CODE: f64 = 1.5;

/// White around a target in millimetres: a registration off by 0.3 mm and a mark over the edge by 0.5 mm
/// must not meet other print.
const AROUND_TARGET: f64 = 0.8;

/// White between an example mark and a target in millimetres: nearer, a candidate or a reader could take one for the
/// other.
const AROUND_EXAMPLE: f64 = 5.0;

/// Which share of a box of a page known in pixels must not be another's: people who set such boxes by eye let their edges
/// touch or cross a little. Its middle is what is measured (0.74 of it); above 0.9 forms that work well are refused, below
/// 0.7 one mark would count twice.
const OWN_SHARE: f64 = 0.75;

/// Distances that differ by less are the same: binary fractions of tenths of millimetres.
const ROUNDING: f64 = 1e-6;

pub(super) fn check(
    layout: &Layout,
    fiducials: &[Placed<Fiducial>],
    code: Option<&Placed<LayoutCode>>,
    fields: &[Placed<Field>],
    print: &[Placed<draw::PrintPlace>],
    problems: &mut Problems<'_>,
) {
    names(fields, problems);
    places(layout, fiducials, code, fields, problems);
    if !fields.iter().any(|f| f.value.kind == FieldKind::Items) {
        problems.at(1, "layout", Problem::NoItems);
    }
    let line = fiducials.first().map_or(1, |f| f.line);
    let markers = fiducials.iter().filter(|f| f.value.shape == FiducialShape::Marker).count();
    let fault = match layout.frame {
        Frame::Fiducials if markers > 0 => Some(FrameFault::NoPicture),
        Frame::Marker(_) if markers != 4 || fiducials.len() != 4 => Some(FrameFault::FourMarkers),
        Frame::Outline | Frame::Picture | Frame::Form(_) if !fiducials.is_empty() => {
            Some(FrameFault::NotNeeded)
        }
        _ => None,
    };
    if let Some(fault) = fault {
        problems.at(line, "fiducial", Problem::FrameFiducials(fault));
    } else if matches!(layout.frame, Frame::Outline | Frame::Picture | Frame::Form(_)) {
        if layout.orientation == OrientationProof::Printed {
            problems.at(1, "orientation", Problem::FrameOrientation);
        }
    } else if spread(layout) < 4 {
        problems.at(line, "fiducial", Problem::FewFiducials { count: layout.fiducials.len() });
    } else if layout.orientation == OrientationProof::Printed {
        for degrees in [90, 180, 270] {
            if looks_the_same(layout, degrees) {
                problems.at(line, "fiducial", Problem::Orientation { degrees });
            }
        }
    }
    if layout.print.is_some() {
        printed(layout, fields, print, problems);
    }
}

fn names(fields: &[Placed<Field>], problems: &mut Problems<'_>) {
    let mut items: HashMap<u16, usize> = HashMap::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    for Placed { line, value: field } in fields {
        if field.kind != FieldKind::Items {
            if let Some(&first_line) = names.get(field.name.as_str()) {
                let name = field.name.to_string();
                problems.at(*line, "name", Problem::FieldTwice { name, first_line });
            } else {
                names.insert(field.name.as_str(), *line);
            }
            continue;
        }
        // The first item that repeats says it; a run laid over another would fill the screen.
        // Columns of one numeric item stand beside each other in one field.
        let twice = field.positions.iter().find_map(|p| {
            let item: u16 = p.label.as_str().parse().ok()?;
            let first_line = *items.get(&item)?;
            Some((item, first_line))
        });
        if let Some((item, first_line)) = twice {
            problems.at(*line, "items", Problem::ItemTwice { item, first_line });
        }
        for position in &field.positions {
            if let Ok(item) = position.label.as_str().parse() {
                items.entry(item).or_insert(*line);
            }
        }
    }
}

/// Everything that takes up paper: no two may overlap, all must be on the page.
fn places(
    layout: &Layout,
    fiducials: &[Placed<Fiducial>],
    code: Option<&Placed<LayoutCode>>,
    fields: &[Placed<Field>],
    problems: &mut Problems<'_>,
) {
    let mut taken: Vec<(usize, String, String, Rect<Mm>)> = Vec::new();
    for f in fiducials {
        taken.push((f.line, "fiducial".into(), "a fiducial".into(), f.value.rect));
    }
    if let Some(code) = code {
        for cell in 0..super::CODE_CELLS {
            let what = "the layout code".to_owned();
            taken.push((code.line, "layout_code".into(), what, code.value.cell(cell)));
        }
    }
    for Placed { line, value: field } in fields {
        for position in &field.positions {
            for target in &position.targets {
                let what = format!("{} {} {}", field.name, position.label, target.value);
                taken.push((*line, field.name.to_string(), what, target.rect));
            }
        }
    }
    let page = layout.page.rect();
    // What must be the target's own.
    let own = |rect: &Rect<Mm>| match layout.measure {
        Measure::Printed => *rect,
        Measure::Nominal => Rect::around(rect.centre, OWN_SHARE * rect.width.0, OWN_SHARE * rect.height.0),
    };
    let mut told: Vec<(usize, usize)> = Vec::new();
    for (i, (line, place, what, rect)) in taken.iter().enumerate() {
        // A marker's centre is a place of the page; the marker itself may hang over its edge.
        let marker = fiducials.get(i).is_some_and(|f| f.value.shape == FiducialShape::Marker);
        let inner = if marker { Rect::around(rect.centre, 0.0, 0.0) } else { *rect };
        if !page.contains(&inner) && !told.contains(&(*line, 0)) {
            told.push((*line, 0));
            let (x, y) = (rect.centre.x.0, rect.centre.y.0);
            problems.at(*line, place.clone(), Problem::OffPage { what: what.clone(), x, y });
        }
        // One message a pair of tables: overlapping runs overlap at many places.
        for (other_line, _, other, other_rect) in &taken[..i] {
            if own(rect).overlaps(&own(other_rect)) && !told.contains(&(*line, *other_line)) {
                told.push((*line, *other_line));
                let problem = Problem::Overlap { first: what.clone(), second: other.clone() };
                problems.at(*line, place.clone(), problem);
            }
        }
    }
}

/// Print that comes too near to what is read, runs off the page, or can't be printed.
fn printed(
    layout: &Layout,
    fields: &[Placed<Field>],
    print: &[Placed<draw::PrintPlace>],
    problems: &mut Problems<'_>,
) {
    let typeface = draw::Typeface::shipped();
    let pieces = draw::pieces(layout, &typeface);
    let where_is = |part: draw::Part| match part {
        draw::Part::Print(place) => (line_of(print, place), place.to_string()),
        draw::Part::Field(index) => {
            let line = fields.get(index).map_or(1, |f| f.line);
            (line, layout.fields.get(index).map_or_else(String::new, |f| f.name.to_string()))
        }
        _ => (line_of(print, draw::PrintPlace::EXAMPLES), draw::PrintPlace::EXAMPLES.to_string()),
    };
    for (part, character) in draw::unprintable(&pieces, &typeface) {
        let (line, place) = where_is(part);
        problems.at(line, place, Problem::Glyph { character });
    }
    let page = layout.page.rect();
    let guarded = guarded(layout);
    // One message for a part of the print and what it comes near to.
    let mut told: Vec<(draw::Part, &str)> = Vec::new();
    for piece in &pieces {
        // Fiducials, code and targets are told of already.
        let placed = matches!(piece.part, draw::Part::Fiducial | draw::Part::Code | draw::Part::Target);
        for paper in piece.paper(&typeface) {
            if !placed && !page.contains(&paper) && !told.contains(&(piece.part, "the page")) {
                told.push((piece.part, "the page"));
                let (line, place) = where_is(piece.part);
                let (x, y) = (paper.centre.x.0, paper.centre.y.0);
                problems.at(line, place, Problem::OffPage { what: piece.part.name(layout), x, y });
            }
            for guard in &guarded {
                let Some(least) = guard.white(piece.part) else { continue };
                let gap = draw::gap(&guard.rect, &paper);
                if gap < least - ROUNDING && !told.contains(&(piece.part, guard.kind)) {
                    told.push((piece.part, guard.kind));
                    let (line, place) = where_is(piece.part);
                    let what = piece.part.name(layout);
                    problems.at(
                        line,
                        place,
                        Problem::TooNear { what, other: guard.what.clone(), gap, least },
                    );
                }
            }
        }
    }
}

/// Something that is read, and the white around it.
struct Guard {
    rect: Rect<Mm>,
    kind: &'static str,
    what: String,
}

impl Guard {
    /// How many millimetres of white a piece must leave around this; `None` if it is part of it.
    fn white(&self, part: draw::Part) -> Option<f64> {
        match (self.kind, part) {
            ("fiducial", draw::Part::Fiducial)
            | ("code", draw::Part::Code)
            | ("target", draw::Part::Target | draw::Part::Fiducial | draw::Part::Code) => None,
            ("fiducial", _) | (_, draw::Part::Fiducial) => Some(AROUND_FIDUCIAL),
            ("code", _) => Some(AROUND_CODE),
            (_, draw::Part::Example) => Some(AROUND_EXAMPLE),
            _ => Some(AROUND_TARGET),
        }
    }
}

fn guarded(layout: &Layout) -> Vec<Guard> {
    let mut out: Vec<_> = layout
        .fiducials
        .iter()
        .map(|f| Guard { rect: f.rect, kind: "fiducial", what: "a fiducial".into() })
        .collect();
    if let Some(code) = layout.code {
        let (first, last) = (code.cell(0), code.cell(super::CODE_CELLS - 1));
        let rect = Rect::between(first.left(), first.top(), last.right(), last.bottom());
        out.push(Guard { rect, kind: "code", what: "the layout code".into() });
    }
    out.extend(layout.targets().map(|(field, position, target)| Guard {
        rect: target.rect,
        kind: "target",
        what: format!("{} {} {}", field.name, position.label, target.value),
    }));
    out
}

/// 4 if the fiducials fix a projective mapping, else how many of them there are, at most 3.
fn spread(layout: &Layout) -> usize {
    let points: Vec<_> = layout.fiducials.iter().map(|f| f.rect.centre).collect();
    let area = |a: usize, b: usize, c: usize| {
        let (a, b, c) = (points[a], points[b], points[c]);
        ((b.x.0 - a.x.0) * (c.y.0 - a.y.0) - (c.x.0 - a.x.0) * (b.y.0 - a.y.0)).abs()
    };
    let n = points.len();
    if n < 4 {
        return n;
    }
    // Two points far apart, and two more off their line that are far apart too: no three of four
    // on a line is more than the fit needs, but a page held by less is held badly.
    let mut best = (0.0, 0, 0);
    for i in 0..n {
        for j in 0..i {
            let d = points[i].distance(points[j]).0;
            if d > best.0 {
                best = (d, i, j);
            }
        }
    }
    let (length, i, j) = best;
    let off: Vec<usize> = (0..n).filter(|&k| k != i && k != j && area(i, j, k) > 10.0 * length).collect();
    let apart = off.iter().any(|&a| off.iter().any(|&b| points[a].distance(points[b]).0 > 20.0));
    if apart { 4 } else { 3 }
}

/// Whether the fiducials, turned about their common centre, fall on fiducials of the same shape.
fn looks_the_same(layout: &Layout, degrees: u16) -> bool {
    let n = layout.fiducials.len() as f64;
    let (sx, sy) =
        layout.fiducials.iter().fold((0.0, 0.0), |(x, y), f| (x + f.rect.centre.x.0, y + f.rect.centre.y.0));
    let (cx, cy) = (sx / n, sy / n);
    let (cos, sin) = match degrees {
        90 => (0.0, 1.0),
        180 => (-1.0, 0.0),
        _ => (0.0, -1.0),
    };
    layout.fiducials.iter().all(|f| {
        let (dx, dy) = (f.rect.centre.x.0 - cx, f.rect.centre.y.0 - cy);
        let (x, y) = (cx + cos * dx - sin * dy, cy + sin * dx + cos * dy);
        let (w, h) = match degrees {
            180 => (f.rect.width.0, f.rect.height.0),
            _ => (f.rect.height.0, f.rect.width.0),
        };
        layout.fiducials.iter().any(|g| {
            let near = (g.rect.centre.x.0 - x).hypot(g.rect.centre.y.0 - y) < SAME_PLACE;
            let alike = |a: f64, b: f64| (a - b).abs() <= SAME_SIDE * a.max(b);
            let same_kind = match (f.shape, g.shape) {
                (FiducialShape::LMark(a), FiducialShape::LMark(b)) => {
                    let (qx, qy) = a.open_quarter();
                    (cos * qx - sin * qy, sin * qx + cos * qy) == b.open_quarter()
                }
                (FiducialShape::Rectangle, FiducialShape::Rectangle)
                | (FiducialShape::Disc, FiducialShape::Disc)
                | (FiducialShape::Marker, FiducialShape::Marker) => true,
                (FiducialShape::Ring(a), FiducialShape::Ring(b)) => alike(a, b),
                _ => false,
            };
            near && same_kind && alike(w, g.rect.width.0) && alike(h, g.rect.height.0)
        })
    })
}
