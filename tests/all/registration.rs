//! Sheets that lie as they do on other people's desks, and forms that are found by other things than corner squares.
// Places in a picture: small and positive.

use duka::geometry::Orientation;
use duka::layout::draw::CardFace;
use duka::layout::{Frame, Layout, Measure, OrientationProof, PrintInk, Raster, TargetShape, shipped_text};
use duka::register::{Registration, register, register_as};
use duka::sheet::{RegistrationFault, Sha256, SheetId};
use duka::simulate::{Capture, Format, Manner, Print, fill};
use duka::source::{Page, decode};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A card of this layout, filled carefully, as a clean scan at 150 dpi.
fn scan(layout: &Layout, seed: u64, format: Format) -> Vec<u8> {
    let print = Print::of(layout, &CardFace::default()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let card = fill(layout, &print, Manner::Careful, &[], &mut rng);
    let capture = Capture { dpi: 150.0, format, ..Capture::clean() };
    capture.file(&card.print, &mut rng).unwrap()
}

fn page(bytes: &[u8]) -> Page {
    decode(bytes).next().unwrap().1.unwrap()
}

fn edited(name: &str, edits: &[(&str, &str)]) -> Layout {
    let mut text = shipped_text(name).unwrap().to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{name} has no {from:?}");
        text = text.replace(from, to);
    }
    Layout::parse(&text, name).unwrap_or_else(|e| panic!("{e}"))
}

/// The picture turned by a quarter, clockwise.
fn turned(page: &Page) -> Page {
    let (w, h) = (page.height, page.width);
    let pixels = (0..w * h).map(|i| page.pixels[(page.height - 1 - i % w) * page.width + i / w]).collect();
    Page::from_levels(page.sheet, w, h, pixels).unwrap()
}

/// How far, at the most, the registration puts any target from where `truth` puts it, in millimetres.
fn apart(layout: &Layout, a: &Registration, b: &Registration) -> f64 {
    let scale = b.mapping.homography().scale(layout.middle());
    let far = |at| a.mapping.apply(at).distance(b.mapping.apply(at)).0 / scale;
    layout.targets().map(|(_, _, t)| far(t.rect.centre)).fold(0.0, f64::max)
}

#[test]
fn corner_marks_may_be_rings_or_discs() {
    let squares = "shape = \"rectangle\"\nx = 12.0\ny = 12.0\nwidth = 5.0\nheight = 5.0";
    for (shape, name) in [("shape = \"disc\"", "disc"), ("shape = \"ring\"\nhole = 0.5", "ring")] {
        let text = shipped_text("theory-100").unwrap();
        let from = text.match_indices("width = 5.0\nheight = 5.0").count();
        assert!(from >= 4, "{squares}");
        let mut out = String::new();
        for table in text.split_inclusive("\n\n") {
            let corner = table.contains("[[fiducial]]") && table.contains("height = 5.0");
            out.push_str(&if corner {
                table.replace("shape = \"rectangle\"", shape)
            } else {
                table.to_owned()
            });
        }
        let layout = Layout::parse(&out, name).unwrap_or_else(|e| panic!("{e}"));
        let own = page(&scan(&layout, 1, Format::Png));
        let registration = register_as(&own, &layout).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(registration.fiducials.iter().all(Option::is_some), "{name}");
        assert!(registration.residual.0 < 0.2, "{name} {:?}", registration.residual);
    }
}

#[test]
fn every_quarter_turn_is_found_and_a_mirrored_sheet_is_refused() {
    let layout = edited("theory-100", &[]);
    let upright = page(&scan(&layout, 2, Format::Png));
    let mut picture = page(&scan(&layout, 2, Format::Png));
    for orientation in
        [Orientation::Upright, Orientation::Turned90, Orientation::UpsideDown, Orientation::Turned270]
    {
        let registration = register_as(&picture, &layout).unwrap();
        assert_eq!(registration.orientation, orientation);
        picture = turned(&picture);
    }
    let (w, h) = (upright.width, upright.height);
    let mirrored = (0..w * h).map(|i| upright.pixels[i / w * w + w - 1 - i % w]).collect();
    let mirrored = Page::from_levels(upright.sheet, w, h, mirrored).unwrap();
    assert!(register(&mirrored, &layout).is_err());
}

/// The JPEG with an EXIF block that says this orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b'E',
        b'x',
        b'i',
        b'f',
        0,
        0,
        b'M',
        b'M',
        0,
        42,
        0,
        0,
        0,
        8,
        0,
        1,
        1,
        18,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let length = (tiff.len() + 2) as u16;
    let mut out = jpeg[..2].to_vec();
    out.extend([0xFF, 0xE1]);
    out.extend(length.to_be_bytes());
    out.extend(tiff);
    out.extend(&jpeg[2..]);
    out
}

#[test]
fn an_orientation_tag_changes_nothing_whether_it_is_true_or_stale() {
    let layout = edited("theory-100", &[]);
    let jpeg = scan(&layout, 3, Format::Jpeg(85));
    let plain = register_as(&page(&jpeg), &layout).unwrap();
    for tag in [1, 3, 6, 8] {
        let tagged = register_as(&page(&with_orientation(&jpeg, tag)), &layout).unwrap();
        assert_eq!(tagged, plain, "tag {tag}");
    }
}

#[test]
fn another_edition_with_a_block_moved_is_refused() {
    // The same fiducials and code, but the items begin a row lower: what is read would be the row above.
    let text = shipped_text("theory-100").unwrap();
    let first = text.find("[[items]]").unwrap();
    let (head, items) = text.split_at(first);
    let line = items.lines().find(|l| l.starts_with("y = ")).unwrap();
    let y: f64 = line[4..].trim().parse().unwrap();
    for moved in [2.6, -2.6] {
        let other = format!("{head}{}", items.replacen(line, &format!("y = {:.2}", y + moved), 1));
        let print_at = other.find("[print]").unwrap();
        let read_as = Layout::parse(&other[..print_at], "moved").unwrap_or_else(|e| panic!("{e}"));
        let printed = edited("theory-100", &[]);
        let fault = register(&page(&scan(&printed, 4, Format::Png)), &read_as).unwrap_err();
        let refused = matches!(
            fault,
            RegistrationFault::Unproved { .. } | RegistrationFault::Torn | RegistrationFault::Residual { .. }
        );
        assert!(refused, "{fault}");
    }
}

/// `layout` with one field's targets, or all of them, moved by whole steps from one position to the next and from one target to the next.
fn moved(layout: &Layout, only: Option<usize>, positions: f64, targets: f64) -> Layout {
    let mut moved = layout.clone();
    for (index, field) in moved.fields.iter_mut().enumerate() {
        if only.is_some_and(|only| only != index) || field.positions.len() < 4 {
            continue;
        }
        let at = |p: usize, t: usize| field.positions[p].targets[t].rect.centre;
        let (from, next, beside) = (at(0, 0), at(1, 0), at(0, 1));
        let dx = positions * (next.x.0 - from.x.0) + targets * (beside.x.0 - from.x.0);
        let dy = positions * (next.y.0 - from.y.0) + targets * (beside.y.0 - from.y.0);
        for target in field.positions.iter_mut().flat_map(|p| &mut p.targets) {
            target.rect.centre = (target.rect.centre.x.0 + dx, target.rect.centre.y.0 + dy).into();
        }
    }
    moved
}

#[test]
fn another_edition_a_whole_row_or_column_further_on_is_refused() {
    for name in ["theory-100", "theory-200", "theory-multi", "card-16k"] {
        let printed = edited(name, &[]);
        let scan = page(&scan(&printed, 6, Format::Png));
        assert!(register(&scan, &printed).is_ok(), "{name}");
        let longest = (0..printed.fields.len()).max_by_key(|&i| printed.fields[i].positions.len()).unwrap();
        for only in [None, Some(longest), Some(0)] {
            for (positions, targets) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                let read_as = moved(&printed, only, positions, targets);
                let read = register_as(&scan, &read_as);
                assert!(read.is_err(), "{name}, {only:?} moved by {positions}, {targets}");
            }
        }
    }
}

#[test]
fn a_sheet_from_which_a_row_is_cut_is_refused() {
    let layout = edited("theory-100", &[]);
    let whole = page(&scan(&layout, 5, Format::Png));
    let (w, h) = (whole.width, whole.height);
    for (at, millimetres) in [(0.45, 5.5), (0.6, 7.0)] {
        let row = (h as f64 * at) as usize;
        let lost = (millimetres * 150.0 / 25.4) as usize;
        let mut pixels = whole.pixels[..row * w].to_vec();
        pixels.extend(&whole.pixels[(row + lost) * w..]);
        pixels.resize(w * h, 250);
        let slipped = Page::from_levels(whole.sheet, w, h, pixels).unwrap();
        let read = register_as(&slipped, &layout);
        assert!(read.is_err(), "{millimetres} mm at {at}: {:?}", read.map(|r| r.proof));
    }
}

/// `layout` as a form of which only the blank picture, or that it fills the picture, is known.
fn nominal(layout: &Layout, frame: Frame) -> Layout {
    let mut out = layout.clone();
    out.measure = Measure::Nominal;
    out.frame = frame;
    out.fiducials.clear();
    out.code = None;
    out.orientation = OrientationProof::Assumed;
    out.print_ink = PrintInk::Dark;
    for field in &mut out.fields {
        field.shape = TargetShape::Unknown;
    }
    out
}

#[test]
fn a_form_known_by_its_blank_picture_is_found_however_it_lies() {
    let layout = edited("theory-100", &[("page = {", "print_ink = \"dark\"\npage = {")]);
    let print = Print::of(&layout, &CardFace::default()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let capture = Capture { dpi: 85.0, ..Capture::clean() };
    let (w, h, levels) = capture.levels(&print, &mut rng);
    let form = nominal(&layout, Frame::Form(Raster::new(w, h, levels).unwrap()));
    let filled = page(&scan(&layout, 6, Format::Png));
    for picture in [turned(&filled), filled] {
        let truth = register_as(&picture, &layout).unwrap();
        let registration = register(&picture, &form).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(registration.orientation, truth.orientation);
        let off = apart(&layout, &registration, &truth);
        assert!(off < 0.6, "{off}");
    }
    let other = edited("theory-200", &[]);
    assert!(register(&page(&scan(&other, 6, Format::Png)), &form).is_err());
}

#[test]
fn a_form_that_fills_the_picture_is_found_upside_down_and_another_is_refused() {
    let layout = edited("openmcr-75", &[]);
    let form = nominal(&layout, Frame::Picture);
    let filled = page(&scan(&layout, 7, Format::Png));
    let upside_down = turned(&turned(&filled));
    for picture in [filled, upside_down] {
        let truth = register_as(&picture, &layout).unwrap();
        let registration = register(&picture, &form).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(registration.orientation, truth.orientation);
        let off = apart(&layout, &registration, &truth);
        assert!(off < 0.6, "{off}");
    }
    for name in ["theory-200", "card-16k"] {
        let other = edited(name, &[]);
        assert!(register(&page(&scan(&other, 7, Format::Png)), &form).is_err(), "{name}");
    }
    let sheet = SheetId { image: Sha256::of(b"white"), page: 1 };
    let white = Page::from_levels(sheet, 1240, 1754, vec![250; 1240 * 1754]).unwrap();
    assert_eq!(register(&white, &form).unwrap_err(), RegistrationFault::BlankPage);
}
