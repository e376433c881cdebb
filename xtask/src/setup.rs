//! The programs that build contracts.

use crate::{cargo_contract, process, progress, project::Project, toolchain::Toolchain};
use anyhow::Result;
use std::path::PathBuf;

/// A machine that can build contracts.
pub struct Setup {
    /// The contracts' compiler.
    pub toolchain: Toolchain,
    /// The program that builds contracts.
    pub cargo_contract: PathBuf,
}

impl Setup {
    /// Finds or installs everything.
    pub fn ensure(project: &Project) -> Result<Self> {
        progress::heading("set-up of the contracts' compiler");
        process::require("cc", "to compile dependencies in C", "gcc libc6-dev")?;
        process::require("c++", "to compile dependencies in C++", "g++")?;
        let toolchain = Toolchain::ensure()?;
        progress::note(&format!("contracts' compiler: {}", toolchain.name()));
        let cargo_contract = cargo_contract::ensure(project)?;
        progress::note(&format!(
            "cargo-contract {}: {}",
            cargo_contract::VERSION,
            cargo_contract.display()
        ));
        Ok(Self {
            toolchain,
            cargo_contract,
        })
    }
}
