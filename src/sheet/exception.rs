//! What needs a person.

use super::{FieldName, Form, ItemLabel, LayoutName, RoomId, SheetId, TicketNumber};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a file gives no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DecodeFault {
    /// The file has no bytes.
    Empty,
    /// The file is none of the formats that are read.
    NotAnImage,
    /// The file ends too early.
    Truncated,
    /// The file's structure or its compressed data are damaged.
    Damaged,
    /// A variant of the format that is not read.
    Unsupported,
    /// More pixels than the stated limit, or data that unpack to far more than a page needs.
    TooLarge,
    /// Fewer pixels than a card can be read from.
    TooSmall,
    /// The PDF asks for a password or is encrypted under an empty one.
    Encrypted,
    /// The PDF's page is not a scanned picture and can't be drawn faithfully.
    NotAScan,
    /// The file was written to while it was read.
    Changed,
    /// The system did not give the file's bytes.
    Unreadable,
}

impl DecodeFault {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Empty | Self::Truncated | Self::Damaged => {
                "copy the file from the scanner again, or scan the sheet again"
            }
            Self::NotAnImage => "scan to JPEG, PNG, TIFF or PDF",
            Self::Unsupported => "scan again as gray or black and white to JPEG, PNG, TIFF or PDF",
            Self::TooLarge => "scan again at 200 to 300 dpi",
            Self::TooSmall => "scan again at 100 dpi or more; 200 to 300 dpi are best",
            Self::Encrypted => "save the PDF without a password",
            Self::NotAScan => "print the page and scan it, or save its pages as PNG or TIFF",
            Self::Changed => "wait until the scanner has written the file, then read it again",
            Self::Unreadable => "look after the disk or the network, then read the file again",
        }
    }
}

impl fmt::Display for DecodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the file is empty",
            Self::NotAnImage => "not a JPEG, PNG, TIFF or PDF file",
            Self::Truncated => "the image is cut off before its end",
            Self::Damaged => "the image is damaged",
            Self::Unsupported => "a variant of the format that is not read",
            Self::TooLarge => "the image has more pixels than the limit",
            Self::TooSmall => "the image has too few pixels for a card",
            Self::Encrypted => "the PDF is encrypted: save it without a password",
            Self::NotAScan => {
                "the PDF page is not a scanned picture and can't be drawn faithfully: print and scan it, or save it as PNG"
            }
            Self::Changed => "the file changed while it was read",
            Self::Unreadable => "the file could not be read from the disk",
        })
    }
}

/// Why the sheet was not found in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RegistrationFault {
    /// The picture has (almost) no ink.
    BlankPage,
    /// Paper and ink are too alike to measure.
    LowContrast {
        /// Difference between paper and print in gray levels, 0..=255.
        levels: u8,
    },
    /// Too few fiducials of the layout were found.
    FiducialsMissing {
        /// How many were found at their places.
        found: u16,
        /// How many the layout has.
        expected: u16,
    },
    /// The timing track has another number of marks than the layout.
    TrackCount {
        /// How many were found.
        found: u16,
        /// How many the layout has.
        expected: u16,
    },
    /// Two ways of laying the sheet explain the picture equally well.
    Ambiguous,
    /// The fiducials fit, but too badly.
    Residual {
        /// Root mean square distance, in thousandths of a millimetre.
        micrometres: u32,
        /// The most that is allowed.
        limit: u32,
    },
    /// The fiducials fit, but the print that should lie between them does not.
    Unproved {
        /// Places of the print that agree.
        agree: u16,
        /// Places that were looked at.
        checked: u16,
    },
    /// The print jumps from one place to the next: the sheet is torn, slipped while it was fed, or lies under another.
    Torn,
    /// A block of targets is printed a whole row or column away from its place: the sheet is another edition of the card.
    OtherEdition,
    /// A part of the sheet lies outside of the picture.
    CutOff {
        /// Printed places that lie outside.
        outside: u16,
        /// Places that were looked for.
        checked: u16,
    },
}

impl fmt::Display for RegistrationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BlankPage => write!(f, "the page is blank"),
            Self::LowContrast { levels } => {
                write!(f, "paper and print differ by only {levels} of 255 gray levels")
            }
            Self::FiducialsMissing { found, expected } => {
                write!(f, "found {found} of {expected} fiducials in their places")
            }
            Self::TrackCount { found, expected } => {
                write!(f, "the timing track has {found} marks where the layout has {expected}")
            }
            Self::Ambiguous => write!(f, "the sheet could lie in more than one way"),
            Self::Residual { micrometres, limit } => write!(
                f,
                "the fit is off by {:.2} mm, more than {:.2} mm",
                f64::from(micrometres) / 1000.0,
                f64::from(limit) / 1000.0
            ),
            Self::Unproved { agree, checked } => {
                write!(f, "the print agrees with the layout at {agree} of {checked} places only")
            }
            Self::CutOff { outside, checked } => {
                write!(
                    f,
                    "the sheet is cut: {outside} of {checked} looked-for places lie outside of the picture"
                )
            }
            Self::OtherEdition => {
                write!(
                    f,
                    "targets are printed a whole row or column away from their places: another edition of the card"
                )
            }
            Self::Torn => {
                write!(f, "the print jumps: the sheet is torn, slipped in the feeder or lies under another")
            }
        }
    }
}

/// What happened: the kind of an exception with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// The file gives no picture.
    NotDecoded {
        /// Why not.
        fault: DecodeFault,
    },
    /// The sheet was not found in the picture.
    NotRegistered {
        /// Why not.
        fault: RegistrationFault,
    },
    /// The printed layout code is another layout's.
    WrongLayout {
        /// The code that was read.
        code: u16,
        /// The code of the layout that was asked for.
        expected: u16,
    },
    /// The printed layout code can't be read.
    LayoutCodeUnreadable,
    /// None of the exam's layouts explains the page, or more than one does.
    LayoutUnproved {
        /// The layouts that explain it.
        candidates: Vec<LayoutName>,
    },
    /// At least one mark is neither filled nor empty.
    Marginal {
        /// The options in doubt, with their fill ratios in thousandths.
        marks: Vec<(String, u16)>,
    },
    /// More marks than are allowed.
    Multiple {
        /// What is marked.
        value: String,
    },
    /// Columns of an identity field without a mark.
    BlankColumns {
        /// Their numbers, from 1.
        columns: Vec<u16>,
    },
    /// The place could not be measured (off the picture, or covered).
    Unreadable,
    /// The ticket number is not on the roster.
    TicketUnknown {
        /// What was read.
        ticket: String,
    },
    /// Several sheets carry one ticket number.
    TicketDuplicate {
        /// The number.
        ticket: TicketNumber,
        /// The other sheets.
        others: Vec<SheetId>,
    },
    /// A candidate who was present has no sheet.
    SheetMissing {
        /// Whose sheet.
        ticket: TicketNumber,
        /// Where it should have come from.
        room: RoomId,
    },
    /// The form on the sheet is not the roster's.
    FormMismatch {
        /// What was read; empty if blank.
        read: String,
        /// What the roster says.
        expected: Form,
    },
    /// The form on the sheet is blank or not one of the paper's, and the roster does not say which it is.
    FormUnknown {
        /// What was read; empty if blank.
        read: String,
        /// The paper's forms.
        forms: Vec<Form>,
    },
    /// The exam has no paper for the candidate's occupation and level.
    PaperUnknown {
        /// Whose.
        ticket: TicketNumber,
    },
    /// The sheet's layout is not the one that the candidate's paper uses.
    LayoutMismatch {
        /// What was read with.
        read: LayoutName,
        /// What the paper uses.
        expected: LayoutName,
    },
    /// 缺考 is filled on the card, but the room record says present or there are responses.
    AbsentButPresent {
        /// The number.
        ticket: TicketNumber,
        /// How many items are answered.
        answered: u16,
    },
    /// The room record says absent, but a sheet with responses came in.
    PresentButAbsent {
        /// The number.
        ticket: TicketNumber,
        /// How many items are answered.
        answered: u16,
    },
    /// 违纪 is filled on the card and the room record does not have it, or the reverse.
    ViolationMismatch {
        /// The number.
        ticket: TicketNumber,
    },
    /// The room record says that a card of this number was voided (作废卡), and one came in.
    VoidedCard {
        /// The number.
        ticket: TicketNumber,
        /// What the record says of it: the room, the card's number, the reason.
        recorded: String,
        /// The other sheets with the number.
        others: Vec<SheetId>,
    },
    /// The sheet lies in the folder, or among the cards, of another room than its candidate's.
    OtherRoom {
        /// The number.
        ticket: TicketNumber,
        /// The room on the roster.
        room: RoomId,
        /// Where the sheet lies.
        among: RoomId,
    },
    /// A present candidate has no sheet, and the stack skips their seat.
    StackGap {
        /// Whose sheet.
        ticket: TicketNumber,
        /// Their room.
        room: RoomId,
        /// The sheets before the gap and behind it.
        beside: Box<[SheetId; 2]>,
    },
    /// A card came in for someone who is not to sit theory: a carried-over pass, a retake of another part, or a level without it.
    NotSitting {
        /// The number.
        ticket: TicketNumber,
        /// How many items are answered.
        answered: u16,
    },
}

impl Cause {
    /// The sheets that are to be looked at beside the exception's own: others with the same number, those beside a gap.
    #[must_use]
    pub fn other_sheets(&self) -> Vec<SheetId> {
        match self {
            Self::TicketDuplicate { others, .. } | Self::VoidedCard { others, .. } => others.clone(),
            Self::StackGap { beside, .. } => beside.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The word used in files: `marginal`, `ticket-unknown`, …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotDecoded { .. } => "not-decoded",
            Self::NotRegistered { .. } => "not-registered",
            Self::WrongLayout { .. } => "wrong-layout",
            Self::LayoutCodeUnreadable => "layout-code-unreadable",
            Self::LayoutUnproved { .. } => "layout-unproved",
            Self::Marginal { .. } => "marginal",
            Self::Multiple { .. } => "multiple",
            Self::BlankColumns { .. } => "blank-columns",
            Self::Unreadable => "unreadable",
            Self::TicketUnknown { .. } => "ticket-unknown",
            Self::TicketDuplicate { .. } => "ticket-duplicate",
            Self::SheetMissing { .. } => "sheet-missing",
            Self::FormMismatch { .. } => "form-mismatch",
            Self::FormUnknown { .. } => "form-unknown",
            Self::PaperUnknown { .. } => "paper-unknown",
            Self::LayoutMismatch { .. } => "layout-mismatch",
            Self::AbsentButPresent { .. } => "absent-but-present",
            Self::PresentButAbsent { .. } => "present-but-absent",
            Self::ViolationMismatch { .. } => "violation-mismatch",
            Self::VoidedCard { .. } => "voided-card",
            Self::OtherRoom { .. } => "other-room",
            Self::StackGap { .. } => "stack-gap",
            Self::NotSitting { .. } => "not-sitting",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDecoded { fault } => fault.fmt(f),
            Self::NotRegistered { fault } => fault.fmt(f),
            Self::WrongLayout { code, expected } => {
                write!(f, "the printed layout code is {code}, the layout's is {expected}")
            }
            Self::LayoutCodeUnreadable => write!(f, "the printed layout code can't be read"),
            Self::LayoutUnproved { candidates } if candidates.is_empty() => {
                write!(f, "none of the exam's layouts explains the page")
            }
            Self::LayoutUnproved { candidates } => {
                let names: Vec<_> = candidates.iter().map(LayoutName::as_str).collect();
                write!(f, "more than one layout explains the page: {}", names.join(", "))
            }
            Self::Marginal { marks } => {
                write!(f, "in doubt:")?;
                for (i, (option, fill)) in marks.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma} {option} ({}.{} %)", fill / 10, fill % 10)?;
                }
                Ok(())
            }
            Self::Multiple { value } => write!(f, "more than one mark: {value}"),
            Self::BlankColumns { columns } => {
                let columns: Vec<_> = columns.iter().map(u16::to_string).collect();
                write!(f, "no mark in column {}", columns.join(", "))
            }
            Self::Unreadable => write!(f, "off the picture or covered"),
            Self::TicketUnknown { ticket } => {
                write!(f, "ticket number {ticket} is not on the roster")
            }
            Self::TicketDuplicate { ticket, others } => {
                write!(f, "ticket number {ticket} is on {} sheets", others.len() + 1)
            }
            Self::SheetMissing { ticket, room } => {
                write!(f, "{ticket} was present in room {room}, but no sheet came in")
            }
            Self::FormMismatch { read, expected } if read.is_empty() => {
                write!(f, "no form is marked, the roster says {expected}")
            }
            Self::FormMismatch { read, expected } => {
                write!(f, "form {read} is marked, the roster says {expected}")
            }
            Self::FormUnknown { read, forms } => {
                let forms: Vec<_> = forms.iter().map(Form::as_str).collect();
                let read = if read.is_empty() { "no form" } else { read };
                write!(f, "{read} is marked as the form, the paper has {}", forms.join(", "))
            }
            Self::PaperUnknown { ticket } => {
                write!(f, "the exam has no paper for the occupation and level of {ticket}")
            }
            Self::LayoutMismatch { read, expected } => {
                write!(f, "the card is {read}, the candidate's paper uses {expected}")
            }
            Self::AbsentButPresent { ticket, answered } => write!(
                f,
                "缺考 is filled on the card of {ticket}, who is not recorded absent ({answered} items answered)"
            ),
            Self::PresentButAbsent { ticket, answered } => {
                write!(f, "{ticket} is recorded absent, but a sheet with {answered} items answered came in")
            }
            Self::ViolationMismatch { ticket } => {
                write!(f, "card and room record of {ticket} differ about 违纪")
            }
            Self::VoidedCard { ticket, recorded, others } => write!(
                f,
                "a card of {ticket} was voided (作废卡: {recorded}), and {} with this number came in: which of them counts?",
                others.len() + 1
            ),
            Self::OtherRoom { ticket, room, among } => {
                write!(f, "{ticket} belongs to room {room}, but the card lies among those of room {among}")
            }
            Self::StackGap { ticket, room, beside } => write!(
                f,
                "{ticket} was present in room {room}, but the stack goes from the seat before ({}) to the one behind ({}) \
                 without their card",
                beside[0], beside[1]
            ),
            Self::NotSitting { ticket, answered } => write!(
                f,
                "{ticket} is not to sit theory (成绩保留, or 补考 of another part), but a card with {answered} items \
                 answered came in"
            ),
        }
    }
}

/// Something that needs a person, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exception {
    /// What happened.
    pub cause: Cause,
    /// The field it concerns, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldName>,
    /// The place within the field, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemLabel>,
}

impl Exception {
    /// An exception of the whole sheet.
    #[must_use]
    pub fn of_sheet(cause: Cause) -> Self {
        Self { cause, field: None, item: None }
    }

    /// An exception of one field.
    #[must_use]
    pub fn of_field(cause: Cause, field: FieldName) -> Self {
        Self { cause, field: Some(field), item: None }
    }

    /// An exception of one item or column.
    #[must_use]
    pub fn of_item(cause: Cause, field: FieldName, item: ItemLabel) -> Self {
        Self { cause, field: Some(field), item: Some(item) }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.field, &self.item) {
            (Some(field), Some(item)) => write!(f, "{field} {item}: {}", self.cause),
            (Some(field), None) => write!(f, "{field}: {}", self.cause),
            _ => self.cause.fmt(f),
        }
    }
}

impl std::error::Error for DecodeFault {}

impl std::error::Error for RegistrationFault {}

impl std::error::Error for Cause {}
