//! Lists subnets, shows one, and shows the price of the next.

use super::hyperparameters::Params;
use crate::{
    args::{ListArgs, NetuidArg, ReadArgs},
    error::Failure,
    network::{no_subnet, Network},
    output::{
        self,
        format::{count, tao, tao_rounded},
        json::Address,
        table::{number, text, Room, Table},
        View,
    },
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{HyperparameterView, NetworkRules, Registry, Subnet},
    staking::Staking,
    NetUid, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `subnet list`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
}

/// Arguments of `subnet show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

/// Arguments of `subnet price`.
#[derive(clap::Args)]
pub struct Price {
    #[command(flatten)]
    read: ReadArgs,
}

/// All subnets.
#[derive(Serialize)]
#[serde(transparent)]
struct Subnets(Vec<SubnetView>);

/// A subnet.
#[derive(Serialize)]
struct SubnetView {
    netuid: u16,
    name: String,
    owner: Address,
    owner_hotkey: Address,
    kernel: Kernel,
    symbol: String,
    created_at: u32,
    started_at: Option<u32>,
    retired_at: Option<u32>,
    lock_rao: u64,
    stake_rao: u64,
    neurons: u16,
    max_uids: u16,
    max_validators: u16,
    tempo: u32,
    open_epoch: u32,
    closes_at: Option<u32>,
    final_epoch: Option<u32>,
    registration_price_rao: u64,
    immunity_period: u32,
    params: Params,
}

#[derive(Serialize)]
struct Kernel {
    name: String,
    address: Address,
}

/// The price of the next subnet.
#[derive(Serialize)]
struct PriceView {
    price_rao: u64,
    min_lock_rao: u64,
    lock_interval: u32,
    creation_interval: u32,
    subnets: usize,
    subnet_limit: u16,
    gives_way: Option<u16>,
}

impl PriceView {
    const fn is_full(&self) -> bool {
        self.subnets >= self.subnet_limit as usize
    }
}

impl View for PriceView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "the next subnet locks {} TAO; the least is {} TAO",
            tao(Rao(self.price_rao)),
            tao(Rao(self.min_lock_rao))
        )?;
        let limit = count(self.subnet_limit, "subnet");
        writeln!(out, "{} of {limit}", self.subnets)?;
        match (self.is_full(), self.gives_way) {
            (false, _) => Ok(()),
            (true, Some(netuid)) => writeln!(out, "subnet {netuid} would be retired"),
            (true, None) => writeln!(out, "no subnet can be retired: all are immune"),
        }
    }
}

/// Reads subnets; those that do not exist are left out.
fn read(network: &Network, netuids: &[NetUid]) -> Result<Vec<SubnetView>, Failure> {
    let contracts = network.contracts();
    let each = || netuids.iter().copied();
    let subnets: Vec<Option<Subnet>> =
        network.query_all(each().map(|it| contracts.registry().subnet(it)))?;
    let statuses: Vec<Option<EpochStatus>> =
        network.query_all(each().map(|it| contracts.epoch().status(it)))?;
    let stakes: Vec<Rao> =
        network.query_all(each().map(|it| contracts.staking().subnet_stake(it)))?;
    let parameters: Vec<Vec<HyperparameterView>> =
        network.query_all(each().map(|it| contracts.registry().hyperparameters(it)))?;
    let all = each()
        .zip(subnets)
        .zip(statuses)
        .zip(stakes)
        .zip(parameters);
    let views = all.filter_map(|((((netuid, subnet), status), stake), parameters)| {
        let params = Params::new(&subnet.as_ref()?.params, &parameters);
        Some(view(network, netuid, subnet?, status?, stake, params))
    });
    Ok(views.collect())
}

fn view(
    network: &Network,
    netuid: NetUid,
    subnet: Subnet,
    status: EpochStatus,
    stake: Rao,
    params: Params,
) -> SubnetView {
    let kernel = Address(subnet.kernel);
    let name = network.kernel_name(subnet.kernel);
    SubnetView {
        netuid: netuid.0,
        owner: subnet.owner.into(),
        owner_hotkey: subnet.owner_hotkey.into(),
        kernel: Kernel {
            name: name.map_or_else(|| kernel.to_string(), String::from),
            address: kernel,
        },
        created_at: subnet.created_at,
        started_at: subnet.started_at,
        retired_at: subnet.retired_at,
        lock_rao: subnet.lock.0,
        stake_rao: stake.0,
        neurons: subnet.neurons,
        max_uids: subnet.max_uids,
        max_validators: subnet.max_validators,
        tempo: subnet.tempo,
        open_epoch: status.open,
        closes_at: Some(status.closes_at).filter(|at| *at < u32::MAX),
        final_epoch: status.final_epoch,
        registration_price_rao: subnet.registration_price.0,
        immunity_period: subnet.immunity_period,
        params,
        name: subnet.name,
        symbol: subnet.symbol,
    }
}

/// Lists all subnets.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.list.open()?;
    let count: u16 = network.query(network.contracts().registry().subnets())?;
    let netuids: Vec<NetUid> = (1..=count).map(NetUid).collect();
    let subnets = Subnets(read(&network, &netuids)?);
    Ok(arguments.list.show(&subnets, out)?)
}

/// Shows one subnet.
pub fn show_one(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.read.open()?;
    let subnet = read(&network, &[netuid])?.pop();
    let subnet = subnet.ok_or_else(|| no_subnet(netuid))?;
    Ok(arguments.read.show(&subnet, out)?)
}

/// Shows the price of the next subnet.
pub fn price(arguments: &Price, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.read.open()?;
    let registry = || network.contracts().registry();
    let price: Rao = network.query(registry().creation_price())?;
    let live: Vec<NetUid> = network.query(registry().live_subnets())?;
    let rules: NetworkRules = network.query(registry().network_rules())?;
    let candidate: Option<NetUid> = network.query(registry().retirement_candidate())?;
    let mut answer = PriceView {
        price_rao: price.0,
        min_lock_rao: rules.min_lock.0,
        lock_interval: rules.lock_interval,
        creation_interval: rules.creation_interval,
        subnets: live.len(),
        subnet_limit: rules.subnet_limit,
        gives_way: None,
    };
    if answer.is_full() {
        answer.gives_way = candidate.map(|netuid| netuid.0);
    }
    Ok(arguments.read.show(&answer, out)?)
}

impl SubnetView {
    /// Returns the state: not started, running, or retired.
    fn state(&self) -> String {
        match (self.retired_at, self.started_at) {
            (Some(at), _) => format!("retired at {at}"),
            (None, Some(_)) => "runs".into(),
            (None, None) => "not started".into(),
        }
    }
}

impl View for SubnetView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let epoch = match self.closes_at {
            None => self.open_epoch.to_string(),
            Some(at) => format!("{}, closes from block {at} on", self.open_epoch),
        };
        for (name, value) in [
            (
                "subnet",
                format!("{} \"{}\"", self.netuid, self.name.escape_debug()),
            ),
            ("owner", self.owner.to_string()),
            ("owner hotkey", self.owner_hotkey.to_string()),
            (
                "kernel",
                format!("{} ({})", self.kernel.name, self.kernel.address),
            ),
            ("created at", format!("block {}", self.created_at)),
            ("state", self.state()),
            ("locked", format!("{} TAO", tao(Rao(self.lock_rao)))),
            ("stake", format!("{} TAO", tao(Rao(self.stake_rao)))),
            ("neurons", format!("{} of {}", self.neurons, self.max_uids)),
            ("permits", format!("{} an epoch", self.max_validators)),
            ("tempo", count(self.tempo, "block")),
            ("open epoch", epoch),
            (
                "registration",
                format!("{} TAO", tao(Rao(self.registration_price_rao))),
            ),
            ("immunity", count(self.immunity_period, "block")),
        ] {
            writeln!(out, "{name:<13} {value}")?;
        }
        self.params.text(out)
    }
}

impl output::List for Subnets {
    type Row = SubnetView;

    fn rows(&self) -> &[SubnetView] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("netuid"),
            text("symbol"),
            text("name"),
            text("kernel").from(Room::Wide),
            number("neurons"),
            number("tempo"),
            number("epoch"),
            number("stake TAO"),
            number("seat TAO").from(Room::Wide),
            text("state"),
            text("owner").from(Room::Wide),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.0 {
            table.row([
                it.netuid.to_string(),
                // The owner chose both texts; control characters are escaped.
                it.symbol.escape_debug().to_string(),
                it.name.escape_debug().to_string(),
                it.kernel.name.clone(),
                format!("{}/{}", it.neurons, it.max_uids),
                it.tempo.to_string(),
                it.open_epoch.to_string(),
                tao_rounded(Rao(it.stake_rao), 2),
                tao_rounded(Rao(it.registration_price_rao), 4),
                it.state(),
                room.account(&it.owner.0),
            ]);
        }
        table.print(out)
    }
}
