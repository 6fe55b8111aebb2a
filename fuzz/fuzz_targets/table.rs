#![no_main]

use duka::exam::{Exam, RoomRecord, Roster, example_toml};
use duka::practical;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static EXAM: LazyLock<Option<Exam>> = LazyLock::new(|| Exam::parse(example_toml(), "exam.toml").ok());

// Text or workbook, taken for each kind of list; a roster that is accepted then serves the other two.
fuzz_target!(|bytes: &[u8]| {
    duka_fuzz::panics_are_caught();
    let Some(exam) = EXAM.as_ref() else { return };
    let roster = Roster::import("list", bytes, exam);
    if let Ok(roster) = &roster {
        let _ = practical::import("list", bytes, exam, roster);
        let _ = RoomRecord::import("list", bytes, exam, roster);
    }
});
