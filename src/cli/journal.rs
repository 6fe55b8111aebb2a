//! `duka journal` and `duka head`.

use super::files::{Existing, Readers, write_whole};
use super::signing::Signing;
use super::{Context, Ending, Failure, now};
use clap::{Args, Subcommand};
use duka::session::{SessionError, SignedHead, Slip, sign_slip, slips_of};
use duka::store::{HeadSignature, JournalEntry};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Journal {
    /// Begin with this entry
    #[arg(long, value_name = "N", default_value_t = 1)]
    from: u64,
}

/// Sign and print the journal's head (日志校验码)
///
/// The head is the hash of the last act, and through it of everything before. Supervisor and custodians sign it at the
/// freeze, the opening, the grading and the publication; printed and kept by somebody else, it proves later that nothing
/// was changed or cut off (`duka verify --head`).
#[derive(Debug, Args)]
pub struct Head {
    #[command(subcommand)]
    verb: HeadVerb,
}

#[derive(Debug, Subcommand)]
enum HeadVerb {
    /// Show the head, its code and who signed it
    Show {
        /// The head at this entry; without it, at the last act
        #[arg(long, value_name = "N")]
        entry: Option<u64>,
    },
    /// Sign the last act's head
    ///
    /// With --slip and -o it signs what a slip's text says, on a machine without the session; `duka head add` takes the
    /// signature in.
    Sign {
        #[command(flatten)]
        signing: Signing,
        /// As what: supervisor, custodian, reviewer, operator
        #[arg(long, value_name = "ROLE", default_value = "supervisor")]
        role: String,
        /// Sign this slip (the text that `duka head print` wrote) instead of the session's head
        #[arg(long, value_name = "SLIP.txt", requires = "output")]
        slip: Option<PathBuf>,
        /// Where the signature under --slip is written
        #[arg(short, long, value_name = "FILE", requires = "slip")]
        output: Option<PathBuf>,
    },
    /// Take in signatures that were made elsewhere
    Add {
        /// Files that `duka head sign --slip` wrote
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the head as a slip (凭条) with its code and a QR code; the same as text beside it
    Print {
        /// The head at this entry; without it, at the last act
        #[arg(long, value_name = "N")]
        entry: Option<u64>,
        /// The PDF file to write; the text goes beside it as .txt
        #[arg(short, long, value_name = "SLIP.pdf")]
        output: PathBuf,
    },
}

pub fn journal(args: &Journal, context: &Context) -> Result<Ending, Failure> {
    let session = context.open()?;
    let entries = session.journal()?;
    let shown: Vec<&JournalEntry> = entries.iter().filter(|e| e.sequence >= args.from).collect();
    for entry in &shown {
        let who = if entry.who.is_empty() { "–" } else { &entry.who };
        let signer = if entry.signer.is_empty() { String::new() } else { format!(" key {}", entry.signer) };
        context.output.line(format!(
            "{:>5}  {}  {:<12} {who}{signer}  {}",
            entry.sequence,
            entry.at,
            entry.kind,
            brief(&entry.detail)
        ));
    }
    let values: Vec<_> = shown
        .iter()
        .map(|e| {
            json!({
                "entry": e.sequence, "at": e.at, "utc": utc(&e.at), "kind": e.kind, "who": e.who, "signer": e.signer,
                "detail": e.detail, "hash": e.hash,
            })
        })
        .collect();
    context.output.value(&values);
    Ok(Ending::Clean)
}

/// A time of the journal in UTC, if it can be read.
fn utc(at: &str) -> Option<String> {
    at.parse::<jiff::Timestamp>().ok().map(|time| time.to_string())
}

/// An entry's detail in one line: plain values whole, hashes by their beginning, of lists how long they are.
fn brief(detail: &serde_json::Value) -> String {
    let Some(object) = detail.as_object() else { return String::new() };
    let value = |v: &serde_json::Value| match v {
        serde_json::Value::String(text)
            if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            text[..12].to_owned()
        }
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.len().to_string(),
        serde_json::Value::Object(items) => items.len().to_string(),
        other => other.to_string(),
    };
    let parts: Vec<String> = object.iter().map(|(name, v)| format!("{name} {}", value(v))).collect();
    parts.join(", ")
}

pub fn head(args: &Head, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        HeadVerb::Show { entry } => tell(&context.open()?.head(*entry)?, context),
        HeadVerb::Sign { signing, role, slip: Some(slip), output: Some(output) } => {
            return sign_elsewhere(signing, role, slip, output, context);
        }
        HeadVerb::Sign { signing, role, .. } => {
            let mut session = context.open()?;
            let head = session.head(None)?;
            context.output.line(format!("entry {} ({}): {}", head.head.sequence, head.entry.kind, head.code));
            let identity = signing.open()?;
            tell(&session.sign_head(&identity, role)?, context);
        }
        HeadVerb::Add { files } => {
            let mut session = context.open()?;
            for path in files {
                let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read", path, &e))?;
                let signature: HeadSignature = serde_json::from_str(&text)
                    .map_err(|_| SessionError::NoSignature { path: path.clone() })?;
                session.add_head_signature(&signature)?;
                context.output.line(format!(
                    "{}: signature of {} under entry {}",
                    path.display(),
                    signature.person.name(),
                    signature.sequence
                ));
            }
            context.output.value(&json!({ "added": files }));
        }
        HeadVerb::Print { entry, output } => {
            let printed = context.open()?.head_slip(*entry)?;
            let text = output.with_extension("txt");
            write_whole(output, &printed.pdf, Existing::Replace, Readers::Usual)?;
            write_whole(&text, printed.text.as_bytes(), Existing::Replace, Readers::Usual)?;
            tell_text(&printed.head, context);
            context.output.line(format!("  {} and {}", output.display(), text.display()));
            context.output.value(&json!({
                "entry": printed.head.head.sequence, "hash": printed.head.head.hash,
                "code": printed.head.code.to_string(), "files": [output, &text],
            }));
        }
    }
    Ok(Ending::Clean)
}

fn sign_elsewhere(
    signing: &Signing,
    role: &str,
    slip: &Path,
    output: &Path,
    context: &Context,
) -> Result<Ending, Failure> {
    let slips = read_slips(slip.as_os_str().to_str().unwrap_or_default())?;
    let [slip] = slips.as_slice() else {
        let hint = "name the text of one slip, as `duka head print` wrote it";
        return Err(Failure::new(
            format!("there are {} slips in {}", slips.len(), slip.display()),
            Some(hint),
        ));
    };
    if let Some((exam, head)) = &slip.head {
        context.output.line(format!("{exam}, entry {}: {}", head.sequence, slip.code));
    }
    let signature = sign_slip(slip, &signing.open()?, role, &now())?;
    let text = serde_json::to_vec_pretty(&signature)
        .map_err(|e| Failure::new(format!("the signature can't be written: {e}"), None::<&str>))?;
    write_whole(output, &text, Existing::Keep, Readers::Usual)?;
    context.output.line(format!("signed; hand {} to the operator (`duka head add`)", output.display()));
    context.output.value(&json!({ "entry": signature.sequence, "signature": output }));
    Ok(Ending::Clean)
}

/// The slips in a file, or the code itself.
pub fn read_slips(file_or_code: &str) -> Result<Vec<Slip>, Failure> {
    let place = file_or_code.to_owned();
    let slips = match std::fs::read(file_or_code) {
        Ok(bytes) => slips_of(&bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => slips_of(file_or_code.as_bytes()),
        Err(e) => return Err(Failure::file("read", Path::new(file_or_code), &e)),
    };
    Ok(slips.map_err(|source| SessionError::Slip { place, source })?)
}

fn tell_text(head: &SignedHead, context: &Context) {
    let out = &context.output;
    out.line(format!(
        "entry {} ({}, {}), hash {}",
        head.head.sequence, head.entry.kind, head.entry.at, head.head.hash
    ));
    out.line(format!("code  {}", head.code));
    for s in &head.signatures {
        let (role, name, print) = (&s.role, s.person.name(), s.person.fingerprint());
        out.line(format!("  signed by {name} ({role}), key {print}, {}", s.at));
    }
    if head.signatures.is_empty() {
        out.line("  nobody has signed it");
    }
}

fn tell(head: &SignedHead, context: &Context) {
    tell_text(head, context);
    let signatures: Vec<_> = head
        .signatures
        .iter()
        .map(|s| {
            json!({
                "name": s.person.name(), "role": s.role, "at": s.at, "key": s.person.fingerprint().to_string(),
            })
        })
        .collect();
    context.output.value(&json!({
        "entry": head.head.sequence, "kind": head.entry.kind, "hash": head.head.hash, "code": head.code.to_string(),
        "signatures": signatures,
    }));
}
