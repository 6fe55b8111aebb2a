//! What is wrong with a person's key, a signature or a signed document; never a word of a secret.

use std::fmt;

/// A key, signature or document that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A name that can't stand in a line.
    #[error("a person's name has 1 to 64 visible characters on one line, with no blank at its ends")]
    Name,
    /// A line that is no person's public line.
    #[error("not a person's public line, which begins with `duka-person-1`")]
    Person,
    /// A signing key that no honest program makes.
    #[error("the signing key in the public line is not a sound one")]
    WeakKey,
    /// A public sealing key that isn't one.
    #[error("not a custodian's sealing key, which begins with `age1`")]
    SealingKey,
    /// Text that is no signature.
    #[error("not a signature")]
    SignatureForm,
    /// A signature that does not hold.
    #[error("the signature of {name} under the {what} does not hold")]
    Signature {
        /// Whose signature it should be.
        name: String,
        /// What was signed.
        what: &'static str,
    },
    /// A file that is no identity at all.
    #[error("not an identity file")]
    NotAnIdentity,
    /// A passphrase that does not open the file.
    #[error("the passphrase does not open the identity file")]
    Passphrase,
    /// An identity file that was changed or cut.
    #[error("the identity file is damaged")]
    Damaged,
    /// What an identity file holds is no identity.
    #[error("not a usable identity: line {line} {fault}")]
    Identity {
        /// Line in the opened file, from 1.
        line: usize,
        /// What is wrong there.
        fault: IdentityFault,
    },
    /// The cipher failed while writing an identity file.
    #[error("the identity file could not be encrypted")]
    NotSealed,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// A text that is no signed document of the kind that is wanted.
    #[error("not a {what} (line {line}, column {column})")]
    Document {
        /// What it should be.
        what: &'static str,
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line, from 1; 0 if the line ends too early.
        column: usize,
    },
    /// A document of another kind.
    #[error("not a {what} but another document of duka")]
    OtherDocument {
        /// What it should be.
        what: &'static str,
    },
    /// The same content written in another way.
    #[error("the {what} is not written the way duka writes it: it was edited")]
    NotCanonical {
        /// What it is.
        what: &'static str,
    },
    /// More than can be a document.
    #[error("the {what} has {bytes} bytes, the most is {limit}")]
    TooLarge {
        /// What it should be.
        what: &'static str,
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
}

impl IdentityError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name => "give the name without line breaks or invisible characters",
            Self::Person => "copy the whole line of the person's .pub file, nothing else",
            Self::WeakKey => "ask the person for a new public line, by a way you trust",
            Self::SealingKey => "use the public line of an identity made with `duka key custodian new`",
            Self::SignatureForm | Self::NotCanonical { .. } | Self::Signature { .. } => {
                "take the file again from the person who made it, and compare its fingerprint by telephone"
            }
            Self::NotAnIdentity => {
                "name the secret file that `duka identity new` or `duka key custodian new` wrote"
            }
            Self::Passphrase => "type it again; a forgotten passphrase can't be recovered",
            Self::Damaged | Self::Identity { .. } => "take the file from its backup, or make a new identity",
            Self::NotSealed | Self::NoRandom => "try again; if it fails again, restart the machine",
            Self::Document { .. } | Self::OtherDocument { .. } | Self::TooLarge { .. } => {
                "check that this is the right file"
            }
        }
    }
}

/// What is wrong in an opened identity file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityFault {
    /// Not the line that belongs there.
    Line,
    /// The public line is not the secret keys'.
    OtherPublicKey,
}

impl fmt::Display for IdentityFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "is not what belongs there",
            Self::OtherPublicKey => "names public keys that do not belong to the secret ones",
        })
    }
}
