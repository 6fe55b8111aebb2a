#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    duka_fuzz::panics_are_caught();
    duka_fuzz::decoded(bytes, include_bytes!("../other.pdf"));
});
