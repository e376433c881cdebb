//! `inktensor neuron`: gives hotkeys a seat, and says what that costs and whom.

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    output::table::{account, show, table, tao, tao_text},
    session::{both, missing, print, tell},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::{
    registry::{NeuronRegistered, PruneCandidate, RegistrationQuote, Registry},
    NetUid, Rao,
};
use serde_json::{json, Value};
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Give a hotkey a seat on a subnet, owned by the signer, who burns the price
    #[command(
        after_help = "Example:\n  inktensor neuron register --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46…"
    )]
    Register(Register),
    /// Show what a seat costs now, and who would give way
    #[command(
        after_help = "Example:\n  inktensor neuron quote --url ws://127.0.0.1:9944 --netuid 1"
    )]
    Quote(Quote),
    /// List who would give way to newcomers, first to go first
    #[command(
        after_help = "Example:\n  inktensor neuron prune-candidates --url ws://127.0.0.1:9944 --netuid 1"
    )]
    PruneCandidates(PruneCandidates),
    /// Give a neuron of the signer another hotkey; its stake stays on the one that it registered
    /// with
    #[command(
        after_help = "Example:\n  inktensor neuron swap-hotkey --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --new 5FLSigC9…"
    )]
    SwapHotkey(SwapHotkey),
}

/// Which hotkey for which.
#[derive(clap::Args)]
pub struct SwapHotkey {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The hotkey that the neuron has
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// The hotkey that it gets, which is nobody's yet
    #[arg(long, value_name = "NAME|ADDRESS")]
    new: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which subnet.
#[derive(clap::Args)]
pub struct Quote {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Of which subnet, and how many.
#[derive(clap::Args)]
pub struct PruneCandidates {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// How many, at most 16
    #[arg(long, default_value_t = 16, value_name = "NUMBER")]
    count: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
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
    match command {
        Command::Register(arguments) => register(arguments, out),
        Command::Quote(arguments) => quote(arguments, out),
        Command::PruneCandidates(arguments) => prune_candidates(arguments, out),
        Command::SwapHotkey(arguments) => swap_hotkey(arguments, out),
    }
}

fn swap_hotkey(arguments: &SwapHotkey, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let source = &arguments.chain.chain;
    let (hotkey, new) = (arguments.hotkey.on(source)?, arguments.new.on(source)?);
    let netuid = NetUid(arguments.netuid);
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let rules = session.query(session.contracts.registry().network_rules())?;
    let approved = session.approve(session.contracts.registry, rules.swap_fee)?;
    let message = session
        .contracts
        .registry()
        .swap_hotkey(netuid, hotkey, new);
    let done = session.run("Registry::swap_hotkey", message)?;
    let (hotkey, new) = (ss58(&hotkey), ss58(&new));
    let sentence = format!("the neuron of {hotkey} has the hotkey {new}");
    let document = json!({
        "netuid": netuid.0,
        "hotkey": hotkey,
        "new": new,
        "fee_rao": rules.swap_fee.0,
    });
    let cost = both(approved, done.cost);
    tell(arguments.json, &sentence, document, &cost, out)?;
    Ok(Verdict::Good)
}

fn quote(arguments: &Quote, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let opened = arguments.chain.open()?;
    let message = opened
        .contracts
        .registry()
        .quote_registration(NetUid(arguments.netuid));
    let quote: Option<RegistrationQuote> = opened.chain.query(message)?;
    let it = quote.ok_or_else(|| missing(format_args!("subnet {}", arguments.netuid)))?;
    if arguments.json {
        let document = json!({
            "netuid": arguments.netuid,
            "price_rao": it.price.0,
            "next_price_rao": it.next_price.0,
            "left_in_block": it.left_in_block,
            "free": it.free,
            "replaces": it.replaces.map(|uid| uid.0),
            "is_open": it.is_open,
        });
        print(&document, out)?;
        return Ok(Verdict::Good);
    }
    if !it.is_open {
        writeln!(out, "subnet {} takes no registrations", arguments.netuid)?;
        return Ok(Verdict::Good);
    }
    writeln!(
        out,
        "a seat costs {} TAO; after that {} TAO in the same block, {} in all",
        tao_text(it.price),
        tao_text(it.next_price),
        it.left_in_block
    )?;
    match (it.free, it.replaces) {
        (0, Some(uid)) => writeln!(out, "all seats are taken: uid {} gives way", uid.0)?,
        (0, None) => writeln!(out, "all seats are taken, and nobody can give way")?,
        (free, _) => writeln!(out, "{free} seats are free")?,
    }
    Ok(Verdict::Good)
}

fn prune_candidates(arguments: &PruneCandidates, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let opened = arguments.chain.open()?;
    let message = opened
        .contracts
        .registry()
        .prune_candidates(NetUid(arguments.netuid), arguments.count);
    let all: Vec<PruneCandidate> = opened.chain.query(message)?;
    if arguments.json {
        let documents = all.iter().map(|it| {
            json!({
                "uid": it.uid.0,
                "hotkey": ss58(&it.hotkey),
                "emission_rao": it.emission.0,
                "registered_at": it.registered_at,
                "is_immune": it.is_immune,
            })
        });
        print(&Value::Array(documents.collect()), out)?;
        return Ok(Verdict::Good);
    }
    let header = ["uid", "hotkey", "paid TAO", "since", "immune"];
    let mut rows = table(header, &[0, 2, 3]);
    for it in &all {
        rows.add_row([
            it.uid.0.to_string(),
            account(&it.hotkey),
            tao_text(it.emission),
            it.registered_at.to_string(),
            if it.is_immune { "yes" } else { "" }.into(),
        ]);
    }
    show(&rows, out)?;
    Ok(Verdict::Good)
}

fn register(arguments: &Register, out: &mut dyn Write) -> Result<Verdict, Failure> {
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
    let hotkey = hotkey
        .map(|who| who.on(&arguments.chain.chain))
        .transpose()?;
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
    let (uid, price) = told
        .as_ref()
        .map_or((done.value, most), |it| (it.uid, it.price));
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
    tell(
        arguments.json,
        &sentence,
        document,
        &both(approved, done.cost),
        out,
    )?;
    Ok(Verdict::Good)
}
