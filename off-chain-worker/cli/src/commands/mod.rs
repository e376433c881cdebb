//! All commands, one file or folder each.

mod ask;
mod audit;
mod delegate;
mod demo;
mod deploy;
mod devchain;
mod emission;
mod epoch;
mod evidence;
mod explain;
mod gov;
mod heartbeat;
mod kernel;
mod metagraph;
mod mine;
mod model;
mod neural;
mod neuron;
mod neuron_service;
mod run;
mod search;
mod serve;
mod stake;
mod store;
mod subnet;
mod train;
mod treasury;
mod validate;
mod verify;
mod wallet;
mod weights;

use crate::error::{Failure, Verdict};
use clap::{Parser, Subcommand};
use std::io::Write;

/// Uses an Inktensor network, runs one, and checks it
#[derive(Parser)]
#[command(name = "inktensor", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the neurons of a subnet and their last scores
    ///
    /// Scores are those of the last settled epoch. With --wide, --csv or --json there are also the
    /// coldkeys, the blocks of the last weights, and the axons.
    Metagraph(metagraph::Arguments),
    /// Ask a subnet's miners a question
    ///
    /// A subnet with embed/1 answers with the text's vector, and one with complete/1 continues the
    /// text. The best miners by the last incentive are asked. A hotkey without a permit asks
    /// through a validator. With --check the answer is computed again here and compared. Exit code:
    /// 0 for an answer, 1 if --check finds it wrong, 2 without an answer.
    Ask(ask::Arguments),
    /// Search text files by meaning
    ///
    /// Files are cut into pieces, and a subnet that runs embed/1 embeds each piece and the query.
    /// The texts are sent to the subnet's neurons; with --local none is. Each answer is computed
    /// again here and compared, but for those that --sample or --no-check leaves out. Embeddings
    /// are kept by the hash of their text, so a second search sends the query only. Exit code: 0
    /// for a result, 1 for a wrong answer of a miner, 2 without a result.
    Search(search::Arguments),
    /// Show the state of a subnet's epochs, and its bonds
    #[command(subcommand)]
    Epoch(epoch::Command),
    /// Show the issuance of TAO and the budgets of subnets
    #[command(subcommand)]
    Emission(emission::Command),
    /// Show, transfer and sum up the TAO of an account
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Explain a neuron's pay, term by term
    ///
    /// The epoch is computed again, and every value of the explanation is compared with it. Exit
    /// code: 0 if all values agree, 1 if one does not, 2 for bad input.
    Explain(explain::Arguments),
    /// Recompute a posted epoch and compare
    ///
    /// Exit code: 0 if the posted epoch is right, 1 if it is not, with the first wrong step and
    /// the neurons that it concerns; 2 if it cannot be computed.
    Verify(verify::Arguments),
    /// Recompute epochs from files, without a chain
    ///
    /// Files hold JSON objects `{name, input, expected}`, one per line or spread over lines. For
    /// an object without `expected` one line of JSON is printed, in the form of `expected`.
    /// With it, every field that differs is listed, and the last line counts: `N passed, N
    /// failed`. Exit code: 0 if nothing differs, 1 if something does, 2 for bad input.
    Audit(audit::Arguments),
    /// Add, remove, move, transfer and list stake
    #[command(subcommand)]
    Stake(stake::Command),
    /// List the hotkeys that validate
    #[command(subcommand)]
    Delegate(delegate::Command),
    /// Propose, vote, and execute what was decided
    #[command(subcommand)]
    Gov(gov::Command),
    /// Show the treasury, and pay its streams and budgets
    #[command(subcommand)]
    Treasury(treasury::Command),
    /// Show and check the evidence of validators
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Run a miner: answers questions of validators
    ///
    /// The miner publishes its endpoint with the hash of its certificate, loads the subnet's task,
    /// and logs what is missing to take part, with the command for it. In a contest it enters the
    /// model of --entry instead of answering. SIGTERM or SIGINT end it, and it may be killed at any
    /// moment.
    Mine(Box<mine::Arguments>),
    /// Run a validator: asks miners, checks answers, sets weights
    ///
    /// In each epoch the validator asks every miner the questions that follow from the chain,
    /// checks the answers by computing them, or judges the models of a contest. It pledges the root
    /// of its evidence and sets weights. It logs what is missing to take part, with the command for
    /// it. SIGTERM or SIGINT end it, and it may be killed at any moment: with the same store it
    /// continues where it was.
    Validate(Box<validate::Arguments>),
    /// Pack a model for a task or a contest
    #[command(subcommand)]
    Model(model::Command),
    /// Train a model on this machine, replay a training, show its loss
    ///
    /// A training on this machine needs no chain. `replay` and `status` take that of a subnet with
    /// --netuid; its miners and validators are `mine` and `validate`. Epochs, steps and joins are
    /// those of train/1, and every state is named by its hash. See docs/train.md.
    #[command(subcommand)]
    Train(train::Command),
    /// Print and verify the history of a state or an answer
    ///
    /// The history goes back to the first seed. The hash is looked for in a training, and all
    /// epochs up to it are computed again from the seed and the corpus, or a sample of them. An
    /// answer of `ask --json` is computed again too. Exit code: 0 if everything is the same, 1 with
    /// the first false item, 2 if something cannot be found or read.
    Provenance(train::provenance::Arguments),
    /// Register neurons, and show the price of a seat
    #[command(subcommand)]
    Neuron(neuron::Command),
    /// Publish a neuron's endpoints and commitment
    #[command(subcommand, visible_alias = "axon")]
    Serve(serve::Command),
    /// Set, commit, reveal and show weights
    #[command(subcommand)]
    Weights(weights::Command),
    /// Create, list, show and own subnets
    #[command(subcommand, visible_alias = "subnets")]
    Subnet(subnet::Command),
    /// Run a worker: closes, posts, checks and settles epochs
    ///
    /// A worker logs a line on standard error for each step that it takes, and for each problem
    /// when it appears. SIGTERM or SIGINT end it after the step in hand, a second one at once. It
    /// may be killed at any moment: with the same store it continues where it was. The manual is
    /// docs/operate.md.
    Run(Box<run::Arguments>),
    /// Export and import the memory of epochs, and trust a kernel again
    #[command(subcommand)]
    Store(store::Command),
    /// Deploy all contracts on a chain of nodes
    ///
    /// The chain is read before each step. If the command is interrupted, the same command
    /// continues from there, and given again it changes nothing. Addresses follow from deployer,
    /// code and configuration.
    Deploy(deploy::Arguments),
    /// Check or record a deployment
    #[command(subcommand)]
    Deployment(deploy::Command),
    /// Check the code of a kernel
    #[command(subcommand)]
    Kernel(kernel::Command),
    /// Simulate a whole network in this process
    ///
    /// Deploys all contracts on an in-process chain, registers the neurons of two subnets, stakes,
    /// sets weights, computes every epoch with the kernel contract's own code, posts, finalizes
    /// and settles it, and checks that every rao is accounted for. Exit code: 0 if all checks
    /// hold, 1 if one does not.
    Demo(demo::Arguments),
    /// Serve a chain for development and tests
    ///
    /// All contracts are deployed on a new in-process chain, all TAO goes to the account `bank`,
    /// and the addresses are printed. Several processes can share the chain. There is no access
    /// control: anyone who connects can sign as anyone.
    Devchain(devchain::Arguments),
    /// Make blocks on a node that makes them for transactions only
    Heartbeat(heartbeat::Arguments),
    /// Print a script that completes commands in a shell
    #[command(after_help = example!(
        "completions bash > ~/.local/share/bash-completion/completions/inktensor"
    ))]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Runs the command, and writes its answer to `out`. `whole` is the command line that was
    /// parsed.
    pub fn run(self, mut whole: clap::Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self.command {
            Command::Metagraph(arguments) => metagraph::run(&arguments, out),
            Command::Ask(arguments) => ask::run(&arguments, out),
            Command::Search(arguments) => search::run(&arguments, out),
            Command::Epoch(command) => epoch::run(&command, out),
            Command::Emission(command) => emission::run(&command, out),
            Command::Wallet(command) => wallet::run(&command, out),
            Command::Explain(arguments) => explain::run(&arguments, out),
            Command::Verify(arguments) => verify::run(&arguments, out),
            Command::Audit(arguments) => audit::run(&arguments, out),
            Command::Stake(command) => stake::run(&command, out),
            Command::Delegate(command) => delegate::run(&command, out),
            Command::Gov(command) => gov::run(&command, out),
            Command::Treasury(command) => treasury::run(&command, out),
            Command::Evidence(command) => evidence::run(&command, out),
            Command::Mine(arguments) => mine::run(&arguments, out),
            Command::Validate(arguments) => validate::run(&arguments, out),
            Command::Model(command) => model::run(&command, out),
            Command::Train(command) => train::run(&command, out),
            Command::Provenance(arguments) => train::provenance::run(&arguments, out),
            Command::Neuron(command) => neuron::run(&command, out),
            Command::Serve(command) => serve::run(&command, out),
            Command::Weights(command) => weights::run(&command, out),
            Command::Subnet(command) => subnet::run(&command, out),
            Command::Run(arguments) => run::run(&arguments, out),
            Command::Store(command) => store::run(&command, out),
            Command::Deploy(arguments) => deploy::run(&arguments, out),
            Command::Deployment(command) => deploy::deployment(&command, out),
            Command::Kernel(command) => kernel::run(&command, out),
            Command::Demo(arguments) => demo::run(&arguments, out),
            Command::Devchain(arguments) => devchain::run(&arguments, out),
            Command::Heartbeat(arguments) => heartbeat::run(&arguments, out),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut whole, "inktensor", &mut script);
                out.write_all(&script)?;
                Ok(Verdict::Good)
            }
        }
    }
}
