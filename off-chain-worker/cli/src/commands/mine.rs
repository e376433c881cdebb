//! `inktensor mine`: a miner as a process, see [`miner`](inktensor_neuron::miner).

use super::neuron_service::{self, StartArgs};
use crate::error::{Failure, Verdict};
use inktensor_neuron::{config::MineLayer, miner};
use std::io::Write;

/// Arguments of `mine`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "mine --netuid 1 --chain ws://127.0.0.1:9944 --suri-file hot.suri --listen 0.0.0.0:8091 \
     --host m0.example.org --store miner"
))]
pub struct Arguments {
    #[command(flatten)]
    given: MineLayer,
    #[command(flatten)]
    start: StartArgs,
}

/// Runs the command until SIGTERM or SIGINT ends it.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Some(layer) = arguments.start.resolve(&arguments.given, out)? else {
        return Ok(Verdict::Good);
    };
    let common = layer.common().map_err(Failure::input)?;
    let model = miner::Model::of(layer.model.as_deref(), layer.allow_remote_model)
        .map_err(|error| Failure::input(format_args!("--model {error}")))?;
    let entry = miner::Named {
        file: layer.entry.clone(),
        replace: layer.replace_entry.unwrap_or_default(),
    };
    neuron_service::run(common, &arguments.start, |common, hotkey, open, handles| {
        miner::run(common, model, &entry, hotkey, open, handles)
    })
}
