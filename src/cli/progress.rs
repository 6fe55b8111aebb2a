//! How long work shows itself: a bar on a terminal, a line now and then elsewhere.

use super::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// How often a line is written where no bar can move.
const QUIET: Duration = Duration::from_secs(10);

/// A bar, or lines.
pub struct Bar {
    what: &'static str,
    moving: Option<ProgressBar>,
    told: Instant,
}

impl Bar {
    /// A bar for `what` is being done; lines instead unless `moving`.
    pub fn new(what: &'static str, moving: bool) -> Self {
        let bar = moving.then(|| {
            let bar = ProgressBar::new(0);
            let style = "{prefix:>10} [{bar:32}] {pos}/{len} {per_sec} {eta} {msg}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(what);
            bar
        });
        Self { what, moving: bar, told: Instant::now() }
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
                let message = if message.is_empty() { String::new() } else { format!("; {message}") };
                eprintln!("{}: {done} of {of}{message}", self.what);
            }
            None => {}
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
