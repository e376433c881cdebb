//! The commands that run cargo: test, lint, demo, bench, clean.

use crate::{
    bundles, cargo_contract, lint, node, process, progress, project::Project, test_lanes, Measure,
};
use anyhow::{Context, Result};
use std::{
    env, fs,
    process::{Command, ExitCode},
};

/// Lints for what runs on the chain, but not for its tests. `clippy::panic` is not among them:
/// ink!'s macros panic.
const ON_CHAIN: [&str; 9] = [
    "-Dwarnings",
    "-Dmissing_docs",
    "-Dunsafe_code",
    "-Dclippy::unwrap_used",
    "-Dclippy::expect_used",
    // What cargo-contract denies, so that a lint run finds it before a build does.
    "-Dclippy::arithmetic_side_effects",
    "-Dclippy::cast_possible_truncation",
    "-Dclippy::cast_possible_wrap",
    "-Dclippy::cast_sign_loss",
];
/// A package of the contracts' workspace that never runs on a chain.
const OFF_CHAIN: &str = "inktensor-yuma-reference";

/// Runs all tests, native ones of the contracts first: they are the quickest to fail.
pub fn test(project: &Project) -> Result<()> {
    let node = node::find(project)?;
    let cargo_contract = cargo_contract::find(project);
    bundles::ensure_all(project)?;
    progress::heading("tests of the contracts' rules (native)");
    process::run(contract_cargo(project).args(["test", "--workspace"]))?;
    progress::heading("compiling worker, network and tools");
    let programs = test_lanes::compile(&mut host_cargo(project))?;
    progress::heading("tests of worker, network and tools");
    let variables = [
        (node::VARIABLE, node),
        (cargo_contract::VARIABLE, cargo_contract),
    ];
    let found = variables.into_iter();
    let found: Vec<_> = found
        .filter_map(|(variable, program)| Some((variable, program?)))
        .collect();
    programs.run(&found)?;
    progress::heading("examples in the documentation");
    process::run(host_cargo(project).args(["test", "--workspace", "--doc"]))
}

/// Checks words, links and shapes, then formatting and lints of both workspaces. Builds the book if
/// mdbook is at hand.
pub fn lint(project: &Project) -> Result<()> {
    progress::heading("words, links and shapes");
    lint::check(project)?;
    if let Some(mdbook) = process::find("mdbook") {
        process::run(
            Command::new(mdbook)
                .current_dir(project.root())
                .arg("build"),
        )?;
    }
    progress::heading("formatting");
    process::run(host_cargo(project).args(["fmt", "--all", "--", "--check"]))?;
    process::run(
        host_cargo(project)
            .current_dir(project.contracts())
            .args(["fmt", "--all", "--", "--check"]),
    )?;

    progress::heading("lints of the contracts");
    let clippy = |flags: &[&str], lints: &[&str]| {
        let mut command = contract_cargo(project);
        command.args(["clippy", "--workspace"]).args(flags);
        process::run(command.arg("--").args(lints))
    };
    clippy(&["--all-targets"], &["-Dwarnings"])?;
    clippy(&["--lib", "--exclude", OFF_CHAIN], &ON_CHAIN)?;

    progress::heading("lints of worker, network and tools");
    process::run(host_cargo(project).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-Dwarnings",
    ]))
}

/// Runs the worker's demo with `arguments`, and ends as it ends.
pub fn demo(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    bundles::ensure_all(project)?;
    progress::heading("compiling the worker");
    // Cargo resolves features for what it builds. The whole workspace with a target that counts as
    // a test gives those of `cargo test --workspace`, so that demo and tests share what is
    // compiled.
    let example = ["--example", "metagraph"];
    process::run(
        host_cargo(project)
            .args(["build", "--workspace", "--bin", "inktensor"])
            .args(example),
    )?;
    progress::print_times();
    progress::heading("demo");
    let mut command = Command::new(project.program("inktensor"));
    command
        .current_dir(project.root())
        .arg("demo")
        .args(arguments);
    process::hand_over(&mut command)
}

/// Measures the kernel's time, the chain's costs, or both; the benchmarks themselves write the
/// figures into docs/.
pub fn bench(project: &Project, only: Option<Measure>, arguments: &[String]) -> Result<()> {
    bundles::ensure_all(project)?;
    // The dev profile is optimised, and another one would compile FRAME again.
    let bench = || {
        let mut command = host_cargo(project);
        command.args(["bench", "--profile", "dev"]);
        command
    };
    if only != Some(Measure::Costs) {
        progress::heading("benchmarks of the kernel");
        let mut command = bench();
        command.args(["--workspace", "--bench", "kernel", "--"]);
        process::run(command.args(arguments))?;
    }
    if only != Some(Measure::Kernel) {
        progress::heading("costs on the chain");
        process::run(bench().args(["--workspace", "--bench", "costs"]))?;
    }
    Ok(())
}

/// Removes what was built. The installed tools stay unless `all`: they take the longest to make
/// again.
pub fn clean(project: &Project, all: bool) -> Result<()> {
    let target = project.target();
    if !target.exists() {
        return Ok(());
    }
    let tools = project.tools();
    for entry in
        fs::read_dir(&target).with_context(|| format!("cannot read {}", target.display()))?
    {
        let path = entry
            .with_context(|| format!("cannot read {}", target.display()))?
            .path();
        if path == tools && !all {
            continue;
        }
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// The cargo that runs us, for everything but the contracts' Wasm.
///
/// It does not see what that cargo says of this package: build scripts watch some of these
/// variables, and would run again after each change between `cargo` and `cargo xtask`.
fn host_cargo(project: &Project) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project.root());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The same cargo in the contracts' workspace. The contracts' own compiler is needed for their
/// Wasm alone.
///
/// Without debug information and incremental state, as in the workspace of the worker: that takes
/// a third off the time of a first run. It is said here and not in the manifest, which is a part
/// of the contracts' fingerprint.
fn contract_cargo(project: &Project) -> Command {
    let mut command = host_cargo(project);
    command
        .current_dir(project.contracts())
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", project.native_target());
    command
}
