//! `duka freeze`, `duka grade`.

use super::{Context, Ending, Failure};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

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
