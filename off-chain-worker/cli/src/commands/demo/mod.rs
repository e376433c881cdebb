//! `inktensor demo`: a whole network in this process, from genesis to pay-out, in tables; with
//! --live a network of processes, see [`live`].

mod live;
mod progress;
mod tables;

use crate::{
    args,
    error::{Failure, Verdict},
    offline::EngineKind,
    output::{self, View},
    values,
};
use inktensor_client::deploy::{Bundles, Record};
use inktensor_compute::vectors;
use inktensor_devnet::{chain_dir::ChainDir, sandbox::SandboxChain};
use inktensor_simulation::{
    report::Report,
    run::{Finished, Simulation},
    scenario::Scenario,
};
use inktensor_worker::kernels::EngineChoice;
use progress::Display;
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Epochs of each subnet without --epochs.
const EPOCHS: u32 = 4;

/// Arguments of `demo`.
#[derive(clap::Args)]
#[command(after_help = example!("demo --epochs 4 --keep chain"))]
pub struct Arguments {
    /// The seed of all random choices
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "1",
        value_name = "NUMBER"
    )]
    seed: u64,
    /// Recreate this metagraph, in the form of the test vectors
    ///
    /// Without it a metagraph is generated.
    #[arg(long, value_name = "FILE")]
    metagraph: Option<PathBuf>,
    /// The number of epochs of each subnet: 4 by default, and 8 with --live
    #[arg(long, value_parser = values::whole::<u32>(1..=1000), value_name = "NUMBER")]
    epochs: Option<u32>,
    /// Run miners and validators as processes of this machine, honest ones and cheats
    ///
    /// A served chain, a worker, miners that serve a model or train one together, and validators
    /// that ask, check and score, over TLS. The evidence of each validator is audited in each
    /// epoch, and the training is computed again. It takes about two minutes, with at least 5
    /// epochs. Exit code: 0 if all claims hold, 1 if one does not.
    #[arg(long, conflicts_with_all = ["metagraph", "engine", "keep"])]
    live: bool,
    /// The engine that computes the epochs to post; both are timed in any case
    #[arg(long, value_enum, default_value = "wasm")]
    engine: EngineKind,
    /// Print one JSON document instead of tables
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
    /// A folder to keep the chain and the worker's store in, for `--chain DIR`
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    if arguments.live {
        return live::run(arguments.seed, arguments.epochs, arguments.json, out);
    }
    let scenario = match &arguments.metagraph {
        None => Scenario::generate(arguments.seed),
        Some(file) => recorded(file, arguments.seed)?,
    };
    let kept = arguments.keep.as_ref().map(ChainDir::at);
    if let Some(kept) = &kept {
        kept.create().map_err(Failure::input)?;
    }
    // Held until the chain is in the folder.
    let locked = kept.as_ref().map(|kept| kept.lock_to_serve(None));
    let _lock = locked.transpose().map_err(Failure::input)?;
    let bundles = Bundles::load().map_err(Failure::input)?;
    let choice = match arguments.engine {
        EngineKind::Wasm => EngineChoice::Wasm,
        EngineKind::Native => EngineChoice::Native {
            built: bundles.yuma.code.clone(),
        },
    };
    let mut display = Display::new();
    let store = kept.as_ref().map(ChainDir::store);
    let epochs = arguments.epochs.unwrap_or(EPOCHS);
    let store = store.as_deref();
    let performed = Simulation::run(&scenario, &bundles, choice, epochs, store, |progress| {
        display.show(&progress);
    });
    let elapsed = display.end();
    let performed = performed.map_err(Failure::input)?;
    if let Some(kept) = &kept {
        keep(kept, &performed)?;
    }
    let demo = Demo {
        report: performed.report,
        elapsed,
    };
    output::show(arguments.json, &demo, out)?;
    Ok(Verdict::of(is_sound(&demo.report)))
}

/// The report of a demo, and the time that it took.
#[derive(Serialize)]
#[serde(transparent)]
struct Demo {
    report: Report,
    #[serde(skip)]
    elapsed: Duration,
}

impl View for Demo {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        tables::print(&self.report, self.elapsed, out)
    }
}

/// Keeps the chain, as it is at the end, in a folder.
fn keep(kept: &ChainDir, performed: &Finished) -> Result<(), Failure> {
    let chain = SandboxChain::begin_from(&performed.state);
    let record = Record::found(&chain, &performed.contracts, "demo").map_err(Failure::input)?;
    kept.save_record(&record).map_err(Failure::input)?;
    // Last: a folder with a state is one that holds a chain.
    kept.save(&performed.state).map_err(Failure::input)
}

/// Returns true if every sum is right and both engines always agreed with the posted results.
fn is_sound(report: &Report) -> bool {
    report.supply.iter().all(|equation| equation.holds)
        && report.epochs.iter().all(|epoch| epoch.engines_agree)
}

/// Returns the scenario of the only metagraph in `file`.
fn recorded(file: &Path, seed: u64) -> Result<Scenario, Failure> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::unusable("--metagraph", file, &error))?;
    let mut found = vectors::read(&name, &text).map_err(Failure::input)?;
    let located = match found.len() {
        1 => found.remove(0),
        0 => return Err(Failure::in_file(file, "there is no metagraph in it")),
        many => {
            let problem = format!("expected one metagraph, and there are {many}");
            return Err(Failure::in_file(file, problem));
        }
    };
    Scenario::from_metagraph(&located.vector, seed)
        .map_err(|error| Failure::input(format_args!("{}: {error}", located.place)))
}
