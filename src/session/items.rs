//! Item statistics, and sheets that are too much alike, while the keys are open.

use super::grading::{Opened, ToGrade};
use super::{Session, SessionError};
use crate::exam::Roster;
use crate::grade::Grader;
use crate::grade::copying::{Alike, CopyingError, Pairs, alike};
use crate::grade::stats::statistics;
use crate::key::KeyPurpose;
use crate::publish::{Document, ItemReport, Seated, alike_report, item_report};
use crate::sheet::{Form, PaperId, Responses, RoomId};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Which sheets are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// All pairs of each room.
    Rooms,
    /// Seats of a room whose numbers follow each other.
    Neighbours,
}

/// What is asked of the items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemsAsked {
    /// Which sheets are compared, if any.
    pub compare: Option<Compare>,
    /// Greatest chance, for each form, that any pair is listed wrongly: above 0, at most 0.05.
    pub alpha: f64,
}

/// What the items of one paper and form came to. As secret as the key: it tells which options are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemsOf {
    /// The paper.
    pub paper: PaperId,
    /// The form.
    pub form: Form,
    /// The key's revision.
    pub key_revision: u16,
    /// Sheets that they are of.
    pub sheets: usize,
    /// Numbers of items that look wrong.
    pub suspicious: Vec<u16>,
    /// Pairs that are too much alike and pairs compared; nothing if nobody asked, or there are too few sheets.
    pub alike: Option<(usize, u64)>,
    /// The page and the workbook, and those of the pairs.
    pub documents: Vec<Document>,
}

impl Session {
    /// Statistics of the items of every paper and form, of the sheets that are graded, as pages and workbooks. If
    /// asked, also the pairs of sheets that are too much alike. Nothing of it is written. The keys are opened as for [`Session::grade`].
    ///
    /// # Errors
    ///
    /// As [`Session::grade`]; [`SessionError::Copying`]; [`SessionError::Publish`].
    pub fn items(
        &mut self,
        releases: &[PathBuf],
        keys: &[PathBuf],
        asked: ItemsAsked,
    ) -> Result<Vec<ItemsOf>, SessionError> {
        let roster = self.roster()?;
        let (_, done) =
            self.with_open_keys(KeyPurpose::Statistics, releases, keys, |session, opened, sheets| {
                session.items_of(opened, &sheets, &roster, asked)
            })?;
        Ok(done)
    }

    pub(super) fn items_of(
        &self,
        opened: &Opened<'_>,
        sheets: &[ToGrade],
        roster: &Roster,
        asked: ItemsAsked,
    ) -> Result<ItemsOf, SessionError> {
        let grader = Grader::new(opened.key, None);
        let binding = opened.key.binding();
        let responses: Vec<&Responses> = sheets.iter().map(|sheet| &sheet.responses).collect();
        let found = statistics(&grader, &responses)?;
        let title = self.exam.papers.get(&binding.paper).map_or("", |paper| paper.title.as_str());
        let report = ItemReport {
            batch: &self.exam.batch,
            title,
            paper: &binding.paper,
            form: &binding.form,
            key_revision: binding.revision,
        };
        let mut documents = item_report(&report, &found)?;
        let mut listed = None;
        if let Some(compare) = asked.compare {
            let (seated, responses): (Vec<Seated>, Vec<&Responses>) =
                sheets.iter().filter_map(|sheet| Some((seat(sheet, roster)?, &sheet.responses))).unzip();
            match alike(&grader, &responses, &pairs(&seated, compare), asked.alpha) {
                Ok(found) => {
                    let Alike { pairs, found: ref list, .. } = found;
                    listed = Some((list.len(), pairs));
                    documents.extend(alike_report(&report, &found, &seated)?);
                }
                // A small form of a session must not stand in the way of the others.
                Err(CopyingError::TooFew { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ItemsOf {
            paper: binding.paper.clone(),
            form: binding.form.clone(),
            key_revision: binding.revision,
            sheets: sheets.len(),
            suspicious: found.suspicious().map(|item| item.number).collect(),
            alike: listed,
            documents,
        })
    }
}

/// Room and seat of the sheet's owner, as the roster has them.
fn seat(sheet: &ToGrade, roster: &Roster) -> Option<Seated> {
    let candidate = roster.candidates.get(&sheet.ticket)?;
    Some(Seated { ticket: sheet.ticket.clone(), room: candidate.room.clone(), seat: candidate.seat })
}

fn pairs(seated: &[Seated], compare: Compare) -> Pairs {
    let mut rooms: BTreeMap<&RoomId, Vec<(u16, usize)>> = BTreeMap::new();
    for (place, owner) in seated.iter().enumerate() {
        rooms.entry(&owner.room).or_default().push((owner.seat, place));
    }
    match compare {
        Compare::Rooms => Pairs::Within(
            rooms.into_values().map(|room| room.into_iter().map(|(_, place)| place).collect()).collect(),
        ),
        Compare::Neighbours => {
            let mut out = Vec::new();
            for mut room in rooms.into_values() {
                room.sort_unstable();
                let beside = room.windows(2).filter(|w| w[1].0.abs_diff(w[0].0) == 1);
                out.extend(beside.map(|w| (w[0].1, w[1].1)));
            }
            Pairs::These(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_sit_in_one_room_with_numbers_that_follow() {
        let seat = |room: &str, seat| Seated {
            ticket: "140510001001".parse().unwrap(),
            room: room.parse().unwrap(),
            seat,
        };
        let all = [seat("01", 3), seat("02", 4), seat("01", 2), seat("01", 5), seat("02", 5), seat("01", 6)];
        assert_eq!(pairs(&all, Compare::Neighbours), Pairs::These(vec![(2, 0), (3, 5), (1, 4)]));
        assert_eq!(pairs(&all, Compare::Rooms), Pairs::Within(vec![vec![0, 2, 3, 5], vec![1, 4]]));
    }
}
