//! Documents that carry a signature.

use super::person::what;
use super::{Fingerprint, Identity, IdentityError, Person, Purpose, Signature, framed};
use crate::sheet::Sha256;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest document, in bytes. A sealed key of 1000 items for seven custodians has less than 100 KB.
const LONGEST: usize = 4 << 20;

/// What is signed of a document: its signer's public line and its body as JSON without blanks, members in
/// the order of the file, each with its length before it.
///
/// # Errors
///
/// [`IdentityError::Document`] if the body can't be written as JSON.
pub fn signing_bytes<T: Serialize>(
    purpose: Purpose,
    by: &Person,
    body: &T,
) -> Result<Vec<u8>, IdentityError> {
    let unwritable = |_| IdentityError::Document { what: what(purpose), line: 1, column: 0 };
    let body = serde_json::to_vec(body).map_err(unwritable)?;
    Ok(framed([by.to_string().as_bytes(), &body]))
}

/// A document of one signer whose signature holds. Its text is JSON with two blanks of indentation and a
/// line break at its end; no other text is taken for the same document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    purpose: Purpose,
    body: T,
    by: Person,
    signature: Signature,
    id: Sha256,
    text: String,
}

/// Which kind of document it is.
#[derive(Deserialize)]
struct Head {
    format: String,
}

/// A document as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<T> {
    format: String,
    body: T,
    by: Person,
    signature: Signature,
}

impl<T: Serialize + DeserializeOwned> Signed<T> {
    /// The body, signed by `signer`.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Document`] if the body can't be written as JSON.
    pub fn sign(purpose: Purpose, body: T, signer: &Identity) -> Result<Self, IdentityError> {
        let by = signer.person().clone();
        let bytes = signing_bytes(purpose, &by, &body)?;
        let written =
            Written { format: purpose.words().into(), body, by, signature: signer.sign(purpose, &bytes) };
        let text = text_of(purpose, &written)?;
        let Written { body, by, signature, .. } = written;
        Ok(Self { purpose, body, by, signature, id: id_of(purpose, &bytes), text })
    }

    /// The document in a file's bytes, if it is written as duka writes it and its signature holds. Whether its
    /// signer may sign such a thing is for the caller to ask.
    ///
    /// # Errors
    ///
    /// [`IdentityError::TooLarge`], [`IdentityError::Document`], [`IdentityError::OtherDocument`],
    /// [`IdentityError::NotCanonical`] or [`IdentityError::Signature`].
    pub fn open(purpose: Purpose, bytes: &[u8]) -> Result<Self, IdentityError> {
        let what = what(purpose);
        if bytes.len() > LONGEST {
            return Err(IdentityError::TooLarge { what, bytes: bytes.len(), limit: LONGEST });
        }
        let no_document = |e: &serde_json::Error| IdentityError::Document {
            what,
            line: e.line().max(1),
            column: e.column(),
        };
        let head: Head = serde_json::from_slice(bytes).map_err(|e| no_document(&e))?;
        if head.format != purpose.words() {
            return Err(IdentityError::OtherDocument { what });
        }
        let written: Written<T> = serde_json::from_slice(bytes).map_err(|e| no_document(&e))?;
        let text = text_of(purpose, &written)?;
        if text.as_bytes() != bytes {
            return Err(IdentityError::NotCanonical { what });
        }
        let Written { body, by, signature, .. } = written;
        let signed = signing_bytes(purpose, &by, &body)?;
        by.verify(purpose, &signed, &signature)?;
        Ok(Self { purpose, body, by, signature, id: id_of(purpose, &signed), text })
    }
}

impl<T> Signed<T> {
    /// What it says.
    #[must_use]
    pub fn body(&self) -> &T {
        &self.body
    }

    /// Who signed it.
    #[must_use]
    pub fn by(&self) -> &Person {
        &self.by
    }

    /// Hash of its content and signer, whatever the signature's own bytes: its id.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        self.id
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Hash of its file's bytes.
    #[must_use]
    pub fn file_hash(&self) -> Sha256 {
        Sha256::of(self.text.as_bytes())
    }

    /// The short form of [`Signed::file_hash`], to be compared by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.file_hash())
    }
}

fn id_of(purpose: Purpose, signed: &[u8]) -> Sha256 {
    Sha256::of(&framed([purpose.words().as_bytes(), signed]))
}

fn text_of<T: Serialize>(purpose: Purpose, written: &Written<T>) -> Result<String, IdentityError> {
    let unwritable = |_| IdentityError::Document { what: what(purpose), line: 1, column: 0 };
    let mut text = serde_json::to_string_pretty(written).map_err(unwritable)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        count: u32,
        list: Vec<u32>,
    }

    fn body() -> Body {
        Body { name: "电工".into(), count: 3, list: vec![1, 2] }
    }

    #[test]
    fn a_document_survives_its_text() {
        let signer = Identity::generate("出题人").unwrap();
        let signed = Signed::sign(Purpose::Manifest, body(), &signer).unwrap();
        let again = Signed::<Body>::open(Purpose::Manifest, signed.text().as_bytes()).unwrap();
        assert_eq!(again, signed);
        assert_eq!((again.body(), again.by()), (&body(), signer.person()));
        let error = Signed::<Body>::open(Purpose::Request, signed.text().as_bytes()).unwrap_err();
        assert_eq!(error, IdentityError::OtherDocument { what: "grading request" });
        // Another signer, another id.
        let other = Signed::sign(Purpose::Manifest, body(), &Identity::generate("出题人").unwrap()).unwrap();
        assert_ne!(other.id(), signed.id());
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_found() {
        let signed = Signed::sign(Purpose::Manifest, body(), &Identity::generate("x").unwrap()).unwrap();
        let bytes = signed.text().as_bytes();
        let open = |bytes: &[u8]| Signed::<Body>::open(Purpose::Manifest, bytes);
        for at in 0..bytes.len() {
            for mask in [0x01, 0x20, 0x80] {
                let mut changed = bytes.to_vec();
                changed[at] ^= mask;
                assert!(open(&changed).is_err(), "byte {at} ^ {mask:#x}");
            }
            assert!(open(&bytes[..at]).is_err());
        }
        // The same content in other words.
        let text = signed.text();
        for same in [
            text.replace("\n  ", "\n   "),
            text.replace("电", "\\u7535"),
            format!("{text}\n"),
            text.replace("\"count\": 3", "\"count\": 3, \"count\": 3"),
            text.replace("\"list\"", "\"more\": 1, \"list\""),
        ] {
            assert_ne!(same, text);
            assert!(open(same.as_bytes()).is_err(), "{same}");
        }
    }
}
