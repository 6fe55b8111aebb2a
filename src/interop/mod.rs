//! Other people's forms: `OMRChecker` folders become layouts and answer keys.
//!
//! [`omrchecker`] reads a folder with a `template.json` through a function that gives its files, and returns a
//! [`Layout`] known in pixels, its text, an answer key if the folder has answers, and a [`Note`] for
//! everything that is not carried over. Nothing is dropped silently: what can't be said is a note, what would be read wrongly is
//! an [`ImportError`].

mod error;
mod evaluation;
mod form;
mod json;
mod note;
mod picture;
mod template;
#[cfg(test)]
mod tests;

pub use error::ImportError;
pub use note::{KeyObstacle, Note};

use crate::key::AnswerKey;
use crate::layout::Layout;
use crate::sheet::LayoutName;
use json::At;
use std::io;
use zeroize::Zeroizing;

/// Gives a file of the folder by its path within it.
pub type Files<'f> = dyn Fn(&str) -> io::Result<Vec<u8>> + 'f;

/// The file that says what the form looks like.
pub const TEMPLATE: &str = "template.json";

/// What a reader of the layout file must know first.
const HEADING: &str = "# Taken over from an OMRChecker template. Millimetres are nominal: the longer side of the page has 297, less where boxes would have more than 6.\n";

/// A form that was taken over.
#[derive(Debug)]
pub struct Imported {
    /// The layout.
    pub layout: Layout,
    /// The layout file's text, which [`Layout::parse`] reads as [`Imported::layout`].
    pub text: String,
    /// The answer key as its issuer writes it, if the folder has answers that a key can say. As secret as any key.
    pub key: Option<Zeroizing<String>>,
    /// What was changed or left out, in the order of the files.
    pub notes: Vec<Note>,
}

/// The form of an `OMRChecker` folder: `template.json`, and if they are there `config.json`, `evaluation.json` and the pictures and
/// the csv that they name. The layout is called `name`; so is the paper of the key, in form A and revision 1.
///
/// Coordinates become nominal millimetres: the longer side of the page has 297, less where boxes would have more than 6. Labels `q1`, `Q12` become items, what
/// `customLabels` joins under such a name becomes a numeric item, everything else an identity field in lower case.
///
/// # Errors
///
/// [`ImportError`]: a file that is missing or is not JSON, a value that can't be, a form that would be read wrongly.
///
/// # Example
///
/// ```
/// let template = br#"{
///     "pageDimensions": [300, 400], "bubbleDimensions": [25, 25], "preProcessors": [{ "name": "CropPage" }],
///     "fieldBlocks": { "Block": { "fieldType": "QTYPE_MCQ5", "origin": [65, 60], "fieldLabels": ["q1..5"],
///                                 "labelsGap": 52, "bubblesGap": 41 } }
/// }"#;
/// let files = |path: &str| match path {
///     "template.json" => Ok(template.to_vec()),
///     _ => Err(std::io::ErrorKind::NotFound.into()),
/// };
/// let form = duka::interop::omrchecker(&"five".parse()?, &files)?;
/// assert!(form.layout.items().eq(1..=5));
/// assert_eq!(form.layout.page.height_mm, 96.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn omrchecker(name: &LayoutName, files: &Files<'_>) -> Result<Imported, ImportError> {
    let mut notes = Vec::new();
    let template = json::read(TEMPLATE, &required(files, TEMPLATE)?)?;
    let config =
        optional(files, "config.json")?.map(|bytes| json::read("config.json", &bytes)).transpose()?;
    let config = config.as_ref().map(|json| At::root("config.json", json));
    let form = template::read(&At::root(TEMPLATE, &template), config.as_ref(), files, &mut notes)?;
    let evaluation = match optional(files, "evaluation.json")? {
        Some(bytes) => {
            let json = json::read("evaluation.json", &bytes)?;
            evaluation::read(&At::root("evaluation.json", &json), &form, files, &mut notes)?
        }
        None => None,
    };
    let several = evaluation.as_ref().map(evaluation::Answers::several).unwrap_or_default();
    if !several.is_empty() {
        notes.push(Note::Several { items: several.iter().copied().collect() });
    }
    let layout = form::layout(name, &form, &several)?;
    let text = format!("{HEADING}{}", layout.to_toml().ok_or(ImportError::Unsayable)?);
    let layout = Layout::parse(&text, name.as_str()).map_err(ImportError::Layout)?;
    let key = evaluation.and_then(|answers| {
        let text = answers.to_toml(name, &form)?;
        match AnswerKey::parse(&text, "key") {
            Ok(_) => Some(text),
            Err(error) => {
                notes.push(Note::NoKey { obstacle: KeyObstacle::Refused(Box::new(error)) });
                None
            }
        }
    });
    if key.is_some() {
        notes.push(Note::KeyNames { paper: name.to_string() });
    }
    Ok(Imported { layout, text, key, notes })
}

/// A file that must be there.
fn required(files: &Files<'_>, path: &str) -> Result<Vec<u8>, ImportError> {
    files(path).map_err(|source| ImportError::File { path: path.to_owned(), source })
}

/// A file that need not be there.
fn optional(files: &Files<'_>, path: &str) -> Result<Option<Vec<u8>>, ImportError> {
    match files(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ImportError::File { path: path.to_owned(), source }),
    }
}
