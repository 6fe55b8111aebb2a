//! The files under `tests/vectors` open as they did when they were written: `docs/sealed-key.md` describes them.
//! Their people are made up and their passphrase is here. `BLESS=1` makes all of them anew, for a new suite only: an old
//! vector that stops opening is an exam whose keys stop opening.

use crate::common::people::{PASSPHRASE, People, file_of, now};
use duka::identity::Identity;
use duka::key::{ExamManifest, OneUseKey, Proposal, Quorum, Release, Request, RequestFacts, SealedKey};
use duka::sheet::Sha256;
use std::path::PathBuf;

fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(place().join(name)).unwrap_or_else(|e| panic!("{name}: {e}; BLESS=1 makes it"))
}

/// Writes every vector with new keys.
fn bless() {
    std::fs::create_dir_all(place()).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(place().join(name), bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("exam.toml"), crate::common::EXAM).unwrap();
    let people = People::new();
    let manifest = people.manifest(folder.path());
    let text = crate::common::key_text("electrician-4", "A", 1);
    let sealed = [people.seal(&text, &manifest)];
    let facts = RequestFacts {
        freeze: Sha256::of(b"freeze"),
        journal_entries: 9,
        journal_head: Sha256::of(b"head"),
        expected: 6,
        present: 6,
        read: 6,
        set_aside: 0,
        purpose: None,
    };
    let (request, one_use) =
        Request::sign(&manifest, facts, &[(&sealed[0], 5)], now(), &people.supervisor).unwrap();
    write("issuer.identity", &file_of(&people.issuer));
    write("supervisor.identity", &file_of(&people.supervisor));
    for (n, custodian) in (1..).zip(&people.custodians) {
        write(&format!("custodian-{n}.identity"), &file_of(custodian));
    }
    write("exam.manifest", manifest.text().as_bytes());
    write("key.toml", text.as_bytes());
    write("key.sealed", sealed[0].text().as_bytes());
    write("request", request.text().as_bytes());
    write("request.one-use", one_use.to_text().as_bytes());
    for (n, release) in [1, 3].into_iter().zip(people.release(&request, &sealed, &[0, 2])) {
        write(&format!("release-{n}"), release.text().as_bytes());
    }
}

#[test]
fn the_vectors_open() {
    if std::env::var_os("BLESS").is_some() {
        bless();
    }
    let passphrase = age::secrecy::SecretString::from(PASSPHRASE.to_owned());
    let identity = |name: &str| Identity::from_file(&read(&format!("{name}.identity")), &passphrase).unwrap();
    let manifest = ExamManifest::open(&read("exam.manifest")).unwrap();
    assert_eq!(manifest.issuer(), identity("issuer").person());
    let sealed = [SealedKey::open(&read("key.sealed")).unwrap()];
    sealed[0].belongs(&manifest).unwrap();
    let request = Request::open(&read("request")).unwrap();
    assert_eq!(*request.manifest(), manifest);
    let one_use = OneUseKey::from_text(std::str::from_utf8(&read("request.one-use")).unwrap()).unwrap();
    let stored = ["release-1", "release-3"].map(|name| Release::open(&read(name)).unwrap());
    let made = [2, 3].map(|n| {
        let custodian = identity(&format!("custodian-{n}"));
        let proposal = Proposal::check(&request, &sealed, custodian.person(), now()).unwrap();
        proposal.release(&custodian, now()).unwrap()
    });
    for releases in [&stored, &made] {
        let quorum = Quorum::check(&request, &sealed, releases, now()).unwrap();
        let key = quorum.open(&sealed[0], &one_use).unwrap();
        assert_eq!((key.numbers().count(), key.total().to_string().as_str()), (100, "100.0"));
    }
}
