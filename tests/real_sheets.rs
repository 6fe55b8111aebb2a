//! Real scans of a form that others made, against what a person sees on them.
//!
//! The scans stand beside the project (`../shared/real`) and are not part of it. Where they are absent
//! these tests say so and check nothing.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use duka::read::{MarkState, Reading};
use duka::register::register_as;
use duka::sheet::{Cause, EngineId, Response, ResponseState};
use duka::source::{Page, decode};
use duka::{interop, layout, read, settle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// The largest share of responses that may be left to a person. A third of these scans hold smudges and
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

#[test]
fn what_is_read_is_what_a_person_sees() {
    let Some(folder) = folder() else { return };
    let layout = layout::shipped("openmcr-75").unwrap();
    let truth: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let sheets: Vec<_> = truth.iter().filter(|(path, _)| path.starts_with("openmcr-75/")).collect();
    assert_eq!(sheets.len(), 20);
    let mut all = Tally::default();
    println!("{:<12} {:>9} {:>5} {:>5}  residual", "sheet", "responses", "held", "wrong");
    for (path, truth) in sheets {
        let name = path.trim_start_matches("openmcr-75/");
        let page = page(&folder.join(path));
        let registration = register_as(&page, &layout).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        let reading = read::read(&page, &registration, &layout, &EngineId("test".into()));
        let mut tally = Tally::default();
        compare(name, &reading, truth, &mut tally);
        println!(
            "{name:<12} {:>9} {:>5} {:>5}  {}",
            tally.responses,
            tally.held.len(),
            tally.wrong.len(),
            registration.residual
        );
        all.responses += tally.responses;
        all.held.append(&mut tally.held);
        all.wrong.append(&mut tally.wrong);
    }
    println!("{:<12} {:>9} {:>5} {:>5}", "together", all.responses, all.held.len(), all.wrong.len());
    for line in all.held.iter().chain(&all.wrong) {
        println!("{line}");
    }
    assert!(all.responses > 1600, "{} responses", all.responses);
    assert!(all.wrong.is_empty(), "{:#?}", all.wrong);
    assert!(all.held.len() as f64 <= MOST_HELD * all.responses as f64, "{:#?}", all.held);
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

/// The kinds of picture that a hand-held camera makes: nobody promises how many of their responses are held.
fn is_photo(truth: &Value) -> bool {
    truth["kind"].as_str().unwrap().contains("photo")
}

#[test]
fn other_peoples_forms_are_read_by_their_own_descriptions() {
    let Some(folder) = folder() else { return };
    let truth: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let (mut scans, mut photos) = (Tally::default(), Tally::default());
    for (path, truth) in truth.iter().filter(|(path, _)| path.starts_with("omrchecker/")) {
        let own = folder.join(path).parent().unwrap().to_owned();
        let name = own.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let imported = interop::omrchecker(&name, &|file: &str| fs::read(own.join(file))).unwrap();
        let page = page(&folder.join(path));
        let registration =
            register_as(&page, &imported.layout).unwrap_or_else(|cause| panic!("{path}: {cause}"));
        let reading = read::read(&page, &registration, &imported.layout, &EngineId("test".into()));
        let mut tally = Tally::default();
        compare(path, &reading, truth, &mut tally);
        println!(
            "{path}: {} responses, {} held, {} wrong",
            tally.responses,
            tally.held.len(),
            tally.wrong.len()
        );
        let all = if is_photo(truth) { &mut photos } else { &mut scans };
        all.responses += tally.responses;
        all.held.append(&mut tally.held);
        all.wrong.append(&mut tally.wrong);
    }
    for line in scans.held.iter().chain(&photos.held) {
        println!("{line}");
    }
    assert!(scans.wrong.is_empty() && photos.wrong.is_empty(), "{:#?} {:#?}", scans.wrong, photos.wrong);
    assert!(scans.responses > 240 && photos.responses > 230);
    // Pale blue pen in circles of ten pixels around black letters: one place in eight is left to a person, none is guessed.
    assert!(scans.held.len() * 8 <= scans.responses, "{:#?}", scans.held);
    assert!(photos.held.len() * 10 <= photos.responses, "{:#?}", photos.held);
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
