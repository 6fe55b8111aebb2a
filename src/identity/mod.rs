//! People who sign: their keys, their signatures, and documents that carry one.
//!
//! A [`Person`] is what everybody may know of someone: a name and a public signing key, and for a
//! custodian (密钥保管人) a public key that secrets are sealed to. An [`Identity`] is the secret side, kept
//! in a file under a passphrase. Two people are two different signing keys; a name proves nothing.
//!
//! Every signature is made for one [`Purpose`]: a signature under a request is never one under a
//! manifest, whatever the bytes. [`Signed`] is a document of one signer in canonical JSON: there is one
//! text for one content, so that a changed byte is always found.

mod document;
mod error;
mod person;
mod secret;

pub use document::{Signed, signing_bytes};
pub use error::{IdentityError, IdentityFault};
pub use person::{Fingerprint, Person, SealingKey, Signature};
pub use secret::{Identity, Strength};

/// What a signature is for. The words are part of what is signed and are never given to anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An issuer's exam manifest.
    Manifest,
    /// An issuer's sealed answer key.
    SealedKey,
    /// A supervisor's grading request.
    Request,
    /// A custodian's release of their part of a key.
    Release,
    /// A head of the journal, with what it stands for.
    JournalHead,
    /// A decision that takes two people: a late sheet, a changed decision, the outcome of a re-check.
    Case,
    /// A publication or its correction.
    Publication,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Manifest,
        Self::SealedKey,
        Self::Request,
        Self::Release,
        Self::JournalHead,
        Self::Case,
        Self::Publication,
    ];

    /// The words that stand before what is signed.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Manifest => "duka-manifest-1",
            Self::SealedKey => "duka-sealed-key-1",
            Self::Request => "duka-request-1",
            Self::Release => "duka-release-1",
            Self::JournalHead => "duka-journal-head-1",
            Self::Case => "duka-case-1",
            Self::Publication => "duka-publication-1",
        }
    }
}

/// The parts one behind the other, each with its length (8 bytes, big endian) before it, so that no two
/// lists of parts look the same.
#[must_use]
pub fn framed<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}
