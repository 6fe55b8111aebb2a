//! Printed cards, measured: what the PDF shows lies where the layout says.

use duka::geometry::{Mm, Rect};
use duka::layout::draw::{CardFace, DrawError, Prefill, cards_pdf, lacking};
use duka::layout::{FiducialShape, Layout, TargetShape, shipped};
use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, interpret_page,
};
use hayro::hayro_syntax::Pdf;
use hayro::kurbo::{Affine, BezPath};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

/// Pixels in a millimetre at 600 dpi.
const SCALE: f64 = 600.0 / 25.4;

/// How far print may lie from where the layout says, in millimetres.
const TOLERANCE: f64 = 0.05;

/// Stroke of a target's outline, in millimetres.
const PEN: f64 = 0.18;

/// A rendered page as luma, row by row.
struct Picture {
    width: usize,
    luma: Vec<u8>,
}

impl Picture {
    /// Page `page` of `pdf` at 600 dpi.
    fn of(pdf: &[u8], page: usize) -> Self {
        let pdf = Pdf::new(pdf.to_vec()).unwrap();
        let scale = 600.0 / 72.0;
        let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
        let pixmap = render(
            &pdf.pages()[page],
            &RenderCache::new(),
            &InterpreterSettings::default(),
            &RenderSettings::default(),
            &settings,
        );
        let luma = pixmap
            .data()
            .iter()
            .map(|p| {
                ((299 * u32::from(p.r) + 587 * u32::from(p.g) + 114 * u32::from(p.b) + 500) / 1000) as u8
            })
            .collect();
        Self { width: usize::from(pixmap.width()), luma }
    }

    fn darkness(&self, x: usize, y: usize) -> f64 {
        1.0 - f64::from(self.luma[y * self.width + x]) / 255.0
    }

    /// Amount of ink (millimetres, as if black) and its middle between two points of a row at height `y`.
    fn along_row(&self, from: f64, to: f64, y: f64) -> (f64, f64) {
        let y = (y * SCALE) as usize;
        Self::ink(from, to, |x| self.darkness(x, y))
    }

    /// The same for a column at `x`.
    fn along_column(&self, from: f64, to: f64, x: f64) -> (f64, f64) {
        let x = (x * SCALE) as usize;
        Self::ink(from, to, |y| self.darkness(x, y))
    }

    fn ink(from: f64, to: f64, darkness: impl Fn(usize) -> f64) -> (f64, f64) {
        let (mut sum, mut moment) = (0.0, 0.0);
        for i in (from * SCALE).round() as usize..(to * SCALE).round() as usize {
            let d = darkness(i);
            sum += d;
            moment += d * (i as f64 + 0.5);
        }
        (sum / SCALE, moment / sum / SCALE)
    }

    /// The darkest and the lightest luma inside `rect`.
    fn extremes(&self, rect: &Rect<Mm>) -> (u8, u8) {
        let span = |a: f64, b: f64| (a * SCALE).ceil() as usize..(b * SCALE).floor() as usize;
        let rows = span(rect.top(), rect.bottom());
        let pixels = rows.flat_map(|y| {
            span(rect.left(), rect.right()).map(move |x| (x, y)).map(|(x, y)| self.luma[y * self.width + x])
        });
        pixels.fold((255, 0), |(low, high), l| (low.min(l), high.max(l)))
    }
}

fn blank(name: &str) -> (Layout, Picture) {
    let layout = shipped(name).unwrap();
    let pdf = cards_pdf(&layout, &[CardFace::default()]).unwrap();
    (layout, Picture::of(&pdf, 0))
}

fn near(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() <= TOLERANCE, "{what}: {found:.3} mm instead of {wanted:.3} mm");
}

/// Fiducials, code cells and all four sides of every target of a blank card.
fn measure(name: &str) {
    let (layout, picture) = blank(name);
    let solid = |r: &Rect<Mm>, row: f64, column: f64, what: &str| {
        let (wide, x) = picture.along_row(r.left() - 1.0, r.right() + 1.0, row);
        let (high, y) = picture.along_column(r.top() - 1.0, r.bottom() + 1.0, column);
        near(x - wide / 2.0, r.left(), what);
        near(x + wide / 2.0, r.right(), what);
        near(y - high / 2.0, r.top(), what);
        near(y + high / 2.0, r.bottom(), what);
    };
    for fiducial in &layout.fiducials {
        let r = &fiducial.rect;
        let (qx, qy) = match fiducial.shape {
            FiducialShape::Rectangle
            | FiducialShape::Disc
            | FiducialShape::Ring(_)
            | FiducialShape::Marker => (0.0, 0.0),
            FiducialShape::LMark(elbow) => {
                let (qx, qy) = elbow.open_quarter();
                let open = r.centre.shifted(qx * r.width.0 / 4.0, qy * r.height.0 / 4.0);
                let quarter = Rect::around(open, r.width.0 / 2.0 - 0.1, r.height.0 / 2.0 - 0.1);
                assert_eq!(picture.extremes(&quarter), (255, 255), "the open quarter");
                (qx, qy)
            }
        };
        let row = r.centre.y.0 - qy * r.height.0 / 4.0;
        let column = r.centre.x.0 - qx * r.width.0 / 4.0;
        solid(r, row, column, "a fiducial");
    }
    if let Some(code) = layout.code {
        for (i, black) in code.cells().into_iter().enumerate() {
            let cell = code.cell(i);
            if black {
                solid(&cell, cell.centre.y.0, cell.centre.x.0, "a code cell");
            } else {
                assert_eq!(picture.extremes(&cell), (255, 255), "code cell {i}");
            }
        }
    }
    let half = PEN / 2.0;
    let mut measured = 0;
    for (field, position, target) in layout.targets() {
        let (r, what) = (&target.rect, format!("{} {} {}", field.name, position.label, target.value));
        let column = if field.shape == TargetShape::Oval { r.centre.x.0 } else { r.left() + 0.45 };
        let sides = [
            (picture.along_row(r.left() - 0.5, r.left() + 0.35, r.centre.y.0), r.left() + half),
            (picture.along_row(r.right() - 0.35, r.right() + 0.5, r.centre.y.0), r.right() - half),
            (picture.along_column(r.top() - 0.5, r.top() + 0.3, column), r.top() + half),
            (picture.along_column(r.bottom() - 0.3, r.bottom() + 0.5, column), r.bottom() - half),
        ];
        for ((ink, at), wanted) in sides {
            near(at, wanted, &what);
            // Pale ink counts a quarter of black.
            assert!(ink > 0.02 && ink < 0.25, "{what}: {ink:.3} mm of ink in its outline");
        }
        measured += 1;
    }
    assert_eq!(measured, layout.cells().cells.len());
}

#[test]
fn theory_100_is_printed_where_its_layout_says() {
    measure("theory-100");
}

#[test]
fn theory_200_is_printed_where_its_layout_says() {
    measure("theory-200");
}

#[test]
fn theory_multi_is_printed_where_its_layout_says() {
    measure("theory-multi");
}

#[test]
fn card_16k_is_printed_where_its_layout_says() {
    measure("card-16k");
}

#[test]
fn other_peoples_forms_are_printed_where_their_layout_says() {
    measure("openmcr-75");
}

#[test]
fn targets_are_pale_and_white_surrounds_what_is_read() {
    for name in ["theory-100", "card-16k"] {
        let (layout, picture) = blank(name);
        for (field, position, target) in layout.targets() {
            let (darkest, _) = picture.extremes(&target.rect);
            let what = format!("{} {} {}", field.name, position.label, target.value);
            assert!((190..=205).contains(&darkest), "{what}: luma {darkest}");
            // 0.8 mm of white on each side.
            let r = &target.rect;
            for (x0, x1) in [(r.left() - 0.79, r.left() - 0.03), (r.right() + 0.03, r.right() + 0.79)] {
                let beside = Rect::between(x0, r.top(), x1, r.bottom());
                assert_eq!(picture.extremes(&beside), (255, 255), "beside {what}");
            }
        }
        for f in &layout.fiducials {
            let r = f.rect;
            // Timing marks have their neighbours above and below.
            let reach = if f.track.is_some() { 0.0 } else { 2.95 };
            for (x0, x1) in [(r.left() - 2.95, r.left() - 0.05), (r.right() + 0.05, r.right() + 2.95)] {
                let beside = Rect::between(x0, r.top() - reach, x1, r.bottom() + reach);
                assert_eq!(picture.extremes(&beside), (255, 255), "beside the fiducial at {:?}", r.centre);
            }
        }
    }
}

/// The text of a page, a line for each run of letters.
#[derive(Default)]
struct Reader {
    lines: Vec<String>,
}

impl<'a> Device<'a> for Reader {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {
        let letters = run.glyphs().iter().filter_map(|g| match &**g {
            Glyph::Outline(g) => g.as_unicode(),
            Glyph::Type3(g) => g.as_unicode(),
        });
        self.lines.push(
            letters
                .map(|l| match l {
                    BfString::Char(c) => c.to_string(),
                    BfString::String(s) => s,
                })
                .collect(),
        );
    }
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        panic!("a card is lines and letters");
    }
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

fn lines(pdf: &[u8], page: usize) -> Vec<String> {
    let pdf = Pdf::new(pdf.to_vec()).unwrap();
    let page = &pdf.pages()[page];
    let cache = InterpreterCache::new();
    let settings = InterpreterSettings::default();
    let whole = hayro::kurbo::Rect::new(0.0, 0.0, 2000.0, 2000.0);
    let mut context = Context::new(Affine::IDENTITY, whole, &cache, page.xref(), settings);
    let mut reader = Reader::default();
    interpret_page(page, &mut context, &mut reader);
    reader.lines
}

fn face() -> CardFace {
    CardFace {
        name: Some("王㛃堃".into()),
        ticket: Some("140510001027".parse().unwrap()),
        occupation: Some("电工（四级）".into()),
        room: Some("003".into()),
        seat: Some("27".into()),
        prefill: Prefill::Empty,
    }
}

#[test]
fn the_text_of_a_card_can_be_searched() {
    let layout = shipped("theory-100").unwrap();
    let pdf = cards_pdf(&layout, &[CardFace::default(), face()]).unwrap();
    let (blank, filled) = (lines(&pdf, 0), lines(&pdf, 1));
    for wanted in [
        "职业技能等级认定理论知识考试答题卡",
        "准 考 证 号",
        "此处由监考老师填写",
        "缺考",
        "违纪",
        "试卷类型",
        "贴 条 形 码 区",
        "正确填涂",
        "错误填涂",
        "theory-100 · r1",
    ] {
        assert!(blank.iter().any(|l| l == wanted), "{wanted} is not in {blank:?}");
    }
    assert!(blank.iter().any(|l| l.contains("必须使用2B铅笔填涂，修改时用橡皮擦干净")));
    assert!(blank.iter().any(|l| l.contains("请勿折叠答题卡")));
    for item in 1..=100 {
        // Numbers below 10 are also in the twelve columns of the ticket number.
        let times = if item < 10 { 13 } else { 1 };
        assert_eq!(blank.iter().filter(|l| **l == item.to_string()).count(), times, "item {item}");
    }
    // A roster's card adds the candidate and nothing else.
    assert_eq!(&filled[..blank.len()], &blank[..]);
    let added: Vec<&str> = filled[blank.len()..].iter().map(String::as_str).collect();
    let digits = ["1", "4", "0", "5", "1", "0", "0", "0", "1", "0", "2", "7"];
    assert_eq!(added, [["王㛃堃", "电工（四级）", "003", "27"].as_slice(), &digits].concat());
}

#[test]
fn a_long_name_is_printed_whole() {
    let layout = shipped("card-16k").unwrap();
    let name = "阿卜杜热合曼·阿卜力米提·买买提";
    let pdf = cards_pdf(&layout, &[CardFace { name: Some(name.into()), ..CardFace::default() }]).unwrap();
    let all = lines(&pdf, 0).concat();
    assert!(all.contains(name), "{all}");
}

#[test]
fn a_prefilled_ticket_fills_its_targets_and_no_other() {
    for name in ["theory-100", "card-16k"] {
        let layout = shipped(name).unwrap();
        let faces = [CardFace { prefill: Prefill::Ticket, ..face() }, face()];
        let pdf = cards_pdf(&layout, &faces).unwrap();
        for (page, prefilled) in [(0, true), (1, false)] {
            let picture = Picture::of(&pdf, page);
            let mut read = String::new();
            for (field, _, target) in layout.targets() {
                let inner = Rect::around(target.rect.centre, 3.9, 1.9);
                let (darkest, lightest) = picture.extremes(&inner);
                if lightest < 60 {
                    assert_eq!(field.name.as_str(), "ticket");
                    read.push_str(&target.value);
                } else {
                    assert!(darkest > 189, "{} {}", field.name, target.value);
                }
            }
            assert_eq!(read, if prefilled { "140510001027" } else { "" }, "{name}");
        }
    }
}

#[test]
fn the_same_cards_give_the_same_bytes() {
    let layout = shipped("theory-multi").unwrap();
    let faces = [face(), CardFace::default()];
    let first = cards_pdf(&layout, &faces).unwrap();
    assert!(first == cards_pdf(&layout, &faces).unwrap());
    let text = String::from_utf8_lossy(&first);
    assert!(!text.contains("CreationDate") && !text.contains("CreateDate"), "the clock is in the file");
}

#[test]
fn ticket_numbers_that_do_not_fit_are_refused() {
    let layout = shipped("theory-100").unwrap();
    let with = |ticket: &str| [CardFace::default(), CardFace { ticket: ticket.parse().ok(), ..face() }];
    for ticket in ["12345678901", "1234567890123", "12345678901X"] {
        let error = cards_pdf(&layout, &with(ticket)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("card 2: ticket number {ticket} does not fit the 12 columns of theory-100")
        );
        assert!(error.hint().contains("as many ticket columns"));
    }
    assert!(matches!(cards_pdf(&layout, &[]), Err(DrawError::NoCards)));
    let other = shipped("openmcr-75").unwrap();
    let asked = CardFace { prefill: Prefill::Ticket, ..face() };
    assert!(matches!(cards_pdf(&other, &[asked]), Err(DrawError::NoTicket { card: 1, .. })));
    assert!(cards_pdf(&other, &[face()]).is_ok());
}

#[test]
fn characters_without_a_glyph_are_told_beforehand() {
    let faces = [face(), CardFace { name: Some("李\u{E863}四".into()), ..CardFace::default() }];
    let found = lacking(&faces);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].card, found[0].what, found[0].character), (2, "name", '\u{E863}'));
}

#[test]
fn neighbouring_targets_leave_room_for_a_mark_over_the_edge() {
    for name in ["theory-100", "theory-200", "theory-multi", "card-16k"] {
        let layout = shipped(name).unwrap();
        let rects: Vec<_> = layout.targets().map(|(_, _, t)| t.rect).collect();
        for (i, a) in rects.iter().enumerate() {
            for b in &rects[..i] {
                let across = (a.centre.x.0 - b.centre.x.0).abs() - f64::midpoint(a.width.0, b.width.0);
                let down = (a.centre.y.0 - b.centre.y.0).abs() - f64::midpoint(a.height.0, b.height.0);
                assert!(across > 1.4 || down > 1.6, "{name}: {:?} and {:?}", a.centre, b.centre);
            }
        }
    }
}

#[test]
fn rows_of_the_16k_card_lie_level_with_timing_marks() {
    let layout = shipped("card-16k").unwrap();
    let marks: Vec<f64> =
        layout.fiducials.iter().filter(|f| f.track.is_some()).map(|f| f.rect.centre.y.0).collect();
    assert_eq!(marks.len(), 44);
    for (field, position, target) in layout.targets() {
        let level = marks.iter().any(|y| (y - target.rect.centre.y.0).abs() < 0.001);
        assert!(level, "{} {} {}", field.name, position.label, target.value);
    }
}
