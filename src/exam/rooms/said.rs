//! A room record said in words, without a table.

use super::{RoomFault, RoomReport};
use crate::exam::{Exam, RoomRecord, Roster};
use crate::sheet::{RoomId, TicketNumber};
use std::collections::{BTreeMap, BTreeSet};

/// What an invigilator tells of a room: whoever is not named was present.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomSaid {
    /// The room, as people write it.
    pub room: String,
    /// Who did not come (缺考).
    pub absent: BTreeSet<TicketNumber>,
    /// Who broke the rules (违纪), with the words.
    pub violations: BTreeMap<TicketNumber, String>,
    /// Everything else.
    pub report: RoomReport,
}

impl RoomRecord {
    /// The record that was told. `excused` are not to sit theory and are present only if they are named.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: a room that the exam does not have, people of another room or of none, someone both
    /// absent and in violation, counts that contradict each other.
    pub fn said(
        said: RoomSaid,
        exam: &Exam,
        roster: &Roster,
        excused: &BTreeSet<TicketNumber>,
    ) -> Result<Self, Vec<RoomFault>> {
        let RoomSaid { room: found, absent, violations, report } = said;
        let Some(room) = exam.room(&found).cloned() else {
            return Err(vec![RoomFault::Room { found, known: exam.rooms_known() }]);
        };
        let mut faults = Vec::new();
        let voided = report.voided.iter().filter_map(|card| card.ticket.as_ref());
        let named: BTreeSet<&TicketNumber> = absent.iter().chain(violations.keys()).chain(voided).collect();
        for ticket in named {
            faults.extend(stranger(ticket, &room, roster));
        }
        for ticket in absent.iter().filter(|ticket| violations.contains_key(*ticket)) {
            faults.push(RoomFault::AbsentViolation { ticket: ticket.clone() });
        }
        let away = |ticket: &TicketNumber| {
            absent.contains(ticket) || (excused.contains(ticket) && !violations.contains_key(ticket))
        };
        let present = roster.room(&room).map(|c| &c.ticket).filter(|ticket| !away(ticket)).cloned().collect();
        let record = Self { room, present, absent, violations, report };
        faults.extend(record.contradictions(roster).into_iter().map(|(_, fault)| fault));
        if faults.is_empty() { Ok(record) } else { Err(faults) }
    }
}

/// Why a candidate can't be in the record of a room, if so.
pub(super) fn stranger(ticket: &TicketNumber, room: &RoomId, roster: &Roster) -> Option<RoomFault> {
    match roster.candidates.get(ticket) {
        None => Some(RoomFault::Unknown { ticket: ticket.clone() }),
        Some(candidate) if candidate.room != *room => Some(RoomFault::OtherRoom {
            ticket: ticket.clone(),
            roster: candidate.room.clone(),
            found: room.clone(),
        }),
        Some(_) => None,
    }
}
