//! What everybody may know of a person, and their signatures.

use super::{IdentityError, Purpose, framed};
use crate::sheet::Sha256;
use age::x25519;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// First word of a person's public line.
const LINE: &str = "duka-person-1";

/// Longest name, in characters: what fits on a slip. Longer ones would push the facts out of sight.
const LONGEST_NAME: usize = 64;

/// The public key that secrets are sealed to: `age1…` (X25519).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SealingKey(x25519::Recipient);

impl SealingKey {
    pub(super) fn of(identity: &x25519::Identity) -> Self {
        Self(identity.to_public())
    }

    /// As the cipher takes it.
    pub(crate) fn recipient(&self) -> &x25519::Recipient {
        &self.0
    }
}

impl FromStr for SealingKey {
    type Err = IdentityError;
    /// From `age1…`. The error does not repeat the text: it may be a secret key that was pasted here.
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let key = Self(text.parse().map_err(|_| IdentityError::SealingKey)?);
        // One text for one key.
        if key.to_string() == text { Ok(key) } else { Err(IdentityError::SealingKey) }
    }
}

impl fmt::Display for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({self})")
    }
}

impl TryFrom<String> for SealingKey {
    type Error = IdentityError;
    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<SealingKey> for String {
    fn from(key: SealingKey) -> Self {
        key.to_string()
    }
}

impl Serialize for SealingKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SealingKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A person as others know them. Its text is one line:
/// `duka-person-1 SIGNING-KEY SEALING-KEY NAME`, the signing key (Ed25519) in base64, `-` for no sealing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Person {
    name: String,
    signing: VerifyingKey,
    sealing: Option<SealingKey>,
}

impl Person {
    pub(super) fn new(
        name: &str,
        signing: VerifyingKey,
        sealing: Option<SealingKey>,
    ) -> Result<Self, IdentityError> {
        let seen = |c: char| !c.is_control() && !hidden(c);
        let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
        if !fits || name.trim() != name || !name.chars().all(seen) {
            return Err(IdentityError::Name);
        }
        // A key of small order verifies what nobody signed; a point that is written in two ways would be
        // two people.
        let written = signing.to_edwards().compress().to_bytes();
        if signing.is_weak() || written != signing.to_bytes() {
            return Err(IdentityError::WeakKey);
        }
        Ok(Self { name: name.to_owned(), signing, sealing })
    }

    /// Their name. It proves nothing: [`Person::is_same`] tells people apart.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that secrets are sealed to, if they are a custodian.
    #[must_use]
    pub fn sealing(&self) -> Option<&SealingKey> {
        self.sealing.as_ref()
    }

    /// Whether both sign with the same key, whatever their names.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.signing.as_bytes() == other.signing.as_bytes()
    }

    /// Their public signing key (Ed25519), 32 bytes.
    #[must_use]
    pub fn signing_key(&self) -> &[u8; 32] {
        self.signing.as_bytes()
    }

    /// A short name of the whole line, to be compared by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&Sha256::of(self.to_string().as_bytes()))
    }

    /// Whether this person signed `bytes` for this purpose.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Signature`].
    pub fn verify(&self, purpose: Purpose, bytes: &[u8], signature: &Signature) -> Result<(), IdentityError> {
        let signed = framed([purpose.words().as_bytes(), bytes]);
        self.signing
            .verify_strict(&signed, &signature.0)
            .map_err(|_| IdentityError::Signature { name: self.name.clone(), what: what(purpose) })
    }
}

/// Characters that change what a reader sees of a name without being seen.
fn hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// What a purpose's document is called.
pub(super) fn what(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Manifest => "exam manifest",
        Purpose::SealedKey => "sealed key",
        Purpose::Request => "grading request",
        Purpose::Release => "key release",
        Purpose::JournalHead => "journal head",
        Purpose::Case => "two-person case",
        Purpose::Publication => "publication",
    }
}

impl FromStr for Person {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let line = text.trim_end_matches(['\r', '\n']);
        let mut words = line.splitn(4, ' ');
        let mut next = || words.next().ok_or(IdentityError::Person);
        if next()? != LINE {
            return Err(IdentityError::Person);
        }
        let signing = STANDARD.decode(next()?).map_err(|_| IdentityError::Person)?;
        let signing: [u8; 32] = signing.try_into().map_err(|_| IdentityError::Person)?;
        let signing = VerifyingKey::from_bytes(&signing).map_err(|_| IdentityError::WeakKey)?;
        let sealing = match next()? {
            "-" => None,
            text => Some(text.parse()?),
        };
        let person = Self::new(next()?, signing, sealing)?;
        if person.to_string() == line { Ok(person) } else { Err(IdentityError::Person) }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signing = STANDARD.encode(self.signing.as_bytes());
        match &self.sealing {
            Some(sealing) => write!(f, "{LINE} {signing} {sealing} {}", self.name),
            None => write!(f, "{LINE} {signing} - {}", self.name),
        }
    }
}

impl TryFrom<String> for Person {
    type Error = IdentityError;
    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<Person> for String {
    fn from(person: Person) -> Self {
        person.to_string()
    }
}

/// The first 100 bits of a hash in five groups of four letters and digits, to be read out loud: no `i`, `l`, `o` or
/// `u` is among them. Making another key with the same fingerprint takes 2^100 tries.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 20]);

impl Fingerprint {
    /// The fingerprint of a hash.
    #[must_use]
    pub fn of(hash: &Sha256) -> Self {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let bytes = hash.as_bytes();
        let mut out = [0; 20];
        for (i, letter) in out.iter_mut().enumerate() {
            let (byte, shift) = (i * 5 / 8, i * 5 % 8);
            let pair = u16::from_be_bytes([bytes[byte], bytes[byte + 1]]);
            *letter = LETTERS[usize::from(pair >> (11 - shift) & 31)];
        }
        Self(out)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &letter) in self.0.iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// An Ed25519 signature; its text is base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(super) ed25519_dalek::Signature);

impl Signature {
    /// Its 64 bytes (RFC 8032).
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        self.0.to_bytes()
    }

    /// The signature of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        Self(ed25519_dalek::Signature::from_bytes(bytes))
    }
}

impl FromStr for Signature {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let bytes = STANDARD.decode(text).map_err(|_| IdentityError::SignatureForm)?;
        let signature =
            ed25519_dalek::Signature::from_slice(&bytes).map_err(|_| IdentityError::SignatureForm)?;
        Ok(Self(signature))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.to_bytes()))
    }
}

impl Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Identity;
    use super::*;

    #[test]
    fn a_person_is_one_line_and_survives_it() {
        for (identity, sealing) in
            [(Identity::generate("李 四").unwrap(), false), (Identity::custodian("张三").unwrap(), true)]
        {
            let person = identity.person();
            let line = person.to_string();
            assert_eq!(line.parse::<Person>().unwrap(), *person);
            assert_eq!(format!("{line}\n").parse::<Person>().unwrap(), *person);
            assert_eq!(person.sealing().is_some(), sealing);
            let json = serde_json::to_string(person).unwrap();
            assert_eq!(serde_json::from_str::<Person>(&json).unwrap(), *person);
            let print = person.fingerprint().to_string();
            assert_eq!((print.len(), print.matches('-').count()), (24, 4));
        }
    }

    #[test]
    fn another_line_is_refused() {
        let person = Identity::custodian("张三").unwrap().person().clone();
        let line = person.to_string();
        for wrong in [
            "",
            "张三",
            &line.to_uppercase(),
            &line.replace("duka-person-1", "duka-person-2"),
            &line.replace(" age1", "  age1"),
            &format!("{line} "),
            &format!(" {line}"),
            &line.replace("张三", "张\u{202e}三"),
            &line.replace("张三", "张\t三"),
            &line.replace("张三", &"张".repeat(65)),
            // The neutral element: everything verifies under it.
            &line.replacen(&STANDARD.encode(person.signing.as_bytes()), &STANDARD.encode(neutral()), 1),
        ] {
            assert!(wrong.parse::<Person>().is_err(), "{wrong:?}");
        }
    }

    fn neutral() -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes
    }

    #[test]
    fn a_signature_holds_for_its_person_purpose_and_bytes_alone() {
        let (one, two) = (Identity::generate("one").unwrap(), Identity::generate("one").unwrap());
        let signature = one.sign(Purpose::Request, b"bytes");
        one.person().verify(Purpose::Request, b"bytes", &signature).unwrap();
        assert!(one.person().verify(Purpose::Request, b"byteS", &signature).is_err());
        assert!(two.person().verify(Purpose::Request, b"bytes", &signature).is_err());
        for purpose in Purpose::ALL.into_iter().filter(|p| *p != Purpose::Request) {
            let error = one.person().verify(purpose, b"bytes", &signature).unwrap_err();
            assert!(error.to_string().contains("one"), "{error}");
        }
        assert!(!one.person().is_same(two.person()));
        assert_eq!(signature.to_string().parse::<Signature>().unwrap(), signature);
    }

    #[test]
    fn purposes_have_different_words() {
        let words: std::collections::BTreeSet<_> = Purpose::ALL.iter().map(|p| p.words()).collect();
        assert_eq!(words.len(), Purpose::ALL.len());
    }

    #[test]
    fn a_fingerprint_is_the_first_hundred_bits() {
        let hash: Sha256 =
            "00443214c74254b635cf84653a56d7c675be77df000000000000000000000000".parse().unwrap();
        assert_eq!(Fingerprint::of(&hash).to_string(), "0123-4567-89ab-cdef-ghjk");
    }
}
