//! Shows the weights that a neuron has set.

use crate::{
    args::{ListArgs, NetuidArg},
    error::Failure,
    output::{
        self,
        format::share_of,
        json::Address,
        table::{number, Room, Table},
    },
    values,
};
use inktensor_primitives::{
    epoch::{Epochs, WeightsRow},
    registry::Registry,
    NetUid, Uid,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `weights show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The validator's uid
    #[arg(long, value_parser = values::uid, value_name = "NUMBER")]
    uid: Uid,
}

/// The weights that a neuron has set.
#[derive(Serialize)]
struct WeightsOf {
    netuid: u16,
    uid: u16,
    hotkey: Option<Address>,
    updated_at: u32,
    uids: Vec<u16>,
    weights: Vec<u16>,
    #[serde(skip)]
    rows: Vec<WeightRow>,
}

#[derive(Serialize)]
struct WeightRow {
    uid: u16,
    weight: u16,
    share: f64,
}

/// Shows weights.
pub fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, uid) = (arguments.netuid.netuid, arguments.uid);
    let network = arguments.list.open()?;
    let row: Option<WeightsRow> =
        network.query(network.contracts().epoch().weights(netuid, uid))?;
    let row = row.ok_or_else(|| {
        Failure::missing(format_args!(
            "row of weights of uid {} on subnet {}: the neuron has set none",
            uid.0, netuid.0
        ))
    })?;
    let neuron = network.query(network.contracts().registry().neuron(netuid, uid))?;
    let answer = WeightsOf::new(netuid, uid, neuron.map(|it| it.hotkey.into()), row);
    Ok(arguments.list.show(&answer, out)?)
}

impl WeightsOf {
    fn new(netuid: NetUid, uid: Uid, hotkey: Option<Address>, row: WeightsRow) -> Self {
        let sum: u32 = row.weights.iter().map(|weight| u32::from(*weight)).sum();
        let uids: Vec<u16> = row.uids.iter().map(|uid| uid.0).collect();
        let rows = uids
            .iter()
            .zip(&row.weights)
            .map(|(uid, weight)| WeightRow {
                uid: *uid,
                weight: *weight,
                share: f64::from(*weight) / f64::from(sum.max(1)),
            });
        Self {
            netuid: netuid.0,
            uid: uid.0,
            hotkey,
            updated_at: row.updated_at,
            rows: rows.collect(),
            uids,
            weights: row.weights,
        }
    }
}

impl output::List for WeightsOf {
    type Row = WeightRow;

    fn rows(&self) -> &[WeightRow] {
        &self.rows
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        if let Some(hotkey) = &self.hotkey {
            let hotkey = room.account(&hotkey.0);
            writeln!(out, "{hotkey}, at block {}", self.updated_at)?;
        }
        let columns = [number("uid"), number("weight"), number("share")];
        let mut table = Table::new(room, columns);
        for it in &self.rows {
            table.row([
                it.uid.to_string(),
                it.weight.to_string(),
                share_of(it.share),
            ]);
        }
        table.print(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::List;

    #[test]
    fn shares_add_up_to_one() {
        let row = WeightsRow {
            updated_at: 7,
            uids: vec![Uid(2), Uid(3), Uid(4)],
            weights: vec![65_535, 32_768, 10_923],
        };
        let shown = WeightsOf::new(NetUid(1), Uid(0), None, row);
        let mut out = Vec::new();
        shown.table(Room::Narrow, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for share in ["60.00 %", "30.00 %", "10.00 %"] {
            assert!(text.contains(share), "{text}");
        }
    }
}
