//! Sealing a key to its custodians and opening it again.
//!
//! A sealed key is an ASCII-armoured age file (X25519, ChaCha20-Poly1305; it names its own suite), so
//! that `age -d` opens it too. Its plaintext is the key's TOML, which says paper, form and revision:
//! they can't be changed without breaking the seal. Here every custodian can open alone, and nobody
//! has signed; both are layers around [`encrypt`] and [`decrypt`], which know nothing of keys.

use super::file::LONGEST;
use super::{AnswerKey, CustodianIdentity, CustodianKey, KeyBinding, KeyError};
use crate::sheet::Sha256;
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use std::io::{BufReader, Read as _, Write as _};
use zeroize::Zeroizing;

/// Longest sealed key, in bytes: [`LONGEST`] in base64, and room for hundreds of custodians.
const LONGEST_SEALED: usize = 2 * LONGEST;

/// What an age file begins with: armoured, as we write it, or binary, as other programs may.
const STARTS: [&[u8]; 2] = [b"-----BEGIN AGE ENCRYPTED FILE-----", b"age-encryption.org/"];

/// A sealed key: bytes that may be stored, copied and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    bytes: Vec<u8>,
}

/// What can be said of a sealed key without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedFacts {
    /// Hash of its bytes: what custodians compare.
    pub fingerprint: Sha256,
    /// To how many custodians it is sealed.
    pub custodians: usize,
}

/// The key of the TOML in `text`, checked and sealed to the custodians, and what it is bound to.
/// `path` names the text in messages.
///
/// Every one of the custodians can open it alone. The cipher draws fresh random numbers: sealing the
/// same text twice gives different bytes.
///
/// # Errors
///
/// As [`AnswerKey::parse`]; [`KeyError::NoCustodians`]; [`KeyError::CustodianTwice`].
///
/// # Example
///
/// ```
/// use duka::key::{CustodianIdentity, KeyBinding, example_toml, seal};
/// let text = example_toml(&"electrician-4".parse()?, &"A".parse()?, 1);
/// let custodian = CustodianIdentity::generate("李四")?;
/// let (sealed, binding) = seal(&text, "key.toml", &[custodian.public()])?;
/// let key = sealed.open(&custodian, &binding)?;
/// assert_eq!(key.numbers().count(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn seal(
    text: &str,
    path: &str,
    custodians: &[CustodianKey],
) -> Result<(SealedKey, KeyBinding), KeyError> {
    let binding = AnswerKey::parse(text, path)?.binding().clone();
    if custodians.is_empty() {
        return Err(KeyError::NoCustodians);
    }
    for (i, custodian) in custodians.iter().enumerate() {
        if let Some(first) = custodians[..i].iter().position(|other| other == custodian) {
            return Err(KeyError::CustodianTwice { number: i + 1, first: first + 1 });
        }
    }
    Ok((SealedKey { bytes: encrypt(text.as_bytes(), custodians)? }, binding))
}

impl SealedKey {
    /// The sealed key in a file's bytes; what they hold is seen when it is opened or inspected.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooLarge`] above 2 MiB.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, KeyError> {
        if bytes.len() > LONGEST_SEALED {
            let (bytes, limit) = (bytes.len(), LONGEST_SEALED);
            return Err(KeyError::TooLarge { what: "sealed key", bytes, limit });
        }
        Ok(Self { bytes })
    }

    /// The bytes of the file: ASCII text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Hash of its bytes: what custodians compare.
    #[must_use]
    pub fn fingerprint(&self) -> Sha256 {
        Sha256::of(&self.bytes)
    }

    /// The key, if it is the expected one. The decrypted text is wiped before this returns.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotAgeFile`], [`KeyError::Damaged`], [`KeyError::WrongCustodian`] (also when the
    /// custodian's own part of the head is damaged: the cipher can't tell), [`KeyError::OtherKey`], or
    /// as [`AnswerKey::parse`] for a file that was not sealed by [`seal`].
    pub fn open(&self, custodian: &CustodianIdentity, expected: &KeyBinding) -> Result<AnswerKey, KeyError> {
        let plain = decrypt(&self.bytes, custodian)?;
        let text = std::str::from_utf8(&plain).map_err(|_| KeyError::Damaged)?;
        let key = AnswerKey::parse(text, "sealed key")?;
        key.is_for(expected)?;
        Ok(key)
    }

    /// Fingerprint and number of custodians, from the unencrypted head.
    ///
    /// The head is proved only by opening: a number here is what the file claims.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotAgeFile`] or [`KeyError::Damaged`].
    pub fn inspect(&self) -> Result<SealedFacts, KeyError> {
        // Reads and checks the form of the whole head.
        head(&self.bytes)?;
        let mut binary = Vec::new();
        ArmoredReader::new(&self.bytes[..]).read_to_end(&mut binary).map_err(|_| KeyError::Damaged)?;
        let custodians = binary
            .split(|&b| b == b'\n')
            .take_while(|line| !line.starts_with(b"---"))
            .filter(|line| line.starts_with(b"-> X25519 "))
            .count();
        Ok(SealedFacts { fingerprint: self.fingerprint(), custodians })
    }
}

/// Armoured age file of `plain` for the custodians.
fn encrypt(plain: &[u8], custodians: &[CustodianKey]) -> Result<Vec<u8>, KeyError> {
    let recipients = custodians.iter().map(|c| c.recipient() as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| KeyError::NotSealed)?;
    let write = || {
        let armour = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armour)?;
        writer.write_all(plain)?;
        writer.finish()?.finish()
    };
    write().map_err(|_| KeyError::NotSealed)
}

/// What the age file holds, in memory that is wiped on drop.
fn decrypt(sealed: &[u8], custodian: &CustodianIdentity) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let decryptor = head(sealed)?;
    let identity = std::iter::once(custodian.identity() as &dyn age::Identity);
    let mut reader = decryptor.decrypt(identity).map_err(|e| fault(&e))?;
    // The plaintext is shorter than the file: reserved at once, it never grows and leaves no copies.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len() + 64));
    reader.read_to_end(&mut plain).map_err(|_| KeyError::Damaged)?;
    Ok(plain)
}

/// The age file's head, read as far as the encrypted part.
fn head(sealed: &[u8]) -> Result<Decryptor<ArmoredReader<BufReader<&[u8]>>>, KeyError> {
    let start = sealed.trim_ascii_start();
    if !STARTS.iter().any(|known| start.starts_with(known)) {
        return Err(KeyError::NotAgeFile);
    }
    Decryptor::new(ArmoredReader::new(sealed)).map_err(|e| fault(&e))
}

fn fault(error: &DecryptError) -> KeyError {
    match error {
        DecryptError::NoMatchingKeys => KeyError::WrongCustodian,
        DecryptError::UnknownFormat => KeyError::NotAgeFile,
        _ => KeyError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{BindingPart, example_toml};

    fn text(revision: u16) -> String {
        example_toml(&"electrician-4".parse().unwrap(), &"A".parse().unwrap(), revision)
    }

    fn custodian(name: &str) -> CustodianIdentity {
        CustodianIdentity::generate(name).unwrap()
    }

    #[test]
    fn every_custodian_opens_it_and_nobody_else() {
        let (one, two, stranger) = (custodian("one"), custodian("two"), custodian("three"));
        let (sealed, binding) = seal(&text(1), "key.toml", &[one.public(), two.public()]).unwrap();
        assert_eq!(binding.to_string(), "paper electrician-4, form A, revision 1");
        for identity in [&one, &two] {
            assert_eq!(sealed.open(identity, &binding).unwrap().binding(), &binding);
        }
        assert_eq!(sealed.open(&stranger, &binding).unwrap_err(), KeyError::WrongCustodian);

        let facts = sealed.inspect().unwrap();
        assert_eq!((facts.custodians, facts.fingerprint), (2, Sha256::of(sealed.as_bytes())));
        let armour = std::str::from_utf8(sealed.as_bytes()).unwrap();
        assert!(armour.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
        assert!(!armour.contains("electrician"));
        // The plain age interface opens it too.
        let plain = age::decrypt(one.identity(), sealed.as_bytes()).unwrap();
        assert_eq!(plain, text(1).into_bytes());
    }

    #[test]
    fn a_sealed_key_is_bound_to_paper_form_and_revision() {
        let one = custodian("one");
        let (sealed, binding) = seal(&text(1), "key.toml", &[one.public()]).unwrap();
        for (expected, part) in [
            (KeyBinding { paper: "cook-5".parse().unwrap(), ..binding.clone() }, BindingPart::Paper),
            (KeyBinding { form: "B".parse().unwrap(), ..binding.clone() }, BindingPart::Form),
            (KeyBinding { revision: 2, ..binding }, BindingPart::Revision),
        ] {
            let error = sealed.open(&one, &expected).unwrap_err();
            assert_eq!(error, KeyError::OtherKey { part, expected });
        }
    }

    #[test]
    fn what_is_not_a_sealed_key_is_told_apart() {
        let one = custodian("one");
        let (sealed, binding) = seal(&text(1), "key.toml", &[one.public()]).unwrap();
        let open =
            |bytes: &[u8]| SealedKey::from_bytes(bytes.to_vec()).unwrap().open(&one, &binding).unwrap_err();
        let whole = sealed.as_bytes();
        assert_eq!(open(b""), KeyError::NotAgeFile);
        assert_eq!(open(text(1).as_bytes()), KeyError::NotAgeFile);
        assert_eq!(open(&[0xff, 0xd8, 0xff, 0xe0]), KeyError::NotAgeFile);
        assert_eq!(open(&whole[..whole.len() / 2]), KeyError::Damaged);
        // One letter of the encrypted text, near the end.
        let mut changed = whole.to_vec();
        let at = whole.len() - 60;
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(open(&changed), KeyError::Damaged);
        let error = SealedKey::from_bytes(vec![b'-'; LONGEST_SEALED + 1]).unwrap_err();
        assert!(matches!(error, KeyError::TooLarge { what: "sealed key", .. }));
        assert_eq!(SealedKey::from_bytes(Vec::new()).unwrap().inspect(), Err(KeyError::NotAgeFile));
    }

    #[test]
    fn only_a_good_key_is_sealed_and_only_to_different_custodians() {
        let one = custodian("one").public();
        assert_eq!(seal(&text(1), "k", &[]).unwrap_err(), KeyError::NoCustodians);
        let error = seal(&text(1), "k", &[one.clone(), custodian("two").public(), one.clone()]).unwrap_err();
        assert_eq!(error, KeyError::CustodianTwice { number: 3, first: 1 });
        assert!(matches!(seal("paper = 1", "k", &[one]).unwrap_err(), KeyError::Wrong { .. }));
    }
}
