//! `inktensor verify`: recomputes a posted epoch and says whether it is right.

use super::{Failure, Verdict};
use crate::{args::ChainArguments, verifier};
use inktensor_compute::epoch::{Difference, EpochError, Part};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{NetUid, Uid};
use inktensor_worker::verify::{Fate, Finding, Origin, Verified};
use serde_json::{json, Value};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Uids and values that are listed; there may be thousands.
const LISTED: usize = 40;

/// Which epoch to recompute.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  inktensor verify --url ws://127.0.0.1:9944 --netuid 1 --epoch 3"
)]
pub struct Arguments {
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The epoch
    #[arg(long, value_name = "NUMBER")]
    epoch: u32,
    #[command(flatten)]
    chain: ChainArguments,
    /// The store of a worker that was there, for epochs whose inputs the chain no longer has
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let opened = arguments.chain.open()?;
    let (netuid, epoch) = (NetUid(arguments.netuid), arguments.epoch);
    let verified = verifier::verifying(&opened, arguments.store.as_ref(), |verifier| {
        verifier.verify(netuid, epoch).map_err(Failure::input)
    })?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&document(&verified)).map_err(io::Error::from)?;
        writeln!(out, "{text}")?;
    } else {
        print(&verified, out)?;
    }
    Ok(if verified.finding.is_none() {
        Verdict::Good
    } else {
        Verdict::Bad
    })
}

fn print(verified: &Verified, out: &mut dyn Write) -> io::Result<()> {
    let posted = &verified.posted;
    let fate = match posted.fate {
        Fate::Standing { deadline } => format!("can be disputed before block {deadline}"),
        Fate::Final => "final".into(),
        Fate::Slashed => "slashed".into(),
    };
    let verdict = match verified.finding {
        None => "correct",
        Some(_) => "WRONG",
    };
    writeln!(
        out,
        "epoch {} of subnet {}: {verdict}",
        verified.epoch, verified.netuid.0
    )?;
    writeln!(out, "header     {}", hex(&verified.header_hash))?;
    writeln!(out, "posted     {}, {fate}", hex(&posted.digest))?;
    match &posted.proposer {
        Some(proposer) => writeln!(out, "by         {}", hex(proposer.as_ref()))?,
        None => writeln!(out, "by         nobody: the chain came to it itself")?,
    }
    if posted.slashed > 0 {
        writeln!(out, "slashed    {} of its assertions", posted.slashed)?;
    }
    let (steps, origin) = (verified.steps, origin(verified.origin));
    match &verified.honest {
        Ok(honest) => writeln!(
            out,
            "recomputed {}, {steps} steps, inputs from {origin}",
            hex(honest)
        )?,
        Err(error) => writeln!(
            out,
            "recomputed no assertion of it can be right: {error}; inputs from {origin}"
        )?,
    }
    match &verified.finding {
        None => Ok(()),
        Some(finding) => print_finding(finding, out),
    }
}

fn print_finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    match &finding.difference {
        Some(difference) => writeln!(out, "first      {difference}")?,
        None => writeln!(
            out,
            "first      not known: the chain told only the hash of what it came to"
        )?,
    }
    writeln!(out, "concerns   uids {}", listed(&finding.uids))?;
    let step = matches!(
        finding.difference,
        Some(Difference::Step {
            part: Part::Step | Part::Memory,
            ..
        })
    );
    if step {
        writeln!(
            out,
            "           what was posted there is known only by its hash"
        )?;
    }
    if !finding.added.is_empty() {
        writeln!(out, "permit     too many: uids {}", listed(&finding.added))?;
    }
    if !finding.missing.is_empty() {
        writeln!(out, "permit     missing: uids {}", listed(&finding.missing))?;
    }
    for chunk in &finding.hidden {
        writeln!(
            out,
            "results    chunk {chunk}: other values were posted; they are known only by their hash"
        )?;
    }
    for paid in &finding.paid {
        writeln!(
            out,
            "paid       chunk {}: {} rao instead of {}",
            paid.chunk, paid.paid.0, paid.honest.0
        )?;
    }
    for value in finding.values.iter().take(LISTED) {
        writeln!(
            out,
            "recorded   uid {}: {} is {} instead of {}",
            value.uid.0, value.value, value.recorded, value.honest
        )?;
    }
    if let Some(more) = finding
        .values
        .len()
        .checked_sub(LISTED)
        .filter(|more| *more > 0)
    {
        writeln!(out, "           and {more} more values; --json lists all")?;
    }
    Ok(())
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Chain => "the chain",
        Origin::Store => "the store",
    }
}

fn listed(uids: &[Uid]) -> String {
    let mut text: Vec<String> = uids
        .iter()
        .take(LISTED)
        .map(|uid| uid.0.to_string())
        .collect();
    if uids.len() > LISTED {
        text.push(format!("and {} more", uids.len().saturating_sub(LISTED)));
    }
    text.join(", ")
}

/// The same for programs.
fn document(verified: &Verified) -> Value {
    let posted = &verified.posted;
    let (fate, deadline) = match posted.fate {
        Fate::Standing { deadline } => ("standing", Some(deadline)),
        Fate::Final => ("final", None),
        Fate::Slashed => ("slashed", None),
    };
    json!({
        "netuid": verified.netuid.0,
        "epoch": verified.epoch,
        "correct": verified.finding.is_none(),
        "header": hex(&verified.header_hash),
        "recomputed": verified.honest.as_ref().ok().map(|honest| hex(honest)),
        "no_honest_answer": verified.honest.as_ref().err().map(EpochError::to_string),
        "steps": verified.steps,
        "inputs": match verified.origin { Origin::Chain => "chain", Origin::Store => "store" },
        "posted": {
            "assertion": hex(&posted.digest),
            "proposer": posted.proposer.map(|proposer| hex(proposer.as_ref())),
            "fate": fate,
            "deadline": deadline,
            "slashed": posted.slashed,
        },
        "finding": verified.finding.as_ref().map(finding),
    })
}

fn finding(finding: &Finding) -> Value {
    let uids = |uids: &[Uid]| uids.iter().map(|uid| uid.0).collect::<Vec<_>>();
    let first = finding.difference.map(|difference| match difference {
        Difference::Header => json!({ "part": "header" }),
        Difference::Shape => json!({ "part": "shape" }),
        Difference::Step {
            k,
            phase,
            chunk,
            part,
        } => {
            let part = match part {
                Part::Step => "step",
                Part::Memory => "memory",
                Part::Results => "results",
                Part::Roster => "roster",
            };
            json!({ "step": k, "phase": phase, "chunk": chunk, "part": part })
        }
    });
    let values = finding.values.iter().map(|it| {
        json!({ "uid": it.uid.0, "value": it.value, "honest": it.honest, "recorded": it.recorded })
    });
    let paid = finding
        .paid
        .iter()
        .map(|it| json!({ "chunk": it.chunk, "honest": it.honest.0, "paid": it.paid.0 }));
    json!({
        "first": first,
        "uids": uids(&finding.uids),
        "permits": { "added": uids(&finding.added), "missing": uids(&finding.missing) },
        "known_by_hash": finding.hidden,
        "paid": paid.collect::<Vec<_>>(),
        "recorded": values.collect::<Vec<_>>(),
    })
}
