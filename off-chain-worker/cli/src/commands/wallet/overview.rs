//! `inktensor wallet overview`: all that a coldkey owns.

use super::{staked, Funds};
use crate::{
    args::{ListArgs, Who},
    error::Failure,
    network::Network,
    output::{
        self,
        format::{self, share, tao, tao_rounded, yes},
        json::Address,
        table::{number, text, Room, Table},
        View,
    },
};
use inktensor_primitives::{
    registry::{NeuronView, Registry},
    AccountId, NetUid, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `wallet overview`.
#[derive(clap::Args)]
pub struct Overview {
    #[command(flatten)]
    list: ListArgs,
    /// The coldkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    address: Who,
}

/// All that a coldkey owns.
#[derive(Serialize)]
struct Owned {
    #[serde(flatten)]
    funds: Funds,
    neurons: Vec<NeuronRow>,
    stakes: Vec<PositionRow>,
}

#[derive(Serialize)]
struct NeuronRow {
    netuid: u16,
    uid: u16,
    hotkey: Address,
    registered_at: u32,
    permit: bool,
    consensus: u16,
    incentive: u16,
    dividends: u16,
    emission_rao: u64,
}

#[derive(Serialize)]
struct PositionRow {
    netuid: u16,
    hotkey: Address,
    stake_rao: u64,
}

impl NeuronRow {
    fn new(netuid: NetUid, it: &NeuronView) -> Self {
        Self {
            netuid: netuid.0,
            uid: it.uid.0,
            hotkey: it.neuron.hotkey.into(),
            registered_at: it.neuron.registered_at,
            permit: it.score.permit,
            consensus: it.score.consensus,
            incentive: it.score.incentive,
            dividends: it.score.dividends,
            emission_rao: it.score.emission.0,
        }
    }
}

/// Shows all that a coldkey owns.
pub fn overview(arguments: &Overview, out: &mut dyn Write) -> Result<(), Failure> {
    let coldkey = arguments.list.chain.account(&arguments.address)?;
    let network = arguments.list.open()?;
    let positions = network.positions(coldkey)?;
    let staked = staked(positions.iter().map(|it| it.stake));
    let stakes = positions.iter().map(|it| PositionRow {
        netuid: it.netuid.0,
        hotkey: it.hotkey.into(),
        stake_rao: it.stake.0,
    });
    let owned = Owned {
        funds: Funds::of(&network, coldkey, staked)?,
        neurons: neurons_of(&network, coldkey)?,
        stakes: stakes.collect(),
    };
    Ok(arguments.list.show(&owned, out)?)
}

/// Returns the neurons of a coldkey, on all subnets that are not retired.
fn neurons_of(network: &Network, coldkey: AccountId) -> Result<Vec<NeuronRow>, Failure> {
    let live: Vec<NetUid> = network.query(network.contracts().registry().live_subnets())?;
    let mut owned = Vec::new();
    for netuid in live {
        let mut neurons = network.neurons(netuid)?;
        neurons.retain(|it| it.neuron.coldkey == coldkey);
        owned.extend(neurons.iter().map(|it| NeuronRow::new(netuid, it)));
    }
    Ok(owned)
}

impl output::List for Owned {
    type Row = NeuronRow;

    fn rows(&self) -> &[NeuronRow] {
        &self.neurons
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        self.funds.text(out)?;
        if !self.neurons.is_empty() {
            writeln!(out, "\nneurons")?;
            let columns = [
                number("netuid"),
                number("uid"),
                text("hotkey"),
                text("permit"),
                number("since").from(Room::Wide),
                number("cons."),
                number("incent."),
                number("divid."),
                number("paid TAO"),
            ];
            let mut table = Table::new(room, columns);
            for it in &self.neurons {
                table.row([
                    it.netuid.to_string(),
                    it.uid.to_string(),
                    room.account(&it.hotkey.0),
                    yes(it.permit),
                    it.registered_at.to_string(),
                    share(it.consensus),
                    share(it.incentive),
                    share(it.dividends),
                    tao_rounded(Rao(it.emission_rao), 3),
                ]);
            }
            table.print(out)?;
        }
        if !self.stakes.is_empty() {
            writeln!(out, "\nstake")?;
            let columns = [number("netuid"), text("hotkey"), number("stake TAO")];
            let mut table = Table::new(room, columns);
            for it in &self.stakes {
                table.row([
                    format::netuid(NetUid(it.netuid)),
                    room.account(&it.hotkey.0),
                    tao(Rao(it.stake_rao)),
                ]);
            }
            table.print(out)?;
        }
        Ok(())
    }
}
