//! Merging and publishing.

use super::{Session, SessionError, write_whole};
use crate::merge::{MergeInput, Results, TheoryResult, merge};
use crate::publish;
use crate::sheet::TicketNumber;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Session {
    /// Everybody's transcript, and what does not balance.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], scores that contradict roster or exam, or a failure of the record.
    pub fn merge(&self) -> Result<Results, SessionError> {
        let roster = self.roster()?;
        let standings = self.standings()?;
        let theory: BTreeMap<TicketNumber, TheoryResult> = self
            .store
            .scores()?
            .into_iter()
            .map(|s| (s.ticket, TheoryResult { score: s.score, sheet: s.sheet }))
            .collect();
        let mut ungraded = standings.cards();
        ungraded.retain(|ticket, _| !theory.contains_key(ticket));
        Ok(merge(MergeInput {
            exam: &self.exam,
            roster: &roster,
            rooms: &standings.rooms,
            theory: &theory,
            ungraded: &ungraded,
            practical: &self.store.practical()?,
            review: &BTreeMap::new(),
            open_exceptions: u32::try_from(standings.findings.open.len()).unwrap_or(u32::MAX),
        })?)
    }

    /// Writes the papers (成绩单, 鉴定名册, 合格名册) into `folder`, each as xlsx and pdf; gives their paths
    /// and the results they show. While a room does not balance or an exception is open they are drafts (草稿).
    ///
    /// # Errors
    ///
    /// As [`Session::merge`]; [`SessionError::Publish`]; [`SessionError::File`] if the folder can't be written.
    pub fn publish(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, Results), SessionError> {
        let results = self.merge()?;
        // All papers are made before the first is written.
        let documents = publish::papers(&self.exam, &results)?;
        std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))?;
        let mut paths = Vec::with_capacity(documents.len());
        let mut hashes = serde_json::Map::new();
        for document in documents {
            let path = folder.join(&document.file_name);
            write_whole(&path, &document.bytes)?;
            let hash = crate::sheet::Sha256::of(&document.bytes).to_string();
            hashes.insert(document.file_name.clone(), json!(hash));
            paths.push(path);
        }
        let cases = self.rechecks()?;
        let rechecks: Vec<_> =
            cases.iter().map(|s| json!({ "case": s.case.number, "state": s.state.word() })).collect();
        let mut keys: BTreeMap<(String, String), u16> = BTreeMap::new();
        for grading in self.store.gradings()? {
            let revision = keys.entry((grading.paper.to_string(), grading.form.to_string())).or_default();
            *revision = grading.key_revision.max(*revision);
        }
        let keys: Vec<_> = keys
            .into_iter()
            .map(|((paper, form), revision)| json!({ "paper": paper, "form": form, "revision": revision }))
            .collect();
        let detail = json!({
            "draft": results.is_draft(), "files": hashes, "rechecks": rechecks, "keys": keys,
        });
        let at = self.now();
        self.store.note("publish", &detail, &at)?;
        Ok((paths, results))
    }
}
