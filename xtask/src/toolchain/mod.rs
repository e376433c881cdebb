//! The contracts' compiler: Rust 1.85 from rustup, or the same compiler from Debian's packages.
//!
//! cargo-contract 5.0.3 passes a build-std feature that 1.92 and later refuse, and from 1.87 on
//! debug builds carry instructions that `pallet-contracts` refuses. So the contracts stay on 1.85
//! while the rest moves on.

mod debian;
mod rustup;

use crate::{process, progress};
use anyhow::{bail, Result};
use std::{env, process::Command};

/// The release that builds the contracts.
pub const RELEASE: &str = "1.85";

/// Forces where the compiler comes from: `rustup` or `debian`.
const CHOICE: &str = "INKTENSOR_TOOLCHAIN";

/// A toolchain that rustup knows and that can build contracts.
#[derive(Clone, Debug)]
pub struct Toolchain {
    name: String,
    version: String,
}

impl Toolchain {
    /// Finds the compiler, or installs it.
    pub fn ensure() -> Result<Self> {
        process::require(
            "rustup",
            "to choose the contracts' compiler",
            "rustup (or https://rustup.rs)",
        )?;
        match env::var(CHOICE).as_deref() {
            Ok("rustup") => rustup::ensure(),
            Ok("debian") => debian::ensure(),
            Ok(other) => {
                bail!("{CHOICE} is `{other}`: say `rustup` or `debian`, or leave it unset")
            }
            Err(_) => Self::ensure_any(),
        }
    }

    fn ensure_any() -> Result<Self> {
        if let Some(found) = rustup::find().or_else(debian::find) {
            return Ok(found);
        }
        rustup::ensure().or_else(|from_rustup| {
            progress::note(&format!("{from_rustup:#}; trying Debian's packages"));
            debian::ensure().map_err(|from_debian| {
                from_debian.context(format!(
                    "no Rust {RELEASE} with rust-src and clippy for the contracts"
                ))
            })
        })
    }

    /// The toolchain `name`, if it is there and complete.
    fn probe(name: &str) -> Option<Self> {
        let rustc = process::ask(Command::new("rustup").args(["run", name, "rustc", "-vV"]))?;
        let sysroot = process::ask(
            Command::new("rustup").args(["run", name, "rustc", "--print", "sysroot"]),
        )?;
        let has_source = std::path::Path::new(&sysroot)
            .join("lib/rustlib/src/rust/library/core/Cargo.toml")
            .is_file();
        let has_clippy =
            process::ask(Command::new("rustup").args(["run", name, "cargo-clippy", "--version"]))
                .is_some();
        let release = rustc
            .lines()
            .find_map(|line| line.strip_prefix("release: "))?;
        let right = release
            .strip_prefix(RELEASE)
            .is_some_and(|patch| patch.starts_with('.'));
        (right && has_source && has_clippy).then(|| Self {
            name: name.to_owned(),
            version: rustc.lines().next().unwrap_or_default().to_owned(),
        })
    }

    /// The name that rustup knows.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the compiler's release with its commit, such as `rustc 1.85.1 (4eb161250
    /// 2025-03-15)`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `program` in this toolchain, with nothing left of the cargo that runs us.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("rustup");
        command.args(["run", &self.name]).arg(program);
        for variable in [
            "CARGO",
            "RUSTC",
            "RUSTDOC",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
        ] {
            command.env_remove(variable);
        }
        command
    }
}

/// The toolchains in the output of `rustup toolchain list`, without remarks such as `(default)`.
fn listed(output: &str) -> Vec<&str> {
    output
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_no_part_of_a_toolchains_name() {
        let output =
            "stable-x86_64-unknown-linux-gnu (default)\n1.85-x86_64-unknown-linux-gnu\nink-1.85\n";
        assert_eq!(
            listed(output),
            [
                "stable-x86_64-unknown-linux-gnu",
                "1.85-x86_64-unknown-linux-gnu",
                "ink-1.85"
            ]
        );
    }
}
