//! `duka demo` does the whole job.

use age::secrecy::SecretString;
use assert_cmd::Command;
use duka::identity::Identity;
use duka::key::{ExamManifest, Proposal, Quorum, Request, RequestFacts, SealedKey};
use duka::session::Session;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const CANDIDATES: usize = 12;

fn demo(folder: &Path, candidates: usize) -> String {
    let done = Command::cargo_bin("duka")
        .unwrap()
        .arg("demo")
        .arg(folder)
        .args(["--candidates", &candidates.to_string()])
        .assert()
        .code(0);
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

fn open(folder: &Path) -> Session {
    Session::open(folder, || "2026-11-21T12:00:00+08:00".into()).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out
}

fn workbook(path: &Path) -> Vec<Vec<String>> {
    use calamine::Reader as _;
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
    let rows = |range: &calamine::Range<calamine::Data>| -> Vec<Vec<String>> {
        range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    };
    book.worksheets().iter().flat_map(|(_, range)| rows(range)).collect()
}

/// Pages of a PDF, counted by a reader of PDFs.
fn pages(bytes: Vec<u8>) -> usize {
    hayro::hayro_syntax::Pdf::new(bytes).unwrap().pages().len()
}

/// Every run of at least ten answers that stands together in a key: each section's letters in a row, and
/// the whole key's.
fn answers(folder: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let identity = |name: &str| {
        let passphrase = SecretString::from("duka demo only".to_owned());
        Identity::from_file(&read(&format!("people/{name}.identity")), &passphrase).unwrap()
    };
    let manifest = ExamManifest::open(&read("exam.manifest")).unwrap();
    let now = "2100-01-01T00:00:00Z".parse().unwrap();
    ["electrician-4-A", "electrician-4-B", "welder-5-A"]
        .map(|key| {
            let sealed = [SealedKey::open(&read(&format!("keys/{key}-r1.sealed"))).unwrap()];
            let hash = sealed[0].file_hash();
            let facts = RequestFacts {
                freeze: hash,
                journal_entries: 0,
                journal_head: hash,
                expected: 0,
                present: 0,
                read: 0,
                set_aside: 0,
                purpose: None,
            };
            let asked = [(&sealed[0], 0)];
            let (request, one_use) =
                Request::sign(&manifest, facts, &asked, now, &identity("supervisor")).unwrap();
            let releases = ["custodian-2", "custodian-3"].map(|name| {
                let custodian = identity(name);
                let proposal = Proposal::check(&request, &sealed, custodian.person(), now).unwrap();
                proposal.release(&custodian, now).unwrap()
            });
            let quorum = Quorum::check(&request, &sealed, &releases, now).unwrap();
            let key = quorum.open(&sealed[0], &one_use).unwrap();
            let letters = right_answers(&key);
            assert_eq!(letters.len(), key.numbers().count(), "one letter an item");
            letters
        })
        .to_vec()
}

/// The key's answers in a row, found as anyone with the open key could: by grading.
fn right_answers(key: &duka::key::AnswerKey) -> String {
    use duka::grade::grade;
    use duka::sheet::{FieldName, Response, Responses};
    let hits = |item: u16, option: &str| {
        let mut responses = Responses::default();
        let form: FieldName = FieldName::FORM.parse().unwrap();
        responses.fields.insert(form, Response::resolved(key.binding().form.as_str()));
        for number in key.numbers() {
            let value = if number == item { Response::resolved(option) } else { Response::blank() };
            responses.items.insert(number, value);
        }
        grade(&responses, key).unwrap().right
    };
    let right = |item| ["A", "B", "C", "D"].into_iter().find(|option| hits(item, option) > 0);
    key.numbers().filter_map(right).collect()
}

#[test]
fn the_demo_does_the_whole_job_and_says_where_everything_is() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("demo");
    let said = demo(&folder, CANDIDATES);

    for name in ["成绩单", "鉴定名册", "合格名册"] {
        for ending in ["xlsx", "pdf"] {
            let path = folder.join("out").join(format!("{name}.{ending}"));
            assert!(path.is_file() && said.contains(&path.display().to_string()), "{}", path.display());
        }
        let pdf = std::fs::read(folder.join("out").join(format!("{name}.pdf"))).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        // Twelve candidates of two occupations: a page each; the corrected key and the re-check are named on one more.
        assert_eq!(pages(pdf), if name == "成绩单" { 3 } else { 2 }, "{name}");
    }
    let session = open(&folder);
    let results = session.merge().unwrap();
    assert!(!results.is_draft());
    assert_eq!(results.transcripts.len(), CANDIDATES);
    let roster = session.roster().unwrap();
    let listed = |name: &str| -> Vec<String> {
        let rows = workbook(&folder.join("out").join(name));
        assert!(!rows.iter().flatten().any(|c| c.contains("草稿")), "{name}");
        let mut tickets: Vec<String> = rows
            .into_iter()
            .flatten()
            .filter(|c| roster.candidates.keys().any(|t| t.as_str() == c))
            .collect();
        tickets.sort();
        tickets
    };
    let everybody: Vec<String> = roster.candidates.keys().map(ToString::to_string).collect();
    assert_eq!(listed("成绩单.xlsx"), everybody);
    assert_eq!(listed("鉴定名册.xlsx"), everybody);
    let passed: usize = results.groups().iter().map(|g| g.passed as usize).sum();
    assert!(passed > 0 && passed < CANDIDATES);
    assert_eq!(listed("合格名册.xlsx").len(), passed);

    // The made-up people met every kind of trouble that fits into a dozen, and the record holds together.
    for kind in ["sheet-missing", "present-but-absent", "blank-columns", "multiple", "form-mismatch"] {
        assert!(said.contains(&format!("held: {kind} ")), "{kind}:\n{said}");
    }
    session.verify().unwrap();
    assert_eq!(session.status().unwrap().open_count(), 0);
}

#[test]
fn the_same_arguments_give_the_same_record_and_no_file_has_a_word_of_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    demo(&one, CANDIDATES);
    demo(&two, CANDIDATES);
    assert_eq!(open(&one).canonical_export().unwrap(), open(&two).canonical_export().unwrap());
    // Printed pages and their verifier bear signatures of people whose keys are new each time.
    let signed = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "pdf" || ending == "html");
    let papers: Vec<PathBuf> = files(&one.join("out")).into_iter().filter(|file| !signed(file)).collect();
    assert_eq!(papers.len(), 6, "three workbooks, and once more under their number");
    for file in files(&one.join("scans")).iter().chain(&papers) {
        let other = two.join(file.strip_prefix(&one).unwrap());
        assert!(std::fs::read(file).unwrap() == std::fs::read(&other).unwrap(), "{}", other.display());
    }

    let rows = answers(&one);
    let parts: HashSet<&[u8]> = rows.iter().flat_map(|row| row.as_bytes().windows(10)).collect();
    assert!(parts.len() > 200, "{}", parts.len());
    assert!(
        has_part(rows[0].as_bytes(), &parts) && has_part(format!("{:?}", rows[0].chars()).as_bytes(), &parts)
    );
    let all = files(&one);
    assert!(all.len() > 30, "{all:?}");
    for path in all {
        assert!(!has_part(&std::fs::read(&path).unwrap(), &parts), "{} has a part of a key", path.display());
    }
}

/// Whether ten answers of a key stand in `bytes`, in a row or as a list of quoted letters.
fn has_part(bytes: &[u8], parts: &HashSet<&[u8]>) -> bool {
    let listed: Vec<u8> = bytes.iter().copied().filter(|b| !b"\"', \n".contains(b)).collect();
    bytes.windows(10).any(|w| parts.contains(w)) || listed.windows(10).any(|w| parts.contains(w))
}

#[test]
fn exams_of_any_size_come_to_their_end() {
    let dir = tempfile::tempdir().unwrap();
    for candidates in [4, 5, 9, 20] {
        let folder = dir.path().join(candidates.to_string());
        demo(&folder, candidates);
        let results = open(&folder).merge().unwrap();
        assert_eq!((results.is_draft(), results.transcripts.len()), (false, candidates));
    }
}
