//! A folder of one test.

use std::{env, fs, path::Path, path::PathBuf, process};

/// A folder that is removed with the value.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes an empty folder for the test `name`.
    pub fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("inktensor-wire-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
