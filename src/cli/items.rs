//! `duka items`: item statistics and pairs of sheets that are too much alike.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure, shield};
use clap::{Args, ValueEnum};
use duka::session::{Compare, ItemsAsked, ItemsOf, Session};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Open the sealed keys once more and write statistics of the items (试题分析)
///
/// `duka grade --items` writes the same while it grades; this takes a request and releases of its own.
/// For every paper and form a page and a workbook: difficulty, discrimination, options of the high and the low group, KR-20
/// and α, and the items that look wrong. With --alike also the pairs of sheets that agree in more items than independent
/// candidates would (雷同): a hint where to look, never a verdict. The files tell which options are right: only their
/// owner can read them, and they are as secret as the keys. docs/scoring.md says what the figures mean.
#[derive(Debug, Args)]
pub struct Items {
    /// A custodian's release, made for a request of `duka grade --request FILE --for statistics`; repeat
    #[arg(long = "release", value_name = "FILE", required = true)]
    releases: Vec<PathBuf>,
    /// Sealed keys; without any, every .sealed file of the session's keys/ folder
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    asked: Asked,
}

/// What is asked of the items.
#[derive(Debug, Args)]
pub struct Asked {
    /// Folder for the statistics; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also list pairs of sheets that are too much alike
    #[arg(long, value_name = "PAIRS", num_args = 0..=1, default_missing_value = "rooms")]
    alike: Option<Which>,
    /// Greatest chance, for each form, that any pair is listed wrongly if all work independently; at most 0.05
    #[arg(long, value_name = "CHANCE", default_value_t = 0.01, requires = "alike")]
    alpha: f64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    /// All pairs of each room
    Rooms,
    /// Seats whose numbers follow each other
    Neighbours,
}

/// Runs the verb.
pub fn run(args: &Items, context: &Context) -> Result<Ending, Failure> {
    shield::raise_and_tell();
    let mut session = context.open()?;
    let done = session.items(&args.releases, &args.keys, args.asked.asked())?;
    let values = write(&done, &args.asked, &session, context)?;
    context.output.value(&json!({ "papers": values }));
    Ok(Ending::Clean)
}

impl Asked {
    pub fn asked(&self) -> ItemsAsked {
        let compare = self.alike.map(|which| match which {
            Which::Rooms => Compare::Rooms,
            Which::Neighbours => Compare::Neighbours,
        });
        ItemsAsked { compare, alpha: self.alpha }
    }
}

/// Writes the statistics' files and says what they come to; gives the same for programs.
pub fn write(
    done: &[ItemsOf],
    asked: &Asked,
    session: &Session,
    context: &Context,
) -> Result<Vec<Value>, Failure> {
    let folder = asked.out.clone().unwrap_or_else(|| session.folder().join("out"));
    std::fs::create_dir_all(&folder).map_err(|e| Failure::file("make", &folder, &e))?;
    let mut values = Vec::new();
    for of in done {
        context.output.line(format!(
            "{} form {} (试卷类型), key revision {}: {} sheets, {} items look wrong",
            of.paper,
            of.form,
            of.key_revision,
            of.sheets,
            of.suspicious.len()
        ));
        match of.alike {
            Some((listed, pairs)) => context.output.line(format!(
                "  {listed} of {pairs} pairs are too much alike (雷同): to be looked into, no verdict"
            )),
            None if asked.alike.is_some() => {
                context.output.line("  too few sheets to tell which pairs are too much alike");
            }
            None => {}
        }
        let mut files = Vec::new();
        for document in &of.documents {
            let path = folder.join(&document.file_name);
            write_whole(&path, &document.bytes, Existing::Replace, Readers::Owner)?;
            context.output.line(format!("  {}", path.display()));
            files.push(path);
        }
        // How many, not which: the numbers of items that look wrong tell something of the key.
        values.push(json!({
            "paper": of.paper, "form": of.form, "key_revision": of.key_revision, "sheets": of.sheets,
            "suspicious": of.suspicious.len(), "alike": of.alike.map(|(listed, _)| listed),
            "pairs": of.alike.map(|(_, pairs)| pairs), "files": files,
        }));
    }
    context.output.line("these files are as secret as the keys: they tell which options are right");
    Ok(values)
}
