//! What the record keeps of custody: the exam's manifest, grading requests, openings. Never a word of a key.

use super::{Fault, Imported, Store, StoreError, decode, encode, freeze, parse};
use crate::identity::Person;
use crate::sheet::Sha256;
use rusqlite::{OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The manifest that the session is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRecord {
    /// The exam's id.
    pub exam: Sha256,
    /// The text of its file.
    pub text: String,
}

/// A grading request that this session made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// Its id.
    pub id: Sha256,
    /// The freeze it was made for.
    pub freeze: Sha256,
    /// The text of its file.
    pub text: String,
}

/// A release that a key was opened with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedRelease {
    /// The custodian.
    pub custodian: Person,
    /// The release's id.
    pub release: Sha256,
}

/// Keys were opened once, for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The request's id.
    pub request: Sha256,
    /// The releases.
    pub releases: Vec<UsedRelease>,
    /// The journal entry it was written with.
    pub entry: u64,
}

/// The text of the manifest in force.
pub(super) fn manifest(tx: &Transaction<'_>) -> Result<Option<ManifestRecord>, Fault> {
    let row: Option<(String, String)> = tx
        .prepare_cached("SELECT exam, manifest FROM manifests ORDER BY seq LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(exam, text)| Ok(ManifestRecord { exam: parse("manifests", &exam)?, text })).transpose()
}

impl Store {
    /// Binds the session to a manifest, for good.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherManifest`] if it is bound to another one, [`StoreError::Frozen`], or a failure of
    /// the file.
    pub fn bind_manifest(&mut self, record: &ManifestRecord, at: &str) -> Result<Imported, StoreError> {
        self.write("manifest", at, |tx, entry| {
            if let Some(bound) = manifest(tx)? {
                if bound == *record {
                    return Ok((Imported::Known, None));
                }
                let (given, bound) = (record.exam, bound.exam);
                return Err(StoreError::OtherManifest { given, bound }.into());
            }
            freeze::refuse(tx)?;
            tx.execute(
                "INSERT INTO manifests (exam, manifest, entry) VALUES (?1, ?2, ?3)",
                (record.exam.to_string(), &record.text, entry),
            )?;
            Ok((Imported::New, Some(json!({ "exam": record.exam.to_string() }))))
        })
    }

    /// The manifest that the session is bound to, if it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn manifest(&self) -> Result<Option<ManifestRecord>, StoreError> {
        self.read(manifest)
    }

    /// Records a grading request before it leaves the session.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFrozen`], [`StoreError::OtherFreeze`] or a failure of the file.
    pub fn record_request(&mut self, request: &RequestRecord, at: &str) -> Result<(), StoreError> {
        self.write("request", at, |tx, entry| {
            same_freeze(tx, request.freeze)?;
            tx.execute(
                "INSERT INTO requests (request, freeze, text, entry) VALUES (?1, ?2, ?3, ?4)",
                (request.id.to_string(), request.freeze.to_string(), &request.text, entry),
            )?;
            let detail = json!({ "request": request.id.to_string(), "freeze": request.freeze.to_string() });
            Ok(((), Some(detail)))
        })
    }

    /// The grading request with this id, if this session made it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn request(&self, id: &Sha256) -> Result<Option<RequestRecord>, StoreError> {
        self.read(|tx| request(tx, id))
    }

    /// Records that the keys of a request are about to be opened: before they are, so that there is no opening
    /// without its entry, and never a second one.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRequest`], [`StoreError::RequestUsed`], [`StoreError::NotFrozen`],
    /// [`StoreError::OtherFreeze`] or a failure of the file.
    pub fn record_opening(
        &mut self,
        id: &Sha256,
        releases: &[UsedRelease],
        at: &str,
    ) -> Result<(), StoreError> {
        self.write("open", at, |tx, entry| {
            let request = request(tx, id)?.ok_or(StoreError::UnknownRequest { request: *id })?;
            same_freeze(tx, request.freeze)?;
            let used =
                tx.prepare_cached("SELECT 1 FROM openings WHERE request = ?1")?.exists([id.to_string()])?;
            if used {
                return Err(StoreError::RequestUsed { request: *id }.into());
            }
            tx.execute(
                "INSERT INTO openings (request, releases, entry) VALUES (?1, ?2, ?3)",
                (id.to_string(), encode("release", &releases)?, entry),
            )?;
            Ok(((), Some(json!({ "request": id.to_string(), "releases": releases }))))
        })
    }

    /// All openings in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn openings(&self) -> Result<Vec<Opening>, StoreError> {
        self.read(|tx| {
            let mut statement =
                tx.prepare_cached("SELECT request, releases, entry FROM openings ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let (request, releases): (String, String) = (row.get(0)?, row.get(1)?);
                out.push(Opening {
                    request: parse("openings", &request)?,
                    releases: decode("openings", &releases)?,
                    entry: row.get::<_, i64>(2)?.unsigned_abs(),
                });
            }
            Ok(out)
        })
    }
}

fn request(tx: &Transaction<'_>, id: &Sha256) -> Result<Option<RequestRecord>, Fault> {
    let row: Option<(String, String)> = tx
        .prepare_cached("SELECT freeze, text FROM requests WHERE request = ?1")?
        .query_row([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(freeze, text)| Ok(RequestRecord { id: *id, freeze: parse("requests", &freeze)?, text }))
        .transpose()
}

fn same_freeze(tx: &Transaction<'_>, given: Sha256) -> Result<(), Fault> {
    let found = freeze::frozen(tx)?.ok_or(StoreError::NotFrozen)?.hash;
    if found == given { Ok(()) } else { Err(StoreError::OtherFreeze { given, found }.into()) }
}
