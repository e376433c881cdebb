//! The command line: tables and sentences for people, JSON for programs.
//!
//! Exit codes: 0 when all is well, 1 when something checked did not hold, 2 for bad input, with one
//! line on standard error that names the place.

mod audit;
mod delegate;
mod demo;
mod deploy;
mod devchain;
mod emission;
mod epoch;
mod explain;
mod heartbeat;
mod kernel;
mod metagraph;
mod neuron;
mod offline;
mod run;
mod serve;
mod stake;
mod store;
mod subnet;
mod verify;
mod wallet;
mod wallet_overview;
mod weights;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::{
    fmt,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

/// Computes epochs of Inktensor, posts and settles them, and checks those of others.
#[derive(Parser)]
#[command(name = "inktensor", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Act out a network in this process: contracts, stake, weights, epochs and pay
    #[command(after_help = "Example:\n  inktensor demo --epochs 4 --keep chain")]
    Demo(demo::Arguments),
    /// Serve a chain for development and tests, which several processes share
    ///
    /// It deploys all contracts on a new in-process chain, gives all TAO to the account `bank`,
    /// and prints the addresses. There is no access control: whoever connects can sign as
    /// anyone.
    #[command(after_help = "Example:\n  inktensor devchain --state chain --block-time 1000")]
    Devchain(devchain::Arguments),
    /// Work on a chain: close, post, settle epochs
    ///
    /// Logs a line on standard error for each step it takes, and for each problem when it comes
    /// up. SIGTERM or SIGINT end it after the step in hand, a second one at once. It may be
    /// killed at any moment too: started again with the same store, it goes on where it was.
    /// The manual is docs/operate.md.
    #[command(
        after_help = "Example:\n  inktensor run --role keeper,proposer,watcher --chain ws://127.0.0.1:9944 --suri-file worker.suri --store worker"
    )]
    Run(Box<run::Arguments>),
    /// Recompute a posted epoch and say whether it is right
    ///
    /// Exit code: 0 if it is, 1 if it is not, with the first wrong step and whom it concerns; 2 if
    /// it cannot be told.
    Verify(verify::Arguments),
    /// Recompute epochs from JSON and compare them with what is expected
    ///
    /// Files hold objects `{name, input, expected}`, one per line or spread over lines. An object
    /// without `expected` is answered with one line of JSON in the form of `expected`. With
    /// it, every field that differs is listed, and the last line counts: `N passed, N failed`.
    /// Exit code: 0 if nothing differs, 1 if something does, 2 for bad input.
    #[command(after_help = "Example:\n  inktensor audit epochs.jsonl --engine native")]
    Audit(audit::Arguments),
    /// Say why a neuron was paid what it was paid, term by term
    ///
    /// The epoch is computed again, and every value that is told is held against it. Exit code: 0
    /// if all of them agree, 1 if one does not, 2 for bad input.
    Explain(explain::Arguments),
    /// Deploy all contracts on a chain of nodes, and write down where they are
    ///
    /// It looks at the chain before each step: cut short, the same command goes on where it was,
    /// and done again it changes nothing. Addresses follow from deployer, code and
    /// configuration.
    #[command(
        after_help = "Example:\n  inktensor deploy --url ws://127.0.0.1:9944 --suri-file deployer.suri --holder 5GrwvaEF…=1000000"
    )]
    Deploy(deploy::Arguments),
    /// Look at a deployment
    #[command(subcommand)]
    Deployment(deploy::Command),
    /// Create, list, show and own subnets
    #[command(subcommand, visible_alias = "subnets")]
    Subnet(subnet::Command),
    /// Register neurons
    #[command(subcommand)]
    Neuron(neuron::Command),
    /// Stake TAO, take it back, move it, list it
    #[command(subcommand)]
    Stake(stake::Command),
    /// Show where a neuron answers, where its metrics are, what it commits to
    #[command(subcommand, visible_alias = "axon")]
    Serve(serve::Command),
    /// Set weights, commit to them, reveal them
    #[command(subcommand)]
    Weights(weights::Command),
    /// Show the neurons of a subnet and what its last settled epoch found for each
    Metagraph(metagraph::Arguments),
    /// List the hotkeys that one can stake on
    #[command(subcommand)]
    Delegate(delegate::Command),
    /// Show how much TAO comes into being, and who draws it
    #[command(subcommand)]
    Emission(emission::Command),
    /// Show where epochs stand
    #[command(subcommand)]
    Epoch(epoch::Command),
    /// Show and transfer TAO
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Let time pass on a development node that makes blocks for transactions only
    #[command(
        after_help = "Example:\n  inktensor heartbeat --url ws://127.0.0.1:9944 --suri-file ferdie.suri --every 1000"
    )]
    Heartbeat(heartbeat::Arguments),
    /// Print a script that completes commands in a shell
    #[command(
        after_help = "Example:\n  inktensor completions bash > ~/.local/share/bash-completion/completions/inktensor"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Look after what a worker keeps: hand a memory on, take one in, trust a kernel again
    #[command(subcommand)]
    Store(store::Command),
    /// Look at the code of a kernel
    #[command(subcommand)]
    Kernel(kernel::Command),
}

/// What runs the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// The chain's own bytes, in wasmtime
    Wasm,
    /// The same kernel compiled for this machine, on all cores
    Native,
}

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Good,
    /// Something that was checked did not hold.
    Bad,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// The user's input, or what the command needs, is not right: one line that says what and
    /// where.
    Input(String),
    /// The result could not be written.
    Output(io::Error),
}

impl Failure {
    /// Bad input, told by an error's own line.
    pub fn input(error: impl fmt::Display) -> Self {
        Failure::Input(error.to_string().replace('\n', " "))
    }

    /// Bad input, told by an error's own line, in the file at `path`.
    pub fn in_file(path: &Path, error: impl fmt::Display) -> Self {
        Failure::input(format_args!("{}: {error}", path.display()))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = match cli.command {
        Command::Demo(arguments) => demo::run(&arguments, &mut out),
        Command::Devchain(arguments) => devchain::run(&arguments, &mut out),
        Command::Run(arguments) => run::run(&arguments, &mut out),
        Command::Verify(arguments) => verify::run(&arguments, &mut out),
        Command::Audit(arguments) => audit::run(&arguments, &mut out),
        Command::Explain(arguments) => explain::run(&arguments, &mut out),
        Command::Deploy(arguments) => deploy::run(&arguments, &mut out),
        Command::Deployment(command) => deploy::look(&command, &mut out),
        Command::Subnet(command) => subnet::run(&command, &mut out),
        Command::Neuron(command) => neuron::run(&command, &mut out),
        Command::Stake(command) => stake::run(&command, &mut out),
        Command::Serve(command) => serve::run(&command, &mut out),
        Command::Weights(command) => weights::run(&command, &mut out),
        Command::Metagraph(arguments) => metagraph::run(&arguments, &mut out),
        Command::Delegate(command) => delegate::run(&command, &mut out),
        Command::Emission(command) => emission::run(&command, &mut out),
        Command::Epoch(command) => epoch::run(&command, &mut out),
        Command::Wallet(command) => wallet::run(&command, &mut out),
        Command::Heartbeat(arguments) => heartbeat::run(&arguments, &mut out),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "inktensor", &mut out);
            Ok(Verdict::Good)
        }
        Command::Store(command) => store::run(&command, &mut out),
        Command::Kernel(command) => kernel::run(&command, &mut out),
    };
    let flushed = out.flush().map_err(Failure::from);
    match done.and_then(|verdict| flushed.map(|()| verdict)) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        // The reader has seen enough, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => fail(&format!("standard output: {error}")),
        Err(Failure::Input(problem)) => fail(&problem),
    }
}

fn fail(problem: &str) -> ExitCode {
    // Nobody may be listening to this either.
    let _ = writeln!(io::stderr(), "error: {problem}");
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        fn look(command: &clap::Command, name: &str, without: &mut Vec<String>) {
            for inner in command.get_subcommands() {
                look(inner, &format!("{name} {}", inner.get_name()), without);
            }
            let example = command.get_after_help().map(ToString::to_string);
            let is_shown = example.is_some_and(|it| it.contains(&format!("  {name}")));
            if !command.has_subcommands() && !is_shown {
                without.push(name.into());
            }
        }
        let mut without = Vec::new();
        look(&Cli::command(), "inktensor", &mut without);
        assert_eq!(without, Vec::<String>::new());
    }

    /// What is wrong with a command line of the documentation; none if all its names are ours.
    /// Values are not looked at.
    fn wrong_with(line: &str) -> Option<String> {
        let root = Cli::command();
        let mut at = &root;
        for word in line.split_whitespace().skip(1) {
            if let Some(flag) = word.strip_prefix("--") {
                let flag = flag.split('=').next().unwrap_or_default();
                let is_known = at.get_arguments().any(|argument| {
                    let names = argument.get_long_and_visible_aliases().unwrap_or_default();
                    names.contains(&flag)
                });
                if !is_known && !["help", "version"].contains(&flag) {
                    return Some(format!("{line}: no --{flag}"));
                }
            } else if at.has_subcommands() {
                let inner = at.get_subcommands().find(|inner| {
                    inner.get_name() == word || inner.get_all_aliases().any(|name| name == word)
                });
                match inner {
                    Some(inner) => at = inner,
                    None => return Some(format!("{line}: no {word}")),
                }
            }
        }
        None
    }

    #[test]
    fn the_documentation_names_commands_that_exist() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let mut seen = 0;
        let mut wrong = Vec::new();
        for entry in std::fs::read_dir(docs).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|it| it != "md") {
                continue;
            }
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                // `inktensor scenario: NAME` is what seeds a name's address, and no command.
                let spans = line
                    .split('`')
                    .filter(|it| it.starts_with("inktensor ") && !it.contains(':'));
                for span in spans {
                    seen += 1;
                    wrong.extend(wrong_with(span));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        assert!(seen > 20, "only {seen} commands are documented");
    }

    #[test]
    fn a_command_that_does_not_exist_is_noticed() {
        assert_eq!(wrong_with("inktensor stake list --coldkey ADDRESS"), None);
        assert!(wrong_with("inktensor stake lift").is_some());
        assert!(wrong_with("inktensor stake list --hot").is_some());
    }
}
