//! The last epochs of a subnet's training, as its chain has them. Nothing is computed.

use super::{OnSubnet, Replay};
use crate::{
    commands::{evidence::Chain, neural::unknown_key},
    error::{Failure, Verdict},
    output::{
        self,
        json::Hex,
        table::{number, text, Room, Table},
        View,
    },
};
use inktensor_neuron::{evidence::history::History, fold::history::PastEpoch};
use inktensor_primitives::NetUid;
use serde::Serialize;
use std::io::{self, Write};

/// Digits of a hash in the table. `--json` has all.
const DIGITS: usize = 18;

/// An epoch by its pledges and votes.
#[derive(Serialize)]
struct Row {
    epoch: u32,
    /// The start that most stake names.
    start: Option<Hex>,
    /// Number of pledges.
    pledges: usize,
    /// Number of miners whose ends are joined.
    joined: usize,
    /// Steps of those miners.
    steps: u64,
}

/// The last epochs of a training.
#[derive(Serialize)]
struct Status {
    netuid: u16,
    manifest: Hex,
    /// Hash of the state that the manifest names.
    first: Hex,
    open: u32,
    epochs: Vec<Row>,
}

impl View for Status {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "subnet {}, epoch {} is open", self.netuid, self.open)?;
        writeln!(out, "manifest {}", self.manifest)?;
        let columns = [
            number("epoch"),
            text("start by most stake"),
            number("pledges"),
            number("joined"),
            number("steps"),
        ];
        let mut table = Table::new(Room::of_terminal(), columns);
        for row in &self.epochs {
            let start = row.start.as_ref().map(ToString::to_string);
            let start = start.map(|text| text.chars().take(DIGITS).collect::<String>() + "..");
            table.row([
                row.epoch.to_string(),
                start.unwrap_or_else(|| "no majority".into()),
                row.pledges.to_string(),
                row.joined.to_string(),
                row.steps.to_string(),
            ]);
        }
        table.print(out)?;
        writeln!(out, "`train replay` computes them again, with their losses")
    }
}

/// Prints the last `most` epochs whose votes can be counted.
pub fn status(
    subnet: &OnSubnet,
    netuid: NetUid,
    most: u32,
    json: bool,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let chain = Chain::new(&subnet.chain);
    let means = subnet.neural.means(unknown_key()?)?;
    let replay = Replay::open(&chain, &means, netuid)?;
    let network = chain.network("the pledges", "name a folder with --in")?;
    let read = |first| History::read(network.chain(), &replay.contracts, netuid, first);
    let open = read(u32::MAX).map_err(Failure::input)?.open;
    let from = open.saturating_sub(most);
    let history = read(from).map_err(Failure::input)?;
    let mut epochs = Vec::new();
    for epoch in from..=open {
        if !history.opened_at.contains_key(&epoch) {
            continue;
        }
        let of = (replay.home, netuid);
        let past = PastEpoch::read(&history, &replay.contracts, of, &replay.training, epoch);
        let Some(past) = past.map_err(Failure::input)? else {
            continue;
        };
        let start = past.voted_start();
        let members = start.map_or_else(Vec::new, |start| past.members(&start));
        epochs.push(Row {
            epoch,
            start: start.map(Hex::from),
            pledges: past.pledges.works.len(),
            joined: members.len(),
            steps: members.iter().map(|it| u64::from(it.work.steps)).sum(),
        });
    }
    let status = Status {
        netuid: netuid.0,
        manifest: Hex::from(replay.pledged.manifest),
        first: Hex::from(replay.first),
        open,
        epochs,
    };
    output::show(json, &status, out)?;
    Ok(Verdict::Good)
}
