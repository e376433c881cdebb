//! `inktensor heartbeat`: lets time pass on a node that makes blocks for transactions only.

use super::{Failure, Verdict};
use inktensor_client::{
    chain::{rpc::Wait, Chain},
    keys::{self, KeyArguments},
};
use inktensor_worker::chain_source::{connect, Access, ChainSource};
use std::{
    io::Write,
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

/// Where, and how often.
#[derive(clap::Args)]
pub struct Arguments {
    /// The node: ws://HOST:PORT
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL"
    )]
    chain: ChainSource,
    #[command(flatten)]
    keys: KeyArguments,
    /// Milliseconds between two blocks
    #[arg(long, default_value_t = 1000, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// End after so many blocks; without it, with the process
    #[arg(long, value_name = "NUMBER")]
    blocks: Option<NonZeroU32>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let ChainSource::Nodes(addresses) = &arguments.chain else {
        return Err(Failure::input("--chain: expected a node, ws://HOST:PORT"));
    };
    let key = arguments.keys.keypair().map_err(Failure::input)?;
    let account = keys::account(&key);
    let access = Access {
        keys: vec![key],
        wait: Wait::Best,
        ..Access::default()
    };
    let mut chain = connect(addresses, access).map_err(Failure::input)?;
    writeln!(
        out,
        "a block every {} ms on {}",
        arguments.every, arguments.chain
    )?;
    out.flush()?;
    let every = Duration::from_millis(arguments.every);
    let mut left = arguments.blocks.map(NonZeroU32::get);
    let mut told: Option<String> = None;
    while left != Some(0) {
        let start = Instant::now();
        match chain.remark(account) {
            Ok(()) => {
                told = None;
                left = left.map(|left| left.saturating_sub(1));
            }
            // The node may come back.
            Err(error) => {
                let problem = error.to_string();
                if told.as_ref() != Some(&problem) {
                    writeln!(out, "problem: {problem}")?;
                    out.flush()?;
                    told = Some(problem);
                }
            }
        }
        thread::sleep(every.saturating_sub(start.elapsed()));
    }
    writeln!(out, "at block {}", chain.block().map_err(Failure::input)?)?;
    Ok(Verdict::Good)
}
