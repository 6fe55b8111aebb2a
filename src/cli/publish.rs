//! `duka merge` and `duka publish`.

use super::{Context, Ending, Failure, status};
use clap::Args;
use duka::merge::{Results, Verdict};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Publish {
    /// Folder for the papers; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Publish results that differ from the last number's, under a new number that names it, the reason and every changed line
    #[arg(long, value_name = "REASON")]
    correct: Option<String>,
}

pub fn merge(context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let results = session.merge()?;
    tell(&results, context);
    context.output.value(&json!({
        "draft": results.is_draft(),
        "open_exceptions": results.open_exceptions,
        "transcripts": results.transcripts,
    }));
    Ok(ending(&results))
}

pub fn publish(args: &Publish, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let folder = args.out.clone().unwrap_or_else(|| session.folder().join("out"));
    let (paths, results) = match &args.correct {
        Some(reason) => session.publish_correction(&folder, reason)?,
        None => session.publish(&folder)?,
    };
    tell(&results, context);
    for path in &paths {
        context.output.line(format!("  {}", path.display()));
    }
    if results.is_draft() {
        context.output.line("every page says 草稿 (draft): see `duka status` for what stands in the way");
    }
    let number = session.publications()?.last().filter(|_| !results.is_draft()).map(|p| p.number);
    if let Some(number) = number {
        context.output.line(format!("publication number (发布号): {number}"));
    }
    status::tell_to_sign(&session.acts_to_sign()?, context);
    context.output.value(&json!({ "draft": results.is_draft(), "files": paths, "number": number }));
    Ok(ending(&results))
}

fn tell(results: &Results, context: &Context) {
    for group in results.groups() {
        context.output.line(format!(
            "{} {}: entered {} (报考), present {} (实考), passed {} (合格), failed {}, open {}",
            group.occupation,
            group.level,
            group.entered,
            group.present,
            group.passed,
            group.failed,
            group.pending
        ));
    }
    for room in results.rooms.iter().filter(|room| !room.holds()) {
        context.output.line(format!("room {}", status::line_of(room)));
    }
    for transcript in &results.transcripts {
        for conflict in &transcript.conflicts {
            context.output.line(format!(
                "{} {} [{}]: {conflict}",
                conflict.kind.word(),
                transcript.candidate.ticket,
                transcript.candidate.name
            ));
        }
    }
    let pending = results.transcripts.iter().filter(|t| t.verdict == Verdict::Pending).count();
    if pending > 0 {
        context.output.line(format!("{pending} candidates have no result yet"));
    }
}

fn ending(results: &Results) -> Ending {
    if results.is_draft() { Ending::Exceptions } else { Ending::Clean }
}
