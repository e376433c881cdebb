//! `inktensor validate`: a validator as a process, see [`validator`](inktensor_neuron::validator).

use super::neuron_service::{self, Given};
use crate::error::{Failure, Verdict};
use inktensor_neuron::{config::ValidateLayer, validator};
use std::{io::Write, path::PathBuf};

/// Arguments of `validate`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "validate --netuid 1 --chain ws://127.0.0.1:9944 --suri-file hot.suri --listen 0.0.0.0:8092 \
     --host v0.example.org --store validator"
))]
pub struct Arguments {
    #[command(flatten)]
    given: ValidateLayer,
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
    let users = layer.users.unwrap_or(true);
    neuron_service::run(common, resolved, |common, hotkey, open, handles| {
        validator::run(common, users, hotkey, open, handles)
    })
}
