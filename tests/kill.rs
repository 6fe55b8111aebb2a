//! A scan is killed again and again; nothing is lost and nothing doubled.
//!
//! Two hundred kills by default: most of them of a small batch, where one costs half a second, the others of one that has files
//! larger than what is held in memory. `DUKA_KILLS=200 cargo test --release --test kill` kills the large one so many times, and
//! `DUKA_KILL_SEED` makes another campaign.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Desk;
use common::batch::{cards, duka, files_in, tiff};
use duka::sheet::Sha256;
use duka::store::Store;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::{Duration, Instant};

/// A batch: how many pages its two long files have, and how many of its files are no pictures.
struct Size {
    many: usize,
    larger: usize,
    nothing: usize,
    /// Kills of the campaign, and of one batch before it is left to end.
    kills: u32,
    kills_a_batch: u32,
}

/// Pages of a file that are held in memory, and recorded together.
const HELD: usize = 100;

/// The larger file is more than is held in memory.
const LARGE: Size = Size { many: 230, larger: 290, nothing: 120, kills: 25, kills_a_batch: 5 };
const SMALL: Size = Size { many: 20, larger: 25, nothing: 20, kills: 175, kills_a_batch: 7 };

/// A scanner's folder: single cards, the same card twice, files of many pages, a damaged one, and files that are no pictures.
fn fill(folder: &Path, size: &Size) {
    let cards = cards(12);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    for (n, card) in cards.iter().enumerate() {
        write(&format!("03/{n:02}.png"), card);
    }
    write("03/again.png", &cards[3]);
    write("01/many.tif", &tiff(&cards[..7], size.many));
    write("02/large.tif", &tiff(&cards[2..], size.larger));
    write("04/many again.tif", &tiff(&cards[..7], size.many));
    let cut = tiff(&cards[1..5], 30);
    write("04/cut.tif", &cut[..cut.len() / 2]);
    write("04/empty.tif", b"");
    write("04/cut.png", &cards[5][..cards[5].len() / 2]);
    write("04/no picture.jpg", b"\xff\xd8\xff and then something else");
    for n in 0..size.nothing {
        write(&format!("05/{n:03}.jpg"), format!("not a picture {n}").as_bytes());
    }
}

struct Campaign {
    input: tempfile::TempDir,
    keep: &'static str,
}

impl Campaign {
    fn scan(&self, desk: &Desk) -> std::process::Child {
        let input = self.input.path().to_str().unwrap();
        duka(desk, &["scan", input, self.keep, "--threads", "2", "--keep-going"]).spawn().unwrap()
    }

    /// Lets a scan run to its end.
    fn finish(&self, desk: &Desk) {
        let done = self.scan(desk).wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// What must be the same however often the scan was killed.
    fn outcome(&self, desk: &Desk) -> (String, u64, Vec<String>) {
        let verified = duka(desk, &["verify", "--originals"]).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert_eq!(verified.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&verified.stdout));
        let store = Store::open(&desk.path("duka.db")).unwrap();
        assert_eq!(store.unfinished().unwrap(), []);
        let mut names: Vec<String> = Vec::new();
        for (image, _) in store.files().unwrap() {
            names.extend(store.paths(&image).unwrap());
            if let Some(copy) = store.original(&image).unwrap() {
                let bytes = desk.read(&format!("scans/originals/{copy}"));
                assert_eq!(Sha256::of(&bytes), image);
            }
        }
        names.sort();
        let copies = files_in(&desk.path("scans/originals")).len();
        assert_eq!(copies, if self.keep == "--copy" { store.files().unwrap().len() } else { 0 });
        let spooled = std::fs::read_dir(desk.folder()).unwrap();
        let spooled =
            spooled.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".duka"));
        assert_eq!(spooled.count(), 0);
        (store.canonical_export().unwrap(), store.counts().unwrap().fed, names)
    }
}

fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn a_scan_that_is_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    kill(&LARGE, setting("DUKA_KILLS", LARGE.kills));
}

#[test]
fn a_small_scan_that_is_killed_often_loses_nothing_and_doubles_nothing() {
    kill(&SMALL, SMALL.kills);
}

fn kill(size: &Size, kills: u32) {
    let seed = setting("DUKA_KILL_SEED", 1);
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed));
    let mut campaign = Campaign { input: tempfile::tempdir().unwrap(), keep: "--copy" };
    fill(campaign.input.path(), size);

    let desk = Desk::new();
    let started = Instant::now();
    campaign.finish(&desk);
    let whole = started.elapsed();
    let expected = campaign.outcome(&desk);
    // Twelve single cards, three files of many pages, four broken files, and those of nothing.
    let whole_pages = 12 + size.many + size.larger + 3 + size.nothing;
    assert_eq!(expected.1, whole_pages as u64 + pages_of_cut(&expected.0));

    let (mut killed, mut inside, mut batches) = (0, 0, 0);
    while killed < kills {
        let desk = Desk::new();
        campaign.keep = if batches % 3 == 2 { "--no-copy" } else { "--copy" };
        for _ in 0..size.kills_a_batch.min(kills - killed) {
            let mut child = campaign.scan(&desk);
            let after = rng.random_range(0..u64::try_from(whole.as_micros()).unwrap());
            std::thread::sleep(Duration::from_micros(after));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            killed += 1;
            // A record that was opened half-way through a file is what the campaign is about.
            if let (None, Ok(store)) = (status.code(), Store::open(&desk.path("duka.db"))) {
                inside += u32::from(!store.unfinished().unwrap().is_empty());
                store.verify_rows().unwrap();
                store.counts().unwrap();
            }
        }
        campaign.finish(&desk);
        let (export, fed, names) = campaign.outcome(&desk);
        assert_eq!((fed, &names), (expected.1, &expected.2), "batch {batches}, seed {seed}");
        assert!(export == expected.0, "batch {batches}, seed {seed}: the record differs");
        batches += 1;
    }
    println!(
        "{killed} kills over {batches} batches, {inside} of them inside of a file; a batch takes {whole:?}"
    );
    // What is held in memory is recorded at once: only the larger of the large batch's files has an inside.
    assert!(inside > 0 || size.larger <= HELD, "no kill hit the inside of a file: the campaign is too weak");
}

/// How many pages of the file that is cut off came in, by what the record says of it.
fn pages_of_cut(export: &str) -> u64 {
    let cut = tiff(&cards(12)[1..5], 30);
    let image = Sha256::of(&cut[..cut.len() / 2]).to_string();
    let pages = export.lines().filter(|line| line.contains(&image)).count();
    assert!(pages > 1, "the pages before the cut are there");
    pages as u64
}
