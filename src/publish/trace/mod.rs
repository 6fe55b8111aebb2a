//! What was seen on a sheet, drawn on its scan.
//!
//! Colours are those that colour-blind people tell apart (Okabe and Ito), and every state has a shape of its
//! own too, so that a gray print says the same.

mod canvas;
mod legend;
mod unread;
mod view;

pub use unread::trace_unread;

use crate::geometry::{Mm, Point, Rect};
use crate::layout::{Fiducial, Field, FieldKind, Layout, Position};
use crate::read::{MarkState, PositionReading, Reading};
use crate::register::Registration;
use crate::sheet::{Exception, ResponseState, Responses};
use crate::source::Page;
use canvas::{At, Canvas, Rgb};
use std::collections::BTreeMap;
use view::View;

/// Canvas pixels a millimetre of a whole sheet: a 4 mm target is 34 wide, A4 1790 × 2520. With 6, labels between
/// rows of 5 mm can't be read; with 12, pictures of a whole batch take gigabytes.
const SHEET_SCALE: f64 = 8.5;

/// Canvas pixels a millimetre of one field or item.
const PLACE_SCALE: f64 = 16.0;

/// What is shown beside a place (left, above, right, below), in millimetres: the responses stand behind their
/// rows and below their columns.
const BESIDE: (f64, f64, f64, f64) = (0.0, 2.5, 7.0, 4.0);

const EMPTY: Rgb = [120, 150, 180];
const FILLED: Rgb = [0, 114, 178];
const DOUBT: Rgb = [213, 94, 0];
const LOCATE: Rgb = [0, 125, 90];
const MISSING: Rgb = [170, 40, 130];
const TEXT: Rgb = [20, 20, 20];
const WHITE: Rgb = [255, 255, 255];

/// A sheet that was read, with everything that is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Traced<'t> {
    /// What the sheet is called: its file's name and page.
    pub name: &'t str,
    /// The scan.
    pub page: &'t Page,
    /// Where the sheet lies on it.
    pub registration: &'t Registration,
    /// The sheet's layout.
    pub layout: &'t Layout,
    /// What was seen.
    pub reading: &'t Reading,
    /// What that comes to.
    pub responses: &'t Responses,
    /// What a person must look at.
    pub held: &'t [Exception],
}

/// The whole scan, upright, with fiducials, targets, marks, responses and what is held drawn on it, and a legend
/// below, as a PNG file.
///
/// # Example
///
/// ```
/// use duka::sheet::EngineId;
/// use duka::{layout, publish, read, register_as, responses, source};
/// let card = layout::shipped("theory-100")?;
/// let bytes = std::fs::read("samples/scans/room-101-01.png")?;
/// let page = source::decode(&bytes).next().unwrap().1?;
/// let registration = register_as(&page, &card).unwrap();
/// let reading = read::read(&page, &registration, &card, &EngineId("example".into()));
/// let (responses, held) = responses(&reading);
/// let png = publish::trace(&publish::Traced {
///     name: "room-101-01.png",
///     page: &page,
///     registration: &registration,
///     layout: &card,
///     reading: &reading,
///     responses: &responses,
///     held: &held,
/// });
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn trace(sheet: &Traced<'_>) -> Vec<u8> {
    let scale = SHEET_SCALE / sheet.picture_scale();
    let view = View::whole(sheet.page, sheet.registration.orientation, scale);
    let lines = legend::of(sheet);
    Painter::draw(sheet, &view, SHEET_SCALE, &lines, 0.0)
}

/// The part `place` of the sheet's scan, larger, with the same drawn on it, as a PNG file.
#[must_use]
pub fn trace_place(sheet: &Traced<'_>, place: &Rect<Mm>) -> Vec<u8> {
    let (left, top, right, bottom) = BESIDE;
    let place =
        Rect::between(place.left() - left, place.top() - top, place.right() + right, place.bottom() + bottom);
    let corners = sheet.corners(&place);
    // A field as broad as the sheet would fill two screens.
    let broad = place.width.0.max(place.height.0);
    let scale = PLACE_SCALE.min(2400.0 / broad.max(1.0)).max(SHEET_SCALE);
    let view =
        View::part(sheet.page, sheet.registration.orientation, scale / sheet.picture_scale(), &corners);
    Painter::draw(sheet, &view, scale, &[sheet.name.to_owned()], 40.0)
}

impl Traced<'_> {
    /// Picture pixels a millimetre, at the sheet's middle.
    fn picture_scale(&self) -> f64 {
        let middle = self.layout.middle();
        let side = |dx: f64, dy: f64| {
            self.registration
                .mapping
                .apply(middle.shifted(-dx, -dy))
                .distance(self.registration.mapping.apply(middle.shifted(dx, dy)))
        };
        f64::midpoint(side(25.0, 0.0).0, side(0.0, 25.0).0) / 50.0
    }

    /// A rectangle's corners in the picture, going round.
    fn corners(&self, rect: &Rect<Mm>) -> [Point<crate::geometry::Px>; 4] {
        [
            (rect.left(), rect.top()),
            (rect.right(), rect.top()),
            (rect.right(), rect.bottom()),
            (rect.left(), rect.bottom()),
        ]
        .map(|(x, y)| self.registration.mapping.apply(Point::at(x, y)))
    }
}

/// Draws one sheet through one view.
struct Painter<'t> {
    sheet: &'t Traced<'t>,
    view: &'t View<'t>,
    canvas: Canvas,
    /// Canvas pixels a millimetre.
    mm: f64,
}

impl<'t> Painter<'t> {
    fn draw(
        sheet: &'t Traced<'t>,
        view: &'t View<'t>,
        mm: f64,
        lines: &[String],
        symbols_from: f64,
    ) -> Vec<u8> {
        let strip = legend::Strip::of(lines, view.width, symbols_from);
        let canvas = Canvas::new(view.width, view.height + strip.height());
        let mut painter = Self { sheet, view, canvas, mm };
        view.lay(&mut painter.canvas);
        painter.fiducials();
        painter.fields();
        strip.draw(&mut painter.canvas, view.height);
        painter.canvas.png()
    }

    fn at(&self, x: f64, y: f64) -> At {
        self.view.place(self.sheet.registration.mapping.apply(Point::at(x, y)))
    }

    fn corners(&self, rect: &Rect<Mm>) -> [At; 4] {
        self.sheet.corners(rect).map(|p| self.view.place(p))
    }

    /// A line's breadth that is the same share of a sheet at every scale, at least one pixel.
    fn breadth(&self, mm: f64) -> f64 {
        (mm * self.mm).max(1.0)
    }

    fn fiducials(&mut self) {
        let registration = self.sheet.registration;
        for (index, fiducial) in self.sheet.layout.fiducials.iter().enumerate() {
            let outline = self.corners(&fiducial.rect.grown(0.25));
            let Some(seen) = registration.fiducials.get(index).copied().flatten() else {
                self.missing(fiducial);
                continue;
            };
            self.canvas.frame(outline, self.breadth(0.15), LOCATE);
            let (x, y) = self.view.place(seen);
            let reach = self.arm(fiducial);
            for (breadth, colour) in [(self.breadth(0.42), WHITE), (self.breadth(0.18), LOCATE)] {
                self.canvas.line((x - reach, y), (x + reach, y), breadth, colour);
                self.canvas.line((x, y - reach), (x, y + reach), breadth, colour);
            }
        }
    }

    /// Crosses out the place of a fiducial that was not found.
    fn missing(&mut self, fiducial: &Fiducial) {
        let breadth = self.breadth(0.5);
        let wide = self.corners(&fiducial.rect.grown(0.9));
        self.canvas.frame(wide, breadth, MISSING);
        self.canvas.line(wide[0], wide[2], breadth, MISSING);
        self.canvas.line(wide[1], wide[3], breadth, MISSING);
        let size = 2.7 * self.mm;
        let text = "missing 未找到";
        let length = self.canvas.width_of(text, size);
        // Towards the middle of the sheet: there is room.
        let right = fiducial.rect.centre.x.0 > self.sheet.layout.page.width_mm / 2.0;
        let x = if right { wide[0].0 - length - self.mm } else { wide[1].0 + self.mm };
        self.tag((x, f64::midpoint(wide[0].1, wide[3].1) + size * 0.37), text, size, MISSING);
    }

    /// Half the length of the cross at a found fiducial.
    fn arm(&self, fiducial: &Fiducial) -> f64 {
        (fiducial.rect.width.0.min(fiducial.rect.height.0) * 0.5 + 0.9) * self.mm
    }

    fn fields(&mut self) {
        let seen: BTreeMap<(&str, &str), &PositionReading> = self
            .sheet
            .reading
            .fields
            .iter()
            .flat_map(|f| f.positions.iter().map(|p| ((f.name.as_str(), p.label.as_str()), p)))
            .collect();
        let layout = self.sheet.layout;
        for field in &layout.fields {
            for position in &field.positions {
                let found = seen.get(&(field.name.as_str(), position.label.as_str())).copied();
                self.marks(position, found);
            }
        }
        // What is held is drawn over everything else.
        for field in &layout.fields {
            for position in &field.positions {
                let found = seen.get(&(field.name.as_str(), position.label.as_str())).copied();
                self.response(field, position, found);
            }
        }
        for field in &layout.fields {
            self.held_field(field);
        }
    }

    fn marks(&mut self, position: &Position, found: Option<&PositionReading>) {
        for (index, target) in position.targets.iter().enumerate() {
            let state = found.and_then(|f| f.marks.get(index)).map(|m| m.state);
            let outline = self.corners(&target.rect);
            match state {
                None | Some(MarkState::Empty) => self.canvas.frame(outline, self.breadth(0.1), EMPTY),
                Some(MarkState::Filled) => {
                    let around = self.corners(&target.rect.grown(0.22));
                    self.canvas.frame(around, self.breadth(0.42), FILLED);
                }
                Some(MarkState::Marginal) => {
                    let rect = &target.rect;
                    let (x, y) = (rect.centre.x.0, rect.centre.y.0);
                    let (w, h) = (rect.width.0 * 0.5 + 1.0, rect.height.0 * 0.5 + 1.0);
                    let diamond =
                        [self.at(x - w, y), self.at(x, y - h), self.at(x + w, y), self.at(x, y + h)];
                    self.canvas.frame(diamond, self.breadth(0.62), WHITE);
                    self.canvas.frame(diamond, self.breadth(0.36), DOUBT);
                }
                Some(MarkState::Unreadable) => {
                    let breadth = self.breadth(0.36);
                    self.canvas.frame(outline, self.breadth(0.15), MISSING);
                    self.canvas.line(outline[0], outline[2], breadth, MISSING);
                    self.canvas.line(outline[1], outline[3], breadth, MISSING);
                }
            }
        }
    }

    /// Writes what a position comes to behind its targets, and frames it if it is held.
    fn response(&mut self, field: &Field, position: &Position, found: Option<&PositionReading>) {
        let Some(bounds) = bounds(position.targets.iter().map(|t| &t.rect)) else { return };
        let (value, held) =
            if field.kind == FieldKind::Items {
                let number: Option<u16> = position.label.as_str().parse().ok();
                let Some(response) = number.and_then(|n| self.sheet.responses.items.get(&n)) else { return };
                let held = self.sheet.held.iter().any(|e| {
                    e.field.as_ref() == Some(&field.name) && e.item.as_ref() == Some(&position.label)
                });
                let value = match response.state {
                    ResponseState::Blank => "–".to_owned(),
                    _ if held => format!("{}?", response.value),
                    _ => response.value.clone(),
                };
                (value, held)
            } else {
                let Some(found) = found else { return };
                let held = self.sheet.held.iter().any(|e| {
                    e.field.as_ref() == Some(&field.name) && e.item.as_ref() == Some(&position.label)
                });
                (column_value(found), held)
            };
        if held {
            let corners = self.corners(&bounds.grown(1.1));
            self.canvas.frame(corners, self.breadth(0.75), WHITE);
            self.canvas.frame(corners, self.breadth(0.5), DOUBT);
        }
        if value.is_empty() {
            return;
        }
        let colour = if held { DOUBT } else { FILLED };
        let flat = position.targets.len() == 1 || bounds.width.0 >= bounds.height.0;
        let (room, from) = self.room(&bounds, flat);
        let size = (2.9_f64).min(if flat { bounds.height.0 + 1.2 } else { room - 0.3 }) * self.mm;
        // Columns stand 4.5 mm apart and more.
        let narrow = self.canvas.width_of(&value, size) / (4.4 * self.mm);
        let size = if flat { size } else { size / narrow.max(1.0) };
        let length = self.canvas.width_of(&value, size) + 0.25 * size;
        if flat && length > room * self.mm {
            // No room behind it: held ones say it on their frame.
            if held {
                let (x, y) = self.at(bounds.right() + 0.9, bounds.top() - 0.6);
                self.tag((x - length, y), &value, size, colour);
            }
            return;
        }
        if !flat && room < 1.8 {
            return;
        }
        let place = if flat {
            let (x, y) = self.at(from, bounds.centre.y.0);
            (x, y + size * 0.37)
        } else {
            let (x, y) = self.at(bounds.centre.x.0, from);
            (x - self.canvas.width_of(&value, size) / 2.0, y + size * 0.85)
        };
        if held {
            self.tag(place, &value, size, colour);
        } else {
            let (left, right) =
                (place.0 - 0.1 * size, place.0 + self.canvas.width_of(&value, size) + 0.1 * size);
            self.canvas.block((left, place.1 - 0.85 * size), (right, place.1 + 0.12 * size), WHITE, 0.65);
            self.canvas.text(place, &value, size, size * 0.03, colour);
        }
    }

    /// How much room there is behind a position (to its right, or below it) before the next print, in
    /// millimetres, and where it begins.
    fn room(&self, bounds: &Rect<Mm>, flat: bool) -> (f64, f64) {
        let page = self.sheet.layout.page;
        let fiducials = self.sheet.layout.fiducials.iter().map(|f| &f.rect);
        let others = self.sheet.layout.targets().map(|(_, _, t)| &t.rect).chain(fiducials);
        let (from, end) = if flat {
            (bounds.right(), page.width_mm - 1.0)
        } else {
            (bounds.bottom(), page.height_mm - 1.0)
        };
        let next = others
            .filter(|r| {
                if flat {
                    r.left() > from - 0.1 && r.top() < bounds.bottom() && r.bottom() > bounds.top()
                } else {
                    r.top() > from - 0.1 && r.left() < bounds.right() && r.right() > bounds.left()
                }
            })
            .map(|r| if flat { r.left() } else { r.top() })
            .fold(end, f64::min);
        let begin = from + if flat { 1.3 } else { 0.6 };
        // What stands before the next target belongs to it: its number takes 5 mm of a row.
        let keep = if next < end && flat { 4.6 } else { 0.6 };
        (next - begin - keep, begin)
    }

    /// Frames a field that is held as a whole, with the reason.
    fn held_field(&mut self, field: &Field) {
        let reasons: Vec<&Exception> = self
            .sheet
            .held
            .iter()
            .filter(|e| e.field.as_ref() == Some(&field.name) && e.item.is_none())
            .collect();
        let Some(first) = reasons.first() else { return };
        let rects = field.positions.iter().flat_map(|p| p.targets.iter().map(|t| &t.rect));
        let Some(bounds) = bounds(rects) else { return };
        // The columns' values stand below them.
        let tall = field.positions.first().is_some_and(|p| p.targets.len() > 1)
            && bounds.height.0 > bounds.width.0 * 0.3
            && field.kind != FieldKind::Items;
        let frame = bounds.grown(1.6);
        let below = if tall { 2.6 } else { 0.0 };
        let outline = Rect::between(frame.left(), frame.top(), frame.right(), frame.bottom() + below);
        let corners = self.corners(&outline);
        self.canvas.frame(corners, self.breadth(0.95), WHITE);
        self.canvas.frame(corners, self.breadth(0.65), DOUBT);
        let size = 2.7 * self.mm;
        let text = format!("{}: {}", field.name, first.cause.kind());
        let (x, y) = self.at(outline.left(), outline.top());
        self.tag((x, y - 0.2 * size), &text, size, DOUBT);
    }

    /// White words on a coloured ground, kept on the picture; nothing if their place is not on it.
    fn tag(&mut self, at: At, text: &str, size: f64, colour: Rgb) {
        let length = self.canvas.width_of(text, size);
        let near = |v: f64, length: f64, side: usize| v + length > -size && v < side as f64 + size;
        if !near(at.0, length, self.view.width) || !near(at.1, 0.0, self.view.height) {
            return;
        }
        let pad = 0.18 * size;
        let x = at.0.clamp(pad, (self.view.width as f64 - length - pad).max(pad));
        let y = at.1.clamp(size, (self.view.height as f64 - 0.2 * size).max(size));
        self.canvas.block((x - pad, y - 0.9 * size), (x + length + pad, y + 0.16 * size), colour, 1.0);
        self.canvas.text((x, y), text, size, size * 0.025, WHITE);
    }
}

/// What a column's marks say alone.
fn column_value(found: &PositionReading) -> String {
    let marked = |state: MarkState| -> String {
        let pairs = found.options.chars().zip(&found.marks);
        pairs.filter(|(_, m)| m.state == state).map(|(c, _)| c).collect()
    };
    let (sure, doubt) = (marked(MarkState::Filled), marked(MarkState::Marginal));
    if doubt.is_empty() { sure } else { format!("{sure}{doubt}?") }
}

/// The rectangle around some.
fn bounds<'r>(rects: impl Iterator<Item = &'r Rect<Mm>>) -> Option<Rect<Mm>> {
    rects.copied().reduce(|a, b| {
        Rect::between(
            a.left().min(b.left()),
            a.top().min(b.top()),
            a.right().max(b.right()),
            a.bottom().max(b.bottom()),
        )
    })
}
