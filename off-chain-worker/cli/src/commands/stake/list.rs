//! Positions of a coldkey, and the stake on a hotkey.

use crate::{
    args::{ListArgs, Who},
    error::Failure,
    network::Network,
    output::{
        self,
        format::{self, count, tao},
        json::Address,
        table::{number, text, Room, Table},
    },
    values,
};
use inktensor_primitives::{
    staking::{NominatorView, Staking},
    AccountId, NetUid, Rao, PAGE,
};
use serde::Serialize;
use std::{
    cmp::Reverse,
    io::{self, Write},
};

/// Arguments of `stake list`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    /// The coldkey whose positions are listed
    #[arg(
        long,
        value_name = "NAME|ADDRESS",
        required_unless_present = "hotkey",
        conflicts_with = "hotkey"
    )]
    coldkey: Option<Who>,
    /// Instead: the hotkey on which all stake is listed
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// On this subnet only
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    netuid: Option<NetUid>,
}

/// Positions of a coldkey.
#[derive(Serialize)]
struct Positions {
    coldkey: Address,
    stakes: Vec<PositionRow>,
}

#[derive(Serialize)]
struct PositionRow {
    netuid: u16,
    hotkey: Address,
    stake_rao: u64,
    /// Part that was added in the open epoch, and weighs from the next one on.
    pending_rao: u64,
    claimable_rao: Option<u64>,
}

/// Stake on a hotkey.
#[derive(Serialize)]
struct Nominators {
    hotkey: Address,
    stakes: Vec<NominatorRow>,
}

#[derive(Serialize)]
struct NominatorRow {
    netuid: u16,
    coldkey: Address,
    stake_rao: u64,
    /// Part that was added in the open epoch, and weighs from the next one on.
    pending_rao: u64,
}

/// Lists stake.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let chain = &arguments.list.chain;
    match (&arguments.coldkey, &arguments.hotkey) {
        (Some(coldkey), _) => {
            let coldkey = chain.account(coldkey)?;
            let answer = positions(&arguments.list.open()?, coldkey, arguments.netuid)?;
            Ok(arguments.list.show(&answer, out)?)
        }
        (None, Some(hotkey)) => {
            let hotkey = chain.account(hotkey)?;
            let answer = nominators(&arguments.list.open()?, hotkey, arguments.netuid)?;
            Ok(arguments.list.show(&answer, out)?)
        }
        (None, None) => Err(Failure::missing("coldkey: name one with --coldkey")),
    }
}

fn positions(
    network: &Network,
    coldkey: AccountId,
    netuid: Option<NetUid>,
) -> Result<Positions, Failure> {
    let mut found = network.positions(coldkey)?;
    found.retain(|it| netuid.is_none_or(|netuid| it.netuid == netuid));
    let claims = network.claimable(coldkey, &found)?;
    let stakes = found.iter().zip(claims).map(|(it, claim)| PositionRow {
        netuid: it.netuid.0,
        hotkey: it.hotkey.into(),
        stake_rao: it.stake.0,
        pending_rao: it.pending.0,
        claimable_rao: claim.map(|claim| claim.0),
    });
    Ok(Positions {
        coldkey: coldkey.into(),
        stakes: stakes.collect(),
    })
}

fn nominators(
    network: &Network,
    hotkey: AccountId,
    netuid: Option<NetUid>,
) -> Result<Nominators, Failure> {
    let staking = || network.contracts().staking();
    let count: u32 = network.query(staking().nominator_count(hotkey))?;
    let pages = (0..count.div_ceil(PAGE.into())).map(|page| staking().nominators(hotkey, page));
    let mut found: Vec<NominatorView> = network.query_pages(pages)?;
    found.retain(|it| netuid.is_none_or(|netuid| it.netuid == netuid));
    found.sort_by_key(|it| (it.netuid, Reverse(it.stake), it.coldkey));
    let stakes = found.iter().map(|it| NominatorRow {
        netuid: it.netuid.0,
        coldkey: it.coldkey.into(),
        stake_rao: it.stake.0,
        pending_rao: it.pending.0,
    });
    Ok(Nominators {
        hotkey: hotkey.into(),
        stakes: stakes.collect(),
    })
}

/// Returns pending stake for a table; nothing without any.
fn pending(amount: u64) -> String {
    if amount == 0 {
        String::new()
    } else {
        tao(Rao(amount))
    }
}

/// Prints the sum below a table.
fn sum(amounts: impl ExactSizeIterator<Item = u64>, out: &mut dyn Write) -> io::Result<()> {
    let positions = u32::try_from(amounts.len()).unwrap_or(u32::MAX);
    let sum = amounts.fold(0u64, u64::saturating_add);
    let positions = count(positions, "position");
    writeln!(out, "\n{} TAO in {positions}", tao(Rao(sum)))
}

impl output::List for Positions {
    type Row = PositionRow;

    fn rows(&self) -> &[PositionRow] {
        &self.stakes
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("netuid"),
            text("hotkey"),
            number("stake TAO"),
            number("pending TAO"),
            number("claimable TAO"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.stakes {
            table.row([
                format::netuid(NetUid(it.netuid)),
                room.account(&it.hotkey.0),
                tao(Rao(it.stake_rao)),
                pending(it.pending_rao),
                it.claimable_rao.map(|it| tao(Rao(it))).unwrap_or_default(),
            ]);
        }
        table.print(out)?;
        sum(self.stakes.iter().map(|it| it.stake_rao), out)
    }
}

impl output::List for Nominators {
    type Row = NominatorRow;

    fn rows(&self) -> &[NominatorRow] {
        &self.stakes
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("netuid"),
            text("coldkey"),
            number("stake TAO"),
            number("pending TAO"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.stakes {
            table.row([
                format::netuid(NetUid(it.netuid)),
                room.account(&it.coldkey.0),
                tao(Rao(it.stake_rao)),
                pending(it.pending_rao),
            ]);
        }
        table.print(out)?;
        sum(self.stakes.iter().map(|it| it.stake_rao), out)
    }
}
