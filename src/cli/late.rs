//! `duka late`.

use super::signing::{Signing, signatures_value, tell_signatures};
use super::{Context, Ending, Failure};
use clap::{Args, Subcommand, ValueEnum};
use duka::session::{LateState, LateStatus, LateVerdict};
use duka::sheet::{Decision, FieldName, ItemLabel};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Take in a card that turned up after the freeze, as a case for two people
///
/// Reads the scan of one card and keeps a copy of it, beside the frozen record. It counts for nobody until two people of the
/// exam, each with a key of their own, have signed that it does; its score is made by the next grading, and every
/// publication names it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Late {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The scan, an image file with this one card
    #[arg(value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    /// Where the card was found and why it was not fed in before
    #[arg(long, value_name = "TEXT", required = true)]
    reason: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the late cards and how they stand
    Cases,
    /// Sign whether a late card counts; two people must sign the same
    Sign {
        /// The case's number
        case: u64,
        #[command(flatten)]
        signing: Signing,
        /// What it comes to
        #[arg(long, value_enum)]
        outcome: OutcomeWord,
        /// What is marked at a place in doubt: items:17=B, items:18=blank, ticket=140510001001, form=B, absent=accept;
        /// repeat for each
        #[arg(long = "at", value_name = "PLACE=VALUE")]
        places: Vec<String>,
        /// It takes the place of the card that counts for this candidate until now
        #[arg(long)]
        instead: bool,
        /// Why; whoever signs second may leave it out
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutcomeWord {
    /// It counts for the candidate whose number it has
    Counts,
    /// It does not count
    Refused,
}

pub fn run(args: &Late, context: &Context) -> Result<Ending, Failure> {
    let statuses = match (&args.verb, &args.file) {
        (Some(Verb::Cases), _) => {
            let cases = context.open()?.late_sheets()?;
            if cases.is_empty() {
                context.output.line("no card came in late");
            }
            cases
        }
        (Some(Verb::Sign { case, signing, outcome, places, instead, why }), _) => {
            let verdict = match outcome {
                OutcomeWord::Refused if places.is_empty() && !instead => LateVerdict::Refused,
                OutcomeWord::Refused => {
                    let hint = "leave out --at and --instead, or sign --outcome counts";
                    return Err(Failure::new("a card that does not count needs no decision", Some(hint)));
                }
                OutcomeWord::Counts => {
                    let decisions = places.iter().map(|text| decision_of(text)).collect::<Result<_, _>>()?;
                    LateVerdict::Counted { decisions, instead: *instead }
                }
            };
            let mut session = context.open()?;
            let identity = signing.open()?;
            vec![session.sign_late(*case, &identity, &verdict, why)?]
        }
        (None, Some(file)) => {
            vec![context.open()?.late(file, args.reason.as_deref().unwrap_or_default())?]
        }
        (None, None) => {
            return Err(Failure::new("no file is named", Some("name the scan of the card")));
        }
    };
    for status in &statuses {
        tell(status, context);
    }
    let values: Vec<Value> = statuses.iter().map(value_of).collect();
    match (&args.verb, values.as_slice()) {
        (Some(Verb::Cases), all) => context.output.value(&all),
        (_, [one]) => context.output.value(one),
        _ => {}
    }
    let done = |s: &LateStatus| matches!(s.state, LateState::Refused | LateState::Graded);
    Ok(if statuses.iter().all(done) { Ending::Clean } else { Ending::Exceptions })
}

fn tell(status: &LateStatus, context: &Context) {
    let (case, out) = (&status.case, &context.output);
    let whose = status.ticket.as_ref().map_or_else(|| "nobody on the roster".to_owned(), ToString::to_string);
    out.line(format!("late sheet {} of {whose}: {}", case.number, status.state.word()));
    out.line(format!("  {} (sheet {})", case.opened.file, case.opened.sheet.image.short()));
    out.line(format!("  came in late because: {}", case.opened.reason));
    for open in &status.open {
        let place = match (&open.field, &open.item) {
            (Some(field), Some(item)) => format!("{field}:{item}"),
            (Some(field), None) => field.to_string(),
            _ => "sheet".to_owned(),
        };
        out.line(format!("  {place}: {}", open.cause));
    }
    tell_signatures(&case.signatures, out);
    out.line(match status.state {
        LateState::Open | LateState::SignedByOne => format!(
            "  look at it with `duka show {}`; two people then sign: `duka late sign {} --identity FILE --outcome …`",
            case.opened.sheet.image.short(),
            case.number
        ),
        LateState::AwaitingGrading => "  its score is made by the next grading: `duka grade --request`".to_owned(),
        LateState::Refused | LateState::Graded => return,
    });
}

fn value_of(status: &LateStatus) -> Value {
    let case = &status.case;
    let signatures = signatures_value(&case.signatures);
    json!({
        "case": case.number, "state": status.state.word(), "ticket": status.ticket, "sheet": case.opened.sheet,
        "file": case.opened.file, "reason": case.opened.reason, "open": status.open, "signatures": signatures,
        "entry": case.entry,
    })
}

/// `items:17=B`, `ticket=140510001001`, `sheet=accept`.
fn decision_of(text: &str) -> Result<(Option<FieldName>, Option<ItemLabel>, Decision), Failure> {
    let wrong = || {
        let hint = "write field, item, = and what is marked there: items:17=B, items:18=blank, form=B, absent=accept";
        Failure::new(format!("{text:?} is no decision about a place"), Some(hint))
    };
    let (place, decision) = text.split_once('=').ok_or_else(wrong)?;
    let decision: Decision = decision.parse().map_err(|_| wrong())?;
    let (field, item) = match place.split_once(':') {
        Some((field, item)) => (field, Some(item.trim().parse().map_err(|_| wrong())?)),
        None => (place, None),
    };
    match field.trim() {
        "sheet" if item.is_none() && decision == Decision::Accept => Ok((None, None, decision)),
        "sheet" => Err(wrong()),
        field => Ok((Some(field.parse().map_err(|_| wrong())?), item, decision)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_names_its_place() {
        let parsed = |text: &str| {
            decision_of(text).map(|(field, item, decision)| {
                let text = |part: Option<String>| part.unwrap_or_default();
                (text(field.map(|f| f.to_string())), text(item.map(|i| i.to_string())), decision)
            })
        };
        let of = |field: &str, item: &str, decision| Ok((field.to_owned(), item.to_owned(), decision));
        assert_eq!(parsed("items:17=B").map_err(drop), of("items", "17", Decision::Value("B".into())));
        assert_eq!(parsed("items:18=blank").map_err(drop), of("items", "18", Decision::Blank));
        assert_eq!(parsed("ticket=1405").map_err(drop), of("ticket", "", Decision::Value("1405".into())));
        assert_eq!(parsed("sheet=accept").map_err(drop), of("", "", Decision::Accept));
        for wrong in
            ["", "items:17", "=B", "items:=B", "items:17=", "sheet=void", "sheet:1=accept", "items:17=答"]
        {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
