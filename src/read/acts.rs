//! What hands and scanners do, one act a test, on a page drawn here.

use super::MarkState::{Empty, Filled, Marginal, Unreadable};
use super::{MarkState, Reading, read};
use crate::geometry::{Homography, Mapping, Mm, Orientation, Point, Rect};
use crate::layout::{Layout, shipped};
use crate::register::{CodeRead, Proof, Registration};
use crate::sheet::{EngineId, Sha256, SheetId};
use crate::source::Page;

const PAPER: f64 = 240.0;
const INK: f64 = 30.0;
const PENCIL: f64 = 70.0;

/// A page of `theory-100` on which items 1 to 60 are marked firmly, A to D in turn.
struct Sheet {
    layout: Layout,
    scale: f64,
    width: usize,
    height: usize,
    levels: Vec<f64>,
}

impl Sheet {
    fn new(dpi: f64) -> Self {
        let mut sheet = Self::blank(dpi);
        for item in 1..=60 {
            let at = sheet.target(item, item % 4);
            sheet.paint(at.centre, 3.6, 1.7, PENCIL);
        }
        sheet
    }

    /// The same card with nothing on it.
    fn blank(dpi: f64) -> Self {
        let layout = shipped("theory-100").unwrap();
        let scale = dpi / 25.4;
        let (width, height) = ((210.0 * scale) as usize, (297.0 * scale) as usize);
        let mut sheet = Self { layout, scale, width, height, levels: vec![PAPER; width * height] };
        let rects: Vec<(Rect<Mm>, String)> =
            sheet.layout.targets().map(|(_, _, t)| (t.rect, t.value.clone())).collect();
        for (rect, value) in rects {
            let (c, w, h) = (rect.centre, rect.width.0, rect.height.0);
            for side in [-1.0, 1.0] {
                sheet.paint(c.shifted(side * w / 2.0, 0.0), 0.2, h, 185.0);
                for end in [-1.0, 1.0] {
                    sheet.paint(c.shifted(side * (w / 2.0 - 0.3), end * h / 2.0), 0.6, 0.2, 185.0);
                }
            }
            // A letter: an upright and a bar whose height differs from letter to letter.
            let bar = f64::from(value.bytes().next().unwrap() % 7) * 0.2 - 0.6;
            sheet.paint(c.shifted(-0.4, 0.0), 0.2, 1.4, 185.0);
            sheet.paint(c.shifted(0.0, bar), 0.9, 0.2, 185.0);
        }
        sheet
    }

    fn target(&self, item: usize, option: usize) -> Rect<Mm> {
        let label = item.to_string();
        let is = |f: &&crate::layout::Position| f.label.as_str() == label;
        let items = self.layout.fields.iter().filter(|f| f.name.as_str() == "items");
        items.flat_map(|f| &f.positions).find(is).unwrap().targets[option].rect
    }

    /// Lays ink of a level over an upright rectangle; what is darker already stays.
    fn paint(&mut self, c: Point<Mm>, w: f64, h: f64, level: f64) {
        self.over(c, w, h, |old| old.min(level));
    }

    fn over(&mut self, c: Point<Mm>, w: f64, h: f64, change: impl Fn(f64) -> f64) {
        // How much of the pixel `at` lies between `from` and `to`, in pixels.
        let part =
            |at: usize, from: f64, to: f64| (to.min(at as f64 + 1.0) - from.max(at as f64)).clamp(0.0, 1.0);
        let sides = |c: f64, w: f64| ((c - w / 2.0) * self.scale, (c + w / 2.0) * self.scale);
        let ((left, right), (top, bottom)) = (sides(c.x.0, w), sides(c.y.0, h));
        let range =
            |from: f64, to: f64, most: usize| from.max(0.0) as usize..(to.ceil().max(0.0) as usize).min(most);
        for y in range(top, bottom, self.height) {
            for x in range(left, right, self.width) {
                let level = &mut self.levels[y * self.width + x];
                *level += (change(*level) - *level) * part(x, left, right) * part(y, top, bottom);
            }
        }
    }

    /// A pencil's line, 0.4 mm broad.
    fn line(&mut self, a: Point<Mm>, b: Point<Mm>, level: f64) {
        let steps = (a.distance(b).0 / 0.1).ceil().max(1.0);
        for i in 0..=steps as usize {
            let t = i as f64 / steps;
            self.paint(a.shifted(t * (b.x.0 - a.x.0), t * (b.y.0 - a.y.0)), 0.4, 0.4, level);
        }
    }

    /// Rubs out: what is left is `keep` of how dark it was.
    fn rub(&mut self, c: Point<Mm>, keep: f64) {
        self.over(c, 4.6, 2.6, |old| PAPER - (PAPER - old) * keep);
    }

    fn read(&self) -> Reading {
        let pixels = self.levels.iter().map(|&v| v.round().clamp(0.0, 255.0) as u8).collect();
        self.read_levels(pixels)
    }

    fn read_levels(&self, pixels: Vec<u8>) -> Reading {
        let sheet = SheetId { image: Sha256::of(b"acts"), page: 1 };
        let page = Page::from_levels(sheet, self.width, self.height, pixels).unwrap();
        let from = (Point::at(0.0, 0.0), Point::at(-0.5, -0.5));
        let to = (Point::at(100.0, 0.0), Point::at(100.0 * self.scale - 0.5, -0.5));
        let registration = Registration {
            mapping: Mapping::projective(Homography::similarity(from, to).unwrap()),
            orientation: Orientation::nearest(1.0, 0.0),
            rotation_deg: 0.0,
            residual: Mm(0.0),
            ink: INK as u8,
            paper: PAPER as u8,
            fiducials: Vec::new(),
            proof: Proof::default(),
            code: CodeRead::NotPrinted,
        };
        read(&page, &registration, &self.layout, &EngineId("test".into()))
    }

    /// The states of an item's marks, and what became of the firm items 1 to 60.
    fn outcome(&self, item: usize) -> Vec<MarkState> {
        states(&self.read(), item)
    }
}

fn states(reading: &Reading, item: usize) -> Vec<MarkState> {
    let items = reading.fields.iter().find(|f| f.name.as_str() == "items").unwrap();
    items.positions[item - 1].marks.iter().map(|m| m.state).collect()
}

/// Whether all of items 1 to 60 but `except` are read as they were marked.
fn firm_items_stand(reading: &Reading, except: &[usize]) {
    for item in (1..=60).filter(|i| !except.contains(i)) {
        let mut right = [Empty; 4];
        right[item % 4] = Filled;
        assert_eq!(states(reading, item), right, "item {item}");
    }
}

#[test]
fn careful_marks_are_read_at_every_resolution() {
    for dpi in [150.0, 200.0, 300.0, 600.0] {
        let reading = Sheet::new(dpi).read();
        firm_items_stand(&reading, &[]);
        for item in 61..=80 {
            assert_eq!(states(&reading, item), [Empty; 4], "item {item} at {dpi} dpi");
        }
    }
}

#[test]
fn a_sheet_marked_lightly_throughout_is_read() {
    let mut sheet = Sheet::new(200.0);
    let page = Point::at(105.0, 148.5);
    // All that is darker than print becomes light pencil.
    sheet.over(page, 210.0, 297.0, |old| if old < 100.0 { 160.0 } else { old });
    firm_items_stand(&sheet.read(), &[]);
}

#[test]
fn small_and_thin_marks_are_read_or_held_and_never_passed() {
    let mut sheet = Sheet::new(200.0);
    let at = |sheet: &Sheet, item| sheet.target(item, 1).centre;
    let c = at(&sheet, 61);
    sheet.line(c.shifted(-1.2, 1.0), c.shifted(1.2, -1.0), PENCIL);
    let c = at(&sheet, 62);
    sheet.line(c.shifted(-1.5, 0.0), c.shifted(-0.5, 0.9), PENCIL);
    sheet.line(c.shifted(-0.5, 0.9), c.shifted(1.6, -1.1), PENCIL);
    let c = at(&sheet, 63);
    sheet.line(c.shifted(-1.6, -1.0), c.shifted(1.6, 1.0), PENCIL);
    sheet.line(c.shifted(-1.6, 1.0), c.shifted(1.6, -1.0), PENCIL);
    let c = at(&sheet, 64);
    sheet.paint(c, 0.7, 0.7, PENCIL);
    let c = at(&sheet, 65);
    for side in [-1.0, 1.0] {
        sheet.line(c.shifted(-2.5, side * 1.5), c.shifted(2.5, side * 1.5), PENCIL);
        sheet.line(c.shifted(side * 2.5, -1.5), c.shifted(side * 2.5, 1.5), PENCIL);
    }
    let c = at(&sheet, 66);
    sheet.paint(c.shifted(-1.0, 0.0), 2.0, 2.0, PENCIL);
    let reading = sheet.read();
    for item in 61..=66 {
        let states = states(&reading, item);
        assert!(matches!(states[1], Filled | Marginal), "item {item}: {states:?}");
        assert_eq!([states[0], states[2], states[3]], [Empty; 3], "item {item}");
    }
    for item in [64, 65] {
        assert_eq!(states(&reading, item)[1], Marginal, "item {item}: too little to be an answer");
    }
    assert_eq!(states(&reading, 66)[1], Filled, "half a target is a mark");
    firm_items_stand(&reading, &[]);
}

#[test]
fn a_line_through_all_options_is_held() {
    let mut sheet = Sheet::new(200.0);
    let (a, d) = (sheet.target(70, 0).centre, sheet.target(70, 3).centre);
    sheet.line(a.shifted(-4.0, 0.3), d.shifted(4.0, -0.3), PENCIL);
    let states = sheet.outcome(70);
    assert_eq!(states, [Marginal; 4]);
}

#[test]
fn a_line_that_ends_in_a_target_is_no_mark() {
    // The points of a zigzag from the left, from narrow to wide, turn in the middle of D.
    for open in [0.5, 0.8, 1.2] {
        let mut sheet = Sheet::new(200.0);
        let c = sheet.target(70, 3).centre;
        for way in [-1.0, 1.0] {
            sheet.line(c.shifted(-20.0, way * open * 4.0), c.shifted(0.4, 0.2 * way * open), PENCIL);
        }
        let states = sheet.outcome(70);
        assert_ne!(states[3], Filled, "{open}: {states:?}");
        assert_ne!(states[3], Empty, "{open}: {states:?}");
    }
}

#[test]
fn overflow_is_not_the_neighbours_mark() {
    let mut sheet = Sheet::new(200.0);
    let (a, b) = (sheet.target(70, 0), sheet.target(70, 1));
    // A is filled and the pencil goes on 0.6 mm into B.
    let right = b.left() + 0.6;
    let middle = f64::midpoint(a.left(), right);
    sheet.paint(Point::at(middle, a.centre.y.0), right - a.left(), 1.9, PENCIL);
    let states = sheet.outcome(70);
    assert_ne!(states[1], Filled, "{states:?}");
    assert_eq!([states[0], states[2], states[3]], [Filled, Empty, Empty]);
}

#[test]
fn what_an_eraser_leaves_is_passed_only_where_the_margin_is_clear() {
    let mut sheet = Sheet::new(200.0);
    for (item, keep) in [(61, 0.05), (62, 0.3), (63, 0.05), (64, 0.3), (65, 0.7)] {
        let c = sheet.target(item, 1).centre;
        sheet.paint(c, 3.6, 1.7, PENCIL);
        sheet.rub(c, keep);
    }
    // Beside the last three there is a firm mark.
    for item in 63..=65 {
        let c = sheet.target(item, 3).centre;
        sheet.paint(c, 3.6, 1.7, PENCIL);
    }
    let reading = sheet.read();
    assert!(matches!(states(&reading, 61)[1], Empty | Marginal));
    assert_eq!(states(&reading, 62)[1], Marginal, "a bad erasure alone");
    assert_eq!(states(&reading, 63), [Empty, Empty, Empty, Filled], "a good one beside a mark");
    assert_ne!(states(&reading, 64)[1], Filled, "a bad one beside a mark");
    assert_ne!(states(&reading, 65)[1], Empty, "one that is hardly rubbed");
    for item in 63..=65 {
        assert_eq!(states(&reading, item)[3], Filled);
    }
}

#[test]
fn white_out_over_a_mark_is_held_unless_a_firm_mark_stands_beside_it() {
    let mut sheet = Sheet::new(200.0);
    for item in [61, 62] {
        let c = sheet.target(item, 1).centre;
        sheet.over(c, 5.0, 3.0, |_| 253.0);
    }
    let c = sheet.target(62, 3).centre;
    sheet.paint(c, 3.6, 1.7, PENCIL);
    let reading = sheet.read();
    assert_eq!(states(&reading, 61), [Empty, Marginal, Empty, Empty]);
    assert_eq!(states(&reading, 62), [Empty, Empty, Empty, Filled]);
}

#[test]
fn two_marks_a_whole_row_and_a_whole_column_are_what_they_are() {
    let mut sheet = Sheet::new(200.0);
    for (item, option) in [(61, 0), (61, 2), (62, 0), (62, 1), (62, 2), (62, 3)] {
        let c = sheet.target(item, option).centre;
        sheet.paint(c, 3.6, 1.7, PENCIL);
    }
    for item in 63..=80 {
        let c = sheet.target(item, 0).centre;
        sheet.paint(c, 3.6, 1.7, PENCIL);
    }
    let reading = sheet.read();
    assert_eq!(states(&reading, 61), [Filled, Empty, Filled, Empty]);
    assert_eq!(states(&reading, 62), [Filled; 4]);
    for item in 63..=80 {
        assert_eq!(states(&reading, item), [Filled, Empty, Empty, Empty], "item {item}");
    }
}

#[test]
fn nobody_answers_but_a_all_over_the_sheet() {
    let mut sheet = Sheet::new(200.0);
    for item in 1..=80 {
        for option in 1..4 {
            let c = sheet.target(item, option).centre;
            // Only items 1 to 60 had marks: back to bare paper, without print.
            if item <= 60 && item % 4 == option {
                sheet.over(c, 3.7, 1.8, |_| PAPER);
            }
        }
        let c = sheet.target(item, 0).centre;
        sheet.paint(c, 3.6, 1.7, PENCIL);
    }
    let reading = sheet.read();
    for item in 61..=80 {
        assert!(matches!(states(&reading, item)[0], Filled | Marginal), "item {item}");
    }
    let passed = (1..=80).filter(|&item| states(&reading, item)[0] == Empty).count();
    assert_eq!(passed, 0, "a letter that is marked everywhere does not become print");
}

#[test]
fn a_scribble_across_blocks_leaves_no_answer_and_no_blank() {
    let mut sheet = Sheet::new(200.0);
    let (first, last) = (sheet.target(61, 0).centre, sheet.target(64, 3).centre);
    let mut y = first.y.0 - 1.5;
    while y < last.y.0 + 1.5 {
        sheet.line(Point::at(first.x.0 - 4.0, y), Point::at(last.x.0 + 4.0, y + 0.5), PENCIL);
        sheet.line(Point::at(last.x.0 + 4.0, y + 0.5), Point::at(first.x.0 - 4.0, y + 1.0), PENCIL);
        y += 1.0;
    }
    let reading = sheet.read();
    for item in 61..=64 {
        let states = states(&reading, item);
        let one = states.iter().filter(|&&s| s == Filled).count() == 1;
        assert!(states.iter().any(|&s| s != Empty), "item {item} passes as blank");
        assert!(!one || states.contains(&Marginal), "item {item} has an answer: {states:?}");
    }
}

#[test]
fn a_streak_makes_no_marks_and_hides_none() {
    let mut sheet = Sheet::new(200.0);
    let x = sheet.target(1, 1).centre.x.0 + 0.6;
    sheet.over(Point::at(x, 148.5), 0.35, 297.0, |old| (old - 120.0).max(0.0));
    let reading = sheet.read();
    firm_items_stand(&reading, &[]);
    for item in 61..=80 {
        assert_eq!(states(&reading, item), [Empty; 4], "item {item}");
    }
}

#[test]
fn shadows_shades_and_show_through_are_no_marks() {
    let mut shadow = Sheet::new(200.0);
    // A shadow's edge runs through the targets of option B: all to the right of it has 0.6 of the light.
    let x = shadow.target(1, 1).centre.x.0;
    shadow.over(Point::at(x + 100.0, 148.5), 200.0, 297.0, |old| old * 0.6);
    let reading = shadow.read();
    for item in 1..=60 {
        let mut wrong = states(&reading, item);
        assert!(matches!(wrong.remove(item % 4), Filled | Marginal), "item {item}");
        assert!(wrong.iter().all(|&s| s != Filled), "item {item}: {wrong:?}");
    }
    let mut through = Sheet::new(200.0);
    let c = through.target(70, 1).centre;
    through.over(c.shifted(0.8, 0.5), 3.6, 1.8, |old| old - 12.0);
    assert_ne!(through.outcome(70)[1], Filled);
}

#[test]
fn noise_and_a_bad_threshold_make_no_marks() {
    let mut sheet = Sheet::new(200.0);
    let mut seed = 1u64;
    let mut noise = || {
        let mut sum = 0.0;
        for _ in 0..4 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (seed >> 40) as f64 / f64::from(1u32 << 24) - 0.5;
        }
        sum * 3.0f64.sqrt()
    };
    for level in &mut sheet.levels {
        *level += 15.0 * noise();
    }
    let reading = sheet.read();
    firm_items_stand(&reading, &[]);
    for item in 61..=80 {
        assert_eq!(states(&reading, item), [Empty; 4], "item {item}");
    }
    for threshold in [110.0, 150.0, 195.0] {
        let bilevel = sheet.levels.iter().map(|&v| if v < threshold { 0 } else { 255 }).collect();
        let reading = sheet.read_levels(bilevel);
        for item in 1..=80 {
            for (option, state) in states(&reading, item).into_iter().enumerate() {
                let marked = item <= 60 && item % 4 == option;
                assert!(marked || state != Filled, "item {item} at {threshold}");
                assert!(!marked || state != Empty, "item {item} at {threshold}");
            }
        }
    }
}

#[test]
fn where_no_paper_was_scanned_nothing_is_blank() {
    // The file ends early and the decoder fills the rest with gray; an editor wipes it white; the bed is black.
    for fill in [128.0, 240.0, 255.0, 20.0, 0.0] {
        let mut sheet = Sheet::new(200.0);
        let top = sheet.target(61, 0).top() - 2.0;
        let bottom = 297.0;
        sheet.over(Point::at(105.0, f64::midpoint(top, bottom)), 210.0, bottom - top, |_| fill);
        let reading = sheet.read();
        for item in (61..=80).filter(|&item| sheet.target(item, 0).top() > top) {
            let states = states(&reading, item);
            assert!(
                states.iter().all(|&s| matches!(s, Unreadable | Marginal)),
                "item {item} in {fill}: {states:?}"
            );
        }
    }
}

#[test]
fn a_blank_sheet_reads_blank() {
    for dpi in [150.0, 200.0, 300.0] {
        let reading = Sheet::blank(dpi).read();
        let marks = reading.fields.iter().flat_map(|f| &f.positions).flat_map(|p| &p.marks);
        assert!(marks.into_iter().all(|m| m.state == Empty), "at {dpi} dpi");
    }
}
