//! Why papers can't be made.

/// Papers that can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Nobody is on the roster.
    #[error("there are no results to publish: no candidate is on the roster")]
    NoCandidates,
    /// Identity numbers that are too short to be asked for.
    #[error("the identity numbers (证件号码) of {} candidates have fewer than four letters and digits: {}", .whose.len(), some_of(.whose))]
    ShortIdNumber {
        /// Each by ticket number and name.
        whose: Vec<String>,
    },
    /// A room without candidates.
    #[error("nobody on the roster sits in room (考场) {room}")]
    NobodyInRoom {
        /// Which room.
        room: String,
    },
    /// Two candidates whom a page could not tell apart.
    #[error("two candidates have the same ticket number and the same last characters of the identity number")]
    SameSecret,
    /// People who look alike however much may be shown of them.
    #[error("{} people look alike in the public list (公示名单): {}", .whose.len(), some_of(.whose))]
    MasksAlike {
        /// Their names.
        whose: Vec<String>,
    },
    /// No column map.
    #[error("exam.toml has no columns for the provincial system ([[province.column]])")]
    NoColumns,
    /// Values for which the column map has no code.
    #[error("the column map of exam.toml has no code for {}", some_of(.values))]
    NoCode {
        /// Each by heading and value.
        values: Vec<String>,
    },
    /// The font has no picture of a character.
    #[error("the font can't print {character:?} (U+{:04X}) in {place} of {whose}", u32::from(*.character))]
    MissingGlyph {
        /// Which character.
        character: char,
        /// Where it stands: 姓名, 备注, 鉴定所, …
        place: String,
        /// Whose it is: `140510001001 张甲`, or the paper's title.
        whose: String,
    },
    /// A text that fits on no page, even in the smallest print.
    #[error("{place} of {whose} is too long to print: {length} characters")]
    TooLong {
        /// Where it stands.
        place: String,
        /// Whose it is.
        whose: String,
        /// How many characters it has.
        length: usize,
    },
    /// Papers with more pages than were signed.
    #[error("{paper} has other pages than those that were signed")]
    OtherPages {
        /// Which paper.
        paper: String,
    },
    /// The document can't be put together.
    #[error("can't draw {paper}: {source}")]
    Pdf {
        /// Which paper.
        paper: String,
        /// What the library says.
        source: krilla::error::KrillaError,
    },
    /// The workbook can't be written.
    #[error("can't write the workbook of {paper}: {source}")]
    Xlsx {
        /// Which paper.
        paper: String,
        /// What the library says.
        source: rust_xlsxwriter::XlsxError,
    },
}

impl PublishError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoCandidates => "import the roster (duka roster import) and merge again",
            Self::ShortIdNumber { .. } => {
                "give these candidates their results on paper, or correct the roster before the freeze"
            }
            Self::NobodyInRoom { .. } => "name a room as the roster writes it",
            Self::SameSecret => "look for a candidate who is on the roster twice",
            Self::MasksAlike { .. } => {
                "list them by hand in agreement with them, or set [public] identify to the other number before the freeze; nothing was written"
            }
            Self::NoColumns => {
                "name the columns in exam.toml before the freeze (`duka new` writes an example), or use --format json"
            }
            Self::NoCode { .. } => {
                "before the freeze, add the value to the column's codes in exam.toml; afterwards use --format json, which needs no codes"
            }
            Self::MissingGlyph { .. } => {
                "check the character in the roster; if it is right, issue this paper from the workbook (xlsx) and report the character"
            }
            Self::TooLong { .. } => "shorten it in the roster or the record it comes from",
            Self::OtherPages { .. } => "propose the publication again (`duka publish`) and have it signed",
            Self::Pdf { .. } => "the program is damaged: install it again",
            Self::Xlsx { .. } => "look for over-long or duplicate names of occupations",
        }
    }
}

/// The first few of a list.
fn some_of(names: &[String]) -> String {
    let more = if names.len() > 8 { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(8)].join(", "))
}
