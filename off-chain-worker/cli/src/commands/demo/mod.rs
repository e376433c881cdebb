//! `inktensor demo`: a whole network in this process, from genesis to pay-out, told in tables.

mod progress;
mod tables;

use super::{EngineKind, Failure, Verdict};
use inktensor_client::deploy::{Bundles, Record};
use inktensor_compute::vectors;
use inktensor_devnet::{chain_dir::Kept, sandbox::SandboxChain};
use inktensor_simulation::{
    report::Story,
    run::{Performance, Stage},
    scenario::Scenario,
};
use inktensor_worker::kernels::EngineChoice;
use progress::Display;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Act out a network in this process: contracts, stake, weights, epochs and pay
///
/// Deploys all contracts on an in-process chain, registers the neurons of two subnets, stakes, lets
/// validators set weights, computes every epoch with the kernel contract's own code, posts,
/// finalises and settles it, and checks that every rao is accounted for. The exit code is 1 if a
/// check fails.
#[derive(clap::Args)]
pub struct Arguments {
    /// What all chance comes from
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Recreate this metagraph, in the form of the test vectors, instead of generating one
    #[arg(long, value_name = "FILE")]
    metagraph: Option<PathBuf>,
    /// How many epochs of each subnet to run
    #[arg(long, default_value_t = 4, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    epochs: u32,
    /// What computes the epochs that are posted; both are timed in any case
    #[arg(long, value_enum, default_value = "wasm")]
    engine: EngineKind,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
    /// Leave the chain and the worker's store in this folder, for other commands to look at as
    /// `--chain DIR`
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let scenario = match &arguments.metagraph {
        None => Scenario::generate(arguments.seed),
        Some(file) => recorded(file, arguments.seed)?,
    };
    let kept = arguments.keep.as_ref().map(Kept::at);
    if let Some(kept) = &kept {
        kept.create().map_err(Failure::input)?;
    }
    let bundles = Bundles::load().map_err(Failure::input)?;
    let choice = match arguments.engine {
        EngineKind::Wasm => EngineChoice::Wasm,
        EngineKind::Native => EngineChoice::Native {
            built: bundles.yuma.code.clone(),
        },
    };
    let mut display = Display::new();
    let store = kept.as_ref().map(Kept::store);
    let (epochs, store) = (arguments.epochs, store.as_deref());
    let performed = Stage::perform(&scenario, &bundles, choice, epochs, store, |progress| {
        display.show(&progress);
    });
    let elapsed = display.end();
    let performed = performed.map_err(Failure::input)?;
    if let Some(kept) = &kept {
        keep(kept, &performed)?;
    }
    let story = performed.story;
    if arguments.json {
        let json = serde_json::to_string_pretty(&story).map_err(io::Error::from)?;
        writeln!(out, "{json}")?;
    } else {
        tables::print(&story, elapsed, out)?;
    }
    Ok(if is_sound(&story) {
        Verdict::Good
    } else {
        Verdict::Bad
    })
}

/// Leaves the chain, as it is at the end, in a folder.
fn keep(kept: &Kept, performed: &Performance) -> Result<(), Failure> {
    let chain = SandboxChain::begin_from(&performed.state);
    let record = Record::found(&chain, &performed.contracts, "demo").map_err(Failure::input)?;
    kept.save_record(&record).map_err(Failure::input)?;
    // Last, since it is what says that a chain is kept there.
    kept.save(&performed.state).map_err(Failure::input)
}

/// Whether every sum is right and both engines always found what was posted.
fn is_sound(story: &Story) -> bool {
    story.supply.iter().all(|equation| equation.holds)
        && story.epochs.iter().all(|epoch| epoch.engines_agree)
}

/// The scenario of the only metagraph in `file`.
fn recorded(file: &Path, seed: u64) -> Result<Scenario, Failure> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| Failure::in_file(file, error))?;
    let mut found = vectors::read(&name, &text).map_err(Failure::input)?;
    let located = match found.len() {
        1 => found.remove(0),
        0 => return Err(Failure::in_file(file, "there is no metagraph")),
        many => {
            let problem = format!("one metagraph is wanted, and there are {many}");
            return Err(Failure::in_file(file, problem));
        }
    };
    Scenario::recorded(&located.vector, seed)
        .map_err(|error| Failure::input(format_args!("{}: {error}", located.place)))
}
