//! A roster's text, one candidate after the other: as a whole a large one and its text are a hundred megabytes.

use super::Fault;
use super::imports::ImportKind;
use crate::exam::Candidate;
use rusqlite::Transaction;
use serde::de::{DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::io::{self, BufReader, Read};

/// Has everybody on the roster in force looked at, in the order of their tickets; nobody before the first import.
pub(super) fn each_candidate(
    tx: &Transaction<'_>,
    mut look: impl FnMut(Candidate) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let row: Option<i64> = tx
        .prepare_cached("SELECT MAX(seq) FROM imports WHERE kind = ?1")?
        .query_row([ImportKind::Roster.word()], |row| row.get(0))?;
    let Some(row) = row else { return Ok(()) };
    each_in(BufReader::new(tx.blob_open("main", "imports", "value", row, true)?), &mut look)
}

/// The first fault of `look` ends it.
fn each_in(text: impl Read, look: &mut dyn FnMut(Candidate) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_reader(text);
    let read = deserializer
        .deserialize_map(Roster(Candidates { look, fault: &mut fault }))
        .and_then(|()| deserializer.end());
    match (fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) if error.is_io() => {
            let failed = io::Error::from(error).downcast::<rusqlite::Error>();
            Err(failed.map_or(Fault::Row("imports"), Fault::Sqlite))
        }
        (None, Err(_)) => Err(Fault::Row("imports")),
        (None, Ok(())) => Ok(()),
    }
}

/// Reads what a [`Roster`](crate::exam::Roster) is written as.
struct Roster<'a>(Candidates<'a>);

/// Reads candidates by their tickets.
struct Candidates<'a> {
    look: &'a mut dyn FnMut(Candidate) -> Result<(), Fault>,
    fault: &'a mut Option<Fault>,
}

impl<'de> Visitor<'de> for Roster<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a roster")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match map.next_key::<String>()? {
            Some(name) if name == "candidates" => map.next_value_seed(self.0)?,
            _ => return Err(A::Error::missing_field("candidates")),
        }
        match map.next_key::<String>()? {
            Some(name) => Err(A::Error::custom(format!("{name} has no place in a roster"))),
            None => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Candidates<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Candidates<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("candidates by their tickets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((_, candidate)) = map.next_entry::<IgnoredAny, Candidate>()? {
            if let Err(fault) = (self.look)(candidate) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("nobody else is looked at"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exam::Roster as Whole;
    use crate::exam::testing::candidate;

    #[test]
    fn everybody_is_looked_at_once_and_a_fault_ends_it() {
        let all: Vec<Candidate> = (1..=40).map(candidate).collect();
        let whole = Whole { candidates: all.iter().map(|c| (c.ticket.clone(), c.clone())).collect() };
        let text = serde_json::to_string(&whole).unwrap();
        let mut seen = Vec::new();
        each_in(text.as_bytes(), &mut |candidate| {
            seen.push(candidate);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, all);
        let mut left = 7;
        let ended = each_in(text.as_bytes(), &mut |_| {
            left -= 1;
            if left > 0 { Ok(()) } else { Err(Fault::Row("derived_candidates")) }
        });
        assert!(matches!(ended, Err(Fault::Row("derived_candidates"))) && left == 0);
        let nobody = serde_json::to_string(&Whole::default()).unwrap();
        assert!(each_in(nobody.as_bytes(), &mut |_| Err(Fault::Row("nobody"))).is_ok());
        for cut in [0, 1, 20, text.len() / 2, text.len() - 1] {
            let damaged = each_in(&text.as_bytes()[..cut], &mut |_| Ok(()));
            assert!(matches!(damaged, Err(Fault::Row("imports"))), "{cut}");
        }
        let more = each_in(format!("{text}x").as_bytes(), &mut |_| Ok(()));
        assert!(matches!(more, Err(Fault::Row("imports"))));
    }
}
