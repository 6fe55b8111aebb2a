//! What a card looks like: page, fiducials, fields and their targets, all in millimetres.
//!
//! A [`Layout`] is read from TOML ([`Layout::parse`]), checked while it is read, and is both what is
//! printed ([`draw`]) and what is read, so that the two cannot differ.

mod check;
mod code;
pub mod draw;
mod error;
mod file;
mod raster;
mod shipped;
mod write;

pub use code::{CODE_CELLS, LayoutCode};
pub use error::{FrameFault, LayoutError, LayoutProblem, Problem};
pub use file::{DEFINITE, MARGINAL};
pub use raster::{MOST_SIDE, Raster, RasterError};
pub use shipped::{shipped, shipped_names, shipped_text};

use crate::geometry::{Mm, Point, Ratio, Rect};
use crate::sheet::{Channel, FieldName, ItemLabel, LayoutName, Sha256};
use serde::Serialize;

/// A card: what is printed on it and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Its name, `theory-100`.
    pub name: LayoutName,
    /// Changes whenever a printed position changes; part of nothing but the name strip on the card.
    pub revision: u16,
    /// The page.
    pub page: PageSize,
    /// Whether the millimetres are those of the paper.
    pub measure: Measure,
    /// What ties the page to a picture.
    pub frame: Frame,
    /// Locating print, in the file's order; a timing track is expanded into its marks.
    pub fiducials: Vec<Fiducial>,
    /// The printed layout code, on our own cards.
    pub code: Option<LayoutCode>,
    /// Whether the print fixes which way up the page lies.
    pub orientation: OrientationProof,
    /// Fill ratios at which a mark is marginal and filled.
    pub thresholds: Thresholds,
    /// How the printed targets look.
    pub print_ink: PrintInk,
    /// What is read of a colour scan: the channel in which the card's coloured print vanishes.
    pub channel: Channel,
    /// Fields in the file's order. Every run of items is a field called `items`.
    pub fields: Vec<Field>,
    /// What else is printed; absent for other people's forms.
    pub print: Option<draw::PrintFacts>,
    /// Hash of the layout file's bytes.
    pub hash: Sha256,
}

/// Width and height of the page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PageSize {
    /// Width in millimetres.
    pub width_mm: f64,
    /// Height in millimetres.
    pub height_mm: f64,
}

impl PageSize {
    /// The page as a rectangle with its corner at the origin.
    #[must_use]
    pub fn rect(&self) -> Rect<Mm> {
        Rect::between(0.0, 0.0, self.width_mm, self.height_mm)
    }
}

/// Whether the layout's millimetres are those of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// They are.
    Printed,
    /// They only say where things lie within the frame: the form is known in pixels. Width and height of the real page may
    /// be stretched against each other by up to a third, and positions were set by eye.
    Nominal,
}

/// What ties a layout's page to a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The fiducials.
    Fiducials,
    /// Four fiducials that all look like this picture; their centres are the fiducials' centres. The picture spans the
    /// fiducial's rectangle.
    Marker(Raster),
    /// The four-cornered outline of the sheet against a darker ground, or else the largest four-cornered frame: its corners are
    /// the page's.
    Outline,
    /// The picture's own edge: it holds the page and nothing else.
    Picture,
    /// What the blank form shows; the raster spans the page.
    Form(Raster),
}

/// Whether the fiducials (or the layout code) say which way up the page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrientationProof {
    /// They do; the checker has made sure.
    Printed,
    /// They don't: the file says `orientation = "assumed"`, and content must prove it.
    Assumed,
}

/// The channel that all of `layouts` are read through; `None` if they ask for different ones (or there are none).
///
/// Where they differ, pages are decoded as luma, the layout is told by that, and a page whose layout asks for
/// another channel is decoded once more through it before its marks are read.
#[must_use]
pub fn common_channel<'l>(layouts: impl IntoIterator<Item = &'l Layout>) -> Option<Channel> {
    let mut channels = layouts.into_iter().map(|layout| layout.channel);
    let first = channels.next()?;
    channels.all(|channel| channel == first).then_some(first)
}

/// How the target's own print looks, which decides what can be expected of an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintInk {
    /// Pale gray or red: may vanish in a bilevel scan.
    Pale,
    /// Black outlines and letters.
    Dark,
}

/// Shape of a piece of locating print.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FiducialShape {
    /// A solid rectangle.
    Rectangle,
    /// A solid L filling three quarters of a square; the elbow points to the named corner.
    LMark(Elbow),
    /// A solid disc or ellipse.
    Disc,
    /// A ring around a white middle; the hole's width is this share (0..1) of the ring's.
    Ring(f64),
    /// The frame's marker picture.
    Marker,
}

/// The corner that an L mark's elbow points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Elbow {
    /// Upper left.
    TopLeft,
    /// Upper right.
    TopRight,
    /// Lower left.
    BottomLeft,
    /// Lower right.
    BottomRight,
}

impl Elbow {
    /// The quarter of the bounding square without ink, as signs of (x, y) from its centre.
    #[must_use]
    pub fn open_quarter(self) -> (f64, f64) {
        match self {
            Self::TopLeft => (1.0, 1.0),
            Self::TopRight => (-1.0, 1.0),
            Self::BottomLeft => (1.0, -1.0),
            Self::BottomRight => (-1.0, -1.0),
        }
    }
}

/// A piece of locating print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fiducial {
    /// Its outline: the bounding box of an L mark.
    pub rect: Rect<Mm>,
    /// Its shape.
    pub shape: FiducialShape,
    /// Which timing track it belongs to and its number there, if it does.
    pub track: Option<TrackPlace>,
}

impl Fiducial {
    /// Its centre of mass: the middle of a rectangle, off the middle of an L towards its elbow.
    #[must_use]
    pub fn mass_centre(&self) -> Point<Mm> {
        match self.shape {
            FiducialShape::Rectangle
            | FiducialShape::Disc
            | FiducialShape::Ring(_)
            | FiducialShape::Marker => self.rect.centre,
            FiducialShape::LMark(elbow) => {
                // Three quarters of a square: the missing quarter's centre is a quarter of the side
                // away, which moves the rest by a third of that the other way.
                let (x, y) = elbow.open_quarter();
                self.rect.centre.shifted(-x * self.rect.width.0 / 12.0, -y * self.rect.height.0 / 12.0)
            }
        }
    }
}

/// The place of a timing mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackPlace {
    /// Which track of the layout, from 0.
    pub track: u8,
    /// Which mark of the track, from 0 at the top.
    pub index: u16,
}

/// Fill ratios between which a mark is doubtful.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// At or above: no longer empty.
    pub marginal: Ratio,
    /// At or above: filled.
    pub definite: Ratio,
}

/// A group of targets that mean one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// `ticket`, `form`, `absent`, …; every run of items is called `items`.
    pub name: FieldName,
    /// The word printed above it.
    pub label: String,
    /// What it is for.
    pub kind: FieldKind,
    /// Outline of the printed targets.
    pub shape: TargetShape,
    /// Columns of an identity field, items of a run, the one place of a flag; in order.
    pub positions: Vec<Position>,
}

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Says who or which: one mark a column.
    Identity(BlankColumns),
    /// Filled by the invigilator or not at all.
    Flag,
    /// Questions.
    Items,
}

/// Which columns of an identity field may stay blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlankColumns {
    /// None: every column has a mark, or the whole field is blank.
    None,
    /// Those after the last mark: numbers of different lengths.
    Trailing,
    /// Any: names with spaces, numbers written to the right.
    Any,
}

/// How many marks a position may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One.
    Single,
    /// Any number.
    Multiple,
}

/// Printed outline of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetShape {
    /// A rectangle.
    Box,
    /// A pair of brackets, `[A]`.
    Bracket,
    /// An ellipse.
    Oval,
    /// Not known: the rectangle is only where marks are to be measured, and the print is learnt from the page.
    Unknown,
}

/// A column, an item, or a flag's only place.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// Column number from 1, item number, or `1`. Positions beside each other with one item number are the columns of one
    /// numeric item.
    pub label: ItemLabel,
    /// How many marks it may have.
    pub choice: Choice,
    /// Its targets in printed order.
    pub targets: Vec<Target>,
}

/// A printed place to fill.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// What a mark there means: one letter or digit.
    pub value: String,
    /// The printed outline.
    pub rect: Rect<Mm>,
}

/// One line of `duka layout cells`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The field's name.
    pub field: String,
    /// Column, item number, or `1` for a flag.
    pub item: String,
    /// What a mark there means.
    pub value: String,
    /// Centre, millimetres from the left edge.
    pub x: f64,
    /// Centre, millimetres from the upper edge.
    pub y: f64,
    /// Width in millimetres.
    pub w: f64,
    /// Height in millimetres.
    pub h: f64,
    /// Which column, from 1, of an item that is answered by several; else nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u16>,
}

/// What `duka layout cells NAME --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cells {
    /// The layout's name.
    pub layout: String,
    /// The page.
    pub page: PageSize,
    /// Every target in the layout's order.
    pub cells: Vec<Cell>,
}

impl Layout {
    /// Every target with its field and position, in the layout's order.
    pub fn targets(&self) -> impl Iterator<Item = (&Field, &Position, &Target)> {
        self.fields.iter().flat_map(|field| {
            field.positions.iter().flat_map(move |position| {
                position.targets.iter().map(move |target| (field, position, target))
            })
        })
    }

    /// The field called `name`; for `items` the first run.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name.as_str() == name)
    }

    /// Numbers of all items, in the layout's order; an item of several columns comes once.
    pub fn items(&self) -> impl Iterator<Item = u16> {
        let runs = self.fields.iter().filter(|f| f.kind == FieldKind::Items);
        let items = runs.flat_map(|f| f.positions.chunk_by(|a, b| a.label == b.label));
        items.filter_map(|columns| columns.first()?.label.as_str().parse().ok())
    }

    /// The centres of all targets, as other programs want them.
    #[must_use]
    pub fn cells(&self) -> Cells {
        // Thousandths of a millimetre: what the file says, without binary digits behind it.
        let tidy = |v: f64| (v * 1000.0).round() / 1000.0;
        Cells {
            layout: self.name.to_string(),
            page: self.page,
            cells: self
                .columns()
                .flat_map(|(field, position, column)| {
                    position.targets.iter().map(move |target| Cell {
                        field: field.name.to_string(),
                        item: position.label.to_string(),
                        value: target.value.clone(),
                        x: tidy(target.rect.centre.x.0),
                        y: tidy(target.rect.centre.y.0),
                        w: tidy(target.rect.width.0),
                        h: tidy(target.rect.height.0),
                        column,
                    })
                })
                .collect(),
        }
    }

    /// Every position with its field and, in an item of several columns, its number among them.
    fn columns(&self) -> impl Iterator<Item = (&Field, &Position, Option<u16>)> {
        self.fields.iter().flat_map(|field| {
            field.positions.chunk_by(|a, b| a.label == b.label).flat_map(move |columns| {
                let number = |n: u16| (columns.len() > 1).then_some(n);
                (1..).zip(columns).map(move |(n, position)| (field, position, number(n)))
            })
        })
    }

    /// The middle of the page.
    #[must_use]
    pub fn middle(&self) -> Point<Mm> {
        self.page.rect().centre
    }
}
