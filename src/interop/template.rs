//! `template.json`: pages, blocks and labels, in its own pixels.

use super::json::At;
use super::picture::raster;
use super::{Files, ImportError, Note, TEMPLATE};
use crate::layout::Raster;
use std::collections::{BTreeMap, BTreeSet};

/// Largest side of a page and largest coordinate, in pixels: an A3 page at 1200 dpi has 19 843. Beyond, a number is a slip.
const MOST_PIXELS: f64 = 30_000.0;

/// The most bubbles of a form: a card of 500 items with five options each has 2 500. More is a slip in a range.
const MOST_BUBBLES: usize = 10_000;

/// The most labels that one range may stand for.
const MOST_LABELS: u32 = 1_000;

/// Longest side of a form's picture in pixels; see [`MOST_SIDE`](crate::layout::MOST_SIDE).
const FORM_SIDE: usize = 1_000;

/// Longest side of a marker's picture in pixels: a marker of 10 mm at 600 dpi has 236.
const MARKER_SIDE: usize = 256;

/// Width in pixels of the page in which markers are looked for, where `config.json` does not say: that of the program that the
/// form was made for.
const PROCESSING_WIDTH: f64 = 666.0;

/// A form as its template says it.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// Width and height in pixels.
    pub(super) page: (f64, f64),
    pub(super) frame: FormFrame,
    /// Every field of every block, in the template's order.
    pub(super) columns: Vec<Column>,
    /// What each field of the card is made of, in the template's order.
    pub(super) fields: Vec<FormField>,
}

impl Form {
    /// The shorter side of the smallest bubble, in pixels.
    pub(super) fn smallest_box(&self) -> f64 {
        self.columns.iter().map(|c| c.size.0.min(c.size.1)).fold(f64::MAX, f64::min)
    }
}

/// Where the page is.
#[derive(Debug, Clone)]
pub(super) enum FormFrame {
    Picture,
    Outline,
    /// The marker, and the share of the page's width that it takes.
    Marker(Raster, f64),
    Form(Raster),
}

/// One field of a block: bubbles of which one is marked.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) label: String,
    /// Which block, from 0.
    pub(super) block: usize,
    /// Values in printed order: as the template has them, and their letters.
    pub(super) values: Vec<(String, char)>,
    /// Centres of the bubbles in pixels.
    pub(super) places: Vec<(f64, f64)>,
    /// Width and height of a bubble.
    pub(super) size: (f64, f64),
}

/// What the card means by one or several columns.
#[derive(Debug, Clone)]
pub(super) enum FormField {
    /// An item and its columns.
    Item { number: u16, columns: Vec<usize> },
    /// An identity field or flag.
    Identity { label: String, name: String, columns: Vec<usize> },
}

impl Form {
    /// The columns of each item.
    pub(super) fn items(&self) -> BTreeMap<u16, Vec<&Column>> {
        let item = |field: &FormField| match field {
            FormField::Item { number, columns } => {
                Some((*number, columns.iter().filter_map(|&c| self.columns.get(c)).collect()))
            }
            FormField::Identity { .. } => None,
        };
        self.fields.iter().filter_map(item).collect()
    }
}

/// The form that the template says.
pub(super) fn read(
    template: &At<'_>,
    config: Option<&At<'_>>,
    files: &Files<'_>,
    notes: &mut Vec<Note>,
) -> Result<Form, ImportError> {
    for key in ["templateDimensions", "fieldBlocksOffset", "processingImageShape", "fieldDetectionType"] {
        if template.get(key)?.is_some() {
            return Err(ImportError::Newer { path: TEMPLATE, key });
        }
    }
    let known = [
        "pageDimensions",
        "bubbleDimensions",
        "preProcessors",
        "fieldBlocks",
        "customLabels",
        "outputColumns",
        "emptyValue",
    ];
    let unknown = template.others(&known)?;
    notes.extend(unknown.into_iter().map(|place| Note::UnknownKey { path: TEMPLATE, place }));
    let wanted = "two numbers of pixels from 10 to 30000";
    let page = template.must("pageDimensions")?.pair(10.0, MOST_PIXELS, wanted)?;
    let bubble = template.get("bubbleDimensions")?.map(|b| size(&b)).transpose()?;
    let frame = frame(template, config, files, notes)?;
    if let Some(config) = config {
        let others = config.others(&[])?;
        notes.extend(others.into_iter().map(|place| Note::Setting { path: "config.json", place }));
    }
    if let Some(columns) = template.get("outputColumns")? {
        let count = columns.list("a list of labels")?.len();
        if count > 0 {
            notes.push(Note::OutputColumns { count });
        }
    }
    empty_value(template, notes)?;
    let columns = columns(template, page, bubble, notes)?;
    let fields = fields(template, &columns, notes)?;
    if !fields.iter().any(|f| matches!(f, FormField::Item { .. })) {
        return Err(ImportError::NoItems);
    }
    Ok(Form { page, frame, columns, fields })
}

fn size(value: &At<'_>) -> Result<(f64, f64), ImportError> {
    value.pair(1.0, MOST_PIXELS, "width and height in pixels, at least 1")
}

fn empty_value(table: &At<'_>, notes: &mut Vec<Note>) -> Result<(), ImportError> {
    if let Some(value) = table.get("emptyValue")? {
        let word = value.word("a word for blank responses")?;
        if !word.is_empty() {
            notes.push(Note::EmptyValue { place: value.place, value: word });
        }
    }
    Ok(())
}

/// Where the page is, from the last preprocessor that says it.
fn frame(
    template: &At<'_>,
    config: Option<&At<'_>>,
    files: &Files<'_>,
    notes: &mut Vec<Note>,
) -> Result<FormFrame, ImportError> {
    let mut found: Option<(String, FormFrame)> = None;
    let steps = match template.get("preProcessors")? {
        Some(steps) => steps.list("a list of preprocessors")?,
        None => Vec::new(),
    };
    for step in steps {
        let name_at = step.must("name")?;
        let name = name_at.text("the name of a preprocessor")?.to_owned();
        let options = step.get("options")?;
        let mut settings = |known: &[&str]| -> Result<(), ImportError> {
            let Some(options) = &options else { return Ok(()) };
            let others = options.others(known)?;
            notes.extend(others.into_iter().map(|place| Note::Setting { path: TEMPLATE, place }));
            Ok(())
        };
        let next = match name.as_str() {
            "CropPage" => {
                settings(&[])?;
                FormFrame::Outline
            }
            "CropOnMarkers" => {
                settings(&["relativePath", "sheetToMarkerWidthRatio"])?;
                marker(&step, options.as_ref(), config, files)?
            }
            "FeatureBasedAlignment" => {
                settings(&["reference"])?;
                let reference = needed(&step, options.as_ref(), "reference")?;
                FormFrame::Form(raster(files, reference.text("a path within the folder")?, FORM_SIDE)?)
            }
            "Levels" | "MedianBlur" | "GaussianBlur" => {
                notes.push(Note::Filter { name });
                continue;
            }
            _ => return Err(ImportError::Preprocessor { place: name_at.place, name }),
        };
        if let Some((name, _)) = found.replace((name, next)) {
            notes.push(Note::Passed { name });
        }
    }
    Ok(found.map_or(FormFrame::Picture, |(_, frame)| frame))
}

fn needed<'j>(step: &At<'j>, options: Option<&At<'j>>, key: &'static str) -> Result<At<'j>, ImportError> {
    match options {
        Some(options) => options.must(key),
        None => step.must("options"),
    }
}

fn marker(
    step: &At<'_>,
    options: Option<&At<'_>>,
    config: Option<&At<'_>>,
    files: &Files<'_>,
) -> Result<FormFrame, ImportError> {
    let path = needed(step, options, "relativePath")?;
    let raster = raster(files, path.text("a path within the folder")?, MARKER_SIDE)?;
    let ratio = options.map(|o| o.get("sheetToMarkerWidthRatio")).transpose()?.flatten();
    if let Some(ratio) = ratio {
        let share = 1.0 / ratio.number(2.0, 100.0, "a number from 2 to 100")?;
        return Ok(FormFrame::Marker(raster, share));
    }
    // Then the marker's picture is as large as it looks on a page of the processing width.
    let dimensions = config.map(|c| c.get("dimensions")).transpose()?.flatten();
    let width = dimensions.as_ref().map(|d| d.get("processing_width")).transpose()?.flatten();
    let wanted = "a number of pixels from 100 to 30000";
    let width = width.map_or(Ok(PROCESSING_WIDTH), |w| w.number(100.0, MOST_PIXELS, wanted))?;
    let share = (raster.width() as f64 / width).min(0.5);
    Ok(FormFrame::Marker(raster, share))
}

/// Every field of every block.
fn columns(
    template: &At<'_>,
    page: (f64, f64),
    bubble: Option<(f64, f64)>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Column>, ImportError> {
    let mut out: Vec<Column> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut bubbles = 0;
    for (number, (_, block)) in template.must("fieldBlocks")?.entries()?.into_iter().enumerate() {
        if block.get("bubbleFieldType")?.is_some() {
            return Err(ImportError::Newer { path: TEMPLATE, key: "bubbleFieldType" });
        }
        let known = [
            "origin",
            "bubblesGap",
            "labelsGap",
            "fieldLabels",
            "fieldType",
            "bubbleValues",
            "direction",
            "bubbleDimensions",
            "emptyValue",
        ];
        let unknown = block.others(&known)?;
        notes.extend(unknown.into_iter().map(|place| Note::UnknownKey { path: TEMPLATE, place }));
        empty_value(&block, notes)?;
        let size = match (block.get("bubbleDimensions")?, bubble) {
            (Some(own), _) => size(&own)?,
            (None, Some(all)) => all,
            (None, None) => size(&template.must("bubbleDimensions")?)?,
        };
        let (values, down) = values(&block, notes)?;
        let labels = block.must("fieldLabels")?;
        let names = labels_of(&labels)?;
        bubbles += names.len() * values.len();
        if bubbles > MOST_BUBBLES {
            return Err(labels.wrong("labels of at most 10000 bubbles together"));
        }
        let wanted = "two numbers of pixels from 0 to 30000";
        let origin = block.must("origin")?.pair(0.0, MOST_PIXELS, wanted)?;
        let gap = |key, count: usize| match block.get(key)? {
            Some(gap) => gap.number(-MOST_PIXELS, MOST_PIXELS, "a number of pixels"),
            None if count > 1 => Err(block.must(key).err().unwrap_or_else(|| block.wrong("complete"))),
            None => Ok(0.0),
        };
        let (label_gap, value_gap) = (gap("labelsGap", names.len())?, gap("bubblesGap", values.len())?);
        for (i, label) in (0u32..).zip(names) {
            if !seen.insert(label.to_lowercase()) {
                return Err(ImportError::LabelTwice { place: labels.place, label });
            }
            let (across, mut places) = (f64::from(i) * label_gap, Vec::with_capacity(values.len()));
            for j in (0u32..).take(values.len()) {
                let along = f64::from(j) * value_gap;
                let (dx, dy) = if down { (across, along) } else { (along, across) };
                let (x, y) = (origin.0 + dx, origin.1 + dy);
                if x < 0.0 || y < 0.0 || x + size.0 > page.0 || y + size.1 > page.1 {
                    let (width, height) = page;
                    return Err(ImportError::OffPage { place: block.place, label, x, y, width, height });
                }
                places.push((x + size.0 / 2.0, y + size.1 / 2.0));
            }
            out.push(Column { label, block: number, values: values.clone(), places, size });
        }
    }
    Ok(out)
}

/// A block's values with their letters, and whether they go down.
fn values(block: &At<'_>, notes: &mut Vec<Note>) -> Result<(Vec<(String, char)>, bool), ImportError> {
    let own = block.get("bubbleValues")?;
    let direction = block.get("direction")?;
    if let Some(kind) =
        block.get("fieldType")?.filter(|k| !matches!(k.json, super::json::Json::Text(t) if t.is_empty()))
    {
        let found = kind.text("the name of a field type")?;
        let (letters, down) = match found {
            "QTYPE_INT" => ("0123456789", true),
            "QTYPE_INT_FROM_1" => ("1234567890", true),
            "QTYPE_MCQ4" => ("ABCD", false),
            "QTYPE_MCQ5" => ("ABCDE", false),
            "QTYPE_MCQ4_RTL" => ("DCBA", false),
            "QTYPE_MCQ5_RTL" => ("EDCBA", false),
            _ => return Err(ImportError::FieldType { place: kind.place, found: found.to_owned() }),
        };
        if own.is_some() || direction.is_some() {
            notes.push(Note::ValuesIgnored { place: block.place.clone() });
        }
        return Ok((letters.chars().map(|c| (c.to_string(), c)).collect(), down));
    }
    let Some(own) = own else {
        return Err(block.must("fieldType").err().unwrap_or_else(|| block.wrong("complete")));
    };
    let down = match direction.as_ref().map(|d| d.text("\"vertical\" or \"horizontal\"")).transpose()? {
        None | Some("vertical") => true,
        Some("horizontal") => false,
        Some(_) => return Err(direction.unwrap_or(own).wrong("\"vertical\" or \"horizontal\"")),
    };
    let wanted = "a list of 1 to 26 different values";
    let words: Vec<String> = own.list(wanted)?.iter().map(|v| v.word("text")).collect::<Result<_, _>>()?;
    let different = words.iter().enumerate().all(|(i, word)| !words[..i].contains(word) && !word.is_empty());
    if !different || !(1..=26).contains(&words.len()) {
        return Err(own.wrong(wanted));
    }
    let letters = letters(&words);
    if letters.iter().any(|(word, letter)| *word != letter.to_string()) {
        notes.push(Note::Letters { place: block.place.clone(), letters: letters.clone() });
    }
    Ok((letters, down))
}

/// One capital or digit for each word: the word itself if it is one, else its capital, else A, B, C, ….
fn letters(words: &[String]) -> Vec<(String, char)> {
    let single: Option<Vec<char>> = words
        .iter()
        .map(|word| {
            let mut letters = word.chars();
            let letter = letters.next().filter(char::is_ascii_alphanumeric)?;
            letters.next().is_none().then(|| letter.to_ascii_uppercase())
        })
        .collect();
    let distinct = |letters: &Vec<char>| letters.iter().enumerate().all(|(i, l)| !letters[..i].contains(l));
    let letters = single.filter(distinct).unwrap_or_else(|| ('A'..='Z').take(words.len()).collect());
    words.iter().cloned().zip(letters).collect()
}

/// The labels that a list says, ranges (`q1..20`) written out.
pub(super) fn labels_of(list: &At<'_>) -> Result<Vec<String>, ImportError> {
    let wanted = "a list of labels such as \"q1..20\"";
    let mut out = Vec::new();
    for entry in list.list(wanted)? {
        let text = entry.text(wanted)?.trim();
        if text.is_empty() || text.chars().count() > 64 {
            return Err(entry.wrong("a label of 1 to 64 characters"));
        }
        match range(text) {
            None => out.push(text.to_owned()),
            Some((prefix, from, to)) if from <= to && to - from < MOST_LABELS => {
                out.extend((from..=to).map(|n| format!("{prefix}{n}")));
            }
            Some(_) => return Err(entry.wrong("a range that goes up, by 1000 at most")),
        }
        if out.len() > MOST_BUBBLES {
            return Err(entry.wrong("labels of at most 10000 bubbles together"));
        }
    }
    Ok(out)
}

/// `q1..20` as its parts; two or three dots.
fn range(text: &str) -> Option<(&str, u32, u32)> {
    let (left, right) = text.split_once("..")?;
    let right = right.strip_prefix('.').unwrap_or(right);
    let prefix = left.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = |digits: &str| -> Option<u32> {
        let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // What does not fit is a number that is too large, not a label.
        all.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    Some((prefix, number(left.get(prefix.len()..)?)?, number(right)?))
}

/// The item that a label names: `q12`, `Q012`.
pub(super) fn item_of(label: &str) -> Option<u16> {
    let digits = label.strip_prefix(['q', 'Q'])?;
    let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|n| all && (1..=999).contains(n))
}

/// What the card means by its columns: joined ones, then those that stand alone, each where its first column stands.
fn fields(
    template: &At<'_>,
    columns: &[Column],
    notes: &mut Vec<Note>,
) -> Result<Vec<FormField>, ImportError> {
    let mut groups: Vec<(String, String, Vec<usize>)> = Vec::new();
    let mut joined = BTreeSet::new();
    if let Some(custom) = template.get("customLabels")? {
        for (label, list) in custom.entries()? {
            let mut members = Vec::new();
            for name in labels_of(&list)? {
                let Some(column) = columns.iter().position(|c| c.label == name) else {
                    return Err(ImportError::LabelUnknown { place: list.place, label: name });
                };
                if !joined.insert(column) {
                    return Err(ImportError::LabelTwice { place: list.place, label: name });
                }
                members.push(column);
            }
            if members.is_empty() {
                return Err(list.wrong("a list of at least one label"));
            }
            groups.push((label.to_owned(), list.place, members));
        }
    }
    for (i, column) in columns.iter().enumerate().filter(|(i, _)| !joined.contains(i)) {
        groups.push((column.label.clone(), "fieldBlocks".to_owned(), vec![i]));
    }
    groups.sort_by_key(|(_, _, members)| members.iter().min().copied());
    let mut out = Vec::new();
    let (mut items, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (label, place, members) in groups {
        if let Some(number) = item_of(&label) {
            if !items.insert(number) {
                return Err(ImportError::LabelTwice { place, label });
            }
            out.push(FormField::Item { number, columns: members });
            continue;
        }
        let name = field_name(&label);
        if !names.insert(name.clone()) {
            return Err(ImportError::LabelTwice { place, label });
        }
        if name != label {
            notes.push(Note::Renamed { label: label.clone(), field: name.clone() });
        }
        if let [only] = members.as_slice()
            && let Some(column) = columns.get(*only)
            && let [(value, _)] = column.values.as_slice()
        {
            notes.push(Note::Flag { field: name.clone(), value: value.clone() });
        }
        out.push(FormField::Identity { label, name, columns: members });
    }
    Ok(out)
}

/// The label as a field's name: lower case, without what a name can't have.
fn field_name(label: &str) -> String {
    let safe = |c: char| if c.is_control() || matches!(c, '/' | '\\') { '_' } else { c };
    let name: String = label.trim().to_lowercase().chars().map(safe).take(60).collect();
    match name.as_str() {
        "" => "field".to_owned(),
        // Items have this name.
        "items" => "items_".to_owned(),
        _ => name,
    }
}
