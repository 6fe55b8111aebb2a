//! What follows from the record and is kept so that it need not be asked again.
//!
//! The tables are a view of the record up to one journal entry. Whoever keeps it ([`Store::derive`]) is told
//! what has come in since ([`Derived::touched`]) and brings the rest up to date, all in one transaction; so the
//! view is never half of one state and half of another, and it can be thrown away at any time. What is in it
//! is the caller's own text.

use super::cases::cases;
use super::imports::{ImportKind, in_force};
use super::late::{LateCase, LateSheet, signed_since};
use super::record::{all_resolutions, values};
use super::roster::each_candidate;
use super::{Counts, Fault, Store, StoreError, decode, parse};
use crate::exam::{Candidate, RoomRecord, Rulings};
use crate::read::{Reading, SetAside};
use crate::sheet::{Place, Resolution, RoomId, SheetId, TicketNumber};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long to wait for another program before the view is left as it is: it only saves time.
const PATIENCE: Duration = Duration::from_millis(250);

/// Keeps the facts of a page's reading in force; `None` makes them be asked again.
pub(super) fn put_facts(
    tx: &Transaction<'_>,
    image: &str,
    page: u32,
    facts: Option<&str>,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO derived_sheets (image, page, facts) VALUES (?1, ?2, ?3)
         ON CONFLICT (image, page) DO UPDATE SET facts = excluded.facts",
    )?
    .execute((image, page, facts))?;
    Ok(())
}

/// Up to where the view goes, and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedState {
    /// The last journal entry that is in it.
    pub entry: u64,
    /// Which program made it.
    pub maker: String,
    /// Pages that entered, and those with a reading.
    pub counts: Counts,
    /// Candidates in the view.
    pub candidates: u64,
}

/// What has come in since.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Sheets with a new reading, a new reason, a new decision or, of late ones, a new signature.
    pub sheets: BTreeSet<SheetId>,
    /// Candidates with a new decision.
    pub candidates: BTreeSet<TicketNumber>,
    /// Whether exam, roster or room records are others than before.
    pub imports: bool,
}

/// A sheet in the view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DerivedSheet {
    /// The facts of its reading.
    pub facts: Option<String>,
    /// Whose it is taken to be.
    pub claim: Option<String>,
    /// Whether it was counted, and as what: `r`ead or set `a`side.
    pub counted: Option<String>,
}

/// The view, open for keeping.
pub struct Derived<'t> {
    tx: &'t Transaction<'t>,
}

impl Store {
    /// Runs `work` over the view and the record, both in one state; what it changes is kept if it succeeds.
    /// `work` asks the record through [`Derived`] only: the store itself begins a transaction for each question, and there is one
    /// already.
    ///
    /// # Errors
    ///
    /// What `work` says; [`StoreError::Locked`] if another program is writing, or another failure of the file.
    pub fn derive<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Derived<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let fault = |error| E::from(StoreError::sqlite(&self.path, error));
        self.connection.busy_timeout(PATIENCE).map_err(fault)?;
        let outcome = self.derive_patiently(work);
        self.connection.busy_timeout(super::BUSY).map_err(fault)?;
        outcome
    }

    /// As [`Store::derive`], for whoever can't do without: waits for another program as long as any act does.
    ///
    /// # Errors
    ///
    /// As [`Store::derive`].
    pub fn derive_patiently<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Derived<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let fault = |error| E::from(StoreError::sqlite(&self.path, error));
        let tx =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate).map_err(fault)?;
        let value = work(&Derived { tx: &tx })?;
        tx.commit().map_err(fault)?;
        Ok(value)
    }

    /// The view's state, and the last journal entry; `None` before the first.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn derived_state(&self) -> Result<Option<DerivedState>, StoreError> {
        self.read(state)
    }

    /// How many exceptions are open in the view, by the word for their cause.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn derived_open(&self) -> Result<BTreeMap<String, usize>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(OPEN_BY_KIND)?;
            let mut rows = statement.query([])?;
            let mut out = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let open: u32 = row.get(1)?;
                out.insert(row.get(0)?, open as usize);
            }
            Ok(out)
        })
    }

    /// The rooms of the view in their order, each as it was put there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn derived_rooms<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        self.read(|tx| values(tx, "derived_rooms", "SELECT balance FROM derived_rooms ORDER BY place, room"))
    }

    /// At most `most` candidates of the view behind a ticket number, in their order, each with what [`Derived::card`] gives.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn derived_candidates(
        &self,
        after: Option<&TicketNumber>,
        most: usize,
    ) -> Result<Vec<(Candidate, Option<bool>)>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT candidate, answered FROM derived_candidates WHERE ticket > ?1 ORDER BY ticket LIMIT ?2",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut rows = statement.query((after.map_or("", TicketNumber::as_str), most))?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let text = row.get_ref(0)?.as_str().map_err(|_| Fault::Row("derived_candidates"))?;
                out.push((decode("derived_candidates", text)?, row.get(1)?));
            }
            Ok(out)
        })
    }

    /// The sheets that are taken to be a candidate's, or whose marks alone give this number.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn sheets_of_ticket(&self, ticket: &str) -> Result<BTreeSet<SheetId>, StoreError> {
        self.sheets(&[BY_CLAIM, BY_TICKET], ticket)
    }

    /// The sheets of the images whose hash begins with these digits, in lower case.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn sheets_of_hash(&self, digits: &str) -> Result<BTreeSet<SheetId>, StoreError> {
        self.sheets(&[BY_HASH], digits)
    }

    /// The sheets of the files that came in under this path.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn sheets_of_path(&self, path: &str) -> Result<BTreeSet<SheetId>, StoreError> {
        self.sheets(&[BY_PATH], path)
    }

    /// The sheets of the files whose path ends with this name. Every path is looked at.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn sheets_of_name(&self, name: &str) -> Result<BTreeSet<SheetId>, StoreError> {
        self.sheets(&[BY_NAME], name)
    }

    fn sheets(&self, queries: &[&str], what: &str) -> Result<BTreeSet<SheetId>, StoreError> {
        self.read(|tx| {
            let mut out = BTreeSet::new();
            for sql in queries {
                let mut statement = tx.prepare_cached(sql)?;
                let mut rows = statement.query([what])?;
                while let Some(row) = rows.next()? {
                    out.insert(sheet_of(row)?);
                }
            }
            Ok(out)
        })
    }

    /// The last reason for which a sheet was set aside, if it was.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn set_aside_of(&self, sheet: &SheetId) -> Result<Option<SetAside>, StoreError> {
        self.read(|tx| Derived { tx }.last_row(sheet, "set_asides", "set_aside"))
    }
}

/// Queries that must stay fast however many sheets there are.
pub(super) const OPEN_BY_KIND: &str = "SELECT kind, COUNT(*) FROM derived_open GROUP BY kind";
pub(super) const BY_CLAIM: &str = "SELECT image, page FROM derived_sheets WHERE claim = ?1";
pub(super) const BY_TICKET: &str = "SELECT image, page FROM readings WHERE ticket_read = ?1";
pub(super) const BY_HASH: &str = "SELECT image, page FROM pages WHERE image >= ?1 AND image < ?1 || 'g'";
pub(super) const BY_PATH: &str =
    "SELECT p.image, p.page FROM file_paths f JOIN pages p ON p.image = f.image WHERE f.path = ?1";
pub(super) const SINCE: [&str; 2] = [
    "SELECT image, page FROM readings WHERE entry > ?1",
    "SELECT image, page FROM set_asides WHERE entry > ?1",
];

/// The last part of a path is in no index: this one looks at every path.
pub(super) const BY_NAME: &str = "SELECT p.image, p.page FROM file_paths f JOIN pages p ON p.image = f.image
     WHERE f.path = ?1 OR substr(f.path, -length(?1) - 1) IN ('/' || ?1, '\\' || ?1)";

fn sheet_of(row: &rusqlite::Row<'_>) -> Result<SheetId, Fault> {
    Ok(SheetId { image: parse("pages", &row.get::<_, String>(0)?)?, page: row.get(1)? })
}

fn state(tx: &Transaction<'_>) -> Result<Option<DerivedState>, Fault> {
    let row: Option<(i64, String, i64, i64, i64)> = tx
        .prepare_cached("SELECT entry, maker, fed, read, candidates FROM derived_state")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    Ok(row.map(|(entry, maker, fed, read, candidates)| {
        let (fed, read) = (fed.unsigned_abs(), read.unsigned_abs());
        let counts = Counts { fed, read, set_aside: fed.saturating_sub(read) };
        DerivedState { entry: entry.unsigned_abs(), maker, counts, candidates: candidates.unsigned_abs() }
    }))
}

impl Derived<'_> {
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let path = self.tx.path().unwrap_or_default().to_owned();
        work(self.tx).map_err(|fault| fault.at(path.as_ref()))
    }

    /// The view's state.
    ///
    /// # Errors
    ///
    /// A failure of the file, as of every function here.
    pub fn state(&self) -> Result<Option<DerivedState>, StoreError> {
        self.run(state)
    }

    /// The last journal entry of the record.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn last_entry(&self) -> Result<u64, StoreError> {
        self.run(|tx| Ok(super::journal::next(tx)?.unsigned_abs() - 1))
    }

    /// What has come in behind journal entry `entry`.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn touched(&self, entry: u64) -> Result<Touched, StoreError> {
        self.run(|tx| {
            let entry = i64::try_from(entry).unwrap_or(i64::MAX);
            let mut touched = Touched {
                imports: tx
                    .prepare_cached(
                        "SELECT 1 FROM imports WHERE entry > ?1 AND kind IN ('exam', 'roster', 'rooms', 'rulings')",
                    )?
                    .exists([entry])?,
                ..Touched::default()
            };
            for sql in SINCE {
                let mut statement = tx.prepare_cached(sql)?;
                let mut rows = statement.query([entry])?;
                while let Some(row) = rows.next()? {
                    touched.sheets.insert(sheet_of(row)?);
                }
            }
            touched.sheets.extend(signed_since(tx, entry)?);
            let mut statement = tx.prepare_cached("SELECT place FROM resolutions WHERE entry > ?1")?;
            let mut rows = statement.query([entry])?;
            while let Some(row) = rows.next()? {
                match decode("resolutions", &row.get::<_, String>(0)?)? {
                    Place::Sheet { sheet } | Place::Field { sheet, .. } => {
                        touched.sheets.insert(sheet);
                    }
                    Place::Candidate { ticket } => {
                        touched.candidates.insert(ticket);
                    }
                }
            }
            Ok(touched)
        })
    }

    /// Keeps everybody on the roster in force, nobody before the first import; gives how many they are, and their rooms.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`], and [`StoreError::Damaged`] if it can't be read.
    pub fn put_roster(&self) -> Result<(u64, BTreeSet<RoomId>), StoreError> {
        self.run(|tx| {
            let (mut count, mut rooms) = (0, BTreeSet::new());
            each_candidate(tx, |candidate| {
                let text = super::encode("candidate", &candidate)?;
                tx.prepare_cached(
                    "INSERT INTO derived_candidates (ticket, room, candidate) VALUES (?1, ?2, ?3)",
                )?
                .execute((candidate.ticket.as_str(), candidate.room.as_str(), text))?;
                count += 1;
                rooms.insert(candidate.room);
                Ok(())
            })?;
            Ok((count, rooms))
        })
    }

    /// The room records in force, by room.
    ///
    /// # Errors
    ///
    /// As [`Derived::put_roster`].
    pub fn rooms(&self) -> Result<Vec<RoomRecord>, StoreError> {
        self.run(|tx| in_force(tx, ImportKind::Rooms))
    }

    /// The rulings about candidates in force; empty before the first import.
    ///
    /// # Errors
    ///
    /// As [`Derived::put_roster`].
    pub fn rulings(&self) -> Result<Rulings, StoreError> {
        self.run(|tx| Ok(in_force(tx, ImportKind::Rulings)?.pop().unwrap_or_default()))
    }

    /// Every decision, in the order in which they were taken.
    ///
    /// # Errors
    ///
    /// As [`Derived::put_roster`].
    pub fn resolutions(&self) -> Result<Vec<Resolution>, StoreError> {
        self.run(all_resolutions)
    }

    /// All late sheets in the order in which they came in.
    ///
    /// # Errors
    ///
    /// As [`Derived::put_roster`].
    pub fn late_sheets(&self) -> Result<Vec<LateCase>, StoreError> {
        self.run(cases::<LateSheet>)
    }

    /// Every sheet of the record.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn all_sheets(&self) -> Result<Vec<SheetId>, StoreError> {
        self.run(|tx| {
            let mut statement = tx.prepare_cached("SELECT image, page FROM pages ORDER BY image, page")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(sheet_of(row)?);
            }
            Ok(out)
        })
    }

    /// Pages that entered behind journal entry `entry`, without late sheets.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn pages_since(&self, entry: u64) -> Result<u64, StoreError> {
        self.run(|tx| {
            let entry = i64::try_from(entry).unwrap_or(i64::MAX);
            let mut statement = tx.prepare_cached(
                "SELECT (SELECT COUNT(*) FROM pages WHERE entry > ?1)
                      - (SELECT COUNT(*) FROM late_sheets WHERE entry > ?1)",
            )?;
            Ok(statement.query_row([entry], |row| row.get::<_, i64>(0))?.unsigned_abs())
        })
    }

    /// Throws away everything but the facts of readings.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn clear(&self) -> Result<(), StoreError> {
        self.run(|tx| {
            Ok(tx.execute_batch(
                "DELETE FROM derived_candidates; DELETE FROM derived_open; DELETE FROM derived_rooms;
                 DELETE FROM derived_state; DELETE FROM derived_places; UPDATE derived_sheets SET claim = NULL, counted = NULL;",
            )?)
        })
    }

    /// Throws away the facts of readings, which are then asked of the readings again.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn forget_facts(&self) -> Result<(), StoreError> {
        self.run(|tx| Ok(tx.execute_batch("UPDATE derived_sheets SET facts = NULL")?))
    }

    /// A sheet as the view has it.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn sheet(&self, sheet: &SheetId) -> Result<DerivedSheet, StoreError> {
        self.run(|tx| {
            let row = tx
                .prepare_cached(
                    "SELECT facts, claim, counted FROM derived_sheets WHERE image = ?1 AND page = ?2",
                )?
                .query_row((sheet.image.to_string(), sheet.page), |row| {
                    Ok(DerivedSheet { facts: row.get(0)?, claim: row.get(1)?, counted: row.get(2)? })
                })
                .optional()?;
            Ok(row.unwrap_or_default())
        })
    }

    /// Whose a sheet is taken to be.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn claim(&self, sheet: &SheetId) -> Result<Option<TicketNumber>, StoreError> {
        self.run(|tx| {
            let claim: Option<Option<String>> = tx
                .prepare_cached("SELECT claim FROM derived_sheets WHERE image = ?1 AND page = ?2")?
                .query_row((sheet.image.to_string(), sheet.page), |row| row.get(0))
                .optional()?;
            Ok(claim.flatten().and_then(|text| text.parse().ok()))
        })
    }

    /// Keeps a sheet.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn put_sheet(&self, sheet: &SheetId, value: &DerivedSheet) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.prepare_cached(
                "INSERT INTO derived_sheets (image, page, facts, claim, counted) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (image, page) DO UPDATE
                 SET facts = excluded.facts, claim = excluded.claim, counted = excluded.counted",
            )?
            .execute((
                sheet.image.to_string(),
                sheet.page,
                &value.facts,
                &value.claim,
                &value.counted,
            ))?;
            Ok(())
        })
    }

    /// The reading of a sheet that is in force, if it has one.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn reading(&self, sheet: &SheetId) -> Result<Option<Reading>, StoreError> {
        self.last(sheet, "readings", "reading")
    }

    /// The last reason for which a sheet was set aside, if it was.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn set_aside(&self, sheet: &SheetId) -> Result<Option<SetAside>, StoreError> {
        self.last(sheet, "set_asides", "set_aside")
    }

    fn last<T: DeserializeOwned>(
        &self,
        sheet: &SheetId,
        table: &'static str,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        self.run(|_| self.last_row(sheet, table, column))
    }

    fn last_row<T: DeserializeOwned>(
        &self,
        sheet: &SheetId,
        table: &'static str,
        column: &str,
    ) -> Result<Option<T>, Fault> {
        let sql =
            format!("SELECT {column} FROM {table} WHERE image = ?1 AND page = ?2 ORDER BY seq DESC LIMIT 1");
        let text: Option<String> = self
            .tx
            .prepare_cached(&sql)?
            .query_row((sheet.image.to_string(), sheet.page), |row| row.get(0))
            .optional()?;
        text.map(|text| decode(table, &text)).transpose()
    }

    /// The sheets that are taken to be a candidate's.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn claiming(&self, ticket: &TicketNumber) -> Result<Vec<SheetId>, StoreError> {
        self.run(|tx| {
            let mut statement = tx.prepare_cached(BY_CLAIM)?;
            let mut rows = statement.query([ticket.as_str()])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(sheet_of(row)?);
            }
            Ok(out)
        })
    }

    /// A candidate of the roster.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn candidate(&self, ticket: &str) -> Result<Option<Candidate>, StoreError> {
        self.run(|tx| {
            let text: Option<String> = tx
                .prepare_cached("SELECT candidate FROM derived_candidates WHERE ticket = ?1")?
                .query_row([ticket], |row| row.get(0))
                .optional()?;
            text.map(|text| decode("derived_candidates", &text)).transpose()
        })
    }

    /// Everybody on the roster, by ticket number.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn tickets(&self) -> Result<Vec<TicketNumber>, StoreError> {
        self.run(|tx| {
            let mut statement = tx.prepare_cached("SELECT ticket FROM derived_candidates ORDER BY ticket")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(parse("derived_candidates", &row.get::<_, String>(0)?)?);
            }
            Ok(out)
        })
    }

    /// The candidates of a room.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn seated(&self, room: &str) -> Result<Vec<Candidate>, StoreError> {
        self.run(|tx| {
            let mut statement = tx
                .prepare_cached("SELECT candidate FROM derived_candidates WHERE room = ?1 ORDER BY ticket")?;
            let mut rows = statement.query([room])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                out.push(decode("derived_candidates", &row.get::<_, String>(0)?)?);
            }
            Ok(out)
        })
    }

    /// Whether a candidate's card was read, and then whether anything is answered on it.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn card(&self, ticket: &TicketNumber) -> Result<Option<bool>, StoreError> {
        self.run(|tx| {
            let answered: Option<Option<bool>> = tx
                .prepare_cached("SELECT answered FROM derived_candidates WHERE ticket = ?1")?
                .query_row([ticket.as_str()], |row| row.get(0))
                .optional()?;
            Ok(answered.flatten())
        })
    }

    /// Keeps what [`Derived::card`] gives.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn put_card(&self, ticket: &TicketNumber, answered: Option<bool>) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.prepare_cached("UPDATE derived_candidates SET answered = ?2 WHERE ticket = ?1")?
                .execute((ticket.as_str(), answered))?;
            Ok(())
        })
    }

    /// Puts the open exceptions about something in the place of those that were there, each with the word for
    /// its cause.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn put_open<T: Serialize>(&self, about: &str, open: &[(&str, T)]) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.prepare_cached("DELETE FROM derived_open WHERE about = ?1")?.execute([about])?;
            for (kind, value) in open {
                tx.prepare_cached("INSERT INTO derived_open (about, kind, open) VALUES (?1, ?2, ?3)")?
                    .execute((about, kind, super::encode("open exception", value)?))?;
            }
            Ok(())
        })
    }

    /// Keeps a room at its place in the order.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn put_room<T: Serialize>(&self, room: &str, place: usize, balance: &T) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.prepare_cached(
                "INSERT INTO derived_rooms (room, place, balance) VALUES (?1, ?2, ?3)
                 ON CONFLICT (room) DO UPDATE SET place = excluded.place, balance = excluded.balance",
            )?
            .execute((
                room,
                i64::try_from(place).unwrap_or(i64::MAX),
                super::encode("room", balance)?,
            ))?;
            Ok(())
        })
    }

    /// Keeps the state.
    ///
    /// # Errors
    ///
    /// As [`Derived::state`].
    pub fn put_state(&self, state: &DerivedState) -> Result<(), StoreError> {
        self.run(|tx| {
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            tx.prepare_cached(
                "INSERT INTO derived_state (one, entry, maker, fed, read, candidates) VALUES (1, ?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (one) DO UPDATE
                 SET entry = excluded.entry, maker = excluded.maker, fed = excluded.fed, read = excluded.read,
                     candidates = excluded.candidates",
            )?
            .execute((
                number(state.entry),
                &state.maker,
                number(state.counts.fed),
                number(state.counts.read),
                number(state.candidates),
            ))?;
            Ok(())
        })
    }
}
