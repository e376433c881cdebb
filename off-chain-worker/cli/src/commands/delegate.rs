//! `inktensor delegate`: the hotkeys that validate, for stakers to choose from.

use crate::{
    args::ListArgs,
    error::{Failure, Verdict},
    network::Network,
    output::{
        self,
        format::{percent, tao_rounded},
        json::Address,
        table::{number, text, Room, Table},
    },
    values,
};
use inktensor_primitives::{
    registry::{NeuronView, Registry},
    staking::Staking,
    AccountId, Bps, NetUid, Rao,
};
use serde::Serialize;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
};

/// Commands about delegates.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List the hotkeys with a permit, those with the most stake first
    #[command(after_help = example!("delegate list --url ws://127.0.0.1:9944 --netuid 1"))]
    List(List),
}

/// Arguments of `delegate list`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    /// On this subnet only
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    netuid: Option<NetUid>,
}

/// All delegates.
#[derive(Serialize)]
#[serde(transparent)]
struct Delegates(Vec<Delegate>);

/// A delegate, and the seats on which it has a permit.
#[derive(Serialize)]
struct Delegate {
    hotkey: Address,
    owner: Address,
    take_bps: u16,
    stake_rao: u64,
    emission_rao: u64,
    validates: Vec<Validating>,
}

/// A seat with a permit.
#[derive(Serialize)]
struct Validating {
    netuid: u16,
    uid: u16,
    stake_rao: u64,
    emission_rao: u64,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::List(arguments) = command;
    let network = arguments.list.open()?;
    let netuids: Vec<NetUid> = match arguments.netuid {
        Some(netuid) => vec![netuid],
        None => {
            let count: u16 = network.query(network.contracts().registry().subnets())?;
            (1..=count).map(NetUid).collect()
        }
    };
    let delegates = delegates(&network, &netuids)?;
    arguments.list.show(&delegates, out)?;
    Ok(Verdict::Good)
}

/// Returns all hotkeys that had a permit in the last settled epoch of any of `netuids`.
fn delegates(network: &Network, netuids: &[NetUid]) -> Result<Delegates, Failure> {
    let staking = || network.contracts().staking();
    let mut found: BTreeMap<AccountId, (AccountId, Vec<Validating>)> = BTreeMap::new();
    for netuid in netuids {
        let mut seated: Vec<NeuronView> = network.neurons(*netuid)?;
        seated.retain(|it| it.score.permit);
        let identities = seated.iter().map(|it| it.neuron.identity());
        let stakes = identities.map(|it| staking().hotkey_stake(*netuid, it));
        let stakes: Vec<Rao> = network.query_all(stakes)?;
        for (it, stake) in seated.iter().zip(stakes) {
            let (_, validates) = found
                .entry(it.neuron.identity())
                .or_insert_with(|| (it.neuron.coldkey, Vec::new()));
            validates.push(Validating {
                netuid: netuid.0,
                uid: it.uid.0,
                stake_rao: stake.0,
                emission_rao: it.score.emission.0,
            });
        }
    }
    let takes = found.keys().map(|hotkey| staking().take(*hotkey));
    let takes: Vec<Bps> = network.query_all(takes)?;
    let all = found.into_iter().zip(takes);
    let mut all: Vec<Delegate> = all
        .map(|((hotkey, (owner, validates)), take)| Delegate {
            hotkey: hotkey.into(),
            owner: owner.into(),
            take_bps: take.0,
            stake_rao: validates.iter().map(|it| it.stake_rao).sum(),
            emission_rao: validates.iter().map(|it| it.emission_rao).sum(),
            validates,
        })
        .collect();
    all.sort_by_key(|it| (Reverse(it.stake_rao), it.hotkey));
    Ok(Delegates(all))
}

impl output::List for Delegates {
    type Row = Delegate;

    fn rows(&self) -> &[Delegate] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            text("hotkey"),
            text("owner").from(Room::Wide),
            number("take"),
            number("stake TAO"),
            number("paid TAO"),
            text("validates on"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.0 {
            let subnets = it.validates.iter().map(|it| it.netuid.to_string());
            table.row([
                room.account(&it.hotkey.0),
                room.account(&it.owner.0),
                percent(Bps(it.take_bps)),
                tao_rounded(Rao(it.stake_rao), 3),
                tao_rounded(Rao(it.emission_rao), 3),
                subnets.collect::<Vec<_>>().join(" "),
            ]);
        }
        table.print(out)
    }
}
