//! `inktensor emission`: how much TAO comes into being, and which subnet draws how much of it when.

use super::{Failure, Verdict};
use crate::{
    args::ChainArguments,
    output::{
        format::{grouped, tao},
        table::{show, table, tao_text},
    },
    session::print,
};
use inktensor_client::chain::{query_all, Typed};
use inktensor_primitives::{
    emission::{Emission, Issuance},
    epoch::{EpochStatus, Epochs},
    registry::{Registry, Subnet},
    staking::Staking,
    NetUid, Rao,
};
use serde_json::{json, Value};
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show issuance, the next halving, and what each subnet would draw now
    #[command(after_help = "Example:\n  inktensor emission show --url ws://127.0.0.1:9944")]
    Show(Show),
}

/// Which chain.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    chain: ChainArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What a subnet has coming.
struct Due {
    netuid: NetUid,
    subnet: Subnet,
    status: Option<EpochStatus>,
    stake: Rao,
    pending: Rao,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Show(arguments) = command;
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let issuance = chain.query(contracts.emission().issuance())?;
    let block = chain.block()?;
    let count = chain.query(contracts.registry().subnets())?;
    let netuids: Vec<NetUid> = (1..=count).map(NetUid).collect();
    let each = || netuids.iter().copied();
    let subnets: Vec<Option<Subnet>> =
        query_all(chain, each().map(|it| contracts.registry().subnet(it)))?;
    let statuses: Vec<Option<EpochStatus>> =
        query_all(chain, each().map(|it| contracts.epoch().status(it)))?;
    let stakes: Vec<Rao> = query_all(chain, each().map(|it| contracts.staking().subnet_stake(it)))?;
    let pending: Vec<Rao> = query_all(chain, each().map(|it| contracts.emission().pending(it)))?;
    let rows = each().zip(subnets).zip(statuses).zip(stakes).zip(pending);
    let due: Vec<Due> = rows
        .filter_map(|((((netuid, subnet), status), stake), pending)| {
            Some(Due {
                netuid,
                subnet: subnet?,
                status,
                stake,
                pending,
            })
        })
        .collect();
    if arguments.json {
        print(&document(block, &issuance, &due), out)?;
        return Ok(Verdict::Good);
    }
    let rate = tao_text(issuance.per_block);
    writeln!(
        out,
        "issued {} of {} TAO up to block {}, {rate} TAO a block",
        tao(issuance.issued.0, 3),
        tao(Rao::CAP.0, 0),
        issuance.block,
    )?;
    if let Some(next) = next_halving(&issuance) {
        writeln!(
            out,
            "halves at {} TAO issued, {} blocks of emission from there",
            tao(next.at.0, 0),
            grouped(next.blocks)
        )?;
    }
    writeln!(out)?;
    let header = [
        "netuid",
        "name",
        "stake TAO",
        "pending TAO",
        "epoch",
        "closes at",
    ];
    let mut rows = table(header, &[0, 2, 3, 4, 5]);
    for it in &due {
        let status = it.status.as_ref();
        rows.add_row([
            it.netuid.0.to_string(),
            it.subnet.name.escape_debug().to_string(),
            tao(it.stake.0, 2),
            tao(it.pending.0, 3),
            status.map_or_else(String::new, |status| status.open.to_string()),
            closing(status),
        ]);
    }
    show(&rows, out)?;
    writeln!(out, "\nblock {block}")?;
    Ok(Verdict::Good)
}

/// When the open epoch may close.
fn closing(status: Option<&EpochStatus>) -> String {
    match status.map(|status| status.closes_at) {
        None | Some(u32::MAX) => "never".into(),
        Some(at) => at.to_string(),
    }
}

/// When the rate halves next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Halving {
    /// What is issued then.
    at: Rao,
    /// Blocks of emission until then, rounded up.
    blocks: u64,
}

/// The next halving; none once nothing is issued any more. The rate is one TAO halved k times while
/// less than `cap * (1 - 2^-(k+1))` is issued.
fn next_halving(issuance: &Issuance) -> Option<Halving> {
    let rate = issuance.per_block.0;
    let halved = (Rao::PER_TAO.checked_div(rate)?).checked_ilog2()?;
    let rest = Rao::CAP.0.checked_shr(halved + 1)?;
    let at = Rao(Rao::CAP.0 - rest);
    let missing = at.0.checked_sub(issuance.issued.0)?;
    Some(Halving {
        at,
        blocks: missing.div_ceil(rate),
    })
}

fn document(block: u32, issuance: &Issuance, due: &[Due]) -> Value {
    let subnets: Vec<Value> = due
        .iter()
        .map(|it| {
            json!({
                "netuid": it.netuid.0,
                "name": it.subnet.name,
                "stake_rao": it.stake.0,
                "pending_rao": it.pending.0,
                "open_epoch": it.status.as_ref().map(|status| status.open),
                "closes_at": it.status.as_ref().map(|status| status.closes_at).filter(|at| *at < u32::MAX),
            })
        })
        .collect();
    let halving = next_halving(issuance);
    json!({
        "block": block,
        "issued_rao": issuance.issued.0,
        "issued_up_to_block": issuance.block,
        "minted_rao": issuance.minted.0,
        "genesis_rao": issuance.genesis.0,
        "per_block_rao": issuance.per_block.0,
        "total_weight_rao": issuance.total_weight.0,
        "next_halving": halving.map(|it| json!({ "issued_rao": it.at.0, "blocks": it.blocks })),
        "subnets": subnets,
    })
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
            assert_eq!((halving.at, halving.blocks), (Rao::from_tao(at), blocks));
        }
        assert_eq!(next_halving(&issuance(Rao::CAP.0, 0)), None);
    }
}
