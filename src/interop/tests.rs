use super::*;
use crate::geometry::Point;
use crate::layout::{Choice, FieldKind, Frame, LayoutError};
use crate::sheet::DecodeFault;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A folder in memory.
type Folder<'t> = BTreeMap<&'t str, Vec<u8>>;

fn take(folder: &Folder<'_>) -> Result<Imported, ImportError> {
    let files = |path: &str| folder.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into());
    omrchecker(&"card".parse().unwrap(), &files)
}

fn template(blocks: &str, more: &str) -> String {
    format!(r#"{{"pageDimensions":[1000,2000],"bubbleDimensions":[20,10],{more}"fieldBlocks":{{{blocks}}}}}"#)
}

/// A block of questions, so that the card has items.
const ITEMS: &str = r#""Q":{"fieldType":"QTYPE_MCQ4","origin":[100,100],"bubblesGap":30,"labelsGap":20,"fieldLabels":["q1..3"]}"#;

fn form(blocks: &str, more: &str) -> Result<Imported, ImportError> {
    take(&Folder::from([("template.json", template(blocks, more).into_bytes())]))
}

fn good(blocks: &str, more: &str) -> Imported {
    form(blocks, more).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(blocks: &str, more: &str) -> String {
    let error = form(blocks, more).unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

/// A picture file of the given size.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let levels: Vec<u8> = (0..width * height).map(|i| (i % 251) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&levels).unwrap();
    bytes
}

/// Centres of a position's targets in the template's pixels, with their values.
#[allow(clippy::cast_possible_truncation)] // a few thousand pixels
fn targets(form: &Imported, field: &str, item: &str) -> Vec<(String, i64, i64)> {
    let scale = 2000.0 / 297.0;
    let pixel =
        |p: Point<crate::geometry::Mm>| ((p.x.0 * scale).round() as i64, (p.y.0 * scale).round() as i64);
    form.layout
        .targets()
        .filter(|(f, p, _)| f.name.as_str() == field && p.label.as_str() == item)
        .map(|(_, _, t)| (t.value.clone(), pixel(t.rect.centre).0, pixel(t.rect.centre).1))
        .collect()
}

#[test]
fn every_field_type_has_its_values_and_direction() {
    for (kind, values, down) in [
        ("QTYPE_INT", "0123456789", true),
        ("QTYPE_INT_FROM_1", "1234567890", true),
        ("QTYPE_MCQ4", "ABCD", false),
        ("QTYPE_MCQ5", "ABCDE", false),
        ("QTYPE_MCQ4_RTL", "DCBA", false),
        ("QTYPE_MCQ5_RTL", "EDCBA", false),
    ] {
        let block = format!(
            r#""B":{{"fieldType":"{kind}","origin":[200,300],"bubblesGap":30,"labelsGap":40,"fieldLabels":["q7..8"]}}"#
        );
        let form = good(&block, "");
        let expected: Vec<_> = (0..)
            .zip(values.chars())
            .map(|(i, v)| {
                let (dx, dy) = if down { (40, 30 * i) } else { (30 * i, 40) };
                (v.to_string(), 210 + dx, 305 + dy)
            })
            .collect();
        assert_eq!(targets(&form, "items", "8"), expected, "{kind}");
        assert_eq!(Layout::parse(&form.text, "card").unwrap(), form.layout);
    }
}

#[test]
fn own_values_go_as_they_say_and_have_own_bubbles() {
    let block = |rest: &str| {
        format!(
            r#"{ITEMS},"V":{{"origin":[200,300],"bubblesGap":50,"labelsGap":40,"fieldLabels":["Set","B"],{rest}}}"#
        )
    };
    let form = good(&block(r#""bubbleValues":["E","H"],"bubbleDimensions":[40,40]"#), "");
    assert_eq!(targets(&form, "b", "1"), [("E".into(), 260, 320), ("H".into(), 260, 370)]);
    let rect = form.layout.field("b").unwrap().positions[0].targets[0].rect;
    assert!((rect.width.0 - 40.0 * 297.0 / 2000.0).abs() < 1e-9);
    let form = good(&block(r#""bubbleValues":[1,2],"direction":"horizontal""#), "");
    assert_eq!(targets(&form, "set", "1"), [("1".into(), 210, 305), ("2".into(), 260, 305)]);
    assert!(form.notes.contains(&Note::Renamed { label: "Set".into(), field: "set".into() }));

    let form = good(&block(r#""bubbleValues":["yes","no"]"#), "");
    assert_eq!(targets(&form, "set", "1").iter().map(|t| t.0.as_str()).collect::<String>(), "AB");
    let told: Vec<_> = form.notes.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|n| n.contains("\"yes\" as A, \"no\" as B")), "{told:?}");
    let form = good(&block(r#""bubbleValues":["a","x"]"#), "");
    assert_eq!(targets(&form, "set", "1").iter().map(|t| t.0.as_str()).collect::<String>(), "AX");
    let form = good(&block(r#""bubbleValues":["a","A"]"#), "");
    assert_eq!(targets(&form, "set", "1").iter().map(|t| t.0.as_str()).collect::<String>(), "AB");

    let form = good(&block(r#""bubbleValues":["present"]"#), "");
    assert_eq!(form.layout.field("set").unwrap().kind, FieldKind::Flag);
    assert_eq!(targets(&form, "set", "1"), [("1".into(), 210, 305)]);
    assert!(form.notes.contains(&Note::Flag { field: "set".into(), value: "present".into() }));

    let form = good(&block(r#""bubbleValues":["A","B"],"fieldType":"QTYPE_MCQ4""#), "");
    assert!(matches!(form.notes[..], [Note::ValuesIgnored { .. }, ..]));

    for (rest, says) in [
        (
            r#""bubbleValues":["A","A"]"#,
            "fieldBlocks.V.bubbleValues must be a list of 1 to 26 different values",
        ),
        (r#""bubbleValues":[]"#, "1 to 26"),
        (r#""bubbleValues":["A",""]"#, "1 to 26"),
        (r#""bubbleValues":["A","B"],"direction":"down""#, "fieldBlocks.V.direction must be"),
        (r#""x":1"#, "fieldBlocks.V has no `fieldType`"),
        (
            r#""fieldType":"QTYPE_MED""#,
            "fieldBlocks.V.fieldType is \"QTYPE_MED\", which is no known field type",
        ),
        (r#""fieldType":"QTYPE_MCQ4","bubbleDimensions":[0,3]"#, "bubbleDimensions[0] must be"),
    ] {
        let message = refused(&block(rest), "");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn labels_become_items_numbers_and_identity_fields() {
    let blocks = format!(
        r#"{ITEMS},
        "M":{{"bubbleValues":["E","H"],"origin":[100,400],"bubblesGap":20,"labelsGap":0,"fieldLabels":["Medium"]}},
        "R":{{"fieldType":"QTYPE_INT","origin":[200,403],"bubblesGap":15,"labelsGap":30,"fieldLabels":["roll1...3"]}},
        "N":{{"fieldType":"QTYPE_INT","origin":[400,403],"bubblesGap":15,"labelsGap":30,"fieldLabels":["q12_1","q12_2"]}},
        "S":{{"fieldType":"QTYPE_INT","origin":[600,403],"bubblesGap":15,"fieldLabels":["Q5"]}}"#
    );
    let custom = r#""customLabels":{"Q012":["q12_1..2"],"Roll":["Medium","roll1..3"]},"#;
    let form = good(&blocks, custom);
    assert_eq!(form.layout.items().collect::<Vec<_>>(), [1, 2, 3, 5, 12]);
    assert_eq!(targets(&form, "items", "12").len(), 20);
    let roll = form.layout.field("roll").unwrap();
    assert_eq!(roll.positions.iter().map(|p| p.targets.len()).collect::<Vec<_>>(), [2, 10, 10, 10]);
    assert_eq!(targets(&form, "roll", "4")[9], ("9".into(), 270, 408 + 135));
    assert_eq!(
        form.layout.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["roll", "items", "items", "items"]
    );

    for (custom, says) in [
        (r#"{"Roll":["roll9"]}"#, "customLabels.Roll joins \"roll9\", which no block has"),
        (r#"{"A":["roll1"],"B":["roll1..2"]}"#, "the label \"roll1\" is there twice"),
        (r#"{"q5":["roll1..2"]}"#, "the label \"Q5\" is there twice"),
        (r#"{"Medium":["roll1..2"]}"#, "the label \"Medium\" is there twice"),
        (r#"{"Roll":[]}"#, "at least one label"),
        (r#"{"Roll":"roll1"}"#, "a list of labels"),
        (r#"{"Roll":["roll1"],"Roll":["roll2"]}"#, "customLabels.Roll must be there only once"),
    ] {
        let message = refused(&blocks, &format!(r#""customLabels":{custom},"#));
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn the_last_step_that_moves_the_page_is_the_frame() {
    let with = |steps: &str, config: &str| {
        let steps = format!(r#""preProcessors":[{steps}],"#);
        let mut folder = Folder::from([
            ("template.json", template(ITEMS, &steps).into_bytes()),
            ("marker.png", picture(40, 20)),
            ("blank.png", picture(300, 2500)),
            ("bad.png", b"nothing".to_vec()),
        ]);
        if !config.is_empty() {
            folder.insert("config.json", config.as_bytes().to_vec());
        }
        take(&folder)
    };
    let frame = |steps: &str| with(steps, "").unwrap().layout;
    assert_eq!(frame("").frame, Frame::Picture);
    assert_eq!(frame(r#"{"name":"GaussianBlur","options":{"kSize":[3,3]}}"#).frame, Frame::Picture);
    let crop = r#"{"name":"CropPage","options":{"morphKernel":[10,10]}}"#;
    assert_eq!(frame(crop).frame, Frame::Outline);
    let marker = r#"{"name":"CropOnMarkers","options":{"relativePath":"marker.png","sheetToMarkerWidthRatio":"20","min_matching_threshold":0.3}}"#;
    let layout = frame(&format!("{crop},{marker}"));
    assert!(matches!(&layout.frame, Frame::Marker(raster) if raster.width() == 40));
    let rect = layout.fiducials[3].rect;
    let width = 148.5 / 20.0;
    assert!((rect.width.0 - width).abs() < 1e-9 && (rect.height.0 - width / 2.0).abs() < 1e-9);
    assert_eq!((rect.centre.x.0, rect.centre.y.0), (148.5, 297.0));
    // Without a ratio the marker is as wide as on a page of the processing width.
    let plain = r#"{"name":"CropOnMarkers","options":{"relativePath":"marker.png"}}"#;
    for (config, width) in [("", 666.0), (r#"{"dimensions":{"processing_width":1332}}"#, 1332.0)] {
        let rect = with(plain, config).unwrap().layout.fiducials[0].rect;
        assert!((rect.width.0 - 148.5 * 40.0 / width).abs() < 1e-9);
    }
    let form =
        frame(r#"{"name":"FeatureBasedAlignment","options":{"reference":"blank.png","2d":true}}"#).frame;
    assert!(
        matches!(&form, Frame::Form(raster) if (raster.width(), raster.height()) == (120, 1000)),
        "{form:?}"
    );

    let notes: Vec<String> = with(&format!("{crop},{marker},{{\"name\":\"Levels\"}}"), "")
        .unwrap()
        .notes
        .iter()
        .map(Note::to_string)
        .collect();
    for says in [
        "morphKernel tunes",
        "min_matching_threshold tunes",
        "CropPage is passed over",
        "Levels is not needed",
    ] {
        assert!(notes.iter().any(|n| n.contains(says)), "{says}: {notes:?}");
    }
    for (steps, says) in [
        (r#"{"name":"WarpOnPoints"}"#, "the preprocessor \"WarpOnPoints\" is not known"),
        (r#"{"options":{}}"#, "preProcessors[0] has no `name`"),
        (r#"{"name":"CropOnMarkers"}"#, "preProcessors[0] has no `options`"),
        (r#"{"name":"CropOnMarkers","options":{"relativePath":"gone.png"}}"#, "can't read gone.png"),
        (
            r#"{"name":"CropOnMarkers","options":{"relativePath":"bad.png"}}"#,
            "can't decode bad.png: not a JPEG",
        ),
        (
            r#"{"name":"CropOnMarkers","options":{"relativePath":"marker.png","sheetToMarkerWidthRatio":0}}"#,
            "from 2 to 100",
        ),
        (r#"{"name":"FeatureBasedAlignment","options":{}}"#, "has no `reference`"),
    ] {
        let error = with(steps, "").unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let fault =
        with(r#"{"name":"FeatureBasedAlignment","options":{"reference":"bad.png"}}"#, "").unwrap_err();
    assert!(matches!(fault, ImportError::Picture { fault: DecodeFault::NotAnImage, .. }));
}

#[test]
fn what_is_not_carried_over_is_named() {
    let blocks = ITEMS.replace(r#""origin""#, r#""emptyValue":"-","colour":1,"origin""#);
    let form = good(&blocks, r#""emptyValue":"X","outputColumns":["q1..3"],"version":2,"#);
    let told: Vec<_> = form.notes.iter().map(ToString::to_string).collect();
    for says in [
        "template.json: version is not known",
        "order of 1 outputColumns",
        "emptyValue = \"X\"",
        "fieldBlocks.Q.emptyValue = \"-\"",
        "fieldBlocks.Q.colour is not known",
    ] {
        assert!(told.iter().any(|n| n.contains(says)), "{says}: {told:?}");
    }
}

#[test]
fn wrong_templates_are_refused_with_their_place() {
    for (blocks, more, says) in [
        (r#""A":{}"#, "", "fieldBlocks.A has no `fieldType`"),
        ("", "", "no label is a question"),
        (r#""A":{"fieldType":"QTYPE_INT","fieldLabels":["q1"],"origin":[0,0]}"#, "", "has no `bubblesGap`"),
        (&ITEMS.replace("[100,100]", "[100]"), "", "origin must be two numbers"),
        (&ITEMS.replace("[100,100]", "[100,1e300]"), "", "origin[1] must be"),
        (
            &ITEMS.replace("[100,100]", "[891,100]"),
            "",
            "a bubble of q1 at 981, 100 px is off the page of 1000 × 2000",
        ),
        (&ITEMS.replace("[100,100]", "[100,1951]"), "", "a bubble of q3"),
        (&ITEMS.replace(":30", ":-60"), "", "off the page"),
        (&ITEMS.replace("q1..3", "q3..1"), "", "a range that goes up"),
        (&ITEMS.replace("q1..3", "q1..99999999999"), "", "a range that goes up"),
        (&ITEMS.replace("q1..3", ""), "", "1 to 64 characters"),
        (&ITEMS.replace("q1..3", "q1\",\"Q1"), "", "the label \"Q1\" is there twice"),
        (&ITEMS.replace("q1..3", "q1\",\"q01"), "", "the label \"q01\" is there twice"),
        (&format!("{ITEMS},{ITEMS}"), "", "fieldBlocks.Q must be there only once"),
        (&format!("{ITEMS},{}", ITEMS.replace("\"Q\"", "\"R\"")), "", "the label \"q1\" is there twice"),
        (&format!("{ITEMS},{}", ITEMS.replace("\"Q\"", "\"R\"").replace("q1..3", "q4..6")), "", "overlaps"),
        (ITEMS, r#""templateDimensions":[1,2],"#, "`templateDimensions` belongs to the newer template form"),
        (&ITEMS.replace("fieldType", "bubbleFieldType"), "", "`bubbleFieldType` belongs to the newer"),
        (ITEMS, r#""preProcessors":3,"#, "preProcessors must be a list"),
    ] {
        let message = refused(blocks, more);
        assert!(message.contains(says), "{says}: {message}");
    }
    let file = |text: &str| {
        take(&Folder::from([("template.json", text.as_bytes().to_vec())])).unwrap_err().to_string()
    };
    assert!(file("{\n  \"a\": 1,\n  \"b\": }\n").starts_with("template.json:3:8: not JSON: expected value"));
    assert!(file("{\"pageDimensions\":[1e999,1]}").contains("template.json:1:"));
    assert!(file("[]").contains("must be an object"));
    assert!(file(&"[".repeat(100_000)).contains("recursion limit"));
    assert!(file("{}").contains("the file has no `pageDimensions`"));
    let gone = take(&Folder::new()).unwrap_err();
    assert!(matches!(&gone, ImportError::File { path, .. } if path == "template.json"));
    let overlapping = form(&ITEMS.replace(":20,", ":2,"), "").unwrap_err();
    assert!(matches!(overlapping, ImportError::Layout(LayoutError::Wrong { .. })));
}

/// Three questions and a number of two columns, with answers.
fn answered(evaluation: &str, csv: &str) -> Result<Imported, ImportError> {
    let blocks = format!(
        r#"{ITEMS},"N":{{"fieldType":"QTYPE_INT","origin":[400,403],"bubblesGap":15,"labelsGap":30,"fieldLabels":["a","b"]}}"#
    );
    let mut folder = Folder::from([
        ("template.json", template(&blocks, r#""customLabels":{"q4":["a","b"]},"#).into_bytes()),
        ("evaluation.json", evaluation.as_bytes().to_vec()),
    ]);
    if !csv.is_empty() {
        folder.insert("key.csv", csv.as_bytes().to_vec());
    }
    take(&folder)
}

fn custom(answers: &str, schemes: &str) -> Result<Imported, ImportError> {
    let text = format!(
        r#"{{"source_type":"custom","options":{{"questions_in_order":["q1..4"],"answers_in_order":{answers}}},
            "marking_schemes":{{"DEFAULT":{{"correct":"1","incorrect":"0","unmarked":0}}{schemes}}}}}"#
    );
    answered(&text, "")
}

fn key_of(form: &Imported) -> &str {
    form.key.as_ref().unwrap_or_else(|| panic!("{:?}", form.notes))
}

fn notes(form: &Imported) -> String {
    form.notes.iter().map(Note::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn answers_of_every_kind_become_a_key() {
    let form = custom(r#"["A", ["B","D"], "CA", ["6", "06", 19]]"#, "").unwrap();
    let key = AnswerKey::parse(key_of(&form), "key").unwrap();
    let accepts = |n: u16, marked: &str| key.items().find(|i| i.number() == n).unwrap().accepts(marked);
    for (item, right, wrong) in [(1, "A", "B"), (2, "D", "A"), (3, "AC", "C"), (4, "6_", "60")] {
        assert_eq!((accepts(item, right), accepts(item, wrong)), (Some(true), Some(false)), "{item}");
    }
    assert_eq!((accepts(4, "06"), accepts(4, "19")), (Some(true), Some(true)));
    assert_eq!(key.total(), crate::sheet::Points::whole(4));
    let choice = |n: &str| form.layout.targets().find(|(_, p, _)| p.label.as_str() == n).unwrap().1.choice;
    assert_eq!((choice("2"), choice("3")), (Choice::Single, Choice::Multiple));
    assert!(notes(&form).contains("items that take several marks, as their answers have: 3"));
    assert!(notes(&form).contains("the key is for paper \"card\", form \"A\", revision 1"));

    // Key and card fit each other.
    let card = form.layout.targets().map(|(_, p, _)| p).fold(
        Vec::<&crate::layout::Position>::new(),
        |mut all, p| {
            if !all.last().is_some_and(|l| std::ptr::eq(*l, p)) {
                all.push(p);
            }
            all
        },
    );
    let card = card.into_iter().map(|p| crate::key::CardItem {
        number: p.label.as_str().parse().unwrap(),
        options: p.targets.iter().map(|t| t.value.as_str()).collect(),
        marks: if p.choice == Choice::Single { crate::key::Marks::One } else { crate::key::Marks::Several },
    });
    key.matches(key.binding(), card).unwrap();
}

#[test]
fn marking_schemes_give_points_and_what_a_key_cannot_say_is_named() {
    let schemes = r#","ONE":{"questions":["q1","q2"],"marking":{"correct":"1/2","incorrect":"-1/4","unmarked":1}},
        "TWO":{"questions":"q4","marking":{"correct":"1/3","bonus":1}},"X":{"questions":["q9"],"marking":{"correct":2}}"#;
    let form = custom(r#"["A", [["B",1],["AB",2],["C",2]], "C", "6"]"#, schemes).unwrap();
    let key = AnswerKey::parse(key_of(&form), "key").unwrap();
    let points: Vec<String> = key.items().map(|i| i.points().to_string()).collect();
    assert_eq!(points, ["0.5", "2.0", "1.0", "0.33"]);
    assert_eq!(key.items().nth(1).unwrap().accepts("B"), Some(false));
    for says in [
        "ONE: incorrect = -1/4 is left out",
        "ONE: unmarked = 1 is left out",
        "TWO: correct = 1/3 is not whole hundredths; the key says 0.33",
        "marking_schemes.TWO.marking.bonus is not known",
        "\"q9\" is no item",
        "the answers of item 2 earn differently",
    ] {
        assert!(notes(&form).contains(says), "{says}: {}", notes(&form));
    }
}

#[test]
fn answers_that_can_be_no_key_leave_the_layout() {
    for (answers, schemes, says) in [
        (r#"["A","B","C"]"#, "", "4 questions have 3 answers"),
        (r#"["A","B","E","1"]"#, "", "the answer of item 3 is not made of its values"),
        (r#"["A","B","AA","1"]"#, "", "the answer of item 3"),
        (r#"["A","B","","1"]"#, "", "the answer of item 3"),
        (r#"["A","B","C","123"]"#, "", "the answer of item 4"),
        (
            r#"["A","B","C","1"]"#,
            r#","N":{"questions":["q2"],"marking":{"correct":-1}}"#,
            "N: a right response earns nothing",
        ),
    ] {
        let form = custom(answers, schemes).unwrap();
        assert!(form.key.is_none());
        assert!(notes(&form).contains(&format!("no key is written: {says}")), "{says}: {}", notes(&form));
        assert_eq!(form.layout.items().count(), 4);
    }
    let form = custom(r#"["A","B","C","1"]"#, "").unwrap();
    assert!(form.key.is_some());
    for (text, says) in [
        (
            r#"{"source_type":"csv","options":{},"marking_schemes":{"DEFAULT":{"correct":1}}}"#,
            "has no `answer_key_csv_path`",
        ),
        (r#"{"source_type":"custom","options":{},"marking_schemes":{}}"#, "marking_schemes has no `DEFAULT`"),
        (
            r#"{"source_type":"custom","options":{},"marking_schemes":{"DEFAULT":{"correct":"1/0"}}}"#,
            "must be a score",
        ),
        (
            r#"{"source_type":"custom","options":{},"marking_schemes":{"DEFAULT":{"correct":"x"}}}"#,
            "must be a score",
        ),
        ("{", "evaluation.json:1:1: not JSON"),
    ] {
        let message = answered(text, "").unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_csv_of_answers_is_read_and_a_bad_one_is_named() {
    let csv = r#"{"source_type":"csv","options":{"answer_key_csv_path":"key.csv","should_explain_scoring":true},
                  "marking_schemes":{"DEFAULT":{"correct":"1"}}}"#;
    let form = answered(csv, "q1,A\nq2,\"A,B\"\nq3,\"['C', 'AC']\"\nq4,06\n").unwrap();
    let key = AnswerKey::parse(key_of(&form), "key").unwrap();
    let accepts = |n: u16, marked: &str| key.items().find(|i| i.number() == n).unwrap().accepts(marked);
    for (item, right) in [(1, "A"), (2, "A"), (2, "B"), (3, "C"), (3, "AC"), (4, "06")] {
        assert_eq!(accepts(item, right), Some(true), "{item} {right}");
    }
    assert!(notes(&form).contains("should_explain_scoring tunes"));
    for (rows, says) in [
        ("", "key.csv is not there"),
        ("q1,A\nq2\n", "key.csv:2: not a question and its answer"),
        ("q1,A\nq2,[x\n", "key.csv:2: not a question and its answer"),
        ("q1,A\nq1,B\nq2,A\nq3,A\nq4,1\n", "item 1 is answered twice"),
        ("q1,A\n", "there is no answer for items 2, 3, 4"),
    ] {
        let form = answered(csv, rows).unwrap();
        assert!(form.key.is_none() && notes(&form).contains(says), "{says}: {}", notes(&form));
    }
}

/// JSON that looks like a template but for what is put into it.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        (-5i64..3000).prop_map(|n| n.to_string()),
        "[a-zA-Z0-9_./\\[\\]]{0,12}".prop_map(|t| format!("{t:?}")),
        Just("\"q1..5\"".to_owned()),
        Just("\"QTYPE_INT\"".to_owned()),
        Just("\"CropPage\"".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof![
            Just("origin"),
            Just("bubblesGap"),
            Just("labelsGap"),
            Just("fieldLabels"),
            Just("fieldType"),
            Just("bubbleValues"),
            Just("name"),
            Just("options"),
            Just("q7"),
            Just("x")
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::vec((key, inner), 0..6).prop_map(|v| {
                let entries: Vec<_> = v.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(take(&Folder::from([("template.json", bytes)])).is_err());
    }

    #[test]
    fn no_values_make_it_panic(
        page in any_json(), block in any_json(), custom in any_json(), steps in any_json(), evaluation in any_json(),
        origin in (0u32..1200, 0u32..2200), gaps in (-100i32..300, -100i32..300),
    ) {
        let blocks = format!(
            r#"{ITEMS},"W":{{"fieldType":"QTYPE_INT","origin":[{},{}],"bubblesGap":{},"labelsGap":{},"fieldLabels":["w1..3"]}}"#,
            origin.0, origin.1, gaps.0, gaps.1
        );
        for (blocks, more) in [
            (blocks.clone(), String::new()),
            (format!("{ITEMS},\"V\":{block}"), String::new()),
            (ITEMS.to_owned(), format!("\"customLabels\":{custom},")),
            (ITEMS.to_owned(), format!("\"preProcessors\":{steps},")),
            (ITEMS.to_owned(), format!("\"emptyValue\":{page},\"outputColumns\":{page},")),
        ] {
            if let Ok(form) = form(&blocks, &more) {
                prop_assert_eq!(&Layout::parse(&form.text, "card").unwrap(), &form.layout);
            }
        }
        let template = template(ITEMS, "").replace("[1000,2000]", &page);
        let _ = take(&Folder::from([("template.json", template.into_bytes())]));
        let _ = answered(&evaluation, &evaluation);
        let scheme = format!("{{\"source_type\":\"custom\",\"options\":{evaluation},\"marking_schemes\":{block}}}");
        let _ = answered(&scheme, "");
        let _ = super::evaluation::rows("key.csv", evaluation.as_bytes());
    }
}
