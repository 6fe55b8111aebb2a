//! The road bench with decoding by libjpeg-turbo beside it.
//!
//! `cargo run --release --manifest-path benches/floor/Cargo.toml` builds libjpeg-turbo from its source, with its SIMD code: that takes
//! cmake and nasm.

#[path = "../../road/files.rs"]
mod files;
#[path = "../../road/memory.rs"]
mod memory;
#[path = "../../road/run.rs"]
mod run;
#[path = "../../road/stages.rs"]
mod stages;

use std::cell::RefCell;
use turbojpeg::{Decompressor, Image, PixelFormat};

thread_local! {
    /// One decoder and one plane a thread, used again: the least that decoding can cost.
    static OWN: RefCell<Option<(Decompressor, Vec<u8>)>> = RefCell::new(Decompressor::new().ok().map(|d| (d, Vec::new())));
}

/// The levels of a JPEG; 0 if it can't be decoded.
fn gray(bytes: &[u8]) -> usize {
    OWN.with_borrow_mut(|own| {
        let (decoder, plane) = own.as_mut()?;
        let header = decoder.read_header(bytes).ok()?;
        plane.resize(header.width * header.height, 0);
        let (width, height) = (header.width, header.height);
        let image =
            Image { pixels: plane.as_mut_slice(), width, pitch: width, height, format: PixelFormat::GRAY };
        decoder.decompress(bytes, image).ok()?;
        Some(width * height)
    })
    .unwrap_or_default()
}

fn main() -> run::Outcome<()> {
    run::run(Some(&gray))
}
