//! What stands on a slip, before it is drawn.

use super::error::PublishError;
use super::pdf;

/// A head of the journal to be kept on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadSlip {
    /// Batch (批次).
    pub exam: String,
    /// Centre (鉴定中心).
    pub centre: String,
    /// Number of the head's entry.
    pub entry: u64,
    /// What that entry is about.
    pub act: String,
    /// Who did it.
    pub who: String,
    /// When, in local time.
    pub at: String,
    /// The same in UTC; empty if the time can't be read.
    pub utc: String,
    /// The code, its groups joined by dashes.
    pub code: String,
    /// The head's hash.
    pub hash: String,
    /// What the QR code holds.
    pub text: String,
    /// A word for programs that look for the code in the file.
    pub keyword: String,
    /// Who signed it.
    pub signatures: Vec<SlipSigner>,
}

/// Who signed, as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipSigner {
    /// As what.
    pub role: String,
    /// Their name.
    pub name: String,
    /// Fingerprint of their key.
    pub fingerprint: String,
    /// When.
    pub at: String,
}

/// The evidence of a re-check (成绩复核). It never shows a key: the record has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecheckSlip {
    /// Label and value, in order.
    pub facts: Vec<(&'static str, String)>,
    /// What was decided, in one line.
    pub outcome: String,
    /// Label and value of what was decided and why.
    pub decision: Vec<(&'static str, String)>,
    /// Who signed it.
    pub signatures: Vec<SlipSigner>,
    /// Label and hash.
    pub hashes: Vec<(&'static str, String)>,
    /// Parts of the card, each with what it shows, as PNG files.
    pub crops: Vec<(String, Vec<u8>)>,
    /// The whole card with every mark, a PNG file.
    pub picture: Vec<u8>,
    /// Every item.
    pub items: Vec<RecheckItem>,
    /// What else the reader must know, a paragraph each.
    pub notes: Vec<String>,
}

/// One item of a re-check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecheckItem {
    /// Its number.
    pub item: u16,
    /// What was read.
    pub read: String,
    /// What counts.
    pub counted: String,
    /// Whether the re-check changed it.
    pub changed: bool,
}

/// The slip of a head of the journal as a PDF file.
///
/// # Errors
///
/// [`PublishError::TooLong`] if so many have signed that no QR code holds it.
pub fn head_slip(slip: &HeadSlip) -> Result<Vec<u8>, PublishError> {
    pdf::head_slip(slip)
}

/// The evidence of a re-check as a PDF file.
///
/// # Errors
///
/// [`PublishError::Pdf`].
pub fn recheck_slip(slip: &RecheckSlip) -> Result<Vec<u8>, PublishError> {
    pdf::recheck_slip(slip)
}
