//! Tables that can't be read.

/// A file that can't be read as the table it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file has no bytes, or only white space.
    #[error("{file}: the file is empty")]
    Empty {
        /// Which file.
        file: String,
    },
    /// More than 64 MB, or more cells than any roster.
    #[error("{file}: the file is larger than any table that is expected here")]
    TooLarge {
        /// Which file.
        file: String,
    },
    /// A web page or XML with a spreadsheet's name.
    #[error("{file}: this is a web page or XML and not a spreadsheet, whatever its name says")]
    Markup {
        /// Which file.
        file: String,
    },
    /// A workbook locked by a password.
    #[error("{file}: the workbook is locked by a password")]
    Locked {
        /// Which file.
        file: String,
    },
    /// A workbook that can't be opened.
    #[error("{file}: the workbook is damaged: {fault}")]
    Damaged {
        /// Which file.
        file: String,
        /// What its reader says.
        #[source]
        fault: WorkbookFault,
    },
    /// Neither a workbook nor text in a known encoding.
    #[error("{file}: neither a workbook (xlsx, xls) nor text in UTF-8 or GBK")]
    NotATable {
        /// Which file.
        file: String,
    },
    /// A quotation mark is opened and never closed.
    #[error("{file}: a quotation mark opened in row {row} is never closed")]
    OpenQuote {
        /// Which file.
        file: String,
        /// The row where it is opened.
        row: u32,
    },
    /// No row has the headings that are needed.
    #[error("{file}: no row within the first 20 has the headings {}", wanted.join(", "))]
    NoHeadings {
        /// Which file.
        file: String,
        /// The headings that are needed.
        wanted: Vec<&'static str>,
    },
    /// A heading row, but some headings are missing.
    #[error("{place}: these are the headings, but {} missing", lacking(.missing))]
    Missing {
        /// The row with the other headings.
        place: super::RowPlace,
        /// The headings that are missing.
        missing: Vec<&'static str>,
    },
    /// A sheet with the headings that the workbook does not show.
    #[error("{file}, sheet {sheet}: the sheet is hidden, and has a table of this kind")]
    Hidden {
        /// Which file.
        file: String,
        /// The sheet's name.
        sheet: String,
    },
    /// A heading that two columns have.
    #[error("{place}: columns {} and {} both have the heading {heading}", letters.0, letters.1)]
    Twice {
        /// The heading row.
        place: super::RowPlace,
        /// Which heading.
        heading: &'static str,
        /// Letters of the two columns.
        letters: (String, String),
    },
}

fn lacking(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

impl TableError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "ask for the file again",
            Self::TooLarge { .. } => {
                "delete the columns and rows that are not part of the table, and save again"
            }
            Self::Markup { .. } | Self::Damaged { .. } | Self::NotATable { .. } => {
                "open it in Excel or WPS and save it as .xlsx"
            }
            Self::Locked { .. } => "open it in Excel or WPS, remove the password and save it",
            Self::OpenQuote { .. } => "save the table again as .xlsx or .csv from Excel or WPS",
            Self::NoHeadings { .. } | Self::Missing { .. } => {
                "put all headings in one row above the table, in cells that are not merged"
            }
            Self::Hidden { .. } => "show the sheet if it is meant, or delete it, and save",
            Self::Twice { .. } => "delete one of the two columns, or change its heading",
        }
    }
}

/// Why a workbook can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkbookFault {
    /// As the xlsx reader says.
    #[error(transparent)]
    Xlsx(#[from] Box<calamine::XlsxError>),
    /// As the xls reader says.
    #[error(transparent)]
    Xls(#[from] Box<calamine::XlsError>),
    /// Its inner structure contradicts itself.
    #[error("its parts contradict each other")]
    Structure,
}
