//! A corrected key, and grading again without recording: both need the keys open.

use super::grading::{Opened, ToGrade};
use super::{RecheckState, Session, SessionError};
use crate::grade::Grader;
use crate::grade::regrade::{KeyChange, Regraded, ScoreChange, Sheet, regrade};
use crate::key::{KeyPurpose, RequestedKey};
use crate::merge::{Results, Transcript, Verdict};
use crate::sheet::{Form, PaperId, Points, Sha256, TicketNumber};
use crate::store::{Grading, SheetScore};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What grading with corrected keys came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrections {
    /// The freeze that it was made for.
    pub freeze: Sha256,
    /// Each paper and form, corrected or not.
    pub papers: Vec<CorrectedPaper>,
}

/// One paper and form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectedPaper {
    /// The paper.
    pub paper: PaperId,
    /// The form.
    pub form: Form,
    /// The revision that was in force; nothing if the key was not corrected.
    pub from: Option<u16>,
    /// The revision that is in force now.
    pub to: u16,
    /// Why it was corrected, as the issuer sealed it; empty if it was not.
    pub reason: String,
    /// Hash of the sealed key's file.
    pub key_file: Sha256,
    /// Sheets graded.
    pub sheets: usize,
    /// What the key says otherwise, by item. Names no answer.
    pub key: Vec<(u16, Vec<KeyChange>)>,
    /// Whose score or result changed.
    pub changed: Vec<ChangedResult>,
    /// Whose score in the record was not what the earlier key gives, though no re-check waits for it.
    pub not_reproduced: Vec<TicketNumber>,
}

/// One candidate's change, from the items to the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedResult {
    /// The score's, with what became of the pass in theory.
    pub score: ScoreChange,
    /// The candidate's result before and after, theory and practical together.
    pub verdict: (Verdict, Verdict),
    /// The grade as printed (评定结果), before and after.
    pub grade: (String, String),
}

/// What grading again, without recording, came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regrading {
    /// Each paper, form and revision with how many sheets were graded.
    pub papers: Vec<(PaperId, Form, u16, usize)>,
    /// Whose score in the record is not what the key gives.
    pub differing: Vec<ScoreDiffers>,
}

/// A score in the record that the key does not give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoreDiffers {
    /// Whose.
    pub ticket: TicketNumber,
    /// In the record; nothing if there is none.
    pub recorded: Option<Points>,
    /// What the key gives; nothing if the sheet does not count.
    pub given: Option<Points>,
}

impl Session {
    /// Grades every sheet again with corrected keys that custodians released, and says whose score and whose result that
    /// changes, and why. The request must have been made with [`KeyPurpose::Correction`]: it asks for
    /// the key in force and for the one that corrects it. The earlier gradings stay in the record.
    ///
    /// # Errors
    ///
    /// As [`Session::grade`]; [`SessionError::NoCorrection`] if the releases are for no corrected key;
    /// [`SessionError::Regrade`] if one key does not correct the other.
    pub fn regrade(&mut self, releases: &[PathBuf], keys: &[PathBuf]) -> Result<Corrections, SessionError> {
        // The record is hashed once, and nothing is used up by a request without a correction.
        let released = self.released(releases, keys, KeyPurpose::Correction)?;
        let corrects = |a: &RequestedKey, b: &RequestedKey| (&a.paper, &a.form) == (&b.paper, &b.form);
        if !released.request.keys().windows(2).any(|pair| corrects(&pair[0], &pair[1])) {
            return Err(SessionError::NoCorrection);
        }
        let mut waiting: BTreeSet<TicketNumber> = self
            .rechecks()?
            .into_iter()
            .filter(|case| case.state == RecheckState::AwaitingRegrade)
            .map(|case| case.case.opened.ticket)
            .collect();
        waiting.extend(self.late_waiting()?);
        let known: BTreeMap<TicketNumber, SheetScore> =
            self.store.scores()?.into_iter().map(|score| (score.ticket.clone(), score)).collect();
        let before = self.merge()?;
        let (freeze, done) = self
            .with_released(&released, |session, opened, sheets| session.correct(opened, &sheets, &known))?;
        let mut papers = Vec::with_capacity(done.len());
        let mut told = Vec::new();
        for (mut paper, scores) in done {
            let grading = Grading {
                freeze,
                paper: paper.paper.clone(),
                form: paper.form.clone(),
                key_revision: paper.to,
                key_file: paper.key_file,
            };
            self.record_if_new(&grading, &scores)?;
            paper.not_reproduced.retain(|ticket| !waiting.contains(ticket));
            if let Some(from) = paper.from {
                told.push(json!({
                    "paper": paper.paper, "form": paper.form, "from": from, "to": paper.to, "reason": paper.reason,
                    "changed": paper.changed.len(),
                }));
            }
            papers.push(paper);
        }
        let at = self.now();
        self.store.note("regrade", &json!({ "corrected": told }), &at)?;
        let after = self.merge()?;
        let corrected: BTreeSet<TicketNumber> = papers
            .iter()
            .flat_map(|paper| &paper.changed)
            .map(|changed| changed.score.ticket.clone())
            .collect();
        let (before, after) = (of_these(&before, &corrected), of_these(&after, &corrected));
        for changed in papers.iter_mut().flat_map(|paper| &mut paper.changed) {
            let ticket = &changed.score.ticket;
            for (results, verdict, grade) in [
                (&before, &mut changed.verdict.0, &mut changed.grade.0),
                (&after, &mut changed.verdict.1, &mut changed.grade.1),
            ] {
                if let Some(transcript) = results.get(ticket) {
                    (*verdict, *grade) = (transcript.verdict, transcript.grade.clone());
                }
            }
        }
        Ok(Corrections { freeze, papers })
    }

    fn correct(
        &self,
        opened: &Opened<'_>,
        sheets: &[ToGrade],
        known: &BTreeMap<TicketNumber, SheetScore>,
    ) -> Result<(CorrectedPaper, Vec<SheetScore>), SessionError> {
        let binding = opened.key.binding();
        let rounding = self.exam.rules.rounding;
        let (found, from) = if let Some(earlier) = opened.earlier {
            let least = self.exam.rules.pass_line;
            let sheets = sheets.iter().map(|sheet| Sheet {
                ticket: &sheet.ticket,
                responses: &sheet.responses,
                hand: &sheet.hand,
                recorded: known.get(&sheet.ticket).map(|known| &known.score),
            });
            let found = regrade(earlier, opened.key, rounding, sheets, |_, score| score.points >= least)?;
            (found, Some(earlier.binding().revision))
        } else {
            let scores = self.scored(opened, sheets)?.into_iter().map(|score| score.score).collect();
            let (key, changed, not_reproduced) = (Vec::new(), Vec::new(), Vec::new());
            (Regraded { key, scores, changed, not_reproduced }, None)
        };
        let scores = sheets.iter().zip(found.scores).map(|(sheet, score)| SheetScore {
            ticket: sheet.ticket.clone(),
            sheet: sheet.sheet,
            score,
        });
        let scores: Vec<SheetScore> = scores.collect();
        let changed = found.changed.into_iter().map(|score| ChangedResult {
            score,
            verdict: (Verdict::Pending, Verdict::Pending),
            grade: (String::new(), String::new()),
        });
        let paper = CorrectedPaper {
            paper: binding.paper.clone(),
            form: binding.form.clone(),
            from,
            to: binding.revision,
            reason: if from.is_some() { opened.reason.to_owned() } else { String::new() },
            key_file: opened.key_file,
            sheets: scores.len(),
            key: found.key,
            changed: changed.collect(),
            not_reproduced: found.not_reproduced,
        };
        Ok((paper, scores))
    }

    /// Grades every sheet again and holds the scores in force against what the keys give. Records that it was
    /// done, and no score.
    ///
    /// # Errors
    ///
    /// As [`Session::grade`].
    pub fn check_scores(
        &mut self,
        releases: &[PathBuf],
        keys: &[PathBuf],
    ) -> Result<Regrading, SessionError> {
        let mut known: BTreeMap<TicketNumber, SheetScore> =
            self.store.scores()?.into_iter().map(|score| (score.ticket.clone(), score)).collect();
        let (_, done) =
            self.with_open_keys(KeyPurpose::Check, releases, keys, |session, opened, sheets| {
                Ok((opened.key.binding().clone(), session.scored(opened, &sheets)?))
            })?;
        let (mut papers, mut differing) = (Vec::with_capacity(done.len()), Vec::new());
        for (binding, scores) in done {
            papers.push((binding.paper, binding.form, binding.revision, scores.len()));
            for given in scores {
                let recorded = known.remove(&given.ticket);
                if recorded.as_ref() != Some(&given) {
                    differing.push(ScoreDiffers {
                        ticket: given.ticket,
                        recorded: recorded.map(|recorded| recorded.score.points),
                        given: Some(given.score.points),
                    });
                }
            }
        }
        // What is left has a score and no sheet that counts.
        differing.extend(known.into_values().map(|recorded| ScoreDiffers {
            ticket: recorded.ticket,
            recorded: Some(recorded.score.points),
            given: None,
        }));
        let sheets: usize = papers.iter().map(|(.., sheets)| sheets).sum();
        let at = self.now();
        self.store.note("check", &json!({ "sheets": sheets, "differing": differing.len() }), &at)?;
        Ok(Regrading { papers, differing })
    }

    /// The score of every sheet with the key that is open.
    pub(super) fn scored(
        &self,
        opened: &Opened<'_>,
        sheets: &[ToGrade],
    ) -> Result<Vec<SheetScore>, SessionError> {
        let grader = Grader::new(opened.key, self.exam.rules.rounding);
        let scores = sheets.iter().map(|sheet| {
            let ticket = sheet.ticket.clone();
            match grader.grade(&sheet.responses, &sheet.hand) {
                Ok(score) => Ok(SheetScore { ticket, sheet: sheet.sheet, score }),
                Err(source) => Err(SessionError::Ungraded { ticket, source }),
            }
        });
        scores.collect()
    }
}

/// The transcripts of these candidates.
fn of_these(results: &Results, tickets: &BTreeSet<TicketNumber>) -> BTreeMap<TicketNumber, Transcript> {
    let of_them = results.transcripts.iter().filter(|t| tickets.contains(&t.candidate.ticket));
    of_them.map(|t| (t.candidate.ticket.clone(), t)).collect()
}
