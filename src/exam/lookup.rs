//! Finding rooms and occupations by what others write.

use super::words::{key, tidy};
use super::{Exam, Level, Occupation};
use crate::sheet::RoomId;
use jiff::civil::Date;
use std::collections::HashMap;

impl Exam {
    /// The room that `text` names: exactly, or as a spreadsheet writes it (`1` for `01`, `第01考场`), if
    /// that is one room only.
    #[must_use]
    pub fn room(&self, text: &str) -> Option<&RoomId> {
        let text = tidy(text);
        if let Some(room) = self.rooms.iter().find(|r| r.as_str() == text) {
            return Some(room);
        }
        let wanted = room_key(&text);
        let mut rooms = self.rooms.iter().filter(|r| room_key(r.as_str()) == wanted);
        rooms.next().filter(|_| rooms.next().is_none())
    }

    /// The occupation called `name` at `level`, if it is examined.
    #[must_use]
    pub fn occupation(&self, name: &str, level: Level) -> Option<&Occupation> {
        let name = key(name);
        self.occupations.iter().find(|o| o.level == level && key(&o.name) == name)
    }

    pub(super) fn rooms_known(&self) -> String {
        self.rooms.iter().map(RoomId::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The day of the exam, where the date begins with one.
    pub(super) fn day(&self) -> Option<Date> {
        self.date.get(..10)?.parse().ok()
    }
}

/// A room's name without what is written around it: `第01考场`, `01` and `1` are `1`.
fn room_key(text: &str) -> String {
    let text = key(text);
    let text = text.strip_prefix('第').unwrap_or(&text);
    let text = ["考场", "考室", "室", "号"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let short = text.trim_start_matches('0');
    if digits && !short.is_empty() { short.to_owned() } else { text.to_owned() }
}

/// Finds rooms, and remembers what it found: a file has few spellings and many rows.
pub(super) struct RoomFinder<'e> {
    exam: &'e Exam,
    found: HashMap<String, Option<RoomId>>,
}

impl<'e> RoomFinder<'e> {
    pub(super) fn new(exam: &'e Exam) -> Self {
        Self { exam, found: HashMap::new() }
    }

    /// As [`Exam::room`].
    pub(super) fn find(&mut self, text: &str) -> Option<RoomId> {
        if let Some(known) = self.found.get(text) {
            return known.clone();
        }
        let room = self.exam.room(text).cloned();
        self.found.insert(text.to_owned(), room.clone());
        room
    }
}

#[cfg(test)]
mod tests {
    use crate::exam::testing;

    #[test]
    fn a_room_is_known_by_what_a_spreadsheet_makes_of_it() {
        let mut exam = testing::exam();
        for text in ["01", "1", " 第01考场 ", "０１", "1考场", "01室"] {
            assert_eq!(exam.room(text).map(crate::sheet::RoomId::as_str), Some("01"), "{text}");
        }
        for text in ["", "11", "A1", "第考场"] {
            assert_eq!(exam.room(text), None, "{text}");
        }
        exam.rooms.push("001".parse().unwrap());
        assert_eq!(exam.room("1"), None, "two rooms could be meant");
        assert_eq!(exam.room("01").map(crate::sheet::RoomId::as_str), Some("01"));
    }
}
