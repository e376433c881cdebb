//! `inktensor explain`: the terms of which a neuron's pay was made.

mod print;

use crate::{
    args::{self, ChainArgs},
    error::{Failure, Verdict},
    offline::{known, read, EngineKind, Kernel},
    output::{self, View},
    values, verifier,
};
use inktensor_compute::vectors::{Located, Vector};
use inktensor_primitives::{NetUid, Uid};
use inktensor_worker::{
    chain_source::ChainSource,
    explain::{explain, explain_on_chain, Explanation, Identity, Subject},
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Arguments of `explain`.
#[derive(clap::Args)]
#[command(after_help = example!("explain --url ws://127.0.0.1:9944 --netuid 1 --uid 0"))]
pub struct Arguments {
    /// The neuron
    #[arg(long, value_parser = values::uid, value_name = "NUMBER")]
    uid: Uid,
    /// The chain: ws://HOST:PORT of a node, tcp://HOST:PORT of a devchain, or a folder
    #[arg(
        long,
        visible_alias = "url",
        env = "INKTENSOR_CHAIN",
        value_name = "URL|DIR",
        help_heading = args::CHAIN
    )]
    chain: Option<ChainSource>,
    /// The deployment's file, on a chain of nodes; by default the one in `deployments`
    #[arg(
        long,
        env = "INKTENSOR_DEPLOYMENT",
        value_name = "FILE",
        help_heading = args::CHAIN
    )]
    deployment: Option<PathBuf>,
    /// The subnet
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER", conflicts_with = "metagraph")]
    netuid: Option<NetUid>,
    /// The epoch; by default the last final one
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=4_294_967_295),
        value_name = "NUMBER",
        conflicts_with = "metagraph"
    )]
    epoch: Option<u32>,
    /// A worker's store, for epochs whose inputs the node has discarded
    #[arg(long, value_name = "DIR", conflicts_with = "metagraph")]
    store: Option<PathBuf>,
    /// Instead of a chain: an epoch in the form of the test vectors; - is standard input
    #[arg(long, value_name = "FILE")]
    metagraph: Option<PathBuf>,
    /// The name of the epoch, if the file holds several
    #[arg(long, requires = "metagraph")]
    name: Option<String>,
    /// The engine that runs the kernel on a file's epoch
    #[arg(long, value_enum, default_value = "wasm", requires = "metagraph")]
    engine: EngineKind,
    /// Another kernel than the built one for a file's epoch, for the wasm engine
    #[arg(long, value_name = "FILE.wasm", requires = "metagraph")]
    kernel: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let explanation = match (&arguments.metagraph, &arguments.chain, arguments.netuid) {
        (Some(file), _, _) => in_file(file, arguments)?,
        (None, Some(chain), Some(netuid)) => on_chain(chain, netuid, arguments)?,
        (None, Some(_), None) => {
            return Err(Failure::input("no subnet is given: name one with --netuid"));
        }
        (None, None, _) => {
            return Err(Failure::input(
                "no epoch is given: name a chain with --chain, or a file with --metagraph",
            ));
        }
    };
    output::show(arguments.json, &explanation, out)?;
    Ok(Verdict::of(explanation.holds()))
}

impl View for Explanation {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        print::print(self, out)
    }
}

/// Explains an epoch of a chain.
fn on_chain(
    source: &ChainSource,
    netuid: NetUid,
    arguments: &Arguments,
) -> Result<Explanation, Failure> {
    let chain = ChainArgs {
        chain: source.clone(),
        deployment: arguments.deployment.clone(),
    };
    let network = chain.open()?;
    let epoch = match arguments.epoch {
        Some(epoch) => epoch,
        None => network.last_final(netuid)?,
    };
    verifier::verifying(&network, arguments.store.as_ref(), |verifier| {
        explain_on_chain(verifier, netuid, epoch, arguments.uid, known).map_err(Failure::input)
    })
}

/// Explains an epoch of a file.
fn in_file(file: &Path, arguments: &Arguments) -> Result<Explanation, Failure> {
    let epoch = select(file, arguments.name.as_deref())?;
    let kernel = Kernel::load(arguments.engine, arguments.kernel.as_deref())?;
    kernel.compute(&epoch, |inputs, trace| {
        let subject = Subject {
            inputs,
            trace,
            kernel: kernel.kind,
            identities: &identities(&epoch.vector),
            money: None,
            posted: None,
        };
        explain(&subject, arguments.uid)
            .map_err(|error| Failure::input(format_args!("{}: {error}", epoch.place)))
    })
}

/// Returns the epoch of `file` with this name, or the only one.
fn select(file: &Path, name: Option<&str>) -> Result<Located, Failure> {
    let epochs = read(file)?;
    let many = epochs.len();
    let mut named: Vec<Located> = epochs
        .into_iter()
        .filter(|epoch| name.is_none() || epoch.vector.name.as_deref() == name)
        .collect();
    let problem = match (named.pop(), named.is_empty(), name) {
        (Some(epoch), true, _) => return Ok(epoch),
        (Some(_), false, None) => format!("the file holds {many} epochs; choose one with --name"),
        (Some(_), false, Some(name)) => format!("several of the file's epochs are named {name}"),
        (None, _, Some(name)) => format!("none of the file's {many} epochs is named {name}"),
        (None, _, None) => "the file holds no epochs".into(),
    };
    Err(Failure::in_file(file, problem))
}

/// Returns the addresses that a recorded metagraph names.
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
