//! Whether rooms add up, as sets of ticket numbers.

use super::{MergeError, RoomBalance};
use crate::exam::{Exam, RoomRecord, Roster};
use crate::sheet::{RoomId, TicketNumber};
use std::collections::{BTreeMap, BTreeSet};

/// Whether anything is answered on a card that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardUse {
    /// At least one item is answered, or may be.
    Answered,
    /// No item is answered: a present candidate who wrote nothing, or an absent one's card that was
    /// scanned with the others.
    Blank,
}

/// The balance of every room, from the cards that were read: graded, held or not gradable alike.
///
/// In the exam's order, then rooms that only the roster or a record names, by name. A blank card of a
/// candidate who is recorded absent is no surplus. Those who are not to sit theory (`excused`) are not expected unless a record or
/// a card names them.
///
/// # Errors
///
/// [`MergeError::RoomTwice`] and [`MergeError::PresentAndAbsent`].
pub fn balance(
    exam: &Exam,
    roster: &Roster,
    rooms: &[RoomRecord],
    cards: &BTreeMap<TicketNumber, CardUse>,
    excused: &BTreeSet<TicketNumber>,
) -> Result<Vec<RoomBalance>, MergeError> {
    let records = by_room(rooms)?;
    let mut rostered: BTreeMap<&RoomId, BTreeSet<&TicketNumber>> = BTreeMap::new();
    for candidate in roster.candidates.values() {
        let ticket = &candidate.ticket;
        let named = |record: &&RoomRecord| record.present.contains(ticket) || record.absent.contains(ticket);
        let own = records.get(&candidate.room).copied();
        if excused.contains(ticket) && !own.as_ref().is_some_and(named) && !cards.contains_key(ticket) {
            rostered.entry(&candidate.room).or_default();
            continue;
        }
        rostered.entry(&candidate.room).or_default().insert(&candidate.ticket);
    }
    let listed: BTreeSet<&RoomId> = exam.rooms.iter().collect();
    let others: BTreeSet<&RoomId> =
        rostered.keys().chain(records.keys()).copied().filter(|room| !listed.contains(room)).collect();
    let empty = BTreeSet::new();
    Ok(exam
        .rooms
        .iter()
        .chain(others)
        .map(|room| one(room, rostered.get(room).unwrap_or(&empty), records.get(room).copied(), cards))
        .collect())
}

/// The records by room; each room once, nobody both present and absent.
pub(super) fn by_room(rooms: &[RoomRecord]) -> Result<BTreeMap<&RoomId, &RoomRecord>, MergeError> {
    let mut out = BTreeMap::new();
    for record in rooms {
        let both: Vec<_> = record.present.intersection(&record.absent).cloned().collect();
        if !both.is_empty() {
            return Err(MergeError::PresentAndAbsent { room: record.room.clone(), tickets: both });
        }
        if out.insert(&record.room, record).is_some() {
            return Err(MergeError::RoomTwice { room: record.room.clone() });
        }
    }
    Ok(out)
}

fn one(
    room: &RoomId,
    expected: &BTreeSet<&TicketNumber>,
    record: Option<&RoomRecord>,
    cards: &BTreeMap<TicketNumber, CardUse>,
) -> RoomBalance {
    let none = BTreeSet::new();
    let (present, absent) = record.map_or((&none, &none), |r| (&r.present, &r.absent));
    let violators = record.into_iter().flat_map(|r| r.violations.keys());
    let read: Vec<_> = expected.iter().filter_map(|&ticket| cards.get_key_value(ticket)).collect();
    RoomBalance {
        room: room.clone(),
        recorded: record.is_some(),
        expected: count(expected.len()),
        present: count(present.len()),
        absent: count(absent.len()),
        read: count(read.len()),
        unrecorded: expected
            .iter()
            .filter(|&&ticket| !present.contains(ticket) && !absent.contains(ticket))
            .map(|&ticket| ticket.clone())
            .collect(),
        strangers: present
            .iter()
            .chain(absent)
            .chain(violators)
            .filter(|ticket| !expected.contains(ticket))
            .cloned()
            .collect(),
        missing: present.iter().filter(|ticket| !cards.contains_key(ticket)).cloned().collect(),
        surplus: read
            .into_iter()
            .filter(|&(ticket, &card)| {
                let blank_absent = absent.contains(ticket) && card == CardUse::Blank;
                !present.contains(ticket) && !blank_absent
            })
            .map(|(ticket, _)| ticket.clone())
            .collect(),
    }
}

/// A count for the record; a room never has four thousand million people.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
