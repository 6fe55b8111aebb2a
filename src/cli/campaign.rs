//! `duka campaign`: how often the reader is silently wrong, measured.

use super::files::{Existing, Readers, write_whole};
use super::progress::{Bar, with_threads};
use super::{Context, Ending, Failure};
use clap::builder::PossibleValuesParser;
use duka::campaign::{Campaign, CampaignError, PRINTED_LAYOUTS, Report};
use duka::simulate::Damage;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Wrong responses that are shown as text; the rest is in --json.
const MOST_SHOWN: usize = 40;

/// Measure on made-up cards how often a response is silently wrong, and how often a careful mark is held
///
/// Cards of every layout, damaged in every way, are filled, written as image files and read as any other. Every response
/// is compared with what is really on the card. Shares come with 95 % bounds (Clopper–Pearson): no error in n responses
/// means at most 3/n.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// How many marks to measure: one a target of each sheet that is read
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    marks: u64,
    /// Which sheets: another number gives other ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only cards of this layout (版式); may be given several times [default: all that duka prints]
    #[arg(long = "layout", value_name = "NAME")]
    layouts: Vec<String>,
    /// Only this damage; may be given several times [default: all]
    #[arg(long = "damage", value_name = "KIND", value_parser = PossibleValuesParser::new(Damage::ALL.iter().map(|d| d.word())))]
    damages: Vec<String>,
    /// Make sheet number INDEX of the campaign alone, into the file of -o
    #[arg(long, value_name = "INDEX", requires = "output")]
    only: Option<u64>,
    /// The picture of --only; what is really on it goes beside it as .json
    #[arg(short, long, value_name = "FILE", requires = "only")]
    output: Option<PathBuf>,
    /// Worker threads; 0 takes one a core. The result does not depend on it
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
}

const HELP: &str = "\
Sheets that can't be read (two fed at once, a back side, blank paper, another page, half a card) must be set aside: any
response that comes of one counts as silently wrong.

Exit code: 0 no silent error, 2 at least one.

Example:
  duka campaign --marks 1000000
  duka campaign --damage photo --damage office --layout theory-100 --json
  duka campaign --only 1234 -o sheet-1234.png        (with the same --seed, --layout and --damage)";

#[derive(Serialize)]
struct Made {
    picture: String,
    truth: String,
}

/// Measures, or makes one sheet.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    let named: Vec<Damage> = args.damages.iter().filter_map(|word| Damage::named(word)).collect();
    let damages = if named.is_empty() { Damage::ALL } else { &named };
    let layouts = if args.layouts.is_empty() {
        PRINTED_LAYOUTS.map(str::to_owned).to_vec()
    } else {
        args.layouts.clone()
    };
    with_threads(args.threads, || {
        let campaign = Campaign::new(&layouts, damages, args.seed).map_err(refused)?;
        match (args.only, &args.output) {
            (Some(index), Some(path)) => one(&campaign, index, path, context),
            _ => measure(&campaign, args.marks, context),
        }
    })
}

#[allow(clippy::needless_pass_by_value)] // so that it can stand in `map_err`
fn refused(error: CampaignError) -> Failure {
    Failure::new(&error, Some(error.hint()))
}

/// A number of marks as a length; what no memory could hold is shown as the most it could.
fn count(marks: u64) -> usize {
    usize::try_from(marks).unwrap_or(usize::MAX)
}

fn measure(campaign: &Campaign, marks: u64, context: &Context) -> Result<Ending, Failure> {
    let mut bar = Bar::new("campaign", context.output.shows_progress());
    let report = campaign.run(marks, |done| bar.at(count(done), count(marks), "marks")).map_err(refused)?;
    bar.end();
    context.output.line(report.text().trim_end());
    context.output.value(&report);
    if report.all.silent_errors == 0 {
        return Ok(Ending::Clean);
    }
    Err(told(&report, context))
}

/// The wrong responses, and what to do about them.
fn told(report: &Report, context: &Context) -> Failure {
    for wrong in report.wrong.iter().take(MOST_SHOWN) {
        context.output.line(format!(
            "sheet {} ({}, {}) {}: {}: {} expected, {} read",
            wrong.index,
            wrong.layout,
            wrong.damage.word(),
            wrong.place,
            wrong.act.word(),
            wrong.expected,
            wrong.read
        ));
    }
    let what = format!("{} responses are silently wrong", report.all.silent_errors);
    Failure::new(what, Some("look at a sheet with `--only INDEX -o FILE` and otherwise the same options"))
}

fn one(campaign: &Campaign, index: u64, path: &Path, context: &Context) -> Result<Ending, Failure> {
    let sheet = campaign.sheet(index).map_err(refused)?;
    let beside = path.with_extension("json");
    let mut text = serde_json::to_vec_pretty(&sheet)
        .map_err(|e| Failure::new(format!("can't write {}: {e}", beside.display()), None::<&str>))?;
    text.push(b'\n');
    write_whole(path, &sheet.bytes, Existing::Replace, Readers::Usual)?;
    write_whole(&beside, &text, Existing::Replace, Readers::Usual)?;
    let (picture, truth) = (path.display().to_string(), beside.display().to_string());
    context.output.line(format!(
        "{picture}: sheet {index}, {}, {} (strength {:.2}); what is really on it is in {truth}",
        sheet.layout,
        sheet.damage.word(),
        sheet.strength
    ));
    context.output.value(&Made { picture, truth });
    Ok(Ending::Clean)
}
