//! The layouts that come with the program.

use super::{Layout, LayoutError};
use std::path::Path;

const FILES: [(&str, &str); 5] = [
    ("theory-100", include_str!("../../sheet-layouts/theory-100.toml")),
    ("theory-200", include_str!("../../sheet-layouts/theory-200.toml")),
    ("theory-multi", include_str!("../../sheet-layouts/theory-multi.toml")),
    ("card-16k", include_str!("../../sheet-layouts/card-16k.toml")),
    ("openmcr-75", include_str!("../../sheet-layouts/openmcr-75.toml")),
];

/// The names of the shipped layouts.
pub fn shipped_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The text of the shipped layout called `name`.
#[must_use]
pub fn shipped_text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The shipped layout called `name`, or the one in the file `name`.
///
/// # Errors
///
/// [`LayoutError::Unknown`] if it is neither, else as [`Layout::load`].
///
/// # Example
///
/// ```
/// let layout = duka::layout::shipped("theory-100")?;
/// assert_eq!(layout.cells().cells[0].field, "ticket");
/// # Ok::<(), duka::layout::LayoutError>(())
/// ```
pub fn shipped(name: &str) -> Result<Layout, LayoutError> {
    if let Some((name, text)) = FILES.iter().find(|(n, _)| *n == name) {
        return Layout::parse(text, &format!("sheet-layouts/{name}.toml"));
    }
    if Path::new(name).extension().is_some_and(|e| e == "toml") || Path::new(name).is_file() {
        return Layout::load(Path::new(name));
    }
    let shipped: Vec<_> = shipped_names().collect();
    Err(LayoutError::Unknown { name: name.to_owned(), shipped: shipped.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_layout_passes_its_own_check() {
        for (name, items) in [
            ("theory-100", 100),
            ("theory-200", 200),
            ("theory-multi", 100),
            ("card-16k", 100),
            ("openmcr-75", 75),
        ] {
            let layout = shipped(name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(layout.name.as_str(), name);
            assert!(layout.items().eq(1..=items), "{name}");
        }
        assert_eq!(shipped_names().count(), 5);
    }

    #[test]
    fn shipped_layouts_have_codes_of_their_own() {
        let codes = shipped_names().filter_map(|n| shipped(n).unwrap().code.map(|c| c.number));
        assert_eq!(codes.collect::<Vec<_>>(), [11, 12, 13, 16]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let message = shipped("theory-10").unwrap_err().to_string();
        assert_eq!(
            message,
            "no layout is called \"theory-10\"; shipped are theory-100, theory-200, theory-multi, card-16k, openmcr-75"
        );
    }
}
