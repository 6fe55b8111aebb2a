//! A form as a layout.

use super::ImportError;
use super::template::{Column, Form, FormField, FormFrame};
use crate::geometry::{Mm, Point, Ratio, Rect};
use crate::layout::{
    BlankColumns, Choice, Fiducial, FiducialShape, Field, FieldKind, Frame, Layout, LayoutError,
    LayoutProblem, Measure, OrientationProof, PageSize, Position, PrintInk, Problem, Target, TargetShape,
    Thresholds,
};
use crate::layout::{DEFINITE, MARGINAL};
use crate::sheet::{FieldName, ItemLabel, LayoutName, Sha256};
use std::collections::BTreeSet;

/// Nominal millimetres of a page's longer side: most such forms are printed on A4.
const LONGER_SIDE: f64 = 297.0;

/// The most nominal millimetres of a measuring box's shorter side: a form of a few large targets is a small form, because
/// the reader expects pencils and printed lines as wide as they are on ordinary cards.
const MOST_BOX: f64 = 6.0;

/// From the template's pixels to nominal millimetres.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// So many pixels…
    pixels: f64,
    /// …are so many millimetres.
    mm: f64,
}

impl Scale {
    fn mm(self, pixels: f64) -> f64 {
        // In this order what is a whole part of the page stays exact.
        pixels * self.mm / self.pixels
    }

    /// The scale at which the page has [`LONGER_SIDE`], or its boxes [`MOST_BOX`] where that is smaller.
    fn of(form: &Form) -> Self {
        let longer = form.page.0.max(form.page.1);
        let shorter = form.smallest_box();
        if shorter * LONGER_SIDE > MOST_BOX * longer {
            Self { pixels: shorter, mm: MOST_BOX }
        } else {
            Self { pixels: longer, mm: LONGER_SIDE }
        }
    }
}

/// The layout that the form says; items of `several` take any number of marks. Its hash is of no file.
pub(super) fn layout(name: &LayoutName, form: &Form, several: &BTreeSet<u16>) -> Result<Layout, ImportError> {
    let scale = Scale::of(form);
    let page = PageSize { width_mm: scale.mm(form.page.0), height_mm: scale.mm(form.page.1) };
    let (frame, fiducials) = frame(form, page);
    Ok(Layout {
        name: name.clone(),
        revision: 1,
        page,
        measure: Measure::Nominal,
        frame,
        fiducials,
        code: None,
        orientation: OrientationProof::Assumed,
        thresholds: Thresholds { marginal: Ratio::clamped(MARGINAL), definite: Ratio::clamped(DEFINITE) },
        print_ink: PrintInk::Dark,
        channel: crate::sheet::Channel::Luma,
        fields: fields(form, scale, several)?,
        print: None,
        hash: Sha256::of(b""),
    })
}

fn frame(form: &Form, page: PageSize) -> (Frame, Vec<Fiducial>) {
    match &form.frame {
        FormFrame::Picture => (Frame::Picture, Vec::new()),
        FormFrame::Outline => (Frame::Outline, Vec::new()),
        FormFrame::Form(raster) => (Frame::Form(raster.clone()), Vec::new()),
        FormFrame::Marker(raster, share) => {
            let width = page.width_mm * share;
            let height = width * raster.height() as f64 / raster.width() as f64;
            let (right, bottom) = (page.width_mm, page.height_mm);
            let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)];
            let fiducial = |(x, y)| Fiducial {
                rect: Rect::around(Point::at(x, y), width, height),
                shape: FiducialShape::Marker,
                track: None,
            };
            (Frame::Marker(raster.clone()), corners.into_iter().map(fiducial).collect())
        }
    }
}

/// A name that the layout can't have, as its checker would say it.
fn unnamed(name: &str) -> ImportError {
    let problem = Problem::Name { name: name.to_owned() };
    let problems = vec![LayoutProblem { line: 1, place: "name".to_owned(), problem }];
    ImportError::Layout(LayoutError::Wrong { path: super::TEMPLATE.to_owned(), problems })
}

fn position(column: &Column, label: &str, choice: Choice, scale: Scale) -> Result<Position, ImportError> {
    let label: ItemLabel = label.parse().map_err(|_| unnamed(label))?;
    let targets = column.values.iter().zip(&column.places).map(|((_, letter), &(x, y))| {
        let (width, height) = (scale.mm(column.size.0), scale.mm(column.size.1));
        let rect: Rect<Mm> = Rect::around(Point::at(scale.mm(x), scale.mm(y)), width, height);
        Target { value: letter.to_string(), rect }
    });
    Ok(Position { label, choice, targets: targets.collect() })
}

/// Identity fields, flags, runs of items a block, then numeric items: the order in which a layout file has them.
fn fields(form: &Form, scale: Scale, several: &BTreeSet<u16>) -> Result<Vec<Field>, ImportError> {
    let field = |name: &str, label: &str, kind, positions| -> Result<Field, ImportError> {
        let name: FieldName = name.parse().map_err(|_| unnamed(name))?;
        Ok(Field { name, label: label.to_owned(), kind, shape: TargetShape::Unknown, positions })
    };
    let (mut identities, mut flags, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    // One run for the items of a block that take as many marks as each other.
    let mut runs: Vec<((usize, bool), Vec<Position>)> = Vec::new();
    for entry in &form.fields {
        match entry {
            FormField::Identity { label, name, columns } => {
                let columns: Vec<&Column> = columns.iter().filter_map(|&c| form.columns.get(c)).collect();
                let positions: Vec<Position> = (1..)
                    .zip(&columns)
                    .map(|(n, column): (u16, _)| position(column, &n.to_string(), Choice::Single, scale))
                    .collect::<Result<_, _>>()?;
                let lone = matches!(positions.as_slice(), [p] if p.targets.len() == 1);
                if lone {
                    let mut positions = positions;
                    for target in positions.iter_mut().flat_map(|p| &mut p.targets) {
                        "1".clone_into(&mut target.value);
                    }
                    flags.push(field(name, label, FieldKind::Flag, positions)?);
                } else {
                    identities.push(field(name, label, FieldKind::Identity(BlankColumns::Any), positions)?);
                }
            }
            FormField::Item { number, columns } => {
                let columns: Vec<&Column> = columns.iter().filter_map(|&c| form.columns.get(c)).collect();
                let label = number.to_string();
                if let [column] = columns.as_slice() {
                    let many = several.contains(number);
                    let choice = if many { Choice::Multiple } else { Choice::Single };
                    let position = position(column, &label, choice, scale)?;
                    let key = (column.block, many);
                    match runs.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, run)) => run.push(position),
                        None => runs.push((key, vec![position])),
                    }
                    continue;
                }
                let positions: Vec<Position> = columns
                    .iter()
                    .map(|column| position(column, &label, Choice::Single, scale))
                    .collect::<Result<_, _>>()?;
                numbers.push(field(FieldName::ITEMS, "", FieldKind::Items, positions)?);
            }
        }
    }
    let runs = runs
        .into_iter()
        .map(|(_, run)| field(FieldName::ITEMS, "", FieldKind::Items, run))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(identities.into_iter().chain(flags).chain(runs).chain(numbers).collect())
}
