//! `duka identity`, `duka key custodian new`: people's keys.

use super::files::{Existing, Readers, read_small, write_whole};
use super::passphrase::{Passphrase, refused};
use super::{Context, Ending, Failure, shield};
use clap::Subcommand;
use duka::identity::{Identity, IdentityError, Person, Strength};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Make a person's signing key, or show a public one
///
/// Everyone who must be one of two people (issuer, supervisor, reviewer) has an identity of their own: a secret file under
/// a passphrase, and one public line that is given away. A typed name is no signature. Custodians make theirs with
/// `duka key custodian new`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an identity: a secret file under a passphrase, and a public line beside it (FILE.pub)
    New(New),
    /// Show a person's name and fingerprint, to be compared by telephone
    Show {
        /// A public line's file
        #[arg(value_name = "FILE.pub")]
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub struct New {
    /// The secret file to write; never replaced if it is there
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The person's name [default: the file's name]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    passphrase: Passphrase,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<Ending, Failure> {
    match &args.verb {
        Verb::New(new) => make(new, Identity::generate, context),
        Verb::Show { file } => show(file, context),
    }
}

/// Makes an identity of the kind that `generate` gives, and writes both its files.
pub fn make(
    new: &New,
    generate: fn(&str) -> Result<Identity, IdentityError>,
    context: &Context,
) -> Result<Ending, Failure> {
    shield::raise_and_tell();
    let output = &new.output;
    let stem = output.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let name = new.name.as_deref().unwrap_or(&stem);
    let identity = generate(name).map_err(|e| Failure::new(format!("--name: {e}"), Some(e.hint())))?;
    let public = public_of(output);
    for path in [output, &public] {
        if path.symlink_metadata().is_ok() {
            let hint = "nothing was changed; name another file, or move the old one away first";
            return Err(Failure::new(format!("{} is there already", path.display()), Some(hint)));
        }
    }
    let passphrase = new.passphrase.new_one(output)?;
    let secret = identity.to_file(&passphrase, Strength::Usual).map_err(|e| refused(output, &e))?;
    write_whole(output, &secret, Existing::Keep, Readers::Owner)?;
    let person = identity.person();
    write_whole(&public, format!("{person}\n").as_bytes(), Existing::Keep, Readers::Usual)?;
    let (file, public) = (output.display(), public.display());
    let out = &context.output;
    out.line(format!("{file}: secret file of {}; keep it safe and its passphrase apart", person.name()));
    out.line(format!("{public}: the public line, to be given away"));
    out.line(format!("fingerprint: {}", person.fingerprint()));
    out.line(person.to_string());
    out.value(&json!({
        "file": file.to_string(), "public_file": public.to_string(), "name": person.name(), "public": person,
        "fingerprint": person.fingerprint().to_string(),
    }));
    Ok(Ending::Clean)
}

/// The public line's file beside a secret one.
fn public_of(secret: &Path) -> PathBuf {
    let mut name = secret.file_name().unwrap_or_default().to_os_string();
    name.push(".pub");
    secret.with_file_name(name)
}

fn show(file: &Path, context: &Context) -> Result<Ending, Failure> {
    let person = read_person(file)?;
    let kind = if person.sealing().is_some() { "custodian (密钥保管人)" } else { "signs" };
    context.output.line(format!("{}: {kind}", person.name()));
    context.output.line(format!("fingerprint: {}", person.fingerprint()));
    context.output.value(&json!({
        "name": person.name(), "public": person, "custodian": person.sealing().is_some(),
        "fingerprint": person.fingerprint().to_string(),
    }));
    Ok(Ending::Clean)
}

/// The person in a public line's file.
pub fn read_person(file: &Path) -> Result<Person, Failure> {
    let bytes = read_small(file)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| refused(file, &IdentityError::Person))?;
    text.parse().map_err(|e| refused(file, &e))
}
