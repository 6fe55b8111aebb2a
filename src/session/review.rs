//! Exceptions go out to a person, decisions come back.

use super::import::read_one;
use super::{Open, Session, SessionError, write_whole};
use crate::layout::Layout;
use crate::publish::{self, ExceptionRow};
use crate::register::{self, Registration};
use crate::settle::{check, check_candidate, check_set_aside};
use crate::sheet::{Exception, Place, Resolution, SheetId};
use crate::source::{self, Page};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What an export came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The list.
    pub list: PathBuf,
    /// Exceptions in it.
    pub exceptions: usize,
    /// Pictures beside it.
    pub crops: usize,
    /// Files whose pictures could not be made, because they are gone or have changed.
    pub lost: Vec<String>,
}

/// What decisions came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Decisions recorded.
    pub decisions: usize,
    /// Exceptions still open.
    pub open: usize,
}

impl Session {
    /// Writes what waits for a person into `folder`: `exceptions.csv` with a row an exception and three
    /// empty columns for the decision, and `crops/` with a picture of each place.
    ///
    /// # Errors
    ///
    /// [`SessionError::File`] if the folder can't be written, or a failure of the record.
    pub fn export_exceptions(&self, folder: &Path) -> Result<Exported, SessionError> {
        let open = self.open_exceptions()?;
        let crops = folder.join("crops");
        std::fs::create_dir_all(&crops).map_err(|e| SessionError::file("make", &crops, e))?;
        let mut exported = Exported {
            list: folder.join("exceptions.csv"),
            exceptions: open.len(),
            crops: 0,
            lost: Vec::new(),
        };
        let mut pages = PageCache::default();
        let mut rows = Vec::with_capacity(open.len());
        for (number, open) in (1..).zip(&open) {
            let id = format!("E{number:04}");
            let exception = &open.exception.exception;
            let mut shown = Vec::new();
            let beside = exception.cause.other_sheets();
            for (place, sheet) in open.exception.sheet.into_iter().chain(beside).enumerate() {
                let Some(png) = pages.picture(self, sheet, exception) else {
                    let source = self.store.paths(&sheet.image)?.into_iter().next().unwrap_or_default();
                    if !exported.lost.contains(&source) {
                        exported.lost.push(source);
                    }
                    continue;
                };
                // What is to be compared has its pictures beside each other.
                let name = if place == 0 { format!("{id}.png") } else { format!("{id}-{}.png", place + 1) };
                write_whole(&crops.join(&name), &png)?;
                shown.push(format!("crops/{name}"));
                exported.crops += 1;
            }
            let crop = shown.join("; ");
            rows.push(row_of(id, open, crop));
        }
        write_whole(&exported.list, &publish::exceptions_csv(&rows))?;
        Ok(exported)
    }

    /// Takes decisions back from a list, all of them or none.
    ///
    /// # Errors
    ///
    /// Every wrong row of the list, a decision that does not fit its place, or a failure of the record.
    pub fn resolve(&mut self, file: &Path, reviewer: Option<&str>) -> Result<Resolved, SessionError> {
        self.refuse_frozen()?;
        let list = read_one(file)?;
        let rows = publish::parse_decisions(&list.name, &list.bytes, reviewer)?;
        let roster = self.store.roster()?.unwrap_or_default();
        let set_aside: BTreeMap<SheetId, _> =
            self.store.set_asides()?.into_iter().map(|page| (page.sheet, page)).collect();
        let mut earlier = self.store.resolutions()?;
        let before = earlier.len();
        for row in rows {
            let number = row.row;
            let resolution = row.into_resolution();
            let wrong = |source| {
                let (file, source) = (list.name.clone(), Box::new(source));
                SessionError::Decision { file, row: number, source }
            };
            match &resolution.place {
                Place::Candidate { ticket } => {
                    check_candidate(ticket, &resolution.decision, &roster).map_err(wrong)?;
                }
                Place::Sheet { sheet } | Place::Field { sheet, .. } => {
                    if let Some(page) = set_aside.get(sheet) {
                        check_set_aside(&resolution, page).map_err(wrong)?;
                    } else if let Some(reading) = self.store.readings_of(sheet)?.pop() {
                        check(&resolution, &reading, &earlier).map_err(wrong)?;
                    } else {
                        return Err(SessionError::UnknownSheet { file: list.name, row: number });
                    }
                }
            }
            // The same decision by the same person changes nothing: a list may come back twice.
            if last_about(&earlier, &resolution.place) != Some(&resolution) {
                earlier.push(resolution);
            }
        }
        let at = self.now();
        let new = &earlier[before..];
        self.store.resolve(new, &at)?;
        let open = self.open_count()?;
        Ok(Resolved { decisions: new.len(), open })
    }
}

fn last_about<'r>(resolutions: &'r [Resolution], place: &Place) -> Option<&'r Resolution> {
    resolutions.iter().rev().find(|r| r.place == *place)
}

fn row_of(id: String, open: &Open, crop: String) -> ExceptionRow {
    let (name, room, seat) = match &open.candidate {
        Some((name, room, seat)) => (name.clone(), room.clone(), Some(*seat)),
        None => (String::new(), String::new(), None),
    };
    let sheet = open.exception.sheet;
    let ticket = open.exception.ticket.as_ref().map(ToString::to_string).unwrap_or_default();
    ExceptionRow {
        id,
        exception: open.exception.exception.clone(),
        source: open.source.clone(),
        page: sheet.map(|s| s.page),
        sheet,
        ticket,
        name,
        room,
        seat,
        read: open.read.clone(),
        crop,
    }
}

/// The page looked at last: exceptions of one sheet stand together.
#[derive(Default)]
struct PageCache<'s> {
    last: Option<Looked<'s>>,
}

/// A page with where its sheet lies on it, looked for once.
struct Looked<'s> {
    sheet: SheetId,
    /// `None` if the file is gone or has changed.
    page: Option<Page>,
    /// `None` if the page was not read.
    found: Option<(&'s Layout, Registration)>,
}

impl<'s> Looked<'s> {
    fn at(session: &'s Session, sheet: SheetId) -> Self {
        let places = session.places(&sheet.image).unwrap_or_default();
        let page = places.iter().find_map(|(_, place)| load(place, sheet));
        let found = page.as_ref().and_then(|page| {
            let reading = session.store.readings_of(&sheet).ok()?.pop()?;
            let layout = session.layout(reading.layout.as_str())?;
            Some((layout, register::register_as(page, layout).ok()?))
        });
        Self { sheet, page, found }
    }
}

impl<'s> PageCache<'s> {
    /// The picture of an exception's place; `None` if the file is gone or is no longer the same.
    fn picture(&mut self, session: &'s Session, sheet: SheetId, exception: &Exception) -> Option<Vec<u8>> {
        let looked = match self.last.take() {
            Some(looked) if looked.sheet == sheet => looked,
            _ => Looked::at(session, sheet),
        };
        let looked = self.last.insert(looked);
        let page = looked.page.as_ref()?;
        let place = |(layout, registration): &(&Layout, Registration)| {
            let place = publish::place_of(layout, exception.field.as_ref(), exception.item.as_ref())?;
            Some(publish::crop(page, &registration.mapping, &place))
        };
        let shown = looked.found.as_ref().and_then(place);
        Some(shown.unwrap_or_else(|| publish::whole(page)))
    }
}

/// The page as it was recorded, if the file still has the same bytes.
fn load(path: &Path, sheet: SheetId) -> Option<Page> {
    let bytes = std::fs::read(path).ok()?;
    let mut pages = source::decode(&bytes);
    if pages.hash() != sheet.image {
        return None;
    }
    pages.find(|(id, _)| *id == sheet)?.1.ok()
}
