//! `inktensor metagraph`: the neurons of a subnet, and what its last settled epoch found for each.

use crate::{
    args::{ListArgs, NetuidArg},
    error::{Failure, Verdict},
    network::Network,
    output::{
        self,
        format::{share, tao_rounded, yes},
        json::Address,
        table::{number, text, Room, Table},
    },
    views::AxonView,
};
use inktensor_primitives::{
    epoch::{Epochs, WeightsRow},
    registry::NeuronView,
    staking::{Staking, StakingError},
    AccountId, NetUid, Rao, Uid, PAGE,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// Arguments of `metagraph`.
#[derive(clap::Args)]
#[command(after_help = example!("metagraph --url ws://127.0.0.1:9944 --netuid 1"))]
pub struct Arguments {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// Read neurons and scores only, 64 neurons a read: no stake, weights or axons
    #[arg(long)]
    lite: bool,
}

/// A subnet's metagraph.
#[derive(Serialize)]
struct Metagraph {
    netuid: u16,
    block: u32,
    open_epoch: u32,
    final_epoch: Option<u32>,
    neurons: Vec<Row>,
    #[serde(skip)]
    is_lite: bool,
}

/// A neuron.
#[derive(Serialize)]
struct Row {
    uid: u16,
    hotkey: Address,
    identity: Address,
    coldkey: Address,
    registered_at: u32,
    generation: u32,
    stake_rao: Option<u64>,
    weighs_rao: Option<u64>,
    permit: bool,
    active: bool,
    stake_weight: u16,
    consensus: u16,
    validator_trust: u16,
    incentive: u16,
    dividends: u16,
    emission_rao: u64,
    /// Pay that the owner has not collected.
    owed_rao: u64,
    /// Block of the neuron's last weights.
    updated_at: Option<u32>,
    axon: Option<AxonView>,
}

impl Row {
    fn new(it: &NeuronView) -> Self {
        let score = &it.score;
        Self {
            uid: it.uid.0,
            hotkey: it.neuron.hotkey.into(),
            identity: it.neuron.identity().into(),
            coldkey: it.neuron.coldkey.into(),
            registered_at: it.neuron.registered_at,
            generation: it.neuron.generation,
            stake_rao: None,
            weighs_rao: None,
            permit: score.permit,
            active: score.active,
            stake_weight: score.stake_weight,
            consensus: score.consensus,
            validator_trust: score.validator_trust,
            incentive: score.incentive,
            dividends: score.dividends,
            emission_rao: score.emission.0,
            owed_rao: it.owed.0,
            updated_at: None,
            axon: None,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.list.open()?;
    let status = network.status(netuid)?;
    let neurons = network.neurons(netuid)?;
    let mut rows: Vec<Row> = neurons.iter().map(Row::new).collect();
    if !arguments.lite {
        add_stakes(&network, netuid, status.open, &neurons, &mut rows)?;
        if arguments.list.shows_all() {
            add_updates(&network, netuid, &mut rows)?;
            add_axons(&network, netuid, &mut rows)?;
        }
    }
    let metagraph = Metagraph {
        netuid: netuid.0,
        block: network.block()?,
        open_epoch: status.open,
        final_epoch: status.final_epoch,
        neurons: rows,
        is_lite: arguments.lite,
    };
    arguments.list.show(&metagraph, out)?;
    Ok(Verdict::Good)
}

/// Adds the stake on the subnet of each neuron, and what weighs for it in the open epoch.
fn add_stakes(
    network: &Network,
    netuid: NetUid,
    open: u32,
    neurons: &[NeuronView],
    rows: &mut [Row],
) -> Result<(), Failure> {
    let staking = || network.contracts().staking();
    let hotkeys: Vec<AccountId> = neurons.iter().map(|it| it.neuron.identity()).collect();
    let here = hotkeys.iter().map(|it| staking().hotkey_stake(netuid, *it));
    let here: Vec<Rao> = network.query_all(here)?;
    let pages = hotkeys.chunks(usize::from(PAGE));
    let pages = pages.map(|page| staking().stakes_at(netuid, page.to_vec(), open));
    let pages: Vec<Result<Vec<Rao>, StakingError>> = network.query_all(pages)?;
    let mut weighs = Vec::with_capacity(here.len());
    for page in pages {
        let page = page.map_err(|error| Failure::input(format_args!("staking: {error}")))?;
        weighs.extend(page);
    }
    for ((row, here), weighs) in rows.iter_mut().zip(here).zip(weighs) {
        row.stake_rao = Some(here.0);
        row.weighs_rao = Some(weighs.0);
    }
    Ok(())
}

/// Adds the block at which each neuron last set weights.
fn add_updates(network: &Network, netuid: NetUid, rows: &mut [Row]) -> Result<(), Failure> {
    let epoch = || network.contracts().epoch();
    let weights = rows.iter().map(|it| epoch().weights(netuid, Uid(it.uid)));
    let weights: Vec<Option<WeightsRow>> = network.query_all(weights)?;
    for (row, weights) in rows.iter_mut().zip(weights) {
        row.updated_at = weights.map(|it| it.updated_at);
    }
    Ok(())
}

/// Adds the axon of each neuron.
fn add_axons(network: &Network, netuid: NetUid, rows: &mut [Row]) -> Result<(), Failure> {
    let serving = network.serving(netuid)?.into_iter();
    let mut axons: BTreeMap<u16, AxonView> = serving
        .filter_map(|it| Some((it.uid.0, AxonView::from(&it.axon?))))
        .collect();
    for row in rows {
        row.axon = axons.remove(&row.uid);
    }
    Ok(())
}

impl output::List for Metagraph {
    type Row = Row;

    fn rows(&self) -> &[Row] {
        &self.neurons
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let last = match self.final_epoch {
            Some(last) => format!("epoch {last} is final"),
            None => "no epoch is final yet".into(),
        };
        writeln!(
            out,
            "subnet {} at block {}: epoch {} is open, {last}\n",
            self.netuid, self.block, self.open_epoch
        )?;
        let is_whole = !self.is_lite;
        let columns = [
            number("uid"),
            text("hotkey"),
            text("coldkey").from(Room::Wide),
            number("stake TAO").only_if(is_whole),
            number("weighs TAO").from(Room::Wide).only_if(is_whole),
            text("permit"),
            number("cons."),
            number("trust"),
            number("incent."),
            number("divid."),
            number("paid TAO"),
            number("owed TAO").from(Room::Wide),
            number("updated").from(Room::All).only_if(is_whole),
            text("axon").from(Room::All).only_if(is_whole),
        ];
        let mut table = Table::new(room, columns);
        let tao = |rao: Option<u64>| rao.map(|it| tao_rounded(Rao(it), 3)).unwrap_or_default();
        for it in &self.neurons {
            table.row([
                it.uid.to_string(),
                room.account(&it.hotkey.0),
                room.second_account(&it.coldkey.0),
                tao(it.stake_rao),
                tao(it.weighs_rao),
                yes(it.permit),
                share(it.consensus),
                share(it.validator_trust),
                share(it.incentive),
                share(it.dividends),
                tao(Some(it.emission_rao)),
                tao(Some(it.owed_rao)),
                it.updated_at.map(|at| at.to_string()).unwrap_or_default(),
                it.axon.as_ref().map(AxonView::text).unwrap_or_default(),
            ]);
        }
        table.print(out)
    }
}
