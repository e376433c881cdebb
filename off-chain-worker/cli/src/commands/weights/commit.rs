//! Commits to weights without showing them, and reveals them.

use super::row::{Row, Weights, WeightsWere};
use crate::{
    args::{SignArgs, Who},
    error::Failure,
    output::json::{Address, Hex},
    salt::{salt_in, Salt},
    session::Session,
};
use inktensor_primitives::{
    epoch::{CommittedWeights, Epochs, WeightsCommitted},
    registry::Registry,
};
use serde::Serialize;
use std::{io::Write, path::PathBuf};

/// Arguments of `weights commit`.
#[derive(clap::Args)]
pub struct Commit {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    weights: Weights,
    /// The file with the salt, in hexadecimal
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
}

/// Arguments of `weights reveal`.
#[derive(clap::Args)]
pub struct Reveal {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    weights: Weights,
    /// The hotkey that committed; by default the signer
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// The file with the salt, in hexadecimal
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
}

#[derive(Serialize)]
struct Committed {
    netuid: u16,
    epoch: u32,
    hash: Hex,
    reveals_in: Option<u32>,
}

/// Commits to weights.
pub fn commit(arguments: &Commit, out: &mut dyn Write) -> Result<(), Failure> {
    let row = arguments.weights.row()?;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let salt = Salt::for_commit(&arguments.salt_file)?;
    let committed = committed(&session, &row, &salt.bytes)?;
    let (epoch, hash) = (committed.epoch, committed.digest());
    let message = || contracts.epoch().commit_weights(row.netuid, epoch, hash);
    // A refused commit leaves no salt file, and a commit that is carried out always has one.
    session.check(message)?;
    salt.save()?;
    let done = session.send(message());
    if matches!(done, Err(Failure::Refused(_))) {
        salt.discard();
    }
    let done = done?;
    let answer = Committed {
        netuid: row.netuid.0,
        epoch,
        hash: Hex::from(hash),
        reveals_in: done.event::<WeightsCommitted>().map(|it| it.reveals_in),
    };
    let mut sentence = format!("committed to {} on subnet {}", row.count(), row.netuid.0);
    if let Some(due) = answer.reveals_in {
        sentence.push_str(&format!("; reveal them while epoch {due} is open"));
    }
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn committed<'a>(
    session: &Session,
    row: &'a Row,
    salt: &'a [u8],
) -> Result<CommittedWeights<'a>, Failure> {
    let contracts = session.network.contracts();
    let message = contracts.registry().voter(row.netuid, session.account);
    let voter = session.network.query(message)?;
    let voter = voter.ok_or_else(|| {
        Failure::missing(format_args!(
            "neuron of the signer on subnet {}; register one with `inktensor neuron register`",
            row.netuid.0
        ))
    })?;
    Ok(CommittedWeights {
        contract: contracts.epoch,
        netuid: row.netuid,
        hotkey: session.account,
        generation: voter.seat.generation,
        epoch: voter.seat.epoch,
        uids: &row.uids,
        weights: &row.weights,
        salt,
        version_key: row.version_key,
    })
}

/// Reveals weights.
pub fn reveal(arguments: &Reveal, out: &mut dyn Write) -> Result<(), Failure> {
    let row = arguments.weights.row()?;
    let salt = salt_in(&arguments.salt_file)?;
    let mut session = arguments.sign.open()?;
    let hotkey = arguments
        .sign
        .account_or(arguments.hotkey.as_ref(), &session)?;
    let contracts = session.network.contracts();
    let message = contracts.epoch().reveal_weights(
        row.netuid,
        hotkey,
        row.uids.clone(),
        row.weights.clone(),
        salt,
        row.version_key,
    );
    let done = session.send(message)?;
    let hotkey = Address(hotkey);
    let sentence = format!(
        "revealed {} of {hotkey} on subnet {}",
        row.count(),
        row.netuid.0
    );
    let answer = WeightsWere {
        netuid: row.netuid.0,
        hotkey: Some(hotkey),
        uids: row.numbers(),
        weights: row.weights,
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
