//! `duka merge`, `duka publish` and `duka publications`.

use super::signing::Signing;
use super::{Context, Ending, Failure, status};
use clap::{Args, Subcommand};
use duka::merge::{Results, Verdict};
use duka::session::{Approval, Numbered, ProposalStatus, Published, Session, Written};
use duka::store::{CaseFile as _, Proposal, ProposalSignature, Registered};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Changes and certificates that are named one by one.
const SOME: usize = 10;

/// Publish 成绩单, 鉴定名册 and 合格名册 as xlsx and pdf: propose, check, approve, issue
///
/// Without a further word it takes the next step: while something is open the papers are drafts (草稿); else they are proposed (待审核)
/// in out/待审. `duka publish check` is signed by a reviewer, `duka publish approve` by a supervisor, who is somebody else; then
/// `duka publish` issues them under their number. What two people signed is issued only as long as nothing of it has changed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Publish {
    #[command(subcommand)]
    verb: Option<PublishVerb>,
    /// Folder for the papers; the session's out/ if not given
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Publish results that differ from the last number's, under a new number that names it, the reason and every changed line
    #[arg(long, value_name = "REASON")]
    correct: Option<String>,
}

#[derive(Debug, Subcommand)]
enum PublishVerb {
    /// Sign that the proposal was looked through and found right (复核)
    Check {
        #[command(flatten)]
        signing: Signing,
        /// What to say of it
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Sign that it is to be issued (批准), and each of its pages: a supervisor, not the one who checked
    Approve {
        #[command(flatten)]
        signing: Signing,
        /// What to say of it
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Issue what was checked and approved, or carry out a withdrawal that was
    Issue {
        /// Folder for the papers; the session's out/ if not given
        #[arg(long, short, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Propose to withdraw a number that is in force (撤回); it is checked and approved as a publication is
    Withdraw {
        /// Which number
        #[arg(value_name = "N")]
        number: u64,
        /// Why
        #[arg(long, value_name = "REASON")]
        reason: String,
    },
}

/// List every number that was issued: its state, reason, people and changed lines
#[derive(Debug, Args)]
pub struct Publications {
    /// Also list every certificate (证书) that was ever issued, with its state
    #[arg(long)]
    certificates: bool,
}

pub fn merge(context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let results = session.merge()?;
    tell(&results, context);
    context.output.value(&json!({
        "draft": results.is_draft(),
        "open_exceptions": results.open_exceptions,
        "transcripts": results.transcripts,
    }));
    Ok(ending(&results))
}

pub fn publish(args: &Publish, context: &Context) -> Result<Ending, Failure> {
    let mut session = context.open()?;
    let folder = |out: &Option<PathBuf>, session: &Session| {
        out.clone().unwrap_or_else(|| session.folder().join("out"))
    };
    match &args.verb {
        None => {
            let folder = folder(&args.out, &session);
            let written = session.publish_step(&folder, args.correct.as_deref())?;
            tell(&written.results, context);
            tell_written(&written, &session, context)
        }
        Some(PublishVerb::Issue { out }) => {
            let folder = folder(out, &session);
            let written = session.issue(&folder)?;
            tell_written(&written, &session, context)
        }
        Some(PublishVerb::Check { signing, note }) => {
            tell_proposal_of(&session, context)?;
            let status = session.check_proposal(&signing.open()?, note)?;
            Ok(tell_signed(&status, context))
        }
        Some(PublishVerb::Approve { signing, note }) => {
            tell_proposal_of(&session, context)?;
            let status = session.approve_proposal(&signing.open()?, note)?;
            Ok(tell_signed(&status, context))
        }
        Some(PublishVerb::Withdraw { number, reason }) => {
            let case = session.propose_withdrawal(*number, reason)?;
            context.output.line(format!("proposal {case}: to withdraw publication number {number}"));
            context.output.line("next: `duka publish check`, `duka publish approve`, `duka publish issue`");
            context.output.value(&json!({ "proposal": case, "withdraws": number }));
            Ok(Ending::Clean)
        }
    }
}

fn tell_written(written: &Written, session: &Session, context: &Context) -> Result<Ending, Failure> {
    let out = &context.output;
    if let Some((case, changed)) = &written.outdated {
        out.line(format!("proposal {case} no longer fits, and what was signed under it does not count:"));
        for change in changed.iter().take(SOME) {
            out.line(format!("  {change}"));
        }
    }
    for path in &written.files {
        out.line(format!("  {}", path.display()));
    }
    let (step, number, proposal) = match written.step {
        Published::Draft => {
            out.line("every page says 草稿 (draft): see `duka status` for what stands in the way");
            ("draft", None, None)
        }
        Published::Proposed { case, number } => {
            out.line(format!("proposal {case}: to be number {number}; every page says 待审核"));
            if let Some(status) = session.proposal()? {
                tell_next(&status.approval, context);
            }
            ("proposed", Some(number), Some(case))
        }
        Published::Issued(number) => {
            out.line(format!("publication number (发布号): {number}, issued"));
            ("issued", Some(number), None)
        }
        Published::Again(number) => {
            out.line(format!("publication number (发布号): {number}, as it was issued"));
            ("again", Some(number), None)
        }
        Published::Withdrawn(number) => {
            out.line(format!("publication number (发布号) {number} is withdrawn (已撤回)"));
            ("withdrawn", Some(number), None)
        }
    };
    status::tell_to_sign(&session.acts_to_sign()?, context);
    let outdated =
        written.outdated.as_ref().map(|(case, changed)| json!({ "proposal": case, "changed": changed }));
    out.value(&json!({
        "draft": written.results.is_draft(), "files": written.files, "number": number, "step": step,
        "proposal": proposal, "outdated": outdated,
    }));
    Ok(match written.step {
        Published::Draft => Ending::Exceptions,
        _ => Ending::Clean,
    })
}

/// What is to be signed, in a few lines.
fn tell_proposal_of(session: &Session, context: &Context) -> Result<(), Failure> {
    let Some(ProposalStatus { case, .. }) = session.proposal()? else { return Ok(()) };
    let out = &context.output;
    match &case.opened {
        Proposal::Issue(issue) => {
            let p = &issue.publication;
            out.line(format!(
                "proposal {}: {} results as publication number {}, {} pages",
                case.number,
                p.lines.len(),
                p.number,
                issue.pages.len()
            ));
            if let Some(corrects) = p.corrects {
                out.line(format!("  it corrects number {corrects}: {}", p.reason));
            }
            for (matter, statement) in &p.matters {
                out.line(format!("  {matter}: {statement}"));
            }
            for key in &issue.keys {
                out.line(format!("  graded with {} {} revision {}", key.paper, key.form, key.revision));
            }
            if let Some(freeze) = &p.freeze {
                out.line(format!("  freeze {freeze}"));
            }
            if !p.certificates.is_empty() {
                out.line(format!("  {} certificates, {} revoked", p.certificates.len(), p.revoked.len()));
            }
        }
        Proposal::Withdraw(withdrawal) => {
            out.line(format!(
                "proposal {}: to withdraw publication number {}: {}",
                case.number, withdrawal.number, withdrawal.reason
            ));
            out.line(format!("  {} certificates are revoked with it", withdrawal.revoked.len()));
        }
    }
    Ok(())
}

fn tell_signed(status: &ProposalStatus, context: &Context) -> Ending {
    let out = &context.output;
    for (signature, what) in [(&status.approval.checked, "checked"), (&status.approval.approved, "approved")]
    {
        if let Some(s) = signature {
            out.line(format!("{what} by {}: {} ({})", s.person.name(), s.why, s.person.fingerprint()));
        }
    }
    tell_next(&status.approval, context);
    out.value(&json!({
        "proposal": status.case.number, "checked": person(status.approval.checked.as_ref()),
        "approved": person(status.approval.approved.as_ref()),
    }));
    Ending::Clean
}

/// What comes next, as whoever is at the keyboard calls it.
pub fn tell_next(approval: &Approval, context: &Context) {
    use duka::session::ProposalStep as S;
    context.output.line(match approval.missing() {
        Some(S::Check) => "next: a reviewer runs `duka publish check --identity FILE`",
        Some(_) => "next: a supervisor, who is somebody else, runs `duka publish approve --identity FILE`",
        None => "next: `duka publish issue`",
    });
}

fn person(signature: Option<&ProposalSignature>) -> Value {
    signature.map_or(Value::Null, |s| {
        json!({
            "name": s.person.name(), "key": s.person.fingerprint().to_string(), "at": s.at, "note": s.why,
        })
    })
}

pub fn publications(args: &Publications, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let out = &context.output;
    let numbers = session.numbers()?;
    if numbers.is_empty() {
        out.line("nothing was published yet");
    }
    for line in &numbers {
        let Numbered { publication, at, state, approval, withdrawal, changed } = line;
        out.line(format!("number {}  {}  {at}", publication.number, state.title()));
        if let Some(corrects) = publication.corrects {
            out.line(format!(
                "  corrects number {corrects} ({} results changed): {}",
                changed.len(),
                publication.reason
            ));
        }
        for change in changed.iter().take(SOME) {
            out.line(format!("    {}", change.statement));
        }
        if changed.len() > SOME {
            out.line(format!("    and {} more; --json lists all", changed.len() - SOME));
        }
        match approval {
            Some(approval) => tell_people(approval, context),
            None => out.line("  issued without signatures, by an earlier version of this program"),
        }
        if let Some((withdrawal, approval)) = withdrawal {
            out.line(format!("  withdrawn: {}", withdrawal.reason));
            tell_people(approval, context);
        }
    }
    let proposal = session.proposal()?;
    if let Some(ProposalStatus { case, approval }) = &proposal {
        let act = match &case.opened {
            Proposal::Issue(_) => "to issue",
            Proposal::Withdraw(_) => "to withdraw",
        };
        out.line(format!("{} {}: {act} number {}", Proposal::KIND.name, case.number, case.opened.number()));
        tell_people(approval, context);
        tell_next(approval, context);
    }
    let register = if args.certificates { session.certificates()? } else { Vec::new() };
    for Registered { certificate, publication, revoked } in &register {
        let state = match revoked {
            None => String::new(),
            Some((number, why)) => format!("  revoked (注销) by number {number}: {why}"),
        };
        out.line(format!(
            "certificate {}  {}  issued {} by number {publication}{state}",
            certificate.number, certificate.ticket, certificate.issued
        ));
    }
    let values: Vec<_> = numbers
        .iter()
        .map(|line| {
            let people = |approval: &Approval| {
                json!({ "checked": person(approval.checked.as_ref()), "approved": person(approval.approved.as_ref()) })
            };
            let changed: Vec<&str> = line.changed.iter().map(|c| c.statement.as_str()).collect();
            json!({
                "number": line.publication.number, "state": line.state.word(), "at": line.at,
                "corrects": line.publication.corrects, "reason": line.publication.reason, "changed": changed,
                "candidates": line.publication.lines.len(), "signed": line.approval.as_ref().map(people),
                "withdrawn": line.withdrawal.as_ref().map(|(w, a)| json!({ "reason": w.reason, "signed": people(a) })),
            })
        })
        .collect();
    out.value(&json!({
        "publications": values, "proposal": proposal.map(|p| p.case.number),
        "certificates": args.certificates.then_some(register),
    }));
    Ok(Ending::Clean)
}

fn tell_people(approval: &Approval, context: &Context) {
    for (signature, what) in [(&approval.checked, "checked (复核)"), (&approval.approved, "approved (批准)")]
    {
        if let Some(s) = signature {
            context.output.line(format!(
                "  {what} by {}, {}, key {}",
                s.person.name(),
                s.at,
                s.person.fingerprint()
            ));
        }
    }
}

fn tell(results: &Results, context: &Context) {
    for group in results.groups() {
        context.output.line(format!(
            "{} {}: entered {} (报考), present {} (实考), passed {} (合格), failed {}, open {}",
            group.occupation,
            group.level,
            group.entered,
            group.present,
            group.passed,
            group.failed,
            group.pending
        ));
    }
    for room in results.rooms.iter().filter(|room| !room.holds()) {
        context.output.line(format!("room {}", status::line_of(room)));
    }
    for transcript in &results.transcripts {
        for conflict in &transcript.conflicts {
            context.output.line(format!(
                "{} {} [{}]: {conflict}",
                conflict.kind.word(),
                transcript.candidate.ticket,
                transcript.candidate.name
            ));
        }
    }
    let pending = results.transcripts.iter().filter(|t| t.verdict == Verdict::Pending).count();
    if pending > 0 {
        context.output.line(format!("{pending} candidates have no result yet"));
    }
}

fn ending(results: &Results) -> Ending {
    if results.is_draft() { Ending::Exceptions } else { Ending::Clean }
}
