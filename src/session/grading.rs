//! Freezing, opening keys, grading.

use super::custody::Released;
use super::items::{ItemsAsked, ItemsOf};
use super::{Session, SessionError, Standings};
use crate::key::{AnswerKey, CardItem, CustodyError, KeyBinding, KeyPurpose, Marks, Quorum, SealedKey};
use crate::layout::{Choice, FieldKind, Layout};
use crate::publish::{self, PublishError};
use crate::settle::Standing;
use crate::sheet::{FieldName, Form, HandMarks, PaperId, Response, Responses, Sha256, SheetId, TicketNumber};
use crate::store::{Freeze, Grading, SheetScore};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What grading came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// The freeze that it was made for.
    pub freeze: Sha256,
    /// Each paper and form.
    pub papers: Vec<GradedPaper>,
}

/// One paper and form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GradedPaper {
    /// The paper.
    pub paper: PaperId,
    /// The form.
    pub form: Form,
    /// The key's revision.
    pub key_revision: u16,
    /// Hash of the sealed key file.
    pub key_file: Sha256,
    /// Sheets that were graded.
    pub sheets: usize,
}

impl Session {
    /// Closes the record (readings, decisions, roster, rooms, exam, layouts) under one hash.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::Unfinished`] while a file is in the record only in part,
    /// [`SessionError::NotReady`] while an exception is open or a room has no
    /// record; [`SessionError::CertificatesExhausted`] if everybody passing were too many for the certificates' serials;
    /// [`PublishError::NoCode`] if the column map has no code for what the export will say; or a failure of the record.
    pub fn freeze(&mut self) -> Result<Freeze, SessionError> {
        let roster = self.roster()?;
        let unfinished = self.store.unfinished()?;
        if !unfinished.is_empty() {
            let files = unfinished.iter().map(|file| format!("{} ({} pages)", file.path, file.pages));
            return Err(SessionError::Unfinished { files: files.collect() });
        }
        let status = self.status()?;
        let rooms = status.rooms.iter().filter(|room| !room.recorded && room.expected > 0).count();
        if status.open_count() > 0 || rooms > 0 {
            return Err(SessionError::NotReady { exceptions: status.open_count(), rooms });
        }
        // From here on exam.toml stays as it is: its certificate numbers must be enough if everybody passes.
        if let Some(scheme) = &self.exam.certificates {
            let all = roster.candidates.values().map(|c| (&c.ticket, c.level));
            super::certificates::allot(scheme, "2000-01-01", &[], all)?;
        }
        // And its column map must have a code for whatever stands in the export.
        let values = publish::uncoded(&self.exam, &roster);
        if !values.is_empty() {
            return Err(PublishError::NoCode { values }.into());
        }
        let at = self.now();
        Ok(self.store.freeze(&at)?)
    }

    /// Grades every sheet with the keys that custodians released for a request of this session. Each key is open
    /// only while its sheets are graded; the releases and the request serve no second time. Sealed keys are taken from
    /// `keys`, or from the session's `keys/` folder.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoManifest`], [`SessionError::NotFrozen`], a record that no longer hashes to its freeze,
    /// a release for another request, freeze or exam, or one that served already, too few different custodians
    /// ([`SessionError::Custody`]), a key that does not fit the card, [`SessionError::NoMarks`],
    /// [`SessionError::OtherHandSections`], [`SessionError::Ungraded`], or a failure of the record. Nothing of a key is in any
    /// of them.
    pub fn grade(&mut self, releases: &[PathBuf], keys: &[PathBuf]) -> Result<Graded, SessionError> {
        self.grade_and(releases, keys, |_, _, _| {}).map(|(graded, _)| graded)
    }

    /// As [`Session::grade`], with statistics of the items under the same opening. They are computed last and fail alone:
    /// the scores are recorded all the same.
    ///
    /// # Errors
    ///
    /// As [`Session::grade`]; of the statistics, as [`Session::items`].
    pub fn grade_with_items(
        &mut self,
        releases: &[PathBuf],
        keys: &[PathBuf],
        asked: ItemsAsked,
    ) -> Result<(Graded, Result<Vec<ItemsOf>, SessionError>), SessionError> {
        let roster = self.roster()?;
        let items = |session: &Self, opened: &Opened<'_>, sheets: &[ToGrade]| {
            session.items_of(opened, sheets, &roster, asked)
        };
        let (graded, items) = self.grade_and(releases, keys, items)?;
        Ok((graded, items.into_iter().collect()))
    }

    /// Grades; while each key is open, `also` is done with it.
    fn grade_and<T>(
        &mut self,
        releases: &[PathBuf],
        keys: &[PathBuf],
        mut also: impl FnMut(&Self, &Opened<'_>, &[ToGrade]) -> T,
    ) -> Result<(Graded, Vec<T>), SessionError> {
        // All papers are graded before the first is recorded: a missing key leaves nothing half-done.
        let (freeze, done) =
            self.with_open_keys(KeyPurpose::Grading, releases, keys, |session, opened, sheets| {
                let scores = session.scored(opened, &sheets)?;
                let binding = opened.key.binding();
                let grading = Grading {
                    freeze: opened.freeze,
                    paper: binding.paper.clone(),
                    form: binding.form.clone(),
                    key_revision: binding.revision,
                    key_file: opened.key_file,
                };
                Ok((grading, scores, also(session, opened, &sheets)))
            })?;
        let mut beside = Vec::with_capacity(done.len());
        let mut graded = Graded { freeze, papers: Vec::with_capacity(done.len()) };
        for (grading, scores, other) in done {
            beside.push(other);
            self.record_if_new(&grading, &scores)?;
            graded.papers.push(GradedPaper {
                paper: grading.paper,
                form: grading.form,
                key_revision: grading.key_revision,
                key_file: grading.key_file,
                sheets: scores.len(),
            });
        }
        Ok((graded, beside))
    }

    /// Records a grading. The same keys over the same responses once more change nothing.
    pub(super) fn record_if_new(
        &mut self,
        grading: &Grading,
        scores: &[SheetScore],
    ) -> Result<(), SessionError> {
        let same = |g: &&Grading| {
            (&g.paper, &g.form, g.key_revision) == (&grading.paper, &grading.form, grading.key_revision)
        };
        let known = self.store.gradings()?.iter().rev().find(same) == Some(grading);
        if !known || !self.is_scored(grading, scores)? {
            let at = self.now();
            self.store.record_grading(grading, scores, &at)?;
        }
        Ok(())
    }

    /// Whether exactly these scores are in force for the grading's paper and form: a re-check changes responses.
    fn is_scored(&self, grading: &Grading, scores: &[SheetScore]) -> Result<bool, SessionError> {
        let mut known = self.store.scores()?;
        known.retain(|s| s.score.paper == grading.paper && s.score.form == grading.form);
        // A grading has one score a candidate.
        let known: BTreeMap<&TicketNumber, &SheetScore> = known.iter().map(|s| (&s.ticket, s)).collect();
        Ok(known.len() == scores.len() && scores.iter().all(|s| known.get(&s.ticket) == Some(&s)))
    }

    /// Opens every key that the releases are for, one after the other, and gives it to `work` with the sheets it is for;
    /// also gives the freeze. This is the only place where a session has an open key, and each is gone before the
    /// next. Whatever can be refused without an open key is refused before the request is used up.
    pub(super) fn with_open_keys<T>(
        &mut self,
        purpose: KeyPurpose,
        releases: &[PathBuf],
        keys: &[PathBuf],
        work: impl FnMut(&Self, &Opened<'_>, Vec<ToGrade>) -> Result<T, SessionError>,
    ) -> Result<(Sha256, Vec<T>), SessionError> {
        let released = self.released(releases, keys, purpose)?;
        self.with_released(&released, work)
    }

    /// [`Session::with_open_keys`] for releases that were read already.
    pub(super) fn with_released<T>(
        &mut self,
        released: &Released,
        mut work: impl FnMut(&Self, &Opened<'_>, Vec<ToGrade>) -> Result<T, SessionError>,
    ) -> Result<(Sha256, Vec<T>), SessionError> {
        let refused = |source| SessionError::Custody { path: None, source };
        let quorum = Quorum::check(&released.request, &released.sealed, &released.releases, released.now)
            .map_err(refused)?;
        let mut standings = self.standings()?;
        self.apply_rechecks(&mut standings)?;
        let mut sheets = self.with_hand_marks(to_grade(&standings))?;
        let asked = |(paper, form): &(PaperId, Form)| {
            quorum.keys().iter().any(|sealed| {
                let binding = sealed.binding();
                (&binding.paper, &binding.form) == (paper, form)
            })
        };
        if let Some((paper, form)) = sheets.keys().find(|of| !asked(of)) {
            return Err(SessionError::NotAsked { paper: paper.clone(), form: form.clone() });
        }
        let one_use = self.use_up(&quorum, &released.request.id())?;
        let mut done = Vec::new();
        let of_one_form = |a: &&SealedKey, b: &&SealedKey| {
            let (a, b) = (a.binding(), b.binding());
            (a.paper, a.form) == (b.paper, b.form)
        };
        // In the order of their bindings: where there are two of a form, the second corrects the first.
        for group in quorum.keys().chunk_by(of_one_form) {
            let open = |sealed: &&SealedKey| -> Result<AnswerKey, SessionError> {
                let key = quorum.open(sealed, &one_use).map_err(refused)?;
                self.fits(&key, &sealed.binding())?;
                Ok(key)
            };
            let (earlier, last) = match group {
                [last] => (None, last),
                [earlier, last] => (Some(open(earlier)?), last),
                _ => return Err(refused(CustodyError::RequestForm { part: "list of keys" })),
            };
            let key = open(last)?;
            let binding = last.binding();
            let sheets = sheets.remove(&(binding.paper, binding.form)).unwrap_or_default();
            let opened = Opened {
                key: &key,
                key_file: last.file_hash(),
                reason: last.reason(),
                earlier: earlier.as_ref(),
                freeze: released.freeze,
            };
            done.push(work(self, &opened, sheets)?);
        }
        Ok((released.freeze, done))
    }

    /// Refuses a key that is not for the paper's card and its sections marked by hand.
    fn fits(&self, key: &AnswerKey, binding: &KeyBinding) -> Result<(), SessionError> {
        let Some(paper) = self.exam.papers.get(&binding.paper) else { return Ok(()) };
        if let Some(layout) = self.layout(paper.layout.as_str()) {
            key.matches(binding, card_items(layout))
                .map_err(|source| SessionError::Custody { path: None, source: source.into() })?;
        }
        let mut named: Vec<_> = key.hand_sections().collect();
        named.sort_by_key(|section| &section.name);
        let mut expected: Vec<_> = paper.hand.iter().collect();
        expected.sort_by_key(|section| &section.name);
        if named == expected {
            Ok(())
        } else {
            Err(SessionError::OtherHandSections { paper: binding.paper.clone(), form: binding.form.clone() })
        }
    }

    /// The sheets with the marks that were given by hand; refuses if any are missing.
    fn with_hand_marks(&self, mut sheets: Sheets) -> Result<Sheets, SessionError> {
        let mut marks = self.store.hand()?;
        let mut unmarked = Vec::new();
        for ((paper, _), sheets) in &mut sheets {
            let Some(paper) = self.exam.papers.get(paper) else { continue };
            for sheet in sheets {
                sheet.hand = marks.remove(&sheet.ticket).unwrap_or_default();
                if paper.hand.iter().any(|section| !sheet.hand.contains_key(&section.name)) {
                    unmarked.push(sheet.ticket.to_string());
                }
            }
        }
        if unmarked.is_empty() { Ok(sheets) } else { Err(SessionError::NoMarks { tickets: unmarked }) }
    }
}

/// An open key, for as long as a closure looks at it.
pub(super) struct Opened<'k> {
    /// The key.
    pub(super) key: &'k AnswerKey,
    /// Hash of the sealed file.
    pub(super) key_file: Sha256,
    /// Why there is this revision, as the issuer sealed it; empty for the first.
    pub(super) reason: &'k str,
    /// The key that it corrects, if the request asks for both.
    pub(super) earlier: Option<&'k AnswerKey>,
    /// The freeze.
    pub(super) freeze: Sha256,
}

/// A sheet that can be graded.
pub(super) struct ToGrade {
    pub(super) ticket: TicketNumber,
    pub(super) sheet: SheetId,
    pub(super) responses: Responses,
    pub(super) hand: HandMarks,
}

/// Sheets that can be graded, by paper and form.
type Sheets = BTreeMap<(PaperId, Form), Vec<ToGrade>>;

/// The sheets that can be graded.
pub(super) fn to_grade(standings: &Standings) -> Sheets {
    let mut out = Sheets::new();
    for (ticket, accepted) in &standings.findings.by_ticket {
        let Some((form, _)) = &accepted.form else { continue };
        if accepted.standing != Standing::Clear {
            continue;
        }
        let Some(sheet) = standings.sheets.get(&accepted.sheet) else { continue };
        let mut responses = sheet.settled.responses.clone();
        // The form that counts, which a reviewer or the roster may have decided over the card.
        if let Some((_, response)) = responses.fields.iter_mut().find(|(n, _)| n.as_str() == FieldName::FORM)
        {
            *response = Response::resolved(form.as_str());
        }
        out.entry((accepted.paper.clone(), form.clone())).or_default().push(ToGrade {
            ticket: ticket.clone(),
            sheet: accepted.sheet,
            responses,
            hand: HandMarks::new(),
        });
    }
    out
}

/// The card's items as a key must have them.
fn card_items(layout: &Layout) -> impl Iterator<Item = CardItem> + '_ {
    layout.fields.iter().filter(|f| f.kind == FieldKind::Items).flat_map(|f| &f.positions).filter_map(|p| {
        Some(CardItem {
            number: p.label.as_str().parse().ok()?,
            options: p.targets.iter().map(|t| t.value.as_str()).collect(),
            marks: match p.choice {
                Choice::Single => Marks::One,
                Choice::Multiple => Marks::Several,
            },
        })
    })
}
