//! The parallel road from files to stored readings.
//!
//! Files are fed in order, read by all workers at once, and collected in order again; about a hundred pages
//! at a time are written in one transaction. Everything in between is bounded, so that a run over a hundred
//! thousand files, or over one file of many thousand pages, needs no more memory than a short one. A run that
//! is killed at any moment loses no page and has none twice: the next one goes on behind the last
//! transaction, within a file if need be. `docs/batch.md` says what is promised and what it takes.
//!
//! Every page is also asked what it shows of the scanner ([`vitals`]), and a [`Monitor`] follows these figures
//! in the order of the files: a dirty glass or a slipping roller is told while it can still be helped, and
//! past a limit the run stops.

mod collect;
mod discover;
mod error;
mod feed;
mod health;
mod keep;
mod line;
mod run;
mod streaks;
mod summary;
mod vitals;

pub use discover::{Found, discover, find};
pub use error::BatchError;
pub use feed::sweep;
pub use health::Monitor;
pub use keep::{Keeper, hash_of};
pub use run::{Run, scan, scan_watched};
pub use summary::{Changed, Notice, Progress, Summary, Told, Unread};
pub use vitals::vitals;

use crate::layout::{Layout, common_channel};
use crate::read;
use crate::register;
use crate::settle::SheetFacts;
use crate::sheet::{Cause, Channel, DecodeFault, EngineId, Exception, SheetId};
use crate::source;
use crate::store::{PageRecord, Vitals};
use std::collections::BTreeSet;

/// The largest file that is read: 5 000 pages of gray A4 at 300 dpi as plain TIFF have 43 GB. A file of more than
/// 32 MB needs as much room again in the session's folder while it is read.
pub const MOST_BYTES: u64 = 64 << 30;

/// What to do when the scanner has a trouble that is past its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTrouble {
    /// Stop at the first new page that shows it.
    #[default]
    Stop,
    /// Tell it and go on.
    GoOn,
}

/// How one page is read: the layouts that it may have, and the reader's name.
pub struct Reader<'l> {
    /// The exam's layouts.
    pub layouts: Vec<&'l Layout>,
    /// Which reader.
    pub engine: EngineId,
}

/// What came of a page.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // a page that was looked at is the rule
enum Outcome {
    /// Nothing new could come of it.
    Known(SheetId),
    /// It was looked at.
    Looked(Looked),
}

/// What came of a page that was looked at.
#[derive(Debug)]
struct Looked {
    record: PageRecord,
    vitals: Option<Vitals>,
    facts: Option<SheetFacts>,
}

/// A page through channels other than the one by which its layout is told.
type Others = Vec<(Channel, Result<source::Page, DecodeFault>)>;

impl Reader<'_> {
    /// What comes of every page of the image file `bytes`, in order, and what it shows of the scanner if it
    /// could be decoded.
    #[must_use]
    pub fn read_file(&self, bytes: &[u8]) -> Vec<(PageRecord, Option<Vitals>)> {
        let mut pages = source::decode_with(bytes, &source::Options { channel: self.channel() });
        let mut out = Vec::new();
        while let Some((sheet, page)) = pages.next() {
            let others = self.others(&mut pages, sheet);
            let looked = self.look(sheet, page, others);
            out.push((looked.record, looked.vitals));
        }
        out
    }

    /// What is decoded of a page's colour: what all layouts ask for, or luma if they don't agree.
    fn channel(&self) -> Channel {
        common_channel(self.layouts.iter().copied()).unwrap_or_default()
    }

    /// Where the layouts don't agree, the page through every other channel that one of them asks for: which it
    /// is, is known only when the page has been told by its luma.
    fn others(&self, pages: &mut source::Pages<'_>, sheet: SheetId) -> Others {
        let wanted: BTreeSet<Channel> = self.layouts.iter().map(|layout| layout.channel).collect();
        let main = self.channel();
        let other = wanted.into_iter().filter(|&channel| channel != main);
        other.map(|channel| (channel, pages.page(sheet.page, channel))).collect()
    }

    fn page(&self, sheet: SheetId, page: Result<source::Page, DecodeFault>, others: Others) -> Outcome {
        Outcome::Looked(self.look(sheet, page, others))
    }

    fn look(&self, sheet: SheetId, page: Result<source::Page, DecodeFault>, others: Others) -> Looked {
        let aside = |cause, vitals| {
            let exception = Exception::of_sheet(cause);
            let aside = read::SetAside { sheet, engine: self.engine.clone(), exception };
            Looked { record: PageRecord::SetAside(aside), vitals, facts: None }
        };
        let page = match page {
            Ok(page) => page,
            Err(fault) => return aside(Cause::NotDecoded { fault }, None),
        };
        match register::which_layout(&page, &self.layouts) {
            Ok((index, registration)) => {
                let layout = self.layouts[index];
                if let Some((_, page)) = others.into_iter().find(|(channel, _)| *channel == layout.channel) {
                    let only = Reader { layouts: vec![layout], engine: self.engine.clone() };
                    return only.look(sheet, page, Others::new());
                }
                let reading = read::read(&page, &registration, layout, &self.engine);
                let vitals = vitals(&page, Some((&registration, layout)), &self.engine);
                source::give_back(page);
                let facts = Some(SheetFacts::of(&reading));
                let ticket = ticket_of(&reading);
                Looked { record: PageRecord::Read { ticket, reading }, vitals: Some(vitals), facts }
            }
            Err(cause) => aside(cause, Some(vitals(&page, None, &self.engine))),
        }
    }
}

/// The ticket number as the marks alone give it, if they do.
fn ticket_of(reading: &read::Reading) -> Option<String> {
    let ticket = reading.fields.iter().find(|f| f.name.as_str() == crate::sheet::FieldName::TICKET)?;
    ticket
        .positions
        .iter()
        .map(|position| {
            let mut filled = position
                .options
                .chars()
                .zip(&position.marks)
                .filter(|(_, mark)| mark.state != read::MarkState::Empty);
            match (filled.next(), filled.next()) {
                (Some((digit, mark)), None) if mark.state == read::MarkState::Filled => Some(digit),
                _ => None,
            }
        })
        .collect()
}
