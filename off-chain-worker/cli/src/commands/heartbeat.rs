//! `inktensor heartbeat`: makes blocks on a development node that makes them for transactions only.

use crate::{
    args::NodesArg,
    error::{Failure, Verdict},
    network::connect,
    values,
};
use inktensor_client::{
    chain::{
        rpc::{RpcChain, Wait},
        ChainError, ChainRead,
    },
    keys::{self, KeyArguments},
};
use inktensor_primitives::AccountId;
use inktensor_worker::chain_source::Access;
use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

/// Most transactions that are sent together: fewer than the blocks for which each is valid.
const MOST_TOGETHER: u32 = 32;
/// Longest time without a new block while one is expected.
const STILL: Duration = Duration::from_secs(1);
/// Time between two looks at the best block while one is expected.
const LOOK: Duration = Duration::from_millis(5);
/// Time after a problem before the node is asked again.
const AGAIN: Duration = Duration::from_secs(1);

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
    /// Milliseconds between two blocks; with 0 as fast as the node makes them
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
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
    if arguments.every == 0 {
        writeln!(
            out,
            "blocks as fast as {} makes them",
            arguments.nodes.chain
        )?;
    } else {
        writeln!(
            out,
            "a block every {} ms on {}",
            arguments.every, arguments.nodes.chain
        )?;
    }
    out.flush()?;
    let mut problems = Problems(None);
    match Duration::from_millis(arguments.every) {
        Duration::ZERO => race(&mut chain, account, arguments.blocks, &mut problems, out)?,
        every => {
            let mut left = arguments.blocks;
            while left != Some(0) {
                let start = Instant::now();
                let made = chain.remark(account);
                if problems.value_of(made, out)?.is_some() {
                    left = left.map(|left| left.saturating_sub(1));
                }
                thread::sleep(every.saturating_sub(start.elapsed()));
            }
        }
    }
    writeln!(out, "at block {}", chain.block().map_err(Failure::input)?)?;
    Ok(Verdict::Good)
}

/// Makes blocks as fast as the node does, until there are so many more of them, or a few above.
///
/// Several transactions are sent together, and the node makes their blocks meanwhile. A node that
/// makes blocks by its clock puts them into one block: then they get fewer, one or two a block.
fn race(
    chain: &mut RpcChain,
    account: AccountId,
    blocks: Option<u32>,
    problems: &mut Problems,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let first = chain.block().map_err(Failure::input)?;
    let last = blocks.map_or(u32::MAX, |blocks| first.saturating_add(blocks));
    let mut together = 1;
    loop {
        let Some(best) = problems.value_of(chain.block(), out)? else {
            thread::sleep(AGAIN);
            continue;
        };
        if best >= last {
            return Ok(());
        }
        let count = together.min(last - best);
        let sent = match count {
            // Waits for its block.
            1 => chain.remark(account),
            _ => chain.remarks(account, count),
        };
        // A busy node leaves out a few blocks, so the last quarter is not waited for.
        let wanted = best.saturating_add(count - count / 4);
        let made = sent.and_then(|()| reaches(chain, wanted));
        together = match problems.value_of(made, out)? {
            Some(true) => MOST_TOGETHER.min(count.saturating_mul(2)),
            Some(false) => 1,
            None => {
                thread::sleep(AGAIN);
                1
            }
        };
    }
}

/// Waits until the best block is `wanted`. Returns false if blocks cease to come before.
fn reaches(chain: &RpcChain, wanted: u32) -> Result<bool, ChainError> {
    let (mut best, mut since) = (chain.block()?, Instant::now());
    while best < wanted && since.elapsed() < STILL {
        thread::sleep(LOOK);
        let now = chain.block()?;
        if now != best {
            (best, since) = (now, Instant::now());
        }
    }
    Ok(best >= wanted)
}

/// The last problem that was shown.
struct Problems(Option<String>);

impl Problems {
    /// Returns the value of `outcome`. Prints a problem unless it is the last one again: the node
    /// may come back.
    fn value_of<T>(
        &mut self,
        outcome: Result<T, ChainError>,
        out: &mut dyn Write,
    ) -> Result<Option<T>, Failure> {
        let error = match outcome {
            Ok(value) => {
                self.0 = None;
                return Ok(Some(value));
            }
            Err(error) => error.to_string(),
        };
        if self.0.as_ref() != Some(&error) {
            writeln!(out, "problem: {error}")?;
            out.flush()?;
            self.0 = Some(error);
        }
        Ok(None)
    }
}
