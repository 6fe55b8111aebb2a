//! The exam manifest: what an exam is, and who may do what in it.

use super::{CustodyError, ManifestFault};
use crate::identity::{Fingerprint, Identity, Person, Purpose, Signed};
use crate::sheet::{Form, LayoutName, PaperId, Sha256};
use serde::{Deserialize, Serialize};

/// The most custodians. The parts of a key grow with the number of k-subsets: seven make at most 35 with
/// four parts each; twenty would make 184 756.
pub const MOST_CUSTODIANS: usize = 7;

/// The fewest that release a key together.
pub const LEAST_THRESHOLD: u8 = 2;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The exam session's name (批次).
    pub batch: String,
    /// The centre that holds it.
    pub centre: String,
    /// Its day, as `exam.toml` says it.
    pub date: String,
    /// Its papers, ascending by id.
    pub papers: Vec<ManifestPaper>,
    /// How many custodians release a key together, at least: 2 to the number of custodians.
    pub threshold: u8,
    /// The custodians (密钥保管人), 2 to 7. Their order is that of a sealed key's parts.
    pub custodians: Vec<Person>,
    /// The supervisors, at least one: who may ask for a grading and publish.
    pub supervisors: Vec<Person>,
    /// The reviewers: who may be the second of two.
    pub reviewers: Vec<Person>,
}

/// One paper of the exam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestPaper {
    /// Its id.
    pub id: PaperId,
    /// Its forms (试卷类型), ascending.
    pub forms: Vec<Form>,
    /// The layout of its card.
    pub layout: LayoutName,
    /// Hash of that layout's file.
    pub layout_hash: Sha256,
    /// How many items it has.
    pub items: u16,
}

impl Manifest {
    /// Whether it holds together.
    ///
    /// # Errors
    ///
    /// [`CustodyError::Manifest`] with the first fault.
    pub fn check(&self) -> Result<(), CustodyError> {
        let count = self.custodians.len();
        let fault = if [&self.batch, &self.centre, &self.date].iter().any(|text| !is_line(text)) {
            ManifestFault::Words
        } else if self.papers.is_empty() || self.papers.iter().any(|p| p.forms.is_empty() || p.items == 0) {
            ManifestFault::Papers
        } else if !self.papers.is_sorted_by(|a, b| a.id < b.id)
            || self.papers.iter().any(|p| !p.forms.is_sorted_by(|a, b| a < b))
        {
            ManifestFault::Order
        } else if !(2..=MOST_CUSTODIANS).contains(&count) {
            ManifestFault::Custodians(count)
        } else if self.threshold < LEAST_THRESHOLD || usize::from(self.threshold) > count {
            ManifestFault::Threshold { threshold: self.threshold, custodians: count }
        } else if let Some(person) = self.custodians.iter().find(|p| p.sealing().is_none()) {
            ManifestFault::NoSealingKey(person.name().to_owned())
        } else if self.supervisors.is_empty() {
            ManifestFault::NoSupervisor
        } else if let Some((role, person)) = self.twice() {
            ManifestFault::Twice { role, name: person.name().to_owned() }
        } else {
            return Ok(());
        };
        Err(CustodyError::Manifest(fault))
    }

    /// Someone who has one role twice, or a custodian who shares a sealing key with another.
    fn twice(&self) -> Option<(&'static str, &Person)> {
        let roles = [
            ("a custodian", &self.custodians),
            ("a supervisor", &self.supervisors),
            ("a reviewer", &self.reviewers),
        ];
        roles.into_iter().find_map(|(role, people)| {
            let again = |(i, p): &(usize, &Person)| {
                people[..*i].iter().any(|q| {
                    q.is_same(p)
                        || (role == "a custodian" && q.sealing().is_some() && q.sealing() == p.sealing())
                })
            };
            people.iter().enumerate().find(again).map(|(_, p)| (role, p))
        })
    }
}

/// Whether the text is one line that says something.
pub(super) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

/// A manifest that its issuer signed. The hash of its content is the exam's id: another manifest with the
/// same name is another exam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamManifest(Signed<Manifest>);

impl ExamManifest {
    /// The manifest, signed by the issuer.
    ///
    /// # Errors
    ///
    /// As [`Manifest::check`].
    pub fn sign(manifest: Manifest, issuer: &Identity) -> Result<Self, CustodyError> {
        manifest.check()?;
        Ok(Self(Signed::sign(Purpose::Manifest, manifest, issuer)?))
    }

    /// The manifest in a file's bytes.
    ///
    /// # Errors
    ///
    /// [`CustodyError::Identity`] if it is none, was changed or its signature does not hold;
    /// [`CustodyError::Manifest`].
    pub fn open(bytes: &[u8]) -> Result<Self, CustodyError> {
        let signed: Signed<Manifest> = Signed::open(Purpose::Manifest, bytes)?;
        signed.body().check()?;
        Ok(Self(signed))
    }

    /// The exam's id.
    #[must_use]
    pub fn exam(&self) -> Sha256 {
        self.0.id()
    }

    /// The short form of the id, to be compared by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.exam())
    }

    /// What it says.
    #[must_use]
    pub fn body(&self) -> &Manifest {
        self.0.body()
    }

    /// Who signed it: the issuer of the exam and of its keys.
    #[must_use]
    pub fn issuer(&self) -> &Person {
        self.0.by()
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// The paper that has this form.
    ///
    /// # Errors
    ///
    /// [`CustodyError::NoPaper`].
    pub fn paper(&self, paper: &PaperId, form: &Form) -> Result<&ManifestPaper, CustodyError> {
        let fits = |p: &&ManifestPaper| p.id == *paper && p.forms.contains(form);
        let none = || CustodyError::NoPaper { paper: paper.clone(), form: form.clone() };
        self.body().papers.iter().find(fits).ok_or_else(none)
    }

    /// The place of a custodian in the list, from 0; `what` is the document they signed.
    ///
    /// # Errors
    ///
    /// [`CustodyError::WrongSigner`].
    pub fn custodian(&self, person: &Person, what: &'static str) -> Result<usize, CustodyError> {
        let wrong = || wrong_signer(what, person, "a custodian");
        self.body().custodians.iter().position(|c| c == person).ok_or_else(wrong)
    }

    /// Whether the person is a supervisor of this exam.
    ///
    /// # Errors
    ///
    /// [`CustodyError::WrongSigner`].
    pub fn supervisor(&self, person: &Person, what: &'static str) -> Result<(), CustodyError> {
        let known = self.body().supervisors.contains(person);
        if known { Ok(()) } else { Err(wrong_signer(what, person, "a supervisor")) }
    }

    /// Whether the person may sign what becomes of a candidate's result: a reviewer or a supervisor of this exam.
    ///
    /// # Errors
    ///
    /// [`CustodyError::WrongSigner`].
    pub fn reviewer(&self, person: &Person, what: &'static str) -> Result<(), CustodyError> {
        let body = self.body();
        let known = body.reviewers.contains(person) || body.supervisors.contains(person);
        if known { Ok(()) } else { Err(wrong_signer(what, person, "a reviewer or supervisor")) }
    }

    /// Everyone that the manifest names, and who signed it.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        let body = self.body();
        let named = body.custodians.iter().chain(&body.supervisors).chain(&body.reviewers);
        named.chain([self.issuer()])
    }
}

pub(super) fn wrong_signer(what: &'static str, person: &Person, role: &'static str) -> CustodyError {
    CustodyError::WrongSigner { what, name: person.name().to_owned(), role }
}
