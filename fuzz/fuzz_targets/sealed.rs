#![no_main]

use duka::identity::{Identity, Person};
use duka::key::{ExamManifest, OneUseKey, Release, Request, SealedKey};
use duka::session::slips_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // What opens says of itself what it was read from.
    if let Ok(sealed) = SealedKey::open(bytes) {
        assert_eq!(sealed.text().as_bytes(), bytes);
        let _ = (sealed.facts(), sealed.binding());
    }
    if let Ok(manifest) = ExamManifest::open(bytes) {
        assert_eq!(manifest.text().as_bytes(), bytes);
    }
    if let Ok(request) = Request::open(bytes) {
        assert_eq!(request.text().as_bytes(), bytes);
    }
    let _ = Release::open(bytes);
    let _ = slips_of(bytes);
    // Deriving a key from a passphrase is meant to be slow: the beginning of an identity's file is what is looked at here.
    let _ = Identity::from_file(&bytes[..bytes.len().min(64)], &"passphrase".to_owned().into());
    let Some(text) = duka_fuzz::text(bytes) else { return };
    let _ = (text.parse::<Person>().is_ok(), OneUseKey::from_text(text).is_ok());
});
