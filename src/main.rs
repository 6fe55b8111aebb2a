//! The command-line program; see the library's front page for what it does.

fn main() {}
