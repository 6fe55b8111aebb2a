#![no_main]

use duka::layout::Layout;
use libfuzzer_sys::fuzz_target;

// What is accepted is written again and read back as the same card.
fuzz_target!(|bytes: &[u8]| {
    let Some(text) = duka_fuzz::text(bytes) else { return };
    if let Ok(layout) = Layout::parse(text, "layout.toml")
        && let Some(written) = layout.to_toml()
    {
        assert_eq!(Layout::parse(&written, "again.toml").ok().as_ref(), Some(&layout), "{written}");
    }
});
