//! `duka scan`.

use super::{Context, Ending, Failure, progress};
use clap::Args;
use duka::batch::{Progress, Summary};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Scan {
    /// Image files (JPEG, PNG, TIFF) and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Worker threads; 0 takes one a core. The record does not depend on it
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
}

pub fn run(args: &Scan, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let mut bar = progress::Bar::new("reading", context.output.shows_progress());
    let scanned = progress::with_threads(args.threads, || {
        let told = &mut |p: Progress| {
            bar.at(p.files, p.of, &format!("{} read, {} set aside", p.read, p.set_aside));
        };
        session.scan(&args.paths, told).map_err(Failure::from)
    })?;
    bar.end();
    let s = &scanned.summary;
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
    if scanned.open > 0 {
        context
            .output
            .line(format!("{} exceptions are open in this session: `duka exceptions`", scanned.open));
    }
    context.output.value(&json!({
        "files": s.files, "pages": s.pages, "read": s.read, "set_aside": s.set_aside, "known": s.known,
        "causes": s.causes, "unreadable": unreadable(s), "open_exceptions": scanned.open,
    }));
    Ok(if scanned.open + s.unreadable.len() > 0 { Ending::Exceptions } else { Ending::Clean })
}

fn unreadable(summary: &Summary) -> Vec<serde_json::Value> {
    summary.unreadable.iter().map(|(p, k)| json!({ "path": p, "why": k.to_string() })).collect()
}
