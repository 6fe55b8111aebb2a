#![no_main]

use duka::key::AnswerKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = duka_fuzz::text(bytes) else { return };
    let _ = AnswerKey::parse(text, "key.toml");
});
