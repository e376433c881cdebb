//! `inktensor heartbeat`: makes blocks on a development node that makes them for transactions only.

use crate::{
    args::NodesArg,
    error::{Failure, Verdict},
    network::connect,
    values,
};
use inktensor_client::{
    chain::{rpc::Wait, ChainRead},
    keys::{self, KeyArguments},
};
use inktensor_worker::chain_source::Access;
use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

/// Arguments of `heartbeat`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "heartbeat --url ws://127.0.0.1:9944 --suri-file ferdie.suri --every 1000"
))]
pub struct Arguments {
    #[command(flatten)]
    nodes: NodesArg,
    #[command(flatten)]
    keys: KeyArguments,
    /// Milliseconds between two blocks
    #[arg(
        long,
        value_parser = values::at_least_one::<u64>(),
        default_value = "1000",
        value_name = "MS"
    )]
    every: u64,
    /// The number of blocks to make; by default until the process ends
    #[arg(long, value_parser = values::at_least_one::<u32>(), value_name = "NUMBER")]
    blocks: Option<u32>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let addresses = arguments.nodes.nodes("a devchain makes blocks by itself")?;
    let key = arguments.keys.keypair().map_err(Failure::input)?;
    let account = keys::account(&key);
    let access = Access {
        keys: vec![key],
        wait: Wait::Best,
        ..Access::default()
    };
    let (mut chain, waiting) = connect(addresses, access)?;
    drop(waiting);
    writeln!(
        out,
        "a block every {} ms on {}",
        arguments.every, arguments.nodes.chain
    )?;
    out.flush()?;
    let every = Duration::from_millis(arguments.every);
    let mut left = arguments.blocks;
    let mut shown: Option<String> = None;
    while left != Some(0) {
        let start = Instant::now();
        match chain.remark(account) {
            Ok(()) => {
                shown = None;
                left = left.map(|left| left.saturating_sub(1));
            }
            // The node may come back.
            Err(error) => {
                let problem = error.to_string();
                if shown.as_ref() != Some(&problem) {
                    writeln!(out, "problem: {problem}")?;
                    out.flush()?;
                    shown = Some(problem);
                }
            }
        }
        thread::sleep(every.saturating_sub(start.elapsed()));
    }
    writeln!(out, "at block {}", chain.block().map_err(Failure::input)?)?;
    Ok(Verdict::Good)
}
