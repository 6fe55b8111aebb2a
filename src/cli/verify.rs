//! `duka verify`.

use super::journal::read_slips;
use super::signing::people;
use super::{Context, Ending, Failure, now, shield};
use clap::Args;
use duka::session::{
    Depth, LostWhy, OriginalsChecked, Regrading, Session, Verified, VerifyOptions, verify as look,
};
use duka::sheet::{Points, Sha256};
use indicatif::ProgressBar;
use serde_json::json;
use std::path::PathBuf;

/// Files and findings that are named one by one.
const SOME: usize = 10;

#[derive(Debug, Args)]
pub struct Verify {
    /// An archive that `duka archive` made; without one, the session is looked at
    #[arg(value_name = "ARCHIVE", conflicts_with_all = ["reread", "originals", "with_key"])]
    archive: Option<PathBuf>,
    /// The archive's code as it was written down: only with it can a list that was rewritten as a whole be told
    #[arg(long, value_name = "HASH", requires = "archive")]
    code: Option<Sha256>,
    /// A head that was written down: the slip's file (pdf or text), a text file with codes, or the code itself; repeat
    /// for several
    #[arg(long = "head", value_name = "SLIP")]
    heads: Vec<String>,
    /// Public lines of the people whose signatures count (duka-person-1 …, one a line); repeat for several
    #[arg(long = "signer", value_name = "FILE")]
    signers: Vec<PathBuf>,
    /// Read every picture again and compare with the record; takes about as long as the scan did
    #[arg(long)]
    reread: bool,
    /// Check a paper instead: its file (pdf, xlsx) as it was issued, or of a printed page the text of its code (签名码) as a scanner
    /// types it, or a file with such texts; repeat for several
    #[arg(long = "paper", value_name = "TEXT|FILE", conflicts_with_all = ["archive", "reread", "originals", "with_key", "heads"])]
    papers: Vec<String>,
    /// The exam's manifest, for --paper without a session
    #[arg(long, value_name = "FILE", requires = "papers")]
    manifest: Option<PathBuf>,
    /// Also read every picture and copy, and compare its bytes with what was read; takes as long as reading the disk
    #[arg(long)]
    originals: bool,
    /// Also open the keys and make every score again; takes a request (`duka grade --request FILE --for check`) and releases,
    /// and records that it was done
    #[arg(long, requires = "releases")]
    with_key: bool,
    /// A custodian's release, for --with-key; repeat for each
    #[arg(long = "release", value_name = "FILE", requires = "with_key")]
    releases: Vec<PathBuf>,
    /// Sealed keys, for --with-key; without any, every .sealed file of the session's keys/ folder
    #[arg(long = "key", value_name = "FILE", requires = "with_key")]
    keys: Vec<PathBuf>,
}

pub fn verify(args: &Verify, context: &Context) -> Result<Ending, Failure> {
    if !args.papers.is_empty() {
        return super::paper::check(&args.papers, args.manifest.as_deref(), context);
    }
    let mut slips = Vec::new();
    for head in &args.heads {
        slips.extend(read_slips(head)?);
    }
    let signers = people(&args.signers)?;
    if let Some(archive) = &args.archive {
        let options = VerifyOptions { slips: &slips, signers: &signers, reread: false };
        return super::archive::verify(archive, args.code.as_ref(), &options, context);
    }
    let options = VerifyOptions { slips: &slips, signers: &signers, reread: args.reread };
    let bar = ProgressBar::hidden();
    if context.output.shows_progress() && args.reread {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
    }
    let seen = look(&context.session, now, &options, &mut |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    let depth = if args.originals { Depth::Bytes } else { Depth::There };
    // Only what was found is told of a record that can't be opened.
    let originals = match originals(context, depth) {
        Ok(checked) => checked,
        Err(_) if !seen.holds() => OriginalsChecked::default(),
        Err(failure) => return Err(failure),
    };
    tell(args, &seen, context);
    tell_originals(args, &originals, context);
    let regraded = if args.with_key && seen.holds() {
        shield::raise_and_tell();
        let regraded = context.open()?.check_scores(&args.releases, &args.keys)?;
        tell_scores(&regraded, context);
        Some(regraded)
    } else {
        None
    };
    let with_key = regraded.as_ref().map(|r| {
        let papers: Vec<_> = r
            .papers
            .iter()
            .map(|(paper, form, revision, sheets)| {
                json!({ "paper": paper, "form": form, "key_revision": revision, "sheets": sheets })
            })
            .collect();
        json!({ "papers": papers, "differing": r.differing })
    });
    let lost: Vec<_> = originals
        .lost
        .iter()
        .map(|l| json!({ "path": l.path, "image": l.image, "why": l.why.kind() }))
        .collect();
    let findings: Vec<_> = seen
        .findings
        .iter()
        .map(|finding| json!({ "finding": finding, "message": finding.to_string() }))
        .collect();
    let completeness = match seen.proved_to {
        Some(entry) => json!({ "proved_to": entry }),
        None => json!("unproved"),
    };
    let reread = seen.reread.as_ref().map(|r| {
        json!({
            "pages": r.pages, "equal": r.equal, "same_responses": r.same_responses, "differing": r.differing.len(),
            "without_picture": r.without_picture,
        })
    });
    context.output.value(&json!({
        "holds": seen.holds(), "findings": findings, "entries": seen.head.sequence, "head": seen.head.hash,
        "code": seen.code.to_string(), "completeness": completeness, "signatures": seen.signatures,
        "clock_set_back": seen.clock_set_back, "scores": seen.scores, "papers": seen.papers,
        "other_papers": seen.other_papers, "reread": reread,
        "with_key": with_key,
        "originals": {
            "files": originals.files, "copies": originals.copies, "compared": args.originals, "lost": lost,
            "strays": originals.strays,
        },
    }));
    if !seen.holds() {
        let what = format!("{} things do not hold", seen.findings.len());
        let hint = "someone changed the session by other means, or a slip is of another one: keep everything as it is, and \
                    compare it with a backup";
        return Err(Failure::new(what, Some(hint)));
    }
    if regraded.is_some_and(|r| !r.differing.is_empty()) {
        let hint = "a score, a response or a key is not what it was when it was graded: keep everything as it is, and grade again \
                    with `duka grade` once it is known why";
        return Err(Failure::new("scores in the record are not what the keys give", Some(hint)));
    }
    let without = seen.reread.as_ref().map_or(0, |r| r.without_picture.len());
    let left = originals.lost.len() + originals.strays.len() + without + seen.other_papers.len();
    Ok(if left > 0 { Ending::Exceptions } else { Ending::Clean })
}

fn originals(context: &Context, depth: Depth) -> Result<OriginalsChecked, Failure> {
    let session = Session::look(&context.session, now)?;
    Ok(session.check_originals(depth)?)
}

fn tell(args: &Verify, seen: &Verified, context: &Context) {
    let out = &context.output;
    for finding in seen.findings.iter().take(SOME) {
        out.line(format!("WRONG  {finding}"));
    }
    if seen.findings.len() > SOME {
        out.line(format!("WRONG  and {} more; --json lists all", seen.findings.len() - SOME));
    }
    let entries = seen.head.sequence;
    if seen.holds() {
        out.line(format!("the journal holds together: {entries} entries, head {}", seen.head.hash));
    } else {
        out.line(format!("the journal has {entries} entries, head {}", seen.head.hash));
    }
    out.line(format!("code of the head: {}", seen.code));
    match seen.proved_to {
        Some(proved) if proved == entries => out.line("complete: the slip is of the last entry"),
        Some(proved) => out.line(format!(
            "complete up to entry {proved}, which the slip proves; completeness of entries {} to {entries} is unproved",
            proved + 1
        )),
        None => out.line(
            "completeness is unproved: whether its end was cut off can only be told from a head written down elsewhere \
             (--head SLIP)",
        ),
    }
    for s in &seen.signatures {
        let role = if s.role.is_empty() { String::new() } else { format!(" ({})", s.role) };
        let vouched = match (s.vouched, args.signers.is_empty()) {
            (true, true) => "of the exam's manifest",
            (true, false) => "known by --signer",
            (false, true) => "not of the exam's manifest: nobody vouches for the key",
            (false, false) => "not a known key",
        };
        out.line(format!("signature under {}: {}{role}, key {}, {vouched}", s.under, s.name, s.fingerprint));
    }
    for entry in &seen.clock_set_back {
        out.line(format!(
            "note: entry {entry} says an earlier time than the one before it: a clock was set back"
        ));
    }
    if seen.scores > 0 {
        out.line(format!("{} scores are of the sheets that count; points need the key", seen.scores));
    }
    match seen.papers {
        Some(papers) => {
            out.line(format!("{papers} published papers, made again from the record, are the same"));
        }
        None => out.line(
            "no publication was compared: there is none, or something was done since that can change it",
        ),
    }
    if seen.redrawn > 0 {
        out.line(format!(
            "{} published papers say page by page what was signed, drawn otherwise than by the program that issued them; the bytes \
             that were issued are kept",
            seen.redrawn
        ));
    }
    for path in &seen.other_papers {
        out.line(format!(
            "{path} is none of the papers that were published: it was changed, or a publication was cut short; `duka publish` \
             writes them again"
        ));
    }
    match &seen.reread {
        Some(r) => out.line(format!(
            "pictures read again: {} pages, {} measured the same, {} with the same responses by another version, {} \
             otherwise; {} files without their picture",
            r.pages,
            r.equal,
            r.same_responses,
            r.differing.len(),
            r.without_picture.len()
        )),
        None => out.line("pictures were not read again (--reread does)"),
    }
}

fn tell_scores(regraded: &Regrading, context: &Context) {
    let out = &context.output;
    let points = |points: Option<Points>| points.map_or("no score".to_owned(), |p| p.to_string());
    for wrong in regraded.differing.iter().take(SOME) {
        let (recorded, given) = (points(wrong.recorded), points(wrong.given));
        if recorded == given {
            out.line(format!("WRONG  {}: {recorded}, made otherwise than the key makes it", wrong.ticket));
        } else {
            out.line(format!("WRONG  {}: {recorded} in the record, the key gives {given}", wrong.ticket));
        }
    }
    if regraded.differing.len() > SOME {
        out.line(format!("WRONG  and {} more; --json lists all", regraded.differing.len() - SOME));
    }
    for (paper, form, revision, sheets) in &regraded.papers {
        out.line(format!("{paper} form {form}: {sheets} sheets graded again with key revision {revision}"));
    }
}

fn tell_originals(args: &Verify, checked: &OriginalsChecked, context: &Context) {
    let out = &context.output;
    let how = if args.originals { "with the bytes that were read" } else { "by name and length" };
    out.line(format!(
        "pictures: {} of {} files are where they should be ({how}), {} as copies of the session's own",
        checked.files - checked.lost.len(),
        checked.files,
        checked.copies
    ));
    for lost in checked.lost.iter().take(SOME) {
        let what = match lost.why {
            LostWhy::Gone => "is gone".to_owned(),
            LostWhy::Differs => "is no longer the file that was read".to_owned(),
            LostWhy::Unreadable(kind) => format!("can't be read: {kind}"),
        };
        out.line(format!("  {} {what} ({})", lost.path, lost.image.short()));
    }
    if checked.lost.len() > SOME {
        out.line(format!("  and {} more; --json lists all", checked.lost.len() - SOME));
    }
    for stray in checked.strays.iter().take(SOME) {
        out.line(format!(
            "  {} is a copy that the record does not name: scan it to take it in",
            stray.display()
        ));
    }
}
