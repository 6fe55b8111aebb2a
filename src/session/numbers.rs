//! Every number that was issued, with its state and its people.

use super::publishing::number_of;
use super::results::changes;
use super::{Approval, NumberState, Session, SessionError};
use crate::publish::Matter;
use crate::store::{ProposalSignature, Publication, Withdrawal};
use std::fmt::Write as _;

/// A number that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// As it was issued.
    pub publication: Publication,
    /// When, as the journal says.
    pub at: String,
    /// Whether it is in force.
    pub state: NumberState,
    /// Who checked and approved it; `None` if it was issued before publications were signed.
    pub approval: Option<Approval>,
    /// Its withdrawal, with who checked and approved that.
    pub withdrawal: Option<(Withdrawal, Approval)>,
    /// Every line that it says otherwise than the number it corrects.
    pub changed: Vec<Matter>,
}

impl Session {
    /// Every number that was issued, in order.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn numbers(&self) -> Result<Vec<Numbered>, SessionError> {
        let all = self.store.publications()?;
        let cases = self.store.proposals()?;
        let withdrawals = self.store.withdrawals()?;
        let journal = self.store.journal()?;
        let approval = |number: u64| {
            cases
                .iter()
                .find(|case| case.number == number)
                .map(|case| self.approval_of(case))
                .unwrap_or_default()
        };
        let mut out = Vec::with_capacity(all.len());
        for publication in &all {
            let number = publication.number;
            let issued = journal.iter().find(|entry| number_of(entry) == Some(number));
            let withdrawal = withdrawals.iter().find(|w| w.number == number);
            let earlier = publication.corrects.and_then(|n| all.iter().find(|p| p.number == n));
            out.push(Numbered {
                at: issued.map(|entry| entry.at.clone()).unwrap_or_default(),
                state: self.number_state(number)?,
                approval: publication.proposal.map(approval),
                withdrawal: withdrawal.map(|w| (w.clone(), approval(w.proposal))),
                changed: earlier.map(|earlier| changes(earlier, publication)).unwrap_or_default(),
                publication: publication.clone(),
            });
        }
        Ok(out)
    }

    /// The same as a text to be read, and the register of certificates.
    pub(super) fn publications_text(&self) -> Result<String, SessionError> {
        let mut out = format!("{}　发布一览\n", self.exam.batch);
        // Writing to a string can't fail.
        for line in self.numbers()? {
            let Numbered { publication, at, state, approval, withdrawal, changed } = line;
            let _ = writeln!(out, "\n第 {} 号　{}　{at}", publication.number, state.title());
            if let Some(corrects) = publication.corrects {
                let reason = &publication.reason;
                let _ = writeln!(out, "  更正第 {corrects} 号，变动 {} 人，原因：{reason}", changed.len());
            }
            for change in changed {
                let _ = writeln!(out, "    {}", change.statement);
            }
            match approval {
                Some(approval) => people(&mut out, &approval),
                None => out.push_str("  发布时未经电子签署（较早版本的程序）\n"),
            }
            if let Some((withdrawal, approval)) = withdrawal {
                let _ = writeln!(out, "  撤回原因：{}", withdrawal.reason);
                people(&mut out, &approval);
            }
        }
        let register = self.certificates()?;
        if !register.is_empty() {
            out.push_str("\n证书登记\n");
        }
        for line in register {
            let certificate = &line.certificate;
            let state = match &line.revoked {
                None => "有效".to_owned(),
                Some((number, why)) => format!("已注销（第 {number} 号：{why}）"),
            };
            let _ = writeln!(
                out,
                "  {}　准考证号 {}　发证日期 {}　第 {} 号发布　{state}",
                certificate.number, certificate.ticket, certificate.issued, line.publication
            );
        }
        Ok(out)
    }
}

impl NumberState {
    /// As it is printed: 有效, 已更正, 已撤回.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::InForce => "有效".to_owned(),
            Self::Corrected(by) => format!("已由第 {by} 号更正"),
            Self::Withdrawn(_) => "已撤回".to_owned(),
            Self::Unknown => "未发布".to_owned(),
        }
    }

    /// The word for it: `in-force`, `corrected`, `withdrawn`, `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Corrected(_) => "corrected",
            Self::Withdrawn(_) => "withdrawn",
            Self::Unknown => "unknown",
        }
    }
}

fn people(out: &mut String, approval: &Approval) {
    let mut say = |what: &str, signature: &Option<ProposalSignature>| {
        if let Some(s) = signature {
            let (name, print) = (s.person.name(), s.person.fingerprint());
            let _ = writeln!(out, "  {what}：{name}　{}　{}　公钥指纹 {print}", s.at, s.why);
        }
    };
    say("复核", &approval.checked);
    say("批准", &approval.approved);
}
