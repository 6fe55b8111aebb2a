//! The pieces that a card's print is made of, and the paper that each takes up.

use super::typeface::{Anchor, Colour, Level, PT_PER_MM, TextStyle, Typeface};
use super::{Layout, PrintPlace};
use crate::geometry::{Mm, Point, Rect};

/// What a piece of print belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::layout) enum Part {
    /// A fiducial.
    Fiducial,
    /// The layout code.
    Code,
    /// A target's outline and letter.
    Target,
    /// Heading, frame and numbers of a field, by its index in the layout.
    Field(usize),
    /// An example of a mark in the box of that name.
    Example,
    /// Something the `[print]` table says.
    Print(PrintPlace),
}

impl Part {
    /// What the part is called in a message.
    pub(in crate::layout) fn name(self, layout: &Layout) -> String {
        match self {
            Self::Fiducial => "a fiducial".into(),
            Self::Code => "the layout code".into(),
            Self::Target => "a target".into(),
            Self::Field(index) => {
                layout.fields.get(index).map_or_else(String::new, |f| format!("the print of {}", f.name))
            }
            Self::Example => "an example mark".into(),
            Self::Print(place) => place.to_string(),
        }
    }
}

/// The form of a piece.
#[derive(Debug, Clone)]
pub(in crate::layout) enum Shape {
    /// A solid rectangle.
    Solid(Rect<Mm>),
    /// A solid polygon.
    Polygon(Vec<Point<Mm>>),
    /// Straight strokes from point to point, as wide as the pen (mm).
    Strokes(Vec<Point<Mm>>, f64),
    /// The outline of a rectangle; the pen (mm) runs inside its edge.
    Outline(Rect<Mm>, f64),
    /// The outline of an ellipse; the pen (mm) runs inside its edge.
    Oval(Rect<Mm>, f64),
    /// Nothing printed, but nothing else may lie there: a sticker, handwriting or text takes the paper.
    Reserved(Rect<Mm>),
    /// A solid ellipse.
    Disc(Rect<Mm>),
    /// A line of text.
    Text(Line),
}

/// A line of text.
#[derive(Debug, Clone)]
pub(in crate::layout) struct Line {
    pub(in crate::layout) at: Point<Mm>,
    pub(in crate::layout) text: String,
    pub(in crate::layout) style: TextStyle,
    /// It is made to fit this many millimetres, not smaller than so many points.
    pub(in crate::layout) within: Option<(f64, f64)>,
}

/// A piece of print.
#[derive(Debug, Clone)]
pub(in crate::layout) struct Piece {
    pub(in crate::layout) part: Part,
    pub(in crate::layout) colour: Colour,
    pub(in crate::layout) shape: Shape,
}

impl Piece {
    /// The paper that the piece's ink takes up, as rectangles.
    pub(in crate::layout) fn paper(&self, typeface: &Typeface) -> Vec<Rect<Mm>> {
        match &self.shape {
            Shape::Solid(rect) | Shape::Reserved(rect) | Shape::Oval(rect, _) | Shape::Disc(rect) => {
                vec![*rect]
            }
            Shape::Polygon(points) => around(points, 0.0).into_iter().collect(),
            Shape::Strokes(points, pen) => {
                points.windows(2).filter_map(|pair| around(pair, pen / 2.0)).collect()
            }
            Shape::Outline(rect, pen) => {
                let (l, t, r, b) = (rect.left(), rect.top(), rect.right(), rect.bottom());
                vec![
                    Rect::between(l, t, r, t + pen),
                    Rect::between(l, b - pen, r, b),
                    Rect::between(l, t, l + pen, b),
                    Rect::between(r - pen, t, r, b),
                ]
            }
            Shape::Text(line) => vec![line.paper(typeface)],
        }
    }
}

impl Line {
    fn paper(&self, typeface: &Typeface) -> Rect<Mm> {
        let style = self.style;
        let size = match self.within {
            Some((width, least)) => typeface.fit(&self.text, style.size, least, width).size,
            None => style.size,
        };
        let full = typeface.width_mm(&self.text, size);
        let width = self.within.map_or(full, |(w, _)| w.min(full));
        let left = match style.anchor {
            Anchor::Left => self.at.x.0,
            Anchor::Centre => self.at.x.0 - width / 2.0,
            Anchor::Right => self.at.x.0 - width,
        };
        // Letters of the Latin alphabet are as high as capitals, Han characters fill the em-box.
        let (above, below) = if self.text.is_ascii() { (0.74, 0.01) } else { (0.86, 0.10) };
        let em = size / PT_PER_MM;
        let base = match style.level {
            Level::Baseline => self.at.y.0,
            Level::Middle => self.at.y.0 + super::typeface::MIDDLE * em,
        };
        Rect::between(left, base - above * em, left + width, base + below * em)
    }
}

/// The rectangle around points, `margin` wider on every side.
fn around(points: &[Point<Mm>], margin: f64) -> Option<Rect<Mm>> {
    let first = points.first()?;
    let (mut l, mut t, mut r, mut b) = (first.x.0, first.y.0, first.x.0, first.y.0);
    for p in points {
        l = l.min(p.x.0);
        r = r.max(p.x.0);
        t = t.min(p.y.0);
        b = b.max(p.y.0);
    }
    Some(Rect::between(l - margin, t - margin, r + margin, b + margin))
}

/// How far apart two rectangles are in millimetres; 0 if they touch or overlap.
pub(in crate::layout) fn gap(a: &Rect<Mm>, b: &Rect<Mm>) -> f64 {
    let dx = (b.left() - a.right()).max(a.left() - b.right()).max(0.0);
    let dy = (b.top() - a.bottom()).max(a.top() - b.bottom()).max(0.0);
    (dx * dx + dy * dy).sqrt()
}
