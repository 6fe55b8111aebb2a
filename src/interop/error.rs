//! Why a form can't be taken over.

use crate::layout::LayoutError;
use crate::sheet::DecodeFault;
use std::io;

/// A form that can't be taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file can't be read.
    #[error("can't read {path}: {source}")]
    File {
        /// Its path within the folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("{path}:{}:{}: not JSON: {source}", .source.line(), .source.column())]
    Json {
        /// Which file.
        path: &'static str,
        /// What the parser says, with line and column.
        source: serde_json::Error,
    },
    /// The template is of the newer form.
    #[error("{path}: `{key}` belongs to the newer template form, which is not read")]
    Newer {
        /// Which file.
        path: &'static str,
        /// The key that tells.
        key: &'static str,
    },
    /// A key is missing.
    #[error("{path}: {place} has no `{key}`")]
    Missing {
        /// Which file.
        path: &'static str,
        /// Where.
        place: String,
        /// Which key.
        key: &'static str,
    },
    /// A value of the wrong type or range.
    #[error("{path}: {place} must be {wanted}")]
    Value {
        /// Which file.
        path: &'static str,
        /// Where.
        place: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// A field type that is not known.
    #[error("template.json: {place} is {found:?}, which is no known field type")]
    FieldType {
        /// Where.
        place: String,
        /// What it says.
        found: String,
    },
    /// A step of preparation that moves the page in a way that is not known.
    #[error("template.json: {place}: the preprocessor {name:?} is not known, and may move every coordinate")]
    Preprocessor {
        /// Where.
        place: String,
        /// What it is called.
        name: String,
    },
    /// A label or item twice.
    #[error("template.json: {place}: the label {label:?} is there twice")]
    LabelTwice {
        /// Where the second is.
        place: String,
        /// Which.
        label: String,
    },
    /// A custom label joins a label that no block has.
    #[error("template.json: {place} joins {label:?}, which no block has")]
    LabelUnknown {
        /// Where.
        place: String,
        /// Which.
        label: String,
    },
    /// A bubble that is not on the page.
    #[error(
        "template.json: {place}: a bubble of {label} at {x}, {y} px is off the page of {width} × {height} px"
    )]
    OffPage {
        /// The block.
        place: String,
        /// The label.
        label: String,
        /// Its upper left corner.
        x: f64,
        /// Its upper left corner.
        y: f64,
        /// The page's width.
        width: f64,
        /// The page's height.
        height: f64,
    },
    /// A picture that can't be decoded.
    #[error("can't decode {path}: {fault}")]
    Picture {
        /// Its path within the folder.
        path: String,
        /// Why not.
        fault: DecodeFault,
    },
    /// No item at all.
    #[error("template.json: no label is a question (q1, q2, …)")]
    NoItems,
    /// The form has targets that no layout file can say.
    #[error("the form can't be said as a layout")]
    Unsayable,
    /// The layout's own checker refuses the form.
    #[error("the form is no layout that can be read:\n{0}")]
    Layout(LayoutError),
}

impl ImportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "name the folder that holds template.json and the files it speaks of"
            }
            Self::File { .. } => "check who may read the file",
            Self::Json { .. } => "mend the file at the line named; comments and trailing commas are not JSON",
            Self::Newer { .. } => {
                "write the template in the form with `pageDimensions`, or describe the card as a layout of your own"
            }
            Self::Missing { .. } | Self::Value { .. } => "mend the value named",
            Self::FieldType { .. } => {
                "use QTYPE_INT, QTYPE_INT_FROM_1, QTYPE_MCQ4, QTYPE_MCQ5, their _RTL forms, or `bubbleValues` with `direction`"
            }
            Self::Preprocessor { .. } => {
                "use CropPage, CropOnMarkers or FeatureBasedAlignment; the template's coordinates must fit what it leaves"
            }
            Self::LabelTwice { .. } => "every label stands in one block and in at most one custom label",
            Self::LabelUnknown { .. } => "check how the label is written in its block",
            Self::OffPage { .. } => "check the block's origin and gaps, or pageDimensions",
            Self::Picture { .. } => "give the picture as a JPEG, PNG or TIFF that other programs can open",
            Self::NoItems => "call the questions q1, q2, …; other labels become identity fields",
            Self::Unsayable => "check the blocks' gaps",
            Self::Layout(_) => "mend the block that is named; boxes may touch but not lie on each other",
        }
    }
}
