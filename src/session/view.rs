//! How the session stands, kept up to date sheet by sheet.
//!
//! Asking every reading takes as long as there are readings. But what is open about a candidate depends on the
//! sheets that carry their number, their line of the roster and their room's record alone, and what is open
//! about any other sheet on that sheet alone. So the record is cut into such groups, and only the groups that
//! something has come in about are asked again. [`Session::verify`] asks everything anew and compares.

use super::stacks::seats_of;
use super::{Session, SessionError, engine};
use crate::exam::{Candidate, Exam, Part, RoomRecord, RoomReport, Roster, Rulings};
use crate::merge::{CardUse, RoomBalance, balance};
use crate::read::SetAside;
use crate::settle::{
    Around, BESIDE, OpenException, SessionFindings, SettledSheet, SheetFacts, Stacks, against_roster, gap,
    other_room, rooms_named, settle,
};
use crate::sheet::{
    EngineId, Exception, FieldName, Place, Resolution, Response, RoomId, SheetId, TicketNumber,
};
use crate::store::{Along, Counts, Derived, DerivedState, Store, StoreError};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// A room of the view; without a balance where its record contradicts itself.
type RoomLine = Option<RoomBalance>;

/// What the view says of the whole session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) candidates: usize,
    pub(super) counts: Counts,
    pub(super) open: BTreeMap<String, usize>,
    /// `None` if a room's record contradicts itself.
    pub(super) rooms: Option<Vec<RoomBalance>>,
}

impl View {
    /// What is kept; `None` before it was ever made.
    pub(super) fn of(store: &Store) -> Result<Option<Self>, SessionError> {
        let Some(state) = store.derived_state()? else { return Ok(None) };
        let rooms: Vec<RoomLine> = store.derived_rooms()?;
        Ok(Some(Self {
            candidates: usize::try_from(state.candidates).unwrap_or(usize::MAX),
            counts: state.counts,
            open: store.derived_open()?,
            rooms: rooms.into_iter().collect(),
        }))
    }
}

impl Session {
    /// The view, brought up to date; `None` if it can't be kept just now (another program is writing, or the
    /// disk is full): then everything has to be asked.
    pub(super) fn view(&self) -> Result<Option<View>, SessionError> {
        self.with_view(View::of)
    }

    /// Makes the view anew, and waits for other programs as long as any act does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] while another program is writing, or a failure of the record.
    pub(super) fn view_anew(&self) -> Result<(), SessionError> {
        self.store.derive_patiently(|view| {
            view.clear()?;
            self.refresh(view)
        })
    }

    /// As [`Session::view`], of which only the open exceptions are wanted.
    pub(super) fn open_in_view(&self) -> Result<Option<BTreeMap<String, usize>>, SessionError> {
        self.with_view(|store| Ok(Some(store.derived_open()?)))
    }

    /// What `ask` says of the view, brought up to date; a view of which something can't be read is made anew and asked again.
    pub(super) fn with_view<T>(
        &self,
        ask: impl Fn(&Store) -> Result<Option<T>, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        let asked = || if self.up_to_date()? { ask(&self.store) } else { Ok(None) };
        match asked() {
            // It follows from the record: one that can't be read is made anew.
            Err(SessionError::Store(StoreError::Damaged { place, .. })) if place.starts_with("derived_") => {
                if kept(self.store.derive(|view| Ok(view.clear()?)))? {
                    asked()
                } else {
                    Ok(None)
                }
            }
            outcome => outcome,
        }
    }

    /// Brings the view up to date; `false` if it can't be kept.
    fn up_to_date(&self) -> Result<bool, SessionError> {
        let current = |state: &DerivedState, entry: u64| state.entry == entry && state.maker == maker().0;
        let head = self.store.journal_head()?.sequence;
        let fresh = self.store.derived_state()?.is_some_and(|state| current(&state, head));
        Ok(fresh || kept(self.store.derive(|view| self.refresh(view)))?)
    }

    /// What is open about one sheet, asked of the sheets and records that have to do with it alone; `None` if the view can't
    /// be kept just now.
    pub(super) fn open_about(&self, sheet: &SheetId) -> Result<Option<Vec<Exception>>, SessionError> {
        if self.open_in_view()?.is_none() {
            return Ok(None);
        }
        let open = self.store.derive(|view| {
            let rooms = view.rooms()?;
            let keeping = self.keeping(view, &rooms)?;
            let mut kept = view.sheet(sheet)?;
            let claim: Option<TicketNumber> = kept.claim.as_ref().and_then(|text| text.parse().ok());
            let candidate =
                claim.as_ref().map(|ticket| view.candidate(ticket.as_str())).transpose()?.flatten();
            let open = match (claim, candidate) {
                (Some(ticket), Some(candidate)) => keeping.found(&ticket, &candidate)?.1.open,
                _ => keeping.alone(sheet, keeping.settled(sheet, &mut kept.facts)?)?,
            };
            Ok::<_, SessionError>(open)
        });
        let own = |open: Vec<OpenException>| {
            open.into_iter().filter(|open| open.sheet == Some(*sheet)).map(|open| open.exception).collect()
        };
        let mut found = None;
        Ok(if kept(open.map(|open| found = Some(own(open))))? { found } else { None })
    }

    fn keeping<'k>(
        &'k self,
        view: &'k Derived<'k>,
        rooms: &'k [RoomRecord],
    ) -> Result<Keeping<'k>, SessionError> {
        let mut resolutions = view.resolutions()?;
        let mut late = BTreeMap::new();
        for case in view.late_sheets()? {
            let counted = self.late_resolutions(&case);
            late.insert(case.opened.sheet, counted.as_ref().map(|c| c.iter().filter_map(sheet_of).collect()));
            resolutions.extend(counted.into_iter().flatten());
        }
        let rulings = view.rulings()?;
        Ok(Keeping { late, rulings, ..Keeping::of(&self.exam, view, rooms, resolutions) })
    }

    fn refresh(&self, view: &Derived<'_>) -> Result<(), SessionError> {
        let entry = view.last_entry()?;
        let before = view.state()?.filter(|state| state.maker == maker().0 && state.entry <= entry);
        let mut touched = view.touched(before.as_ref().map_or(0, |state| state.entry))?;
        let before = before.filter(|_| !touched.imports);
        let known = before.is_some();
        let mut candidates = before.as_ref().map_or(0, |state| state.candidates);
        let rooms = view.rooms()?;
        let mut keeping = Keeping {
            groups: std::mem::take(&mut touched.candidates),
            counts: before.as_ref().map_or_else(Counts::default, |state| state.counts),
            ..self.keeping(view, &rooms)?
        };
        // Another sheet may be void because of a late one.
        let late = keeping.late.iter().filter(|(sheet, _)| touched.sheets.contains(sheet));
        let named: Vec<SheetId> =
            late.filter_map(|(_, counted)| counted.as_ref()).flatten().copied().collect();
        touched.sheets.extend(named);
        let sheets: Vec<SheetId> = if before.is_some() {
            touched.sheets.into_iter().collect()
        } else {
            view.clear()?;
            view.place_files()?;
            (candidates, keeping.rooms) = view.put_roster()?;
            keeping.rooms.extend(self.exam.rooms.iter().chain(keeping.records.keys().copied()).cloned());
            keeping.groups.extend(view.tickets()?);
            view.all_sheets()?
        };
        keeping.counts.fed += view.pages_since(before.map_or(0, |state| state.entry))?;
        for sheet in &sheets {
            keeping.sheet(sheet)?;
        }
        if known {
            keeping.around(&sheets)?;
        }
        for ticket in std::mem::take(&mut keeping.groups) {
            keeping.group(&ticket)?;
        }
        for room in std::mem::take(&mut keeping.rooms) {
            keeping.room(&room)?;
        }
        let Counts { fed, read, .. } = keeping.counts;
        let counts = Counts { fed, read, set_aside: fed.saturating_sub(read) };
        Ok(view.put_state(&DerivedState { entry, maker: maker().0, counts, candidates })?)
    }
}

fn sheet_of(resolution: &Resolution) -> Option<SheetId> {
    match resolution.place {
        Place::Sheet { sheet } | Place::Field { sheet, .. } => Some(sheet),
        Place::Candidate { .. } => None,
    }
}

/// Whether the view could be kept. That another program is writing, that the disk is full or that nothing may be written stands in the
/// view's way alone; whatever else goes wrong is told.
fn kept(outcome: Result<(), SessionError>) -> Result<bool, SessionError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(SessionError::Store(
            StoreError::Locked { .. } | StoreError::DiskFull { .. } | StoreError::NotWritable { .. },
        )) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Who makes the view: another program may see other facts.
fn maker() -> EngineId {
    engine()
}

/// The room records that name a candidate.
fn named(rooms: &[RoomRecord]) -> HashMap<&TicketNumber, Vec<&RoomRecord>> {
    let mut out: HashMap<&TicketNumber, Vec<&RoomRecord>> = HashMap::new();
    for record in rooms {
        let tickets: BTreeSet<_> =
            record.present.iter().chain(&record.absent).chain(record.violations.keys()).collect();
        let voided = record.report.voided.iter().filter_map(|card| card.ticket.as_ref());
        let tickets = tickets.into_iter().chain(voided).collect::<BTreeSet<_>>();
        for ticket in tickets {
            out.entry(ticket).or_default().push(record);
        }
    }
    out
}

/// Decisions by the sheet or the candidate that they are about, in their order.
struct About {
    sheets: BTreeMap<SheetId, Vec<Resolution>>,
    candidates: BTreeMap<TicketNumber, Vec<Resolution>>,
}

fn about(resolutions: Vec<Resolution>) -> About {
    let mut out = About { sheets: BTreeMap::new(), candidates: BTreeMap::new() };
    for resolution in resolutions {
        match &resolution.place {
            Place::Sheet { sheet } | Place::Field { sheet, .. } => {
                out.sheets.entry(*sheet).or_default().push(resolution);
            }
            Place::Candidate { ticket } => {
                out.candidates.entry(ticket.clone()).or_default().push(resolution);
            }
        }
    }
    out
}

struct Keeping<'k> {
    exam: &'k Exam,
    /// The exam without its rooms: one is put in at a time.
    roomless: Exam,
    /// Where a room stands in the exam's list.
    listed: HashMap<&'k RoomId, usize>,
    view: &'k Derived<'k>,
    records: BTreeMap<&'k RoomId, &'k RoomRecord>,
    named: HashMap<&'k TicketNumber, Vec<&'k RoomRecord>>,
    about: About,
    /// Late sheets; those that count, with the sheets that they say something about.
    late: BTreeMap<SheetId, Option<Vec<SheetId>>>,
    /// Candidates and rooms that are to be asked again.
    groups: BTreeSet<TicketNumber>,
    rooms: BTreeSet<RoomId>,
    counts: Counts,
    rulings: Rulings,
    /// The candidates of rooms that were asked for, in the order of their seats.
    seats: RefCell<HashMap<RoomId, Vec<TicketNumber>>>,
    /// Candidates who were asked for a moment ago: cards that lie beside each other ask for the same ones.
    recent: RefCell<HashMap<TicketNumber, Option<Rc<Candidate>>>>,
    /// What lies beside sheets that were asked for a moment ago.
    links: RefCell<HashMap<(SheetId, Along), Option<SheetId>>>,
}

/// How many candidates and sheets are remembered, more than lie beside each other.
const RECENT: usize = 500;

impl<'k> Keeping<'k> {
    fn of(
        exam: &'k Exam,
        view: &'k Derived<'k>,
        rooms: &'k [RoomRecord],
        resolutions: Vec<Resolution>,
    ) -> Self {
        Self {
            exam,
            roomless: Exam { rooms: Vec::new(), ..exam.clone() },
            listed: exam.rooms.iter().zip(0..).collect(),
            view,
            records: rooms.iter().map(|record| (&record.room, record)).collect(),
            named: named(rooms),
            about: about(resolutions),
            late: BTreeMap::new(),
            groups: BTreeSet::new(),
            rooms: BTreeSet::new(),
            counts: Counts::default(),
            rulings: Rulings::default(),
            seats: RefCell::default(),
            recent: RefCell::default(),
            links: RefCell::default(),
        }
    }

    /// Has those asked again whose standing depends on where these sheets lie: whoever's cards lie beside them, and whoever
    /// has no card in a room of one of these.
    fn around(&mut self, sheets: &[SheetId]) -> Result<(), SessionError> {
        let mut claims = self.groups.clone();
        for sheet in sheets {
            for along in [Along::Before, Along::Behind] {
                for beside in self.beside(sheet, along, BESIDE)? {
                    claims.extend(self.view.claim(&beside)?);
                }
            }
        }
        let mut rooms = BTreeSet::new();
        for ticket in &claims {
            rooms.extend(self.candidate(ticket)?.map(|candidate| candidate.room.clone()));
        }
        for room in rooms {
            for ticket in self.seats(&room)? {
                if self.view.claiming(&ticket)?.is_empty() {
                    claims.insert(ticket);
                }
            }
        }
        self.groups.extend(claims);
        Ok(())
    }

    /// The sheets that lie beside one, from the nearest on, at most `most`.
    fn beside(&self, sheet: &SheetId, along: Along, most: usize) -> Result<Vec<SheetId>, SessionError> {
        let mut out = Vec::new();
        let mut at = Some(*sheet);
        while let Some(sheet) = at.filter(|_| out.len() < most) {
            at = self.next(&sheet, along)?;
            out.extend(at);
        }
        Ok(out)
    }

    /// The sheet that lies directly beside one.
    fn next(&self, sheet: &SheetId, along: Along) -> Result<Option<SheetId>, SessionError> {
        if let Some(known) = self.links.borrow().get(&(*sheet, along)) {
            return Ok(*known);
        }
        let next = self.view.next(sheet, along)?;
        let mut links = self.links.borrow_mut();
        if links.len() >= RECENT {
            links.clear();
        }
        links.insert((*sheet, along), next);
        if let Some(next) = next {
            links.insert((next, along.back()), Some(*sheet));
        }
        Ok(next)
    }

    /// A candidate of the roster.
    fn candidate(&self, ticket: &TicketNumber) -> Result<Option<Rc<Candidate>>, SessionError> {
        if let Some(known) = self.recent.borrow().get(ticket) {
            return Ok(known.clone());
        }
        let found = self.view.candidate(ticket.as_str())?.map(Rc::new);
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= RECENT {
            recent.clear();
        }
        recent.insert(ticket.clone(), found.clone());
        Ok(found)
    }

    /// The candidates of a room in the order of their seats.
    fn seats(&self, room: &RoomId) -> Result<Vec<TicketNumber>, SessionError> {
        if let Some(known) = self.seats.borrow().get(room) {
            return Ok(known.clone());
        }
        let seated = self.view.seated(room.as_str())?;
        let seats = seats_of(seated.iter()).into_values().next().unwrap_or_default();
        self.seats.borrow_mut().insert(room.clone(), seats.clone());
        Ok(seats)
    }

    /// What the stacks say of a candidate's sheets, or of there being none.
    fn stacks(&self, candidate: &Candidate, sheets: &[SheetId]) -> Result<Stacks, SessionError> {
        let mut out = Stacks::default();
        for sheet in sheets {
            let paths = self.view.paths(&sheet.image)?;
            let named: Vec<RoomId> = paths.iter().flat_map(|path| rooms_named(self.exam, path)).collect();
            let mut beside = [Vec::new(), Vec::new()];
            // Where a folder says the room, the cards beside say nothing.
            if named.is_empty() {
                for (side, along) in beside.iter_mut().zip([Along::Before, Along::Behind]) {
                    for sheet in self.beside(sheet, along, BESIDE)? {
                        let ticket = self.view.claim(&sheet)?;
                        side.push(ticket.map(|ticket| self.candidate(&ticket)).transpose()?.flatten());
                    }
                }
            }
            let [before, behind] =
                beside.each_ref().map(|side| side.iter().map(Option::as_deref).collect::<Vec<_>>());
            if let Some(room) = other_room(candidate, &named, &before, &behind) {
                out.among.insert(*sheet, room);
            }
        }
        if sheets.is_empty() {
            let card = |ticket: &TicketNumber| -> Result<Option<SheetId>, SessionError> {
                let sheets = self.view.claiming(ticket)?;
                Ok(if let [only] = sheets[..] { Some(only) } else { None })
            };
            let next = |sheet: &SheetId| self.next(sheet, Along::Behind);
            let found = gap(&candidate.ticket, &self.seats(&candidate.room)?, card, next)?;
            out.gaps.extend(found.map(|found| (candidate.ticket.clone(), found)));
        }
        Ok(out)
    }

    /// What a sheet comes to; `None` if it has no reading, or came late and does not count. Its facts are kept in `facts`.
    fn settled(
        &self,
        sheet: &SheetId,
        facts: &mut Option<String>,
    ) -> Result<Option<SettledSheet>, SessionError> {
        if self.late.get(sheet).is_some_and(Option::is_none) {
            return Ok(None);
        }
        let decisions = self.about.sheets.get(sheet).map_or(&[][..], Vec::as_slice);
        if decisions.is_empty()
            && let Some(known) = facts.as_ref().and_then(|text| SheetFacts::of_signed(&maker(), text))
        {
            let settled = known.settled(&self.exam.rules);
            return Ok(Some(SettledSheet { sheet: *sheet, layout: known.layout, settled }));
        }
        let Some(reading) = self.view.reading(sheet)? else { return Ok(None) };
        *facts = serde_json::to_string(&SheetFacts::of(&reading))
            .ok()
            .map(|text| SheetFacts::signed(&maker(), &text));
        let settled = settle(&reading, decisions, &self.exam.rules);
        Ok(Some(SettledSheet { sheet: *sheet, layout: reading.layout, settled }))
    }

    /// Asks a sheet again: whose it is, and what is open about it if it is nobody's.
    fn sheet(&mut self, sheet: &SheetId) -> Result<(), SessionError> {
        let mut kept = self.view.sheet(sheet)?;
        let settled = self.settled(sheet, &mut kept.facts)?;
        let claim = match &settled {
            Some(found) if !found.settled.voided => {
                let known = found.settled.responses.field(FieldName::TICKET).and_then(Response::known);
                match known.and_then(|text| text.parse::<TicketNumber>().ok()) {
                    Some(ticket) if self.candidate(&ticket)?.is_some() => Some(ticket),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(before) = kept.claim.as_ref().and_then(|text| text.parse().ok()) {
            self.groups.insert(before);
        }
        self.groups.extend(claim.clone());
        // What came late is counted apart.
        let counts = settled.is_some() && !self.late.contains_key(sheet);
        let counted = if counts { "r" } else { "a" };
        let read = u64::from(counts);
        let was = u64::from(kept.counted.as_deref() == Some("r"));
        self.counts.read = (self.counts.read + read).saturating_sub(was);
        kept.claim = claim.as_ref().map(|ticket| ticket.as_str().to_owned());
        kept.counted = Some(counted.to_owned());
        self.view.put_sheet(sheet, &kept)?;
        let open = if claim.is_some() { Vec::new() } else { self.alone(sheet, settled)? };
        self.put(&sheet.to_string(), &open)
    }

    /// What is open about a sheet that is nobody's.
    fn alone(
        &self,
        sheet: &SheetId,
        settled: Option<SettledSheet>,
    ) -> Result<Vec<OpenException>, SessionError> {
        let Some(settled) = settled else {
            let aside: Vec<_> = self.view.set_aside(sheet)?.into_iter().collect();
            let decisions = self.about.sheets.get(sheet).map_or(&[][..], Vec::as_slice);
            return Ok(self.nobodys(&[], &aside, decisions));
        };
        Ok(self.nobodys(&[settled], &[], &[]))
    }

    /// What is open about sheets that are nobody's.
    fn nobodys(
        &self,
        sheets: &[SettledSheet],
        aside: &[SetAside],
        decisions: &[Resolution],
    ) -> Vec<OpenException> {
        let around = Around { rulings: &Rulings::default(), stacks: &Stacks::default() };
        against_roster(sheets, aside, self.exam, &Roster::default(), &[], decisions, around).open
    }

    /// Asks a candidate again: their sheets against their line of the roster and the room records.
    fn group(&mut self, ticket: &TicketNumber) -> Result<(), SessionError> {
        let about = format!("ticket {ticket}");
        let Some(candidate) = self.candidate(ticket)? else { return self.put(&about, &[]) };
        let (sheets, found) = self.found(ticket, &candidate)?;
        let sheet = found.by_ticket.get(ticket).map(|accepted| accepted.sheet);
        let sheet = sheet.or_else(|| found.absent_cards.get(ticket).copied());
        let counts = sheets.iter().find(|s| Some(s.sheet) == sheet);
        self.view.put_card(ticket, counts.map(|s| s.settled.answered > 0))?;
        let named = self.named.get(ticket).map_or(&[][..], Vec::as_slice);
        self.rooms.extend(named.iter().map(|record| record.room.clone()));
        self.rooms.insert(candidate.room.clone());
        self.put(&about, &found.open)
    }

    /// A candidate's sheets, and what they come to.
    fn found(
        &self,
        ticket: &TicketNumber,
        candidate: &Candidate,
    ) -> Result<(Vec<SettledSheet>, SessionFindings), SessionError> {
        let claiming = self.view.claiming(ticket)?;
        let stacks = self.stacks(candidate, &claiming)?;
        let mut sheets = Vec::new();
        for sheet in claiming {
            let mut facts = self.view.sheet(&sheet)?.facts;
            sheets.extend(self.settled(&sheet, &mut facts)?);
        }
        let decisions = self.about.candidates.get(ticket).map_or(&[][..], Vec::as_slice);
        let named = self.named.get(ticket).map_or(&[][..], Vec::as_slice);
        let own = self.records.get(&candidate.room).filter(|own| !named.iter().any(|n| n.room == own.room));
        let records: Vec<RoomRecord> = named.iter().chain(own).map(|record| only(record, ticket)).collect();
        let roster = roster_of(Some(candidate));
        let around = Around { rulings: &self.rulings, stacks: &stacks };
        let found = against_roster(&sheets, &[], self.exam, &roster, &records, decisions, around);
        Ok((sheets, found))
    }

    fn put(&self, about: &str, open: &[OpenException]) -> Result<(), SessionError> {
        let open: Vec<_> = open.iter().map(|open| (open.exception.cause.kind(), &open.exception)).collect();
        Ok(self.view.put_open(about, &open)?)
    }

    /// Balances a room again.
    fn room(&self, room: &RoomId) -> Result<(), SessionError> {
        let seated = self.view.seated(room.as_str())?;
        let record = self.records.get(room).copied();
        let tickets: BTreeSet<&TicketNumber> =
            seated.iter().map(|c| &c.ticket).chain(record.into_iter().flat_map(|r| &r.present)).collect();
        let mut cards = BTreeMap::new();
        for ticket in tickets {
            if let Some(answered) = self.view.card(ticket)? {
                cards.insert(ticket.clone(), if answered { CardUse::Answered } else { CardUse::Blank });
            }
        }
        let roster = Roster { candidates: seated.into_iter().map(|c| (c.ticket.clone(), c)).collect() };
        let records: Vec<RoomRecord> = record.cloned().into_iter().collect();
        let exam = Exam { rooms: vec![room.clone()], ..self.roomless.clone() };
        // A record that contradicts itself is told by whoever asks for the balance.
        let line: RoomLine =
            balance(&exam, &roster, &records, &cards, &self.rulings.excused(&exam, &roster, Part::Theory))
                .ok()
                .and_then(|rooms| rooms.into_iter().next());
        let place = self.listed.get(room).copied().unwrap_or(usize::MAX);
        Ok(self.view.put_room(room.as_str(), place, &line)?)
    }
}

fn roster_of(candidate: Option<&Candidate>) -> Roster {
    Roster { candidates: candidate.map(|c| (c.ticket.clone(), c.clone())).into_iter().collect() }
}

/// What a room record says of one candidate.
fn only(record: &RoomRecord, ticket: &TicketNumber) -> RoomRecord {
    let if_there = |set: &BTreeSet<TicketNumber>| set.get(ticket).cloned().into_iter().collect();
    RoomRecord {
        room: record.room.clone(),
        present: if_there(&record.present),
        absent: if_there(&record.absent),
        violations: record
            .violations
            .get_key_value(ticket)
            .map(|(t, v)| (t.clone(), v.clone()))
            .into_iter()
            .collect(),
        report: RoomReport {
            voided: record.report.voided_of(ticket).cloned().collect(),
            ..RoomReport::default()
        },
    }
}
