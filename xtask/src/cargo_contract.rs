//! The program that builds ink! contracts.

use crate::{process, progress, project::Project};
use anyhow::{bail, Context, Result};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// The last release that builds Wasm contracts for ink! 5.
pub const VERSION: &str = "5.0.3";
const PROGRAM: &str = "cargo-contract";

/// Finds cargo-contract, or unpacks or installs it.
pub fn ensure(project: &Project) -> Result<PathBuf> {
    let own = project.tools().join("bin").join(PROGRAM);
    for place in [Some(own.clone()), process::find(PROGRAM)]
        .into_iter()
        .flatten()
    {
        if is_wanted(&place) {
            return Ok(place);
        }
    }
    let packed = project.ready_made().join(format!("{PROGRAM}.zst"));
    if packed.is_file() {
        match unpack(&packed, &own) {
            Ok(()) if is_wanted(&own) => return Ok(own),
            Ok(()) => progress::note(&format!(
                "{} does not hold {PROGRAM} {VERSION} for this machine",
                packed.display()
            )),
            Err(error) => progress::note(&format!("{error:#}")),
        }
    }
    install(project)?;
    if !is_wanted(&own) {
        bail!(
            "{} is not {PROGRAM} {VERSION} after its installation",
            own.display()
        );
    }
    Ok(own)
}

/// Unpacks a ready-made program.
pub fn unpack(packed: &Path, program: &Path) -> Result<()> {
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

fn install(project: &Project) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    progress::run_logged(
        &format!("compiling {PROGRAM} {VERSION} from crates.io, once"),
        Command::new(cargo)
            .current_dir(project.root())
            .args([
                "install",
                &format!("{PROGRAM}@{VERSION}"),
                "--locked",
                "--force",
                "--root",
            ])
            .arg(project.tools()),
        &project.tools().join("cargo-contract.log"),
    )?;
    Ok(())
}

fn is_wanted(program: &Path) -> bool {
    process::ask(Command::new(program).args(["contract", "--version"]))
        .is_some_and(|answer| says_version(&answer))
}

/// True if an answer such as `cargo-contract-contract 5.0.3-unknown-x86_64-unknown-linux-gnu` names the version.
fn says_version(answer: &str) -> bool {
    answer
        .split_whitespace()
        .nth(1)
        .and_then(|version| version.strip_prefix(VERSION))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_version_will_do() {
        assert!(says_version(
            "cargo-contract-contract 5.0.3-unknown-x86_64-unknown-linux-gnu"
        ));
        assert!(says_version("cargo-contract 5.0.3"));
        assert!(!says_version("cargo-contract 5.0.30"));
        assert!(!says_version("cargo-contract 6.0.0-beta"));
        assert!(!says_version(""));
    }
}
