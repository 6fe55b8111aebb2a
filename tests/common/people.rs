//! The people of a test's exam and their papers: an issuer, three custodians of whom two release, a supervisor.

use age::secrecy::SecretString;
use duka::identity::{Identity, Person, Strength};
use duka::key::{ExamManifest, Manifest, Moment, Proposal, Release, Request, SealedKey, Terms, seal};
use duka::session::exam_papers;
use std::path::Path;

/// Opens every identity file of the tests.
pub const PASSPHRASE: &str = "only for tests";

pub struct People {
    pub issuer: Identity,
    pub custodians: Vec<Identity>,
    pub supervisor: Identity,
    pub reviewer: Identity,
}

impl People {
    pub fn new() -> Self {
        Self {
            issuer: Identity::generate("陈命题").unwrap(),
            custodians: ["张保管", "李保管", "王保管"].map(|n| Identity::custodian(n).unwrap()).into(),
            supervisor: Identity::generate("赵主任").unwrap(),
            reviewer: Identity::generate("孙复核").unwrap(),
        }
    }

    /// The manifest of the exam in `folder`, two of three.
    pub fn manifest(&self, folder: &Path) -> ExamManifest {
        let (exam, papers) = exam_papers(folder).unwrap();
        let body = Manifest {
            batch: exam.batch,
            centre: exam.centre,
            date: exam.date,
            papers,
            threshold: 2,
            custodians: people(&self.custodians),
            supervisors: vec![self.supervisor.person().clone()],
            reviewers: vec![self.reviewer.person().clone()],
        };
        ExamManifest::sign(body, &self.issuer).unwrap()
    }

    pub fn seal(&self, text: &str, manifest: &ExamManifest) -> SealedKey {
        seal(text, "key.toml", manifest, &terms(text), &self.issuer).unwrap()
    }

    /// The releases of these custodians (places from 0).
    pub fn release(&self, request: &Request, sealed: &[SealedKey], who: &[usize]) -> Vec<Release> {
        let release = |&place: &usize| {
            let custodian = &self.custodians[place];
            let proposal = Proposal::check(request, sealed, custodian.person(), now()).unwrap();
            proposal.release(custodian, now()).unwrap()
        };
        who.iter().map(release).collect()
    }
}

pub fn people(identities: &[Identity]) -> Vec<Person> {
    identities.iter().map(|i| i.person().clone()).collect()
}

/// The clock of every machine of the tests.
pub fn now() -> Moment {
    super::clock().parse().unwrap()
}

/// Terms that let the key be released now; a corrected one says why.
pub fn terms(text: &str) -> Terms {
    let first = text.contains("revision = 1\n");
    Terms {
        threshold: None,
        not_before: "2020-01-01T00:00:00Z".parse().unwrap(),
        reason: if first { String::new() } else { "第3题更正".into() },
    }
}

/// The secret file of an identity, under [`PASSPHRASE`].
pub fn file_of(identity: &Identity) -> Vec<u8> {
    identity.to_file(&SecretString::from(PASSPHRASE.to_owned()), Strength::MadeUp).unwrap()
}
