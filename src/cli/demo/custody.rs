//! The demo's issuer, custodians and supervisor, and what they do.

use super::World;
use crate::cli::files::{self, Existing, Readers};
use crate::cli::manifest::custody;
use crate::cli::{Failure, Output, now};
use age::secrecy::SecretString;
use duka::identity::{Identity, IdentityError, Strength};
use duka::key::{ExamManifest, KeyPurpose, Manifest, Moment, Proposal, SealedKey, Terms, seal};
use duka::merge::Results;
use duka::session::{
    Ask, CorrectedPaper, Graded, Published, SEALED, Session, Verdict, exam_papers, write_whole,
};
use duka::sheet::TicketNumber;
use duka::store::RereadOutcome;
use std::path::{Path, PathBuf};

/// Opens every identity file of the demo.
pub const PASSPHRASE: &str = "duka demo only";

/// Which item of the first key turns out to be faulty, counted from 0.
const FAULTY: usize = 11;

/// The made-up people: each would have a machine of their own.
pub struct People {
    issuer: Identity,
    custodians: Vec<Identity>,
    supervisor: Identity,
    reviewer: Identity,
}

impl People {
    /// Everybody with new keys, and their files in `people/`.
    pub fn make_up(folder: &Path) -> Result<Self, Failure> {
        let failed = |e: IdentityError| Failure::new(&e, Some(e.hint()));
        let custodians: Result<Vec<_>, _> =
            ["演示保管人甲", "演示保管人乙", "演示保管人丙"].into_iter().map(Identity::custodian).collect();
        let people = Self {
            issuer: Identity::generate("演示命题人").map_err(failed)?,
            custodians: custodians.map_err(failed)?,
            supervisor: Identity::generate("演示主任").map_err(failed)?,
            reviewer: Identity::generate("演示审核员").map_err(failed)?,
        };
        let place = folder.join("people");
        super::make_folder(&place)?;
        let mut files = vec![
            ("issuer".to_owned(), &people.issuer),
            ("supervisor".to_owned(), &people.supervisor),
            ("reviewer".to_owned(), &people.reviewer),
        ];
        files.extend((1..).zip(&people.custodians).map(|(n, c)| (format!("custodian-{n}"), c)));
        let passphrase = SecretString::from(PASSPHRASE.to_owned());
        for (name, identity) in files {
            let secret = identity.to_file(&passphrase, Strength::MadeUp).map_err(failed)?;
            let path = place.join(format!("{name}.identity"));
            files::write_whole(&path, &secret, Existing::Keep, Readers::Owner)?;
            let public = place.join(format!("{name}.identity.pub"));
            write_whole(&public, format!("{}\n", identity.person()).as_bytes())?;
        }
        Ok(people)
    }

    /// The issuer signs the manifest of the exam in `folder` and seals every key; gives the manifest's file.
    pub fn seal(&self, folder: &Path, world: &World) -> Result<PathBuf, Failure> {
        let (exam, papers) = exam_papers(folder)?;
        let body = Manifest {
            batch: exam.batch,
            centre: exam.centre,
            date: exam.date,
            papers,
            threshold: 2,
            custodians: self.custodians.iter().map(|c| c.person().clone()).collect(),
            supervisors: vec![self.supervisor.person().clone()],
            reviewers: vec![self.reviewer.person().clone()],
        };
        let manifest = ExamManifest::sign(body, &self.issuer).map_err(|e| custody("the exam", &e))?;
        let path = folder.join("exam.manifest");
        write_whole(&path, manifest.text().as_bytes())?;
        let terms = Terms { threshold: None, not_before: moment()?, reason: String::new() };
        for ((paper, form), right) in &world.right {
            let Some(known) = world.exam.papers.iter().find(|(id, _)| id.as_str() == paper) else { continue };
            let Some(layout) = world.layouts.iter().find(|l| l.name == known.1.layout) else { continue };
            let text = super::key_text(paper, form, layout, right, None);
            let name = format!("{paper}-{form}-r1.{SEALED}");
            let sealed =
                seal(&text, &name, &manifest, &terms, &self.issuer).map_err(|e| custody(&name, &e))?;
            write_whole(&folder.join("keys").join(name), sealed.text().as_bytes())?;
        }
        Ok(path)
    }

    /// The supervisor asks, two of the three custodians look and release, the session grades.
    pub fn grade(&self, session: &mut Session, out: &Output) -> Result<Graded, Failure> {
        let releases = self.release(session, KeyPurpose::Grading, "grading", out)?;
        Ok(session.grade(&releases, &[])?)
    }

    /// The issuer voids an item of one key and seals the next revision; then as for grading. Gives what was corrected.
    pub fn correct(
        &self,
        session: &mut Session,
        world: &World,
        out: &Output,
    ) -> Result<(CorrectedPaper, u16), Failure> {
        let lost = || Failure::new("the made-up exam has no key to correct", None::<&str>);
        let manifest = session.manifest().cloned().ok_or_else(lost)?;
        let ((paper, form), right) = world.right.first_key_value().ok_or_else(lost)?;
        let known = world.exam.papers.iter().find(|(id, _)| id.as_str() == paper).ok_or_else(lost)?;
        let layout = world.layouts.iter().find(|l| l.name == known.1.layout).ok_or_else(lost)?;
        let item = right.keys().nth(FAULTY).copied().ok_or_else(lost)?;
        let text = super::key_text(paper, form, layout, right, Some(item));
        let reason = format!("第{item}题题干有误，作废，全体给分");
        let terms = Terms { threshold: None, not_before: moment()?, reason };
        let name = format!("{paper}-{form}-r2.{SEALED}");
        let sealed = seal(&text, &name, &manifest, &terms, &self.issuer).map_err(|e| custody(&name, &e))?;
        drop(text);
        write_whole(&session.folder().join("keys").join(name), sealed.text().as_bytes())?;
        let releases = self.release(session, KeyPurpose::Correction, "correction", out)?;
        let done = session.regrade(&releases, &[])?;
        let corrected = done.papers.into_iter().find(|paper| paper.from.is_some()).ok_or_else(lost)?;
        Ok((corrected, item))
    }

    /// A candidate asks for a re-check; reviewer and supervisor look at the evidence and sign. Gives the evidence's file.
    pub fn recheck(&self, session: &mut Session, ticket: &TicketNumber) -> Result<PathBuf, Failure> {
        let opened = session.recheck(ticket, "考生申请复核理论成绩")?;
        let same = match &opened.reread {
            RereadOutcome::Equal | RereadOutcome::SameResponses => Verdict::Unchanged,
            RereadOutcome::Differs(_) => {
                return Err(Failure::new("the stored picture is read otherwise than it was", None::<&str>));
            }
        };
        session.sign_recheck(opened.number, &self.reviewer, &same, "图像与判读逐题核对，无误")?;
        session.sign_recheck(opened.number, &self.supervisor, &same, "")?;
        let path = session.folder().join("custody").join("recheck.pdf");
        write_whole(&path, &session.recheck_slip(opened.number)?)?;
        Ok(path)
    }

    /// The results are proposed, the reviewer checks them, the supervisor approves, and they are issued.
    pub fn publish(
        &self,
        session: &mut Session,
        folder: &Path,
        out: &Output,
    ) -> Result<(Vec<PathBuf>, Results), Failure> {
        let proposed = session.publish_step(folder, None)?;
        if proposed.step == Published::Draft {
            return Ok((proposed.files, proposed.results));
        }
        for status in
            [session.check_proposal(&self.reviewer, "")?, session.approve_proposal(&self.supervisor, "")?]
        {
            if let Some((signature, _)) = status.case.signatures.last() {
                out.line(format!("   signed by {}: {}", signature.person.name(), signature.why));
            }
        }
        let issued = session.issue(folder)?;
        if let Published::Issued(number) = issued.step {
            out.line(format!(
                "   publication number (发布号) {number}; every printed page has a signed code"
            ));
        }
        Ok((issued.files, issued.results))
    }

    /// Supervisor and a custodian sign the journal's head; gives the slip's file and its code.
    pub fn sign_head(&self, session: &mut Session) -> Result<(PathBuf, String), Failure> {
        session.sign_head(&self.supervisor, "supervisor")?;
        for custodian in self.custodians.iter().take(1) {
            session.sign_head(custodian, "custodian")?;
        }
        let printed = session.head_slip(None)?;
        let path = session.folder().join("custody").join("head.pdf");
        write_whole(&path, &printed.pdf)?;
        Ok((path, printed.head.code.to_string()))
    }

    /// A request and two releases for it; every paper that changes hands is in `custody/`.
    fn release(
        &self,
        session: &mut Session,
        purpose: KeyPurpose,
        what: &str,
        out: &Output,
    ) -> Result<Vec<PathBuf>, Failure> {
        let folder = session.folder().to_owned();
        let place = folder.join("custody");
        super::make_folder(&place)?;
        let request = session.request(&Ask { keys: Vec::new(), purpose }, &self.supervisor)?;
        write_whole(&place.join(format!("{what}.request")), request.text().as_bytes())?;
        let facts = request.facts();
        out.line(format!(
            "   request {}: {} expected (应考), {} present (实考), {} pages read, {} keys",
            request.fingerprint(),
            facts.expected,
            facts.present,
            facts.read,
            request.keys().len()
        ));
        let mut sealed = sealed_keys(&folder.join("keys"))?;
        // A custodian is sent the keys that are asked for.
        sealed.retain(|key| request.keys().iter().any(|asked| asked.file == key.file_hash()));
        let mut releases = Vec::new();
        for (n, custodian) in [(1, self.custodians.first()), (3, self.custodians.last())] {
            let Some(custodian) = custodian else { continue };
            let refused = |e| custody("the request", &e);
            let at = moment()?;
            let proposal = Proposal::check(&request, &sealed, custodian.person(), at).map_err(refused)?;
            let release = proposal.release(custodian, at).map_err(refused)?;
            let path = place.join(format!("{what}.release-{n}"));
            files::write_whole(&path, release.text().as_bytes(), Existing::Keep, Readers::Owner)?;
            out.line(format!("   released by {} ({})", custodian.person().name(), release.fingerprint()));
            releases.push(path);
        }
        Ok(releases)
    }
}

fn sealed_keys(folder: &Path) -> Result<Vec<SealedKey>, Failure> {
    let failed = |e: &std::io::Error| Failure::file("read", folder, e);
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| failed(&e))? {
        let path = entry.map_err(|e| failed(&e))?.path();
        let bytes = files::read_small(&path)?;
        keys.push(SealedKey::open(&bytes).map_err(|e| custody(&path.display().to_string(), &e))?);
    }
    Ok(keys)
}

fn moment() -> Result<Moment, Failure> {
    now().parse::<Moment>().map_err(|e| Failure::new(e, None::<&str>))
}
