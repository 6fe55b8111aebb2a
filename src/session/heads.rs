//! Heads of the journal: signed by people, printed as slips.

use super::slip::{self, HeadCode, Slip};
use super::{Session, SessionError};
use crate::identity::{Identity, Purpose};
use crate::publish::{self, SlipSigner};
use crate::store::{HeadSignature, JournalEntry, JournalHead};

/// Acts after which the journal's head is signed by a supervisor and a custodian.
const SIGNED_ACTS: [&str; 6] = ["freeze", "open", "grade", "regrade", "publish", "withdraw"];

/// A head of the journal with who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// The head.
    pub head: JournalHead,
    /// Its code.
    pub code: HeadCode,
    /// The entry.
    pub entry: JournalEntry,
    /// Signatures under it.
    pub signatures: Vec<HeadSignature>,
}

/// A slip, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedHead {
    /// What is on it.
    pub head: SignedHead,
    /// As a PDF file.
    pub pdf: Vec<u8>,
    /// As text: what its QR code holds.
    pub text: String,
}

impl Session {
    /// What signatures call this session: the batch, and the beginning of the exam's id where the session is bound to a manifest.
    pub(super) fn exam_called(&self) -> Result<String, SessionError> {
        let batch = &self.exam.batch;
        Ok(match self.store.manifest()? {
            Some(bound) => format!("{batch} {}", bound.exam.short()),
            None => batch.clone(),
        })
    }

    /// The journal, entry by entry.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn journal(&self) -> Result<Vec<JournalEntry>, SessionError> {
        Ok(self.store.journal()?)
    }

    /// The head at entry `sequence`, or at the last act: signatures are no acts, so that several people sign the
    /// same head.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoEntry`] if the journal has no such entry, or a failure of the record.
    pub fn head(&self, sequence: Option<u64>) -> Result<SignedHead, SessionError> {
        let number = match sequence {
            Some(number) => number,
            None => self.store.act_head()?.sequence,
        };
        let missing = || SessionError::NoEntry { entry: number };
        let entry = self.store.journal()?.into_iter().find(|e| e.sequence == number).ok_or_else(missing)?;
        let head = JournalHead { sequence: number, hash: entry.hash };
        let mut signatures = self.store.head_signatures()?;
        signatures.retain(|signature| signature.head() == head);
        Ok(SignedHead { head, code: HeadCode::of(&head), entry, signatures })
    }

    /// Signs the last act's head as `role`. The signature is an entry of its own, which later heads cover.
    ///
    /// # Errors
    ///
    /// [`SessionError::Role`] if the role is not one word, [`SessionError::NoEntry`] for an empty journal, or a
    /// failure of the record.
    pub fn sign_head(&mut self, identity: &Identity, role: &str) -> Result<SignedHead, SessionError> {
        let head = self.head(None)?.head;
        let signature = signed(&self.exam_called()?, head, identity, role, &self.now())?;
        self.add_head_signature(&signature)?;
        self.head(Some(head.sequence))
    }

    /// Acts after which a supervisor and a custodian of the exam's manifest sign the journal's head, and no head at or behind them
    /// is signed by both: each with its entry. Empty for a session without a manifest.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn acts_to_sign(&self) -> Result<Vec<(String, u64)>, SessionError> {
        let Some(manifest) = &self.manifest else { return Ok(Vec::new()) };
        let body = manifest.body();
        let called = self.exam_called()?;
        let mut signed = [0; 2];
        for signature in self.store.head_signatures()? {
            let holds = signature.exam == called
                && self.store.head_at(signature.sequence)? == Some(signature.head())
                && HeadSignature::verify(&signature).is_ok();
            for (signed, people) in signed.iter_mut().zip([&body.supervisors, &body.custodians]) {
                if holds && people.contains(&signature.person) {
                    *signed = signature.sequence.max(*signed);
                }
            }
        }
        let mut acts = self.store.acts(&SIGNED_ACTS)?;
        acts.retain(|(_, entry)| signed.iter().any(|signed| signed < entry));
        Ok(acts)
    }

    /// Takes in a signature that was made elsewhere, with [`sign_slip`].
    ///
    /// # Errors
    ///
    /// A signature that doesn't hold, one of another exam ([`SessionError::OtherExam`]), or under a head that this
    /// journal doesn't have.
    pub fn add_head_signature(&mut self, signature: &HeadSignature) -> Result<(), SessionError> {
        if signature.exam != self.exam_called()? {
            return Err(SessionError::OtherExam { signed: signature.exam.clone() });
        }
        let at = self.now();
        Ok(self.store.sign_head(signature, &at)?)
    }

    /// The slip of the head at entry `sequence`, or at the last act.
    ///
    /// # Errors
    ///
    /// As [`Session::head`]; [`SessionError::Publish`].
    pub fn head_slip(&self, sequence: Option<u64>) -> Result<PrintedHead, SessionError> {
        let head = self.head(sequence)?;
        let text = slip::text_of(&self.exam_called()?, &head.head, &head.signatures);
        let (at, utc) = shown(&head.entry.at);
        let signer = |s: &HeadSignature| SlipSigner {
            role: role_title(&s.role).to_owned(),
            name: s.person.name().to_owned(),
            fingerprint: s.person.fingerprint().to_string(),
            at: shown(&s.at).0,
        };
        let pdf = publish::head_slip(&publish::HeadSlip {
            exam: self.exam.batch.clone(),
            centre: self.exam.centre.clone(),
            entry: head.head.sequence,
            act: act_title(&head.entry.kind),
            who: head.entry.who.clone(),
            at,
            utc,
            code: head.code.to_string(),
            hash: head.head.hash.to_string(),
            text: text.clone(),
            keyword: format!("{}{}", slip::MARK, head.code),
            signatures: head.signatures.iter().map(signer).collect(),
        })?;
        Ok(PrintedHead { head, pdf, text })
    }
}

/// A signature under a slip, made where the session is not: on the signer's own machine. It is taken in with
/// [`Session::add_head_signature`].
///
/// # Errors
///
/// [`SessionError::BareCode`] for a slip that is a code alone: a signature is over the whole hash;
/// [`SessionError::Role`].
pub fn sign_slip(
    slip: &Slip,
    identity: &Identity,
    role: &str,
    at: &str,
) -> Result<HeadSignature, SessionError> {
    let (exam, head) = slip.head.as_ref().ok_or(SessionError::BareCode)?;
    signed(exam, *head, identity, role, at)
}

fn signed(
    exam: &str,
    head: JournalHead,
    identity: &Identity,
    role: &str,
    at: &str,
) -> Result<HeadSignature, SessionError> {
    let one_word = (1..=24).contains(&role.chars().count())
        && !role.chars().any(|c| c.is_whitespace() || c.is_control());
    if !one_word {
        return Err(SessionError::Role { role: role.to_owned() });
    }
    let bytes = HeadSignature::bytes(exam, &head, role, at);
    Ok(HeadSignature {
        exam: exam.to_owned(),
        sequence: head.sequence,
        hash: head.hash,
        role: role.to_owned(),
        at: at.to_owned(),
        person: identity.person().clone(),
        signature: identity.sign(Purpose::JournalHead, &bytes),
    })
}

/// A role as it is printed; one that we don't know as it was given.
pub(super) fn role_title(role: &str) -> &str {
    match role {
        "supervisor" => "督导员",
        "custodian" => "密钥保管人",
        "reviewer" => "复核人",
        "operator" => "操作员",
        other => other,
    }
}

/// An act as it is printed.
fn act_title(kind: &str) -> String {
    let title = match kind {
        "scan" => "扫描",
        "health" => "扫描仪状况",
        "import" => "导入",
        "resolve" => "异常裁定",
        "freeze" => "冻结",
        "request" => "阅卷申请",
        "release" => "密钥释放",
        "open" => "密钥开启",
        "grade" => "阅卷计分",
        "regrade" => "重新计分",
        "check" => "复核计分",
        "publish" => "成绩发布",
        "propose" => "发布提请",
        "propose-sign" => "发布复核与批准",
        "withdraw" => "发布撤回",
        "late-open" => "迟到答题卡立案",
        "late-sign" => "迟到答题卡签署",
        "public-list" => "公示名单",
        "lookup-page" => "成绩查询页",
        "province-export" => "数据上报",
        "destruction-open" => "销毁立案",
        "destruction-sign" => "销毁签署",
        "recheck-open" => "成绩复核立案",
        "recheck-sign" => "成绩复核签署",
        "head-sign" => "日志签名",
        "result-slips" => "成绩通知单",
        _ => return kind.to_owned(),
    };
    format!("{title}（{kind}）")
}

/// A time of the journal as people read it, in local time with its offset and in UTC; as it is if it can't be read.
pub(super) fn shown(at: &str) -> (String, String) {
    let Ok(time) = at.parse::<jiff::Timestamp>() else { return (at.to_owned(), String::new()) };
    let local = at.replacen('T', " ", 1);
    let local = match local.char_indices().skip(19).find(|(_, c)| matches!(c, '+' | '-' | 'Z')) {
        Some((place, _)) => format!("{} {}", &local[..place], &local[place..]),
        None => local,
    };
    (local, time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}
