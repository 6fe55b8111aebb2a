//! How long work shows itself: a bar on a terminal, a line now and then elsewhere.

use super::Failure;
use duka::batch::{Notice, Progress};
use duka::session::RoomProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How often a line is written where no bar can move.
const QUIET: Duration = Duration::from_secs(10);

/// Redraws a second: more can't be read, and cost the terminal of a slow line.
const REDRAWS: u8 = 5;

/// From how many seconds on a speed and a time left mean something.
const TELLING: f64 = 2.0;

/// Notices that are said one by one; a folder that vanishes would fill the screen.
const NOTICES: usize = 10;

/// A bar, or lines.
pub struct Bar {
    what: &'static str,
    moving: Option<ProgressBar>,
    begun: Instant,
    told: Instant,
    notices: usize,
    rooms: BTreeMap<String, String>,
    /// Files and pages done when it was last heard of.
    done: (usize, usize),
}

impl Bar {
    /// A bar for `what` is being done; lines instead unless `moving`.
    pub fn new(what: &'static str, moving: bool) -> Self {
        let bar = moving.then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(REDRAWS));
            if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:24}] {pos}/{len} {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(what);
            bar
        });
        let now = Instant::now();
        Self { what, moving: bar, begun: now, told: now, notices: 0, rooms: BTreeMap::new(), done: (0, 0) }
    }

    /// So much of so much is done.
    pub fn at(&mut self, done: usize, of: usize, message: &str) {
        match &self.moving {
            Some(bar) => {
                bar.set_length(of as u64);
                bar.set_position(done as u64);
                bar.set_message(message.to_owned());
            }
            None if self.told.elapsed() > QUIET => {
                self.told = Instant::now();
                let message = if message.is_empty() { String::new() } else { format!(" {message}") };
                eprintln!("{}: {done} of {of}{message}", self.what);
            }
            None => {}
        }
    }

    /// So far is a scan: files, pages a second, what waits, and how long it may still take.
    pub fn pages(&mut self, p: &Progress) {
        // Of a folder that is watched, the next files: what was waited for them is no work.
        let done = (p.files, p.read + p.set_aside + p.known);
        if done.0 <= self.done.0 && done.1 <= self.done.1 {
            self.begun = Instant::now();
        }
        self.done = done;
        if self.moving.is_none() && self.told.elapsed() <= QUIET {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        let looked = p.read + p.set_aside;
        let mut message = format!("files · {} read", p.read);
        if p.held > 0 {
            let _ = write!(message, ", {} to look at", p.held);
        }
        if p.set_aside > 0 {
            let _ = write!(message, ", {} set aside", p.set_aside);
        }
        if p.known > 0 {
            let _ = write!(message, ", {} known", p.known);
        }
        let telling = seconds >= TELLING;
        if looked > 0 && telling {
            let _ = write!(message, " · {:.0} pages/s", looked as f64 / seconds);
        }
        if p.files > 0 && p.files < p.of && telling {
            let left = seconds * (p.of - p.files) as f64 / p.files as f64;
            let _ = write!(message, " · {} left", span(left));
        }
        self.at(p.files, p.of, &message);
    }

    /// So stand the rooms that are watched: one line each, for those that have changed.
    pub fn rooms(&mut self, rooms: &[RoomProgress], waiting: usize) {
        for room in rooms {
            let line = room_line(room);
            if self.rooms.get(room.room.as_str()) != Some(&line) {
                self.say(&line);
                self.rooms.insert(room.room.to_string(), line);
            }
        }
        if let Some(bar) = &self.moving {
            bar.set_message(if waiting > 0 {
                format!("{waiting} still being written")
            } else {
                String::new()
            });
        }
    }

    /// Says something about a file; of many the first few.
    pub fn notice(&mut self, notice: &Notice) {
        self.notices += 1;
        if self.notices <= NOTICES {
            self.say(&format!("note: {notice}"));
        } else if self.notices == NOTICES + 1 {
            self.say("note: more of this; all of it is in the summary");
        }
    }

    /// Writes a line to the error stream, above the bar.
    pub fn say(&self, line: &str) {
        match &self.moving {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub fn end(self) {
        if let Some(bar) = self.moving {
            bar.finish_and_clear();
        }
    }
}

/// A room in a line: `考场 03: 28 of 30 read, 1 held`.
fn room_line(room: &RoomProgress) -> String {
    let mut line = format!("考场 {}: {} of {} read", room.room, room.read, room.expected);
    if room.held > 0 {
        let _ = write!(line, ", {} held", room.held);
    }
    if room.set_aside > 0 {
        let _ = write!(line, ", {} set aside", room.set_aside);
    }
    if room.read > room.expected {
        line += ": more than expected";
    }
    line
}

/// A time to wait, as exact as it is worth.
fn span(seconds: f64) -> String {
    // Below a week; anything longer is cut off by the cast.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Does `work` with so many threads; 0 is one a core.
pub fn with_threads<T: Send>(
    threads: usize,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Failure::new(format!("can't start {threads} threads: {e}"), Some("ask for fewer")))?;
    pool.install(work)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn times_are_as_exact_as_they_are_worth() {
        assert_eq!([3.4, 75.0, 7_500.0].map(span), ["3 s", "1 min 15 s", "2 h 05 min"]);
    }
}
