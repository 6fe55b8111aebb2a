//! `duka new`.

use super::{Context, Ending, Failure};
use clap::Args;
use duka::session::Session;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct New {
    /// Folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(args: &New, context: &Context) -> Result<Ending, Failure> {
    let exam = Session::create(&args.folder)?;
    let dir = args.folder.display();
    context.output.line(format!("made {}", exam.display()));
    context.output.line("next:");
    context.output.line(format!("  1. fill in {} (批次, papers, occupations, rooms)", exam.display()));
    context.output.line(format!("  2. duka --session {dir} roster import ROSTER.xlsx"));
    context.output.line(format!("  3. put sealed answer keys into {dir}/keys (`duka key seal`)"));
    context.output.line(format!("  4. duka --session {dir} scan SCANS"));
    context.output.value(&json!({ "exam": exam }));
    Ok(Ending::Clean)
}
