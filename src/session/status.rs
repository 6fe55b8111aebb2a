//! What came in, what balances, what waits.

use super::view::View;
use super::{LateCounts, Session, SessionError, Standings};
use crate::exam::{AssessedPart, Part};
use crate::merge::{CardUse, RoomBalance, balance};
use crate::settle::{OpenException, SettledSheet};
use crate::sheet::{Sha256, TicketNumber};
use crate::store::{Counts, HealthEvent, Unfinished};
use std::collections::BTreeMap;

/// The session at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Candidates on the roster.
    pub candidates: usize,
    /// Pages fed, read and set aside.
    pub counts: Counts,
    /// Open exceptions by the word for their cause.
    pub open: BTreeMap<String, usize>,
    /// Every room.
    pub rooms: Vec<RoomBalance>,
    /// Practical scores there are.
    pub practical: usize,
    /// The hash of the frozen record, if it is frozen.
    pub frozen: Option<Sha256>,
    /// Candidates with a theory score.
    pub graded: usize,
    /// Troubles of the scanner that were told while scans came in, in that order.
    pub health: Vec<HealthEvent>,
    /// Files of which only some pages are in the record.
    pub unfinished: Vec<Unfinished>,
    /// Acts after which the journal's head is to be signed, with their entries; see [`Session::acts_to_sign`].
    pub to_sign: Vec<(String, u64)>,
    /// Cards that turned up after the freeze; they are not among the pages.
    pub late: LateCounts,
}

/// Candidates, pages, open exceptions by kind, and rooms.
pub(super) type Whole = (usize, Counts, BTreeMap<String, usize>, Vec<RoomBalance>);

impl Status {
    /// How many exceptions are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.values().sum()
    }
}

/// An open exception with what is known of its sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The exception.
    pub exception: OpenException,
    /// The file that the sheet came from, as the record calls it; empty where there is no sheet.
    pub source: String,
    /// What was read at the place; empty where nothing was.
    pub read: String,
    /// The candidate's name, room and seat, where the ticket number is known.
    pub candidate: Option<(String, String, u16)>,
}

impl Session {
    /// The session at a glance.
    ///
    /// # Errors
    ///
    /// A failure of the record, or room records that contradict themselves.
    pub fn status(&self) -> Result<Status, SessionError> {
        let whole = match self.view()? {
            Some(View { candidates, counts, open, rooms: Some(rooms) }) => (candidates, counts, open, rooms),
            _ => self.whole()?,
        };
        let (candidates, counts, open, rooms) = whole;
        Ok(Status {
            candidates,
            counts,
            open,
            rooms,
            practical: self.store.practical_count()? + self.store.marks_count(AssessedPart::Practical)?,
            frozen: self.store.frozen()?.map(|f| f.hash),
            graded: self.store.score_count()?,
            health: self.store.health_events()?,
            unfinished: self.store.unfinished()?,
            to_sign: self.acts_to_sign()?,
            late: self.late_counts()?,
        })
    }

    /// How the session stands, asked of every reading.
    pub(super) fn whole(&self) -> Result<Whole, SessionError> {
        let standings = self.standings()?;
        let open = by_kind(&standings);
        let rooms = balance(
            &self.exam,
            &standings.roster,
            &standings.rooms,
            &standings.cards(),
            &standings.rulings.excused(&self.exam, &standings.roster, Part::Theory),
        )?;
        Ok((standings.roster.candidates.len(), self.store.counts()?, open, rooms))
    }

    /// How many exceptions are open.
    pub(super) fn open_count(&self) -> Result<usize, SessionError> {
        Ok(self.open_kinds()?.values().sum())
    }

    /// Open exceptions by the word for their cause.
    pub(super) fn open_kinds(&self) -> Result<BTreeMap<String, usize>, SessionError> {
        match self.open_in_view()? {
            Some(open) => Ok(open),
            None => Ok(by_kind(&self.standings()?)),
        }
    }

    /// Everything that waits for a person, in a fixed order.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn open_exceptions(&self) -> Result<Vec<Open>, SessionError> {
        let standings = self.standings()?;
        standings.findings.open.iter().map(|e| self.describe(e, &standings)).collect()
    }

    fn describe(&self, open: &OpenException, standings: &Standings) -> Result<Open, SessionError> {
        let source = match &open.sheet {
            Some(sheet) => self.store.paths(&sheet.image)?.into_iter().next().unwrap_or_default(),
            None => String::new(),
        };
        let read = open
            .sheet
            .and_then(|sheet| standings.sheets.get(&sheet))
            .and_then(|sheet| value_at(sheet, open))
            .unwrap_or_default();
        let candidate = open.ticket.as_ref().and_then(|ticket| standings.roster.candidates.get(ticket));
        let candidate = candidate.map(|c| (c.name.clone(), c.room.to_string(), c.seat));
        Ok(Open { exception: open.clone(), source, read, candidate })
    }
}

fn by_kind(standings: &Standings) -> BTreeMap<String, usize> {
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for exception in &standings.findings.open {
        *open.entry(exception.exception.cause.kind().to_owned()).or_default() += 1;
    }
    open
}

/// What the sheet says at the exception's place.
fn value_at(sheet: &SettledSheet, open: &OpenException) -> Option<String> {
    let field = open.exception.field.as_ref()?;
    let mut responses = sheet.settled.responses.clone();
    responses.at_mut(field, open.exception.item.as_ref()).map(|r| r.value.clone())
}

impl Standings {
    /// Whose cards were read, and whether anything is answered on them.
    pub(super) fn cards(&self) -> BTreeMap<TicketNumber, CardUse> {
        let accepted = self.findings.by_ticket.iter().map(|(ticket, a)| (ticket, a.sheet));
        let absent = self.findings.absent_cards.iter().map(|(ticket, sheet)| (ticket, *sheet));
        accepted
            .chain(absent)
            .map(|(ticket, sheet)| {
                let used = self.sheets.get(&sheet).is_some_and(|s| s.settled.answered > 0);
                (ticket.clone(), if used { CardUse::Answered } else { CardUse::Blank })
            })
            .collect()
    }
}
