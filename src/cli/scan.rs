//! `duka scan`.

use super::{Context, Ending, Failure, progress};
use clap::Args;
use duka::batch::{BatchError, OnTrouble, Summary, Told};
use duka::session::SessionError;
use duka::store::{HealthEvent, Severity};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "While it reads, it watches the scanner: lines from dirt on the glass, drifting scale or \
brightness, fading fiducials. A trouble is told once, and past a limit the run stops; what was read until then is \
recorded."
)]
pub struct Scan {
    /// Image files (JPEG, PNG, TIFF) and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Worker threads; 0 takes one a core. The record does not depend on it
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Go on when the scanner's trouble (dirty glass, slipping rollers, …) is past its limit
    #[arg(long)]
    keep_going: bool,
}

pub fn run(args: &Scan, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let mut bar = progress::Bar::new("reading", context.output.shows_progress());
    let on_trouble = if args.keep_going { OnTrouble::GoOn } else { OnTrouble::Stop };
    let outcome = progress::with_threads(args.threads, || {
        let told = &mut |told: Told<'_>| match told {
            Told::Progress(p) => {
                bar.at(p.files, p.of, &format!("{} read, {} set aside", p.read, p.set_aside));
            }
            Told::Health(event) => bar.say(&warning(event)),
        };
        Ok(session.scan_watched(&args.paths, on_trouble, told))
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
        context
            .output
            .line(format!("{} exceptions are open in this session: `duka exceptions`", scanned.open));
    }
    context.output.value(&json!({
        "files": s.files, "pages": s.pages, "read": s.read, "set_aside": s.set_aside, "known": s.known,
        "causes": s.causes, "unreadable": unreadable(s), "scanner": health_values(&s.health),
        "open_exceptions": scanned.open,
    }));
    Ok(if scanned.open + s.unreadable.len() > 0 { Ending::Exceptions } else { Ending::Clean })
}

/// What a run came to, for a person.
fn tell(s: &Summary, context: &Context) {
    context.output.line(format!(
        "fed {} pages of {} files = {} read + {} set aside + {} known already",
        s.pages,
        s.files - s.unreadable.len(),
        s.read,
        s.set_aside,
        s.known
    ));
    for (cause, count) in &s.causes {
        context.output.line(format!("  set aside: {count} {cause}"));
    }
    for (path, kind) in &s.unreadable {
        context.output.line(format!("  not read from the disk: {} ({kind})", path.display()));
    }
}

/// A trouble in one line, with what to do.
fn warning(event: &HealthEvent) -> String {
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
    summary.unreadable.iter().map(|(p, k)| json!({ "path": p, "why": k.to_string() })).collect()
}
