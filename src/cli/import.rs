//! `duka roster|ruling|marks import`.

use super::{Context, Ending, Failure};
use clap::{Args, Subcommand};
use duka::session::{ImportedFile, Session, SessionError};
use duka::store::Imported;
use serde_json::json;
use std::path::PathBuf;

/// The only thing that is done with these tables.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Take in FILE… (xlsx, xls or csv in UTF-8 or GBK); every wrong row is listed and nothing is taken in
    Import(Files),
}

#[derive(Debug, Args)]
pub struct Files {
    /// Tables to take in
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

type Taking = fn(&mut Session, &[PathBuf]) -> Result<ImportedFile, SessionError>;

/// Takes in a table; `what` is what a row of it is.
pub fn run(import: &Import, what: &str, take: Taking, context: &Context) -> Result<Ending, Failure> {
    let Import::Import(Files { files }) = import;
    let mut session = context.open()?;
    let done = take(&mut session, files)?;
    tell(&done, what, context);
    Ok(Ending::Clean)
}

/// Says what an import came to.
pub fn tell(done: &ImportedFile, what: &str, context: &Context) {
    let new = done.imported == Imported::New;
    context.output.line(if new {
        format!("{} {what} taken in", done.rows)
    } else {
        format!("{} {what}: the same as before, nothing changed", done.rows)
    });
    for change in &done.changes {
        context.output.line(format!("  {change}"));
    }
    context.output.value(&json!({ "rows": done.rows, "changed": new, "changes": done.changes }));
}
