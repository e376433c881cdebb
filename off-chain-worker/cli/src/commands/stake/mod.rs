//! `inktensor stake`: stakes TAO on hotkeys, takes it back, moves it, lists it.

mod child;
mod claim;
mod list;
mod moves;
mod take;

pub use list::{place, positions};
pub use take::percent;

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    output::table::{tao, tao_text},
    session::{both, tell},
};
use inktensor_client::ss58::ss58;
use inktensor_primitives::{
    staking::{StakeRemoved, Staking},
    AccountId, NetUid, Rao,
};
use inktensor_worker::chain_source::ChainSource;
use serde_json::json;
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Stake TAO of the signer on a hotkey
    ///
    /// On subnet 0, which is root, it counts on every subnet, with less weight.
    #[command(
        after_help = "Example:\n  inktensor stake add --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --amount 100"
    )]
    Add(Add),
    /// Take stake back
    #[command(
        after_help = "Example:\n  inktensor stake remove --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --all"
    )]
    Remove(Remove),
    /// Take all stake back from everywhere
    ///
    /// At most 64 places fit a transaction; more are sent as long as there is stake.
    #[command(
        visible_alias = "remove-everywhere",
        after_help = "Example:\n  inktensor stake remove-all --url ws://127.0.0.1:9944 --suri-file cold.suri"
    )]
    RemoveAll(moves::RemoveAll),
    /// Move stake to another hotkey, another subnet, or both
    #[command(
        after_help = "Example:\n  inktensor stake move --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --to-netuid 2 --to-hotkey 5FLSigC9… --amount 100"
    )]
    Move(moves::Move),
    /// Give stake to another coldkey
    #[command(
        after_help = "Example:\n  inktensor stake transfer --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --to 5FLSigC9… --all"
    )]
    Transfer(moves::Transfer),
    /// Claim what root stake has earned
    ///
    /// Dividends of root stake (subnet 0) reach it block by block, and are paid out as TAO.
    #[command(
        after_help = "Example:\n  inktensor stake claim --url ws://127.0.0.1:9944 --suri-file cold.suri"
    )]
    Claim(claim::Claim),
    /// List where a coldkey has stake, or who has stake on a hotkey
    #[command(
        after_help = "Example:\n  inktensor stake list --url ws://127.0.0.1:9944 --coldkey 5GrwvaEF…"
    )]
    List(list::List),
    /// Let parts of a hotkey's stake weigh for other hotkeys
    #[command(subcommand)]
    Child(child::Command),
    /// Show what a hotkey's owner keeps of dividends
    #[command(
        after_help = "Example:\n  inktensor stake get-take --url ws://127.0.0.1:9944 --hotkey 5FHneW46…"
    )]
    GetTake(take::Get),
    /// Set what the signer keeps of the dividends of its hotkey
    #[command(
        after_help = "Example:\n  inktensor stake set-take --url ws://127.0.0.1:9944 --suri-file cold.suri --hotkey 5FHneW46… --take 9.5"
    )]
    SetTake(take::Set),
}

/// Where stake is.
#[derive(clap::Args)]
struct Position {
    /// The subnet; 0 for root
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

/// A place in a sentence.
fn named(netuid: NetUid) -> String {
    if netuid.is_root() {
        "root".into()
    } else {
        format!("subnet {}", netuid.0)
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
        Command::List(arguments) => list::list(arguments, out)?,
        Command::Child(command) => child::run(command, out)?,
        Command::GetTake(arguments) => take::get(arguments, out)?,
        Command::SetTake(arguments) => take::set(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn add(arguments: &Add, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = arguments.position.on(&arguments.chain.chain)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let amount = arguments.amount;
    let approved = session.approve(session.contracts.staking, amount)?;
    let message = session
        .contracts
        .staking()
        .add_stake(netuid, hotkey, amount);
    let done = session.run("Staking::add_stake", message)?;
    let (amount_text, hotkey) = (tao_text(amount), ss58(&hotkey));
    let sentence = format!("staked {amount_text} TAO on {hotkey} on {}", named(netuid));
    let document = json!({ "netuid": netuid.0, "hotkey": hotkey, "amount_rao": amount.0 });
    Ok(tell(
        arguments.json,
        &sentence,
        document,
        &both(approved, done.cost),
        out,
    )?)
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
    let told = events
        .iter()
        .find_map(|event| event.decode::<StakeRemoved>());
    let amount = told.map_or(value, |told| told.amount);
    let (amount_text, hotkey) = (tao_text(amount), ss58(&hotkey));
    let sentence = format!(
        "took {amount_text} TAO back from {hotkey} on {}",
        named(netuid)
    );
    let document = json!({ "netuid": netuid.0, "hotkey": hotkey, "amount_rao": amount.0 });
    Ok(tell(arguments.json, &sentence, document, &cost, out)?)
}
