//! `inktensor stake`: stakes TAO on hotkeys, takes it back, lists it.

use super::{
    chain::{ChainArguments, SignerArguments, Who},
    metagraph::neurons,
    session::{both, missing, print, tell},
    table::{account, show, table, tao, tao_text},
    Failure, Verdict,
};
use crate::{
    chain::{query_all, Typed},
    deploy::ss58,
    source::ChainSource,
};
use inktensor_primitives::{
    registry::Registry,
    staking::{StakeRemoved, Staking},
    AccountId, NetUid, Rao,
};
use serde_json::{json, Value};
use std::{collections::BTreeSet, io::Write};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Stake TAO of the signer on a hotkey
    #[command(
        after_help = "Example:\n  inktensor stake add --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --amount 100"
    )]
    Add(Add),
    /// Take stake back
    #[command(
        after_help = "Example:\n  inktensor stake remove --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --all"
    )]
    Remove(Remove),
    /// List what a coldkey has staked on neurons, and on hotkeys named
    #[command(
        after_help = "Example:\n  inktensor stake list --url ws://127.0.0.1:9944 --coldkey 5GrwvaEF…"
    )]
    List(List),
}

/// Where stake is.
#[derive(clap::Args)]
struct Position {
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

impl Position {
    fn on(&self, source: &ChainSource) -> Result<(NetUid, AccountId), Failure> {
        Ok((NetUid(self.netuid), self.hotkey.on(source)?))
    }
}

/// What to stake.
#[derive(clap::Args)]
pub struct Add {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    position: Position,
    /// How much
    #[arg(long, value_parser = tao, value_name = "TAO")]
    amount: Rao,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to take back.
#[derive(clap::Args)]
pub struct Remove {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    position: Position,
    /// How much
    #[arg(long, value_parser = tao, value_name = "TAO", required_unless_present = "all")]
    amount: Option<Rao>,
    /// All of it
    #[arg(long, conflicts_with = "amount")]
    all: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Whose stake to list.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// Whose stake
    #[arg(long, value_name = "NAME|ADDRESS")]
    coldkey: Who,
    /// Look on this subnet only
    #[arg(long, value_name = "NUMBER")]
    netuid: Option<u16>,
    /// Look at these hotkeys too, for those that have no seat any more
    #[arg(long, value_delimiter = ',', value_name = "ADDRESS,..")]
    hotkeys: Vec<Who>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Add(arguments) => add(arguments, out)?,
        Command::Remove(arguments) => remove(arguments, out)?,
        Command::List(arguments) => list(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn add(arguments: &Add, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = arguments.position.on(&arguments.chain.chain)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let amount = arguments.amount;
    let approved = session.approve(session.contracts.staking, amount)?;
    let message = session.contracts.staking().add_stake(netuid, hotkey, amount);
    let done = session.run("Staking::add_stake", message)?;
    let (amount_text, hotkey) = (tao_text(amount), ss58(&hotkey));
    let sentence = format!("staked {amount_text} TAO on {hotkey} on subnet {}", netuid.0);
    let document = json!({ "netuid": netuid.0, "hotkey": hotkey, "amount_rao": amount.0 });
    Ok(tell(arguments.json, &sentence, document, &both(approved, done.cost), out)?)
}

fn remove(arguments: &Remove, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = arguments.position.on(&arguments.chain.chain)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let staking = || session.contracts.staking();
    let (value, events, cost) = match arguments.amount {
        Some(amount) => {
            let message = staking().remove_stake(netuid, hotkey, amount);
            let done = session.run("Staking::remove_stake", message)?;
            (amount, done.events, done.cost)
        }
        None => {
            let message = staking().remove_all_stake(netuid, hotkey);
            let done = session.run("Staking::remove_all_stake", message)?;
            (done.value, done.events, done.cost)
        }
    };
    let told = events.iter().find_map(|event| event.decode::<StakeRemoved>());
    let amount = told.map_or(value, |told| told.amount);
    let (amount_text, hotkey) = (tao_text(amount), ss58(&hotkey));
    let sentence = format!("took {amount_text} TAO back from {hotkey} on subnet {}", netuid.0);
    let document = json!({ "netuid": netuid.0, "hotkey": hotkey, "amount_rao": amount.0 });
    Ok(tell(arguments.json, &sentence, document, &cost, out)?)
}

fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let source = &arguments.chain.chain;
    let coldkey = arguments.coldkey.on(source)?;
    let more = arguments.hotkeys.iter().map(|who| who.on(source));
    let more: Vec<AccountId> = more.collect::<Result<_, _>>()?;
    let count = chain.query(contracts.registry().subnets())?;
    let netuids = match arguments.netuid {
        Some(netuid) if netuid == 0 || netuid > count => {
            return Err(missing(format_args!("subnet {netuid}")));
        }
        Some(netuid) => netuid..=netuid,
        None => 1..=count,
    };
    let mut found: Vec<(NetUid, AccountId, Rao)> = Vec::new();
    for netuid in netuids.map(NetUid) {
        let seated = neurons(chain, &contracts, netuid)?;
        let mut hotkeys: BTreeSet<AccountId> = seated.iter().map(|it| it.neuron.hotkey).collect();
        hotkeys.extend(&more);
        let messages = hotkeys
            .iter()
            .map(|hotkey| contracts.staking().stake(netuid, *hotkey, coldkey));
        let stakes: Vec<Rao> = query_all(chain, messages)?;
        let here = hotkeys.into_iter().zip(stakes);
        found.extend(
            here.filter(|(_, stake)| !stake.is_zero())
                .map(|(hotkey, stake)| (netuid, hotkey, stake)),
        );
    }
    if arguments.json {
        let stakes: Vec<Value> = found
            .iter()
            .map(|(netuid, hotkey, stake)| {
                json!({ "netuid": netuid.0, "hotkey": ss58(hotkey), "stake_rao": stake.0 })
            })
            .collect();
        let document = json!({ "coldkey": ss58(&coldkey), "stakes": stakes });
        return Ok(print(&document, out)?);
    }
    let mut rows = table(["netuid", "hotkey", "stake TAO"], &[0, 2]);
    let mut sum = 0u64;
    for (netuid, hotkey, stake) in &found {
        sum = sum.saturating_add(stake.0);
        rows.add_row([netuid.0.to_string(), account(hotkey), tao_text(*stake)]);
    }
    show(&rows, out)?;
    let places = found.len();
    writeln!(out, "\n{} TAO in {places} places", tao_text(Rao(sum)))?;
    Ok(())
}
