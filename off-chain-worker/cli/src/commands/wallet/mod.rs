//! `inktensor wallet`: the TAO of an account, and all that a coldkey owns.

mod overview;

use crate::{
    args::{self, ReadArgs, SignArgs, Who},
    error::{Failure, Verdict},
    network::Network,
    output::{self, format::tao, json::Address, View},
    values,
};
use inktensor_client::keys::{self, KeyArguments};
use inktensor_primitives::{
    epoch::{Collateral, Epochs},
    AccountId, Rao,
};
use psp22::PSP22;
use serde::Serialize;
use std::io::{self, Write};

/// Commands about accounts.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the address of a key
    #[command(after_help = example!("wallet address --suri-file cold.suri"))]
    Address(AddressOf),
    /// Show an account's TAO, stake and collateral
    #[command(after_help = example!(
        "wallet balance --url ws://127.0.0.1:9944 --address \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    Balance(Balance),
    /// Show all that a coldkey owns: TAO, collateral, neurons, stake
    #[command(after_help = example!(
        "wallet overview --url ws://127.0.0.1:9944 --address \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    Overview(overview::Overview),
    /// Transfer the signer's TAO to another account
    #[command(after_help = example!(
        "wallet transfer --url ws://127.0.0.1:9944 --suri-file cold.suri --to \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --amount 100"
    ))]
    Transfer(Transfer),
}

/// Arguments of `wallet address`.
#[derive(clap::Args)]
pub struct AddressOf {
    #[command(flatten)]
    keys: KeyArguments,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `wallet balance`.
#[derive(clap::Args)]
pub struct Balance {
    #[command(flatten)]
    read: ReadArgs,
    /// The account
    #[arg(long, value_name = "NAME|ADDRESS")]
    address: Who,
}

/// Arguments of `wallet transfer`.
#[derive(clap::Args)]
pub struct Transfer {
    #[command(flatten)]
    sign: SignArgs,
    /// The account that gets the TAO
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Who,
    /// The amount
    #[arg(long, value_parser = values::tao, value_name = "TAO")]
    amount: Rao,
}

/// The address of a key.
#[derive(Serialize)]
struct KeyAddress {
    address: Address,
}

impl View for KeyAddress {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.address)
    }
}

/// The TAO of an account.
#[derive(Serialize)]
struct Funds {
    address: Address,
    balance_rao: u64,
    staked_rao: u64,
    collateral: CollateralView,
}

/// A worker's collateral.
#[derive(Serialize)]
struct CollateralView {
    free_rao: u64,
    locked_rao: u64,
}

impl Funds {
    fn of(network: &Network, account: AccountId, staked_rao: u64) -> Result<Self, Failure> {
        let epoch = network.contracts().epoch();
        let collateral: Collateral = network.query(epoch.collateral(account))?;
        Ok(Self {
            address: account.into(),
            balance_rao: network.balance(account)?.0,
            staked_rao,
            collateral: CollateralView {
                free_rao: collateral.free.0,
                locked_rao: collateral.locked.0,
            },
        })
    }
}

impl View for Funds {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.address)?;
        for (name, amount) in [
            ("balance", self.balance_rao),
            ("staked", self.staked_rao),
            ("collateral, free", self.collateral.free_rao),
            ("collateral, locked", self.collateral.locked_rao),
        ] {
            writeln!(out, "{name:<20}{} TAO", tao(Rao(amount)))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Transferred {
    to: Address,
    amount_rao: u64,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Address(arguments) => {
            let key = arguments.keys.keypair().map_err(Failure::input)?;
            let answer = KeyAddress {
                address: keys::account(&key).into(),
            };
            output::show(arguments.json, &answer, out)?;
        }
        Command::Balance(arguments) => balance(arguments, out)?,
        Command::Overview(arguments) => overview::overview(arguments, out)?,
        Command::Transfer(arguments) => transfer(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn balance(arguments: &Balance, out: &mut dyn Write) -> Result<(), Failure> {
    let account = arguments.read.chain.account(&arguments.address)?;
    let network = arguments.read.open()?;
    let staked = staked(network.positions(account)?.iter().map(|it| it.stake));
    let answer = Funds::of(&network, account, staked)?;
    Ok(arguments.read.show(&answer, out)?)
}

/// Returns the sum of `stakes`, in rao.
fn staked(stakes: impl Iterator<Item = Rao>) -> u64 {
    stakes.fold(0, |sum, stake| sum.saturating_add(stake.0))
}

fn transfer(arguments: &Transfer, out: &mut dyn Write) -> Result<(), Failure> {
    let to = arguments.sign.chain.account(&arguments.to)?;
    let amount = arguments.amount;
    let mut session = arguments.sign.open()?;
    session.afford(amount)?;
    let contracts = session.network.contracts();
    let message = contracts.psp22().transfer(to, amount.to_u128(), Vec::new());
    let done = session.send(message)?;
    let answer = Transferred {
        to: to.into(),
        amount_rao: amount.0,
    };
    let sentence = format!("transferred {} TAO to {}", tao(amount), answer.to);
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
