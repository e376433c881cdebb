//! Set-up, builds, tests and the demo: `cargo xtask <command>`.
//!
//! Every command does the set-up it needs, so that a fresh clone takes one command to try.

mod artifacts;
mod buffer;
mod bundles;
mod canonical;
mod cargo_contract;
mod contracts;
mod fingerprint;
mod js;
mod lint;
mod node;
mod process;
mod progress;
mod project;
mod ready_made;
mod setup;
mod stage_manifest;
mod tasks;
mod test_lanes;
mod toolchain;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use project::Project;
use setup::Setup;
use std::process::ExitCode;

/// Set-up, builds, tests and the demo.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install the contracts' compiler and cargo-contract; the other commands do it too. Find the
    /// node
    Setup,
    /// Build the contracts that changed, and print their sizes and code hashes
    Build {
        /// Contracts to build; all if none is named
        contracts: Vec<String>,
        /// Build them again, from two folders, and compare with what is committed
        #[arg(long)]
        check: bool,
    },
    /// Run every test, but those of JavaScript clients
    Test {
        /// Run those of JavaScript clients instead: they need Node.js and a node
        #[arg(long)]
        js: bool,
    },
    /// Write the types and metadata that JavaScript clients use
    Bindings {
        /// Write nothing, but fail if a file is stale
        #[arg(long)]
        check: bool,
    },
    /// Check words, links, formatting and lints of both workspaces
    Lint,
    /// Run a network from genesis through several epochs and show who was paid what
    Demo {
        /// Arguments of the demo, such as `--seed 7`; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run a node of a new development chain in the foreground, at ws://127.0.0.1:9944
    Node {
        /// Arguments of substrate-contracts-node, in place of the usual ones
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure the kernel's time and the chain's costs, and write docs/performance.md and
    /// docs/costs.md
    Bench {
        /// Measure one of the two
        #[arg(long, value_enum)]
        only: Option<Measure>,
        /// Arguments of the benchmarks of the kernel
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Remove what was built
    Clean {
        /// Remove the installed tools too
        #[arg(long)]
        all: bool,
    },
}

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    /// The kernel's time off the chain
    Kernel,
    /// The costs of messages and steps on the chain
    Costs,
}

fn main() -> ExitCode {
    let result = canonical::rustc::run_if_asked().unwrap_or_else(|| run(Cli::parse().task));
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> Result<ExitCode> {
    let project = Project::locate()?;
    match task {
        Task::Clean { all } => tasks::clean(&project, all)?,
        Task::Node { arguments } => return node::run(&project, &arguments),
        Task::Setup => {
            Setup::ensure(&project)?;
            node::find(&project)?;
        }
        Task::Build { contracts, check } => {
            let selected = contracts::select(&contracts)?;
            if check {
                bundles::check(&project, &selected)?;
            } else {
                bundles::ensure(&project, &selected)?;
            }
            bundles::print_table(&project, &selected)?;
        }
        Task::Test { js: false } => tasks::test(&project)?,
        Task::Test { js: true } => js::test(&project)?,
        Task::Bindings { check } => js::bindings(&project, check)?,
        Task::Lint => tasks::lint(&project)?,
        Task::Demo { arguments } => return tasks::demo(&project, &arguments),
        Task::Bench { only, arguments } => tasks::bench(&project, only, &arguments)?,
    }
    progress::print_times();
    Ok(ExitCode::SUCCESS)
}
