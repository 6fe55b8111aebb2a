//! Where sheets lay in the stacks they were scanned from, and what that says of them.
//!
//! A stack is a folder of single pages in the order of their names, or a file of several pages. Rooms are scanned in the order
//! of their seats: a card of another room between two of a room, and a seat that is skipped, show in that order. The order is
//! evidence only: it holds a sheet and never gives it to anybody.

use crate::exam::{Candidate, Exam};
use crate::sheet::{RoomId, SheetId, TicketNumber};
use std::collections::BTreeMap;

/// How many cards on either side speak for the room of a stack's part. With one on either side two swapped cards would hold
/// each other; with three a card near the end of a small room's stack would never be seen.
pub const BESIDE: usize = 2;

/// How far, in seats, a missing card's neighbours may be. More than three missing in a row is a pile that was not scanned, and
/// no card that got lost.
const GAP: usize = 3;

/// What the stacks say of sheets and of missing ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stacks {
    /// Sheets that lie among the cards of another room than their candidate's, with that room.
    pub among: BTreeMap<SheetId, RoomId>,
    /// Candidates whose card is skipped in a stack, with the sheets before and behind the gap.
    pub gaps: BTreeMap<TicketNumber, (SheetId, SheetId)>,
}

/// The rooms that the folders of a path are named for: `scans/101/0001.jpg`. A file's own name is the scanner's.
#[must_use]
pub fn rooms_named(exam: &Exam, path: &str) -> Vec<RoomId> {
    let mut folders: Vec<&str> = path.split(['/', '\\']).collect();
    folders.pop();
    let room = |folder: &str| exam.rooms.iter().find(|room| room.as_str() == folder).cloned();
    folders.into_iter().filter_map(room).collect()
}

/// The room among whose cards a candidate's sheet lies, if it is not their own.
///
/// `named` are the rooms that its folders name: if there are any, they decide. Otherwise the cards beside it do, `before` and
/// `behind` it from the nearest on: [`BESIDE`] on either side, all of one other room and in the order of their seats.
#[must_use]
pub fn other_room(
    candidate: &Candidate,
    named: &[RoomId],
    before: &[Option<&Candidate>],
    behind: &[Option<&Candidate>],
) -> Option<RoomId> {
    if !named.is_empty() {
        let own = named.contains(&candidate.room);
        return if own { None } else { named.last().cloned() };
    }
    if before.len() < BESIDE || behind.len() < BESIDE {
        return None;
    }
    let in_order = before[..BESIDE].iter().rev().chain(&behind[..BESIDE]);
    let beside: Vec<&Candidate> = in_order.copied().collect::<Option<_>>()?;
    let room = &beside.first()?.room;
    let same = beside.iter().all(|c| c.room == *room) && *room != candidate.room;
    let rises = beside.windows(2).all(|pair| pair[0].seat < pair[1].seat);
    let falls = beside.windows(2).all(|pair| pair[0].seat > pair[1].seat);
    (same && (rises || falls)).then(|| room.clone())
}

/// The sheets between which a candidate's card should lie: those of the nearest seats on either side that have one, if they lie
/// directly behind each other.
///
/// `seats` are the room's candidates in the order of their seats, `card` is the one sheet of a candidate, `next` is the sheet that
/// lies behind another one.
///
/// # Errors
///
/// Whatever `card` and `next` fail with.
pub fn gap<E>(
    ticket: &TicketNumber,
    seats: &[TicketNumber],
    mut card: impl FnMut(&TicketNumber) -> Result<Option<SheetId>, E>,
    mut next: impl FnMut(&SheetId) -> Result<Option<SheetId>, E>,
) -> Result<Option<(SheetId, SheetId)>, E> {
    let Some(place) = seats.iter().position(|seat| seat == ticket) else { return Ok(None) };
    let (lower, upper) = (&seats[..place], &seats[place + 1..]);
    let mut nearest = |side: &mut dyn Iterator<Item = &TicketNumber>| -> Result<Option<SheetId>, E> {
        for seat in side.take(GAP) {
            if let Some(sheet) = card(seat)? {
                return Ok(Some(sheet));
            }
        }
        Ok(None)
    };
    let (Some(lower), Some(upper)) = (nearest(&mut lower.iter().rev())?, nearest(&mut upper.iter())?) else {
        return Ok(None);
    };
    if next(&lower)? == Some(upper) {
        return Ok(Some((lower, upper)));
    }
    // The stack lay the other way round.
    if next(&upper)? == Some(lower) {
        return Ok(Some((upper, lower)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exam::testing::{candidate, exam};
    use crate::sheet::Sha256;
    use std::convert::Infallible;

    fn sheet(n: u16) -> SheetId {
        SheetId { image: Sha256::of(&n.to_be_bytes()), page: 1 }
    }

    #[test]
    fn folders_name_rooms_and_files_do_not() {
        let named = |path: &str| -> Vec<String> {
            rooms_named(&exam(), path).iter().map(ToString::to_string).collect()
        };
        assert_eq!(named("scans/01/0001.jpg"), ["01"]);
        assert_eq!(named("scans\\02\\a.jpg"), ["02"]);
        for path in ["scans/01.pdf", "scans/1/a.jpg", "01", "scans/09/a.jpg"] {
            assert_eq!(named(path), [""; 0], "{path}");
        }
    }

    #[test]
    fn a_card_between_two_rows_of_another_room_stands_out() {
        // Candidates 1 to 30 sit in room 01, the others in 02.
        let all: Vec<Candidate> = (1..=60).map(candidate).collect();
        let of = |numbers: &[usize]| -> Vec<Option<&Candidate>> {
            numbers.iter().map(|n| (*n > 0).then(|| &all[n - 1])).collect()
        };
        let room = |own: usize, before: &[usize], behind: &[usize]| {
            other_room(&all[own - 1], &[], &of(before), &of(behind)).map(|room| room.to_string())
        };
        assert_eq!(room(40, &[6, 5], &[7, 8]), Some("01".into()));
        assert_eq!(room(40, &[7, 8], &[6, 5]), Some("01".into()), "the stack lay the other way round");
        assert_eq!(room(3, &[35, 34], &[36, 37]), Some("02".into()));
        for (own, before, behind) in [
            (7, vec![6, 5], vec![8, 9]),
            (31, vec![30, 29], vec![32, 33]),
            (40, vec![6, 35], vec![7, 8]),
            (40, vec![6], vec![7, 8]),
            (40, vec![6, 5], vec![0, 8]),
            // Nobody collected these in the order of their seats.
            (40, vec![6, 9], vec![2, 8]),
        ] {
            assert_eq!(room(own, &before, &behind), None, "{own} between {before:?} and {behind:?}");
        }
        let named = |rooms: &[&str]| {
            let rooms: Vec<RoomId> = rooms.iter().map(|room| room.parse().unwrap()).collect();
            other_room(&all[39], &rooms, &of(&[6, 5]), &of(&[7, 8])).map(|room| room.to_string())
        };
        assert_eq!(named(&["01"]), Some("01".into()));
        assert_eq!(named(&["01", "02"]), None, "a copy in the right folder is enough");
    }

    #[test]
    fn a_gap_is_between_sheets_that_lie_directly_behind_each_other() {
        let seats: Vec<TicketNumber> = (1..=9).map(|n| candidate(n).ticket).collect();
        let found = |missing: u16, stack: &[u16]| {
            let card = |ticket: &TicketNumber| {
                let n = (1..=9).find(|n| candidate(*n).ticket == *ticket);
                Ok::<_, Infallible>(n.filter(|n| stack.contains(n)).map(sheet))
            };
            let next = |of: &SheetId| {
                let place = stack.iter().position(|n| sheet(*n) == *of);
                Ok(place.and_then(|place| stack.get(place + 1)).map(|n| sheet(*n)))
            };
            gap(&candidate(missing).ticket, &seats, card, next).unwrap()
        };
        assert_eq!(found(3, &[1, 2, 4, 5]), Some((sheet(2), sheet(4))));
        assert_eq!(found(3, &[5, 4, 2, 1]), Some((sheet(4), sheet(2))));
        assert_eq!(found(3, &[1, 2, 5]), Some((sheet(2), sheet(5))), "two in a row");
        // Another page lies between, the seat is at the end, or a whole pile is missing.
        assert_eq!(found(3, &[1, 2, 77, 4, 5]), None);
        assert_eq!(found(9, &[1, 2, 4, 8]), None);
        assert_eq!(found(5, &[1, 9]), None);
    }
}
