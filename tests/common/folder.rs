//! A session's folder in a temporary one.

use super::people::file_of;
use duka::identity::Identity;
use std::path::PathBuf;

pub struct Folder(tempfile::TempDir);

impl Folder {
    /// Nothing is in it yet, and it is not there itself.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn folder(&self) -> PathBuf {
        self.0.path().join("session")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The path of an identity's secret file, outside the session, under the tests' passphrase.
    pub fn secret(&self, name: &str, identity: &Identity) -> String {
        let path = self.0.path().join(format!("{name}.identity"));
        std::fs::write(&path, file_of(identity)).unwrap();
        path.display().to_string()
    }
}
