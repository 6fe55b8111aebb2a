//! What the stacks say, asked of the whole record at once.

use super::{Session, SessionError};
use crate::exam::{Candidate, Roster};
use crate::settle::{BESIDE, SettledSheet, Stacks, claimed, gap, other_room, rooms_named};
use crate::sheet::{RoomId, SheetId, TicketNumber};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

impl Session {
    /// What the stacks say of these sheets and of candidates without one.
    pub(super) fn stacks(&self, sheets: &[SettledSheet], roster: &Roster) -> Result<Stacks, SessionError> {
        let claims: BTreeMap<SheetId, &Candidate> = sheets
            .iter()
            .filter_map(|sheet| Some((sheet.sheet, roster.candidates.get(&claimed(sheet, roster)?)?)))
            .collect();
        let mut own: BTreeMap<&TicketNumber, Vec<SheetId>> = BTreeMap::new();
        for (sheet, candidate) in &claims {
            own.entry(&candidate.ticket).or_default().push(*sheet);
        }
        let stacks = self.store.stacks()?;
        let mut behind: BTreeMap<SheetId, SheetId> = BTreeMap::new();
        let mut out = Stacks::default();
        let paths = self.store.all_paths()?;
        let named = |sheet: &SheetId| -> Vec<RoomId> {
            let paths = paths.get(&sheet.image).map_or(&[][..], Vec::as_slice);
            paths.iter().flat_map(|path| rooms_named(&self.exam, path)).collect()
        };
        let mut placed = BTreeSet::new();
        for stack in &stacks {
            behind.extend(stack.windows(2).map(|pair| (pair[0], pair[1])));
            for (at, sheet) in stack.iter().enumerate() {
                placed.insert(*sheet);
                let Some(candidate) = claims.get(sheet) else { continue };
                let of = |sheet: &SheetId| claims.get(sheet).copied();
                let before: Vec<_> = stack[..at].iter().rev().take(BESIDE).map(of).collect();
                let after: Vec<_> = stack[at + 1..].iter().take(BESIDE).map(of).collect();
                if let Some(room) = other_room(candidate, &named(sheet), &before, &after) {
                    out.among.insert(*sheet, room);
                }
            }
        }
        for (sheet, candidate) in claims.iter().filter(|(sheet, _)| !placed.contains(*sheet)) {
            if let Some(room) = other_room(candidate, &named(sheet), &[], &[]) {
                out.among.insert(*sheet, room);
            }
        }
        for seats in seats_of(roster.candidates.values()).into_values() {
            for ticket in seats.iter().filter(|ticket| !own.contains_key(*ticket)) {
                let card = |ticket: &TicketNumber| {
                    let sheets = own.get(ticket).map_or(&[][..], Vec::as_slice);
                    Ok::<_, Infallible>(if let [only] = sheets { Some(*only) } else { None })
                };
                let Ok(found) = gap(ticket, &seats, card, |sheet| Ok(behind.get(sheet).copied()));
                out.gaps.extend(found.map(|found| (ticket.clone(), found)));
            }
        }
        Ok(out)
    }
}

/// The candidates of each room in the order of their seats.
pub(super) fn seats_of<'c>(
    candidates: impl Iterator<Item = &'c Candidate>,
) -> BTreeMap<&'c RoomId, Vec<TicketNumber>> {
    let mut rooms: BTreeMap<&RoomId, Vec<(u16, &TicketNumber)>> = BTreeMap::new();
    for candidate in candidates {
        rooms.entry(&candidate.room).or_default().push((candidate.seat, &candidate.ticket));
    }
    rooms
        .into_iter()
        .map(|(room, mut seats)| {
            seats.sort();
            (room, seats.into_iter().map(|(_, ticket)| ticket.clone()).collect())
        })
        .collect()
}
