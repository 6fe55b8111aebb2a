//! `duka practical` and `duka review`.

use super::{Context, Ending, Failure};
use clap::{Args, Subcommand, ValueEnum};
use duka::exam::AssessedPart;
use duka::practical::{Assessed, MarkChange, PracticalOutcome, SheetPer};
use duka::session::{AssessedCandidate, TemplateAsk};
use duka::sheet::{RoomId, TicketNumber};
use duka::store::Imported;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What is done with scores that are not theory.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take in FILE…: assessors' score sheets (评分表, xlsx), or a table of totals (xlsx, xls, csv)
    ///
    /// Everything that is wrong is listed with file, sheet and cell, and then nothing is taken in. Several assessors' files together make
    /// one version. A corrected file replaces what that assessor wrote, and every difference is listed and recorded.
    Import(Import),
    /// Write score sheets (评分表) for the assessors, filled in with the roster
    ///
    /// A workbook an assessor, occupation and level. In it a worksheet a module of its scheme in exam.toml with a row a candidate; or,
    /// with `--per candidate`, a worksheet a candidate with a line an item. Only the pale yellow cells can be written in.
    Template(Template),
    /// Show whose scores are complete, held or missing
    Status,
    /// Show what every assessor wrote about a candidate, and what it comes to
    Show {
        /// The candidate's ticket number (准考证号)
        ticket: TicketNumber,
    },
    /// Decide as head assessor (考评组长) that a candidate's held marks count as they are
    ///
    /// For too few or an even number of assessors, too wide a spread, or a veto that not all name (which stands). It covers the marks
    /// as they are now: a later correction is looked at anew. Your name, as given by --by, stands in the record.
    Decide {
        /// The candidate's ticket number (准考证号)
        ticket: TicketNumber,
        /// Why they count
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub struct Import {
    /// Files to take in
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// These score sheets are all that counts for their schemes: what other files brought before counts no more
    #[arg(long)]
    instead: bool,
}

#[derive(Debug, Args)]
pub struct Template {
    /// Candidates of this room (考场) alone
    #[arg(long, value_name = "ROOM")]
    room: Option<RoomId>,
    /// The assessors' names, separated by commas [default: 考评员 of exam.toml, or blank]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    assessors: Vec<String>,
    /// What each worksheet is for
    #[arg(long, value_enum, default_value_t = Per::Module)]
    per: Per,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Per {
    /// A module: a row a candidate
    Module,
    /// A candidate: a line an item of every module
    Candidate,
}

impl From<Per> for SheetPer {
    fn from(per: Per) -> Self {
        match per {
            Per::Module => Self::Module,
            Per::Candidate => Self::Candidate,
        }
    }
}

/// How many differences are shown. All stand in the record.
const SHOWN: usize = 100;

pub fn run(verb: &Verb, part: AssessedPart, context: &Context) -> Result<Ending, Failure> {
    match verb {
        Verb::Import(args) => import(args, part, context),
        Verb::Template(args) => template(args, part, context),
        Verb::Status => status(part, context),
        Verb::Show { ticket } => {
            let one = context.open()?.assessed_candidate(part, ticket)?;
            tell(&one, context);
            context.output.value(&value_of(&one));
            Ok(ending(&one))
        }
        Verb::Decide { ticket, reason } => {
            let one = context.open()?.decide_scores(part, ticket, &context.who, reason)?;
            context.output.line(format!("{ticket}: {}", outcome_of(&one.assessed)));
            context.output.value(&value_of(&one));
            Ok(ending(&one))
        }
    }
}

fn ending(one: &AssessedCandidate) -> Ending {
    if one.assessed.outcome.is_some() { Ending::Clean } else { Ending::Exceptions }
}

fn import(args: &Import, part: AssessedPart, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let done = session.take_scores(part, &args.files, args.instead)?;
    let new = done.imported == Imported::New;
    let out = &context.output;
    out.line(if new {
        format!("scores of {part}: {} candidates taken in", done.candidates)
    } else {
        format!("scores of {part}: {} candidates, the same as before, nothing changed", done.candidates)
    });
    if done.blank > 0 {
        out.line(format!("rows in which nothing is entered: {}", done.blank));
    }
    if !done.changes.is_empty() {
        out.line(format!("differences from what was there: {}", done.changes.len()));
        for (ticket, change) in done.changes.iter().take(SHOWN) {
            out.line(format!("  {ticket}{}", said(change)));
        }
        if done.changes.len() > SHOWN {
            out.line(format!("  and {} more: `duka journal`", done.changes.len() - SHOWN));
        }
    }
    let held =
        session.assessed(part)?.iter().filter(|one| one.record.is_some() && !one.held().is_empty()).count();
    if held > 0 {
        out.line(format!("held: {held} candidates: `duka {} status`", part.word()));
    }
    let changes: Vec<Value> =
        done.changes.iter().map(|(ticket, change)| json!({ "ticket": ticket, "change": change })).collect();
    out.value(&json!({
        "rows": done.candidates, "changed": new, "blank": done.blank, "changes": changes, "held": held,
    }));
    Ok(if held > 0 { Ending::Exceptions } else { Ending::Clean })
}

fn said(change: &MarkChange) -> String {
    let cell = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
    let place: Vec<&str> = [change.module.as_str(), &change.assessor, &change.item]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    format!(" {}: {} → {}", place.join(", "), cell(&change.old), cell(&change.new))
}

fn template(args: &Template, part: AssessedPart, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let (room, assessors) = (args.room.clone(), args.assessors.clone());
    let ask = TemplateAsk { part, room, assessors, per: args.per.into() };
    let paths = session.score_sheets(&ask, &args.output)?;
    for path in &paths {
        context.output.line(format!("{}", path.display()));
    }
    context.output.value(&json!({ "files": paths }));
    Ok(Ending::Clean)
}

fn status(part: AssessedPart, context: &Context) -> Result<Ending, Failure> {
    let all = context.open()?.assessed(part)?;
    let out = &context.output;
    let missing = all.iter().filter(|one| one.record.is_none()).count();
    let held: Vec<&AssessedCandidate> =
        all.iter().filter(|one| one.record.is_some() && one.assessed.outcome.is_none()).collect();
    let settled = all.len() - missing - held.len();
    let vetoed = all.iter().filter(|one| !one.assessed.vetoes.is_empty()).count();
    out.line(format!(
        "scored by assessors in {part}: {} candidates: settled {settled}, held {}, without any score {missing}",
        all.len(),
        held.len()
    ));
    if vetoed > 0 {
        out.line(format!("with a veto (否定项): {vetoed}"));
    }
    for one in &held {
        let reasons: Vec<String> = one.held().iter().map(ToString::to_string).collect();
        out.line(format!("  {} {}: {}", one.candidate.ticket, one.candidate.name, reasons.join("; ")));
    }
    if held.iter().any(|one| one.held().iter().all(duka::practical::Held::can_be_released)) {
        out.line(format!(
            "the head assessor decides: `duka {} decide TICKET --reason TEXT`; or import corrected score sheets",
            part.word()
        ));
    }
    let values: Vec<Value> = held
        .iter()
        .map(|one| {
            let reasons: Vec<String> = one.held().iter().map(ToString::to_string).collect();
            json!({ "ticket": one.candidate.ticket, "held": reasons })
        })
        .collect();
    out.value(&json!({
        "candidates": all.len(), "settled": settled, "missing": missing, "vetoed": vetoed, "held": values,
    }));
    Ok(if settled == all.len() { Ending::Clean } else { Ending::Exceptions })
}

fn outcome_of(assessed: &Assessed) -> String {
    let vetoed = if assessed.vetoes.is_empty() { "" } else { ", failed by a veto (否定项)" };
    match assessed.outcome {
        Some(outcome @ PracticalOutcome::Scored(_)) => {
            let exact = assessed.exact.map(|exact| exact.to_string()).unwrap_or_default();
            format!("total {outcome} (exactly {exact}){vetoed}")
        }
        Some(outcome) => outcome.to_string(),
        None => "held".to_owned(),
    }
}

fn tell(one: &AssessedCandidate, context: &Context) {
    let (out, candidate) = (&context.output, &one.candidate);
    out.line(format!(
        "{} {} · {} {}",
        candidate.ticket, candidate.name, candidate.occupation, candidate.level
    ));
    let Some(record) = &one.record else {
        out.line("nobody has scored this candidate");
        return;
    };
    out.line(format!("version {} from {}", record.version, record.source));
    for module in &one.assessed.modules {
        let mean = module.mean.map_or_else(|| "none".to_owned(), |mean| mean.to_string());
        out.line(format!("{}: mean {mean}", module.module));
        for (who, row) in record.marks.modules.get(&module.module).into_iter().flatten() {
            let items: Vec<String> =
                row.items.iter().map(|(item, points)| format!("{item} {points}")).collect();
            // Writing to a string can't fail.
            let mut line = format!("  {who}: {}", row.status.word());
            if !items.is_empty() {
                let _ = write!(line, ": {}", items.join(", "));
            }
            if let Some(score) = module.scores.iter().find(|score| score.assessor == *who) {
                let _ = write!(line, "; sum {}", score.items);
                if row.overtime > 0 {
                    let _ = write!(line, ", overtime {} min −{}", row.overtime, score.deduction);
                }
                let _ = write!(line, " = {}", score.score);
            }
            if let Some(veto) = &row.veto {
                let _ = write!(line, "; veto (否定项) {veto}");
            }
            out.line(line);
        }
    }
    for held in &one.assessed.held {
        out.line(format!("held: {held}"));
    }
    if let Some(release) = &record.released {
        out.line(format!("decided by {}: {} (entry {})", release.by, release.reason, release.entry));
    }
    out.line(outcome_of(&one.assessed));
}

fn value_of(one: &AssessedCandidate) -> Value {
    let held: Vec<String> = one.assessed.held.iter().map(ToString::to_string).collect();
    let modules: Vec<Value> = one
        .assessed
        .modules
        .iter()
        .map(|module| {
            let scores: Vec<Value> = module
                .scores
                .iter()
                .map(|s| {
                    json!({ "assessor": s.assessor, "items": s.items, "deduction": s.deduction, "score": s.score })
                })
                .collect();
            json!({ "module": module.module, "scores": scores, "mean": module.mean })
        })
        .collect();
    json!({
        "ticket": one.candidate.ticket,
        "outcome": one.assessed.outcome,
        "exact": one.assessed.exact,
        "vetoes": one.assessed.vetoes,
        "held": held,
        "modules": modules,
        "marks": one.record.as_ref().map(|record| &record.marks),
        "version": one.record.as_ref().map(|record| record.version),
        "decided": one.record.as_ref().and_then(|record| record.released.as_ref()).map(|release| {
            json!({ "by": release.by, "reason": release.reason, "entry": release.entry })
        }),
    })
}
