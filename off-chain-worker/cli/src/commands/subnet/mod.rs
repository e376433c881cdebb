//! `inktensor subnet`: creates subnets, lists and shows them, and does what their owners do.

mod owner;
mod parameters;
mod show;

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    output::table::{tao, tao_text},
    session::{both, tell},
};
use inktensor_client::ss58::address;
use inktensor_primitives::{registry::Registry, Rao};
use serde_json::json;
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Create a subnet, whose price is locked until it is retired
    #[command(
        after_help = "Example:\n  inktensor subnet create --url ws://127.0.0.1:9944 --suri-file owner.suri --name text"
    )]
    Create(Create),
    /// List all subnets
    #[command(after_help = "Example:\n  inktensor subnet list --url ws://127.0.0.1:9944")]
    List(List),
    /// Show a subnet with its hyperparameters
    #[command(
        after_help = "Example:\n  inktensor subnet show --url ws://127.0.0.1:9944 --netuid 1"
    )]
    Show(Show),
    /// List the hyperparameters of a subnet: value, bounds, who sets each, and from which block on
    /// it may change
    #[command(
        after_help = "Example:\n  inktensor subnet hyperparameters --url ws://127.0.0.1:9944 --netuid 1"
    )]
    Hyperparameters(parameters::List),
    /// Set a hyperparameter
    ///
    /// Values are plain numbers, in the unit that `subnet hyperparameters` shows; yes or no for
    /// switches. The kernel is an address.
    #[command(
        after_help = "Example:\n  inktensor subnet set --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --parameter kappa --value 32767"
    )]
    Set(parameters::Set),
    /// Show what the next subnet costs, and which one would give way
    #[command(
        visible_alias = "burn-cost",
        after_help = "Example:\n  inktensor subnet price --url ws://127.0.0.1:9944"
    )]
    Price(owner::Price),
    /// Let a subnet's epochs run
    #[command(
        after_help = "Example:\n  inktensor subnet start --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1"
    )]
    Start(owner::Start),
    /// Offer a subnet to another owner, or take the offer back
    #[command(
        after_help = "Example:\n  inktensor subnet offer --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --to 5FHneW46…"
    )]
    Offer(owner::Offer),
    /// Take over a subnet that is offered to the signer
    #[command(
        after_help = "Example:\n  inktensor subnet accept --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --owner-hotkey 5FHneW46…"
    )]
    Accept(owner::Accept),
    /// Say who a subnet is; fields that are not given are empty, and without any the identity is
    /// taken back
    #[command(
        after_help = "Example:\n  inktensor subnet set-identity --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --name text --page https://example.org"
    )]
    SetIdentity(owner::SetIdentity),
    /// Show who a subnet says it is
    #[command(
        after_help = "Example:\n  inktensor subnet get-identity --url ws://127.0.0.1:9944 --netuid 1"
    )]
    GetIdentity(owner::GetIdentity),
    /// Give a subnet a short sign
    #[command(
        after_help = "Example:\n  inktensor subnet set-symbol --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --symbol τ"
    )]
    SetSymbol(owner::SetSymbol),
}

/// A subnet to create.
#[derive(clap::Args)]
pub struct Create {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// The owner's hotkey, whose neuron always has a permit; the signer if none is named
    #[arg(long, value_name = "NAME|ADDRESS")]
    owner_hotkey: Option<Who>,
    /// The kernel that computes its epochs: yuma, mean, or an address
    #[arg(long, default_value = "yuma", value_name = "NAME|ADDRESS")]
    kernel: String,
    /// Blocks per epoch
    #[arg(long, default_value_t = 360, value_name = "BLOCKS")]
    tempo: u32,
    /// Seats
    #[arg(long, default_value_t = 256, value_name = "NUMBER")]
    max_uids: u16,
    /// Permits given out per epoch, the owner's not counted
    #[arg(long, default_value_t = 64, value_name = "NUMBER")]
    max_validators: u16,
    /// The most to lock for it; the price of now if none is named
    #[arg(long, value_parser = tao, value_name = "TAO")]
    max_price: Option<Rao>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which chain to list.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which subnet to show.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Create(arguments) => create(arguments, out)?,
        Command::List(arguments) => show::list(arguments, out)?,
        Command::Show(arguments) => show::show_one(arguments, out)?,
        Command::Hyperparameters(arguments) => parameters::list(arguments, out)?,
        Command::Set(arguments) => parameters::set(arguments, out)?,
        Command::Price(arguments) => owner::price(arguments, out)?,
        Command::Start(arguments) => owner::start(arguments, out)?,
        Command::Offer(arguments) => owner::offer(arguments, out)?,
        Command::Accept(arguments) => owner::accept(arguments, out)?,
        Command::SetIdentity(arguments) => owner::set_identity(arguments, out)?,
        Command::GetIdentity(arguments) => owner::get_identity(arguments, out)?,
        Command::SetSymbol(arguments) => owner::set_symbol(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn create(arguments: &Create, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let registry = session.contracts.registry;
    let kernel = match arguments.kernel.as_str() {
        "yuma" => session.contracts.yuma,
        "mean" => session.contracts.mean,
        other => address(other).ok_or_else(|| {
            Failure::input(format_args!(
                "--kernel {other:?}: expected yuma, mean, or an address"
            ))
        })?,
    };
    let price = session.query(session.contracts.registry().creation_price())?;
    if arguments.max_price.is_some_and(|most| price > most) {
        return Err(Failure::input(format_args!(
            "a subnet costs {} TAO, more than --max-price",
            tao_text(price)
        )));
    }
    let owner_hotkey = arguments.owner_hotkey.as_ref();
    let owner_hotkey = owner_hotkey
        .map(|who| who.on(&arguments.chain.chain))
        .transpose()?;
    let owner_hotkey = owner_hotkey.unwrap_or(session.account);
    let approved = session.approve(registry, price)?;
    let message = session.contracts.registry().create_subnet(
        arguments.name.clone(),
        owner_hotkey,
        kernel,
        arguments.tempo,
        arguments.max_uids,
        arguments.max_validators,
        price,
    );
    let done = session.run("Registry::create_subnet", message)?;
    // What was told is what happened: others may have created one in the same block.
    let told = done
        .events
        .iter()
        .find_map(|event| event.decode::<inktensor_primitives::registry::SubnetCreated>());
    let told_price = told.as_ref().map(|told| told.price);
    let netuid = told.map_or(done.value, |told| told.netuid);
    let price = told_price.unwrap_or(price);
    let sentence = format!(
        "created subnet {}, {} TAO are locked; start it with `inktensor subnet start`",
        netuid.0,
        tao_text(price)
    );
    let document = json!({ "netuid": netuid.0, "lock_rao": price.0 });
    Ok(tell(
        arguments.json,
        &sentence,
        document,
        &both(approved, done.cost),
        out,
    )?)
}
