//! Re-checks (成绩复核): cases about one candidate's sheet, and what two people decided.

use super::{Fault, Store, StoreError, decode, encode};
use crate::identity::{IdentityError, Person, Purpose, Signature, framed};
use crate::sheet::{Decision, EngineId, ItemLabel, Sha256, SheetId, TicketNumber};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A case as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// Whose.
    pub ticket: TicketNumber,
    /// The sheet that counts for them.
    pub sheet: SheetId,
    /// Why it was asked for, in the words of whoever asked.
    pub reason: String,
    /// The engine of the reading in the record.
    pub recorded_by: EngineId,
    /// Hash of that reading as it is recorded.
    pub recorded: Sha256,
    /// What reading the stored picture again came to.
    pub reread: Reread,
}

/// What reading a stored picture again came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reread {
    /// The engine that read it again.
    pub engine: EngineId,
    /// What came of it.
    pub outcome: RereadOutcome,
}

/// How a second reading stands to the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RereadOutcome {
    /// The same engine measured the same, to the last digit.
    Equal,
    /// Another engine read it; every mark and response is the same.
    SameResponses,
    /// It was read otherwise: each place with what the record has and what was read now.
    Differs(Vec<Difference>),
}

/// A place that was read otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Field and item: `items 17`, `ticket`; `sheet` for what concerns the whole.
    pub place: String,
    /// What the record has.
    pub recorded: String,
    /// What was read now.
    pub found: String,
}

impl RereadOutcome {
    /// Whether what counts was read as it is recorded.
    #[must_use]
    pub fn agrees(&self) -> bool {
        !matches!(self, Self::Differs(_))
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecheckOutcome {
    /// Every response stays as it is.
    Unchanged,
    /// These items were marked otherwise than the record says.
    Changed(Vec<ItemChange>),
}

/// An item and what is marked there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ItemChange {
    /// Which item.
    pub item: u16,
    /// What it was until then, as it counted: empty for blank.
    pub from: String,
    /// What is marked there: a value, or nothing.
    pub to: ItemValue,
}

/// What is marked at an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemValue {
    /// Nothing.
    Blank,
    /// These options.
    Value(String),
}

impl ItemValue {
    /// The same as a decision.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self {
            Self::Blank => Decision::Blank,
            Self::Value(value) => Decision::Value(value.clone()),
        }
    }
}

impl ItemChange {
    /// The item's label.
    #[must_use]
    pub fn label(&self) -> Option<ItemLabel> {
        self.item.to_string().parse().ok()
    }
}

/// One person's signature under an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecheckSignature {
    /// Number of the case.
    pub case: u64,
    /// Hash of the case as it was opened.
    pub case_hash: Sha256,
    /// What was decided.
    pub outcome: RecheckOutcome,
    /// Why.
    pub why: String,
    /// When, by the clock of the machine they signed on.
    pub at: String,
    /// Who.
    pub person: Person,
    /// Over all of the above but the person, whose key it is.
    pub signature: Signature,
}

impl RecheckSignature {
    /// What is signed: number and hash of the case, outcome, why and time, each with its length before it.
    #[must_use]
    pub fn bytes(case: u64, case_hash: &Sha256, outcome: &RecheckOutcome, why: &str, at: &str) -> Vec<u8> {
        let (case, hash) = (case.to_string(), case_hash.to_string());
        // A closed enum of text and numbers is always JSON.
        let outcome = serde_json::to_string(outcome).unwrap_or_default();
        framed([
            b"recheck".as_slice(),
            case.as_bytes(),
            hash.as_bytes(),
            outcome.as_bytes(),
            why.as_bytes(),
            at.as_bytes(),
        ])
    }

    /// Whether the person's key made it over what it says.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Signature`].
    pub fn verify(&self) -> Result<(), IdentityError> {
        let bytes = Self::bytes(self.case, &self.case_hash, &self.outcome, &self.why, &self.at);
        self.person.verify(Purpose::Case, &bytes, &self.signature)
    }
}

/// A case with everything that was signed under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecheckCase {
    /// Its number, from 1.
    pub number: u64,
    /// As it was opened.
    pub recheck: Recheck,
    /// Its hash: what signatures are over.
    pub hash: Sha256,
    /// The journal entry it was opened with.
    pub entry: u64,
    /// Signatures in their order, each with its journal entry.
    pub signatures: Vec<(RecheckSignature, u64)>,
}

impl RecheckCase {
    /// The first outcome that two people signed alike, with the journal entry of the second signature. Only
    /// signatures of those who `may` decide count.
    #[must_use]
    pub fn decided(
        &self,
        may: impl Fn(&Person) -> bool,
    ) -> Option<(&RecheckSignature, &RecheckSignature, u64)> {
        let held = |s: &RecheckSignature| s.case_hash == self.hash && may(&s.person) && s.verify().is_ok();
        for (at, (second, entry)) in self.signatures.iter().enumerate() {
            let earlier = self.signatures[..at].iter().map(|(first, _)| first);
            let alike = |first: &&RecheckSignature| {
                first.outcome == second.outcome
                    && !first.person.is_same(&second.person)
                    && first.person.name() != second.person.name()
                    && held(first)
            };
            if held(second)
                && let Some(first) = earlier.into_iter().find(alike)
            {
                return Some((first, second, *entry));
            }
        }
        None
    }
}

impl Store {
    /// Opens a case; gives its number.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownSheet`] if the sheet is not in the record, or a failure of the file.
    pub fn open_recheck(&mut self, recheck: &Recheck, at: &str) -> Result<u64, StoreError> {
        self.write("recheck-open", at, |tx, entry| {
            let sheet = recheck.sheet;
            if super::record::page(tx, &sheet)?.is_none() {
                return Err(StoreError::UnknownSheet { sheet }.into());
            }
            let text = encode("re-check", recheck)?;
            tx.prepare_cached(
                "INSERT INTO rechecks (ticket, image, page, recheck, entry) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                recheck.ticket.as_str(),
                sheet.image.to_string(),
                sheet.page,
                &text,
                entry,
            ))?;
            let number = tx.last_insert_rowid().unsigned_abs();
            let detail = json!({
                "case": number, "ticket": recheck.ticket.as_str(), "sheet": sheet.to_string(),
                "reason": recheck.reason, "agrees": recheck.reread.outcome.agrees(),
                "case_sha256": Sha256::of(text.as_bytes()).to_string(),
            });
            Ok((number, Some(detail)))
        })
    }

    /// Adds a signature under a case.
    ///
    /// # Errors
    ///
    /// [`StoreError::Signature`] if it does not hold, [`StoreError::NoCase`] if there is no such case, or a failure
    /// of the file. Whether it may be signed so is asked before.
    pub fn sign_recheck(&mut self, signature: &RecheckSignature, at: &str) -> Result<(), StoreError> {
        signature.verify().map_err(StoreError::Signature)?;
        let signer = signature.person.fingerprint().to_string();
        self.write_signed("recheck-sign", at, &signer, |tx, entry| {
            let case = cases(tx)?.into_iter().find(|case| case.number == signature.case);
            if case.is_none_or(|case| case.hash != signature.case_hash) {
                return Err(StoreError::NoCase { case: signature.case }.into());
            }
            let number = i64::try_from(signature.case).map_err(|_| Fault::Row("rechecks"))?;
            tx.prepare_cached(
                "INSERT INTO recheck_signatures (recheck, signature, entry) VALUES (?1, ?2, ?3)",
            )?
            .execute((number, encode("signature", signature)?, entry))?;
            let detail = json!({
                "case": signature.case, "outcome": signature.outcome, "why": signature.why,
                "name": signature.person.name(),
            });
            Ok(((), Some(detail)))
        })
    }

    /// All cases in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn rechecks(&self) -> Result<Vec<RecheckCase>, StoreError> {
        self.read(cases)
    }

    /// Whether a score of this candidate was recorded after journal entry `entry`.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn scored_since(&self, ticket: &TicketNumber, entry: u64) -> Result<bool, StoreError> {
        self.read(|tx| {
            let entry = i64::try_from(entry).unwrap_or(i64::MAX);
            Ok(tx
                .prepare_cached("SELECT 1 FROM scores WHERE ticket = ?1 AND entry > ?2")?
                .exists((ticket.as_str(), entry))?)
        })
    }
}

fn cases(tx: &Transaction<'_>) -> Result<Vec<RecheckCase>, Fault> {
    let mut statement = tx.prepare_cached("SELECT seq, recheck, entry FROM rechecks ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut out: Vec<RecheckCase> = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        out.push(RecheckCase {
            number: row.get::<_, i64>(0)?.unsigned_abs(),
            recheck: decode("rechecks", &text)?,
            hash: Sha256::of(text.as_bytes()),
            entry: row.get::<_, i64>(2)?.unsigned_abs(),
            signatures: Vec::new(),
        });
    }
    let mut statement =
        tx.prepare_cached("SELECT recheck, signature, entry FROM recheck_signatures ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number = row.get::<_, i64>(0)?.unsigned_abs();
        let signature = decode("recheck_signatures", &row.get::<_, String>(1)?)?;
        let case = out.iter_mut().find(|case| case.number == number).ok_or(Fault::Row("rechecks"))?;
        case.signatures.push((signature, row.get::<_, i64>(2)?.unsigned_abs()));
    }
    Ok(out)
}
