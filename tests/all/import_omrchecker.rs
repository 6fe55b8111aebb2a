//! Forms of the `OMRChecker` project, as they are found in the world, become layouts and keys.

use duka::interop::{Imported, Note, omrchecker};
use duka::key::AnswerKey;
use duka::layout::{BlankColumns, FieldKind, Frame, Layout, Measure, OrientationProof};
use std::path::PathBuf;

/// Where the real forms are; they are not part of the project.
fn forms() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/real/omrchecker");
    let named = std::env::var_os("DUKA_REAL").map(|f| PathBuf::from(f).join("omrchecker"));
    let found = named.into_iter().chain([folder]).find(|f| f.is_dir());
    if found.is_none() {
        eprintln!("skipped: the real forms are not here");
    }
    found
}

fn import(name: &str) -> Option<Imported> {
    let folder = forms()?.join(name);
    let files = |path: &str| std::fs::read(folder.join(path));
    Some(omrchecker(&name.parse().unwrap(), &files).unwrap_or_else(|e| panic!("{name}: {e}")))
}

/// The centre of a target in the template's pixels.
fn pixels(form: &Imported, longer: f64, field: &str, item: &str, value: &str, column: usize) -> (f64, f64) {
    let found: Vec<_> = form
        .layout
        .targets()
        .filter(|(f, p, t)| f.name.as_str() == field && p.label.as_str() == item && t.value == value)
        .map(|(_, _, t)| t.rect.centre)
        .collect();
    let centre = found[column];
    let page = form.layout.page;
    let scale = longer / page.width_mm.max(page.height_mm);
    ((centre.x.0 * scale * 1e6).round() / 1e6, (centre.y.0 * scale * 1e6).round() / 1e6)
}

#[test]
fn every_real_form_becomes_a_layout_that_reads_back_the_same() {
    for (name, items) in [
        ("five-questions", 5),
        ("technothlon-phone", 20),
        ("technothlon-scan", 22),
        ("two-hundred", 200),
        ("upsc-100-colour", 100),
        ("upsc-100-gray", 100),
    ] {
        let Some(form) = import(name) else { return };
        let layout = &form.layout;
        let mut numbers: Vec<u16> = layout.items().collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(1..=items), "{name}");
        assert_eq!((layout.measure, layout.orientation), (Measure::Nominal, OrientationProof::Assumed));
        assert_eq!(&Layout::parse(&form.text, name).unwrap(), layout, "{name}");
        assert!(form.text.ends_with(&layout.to_toml().unwrap()), "{name}");
        assert!(form.notes.iter().all(|n| !matches!(n, Note::UnknownKey { .. })), "{name}: {:?}", form.notes);
    }
}

#[test]
fn targets_lie_where_the_templates_have_them() {
    let Some(form) = import("five-questions") else { return };
    assert_eq!(form.layout.frame, Frame::Outline);
    assert_eq!(pixels(&form, 400.0, "items", "1", "A", 0), (77.5, 72.5));
    assert_eq!(pixels(&form, 400.0, "items", "5", "E", 0), (77.5 + 4.0 * 41.0, 72.5 + 4.0 * 52.0));

    let form = import("two-hundred").unwrap();
    assert_eq!(
        pixels(&form, 3300.0, "items", "200", "D", 0),
        (1770.0 + 16.0 + 3.0 * 92.0, 2316.0 + 16.0 + 15.0 * 59.6)
    );
    assert_eq!(
        pixels(&form, 3300.0, "roll_no", "4", "9", 0),
        (2169.0 + 16.0 + 3.0 * 93.0, 180.0 + 16.0 + 9.0 * 61.0)
    );

    let form = import("upsc-100-gray").unwrap();
    assert_eq!(
        pixels(&form, 2400.0, "items", "78", "C", 0),
        (803.0 + 11.5 + 2.0 * 60.75, 1920.0 + 10.0 + 7.0 * 32.65)
    );

    let form = import("technothlon-scan").unwrap();
    assert_eq!(pixels(&form, 1846.0, "roll", "1", "H", 0), (220.0, 215.0 + 20.0 + 46.0));
    assert_eq!(
        pixels(&form, 1846.0, "roll", "10", "3", 0),
        (261.0 + 20.0 + 8.0 * 58.0, 210.0 + 20.0 + 3.0 * 46.5)
    );
    assert_eq!(
        pixels(&form, 1846.0, "items", "10", "7", 1),
        (1620.0 + 20.0 + 57.0, 211.0 + 20.0 + 7.0 * 46.0)
    );
}

#[test]
fn markers_sit_on_the_corners_and_joined_labels_are_one_field() {
    let Some(form) = import("technothlon-phone") else { return };
    let layout = &form.layout;
    let Frame::Marker(raster) = &layout.frame else { panic!("{:?}", layout.frame) };
    assert_eq!((raster.width(), raster.height()), (160, 159));
    let corners: Vec<_> = layout.fiducials.iter().map(|f| (f.rect.centre.x.0, f.rect.centre.y.0)).collect();
    // Boxes of 40 pixels are as large as boxes get: 6 mm.
    let (width, height) = (1846.0 * 6.0 / 40.0, 1500.0 * 6.0 / 40.0);
    assert_eq!(corners, [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]);
    assert!((layout.fiducials[0].rect.width.0 - width / 17.0).abs() < 1e-9);
    assert!(form.notes.contains(&Note::Passed { name: "CropPage".into() }), "{:?}", form.notes);

    let roll = layout.field("roll").unwrap();
    assert_eq!(roll.kind, FieldKind::Identity(BlankColumns::Any));
    let alphabets: Vec<String> =
        roll.positions.iter().map(|p| p.targets.iter().map(|t| t.value.as_str()).collect()).collect();
    assert_eq!((alphabets[0].as_str(), alphabets[9].as_str(), alphabets.len()), ("EH", "0123456789", 10));
    let columns = |item: &str| layout.targets().filter(|(_, p, _)| p.label.as_str() == item).count();
    assert_eq!((columns("5"), layout.items().filter(|&n| n == 5).count()), (2 * 10 + 10, 1));
}

#[test]
fn answers_become_a_key_and_what_it_cannot_say_is_named() {
    let Some(form) = import("technothlon-scan") else { return };
    let text = form.key.as_ref().expect("a key");
    let key = AnswerKey::parse(text, "key").unwrap();
    assert!(key.numbers().eq(1..=22));
    assert_eq!(key.total().to_string(), "55.0");
    assert!(text.contains("item = 6\naccept = [\"1\", \"01\"]"));
    let penalties =
        form.notes.iter().filter(|n| matches!(n, Note::Penalty { what: "incorrect", .. })).count();
    assert_eq!(penalties, 4, "{:?}", form.notes);

    let form = import("two-hundred").unwrap();
    assert!(form.key.is_none());
    let said: Vec<String> = form.notes.iter().map(Note::to_string).collect();
    assert!(said.contains(&"no key is written: answer_key.csv is not there".to_owned()), "{said:?}");
}

const TEMPLATE: &str = r#"{
  "pageDimensions": [300, 400], "bubbleDimensions": [20, 20],
  "customLabels": { "q3": ["q3_1..2"] },
  "fieldBlocks": {
    "Choices": { "fieldType": "QTYPE_MCQ4", "origin": [60, 300], "fieldLabels": ["q1..2"], "labelsGap": 40, "bubblesGap": 30 },
    "Number": { "fieldType": "QTYPE_INT", "origin": [60, 20], "fieldLabels": ["q3_1..2"], "labelsGap": 40, "bubblesGap": 25 }
  }
}"#;

const EVALUATION: &str = r#"{
  "source_type": "custom",
  "options": { "questions_in_order": ["q1..3"], "answers_in_order": ["A", "B", "07"] },
  "marking_schemes": { "DEFAULT": { "correct": "1/2", "incorrect": "-1/3", "unmarked": 0 } }
}"#;

fn duka() -> assert_cmd::Command {
    assert_cmd::Command::cargo_bin("duka").unwrap()
}

/// What a run says on both streams, and whether it ended well.
fn run(args: &[&str], folder: &std::path::Path) -> (String, String, bool) {
    let out = duka().args(args).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(out.stdout), text(out.stderr), out.status.success())
}

#[test]
fn the_verb_writes_layout_and_key_and_names_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("form")).unwrap();
    std::fs::write(at.join("form/template.json"), TEMPLATE).unwrap();
    std::fs::write(at.join("form/evaluation.json"), EVALUATION).unwrap();
    let import = ["layout", "import-omrchecker", "form", "-o", "card.toml"];
    let (out, notes, fine) = run(&import, at);
    assert!(fine, "{notes}");
    assert_eq!(
        out,
        "card.toml: card, 3 items, items\ncard.key.toml: the answer key (标准答案); seal it at once\n"
    );
    assert!(notes.lines().all(|l| l.starts_with("note: ")), "{notes}");
    assert!(notes.contains("DEFAULT: incorrect = -1/3 is left out"), "{notes}");
    let key = std::fs::read_to_string(at.join("card.key.toml")).unwrap();
    assert_eq!(AnswerKey::parse(&key, "key").unwrap().total().to_string(), "1.5");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(at.join("card.key.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let (out, _, fine) = run(&["layout", "check", "card.toml"], at);
    assert_eq!((out.as_str(), fine), ("card.toml: good: card, 90 × 120 mm, 3 items, items\n", true));
    let (cells, _, _) = run(&["layout", "cells", "card.toml", "--format", "csv"], at);
    assert!(cells.starts_with("field,item,value,x,y,w,h,column\nitems,1,A,21.0,93.0,6.0,6.0,\n"), "{cells}");
    assert!(cells.contains("items,3,0,33.0,9.0,6.0,6.0,2\n"), "{cells}");
    let (cells, _, _) = run(&["layout", "cells", "card.toml"], at);
    assert_eq!(cells.matches("\"column\":2}").count(), 10, "{cells}");
    assert_eq!(cells.matches("\"column\"").count(), 20);

    // Nothing is replaced, and nothing is half written.
    let (_, error, fine) = run(&import, at);
    assert!(!fine && error.contains("card.key.toml is there already"), "{error}");
    std::fs::remove_file(at.join("card.toml")).unwrap();
    let (_, _, fine) = run(&import, at);
    assert!(!fine && !at.join("card.toml").exists());
    for (args, says) in [
        (["form", "card"], "card can't be a layout's file"),
        (["gone", "other.toml"], "gone: can't read template.json"),
    ] {
        let (_, error, fine) = run(&["layout", "import-omrchecker", args[0], "-o", args[1]], at);
        assert!(!fine && error.contains(says) && error.contains("hint: "), "{error}");
    }
}
