//! `inktensor devchain`: a chain for development that several processes share.

mod pass;

use super::deploy::governance::{check_guard, terms, ELECTORATE_FLOOR, MOST_OPENS_AFTER};
use crate::{
    args::Who,
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
use inktensor_primitives::{
    epoch::EpochRules,
    governance::{GovernanceTerms, NewGuard, DAY},
    AccountId, Rao,
};
use inktensor_worker::chain_source::ChainSource;
use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

/// The TAO of the account `bank` at the beginning. All other accounts get theirs from it.
const BANK: Rao = Rao::from_tao(5_000_000);

/// Days of the guard of a new chain: the longest term.
const GUARD_DAYS: u32 = 360;
/// Vetoes of the guard of a new chain in 90 days.
const GUARD_VETOES: u8 = 4;

/// Arguments of `devchain`.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = example!("devchain --state chain --block-time 1000")
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

/// Commands about a devchain that is served, or kept in a folder.
#[derive(clap::Subcommand)]
enum Command {
    /// Let empty blocks pass on a devchain, or on a chain in a folder
    ///
    /// Periods are counted in blocks: a day is 7200 blocks. So many pass at once here. The blocks
    /// of a node pass by themselves.
    #[command(after_help = example!("devchain pass 7200 --chain tcp://127.0.0.1:9955"))]
    Pass(pass::Pass),
}

/// Arguments of a devchain to serve.
#[derive(clap::Args)]
struct Serve {
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
    #[command(flatten)]
    governing: GoverningArgs,
}

/// Arguments of governance on a new chain.
#[derive(clap::Args)]
struct GoverningArgs {
    /// Let stake govern a new chain: a governance contract is the admin, and owns a treasury
    #[arg(long)]
    governance: bool,
    /// Days after which all tracks take proposals, on a new chain
    #[arg(
        long,
        requires = "governance",
        value_parser = values::whole::<u32>(0..=MOST_OPENS_AFTER.into()),
        default_value_t = 0,
        value_name = "DAYS"
    )]
    opens_after: u32,
    /// The least electorate, in per cent of all TAO, on a new chain
    #[arg(
        long,
        requires = "governance",
        value_parser = values::whole::<u8>(0..=100),
        default_value_t = ELECTORATE_FLOOR,
        value_name = "PERCENT"
    )]
    electorate_floor: u8,
    /// The guard's members on a new chain, 3 to 12, with commas between; by default no guard
    #[arg(
        long,
        requires = "governance",
        value_delimiter = ',',
        value_name = "NAME|ADDRESS"
    )]
    guard: Vec<Who>,
    /// The members of the guard that must consent; by default the least that are more than half
    #[arg(
        long,
        requires = "guard",
        value_parser = values::at_least_one::<u8>(),
        value_name = "NUMBER"
    )]
    guard_threshold: Option<u8>,
}

impl GoverningArgs {
    /// Returns the terms of governance on a chain with these holders.
    fn terms(&self, holders: &[(AccountId, Rao)]) -> Result<Option<GovernanceTerms>, Failure> {
        if !self.governance {
            return Ok(None);
        }
        // Names are accounts on a devchain.
        let chain = ChainSource::Served(String::new());
        let members = self.guard.iter().map(|who| who.on(&chain));
        let members: Vec<AccountId> = members.collect::<Result<_, _>>()?;
        let mut guard = None;
        if !members.is_empty() {
            let majority = u8::try_from(members.len() / 2 + 1).unwrap_or(u8::MAX);
            let new = NewGuard {
                members,
                threshold: self.guard_threshold.unwrap_or(majority),
                term: GUARD_DAYS * DAY,
                vetoes: GUARD_VETOES,
            };
            let bad = |problem| Failure::input(format_args!("--guard: {problem}"));
            check_guard(&new).map_err(bad)?;
            guard = Some(new);
        }
        let terms = terms(self.opens_after, self.electorate_floor, guard, holders);
        Ok(Some(terms.map_err(Failure::input)?))
    }
}

/// Runs the command. Serving ends with the process.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match &arguments.command {
        Some(Command::Pass(arguments)) => {
            pass::run(arguments, out)?;
            Ok(Verdict::Good)
        }
        None => serve(&arguments.serve, out),
    }
}

fn serve(arguments: &Serve, out: &mut dyn Write) -> Result<Verdict, Failure> {
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
    arguments: &Serve,
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

fn deployed(arguments: &Serve) -> Result<(SandboxChain, Addresses), Failure> {
    let bundles = Bundles::load().map_err(Failure::input)?;
    let holders = vec![(account("bank"), BANK)];
    let config = Config {
        governance: arguments.governing.terms(&holders)?,
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
