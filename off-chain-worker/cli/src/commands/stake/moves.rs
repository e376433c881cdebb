//! Stake that changes its place: out of all positions, to another position, to another coldkey.

use super::{Amount, Position};
use crate::{
    args::{SignArgs, Who},
    error::Failure,
    output::{
        format::{self, count, tao},
        json::Address,
    },
    values,
};
use inktensor_client::chain::Cost;
use inktensor_primitives::{
    staking::{StakeMoved, Staking},
    NetUid, Rao, PAGE,
};
use serde::Serialize;
use std::io::Write;

/// Arguments of `stake remove-all`.
#[derive(clap::Args)]
pub struct RemoveAll {
    #[command(flatten)]
    sign: SignArgs,
}

/// Arguments of `stake move`.
#[derive(clap::Args)]
pub struct Move {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    amount: Amount,
    /// The subnet to move to, 0 for root; by default the same one
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    to_netuid: Option<NetUid>,
    /// The hotkey to move to; by default the same one
    #[arg(long, value_name = "NAME|ADDRESS")]
    to_hotkey: Option<Who>,
}

/// Arguments of `stake transfer`.
#[derive(clap::Args)]
pub struct Transfer {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    amount: Amount,
    /// The coldkey that gets the stake
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Who,
}

#[derive(Serialize)]
struct Removed {
    positions: u32,
    amount_rao: u64,
}

#[derive(Serialize)]
struct Moved {
    netuid: u16,
    hotkey: Address,
    to_netuid: u16,
    to_hotkey: Address,
    amount_rao: u64,
    /// Part that weighed in the former place and forgoes the pay of its open epoch.
    forgoes_rao: u64,
}

#[derive(Serialize)]
struct Transferred {
    netuid: u16,
    hotkey: Address,
    to: Address,
    amount_rao: u64,
}

/// Removes all stake.
pub fn remove_all(arguments: &RemoveAll, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.sign.open()?;
    let staking = || session.network.contracts().staking();
    let positions: u32 = session
        .network
        .query(staking().position_count(session.account))?;
    let (mut left, mut sum, mut cost) = (positions, 0u64, Cost::default());
    while left > 0 {
        let message = session.network.contracts().staking().unstake_all(PAGE);
        let done = session.send(message)?;
        let (amount, rest) = done.value;
        sum = sum.saturating_add(amount.0);
        left = rest;
        cost = cost.and(done.cost);
    }
    let sentence = format!(
        "removed {} TAO from {}",
        tao(Rao(sum)),
        count(positions, "position")
    );
    let answer = Removed {
        positions,
        amount_rao: sum,
    };
    arguments.sign.report(&sentence, &answer, &cost, out)
}

/// Moves stake.
pub fn move_to(arguments: &Move, out: &mut dyn Write) -> Result<(), Failure> {
    let chain = &arguments.sign.chain;
    let (netuid, hotkey) = arguments.position.on(chain)?;
    let to_netuid = arguments.to_netuid.unwrap_or(netuid);
    let to_hotkey = arguments.to_hotkey.as_ref();
    let to_hotkey = to_hotkey.map_or(Ok(hotkey), |who| chain.account(who))?;
    let mut session = arguments.sign.open()?;
    session.network.check_exists(netuid)?;
    session.network.check_takes_stake(to_netuid)?;
    let message = session.network.contracts().staking().move_stake(
        netuid,
        hotkey,
        to_netuid,
        to_hotkey,
        arguments.amount.amount,
    );
    let done = session.send(message)?;
    let event = done.event::<StakeMoved>();
    let forgoes = event.map_or(Rao::ZERO, |event| event.forgoes);
    let answer = Moved {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        to_netuid: to_netuid.0,
        to_hotkey: to_hotkey.into(),
        amount_rao: done.value.0,
        forgoes_rao: forgoes.0,
    };
    let warning = if forgoes.is_zero() {
        String::new()
    } else {
        format!(
            "; {} TAO of it forgo the pay of the epoch that is open on {}, and of the one before if \
             that is not settled",
            tao(forgoes),
            format::subnet(netuid)
        )
    };
    let sentence = format!(
        "moved {} TAO of stake to {} on {}{warning}",
        tao(done.value),
        answer.to_hotkey,
        format::subnet(to_netuid)
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Transfers stake to another coldkey.
pub fn transfer(arguments: &Transfer, out: &mut dyn Write) -> Result<(), Failure> {
    let chain = &arguments.sign.chain;
    let (netuid, hotkey) = arguments.position.on(chain)?;
    let to = chain.account(&arguments.to)?;
    let mut session = arguments.sign.open()?;
    session.network.check_exists(netuid)?;
    let contracts = session.network.contracts();
    let message = contracts
        .staking()
        .transfer_stake(netuid, hotkey, to, arguments.amount.amount);
    let done = session.send(message)?;
    let answer = Transferred {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        to: to.into(),
        amount_rao: done.value.0,
    };
    let sentence = format!(
        "transferred {} TAO of stake on {} to {}",
        tao(done.value),
        format::subnet(netuid),
        answer.to
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
