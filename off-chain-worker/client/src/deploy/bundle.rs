//! The built contracts and their folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Name of the environment variable that holds the folder of the built contracts.
pub const CONTRACTS_DIR: &str = "INKTENSOR_CONTRACTS";

/// An error of the built contracts: some are missing.
#[derive(Debug, Error)]
pub enum BundleError {
    /// No folder of built contracts was found.
    #[error("no built contracts found: run `cargo xtask build`, or name their folder in {CONTRACTS_DIR}")]
    NoFolder,
    /// One contract is missing or unreadable.
    #[error("{path}: {reason}; run `cargo xtask build`")]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
}

/// A built contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Wasm code of the contract.
    pub code: Vec<u8>,
}

/// All contracts of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundles {
    /// TAO.
    pub token: Bundle,
    /// Full code of the registry: subnets and neurons.
    pub registry: Bundle,
    /// Front of the registry.
    pub registry_front: Bundle,
    /// Full code of the staking contract: stake.
    pub staking: Bundle,
    /// Front of the staking contract.
    pub staking_front: Bundle,
    /// The treasury.
    pub treasury: Bundle,
    /// Emission.
    pub emission: Bundle,
    /// Full code of the epoch contract: weights and epochs.
    pub epoch: Bundle,
    /// Front of the epoch contract.
    pub epoch_front: Bundle,
    /// The Yuma kernel.
    pub yuma: Bundle,
    /// The mean kernel.
    pub mean: Bundle,
    /// Governance.
    pub governance: Bundle,
}

impl Bundles {
    /// Reads the contracts from where [`Bundles::folder`] finds them.
    pub fn load() -> Result<Self, BundleError> {
        Self::load_from(&Self::folder()?)
    }

    /// Reads the contracts from `folder`.
    pub fn load_from(folder: &Path) -> Result<Self, BundleError> {
        let read = |name: &str| Bundle::load(folder, name);
        Ok(Self {
            token: read("token")?,
            registry: read("registry")?,
            registry_front: read("registry_front")?,
            staking: read("staking")?,
            staking_front: read("staking_front")?,
            treasury: read("treasury")?,
            emission: read("emission")?,
            epoch: read("epoch")?,
            epoch_front: read("epoch_front")?,
            yuma: read("yuma")?,
            mean: read("mean")?,
            governance: read("governance")?,
        })
    }

    /// Returns each file's name and code, in the order of deployment: a full code before its front.
    pub const fn named(&self) -> [(&'static str, &Bundle); 12] {
        [
            ("token", &self.token),
            ("registry", &self.registry),
            ("registry_front", &self.registry_front),
            ("staking", &self.staking),
            ("staking_front", &self.staking_front),
            ("treasury", &self.treasury),
            ("emission", &self.emission),
            ("epoch", &self.epoch),
            ("epoch_front", &self.epoch_front),
            ("yuma", &self.yuma),
            ("mean", &self.mean),
            ("governance", &self.governance),
        ]
    }

    /// Returns the folder of the built contracts: the one in the environment variable, else
    /// `target/contracts` of the workspace that this program was built in or runs in.
    pub fn folder() -> Result<PathBuf, BundleError> {
        if let Some(folder) = env::var_os(CONTRACTS_DIR) {
            return Ok(folder.into());
        }
        let starts = [env::current_exe(), env::current_dir()];
        starts
            .iter()
            .flatten()
            .flat_map(|start| start.ancestors())
            .map(|place| place.join("target").join("contracts"))
            .find(|folder| folder.join("yuma.wasm").is_file())
            .ok_or(BundleError::NoFolder)
    }
}

impl Bundle {
    /// Reads the contract `name` from where [`Bundles::folder`] finds it.
    pub fn find(name: &str) -> Result<Self, BundleError> {
        Self::load(&Bundles::folder()?, name)
    }

    fn load(folder: &Path, name: &str) -> Result<Self, BundleError> {
        let path = folder.join(name).with_extension("wasm");
        fs::read(&path)
            .map(|code| Self { code })
            .map_err(|error| BundleError::Unreadable {
                path: path.display().to_string(),
                reason: error.to_string(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_contract_is_named_with_the_command_that_builds_it() {
        let message = Bundles::load_from(Path::new("nowhere"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("nowhere"), "{message}");
        assert!(message.contains("cargo xtask build"), "{message}");
    }
}
