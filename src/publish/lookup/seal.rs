//! Sealing one record: PBKDF2-HMAC-SHA-256, HKDF-SHA-256 and AES-256-GCM, as every browser has them.
//!
//! The slow function gives 32 bytes, one block: more would cost us more than somebody who guesses. From them HKDF makes the
//! index that the record is filed under, the key, and the nonce. The nonce also depends on the record, so that one key never
//! meets two records under one nonce, whatever is made again under the same publication.

use super::LookupOf;
use crate::exam::Exam;
use crate::publish::hex;
use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};

/// Begins what the salt is made of.
const TAG: &[u8] = b"duka look-up 1";

/// Salt and iterations of one page.
pub(super) struct Seal {
    salt: [u8; 32],
    iterations: u32,
}

impl Seal {
    /// The salt follows from exam, freeze and publication: known to nobody before, another one for each publication, and the
    /// same whenever the page is made again.
    pub fn new(exam: &Exam, of: &LookupOf<'_>) -> Self {
        let mut hash = Sha256::new();
        let freeze = of.freeze.map(ToString::to_string).unwrap_or_default();
        let publication = of.publication.to_string();
        for part in [TAG, exam.batch.as_bytes(), freeze.as_bytes(), publication.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { salt: hash.finalize().into(), iterations: exam.public.lookup_iterations }
    }

    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The salt as base64.
    pub fn salt(&self) -> String {
        STANDARD.encode(self.salt)
    }

    /// The record's index (32 hexadecimal digits) and itself (base64: nonce, sealed text, tag).
    pub fn seal(&self, secret: &str, text: &[u8]) -> (String, String) {
        let mut slow = [0u8; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(secret.as_bytes(), &self.salt, self.iterations, &mut slow);
        let index: [u8; 16] = expanded(&slow, &[b"index"]);
        let key: [u8; 32] = expanded(&slow, &[b"key"]);
        let nonce: [u8; 12] = expanded(&slow, &[b"nonce", &Sha256::digest(text)]);
        let cipher = Aes256Gcm::new(&key.into());
        // It fails for texts of 64 gigabytes.
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), text).unwrap_or_default();
        (hex(&index), STANDARD.encode([&nonce[..], &sealed].concat()))
    }
}

fn expanded<const N: usize>(slow: &[u8; 32], info: &[&[u8]]) -> [u8; N] {
    let mut out = [0u8; N];
    // It fails for more than 8160 bytes.
    let _ = Hkdf::<Sha256>::new(Some(TAG), slow).expand_multi_info(info, &mut out);
    out
}
