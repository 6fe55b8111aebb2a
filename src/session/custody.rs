//! The exam's manifest, grading requests, and opening keys with releases.

use super::grading::to_grade;
use super::import::read_one;
use super::{Session, SessionError, read_exam};
use crate::exam::Exam;
use crate::identity::Identity;
use crate::key::{
    CustodyError, ExamManifest, KeyBinding, KeyPurpose, ManifestPaper, Moment, OneUseKey, Quorum, Release,
    Request, RequestFacts, SealedKey,
};
use crate::layout::{FieldKind, Layout};
use crate::sheet::{Form, PaperId, Sha256};
use crate::store::{Grading, LayoutRecord, ManifestRecord, RequestRecord, StoreError, UsedRelease};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Ending of a sealed key's file.
pub const SEALED: &str = "sealed";

/// Folder of the one-use keys of requests that are out.
const REQUESTS: &str = "requests";

/// What a grading request asks for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The sealed keys; without any, those of the session's `keys/` folder.
    pub keys: Vec<PathBuf>,
    /// What they are to be opened for.
    pub purpose: KeyPurpose,
}

/// The exam of a session's folder and what its manifest must say of the papers. Opens no record: an issuer
/// needs `exam.toml` and layouts alone.
///
/// # Errors
///
/// [`SessionError::NoSession`], or an error of the exam or of a layout.
pub fn exam_papers(folder: &Path) -> Result<(Exam, Vec<ManifestPaper>), SessionError> {
    let read = read_exam(folder)?;
    let layouts: Vec<(LayoutRecord, Layout)> =
        read.texts.into_iter().map(|(record, _)| record).zip(read.layouts).collect();
    let papers = papers_of(&read.exam, &layouts);
    Ok((read.exam, papers))
}

/// The exam's papers as its manifest must name them.
pub(super) fn papers_of(exam: &Exam, layouts: &[(LayoutRecord, Layout)]) -> Vec<ManifestPaper> {
    let mut papers: Vec<ManifestPaper> = exam
        .papers
        .iter()
        .filter_map(|(id, paper)| {
            let (record, layout) = layouts.iter().find(|(record, _)| record.name == paper.layout)?;
            let mut forms = paper.forms.clone();
            forms.sort();
            Some(ManifestPaper {
                id: id.clone(),
                forms,
                layout: paper.layout.clone(),
                layout_hash: record.hash(),
                items: item_count(layout),
            })
        })
        .collect();
    papers.sort_by(|a, b| a.id.cmp(&b.id));
    papers
}

fn item_count(layout: &Layout) -> u16 {
    let items: BTreeSet<u16> = layout
        .fields
        .iter()
        .filter(|f| f.kind == FieldKind::Items)
        .flat_map(|f| &f.positions)
        .filter_map(|p| p.label.as_str().parse().ok())
        .collect();
    u16::try_from(items.len()).unwrap_or(u16::MAX)
}

/// Whether the manifest says of the exam what `exam.toml` and the layouts say.
pub(super) fn agrees(
    manifest: &ExamManifest,
    exam: &Exam,
    papers: &[ManifestPaper],
) -> Result<(), SessionError> {
    let body = manifest.body();
    let part = if body.batch != exam.batch {
        "batch"
    } else if body.centre != exam.centre {
        "centre"
    } else if body.date != exam.date {
        "date"
    } else if body.papers != papers {
        "papers, forms or layouts"
    } else {
        return Ok(());
    };
    Err(SessionError::NotTheManifest { part })
}

impl Session {
    /// The manifest that this session is bound to, if it is. Without one, cards are read and decided, and no
    /// key is opened.
    #[must_use]
    pub fn manifest(&self) -> Option<&ExamManifest> {
        self.manifest.as_ref()
    }

    /// Binds the session to the manifest in `file`, for good. Again with the same one changes nothing.
    ///
    /// # Errors
    ///
    /// [`SessionError::Custody`] if it is no sound manifest, [`SessionError::NotTheManifest`] if it says
    /// something else than `exam.toml` and the layouts, [`StoreError::OtherManifest`] if the session is bound
    /// to another exam, [`StoreError::Frozen`].
    pub fn bind_manifest(&mut self, file: &Path) -> Result<&ExamManifest, SessionError> {
        let wrong = |source| SessionError::custody(file, source);
        let manifest = ExamManifest::open(&read_one(file)?.bytes).map_err(wrong)?;
        if let Some(bound) = self.store.manifest()?
            && bound.exam != manifest.exam()
        {
            return Err(StoreError::OtherManifest { given: manifest.exam(), bound: bound.exam }.into());
        }
        agrees(&manifest, &self.exam, &self.papers)?;
        let record = ManifestRecord { exam: manifest.exam(), text: manifest.text().to_owned() };
        let at = self.now();
        self.store.bind_manifest(&record, &at)?;
        Ok(self.manifest.insert(manifest))
    }

    fn bound(&self) -> Result<&ExamManifest, SessionError> {
        self.manifest.as_ref().ok_or(SessionError::NoManifest)
    }

    fn moment(&self) -> Result<Moment, SessionError> {
        self.now().parse().map_err(|_| SessionError::Clock)
    }

    /// A grading request, signed by a supervisor: what the custodians are to release keys for. Its one-use key stays in
    /// the session's `requests/` folder, readable by its owner alone, until the keys are opened.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoManifest`], [`SessionError::NotFrozen`], a record that no longer hashes to its
    /// freeze, [`SessionError::NoKey`], [`SessionError::OlderRevision`], [`SessionError::Custody`] if a sealed key is not of
    /// this exam or the signer is no supervisor, or a failure of the record.
    pub fn request(&mut self, ask: &Ask, supervisor: &Identity) -> Result<Request, SessionError> {
        let manifest = self.bound()?.clone();
        let refused = |source| SessionError::Custody { path: None, source };
        manifest.supervisor(supervisor.person(), "grading request").map_err(refused)?;
        if self.store.frozen()?.is_none() {
            return Err(SessionError::NotFrozen);
        }
        let freeze = self.store.verify_freeze()?;
        let standings = self.standings()?;
        if !standings.findings.open.is_empty() {
            let exceptions = standings.findings.open.len();
            return Err(SessionError::NotReady { exceptions, rooms: 0 });
        }
        let sealed = self.sealed_keys(&ask.keys, None)?;
        let mut keys: Vec<(&SealedKey, u64)> = Vec::new();
        let mut corrected = false;
        for ((paper, form), sheets) in to_grade(&standings) {
            let graded = self.revision_in_force(&paper, &form)?;
            let named = self.exam.papers.get(&paper).map_or(1, |p| p.key_revision);
            let revision = graded.unwrap_or(named);
            let mut revisions = vec![revision];
            if ask.purpose == KeyPurpose::Correction {
                if graded.is_none() {
                    return Err(SessionError::NotGraded { paper, form });
                }
                let belongs = |key: &&(PathBuf, SealedKey)| {
                    let binding = key.1.binding();
                    binding.paper == paper && binding.form == form && key.1.belongs(&manifest).is_ok()
                };
                let newest = sealed.iter().filter(belongs).map(|(_, key)| key.binding().revision).max();
                let newer = newest.filter(|newest| *newest > revision);
                corrected |= newer.is_some();
                revisions.extend(newer);
            }
            for revision in revisions {
                let binding = KeyBinding { paper: paper.clone(), form: form.clone(), revision };
                let fits = |key: &&(PathBuf, SealedKey)| {
                    key.1.binding() == binding && key.1.belongs(&manifest).is_ok()
                };
                let Some((_, key)) = sealed.iter().find(fits) else {
                    return Err(self.no_key(&sealed, &binding, &manifest));
                };
                self.refuse_older(&binding, key.file_hash())?;
                keys.push((key, sheets.len() as u64));
            }
        }
        if ask.purpose == KeyPurpose::Correction && !corrected {
            return Err(SessionError::NoCorrection);
        }
        let counts = self.store.counts()?;
        let head = self.store.journal_head()?;
        let facts = RequestFacts {
            freeze: freeze.hash,
            journal_entries: head.sequence,
            journal_head: head.hash,
            expected: standings.roster.candidates.len() as u64,
            present: standings.rooms.iter().map(|room| room.present.len() as u64).sum(),
            read: counts.read + self.late_counts()?.counted as u64,
            set_aside: counts.set_aside,
            purpose: Some(ask.purpose),
        };
        let at = self.moment()?;
        let (request, one_use) = Request::sign(&manifest, facts, &keys, at, supervisor).map_err(refused)?;
        self.keep_one_use(&request.id(), &one_use)?;
        let record = RequestRecord { id: request.id(), freeze: freeze.hash, text: request.text().to_owned() };
        let at = self.now();
        self.store.record_request(&record, &at)?;
        Ok(request)
    }

    /// Why no key fits: one of that paper, form and revision is of another exam, or there is none.
    fn no_key(
        &self,
        sealed: &[(PathBuf, SealedKey)],
        binding: &KeyBinding,
        manifest: &ExamManifest,
    ) -> SessionError {
        for (path, key) in sealed.iter().filter(|(_, key)| key.binding() == *binding) {
            if let Err(source) = key.belongs(manifest) {
                return SessionError::custody(path, source);
            }
        }
        SessionError::NoKey {
            paper: binding.paper.clone(),
            form: binding.form.clone(),
            revision: binding.revision,
            looked: self.folder.join("keys"),
        }
    }

    /// The revision that the scores in force were made with.
    fn revision_in_force(&self, paper: &PaperId, form: &Form) -> Result<Option<u16>, SessionError> {
        let gradings = self.store.gradings()?;
        let of_this = gradings.iter().filter(|g| g.paper == *paper && g.form == *form);
        Ok(of_this.map(|g| g.key_revision).max())
    }

    /// Refuses a revision older than the one that is in force, which would undo a correction, and another key under
    /// the same revision, which would be one without a reason.
    fn refuse_older(&self, binding: &KeyBinding, file: Sha256) -> Result<(), SessionError> {
        let gradings = self.store.gradings()?;
        let of_this = |g: &&Grading| g.paper == binding.paper && g.form == binding.form;
        let newest = gradings.iter().filter(of_this).max_by_key(|g| g.key_revision);
        let (paper, form, revision) = (binding.paper.clone(), binding.form.clone(), binding.revision);
        match newest {
            Some(newest) if newest.key_revision > revision => {
                Err(SessionError::OlderRevision { paper, form, revision, graded: newest.key_revision })
            }
            Some(newest) if newest.key_revision == revision && newest.key_file != file => {
                Err(SessionError::SameRevision { paper, form, revision })
            }
            _ => Ok(()),
        }
    }

    /// The sealed keys in the files named, or in `keys/` if none are; with `only`, just the files with these hashes.
    pub(super) fn sealed_keys(
        &self,
        named: &[PathBuf],
        only: Option<&BTreeSet<Sha256>>,
    ) -> Result<Vec<(PathBuf, SealedKey)>, SessionError> {
        let mut files = named.to_vec();
        if files.is_empty() {
            let folder = self.folder.join("keys");
            let listing =
                std::fs::read_dir(&folder).map_err(|e| SessionError::file("look at", &folder, e))?;
            // The old ending too, so that an old key is refused with its reason and not overlooked.
            files.extend(
                listing
                    .filter_map(|e| e.ok().map(|e| e.path()))
                    .filter(|p| p.extension().is_some_and(|e| e == SEALED || e == "age")),
            );
            files.sort();
        }
        let mut out = Vec::with_capacity(files.len());
        for path in files {
            let bytes = read_one(&path)?.bytes;
            if only.is_some_and(|only| !only.contains(&Sha256::of(&bytes))) {
                continue;
            }
            let key = SealedKey::open(&bytes).map_err(|source| SessionError::custody(&path, source))?;
            out.push((path, key));
        }
        Ok(out)
    }

    /// Checks releases against the request of this session that they were made for, and for which purpose; gives it with everything that opening
    /// needs but the one-use key.
    pub(super) fn released(
        &self,
        releases: &[PathBuf],
        keys: &[PathBuf],
        purpose: KeyPurpose,
    ) -> Result<Released, SessionError> {
        let manifest = self.bound()?;
        if self.store.frozen()?.is_none() {
            return Err(SessionError::NotFrozen);
        }
        let freeze = self.store.verify_freeze()?;
        let mut opened = Vec::with_capacity(releases.len());
        for path in releases {
            let release = Release::open(&read_one(path)?.bytes);
            opened.push(release.map_err(|source| SessionError::custody(path, source))?);
        }
        let Some(first) = opened.first() else { return Err(SessionError::NoReleases) };
        let id = first.request();
        let record = self.store.request(&id)?.ok_or(StoreError::UnknownRequest { request: id })?;
        if self.store.openings()?.iter().any(|opening| opening.request == id) {
            return Err(StoreError::RequestUsed { request: id }.into());
        }
        let refused = |source| SessionError::Custody { path: None, source };
        let request = Request::open(record.text.as_bytes()).map_err(refused)?;
        if request.id() != id || request.manifest() != manifest {
            let (found, expected) = (request.manifest().exam(), manifest.exam());
            return Err(refused(CustodyError::OtherExam { what: "grading request", found, expected }));
        }
        if request.facts().freeze != freeze.hash {
            let (given, found) = (request.facts().freeze, freeze.hash);
            return Err(StoreError::OtherFreeze { given, found }.into());
        }
        if let Some(given) = request.facts().purpose.filter(|given| *given != purpose) {
            return Err(SessionError::OtherPurpose { given, needed: purpose });
        }
        for key in request.keys() {
            self.refuse_older(&key.binding(), key.file)?;
        }
        let asked: BTreeSet<Sha256> = request.keys().iter().map(|key| key.file).collect();
        let sealed = self.sealed_keys(keys, keys.is_empty().then_some(&asked))?;
        let sealed = sealed.into_iter().map(|(_, key)| key).collect();
        Ok(Released { freeze: freeze.hash, request, sealed, releases: opened, now: self.moment()? })
    }

    /// Takes the one-use key of a request and writes down that its keys are opened now. From here on neither the
    /// releases nor the request serve again, whatever happens next.
    pub(super) fn use_up(&mut self, quorum: &Quorum<'_>, id: &Sha256) -> Result<OneUseKey, SessionError> {
        let path = self.one_use_path(id);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(SessionError::OneUseGone { path });
            }
            Err(source) => return Err(SessionError::file("read", &path, source)),
        };
        let wrong = |source| SessionError::custody(&path, source);
        let one_use = OneUseKey::from_text(&text).map_err(wrong)?;
        quorum.takes(&one_use).map_err(wrong)?;
        let used: Vec<UsedRelease> = quorum
            .releases()
            .map(|r| UsedRelease { custodian: r.custodian().clone(), release: r.id() })
            .collect();
        let at = self.now();
        self.store.record_opening(id, &used, &at)?;
        let failed = |source| SessionError::file("remove", &path, source);
        // Written over first: on many disks that leaves nothing of it, on none does it harm.
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).map_err(failed)?;
        file.write_all(&vec![0; text.len()]).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::remove_file(&path).map_err(failed)?;
        Ok(one_use)
    }

    fn one_use_path(&self, id: &Sha256) -> PathBuf {
        self.folder.join(REQUESTS).join(format!("{}.one-use", id.short()))
    }

    fn keep_one_use(&self, id: &Sha256, one_use: &OneUseKey) -> Result<(), SessionError> {
        let folder = self.folder.join(REQUESTS);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|e| SessionError::file("make", &folder, e))?;
        let path = self.one_use_path(id);
        let failed = |source| SessionError::file("write", &path, source);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        file.write_all(one_use.to_text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }
}

/// Releases that were read, and the request they are for.
pub(super) struct Released {
    pub(super) freeze: Sha256,
    pub(super) request: Request,
    pub(super) sealed: Vec<SealedKey>,
    pub(super) releases: Vec<Release>,
    pub(super) now: Moment,
}
