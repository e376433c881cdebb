//! The project's folders: the one place that names the folders under `target/`.

use crate::contracts::Contract;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The environment variable that names a folder of ready-made programs.
const READY_MADE: &str = "INKTENSOR_READY_MADE";

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
        Ok(Self::at(root))
    }

    /// Returns the project in the folder `root`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The root of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The contracts' workspace.
    pub fn contracts(&self) -> PathBuf {
        self.root.join("contracts")
    }

    /// The manifest of the committed contracts.
    pub fn manifest(&self) -> PathBuf {
        self.contracts().join("artifacts").join("manifest.json")
    }

    /// The committed code of a contract.
    pub fn artifact(&self, contract: &str) -> PathBuf {
        let folder = self.contracts().join("artifacts");
        folder.join(contract).with_extension("wasm")
    }

    /// The committed metadata of a contract: with its bindings if it has any, else with its code.
    pub fn metadata(&self, contract: &Contract) -> PathBuf {
        if contract.has_bindings {
            self.bindings().join(contract.name).join("metadata.json")
        } else {
            self.artifact(contract.name).with_extension("json")
        }
    }

    /// Types and metadata for JavaScript clients.
    pub fn bindings(&self) -> PathBuf {
        self.root.join("bindings")
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

    /// Cargo's target folder for native tests and lints of the contracts.
    pub fn native_target(&self) -> PathBuf {
        self.target().join("native")
    }

    /// Cargo's target folder for what cargo-contract builds.
    pub fn contract_target(&self) -> PathBuf {
        self.target().join("ink")
    }

    /// A program of this workspace, as demo and tests build it.
    pub fn program(&self, name: &str) -> PathBuf {
        self.target().join("debug").join(name)
    }

    /// Returns the folder of ready-made programs, if there is one: the folder that
    /// `INKTENSOR_READY_MADE` names, else one beside the checkout.
    pub fn ready_made(&self) -> Option<PathBuf> {
        if let Some(named) = std::env::var_os(READY_MADE).filter(|named| !named.is_empty()) {
            return Some(PathBuf::from(named));
        }
        // A folder of ready-made programs beside the checkout.
        let beside = self.root.join("../shared/bin");
        beside.is_dir().then_some(beside)
    }
}
