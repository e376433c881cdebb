//! `inktensor explain`: why a neuron was paid what it was paid.

mod print;

use super::{
    offline::{known, read, Kernel},
    EngineKind, Failure, Verdict,
};
use crate::{args::ChainArguments, verifier};
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_compute::{
    epoch::{compute, EpochError},
    vectors::{Located, Vector},
};
use inktensor_primitives::{epoch::Epochs, NetUid, Uid};
use inktensor_worker::{
    chain_source::ChainSource,
    explain::{explain, explain_on_chain, Explanation, Identity, Subject},
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What to explain, and where it is.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  inktensor explain --url ws://127.0.0.1:9944 --netuid 1 --uid 0"
)]
pub struct Arguments {
    /// The neuron
    #[arg(long, value_name = "NUMBER")]
    uid: u16,
    /// The chain: ws://HOST:PORT of a node, tcp://HOST:PORT of a devchain, or a folder that demo
    /// or devchain left
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL|DIR"
    )]
    chain: Option<ChainSource>,
    /// The file of the deployment on a chain of nodes; by default the one in the folder
    /// `deployments` that is of the chain
    #[arg(long, env = "INKTENSOR_DEPLOYMENT", value_name = "FILE")]
    deployment: Option<PathBuf>,
    /// The subnet
    #[arg(long, value_name = "NUMBER", conflicts_with = "metagraph")]
    netuid: Option<u16>,
    /// The epoch; the last final one if none is named
    #[arg(long, value_name = "NUMBER", conflicts_with = "metagraph")]
    epoch: Option<u32>,
    /// The store of a worker that was there, for epochs whose inputs the chain no longer has
    #[arg(long, value_name = "DIR", conflicts_with = "metagraph")]
    store: Option<PathBuf>,
    /// Instead of a chain: an epoch in the form of the test vectors; - is standard input
    #[arg(long, value_name = "FILE")]
    metagraph: Option<PathBuf>,
    /// Which of the file's epochs, if it holds several
    #[arg(long, requires = "metagraph")]
    name: Option<String>,
    /// What runs the kernel on a file's epoch
    #[arg(long, value_enum, default_value = "wasm", requires = "metagraph")]
    engine: EngineKind,
    /// A kernel other than the built one for a file's epoch, for the wasm engine
    #[arg(long, value_name = "FILE.wasm", requires = "metagraph")]
    kernel: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let explanation = match (&arguments.metagraph, &arguments.chain, arguments.netuid) {
        (Some(file), _, _) => in_file(file, arguments)?,
        (None, Some(chain), Some(netuid)) => on_chain(chain, NetUid(netuid), arguments)?,
        (None, Some(_), None) => {
            return Err(Failure::input("say which subnet with --netuid"));
        }
        (None, None, _) => {
            return Err(Failure::input(
                "name a chain with --chain, or a file with --metagraph",
            ));
        }
    };
    if arguments.json {
        let json = serde_json::to_string_pretty(&explanation).map_err(io::Error::from)?;
        writeln!(out, "{json}")?;
    } else {
        print::print(&explanation, out)?;
    }
    Ok(if explanation.holds() {
        Verdict::Good
    } else {
        Verdict::Bad
    })
}

/// Explains an epoch of a chain.
fn on_chain(
    source: &ChainSource,
    netuid: NetUid,
    arguments: &Arguments,
) -> Result<Explanation, Failure> {
    let chain = ChainArguments {
        chain: source.clone(),
        deployment: arguments.deployment.clone(),
    };
    let opened = chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let epoch = match arguments.epoch {
        Some(epoch) => epoch,
        None => last_final(chain, &contracts, netuid)?,
    };
    let uid = Uid(arguments.uid);
    verifier::verifying(&opened, arguments.store.as_ref(), |verifier| {
        explain_on_chain(verifier, netuid, epoch, uid, known).map_err(Failure::input)
    })
}

/// The last final epoch of `netuid`.
pub fn last_final(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
) -> Result<u32, Failure> {
    let status = chain
        .query(contracts.epoch().status(netuid))
        .map_err(Failure::input)?;
    let status =
        status.ok_or_else(|| Failure::input(format_args!("there is no subnet {}", netuid.0)))?;
    status.final_epoch.ok_or_else(|| {
        Failure::input(format_args!(
            "no epoch of subnet {} is final yet; name one with --epoch",
            netuid.0
        ))
    })
}

/// Explains an epoch of a file.
fn in_file(file: &Path, arguments: &Arguments) -> Result<Explanation, Failure> {
    let epoch = select(file, arguments.name.as_deref())?;
    let kernel = Kernel::load(arguments.engine, arguments.kernel.as_deref())?;
    let failed = |error: EpochError| Failure::input(format_args!("{}: {error}", epoch.place));
    let header = epoch.vector.header(kernel.code_hash);
    let plan = kernel
        .engine
        .plan(&header)
        .map_err(|error| failed(EpochError::Plan(error)))?;
    let inputs = epoch.vector.inputs(header, &plan);
    let trace = compute(&*kernel.engine, &inputs).map_err(failed)?;
    let subject = Subject {
        inputs: &inputs,
        trace: &trace,
        kernel: kernel.kind,
        identities: &identities(&epoch.vector),
        money: None,
        posted: None,
    };
    explain(&subject, Uid(arguments.uid))
        .map_err(|error| Failure::input(format_args!("{}: {error}", epoch.place)))
}

/// The epoch of `file` with this name, or the only one.
fn select(file: &Path, name: Option<&str>) -> Result<Located, Failure> {
    let epochs = read(file)?;
    let many = epochs.len();
    let mut named: Vec<Located> = epochs
        .into_iter()
        .filter(|epoch| name.is_none() || epoch.vector.name.as_deref() == name)
        .collect();
    let problem = match (named.pop(), named.is_empty(), name) {
        (Some(epoch), true, _) => return Ok(epoch),
        (Some(_), false, None) => format!("it holds {many} epochs; say which one with --name"),
        (Some(_), false, Some(name)) => format!("several of its epochs are named {name}"),
        (None, _, name) => {
            let name = name.unwrap_or_default();
            format!("none of its {many} epochs is named {name}")
        }
    };
    Err(Failure::in_file(file, problem))
}

/// The addresses that a recorded metagraph tells.
fn identities(vector: &Vector) -> Vec<Identity> {
    let neurons = vector.input.neurons.iter();
    neurons
        .map(|neuron| Identity {
            hotkey: neuron.hotkey.clone(),
            coldkey: neuron.coldkey.clone(),
            take: None,
            ..Identity::default()
        })
        .collect()
}
