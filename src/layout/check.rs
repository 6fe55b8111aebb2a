//! Whether the layout's geometry can be printed and read.

use super::file::{Placed, Problems};
use super::{Fiducial, FiducialShape, Field, FieldKind, Layout, LayoutCode, OrientationProof, Problem, draw};
use crate::geometry::{Mm, Rect};
use std::collections::HashMap;

/// How far a turned fiducial may lie from another and still pass for it, in millimetres.
///
/// A registration tolerates about 3 mm of misprint and stretch before it has matched anything; two
/// arrangements that differ by less can't be told apart by it.
const SAME_PLACE: f64 = 3.0;

/// How much the sides of two fiducials may differ and still pass for the same shape.
const SAME_SIDE: f64 = 0.25;

pub(super) fn check(
    layout: &Layout,
    fiducials: &[Placed<Fiducial>],
    code: Option<&Placed<LayoutCode>>,
    fields: &[Placed<Field>],
    print_line: Option<usize>,
    problems: &mut Problems<'_>,
) {
    names(fields, problems);
    places(layout, fiducials, code, fields, problems);
    if !fields.iter().any(|f| f.value.kind == FieldKind::Items) {
        problems.at(1, "layout", Problem::NoItems);
    }
    let line = fiducials.first().map_or(1, |f| f.line);
    if spread(layout) < 4 {
        problems.at(line, "fiducial", Problem::FewFiducials { count: layout.fiducials.len() });
    } else if layout.orientation == OrientationProof::Printed {
        for degrees in [90, 180, 270] {
            if looks_the_same(layout, degrees) {
                problems.at(line, "fiducial", Problem::Orientation { degrees });
            }
        }
    }
    if let (Some(line), Some(facts)) = (print_line, &layout.print) {
        for character in draw::unprintable(layout, facts) {
            problems.at(line, "print", Problem::Glyph { character });
        }
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
    let mut told: Vec<(usize, usize)> = Vec::new();
    for (i, (line, place, what, rect)) in taken.iter().enumerate() {
        if !page.contains(rect) && !told.contains(&(*line, 0)) {
            told.push((*line, 0));
            let (x, y) = (rect.centre.x.0, rect.centre.y.0);
            problems.at(*line, place.clone(), Problem::OffPage { what: what.clone(), x, y });
        }
        // One message a pair of tables: overlapping runs overlap at many places.
        for (other_line, _, other, other_rect) in &taken[..i] {
            if rect.overlaps(other_rect) && !told.contains(&(*line, *other_line)) {
                told.push((*line, *other_line));
                let problem = Problem::Overlap { first: what.clone(), second: other.clone() };
                problems.at(*line, place.clone(), problem);
            }
        }
    }
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
                (FiducialShape::Rectangle, FiducialShape::Rectangle) => true,
                (FiducialShape::LMark(a), FiducialShape::LMark(b)) => {
                    let (qx, qy) = a.open_quarter();
                    (cos * qx - sin * qy, sin * qx + cos * qy) == b.open_quarter()
                }
                _ => false,
            };
            near && same_kind && alike(w, g.rect.width.0) && alike(h, g.rect.height.0)
        })
    })
}
