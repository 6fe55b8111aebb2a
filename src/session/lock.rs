//! One scan at a time.

use super::SessionError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// The file whose lock a running scan holds. It stays when the scan is over; only the lock counts, and the
/// system takes that from a program that is killed.
const NAME: &str = "scan.lock";

/// Held for as long as a scan runs.
#[derive(Debug)]
pub(super) struct ScanLock {
    file: File,
}

impl Drop for ScanLock {
    fn drop(&mut self) {
        // Nobody is at work any more; if the words stay, the lock says so all the same.
        let _ = self.file.set_len(0);
    }
}

impl ScanLock {
    /// Takes the lock of the session in `folder`, or says who has it.
    pub(super) fn take(folder: &Path, now: &str) -> Result<Self, SessionError> {
        let path = folder.join(NAME);
        let failed = |source| SessionError::file("lock", &path, source);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is, is a courtesy: that it is locked, is known.
                let _ = file.read_to_string(&mut holder);
                let mut words = holder.split_whitespace();
                let process = words.next().and_then(|pid| pid.parse().ok());
                let since = words.next().unwrap_or_default().to_owned();
                return Err(SessionError::Scanning { process, since });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let text = format!("{} {now}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(failed)?;
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is_and_since_when() {
        let folder = tempfile::tempdir().unwrap();
        let first = ScanLock::take(folder.path(), "2026-11-21T11:30:00+08:00").unwrap();
        let error = ScanLock::take(folder.path(), "later").unwrap_err();
        let told = error.to_string();
        let id = std::process::id().to_string();
        assert!(told.contains(&id) && told.contains("2026-11-21T11:30:00+08:00"), "{told}");
        drop(first);
        ScanLock::take(folder.path(), "later").unwrap();
    }
}
