//! A person's secret keys, and the file they are kept in.

use super::{IdentityError, IdentityFault, Person, Purpose, SealingKey, Signature, framed};
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret as _, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use std::fmt;
use std::io::{Read as _, Write as _};
use zeroize::Zeroizing;

/// A person's secret side: they sign with it and, if they are a custodian, open what was sealed to them.
/// `Debug` shows the public line alone; the keys are wiped when it is dropped.
pub struct Identity {
    person: Person,
    signing: SigningKey,
    sealing: Option<x25519::Identity>,
}

/// How much work a passphrase costs to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// scrypt with N = 2^18, as `age` takes it: about a second and 256 MiB a try. Less would make guessing cheap, much
    /// more would not run on an office machine.
    #[default]
    Usual,
    /// N = 2^10, a millisecond: for made-up people in demonstrations and tests, whose secrets protect nothing.
    MadeUp,
}

impl Strength {
    fn log_n(self) -> u8 {
        match self {
            Self::Usual => 18,
            Self::MadeUp => 10,
        }
    }
}

/// The most work that is done for a file, as log2 N: 2^22 takes 4 GiB; a file that asks for more is an attack.
const MOST_WORK: u8 = 22;

/// Longest identity file, in bytes; ours have less than 1000.
const LONGEST: usize = 1 << 16;

const FIRST: &str = "duka-identity-1";
const SIGN: &str = "sign ";
const OPEN: &str = "open ";

impl Identity {
    /// A new identity that signs, from the system's random numbers.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Name`] or [`IdentityError::NoRandom`].
    pub fn generate(name: &str) -> Result<Self, IdentityError> {
        Self::new(name, None)
    }

    /// A new identity of a custodian: it signs, and secrets can be sealed to it.
    ///
    /// # Errors
    ///
    /// As [`Identity::generate`].
    pub fn custodian(name: &str) -> Result<Self, IdentityError> {
        Self::new(name, Some(x25519::Identity::generate()))
    }

    fn new(name: &str, sealing: Option<x25519::Identity>) -> Result<Self, IdentityError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| IdentityError::NoRandom)?;
        Self::of(name.trim(), &seed, sealing)
    }

    fn of(name: &str, seed: &[u8; 32], sealing: Option<x25519::Identity>) -> Result<Self, IdentityError> {
        let signing = SigningKey::from_bytes(seed);
        let person = Person::new(name, signing.verifying_key(), sealing.as_ref().map(SealingKey::of))?;
        Ok(Self { person, signing, sealing })
    }

    /// What others know of this person.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// This person's signature under `bytes` for a purpose.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Signature {
        Signature(self.signing.sign(&framed([purpose.words().as_bytes(), bytes])))
    }

    /// The secret that opens what was sealed to this person, if they are a custodian.
    pub(crate) fn opening(&self) -> Option<&x25519::Identity> {
        self.sealing.as_ref()
    }

    /// The secret file's bytes: an armoured age file under the passphrase.
    ///
    /// # Errors
    ///
    /// [`IdentityError::NotSealed`].
    pub fn to_file(&self, passphrase: &SecretString, strength: Strength) -> Result<Vec<u8>, IdentityError> {
        let mut recipient = scrypt::Recipient::new(passphrase.clone());
        recipient.set_work_factor(strength.log_n());
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(|_| IdentityError::NotSealed)?;
        let write = || {
            let armour = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
            let mut writer = encryptor.wrap_output(armour)?;
            writer.write_all(self.plain().as_bytes())?;
            writer.finish()?.finish()
        };
        write().map_err(|_| IdentityError::NotSealed)
    }

    /// What the secret file holds: four lines.
    fn plain(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.signing.to_bytes());
        let seed = Zeroizing::new(STANDARD.encode(*seed));
        let sealing = self.sealing.as_ref().map(x25519::Identity::to_string);
        let public = self.person.to_string();
        let open = sealing.as_ref().map_or("-", |s| s.expose_secret());
        let parts = [FIRST, "\n", &public, "\n", SIGN, &seed, "\n", OPEN, open, "\n"];
        // Reserved at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|p| p.len()).sum()));
        for part in parts {
            text.push_str(part);
        }
        text
    }

    /// The identity in a secret file that [`Identity::to_file`] wrote.
    ///
    /// # Errors
    ///
    /// [`IdentityError::NotAnIdentity`], [`IdentityError::Passphrase`], [`IdentityError::Damaged`] or
    /// [`IdentityError::Identity`]. None repeats what the file holds.
    pub fn from_file(bytes: &[u8], passphrase: &SecretString) -> Result<Self, IdentityError> {
        if bytes.len() > LONGEST || !bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
            return Err(IdentityError::NotAnIdentity);
        }
        let decryptor = Decryptor::new(ArmoredReader::new(bytes)).map_err(|_| IdentityError::Damaged)?;
        if !decryptor.is_scrypt() {
            return Err(IdentityError::NotAnIdentity);
        }
        let mut identity = scrypt::Identity::new(passphrase.clone());
        identity.set_max_work_factor(MOST_WORK);
        let identity = std::iter::once(&identity as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identity).map_err(|error| match error {
            DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed
            | DecryptError::NoMatchingKeys => IdentityError::Passphrase,
            _ => IdentityError::Damaged,
        })?;
        let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len() + 64));
        reader.read_to_end(&mut plain).map_err(|_| IdentityError::Damaged)?;
        Self::parse(std::str::from_utf8(&plain).map_err(|_| IdentityError::Damaged)?)
    }

    fn parse(text: &str) -> Result<Self, IdentityError> {
        let fault = |line, fault| IdentityError::Identity { line, fault };
        let wrong = |line| move || fault(line, IdentityFault::Line);
        let mut lines = text.lines();
        if lines.next() != Some(FIRST) {
            return Err(wrong(1)());
        }
        let person: Person = lines.next().and_then(|l| l.parse().ok()).ok_or_else(wrong(2))?;
        let coded = lines.next().and_then(|l| l.strip_prefix(SIGN)).ok_or_else(wrong(3))?;
        let bytes = Zeroizing::new(STANDARD.decode(coded).map_err(|_| wrong(3)())?);
        let mut seed = Zeroizing::new([0; 32]);
        if bytes.len() != seed.len() {
            return Err(wrong(3)());
        }
        seed.copy_from_slice(&bytes);
        let sealing = match lines.next().and_then(|l| l.strip_prefix(OPEN)).ok_or_else(wrong(4))? {
            "-" => None,
            text => Some(text.parse().map_err(|_| wrong(4)())?),
        };
        if lines.next().is_some() {
            return Err(wrong(5)());
        }
        let identity = Self::of(person.name(), &seed, sealing)?;
        if identity.person == person { Ok(identity) } else { Err(fault(2, IdentityFault::OtherPublicKey)) }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("person", &self.person.to_string()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn an_identity_survives_its_file_and_needs_its_passphrase() {
        for identity in [Identity::generate("李四").unwrap(), Identity::custodian("张三").unwrap()] {
            let file = identity.to_file(&secret("correct horse"), Strength::MadeUp).unwrap();
            let again = Identity::from_file(&file, &secret("correct horse")).unwrap();
            assert_eq!(again.person(), identity.person());
            let signature = again.sign(Purpose::Case, b"x");
            identity.person().verify(Purpose::Case, b"x", &signature).unwrap();
            assert_eq!(again.opening().is_some(), identity.person().sealing().is_some());
            let error = Identity::from_file(&file, &secret("correct horsf")).unwrap_err();
            assert_eq!(error, IdentityError::Passphrase);
            assert!(!format!("{identity:?}").contains("SECRET"));
            let mut cut = file.clone();
            cut.truncate(file.len() / 2);
            assert_eq!(
                Identity::from_file(&cut, &secret("correct horse")).unwrap_err(),
                IdentityError::Damaged
            );
        }
        for other in [&b""[..], b"duka-identity-1\n", b"AGE-SECRET-KEY-1XYZ"] {
            assert_eq!(Identity::from_file(other, &secret("x")).unwrap_err(), IdentityError::NotAnIdentity);
        }
    }

    #[test]
    fn an_opened_file_with_another_line_is_refused_there() {
        let (one, two) = (Identity::custodian("one").unwrap(), Identity::custodian("two").unwrap());
        let plain = one.plain();
        let fault = |text: &str| match Identity::parse(text).unwrap_err() {
            IdentityError::Identity { line, fault } => (line, fault),
            other => panic!("{other}"),
        };
        assert_eq!(fault(""), (1, IdentityFault::Line));
        assert_eq!(fault(&plain.replace(&one.person.to_string(), "x")), (2, IdentityFault::Line));
        let mixed = plain.replace(&one.person.to_string(), &two.person.to_string());
        assert_eq!(fault(&mixed), (2, IdentityFault::OtherPublicKey));
        assert_eq!(fault(&plain.replace("sign ", "sign x")), (3, IdentityFault::Line));
        assert_eq!(fault(&plain.replace("open ", "open x")), (4, IdentityFault::Line));
        assert_eq!(fault(&format!("{}more\n", *plain)), (5, IdentityFault::Line));
        assert_eq!(Identity::generate(" ").unwrap_err(), IdentityError::Name);
        assert_eq!(Identity::generate("a\nb").unwrap_err(), IdentityError::Name);
    }
}
