//! What a page costs: decoding alone, each stage, the whole road, and a batch with its writing.
//!
//! Every figure is the median of interleaved rounds in one run, and every ratio is to decoding the same
//! files in the same run: machines differ and drift, ratios less so. `ink` is the first reader alone, `read` both,
//! and `second` what the second one adds to the road without it. `cargo bench --bench road`.

use duka::batch::{Reader, scan};
use duka::layout::draw::CardFace;
use duka::layout::{Layout, shipped};
use duka::read::by_ink_alone;
use duka::session::engine;
use duka::simulate::{Answers, Care, Format, Person, Print, Scanner, sample};
use duka::store::Store;
use duka::{decode, read, register_as, responses};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

/// Pages of each kind, and rounds over them. An odd number of rounds has a median that was measured.
const PAGES: u64 = 8;
const ROUNDS: usize = 15;

/// Pages of the batch that is written to a store.
const BATCH: u64 = 100;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let layout = shipped("theory-100")?;
    let blank = Print::of(&layout, &CardFace::default())?;
    println!(
        "theory-100, A4, one thread, milliseconds a page (median of {ROUNDS} rounds over {PAGES} pages)"
    );
    println!(
        "{:<16} {:>8} {:>9} {:>7} {:>7} {:>8} {:>8} {:>7} {:>8}",
        "files", "decode", "register", "ink", "read", "settle", "whole", "ratio", "second"
    );
    for (name, dpi, format) in [
        ("JPEG gray 200", 200.0, Format::Jpeg(75)),
        ("JPEG gray 300", 300.0, Format::Jpeg(75)),
        ("PNG gray 200", 200.0, Format::Png),
        ("PNG 1 bit 200", 200.0, Format::BilevelPng(150)),
        ("TIFF G4 200", 200.0, Format::Group4(150)),
        ("TIFF G4 300", 300.0, Format::Group4(150)),
    ] {
        let files = files(&layout, &blank, dpi, format, PAGES)?;
        stages(name, &layout, &files);
    }
    threads(&layout, &blank)?;
    batch(&layout, &blank)
}

fn files(layout: &Layout, blank: &Print, dpi: f64, format: Format, pages: u64) -> Outcome<Vec<Vec<u8>>> {
    let made: Result<Vec<_>, _> = (0..pages)
        .into_par_iter()
        .map(|seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let person = Person {
                ticket: format!("1405100{seed:05}").parse().ok(),
                form: "A".parse().ok(),
                flags: Vec::new(),
            };
            let answers = Answers::random(layout, &person, 0.02, &mut rng);
            let scanner = Scanner { dpi, format, ..Scanner::office(&mut rng) };
            sample(layout, blank, &answers, Care::Careful, &scanner, &mut rng).map(|s| s.bytes)
        })
        .collect();
    Ok(made?)
}

/// Milliseconds that `work` takes.
fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The whole road of one file, without output; how many responses came of it.
fn whole(layout: &Layout, bytes: &[u8]) -> usize {
    let pages = decode(bytes).filter_map(|(_, page)| page.ok());
    let readings = pages.filter_map(|page| {
        let registration = register_as(&page, layout).ok()?;
        Some(read(&page, &registration, layout, &engine()))
    });
    readings.map(|reading| responses(&reading).0.items.len()).sum()
}

fn stages(name: &str, layout: &Layout, files: &[Vec<u8>]) {
    let pages: Vec<_> = files.iter().filter_map(|f| decode(f).next()?.1.ok()).collect();
    let laid: Vec<_> = pages.iter().filter_map(|p| Some((p, register_as(p, layout).ok()?))).collect();
    let readings: Vec<_> = laid.iter().map(|(page, r)| read(page, r, layout, &engine())).collect();
    let mut times: [Vec<f64>; 6] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(timed(|| files.iter().map(|f| decode(f).count()).sum::<usize>()));
        times[1].push(timed(|| pages.iter().filter(|p| register_as(p, layout).is_ok()).count()));
        times[2].push(timed(|| {
            laid.iter().map(|(p, r)| read(p, r, layout, &engine()).fields.len()).sum::<usize>()
        }));
        times[3].push(timed(|| readings.iter().map(|r| responses(r).1.len()).sum::<usize>()));
        times[4].push(timed(|| files.iter().map(|f| whole(layout, f)).sum::<usize>()));
        times[5].push(timed(|| {
            laid.iter().map(|(p, r)| by_ink_alone(p, r, layout, &engine()).fields.len()).sum::<usize>()
        }));
    }
    let [decode, register, read, settle, whole, ink] = times.map(|t| median(t) / files.len() as f64);
    let ratio = whole / decode;
    // What the second reader adds to the road that has the first one alone.
    let second = 100.0 * (read - ink) / (whole - (read - ink));
    println!(
        "{name:<16} {decode:>8.2} {register:>9.2} {ink:>7.2} {read:>7.2} {settle:>8.3} {whole:>8.2} {ratio:>6.2}× {second:>+7.1}%   ({} of {} registered)",
        laid.len(),
        files.len()
    );
}

/// Pages a second with one and two workers, and their ratio.
fn threads(layout: &Layout, blank: &Print) -> Outcome<()> {
    let files = files(layout, blank, 200.0, Format::Jpeg(75), 32)?;
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..5 {
        for (workers, times) in (1..).zip(&mut times) {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build()?;
            times.push(timed(|| pool.install(|| files.par_iter().map(|f| whole(layout, f)).sum::<usize>())));
        }
    }
    let [one, two] = times.map(|t| files.len() as f64 * 1e3 / median(t));
    println!("\nJPEG gray 200: {one:.0} pages/s with one worker, {two:.0} with two: {:.2}×", two / one);
    Ok(())
}

/// A batch into a store, beside decoding alone on the same workers.
fn batch(layout: &Layout, blank: &Print) -> Outcome<()> {
    let files = files(layout, blank, 200.0, Format::Jpeg(75), BATCH)?;
    let folder = tempfile::tempdir()?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for (number, bytes) in files.iter().enumerate() {
        paths.push(folder.path().join(format!("{number:03}.jpg")));
        std::fs::write(&paths[number], bytes)?;
    }
    let reader = Reader { layouts: vec![layout], engine: engine() };
    let mut times: [Vec<f64>; 2] = Default::default();
    for round in 0..3 {
        times[0].push(timed(|| {
            paths.par_iter().filter_map(|p| std::fs::read(p).ok()).map(|b| decode(&b).count()).sum::<usize>()
        }));
        let mut store = Store::create(&folder.path().join(format!("{round}.db")))?;
        let start = Instant::now();
        let name = |path: &std::path::Path| path.display().to_string();
        let summary = scan(&mut store, &paths, &reader, &name, &|| "bench".into(), &mut |_| {})?;
        times[1].push(start.elapsed().as_secs_f64() * 1e3);
        if summary.read != paths.len() {
            println!("only {} of {} pages were read", summary.read, paths.len());
        }
    }
    let [decoding, whole] = times.map(median);
    println!(
        "batch of {BATCH} JPEG gray 200 files, all cores, with writing: {:.0} pages/s, {:.2}× decoding alone",
        BATCH as f64 * 1e3 / whole,
        whole / decoding
    );
    Ok(())
}
