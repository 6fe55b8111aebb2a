//! `duka recheck`.

use super::files::{Existing, Readers, write_whole};
use super::signing::{Signing, signatures_value, tell_signatures};
use super::{Context, Ending, Failure};
use clap::{Args, Subcommand, ValueEnum};
use duka::session::{OpenedRecheck, RecheckState, RecheckStatus, Verdict};
use duka::sheet::TicketNumber;
use duka::store::{ItemValue, RereadOutcome};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Re-check a candidate's card (成绩复核)
///
/// Opens a case: the stored picture is proved by its hash and read again by the whole road of a scan; what it comes to is
/// part of the case. Two people, each with a key of their own, then sign the same outcome. A change counts from the next
/// grading on; until then the case waits.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Recheck {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The candidate's ticket number (准考证号)
    #[arg(value_name = "TICKET", required_unless_present = "list", conflicts_with = "list")]
    ticket: Option<TicketNumber>,
    /// Why the candidate asked
    #[arg(long, value_name = "TEXT", required_unless_present = "list")]
    reason: Option<String>,
    /// A table of many: 准考证号, 理由 (csv or xlsx); all are opened or none
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the cases and how they stand
    Cases,
    /// Sign what a case comes to; two people must sign the same
    Sign {
        /// The case's number
        case: u64,
        #[command(flatten)]
        signing: Signing,
        /// What it comes to
        #[arg(long, value_enum)]
        outcome: OutcomeWord,
        /// An item that changes and what is marked there: 17=B, 18=blank; repeat for each
        #[arg(long = "item", value_name = "N=VALUE", required_if_eq("outcome", "changed"))]
        items: Vec<String>,
        /// Why; whoever signs second may leave it out
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Write a case's evidence (成绩复核凭证) as a PDF: the card, what was read, what was decided, hashes
    Slip {
        /// The case's number
        case: u64,
        /// The file to write [default: out/recheck-CASE.pdf in the session's folder]
        #[arg(short, long, value_name = "FILE.pdf")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutcomeWord {
    /// Every response stays
    Unchanged,
    /// The items named with --item were marked otherwise
    Changed,
}

pub fn run(args: &Recheck, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        None => open(args, context),
        Some(Verb::Cases) => cases(context),
        Some(Verb::Sign { case, signing, outcome, items, why }) => {
            let verdict = match outcome {
                OutcomeWord::Unchanged if items.is_empty() => Verdict::Unchanged,
                OutcomeWord::Unchanged => {
                    let hint = "leave out --item, or sign --outcome changed";
                    return Err(Failure::new("an outcome that changes nothing names no item", Some(hint)));
                }
                OutcomeWord::Changed => {
                    Verdict::Changed(items.iter().map(|text| item_of(text)).collect::<Result<_, _>>()?)
                }
            };
            let mut session = context.open()?;
            let identity = signing.open()?;
            let status = session.sign_recheck(*case, &identity, &verdict, why)?;
            tell(&status, context);
            context.output.value(&value_of(&status));
            Ok(ending(std::slice::from_ref(&status)))
        }
        Some(Verb::Slip { case, output }) => {
            let session = context.open()?;
            let pdf = session.recheck_slip(*case)?;
            let path = if let Some(path) = output {
                path.clone()
            } else {
                let folder = context.session.join("out");
                std::fs::create_dir_all(&folder).map_err(|e| Failure::file("make", &folder, &e))?;
                folder.join(format!("recheck-{case}.pdf"))
            };
            // A candidate's card and name are on it.
            write_whole(&path, &pdf, Existing::Replace, Readers::Owner)?;
            context.output.line(format!("re-check {case}: {}", path.display()));
            context.output.value(&json!({ "case": case, "file": path }));
            Ok(Ending::Clean)
        }
    }
}

fn open(args: &Recheck, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let opened: Vec<OpenedRecheck> = match (&args.list, &args.ticket) {
        (Some(list), _) => session.recheck_list(list, args.reason.as_deref())?,
        (None, Some(ticket)) => vec![session.recheck(ticket, args.reason.as_deref().unwrap_or_default())?],
        (None, None) => {
            return Err(Failure::new("no candidate is named", Some("name a ticket number, or --list FILE")));
        }
    };
    for case in &opened {
        context.output.line(format!(
            "re-check {} of {}: {}",
            case.number,
            case.ticket,
            reread_line(&case.reread)
        ));
        if let RereadOutcome::Differs(places) = &case.reread {
            for d in places {
                context.output.line(format!("  {}: recorded {}, read now {}", d.place, d.recorded, d.found));
            }
        }
    }
    context.output.line(
        "look at it with `duka recheck slip CASE`; two people then sign: `duka recheck sign CASE --identity FILE`",
    );
    let values: Vec<Value> = opened
        .iter()
        .map(|c| json!({ "case": c.number, "ticket": c.ticket, "sheet": c.sheet, "reread": c.reread }))
        .collect();
    context.output.value(&values);
    Ok(Ending::Exceptions)
}

fn cases(context: &Context) -> Result<Ending, Failure> {
    let cases = context.open()?.rechecks()?;
    if cases.is_empty() {
        context.output.line("no re-check was asked for");
    }
    for status in &cases {
        tell(status, context);
    }
    context.output.value(&cases.iter().map(value_of).collect::<Vec<_>>());
    Ok(ending(&cases))
}

fn tell(status: &RecheckStatus, context: &Context) {
    let case = &status.case;
    let out = &context.output;
    out.line(format!("re-check {} of {}: {}", case.number, case.opened.ticket, status.state.word()));
    out.line(format!("  asked because: {}", case.opened.reason));
    out.line(format!("  {}", reread_line(&case.opened.reread.outcome)));
    tell_signatures(&case.signatures, out);
}

fn reread_line(outcome: &RereadOutcome) -> String {
    match outcome {
        RereadOutcome::Equal => "the picture is the one that was read, and reads the same".to_owned(),
        RereadOutcome::SameResponses => {
            "the picture is the one that was read; this version reads the same responses".to_owned()
        }
        RereadOutcome::Differs(places) => {
            format!(
                "the picture is the one that was read, but {} places are read otherwise now",
                places.len()
            )
        }
    }
}

fn value_of(status: &RecheckStatus) -> Value {
    let case = &status.case;
    let signatures = signatures_value(&case.signatures);
    json!({
        "case": case.number, "state": status.state.word(), "ticket": case.opened.ticket, "sheet": case.opened.sheet,
        "reason": case.opened.reason, "reread": case.opened.reread, "signatures": signatures, "entry": case.entry,
    })
}

/// Whether a case still waits for a person or a grading.
fn ending(cases: &[RecheckStatus]) -> Ending {
    let done = |s: &RecheckStatus| matches!(s.state, RecheckState::Unchanged | RecheckState::Regraded);
    if cases.iter().all(done) { Ending::Clean } else { Ending::Exceptions }
}

/// `17=B`, `18=blank`.
fn item_of(text: &str) -> Result<(u16, ItemValue), Failure> {
    let wrong = || {
        let hint = "write the item's number, = and what is marked: 17=B, 18=blank";
        Failure::new(format!("{text:?} is no change of an item"), Some(hint))
    };
    let (item, value) = text.split_once('=').ok_or_else(wrong)?;
    let item = item.trim().parse().map_err(|_| wrong())?;
    let value = value.trim().to_ascii_uppercase();
    let value = match value.as_str() {
        "" => return Err(wrong()),
        "BLANK" => ItemValue::Blank,
        _ => ItemValue::Value(value),
    };
    Ok((item, value))
}
