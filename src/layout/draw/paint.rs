//! Pieces of print onto a page of PDF.

use super::ink::{Piece, Shape};
use super::typeface::{Colour, Typeface, pt};
use crate::geometry::{Mm, Point, Rect};
use krilla::geom::{Path, PathBuilder};
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;

/// How far the handles of a quarter ellipse reach, as a share of its half axis: the usual value for four
/// Bézier curves, within 0.03 % of the ellipse.
const HANDLE: f64 = 0.552_284_75;

/// Prints `pieces` in their order.
pub(super) fn paint(surface: &mut Surface<'_>, typeface: &Typeface, pieces: &[Piece]) {
    for piece in pieces {
        match &piece.shape {
            Shape::Solid(rect) => fill(surface, piece.colour, corners(rect)),
            Shape::Reserved(_) => {}
            Shape::Disc(rect) => fill(surface, piece.colour, ellipse(rect)),
            Shape::Polygon(points) => fill(surface, piece.colour, polygon(points, true)),
            Shape::Strokes(points, pen) => stroke(surface, piece.colour, *pen, polygon(points, false)),
            Shape::Outline(rect, pen) => {
                stroke(surface, piece.colour, *pen, corners(&inside(rect, pen / 2.0)));
            }
            Shape::Oval(rect, pen) => stroke(surface, piece.colour, *pen, ellipse(&inside(rect, pen / 2.0))),
            Shape::Text(line) => {
                let (x, y) = (line.at.x.0, line.at.y.0);
                match line.within {
                    None => typeface.draw(surface, x, y, &line.text, &line.style),
                    Some((width, least)) => {
                        typeface.draw_within(surface, (x, y), width, &line.text, &line.style, least)
                    }
                };
            }
        }
    }
}

fn fill(surface: &mut Surface<'_>, colour: Colour, path: Option<Path>) {
    surface.set_fill(Some(Fill { paint: colour.paint(), ..Fill::default() }));
    surface.set_stroke(None);
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

fn stroke(surface: &mut Surface<'_>, colour: Colour, pen: f64, path: Option<Path>) {
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: colour.paint(), width: pt(pen), ..Stroke::default() }));
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

/// The rectangle `by` smaller on every side.
fn inside(rect: &Rect<Mm>, by: f64) -> Rect<Mm> {
    Rect::around(rect.centre, rect.width.0 - 2.0 * by, rect.height.0 - 2.0 * by)
}

fn corners(rect: &Rect<Mm>) -> Option<Path> {
    let (l, t, r, b) = (rect.left(), rect.top(), rect.right(), rect.bottom());
    polygon(&[(l, t), (r, t), (r, b), (l, b)].map(|(x, y)| Point::at(x, y)), true)
}

fn polygon(points: &[Point<Mm>], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(pt(first.x.0), pt(first.y.0));
    for p in rest {
        path.line_to(pt(p.x.0), pt(p.y.0));
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn ellipse(rect: &Rect<Mm>) -> Option<Path> {
    let (x, y) = (rect.centre.x.0, rect.centre.y.0);
    let (w, h) = (rect.width.0 / 2.0, rect.height.0 / 2.0);
    let (p, q) = (w * HANDLE, h * HANDLE);
    let mut path = PathBuilder::new();
    path.move_to(pt(x + w), pt(y));
    for (a, b, c) in [
        ((w, q), (p, h), (0.0, h)),
        ((-p, h), (-w, q), (-w, 0.0)),
        ((-w, -q), (-p, -h), (0.0, -h)),
        ((p, -h), (w, -q), (w, 0.0)),
    ] {
        path.cubic_to(pt(x + a.0), pt(y + a.1), pt(x + b.0), pt(y + b.1), pt(x + c.0), pt(y + c.1));
    }
    path.close();
    path.finish()
}
