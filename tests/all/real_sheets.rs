//! Real scans of a form that others made, against what a person sees on them.
//!
//! The scans stand beside the project (`../shared/real`) and are not part of it. Where they are absent
//! these tests say so and check nothing.

// Helpers of tests may fail as tests do.

use duka::layout::Layout;
use duka::read::{MarkState, Reading};
use duka::register::register_as;
use duka::sheet::{Cause, EngineId, Response, ResponseState};
use duka::source::{Page, decode};
use duka::{interop, layout, read, settle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest share of all scans' responses that may be left to a person. A third of these scans hold smudges and
/// dithered pencil; a person who must look at more than one place in a hundred stops looking.
const MOST_HELD: f64 = 0.01;

/// The folder of the scans, if it is there.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/real");
    if folder.join("truth.json").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is not here, so nothing was checked", folder.display());
    None
}

fn page(path: &PathBuf) -> Page {
    let bytes = fs::read(path).unwrap();
    decode(&bytes).next().unwrap().1.unwrap()
}

/// The field or item that a name in the truth file means: `Last Name` → `last_name`, `Q7` → `7`.
fn place(name: &str) -> Result<String, u16> {
    match name.strip_prefix(['Q', 'q']).and_then(|n| n.parse().ok()) {
        Some(item) => Err(item),
        None => Ok(name.to_lowercase().replace(' ', "_")),
    }
}

#[derive(Default)]
struct Tally {
    responses: usize,
    held: Vec<String>,
    /// How many of those have one mark where a person sees one, and nothing else to be seen.
    careful: usize,
    wrong: Vec<String>,
}

/// Holds one sheet's responses against the truth.
fn compare(sheet: &str, reading: &Reading, truth: &Value, tally: &mut Tally) {
    let responses = settle::responses(reading).0;
    let marks = |place: &Result<String, u16>| -> String {
        let field = reading.fields.iter().find(|f| f.name.as_str() == place.as_deref().unwrap_or("items"));
        let positions = field.map_or(&[][..], |f| &f.positions).iter();
        let wanted = |label: &str| place.as_ref().err().is_none_or(|item| label == item.to_string());
        positions
            .filter(|p| wanted(p.label.as_str()))
            .map(|p| {
                p.options.chars().zip(&p.marks).fold(format!(" {}", p.label), |mut text, (option, mark)| {
                    if mark.fill > reading.marginal / 2 || mark.state != MarkState::Empty {
                        let _ = write!(text, " {option}:{mark:?}");
                    }
                    text
                })
            })
            .collect()
    };
    for (name, expected) in truth["fields"].as_object().unwrap() {
        if truth["ambiguous"].get(name).is_some() {
            continue;
        }
        let mut expected = expected.as_str().unwrap().to_owned();
        let place = place(name);
        let found = match &place {
            Ok(field) => responses.field(field),
            Err(item) => responses.items.get(item),
        };
        let found = found.unwrap_or_else(|| panic!("{sheet}: the layout has no {name}"));
        if name == "Test Form Code" && expected.chars().count() > 1 {
            // The file writes the letters alone; in an identity field a double column is in brackets.
            expected = format!("[{expected}]");
        }
        tally.responses += 1;
        let line = format!(
            "{sheet} {name}: expected {expected:?}, found {:?} ({}){}",
            found.value,
            found.state.word(),
            marks(&place)
        );
        if found.state.is_held() {
            tally.careful += usize::from(!expected.is_empty() && found.value == expected && place.is_err());
            tally.held.push(line);
        } else if !agrees(found, &expected, place.is_ok() || name.starts_with('q')) {
            tally.wrong.push(line);
        }
    }
}

/// Whether a response that we stand behind says what a person saw.
fn agrees(found: &Response, expected: &str, identity: bool) -> bool {
    match found.state {
        ResponseState::Blank => expected.is_empty(),
        ResponseState::Resolved => found.value == expected && (identity || expected.chars().count() == 1),
        ResponseState::Multiple => found.value == expected,
        ResponseState::Marginal | ResponseState::Unreadable => false,
    }
}

/// The truth about every picture in the folder.
fn truths(folder: &Path) -> BTreeMap<String, Value> {
    serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap()
}

/// The layout that a picture is read by: the shipped one, or what the form's own description says.
fn layout_of(folder: &Path, path: &str) -> Layout {
    if path.starts_with("openmcr-75/") {
        return layout::shipped("openmcr-75").unwrap();
    }
    let own = folder.join(path).parent().unwrap().to_owned();
    let name = own.file_name().unwrap().to_str().unwrap().parse().unwrap();
    interop::omrchecker(&name, &|file: &str| fs::read(own.join(file))).unwrap().layout
}

/// The kinds of picture that a hand-held camera makes: nobody promises how many of their responses are held.
fn is_photo(truth: &Value) -> bool {
    truth["kind"].as_str().unwrap().contains("photo")
}

/// Every picture is read, by its own form's description; all scans are held to [`MOST_HELD`] together.
#[test]
fn what_is_read_is_what_a_person_sees() {
    let Some(folder) = folder() else { return };
    let (mut scans, mut photos) = (Tally::default(), Tally::default());
    println!("{:<48} {:>9} {:>5} {:>5}  residual", "picture", "responses", "held", "wrong");
    let mut pictures = 0;
    for (path, truth) in &truths(&folder) {
        let layout = layout_of(&folder, path);
        let page = page(&folder.join(path));
        let registration = register_as(&page, &layout).unwrap_or_else(|cause| panic!("{path}: {cause}"));
        let reading = read::read(&page, &registration, &layout, &EngineId("test".into()));
        let mut tally = Tally::default();
        compare(path, &reading, truth, &mut tally);
        println!(
            "{path:<48} {:>9} {:>5} {:>5}  {}",
            tally.responses,
            tally.held.len(),
            tally.wrong.len(),
            registration.residual
        );
        pictures += 1;
        let all = if is_photo(truth) { &mut photos } else { &mut scans };
        all.responses += tally.responses;
        all.held.append(&mut tally.held);
        all.careful += tally.careful;
        all.wrong.append(&mut tally.wrong);
    }
    for (kind, all) in [("scans", &scans), ("photos", &photos)] {
        println!("{kind:<48} {:>9} {:>5} {:>5}", all.responses, all.held.len(), all.wrong.len());
        all.held.iter().chain(&all.wrong).for_each(|line| println!("{line}"));
    }
    assert!(pictures >= 28, "{pictures} pictures");
    assert!(scans.responses >= 1865 && photos.responses > 230);
    assert!(scans.wrong.is_empty() && photos.wrong.is_empty(), "{:#?} {:#?}", scans.wrong, photos.wrong);
    assert!(scans.held.len() as f64 <= MOST_HELD * scans.responses as f64, "{:#?}", scans.held);
    assert_eq!(scans.careful, 0, "careful marks are held: {:#?}", scans.held);
    assert!(photos.held.len() * 10 <= photos.responses, "{:#?}", photos.held);
}

#[test]
fn another_forms_layout_is_refused() {
    let Some(folder) = folder() else { return };
    let layouts =
        ["theory-100", "theory-200", "theory-multi", "card-16k"].map(|n| layout::shipped(n).unwrap());
    for number in 1..=17 {
        let page = page(&folder.join(format!("openmcr-75/page-{number:02}.png")));
        for layout in &layouts {
            let refused = register_as(&page, layout).err();
            assert!(
                matches!(
                    refused,
                    Some(
                        Cause::NotRegistered { .. } | Cause::WrongLayout { .. } | Cause::LayoutCodeUnreadable
                    )
                ),
                "page {number} as {}: {refused:?}",
                layout.name
            );
        }
    }
}

#[test]
fn a_page_of_another_form_is_refused_whatever_frame_it_has() {
    let Some(folder) = folder() else { return };
    let pages = [
        ("technothlon-scan", "camscanner-1.jpg"),
        ("technothlon-phone", "sheet1.jpg"),
        ("two-hundred", "scan-type-1.jpg"),
        ("five-questions", "adrian_omr.png"),
    ];
    for (form, _) in pages {
        let own = folder.join("omrchecker").join(form);
        let imported =
            interop::omrchecker(&form.parse().unwrap(), &|file: &str| fs::read(own.join(file))).unwrap();
        for (other, file) in pages.iter().filter(|(other, _)| *other != form) {
            let page = page(&folder.join("omrchecker").join(other).join(file));
            assert!(register_as(&page, &imported.layout).is_err(), "{other} passes for {form}");
        }
    }
}
