//! Where things are. The one place that names the folders under `target/`.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The project's folders.
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the project from the manifest that cargo is running.
    pub fn locate() -> Result<Self> {
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("xtask has no parent folder")?;
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    /// The root of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The contracts' workspace.
    pub fn contracts(&self) -> PathBuf {
        self.root.join("contracts")
    }

    /// The tests of JavaScript clients, and the generator of bindings.
    pub fn js(&self) -> PathBuf {
        self.root.join("e2e-tests").join("js")
    }

    /// Everything that can be made again.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Finished contracts: `<name>.contract`, `<name>.json`, `<name>.wasm`. Worker and tests load
    /// them from here.
    pub fn bundles(&self) -> PathBuf {
        self.target().join("contracts")
    }

    /// Programs that the set-up installed.
    pub fn tools(&self) -> PathBuf {
        self.target().join("tools")
    }

    /// Cargo's target folder for everything the contracts' compiler builds: Wasm, lints and native
    /// tests.
    pub fn contract_target(&self) -> PathBuf {
        self.target().join("ink")
    }

    /// Programs built beforehand, beside the project where a machine provides them.
    pub fn ready_made(&self) -> PathBuf {
        self.root.join("../shared/bin")
    }
}
