#![no_main]

use duka::key::{CustodianIdentity, SealedKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(sealed) = SealedKey::from_bytes(bytes.to_vec()) {
        let _ = sealed.inspect();
    }
    let Some(text) = duka_fuzz::text(bytes) else { return };
    let _ = CustodianIdentity::parse(text);
});
