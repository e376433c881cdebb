//! Lists subnets, and shows one.

use super::{List, Show};
use crate::{
    commands::Failure,
    output::{
        format,
        table::{account, is_wide, show, table, tao_text},
    },
    session::{missing, print},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{KernelParams, Registry, Subnet},
    staking::Staking,
    NetUid, Rao,
};
use inktensor_worker::chain_source::Opened;
use serde_json::{json, Value};
use std::io::Write;

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

/// Lists all subnets.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
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
    let is_wide = is_wide();
    let mut header = vec!["netuid", "", "name"];
    header.extend(is_wide.then_some("kernel"));
    header.extend(["neurons", "tempo", "epoch", "stake TAO"]);
    // Where there is room, what a seat costs and whose it is too.
    header.extend(is_wide.then_some("seat TAO"));
    header.extend(["state"]);
    header.extend(is_wide.then_some("owner"));
    let first = 3 + usize::from(is_wide);
    let last = first + 4 + usize::from(is_wide);
    let numbers: Vec<usize> = [0].into_iter().chain(first..last).collect();
    let mut rows = table(header, &numbers);
    for it in &all {
        let subnet = &it.subnet;
        let mut row = vec![
            it.netuid.0.to_string(),
            // Anyone may have named it anything.
            subnet.symbol.escape_debug().to_string(),
            subnet.name.escape_debug().to_string(),
        ];
        row.extend(is_wide.then(|| kernel_name(&opened, subnet)));
        row.extend([
            format!("{}/{}", subnet.neurons, subnet.max_uids),
            subnet.tempo.to_string(),
            it.status.open.to_string(),
            format::tao(it.stake.0, 2),
        ]);
        row.extend(is_wide.then(|| format::tao(subnet.registration_price.0, 4)));
        row.push(state(subnet));
        row.extend(is_wide.then(|| account(&subnet.owner)));
        rows.add_row(row);
    }
    Ok(show(&rows, out)?)
}

/// Shows one subnet.
pub fn show_one(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
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
        ("state", state(subnet)),
        ("locked", format!("{} TAO", tao_text(subnet.lock))),
        ("stake", format!("{} TAO", tao_text(it.stake))),
        (
            "neurons",
            format!("{} of {}", subnet.neurons, subnet.max_uids),
        ),
        ("permits", format!("{} an epoch", subnet.max_validators)),
        ("tempo", format!("{} blocks", subnet.tempo)),
        (
            "open epoch",
            match it.status.closes_at {
                u32::MAX => it.status.open.to_string(),
                at => format!("{}, closes from block {at} on", it.status.open),
            },
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
        KernelParams::Other(bytes) => {
            vec![("params", json!(inktensor_primitives::hash::hex(bytes)))]
        }
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

/// Where a subnet is in its life.
fn state(subnet: &Subnet) -> String {
    match (subnet.retired_at, subnet.started_at) {
        (Some(at), _) => format!("retired at {at}"),
        (None, Some(_)) => "runs".into(),
        (None, None) => "not started".into(),
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
        "symbol": subnet.symbol,
        "created_at": subnet.created_at,
        "started_at": subnet.started_at,
        "retired_at": subnet.retired_at,
        "lock_rao": subnet.lock.0,
        "stake_rao": it.stake.0,
        "neurons": subnet.neurons,
        "max_uids": subnet.max_uids,
        "max_validators": subnet.max_validators,
        "tempo": subnet.tempo,
        "open_epoch": it.status.open,
        "closes_at": Some(it.status.closes_at).filter(|at| *at < u32::MAX),
        "final_epoch": it.status.final_epoch,
        "registration_price_rao": subnet.registration_price.0,
        "immunity_period": subnet.immunity_period,
        "params": params,
    })
}
