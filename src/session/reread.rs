//! Pictures of the record read once more.

use super::{Session, SessionError, engine};
use crate::batch::Reader;
use crate::layout::Layout;
use crate::read::{MarkState, PositionReading, Reading, SetAside};
use crate::settle::responses;
use crate::sheet::{Sha256, SheetId};
use crate::store::{Difference, PageRecord, Reread, RereadOutcome};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Files that are read again at a time: enough for any number of threads; their readings take some megabytes.
const AT_A_TIME: usize = 64;

/// What reading all pictures again came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RereadAll {
    /// Pages that were read again.
    pub pages: u64,
    /// Of these, pages that this engine read when they were recorded, and measured the same to the last digit.
    pub equal: u64,
    /// Of these, pages that another engine had read, with the same responses.
    pub same_responses: u64,
    /// Pages that were read otherwise.
    pub differing: Vec<(SheetId, Vec<Difference>)>,
    /// Files whose picture is gone or is another one now; nothing of them was read again.
    pub without_picture: Vec<Sha256>,
}

/// What the record says of one page.
enum Recorded {
    Read(Box<Reading>),
    SetAside(SetAside),
}

impl Session {
    /// Reads every picture again and holds what comes of it against the record; says after each portion how many
    /// files are done, and of how many.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn reread_all(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<RereadAll, SessionError> {
        let mut pages: BTreeMap<Sha256, BTreeMap<u32, Recorded>> = BTreeMap::new();
        for aside in self.store.set_asides()? {
            let place = pages.entry(aside.sheet.image).or_default();
            place.insert(aside.sheet.page, Recorded::SetAside(aside));
        }
        for reading in self.store.readings()? {
            let place = pages.entry(reading.sheet.image).or_default();
            place.insert(reading.sheet.page, Recorded::Read(Box::new(reading)));
        }
        let files: Vec<(Sha256, BTreeMap<u32, Recorded>, Vec<PathBuf>)> = pages
            .into_iter()
            .map(|(image, pages)| {
                let places = self.places(&image)?.into_iter().map(|(_, place)| place).collect();
                Ok((image, pages, places))
            })
            .collect::<Result<_, SessionError>>()?;
        let reader = self.reader();
        let mut all = RereadAll::default();
        let mut done = 0;
        for portion in files.chunks(AT_A_TIME) {
            let found: Vec<Option<Vec<(SheetId, RereadOutcome)>>> = portion
                .par_iter()
                .map(|(image, pages, places)| {
                    let bytes = bytes_of(image, places)?;
                    let now: BTreeMap<u32, PageRecord> = reader
                        .read_file(&bytes)
                        .into_iter()
                        .map(|(record, _)| (record.sheet().page, record))
                        .collect();
                    let compare = |(page, recorded): (&u32, &Recorded)| {
                        let sheet = SheetId { image: *image, page: *page };
                        (sheet, compared(recorded, now.get(page)))
                    };
                    Some(pages.iter().map(compare).collect())
                })
                .collect();
            for ((image, _, _), found) in portion.iter().zip(found) {
                let Some(found) = found else {
                    all.without_picture.push(*image);
                    continue;
                };
                for (sheet, outcome) in found {
                    all.pages += 1;
                    match outcome {
                        RereadOutcome::Equal => all.equal += 1,
                        RereadOutcome::SameResponses => all.same_responses += 1,
                        RereadOutcome::Differs(places) => all.differing.push((sheet, places)),
                    }
                }
            }
            done += portion.len();
            progress(done, files.len());
        }
        Ok(all)
    }

    /// Reads the picture of one sheet again, by the whole road of a scan, and holds it against the record.
    pub(super) fn reread(&self, recorded: &Reading) -> Result<Reread, SessionError> {
        let sheet = recorded.sheet;
        let places: Vec<(String, PathBuf)> = self.places(&sheet.image)?;
        let paths: Vec<PathBuf> = places.into_iter().map(|(_, place)| place).collect();
        let bytes =
            bytes_of(&sheet.image, &paths).ok_or_else(|| match paths.iter().find(|p| p.exists()) {
                Some(path) => SessionError::PictureChanged { path: path.clone() },
                None => SessionError::PictureGone { path: paths.into_iter().next().unwrap_or_default() },
            })?;
        let now = self.reader().read_file(&bytes).into_iter().map(|(record, _)| record);
        let now = now.into_iter().find(|record| record.sheet() == sheet);
        let outcome = compared(&Recorded::Read(Box::new(recorded.clone())), now.as_ref());
        Ok(Reread { engine: engine(), outcome })
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { layouts: self.layouts.iter().collect::<Vec<&Layout>>(), engine: engine() }
    }
}

/// The first of the places whose bytes are the image's.
fn bytes_of(image: &Sha256, places: &[PathBuf]) -> Option<Vec<u8>> {
    places.iter().find_map(|place| std::fs::read(place).ok().filter(|bytes| Sha256::of(bytes) == *image))
}

fn whole(recorded: &str, found: &str) -> RereadOutcome {
    let difference =
        Difference { place: "sheet".into(), recorded: recorded.to_owned(), found: found.to_owned() };
    RereadOutcome::Differs(vec![difference])
}

fn compared(recorded: &Recorded, now: Option<&PageRecord>) -> RereadOutcome {
    match (recorded, now) {
        (Recorded::Read(before), Some(PageRecord::Read { reading, .. })) => readings(before, reading),
        (Recorded::SetAside(before), Some(PageRecord::SetAside(now))) => {
            if before == now {
                RereadOutcome::Equal
            } else if before.engine != now.engine {
                RereadOutcome::SameResponses
            } else {
                whole(&before.exception.cause.to_string(), &now.exception.cause.to_string())
            }
        }
        (Recorded::Read(_), Some(PageRecord::SetAside(now))) => {
            whole("it was read", &now.exception.cause.to_string())
        }
        (Recorded::SetAside(before), Some(PageRecord::Read { .. })) => {
            whole(&before.exception.cause.to_string(), "it was read")
        }
        (_, None) => whole("there is such a page", "the file has no such page"),
    }
}

fn readings(before: &Reading, now: &Reading) -> RereadOutcome {
    if before == now {
        return RereadOutcome::Equal;
    }
    let mut differences = Vec::new();
    let difference = |place: String, recorded: String, found: String| Difference { place, recorded, found };
    if (&before.layout, before.layout_hash) != (&now.layout, now.layout_hash) {
        let name = |r: &Reading| format!("{} ({})", r.layout, r.layout_hash.short());
        differences.push(difference("sheet".into(), name(before), name(now)));
    }
    let positions = |r: &Reading| -> BTreeMap<(String, String), PositionReading> {
        let each = r.fields.iter().flat_map(|f| f.positions.iter().map(|p| (f.name.to_string(), p)));
        each.map(|(field, p)| ((field, p.label.to_string()), p.clone())).collect()
    };
    let (were, are) = (positions(before), positions(now));
    for (place, was) in &were {
        let found = are.get(place).map_or_else(String::new, marks);
        if marks(was) != found {
            differences.push(difference(format!("{} {}", place.0, place.1), marks(was), found));
        }
    }
    if differences.is_empty() && responses(before) != responses(now) {
        differences.push(difference("sheet".into(), "other responses".into(), "other responses".into()));
    }
    if differences.is_empty() && before.engine == now.engine {
        let found = "the same marks, measured otherwise".into();
        differences.push(difference("sheet".into(), "other measurements".into(), found));
    }
    if differences.is_empty() { RereadOutcome::SameResponses } else { RereadOutcome::Differs(differences) }
}

/// What is marked at a position: options that are filled, `?` behind those in doubt, `!` behind those that could
/// not be measured; `–` for none.
pub(super) fn marks(position: &PositionReading) -> String {
    let mut out = String::new();
    for (option, mark) in position.options.chars().zip(&position.marks) {
        let behind = match mark.state {
            MarkState::Empty => continue,
            MarkState::Filled => "",
            MarkState::Marginal => "?",
            MarkState::Unreadable => "!",
        };
        out.push(option);
        out.push_str(behind);
    }
    if out.is_empty() { "–".to_owned() } else { out }
}
