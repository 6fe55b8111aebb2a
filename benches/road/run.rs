//! The tables in one run.
//!
//! Every figure is the median of interleaved rounds, and every ratio is to decoding the same files in the same run:
//! machines differ and drift, ratios less so.

use crate::files::{self, Kind};
use crate::{memory, stages};
use duka::batch::{Reader, scan};
use duka::layout::draw::CardFace;
use duka::layout::{Layout, shipped};
use duka::session::engine;
use duka::simulate::Print;
use duka::store::Store;
use duka::{decode, register_as, which_layout};
use rayon::prelude::*;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Pages of each kind, and rounds over them. An odd number of rounds has a median that was measured.
const PAGES: u64 = 8;
const ROUNDS: usize = 11;

/// Pages that are tried as one layout and as one of many.
const SOME: usize = 8;

/// Pages of the batch that is written to a store, and rounds over it.
const BATCH: u64 = 100;
const BATCHES: usize = 3;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Decodes one JPEG to gray by another library; how many levels came of it.
pub type Floor<'f> = Option<&'f (dyn Fn(&[u8]) -> usize + Sync)>;

/// Milliseconds that `work` takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64() * 1e3
}

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// All tables; or, when the program was started as one of its own measurements, that one.
pub fn run(floor: Floor<'_>) -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == memory::CHILD) {
        return memory::child(args.get(at + 1).ok_or("no folder")?, args.get(at + 2).ok_or("no store")?);
    }
    let long = args.iter().any(|arg| arg == "--long");
    let layout = shipped("theory-100")?;
    let blank = Print::of(&layout, &CardFace::default())?;
    println!(
        "theory-100, A4; milliseconds a page on one thread, median of {ROUNDS} rounds over {PAGES} pages"
    );
    stages::heading();
    for dpi in [200.0, 300.0] {
        for kind in Kind::ALL {
            let scans = files::scans(&layout, &blank, dpi, kind, PAGES)?;
            stages::measure(kind, dpi, &layout, &scans, ROUNDS, floor)?;
        }
    }
    let folder = tempfile::tempdir()?;
    let scans = files::scans(&layout, &blank, 200.0, Kind::JpegGray, BATCH)?;
    println!();
    one_of_many(&layout, &scans[..SOME])?;
    let paths = write(folder.path(), &scans)?;
    for workers in [1, 2] {
        batch(&layout, folder.path(), &paths, workers, floor)?;
    }
    program(&paths, floor);
    memory::measure(&layout, &blank, long)
}

/// What it costs that a page may have any of the layouts that the project ships.
fn one_of_many(layout: &Layout, scans: &[files::Scan]) -> Outcome<()> {
    let others: Result<Vec<_>, _> =
        ["theory-200", "theory-multi", "card-16k", "theory-100"].iter().map(|name| shipped(name)).collect();
    let others = others?;
    let all: Vec<&Layout> = others.iter().collect();
    let pages: Vec<_> = scans.iter().filter_map(|s| decode(&s.file).next()?.1.ok()).collect();
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(timed(|| pages.iter().filter(|p| register_as(p, layout).is_ok()).count()));
        times[1].push(timed(|| pages.iter().filter(|p| which_layout(p, &all).is_ok()).count()));
    }
    let [one, many] = times.map(|t| median(t) / pages.len() as f64);
    println!(
        "registering JPEG gray 200: {one:.2} ms as the one layout, {many:.2} ms as the last of {}",
        all.len()
    );
    Ok(())
}

fn write(folder: &Path, scans: &[files::Scan]) -> Outcome<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for (number, scan) in scans.iter().enumerate() {
        paths.push(folder.join(format!("{number:03}.jpg")));
        std::fs::write(&paths[number], &scan.file)?;
    }
    Ok(paths)
}

/// A batch into a store, beside decoding alone on the same workers.
fn batch(layout: &Layout, folder: &Path, paths: &[PathBuf], workers: usize, floor: Floor<'_>) -> Outcome<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build()?;
    let reader = Reader { layouts: vec![layout], engine: engine() };
    let each = |work: &(dyn Fn(&[u8]) -> usize + Sync)| {
        let read = || paths.par_iter().filter_map(|p| std::fs::read(p).ok()).map(|b| work(&b)).sum::<usize>();
        timed(|| pool.install(read))
    };
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..BATCHES {
        times[0].push(each(&|bytes| decode(bytes).count()));
        times[1].push(floor.map_or(f64::NAN, &each));
        let mut store = Store::create(&folder.join(format!("{workers}-{round}.db")))?;
        let name = |path: &Path| path.display().to_string();
        let start = Instant::now();
        let summary =
            pool.install(|| scan(&mut store, paths, &reader, &name, &|| "bench".into(), &mut |_| {}))?;
        times[2].push(start.elapsed().as_secs_f64() * 1e3);
        if summary.read != paths.len() {
            println!("only {} of {} pages were read", summary.read, paths.len());
        }
    }
    let [own, other, whole] = times.map(median);
    print!(
        "scan of {} JPEG gray 200 files into a store, {workers} worker{}: {:.0} pages/s, {:.2} × decoding them",
        paths.len(),
        if workers == 1 { "" } else { "s" },
        paths.len() as f64 * 1e3 / whole,
        whole / own
    );
    println!(
        "{}",
        if other.is_nan() { String::new() } else { format!(", {:.2} × libjpeg-turbo", whole / other) }
    );
    Ok(())
}

/// `duka read` itself, started as a program, beside decoding alone.
fn program(paths: &[PathBuf], floor: Floor<'_>) {
    let Some(program) = option_env!("CARGO_BIN_EXE_duka").map(PathBuf::from).or_else(|| {
        // Of the main crate, if it was built.
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/duka");
        beside.is_file().then_some(beside)
    }) else {
        return;
    };
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..BATCHES {
        let files = || paths.iter().filter_map(|p| std::fs::read(p).ok());
        times[0].push(timed(|| files().map(|b| decode(&b).count()).sum::<usize>()));
        times[1].push(floor.map_or(f64::NAN, |f| timed(|| files().map(|b| f(&b)).sum::<usize>())));
        times[2].push(timed(|| {
            let mut read = std::process::Command::new(&program);
            read.args(["read", "--layout", "theory-100", "--threads", "1"]).args(paths).output()
        }));
    }
    let [own, other, whole] = times.map(median);
    print!(
        "`duka read --threads 1` of the same files, with its start and output: {:.2} ms a page, {:.2} × decoding",
        whole / paths.len() as f64,
        whole / own
    );
    println!(
        "{}",
        if other.is_nan() { String::new() } else { format!(", {:.2} × libjpeg-turbo", whole / other) }
    );
}
