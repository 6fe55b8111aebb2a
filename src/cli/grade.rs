//! `duka freeze`, `duka grade`.

use super::files::{Existing, Readers, write_whole};
use super::items::{self, Asked};
use super::manifest::shown;
use super::passphrase::Passphrase;
use super::status::tell_to_sign;
use super::{Context, Ending, Failure, shield};
use clap::{Args, ValueEnum};
use duka::key::{KeyPurpose, Moment, Request};
use duka::session::Ask;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Ask the custodians for the keys (--request), then open them in memory and grade every sheet (--release)
///
/// First: `duka grade --request FILE --sign SUPERVISOR`. The file goes to the custodians, who look at it with `duka key
/// release FILE`, each on a machine of their own, and send back a release. Then: `duka grade --release A --release B`.
/// A request and its releases serve once.
#[derive(Debug, Args)]
pub struct Grade {
    #[command(flatten)]
    step: Step,
    /// What the custodians are asked to open the keys for; a release serves nothing else
    #[arg(long = "for", value_enum, default_value_t, requires = "request")]
    purpose: Purpose,
    /// While the keys are open, also write statistics of the items (试题分析), as `duka items` does
    #[arg(long, conflicts_with = "request")]
    items: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// To grade every sheet
    #[default]
    Grading,
    /// To measure the items: `duka items`
    Statistics,
    /// To make every score again and compare: `duka verify --with-key`
    Check,
}

impl From<Purpose> for KeyPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Grading => Self::Grading,
            Purpose::Statistics => Self::Statistics,
            Purpose::Check => Self::Check,
        }
    }
}

/// Keys are asked for first, and opened with what comes back.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("step").required(true).args(["request", "releases"]))]
pub struct Step {
    /// Write a grading request for the custodians to this file
    #[arg(long, value_name = "FILE", requires = "sign")]
    request: Option<PathBuf>,
    /// The supervisor's secret identity file, which signs the request
    #[arg(long, value_name = "FILE", conflicts_with = "releases")]
    sign: Option<PathBuf>,
    /// A custodian's release; repeat for each
    #[arg(long = "release", value_name = "FILE")]
    pub releases: Vec<PathBuf>,
    /// Sealed keys; without any, every .sealed file of the session's keys/ folder
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: Passphrase,
}

impl Step {
    /// Writes the request, if this is the first step; without an ending it is the second.
    pub fn ask(&self, purpose: KeyPurpose, context: &Context) -> Result<Option<Ending>, Failure> {
        let (Some(output), Some(supervisor)) = (&self.request, &self.sign) else { return Ok(None) };
        let ask = Ask { keys: self.keys.clone(), purpose };
        ask_for_keys(&ask, output, supervisor, self.passphrase, context).map(Some)
    }
}

pub fn freeze(context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let freeze = session.freeze()?;
    context.output.line(format!("frozen: {}", freeze.hash));
    context.output.line("readings, decisions, roster, rooms, exam and layouts now stay as they are");
    tell_to_sign(&session.acts_to_sign()?, context);
    context.output.value(&json!({ "frozen": freeze.hash, "entry": freeze.entry }));
    Ok(Ending::Clean)
}

pub fn grade(args: &Grade, context: &Context) -> Result<Ending, Failure> {
    shield::raise_and_tell();
    match args.step.ask(args.purpose.into(), context)? {
        Some(asked) => Ok(asked),
        None => open_and_grade(args, context),
    }
}

/// Writes a request for the custodians, signed by a supervisor, and says what it says.
fn ask_for_keys(
    ask: &Ask,
    output: &Path,
    supervisor: &Path,
    passphrase: Passphrase,
    context: &Context,
) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let supervisor = passphrase.identity(supervisor)?;
    let request = session.request(ask, &supervisor)?;
    write_whole(output, request.text().as_bytes(), Existing::Keep, Readers::Usual)?;
    tell_request(&request, context);
    let needed = request.manifest().body().threshold;
    context.output.line(format!(
        "{}: send it to the custodians; {needed} of them answer with `duka key release`",
        output.display()
    ));
    context.output.value(&json!({
        "file": output, "request": request.id(), "fingerprint": request.fingerprint().to_string(),
        "exam": request.manifest().exam(), "facts": request.facts(), "keys": request.keys(),
    }));
    Ok(Ending::Clean)
}

/// What a request says, in words: the same for who makes it and for who answers it.
pub fn tell_request(request: &Request, context: &Context) {
    let (out, facts, manifest) = (&context.output, request.facts(), request.manifest());
    let exam = manifest.body();
    out.line(format!("grading request of {} · {} · {}", exam.batch, exam.centre, exam.date));
    out.line(format!("  made {} by {}", local(request.at()), shown(request.supervisor())));
    out.line(format!("  request: {}", request.fingerprint()));
    out.line(format!("  exam id: {}", manifest.fingerprint()));
    if let Some(purpose) = facts.purpose {
        out.line(format!("  the keys are opened for {}", purpose.words()));
    }
    out.line(format!("  record frozen as {}", facts.freeze.short()));
    out.line(format!("  journal: {} entries, head {}", facts.journal_entries, facts.journal_head.short()));
    out.line(format!("  candidates expected (应考): {}, present (实考): {}", facts.expected, facts.present));
    out.line(format!("  pages read: {}, set aside: {}", facts.read, facts.set_aside));
    for key in request.keys() {
        out.line(format!("  asks for {}: {} sheets, file {}", key.binding(), key.sheets, key.file.short()));
    }
}

/// A moment by the clock on the wall, with its offset.
pub fn local(moment: Moment) -> String {
    let stamp = jiff::Timestamp::from_second(moment.second());
    stamp.map_or_else(
        |_| moment.to_string(),
        |stamp| stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

fn open_and_grade(args: &Grade, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let (graded, items) = if args.items {
        let (graded, items) =
            session.grade_with_items(&args.step.releases, &args.step.keys, args.asked.asked())?;
        (graded, Some(items))
    } else {
        (session.grade(&args.step.releases, &args.step.keys)?, None)
    };
    for paper in &graded.papers {
        context.output.line(format!(
            "{} form {} (试卷类型), key revision {}: {} sheets graded",
            paper.paper, paper.form, paper.key_revision, paper.sheets
        ));
    }
    context.output.line(
        "from now on duka.db is as secret as the keys: responses and totals together could rebuild them",
    );
    tell_to_sign(&session.acts_to_sign()?, context);
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
    let items = match items {
        Some(items) => Some(items::write(&items?, &args.asked, &session, context)?),
        None => None,
    };
    context.output.value(&json!({ "freeze": graded.freeze, "papers": papers, "items": items }));
    Ok(Ending::Clean)
}
