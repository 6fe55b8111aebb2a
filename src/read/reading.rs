//! What was seen on one sheet: evidence, never edited.

use crate::geometry::Orientation;
use crate::sheet::{EngineId, Exception, FieldName, ItemLabel, LayoutName, Sha256, SheetId};
use serde::{Deserialize, Serialize};

/// Everything that was measured on one registered sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Which page.
    pub sheet: SheetId,
    /// Which reader.
    pub engine: EngineId,
    /// Which layout.
    pub layout: LayoutName,
    /// Hash of the layout file.
    pub layout_hash: Sha256,
    /// How the sheet lies.
    pub pose: Pose,
    /// Fill ratio, in thousandths, from which a mark is marginal where no other mark of its position is
    /// filled: what stands out from this sheet's empty targets.
    pub faint: u16,
    /// Fill ratio, in thousandths, from which a mark beside a filled one is marginal.
    pub marginal: u16,
    /// Fill ratio, in thousandths, from which a mark is filled.
    pub definite: u16,
    /// Fields in the layout's order; all runs of items stand in one field `items`.
    pub fields: Vec<FieldReading>,
}

/// How the sheet lies in the picture, as whole numbers for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pose {
    /// Quarter turns.
    pub orientation: Orientation,
    /// Further lean, clockwise, in hundredths of a degree.
    pub rotation_centidegrees: i32,
    /// Residual of the registration in thousandths of a millimetre.
    pub residual_um: u32,
    /// Fiducials of the layout that are missing or damaged on this sheet.
    #[serde(default)]
    pub fiducials_lost: u16,
}

/// What kind of field a reading is of: decides how its marks become a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadKind {
    /// Identity; no column may be blank.
    Identity,
    /// Identity; columns after the last mark may be blank.
    IdentityTrailing,
    /// Identity; any column may be blank.
    IdentityAny,
    /// A flag.
    Flag,
    /// Items.
    Items,
}

/// The marks of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldReading {
    /// Its name.
    pub name: FieldName,
    /// Its kind.
    pub kind: ReadKind,
    /// Its positions, in the layout's order.
    pub positions: Vec<PositionReading>,
}

/// The marks of one column, item or flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionReading {
    /// Column number, item number or `1`.
    pub label: ItemLabel,
    /// The options in printed order, one letter each.
    pub options: String,
    /// Whether several marks are allowed.
    pub several: bool,
    /// One mark an option, in the same order.
    pub marks: Vec<Mark>,
}

/// What was measured at one target, by both readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "MarkForm", into = "MarkRow")]
pub struct Mark {
    /// First reader: fill ratio in thousandths: ink in the sensing area, without the target's own print.
    pub fill: u16,
    /// First reader: how hard the pencil was pressed, whatever the area: the mean darkness of the ink there,
    /// weighted by itself, in thousandths from paper to print.
    pub firmness: u16,
    /// Second reader: how much of the target the largest connected piece of stroke covers, in thousandths.
    pub stroke: u16,
    /// Second reader: how dark that piece is, in thousandths from paper to print.
    pub contrast: u16,
    /// What the first reader makes of it.
    pub first: MarkState,
    /// What the second reader makes of it.
    pub second: MarkState,
    /// What both together make of it: marginal wherever they differ.
    pub state: MarkState,
}

/// A mark as it is written: fill, firmness, stroke, contrast, first, second, state.
type MarkRow = (u16, u16, u16, u16, MarkState, MarkState, MarkState);

/// What a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MarkState {
    /// Nothing was marked.
    #[serde(rename = "e")]
    Empty,
    /// In doubt.
    #[serde(rename = "m")]
    Marginal,
    /// Marked.
    #[serde(rename = "f")]
    Filled,
    /// Could not be measured: outside the picture.
    #[serde(rename = "u")]
    Unreadable,
}

/// A mark in the record: as it is written, or with the first reader's word alone, as records from before the second reader
/// have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum MarkForm {
    Both(MarkRow),
    First((u16, u16, MarkState)),
}

impl From<MarkForm> for Mark {
    fn from(form: MarkForm) -> Self {
        let (fill, firmness, stroke, contrast, first, second, state) = match form {
            MarkForm::Both(row) => row,
            MarkForm::First((fill, firmness, state)) => (fill, firmness, 0, 0, state, state, state),
        };
        Self { fill, firmness, stroke, contrast, first, second, state }
    }
}

impl From<Mark> for MarkRow {
    fn from(mark: Mark) -> Self {
        let Mark { fill, firmness, stroke, contrast, first, second, state } = mark;
        (fill, firmness, stroke, contrast, first, second, state)
    }
}

/// A page that came to nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Which page; page 1 for a file that can't be opened at all.
    pub sheet: SheetId,
    /// Which reader.
    pub engine: EngineId,
    /// Why.
    pub exception: Exception,
}
