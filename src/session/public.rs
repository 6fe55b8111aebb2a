//! What leaves the house after a publication: public list, look-up page, provincial export; and the room check list before it.

use super::results::line_of;
use super::{Session, SessionError, write_whole};
use crate::merge::Results;
use crate::publish::{self, Document, ExportFormat, LookupOf};
use crate::sheet::Sha256;
use crate::store::Publication;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

impl Session {
    /// The results as they were published last. What the public sees is made of nothing else.
    pub(super) fn issued(&self) -> Result<(Results, Publication), SessionError> {
        let publication = self.store.publications()?.pop().ok_or(SessionError::NotPublished)?;
        let number = publication.number;
        if let Some(withdrawn) = self.store.withdrawals()?.into_iter().find(|w| w.number == number) {
            return Err(SessionError::Withdrawn { number, reason: withdrawn.reason });
        }
        let results = self.merge_anew()?;
        let lines = results.transcripts.iter().map(|t| line_of(&t));
        let as_published = !results.is_draft() && lines.eq(publication.lines.iter().cloned());
        if !as_published || !self.prints_as_signed(&publication, &results)? {
            return Err(SessionError::NotAsPublished { number: publication.number });
        }
        Ok((results, publication))
    }

    /// Writes the public list (公示名单) of the last publication as xlsx and pdf into `folder`; gives their paths and the
    /// publication's number.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotPublished`], [`SessionError::Withdrawn`], [`SessionError::NotAsPublished`]; [`SessionError::OtherMasks`] if a list of this batch with other
    /// masks was published before: the two would complete each other; [`SessionError::Publish`]; or a failure of a file.
    pub fn public_list(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, u64), SessionError> {
        let (results, publication) = self.issued()?;
        let masks = publish::public_masks(&self.exam, &results)?;
        let mut text = String::new();
        for (mask, transcript) in masks.iter().zip(&results.transcripts) {
            for part in [transcript.candidate.ticket.as_str(), " ", &mask.name, " ", &mask.number, "\n"] {
                text.push_str(part);
            }
        }
        let hash = Sha256::of(text.as_bytes()).to_string();
        let earlier = self.store.journal()?.into_iter().filter(|entry| entry.kind == "public-list");
        for entry in earlier {
            let of = |name: &str| entry.detail.get(name).cloned().unwrap_or_default();
            if of("masks_sha256") != hash.as_str() {
                let number = of("publication").as_u64().unwrap_or_default();
                return Err(SessionError::OtherMasks { number });
            }
        }
        let documents = publish::public_list(&self.exam, &results, publication.number)?;
        let paths = written(folder, &documents)?;
        let detail = json!({
            "publication": publication.number, "list": self.exam.public.list, "masks_sha256": hash,
            "files": hashes(&documents),
        });
        let at = self.now();
        self.store.note("public-list", &detail, &at)?;
        Ok((paths, publication.number))
    }

    /// Writes the look-up page (成绩查询) of the last publication into `folder`, which must not be there yet: files of an earlier
    /// page are never left among those of a later one. Gives the number of files and the publication's. `progress` is told how many of
    /// all candidates are done.
    ///
    /// # Errors
    ///
    /// [`SessionError::Exists`], [`SessionError::NotPublished`], [`SessionError::Withdrawn`], [`SessionError::NotAsPublished`],
    /// [`SessionError::Publish`], or a failure of a file.
    pub fn lookup_page(
        &mut self,
        folder: &Path,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(usize, u64), SessionError> {
        if folder.exists() {
            return Err(SessionError::Exists { path: folder.to_owned() });
        }
        let (results, publication) = self.issued()?;
        let of = LookupOf { publication: publication.number, freeze: publication.freeze.as_ref() };
        let documents = publish::lookup_page(&self.exam, &results, &of, progress)?;
        // Whole or not at all: beside it first, then by its name.
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = folder.with_file_name(name);
        if part.exists() {
            std::fs::remove_dir_all(&part).map_err(|e| SessionError::file("remove", &part, e))?;
        }
        let data = part.join("data");
        std::fs::create_dir_all(&data).map_err(|e| SessionError::file("make", &data, e))?;
        written(&part, &documents)?;
        std::fs::rename(&part, folder).map_err(|e| SessionError::file("rename", &part, e))?;
        let detail = json!({ "publication": publication.number, "files": hashes(&documents) });
        let at = self.now();
        self.store.note("lookup-page", &detail, &at)?;
        Ok((documents.len(), publication.number))
    }

    /// Writes the results of the last publication for another system to `path`; gives the publication's number.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotPublished`], [`SessionError::Withdrawn`], [`SessionError::NotAsPublished`], [`SessionError::Publish`], or a failure of a file.
    pub fn export_province(&mut self, path: &Path, format: ExportFormat) -> Result<u64, SessionError> {
        let (results, publication) = self.issued()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let document = publish::province_export(&self.exam, &results, publication.number, format, &name)?;
        write_whole(path, &document.bytes)?;
        let detail = json!({ "publication": publication.number, "files": hashes(&[document]) });
        let at = self.now();
        self.store.note("province-export", &detail, &at)?;
        Ok(publication.number)
    }

    /// Writes the room check list (考场核对表) of every room as xlsx and pdf into `folder`; gives their paths.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`], [`SessionError::Publish`], or a failure of a file.
    pub fn room_check(&self, folder: &Path) -> Result<Vec<PathBuf>, SessionError> {
        written(folder, &publish::room_check(&self.exam, &self.roster()?)?)
    }
}

/// Writes all of them; they were made before the first is written.
pub(super) fn written(folder: &Path, documents: &[Document]) -> Result<Vec<PathBuf>, SessionError> {
    std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))?;
    let mut paths = Vec::with_capacity(documents.len());
    for document in documents {
        let path = folder.join(&document.file_name);
        write_whole(&path, &document.bytes)?;
        paths.push(path);
    }
    Ok(paths)
}

fn hashes(documents: &[Document]) -> Value {
    let hash = |d: &Document| (d.file_name.clone(), json!(Sha256::of(&d.bytes).to_string()));
    Value::Object(documents.iter().map(hash).collect())
}
