//! `duka regrade`: grading again with a corrected key.

use super::files::{Existing, Readers, write_whole};
use super::grade::Step;
use super::{Context, Ending, Failure, shield};
use clap::Args;
use duka::grade::regrade::PassChange;
use duka::key::KeyPurpose;
use duka::merge::Verdict;
use duka::session::{ChangedResult, CorrectedPaper};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Candidates that are named one by one.
const SOME: usize = 20;

/// Grade everybody again with a corrected key, and list whose score and result that changes
///
/// The issuer seals the corrected key as the next revision, with its reason; it goes into keys/ beside the earlier one. Then as
/// for the first grading: `duka regrade --request FILE --sign SUPERVISOR`, two custodians answer with `duka key release`,
/// `duka regrade --release A --release B`. Earlier gradings stay in the record.
#[derive(Debug, Args)]
pub struct Regrade {
    #[command(flatten)]
    step: Step,
    /// The list of changes (csv) [default: out/改分清单.csv in the session's folder]
    #[arg(long, short, value_name = "FILE", conflicts_with = "request")]
    output: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: &Regrade, context: &Context) -> Result<Ending, Failure> {
    shield::raise_and_tell();
    if let Some(asked) = args.step.ask(KeyPurpose::Correction, context)? {
        return Ok(asked);
    }
    let mut session = context.open()?;
    let done = session.regrade(&args.step.releases, &args.step.keys)?;
    let out = &context.output;
    for paper in &done.papers {
        tell(paper, context);
    }
    let file = args.output.clone().unwrap_or_else(|| session.folder().join("out").join("改分清单.csv"));
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file("make", folder, &e))?;
    }
    write_whole(&file, &list(&done.papers)?, Existing::Replace, Readers::Owner)?;
    out.line(format!("{}: whose score changed, and why", file.display()));
    super::status::tell_to_sign(&session.acts_to_sign()?, context);
    let papers: Vec<Value> = done.papers.iter().map(value).collect();
    out.value(&json!({ "freeze": done.freeze, "papers": papers, "file": file }));
    let reproduced = done.papers.iter().all(|paper| paper.not_reproduced.is_empty());
    if reproduced {
        return Ok(Ending::Clean);
    }
    let hint = "the new scores are recorded; the earlier ones were not what the earlier key gives: run `duka verify --with-key` \
                and look at who touched the record";
    Err(Failure::new("scores in the record were not those of the key that they name", Some(hint)))
}

fn tell(paper: &CorrectedPaper, context: &Context) {
    let out = &context.output;
    let Some(from) = paper.from else {
        out.line(format!("{} form {}: not corrected, revision {}", paper.paper, paper.form, paper.to));
        return;
    };
    out.line(format!(
        "{} form {} (试卷类型): revision {from} corrected by {}: {}",
        paper.paper, paper.form, paper.to, paper.reason
    ));
    for (item, why) in &paper.key {
        let why: Vec<String> = why.iter().map(ToString::to_string).collect();
        out.line(format!("  item {item}: {}", why.join(", ")));
    }
    let turned =
        |to: Verdict| paper.changed.iter().filter(|c| c.verdict.0 != to && c.verdict.1 == to).count();
    out.line(format!(
        "  {} sheets graded, {} scores changed, {} now pass, {} no longer pass",
        paper.sheets,
        paper.changed.len(),
        turned(Verdict::Passed),
        turned(Verdict::Failed)
    ));
    for changed in paper.changed.iter().take(SOME) {
        let score = &changed.score;
        out.line(format!(
            "    {}: {} → {} points; {}",
            score.ticket,
            score.before.points,
            score.after.points,
            in_words(changed)
        ));
    }
    if paper.changed.len() > SOME {
        out.line(format!("    and {} more", paper.changed.len() - SOME));
    }
    for ticket in paper.not_reproduced.iter().take(SOME) {
        out.line(format!("  WRONG  {ticket}: the record had another score than revision {from} gives"));
    }
}

fn in_words(changed: &ChangedResult) -> String {
    let theory = match changed.score.pass {
        PassChange::StillPasses => "theory still passes",
        PassChange::StillFails => "theory still fails",
        PassChange::Gained => "theory passes now",
        PassChange::Lost => "theory fails now",
    };
    match &changed.grade {
        (before, after) if before == after => theory.to_owned(),
        (before, after) => format!("{theory}; {} → {}", named(before), named(after)),
    }
}

fn named(grade: &str) -> &str {
    if grade.is_empty() { "pending" } else { grade }
}

fn list(papers: &[CorrectedPaper]) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Failure::new(format!("the list can't be made: {e}"), None::<&str>);
    writer
        .write_record([
            "准考证号",
            "试卷",
            "类型",
            "原修订",
            "新修订",
            "原理论成绩",
            "新理论成绩",
            "原评定",
            "新评定",
            "原因",
        ])
        .map_err(failed)?;
    for paper in papers {
        let from = paper.from.map(|from| from.to_string()).unwrap_or_default();
        for changed in &paper.changed {
            let score = &changed.score;
            let why: Vec<String> = score
                .items
                .iter()
                .map(|item| {
                    let why: Vec<String> = item.why.iter().map(ToString::to_string).collect();
                    format!("item {}: {}", item.item, why.join(", "))
                })
                .collect();
            writer
                .write_record([
                    score.ticket.as_str(),
                    paper.paper.as_str(),
                    paper.form.as_str(),
                    &from,
                    &paper.to.to_string(),
                    &score.before.points.to_string(),
                    &score.after.points.to_string(),
                    &changed.grade.0,
                    &changed.grade.1,
                    &format!("{}; {}", paper.reason, why.join("; ")),
                ])
                .map_err(failed)?;
        }
    }
    let rows = writer
        .into_inner()
        .map_err(|e| Failure::new(format!("the list can't be made: {e}"), None::<&str>))?;
    // The mark by which spreadsheet programs know UTF-8.
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(rows);
    Ok(bytes)
}

fn value(paper: &CorrectedPaper) -> Value {
    let changed: Vec<Value> = paper
        .changed
        .iter()
        .map(|c| {
            json!({
                "ticket": c.score.ticket, "before": c.score.before.points, "after": c.score.after.points,
                "verdict_before": c.verdict.0, "verdict_after": c.verdict.1,
                "grade_before": c.grade.0, "grade_after": c.grade.1,
            })
        })
        .collect();
    json!({
        "paper": paper.paper, "form": paper.form, "from": paper.from, "to": paper.to, "reason": paper.reason,
        "key_file": paper.key_file, "sheets": paper.sheets, "changed": changed,
        "not_reproduced": paper.not_reproduced,
    })
}
