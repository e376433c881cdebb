//! Sets and clears weights.

use super::row::{Weights, WeightsWere};
use crate::{
    args::{NetuidArg, SignArgs},
    error::Failure,
    values,
};
use inktensor_primitives::epoch::Epochs;
use std::io::Write;

/// Arguments of `weights set`.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    weights: Weights,
}

/// Arguments of `weights clear`.
#[derive(clap::Args)]
pub struct Clear {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The client's version, for subnets that require a minimum version
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "0",
        value_name = "NUMBER"
    )]
    version_key: u64,
}

/// Sets weights.
pub fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let row = arguments.weights.row()?;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let message = contracts.epoch().set_weights(
        row.netuid,
        row.uids.clone(),
        row.weights.clone(),
        row.version_key,
    );
    let done = session.send(message)?;
    let sentence = format!("set {} on subnet {}", row.count(), row.netuid.0);
    let answer = WeightsWere {
        netuid: row.netuid.0,
        hotkey: None,
        uids: row.numbers(),
        weights: row.weights,
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Clears weights.
pub fn clear(arguments: &Clear, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let (uids, weights) = (Vec::new(), Vec::new());
    let message = contracts
        .epoch()
        .set_weights(netuid, uids, weights, arguments.version_key);
    let done = session.send(message)?;
    let sentence = format!("cleared the weights on subnet {}", netuid.0);
    let answer = WeightsWere {
        netuid: netuid.0,
        hotkey: None,
        uids: Vec::new(),
        weights: Vec::new(),
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
