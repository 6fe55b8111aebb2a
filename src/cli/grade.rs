//! `duka freeze`, `duka grade`, `duka verify`.

use super::{Context, Ending, Failure};
use clap::Args;
use duka::session::{Depth, LostWhy};
use serde_json::json;
use std::path::PathBuf;

/// Files that are named one by one.
const SOME: usize = 10;

#[derive(Debug, Args)]
pub struct Grade {
    /// The custodian's secret file (`duka key custodian new`)
    #[arg(long, value_name = "FILE")]
    custodian: PathBuf,
    /// Sealed keys; without any, every .age file of the session's keys/ folder
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

pub fn freeze(context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let freeze = session.freeze()?;
    context.output.line(format!("frozen: {}", freeze.hash));
    context.output.line("readings, decisions, roster, rooms, exam and layouts now stay as they are");
    context.output.value(&json!({ "frozen": freeze.hash, "entry": freeze.entry }));
    Ok(Ending::Clean)
}

pub fn grade(args: &Grade, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let graded = session.grade(&args.custodian, &args.keys)?;
    for paper in &graded.papers {
        context.output.line(format!(
            "{} form {} (试卷类型), key revision {}: {} sheets graded",
            paper.paper, paper.form, paper.key_revision, paper.sheets
        ));
    }
    context.output.line(
        "from now on duka.db is as secret as the keys: responses and totals together could rebuild them",
    );
    let papers: Vec<_> = graded
        .papers
        .iter()
        .map(|p| {
            json!({
                "paper": p.paper, "form": p.form, "key_revision": p.key_revision,
                "key_file": p.key_file, "sheets": p.sheets,
            })
        })
        .collect();
    context.output.value(&json!({ "freeze": graded.freeze, "papers": papers }));
    Ok(Ending::Clean)
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Also read every picture and copy, and compare its bytes with what was read; takes as long as reading the disk
    #[arg(long)]
    originals: bool,
}

pub fn verify(args: &Verify, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let head = session.verify()?;
    let depth = if args.originals { Depth::Bytes } else { Depth::There };
    let checked = session.check_originals(depth)?;
    let out = &context.output;
    out.line(format!("the journal holds together: {} entries, head {}", head.sequence, head.hash));
    out.line("whether its end was cut off can only be told from a head written down elsewhere");
    let how = if args.originals { "with the bytes that were read" } else { "by name and length" };
    out.line(format!(
        "pictures: {} of {} files are where they should be ({how}), {} as copies of the session's own",
        checked.files - checked.lost.len(),
        checked.files,
        checked.copies
    ));
    for lost in checked.lost.iter().take(SOME) {
        let what = match lost.why {
            LostWhy::Gone => "is gone".to_owned(),
            LostWhy::Differs => "is no longer the file that was read".to_owned(),
            LostWhy::Unreadable(kind) => format!("can't be read: {kind}"),
        };
        out.line(format!("  {} {what} ({})", lost.path, lost.image.short()));
    }
    if checked.lost.len() > SOME {
        out.line(format!("  and {} more; --json lists all", checked.lost.len() - SOME));
    }
    for stray in checked.strays.iter().take(SOME) {
        out.line(format!(
            "  {} is a copy that the record does not name: scan it to take it in",
            stray.display()
        ));
    }
    let lost: Vec<_> = checked
        .lost
        .iter()
        .map(|l| json!({ "path": l.path, "image": l.image, "why": l.why.kind() }))
        .collect();
    out.value(&json!({
        "entries": head.sequence, "head": head.hash,
        "originals": {
            "files": checked.files, "copies": checked.copies, "compared": args.originals, "lost": lost,
            "strays": checked.strays,
        },
    }));
    Ok(if checked.lost.len() + checked.strays.len() > 0 { Ending::Exceptions } else { Ending::Clean })
}
