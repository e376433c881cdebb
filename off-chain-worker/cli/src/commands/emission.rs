//! `inktensor emission`: how much TAO is issued, and what each subnet draws of it.

use crate::{
    args::ListArgs,
    error::{Failure, Verdict},
    network::Network,
    output::{
        self,
        format::{grouped, tao, tao_rounded},
        table::{number, text, Room, Table},
    },
};
use inktensor_primitives::{
    emission::{Emission, Issuance},
    epoch::{EpochStatus, Epochs},
    registry::{Registry, Subnet},
    staking::Staking,
    NetUid, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Commands about emission.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show issuance, the next halving, and the budgets of subnets
    #[command(after_help = example!("emission show --url ws://127.0.0.1:9944"))]
    Show(Show),
}

/// Arguments of `emission show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    list: ListArgs,
}

/// Issuance, and the budgets of subnets.
#[derive(Serialize)]
struct EmissionView {
    block: u32,
    issued_rao: u64,
    issued_up_to_block: u32,
    minted_rao: u64,
    owed_rao: u64,
    genesis_rao: u64,
    per_block_rao: u64,
    total_weight_rao: u64,
    next_halving: Option<Halving>,
    subnets: Vec<Due>,
}

/// The next halving of the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Halving {
    /// Rao issued at the halving.
    issued_rao: u64,
    /// Blocks of emission until then, rounded up.
    blocks: u64,
}

/// A subnet, and the TAO that it would draw now.
#[derive(Serialize)]
struct Due {
    netuid: u16,
    name: String,
    /// Stake that weighed in the last closed epoch: the subnet shares in emission by it.
    matured_rao: u64,
    pending_rao: u64,
    open_epoch: Option<u32>,
    closes_at: Option<u32>,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Show(arguments) = command;
    let network = arguments.list.open()?;
    let issuance: Issuance = network.query(network.contracts().emission().issuance())?;
    let view = EmissionView {
        block: network.block()?,
        issued_rao: issuance.issued.0,
        issued_up_to_block: issuance.block,
        minted_rao: issuance.minted.0,
        owed_rao: issuance.owed.0,
        genesis_rao: issuance.genesis.0,
        per_block_rao: issuance.per_block.0,
        total_weight_rao: issuance.total_weight.0,
        next_halving: next_halving(&issuance),
        subnets: due(&network)?,
    };
    arguments.list.show(&view, out)?;
    Ok(Verdict::Good)
}

/// Reads what each subnet would draw.
fn due(network: &Network) -> Result<Vec<Due>, Failure> {
    let contracts = network.contracts();
    let count: u16 = network.query(contracts.registry().subnets())?;
    let each = || (1..=count).map(NetUid);
    let subnets: Vec<Option<Subnet>> =
        network.query_all(each().map(|it| contracts.registry().subnet(it)))?;
    let statuses: Vec<Option<EpochStatus>> =
        network.query_all(each().map(|it| contracts.epoch().status(it)))?;
    let stakes: Vec<Rao> =
        network.query_all(each().map(|it| contracts.staking().matured_stake(it)))?;
    let pending: Vec<Rao> = network.query_all(each().map(|it| contracts.emission().pending(it)))?;
    let rows = each().zip(subnets).zip(statuses).zip(stakes).zip(pending);
    let due = rows.filter_map(|((((netuid, subnet), status), stake), pending)| {
        let closes_at = status.as_ref().map(|status| status.closes_at);
        Some(Due {
            netuid: netuid.0,
            name: subnet?.name,
            matured_rao: stake.0,
            pending_rao: pending.0,
            open_epoch: status.map(|status| status.open),
            closes_at: closes_at.filter(|at| *at < u32::MAX),
        })
    });
    Ok(due.collect())
}

/// Returns the next halving; nothing once nothing is issued any more. The rate is one TAO halved k
/// times while less than `cap * (1 - 2^-(k+1))` is issued.
fn next_halving(issuance: &Issuance) -> Option<Halving> {
    let rate = issuance.per_block.0;
    let halved = (Rao::PER_TAO.checked_div(rate)?).checked_ilog2()?;
    let rest = Rao::CAP.0.checked_shr(halved + 1)?;
    let issued_rao = Rao::CAP.0 - rest;
    let missing = issued_rao.checked_sub(issuance.issued.0)?;
    Some(Halving {
        issued_rao,
        blocks: missing.div_ceil(rate),
    })
}

impl output::List for EmissionView {
    type Row = Due;

    fn rows(&self) -> &[Due] {
        &self.subnets
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "issued {} of {} TAO up to block {}, {} TAO a block",
            tao_rounded(Rao(self.issued_rao), 3),
            tao_rounded(Rao::CAP, 0),
            self.issued_up_to_block,
            tao(Rao(self.per_block_rao))
        )?;
        if let Some(next) = self.next_halving {
            writeln!(
                out,
                "halves at {} TAO issued, {} blocks of emission from there",
                tao_rounded(Rao(next.issued_rao), 0),
                grouped(next.blocks)
            )?;
        }
        writeln!(out)?;
        let columns = [
            number("netuid"),
            text("name"),
            number("matured TAO"),
            number("pending TAO"),
            number("epoch"),
            number("closes at"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.subnets {
            table.row([
                it.netuid.to_string(),
                it.name.escape_debug().to_string(),
                tao_rounded(Rao(it.matured_rao), 2),
                tao_rounded(Rao(it.pending_rao), 3),
                it.open_epoch.map(|it| it.to_string()).unwrap_or_default(),
                it.closes_at.map_or("never".into(), |at| at.to_string()),
            ]);
        }
        table.print(out)?;
        writeln!(out, "\nblock {}", self.block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuance(issued: u64, per_block: u64) -> Issuance {
        Issuance {
            issued: Rao(issued),
            per_block: Rao(per_block),
            block: 1,
            minted: Rao(0),
            owed: Rao(0),
            genesis: Rao(0),
            total_weight: Rao(1),
        }
    }

    #[test]
    fn the_rate_halves_at_half_of_what_is_left() {
        let tao = Rao::PER_TAO;
        for (issued, rate, at, blocks) in [
            (0, tao, 10_500_000, 10_500_000),
            (10_499_999 * tao, tao, 10_500_000, 1),
            (10_500_000 * tao, tao / 2, 15_750_000, 10_500_000),
            (15_750_000 * tao, tao / 4, 18_375_000, 10_500_000),
        ] {
            let halving = next_halving(&issuance(issued, rate)).unwrap();
            assert_eq!((halving.issued_rao, halving.blocks), (at * tao, blocks));
        }
        assert_eq!(next_halving(&issuance(Rao::CAP.0, 0)), None);
    }
}
