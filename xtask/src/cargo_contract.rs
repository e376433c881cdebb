//! The program that builds ink! contracts.

use crate::{process, progress, project::Project, ready_made::ReadyMade};
use anyhow::{bail, Result};
use std::{env, path::PathBuf, process::Command};

/// The last release that builds Wasm contracts for ink! 5.
pub const VERSION: &str = "5.0.3";
const PROGRAM: ReadyMade = ReadyMade {
    name: "cargo-contract",
    version: VERSION,
    ask: &["contract", "--version"],
};

/// The environment variable that names cargo-contract to the tests that run it.
pub const VARIABLE: &str = "CARGO_CONTRACT";

/// Finds cargo-contract, or unpacks it.
pub fn find(project: &Project) -> Option<PathBuf> {
    let own = PROGRAM.own(project);
    [Some(own), process::find(PROGRAM.name)]
        .into_iter()
        .flatten()
        .find(|place| PROGRAM.is_at(place))
        .or_else(|| PROGRAM.unpack(project))
}

/// Finds cargo-contract, or unpacks or installs it.
pub fn ensure(project: &Project) -> Result<PathBuf> {
    if let Some(program) = find(project) {
        return Ok(program);
    }
    install(project)?;
    let own = PROGRAM.own(project);
    if !PROGRAM.is_at(&own) {
        bail!(
            "{} is not {} {VERSION} after its installation",
            own.display(),
            PROGRAM.name
        );
    }
    Ok(own)
}

fn install(project: &Project) -> Result<()> {
    let name = PROGRAM.name;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    progress::run_logged(
        &format!("compiling {name} {VERSION} from crates.io, once"),
        Command::new(cargo)
            .current_dir(project.root())
            .args([
                "install",
                &format!("{name}@{VERSION}"),
                "--locked",
                "--force",
                "--root",
            ])
            .arg(project.tools()),
        &project.tools().join("cargo-contract.log"),
    )?;
    Ok(())
}
