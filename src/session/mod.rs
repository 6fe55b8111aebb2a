//! What a user can do with one exam session (批次): the whole road as functions.
//!
//! A [`Session`] is a folder with `exam.toml`, the record `duka.db`, `keys/` for sealed answer keys,
//! `layouts/` for layouts of its own, `scans/` and `out/`. Whoever shows things to people (the command
//! line, a web page) calls this and nothing below it. Times come from outside, as a function.

mod approval;
mod archive;
mod cases;
mod certificates;
mod custody;
mod error;
mod grading;
mod heads;
mod import;
mod items;
mod late;
mod lock;
mod merging;
mod numbers;
mod originals;
mod paper;
mod practical;
mod public;
mod publishing;
mod recheck;
mod regrade;
mod reread;
mod results;
mod retention;
mod review;
mod scan;
mod show;
mod slip;
mod stacks;
mod statistics;
mod status;
mod verify;
mod view;
mod watch;

pub use approval::{Approval, ProposalStatus, ProposalStep};
pub use archive::{ArchiveChecked, ArchiveFault, Archived, restore, verify_archive};
pub use custody::{Ask, SEALED, exam_papers};
pub use error::SessionError;
pub use grading::{Graded, GradedPaper};
pub use heads::{PrintedHead, SignedHead, sign_slip};
pub use import::ImportedFile;
pub use items::{Compare, ItemsAsked, ItemsOf};
pub use late::{LateCounts, LateState, LateStatus, LateVerdict};
pub use numbers::Numbered;
pub use originals::{Depth, Lost, LostWhy, Originals, OriginalsChecked};
pub use paper::{CheckedPage, NumberState, check_page};
pub use practical::{AssessedCandidate, TakenScores, TemplateAsk};
pub use publishing::{Published, Written};
pub use recheck::{OpenedRecheck, RecheckState, RecheckStatus, Verdict};
pub use regrade::{ChangedResult, CorrectedPaper, Corrections, Regrading, ScoreDiffers};
pub use reread::RereadAll;
pub use retention::{DestructionStatus, Retention};
pub use review::{Exported, Resolved};
pub use scan::{ScanOptions, Scanned};
pub use show::Shown;
pub use slip::{HeadCode, Slip, SlipError, SlipSignature, slips_of};
pub use status::{Open, Status};
pub use verify::{Finding, Mismatch, SeenSignature, Verified, VerifyOptions, verify};
pub use watch::{Pace, RoomProgress, Seen};

use crate::exam::{Exam, RoomRecord, Roster, Rulings, example_toml};
use crate::key::{ExamManifest, ManifestPaper};
use crate::layout::{Layout, shipped_text};
use crate::read::Reading;
use crate::settle::{Around, SessionFindings, SettledSheet, SheetFacts, against_roster, settle};
use crate::sheet::{EngineId, Place, Resolution, Sha256, SheetId};
use crate::store::{LayoutRecord, Source, Store, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of this build's reader: its version and the hash of its sources and locked dependencies.
#[must_use]
pub fn engine() -> EngineId {
    EngineId(env!("DUKA_ENGINE").to_owned())
}

/// Gives the present time as text; only the journal keeps it.
pub type Clock = fn() -> String;

/// An open exam session.
pub struct Session {
    folder: PathBuf,
    exam: Exam,
    layouts: Vec<Layout>,
    papers: Vec<ManifestPaper>,
    manifest: Option<ExamManifest>,
    store: Store,
    clock: Clock,
}

/// What a session is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Files that have changed come into force.
    Work,
    /// Nothing is written.
    LookOnly,
}

/// Everything in the record that decides what counts, put together.
struct Standings {
    roster: Roster,
    rooms: Vec<RoomRecord>,
    rulings: Rulings,
    sheets: BTreeMap<SheetId, SettledSheet>,
    findings: SessionFindings,
}

impl Session {
    /// Makes the folder of a new session with a commented `exam.toml` to fill in; gives its path.
    ///
    /// # Errors
    ///
    /// [`SessionError::Exists`] if there is an `exam.toml` already, [`SessionError::File`] if the folder
    /// can't be written.
    pub fn create(folder: &Path) -> Result<PathBuf, SessionError> {
        let exam = folder.join("exam.toml");
        if exam.exists() {
            return Err(SessionError::Exists { path: exam });
        }
        for part in ["", "scans", "keys", "layouts", "out"] {
            let path = folder.join(part);
            std::fs::create_dir_all(&path).map_err(|source| SessionError::file("make", &path, source))?;
        }
        write_whole(&exam, example_toml().as_bytes())?;
        Ok(exam)
    }

    /// The session in `folder`. Its record is made when it is opened for the first time; an `exam.toml`
    /// or a layout that has changed since then comes into force, unless the record is frozen.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoSession`] without an `exam.toml`, an error of the exam, of a layout or of the
    /// record, [`SessionError::ChangedAfterFreeze`], [`SessionError::NotTheManifest`] if the session is bound to
    /// a manifest that says something else.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, SessionError> {
        Self::open_as(folder, clock, "")
    }

    /// As [`Session::open`]; `who` works with it, and stands in every entry of the journal that is written through it.
    ///
    /// # Errors
    ///
    /// As [`Session::open`].
    pub fn open_as(folder: &Path, clock: Clock, who: &str) -> Result<Self, SessionError> {
        Self::load(folder, clock, who, Mode::Work).map(|(session, _)| session)
    }

    /// The session as the record has it, to be looked at: nothing is written, and files that have changed don't come into
    /// force.
    ///
    /// # Errors
    ///
    /// As [`Session::open`], and if there is no record yet.
    pub fn look(folder: &Path, clock: Clock) -> Result<Self, SessionError> {
        Self::load(folder, clock, "", Mode::LookOnly).map(|(session, _)| session)
    }

    /// The session, and the files that are not what is in force in the record: to be looked at only, it is opened with
    /// what the record has.
    fn load(
        folder: &Path,
        clock: Clock,
        who: &str,
        mode: Mode,
    ) -> Result<(Self, Vec<PathBuf>), SessionError> {
        let ExamRead { path, text, mut exam, mut texts, mut layouts } = read_exam(folder)?;
        let db = folder.join("duka.db");
        let mut store = if mode == Mode::LookOnly { Store::open(&db)? } else { record_in(folder, &db)? };
        store.set_who(who);
        let recorded = store.exam()?;
        let exam_changed = recorded.as_ref() != Some(&exam);
        let known = store.layouts()?;
        let new = |record: &LayoutRecord| known.iter().all(|k| k.hash() != record.hash());
        let mut changed = Vec::new();
        if mode == Mode::LookOnly {
            if exam_changed {
                changed.push(path.clone());
                exam = recorded.unwrap_or(exam);
            }
            for (record, path) in texts.iter_mut().filter(|(record, _)| new(record)) {
                changed.push(PathBuf::from(&*path));
                if let Some(last) = known.iter().rev().find(|k| k.name == record.name) {
                    *record = last.clone();
                }
            }
            if !changed.is_empty() {
                layouts = parse_layouts(&texts)?;
            }
        } else if store.frozen()?.is_some() {
            if exam_changed {
                return Err(SessionError::ChangedAfterFreeze { path });
            }
            if let Some((_, path)) = texts.iter().find(|(record, _)| new(record)) {
                return Err(SessionError::ChangedAfterFreeze { path: path.into() });
            }
        }
        let records: Vec<(LayoutRecord, Layout)> =
            texts.iter().map(|(record, _)| record.clone()).zip(layouts.iter().cloned()).collect();
        let papers = custody::papers_of(&exam, &records);
        let manifest = match store.manifest()? {
            Some(bound) => {
                let wrong = |source| SessionError::custody(&db, source);
                let manifest = ExamManifest::open(bound.text.as_bytes()).map_err(wrong)?;
                if manifest.exam() != bound.exam {
                    return Err(StoreError::Damaged { path: db, place: "manifests" }.into());
                }
                custody::agrees(&manifest, &exam, &papers)?;
                Some(manifest)
            }
            None => None,
        };
        if mode == Mode::Work {
            if exam_changed {
                let source = Source { file: "exam.toml".into(), sha256: Sha256::of(text.as_bytes()) };
                store.import_exam(&exam, &source, &clock())?;
            }
            for (record, path) in texts.iter().filter(|(record, _)| new(record)) {
                let source = Source { file: path.clone(), sha256: record.hash() };
                store.import_layout(record, &source, &clock())?;
            }
        }
        Ok((Self { folder: folder.to_owned(), exam, layouts, papers, manifest, store, clock }, changed))
    }

    /// The exam.
    #[must_use]
    pub fn exam(&self) -> &Exam {
        &self.exam
    }

    /// The layouts of the exam's papers.
    #[must_use]
    pub fn layouts(&self) -> &[Layout] {
        &self.layouts
    }

    /// The session's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The record of readings, pages set aside and scores in its canonical form: the same text for the
    /// same scans and decisions, on any machine, with any number of threads.
    ///
    /// # Errors
    ///
    /// A failure of the record.
    pub fn canonical_export(&self) -> Result<String, SessionError> {
        Ok(self.store.canonical_export()?)
    }

    /// Everyone on the roster.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRoster`] before one was imported, or a failure of the record.
    pub fn roster(&self) -> Result<Roster, SessionError> {
        self.store.roster()?.ok_or(SessionError::NoRoster)
    }

    /// Refuses, before any work is done, what a frozen record doesn't take.
    fn refuse_frozen(&self) -> Result<(), SessionError> {
        if self.store.frozen()?.is_some() { Err(StoreError::Frozen.into()) } else { Ok(()) }
    }

    fn now(&self) -> String {
        (self.clock)()
    }

    fn layout(&self, name: &str) -> Option<&Layout> {
        self.layouts.iter().find(|l| l.name.as_str() == name)
    }

    /// Settles every sheet that counts and holds it against roster and rooms.
    fn standings(&self) -> Result<Standings, SessionError> {
        self.standings_with(None)
    }

    /// As [`Session::standings`], without the responses to items, which are most of what there is to keep.
    fn standings_short(&self) -> Result<Standings, SessionError> {
        self.standings_of(None, false)
    }

    /// As [`Session::standings`], if this late sheet counted too, with these decisions.
    fn standings_with(&self, late: Option<(SheetId, &[Resolution])>) -> Result<Standings, SessionError> {
        self.standings_of(late, true)
    }

    fn standings_of(
        &self,
        late: Option<(SheetId, &[Resolution])>,
        items: bool,
    ) -> Result<Standings, SessionError> {
        let roster = self.store.roster()?.unwrap_or_default();
        let rooms = self.store.rooms()?;
        let mut resolutions = self.decisions_in_force()?;
        let mut apart = self.late_apart()?;
        if let Some((sheet, decisions)) = late {
            apart.remove(&sheet);
            resolutions.extend_from_slice(decisions);
        }
        let mut about: BTreeMap<SheetId, Vec<Resolution>> = BTreeMap::new();
        for resolution in &resolutions {
            if let Place::Sheet { sheet } | Place::Field { sheet, .. } = &resolution.place {
                about.entry(*sheet).or_default().push(resolution.clone());
            }
        }
        // One reading after the other: all at a time would be gigabytes in a large session.
        let whole = |reading: Reading| {
            if apart.contains(&reading.sheet) {
                return None;
            }
            let decisions = about.get(&reading.sheet).map_or(&[][..], Vec::as_slice);
            let mut settled = settle(&reading, decisions, &self.exam.rules);
            if !items {
                settled.responses.items = BTreeMap::new();
            }
            Some(SettledSheet { sheet: reading.sheet, layout: reading.layout, settled })
        };
        let sheets = if items {
            self.store.map_readings(whole)?
        } else {
            // The facts of a sheet about which nobody decided anything say all but its items.
            let maker = engine();
            let known = |sheet: &SheetId, facts: &str| {
                if apart.contains(sheet) || about.contains_key(sheet) {
                    return None;
                }
                let facts = SheetFacts::of_signed(&maker, facts).filter(|facts| facts.sheet == *sheet)?;
                let settled = facts.settled(&self.exam.rules);
                Some(SettledSheet { sheet: *sheet, layout: facts.layout, settled })
            };
            self.store.map_facts(known, whole)?
        };
        let rulings = self.store.rulings()?;
        let stacks = self.stacks(&sheets, &roster)?;
        let findings = against_roster(
            &sheets,
            &self.store.set_asides()?,
            &self.exam,
            &roster,
            &rooms,
            &resolutions,
            Around { rulings: &rulings, stacks: &stacks },
        );
        let sheets = sheets.into_iter().map(|sheet| (sheet.sheet, sheet)).collect();
        Ok(Standings { roster, rooms, rulings, sheets, findings })
    }
}

/// The record of a session that is at work; made if there is none.
fn record_in(folder: &Path, db: &Path) -> Result<Store, SessionError> {
    if !db.exists() {
        match Store::create(db) {
            // Another program was faster.
            Err(StoreError::Exists { .. }) => {}
            made => return Ok(made?),
        }
    }
    // What can't be removed now is removed another time: nothing reads it.
    let _ = Store::sweep(folder);
    Ok(Store::open(db)?)
}

/// What a session's folder says of its exam.
struct ExamRead {
    path: PathBuf,
    text: String,
    exam: Exam,
    /// Each layout's text and where it is from.
    texts: Vec<(LayoutRecord, String)>,
    /// As `texts`.
    layouts: Vec<Layout>,
}

fn read_exam(folder: &Path) -> Result<ExamRead, SessionError> {
    let path = folder.join("exam.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(SessionError::NoSession { folder: folder.to_owned() });
        }
        Err(source) => return Err(SessionError::file("read", &path, source)),
    };
    let exam = Exam::parse(&text, &path.display().to_string())?;
    let texts = layout_texts(folder, &exam)?;
    let layouts = parse_layouts(&texts)?;
    Ok(ExamRead { path, text, exam, texts, layouts })
}

fn parse_layouts(texts: &[(LayoutRecord, String)]) -> Result<Vec<Layout>, SessionError> {
    texts.iter().map(|(record, path)| Ok(Layout::parse(&record.text, path)?)).collect()
}

/// The texts of the layouts that the exam's papers name: a file of the session's own, else the shipped one.
fn layout_texts(folder: &Path, exam: &Exam) -> Result<Vec<(LayoutRecord, String)>, SessionError> {
    let mut out: Vec<(LayoutRecord, String)> = Vec::new();
    for paper in exam.papers.values() {
        let name = &paper.layout;
        if out.iter().any(|(record, _)| record.name == *name) {
            continue;
        }
        let own = folder.join("layouts").join(format!("{name}.toml"));
        let (text, path) = if own.exists() {
            let text = std::fs::read_to_string(&own).map_err(|e| SessionError::file("read", &own, e))?;
            (text, format!("layouts/{name}.toml"))
        } else if let Some(text) = shipped_text(name.as_str()) {
            (text.to_owned(), format!("sheet-layouts/{name}.toml"))
        } else {
            return Err(SessionError::NoLayout { name: name.clone(), looked: own });
        };
        out.push((LayoutRecord { name: name.clone(), text }, path));
    }
    Ok(out)
}

/// Makes a folder that is its owner's alone.
fn make_own(folder: &Path) -> Result<(), SessionError> {
    let failed = |e| SessionError::file("make", folder, e);
    std::fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// Writes a file whole or not at all: beside it first, then by its name.
///
/// # Errors
///
/// [`SessionError::File`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SessionError> {
    write_for(path, bytes, 0o644)
}

/// As [`write_whole`], for the owner of the file alone.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SessionError> {
    write_for(path, bytes, 0o600)
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "there are no such modes"))]
fn write_for(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SessionError> {
    let failed = |source| SessionError::file("write", path, source);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    // A temporary file is its owner's alone, as some systems' masks make every file; papers are for the whole office.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}
