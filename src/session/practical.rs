//! What assessors scored: score sheets out and in, how it stands, and the head assessor's decisions.

use super::import::{read_all, source_of};
use super::{Session, SessionError, write_whole};
use crate::exam::{AssessedPart, Candidate, Level, Roster, Table};
use crate::merge::PartResult;
use crate::practical::{
    self, Assessed, BookAsk, Held, MarkChange, Marks, PracticalOutcome, PracticalScore, ScoreBook, SheetPer,
    assess, blank_book,
};
use crate::publish::Matter;
use crate::sheet::{RoomId, TicketNumber};
use crate::store::{Imported, MarksRecord, TicketSpan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What taking in totals or score sheets came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenScores {
    /// Candidates that the files say something about.
    pub candidates: usize,
    /// Whether anything changed.
    pub imported: Imported,
    /// Rows of score sheets in which nothing is entered.
    pub blank: usize,
    /// What was there before and is otherwise now, by candidate.
    pub changes: Vec<(TicketNumber, MarkChange)>,
}

/// What score sheets are written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateAsk {
    /// Which part.
    pub part: AssessedPart,
    /// Candidates of one room alone.
    pub room: Option<RoomId>,
    /// The assessors' names, a workbook each; if there are none, the exam's (考评员), or as many blank ones as the scheme asks for.
    pub assessors: Vec<String>,
    /// What each worksheet is for.
    pub per: SheetPer,
}

/// How the part of one candidate whom assessors score stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessedCandidate {
    /// Who.
    pub candidate: Candidate,
    /// What was written, if anything was.
    pub record: Option<MarksRecord>,
    /// What it comes to.
    pub assessed: Assessed,
}

impl AssessedCandidate {
    /// The reasons why it is held, if it is.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        if self.assessed.outcome.is_none() { &self.assessed.held } else { &[] }
    }
}

/// What parts come to that are not theory, for [`merge`](crate::merge::merge).
#[derive(Debug, Default)]
pub(super) struct PartResults {
    pub(super) practical: Vec<PracticalScore>,
    pub(super) review: BTreeMap<TicketNumber, PartResult>,
    pub(super) vetoed: BTreeMap<TicketNumber, Vec<String>>,
    pub(super) held: BTreeMap<TicketNumber, Vec<String>>,
}

/// Totals of 实操 and 综合评审 as they were sent, each in the order of the tickets.
#[derive(Debug)]
pub(super) struct Totals {
    practical: Vec<PracticalScore>,
    review: Vec<PracticalScore>,
}

impl Session {
    /// Writes score sheets (评分表) for assessors into `folder`, a workbook an assessor, occupation and level; gives their paths. A file that
    /// is there already is not written over: somebody may have filled it in.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::NoScheme`] if nobody of the room is scored by assessors in this part,
    /// [`SessionError::Exists`], [`SessionError::SameAssessor`], [`SessionError::Write`] or [`SessionError::File`].
    pub fn score_sheets(&self, ask: &TemplateAsk, folder: &Path) -> Result<Vec<PathBuf>, SessionError> {
        let roster = self.roster()?;
        let mut groups: BTreeMap<(&str, Level), Vec<&Candidate>> = BTreeMap::new();
        let of_room = |c: &&Candidate| ask.room.as_ref().is_none_or(|room| c.room == *room);
        for candidate in roster.candidates.values().filter(of_room) {
            groups.entry((&candidate.occupation, candidate.level)).or_default().push(candidate);
        }
        let mut names = BTreeSet::new();
        for name in &ask.assessors {
            if !names.insert(crate::exam::person(name)) {
                return Err(SessionError::SameAssessor { name: name.clone() });
            }
        }
        let mut out = Vec::new();
        for ((occupation, level), candidates) in groups {
            let Some(scheme) = self.exam.scheme(ask.part, occupation, level) else { continue };
            let least = usize::from(scheme.1.assessors);
            let mut assessors = if ask.assessors.is_empty() {
                self.exam.signatories.assessors.clone()
            } else {
                ask.assessors.clone()
            };
            if ask.assessors.is_empty() && assessors.len() < least {
                assessors.resize(least, String::new());
            }
            for (serial, assessor) in (1..).zip(&assessors) {
                let who = if assessor.is_empty() { format!("考评员{serial}") } else { assessor.clone() };
                let room = ask.room.as_ref().map(|room| format!("-考场{room}")).unwrap_or_default();
                let name = format!("{}评分表-{occupation}{level}{room}-{who}.xlsx", ask.part.name());
                let name: String =
                    name.chars().map(|c| if matches!(c, '/' | '\\' | ':') { '_' } else { c }).collect();
                let path = folder.join(name);
                if path.exists() {
                    return Err(SessionError::Exists { path });
                }
                let book = blank_book(&BookAsk {
                    exam: &self.exam,
                    scheme,
                    occupation,
                    level,
                    room: ask.room.as_ref(),
                    assessor,
                    candidates: &candidates,
                    per: ask.per,
                })?;
                out.push((path, book));
            }
        }
        if out.is_empty() {
            return Err(SessionError::NoScheme { part: ask.part });
        }
        std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))?;
        for (path, bytes) in &out {
            write_whole(path, bytes)?;
        }
        Ok(out.into_iter().map(|(path, _)| path).collect())
    }

    /// Takes in the scores of a part, as assessors' score sheets or as totals; all files or none. Candidates, modules and assessors that
    /// these files don't name keep what they had. With `instead`, the sheets are all that counts for the schemes that they are of.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::MixedScores`], everything that is wrong in any of the sheets
    /// ([`SessionError::ScoreSheets`]) or every wrong row of a table of totals, or a failure of the record.
    pub fn take_scores(
        &mut self,
        part: AssessedPart,
        files: &[PathBuf],
        instead: bool,
    ) -> Result<TakenScores, SessionError> {
        let roster = self.roster()?;
        let read = read_all(files)?;
        let mut books = Vec::new();
        let mut problems = Vec::new();
        let mut totals = Vec::new();
        for file in &read {
            let tables = Table::read(&file.name, &file.bytes).map_err(practical::BookError::from)?;
            if !practical::is_book(&tables) {
                totals.push(file);
                continue;
            }
            match practical::read_book(&file.name, &tables, &self.exam, &roster, part) {
                Ok(book) => books.push(book),
                Err(practical::BookError::Cells(found)) => problems.extend(found),
                Err(other) => return Err(other.into()),
            }
        }
        if let (Some(total), true) = (totals.first(), totals.len() < read.len()) {
            return Err(SessionError::MixedScores { file: total.name.clone() });
        }
        if !problems.is_empty() {
            return Err(practical::BookError::Cells(problems).into());
        }
        let source = source_of(&read);
        if !books.is_empty() {
            return self.take_books(part, &books, instead, &source, &roster);
        }
        let before = match part {
            AssessedPart::Practical => self.store.practical()?,
            AssessedPart::Review => self.store.review()?,
        };
        let mut scores: BTreeMap<TicketNumber, PracticalScore> = BTreeMap::new();
        for file in &totals {
            for score in practical::import_part(&file.name, &file.bytes, &self.exam, &roster, part)? {
                scores.insert(score.ticket.clone(), score);
            }
        }
        let candidates = scores.len();
        let mut changes = Vec::new();
        for earlier in before {
            match scores.get(&earlier.ticket) {
                None => {
                    scores.insert(earlier.ticket.clone(), earlier);
                }
                Some(now) if *now != earlier => {
                    let said = |score: &PracticalScore| score.outcome.to_string();
                    let change = MarkChange {
                        module: String::new(),
                        assessor: String::new(),
                        item: part.name().to_owned(),
                        old: said(&earlier),
                        new: said(now),
                    };
                    changes.push((earlier.ticket.clone(), change));
                }
                Some(_) => {}
            }
        }
        let scores: Vec<PracticalScore> = scores.into_values().collect();
        let at = self.now();
        let imported = match part {
            AssessedPart::Practical => self.store.import_practical(&scores, &source, &at)?,
            AssessedPart::Review => self.store.import_review(&scores, &source, &at)?,
        };
        changes.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(TakenScores { candidates, imported, blank: 0, changes })
    }

    fn take_books(
        &mut self,
        part: AssessedPart,
        books: &[ScoreBook],
        instead: bool,
        source: &crate::store::Source,
        roster: &Roster,
    ) -> Result<TakenScores, SessionError> {
        let new = practical::together(books)?;
        let candidates = new.len();
        let blank = books.iter().map(|book| book.blank).sum();
        let known = self.store.marks(part)?;
        let mut versions: BTreeMap<TicketNumber, Marks> = BTreeMap::new();
        if instead {
            let schemes: BTreeSet<_> = books.iter().map(|book| &book.scheme).collect();
            for (ticket, record) in known.iter().filter(|(_, record)| schemes.contains(&record.marks.scheme))
            {
                versions.insert(ticket.clone(), Marks::none(record.marks.scheme.clone()));
            }
        }
        let mut crowded = Vec::new();
        for (ticket, marks) in new {
            let earlier = known.get(&ticket).map(|record| &record.marks);
            // What was scored by another scheme does not mix with this one.
            let mut whole = match earlier.filter(|earlier| !instead && earlier.scheme == marks.scheme) {
                Some(earlier) => earlier.clone(),
                None => Marks::none(marks.scheme.clone()),
            };
            for (module, rows) in marks.modules {
                let own = whole.modules.entry(module).or_default();
                own.extend(rows);
                if own.len() > usize::from(crate::exam::Assessment::MOST_ASSESSORS) {
                    crowded.push(ticket.clone());
                }
            }
            versions.insert(ticket, whole);
        }
        if let Some(ticket) = crowded.into_iter().next() {
            return Err(SessionError::ManyAssessors { ticket });
        }
        versions.retain(|ticket, _| roster.candidates.contains_key(ticket));
        let mut changes = Vec::new();
        for (ticket, version) in &versions {
            if let Some(earlier) = known.get(ticket) {
                let found = earlier.marks.changes(version);
                // What is only added corrects nothing.
                let corrected = found.into_iter().filter(|change| {
                    !change.old.is_empty() || {
                        let rows = earlier.marks.modules.get(&change.module);
                        rows.is_some_and(|rows| rows.contains_key(&change.assessor))
                    }
                });
                changes.extend(corrected.map(|change| (ticket.clone(), change)));
            }
        }
        let at = self.now();
        let imported = self.store.import_marks(part, &versions, &changes, source, &at)?;
        Ok(TakenScores { candidates, imported, blank, changes })
    }

    /// Everyone whose part assessors score, by ticket number, with what was written and what it comes to.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`] or a failure of the record.
    pub fn assessed(&self, part: AssessedPart) -> Result<Vec<AssessedCandidate>, SessionError> {
        let roster = self.roster()?;
        self.assessed_of(part, &roster, &TicketSpan::default())
    }

    fn assessed_of(
        &self,
        part: AssessedPart,
        roster: &Roster,
        span: &TicketSpan,
    ) -> Result<Vec<AssessedCandidate>, SessionError> {
        if self.exam.assessments.values().all(|scheme| scheme.part != part) {
            return Ok(Vec::new());
        }
        let mut records = self.store.marks_within(part, span)?;
        let mut out = Vec::new();
        for candidate in roster.candidates.values() {
            let record = records.remove(&candidate.ticket);
            out.extend(self.assessed_one(part, candidate, record));
        }
        Ok(out)
    }

    fn assessed_one(
        &self,
        part: AssessedPart,
        candidate: &Candidate,
        record: Option<MarksRecord>,
    ) -> Option<AssessedCandidate> {
        let (id, scheme) = self.exam.scheme(part, &candidate.occupation, candidate.level)?;
        let own = record.as_ref().filter(|record| record.marks.scheme == *id);
        let none = Marks::none(id.clone());
        let released = own.is_some_and(|record| record.released.is_some());
        let marks = own.map_or(&none, |record| &record.marks);
        let assessed = assess(marks, scheme, &self.exam.rules, released);
        Some(AssessedCandidate { candidate: candidate.clone(), record, assessed })
    }

    /// One candidate whose part assessors score.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::NotAssessed`] for who is not on the roster or not scored by assessors, or a failure of the
    /// record.
    pub fn assessed_candidate(
        &self,
        part: AssessedPart,
        ticket: &TicketNumber,
    ) -> Result<AssessedCandidate, SessionError> {
        let none = || SessionError::NotAssessed { ticket: ticket.clone(), part };
        let roster = self.roster()?;
        let candidate = roster.candidates.get(ticket).ok_or_else(none)?;
        let record = self.store.marks_of(part, ticket)?;
        self.assessed_one(part, candidate, record).ok_or_else(none)
    }

    /// Records the head assessor's decision (考评组长裁定) that a candidate's marks count as they are, although something holds them. The
    /// name of whoever works with the session stands in it. It covers these marks: once they are corrected, it does not count any more.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoReason`], [`SessionError::NoName`]; [`SessionError::NotAssessed`]; [`SessionError::NotHeld`] if nothing holds them;
    /// [`SessionError::HeldFast`] if only corrected score sheets settle it; or a failure of the record.
    pub fn decide_scores(
        &mut self,
        part: AssessedPart,
        ticket: &TicketNumber,
        who: &str,
        reason: &str,
    ) -> Result<AssessedCandidate, SessionError> {
        if reason.trim().is_empty() {
            return Err(SessionError::NoReason);
        }
        if who.trim().is_empty() {
            return Err(SessionError::NoName);
        }
        let now = self.assessed_candidate(part, ticket)?;
        let (Some(record), [_, ..]) = (&now.record, now.held()) else {
            let held: Vec<String> = now.held().iter().map(ToString::to_string).collect();
            return Err(if held.is_empty() {
                SessionError::NotHeld { ticket: ticket.clone() }
            } else {
                SessionError::HeldFast { ticket: ticket.clone(), held }
            });
        };
        let fast: Vec<String> =
            now.held().iter().filter(|held| !held.can_be_released()).map(ToString::to_string).collect();
        if !fast.is_empty() {
            return Err(SessionError::HeldFast { ticket: ticket.clone(), held: fast });
        }
        let held: Vec<String> = now.held().iter().map(ToString::to_string).collect();
        let (version, at) = (record.version, self.now());
        self.store.release_marks(part, ticket, version, (reason.trim(), &held), &at)?;
        self.assessed_candidate(part, ticket)
    }

    /// The totals that were sent.
    pub(super) fn totals(&self) -> Result<Totals, SessionError> {
        let mut totals = Totals { practical: self.store.practical()?, review: self.store.review()? };
        for sent in [&mut totals.practical, &mut totals.review] {
            sent.sort_by(|a, b| a.ticket.cmp(&b.ticket));
        }
        Ok(totals)
    }

    /// Everything about 实操 and 综合评审 that goes into the results of a span; `roster` has its candidates.
    pub(super) fn part_results(
        &self,
        roster: &Roster,
        totals: &Totals,
        span: &TicketSpan,
    ) -> Result<PartResults, SessionError> {
        let mut out = PartResults::default();
        for part in AssessedPart::ALL {
            let sent = match part {
                AssessedPart::Practical => &totals.practical,
                AssessedPart::Review => &totals.review,
            };
            let sent = span.of(sent, |score| &score.ticket).iter().cloned();
            let scheme_of = |ticket: &TicketNumber| {
                let candidate = roster.candidates.get(ticket)?;
                self.exam.scheme(part, &candidate.occupation, candidate.level)
            };
            let mut scores: Vec<PracticalScore> =
                sent.filter(|score| scheme_of(&score.ticket).is_none()).collect();
            for one in self.assessed_of(part, roster, span)? {
                let ticket = one.candidate.ticket.clone();
                if one.record.is_some() && !one.held().is_empty() {
                    let said = one.held().iter().map(|held| format!("{}·{held}", part.name()));
                    out.held.entry(ticket.clone()).or_default().extend(said);
                }
                let Some(outcome) = one.assessed.outcome else { continue };
                if let (PracticalOutcome::Scored(_), Some(remark)) =
                    (outcome, one.assessed.veto_remark(part.name()))
                {
                    out.vetoed.entry(ticket.clone()).or_default().push(remark);
                }
                scores.push(PracticalScore { ticket, outcome });
            }
            match part {
                AssessedPart::Practical => out.practical = scores,
                AssessedPart::Review => {
                    out.review = scores.into_iter().map(|s| (s.ticket, result_of(s.outcome))).collect();
                }
            }
        }
        Ok(out)
    }

    /// What the head assessor decided, as publications list it.
    pub(super) fn decisions_of_assessors(&self) -> Result<Vec<Matter>, SessionError> {
        let Some(roster) = self.store.roster()? else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        for part in AssessedPart::ALL {
            for one in self.assessed_of(part, &roster, &TicketSpan::default())? {
                let Some(release) = one.record.and_then(|record| record.released) else { continue };
                let held: Vec<String> = one.assessed.held.iter().map(ToString::to_string).collect();
                out.push(Matter {
                    matter: format!("{}评分裁定", part.name()),
                    statement: format!(
                        "准考证号 {}：{}。{} 裁定按原评分计算。理由：{}",
                        one.candidate.ticket,
                        held.join("；"),
                        release.by,
                        release.reason
                    ),
                });
            }
        }
        Ok(out)
    }
}

fn result_of(outcome: PracticalOutcome) -> PartResult {
    match outcome {
        PracticalOutcome::Scored(points) => PartResult::Scored(points),
        PracticalOutcome::Absent => PartResult::Absent,
        PracticalOutcome::Void => PartResult::Void,
    }
}
