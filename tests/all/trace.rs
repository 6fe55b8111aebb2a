//! Pictures of what was seen: `duka read --trace` and `duka show`.
// A test looks at an error at once.

use crate::common::{Desk, card, ticket};
use assert_cmd::Command;
use duka::session::SessionError;
use duka::source::decode;
use std::path::{Path, PathBuf};

/// A picture as colours: width, height and three bytes a pixel.
fn colours(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(frame.color_type, png::ColorType::Rgb);
    (frame.width as usize, frame.height as usize, pixels)
}

/// Pixels of about this colour.
fn count(bytes: &[u8], colour: [u8; 3]) -> usize {
    let (_, _, pixels) = colours(bytes);
    pixels.chunks_exact(3).filter(|p| p.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12)).count()
}

const FILLED: [u8; 3] = [0, 114, 178];
const DOUBT: [u8; 3] = [213, 94, 0];
const MISSING: [u8; 3] = [170, 40, 130];

fn duka(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("duka").unwrap().args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn every_page_read_has_a_picture_and_reading_is_the_same_without() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, bytes) in
        [("a/1.jpg", card(1, 60).scan()), ("b/1.jpg", card(2, 60).scan()), ("c.jpg", vec![0; 9])]
    {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), bytes).unwrap();
    }
    // A picture that is no card: white with a black square.
    let mut levels = vec![250u8; 600 * 800];
    for y in 100..120 {
        levels[y * 600 + 80..][..20].fill(10);
    }
    let mut blank = Vec::new();
    let mut encoder = png::Encoder::new(&mut blank, 600, 800);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&levels).unwrap();
    std::fs::write(at("d.png"), blank).unwrap();

    let paths: Vec<String> = ["a", "b", "c.jpg", "d.png"].iter().map(|n| shown(&at(n))).collect();
    let mut args = vec!["read", "--layout", "theory-100"];
    args.extend(paths.iter().map(String::as_str));
    let plain = duka(&args);
    let seen = shown(&at("deep/seen"));
    args.extend(["--trace", &seen]);
    assert_eq!(duka(&args), plain);
    let mut names: Vec<String> =
        std::fs::read_dir(&seen).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["1.png", "1~2.png", "d.png"]);

    let read = |name: &str| std::fs::read(Path::new(&seen).join(name)).unwrap();
    let first = read("1.png");
    let (width, height, _) = colours(&first);
    assert!((1700..1900).contains(&width) && height > 2520, "{width} × {height}");
    // 113 marks, none in doubt; the legend alone has some of the other colours.
    assert!(count(&first, FILLED) > 30_000, "{}", count(&first, FILLED));
    assert!(count(&first, DOUBT) < 1500 && count(&first, MISSING) < 1500);
    assert!(count(&read("d.png"), MISSING) > 20_000);
    // The same pictures again.
    assert_eq!(duka(&args).0, plain.0);
    assert_eq!(read("1.png"), first);
}

#[test]
fn a_folder_that_cant_be_made_is_said_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("a.jpg");
    std::fs::write(&image, card(1, 60).scan()).unwrap();
    let (code, out, err) = duka(&["read", &shown(&image), "--trace", &shown(&image)]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("can't make the folder") && err.contains("hint: a file stands there"), "{err}");
}

/// A session of three cards, the third with a doubtful ticket number, and a page that is no card.
fn session() -> Desk {
    let mut unsure = card(3, 50);
    unsure.ticket = "26141040000_".into();
    let desk = Desk::with(&[card(1, 60), card(2, 55), unsure], &[4, 5, 6]);
    let scan = decode(&card(1, 1).scan()).next().unwrap().1.unwrap();
    let mut bytes = Vec::new();
    let (width, height) = (u32::try_from(scan.width).unwrap(), u32::try_from(scan.height).unwrap());
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut levels = scan.pixels;
    // The corner squares and the bars at the left are cut away.
    for row in levels.chunks_exact_mut(scan.width) {
        row[..scan.width / 9].fill(245);
    }
    encoder.write_header().unwrap().write_image_data(&levels).unwrap();
    desk.write("scans/cut.png", bytes);
    crate::common::scan(&mut desk.open(), &desk.path("scans"));
    desk
}

#[test]
fn a_sheet_is_shown_by_hash_ticket_or_file() {
    let desk = session();
    let session = desk.open();
    let show = |name: &str| session.show(name, None, None);
    let by_file = show("scans/01.jpg").unwrap();
    assert_eq!(show("01.jpg").unwrap(), by_file);
    assert_eq!(show("01.jpg:1").unwrap(), by_file);
    assert_eq!(show(ticket(1).as_str()).unwrap(), by_file);
    let hash = by_file.sheet.image.to_string();
    assert_eq!(show(&hash[..12]).unwrap(), by_file);
    assert_eq!(show(&by_file.sheet.to_string()).unwrap(), by_file);
    assert!(by_file.unread.is_none() && by_file.source == "scans/01.jpg");
    // What is held is emphasised.
    let held = show("03.jpg").unwrap();
    assert!(count(&held.png, DOUBT) > count(&by_file.png, DOUBT) + 4000);
    // A page that was not read is shown with its reason.
    let cut = show("cut.png").unwrap();
    assert!(cut.unread.as_deref().is_some_and(|reason| !reason.is_empty()));
    assert!(count(&cut.png, MISSING) > 20_000);

    let item = session.show("01.jpg", None, Some(&"17".parse().unwrap())).unwrap();
    let field = session.show("01.jpg", Some(&"ticket".parse().unwrap()), None).unwrap();
    let ((w, h, _), (fw, fh, _)) = (colours(&item.png), colours(&field.png));
    assert!(w > 300 && h < 400 && fw > 600 && fh > 400, "{w} × {h}, {fw} × {fh}");
    assert!(count(&item.png, FILLED) > 200 && count(&field.png, FILLED) > 5000);
}

#[test]
fn a_name_that_is_none_or_many_and_a_lost_file_are_said() {
    let desk = session();
    let session = desk.open();
    let show = |name: &str| session.show(name, None, None);
    assert!(matches!(show("nobody.jpg"), Err(SessionError::NoSheet { .. })));
    assert!(matches!(show("01.jpg:2"), Err(SessionError::NoSheet { .. })));
    assert!(matches!(show("ab"), Err(SessionError::NoSheet { .. })), "two digits name nothing");
    let no_place = session.show("01.jpg", None, Some(&"101".parse().unwrap()));
    assert!(matches!(no_place, Err(SessionError::NoPlace { .. })));
    assert!(no_place.unwrap_err().to_string().contains("no field items with an item 101"));
}

#[test]
fn the_command_line_writes_the_picture_and_says_what_is_wrong() {
    let desk = session();
    let folder = shown(&desk.folder());
    let (code, out, err) = duka(&["show", "01.jpg", "--session", &folder]);
    assert_eq!(code, 0, "{err}");
    let path = PathBuf::from(out.trim().rsplit(": ").next().unwrap());
    assert!(path.starts_with(desk.path("out")) && std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
    let own = shown(&desk.path("item.png"));
    let (code, out, _) = duka(&["show", "02.jpg", "--item", "5", "-o", &own, "--session", &folder, "--json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, value["source"].as_str()), (0, Some("scans/02.jpg")));
    assert!(std::fs::read(&own).unwrap().len() > 1000);

    // The same card scanned twice: its ticket number names two sheets.
    desk.write("scans/again.jpg", card(2, 40).scan());
    crate::common::scan(&mut desk.open(), &desk.path("scans"));
    let (code, _, err) = duka(&["show", ticket(2).as_str(), "--session", &folder]);
    assert!(
        code == 2 && err.contains("2 sheets are called") && err.contains("scans/again.jpg page 1"),
        "{err}"
    );

    std::fs::rename(desk.path("scans/01.jpg"), desk.path("elsewhere.jpg")).unwrap();
    let (code, _, err) = duka(&["show", "01.jpg", "--session", &folder]);
    assert!(
        code == 2 && err.contains("scans/01.jpg is gone") && err.contains("hint: put the file back"),
        "{err}"
    );
    desk.write("scans/01.jpg", card(3, 3).scan());
    let (code, _, err) = duka(&["show", "01.jpg", "--session", &folder]);
    assert!(code == 2 && err.contains("no longer the file that was read"), "{err}");
    let (code, _, err) = duka(&["show", "nothing", "--session", &folder]);
    assert!(code == 2 && err.contains("no sheet of this session is called nothing"), "{err}");
}
