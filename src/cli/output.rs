//! Where results go.

use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Standard output, as text for a person or as JSON for a program.
pub struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON if `json`.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program is to read the result.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether long work may draw a moving bar.
    pub fn shows_progress(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// A line for a person; nothing where a program reads.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            put(text.as_ref().as_bytes());
            put(b"\n");
        }
    }

    /// A value for a program; nothing where a person reads.
    pub fn value(&self, value: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string_pretty(value)
        {
            put(text.as_bytes());
            put(b"\n");
        }
    }

    /// Bytes as they are: the result itself, whoever reads it.
    pub fn raw(bytes: &[u8]) {
        put(bytes);
    }
}

/// Writes to standard output; a reader that has gone away (`| head`) ends the program quietly, a full disk
/// ends it as failed: what follows a gap is not the result.
fn put(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("error: can't write the result: {error}");
        eprintln!("hint: what was written so far is not whole; make room and run the command again");
        std::process::exit(2);
    }
}
