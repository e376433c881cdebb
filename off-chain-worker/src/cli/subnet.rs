//! `inktensor subnet`: creates subnets, lists them, shows one.

use super::{
    chain::{ChainArguments, SignerArguments, Who},
    demo::amounts,
    session::{both, missing, print, tell},
    table::{account, show, table, tao, tao_text},
    Failure, Verdict,
};
use crate::{
    chain::Typed,
    deploy::{address, ss58},
    source::Opened,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{KernelParams, Registry, Subnet},
    staking::Staking,
    NetUid, Rao,
};
use serde_json::{json, Value};
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Create a subnet, whose price is burned
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
    /// The most to pay for it
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
        Command::List(arguments) => list(arguments, out)?,
        Command::Show(arguments) => show_one(arguments, out)?,
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
    );
    let done = session.run("Registry::create_subnet", message)?;
    // What was told is what happened: others may have created one in the same block.
    let told = done
        .events
        .iter()
        .find_map(|event| event.decode::<inktensor_primitives::registry::SubnetCreated>());
    let netuid = told.map_or(done.value, |told| told.netuid);
    let sentence = format!("created subnet {} for {} TAO", netuid.0, tao_text(price));
    let document = json!({ "netuid": netuid.0, "price_rao": price.0 });
    Ok(tell(
        arguments.json,
        &sentence,
        document,
        &both(approved, done.cost),
        out,
    )?)
}

/// A subnet as it is listed.
struct Listed {
    netuid: NetUid,
    subnet: Subnet,
    status: EpochStatus,
    stake: Rao,
}

fn listed(opened: &Opened, netuid: NetUid) -> Result<Option<Listed>, Failure> {
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let Some(subnet) = chain.query(contracts.registry().subnet(netuid))? else {
        return Ok(None);
    };
    let status = chain.query(contracts.epoch().status(netuid))?;
    let stake = chain.query(contracts.staking().subnet_stake(netuid))?;
    Ok(status.map(|status| Listed {
        netuid,
        subnet,
        status,
        stake,
    }))
}

fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let count = opened.chain.query(opened.contracts.registry().subnets())?;
    let mut all = Vec::new();
    for netuid in (1..=count).map(NetUid) {
        all.extend(listed(&opened, netuid)?);
    }
    if arguments.json {
        let documents: Vec<Value> = all.iter().map(|it| document(&opened, it)).collect();
        return Ok(print(&Value::Array(documents), out)?);
    }
    let header = [
        "netuid",
        "name",
        "kernel",
        "neurons",
        "tempo",
        "epoch",
        "stake TAO",
        "owner",
    ];
    let mut rows = table(header, &[0, 3, 4, 5, 6]);
    for it in &all {
        rows.add_row([
            it.netuid.0.to_string(),
            // Anyone may have named it anything.
            it.subnet.name.escape_debug().to_string(),
            kernel_name(&opened, &it.subnet),
            format!("{}/{}", it.subnet.neurons, it.subnet.max_uids),
            it.subnet.tempo.to_string(),
            it.status.open.to_string(),
            amounts::tao(it.stake.0, 2),
            account(&it.subnet.owner),
        ]);
    }
    Ok(show(&rows, out)?)
}

fn show_one(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let found = listed(&opened, NetUid(arguments.netuid))?;
    let it = found.ok_or_else(|| missing(format_args!("subnet {}", arguments.netuid)))?;
    if arguments.json {
        return Ok(print(&document(&opened, &it), out)?);
    }
    let subnet = &it.subnet;
    for (name, value) in [
        ("subnet", format!("{} {:?}", it.netuid.0, subnet.name)),
        ("owner", ss58(&subnet.owner)),
        ("owner hotkey", ss58(&subnet.owner_hotkey)),
        (
            "kernel",
            format!(
                "{} ({})",
                kernel_name(&opened, subnet),
                ss58(&subnet.kernel)
            ),
        ),
        ("created at", format!("block {}", subnet.created_at)),
        ("stake", format!("{} TAO", tao_text(it.stake))),
        (
            "neurons",
            format!("{} of {}", subnet.neurons, subnet.max_uids),
        ),
        ("permits", format!("{} an epoch", subnet.max_validators)),
        ("tempo", format!("{} blocks", subnet.tempo)),
        (
            "open epoch",
            format!(
                "{}, closes from block {} on",
                it.status.open, it.status.closes_at
            ),
        ),
        (
            "registration",
            format!("{} TAO", tao_text(subnet.registration_price)),
        ),
        ("immunity", format!("{} blocks", subnet.immunity_period)),
    ] {
        writeln!(out, "{name:<13} {value}")?;
    }
    for (name, value) in parameters(&subnet.params) {
        writeln!(out, "{name:<28} {value}")?;
    }
    Ok(())
}

/// The kernel's parameters by name.
fn parameters(params: &KernelParams) -> Vec<(&'static str, Value)> {
    match params {
        KernelParams::Other(bytes) => vec![("params", json!(crate::engine::hex(bytes)))],
        KernelParams::Yuma(yuma) => vec![
            ("activity_cutoff", json!(yuma.activity_cutoff)),
            ("min_stake_rao", json!(yuma.min_stake.0)),
            ("kappa", json!(yuma.kappa)),
            ("bonds_penalty", json!(yuma.bonds_penalty)),
            ("bonds_moving_average", json!(yuma.bonds_moving_average)),
            ("yuma3", json!(yuma.yuma3)),
            ("liquid_alpha", json!(yuma.liquid_alpha)),
            ("alpha_low", json!(yuma.alpha_low)),
            ("alpha_high", json!(yuma.alpha_high)),
            (
                "alpha_sigmoid_steepness",
                json!(yuma.alpha_sigmoid_steepness),
            ),
            ("commit_reveal", json!(yuma.commit_reveal)),
        ],
    }
}

fn kernel_name(opened: &Opened, subnet: &Subnet) -> String {
    match subnet.kernel {
        kernel if kernel == opened.contracts.yuma => "yuma".into(),
        kernel if kernel == opened.contracts.mean => "mean".into(),
        kernel => account(&kernel),
    }
}

fn document(opened: &Opened, it: &Listed) -> Value {
    let subnet = &it.subnet;
    let params: serde_json::Map<String, Value> = parameters(&subnet.params)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    json!({
        "netuid": it.netuid.0,
        "name": subnet.name,
        "owner": ss58(&subnet.owner),
        "owner_hotkey": ss58(&subnet.owner_hotkey),
        "kernel": { "name": kernel_name(opened, subnet), "address": ss58(&subnet.kernel) },
        "created_at": subnet.created_at,
        "stake_rao": it.stake.0,
        "neurons": subnet.neurons,
        "max_uids": subnet.max_uids,
        "max_validators": subnet.max_validators,
        "tempo": subnet.tempo,
        "open_epoch": it.status.open,
        "closes_at": it.status.closes_at,
        "final_epoch": it.status.final_epoch,
        "registration_price_rao": subnet.registration_price.0,
        "immunity_period": subnet.immunity_period,
        "params": params,
    })
}
