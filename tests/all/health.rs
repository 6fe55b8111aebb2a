//! How the scanner is over a run: what is told, what stops it, what the record keeps.

use crate::common::Desk;
use assert_cmd::Command;
use duka::batch::{BatchError, Monitor, OnTrouble, Told, vitals};
use duka::layout::draw::CardFace;
use duka::layout::{Layout, shipped};
use duka::session::{Session, SessionError, engine};
use duka::simulate::{Answers, Care, Format, Person, Print, Scanner, sample};
use duka::source::decode;
use duka::store::{HealthEvent, Severity, Store, Trouble, Vitals};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::Path;
use std::sync::OnceLock;

fn blank() -> &'static (Layout, Print) {
    static MADE: OnceLock<(Layout, Print)> = OnceLock::new();
    MADE.get_or_init(|| {
        let layout = shipped("theory-100").unwrap();
        let print = Print::of(&layout, &CardFace::default()).unwrap();
        (layout, print)
    })
}

/// Sheet `n` of a run, scanned by `scanner`.
fn scanned(n: u64, scanner: &Scanner) -> Vec<u8> {
    let (layout, print) = blank();
    let mut rng = ChaCha8Rng::seed_from_u64(n);
    let person =
        Person { ticket: format!("261410{n:06}").parse().ok(), form: "A".parse().ok(), flags: Vec::new() };
    let answers = Answers::random(layout, &person, 0.02, &mut rng);
    sample(layout, print, &answers, Care::Careful, scanner, &mut rng).unwrap().bytes
}

/// A scanner that is well: sheets lean and wander a little, as a feeder draws them.
fn feeder(n: u64) -> Scanner {
    let mut rng = ChaCha8Rng::seed_from_u64(n + 5000);
    Scanner {
        dpi: 100.0,
        lean_deg: rng.random_range(-1.0..1.0),
        shift_mm: (rng.random_range(-1.5..1.5), rng.random_range(-1.5..1.5)),
        stretch: rng.random_range(0.998..1.002),
        paper: rng.random_range(235..=245),
        noise: 3.0,
        format: Format::Jpeg(80),
        ..Scanner::clean()
    }
}

/// A session whose folder has `pages` scans, each from the scanner that `scanner` gives.
fn desk(pages: u64, scanner: impl Fn(u64) -> Scanner + Sync) -> Desk {
    let desk = Desk::new();
    let made: Vec<Vec<u8>> = (0..pages).into_par_iter().map(|n| scanned(n, &scanner(n))).collect();
    for (n, bytes) in made.iter().enumerate() {
        desk.write(&format!("scans/{n:03}.jpg"), bytes);
    }
    desk
}

fn dusty(n: u64) -> Scanner {
    Scanner { streak: (n >= 20).then_some((87.0, 60)), ..feeder(n) }
}

/// Scans the desk's folder; gives what was told and how it ended.
fn scan(
    session: &mut Session,
    folder: &Path,
    on: OnTrouble,
) -> (Vec<HealthEvent>, Result<usize, SessionError>) {
    let mut told = Vec::new();
    let outcome = session.scan_watched(&[folder.to_owned()], on, &mut |t| {
        if let Told::Health(event) = t {
            told.push(event.clone());
        }
    });
    (told, outcome.map(|s| s.summary.read))
}

fn short(events: &[HealthEvent]) -> Vec<(&str, Severity, &str, &str)> {
    events.iter().map(|e| (e.trouble.kind(), e.severity, e.since.file.as_str(), e.at.file.as_str())).collect()
}

fn store(desk: &Desk) -> Store {
    Store::open(&desk.path("duka.db")).unwrap()
}

#[test]
fn two_hundred_sheets_of_an_office_warn_of_nothing() {
    let (layout, _) = blank();
    let pages: Vec<Vitals> = (0..200u64)
        .into_par_iter()
        .map(|n| {
            let mut rng = ChaCha8Rng::seed_from_u64(n + 9000);
            let scanner = Scanner { dpi: 150.0, ..Scanner::office(&mut rng) };
            look(layout, &scanned(n, &scanner))
        })
        .collect();
    let mut monitor = Monitor::default();
    for (n, page) in pages.iter().enumerate() {
        assert_eq!(monitor.page(&format!("scans/{n:03}.jpg"), page), [], "sheet {n}");
    }
    // They are not quiet because nothing is measured.
    assert!(pages.iter().filter(|p| p.placed.as_ref().is_some_and(|p| p.contrast > Some(80))).count() > 190);
}

fn look(layout: &Layout, bytes: &[u8]) -> Vitals {
    let page = decode(bytes).next().unwrap().1.unwrap();
    match duka::register_as(&page, layout) {
        Ok(registration) => vitals(&page, Some((&registration, layout)), &engine()),
        Err(_) => vitals(&page, None, &engine()),
    }
}

#[test]
fn vitals_say_what_the_scanner_did() {
    let (layout, _) = blank();
    let clean = look(layout, &scanned(1, &Scanner::clean()));
    let placed = clean.placed.clone().unwrap();
    assert!(clean.across_px_per_m.abs_diff(7874) < 10 && placed.along_px_per_m.abs_diff(7874) < 10);
    assert!(placed.paper.abs_diff(245) < 3 && placed.contrast.unwrap() > 210, "{placed:?}");
    assert_eq!((placed.missing, clean.streaks.len()), (0, 0));
    let drawn_out = look(layout, &scanned(1, &Scanner { stretch: 1.02, ..Scanner::clean() }));
    let along = drawn_out.placed.unwrap().along_px_per_m;
    assert!(along.abs_diff(8031) < 12, "{along}");
    // Whichever way up, the line is where it is in the picture; deep and shallow, leaning or not.
    for (lean, upside_down, place, depth) in
        [(0.0, false, 60.0, 40), (2.5, false, 60.0, 40), (-1.0, true, 120.5, 25), (0.4, true, 180.0, 120)]
    {
        let scanner = Scanner {
            lean_deg: lean,
            upside_down,
            noise: 4.0,
            streak: Some((place, depth)),
            ..Scanner::clean()
        };
        let seen = look(layout, &scanned(3, &scanner)).streaks;
        assert_eq!(seen.len(), 1, "{scanner:?}: {seen:?}");
        let at = f64::from(seen[0].at) / 10_000.0 * 210.0;
        assert!((at - place).abs() < 0.4 && seen[0].depth.abs_diff(depth) < 12, "{scanner:?}: {seen:?}");
    }
}

#[test]
fn a_healthy_run_says_nothing_and_keeps_the_vitals() {
    let desk = desk(24, feeder);
    let mut session = desk.open();
    let (told, read) = scan(&mut session, &desk.path("scans"), OnTrouble::Stop);
    assert_eq!((short(&told), read.unwrap()), (vec![], 24));
    let store = store(&desk);
    assert_eq!(store.vitals().unwrap().len(), 24);
    assert_eq!(store.health_events().unwrap(), []);
    store.verify_journal().unwrap();
    store.verify_rows().unwrap();
}

#[test]
fn dust_is_told_within_four_sheets_and_stops_the_run_at_the_twelfth() {
    let desk = desk(60, dusty);
    let mut session = desk.open();
    let (told, outcome) = scan(&mut session, &desk.path("scans"), OnTrouble::Stop);
    let expected = [
        ("streak", Severity::Warning, "scans/020.jpg", "scans/023.jpg"),
        ("streak", Severity::Limit, "scans/020.jpg", "scans/031.jpg"),
    ];
    assert_eq!(short(&told), expected);
    let Err(SessionError::Batch(error @ BatchError::Unwell { .. })) = outcome else { panic!("{outcome:?}") };
    assert!(error.to_string().starts_with("stopped at scans/031.jpg: a dark line along the feed, 87 mm"));
    assert!(error.hint().contains("--keep-going"));
    // Everything up to the sheet that showed it, and nothing after it.
    assert_eq!(session.status().unwrap().counts.fed, 32);
    assert_eq!(short(&session.status().unwrap().health), expected);
    let entries = store(&desk).journal().unwrap();
    assert_eq!(entries.iter().filter(|e| e.kind == "health").count(), 2);

    // Going on takes the rest, tells the same again and records it once.
    let (again, read) = scan(&mut session, &desk.path("scans"), OnTrouble::GoOn);
    assert_eq!((short(&again), read.unwrap()), (expected.to_vec(), 28));
    assert_eq!(short(&session.status().unwrap().health), expected);
    let store = store(&desk);
    assert_eq!(store.vitals().unwrap().len(), 60);
    store.verify_journal().unwrap();
    store.verify_rows().unwrap();
}

#[test]
fn after_cleaning_the_run_goes_on_by_itself() {
    let desk = desk(60, |n| if n < 32 { dusty(n) } else { feeder(n) });
    let mut session = desk.open();
    let (_, stopped) = scan(&mut session, &desk.path("scans"), OnTrouble::Stop);
    assert!(stopped.is_err());
    let (_, read) = scan(&mut session, &desk.path("scans"), OnTrouble::Stop);
    assert_eq!(read.unwrap(), 28);
}

#[test]
fn a_run_that_was_cut_short_and_resumed_tells_and_keeps_the_same_with_any_number_of_threads() {
    let desk = desk(40, dusty);
    let whole = |threads: usize, first: usize| {
        let fresh = Desk::new();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for n in 0..40 {
            let name = format!("scans/{n:03}.jpg");
            fresh.write(&name, desk.read(&name));
        }
        let mut session = fresh.open();
        let told = pool.install(|| {
            if first > 0 {
                // What a killed run leaves behind: the first files, whole.
                let some: Vec<_> = (0..first).map(|n| fresh.path(&format!("scans/{n:03}.jpg"))).collect();
                session.scan_watched(&some, OnTrouble::GoOn, &mut |_| {}).unwrap();
            }
            scan(&mut session, &fresh.path("scans"), OnTrouble::GoOn).0
        });
        let store = store(&fresh);
        (told, store.health_events().unwrap(), store.vitals().unwrap(), store.canonical_export().unwrap())
    };
    let reference = whole(1, 0);
    assert_eq!(reference.0.len(), 2);
    assert!(whole(4, 0) == reference, "four threads");
    assert!(whole(3, 22) == reference, "cut before it was told");
    assert!(whole(3, 26) == reference, "cut after it was told");
}

#[test]
fn drifting_scale_and_brightness_are_told() {
    let share = |n: u64| n.saturating_sub(12) as f64 / 28.0;
    let kinds = |scanner: &(dyn Fn(u64) -> Scanner + Sync)| {
        let desk = desk(40, scanner);
        let (told, outcome) = scan(&mut desk.open(), &desk.path("scans"), OnTrouble::Stop);
        outcome.unwrap();
        told.iter().map(|e| e.trouble.kind()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&|n| Scanner { stretch: 1.0 + 0.028 * share(n), ..feeder(n) }), ["stretch"]);
    let dimmer = |n: u64| 240 - u8::try_from(2 * n.saturating_sub(12)).unwrap();
    assert_eq!(kinds(&|n| Scanner { paper: dimmer(n), ..feeder(n) }), ["paper"]);
}

#[test]
fn the_command_line_tells_stops_and_goes_on() {
    let desk = desk(36, dusty);
    let duka = |args: &[&str]| {
        let output = Command::cargo_bin("duka")
            .unwrap()
            .arg("--session")
            .arg(desk.folder())
            .args(args)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let scans = desk.path("scans").display().to_string();
    let (code, out, err) = duka(&["scan", &scans]);
    assert_eq!(code, 2, "{err}");
    assert!(out.contains("fed 32 pages of 32 files = 32 read"), "{out}");
    let lines: Vec<&str> = err.lines().collect();
    assert!(
        lines[0].starts_with("warning: since scans/020.jpg: a dark line along the feed, 87 mm")
            && lines[0].contains("clean the scanner's glass"),
        "{err}"
    );
    assert!(
        err.contains("error: stopped at scans/031.jpg") && err.contains("hint: clean the scanner's glass"),
        "{err}"
    );

    let (code, out, _) = duka(&["scan", &scans, "--keep-going"]);
    assert_eq!(code, 1);
    assert!(out.contains("fed 36 pages of 36 files = 4 read + 0 set aside + 32 known already"), "{out}");
    let (_, out, _) = duka(&["status"]);
    assert!(out.contains("scanner: since scans/020.jpg: a dark line"), "{out}");
    let (_, out, _) = duka(&["status", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["scanner"][0]["trouble"]["kind"], "streak");
    assert_eq!(value["scanner"][1]["severity"], "limit");
    assert_eq!(duka(&["verify"]).0, 0);
}

#[test]
fn pages_of_no_card_are_followed_too() {
    // A line through the corner squares: no sheet is found, but the line is.
    let desk =
        desk(20, |n| Scanner { lean_deg: 0.0, shift_mm: (0.0, 0.0), streak: Some((100.0, 90)), ..feeder(n) });
    // A roster's layout that these cards don't have: everything is set aside.
    let card = shipped("card-16k").unwrap();
    let mut monitor = Monitor::default();
    let mut told = Vec::new();
    for n in 0..20 {
        let page = look(&card, &desk.read(&format!("scans/{n:03}.jpg")));
        assert_eq!(page.placed, None);
        told.extend(monitor.page(&format!("scans/{n:03}.jpg"), &page));
    }
    assert!(matches!(told[0].trouble, Trouble::Streak { at: 980..=1020, .. }), "{told:?}");
}
