//! A person's signing key, opened to sign one thing.

use super::passphrase::Passphrase;
use super::{Failure, Output};
use clap::Args;
use duka::identity::{Identity, Person};
use duka::store::Signed;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Signing {
    /// Your identity file; its passphrase is asked for without showing it
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
}

impl Signing {
    /// Opens the identity.
    pub fn open(&self) -> Result<Identity, Failure> {
        self.passphrase.identity(&self.identity)
    }
}

/// Signatures under a case, for programs.
pub fn signatures_value<O: Serialize>(signatures: &[(Signed<O>, u64)]) -> Vec<Value> {
    signatures
        .iter()
        .map(|(s, entry)| {
            json!({
                "name": s.person.name(), "key": s.person.fingerprint().to_string(), "outcome": s.outcome, "why": s.why,
                "at": s.at, "entry": entry,
            })
        })
        .collect()
}

/// Signatures under a case, a line each.
pub fn tell_signatures<O: Serialize>(signatures: &[(Signed<O>, u64)], output: &Output) {
    for (s, _) in signatures {
        let outcome = serde_json::to_value(&s.outcome).unwrap_or_default();
        output.line(format!(
            "  {} signed {outcome}: {} ({})",
            s.person.name(),
            s.why,
            s.person.fingerprint()
        ));
    }
}

/// The people in files of public lines (`duka-person-1 …`), one a line.
pub fn people(files: &[PathBuf]) -> Result<Vec<Person>, Failure> {
    let mut out = Vec::new();
    for path in files {
        out.extend(people_in(path)?);
    }
    Ok(out)
}

fn people_in(path: &Path) -> Result<Vec<Person>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read", path, &e))?;
    let lines = (1..).zip(text.lines()).filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let people: Result<Vec<Person>, Failure> = lines
        .map(|(number, line)| {
            line.parse().map_err(|e: duka::identity::IdentityError| {
                Failure::new(format!("{}, line {number}: {e}", path.display()), Some(e.hint()))
            })
        })
        .collect();
    let people = people?;
    if people.is_empty() {
        let hint = "name a file with public lines (duka-person-1 …), one a line";
        return Err(Failure::new(format!("{} names nobody", path.display()), Some(hint)));
    }
    Ok(people)
}
