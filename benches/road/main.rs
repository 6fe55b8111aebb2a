//! What a page costs: decoding alone, each stage, the whole road, and batches with their writing.
//!
//! `cargo bench --bench road`; with `-- --long` also ten thousand files, and files of five thousand pages. Beside
//! libjpeg-turbo, which needs cmake and nasm to be built: `cargo run --release --manifest-path benches/floor/Cargo.toml`.

mod files;
mod memory;
mod run;
mod stages;

fn main() -> run::Outcome<()> {
    run::run(None)
}
