//! Nothing of a key is left after grading: not in a file that the program wrote, not in what it said, not in its memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use base64::Engine as _;
use common::people::{PASSPHRASE, file_of};
use common::{CANDIDATES, Desk, card};
use std::path::{Path, PathBuf};

/// Letters of a window that is looked for: by chance one of a million random texts of 80 letters holds a given one.
const WINDOW: usize = 12;

/// 80 answers, different each time.
fn answers() -> String {
    let mut seed = [0u8; 80];
    getrandom::fill(&mut seed).unwrap();
    seed.iter().map(|byte| char::from(b"ABCD"[usize::from(byte % 4)])).collect()
}

fn key_text(form: &str, answers: &str) -> String {
    common::key_text("electrician-4", form, 1).replacen(&"A".repeat(80), answers, 1)
}

/// A session with its cards read, keys with random answers; gives the answers of both forms.
fn desk() -> (Desk, [String; 2]) {
    let cards: Vec<_> = (1..=CANDIDATES).map(|n| card(n, 70)).collect();
    let desk = Desk::with(&cards, &[]);
    let right = [answers(), answers()];
    for (form, right) in ["A", "B"].into_iter().zip(&right) {
        desk.seal(&format!("electrician-4-{form}.sealed"), &key_text(form, right));
    }
    (desk, right)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out
}

fn hex_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in bytes {
        write!(out, "{byte:02x}").unwrap();
    }
    out
}

/// Whether some of the answers stand in the bytes: in a row, as a list, in hexadecimal or in base64 at any offset.
fn tells(bytes: &[u8], right: &str) -> bool {
    let listed: Vec<u8> = bytes.iter().copied().filter(|b| !b"\"', \n\0[]".contains(b)).collect();
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    right.as_bytes().windows(WINDOW).step_by(4).any(|part| {
        let hex = hex_of(part);
        let coded = (0..3).any(|skip| {
            let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&part[skip..]);
            has(bytes, &text.as_bytes()[..text.len() - 1])
        });
        has(bytes, part) || has(&listed, part) || has(bytes, hex.as_bytes()) || coded
    })
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let right = answers();
    let part = &right[8..40];
    let hex = hex_of(part.as_bytes());
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("xy{part}"));
    let listed = part.chars().map(|c| ["\"", &c.to_string(), "\", "].concat()).collect::<Vec<_>>().concat();
    for text in [part, &hex, &coded, &listed] {
        assert!(tells(format!("before {text} after").as_bytes(), &right), "{text}");
    }
    assert!(!tells(answers().as_bytes(), &right));
}

#[test]
fn no_file_and_no_word_of_the_program_holds_an_answer() {
    let (desk, right) = desk();
    let temp = desk.folder().with_file_name("temp");
    std::fs::create_dir(&temp).unwrap();
    let mut said = Vec::new();
    let mut run = |args: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("duka").unwrap();
        command.arg("--session").arg(desk.folder()).args(args).env("TMPDIR", &temp).write_stdin(PASSPHRASE);
        let output = command.output().unwrap();
        assert!(output.status.code() != Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        said.extend(output.stdout);
        said.extend(output.stderr);
    };
    let path = |name: &str| desk.path(name).display().to_string();
    let supervisor = desk.secret("supervisor", &desk.people.supervisor);
    let (request, a, b) =
        (path("request"), path("keys/electrician-4-A.sealed"), path("keys/electrician-4-B.sealed"));
    run(&["freeze"]);
    run(&["key", "inspect", &a, "--manifest", &path("exam.manifest")]);
    run(&["grade", "--request", &request, "--sign", &supervisor, "--passphrase-fd", "0"]);
    for place in [1, 2] {
        let identity = desk.secret("custodian", &desk.people.custodians[place]);
        let output = path(&format!("release-{place}"));
        let release = ["key", "release", &request, "--key", &a, "--key", &b, "--identity", &identity];
        run(&[&release[..], &["-o", &output, "--yes", "--passphrase-fd", "0"]].concat());
    }
    run(&["--json", "grade", "--release", &path("release-1"), "--release", &path("release-2")]);
    run(&["merge"]);
    run(&["publish"]);
    run(&["--json", "status"]);
    run(&["verify"]);
    let all = files(desk.folder().parent().unwrap());
    assert!(all.len() > 20, "{all:?}");
    for right in &right {
        assert!(!tells(&said, right), "the program said a part of a key");
        for file in &all {
            assert!(!tells(&std::fs::read(file).unwrap(), right), "{} has a part of a key", file.display());
        }
    }
}

/// Where the second process makes its session.
const PLACE: &str = "DUKA_SECRECY_TEST";

/// What the answers are covered with, so that looking for them is not finding oneself.
const COVER: u8 = 0x95;

/// Not a test of its own: what the next one runs in a process of its own, because it has the answers in the clear.
#[test]
#[ignore = "runs as a part of another test"]
fn a_session_is_made_elsewhere() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let (desk, right) = desk();
    desk.open().freeze().unwrap();
    std::fs::rename(desk.folder(), place.join("session")).unwrap();
    let people = &desk.people;
    for (name, identity) in
        [("supervisor", &people.supervisor), ("one", &people.custodians[0]), ("two", &people.custodians[1])]
    {
        std::fs::write(place.join(name), file_of(identity)).unwrap();
    }
    let covered: Vec<u8> = right.concat().bytes().map(|b| b ^ COVER).collect();
    std::fs::write(place.join("covered"), covered).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn no_memory_of_the_process_holds_an_answer_after_grading() {
    use duka::identity::Identity;
    use duka::key::{Proposal, Release, SealedKey};
    use duka::session::{Ask, Session};
    let dir = tempfile::tempdir().unwrap();
    let made = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_session_is_made_elsewhere", "--ignored"])
        .env(PLACE, dir.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    let covered = std::fs::read(dir.path().join("covered")).unwrap();
    let identity = |name: &str| {
        let passphrase = age::secrecy::SecretString::from(PASSPHRASE.to_owned());
        Identity::from_file(&std::fs::read(dir.path().join(name)).unwrap(), &passphrase).unwrap()
    };
    let folder = dir.path().join("session");
    let mut session = Session::open(&folder, common::clock).unwrap();
    let request = session.request(&Ask::default(), &identity("supervisor")).unwrap();
    let sealed = ["A", "B"].map(|form| {
        let path = folder.join(format!("keys/electrician-4-{form}.sealed"));
        SealedKey::open(&std::fs::read(path).unwrap()).unwrap()
    });
    let now = common::people::now();
    let release = |name: &str| -> PathBuf {
        let custodian = identity(name);
        let proposal = Proposal::check(&request, &sealed, custodian.person(), now).unwrap();
        let release: Release = proposal.release(&custodian, now).unwrap();
        let path = dir.path().join(format!("release-{name}"));
        std::fs::write(&path, release.text()).unwrap();
        path
    };
    let releases = [release("one"), release("two")];
    assert!(!memory_tells(&covered), "before grading");
    let graded = session.grade(&releases, &[]).unwrap();
    assert_eq!(graded.papers.iter().map(|p| p.sheets).sum::<usize>(), 6);
    assert!(!memory_tells(&covered), "after grading");
    drop(session);

    // The search would have seen it.
    let open: Vec<u8> = covered[..40].iter().map(|b| b ^ COVER).collect();
    assert!(memory_tells(&covered));
    drop(std::hint::black_box(open));
}

/// Whether a window of the covered answers stands uncovered in this process's writable memory, as letters or as the sets of
/// options that a key keeps.
#[cfg(target_os = "linux")]
fn memory_tells(covered: &[u8]) -> bool {
    use std::os::unix::fs::FileExt as _;
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let (mut buffer, mut looked) = (vec![0u8; 1 << 16], 0usize);
    let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
    let known: std::collections::HashSet<[u8; WINDOW]> =
        covered.windows(WINDOW).map(|w| w.try_into().unwrap()).collect();
    let letter = |set: u64| match set {
        1 => Some(b'A' ^ COVER),
        2 => Some(b'B' ^ COVER),
        4 => Some(b'C' ^ COVER),
        8 => Some(b'D' ^ COVER),
        _ => None,
    };
    for line in maps.lines().filter(|l| l.contains(" rw") && !l.contains("[vvar")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            let want = usize::try_from((to - at).min(buffer.len() as u64)).unwrap();
            let Ok(got) = memory.read_at(&mut buffer[..want], at) else { break };
            if got == 0 {
                break;
            }
            looked += got;
            // What the buffer holds of itself is what it held before.
            let itself = at < own.end && own.start < at + got as u64;
            let seen = &buffer[..got];
            let letters = seen.windows(WINDOW).any(|w| {
                matches!(w[0], b'A'..=b'D') && {
                    let window: [u8; WINDOW] = std::array::from_fn(|i| w[i] ^ COVER);
                    known.contains(&window)
                }
            });
            let sets = seen.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().unwrap()));
            let sets: Vec<Option<u8>> = sets.map(letter).collect();
            let sets = sets.windows(WINDOW).any(|w| {
                let window: Option<Vec<u8>> = w.iter().copied().collect();
                window.is_some_and(|w| known.contains(&w[..]))
            });
            if (letters || sets) && !itself {
                return true;
            }
            // Windows overlap the edges of what is read at once.
            at += if got == want && at + (got as u64) < to { (got - 8 * WINDOW) as u64 } else { got as u64 };
        }
    }
    assert!(looked > 1 << 20, "the memory was not read: {looked}");
    false
}
