//! Custodians (密钥保管人): who may open a sealed key.

use super::{IdentityFault, KeyError};
use age::secrecy::ExposeSecret;
use age::x25519;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// A custodian's public key, `age1…`: what a key is sealed to. Not secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CustodianKey(x25519::Recipient);

impl CustodianKey {
    pub(super) fn recipient(&self) -> &x25519::Recipient {
        &self.0
    }
}

impl FromStr for CustodianKey {
    type Err = KeyError;
    /// From `age1…`. The error does not repeat the text: it may be a secret key that was pasted here.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.trim().parse().map(Self).map_err(|_| KeyError::CustodianKey)
    }
}

impl fmt::Display for CustodianKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CustodianKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustodianKey({})", self.0)
    }
}

/// A custodian's secret key and name. `Debug` shows the name and the public key alone.
pub struct CustodianIdentity {
    name: String,
    secret: x25519::Identity,
}

const NAME: &str = "# name: ";
const PUBLIC: &str = "# public key: ";

impl CustodianIdentity {
    /// A new identity from the system's random numbers, for the custodian called `name`.
    ///
    /// # Errors
    ///
    /// [`KeyError::CustodianName`] if the name is empty, longer than 64 characters or not one line.
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        let name = name.trim();
        if !(1..=64).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(KeyError::CustodianName);
        }
        Ok(Self { name: name.to_owned(), secret: x25519::Identity::generate() })
    }

    /// The identity in a secret file as [`Self::to_file`] writes it, or as `age-keygen` does (the name
    /// is then empty).
    ///
    /// # Errors
    ///
    /// [`KeyError::Identity`] with the line, if a line is neither a comment nor a secret key, there is
    /// no secret key or more than one, or the public key in the comment is another one's.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (mut name, mut public, mut secret) = (String::new(), None, None);
        let mut last = 1;
        for (line, content) in (1..).zip(text.lines()) {
            last = line;
            let content = content.trim().trim_start_matches('\u{feff}');
            if let Some(value) = content.strip_prefix(NAME) {
                value.trim().clone_into(&mut name);
            } else if let Some(value) = content.strip_prefix(PUBLIC) {
                public = Some((line, value.trim()));
            } else if !content.is_empty() && !content.starts_with('#') {
                let fault = |fault| KeyError::Identity { line, fault };
                let found: x25519::Identity = content.parse().map_err(|_| fault(IdentityFault::NotAKey))?;
                if secret.replace(found).is_some() {
                    return Err(fault(IdentityFault::Second));
                }
            }
        }
        let secret = secret.ok_or(KeyError::Identity { line: last, fault: IdentityFault::Missing })?;
        match public {
            Some((line, value)) if value != secret.to_public().to_string() => {
                Err(KeyError::Identity { line, fault: IdentityFault::OtherPublicKey })
            }
            _ => Ok(Self { name, secret }),
        }
    }

    /// The secret file's text: name and public key as comments, then the secret key. `age` reads it too.
    #[must_use]
    pub fn to_file(&self) -> Zeroizing<String> {
        let secret = self.secret.to_string();
        let parts =
            [NAME, &self.name, "\n", PUBLIC, &self.public().to_string(), "\n", secret.expose_secret(), "\n"];
        // Reserved at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|p| p.len()).sum()));
        for part in parts {
            text.push_str(part);
        }
        text
    }

    /// The custodian's name; empty if the file has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public(&self) -> CustodianKey {
        CustodianKey(self.secret.to_public())
    }

    pub(super) fn identity(&self) -> &x25519::Identity {
        &self.secret
    }
}

impl fmt::Debug for CustodianIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustodianIdentity")
            .field("name", &self.name)
            .field("public", &self.public())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (usize, IdentityFault) {
        match CustodianIdentity::parse(text).unwrap_err() {
            KeyError::Identity { line, fault } => (line, fault),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_identity_survives_its_file() {
        let identity = CustodianIdentity::generate("李四").unwrap();
        let text = identity.to_file();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "# name: 李四");
        assert_eq!(lines[1], format!("# public key: {}", identity.public()));
        assert!(lines[2].starts_with("AGE-SECRET-KEY-1"));
        let again = CustodianIdentity::parse(&text).unwrap();
        assert_eq!((again.name(), again.public()), ("李四", identity.public()));
        assert_eq!(identity.public().to_string().parse::<CustodianKey>().unwrap(), identity.public());
        assert!(!format!("{identity:?}").contains("SECRET"));
    }

    #[test]
    fn a_broken_file_is_refused_at_its_line() {
        let one = CustodianIdentity::generate("one").unwrap();
        let two = CustodianIdentity::generate("two").unwrap();
        let secret = |i: &CustodianIdentity| i.to_file().lines().nth(2).unwrap().to_owned();
        assert_eq!(fault("# name: x\n"), (1, IdentityFault::Missing));
        assert_eq!(fault(""), (1, IdentityFault::Missing));
        assert_eq!(fault(&format!("{}\n{}\n", secret(&one), secret(&two))), (2, IdentityFault::Second));
        assert_eq!(fault(&format!("# x\n{}", &secret(&one)[..40])), (2, IdentityFault::NotAKey));
        let mixed = format!("\n# public key: {}\n{}\n", two.public(), secret(&one));
        assert_eq!(fault(&mixed), (2, IdentityFault::OtherPublicKey));
    }

    #[test]
    fn a_secret_key_in_the_wrong_place_is_not_repeated() {
        let secret = CustodianIdentity::generate("one").unwrap().to_file();
        let error = secret.lines().nth(2).unwrap().parse::<CustodianKey>().unwrap_err();
        assert_eq!(error, KeyError::CustodianKey);
        assert!(CustodianIdentity::generate("a\nb").is_err());
        assert!(CustodianIdentity::generate(" ").is_err());
    }
}
