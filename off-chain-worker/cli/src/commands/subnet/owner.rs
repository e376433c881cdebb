//! Starts subnets, hands them over, gives them a symbol.

use crate::{
    agreement::HotkeyKey,
    args::{NetuidArg, SignArgs, Who},
    error::Failure,
    output::json::Address,
};
use inktensor_primitives::registry::Registry;
use serde::Serialize;
use std::io::Write;

/// Arguments of `subnet start`.
#[derive(clap::Args)]
pub struct Start {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

/// Arguments of `subnet offer`.
#[derive(clap::Args)]
pub struct Offer {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The account that may accept; without it the offer is withdrawn
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Option<Who>,
}

/// Arguments of `subnet accept`.
#[derive(clap::Args)]
pub struct Accept {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The new owner's hotkey, whose neuron always has a permit; by default that of
    /// --hotkey-suri-file, or the signer
    #[arg(long, value_name = "NAME|ADDRESS")]
    owner_hotkey: Option<Who>,
    #[command(flatten)]
    hotkey_key: HotkeyKey,
}

/// Arguments of `subnet set-symbol`.
#[derive(clap::Args)]
pub struct SetSymbol {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The symbol, at most 16 bytes; empty for none
    #[arg(long, value_name = "TEXT")]
    symbol: String,
}

#[derive(Serialize)]
struct Started {
    netuid: u16,
}

#[derive(Serialize)]
struct Offered {
    netuid: u16,
    to: Option<Address>,
}

#[derive(Serialize)]
struct Accepted {
    netuid: u16,
    owner: Address,
    owner_hotkey: Address,
}

#[derive(Serialize)]
struct SymbolSet {
    netuid: u16,
    symbol: String,
}

/// Starts a subnet.
pub fn start(arguments: &Start, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let mut session = arguments.sign.open()?;
    session.network.subnet(netuid)?;
    let contracts = session.network.contracts();
    let done = session.send(contracts.registry().start(netuid))?;
    let sentence = format!("started subnet {}", netuid.0);
    let answer = Started { netuid: netuid.0 };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Offers a subnet, or withdraws the offer.
pub fn offer(arguments: &Offer, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let chain = &arguments.sign.chain;
    let to = arguments.to.as_ref().map(|who| chain.account(who));
    let to = to.transpose()?;
    let mut session = arguments.sign.open()?;
    session.network.subnet(netuid)?;
    let contracts = session.network.contracts();
    let done = session.send(contracts.registry().offer_subnet(netuid, to))?;
    let answer = Offered {
        netuid: netuid.0,
        to: to.map(Address),
    };
    let sentence = match &answer.to {
        Some(to) => format!("offered subnet {} to {to}", netuid.0),
        None => format!("withdrew the offer of subnet {}", netuid.0),
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Accepts a subnet.
pub fn accept(arguments: &Accept, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let mut session = arguments.sign.open()?;
    session.network.subnet(netuid)?;
    let hotkey = arguments.owner_hotkey.as_ref();
    let hotkey = arguments
        .hotkey_key
        .hotkey_or(hotkey, &arguments.sign, &session)?;
    let signature = arguments.hotkey_key.agree(&mut session, hotkey)?;
    let contracts = session.network.contracts();
    let accept = contracts
        .registry()
        .accept_subnet(netuid, hotkey, signature);
    let done = session.send(accept)?;
    let answer = Accepted {
        netuid: netuid.0,
        owner: session.account.into(),
        owner_hotkey: hotkey.into(),
    };
    let sentence = format!("subnet {} belongs to {}", netuid.0, answer.owner);
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Sets a subnet's symbol.
pub fn set_symbol(arguments: &SetSymbol, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let symbol = arguments.symbol.clone();
    let mut session = arguments.sign.open()?;
    session.network.subnet(netuid)?;
    let contracts = session.network.contracts();
    let done = session.send(contracts.registry().set_symbol(netuid, symbol.clone()))?;
    let sentence = format!(
        "the symbol of subnet {} is \"{}\"",
        netuid.0,
        symbol.escape_debug()
    );
    let answer = SymbolSet {
        netuid: netuid.0,
        symbol,
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
