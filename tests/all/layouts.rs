//! Layout files with one defect each, and exactly what is said about it.

#![allow(clippy::float_cmp, reason = "positions are compared as the file writes them")]

use duka::layout::draw::PrintPlace;
use duka::layout::{Layout, LayoutError, Problem, shipped, shipped_names};
use proptest::prelude::*;

/// A small sound layout; tests change one of its lines.
const SOUND: &str = r#"name = "small"
page = { width = 105.0, height = 148.0 }
target = { width = 4.0, height = 2.0, shape = "bracket" }

[[fiducial]]
shape = "rectangle"
x = 10.0
y = 10.0
width = 5.0

[[fiducial]]
shape = "rectangle"
x = 95.0
y = 10.0
width = 5.0

[[fiducial]]
shape = "rectangle"
x = 10.0
y = 138.0
width = 5.0

[[fiducial]]
shape = "l-mark"
elbow = "bottom-right"
x = 95.0
y = 138.0
width = 5.0

[layout_code]
number = 7
x = 25.0
y = 10.0
width = 2.0
height = 4.0
pitch = 3.5

[[identity]]
name = "ticket"
label = "号"
x = 60.0
y = 50.0
columns = 4
alphabet = "0123456789"
column_pitch = 6.0
value_pitch = 4.0

[[flag]]
name = "absent"
label = "缺考"
x = 30.0
y = 40.0

[[items]]
from = 1
to = 10
label = "选择题"
options = "ABCD"
x = 20.0
y = 112.0
option_pitch = 6.0
item_pitch = 4.0
rows_per_block = 5
block_pitch = 34.0

[print]
title = "小卡"
title_y = 22.0
title_size = 14.0
left = 14.0
right = 90.0

[print.barcode]
left = 14.0
top = 60.0
width = 36.0
height = 20.0

[[print.frame]]
title = ["监考填写"]
left = 14.0
top = 30.0
width = 36.0
height = 20.0
"#;

fn problems(text: &str) -> Vec<String> {
    match Layout::parse(text, "small.toml") {
        Ok(_) => Vec::new(),
        Err(LayoutError::Wrong { path, problems }) => {
            assert_eq!(path, "small.toml");
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

/// The sound file with the first `from` after `table` changed into `to`.
fn with(table: &str, from: &str, to: &str) -> String {
    let at = SOUND.find(table).unwrap_or_else(|| panic!("{table} is not there"));
    let (before, after) = SOUND.split_at(at);
    assert!(after.contains(from), "{from} is not after {table}");
    format!("{before}{}", after.replacen(from, to, 1))
}

/// The line, from 1, of the `number`th (from 1) occurrence of `table` in `text`.
fn line(text: &str, table: &str, number: usize) -> usize {
    let (at, _) = text.match_indices(table).nth(number - 1).unwrap();
    1 + text[..at].matches('\n').count()
}

#[track_caller]
fn says(text: &str, wanted: &[(usize, &str)]) {
    let wanted: Vec<String> = wanted.iter().map(|(line, rest)| format!("{line}: {rest}")).collect();
    assert_eq!(problems(text), wanted);
}

#[test]
fn the_sound_layout_is_sound() {
    says(SOUND, &[]);
    let layout = Layout::parse(SOUND, "small.toml").unwrap();
    assert_eq!(layout.items().collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    assert_eq!(layout.targets().count(), 4 * 10 + 1 + 40);
    let cells = layout.cells().cells;
    // Item 8 C: second block, third row, third option.
    let cell = cells.iter().find(|c| c.field == "items" && c.item == "8" && c.value == "C").unwrap();
    assert_eq!((cell.x, cell.y, cell.w, cell.h), (66.0, 120.0, 4.0, 2.0));
    let cell = cells.iter().find(|c| c.field == "ticket" && c.item == "3" && c.value == "4").unwrap();
    assert_eq!((cell.x, cell.y), (72.0, 66.0));
}

#[test]
fn what_is_not_a_layout_says_where() {
    says("name = \"small", &[(1, "layout: invalid basic string, expected `\"`")]);
    let text = with("[[flag]]", "x = 30.0", "x = 30.0\nz = 1.0");
    let at = line(&text, "z = 1.0", 1);
    says(&text, &[(at, "layout: unknown field `z`, expected one of `name`, `label`, `x`, `y`, `target`")]);
    let text = with("[[flag]]", "y = 40.0\n", "");
    says(&text, &[(line(&text, "[[flag]]", 1), "layout: missing field `y`")]);
    let text = with("[[items]]", "to = 10", "to = \"ten\"");
    says(&text, &[(line(&text, "to = \"ten\"", 1), "layout: invalid type: string \"ten\", expected u16")]);
    let text = with("[[fiducial]]", "rectangle", "cross");
    let wanted =
        "layout: unknown variant `cross`, expected one of `rectangle`, `l-mark`, `disc`, `ring`, `marker`";
    says(&text, &[(line(&text, "cross", 1), wanted)]);
    says("", &[(1, "layout: missing field `name`")]);
}

#[test]
fn an_l_mark_needs_its_elbow_and_a_rectangle_has_none() {
    let text = with("l-mark", "elbow = \"bottom-right\"\n", "");
    says(&text, &[(line(&text, "[[fiducial]]", 4), "fiducial: an l-mark needs its elbow")]);
    let text = with("[[fiducial]]", "\"rectangle\"", "\"rectangle\"\nelbow = \"top-left\"");
    says(&text, &[(line(&text, "[[fiducial]]", 1), "fiducial: only an l-mark has an elbow")]);
}

#[test]
fn numbers_outside_their_range_are_named() {
    let cases = [
        ("page", "width = 105.0", "width = 10.0", 2, "page: width is 10, it must be between 50 and 600 mm"),
        (
            "page",
            "height = 148.0",
            "height = nan",
            2,
            "page: height is NaN, it must be between 50 and 600 mm",
        ),
        (
            "[[fiducial]]",
            "width = 5.0",
            "width = 0.5",
            5,
            "fiducial: width is 0.5, it must be between 1 and 40 mm",
        ),
        (
            "[layout_code]",
            "number = 7",
            "number = 1024",
            30,
            "layout_code: number is 1024, it must be between 0 and 1023",
        ),
        (
            "[layout_code]",
            "pitch = 3.5",
            "pitch = 0.0",
            30,
            "layout_code: pitch is 0, it must be between 0.2 and 1000 mm",
        ),
        (
            "[[identity]]",
            "x = 60.0",
            "x = -6.0",
            38,
            "identity ticket: x is -6, it must be between 0 and 1000 mm",
        ),
        (
            "[[identity]]",
            "columns = 4",
            "columns = 41",
            38,
            "identity ticket: columns is 41, it must be between 1 and 40",
        ),
        (
            "[[identity]]",
            "value_pitch = 4.0",
            "value_pitch = inf",
            38,
            "identity ticket: value_pitch is inf, it must be between 0.2 and 1000 mm",
        ),
        (
            "[[items]]",
            "rows_per_block = 5",
            "rows_per_block = 0",
            54,
            "items 1-10: rows_per_block is 0, it must be at least 1",
        ),
        (
            "[[items]]",
            "from = 1",
            "from = 11",
            54,
            "items 11-10: to is 10, it must be between `from` and 999",
        ),
        ("[[items]]", "from = 1", "from = 0", 54, "items 0-10: from is 0, it must be between 1 and 999"),
    ];
    for (table, from, to, at, message) in cases {
        says(&with(table, from, to), &[(at, message)]);
    }
    let wrong = with("target", "width = 4.0", "width = 31.0");
    let message = "target.width is 31, it must be between 1 and 30 mm";
    says(
        &wrong,
        &[
            (38, &format!("identity ticket: {message}")),
            (48, &format!("flag absent: {message}")),
            (54, &format!("items 1-10: {message}")),
        ],
    );
}

#[test]
fn tracks_have_room_between_their_marks() {
    let track = "\n[[track]]\nx = 5.0\ny = 20.0\npitch = 2.6\ncount = 3\nwidth = 3.0\nheight = 1.8\n";
    let text = format!("{SOUND}{track}");
    let at = line(&text, "[[track]]", 1);
    says(
        &text,
        &[
            (at, "track: count is 3, it must be between 4 and 200"),
            (at, "track: pitch is 2.6, it must be at least 1.5 times the height"),
        ],
    );
}

#[test]
fn thresholds_stand_in_order() {
    let text = SOUND.replace("target = {", "thresholds = { marginal = 0.3, definite = 0.2 }\ntarget = {");
    says(&text, &[(3, "thresholds: marginal (0.3) must be below definite (0.2)")]);
    let text = SOUND.replace("target = {", "thresholds = { marginal = 0.01, definite = 0.2 }\ntarget = {");
    says(&text, &[(3, "thresholds: marginal is 0.01, it must be between 0.02 and 0.9")]);
}

#[test]
fn letters_are_different_digits_and_capitals() {
    let cases = [
        ("[[identity]]", "0123456789", "0123456780", 38, "identity ticket: alphabet \"0123456780\"", 2),
        ("[[items]]", "ABCD", "abcd", 54, "items 1-10: options \"abcd\"", 2),
        ("[[items]]", "ABCD", "A", 54, "items 1-10: options \"A\"", 2),
        ("[[items]]", "ABCD", "甲乙", 54, "items 1-10: options \"甲乙\"", 2),
    ];
    for (table, from, to, at, what, least) in cases {
        let message = format!("{what} must be different digits or capital letters, at least {least}");
        says(&with(table, from, to), &[(at, &message)]);
    }
    let text = with("[[identity]]", "columns = 4\n", "");
    let message = "identity ticket: say either `columns` and `alphabet`, or `alphabets` with one a column";
    says(&text, &[(38, message)]);
}

#[test]
fn names_are_names_and_stand_once() {
    says(
        &with("name", "\"small\"", "\"a/b\""),
        &[(1, "name: the name is \"a/b\", but it must be 1 to 64 letters without a slash")],
    );
    let text = with("[[flag]]", "\"absent\"", "\"items\"");
    says(&text, &[(48, "flag items: the name is \"items\", but it must be 1 to 64 letters without a slash")]);
    let text = with("[[flag]]", "\"absent\"", "\"ticket\"");
    says(&text, &[(48, "name: the field ticket is there twice (first in line 38)")]);
}

#[test]
fn an_item_is_numbered_once() {
    let again = "\n[[items]]\nfrom = 10\nto = 11\noptions = \"AB\"\nx = 80.0\ny = 40.0\noption_pitch = 6.0\n\
                 item_pitch = 4.0\nrows_per_block = 2\n";
    let (unprinted, _) = SOUND.split_once("\n[print]").unwrap();
    let text = format!("{unprinted}{again}");
    let at = line(&text, "[[items]]", 2);
    says(&text, &[(at, "items: item 10 is numbered twice (first in line 54)")]);
}

#[test]
fn no_two_places_share_paper() {
    let text = with("[[items]]", "option_pitch = 6.0", "option_pitch = 3.9");
    says(&text, &[(54, "items: items 1 B overlaps items 1 A")]);
    let text = with("[[flag]]", "x = 30.0", "x = 60.0").replace("y = 40.0", "y = 51.0");
    assert!(problems(&text).contains(&"48: absent: absent 1 1 overlaps ticket 1 0".to_owned()));
    let text = with("[[fiducial]]", "x = 10.0", "x = 2.0");
    says(&text, &[(5, "fiducial: a fiducial at 2.00, 10.00 mm is off the page")]);
}

#[test]
fn fiducials_hold_the_page_and_fix_its_orientation() {
    let square = with("l-mark", "l-mark\"\nelbow = \"bottom-right", "rectangle");
    says(
        &square,
        &[(
            5,
            "fiducial: the fiducials look the same when the page is turned by 180°: make one of them different, \
             or say orientation = \"assumed\"",
        )],
    );
    says(&square.replace("page =", "orientation = \"assumed\"\npage ="), &[]);
    // A square card of four squares could also lie on its sides.
    let three = with("[[fiducial]]", SOUND.split("[[fiducial]]").nth(1).unwrap(), "@");
    let three = three.replace("[[fiducial]]@[[fiducial]]", "[[fiducial]]");
    let said = "fiducial: the fiducials are 3 marks; a page needs at least 4 that are not on one line";
    says(&three, &[(5, said)]);
}

#[test]
fn a_card_has_items() {
    let (before, after) = SOUND.split_once("[[items]]").unwrap();
    let (_, after) = after.split_once("[print]").unwrap();
    says(&format!("{before}[print]{after}"), &[(1, "layout: the card has no items")]);
}

#[test]
fn print_keeps_away_from_what_is_read() {
    let barcode = line(SOUND, "[print.barcode]", 1);
    let frame = line(SOUND, "[[print.frame]]", 1);
    let title = line(SOUND, "title = ", 1);
    // The box ends 0.5 mm before the first column of the ticket number at 58 mm.
    let text = with("[print.barcode]", "width = 36.0", "width = 43.5");
    says(
        &text,
        &[(barcode, "print.barcode: print.barcode is 0.50 mm from ticket 1 3, it must leave 0.8 mm")],
    );
    // Exactly 0.8 mm is enough for a target.
    says(&with("[print.barcode]", "width = 36.0", "width = 43.2"), &[]);
    let text = with("[print.barcode]", "left = 14.0", "left = 60.0");
    assert_eq!(
        problems(&text),
        [format!("{barcode}: print.barcode: print.barcode is 0.00 mm from ticket 1 3, it must leave 0.8 mm")]
    );
    let text = with("[[print.frame]]", "top = 30.0", "top = 13.0");
    let place = "print.frame 1: print.frame 1";
    let wanted = [
        (frame, &*format!("{place} is 1.58 mm from a fiducial, it must leave 3 mm")),
        (frame, &*format!("{place} is 1.00 mm from the layout code, it must leave 1.5 mm")),
    ];
    says(&text, &wanted);
    let text = with("[print]", "title_y = 22.0", "title_y = 13.0");
    assert_eq!(
        problems(&text),
        [format!("{title}: print.title: print.title is 0.00 mm from the layout code, it must leave 1.5 mm")]
    );
    let text = with("[print.barcode]", "top = 60.0", "top = 140.0");
    assert!(
        problems(&text).contains(&format!(
            "{barcode}: print.barcode: print.barcode at 32.00, 150.00 mm is off the page"
        ))
    );
}

#[test]
fn derived_print_is_checked_too() {
    // The heading of the items runs into the last row of the ticket number above it.
    let text = with("[[items]]", "y = 112.0", "y = 96.0");
    let said = problems(&text);
    assert_eq!(said, ["54: items: the print of items is 0.20 mm from ticket 1 9, it must leave 0.8 mm"]);
}

#[test]
fn example_marks_lie_far_from_targets() {
    let examples = "\n[print.examples]\nleft = 14.0\ntop = 84.0\nwidth = 42.0\nheight = 12.0\n";
    let text = format!("{SOUND}{examples}");
    let at = line(&text, "[print.examples]", 1);
    let said = problems(&text);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with(&format!("{at}: print.examples: an example mark is ")), "{said:?}");
    assert!(said[0].ends_with("it must leave 5 mm"), "{said:?}");
}

#[test]
fn print_has_numbers_in_range_and_letters_of_the_font() {
    let barcode = line(SOUND, "[print.barcode]", 1);
    let title = line(SOUND, "title = ", 1);
    let text = with("[print.barcode]", "height = 20.0", "height = 2.0");
    says(&text, &[(barcode, "print.barcode: height is 2, it must be between 3 and 600 mm")]);
    let text = with("[print]", "title_size = 14.0", "title_size = 400");
    says(&text, &[(title, "print.title: title_size is 400, it must be between 4 and 40 pt")]);
    let text = with("[print]", "right = 90.0", "right = 20.0");
    says(&text, &[(title, "print.title: right is 20, it must be at least 20 mm beyond `left`")]);
    let text = with("[print]", "小卡", "小卡\u{E000}");
    says(&text, &[(title, "print.title: the character '\\u{e000}' can't be printed")]);
    let text = with("[[flag]]", "缺考", "缺😀");
    says(&text, &[(48, "absent: the character '😀' can't be printed")]);
}

#[test]
fn several_problems_come_in_the_files_order() {
    let text = with("[[items]]", "ABCD", "AA").replace("width = 105.0", "width = 1.0");
    let Err(LayoutError::Wrong { problems, .. }) = Layout::parse(&text, "x.toml") else {
        panic!("it is wrong")
    };
    let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [2, 54]);
    assert!(matches!(&problems[1].problem, Problem::Letters { letters, .. } if letters == "AA"));
}

#[test]
fn every_error_says_what_to_do() {
    let wrong = Layout::parse("", "x.toml").unwrap_err();
    assert!(wrong.hint().contains("duka layout check"), "{}", wrong.hint());
    let unknown = shipped("no-such").unwrap_err();
    assert!(unknown.hint().contains("duka layout list"), "{}", unknown.hint());
    let file = shipped("no-such.toml").unwrap_err();
    assert!(matches!(file, LayoutError::File { .. }));
    assert!(!file.hint().is_empty());
}

#[test]
fn print_places_are_told_as_the_file_writes_them() {
    assert_eq!(PrintPlace { key: "barcode", number: 0 }.to_string(), "print.barcode");
    assert_eq!(PrintPlace { key: "frame", number: 2 }.to_string(), "print.frame 2");
}

proptest! {
    /// Whatever is cut out of a shipped layout or put into it, parsing answers.
    #[test]
    fn damaged_files_never_break_the_parser(which in 0usize..5, at in 0.0f64..1.0, cut in 0usize..40, put in "[\\[\\]0-9a-z=\"\\n .-]{0,12}") {
        let name = shipped_names().nth(which).unwrap();
        let text = std::fs::read_to_string(format!("sheet-layouts/{name}.toml")).unwrap();
        let characters: Vec<char> = text.chars().collect();
        let start = (at * characters.len() as f64) as usize;
        let end = (start + cut).min(characters.len());
        let mut damaged: String = characters[..start].iter().collect();
        damaged.push_str(&put);
        damaged.extend(&characters[end..]);
        if let Err(LayoutError::Wrong { problems, .. }) = Layout::parse(&damaged, "damaged.toml") {
            let lines = damaged.matches('\n').count() + 1;
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|p| (1..=lines).contains(&p.line)));
        }
    }
}
