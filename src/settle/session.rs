//! Settled sheets against the roster and the room records.

use super::decide::Settled;
use super::stack::Stacks;
use crate::exam::{Candidate, Exam, Paper, Part, RoomRecord, Roster, Ruling, Rulings, VoidedCard};
use crate::read::SetAside;
use crate::sheet::{
    Cause, Decision, Exception, FieldName, Form, LayoutName, PaperId, Place, Resolution, Response,
    ResponseState, SheetId, TicketNumber,
};
use std::collections::{BTreeMap, BTreeSet};

/// A sheet with what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledSheet {
    /// Which page.
    pub sheet: SheetId,
    /// Which layout it was read with.
    pub layout: LayoutName,
    /// What it comes to.
    pub settled: Settled,
}

/// What needs a person, with the sheet and the candidate it concerns as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpenException {
    /// Which sheet; `None` for a sheet that is missing.
    pub sheet: Option<SheetId>,
    /// Whose; `None` while the ticket number is not known.
    pub ticket: Option<TicketNumber>,
    /// What and where.
    pub exception: Exception,
}

/// Whether something about an accepted sheet still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing waits: it can be graded.
    Clear,
    /// At least one exception is open.
    Held,
}

/// Who said which form counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormSource {
    /// The paper has one form only.
    Paper,
    /// The card, and the roster does not say otherwise.
    Card,
    /// The roster, accepted by a reviewer over a blank or differing card.
    Roster,
    /// A reviewer.
    Reviewer,
}

/// The one sheet of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSheet {
    /// Which page.
    pub sheet: SheetId,
    /// The candidate's paper.
    pub paper: PaperId,
    /// The form that counts and who says so; `None` while that is open.
    pub form: Option<(Form, FormSource)>,
    /// Whether something about it still waits.
    pub standing: Standing,
}

/// How the sheets stand against roster and rooms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFindings {
    /// The sheet of every candidate who has exactly one.
    pub by_ticket: BTreeMap<TicketNumber, AcceptedSheet>,
    /// Empty cards with 缺考 filled, of candidates whom no room record calls present: not to be graded.
    pub absent_cards: BTreeMap<TicketNumber, SheetId>,
    /// Everything that waits, by sheet, missing sheets first.
    pub open: Vec<OpenException>,
}

/// What else is known of the candidates and of the sheets.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Rulings about candidates (特殊情况).
    pub rulings: &'a Rulings,
    /// What the stacks say, of the sheets at hand at least.
    pub stacks: &'a Stacks,
}

struct Session<'a> {
    exam: &'a Exam,
    rooms: &'a [RoomRecord],
    around: Around<'a>,
    findings: SessionFindings,
}

/// How `sheets` (one settled reading a page) and the pages set aside stand against the exam, its roster and
/// the room records.
///
/// Finds sheets with an unknown ticket number (one that is blank counts as unknown), several sheets with the
/// same number, present candidates without a sheet, a form that is not the roster's, a layout that is not the
/// paper's, and flags that contradict the room record or the responses. A sheet is never given to a
/// candidate other than the one whose number is on it or was put there by a reviewer. Voided sheets are
/// as if they had not come in. A page set aside waits until it is voided, unless it was read after all.
///
/// The form: a paper with one form ignores a blank field. Where the card's form is not the roster's (or not
/// one of the paper's), `=B` for the field makes B count and `accept` makes the roster's count; nothing else
/// does. Where a room record exists it says who was present and who broke the rules; a candidate whose room
/// has none is not held for a flag alone.
///
/// Of someone with a voided card (作废卡) in the room record a card counts only if a person accepts its `ticket`. A card that lies
/// among those of another room waits for the same. A card of someone who is not to sit theory ([`Exam::sits`]) waits until
/// it is voided or the ruling is corrected.
///
/// The order of the result does not depend on the order of the sheets.
#[must_use]
pub fn against_roster(
    sheets: &[SettledSheet],
    set_aside: &[SetAside],
    exam: &Exam,
    roster: &Roster,
    rooms: &[RoomRecord],
    resolutions: &[Resolution],
    around: Around<'_>,
) -> SessionFindings {
    let mut session = Session { exam, rooms, around, findings: SessionFindings::default() };
    let by_id: BTreeMap<SheetId, &SettledSheet> = sheets.iter().map(|s| (s.sheet, s)).collect();
    let mut claims: BTreeMap<TicketNumber, Vec<&SettledSheet>> = BTreeMap::new();
    for sheet in by_id.values().filter(|s| !s.settled.voided) {
        if let Some(ticket) = session.claim(sheet, roster) {
            claims.entry(ticket).or_default().push(sheet);
        }
    }
    for (ticket, claimants) in &claims {
        if let Some(candidate) = roster.candidates.get(ticket) {
            session.other_room(candidate, claimants);
        }
        let counts = session.duplicates(ticket, claimants);
        if let (Some(sheet), Some(candidate)) = (counts, roster.candidates.get(ticket)) {
            session.candidate(sheet, candidate);
        }
    }
    session.missing(roster, &claims, resolutions);
    session.set_aside(set_aside, &by_id, resolutions);
    session.finish()
}

impl Session<'_> {
    fn open(&mut self, sheet: SheetId, ticket: Option<&TicketNumber>, exception: Exception) {
        self.findings.open.push(OpenException { sheet: Some(sheet), ticket: ticket.cloned(), exception });
    }

    /// The candidate whose number the sheet carries.
    fn claim(&mut self, sheet: &SettledSheet, roster: &Roster) -> Option<TicketNumber> {
        let response = sheet.settled.responses.field(FieldName::TICKET);
        let known = response.and_then(Response::known);
        let ticket = claimed(sheet, roster);
        for exception in &sheet.settled.open {
            self.open(sheet.sheet, ticket.as_ref(), exception.clone());
        }
        // A field in doubt is open already.
        let blank = response.is_none_or(|r| r.state == ResponseState::Blank);
        if ticket.is_none() && (known.is_some() || blank) {
            let cause = Cause::TicketUnknown { ticket: known.unwrap_or_default().to_owned() };
            let exception = match response.and(name(FieldName::TICKET)) {
                Some(field) => Exception::of_field(cause, field),
                None => Exception::of_sheet(cause),
            };
            self.open(sheet.sheet, None, exception);
        }
        ticket
    }

    /// The one of `claimants` that counts.
    fn duplicates<'s>(
        &mut self,
        ticket: &TicketNumber,
        claimants: &[&'s SettledSheet],
    ) -> Option<&'s SettledSheet> {
        let voided = self.voided(ticket);
        if let ([only], None) = (claimants, &voided) {
            return Some(only);
        }
        let accepted: Vec<_> =
            claimants.iter().copied().filter(|s| accepts(&s.settled, FieldName::TICKET)).collect();
        let counts = if let [one] = accepted[..] { Some(one) } else { None };
        for claimant in claimants.iter().filter(|c| counts.is_none_or(|one| one.sheet != c.sheet)) {
            let others = claimants.iter().map(|c| c.sheet).filter(|s| *s != claimant.sheet).collect();
            let ticket_of = ticket.clone();
            let cause = match &voided {
                None => Cause::TicketDuplicate { ticket: ticket_of, others },
                Some(recorded) => Cause::VoidedCard { ticket: ticket_of, recorded: recorded.clone(), others },
            };
            self.open(claimant.sheet, Some(ticket), of(FieldName::TICKET, cause));
        }
        // A held card of one whose other card was voided is the candidate's all the same.
        counts.or(if let [only] = claimants { Some(only) } else { None })
    }

    /// What the room records say of voided cards of the candidate; `None` if there are none.
    fn voided(&self, ticket: &TicketNumber) -> Option<String> {
        let of = |record: &RoomRecord, card: &VoidedCard| {
            let room = format!("考场 {}", record.room);
            let serial = (!card.serial.is_empty()).then(|| format!("卡号 {}", card.serial));
            let reason = (!card.reason.is_empty()).then(|| card.reason.clone());
            [Some(room), serial, reason].into_iter().flatten().collect::<Vec<_>>().join("，")
        };
        let cards = self
            .rooms
            .iter()
            .flat_map(|record| record.report.voided_of(ticket).map(move |card| of(record, card)));
        let cards: Vec<String> = cards.collect();
        (!cards.is_empty()).then(|| cards.join("；"))
    }

    /// Holds sheets that lie among the cards of another room, unless that room's record has the candidate present.
    fn other_room(&mut self, candidate: &Candidate, claimants: &[&SettledSheet]) {
        let ticket = &candidate.ticket;
        for sheet in claimants {
            let Some(among) = self.around.stacks.among.get(&sheet.sheet) else { continue };
            let sat_there = self.rooms.iter().any(|r| r.room == *among && r.present.contains(ticket));
            if !sat_there && !accepts(&sheet.settled, FieldName::TICKET) {
                let (room, among) = (candidate.room.clone(), among.clone());
                let cause = Cause::OtherRoom { ticket: ticket.clone(), room, among };
                self.open(sheet.sheet, Some(ticket), of(FieldName::TICKET, cause));
            }
        }
    }

    /// Whether a candidate is to sit theory.
    fn sits(&self, candidate: &Candidate) -> bool {
        self.exam.sits(candidate.level, self.around.rulings.of(&candidate.ticket), Part::Theory)
    }

    /// Whether a candidate is ruled absent from theory.
    fn ruled_absent(&self, ticket: &TicketNumber) -> bool {
        let absent = |r: &Ruling| matches!(r, Ruling::Absent { part: Part::Theory, .. });
        self.around.rulings.of(ticket).iter().any(absent)
    }

    /// Compares a candidate's only sheet with paper and room record.
    fn candidate(&mut self, sheet: &SettledSheet, candidate: &Candidate) {
        let ticket = &candidate.ticket;
        let settled = &sheet.settled;
        let answered = settled.answered;
        let mut room = Attendance::of(candidate, self.rooms);
        if self.ruled_absent(ticket) {
            room.presence = Presence::Absent;
        }
        let flagged = flag(settled, FieldName::ABSENT) == Some(true);
        if self.sits(candidate) {
            self.flags(sheet, ticket, answered, room);
        } else if !flagged || answered > 0 {
            let cause = Cause::NotSitting { ticket: ticket.clone(), answered };
            self.open(sheet.sheet, Some(ticket), Exception::of_sheet(cause));
        }
        if flagged && answered == 0 && room.presence != Presence::Present {
            // The paper of someone who did not write it is of no interest.
            self.findings.absent_cards.insert(ticket.clone(), sheet.sheet);
            return;
        }
        let occupation = self
            .exam
            .occupations
            .iter()
            .find(|o| o.name == candidate.occupation && o.level == candidate.level);
        let paper = occupation.and_then(|o| self.exam.papers.get_key_value(&o.paper));
        let Some((id, paper)) = paper else {
            self.open(
                sheet.sheet,
                Some(ticket),
                Exception::of_sheet(Cause::PaperUnknown { ticket: ticket.clone() }),
            );
            return;
        };
        if sheet.layout != paper.layout && !settled.accepted {
            let cause = Cause::LayoutMismatch { read: sheet.layout.clone(), expected: paper.layout.clone() };
            self.open(sheet.sheet, Some(ticket), Exception::of_sheet(cause));
        }
        let form = match form_that_counts(settled, candidate, paper) {
            Ok(form) => Some(form),
            Err(cause) => {
                let exception = of(FieldName::FORM, cause);
                self.open(sheet.sheet, Some(ticket), exception);
                None
            }
        };
        let accepted =
            AcceptedSheet { sheet: sheet.sheet, paper: id.clone(), form, standing: Standing::Clear };
        self.findings.by_ticket.insert(ticket.clone(), accepted);
    }

    fn flags(&mut self, sheet: &SettledSheet, ticket: &TicketNumber, answered: u16, room: Attendance) {
        let settled = &sheet.settled;
        let absent = flag(settled, FieldName::ABSENT);
        let cause = match room.presence {
            Presence::Absent if answered > 0 || absent == Some(false) => {
                Some(Cause::PresentButAbsent { ticket: ticket.clone(), answered })
            }
            Presence::Absent => None,
            Presence::Present | Presence::Unrecorded => (absent == Some(true)
                && (answered > 0 || room.presence == Presence::Present))
                .then(|| Cause::AbsentButPresent { ticket: ticket.clone(), answered }),
        };
        if let Some(cause) = cause.filter(|_| !accepts(settled, FieldName::ABSENT)) {
            // A card without the flag has no such field to speak of; the sheet itself is then accepted.
            if settled.responses.field(FieldName::ABSENT).is_some() {
                self.open(sheet.sheet, Some(ticket), of(FieldName::ABSENT, cause));
            } else if !settled.accepted {
                self.open(sheet.sheet, Some(ticket), Exception::of_sheet(cause));
            }
        }
        if let (Some(marked), Some(recorded)) = (field_flag(settled, FieldName::VIOLATION), room.violation)
            && marked != recorded
            && !accepts(settled, FieldName::VIOLATION)
        {
            let cause = Cause::ViolationMismatch { ticket: ticket.clone() };
            self.open(sheet.sheet, Some(ticket), of(FieldName::VIOLATION, cause));
        }
    }

    /// Present candidates of whom no sheet came in.
    fn missing(
        &mut self,
        roster: &Roster,
        claims: &BTreeMap<TicketNumber, Vec<&SettledSheet>>,
        resolutions: &[Resolution],
    ) {
        let accepted: BTreeSet<&TicketNumber> = resolutions
            .iter()
            .filter(|r| r.decision == Decision::Accept)
            .filter_map(|r| if let Place::Candidate { ticket } = &r.place { Some(ticket) } else { None })
            .collect();
        for record in self.rooms {
            for ticket in &record.present {
                // Someone who is not on the roster is the room balance's to report.
                let candidate = roster.candidates.get(ticket);
                let expected = candidate.is_some_and(|c| self.sits(c)) && !self.ruled_absent(ticket);
                if expected && !claims.contains_key(ticket) && !accepted.contains(ticket) {
                    let (whose, room) = (ticket.clone(), record.room.clone());
                    let cause = match self.around.stacks.gaps.get(ticket).copied() {
                        Some((before, behind)) => {
                            Cause::StackGap { ticket: whose, room, beside: Box::new([before, behind]) }
                        }
                        None => Cause::SheetMissing { ticket: whose, room },
                    };
                    self.findings.open.push(OpenException {
                        sheet: None,
                        ticket: Some(ticket.clone()),
                        exception: Exception::of_sheet(cause),
                    });
                }
            }
        }
    }

    fn set_aside(
        &mut self,
        pages: &[SetAside],
        read: &BTreeMap<SheetId, &SettledSheet>,
        resolutions: &[Resolution],
    ) {
        let mut decisions: BTreeMap<SheetId, &Decision> = BTreeMap::new();
        for resolution in resolutions {
            if let Place::Sheet { sheet } = &resolution.place {
                decisions.insert(*sheet, &resolution.decision);
            }
        }
        // Of several attempts at one page the last one speaks.
        let pages: BTreeMap<SheetId, &SetAside> = pages.iter().map(|p| (p.sheet, p)).collect();
        for (sheet, page) in pages {
            let voided = decisions.get(&sheet) == Some(&&Decision::Void);
            if !voided && !read.contains_key(&sheet) {
                self.open(sheet, None, page.exception.clone());
            }
        }
    }

    fn finish(mut self) -> SessionFindings {
        // Stable: within a sheet the layout's order stays, and what concerns the candidate follows.
        self.findings.open.sort_by_key(|open| (open.sheet, missing_ticket(open)));
        let held: BTreeSet<SheetId> = self.findings.open.iter().filter_map(|o| o.sheet).collect();
        for accepted in self.findings.by_ticket.values_mut() {
            if held.contains(&accepted.sheet) {
                accepted.standing = Standing::Held;
            }
        }
        self.findings
    }
}

/// The candidate whose number the sheet carries; `None` for a voided sheet, for a number that is in doubt and for one that is
/// not on the roster.
#[must_use]
pub fn claimed(sheet: &SettledSheet, roster: &Roster) -> Option<TicketNumber> {
    let response = sheet.settled.responses.field(FieldName::TICKET).filter(|_| !sheet.settled.voided);
    let ticket = response.and_then(Response::known)?.parse::<TicketNumber>().ok()?;
    roster.candidates.contains_key(&ticket).then_some(ticket)
}

/// The ticket number by which missing sheets are sorted.
fn missing_ticket(open: &OpenException) -> Option<TicketNumber> {
    if open.sheet.is_none() { open.ticket.clone() } else { None }
}

fn name(field: &str) -> Option<FieldName> {
    field.parse().ok()
}

/// An exception of the well-known field `field`.
fn of(field: &str, cause: Cause) -> Exception {
    Exception { cause, field: name(field), item: None }
}

fn accepts(settled: &Settled, field: &str) -> bool {
    settled.accepted_fields.iter().any(|f| f.as_str() == field)
}

/// Whether a flag is filled; `None` while it is in doubt or where the card has none.
fn field_flag(settled: &Settled, field: &str) -> Option<bool> {
    let response = settled.responses.field(field)?;
    match response.state {
        ResponseState::Resolved => Some(true),
        ResponseState::Blank => Some(false),
        _ => None,
    }
}

/// As [`field_flag`], but a card without the flag has it empty.
fn flag(settled: &Settled, field: &str) -> Option<bool> {
    if settled.responses.field(field).is_none() { Some(false) } else { field_flag(settled, field) }
}

/// The form that counts, or what stands in its way.
fn form_that_counts(
    settled: &Settled,
    candidate: &Candidate,
    paper: &Paper,
) -> Result<(Form, FormSource), Cause> {
    let response = settled.responses.field(FieldName::FORM);
    let value = response.map_or("", |r| r.value.as_str());
    let unknown = || Cause::FormUnknown { read: value.to_owned(), forms: paper.forms.clone() };
    if let Some(form) = &settled.form {
        let listed = paper.forms.contains(form);
        return if listed { Ok((form.clone(), FormSource::Reviewer)) } else { Err(unknown()) };
    }
    let blank = response.is_none_or(|r| r.state == ResponseState::Blank);
    if let ([only], true) = (&paper.forms[..], blank) {
        return Ok((only.clone(), FormSource::Paper));
    }
    let expected = match (&candidate.form, &paper.forms[..]) {
        (Some(form), _) => Some(form),
        (None, [only]) => Some(only),
        _ => None,
    };
    let card = response.and_then(Response::known).and_then(|text| text.parse::<Form>().ok());
    match (card, expected) {
        (Some(card), Some(expected)) if card == *expected => Ok((card, FormSource::Card)),
        (Some(card), None) if paper.forms.contains(&card) => Ok((card, FormSource::Card)),
        (_, Some(expected)) if accepts(settled, FieldName::FORM) => {
            Ok((expected.clone(), FormSource::Roster))
        }
        (_, Some(expected)) => {
            Err(Cause::FormMismatch { read: value.to_owned(), expected: expected.clone() })
        }
        (_, None) => Err(unknown()),
    }
}

/// What the room records say about one candidate.
#[derive(Debug, Clone, Copy)]
struct Attendance {
    presence: Presence,
    /// Whether a violation is recorded; `None` without a record that could have it.
    violation: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Present,
    Absent,
    Unrecorded,
}

impl Attendance {
    fn of(candidate: &Candidate, rooms: &[RoomRecord]) -> Self {
        let ticket = &candidate.ticket;
        let mut out = Self { presence: Presence::Unrecorded, violation: None };
        // Present in any record outweighs absent in another: whoever sat in the wrong room did sit.
        for record in rooms {
            let present = record.present.contains(ticket);
            let absent = record.absent.contains(ticket);
            let violation = record.violations.contains_key(ticket);
            if present {
                out.presence = Presence::Present;
            } else if absent && out.presence == Presence::Unrecorded {
                out.presence = Presence::Absent;
            }
            if present || absent || violation || record.room == candidate.room {
                out.violation = Some(out.violation.unwrap_or(false) || violation);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
