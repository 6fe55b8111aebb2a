//! The archive of a batch: everything it takes to look at its results years later, in a folder that a person can read without this
//! program, and the session made from it again.

use super::publishing::{KEPT, folder_of, kept_name, number_of};
use super::{Clock, Session, SessionError, Verified, VerifyOptions, make_own, verify, write_whole};
use crate::batch::{Keeper, hash_of};
use crate::sheet::Sha256;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The list of every file with its SHA-256, as `sha256sum -c` reads it.
pub const MANIFEST: &str = "manifest.sha256";

/// The part of an archive that is a session's folder.
const SESSION: &str = "session";

/// The papers as they were published last.
const PAPERS: &str = "papers";

/// Canonical export and journal, as lines of JSON.
const EXPORT: &str = "export.jsonl";
const JOURNAL: &str = "journal.jsonl";

/// Every number with its state and its people.
const PUBLICATIONS: &str = "publications.txt";

/// Ending of a folder that is not yet a whole archive.
const UNFINISHED: &str = "unfinished";

/// The first bytes of a file tell its format.
const MAGIC: usize = 64;

/// What is in an archive, for whoever finds it.
const README: &str = include_str!("archive-readme.txt");

/// An archive that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Where it is.
    pub folder: PathBuf,
    /// Its files, the list of them not counted.
    pub files: usize,
    /// Of these, pictures.
    pub pictures: usize,
    /// SHA-256 of the list of all files: whoever keeps it can prove the archive whole.
    pub code: Sha256,
}

/// A file of an archive that is not what the list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveFault {
    /// It is in the list and not there.
    Missing(String),
    /// It is there with other bytes.
    Changed(String),
    /// It is there and not in the list.
    Added(String),
    /// A line of the list can't be read.
    Line(usize),
    /// The list is not the one whose code was given.
    OtherCode {
        /// The one that was given.
        given: Sha256,
        /// The list's own.
        found: Sha256,
    },
    /// A picture of the record is in no file.
    NoPicture(Sha256),
    /// The readable export or journal is not what the record says.
    Differs(&'static str),
    /// Something within the record does not hold.
    Record(String),
}

impl std::fmt::Display for ArchiveFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{path} is gone"),
            Self::Changed(path) => write!(f, "{path} was changed"),
            Self::Added(path) => write!(f, "{path} was added"),
            Self::Line(line) => write!(f, "{MANIFEST}, line {line}: no hash and path"),
            Self::OtherCode { given, found } => {
                write!(f, "{MANIFEST} is another one: its code is {found}, not {given}")
            }
            Self::NoPicture(image) => write!(f, "the picture {image} of the record is in no file"),
            Self::Differs(file) => write!(f, "{file} is not what the record says"),
            Self::Record(fault) => write!(f, "record: {fault}"),
        }
    }
}

/// What a look at an archive came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveChecked {
    /// Files in its list.
    pub files: usize,
    /// SHA-256 of the list.
    pub code: Sha256,
    /// What is not as it was written.
    pub faults: Vec<ArchiveFault>,
    /// What the record within says, if it could be looked at.
    pub record: Option<Verified>,
}

impl Session {
    /// Writes an archive of the session into `folder`, which must not be there: pictures, record, papers as they were published last,
    /// keys still sealed, layouts, the canonical export and the journal as text, and a list of hashes. The journal keeps
    /// the list's hash.
    ///
    /// # Errors
    ///
    /// [`SessionError::Exists`]; [`SessionError::NotPublished`], or papers that are no longer as they were published
    /// ([`SessionError::PaperChanged`]); a picture that is gone ([`SessionError::PictureGone`]); [`SessionError::File`]; a failure of
    /// the record. Nothing is left behind but a folder that ends in `.unfinished`.
    pub fn archive(
        &mut self,
        folder: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Archived, SessionError> {
        if folder.exists() {
            return Err(SessionError::Exists { path: folder.to_owned() });
        }
        self.verify()?;
        let papers = self.published()?;
        let part = unfinished(folder);
        if part.exists() {
            std::fs::remove_dir_all(&part).map_err(|e| SessionError::file("remove", &part, e))?;
        }
        let session = part.join(SESSION);
        make_own(&part)?;
        for path in [session.join("keys"), session.join("layouts"), part.join(PAPERS)] {
            make(&path)?;
        }
        let pictures = self.archive_pictures(&session, progress)?;
        self.store.snapshot(&session.join("duka.db"))?;
        copy(&self.folder.join("exam.toml"), &session.join("exam.toml"))?;
        for (kind, ending) in [("keys", super::SEALED), ("layouts", "toml")] {
            for file in files_of(&self.folder.join(kind))? {
                if file.extension().is_some_and(|e| e == ending)
                    && let Some(name) = file.file_name()
                {
                    copy(&file, &session.join(kind).join(name))?;
                }
            }
        }
        for (name, bytes) in &papers {
            let path = part.join(PAPERS).join(name);
            if let Some(parent) = path.parent() {
                make(parent)?;
            }
            write_whole(&path, bytes)?;
        }
        if let Some(manifest) = self.store.manifest()? {
            write_whole(&part.join("exam.manifest"), manifest.text.as_bytes())?;
        }
        let (export, journal) = self.as_text()?;
        write_whole(&part.join(EXPORT), export.as_bytes())?;
        write_whole(&part.join(JOURNAL), journal.as_bytes())?;
        write_whole(&part.join(PUBLICATIONS), self.publications_text()?.as_bytes())?;
        write_whole(&part.join("head.txt"), self.head_slip(None)?.text.as_bytes())?;
        let readme = README
            .replace("{batch}", &self.exam.batch)
            .replace("{centre}", &self.exam.centre)
            .replace("{version}", super::engine().0.as_str())
            .replace("{at}", &self.now());
        write_whole(&part.join("README.txt"), readme.as_bytes())?;
        let listed = hashes(&part)?;
        let list = list_of(&listed);
        write_whole(&part.join(MANIFEST), list.as_bytes())?;
        std::fs::rename(&part, folder).map_err(|e| SessionError::file("rename", &part, e))?;
        let code = Sha256::of(list.as_bytes());
        let at = self.now();
        let detail = json!({ "files": listed.len(), "manifest_sha256": code.to_string() });
        self.store.note("archive", &detail, &at)?;
        Ok(Archived { folder: folder.to_owned(), files: listed.len(), pictures, code })
    }

    /// Every picture under its hash, each compared with the record.
    fn archive_pictures(
        &self,
        session: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<usize, SessionError> {
        let all = self.store.files()?;
        let copies = session.join("scans").join("originals");
        make(&copies)?;
        for (done, (image, _)) in all.iter().enumerate() {
            progress(done, all.len());
            let places = self.places(image)?;
            let whole = places.iter().find(|(_, place)| hash_of(place).is_ok_and(|found| found == *image));
            let Some((_, place)) = whole else {
                let path = places.into_iter().next().map(|(name, _)| name).unwrap_or_default();
                return Err(SessionError::PictureGone { path: path.into() });
            };
            let mut first = Vec::with_capacity(MAGIC);
            File::open(place)
                .and_then(|file| file.take(MAGIC as u64).read_to_end(&mut first))
                .map_err(|e| SessionError::file("read", place, e))?;
            copy(place, &copies.join(Keeper::name(image, &first)))?;
        }
        progress(all.len(), all.len());
        Ok(all.len())
    }

    /// The papers as they were published last, and every number as it was issued: from the bytes that were kept, from the folder they
    /// were written to, or made again.
    fn published(&self) -> Result<BTreeMap<String, Vec<u8>>, SessionError> {
        let journal = self.store.journal()?;
        let last = journal.iter().rfind(|entry| entry.kind == "publish").ok_or(SessionError::NotPublished)?;
        let mut made: Option<BTreeMap<String, Vec<u8>>> = None;
        let mut out = BTreeMap::new();
        let numbered = journal.iter().filter_map(|entry| Some((Some(number_of(entry)?), entry)));
        for (number, entry) in std::iter::once((None, last)).chain(numbered) {
            let files = entry.detail.get("files").and_then(|files| files.as_object());
            for (name, hash) in files.into_iter().flatten() {
                let place = number.map_or_else(|| name.clone(), |n| format!("{}/{name}", folder_of(n)));
                let changed = || SessionError::PaperChanged { file: place.clone() };
                let hash: Sha256 = hash.as_str().and_then(|hash| hash.parse().ok()).ok_or_else(changed)?;
                let holds = |bytes: &Vec<u8>| Sha256::of(bytes) == hash;
                let written = self.folder.join("out").join(&place);
                let written = || std::fs::read(written).ok().filter(holds);
                let mut bytes = self.kept(name, &hash).or_else(written);
                if bytes.is_none() {
                    if made.is_none() {
                        let documents = self.papers_now()?;
                        made = Some(documents.into_iter().map(|d| (d.file_name, d.bytes)).collect());
                    }
                    bytes = made.as_ref().and_then(|made| made.get(name)).filter(|b| holds(b)).cloned();
                }
                out.insert(place.clone(), bytes.ok_or_else(changed)?);
            }
            if let Some(number) = number
                && let Some((name, text)) = self.mark_of(number)?
            {
                out.insert(format!("{}/{name}", folder_of(number)), text.into_bytes());
            }
        }
        Ok(out)
    }

    /// Canonical export and journal as text.
    fn as_text(&self) -> Result<(String, String), SessionError> {
        let mut journal = String::new();
        for entry in self.store.journal()? {
            // Writing to a string can't fail.
            let _ = writeln!(
                journal,
                "{}",
                json!({
                    "entry": entry.sequence, "kind": entry.kind, "at": entry.at, "who": entry.who,
                    "detail": entry.detail, "hash": entry.hash.to_string(),
                })
            );
        }
        Ok((self.canonical_export()?, journal))
    }
}

/// Looks at every file of the archive in `folder` and at the record within, and changes nothing; `code` is the list's hash as
/// somebody wrote it down.
///
/// # Errors
///
/// [`SessionError::NotAnArchive`], or a folder that can't be read. What is not as it was written is a fault, not an error.
pub fn verify_archive(
    folder: &Path,
    code: Option<&Sha256>,
    clock: Clock,
    options: &VerifyOptions<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ArchiveChecked, SessionError> {
    let path = folder.join(MANIFEST);
    let list = std::fs::read(&path).map_err(|_| SessionError::NotAnArchive { folder: folder.to_owned() })?;
    let found = Sha256::of(&list);
    let mut faults = Vec::new();
    if let Some(given) = code.filter(|given| **given != found) {
        faults.push(ArchiveFault::OtherCode { given: *given, found });
    }
    let mut listed: BTreeMap<String, Sha256> = BTreeMap::new();
    for (number, line) in (1..).zip(String::from_utf8_lossy(&list).lines()) {
        let parsed = line.split_once("  ").and_then(|(hash, path)| Some((path, hash.parse().ok()?)));
        match parsed {
            Some((path, hash)) if listed.insert(path.to_owned(), hash).is_none() => {}
            _ => faults.push(ArchiveFault::Line(number)),
        }
    }
    let there = paths(folder)?;
    faults.extend(there.iter().filter(|path| !listed.contains_key(*path)).cloned().map(ArchiveFault::Added));
    for (done, (path, hash)) in listed.iter().enumerate() {
        progress(done, listed.len());
        if !there.contains(path) {
            faults.push(ArchiveFault::Missing(path.clone()));
        } else if hash_of(&folder.join(path)).map_err(|e| SessionError::file("read", folder, e))? != *hash {
            faults.push(ArchiveFault::Changed(path.clone()));
        }
    }
    let mut checked = ArchiveChecked { files: listed.len(), code: found, faults, record: None };
    match look_within(folder, &listed, clock, options) {
        Ok((record, faults)) => {
            checked.faults.extend(record.findings.iter().map(|f| ArchiveFault::Record(f.to_string())));
            checked.faults.extend(faults);
            checked.record = Some(record);
        }
        // What was changed may well be unreadable.
        Err(error) => checked.faults.push(ArchiveFault::Record(error.to_string())),
    }
    Ok(checked)
}

/// Looks at the record of an archive through a copy: opening one writes beside it.
fn look_within(
    folder: &Path,
    listed: &BTreeMap<String, Sha256>,
    clock: Clock,
    options: &VerifyOptions<'_>,
) -> Result<(Verified, Vec<ArchiveFault>), SessionError> {
    let copy_of = tempfile::tempdir().map_err(|e| SessionError::file("make", Path::new("temporary"), e))?;
    for path in listed.keys() {
        let within = path.strip_prefix("session/").filter(|p| !p.starts_with("scans/"));
        if let Some(within) = within.filter(|p| is_plain(p)) {
            let to = copy_of.path().join(within);
            if let Some(parent) = to.parent() {
                make(parent)?;
            }
            copy(&folder.join(path), &to)?;
        }
    }
    for path in listed.keys().filter(|path| is_plain(path) && folder.join(path).is_file()) {
        keep_issued(folder, path, copy_of.path())?;
    }
    let options = VerifyOptions { reread: false, ..*options };
    let record = verify(copy_of.path(), clock, &options, &mut |_, _| {})?;
    let session = Session::look(copy_of.path(), clock)?;
    let mut faults = Vec::new();
    let (export, journal) = session.as_text()?;
    for (name, text) in [(EXPORT, export), (JOURNAL, journal)] {
        if std::fs::read(folder.join(name)).is_ok_and(|bytes| bytes != text.as_bytes()) {
            faults.push(ArchiveFault::Differs(name));
        }
    }
    let images: BTreeSet<Sha256> = listed.values().copied().collect();
    let missing = session.store.files()?.into_iter().map(|(image, _)| image).filter(|i| !images.contains(i));
    faults.extend(missing.map(ArchiveFault::NoPicture));
    Ok((record, faults))
}

/// What was issued is kept under its hash in a session's folder: `path` of the archive, if it is the paper of a number.
fn keep_issued(archive: &Path, path: &str, session: &Path) -> Result<(), SessionError> {
    let Some(paper) = path.strip_prefix("papers/").filter(|paper| paper.contains('/')) else {
        return Ok(());
    };
    let from = archive.join(path);
    let hash = hash_of(&from).map_err(|e| SessionError::file("read", &from, e))?;
    make_own(&session.join(KEPT))?;
    copy(&from, &session.join(KEPT).join(kept_name(paper, &hash)))
}

/// Makes a session's folder from an archive again, after looking at all of it.
///
/// # Errors
///
/// [`SessionError::Exists`] if `into` is there; [`SessionError::ArchiveBroken`] if anything is not as it was written;
/// [`SessionError::File`]; a failure of the record.
pub fn restore(
    folder: &Path,
    code: Option<&Sha256>,
    into: &Path,
    clock: Clock,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Session, SessionError> {
    if into.exists() {
        return Err(SessionError::Exists { path: into.to_owned() });
    }
    let checked = verify_archive(folder, code, clock, &VerifyOptions::default(), progress)?;
    if !checked.faults.is_empty() {
        let faults = checked.faults.iter().map(ToString::to_string).collect();
        return Err(SessionError::ArchiveBroken { folder: folder.to_owned(), faults });
    }
    let part = unfinished(into);
    if part.exists() {
        std::fs::remove_dir_all(&part).map_err(|e| SessionError::file("remove", &part, e))?;
    }
    make_own(&part)?;
    for path in paths(folder)? {
        let to = match (path.strip_prefix("session/"), path.strip_prefix("papers/")) {
            (Some(within), _) => part.join(within),
            (None, Some(paper)) => part.join("out").join(paper),
            (None, None) => continue,
        };
        if let Some(parent) = to.parent() {
            make(parent)?;
        }
        copy(&folder.join(&path), &to)?;
        keep_issued(folder, &path, &part)?;
    }
    for name in ["keys", "layouts", "out"] {
        make(&part.join(name))?;
    }
    std::fs::rename(&part, into).map_err(|e| SessionError::file("rename", &part, e))?;
    let session = Session::open(into, clock)?;
    let export = std::fs::read(folder.join(EXPORT)).unwrap_or_default();
    if session.canonical_export()?.as_bytes() != export {
        let faults = vec![ArchiveFault::Differs(EXPORT).to_string()];
        return Err(SessionError::ArchiveBroken { folder: folder.to_owned(), faults });
    }
    Ok(session)
}

/// A path of the list that leads nowhere else.
fn is_plain(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn unfinished(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    PathBuf::from(name)
}

fn make(folder: &Path) -> Result<(), SessionError> {
    std::fs::create_dir_all(folder).map_err(|e| SessionError::file("make", folder, e))
}

/// Copies a file and brings it to the disk, its owner's alone: cards and rosters bear names.
fn copy(from: &Path, to: &Path) -> Result<(), SessionError> {
    std::fs::copy(from, to).map_err(|e| SessionError::file("copy", from, e))?;
    let file = File::open(to).map_err(|e| SessionError::file("read", to, e))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let own = std::fs::Permissions::from_mode(0o600);
        file.set_permissions(own).map_err(|e| SessionError::file("write", to, e))?;
    }
    file.sync_all().map_err(|e| SessionError::file("write", to, e))
}

/// The files of a folder, sorted; none if it is not there.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, SessionError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |e| SessionError::file("look at", folder, e);
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        out.push(entry.map_err(failed)?.path());
    }
    out.sort();
    Ok(out)
}

/// Every file in `folder` but the list, by its path with `/`. What is neither file nor folder counts as a file: nothing may be
/// there that the list does not have.
fn paths(folder: &Path) -> Result<BTreeSet<String>, SessionError> {
    let mut out = BTreeSet::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for path in files_of(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let path_in = format!("{prefix}{name}");
            let kind =
                std::fs::symlink_metadata(&path).map_err(|e| SessionError::file("look at", &path, e))?;
            if kind.is_dir() {
                folders.push((path, format!("{path_in}/")));
            } else if path_in != MANIFEST {
                out.insert(path_in);
            }
        }
    }
    Ok(out)
}

fn hashes(folder: &Path) -> Result<BTreeMap<String, Sha256>, SessionError> {
    let hash = |path: String| {
        let whole = folder.join(&path);
        Ok((path, hash_of(&whole).map_err(|e| SessionError::file("read", &whole, e))?))
    };
    paths(folder)?.into_iter().map(hash).collect()
}

fn list_of(listed: &BTreeMap<String, Sha256>) -> String {
    let mut out = String::new();
    for (path, hash) in listed {
        // Writing to a string can't fail.
        let _ = writeln!(out, "{hash}  {path}");
    }
    out
}
