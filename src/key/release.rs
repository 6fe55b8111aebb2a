//! A release: a custodian's parts, handed to one request; and opening a key with enough of them.

use super::sealed::{no_custodian, open_parts, seal_parts, subsets};
use super::secret::Secret;
use super::text::Blob;
use super::{AnswerKey, CustodyError, Moment, OneUseKey, Request, RequestedKey, SealedKey};
use crate::identity::{Fingerprint, Identity, Person, Purpose, Signed};
use crate::sheet::{Form, PaperId, Sha256};
use serde::{Deserialize, Serialize};

const PART: &[u8] = b"duka-seal-1 released part";

/// Length of one part, in bytes.
const WIDTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    exam: Sha256,
    request: Sha256,
    at: Moment,
    parts: Vec<ReleasedPart>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleasedPart {
    paper: PaperId,
    form: Form,
    revision: u16,
    /// Hash of the sealed key's file.
    file: Sha256,
    /// The custodian's parts as an age file for the request's one-use key.
    parts: Blob,
}

/// A custodian's release, whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release(Signed<Body>);

/// What a custodian is shown, checked against the sealed keys, before they release anything.
#[derive(Debug)]
pub struct Proposal<'r> {
    request: &'r Request,
    sealed: Vec<&'r SealedKey>,
    place: usize,
}

impl<'r> Proposal<'r> {
    /// Checks a request against the sealed keys a custodian was given, and the custodian against the exam:
    /// the files are those that the request names, of that exam, signed by its issuer, and their time has
    /// come by the clock `now` of this machine.
    ///
    /// # Errors
    ///
    /// [`CustodyError::WrongSigner`] if the person is no custodian of the exam,
    /// [`CustodyError::NoSealedKey`], [`CustodyError::NotAsked`], [`CustodyError::TooEarly`], or what
    /// [`SealedKey::belongs`] refuses.
    pub fn check(
        request: &'r Request,
        sealed: &'r [SealedKey],
        custodian: &Person,
        now: Moment,
    ) -> Result<Self, CustodyError> {
        let place = request.manifest().custodian(custodian, "release")?;
        let sealed = chosen(request, sealed)?;
        for key in &sealed {
            if now < key.not_before() {
                return Err(CustodyError::TooEarly { not_before: key.not_before(), now });
            }
        }
        Ok(Self { request, sealed, place })
    }

    /// The sealed keys, in the order of the request.
    #[must_use]
    pub fn keys(&self) -> &[&'r SealedKey] {
        &self.sealed
    }

    /// The custodian's parts of every key, sealed to the request's one-use key and signed.
    ///
    /// # Errors
    ///
    /// [`CustodyError::Part`] if a part does not open, [`CustodyError::NotACustodian`] for an identity that
    /// is not the one that was checked.
    pub fn release(&self, custodian: &Identity, now: Moment) -> Result<Release, CustodyError> {
        if self.request.manifest().custodian(custodian.person(), "release")? != self.place {
            return Err(no_custodian(custodian.person()));
        }
        let mut parts = Vec::with_capacity(self.sealed.len());
        for key in &self.sealed {
            let own = key.parts_of(self.place, custodian)?;
            let (request, file) = (self.request.id(), key.file_hash());
            let labels: [&[u8]; 3] = [PART, request.as_bytes(), file.as_bytes()];
            let sealed = seal_parts(&labels, self.place, &[own.bytes()], self.request.one_use())?;
            let binding = key.binding();
            parts.push(ReleasedPart {
                paper: binding.paper,
                form: binding.form,
                revision: binding.revision,
                file,
                parts: Blob(sealed),
            });
        }
        let (exam, request) = (self.request.manifest().exam(), self.request.id());
        Ok(Release(Signed::sign(Purpose::Release, Body { exam, request, at: now, parts }, custodian)?))
    }
}

/// The sealed key of each key that the request names; others are refused.
fn chosen<'r>(request: &Request, sealed: &'r [SealedKey]) -> Result<Vec<&'r SealedKey>, CustodyError> {
    for key in sealed {
        key.belongs(request.manifest())?;
        request.asks_for(key)?;
    }
    let found = |asked: &RequestedKey| {
        sealed.iter().find(|key| key.file_hash() == asked.file).ok_or_else(|| CustodyError::NoSealedKey {
            paper: asked.paper.clone(),
            form: asked.form.clone(),
            revision: asked.revision,
        })
    };
    request.keys().iter().map(found).collect()
}

impl Release {
    /// The release in a file's bytes.
    ///
    /// # Errors
    ///
    /// [`CustodyError::Identity`] if it is none, was changed or its signature does not hold.
    pub fn open(bytes: &[u8]) -> Result<Self, CustodyError> {
        Ok(Self(Signed::open(Purpose::Release, bytes)?))
    }

    /// The request it was made for.
    #[must_use]
    pub fn request(&self) -> Sha256 {
        self.0.body().request
    }

    /// Who made it.
    #[must_use]
    pub fn custodian(&self) -> &Person {
        self.0.by()
    }

    /// When, by the custodian's clock.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.0.body().at
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        self.0.id()
    }

    /// Short form of its file's hash.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text()
    }
}

/// A request with enough releases, all of them checked as far as that goes without a secret.
#[derive(Debug)]
pub struct Quorum<'r> {
    request: &'r Request,
    sealed: Vec<&'r SealedKey>,
    /// Place of each custodian, ascending, and their release.
    releases: Vec<(usize, &'r Release)>,
}

impl<'r> Quorum<'r> {
    /// Checks releases against the request that is open, the sealed keys of the session and its clock.
    ///
    /// # Errors
    ///
    /// [`CustodyError::OtherRequest`], [`CustodyError::OtherExam`], [`CustodyError::WrongSigner`],
    /// [`CustodyError::SameCustodian`], [`CustodyError::TooFew`], [`CustodyError::TooEarly`],
    /// [`CustodyError::NoSealedKey`] or [`CustodyError::NotAsked`].
    pub fn check(
        request: &'r Request,
        sealed: &'r [SealedKey],
        releases: &'r [Release],
        now: Moment,
    ) -> Result<Self, CustodyError> {
        let manifest = request.manifest();
        let sealed = chosen(request, sealed)?;
        let mut found: Vec<(usize, &Release)> = Vec::with_capacity(releases.len());
        for release in releases {
            let name = || release.custodian().name().to_owned();
            let place = manifest.custodian(release.custodian(), "release")?;
            let body = release.0.body();
            if body.exam != manifest.exam() {
                let (found, expected) = (body.exam, manifest.exam());
                return Err(CustodyError::OtherExam { what: "release", found, expected });
            }
            if body.request != request.id() {
                let (found, expected) = (body.request, request.id());
                return Err(CustodyError::OtherRequest { name: name(), found, expected });
            }
            if found.iter().any(|(known, _)| *known == place) {
                return Err(CustodyError::SameCustodian { name: name() });
            }
            found.push((place, release));
        }
        found.sort_by_key(|(place, _)| *place);
        for key in &sealed {
            let needed = usize::from(key.header().threshold);
            if found.len() < needed {
                let binding = key.binding();
                let (paper, form) = (binding.paper, binding.form);
                return Err(CustodyError::TooFew { paper, form, found: found.len(), needed });
            }
            if now < key.not_before() {
                return Err(CustodyError::TooEarly { not_before: key.not_before(), now });
            }
        }
        Ok(Self { request, sealed, releases: found })
    }

    /// The sealed keys, in the order of the request.
    #[must_use]
    pub fn keys(&self) -> &[&'r SealedKey] {
        &self.sealed
    }

    /// The releases, in the order of the manifest's custodians.
    pub fn releases(&self) -> impl Iterator<Item = &'r Release> {
        self.releases.iter().map(|(_, release)| *release)
    }

    /// Whether this is the one-use key that the releases were made for, and opens enough parts of every key. No
    /// answer key is opened: a request is not used up by a release that is damaged.
    ///
    /// # Errors
    ///
    /// [`CustodyError::OneUse`]; [`CustodyError::Part`] for a release without a key's parts or with others, unless there
    /// are enough without it.
    pub fn takes(&self, one_use: &OneUseKey) -> Result<(), CustodyError> {
        self.request.opens_with(one_use)?;
        self.sealed.iter().try_for_each(|key| self.parts_of(key, one_use).map(drop))
    }

    /// One of the keys, open. Every use of the one-use key goes through here. Of more releases than are needed, any that
    /// make the key will do: one custodian more makes up for a part that is not what it should be.
    ///
    /// # Errors
    ///
    /// As [`Quorum::takes`]; [`CustodyError::Combined`], or what the key's own text refuses.
    pub fn open(&self, key: &SealedKey, one_use: &OneUseKey) -> Result<AnswerKey, CustodyError> {
        self.request.opens_with(one_use)?;
        self.request.asks_for(key)?;
        let parts = self.parts_of(key, one_use)?;
        // At most the 35 ways to choose 3 or 4 of 7.
        for chosen in subsets(parts.len(), usize::from(key.header().threshold)) {
            let (places, parts): (Vec<usize>, Vec<&Secret>) =
                chosen.iter().filter_map(|&at| parts.get(at)).map(|(place, part)| (*place, part)).unzip();
            match key.combine(&places, &parts) {
                Err(CustodyError::Combined) => {}
                opened => return opened,
            }
        }
        Err(CustodyError::Combined)
    }

    /// The parts of a key that open, each with its custodian's place, if there are enough.
    fn parts_of(&self, key: &SealedKey, one_use: &OneUseKey) -> Result<Vec<(usize, Secret)>, CustodyError> {
        let (request, file, length) = (self.request.id(), key.file_hash(), key.parts_each() * WIDTH);
        let labels: [&[u8]; 3] = [PART, request.as_bytes(), file.as_bytes()];
        let mut opened = Vec::with_capacity(self.releases.len());
        let mut damaged = None;
        for (place, release) in &self.releases {
            let part = release.0.body().parts.iter().find(|part| part.file == file);
            let part =
                part.and_then(|part| open_parts(&labels, *place, length, &part.parts.0, one_use.identity()));
            match part {
                Some(part) => opened.push((*place, part)),
                None => {
                    damaged.get_or_insert(release.custodian().name());
                }
            }
        }
        match damaged {
            Some(name) if opened.len() < usize::from(key.header().threshold) => {
                Err(CustodyError::Part { name: name.to_owned() })
            }
            _ => Ok(opened),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::KeyBinding;
    use super::super::custody_tests::{KEY, exam, moment};
    use super::*;

    #[test]
    fn a_part_that_is_another_one_is_made_up_for_by_one_custodian_more() {
        let exam = exam(3, 2);
        let sealed = [exam.seal(KEY).unwrap()];
        let (request, one_use) = exam.request(&sealed[0]);
        let release = |place: usize| {
            let custodian = &exam.custodians[place];
            let proposal = Proposal::check(&request, &sealed, custodian.person(), moment()).unwrap();
            proposal.release(custodian, moment()).unwrap()
        };
        // Signed, sealed to the right one-use key, of the right length: and not what the issuer sealed.
        let (id, file, binding) = (request.id(), sealed[0].file_hash(), sealed[0].binding());
        let labels: [&[u8]; 3] = [PART, id.as_bytes(), file.as_bytes()];
        let noise = vec![7; sealed[0].parts_each() * WIDTH];
        let parts = Blob(seal_parts(&labels, 0, &[&noise], request.one_use()).unwrap());
        let KeyBinding { paper, form, revision } = binding;
        let body = Body {
            exam: exam.manifest.exam(),
            request: id,
            at: moment(),
            parts: vec![ReleasedPart { paper, form, revision, file, parts }],
        };
        let wrong = Release(Signed::sign(Purpose::Release, body, &exam.custodians[0]).unwrap());

        let two = [wrong.clone(), release(1)];
        let quorum = Quorum::check(&request, &sealed, &two, moment()).unwrap();
        let error = quorum.open(&sealed[0], &one_use).unwrap_err();
        assert!(matches!(error, CustodyError::Combined), "{error}");
        let three = [wrong, release(1), release(2)];
        let quorum = Quorum::check(&request, &sealed, &three, moment()).unwrap();
        quorum.open(&sealed[0], &one_use).unwrap();
    }
}
