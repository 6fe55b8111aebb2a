//! Publications and withdrawals on their way: proposed, checked, approved.

use super::cases::{Case, CaseFile, CaseKind, Signed, cases};
use super::{Publication, Store, StoreError, encode};
use crate::identity::Signature;
use crate::sheet::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposal {
    /// To issue results under the next number.
    Issue(Box<ProposedIssue>),
    /// To withdraw a number that is in force (撤回).
    Withdraw(ProposedWithdrawal),
}

/// Results to be issued, and everything that they stand on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedIssue {
    /// What will be recorded; it names no proposal yet.
    pub publication: Publication,
    /// The answer keys in force.
    pub keys: Vec<KeyInForce>,
    /// The journal's last act when it was proposed, and its hash.
    pub head: (u64, Sha256),
    /// SHA-256 of what is signed of every printed page, paper by paper.
    pub pages: Vec<Sha256>,
}

/// A number to be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedWithdrawal {
    /// Which.
    pub number: u64,
    /// Why.
    pub reason: String,
    /// SHA-256 of the publication as it is recorded.
    pub publication: Sha256,
    /// Its certificates, which are revoked (注销) with it.
    pub revoked: Vec<String>,
    /// The journal's last act when it was proposed, and its hash.
    pub head: (u64, Sha256),
}

/// Which revision of an answer key scores were made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInForce {
    /// The theory paper.
    pub paper: String,
    /// Its form.
    pub form: String,
    /// The revision.
    pub revision: u16,
}

/// What a person signs about a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalOutcome {
    /// 复核: looked through and found right.
    Checked,
    /// 批准: to be issued. The supervisor's signatures under the pages, in their order.
    Approved {
        /// None for a withdrawal.
        seals: Vec<Signature>,
    },
}

impl CaseFile for Proposal {
    type Outcome = ProposalOutcome;
    const KIND: CaseKind = CaseKind {
        name: "proposal",
        tag: "proposal",
        table: "proposals",
        column: "proposal",
        signatures: "proposal_signatures",
        signed: "propose-sign",
    };

    fn told(outcome: &ProposalOutcome) -> serde_json::Value {
        match outcome {
            ProposalOutcome::Checked => json!("checked"),
            ProposalOutcome::Approved { seals } => json!({ "approved": seals.len() }),
        }
    }
}

impl Proposal {
    /// The number that it issues or withdraws.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Issue(issue) => issue.publication.number,
            Self::Withdraw(withdrawal) => withdrawal.number,
        }
    }
}

/// A proposal with everything that was signed under it.
pub type ProposalCase = Case<Proposal>;

/// One person's signature under a proposal.
pub type ProposalSignature = Signed<ProposalOutcome>;

impl Store {
    /// Adds a proposal; gives its number. `files` are the papers that show it, with their hashes. Whatever was proposed before and not
    /// issued is no longer to be signed.
    ///
    /// # Errors
    ///
    /// A failure of the file.
    pub fn propose(
        &mut self,
        proposal: &Proposal,
        files: &serde_json::Value,
        at: &str,
    ) -> Result<u64, StoreError> {
        self.write("propose", at, |tx, entry| {
            let text = encode("proposal", proposal)?;
            tx.prepare_cached("INSERT INTO proposals (proposal, entry) VALUES (?1, ?2)")?
                .execute((&text, entry))?;
            let case = tx.last_insert_rowid().unsigned_abs();
            let (act, reason) = match proposal {
                Proposal::Issue(issue) => ("issue", &issue.publication.reason),
                Proposal::Withdraw(withdrawal) => ("withdraw", &withdrawal.reason),
            };
            let detail = json!({
                "case": case, "act": act, "number": proposal.number(), "reason": reason, "files": files,
                "case_sha256": Sha256::of(text.as_bytes()).to_string(),
            });
            Ok((case, Some(detail)))
        })
    }

    /// Adds a signature under a proposal.
    ///
    /// # Errors
    ///
    /// As [`Store::sign_recheck`].
    pub fn sign_proposal(&mut self, signature: &ProposalSignature, at: &str) -> Result<(), StoreError> {
        self.sign_case::<Proposal>(signature, at)
    }

    /// All proposals in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] if one can't be read.
    pub fn proposals(&self) -> Result<Vec<ProposalCase>, StoreError> {
        self.read(cases::<Proposal>)
    }
}
