//! Whether the record is what was written, and whether it comes to what it says.

use super::publishing::paper_hash;
use super::reread::RereadAll;
use super::slip::{HeadCode, Slip};
use super::view::View;
use super::{Clock, Mode, Session, SessionError};
use crate::identity::Person;
use crate::key::ExamManifest;
use crate::sheet::{Sha256, SheetId, TicketNumber};
use crate::store::{Difference, HeadSignature, JournalEntry, JournalHead, RecordFault, Store};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Entries of the journal that change nothing of what the papers say: what was made of a publication, signatures of heads, and the
/// cases of destruction.
const LEAVE_PAPERS: [&str; 8] = [
    "archive",
    "destruction-open",
    "destruction-sign",
    "head-sign",
    "lookup-page",
    "province-export",
    "public-list",
    "result-slips",
];

/// What to hold the record against.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions<'v> {
    /// Heads that were written down.
    pub slips: &'v [Slip],
    /// People whose signatures count; without any, signatures are held against their own keys alone.
    pub signers: &'v [Person],
    /// Whether every picture is read again.
    pub reread: bool,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Finding {
    /// The record is not what was written.
    Record(RecordFault),
    /// The record, but not what was written.
    Other(Mismatch),
}

/// As [`Finding`], beyond the record itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mismatch {
    /// The journal ends before the entry of a slip.
    JournalCut {
        /// The slip's entry.
        entry: u64,
        /// The journal's last.
        last: u64,
    },
    /// The entry of a slip is there with another hash.
    JournalRewritten {
        /// The slip's entry.
        entry: u64,
        /// The last entry before it that another slip proves; 0 for none.
        proved: u64,
    },
    /// A slip of another exam session.
    OtherSlip {
        /// The slip's entry.
        entry: u64,
        /// The exam that it names.
        exam: String,
    },
    /// A signature on a slip that the key of nobody given made.
    SlipSignature {
        /// The slip's entry.
        entry: u64,
        /// In whose name.
        name: String,
    },
    /// A signature that its own key did not make, or that is over something else.
    Signature {
        /// `head 14`, `re-check 2`, `late sheet 1`.
        under: String,
        /// In whose name.
        name: String,
    },
    /// A signature by a key of nobody given.
    UnknownSigner {
        /// `head 14`, `re-check 2`, `late sheet 1`.
        under: String,
        /// In whose name.
        name: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The record can't be read beyond the faults that were found in it.
    Unreadable {
        /// What failed.
        failure: String,
    },
    /// A file of the session that is not what is in force in the record.
    FileChanged {
        /// Which.
        path: String,
    },
    /// Scores of sheets that don't count for the candidate, or the other way round.
    ScoreSheet {
        /// Whose.
        ticket: String,
    },
    /// A score beyond what there is to get.
    ScoreRange {
        /// Whose.
        ticket: String,
    },
    /// What `duka status` shows does not follow from the record.
    View,
    /// A paper made of the record now is not the one that was published last, though nothing was done since.
    Publication {
        /// Which paper.
        file: String,
        /// The entry of the publication.
        entry: u64,
    },
    /// A file of a paper that is not the one that was written.
    PaperFile {
        /// Where, in the session's folder.
        path: String,
    },
    /// A publication that is not what two people signed.
    Approval {
        /// Its number.
        number: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A picture that is read otherwise than it is recorded.
    Reading {
        /// Which page.
        sheet: SheetId,
        /// Where.
        places: Vec<Difference>,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(fault) => fault.fmt(f),
            Self::Other(mismatch) => mismatch.fmt(f),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JournalCut { entry, last } => write!(
                f,
                "the slip is of journal entry {entry}, but the journal ends at entry {last}: its end was cut off"
            ),
            Self::JournalRewritten { entry, proved } => {
                write!(f, "journal entry {entry} is not the one on the slip: ")?;
                match proved {
                    0 => write!(f, "something in entries 1 to {entry} was rewritten"),
                    proved => write!(f, "something after entry {proved} and up to {entry} was rewritten"),
                }
            }
            Self::OtherSlip { entry, exam } => {
                write!(f, "the slip of entry {entry} is of another exam session: {exam}")
            }
            Self::SlipSignature { entry, name } => write!(
                f,
                "on the slip of entry {entry}, the signature in the name of {name} is by none of the keys that were given"
            ),
            Self::Signature { under, name } => {
                write!(
                    f,
                    "the signature of {name} under {under} does not hold: it is over something else, or forged"
                )
            }
            Self::UnknownSigner { under, name, fingerprint } => write!(
                f,
                "the signature in the name of {name} under {under} is by a key that was not given ({fingerprint}): \
                 someone else signed, or signed again"
            ),
            Self::Unreadable { failure } => {
                write!(f, "what else is in the record can't be looked at: {failure}")
            }
            Self::FileChanged { path } => write!(f, "{path} is not what is in force in the record"),
            Self::ScoreSheet { ticket } => {
                write!(
                    f,
                    "the score of {ticket} is not of the sheet that counts for them, or nobody's sheet counts"
                )
            }
            Self::ScoreRange { ticket } => write!(f, "the score of {ticket} is more than the paper's points"),
            Self::View => f.write_str(
                "what `duka status` and `duka merge` would have shown did not follow from the record",
            ),
            Self::Publication { file, entry } => write!(
                f,
                "{file} made of the record now is not the one that journal entry {entry} published, though nothing was \
                 done since"
            ),
            Self::PaperFile { path } => {
                write!(f, "{path} is not the file that was published: it was changed")
            }
            Self::Approval { number, why } => write!(f, "publication number {number}: {why}"),
            Self::Reading { sheet, places } => {
                write!(f, "page {sheet} is read otherwise than it is recorded: ")?;
                for (i, d) in places.iter().take(3).enumerate() {
                    let comma = if i > 0 { "; " } else { "" };
                    write!(f, "{comma}{}: recorded {}, found {}", d.place, d.recorded, d.found)?;
                }
                if places.len() > 3 { write!(f, "; and {} more", places.len() - 3) } else { Ok(()) }
            }
        }
    }
}

/// A signature that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenSignature {
    /// `head 14`, `re-check 2`, `late sheet 1`.
    pub under: String,
    /// As what; empty for a re-check or a late sheet.
    pub role: String,
    /// In whose name.
    pub name: String,
    /// The key's fingerprint.
    pub fingerprint: String,
    /// Whether somebody given owns the key.
    pub vouched: bool,
}

/// What a look at the whole session came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The end of the journal.
    pub head: JournalHead,
    /// Its code.
    pub code: HeadCode,
    /// Everything that does not hold.
    pub findings: Vec<Finding>,
    /// Up to which entry a slip proves the journal; `None` without one: that nothing was cut off at its end is unproved.
    pub proved_to: Option<u64>,
    /// Signatures under heads, re-checks and late sheets.
    pub signatures: Vec<SeenSignature>,
    /// Entries that say an earlier time than the one before them.
    pub clock_set_back: Vec<u64>,
    /// Scores that were held against sheets.
    pub scores: usize,
    /// Papers of the last publication that were made again and are the same; `None` if there is none, or something was
    /// done since that could change them.
    pub papers: Option<usize>,
    /// Papers that say, page by page, what was signed, but are drawn otherwise than when another version of the program issued
    /// them; the bytes that were issued are kept.
    pub redrawn: usize,
    /// Files in `out/` that bear a paper's name and are none that was published: changed, or left by a publication that was cut short.
    pub other_papers: Vec<String>,
    /// What reading every picture again came to, if it was asked for.
    pub reread: Option<RereadAll>,
}

impl Verified {
    /// Whether nothing was found.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Looks at everything in the session in `folder` that needs no key, without changing anything: the journal and every
/// row of the record, signatures, slips, exam and layouts, the freeze, whose sheets the scores are of, what was
/// published, and if asked for every picture.
///
/// # Errors
///
/// [`SessionError::Store`] if there is no record or it can't be opened at all. What is wrong within it is a
/// [`Finding`], not an error.
pub fn verify(
    folder: &Path,
    clock: Clock,
    options: &VerifyOptions<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Verified, SessionError> {
    let exam = folder.join("exam.toml");
    if !exam.exists() {
        return Err(SessionError::NoSession { folder: folder.to_owned() });
    }
    let store = Store::open(&folder.join("duka.db"))?;
    let audit = store.audit()?;
    let broken = !audit.faults.is_empty();
    let mut seen = Verified {
        head: audit.head,
        code: HeadCode::of(&audit.head),
        findings: audit.faults.into_iter().map(Finding::Record).collect(),
        proved_to: None,
        signatures: Vec::new(),
        clock_set_back: audit.clock_set_back,
        scores: 0,
        papers: None,
        redrawn: 0,
        other_papers: Vec::new(),
        reread: None,
    };
    drop(store);
    let mut rest = |seen: &mut Verified| -> Result<(), SessionError> {
        let (session, changed) = Session::load(folder, clock, "", Mode::LookOnly)?;
        let file = |path: PathBuf| {
            let path = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            Finding::Other(Mismatch::FileChanged { path })
        };
        seen.findings.extend(changed.into_iter().map(file));
        session.check_slips(options, seen)?;
        session.check_signatures(options.signers, seen)?;
        session.check_outcome(seen)?;
        if options.reread {
            let all = session.reread_all(progress)?;
            seen.findings.extend(all.differing.iter().map(|(sheet, places)| {
                Finding::Other(Mismatch::Reading { sheet: *sheet, places: places.clone() })
            }));
            seen.reread = Some(all);
        }
        Ok(())
    };
    match rest(&mut seen) {
        Ok(()) => {}
        // A record that was tampered with may well be unreadable; what was found until then counts.
        Err(error) if broken => {
            seen.findings.push(Finding::Other(Mismatch::Unreadable { failure: error.to_string() }));
        }
        Err(error) => return Err(error),
    }
    Ok(seen)
}

impl Session {
    /// Whether journal, rows and freeze still hold together, and whether what [`Session::status`] says follows from
    /// them; gives the journal's end. [`verify`] looks at more and says more.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn verify(&self) -> Result<JournalHead, SessionError> {
        self.store.check_integrity()?;
        let head = self.store.verify_journal()?;
        self.store.verify_rows()?;
        if self.store.frozen()?.is_some() {
            self.store.verify_freeze()?;
        }
        if !self.view_holds()? {
            return Err(SessionError::ViewBroken);
        }
        Ok(head)
    }

    /// Whether the view is what the record comes to, and results made from it are those of the record; one that isn't is thrown
    /// away.
    fn view_holds(&self) -> Result<bool, SessionError> {
        let Some(View { candidates, counts, open, rooms: Some(rooms) }) = self.view()? else {
            return Ok(true);
        };
        let mut holds = self.whole()? == (candidates, counts, open, rooms);
        if holds && let Some(results) = self.merge_in_batches()? {
            holds = self.merge_whole()? == results;
        }
        if !holds {
            self.store.derive(|view| {
                view.clear()?;
                // It may be these that are not what the readings say.
                view.forget_facts().map_err(SessionError::from)
            })?;
        }
        Ok(holds)
    }

    fn check_slips(&self, options: &VerifyOptions<'_>, seen: &mut Verified) -> Result<(), SessionError> {
        let called = self.exam_called()?;
        let mut slips: Vec<&Slip> = options.slips.iter().collect();
        slips.sort_by_key(|slip| slip.code.sequence());
        let mut proved = 0;
        let mut found = Vec::new();
        for slip in slips {
            let entry = slip.code.sequence();
            if let Some((exam, _)) = slip.head.as_ref().filter(|(exam, _)| *exam != called) {
                found.push(Mismatch::OtherSlip { entry, exam: exam.clone() });
                continue;
            }
            match self.store.head_at(entry)? {
                _ if entry > seen.head.sequence => {
                    found.push(Mismatch::JournalCut { entry, last: seen.head.sequence });
                }
                Some(head)
                    if slip.code.is_of(&head) && slip.head.as_ref().is_none_or(|(_, h)| *h == head) =>
                {
                    proved = entry;
                }
                _ => found.push(Mismatch::JournalRewritten { entry, proved }),
            }
            for signature in &slip.signatures {
                let by = options.signers.iter().any(|person| slip.is_signed_by(signature, person));
                if !by && !options.signers.is_empty() {
                    found.push(Mismatch::SlipSignature { entry, name: signature.name.clone() });
                }
            }
        }
        // A head is worth what its chain is worth: a broken one proves nothing up to the slip's entry.
        let chain = |finding: &Finding| {
            matches!(
                finding,
                Finding::Record(
                    RecordFault::EntryMissing { .. }
                        | RecordFault::EntryMoved { .. }
                        | RecordFault::EntryChanged { .. }
                )
            )
        };
        seen.proved_to = (proved > 0 && !seen.findings.iter().any(chain)).then_some(proved);
        seen.findings.extend(found.into_iter().map(Finding::Other));
        Ok(())
    }

    fn check_signatures(&self, signers: &[Person], seen: &mut Verified) -> Result<(), SessionError> {
        let mut look = |under: String, role: &str, person: &Person, (holds, decides): (bool, bool)| {
            // Whoever names people means these; without, the exam's manifest does.
            let named = self.manifest.iter().flat_map(ExamManifest::people);
            let known: Vec<&Person> =
                if signers.is_empty() { named.collect() } else { signers.iter().collect() };
            let vouched = known.iter().any(|known| known.is_same(person));
            let (name, fingerprint) = (person.name().to_owned(), person.fingerprint().to_string());
            let finding = if !holds {
                Some(Mismatch::Signature { under: under.clone(), name: name.clone() })
            } else if !vouched && (decides || !signers.is_empty()) {
                let (under, name, fingerprint) = (under.clone(), name.clone(), fingerprint.clone());
                Some(Mismatch::UnknownSigner { under, name, fingerprint })
            } else {
                None
            };
            seen.findings.extend(finding.map(Finding::Other));
            let role = role.to_owned();
            seen.signatures.push(SeenSignature { under, role, name, fingerprint, vouched });
        };
        let called = self.exam_called()?;
        for signature in self.store.head_signatures()? {
            let head: JournalHead = signature.head();
            let there = self.store.head_at(head.sequence)? == Some(head);
            let own = signature.exam == called;
            let holds = there && own && HeadSignature::verify(&signature).is_ok();
            look(format!("head {}", head.sequence), &signature.role, &signature.person, (holds, false));
        }
        for case in self.store.rechecks()? {
            for (signature, _) in &case.signatures {
                let holds = case.holds(signature);
                look(format!("re-check {}", case.number), "", &signature.person, (holds, true));
            }
        }
        for case in self.store.late_sheets()? {
            for (signature, _) in &case.signatures {
                let holds = case.holds(signature);
                look(format!("late sheet {}", case.number), "", &signature.person, (holds, true));
            }
        }
        Ok(())
    }

    /// Holds what the record says against what it comes to.
    fn check_outcome(&self, seen: &mut Verified) -> Result<(), SessionError> {
        let mut found = Vec::new();
        if !self.view_holds()? {
            found.push(Mismatch::View);
        }
        let scores = self.store.scores()?;
        seen.scores = scores.len();
        if !scores.is_empty() {
            let standings = self.standings()?;
            let counts: BTreeMap<&TicketNumber, SheetId> =
                standings.findings.by_ticket.iter().map(|(ticket, a)| (ticket, a.sheet)).collect();
            let waiting = self.late_waiting()?;
            let mut scored = BTreeSet::new();
            for score in &scores {
                let ticket = score.ticket.to_string();
                // A late sheet that counts is not the one of the score before the next grading.
                let other =
                    counts.get(&score.ticket) != Some(&score.sheet) && !waiting.contains(&score.ticket);
                if other || !scored.insert(&score.ticket) {
                    found.push(Mismatch::ScoreSheet { ticket: ticket.clone() });
                }
                if score.score.points > score.score.out_of {
                    found.push(Mismatch::ScoreRange { ticket });
                }
            }
        }
        for publication in self.store.publications()? {
            if let Some(why) = self.approval_fault(&publication)? {
                found.push(Mismatch::Approval { number: publication.number, why });
            }
        }
        self.check_papers(seen, &mut found)?;
        let (changed, others) = self.changed_papers()?;
        let shown = |path: PathBuf| path.display().to_string();
        found.extend(changed.into_iter().map(|path| Mismatch::PaperFile { path: shown(path) }));
        seen.other_papers = others.into_iter().map(shown).collect();
        seen.findings.extend(found.into_iter().map(Finding::Other));
        Ok(())
    }

    /// Makes the papers of the last publication again, if nothing was done since that could change them.
    fn check_papers(&self, seen: &mut Verified, found: &mut Vec<Mismatch>) -> Result<(), SessionError> {
        let journal = self.store.journal()?;
        let Some(at) = journal.iter().rposition(|entry| entry.kind == "publish") else { return Ok(()) };
        let same = |entry: &JournalEntry| LEAVE_PAPERS.contains(&entry.kind.as_str());
        if !journal[at + 1..].iter().all(same) {
            return Ok(());
        }
        let entry = &journal[at];
        if entry.detail.get("files").is_none() {
            return Ok(());
        }
        let documents = self.papers_now()?;
        let made = documents.len();
        let mut unlike: Vec<String> = Vec::new();
        for document in documents {
            if paper_hash(entry, &document.file_name) != Some(Sha256::of(&document.bytes)) {
                unlike.push(document.file_name);
            }
        }
        seen.papers = Some(made - unlike.len());
        // Another version of the program may draw otherwise: then each page must say what was signed, and what was issued must be there.
        let signed = self.store.publications()?.pop().filter(|last| last.proposal.is_some());
        let as_signed = match signed {
            Some(last) if !unlike.is_empty() => self.prints_as_signed(&last, &self.merge()?)?,
            _ => false,
        };
        for file in unlike {
            let kept = paper_hash(entry, &file).and_then(|hash| self.kept(&file, &hash));
            if as_signed && kept.is_some() {
                seen.redrawn += 1;
            } else {
                found.push(Mismatch::Publication { file, entry: entry.sequence });
            }
        }
        Ok(())
    }
}
