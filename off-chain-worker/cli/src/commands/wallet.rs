//! `inktensor wallet`: an account's TAO, and what it has done with it.

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    commands::wallet_overview,
    output::table::{tao, tao_text},
    session::{print, tell},
};
use inktensor_client::{chain::Typed, keys::KeyArguments, ss58::ss58};
use inktensor_primitives::{epoch::Epochs, Rao};
use psp22::PSP22;
use serde_json::json;
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the address of a key
    #[command(after_help = "Example:\n  inktensor wallet address --suri-file cold.suri")]
    Address(Address),
    /// Show an account's TAO and its collateral
    #[command(
        after_help = "Example:\n  inktensor wallet balance --url ws://127.0.0.1:9944 --address 5GrwvaEF…"
    )]
    Balance(Balance),
    /// Show all that a coldkey has: TAO, collateral, neurons, stake
    #[command(
        after_help = "Example:\n  inktensor wallet overview --url ws://127.0.0.1:9944 --address 5GrwvaEF…"
    )]
    Overview(wallet_overview::Overview),
    /// Give TAO of the signer to another account
    #[command(
        after_help = "Example:\n  inktensor wallet transfer --url ws://127.0.0.1:9944 --suri-file cold.suri --to 5FHneW46… --amount 100"
    )]
    Transfer(Transfer),
}

/// Which key.
#[derive(clap::Args)]
pub struct Address {
    #[command(flatten)]
    keys: KeyArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which account.
#[derive(clap::Args)]
pub struct Balance {
    #[command(flatten)]
    chain: ChainArguments,
    /// The account
    #[arg(long, value_name = "NAME|ADDRESS")]
    address: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// How much to whom.
#[derive(clap::Args)]
pub struct Transfer {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// Who gets it
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Who,
    /// How much
    #[arg(long, value_parser = tao, value_name = "TAO")]
    amount: Rao,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Address(arguments) => {
            let key = arguments.keys.keypair().map_err(Failure::input)?;
            let address = ss58(&inktensor_client::keys::account(&key));
            if arguments.json {
                print(&json!({ "address": address }), out)?;
            } else {
                writeln!(out, "{address}")?;
            }
        }
        Command::Balance(arguments) => balance(arguments, out)?,
        Command::Overview(arguments) => wallet_overview::overview(arguments, out)?,
        Command::Transfer(arguments) => transfer(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn balance(arguments: &Balance, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let address = arguments.address.on(&arguments.chain.chain)?;
    let free: u128 = chain.query(contracts.psp22().balance_of(address))?;
    let free = Rao(u64::try_from(free).unwrap_or(u64::MAX));
    let collateral = chain.query(contracts.epoch().collateral(address))?;
    if arguments.json {
        let document = json!({
            "address": ss58(&address),
            "balance_rao": free.0,
            "collateral": { "free_rao": collateral.free.0, "locked_rao": collateral.locked.0 },
        });
        return Ok(print(&document, out)?);
    }
    writeln!(out, "{}", ss58(&address))?;
    writeln!(out, "balance      {} TAO", tao_text(free))?;
    writeln!(out, "collateral free    {} TAO", tao_text(collateral.free))?;
    writeln!(
        out,
        "collateral locked  {} TAO",
        tao_text(collateral.locked)
    )?;
    Ok(())
}

fn transfer(arguments: &Transfer, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let (to, amount) = (arguments.to.on(&arguments.chain.chain)?, arguments.amount);
    let message = session
        .contracts
        .psp22()
        .transfer(to, amount.to_u128(), Vec::new());
    let done = session.run("PSP22::transfer", message)?;
    let sentence = format!("gave {} TAO to {}", tao_text(amount), ss58(&to));
    let document = json!({ "to": ss58(&to), "amount_rao": amount.0 });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}
