//! Stake on its way: back from everywhere, to another place, to another coldkey.

use super::{named, Position};
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    commands::Failure,
    output::table::{tao, tao_text},
    session::{both, tell},
};
use inktensor_client::{chain::Cost, ss58::ss58};
use inktensor_primitives::{staking::Staking, NetUid, Rao, PAGE};
use serde_json::json;
use std::io::Write;

/// Whose stake to take back.
#[derive(clap::Args)]
pub struct RemoveAll {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// How much.
#[derive(clap::Args)]
struct Amount {
    /// How much
    #[arg(long, value_parser = tao, value_name = "TAO", required_unless_present = "all")]
    amount: Option<Rao>,
    /// All of it
    #[arg(long, conflicts_with = "amount")]
    all: bool,
}

/// What to move.
#[derive(clap::Args)]
pub struct Move {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    amount: Amount,
    /// To which subnet, 0 for root; the same one if none is named
    #[arg(long, value_name = "NUMBER")]
    to_netuid: Option<u16>,
    /// To which hotkey; the same one if none is named
    #[arg(long, value_name = "NAME|ADDRESS")]
    to_hotkey: Option<Who>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to give to whom.
#[derive(clap::Args)]
pub struct Transfer {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    amount: Amount,
    /// The coldkey that gets it
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Takes all stake back.
pub fn remove_all(arguments: &RemoveAll, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let mut left = session.query(session.contracts.staking().position_count(session.account))?;
    let (places, mut sum, mut cost) = (left, 0u64, Cost::default());
    while left > 0 {
        let message = session.contracts.staking().unstake_all(PAGE);
        let done = session.run("Staking::unstake_all", message)?;
        let (amount, rest) = done.value;
        sum = sum.saturating_add(amount.0);
        left = rest;
        cost = both(cost, done.cost);
    }
    let sentence = format!("took {} TAO back from {places} places", tao_text(Rao(sum)));
    let document = json!({ "places": places, "amount_rao": sum });
    Ok(tell(arguments.json, &sentence, document, &cost, out)?)
}

/// Moves stake.
pub fn move_to(arguments: &Move, out: &mut dyn Write) -> Result<(), Failure> {
    let source = &arguments.chain.chain;
    let (netuid, hotkey) = arguments.position.on(source)?;
    let to_netuid = arguments.to_netuid.map_or(netuid, NetUid);
    let to_hotkey = arguments.to_hotkey.as_ref();
    let to_hotkey = to_hotkey.map(|who| who.on(source)).transpose()?;
    let to_hotkey = to_hotkey.unwrap_or(hotkey);
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let message = session.contracts.staking().move_stake(
        netuid,
        hotkey,
        to_netuid,
        to_hotkey,
        arguments.amount.amount,
    );
    let done = session.run("Staking::move_stake", message)?;
    let (amount, to) = (done.value, ss58(&to_hotkey));
    let sentence = format!(
        "moved {} TAO of stake to {to} on {}",
        tao_text(amount),
        named(to_netuid)
    );
    let document = json!({
        "netuid": netuid.0,
        "hotkey": ss58(&hotkey),
        "to_netuid": to_netuid.0,
        "to_hotkey": to,
        "amount_rao": amount.0,
    });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Gives stake to another coldkey.
pub fn transfer(arguments: &Transfer, out: &mut dyn Write) -> Result<(), Failure> {
    let source = &arguments.chain.chain;
    let (netuid, hotkey) = arguments.position.on(source)?;
    let to = arguments.to.on(source)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let message =
        session
            .contracts
            .staking()
            .transfer_stake(netuid, hotkey, to, arguments.amount.amount);
    let done = session.run("Staking::transfer_stake", message)?;
    let (amount, to) = (done.value, ss58(&to));
    let sentence = format!(
        "gave {} TAO of stake on {} to {to}",
        tao_text(amount),
        named(netuid)
    );
    let document = json!({
        "netuid": netuid.0,
        "hotkey": ss58(&hotkey),
        "to": to,
        "amount_rao": amount.0,
    });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}
