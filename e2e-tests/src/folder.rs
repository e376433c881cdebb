//! Folders for stores.

use inktensor_worker::store::{Home, Store, StoreError};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::Network;

/// A folder of its own, which goes when the test is done with it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder that nobody else has.
    #[allow(
        clippy::new_without_default,
        reason = "two folders are never the same, so none is the default"
    )]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(env::temp_dir().join(format!("inktensor-e2e-{}-{count}", process::id())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves it where it is, for somebody to look into.
    pub fn keep(mut self) {
        // Without a place there is nothing to remove.
        self.0 = PathBuf::new();
    }

    /// The store in it, for the deployment of `net`.
    #[allow(clippy::missing_errors_doc, reason = "see the store's own")]
    pub fn store(&self, net: &Network) -> Result<Store, StoreError> {
        let home = Home::on(&net.chain, net.addresses().epoch).expect("the chain answers");
        Store::open(&self.0, home)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.0.as_os_str().is_empty() {
            return;
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}
