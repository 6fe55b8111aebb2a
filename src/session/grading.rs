//! Freezing, opening keys, grading.

use super::import::read_one;
use super::{Session, SessionError, Standings};
use crate::grade;
use crate::key::{AnswerKey, CardItem, CustodianIdentity, KeyBinding, KeyError, Marks, SealedKey};
use crate::layout::{Choice, FieldKind, Layout};
use crate::settle::Standing;
use crate::sheet::{FieldName, Form, PaperId, Response, Responses, Sha256, SheetId, TicketNumber};
use crate::store::{Freeze, Grading, SheetScore};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

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

    /// Grades every sheet against the sealed keys in `keys` (all of the session's `keys/` if empty), opened
    /// with the custodian's file. Each key is open only while its sheets are graded.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotFrozen`], a record that no longer hashes to its freeze, a custodian's file or key
    /// that can't be opened or does not fit, [`SessionError::NoKey`], or a failure of the record. Nothing of
    /// a key is in any of them.
    pub fn grade(&mut self, custodian: &Path, keys: &[PathBuf]) -> Result<Graded, SessionError> {
        if self.store.frozen()?.is_none() {
            return Err(SessionError::NotFrozen);
        }
        let freeze = self.store.verify_freeze()?;
        let identity = identity_of(custodian)?;
        let sealed = self.sealed_keys(keys)?;
        let mut standings = self.standings()?;
        self.apply_rechecks(&mut standings)?;
        // All papers are graded before the first is recorded: a missing key leaves nothing half-done.
        let mut done = Vec::new();
        for ((paper, form), sheets) in to_grade(&standings) {
            let revision = self.exam.papers.get(&paper).map_or(1, |p| p.key_revision);
            let binding = KeyBinding { paper: paper.clone(), form: form.clone(), revision };
            let (key, key_file) = self.open_key(&sealed, &identity, &binding)?;
            if let Some(layout) = self.exam.papers.get(&paper).and_then(|p| self.layout(p.layout.as_str())) {
                key.matches(&binding, card_items(layout))
                    .map_err(|source| SessionError::KeyFile { path: key_file.path.clone(), source })?;
            }
            let scores: Result<Vec<SheetScore>, SessionError> = sheets
                .into_iter()
                .map(|(ticket, sheet, responses)| {
                    Ok(SheetScore { ticket, sheet, score: grade::grade(&responses, &key)? })
                })
                .collect();
            drop(key);
            let grading =
                Grading { freeze: freeze.hash, paper, form, key_revision: revision, key_file: key_file.hash };
            done.push((grading, scores?));
        }
        let mut graded = Graded { freeze: freeze.hash, papers: Vec::with_capacity(done.len()) };
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

    fn sealed_keys(&self, named: &[PathBuf]) -> Result<Vec<(KeyFile, SealedKey)>, SessionError> {
        let mut files = named.to_vec();
        if files.is_empty() {
            let folder = self.folder.join("keys");
            let listing =
                std::fs::read_dir(&folder).map_err(|e| SessionError::file("look at", &folder, e))?;
            files.extend(
                listing
                    .filter_map(|e| e.ok().map(|e| e.path()))
                    .filter(|p| p.extension().is_some_and(|e| e == "age")),
            );
            files.sort();
        }
        files
            .into_iter()
            .map(|path| {
                let bytes = read_one(&path)?.bytes;
                let key = SealedKey::from_bytes(bytes)
                    .map_err(|source| SessionError::KeyFile { path: path.clone(), source })?;
                Ok((KeyFile { hash: key.fingerprint(), path }, key))
            })
            .collect()
    }

    /// The one key of the binding's paper, form and revision; keys of others are passed over.
    fn open_key(
        &self,
        sealed: &[(KeyFile, SealedKey)],
        identity: &CustodianIdentity,
        binding: &KeyBinding,
    ) -> Result<(AnswerKey, KeyFile), SessionError> {
        for (file, key) in sealed {
            match key.open(identity, binding) {
                Ok(key) => return Ok((key, file.clone())),
                Err(KeyError::OtherKey { .. }) => {}
                Err(source) => return Err(SessionError::KeyFile { path: file.path.clone(), source }),
            }
        }
        Err(SessionError::NoKey {
            paper: binding.paper.clone(),
            form: binding.form.clone(),
            revision: binding.revision,
            looked: self.folder.join("keys"),
        })
    }
}

#[derive(Clone)]
struct KeyFile {
    path: PathBuf,
    hash: Sha256,
}

/// The custodian's identity; its text is wiped from memory.
fn identity_of(path: &Path) -> Result<CustodianIdentity, SessionError> {
    let wrong = |source| SessionError::KeyFile { path: path.to_owned(), source };
    let text = Zeroizing::new(std::fs::read(path).map_err(|e| SessionError::file("read", path, e))?);
    // Not UTF-8 is no custodian's file either; its bytes are not shown.
    CustodianIdentity::parse(std::str::from_utf8(&text).unwrap_or_default()).map_err(wrong)
}

type Sheets = Vec<(TicketNumber, SheetId, Responses)>;

/// The sheets that can be graded, by paper and form.
fn to_grade(standings: &Standings) -> BTreeMap<(PaperId, Form), Sheets> {
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
