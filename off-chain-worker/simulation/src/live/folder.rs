//! The folder of a run, which goes with it.

use super::LiveError;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A new folder for the files of a run. Dropping it removes the folder.
#[derive(Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates a folder in the system's folder for temporary files.
    ///
    /// # Errors
    /// `File`.
    pub fn create() -> Result<Self, LiveError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("inktensor-live-{}-{number}", process::id());
            let path = env::temp_dir().join(name);
            match create(&path) {
                Ok(()) => return Ok(Self(path)),
                // Of an earlier process with this number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LiveError::File { path, error }),
            }
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Creates a folder for its owner only: hotkeys are in it.
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_until_it_is_dropped() {
        let (one, two) = (RunFolder::create().unwrap(), RunFolder::create().unwrap());
        assert_ne!(one.path(), two.path());
        let path = one.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(one);
        assert!(!path.exists() && two.path().exists());
    }
}
