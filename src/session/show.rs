//! One sheet as it was seen.

use super::{Session, SessionError};
use crate::publish::{self, Traced};
use crate::register;
use crate::sheet::{FieldName, ItemLabel, SheetId};
use crate::source::{self, Page};
use std::collections::BTreeSet;

/// The least that is taken for the beginning of a hash: of ten thousand sheets, four digits leave one or two.
const LEAST_PREFIX: usize = 4;

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
    /// `name` is the beginning of the image's hash, a ticket number, or the file's name in the record with or without its
    /// folder; `:PAGE` behind it names one page. An item without a field is one of the field `items`.
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
        let standings = self.standings()?;
        let set_asides = self.store.set_asides()?;
        let known = standings.sheets.keys().copied().chain(set_asides.iter().map(|aside| aside.sheet));
        let sheet = self.named(name, known, |sheet| {
            let settled = standings.sheets.get(sheet)?;
            Some(settled.settled.responses.field(FieldName::TICKET)?.value.clone())
        })?;
        let (source, page) = self.picture(sheet)?;
        let title = format!("{source} page {}", sheet.page);
        let unread = |reason: String| Shown {
            sheet,
            source: source.clone(),
            png: publish::trace_unread(&title, &page, &reason),
            unread: Some(reason),
        };
        if let Some(aside) = set_asides.iter().find(|aside| aside.sheet == sheet) {
            return Ok(unread(aside.exception.cause.to_string()));
        }
        let reading = self.store.readings_of(&sheet)?.pop();
        let (Some(reading), Some(settled)) = (reading, standings.sheets.get(&sheet)) else {
            return Err(SessionError::NoSheet { name: name.to_owned() });
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
        let held: Vec<_> = standings
            .findings
            .open
            .iter()
            .filter(|open| open.sheet == Some(sheet))
            .map(|open| open.exception.clone())
            .collect();
        let traced = Traced {
            name: part.as_deref().unwrap_or(&title),
            page: &page,
            registration: &registration,
            layout,
            reading: &reading,
            responses: &settled.settled.responses,
            held: &held,
        };
        let png = match place {
            Some(place) => publish::trace_place(&traced, &place),
            None => publish::trace(&traced),
        };
        Ok(Shown { sheet, source, unread: None, png })
    }

    /// The one sheet that `name` names.
    fn named(
        &self,
        name: &str,
        known: impl Iterator<Item = SheetId>,
        ticket: impl Fn(&SheetId) -> Option<String>,
    ) -> Result<SheetId, SessionError> {
        let (stem, page) = match name.rsplit_once(':') {
            Some((stem, page)) if !stem.is_empty() => match page.parse::<u32>() {
                Ok(page) => (stem, Some(page)),
                Err(_) => (name, None),
            },
            _ => (name, None),
        };
        let hash = stem.to_ascii_lowercase();
        let is_hash = hash.len() >= LEAST_PREFIX && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let file =
            |path: &str| path == stem || path.rsplit(['/', '\\']).next().is_some_and(|last| last == stem);
        let mut found: BTreeSet<SheetId> = BTreeSet::new();
        for sheet in known.filter(|sheet| page.is_none_or(|page| page == sheet.page)) {
            let named = (is_hash && sheet.image.to_string().starts_with(&hash))
                || ticket(&sheet).is_some_and(|ticket| ticket == stem)
                || self.store.paths(&sheet.image)?.iter().any(|path| file(path));
            if named {
                found.insert(sheet);
            }
        }
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
