//! `inktensor subnet`: creates subnets, lists and shows them, and does what their owners do.

mod create;
pub mod hyperparameters;
mod identity;
mod owner;
mod show;
mod task;

use crate::{
    error::{Failure, Verdict},
    values,
};
use inktensor_client::deploy::Addresses;
use inktensor_primitives::AccountId;
use std::io::Write;

/// Commands about subnets.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Create a subnet; its price is locked until it is retired
    ///
    /// The price is approved for the registry first, unless the subnet would be refused.
    #[command(after_help = example!(
        "subnet create --url ws://127.0.0.1:9944 --suri-file owner.suri --name text"
    ))]
    Create(create::Create),
    /// List all subnets
    #[command(after_help = example!("subnet list --url ws://127.0.0.1:9944"))]
    List(show::List),
    /// Show a subnet
    #[command(after_help = example!("subnet show --url ws://127.0.0.1:9944 --netuid 1"))]
    Show(show::Show),
    /// List the hyperparameters of a subnet
    ///
    /// Of each the value, who sets it, and the block from which on it may change; with --wide the
    /// bounds too.
    #[command(after_help = example!(
        "subnet hyperparameters --url ws://127.0.0.1:9944 --netuid 1"
    ))]
    Hyperparameters(hyperparameters::List),
    /// Set a hyperparameter of a subnet
    ///
    /// Names and values are those that `subnet hyperparameters` lists: whole numbers, yes or no
    /// for switches, TAO for amounts. The kernel is yuma, mean, or an address.
    #[command(after_help = example!(
        "subnet set --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --parameter kappa \
         --value 32767"
    ))]
    Set(hyperparameters::Set),
    /// Show the price of the next subnet, and which would be retired
    #[command(
        visible_alias = "burn-cost",
        after_help = example!("subnet price --url ws://127.0.0.1:9944")
    )]
    Price(show::Price),
    /// Show the task of a subnet, or set it
    ///
    /// The task is in a manifest, a TOML file whose hash the owner's neuron pledges with --set. A
    /// manifest counts from the epoch after next.
    #[command(after_help = example!("subnet task --url ws://127.0.0.1:9944 --netuid 1"))]
    Task(task::Task),
    /// Start the epochs of a subnet, for good
    #[command(after_help = example!(
        "subnet start --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1"
    ))]
    Start(owner::Start),
    /// Offer a subnet to another owner, or withdraw the offer
    ///
    /// Nothing changes until the other account accepts. Without --to the offer is withdrawn.
    #[command(after_help = example!(
        "subnet offer --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --to \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Offer(owner::Offer),
    /// Accept a subnet that is offered to the signer
    #[command(after_help = example!(
        "subnet accept --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --owner-hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Accept(owner::Accept),
    /// Set the identity of a subnet, or clear it
    ///
    /// A field that is not given is empty. Without any field the identity is cleared.
    #[command(after_help = example!(
        "subnet set-identity --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --name \
         text --page https://example.org"
    ))]
    SetIdentity(identity::Set),
    /// Show the identity of a subnet
    #[command(
        visible_alias = "get-identity",
        after_help = example!("subnet show-identity --url ws://127.0.0.1:9944 --netuid 1")
    )]
    ShowIdentity(identity::Show),
    /// Set the symbol of a subnet
    #[command(after_help = example!(
        "subnet set-symbol --url ws://127.0.0.1:9944 --suri-file owner.suri --netuid 1 --symbol τ"
    ))]
    SetSymbol(owner::SetSymbol),
}

/// Returns the address of the kernel that `text` names: yuma, mean, or an address.
pub fn kernel(option: &str, text: &str, contracts: &Addresses) -> Result<AccountId, Failure> {
    match text {
        "yuma" => Ok(contracts.yuma),
        "mean" => Ok(contracts.mean),
        other => values::address(other).map_err(|problem| {
            Failure::input(format_args!(
                "{option}: expected yuma, mean, or an address; {problem}"
            ))
        }),
    }
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Create(arguments) => create::create(arguments, out)?,
        Command::List(arguments) => show::list(arguments, out)?,
        Command::Show(arguments) => show::show_one(arguments, out)?,
        Command::Hyperparameters(arguments) => hyperparameters::list(arguments, out)?,
        Command::Set(arguments) => hyperparameters::set(arguments, out)?,
        Command::Price(arguments) => show::price(arguments, out)?,
        Command::Task(arguments) => task::task(arguments, out)?,
        Command::Start(arguments) => owner::start(arguments, out)?,
        Command::Offer(arguments) => owner::offer(arguments, out)?,
        Command::Accept(arguments) => owner::accept(arguments, out)?,
        Command::SetIdentity(arguments) => identity::set(arguments, out)?,
        Command::ShowIdentity(arguments) => identity::show(arguments, out)?,
        Command::SetSymbol(arguments) => owner::set_symbol(arguments, out)?,
    }
    Ok(Verdict::Good)
}
