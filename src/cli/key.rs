//! `duka key`: custodians, sealing, looking at a sealed key, releasing it. Nothing here prints a word of a key.

use super::files::{Existing, Readers, read_small, write_whole};
use super::grade::{local, tell_request};
use super::manifest::{custody, read_manifest, shown};
use super::passphrase::Passphrase;
use super::{Context, Ending, Failure, identity, shield};
use clap::Subcommand;
use duka::identity::{Fingerprint, Identity};
use duka::key::{Moment, Proposal, Request, SealedKey, Terms, example_toml, seal};
use duka::sheet::{Form, PaperId};
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Make, seal, inspect and release answer keys (标准答案)
///
/// A key is written as TOML (`duka key example`) and sealed at once for the exam's custodians (`duka key seal`): only the
/// sealed file is handed on. Any k of the custodians (密钥保管人), two at least, release it together for one grading request;
/// fewer learn nothing. Each makes their identity on their own machine (`duka key custodian new`).
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Custodians (密钥保管人): who release sealed keys
    Custodian {
        #[command(subcommand)]
        verb: CustodianVerb,
    },
    /// Check an answer key and seal it (密封) for the custodians of the exam
    ///
    /// The plain file stays where it is: delete it once the sealed one is safe.
    Seal {
        /// The plain key, TOML as `duka key example` shows it
        #[arg(value_name = "KEY.toml")]
        key: PathBuf,
        /// The exam's manifest
        #[arg(long, value_name = "FILE")]
        manifest: PathBuf,
        /// How many custodians release it together [default: what the manifest says, never fewer]
        #[arg(long, value_name = "K")]
        threshold: Option<u8>,
        /// When it may be released at the earliest: 2026-11-21T12:00:00+08:00, or local time 2026-11-21T12:00
        #[arg(long, value_name = "TIME", value_parser = time)]
        not_before: Moment,
        /// Why the key was corrected, in one line that everybody may read; for revision 2 and up
        #[arg(long, default_value = "")]
        reason: String,
        /// The issuer's secret identity file
        #[arg(long, value_name = "FILE")]
        issuer: PathBuf,
        /// The sealed file to write, such as keys/paper-A.sealed; never replaced if it is there
        #[arg(short, long, value_name = "KEY.sealed")]
        output: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Show all that is not secret of a sealed key, without opening it
    Inspect {
        /// The sealed key
        file: PathBuf,
        /// Also check that it is of this exam
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
    },
    /// Look at a grading request and release this custodian's part of the keys for it
    ///
    /// Run it on a machine of the custodian's own. It shows what the grading machine says of itself, checks that the keys
    /// are of that exam and that their time has come by the clock here, and asks. The release opens nothing alone, and
    /// serves that one request, once.
    Release {
        /// The grading request
        #[arg(value_name = "REQUEST")]
        request: PathBuf,
        /// The sealed keys that the request asks for; others among them are passed over
        #[arg(long = "key", value_name = "KEY.sealed", required = true, num_args = 1..)]
        keys: Vec<PathBuf>,
        /// The custodian's secret identity file
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// The release to write; never replaced if it is there
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Release without asking: the facts were looked at before
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        passphrase: Passphrase,
    },
    /// Print a commented example of a plain key to start from; its answers are made up
    Example {
        /// The paper's id in exam.toml
        paper: PaperId,
        /// The form (试卷类型), `A` if there is only one
        form: Form,
        /// The key's revision
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
        revision: u16,
    },
}

#[derive(Debug, Subcommand)]
enum CustodianVerb {
    /// Make a custodian's identity: a secret file under a passphrase, and a public line beside it (FILE.pub)
    ///
    /// The secret file can be read by its owner alone and is never replaced. Whoever has it and its passphrase can
    /// release one part of every key that was sealed to it; if it is lost, they can't.
    New(identity::New),
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        Verb::Custodian { verb: CustodianVerb::New(new) } => {
            return identity::make(new, Identity::custodian, context);
        }
        Verb::Seal { key, manifest, threshold, not_before, reason, issuer, output, passphrase } => {
            let terms =
                Terms { threshold: *threshold, not_before: *not_before, reason: reason.trim().to_owned() };
            seal_key(key, manifest, &terms, (issuer.as_path(), *passphrase), output, context)?;
        }
        Verb::Inspect { file, manifest } => inspect(file, manifest.as_deref(), context)?,
        Verb::Release { request, keys, identity, output, yes, passphrase } => {
            release(request, keys, (identity.as_path(), *passphrase), output, *yes, context)?;
        }
        Verb::Example { paper, form, revision } => {
            super::Output::raw(example_toml(paper, form, *revision).as_bytes());
        }
    }
    Ok(Ending::Clean)
}

/// A time with its offset, or one by the clock on this machine's wall.
fn time(text: &str) -> Result<Moment, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let wanted = "a time is 2026-11-21T12:00:00+08:00, or 2026-11-21T12:00 for the time here";
    let civil: jiff::civil::DateTime = text.trim().parse().map_err(|_| wanted.to_owned())?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::system()).map_err(|_| wanted.to_owned())?;
    Ok(Moment::from_second(zoned.timestamp().as_second()))
}

fn here() -> Moment {
    Moment::from_second(jiff::Timestamp::now().as_second())
}

fn seal_key(
    key: &Path,
    manifest: &Path,
    terms: &Terms,
    (issuer, passphrase): (&Path, Passphrase),
    output: &Path,
    context: &Context,
) -> Result<(), Failure> {
    shield::raise_and_tell();
    let manifest = read_manifest(manifest)?;
    let path = key.display().to_string();
    let bytes = Zeroizing::new(read_small(key)?);
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].split(|&b| b == b'\n').count();
        let hint = "save the key as UTF-8 text";
        Failure::new(format!("{path}:{line}: not UTF-8 text"), Some(hint))
    })?;
    let issuer = passphrase.identity(issuer)?;
    let sealed = seal(text, &path, &manifest, terms, &issuer).map_err(|e| custody(&path, &e))?;
    write_whole(output, sealed.text().as_bytes(), Existing::Keep, Readers::Usual)?;
    let file = output.display().to_string();
    tell(&file, &sealed, context);
    context.output.line(format!("The plain key is still in {path}: delete it once the sealed one is safe."));
    Ok(())
}

fn read_sealed(file: &Path) -> Result<SealedKey, Failure> {
    SealedKey::open(&read_small(file)?).map_err(|e| custody(&file.display().to_string(), &e))
}

fn inspect(file: &Path, manifest: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let name = file.display().to_string();
    let sealed = read_sealed(file)?;
    if let Some(manifest) = manifest {
        let manifest = read_manifest(manifest)?;
        sealed.belongs(&manifest).map_err(|e| custody(&name, &e))?;
    }
    tell(&name, &sealed, context);
    if manifest.is_some() {
        context.output.line("it is of this exam, and signed by its issuer");
    }
    Ok(())
}

/// All that is not secret.
fn tell(file: &str, sealed: &SealedKey, context: &Context) {
    let (out, facts) = (&context.output, sealed.facts());
    out.line(format!("{file}: {}", sealed.binding()));
    if !facts.reason.is_empty() {
        out.line(format!("  corrected: {}", facts.reason));
    }
    out.line(format!("  fingerprint: {}", sealed.fingerprint()));
    out.line(format!("  exam id: {}", Fingerprint::of(&facts.exam)));
    out.line(format!("  not before: {}", local(facts.not_before)));
    out.line(format!("  released by any {} of {} custodians:", facts.threshold, facts.custodians.len()));
    for person in &facts.custodians {
        out.line(format!("    {}", shown(person)));
    }
    out.line(format!("  signed by {}", shown(&facts.issuer)));
    out.line(format!("  {}", facts.suite));
    out.value(&json!({
        "path": file, "fingerprint": sealed.fingerprint().to_string(), "sealed": facts,
    }));
}

fn release(
    request: &Path,
    keys: &[PathBuf],
    (identity, passphrase): (&Path, Passphrase),
    output: &Path,
    yes: bool,
    context: &Context,
) -> Result<(), Failure> {
    shield::raise_and_tell();
    let name = request.display().to_string();
    let request = Request::open(&read_small(request)?).map_err(|e| custody(&name, &e))?;
    let mut sealed = keys.iter().map(|key| read_sealed(key)).collect::<Result<Vec<_>, _>>()?;
    // Another file under the name of a key that is asked for stays, and is refused.
    sealed.retain(|key| request.keys().iter().any(|asked| asked.binding() == key.binding()));
    if output.symlink_metadata().is_ok() {
        let hint = "nothing was released; name another file, or move the old one away first";
        return Err(Failure::new(format!("{} is there already", output.display()), Some(hint)));
    }
    tell_request(&request, context);
    let custodian = passphrase.identity(identity)?;
    let now = here();
    let refused = |e| custody(&name, &e);
    let proposal = Proposal::check(&request, &sealed, custodian.person(), now).map_err(refused)?;
    let out = &context.output;
    for key in proposal.keys() {
        let reason = key.facts().reason;
        if !reason.is_empty() {
            out.line(format!("  {} is a correction: {reason}", key.binding()));
        }
        out.line(format!("  {}: not before {}", key.binding(), local(key.not_before())));
    }
    out.line(format!("  the clock here says {}", local(now)));
    if !yes && !agreed(&shown(custodian.person()))? {
        return Err(Failure::new("nothing was released", None::<&str>));
    }
    let release = proposal.release(&custodian, now).map_err(refused)?;
    // The release is of use to the one grading machine alone, and yet nobody else's business.
    write_whole(output, release.text().as_bytes(), Existing::Keep, Readers::Owner)?;
    out.line(format!(
        "{}: release of {}, fingerprint {}; send it to the grading machine",
        output.display(),
        custodian.person().name(),
        release.fingerprint()
    ));
    out.value(&json!({
        "file": output, "release": release.id(), "fingerprint": release.fingerprint().to_string(),
        "request": request.id(), "custodian": custodian.person(), "at": now,
    }));
    Ok(())
}

/// Whether the custodian agrees, asked at the terminal.
fn agreed(who: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let hint = "run the command at a terminal, or look at the facts and give --yes";
        return Err(Failure::new("can't ask whether the keys may be released", Some(hint)));
    }
    eprint!("Release the keys as {who}? Type yes: ");
    let failed = |e| Failure::new(format!("can't ask: {e}"), None::<&str>);
    std::io::stderr().flush().map_err(failed)?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim() == "yes")
}
