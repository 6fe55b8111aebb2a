//! `duka scan`.

use super::progress::{self, Bar};
use super::{Context, Ending, Failure, interrupt};
use clap::Args;
use duka::batch::{BatchError, Changed, OnTrouble, Summary, Told};
use duka::session::{Originals, Pace, ScanOptions, Seen, SessionError};
use duka::store::{HealthEvent, Severity};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Names that are written out of a list; who wants all asks for `--json`.
const SOME: usize = 10;

#[derive(Debug, Args)]
#[command(
    after_help = "A scan can be stopped or killed at any time: run it again and it goes on where it was. While it \
reads, it watches the scanner: lines from dirt on the glass, drifting scale or brightness, fading fiducials. A trouble \
is told once, and past a limit the run stops; what was read until then is recorded."
)]
pub struct Scan {
    /// Image files (JPEG, PNG, TIFF, PDF) and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Worker threads; 0 takes one a core. The record does not depend on it
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Go on when the scanner's trouble (dirty glass, slipping rollers, …) is past its limit
    #[arg(long)]
    keep_going: bool,
    /// Go on reading what comes into the folders, as the scanner finishes it, until Ctrl-C. Folders named for rooms are
    /// counted against what the room expects
    #[arg(long)]
    watch: bool,
    /// With --watch: seconds for which a file must stand still before it is read
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS", requires = "watch")]
    settle: f64,
    #[command(flatten)]
    originals: Keep,
}

/// Which files are copied into the session.
#[derive(Debug, Args)]
struct Keep {
    /// Keep a copy of every file in scans/originals; without this, of files outside of the session's folder
    #[arg(long, conflicts_with = "no_copy")]
    copy: bool,
    /// Keep no copies: the files must then stay where they are, unchanged
    #[arg(long)]
    no_copy: bool,
}

impl Keep {
    fn originals(&self) -> Originals {
        match (self.copy, self.no_copy) {
            (true, _) => Originals::Copy,
            (_, true) => Originals::Refer,
            _ => Originals::CopyOutside,
        }
    }
}

pub fn run(args: &Scan, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let mut bar = Bar::new("reading", context.output.shows_progress());
    let on_trouble = if args.keep_going { OnTrouble::GoOn } else { OnTrouble::Stop };
    let stop = interrupt::flag()?;
    let options = ScanOptions { on_trouble, originals: args.originals.originals(), stop: &stop };
    let pace = Pace {
        settle: Duration::try_from_secs_f64(args.settle)
            .map_err(|_| Failure::new("--settle is no time", Some("give a number of seconds, as 2")))?,
        ..Pace::default()
    };
    let outcome = progress::with_threads(args.threads, || {
        if args.watch {
            let watching = args.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
            bar.say(&format!("watching {}; Ctrl-C ends it", watching.join(", ")));
            return Ok(session.watch(&args.paths, &options, &pace, &mut |seen| match seen {
                Seen::Told(Told::Progress(p)) => bar.pages(&p),
                Seen::Told(Told::Health(event)) => bar.say(&warning(event)),
                Seen::Told(Told::Notice(notice)) => bar.notice(notice),
                Seen::Rooms(rooms, waiting) => bar.rooms(rooms, waiting),
                Seen::Away(path) => bar.say(&format!("note: {} is not there just now", path.display())),
                Seen::Back(path) => bar.say(&format!("note: {} is there again", path.display())),
            }));
        }
        let told = &mut |told: Told<'_>| match told {
            Told::Progress(p) => bar.pages(&p),
            Told::Health(event) => bar.say(&warning(event)),
            Told::Notice(notice) => bar.notice(notice),
        };
        Ok(session.scan_with(&args.paths, &options, told))
    })?;
    bar.end();
    let scanned = match outcome {
        Ok(scanned) => scanned,
        Err(error) => {
            if let SessionError::Batch(BatchError::Unwell { summary, .. }) = &error {
                tell(summary, context);
            }
            return Err(error.into());
        }
    };
    let s = &scanned.summary;
    tell(s, context);
    if scanned.open > 0 {
        let out = &context.output;
        out.line(format!("{} exceptions are open in this session: `duka exceptions`", scanned.open));
        for (kind, count) in &scanned.open_by_kind {
            out.line(format!("  {count:>5} {kind}"));
        }
    }
    context.output.value(&value_of(s, &scanned.open_by_kind));
    let rest = scanned.open + s.unreadable.len() + s.deferred.len() + usize::from(s.stopped);
    Ok(if rest > 0 { Ending::Exceptions } else { Ending::Clean })
}

/// A run as a program reads it.
pub fn value_of(s: &Summary, open: &BTreeMap<String, usize>) -> serde_json::Value {
    json!({
        "files": s.files, "pages": s.pages, "read": s.read, "set_aside": s.set_aside, "known": s.known,
        "held": s.held, "causes": s.causes, "unreadable": unreadable(s), "changed": changed(&s.changed),
        "deferred": s.deferred, "stopped": s.stopped, "scanner": health_values(&s.health),
        "open_exceptions": open.values().sum::<usize>(), "open_by_kind": open,
    })
}

/// What a run came to, for a person.
pub fn tell(s: &Summary, context: &Context) {
    let out = &context.output;
    out.line(format!(
        "fed {} pages of {} files = {} read + {} set aside + {} known already",
        s.pages,
        s.files.saturating_sub(s.unreadable.len() + s.deferred.len()),
        s.read,
        s.set_aside,
        s.known
    ));
    if s.held > 0 {
        out.line(format!("  read, but with something to look at: {}", s.held));
    }
    for (cause, count) in &s.causes {
        out.line(format!("  set aside: {count} {cause}"));
    }
    some(
        &s.unreadable,
        |(path, why)| out.line(format!("  not read: {}: {why}", path.display())),
        |more| {
            out.line(format!("  not read: {more} more files"));
        },
    );
    some(
        &s.changed,
        |changed| out.line(format!("  {changed}")),
        |more| {
            out.line(format!("  {more} more files are others than before"));
        },
    );
    some(
        &s.deferred,
        |path| out.line(format!("  not read yet, it ends too early: {}", path.display())),
        |more| out.line(format!("  not read yet: {more} more files")),
    );
    if s.stopped {
        out.line("stopped before the end; everything in hand is recorded. Run it again to go on");
    }
}

/// Says the first few of a list, and how many more there are.
fn some<T>(list: &[T], say: impl FnMut(&T), more: impl FnOnce(usize)) {
    list.iter().take(SOME).for_each(say);
    if list.len() > SOME {
        more(list.len() - SOME);
    }
}

/// A trouble in one line, with what to do.
pub fn warning(event: &HealthEvent) -> String {
    match event.severity {
        Severity::Warning => format!("warning: {event}; {}", event.trouble.hint()),
        Severity::Limit => format!("warning: {event} (past the limit); {}", event.trouble.hint()),
    }
}

/// Troubles as a program reads them.
pub fn health_values(events: &[HealthEvent]) -> Vec<serde_json::Value> {
    let value = |e: &HealthEvent| {
        json!({
            "trouble": e.trouble, "severity": e.severity, "since": e.since.file, "at": e.at.file,
            "detail": e.trouble.to_string(),
        })
    };
    events.iter().map(value).collect()
}

fn unreadable(summary: &Summary) -> Vec<serde_json::Value> {
    let value = |(path, why): &(PathBuf, duka::batch::Unread)| json!({ "path": path.to_string_lossy(), "kind": why.kind(), "why": why.to_string() });
    summary.unreadable.iter().map(value).collect()
}

fn changed(list: &[Changed]) -> Vec<serde_json::Value> {
    list.iter().map(|c| json!({ "path": c.path, "before": c.before, "now": c.now })).collect()
}
