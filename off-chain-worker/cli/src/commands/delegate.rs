//! `inktensor delegate`: the hotkeys that one can stake on.

use super::{metagraph::neurons, stake::percent, Failure, Verdict};
use crate::{
    args::ChainArguments,
    output::{
        format::tao,
        table::{account, is_wide, show, table},
    },
    session::print,
};
use inktensor_client::{
    chain::{query_all, ChainRead, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    registry::Registry, staking::Staking, AccountId, Bps, NetUid, Rao, Uid,
};
use serde_json::{json, Value};
use std::{cmp::Reverse, collections::BTreeMap, io::Write};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List the hotkeys that validate somewhere, those with the most stake first
    #[command(
        after_help = "Example:\n  inktensor delegate list --url ws://127.0.0.1:9944 --netuid 1"
    )]
    List(List),
}

/// Where to look.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// Look on this subnet only
    #[arg(long, value_name = "NUMBER")]
    netuid: Option<u16>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A delegate, and where it validates.
struct Delegate {
    owner: AccountId,
    take: Bps,
    seats: Vec<Validating>,
}

/// A seat with a permit.
#[derive(Clone, Copy)]
struct Validating {
    netuid: NetUid,
    uid: Uid,
    stake: Rao,
    paid: Rao,
}

impl Delegate {
    fn stake(&self) -> u64 {
        self.seats.iter().map(|seat| seat.stake.0).sum()
    }

    fn paid(&self) -> u64 {
        self.seats.iter().map(|seat| seat.paid.0).sum()
    }
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::List(arguments) = command;
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let count = chain.query(contracts.registry().subnets())?;
    let netuids = match arguments.netuid {
        Some(netuid) => netuid..=netuid,
        None => 1..=count,
    };
    let mut all = delegates(chain, &contracts, netuids.map(NetUid))?;
    all.sort_by_key(|(hotkey, it)| (Reverse(it.stake()), *hotkey));
    if arguments.json {
        let documents = all.iter().map(|(hotkey, it)| document(hotkey, it));
        print(&Value::Array(documents.collect()), out)?;
        return Ok(Verdict::Good);
    }
    let is_wide = is_wide();
    let mut header = vec!["hotkey"];
    header.extend(is_wide.then_some("owner"));
    header.extend(["take", "stake TAO", "paid TAO", "validates on"]);
    let first = header.len() - 4;
    let mut rows = table(header, &[first, first + 1, first + 2]);
    for (hotkey, it) in &all {
        let mut row = vec![account(hotkey)];
        row.extend(is_wide.then(|| account(&it.owner)));
        let places: Vec<String> = it.seats.iter().map(|at| at.netuid.0.to_string()).collect();
        row.extend([
            percent(it.take),
            tao(it.stake(), 3),
            tao(it.paid(), 3),
            places.join(" "),
        ]);
        rows.add_row(row);
    }
    show(&rows, out)?;
    Ok(Verdict::Good)
}

/// Everybody who had a permit in the last settled epoch of any of `netuids`.
fn delegates(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuids: impl Iterator<Item = NetUid>,
) -> Result<Vec<(AccountId, Delegate)>, Failure> {
    let mut found: BTreeMap<AccountId, (AccountId, Vec<Validating>)> = BTreeMap::new();
    for netuid in netuids {
        let mut seated = neurons(chain, contracts, netuid)?;
        seated.retain(|it| it.score.permit);
        let messages = seated.iter().map(|it| {
            contracts
                .staking()
                .hotkey_stake(netuid, it.neuron.identity())
        });
        let stakes: Vec<Rao> = query_all(chain, messages)?;
        for (it, stake) in seated.iter().zip(stakes) {
            let neuron = &it.neuron;
            let (_, seats) = found
                .entry(neuron.identity())
                .or_insert_with(|| (neuron.coldkey, Vec::new()));
            seats.push(Validating {
                netuid,
                uid: it.uid,
                stake,
                paid: it.score.emission,
            });
        }
    }
    let messages = found.keys().map(|hotkey| contracts.staking().take(*hotkey));
    let takes: Vec<Bps> = query_all(chain, messages)?;
    let all = found.into_iter().zip(takes);
    Ok(all
        .map(|((hotkey, (owner, seats)), take)| (hotkey, Delegate { owner, take, seats }))
        .collect())
}

fn document(hotkey: &AccountId, it: &Delegate) -> Value {
    let seats: Vec<Value> = it
        .seats
        .iter()
        .map(|at| {
            json!({
                "netuid": at.netuid.0,
                "uid": at.uid.0,
                "stake_rao": at.stake.0,
                "emission_rao": at.paid.0,
            })
        })
        .collect();
    json!({
        "hotkey": ss58(hotkey),
        "owner": ss58(&it.owner),
        "take_bps": it.take.0,
        "stake_rao": it.stake(),
        "emission_rao": it.paid(),
        "validates": seats,
    })
}
