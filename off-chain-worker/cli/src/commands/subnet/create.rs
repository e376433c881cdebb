//! Creates a subnet.

use crate::{
    agreement::HotkeyKey,
    args::{SignArgs, Who},
    error::Failure,
    output::format::tao,
    values,
};
use inktensor_client::deploy::Config;
use inktensor_primitives::{
    registry::{Registry, SubnetCreated},
    Rao,
};
use serde::Serialize;
use std::io::Write;

/// Arguments of `subnet create`.
#[derive(clap::Args)]
pub struct Create {
    #[command(flatten)]
    sign: SignArgs,
    /// The name, 1 to 64 bytes
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// The owner's hotkey, whose neuron always has a permit; by default that of
    /// --hotkey-suri-file, or the signer
    #[arg(long, value_name = "NAME|ADDRESS")]
    owner_hotkey: Option<Who>,
    /// The kernel that computes the epochs: yuma, mean, or an address
    #[arg(long, default_value = "yuma", value_name = "NAME|ADDRESS")]
    kernel: String,
    /// Blocks per epoch
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=4_294_967_295),
        default_value_t = Config::TEMPO,
        value_name = "BLOCKS"
    )]
    tempo: u32,
    /// Seats
    #[arg(
        long,
        value_parser = values::whole::<u16>(0..=65_535),
        default_value = "256",
        value_name = "NUMBER"
    )]
    max_uids: u16,
    /// Permits per epoch, not counting the owner's
    #[arg(
        long,
        value_parser = values::whole::<u16>(0..=65_535),
        default_value = "64",
        value_name = "NUMBER"
    )]
    max_validators: u16,
    /// The most to lock; by default the price of now
    #[arg(long, value_parser = values::tao, value_name = "TAO")]
    max_price: Option<Rao>,
    #[command(flatten)]
    hotkey_key: HotkeyKey,
}

#[derive(Serialize)]
struct Created {
    netuid: u16,
    lock_rao: u64,
}

/// Creates a subnet.
pub fn create(arguments: &Create, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let kernel = super::kernel("--kernel", &arguments.kernel, &contracts)?;
    session.check_kernel(kernel)?;
    session.too_soon = "the last subnet was created too recently";
    let price: Rao = session
        .network
        .query(contracts.registry().creation_price())?;
    if arguments.max_price.is_some_and(|most| price > most) {
        return Err(Failure::input(format_args!(
            "a subnet costs {} TAO, more than --max-price",
            tao(price)
        )));
    }
    let owner_hotkey = arguments.owner_hotkey.as_ref();
    let owner_hotkey = arguments
        .hotkey_key
        .hotkey_or(owner_hotkey, &arguments.sign, &session)?;
    let signature = arguments.hotkey_key.agree(&mut session, owner_hotkey)?;
    let done = session.pay(price, || {
        contracts.registry().create_subnet(
            arguments.name.clone(),
            owner_hotkey,
            kernel,
            arguments.tempo,
            arguments.max_uids,
            arguments.max_validators,
            price,
            signature,
        )
    })?;
    // Others may have created one in the same block: the event has the netuid and the price.
    let event = done.event::<SubnetCreated>();
    let price = event.as_ref().map_or(price, |event| event.price);
    let netuid = event.map_or(done.value, |event| event.netuid);
    let sentence = format!(
        "created subnet {}, {} TAO are locked; start it with `inktensor subnet start`",
        netuid.0,
        tao(price)
    );
    let answer = Created {
        netuid: netuid.0,
        lock_rao: price.0,
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
