//! The most memory that a scan takes, each measured in a process of its own.

use crate::files::{self, Kind, Pdf, group4, levels};
use crate::run::Outcome;
use duka::batch::{Reader, discover, scan};
use duka::layout::{Layout, shipped};
use duka::session::engine;
use duka::simulate::Print;
use duka::store::Store;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// With this argument the program scans a folder and says what it took.
pub const CHILD: &str = "--scan-and-say";

/// Cards that differ; more pages are made of these with a number of their own.
const CARDS: u64 = 100;

/// Pages of the long files.
const LONG: usize = 5_000;

/// Scans `folder` with two workers into a new store and prints pages, seconds and the peak in megabytes.
pub fn child(folder: &str, store: &str) -> Outcome<()> {
    let layout = shipped("theory-100")?;
    let reader = Reader { layouts: vec![&layout], engine: engine() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let mut store = Store::create(Path::new(store))?;
    let start = Instant::now();
    let files = discover(&[folder.into()])?;
    let name = |path: &Path| path.display().to_string();
    let at = || "bench".into();
    let summary = pool.install(|| scan(&mut store, &files, &reader, &name, &at, &mut |_| {}))?;
    println!("{} {} {}", summary.read, start.elapsed().as_secs_f64(), peak().unwrap_or_default());
    Ok(())
}

/// The most memory this process has had, in megabytes, where the system tells.
fn peak() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}

pub fn measure(layout: &Layout, blank: &Print, long: bool) -> Outcome<()> {
    println!("\npeak memory of a scan into a store, two workers, 200 dpi");
    let gray = files::scans(layout, blank, 200.0, Kind::JpegGray, CARDS)?;
    let gray: Vec<_> = gray.into_iter().map(|scan| scan.file).collect();
    let counts: &[usize] = if long { &[100, 10_000] } else { &[100, 1_000] };
    for &count in counts {
        say(&format!("{count} JPEG gray files"), count, |folder| {
            for number in 0..count {
                let file = numbered(&gray[number % gray.len()], number);
                std::fs::write(folder.join(format!("{number:05}.jpg")), file)?;
            }
            Ok(())
        })?;
    }
    if !long {
        println!("(ten thousand files, and files of {LONG} pages, with --long)");
        return Ok(());
    }
    let mut pages = Vec::new();
    for scan in files::scans(layout, blank, 200.0, Kind::Group4, CARDS)? {
        let (width, height, levels) = levels(&scan.file)?;
        pages.push((width, height, group4(&levels, width)?));
    }
    let pages: Vec<_> = pages.iter().cycle().take(LONG).collect();
    say(&format!("a TIFF of {LONG} pages"), LONG, |folder| tiff(&folder.join("long.tif"), &pages))?;
    say(&format!("a PDF of {LONG} pages"), LONG, |folder| {
        let mut pdf = Pdf::new(BufWriter::new(File::create(folder.join("long.pdf"))?))?;
        for (width, height, data) in &pages {
            pdf.fax(*width, *height, data)?;
        }
        Ok(pdf.end()?)
    })
}

/// Scans a folder in a process of its own and prints what that took.
fn say(what: &str, pages: usize, fill: impl Fn(&Path) -> Outcome<()>) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let (input, store) = (folder.path().join("in"), folder.path().join("store.db"));
    std::fs::create_dir(&input)?;
    fill(&input)?;
    let mut child = Command::new(std::env::current_exe()?);
    let output = child.arg(CHILD).arg(&input).arg(&store).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let figures: Vec<f64> = text.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    let [read, seconds, peak] = figures[..] else { return Err(format!("{what}: {text}").into()) };
    println!("{what:<24} {peak:>5} MB   {:>6.0} pages/s   {read} of {pages} read", read / seconds);
    Ok(())
}

/// The JPEG with a number in a comment, so that it is a file of its own.
fn numbered(jpeg: &[u8], number: usize) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    out.extend(b"\xff\xfe\x00\x0a");
    out.extend(format!("{number:08}").bytes());
    out.extend(&jpeg[2..]);
    out
}

/// A TIFF of faxes, one directory behind the other.
fn tiff(path: &Path, pages: &[&(usize, usize, Vec<u8>)]) -> Outcome<()> {
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(b"II*\0\0\0\0\0")?;
    let (mut at, mut link) = (8usize, 4u64);
    for (width, height, data) in pages {
        let place = at;
        out.write_all(data)?;
        at += data.len();
        if at % 2 == 1 {
            out.write_all(&[0])?;
            at += 1;
        }
        let directory = at;
        let entries = [
            (256, *width),
            (257, *height),
            (258, 1),
            (259, 4),
            (262, 0),
            (273, place),
            (277, 1),
            (278, *height),
            (279, data.len()),
        ];
        let mut bytes = 9u16.to_le_bytes().to_vec();
        for (tag, value) in entries {
            bytes.extend(u16::to_le_bytes(tag));
            bytes.extend(4u16.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(u32::try_from(value)?.to_le_bytes());
        }
        let next = (at + bytes.len()) as u64;
        bytes.extend([0; 4]);
        out.write_all(&bytes)?;
        at += bytes.len();
        // The link that leads here.
        out.seek(SeekFrom::Start(link))?;
        out.write_all(&u32::try_from(directory)?.to_le_bytes())?;
        out.seek(SeekFrom::End(0))?;
        link = next;
    }
    Ok(out.flush()?)
}
