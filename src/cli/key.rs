//! `duka key`: custodians, sealing, looking at a sealed key. Nothing here prints a word of a key.

use super::files::{Existing, Readers, write_whole};
use super::{Context, Ending, Failure};
use clap::Subcommand;
use duka::key::{CustodianIdentity, CustodianKey, KeyError, SealedKey, example_toml, seal};
use duka::sheet::{Form, PaperId};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest file that is read as a key, in bytes; keys have a few KB and are refused above 1 MiB, sealed ones
/// above 2 MiB. More than this is somebody's scan.
const LONGEST: u64 = 16 << 20;

/// Make, seal and inspect answer keys (标准答案)
///
/// A key is written as TOML (`duka key example`), sealed at once to one or more custodians (`duka key seal`), and
/// only the sealed file is handed on. Each custodian makes their own pair of keys on their own machine (`duka key
/// custodian new`), keeps the secret file, and gives the public key away.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Custodians (密钥保管人): who can open a sealed key
    Custodian {
        #[command(subcommand)]
        verb: CustodianVerb,
    },
    /// Check an answer key and seal it to its custodians (密封)
    ///
    /// Any one of the custodians can open the sealed key, and nobody else. The plain file stays where it is: delete it
    /// once the sealed one is safe.
    Seal {
        /// The plain key, TOML as `duka key example` shows it
        #[arg(value_name = "KEY.toml")]
        key: PathBuf,
        /// A custodian's public key; repeat for each custodian
        #[arg(long = "custodian", value_name = "age1…", required = true)]
        custodians: Vec<String>,
        /// The sealed file to write, such as paper-A.key.age; never replaced if it is there
        #[arg(short, long, value_name = "FILE.key.age")]
        output: PathBuf,
    },
    /// Show the fingerprint and number of custodians of a sealed key, without opening it
    Inspect {
        /// The sealed key
        file: PathBuf,
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
    /// Make a custodian's pair of keys: a secret file, and the public key, which is printed
    ///
    /// The secret file can be read by its owner alone and is never replaced. Whoever has it can open the keys that
    /// were sealed to it; if it is lost, they can't.
    New {
        /// The secret file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The custodian's name [default: the file's name]
        #[arg(long)]
        name: Option<String>,
    },
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        Verb::Custodian { verb: CustodianVerb::New { output, name } } => {
            new_custodian(output, name.as_deref(), context)?;
        }
        Verb::Seal { key, custodians, output } => seal_key(key, custodians, output, context)?,
        Verb::Inspect { file } => inspect(file, context)?,
        Verb::Example { paper, form, revision } => {
            super::Output::raw(example_toml(paper, form, *revision).as_bytes());
        }
    }
    Ok(Ending::Clean)
}

/// A key's error, with the file or argument it is about.
fn refused(about: &str, error: &KeyError) -> Failure {
    let what = match error {
        // These name the file and the line themselves.
        KeyError::Wrong { .. } => error.to_string(),
        _ => format!("{about}: {error}"),
    };
    Failure::new(what, error.hint())
}

#[derive(Serialize)]
struct NewCustodian {
    file: String,
    name: String,
    public_key: String,
}

fn new_custodian(output: &Path, name: Option<&str>, context: &Context) -> Result<(), Failure> {
    let stem = output.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let identity = CustodianIdentity::generate(name.unwrap_or(&stem)).map_err(|e| refused("--name", &e))?;
    write_whole(output, identity.to_file().as_bytes(), Existing::Keep, Readers::Owner)?;
    let public_key = identity.public().to_string();
    let file = output.display().to_string();
    context
        .output
        .line(format!("{file}: secret file of {}; keep it safe, show it to nobody", identity.name()));
    context.output.line(format!("public key: {public_key}"));
    context.output.value(&NewCustodian { file, name: identity.name().to_owned(), public_key });
    Ok(())
}

#[derive(Serialize)]
struct Sealed {
    file: String,
    paper: PaperId,
    form: Form,
    revision: u16,
    custodians: usize,
    fingerprint: String,
}

fn seal_key(key: &Path, custodians: &[String], output: &Path, context: &Context) -> Result<(), Failure> {
    let public = |(number, text): (usize, &String)| {
        let about = format!("--custodian number {number}");
        text.parse::<CustodianKey>().map_err(|e| refused(&about, &e))
    };
    let custodians: Vec<CustodianKey> = (1..).zip(custodians).map(public).collect::<Result<_, _>>()?;
    let path = key.display().to_string();
    let bytes = Zeroizing::new(read(key)?);
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].split(|&b| b == b'\n').count();
        let hint = "save the key as UTF-8 text";
        Failure::new(format!("{path}:{line}: not UTF-8 text"), Some(hint))
    })?;
    let (sealed, binding) = seal(text, &path, &custodians).map_err(|e| refused(&path, &e))?;
    write_whole(output, sealed.as_bytes(), Existing::Keep, Readers::Usual)?;

    let file = output.display().to_string();
    let fingerprint = sealed.fingerprint().to_string();
    let many = custodians.len();
    context.output.line(format!("{file}: {binding}, sealed to {}", people(many)));
    context.output.line(format!("fingerprint: {fingerprint}"));
    context.output.line(format!("The plain key is still in {path}: delete it once the sealed one is safe."));
    let (paper, form, revision) = (binding.paper, binding.form, binding.revision);
    context.output.value(&Sealed { file, paper, form, revision, custodians: many, fingerprint });
    Ok(())
}

fn people(custodians: usize) -> String {
    if custodians == 1 { "1 custodian".to_owned() } else { format!("{custodians} custodians") }
}

#[derive(Serialize)]
struct Facts {
    file: String,
    fingerprint: String,
    custodians: usize,
}

fn inspect(file: &Path, context: &Context) -> Result<(), Failure> {
    let name = file.display().to_string();
    let facts = SealedKey::from_bytes(read(file)?).and_then(|sealed| sealed.inspect());
    let facts = facts.map_err(|e| refused(&name, &e))?;
    let fingerprint = facts.fingerprint.to_string();
    context.output.line(format!("{name}: a sealed key for {}", people(facts.custodians)));
    context.output.line(format!("fingerprint: {fingerprint}"));
    context.output.value(&Facts { file: name, fingerprint, custodians: facts.custodians });
    Ok(())
}

/// The file's bytes. The buffer is reserved at once, so that what is wiped later is the only copy.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |error: &io::Error| Failure::file("read", path, error);
    let file = File::open(path).map_err(|e| refused(&e))?;
    let length = file.metadata().map_err(|e| refused(&e))?.len();
    if length > LONGEST {
        let what = format!("{} has {length} bytes, too many for a key", path.display());
        return Err(Failure::new(what, Some("check that this is the right file")));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(LONGEST).read_to_end(&mut bytes).map_err(|e| refused(&e))?;
    Ok(std::mem::take(&mut *bytes))
}
