//! Why papers can't be made.

/// Papers that can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Nobody is on the roster.
    #[error("there are no results to publish: no candidate is on the roster")]
    NoCandidates,
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
