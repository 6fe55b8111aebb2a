//! Attacks on custody: each is refused, with a message that says what is wrong and nothing of a key.

use crate::common::people::{People, now};
use crate::common::{CANDIDATES, Desk, Filled, card, key_text};
use duka::identity::{Identity, Person, Purpose, Signed};
use duka::key::{
    CustodyError, ExamManifest, KeyPurpose, OneUseKey, Proposal, Quorum, Release, Request, RequestFacts,
    SealedKey, Terms, seal,
};
use duka::session::{Ask, Session, SessionError};
use duka::sheet::Sha256;
use duka::store::StoreError;
use serde::{Deserialize, Serialize};

type HeaderChange = fn(&mut Header);
type ManifestChange = fn(&mut duka::key::Manifest);

/// No message may hold an answer: in these keys A is right everywhere.
fn quiet(error: &impl std::fmt::Display) -> String {
    let said = error.to_string();
    assert!(!said.contains("AAA") && !said.contains("SECRET"), "{said}");
    said
}

/// An exam without a session: its papers are those of the tests' exam.
struct Exam {
    _folder: tempfile::TempDir,
    people: People,
    manifest: ExamManifest,
}

impl Exam {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("exam.toml"), crate::common::EXAM).unwrap();
        let people = People::new();
        let manifest = people.manifest(folder.path());
        Self { _folder: folder, people, manifest }
    }

    fn seal(&self, form: &str, revision: u16) -> SealedKey {
        self.people.seal(&key_text("electrician-4", form, revision), &self.manifest)
    }

    fn request(&self, keys: &[&SealedKey]) -> (Request, OneUseKey) {
        let keys: Vec<(&SealedKey, u64)> = keys.iter().map(|k| (*k, 3)).collect();
        Request::sign(&self.manifest, facts(), &keys, now(), &self.people.supervisor).unwrap()
    }
}

fn facts() -> RequestFacts {
    let (freeze, journal_head) = (Sha256::of(b"freeze"), Sha256::of(b"head"));
    let purpose = Some(KeyPurpose::Grading);
    RequestFacts {
        freeze,
        journal_entries: 7,
        journal_head,
        expected: 6,
        present: 6,
        read: 6,
        set_aside: 0,
        purpose,
    }
}

fn everybody() -> Vec<Filled> {
    (1..=CANDIDATES).map(|n| card(n, 70)).collect()
}

#[test]
fn one_custodian_alone_and_the_same_one_twice() {
    let exam = Exam::new();
    let sealed = [exam.seal("A", 1)];
    let (request, one_use) = exam.request(&[&sealed[0]]);
    let alone = exam.people.release(&request, &sealed, &[1]);
    let error = Quorum::check(&request, &sealed, &alone, now()).unwrap_err();
    assert!(matches!(error, CustodyError::TooFew { found: 1, needed: 2, .. }), "{}", quiet(&error));
    // The very same file, and a second release of the same person.
    for second in [alone[0].clone(), exam.people.release(&request, &sealed, &[1]).remove(0)] {
        let both = [alone[0].clone(), second];
        let error = Quorum::check(&request, &sealed, &both, now()).unwrap_err();
        assert!(matches!(error, CustodyError::SameCustodian { .. }), "{}", quiet(&error));
        assert!(error.to_string().contains("李保管"));
    }
    let two = exam.people.release(&request, &sealed, &[1, 0]);
    Quorum::check(&request, &sealed, &two, now()).unwrap().open(&sealed[0], &one_use).unwrap();
}

#[test]
fn a_custodian_of_another_exam_and_a_supervisor_of_another_exam() {
    let (exam, other) = (Exam::new(), Exam::new());
    let sealed = [exam.seal("A", 1)];
    let (request, _) = exam.request(&[&sealed[0]]);
    let stranger = &other.people.custodians[0];
    let error = Proposal::check(&request, &sealed, stranger.person(), now()).unwrap_err();
    assert!(matches!(error, CustodyError::WrongSigner { role: "a custodian", .. }), "{}", quiet(&error));

    // A real custodian's name with another key is another person.
    let impostor = Identity::custodian(exam.people.custodians[0].person().name()).unwrap();
    let error = Proposal::check(&request, &sealed, impostor.person(), now()).unwrap_err();
    assert!(matches!(error, CustodyError::WrongSigner { .. }), "{}", quiet(&error));
    // What the impostor signs is no release of this exam either.
    let honest = exam.people.release(&request, &sealed, &[0, 1]);
    let forged = resign(&honest[0], &impostor, |_| {});
    let error = Quorum::check(&request, &sealed, &[forged, honest[1].clone()], now()).unwrap_err();
    assert!(matches!(error, CustodyError::WrongSigner { .. }), "{}", quiet(&error));

    let keys = [(&sealed[0], 3)];
    let wrong = Request::sign(&exam.manifest, facts(), &keys, now(), &other.people.supervisor);
    assert!(matches!(wrong.unwrap_err(), CustodyError::WrongSigner { role: "a supervisor", .. }));
    // An issuer of another exam seals nothing for this one.
    let text = key_text("electrician-4", "A", 1);
    let terms = crate::common::people::terms(&text);
    let wrong = seal(&text, "k", &exam.manifest, &terms, &other.people.issuer).unwrap_err();
    assert!(matches!(wrong, CustodyError::WrongSigner { role: "the issuer", .. }), "{}", quiet(&wrong));
}

#[test]
fn every_byte_of_a_sealed_key_a_request_and_a_release_counts() {
    let exam = Exam::new();
    let sealed = [exam.seal("A", 1)];
    let (request, _) = exam.request(&[&sealed[0]]);
    let release = exam.people.release(&request, &sealed, &[0]).remove(0);
    let each = |text: &str, open: &dyn Fn(&[u8]) -> Option<CustodyError>| {
        let whole = text.as_bytes();
        assert!(open(whole).is_none());
        let mut changed = whole.to_vec();
        for at in 0..whole.len() {
            for mask in [0x01, 0x20] {
                changed[at] ^= mask;
                quiet(&open(&changed).unwrap_or_else(|| panic!("byte {at} ^ {mask} is not seen")));
                changed[at] ^= mask;
            }
        }
        for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
            assert!(open(&whole[..cut]).is_some());
        }
        assert!(open(&[whole, b"\n"].concat()).is_some());
    };
    each(sealed[0].text(), &|bytes| SealedKey::open(bytes).err());
    each(request.text(), &|bytes| Request::open(bytes).err());
    each(release.text(), &|bytes| Release::open(bytes).err());
    each(exam.manifest.text(), &|bytes| ExamManifest::open(bytes).err());
}

/// A release's body as its file has it, to forge one that is signed by its custodian.
#[derive(Serialize, Deserialize, Clone)]
struct ReleaseBody {
    exam: String,
    request: String,
    at: String,
    parts: Vec<ReleasedPart>,
}

#[derive(Serialize, Deserialize, Clone)]
struct ReleasedPart {
    paper: String,
    form: String,
    revision: u16,
    file: String,
    parts: String,
}

fn resign(release: &Release, by: &Identity, change: impl FnOnce(&mut ReleaseBody)) -> Release {
    let signed: Signed<ReleaseBody> = Signed::open(Purpose::Release, release.text().as_bytes()).unwrap();
    let mut body = signed.body().clone();
    change(&mut body);
    Release::open(Signed::sign(Purpose::Release, body, by).unwrap().text().as_bytes()).unwrap()
}

/// A sealed key's body as its file has it, to forge one that is signed by its issuer.
#[derive(Serialize, Deserialize, Clone)]
struct SealedBody {
    header: Header,
    parts: Vec<String>,
    text: String,
}

#[derive(Serialize, Deserialize, Clone)]
struct Header {
    suite: String,
    exam: String,
    paper: String,
    form: String,
    revision: u16,
    reason: String,
    not_before: String,
    threshold: u8,
    custodians: Vec<Person>,
    nonce: String,
    commitment: String,
}

fn sealed_body(sealed: &SealedKey) -> SealedBody {
    let signed: Signed<SealedBody> = Signed::open(Purpose::SealedKey, sealed.text().as_bytes()).unwrap();
    signed.body().clone()
}

fn reseal(body: SealedBody, by: &Identity) -> SealedKey {
    SealedKey::open(Signed::sign(Purpose::SealedKey, body, by).unwrap().text().as_bytes()).unwrap()
}

#[test]
fn parts_swapped_between_files_between_papers_and_between_requests() {
    let exam = Exam::new();
    let (a, b) = (exam.seal("A", 1), exam.seal("B", 1));
    let both = [a.clone(), b.clone()];
    let (request, one_use) = exam.request(&[&a, &b]);
    let releases = exam.people.release(&request, &both, &[0, 1]);

    // A custodian's own parts of form B under the name of form A.
    let swapped = resign(&releases[0], &exam.people.custodians[0], |body| {
        let (first, second) = (body.parts[0].parts.clone(), body.parts[1].parts.clone());
        (body.parts[0].parts, body.parts[1].parts) = (second, first);
    });
    let mixed = [swapped, releases[1].clone()];
    let quorum = Quorum::check(&request, &both, &mixed, now()).unwrap();
    for key in &both {
        let error = quorum.open(key, &one_use).unwrap_err();
        assert!(matches!(error, CustodyError::Part { .. }), "{}", quiet(&error));
        assert!(error.to_string().contains("张保管"));
    }
    // One custodian's parts under another's signature.
    let borrowed = resign(&releases[0], &exam.people.custodians[2], |_| {});
    let mixed = [borrowed, releases[1].clone()];
    let error = Quorum::check(&request, &both, &mixed, now()).unwrap().open(&a, &one_use).unwrap_err();
    assert!(matches!(error, CustodyError::Part { .. }), "{}", quiet(&error));
    // A part left out.
    let short = resign(&releases[0], &exam.people.custodians[0], |body| drop(body.parts.remove(0)));
    let mixed = [short, releases[1].clone()];
    let error = Quorum::check(&request, &both, &mixed, now()).unwrap().open(&a, &one_use).unwrap_err();
    assert!(matches!(error, CustodyError::Part { .. }), "{}", quiet(&error));

    // A third custodian makes up for one whose part is damaged.
    let third = exam.people.release(&request, &both, &[2]).remove(0);
    let garbled = resign(&releases[0], &exam.people.custodians[0], |body| {
        body.parts[0].parts = body.parts[1].parts.clone();
    });
    let three = [garbled.clone(), releases[1].clone(), third];
    let quorum = Quorum::check(&request, &both, &three, now()).unwrap();
    quorum.takes(&one_use).unwrap();
    quorum.open(&a, &one_use).unwrap();
    let two = [garbled, releases[1].clone()];
    let error = Quorum::check(&request, &both, &two, now()).unwrap().takes(&one_use).unwrap_err();
    assert!(matches!(error, CustodyError::Part { .. }), "{}", quiet(&error));

    // The parts of one sealed file in another of the same key, even with the issuer's help.
    let again = exam.seal("A", 1);
    let mut body = sealed_body(&a);
    body.parts = sealed_body(&again).parts;
    let forged = [reseal(body, &exam.people.issuer)];
    let (request, _) = exam.request(&[&forged[0]]);
    let custodian = &exam.people.custodians[0];
    let proposal = Proposal::check(&request, &forged, custodian.person(), now()).unwrap();
    let error = proposal.release(custodian, now()).unwrap_err();
    assert!(matches!(error, CustodyError::Part { .. }), "{}", quiet(&error));
    // Another's seal is none of this exam's.
    let forged = reseal(sealed_body(&a), &exam.people.supervisor);
    let error = forged.belongs(&exam.manifest).unwrap_err();
    assert!(matches!(error, CustodyError::WrongSigner { role: "the issuer", .. }), "{}", quiet(&error));
}

#[test]
fn what_the_header_says_can_not_be_changed_even_by_its_issuer() {
    let exam = Exam::new();
    let sealed = exam.seal("A", 1);
    let changes: [HeaderChange; 4] = [
        |h| h.not_before = "2019-01-01T00:00:00Z".into(),
        |h| h.form = "B".into(),
        |h| (h.revision, h.reason) = (2, "x".into()),
        |h| h.threshold = 3,
    ];
    for change in changes {
        let mut body = sealed_body(&sealed);
        change(&mut body.header);
        let forged = [reseal(body, &exam.people.issuer)];
        let (request, _) = exam.request(&[&forged[0]]);
        let custodian = &exam.people.custodians[0];
        let proposal = Proposal::check(&request, &forged, custodian.person(), now()).unwrap();
        let error = proposal.release(custodian, now()).unwrap_err();
        assert!(matches!(error, CustodyError::Part { .. }), "{}", quiet(&error));
    }
    // A threshold below the exam's, an unknown suite, other custodians.
    let mut body = sealed_body(&sealed);
    body.header.threshold = 1;
    let error = reseal(body, &exam.people.issuer).belongs(&exam.manifest).unwrap_err();
    assert!(matches!(error, CustodyError::Threshold { threshold: 1, .. }), "{}", quiet(&error));
    let mut body = sealed_body(&sealed);
    body.header.custodians.swap(0, 1);
    let error = reseal(body, &exam.people.issuer).belongs(&exam.manifest).unwrap_err();
    assert!(matches!(error, CustodyError::SealedForm { .. }), "{}", quiet(&error));
    let mut body = sealed_body(&sealed);
    body.header.suite = "duka-seal-0 (none)".into();
    let forged = Signed::sign(Purpose::SealedKey, body, &exam.people.issuer).unwrap();
    assert_eq!(SealedKey::open(forged.text().as_bytes()).unwrap_err(), CustodyError::Suite);
}

#[test]
fn the_key_of_one_paper_offered_for_another_and_an_older_revision() {
    let exam = Exam::new();
    let (a, b, newer) = (exam.seal("A", 1), exam.seal("B", 1), exam.seal("A", 2));
    let (request, _) = exam.request(&[&a]);
    let custodian = exam.people.custodians[0].person();
    for (offered, what) in [(&b, "form B"), (&newer, "revision 2")] {
        let offered = [offered.clone()];
        let error = Proposal::check(&request, &offered, custodian, now()).unwrap_err();
        assert!(matches!(error, CustodyError::NotAsked { .. }), "{}", quiet(&error));
        assert!(error.to_string().contains(what), "{error}");
    }
    // The other way round: the newer key is asked for, the older one is offered.
    let (request, _) = exam.request(&[&newer]);
    let old = [a.clone()];
    let error = Proposal::check(&request, &old, custodian, now()).unwrap_err();
    assert!(matches!(error, CustodyError::NotAsked { revision: 1, .. }), "{}", quiet(&error));
    let error = Proposal::check(&request, &[], custodian, now()).unwrap_err();
    assert!(matches!(error, CustodyError::NoSealedKey { revision: 2, .. }), "{}", quiet(&error));
}

#[test]
fn a_key_before_its_time_by_the_custodians_clock() {
    let exam = Exam::new();
    let text = key_text("electrician-4", "A", 1);
    let not_before = "2026-11-21T04:00:01Z".parse().unwrap();
    let terms = Terms { threshold: None, not_before, reason: String::new() };
    let sealed = [seal(&text, "k", &exam.manifest, &terms, &exam.people.issuer).unwrap()];
    let (request, _) = exam.request(&[&sealed[0]]);
    let custodian = exam.people.custodians[0].person();
    let error = Proposal::check(&request, &sealed, custodian, now()).unwrap_err();
    assert_eq!(error, CustodyError::TooEarly { not_before, now: now() });
    Proposal::check(&request, &sealed, custodian, not_before).unwrap();
}

#[test]
fn terms_and_people_that_an_exam_does_not_allow() {
    let exam = Exam::new();
    let issuer = &exam.people.issuer;
    let try_seal = |revision: u16, threshold, reason: &str| {
        let not_before = now();
        let terms = Terms { threshold, not_before, reason: reason.into() };
        seal(&key_text("electrician-4", "A", revision), "k", &exam.manifest, &terms, issuer).err()
    };
    assert!(matches!(try_seal(1, Some(1), ""), Some(CustodyError::Threshold { .. })));
    assert!(matches!(try_seal(1, Some(4), ""), Some(CustodyError::Threshold { .. })));
    assert!(matches!(try_seal(2, None, ""), Some(CustodyError::Reason)));
    assert!(matches!(try_seal(2, None, "a\nb"), Some(CustodyError::Reason)));
    assert!(matches!(try_seal(1, None, "why"), Some(CustodyError::Reason)));
    assert_eq!(try_seal(1, Some(3), ""), None);

    let body = || exam.manifest.body().clone();
    let sign = |body| ExamManifest::sign(body, issuer).unwrap_err();
    let changes: [ManifestChange; 8] = [
        |m| m.threshold = 1,
        |m| m.threshold = 4,
        |m| m.custodians.truncate(1),
        |m| m.custodians[2] = m.custodians[0].clone(),
        |m| m.custodians[2] = m.supervisors[0].clone(),
        |m| m.supervisors.clear(),
        |m| m.papers.clear(),
        |m| m.batch = "a\nb".into(),
    ];
    for change in changes {
        let mut body = body();
        change(&mut body);
        let error = sign(body);
        assert!(matches!(error, CustodyError::Manifest(_)), "{error}");
    }
}

#[test]
fn a_decoy_session_with_the_same_exam_name() {
    let desk = Desk::with(&everybody(), &[]);
    let decoy = Desk::with(&everybody(), &[]);
    assert_eq!(desk.manifest.body().batch, decoy.manifest.body().batch);
    let mut session = decoy.open();
    session.freeze().unwrap();
    // The real keys in the decoy's folder: no request can name them.
    for form in ["A", "B"] {
        let name = format!("keys/electrician-4-{form}.sealed");
        decoy.write(&name, desk.read(&name));
    }
    let error = decoy.request(&mut session).unwrap_err();
    let refused = |e: &SessionError| {
        matches!(e, SessionError::Custody { source: CustodyError::OtherExam { what: "sealed key", .. }, .. })
    };
    assert!(refused(&error), "{}", quiet(&error));
    // A custodian who is shown the decoy's request with the real keys releases nothing.
    for form in ["A", "B"] {
        decoy.seal(&format!("electrician-4-{form}.sealed"), &key_text("electrician-4", form, 1));
    }
    let request = decoy.request(&mut session).unwrap();
    let custodian = desk.people.custodians[0].person();
    assert!(Proposal::check(&request, &desk.sealed(), custodian, now()).is_err());
    // The session is bound for good: the real manifest does not replace the decoy's.
    let error = session.bind_manifest(&desk.path("exam.manifest")).unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::OtherManifest { .. })), "{}", quiet(&error));
}

#[test]
fn a_manifest_that_says_another_exam_and_a_session_without_one() {
    let desk = Desk::with(&everybody(), &[]);
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare");
    Session::create(&bare).unwrap();
    std::fs::write(bare.join("exam.toml"), crate::common::EXAM.replace("第3批", "第4批")).unwrap();
    let mut session = Session::open(&bare, crate::common::clock).unwrap();
    let error = session.bind_manifest(&desk.path("exam.manifest")).unwrap_err();
    assert!(matches!(error, SessionError::NotTheManifest { part: "batch" }), "{error}");
    let error = session.request(&Ask::default(), &desk.people.supervisor).unwrap_err();
    assert!(matches!(error, SessionError::NoManifest), "{error}");
    let error = session.grade(&[], &[]).unwrap_err();
    assert!(matches!(error, SessionError::NoManifest), "{error}");
    // Once bound, an exam.toml that says otherwise does not open.
    desk.write("exam.toml", crate::common::EXAM.replace("\"A\", \"B\"", "\"A\""));
    let error = Session::open(&desk.folder(), crate::common::clock).err().unwrap();
    assert!(matches!(error, SessionError::NotTheManifest { .. }), "{error}");
}

#[test]
fn opening_before_the_freeze_and_with_exceptions_open() {
    let cards = [card(1, 70), Filled { ticket: "149999990002".into(), ..card(2, 70) }];
    let desk = Desk::with(&cards, &[3, 4, 5, 6]);
    let mut session = desk.open();
    assert!(matches!(session.freeze().unwrap_err(), SessionError::NotReady { .. }));
    let error = desk.request(&mut session).unwrap_err();
    assert!(matches!(error, SessionError::NotFrozen), "{error}");
    // A release from elsewhere changes nothing about that.
    let sealed = desk.sealed();
    let (request, _) = Request::sign(
        &desk.manifest,
        facts(),
        &[(&sealed[0], 1), (&sealed[1], 1)],
        now(),
        &desk.people.supervisor,
    )
    .unwrap();
    let error = session.grade(&desk.releases(&request, &[0, 1]), &[]).unwrap_err();
    assert!(matches!(error, SessionError::NotFrozen), "{}", quiet(&error));
}

#[test]
fn a_release_for_another_freeze_and_one_that_served_already() {
    let desk = Desk::with(&everybody(), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    // A request of the same supervisor for the same keys, made elsewhere for another record.
    let sealed = desk.sealed();
    let keys: Vec<(&SealedKey, u64)> = sealed.iter().map(|k| (k, 3)).collect();
    let (foreign, _) = Request::sign(&desk.manifest, facts(), &keys, now(), &desk.people.supervisor).unwrap();
    let error = session.grade(&desk.releases(&foreign, &[0, 1]), &[]).unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::UnknownRequest { .. })), "{}", quiet(&error));

    let (first, second) = (desk.request(&mut session).unwrap(), desk.request(&mut session).unwrap());
    let one = desk.releases(&first, &[0]).remove(0);
    let one = desk.write("one", std::fs::read(one).unwrap());
    let two = desk.releases(&second, &[1]).remove(0);
    let error = session.grade(&[one.clone(), two], &[]).unwrap_err();
    let other = |e: &SessionError| {
        matches!(e, SessionError::Custody { source: CustodyError::OtherRequest { .. }, .. })
    };
    assert!(other(&error), "{}", quiet(&error));
    assert_eq!(session.status().unwrap().graded, 0);

    let two = desk.releases(&first, &[1]).remove(0);
    session.grade(&[one.clone(), two.clone()], &[]).unwrap();
    let export = session.canonical_export().unwrap();
    let error = session.grade(&[one.clone(), two.clone()], &[]).unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::RequestUsed { .. })), "{}", quiet(&error));
    assert_eq!(session.canonical_export().unwrap(), export);
    // Not even in a copy of the folder from before the opening's entry: the one-use key is gone.
    let left: Vec<_> = std::fs::read_dir(desk.path("requests")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 1, "the second request's alone: {left:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&left[0]), mode(&desk.path("requests")), mode(&desk.path("duka.db"))),
            (0o600, 0o700, 0o600)
        );
    }
    std::fs::remove_file(&left[0]).unwrap();
    let error = session.grade(&desk.releases(&second, &[0, 1]), &[]).unwrap_err();
    assert!(matches!(error, SessionError::OneUseGone { .. }), "{}", quiet(&error));
}

#[test]
fn an_older_revision_replayed_after_a_correction() {
    let desk = Desk::with(&everybody(), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    // Asked for and released while the first revision was in force, and kept.
    let early = desk.request(&mut session).unwrap();
    let kept = ["0", "2"].map(|n| {
        desk.releases(&early, &[0, 2]);
        desk.write(&format!("kept-{n}"), desk.read(&format!("release-{n}")))
    });
    desk.seal("electrician-4-A-r2.sealed", &key_text("electrician-4", "A", 2));
    let corrected = Ask { purpose: KeyPurpose::Correction, ..Ask::default() };
    let request = session.request(&corrected, &desk.people.supervisor).unwrap();
    session.regrade(&desk.releases(&request, &[1, 2]), &[]).unwrap();
    let before = session.canonical_export().unwrap();
    let error = session.grade(&kept, &[]).unwrap_err();
    let older = |e: &SessionError| matches!(e, SessionError::OlderRevision { revision: 1, graded: 2, .. });
    assert!(older(&error), "{}", quiet(&error));
    // From now on the corrected key is asked for, and without it none.
    let revisions: Vec<u16> = desk.request(&mut session).unwrap().keys().iter().map(|k| k.revision).collect();
    assert_eq!(revisions, [2, 1], "form A, form B");
    std::fs::remove_file(desk.path("keys/electrician-4-A-r2.sealed")).unwrap();
    let error = desk.request(&mut session).unwrap_err();
    assert!(matches!(error, SessionError::NoKey { revision: 2, .. }), "{}", quiet(&error));
    assert_eq!(session.canonical_export().unwrap(), before);
}

#[test]
fn a_resolution_or_a_sheet_slipped_in_after_opening() {
    let desk = Desk::with(&everybody(), &[]);
    let mut session = desk.open();
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let frozen = |error: SessionError| {
        assert!(matches!(error, SessionError::Store(StoreError::Frozen)), "{}", quiet(&error));
    };
    let image = Sha256::of(&desk.read("scans/01.jpg"));
    let list = desk.write(
        "late.csv",
        format!("id,sheet,ticket,field,item,decision,reviewer,reason\nE0001,{image}:1,,items,75,=A,王,\n"),
    );
    frozen(session.resolve(&list, None).unwrap_err());
    desk.write("scans/late.jpg", card(1, 100).scan());
    frozen(session.scan(&[desk.path("scans")], &mut |_| {}).unwrap_err());
    frozen(session.freeze().unwrap_err());
    drop(session);

    // Past the program: the database refuses, and with its guards torn out the freeze does not hold any more.
    let db = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    let sql = "INSERT INTO resolutions (place, resolution, entry) SELECT '{\"candidate\":{\"ticket\":\"x\"}}', '{}', 1";
    assert!(db.execute(sql, []).is_err());
    assert!(db.execute("DELETE FROM freezes", []).is_err());
    assert!(db.execute("DELETE FROM openings", []).is_err());
    db.execute_batch("DROP TRIGGER resolutions_frozen").unwrap();
    db.execute(sql, []).unwrap();
    drop(db);
    let mut session = desk.open();
    assert!(session.verify().is_err());
    let error = desk.request(&mut session).unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::FreezeBroken { .. })), "{}", quiet(&error));
}
