//! `inktensor train`: the training of `train/1` on one machine, its replay and its loss.
//!
//! A training on one machine is a folder, which `--out` and `--in` name. A training of a subnet is
//! named by a chain and `--netuid` instead.

mod code;
mod course;
mod curve;
mod folder;
mod network;
mod plan;
mod proof;
pub mod provenance;
mod record;
mod replay;
mod run;
mod status;

use crate::error::{Failure, Verdict};
use std::io::Write;

/// Commands about trainings.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make the folder of a training with its first state
    ///
    /// The first state follows from the corpus, the sizes, the recipe and the seed. Its hash is
    /// printed. `train run` continues from there.
    #[command(after_help = example!(
        "train start --corpus book.txt --out book --layers 4 --seats 2"
    ))]
    Start(run::Start),
    /// Train on this machine, or continue a training
    ///
    /// In an epoch each seat does its steps from the epoch's first state, and the ends are joined
    /// by the rules of train/1. A kill costs at most the epoch in hand: the same command continues.
    /// Options that differ from those of the training are refused.
    #[command(after_help = example!(
        "train run --corpus book.txt --out book --seats 2 --steps 32 --epochs 8"
    ))]
    Run(run::Run),
    /// Compute a training again and compare every hash
    ///
    /// All epochs are computed again, or a range of them, or a sample: those of a folder from its
    /// states, and those of a subnet from the pledges on its chain. Exit code: 0 if every hash is
    /// the same, 1 with the first false state, 2 if something cannot be read.
    #[command(after_help = example!(
        "train replay --in book --sample 3 --seed 7",
        "train replay --in book --program inktensor_train_wasm.wasm",
        "train replay --chain ws://127.0.0.1:9944 --netuid 2 --from 4 --to 9"
    ))]
    Replay(replay::Arguments),
    /// Show a training: its loss as a curve, or a subnet's epochs
    ///
    /// Of a folder, the held-out loss after each epoch. Of a subnet, the starts, pledges and joined
    /// steps of its last epochs, as the chain has them. `train replay` has their losses.
    #[command(after_help = example!(
        "train status --in book",
        "train status --chain ws://127.0.0.1:9944 --netuid 2"
    ))]
    Status(status::Arguments),
    /// Decide a proof of fraud with one step
    ///
    /// A proof shows that a miner's pledge is false. It is a file, or one of those that a validator
    /// serves. The pledge, the seed and the start of its epoch are read from the chain, so neither
    /// the file nor the validator has to be trusted. Exit code: 0 if every proof stands, 1 if one
    /// does not, 2 if one cannot be decided.
    #[command(after_help = example!(
        "train proof --chain ws://127.0.0.1:9944 --netuid 2 proof-41-7",
        "train proof --chain ws://127.0.0.1:9944 --netuid 2 --uid 3 --out proofs"
    ))]
    Proof(proof::Arguments),
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Start(arguments) => run::start(arguments, out),
        Command::Run(arguments) => run::run(arguments, out),
        Command::Replay(arguments) => replay::run(arguments, out),
        Command::Status(arguments) => status::run(arguments, out),
        Command::Proof(arguments) => proof::run(arguments, out),
    }
}
