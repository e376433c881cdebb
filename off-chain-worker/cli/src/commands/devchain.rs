//! `inktensor devchain`: a chain for development that several processes share.

use crate::{
    error::{Failure, Verdict},
    output::json::Address,
    values,
};
use inktensor_client::{
    deploy::{deploy, Addresses, Bundles, Config, Record},
    io_error::reason,
};
use inktensor_devnet::{
    account,
    chain_dir::{ChainDir, ChainDirError},
    sandbox::SandboxChain,
    server::{Devchain, Keep, Settings},
};
use inktensor_primitives::{epoch::EpochRules, Rao};
use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

/// The TAO of the account `bank` at the beginning. All other accounts get theirs from it.
const BANK: Rao = Rao::from_tao(5_000_000);

/// Arguments of `devchain`.
#[derive(clap::Args)]
#[command(after_help = example!("devchain --state chain --block-time 1000"))]
pub struct Arguments {
    /// The address to listen at; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9955", value_name = "HOST:PORT")]
    listen: SocketAddr,
    /// Let other machines connect: anyone who connects can sign as anyone
    #[arg(long)]
    allow_other_hosts: bool,
    /// A folder to keep the chain in; a chain that is there is continued
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Milliseconds between two blocks; with 0 blocks pass only when a client asks
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "1000",
        value_name = "MS"
    )]
    block_time: u64,
    /// Blocks during which an epoch can be disputed, on a new chain
    #[arg(
        long,
        value_parser = values::at_least_one::<u32>(),
        default_value_t = Config::RULES.challenge_period,
        value_name = "BLOCKS"
    )]
    challenge_period: u32,
    /// Blocks after which a closed epoch can be replayed, on a new chain
    #[arg(
        long,
        value_parser = values::at_least_one::<u32>(),
        default_value_t = Config::RULES.replay_delay,
        value_name = "BLOCKS"
    )]
    replay_delay: u32,
    /// Blocks without progress after which a closed epoch can be rolled over, on a new chain
    #[arg(
        long,
        value_parser = values::at_least_one::<u32>(),
        default_value_t = Config::RULES.rollover_delay,
        value_name = "BLOCKS"
    )]
    rollover_delay: u32,
}

/// Runs the command. It ends with the process.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let listen = arguments.listen;
    if !listen.ip().is_loopback() && !arguments.allow_other_hosts {
        return Err(Failure::input(format_args!(
            "--listen {listen}: other machines could connect, and there is no access control; add \
             --allow-other-hosts to let them"
        )));
    }
    let listener = TcpListener::bind(listen).map_err(|error| unusable(listen, &error))?;
    let address = listener.local_addr();
    let address = address.map_err(|error| unusable(listen, &error))?;
    let kept = arguments.state.as_ref().map(ChainDir::at);
    let locked = kept
        .as_ref()
        .map(|kept| kept.lock_to_serve(Some(&format!("tcp://{address}"))));
    // Held until the process ends.
    let _lock = locked.transpose().map_err(in_state)?;
    let (chain, contracts, keep) = chain(arguments, kept)?;
    let settings = Settings {
        block_time: Some(Duration::from_millis(arguments.block_time))
            .filter(|time| !time.is_zero()),
        keep,
        problem: Box::new(|problem| {
            // Standard error may be closed.
            let _ = writeln!(std::io::stderr(), "error: {problem}");
        }),
    };
    let devchain =
        Devchain::start(listener, chain, &contracts, settings).map_err(Failure::input)?;
    for (name, address) in contracts.named() {
        writeln!(out, "{name:<10} {}", Address(address))?;
    }
    writeln!(out, "{:<10} {}", "bank", Address(account("bank")))?;
    writeln!(out, "listening on tcp://{}", devchain.address())?;
    out.flush()?;
    devchain.serve();
    Ok(Verdict::Good)
}

/// Returns the failure to listen at an address.
fn unusable(listen: SocketAddr, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::input(format_args!(
            "--listen {listen}: another process listens there; end it, or choose another port"
        )),
        io::ErrorKind::AddrNotAvailable => Failure::input(format_args!(
            "--listen {listen}: this machine does not have the address; use 127.0.0.1"
        )),
        io::ErrorKind::PermissionDenied => Failure::input(format_args!(
            "--listen {listen}: the system does not allow this port; choose one above 1023"
        )),
        _ => Failure::input(format_args!(
            "--listen {listen}: {}; choose another address",
            reason(error)
        )),
    }
}

/// Returns the failure to use the folder of --state.
fn in_state(error: ChainDirError) -> Failure {
    Failure::input(format_args!("--state {error}"))
}

/// Returns the chain to serve: the one that is kept, or a new one with a deployment.
fn chain(
    arguments: &Arguments,
    kept: Option<ChainDir>,
) -> Result<(SandboxChain, Addresses, Option<Keep>), Failure> {
    let (mut chain, contracts) = match kept.as_ref().filter(|kept| kept.exists()) {
        Some(kept) => (
            kept.chain().map_err(in_state)?,
            kept.contracts().map_err(in_state)?,
        ),
        None => deployed(arguments)?,
    };
    let Some(kept) = kept else {
        return Ok((chain, contracts, None));
    };
    if !kept.exists() {
        kept.create().map_err(in_state)?;
        let record = Record::found(&chain, &contracts, "devchain").map_err(Failure::input)?;
        kept.save_record(&record).map_err(in_state)?;
        kept.save(&chain.state()).map_err(in_state)?;
    }
    let keep: Keep = Box::new(move |state| kept.save(state).map_err(|error| error.to_string()));
    Ok((chain, contracts, Some(keep)))
}

fn deployed(arguments: &Arguments) -> Result<(SandboxChain, Addresses), Failure> {
    let bundles = Bundles::load().map_err(Failure::input)?;
    let holders = vec![(account("bank"), BANK)];
    let config = Config {
        rules: EpochRules {
            challenge_period: arguments.challenge_period,
            replay_delay: arguments.replay_delay,
            rollover_delay: arguments.rollover_delay,
            ..Config::RULES
        },
        ..Config::new(account("deployer"), account("treasury"), holders)
    };
    let mut chain = SandboxChain::new();
    let deployment = deploy(&mut chain, &bundles, &config).map_err(Failure::input)?;
    Ok((chain, deployment.addresses))
}
