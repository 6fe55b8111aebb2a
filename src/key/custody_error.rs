//! Why a key is not sealed, released or opened. Nothing here repeats a word of a key or a secret.

use super::{KeyError, Moment};
use crate::identity::IdentityError;
use crate::sheet::{Form, PaperId, Sha256};

/// A manifest, sealed key, request or release that can't be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CustodyError {
    /// A person's key, a signature, or a file that is no signed document.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What a manifest says does not hold together.
    #[error("the exam manifest {0}")]
    Manifest(ManifestFault),
    /// A file of the kind that one custodian alone could open.
    #[error("this sealed key is of the old kind, which one custodian could open alone")]
    OldSeal,
    /// A file sealed by ciphers that this program does not know.
    #[error("the key is sealed by a cipher suite that this program does not know")]
    Suite,
    /// A document of another exam, whatever its name.
    #[error("the {what} is of another exam: its id is {}, this exam's is {}", .found.short(), .expected.short())]
    OtherExam {
        /// Which document.
        what: &'static str,
        /// The exam it names.
        found: Sha256,
        /// The exam that is wanted.
        expected: Sha256,
    },
    /// Signed by someone whose place it is not.
    #[error("the {what} is signed by {name}, who is not {role} of this exam")]
    WrongSigner {
        /// Which document.
        what: &'static str,
        /// Who signed.
        name: String,
        /// Who should have: `the issuer`, `a supervisor`, `a custodian`.
        role: &'static str,
    },
    /// A paper or form that the manifest does not have.
    #[error("the exam has no paper {paper} with a form {form}")]
    NoPaper {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
    },
    /// A key with another number of items than the manifest says.
    #[error("the key has {found} items, the exam manifest says {expected}")]
    ItemCount {
        /// How many the key has.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// Too few or too many custodians for a release.
    #[error("{threshold} custodians can't be asked for: the exam wants at least {least} and has {most}")]
    Threshold {
        /// How many were asked for.
        threshold: u8,
        /// The exam's least.
        least: u8,
        /// How many custodians there are.
        most: usize,
    },
    /// A corrected key without its reason, or a first one with one, or a reason that is not one line.
    #[error("a corrected key (revision 2 and up) states its reason in one line; the first one has none")]
    Reason,
    /// A part of the sealed key is not what it must be.
    #[error("the sealed key's {part} is not what it must be")]
    SealedForm {
        /// Which part.
        part: &'static str,
    },
    /// Before its time, by the clock of this machine.
    #[error("the key may be released from {not_before} on; this machine's clock says {now}")]
    TooEarly {
        /// When it may be.
        not_before: Moment,
        /// What the clock says.
        now: Moment,
    },
    /// A request without the key, or a key without the request.
    #[error("the request does not ask for this sealed key (paper {paper}, form {form}, revision {revision})")]
    NotAsked {
        /// The key's paper.
        paper: PaperId,
        /// The key's form.
        form: Form,
        /// The key's revision.
        revision: u16,
    },
    /// A sealed key that the request asks for and nobody gave.
    #[error(
        "the sealed key of paper {paper}, form {form}, revision {revision} is missing, or is not the file the request names"
    )]
    NoSealedKey {
        /// Its paper.
        paper: PaperId,
        /// Its form.
        form: Form,
        /// Its revision.
        revision: u16,
    },
    /// What a request says does not hold together.
    #[error("the grading request's {part} is not what it must be")]
    RequestForm {
        /// Which part.
        part: &'static str,
    },
    /// A custodian's part that does not open.
    #[error("the part of {name} does not open: it is damaged, or was taken from another file")]
    Part {
        /// Whose.
        name: String,
    },
    /// An identity without a secret that opens anything.
    #[error("the identity of {name} is not a custodian's: nothing can be sealed to it")]
    NotACustodian {
        /// Whose.
        name: String,
    },
    /// A release for another request.
    #[error("the release of {name} was made for another request ({}), not for this one ({})", .found.short(), .expected.short())]
    OtherRequest {
        /// Who made it.
        name: String,
        /// The request it names.
        found: Sha256,
        /// The request that is open.
        expected: Sha256,
    },
    /// Two releases of one custodian.
    #[error("both releases are by {name}: two different custodians are needed")]
    SameCustodian {
        /// Who.
        name: String,
    },
    /// Too few releases.
    #[error(
        "{found} of the {needed} custodians that are needed have released the key of paper {paper}, form {form}"
    )]
    TooFew {
        /// The key's paper.
        paper: PaperId,
        /// The key's form.
        form: Form,
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Parts that are each sound and together make no key.
    #[error(
        "the released parts do not make the key: one of the custodians released another part, or the issuer sealed it wrongly"
    )]
    Combined,
    /// A one-use key that is not the request's.
    #[error("the session's one-use key is not the one that the request names")]
    OneUse,
    /// The cipher failed while sealing.
    #[error("the key could not be encrypted")]
    NotSealed,
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestFault {
    /// No paper, or one without form or items.
    #[error("has no paper, or a paper without a form or an item")]
    Papers,
    /// Papers or forms twice or out of order.
    #[error("has its papers or forms twice, or not in ascending order")]
    Order,
    /// A text that is empty or not one line.
    #[error("has a batch, centre or date that is empty or not one line")]
    Words,
    /// Too few or too many custodians.
    #[error("has {0} custodians; there must be 2 to 7")]
    Custodians(usize),
    /// A threshold that nobody can use.
    #[error("wants {threshold} of {custodians} custodians; it must be at least 2 and no more than there are")]
    Threshold {
        /// How many it wants.
        threshold: u8,
        /// How many there are.
        custodians: usize,
    },
    /// A custodian that nothing can be sealed to.
    #[error("names {0} as a custodian, whose public line has no sealing key")]
    NoSealingKey(String),
    /// One person twice in one role.
    #[error("names one person twice as {role}: {name} has the same key as another")]
    Twice {
        /// The role.
        role: &'static str,
        /// The second one's name.
        name: String,
    },
    /// Nobody may ask for a grading.
    #[error("has no supervisor")]
    NoSupervisor,
}

impl CustodyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Identity(error) => error.hint(),
            Self::Key(error) => return error.hint(),
            Self::Manifest(_) => "let the issuer make and sign the manifest again: `duka manifest sign`",
            Self::OldSeal => "the issuer seals the key again for the exam's custodians: `duka key seal`",
            Self::Suite => "use the version of duka that sealed it, or a newer one",
            Self::OtherExam { .. } => {
                "an exam is its manifest, not its name: compare the ids by telephone with the issuer"
            }
            Self::WrongSigner { .. } => {
                "do not go on; ask the issuer and the supervisor where the file comes from"
            }
            Self::NoPaper { .. } | Self::ItemCount { .. } => {
                "compare the key with exam.toml; a changed exam needs a new manifest"
            }
            Self::Threshold { .. } => "name another --threshold",
            Self::Reason => "give --reason with the correction in one line; it is public",
            Self::SealedForm { .. } | Self::RequestForm { .. } => {
                "take the file again from who made it and compare its fingerprint"
            }
            Self::TooEarly { .. } => "wait; if the clock of this machine is wrong, set it right",
            Self::NotAsked { .. } => "give the files that the request lists and no others",
            Self::NoSealedKey { .. } => "give the sealed key whose fingerprint the request shows",
            Self::Part { .. } => {
                "compare the file's fingerprint with the issuer's; if it is the same, the issuer seals again"
            }
            Self::NotACustodian { .. } => "use the identity that `duka key custodian new` made",
            Self::OtherRequest { .. } => {
                "send the present request to the custodian; a release serves one request only"
            }
            Self::SameCustodian { .. } => "ask another custodian for a release",
            Self::TooFew { .. } => "send the request to more custodians",
            Self::Combined => "make a new request and ask other custodians, to find out whose part differs",
            Self::OneUse => "make a new request with `duka grade --request`",
            Self::NotSealed => "try again; if it fails again, the system gives no random numbers",
        })
    }
}
