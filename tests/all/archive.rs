//! An archive is the whole batch: whatever is changed, lost or added in it is found, and the session comes back as it was.

use crate::common::{CANDIDATES, Desk, card, clock, ticket};
use assert_cmd::Command;
use duka::session::{ArchiveFault, Session, SessionError, VerifyOptions, restore, verify_archive};
use duka::sheet::Sha256;
use std::path::{Path, PathBuf};

/// A published session, of which one card lies outside of its folder, and its archive.
fn archived() -> (Desk, PathBuf, Sha256) {
    let cards: Vec<_> = (1..CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = Desk::with(&cards, &[]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("06.jpg"), card(6, 65).scan()).unwrap();
    let mut session = desk.open();
    crate::common::scan(&mut session, outside.path());
    session.freeze().unwrap();
    desk.grade(&mut session).unwrap();
    let practical: Vec<(u16, &str)> = (1..=CANDIDATES).map(|n| (n, "80")).collect();
    desk.import_practical(&mut session, &practical);
    let folder = desk.folder().canonicalize().unwrap().with_file_name("archive");
    assert!(matches!(session.archive(&folder, &mut |_, _| {}), Err(SessionError::NotPublished)));
    desk.publish(&mut session, None).unwrap();
    // A paper that was lost is made again; one that was edited is not taken for it.
    std::fs::write(desk.path("out/成绩单.xlsx"), b"edited").unwrap();
    std::fs::remove_file(desk.path("out/成绩单.pdf")).unwrap();
    let made = session.archive(&folder, &mut |_, _| {}).unwrap();
    assert_eq!(made.pictures, 6);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "responses and scores are its owner's alone");
    }
    assert!(matches!(session.archive(&folder, &mut |_, _| {}), Err(SessionError::Exists { .. })));
    let entry = session.journal().unwrap().pop().unwrap();
    assert_eq!(entry.kind, "archive");
    assert!(entry.detail.to_string().contains(&made.code.to_string()));
    (desk, folder, made.code)
}

fn faults(folder: &Path, code: Option<&Sha256>) -> Vec<ArchiveFault> {
    verify_archive(folder, code, clock, &VerifyOptions::default(), &mut |_, _| {}).unwrap().faults
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

#[test]
fn whatever_is_changed_lost_or_added_is_found() {
    let (_desk, folder, code) = archived();
    assert_eq!(faults(&folder, Some(&code)), []);
    assert_eq!(faults(&folder, None), [], "looking changes nothing");
    let all = files(&folder);
    // Papers, keys, exam, record, pictures, texts.
    assert!(all.len() > 20, "{all:?}");
    for file in &all {
        let bytes = std::fs::read(file).unwrap();
        let mut at = 0;
        // One bit, near the beginning, in the middle and at the end.
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            std::fs::write(file, changed).unwrap();
            assert!(!faults(&folder, Some(&code)).is_empty(), "{} at {place}", file.display());
            at += 1;
        }
        assert_eq!(at, 3);
        std::fs::remove_file(file).unwrap();
        match verify_archive(&folder, Some(&code), clock, &VerifyOptions::default(), &mut |_, _| {}) {
            Ok(checked) => assert!(!checked.faults.is_empty(), "{} is gone", file.display()),
            Err(error) => assert!(matches!(error, SessionError::NotAnArchive { .. }), "{error}"),
        }
        std::fs::write(file, &bytes).unwrap();
    }
    std::fs::write(folder.join("papers/another.pdf"), b"x").unwrap();
    assert_eq!(faults(&folder, Some(&code)), [ArchiveFault::Added("papers/another.pdf".into())]);
    std::fs::remove_file(folder.join("papers/another.pdf")).unwrap();
    assert_eq!(faults(&folder, Some(&code)), []);
}

#[test]
fn a_list_that_was_rewritten_with_what_it_lists_is_found_by_its_code_and_by_the_record() {
    let (_desk, folder, code) = archived();
    let rewrite = |path: &str, bytes: &[u8]| {
        std::fs::write(folder.join(path), bytes).unwrap();
        let list = std::fs::read_to_string(folder.join("manifest.sha256")).unwrap();
        let line = |line: &str| {
            let (_, name) = line.split_once("  ").unwrap();
            if name == path { format!("{}  {name}\n", Sha256::of(bytes)) } else { format!("{line}\n") }
        };
        let list: String = list.lines().map(line).collect();
        std::fs::write(folder.join("manifest.sha256"), list).unwrap();
    };
    let export = std::fs::read_to_string(folder.join("export.jsonl")).unwrap();
    rewrite("export.jsonl", export.replace("69.9", "89.9").as_bytes());
    assert_eq!(faults(&folder, None), [ArchiveFault::Differs("export.jsonl")]);
    assert!(faults(&folder, Some(&code)).iter().any(|f| matches!(f, ArchiveFault::OtherCode { .. })));
    rewrite("export.jsonl", export.as_bytes());
    let picture = files(&folder.join("session/scans/originals")).remove(0);
    let name = picture.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
    rewrite(&name, &card(1, 3).scan());
    assert!(matches!(faults(&folder, None)[..], [ArchiveFault::NoPicture(_)]));
    let error =
        restore(&folder, None, &folder.with_file_name("again"), clock, &mut |_, _| {}).map(drop).unwrap_err();
    assert!(matches!(error, SessionError::ArchiveBroken { .. }) && error.hint().is_some(), "{error}");
    assert!(!folder.with_file_name("again").exists());
    // A list that leads out of the archive reads nothing there.
    std::fs::write(folder.join("manifest.sha256"), format!("{}  session/../../x\n", Sha256::of(b"x")))
        .unwrap();
    assert!(faults(&folder, None).iter().any(|f| matches!(f, ArchiveFault::Missing(_))));
}

#[test]
fn the_session_comes_back_as_it_was() {
    let (desk, folder, code) = archived();
    let session = desk.open();
    let (before, results) = (session.canonical_export().unwrap(), session.merge().unwrap());
    drop(session);
    let papers = files(&folder.join("papers"));
    let numbered = |path: &&PathBuf| path.components().any(|part| part.as_os_str() == "第1号");
    assert_eq!(
        (papers.len(), papers.iter().filter(numbered).count()),
        (14, 7),
        "as issued, and under their number"
    );
    let papers = papers.iter().filter(|path| !numbered(path)).map(|path| std::fs::read(path).unwrap());
    let papers: Vec<Vec<u8>> = papers.collect();
    // Nothing of the old place is needed.
    std::fs::remove_dir_all(desk.folder()).unwrap();
    let into = folder.with_file_name("again");
    let other = Sha256::of(b"other");
    let refused = restore(&folder, Some(&other), &into, clock, &mut |_, _| {}).map(drop).unwrap_err();
    assert!(matches!(refused, SessionError::ArchiveBroken { .. }), "{refused}");
    let mut session = restore(&folder, Some(&code), &into, clock, &mut |_, _| {}).unwrap();
    assert_eq!(session.canonical_export().unwrap(), before);
    assert_eq!(session.merge().unwrap(), results);
    session.verify().unwrap();
    let checked = session.check_originals(duka::session::Depth::Bytes).unwrap();
    assert_eq!((checked.files, checked.lost.len(), checked.strays.len()), (6, 0, 0));
    // It is at work again: a re-check reads the archived picture, and a publication gives the same papers.
    assert!(session.recheck(&ticket(1), "五年后复核").unwrap().reread.agrees());
    drop(session);
    let exists = restore(&folder, Some(&code), &into, clock, &mut |_, _| {}).map(drop).unwrap_err();
    assert!(matches!(exists, SessionError::Exists { .. }), "{exists}");
    let again = folder.with_file_name("third");
    drop(restore(&folder, None, &again, clock, &mut |_, _| {}).unwrap());
    let (made, _) = Session::open(&again, clock).unwrap().publish(&again.join("new")).unwrap();
    let mut made: Vec<Vec<u8>> = made.iter().map(|f| std::fs::read(f).unwrap()).collect();
    let mut papers = papers;
    made.sort();
    papers.sort();
    assert!(made == papers, "the papers are others");
}

#[test]
fn on_the_command_line() {
    let (desk, folder, code) = archived();
    let duka = || {
        let mut command = Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(desk.folder());
        command
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    duka().arg("archive").arg(&folder).assert().code(2);
    let done = duka().args(["--json", "archive"]).arg(desk.path("../second")).assert().code(0);
    let value: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(value["pictures"], 6);
    duka().arg("verify").arg(&folder).args(["--code", &code.to_string()]).assert().code(0);
    let said = duka().arg("verify").arg(&folder).assert().code(0);
    assert!(text(&said.get_output().stdout).contains("can only be told from its code"));
    let other = value["code"].as_str().unwrap();
    duka().arg("verify").arg(&folder).args(["--code", other]).assert().code(2);
    duka().arg("restore").arg(&folder).arg(desk.path("../back")).assert().code(0);
    let paper = folder.join("papers/成绩单.pdf");
    let mut bytes = std::fs::read(&paper).unwrap();
    bytes[1000] ^= 4;
    std::fs::write(&paper, bytes).unwrap();
    let wrong = duka().arg("verify").arg(&folder).assert().code(2);
    assert!(text(&wrong.get_output().stdout).contains("papers/成绩单.pdf was changed"));
    duka().arg("restore").arg(&folder).arg(desk.path("../back-2")).assert().code(2);
    let none = duka().arg("verify").arg(desk.folder()).assert().code(2);
    assert!(text(&none.get_output().stderr).contains("is no archive"));
}
