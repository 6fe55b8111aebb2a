//! Statistics of results (成绩统计) and every candidate's own slip (成绩通知单).

use super::results::line_of;
use super::{NumberState, Session, SessionError, write_private};
use crate::publish::{self, Document};
use crate::sheet::{RoomId, Sha256};
use crate::store::PublishedLine;
use serde_json::json;
use std::path::{Path, PathBuf};

impl Session {
    /// 成绩统计 as a workbook and as pages. They name the publication whose results they are; until there is one, while the results
    /// differ from it, or if it was withdrawn, they say so.
    ///
    /// # Errors
    ///
    /// As [`Session::merge`]; [`SessionError::Publish`].
    pub fn statistics(&self) -> Result<Vec<Document>, SessionError> {
        let results = self.merge()?;
        let lines: Vec<PublishedLine> = results.transcripts.iter().map(|t| line_of(&t)).collect();
        let number = match self.store.publications()?.last() {
            None => "未发布".to_owned(),
            Some(last) if last.lines == lines => match self.number_state(last.number)? {
                NumberState::Withdrawn(_) => format!("第 {} 号（已撤回）", last.number),
                _ => format!("第 {} 号", last.number),
            },
            Some(last) => format!("未发布（与第 {} 号不同）", last.number),
        };
        Ok(publish::statistics(&self.exam, &results, &number)?)
    }

    /// Writes everybody's slip (成绩通知单) of the last publication, or those of one room, into `folder`, for the owner of the file alone;
    /// gives its path, the publication's number and how many there are. The journal notes it.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotPublished`]; [`SessionError::NotAsPublished`] if the results are no longer those that were published; a number
    /// that was withdrawn; as [`Session::merge`]; [`SessionError::Publish`]; or a failure of a file.
    pub fn result_slips(
        &mut self,
        room: Option<&RoomId>,
        folder: &Path,
    ) -> Result<(PathBuf, u64, usize), SessionError> {
        let (results, last) = self.issued()?;
        let (document, count) = publish::result_slips(&self.exam, &results, last.number, room)?;
        std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))?;
        let path = folder.join(&document.file_name);
        write_private(&path, &document.bytes)?;
        let detail = json!({
            "publication": last.number, "room": room, "count": count,
            "files": { document.file_name.as_str(): Sha256::of(&document.bytes).to_string() },
        });
        let at = self.now();
        self.store.note("result-slips", &detail, &at)?;
        Ok((path, last.number, count))
    }
}
