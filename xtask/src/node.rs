//! A node with `pallet-contracts`, on which some tests run. One can do without.

use crate::{process, progress, project::Project, ready_made::ReadyMade};
use anyhow::{ensure, Context, Result};
use std::{
    env,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// The environment variable that names the node's program. Tests read it too.
pub const VARIABLE: &str = "CONTRACTS_NODE";
/// The last release with `pallet-contracts`.
const VERSION: &str = "0.42.0";
const PROGRAM: ReadyMade = ReadyMade {
    name: "substrate-contracts-node",
    version: VERSION,
    ask: &["--version"],
};
/// The default arguments of a node: a new chain at the usual address, without telemetry.
const DEFAULTS: [&str; 7] = [
    "--dev",
    "--tmp",
    "--rpc-port=9944",
    "--no-telemetry",
    "--no-prometheus",
    "--no-mdns",
    "--no-hardware-benchmarks",
];

/// Finds the node, or unpacks it. Without a node, a note says how to install one.
///
/// # Errors
/// If the environment names a program that does not run.
pub fn find(project: &Project) -> Result<Option<PathBuf>> {
    let found = match named()? {
        Some(named) => Some(named),
        None => ours(project),
    };
    match &found {
        Some(program) => progress::note(&format!("{}: {}", PROGRAM.name, program.display())),
        None => progress::note(&missing()),
    }
    Ok(found)
}

/// Runs the node in the foreground, with `arguments` or the defaults, and ends as it ends.
///
/// # Errors
/// If no node is found.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let program = match named()? {
        Some(named) => named,
        None => ours(project).with_context(missing)?,
    };
    let mut command = Command::new(program);
    if arguments.is_empty() {
        command.args(DEFAULTS);
    } else {
        command.args(arguments);
    }
    process::hand_over(&mut command)
}

/// The program that the environment names.
fn named() -> Result<Option<PathBuf>> {
    let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) else {
        return Ok(None);
    };
    let answers = process::ask(Command::new(&named).args(PROGRAM.ask)).is_some();
    let named = PathBuf::from(named);
    ensure!(
        answers,
        "{VARIABLE} is {}, which does not run with `{}`",
        named.display(),
        PROGRAM.ask.join(" ")
    );
    Ok(Some(named))
}

/// The project's own, unpacked if need be, else one on the search path.
fn ours(project: &Project) -> Option<PathBuf> {
    Some(PROGRAM.own(project))
        .filter(|own| PROGRAM.is_at(own))
        .or_else(|| PROGRAM.unpack(project))
        .or_else(|| process::find(PROGRAM.name).filter(|place| PROGRAM.is_at(place)))
}

/// Returns the note on a missing node, and how to install one.
pub fn missing() -> String {
    format!(
        "no {} {VERSION}: tests on a node are skipped. To have it, install protobuf-compiler, clang, libclang-dev and cmake, then \
         run `cargo +1.85 install contracts-node@{VERSION} --locked`, or name it in {VARIABLE}",
        PROGRAM.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_node_is_told_how_to_get_one() {
        let note = missing();
        for word in [
            "substrate-contracts-node 0.42.0",
            "skipped",
            "contracts-node@0.42.0 --locked",
            "protobuf-compiler",
            VARIABLE,
        ] {
            assert!(note.contains(word), "{word} is not in: {note}");
        }
    }
}
