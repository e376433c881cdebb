//! `inktensor devchain pass`: lets empty blocks pass.

use crate::{
    args::{CHAIN, OUTPUT},
    error::Failure,
    network::not_opened,
    output::{format::count, json::print},
    values,
};
use inktensor_client::chain::ChainRead;
use inktensor_devnet::{
    chain_dir::ChainDir,
    remote::{RemoteChain, TIMEOUT},
    server::MOST_BLOCKS,
};
use inktensor_worker::chain_source::{ChainSource, SourceError};
use serde::Serialize;
use std::io::Write;

/// Arguments of `devchain pass`.
#[derive(clap::Args)]
pub struct Pass {
    /// The number of blocks
    #[arg(value_parser = values::at_least_one::<u32>(), value_name = "BLOCKS")]
    blocks: u32,
    /// The devchain: tcp://HOST:PORT, or a folder
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL|DIR",
        help_heading = CHAIN
    )]
    chain: ChainSource,
    /// Print one JSON document
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

/// Blocks that passed.
#[derive(Serialize)]
struct Passed {
    blocks: u32,
    /// Number of the best block afterwards.
    block: u32,
}

/// Runs the command.
pub fn run(arguments: &Pass, out: &mut dyn Write) -> Result<(), Failure> {
    let (source, blocks) = (&arguments.chain, arguments.blocks);
    let failed = |error: SourceError| not_opened(source, error);
    let block = match source {
        ChainSource::Nodes(_) => {
            return Err(Failure::input(format_args!(
                "--chain {source}: the blocks of a node pass by themselves; name a devchain, \
                 tcp://HOST:PORT or a folder"
            )));
        }
        ChainSource::Served(address) => {
            let mut chain = RemoteChain::connect(address.as_str(), TIMEOUT)
                .map_err(|error| failed(error.into()))?;
            let (mut left, mut block) = (blocks, 0);
            while left > 0 {
                let part = left.min(MOST_BLOCKS);
                block = chain.advance(part)?;
                left -= part;
            }
            block
        }
        ChainSource::Dir(folder) => {
            let kept = ChainDir::at(folder);
            let failed = |error| failed(SourceError::Dir(error));
            let _lock = kept.lock_to_write().map_err(failed)?;
            let mut chain = kept.chain().map_err(failed)?;
            chain.advance(blocks);
            kept.save(&chain.state()).map_err(failed)?;
            chain.block()?
        }
    };
    let passed = Passed { blocks, block };
    if arguments.json {
        return Ok(print(&passed, out)?);
    }
    let passed = count(blocks, "block");
    Ok(writeln!(out, "{passed} passed; the best block is {block}")?)
}
