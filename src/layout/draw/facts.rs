//! What the layout file says about print that is neither fiducial nor target.

use crate::geometry::{Mm, Rect};
use serde::Deserialize;
use std::fmt;
use toml::Spanned;

/// What is printed besides fiducials and targets. Lengths are millimetres, sizes of letters points.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintFacts {
    /// The card's heading, in the middle between [`PrintFacts::left`] and [`PrintFacts::right`].
    pub title: String,
    /// Height of the heading's middle.
    pub title_y: f64,
    /// Size of the heading.
    pub title_size: f64,
    /// Left edge of everything that is as wide as the card.
    pub left: f64,
    /// Right edge of everything that is as wide as the card.
    pub right: f64,
    /// Height of the strip with the layout's name and revision.
    pub strip_y: Option<f64>,
    /// Name, occupation, room and seat.
    pub candidate: Option<Rect<Mm>>,
    /// Where a barcode is stuck on.
    pub barcode: Option<Rect<Mm>>,
    /// How to fill a target and how not to.
    pub examples: Option<Rect<Mm>>,
    /// What the candidate must know.
    pub instructions: Option<Instructions>,
    /// Frames around flags and the like.
    pub frames: Vec<PrintFrame>,
    /// Other lines of text.
    pub notices: Vec<Notice>,
}

/// What the candidate must know (注意事项).
#[derive(Debug, Clone, PartialEq)]
pub struct Instructions {
    /// Their frame.
    pub rect: Rect<Mm>,
    /// One line each.
    pub lines: Vec<String>,
}

/// A frame with a heading.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintFrame {
    /// Its outline.
    pub rect: Rect<Mm>,
    /// Lines at its top; there may be none.
    pub title: Vec<String>,
}

/// A line of text in the middle of the card.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// Height of its middle.
    pub y: f64,
    /// Size of its letters.
    pub size: f64,
    /// Whether it is bold.
    pub bold: bool,
}

/// Which part of the `[print]` table: its key, and its number (from 1) if there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintPlace {
    /// The key, `barcode`.
    pub key: &'static str,
    /// Which of several, from 1; 0 if there is only one.
    pub number: usize,
}

impl PrintPlace {
    /// The box of example marks.
    pub(in crate::layout) const EXAMPLES: Self = Self { key: "examples", number: 0 };

    pub(super) fn only(key: &'static str) -> Self {
        Self { key, number: 0 }
    }
}

impl fmt::Display for PrintPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            0 => write!(f, "print.{}", self.key),
            n => write!(f, "print.{} {n}", self.key),
        }
    }
}

/// The `[print]` table as TOML has it, with the places of its parts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::layout) struct RawPrint {
    title: Spanned<String>,
    #[serde(default = "title_y")]
    title_y: f64,
    #[serde(default = "title_size")]
    title_size: f64,
    left: f64,
    right: f64,
    strip_y: Option<Spanned<f64>>,
    candidate: Option<Spanned<RawBox>>,
    barcode: Option<Spanned<RawBox>>,
    examples: Option<Spanned<RawBox>>,
    instructions: Option<Spanned<RawInstructions>>,
    #[serde(default)]
    frame: Vec<Spanned<RawFrame>>,
    #[serde(default)]
    notice: Vec<Spanned<RawNotice>>,
}

fn title_y() -> f64 {
    22.0
}

fn title_size() -> f64 {
    16.0
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBox {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInstructions {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    lines: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    #[serde(default)]
    title: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNotice {
    text: String,
    y: f64,
    #[serde(default = "notice_size")]
    size: f64,
    #[serde(default)]
    bold: bool,
}

fn notice_size() -> f64 {
    9.0
}

/// A number of the `[print]` table that must lie in a range.
pub(in crate::layout) struct PrintNumber {
    pub(in crate::layout) place: PrintPlace,
    pub(in crate::layout) key: &'static str,
    pub(in crate::layout) value: f64,
    pub(in crate::layout) least: f64,
    pub(in crate::layout) most: f64,
    pub(in crate::layout) range: &'static str,
}

fn rect(left: f64, top: f64, width: f64, height: f64) -> Rect<Mm> {
    Rect::between(left, top, left + width, top + height)
}

impl RawBox {
    fn rect(&self) -> Rect<Mm> {
        rect(self.left, self.top, self.width, self.height)
    }
}

impl RawPrint {
    /// The facts without their places.
    pub(in crate::layout) fn facts(&self) -> PrintFacts {
        let plain = |b: &Option<Spanned<RawBox>>| b.as_ref().map(|b| b.get_ref().rect());
        PrintFacts {
            title: self.title.get_ref().clone(),
            title_y: self.title_y,
            title_size: self.title_size,
            left: self.left,
            right: self.right,
            strip_y: self.strip_y.as_ref().map(|y| *y.get_ref()),
            candidate: plain(&self.candidate),
            barcode: plain(&self.barcode),
            examples: plain(&self.examples),
            instructions: self.instructions.as_ref().map(|i| {
                let i = i.get_ref();
                Instructions { rect: rect(i.left, i.top, i.width, i.height), lines: i.lines.clone() }
            }),
            frames: (self.frame.iter().map(Spanned::get_ref))
                .map(|f| PrintFrame { rect: rect(f.left, f.top, f.width, f.height), title: f.title.clone() })
                .collect(),
            notices: (self.notice.iter().map(Spanned::get_ref))
                .map(|n| Notice { text: n.text.clone(), y: n.y, size: n.size, bold: n.bold })
                .collect(),
        }
    }

    /// Where in the file (as a byte) each part begins that has its own place.
    pub(in crate::layout) fn places(&self) -> Vec<(PrintPlace, usize)> {
        let mut out = vec![(PrintPlace::only("title"), self.title.span().start)];
        let mut add = |key, start: Option<usize>| {
            out.extend(start.map(|start| (PrintPlace::only(key), start)));
        };
        add("strip_y", self.strip_y.as_ref().map(|s| s.span().start));
        add("candidate", self.candidate.as_ref().map(|s| s.span().start));
        add("barcode", self.barcode.as_ref().map(|s| s.span().start));
        add("examples", self.examples.as_ref().map(|s| s.span().start));
        add("instructions", self.instructions.as_ref().map(|s| s.span().start));
        let place = |key, i: usize| PrintPlace { key, number: i + 1 };
        out.extend(self.frame.iter().enumerate().map(|(i, f)| (place("frame", i), f.span().start)));
        out.extend(self.notice.iter().enumerate().map(|(i, n)| (place("notice", i), n.span().start)));
        out
    }

    /// Every number that could make nonsense of the print.
    pub(in crate::layout) fn numbers(&self) -> Vec<PrintNumber> {
        let mut out = Vec::new();
        let mut number = |place, key, value, least, most, range| {
            out.push(PrintNumber { place, key, value, least, most, range });
        };
        let size = "between 4 and 40 pt";
        let length = "between 3 and 600 mm";
        let coordinate = "between 0 and 600 mm";
        let whole = PrintPlace::only("title");
        number(whole, "title_size", self.title_size, 4.0, 40.0, size);
        number(whole, "title_y", self.title_y, 0.0, 600.0, coordinate);
        number(whole, "left", self.left, 0.0, 600.0, coordinate);
        number(whole, "right", self.right, self.left + 20.0, 600.0, "at least 20 mm beyond `left`");
        for (i, notice) in self.notice.iter().map(Spanned::get_ref).enumerate() {
            let place = PrintPlace { key: "notice", number: i + 1 };
            number(place, "size", notice.size, 4.0, 40.0, size);
            number(place, "y", notice.y, 0.0, 600.0, coordinate);
        }
        let facts = self.facts();
        let boxes = [
            ("candidate", facts.candidate),
            ("barcode", facts.barcode),
            ("examples", facts.examples),
            ("instructions", facts.instructions.map(|i| i.rect)),
        ];
        let boxes = boxes.into_iter().filter_map(|(key, rect)| Some((PrintPlace::only(key), rect?)));
        let frames = facts.frames.iter().enumerate();
        let frames = frames.map(|(i, f)| (PrintPlace { key: "frame", number: i + 1 }, f.rect));
        for (place, rect) in boxes.chain(frames) {
            number(place, "left", rect.left(), 0.0, 600.0, coordinate);
            number(place, "top", rect.top(), 0.0, 600.0, coordinate);
            number(place, "width", rect.width.0, 3.0, 600.0, length);
            number(place, "height", rect.height.0, 3.0, 600.0, length);
        }
        out
    }
}
