//! Passphrases: typed without echo, or read from a file descriptor; never an argument, which every user of the
//! machine could see.

use super::Failure;
use age::secrecy::SecretString;
use duka::identity::{Identity, IdentityError};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// Longest passphrase, in bytes: more is not one that a person types.
const LONGEST: u64 = 1024;

/// Shortest new passphrase, in characters. Four words have more; what is shorter is guessed.
const SHORTEST: usize = 10;

/// Where passphrases come from.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Passphrase {
    /// Read the passphrase from this file descriptor, up to the first line break, instead of asking for it
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

impl Passphrase {
    /// The passphrase of an identity that is there.
    pub fn known(self, of: &Path) -> Result<SecretString, Failure> {
        match self.passphrase_fd {
            Some(fd) => from_descriptor(fd),
            None => ask(&format!("passphrase of {}: ", of.display())),
        }
    }

    /// A passphrase for a new identity: typed twice, not a short one.
    pub fn new_one(self, of: &Path) -> Result<SecretString, Failure> {
        use age::secrecy::ExposeSecret as _;
        let first = match self.passphrase_fd {
            Some(fd) => from_descriptor(fd)?,
            None => ask(&format!("new passphrase for {}: ", of.display()))?,
        };
        if first.expose_secret().chars().count() < SHORTEST {
            let what = format!("the passphrase has fewer than {SHORTEST} characters");
            return Err(Failure::new(what, Some("take four or five words that nobody would guess together")));
        }
        if self.passphrase_fd.is_none() {
            let second = ask("the same again: ")?;
            if second.expose_secret() != first.expose_secret() {
                let hint = "nothing was written; run the command again";
                return Err(Failure::new("the two passphrases differ", Some(hint)));
            }
        }
        Ok(first)
    }

    /// The identity in a secret file.
    pub fn identity(self, file: &Path) -> Result<Identity, Failure> {
        let bytes = super::files::read_small(file)?;
        let passphrase = self.known(file)?;
        Identity::from_file(&bytes, &passphrase).map_err(|e| refused(file, &e))
    }
}

/// A person's key or an identity's error, with the file it is about.
pub fn refused(file: &Path, error: &IdentityError) -> Failure {
    Failure::new(format!("{}: {error}", file.display()), Some(error.hint()))
}

fn ask(prompt: &str) -> Result<SecretString, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(|e| {
        let hint = "run the command at a terminal, or give the passphrase with --passphrase-fd";
        Failure::new(format!("can't ask for the passphrase: {e}"), Some(hint))
    })?;
    Ok(SecretString::from(typed))
}

/// The first line of a descriptor that this program inherited.
fn from_descriptor(fd: u32) -> Result<SecretString, Failure> {
    let failed = |e: std::io::Error| {
        let hint = "open the descriptor for the command, as in `3< FILE --passphrase-fd 3`";
        Failure::new(format!("can't read a passphrase from descriptor {fd}: {e}"), Some(hint))
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or(0) + 1));
    if fd == 0 {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = File::open(format!("/dev/fd/{fd}")).map_err(failed)?;
        file.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    }
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line))
        .map_err(|_| Failure::new(format!("descriptor {fd} gives no UTF-8 text"), None::<&str>))?;
    if text.is_empty() {
        return Err(Failure::new(format!("descriptor {fd} gives no passphrase"), None::<&str>));
    }
    Ok(SecretString::from(text.to_owned()))
}
