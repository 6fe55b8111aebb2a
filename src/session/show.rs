//! One sheet as it was seen.

use super::{Session, SessionError};
use crate::publish::{self, Traced};
use crate::read::Reading;
use crate::register;
use crate::settle::{Settled, SettledSheet, settle};
use crate::sheet::{FieldName, ItemLabel, Place, SheetId};
use crate::source::{self, Page};
use std::collections::BTreeSet;

/// The least that is taken for the beginning of a hash: of ten thousand sheets, four digits leave one or two.
const LEAST_PREFIX: usize = 4;

/// What stands in a ticket number for a column that is blank or has several marks.
const UNCERTAIN: [char; 2] = ['_', '['];

/// A picture of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which sheet.
    pub sheet: SheetId,
    /// The file that it came from, as the record calls it.
    pub source: String,
    /// Why the page was not read, if it was not.
    pub unread: Option<String>,
    /// The picture, a PNG file.
    pub png: Vec<u8>,
}

impl Session {
    /// The sheet called `name` as it was seen, with what is held now: its scan, or the part that shows a field or an item, with
    /// fiducials, targets, marks and responses drawn on it. A page that was not read is shown whole, with the reason.
    ///
    /// `name` is the beginning of the image's hash, a ticket number, or the file's name in the record; if it is none of these, the
    /// file's name without its folder. `:PAGE` behind it names one page. An item without a field is one of the field `items`.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoSheet`] or [`SessionError::ManySheets`] if `name` doesn't name one,
    /// [`SessionError::PictureGone`] or [`SessionError::PictureChanged`] if its file is no longer what was read,
    /// [`SessionError::NoPlace`] if its layout has no such field or item, or a failure of the record.
    pub fn show(
        &self,
        name: &str,
        field: Option<&FieldName>,
        item: Option<&ItemLabel>,
    ) -> Result<Shown, SessionError> {
        let sheet = self.named(name)?;
        let (source, page) = self.picture(sheet)?;
        let title = format!("{source} page {}", sheet.page);
        let unread = |reason: String| Shown {
            sheet,
            source: source.clone(),
            png: publish::trace_unread(&title, &page, &reason),
            unread: Some(reason),
        };
        let Some((reading, settled)) = self.settled(&sheet)? else {
            return match self.store.set_aside_of(&sheet)? {
                Some(aside) => Ok(unread(aside.exception.cause.to_string())),
                None => Err(SessionError::NoSheet { name: name.to_owned() }),
            };
        };
        let Some(layout) = self.layout(reading.layout.as_str()) else {
            let looked = self.folder.join("layouts").join(format!("{}.toml", reading.layout));
            return Err(SessionError::NoLayout { name: reading.layout, looked });
        };
        let items = FieldName::ITEMS.parse().ok();
        let field = field.or(if item.is_some() { items.as_ref() } else { None });
        let place = match field {
            None => None,
            Some(field) => {
                let place = publish::place_around(layout, field, item).ok_or_else(|| {
                    let (layout, field) = (layout.name.clone(), field.clone());
                    SessionError::NoPlace { layout, field, item: item.cloned() }
                })?;
                Some(place)
            }
        };
        let registration = match register::register_as(&page, layout) {
            Ok(registration) => registration,
            Err(cause) => return Ok(unread(cause.to_string())),
        };
        let part = field.map(|field| match item {
            Some(item) => format!("{title} · {field} {item}"),
            None => format!("{title} · {field}"),
        });
        let held = if let Some(held) = self.open_about(&sheet)? {
            held
        } else {
            let open = self.standings()?.findings.open.into_iter();
            open.filter(|open| open.sheet == Some(sheet)).map(|open| open.exception).collect()
        };
        let traced = Traced {
            name: part.as_deref().unwrap_or(&title),
            page: &page,
            registration: &registration,
            layout,
            reading: &reading,
            responses: &settled.responses,
            held: &held,
        };
        let png = match place {
            Some(place) => publish::trace_place(&traced, &place),
            None => publish::trace(&traced),
        };
        Ok(Shown { sheet, source, unread: None, png })
    }

    /// The reading of a sheet that is in force, and what it comes to with the decisions about it.
    fn settled(&self, sheet: &SheetId) -> Result<Option<(Reading, Settled)>, SessionError> {
        let Some(reading) = self.store.readings_of(sheet)?.pop() else { return Ok(None) };
        let about = |place: &Place| match place {
            Place::Sheet { sheet: own } | Place::Field { sheet: own, .. } => own == sheet,
            Place::Candidate { .. } => false,
        };
        let mut decisions = self.store.resolutions()?;
        decisions.retain(|decision| about(&decision.place));
        let settled = settle(&reading, &decisions, &self.exam.rules);
        Ok(Some((reading, settled)))
    }

    /// The one sheet that `name` names.
    fn named(&self, name: &str) -> Result<SheetId, SessionError> {
        let (stem, page) = match name.rsplit_once(':') {
            Some((stem, page)) if !stem.is_empty() => match page.parse::<u32>() {
                Ok(page) => (stem, Some(page)),
                Err(_) => (name, None),
            },
            _ => (name, None),
        };
        let hash = stem.to_ascii_lowercase();
        let mut found = self.store.sheets_of_path(stem)?;
        if hash.len() >= LEAST_PREFIX && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            found.extend(self.store.sheets_of_hash(&hash)?);
        }
        found.extend(self.of_ticket(stem)?);
        if found.is_empty() {
            found = self.store.sheets_of_name(stem)?;
        }
        if found.is_empty() && stem.contains(UNCERTAIN) {
            found = self.of_uncertain(stem)?;
        }
        found.retain(|sheet| page.is_none_or(|page| page == sheet.page));
        let mut rest = found.iter();
        match (rest.next(), rest.next()) {
            (Some(sheet), None) => Ok(*sheet),
            (None, _) => Err(SessionError::NoSheet { name: name.to_owned() }),
            _ => {
                let mut sheets = Vec::with_capacity(found.len());
                for sheet in &found {
                    let path = self.store.paths(&sheet.image)?.into_iter().next().unwrap_or_default();
                    sheets.push(format!(
                        "{path} page {} ({}:{})",
                        sheet.page,
                        sheet.image.short(),
                        sheet.page
                    ));
                }
                Err(SessionError::ManySheets { name: name.to_owned(), sheets })
            }
        }
    }

    /// The sheets whose ticket number is held to be this one.
    fn of_ticket(&self, ticket: &str) -> Result<BTreeSet<SheetId>, SessionError> {
        let mut likely = self.store.sheets_of_ticket(ticket)?;
        // A decision may have given a sheet a number that nobody on the roster has.
        likely.extend(self.store.resolutions()?.iter().filter_map(|decision| match &decision.place {
            Place::Field { sheet, field, .. } if field.as_str() == FieldName::TICKET => Some(*sheet),
            _ => None,
        }));
        let mut out = BTreeSet::new();
        for sheet in likely {
            let settled = self.settled(&sheet)?.map(|(_, settled)| settled);
            let held = settled.as_ref().and_then(|s| s.responses.field(FieldName::TICKET));
            if held.is_some_and(|response| response.value == ticket) {
                out.insert(sheet);
            }
        }
        Ok(out)
    }

    /// The sheets whose ticket number is read as this, with columns that are blank or have several marks. Every sheet is asked.
    fn of_uncertain(&self, value: &str) -> Result<BTreeSet<SheetId>, SessionError> {
        let sheets = self.standings()?.sheets.into_values();
        let held = |sheet: &SettledSheet| {
            sheet.settled.responses.field(FieldName::TICKET).is_some_and(|response| response.value == value)
        };
        Ok(sheets.filter(held).map(|sheet| sheet.sheet).collect())
    }

    /// The page as it was read, from the first of its files that still has the same bytes.
    pub(super) fn picture(&self, sheet: SheetId) -> Result<(String, Page), SessionError> {
        let mut failure = None;
        for (source, path) in self.places(&sheet.image)? {
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    failure.get_or_insert(SessionError::PictureGone { path });
                    continue;
                }
                Err(e) => {
                    failure.get_or_insert(SessionError::file("read", &path, e));
                    continue;
                }
            };
            let mut pages = source::decode(&bytes);
            if pages.hash() != sheet.image {
                failure.get_or_insert(SessionError::PictureChanged { path });
                continue;
            }
            match pages.find(|(id, _)| *id == sheet) {
                Some((_, Ok(page))) => return Ok((source, page)),
                Some((_, Err(fault))) => {
                    return Err(SessionError::NoPicture { path, page: sheet.page, fault });
                }
                None => {}
            }
        }
        Err(failure.unwrap_or_else(|| SessionError::NoSheet { name: sheet.to_string() }))
    }
}
