//! Freezing, opening keys, grading.

use super::{Session, SessionError, Standings};
use crate::grade;
use crate::key::{CardItem, Marks, Quorum};
use crate::layout::{Choice, FieldKind, Layout};
use crate::settle::Standing;
use crate::sheet::{FieldName, Form, PaperId, Response, Responses, Sha256, SheetId, TicketNumber};
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
    /// record, or a failure of the record.
    pub fn freeze(&mut self) -> Result<Freeze, SessionError> {
        self.roster()?;
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
    /// ([`SessionError::Custody`]), a key that does not fit the card, or a failure of the record. Nothing of a key is in any
    /// of them.
    pub fn grade(&mut self, releases: &[PathBuf], keys: &[PathBuf]) -> Result<Graded, SessionError> {
        let released = self.released(releases, keys)?;
        let refused = |source| SessionError::Custody { path: None, source };
        let quorum = Quorum::check(&released.request, &released.sealed, &released.releases, released.now)
            .map_err(refused)?;
        let mut standings = self.standings()?;
        self.apply_rechecks(&mut standings)?;
        let mut sheets = to_grade(&standings);
        let one_use = self.use_up(&quorum, &released.request.id())?;
        // All papers are graded before the first is recorded: a missing key leaves nothing half-done.
        let mut done = Vec::new();
        for sealed in quorum.keys() {
            let binding = sealed.binding();
            let key = quorum.open(sealed, &one_use).map_err(refused)?;
            let paper = self.exam.papers.get(&binding.paper);
            if let Some(layout) = paper.and_then(|p| self.layout(p.layout.as_str())) {
                key.matches(&binding, card_items(layout)).map_err(|source| refused(source.into()))?;
            }
            let scores: Result<Vec<SheetScore>, SessionError> = sheets
                .remove(&(binding.paper.clone(), binding.form.clone()))
                .unwrap_or_default()
                .into_iter()
                .map(|(ticket, sheet, responses)| {
                    Ok(SheetScore { ticket, sheet, score: grade::grade(&responses, &key)? })
                })
                .collect();
            drop(key);
            let grading = Grading {
                freeze: released.freeze,
                paper: binding.paper,
                form: binding.form,
                key_revision: binding.revision,
                key_file: sealed.file_hash(),
            };
            done.push((grading, scores?));
        }
        drop(one_use);
        if let Some((paper, form)) = sheets.into_keys().next() {
            return Err(SessionError::NotAsked { paper, form });
        }
        let mut graded = Graded { freeze: released.freeze, papers: Vec::with_capacity(done.len()) };
        for (grading, scores) in done {
            // The same keys over the same responses once more change nothing.
            let same = |g: &&Grading| {
                (&g.paper, &g.form, g.key_revision) == (&grading.paper, &grading.form, grading.key_revision)
            };
            let known = self.store.gradings()?.iter().rev().find(same) == Some(&grading);
            if !known || !self.is_scored(&grading, &scores)? {
                let at = self.now();
                self.store.record_grading(&grading, &scores, &at)?;
            }
            graded.papers.push(GradedPaper {
                paper: grading.paper,
                form: grading.form,
                key_revision: grading.key_revision,
                key_file: grading.key_file,
                sheets: scores.len(),
            });
        }
        Ok(graded)
    }

    /// Whether exactly these scores are in force for the grading's paper and form: a re-check changes responses.
    fn is_scored(&self, grading: &Grading, scores: &[SheetScore]) -> Result<bool, SessionError> {
        let mut known = self.store.scores()?;
        known.retain(|s| s.score.paper == grading.paper && s.score.form == grading.form);
        Ok(known.len() == scores.len() && scores.iter().all(|score| known.contains(score)))
    }
}

type Sheets = Vec<(TicketNumber, SheetId, Responses)>;

/// The sheets that can be graded, by paper and form.
pub(super) fn to_grade(standings: &Standings) -> BTreeMap<(PaperId, Form), Sheets> {
    let mut out: BTreeMap<(PaperId, Form), Sheets> = BTreeMap::new();
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
        out.entry((accepted.paper.clone(), form.clone())).or_default().push((
            ticket.clone(),
            accepted.sheet,
            responses,
        ));
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
