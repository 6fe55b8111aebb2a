//! How long a batch is kept (保管期限), and the register of what is destroyed (销毁登记).

use super::public::written;
use super::publishing::number_of;
use super::{Session, SessionError};
use crate::identity::Identity;
use crate::publish::{self, Matter};
use crate::store::{CaseFile as _, Destruction, DestructionCase, DestructionOutcome, Kept};
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use std::path::{Path, PathBuf};

/// Until when a batch is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Day of the last publication, from which the years are counted: `2026-11-21`.
    pub from: String,
    /// Last day that electronic records are kept.
    pub electronic_until: String,
    /// Last day that papers are kept.
    pub paper_until: String,
}

/// How a destruction stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestructionStatus {
    /// The case.
    pub case: DestructionCase,
    /// What two people signed alike, if they did.
    pub decided: Option<DestructionOutcome>,
}

impl Session {
    /// Until when this batch is kept, by the exam's `[retention]` and the day of the last publication.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotPublished`], [`SessionError::Clock`] if that day can't be read, or a failure of the record.
    pub fn retention(&self) -> Result<Retention, SessionError> {
        let entries = self.store.journal()?;
        let last = entries.iter().rev().find(|entry| number_of(entry).is_some());
        let from = day_of(&last.ok_or(SessionError::NotPublished)?.at)?;
        let until = |years: u16| {
            let span: Span = i64::from(years).years();
            from.checked_add(span).map(|day| day.to_string()).map_err(|_| SessionError::Clock)
        };
        Ok(Retention {
            from: from.to_string(),
            electronic_until: until(self.exam.public.electronic_years)?,
            paper_until: until(self.exam.public.paper_years)?,
        })
    }

    /// Opens a case about a destruction; `early` says why before the last day of keeping. Nothing is deleted.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoReason`] for an empty description, way or reason; [`SessionError::KeptUntil`] before the last day is over without
    /// an `early` reason; [`SessionError::NotEarly`] for one after it; what [`Session::retention`] refuses; or a failure of the record.
    pub fn open_destruction(
        &mut self,
        what: Kept,
        (description, how, reason): (&str, &str, &str),
        early: Option<&str>,
    ) -> Result<DestructionStatus, SessionError> {
        if [description, how, reason].iter().any(|text| text.trim().is_empty()) {
            return Err(SessionError::NoReason);
        }
        let retention = self.retention()?;
        let until = match what {
            Kept::Electronic => retention.electronic_until,
            Kept::Paper => retention.paper_until,
        };
        let at = self.now();
        let (last, today): (Date, Date) = (until.parse().map_err(|_| SessionError::Clock)?, day_of(&at)?);
        let early = early.map(str::trim).unwrap_or_default();
        if today <= last && early.is_empty() {
            return Err(SessionError::KeptUntil { until });
        }
        if today > last && !early.is_empty() {
            return Err(SessionError::NotEarly { until });
        }
        let archives = self.store.journal()?.into_iter().rev().find(|entry| entry.kind == "archive");
        let archive = archives.and_then(|entry| entry.detail.get("manifest_sha256")?.as_str()?.parse().ok());
        let destruction = Destruction {
            what,
            description: description.trim().to_owned(),
            how: how.trim().to_owned(),
            reason: reason.trim().to_owned(),
            keep_until: until,
            early: early.to_owned(),
            archive,
        };
        let number = self.store.open_destruction(&destruction, &at)?;
        self.destruction(number)
    }

    /// Signs whether it is destroyed. It is decided once two people, with two names and two keys, have signed the same.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoCase`], [`SessionError::CaseClosed`]; [`SessionError::Custody`] for who is neither reviewer nor supervisor in the
    /// exam's manifest; [`SessionError::SamePerson`]; [`SessionError::NoReason`]; or a failure of the record.
    pub fn sign_destruction(
        &mut self,
        number: u64,
        identity: &Identity,
        outcome: DestructionOutcome,
        why: &str,
    ) -> Result<DestructionStatus, SessionError> {
        let status = self.destruction(number)?;
        let signature = self.signed(&status.case, identity, outcome, why)?;
        self.store.sign_destruction(&signature, &signature.at)?;
        self.destruction(number)
    }

    /// Every destruction with how it stands.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn destructions(&self) -> Result<Vec<DestructionStatus>, SessionError> {
        let status = |case: DestructionCase| {
            let decided = self.decided(&case).map(|decided| decided.first.outcome);
            DestructionStatus { case, decided }
        };
        Ok(self.store.destructions()?.into_iter().map(status).collect())
    }

    fn destruction(&self, number: u64) -> Result<DestructionStatus, SessionError> {
        let found = self.destructions()?.into_iter().find(|status| status.case.number == number);
        found.ok_or(SessionError::NoCase { what: Destruction::KIND.name, case: number })
    }

    /// Writes the destruction register (销毁登记表) as xlsx and pdf into `folder`; gives their paths.
    ///
    /// # Errors
    ///
    /// [`SessionError::Publish`], or a failure of the record or of a file.
    pub fn destruction_register(&self, folder: &Path) -> Result<Vec<PathBuf>, SessionError> {
        let lines: Vec<Matter> = self.destructions()?.iter().map(register_line).collect();
        written(folder, &publish::destruction_register(&self.exam, lines)?)
    }
}

fn register_line(status: &DestructionStatus) -> Matter {
    let Destruction { what, description, how, reason, keep_until, early, archive } = &status.case.opened;
    let what = match what {
        Kept::Electronic => "电子档案",
        Kept::Paper => "纸质档案",
    };
    let state = match status.decided {
        None => "尚待两人签署",
        Some(DestructionOutcome::Destroy) => "经两人签署，同意销毁",
        Some(DestructionOutcome::Keep) => "经两人签署，不予销毁",
    };
    let mut parts = vec![
        format!("{state}。内容：{description}"),
        format!("方式：{how}"),
        format!("缘由：{reason}"),
        format!("保管至 {keep_until}"),
    ];
    if !early.is_empty() {
        parts.push(format!("提前销毁缘由：{early}"));
    }
    parts.push(archive.map_or_else(|| "未归档".to_owned(), |code| format!("归档校验码 {code}")));
    for (signature, _) in &status.case.signatures {
        let word = match signature.outcome {
            DestructionOutcome::Destroy => "同意销毁",
            DestructionOutcome::Keep => "不予销毁",
        };
        parts.push(format!(
            "{} 于 {} 签署{word}（{}，公钥指纹 {}）",
            signature.person.name(),
            signature.at,
            signature.why,
            signature.person.fingerprint()
        ));
    }
    Matter { matter: format!("{what}销毁 {} 号", status.case.number), statement: parts.join("；") }
}

/// The day of a time of the journal, as it was there.
fn day_of(at: &str) -> Result<Date, SessionError> {
    at.get(..10).and_then(|day| day.parse().ok()).ok_or(SessionError::Clock)
}
