//! The command line: what a verb prints and how it ends. The work is the library's.

mod failure;
mod files;
mod key;
mod layout;
mod output;
mod print;
mod read;
mod simulate;

use clap::{Parser, Subcommand};
pub use failure::Failure;
pub use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// 读卡: reads answer cards, grades them against sealed keys, issues score reports (成绩单).
#[derive(Debug, Parser)]
#[command(name = "duka", version, about, max_term_width = 100)]
#[command(after_help = "Exit code: 0 clean, 1 done but exceptions remain for a person, 2 failed.")]
struct Cli {
    /// Folder of the exam session (批次), with exam.toml, duka.db, scans/ and out/
    #[arg(long, global = true, display_order = 900, value_name = "DIR", default_value = ".")]
    session: PathBuf,
    /// Print one JSON value instead of text
    #[arg(long, global = true, display_order = 901)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Layout(layout::Args),
    Print(print::Args),
    Key(key::Args),
    Read(read::Args),
    Simulate(simulate::Args),
}

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing waits for a person.
    Clean,
    /// Done, but exceptions remain.
    Exceptions,
}

/// What every verb knows.
pub struct Context {
    /// The session's folder.
    pub session: PathBuf,
    /// Where results go: text or JSON.
    pub output: Output,
}

/// Runs the verb that the command line names.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let context = Context { session: cli.session, output: Output::new(cli.json) };
    let ending: Result<Ending, Failure> = match cli.verb {
        Verb::Layout(args) => layout::run(&args, &context),
        Verb::Print(args) => print::run(&args, &context),
        Verb::Key(args) => key::run(&args, &context),
        Verb::Read(args) => read::run(&args, &context),
        Verb::Simulate(args) => simulate::run(&args, &context),
    };
    match ending {
        Ok(Ending::Clean) => ExitCode::SUCCESS,
        Ok(Ending::Exceptions) => ExitCode::from(1),
        Err(failure) => {
            failure.tell();
            ExitCode::from(2)
        }
    }
}
