//! Why something a user asked for can't be done.

use super::approval::ProposalStep;
use super::slip::SlipError;
use crate::batch::BatchError;
use crate::exam::{
    AssessedPart, ExamError, RoomError, RoomFault, RosterError, RulingsError, TableError, WriteError,
};
use crate::grade::GradeError;
use crate::grade::copying::CopyingError;
use crate::grade::regrade::RegradeError;
use crate::hand::HandError;
use crate::key::{CustodyError, KeyPurpose};
use crate::layout::LayoutError;
use crate::merge::MergeError;
use crate::practical::{BookError, PracticalError};
use crate::publish::{DecisionsError, PublishError, SealError};
use crate::settle::ResolveError;
use crate::sheet::{
    Cause, DecodeFault, FieldName, Form, ItemLabel, LayoutName, PaperId, RoomId, SectionName, SheetId,
    TicketNumber,
};
use crate::store::StoreError;
use std::path::{Path, PathBuf};

/// Why something can't be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The folder has no `exam.toml`.
    #[error("{} is not the folder of an exam session: it has no exam.toml", .folder.display())]
    NoSession {
        /// Which folder.
        folder: PathBuf,
    },
    /// There is a session already.
    #[error("{} is there already", .path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The system refuses a file.
    #[error("can't {doing} {}: {source}", .path.display())]
    File {
        /// `read`, `write`, …
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A paper names a layout that is nowhere.
    #[error("no layout is called {name}: it is not shipped, and {} is not there", .looked.display())]
    NoLayout {
        /// Its name.
        name: LayoutName,
        /// Where it was looked for.
        looked: PathBuf,
    },
    /// Exam or layouts differ from what was frozen.
    #[error("{} has changed since the record was frozen", .path.display())]
    ChangedAfterFreeze {
        /// Which file.
        path: PathBuf,
    },
    /// Another scan of the session is running.
    #[error("another `duka scan` is reading into this session{}", holder(*.process, .since))]
    Scanning {
        /// Its process, if it says so.
        process: Option<u32>,
        /// Since when, if it says so.
        since: String,
    },
    /// Files of which only some pages are in the record.
    #[error("{} files are in the record only in part: {}", .files.len(), some_of(.files))]
    Unfinished {
        /// Each by its name and how many pages there are.
        files: Vec<String>,
    },
    /// What was kept of how the session stands did not follow from the record.
    #[error("what `duka status` would have shown did not follow from the record")]
    ViewBroken,
    /// No roster yet.
    #[error("the session has no roster (鉴定名册) yet")]
    NoRoster,
    /// The same room in two files.
    #[error("room {room} is in more than one of the files")]
    RoomTwice {
        /// Which.
        room: RoomId,
    },
    /// A room record that was told in words and contradicts itself or the roster.
    #[error("{}", .faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    RoomSaid {
        /// Everything that is wrong with it.
        faults: Vec<RoomFault>,
    },
    /// A candidate's section marked by hand in two files.
    #[error("the marks of {ticket} for {section} are in more than one of the files")]
    MarksTwice {
        /// Whose.
        ticket: TicketNumber,
        /// Which section.
        section: SectionName,
    },
    /// Candidates whose cards were read and who have no marks for a section that people mark.
    #[error("{} candidates have no marks for the sections marked by hand: {}", .tickets.len(), some_of(.tickets))]
    NoMarks {
        /// Their ticket numbers.
        tickets: Vec<String>,
    },
    /// Key and exam name other sections marked by hand.
    #[error(
        "the key of paper {paper}, form {form} and exam.toml name different sections marked by hand, or different points for them"
    )]
    OtherHandSections {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
    },
    /// The record can't be frozen yet.
    #[error("the record can't be frozen: {exceptions} exceptions are open, {rooms} rooms have no record")]
    NotReady {
        /// Open exceptions.
        exceptions: usize,
        /// Rooms without a room record.
        rooms: usize,
    },
    /// A decision's row that doesn't fit.
    #[error("{file}, row {row}: {source}")]
    Decision {
        /// Which file.
        file: String,
        /// Its row.
        row: u64,
        /// What does not fit.
        source: Box<ResolveError>,
    },
    /// A decision about a page that is not in the record.
    #[error("{file}, row {row}: the sheet is not in this session's record")]
    UnknownSheet {
        /// Which file.
        file: String,
        /// Its row.
        row: u64,
    },
    /// No sheet has this name.
    #[error("no sheet of this session is called {name}")]
    NoSheet {
        /// What was asked for: a hash's beginning, a ticket number or a file's name.
        name: String,
    },
    /// Several sheets have this name.
    #[error("{} sheets are called {name}: {}", .sheets.len(), some_of(.sheets))]
    ManySheets {
        /// What was asked for.
        name: String,
        /// The sheets, each by file, page and hash.
        sheets: Vec<String>,
    },
    /// A sheet's file is no longer there.
    #[error("the picture {} is gone", .path.display())]
    PictureGone {
        /// Where it was.
        path: PathBuf,
    },
    /// A sheet's file has other bytes than when it was read.
    #[error("{} is no longer the file that was read", .path.display())]
    PictureChanged {
        /// Which file.
        path: PathBuf,
    },
    /// A page that never was a picture.
    #[error("{} page {page} has no picture: {fault}", .path.display())]
    NoPicture {
        /// Which file.
        path: PathBuf,
        /// Which page of it.
        page: u32,
        /// Why it can't be decoded.
        fault: DecodeFault,
    },
    /// A layout has no such field or item.
    #[error("layout {layout} has no field {field}{}", of_item(.item.as_ref()))]
    NoPlace {
        /// The layout.
        layout: LayoutName,
        /// The field that was asked for.
        field: FieldName,
        /// The item or column.
        item: Option<ItemLabel>,
    },
    /// The record is not frozen yet.
    #[error("the record is not frozen: a key is opened only after `duka freeze`")]
    NotFrozen,
    /// No sealed key in the folder fits.
    #[error("no sealed key for paper {paper}, form {form}, revision {revision} in {}", .looked.display())]
    NoKey {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
        /// The revision.
        revision: u16,
        /// Where it was looked for.
        looked: PathBuf,
    },
    /// A manifest, sealed key, request or release.
    #[error("{}{source}", at(.path.as_deref()))]
    Custody {
        /// Which file, if it is one.
        path: Option<PathBuf>,
        /// What is wrong.
        source: CustodyError,
    },
    /// The session is not bound to a manifest.
    #[error("this session is not bound to an exam manifest: no key can be opened in it")]
    NoManifest,
    /// `exam.toml` or a layout says something else than the manifest.
    #[error("exam.toml or a layout says something else than the exam manifest: {part}")]
    NotTheManifest {
        /// What differs.
        part: &'static str,
    },
    /// No release was given.
    #[error("no release was given")]
    NoReleases,
    /// The one-use key of a request is not there.
    #[error("the one-use key {} is not there: its request was made elsewhere, or served already", .path.display())]
    OneUseGone {
        /// Where it should be.
        path: PathBuf,
    },
    /// A revision that was corrected already.
    #[error(
        "paper {paper}, form {form} was graded with revision {graded} of its key: revision {revision} is older"
    )]
    OlderRevision {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
        /// The revision that was asked for.
        revision: u16,
        /// The one in force.
        graded: u16,
    },
    /// Another sealed key under a revision that was graded with.
    #[error("paper {paper}, form {form} was graded with another sealed key of the same revision {revision}")]
    SameRevision {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
        /// The revision.
        revision: u16,
    },
    /// Sheets of a paper that the request does not name.
    #[error("the grading request asks for no key of paper {paper}, form {form}, which has sheets")]
    NotAsked {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
    },
    /// The clock gives no time.
    #[error("the clock of this machine gives no time that can be compared")]
    Clock,
    /// The journal has no such entry.
    #[error("the journal has no entry {entry}")]
    NoEntry {
        /// Its number.
        entry: u64,
    },
    /// A role that can't stand in a signature.
    #[error("a role is one word of at most 24 letters, this is {role:?}")]
    Role {
        /// What was given.
        role: String,
    },
    /// A signature for another exam session.
    #[error("the signature is for {signed:?}, which is not this exam session")]
    OtherExam {
        /// The exam that was signed.
        signed: String,
    },
    /// A code alone where the whole hash is needed.
    #[error("a code alone can't be signed: a signature is over the whole hash")]
    BareCode,
    /// A slip or code that can't be read.
    #[error("{place}: {source}")]
    Slip {
        /// Which file, or the code as it was given.
        place: String,
        /// What is wrong.
        source: SlipError,
    },
    /// A signature's file that can't be read.
    #[error("{} is not a signature that `duka head sign` wrote", .path.display())]
    NoSignature {
        /// Which file.
        path: PathBuf,
    },
    /// Nobody's sheet counts under this number.
    #[error("no sheet counts for the ticket number (准考证号) {ticket:?}: there is nothing to re-check")]
    NoCard {
        /// The number.
        ticket: String,
    },
    /// A case that was not decided yet.
    #[error("{}{ticket} {}", case_of(*.case), if *.case == 0 { "is there twice" } else { "is still open" })]
    CaseOpen {
        /// Its number; 0 if it would be opened twice by one list.
        case: u64,
        /// Whose.
        ticket: TicketNumber,
    },
    /// No such case.
    #[error("there is no {what} {case}")]
    NoCase {
        /// What kind of case.
        what: &'static str,
        /// Its number.
        case: u64,
    },
    /// A case that two people have decided.
    #[error("{what} {case} is decided: nothing more is signed under it")]
    CaseClosed {
        /// What kind of case.
        what: &'static str,
        /// Its number.
        case: u64,
    },
    /// "Unchanged" for a picture that was read otherwise.
    #[error("re-check {case} can't end unchanged: the picture was read otherwise than it is recorded ({})", some_of(.places))]
    CaseDiffers {
        /// Its number.
        case: u64,
        /// Where.
        places: Vec<String>,
    },
    /// A change that changes nothing.
    #[error("re-check {case}: {}", nothing_of(*.item))]
    NothingChanged {
        /// The case.
        case: u64,
        /// The item; 0 if none was named.
        item: u16,
    },
    /// A value that an item can't have.
    #[error("{what} {case}: {source}")]
    CaseItem {
        /// What kind of case.
        what: &'static str,
        /// The case.
        case: u64,
        /// What does not fit.
        source: Box<ResolveError>,
    },
    /// The same person twice.
    #[error(
        "{name} has signed {what} {case} already{}: it takes two people",
        if *.same_key { "" } else { ", with another key" }
    )]
    SamePerson {
        /// What kind of case.
        what: &'static str,
        /// The case.
        case: u64,
        /// Their name.
        name: String,
        /// Whether it is the same key, or the same name alone.
        same_key: bool,
    },
    /// Other results were published before.
    #[error("results were published as number {number}, and {} since", others_of(*.changed))]
    Published {
        /// Its number.
        number: u64,
        /// How many lines differ.
        changed: usize,
    },
    /// Nothing is on its way to be issued.
    #[error("nothing is proposed: there is nothing to check, approve or issue")]
    NoProposal,
    /// A step of a proposal that is not its next one.
    #[error("proposal {case} {}", match .missing {
        ProposalStep::Check => "was not checked (复核) yet",
        ProposalStep::Approval => "was not approved (批准) by a supervisor yet",
        ProposalStep::NothingMore => "was checked and approved already",
        ProposalStep::CheckedAlready => "was checked already: it waits for a supervisor's approval",
    })]
    ProposalStep {
        /// Which proposal.
        case: u64,
        /// What stands in the way.
        missing: ProposalStep,
    },
    /// What was proposed is no longer so.
    #[error("proposal {case} no longer fits, and what was signed under it does not count: {}", some_of(.changed))]
    ProposalStale {
        /// Which proposal.
        case: u64,
        /// What changed since.
        changed: Vec<String>,
    },
    /// A number that can't be withdrawn.
    #[error("publication number {number} is not in force{}", corrected_by(*.corrected))]
    NotInForce {
        /// Which.
        number: u64,
        /// The number that corrected it.
        corrected: Option<u64>,
    },
    /// More certificates than there are serials.
    #[error(
        "there are not enough certificate numbers for level {level}: serial {serial} is beyond the last, {last}"
    )]
    CertificatesExhausted {
        /// The level as `exam.toml` says it.
        level: &'static str,
        /// The serial that would be next.
        serial: u32,
        /// The last one.
        last: u32,
    },
    /// A code of a page that can't be read.
    #[error("{0}")]
    Seal(#[from] SealError),
    /// A folder that is no archive.
    #[error("{} is no archive: it has no manifest.sha256", .folder.display())]
    NotAnArchive {
        /// Which folder.
        folder: PathBuf,
    },
    /// An archive that is not as it was written.
    #[error("the archive {} is not as it was written: {}", .folder.display(), some_of(.faults))]
    ArchiveBroken {
        /// Which folder.
        folder: PathBuf,
        /// What is wrong.
        faults: Vec<String>,
    },
    /// Nothing was published yet.
    #[error("nothing was published yet: there are no papers to archive and no results to hand on")]
    NotPublished,
    /// The results are no longer those that were published last.
    #[error("the results are no longer those of publication {number}")]
    NotAsPublished {
        /// The last publication's number.
        number: u64,
    },
    /// The last publication was withdrawn: nothing is made of it any more.
    #[error("publication number {number} was withdrawn (撤回): {reason}")]
    Withdrawn {
        /// Its number.
        number: u64,
        /// Why.
        reason: String,
    },
    /// A public list of this batch has other masks.
    #[error(
        "a public list (公示名单) of publication {number} was masked otherwise: the two lists together would show more than either"
    )]
    OtherMasks {
        /// The earlier list's publication.
        number: u64,
    },
    /// Records that still have to be kept.
    #[error("they are to be kept until {until} (保管期限)")]
    KeptUntil {
        /// The last day.
        until: String,
    },
    /// A reason for destroying them early that is not early.
    #[error("they had to be kept until {until} (保管期限), which is over: destroying them is not early")]
    NotEarly {
        /// The last day.
        until: String,
    },
    /// A published paper that is not there as it was published, and can't be made again because the record went on.
    #[error("{file} is not there as it was published last")]
    PaperChanged {
        /// Its name.
        file: String,
    },
    /// Two roads to the results that don't come to the same.
    #[error("the results were computed twice and differ for {}: {}", .differences.len(), some_of(.differences))]
    RoadsDiffer {
        /// Whose, and what each road says.
        differences: Vec<String>,
    },
    /// Releases that custodians gave for something else.
    #[error("these releases are for {}, not for {}", .given.words(), .needed.words())]
    OtherPurpose {
        /// What the request asks for.
        given: KeyPurpose,
        /// What is to be done now.
        needed: KeyPurpose,
    },
    /// A late sheet's file with several pages.
    #[error("{path} has {pages} pages: a late sheet is one card in a file of its own")]
    LatePages {
        /// Which file.
        path: PathBuf,
        /// How many pages it has.
        pages: usize,
    },
    /// A late sheet that is no readable card.
    #[error("{path} is no card that can be read: {cause}")]
    LateNotRead {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: Box<Cause>,
    },
    /// A late sheet that can't count as it is.
    #[error("late sheet {case} can't count as it is: {}", if .open.is_empty() { "it is nobody's".to_owned() } else { .open.join("; ") })]
    LateOpen {
        /// The case.
        case: u64,
        /// What stands in its way.
        open: Vec<String>,
        /// Whether another sheet counts for the same candidate.
        twice: bool,
    },
    /// A late sheet that is to take the place of another, and there is none.
    #[error("late sheet {case} takes nobody's place: no sheet counts for its candidate until now")]
    LateAlone {
        /// The case.
        case: u64,
    },
    /// No reason was given.
    #[error("no reason is given")]
    NoReason,
    /// A list of re-checks that is no such table.
    #[error(transparent)]
    RecheckList {
        /// What is wrong.
        source: Box<TableError>,
    },
    /// A row of a list of re-checks.
    #[error("{file}, row {row}: {source}")]
    RecheckRow {
        /// Which file.
        file: String,
        /// Its row.
        row: u32,
        /// Why no case can be opened.
        source: Box<SessionError>,
    },
    /// A page of the record that can no longer be registered.
    #[error("page {sheet} can't be registered any more: {cause}")]
    NotRegistered {
        /// Which page.
        sheet: SheetId,
        /// Why.
        cause: Box<Cause>,
    },
    /// The exam.
    #[error(transparent)]
    Exam(#[from] ExamError),
    /// A layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The roster.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A room record.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// Rulings about candidates.
    #[error(transparent)]
    Rulings(#[from] RulingsError),
    /// Practical scores.
    #[error(transparent)]
    Practical(#[from] PracticalError),
    /// Assessors' score sheets.
    #[error(transparent)]
    ScoreSheets(#[from] BookError),
    /// Totals and score sheets at once.
    #[error("{file} is a table of totals, the other files are assessors' score sheets (评分表)")]
    MixedScores {
        /// The table of totals.
        file: String,
    },
    /// More assessors than a module can have.
    #[error("{ticket} would have more than 15 assessors in a module, with those of earlier files")]
    ManyAssessors {
        /// Whose marks.
        ticket: TicketNumber,
    },
    /// One assessor named twice.
    #[error("the assessor {name} is named twice")]
    SameAssessor {
        /// Who.
        name: String,
    },
    /// Nobody's part is scored by assessors.
    #[error("nobody here is scored by assessors in {part}")]
    NoScheme {
        /// Which part.
        part: AssessedPart,
    },
    /// A candidate whose part is not scored by assessors.
    #[error("{ticket} is not on the roster, or not scored by assessors in {part}")]
    NotAssessed {
        /// Whose.
        ticket: TicketNumber,
        /// Which part.
        part: AssessedPart,
    },
    /// Nothing holds the marks.
    #[error("nothing holds the marks of {ticket}: there is nothing to decide")]
    NotHeld {
        /// Whose.
        ticket: TicketNumber,
    },
    /// Marks that no decision releases.
    #[error("the marks of {ticket} are held by what no decision settles: {}", .held.join("; "))]
    HeldFast {
        /// Whose.
        ticket: TicketNumber,
        /// By what.
        held: Vec<String>,
    },
    /// Nobody's name under a decision.
    #[error("the decision has nobody's name")]
    NoName,
    /// The record.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A scan.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Decisions that can't be read.
    #[error(transparent)]
    Decisions(#[from] DecisionsError),
    /// Grading.
    #[error(transparent)]
    Grade(#[from] GradeError),
    /// A sheet that can't be graded.
    #[error("{ticket}: {source}")]
    Ungraded {
        /// Whose.
        ticket: TicketNumber,
        /// Why.
        source: GradeError,
    },
    /// A corrected key was asked for before anything was graded.
    #[error("paper {paper}, form {form} was not graded yet: there is nothing to correct")]
    NotGraded {
        /// The paper.
        paper: PaperId,
        /// The form.
        form: Form,
    },
    /// No key has a newer revision than the one in force.
    #[error("no key is corrected: there is no sealed key with a newer revision than the one in force")]
    NoCorrection,
    /// A corrected key that can't be graded with.
    #[error(transparent)]
    Regrade(#[from] RegradeError),
    /// Marks given by hand.
    #[error(transparent)]
    Hand(#[from] HandError),
    /// Sheets that can't be compared.
    #[error(transparent)]
    Copying(#[from] CopyingError),
    /// Merging.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The papers.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A table that can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl SessionError {
    pub(super) fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }

    /// What to do about it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one line an error")]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoSession { .. } => {
                "go to the session's folder or name it with --session; `duka new DIR` makes one"
            }
            Self::Exists { .. } => "choose another folder, or go on with this session",
            Self::File { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => "check the path",
                std::io::ErrorKind::PermissionDenied => {
                    "check who may read and write there, or choose another folder"
                }
                std::io::ErrorKind::StorageFull => {
                    "make room on the disk and run the command again; nothing is half-written"
                }
                std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
                    "a file stands where a folder is needed: name another folder, or move the file away"
                }
                std::io::ErrorKind::IsADirectory => "a folder stands where a file is needed: name a file",
                std::io::ErrorKind::InvalidData => "save the file as UTF-8 text",
                _ => "check the path, the disk and who may use them",
            },
            Self::NoLayout { .. } => "`duka layout list` shows the shipped ones; put your own file there",
            Self::ChangedAfterFreeze { .. } => "put the file back as it was when the record was frozen",
            Self::Scanning { .. } => {
                "wait until it is done or stop it with Ctrl-C (nothing is lost), then run this again"
            }
            Self::Unfinished { .. } => {
                "run `duka scan` over these files once more: it goes on where it stopped"
            }
            Self::ViewBroken => {
                "the record itself holds; what was kept beside it has been thrown away and is made anew when it is asked \
                 for. Someone changed the file by other means, or there is a fault in duka: keep a copy"
            }
            Self::NoRoster => "run `duka roster import FILE`",
            Self::NoMarks { .. } => {
                "import the marks of everybody whose card was read (duka marks import); 0 is a mark, too"
            }
            Self::OtherHandSections { .. } => {
                "compare `hand` of the paper in exam.toml with the sections of kind \"hand\" in the key"
            }
            Self::MarksTwice { .. } | Self::RoomTwice { .. } => {
                "import the files one after the other; the last one counts"
            }
            Self::NotReady { .. } => {
                "`duka exceptions` shows what waits, `duka room import` takes the room records (考场情况记录)"
            }
            Self::Decision { source, .. } | Self::CaseItem { source, .. } => source.hint(),
            Self::UnknownSheet { .. } => {
                "take the list from `duka exceptions --export` of this session; nothing was recorded"
            }
            Self::NoSheet { .. } => {
                "give the first digits of the image's hash, the ticket number or the file's name; `duka exceptions` \
                 lists what is held"
            }
            Self::ManySheets { .. } => "name one of them by its hash, with :PAGE behind it",
            Self::PictureGone { .. } => {
                "put the file back where it was scanned to; the record keeps no pictures"
            }
            Self::PictureChanged { .. } => {
                "put the file back as it was; it may have been saved again or scanned over"
            }
            Self::NoPicture { .. } => "scan the sheet again",
            Self::NoPlace { .. } => "`duka layout cells NAME` lists every field and item of a layout",
            Self::NotFrozen => "clear the exceptions, then run `duka freeze`",
            Self::NoKey { .. } => "put the sealed key into the session's keys/ folder or name it with --key",
            Self::Custody { source, .. } => return source.hint().map(Into::into),
            Self::NoManifest => "bind it with `duka manifest bind FILE`, before the record is frozen",
            Self::NotTheManifest { .. } => {
                "put exam.toml and the layouts back as the issuer had them, or ask the issuer for a new manifest"
            }
            Self::NoReleases => "name the custodians' releases with --release",
            Self::OneUseGone { .. } | Self::NotAsked { .. } => {
                "make a new request with `duka grade --request` and send it to the custodians"
            }
            Self::SameRevision { .. } => {
                "a corrected key gets the next revision and its reason from the issuer"
            }
            Self::OlderRevision { .. } => "ask the issuer for the sealed key of the newest revision",
            Self::Clock => "set the clock of this machine",
            Self::NoEntry { .. } => "`duka journal` lists the entries; the journal of a new session is empty",
            Self::Role { .. } => "say supervisor, custodian, reviewer or operator",
            Self::OtherExam { .. } => "take the signature to the session that it was made for",
            Self::BareCode => "take the text of the slip's QR code, or the text that `duka head print` wrote",
            Self::Slip { source, .. } => source.hint(),
            Self::NoSignature { .. } => "name the file that `duka head sign --slip … -o FILE` wrote",
            Self::NoCard { .. } => {
                "check the number; `duka status` and `duka exceptions` say whose sheet is missing or held"
            }
            Self::CaseOpen { .. } => "`duka recheck cases` shows it; decide it first",
            Self::NoCase { what: "destruction", .. } => "`duka retention` shows them all",
            Self::NoCase { .. } => "`duka recheck cases` and `duka late cases` show them all",
            Self::CaseClosed { .. } => "open a new case if there is something new",
            Self::CaseDiffers { .. } => {
                "`duka recheck slip` shows the places; sign `--outcome changed` with what the card says, or find out why \
                 record and picture differ: `duka verify --reread`"
            }
            Self::NothingChanged { .. } => {
                "name each item that changes once, with what is marked there: --item 17=B or --item 18=blank; or sign \
                 `--outcome unchanged`"
            }
            Self::SamePerson { .. } => "let another person sign, with a key of their own",
            Self::Published { .. } => "a correction is a number of its own: `duka publish --correct REASON`",
            Self::NoProposal => "`duka publish` proposes the results, `duka publish withdraw N` a withdrawal",
            Self::ProposalStep { missing, .. } => match missing {
                ProposalStep::Check => {
                    "a reviewer or supervisor of the manifest runs `duka publish check --identity FILE`"
                }
                ProposalStep::Approval => "a supervisor runs `duka publish approve --identity FILE`",
                ProposalStep::NothingMore => "`duka publish issue` issues it",
                ProposalStep::CheckedAlready => {
                    "a supervisor, who is not the one who checked, runs `duka publish approve --identity FILE`"
                }
            },
            Self::ProposalStale { .. } => "propose again (`duka publish`), and have it checked and approved",
            Self::NotInForce { .. } => "`duka publications` lists all numbers with their state",
            Self::CertificatesExhausted { .. } => {
                "give certificates.first or a scheme with a longer serial in exam.toml before the record is frozen; afterwards number \
                 these certificates by hand"
            }
            Self::Seal(e) => e.hint(),
            Self::NotAnArchive { .. } => "name the folder that `duka archive` made",
            Self::ArchiveBroken { .. } => {
                "take another copy of it; `duka verify ARCHIVE` names everything that was changed, lost or added"
            }
            Self::NotPublished | Self::PaperChanged { .. } => "run `duka publish` first",
            Self::NotAsPublished { .. } => {
                "settle what is open, then publish the correction (`duka publish --correct REASON`); nothing was written"
            }
            Self::Withdrawn { .. } => {
                "take down what was made of it; results can only be handed on under another number: `duka publish --correct REASON`"
            }
            Self::OtherMasks { .. } => {
                "nothing was written: withdraw the earlier list, or make this one with the program and roster that made it"
            }
            Self::KeptUntil { .. } => "wait until then, or give the reason with --early: both people sign it",
            Self::NotEarly { .. } => {
                "leave --early out, and say in --reason what is to be said; nothing was recorded"
            }
            Self::RoadsDiffer { .. } => {
                "nothing was published: run `duka verify`, keep the message, and let these candidates' results be computed by hand"
            }
            Self::OtherPurpose { needed, .. } => match needed {
                KeyPurpose::Grading => {
                    "give them to the command that asked, or ask anew: `duka grade --request`"
                }
                KeyPurpose::Correction => "ask for both keys with `duka regrade --request`",
                KeyPurpose::Statistics => "ask with `duka grade --request FILE --for statistics`",
                KeyPurpose::Check => "ask with `duka grade --request FILE --for check`",
            },
            Self::LatePages { .. } => "scan the card alone, into a file of its own",
            Self::LateNotRead { .. } => "scan the card again; a card that can't be read is decided on paper",
            Self::LateOpen { twice: true, .. } => {
                "look at both with `duka show`; `--instead` lets the late one take the other's place"
            }
            Self::LateOpen { .. } => {
                "look at it with `duka show`, and say what is marked there: --at PLACE=VALUE, or refuse it"
            }
            Self::LateAlone { .. } => "leave out --instead",
            Self::NoReason => "say why: --reason or --why TEXT",
            Self::RecheckList { source } => source.hint(),
            Self::RecheckRow { source, .. } => return source.hint(),
            Self::NotRegistered { .. } => {
                "the card can be looked at by `duka show`; `duka verify --reread` says what else differs"
            }
            Self::Exam(e) => e.hint(),
            Self::Layout(e) => return hint_of(e.hint()),
            Self::Roster(e) => e.hint(),
            Self::Room(e) => e.hint(),
            Self::RoomSaid { .. } => "compare it with the signed room record; nothing was taken in",
            Self::Rulings(e) => e.hint(),
            Self::Practical(e) => e.hint(),
            Self::ScoreSheets(e) => e.hint(),
            Self::MixedScores { .. } => "import the score sheets and the totals one after the other",
            Self::ManyAssessors { .. } => {
                "an assessor's name may be written in two ways: import all score sheets of the scheme with --instead"
            }
            Self::SameAssessor { .. } => "name each assessor once",
            Self::NoScheme { .. } => {
                "add an [[assessment]] to exam.toml and name it at the [[occupation]], or import totals"
            }
            Self::NotAssessed { .. } => {
                "check the ticket number; who has a total and no score sheets is shown by `duka merge`"
            }
            Self::NotHeld { .. } => "`duka practical status` lists who is held",
            Self::HeldFast { .. } => "have the assessors correct their score sheets, and import those",
            Self::NoName => "say who decides, with --by NAME",
            Self::Store(e) => e.hint(),
            Self::Batch(e) => e.hint(),
            Self::Decisions(e) => return hint_of(e.hint()),
            Self::Grade(e) | Self::Ungraded { source: e, .. } => return e.hint().map(Into::into),
            Self::Hand(e) => e.hint(),
            Self::NotGraded { .. } => {
                "grade first with `duka grade`; a key that was corrected before that is named by key_revision in exam.toml"
            }
            Self::NoCorrection => {
                "put the sealed key of the next revision into keys/ and make the request with `duka regrade --request`"
            }
            Self::Regrade(e) => return hint_of(e.hint()),
            Self::Copying(e) => return hint_of(e.hint()),
            Self::Merge(e) => return e.hint().map(Into::into),
            Self::Publish(e) => return hint_of(e.hint()),
            Self::Write(e) => e.hint(),
        };
        Some(text.to_owned())
    }
}

impl SessionError {
    pub(super) fn custody(path: &Path, source: CustodyError) -> Self {
        Self::Custody { path: Some(path.to_owned()), source }
    }
}

/// A file's name before what is wrong with it.
fn at(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!("{}: ", path.display()))
}

/// The first few of a list.
fn some_of(names: &[String]) -> String {
    let more = if names.len() > 4 { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(4)].join(", "))
}

fn case_of(case: u64) -> String {
    if case == 0 { String::new() } else { format!("re-check {case} of ") }
}

fn nothing_of(item: u16) -> String {
    if item == 0 {
        "no item is named".to_owned()
    } else {
        format!("item {item} is what it was, or is named twice")
    }
}

fn corrected_by(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| format!(": number {number} corrected it"))
}

fn others_of(changed: usize) -> String {
    match changed {
        0 => "what the papers say in remarks or of re-checks, late cards and keys has changed".to_owned(),
        changed => format!("those of {changed} candidates have changed"),
    }
}

/// Who holds a lock, as far as it says.
fn holder(process: Option<u32>, since: &str) -> String {
    match process {
        Some(process) => format!(" (process {process}, since {since})"),
        None => String::new(),
    }
}

fn of_item(item: Option<&ItemLabel>) -> String {
    item.map_or_else(String::new, |item| format!(" with an item {item}"))
}

/// A hint that may be text or nothing, whichever way its module says it.
fn hint_of(hint: impl Into<Option<&'static str>>) -> Option<String> {
    hint.into().map(str::to_owned)
}
