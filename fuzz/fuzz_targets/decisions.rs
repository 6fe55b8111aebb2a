#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for reviewer in [None, Some("someone")] {
        let _ = duka::publish::parse_decisions("list.csv", bytes, reviewer);
    }
});
