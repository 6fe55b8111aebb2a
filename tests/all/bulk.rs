//! What `docs/batch.md` says becomes of everything that can go wrong, tried as an operator would meet it.

use crate::common::Desk;
use crate::common::batch::{cards, duka};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a finished command said on both streams, and its exit code.
fn said(mut command: Command) -> (Option<i32>, String) {
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.code(), text)
}

fn scan(desk: &Desk, args: &[&str]) -> (Option<i32>, String) {
    said(duka(desk, &[&["scan", "--keep-going"], args].concat()))
}

fn json(desk: &Desk, args: &[&str]) -> serde_json::Value {
    let done = duka(desk, &[&["--json", "scan", "--keep-going"], args].concat()).output().unwrap();
    serde_json::from_slice(&done.stdout).unwrap()
}

/// A folder beside the session with these files.
fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("in");
    std::fs::create_dir(&inside).unwrap();
    for (name, bytes) in files {
        std::fs::write(inside.join(name), bytes).unwrap();
    }
    (dir, inside)
}

#[test]
fn names_changes_and_what_is_no_picture() {
    let cards = cards(4);
    let (_dir, input) = folder(&[
        ("a.png", &cards[0][..]),
        ("b.png", &cards[0][..]),
        ("c.png", &cards[1][..]),
        ("cut.png", &cards[2][..cards[2].len() / 2]),
        ("empty.png", &b""[..]),
        ("text.jpg", &b"no picture"[..]),
    ]);
    let desk = Desk::new();
    let input_text = input.to_str().unwrap();
    let first = json(&desk, &[input_text]);
    assert_eq!(first["open_by_kind"]["not-decoded"], 3, "{first}");
    assert_eq!(
        [&first["pages"], &first["read"], &first["set_aside"], &first["known"]],
        [6, 2, 3, 1],
        "the same bytes under two names are one reading: {first}"
    );
    let again = json(&desk, &[input_text]);
    assert_eq!([&again["read"], &again["set_aside"], &again["known"]], [0, 0, 6], "{again}");
    // Other bytes under a known name, and a file that is whole at last.
    std::fs::write(input.join("c.png"), &cards[3]).unwrap();
    std::fs::write(input.join("cut.png"), &cards[2]).unwrap();
    let third = json(&desk, &[input_text]);
    assert_eq!([&third["read"], &third["known"]], [2, 4], "{third}");
    assert_eq!(third["changed"].as_array().unwrap().len(), 2);
    let (code, text) = said(duka(&desk, &["verify", "--originals"]));
    assert_eq!(code, Some(0), "{text}");
}

#[cfg(unix)]
#[test]
fn what_can_not_be_read_is_named_and_the_rest_is_read() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;
    let cards = cards(3);
    let (dir, input) = folder(&[("a.png", &cards[0][..]), ("closed.png", &cards[1][..])]);
    let elsewhere = dir.path().join("elsewhere.png");
    std::fs::write(&elsewhere, &cards[2]).unwrap();
    symlink(&elsewhere, input.join("linked.png")).unwrap();
    symlink("nowhere", input.join("dangling.png")).unwrap();
    symlink(&input, input.join("circle")).unwrap();
    let _socket = UnixListener::bind(input.join("socket.png")).unwrap();
    assert!(Command::new("mkfifo").arg(input.join("pipe.png")).status().unwrap().success());
    std::fs::create_dir(input.join("shut")).unwrap();
    for closed in ["closed.png", "shut"] {
        std::fs::set_permissions(input.join(closed), std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Whoever is root may read all.
    let root = std::fs::read(input.join("closed.png")).is_ok();
    let desk = Desk::new();
    let (code, text) = scan(&desk, &[input.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{text}");
    let (pages, files) = if root { (3, 3) } else { (2, 2) };
    assert!(
        text.contains(&format!("fed {pages} pages of {files} files = {pages} read + 0 set aside")),
        "{text}"
    );
    for (name, why) in [
        ("dangling.png", "a link to what is not there"),
        ("socket.png", "no plain file"),
        ("pipe.png", "no plain file"),
    ] {
        assert!(
            text.lines()
                .any(|line| line.contains("  not read: ") && line.contains(name) && line.contains(why)),
            "{text}"
        );
    }
    let closed = [("closed.png", "permission denied"), ("shut", "permission denied")];
    for (name, why) in closed.into_iter().filter(|_| !root) {
        assert!(text.lines().any(|line| line.contains(name) && line.contains(why)), "{text}");
    }
    for closed in ["closed.png", "shut"] {
        std::fs::set_permissions(input.join(closed), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let later = json(&desk, &[input.to_str().unwrap()]);
    assert_eq!([&later["read"], &later["known"]], if root { [0, 3] } else { [1, 2] }, "{later}");
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_ends_the_run_and_the_next_goes_on() {
    let cards = cards(12);
    let named: Vec<_> = (0..12).map(|n| format!("{n:02}.png")).collect();
    let files: Vec<_> = named.iter().map(String::as_str).zip(cards.iter().map(Vec::as_slice)).collect();
    let (_dir, input) = folder(&files);
    let mut exports = Vec::new();
    for keep in ["--copy", "--no-copy"] {
        let desk = Desk::new();
        // Opened once, so that the limit falls on what the scan writes: a copy, or the record.
        said(duka(&desk, &["status"]));
        let limit = if keep == "--copy" { cards[0].len() / 2 } else { 64 << 10 };
        // No file may grow past the limit, and whoever tries gets an error in place of a signal.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", limit.div_ceil(512));
        let plain = duka(&desk, &["scan", "--keep-going", keep, input.to_str().unwrap()]);
        let mut limited = Command::new("bash");
        limited.arg("-c").arg(script).arg("bash").arg(plain.get_program()).args(plain.get_args());
        let (code, text) = said(limited);
        assert_eq!(code, Some(2), "{keep}: {text}");
        assert!(text.contains("error: ") && text.contains("hint: "), "{text}");
        let (code, text) = scan(&desk, &[keep, input.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("fed 12 pages of 12 files"), "{text}");
        let (code, text) = said(duka(&desk, &["verify", "--originals"]));
        assert_eq!(code, Some(0), "{keep}: {text}");
        exports.push(desk.open().canonical_export().unwrap());
    }
    assert_eq!(exports[0], exports[1]);
}

/// A watching scan, with what it says as it says it.
struct Watch {
    child: Child,
    log: PathBuf,
}

impl Watch {
    fn over(desk: &Desk, folder: &Path, log: PathBuf) -> Self {
        let out = std::fs::File::create(&log).unwrap();
        let mut command = duka(desk, &["scan", "--watch", "--keep-going", "--settle", "0.3"]);
        command.arg(folder).stdout(out.try_clone().unwrap()).stderr(Stdio::from(out));
        Self { child: command.spawn().unwrap(), log }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it has said this.
    fn says(&self, words: &str) {
        let start = Instant::now();
        while !self.text().contains(words) {
            assert!(start.elapsed() < PATIENCE, "{words}: {}", self.text());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Watch {
    /// A test that fails leaves no scan behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn a_watched_folder_grows_vanishes_and_comes_back() {
    let cards = cards(3);
    let (dir, input) = folder(&[]);
    let room = input.join("101");
    std::fs::create_dir(&room).unwrap();
    let desk = Desk::new();
    let mut watch = Watch::over(&desk, &input, dir.path().join("log"));
    watch.says("watching");
    // A second scan is refused, with the process that is at it.
    let other = dir.path().join("other.png");
    std::fs::write(&other, &cards[2]).unwrap();
    let (code, text) = scan(&desk, &[other.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains(&format!("process {}", watch.child.id())), "{text}");
    // The scanner writes slowly: nothing is read before the file is whole.
    let slow = room.join("slow.png");
    for end in [1, 2, 3] {
        std::fs::write(&slow, &cards[0][..cards[0].len() * end / 3]).unwrap();
        std::thread::sleep(Duration::from_millis(900));
        if end < 3 {
            assert!(!watch.text().contains("1 of"), "{}", watch.text());
        }
    }
    watch.says("考场 101: 1 of");
    let away = dir.path().join("away");
    std::fs::rename(&input, &away).unwrap();
    watch.says("is not there just now");
    std::fs::write(away.join("101/late.png"), &cards[1]).unwrap();
    std::fs::rename(&away, &input).unwrap();
    watch.says("is there again");
    watch.says("考场 101: 2 of");
    let stop = Command::new("kill").arg("-INT").arg(watch.child.id().to_string()).status().unwrap();
    assert!(stop.success());
    let status = watch.child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "cards without a roster wait for a person: {}", watch.text());
    assert!(watch.text().contains("2 read + 0 set aside"), "{}", watch.text());

    // Killed, it leaves no lock, and what it read is there.
    let mut watch = Watch::over(&desk, &input, dir.path().join("log"));
    watch.says("watching");
    std::fs::write(room.join("third.png"), &cards[2]).unwrap();
    watch.says("考场 101: 3 of");
    watch.child.kill().unwrap();
    watch.child.wait().unwrap();
    let after = json(&desk, &[input.to_str().unwrap()]);
    assert_eq!([&after["read"], &after["known"]], [0, 3], "{after}");
}

#[test]
fn a_record_that_is_held_is_waited_for_and_then_refused() {
    let (_dir, input) = folder(&[("a.png", &cards(1)[0][..])]);
    let desk = Desk::new();
    said(duka(&desk, &["status"]));
    let other = rusqlite::Connection::open(desk.path("duka.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    let (code, text) = scan(&desk, &[input.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("is locked by another program") && start.elapsed() > Duration::from_secs(2),
        "{text}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    let (code, text) = scan(&desk, &[input.to_str().unwrap()]);
    assert!(code == Some(1) && text.contains("1 read"), "{text}");
}
