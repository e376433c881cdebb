//! `inktensor neuron`: gives hotkeys a seat.

use super::{
    chain::{ChainArguments, SignerArguments, Who},
    session::{both, missing, tell},
    table::{tao, tao_text},
    Failure, Verdict,
};
use crate::deploy::ss58;
use inktensor_primitives::{
    registry::{NeuronRegistered, Registry},
    NetUid, Rao,
};
use serde_json::json;
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Give a hotkey a seat on a subnet, owned by the signer, who burns the price
    #[command(
        after_help = "Example:\n  inktensor neuron register --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46…"
    )]
    Register(Register),
}

/// Who registers where.
#[derive(clap::Args)]
pub struct Register {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The hotkey; the signer if none is named
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// The most to pay; the price of now if none is named
    #[arg(long, value_parser = tao, value_name = "TAO")]
    max_price: Option<Rao>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Register(arguments) = command;
    let netuid = NetUid(arguments.netuid);
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let subnet = session.query(session.contracts.registry().subnet(netuid))?;
    let subnet = subnet.ok_or_else(|| missing(format_args!("subnet {}", netuid.0)))?;
    let most = arguments.max_price.unwrap_or(subnet.registration_price);
    if subnet.registration_price > most {
        return Err(Failure::input(format_args!(
            "a seat costs {} TAO, more than --max-price",
            tao_text(subnet.registration_price)
        )));
    }
    let hotkey = arguments.hotkey.as_ref();
    let hotkey = hotkey.map(|who| who.on(&arguments.chain.chain)).transpose()?;
    let hotkey = hotkey.unwrap_or(session.account);
    let approved = session.approve(session.contracts.registry, subnet.registration_price)?;
    let message = session.contracts.registry().register(netuid, hotkey, most);
    let done = session.run("Registry::register", message)?;
    // What was told is what happened: others may have registered in the same block.
    let told: Option<NeuronRegistered> = done
        .events
        .iter()
        .filter_map(|event| event.decode())
        .find(|told: &NeuronRegistered| told.hotkey == hotkey);
    let (uid, price) = told.as_ref().map_or((done.value, most), |it| (it.uid, it.price));
    let replaced = told.and_then(|told| told.replaced).map(|it| ss58(&it));
    let mut sentence = format!(
        "registered {} as uid {} of subnet {} for {} TAO",
        ss58(&hotkey),
        uid.0,
        netuid.0,
        tao_text(price)
    );
    if let Some(replaced) = &replaced {
        sentence.push_str(&format!(", in place of {replaced}"));
    }
    let document = json!({
        "netuid": netuid.0,
        "uid": uid.0,
        "hotkey": ss58(&hotkey),
        "coldkey": ss58(&session.account),
        "price_rao": price.0,
        "replaced": replaced,
    });
    tell(arguments.json, &sentence, document, &both(approved, done.cost), out)?;
    Ok(Verdict::Good)
}
