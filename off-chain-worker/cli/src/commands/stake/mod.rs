//! `inktensor stake`: stakes TAO on hotkeys, removes it, moves it, lists it.

mod child;
mod claim;
mod collect;
mod hand_on;
mod list;
mod moves;
mod take;

use crate::{
    args::{ChainArgs, SignArgs, Who},
    error::{Failure, Verdict},
    output::{
        format::{self, tao},
        json::Address,
    },
    session::Session,
    values,
};
use inktensor_primitives::{
    registry::{NetworkRules, Registry},
    staking::{StakeAdded, StakeRemoved, Staking, ROOT_EPOCH},
    AccountId, NetUid, Rao,
};
use serde::Serialize;
use std::io::Write;

/// Commands about stake.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Stake the signer's TAO on a hotkey
    ///
    /// The stake weighs and earns from the next epoch on, or from the first one on a subnet that
    /// has not started. On root, which is subnet 0, stake counts on every subnet, with less
    /// weight, after a whole root epoch of 7200 blocks. The TAO is approved for the staking
    /// contract first, unless the stake would be refused.
    #[command(after_help = example!(
        "stake add --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --amount 100"
    ))]
    Add(Add),
    /// Remove stake, which comes back as TAO
    ///
    /// The youngest stake is removed first. Stake that leaves between the close of an epoch and
    /// its settlement forgoes the pay of that epoch.
    #[command(after_help = example!(
        "stake remove --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --all"
    ))]
    Remove(Remove),
    /// Remove all stake of the signer, from all positions
    ///
    /// A transaction removes at most 64 positions. More are sent while there is stake.
    #[command(
        visible_alias = "remove-everywhere",
        after_help = example!("stake remove-all --url ws://127.0.0.1:9944 --suri-file cold.suri")
    )]
    RemoveAll(moves::RemoveAll),
    /// Move stake to another hotkey, another subnet, or both
    ///
    /// Stake that weighed in its former place forgoes the pay of the epoch that is open there, and
    /// of the one before if that is not settled. It weighs in its new place from the next
    /// epoch on.
    #[command(after_help = example!(
        "stake move --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --to-netuid 2 --to-hotkey \
         5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y --amount 100"
    ))]
    Move(moves::Move),
    /// Transfer stake to another coldkey
    ///
    /// The stake keeps its shares: it weighs and is paid without a break.
    #[command(after_help = example!(
        "stake transfer --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --to \
         5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y --all"
    ))]
    Transfer(moves::Transfer),
    /// Claim the dividends of root stake
    ///
    /// Dividends of root stake (subnet 0) arrive block by block, and are paid as TAO.
    #[command(after_help = example!(
        "stake claim --url ws://127.0.0.1:9944 --suri-file cold.suri"
    ))]
    Claim(claim::Claim),
    /// Collect pay that is owed to the signer, as stake on its hotkeys
    ///
    /// Incentives, takes and the parts of subnet owners are owed until they are collected. They
    /// weigh from then on.
    #[command(after_help = example!(
        "stake collect --url ws://127.0.0.1:9944 --suri-file cold.suri"
    ))]
    Collect(collect::Collect),
    /// List the positions of a coldkey, or the stake on a hotkey
    #[command(after_help = example!(
        "stake list --url ws://127.0.0.1:9944 --coldkey \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    List(list::List),
    /// Let parts of a hotkey's stake weigh for other hotkeys
    #[command(subcommand)]
    Child(child::Command),
    /// Show the take of a hotkey: the owner's part of dividends
    #[command(
        visible_alias = "get-take",
        after_help = example!(
            "stake show-take --url ws://127.0.0.1:9944 --hotkey \
             5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
        )
    )]
    ShowTake(take::Show),
    /// Set the take of the signer's hotkey, in per cent
    ///
    /// The take counts for epochs that open after it is set. It may be lowered at any time, and
    /// raised once in 216000 blocks. Per cent are meant: the 0.12 of other tools is 12 or 12%
    /// here, and a number below 1 needs the sign.
    #[command(after_help = example!(
        "stake set-take --url ws://127.0.0.1:9944 --suri-file cold.suri --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --take 9.5%"
    ))]
    SetTake(take::Set),
}

/// The subnet and the hotkey of a position.
#[derive(clap::Args)]
struct Position {
    /// The subnet; 0 for root
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    netuid: NetUid,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

impl Position {
    fn on(&self, chain: &ChainArgs) -> Result<(NetUid, AccountId), Failure> {
        Ok((self.netuid, chain.account(&self.hotkey)?))
    }
}

/// An amount, or all.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Amount {
    /// The amount; this or --all is required
    #[arg(long, value_parser = values::some_tao, value_name = "TAO")]
    amount: Option<Rao>,
    /// All of it; this or --amount is required
    #[arg(long)]
    all: bool,
}

/// Arguments of `stake add`.
#[derive(clap::Args)]
pub struct Add {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    position: Position,
    /// The amount
    #[arg(long, value_parser = values::some_tao, value_name = "TAO")]
    amount: Rao,
}

/// Arguments of `stake remove`.
#[derive(clap::Args)]
pub struct Remove {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    position: Position,
    #[command(flatten)]
    amount: Amount,
}

/// Stake that was added to a position.
#[derive(Serialize)]
struct Added {
    netuid: u16,
    hotkey: Address,
    amount_rao: u64,
    /// First epoch in which the stake weighs; on root, a root epoch.
    weighs_from: Option<u32>,
}

/// Stake that was removed from a position.
#[derive(Serialize)]
struct Changed {
    netuid: u16,
    hotkey: Address,
    amount_rao: u64,
}

impl Changed {
    fn new(netuid: NetUid, hotkey: AccountId, amount: Rao) -> Self {
        Self {
            netuid: netuid.0,
            hotkey: hotkey.into(),
            amount_rao: amount.0,
        }
    }
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Add(arguments) => add(arguments, out)?,
        Command::Remove(arguments) => remove(arguments, out)?,
        Command::RemoveAll(arguments) => moves::remove_all(arguments, out)?,
        Command::Move(arguments) => moves::move_to(arguments, out)?,
        Command::Transfer(arguments) => moves::transfer(arguments, out)?,
        Command::Claim(arguments) => claim::claim(arguments, out)?,
        Command::Collect(arguments) => collect::collect(arguments, out)?,
        Command::List(arguments) => list::list(arguments, out)?,
        Command::Child(command) => child::run(command, out)?,
        Command::ShowTake(arguments) => take::show(arguments, out)?,
        Command::SetTake(arguments) => take::set(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn add(arguments: &Add, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = arguments.position.on(&arguments.sign.chain)?;
    let amount = arguments.amount;
    let mut session = arguments.sign.open()?;
    session.network.check_takes_stake(netuid)?;
    check_nomination(&session, netuid, hotkey, amount)?;
    session.too_little = Some("the amount");
    let contracts = session.network.contracts();
    let done = session.pay(amount, || {
        contracts.staking().add_stake(netuid, hotkey, amount)
    })?;
    let answer = Added {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        amount_rao: amount.0,
        weighs_from: done.event::<StakeAdded>().map(|it| it.weighs_from),
    };
    let weighs = match answer.weighs_from {
        Some(epoch) if netuid.is_root() => {
            let block = epoch.saturating_mul(ROOT_EPOCH);
            format!("; it weighs from block {block} on")
        }
        Some(epoch) => format!("; it weighs from epoch {epoch} on"),
        None => String::new(),
    };
    let sentence = format!(
        "staked {} TAO on {} on {}{weighs}",
        tao(amount),
        answer.hotkey,
        format::subnet(netuid)
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Checks that the signer would have the least stake on a hotkey of another owner.
fn check_nomination(
    session: &Session,
    netuid: NetUid,
    hotkey: AccountId,
    amount: Rao,
) -> Result<(), Failure> {
    let (network, signer) = (&session.network, session.account);
    let owner = network.owner_of(hotkey)?;
    if owner.is_none() || owner == Some(signer) {
        // The contract refuses a hotkey without an owner.
        return Ok(());
    }
    let contracts = network.contracts();
    let rules: NetworkRules = network.query(contracts.registry().network_rules())?;
    let stake: Rao = network.query(contracts.staking().stake(netuid, hotkey, signer))?;
    let after = Rao(stake.0.saturating_add(amount.0));
    if after >= rules.nominator_min {
        return Ok(());
    }
    Err(Failure::input(format_args!(
        "the stake on this hotkey, which belongs to another coldkey, would be {after}, below the \
         least of {}; stake more",
        rules.nominator_min
    )))
}

fn remove(arguments: &Remove, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = arguments.position.on(&arguments.sign.chain)?;
    let mut session = arguments.sign.open()?;
    session.network.check_exists(netuid)?;
    let contracts = session.network.contracts();
    let (value, event, cost) = match arguments.amount.amount {
        Some(amount) => {
            let done = session.send(contracts.staking().remove_stake(netuid, hotkey, amount))?;
            (amount, done.event::<StakeRemoved>(), done.cost)
        }
        None => {
            let done = session.send(contracts.staking().remove_all_stake(netuid, hotkey))?;
            (done.value, done.event::<StakeRemoved>(), done.cost)
        }
    };
    let amount = event.map_or(value, |event| event.amount);
    let answer = Changed::new(netuid, hotkey, amount);
    let sentence = format!(
        "removed {} TAO from {} on {}",
        tao(amount),
        answer.hotkey,
        format::subnet(netuid)
    );
    arguments.sign.report(&sentence, &answer, &cost, out)
}
