//! A person's signing key, opened to sign one thing.

use super::Failure;
use clap::Args;
use duka::identity::{Identity, Person};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest passphrase that is taken, in bytes; more is some other file.
const LONGEST: u64 = 4096;

#[derive(Debug, Args)]
pub struct Signing {
    /// Your identity file; its passphrase is asked for without showing it
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// Read the passphrase's line from this open file descriptor instead of asking (unix)
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<i32>,
}

impl Signing {
    /// Opens the identity.
    pub fn open(&self) -> Result<Identity, Failure> {
        let path = &self.identity;
        let bytes = std::fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
        let passphrase = match self.passphrase_fd {
            Some(number) => from_fd(number)?,
            None => {
                rpassword::prompt_password(format!("passphrase of {}: ", path.display())).map_err(|e| {
                    let hint = "run it on a terminal, or give --passphrase-fd N";
                    Failure::new(format!("can't ask for a passphrase: {e}"), Some(hint))
                })?
            }
        };
        Identity::from_file(&bytes, &passphrase.into())
            .map_err(|e| Failure::new(format!("{}: {e}", path.display()), Some(e.hint())))
    }
}

/// The first line of an open file descriptor.
fn from_fd(number: i32) -> Result<String, Failure> {
    let path = PathBuf::from(format!("/dev/fd/{number}"));
    let mut text = String::new();
    let file = File::open(&path).map_err(|e| Failure::file("read", &path, &e))?;
    file.take(LONGEST).read_to_string(&mut text).map_err(|e| Failure::file("read", &path, &e))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
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
