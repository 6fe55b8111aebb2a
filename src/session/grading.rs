//! Freezing, opening keys, grading.

use super::import::read_one;
use super::{Session, SessionError, Standings};
use crate::grade::Grader;
use crate::key::{AnswerKey, CardItem, CustodianIdentity, KeyBinding, KeyError, Marks, SealedKey};
use crate::layout::{Choice, FieldKind, Layout};
use crate::settle::Standing;
use crate::sheet::{FieldName, Form, HandMarks, PaperId, Response, Responses, Sha256, SheetId, TicketNumber};
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
        // All papers are graded before the first is recorded: a missing key leaves nothing half-done.
        let (freeze, done) = self.with_open_keys(custodian, keys, |opened, sheets| {
            let grader = Grader::new(opened.key, self.exam.rules.rounding);
            let scores = sheets.into_iter().map(|sheet| {
                let ticket = sheet.ticket;
                match grader.grade(&sheet.responses, &sheet.hand) {
                    Ok(score) => Ok(SheetScore { ticket, sheet: sheet.sheet, score }),
                    Err(source) => Err(SessionError::Ungraded { ticket, source }),
                }
            });
            let scores = scores.collect::<Result<Vec<_>, _>>()?;
            let binding = opened.key.binding();
            let grading = Grading {
                freeze: opened.freeze,
                paper: binding.paper.clone(),
                form: binding.form.clone(),
                key_revision: binding.revision,
                key_file: opened.key_file,
            };
            Ok((grading, scores))
        })?;
        let mut graded = Graded { freeze, papers: Vec::with_capacity(done.len()) };
        for (grading, scores) in done {
            // The same keys once more change nothing.
            let same = |g: &&Grading| {
                (&g.paper, &g.form, g.key_revision) == (&grading.paper, &grading.form, grading.key_revision)
            };
            if self.store.gradings()?.iter().rev().find(same) != Some(&grading) {
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

    /// Opens the key of every paper and form that has sheets, one after the other, and gives it to `work` with them; also
    /// gives the freeze. This is the only place where a session has an open key, and each is gone before the next.
    pub(super) fn with_open_keys<T>(
        &self,
        custodian: &Path,
        keys: &[PathBuf],
        mut work: impl FnMut(&Opened<'_>, Vec<ToGrade>) -> Result<T, SessionError>,
    ) -> Result<(Sha256, Vec<T>), SessionError> {
        if self.store.frozen()?.is_none() {
            return Err(SessionError::NotFrozen);
        }
        let freeze = self.store.verify_freeze()?.hash;
        let identity = identity_of(custodian)?;
        let sealed = self.sealed_keys(keys)?;
        let standings = self.standings()?;
        let mut marks = self.store.hand()?;
        let mut done = Vec::new();
        for ((paper, form), mut sheets) in to_grade(&standings) {
            let revision = self.exam.papers.get(&paper).map_or(1, |p| p.key_revision);
            let binding = KeyBinding { paper: paper.clone(), form: form.clone(), revision };
            let (key, key_file) = self.open_key(&sealed, &identity, &binding)?;
            if let Some(exam) = self.exam.papers.get(&paper) {
                if let Some(layout) = self.layout(exam.layout.as_str()) {
                    key.matches(&binding, card_items(layout))
                        .map_err(|source| SessionError::KeyFile { path: key_file.path.clone(), source })?;
                }
                let mut named: Vec<_> = key.hand_sections().collect();
                named.sort_by_key(|section| &section.name);
                let mut expected: Vec<_> = exam.hand.iter().collect();
                expected.sort_by_key(|section| &section.name);
                if named != expected {
                    return Err(SessionError::OtherHandSections { paper, form });
                }
                let mut unmarked = Vec::new();
                for sheet in &mut sheets {
                    sheet.hand = marks.remove(&sheet.ticket).unwrap_or_default();
                    if exam.hand.iter().any(|section| !sheet.hand.contains_key(&section.name)) {
                        unmarked.push(sheet.ticket.to_string());
                    }
                }
                if !unmarked.is_empty() {
                    return Err(SessionError::NoMarks { tickets: unmarked });
                }
            }
            done.push(work(&Opened { key: &key, key_file: key_file.hash, freeze }, sheets)?);
        }
        Ok((freeze, done))
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

/// An open key, for as long as a closure looks at it.
pub(super) struct Opened<'k> {
    /// The key.
    pub(super) key: &'k AnswerKey,
    /// Hash of the sealed file.
    pub(super) key_file: Sha256,
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

/// The sheets that can be graded, by paper and form.
fn to_grade(standings: &Standings) -> BTreeMap<(PaperId, Form), Vec<ToGrade>> {
    let mut out: BTreeMap<(PaperId, Form), Vec<ToGrade>> = BTreeMap::new();
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
