//! A sealed key: what it is, how it is made, and what can be said of it without opening it. The format is
//! written down in `docs/sealed-key.md`.

use super::file::LONGEST;
use super::manifest::{is_line, wrong_signer};
use super::secret::Secret;
use super::text::Blob;
use super::{AnswerKey, CustodyError, ExamManifest, KeyBinding, KeyError, Moment};
use crate::identity::{Fingerprint, Identity, Person, Purpose, SealingKey, Signed, framed};
use crate::sheet::{Form, PaperId, Sha256};
use age::{Decryptor, Encryptor};
use chacha20poly1305::aead::AeadInPlace as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use zeroize::Zeroizing;

/// The ciphers of the first suite. Another suite (国密: SM2, SM3, SM4) would have another name here.
const SUITE: &str = "duka-seal-1 (age-x25519, hkdf-sha256, chacha20-poly1305, ed25519, sha-256)";

/// Length of the content key, of a part, of the nonce and of the commitment, in bytes.
const WIDTH: usize = 32;

/// Length of the cipher's tag, in bytes.
const TAG: usize = 16;

/// The sealed text is filled up to a multiple of this, in bytes, so that its length says nothing of the key: a key
/// of 200 items fits one, several accepted answers or not.
const GRAIN: usize = 8192;

/// Bytes before the text that say how long it is.
const LENGTH: usize = 4;

/// What begins an old sealed key: an age file.
const OLD: [&[u8]; 2] = [b"-----BEGIN AGE ENCRYPTED FILE-----", b"age-encryption.org/"];

const PART: &[u8] = b"duka-seal-1 part";
const HEADER: &[u8] = b"duka-seal-1 header";
const ENCRYPT: &[u8] = b"duka-seal-1 encrypt";
const COMMIT: &[u8] = b"duka-seal-1 commit";

/// On what terms a key is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How many custodians release it together; `None` for as many as the manifest says. Never fewer.
    pub threshold: Option<u8>,
    /// From when on they may.
    pub not_before: Moment,
    /// Why a key was corrected: one line, public; empty for revision 1.
    pub reason: String,
}

/// What is known of a sealed key without opening it, all of it bound to the key by cipher and signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) suite: String,
    pub(super) exam: Sha256,
    pub(super) paper: PaperId,
    pub(super) form: Form,
    pub(super) revision: u16,
    pub(super) reason: String,
    pub(super) not_before: Moment,
    pub(super) threshold: u8,
    pub(super) custodians: Vec<Person>,
    nonce: Blob,
    commitment: Blob,
}

impl Header {
    /// Hash of the header: what every part and the ciphertext are bound to.
    pub(super) fn hash(&self) -> Result<Sha256, CustodyError> {
        let text = serde_json::to_vec(self).map_err(|_| CustodyError::SealedForm { part: "header" })?;
        Ok(Sha256::of(&framed([HEADER, &text])))
    }

    pub(super) fn binding(&self) -> KeyBinding {
        KeyBinding { paper: self.paper.clone(), form: self.form.clone(), revision: self.revision }
    }
}

/// A sealed key as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    header: Header,
    /// For each custodian, in their order, an age file with their parts.
    parts: Vec<Blob>,
    /// The key's text, encrypted.
    text: Blob,
}

/// A sealed key whose issuer's signature holds: a file that may be stored, copied and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey(Signed<Body>);

/// What can be said of a sealed key without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealedFacts {
    /// Hash of the sealed file's bytes; says nothing of what is in it.
    pub file: Sha256,
    /// The exam's id.
    pub exam: Sha256,
    /// The paper.
    pub paper: PaperId,
    /// The form.
    pub form: Form,
    /// The revision.
    pub revision: u16,
    /// Why it was corrected; empty for revision 1.
    pub reason: String,
    /// From when on it may be released.
    pub not_before: Moment,
    /// How many custodians release it together.
    pub threshold: u8,
    /// The custodians.
    pub custodians: Vec<Person>,
    /// Who sealed and signed it.
    pub issuer: Person,
    /// The ciphers.
    pub suite: String,
}

/// The k-subsets of `count` custodians as lists of ascending places, in lexicographic order.
pub(super) fn subsets(count: usize, k: usize) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    if k > count {
        return out;
    }
    let mut subset: Vec<usize> = (0..k).collect();
    loop {
        out.push(subset.clone());
        let Some(place) = (0..k).rev().find(|&i| subset[i] < count - k + i) else { break };
        subset[place] += 1;
        for i in place + 1..k {
            subset[i] = subset[i - 1] + 1;
        }
    }
    out
}

/// Seals the key of the TOML in `text` for the custodians of the exam: any `threshold` of them release it
/// together and fewer learn nothing. `path` names the text in messages.
///
/// For each subset of `threshold` custodians the content key is the exclusive or of one random part for each
/// of them, so that any part fewer leaves it as unknown as before. Each custodian's parts are sealed to them with age,
/// together with the hash of the header.
///
/// # Errors
///
/// As [`AnswerKey::parse`]; [`CustodyError::WrongSigner`] if `issuer` did not sign the manifest;
/// [`CustodyError::NoPaper`], [`CustodyError::ItemCount`], [`CustodyError::Threshold`],
/// [`CustodyError::Reason`], [`CustodyError::NotSealed`].
pub fn seal(
    text: &str,
    path: &str,
    manifest: &ExamManifest,
    terms: &Terms,
    issuer: &Identity,
) -> Result<SealedKey, CustodyError> {
    if issuer.person() != manifest.issuer() {
        return Err(wrong_signer("sealed key", issuer.person(), "the issuer"));
    }
    let key = AnswerKey::parse(text, path)?;
    let binding = key.binding().clone();
    let paper = manifest.paper(&binding.paper, &binding.form)?;
    let found = key.numbers().count();
    drop(key);
    if found != usize::from(paper.items) {
        return Err(CustodyError::ItemCount { found, expected: usize::from(paper.items) });
    }
    let exam = manifest.body();
    let threshold = terms.threshold.unwrap_or(exam.threshold);
    check_terms(threshold, binding.revision, &terms.reason, manifest)?;

    let random = |length| Secret::random(length).ok_or(CustodyError::NotSealed);
    let (content, nonce) = (random(WIDTH)?, random(WIDTH)?);
    let header = Header {
        suite: SUITE.into(),
        exam: manifest.exam(),
        paper: binding.paper,
        form: binding.form,
        revision: binding.revision,
        reason: terms.reason.clone(),
        not_before: terms.not_before,
        threshold,
        custodians: exam.custodians.clone(),
        nonce: Blob(nonce.bytes().to_vec()),
        commitment: Blob(derive(&content, nonce.bytes(), COMMIT)?.bytes().to_vec()),
    };
    let hash = header.hash()?;

    let mut parts: Vec<Vec<Secret>> = exam.custodians.iter().map(|_| Vec::new()).collect();
    for subset in subsets(exam.custodians.len(), usize::from(threshold)) {
        let mut last = Secret::zeros(WIDTH);
        last.xor(content.bytes());
        for (i, &custodian) in subset.iter().enumerate() {
            let part = if i + 1 < subset.len() {
                let part = random(WIDTH)?;
                last.xor(part.bytes());
                part
            } else {
                std::mem::replace(&mut last, Secret::zeros(WIDTH))
            };
            parts[custodian].push(part);
        }
    }
    let mut sealed = Vec::with_capacity(parts.len());
    for ((place, custodian), parts) in exam.custodians.iter().enumerate().zip(&parts) {
        let to = custodian.sealing().ok_or_else(|| no_custodian(custodian))?;
        let values: Vec<&[u8]> = parts.iter().map(Secret::bytes).collect();
        sealed.push(Blob(seal_parts(&[PART, hash.as_bytes()], place, &values, to)?));
    }
    let text = encrypt(text.as_bytes(), &content, nonce.bytes(), &hash)?;
    let body = Body { header, parts: sealed, text: Blob(text) };
    Ok(SealedKey(Signed::sign(Purpose::SealedKey, body, issuer)?))
}

/// Whether these terms may stand in a sealed key of the exam.
fn check_terms(
    threshold: u8,
    revision: u16,
    reason: &str,
    manifest: &ExamManifest,
) -> Result<(), CustodyError> {
    let (least, most) = (manifest.body().threshold, manifest.body().custodians.len());
    if threshold < least || usize::from(threshold) > most {
        return Err(CustodyError::Threshold { threshold, least, most });
    }
    let fits = if revision == 1 { reason.is_empty() } else { is_line(reason) };
    if fits { Ok(()) } else { Err(CustodyError::Reason) }
}

pub(super) fn no_custodian(person: &Person) -> CustodyError {
    CustodyError::NotACustodian { name: person.name().to_owned() }
}

impl SealedKey {
    /// The sealed key in a file's bytes, if it is whole and its signature holds. Whether it is of the exam at
    /// hand is asked with [`SealedKey::belongs`].
    ///
    /// # Errors
    ///
    /// [`CustodyError::OldSeal`], [`CustodyError::Suite`], [`CustodyError::SealedForm`] or
    /// [`CustodyError::Identity`] with what is wrong with the file.
    pub fn open(bytes: &[u8]) -> Result<Self, CustodyError> {
        let start = bytes.trim_ascii_start();
        if OLD.iter().any(|old| start.starts_with(old)) {
            return Err(CustodyError::OldSeal);
        }
        let signed: Signed<Body> = Signed::open(Purpose::SealedKey, bytes)?;
        let Body { header, parts, text } = signed.body();
        if header.suite != SUITE {
            return Err(CustodyError::Suite);
        }
        let wrong = |part| Err(CustodyError::SealedForm { part });
        if header.nonce.0.len() != WIDTH || header.commitment.0.len() != WIDTH {
            return wrong("header");
        }
        if parts.len() != header.custodians.len() || header.revision == 0 {
            return wrong("list of parts");
        }
        if text.0.len() < GRAIN + TAG
            || !(text.0.len() - TAG).is_multiple_of(GRAIN)
            || text.0.len() > 2 * LONGEST
        {
            return wrong("encrypted text");
        }
        Ok(Self(signed))
    }

    /// Whether it is a key of this exam: its id, its issuer, its custodians and at least its threshold.
    ///
    /// # Errors
    ///
    /// [`CustodyError::OtherExam`], [`CustodyError::WrongSigner`], [`CustodyError::SealedForm`],
    /// [`CustodyError::NoPaper`], [`CustodyError::Threshold`] or [`CustodyError::Reason`].
    pub fn belongs(&self, manifest: &ExamManifest) -> Result<(), CustodyError> {
        let (header, what) = (self.header(), "sealed key");
        if header.exam != manifest.exam() {
            return Err(CustodyError::OtherExam { what, found: header.exam, expected: manifest.exam() });
        }
        if self.0.by() != manifest.issuer() {
            return Err(wrong_signer(what, self.0.by(), "the issuer"));
        }
        if header.custodians != manifest.body().custodians {
            return Err(CustodyError::SealedForm { part: "list of custodians" });
        }
        manifest.paper(&header.paper, &header.form)?;
        check_terms(header.threshold, header.revision, &header.reason, manifest)
    }

    /// Which key it says it is; proved by the issuer's signature.
    #[must_use]
    pub fn binding(&self) -> KeyBinding {
        self.header().binding()
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// Hash of its file's bytes.
    #[must_use]
    pub fn file_hash(&self) -> Sha256 {
        self.0.file_hash()
    }

    /// Short form of [`SealedKey::file_hash`], to be compared by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// From when on it may be released.
    #[must_use]
    pub fn not_before(&self) -> Moment {
        self.header().not_before
    }

    /// All that is not secret.
    #[must_use]
    pub fn facts(&self) -> SealedFacts {
        let header = self.header().clone();
        SealedFacts {
            file: self.file_hash(),
            exam: header.exam,
            paper: header.paper,
            form: header.form,
            revision: header.revision,
            reason: header.reason,
            not_before: header.not_before,
            threshold: header.threshold,
            custodians: header.custodians,
            issuer: self.0.by().clone(),
            suite: header.suite,
        }
    }

    /// Why there is this revision, as the issuer said; empty for the first.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.header().reason
    }

    pub(super) fn header(&self) -> &Header {
        &self.0.body().header
    }

    /// How many parts each custodian has: the subsets that they are in.
    pub(super) fn parts_each(&self) -> usize {
        let header = self.header();
        let (count, k) = (header.custodians.len(), usize::from(header.threshold));
        if k == 0 { 0 } else { subsets(count.saturating_sub(1), k - 1).len() }
    }

    /// The custodian's own parts, one behind the other.
    pub(super) fn parts_of(&self, place: usize, identity: &Identity) -> Result<Secret, CustodyError> {
        let file =
            self.0.body().parts.get(place).ok_or(CustodyError::SealedForm { part: "list of parts" })?;
        let opening = identity.opening().ok_or_else(|| no_custodian(identity.person()))?;
        let hash = self.header().hash()?;
        let labels: [&[u8]; 2] = [PART, hash.as_bytes()];
        let length = self.parts_each() * WIDTH;
        let damaged = || CustodyError::Part { name: identity.person().name().to_owned() };
        open_parts(&labels, place, length, &file.0, opening).ok_or_else(damaged)
    }

    /// The key, from the parts of exactly the custodians at `places` (ascending).
    pub(super) fn combine(&self, places: &[usize], parts: &[&Secret]) -> Result<AnswerKey, CustodyError> {
        let header = self.header();
        let all = subsets(header.custodians.len(), usize::from(header.threshold));
        let mut content = Secret::zeros(WIDTH);
        for (&place, parts) in places.iter().zip(parts) {
            // Which of this custodian's parts belongs to the subset.
            let number = all
                .iter()
                .filter(|subset| subset.contains(&place))
                .position(|subset| subset == places)
                .ok_or(CustodyError::Combined)?;
            let part =
                parts.bytes().get(number * WIDTH..(number + 1) * WIDTH).ok_or(CustodyError::Combined)?;
            content.xor(part);
        }
        let commitment = derive(&content, &header.nonce.0, COMMIT)?;
        if commitment.bytes() != header.commitment.0 {
            return Err(CustodyError::Combined);
        }
        let damaged = || CustodyError::SealedForm { part: "encrypted text" };
        let plain = decrypt(&self.0.body().text.0, &content, &header.nonce.0, &header.hash()?)?;
        let (length, rest) = plain.bytes().split_first_chunk::<LENGTH>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        let text = rest.get(..length).and_then(|t| std::str::from_utf8(t).ok()).ok_or_else(damaged)?;
        let key = AnswerKey::parse(text, "sealed key")?;
        key.is_for(&header.binding())?;
        Ok(key)
    }
}

/// A key or commitment derived from the content key for one use.
fn derive(content: &Secret, nonce: &[u8], label: &[u8]) -> Result<Secret, CustodyError> {
    let mut out = Secret::zeros(WIDTH);
    hkdf::Hkdf::<sha2::Sha256>::new(Some(nonce), content.bytes())
        .expand(label, out.bytes_mut())
        .map_err(|_| CustodyError::NotSealed)?;
    Ok(out)
}

/// The cipher for the text of one file. Its key is never used again, so that the nonce may be zero.
fn cipher(content: &Secret, nonce: &[u8]) -> Result<ChaCha20Poly1305, CustodyError> {
    let key = derive(content, nonce, ENCRYPT)?;
    ChaCha20Poly1305::new_from_slice(key.bytes()).map_err(|_| CustodyError::NotSealed)
}

const ZERO: [u8; 12] = [0; 12];

/// The text, its length before it and zeros behind it, encrypted and bound to the header.
fn encrypt(text: &[u8], content: &Secret, nonce: &[u8], header: &Sha256) -> Result<Vec<u8>, CustodyError> {
    let limit = LONGEST;
    let length = u32::try_from(text.len()).ok().filter(|_| text.len() <= limit);
    let length = length.ok_or(KeyError::TooLarge { what: "key", bytes: text.len(), limit })?;
    let mut plain = Secret::zeros((LENGTH + text.len()).next_multiple_of(GRAIN));
    let (head, rest) = plain.bytes_mut().split_at_mut(LENGTH);
    head.copy_from_slice(&length.to_be_bytes());
    rest[..text.len()].copy_from_slice(text);
    let tag = cipher(content, nonce)?
        .encrypt_in_place_detached(&ZERO.into(), header.as_bytes(), plain.bytes_mut())
        .map_err(|_| CustodyError::NotSealed)?;
    // Encrypted in place: what is copied is no secret any more.
    Ok([plain.bytes(), tag.as_slice()].concat())
}

fn decrypt(sealed: &[u8], content: &Secret, nonce: &[u8], header: &Sha256) -> Result<Secret, CustodyError> {
    let damaged = || CustodyError::SealedForm { part: "encrypted text" };
    let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or_else(damaged)?;
    let mut plain = Secret::zeros(text.len());
    plain.bytes_mut().copy_from_slice(text);
    cipher(content, nonce)?
        .decrypt_in_place_detached(&ZERO.into(), header.as_bytes(), plain.bytes_mut(), &(*tag).into())
        .map_err(|_| damaged())?;
    Ok(plain)
}

/// An age file of the parts for one recipient: labels that say where the parts belong, the custodian's place, the
/// parts.
pub(super) fn seal_parts(
    labels: &[&[u8]],
    place: usize,
    parts: &[&[u8]],
    to: &SealingKey,
) -> Result<Vec<u8>, CustodyError> {
    let place = [u8::try_from(place).map_err(|_| CustodyError::NotSealed)?];
    let recipients = std::iter::once(to.recipient() as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| CustodyError::NotSealed)?;
    let write = || {
        let mut writer = encryptor.wrap_output(Vec::new())?;
        for piece in labels.iter().chain([&&place[..]]).chain(parts) {
            writer.write_all(piece)?;
        }
        writer.finish()
    };
    write().map_err(|_: std::io::Error| CustodyError::NotSealed)
}

/// The parts in an age file, `length` bytes of them; `None` if it does not open, or belongs elsewhere.
pub(super) fn open_parts(
    labels: &[&[u8]],
    place: usize,
    length: usize,
    file: &[u8],
    identity: &age::x25519::Identity,
) -> Option<Secret> {
    let decryptor = Decryptor::new(file).ok()?;
    let mut reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).ok()?;
    let head: Zeroizing<Vec<u8>> =
        Zeroizing::new([labels.concat(), vec![u8::try_from(place).ok()?]].concat());
    let all = Secret::read(&mut reader, head.len() + length)?;
    let parts = all.bytes().strip_prefix(&head[..])?;
    if parts.len() != length {
        return None;
    }
    let mut out = Secret::zeros(length);
    out.bytes_mut().copy_from_slice(parts);
    Some(out)
}
