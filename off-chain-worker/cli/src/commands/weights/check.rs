//! Checks whether setting or revealing weights would be refused.

use super::row::Weights;
use crate::{
    args::{ReadArgs, Who},
    error::{Failure, Verdict},
    output::{json::Address, View},
    salt::salt_in,
};
use inktensor_primitives::epoch::{EpochError, Epochs};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Arguments of `weights check`.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    weights: Weights,
    /// The hotkey that would set them
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// The file with the salt, to check a reveal
    #[arg(long, value_name = "FILE")]
    salt_file: Option<PathBuf>,
}

/// The reason for which weights would be refused.
#[derive(Serialize)]
struct Checked {
    netuid: u16,
    hotkey: Address,
    reason: Option<String>,
}

impl View for Checked {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.reason {
            Some(reason) => writeln!(out, "{reason}"),
            None => writeln!(out, "the weights can be set"),
        }
    }
}

/// Checks weights.
pub fn check(arguments: &Check, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let row = arguments.weights.row()?;
    let hotkey = arguments.read.chain.account(&arguments.hotkey)?;
    let network = arguments.read.open()?;
    let epochs = network.contracts().epoch();
    let (netuid, uids, weights) = (row.netuid, row.uids, row.weights);
    let reason: Option<EpochError> = match &arguments.salt_file {
        None => network.query(epochs.why_not(netuid, hotkey, uids, weights, row.version_key))?,
        Some(file) => {
            let salt = salt_in(file)?;
            let message =
                epochs.why_not_reveal(netuid, hotkey, uids, weights, salt, row.version_key);
            network.query(message)?
        }
    };
    let answer = Checked {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        reason: reason.as_ref().map(ToString::to_string),
    };
    arguments.read.show(&answer, out)?;
    Ok(Verdict::of(answer.reason.is_none()))
}
