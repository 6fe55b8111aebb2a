use super::*;
use crate::exam::{Attempt, Candidate, Exam, Level, MultipleRule, RoomRecord, Roster, Rules, ViolationRule};
use crate::grade::Score;
use crate::practical::{PracticalOutcome, PracticalScore};
use crate::read::{Reading, SetAside};
use crate::sheet::{
    Cause, DecodeFault, EngineId, Exception, Place, Points, Resolution, Sha256, SheetId, TicketNumber,
};
use std::collections::BTreeMap;

const NOW: &str = "2026-11-21T11:30:00+08:00";

struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("duka.db")
    }

    fn store(&self) -> Store {
        Store::create(&self.path()).unwrap()
    }
}

fn engine(name: &str) -> EngineId {
    EngineId(name.into())
}

/// A column or item with one option filled.
fn position(label: u16, options: &str, filled: char) -> serde_json::Value {
    let marks: Vec<_> = options
        .chars()
        .map(|c| if c == filled { (800, 900, 820, 700, "f", "f", "f") } else { (20, 0, 0, 0, "e", "e", "e") })
        .collect();
    serde_json::json!({
        "label": label.to_string(), "options": options, "several": false, "marks": marks,
    })
}

fn reading(name: &str, ticket: &str) -> Reading {
    let columns: Vec<_> =
        (1..).zip(ticket.chars()).map(|(i, digit)| position(i, "0123456789", digit)).collect();
    let items: Vec<_> = (1..).zip("BAC".chars()).map(|(i, letter)| position(i, "ABCD", letter)).collect();
    serde_json::from_value(serde_json::json!({
        "sheet": sheet(name),
        "engine": "engine",
        "layout": "theory-100",
        "layout_hash": Sha256::of(b"layout"),
        "pose": { "orientation": "0", "rotation_centidegrees": -12, "residual_um": 40 },
        "faint": 200, "marginal": 200,
        "definite": 500,
        "fields": [
            { "name": "ticket", "kind": "identity", "positions": columns },
            { "name": "items", "kind": "items", "positions": items },
        ],
    }))
    .unwrap()
}

fn read(name: &str, ticket: &str) -> (FileRecord, Vec<PageRecord>) {
    let reading = reading(name, ticket);
    let page = PageRecord::Read { reading, ticket: Some(ticket.to_owned()) };
    (file(name), vec![page])
}

fn file(name: &str) -> FileRecord {
    FileRecord {
        path: format!("scans/{name}.tif"),
        image: Sha256::of(name.as_bytes()),
        bytes: 4096,
        pages: 1,
    }
}

fn aside(name: &str, engine_name: &str) -> (FileRecord, Vec<PageRecord>) {
    let file = file(name);
    let aside = SetAside {
        sheet: SheetId { image: file.image, page: 1 },
        engine: engine(engine_name),
        exception: Exception::of_sheet(Cause::NotDecoded { fault: DecodeFault::Truncated }),
    };
    (file, vec![PageRecord::SetAside(aside)])
}

fn sheet(name: &str) -> SheetId {
    SheetId { image: Sha256::of(name.as_bytes()), page: 1 }
}

fn decide(place: Place, decision: &str) -> Resolution {
    Resolution {
        place,
        decision: decision.parse().unwrap(),
        reviewer: "李".into(),
        reason: "看过原卡".into(),
    }
}

fn item(name: &str, item: &str, decision: &str) -> Resolution {
    let place = Place::Field {
        sheet: sheet(name),
        field: "items".parse().unwrap(),
        item: Some(item.parse().unwrap()),
    };
    decide(place, decision)
}

fn source(name: &str) -> Source {
    Source { file: name.into(), sha256: Sha256::of(name.as_bytes()) }
}

fn exam() -> Exam {
    Exam {
        batch: "2026年第3批".into(),
        centre: "中心".into(),
        institute: "鉴定所".into(),
        date: "2026-11-21".into(),
        papers: std::collections::BTreeMap::new(),
        assessments: BTreeMap::new(),
        occupations: Vec::new(),
        rooms: vec!["01".parse().unwrap()],
        rules: Rules {
            pass_line: Points::whole(60),
            grades: Vec::new(),
            fail_grade: "不合格".into(),
            multiple: MultipleRule::Hold,
            violation: ViolationRule::SubjectVoid,
            rounding: None,
            levels: Vec::new(),
        },
        signatories: crate::exam::Signatories::default(),
        certificates: None,
        public: crate::exam::PublicRules::default(),
    }
}

fn roster(tickets: &[&str]) -> Roster {
    let candidate = |ticket: &TicketNumber| Candidate {
        ticket: ticket.clone(),
        name: "张甲".into(),
        sex: "男".into(),
        id_number: "11010519491231002X".into(),
        education: String::new(),
        occupation: "电工".into(),
        level: Level::Four,
        attempt: Attempt::First,
        room: "01".parse().unwrap(),
        seat: 1,
        form: None,
        remark: String::new(),
    };
    let tickets = tickets.iter().map(|t| t.parse::<TicketNumber>().unwrap());
    Roster { candidates: tickets.map(|t| (t.clone(), candidate(&t))).collect() }
}

fn room(room: &str, present: &[&str]) -> RoomRecord {
    RoomRecord {
        room: room.parse().unwrap(),
        present: present.iter().map(|t| t.parse().unwrap()).collect(),
        absent: std::collections::BTreeSet::new(),
        violations: [("1405".parse().unwrap(), "夹带".into())].into(),
        report: crate::exam::RoomReport::default(),
    }
}

fn practical(points: i64) -> Vec<PracticalScore> {
    vec![PracticalScore {
        ticket: "1405".parse().unwrap(),
        outcome: PracticalOutcome::Scored(Points::whole(points)),
    }]
}

fn grading(freeze: Sha256, key_revision: u16) -> Grading {
    Grading {
        freeze,
        paper: "electrician-4".parse().unwrap(),
        form: "A".parse().unwrap(),
        key_revision,
        key_file: Sha256::of(b"sealed"),
    }
}

fn score(name: &str, ticket: &str, grading: &Grading, points: i64) -> SheetScore {
    SheetScore {
        ticket: ticket.parse().unwrap(),
        sheet: sheet(name),
        score: Score {
            paper: grading.paper.clone(),
            form: grading.form.clone(),
            key_revision: grading.key_revision,
            points: Points::whole(points),
            out_of: Points::whole(100),
            right: 2,
            wrong: 1,
            blank: 0,
            exact: None,
            partial: 0,
            voided: 0,
            hand: std::collections::BTreeMap::new(),
        },
    }
}

fn filled(folder: &Folder) -> Store {
    let mut store = folder.store();
    store.import_exam(&exam(), &source("exam.toml"), NOW).unwrap();
    store.import_roster(&roster(&["1405", "1406"]), &source("roster.xlsx"), NOW).unwrap();
    store.import_room(&room("01", &["1405", "1406"]), &source("01.csv"), NOW).unwrap();
    store.record_files(&[read("a", "1405"), read("b", "1406"), aside("c", "engine")], NOW).unwrap();
    store.resolve(&[item("a", "2", "=B")], NOW).unwrap();
    store
}

/// Opens the file past the store, as another program would.
fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

#[test]
fn a_record_survives_closing() {
    let folder = Folder::new();
    let export = {
        let mut store = filled(&folder);
        store.import_practical(&practical(77), &source("p.xlsx"), NOW).unwrap();
        let text = "name = \"theory-100\"\n".to_owned();
        let layout = LayoutRecord { name: "theory-100".parse().unwrap(), text };
        store.import_layout(&layout, &source("theory-100.toml"), NOW).unwrap();
        store.canonical_export().unwrap()
    };
    let store = Store::open(&folder.path()).unwrap();
    assert_eq!(store.canonical_export().unwrap(), export);
    assert_eq!(store.counts().unwrap(), Counts { fed: 3, read: 2, set_aside: 1 });
    let sheets: Vec<_> = store.readings().unwrap().iter().map(|r| r.sheet).collect();
    let mut want = vec![sheet("a"), sheet("b")];
    want.sort();
    assert_eq!(sheets, want, "readings come by sheet");
    assert_eq!(store.readings_of(&sheet("a")).unwrap(), [reading("a", "1405")]);
    assert_eq!(store.set_asides().unwrap().len(), 1);
    assert_eq!(store.resolutions().unwrap(), [item("a", "2", "=B")]);
    assert_eq!(store.exam().unwrap().unwrap(), exam());
    assert_eq!(store.roster().unwrap().unwrap(), roster(&["1405", "1406"]));
    assert_eq!(store.rooms().unwrap(), [room("01", &["1405", "1406"])]);
    assert_eq!(store.practical().unwrap(), practical(77));
    assert_eq!(store.layouts().unwrap()[0].hash(), Sha256::of(b"name = \"theory-100\"\n"));
    assert_eq!(store.paths(&sheet("a").image).unwrap(), ["scans/a.tif"]);
    let layout = reading("a", "1405").layout_hash;
    let done = |file: &str, by: &str, layouts: &[Sha256]| {
        store.pages_done(&sheet(file).image, &engine(by), layouts).unwrap()
    };
    assert_eq!(done("a", "engine", &[layout]), Some(1));
    assert_eq!(done("c", "engine", &[]), Some(1), "no layout helps a file that can't be decoded");
    assert_eq!(done("a", "other", &[layout]), None, "another reader may see more");
    assert_eq!(done("a", "engine", &[Sha256::of(b"other")]), None, "so may another layout");
    store.check_integrity().unwrap();
    store.verify_rows().unwrap();
    let head = store.verify_journal().unwrap();
    assert_eq!(head, store.journal_head().unwrap());
    let kinds: Vec<_> = store.journal().unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["import", "import", "import", "scan", "resolve", "import", "import"]);
}

#[test]
fn an_empty_store_has_nothing_and_verifies() {
    let folder = Folder::new();
    let store = folder.store();
    assert_eq!(store.counts().unwrap(), Counts::default());
    assert_eq!(store.exam().unwrap(), None);
    assert_eq!(store.practical().unwrap(), []);
    assert_eq!(store.verify_journal().unwrap().sequence, 0);
    assert_eq!(store.canonical_export().unwrap().lines().count(), 1);
}

#[test]
fn a_manifest_binds_for_good_and_a_request_is_opened_once() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let unbound = store.freeze_hash().unwrap();
    let record = |name: &str| ManifestRecord { exam: Sha256::of(name.as_bytes()), text: name.into() };
    assert_eq!(store.bind_manifest(&record("one"), NOW).unwrap(), Imported::New);
    assert_eq!(store.bind_manifest(&record("one"), NOW).unwrap(), Imported::Known);
    let error = store.bind_manifest(&record("two"), NOW).unwrap_err();
    assert!(matches!(error, StoreError::OtherManifest { .. }), "{error}");
    assert_eq!(store.manifest().unwrap(), Some(record("one")));
    assert_ne!(store.freeze_hash().unwrap(), unbound, "the freeze covers the manifest");

    let request =
        |name: &str, freeze| RequestRecord { id: Sha256::of(name.as_bytes()), freeze, text: name.into() };
    let early = store.record_request(&request("r", unbound), NOW).unwrap_err();
    assert!(matches!(early, StoreError::NotFrozen), "{early}");
    let freeze = store.freeze(NOW).unwrap().hash;
    let other = store.record_request(&request("r", unbound), NOW).unwrap_err();
    assert!(matches!(other, StoreError::OtherFreeze { .. }), "{other}");
    let made = request("r", freeze);
    store.record_request(&made, NOW).unwrap();
    assert_eq!(store.request(&made.id).unwrap(), Some(made.clone()));
    let unknown = store.record_opening(&Sha256::of(b"s"), &[], NOW).unwrap_err();
    assert!(matches!(unknown, StoreError::UnknownRequest { .. }), "{unknown}");
    let person = crate::identity::Identity::generate("one").unwrap().person().clone();
    let used = [UsedRelease { custodian: person, release: Sha256::of(b"release") }];
    store.record_opening(&made.id, &used, NOW).unwrap();
    let again = store.record_opening(&made.id, &used, NOW).unwrap_err();
    assert!(matches!(again, StoreError::RequestUsed { .. }), "{again}");
    let openings = store.openings().unwrap();
    assert_eq!((openings.len(), openings[0].request, &openings[0].releases[..]), (1, made.id, &used[..]));
    store.verify_rows().unwrap();
    store.verify_journal().unwrap();
}

#[test]
fn every_record_table_refuses_update_and_delete() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    store.record_scan(&[], &[vitals("a", 240)], NOW).unwrap();
    store.record_health(&[health("a", 40)], NOW).unwrap();
    store.record_portion(&part("p", &[1], Extent::Part), NOW).unwrap();
    let mut rest = part("p", &[2], Extent::Whole);
    rest.files[0].original = Some("p.tif".into());
    store.record_portion(&rest, NOW).unwrap();
    let manifest = ManifestRecord { exam: Sha256::of(b"exam"), text: "manifest".into() };
    store.bind_manifest(&manifest, NOW).unwrap();
    let freeze = store.freeze(NOW).unwrap();
    let request = RequestRecord { id: Sha256::of(b"r"), freeze: freeze.hash, text: "request".into() };
    store.record_request(&request, NOW).unwrap();
    store.record_opening(&request.id, &[], NOW).unwrap();
    let grading = grading(freeze.hash, 1);
    store.record_grading(&grading, &[score("a", "1405", &grading, 82)], NOW).unwrap();
    signed_cases(&mut store);
    let publication = Publication {
        number: 1,
        corrects: None,
        reason: String::new(),
        freeze: Some(freeze.hash),
        lines: vec![PublishedLine {
            ticket: "1405".into(),
            parts: vec!["82.0".into()],
            grade: "合格".into(),
        }],
        matters: Vec::new(),
        proposal: Some(1),
        issued: "2026-12-15".into(),
        certificates: vec![certificate("26140540001", "1405"), certificate("26140540002", "1406")],
        revoked: Vec::new(),
    };
    let issue = ProposedIssue {
        publication: publication.clone(),
        keys: Vec::new(),
        head: (1, freeze.hash),
        pages: vec![freeze.hash],
    };
    let proposal = Proposal::Issue(Box::new(issue));
    assert_eq!(store.propose(&proposal, &serde_json::json!({}), NOW).unwrap(), 1);
    sign_first_proposal(&mut store);
    store.record_publication(&publication, &serde_json::json!({}), NOW).unwrap();
    let twice = store.record_publication(&publication, &serde_json::json!({}), NOW).unwrap_err();
    assert!(matches!(twice, StoreError::PublicationNumber { given: 1, next: 2 }), "{twice}");
    assert_eq!(store.publications().unwrap(), std::slice::from_ref(&publication));
    // What was revoked is never issued again, and what is held by one is not given to another.
    let mut second = publication;
    (second.number, second.corrects, second.revoked) = (2, Some(1), vec!["26140540002".into()]);
    second.certificates = vec![certificate("26140540001", "1406")];
    let taken = store.record_publication(&second, &serde_json::json!({}), NOW).unwrap_err();
    assert!(matches!(taken, StoreError::CertificateTaken { .. }), "{taken}");
    second.certificates = vec![certificate("26140540001", "1405")];
    store.record_publication(&second, &serde_json::json!({}), NOW).unwrap();
    let mut third = second.clone();
    (third.number, third.corrects, third.revoked) = (3, Some(2), Vec::new());
    third.certificates = vec![certificate("26140540002", "1406")];
    let taken = store.record_publication(&third, &serde_json::json!({}), NOW).unwrap_err();
    assert!(matches!(taken, StoreError::CertificateTaken { .. }), "{taken}");
    let register = store.certificates().unwrap();
    assert_eq!(
        register.iter().map(|r| r.revoked.as_ref().map(|(n, _)| *n)).collect::<Vec<_>>(),
        [None, Some(2)]
    );
    let withdrawal =
        Withdrawal { number: 2, reason: "why".into(), proposal: 1, revoked: vec!["26140540001".into()] };
    store.record_withdrawal(&withdrawal, NOW).unwrap();
    let again = store.record_withdrawal(&withdrawal, NOW).unwrap_err();
    assert!(matches!(again, StoreError::NotInForce { number: 2 }), "{again}");
    assert_eq!(store.withdrawals().unwrap(), [withdrawal]);
    assert!(store.certificates().unwrap().iter().all(|line| line.revoked.is_some()));
    let part = crate::exam::AssessedPart::Review;
    let marks = crate::practical::Marks::none("s".parse().unwrap());
    let ticket: TicketNumber = "1405".parse().unwrap();
    let marks = BTreeMap::from([(ticket.clone(), marks)]);
    store.import_marks(part, &marks, &[], &source("m"), NOW).unwrap();
    assert_eq!(store.import_marks(part, &marks, &[], &source("m"), NOW).unwrap(), Imported::Known);
    let version = store.marks(part).unwrap()[&ticket].version;
    let stale = store.release_marks(part, &ticket, version + 1, ("why", &[]), NOW).unwrap_err();
    assert!(matches!(stale, StoreError::MarksChanged { .. }), "{stale}");
    store.release_marks(part, &ticket, version, ("why", &[]), NOW).unwrap();
    store.import_review(&practical(70), &source("r"), NOW).unwrap();
    assert_eq!(store.review().unwrap(), practical(70));
    let other = raw(&folder.path());
    let tables: Vec<_> = schema::hashed_tables().chain(["journal"]).collect();
    assert_eq!(tables.len(), 35);
    for table in tables {
        let rows: i64 = other.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |r| r.get(0)).unwrap();
        assert!(rows > 0, "{table} must have a row to protect");
        for sql in [format!("UPDATE {table} SET seq = seq + 100"), format!("DELETE FROM {table}")] {
            let error = other.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains("append only"), "{sql}: {error}");
        }
    }
    // REPLACE removes rows too; on the store's own connections that is refused as well.
    let sql = "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 1";
    assert!(store.connection.execute(sql, []).unwrap_err().to_string().contains("append only"));
}

fn certificate(number: &str, ticket: &str) -> Certificate {
    Certificate { number: number.into(), ticket: ticket.into(), issued: "2026-12-15".into() }
}

/// One person checks the first proposal.
fn sign_first_proposal(store: &mut Store) {
    use crate::identity::{Identity, Purpose};
    let identity = Identity::generate("one").unwrap();
    let case_hash = store.proposals().unwrap()[0].hash;
    let outcome = ProposalOutcome::Checked;
    let bytes = ProposalSignature::bytes(&Proposal::KIND, (1, &case_hash), &outcome, "why", NOW);
    let signature = ProposalSignature {
        case: 1,
        case_hash,
        outcome,
        why: "why".into(),
        at: NOW.into(),
        person: identity.person().clone(),
        signature: identity.sign(Purpose::Case, &bytes),
    };
    store.sign_proposal(&signature, NOW).unwrap();
    assert!(store.proposals().unwrap()[0].holds(&signature));
}

/// A head and a re-check, each signed by one person.
fn signed_cases(store: &mut Store) {
    use crate::identity::{Identity, Purpose};
    let identity = Identity::generate("one").unwrap();
    let head = store.act_head().unwrap();
    let bytes = HeadSignature::bytes("exam", &head, "supervisor", NOW);
    let under_head = HeadSignature {
        exam: "exam".into(),
        sequence: head.sequence,
        hash: head.hash,
        role: "supervisor".into(),
        at: NOW.into(),
        person: identity.person().clone(),
        signature: identity.sign(Purpose::JournalHead, &bytes),
    };
    store.sign_head(&under_head, NOW).unwrap();
    assert_eq!(store.act_head().unwrap(), head, "a signature is no act");
    let engine = reading("a", "1405").engine;
    let recheck = Recheck {
        ticket: "1405".parse().unwrap(),
        sheet: sheet("a"),
        reason: "why".into(),
        recorded_by: engine.clone(),
        recorded: Sha256::of(b"reading"),
        reread: Reread { engine, outcome: RereadOutcome::Equal },
    };
    let case = store.open_recheck(&recheck, NOW).unwrap();
    let case_hash = store.rechecks().unwrap()[0].hash;
    let outcome = RecheckOutcome::Unchanged;
    let bytes = RecheckSignature::bytes(&Recheck::KIND, (case, &case_hash), &outcome, "why", NOW);
    let mut under_case = RecheckSignature {
        case,
        case_hash,
        outcome,
        why: "why".into(),
        at: NOW.into(),
        person: identity.person().clone(),
        signature: identity.sign(Purpose::Case, &bytes),
    };
    store.sign_recheck(&under_case, NOW).unwrap();
    assert!(store.rechecks().unwrap()[0].decided(|_| true).is_none(), "one person decides nothing");
    under_case.why = "another reason".into();
    assert!(matches!(store.sign_recheck(&under_case, NOW), Err(StoreError::Signature(_))));

    let (late, part) = late("late");
    let case = store.open_late(&late, part, None, NOW).unwrap();
    let case_hash = store.late_sheets().unwrap()[0].hash;
    let outcome = LateOutcome::Refused;
    let bytes = LateSignature::bytes(&LateSheet::KIND, (case, &case_hash), &outcome, "why", NOW);
    let signature = identity.sign(Purpose::Case, &bytes);
    let (why, at, person) = ("why".to_owned(), NOW.to_owned(), identity.person().clone());
    let mut under_late = LateSignature { case, case_hash, outcome, why, at, person, signature };
    store.sign_late(&under_late, NOW).unwrap();
    under_late.outcome =
        LateOutcome::Counted(LateCounted { ticket: "1406".parse().unwrap(), decisions: Vec::new() });
    assert!(matches!(store.sign_late(&under_late, NOW), Err(StoreError::Signature(_))));

    let destruction = Destruction {
        what: Kept::Paper,
        description: "答题卡 12 箱".into(),
        how: "粉碎".into(),
        reason: "why".into(),
        keep_until: "2029-11-21".into(),
        early: String::new(),
        archive: None,
    };
    let case = store.open_destruction(&destruction, NOW).unwrap();
    let case_hash = store.destructions().unwrap()[0].hash;
    let outcome = DestructionOutcome::Destroy;
    let bytes = DestructionSignature::bytes(&Destruction::KIND, (case, &case_hash), &outcome, "why", NOW);
    let signature = identity.sign(Purpose::Case, &bytes);
    let (why, at, person) = ("why".to_owned(), NOW.to_owned(), identity.person().clone());
    let mut under = DestructionSignature { case, case_hash, outcome, why, at, person, signature };
    store.sign_destruction(&under, NOW).unwrap();
    assert!(store.destructions().unwrap()[0].decided(|_| true).is_none(), "one person decides nothing");
    under.outcome = DestructionOutcome::Keep;
    assert!(matches!(store.sign_destruction(&under, NOW), Err(StoreError::Signature(_))));
}

/// A late sheet and its file.
fn late(name: &str) -> (LateSheet, FilePart) {
    let reading = reading(name, "1406");
    let late = LateSheet {
        sheet: reading.sheet,
        file: file(name).path,
        reason: "why".into(),
        engine: reading.engine.clone(),
        reading: Sha256::of(b"reading"),
    };
    let part = FilePart {
        file: file(name),
        engine: reading.engine.clone(),
        extent: Extent::Whole,
        pages: vec![PageRecord::Read { ticket: Some("1406".into()), reading }],
        original: None,
    };
    (late, part)
}

#[test]
fn a_late_sheet_needs_the_freeze_and_is_not_in_its_hash() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let (sheet, part) = late("late");
    let early = store.open_late(&sheet, part.clone(), None, NOW).unwrap_err();
    assert!(matches!(early, StoreError::NotFrozen), "{early}");
    let (counts, freeze) = (store.counts().unwrap(), store.freeze(NOW).unwrap());
    let known = late("a");
    let error = store.open_late(&known.0, known.1, None, NOW).unwrap_err();
    assert!(matches!(error, StoreError::KnownFile { .. }), "{error}");
    // A part that is not of the case's file takes everything back.
    let other = late("other").1;
    assert!(store.open_late(&sheet, other, None, NOW).is_err());
    assert!(store.late_sheets().unwrap().is_empty());
    assert_eq!(store.open_late(&sheet, part, None, NOW).unwrap(), 1);
    assert_eq!((store.verify_freeze().unwrap(), store.counts().unwrap()), (freeze, counts));
    assert_eq!(store.readings_of(&sheet.sheet).unwrap().len(), 1);
    assert!(store.canonical_export().unwrap().contains(&sheet.sheet.image.to_string()));
    store.verify_rows().unwrap();
    store.check_integrity().unwrap();
    let scanned = store.record_files(&[read("d", "1407")], NOW).unwrap_err();
    assert!(matches!(scanned, StoreError::Frozen), "{scanned}");
}

/// Pages of the file `name`, each set aside; `Whole` if they are the last of it.
fn part(name: &str, pages: &[u32], extent: Extent) -> Portion {
    let file = FileRecord { pages: pages.last().copied().unwrap_or(0), ..file(name) };
    let page = |&page: &u32| {
        PageRecord::SetAside(SetAside {
            sheet: SheetId { image: file.image, page },
            engine: engine("engine"),
            exception: Exception::of_sheet(Cause::NotDecoded { fault: DecodeFault::Damaged }),
        })
    };
    let pages = pages.iter().map(page).collect();
    let part = FilePart { file, engine: engine("engine"), extent, pages, original: None };
    Portion { files: vec![part], ..Portion::default() }
}

#[test]
fn a_file_in_portions_is_unfinished_until_its_last_page_was_seen() {
    let folder = Folder::new();
    let mut store = folder.store();
    let image = sheet("p").image;
    let state = |store: &Store, by: &str| store.file_state(&image, &engine(by), &[]).unwrap();
    assert_eq!(state(&store, "engine"), None);
    store.record_portion(&part("p", &[1, 2], Extent::Part), NOW).unwrap();
    store.record_portion(&part("p", &[3], Extent::Part), NOW).unwrap();
    let half = state(&store, "engine").unwrap();
    assert_eq!((half.pages, half.done.len(), half.finished()), (None, 3, None));
    let unfinished = Unfinished { image, path: "scans/p.tif".into(), pages: 3 };
    assert_eq!(store.unfinished().unwrap(), [unfinished]);
    assert_eq!(store.pages_done(&image, &engine("engine"), &[]).unwrap(), None);
    // A file whose last page was the last of a portion still has to be seen to its end.
    store
        .record_portion(
            &Portion {
                files: vec![FilePart {
                    file: FileRecord { pages: 3, ..file("p") },
                    engine: engine("engine"),
                    extent: Extent::Whole,
                    pages: Vec::new(),
                    original: None,
                }],
                ..Portion::default()
            },
            NOW,
        )
        .unwrap();
    assert_eq!(state(&store, "engine").unwrap().finished(), Some(3));
    assert_eq!(store.unfinished().unwrap(), []);
    assert_eq!(store.counts().unwrap(), Counts { fed: 3, read: 0, set_aside: 3 });
    // Another reader that sees more pages, and is stopped, is not taken to be done.
    let other = |pages: &[u32], extent| {
        let mut portion = part("p", pages, extent);
        portion.files[0].engine = engine("engine 2");
        for page in &mut portion.files[0].pages {
            if let PageRecord::SetAside(aside) = page {
                aside.engine = engine("engine 2");
            }
        }
        portion
    };
    store.record_portion(&other(&[1, 2, 3, 4], Extent::Part), NOW).unwrap();
    assert_eq!(state(&store, "engine 2").unwrap().finished(), None);
    assert_eq!(store.unfinished().unwrap(), [], "every page that is in the record has been read");
    store.record_portion(&other(&[5], Extent::Whole), NOW).unwrap();
    assert_eq!(state(&store, "engine 2").unwrap().finished(), Some(5));
    assert_eq!(state(&store, "engine").unwrap().finished(), Some(3), "as the first one saw it");
    store.verify_rows().unwrap();
    store.verify_journal().unwrap();
}

#[test]
fn a_portion_that_leaves_pages_out_is_no_whole_file() {
    let folder = Folder::new();
    let mut store = folder.store();
    store.record_portion(&part("p", &[1, 2], Extent::Part), NOW).unwrap();
    let gap = store.record_portion(&part("p", &[4], Extent::Whole), NOW);
    assert!(matches!(gap, Err(StoreError::Incomplete { pages: 4, given: 3, .. })));
    let named = Portion {
        files: vec![FilePart {
            file: file("nowhere"),
            engine: engine("engine"),
            extent: Extent::Named,
            pages: Vec::new(),
            original: None,
        }],
        ..Portion::default()
    };
    assert!(matches!(store.record_portion(&named, NOW), Err(StoreError::Incomplete { given: 0, .. })));
    assert_eq!(store.counts().unwrap().fed, 2);
}

#[test]
fn names_and_copies_of_a_file_are_found() {
    let folder = Folder::new();
    let mut store = folder.store();
    let mut portion = part("p", &[1], Extent::Whole);
    portion.files[0].original = Some("p.tif".into());
    store.record_portion(&portion, NOW).unwrap();
    let mut other = part("q", &[1], Extent::Whole);
    other.files[0].file.path = "scans/p.tif".into();
    store.record_portion(&other, NOW).unwrap();
    assert_eq!(store.images_at("scans/p.tif").unwrap(), [sheet("p").image, sheet("q").image]);
    assert_eq!(store.original(&sheet("p").image).unwrap().as_deref(), Some("p.tif"));
    assert_eq!(store.original(&sheet("q").image).unwrap(), None);
    assert_eq!(store.files().unwrap().len(), 2);
}

fn vitals(name: &str, paper: u8) -> Vitals {
    Vitals {
        sheet: sheet(name),
        engine: engine("engine"),
        width_px: 1654,
        across_px_per_m: 7874,
        placed: Some(Placed {
            layout: "theory-100".parse().unwrap(),
            along_px_per_m: 7874,
            paper,
            ink: 30,
            residual_um: 40,
            fiducials: 8,
            missing: 0,
            contrast: Some(200),
        }),
        streaks: vec![Streak { tone: Tone::Dark, at: 4143, on_sheet: Some(8700), depth: 60 }],
    }
}

fn health(name: &str, to: u8) -> HealthEvent {
    let place = PagePlace { file: format!("scans/{name}.tif"), sheet: sheet(name) };
    let trouble = Trouble::Paper { from: 240, to };
    HealthEvent { trouble, severity: Severity::Warning, since: place.clone(), at: place }
}

#[test]
fn vitals_and_troubles_are_kept_once_and_stand_in_the_journal() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let export = store.canonical_export().unwrap();
    let freeze = store.freeze_hash().unwrap();
    store.record_scan(&[], &[vitals("b", 240), vitals("a", 240)], NOW).unwrap();
    store.record_health(&[health("a", 40), health("b", 30)], NOW).unwrap();
    let head = store.journal_head().unwrap();
    // The same again, also measured otherwise: the first stands.
    store.record_scan(&[], &[vitals("a", 239)], NOW).unwrap();
    store.record_health(&[health("b", 30), health("a", 40)], NOW).unwrap();
    assert_eq!(store.journal_head().unwrap(), head);

    assert_eq!(store.vitals_of(&sheet("a").image, &engine("engine")).unwrap(), [vitals("a", 240)]);
    assert_eq!(store.vitals_of(&sheet("a").image, &engine("other")).unwrap(), []);
    assert_eq!(store.vitals().unwrap().len(), 2);
    assert_eq!(store.health_events().unwrap(), [health("a", 40), health("b", 30)]);
    let entries = store.journal().unwrap();
    let last = entries.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.detail["kind"]), ("health", &serde_json::json!("paper")));
    // What is said of sheets stays the same.
    assert_eq!(store.canonical_export().unwrap(), export);
    assert_eq!(store.freeze_hash().unwrap(), freeze);
    let unknown = store.record_scan(&[], &[vitals("z", 240)], NOW);
    assert!(matches!(unknown, Err(StoreError::UnknownSheet { .. })));
    store.freeze(NOW).unwrap();
    assert!(matches!(store.record_health(&[health("c", 1)], NOW), Err(StoreError::Frozen)));
    store.verify_rows().unwrap();
}

#[test]
fn the_same_pages_again_change_nothing() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let (export, head) = (store.canonical_export().unwrap(), store.journal_head().unwrap());
    let again =
        store.record_files(&[read("a", "1405"), read("b", "1406"), aside("c", "engine")], NOW).unwrap();
    assert_eq!(again, Recorded { new_pages: 0, known_pages: 3, new_results: 0 });
    assert_eq!(store.canonical_export().unwrap(), export);
    assert_eq!(store.journal_head().unwrap(), head, "what changes nothing is not in the journal");
    // The same bytes under another name are noted, and are no new page.
    let (mut copy, pages) = read("a", "1405");
    copy.path = "scans/again/a.tif".into();
    assert_eq!(store.record_file(&copy, &pages, NOW).unwrap().new_pages, 0);
    assert_eq!(store.paths(&copy.image).unwrap(), ["scans/a.tif", "scans/again/a.tif"]);
    assert_eq!(store.canonical_export().unwrap(), export);
}

#[test]
fn readings_by_other_engines_and_layouts_stand_beside_each_other() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    for (engine_name, layout) in [("engine 2", "layout"), ("engine 2", "layout 2"), ("engine", "layout 2")] {
        let (file, _) = read("a", "1405");
        let mut reading = reading("a", "1405");
        reading.engine = engine(engine_name);
        reading.layout_hash = Sha256::of(layout.as_bytes());
        let page = PageRecord::Read { reading, ticket: None };
        let recorded = store.record_file(&file, &[page], NOW).unwrap();
        assert_eq!(recorded, Recorded { new_pages: 0, known_pages: 1, new_results: 1 });
    }
    assert_eq!(store.readings_of(&sheet("a")).unwrap().len(), 4);
    let in_force = store.readings().unwrap();
    assert_eq!(in_force.len(), 2);
    let a = in_force.iter().find(|r| r.sheet == sheet("a")).unwrap();
    assert_eq!((a.engine.0.as_str(), a.layout_hash), ("engine", Sha256::of(b"layout 2")), "the last one");
    assert_eq!(store.counts().unwrap(), Counts { fed: 3, read: 2, set_aside: 1 });
}

#[test]
fn a_page_that_is_read_after_all_is_no_longer_set_aside() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    store.record_files(&[aside("c", "engine 2")], NOW).unwrap();
    assert_eq!(store.set_asides().unwrap()[0].engine, engine("engine 2"), "the last reason");
    store.record_files(&[read("c", "1407")], NOW).unwrap();
    assert_eq!(store.set_asides().unwrap(), []);
    assert_eq!(store.counts().unwrap(), Counts { fed: 3, read: 3, set_aside: 0 });
}

#[test]
fn a_file_comes_in_whole_or_not_at_all() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let before = store.canonical_export().unwrap();
    let (mut file, pages) = read("d", "1408");
    file.pages = 2;
    assert!(matches!(
        store.record_file(&file, &pages, NOW),
        Err(StoreError::Incomplete { pages: 2, given: 1, .. })
    ));
    let (file, _) = read("d", "1408");
    let (_, other) = read("e", "1409");
    assert!(matches!(store.record_file(&file, &other, NOW), Err(StoreError::OtherFile { .. })));
    // One bad file takes its whole batch back.
    assert!(store.record_files(&[read("f", "1410"), (file, other)], NOW).is_err());
    assert_eq!(store.canonical_export().unwrap(), before);
    assert_eq!(store.counts().unwrap().fed, 3);
    store.verify_rows().unwrap();
}

#[test]
fn the_latest_import_is_in_force_and_older_ones_stay() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let import = |store: &mut Store, tickets: &[&str], file: &str| {
        store.import_roster(&roster(tickets), &source(file), NOW).unwrap()
    };
    assert_eq!(import(&mut store, &["1405", "1406"], "roster.xlsx"), Imported::Known);
    assert_eq!(import(&mut store, &["1405"], "roster 2.xlsx"), Imported::New);
    assert_eq!(store.roster().unwrap().unwrap(), roster(&["1405"]));
    assert_eq!(import(&mut store, &["1405", "1406"], "roster.xlsx"), Imported::New, "back to the first");
    assert_eq!(store.roster().unwrap().unwrap(), roster(&["1405", "1406"]));
    store.import_room(&room("02", &[]), &source("02.csv"), NOW).unwrap();
    store.import_room(&room("01", &["1405"]), &source("01b.csv"), NOW).unwrap();
    assert_eq!(store.rooms().unwrap(), [room("01", &["1405"]), room("02", &[])]);
    let imports = store.imports().unwrap();
    assert_eq!(imports.iter().filter(|i| i.kind == ImportKind::Roster).count(), 3);
    assert_eq!(imports[2].name, "01");
    assert_eq!(imports[2].source, source("01.csv"));
}

#[test]
fn a_decision_needs_its_sheet() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let decisions = [item("a", "2", "=C"), item("z", "2", "=C")];
    assert!(matches!(store.resolve(&decisions, NOW), Err(StoreError::UnknownSheet { .. })));
    assert_eq!(store.resolutions().unwrap().len(), 1, "none of them was kept");
    let missing = decide(Place::Candidate { ticket: "1409".parse().unwrap() }, "accept");
    store.resolve(std::slice::from_ref(&missing), NOW).unwrap();
    assert_eq!(store.resolutions().unwrap()[1], missing);
}

#[test]
fn a_freeze_stops_everything_but_practical_scores_and_grading() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    assert_eq!(store.frozen().unwrap(), None);
    assert!(matches!(store.verify_freeze(), Err(StoreError::NotFrozen)));
    let before = store.freeze_hash().unwrap();
    let freeze = store.freeze(NOW).unwrap();
    assert_eq!(freeze.hash, before);
    assert_eq!(store.verify_freeze().unwrap(), freeze);
    let refused = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Frozen)));
    refused(store.record_files(&[read("d", "1407")], NOW).map(drop));
    refused(store.resolve(&[item("a", "1", "=B")], NOW));
    refused(store.import_exam(&exam(), &source("e"), NOW).map(drop));
    refused(store.import_roster(&roster(&[]), &source("r"), NOW).map(drop));
    refused(store.import_room(&room("02", &[]), &source("o"), NOW).map(drop));
    let layout = LayoutRecord { name: "x".parse().unwrap(), text: "y".into() };
    refused(store.import_layout(&layout, &source("l"), NOW).map(drop));
    refused(store.freeze(NOW).map(drop));
    assert_eq!(store.import_practical(&practical(70), &source("p"), NOW).unwrap(), Imported::New);
    assert_eq!(store.verify_freeze().unwrap(), freeze, "practical scores are not part of it");
    // Past the code, the triggers hold.
    let other = raw(&folder.path());
    for table in ["files", "file_paths", "pages", "readings", "set_asides", "resolutions", "freezes"] {
        let columns = match table {
            "files" => "(image, bytes, pages, entry) VALUES ('x', 1, 1, 1)",
            "file_paths" => "(image, path, entry) VALUES ('x', 'y', 1)",
            "pages" => "(image, page, entry) VALUES ('x', 1, 1)",
            "readings" => {
                "(image, page, engine, layout, layout_hash, reading, entry) VALUES ('x', 1, 'e', 'l', 'h', '', 1)"
            }
            "set_asides" => "(image, page, engine, set_aside, entry) VALUES ('x', 1, 'e', '', 1)",
            "resolutions" => "(place, resolution, entry) VALUES ('{}', '', 1)",
            _ => "(hash, entry) VALUES ('x', 1)",
        };
        let error = other.execute(&format!("INSERT INTO {table} {columns}"), []).unwrap_err();
        assert!(error.to_string().contains("frozen"), "{table}: {error}");
        assert!(matches!(StoreError::sqlite(&folder.path(), error), StoreError::Frozen));
    }
}

#[test]
fn the_freeze_hash_changes_with_everything_it_covers() {
    type Edit = fn(&mut Store);
    let edits: [(&str, Edit); 7] = [
        ("exam", |s| {
            let exam = Exam { date: "2026-11-22".into(), ..exam() };
            s.import_exam(&exam, &source("exam.toml"), NOW).unwrap();
        }),
        ("roster", |s| {
            s.import_roster(&roster(&["1405"]), &source("r"), NOW).unwrap();
        }),
        ("rooms", |s| {
            s.import_room(&room("01", &["1405"]), &source("r"), NOW).unwrap();
        }),
        ("layouts", |s| {
            let layout = LayoutRecord { name: "x".parse().unwrap(), text: "y".into() };
            s.import_layout(&layout, &source("l"), NOW).unwrap();
        }),
        ("readings", |s| {
            s.record_files(&[read("d", "1408")], NOW).unwrap();
        }),
        ("set-asides", |s| {
            s.record_files(&[aside("c", "engine 2")], NOW).unwrap();
        }),
        ("resolutions", |s| s.resolve(&[item("b", "2", "=B")], NOW).unwrap()),
    ];
    let mut hashes = vec![filled(&Folder::new()).freeze_hash().unwrap()];
    for (what, edit) in edits {
        let folder = Folder::new();
        let mut store = filled(&folder);
        edit(&mut store);
        let hash = store.freeze_hash().unwrap();
        assert!(!hashes.contains(&hash), "{what}");
        hashes.push(hash);
    }
    // A note and another path are not part of it.
    let folder = Folder::new();
    let mut store = filled(&folder);
    store.note("publish", &serde_json::json!({}), NOW).unwrap();
    let (mut copy, pages) = read("a", "1405");
    copy.path = "elsewhere.tif".into();
    store.record_file(&copy, &pages, "later").unwrap();
    assert_eq!(store.freeze_hash().unwrap(), hashes[0]);
}

#[test]
fn the_order_of_recording_does_not_show() {
    let build = |reverse: bool, at: &str| {
        let folder = Folder::new();
        let mut store = folder.store();
        let mut batch = vec![read("a", "1405"), read("b", "1406"), aside("c", "engine"), read("d", "1407")];
        let mut decisions = vec![item("a", "2", "=B"), item("b", "2", "blank"), item("d", "2", "=C")];
        if reverse {
            batch.reverse();
            decisions.reverse();
            for file in &mut batch {
                file.0.path = format!("other/{}", file.0.path);
            }
        }
        for one in batch {
            store.record_files(&[one], at).unwrap();
        }
        store.resolve(&decisions, at).unwrap();
        let freeze = store.freeze(at).unwrap();
        let grading = grading(freeze.hash, 1);
        let mut scores = vec![score("a", "1405", &grading, 82), score("b", "1406", &grading, 61)];
        if reverse {
            scores.reverse();
        }
        store.record_grading(&grading, &scores, at).unwrap();
        (store.canonical_export().unwrap(), freeze.hash, store.journal_head().unwrap().hash)
    };
    let (export, hash, head) = build(false, NOW);
    let (other, other_hash, other_head) = build(true, "2026-11-22T09:00:00+08:00");
    assert_eq!(export, other);
    assert_eq!(hash, other_hash);
    assert_ne!(head, other_head, "the journal does know when");
    assert_eq!(export.lines().count(), 1 + 3 + 1 + 2);
    for line in export.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(!export.contains("scans/") && !export.contains("2026-11-2"));
}

#[test]
fn two_decisions_about_one_sheet_are_frozen_in_their_order() {
    let build = |decisions: &[Resolution]| {
        let folder = Folder::new();
        let mut store = filled(&folder);
        store.resolve(decisions, NOW).unwrap();
        store.freeze_hash().unwrap()
    };
    let (first, second) = (item("b", "2", "=B"), item("b", "2", "=C"));
    assert_ne!(build(&[first.clone(), second.clone()]), build(&[second, first]), "the later one counts");
}

#[test]
fn scores_need_the_freeze_and_their_sheets() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let early = grading(Sha256::of(b"x"), 1);
    assert!(matches!(store.record_grading(&early, &[], NOW), Err(StoreError::NotFrozen)));
    let hash = store.freeze(NOW).unwrap().hash;
    assert!(matches!(store.record_grading(&early, &[], NOW), Err(StoreError::OtherFreeze { .. })));
    let first = grading(hash, 1);
    for unread in ["z", "c"] {
        let scores = [score(unread, "1405", &first, 80)];
        assert!(matches!(store.record_grading(&first, &scores, NOW), Err(StoreError::UnknownSheet { .. })));
    }
    let other = grading(hash, 2);
    for scores in [
        vec![score("a", "1405", &other, 80)],
        vec![score("a", "1405", &first, 80), score("b", "1405", &first, 80)],
        vec![score("a", "1405", &first, 80), score("a", "1406", &first, 80)],
    ] {
        assert!(matches!(store.record_grading(&first, &scores, NOW), Err(StoreError::OtherGrading { .. })));
    }
    assert_eq!(store.gradings().unwrap(), []);
}

#[test]
fn the_newest_key_revision_is_in_force_for_its_paper_and_form() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let hash = store.freeze(NOW).unwrap().hash;
    let form_b = |revision| Grading { form: "B".parse().unwrap(), ..grading(hash, revision) };
    let mut add = |grading: &Grading, name: &str, ticket: &str, points| {
        store.record_grading(grading, &[score(name, ticket, grading, points)], NOW).unwrap();
        let mut sorted: Vec<_> = store
            .scores()
            .unwrap()
            .iter()
            .map(|s| (s.ticket.to_string(), s.score.points.hundredths() / 100))
            .collect();
        sorted.sort();
        sorted
    };
    let of = |rows: &[(&str, i64)]| rows.iter().map(|(t, p)| ((*t).to_owned(), *p)).collect::<Vec<_>>();
    assert_eq!(add(&grading(hash, 2), "a", "1405", 82), of(&[("1405", 82)]));
    assert_eq!(add(&form_b(1), "b", "1406", 61), of(&[("1405", 82), ("1406", 61)]));
    assert_eq!(add(&grading(hash, 1), "a", "1405", 10), of(&[("1405", 82), ("1406", 61)]));
    assert_eq!(add(&grading(hash, 2), "a", "1405", 83), of(&[("1405", 83), ("1406", 61)]));
    assert_eq!(add(&form_b(2), "b", "1406", 60), of(&[("1405", 83), ("1406", 60)]));
    assert_eq!(store.gradings().unwrap().len(), 5);
    store.verify_rows().unwrap();
    store.verify_freeze().unwrap();
}

/// Does `sql` to the file with its triggers removed, as someone with the file in hand could.
fn tamper(path: &Path, sql: &str) {
    let other = raw(path);
    let mut triggers = other.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> =
        triggers.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    drop(triggers);
    for name in names {
        other.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    other.pragma_update(None, "foreign_keys", false).unwrap();
    assert!(other.execute(sql, []).unwrap() > 0, "{sql} must change something");
}

#[test]
fn a_changed_journal_is_found() {
    for (sql, sequence) in [
        ("UPDATE journal SET detail = '{}' WHERE seq = 2", 2),
        ("UPDATE journal SET at = '2026-11-20' WHERE seq = 1", 1),
        ("UPDATE journal SET rows = (SELECT rows FROM journal WHERE seq = 1) WHERE seq = 4", 4),
        ("UPDATE journal SET hash = (SELECT hash FROM journal WHERE seq = 1) WHERE seq = 5", 5),
        ("DELETE FROM journal WHERE seq = 3", 3),
        ("UPDATE journal SET seq = 9 WHERE seq = 5", 5),
    ] {
        let folder = Folder::new();
        drop(filled(&folder));
        tamper(&folder.path(), sql);
        let store = Store::open(&folder.path()).unwrap();
        match store.verify_journal() {
            Err(StoreError::JournalBroken { sequence: found }) => assert_eq!(found, sequence, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_cut_off_end_is_found_only_by_a_head_written_down() {
    let folder = Folder::new();
    let head = filled(&folder).journal_head().unwrap();
    tamper(&folder.path(), "DELETE FROM journal WHERE seq = 5");
    let store = Store::open(&folder.path()).unwrap();
    assert_ne!(store.verify_journal().unwrap(), head);
    assert!(matches!(store.verify_rows(), Err(StoreError::RowsBroken { sequence: 0 })));
}

#[test]
fn changed_rows_are_found() {
    for (sql, sequence) in [
        ("UPDATE readings SET reading = replace(reading, '\"f\"', '\"e\"')", 4),
        ("DELETE FROM set_asides", 4),
        ("UPDATE resolutions SET resolution = replace(resolution, 'B', 'C')", 5),
        ("UPDATE imports SET value = '{}' WHERE kind = 'roster'", 2),
        ("UPDATE files SET bytes = 1", 4),
        ("INSERT INTO resolutions (place, resolution, entry) VALUES ('{}', '{}', 5)", 5),
        ("INSERT INTO resolutions (place, resolution, entry) VALUES ('{}', '{}', 77)", 0),
    ] {
        let folder = Folder::new();
        drop(filled(&folder));
        tamper(&folder.path(), sql);
        let store = Store::open(&folder.path()).unwrap();
        store.verify_journal().unwrap();
        match store.verify_rows() {
            Err(StoreError::RowsBroken { sequence: found }) => assert_eq!(found, sequence, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_record_changed_after_the_freeze_no_longer_hashes_to_it() {
    let folder = Folder::new();
    filled(&folder).freeze(NOW).unwrap();
    tamper(&folder.path(), "UPDATE resolutions SET resolution = replace(resolution, 'B', 'C')");
    let store = Store::open(&folder.path()).unwrap();
    assert!(matches!(store.verify_freeze(), Err(StoreError::FreezeBroken { .. })));
}

#[test]
fn a_file_of_version_1_is_brought_up_to_date() {
    let folder = Folder::new();
    let old = raw(&folder.path());
    old.execute_batch(&schema::MIGRATIONS[0]()).unwrap();
    old.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let text = serde_json::to_string(&reading("a", "1405")).unwrap();
    let image = sheet("a").image.to_string();
    old.execute_batch(&format!(
        "INSERT INTO journal VALUES (1, 'scan', '{NOW}', '{{}}', 'rows', 'hash');
         INSERT INTO files (image, bytes, pages, entry) VALUES ('{image}', 1, 1, 1);
         INSERT INTO pages (image, page, entry) VALUES ('{image}', 1, 1);
         INSERT INTO readings (image, page, engine, layout, layout_hash, reading, entry)
             VALUES ('{image}', 1, 'engine', 'theory-100', '{}', '{text}', 1);",
        Sha256::of(b"layout")
    ))
    .unwrap();
    drop(old);
    let store = Store::open(&folder.path()).unwrap();
    assert_eq!(schema::version(&store.connection).unwrap(), schema::newest());
    assert_eq!(store.readings().unwrap(), [reading("a", "1405")]);
    assert_eq!(store.frozen().unwrap(), None);
    // The same as a new file, down to the last trigger.
    let objects = |store: &Store| -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
        let mut statement = store.connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let new = Folder::new();
    assert_eq!(objects(&store), objects(&new.store()));
    drop(store);
    Store::open(&folder.path()).unwrap();
}

#[test]
fn a_store_has_its_name_only_when_it_is_whole() {
    let folder = Folder::new();
    let left = folder.dir.path().join(".duka-record-x1y2z3");
    std::fs::write(&left, b"half").unwrap();
    std::fs::write(folder.dir.path().join(".duka-record-x1y2z3-journal"), b"half").unwrap();
    drop(folder.store());
    assert!(left.exists(), "it may be another program's");
    Store::sweep(folder.dir.path()).unwrap();
    let names: Vec<_> =
        std::fs::read_dir(folder.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["duka.db"]);
    assert!(matches!(Store::create(&folder.path()), Err(StoreError::Exists { .. })));
    assert_eq!(std::fs::read_dir(folder.dir.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn files_that_are_no_store_are_told_apart() {
    let folder = Folder::new();
    let path = folder.path();
    let open = || Store::open(&path).unwrap_err();
    assert!(matches!(open(), StoreError::Missing { .. }));
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(open(), StoreError::NotAStore { .. }), "empty");
    std::fs::write(&path, vec![7u8; 8192]).unwrap();
    assert!(matches!(open(), StoreError::NotAStore { .. }), "something else");
    std::fs::remove_file(&path).unwrap();
    raw(&path).execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(open(), StoreError::NotAStore { .. }), "another program's database");
    assert!(matches!(Store::create(&path), Err(StoreError::Exists { .. })));
    std::fs::remove_file(&path).unwrap();
    drop(folder.store());
    raw(&path).pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open(), StoreError::Newer { found: 99, known: 13, .. }));
    let nowhere = folder.dir.path().join("no/such/folder.db");
    assert!(matches!(Store::create(&nowhere), Err(StoreError::Create { .. })));
    assert!(matches!(Store::open(folder.dir.path()), Err(StoreError::NotWritable { .. })));
}

#[test]
fn a_damaged_file_is_called_damaged() {
    let folder = Folder::new();
    let path = folder.path();
    {
        let store = filled(&folder);
        let _: i64 = store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)).unwrap();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page (header and part of the schema) stays; the tables behind it are overwritten.
    for byte in &mut bytes[4096..] {
        *byte = 0x5a;
    }
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(&path).and_then(|store| store.readings().map(drop)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    // A row that is no reading is damage too, and says where.
    let folder = Folder::new();
    drop(filled(&folder));
    tamper(&folder.path(), "UPDATE readings SET reading = '{}'");
    let error = Store::open(&folder.path()).unwrap().readings().unwrap_err();
    assert!(matches!(error, StoreError::Damaged { place: "readings", .. }), "{error:?}");
    // And so is a page without a result.
    let folder = Folder::new();
    drop(filled(&folder));
    tamper(&folder.path(), "DELETE FROM set_asides");
    let store = Store::open(&folder.path()).unwrap();
    assert!(matches!(store.counts(), Err(StoreError::Damaged { place: "pages", .. })));
}

#[test]
fn a_locked_file_is_called_locked() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    store.connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let other = raw(&folder.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.resolve(&[item("a", "1", "=B")], NOW).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert_eq!(store.counts().unwrap().fed, 3, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.resolve(&[item("a", "1", "=B")], NOW).unwrap();
}

#[test]
fn a_full_disk_is_called_full_and_keeps_what_was_there() {
    let folder = Folder::new();
    let mut store = filled(&folder);
    let export = store.canonical_export().unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    let _: i64 =
        store.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |r| r.get(0)).unwrap();
    let batch: Vec<_> = (0..40).map(|i| read(&format!("n{i}"), "1405")).collect();
    let error = store.record_files(&batch, NOW).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert_eq!(store.canonical_export().unwrap(), export);
    store.verify_rows().unwrap();
    store.verify_journal().unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _store = filled(&folder);
    for name in ["duka.db", "duka.db-wal", "duka.db-shm"] {
        let mode = std::fs::metadata(folder.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn the_connection_is_safe_against_power_loss() {
    let folder = Folder::new();
    let _ = folder.store();
    let store = Store::open(&folder.path()).unwrap();
    let pragma = |name: &str| -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        store.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2");
    assert_eq!(pragma("foreign_keys"), "1");
    assert_eq!(pragma("recursive_triggers"), "1");
}

#[test]
fn what_is_asked_of_single_sheets_goes_by_an_index() {
    use super::derived::{BY_CLAIM, BY_HASH, BY_PATH, BY_TICKET, SINCE};
    let folder = Folder::new();
    let store = filled(&folder);
    let plan = |sql: &str| -> Vec<String> {
        let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = statement.query_map([rusqlite::types::Null], |row| row.get(3)).unwrap();
        lines.map(Result::unwrap).collect()
    };
    for sql in [BY_CLAIM, BY_TICKET, BY_HASH, BY_PATH, SINCE[0], SINCE[1]] {
        let lines = plan(sql);
        assert!(
            !lines.is_empty() && lines.iter().all(|line| line.starts_with("SEARCH ")),
            "{sql}: {lines:?}"
        );
    }
    // And the test would see it: the last part of a path is in no index.
    assert!(plan(super::derived::BY_NAME).iter().any(|line| line.starts_with("SCAN ")));
}
