//! `duka export`.

use super::{Context, Ending, Failure};
use clap::{Args, Subcommand, ValueEnum};
use duka::publish::ExportFormat;
use serde_json::json;
use std::path::PathBuf;

/// Hand results on to another system
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Write the results of the last publication by the column map of exam.toml ([[province.column]])
    Province(Province),
}

#[derive(Debug, Args)]
pub struct Province {
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// How; without it, as the file's name ends
    #[arg(long, value_enum)]
    format: Option<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// UTF-8 with a byte order mark; what a spreadsheet would take for a formula has an apostrophe before it
    Csv,
    /// A workbook whose cells are all text
    Xlsx,
    /// Every field, whatever the column map says
    Json,
}

pub fn run(args: &Export, context: &Context) -> Result<Ending, Failure> {
    let Export::Province(Province { output, format }) = args;
    let ending = output.extension().map(|e| e.to_string_lossy().to_lowercase());
    let format = match (format, ending.as_deref()) {
        (Some(Word::Csv), _) | (None, Some("csv")) => ExportFormat::Csv,
        (Some(Word::Xlsx), _) | (None, Some("xlsx")) => ExportFormat::Xlsx,
        (Some(Word::Json), _) | (None, Some("json")) => ExportFormat::Json,
        (None, _) => {
            let hint = "let its name end in .csv, .xlsx or .json, or say --format";
            return Err(Failure::new(format!("{} does not say its format", output.display()), Some(hint)));
        }
    };
    let number = context.open()?.export_province(output, format)?;
    context.output.line(format!("results of publication number (发布号) {number}"));
    context.output.line(format!("  {}", output.display()));
    context.output.value(&json!({ "number": number, "file": output }));
    Ok(Ending::Clean)
}
