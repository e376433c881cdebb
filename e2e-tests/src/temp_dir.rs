//! Temporary directories.

use inktensor_worker::store::{Home, Store, StoreError};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::Network;

/// A directory of its own, removed when dropped.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    /// Chooses a path that no other test has. The directory is created by its user.
    #[allow(
        clippy::new_without_default,
        reason = "two directories are never the same, so none is the default"
    )]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(env::temp_dir().join(format!("inktensor-e2e-{}-{count}", process::id())))
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps the directory, so that its files can be read after the test.
    pub fn keep(mut self) {
        // An empty path is not removed.
        self.0 = PathBuf::new();
    }

    /// Opens the store in it, for the deployment of `net`.
    #[allow(clippy::missing_errors_doc, reason = "see the store's own")]
    pub fn store(&self, net: &Network) -> Result<Store, StoreError> {
        let home = Home::on(&net.chain, net.addresses().epoch).expect("the chain answers");
        Store::open(&self.0, home)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if self.0.as_os_str().is_empty() {
            return;
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}
