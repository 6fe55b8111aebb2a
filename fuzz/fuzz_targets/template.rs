#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io;

// The template, and behind a zero byte each its configuration and its answers.
fuzz_target!(|bytes: &[u8]| {
    let parts: Vec<&[u8]> = bytes.split(|&b| b == 0).collect();
    let files = |path: &str| {
        let part = match path {
            "template.json" => parts.first(),
            "config.json" => parts.get(1),
            "evaluation.json" => parts.get(2),
            _ => parts.get(3),
        };
        part.map(|bytes| bytes.to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    if let Ok(name) = "form".parse() {
        let _ = duka::interop::omrchecker(&name, &files);
    }
});
