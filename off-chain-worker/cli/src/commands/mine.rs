//! `inktensor mine`: a miner as a process, see [`miner`](inktensor_neuron::miner).

use super::neuron_service::{self, Given};
use crate::error::{Failure, Verdict};
use inktensor_neuron::{config::MineLayer, miner};
use std::{io::Write, path::PathBuf};

/// Arguments of `mine`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "mine --netuid 1 --chain ws://127.0.0.1:9944 --suri-file hot.suri --listen 0.0.0.0:8091 \
     --host m0.example.org --store miner"
))]
pub struct Arguments {
    #[command(flatten)]
    given: MineLayer,
    /// Ask for the hotkey's secret URI at the terminal, without showing it
    #[arg(long)]
    ask_suri: bool,
    /// A TOML file with any of these settings, with underscores in their names
    ///
    /// A flag goes before an environment variable (INKTENSOR_POLL for --poll, and so on), and a
    /// variable before the file. The variable INKTENSOR_CONFIG may name the file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print all settings and their origins, and do nothing else
    #[arg(long)]
    print_config: bool,
}

/// Runs the command until SIGTERM or SIGINT ends it.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let given = Given {
        layer: &arguments.given,
        ask_suri: arguments.ask_suri,
        file: arguments.config.as_deref(),
        print: arguments.print_config,
    };
    let Some((layer, resolved)) = given.resolve(out)? else {
        return Ok(Verdict::Good);
    };
    let common = layer.common().map_err(Failure::input)?;
    let model = miner::Model::of(layer.model.as_deref(), layer.allow_remote_model)
        .map_err(|error| Failure::input(format_args!("--model {error}")))?;
    neuron_service::run(common, resolved, |common, hotkey, open, handles| {
        miner::run(common, model, hotkey, open, handles)
    })
}
