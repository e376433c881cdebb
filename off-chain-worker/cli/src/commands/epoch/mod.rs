//! `inktensor epoch`: where a subnet's epochs stand.

mod bonds;

use super::{Failure, Verdict};
use crate::{
    args::ChainArguments,
    output::table::tao_text,
    session::{missing, print},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, Settlement, Stage},
    kernel::{Budget, EpochHeader},
    NetUid, Rao,
};
use serde_json::{json, Value};
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show which epoch is open, and where the one before it stands
    #[command(
        after_help = "Example:\n  inktensor epoch show --url ws://127.0.0.1:9944 --netuid 1"
    )]
    Show(Show),
    /// Show the bonds that the last final epoch left, proven by the hashes that the chain keeps
    ///
    /// The chain has no bonds, only a hash of those of each chunk. They are computed again from
    /// the epoch's inputs and must have these hashes.
    #[command(
        after_help = "Example:\n  inktensor epoch bonds --url ws://127.0.0.1:9944 --netuid 1 --uid 0"
    )]
    Bonds(bonds::Bonds),
}

/// Which subnet.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let arguments = match command {
        Command::Show(arguments) => arguments,
        Command::Bonds(arguments) => return bonds::bonds(arguments, out),
    };
    let netuid = NetUid(arguments.netuid);
    let opened = arguments.chain.open()?;
    let (chain, epochs) = (opened.chain.as_ref(), || opened.contracts.epoch());
    let status = chain.query(epochs().status(netuid))?;
    let status = status.ok_or_else(|| missing(format_args!("subnet {}", netuid.0)))?;
    let header = chain.query(epochs().header(netuid))?;
    let bond = chain.query(epochs().bond_required(netuid))?;
    let block = chain.block()?;
    if arguments.json {
        print(
            &document(netuid, block, &status, header.as_ref(), bond),
            out,
        )?;
    } else {
        show(netuid, block, &status, header.as_ref(), bond, out)?;
    }
    Ok(Verdict::Good)
}

fn show(
    netuid: NetUid,
    block: u32,
    status: &EpochStatus,
    header: Option<&EpochHeader>,
    bond: Rao,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(out, "subnet {} at block {block}", netuid.0)?;
    let (open, opened, closes) = (status.open, status.opened_at, status.closes_at);
    if closes == u32::MAX {
        writeln!(out, "open       epoch {open}, and the subnet does not run")?;
    } else {
        writeln!(
            out,
            "open       epoch {open}, since block {opened}, closes from block {closes} on"
        )?;
    }
    let closed = open.saturating_sub(1);
    match &status.stage {
        Stage::Open => {}
        Stage::Closed => {
            writeln!(
                out,
                "closed     epoch {closed}, nobody has posted it; a bond of {} TAO is needed",
                tao_text(bond)
            )?;
        }
        Stage::Asserted {
            assertion,
            proposer,
            bond,
            deadline,
        } => {
            writeln!(
                out,
                "posted     epoch {closed}, can be disputed before block {deadline}"
            )?;
            writeln!(out, "           {}", hex(assertion))?;
            writeln!(
                out,
                "           by {}, bond {} TAO",
                ss58(proposer),
                tao_text(*bond)
            )?;
        }
        Stage::Replaying { next } => {
            writeln!(out, "replaying  epoch {closed}, step {next} is next")?;
        }
    }
    for (what, at) in [
        ("replayed", status.replays_at),
        ("given up", status.rolls_over_at),
    ] {
        if let Some(at) = at {
            writeln!(out, "           can be {what} from block {at} on")?;
        }
    }
    if let Some(header) = header {
        writeln!(
            out,
            "header     epoch {}, {} neurons, {} permits, budget {} TAO",
            header.epoch,
            header.neurons,
            header.roster.len(),
            tao_text(budget(header))
        )?;
        writeln!(out, "           {}", hex(&header.digest()))?;
    }
    match status.final_epoch {
        Some(last) => writeln!(out, "final      epoch {last}")?,
        None => writeln!(out, "final      none yet")?,
    }
    if let Some(settling) = &status.settling {
        let (done, chunks) = (settled(settling), settling.chunks());
        writeln!(
            out,
            "settling   epoch {}, {done} of {chunks} chunks, {} of {} TAO paid",
            settling.epoch,
            tao_text(settling.paid),
            tao_text(settling.budget)
        )?;
    }
    Ok(())
}

fn budget(header: &EpochHeader) -> Rao {
    match header.budget {
        Budget::Split { miners, validators } => Rao(miners.0.saturating_add(validators.0)),
        Budget::Combined(total) => total,
    }
}

fn settled(settling: &Settlement) -> usize {
    (0..settling.chunks())
        .filter(|chunk| settling.is_settled(*chunk))
        .count()
}

fn document(
    netuid: NetUid,
    block: u32,
    status: &EpochStatus,
    header: Option<&EpochHeader>,
    bond: Rao,
) -> Value {
    let stage = match &status.stage {
        Stage::Open => json!({ "name": "open" }),
        Stage::Closed => json!({ "name": "closed" }),
        Stage::Asserted {
            assertion,
            proposer,
            bond,
            deadline,
        } => json!({
            "name": "asserted",
            "assertion": hex(assertion),
            "proposer": ss58(proposer),
            "bond_rao": bond.0,
            "deadline": deadline,
        }),
        Stage::Replaying { next } => json!({ "name": "replaying", "next": next }),
    };
    json!({
        "netuid": netuid.0,
        "block": block,
        "open_epoch": status.open,
        "opened_at": status.opened_at,
        "closes_at": status.closes_at,
        "stage": stage,
        "final_epoch": status.final_epoch,
        "replays_at": status.replays_at,
        "rolls_over_at": status.rolls_over_at,
        "bond_required_rao": bond.0,
        "header": header.map(|header| json!({
            "digest": hex(&header.digest()),
            "epoch": header.epoch,
            "closed_at": header.closed_at,
            "neurons": header.neurons,
            "kernel": ss58(&header.kernel),
            "kernel_code": hex(&header.kernel_code),
            "budget_rao": budget(header).0,
            "roster": header.roster.iter().map(|uid| uid.0).collect::<Vec<_>>(),
        })),
        "settling": status.settling.as_ref().map(|settling| json!({
            "epoch": settling.epoch,
            "chunks": settling.chunks(),
            "settled": settled(settling),
            "budget_rao": settling.budget.0,
            "paid_rao": settling.paid.0,
        })),
    })
}
