//! `duka retention`.

use super::signing::{Signing, signatures_value, tell_signatures};
use super::{Context, Ending, Failure};
use clap::{Args, Subcommand, ValueEnum};
use duka::session::DestructionStatus;
use duka::store::{DestructionOutcome, Kept};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Show until when this batch is kept (保管期限), and keep the register of what is destroyed (销毁登记)
///
/// Nothing is ever deleted by this program: two people sign that something is destroyed, and the register says so.
#[derive(Debug, Args)]
pub struct Retention {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Open a case about a destruction; before the last day of keeping it takes --early
    Destroy {
        /// What kind of record
        #[arg(long, value_enum)]
        what: What,
        /// Which records, and where they lie
        #[arg(long, value_name = "TEXT")]
        description: String,
        /// How they are destroyed
        #[arg(long, value_name = "TEXT")]
        how: String,
        /// Why they are destroyed
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Why before the last day of keeping; who signs the case signs this too
        #[arg(long, value_name = "REASON")]
        early: Option<String>,
    },
    /// Sign whether it is destroyed; two people must sign the same
    Sign {
        /// The case's number
        case: u64,
        #[command(flatten)]
        signing: Signing,
        /// What it comes to
        #[arg(long, value_enum)]
        outcome: Word,
        /// Why; whoever signs second may leave it out
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Write the destruction register (销毁登记表) as xlsx and pdf
    Register {
        /// Folder for the register; the session's out/ if not given
        #[arg(long, short, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// 电子档案: session, archive, pictures
    Electronic,
    /// 纸质档案: cards, lists, forms
    Paper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// It is destroyed
    Destroy,
    /// It is kept
    Keep,
}

pub fn run(args: &Retention, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let out = &context.output;
    let status = match &args.verb {
        None => {
            let kept = session.retention()?;
            let cases = session.destructions()?;
            out.line(format!("published {}", kept.from));
            out.line(format!("electronic records (电子档案) are kept until {}", kept.electronic_until));
            out.line(format!("papers (纸质档案) are kept until {}", kept.paper_until));
            for status in &cases {
                tell(status, context);
            }
            out.value(&json!({
                "published": kept.from, "electronic_until": kept.electronic_until, "paper_until": kept.paper_until,
                "destructions": cases.iter().map(value_of).collect::<Vec<_>>(),
            }));
            return Ok(Ending::Clean);
        }
        Some(Verb::Register { out: folder }) => {
            let folder = folder.clone().unwrap_or_else(|| session.folder().join("out"));
            let paths = session.destruction_register(&folder)?;
            for path in &paths {
                out.line(format!("  {}", path.display()));
            }
            out.value(&json!({ "files": paths }));
            return Ok(Ending::Clean);
        }
        Some(Verb::Destroy { what, description, how, reason, early }) => {
            let what = match what {
                What::Electronic => Kept::Electronic,
                What::Paper => Kept::Paper,
            };
            session.open_destruction(what, (description, how, reason), early.as_deref())?
        }
        Some(Verb::Sign { case, signing, outcome, why }) => {
            let outcome = match outcome {
                Word::Destroy => DestructionOutcome::Destroy,
                Word::Keep => DestructionOutcome::Keep,
            };
            session.sign_destruction(*case, &signing.open()?, outcome, why)?
        }
    };
    tell(&status, context);
    out.value(&value_of(&status));
    Ok(if status.decided.is_some() { Ending::Clean } else { Ending::Exceptions })
}

fn word(status: &DestructionStatus) -> &'static str {
    match (status.decided, status.case.signatures.is_empty()) {
        (Some(DestructionOutcome::Destroy), _) => "destroy",
        (Some(DestructionOutcome::Keep), _) => "keep",
        (None, true) => "open",
        (None, false) => "signed-by-one",
    }
}

fn tell(status: &DestructionStatus, context: &Context) {
    let (case, out) = (&status.case, &context.output);
    out.line(format!("destruction {}: {}", case.number, word(status)));
    out.line(format!("  {}; {}; {}", case.opened.description, case.opened.how, case.opened.reason));
    if !case.opened.early.is_empty() {
        out.line(format!("  before {}: {}", case.opened.keep_until, case.opened.early));
    }
    tell_signatures(&case.signatures, out);
    if status.decided.is_none() {
        let number = case.number;
        out.line(format!("  two people sign: `duka retention sign {number} --identity FILE --outcome …`"));
    }
}

fn value_of(status: &DestructionStatus) -> Value {
    let case = &status.case;
    json!({
        "case": case.number, "state": word(status), "opened": case.opened, "entry": case.entry,
        "signatures": signatures_value(&case.signatures),
    })
}
