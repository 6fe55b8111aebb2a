//! What was published, number by number.

use super::{Fault, Store, StoreError, encode};
use crate::sheet::Sha256;
use rusqlite::{OptionalExtension as _, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Results as they were issued under one number. Nothing of it is changed afterwards: a correction is another number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Its number, from 1.
    pub number: u64,
    /// The number that it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<u64>,
    /// Why it corrects it; empty for the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The freeze that it stands on.
    pub freeze: Option<Sha256>,
    /// Everybody's result, by ticket number.
    pub lines: Vec<PublishedLine>,
    /// What was decided or corrected after the freeze, as its papers list it: heading and statement.
    pub matters: Vec<(String, String)>,
    /// The proposal that was checked and approved; none for what was issued before there were proposals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// 发证日期 of certificates that are new in it, `2026-12-15`; empty where certificates are not numbered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issued: String,
    /// The certificates of everybody who passed, kept and new, in the papers' order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Certificates of the number before it that are revoked (注销) with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<String>,
}

/// A certificate (证书) and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// 证书编号.
    pub number: String,
    /// 准考证号.
    pub ticket: String,
    /// 发证日期, `2026-12-15`.
    pub issued: String,
}

/// A line of the register of certificates (证书登记): what was ever issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// The certificate.
    pub certificate: Certificate,
    /// The publication that issued it.
    pub publication: u64,
    /// The publication that revoked it, or that was withdrawn, and why.
    pub revoked: Option<(u64, String)>,
}

/// A number that was withdrawn (撤回).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Which.
    pub number: u64,
    /// Why.
    pub reason: String,
    /// The proposal that was checked and approved.
    pub proposal: u64,
    /// Certificates that were revoked with it.
    pub revoked: Vec<String>,
}

/// A candidate's result as its papers say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedLine {
    /// 准考证号.
    pub ticket: String,
    /// 理论成绩, 实操成绩 and, at 二级 and 一级, 综合评审.
    pub parts: Vec<String>,
    /// 评定结果.
    pub grade: String,
}

impl Store {
    /// Adds a publication; `files` are its papers with their hashes, and `detail` what else the journal says of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::PublicationNumber`] if the number is not the next one, [`StoreError::CertificateTaken`] if a certificate's number was
    /// issued before to somebody else, or a failure of the file.
    pub fn record_publication(
        &mut self,
        publication: &Publication,
        detail: &serde_json::Value,
        at: &str,
    ) -> Result<(), StoreError> {
        self.write("publish", at, |tx, entry| {
            let last: i64 =
                tx.query_row("SELECT COALESCE(MAX(number), 0) FROM publications", [], |row| row.get(0))?;
            let next = last.unsigned_abs() + 1;
            if publication.number != next {
                return Err(StoreError::PublicationNumber { given: publication.number, next }.into());
            }
            let text = encode("publication", publication)?;
            tx.prepare_cached("INSERT INTO publications (number, publication, entry) VALUES (?1, ?2, ?3)")?
                .execute((last + 1, &text, entry))?;
            register(tx, entry, publication)?;
            let mut detail = detail.clone();
            detail["number"] = json!(publication.number);
            detail["corrects"] = json!(publication.corrects);
            detail["reason"] = json!(publication.reason);
            Ok(((), Some(detail)))
        })
    }

    /// Withdraws a number, with its certificates; it stays in the record.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotInForce`] if there is no such number or it was withdrawn before, or a failure of the file.
    pub fn record_withdrawal(&mut self, withdrawal: &Withdrawal, at: &str) -> Result<(), StoreError> {
        self.write("withdraw", at, |tx, entry| {
            let number = i64::try_from(withdrawal.number).unwrap_or(i64::MAX);
            let there = tx
                .prepare_cached(
                    "SELECT 1 FROM publications p WHERE p.number = ?1
                     AND NOT EXISTS (SELECT 1 FROM withdrawals w WHERE w.number = p.number)",
                )?
                .exists([number])?;
            if !there {
                return Err(StoreError::NotInForce { number: withdrawal.number }.into());
            }
            tx.prepare_cached("INSERT INTO withdrawals (number, withdrawal, entry) VALUES (?1, ?2, ?3)")?
                .execute((number, encode("withdrawal", withdrawal)?, entry))?;
            revoke(tx, entry, withdrawal.number, &withdrawal.reason, &withdrawal.revoked)?;
            let detail = json!({
                "number": withdrawal.number, "reason": withdrawal.reason, "proposal": withdrawal.proposal,
                "revoked": withdrawal.revoked,
            });
            Ok(((), Some(detail)))
        })
    }

    /// All withdrawals in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn withdrawals(&self) -> Result<Vec<Withdrawal>, StoreError> {
        self.read(|tx| super::values(tx, "withdrawals", "SELECT withdrawal FROM withdrawals ORDER BY seq"))
    }

    /// The register of certificates, in the order of issue.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if it can't be read.
    pub fn certificates(&self) -> Result<Vec<Registered>, StoreError> {
        self.read(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT c.certificate, c.ticket, c.issued, c.publication, r.publication, r.reason
                 FROM certificates c LEFT JOIN revocations r ON r.certificate = c.certificate ORDER BY c.seq",
            )?;
            let mut rows = statement.query([])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let revoked: Option<i64> = row.get(4)?;
                let why: Option<String> = row.get(5)?;
                out.push(Registered {
                    certificate: Certificate {
                        number: row.get(0)?,
                        ticket: row.get(1)?,
                        issued: row.get(2)?,
                    },
                    publication: row.get::<_, i64>(3)?.unsigned_abs(),
                    revoked: revoked.map(|number| (number.unsigned_abs(), why.unwrap_or_default())),
                });
            }
            Ok(out)
        })
    }

    /// All publications in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn publications(&self) -> Result<Vec<Publication>, StoreError> {
        self.read(|tx| {
            super::values(tx, "publications", "SELECT publication FROM publications ORDER BY number")
        })
    }
}

/// Writes what is new of a publication's certificates into the register, and what it revokes.
fn register(tx: &Transaction<'_>, entry: i64, publication: &Publication) -> Result<(), Fault> {
    let number = i64::try_from(publication.number).map_err(|_| Fault::Row("publications"))?;
    for certificate in &publication.certificates {
        let holder: Option<(String, bool)> = tx
            .prepare_cached(
                "SELECT ticket, EXISTS (SELECT 1 FROM revocations r WHERE r.certificate = c.certificate)
                 FROM certificates c WHERE certificate = ?1",
            )?
            .query_row([&certificate.number], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match holder {
            Some((holder, revoked)) if revoked || holder != certificate.ticket => {
                let number = certificate.number.clone();
                return Err(StoreError::CertificateTaken { number, holder }.into());
            }
            Some(_) => {}
            None => {
                tx.prepare_cached(
                    "INSERT INTO certificates (certificate, ticket, issued, publication, entry)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((
                    &certificate.number,
                    &certificate.ticket,
                    &certificate.issued,
                    number,
                    entry,
                ))?;
            }
        }
    }
    revoke(tx, entry, publication.number, &publication.reason, &publication.revoked)
}

fn revoke(
    tx: &Transaction<'_>,
    entry: i64,
    publication: u64,
    reason: &str,
    certificates: &[String],
) -> Result<(), Fault> {
    let number = i64::try_from(publication).map_err(|_| Fault::Row("publications"))?;
    for certificate in certificates {
        tx.prepare_cached(
            "INSERT INTO revocations (certificate, publication, reason, entry) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((certificate, number, reason, entry))?;
    }
    Ok(())
}
