//! What is wrong with a layout file, and where.

use super::RasterError;
use std::fmt;
use std::path::PathBuf;

/// A layout that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The file can't be read.
    #[error("can't read the layout file {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Neither a shipped layout nor a file.
    #[error("no layout is called {name:?}; shipped are {shipped}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        shipped: String,
    },
    /// The file is read, but what it says can't be a card.
    #[error("{}", listing(.path, .problems))]
    Wrong {
        /// Which file.
        path: String,
        /// Everything that was found, in the file's order.
        problems: Vec<LayoutProblem>,
    },
}

impl LayoutError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "check the path, that the file may be read, and that it is UTF-8 text",
            Self::Unknown { .. } => {
                "`duka layout list` lists the shipped layouts; a layout of your own is named by its file, ending in .toml"
            }
            Self::Wrong { .. } => "mend the lines named and run `duka layout check FILE` until it is silent",
        }
    }
}

fn listing(path: &str, problems: &[LayoutProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(|p| format!("{path}:{p}")).collect();
    lines.join("\n")
}

/// One problem of a layout file.
#[derive(Debug, Clone, PartialEq)]
pub struct LayoutProblem {
    /// Line in the file, from 1.
    pub line: usize,
    /// The table or key it concerns, such as `identity ticket`.
    pub place: String,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for LayoutProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.line, self.place, self.problem)
    }
}

/// How fiducials and frame contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// The frame needs none.
    #[error("a page that is found by its outline, its picture's edge or its form has no fiducials")]
    NotNeeded,
    /// A marker picture without exactly four markers.
    #[error("a page found by a marker picture has exactly four fiducials, each of shape \"marker\"")]
    FourMarkers,
    /// A marker without its picture.
    #[error("a fiducial of shape \"marker\" needs the [marker] picture")]
    NoPicture,
}

/// What can be wrong with a layout.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not TOML, a missing or unknown key, or a value of the wrong type.
    #[error("{0}")]
    Syntax(String),
    /// A number outside its range.
    #[error("{key} is {value}, it must be {range}")]
    Range {
        /// Which key.
        key: &'static str,
        /// What the file says.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// Two targets (or a target and a fiducial) share paper.
    #[error("{first} overlaps {second}")]
    Overlap {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// Print that leaves too little white around what is read.
    #[error("{what} is {gap:.2} mm from {other}, it must leave {least} mm")]
    TooNear {
        /// What is printed.
        what: String,
        /// What is read.
        other: String,
        /// How far apart they are, millimetres.
        gap: f64,
        /// How far apart they must be.
        least: f64,
    },
    /// Something is not wholly on the page.
    #[error("{what} at {x:.2}, {y:.2} mm is off the page")]
    OffPage {
        /// What.
        what: String,
        /// Its centre.
        x: f64,
        /// Its centre.
        y: f64,
    },
    /// An item number twice.
    #[error("item {item} is numbered twice (first in line {first_line})")]
    ItemTwice {
        /// The number.
        item: u16,
        /// Where it was first.
        first_line: usize,
    },
    /// A field's name twice.
    #[error("the field {name} is there twice (first in line {first_line})")]
    FieldTwice {
        /// The name.
        name: String,
        /// Where it was first.
        first_line: usize,
    },
    /// An alphabet or option list with a repeated or impossible letter.
    #[error("{key} {letters:?} must be different digits or capital letters, at least {least}")]
    Letters {
        /// Which key.
        key: &'static str,
        /// What the file says.
        letters: String,
        /// How many there must be.
        least: usize,
    },
    /// Too few fiducials.
    #[error("the fiducials are {count} marks; a page needs at least 4 that are not on one line")]
    FewFiducials {
        /// How many.
        count: usize,
    },
    /// A picture that can't be decoded.
    #[error("{0}")]
    Picture(#[from] RasterError),
    /// A frame that says nothing of which way up the page lies, in a file that says the print does.
    #[error("nothing in this frame says which way up the page lies: say orientation = \"assumed\"")]
    FrameOrientation,
    /// Fiducials where the frame has none, or marker fiducials without a marker.
    #[error("{0}")]
    FrameFiducials(FrameFault),
    /// The fiducials look the same when the page is turned.
    #[error(
        "the fiducials look the same when the page is turned by {degrees}°: make one of them different, \
         or say orientation = \"assumed\""
    )]
    Orientation {
        /// By how much.
        degrees: u16,
    },
    /// A card without any item.
    #[error("the card has no items")]
    NoItems,
    /// Thresholds in the wrong order.
    #[error("marginal ({marginal}) must be below definite ({definite})")]
    Thresholds {
        /// Lower.
        marginal: f64,
        /// Upper.
        definite: f64,
    },
    /// The name is another file's.
    #[error("the name is {name:?}, but it must be 1 to 64 letters without a slash")]
    Name {
        /// What the file says.
        name: String,
    },
    /// Text that the font shipped with the program can't draw.
    #[error("the character {character:?} can't be printed")]
    Glyph {
        /// Which.
        character: char,
    },
}
