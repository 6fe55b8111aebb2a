//! The TOML form of a layout.
//!
//! The shipped files show what a card of ours says. A form that other people made may also say:
//!
//! | key | what it says |
//! |---|---|
//! | `channel = "red"`, `"green"`, `"blue"` | a colour scan is read through this channel, in which the card's coloured print vanishes (default `"luma"`) |
//! | `page.measure = "nominal"` | millimetres only place things within the frame: the form is known in pixels |
//! | `page.frame = "outline"`, `"picture"` | the page is found by its outline, by the picture's own edge |
//! | `[marker] picture` | four fiducials of shape `marker` look like this PNG in base64; their centres are on the page |
//! | `[form] picture` | the whole blank form, as a PNG in base64 |
//! | `target.shape = "unknown"` | the rectangle is only where marks are measured |
//! | `column_at`, `value_at` | in the place of `x`, `y` and pitches: every coordinate of columns and values |
//! | `[[identity.part]]` | further columns of the same field, with geometry and alphabet of their own |
//! | `numbers`, `option_at`, `item_at` | in the place of `from`, `to`, `x`, `y` and pitches: a run's items and all coordinates |
//! | `[[number]]` | an item answered by a digit in each of several columns; `[[number.part]]` as for identity fields |

mod fields;
mod raw;

use super::check;
use super::{
    Elbow, Fiducial, FiducialShape, Frame, Layout, LayoutCode, LayoutError, LayoutProblem, Measure,
    OrientationProof, PageSize, PrintInk, Problem, Raster, Thresholds, TrackPlace, draw,
};
use crate::geometry::{Mm, Point, Ratio, Rect};
use crate::sheet::{LayoutName, Sha256};
use raw::{
    RawElbow, RawFiducial, RawFiducialShape, RawFrame, RawInk, RawLayout, RawMeasure, RawOrientation,
    RawPicture,
};
use std::path::Path;
use toml::Spanned;

/// Fill ratio from which a mark beside a filled one is in doubt, where the layout does not say.
///
/// Share of the ink that would make the whole sensing area as black as the fiducials, after the
/// target's own print is taken away. Smudges and well-made erasures on the real bilevel and 200-dpi scans
/// that were tried stay below 0.10; at 0.05 every fingerprint beside a mark is held, above 0.16 a second
/// mark that was meant passes as a smudge. Where nothing is filled the reader is stricter.
pub const MARGINAL: f64 = 0.10;

/// Fill ratio from which a mark is filled, where the layout does not say.
///
/// On simulated office scans a bar of 3 × 1 mm in 2B pencil gives 0.23 and more, other careful marks 0.45 to 1;
/// the lightest careful mark on the real scans gives 0.29. Below 0.18 bad erasures pass as marks; above
/// 0.26 bars are held.
pub const DEFINITE: f64 = 0.22;

/// Sizes of things on a page known in pixels, in its nominal millimetres: from a target of a pixel or two on a page of
/// thousands to a card with a handful of targets. Beyond, somebody's page size is wrong.
const NOMINAL_SIZE: (f64, f64, &str) = (0.1, 150.0, "between 0.1 and 150 mm of a nominal page");

/// Collects problems with the lines where they are.
pub(super) struct Problems<'t> {
    text: &'t str,
    found: Vec<LayoutProblem>,
    measure: Measure,
}

impl Problems<'_> {
    /// The line, from 1, of a byte of the file.
    pub(super) fn line(&self, byte: usize) -> usize {
        1 + self.text.bytes().take(byte).filter(|&b| b == b'\n').count()
    }

    /// Notes a problem at a line.
    pub(super) fn at(&mut self, line: usize, place: impl Into<String>, problem: Problem) {
        self.found.push(LayoutProblem { line, place: place.into(), problem });
    }

    /// Notes a number that is not inside `least..=most`.
    #[allow(clippy::too_many_arguments)] // a place, a number and its bounds; a struct would repeat them
    fn range(
        &mut self,
        line: usize,
        place: &str,
        key: &'static str,
        value: f64,
        least: f64,
        most: f64,
        range: &'static str,
    ) {
        if !(least..=most).contains(&value) {
            self.at(line, place, Problem::Range { key, value, range });
        }
    }

    /// Notes the size of something printed that is outside its range, which is wider for a page known in pixels.
    fn size(
        &mut self,
        line: usize,
        place: &str,
        key: &'static str,
        value: f64,
        printed: (f64, f64, &'static str),
    ) {
        let (least, most, range) = match self.measure {
            Measure::Printed => printed,
            Measure::Nominal => NOMINAL_SIZE,
        };
        self.range(line, place, key, value, least, most, range);
    }

    fn length(&mut self, line: usize, place: &str, key: &'static str, value: f64) {
        self.range(line, place, key, value, 0.2, 1000.0, "between 0.2 and 1000 mm");
    }

    fn coordinate(&mut self, line: usize, place: &str, key: &'static str, value: f64) {
        self.range(line, place, key, value, 0.0, 1000.0, "between 0 and 1000 mm");
    }
}

impl Layout {
    /// The layout that `text` says, checked; `path` is for messages only.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Wrong`] with every problem found, each with its line and field.
    ///
    /// # Example
    ///
    /// ```
    /// let text = std::fs::read_to_string("sheet-layouts/theory-100.toml")?;
    /// let layout = duka::layout::Layout::parse(&text, "theory-100.toml")?;
    /// assert_eq!(layout.items().count(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(text: &str, path: &str) -> Result<Self, LayoutError> {
        let mut problems = Problems { text, found: Vec::new(), measure: Measure::Printed };
        let layout = match toml::from_str::<RawLayout>(text) {
            Ok(raw) => Some(build(&raw, &mut problems)),
            Err(error) => {
                let line = problems.line(error.span().map_or(0, |s| s.start));
                problems.at(line, "layout", Problem::Syntax(error.message().to_owned()));
                None
            }
        };
        problems.found.sort_by_key(|p| p.line);
        match layout.flatten() {
            Some(layout) if problems.found.is_empty() => Ok(layout),
            _ => Err(LayoutError::Wrong { path: path.to_owned(), problems: problems.found }),
        }
    }

    /// The layout in the file at `path`.
    ///
    /// # Errors
    ///
    /// [`LayoutError::File`] if it can't be read (as UTF-8 text), [`LayoutError::Wrong`] as for
    /// [`Layout::parse`].
    pub fn load(path: &Path) -> Result<Self, LayoutError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| LayoutError::File { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }
}

/// A field and the line of its table.
pub(super) struct Placed<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

fn build(raw: &RawLayout, problems: &mut Problems<'_>) -> Option<Layout> {
    let name_line = problems.line(raw.name.span().start);
    let name = raw.name.get_ref().parse::<LayoutName>();
    if name.is_err() {
        problems.at(name_line, "name", Problem::Name { name: raw.name.get_ref().clone() });
    }

    let page_line = problems.line(raw.page.span().start);
    let page = raw.page.get_ref();
    let measure = match page.measure {
        RawMeasure::Printed => Measure::Printed,
        RawMeasure::Nominal => Measure::Nominal,
    };
    problems.measure = measure;
    let (least, range) = match measure {
        Measure::Printed => (50.0, "between 50 and 600 mm"),
        Measure::Nominal => (10.0, "between 10 and 600 mm"),
    };
    for (key, value) in [("width", page.width), ("height", page.height)] {
        problems.range(page_line, "page", key, value, least, 600.0, range);
    }
    let frame = frame(raw, page_line, problems);

    let (marginal, definite) = raw.thresholds.as_ref().map_or((MARGINAL, DEFINITE), |t| {
        let line = problems.line(t.span().start);
        let t = t.get_ref();
        problems.range(line, "thresholds", "marginal", t.marginal, 0.02, 0.9, "between 0.02 and 0.9");
        problems.range(line, "thresholds", "definite", t.definite, 0.05, 0.95, "between 0.05 and 0.95");
        if t.marginal >= t.definite {
            let problem = Problem::Thresholds { marginal: t.marginal, definite: t.definite };
            problems.at(line, "thresholds", problem);
        }
        (t.marginal, t.definite)
    });

    let fiducials = fiducials(raw, problems);
    let code = raw.layout_code.as_ref().map(|code| {
        let line = problems.line(code.span().start);
        let c = code.get_ref();
        problems.range(line, "layout_code", "number", f64::from(c.number), 0.0, 1023.0, "between 0 and 1023");
        for (key, value) in [("width", c.width), ("height", c.height), ("pitch", c.pitch)] {
            problems.length(line, "layout_code", key, value);
        }
        let first = Rect::around(Point::at(c.x, c.y), c.width, c.height);
        Placed { line, value: LayoutCode { number: c.number, first, pitch: Mm(c.pitch) } }
    });
    let fields = fields::fields(raw, problems);

    let layout = Layout {
        name: name.ok()?,
        revision: raw.revision,
        page: PageSize { width_mm: page.width, height_mm: page.height },
        measure,
        frame: frame?,
        fiducials: fiducials.iter().map(|f| f.value).collect(),
        code: code.as_ref().map(|c| c.value),
        orientation: match raw.orientation {
            RawOrientation::Printed => OrientationProof::Printed,
            RawOrientation::Assumed => OrientationProof::Assumed,
        },
        thresholds: Thresholds { marginal: Ratio::clamped(marginal), definite: Ratio::clamped(definite) },
        print_ink: match raw.print_ink {
            RawInk::Pale => PrintInk::Pale,
            RawInk::Dark => PrintInk::Dark,
        },
        channel: raw.channel,
        fields: fields.iter().map(|f| f.value.clone()).collect(),
        print: raw.print.as_ref().map(|p| p.get_ref().facts()),
        hash: Sha256::of(problems.text.as_bytes()),
    };
    let print = raw.print.as_ref().map(|p| print_places(p, problems)).unwrap_or_default();
    // A file with wrong numbers has no geometry worth checking.
    if problems.found.is_empty() {
        check::check(&layout, &fiducials, code.as_ref(), &fields, &print, problems);
    }
    Some(layout)
}

/// What ties the page to a picture; a file that says two things, or a picture that is none, is a problem.
fn frame(raw: &RawLayout, page_line: usize, problems: &mut Problems<'_>) -> Option<Frame> {
    let said = [raw.page.get_ref().frame.is_some(), raw.marker.is_some(), raw.form.is_some()];
    if said.iter().filter(|&&s| s).count() > 1 {
        let message = "say only one of `frame`, [marker] and [form]";
        problems.at(page_line, "page", Problem::Syntax(message.into()));
        return None;
    }
    let mut raster = |table: &Spanned<RawPicture>, place: &str| {
        let line = problems.line(table.span().start);
        Raster::from_text(&table.get_ref().picture)
            .map_err(|fault| problems.at(line, place, Problem::Picture(fault)))
            .ok()
    };
    match (raw.page.get_ref().frame, &raw.marker, &raw.form) {
        (_, Some(marker), _) => raster(marker, "marker").map(Frame::Marker),
        (_, _, Some(form)) => raster(form, "form").map(Frame::Form),
        (Some(RawFrame::Outline), ..) => Some(Frame::Outline),
        (Some(RawFrame::Picture), ..) => Some(Frame::Picture),
        (None, None, None) => Some(Frame::Fiducials),
    }
}

/// Where each part of the `[print]` table begins; its numbers are checked.
fn print_places(raw: &Spanned<draw::RawPrint>, problems: &mut Problems<'_>) -> Vec<Placed<draw::PrintPlace>> {
    let places: Vec<_> = raw
        .get_ref()
        .places()
        .into_iter()
        .map(|(value, byte)| Placed { line: problems.line(byte), value })
        .collect();
    for n in raw.get_ref().numbers() {
        let line = line_of(&places, n.place);
        problems.range(line, &n.place.to_string(), n.key, n.value, n.least, n.most, n.range);
    }
    places
}

/// The line of a part of the `[print]` table, else of the first part.
pub(super) fn line_of(places: &[Placed<draw::PrintPlace>], place: draw::PrintPlace) -> usize {
    places.iter().find(|p| p.value == place).or_else(|| places.first()).map_or(1, |p| p.line)
}

/// The shape that a fiducial's table says; a key that another shape needs is a problem.
fn fiducial_shape(f: &RawFiducial, line: usize, problems: &mut Problems<'_>) -> Option<FiducialShape> {
    let wrong = match (f.shape, f.elbow, f.hole) {
        (RawFiducialShape::Rectangle, None, None) => return Some(FiducialShape::Rectangle),
        (RawFiducialShape::Disc, None, None) => return Some(FiducialShape::Disc),
        (RawFiducialShape::Marker, None, None) => return Some(FiducialShape::Marker),
        (RawFiducialShape::LMark, Some(elbow), None) => {
            return Some(FiducialShape::LMark(match elbow {
                RawElbow::TopLeft => Elbow::TopLeft,
                RawElbow::TopRight => Elbow::TopRight,
                RawElbow::BottomLeft => Elbow::BottomLeft,
                RawElbow::BottomRight => Elbow::BottomRight,
            }));
        }
        (RawFiducialShape::Ring, None, Some(hole)) => {
            problems.range(
                line,
                "fiducial",
                "hole",
                hole,
                0.2,
                0.85,
                "between 0.2 and 0.85 of the ring's width",
            );
            return Some(FiducialShape::Ring(hole));
        }
        (RawFiducialShape::LMark, None, _) => "an l-mark needs its elbow",
        (RawFiducialShape::Ring, _, None) => "a ring needs its hole, as a share of its width",
        (_, Some(_), _) => "only an l-mark has an elbow",
        (_, _, Some(_)) => "only a ring has a hole",
    };
    problems.at(line, "fiducial", Problem::Syntax(wrong.into()));
    None
}

fn fiducials(raw: &RawLayout, problems: &mut Problems<'_>) -> Vec<Placed<Fiducial>> {
    let mut out = Vec::new();
    for fiducial in &raw.fiducial {
        let line = problems.line(fiducial.span().start);
        let f = fiducial.get_ref();
        let height = f.height.unwrap_or(f.width);
        for (key, value) in [("width", Some(f.width)), ("height", f.height)] {
            let Some(value) = value else { continue };
            problems.size(line, "fiducial", key, value, (1.0, 40.0, "between 1 and 40 mm"));
        }
        problems.coordinate(line, "fiducial", "x", f.x);
        problems.coordinate(line, "fiducial", "y", f.y);
        let Some(shape) = fiducial_shape(f, line, problems) else { continue };
        let rect = Rect::around(Point::at(f.x, f.y), f.width, height);
        out.push(Placed { line, value: Fiducial { rect, shape, track: None } });
    }
    for (number, track) in (0u8..).zip(&raw.track) {
        let line = problems.line(track.span().start);
        let t = track.get_ref();
        problems.range(line, "track", "count", f64::from(t.count), 4.0, 200.0, "between 4 and 200");
        for (key, value) in [("width", t.width), ("height", t.height)] {
            problems.range(line, "track", key, value, 0.8, 20.0, "between 0.8 and 20 mm");
        }
        problems.range(
            line,
            "track",
            "pitch",
            t.pitch,
            1.5 * t.height,
            50.0,
            "at least 1.5 times the height",
        );
        problems.coordinate(line, "track", "x", t.x);
        problems.coordinate(line, "track", "y", t.y);
        for index in 0..t.count.min(200) {
            let centre = Point::at(t.x, t.y + t.pitch * f64::from(index));
            let value = Fiducial {
                rect: Rect::around(centre, t.width, t.height),
                shape: FiducialShape::Rectangle,
                track: Some(TrackPlace { track: number, index }),
            };
            out.push(Placed { line, value });
        }
    }
    out
}
