//! Lists the commits of a neuron.

use crate::{
    args::{ListArgs, NetuidArg, Who},
    error::Failure,
    output::{
        self,
        format::count,
        json::{Address, Hex},
        table::{number, text, Room, Table},
    },
};
use inktensor_primitives::epoch::{CommitState, CommitsView, Epochs};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `weights commits`.
#[derive(clap::Args)]
pub struct Commits {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

/// Commits that are not revealed.
#[derive(Serialize)]
struct CommitList {
    netuid: u16,
    hotkey: Address,
    commits: Vec<CommitRow>,
    missed: u32,
}

#[derive(Serialize)]
struct CommitRow {
    hash: Hex,
    epoch: u32,
    block: u32,
    reveals_in: u32,
    state: &'static str,
}

/// Lists commits that are not revealed.
pub fn commits(arguments: &Commits, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let hotkey = arguments.list.chain.account(&arguments.hotkey)?;
    let network = arguments.list.open()?;
    let found: CommitsView = network.query(network.contracts().epoch().commits(netuid, hotkey))?;
    let rows = found.commits.iter().map(|it| CommitRow {
        hash: Hex::from(it.hash),
        epoch: it.epoch,
        block: it.block,
        reveals_in: it.reveals_in,
        state: match it.state {
            CommitState::Waiting => "waiting",
            CommitState::Due => "due",
            CommitState::Missed => "missed",
        },
    });
    let answer = CommitList {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        commits: rows.collect(),
        missed: found.missed,
    };
    Ok(arguments.list.show(&answer, out)?)
}

impl output::List for CommitList {
    type Row = CommitRow;

    fn rows(&self) -> &[CommitRow] {
        &self.commits
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            text("hash"),
            number("in epoch"),
            number("at block"),
            number("reveal in"),
            text("state"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.commits {
            let hash = it.hash.as_str();
            let start = hash.get(..14).filter(|_| room != Room::All);
            table.row([
                start.unwrap_or(hash).into(),
                it.epoch.to_string(),
                it.block.to_string(),
                it.reveals_in.to_string(),
                it.state.into(),
            ]);
        }
        table.print(out)?;
        writeln!(out, "\nnever revealed: {}", count(self.missed, "commit"))
    }
}
