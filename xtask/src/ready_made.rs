//! Programs of a known version, some of which lie packed in a folder of ready-made programs.

use crate::{process, progress, project::Project};
use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// A program in the one version that will do.
pub struct ReadyMade {
    /// The program's name.
    pub name: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// The arguments with which it says its version.
    pub ask: &'static [&'static str],
}

impl ReadyMade {
    /// Returns the place of the project's own copy.
    pub fn own(&self, project: &Project) -> PathBuf {
        project.tools().join("bin").join(self.name)
    }

    /// Returns true if `program` is this one.
    pub fn is_at(&self, program: &Path) -> bool {
        process::ask(Command::new(program).args(self.ask))
            .is_some_and(|answer| says_version(&answer, self.version))
    }

    /// Unpacks the project's own copy, if there is a packed one for this machine. Says why not, if
    /// there is one that is of no use.
    pub fn unpack(&self, project: &Project) -> Option<PathBuf> {
        let Self { name, version, .. } = self;
        let packed = project.ready_made()?.join(format!("{name}.zst"));
        if !packed.is_file() {
            return None;
        }
        let own = self.own(project);
        match unpack(&packed, &own) {
            Ok(()) if self.is_at(&own) => return Some(own),
            Ok(()) => progress::note(&format!(
                "{} does not hold {name} {version} for this machine",
                packed.display()
            )),
            Err(error) => progress::note(&format!("{error:#}")),
        }
        None
    }
}

fn unpack(packed: &Path, program: &Path) -> Result<()> {
    process::require("zstd", &format!("to unpack {}", packed.display()), "zstd")?;
    let folder = program.parent().context("a program has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    process::run(
        Command::new("zstd")
            .args(["-d", "-q", "-f"])
            .arg(packed)
            .arg("-o")
            .arg(program),
    )?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", program.display()))
}

/// True if an answer such as `cargo-contract-contract 5.0.3-unknown-x86_64-unknown-linux-gnu` names
/// `version`.
fn says_version(answer: &str, version: &str) -> bool {
    answer
        .split_whitespace()
        .nth(1)
        .and_then(|said| said.strip_prefix(version))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_version_will_do() {
        let wanted = |answer| says_version(answer, "5.0.3");
        assert!(wanted(
            "cargo-contract-contract 5.0.3-unknown-x86_64-unknown-linux-gnu"
        ));
        assert!(wanted("cargo-contract 5.0.3"));
        assert!(!wanted("cargo-contract 5.0.30"));
        assert!(!wanted("cargo-contract 6.0.0-beta"));
        assert!(!wanted(""));
        assert!(says_version(
            "substrate-contracts-node 0.42.0-unknown",
            "0.42.0"
        ));
    }
}
