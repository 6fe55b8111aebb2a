//! `duka read`: one-shot reading, for scripts and comparisons.

mod files;
mod line;
mod trace;

use super::{Context, Ending, Failure};
use clap::ValueEnum;
use duka::layout::{self, Layout};
use duka::sheet::{Cause, Channel, DecodeFault, EngineId, LayoutName, SheetId};
use duka::source::{Options, Page};
use duka::{read, register, source};
use indicatif::ProgressBar;
use line::{CsvColumns, ENGINE, PageLine};
use rayon::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use trace::Tracer;

/// Files in work or waiting to be written, for each thread: with one, a slow file lets the other threads
/// wait for it; each more holds a file's bytes in memory.
const FILES_A_THREAD: usize = 4;

/// Decoded pages of one file in memory at a time: 9 MB each at 300 dpi. With one, a file of a hundred
/// pages would be read by a single thread.
const PAGES_AT_ONCE: usize = 4;

/// Read scanned cards (读卡) once, without a session, for scripts and comparisons
///
/// Writes one line a page to standard output, in the order of the arguments. Nothing is stored and nothing
/// is compared with a roster. A page that can't be read has a line too, with the reason; the others are
/// read all the same.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// Image files (JPEG, PNG, TIFF and PDF with any number of pages) or folders, which are searched for images
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// The card's layout (版式): a shipped name or a .toml file; may be repeated
    ///
    /// With one layout every page is read as that. With several, and without any (then all shipped layouts are
    /// tried), a page is read only if it proves by its print which one it is.
    #[arg(long, value_name = "LAYOUT")]
    layout: Vec<String>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// How many threads read; the result does not depend on it [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Write a picture of every page into DIR: the scan with what was seen drawn on it
    ///
    /// Fiducials, targets, marks, responses and what is held; a page that was not read is shown with the reason.
    /// The folder is made if it is not there.
    #[arg(long, value_name = "DIR")]
    trace: Option<PathBuf>,
}

const HELP: &str = "\
States of a response: resolved (certain), blank (certainly nothing), multiple (certainly more than allowed), \
marginal (a person must look), unreadable (could not be measured).

In an identity field's value a blank column is _ and a column with several marks is [05].

In the csv a marginal or unreadable response has a ? behind its value (B?), and all columns of a page that could \
not be read are ?; the reason is printed to the error stream. An item that the page's layout does not have is empty.

Exit code: 0 all read, 1 a person must look at something, 2 failed.

Examples:
  duka read scans/ --layout theory-100 > readings.ndjson
  duka read a.tif b.jpg --format csv
  duka read scans/ --layout theory-100 --trace seen/";

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line, with everything that is known of the page
    Ndjson,
    /// A table: source, page, ticket number, form, one column an item
    Csv,
}

/// Reads the images and writes a line a page.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    if context.output.is_json() && args.format == Format::Csv {
        let hint = "leave out one of them; ndjson, the default format, is JSON";
        return Err(Failure::new("--json and --format csv contradict each other", Some(hint)));
    }
    let layouts = layouts(&args.layout)?;
    let files = files::expand(&args.images)?;
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = args.threads {
        pool = pool.num_threads(usize::from(threads));
    }
    let threads = |e| Failure::new(format!("can't start threads: {e}"), Some("name fewer with --threads"));
    let pool = pool.build().map_err(threads)?;

    let tracer = args.trace.as_deref().map(|folder| Tracer::new(folder, &files)).transpose()?;

    let columns = (args.format == Format::Csv).then(|| CsvColumns::of(&layouts));
    if let Some(columns) = &columns {
        super::Output::raw(&columns.heading().map_err(unwritten)?);
    }
    // A bar among the lines would spoil both.
    let bar = if context.output.shows_progress() && !io::stdout().is_terminal() {
        ProgressBar::new(files.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    let mut ending = Ending::Clean;
    in_order(
        &pool,
        &files,
        |path| read_file(path, &layouts, tracer.as_ref()),
        |lines| {
            for line in lines? {
                let bytes = match &columns {
                    Some(columns) => line.to_csv(columns).map_err(unwritten)?,
                    None => line.to_ndjson().map_err(unwritten)?,
                };
                super::Output::raw(&bytes);
                if line.is_held() {
                    ending = Ending::Exceptions;
                }
                if let (Some(reason), true) = (line.set_aside(), columns.is_some()) {
                    bar.suspend(|| eprintln!("note: {reason}"));
                }
            }
            bar.inc(1);
            Ok(())
        },
    )?;
    bar.finish_and_clear();
    Ok(ending)
}

fn unwritten(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("can't write the result: {error}"), None::<&str>)
}

/// The layouts called `names`, or all that are shipped.
fn layouts(names: &[String]) -> Result<Vec<Layout>, Failure> {
    let load = |name: &str| layout::shipped(name).map_err(|e| Failure::new(&e, Some(e.hint())));
    if names.is_empty() {
        return layout::shipped_names().map(load).collect();
    }
    let layouts: Vec<Layout> = names.iter().map(|name| load(name)).collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = layouts.iter().find(|l| !seen.insert(&l.name)) {
        let what = format!("two of the layouts are called {}", twice.name);
        return Err(Failure::new(what, Some("name every layout once, and give your own a name of its own")));
    }
    Ok(layouts)
}

/// Does `work` on every file in the pool and hands the results to `done` in the files' order; no more
/// than a few files a thread are held.
fn in_order<T: Send>(
    pool: &rayon::ThreadPool,
    files: &[PathBuf],
    work: impl Fn(&Path) -> T + Sync,
    mut done: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let window = pool.current_num_threads() * FILES_A_THREAD;
    let work = &work;
    pool.in_place_scope(|scope| {
        let mut waiting = VecDeque::with_capacity(window);
        let mut rest = files.iter();
        loop {
            for file in rest.by_ref().take(window - waiting.len()) {
                let (sender, receiver) = mpsc::sync_channel(1);
                // Nobody listens any more once `done` has failed.
                scope.spawn(move |_| drop(sender.send(work(file))));
                waiting.push_back(receiver);
            }
            // A worker that panicked leaves no result; the scope passes its panic on.
            let Some(Ok(result)) = waiting.pop_front().map(|first| first.recv()) else { return Ok(()) };
            done(result)?;
        }
    })
}

/// The lines of a file's pages.
fn read_file(path: &Path, layouts: &[Layout], tracer: Option<&Tracer>) -> Result<Vec<PageLine>, Failure> {
    let source = path.to_string_lossy();
    let only = match layouts {
        [layout] => Some(&layout.name),
        _ => None,
    };
    // Layouts that ask for different channels are told apart by luma.
    let channel = layout::common_channel(layouts).unwrap_or_default();
    let mut pages = match source::open(path, &Options { channel }) {
        Ok(pages) => pages,
        Err(error) => return Ok(vec![PageLine::of_file(&source, only, &error)]),
    };
    let layouts: Vec<&Layout> = layouts.iter().collect();
    let mut lines = Vec::new();
    loop {
        let some: Vec<_> = pages.by_ref().take(PAGES_AT_ONCE).collect();
        if some.is_empty() {
            return Ok(lines);
        }
        let read = |(sheet, page)| {
            let seen = Seen { path, page, layouts: &layouts, channel };
            read_page(&source, sheet, seen, only, tracer)
        };
        let read: Vec<Result<Read, Failure>> = some.into_par_iter().map(read).collect();
        for read in read {
            lines.push(match read? {
                Read::Line(line) => *line,
                Read::Again(sheet, index) => {
                    let channel = layouts[index].channel;
                    let page = pages.page(sheet.page, channel);
                    let seen = Seen { path, page, layouts: &layouts[index..=index], channel };
                    match read_page(&source, sheet, seen, only, tracer)? {
                        Read::Line(line) => *line,
                        // One layout asks for one channel.
                        Read::Again(..) => continue,
                    }
                }
            });
        }
    }
}

/// What came of a page.
enum Read {
    Line(Box<PageLine>),
    /// The layout with this number is the page's and reads another channel.
    Again(SheetId, usize),
}

/// A page of a file, and what it may be.
struct Seen<'l> {
    path: &'l Path,
    page: Result<Page, DecodeFault>,
    layouts: &'l [&'l Layout],
    /// What was decoded of its colour.
    channel: Channel,
}

/// The line of one page.
fn read_page(
    source: &str,
    sheet: SheetId,
    seen: Seen<'_>,
    only: Option<&LayoutName>,
    tracer: Option<&Tracer>,
) -> Result<Read, Failure> {
    let line = |line| Ok(Read::Line(Box::new(line)));
    let page = match seen.page {
        Ok(page) => page,
        Err(fault) => return line(PageLine::of_cause(source, sheet, only, Cause::NotDecoded { fault })),
    };
    match register::which_layout(&page, seen.layouts) {
        Ok((index, registration)) => {
            let layout = seen.layouts[index];
            if layout.channel != seen.channel {
                return Ok(Read::Again(sheet, index));
            }
            let reading = read::read(&page, &registration, layout, &EngineId(ENGINE.to_owned()));
            if let Some(tracer) = tracer {
                tracer.read(seen.path, &page, &registration, layout, &reading)?;
            }
            source::give_back(page);
            line(PageLine::of_reading(source, &reading))
        }
        Err(cause) => {
            if let Some(tracer) = tracer {
                tracer.unread(seen.path, &page, &cause)?;
            }
            line(PageLine::of_cause(source, sheet, only, cause))
        }
    }
}
