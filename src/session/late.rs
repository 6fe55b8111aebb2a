//! Sheets that turned up after the freeze: each is a case, and counts once two people say so.

use super::originals::{keeper, recorded_name};
use super::recheck::hash_of;
use super::{Session, SessionError, engine};
use crate::batch::Keeper;
use crate::identity::Identity;
use crate::read::Reading;
use crate::settle::{SheetFacts, Standing, check};
use crate::sheet::{
    Decision, Exception, FieldName, ItemLabel, Place, Resolution, Sha256, SheetId, TicketNumber,
};
use crate::store::{
    CaseFile as _, Decided, Extent, FilePart, FileRecord, LateCase, LateCounted, LateDecision, LateOutcome,
    LateSheet, PageRecord,
};
use std::collections::BTreeSet;
use std::path::Path;

/// How a late sheet's case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LateState {
    /// Nobody has signed.
    Open,
    /// One person has signed, or several that don't agree.
    SignedByOne,
    /// Two people signed that it does not count.
    Refused,
    /// Two people signed that it counts; the next grading makes the score.
    AwaitingGrading,
    /// Two people signed that it counts, and the score was made since.
    Graded,
}

impl LateState {
    /// The word for it: `open`, `signed-by-one`, `refused`, `counted-awaiting-grading`, `counted-graded`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SignedByOne => "signed-by-one",
            Self::Refused => "refused",
            Self::AwaitingGrading => "counted-awaiting-grading",
            Self::Graded => "counted-graded",
        }
    }
}

/// Late sheets by what was decided about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LateCounts {
    /// Two people have not signed the same yet.
    pub undecided: usize,
    /// They count.
    pub counted: usize,
    /// They don't.
    pub refused: usize,
}

impl LateCounts {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> usize {
        self.undecided + self.counted + self.refused
    }
}

/// A late sheet and how its case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateStatus {
    /// The case.
    pub case: LateCase,
    /// How it stands.
    pub state: LateState,
    /// Whose card it is by what is read and decided on it, if that is somebody on the roster.
    pub ticket: Option<TicketNumber>,
    /// What stands in the way of counting it: places in doubt, and what does not fit roster, room record or another sheet.
    /// Empty once it is decided.
    pub open: Vec<Exception>,
}

/// What a person signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LateVerdict {
    /// It does not count.
    Refused,
    /// It counts.
    Counted {
        /// Decisions about doubtful places: a field, an item within it, or with neither the sheet as a whole.
        decisions: Vec<(Option<FieldName>, Option<ItemLabel>, Decision)>,
        /// Whether it takes the place of the sheet that counts for the candidate until now.
        instead: bool,
    },
}

impl Session {
    /// Takes in a sheet that turned up after the freeze and opens a case about it. A copy of the file is kept. It counts for
    /// nobody until two people have signed that it does.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotFrozen`] (until then it is scanned as any other), [`SessionError::NoReason`],
    /// [`SessionError::LatePages`] for a file of several pages, [`SessionError::LateNotRead`] for one that is no readable card,
    /// [`StoreError::KnownFile`](crate::store::StoreError::KnownFile), a copy that can't be made, or a failure of the record.
    pub fn late(&mut self, file: &Path, reason: &str) -> Result<LateStatus, SessionError> {
        if self.store.frozen()?.is_none() {
            return Err(SessionError::NotFrozen);
        }
        if reason.trim().is_empty() {
            return Err(SessionError::NoReason);
        }
        let bytes = std::fs::read(file).map_err(|e| SessionError::file("read", file, e))?;
        let image = Sha256::of(&bytes);
        let mut pages = self.reader().read_file(&bytes);
        let Some((page, _)) = pages.pop().filter(|_| pages.is_empty()) else {
            return Err(SessionError::LatePages { path: file.to_owned(), pages: pages.len() + 1 });
        };
        let reading = match &page {
            PageRecord::Read { reading, .. } => reading,
            PageRecord::SetAside(aside) => {
                let cause = Box::new(aside.exception.cause.clone());
                return Err(SessionError::LateNotRead { path: file.to_owned(), cause });
            }
        };
        let root = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let late = LateSheet {
            sheet: reading.sheet,
            file: recorded_name(&root, file),
            reason: reason.trim().to_owned(),
            engine: engine(),
            reading: hash_of(reading),
        };
        let facts = serde_json::to_string(&SheetFacts::of(reading)).ok();
        let facts = facts.map(|facts| SheetFacts::signed(&engine(), &facts));
        let length = bytes.len() as u64;
        let folder = self.copies();
        let name = Keeper::name(&image, &bytes);
        keeper(&folder)?
            .keep_now(&name, &image, bytes)
            .map_err(|e| SessionError::file("write", &folder.join(&name), e))?;
        let part = FilePart {
            file: FileRecord { path: late.file.clone(), image, bytes: length, pages: 1 },
            engine: engine(),
            extent: Extent::Whole,
            pages: vec![page],
            original: Some(name),
        };
        let at = self.now();
        let number = self.store.open_late(&late, part, facts, &at)?;
        self.late_status(self.late_case(number)?)
    }

    /// Every late sheet with how its case stands.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn late_sheets(&self) -> Result<Vec<LateStatus>, SessionError> {
        self.store.late_sheets()?.into_iter().map(|case| self.late_status(case)).collect()
    }

    fn late_case(&self, number: u64) -> Result<LateCase, SessionError> {
        let case = self.store.late_sheets()?.into_iter().find(|case| case.number == number);
        case.ok_or(SessionError::NoCase { what: LateSheet::KIND.name, case: number })
    }

    fn late_status(&self, case: LateCase) -> Result<LateStatus, SessionError> {
        let (state, ticket) = match self.decided(&case) {
            None => {
                let fit = self.fit(case.opened.sheet, &[])?;
                let state = if case.signatures.is_empty() { LateState::Open } else { LateState::SignedByOne };
                return Ok(LateStatus { case, state, ticket: fit.ticket, open: fit.open });
            }
            Some(Decided { first, entry, .. }) => match &first.outcome {
                LateOutcome::Refused => (LateState::Refused, None),
                LateOutcome::Counted(counted) => {
                    let graded = self.store.scored_since(&counted.ticket, entry)?;
                    let state = if graded { LateState::Graded } else { LateState::AwaitingGrading };
                    (state, Some(counted.ticket.clone()))
                }
            },
        };
        Ok(LateStatus { case, state, ticket, open: Vec::new() })
    }

    /// Signs whether a late sheet counts. It is decided once two people, with two names and two keys, have signed the same;
    /// who leaves `why` empty takes over what was signed last.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoCase`], [`SessionError::CaseClosed`]; [`SessionError::Custody`] for who is neither reviewer nor
    /// supervisor in the exam's manifest; [`SessionError::CaseItem`] for a decision that does not fit its place;
    /// [`SessionError::LateOpen`] while something stands in the way of counting it; [`SessionError::SamePerson`];
    /// [`SessionError::NoReason`]; or a failure of the record.
    pub fn sign_late(
        &mut self,
        number: u64,
        identity: &Identity,
        verdict: &LateVerdict,
        why: &str,
    ) -> Result<LateStatus, SessionError> {
        let case = self.late_case(number)?;
        let outcome = match verdict {
            LateVerdict::Refused => LateOutcome::Refused,
            LateVerdict::Counted { decisions, instead } => {
                LateOutcome::Counted(self.late_counted(&case, decisions, *instead)?)
            }
        };
        let signature = self.signed(&case, identity, outcome, why)?;
        self.store.sign_late(&signature, &signature.at)?;
        self.late_status(self.late_case(number)?)
    }

    /// What counting the sheet so comes to, if nothing stands in the way.
    fn late_counted(
        &self,
        case: &LateCase,
        decisions: &[(Option<FieldName>, Option<ItemLabel>, Decision)],
        instead: bool,
    ) -> Result<LateCounted, SessionError> {
        let (what, number, sheet) = (LateSheet::KIND.name, case.number, case.opened.sheet);
        let reading = self.late_reading(case)?;
        let mut decided: Vec<LateDecision> = decisions
            .iter()
            .map(|(field, item, decision)| {
                let place = match field {
                    None => Place::Sheet { sheet },
                    Some(field) => Place::Field { sheet, field: field.clone(), item: item.clone() },
                };
                LateDecision { place, decision: decision.clone() }
            })
            .collect();
        // One text for one verdict, in whatever order it was given.
        decided.sort_by(|a, b| a.place.cmp(&b.place));
        decided.dedup();
        let own = resolutions(&decided);
        for (at, resolution) in own.iter().enumerate() {
            check(resolution, &reading, &own[..at]).map_err(|source| SessionError::CaseItem {
                what,
                case: number,
                source: Box::new(source),
            })?;
        }
        if instead {
            let fit = self.fit(sheet, &own)?;
            let standings = self.standings()?;
            let before = fit.ticket.as_ref().and_then(|ticket| {
                let accepted = standings.findings.by_ticket.get(ticket).map(|accepted| accepted.sheet);
                accepted.or_else(|| standings.findings.absent_cards.get(ticket).copied())
            });
            let Some(other) = before else { return Err(SessionError::LateAlone { case: number }) };
            decided.push(LateDecision { place: Place::Sheet { sheet: other }, decision: Decision::Void });
        }
        let fit = self.fit(sheet, &resolutions(&decided))?;
        match fit.ticket {
            Some(ticket) if fit.open.is_empty() => Ok(LateCounted { ticket, decisions: decided }),
            _ => {
                let open = fit.open.iter().map(exception_words).collect();
                let twice = fit.open.iter().any(|open| open.cause.kind() == "ticket-duplicate");
                Err(SessionError::LateOpen { case: number, open, twice })
            }
        }
    }

    /// What counting a late sheet with these decisions would come to.
    fn fit(&self, sheet: SheetId, decisions: &[Resolution]) -> Result<Fit, SessionError> {
        let before: BTreeSet<_> = self.standings()?.findings.open.into_iter().collect();
        let after = self.standings_with(Some((sheet, decisions)))?;
        let open = after.findings.open.iter().filter(|open| !before.contains(open));
        let open: Vec<Exception> = open.map(|open| open.exception.clone()).collect();
        let holder = after.findings.by_ticket.iter().find(|(_, accepted)| accepted.sheet == sheet);
        let by_number = after
            .sheets
            .get(&sheet)
            .and_then(|settled| settled.settled.responses.field(FieldName::TICKET)?.known()?.parse().ok())
            .filter(|ticket| after.roster.candidates.contains_key(ticket));
        let clear = holder
            .is_some_and(|(_, accepted)| accepted.standing == Standing::Clear && accepted.form.is_some());
        let absent = after.findings.absent_cards.values().any(|card| *card == sheet);
        let ticket = by_number.filter(|_| clear || absent || !open.is_empty());
        Ok(Fit { ticket, open })
    }

    fn late_reading(&self, case: &LateCase) -> Result<Reading, SessionError> {
        let none = || SessionError::NoCase { what: LateSheet::KIND.name, case: case.number };
        self.store.readings_of(&case.opened.sheet)?.pop().ok_or_else(none)
    }

    /// The decisions that came with a late sheet that counts; `None` if it doesn't.
    pub(super) fn late_resolutions(&self, case: &LateCase) -> Option<Vec<Resolution>> {
        let Decided { first, second, .. } = self.decided(case)?;
        match &first.outcome {
            LateOutcome::Refused => None,
            LateOutcome::Counted(counted) => {
                let both = format!("{}, {}", first.person.name(), second.person.name());
                Some(
                    counted.decisions.iter().map(|decision| decision.resolution(&both, &first.why)).collect(),
                )
            }
        }
    }

    /// Every decision: those before the freeze, then those that came with late sheets.
    pub(super) fn decisions_in_force(&self) -> Result<Vec<Resolution>, SessionError> {
        let mut out = self.store.resolutions()?;
        for case in self.store.late_sheets()? {
            out.extend(self.late_resolutions(&case).into_iter().flatten());
        }
        Ok(out)
    }

    /// Late sheets that do not count, or not yet.
    pub(super) fn late_apart(&self) -> Result<BTreeSet<SheetId>, SessionError> {
        let cases = self.store.late_sheets()?;
        Ok(cases.iter().filter(|c| self.late_resolutions(c).is_none()).map(|c| c.opened.sheet).collect())
    }

    /// Candidates whose late sheet counts and was not graded yet.
    pub(super) fn late_waiting(&self) -> Result<BTreeSet<TicketNumber>, SessionError> {
        let mut waiting = BTreeSet::new();
        for case in self.store.late_sheets()? {
            // What is not decided waits for nothing, and what counting it would come to is not asked.
            if self.decided(&case).is_none() {
                continue;
            }
            let status = self.late_status(case)?;
            waiting.extend(status.ticket.filter(|_| status.state == LateState::AwaitingGrading));
        }
        Ok(waiting)
    }

    /// How many there are, by what was decided.
    pub(super) fn late_counts(&self) -> Result<LateCounts, SessionError> {
        let mut counts = LateCounts::default();
        for case in self.store.late_sheets()? {
            match self.decided(&case).map(|decided| &decided.first.outcome) {
                None => counts.undecided += 1,
                Some(LateOutcome::Refused) => counts.refused += 1,
                Some(LateOutcome::Counted(_)) => counts.counted += 1,
            }
        }
        Ok(counts)
    }
}

/// What counting a sheet would come to.
struct Fit {
    /// Whose number it carries, if they are on the roster.
    ticket: Option<TicketNumber>,
    /// What would be open then and isn't now.
    open: Vec<Exception>,
}

/// Decisions that nobody has signed yet.
fn resolutions(decided: &[LateDecision]) -> Vec<Resolution> {
    decided.iter().map(|decision| decision.resolution("", "")).collect()
}

/// An exception with its place, in words.
fn exception_words(exception: &Exception) -> String {
    let place = match (&exception.field, &exception.item) {
        (Some(field), Some(item)) => format!("{field}:{item} "),
        (Some(field), None) => format!("{field} "),
        _ => String::new(),
    };
    format!("{place}{}", exception.cause)
}
