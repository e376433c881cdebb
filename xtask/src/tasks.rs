//! The commands that run cargo: test, lint, demo, bench, clean.

use crate::{bundles, node, process, progress, project::Project, setup::Setup, Measure};
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
/// What Clippy's driver expects between arguments, as `cargo clippy` hands them over.
const CLIPPY_SEPARATOR: &str = "__CLIPPY_HACKERY__";
/// A package of the contracts' workspace that never runs on a chain.
const OFF_CHAIN: &str = "inktensor-yuma-reference";

/// Runs all tests, native ones of the contracts first: they are the quickest to fail.
pub fn test(project: &Project, setup: &Setup) -> Result<()> {
    let node = node::find(project)?;
    bundles::build_all(project, setup)?;
    progress::stage("tests of the contracts' rules (native)");
    process::run(contract_cargo(project, setup).args(["test", "--workspace"]))?;
    progress::stage("tests of worker, network and tools");
    let mut tests = host_cargo(project);
    tests
        .args(["test", "--workspace"])
        .env("CARGO_CONTRACT", &setup.cargo_contract);
    if let Some(node) = node {
        tests.env(node::VARIABLE, node);
    }
    process::run(&mut tests)
}

/// Checks formatting and lints of both workspaces.
pub fn lint(project: &Project, setup: &Setup) -> Result<()> {
    progress::stage("formatting");
    process::run(host_cargo(project).args(["fmt", "--all", "--", "--check"]))?;
    // Debian's 1.85 has no rustfmt, and one formatter for the whole repository is simpler anyway.
    process::run(
        host_cargo(project)
            .current_dir(project.contracts())
            .args(["fmt", "--all", "--", "--check"]),
    )?;

    progress::stage("lints of the contracts");
    let clippy = |flags: &[&str], lints: &[&str]| {
        let mut command = contract_cargo(project, setup);
        command.args(["clippy", "--workspace"]).args(flags);
        process::run(command.arg("--").args(lints))
    };
    clippy(&["--all-targets"], &["-Dwarnings"])?;
    clippy(&["--lib", "--exclude", OFF_CHAIN], &ON_CHAIN)?;

    progress::stage("lints of worker, network and tools");
    // `cargo clippy` would check some 900 dependencies, FRAME among them, which the tests then
    // compile once more. So Clippy stands in for the compiler of our own packages instead, in
    // the very build that the tests use. What it compiles is thrown away: the less it optimises,
    // the better.
    let lints = ["-Dwarnings", "-Copt-level=0", "-Ccodegen-units=16"];
    process::run(
        host_cargo(project)
            .args(["build", "--workspace", "--all-targets"])
            .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
            .env("CLIPPY_ARGS", lints.join(CLIPPY_SEPARATOR)),
    )
}

/// Runs the worker's demo with `arguments`, and ends as it ends.
pub fn demo(project: &Project, setup: &Setup, arguments: &[String]) -> Result<ExitCode> {
    bundles::build_all(project, setup)?;
    progress::stage("demo");
    let mut command = host_cargo(project);
    command
        .args([
            "run",
            "--package",
            "inktensor-cli",
            "--bin",
            "inktensor",
            "--",
            "demo",
        ])
        .args(arguments);
    process::hand_over(&mut command)
}

/// Measures the kernel's time, the chain's costs, or both; the benchmarks themselves write the
/// figures into docs/.
pub fn bench(
    project: &Project,
    setup: &Setup,
    only: Option<Measure>,
    arguments: &[String],
) -> Result<()> {
    bundles::build_all(project, setup)?;
    // The dev profile is optimised, and another one would compile FRAME again.
    let bench = || {
        let mut command = host_cargo(project);
        command.args(["bench", "--profile", "dev"]);
        command
    };
    if only != Some(Measure::Costs) {
        progress::stage("benchmarks of the kernel");
        let mut command = bench();
        command.args(["--package", "inktensor-compute", "--bench", "kernel", "--"]);
        process::run(command.args(arguments))?;
    }
    if only != Some(Measure::Kernel) {
        progress::stage("costs on the chain");
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

/// The cargo that runs us, for everything but contracts.
fn host_cargo(project: &Project) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project.root());
    command
}

/// The contracts' cargo. It shares cargo-contract's target folder, whose own lints need the same
/// dependencies.
fn contract_cargo(project: &Project, setup: &Setup) -> Command {
    let mut command = setup.toolchain.command("cargo");
    command
        .current_dir(project.contracts())
        .env("CARGO_TARGET_DIR", project.contract_target());
    command
}
