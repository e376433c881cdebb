//! `inktensor explain`: why a neuron was paid what it was paid.

mod print;

use super::{
    offline::{read, Kernel},
    EngineKind, Failure, Verdict,
};
use crate::{
    epoch::{compute, EpochError},
    explain::{explain, Explanation, Identity, Subject},
    vectors::{Located, Vector},
};
use inktensor_primitives::Uid;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// What to explain, and where it is.
#[derive(clap::Args)]
pub struct Arguments {
    /// An epoch in the form of the test vectors; - is standard input
    #[arg(long, value_name = "FILE")]
    metagraph: PathBuf,
    /// Which of the file's epochs, if it holds several
    #[arg(long)]
    name: Option<String>,
    /// The neuron
    #[arg(long)]
    uid: u16,
    /// What runs the kernel
    #[arg(long, value_enum, default_value = "wasm")]
    engine: EngineKind,
    /// A kernel other than the built one, for the wasm engine
    #[arg(long, value_name = "FILE.wasm")]
    kernel: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let located = select(read(&arguments.metagraph)?, arguments)?;
    let kernel = Kernel::load(arguments.engine, arguments.kernel.as_deref())?;
    let explanation = recomputed(&located, &kernel, arguments.uid)?;
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

/// The epoch that is asked for.
fn select(epochs: Vec<Located>, arguments: &Arguments) -> Result<Located, Failure> {
    let file = &arguments.metagraph;
    let many = epochs.len();
    let mut named: Vec<Located> = epochs
        .into_iter()
        .filter(|epoch| match &arguments.name {
            Some(name) => epoch.vector.name.as_ref() == Some(name),
            None => true,
        })
        .collect();
    match (named.pop(), named.is_empty(), &arguments.name) {
        (Some(epoch), true, _) => Ok(epoch),
        (Some(_), false, None) => Err(Failure::in_file(
            file,
            format_args!("it holds {many} epochs; say which one with --name"),
        )),
        (Some(_), false, Some(name)) => Err(Failure::in_file(
            file,
            format_args!("several of its epochs are named {name}"),
        )),
        (None, _, name) => Err(Failure::in_file(
            file,
            format_args!(
                "none of its {many} epochs is named {}",
                name.as_deref().unwrap_or_default()
            ),
        )),
    }
}

/// Computes the epoch, and explains it.
fn recomputed(epoch: &Located, kernel: &Kernel, uid: u16) -> Result<Explanation, Failure> {
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
    };
    explain(&subject, Uid(uid))
        .map_err(|error| Failure::input(format_args!("{}: {error}", epoch.place)))
}

/// The addresses that a recorded metagraph tells.
fn identities(vector: &Vector) -> Vec<Identity> {
    let neurons = vector.input.neurons.iter();
    neurons
        .map(|neuron| Identity {
            hotkey: neuron.hotkey.clone(),
            coldkey: neuron.coldkey.clone(),
            take: None,
        })
        .collect()
}
